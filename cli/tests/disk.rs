//! What happens to an output when the system refuses: exit 3, a message that names file and reason, the old file whole, nothing left.
#![cfg(unix)]
#![expect(
    clippy::unwrap_used,
    reason = "helpers of tests are not recognised as tests"
)]

use std::fs;
use std::io::Write as _;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use tsfile::io::{AtomicFile, Overwrite};

const TOOL: &str = env!("CARGO_BIN_EXE_tsfile-cli");
const OLD: &str = "what was there before";

/// A directory with an input that is larger than what a writer holds back, and an old target.
struct Place {
    dir: tempfile::TempDir,
    target: &'static str,
}

impl Place {
    fn new(target: &'static str) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let mut csv = String::from("time,device_name,s,x\n");
        for i in 0..60_000 {
            csv.push_str(&format!(
                "{i},root.d{},{},{}\n",
                i % 7,
                i * 7919 % 100_003,
                i % 977
            ));
        }
        fs::write(dir.path().join("in.csv"), csv).unwrap();
        fs::write(dir.path().join(target), OLD).unwrap();
        Self { dir, target }
    }

    fn path(&self) -> PathBuf {
        self.dir.path().join(self.target)
    }

    /// The conversion over the target, behind `before`, which may be a command that runs it.
    fn convert(&self, before: &[&str]) -> Output {
        let mut all = before.to_vec();
        all.extend([TOOL, "convert", "in.csv", "-o", self.target, "--force"]);
        Command::new(all[0])
            .args(&all[1..])
            .current_dir(self.dir.path())
            .output()
            .unwrap()
    }

    fn assert_untouched(&self, at: &str) {
        assert_eq!(fs::read_to_string(self.path()).unwrap(), OLD, "{at}");
        self.assert_no_leftover(at);
    }

    fn assert_no_leftover(&self, at: &str) {
        let mut expected = ["in.csv", self.target];
        expected.sort_unstable();
        assert_eq!(entries(self.dir.path()), expected, "{at}");
    }
}

