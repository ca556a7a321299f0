//! `count` and `stats`, run as a person would.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that meets the unexpected fails"
)]

#[path = "../contents/mod.rs"]
mod contents;
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

use std::collections::BTreeSet;
use std::fs;

use contents::{cell, contents, golden};
use every_sample::{check_count, check_stats};
use hand_made::{DATE, TEXT, hand_made};
use serde_json::Value;
use tool::{expect, fails, ok, run, stderr};

/// The rows of an NDJSON output.
fn rows(text: &str) -> Vec<Value> {
    text.lines()
        .map(|l| serde_json::from_str(l).unwrap())
        .collect()
}

#[test]
fn every_format() {
    for (name, file) in [
        ("tree", "cpp-2.5.0/tree_multi_page_chunk.tsfile"),
        ("table", "cpp-2.5.0/table_nulls_multipage.tsfile"),
        ("two-tables", "cpp-2.5.0/table_two_tables.tsfile"),
        ("mixed", "java-2.4.0/mixed_tree_table.tsfile"),
        ("v3", "java-1.1.3/types_tree.tsfile"),
        ("empty", "java-2.4.0/empty.tsfile"),
    ] {
        for command in ["count", "stats"] {
            let file = &[command, file];
            expect(&format!("{command}-{name}.txt"), file);
            expect(
                &format!("{command}-{name}.csv"),
                &[&file[..], &["-f", "csv"]].concat(),
            );
            expect(
                &format!("{command}-{name}.ndjson"),
                &[&file[..], &["-f", "ndjson"]].concat(),
            );
        }
    }
}

#[test]
fn several_files_and_one_object() {
    let files = [
        "java-2.4.0/mixed_tree_table.tsfile",
        "cpp-2.5.0/table_two_tables.tsfile",
    ];
    for command in ["count", "stats"] {
        let args = [&[command], &files[..]].concat();
        expect(
            &format!("{command}-several.csv"),
            &[&args[..], &["-f", "csv"]].concat(),
        );
        expect(
            &format!("{command}-several.json"),
            &[&args[..], &["--json"]].concat(),
        );
    }
}

#[test]
fn sources_say_when_statistics_could_not_tell() {
    let sources = |args: &[&str], name: &str| -> BTreeSet<String> {
        let args = [args, &["-f", "ndjson"]].concat();
        let rows = rows(&ok(&args));
        rows.iter()
            .filter_map(|r| Some(r[name].as_str()?.to_owned()))
            .collect()
    };
    let one = |text: &str| BTreeSet::from([text.to_owned()]);
    for (file, source) in [
        ("cpp-2.5.0/table_all_types.tsfile", "statistics"),
        ("java-2.4.0/table_many_devices.tsfile", "statistics"),
        // Lossy encodings of floats.
        ("java-2.4.0/enc_camel.tsfile", "scan"),
        ("java-2.4.0/max_point_number.tsfile", "scan"),
    ] {
        assert_eq!(
            sources(&["stats", file], "stats_source"),
            one(source),
            "{file}"
        );
        assert_eq!(
            sources(&["count", file], "time_source"),
            one("statistics"),
            "{file}"
        );
    }
    // NaN, in some series of many.
    let gorilla = ok(&[
        "stats",
        "java-2.4.0/enc_gorilla.tsfile",
        "--dates",
        "int",
        "-f",
        "ndjson",
    ]);
    for row in rows(&gorilla) {
        let nan = row["sum"].is_null()
            && ["FLOAT", "DOUBLE"].contains(&row["data_type"].as_str().unwrap());
        assert_eq!(
            row["stats_source"],
            if nan { "scan" } else { "statistics" },
            "{row}"
        );
    }
    // A range that cuts the only page.
    let cut = ["count", "cpp-2.5.0/tree_minimal.tsfile", "--start", "1001"];
    assert_eq!(sources(&cut, "time_source"), one("scan"));
}

#[test]
fn scope_chooses_objects_columns_and_entities() {
    let column = |args: &[&str], names: &[&str]| -> Vec<String> {
        let args = [args, &["-f", "ndjson"]].concat();
        let told = rows(&ok(&args));
        let cells = |row: &Value| -> Vec<String> {
            names
                .iter()
                .map(|n| cell(&row[*n]).unwrap_or_default())
                .collect()
        };
        told.iter().map(|r| cells(r).join(" ")).collect()
    };
    let two = "cpp-2.5.0/table_two_tables.tsfile";
    let mixed = "java-2.4.0/mixed_tree_table.tsfile";
    assert_eq!(
        column(
            &["count", two, "-t", "T1", "-m", "ID"],
            &["object", "column"]
        ),
        ["t1 id"]
    );
    assert_eq!(
        column(&["count", two, "-m", "w"], &["object", "column"]),
        ["t2 w"]
    );
    assert_eq!(
        column(
            &["count", mixed, "-d", "root.mix.d1"],
            &["object", "column"]
        ),
        ["root.mix.d1 s1"]
    );
    assert_eq!(
        column(&["stats", mixed, "-m", "s1"], &["object", "field"]),
        ["root.mix.d1 s1"]
    );
    let filtered = [
        "count",
        two,
        "-t",
        "t1",
        "--tag-filter",
        "id",
        "regexp",
        "dev[01]",
    ];
    assert_eq!(
        column(
            &filtered,
            &[
                "column",
                "row_count",
                "entity_count",
                "min_time",
                "max_time"
            ]
        ),
        ["id 10 2 0 9", "v 10 2 0 9"]
    );
    let one = ["stats", two, "-t", "t1", "--tag-filter", "id", "eq", "dev3"];
    assert_eq!(
        column(&one, &["tag.id", "field", "first", "last"]),
        ["dev3 v 15 19"]
    );
    // Conditions on tags are about tables, and every table in scope has to have the tag.
    let mixed_tags = ["count", mixed, "--tag-filter", "tag1", "not-null"];
    assert_eq!(column(&mixed_tags, &["object"]), ["tab", "tab", "tab"]);
}

