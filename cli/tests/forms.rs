//! `convert` between the forms wide, narrow and table, for inputs that are no TsFiles.
#![expect(clippy::unwrap_used, reason = "a test that meets the unexpected fails")]

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use assert_cmd::cargo::cargo_bin;

const WIDE: &str = "time,root.ln.d1.s,root.ln.d1.x,root.ln.d2.s\n1,a,0.5,\n2,,1.5,b\n";
const NARROW: &str =
    "time,device_name,s,x\n1,root.ln.d1,a,0.5\n2,root.ln.d1,,1.5\n2,root.ln.d2,b,\n";
const TABLE: &str = "time,device,s,x\n1,d1,a,0.5\n2,d1,,1.5\n2,d2,b,\n";

fn run(dir: &Path, args: &[&str]) -> Output {
    Command::new(cargo_bin!("tsfile-cli"))
        .current_dir(dir)
        .arg("convert")
        .args(args)
        .output()
        .unwrap()
}

fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).replace(
        &cargo_bin!("tsfile-cli").display().to_string(),
        "tsfile-cli",
    )
}

fn csv(dir: &Path, args: &[&str]) -> String {
    let output = run(dir, &[args, &["-o", "-", "--to", "csv"]].concat());
    assert!(output.status.success(), "{args:?}: {}", stderr(&output));
    String::from_utf8(output.stdout).unwrap()
}

fn inputs() -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    for (name, text) in [("wide", WIDE), ("narrow", NARROW), ("table", TABLE)] {
        fs::write(dir.path().join(format!("{name}.csv")), text).unwrap();
    }
    dir
}

#[test]
fn every_form_becomes_every_other() {
    let dir = inputs();
    let dir = dir.path();
    let tags = ["--tags", "device"];
    let table = ["-t", "root.ln", "--tags", "device"];
    for (input, to, more, expected) in [
        ("wide.csv", "wide", &[][..], WIDE),
        ("wide.csv", "narrow", &[], NARROW),
        ("wide.csv", "table", &tags, TABLE),
        ("narrow.csv", "wide", &[], WIDE),
        ("narrow.csv", "narrow", &[], NARROW),
        ("narrow.csv", "table", &tags, TABLE),
        ("table.csv", "wide", &table, WIDE),
        ("table.csv", "narrow", &table, NARROW),
    ] {
        let args = [&[input, "--form", to][..], more].concat();
        assert_eq!(csv(dir, &args), expected, "{args:?}");
    }
}

#[test]
fn parquet_goes_there_and_back() {
    let dir = inputs();
    let dir = dir.path();
    let step = |from: &str, to: &str, more: &[&str]| {
        let output = run(dir, &[&[from, "-o", to], more].concat());
        assert!(output.status.success(), "{}", stderr(&output));
    };
    step("wide.csv", "wide.parquet", &[]);
    step("wide.parquet", "narrow.parquet", &["--form", "narrow"]);
    step(
        "narrow.parquet",
        "table.arrow",
        &["--form", "table", "--tags", "device"],
    );
    step(
        "table.arrow",
        "again.ndjson",
        &["--form", "wide", "-t", "root.ln", "--tags", "device"],
    );
    assert_eq!(csv(dir, &["narrow.parquet"]), NARROW);
    assert_eq!(csv(dir, &["table.arrow"]), TABLE);
    assert_eq!(csv(dir, &["again.ndjson"]), WIDE);
}

#[test]
fn a_table_that_came_from_a_tsfile_knows_its_tags() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    let golden = Path::new(env!("CARGO_MANIFEST_DIR")).join("../testdata/golden/java-2.4.0");
    fs::copy(golden.join("mixed_tree_table.tsfile"), dir.join("x.tsfile")).unwrap();
    let output = run(dir, &["x.tsfile", "-t", "tab", "-o", "tab.parquet"]);
    assert!(output.status.success(), "{}", stderr(&output));
    assert_eq!(
        csv(
            dir,
            &[
                "tab.parquet",
                "--form",
                "narrow",
                "-t",
                "tab",
                "-m",
                "f_double"
            ]
        ),
        "time,device_name,f_double\n0,tab.x,20.0\n1,tab.x,20.125\n2,tab.x,20.25\n"
    );
    // From TsFile to Parquet and then to another form is the same as to that form at once.
    for (middle, form) in [("wide", "narrow"), ("narrow", "wide")] {
        let name = format!("{middle}.parquet");
        let output = run(dir, &["x.tsfile", "--form", middle, "-o", &name]);
        assert!(output.status.success(), "{}", stderr(&output));
        assert_eq!(
            csv(dir, &[&name, "--form", form]),
            csv(dir, &["x.tsfile", "--form", form])
        );
    }
}

#[test]
fn what_is_missing_is_suggested() {
    let dir = inputs();
    let dir = dir.path();
    for (args, expected, result) in [
        (
            &["narrow.csv", "--form", "table", "-o", "a.csv"][..],
            "\
tsfile-cli: error: narrow.csv: in the form table, the last nodes of device names are tags; expected --tags with a name for each, found devices such as \"root.ln.d1\"
tsfile-cli: try:
  tsfile-cli convert narrow.csv -o a.csv --form table --tags tag1
",
            "time,tag1,s,x\n",
        ),
        (
            &["wide.csv", "--form", "table", "-o", "b.csv"],
            "\
tsfile-cli: error: wide.csv: in the form table, the last nodes of device names are tags; expected --tags with a name for each, found devices such as \"root.ln.d1\"
tsfile-cli: try:
  tsfile-cli convert wide.csv -o b.csv --form table --tags tag1
",
            "time,tag1,s,x\n",
        ),
        (
            &["table.csv", "--form", "wide", "--input-form", "table", "-o", "c.csv"],
            "\
tsfile-cli: error: table.csv: from the form table, device names are made of the table and its tags; expected -t TABLE and --tags NAME,NAME
tsfile-cli: try:
  tsfile-cli convert table.csv -o c.csv --form wide --input-form table --tags device,s --table table
",
            "time,table.d1.x,",
        ),
        (
            &["table.csv", "-t", "root.ln", "--tags", "device", "-o", "d.csv"],
            "\
tsfile-cli: error: table.csv: -t and --tags tell how to change the form; expected --form with them
tsfile-cli: try:
  tsfile-cli convert table.csv -o d.csv --form narrow --tags device --table root.ln
",
            "time,device_name,s,x\n",
        ),
    ] {
        let output = run(dir, args);
        assert_eq!(output.status.code(), Some(1));
        assert_eq!(stderr(&output), expected);
        let command = expected.lines().last().unwrap().trim_start();
        let program = cargo_bin!("tsfile-cli").display().to_string();
        let output = Command::new("sh")
            .current_dir(dir)
            .args(["-c", &command.replacen("tsfile-cli", &program, 1)])
            .output()
            .unwrap();
        assert!(output.status.success(), "{command}: {}", stderr(&output));
        let written = fs::read_to_string(dir.join(args[args.len() - 1])).unwrap();
        assert!(written.starts_with(result), "{written}");
    }
    for args in [
        &["wide.csv", "-o", "x.csv", "-d", "root.ln.d1"][..],
        &["wide.csv", "-o", "x.csv", "--recover"],
        &["wide.csv", "-o", "x.csv", "--rows", "projected"],
        &["wide.csv", "--output-dir", "x", "--to", "csv"],
    ] {
        let output = run(dir, args);
        assert_eq!(output.status.code(), Some(1), "{args:?}");
        assert!(stderr(&output).contains("is for TsFiles; leave it out"));
    }
}
