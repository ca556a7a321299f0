//! Values that are easily lost.

use std::fs::File;
use std::sync::Arc;

use arrow_array::cast::AsArray as _;
use arrow_array::types::{Float32Type, Float64Type};
use arrow_array::{ArrayRef, Float32Array, Float64Array, Int64Array, RecordBatch, StringArray};

use crate::*;

const FLOATS: [&str; 12] = [
    "nan",
    "inf",
    "-inf",
    "-0.0",
    "0.0",
    "5e-324",
    "1.7976931348623157e308",
    "0.1",
    "0.30000000000000004",
    "123456789.12345679",
    "-1e-7",
    "1.0",
];

/// One device with all of them, and one device for each: encodings are chosen by the values at hand.
fn odd_floats() -> String {
    let mut text = "time,site,x\n".to_owned();
    for (i, float) in FLOATS.iter().enumerate() {
        text.push_str(&format!("{i},all,{float}\n"));
    }
    for (i, float) in FLOATS.iter().enumerate() {
        for time in 0..3 {
            text.push_str(&format!("{time},only{i:02},{float}\n"));
        }
    }
    text
}

#[test]
fn odd_numbers_survive_text() {
    let text = odd_floats();
    let dir = with(&[("x.csv", &text)]);
    let dir = dir.path();
    ok(dir, &["x.csv", "-o", "x.ndjson"]);
    ok(dir, &["x.csv", "-o", "x.parquet"]);
    assert!(
        fs::read_to_string(dir.join("x.ndjson"))
            .unwrap()
            .contains("\"-Infinity\"")
    );
    for input in ["x.csv", "x.ndjson", "x.parquet"] {
        for compat in ["current", "broad"] {
            let args = [
                input, "-o", "x.tsfile", "--tags", "site", "--force", "--verify", "--compat",
                compat,
            ];
            ok(dir, &args);
            assert_eq!(csv(dir, "x.tsfile", &[]), text, "{input} {compat}");
            for back in ["ndjson", "parquet"] {
                let name = format!("back.{back}");
                ok(dir, &["x.tsfile", "-o", &name, "--force", "--time", "raw"]);
                assert_eq!(csv(dir, &name, &[]), text, "{input} {back}");
            }
            let ndjson = fs::read_to_string(dir.join("back.ndjson")).unwrap();
            assert_eq!(ndjson, fs::read_to_string(dir.join("x.ndjson")).unwrap());
        }
    }
}

/// Which NaN it is can be said in Arrow and Parquet.
#[test]
fn bits_survive_arrow() {
    let doubles = [
        0x7ff8_0000_0000_0001,
        0xfff8_0000_0000_0000,
        0x7ff4_dead_beef_0001,
        1,
        1 << 63,
        0x3ff8_0000_0000_0000,
    ];
    let floats = [
        0x7fc0_0001,
        0xffc0_0000,
        0x7fa1_2345,
        1,
        1 << 31,
        0x3fc0_0000,
    ];
    let rows = doubles.len();
    let times: Vec<i64> = (0..).take(rows).collect();
    let columns: [(&str, ArrayRef); 4] = [
        ("time", Arc::new(Int64Array::from(times))),
        (
            "device_name",
            Arc::new(StringArray::from(vec!["root.d"; rows])),
        ),
        (
            "d",
            Arc::new(Float64Array::from_iter_values(doubles.map(f64::from_bits))),
        ),
        (
            "f",
            Arc::new(Float32Array::from_iter_values(floats.map(f32::from_bits))),
        ),
    ];
    let batch = RecordBatch::try_from_iter(columns).unwrap();
    let dir = with(&[]);
    let dir = dir.path();
    let file = File::create(dir.join("x.arrow")).unwrap();
    let mut writer = arrow_ipc::writer::FileWriter::try_new(file, &batch.schema()).unwrap();
    writer.write(&batch).unwrap();
    writer.finish().unwrap();
    for aligned in ["true", "false"] {
        ok(
            dir,
            &[
                "x.arrow",
                "-o",
                "x.tsfile",
                "--force",
                "--verify",
                "--aligned",
                aligned,
            ],
        );
        ok(
            dir,
            &["x.tsfile", "-o", "y.parquet", "--force", "--form", "narrow"],
        );
        ok(dir, &["y.parquet", "-o", "y.tsfile", "--force", "--verify"]);
        ok(
            dir,
            &["y.tsfile", "-o", "y.arrow", "--force", "--form", "narrow"],
        );
        let reader =
            arrow_ipc::reader::FileReader::try_new(File::open(dir.join("y.arrow")).unwrap(), None);
        let back = reader.unwrap().next().unwrap().unwrap();
        let d = back
            .column_by_name("d")
            .unwrap()
            .as_primitive::<Float64Type>();
        let f = back
            .column_by_name("f")
            .unwrap()
            .as_primitive::<Float32Type>();
        assert!(d.values().iter().map(|v| v.to_bits()).eq(doubles), "{d:?}");
        assert!(f.values().iter().map(|v| v.to_bits()).eq(floats), "{f:?}");
    }
}

