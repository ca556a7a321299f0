//! PLAIN: values one after another (format.md, "PLAIN").
//!
//! | type | bytes |
//! |---|---|
//! | BOOLEAN | 1 byte, anything but 0 is true |
//! | INT32, DATE | zigzag varint |
//! | INT64, TIMESTAMP, times | 8, big-endian |
//! | FLOAT, DOUBLE | 4 or 8, big-endian |
//! | byte strings | zigzag varint length, then the bytes |

use super::int::{put_svarints, read_svarints};
use super::{BytesBuf, BytesDecoder, Decoder, Int};
use crate::wire::ByteReader;
use crate::{Error, Result};

const SECTION: &str = "PLAIN page";

/// Decodes PLAIN values of any type; which one is the choice of the trait that is used.
#[derive(Debug, Clone)]
pub struct PlainDecoder<'a> {
    pub(super) reader: ByteReader<'a>,
}

impl<'a> PlainDecoder<'a> {
    /// Decodes `bytes`.
    pub fn new(bytes: &'a [u8]) -> Self {
        Self {
            reader: ByteReader::new(bytes, SECTION),
        }
    }

    /// The bytes of up to `n` values of `N` bytes each.
    fn fixed<const N: usize>(&mut self, n: usize) -> Result<&'a [u8]> {
        let whole = self.reader.remaining() / N;
        if n > whole && self.reader.remaining() % N != 0 {
            return Err(self
                .reader
                .error("the bytes end inside a value")
                .expected(format!("a multiple of {N} bytes"))
                .got(self.reader.remaining()));
        }
        self.reader.take(n.min(whole) * N)
    }

    pub(super) fn bytes(&mut self) -> Result<&'a [u8]> {
        let n = svarint(&mut self.reader)?;
        match usize::try_from(n) {
            Ok(n) => self.reader.take(n),
            Err(_) => Err(self.reader.error("a value has a negative length").got(n)),
        }
    }
}

/// As [`ByteReader::svarint`], with the short ones first: they are most of all.
#[inline]
fn svarint(reader: &mut ByteReader<'_>) -> Result<i32> {
    let (u, n) = match *reader.rest() {
        [a, ..] if a < 0x80 => (i32::from(a), 1),
        [a, b, ..] if b < 0x80 => (i32::from(a & 0x7f) | i32::from(b) << 7, 2),
        _ => return reader.svarint(),
    };
    reader.take(n)?;
    Ok((u >> 1) ^ -(u & 1))
}

macro_rules! fixed_width {
    ($type:ty, $bytes:literal, $from:expr) => {
        impl Decoder<$type> for PlainDecoder<'_> {
            fn decode(&mut self, out: &mut [$type]) -> Result<usize> {
                let bytes = self.fixed::<$bytes>(out.len())?;
                for (o, chunk) in out.iter_mut().zip(bytes.chunks_exact($bytes)) {
                    let mut array = [0; $bytes];
                    array.copy_from_slice(chunk);
                    *o = $from(array);
                }
                Ok(bytes.len() / $bytes)
            }

            fn skip(&mut self, n: usize) -> Result<usize> {
                Ok(self.fixed::<$bytes>(n)?.len() / $bytes)
            }

            fn remaining(&self) -> usize {
                self.reader.remaining()
            }
        }
    };
}

fixed_width!(bool, 1, |[b]: [u8; 1]| b != 0);
fixed_width!(i64, 8, i64::from_be_bytes);
fixed_width!(f32, 4, f32::from_be_bytes);
fixed_width!(f64, 8, f64::from_be_bytes);

impl Decoder<i32> for PlainDecoder<'_> {
    fn decode(&mut self, out: &mut [i32]) -> Result<usize> {
        let n = out.len();
        let mut out = out.iter_mut();
        read_svarints(&mut self.reader, n, |v| {
            if let Some(o) = out.next() {
                *o = v;
            }
        })
    }

    fn skip(&mut self, n: usize) -> Result<usize> {
        read_svarints(&mut self.reader, n, |_: i32| {})
    }

    fn remaining(&self) -> usize {
        self.reader.remaining()
    }
}

