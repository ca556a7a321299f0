//! A file on the local disk that appears whole or not at all.

use super::Sink;
use super::temporary::Temporary;
use crate::{Error, ErrorKind, Result};
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// Pieces smaller than this wait in memory until there are that many bytes.
const BUFFER_BYTES: usize = 512 << 10;

/// What to do with a file that has the final name already.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Overwrite {
    /// It is an error, also when the file appears while we write.
    Refuse,
    /// Regular files are replaced and hand on their permissions; anything else is an error.
    Replace,
}

/// A file that is written under a temporary name beside the final one (`.NAME.tmp`).
///
/// Whatever has the final name stays untouched until [`publish`](Sink::publish); dropped before that, the temporary file is removed.
/// The temporary file is locked: a second writer to the same path is refused, in this process and in others. What a writer that was
/// killed left behind is not locked, and the next one removes it.
///
/// It is a [`Sink`] for writers of this crate and a [`Write`] for others, whose errors keep the kind and name the call.
#[derive(Debug)]
pub struct AtomicFile {
    path: PathBuf,
    overwrite: Overwrite,
    temporary: Temporary,
    waiting: Vec<u8>,
    size_bytes: u64,
    state: State,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Open,
    /// Everything appended is on the device.
    Synced,
    Published,
    /// Discarded, or a call failed: what is in the file is unknown.
    Over,
}

impl AtomicFile {
    /// Opens a temporary file beside `path`.
    ///
    /// # Errors
    /// What [`AtomicFile::check`] refuses, another writer at work on `path`, or a directory that cannot be written.
    pub fn create(path: impl AsRef<Path>, overwrite: Overwrite) -> Result<Self> {
        let path = path.as_ref();
        Self::check(path, overwrite)?;
        let directory = directory_of(path);
        if !directory.is_dir() {
            let message = format!("the directory {} does not exist", directory.display());
            return Err(refusal(path, message).hint("create it first"));
        }
        Ok(Self {
            path: path.to_owned(),
            overwrite,
            temporary: Temporary::create(path)?,
            waiting: Vec::with_capacity(BUFFER_BYTES),
            size_bytes: 0,
            state: State::Open,
        })
    }

    /// Whether `path` may be written, before any work is done.
    ///
    /// # Errors
    /// Something is there already, and `overwrite` does not replace it.
    pub fn check(path: impl AsRef<Path>, overwrite: Overwrite) -> Result<()> {
        let path = path.as_ref();
        match obstacle(path, overwrite) {
            Ok(None) => Ok(()),
            Ok(Some(what)) => Err(refusal(path, what)),
            Err(e) => Err(Error::io("cannot look at it", e).in_file(name_of(path))),
        }
    }

    /// The final path.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Where the bytes are until the file is published, to read them back before that.
    pub fn temporary_path(&self) -> &Path {
        self.temporary.path()
    }

    /// How many bytes were appended.
    pub fn size_bytes(&self) -> u64 {
        self.size_bytes
    }

    /// An error when the file takes nothing more.
    fn expect(&self, states: &[State]) -> io::Result<()> {
        if states.contains(&self.state) {
            return Ok(());
        }
        Err(io::Error::other(match self.state {
            State::Open => "not everything is on disk yet",
            State::Synced | State::Published => "the file is complete already",
            State::Over => "an earlier call failed, or the file was discarded",
        }))
    }

    /// Runs one call; when it fails the file is given up.
    fn step<T>(
        &mut self,
        from: &[State],
        call: impl FnOnce(&mut Self) -> io::Result<T>,
    ) -> io::Result<T> {
        self.expect(from)?;
        let result = call(self);
        if result.is_err() {
            self.state = State::Over;
        }
        result
    }

    fn take(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.state = State::Open;
        if self.waiting.len().saturating_add(bytes.len()) > BUFFER_BYTES {
            self.write_waiting()?;
        }
        if bytes.len() >= BUFFER_BYTES {
            self.temporary.file().write_all(bytes)?;
        } else {
            self.waiting.extend_from_slice(bytes);
        }
        self.size_bytes = self.size_bytes.saturating_add(bytes.len() as u64);
        Ok(())
    }

    fn write_waiting(&mut self) -> io::Result<()> {
        self.temporary.file().write_all(&self.waiting)?;
        self.waiting.clear();
        Ok(())
    }

    fn write_to_device(&mut self) -> io::Result<()> {
        self.write_waiting()?;
        // Late, so that a temporary file that is left over is still one that the next writer may open.
        if self.overwrite == Overwrite::Replace {
            match fs::symlink_metadata(&self.path) {
                Ok(found) if found.is_file() => {
                    self.temporary.file().set_permissions(found.permissions())?;
                }
                _ => {}
            }
        }
        self.temporary.file().sync_all()?;
        self.state = State::Synced;
        Ok(())
    }

