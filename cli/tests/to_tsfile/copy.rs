//! TsFiles into TsFiles, as they are.

use std::fs;

use tsfile::TsFileWriter;
use tsfile::WriteOptions;

use crate::dump::dump;
use crate::expected::{check_series, check_tables, count_cases, load, open, tsfiles};
use crate::hand_made::{DATE, TEXT, hand_made};
use crate::*;

/// Every sample, in both versions: the JSON beside it is what comes back, and types, alignment and schemas stay.
#[test]
fn every_sample_keeps_what_it_holds() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    let mut cases = 0;
    for writer in entries(&golden("")) {
        fs::create_dir(dir.join(&writer)).unwrap();
        for file in tsfiles(&golden(&writer)) {
            let json = load(&file.with_extension("json"));
            let name = file.file_name().unwrap().to_str().unwrap();
            let out = format!("{writer}/{name}");
            let input = file.to_str().unwrap();
            if name.ends_with("_object.tsfile") {
                let said = "OBJECT points to data outside the file: it can be read, not written (measurement o)";
                fails(dir, &[input, "-o", &out], 2, said);
                continue;
            }
            for version in ["4", "3"] {
                let args = [
                    input,
                    "-o",
                    &out,
                    "--verify",
                    "--force",
                    "--format-version",
                    version,
                ];
                let before = dump(&file);
                if version == "3" && !before.tables.is_empty() {
                    let said = "format version 3 has no tables";
                    fails(dir, &args, 1, said);
                    continue;
                }
                ok(dir, &args);
                let reader = open(&dir.join(&out));
                check_series(&reader, &json);
                check_tables(&reader, &json);
                assert_eq!(reader.format_version().code().to_string(), version);
                assert!(before == dump(&dir.join(&out)), "{out} version {version}");
                cases += 1;
            }
        }
    }
    count_cases(
        "samples copied by convert and compared with their JSON",
        cases,
    );
    assert!(cases > 200, "{cases}");
}

#[test]
fn properties_stay_and_those_of_the_writer_are_its_own() {
    let dir = with(&[]);
    let dir = dir.path();
    let batch = arrow_array::record_batch!(
        ("time", Int64, [1, 2]),
        ("device_name", Utf8, ["root.d1", "root.d1"]),
        ("x", Float64, [0.1, 1.0 / 3.0])
    )
    .unwrap();
    let options = WriteOptions::default()
        .with_property("owner", "plant 7")
        .with_property("empty", "")
        .with_property("bytes", vec![0xff, 0x00]);
    let mut writer = TsFileWriter::create(dir.join("a.tsfile"), batch.schema(), options).unwrap();
    writer.write(&batch).unwrap();
    writer.finish().unwrap();
    ok(dir, &["a.tsfile", "-o", "b.tsfile"]);
    ok(
        dir,
        &[
            "a.tsfile",
            "-o",
            "lossy.tsfile",
            "--lossy",
            "--encoding",
            "x=TS_2DIFF",
        ],
    );
    for (name, lossless) in [("b.tsfile", Some(&b"true"[..])), ("lossy.tsfile", None)] {
        let reader = open(&dir.join(name));
        let metadata = reader.metadata();
        assert_eq!(metadata.property("owner"), Some(&b"plant 7"[..]), "{name}");
        assert_eq!(metadata.property("empty"), Some(&b""[..]), "{name}");
        assert_eq!(metadata.property("bytes"), Some(&[0xff, 0][..]), "{name}");
        let own = metadata.property(tsfile::write::LOSSLESS_PROPERTY);
        assert_eq!(own, lossless, "{name}");
    }
}

#[test]
fn a_part_is_copied_by_device_table_measurement_and_time() {
    let dir = with(&[]);
    let dir = dir.path();
    fs::copy(
        golden("java-2.4.0/mixed_tree_table.tsfile"),
        dir.join("x.tsfile"),
    )
    .unwrap();
    let whole = dump(&dir.join("x.tsfile"));
    let (device, table) = (
        whole.devices.keys().next().unwrap().clone(),
        whole.tables.keys().next().unwrap().clone(),
    );
    let part = |args: &[&str]| {
        ok(
            dir,
            &[&["x.tsfile", "-o", "y.tsfile", "--force", "--verify"], args].concat(),
        );
        dump(&dir.join("y.tsfile"))
    };
    let only = part(&["-d", &device]);
    assert!(only.tables.is_empty() && only.devices.keys().eq([&device]));
    assert_eq!(only.devices[&device], whole.devices[&device]);
    let only = part(&["-t", &table]);
    assert!(only.devices.is_empty());
    assert_eq!(only.tables, whole.tables);
    let only = part(&["-t", &table, "-m", "f_double"]);
    let (columns, rows) = &only.tables[&table];
    assert_eq!(columns, &["tag1 STRING Tag", "f_double DOUBLE Field"]);
    assert_eq!(rows.len(), whole.tables[&table].1.len());
    let only = part(&["--start", "1", "--end", "1"]);
    assert_eq!(only.tables[&table].1.len(), 1);
    let times: Vec<_> = only.devices.values().flat_map(|d| &d.rows).collect();
    assert!(!times.is_empty() && times.iter().all(|(time, _)| time == "1"));
    // Alignment is what the flag says.
    let aligned = part(&["-d", &device, "--aligned", "true"]);
    assert!(!whole.devices[&device].aligned && aligned.devices[&device].aligned);
    assert_eq!(
        aligned.without_alignment().devices[&device].rows,
        whole.devices[&device].rows
    );
    for (args, said) in [
        (
            &["-d", "root.nothing"][..],
            "x.tsfile: there is no such device or table; found root.nothing",
        ),
        (
            &["-t", "nothing"],
            "there is no such device or table; found nothing",
        ),
        (
            &["-m", "nothing"],
            "there is no such measurement or field; found nothing",
        ),
        (
            &["--encoding", "nothing=PLAIN"],
            "no column is called nothing; there are f_double, f_int64, s1",
        ),
        (
            &["--compression", "nothing=LZ4"],
            "no column is called nothing",
        ),
        (
            &["--model", "table"],
            "a copy keeps the model of each device",
        ),
        (&["--format-version", "3"], "format version 3 has no tables"),
        (
            &["--encoding", "f_int64=CAMEL"],
            "CAMEL is no encoding for INT64 here",
        ),
    ] {
        fails(
            dir,
            &[&["x.tsfile", "-o", "z.tsfile"], args].concat(),
            1,
            said,
        );
        // What cannot be written cannot be planned.
        let args = [&["x.tsfile", "-o", "z.tsfile", "--dry-run"], args].concat();
        fails(dir, &args, 1, said);
    }
}

