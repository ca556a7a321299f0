//! `--where`, `--threads` and `explain`, run as a person would.
//!
//! What a condition keeps is compared with what the test picks out of all rows.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

#[path = "../contents/mod.rs"]
#[expect(dead_code, reason = "shared with tests that need more of it")]
mod contents;
mod counts;
#[expect(
    dead_code,
    reason = "shared with the tests of the library, which need more of it"
)]
#[path = "../../../tsfile/tests/it/expected.rs"]
mod expected;
mod explain;
mod threads;
#[path = "../tool/mod.rs"]
mod tool;

use std::path::Path;

use tool::{fails, ok};

const TABLE: &str = "cpp-2.5.0/table_nulls_multipage.tsfile";
const TYPES: &str = "java-2.4.0/types_tree.tsfile";
const MULTI: &str = "java-2.4.0/multi.tsfile";
const TWO_TABLES: &str = "cpp-2.5.0/table_two_tables.tsfile";
const MIXED_TYPES: &str = "cpp-2.5.0/tree_multi_page_chunk.tsfile";

/// 2020-05-08 16:00 and 24 hours later, in milliseconds.
const DAY: (i64, i64) = (1_588_953_600_000, 1_589_040_000_000);

/// Rows of CSV whose cells hold no commas, with their header.
type Cells = (Vec<String>, Vec<Vec<String>>);

fn cells(csv: &str) -> Cells {
    let mut lines = csv
        .lines()
        .map(|line| line.split(',').map(str::to_owned).collect());
    (lines.next().unwrap(), lines.collect())
}

/// The rows of `all` that `keep` accepts, of these columns only.
fn picked(all: &Cells, columns: &[&str], keep: impl Fn(&dyn Fn(&str) -> String) -> bool) -> Cells {
    let (names, rows) = all;
    let place = |name: &str| names.iter().position(|n| n == name).unwrap();
    let kept = rows
        .iter()
        .filter(|row| keep(&|name| row[place(name)].clone()));
    let only = |row: &Vec<String>| columns.iter().map(|c| row[place(c)].clone()).collect();
    (
        columns.iter().map(|c| (*c).to_owned()).collect(),
        kept.map(only).collect(),
    )
}

fn number(cell: &str) -> f64 {
    cell.parse().unwrap_or(f64::NAN)
}

/// Three days, every ten seconds, of three devices with three measurements that are null at different times; a TsFile made of CSV.
fn plant(folder: &Path) -> String {
    let mut csv = "time,device_name,s1,s2,s3\n".to_owned();
    for device in ["root.group1.d1", "root.group1.d2", "root.group2.d1"] {
        for step in 0..3 * 24 * 360 {
            let time = DAY.0 - 24 * 60 * 60_000 + step * 10_000;
            let value = |k: i64| match step % (k + 2) == k {
                true => String::new(),
                false => (step * (k + 1) % 997).to_string(),
            };
            let (s1, s2, s3) = (value(0), value(1), value(2));
            csv.push_str(&format!("{time},{device},{s1},{s2},{s3}\n"));
        }
    }
    made(folder, "plant", &csv, &[])
}

/// A TsFile of CSV.
fn made(folder: &Path, name: &str, csv: &str, flags: &[&str]) -> String {
    let path = |extension| {
        let path = folder.join(format!("{name}.{extension}"));
        path.to_str().unwrap().to_owned()
    };
    std::fs::write(path("csv"), csv).unwrap();
    let (input, output) = (path("csv"), path("tsfile"));
    let output_of = tool::run(&[&["convert", &input, "-o", &output], flags].concat());
    assert!(output_of.status.success(), "{}", tool::stderr(&output_of));
    output
}

#[test]
fn cat_gives_the_rows_that_pass_with_the_columns_of_m() {
    let all = cells(&ok(&["cat", TABLE, "-f", "csv"]));
    let shown = ["time", "tag1", "tag2", "f"];
    let kept = picked(&all, &shown, |cell| {
        number(&cell("i32")) > 5.0 && cell("tag1") == "a"
    });
    assert!(!kept.1.is_empty() && kept.1.len() < all.1.len());
    for sql in [
        "i32 > 5 and tag1 = 'a'",
        "I32 > 5 AND TAG1 = 'a'",
        "not (i32 <= 5) and 'a' = tag1",
    ] {
        let out = ok(&["cat", TABLE, "-f", "csv", "-m", "f", "--where", sql]);
        assert_eq!(cells(&out), kept, "{sql}");
    }
    // All that is said holds together.
    let some = picked(&all, &shown, |cell| {
        number(&cell("i32")) > 5.0 && cell("tag2") == "z" && number(&cell("time")) <= 50.0
    });
    let args = ["cat", TABLE, "-f", "csv", "-m", "f", "--where", "i32 > 5"];
    let more = ["--end", "50", "--tag-filter", "tag2", "eq", "z"];
    assert_eq!(cells(&ok(&[&args[..], &more].concat())), some);
    assert!(!some.1.is_empty());
}

