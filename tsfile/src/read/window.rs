//! The bytes of a file that are at hand: one buffer that moves ahead, and what was fetched because it is known to be wanted.

use crate::Result;
use crate::io::{ReadAt, fewer, joined, read_into};
use std::ops::Range;
use std::sync::Arc;

/// A jump reads this much; each read that continues the last one doubles it.
const FIRST_READ_BYTES: usize = if cfg!(fuzzing) { 32 } else { 16 * 1024 };
/// A sequential read is not grown beyond this.
const MAX_READ_BYTES: usize = 2 * 1024 * 1024;
/// No more than this is fetched ahead.
const MAX_FETCHED_BYTES: u64 = if cfg!(fuzzing) { 512 } else { 16 << 20 };
/// Ranges that are closer than this are fetched together in any case.
const MAX_GAP_BYTES: u64 = if cfg!(fuzzing) { 8 } else { 64 * 1024 };
/// More requests than this are avoided by reading what lies between ranges, up to the size that follows.
const FEW_REQUESTS: usize = 2;
const MAX_WIDE_GAP_BYTES: u64 = if cfg!(fuzzing) { 64 } else { 4 << 20 };

/// A read-ahead window.
#[derive(Debug, Default)]
pub struct Window {
    start: u64,
    bytes: Vec<u8>,
    next_read: usize,
    /// Ascending, and they do not overlap.
    fetched: Vec<Fetched>,
}

/// Bytes that were fetched ahead; chunk readers share them.
#[derive(Debug, Clone)]
pub(super) struct Fetched {
    start: u64,
    bytes: Arc<Vec<u8>>,
}

impl Fetched {
    /// At least `len` bytes from `offset` on, if they are all there.
    pub(super) fn get(&self, offset: u64, len: usize) -> Option<&[u8]> {
        let from = usize::try_from(offset.checked_sub(self.start)?).ok()?;
        self.bytes.get(from..).filter(|bytes| bytes.len() >= len)
    }

    /// Whether `len` bytes from `offset` on are there.
    pub(super) fn has(&self, offset: u64, len: usize) -> bool {
        self.get(offset, len).is_some()
    }
}

impl Window {
    /// At least `min` bytes from `offset` on, more when they are at hand; fewer only where `end` comes first.
    ///
    /// # Errors
    /// Reading fails, or `end` lies past the end of the file.
    pub fn get<S: ReadAt + ?Sized>(
        &mut self,
        source: &S,
        offset: u64,
        min: usize,
        end: u64,
    ) -> Result<&[u8]> {
        let want = usize::try_from(end.saturating_sub(offset))
            .unwrap_or(usize::MAX)
            .min(min);
        if !self.fetched.is_empty() {
            if let Some(i) = self.place(offset, want) {
                let fetched = self.fetched.get(i).and_then(|f| f.get(offset, want));
                return Ok(fetched.unwrap_or(&[]));
            }
        }
        let have_end = self.start + self.bytes.len() as u64;
        if offset < self.start || offset.saturating_add(want as u64) > have_end {
            let sequential =
                offset >= self.start && offset <= have_end.saturating_add(FIRST_READ_BYTES as u64);
            self.next_read = if sequential && self.next_read > 0 {
                (self.next_read * 2).min(MAX_READ_BYTES)
            } else {
                FIRST_READ_BYTES
            };
            let ahead = usize::try_from(end.saturating_sub(offset)).unwrap_or(usize::MAX);
            let len = want.max(self.next_read).min(ahead);
            self.start = offset;
            read_into(source, offset, len, &mut self.bytes)?;
        }
        let from = usize::try_from(offset - self.start).unwrap_or(usize::MAX);
        Ok(self.bytes.get(from..).unwrap_or(&[]))
    }

