//! `convert` to TsFiles, run as a person would: every direction, every flag, every refusal.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that meets the unexpected fails"
)]

mod bad;
mod copy;
mod directions;
mod dump;
#[expect(
    dead_code,
    reason = "shared with the tests of the library, which need more of it"
)]
#[path = "../../../tsfile/tests/it/expected.rs"]
mod expected;
#[path = "../feed/mod.rs"]
mod feed;
mod flags;
mod forms;
#[path = "../hand_made/mod.rs"]
mod hand_made;
mod order;
mod values;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use assert_cmd::cargo::cargo_bin;

use crate::feed::{feed, stderr, tool};

const PROGRAM: &str = "tsfile-cli";
/// Two sites, a null tag, a null cell, and numbers that are odd.
const TABLE: &str = "time,site,device,s,x\n3,,d2,c,nan\n1,n,d1,a,0.5\n2,n,d1,,1.5\n2,n,d2,b,-0.0\n";

fn golden(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../testdata/golden")
        .join(name)
}

/// Runs with something on stdin.
fn pipe(dir: &Path, input: &[u8], args: &[&str]) -> Output {
    feed(tool(dir).args(args), input)
}

fn run(dir: &Path, args: &[&str]) -> Output {
    Command::new(cargo_bin!("tsfile-cli"))
        .current_dir(dir)
        .args(args)
        .output()
        .unwrap()
}

/// Converts what must succeed; returns what it says.
fn ok(dir: &Path, args: &[&str]) -> String {
    let output = run(dir, &[&["convert"], args].concat());
    assert!(output.status.success(), "{args:?}: {}", stderr(&output));
    assert!(output.stdout.is_empty(), "{args:?}");
    stderr(&output)
}

/// Converts what must fail with `code` and say `expected`; nothing new is in the directory then.
fn fails(dir: &Path, args: &[&str], code: i32, expected: &str) -> String {
    let before = entries(dir);
    let output = run(dir, &[&["convert"], args].concat());
    let said = stderr(&output);
    assert_eq!(output.status.code(), Some(code), "{args:?}: {said}");
    assert!(said.contains(expected), "{args:?}: {said}");
    assert!(output.stdout.is_empty(), "{args:?}");
    assert_eq!(entries(dir), before, "{args:?}");
    said
}

/// A file as CSV.
fn csv(dir: &Path, name: &str, args: &[&str]) -> String {
    let args = [&["convert", name, "-o", "-", "--to", "csv"], args].concat();
    let output = run(dir, &args);
    assert!(output.status.success(), "{args:?}: {}", stderr(&output));
    String::from_utf8(output.stdout).unwrap()
}

/// The commands that an error suggests.
fn suggested(said: &str) -> Vec<&str> {
    said.lines()
        .skip_while(|l| *l != "tsfile-cli: try:")
        .skip(1)
        .map(str::trim_start)
        .collect()
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

/// A directory with these files.
fn with(files: &[(&str, &str)]) -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    for (name, text) in files {
        fs::write(dir.path().join(name), text).unwrap();
    }
    dir
}

/// What `schema` says of a file, as CSV without its header.
fn schema(dir: &Path, name: &str) -> Vec<String> {
    let output = run(dir, &["schema", name, "-f", "csv"]);
    assert!(output.status.success(), "{}", stderr(&output));
    let text = String::from_utf8(output.stdout).unwrap();
    text.lines().skip(1).map(str::to_owned).collect()
}
