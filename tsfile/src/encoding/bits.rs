//! Bits from the most significant one on: a reader, a writer, and bulk unpacking of numbers of one width.

use crate::{Error, Result};

/// Reads numbers of 0 to 64 bits; every read is checked against the end of the bytes.
#[derive(Debug, Clone)]
pub struct BitReader<'a> {
    bytes: &'a [u8],
    /// First byte of which no bit counts in `filled`.
    next: usize,
    /// The bits to come, from the top. Below the `filled` ones there may lie bits of `bytes[next]`, at their right place:
    /// a refill puts the same bits there again, which is why it may use `|`.
    buffer: u64,
    filled: u32,
    section: &'static str,
}

impl<'a> BitReader<'a> {
    /// Reads `bytes`; errors name `section`.
    pub fn new(bytes: &'a [u8], section: &'static str) -> Self {
        Self {
            bytes,
            next: 0,
            buffer: 0,
            filled: 0,
            section,
        }
    }

    /// Bits left, padding included.
    pub fn remaining_bits(&self) -> usize {
        (self.bytes.len() - self.next)
            .saturating_mul(8)
            .saturating_add(self.filled as usize)
    }

    /// Whole bytes left.
    pub fn remaining(&self) -> usize {
        self.bytes.len() - self.next + self.filled as usize / 8
    }

    /// The next `width` bits (at most 64) as an unsigned number.
    ///
    /// # Errors
    /// Fewer bits are left, or `width` is above 64.
    #[inline]
    pub fn read(&mut self, width: u32) -> Result<u64> {
        if width > self.filled {
            return self.read_over_refill(width);
        }
        Ok(self.take(width))
    }

    /// The next bit.
    ///
    /// # Errors
    /// No bit is left.
    #[inline]
    pub fn bit(&mut self) -> Result<bool> {
        Ok(self.read(1)? != 0)
    }

    /// Passes over `n` bits.
    ///
    /// # Errors
    /// Fewer bits are left.
    pub fn skip(&mut self, n: usize) -> Result<()> {
        if n > self.remaining_bits() {
            return Err(self.ended(n));
        }
        let target = self.position_bits() + n;
        self.next = target / 8;
        self.buffer = 0;
        self.filled = 0;
        self.read((target % 8) as u32).map(drop)
    }

    /// Passes over the rest of a byte that is begun.
    pub fn align(&mut self) {
        self.take(self.filled % 8);
    }

    fn position_bits(&self) -> usize {
        self.next * 8 - self.filled as usize
    }

    /// `width <= self.filled` holds.
    #[inline]
    fn take(&mut self, width: u32) -> u64 {
        // Two shifts each, because a shift by 64 is not defined and widths 0 and 64 both come here.
        let value = self.buffer >> 1 >> (63 - width.min(63));
        let value = if width == 64 { self.buffer } else { value };
        self.buffer = self.buffer.checked_shl(width).unwrap_or(0);
        self.filled -= width;
        value
    }

    #[cold]
    fn ended(&self, wanted: usize) -> Error {
        Error::corrupt(self.section, "the bits end inside a value")
            .expected(format!("{wanted} more bits"))
            .got(self.remaining_bits())
    }

    fn read_over_refill(&mut self, width: u32) -> Result<u64> {
        if width > 64 || width as usize > self.remaining_bits() {
            return Err(self.ended(width as usize));
        }
        // A refill brings at least 57 bits if the bytes have them: wider numbers come in two parts.
        let high = width.saturating_sub(32);
        let mut value = 0;
        for part in [high, width - high] {
            if part > self.filled {
                self.refill();
            }
            value = (value << part) | self.take(part);
        }
        Ok(value)
    }

    fn refill(&mut self) {
        match self.bytes.get(self.next..).and_then(|b| b.first_chunk()) {
            Some(word) => {
                self.buffer |= u64::from_be_bytes(*word)
                    .checked_shr(self.filled)
                    .unwrap_or(0);
                let taken = (64 - self.filled) / 8;
                self.next += taken as usize;
                self.filled += taken * 8;
            }
            None => {
                while self.filled <= 56 {
                    let Some(&byte) = self.bytes.get(self.next) else {
                        break;
                    };
                    self.buffer |= u64::from(byte) << (56 - self.filled);
                    self.next += 1;
                    self.filled += 8;
                }
            }
        }
    }
}

/// Appends numbers of 0 to 64 bits to a byte vector.
#[derive(Debug)]
pub struct BitWriter<'o> {
    out: &'o mut Vec<u8>,
    /// The bits that do not fill a byte yet, from the top.
    pending: u8,
    used: u32,
}

