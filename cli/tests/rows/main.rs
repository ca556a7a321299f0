//! `head` and `cat`, run as a person would.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that meets the unexpected fails"
)]

#[path = "../contents/mod.rs"]
mod contents;
mod errors;
mod every_sample;
#[expect(
    dead_code,
    reason = "shared with the tests of the library, which need more of it"
)]
#[path = "../../../tsfile/tests/it/expected.rs"]
mod expected;
#[path = "../hand_made/mod.rs"]
mod hand_made;
#[path = "../tool/mod.rs"]
mod tool;

use std::fs;
use std::process::Stdio;

use contents::golden;
use expected::Cell;
use hand_made::{DATE, TEXT, hand_made};
use tool::{expect, fails, ok, stderr};

const TABLE: &str = "cpp-2.5.0/table_all_types.tsfile";
const NULLS: &str = "cpp-2.5.0/table_nulls_multipage.tsfile";
const TWO_TABLES: &str = "cpp-2.5.0/table_two_tables.tsfile";
const MINIMAL: &str = "cpp-2.5.0/tree_minimal.tsfile";
const TYPES: &str = "java-2.4.0/types_tree.tsfile";
const MULTI: &str = "cpp-2.5.0/tree_multi_page_chunk.tsfile";

#[test]
fn every_format() {
    for (name, args) in [
        ("table", &["head", TABLE][..]),
        (
            "nulls",
            &["cat", NULLS, "-m", "i32", "-m", "str", "--end", "12"],
        ),
        ("types", &["cat", TYPES, "-d", "root.types.aligned"]),
        (
            "specials",
            &["cat", "cpp-2.5.0/tree_all_types_plain.tsfile"],
        ),
        (
            "several",
            &["head", MINIMAL, "java-2.4.0/time_plain.tsfile", "-n", "4"],
        ),
        (
            "v3",
            &[
                "head",
                "java-1.1.3/types_tree.tsfile",
                "-d",
                "root.types.plain",
            ],
        ),
    ] {
        expect(&format!("rows-{name}.txt"), args);
        expect(
            &format!("rows-{name}.csv"),
            &[args, &["-f", "csv"]].concat(),
        );
        expect(
            &format!("rows-{name}.ndjson"),
            &[args, &["-f", "ndjson"]].concat(),
        );
    }
}

#[test]
fn offset_and_limit_are_a_window_of_all_rows() {
    for args in [
        &["cat", MULTI, "-d", "root.sg.d1"][..],
        &["cat", NULLS],
        &[
            "cat",
            TYPES,
            "-d",
            "root.types.sparse",
            "-m",
            "c_date",
            "-m",
            "c_timestamp",
            "--start",
            "-3",
        ],
    ] {
        let args = [args, &["-f", "csv"]].concat();
        let all = ok(&args);
        let (header, rows) = all.split_once('\n').unwrap();
        let rows: Vec<&str> = rows.split_inclusive('\n').collect();
        let count = rows.len();
        for (offset, limit) in [
            (0, 3),
            (5, 7),
            (count - 1, 5),
            (count, 5),
            (3, count),
            (0, 0),
        ] {
            let window = [format!("--offset={offset}"), format!("-n{limit}")];
            let told = ok(&[&args[..], &[&window[0], &window[1]]].concat());
            let expected: String = rows.iter().skip(offset).take(limit).copied().collect();
            assert_eq!(told, format!("{header}\n{expected}"), "{args:?} {window:?}");
        }
        let behind = format!("--offset={}", count + 1);
        let said = fails(&[&args[..], &[&behind]].concat(), 1);
        assert!(
            said.contains(&format!("lies behind the last of {count} rows")),
            "{said}"
        );
    }
    // head is cat that ends, after ten rows unless told otherwise.
    let head = ok(&["head", NULLS, "-f", "csv"]);
    assert_eq!(head, ok(&["cat", NULLS, "-n", "10", "-f", "csv"]));
    assert_eq!(head.lines().count(), 11);
    assert_eq!(
        ok(&["head", NULLS, "-n", "25", "-f", "ndjson"])
            .lines()
            .count(),
        25
    );
}

