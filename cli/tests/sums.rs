//! `count` and `stats`, run as a person would: all numbers of every sample against the JSON beside it, in time ranges too.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that meets the unexpected fails"
)]

mod contents;
#[expect(
    dead_code,
    reason = "shared with the tests of the library, which need more of it"
)]
#[path = "../../tsfile/tests/it/expected.rs"]
mod expected;
mod hand_made;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use std::process::Output;

use assert_cmd::cargo::cargo_bin_cmd;
use contents::{
    Column, Contents, Entity, Table, Times, cell, contents, golden, is_at_fault, samples,
};
use hand_made::{DATE, TEXT, hand_made};
use serde_json::Value;

/// Runs the tool in the folder of the golden files, so that names are short.
fn run<S: AsRef<std::ffi::OsStr>>(args: &[S]) -> Output {
    cargo_bin_cmd!("tsfile-cli")
        .current_dir(golden())
        .args(args)
        .output()
        .unwrap()
}

fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// Output of a command that succeeds.
fn ok(args: &[&str]) -> String {
    let output = run(args);
    assert_eq!(
        output.status.code(),
        Some(0),
        "{args:?}: {}",
        stderr(&output)
    );
    assert_eq!(stderr(&output), "", "{args:?}");
    String::from_utf8(output.stdout).unwrap()
}

/// Runs a command that succeeds and compares its output with a file.
fn expect(name: &str, args: &[&str]) {
    let out = ok(args);
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/expected")
        .join(name);
    if std::env::var_os("UPDATE_EXPECTED").is_some() {
        fs::write(&path, &out).unwrap();
    }
    let expected = fs::read_to_string(&path).unwrap_or_default();
    assert_eq!(out, expected, "{args:?}");
}

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

impl Contents {
    /// What lies in a range.
    fn within(&self, range: Times) -> Self {
        let entity = |e: &Entity| Entity {
            rows: e.rows.range(range.0..=range.1).copied().collect(),
            columns: e
                .columns
                .iter()
                .map(|(name, c)| {
                    let points = c.points.range(range.0..=range.1);
                    let points = points.map(|(t, v)| (*t, v.clone())).collect();
                    let data_type = c.data_type.clone();
                    (name.clone(), Column { data_type, points })
                })
                .collect(),
        };
        let table = |t: &Table| Table {
            tags: t.tags.clone(),
            fields: t.fields.clone(),
            entities: t
                .entities
                .iter()
                .map(|(k, e)| (k.clone(), entity(e)))
                .collect(),
        };
        Self {
            devices: self
                .devices
                .iter()
                .map(|(k, e)| (k.clone(), entity(e)))
                .collect(),
            tables: self
                .tables
                .iter()
                .map(|(k, t)| (k.clone(), table(t)))
                .collect(),
        }
    }

    fn times(&self) -> BTreeSet<i64> {
        let tables = self.tables.values().flat_map(|t| t.entities.values());
        let entities = self.devices.values().chain(tables);
        entities.flat_map(|e| e.rows.iter().copied()).collect()
    }
}

fn ends(times: &BTreeSet<i64>) -> Option<Times> {
    times.first().copied().zip(times.last().copied())
}

/// The number that a cell of the contract shows as text.
fn number(row: &Value, name: &str) -> Option<i64> {
    row[name]
        .as_str()
        .map(|text| text.parse().unwrap_or_else(|_| panic!("{name} of {row}")))
}

fn check_times(row: &Value, times: Option<Times>, what: &str) {
    assert_eq!(
        number(row, "min_time").zip(number(row, "max_time")),
        times,
        "{what}: {row}"
    );
    let source = ["stats_source", "time_source"].map(|s| row[s].as_str());
    let source = source.into_iter().flatten().next();
    assert_eq!(source.is_some(), times.is_some(), "{what}: {row}");
    assert!(
        source.is_none_or(|s| s == "statistics" || s == "scan"),
        "{what}: {row}"
    );
}

