//! An output appears whole or not at all: a temporary file in the same directory, fsync, rename, fsync of the
//! directory. Whatever was there stays untouched until then, and an input is never written onto.

use std::fs::{self, File, OpenOptions};
use std::io::{self, BufWriter, Stdout, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

use crate::exit::{Blame as _, Failure, Outcome};

/// Writes are handed to the system in pieces of this size.
const BUFFER_BYTES: usize = 256 << 10;
/// Names tried for the temporary file.
const ATTEMPTS: u32 = 100;

/// Where converted bytes go.
pub enum Target {
    /// Straight to stdout.
    Stdout {
        /// The buffered stream.
        out: BufWriter<Stdout>,
        /// Bytes written so far.
        bytes: u64,
    },
    /// Into a file that appears when it is complete.
    File(AtomicFile),
}

impl Target {
    /// Stdout.
    pub fn stdout() -> Self {
        Self::Stdout {
            out: BufWriter::with_capacity(BUFFER_BYTES, io::stdout()),
            bytes: 0,
        }
    }

    /// A file; see [`AtomicFile::create`].
    ///
    /// # Errors
    ///
    /// See there.
    pub fn file(path: &Path, force: bool, inputs: &[PathBuf]) -> Outcome<Self> {
        AtomicFile::create(path, force, inputs).map(Self::File)
    }

    /// What to call it in messages.
    pub fn name(&self) -> String {
        match self {
            Self::Stdout { .. } => "stdout".to_owned(),
            Self::File(file) => file.path.display().to_string(),
        }
    }

    /// Makes the output final and returns its size in bytes.
    ///
    /// # Errors
    ///
    /// When the system refuses the last bytes, or the name.
    pub fn commit(self) -> Outcome<u64> {
        match self {
            Self::Stdout { mut out, bytes } => {
                out.flush().output("stdout")?;
                Ok(bytes)
            }
            Self::File(file) => file.commit(),
        }
    }
}

impl Write for Target {
    fn write(&mut self, buffer: &[u8]) -> io::Result<usize> {
        match self {
            Self::Stdout { out, bytes } => {
                let n = out.write(buffer)?;
                *bytes += n as u64;
                Ok(n)
            }
            Self::File(file) => {
                let n = file.writer()?.write(buffer)?;
                file.bytes += n as u64;
                Ok(n)
            }
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Self::Stdout { out, .. } => out.flush(),
            Self::File(file) => file.writer()?.flush(),
        }
    }
}

/// A file under a temporary name; dropped without [`AtomicFile::commit`], it is removed.
pub struct AtomicFile {
    path: PathBuf,
    temporary: PathBuf,
    force: bool,
    out: Option<BufWriter<File>>,
    bytes: u64,
}

impl AtomicFile {
    /// Checks that `path` may be written and opens a temporary file beside it.
    ///
    /// # Errors
    ///
    /// When something is there already (and, with `force`, is no regular file), when `path` is one of `inputs`
    /// under any name, or when the directory cannot be written.
    pub fn create(path: &Path, force: bool, inputs: &[PathBuf]) -> Outcome<Self> {
        check(path, force, inputs)?;
        let file_name = path
            .file_name()
            .ok_or_else(|| Failure::usage(format!("{}: is no file name", path.display())))?;
        let directory = directory_of(path);
        if !directory.is_dir() {
            return Err(Failure::output(format!(
                "{}: the directory {} does not exist; create it first",
                path.display(),
                directory.display()
            )));
        }
        for _ in 0..ATTEMPTS {
            static NEXT: AtomicU32 = AtomicU32::new(0);
            let mut name = std::ffi::OsString::from(".");
            name.push(file_name);
            name.push(format!(
                ".{}-{}.tmp",
                std::process::id(),
                NEXT.fetch_add(1, Ordering::Relaxed)
            ));
            let temporary = directory.join(name);
            match OpenOptions::new()
                .write(true)
                .create_new(true)
                .open(&temporary)
            {
                Ok(file) => {
                    return Ok(Self {
                        path: path.to_owned(),
                        temporary,
                        force,
                        out: Some(BufWriter::with_capacity(BUFFER_BYTES, file)),
                        bytes: 0,
                    });
                }
                Err(e) if e.kind() == io::ErrorKind::AlreadyExists => {}
                Err(e) => return Err(e).output(path.display()),
            }
        }
        Err(Failure::output(format!(
            "{}: no temporary name beside it is free",
            path.display()
        )))
    }

    fn writer(&mut self) -> io::Result<&mut BufWriter<File>> {
        self.out
            .as_mut()
            .ok_or_else(|| io::Error::other("the output is already complete"))
    }

    fn commit(mut self) -> Outcome<u64> {
        let Some(mut out) = self.out.take() else {
            return Ok(self.bytes);
        };
        out.flush().output(self.path.display())?;
        out.get_ref().sync_all().output(self.path.display())?;
        drop(out);
        if self.force {
            refuse_existing(&self.path, true)?;
            fs::rename(&self.temporary, &self.path).output(self.path.display())?;
        } else {
            self.rename_onto_nothing()?;
        }
        // The file is there; only its directory entry might not survive a power cut.
        if let Ok(directory) = File::open(directory_of(&self.path)) {
            let _ = directory.sync_all();
        }
        Ok(self.bytes)
    }

    /// A hard link fails when the name was taken meanwhile, which a rename would not notice. File systems without
    /// hard links get a check and a rename.
    fn rename_onto_nothing(&self) -> Outcome {
        match fs::hard_link(&self.temporary, &self.path) {
            Ok(()) => fs::remove_file(&self.temporary).output(self.temporary.display()),
            Err(_) => {
                refuse_existing(&self.path, false)?;
                fs::rename(&self.temporary, &self.path).output(self.path.display())
            }
        }
    }
}

impl Drop for AtomicFile {
    fn drop(&mut self) {
        // After a commit there is nothing under this name.
        let _ = fs::remove_file(&self.temporary);
    }
}

fn directory_of(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    }
}

