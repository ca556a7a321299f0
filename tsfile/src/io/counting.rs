//! A source that counts what is asked of it: tests and benchmarks state how much was read.

use super::ReadAt;
use crate::Result;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// Wraps a source and counts reads and bytes. Clones share the counters.
#[derive(Debug)]
pub struct CountingSource<S> {
    inner: Arc<S>,
    reads: Arc<AtomicU64>,
    bytes: Arc<AtomicU64>,
}

// Derived, it would be there only for sources that can be cloned, and an open file cannot.
impl<S> Clone for CountingSource<S> {
    fn clone(&self) -> Self {
        Self {
            inner: Arc::clone(&self.inner),
            reads: Arc::clone(&self.reads),
            bytes: Arc::clone(&self.bytes),
        }
    }
}

/// What was read so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReadCounts {
    /// Number of reads.
    pub reads: u64,
    /// Bytes of all reads.
    pub bytes: u64,
}

impl<S: ReadAt> CountingSource<S> {
    /// Counts from zero.
    pub fn new(inner: S) -> Self {
        Self {
            inner: Arc::new(inner),
            reads: Arc::default(),
            bytes: Arc::default(),
        }
    }

    /// What was read so far.
    pub fn counts(&self) -> ReadCounts {
        ReadCounts {
            reads: self.reads.load(Ordering::Relaxed),
            bytes: self.bytes.load(Ordering::Relaxed),
        }
    }
}

impl<S: ReadAt> ReadAt for CountingSource<S> {
    fn size_bytes(&self) -> u64 {
        self.inner.size_bytes()
    }

    fn modified_ns(&self) -> Option<i64> {
        self.inner.modified_ns()
    }

    fn check_unchanged(&self) -> Result<()> {
        self.inner.check_unchanged()
    }

    fn read_at(&self, offset: u64, out: &mut [u8]) -> Result<()> {
        self.reads.fetch_add(1, Ordering::Relaxed);
        self.bytes.fetch_add(out.len() as u64, Ordering::Relaxed);
        self.inner.read_at(offset, out)
    }
}
