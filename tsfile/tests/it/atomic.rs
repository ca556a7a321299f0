//! Nothing lost: whatever fails while a file is written, the target is the old file or the new one, whole, and nothing else is left.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use tsfile::io::{AtomicFile, Overwrite, Sink, commit};
use tsfile::{Error, Result};

const OLD: &[u8] = b"what was there before";

/// One call of a sink.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Call {
    Append,
    Sync,
    Publish,
    SyncDirectory,
    Discard,
}

/// An [`AtomicFile`] that records its calls, one of which fails.
struct Recording {
    file: AtomicFile,
    calls: Arc<Mutex<Vec<Call>>>,
    fails: Option<usize>,
}

impl Recording {
    /// Records the call and says whether it is the one that fails.
    fn fails(&self, call: Call) -> bool {
        let mut calls = self.calls.lock().unwrap();
        calls.push(call);
        self.fails == Some(calls.len() - 1)
    }

    /// What no test can make the system do at will, in the words of [`AtomicFile`].
    fn injected(&self, call: &str) -> Error {
        Error::io(format!("{call} t"), io::Error::other("injected")).in_file(self.name())
    }
}

impl Sink for Recording {
    fn name(&self) -> String {
        self.file.name()
    }

    /// A failing one has written half.
    fn append(&mut self, bytes: &[u8]) -> Result<()> {
        if self.fails(Call::Append) {
            self.file.append(&bytes[..bytes.len() / 2])?;
            return Err(self.injected("cannot append to"));
        }
        self.file.append(bytes)
    }

    fn sync(&mut self) -> Result<()> {
        if self.fails(Call::Sync) {
            return Err(self.injected("cannot sync"));
        }
        self.file.sync()
    }

    /// A failing one finds a directory in its way.
    fn publish(&mut self) -> Result<()> {
        if !self.fails(Call::Publish) {
            return self.file.publish();
        }
        let (target, aside) = (
            self.file.path().to_owned(),
            self.file.path().with_extension("aside"),
        );
        fs::rename(&target, &aside).unwrap();
        fs::create_dir(&target).unwrap();
        let result = self.file.publish();
        fs::remove_dir(&target).unwrap();
        fs::rename(&aside, &target).unwrap();
        result
    }

    /// A failing one finds no directory.
    fn sync_directory(&mut self) -> Result<()> {
        if !self.fails(Call::SyncDirectory) {
            return self.file.sync_directory();
        }
        let directory = self.file.path().parent().unwrap().to_owned();
        let aside = directory.with_extension("aside");
        fs::rename(&directory, &aside).unwrap();
        let result = self.file.sync_directory();
        fs::rename(&aside, &directory).unwrap();
        result
    }

    fn discard(&mut self) {
        self.calls.lock().unwrap().push(Call::Discard);
        self.file.discard();
    }
}

/// A directory with an old target in it.
struct Place {
    _dir: tempfile::TempDir,
    target: PathBuf,
    calls: Arc<Mutex<Vec<Call>>>,
}

impl Place {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let inner = dir.path().join("inner");
        fs::create_dir(&inner).unwrap();
        let target = inner.join("t");
        fs::write(&target, OLD).unwrap();
        Self {
            _dir: dir,
            target,
            calls: Arc::default(),
        }
    }

    fn sink(&self, fails: Option<usize>) -> Box<dyn Sink> {
        Box::new(Recording {
            file: AtomicFile::create(&self.target, Overwrite::Replace).unwrap(),
            calls: self.calls.clone(),
            fails,
        })
    }

    fn calls(&self) -> Vec<Call> {
        self.calls.lock().unwrap().clone()
    }

    /// The contents of the target, which has to be alone in its directory.
    fn only_target(&self) -> Vec<u8> {
        assert_eq!(entries(self.target.parent().unwrap()), ["t"]);
        fs::read(&self.target).unwrap()
    }
}

