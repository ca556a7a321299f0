//! The file that is written: beside the final one, under a name that is the same every time, locked while its writer lives.
//!
//! ```text
//! out.tsfile          the final name
//! .out.tsfile.tmp     locked: a writer is at work; not locked: its writer died, and the next one removes it
//! ```
//!
//! The lock is advisory and dies with its process, however that ends.

use crate::{Error, ErrorKind, Result};
use fs4::TryLockError;
use std::ffi::{OsStr, OsString};
use std::fs::{self, File, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};

/// Longest name that common file systems hold, in bytes.
const MAX_NAME_BYTES: usize = 255;
/// How much of a name that is too long is kept, in bytes.
const KEPT_BYTES: usize = 200;
/// How often other writers may get in between before we give up.
const ATTEMPTS: u32 = 100;

/// An open, locked file that only this writer writes to or removes.
#[derive(Debug)]
pub(super) struct Temporary {
    path: PathBuf,
    file: File,
}

impl Temporary {
    /// Creates and locks the temporary file for `target`. What a dead writer left is removed first.
    ///
    /// A leftover is never written to: its writer may have died when the final name was a second link to it.
    ///
    /// # Errors
    /// Another writer is at work on `target`, something else has the temporary name, or the system refuses.
    pub fn create(target: &Path) -> Result<Self> {
        let path = beside(target)?;
        let named = |e: Error| e.in_file(target.display().to_string());
        let fail = |call: &str, e| named(Error::io(format!("cannot {call} {}", path.display()), e));
        for _ in 0..ATTEMPTS {
            let (file, is_new) = match create_new(&path) {
                Ok(file) => (file, true),
                Err(e) if e.kind() == io::ErrorKind::AlreadyExists => match open(&path) {
                    Ok(file) => (file, false),
                    Err(e) if e.kind() == io::ErrorKind::NotFound => continue,
                    Err(e) => return Err(fail("open", e).hint("remove it if nothing needs it")),
                },
                Err(e) => return Err(fail("create", e)),
            };
            // Not the method of the standard library, which came after the Rust version that we promise.
            match fs4::FileExt::try_lock(&file) {
                Ok(()) => {}
                Err(TryLockError::WouldBlock) => return Err(named(busy(&path))),
                Err(TryLockError::Error(e)) => {
                    if is_new {
                        let _ = fs::remove_file(&path);
                    }
                    return Err(fail("lock", e));
                }
            }
            let path = path.clone();
            let temporary = Self { path, file };
            // Between opening and locking another writer may have removed or renamed this very file.
            match temporary.is_there() {
                true if is_new => return Ok(temporary),
                true => temporary.remove().map_err(|e| fail("remove", e))?,
                false => {}
            }
        }
        Err(named(busy(&path)))
    }

    /// The file, to be written to.
    pub fn file(&self) -> &File {
        &self.file
    }

    /// Its temporary path.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Whether the temporary name still leads to this file, and not to nothing or to that of another writer.
    pub fn is_there(&self) -> bool {
        leads_to(&self.path, &self.file)
    }

    /// Removes the name; the lock is held as long as `self` lives.
    pub fn remove(&self) -> io::Result<()> {
        fs::remove_file(&self.path)
    }
}

fn busy(path: &Path) -> Error {
    let message = format!(
        "another writer is at work on it and has {} locked",
        path.display()
    );
    Error::new(ErrorKind::Io, "", message).hint("wait until it ends, or choose another output")
}

fn create_new(path: &Path) -> io::Result<File> {
    OpenOptions::new().write(true).create_new(true).open(path)
}

/// Opens what is there, only to lock it. A leftover may be read-only; some network file systems lock only what is open for writing.
fn open(path: &Path) -> io::Result<File> {
    if !fs::symlink_metadata(path)?.is_file() {
        return Err(io::Error::other("it is no regular file"));
    }
    match OpenOptions::new().write(true).open(path) {
        Err(e) if e.kind() == io::ErrorKind::PermissionDenied => File::open(path),
        other => other,
    }
}

/// The temporary path for `target`: `.NAME.tmp` in the same directory.
fn beside(target: &Path) -> Result<PathBuf> {
    let Some(name) = target.file_name() else {
        let error = Error::argument("is no file name").in_file(target.display().to_string());
        return Err(error);
    };
    Ok(target.with_file_name(temporary_name(name)))
}

