//! The bytes of a file that are at hand: one buffer that moves ahead, and what was fetched because it is known to be wanted.

use crate::Result;
use crate::io::{ReadAt, check_range, fewer, joined};
use std::ops::Range;
use std::sync::Arc;

/// A jump reads this much; each read that continues the last one doubles it.
const FIRST_READ_BYTES: usize = if cfg!(fuzzing) { 32 } else { 16 * 1024 };
/// A sequential read is not grown beyond this.
const MAX_READ_BYTES: usize = 2 * 1024 * 1024;
/// Behind the last byte of a chunk so much is wanted as well: headers and short chunks are looked for in more bytes than they have.
pub(super) const MARGIN_BYTES: usize = if cfg!(fuzzing) { 16 } else { 4 * 1024 };
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
    /// Its memory, of which the first `filled` bytes are those of the file.
    memory: Vec<u8>,
    filled: usize,
    next_read: usize,
    /// Reads before it are not grown beyond it: what is wanted ends there.
    wanted_end: Option<u64>,
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
        let have_end = self.start + self.filled as u64;
        if offset < self.start || offset.saturating_add(want as u64) > have_end {
            let sequential =
                offset >= self.start && offset <= have_end.saturating_add(FIRST_READ_BYTES as u64);
            self.next_read = if sequential && self.next_read > 0 {
                (self.next_read * 2).min(MAX_READ_BYTES)
            } else {
                FIRST_READ_BYTES
            };
            let up_to =
                |end: u64| usize::try_from(end.saturating_sub(offset)).unwrap_or(usize::MAX);
            let wanted = self.wanted_end.map_or(usize::MAX, up_to);
            let grown = match wanted {
                // Somebody wants what lies behind all the same.
                0 => self.next_read,
                _ => self.next_read.min(wanted.saturating_add(MARGIN_BYTES)),
            };
            self.read(source, offset, want.max(grown).min(up_to(end)))?;
        }
        let from = usize::try_from(offset - self.start).unwrap_or(usize::MAX);
        let filled = self.memory.get(..self.filled).unwrap_or(&[]);
        Ok(filled.get(from..).unwrap_or(&[]))
    }

    fn read<S: ReadAt + ?Sized>(&mut self, source: &S, offset: u64, len: usize) -> Result<()> {
        self.filled = 0;
        check_range(source.size_bytes(), offset, len)?;
        if self.memory.len() < len {
            // New memory comes from the system with zeros in it.
            self.memory = vec![0; len];
        }
        let out = self.memory.get_mut(..len).unwrap_or(&mut []);
        source.read_at(offset, out)?;
        self.start = offset;
        self.filled = len;
        Ok(())
    }

    /// What is wanted of the file ends about there: little is read ahead that lies behind.
    pub(crate) fn want_up_to(&mut self, end: Option<u64>) {
        self.wanted_end = end;
    }

    /// A window over another file, or another part of one, that has nothing at hand, in the memory of this one.
    pub(super) fn emptied(self) -> Self {
        Self {
            memory: self.memory,
            ..Self::default()
        }
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
            let reach = self.start + (self.filled + FIRST_READ_BYTES) as u64;
            let is_small = only.end - only.start <= FIRST_READ_BYTES as u64;
            if is_small && self.filled > 0 && (self.start..reach).contains(&only.start) {
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
    fn little_is_read_ahead_behind_what_is_wanted() {
        let source = CountingSource::new(MemorySource::new(vec![7; 1 << 20]));
        let read = |wanted: Option<u64>, from: u64, to: u64| {
            let before = source.counts().bytes;
            let mut window = Window::default();
            window.want_up_to(wanted);
            for at in (from..to).step_by(1_024) {
                let got = window.get(&source, at, 1_024, 1 << 20).unwrap();
                assert!(got.len() >= 1_024);
            }
            source.counts().bytes - before
        };
        assert_eq!(
            read(Some(307_200), 0, 307_200),
            307_200 + MARGIN_BYTES as u64
        );
        assert!(read(None, 0, 307_200) > 450_000);
        // What lies behind all the same comes in few reads.
        assert_eq!(
            read(Some(307_200), 320_000, 934_400),
            read(None, 320_000, 934_400)
        );
    }

    #[test]
    fn memory_is_used_again_and_what_was_in_it_is_not() {
        let window = |source: &MemorySource, mut window: Window| {
            let got = window.get(source, 5, 100, source.size_bytes()).unwrap();
            assert_eq!(got, vec![got[0]; got.len()]);
            (got[0], got.as_ptr(), window.emptied())
        };
        let (first, memory, emptied) =
            window(&MemorySource::new(vec![1; 10_000]), Window::default());
        let (second, same, _) = window(&MemorySource::new(vec![2; 5_000]), emptied);
        assert_eq!((first, second, memory), (1, 2, same));
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
