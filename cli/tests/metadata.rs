//! `ls`, `schema`, `meta` and `inspect` on the golden files, run as a person would.
//!
//! What they print is compared with the files in `expected`; `UPDATE_EXPECTED=1` writes those anew. Numbers are compared
//! with the JSON beside each golden file, which says what its writer was given.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Output;

use assert_cmd::cargo::cargo_bin_cmd;
use serde_json::Value;
use tsfile::model::ValueStatistics;
use tsfile::wire::ByteWriter;
use tsfile::{ReadOptions, TsFileReader};

const TREE: &str = "java-2.4.0/multi.tsfile";
const TABLE: &str = "cpp-2.5.0/table_two_tables.tsfile";
const MIXED: &str = "java-2.4.0/mixed_tree_table.tsfile";
const GENERATED: &str = "java-2.4.0/tree_generated_schema.tsfile";
const VERSION_3: &str = "java-1.1.3/tree_paths.tsfile";
const SEVERAL_CHUNKS: &str = "cpp-2.5.0/tree_multi_page_chunk.tsfile";

fn golden() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../testdata/golden")
}

/// Runs the tool in the folder of the golden files, so that names are short.
fn run<S: AsRef<std::ffi::OsStr>>(args: &[S]) -> Output {
    cargo_bin_cmd!("tsfile-cli")
        .current_dir(golden())
        .args(args)
        .output()
        .unwrap()
}

