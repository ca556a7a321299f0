//! Nothing lost: whatever fails while a file is written, the target is the old file or the new one, whole, and nothing else is left.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use arrow_array::{Int64Array, RecordBatch, StringArray};
use tsfile::io::{AtomicFile, Overwrite, Sink, commit};
use tsfile::{Error, Result, TsFileWriter, WriteOptions};

pub const OLD: &[u8] = b"what was there before";

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
pub struct Place {
    _dir: tempfile::TempDir,
    pub target: PathBuf,
    calls: Arc<Mutex<Vec<Call>>>,
}

impl Place {
    pub fn new() -> Self {
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
    pub fn only_target(&self) -> Vec<u8> {
        assert_eq!(entries(self.target.parent().unwrap()), ["t"]);
        fs::read(&self.target).unwrap()
    }
}

pub fn entries(directory: &Path) -> Vec<String> {
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

/// Rows of two devices with values that no encoding makes smaller.
fn batch(times: std::ops::Range<i64>) -> RecordBatch {
    let devices = times.clone().map(|t| format!("root.d{}", t % 2));
    let values = times.clone().map(|t| {
        let t = t.wrapping_mul(-0x61c8_8646_80b5_83eb);
        (t ^ (t >> 29)).wrapping_mul(-0x6b2f_b644_ecce_ee15)
    });
    RecordBatch::try_from_iter([
        (
            "time",
            Arc::new(Int64Array::from_iter_values(times.clone())) as _,
        ),
        (
            "device_name",
            Arc::new(StringArray::from_iter_values(devices)) as _,
        ),
        ("s", Arc::new(Int64Array::from_iter_values(values)) as _),
    ])
    .unwrap()
}

/// Two batches through the writer; the rows of each become chunk groups at once, so that there is more than one piece.
fn batches(sink: Box<dyn Sink>, rows: i64) -> Result<()> {
    let (first, second) = (batch(0..rows), batch(rows..2 * rows));
    let mut writer = TsFileWriter::start(sink, first.schema(), WriteOptions::default())?;
    writer.write(&first)?;
    writer.flush()?;
    writer.write(&second)?;
    let summary = writer.finish()?;
    assert_eq!(Ok(summary.points), u64::try_from(2 * rows));
    Ok(())
}

const WORKS: [(&str, Work); 3] = [
    ("pieces", pieces),
    ("a small TsFile", |sink| batches(sink, 10)),
    ("a TsFile of several pieces", |sink| batches(sink, 200_000)),
];

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
        let appends = failed.iter().filter(|c| **c == Call::Append).count();
        assert!(
            appends > usize::from(name.contains("pieces")),
            "{name}: {failed:?}"
        );
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

/// What a writer of TsFiles did to the sink when it was given up: appended, discarded, never synced.
fn assert_given_up(place: &Place) {
    let calls = place.calls();
    assert!(calls.contains(&Call::Append), "{calls:?}");
    assert!(
        calls
            .iter()
            .all(|c| matches!(c, Call::Append | Call::Discard)),
        "{calls:?}"
    );
    assert_eq!(place.only_target(), OLD);
}

#[test]
fn a_writer_that_is_dropped_without_finish_leaves_the_old_target_and_nothing_else() {
    let place = Place::new();
    let batch = batch(0..400_000);
    let sink = place.sink(None);
    let mut writer = TsFileWriter::start(sink, batch.schema(), WriteOptions::default()).unwrap();
    writer.write(&batch).unwrap();
    writer.flush().unwrap();
    assert_eq!(entries(place.target.parent().unwrap()), [".t.tmp", "t"]);
    drop(writer);
    assert_given_up(&place);
}

#[test]
fn a_writer_that_has_refused_a_batch_leaves_the_old_target_and_nothing_else() {
    let place = Place::new();
    let batch = batch(0..400_000);
    let sink = place.sink(None);
    let mut writer = TsFileWriter::start(sink, batch.schema(), WriteOptions::default()).unwrap();
    writer.write(&batch).unwrap();
    writer.flush().unwrap();
    // The same rows again are duplicates.
    let error = writer
        .write(&batch)
        .and_then(|()| writer.flush())
        .unwrap_err();
    assert!(!error.is_io(), "{error}");
    // At once, not only when the writer is dropped.
    assert_given_up(&place);
    assert!(writer.write(&batch).is_err());
    assert!(writer.finish().is_err());
    assert_given_up(&place);
}

#[test]
fn a_writer_that_cannot_start_leaves_the_old_target_and_nothing_else() {
    let place = Place::new();
    let schema = batch(0..1).schema();
    let options = WriteOptions::default().with_page_points(0);
    assert!(TsFileWriter::create(&place.target, schema.clone(), options).is_err());
    assert_eq!(place.only_target(), OLD);
    let options = WriteOptions::default().with_time_column("missing");
    assert!(TsFileWriter::create(&place.target, schema, options).is_err());
    assert_eq!(place.only_target(), OLD);
}
