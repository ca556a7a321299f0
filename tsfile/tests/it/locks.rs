//! One writer at a time: the lock on the temporary file, within the process and between processes.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

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