#[test]
fn a_copy_encodes_and_compresses_anew() {
    let dir = with(&[]);
    let dir = dir.path();
    let sample = golden("java-2.4.0/table_multi.tsfile");
    let sample = sample.to_str().unwrap();
    for (encoding, compression) in [("PLAIN", "ZSTD"), ("CHIMP", "SNAPPY")] {
        ok(
            dir,
            &[
                sample,
                "-o",
                "x.tsfile",
                "--force",
                "--compression",
                compression,
            ],
        );
        let all = schema(dir, "x.tsfile");
        assert!(all.iter().any(|l| l.ends_with(compression)), "{all:?}");
        let field = all
            .iter()
            .filter(|l| l.contains(",FIELD,INT64,"))
            .map(|l| l.split(',').nth(2).unwrap())
            .next()
            .unwrap();
        let column = format!("{field}={encoding}");
        ok(
            dir,
            &[sample, "-o", "x.tsfile", "--force", "--encoding", &column],
        );
        let all = schema(dir, "x.tsfile");
        let found = format!(",{field},FIELD,INT64,{encoding},");
        assert!(all.iter().any(|l| l.contains(&found)), "{all:?}");
        assert_eq!(dump(&dir.join("x.tsfile")), dump(Path::new(sample)));
    }
}

#[test]
fn several_files_become_one() {
    let dir = with(&[
        (
            "a.csv",
            "time,device_name,x\n1,root.d1,1.5\n2,root.d1,2.5\n",
        ),
        (
            "b.csv",
            "time,device_name,x,y\n3,root.d1,3.5,1\n1,root.d2,4.5,2\n",
        ),
        ("c.csv", "time,device_name,x\n1,root.d1,9.5\n"),
        ("d.csv", "time,device_name,x\n7,root.d1,text\n"),
    ]);
    let dir = dir.path();
    for name in ["a", "b", "c", "d"] {
        ok(
            dir,
            &[&format!("{name}.csv"), "-o", &format!("{name}.tsfile")],
        );
    }
    ok(
        dir,
        &["a.tsfile", "b.tsfile", "-o", "all.tsfile", "--verify"],
    );
    assert_eq!(
        csv(dir, "all.tsfile", &["--form", "narrow"]),
        "time,device_name,x,y\n1,root.d1,1.5,\n2,root.d1,2.5,\n3,root.d1,3.5,1\n1,root.d2,4.5,2\n"
    );
    fails(
        dir,
        &["a.tsfile", "c.tsfile", "-o", "x.tsfile"],
        2,
        "has a row with this time already",
    );
    fails(
        dir,
        &["a.tsfile", "d.tsfile", "-o", "x.tsfile"],
        2,
        "two types",
    );
    ok(
        dir,
        &[
            "a.tsfile",
            "c.tsfile",
            "-o",
            "x.tsfile",
            "--duplicates",
            "last",
        ],
    );
    assert!(csv(dir, "x.tsfile", &["--form", "narrow"]).contains("1,root.d1,9.5\n"));
}

/// Dates that do not exist and text that is no text cannot be shown, but kept.
#[test]
fn bytes_of_dates_and_text_stay_as_they_are() {
    let dir = with(&[]);
    let dir = dir.path();
    // The number 7, and two bytes of which one is no UTF-8.
    for (series, value) in [
        (("s", DATE, &[0x0e][..]), "7"),
        (("s", TEXT, &[0x04, 0xff, b'x']), "ff78"),
    ] {
        fs::write(dir.join("x.tsfile"), hand_made(&[series])).unwrap();
        let recover = ["--recover", "--force"];
        let shown = ["x.tsfile", "-o", "x.csv", "--form", "narrow", "--recover"];
        fails(dir, &shown, 2, "x.tsfile");
        let args = ["x.tsfile", "-o", "y.tsfile", "--verify"];
        ok(dir, &[&args[..], &recover].concat());
        let found = dump(&dir.join("y.tsfile"))
            .devices
            .remove("root.d")
            .unwrap();
        let values = [("s".to_owned(), value.to_owned())].into();
        assert_eq!(found.rows, [("7".to_owned(), values)]);
    }
}