fn entries(directory: &Path) -> Vec<String> {
    let mut names: Vec<_> = fs::read_dir(directory)
        .unwrap()
        .map(|e| e.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

/// Writes a whole file into a sink.
type Work = fn(Box<dyn Sink>) -> Result<()>;

/// The least that a writer does: a few pieces, one of them larger than what is held back, then the commit.
fn pieces(mut sink: Box<dyn Sink>) -> Result<()> {
    for (len, byte) in [(10, b'a'), (3 << 20, b'b'), (0, b'c'), (1000, b'd')] {
        sink.append(&vec![byte; len])?;
    }
    commit(sink.as_mut())
}

const WORKS: [(&str, Work); 1] = [("pieces", pieces)];

/// The new file, written without failures.
fn whole(work: Work) -> Vec<u8> {
    let place = Place::new();
    work(place.sink(None)).unwrap();
    place.only_target()
}

#[test]
fn appends_then_fsync_then_rename_then_fsync_of_the_directory() {
    for (name, work) in WORKS {
        let place = Place::new();
        work(place.sink(None)).unwrap();
        let calls = place.calls();
        let appends = calls.iter().take_while(|c| **c == Call::Append).count();
        assert!(appends > 0, "{name}");
        assert_eq!(
            calls[appends..],
            [Call::Sync, Call::Publish, Call::SyncDirectory],
            "{name}"
        );
        assert_ne!(place.only_target(), OLD, "{name}");
    }
}

#[test]
fn a_failure_at_any_call_leaves_the_old_target_or_the_new_one_and_nothing_else() {
    for (name, work) in WORKS {
        let new = whole(work);
        let mut failed = Vec::new();
        loop {
            let place = Place::new();
            let result = work(place.sink(Some(failed.len())));
            let calls = place.calls();
            let Err(error) = result else {
                assert_eq!(calls.len(), failed.len(), "{name}: an error was swallowed");
                assert!(place.only_target() == new, "{name}");
                break;
            };
            let call = calls[failed.len()];
            let text = error.to_string();
            let at = format!("{name}, call {}, {call:?}: {text}", failed.len());
            let says = match call {
                Call::Append => "cannot append to t",
                Call::Sync => "cannot sync t",
                Call::Publish => "cannot rename .t.tmp to t",
                Call::SyncDirectory => "cannot sync the directory of t",
                Call::Discard => "nothing: this never fails",
            };
            assert!(
                text.starts_with(&format!("{}: {says}: ", place.target.display())),
                "{at}"
            );
            assert!(error.is_io(), "{at}");
            if call == Call::SyncDirectory {
                assert!(place.only_target() == new, "{at}");
                let hint = "the file is complete, but its name may not survive a power cut";
                assert!(text.ends_with(hint), "{at}");
            } else {
                assert_eq!(place.only_target(), OLD, "{at}");
                assert!(
                    !calls[failed.len() + 1..]
                        .iter()
                        .any(|c| *c != Call::Discard),
                    "{at}: {calls:?}"
                );
            }
            failed.push(call);
        }
        assert!(failed.starts_with(&[Call::Append]), "{name}: {failed:?}");
        assert!(
            failed.ends_with(&[Call::Sync, Call::Publish, Call::SyncDirectory]),
            "{name}: {failed:?}"
        );
    }
}

#[test]
fn a_file_that_appears_while_we_write_is_not_replaced_unless_allowed() {
    for (name, work) in WORKS {
        let place = Place::new();
        fs::remove_file(&place.target).unwrap();
        let file = AtomicFile::create(&place.target, Overwrite::Refuse).unwrap();
        fs::write(&place.target, "theirs").unwrap();
        let error = work(Box::new(file)).unwrap_err().to_string();
        assert!(
            error.ends_with("cannot rename .t.tmp to t: exists already"),
            "{name}: {error}"
        );
        assert_eq!(place.only_target(), b"theirs", "{name}");
    }
}

#[test]
fn a_second_writer_is_refused_while_the_first_is_at_work() {
    let place = Place::new();
    let mut first = AtomicFile::create(&place.target, Overwrite::Replace).unwrap();
    let error = AtomicFile::create(&place.target, Overwrite::Replace).unwrap_err();
    let text = error.to_string();
    assert!(error.is_io(), "{text}");
    assert!(
        text.starts_with(&place.target.display().to_string()),
        "{text}"
    );
    assert!(
        text.contains("another writer is at work on it and has"),
        "{text}"
    );
    assert!(text.contains("/.t.tmp locked"), "{text}");
    // The refused one has taken nothing away.
    first.append(b"first").unwrap();
    commit(&mut first).unwrap();
    assert_eq!(place.only_target(), b"first");
    // Published, it is in nobody's way, even before it is dropped.
    let mut second = AtomicFile::create(&place.target, Overwrite::Replace).unwrap();
    drop(first);
    second.append(b"second").unwrap();
    commit(&mut second).unwrap();
    assert_eq!(place.only_target(), b"second");
}

#[test]
fn a_leftover_is_taken_over() {
    let place = Place::new();
    let leftover = place.target.with_file_name(".t.tmp");
    fs::write(&leftover, "longer than what comes next").unwrap();
    let mut file = AtomicFile::create(&place.target, Overwrite::Replace).unwrap();
    file.append(b"new").unwrap();
    commit(&mut file).unwrap();
    assert_eq!(place.only_target(), b"new");
}

mod other_process {
    //! The test binary runs itself as the other writer.

    use super::*;
    use std::io::{BufRead as _, BufReader, Read as _, Write as _};
    use std::process::{Child, ChildStdout, Command, Stdio};

    const TARGET: &str = "TSFILE_TEST_HOLD";

    /// No test of its own: holds a file open until stdin ends, when a test below starts it.
    #[test]
    fn holder() {
        let Some(target) = std::env::var_os(TARGET) else {
            return;
        };
        let mut file = AtomicFile::create(PathBuf::from(target), Overwrite::Replace).unwrap();
        file.append(&vec![b'x'; 2 << 20]).unwrap();
        let mut out = io::stdout();
        writeln!(out, "\nheld").unwrap();
        out.flush().unwrap();
        let _ = io::stdin().read(&mut [0]).unwrap();
    }

    /// Starts a writer to `target` and waits until it is at work. It prints more at its end, so its stdout stays open.
    fn hold(target: &Path) -> (Child, BufReader<ChildStdout>) {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "atomic::other_process::holder", "--nocapture"])
            .env(TARGET, target)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut out = BufReader::new(child.stdout.take().unwrap());
        let mut line = String::new();
        while out.read_line(&mut line).unwrap() > 0 {
            if line == "held\n" {
                return (child, out);
            }
            line.clear();
        }
        panic!("the other process ended: {:?}", child.wait());
    }

    #[test]
    fn it_is_refused_while_the_first_is_at_work() {
        let place = Place::new();
        let (mut child, _out) = hold(&place.target);
        let error = AtomicFile::create(&place.target, Overwrite::Replace).unwrap_err();
        assert!(
            error.to_string().contains("another writer is at work"),
            "{error}"
        );
        drop(child.stdin.take());
        assert!(child.wait().unwrap().success());
        // It was dropped without a commit.
        assert_eq!(place.only_target(), OLD);
        AtomicFile::create(&place.target, Overwrite::Replace).unwrap();
    }

    #[test]
    fn the_lock_of_a_killed_one_is_free_and_what_it_left_is_removed() {
        let place = Place::new();
        let (mut child, _out) = hold(&place.target);
        child.kill().unwrap();
        child.wait().unwrap();
        assert_eq!(entries(place.target.parent().unwrap()), [".t.tmp", "t"]);
        assert_eq!(fs::read(&place.target).unwrap(), OLD);
        let mut file = AtomicFile::create(&place.target, Overwrite::Replace).unwrap();
        file.append(b"new").unwrap();
        commit(&mut file).unwrap();
        assert_eq!(place.only_target(), b"new");
    }
}

