//! `convert` from TsFiles, run as a person would: every sample, every error with the command that it suggests.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that meets the unexpected fails"
)]

#[expect(
    dead_code,
    reason = "shared with the tests of the library, which need more of it"
)]
#[path = "../../tsfile/tests/it/expected.rs"]
mod expected;
mod hand_made;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use arrow_array::RecordBatch;
use arrow_ipc::reader::FileReader;
use arrow_schema::{DataType, SchemaRef, TimeUnit};
use assert_cmd::cargo::cargo_bin;
use expected::{Cell, Points, cells, check_rows, expected_points, load, same_points, tsfiles};
use hand_made::{DATE, TEXT, hand_made};
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use parquet::file::reader::{FileReader as _, SerializedFileReader};

const PROGRAM: &str = "tsfile-cli";

fn golden(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../testdata/golden")
        .join(name)
}

fn copy(dir: &Path, sample: &str, name: &str) {
    fs::copy(golden(sample), dir.join(name)).unwrap();
}

fn run(dir: &Path, args: &[&str]) -> Output {
    Command::new(cargo_bin!("tsfile-cli"))
        .current_dir(dir)
        .arg("convert")
        .args(args)
        .output()
        .unwrap()
}

fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr)
        .replace(&cargo_bin!("tsfile-cli").display().to_string(), PROGRAM)
}

/// Runs what must succeed; returns stdout.
fn ok(dir: &Path, args: &[&str]) -> String {
    let output = run(dir, args);
    assert!(output.status.success(), "{args:?}: {}", stderr(&output));
    String::from_utf8(output.stdout).unwrap()
}

/// The commands that an error suggests, without the program's path.
fn suggested(stderr: &str) -> Vec<String> {
    stderr
        .lines()
        .skip_while(|l| *l != "tsfile-cli: try:")
        .skip(1)
        .map(|l| l.trim_start().to_owned())
        .collect()
}

/// Runs what must fail with `code`, checks all that it says, and that each command that it suggests succeeds.
fn fails(dir: &Path, args: &[&str], code: i32, expected: &str) {
    let output = run(dir, args);
    let said = stderr(&output);
    assert_eq!(output.status.code(), Some(code), "{said}");
    assert_eq!(said, expected, "{args:?}");
    assert!(output.stdout.is_empty());
    let commands = suggested(&said);
    assert!(!commands.is_empty(), "{said}");
    for command in commands {
        shell(dir, &command);
    }
}

fn shell(dir: &Path, command: &str) {
    let program = cargo_bin!("tsfile-cli").display().to_string();
    let output = Command::new("sh")
        .current_dir(dir)
        .args(["-c", &command.replacen(PROGRAM, &program, 1)])
        .output()
        .unwrap();
    assert!(output.status.success(), "{command}: {}", stderr(&output));
}

fn entries(dir: &Path) -> Vec<String> {
    let mut names: Vec<_> = fs::read_dir(dir)
        .unwrap()
        .map(|e| e.unwrap().file_name().to_string_lossy().into_owned())
        .collect();
    names.sort();
    names
}

fn arrow(path: &Path) -> (SchemaRef, Vec<RecordBatch>) {
    let reader = FileReader::try_new(fs::File::open(path).unwrap(), None).unwrap();
    (reader.schema(), reader.map(Result::unwrap).collect())
}

/// Names of the columns, and rows.
fn rows(path: &Path) -> (Vec<String>, Vec<Vec<Cell>>) {
    let (schema, batches) = arrow(path);
    let mut rows = Vec::new();
    for batch in batches {
        let columns: Vec<Vec<Cell>> = batch.columns().iter().map(|c| cells(c)).collect();
        rows.extend(
            (0..batch.num_rows())
                .map(|row| columns.iter().map(|c| c[row].clone()).collect::<Vec<_>>()),
        );
    }
    let names = schema.fields().iter().map(|f| f.name().clone()).collect();
    (names, rows)
}

fn wide_points(path: &Path) -> BTreeMap<String, BTreeMap<i64, String>> {
    let (names, rows) = rows(path);
    let mut points: BTreeMap<String, BTreeMap<i64, String>> = BTreeMap::new();
    for row in rows {
        let time = row[0].as_ref().unwrap().parse().unwrap();
        for (name, cell) in names.iter().zip(row).skip(1) {
            if let Some(value) = cell {
                points.entry(name.clone()).or_default().insert(time, value);
            }
        }
    }
    points
}

