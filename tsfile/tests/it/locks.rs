//! One writer at a time: the lock on the temporary file, within the process and between processes.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

use crate::atomic::{OLD, Place, entries};
use tsfile::io::{AtomicFile, Overwrite, Sink, commit};

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
            .args(["--exact", "locks::other_process::holder", "--nocapture"])
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

/// The next writer, or nothing while another one is at work.
fn next(target: &Path) -> Option<AtomicFile> {
    match AtomicFile::create(target, Overwrite::Replace) {
        Ok(file) => Some(file),
        Err(e) => {
            let refused = e.to_string().contains("another writer is at work");
            assert!(refused, "{e}");
            None
        }
    }
}

/// Many writers to one target at once: those that get it write it whole, the others are refused, and nothing is left.
#[test]
fn writers_that_race_for_one_target_never_mix() {
    let place = Place::new();
    let target = &place.target;
    let leftover = &target.with_file_name(".t.tmp");
    let over = &AtomicBool::new(false);
    std::thread::scope(|scope| {
        // Two that come and go as fast as they can, also over what looks like a leftover.
        for _ in 0..2 {
            scope.spawn(move || {
                while !over.load(Ordering::Relaxed) {
                    drop(next(target));
                    let mut new = fs::OpenOptions::new();
                    // Fails while somebody is at work.
                    let _ = new.write(true).create_new(true).open(leftover);
                }
            });
        }
        let writers: Vec<_> = [b'a', b'b']
            .into_iter()
            .map(|byte| {
                scope.spawn(move || {
                    let mut done = 0;
                    while done < 100 {
                        let Some(mut file) = next(target) else {
                            std::thread::yield_now();
                            continue;
                        };
                        for _ in 0..10 {
                            file.append(&[byte; 100]).unwrap();
                        }
                        commit(&mut file).unwrap();
                        done += 1;
                        let now = fs::read(target).unwrap();
                        assert_eq!(now.len(), 1000);
                        assert!(now.iter().all(|b| *b == now[0]));
                    }
                })
            })
            .collect();
        let ended: Vec<_> = writers.into_iter().map(|w| w.join()).collect();
        over.store(true, Ordering::Relaxed);
        assert!(ended.iter().all(|result| result.is_ok()));
    });
    drop(AtomicFile::create(target, Overwrite::Replace).unwrap());
    assert_eq!(place.only_target().len(), 1000);
}
