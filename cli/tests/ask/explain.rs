//! `explain`: what it prints, compared with the files in `expected`; `UPDATE_EXPECTED=1` writes those anew.

use std::fs;
use std::path::Path;

use serde_json::Value;

use crate::tool::{expect, fails, ok};
use crate::{DAY, MULTI, TABLE, plant};

/// The first worked example of the design.
fn worked_example() -> String {
    let (first, last) = DAY;
    format!("time > {first} and time < {last} and device_name = 'root.group1.d1'")
}

/// As [`expect`], for output with a time taken and the folder of a file in it, which are left out.
fn expect_like(name: &str, args: &[&str], folder: &Path) {
    let out = ok(args);
    let folder = format!("{}/", folder.display());
    let lines = out.lines().filter(|line| !line.starts_with("  time taken"));
    let shown: String = lines.map(|line| line.replace(&folder, "") + "\n").collect();
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/expected")
        .join(name);
    if std::env::var_os("UPDATE_EXPECTED").is_some() {
        fs::write(&path, &shown).unwrap();
    }
    assert_eq!(
        shown,
        fs::read_to_string(&path).unwrap_or_default(),
        "{args:?}"
    );
}

#[test]
fn golden_files() {
    for (name, args) in [
        (
            "tree",
            &[
                "--form",
                "narrow",
                "-d",
                "root.multi.d1",
                "-d",
                "root.multi.d2",
                "-m",
                "s0",
                "--where",
                "s1 > 20 and time < 100000 or device_name = 'root.multi.d2'",
                MULTI,
            ][..],
        ),
        (
            "wide",
            &[
                "-d",
                "root.multi.d1",
                "--where",
                "\"root.multi.d1.s1\" > 20",
                "--start",
                "3",
                "--rows",
                "projected",
                MULTI,
            ],
        ),
        ("all", &["--form", "narrow", "-d", "root.multi.al", MULTI]),
        (
            "table",
            &[
                "-t",
                "T1",
                "-m",
                "f",
                "--where",
                "tag1 like 'a%' and (i32 > 5 or i64 is null)",
                TABLE,
            ],
        ),
        ("nothing", &["--where", "tag1 = 'nobody'", TABLE]),
    ] {
        expect(
            &format!("explain-{name}.txt"),
            &[&["explain"], args].concat(),
        );
    }
    expect(
        "explain-table.json",
        &[
            "explain",
            TABLE,
            "--json",
            "-m",
            "f",
            "--where",
            "tag1 like 'a%' and (i32 > 5 or i64 is null)",
        ],
    );
}

#[test]
fn the_first_worked_example() {
    let folder = tempfile::tempdir().unwrap();
    let file = plant(folder.path());
    let sql = worked_example();
    let args = [
        "explain",
        &file,
        "--form",
        "narrow",
        "-m",
        "s1",
        "--where",
        &sql,
        "--threads",
        "1",
        "--analyze",
    ];
    expect_like("explain-worked-example.txt", &args, folder.path());

    // What came out is what cat gives, and what was read adds up.
    let found: Value = serde_json::from_str(&ok(&[&args[..], &["--json"]].concat())).unwrap();
    assert_eq!(found["schema_version"], 1);
    let branch = &found["filter"]["branches"][0];
    assert_eq!(branch["names"], serde_json::json!(["root.group1.d1"]));
    assert_eq!(branch["residual"], Value::Null);
    let cat = ok(&[
        "cat",
        &file,
        "-d",
        "root.group1.d1",
        "-m",
        "s1",
        "-f",
        "csv",
        "--where",
        &sql,
    ]);
    let number = |value: &Value| value.as_u64().unwrap();
    let run = &found["analyzed"];
    assert_eq!(number(&run["rows_out"]), cat.lines().count() as u64 - 1);
    assert!(number(&run["pages_decoded"]) > 0 && number(&run["pages_skipped"]) > 0);
    assert!(number(&run["planning_read_requests"]) <= 3, "{run}");
    assert!(number(&run["read_requests"]) > number(&run["planning_read_requests"]));
    assert!(number(&run["read_bytes"]) > number(&run["planning_read_bytes"]));
    for (level, considered, read) in [("files", 1, 1), ("devices", 3, 1), ("chunks", 12, 2)] {
        let of = &found["pruning"][level];
        assert_eq!(
            (number(&of["considered"]), number(&of["read"])),
            (considered, read),
            "{level}"
        );
    }
}

#[test]
fn siblings_are_explained_where_a_device_is_not_aligned() {
    let folder = tempfile::tempdir().unwrap();
    let file = plant(folder.path());
    let apart = folder.path().join("apart.tsfile");
    let apart = apart.to_str().unwrap();
    let output = crate::tool::run(&["convert", &file, "-o", apart, "--aligned", "false"]);
    assert!(output.status.success(), "{}", crate::tool::stderr(&output));
    let sql = worked_example();
    let args = [
        "explain", apart, "--form", "narrow", "-m", "s1", "--where", &sql,
    ];
    expect_like("explain-siblings.txt", &args, folder.path());
    let projected = ok(&[&args[..], &["--rows", "projected"]].concat());
    assert!(!projected.contains("siblings"), "{projected}");
}

#[test]
fn what_cannot_be_explained() {
    for (args, code, told) in [
        (&["explain", "no-such.tsfile"][..], 2, "no-such.tsfile"),
        (
            &["explain", "../bad/chunk_offset_outside.tsfile", "--analyze"],
            2,
            "chunk_offset_outside.tsfile",
        ),
        (
            &["explain", TABLE, "-t", "nope"],
            1,
            "there is no table \"nope\"",
        ),
        (
            &["explain", MULTI, "-d", "root.nope"],
            1,
            "there is no device \"root.nope\"",
        ),
        (
            &["explain", MULTI, "--form", "narrow", "-m", "nope"],
            1,
            "there is no measurement \"nope\"",
        ),
        (&["explain", MULTI, "--form", "table"], 1, "table"),
        (
            &["explain", TABLE, "--start", "5", "--end", "4"],
            1,
            "--start 5 lies behind --end 4",
        ),
        (
            &["explain", "cpp-2.5.0/table_two_tables.tsfile"],
            1,
            "-t TABLE",
        ),
        (&["explain"], 1, "FILE"),
    ] {
        let said = fails(args, code);
        assert!(said.contains(told), "{args:?}: {said}");
    }
}