fn stdout(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

fn code(output: &Output) -> i32 {
    output.status.code().unwrap()
}

/// Runs a command that succeeds and compares its output with a file.
fn expect(name: &str, args: &[&str]) {
    let output = run(args);
    assert_eq!(code(&output), 0, "{args:?}: {}", stderr(&output));
    assert_eq!(stderr(&output), "", "{args:?}");
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/expected")
        .join(name);
    if std::env::var_os("UPDATE_EXPECTED").is_some() {
        fs::write(&path, &output.stdout).unwrap();
    }
    let expected = fs::read_to_string(&path).unwrap_or_default();
    assert_eq!(stdout(&output), expected, "{args:?}");
}

/// Every golden file, relative to their folder.
fn files() -> Vec<String> {
    let mut files = Vec::new();
    for folder in fs::read_dir(golden()).unwrap() {
        let folder = folder.unwrap().path();
        for file in fs::read_dir(&folder).unwrap() {
            let file = file.unwrap().path();
            if file.extension().is_some_and(|e| e == "tsfile") {
                let name = file.strip_prefix(golden()).unwrap();
                files.push(name.to_str().unwrap().to_owned());
            }
        }
    }
    files.sort();
    assert!(files.len() >= 128, "{} golden files", files.len());
    files
}

fn oracle(file: &str) -> Value {
    let path = golden().join(file).with_extension("json");
    serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap()
}

/// The members of `files` of a `--json`, by name.
fn by_file(output: &Output) -> BTreeMap<String, Value> {
    let json: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(json["schema_version"], 1);
    let files = json["files"].as_array().unwrap();
    files
        .iter()
        .map(|f| (f["file"].as_str().unwrap().to_owned(), f.clone()))
        .collect()
}

#[test]
fn metadata_in_every_format() {
    for (name, file) in [
        ("tree", TREE),
        ("table", TABLE),
        ("mixed", MIXED),
        ("generated", GENERATED),
        ("v3", VERSION_3),
    ] {
        for command in ["ls", "schema", "meta"] {
            expect(&format!("{command}-{name}.txt"), &[command, file]);
            expect(
                &format!("{command}-{name}.csv"),
                &[command, file, "-f", "csv"],
            );
            expect(
                &format!("{command}-{name}.ndjson"),
                &[command, "-f", "ndjson", file],
            );
        }
    }
}

#[test]
fn metadata_of_several_files_and_as_one_object() {
    for command in ["ls", "schema", "meta"] {
        expect(
            &format!("{command}-several.csv"),
            &[command, MIXED, TABLE, "-f", "csv"],
        );
        expect(
            &format!("{command}-several.json"),
            &[command, MIXED, TABLE, "--json"],
        );
    }
}

#[test]
fn scope_flags_choose_devices_tables_and_columns() {
    let lines = |args: &[&str]| {
        let output = run(args);
        assert_eq!(code(&output), 0, "{}", stderr(&output));
        stdout(&output)
            .lines()
            .skip(1)
            .map(str::to_owned)
            .collect::<Vec<_>>()
    };
    let csv = ["-f", "csv"];
    let schema = |more: &[&str]| lines(&[&["schema"], more, &csv].concat());
    let ls = |more: &[&str]| lines(&[&["ls"], more, &csv].concat());
    assert_eq!(ls(&[MIXED, "-t", "TAB"]), ["table,tab"]);
    assert_eq!(ls(&[MIXED, "-d", "root.mix.d1"]), ["tree,root.mix.d1"]);
    assert_eq!(
        ls(&[TREE, "-d", "root.multi.d3", "-d", "root.multi.d0"]),
        ["tree,root.multi.d0", "tree,root.multi.d3"]
    );
    // One of several files may lack what the other has.
    assert_eq!(
        ls(&[MIXED, TABLE, "-t", "t2"]),
        [format!("{TABLE},table,t2")]
    );
    assert_eq!(
        schema(&[MIXED, "-m", "s1"]),
        ["tree,root.mix.d1,s1,FIELD,INT64,TS_2DIFF,UNCOMPRESSED"]
    );
    assert_eq!(
        schema(&[TABLE, "-t", "t2", "-m", "TIME", "-m", "w"]),
        [
            "table,t2,time,TIME,TIMESTAMP,\\N,\\N",
            "table,t2,w,FIELD,STRING,PLAIN,LZ4"
        ]
    );
    assert_eq!(
        lines(&[
            "inspect", MIXED, "--chunks", "-t", "tab", "-m", "f_int64", "-f", "csv"
        ]),
        ["tab.x,f_int64,124,28,1,INT64,TS_2DIFF,LZ4,3,0,2"]
    );
}

#[test]
fn what_does_not_exist_is_a_usage_error_that_says_where_to_look() {
    for (args, name, next) in [
        (
            &["ls", TREE, "-d", "root.nowhere"][..],
            "root.nowhere",
            "tsfile-cli ls java",
        ),
        (
            &["ls", TREE, "-t", "nothing"],
            "nothing",
            "tsfile-cli ls java",
        ),
        (&["schema", TABLE, "-d", "t1"], "t1", "tsfile-cli ls cpp"),
        (
            &["schema", TABLE, "-t", "t1", "-m", "w"],
            "w",
            "tsfile-cli schema cpp",
        ),
        (
            &["inspect", TREE, "--chunks", "-m", "none"],
            "none",
            "tsfile-cli schema java",
        ),
    ] {
        let output = run(args);
        assert_eq!(code(&output), 1, "{args:?}");
        let told = stderr(&output);
        assert!(
            told.contains(name) && told.contains(next),
            "{args:?}: {told}"
        );
    }
    for args in [
        &["ls"][..],
        &["ls", TREE, "-d", "a", "-t", "b"],
        &["meta", TREE, "-f", "parquet"],
        &["meta", TREE, "-f", "csv", "--json"],
        &["inspect", TREE, "-f", "csv"],
        &["inspect", TREE, "-d", "root.multi.d0"],
        &["inspect", TREE, "--chunks", "--pages"],
        &["inspect", TREE, "--time-unit", "s"],
    ] {
        let output = run(args);
        assert_eq!(code(&output), 1, "{args:?}");
        assert!(
            output.stdout.is_empty() && !output.stderr.is_empty(),
            "{args:?}"
        );
    }
    for command in ["ls", "schema", "meta", "inspect"] {
        let output = run(&[command, "--help"]);
        assert!(code(&output) == 0 && stdout(&output).contains("Example"));
    }
}

#[test]
fn inspect_screens() {
    expect("inspect-tree.txt", &["inspect", TREE]);
    expect(
        "inspect-table.txt",
        &["inspect", "java-2.4.0/table_multi.tsfile"],
    );
    expect(
        "inspect-several.txt",
        &["inspect", MIXED, GENERATED, VERSION_3],
    );
    expect(
        "inspect-odd.txt",
        &[
            "inspect",
            "cpp-2.5.0/tree_compressions.tsfile",
            "java-2.4.0/enc_rle.tsfile",
            "java-2.4.0/enc_camel.tsfile",
            "java-1.1.3/enc_rlbe.tsfile",
            "java-2.4.0/types_object.tsfile",
            "java-2.4.0/table_missing_columns.tsfile",
            "java-v4/aligned.tsfile",
            "cpp-2.5.0/empty.tsfile",
        ],
    );
    expect("inspect-unit.txt", &["inspect", MIXED, "--time-unit", "ns"]);
    expect(
        "inspect-mixed.json",
        &["inspect", MIXED, "--json", "--chunks", "--pages"],
    );
    expect("inspect-v3.json", &["inspect", VERSION_3, "--json"]);
}

#[test]
fn inspect_chunks_and_pages() {
    for (format, extension) in [("table", "txt"), ("csv", "csv"), ("ndjson", "ndjson")] {
        for list in ["chunks", "pages"] {
            expect(
                &format!("{list}.{extension}"),
                &[
                    "inspect",
                    SEVERAL_CHUNKS,
                    &format!("--{list}"),
                    "-f",
                    format,
                ],
            );
        }
    }
}

#[test]
fn screens_stay_within_100_columns() {
    let mut args = vec!["inspect".to_owned()];
    args.extend(files());
    let output = run(&args);
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    for line in stdout(&output).lines() {
        let width = unicode_width::UnicodeWidthStr::width(line);
        assert!(width <= 100, "{width} columns: {line}");
    }
}

/// Non-null values, rows and first and last time, as the writer was given them.
fn written(json: &Value) -> (u64, Option<u64>, Option<(i64, i64)>) {
    let (mut points, mut table_rows, mut times) = (0, 0, None);
    let mut see = |time: &Value| {
        let time = time.as_i64().unwrap();
        let (start, end) = times.unwrap_or((time, time));
        times = Some((start.min(time), end.max(time)));
    };
    for (_, device) in json["series"].as_object().into_iter().flatten() {
        for (_, series) in device.as_object().unwrap() {
            for row in series["rows"].as_array().unwrap() {
                see(&row[0]);
                points += u64::from(!row[1].is_null());
            }
        }
    }
    for (_, table) in json["tables"].as_object().into_iter().flatten() {
        let categories: Vec<_> = table["columns"]
            .as_array()
            .unwrap()
            .iter()
            .map(|c| &c[2])
            .collect();
        for row in table["rows"].as_array().unwrap() {
            let row = row.as_array().unwrap();
            see(&row[0]);
            table_rows += 1;
            let fields = row[1..].iter().zip(&categories);
            points += fields
                .filter(|(v, c)| **c == "FIELD" && !v.is_null())
                .count() as u64;
        }
    }
    let only_tables = json.get("tables").is_some() && json.get("series").is_none();
    (points, only_tables.then_some(table_rows), times)
}

#[test]
fn points_rows_and_times_of_every_golden_file_are_those_written() {
    let files = files();
    let mut args = vec!["inspect".to_owned(), "--json".to_owned()];
    args.extend(files.iter().cloned());
    let output = run(&args);
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    let told = by_file(&output);
    assert_eq!(told.len(), files.len());
    for file in &files {
        let told = &told[file];
        let (points, rows, times) = written(&oracle(file));
        assert_eq!(told["points"].as_u64(), Some(points), "{file}");
        assert_eq!(told["points_exact"], true, "{file}");
        if rows.is_some() {
            assert_eq!(told["aligned_rows"].as_u64(), rows, "{file}");
        }
        let time = |name: &str| {
            told["time"][name]
                .as_str()
                .map(|t| t.parse::<i64>().unwrap())
        };
        assert_eq!(time("start").zip(time("end")), times, "{file}");
    }
}

#[test]
fn schemas_of_every_golden_file_are_those_written() {
    let files = files();
    let mut args = vec!["schema".to_owned(), "--json".to_owned()];
    args.extend(files.iter().cloned());
    let output = run(&args);
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    let told = by_file(&output);
    let mut compared = 0;
    for file in &files {
        let json = oracle(file);
        let rows = told[file]["columns"].as_array().unwrap();
        let find = |object: &str, column: &str| {
            rows.iter()
                .find(|r| r["object"] == object && r["column"] == column)
                .unwrap_or_else(|| panic!("{file}: {object} {column} is missing"))
        };
        for (device, series) in json["series"].as_object().into_iter().flatten() {
            for (measurement, written) in series.as_object().unwrap() {
                let row = find(device, measurement);
                assert_eq!(row["data_type"], written["type"], "{file} {row}");
                for name in ["encoding", "compression"] {
                    if let Some(written) = written.get(name) {
                        assert_eq!(&row[name], written, "{file} {row}");
                        compared += 1;
                    }
                }
            }
        }
        for (table, written) in json["tables"].as_object().into_iter().flatten() {
            for column in written["columns"].as_array().unwrap() {
                let row = find(
                    &table.to_lowercase(),
                    &column[0].as_str().unwrap().to_lowercase(),
                );
                assert_eq!(row["data_type"], column[1], "{file} {row}");
                assert_eq!(row["category"], column[2], "{file} {row}");
                compared += 1;
            }
        }
    }
    assert!(compared > 3000, "{compared} facts compared");
}

/// Codes of the remarks on one file, and the exit code.
fn odd(path: &Path) -> (Vec<String>, i32) {
    let output = run(&["inspect".as_ref(), path.as_os_str(), "--json".as_ref()]);
    let files = by_file(&output);
    let odd = files.values().next().unwrap()["odd"]
        .as_array()
        .cloned()
        .unwrap_or_default();
    (
        odd.iter()
            .map(|o| o["code"].as_str().unwrap().to_owned())
            .collect(),
        code(&output),
    )
}

#[test]
fn a_file_without_footer_is_recovered_by_inspect_only() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("cut.tsfile");
    let bytes = fs::read(golden().join("java-2.4.0/table_multi.tsfile")).unwrap();
    fs::write(&path, &bytes[..3000]).unwrap();
    let (codes, exit) = odd(&path);
    assert!(
        exit == 0 && codes.contains(&"no_footer".to_owned()),
        "{codes:?}"
    );
    for command in ["ls", "schema", "meta"] {
        let file = path.to_str().unwrap();
        let output = run(&[command, file]);
        assert_eq!(code(&output), 2);
        assert!(stderr(&output).contains("--recover") && output.stdout.is_empty());
        let output = run(&[command, file, "--recover"]);
        assert_eq!(code(&output), 0, "{}", stderr(&output));
    }
    // Cut behind its data, nothing is lost: the values of single pages are counted in their bitmaps.
    let whole = TsFileReader::open(
        golden().join("java-2.4.0/table_multi.tsfile"),
        ReadOptions::new(),
    )
    .unwrap();
    fs::write(&path, &bytes[..usize::try_from(whole.data_end()).unwrap()]).unwrap();
    let output = run(&["inspect".as_ref(), path.as_os_str(), "--json".as_ref()]);
    let told = by_file(&output).into_values().next().unwrap();
    let (points, rows, _) = written(&oracle("java-2.4.0/table_multi.tsfile"));
    assert_eq!(told["points"].as_u64(), Some(points));
    assert_eq!(told["aligned_rows"].as_u64(), rows);
    assert_eq!(told["points_exact"], true);
}