    fn rename(&mut self) -> io::Result<()> {
        if !self.temporary.is_there() {
            return Err(io::Error::new(
                io::ErrorKind::NotFound,
                "somebody removed it or put another file in its place",
            ));
        }
        match self.overwrite {
            Overwrite::Refuse => self.rename_onto_nothing()?,
            Overwrite::Replace => {
                self.refuse_obstacle()?;
                fs::rename(self.temporary.path(), &self.path)?;
            }
        }
        self.state = State::Published;
        Ok(())
    }

    /// A hard link fails when the name was taken meanwhile, which a rename would not notice. File systems without hard links get a
    /// check and a rename.
    fn rename_onto_nothing(&self) -> io::Result<()> {
        match fs::hard_link(self.temporary.path(), &self.path) {
            // The file is there; a temporary name that stays is a leftover like any other, and the next writer removes it.
            Ok(()) => {
                let _ = self.temporary.remove();
                Ok(())
            }
            Err(_) => {
                self.refuse_obstacle()?;
                fs::rename(self.temporary.path(), &self.path)
            }
        }
    }

    fn refuse_obstacle(&self) -> io::Result<()> {
        match obstacle(&self.path, self.overwrite)? {
            None => Ok(()),
            Some(what) => Err(io::Error::new(io::ErrorKind::AlreadyExists, what)),
        }
    }

    fn append_call(&self) -> String {
        format!("cannot append to {}", last_of(&self.path))
    }

    /// The error of a [`Write`].
    fn named(&self, error: &io::Error) -> io::Error {
        io::Error::new(error.kind(), format!("{}: {error}", self.append_call()))
    }

    fn fail(&self, call: impl Into<String>, error: io::Error) -> Error {
        Error::io(call, error).in_file(name_of(&self.path))
    }
}

impl Sink for AtomicFile {
    fn name(&self) -> String {
        name_of(&self.path)
    }

    fn append(&mut self, bytes: &[u8]) -> Result<()> {
        self.step(&[State::Open, State::Synced], |s| s.take(bytes))
            .map_err(|e| self.fail(self.append_call(), e))
    }

    fn sync(&mut self) -> Result<()> {
        self.step(&[State::Open, State::Synced], Self::write_to_device)
            .map_err(|e| self.fail(format!("cannot sync {}", last_of(&self.path)), e))
    }

    fn publish(&mut self) -> Result<()> {
        self.step(&[State::Synced], Self::rename).map_err(|e| {
            let (from, to) = (last_of(self.temporary.path()), last_of(&self.path));
            self.fail(format!("cannot rename {from} to {to}"), e)
        })
    }

    fn sync_directory(&mut self) -> Result<()> {
        sync_directory(directory_of(&self.path)).map_err(|e| {
            let call = format!("cannot sync the directory of {}", last_of(&self.path));
            self.fail(call, e)
                .hint("the file is complete, but its name may not survive a power cut")
        })
    }

    fn discard(&mut self) {
        if self.state == State::Published {
            return;
        }
        self.state = State::Over;
        self.waiting = Vec::new();
        // Nothing is to be done when it fails: the next writer finds the leftover.
        if self.temporary.is_there() {
            let _ = self.temporary.remove();
        }
    }
}

impl Write for AtomicFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self.step(&[State::Open, State::Synced], |s| s.take(bytes)) {
            Ok(()) => Ok(bytes.len()),
            Err(e) => Err(self.named(&e)),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        self.step(&[State::Open, State::Synced], Self::write_waiting)
            .map_err(|e| self.named(&e))
    }
}

impl Drop for AtomicFile {
    fn drop(&mut self) {
        self.discard();
    }
}

/// What is at `path` and may not be replaced.
fn obstacle(path: &Path, overwrite: Overwrite) -> io::Result<Option<String>> {
    let found = match fs::symlink_metadata(path) {
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(None),
        found => found?.file_type(),
    };
    let what = match found {
        t if t.is_file() && overwrite == Overwrite::Replace => return Ok(None),
        t if t.is_file() => return Ok(Some("exists already".to_owned())),
        t if t.is_dir() => "a directory",
        t if t.is_symlink() => "a symbolic link",
        _ => "no regular file",
    };
    Ok(Some(format!(
        "exists already and is {what}; only regular files are replaced"
    )))
}

fn refusal(path: &Path, message: impl Into<String>) -> Error {
    Error::new(ErrorKind::Io, "", message).in_file(name_of(path))
}

fn name_of(path: &Path) -> String {
    path.display().to_string()
}

/// The last part of a path, for messages that name the whole path already.
fn last_of(path: &Path) -> String {
    path.file_name()
        .unwrap_or(path.as_os_str())
        .to_string_lossy()
        .into_owned()
}

fn directory_of(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    }
}

#[cfg(unix)]
fn sync_directory(directory: &Path) -> io::Result<()> {
    File::open(directory)?.sync_all()
}

