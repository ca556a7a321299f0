//! REGULAR: grids of equal steps, points of which may be missing (format.md, "REGULAR"). Only old Java versions wrote it.
//!
//! ```text
//! u8         missing   whether a bitmap follows
//! i32        length    of the bitmap in bytes, only if missing
//! bitmap               bit i, least significant first: point i exists; only if missing
//! i32        n         points of the grid, missing ones included
//! i32 / i64  step
//! i32 / i64  first
//! ```

use super::{Decoder, Int};
use crate::Result;
use crate::wire::ByteReader;
use std::marker::PhantomData;

/// Decodes integers.
#[derive(Debug, Clone)]
pub struct RegularDecoder<'a, T> {
    /// Stands behind the current block.
    reader: ByteReader<'a>,
    bitmap: Option<&'a [u8]>,
    next: usize,
    end: usize,
    step: u64,
    first: u64,
    of: PhantomData<T>,
}

impl<'a, T: Int> RegularDecoder<'a, T> {
    /// Decodes `bytes`, which are blocks to the end.
    pub fn new(bytes: &'a [u8]) -> Self {
        Self {
            reader: ByteReader::new(bytes, "REGULAR block"),
            bitmap: None,
            next: 0,
            end: 0,
            step: 0,
            first: 0,
            of: PhantomData,
        }
    }

    /// Reads the head of the next block, if there is one.
    fn next_block(&mut self) -> Result<bool> {
        let r = &mut self.reader;
        if r.is_empty() {
            return Ok(false);
        }
        self.bitmap = match r.u8()? {
            0 => None,
            _ => Some(
                r.i32bytes()?
                    .ok_or_else(|| r.error("a bitmap has a negative length"))?,
            ),
        };
        let n = r.i32()?;
        self.end = usize::try_from(n)
            .map_err(|_| r.error("a block has a negative number of points").got(n))?;
        if let Some(bitmap) = self.bitmap {
            // Bits past the end of the bitmap are cleared.
            self.end = self.end.min(bitmap.len().saturating_mul(8));
        }
        self.step = T::read(r)?.bits();
        self.first = T::read(r)?.bits();
        self.next = 0;
        Ok(true)
    }

    fn value(&self, i: usize) -> T {
        T::narrow(self.first.wrapping_add(self.step.wrapping_mul(i as u64)))
    }

    /// The next point that exists.
    fn next_point(&mut self) -> Result<Option<T>> {
        loop {
            while self.next < self.end {
                let i = self.next;
                self.next += 1;
                let exists = self.bitmap.is_none_or(|bitmap| {
                    bitmap
                        .get(i / 8)
                        .is_some_and(|byte| byte >> (i % 8) & 1 == 1)
                });
                if exists {
                    return Ok(Some(self.value(i)));
                }
            }
            if !self.next_block()? {
                return Ok(None);
            }
        }
    }
}

impl<T: Int> Decoder<T> for RegularDecoder<'_, T> {
    fn decode(&mut self, out: &mut [T]) -> Result<usize> {
        for (i, o) in out.iter_mut().enumerate() {
            match self.next_point()? {
                Some(value) => *o = value,
                None => return Ok(i),
            }
        }
        Ok(out.len())
    }

    fn skip(&mut self, n: usize) -> Result<usize> {
        let mut left = n;
        while left > 0 {
            if self.bitmap.is_none() && self.next < self.end {
                let part = (self.end - self.next).min(left);
                self.next += part;
                left -= part;
            } else if self.next_point()?.is_some() {
                left -= 1;
            } else {
                break;
            }
        }
        Ok(n - left)
    }

    fn remaining(&self) -> usize {
        self.reader.remaining()
    }
}

/// Appends the values, in blocks without missing points.
pub fn encode<T: Int>(values: &[T], out: &mut Vec<u8>) {
    let mut rest = values;
    while let [first, ..] = rest {
        let difference = |a: &T, b: &T| b.bits().wrapping_sub(a.bits());
        let step = rest.get(1).map_or(0, |second| difference(first, second));
        let steps = rest
            .iter()
            .zip(rest.iter().skip(1))
            .take(i32::MAX as usize - 1)
            .take_while(|(a, b)| T::narrow(difference(a, b)) == T::narrow(step))
            .count();
        out.push(0);
        out.extend_from_slice(&(steps as i32 + 1).to_be_bytes());
        T::narrow(step).put(out);
        first.put(out);
        rest = rest.get(steps + 1..).unwrap_or(&[]);
    }
}

#[cfg(test)]
mod tests {
    use super::super::check;
    use super::*;
    use crate::model::Encoding::Regular;

    const MISSING: [u8; 18] = [
        0x01, // points are missing
        0, 0, 0, 1, 0x37, // bitmap of 1 byte: all of 6 but point 3
        0, 0, 0, 6, // points
        0, 0, 0, 10, // step
        0, 0, 0, 10, // first
    ];

    #[test]
    fn blocks_by_hand() {
        check::values::<i32>(Regular, &MISSING, &[10, 20, 30, 50, 60]);
        let mut whole = vec![0, 0, 0, 0, 3];
        whole.extend([0, 0, 0, 0, 0, 0, 0, 10, 0, 0, 0, 0, 0, 0, 0, 10]);
        check::values::<i64>(Regular, &whole, &[10, 20, 30]);
        let mut out = Vec::new();
        encode(&[10i64, 20, 30], &mut out);
        assert_eq!(out, whole);
        let both = [
            &MISSING[..],
            &[0, 0, 0, 0, 2, 0, 0, 0, 1, 0, 0, 0, 7],
            &MISSING,
        ]
        .concat();
        check::values::<i32>(
            Regular,
            &both,
            &[10, 20, 30, 50, 60, 7, 8, 10, 20, 30, 50, 60],
        );
    }

    #[test]
    fn contradictions_are_errors() {
        let mut bytes = MISSING;
        bytes[6] = 0x80; // negative number of points
        assert!(RegularDecoder::<i32>::new(&bytes).skip(1).is_err());
        let mut bytes = MISSING;
        bytes[1] = 0xff; // negative length
        assert!(RegularDecoder::<i32>::new(&bytes).skip(1).is_err());
        for n in 1..MISSING.len() {
            assert!(RegularDecoder::<i32>::new(&MISSING[..n]).skip(1).is_err());
        }
    }

    #[test]
    fn all_shapes_round_trip() {
        for n in check::LENGTHS {
            for seed in 0..6 {
                let values = check::ints::<i32>(n, seed);
                let mut out = Vec::new();
                encode(&values, &mut out);
                check::values(Regular, &out, &values);
                let values = check::ints::<i64>(n, seed);
                out.clear();
                encode(&values, &mut out);
                check::values(Regular, &out, &values);
            }
        }
    }

    #[test]
    fn hostile_bytes_never_panic() {
        check::hostile::<i32>(Regular, &MISSING);
        check::hostile::<i64>(Regular, &MISSING);
    }
}