impl<'o> BitWriter<'o> {
    /// Appends to `out`, from its next byte on.
    pub fn new(out: &'o mut Vec<u8>) -> Self {
        Self {
            out,
            pending: 0,
            used: 0,
        }
    }

    /// Appends the low `width` bits (at most 64) of `value`.
    pub fn write(&mut self, value: u64, width: u32) {
        let mut left = width.min(64);
        while left > 0 {
            let part = left.min(8 - self.used);
            left -= part;
            let bits = (value >> left) & ((1 << part) - 1);
            self.pending |= (bits << (8 - self.used - part)) as u8;
            self.used += part;
            if self.used == 8 {
                self.out.push(self.pending);
                self.pending = 0;
                self.used = 0;
            }
        }
    }

    /// Pads the last byte with zeros.
    pub fn finish(self) {
        if self.used > 0 {
            self.out.push(self.pending);
        }
    }
}

/// Bytes that `n` numbers of `width` bits take; `None` when that is no length.
pub fn packed_bytes(n: usize, width: u32) -> Option<usize> {
    usize::try_from((n as u128 * u128::from(width)).div_ceil(8)).ok()
}

/// Unpacks numbers of `width` bits (0 to 64) from bit `bit` of `bytes` on: `out[i]` becomes `f` of the i-th one, in order.
///
/// Bits past the end of `bytes` read as zero, so callers check the length first. Bytes behind the last number are never
/// part of a result, but make unpacking faster when `bytes` has them.
#[inline]
pub fn unpack_map<T>(
    bytes: &[u8],
    bit: usize,
    width: u32,
    out: &mut [T],
    mut f: impl FnMut(u64) -> T,
) {
    // A load of 64 bits starts at a whole byte, up to 7 bits early: K numbers come from one load if 7 + K * width <= 64.
    let done = match width {
        0 => {
            out.fill_with(|| f(0));
            return;
        }
        16 if bit % 8 == 0 => by_bytes::<2, T>(bytes, bit, out, &mut f),
        32 if bit % 8 == 0 => by_bytes::<4, T>(bytes, bit, out, &mut f),
        64 if bit % 8 == 0 => by_bytes::<8, T>(bytes, bit, out, &mut f),
        1..=7 => by_words::<8, T>(bytes, bit, width, out, &mut f),
        8..=14 => by_words::<4, T>(bytes, bit, width, out, &mut f),
        15..=28 => by_words::<2, T>(bytes, bit, width, out, &mut f),
        29..=57 => by_words::<1, T>(bytes, bit, width, out, &mut f),
        _ => by_nine_bytes(bytes, bit, width, out, &mut f),
    };
    let mut bit = bit.saturating_add(done.saturating_mul(width as usize));
    for o in out.iter_mut().skip(done) {
        *o = f(unpack_one(bytes, bit, width));
        bit = bit.saturating_add(width as usize);
    }
}

/// Numbers that are whole bytes; returns how many were there.
#[inline]
fn by_bytes<const N: usize, T>(
    bytes: &[u8],
    bit: usize,
    out: &mut [T],
    f: &mut impl FnMut(u64) -> T,
) -> usize {
    let bytes = bytes.get(bit / 8..).unwrap_or(&[]);
    let n = out.len().min(bytes.len() / N);
    for (o, chunk) in out.iter_mut().zip(bytes.chunks_exact(N)) {
        let mut word = [0; 8];
        if let Some(low) = word.last_chunk_mut::<N>() {
            low.copy_from_slice(chunk);
        }
        *o = f(u64::from_be_bytes(word));
    }
    n
}

/// `K` numbers from one load of 64 bits, as long as whole loads are left; returns how many numbers that made.
#[inline]
fn by_words<const K: usize, T>(
    bytes: &[u8],
    mut bit: usize,
    width: u32,
    out: &mut [T],
    f: &mut impl FnMut(u64) -> T,
) -> usize {
    let mut done = 0;
    for group in out.chunks_exact_mut(K) {
        let Some(word) = bytes.get(bit / 8..).and_then(|b| b.first_chunk()) else {
            break;
        };
        let mut word = u64::from_be_bytes(*word) << (bit % 8);
        for o in group {
            *o = f(word >> (64 - width));
            word <<= width;
        }
        bit += K * width as usize;
        done += K;
    }
    done
}

