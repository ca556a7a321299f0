//! A file on the local disk.

use super::ReadAt;
use crate::{Error, Result};
use std::fs::File;
use std::path::{Path, PathBuf};

/// An open file; reads do not move a shared position.
#[derive(Debug)]
pub struct FileSource {
    file: File,
    path: PathBuf,
    size_bytes: u64,
}

impl FileSource {
    /// Opens `path`.
    ///
    /// # Errors
    /// The path does not exist, is a directory, or may not be read.
    pub fn open(path: impl AsRef<Path>) -> Result<Self> {
        let path = path.as_ref().to_path_buf();
        let fail = |e| Error::io("cannot open", e).in_file(path.display().to_string());
        let file = File::open(&path).map_err(fail)?;
        let metadata = file.metadata().map_err(fail)?;
        if metadata.is_dir() {
            return Err(fail(std::io::Error::new(
                std::io::ErrorKind::IsADirectory,
                "is a directory",
            )));
        }
        Ok(Self {
            file,
            path,
            size_bytes: metadata.len(),
        })
    }

    /// The path that was opened.
    pub fn path(&self) -> &Path {
        &self.path
    }
}

impl ReadAt for FileSource {
    fn size_bytes(&self) -> u64 {
        self.size_bytes
    }

    #[cfg(unix)]
    fn read_at(&self, offset: u64, out: &mut [u8]) -> Result<()> {
        std::os::unix::fs::FileExt::read_exact_at(&self.file, out, offset).map_err(|e| {
            let what = if e.kind() == std::io::ErrorKind::UnexpectedEof {
                "the file became shorter while it was read"
            } else {
                "cannot read"
            };
            Error::io(what, e)
                .in_file(self.path.display().to_string())
                .at(offset)
        })
    }

    #[cfg(not(unix))]
    fn read_at(&self, offset: u64, out: &mut [u8]) -> Result<()> {
        use std::io::{Read, Seek, SeekFrom};
        let fail = |e| {
            Error::io("cannot read", e)
                .in_file(self.path.display().to_string())
                .at(offset)
        };
        let mut file = self.file.try_clone().map_err(fail)?;
        file.seek(SeekFrom::Start(offset)).map_err(fail)?;
        file.read_exact(out).map_err(fail)
    }
}
