//! TS_2DIFF: blocks of bit-packed differences from the smallest difference (format.md, "TS_2DIFF").
//!
//! ```text
//! i32        n       number of differences, one less than the block has values
//! i32        width   of a packed difference, 0..=32 or 0..=64
//! i32 / i64  min     the smallest difference
//! i32 / i64  first   the first value
//! ceil(n * width / 8) bytes: value[i] = value[i - 1] + min + packed[i - 1], wrapping
//! ```

use super::bits::{packed_bytes, unpack_map};
use super::pack::{WORD, pack_into};
use super::{Decoder, Int};
use crate::Result;
use crate::wire::ByteReader;
use std::marker::PhantomData;

/// Differences in a block of the reference writers.
const BLOCK: usize = 128;

/// Decodes integers; with width 0 (regular times) a value costs one addition, and blocks that are skipped whole cost
/// nothing, since each starts afresh.
#[derive(Debug, Clone)]
pub struct Ts2DiffDecoder<'a, T> {
    /// Stands behind the current block.
    reader: ByteReader<'a>,
    block: Block<'a>,
    of: PhantomData<T>,
}

#[derive(Debug, Clone, Default)]
struct Block<'a> {
    /// From the first difference to the end of the page: what lies behind the block makes unpacking faster.
    packed: &'a [u8],
    packed_bytes: usize,
    width: u32,
    next: usize,
    count: usize,
    min: u64,
    /// The value before difference `next`.
    value: u64,
}

impl<'a, T: Int> Ts2DiffDecoder<'a, T> {
    /// Decodes `bytes`, which are blocks to the end.
    pub fn new(bytes: &'a [u8]) -> Self {
        Self {
            reader: ByteReader::new(bytes, "TS_2DIFF block"),
            block: Block::default(),
            of: PhantomData,
        }
    }

    /// How many values `bytes` hold, from the heads of the blocks alone.
    ///
    /// # Errors
    /// As [`Decoder::decode`].
    pub fn count(bytes: &'a [u8]) -> Result<u64> {
        let mut blocks = Self::new(bytes);
        let mut n = 0u64;
        while blocks.next_block()? {
            n = n
                .saturating_add(1)
                .saturating_add(blocks.block.count as u64);
        }
        Ok(n)
    }

    /// Reads the head of the next block, if there is one; its first value is then `block.value`.
    fn next_block(&mut self) -> Result<bool> {
        let r = &mut self.reader;
        if r.is_empty() {
            return Ok(false);
        }
        let n = r.i32()?;
        let count = usize::try_from(n).map_err(|_| {
            r.error("a block has a negative number of differences")
                .got(n)
        })?;
        let width = r.i32()?;
        let width = u32::try_from(width)
            .ok()
            .filter(|w| *w <= T::BITS)
            .ok_or_else(|| {
                r.error("impossible bit width")
                    .expected(format!("0 to {}", T::BITS))
                    .got(width)
            })?;
        let min = T::read(r)?.bits();
        let value = T::read(r)?.bits();
        let packed = r.rest();
        let packed_bytes = packed_bytes(count, width).unwrap_or(usize::MAX);
        r.take(packed_bytes)?;
        self.block = Block {
            packed,
            packed_bytes,
            width,
            next: 0,
            count,
            min,
            value,
        };
        Ok(true)
    }
}

impl Block<'_> {
    fn pending(&self) -> usize {
        self.count - self.next
    }

    /// The values after the next `out.len()` differences, of which there are as many.
    #[inline]
    fn decode<T: Int>(&mut self, out: &mut [T]) {
        let (mut value, min) = (self.value, self.min);
        if self.width == 0 {
            for o in out.iter_mut() {
                value = value.wrapping_add(min);
                *o = T::narrow(value);
            }
        } else {
            let bit = self.next * self.width as usize;
            unpack_map(self.packed, bit, self.width, out, |difference| {
                value = value.wrapping_add(min.wrapping_add(difference));
                T::narrow(value)
            });
        }
        self.value = value;
        self.next += out.len();
    }

    /// Passes over `n` differences, of which there are as many.
    fn skip<T: Int>(&mut self, n: usize) {
        if n == self.pending() {
            // Nothing needs the last value of a block.
            self.next = self.count;
        } else if self.width == 0 {
            self.value = self.value.wrapping_add(self.min.wrapping_mul(n as u64));
            self.next += n;
        } else {
            let mut scratch = [T::default(); BLOCK];
            let mut left = n;
            while let Some(part) = scratch.get_mut(..left.min(BLOCK)).filter(|p| !p.is_empty()) {
                self.decode(part);
                left -= part.len();
            }
        }
    }
}