#[test]
fn columns_and_rows_are_those_of_the_contract() {
    // Tags are always there, fields in the order asked for; names in whatever case.
    let head = ok(&[
        "head", TABLE, "-m", "F", "-m", "b", "-m", "f", "-n", "1", "-f", "csv",
    ]);
    assert_eq!(head, "time,tag1,tag2,f,b\n0,a,x,0.0,true\n");
    // Of a non-aligned device rows in which a shown column has a point, unless all are asked for.
    let rows = |flags: &[&str]| {
        let args = [
            &["cat", MULTI, "-d", "root.sg.d1", "-m", "s2", "-f", "ndjson"],
            flags,
        ]
        .concat();
        ok(&args).lines().count()
    };
    assert_eq!(
        (
            rows(&[]),
            rows(&["--rows", "all"]),
            rows(&["--rows", "projected"])
        ),
        (60, 390, 60)
    );
    // Of an aligned device all of them.
    let aligned = [
        "cat",
        TYPES,
        "-d",
        "root.types.aligned",
        "-m",
        "c_date",
        "-f",
        "ndjson",
    ];
    assert_eq!(ok(&aligned).lines().count(), 30);
    let projected = [&aligned[..], &["--rows", "projected"]].concat();
    assert_eq!(ok(&projected).lines().count(), 16);
    // No row at all is no failure.
    let nothing = ["cat", MINIMAL, "--start", "5000", "-f"];
    assert_eq!(ok(&[&nothing[..], &["ndjson"]].concat()), "");
    assert_eq!(ok(&[&nothing[..], &["csv"]].concat()), "time,s1\n");
    assert_eq!(ok(&[&nothing[..], &["table"]].concat()), "time  s1\n");
}

#[test]
fn tags_choose_rows() {
    let ids = |flags: &[&str]| {
        let args = [&["cat", TWO_TABLES, "-t", "t1", "-f", "csv"], flags].concat();
        let mut ids: Vec<Cell> = every_sample::csv(&ok(&args))[1..]
            .iter()
            .map(|r| r[1].clone())
            .collect();
        ids.dedup();
        ids.into_iter()
            .map(Option::unwrap)
            .collect::<Vec<_>>()
            .join(" ")
    };
    assert_eq!(ids(&["--tag-filter", "id", "eq", "dev1"]), "dev1");
    assert_eq!(
        ids(&["--tag-filter", "id", "regexp", "dev[02]|x"]),
        "dev0 dev2"
    );
    assert_eq!(ids(&["--tag-filter", "id", "regexp", "dev"]), "");
    let two = [
        "--tag-filter",
        "id",
        "neq",
        "dev1",
        "--tag-filter",
        "id",
        "neq",
        "dev2",
    ];
    assert_eq!(
        ids(&[&two[..], &["--tag-match", "all"]].concat()),
        "dev0 dev3"
    );
    // A null tag is found by is-null alone.
    let rows = |is: &[&str]| {
        let args = [
            &[
                "cat",
                NULLS,
                "-m",
                "i32",
                "-f",
                "ndjson",
                "--tag-filter",
                "tag1",
            ],
            is,
        ]
        .concat();
        ok(&args).lines().count()
    };
    assert_eq!((rows(&["is-null"]), rows(&["not-null"])), (40, 80));
    assert_eq!(
        (rows(&["neq", "nobody"]), rows(&["regexp", ".*"])),
        (80, 80)
    );
}

#[test]
fn several_files_are_one_call_each() {
    let dir = tempfile::tempdir().unwrap();
    let other = dir.path().join("other.tsfile");
    fs::write(
        &other,
        hand_made(&[("s1", DATE, &[0x0e]), ("s2", TEXT, &[2, b'x'])]),
    )
    .unwrap();
    // Each file has its own offset and limit, and the columns of both are shown.
    let two = [
        "cat",
        MINIMAL,
        "java-2.4.0/time_rle.tsfile",
        "--offset",
        "1",
        "-n",
        "2",
        "-f",
        "csv",
    ];
    let told = ok(&two);
    assert_eq!(told.lines().count(), 5, "{told}");
    assert!(
        told.starts_with("file,time,s1,v\ncpp-2.5.0/tree_minimal.tsfile,1001,-1,\\N\n"),
        "{told}"
    );
    // What is in one of the files only comes from there.
    let table = ok(&[
        "cat", TWO_TABLES, MINIMAL, "-t", "t1", "-n", "1", "-f", "ndjson",
    ]);
    assert_eq!(
        table,
        format!("{{\"file\":\"{TWO_TABLES}\",\"time\":\"0\",\"id\":\"dev0\",\"v\":\"0\"}}\n")
    );
    let column = ok(&[
        "cat",
        MINIMAL,
        "java-2.4.0/time_rle.tsfile",
        "-m",
        "s1",
        "-f",
        "csv",
    ]);
    assert_eq!(column.lines().count(), 4);
    // Types have to agree.
    let other = other.to_str().unwrap();
    let said = fails(&["cat", MINIMAL, other, "--recover", "--dates", "null"], 2);
    assert!(
        said.contains("column s1 has another type in") && said.contains(MINIMAL),
        "{said}"
    );
}

#[test]
fn a_closed_pipe_is_no_failure() {
    for format in ["csv", "ndjson", "table"] {
        let mut child = std::process::Command::new(assert_cmd::cargo::cargo_bin!("tsfile-cli"))
            .current_dir(golden())
            .args(["cat", MULTI, "-d", "root.sg.d1", "-f", format])
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        drop(child.stdout.take());
        let output = child.wait_with_output().unwrap();
        assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
        assert_eq!(stderr(&output), "");
    }
}