#[test]
fn what_does_not_exist_is_refused_before_anything_is_printed() {
    let two = "cpp-2.5.0/table_two_tables.tsfile";
    let tree = "cpp-2.5.0/tree_minimal.tsfile";
    for (args, told) in [
        (
            &["count", tree, "-d", "root.nowhere"][..],
            "no device root.nowhere",
        ),
        (&["count", two, "-t", "t3"], "no table t3"),
        (
            &["count", two, "-m", "nothing"],
            "no measurement or column nothing",
        ),
        (&["stats", tree, "-m", "s9"], "no measurement or column s9"),
        (
            &["stats", two, "-m", "id"],
            "id is a TAG column; stats is about FIELD columns",
        ),
        (
            &["count", two, "-m", "time"],
            "time is a TIME column; count is about TAG and FIELD columns",
        ),
        (
            &["count", two, "-t", "t2", "--tag-filter", "id", "is-null"],
            "table t2 has no tag id",
        ),
        (
            &["count", two, "--tag-filter", "id", "is-null"],
            "table t2 has no tag id",
        ),
        (
            &["count", two, "--start", "5", "--end", "4"],
            "--start 5 lies behind --end 4",
        ),
        (
            &["count", two, "-d", "a", "-t", "t1"],
            "cannot be used with",
        ),
        (&["count", two, "-n", "5"], "unexpected argument"),
        (&["stats", two, "-f", "tsv"], "invalid value"),
    ] {
        let said = fails(args, 1);
        assert!(said.contains(told), "{args:?}: {said}");
    }
}

#[test]
fn files_without_footer_and_with_deletions_need_a_flag_that_is_named() {
    let dir = tempfile::tempdir().unwrap();
    let whole = golden().join("java-2.4.0/types_tree.tsfile");
    let bytes = fs::read(&whole).unwrap();
    let end = expected::open(&whole).data_end() as usize;
    let cut = dir.path().join("cut.tsfile");
    fs::write(&cut, &bytes[..end]).unwrap();
    let deleted = dir.path().join("deleted.tsfile");
    fs::write(&deleted, &bytes).unwrap();
    fs::write(dir.path().join("deleted.tsfile.mods"), "").unwrap();
    let all = contents(&whole);
    for (file, flag) in [(cut, "--recover"), (deleted, "--ignore-mods")] {
        let file = file.to_str().unwrap();
        for command in ["count", "stats"] {
            let said = fails(&[command, file], 2);
            assert!(said.contains(&format!("{command} {flag} {file}")), "{said}");
            let mut args = vec![command, file, flag, "-f", "ndjson"];
            if command == "stats" {
                args.extend(["--dates", "int"]);
            }
            let output = run(&args);
            assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
            let told = rows(&String::from_utf8(output.stdout).unwrap());
            match command {
                "count" => check_count(file, &all, &told),
                _ => check_stats(file, &all, &told),
            }
        }
    }
}

#[test]
fn dates_and_text_that_are_none_name_their_place() {
    let dir = tempfile::tempdir().unwrap();
    for (flag, data_type, bytes, what, shown) in [
        (
            "text",
            TEXT,
            &[0x04, 0xff, b'x'][..],
            "no UTF-8",
            ["\u{fffd}x", "0xff78"],
        ),
        ("dates", DATE, &[0x0e], "no date", ["", "7"]),
    ] {
        let path = dir.path().join(format!("{flag}.tsfile"));
        let file = path.to_str().unwrap();
        fs::write(&path, hand_made(&[("s", data_type, bytes)])).unwrap();
        let output = run(&["stats", file, "--recover"]);
        assert_eq!(output.status.code(), Some(2));
        let said = stderr(&output);
        let place = format!("{what} (device root.d, measurement s)");
        assert!(said.contains(file) && said.contains(&place), "{said}");
        let modes = match flag {
            "text" => ["lossy", "binary"],
            _ => ["null", "int"],
        };
        for (mode, shown) in modes.into_iter().zip(shown) {
            let command = format!("stats --{flag} {mode} {file} --recover");
            assert!(said.contains(&command), "{said}");
            let flag = format!("--{flag}={mode}");
            let output = run(&["stats", file, "--recover", &flag, "-f", "ndjson"]);
            let told = rows(&String::from_utf8(output.stdout).unwrap());
            assert_eq!(cell(&told[0]["first"]).unwrap_or_default(), shown);
        }
    }
}

#[test]
fn help_has_examples() {
    for command in ["count", "stats"] {
        let help = ok(&[command, "--help"]);
        assert!(
            help.contains("Examples:") && help.contains("--tag-filter"),
            "{help}"
        );
    }
}