fn narrow_points(path: &Path) -> Points {
    let (names, rows) = rows(path);
    let mut points = Points::new();
    for row in rows {
        let time = row[0].as_ref().unwrap().parse().unwrap();
        let device = row[1].clone().unwrap();
        for (name, cell) in names.iter().zip(row).skip(2) {
            if let Some(value) = cell {
                let series = (device.clone(), name.clone());
                points.entry(series).or_default().insert(time, value);
            }
        }
    }
    points
}

/// FLOAT shares a narrow column with DOUBLE: there it is expected as DOUBLE.
fn widened(mut points: Points, path: &Path) -> Points {
    let (schema, _) = arrow(path);
    for ((_, measurement), values) in &mut points {
        let field = schema.field_with_name(measurement).unwrap();
        for value in values.values_mut() {
            if field.data_type() == &DataType::Float64 && value.len() == 8 {
                let float = f32::from_bits(u32::from_str_radix(value, 16).unwrap());
                *value = format!("{:016x}", f64::from(float).to_bits());
            }
        }
    }
    points
}

/// Converts one sample to Arrow files in `dir`, in every form that it has, and compares.
fn check(file: &Path, dir: &Path) {
    let name = file.display().to_string();
    let json = load(&file.with_extension("json"));
    let points = expected_points(&json);
    let base = ["--dates", "int", "--to", "arrow"];
    let with = |more: &[&str]| run(dir, &[&base[..], &[&*name], more].concat());

    let output = with(&["--output-dir", "all", "--form", "wide"]);
    assert!(output.status.success(), "{}", stderr(&output));
    let mut written = entries(&dir.join("all"));
    if let Some(tables) = json["tables"].as_object() {
        for (table, contents) in tables {
            let table = table.to_lowercase();
            let (names, rows) = rows(&dir.join(format!("all/{table}.arrow")));
            check_rows(&name, &table, contents, names, rows);
            written.retain(|w| *w != format!("{table}.arrow"));
        }
    }
    let tree = written == ["tree.arrow"];
    assert!(tree || written.is_empty(), "{name}: {written:?}");
    assert!(tree || points.is_empty(), "{name}");
    if !tree {
        return;
    }
    let by_path: BTreeMap<String, _> = points
        .iter()
        .map(|((device, measurement), p)| (format!("{device}.{measurement}"), p.clone()))
        .collect();
    same_points(&name, &by_path, &wide_points(&dir.join("all/tree.arrow")));

    let output = with(&["-o", "narrow.arrow", "--form", "narrow"]);
    if output.status.success() {
        let path = dir.join("narrow.arrow");
        same_points(&name, &widened(points, &path), &narrow_points(&path));
        return;
    }
    // One measurement has types that do not widen: two devices alone, or all of them wide.
    assert_eq!(output.status.code(), Some(2), "{}", stderr(&output));
    let commands = suggested(&stderr(&output));
    assert_eq!(commands.len(), 3, "{}", stderr(&output));
    for command in &commands[..2] {
        shell(dir, command);
        let words: Vec<_> = command.split(' ').collect();
        let after = |flag: &str| words[words.iter().position(|w| *w == flag).unwrap() + 1];
        let mut of_device = points.clone();
        of_device.retain(|(device, _), _| device == after("--device"));
        assert!(!of_device.is_empty(), "{command}");
        same_points(&name, &of_device, &narrow_points(&dir.join(after("-o"))));
    }
    shell(dir, &commands[2]);
    same_points(&name, &by_path, &wide_points(&dir.join("narrow.arrow")));
}

#[test]
fn every_sample_becomes_arrow_as_it_was_written() {
    let mut cases = 0;
    let mut failed = Vec::new();
    for writer in entries(&golden("")) {
        for file in tsfiles(&golden(&writer)) {
            cases += 1;
            let file = file.canonicalize().unwrap();
            let dir = tempfile::tempdir().unwrap();
            if std::panic::catch_unwind(|| check(&file, dir.path())).is_err() {
                failed.push(file.display().to_string());
            }
        }
    }
    assert!(failed.is_empty(), "{}", failed.join("\n"));
    assert_eq!(cases, 128);
}

