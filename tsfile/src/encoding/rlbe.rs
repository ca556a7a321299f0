//! RLBE: differences, grouped by their bit length.
//!
//! ```text
//! block, at most 10000 values, on a byte boundary:
//! 32 bits              number of values
//! segments:
//!   6 or 7 bits        l, the bit length of each difference of the segment
//!   Fibonacci code     r, the number of differences: terms 1, 2, 3, 5, 8, ... from the lowest on, closed by a second 1
//!   r x l bits         differences; the first of the block is the value itself
//! zeros                to the end of the byte
//! ```
//!
//! When l = W the top bit is written as 0 although it is 1, a slip in the first encoder that its decoder repairs and everyone has kept.
//!
//! Floats are differences of raw bits. Java before 2.1.0 took differences of the floats and stored the bits of those; the bytes do not say which.

use super::Decoder;
use super::bits64::{BitReader, BitValue, BitWriter, bit_length, mask, skip_by_decoding};
use crate::Result;
use std::marker::PhantomData;

const SECTION: &str = "RLBE values";
const COUNT_BITS: u32 = 32;
/// Values of a block as the references write it.
const BLOCK: usize = 10_000;

const fn length_bits<T: BitValue>() -> u32 {
    if T::WIDTH == 32 { 6 } else { 7 }
}

/// Decodes RLBE: `i32`, `i64`, `f32`, `f64`.
#[derive(Debug, Clone)]
pub struct RlbeDecoder<'a, T> {
    bits: BitReader<'a>,
    float_differences: bool,
    block_left: usize,
    segment_left: usize,
    length: u32,
    /// Whether the next value opens a block.
    first: bool,
    previous: u64,
    value: PhantomData<T>,
}

impl<'a, T: BitValue> RlbeDecoder<'a, T> {
    /// Decodes the values part of a page; `float_differences` is for `f32` and `f64` by Java before 2.1.0 and means nothing for integers.
    pub fn new(bytes: &'a [u8], float_differences: bool) -> Self {
        Self {
            bits: BitReader::new(bytes, SECTION),
            float_differences: float_differences && T::FLOAT,
            block_left: 0,
            segment_left: 0,
            length: 0,
            first: false,
            previous: 0,
            value: PhantomData,
        }
    }

    /// Goes to a block that has values left; false at the end.
    fn open_block(&mut self) -> Result<bool> {
        while self.block_left == 0 {
            self.bits.align();
            if self.bits.left() == 0 {
                return Ok(false);
            }
            let n = self.bits.read(COUNT_BITS)?;
            self.block_left = match i32::try_from(n) {
                Ok(n) => n as usize,
                Err(_) => {
                    return Err(self
                        .bits
                        .error("a block has a negative count")
                        .got(n as i32));
                }
            };
            self.segment_left = 0;
            self.first = true;
        }
        Ok(true)
    }

    fn open_segment(&mut self) -> Result<()> {
        while self.segment_left == 0 {
            self.length = self.bits.read(length_bits::<T>())? as u32;
            if !(1..=T::WIDTH).contains(&self.length) {
                return Err(self
                    .bits
                    .error("a segment has a wrong bit length")
                    .expected(format!("1 to {}", T::WIDTH))
                    .got(self.length));
            }
            let run = self.fibonacci()?;
            if run > self.block_left {
                return Err(self
                    .bits
                    .error("a segment is longer than its block")
                    .expected(format!("at most {}", self.block_left))
                    .got(run));
            }
            self.segment_left = run;
        }
        Ok(())
    }

    fn fibonacci(&mut self) -> Result<usize> {
        let (mut term, mut next) = (1u64, 2u64);
        let mut sum = 0u64;
        let mut last = false;
        // No sum of more terms than this is a count of 32 bits.
        for _ in 0..48 {
            let bit = self.bits.read(1)? == 1;
            if bit && last {
                return Ok(sum as usize);
            }
            if bit {
                sum += term;
            }
            last = bit;
            (term, next) = (next, term + next);
        }
        Err(self.bits.error("a run length does not end"))
    }

    fn next(&mut self) -> Result<u64> {
        self.open_segment()?;
        let mut delta = self.bits.read(self.length)?;
        if self.length == T::WIDTH {
            delta |= 1 << (T::WIDTH - 1);
        }
        self.previous = if self.first {
            delta
        } else if self.float_differences {
            if T::WIDTH == 32 {
                (f32::from_bits64(self.previous) + f32::from_bits64(delta)).to_bits64()
            } else {
                (f64::from_bits64(self.previous) + f64::from_bits64(delta)).to_bits64()
            }
        } else {
            self.previous.wrapping_add(delta) & mask::<T>()
        };
        self.first = false;
        self.segment_left -= 1;
        self.block_left -= 1;
        Ok(self.previous)
    }
}

impl<T: BitValue> Decoder<T> for RlbeDecoder<'_, T> {
    fn decode(&mut self, out: &mut [T]) -> Result<usize> {
        let mut n = 0;
        for slot in out {
            if !self.open_block()? {
                break;
            }
            *slot = T::from_bits64(self.next()?);
            n += 1;
        }
        if self.block_left == 0 {
            self.bits.align();
        }
        Ok(n)
    }

    fn skip(&mut self, n: usize) -> Result<usize> {
        skip_by_decoding(self, n)
    }

    fn remaining(&self) -> usize {
        self.bits.left() / 8
    }
}

