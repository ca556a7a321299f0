//! Bit streams for the codecs that write single values of up to 64 bits, first bit on top, and the raw-bits view of the four number types.

use super::Decoder;
use crate::{Error, ErrorKind, Result};

/// Bits that [`BitReader::peek`] always delivers: a word less the largest offset into a byte.
pub const PEEK_BITS: u32 = 57;

/// A number of 32 or 64 bits seen as its bits, in the low end of a word.
pub trait BitValue: Copy + Default {
    /// 32 or 64.
    const WIDTH: u32;
    /// Whether the bits are an IEEE float.
    const FLOAT: bool;
    /// The bits that close a GORILLA or CHIMP stream; for floats also the one NaN that Java knows.
    const TERMINATOR: u64;
    /// The bits of a number.
    fn to_bits64(self) -> u64;
    /// The number of these bits; those above `WIDTH` do not count.
    fn from_bits64(bits: u64) -> Self;
}

impl BitValue for i32 {
    const WIDTH: u32 = 32;
    const FLOAT: bool = false;
    const TERMINATOR: u64 = 0x8000_0000;
    fn to_bits64(self) -> u64 {
        u64::from(self as u32)
    }
    fn from_bits64(bits: u64) -> Self {
        bits as i32
    }
}

impl BitValue for i64 {
    const WIDTH: u32 = 64;
    const FLOAT: bool = false;
    const TERMINATOR: u64 = 0x8000_0000_0000_0000;
    fn to_bits64(self) -> u64 {
        self as u64
    }
    fn from_bits64(bits: u64) -> Self {
        bits as i64
    }
}

impl BitValue for f32 {
    const WIDTH: u32 = 32;
    const FLOAT: bool = true;
    const TERMINATOR: u64 = 0x7fc0_0000;
    fn to_bits64(self) -> u64 {
        u64::from(self.to_bits())
    }
    fn from_bits64(bits: u64) -> Self {
        Self::from_bits(bits as u32)
    }
}

impl BitValue for f64 {
    const WIDTH: u32 = 64;
    const FLOAT: bool = true;
    const TERMINATOR: u64 = 0x7ff8_0000_0000_0000;
    fn to_bits64(self) -> u64 {
        self.to_bits()
    }
    fn from_bits64(bits: u64) -> Self {
        Self::from_bits(bits)
    }
}

/// All ones in the low `T::WIDTH` bits.
pub const fn mask<T: BitValue>() -> u64 {
    u64::MAX >> (64 - T::WIDTH)
}

/// The bits as a signed number of `T::WIDTH` bits.
pub fn signed<T: BitValue>(bits: u64) -> i64 {
    let above = 64 - T::WIDTH;
    ((bits << above) as i64) >> above
}

/// The bits with every NaN replaced by the one that Java's `floatToIntBits` gives.
pub fn canonical<T: BitValue>(bits: u64) -> u64 {
    let nan = match T::WIDTH {
        32 => f32::from_bits64(bits).is_nan(),
        _ => f64::from_bits64(bits).is_nan(),
    };
    if T::FLOAT && nan { T::TERMINATOR } else { bits }
}

/// Length of `bits` as an unsigned number, at least 1.
pub fn bit_length(bits: u64) -> u32 {
    (64 - bits.leading_zeros()).max(1)
}

/// Reads a bit stream from front to back; nothing is consumed past its end.
#[derive(Debug, Clone)]
pub struct BitReader<'a> {
    bytes: &'a [u8],
    at: usize,
    end: usize,
    section: &'static str,
}

impl<'a> BitReader<'a> {
    /// Reads all bits of `bytes`; errors name `section`.
    pub fn new(bytes: &'a [u8], section: &'static str) -> Self {
        Self::with_bits(bytes, usize::MAX, section)
    }

    /// Reads the first `bits` bits of `bytes`.
    pub fn with_bits(bytes: &'a [u8], bits: usize, section: &'static str) -> Self {
        Self {
            bytes,
            at: 0,
            end: bytes.len().saturating_mul(8).min(bits),
            section,
        }
    }

    /// Bits left.
    pub fn left(&self) -> usize {
        self.end - self.at
    }

    /// Bits read so far.
    pub fn position(&self) -> usize {
        self.at
    }