#[test]
fn several_tables_need_one_command_each() {
    let dir = tempfile::tempdir().unwrap();
    copy(dir.path(), "java-2.4.0/table_multi.tsfile", "it's.tsfile");
    fails(
        dir.path(),
        &["it's.tsfile", "-o", "out.csv", "--start", "-5"],
        1,
        r"tsfile-cli: error: it's.tsfile: expected one table, found the 4 tables mixed_case, notags, plants, zeta; name one with -t TABLE, or write them all with --output-dir
tsfile-cli: try:
  tsfile-cli convert 'it'\''s.tsfile' -o out.mixed_case.csv --table mixed_case --start=-5
  tsfile-cli convert 'it'\''s.tsfile' -o out.notags.csv --table notags --start=-5
  tsfile-cli convert 'it'\''s.tsfile' -o out.plants.csv --table plants --start=-5
  tsfile-cli convert 'it'\''s.tsfile' -o out.zeta.csv --table zeta --start=-5
  tsfile-cli convert 'it'\''s.tsfile' --output-dir out --to csv --start=-5
",
    );
    let names = ["mixed_case", "notags", "plants", "zeta"];
    assert_eq!(
        entries(&dir.path().join("out")),
        names.map(|n| format!("{n}.csv"))
    );
    for name in names {
        assert_eq!(
            fs::read(dir.path().join(format!("out/{name}.csv"))).unwrap(),
            fs::read(dir.path().join(format!("out.{name}.csv"))).unwrap()
        );
    }
    // Nothing is replaced unless asked.
    let again = run(
        dir.path(),
        &["it's.tsfile", "--output-dir", "out", "--to", "csv"],
    );
    assert_eq!(again.status.code(), Some(3));
    assert_eq!(
        stderr(&again),
        r"tsfile-cli: error: out/mixed_case.csv: exists already; --force replaces it
tsfile-cli: try:
  tsfile-cli convert 'it'\''s.tsfile' --output-dir out --to csv --force
"
    );
    shell(dir.path(), &suggested(&stderr(&again))[0]);
}

#[test]
fn tags_choose_the_devices_of_a_table() {
    let dir = tempfile::tempdir().unwrap();
    copy(dir.path(), "cpp-2.5.0/table_two_tables.tsfile", "x.tsfile");
    let ids = |flags: &[&str]| {
        let args = ["x.tsfile", "-o", "-", "--to", "csv", "-t", "t1"];
        let out = ok(dir.path(), &[&args, flags].concat());
        let mut ids: Vec<String> = out
            .lines()
            .skip(1)
            .map(|l| l.split(',').nth(1).unwrap().to_owned())
            .collect();
        ids.dedup();
        ids.join(" ")
    };
    assert_eq!(ids(&["--tag-filter", "ID", "eq", "dev1"]), "dev1");
    assert_eq!(
        ids(&["--tag-filter", "id", "neq", "dev1"]),
        "dev0 dev2 dev3"
    );
    assert_eq!(
        ids(&["--tag-filter", "id", "regexp", "dev[12]"]),
        "dev1 dev2"
    );
    assert_eq!(ids(&["--tag-filter", "id", "is-null"]), "");
    let two = [
        "--tag-filter",
        "id",
        "not-null",
        "--tag-filter",
        "id",
        "eq",
        "dev3",
    ];
    assert_eq!(ids(&[&two[..], &["--tag-match", "all"]].concat()), "dev3");
    assert_eq!(
        ids(&[&two[..], &["--tag-match", "any"]].concat()),
        "dev0 dev1 dev2 dev3"
    );
    // Only one of the tables has the tag.
    fails(
        dir.path(),
        &["x.tsfile", "-o", "x.csv", "--tag-filter", "id", "is-null"],
        1,
        "tsfile-cli: error: x.tsfile: expected one table, found the 2 tables t1, t2; name one with -t TABLE, or write them all with --output-dir\n\
         tsfile-cli: try:\n  tsfile-cli convert x.tsfile -o x.t1.csv --table t1 --tag-filter id is-null\n",
    );
    for (flags, told) in [
        (
            &["-t", "t1", "--tag-filter", "v", "eq", "1"][..],
            "no tag v; there are: id",
        ),
        (
            &["-t", "t2", "--tag-filter", "id", "eq", "1"],
            "it has no tags",
        ),
        (
            &["-t", "t1", "--tag-filter", "id", "like", "1"],
            "expected TAG eq|neq|regexp VALUE",
        ),
        (
            &["-t", "t1", "--tag-filter", "id", "regexp", "("],
            "no regular expression",
        ),
        (&["-t", "t1", "--tag-match", "all"], "leave it out"),
        (&[&["-t", "t1"], &two[..]].concat()[..], "need --tag-match"),
        (
            &["-d", "root.a", "--tag-filter", "id", "is-null"],
            "leave out -d",
        ),
    ] {
        let args = [&["x.tsfile", "-o", "-", "--to", "csv"], flags].concat();
        let output = run(dir.path(), &args);
        assert_eq!(output.status.code(), Some(1), "{flags:?}");
        assert!(
            stderr(&output).contains(told),
            "{flags:?}: {}",
            stderr(&output)
        );
        assert!(output.stdout.is_empty());
    }
}

