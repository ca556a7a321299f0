//! Metadata of files that were opened before, as long as the files are the same.

use crate::Result;
use crate::io::{DEFAULT_OPEN_FILES, FilePool, modified_ns};
use crate::read::{ReadOptions, TsFileReader, check_mods};
use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Default of [`MetadataCache::new`]: 256 MiB.
pub const DEFAULT_CACHE_BYTES: u64 = 256 << 20;
/// A reader without any device.
const READER_BYTES: u64 = 4 << 10;
/// The parsed index beside the section of the file that it comes from.
const BYTES_PER_METADATA_BYTE: u64 = 2;

/// Readers of files, found again by path, length and time of modification. Whoever plans many scans over the same files passes one along;
/// clones share it, and threads may.
///
/// A reader knows the tail of its file, and the index once somebody asked for it; the files themselves are open in turns only.
#[derive(Debug, Clone)]
pub struct MetadataCache {
    most_bytes: u64,
    pool: Arc<FilePool>,
    inner: Arc<Mutex<Cached>>,
}

/// What a [`MetadataCache`] holds, and how often that helped.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct CacheCounts {
    /// Files that are held now.
    pub files: usize,
    /// Bytes that they take, by estimate.
    pub bytes: u64,
    /// Files that were found.
    pub hits: u64,
    /// Files that had to be opened.
    pub misses: u64,
}

#[derive(Debug, Default)]
struct Cached {
    files: HashMap<PathBuf, Entry>,
    /// By last use.
    order: BTreeMap<u64, PathBuf>,
    clock: u64,
    counts: CacheCounts,
}

#[derive(Debug)]
struct Entry {
    reader: TsFileReader,
    bytes: u64,
    used: u64,
}

impl Default for MetadataCache {
    fn default() -> Self {
        Self::new(DEFAULT_CACHE_BYTES)
    }
}

impl MetadataCache {
    /// Holds about so many bytes of metadata; what was not used for longest goes first.
    pub fn new(most_bytes: u64) -> Self {
        Self {
            most_bytes,
            pool: FilePool::new(DEFAULT_OPEN_FILES),
            inner: Arc::default(),
        }
    }

    /// A reader of the file at `path`: that of the last time when the file has the same length and time of modification, and is opened with
    /// the same options.
    ///
    /// # Errors
    /// As [`TsFileReader::open`].
    pub fn open(&self, path: impl AsRef<Path>, options: &ReadOptions) -> Result<TsFileReader> {
        let path = path.as_ref();
        if let Ok(found) = std::fs::metadata(path) {
            let is = (found.len(), modified_ns(&found));
            if let Some(reader) = self.lock().find(path, is, options) {
                // Deletions may have come since.
                check_mods(path, options)?;
                return Ok(reader);
            }
        }
        // Others need not wait for the disk.
        let reader = TsFileReader::open_in(path, options.clone(), &self.pool)?;
        self.lock().put(path, &reader, self.most_bytes);
        Ok(reader)
    }

    /// What it holds, and how often that helped.
    pub fn counts(&self) -> CacheCounts {
        let cached = self.lock();
        CacheCounts {
            files: cached.files.len(),
            ..cached.counts
        }
    }

    /// Forgets all files.
    pub fn clear(&self) {
        let mut cached = self.lock();
        cached.files.clear();
        cached.order.clear();
        cached.counts.bytes = 0;
    }

    /// A thread that panicked left, at worst, an entry that nothing finds.
    fn lock(&self) -> MutexGuard<'_, Cached> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Cached {
    fn find(
        &mut self,
        path: &Path,
        is: (u64, Option<i64>),
        options: &ReadOptions,
    ) -> Option<TsFileReader> {
        let entry = self.files.get_mut(path);
        let same = entry.filter(|e| {
            // A file of unknown age may have been written over.
            let was = (e.reader.size_bytes(), e.reader.modified_ns());
            was == is && was.1.is_some() && e.reader.options() == options
        });
        let Some(entry) = same else {
            self.counts.misses += 1;
            return None;
        };
        self.counts.hits += 1;
        self.clock += 1;
        if let Some(path) = self.order.remove(&entry.used) {
            self.order.insert(self.clock, path);
        }
        entry.used = self.clock;
        Some(entry.reader.clone())
    }

    fn put(&mut self, path: &Path, reader: &TsFileReader, most_bytes: u64) {
        self.remove(path);
        // How much recovery holds is not known by the length of anything.
        let bytes = cost(reader);
        if bytes > most_bytes || reader.is_recovered() {
            return;
        }
        while self.counts.bytes + bytes > most_bytes {
            let Some((_, oldest)) = self.order.pop_first() else {
                break;
            };
            self.remove(&oldest);
        }
        self.clock += 1;
        let entry = Entry {
            reader: reader.clone(),
            bytes,
            used: self.clock,
        };
        self.counts.bytes += bytes;
        self.order.insert(self.clock, path.to_path_buf());
        self.files.insert(path.to_path_buf(), entry);
    }

    fn remove(&mut self, path: &Path) {
        if let Some(entry) = self.files.remove(path) {
            self.order.remove(&entry.used);
            self.counts.bytes -= entry.bytes;
        }
    }
}

/// About how many bytes a reader takes once its index was read.
fn cost(reader: &TsFileReader) -> u64 {
    let metadata = reader.size_bytes().saturating_sub(reader.data_end());
    READER_BYTES + BYTES_PER_METADATA_BYTE * metadata
}