    /// Fetches `ranges` in few requests, so that nothing in them is read again; what was fetched before is forgotten. Too much together
    /// is left to be read piece by piece.
    ///
    /// # Errors
    /// Reading fails, or a range lies past the end of the file.
    pub fn prefetch<S: ReadAt + ?Sized>(
        &mut self,
        source: &S,
        ranges: &[Range<u64>],
    ) -> Result<()> {
        self.fetched.clear();
        let request_bytes = source.request_bytes();
        let close = joined(ranges.to_vec(), request_bytes.min(MAX_GAP_BYTES));
        if let [only] = close.as_slice() {
            // Small neighbours come out of the buffer that moves ahead.
            let reach = self.start + (self.bytes.len() + FIRST_READ_BYTES) as u64;
            let is_small = only.end - only.start <= FIRST_READ_BYTES as u64;
            if is_small && !self.bytes.is_empty() && (self.start..reach).contains(&only.start) {
                return Ok(());
            }
        }
        let few = fewer(
            close.clone(),
            FEW_REQUESTS,
            request_bytes.min(MAX_WIDE_GAP_BYTES),
        );
        let bytes = |ranges: &[Range<u64>]| ranges.iter().map(|r| r.end - r.start).sum::<u64>();
        let Some(wanted) = [few, close]
            .into_iter()
            .find(|ranges| bytes(ranges) <= MAX_FETCHED_BYTES)
        else {
            return Ok(());
        };
        let fetched = source.read_ranges(&wanted)?;
        self.fetched = wanted
            .iter()
            .zip(fetched)
            .map(|(range, bytes)| Fetched {
                start: range.start,
                bytes: Arc::new(bytes),
            })
            .collect();
        Ok(())
    }

    /// What was fetched ahead around `offset`, where at least `len` bytes from there are.
    pub(super) fn fetched(&self, offset: u64, len: usize) -> Option<Fetched> {
        let at = self.place(offset, len)?;
        self.fetched.get(at).cloned()
    }

    fn place(&self, offset: u64, len: usize) -> Option<usize> {
        let after = self.fetched.partition_point(|f| f.start <= offset);
        let at = after.checked_sub(1)?;
        self.fetched.get(at)?.get(offset, len).map(|_| at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::io::{CountingSource, MemorySource};

    #[test]
    fn what_was_fetched_is_not_read_again() {
        let bytes: Vec<u8> = (0..5_000_000u32).map(|i| (i % 251) as u8).collect();
        let source = CountingSource::new(MemorySource::new(bytes.clone()));
        let mut window = Window::default();
        let ranges = [1_000..2_000, 30_000..31_000, 4_000_000..4_000_100];
        window.prefetch(&source, &ranges).unwrap();
        assert_eq!(source.counts().reads, 2);
        for range in ranges {
            let from = usize::try_from(range.start).unwrap();
            let len = usize::try_from(range.end).unwrap() - from;
            let end = bytes.len() as u64;
            let got = window.get(&source, range.start, len, end).unwrap();
            assert_eq!(got[..len], bytes[from..from + len]);
        }
        assert_eq!(source.counts().reads, 2);
        // One byte more is not there.
        let got = window.get(&source, 4_000_000, 101, 5_000_000).unwrap();
        assert_eq!(got[..101], bytes[4_000_000..4_000_101]);
        assert_eq!(source.counts().reads, 3);
        assert!(
            window
                .prefetch(&source, std::slice::from_ref(&(0..6_000_000)))
                .is_err()
        );
    }

    #[test]
    fn too_much_is_not_fetched_and_gaps_are_read_only_within_the_budget() {
        let source = CountingSource::new(MemorySource::new(vec![7; 40 << 20]));
        let mut window = Window::default();
        window
            .prefetch(&source, std::slice::from_ref(&(0..(30 << 20))))
            .unwrap();
        assert_eq!(source.counts().reads, 0);
        // With the gaps it would be too much: each on its own.
        let far: Vec<_> = (0..8u64)
            .map(|i| i * (4 << 20)..i * (4 << 20) + (1 << 20))
            .collect();
        window.prefetch(&source, &far).unwrap();
        assert_eq!(source.counts().reads, 8);
        let near: Vec<_> = far.iter().take(3).cloned().collect();
        window.prefetch(&source, &near).unwrap();
        assert_eq!(source.counts().reads, 10);
    }
}
