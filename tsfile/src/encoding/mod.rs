//! Value-level codecs of a page, one file per encoding.
//!
//! A page does not carry its number of values: the caller knows it (from the times or the bitmap) and asks for that many.
//! Decoders fill the caller's buffer, can skip, and never trust a length from the bytes.

use crate::Result;

/// A stream of encoded values of one page.
pub trait Decoder<T> {
    /// Decodes the next values into `out` and returns how many: fewer than `out.len()` only at the natural end of the stream.
    ///
    /// # Errors
    /// The bytes contradict the encoding, or end inside a value.
    fn decode(&mut self, out: &mut [T]) -> Result<usize>;

    /// Passes over up to `n` values and returns how many; the same as decoding and dropping them, cheaper where the encoding allows.
    ///
    /// # Errors
    /// As [`Decoder::decode`].
    fn skip(&mut self, n: usize) -> Result<usize>;

    /// Bytes that no decoded value has used yet (whole bytes; 0 at the end, give or take a terminator).
    fn remaining(&self) -> usize;
}

/// As [`Decoder`], for byte strings.
pub trait BytesDecoder {
    /// Appends up to `n` values to `out` and returns how many.
    ///
    /// # Errors
    /// The bytes contradict the encoding, or end inside a value.
    fn decode(&mut self, n: usize, out: &mut BytesBuf) -> Result<usize>;

    /// Passes over up to `n` values and returns how many.
    ///
    /// # Errors
    /// As [`BytesDecoder::decode`].
    fn skip(&mut self, n: usize) -> Result<usize>;

    /// Bytes that no decoded value has used yet.
    fn remaining(&self) -> usize;
}

/// Byte strings back to back, in the layout of an Arrow binary array.
#[derive(Debug, Clone)]
pub struct BytesBuf {
    /// Value `i` is `data[offsets[i]..offsets[i + 1]]`; the first offset is 0.
    pub offsets: Vec<i32>,
    /// The bytes of all values.
    pub data: Vec<u8>,
}

impl Default for BytesBuf {
    fn default() -> Self {
        Self {
            offsets: vec![0],
            data: Vec::new(),
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
        let end = i32::try_from(end).map_err(|_| {
            crate::Error::new(
                crate::ErrorKind::Limit,
                "byte strings",
                "more than 2 GiB in one batch",
            )
        })?;
        self.data.extend_from_slice(value);
        self.offsets.push(end);
        Ok(())
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
}