#[test]
fn deletions_beside_a_file_are_told() {
    for extension in ["mods", "mods2"] {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("x.tsfile");
        fs::copy(golden().join(MIXED), &path).unwrap();
        fs::write(dir.path().join(format!("x.tsfile.{extension}")), "").unwrap();
        assert_eq!(odd(&path), (vec!["deletions_beside".to_owned()], 0));
        let file = path.to_str().unwrap();
        let output = run(&["meta", file]);
        assert_eq!(code(&output), 2);
        assert!(
            stderr(&output).contains("--ignore-mods"),
            "{}",
            stderr(&output)
        );
        assert_eq!(code(&run(&["meta", file, "--ignore-mods"])), 0);
    }
}

#[test]
fn broken_files_exit_with_2_and_do_not_hide_the_others() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("bad.tsfile");
    let bad = path.to_str().unwrap();
    fs::write(&path, "no TsFile at all").unwrap();
    for command in ["ls", "schema", "meta", "inspect"] {
        for file in [bad, "missing.tsfile"] {
            let output = run(&[command, file]);
            assert_eq!(code(&output), 2, "{command} {file}");
            assert!(stderr(&output).contains(file), "{}", stderr(&output));
        }
    }
    let output = run(&["inspect", bad, "missing.tsfile", MIXED]);
    assert_eq!(code(&output), 2);
    assert!(stdout(&output).contains(MIXED));
    assert!(stderr(&output).contains(bad) && stderr(&output).contains("missing.tsfile"));
    let output = run(&["inspect", bad, MIXED, "--json"]);
    assert_eq!(code(&output), 2);
    let told = by_file(&output);
    assert!(told[bad]["error"].is_string() && told[MIXED]["points"] == 11);

    // A damaged chunk header: all that the index knows is still shown.
    let mut bytes = fs::read(golden().join(MIXED)).unwrap();
    bytes[124] = 0x33;
    fs::write(&path, &bytes).unwrap();
    assert_eq!(odd(&path), (vec!["corrupt_chunk_headers".to_owned()], 2));
    let output = run(&["inspect", bad]);
    assert!(code(&output) == 2 && stdout(&output).contains("11 (non-null values)"));

    // An encoding that nobody knows is no damage.
    let mut bytes = fs::read(golden().join(MIXED)).unwrap();
    let header_bytes = 1 + 1 + "f_int64".len() + 1 + 3;
    bytes[124 + header_bytes - 1] = 77;
    fs::write(&path, &bytes).unwrap();
    assert_eq!(odd(&path), (vec!["unknown_codes".to_owned()], 0));
}