#[test]
fn both_models_need_one_command_each() {
    let dir = tempfile::tempdir().unwrap();
    copy(dir.path(), "java-2.4.0/mixed_tree_table.tsfile", "x.tsfile");
    fails(
        dir.path(),
        &["x.tsfile", "-o", "x.parquet"],
        1,
        "\
tsfile-cli: error: x.tsfile: expected one model, found both, tree devices and the table tab, which no single form shows
tsfile-cli: try:
  tsfile-cli convert x.tsfile -o x.tree.parquet --form wide
  tsfile-cli convert x.tsfile -o x.parquet --table tab
  tsfile-cli convert x.tsfile --output-dir x --to parquet
",
    );
    assert_eq!(
        entries(&dir.path().join("x")),
        ["tab.parquet", "tree.parquet"]
    );
    assert_eq!(
        fs::read(dir.path().join("x/tab.parquet")).unwrap(),
        fs::read(dir.path().join("x.parquet")).unwrap()
    );
}

#[test]
fn output_dir_needs_a_format() {
    let dir = tempfile::tempdir().unwrap();
    copy(dir.path(), "java-2.4.0/mixed_tree_table.tsfile", "x.tsfile");
    fails(
        dir.path(),
        &["x.tsfile", "--output-dir", "x"],
        1,
        "\
tsfile-cli: error: x: --output-dir needs a format; add --to parquet, arrow, csv, tsv or ndjson
tsfile-cli: try:
  tsfile-cli convert x.tsfile --output-dir x --to parquet
",
    );
}

#[test]
fn types_that_do_not_widen_name_both_devices() {
    let dir = tempfile::tempdir().unwrap();
    copy(dir.path(), "java-2.4.0/enc_plain.tsfile", "x.tsfile");
    fails(
        dir.path(),
        &["x.tsfile", "-o", "x.csv", "--form", "narrow"],
        2,
        "\
tsfile-cli: error: x.tsfile: schema: measurement \"edge\" is BLOB in device root.sg.blob and BOOLEAN in device root.sg.boolean; read one of the two devices (-d root.sg.boolean), or use the wide form
tsfile-cli: try:
  tsfile-cli convert x.tsfile -o x.root.sg.blob.csv --form narrow --device root.sg.blob
  tsfile-cli convert x.tsfile -o x.root.sg.boolean.csv --form narrow --device root.sg.boolean
  tsfile-cli convert x.tsfile -o x.csv --form wide
",
    );
}

#[test]
fn the_wrong_model_is_refused_with_the_right_command() {
    let dir = tempfile::tempdir().unwrap();
    copy(
        dir.path(),
        "java-2.4.0/table_builder.tsfile",
        "table.tsfile",
    );
    copy(dir.path(), "java-2.4.0/multi.tsfile", "tree.tsfile");
    fails(
        dir.path(),
        &["table.tsfile", "-o", "a.csv", "--form", "wide"],
        1,
        "\
tsfile-cli: error: table.tsfile: the form wide shows tree devices; expected one at least, found only the table sensors
tsfile-cli: try:
  tsfile-cli convert table.tsfile -o a.csv --table sensors
",
    );
    fails(
        dir.path(),
        &["tree.tsfile", "-o", "b.csv", "--form", "table"],
        1,
        "\
tsfile-cli: error: tree.tsfile: expected a table, found none, only tree devices; they have the forms wide and narrow
tsfile-cli: try:
  tsfile-cli convert tree.tsfile -o b.csv
",
    );
    fails(
        dir.path(),
        &["table.tsfile", "-o", "c.csv", "--form", "narrow", "-t", "sensors"],
        1,
        "\
tsfile-cli: error: table.tsfile: table sensors is shown by the form table only; expected --form table, found --form narrow
tsfile-cli: try:
  tsfile-cli convert table.tsfile -o c.csv --table sensors
",
    );
}

