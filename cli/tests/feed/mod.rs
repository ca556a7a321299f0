//! The tool with something on stdin.

use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use assert_cmd::cargo::cargo_bin;

/// The tool in a folder.
pub fn tool(dir: &Path) -> Command {
    let mut command = Command::new(cargo_bin!("tsfile-cli"));
    command.current_dir(dir);
    command
}

/// Runs a command that is fed through a pipe, which cannot be read twice.
pub fn feed(command: &mut Command, input: &[u8]) -> Output {
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // A command line that is refused leaves its input unread.
    let _ = child.stdin.take().unwrap().write_all(input);
    child.wait_with_output().unwrap()
}

/// What it says, the tool by its short name.
pub fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).replace(
        &cargo_bin!("tsfile-cli").display().to_string(),
        "tsfile-cli",
    )
}