/// Rows of `count` by object and column.
fn check_count(what: &str, all: &Contents, rows: &[Value]) {
    let mut seen = BTreeSet::new();
    for row in rows {
        let (object, column) = (
            row["object"].as_str().unwrap(),
            row["column"].as_str().unwrap(),
        );
        assert!(seen.insert((object, column)), "{what}: {row} comes twice");
        let n = |name| number(row, name).unwrap() as usize;
        if row["model"] == "tree" {
            // A device without a point may or may not be in the file.
            let none = Entity::default();
            let entity = all.devices.get(object).unwrap_or(&none);
            let points = entity.columns.get(column).map(|c| &c.points);
            let count = points.map_or(0, BTreeMap::len);
            assert_eq!(row["category"], "FIELD");
            assert_eq!(n("non_null_count"), count, "{what}: {row}");
            if all.devices.contains_key(object) {
                assert_eq!(n("row_count"), entity.rows.len(), "{what}: {row}");
                let own: BTreeSet<i64> = points
                    .into_iter()
                    .flat_map(BTreeMap::keys)
                    .copied()
                    .collect();
                check_times(row, ends(&own).or(ends(&entity.rows)), what);
            }
            assert!(row["entity_count"].is_null());
        } else {
            let table = &all.tables[object];
            let times = table
                .entities
                .values()
                .flat_map(|e| e.rows.iter().copied())
                .collect();
            let rows: usize = table.entities.values().map(|e| e.rows.len()).sum();
            let tag = table.tags.iter().position(|t| t == column);
            let category = if tag.is_some() { "TAG" } else { "FIELD" };
            assert_eq!(row["category"], category, "{what}: {row}");
            let count: usize = match tag {
                Some(i) => {
                    let there = table.entities.iter().filter(|(k, _)| k[i].is_some());
                    there.map(|(_, e)| e.rows.len()).sum()
                }
                None => {
                    let columns = table
                        .entities
                        .values()
                        .filter_map(|e| e.columns.get(column));
                    columns.map(|c| c.points.len()).sum()
                }
            };
            let entities = table
                .entities
                .values()
                .filter(|e| !e.rows.is_empty())
                .count();
            assert_eq!(n("row_count"), rows, "{what}: {row}");
            assert_eq!(n("entity_count"), entities, "{what}: {row}");
            assert_eq!(n("non_null_count"), count, "{what}: {row}");
            check_times(row, ends(&times), what);
        }
        assert_eq!(
            n("null_count"),
            n("row_count") - n("non_null_count"),
            "{what}: {row}"
        );
    }
    for (object, device) in &all.devices {
        for column in device.columns.keys() {
            assert!(
                seen.contains(&(object, column)),
                "{what}: {object}.{column} is missing"
            );
        }
    }
    for (object, table) in &all.tables {
        for column in table.tags.iter().chain(table.fields.iter().map(|f| &f.0)) {
            assert!(
                seen.contains(&(object, column)),
                "{what}: {object}.{column} is missing"
            );
        }
    }
}

/// A value of a JSON as the number or the text that is compared.
#[derive(Debug, Clone, PartialEq, PartialOrd)]
enum Key {
    Int(i128),
    Float(f64),
    Text(String),
}

fn key(data_type: &str, value: &str) -> Key {
    match data_type {
        "FLOAT" => Key::Float(f32::from_bits(u32::from_str_radix(value, 16).unwrap()).into()),
        "DOUBLE" => Key::Float(f64::from_bits(u64::from_str_radix(value, 16).unwrap())),
        "BOOLEAN" | "TEXT" | "STRING" => Key::Text(value.to_owned()),
        _ => Key::Int(value.parse().unwrap()),
    }
}