/// Whether a regular file is at `path`, which `force` would replace.
pub fn is_taken(path: &Path) -> bool {
    fs::symlink_metadata(path).is_ok_and(|found| found.is_file())
}

/// What [`AtomicFile::create`] would refuse about `path`, before any work is done.
///
/// # Errors
///
/// See there.
pub fn check(path: &Path, force: bool, inputs: &[PathBuf]) -> Outcome {
    refuse_inputs(path, inputs)?;
    refuse_existing(path, force)
}

fn refuse_existing(path: &Path, force: bool) -> Outcome {
    match fs::symlink_metadata(path) {
        Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(e) => Err(e).output(path.display()),
        Ok(found) if force && found.is_file() => Ok(()),
        Ok(found) if found.is_file() => Err(Failure::output(format!(
            "{}: exists already; --force replaces it",
            path.display()
        ))),
        Ok(found) => Err(Failure::output(format!(
            "{}: exists already and is {}; only regular files are replaced",
            path.display(),
            if found.is_dir() {
                "a directory"
            } else if found.is_symlink() {
                "a symbolic link"
            } else {
                "no regular file"
            }
        ))),
    }
}

fn refuse_inputs(path: &Path, inputs: &[PathBuf]) -> Outcome {
    for input in inputs {
        if is_same_file(path, input) {
            return Err(Failure::output(format!(
                "{}: is the input {}; choose another output",
                path.display(),
                input.display()
            )));
        }
    }
    Ok(())
}

/// Whether two paths lead to the same bytes, through symbolic or hard links too.
#[cfg(unix)]
fn is_same_file(a: &Path, b: &Path) -> bool {
    use std::os::unix::fs::MetadataExt as _;
    match (fs::metadata(a), fs::metadata(b)) {
        (Ok(a), Ok(b)) => a.dev() == b.dev() && a.ino() == b.ino(),
        _ => false,
    }
}

/// Whether two paths lead to the same bytes, as far as names can tell.
#[cfg(not(unix))]
fn is_same_file(a: &Path, b: &Path) -> bool {
    match (fs::canonicalize(a), fs::canonicalize(b)) {
        (Ok(a), Ok(b)) => a == b,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entries(directory: &Path) -> Vec<String> {
        let mut names: Vec<_> = fs::read_dir(directory)
            .unwrap()
            .map(|e| e.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }

    #[test]
    fn appears_only_on_commit() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("out.csv");
        let mut target = Target::file(&path, false, &[]).unwrap();
        target.write_all(b"abc").unwrap();
        assert!(!path.exists());
        assert_eq!(target.commit().unwrap(), 3);
        assert_eq!(fs::read(&path).unwrap(), b"abc");
        assert_eq!(entries(dir.path()), ["out.csv"]);
    }

    #[test]
    fn dropped_without_commit_leaves_nothing() {
        let dir = tempfile::tempdir().unwrap();
        let mut target = Target::file(&dir.path().join("out.csv"), false, &[]).unwrap();
        target.write_all(b"abc").unwrap();
        drop(target);
        assert!(entries(dir.path()).is_empty());
    }

    #[test]
    fn existing_is_refused_without_force_and_replaced_with_it() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("out.csv");
        fs::write(&path, "old").unwrap();
        assert!(Target::file(&path, false, &[]).is_err());
        let mut target = Target::file(&path, true, &[]).unwrap();
        target.write_all(b"new").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"old");
        target.commit().unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"new");
        assert!(Target::file(dir.path(), true, &[]).is_err());
    }

    #[test]
    fn a_name_taken_meanwhile_is_not_replaced() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("out.csv");
        let target = Target::file(&path, false, &[]).unwrap();
        fs::write(&path, "theirs").unwrap();
        assert!(target.commit().is_err());
        assert_eq!(fs::read(&path).unwrap(), b"theirs");
        assert_eq!(entries(dir.path()), ["out.csv"]);
    }

    #[cfg(unix)]
    #[test]
    fn inputs_are_refused_through_links() {
        let dir = tempfile::tempdir().unwrap();
        let input = dir.path().join("in.csv");
        fs::write(&input, "x").unwrap();
        let soft = dir.path().join("soft.csv");
        std::os::unix::fs::symlink(&input, &soft).unwrap();
        let hard = dir.path().join("hard.csv");
        fs::hard_link(&input, &hard).unwrap();
        for path in [&input, &soft, &hard] {
            let failure = Target::file(path, true, std::slice::from_ref(&input))
                .err()
                .unwrap();
            assert!(failure.to_string().contains("is the input"), "{failure}");
        }
    }
}
