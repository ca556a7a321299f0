//! Where converted bytes go: to stdout, or into a file that appears whole or not at all and is never one of the inputs.

use std::fs;
use std::io::{self, BufWriter, Stdout, Write};
use std::path::{Path, PathBuf};

use tsfile::io::{AtomicFile, Overwrite};

use crate::exit::{Blame as _, Failure, Outcome};

/// What goes to stdout is handed to the system in pieces of this size.
const BUFFER_BYTES: usize = 256 << 10;

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
    /// Nowhere: nothing is to be written.
    Nowhere,
}

impl Target {
    /// Stdout.
    pub fn stdout() -> Self {
        Self::Stdout {
            out: BufWriter::with_capacity(BUFFER_BYTES, io::stdout()),
            bytes: 0,
        }
    }

    /// A temporary file beside `path`; dropped without [`Target::commit`], it is removed.
    ///
    /// # Errors
    ///
    /// What [`check`] refuses, or when another writer is at work on `path` or the directory cannot be written.
    pub fn file(path: &Path, force: bool, inputs: &[PathBuf]) -> Outcome<Self> {
        check(path, force, inputs)?;
        AtomicFile::create(path, overwrite(force))
            .map(Self::File)
            .map_err(refused)
    }

    /// For what writes nothing.
    pub fn nowhere() -> Self {
        Self::Nowhere
    }

    /// What to call it in messages.
    pub fn name(&self) -> String {
        match self {
            Self::Stdout { .. } => "stdout".to_owned(),
            Self::File(file) => file.path().display().to_string(),
            Self::Nowhere => "nothing".to_owned(),
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
            Self::Nowhere => Ok(0),
            Self::File(mut file) => {
                tsfile::io::commit(&mut file).map_err(refused)?;
                Ok(file.size_bytes())
            }
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
            Self::File(file) => file.write(buffer),
            Self::Nowhere => Ok(buffer.len()),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Self::Stdout { out, .. } => out.flush(),
            Self::File(file) => file.flush(),
            Self::Nowhere => Ok(()),
        }
    }
}

fn overwrite(force: bool) -> Overwrite {
    if force {
        Overwrite::Replace
    } else {
        Overwrite::Refuse
    }
}

/// The library names file, call and reason; the output is at fault unless the command line is.
fn refused(error: tsfile::Error) -> Failure {
    match error.kind() {
        tsfile::ErrorKind::Argument => Failure::usage(error),
        _ => Failure::output(error),
    }
}

/// Whether a regular file is at `path`, which `force` would replace.
pub fn is_taken(path: &Path) -> bool {
    fs::symlink_metadata(path).is_ok_and(|found| found.is_file())
}

/// What [`Target::file`] would refuse about `path`, before any work is done.
///
/// # Errors
///
/// When something is there already (and, with `force`, is no regular file), or when `path` is one of `inputs` under
/// any name.
pub fn check(path: &Path, force: bool, inputs: &[PathBuf]) -> Outcome {
    refuse_inputs(path, inputs)?;
    AtomicFile::check(path, overwrite(force)).map_err(|e| {
        refused(if !force && is_taken(path) {
            e.hint("--force replaces it")
        } else {
            e
        })
    })
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
