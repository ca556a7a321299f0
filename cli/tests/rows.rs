//! `head` and `cat`, run as a person would: the rows of every object of every sample against the JSON beside it.
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

use std::fs;
use std::path::Path;
use std::process::{Output, Stdio};

use assert_cmd::cargo::cargo_bin_cmd;
use contents::{Entity, Table, Times, golden, is_at_fault, samples};
use expected::Cell;
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

/// Runs a command that fails with `code` and prints nothing; what it says.
fn fails(args: &[&str], code: i32) -> String {
    let output = run(args);
    assert_eq!(
        output.status.code(),
        Some(code),
        "{args:?}: {}",
        stderr(&output)
    );
    assert!(output.stdout.is_empty(), "{args:?}");
    stderr(&output)
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

/// Fields of CSV; `None` is an unquoted `\N`.
fn csv(text: &str) -> Vec<Vec<Cell>> {
    let mut rows = Vec::new();
    let mut row = Vec::new();
    let mut rest = text;
    while !rest.is_empty() {
        let (field, after) = match rest.strip_prefix('"') {
            Some(quoted) => {
                let mut end = 0;
                let bytes = quoted.as_bytes();
                while bytes[end] != b'"' || bytes.get(end + 1) == Some(&b'"') {
                    end += if bytes[end] == b'"' { 2 } else { 1 };
                }
                (
                    Some(quoted[..end].replace("\"\"", "\"")),
                    &quoted[end + 1..],
                )
            }
            None => {
                let end = rest.find([',', '\n']).unwrap();
                let field = &rest[..end];
                ((field != "\\N").then(|| field.to_owned()), &rest[end..])
            }
        };
        row.push(field);
        if after.starts_with('\n') {
            rows.push(std::mem::take(&mut row));
        }
        rest = &after[1..];
    }
    rows
}

/// A value in one spelling, whether it comes from the JSON of a sample or from CSV. NaN has no payload in CSV.
fn spelt(data_type: &str, value: &str, csv: bool) -> String {
    let float = |v: f64| {
        if v.is_nan() {
            "nan".to_owned()
        } else {
            format!("{:x}", v.to_bits())
        }
    };
    match data_type {
        "FLOAT" if csv => float(value.parse::<f32>().unwrap().into()),
        "FLOAT" => float(f32::from_bits(u32::from_str_radix(value, 16).unwrap()).into()),
        "DOUBLE" if csv => float(value.parse::<f64>().unwrap()),
        "DOUBLE" => float(f64::from_bits(u64::from_str_radix(value, 16).unwrap())),
        "BLOB" | "OBJECT" if csv => value.strip_prefix("0x").unwrap().to_owned(),
        _ => value.to_owned(),
    }
}

/// What CSV and NDJSON say of the same value.
fn check_json(what: &str, data_type: &str, csv: &Cell, json: &Value) {
    let same = match (data_type, csv, json) {
        (_, None, json) => json.is_null(),
        ("FLOAT" | "DOUBLE", Some(v), Value::Null) => ["nan", "inf", "-inf"].contains(&&**v),
        ("FLOAT", Some(v), Value::Number(n)) => {
            v.parse::<f32>().unwrap() == n.as_f64().unwrap() as f32
        }
        ("DOUBLE", Some(v), Value::Number(n)) => v.parse::<f64>().unwrap() == n.as_f64().unwrap(),
        ("INT32" | "DATE", Some(v), Value::Number(n)) => *v == n.to_string(),
        ("BOOLEAN", Some(v), Value::Bool(b)) => *v == b.to_string(),
        (_, Some(v), Value::String(s)) => v == s,
        _ => false,
    };
    assert!(same, "{what}: {csv:?} in CSV, {json} in NDJSON");
}

/// The rows of an entity in a range: time and cells in the order of `columns`.
fn entity_rows(entity: &Entity, columns: &[(String, String)], range: Times) -> Vec<Vec<Cell>> {
    let times = entity.rows.range(range.0..=range.1);
    times
        .map(|time| {
            let cells = columns.iter().map(|(name, data_type)| {
                let value = entity.columns.get(name)?.points.get(time)?;
                Some(spelt(data_type, value, false))
            });
            std::iter::once(Some(time.to_string()))
                .chain(cells)
                .collect()
        })
        .collect()
}

fn table_rows(table: &Table, range: Times) -> Vec<Vec<Cell>> {
    let of = |(tags, entity): (&Vec<Cell>, &Entity)| {
        let mut rows = entity_rows(entity, &table.fields, range);
        for row in &mut rows {
            row.splice(1..1, tags.iter().cloned());
        }
        rows
    };
    table.entities.iter().flat_map(of).collect()
}

/// Compares `cat` of one object with what it holds, CSV cell by cell, and NDJSON with CSV.
fn check_object(
    file: &str,
    flags: &[&str],
    range: Times,
    columns: &[(String, String)],
    expected: &[Vec<Cell>],
) {
    let what = format!("{file} {flags:?} in {range:?}");
    let times = [format!("--start={}", range.0), format!("--end={}", range.1)];
    let args = [
        &["cat", file, "--dates", "int", &times[0], &times[1]],
        flags,
    ]
    .concat();
    let told = csv(&ok(&[&args[..], &["-f", "csv"]].concat()));
    let names: Vec<&str> = told[0].iter().map(|n| n.as_deref().unwrap()).collect();
    let wanted: Vec<&str> = columns.iter().map(|c| &*c.0).collect();
    assert_eq!(names[1..], wanted, "{what}");
    assert_eq!(told.len() - 1, expected.len(), "{what}: rows");
    for (row, expected) in told[1..].iter().zip(expected) {
        let cells = columns.iter().zip(&row[1..]);
        let cells = cells.map(|((_, t), v)| Some(spelt(t, v.as_ref()?, true)));
        let row: Vec<Cell> = std::iter::once(row[0].clone()).chain(cells).collect();
        if is_at_fault(&what, &what) {
            assert_eq!(row[0], expected[0], "{what}");
        } else {
            assert_eq!(row, *expected, "{what}");
        }
    }
    let json = ok(&[&args[..], &["-f", "ndjson"]].concat());
    let json: Vec<Value> = json
        .lines()
        .map(|l| serde_json::from_str(l).unwrap())
        .collect();
    assert_eq!(json.len(), told.len() - 1, "{what}");
    for (row, json) in told[1..].iter().zip(&json) {
        let members: Vec<&String> = json.as_object().unwrap().keys().collect();
        assert_eq!(members, names, "{what}");
        assert_eq!(json[names[0]].as_str(), row[0].as_deref(), "{what}");
        for ((name, data_type), cell) in columns.iter().zip(&row[1..]) {
            check_json(&what, data_type, cell, &json[name]);
        }
    }
}

/// A third of some times, the first, second or last.
fn third(times: &[i64], n: usize) -> Times {
    let (first, last) = (times.len() * (n % 3) / 3, times.len() * (n % 3 + 1) / 3);
    (times[first], times[last.min(times.len() - 1)])
}

const ALL: Times = (i64::MIN, i64::MAX);

/// Objects of a sample that are compared: a file can have dozens that are alike.
const OBJECTS: usize = 6;

#[test]
fn the_rows_of_every_sample_are_those_of_its_json() {
    let (mut objects, mut n) = (0, 0);
    for (file, all) in samples() {
        for (path, entity) in all.devices.iter().take(OBJECTS) {
            n += 1;
            let mut columns: Vec<(String, String)> = entity
                .columns
                .iter()
                .map(|(name, c)| (name.clone(), c.data_type.clone()))
                .collect();
            columns.sort();
            let times: Vec<i64> = entity.rows.iter().copied().collect();
            // Series without a point may or may not be there: only those that are written are asked for.
            let names = columns.iter().flat_map(|(name, _)| ["-m", name]);
            let flags: Vec<&str> = ["-d", path].into_iter().chain(names).collect();
            for range in [ALL, third(&times, n)] {
                let expected = entity_rows(entity, &columns, range);
                check_object(&file, &flags, range, &columns, &expected);
            }
            objects += 1;
        }
        for (name, table) in &all.tables {
            n += 1;
            let tags = table.tags.iter().map(|t| (t.clone(), "STRING".to_owned()));
            let columns: Vec<_> = tags.chain(table.fields.iter().cloned()).collect();
            let times = table.entities.values().flat_map(|e| e.rows.iter().copied());
            let mut times: Vec<i64> = times.collect();
            times.sort_unstable();
            let third = if times.is_empty() {
                ALL
            } else {
                third(&times, n)
            };
            for range in [ALL, third] {
                let expected = table_rows(table, range);
                check_object(&file, &["-t", name], range, &columns, &expected);
            }
            objects += 1;
        }
    }
    assert!(objects > 350, "{objects}");
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
        let mut ids: Vec<Cell> = csv(&ok(&args))[1..].iter().map(|r| r[1].clone()).collect();
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
fn several_objects_need_one_and_the_commands_that_work_are_printed() {
    let commands = |said: &str| -> Vec<String> {
        let lines = said
            .lines()
            .skip_while(|l| *l != "tsfile-cli: try:")
            .skip(1);
        lines.map(|l| l.trim().to_owned()).collect()
    };
    for (args, expected, count) in [
        (
            &["head", TYPES][..],
            "expected one device, found 3 devices",
            3,
        ),
        (
            &["cat", TWO_TABLES, "-f", "csv"],
            "expected one table, found 2 tables t1, t2",
            2,
        ),
        (
            &["cat", "java-2.4.0/mixed_tree_table.tsfile"],
            "expected one device or table, found the table tab and the device root.mix.d1",
            2,
        ),
        (
            &["head", "cpp-2.5.0/tree_many_devices.tsfile"],
            "and 10 more; name one with -d DEVICE",
            20,
        ),
    ] {
        let said = fails(args, 1);
        assert!(said.contains(expected), "{said}");
        let commands = commands(&said);
        assert_eq!(commands.len(), count, "{said}");
        for command in commands {
            let output = std::process::Command::new("sh")
                .args(["-c", &command])
                .current_dir(golden())
                .output()
                .unwrap();
            assert!(
                output.status.success() && !output.stdout.is_empty(),
                "{command}"
            );
        }
    }
    // A condition on tags is about tables: the device is none of the choices.
    let mixed = [
        "cat",
        "java-2.4.0/mixed_tree_table.tsfile",
        "--tag-filter",
        "tag1",
        "eq",
        "x",
    ];
    assert_eq!(ok(&mixed).lines().count(), 4);
}

#[test]
fn what_cannot_be_is_a_usage_error() {
    for (args, told) in [
        (
            &["cat", MINIMAL, "-d", "root.nowhere"][..],
            "no device root.nowhere",
        ),
        (&["cat", MINIMAL, "-t", "t"], "no table t"),
        (&["cat", TWO_TABLES, "-d", "t1"], "no device t1"),
        (&["head", MINIMAL, "-m", "s7"], "no measurement or field s7"),
        (
            &["head", TWO_TABLES, "-t", "t2", "-m", "time"],
            "time is a TIME column",
        ),
        (
            &["cat", MINIMAL, "-d", "a", "-t", "b"],
            "cannot be used with",
        ),
        (
            &["cat", MINIMAL, "-d", "a", "-d", "b"],
            "cannot be used multiple times",
        ),
        (
            &["cat", MINIMAL, "--start", "2", "--end", "1"],
            "lies behind --end 1",
        ),
        (&["cat", MINIMAL, "-n", "0", "--offset", "1"], "--limit 0"),
        (&["cat", MINIMAL, "-n", "-1"], "unexpected argument"),
        (&["cat", MINIMAL, "-n", "many"], "invalid value"),
        (&["cat", MINIMAL, "-f", "json"], "invalid value"),
        (
            &["cat", TABLE, "--rows", "projected"],
            "--rows is for devices",
        ),
        (
            &[
                "cat",
                MINIMAL,
                "-d",
                "root.sg.d1",
                "--tag-filter",
                "a",
                "is-null",
            ],
            "leave out -d",
        ),
        (
            &["cat", TABLE, "--tag-filter", "tag1", "like", "x"],
            "expected TAG eq|neq|regexp VALUE",
        ),
        (
            &["cat", TABLE, "--tag-filter", "tag9", "is-null"],
            "no tag tag9; there are: tag1, tag2",
        ),
        (
            &[
                "cat",
                TABLE,
                "--tag-filter",
                "tag1",
                "is-null",
                "--tag-match",
                "all",
            ],
            "leave it out",
        ),
        (&["cat"], "required arguments"),
    ] {
        let said = fails(args, 1);
        assert!(said.contains(told), "{args:?}: {said}");
    }
    for (args, told) in [
        (
            &["cat", "java-2.4.0/empty.tsfile"][..],
            "expected a device or a table, found none",
        ),
        (&["cat", "nowhere.tsfile"], "nowhere.tsfile"),
        (&["head", "../README.md"], "README.md"),
    ] {
        let said = fails(args, 2);
        assert!(said.contains(told), "{args:?}: {said}");
    }
    for command in ["head", "cat"] {
        let help = ok(&[command, "--help"]);
        assert!(
            help.contains("Examples:") && help.contains("--tag-filter"),
            "{help}"
        );
    }
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
fn bad_values_and_files_come_with_the_flag_that_helps() {
    let dir = tempfile::tempdir().unwrap();
    let path = |name: &str, bytes: Vec<u8>| {
        let path = dir.path().join(name);
        fs::write(&path, bytes).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let text = path(
        "text.tsfile",
        hand_made(&[("s", TEXT, &[0x04, 0xff, b'x'])]),
    );
    let date = path("date.tsfile", hand_made(&[("s", DATE, &[0x0e])]));
    for (file, flags, shown) in [
        (
            &text,
            ["--text lossy", "--text binary"],
            ["\u{fffd}x", "0xff78"],
        ),
        (&date, ["--dates null", "--dates int"], ["\\N", "7"]),
    ] {
        let said = fails(&["cat", file], 2);
        assert!(said.contains(&format!("cat --recover {file}")), "{said}");
        let said = {
            let output = run(&["cat", file, "--recover", "-f", "csv"]);
            assert_eq!(output.status.code(), Some(2));
            assert!(output.stdout.is_empty());
            stderr(&output)
        };
        assert!(
            said.contains("(device root.d, measurement s) at time 7"),
            "{said}"
        );
        for (flag, shown) in flags.iter().zip(shown) {
            assert!(said.contains(&format!("cat {flag} {file}")), "{said}");
            let flags: Vec<&str> = flag.split(' ').collect();
            let output = run(&[&["cat", file, "--recover", "-f", "csv"], &flags[..]].concat());
            let told = String::from_utf8(output.stdout).unwrap();
            assert_eq!(told, format!("time,s\n7,{shown}\n"));
        }
    }
    let whole = fs::read(golden().join(MINIMAL)).unwrap();
    let deleted = path("deleted.tsfile", whole);
    path("deleted.tsfile.mods", Vec::new());
    let said = fails(&["cat", &deleted], 2);
    assert!(
        said.contains(&format!("cat --ignore-mods {deleted}")),
        "{said}"
    );
    assert_eq!(
        ok(&["cat", &deleted, "--ignore-mods", "-f", "csv"])
            .lines()
            .count(),
        4
    );
}

#[test]
fn a_measurement_called_time_can_be_told_from_the_time() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("x.tsfile");
    fs::write(
        &file,
        hand_made(&[("device_name", DATE, &[2]), ("time", TEXT, &[2, b'x'])]),
    )
    .unwrap();
    let file = file.to_str().unwrap();
    let run = |flags: &[&str]| {
        run(&[&["cat", file, "--recover", "--dates", "int", "-f"], flags].concat())
    };
    let csv = run(&["csv"]);
    assert_eq!(
        String::from_utf8(csv.stdout).unwrap(),
        "time,device_name,time\n7,1,x\n"
    );
    let refused = run(&["ndjson"]);
    assert_eq!(refused.status.code(), Some(1));
    let said = stderr(&refused);
    assert!(
        said.contains("two columns are called time") && said.contains("--time-column time_"),
        "{said}"
    );
    let renamed = run(&["ndjson", "--time-column", "t"]);
    let renamed = String::from_utf8(renamed.stdout).unwrap();
    assert_eq!(renamed, "{\"t\":\"7\",\"device_name\":1,\"time\":\"x\"}\n");
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
