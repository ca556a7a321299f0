//! Inputs that cannot be a TsFile.

use std::sync::Arc;

use arrow_array::{
    ArrayRef, Date32Array, Decimal128Array, Int64Array, RecordBatch, StringArray, UInt64Array,
};
use parquet::arrow::ArrowWriter;

use crate::*;

fn parquet(dir: &Path, name: &str, columns: Vec<(&str, ArrayRef)>) {
    let batch =
        RecordBatch::try_from_iter_with_nullable(columns.into_iter().map(|(n, a)| (n, a, true)))
            .unwrap();
    let file = fs::File::create(dir.join(name)).unwrap();
    let mut writer = ArrowWriter::try_new(file, batch.schema(), None).unwrap();
    writer.write(&batch).unwrap();
    writer.close().unwrap();
}

#[test]
fn inputs_that_are_broken() {
    let sample = fs::read(golden("java-2.4.0/multi.tsfile")).unwrap();
    let dir = with(&[
        ("bytes.csv", "time,site\n1,\u{1}\n2\n"),
        ("bytes.parquet", "PAR1 and nothing else"),
        ("bytes.tsfile", "TsFile and nothing else"),
        ("what.bin", "?"),
        ("empty.csv", ""),
        ("good.tsfile", ""),
        ("good.csv", TABLE),
    ]);
    let dir = dir.path();
    fs::write(dir.join("cut.tsfile"), &sample[..sample.len() / 2]).unwrap();
    let mut turned = sample.clone();
    for byte in &mut turned[20..60] {
        *byte = !*byte;
    }
    fs::write(dir.join("turned.tsfile"), turned).unwrap();
    for input in [
        "bytes.csv",
        "bytes.parquet",
        "bytes.tsfile",
        "cut.tsfile",
        "turned.tsfile",
        "what.bin",
        "empty.csv",
        "missing.csv",
        "good.tsfile",
    ] {
        let args = [input, "-o", "out.tsfile"];
        let tags = ["--tags", "site"];
        let args = if input.ends_with(".tsfile") {
            args.to_vec()
        } else {
            [&args[..], &tags].concat()
        };
        fails(dir, &args, 2, &format!("tsfile-cli: error: {input}: "));
    }
    fails(
        dir,
        &[
            "good.csv",
            "bytes.tsfile",
            "-o",
            "out.tsfile",
            "--tags",
            "site",
        ],
        1,
        "cannot be read together",
    );
}

#[test]
fn cells_that_have_no_place() {
    for (text, args, code, said) in [
        (
            "time,site,x\n1,a,1\n,a,2\n",
            &["--tags", "site"][..],
            2,
            "x.csv: row 2: the time is null (measurement time)",
        ),
        (
            "time,device_name,x\n1,,2\n",
            &[],
            2,
            "x.csv: row 1: the device is null",
        ),
        (
            "time,device_name,x\n1,plant,2\n",
            &[],
            1,
            "a device of the tree model is a path below root; expected such as root.plant.d1, found \"plant\"",
        ),
        (
            "time,site,x,X\n1,a,1,2\n",
            &["--tags", "site"],
            1,
            "two columns of a table differ only by case",
        ),
        (
            "time,site,x,x\n1,a,1,2\n",
            &["--tags", "site"],
            1,
            "two columns have the same name",
        ),
        (
            "time,site,x\nnoon,a,1\n",
            &["--tags", "site"],
            1,
            "the time column must be an integer, a timestamp or a date (measurement time); found Utf8",
        ),
        (
            "time,site,x\n1.5,a,1\n",
            &["--tags", "site"],
            1,
            "found Float64",
        ),
        (
            "time,site,\n1,a,1\n",
            &["--tags", "site"],
            1,
            "a column has an empty name",
        ),
        (
            "time,site,x\n1,a,1\n",
            &["--tags", "site", "--types", "x=DATE"],
            2,
            "line 2, column x: \"1\" is no DATE",
        ),
    ] {
        let dir = with(&[("x.csv", text)]);
        fails(
            dir.path(),
            &[&["x.csv", "-o", "x.tsfile"], args].concat(),
            code,
            said,
        );
        // A line that is bad can be passed over where the line itself is.
    }
}