/// Replaces the metadata of the first timeseries of several chunks.
fn patched(dir: &Path, change: impl Fn(&mut tsfile::format::TimeseriesMetadata)) -> PathBuf {
    let source = golden().join(SEVERAL_CHUNKS);
    let mut bytes = fs::read(&source).unwrap();
    let reader = TsFileReader::open(&source, ReadOptions::new()).unwrap();
    let mut series = reader
        .index()
        .unwrap()
        .device(0)
        .unwrap()
        .timeseries(0)
        .unwrap();
    assert!(series.chunks.len() > 1);
    let serialized = |series: &tsfile::format::TimeseriesMetadata| {
        let mut w = ByteWriter::new();
        series.serialize(&mut w);
        w.into_bytes()
    };
    let before = serialized(&series);
    change(&mut series);
    let after = serialized(&series);
    assert_eq!(before.len(), after.len());
    let at = bytes
        .windows(before.len())
        .position(|w| w == before)
        .unwrap();
    bytes[at..at + after.len()].copy_from_slice(&after);
    let path = dir.join("patched.tsfile");
    fs::write(&path, bytes).unwrap();
    path
}

#[test]
fn overlaps_and_contradictions_are_found() {
    let dir = tempfile::tempdir().unwrap();
    let codes = |change: &dyn Fn(&mut tsfile::format::TimeseriesMetadata)| {
        let (codes, exit) = odd(&patched(dir.path(), change));
        assert_eq!(exit, 0);
        codes
    };
    assert!(codes(&|_| {}).is_empty());
    assert_eq!(
        codes(&|series| {
            let end = series.chunks[0].statistics.as_ref().unwrap().end_time;
            series.chunks[1].statistics.as_mut().unwrap().start_time = end;
        }),
        ["overlapping_chunks"]
    );
    assert_eq!(
        codes(&|series| series.chunks.swap(0, 1)),
        ["chunks_out_of_order"]
    );
    assert_eq!(
        codes(&|series| series.statistics.count += 1),
        ["statistics_count"]
    );
    assert_eq!(
        codes(&|series| series.statistics.end_time += 1),
        ["statistics_times"]
    );
    assert_eq!(
        codes(&|series| {
            if let ValueStatistics::Int64 { min, max, .. } = &mut series.statistics.values {
                std::mem::swap(min, max);
            }
        }),
        ["statistics_min_above_max"]
    );
    assert_eq!(
        codes(&|series| {
            let all = &mut series.statistics;
            std::mem::swap(&mut all.start_time, &mut all.end_time);
        }),
        ["statistics_start_after_end", "statistics_times"]
    );
}
