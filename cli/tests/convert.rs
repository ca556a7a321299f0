//! `convert` between formats that are no TsFiles, run as a person would.

use std::fs;
use std::path::Path;
use std::process::{Output, Stdio};

use assert_cmd::cargo::cargo_bin_cmd;

const CSV: &str = "time,device_name,s,x\n1,root.d1,\"\",0.5\n2,root.d1,,nan\n1,root.d2,a,\n";

fn run(dir: &Path, args: &[&str]) -> Output {
    cargo_bin_cmd!("tsfile-cli")
        .current_dir(dir)
        .args(args)
        .output()
        .expect("the binary runs")
}

fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

fn stdout(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn code(output: &Output) -> i32 {
    output.status.code().expect("ended by itself")
}

fn entries(dir: &Path) -> Vec<String> {
    let mut names: Vec<_> = fs::read_dir(dir)
        .expect("readable")
        .map(|e| {
            e.expect("readable")
                .file_name()
                .to_string_lossy()
                .into_owned()
        })
        .collect();
    names.sort();
    names
}

#[test]
fn usage_errors_exit_with_1_and_help_with_0() {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("in.csv"), CSV).unwrap();
    for args in [
        &[][..],
        &["nonsense"],
        &["convert"],
        &["convert", "in.csv"],
        &["convert", "in.csv", "-o", "out.unknown"],
        &["convert", "in.csv", "-o", "out.csv", "--to", "xml"],
        &["convert", "in.csv", "-o", "out.csv", "-m", "missing"],
        &["convert", "in.csv", "-o", "out.csv", "--start", "soon"],
        &["convert", "in.csv", "-o", "out.csv", "-d", "a", "-t", "b"],
    ] {
        let output = run(dir.path(), args);
        assert_eq!(code(&output), 1, "{args:?}: {}", stderr(&output));
        assert!(output.stdout.is_empty(), "{args:?}");
    }
    for args in [&["--help"][..], &["--version"], &["convert", "--help"]] {
        let output = run(dir.path(), args);
        assert_eq!(code(&output), 0, "{args:?}");
        assert!(
            !output.stdout.is_empty() && output.stderr.is_empty(),
            "{args:?}"
        );
    }
    assert_eq!(entries(dir.path()), ["in.csv"]);
}

#[test]
fn input_errors_exit_with_2_and_leave_nothing() {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("bad.csv"), "a,b\n1,2\n3\n").unwrap();
    fs::write(dir.path().join("bad.parquet"), "PAR1 and nothing else").unwrap();
    fs::write(dir.path().join("what.bin"), "?").unwrap();
    fs::write(dir.path().join("out.csv"), "before").unwrap();
    for input in ["missing.csv", "bad.csv", "bad.parquet", "what.bin"] {
        let output = run(dir.path(), &["convert", input, "-o", "out.csv", "--force"]);
        assert_eq!(code(&output), 2, "{input}: {}", stderr(&output));
        assert!(stderr(&output).contains(input), "{}", stderr(&output));
    }
    assert_eq!(
        fs::read_to_string(dir.path().join("out.csv")).unwrap(),
        "before"
    );
    assert_eq!(
        entries(dir.path()),
        ["bad.csv", "bad.parquet", "out.csv", "what.bin"]
    );
}

#[test]
fn output_errors_exit_with_3_and_touch_nothing() {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("in.csv"), CSV).unwrap();
    fs::write(dir.path().join("out.csv"), "before").unwrap();
    for args in [
        &["convert", "in.csv", "-o", "out.csv"][..],
        &["convert", "in.csv", "-o", "in.csv", "--force"],
        &["convert", "in.csv", "-o", "no/such/out.csv"],
    ] {
        let output = run(dir.path(), args);
        assert_eq!(code(&output), 3, "{args:?}: {}", stderr(&output));
    }
    assert_eq!(
        fs::read_to_string(dir.path().join("out.csv")).unwrap(),
        "before"
    );
    assert_eq!(fs::read_to_string(dir.path().join("in.csv")).unwrap(), CSV);
    assert_eq!(entries(dir.path()), ["in.csv", "out.csv"]);
}

