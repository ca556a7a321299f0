//! A file on the local disk.

use super::ReadAt;
use super::pool::{FilePool, PoolKey};
use crate::{Error, ErrorKind, Result};
use std::fs::{File, Metadata};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::UNIX_EPOCH;

/// As long as a call takes, so many bytes are copied.
const REQUEST_BYTES: u64 = 16 * 1024;

/// A file; reads do not move a shared position.
#[derive(Debug)]
pub struct FileSource {
    path: PathBuf,
    size_bytes: u64,
    modified_ns: Option<i64>,
    handle: Handle,
}

#[derive(Debug)]
enum Handle {
    Held(File),
    /// Open while the pool has room for it.
    Pooled(Arc<FilePool>, PoolKey),
}

impl FileSource {
    /// Opens `path` and holds it open.
    ///
    /// # Errors
    /// The path does not exist, is a directory, or may not be read.
    pub fn open(path: impl AsRef<Path>) -> Result<Self> {
        let path = path.as_ref().to_path_buf();
        let (file, metadata) = open(&path)?;
        Ok(Self {
            size_bytes: metadata.len(),
            modified_ns: modified_ns(&metadata),
            handle: Handle::Held(file),
            path,
        })
    }

    /// Opens `path`, to be closed and opened again as the pool needs room. A file that is another one by then is an error of kind
    /// [`ErrorKind::Changed`].
    ///
    /// # Errors
    /// As [`FileSource::open`].
    pub fn open_in(path: impl AsRef<Path>, pool: &Arc<FilePool>) -> Result<Self> {
        let path = path.as_ref().to_path_buf();
        let (file, metadata) = open(&path)?;
        Ok(Self {
            size_bytes: metadata.len(),
            modified_ns: modified_ns(&metadata),
            handle: Handle::Pooled(pool.clone(), pool.add(file)),
            path,
        })
    }

    /// The path that was opened.
    pub fn path(&self) -> &Path {
        &self.path
    }

    fn name(&self) -> String {
        self.path.display().to_string()
    }

    fn with_file<T>(&self, f: impl FnOnce(&File) -> Result<T>) -> Result<T> {
        match &self.handle {
            Handle::Held(file) => f(file),
            Handle::Pooled(pool, key) => f(&*pool.get(key, || self.open_again())?),
        }
    }

    fn open_again(&self) -> Result<File> {
        let file = File::open(&self.path)
            .map_err(|e| Error::io("cannot open the file again", e).in_file(self.name()))?;
        self.check(&file)?;
        Ok(file)
    }

    fn check(&self, file: &File) -> Result<()> {
        let found = file
            .metadata()
            .map_err(|e| Error::io("cannot look at the file", e).in_file(self.name()))?;
        let was = (self.size_bytes, self.modified_ns);
        check_same(was, (found.len(), modified_ns(&found))).map_err(|e| e.in_file(self.name()))
    }
}

fn open(path: &Path) -> Result<(File, Metadata)> {
    let fail = |e| Error::io("cannot open", e).in_file(path.display().to_string());
    let file = File::open(path).map_err(fail)?;
    let metadata = file.metadata().map_err(fail)?;
    if metadata.is_dir() {
        return Err(fail(std::io::Error::new(
            std::io::ErrorKind::IsADirectory,
            "is a directory",
        )));
    }
    Ok((file, metadata))
}

/// When a file was modified, in nanoseconds since 1970; `None` where that is not known.
pub fn modified_ns(metadata: &Metadata) -> Option<i64> {
    let modified = metadata.modified().ok()?;
    match modified.duration_since(UNIX_EPOCH) {
        Ok(after) => i64::try_from(after.as_nanos()).ok(),
        Err(before) => i64::try_from(before.duration().as_nanos())
            .ok()
            .map(i64::wrapping_neg),
    }
}

/// An error of kind [`ErrorKind::Changed`] unless length and time of modification are the same; a time that is not known on one of the sides
/// does not count.
pub(crate) fn check_same(was: (u64, Option<i64>), is: (u64, Option<i64>)) -> Result<()> {
    let changed = |what: &str| {
        Error::new(ErrorKind::Changed, "", format!("the file changed: {what}"))
            .hint("start again when nobody writes to it")
    };
    if was.0 != is.0 {
        return Err(changed("it has another length")
            .expected(format!("{} bytes", was.0))
            .got(format!("{} bytes", is.0)));
    }
    match (was.1, is.1) {
        (Some(was), Some(is)) if was != is => Err(changed("it was modified")
            .expected(format!("{was} ns since 1970"))
            .got(is)),
        _ => Ok(()),
    }
}