/// What is printed, by the type of the column.
fn printed(data_type: &str, value: &Value) -> Option<Key> {
    match (data_type, value) {
        (_, Value::Null) => None,
        ("FLOAT", Value::Number(n)) => Some(Key::Float(f64::from(n.as_f64().unwrap() as f32))),
        ("DOUBLE", Value::Number(n)) => Some(Key::Float(n.as_f64().unwrap())),
        ("INT32" | "DATE", Value::Number(n)) => Some(Key::Int(n.as_i64().unwrap().into())),
        ("INT64" | "TIMESTAMP", Value::String(s)) => Some(Key::Int(s.parse().unwrap())),
        ("BOOLEAN", Value::Bool(b)) => Some(Key::Text(b.to_string())),
        ("TEXT" | "STRING", Value::String(s)) => Some(Key::Text(s.clone())),
        other => panic!("{other:?}"),
    }
}

fn check_stats_row(what: &str, row: &Value, entity: &Entity, data_type: &str) {
    let field = row["field"].as_str().unwrap();
    let what = format!("{what}: {row}");
    let none = Column::default();
    let column = entity.columns.get(field).unwrap_or(&none);
    let n = |name| number(row, name).unwrap() as usize;
    assert_eq!(n("non_null_count"), column.points.len(), "{what}");
    assert_eq!(
        n("null_count"),
        entity.rows.len() - column.points.len(),
        "{what}"
    );
    let own: BTreeSet<i64> = column.points.keys().copied().collect();
    check_times(row, ends(&own).or(ends(&entity.rows)), &what);
    assert_eq!(row["data_type"], data_type, "{what}");
    if is_at_fault(&what, field) || is_at_fault(&what, row["object"].as_str().unwrap()) {
        return;
    }
    let blob = matches!(data_type, "BLOB" | "OBJECT");
    let keys: Vec<Key> = match blob {
        true => Vec::new(),
        false => column.points.values().map(|v| key(data_type, v)).collect(),
    };
    // JSON has no word for what is not finite.
    let finite = |k: &Key| !matches!(k, Key::Float(v) if !v.is_finite());
    let numbers = keys
        .iter()
        .filter(|k| !matches!(k, Key::Float(v) if v.is_nan()));
    let better = |take: fn(&Key, &Key) -> bool| {
        let has = !matches!(data_type, "BOOLEAN" | "TEXT");
        let best = numbers
            .clone()
            .reduce(|a, b| if take(b, a) { b } else { a });
        best.filter(|_| has)
    };
    for (name, expected) in [
        ("first", keys.first()),
        ("last", keys.last()),
        ("min", better(|a, b| a < b)),
        ("max", better(|a, b| a > b)),
    ] {
        let expected = expected.filter(|k| finite(k)).cloned();
        assert_eq!(printed(data_type, &row[name]), expected, "{name} in {what}");
    }
    let sum = &row["sum"];
    match data_type {
        _ if keys.is_empty() => assert!(sum.is_null(), "{what}"),
        "BOOLEAN" => {
            let trues = column.points.values().filter(|v| *v == "true").count();
            assert_eq!(sum.as_str(), Some(&*trues.to_string()), "{what}");
        }
        "INT32" => {
            let expected = column
                .points
                .values()
                .map(|v| v.parse::<i64>().unwrap())
                .sum::<i64>();
            assert_eq!(sum.as_str(), Some(&*expected.to_string()), "{what}");
        }
        "FLOAT" | "DOUBLE" => {
            let floats = keys.iter().map(|k| match k {
                Key::Float(v) => *v,
                _ => panic!("{k:?}"),
            });
            let (expected, size) = (
                floats.clone().sum::<f64>(),
                floats.map(f64::abs).sum::<f64>(),
            );
            match sum.as_f64() {
                // The stored sum was rounded page by page.
                Some(sum) => assert!((sum - expected).abs() <= size * 1e-12, "{what}: {expected}"),
                None => assert!(!expected.is_finite(), "{what}: {expected}"),
            }
        }
        _ => assert!(sum.is_null(), "{what}"),
    }
}