fn entries(dir: &Path) -> Vec<String> {
    let mut names: Vec<_> = fs::read_dir(dir)
        .unwrap()
        .map(|e| e.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// For the table at the end of `make test`: what could not be tried is missing there.
fn count(name: &str, cases: usize) {
    if let Some(file) = std::env::var_os("TSFILE_ORACLE_COUNTS") {
        let mut file = fs::OpenOptions::new().append(true).open(file).unwrap();
        writeln!(file, "{name} {cases}").unwrap();
    }
}

#[test]
fn a_full_disk_leaves_the_old_file_and_nothing_else() {
    for target in ["out.csv", "out.arrow", "out.parquet", "out.tsfile"] {
        let place = Place::new(target);
        let size = {
            let whole = place.convert(&["env"]);
            assert!(whole.status.success(), "{}", stderr(&whole));
            fs::metadata(place.path()).unwrap().len()
        };
        // In units of 1024 bytes.
        let full = size / 1024 + 1;
        for limit in [0, 1, full / 2, full - 1] {
            fs::write(place.path(), OLD).unwrap();
            // A file that grows beyond the limit gives EFBIG, as a full disk gives ENOSPC.
            let script = format!(r#"ulimit -f {limit}; trap "" XFSZ; exec "$@""#);
            let output = place.convert(&["bash", "-c", &script, "bash"]);
            let at = format!("{target}, {limit} of {full} KiB: {}", stderr(&output));
            assert_eq!(output.status.code(), Some(3), "{at}");
            assert!(at.contains(&format!("error: {target}: ")), "{at}");
            let calls = ["append to", "sync"];
            let said = calls.map(|call| format!("cannot {call} {target}: File too large"));
            assert!(said.iter().any(|said| at.contains(said)), "{at}");
            place.assert_untouched(&at);
        }
        let script = format!(r#"ulimit -f {full}; trap "" XFSZ; exec "$@""#);
        let output = place.convert(&["bash", "-c", &script, "bash"]);
        assert!(output.status.success(), "{target}: {}", stderr(&output));
        assert_eq!(fs::metadata(place.path()).unwrap().len(), size);
    }
}

/// As root, who may write anywhere, the tool runs as nobody, where the system allows that.
#[test]
fn a_directory_that_may_not_be_written_is_named_and_left_as_it_is() {
    let place = Place::new("out.parquet");
    let tools = tempfile::tempdir().unwrap();
    let mut command = Command::new(TOOL);
    if fs::metadata(tools.path()).unwrap().uid() == 0 {
        let tool = tools.path().join("tool");
        fs::copy(TOOL, &tool).unwrap();
        fs::set_permissions(tools.path(), fs::Permissions::from_mode(0o755)).unwrap();
        command = Command::new(tool);
        command.uid(65_534);
    }
    fs::set_permissions(place.dir.path(), fs::Permissions::from_mode(0o555)).unwrap();
    let result = command
        .args(["convert", "in.csv", "-o", "out.parquet", "--force"])
        .current_dir(place.dir.path())
        .output();
    fs::set_permissions(place.dir.path(), fs::Permissions::from_mode(0o755)).unwrap();
    match result {
        Ok(output) => {
            let at = stderr(&output);
            assert_eq!(output.status.code(), Some(3), "{at}");
            let said = "error: out.parquet: cannot create .out.parquet.tmp: Permission denied";
            assert!(at.contains(said), "{at}");
            place.assert_untouched(&at);
        }
        Err(e) => eprintln!("not tried, the system does not let us be nobody: {e}"),
    }
}

#[test]
fn places_where_nobody_can_write_are_named() {
    let place = Place::new("out.parquet");
    for (path, said) in [
        ("in.csv/out.parquet", "in.csv/out.parquet: "),
        (
            "missing/out.parquet",
            "the directory missing does not exist; create it first",
        ),
        ("/proc/out.parquet", "/proc/out.parquet: cannot create "),
    ] {
        let output = Command::new(TOOL)
            .args(["convert", "in.csv", "-o", path])
            .current_dir(place.dir.path())
            .output()
            .unwrap();
        let at = format!("{path}: {}", stderr(&output));
        assert_eq!(output.status.code(), Some(3), "{at}");
        assert!(stderr(&output).contains(said), "{at}");
        place.assert_untouched(&at);
    }
}

#[test]
fn a_conversion_is_refused_while_another_writer_is_at_work() {
    let place = Place::new("out.parquet");
    let other = AtomicFile::create(place.path(), Overwrite::Replace).unwrap();
    let output = place.convert(&["env"]);
    let at = stderr(&output);
    assert_eq!(output.status.code(), Some(3), "{at}");
    assert!(
        at.contains("error: out.parquet: another writer is at work on it"),
        "{at}"
    );
    drop(other);
    place.assert_untouched(&at);
}

#[test]
fn a_leftover_is_removed_by_the_next_conversion() {
    let place = Place::new("out.parquet");
    fs::write(place.dir.path().join(".out.parquet.tmp"), "half a file").unwrap();
    let output = place.convert(&["env"]);
    assert!(output.status.success(), "{}", stderr(&output));
    place.assert_no_leftover("");
}

/// The calls themselves fail, where the system lets us trace processes: every one that a conversion makes on its output.
#[test]
fn every_system_call_that_fails_is_told() {
    let place = Place::new("out.csv");
    let temporary = place.dir.path().join(".out.csv.tmp");
    let temporary = temporary.to_str().unwrap();
    let traced = |filter: &[&str], log: &Path| {
        let log = log.to_str().unwrap();
        let mut before = vec!["strace", "-f", "-qqq", "-o", log];
        before.extend(filter);
        place.convert(&before)
    };
    let logs = tempfile::tempdir().unwrap();
    let log = logs.path().join("log");
    let calls = ["-e", "trace=flock,write,fchmod,fsync,rename"];
    let works =
        Command::new("strace").arg("-V").output().is_ok() && traced(&calls, &log).status.success();
    if !works {
        eprintln!("not tried: strace is not there or may not trace");
        return;
    }
    // The order, as the system saw it. File descriptors below 3 are not the output.
    let seen: Vec<_> = fs::read_to_string(&log)
        .unwrap()
        .lines()
        .filter_map(|line| {
            let call = line.split_once(' ')?.1.trim_start();
            let (name, arguments) = call.split_once('(')?;
            let standard = arguments.starts_with(['0', '1', '2']);
            (!standard).then(|| name.to_owned())
        })
        .collect();
    let writes = seen.iter().filter(|name| *name == "write").count();
    assert!(writes > 1, "{seen:?}");
    let mut expected = vec!["flock"];
    expected.extend(vec!["write"; writes]);
    expected.extend(["fchmod", "fsync", "rename", "fsync"]);
    assert_eq!(seen, expected);

    let cases = [
        (
            "flock",
            "ENOLCK",
            1,
            false,
            "cannot lock .out.csv.tmp: No locks available",
        ),
        (
            "write",
            "ENOSPC",
            1,
            true,
            "cannot append to out.csv: No space left on device",
        ),
        (
            "write",
            "ENOSPC",
            writes,
            true,
            "cannot sync out.csv: No space left on device",
        ),
        (
            "fchmod",
            "EPERM",
            1,
            false,
            "cannot sync out.csv: Operation not permitted",
        ),
        (
            "fsync",
            "EIO",
            1,
            false,
            "cannot sync out.csv: Input/output error",
        ),
        (
            "rename",
            "EACCES",
            1,
            false,
            "cannot rename .out.csv.tmp to out.csv: Permission denied",
        ),
        (
            "fsync",
            "EIO",
            2,
            false,
            "cannot sync the directory of out.csv: Input/output error",
        ),
    ];
    for (call, error, when, on_temporary, said) in cases {
        fs::write(place.path(), OLD).unwrap();
        let trace = format!("trace={call}");
        let inject = format!("inject={call}:error={error}:when={when}");
        let mut filter = vec!["-e", &trace, "-e", &inject];
        if on_temporary {
            filter.extend(["-P", temporary]);
        }
        let output = traced(&filter, &log);
        let at = format!("{call} {when}: {}", stderr(&output));
        assert_eq!(output.status.code(), Some(3), "{at}");
        assert!(at.contains(&format!("error: out.csv: {said}")), "{at}");
        if said.contains("the directory") {
            assert_ne!(fs::read_to_string(place.path()).unwrap(), OLD, "{at}");
            assert!(
                at.contains("the file is complete, but its name may not survive"),
                "{at}"
            );
            place.assert_no_leftover(&at);
        } else {
            place.assert_untouched(&at);
        }
    }
    count("failing-calls", cases.len());
}