#[test]
fn conditions_name_devices_and_head_gives_the_first_rows() {
    let device = "root.multi.d1";
    let all = cells(&ok(&["cat", MULTI, "-d", device, "-f", "csv"]));
    let mut kept = picked(&all, &["time", "s1"], |cell| {
        number(&cell("s0")) > 1.7e12 && number(&cell("time")) < 1e5 || cell("s0") == r"\N"
    });
    // Without --rows a device that is not aligned has rows where a shown column has a point.
    kept.1.retain(|row| row[1] != r"\N");
    let sql =
        "device_name = 'root.multi.d1' and (s0 > 1700000000000 and time < 100000 or s0 is null)";
    let args = ["-d", device, "-f", "csv", "-m", "s1", "--where", sql];
    let of = |command: &str| cells(&ok(&[&[command, MULTI][..], &args].concat()));
    assert_eq!(of("cat"), kept);
    assert!(kept.1.len() > 10);
    kept.1.truncate(10);
    assert_eq!(of("head"), kept);
}

#[test]
fn a_column_that_one_of_the_files_lacks_is_null_there() {
    let folder = tempfile::tempdir().unwrap();
    let one = made(
        folder.path(),
        "one",
        "time,s1,s2\n1,1,5\n2,2,6\n",
        &["-d", "root.a.d"],
    );
    let two = made(
        folder.path(),
        "two",
        "time,s1\n3,1\n4,2\n",
        &["-d", "root.a.d"],
    );
    let rows = |sql: &str| {
        let out = ok(&["cat", &one, &two, "-f", "csv", "-m", "s1", "--where", sql]);
        let rows: Vec<String> = cells(&out)
            .1
            .into_iter()
            .map(|row| row[1].clone())
            .collect();
        rows.join(" ")
    };
    assert_eq!(rows("s2 > 5"), "2");
    assert_eq!(rows("s2 is null"), "3 4");
    assert_eq!(rows("s2 is distinct from 6 and s1 = 1"), "1 3");
    let said = fails(&["cat", &one, &two, "--where", "s3 = 1"], 1);
    assert!(
        said.contains("there is no measurement \"s3\"; there are: s1, s2"),
        "{said}"
    );
}

#[test]
fn what_is_no_condition_is_shown_with_the_place() {
    let place = "tsfile-cli: error: --where: line 1, column 4: expected a comparison, found !\n  s1 ! 5\n     ^\npossible are comparisons";
    for command in ["cat", "head", "count", "explain"] {
        let said = fails(
            &[command, MULTI, "-d", "root.multi.d1", "--where", "s1 ! 5"],
            1,
        );
        assert!(said.starts_with(place), "{said}");
    }
    let said = fails(
        &[
            "convert", MULTI, "-o", "-", "--to", "csv", "--where", "s1 ! 5",
        ],
        1,
    );
    assert!(said.starts_with(place), "{said}");
    for (args, told) in [
        (
            &["cat", TABLE, "--where", "nope = 3"][..],
            "there is no column \"nope\"; there are: tag1, tag2",
        ),
        (
            &["head", TABLE, "--where", "i32 like 'x%'"],
            "LIKE is for text, which the column 'i32' is not",
        ),
        (&["count", TABLE, "--where", "i32 = 'x'"], "i32"),
        (&["count", TWO_TABLES, "--where", "nope = 3"], "\"nope\""),
        (&["cat", TABLE, "--tz", "+02:00"], "--where"),
        (
            &["convert", TABLE, "-o", "-", "--to", "csv", "--threads", "0"],
            "--threads",
        ),
    ] {
        let said = fails(args, 1);
        assert!(said.contains(told), "{args:?}: {said}");
    }
    let folder = tempfile::tempdir().unwrap();
    let csv = folder.path().join("a.csv");
    std::fs::write(&csv, "time,a\n1,1\n").unwrap();
    let csv = csv.to_str().unwrap();
    let said = fails(
        &["convert", csv, "-o", "-", "--to", "tsv", "--where", "a = 1"],
        1,
    );
    assert!(
        said.contains("--where is for TsFiles; leave it out"),
        "{said}"
    );
}

#[test]
fn instants_have_the_unit_and_the_zone_of_the_command() {
    let folder = tempfile::tempdir().unwrap();
    // 2024-01-31 12:00 and 14:00 UTC, in microseconds.
    let csv = "time,a\n1706702400000000,1\n1706709600000000,2\n";
    let file = made(folder.path(), "us", csv, &["-d", "root.d"]);
    for (flags, expected) in [
        (
            &["--where", "time >= TIMESTAMP '2024-01-31T14:00:00'"][..],
            "2",
        ),
        (
            &[
                "--where",
                "time >= TIMESTAMP '2024-01-31T14:00:00'",
                "--tz",
                "+02:00",
            ],
            "1 2",
        ),
        (
            &["--where", "time >= '2024-01-31T14:00:00'", "--tz", "+02:00"],
            "1 2",
        ),
        (
            &["--where", "time < '2024-01-31T14:00:00Z'", "--tz", "+02:00"],
            "1",
        ),
    ] {
        let unit = [&["--time-unit", "us"], flags].concat();
        let cat = ok(&[&["cat", &file, "-f", "csv"], &unit[..]].concat());
        let convert = [&["convert", &file, "-o", "-", "--to", "csv"], &unit[..]].concat();
        let convert = String::from_utf8(tool::run(&convert).stdout).unwrap();
        for out in [cat, convert] {
            let rows: Vec<String> = cells(&out)
                .1
                .into_iter()
                .map(|row| row[1].clone())
                .collect();
            assert_eq!(rows.join(" "), expected, "{flags:?}");
        }
    }
}