fn check_stats(what: &str, all: &Contents, rows: &[Value]) {
    let mut seen = BTreeSet::new();
    for row in rows {
        let (object, field) = (
            row["object"].as_str().unwrap(),
            row["field"].as_str().unwrap(),
        );
        let mut tags = Vec::new();
        if row["model"] == "tree" {
            if let Some(entity) = all.devices.get(object) {
                // A series without a point need not be in the JSON.
                let stored = row["data_type"].as_str().unwrap();
                let written = entity.columns.get(field).map(|c| &*c.data_type);
                check_stats_row(what, row, entity, written.unwrap_or(stored));
            }
        } else {
            let table = &all.tables[object];
            tags = table
                .tags
                .iter()
                .map(|t| cell(&row[format!("tag.{t}")]))
                .collect();
            let none = Entity::default();
            let entity = table.entities.get(&tags).unwrap_or(&none);
            let declared = table.fields.iter().find(|f| f.0 == field);
            check_stats_row(what, row, entity, &declared.unwrap().1);
        }
        assert!(
            seen.insert((object, tags, field)),
            "{what}: {row} comes twice"
        );
    }
    for (object, device) in &all.devices {
        for field in device.columns.keys() {
            let found = seen.contains(&(&**object, Vec::new(), &**field));
            assert!(found, "{what}: {object}.{field} is missing");
        }
    }
    for (object, table) in &all.tables {
        for (tags, (field, _)) in table
            .entities
            .keys()
            .flat_map(|t| table.fields.iter().map(move |f| (t, f)))
        {
            let found = seen.contains(&(&**object, tags.clone(), &**field));
            assert!(found, "{what}: {object} {tags:?} {field} is missing");
        }
    }
}

#[test]
fn every_number_of_every_sample_is_that_of_its_json() {
    let samples = samples();
    for command in ["count", "stats"] {
        let mut args = vec![command, "-f", "ndjson"];
        if command == "stats" {
            args.extend(["--dates", "int"]);
        }
        args.extend(samples.iter().map(|s| &*s.0));
        let told = rows(&ok(&args));
        for (file, all) in &samples {
            let own: Vec<Value> = told
                .iter()
                .filter(|r| r["file"] == **file)
                .cloned()
                .collect();
            match command {
                "count" => check_count(file, all, &own),
                _ => check_stats(file, all, &own),
            }
        }
    }
}

#[test]
fn every_number_in_a_time_range_is_that_of_the_json() {
    for (n, (file, all)) in samples().into_iter().enumerate() {
        let times: Vec<i64> = all.times().into_iter().collect();
        if times.is_empty() {
            continue;
        }
        // A third of the times, cutting chunks and pages wherever these are; a different third for each file.
        let (first, last) = (times.len() * (n % 3) / 3, times.len() * (n % 3 + 1) / 3);
        let range = (times[first], times[last.min(times.len() - 1)]);
        let inside = all.within(range);
        let flags = [format!("--start={}", range.0), format!("--end={}", range.1)];
        let args = ["-f", "ndjson", &flags[0], &flags[1], &file];
        let what = format!("{file} in {range:?}");
        check_count(
            &what,
            &inside,
            &rows(&ok(&[&["count"], &args[..]].concat())),
        );
        let stats = ok(&[&["stats", "--dates", "int"], &args[..]].concat());
        check_stats(&what, &inside, &rows(&stats));
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
        let output = run(args);
        assert_eq!(
            output.status.code(),
            Some(1),
            "{args:?}: {}",
            stderr(&output)
        );
        assert!(
            stderr(&output).contains(told),
            "{args:?}: {}",
            stderr(&output)
        );
        assert!(output.stdout.is_empty(), "{args:?}");
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
            let output = run(&[command, file]);
            assert_eq!(output.status.code(), Some(2));
            let said = stderr(&output);
            assert!(said.contains(&format!("{command} {flag} {file}")), "{said}");
            assert!(output.stdout.is_empty());
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