/// Numbers that a load of 64 bits may miss the end of; returns how many had nine bytes to read.
#[inline]
fn by_nine_bytes<T>(
    bytes: &[u8],
    mut bit: usize,
    width: u32,
    out: &mut [T],
    f: &mut impl FnMut(u64) -> T,
) -> usize {
    let mut done = 0;
    for o in out {
        let Some([word @ .., ninth]) = bytes.get(bit / 8..).and_then(|b| b.first_chunk::<9>())
        else {
            break;
        };
        let shift = bit % 8;
        let mut eight = [0; 8];
        eight.copy_from_slice(word);
        // The shift of the ninth byte leaves nothing of it when the number starts with a byte.
        let word = u64::from_be_bytes(eight) << shift | u64::from(*ninth) << shift >> 8;
        *o = f(word >> (64 - width));
        bit += width as usize;
        done += 1;
    }
    done
}

/// The number of `width` bits (1 to 64) at bit `bit`.
#[inline]
fn unpack_one(bytes: &[u8], bit: usize, width: u32) -> u64 {
    let rest = bytes.get(bit / 8..).unwrap_or(&[]);
    let word = match rest.first_chunk() {
        Some(word) => u128::from_be_bytes(*word),
        None => rest
            .iter()
            .zip((0..16).rev())
            .fold(0, |v, (b, i)| v | u128::from(*b) << (8 * i)),
    };
    ((word << (bit % 8)) >> (128 - width.clamp(1, 64))) as u64
}

#[cfg(test)]
mod tests {
    use super::super::check::Rng;
    use super::*;

    #[test]
    fn bits_by_hand() {
        // 101 | 0001 | 1 1111 0000 | pad 0101
        let bytes = [0b1010_0011, 0b1111_0000, 0b0101_0000];
        let mut r = BitReader::new(&bytes, "t");
        assert_eq!(r.read(3).unwrap(), 5);
        assert_eq!(r.read(4).unwrap(), 1);
        assert_eq!(r.read(9).unwrap(), 0x1f0);
        assert_eq!(r.read(0).unwrap(), 0);
        assert!(!r.bit().unwrap());
        assert!(r.bit().unwrap());
        r.align();
        assert_eq!(r.remaining_bits(), 0);
        assert!(r.read(1).is_err());

        let mut out = vec![7];
        let mut w = BitWriter::new(&mut out);
        w.write(5, 3);
        w.write(1, 4);
        w.write(0x1f0, 9);
        w.write(1, 2);
        w.finish();
        assert_eq!(out, [7, 0b1010_0011, 0b1111_0000, 0b0100_0000]);
    }

    #[test]
    fn every_width_reads_and_unpacks_what_was_written() {
        let mut rng = Rng::new(1);
        for width in 0..=64 {
            for n in [0, 1, 7, 8, 9, 40] {
                let values: Vec<u64> = (0..n)
                    .map(|_| rng.next().checked_shr(64 - width).unwrap_or(0))
                    .collect();
                let mut out = Vec::new();
                let mut w = BitWriter::new(&mut out);
                values.iter().for_each(|v| w.write(*v, width));
                w.finish();
                assert_eq!(Some(out.len()), packed_bytes(n, width));
                for behind in [0, 20] {
                    out.resize(out.len() + behind, 0xff);
                    let mut r = BitReader::new(&out, "t");
                    for v in &values {
                        assert_eq!(r.read(width).unwrap(), *v, "width {width}");
                    }
                    for from in 0..=n {
                        let mut got = vec![0; n - from];
                        unpack_map(&out, from * width as usize, width, &mut got, |v| v);
                        assert_eq!(got, values[from..], "width {width} from {from}");
                        let mut r = BitReader::new(&out, "t");
                        r.skip(from * width as usize).unwrap();
                        if let Some(v) = values.get(from) {
                            assert_eq!(r.read(width).unwrap(), *v);
                        }
                    }
                }
            }
        }
    }

    #[test]
    fn mixed_widths_and_skips_keep_the_place() {
        let mut rng = Rng::new(2);
        for _ in 0..200 {
            let items: Vec<(u64, u32)> = (0..50)
                .map(|_| {
                    let width = rng.below(65) as u32;
                    (rng.next().checked_shr(64 - width).unwrap_or(0), width)
                })
                .collect();
            let mut out = Vec::new();
            let mut w = BitWriter::new(&mut out);
            items.iter().for_each(|(v, width)| w.write(*v, *width));
            w.finish();
            let mut r = BitReader::new(&out, "t");
            for (v, width) in items {
                if rng.below(3) == 0 {
                    r.skip(width as usize).unwrap();
                } else {
                    assert_eq!(r.read(width).unwrap(), v);
                }
            }
            assert!(r.remaining_bits() < 8);
            assert!(r.skip(8).is_err());
        }
    }

    #[test]
    fn bits_past_the_end_unpack_as_zero() {
        for width in 1..=64 {
            let mut out = [1; 20];
            unpack_map(&[], 1000, width, &mut out, |v| v);
            assert_eq!(out, [0; 20]);
        }
    }
}
