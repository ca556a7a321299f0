//! A bounded number of open files for any number of sources: those used last stay open.

use crate::Result;
use std::collections::HashMap;
use std::fs::File;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Default of open files where many are read: well below what systems allow a process by default (1,024, or 256).
pub const DEFAULT_OPEN_FILES: usize = 128;

/// Room is made beforehand for so many files at most.
const MOST_RESERVED: usize = 1024;

/// Files that are open at a time, by several threads; the one that was not used for longest is closed for another.
#[derive(Debug)]
pub struct FilePool {
    most: usize,
    inner: Mutex<Open>,
}

#[derive(Debug, Default)]
struct Open {
    next_key: u64,
    /// Counts uses.
    clock: u64,
    files: HashMap<u64, (Arc<File>, u64)>,
}

/// A file of a pool, open or not.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct PoolKey(u64);

impl FilePool {
    /// Holds at most so many files open, one at least. Reads that are under way keep theirs open beyond that.
    pub fn new(most: usize) -> Arc<Self> {
        Arc::new(Self {
            most: most.max(1),
            // It stays: what is opened later does not make it grow.
            inner: Mutex::new(Open {
                files: HashMap::with_capacity(most.clamp(1, MOST_RESERVED)),
                ..Open::default()
            }),
        })
    }

    /// Files that are open now.
    pub fn open_files(&self) -> usize {
        self.lock().files.len()
    }

    /// A thread that panicked left the table as it was between two changes.
    fn lock(&self) -> MutexGuard<'_, Open> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn add(&self, file: File) -> PoolKey {
        let mut open = self.lock();
        open.next_key += 1;
        let key = PoolKey(open.next_key);
        open.put(key.0, Arc::new(file), self.most);
        key
    }

    /// The file of `key`, which `reopen` opens when it was closed meanwhile.
    pub(super) fn get(
        &self,
        key: &PoolKey,
        reopen: impl FnOnce() -> Result<File>,
    ) -> Result<Arc<File>> {
        let mut open = self.lock();
        open.clock += 1;
        let now = open.clock;
        if let Some((file, used)) = open.files.get_mut(&key.0) {
            *used = now;
            return Ok(file.clone());
        }
        // Others need not wait for the disk.
        drop(open);
        let file = Arc::new(reopen()?);
        self.lock().put(key.0, file.clone(), self.most);
        Ok(file)
    }

    pub(super) fn forget(&self, key: &PoolKey) {
        let file = self.lock().files.remove(&key.0);
        drop(file);
    }
}

impl Open {
    fn put(&mut self, key: u64, file: Arc<File>, most: usize) {
        self.clock += 1;
        while self.files.len() >= most && !self.files.contains_key(&key) {
            let oldest = self.files.iter().min_by_key(|(_, (_, used))| *used);
            let Some(oldest) = oldest.map(|(key, _)| *key) else {
                break;
            };
            self.files.remove(&oldest);
        }
        self.files.insert(key, (file, self.clock));
    }
}
