//! BITMAP: per distinct value a bitmap of its positions (format.md, "BITMAP"). Deprecated; only old Java versions wrote it.
//!
//! ```text
//! uvarint length   of what follows the count, in bytes
//! uvarint count    of values
//! until the length is used up:
//!   uvarint value
//!   ceil(count / 8) bytes, most significant bit first: where the value is
//! ```

use super::Decoder;
use crate::Result;
use crate::wire::{ByteReader, put_uvarint};

/// Decodes 32-bit integers.
#[derive(Debug, Clone)]
pub struct BitmapDecoder {
    values: Vec<i32>,
    next: usize,
    length: usize,
    bytes_behind: usize,
}

impl BitmapDecoder {
    /// Reads all bitmaps; a position that is in none of them is 0, as the reference has it.
    /// No bytes at all are a page without values.
    ///
    /// # Errors
    /// The length or the count contradict the bytes.
    pub fn new(bytes: &[u8]) -> Result<Self> {
        let mut head = ByteReader::new(bytes, "BITMAP page");
        let (length, count) = match bytes {
            [] => (0, 0),
            _ => (head.length()?, head.length()?),
        };
        // The memory for `count` values is 32 times the bytes at most, since one bitmap at least has to be there.
        let bitmap_bytes = count.div_ceil(8);
        if bitmap_bytes >= length && count > 0 {
            return Err(head
                .error("more values than the bitmaps have room for")
                .expected(format!("at most {} bits", length.saturating_mul(8)))
                .got(count));
        }
        let mut r = ByteReader::new(head.take(length)?, "BITMAP page");
        let mut values = vec![0; count];
        while !r.is_empty() {
            let value = r.uvarint()? as i32;
            let bitmap = r.take(bitmap_bytes)?;
            for (group, byte) in values.chunks_mut(8).zip(bitmap) {
                for (i, v) in group.iter_mut().enumerate() {
                    if byte << i & 0x80 != 0 {
                        *v = value;
                    }
                }
            }
        }
        Ok(Self {
            values,
            next: 0,
            length,
            bytes_behind: head.remaining(),
        })
    }

    fn pending(&self) -> &[i32] {
        self.values.get(self.next..).unwrap_or(&[])
    }
}

impl Decoder<i32> for BitmapDecoder {
    fn decode(&mut self, out: &mut [i32]) -> Result<usize> {
        for (o, v) in out.iter_mut().zip(self.pending()) {
            *o = *v;
        }
        self.skip(out.len())
    }

    fn skip(&mut self, n: usize) -> Result<usize> {
        let n = n.min(self.pending().len());
        self.next += n;
        Ok(n)
    }

    /// All bitmaps belong to each value: they are used by the last one.
    fn remaining(&self) -> usize {
        let length = if self.pending().is_empty() {
            0
        } else {
            self.length
        };
        length + self.bytes_behind
    }
}

/// Appends a page; nothing for no values.
pub fn encode(values: &[i32], out: &mut Vec<u8>) {
    if values.is_empty() {
        return;
    }
    let mut distinct = values.to_vec();
    distinct.sort_unstable();
    distinct.dedup();
    let mut bytes = Vec::new();
    for value in distinct {
        put_uvarint(&mut bytes, u64::from(value as u32));
        bytes.extend(values.chunks(8).map(|group| {
            (group.iter().zip((0..8).rev()))
                .fold(0, |byte, (v, bit)| byte | u8::from(*v == value) << bit)
        }));
    }
    put_uvarint(out, bytes.len() as u64);
    put_uvarint(out, values.len() as u64);
    out.append(&mut bytes);
}

#[cfg(test)]
mod tests {
    use super::super::check;
    use super::*;
    use crate::model::Encoding::Bitmap;

    const BY_HAND: [u8; 9] = [
        0x07, 0x05, // 7 bytes, 5 values
        0x01, 0xb0, // 1 at 0, 2, 3
        0x02, 0x40, // 2 at 1
        0xac, 0x02, 0x08, // 300 at 4
    ];

    #[test]
    fn page_by_hand() {
        check::values::<i32>(Bitmap, &BY_HAND, &[1, 2, 1, 1, 300]);
        let mut out = Vec::new();
        encode(&[1, 2, 1, 1, 300], &mut out);
        assert_eq!(out, BY_HAND);
        // 1 at 0 and 2; garbage behind the third bit
        check::values::<bool>(Bitmap, &[4, 3, 1, 0xbf, 0, 0x40], &[true, false, true]);
        check::values::<i32>(Bitmap, &[], &[]);
    }

    #[test]
    fn contradictions_are_errors() {
        assert!(BitmapDecoder::new(&[8, 5, 1, 0xb0, 2, 0x40, 0xac, 2, 8]).is_err());
        assert!(BitmapDecoder::new(&[2, 9, 1, 0xb0]).is_err());
        assert!(BitmapDecoder::new(&[3, 5, 1, 0xb0, 2]).is_err());
        assert!(BitmapDecoder::new(&[0, 0xff, 0xff, 0xff, 0xff, 0x07]).is_err());
    }

    #[test]
    fn all_shapes_round_trip() {
        for n in check::LENGTHS {
            for seed in 0..6 {
                let values = check::ints::<i32>(n, seed);
                let mut out = Vec::new();
                encode(&values, &mut out);
                check::values(Bitmap, &out, &values);
            }
        }
    }

    #[test]
    fn hostile_bytes_never_panic() {
        check::hostile::<i32>(Bitmap, &BY_HAND);
        check::hostile::<bool>(Bitmap, &BY_HAND);
    }
}
