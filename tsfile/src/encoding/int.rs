//! The two widths of integer streams.

use crate::Result;
use crate::wire::{ByteReader, put_uvarint};

/// `i32` or `i64`: what the integer codecs are generic over.
///
/// Codecs compute in `u64` and narrow at the end, since the low 32 bits of wrapping 64-bit sums and products are those of
/// 32-bit ones.
pub trait Int: Copy + Default + Ord + std::fmt::Debug + super::sealed::Sealed + 'static {
    /// 32 or 64.
    const BITS: u32;

    /// The low bits of `bits`.
    fn narrow(bits: u64) -> Self;

    /// The pattern, with zeros above.
    fn bits(self) -> u64;

    /// Reads one in fixed width, big-endian.
    ///
    /// # Errors
    /// The bytes end.
    fn read(reader: &mut ByteReader<'_>) -> Result<Self>;

    /// Reads one as zigzag varint of its width.
    ///
    /// # Errors
    /// The bytes end, or the number is too wide.
    fn read_svarint(reader: &mut ByteReader<'_>) -> Result<Self>;

    /// The value of an RLE repeat run: the two widths differ in byte order.
    fn from_run(bytes: &[u8]) -> Self;

    /// Appends in fixed width, big-endian.
    fn put(self, out: &mut Vec<u8>) {
        let bytes = self.bits().to_be_bytes();
        out.extend(bytes.iter().skip(8 - Self::BITS as usize / 8));
    }

    /// Appends as zigzag varint.
    fn put_svarint(self, out: &mut Vec<u8>) {
        let v = self.bits();
        let sign = 0u64.wrapping_sub(v >> (Self::BITS - 1));
        put_uvarint(out, Self::narrow((v << 1) ^ sign).bits());
    }
}

/// Hands up to `n` zigzag varints to `f`, fewer only if the bytes end behind one, and returns how many.
///
/// # Errors
/// The bytes end inside a varint, or one is too wide.
#[inline]
pub(super) fn read_svarints<T: Int>(
    reader: &mut ByteReader<'_>,
    n: usize,
    mut f: impl FnMut(T),
) -> Result<usize> {
    let mut bytes = reader.rest();
    let mut done = 0;
    while done < n {
        // Up to three bytes are most of all, and the rest is for the checked reader: it also makes the errors.
        let (u, behind) = match bytes {
            [] => break,
            [a, behind @ ..] if *a < 0x80 => (u64::from(*a), behind),
            [a, b, behind @ ..] if *b < 0x80 => (u64::from(*a & 0x7f) | u64::from(*b) << 7, behind),
            [a, b, c, behind @ ..] if *c < 0x80 => {
                let low = u64::from(*a & 0x7f) | u64::from(*b & 0x7f) << 7;
                (low | u64::from(*c) << 14, behind)
            }
            _ => {
                reader.take(reader.remaining() - bytes.len())?;
                f(T::read_svarint(reader)?);
                done += 1;
                bytes = reader.rest();
                continue;
            }
        };
        bytes = behind;
        f(T::narrow((u >> 1) ^ 0u64.wrapping_sub(u & 1)));
        done += 1;
    }
    reader.take(reader.remaining() - bytes.len())?;
    Ok(done)
}

/// Appends zigzag varints.
pub(super) fn put_svarints<T: Int>(values: &[T], out: &mut Vec<u8>) {
    const BLOCK: usize = 64;
    const MOST_BYTES: usize = 10;
    let mut room = [0; BLOCK * MOST_BYTES];
    for block in values.chunks(BLOCK) {
        let mut at = 0;
        for v in block {
            let bits = v.bits();
            let sign = 0u64.wrapping_sub(bits >> (T::BITS - 1));
            let mut left = T::narrow((bits << 1) ^ sign).bits();
            while left >= 0x80 {
                put_byte(&mut room, &mut at, left as u8 | 0x80);
                left >>= 7;
            }
            put_byte(&mut room, &mut at, left as u8);
        }
        out.extend_from_slice(room.get(..at).unwrap_or(&[]));
    }
}

#[inline]
fn put_byte(room: &mut [u8], at: &mut usize, byte: u8) {
    if let Some(slot) = room.get_mut(*at) {
        *slot = byte;
    }
    *at += 1;
}

impl Int for i32 {
    const BITS: u32 = 32;

    #[inline]
    fn narrow(bits: u64) -> Self {
        bits as Self
    }

    #[inline]
    fn bits(self) -> u64 {
        u64::from(self as u32)
    }

    fn read(reader: &mut ByteReader<'_>) -> Result<Self> {
        reader.i32()
    }

    #[inline]
    fn read_svarint(reader: &mut ByteReader<'_>) -> Result<Self> {
        reader.svarint()
    }

    fn from_run(bytes: &[u8]) -> Self {
        bytes.iter().rev().fold(0, |v, b| (v << 8) | Self::from(*b))
    }
}

impl Int for i64 {
    const BITS: u32 = 64;

    #[inline]
    fn narrow(bits: u64) -> Self {
        bits as Self
    }

    #[inline]
    fn bits(self) -> u64 {
        self as u64
    }

    fn read(reader: &mut ByteReader<'_>) -> Result<Self> {
        reader.i64()
    }

    #[inline]
    fn read_svarint(reader: &mut ByteReader<'_>) -> Result<Self> {
        reader.svarint64()
    }

    fn from_run(bytes: &[u8]) -> Self {
        bytes.iter().fold(0, |v, b| (v << 8) | Self::from(*b))
    }
}