#[test]
fn deletions_beside_a_file_are_not_overlooked() {
    let dir = tempfile::tempdir().unwrap();
    copy(dir.path(), "java-2.4.0/multi.tsfile", "x.tsfile");
    fs::write(dir.path().join("x.tsfile.mods"), "").unwrap();
    fails(
        dir.path(),
        &["x.tsfile", "-o", "x.parquet"],
        2,
        "\
tsfile-cli: error: x.tsfile: deletions lie beside the file in x.tsfile.mods: rows deleted there would reappear; open with `ignore_mods` (--ignore-mods) to read them all the same
tsfile-cli: try:
  tsfile-cli convert x.tsfile -o x.parquet --ignore-mods
",
    );
}

#[test]
fn without_a_footer_whole_chunk_groups_are_recovered() {
    let dir = tempfile::tempdir().unwrap();
    let mut bytes = fs::read(golden("java-2.4.0/multi.tsfile")).unwrap();
    bytes.truncate(bytes.len() / 2);
    fs::write(dir.path().join("dead.tsfile"), &bytes).unwrap();
    fails(
        dir.path(),
        &["dead.tsfile", "-o", "x.ndjson"],
        2,
        &format!(
            "\
tsfile-cli: error: dead.tsfile: footer: the file has no footer: its writer died or is still at work at byte {}; expected the magic \"TsFile\" at the end; open with `recover` (--recover) to read up to the last whole chunk group
tsfile-cli: try:
  tsfile-cli convert dead.tsfile -o x.ndjson --recover
",
            bytes.len()
        ),
    );
    let whole = ok(
        dir.path(),
        &[
            golden("java-2.4.0/multi.tsfile").to_str().unwrap(),
            "-o",
            "-",
            "--to",
            "csv",
        ],
    );
    let recovered = fs::read_to_string(dir.path().join("x.ndjson")).unwrap();
    assert!(recovered.lines().count() > 0);
    assert!(recovered.lines().count() < whole.lines().count());
}

#[test]
fn outputs_and_formats_that_are_refused_come_with_a_command() {
    let dir = tempfile::tempdir().unwrap();
    copy(dir.path(), "cpp-2.5.0/tree_minimal.tsfile", "x.tsfile");
    fs::write(dir.path().join("x.csv"), "before").unwrap();
    fails(
        dir.path(),
        &["x.tsfile", "-o", "x.csv"],
        3,
        "\
tsfile-cli: error: x.csv: exists already; --force replaces it
tsfile-cli: try:
  tsfile-cli convert x.tsfile -o x.csv --force
",
    );
    fails(
        dir.path(),
        &["x.tsfile", "-o", "x.out"],
        1,
        "\
tsfile-cli: error: x.out: its extension names no format; add --to tsfile, parquet, arrow, csv, tsv or ndjson
tsfile-cli: try:
  tsfile-cli convert x.tsfile -o x.out --to parquet
",
    );
    let onto_itself = run(
        dir.path(),
        &["x.tsfile", "-o", "x.tsfile", "--to", "csv", "--force"],
    );
    assert_eq!(onto_itself.status.code(), Some(3));
    assert_eq!(
        fs::read(dir.path().join("x.tsfile")).unwrap(),
        fs::read(golden("cpp-2.5.0/tree_minimal.tsfile")).unwrap()
    );
}

const INT32: u8 = 1;