#[test]
fn convert_writes_the_rows_that_pass_in_every_format() {
    let folder = tempfile::tempdir().unwrap();
    let file = plant(folder.path());
    let sql = "device_name like 'root.group1.%' and s2 > 900 and time < 1589000000000";
    let all = cells(
        &String::from_utf8(
            tool::run(&[
                "convert", &file, "-o", "-", "--to", "csv", "--form", "narrow",
            ])
            .stdout,
        )
        .unwrap(),
    );
    let kept = picked(&all, &["time", "device_name", "s1", "s3"], |cell| {
        cell("device_name").starts_with("root.group1.")
            && number(&cell("s2")) > 900.0
            && number(&cell("time")) < 1_589_000_000_000.0
    });
    assert!(kept.1.len() > 100 && kept.1.len() < all.1.len() / 4);
    let back = |file: &str| {
        let args = [
            "convert",
            file,
            "-o",
            "-",
            "--to",
            "csv",
            "--time",
            "raw",
            "--form",
            "narrow",
            "--time-unit",
            "ms",
        ];
        cells(&String::from_utf8(tool::run(&args).stdout).unwrap())
    };
    for extension in ["csv", "ndjson", "parquet", "arrow", "tsfile"] {
        let path = folder.path().join(format!("out.{extension}"));
        let path = path.to_str().unwrap();
        let mut args = vec![
            "convert", &file, "-o", path, "-m", "s1", "-m", "s3", "--where", sql,
        ];
        // Into a TsFile go the rows of devices, whatever the default form is.
        if extension != "tsfile" {
            args.extend(["--form", "narrow"]);
        }
        let output = tool::run(&args);
        assert!(output.status.success(), "{}", tool::stderr(&output));
        let found = back(path);
        assert_eq!(found.1.len(), kept.1.len(), "{extension}");
        assert_eq!(found, kept, "{extension}");
    }
    // The form wide has no column of devices; the command that has one works.
    let said = fails(
        &["convert", &file, "-o", "-", "--to", "csv", "--where", sql],
        1,
    );
    assert!(said.contains("--form narrow"), "{said}");
}

#[test]
fn files_that_are_merged_have_one_row_for_each_device_and_time() {
    let folder = tempfile::tempdir().unwrap();
    let one = "time,device_name,s1,s2\n1,root.d,1,5\n2,root.d,2,6\n9,root.e,9,9\n";
    let one = made(folder.path(), "one", one, &[]);
    let two = "time,device_name,s1,s2\n2,root.d,20,\n3,root.d,3,7\n";
    let two = made(folder.path(), "two", two, &[]);
    let merged = "time,s1,s2\n1,1,5\n2,20,6\n3,3,7\n";
    let cat = ["cat", &one, &two, "-d", "root.d", "-f", "csv"];
    let of = |more: &[&str]| ok(&[&cat, more].concat());
    assert_eq!(of(&["--dedup", "last"]), merged);
    assert_eq!(of(&["--dedup", "last", "--threads", "4"]), merged);
    // What a later file overwrites is not there to be asked for.
    assert_eq!(
        of(&["--dedup", "last", "--where", "s1 = 2"]),
        "time,s1,s2\n"
    );
    assert_eq!(
        of(&["--dedup", "last", "--where", "s2 = 6"]),
        "time,s1,s2\n2,20,6\n"
    );
    assert_eq!(of(&["--dedup", "none"]), of(&[]));
    assert_eq!(of(&[]).lines().count(), 5);
    let narrow =
        "time,device_name,s1,s2\n1,root.d,1,5\n2,root.d,20,6\n3,root.d,3,7\n9,root.e,9,9\n";
    for extension in ["csv", "tsfile"] {
        let path = folder.path().join(format!("merged.{extension}"));
        let path = path.to_str().unwrap();
        let mut args = vec!["convert", &one, &two, "-o", path, "--dedup", "last"];
        if extension == "csv" {
            args.extend(["--form", "narrow"]);
        }
        let output = tool::run(&args);
        assert!(output.status.success(), "{}", tool::stderr(&output));
        let back = tool::run(&[
            "convert", path, "-o", "-", "--to", "csv", "--form", "narrow",
        ]);
        assert_eq!(
            String::from_utf8(back.stdout).unwrap(),
            narrow,
            "{extension}"
        );
    }
    let said = fails(
        &[
            "cat",
            &two,
            MULTI,
            "-d",
            "root.multi.d1",
            "--dedup",
            "first",
        ],
        1,
    );
    assert!(said.contains("--dedup"), "{said}");
}