/// `.NAME.tmp`, or, where that is longer than a name may be, the start of `NAME` and a hash of all of it.
fn temporary_name(name: &OsStr) -> OsString {
    let mut temporary = OsString::from(".");
    let around = ".".len() + ".tmp".len();
    if name.len() + around <= MAX_NAME_BYTES {
        temporary.push(name);
    } else {
        let mut kept = String::new();
        for c in name.to_string_lossy().chars() {
            if kept.len() + c.len_utf8() > KEPT_BYTES {
                break;
            }
            kept.push(c);
        }
        temporary.push(kept);
        temporary.push(format!("-{:016x}", fnv1a(name.as_encoded_bytes())));
    }
    temporary.push(".tmp");
    temporary
}

/// FNV-1a: the same in every version of this crate, so that leftovers are found.
fn fnv1a(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x100_0000_01b3)
    })
}

#[cfg(unix)]
fn leads_to(path: &Path, file: &File) -> bool {
    use std::os::unix::fs::MetadataExt as _;
    match (fs::symlink_metadata(path), file.metadata()) {
        (Ok(a), Ok(b)) => a.dev() == b.dev() && a.ino() == b.ino(),
        _ => false,
    }
}

/// Elsewhere the name alone has to do: stable Rust has no identity of files there.
#[cfg(not(unix))]
fn leads_to(path: &Path, _: &File) -> bool {
    fs::symlink_metadata(path).is_ok_and(|found| found.is_file())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_the_same_every_time_and_never_too_long() {
        assert_eq!(temporary_name("a.csv".as_ref()), ".a.csv.tmp");
        let fits = "n".repeat(250);
        assert_eq!(
            temporary_name(fits.as_ref()),
            format!(".{fits}.tmp").as_str()
        );
        let mut seen = std::collections::HashSet::new();
        for name in ["n".repeat(251), "n".repeat(255), "\u{e9}".repeat(127)] {
            let temporary = temporary_name(name.as_ref());
            assert!(temporary.len() <= MAX_NAME_BYTES, "{}", temporary.len());
            assert_eq!(temporary, temporary_name(name.as_ref()));
            assert!(seen.insert(temporary));
        }
    }

    #[test]
    fn hash_is_the_published_one() {
        // From the test vectors of FNV-1a with 64 bits.
        assert_eq!(fnv1a(b""), 0xcbf2_9ce4_8422_2325);
        assert_eq!(fnv1a(b"a"), 0xaf63_dc4c_8601_ec8c);
        assert_eq!(fnv1a(b"foobar"), 0x8594_4171_f739_67e8);
    }

    #[test]
    fn a_leftover_that_the_final_name_shares_is_not_written_to() {
        let dir = tempfile::tempdir().unwrap();
        let target = dir.path().join("t");
        fs::write(&target, "complete").unwrap();
        fs::hard_link(&target, dir.path().join(".t.tmp")).unwrap();
        let temporary = Temporary::create(&target).unwrap();
        assert!(temporary.is_there());
        assert_eq!(temporary.file().metadata().unwrap().len(), 0);
        assert_eq!(fs::read(&target).unwrap(), b"complete");
    }

    #[cfg(unix)]
    #[test]
    fn something_else_under_the_temporary_name_is_left_alone() {
        let dir = tempfile::tempdir().unwrap();
        let target = dir.path().join("t");
        let precious = dir.path().join("precious");
        fs::write(&precious, "x").unwrap();
        std::os::unix::fs::symlink(&precious, dir.path().join(".t.tmp")).unwrap();
        let error = Temporary::create(&target).unwrap_err();
        assert!(error.to_string().contains("no regular file"), "{error}");
        assert_eq!(fs::read(&precious).unwrap(), b"x");
        assert!(fs::symlink_metadata(dir.path().join(".t.tmp")).is_ok());
    }

    #[cfg(unix)]
    #[test]
    fn a_name_that_leads_elsewhere_meanwhile_is_noticed() {
        let dir = tempfile::tempdir().unwrap();
        let target = dir.path().join("t");
        let temporary = Temporary::create(&target).unwrap();
        fs::remove_file(temporary.path()).unwrap();
        assert!(!temporary.is_there());
        let second = Temporary::create(&target).unwrap();
        assert!(second.is_there() && !temporary.is_there());
    }
}