impl BytesDecoder for PlainDecoder<'_> {
    fn decode(&mut self, n: usize, out: &mut BytesBuf) -> Result<usize> {
        for i in 0..n {
            if self.reader.is_empty() {
                return Ok(i);
            }
            out.push(self.bytes()?)?;
        }
        Ok(n)
    }

    fn skip(&mut self, n: usize) -> Result<usize> {
        for i in 0..n {
            if self.reader.is_empty() {
                return Ok(i);
            }
            self.bytes()?;
        }
        Ok(n)
    }

    fn remaining(&self) -> usize {
        self.reader.remaining()
    }
}

/// A type that PLAIN stores in its own way.
pub trait PlainValue: super::Physical {
    /// Appends values one after another.
    fn put_plain(values: &[Self], out: &mut Vec<u8>);
}

/// Values that are turned round together, before they go to the page.
const BLOCK: usize = 128;

/// Values of four bytes, by blocks: the end of the page moves only once for each.
fn put_u32s<T: Copy>(values: &[T], bits: impl Fn(T) -> u32, out: &mut Vec<u8>) {
    let mut bytes = [[0; 4]; BLOCK];
    out.reserve(values.len() * 4);
    for block in values.chunks(BLOCK) {
        for (b, v) in bytes.iter_mut().zip(block) {
            *b = bits(*v).to_be_bytes();
        }
        out.extend_from_slice(bytes.get(..block.len()).unwrap_or(&[]).as_flattened());
    }
}

/// As [`put_u32s`], of eight bytes. Two values make one number, which turns them round with one instruction each; the compiler would take
/// many to turn two at once.
fn put_u64s<T: Copy>(values: &[T], bits: impl Fn(T) -> u64, out: &mut Vec<u8>) {
    let mut bytes = [[0; 16]; BLOCK / 2];
    out.reserve(values.len() * 8);
    for block in values.chunks(BLOCK) {
        for (b, pair) in bytes.iter_mut().zip(block.chunks_exact(2)) {
            if let [first, second] = pair {
                let both = u128::from(bits(*first)) << 64 | u128::from(bits(*second));
                *b = both.to_be_bytes();
            }
        }
        let whole = bytes.get(..block.len() / 2).unwrap_or(&[]);
        out.extend_from_slice(whole.as_flattened());
    }
    // A block has an even number of values, but for the last.
    for v in values.chunks_exact(2).remainder() {
        out.extend_from_slice(&bits(*v).to_be_bytes());
    }
}

impl PlainValue for bool {
    fn put_plain(values: &[Self], out: &mut Vec<u8>) {
        out.extend(values.iter().map(|v| u8::from(*v)));
    }
}

impl PlainValue for i32 {
    fn put_plain(values: &[Self], out: &mut Vec<u8>) {
        put_svarints(values, out);
    }
}

impl PlainValue for i64 {
    fn put_plain(values: &[Self], out: &mut Vec<u8>) {
        put_u64s(values, |v| v as u64, out);
    }
}

impl PlainValue for f32 {
    fn put_plain(values: &[Self], out: &mut Vec<u8>) {
        put_u32s(values, Self::to_bits, out);
    }
}

impl PlainValue for f64 {
    fn put_plain(values: &[Self], out: &mut Vec<u8>) {
        put_u64s(values, Self::to_bits, out);
    }
}

/// Appends the values.
pub fn encode<T: PlainValue>(values: &[T], out: &mut Vec<u8>) {
    T::put_plain(values, out);
}

/// Appends byte strings.
///
/// # Errors
/// A value is longer than 2^31 - 1 bytes.
pub fn encode_bytes(values: &[&[u8]], out: &mut Vec<u8>) -> Result<()> {
    const MOST_LENGTH_BYTES: usize = 5;
    let start = out.len();
    let most: usize = values.iter().map(|v| v.len() + MOST_LENGTH_BYTES).sum();
    out.resize(start + most, 0);
    let mut room = out.get_mut(start..).unwrap_or(&mut []);
    let mut length = Vec::new();
    for v in values {
        let n = i32::try_from(v.len())
            .map_err(|_| Error::argument("a value is longer than 2147483647 bytes"))?;
        length.clear();
        let length = if n < 0x40 {
            &[(n as u8) << 1]
        } else {
            n.put_svarint(&mut length);
            length.as_slice()
        };
        for part in [length, v] {
            let (slot, behind) = std::mem::take(&mut room)
                .split_at_mut_checked(part.len())
                .unwrap_or_default();
            copy(slot, part);
            room = behind;
        }
    }
    let unused = room.len();
    out.truncate(out.len() - unused);
    Ok(())
}