    /// Bits there are.
    pub fn end(&self) -> usize {
        self.end
    }

    /// Goes to bit `at`, which lies at or before the end.
    pub fn seek(&mut self, at: usize) {
        self.at = at.min(self.end);
    }

    /// The [`PEEK_BITS`] bits at bit `at` on top of a word; `None` where fewer than eight bytes are left.
    #[inline]
    pub fn word(&self, at: usize) -> Option<u64> {
        let eight = self.bytes.get(at >> 3..)?.first_chunk()?;
        Some(u64::from_be_bytes(*eight) << (at & 7))
    }

    /// The 64 bits at bit `at`; `None` where fewer than nine bytes are left.
    #[inline]
    pub fn whole_word(&self, at: usize) -> Option<u64> {
        let [eight @ .., ninth] = self.bytes.get(at >> 3..)?.first_chunk::<9>()?;
        let shift = at & 7;
        // The shift of the ninth byte leaves nothing of it when the word starts with a byte.
        Some(u64::from_be_bytes(*eight) << shift | u64::from(*ninth) << shift >> 8)
    }

    /// The next [`PEEK_BITS`] bits on top of a word, zeros after the last byte. Bits below those may be missing.
    #[inline]
    pub fn peek(&self) -> u64 {
        let rest = self.bytes.get(self.at >> 3..).unwrap_or(&[]);
        let word = match rest.first_chunk() {
            Some(eight) => u64::from_be_bytes(*eight),
            None => {
                let mut eight = [0; 8];
                for (to, from) in eight.iter_mut().zip(rest) {
                    *to = *from;
                }
                u64::from_be_bytes(eight)
            }
        };
        word << (self.at & 7)
    }

    /// 64 bits on top of a word from `ahead` bits on, zeros after the last byte.
    #[inline]
    pub fn peek_word(&self, ahead: u32) -> u64 {
        let at = self.at + ahead as usize;
        let rest = self.bytes.get(at >> 3..).unwrap_or(&[]);
        let (word, ninth) = match rest.split_first_chunk() {
            Some((eight, [ninth, ..])) => (u64::from_be_bytes(*eight), *ninth),
            _ => {
                let mut eight = [0; 8];
                eight
                    .iter_mut()
                    .zip(rest)
                    .for_each(|(to, from)| *to = *from);
                (u64::from_be_bytes(eight), 0)
            }
        };
        // The shift of the ninth byte leaves nothing of it when the word starts with a byte.
        word << (at & 7) | u64::from(ninth) << (at & 7) >> 8
    }

    /// Passes `n` bits.
    #[inline]
    pub fn consume(&mut self, n: u32) -> Result<()> {
        if n as usize > self.left() {
            return Err(self.error("the bytes end inside a value"));
        }
        self.at += n as usize;
        Ok(())
    }

    /// Takes the next `n` bits, at most 64.
    #[inline]
    pub fn read(&mut self, n: u32) -> Result<u64> {
        let value = if n > PEEK_BITS {
            self.peek_word(0) >> (64 - n)
        } else {
            // Two shifts, since n may be 0.
            self.peek() >> 1 >> (63 - n)
        };
        self.consume(n)?;
        Ok(value)
    }

    /// Passes the rest of a byte that was begun.
    pub fn align(&mut self) {
        self.at = self.at.next_multiple_of(8).min(self.end);
    }

    /// A corruption error at the current position.
    #[cold]
    pub fn error(&self, message: impl Into<String>) -> Error {
        Error::corrupt(self.section, message).at((self.at >> 3) as u64)
    }
}

/// Appends a bit stream to a buffer. Ends by [`BitWriter::align`] or [`BitWriter::flush_always`]: before, bits are missing.
#[derive(Debug)]
pub struct BitWriter<'a> {
    out: &'a mut Vec<u8>,
    start: usize,
    /// The bits of the word that is not full yet, in the low end; above those there may be others.
    pending: u64,
    /// How many those are, less than 64.
    used: u32,
}

impl<'a> BitWriter<'a> {
    /// Appends to `out`.
    pub fn new(out: &'a mut Vec<u8>) -> Self {
        Self {
            start: out.len(),
            out,
            pending: 0,
            used: 0,
        }
    }