impl Drop for FileSource {
    fn drop(&mut self) {
        if let Handle::Pooled(pool, key) = &self.handle {
            pool.forget(key);
        }
    }
}

impl ReadAt for FileSource {
    fn size_bytes(&self) -> u64 {
        self.size_bytes
    }

    fn modified_ns(&self) -> Option<i64> {
        self.modified_ns
    }

    fn request_bytes(&self) -> u64 {
        REQUEST_BYTES
    }

    fn check_unchanged(&self) -> Result<()> {
        self.with_file(|file| self.check(file))
    }

    #[cfg(unix)]
    fn read_at(&self, offset: u64, out: &mut [u8]) -> Result<()> {
        self.with_file(|file| {
            std::os::unix::fs::FileExt::read_exact_at(file, out, offset).map_err(|e| {
                let what = if e.kind() == std::io::ErrorKind::UnexpectedEof {
                    "the file became shorter while it was read"
                } else {
                    "cannot read"
                };
                Error::io(what, e).in_file(self.name()).at(offset)
            })
        })
    }

    #[cfg(not(unix))]
    fn read_at(&self, offset: u64, out: &mut [u8]) -> Result<()> {
        use std::io::{Read, Seek, SeekFrom};
        self.with_file(|file| {
            let fail = |e| Error::io("cannot read", e).in_file(self.name()).at(offset);
            let mut file = file.try_clone().map_err(fail)?;
            file.seek(SeekFrom::Start(offset)).map_err(fail)?;
            file.read_exact(out).map_err(fail)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    fn read(source: &FileSource) -> Result<[u8; 3]> {
        let mut out = [0; 3];
        source.read_at(1, &mut out).map(|()| out)
    }

    #[test]
    fn more_files_than_the_pool_holds_are_opened_again() {
        let dir = tempfile::tempdir().unwrap();
        let pool = FilePool::new(2);
        let sources: Vec<FileSource> = (0..5)
            .map(|i| {
                let path = dir.path().join(format!("{i}"));
                std::fs::write(&path, [i, i, i, i]).unwrap();
                FileSource::open_in(path, &pool).unwrap()
            })
            .collect();
        for _ in 0..2 {
            for (i, source) in (0u8..).zip(&sources) {
                assert_eq!(read(source).unwrap(), [i; 3]);
                assert!(pool.open_files() <= 2);
            }
        }
        drop(sources);
        assert_eq!(pool.open_files(), 0);
    }

    #[test]
    fn another_file_of_the_name_is_an_error_and_so_is_none() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("x.tsfile");
        let open = |pool: &Arc<FilePool>| {
            std::fs::write(&path, b"abcd").unwrap();
            FileSource::open_in(&path, pool).unwrap()
        };
        let pool = FilePool::new(1);
        let other = dir.path().join("other");
        std::fs::write(&other, b"").unwrap();
        let evict = || drop(FileSource::open_in(&other, &pool).unwrap());

        let source = open(&pool);
        evict();
        assert_eq!(read(&source).unwrap(), *b"bcd");
        evict();
        std::fs::write(&path, b"abcde").unwrap();
        let e = read(&source).unwrap_err();
        assert_eq!(e.kind(), ErrorKind::Changed);
        let text = e.to_string();
        let shown = path.display();
        assert!(
            text.starts_with(&format!(
                "{shown}: the file changed: it has another length; expected 4 bytes, found 5 bytes"
            )),
            "{text}"
        );

        let source = open(&pool);
        evict();
        let later = source.modified_ns.unwrap() + 1_000_000_000;
        let time = UNIX_EPOCH + Duration::from_nanos(later.unsigned_abs());
        File::options()
            .write(true)
            .open(&path)
            .unwrap()
            .set_modified(time)
            .unwrap();
        let e = read(&source).unwrap_err();
        assert_eq!(e.kind(), ErrorKind::Changed);
        assert!(e.to_string().contains("it was modified"), "{e}");

        let source = open(&pool);
        evict();
        std::fs::remove_file(&path).unwrap();
        let e = read(&source).unwrap_err();
        assert_eq!((e.kind(), e.is_not_found()), (ErrorKind::Io, true));
        assert!(
            e.to_string()
                .starts_with(&format!("{shown}: cannot open the file again")),
            "{e}"
        );
    }

    #[test]
    fn a_file_that_is_held_open_knows_that_it_changed_when_asked() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("x.tsfile");
        std::fs::write(&path, b"abcd").unwrap();
        let source = FileSource::open(&path).unwrap();
        source.check_unchanged().unwrap();
        std::fs::write(&path, b"abcdefg").unwrap();
        assert_eq!(
            source.check_unchanged().unwrap_err().kind(),
            ErrorKind::Changed
        );
    }
}
