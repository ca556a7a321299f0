//! Decoded byte strings, in the layout of Arrow.

use crate::{Error, ErrorKind, Result};

/// Byte strings back to back, in the layout of an Arrow binary array.
#[derive(Debug, Clone)]
pub struct BytesBuf {
    /// Value `i` is `data[offsets[i]..offsets[i + 1]]`; the first offset is 0.
    pub offsets: Vec<i32>,
    /// The bytes of all values.
    pub data: Vec<u8>,
    /// The most bytes that [`BytesBuf::push`] lets the values take: one entry of a dictionary can stand for a million values.
    pub(crate) limit: usize,
}

impl Default for BytesBuf {
    fn default() -> Self {
        Self {
            offsets: vec![0],
            data: Vec::new(),
            limit: usize::MAX,
        }
    }
}

impl BytesBuf {
    /// Number of values.
    pub fn len(&self) -> usize {
        self.offsets.len() - 1
    }

    /// Whether there is no value.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Appends one value.
    ///
    /// # Errors
    /// The values together pass 2^31 - 1 bytes.
    pub fn push(&mut self, value: &[u8]) -> Result<()> {
        let end = self.data.len() + value.len();
        let end = i32::try_from(end).map_err(|_| too_long())?;
        if self.data.len() + value.len() > self.limit {
            return Err(Error::new(
                ErrorKind::Limit,
                "byte strings",
                "the strings of a page are longer than the size of the file justifies",
            )
            .expected(format!("at most {} bytes", self.limit))
            .hint("open with `trusted` (--trusted) if the file is sound"));
        }
        if self.data.capacity() - self.data.len() < value.len() {
            // By half and not by twice: large pages are rare, and their memory is what counts then.
            self.data
                .reserve_exact(value.len().max(self.data.len() / 2).max(64));
        }
        self.data.extend_from_slice(value);
        self.offsets.push(end);
        Ok(())
    }

    /// Bytes that may still be appended.
    pub(super) fn room(&self) -> usize {
        self.limit
            .min(i32::MAX as usize)
            .saturating_sub(self.data.len())
    }

    /// Value `i`; empty when there is none.
    pub fn get(&self, i: usize) -> &[u8] {
        match (self.offsets.get(i), self.offsets.get(i + 1)) {
            (Some(&a), Some(&b)) => self.data.get(a as usize..b as usize).unwrap_or(&[]),
            _ => &[],
        }
    }

    /// Forgets the values and keeps the memory.
    pub fn clear(&mut self) {
        self.offsets.truncate(1);
        self.data.clear();
    }

    /// Repeats the last offset until there are `len` values: the new ones are empty.
    pub(crate) fn pad(&mut self, len: usize) {
        let last = self.offsets.last().copied().unwrap_or(0);
        self.offsets.resize(len + 1, last);
    }

    /// Appends values `from..to` of others.
    ///
    /// # Errors
    /// The values together pass 2^31 - 1 bytes.
    pub(crate) fn extend_from(&mut self, src: &Self, from: usize, to: usize) -> Result<()> {
        let Some(offsets) = src.offsets.get(from..=to) else {
            return Ok(());
        };
        let (Some(&first), Some(&last)) = (offsets.first(), offsets.last()) else {
            return Ok(());
        };
        let shift = self.data.len() as i64 - i64::from(first);
        if i64::from(last) + shift > i64::from(i32::MAX) {
            return Err(too_long());
        }
        let bytes = src.data.get(first as usize..last as usize);
        self.data.extend_from_slice(bytes.unwrap_or(&[]));
        let ends = offsets.iter().skip(1);
        self.offsets
            .extend(ends.map(|&o| (i64::from(o) + shift) as i32));
        Ok(())
    }
}

fn too_long() -> Error {
    Error::new(
        ErrorKind::Limit,
        "byte strings",
        "the strings of one batch are larger than 2 GiB",
    )
}
