//! Running the tool as a person would.

use std::fs;
use std::path::Path;
use std::process::Output;

use assert_cmd::cargo::cargo_bin_cmd;

use crate::contents::golden;

/// Runs the tool in the folder of the golden files, so that names are short.
pub fn run<S: AsRef<std::ffi::OsStr>>(args: &[S]) -> Output {
    cargo_bin_cmd!("tsfile-cli")
        .current_dir(golden())
        .args(args)
        .output()
        .unwrap()
}

pub fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// Output of a command that succeeds.
pub fn ok(args: &[&str]) -> String {
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
pub fn fails(args: &[&str], code: i32) -> String {
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
pub fn expect(name: &str, args: &[&str]) {
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