/// Appends `values` in RLBE, floats as differences of raw bits.
pub fn encode<T: BitValue>(values: &[T], out: &mut Vec<u8>) {
    let mut bits = BitWriter::new(out);
    for block in values.chunks(BLOCK) {
        let mut previous = 0;
        let deltas: Vec<u64> = block
            .iter()
            .map(|v| {
                let before = std::mem::replace(&mut previous, v.to_bits64());
                previous.wrapping_sub(before) & mask::<T>()
            })
            .collect();
        bits.put(block.len() as u64, COUNT_BITS);
        for segment in deltas.chunk_by(|a, b| bit_length(*a) == bit_length(*b)) {
            let length = segment.first().map_or(1, |d| bit_length(*d));
            bits.put(u64::from(length), length_bits::<T>());
            put_fibonacci(&mut bits, segment.len() as u64);
            for delta in segment {
                bits.put(delta & (mask::<T>() >> 1), length);
            }
        }
        bits.align();
    }
}

/// Terms of Zeckendorf sums: as many as the longest run takes.
const TERMS: [u64; 20] = {
    let mut terms = [1; 20];
    terms[1] = 2;
    let mut i = 2;
    while i < terms.len() {
        terms[i] = terms[i - 2] + terms[i - 1];
        i += 1;
    }
    terms
};

/// `n` is at least 1 and at most [`BLOCK`].
fn put_fibonacci(bits: &mut BitWriter<'_>, n: u64) {
    let count = TERMS.iter().take_while(|term| **term <= n).count();
    let mut left = n;
    let mut code = 0u64;
    for term in TERMS.iter().take(count).rev() {
        // The largest term is found first and stands last, before the one that ends the code.
        code >>= 1;
        if *term <= left {
            left -= term;
            code |= 1 << count;
        }
    }
    bits.put(code | 1, count as u32 + 1);
}

#[cfg(test)]
mod tests {
    use super::super::bits64::testing;
    use super::*;

    #[test]
    fn integers_by_hand() {
        let bytes = [
            0, 0, 0, 4, // values
            // 000001 (l = 1) 0011 (r = 3) 1 1 1: 1, 2, 3; 000011 (l = 3) 11 (r = 1) 111: 10
            0x04, 0xf8, 0x7f,
        ];
        let mut out = Vec::new();
        encode(&[1i32, 2, 3, 10], &mut out);
        assert_eq!(out, bytes);
        testing::check(
            || RlbeDecoder::<i32>::new(&bytes[..], false),
            &[1, 2, 3, 10],
        );
    }

    #[test]
    fn the_lost_top_bit_comes_back() {
        let mut out = Vec::new();
        encode(&[-1i32], &mut out);
        // 100000 (l = 32) 11 (r = 1), 0 and 31 ones
        assert_eq!(out, [0, 0, 0, 1, 0x83, 0x7f, 0xff, 0xff, 0xff]);
        testing::check(|| RlbeDecoder::<i32>::new(&out, false), &[-1]);
    }

    #[test]
    fn old_floats_are_sums_of_floats() {
        // The differences 1.5, 0.25 and -1.0 as if they were integers that differ by those bits.
        let mut out = Vec::new();
        let mut bits = BitWriter::new(&mut out);
        bits.put(3, 32);
        for d in [1.5f32, 0.25, -1.0] {
            let length = bit_length(d.to_bits64());
            bits.put(u64::from(length), 6);
            put_fibonacci(&mut bits, 1);
            bits.put(d.to_bits64() & 0x7fff_ffff, length);
        }
        bits.align();
        testing::check(
            || RlbeDecoder::<f32>::new(&out, true),
            &[1.5f32, 1.75, 0.75],
        );
    }

    fn round_trips<T: BitValue>() {
        for mut values in testing::series::<T>() {
            let mut bytes = Vec::new();
            encode(&values, &mut bytes);
            testing::check(|| RlbeDecoder::<T>::new(&bytes, false), &values);
            testing::hostile::<T>(&bytes, |b, use_it| {
                use_it(&mut RlbeDecoder::<T>::new(b, false));
                use_it(&mut RlbeDecoder::<T>::new(b, true));
            });
            // Asked for more than there is: the natural end.
            values.extend([T::default(); 3]);
            let n = RlbeDecoder::<T>::new(&bytes, false).decode(&mut values);
            assert_eq!(n.unwrap(), values.len() - 3);
        }
        let many: Vec<T> = (0..25_000).map(|i| T::from_bits64(i % 300)).collect();
        let mut bytes = Vec::new();
        encode(&many, &mut bytes);
        testing::check(|| RlbeDecoder::<T>::new(&bytes, false), &many);
    }

    #[test]
    fn all_types_round_trip() {
        round_trips::<i32>();
        round_trips::<i64>();
        round_trips::<f32>();
        round_trips::<f64>();
    }

    #[test]
    fn run_lengths_are_zeckendorf_sums() {
        for n in 1..2000 {
            let mut out = Vec::new();
            let mut bits = BitWriter::new(&mut out);
            put_fibonacci(&mut bits, n);
            bits.align();
            let run = RlbeDecoder::<i32>::new(&out, false).fibonacci();
            assert_eq!(run.unwrap() as u64, n);
        }
        let zeros = RlbeDecoder::<i32>::new(&[0; 20], false).fibonacci();
        assert!(zeros.is_err());
    }
}