/// Many writers to one target at once: those that get it write it whole, the others are refused, and nothing is left.
#[test]
fn writers_that_race_for_one_target_never_mix() {
    let place = Place::new();
    let leftover = place.target.with_file_name(".t.tmp");
    let done: usize = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..4u8)
            .map(|k| {
                let (target, leftover) = (&place.target, &leftover);
                scope.spawn(move || {
                    let mut done = 0;
                    for round in 0..100 {
                        if round % 7 == 0 {
                            // Where nobody is at work this is a leftover; where somebody is, it fails.
                            let _ = fs::OpenOptions::new()
                                .write(true)
                                .create_new(true)
                                .open(leftover);
                        }
                        let Ok(mut file) = AtomicFile::create(target, Overwrite::Replace) else {
                            continue;
                        };
                        for _ in 0..10 {
                            file.append(&[b'0' + k; 100]).unwrap();
                        }
                        commit(&mut file).unwrap();
                        done += 1;
                        let now = fs::read(target).unwrap();
                        assert_eq!(now.len(), 1000);
                        assert!(now.iter().all(|b| *b == now[0]));
                    }
                    done
                })
            })
            .collect();
        threads.into_iter().map(|t| t.join().unwrap()).sum()
    });
    assert!(done > 0);
    drop(AtomicFile::create(&place.target, Overwrite::Replace).unwrap());
    assert_eq!(place.only_target().len(), 1000);
}