impl<T: Int> Decoder<T> for Ts2DiffDecoder<'_, T> {
    fn decode(&mut self, out: &mut [T]) -> Result<usize> {
        let asked = out.len();
        let mut rest = out;
        loop {
            let n = self.block.pending().min(rest.len());
            let (part, behind) = rest.split_at_mut(n);
            self.block.decode(part);
            let Some((first, behind)) = behind.split_first_mut() else {
                return Ok(asked);
            };
            if !self.next_block()? {
                return Ok(asked - behind.len() - 1);
            }
            *first = T::narrow(self.block.value);
            rest = behind;
        }
    }

    fn skip(&mut self, n: usize) -> Result<usize> {
        let mut left = n;
        loop {
            let part = self.block.pending().min(left);
            self.block.skip::<T>(part);
            left -= part;
            if left == 0 {
                return Ok(n);
            }
            if !self.next_block()? {
                return Ok(n - left);
            }
            left -= 1;
        }
    }

    fn remaining(&self) -> usize {
        let b = &self.block;
        let used = packed_bytes(b.next, b.width).unwrap_or(usize::MAX);
        self.reader.remaining() + b.packed_bytes.saturating_sub(used)
    }
}

/// Appends the values in blocks of 129, as the reference writers do.
pub fn encode<T: Int>(values: &[T], out: &mut Vec<u8>) {
    // Made once: clearing them costs as much as a block.
    let mut differences = [T::default(); BLOCK];
    let mut spreads = [0; BLOCK];
    let mut packed = [0; BLOCK * size_of::<u64>() + WORD];
    for block in values.chunks(BLOCK + 1) {
        let Some((first, rest)) = block.split_first() else {
            continue;
        };
        let n = rest.len();
        let (Some(differences), Some(spreads)) = (differences.get_mut(..n), spreads.get_mut(..n))
        else {
            continue;
        };
        for ((d, a), b) in differences.iter_mut().zip(block).zip(rest) {
            *d = T::narrow(b.bits().wrapping_sub(a.bits()));
        }
        let (min, max) = extremes(differences);
        let spread = |d: T| T::narrow(d.bits().wrapping_sub(min.bits())).bits();
        let width = 64 - spread(max).leading_zeros();
        out.extend_from_slice(&(n as i32).to_be_bytes());
        out.extend_from_slice(&(width as i32).to_be_bytes());
        min.put(out);
        first.put(out);
        if width > 0 {
            for (s, d) in spreads.iter_mut().zip(&*differences) {
                *s = spread(*d);
            }
            pack_into(spreads, width, &mut packed);
            let bytes = (n * width as usize).div_ceil(8);
            out.extend_from_slice(packed.get(..bytes).unwrap_or(&[]));
        }
    }
}

/// Minimum and maximum; zeros for no values. In lanes, since a single chain of comparisons takes longer than all the rest.
fn extremes<T: Int>(values: &[T]) -> (T, T) {
    const LANES: usize = 8;
    let Some(&first) = values.first() else {
        return Default::default();
    };
    let (mut min, mut max) = ([first; LANES], [first; LANES]);
    let mut parts = values.chunks_exact(LANES);
    for part in &mut parts {
        for ((v, min), max) in part.iter().zip(&mut min).zip(&mut max) {
            *min = if *v < *min { *v } else { *min };
            *max = if *v > *max { *v } else { *max };
        }
    }
    let rest = parts.remainder().iter();
    let least = rest.clone().chain(&min).fold(first, |a, b| a.min(*b));
    let most = rest.chain(&max).fold(first, |a, b| a.max(*b));
    (least, most)
}

#[cfg(test)]
mod tests {
    use super::super::bits::BitWriter;
    use super::super::check;
    use super::*;
    use crate::model::Encoding::Ts2Diff;

    const BY_HAND: [u8; 26] = [
        0, 0, 0, 3, // differences
        0, 0, 0, 4, // width
        0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, // smallest: -1
        0, 0, 0, 0, 0, 0, 0, 10, // first value
        0x30, 0xa0, // 2, -1, 9 less -1 is 3, 0, 10
    ];

    #[test]
    fn one_block_by_hand() {
        check::values::<i64>(Ts2Diff, &BY_HAND, &[10, 12, 11, 20]);
        // Padding may hold anything.
        let mut garbage = BY_HAND;
        garbage[25] |= 0x0f;
        check::values::<i64>(Ts2Diff, &garbage, &[10, 12, 11, 20]);
        let mut out = Vec::new();
        encode(&[10i64, 12, 11, 20], &mut out);
        assert_eq!(out, BY_HAND);
        // One value: Java writes the largest number as the smallest difference.
        let one = [0, 0, 0, 0, 0, 0, 0, 0, 0x7f, 0xff, 0xff, 0xff, 0, 0, 0, 5];
        check::values::<i32>(Ts2Diff, &one, &[5]);
    }