/// Copies `from` to `to`, which is as long. Most strings are short, and a copy of a length that is only known then costs several times more
/// than two of a fixed one that overlap.
#[inline]
fn copy(to: &mut [u8], from: &[u8]) {
    match from.len() {
        1 => ends::<1>(to, from),
        4..=8 => ends::<4>(to, from),
        9..=16 => ends::<8>(to, from),
        17..=32 => ends::<16>(to, from),
        _ => to.copy_from_slice(from),
    }
}

/// The first and the last `N` bytes.
#[inline]
fn ends<const N: usize>(to: &mut [u8], from: &[u8]) {
    if let (Some(slot), Some(bytes)) = (to.first_chunk_mut::<N>(), from.first_chunk()) {
        *slot = *bytes;
    }
    if let (Some(slot), Some(bytes)) = (to.last_chunk_mut::<N>(), from.last_chunk()) {
        *slot = *bytes;
    }
}

#[cfg(test)]
mod tests {
    use super::super::check;
    use super::*;
    use crate::model::Encoding::Plain;

    #[test]
    fn values_by_hand() {
        // zigzag: 0 -> 0, -1 -> 1, 64 -> 128, -65 -> 129
        check::values::<i32>(Plain, &[0, 1, 0x80, 1, 0x81, 1], &[0, -1, 64, -65]);
        check::values::<i64>(
            Plain,
            &[0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xfe],
            &[-2],
        );
        check::values::<bool>(Plain, &[0, 1, 2], &[false, true, true]);
        check::values::<f32>(Plain, &[0x3f, 0xc0, 0, 0], &[1.5]);
        check::values::<f64>(Plain, &[0x3f, 0xf8, 0, 0, 0, 0, 0, 0], &[1.5]);
        // length 2 "s1", length 0
        check::strings(Plain, &[0x04, b's', b'1', 0x00], &[b"s1", b""]);
    }

    fn round_trip<T: PlainValue + check::Key>(values: &[T]) {
        let mut out = Vec::new();
        encode(values, &mut out);
        check::values(Plain, &out, values);
    }

    #[test]
    fn all_types_round_trip() {
        for n in check::LENGTHS {
            round_trip(&check::ints::<i32>(n, 1));
            round_trip(&check::ints::<i64>(n, 2));
            round_trip(
                &check::ints::<i32>(n, 3)
                    .iter()
                    .map(|v| v & 1 == 0)
                    .collect::<Vec<_>>(),
            );
            round_trip(
                &check::ints::<i32>(n, 4)
                    .iter()
                    .map(|v| f32::from_bits(*v as u32))
                    .collect::<Vec<_>>(),
            );
            round_trip(
                &check::ints::<i64>(n, 5)
                    .iter()
                    .map(|v| f64::from_bits(*v as u64))
                    .collect::<Vec<_>>(),
            );
        }
        let long = [7; 300];
        let values: [&[u8]; 4] = [b"", b"a", &long, &[0xff]];
        let mut out = Vec::new();
        encode_bytes(&values, &mut out).unwrap();
        check::strings(Plain, &out, &values);
    }

    #[test]
    fn an_end_inside_a_value_is_an_error() {
        assert!(Decoder::<i64>::decode(&mut PlainDecoder::new(&[0; 12]), &mut [0; 2]).is_err());
        assert!(Decoder::<i64>::skip(&mut PlainDecoder::new(&[0; 12]), 2).is_err());
        assert!(Decoder::<i32>::decode(&mut PlainDecoder::new(&[0x80]), &mut [0; 2]).is_err());
        assert!(BytesDecoder::skip(&mut PlainDecoder::new(&[4, 1]), 1).is_err());
        assert!(BytesDecoder::skip(&mut PlainDecoder::new(&[1]), 1).is_err());
    }

    #[test]
    fn hostile_bytes_never_panic() {
        check::hostile::<bool>(Plain, &[]);
        check::hostile::<i32>(Plain, &[]);
        check::hostile::<i64>(Plain, &[]);
        check::hostile::<f32>(Plain, &[]);
        check::hostile::<f64>(Plain, &[]);
        check::hostile_strings(Plain, &[4, 1, 2, 0]);
    }
}