    /// Appends the low `n` bits of `value`, at most 64.
    #[inline]
    pub fn put(&mut self, value: u64, n: u32) {
        let value = value & 1u64.checked_shl(n).unwrap_or(0).wrapping_sub(1);
        let used = self.used + n;
        if used < 64 {
            self.pending = self.pending << n | value;
            self.used = used;
            return;
        }
        let rest = used - 64;
        let word = self.filled() | value >> rest;
        self.out.extend_from_slice(&word.to_be_bytes());
        self.pending = value;
        self.used = rest;
    }

    /// The word so far, from the top, with zeros behind.
    fn filled(&self) -> u64 {
        // Two shifts, since all 64 bits may be free.
        self.pending << (63 - self.used) << 1
    }

    /// Bits appended so far.
    pub fn len(&self) -> usize {
        (self.out.len() - self.start) * 8 + self.used as usize
    }

    /// Fills a begun byte with zeros.
    pub fn align(&mut self) {
        let word = self.filled().to_be_bytes();
        let bytes = self.used.div_ceil(8) as usize;
        self.out.extend_from_slice(word.get(..bytes).unwrap_or(&[]));
        self.used = 0;
    }

    /// Fills the byte with zeros, or appends a zero byte where none was begun, as GORILLA and CHIMP end.
    pub fn flush_always(&mut self) {
        self.put(0, 8 - self.used % 8);
        self.align();
    }
}

/// Skips by decoding into a small buffer, for encodings in which a value depends on all before it.
pub fn skip_by_decoding<T: Copy + Default>(
    decoder: &mut impl Decoder<T>,
    n: usize,
) -> Result<usize> {
    let mut scratch = [T::default(); 128];
    let mut done = 0;
    while done < n {
        let want = scratch.len().min(n - done);
        let got = decoder.decode(scratch.get_mut(..want).unwrap_or(&mut []))?;
        done += got;
        if got < want {
            break;
        }
    }
    Ok(done)
}

/// Collects values up to the terminator `i64::MIN`: the one after which only the last byte's padding (1 to 8 bits) is left.
///
/// `next` gives a value and the bits left after it.
pub fn until_terminator(
    section: &'static str,
    max: usize,
    mut next: impl FnMut() -> Result<Option<(i64, usize)>>,
) -> Result<Vec<i64>> {
    let mut values = Vec::new();
    loop {
        let Some((value, left)) = next()? else {
            return Err(Error::corrupt(section, "the stream has no terminator"));
        };
        if value == i64::MIN && left <= 8 {
            return Ok(values);
        }
        if values.len() == max {
            return Err(
                Error::new(ErrorKind::Limit, section, "more values than allowed")
                    .expected(format!("at most {max}")),
            );
        }
        if values.len() == values.capacity() {
            values
                .try_reserve(values.len().max(64))
                .map_err(|_| Error::new(ErrorKind::Limit, section, "no memory for the values"))?;
        }
        values.push(value);
    }
}

#[cfg(test)]
pub mod testing {
    //! What the tests of all codecs of this kind share.

    use super::*;

    /// A small generator of reproducible noise.
    pub struct Rng(pub u64);

    impl Rng {
        pub fn next(&mut self) -> u64 {
            self.0 ^= self.0 << 13;
            self.0 ^= self.0 >> 7;
            self.0 ^= self.0 << 17;
            self.0
        }
    }