/// Elsewhere directories cannot be opened as files.
#[cfg(not(unix))]
fn sync_directory(_: &Path) -> io::Result<()> {
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::io::commit;

    fn entries(directory: &Path) -> Vec<String> {
        let mut names: Vec<_> = fs::read_dir(directory)
            .unwrap()
            .map(|e| e.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }

    #[test]
    fn pieces_of_all_sizes_arrive_in_order() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("t");
        let mut file = AtomicFile::create(&path, Overwrite::Refuse).unwrap();
        let mut expected = Vec::new();
        for (k, len) in [
            1,
            0,
            BUFFER_BYTES - 1,
            1,
            BUFFER_BYTES,
            3,
            BUFFER_BYTES + 1,
            2,
        ]
        .into_iter()
        .enumerate()
        {
            let piece = vec![u8::try_from(k).unwrap(); len];
            file.append(&piece).unwrap();
            expected.extend(piece);
        }
        assert_eq!(file.size_bytes(), expected.len() as u64);
        assert!(!path.exists());
        commit(&mut file).unwrap();
        assert!(fs::read(&path).unwrap() == expected);
        drop(file);
        assert_eq!(entries(dir.path()), ["t"]);
    }

    #[test]
    fn calls_out_of_order_are_errors() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("t");
        let mut file = AtomicFile::create(&path, Overwrite::Refuse).unwrap();
        let early = file.publish().unwrap_err().to_string();
        assert!(
            early.ends_with("cannot rename .t.tmp to t: not everything is on disk yet"),
            "{early}"
        );
        file.append(b"a").unwrap();
        file.sync().unwrap();
        file.append(b"b").unwrap();
        assert!(file.publish().is_err());
        file.sync().unwrap();
        file.publish().unwrap();
        let late = file.append(b"c").unwrap_err().to_string();
        assert!(
            late.ends_with("cannot append to t: the file is complete already"),
            "{late}"
        );
        file.discard();
        assert_eq!(fs::read(&path).unwrap(), b"ab");
    }

    #[test]
    fn discarded_or_dropped_leaves_nothing() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("t");
        let mut file = AtomicFile::create(&path, Overwrite::Refuse).unwrap();
        file.append(b"abc").unwrap();
        file.discard();
        assert!(entries(dir.path()).is_empty());
        assert!(file.append(b"d").is_err() && commit(&mut file).is_err());
        drop(file);
        drop(AtomicFile::create(&path, Overwrite::Refuse).unwrap());
        assert!(entries(dir.path()).is_empty());
    }

    #[test]
    fn a_name_taken_meanwhile_is_not_replaced() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("t");
        let mut file = AtomicFile::create(&path, Overwrite::Refuse).unwrap();
        fs::write(&path, "theirs").unwrap();
        let error = commit(&mut file).unwrap_err();
        assert!(
            error
                .to_string()
                .ends_with("cannot rename .t.tmp to t: exists already"),
            "{error}"
        );
        assert!(error.is_io());
        assert_eq!(fs::read(&path).unwrap(), b"theirs");
        assert_eq!(entries(dir.path()), ["t"]);
    }

    #[test]
    fn only_regular_files_are_replaced() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("t");
        fs::write(&path, "old").unwrap();
        let error = AtomicFile::create(&path, Overwrite::Refuse).unwrap_err();
        assert_eq!(
            error.to_string(),
            format!("{}: exists already", path.display())
        );
        let mut file = AtomicFile::create(&path, Overwrite::Replace).unwrap();
        file.append(b"new").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"old");
        commit(&mut file).unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"new");
        let error = AtomicFile::create(dir.path(), Overwrite::Replace).unwrap_err();
        assert!(error.to_string().contains("is a directory"), "{error}");
    }

    #[cfg(unix)]
    #[test]
    fn permissions_of_what_is_replaced_are_kept() {
        use std::os::unix::fs::PermissionsExt as _;
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("t");
        fs::write(&path, "old").unwrap();
        for mode in [0o600, 0o444, 0o664] {
            fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
            let mut file = AtomicFile::create(&path, Overwrite::Replace).unwrap();
            commit(&mut file).unwrap();
            let kept = fs::metadata(&path).unwrap().permissions().mode();
            assert_eq!(kept & 0o777, mode);
        }
    }

    #[test]
    fn the_longest_name_works_and_a_longer_one_is_refused_at_once() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("n".repeat(255));
        let mut file = AtomicFile::create(&path, Overwrite::Refuse).unwrap();
        commit(&mut file).unwrap();
        assert_eq!(entries(dir.path()), ["n".repeat(255)]);
        let too_long = dir.path().join("n".repeat(256));
        assert!(AtomicFile::create(too_long, Overwrite::Refuse).is_err());
    }

    #[test]
    fn a_temporary_file_that_is_not_ours_any_more_is_not_published() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("t");
        let mut file = AtomicFile::create(&path, Overwrite::Refuse).unwrap();
        file.append(b"ours").unwrap();
        fs::remove_file(dir.path().join(".t.tmp")).unwrap();
        let mut second = AtomicFile::create(&path, Overwrite::Refuse).unwrap();
        second.append(b"theirs").unwrap();
        assert!(commit(&mut file).is_err());
        drop(file);
        commit(&mut second).unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"theirs");
    }
}
