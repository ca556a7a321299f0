//! ZIGZAG: one run of zigzag varints (format.md, "ZIGZAG").
//!
//! ```text
//! uvarint length   of the values in bytes
//! uvarint count
//! count zigzag varints of up to 5 (32 bits) or 10 bytes (64 bits)
//! ```

use super::int::{put_svarints, read_svarints};
use super::{Decoder, Int};
use crate::Result;
use crate::wire::{ByteReader, put_uvarint};
use std::marker::PhantomData;

/// Decodes integers.
#[derive(Debug, Clone)]
pub struct ZigzagDecoder<'a, T> {
    /// Ends with the values.
    reader: ByteReader<'a>,
    bytes_behind: usize,
    left: usize,
    of: PhantomData<T>,
}

impl<'a, T: Int> ZigzagDecoder<'a, T> {
    /// Reads the head. No bytes at all are a page without values.
    ///
    /// # Errors
    /// The head promises more bytes or more values than there are.
    pub fn new(bytes: &'a [u8]) -> Result<Self> {
        let mut head = ByteReader::new(bytes, "ZIGZAG page");
        let (length, left) = match bytes {
            [] => (0, 0),
            _ => (head.length()?, head.length()?),
        };
        let start = head.position();
        if left > length {
            return Err(head
                .error("more values than bytes")
                .expected(format!("at most {length}"))
                .got(left));
        }
        head.take(length)?;
        let values = bytes.get(..head.position()).unwrap_or(&[]);
        Ok(Self {
            reader: ByteReader::at(values, start, "ZIGZAG page"),
            bytes_behind: head.remaining(),
            left,
            of: PhantomData,
        })
    }

    #[inline]
    fn pass(&mut self, n: usize, f: impl FnMut(T)) -> Result<usize> {
        let n = self.left.min(n);
        let got = read_svarints(&mut self.reader, n, f)?;
        if got < n {
            return Err(self
                .reader
                .error("the values end too early")
                .expected(format!("{} more values", self.left - got)));
        }
        self.left -= n;
        Ok(n)
    }
}

impl<T: Int> Decoder<T> for ZigzagDecoder<'_, T> {
    fn decode(&mut self, out: &mut [T]) -> Result<usize> {
        let n = out.len();
        let mut out = out.iter_mut();
        self.pass(n, |v| {
            if let Some(o) = out.next() {
                *o = v;
            }
        })
    }

    fn skip(&mut self, n: usize) -> Result<usize> {
        self.pass(n, |_| {})
    }

    fn remaining(&self) -> usize {
        self.reader.remaining() + self.bytes_behind
    }
}

/// Appends a page; nothing for no values.
pub fn encode<T: Int>(values: &[T], out: &mut Vec<u8>) {
    if values.is_empty() {
        return;
    }
    let mut bytes = Vec::new();
    put_svarints(values, &mut bytes);
    put_uvarint(out, bytes.len() as u64);
    put_uvarint(out, values.len() as u64);
    out.append(&mut bytes);
}

#[cfg(test)]
mod tests {
    use super::super::check;
    use super::*;
    use crate::model::Encoding::Zigzag;

    // 6 bytes, 4 values: 0 -> 0, -1 -> 1, 64 -> 128, -65 -> 129
    const BY_HAND: [u8; 8] = [0x06, 0x04, 0x00, 0x01, 0x80, 0x01, 0x81, 0x01];

    #[test]
    fn page_by_hand() {
        check::values::<i32>(Zigzag, &BY_HAND, &[0, -1, 64, -65]);
        check::values::<i64>(Zigzag, &BY_HAND, &[0, -1, 64, -65]);
        let mut out = Vec::new();
        encode(&[0, -1, 64, -65], &mut out);
        assert_eq!(out, BY_HAND);
        check::values::<i32>(Zigzag, &[], &[]);
    }

    #[test]
    fn contradictions_are_errors() {
        assert!(ZigzagDecoder::<i32>::new(&[7, 4, 0, 1, 0x80, 1, 0x81, 1]).is_err());
        assert!(ZigzagDecoder::<i32>::new(&[6, 7, 0, 1, 0x80, 1, 0x81, 1]).is_err());
        // a fifth value that is not there; a value of more than 32 bits
        let mut decoder = ZigzagDecoder::<i32>::new(&[6, 5, 0, 1, 0x80, 1, 0x81, 1]).unwrap();
        assert!(decoder.skip(5).is_err());
        let wide = [5, 1, 0xff, 0xff, 0xff, 0xff, 0x1f];
        assert!(
            ZigzagDecoder::<i32>::new(&wide)
                .unwrap()
                .decode(&mut [0])
                .is_err()
        );
        assert!(
            ZigzagDecoder::<i64>::new(&wide)
                .unwrap()
                .decode(&mut [0])
                .is_ok()
        );
    }

    #[test]
    fn all_shapes_round_trip() {
        for n in check::LENGTHS {
            for seed in 0..6 {
                let values = check::ints::<i32>(n, seed);
                let mut out = Vec::new();
                encode(&values, &mut out);
                check::values(Zigzag, &out, &values);
                let values = check::ints::<i64>(n, seed);
                out.clear();
                encode(&values, &mut out);
                check::values(Zigzag, &out, &values);
            }
        }
    }

    #[test]
    fn hostile_bytes_never_panic() {
        check::hostile::<i32>(Zigzag, &BY_HAND);
        check::hostile::<i64>(Zigzag, &BY_HAND);
    }
}