#[test]
fn lines_that_are_bad_can_be_passed_over() {
    let dir = with(&[("x.csv", "time,site,x\n1,a,1\n2,a\n3,a,word\n4,a,4\n")]);
    let dir = dir.path();
    let args = [
        "x.csv", "-o", "x.tsfile", "--tags", "site", "--types", "x=INT64",
    ];
    fails(dir, &args, 2, "x.csv: line 3: expected 3 fields, found 2");
    let skip = ["--on-error", "skip", "--rejects", "bad.csv", "--verify"];
    let said = ok(dir, &[&args[..], &skip].concat());
    assert!(said.contains("2 lines skipped (see bad.csv)"), "{said}");
    assert_eq!(csv(dir, "x.tsfile", &[]), "time,site,x\n1,a,1\n4,a,4\n");
}

#[test]
fn columns_that_arrow_has_and_a_tsfile_has_not() {
    let dir = with(&[]);
    let dir = dir.path();
    let time =
        |n: i64| -> (&str, ArrayRef) { ("time", Arc::new(Int64Array::from_iter_values(0..n))) };
    let site = || -> (&str, ArrayRef) { ("site", Arc::new(StringArray::from(vec!["a", "b"]))) };
    let decimals = Decimal128Array::from(vec![150, -25])
        .with_precision_and_scale(10, 2)
        .unwrap();
    parquet(
        dir,
        "x.parquet",
        vec![time(2), site(), ("price", Arc::new(decimals))],
    );
    let args = ["x.parquet", "-o", "x.tsfile", "--tags", "site"];
    let said = fails(dir, &args, 2, "x.parquet: ");
    assert!(
        said.contains("price") && said.contains("Decimal128(10, 2)") && said.contains("--lossy"),
        "{said}"
    );
    ok(dir, &[&args[..], &["--lossy"]].concat());
    assert_eq!(
        csv(dir, "x.tsfile", &[]),
        "time,site,price\n0,a,1.5\n1,b,-0.25\n"
    );

    let list =
        arrow_array::ListArray::from_iter_primitive::<arrow_array::types::Int32Type, _, _>([
            Some([Some(1)]),
            None,
        ]);
    parquet(
        dir,
        "x.parquet",
        vec![time(2), site(), ("list", Arc::new(list))],
    );
    let said = fails(dir, &[&args[..], &["--force"]].concat(), 2, "x.parquet: ");
    assert!(said.contains("list") && !said.contains("--lossy"), "{said}");

    let large = UInt64Array::from(vec![1, u64::MAX]);
    parquet(
        dir,
        "x.parquet",
        vec![time(2), site(), ("large", Arc::new(large))],
    );
    fails(
        dir,
        &[&args[..], &["--force"]].concat(),
        2,
        "x.parquet: row 2: the value is larger than INT64 holds (measurement large); found 18446744073709551615",
    );

    // A date is midnight wherever it comes from.
    let dates: ArrayRef = Arc::new(Date32Array::from(vec![0, -1]));
    parquet(dir, "x.parquet", vec![("time", dates), site()]);
    ok(dir, &[&args[..], &["--force", "--verify"]].concat());
    assert_eq!(csv(dir, "x.tsfile", &[]), "time,site\n0,a\n-86400000,b\n");
    let nulls: ArrayRef = Arc::new(Int64Array::from(vec![Some(1), None]));
    parquet(dir, "x.parquet", vec![("time", nulls), site()]);
    fails(
        dir,
        &[&args[..], &["--force"]].concat(),
        2,
        "x.parquet: row 2: the time is null (measurement time)",
    );
    // The file that was there is there still.
    assert_eq!(csv(dir, "x.tsfile", &[]), "time,site\n0,a\n-86400000,b\n");
}