    #[test]
    fn regular_blocks_cost_no_memory_however_long() {
        let mut bytes = vec![0x7f, 0xff, 0xff, 0xff, 0, 0, 0, 0]; // 2^31 - 1 differences of width 0
        bytes.extend([0, 0, 0, 2, 0, 0, 0, 1]); // of 2, from 1 on
        assert_eq!(Ts2DiffDecoder::<i32>::count(&bytes).unwrap(), 1 << 31);
        let mut decoder = Ts2DiffDecoder::<i32>::new(&bytes);
        assert_eq!(decoder.skip(1 << 30).unwrap(), 1 << 30);
        let mut out = [0; 2];
        assert_eq!(decoder.decode(&mut out).unwrap(), 2);
        assert_eq!(out, [i32::MIN + 1, i32::MIN + 3]);
        assert_eq!(decoder.skip(usize::MAX).unwrap(), (1 << 30) - 2);
    }

    #[test]
    fn bad_heads_are_errors() {
        for (at, byte) in [(0, 0x80), (3, 5), (4, 0x80), (7, 65), (7, 5), (7, 64)] {
            let mut bytes = BY_HAND;
            bytes[at] = byte;
            let result = Ts2DiffDecoder::<i64>::new(&bytes).decode(&mut [0; 9]);
            // 5 differences of 4 bits need a third byte, 3 of 5 bits fit into two
            assert_eq!(result.is_err(), (at, byte) != (7, 5), "{at} {byte}");
            assert_eq!(
                Ts2DiffDecoder::<i64>::count(&bytes).is_err(),
                result.is_err()
            );
        }
        for n in 1..BY_HAND.len() {
            assert!(Ts2DiffDecoder::<i64>::new(&BY_HAND[..n]).skip(1).is_err());
        }
    }

    #[test]
    fn all_shapes_round_trip() {
        for n in check::LENGTHS {
            for seed in 0..12 {
                let values = check::ints::<i32>(n, seed);
                let mut out = Vec::new();
                encode(&values, &mut out);
                check::values(Ts2Diff, &out, &values);
                assert_eq!(Ts2DiffDecoder::<i32>::count(&out).unwrap(), n as u64);
                let values = check::ints::<i64>(n, seed);
                out.clear();
                encode(&values, &mut out);
                check::values(Ts2Diff, &out, &values);
                assert_eq!(Ts2DiffDecoder::<i64>::count(&out).unwrap(), n as u64);
            }
        }
    }

    /// Bit by bit, with the differences in a list of their own.
    fn encode_plainly<T: Int>(values: &[T], out: &mut Vec<u8>) {
        for block in values.chunks(BLOCK + 1) {
            let differences: Vec<T> = block
                .iter()
                .zip(block.iter().skip(1))
                .map(|(a, b)| T::narrow(b.bits().wrapping_sub(a.bits())))
                .collect();
            let min = differences.iter().min().copied().unwrap_or_default();
            let packed = differences
                .iter()
                .map(|d| T::narrow(d.bits().wrapping_sub(min.bits())).bits());
            let all = packed.clone().fold(0, |all, p| all | p);
            let width = 64 - all.leading_zeros();
            out.extend_from_slice(&(differences.len() as i32).to_be_bytes());
            out.extend_from_slice(&(width as i32).to_be_bytes());
            min.put(out);
            block.first().copied().unwrap_or_default().put(out);
            let mut bits = BitWriter::new(out);
            packed.for_each(|p| bits.write(p, width));
            bits.finish();
        }
    }

    fn as_plainly<T: Int>(values: &[T]) {
        let (mut out, mut expected) = (vec![1], vec![1]);
        encode(values, &mut out);
        encode_plainly(values, &mut expected);
        assert_eq!(out, expected, "{values:?}");
    }

    #[test]
    fn bytes_are_those_of_the_plain_way() {
        for n in check::LENGTHS {
            for seed in 0..12 {
                as_plainly(&check::ints::<i32>(n, seed));
                as_plainly(&check::ints::<i64>(n, seed));
            }
        }
        let mut rng = check::Rng::new(5);
        for bits in 1..=64 {
            let values: Vec<i64> = (0..300)
                .map(|_| (rng.next() >> (64 - bits)) as i64)
                .collect();
            as_plainly(&values);
            as_plainly(&values.iter().map(|v| *v as i32).collect::<Vec<_>>());
        }
    }

    #[test]
    fn hostile_bytes_never_panic() {
        check::hostile::<i64>(Ts2Diff, &BY_HAND);
        check::hostile::<i32>(Ts2Diff, &BY_HAND);
    }
}
