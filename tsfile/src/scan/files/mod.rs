//! Many files: found, opened side by side, and what was passed over on the way.

mod discover;
mod glob;
mod skipped;

pub use discover::{Discovered, discover};
pub use skipped::{Skipped, SkippedFiles};

use skipped::Ignore;

use super::cache::MetadataCache;
use crate::Result;
use crate::io::{DEFAULT_OPEN_FILES, FilePool};
use crate::read::each::try_map;
use crate::read::{ReadOptions, TsFileReader, mods_beside};
use std::path::Path;
use std::sync::Arc;

/// How files are found and opened.
#[derive(Debug, Clone)]
pub struct FileOptions {
    read: ReadOptions,
    ignore: Ignore,
    threads: usize,
    pool: Arc<FilePool>,
    indexes: bool,
    cache: Option<MetadataCache>,
}

impl Default for FileOptions {
    fn default() -> Self {
        Self {
            read: ReadOptions::default(),
            ignore: Ignore::default(),
            threads: 1,
            pool: FilePool::new(DEFAULT_OPEN_FILES),
            indexes: true,
            cache: None,
        }
    }
}

impl FileOptions {
    /// The defaults.
    pub fn new() -> Self {
        Self::default()
    }

    /// How each file is opened. [`ReadOptions::with_ignore_mods`] counts the files beside which deletions were ignored.
    #[must_use]
    pub fn with_read(mut self, read: ReadOptions) -> Self {
        self.read = read;
        self
    }

    /// Passes over what is not there (default: false, an error): files that vanish between being found and opened, too.
    #[must_use]
    pub fn with_ignore_missing(mut self, ignore: bool) -> Self {
        self.ignore.missing = ignore;
        self
    }

    /// Passes over files whose head, tail or index is corrupt, or that are no TsFiles (default: false, an error).
    #[must_use]
    pub fn with_ignore_corrupt(mut self, ignore: bool) -> Self {
        self.ignore.corrupt = ignore;
        self
    }

    /// Passes over files without a footer, which are being written or whose writer died (default: false, an error).
    #[must_use]
    pub fn with_ignore_unsealed(mut self, ignore: bool) -> Self {
        self.ignore.unsealed = ignore;
        self
    }

    /// How many files are opened side by side (default: 1, by the thread that asks).
    #[must_use]
    pub fn with_threads(mut self, threads: usize) -> Self {
        self.threads = threads.max(1);
        self
    }

    /// How many files are held open at a time (default: [`DEFAULT_OPEN_FILES`]), of all that are opened by these options and clones of them;
    /// others are opened again when they are read. A cache holds its own.
    #[must_use]
    pub fn with_open_files(mut self, files: usize) -> Self {
        self.pool = FilePool::new(files);
        self
    }

    /// Reads the index of each file, side by side as well, when there are several (default: true): a scan needs it.
    #[must_use]
    pub fn with_indexes(mut self, indexes: bool) -> Self {
        self.indexes = indexes;
        self
    }

    /// Where the metadata of files that were opened before are found again (default: `None`).
    #[must_use]
    pub fn with_cache(mut self, cache: Option<MetadataCache>) -> Self {
        self.cache = cache;
        self
    }

    /// Opens one file; `None` when it is passed over, and counted in `skipped`.
    ///
    /// # Errors
    /// As [`TsFileReader::open`], unless the options pass over such a file.
    pub fn open(
        &self,
        path: impl AsRef<Path>,
        skipped: &mut Skipped,
    ) -> Result<Option<TsFileReader>> {
        self.open_one(path.as_ref(), false, skipped)
    }

    fn open_one(
        &self,
        path: &Path,
        index: bool,
        skipped: &mut Skipped,
    ) -> Result<Option<TsFileReader>> {
        let open = || -> Result<TsFileReader> {
            let reader = match &self.cache {
                Some(cache) => cache.open(path, &self.read)?,
                None => TsFileReader::open_in(path, self.read.clone(), &self.pool)?,
            };
            if index {
                reader.index()?;
            }
            Ok(reader)
        };
        match open() {
            Ok(reader) => {
                if self.read.ignore_mods && mods_beside(path).is_some() {
                    skipped.add_deletions(path);
                }
                Ok(Some(reader))
            }
            Err(e) => skipped.add(path, e, self).map(|()| None),
        }
    }
}

/// Open files, and what was passed over.
#[derive(Debug, Clone)]
pub struct OpenedFiles {
    /// In the order of the files; none when all were passed over.
    pub readers: Vec<TsFileReader>,
    /// What was passed over.
    pub skipped: Skipped,
}

/// Finds the files that `paths` mean as [`discover`] does, and opens them.
///
/// ```
/// use tsfile::scan::{FileOptions, Query, open_files};
///
/// # fn main() -> tsfile::Result<()> {
/// # let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../testdata/golden/cpp-2.5.0");
/// let options = FileOptions::new().with_threads(4).with_ignore_corrupt(true);
/// let opened = open_files(&[format!("{folder}/tree_m[a-i]*.tsfile")], &options)?;
/// assert!(opened.skipped.is_empty());
/// let scan = Query::new(opened.readers).narrow().select(["s1"]).scan()?;
/// # assert!(scan.count() > 0);
/// # Ok(())
/// # }
/// ```
///
/// # Errors
/// As [`discover`] and [`TsFileReader::open`], for the first file that the options do not pass over.
pub fn open_files<P: AsRef<Path>>(paths: &[P], options: &FileOptions) -> Result<OpenedFiles> {
    discover(paths, options)?.open(options)
}

impl Discovered {
    /// Opens the files.
    ///
    /// # Errors
    /// As [`TsFileReader::open`], for the first file that the options do not pass over.
    pub fn open(self, options: &FileOptions) -> Result<OpenedFiles> {
        let index = options.indexes && self.files.len() > 1;
        let opened = try_map(&self.files, options.threads, |path| {
            // What is passed over is counted in order, where all come together.
            let mut skipped = Skipped::default();
            let reader = options.open_one(path, index, &mut skipped)?;
            Ok((reader, skipped))
        })?;
        let mut skipped = self.skipped;
        let mut readers = Vec::with_capacity(opened.len());
        for (reader, own) in opened {
            readers.extend(reader);
            skipped.join(own);
        }
        Ok(OpenedFiles { readers, skipped })
    }
}