#[test]
fn values_that_do_not_fit_have_flags() {
    let dir = tempfile::tempdir().unwrap();
    fs::write(
        dir.path().join("text.tsfile"),
        hand_made(&[("s", TEXT, &[0x04, 0xff, b'x'])]),
    )
    .unwrap();
    fs::write(
        dir.path().join("date.tsfile"),
        hand_made(&[("s", DATE, &[0x0e])]), // 7
    )
    .unwrap();
    let failure = run(
        dir.path(),
        &["text.tsfile", "-o", "-", "--to", "csv", "--recover"],
    );
    assert_eq!(failure.status.code(), Some(2));
    let said = stderr(&failure);
    assert!(
        said.contains("error: text.tsfile: text: bytes that are no UTF-8 (measurement root.d.s) at time 7; found 0xff78; "),
        "{said}"
    );
    let commands = suggested(&said);
    assert_eq!(
        commands,
        [
            "tsfile-cli convert text.tsfile -o - --to csv --text lossy --recover",
            "tsfile-cli convert text.tsfile -o - --to csv --text binary --recover"
        ]
    );
    let text = |flag| {
        ok(
            dir.path(),
            &[
                "text.tsfile",
                "-o",
                "-",
                "--to",
                "csv",
                "--recover",
                "--text",
                flag,
            ],
        )
    };
    assert_eq!(text("lossy"), "time,root.d.s\n7,\u{fffd}x\n");
    assert_eq!(text("binary"), "time,root.d.s\n7,0xff78\n");

    let failure = run(dir.path(), &["date.tsfile", "-o", "d.csv", "--recover"]);
    assert_eq!(failure.status.code(), Some(2));
    let said = stderr(&failure);
    assert!(
        said.contains("error: date.tsfile: date: an integer that is no date (measurement root.d.s) at time 7; expected yyyymmdd, found 7; "),
        "{said}"
    );
    assert_eq!(suggested(&said).len(), 2);
    for (command, expected) in suggested(&said).iter().zip(["7,\n", "7,7\n"]) {
        shell(dir.path(), command);
        let text = fs::read_to_string(dir.path().join("d.csv")).unwrap();
        assert_eq!(text, format!("time,root.d.s\n{expected}"));
        fs::remove_file(dir.path().join("d.csv")).unwrap();
    }
}