#[test]
fn types_that_are_given_are_written() {
    let text = "time,site,b,i,l,f,d,t,s,bl,da\n1,n,true,1,2,0.5,1.5,a,b,0x00ff,2024-01-31\n2,n,,,,,,,,,\n3,n,false,-1,-2,-0.0,nan,\"\",\"\",0x,0001-01-01\n";
    let types = "b=BOOLEAN,i=INT32,l=INT64,f=FLOAT,d=DOUBLE,t=TEXT,s=STRING,bl=BLOB,da=DATE";
    let dir = with(&[("x.csv", text)]);
    let dir = dir.path();
    ok(
        dir,
        &[
            "x.csv", "-o", "x.tsfile", "--tags", "site", "--types", types, "--verify",
        ],
    );
    let found: Vec<_> = schema(dir, "x.tsfile")
        .iter()
        .skip(1)
        .map(|l| {
            l.split(',')
                .skip(2)
                .take(3)
                .collect::<Vec<_>>()
                .join(" ")
                .replace(" FIELD ", "=")
        })
        .collect();
    assert_eq!(found.join(","), types);
    assert_eq!(csv(dir, "x.tsfile", &[]), text);
}

#[test]
fn times_are_dates_instants_and_numbers() {
    for (time, flags, expected, said) in [
        (
            "2024-01-31",
            &[][..],
            "1706659200000",
            "the times are dates; midnight in UTC was taken (--types time=TIMESTAMP --tz +02:00 for another zone)",
        ),
        (
            "2024-01-31",
            &["--types", "time=TIMESTAMP", "--tz", "UTC"],
            "1706659200000",
            "",
        ),
        (
            "2024-01-31",
            &["--types", "time=TIMESTAMP", "--tz", "+02:00"],
            "1706652000000",
            "",
        ),
        (
            "2024-01-31",
            &["--time-unit", "us"],
            "1706659200000000",
            "midnight in UTC",
        ),
        ("0001-01-01", &[], "-62135596800000", "midnight in UTC"),
        ("2024-01-31T00:00:00Z", &[], "1706659200000", ""),
        (
            "2024-01-31T00:00:00.000001Z",
            &[],
            "1706659200000001",
            "times are written in us, as the cells have them",
        ),
        ("-5", &[], "-5", ""),
    ] {
        let dir = with(&[("x.csv", &format!("time,site,x\n{time},a,1\n"))]);
        let dir = dir.path();
        let found = ok(
            dir,
            &[
                &["x.csv", "-o", "x.tsfile", "--tags", "site", "--verify"],
                flags,
            ]
            .concat(),
        );
        assert!(found.contains(said), "{found}");
        assert_eq!(
            csv(dir, "x.tsfile", &[]),
            format!("time,site,x\n{expected},a,1\n"),
            "{time} {flags:?}"
        );
    }
    let dir = with(&[("x.csv", "time,site,x\n2024-01-31,a,1\n")]);
    let dir = dir.path();
    let said = fails(
        dir,
        &[
            "x.csv", "-o", "x.tsfile", "--tags", "site", "--tz", "+02:00",
        ],
        1,
        "the times are dates, which have no zone",
    );
    assert_eq!(
        suggested(&said),
        ["tsfile-cli convert x.csv -o x.tsfile --tags site --types time=TIMESTAMP --tz +02:00"]
    );
    shell(dir, suggested(&said)[0]);
    let fine = "time,site,x\n2024-01-31T00:00:00.000001Z,a,1\n";
    fs::write(dir.join("x.csv"), fine).unwrap();
    let args = [
        "x.csv",
        "-o",
        "y.tsfile",
        "--tags",
        "site",
        "--time-unit",
        "ms",
    ];
    fails(dir, &args, 2, "x.csv: line 2, column time:");
}