    /// Series with what codecs find hard, as bits: one value, extremes, repeats, small steps, noise.
    pub fn series<T: BitValue>() -> Vec<Vec<T>> {
        let mut rng = Rng(0x9e37_79b9_7f4a_7c15);
        let edge: Vec<u64> = [
            0,
            1,
            u64::MAX,
            0x8000_0000_0000_0000,
            0x7fff_ffff_ffff_ffff,
            0x8000_0000,
            0x7fff_ffff,
            0x7fc0_0000,
            0x7fc0_1234,
            0xff80_0001,
            0x7f80_0000,
            0x3fc0_0000,
            0x7ff8_0000_0000_0000,
            0x7ff8_0000_0000_0001,
            0xfff0_0000_0000_0000,
            0x3ff8_0000_0000_0000,
            0x8000_0000_0000_0000,
            0x8000_0000,
        ]
        .into();
        let mut all = vec![edge.clone()];
        all.extend(edge.iter().map(|&v| vec![v]));
        all.extend(edge.iter().map(|&v| vec![v; 40]));
        all.push((0..300).map(|i| 1_700_000_000_000 + i * 1000).collect());
        all.push((0..300).map(|_| rng.next() >> (rng.next() & 63)).collect());
        all.push((0..300).map(|_| rng.next()).collect());
        all.push(
            (0..300)
                .map(|_| edge[rng.next() as usize % edge.len()])
                .collect(),
        );
        all.push(
            (0..300)
                .map(|i| (f64::from(i / 7) * 0.1).to_bits())
                .collect(),
        );
        all.push(
            (0..300)
                .map(|i| u64::from((i as f32 * 0.5).to_bits()))
                .collect(),
        );
        all.into_iter()
            .map(|s| s.into_iter().map(T::from_bits64).collect())
            .collect()
    }

    pub fn bits<T: BitValue>(values: &[T]) -> Vec<u64> {
        values.iter().map(|v| v.to_bits64()).collect()
    }

    /// Decodes `n` values at once, and again in random pieces with skips between; both must give `expected`.
    pub fn check<T: BitValue, D: Decoder<T>>(make: impl Fn() -> D, expected: &[T]) {
        let mut out = vec![T::default(); expected.len()];
        let mut decoder = make();
        assert_eq!(decoder.decode(&mut out).unwrap(), expected.len());
        assert_eq!(bits(&out), bits(expected));
        assert!(decoder.remaining() <= 1);
        let mut rng = Rng(expected.len() as u64 + 77);
        for _ in 0..20 {
            let mut decoder = make();
            let mut at = 0;
            while at < expected.len() {
                let n = (rng.next() as usize % 30).min(expected.len() - at);
                if rng.next() & 1 == 0 {
                    assert_eq!(decoder.skip(n).unwrap(), n);
                } else {
                    let mut out = vec![T::default(); n];
                    assert_eq!(decoder.decode(&mut out).unwrap(), n);
                    assert_eq!(bits(&out), bits(&expected[at..at + n]));
                }
                at += n;
            }
        }
    }

    /// Feeds noise and damaged streams: any result will do, as long as one comes.
    pub fn hostile<T: BitValue>(
        good: &[u8],
        with_decoder: impl Fn(&[u8], &mut dyn FnMut(&mut dyn Decoder<T>)),
    ) {
        let mut buffer = Vec::new();
        let mut rng = Rng(good.len() as u64 + 3);
        for round in 0..400 {
            buffer.clear();
            if round % 2 == 0 {
                let n = rng.next() % 60;
                buffer.extend((0..n).map(|_| rng.next() as u8 & rng.next() as u8));
            } else {
                buffer.extend_from_slice(good);
                for _ in 0..3 {
                    let at = rng.next() as usize % buffer.len();
                    buffer[at] ^= rng.next() as u8;
                }
                let n = rng.next() as usize % (buffer.len() + 1);
                buffer.truncate(n);
            }
            let mut out = vec![T::default(); 500];
            let skip = rng.next() as usize % 300;
            with_decoder(&buffer, &mut |d| {
                let _ = d.skip(skip);
                let _ = d.decode(&mut out);
                let _ = d.decode(&mut out);
                let _ = d.skip(1 << 20);
                let _ = d.remaining();
            });
        }
    }

    #[test]
    fn what_is_written_is_read() {
        let mut rng = Rng(42);
        let mut out = Vec::new();
        let parts: Vec<(u64, u32)> = (0..500)
            .map(|_| {
                let n = (rng.next() % 65) as u32;
                (rng.next().checked_shr(64 - n).unwrap_or(0), n)
            })
            .collect();
        let mut w = BitWriter::new(&mut out);
        parts.iter().for_each(|&(v, n)| w.put(v, n));
        w.flush_always();
        let mut r = BitReader::new(&out, "t");
        for &(v, n) in &parts {
            assert_eq!(r.read(n).unwrap(), v);
        }
        assert!((1..=8).contains(&r.left()));
        assert!(r.read(9).is_err());
    }
}
