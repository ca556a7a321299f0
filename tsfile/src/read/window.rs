//! One buffer over a part of the file: small neighbouring structures come out of one large read.

use crate::Result;
use crate::io::{ReadAt, read_into};

/// A jump reads this much; each read that continues the last one doubles it.
const FIRST_READ_BYTES: usize = if cfg!(fuzzing) { 32 } else { 16 * 1024 };
/// A sequential read is not grown beyond this.
const MAX_READ_BYTES: usize = 2 * 1024 * 1024;

/// A read-ahead window.
#[derive(Debug, Default)]
pub struct Window {
    start: u64,
    bytes: Vec<u8>,
    next_read: usize,
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
}