#[test]
fn every_pair_of_formats_round_trips() {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("in.csv"), CSV).unwrap();
    for format in ["parquet", "arrow", "tsv", "ndjson", "csv"] {
        let middle = format!("middle.{format}");
        let output = run(dir.path(), &["convert", "in.csv", "-o", &middle]);
        assert_eq!(code(&output), 0, "{}", stderr(&output));
        let output = run(dir.path(), &["convert", &middle, "-o", "-", "--to", "csv"]);
        assert_eq!(stdout(&output), CSV, "{format}: {}", stderr(&output));
    }
}

#[test]
fn ndjson_to_stdout() {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("in.csv"), CSV).unwrap();
    let output = run(
        dir.path(),
        &[
            "convert", "in.csv", "-o", "-", "--to", "ndjson", "-m", "x", "--start", "2",
        ],
    );
    assert_eq!(
        stdout(&output),
        "{\"time\":2,\"device_name\":\"root.d1\",\"x\":\"NaN\"}\n",
        "{}",
        stderr(&output)
    );
    assert!(output.stderr.is_empty());
}

#[test]
fn assumed_time_unit_is_said() {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("in.csv"), CSV).unwrap();
    let assumed = run(
        dir.path(),
        &[
            "convert",
            "in.csv",
            "-o",
            "-",
            "--to",
            "csv",
            "--time",
            "timestamp",
        ],
    );
    assert!(stdout(&assumed).contains("\n1970-01-01T00:00:00.001Z,root.d1,"));
    assert!(stderr(&assumed).contains("ms was assumed"));
    let given = run(
        dir.path(),
        &[
            "convert",
            "in.csv",
            "-o",
            "-",
            "--to",
            "csv",
            "--time",
            "timestamp",
            "--time-unit",
            "us",
        ],
    );
    assert!(stdout(&given).contains("\n1970-01-01T00:00:00.000001Z,root.d1,"));
    assert!(given.stderr.is_empty());
}

#[test]
fn several_inputs_widen_and_different_columns_are_refused() {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("a.csv"), "time,x\n1,1\n").unwrap();
    fs::write(dir.path().join("b.csv"), "time,x\n2,2.5\n").unwrap();
    fs::write(dir.path().join("c.csv"), "time,y\n2,2.5\n").unwrap();
    let output = run(
        dir.path(),
        &["convert", "a.csv", "b.csv", "-o", "-", "--to", "csv"],
    );
    assert_eq!(
        stdout(&output),
        "time,x\n1,1.0\n2,2.5\n",
        "{}",
        stderr(&output)
    );
    let output = run(
        dir.path(),
        &["convert", "a.csv", "c.csv", "-o", "-", "--to", "csv"],
    );
    assert_eq!(code(&output), 2);
    assert!(
        stderr(&output).contains("expected x Int64, found y Float64"),
        "{}",
        stderr(&output)
    );
}

#[cfg(unix)]
#[test]
fn closed_pipe_is_success() {
    use std::io::Read as _;

    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("long.csv");
    let mut text = String::from("time,x\n");
    for i in 0..300_000 {
        text.push_str(&format!("{i},{i}.25\n"));
    }
    fs::write(&path, text).unwrap();
    for format in ["csv", "ndjson", "parquet", "arrow"] {
        let mut child = std::process::Command::new(assert_cmd::cargo::cargo_bin!("tsfile-cli"))
            .args(["convert", "long.csv", "-o", "-", "--to", format])
            .current_dir(dir.path())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut first = [0; 4];
        child.stdout.take().unwrap().read_exact(&mut first).unwrap();
        let output = child.wait_with_output().unwrap();
        assert_eq!(code(&output), 0, "{format}: {}", stderr(&output));
        assert!(output.stderr.is_empty(), "{format}: {}", stderr(&output));
    }
}
