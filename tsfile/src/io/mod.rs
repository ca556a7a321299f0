//! Where bytes come from and go to: positioned reads through one trait, a file that appears when it is complete through another.
#![deny(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::cast_possible_truncation
)]

mod atomic;
mod coalesce;
mod counting;
mod file;
mod memory;
mod memory_sink;
mod pool;
mod sink;
mod temporary;

pub use atomic::{AtomicFile, Overwrite};
pub(crate) use coalesce::{fewer, joined};
pub use counting::{CountingSource, ReadCounts};
pub(crate) use file::check_same;
pub use file::{FileSource, modified_ns};
pub use memory::MemorySource;
pub use memory_sink::{MemoryOutput, MemorySink};
pub use pool::{DEFAULT_OPEN_FILES, FilePool};
pub use sink::{Sink, commit, commit_checked};

use crate::Result;
use std::ops::Range;

/// Default of [`ReadAt::request_bytes`]: 4 MiB.
pub const DEFAULT_REQUEST_BYTES: u64 = 4 << 20;

/// A source of bytes that can be read at any position, by several threads at once.
pub trait ReadAt: Send + Sync {
    /// Length in bytes.
    fn size_bytes(&self) -> u64;

    /// Fills `out` with the bytes from `offset` on.
    ///
    /// # Errors
    /// The range passes the end, or the operating system refuses.
    fn read_at(&self, offset: u64, out: &mut [u8]) -> Result<()>;

    /// When what is read was last modified, in nanoseconds since 1970; `None` where that is not known.
    fn modified_ns(&self) -> Option<i64> {
        None
    }

    /// An error of kind [`Changed`](crate::ErrorKind::Changed) when what is read is no longer what was opened, as far as can be told.
    ///
    /// # Errors
    /// It changed, or is gone.
    fn check_unchanged(&self) -> Result<()> {
        Ok(())
    }

    /// So many bytes are read in the time that one more request takes: ranges that are closer are read together. Small where a request is a
    /// call of the system, large, as by default, where it goes over a network.
    fn request_bytes(&self) -> u64 {
        DEFAULT_REQUEST_BYTES
    }

    /// Reads several ranges; those that lie close together are fetched in one read.
    ///
    /// # Errors
    /// As [`ReadAt::read_at`].
    fn read_ranges(&self, ranges: &[Range<u64>]) -> Result<Vec<Vec<u8>>> {
        coalesce::read_ranges(self, ranges)
    }
}

/// Reads `len` bytes into a new vector, grown only when `len` is inside the source.
///
/// # Errors
/// The range passes the end of the source, or reading fails.
pub fn read_vec<S: ReadAt + ?Sized>(source: &S, offset: u64, len: usize) -> Result<Vec<u8>> {
    let mut out = Vec::new();
    read_into(source, offset, len, &mut out)?;
    Ok(out)
}

/// As [`read_vec`], into a vector that is used again.
///
/// # Errors
/// The range passes the end of the source, or reading fails.
pub fn read_into<S: ReadAt + ?Sized>(
    source: &S,
    offset: u64,
    len: usize,
    out: &mut Vec<u8>,
) -> Result<()> {
    check_range(source.size_bytes(), offset, len)?;
    if out.capacity() < len {
        // New memory comes from the system with zeros in it.
        *out = vec![0; len];
    } else {
        // What is in there is overwritten.
        out.resize(len, 0);
    }
    source.read_at(offset, out)
}

/// An error unless `offset..offset + len` lies inside a source of `size` bytes.
pub(crate) fn check_range(size: u64, offset: u64, len: usize) -> Result<()> {
    if offset.checked_add(len as u64).is_none_or(|end| end > size) {
        return Err(
            crate::Error::corrupt("file", "a structure reaches past the end of the file")
                .at(offset)
                .expected(format!("{len} bytes"))
                .got(format!("{} up to the end", size.saturating_sub(offset))),
        );
    }
    Ok(())
}