#[test]
fn more_than_1000_timeseries_are_not_wide_by_default() {
    let dir = tempfile::tempdir().unwrap();
    let names: Vec<_> = (0..1001).map(|i| format!("s{i}")).collect();
    let series: Vec<_> = names
        .iter()
        .map(|n| (n.as_str(), INT32, &[2u8][..]))
        .collect();
    fs::write(dir.path().join("x.tsfile"), hand_made(&series)).unwrap();
    let args = ["x.tsfile", "-o", "-", "--to", "csv", "--recover"];
    let failure = run(dir.path(), &args);
    assert_eq!(failure.status.code(), Some(1));
    let recovered = "tsfile-cli: x.tsfile: has no footer; what is up to its last whole chunk group was recovered\n";
    assert_eq!(
        stderr(&failure),
        format!("{recovered}\
tsfile-cli: error: x.tsfile: the default form is wide, one column per timeseries; expected at most 1000 timeseries, found 1001; choose the form narrow, or wide by name
tsfile-cli: try:
  tsfile-cli convert x.tsfile -o - --to csv --form narrow --recover
  tsfile-cli convert x.tsfile -o - --to csv --form wide --recover
")
    );
    for command in suggested(&stderr(&failure)) {
        shell(dir.path(), &command);
    }
    // What -m leaves is few enough.
    let few = ok(
        dir.path(),
        &[
            &args[..],
            &["-m", "s0", "-m", "root.d.s1", "-m", "root.d.s0"],
        ]
        .concat(),
    );
    assert_eq!(few, "time,root.d.s0,root.d.s1\n7,1,1\n");
}

#[test]
fn scope_range_and_rows() {
    let dir = tempfile::tempdir().unwrap();
    copy(dir.path(), "java-2.4.0/table_multi.tsfile", "t.tsfile");
    copy(dir.path(), "cpp-2.5.0/tree_minimal.tsfile", "m.tsfile");
    let text = ok(
        dir.path(),
        &[
            "t.tsfile",
            "-o",
            "-",
            "--to",
            "csv",
            "-t",
            "mixed_case",
            "-m",
            "f_double",
            "--start",
            "0",
            "--end",
            "1",
        ],
    );
    assert!(
        text.starts_with("time,tag1,f_double\n0,,20.0\n1,,21.99\n"),
        "{text}"
    );
    let tsv = ok(
        dir.path(),
        &[
            "t.tsfile",
            "-o",
            "-",
            "--to",
            "tsv",
            "-t",
            "mixed_case",
            "-m",
            "f_double",
            "--start",
            "0",
            "--end",
            "0",
        ],
    );
    assert!(
        tsv.starts_with("time\ttag1\tf_double\n0\t\t20.0\n"),
        "{tsv}"
    );
    let json = ok(
        dir.path(),
        &[
            "t.tsfile",
            "-o",
            "-",
            "--to",
            "ndjson",
            "-t",
            "mixed_case",
            "-m",
            "f_double",
            "--end",
            "0",
            "--time",
            "timestamp",
            "--time-unit",
            "ns",
        ],
    );
    assert!(
        json.starts_with(
            "{\"time\":\"1970-01-01T00:00:00.000000000Z\",\"tag1\":null,\"f_double\":20.0}\n"
        ),
        "{json}"
    );
    let projected = run(
        dir.path(),
        &[
            "t.tsfile",
            "-o",
            "-",
            "--to",
            "csv",
            "-t",
            "zeta",
            "--rows",
            "projected",
        ],
    );
    assert_eq!(projected.status.code(), Some(1));
    for (flag, value) in [("-d", "root.none"), ("-m", "none"), ("-t", "none")] {
        let failure = run(
            dir.path(),
            &["m.tsfile", "-o", "-", "--to", "csv", flag, value],
        );
        let said = stderr(&failure);
        assert_eq!(failure.status.code(), Some(1), "{said}");
        assert!(
            said.starts_with("tsfile-cli: error: m.tsfile: there is no ") && said.contains(value),
            "{said}"
        );
    }
}

#[test]
fn parquet_and_arrow_keep_types_order_and_facts() {
    let dir = tempfile::tempdir().unwrap();
    copy(dir.path(), "java-2.4.0/table_multi.tsfile", "t.tsfile");
    copy(dir.path(), "cpp-2.5.0/tree_many_devices.tsfile", "d.tsfile");
    ok(dir.path(), &["t.tsfile", "-o", "t.parquet", "-t", "plants"]);
    ok(
        dir.path(),
        &[
            "t.tsfile",
            "-o",
            "t.arrow",
            "-t",
            "plants",
            "--time-unit",
            "us",
        ],
    );
    ok(
        dir.path(),
        &["d.tsfile", "-o", "w.parquet", "--time", "raw"],
    );
    ok(
        dir.path(),
        &["d.tsfile", "-o", "n.parquet", "--form", "narrow"],
    );
    ok(
        dir.path(),
        &[
            "d.tsfile",
            "d.tsfile",
            "-o",
            "two.parquet",
            "--form",
            "narrow",
        ],
    );
    for (name, order) in [
        ("t", &[1, 2, 3, 0][..]),
        ("w", &[0]),
        ("n", &[1, 0]),
        ("two", &[]),
    ] {
        let file = fs::File::open(dir.path().join(format!("{name}.parquet"))).unwrap();
        let reader = SerializedFileReader::new(file).unwrap();
        let sorted = reader.metadata().row_group(0).sorting_columns();
        let sorted: Vec<_> = sorted.into_iter().flatten().map(|s| s.column_idx).collect();
        assert_eq!(sorted, order, "{name}");
    }
    let open = |name: &str| {
        let file = fs::File::open(dir.path().join(name)).unwrap();
        ParquetRecordBatchReaderBuilder::try_new(file).unwrap()
    };
    let (arrow_schema, batches) = arrow(&dir.path().join("t.arrow"));
    let utc = |unit| DataType::Timestamp(unit, Some("UTC".into()));
    assert_eq!(
        arrow_schema.field(0).data_type(),
        &utc(TimeUnit::Microsecond)
    );
    let parquet = open("t.parquet");
    assert_eq!(
        parquet.schema().field(0).data_type(),
        &utc(TimeUnit::Millisecond)
    );
    assert_eq!(
        open("w.parquet").schema().field(0).data_type(),
        &DataType::Int64
    );
    for schema in [&arrow_schema, parquet.schema()] {
        let field = schema.field_with_name("f_double").unwrap();
        assert_eq!(field.metadata()["tsfile.type"], "DOUBLE");
        assert_eq!(field.metadata()["tsfile.category"], "FIELD");
        assert_eq!(schema.field(1).metadata()["tsfile.category"], "TAG");
        assert_eq!(schema.field(0).metadata()["tsfile.model"], "table");
    }
    let rows: usize = batches.iter().map(RecordBatch::num_rows).sum();
    let read: usize = parquet
        .build()
        .unwrap()
        .map(|b| b.unwrap().num_rows())
        .sum();
    assert_eq!((rows, read), (84, 84));
    let rows = |name| open(name).metadata().file_metadata().num_rows();
    assert_eq!(rows("two.parquet"), 2 * rows("n.parquet"));
}

#[test]
fn several_files_come_in_the_order_given() {
    let dir = tempfile::tempdir().unwrap();
    copy(dir.path(), "cpp-2.5.0/tree_minimal.tsfile", "a.tsfile");
    copy(dir.path(), "cpp-2.5.0/tree_time_plain.tsfile", "b.tsfile");
    let csv = |inputs: &[&str]| {
        ok(
            dir.path(),
            &[inputs, &["-o", "-", "--to", "csv", "--form", "narrow"]].concat(),
        )
    };
    let (a, b) = (csv(&["a.tsfile"]), csv(&["b.tsfile"]));
    let (header, a_rows) = a.split_once('\n').unwrap();
    let (other, b_rows) = b.split_once('\n').unwrap();
    if header == other {
        assert_eq!(
            csv(&["a.tsfile", "b.tsfile"]),
            format!("{header}\n{a_rows}{b_rows}")
        );
    }
    assert_eq!(
        csv(&["a.tsfile", "a.tsfile"]),
        format!("{header}\n{a_rows}{a_rows}")
    );
    let mixed = dir.path().join("x.csv");
    fs::write(&mixed, "time\n1\n").unwrap();
    assert_eq!(
        run(dir.path(), &["a.tsfile", "x.csv", "-o", "y.csv"])
            .status
            .code(),
        Some(1)
    );
}

#[test]
fn types_that_differ_between_files_need_one_command_each() {
    let dir = tempfile::tempdir().unwrap();
    fs::write(
        dir.path().join("a.tsfile"),
        hand_made(&[("s", INT32, &[2])]),
    )
    .unwrap();
    fs::write(
        dir.path().join("b.tsfile"),
        hand_made(&[("s", TEXT, &[2, b'x'])]),
    )
    .unwrap();
    for form in ["wide", "narrow"] {
        let failure = run(
            dir.path(),
            &[
                "a.tsfile",
                "b.tsfile",
                "-o",
                "x.csv",
                "--form",
                form,
                "--recover",
                "--force",
            ],
        );
        let said = stderr(&failure);
        assert_eq!(failure.status.code(), Some(2), "{said}");
        assert!(
            said.contains("is INT32 in device root.d of a.tsfile and TEXT in device root.d"),
            "{said}"
        );
        assert_eq!(
            suggested(&said),
            ["a", "b"].map(|n| format!(
                "tsfile-cli convert {n}.tsfile -o x.{n}.csv --form {form} --recover --force"
            ))
        );
        for command in suggested(&said) {
            shell(dir.path(), &command);
        }
    }
}

#[test]
fn a_measurement_called_time_is_warned_about_and_the_columns_can_be_renamed() {
    let dir = tempfile::tempdir().unwrap();
    fs::write(
        dir.path().join("a.tsfile"),
        hand_made(&[("time", INT32, &[2])]),
    )
    .unwrap();
    let narrow = [
        "a.tsfile",
        "-o",
        "-",
        "--to",
        "csv",
        "--form",
        "narrow",
        "--recover",
    ];
    let plain = run(dir.path(), &narrow);
    assert!(stderr(&plain).contains("two columns are called \"time\""));
    let renamed = [
        &narrow[..],
        &["--time-column", "t", "--device-column", "who"],
    ]
    .concat();
    let renamed = run(dir.path(), &renamed);
    assert!(!stderr(&renamed).contains("two columns"));
    let text = String::from_utf8(renamed.stdout).unwrap();
    assert!(text.starts_with("t,who,time\n"), "{text}");
}
