//! Value-level codecs of a page, one file per encoding.
//!
//! A page does not carry its number of values: the caller knows it (from the times or the bitmap) and asks for that many.
//! Decoders fill the caller's buffer, can skip, and never trust a length from the bytes.

pub mod bitmap;
pub mod bits;
mod bits64;
mod byte_strings;
pub mod camel;
#[cfg(test)]
mod check;
pub mod chimp;
pub mod decimals;
pub mod dictionary;
mod dictionary_buf;
mod distinct;
mod encode;
pub mod gorilla;
pub mod gorilla_groups;
pub mod gorilla_v1;
pub mod gorilla_words;
mod int;
mod lossless;
mod pack;
pub mod plain;
pub mod plain_strings;
pub mod regular;
pub mod rlbe;
pub mod rle;
pub mod scaled_float;
pub mod sprintz;
pub mod ts_2diff;
pub mod zigzag;

pub use bitmap::BitmapDecoder;
pub(crate) use bits64::BitValue;
pub use byte_strings::BytesBuf;
pub use camel::CamelDecoder;
pub use chimp::ChimpDecoder;
pub use decimals::Decimals;
pub use dictionary::DictionaryDecoder;
pub use dictionary_buf::DictionaryBuf;
pub use encode::{DEFAULT_MAX_POINT_NUMBER, EncodeSettings, encode_bytes, survives};
pub use gorilla_groups::GorillaDecoder;
pub use gorilla_v1::GorillaV1Decoder;
pub use int::Int;
pub use plain::PlainDecoder;
pub use plain_strings::PlainStringDecoder;
pub use regular::RegularDecoder;
pub use rlbe::RlbeDecoder;
pub use rle::RleDecoder;
pub use scaled_float::{Float, ScaledFloatDecoder};
pub use sprintz::SprintzDecoder;
pub use ts_2diff::Ts2DiffDecoder;
pub use zigzag::ZigzagDecoder;

use crate::model::{DataType, Encoding};
use crate::{Error, Result};

/// The pairs that can be decoded. VECTOR, the type of time columns, goes with all that INT64 goes with.
pub const SUPPORTED: &[(Encoding, DataType)] = &[
    (Encoding::Plain, DataType::Boolean),
    (Encoding::Plain, DataType::Int32),
    (Encoding::Plain, DataType::Date),
    (Encoding::Plain, DataType::Int64),
    (Encoding::Plain, DataType::Timestamp),
    (Encoding::Plain, DataType::Float),
    (Encoding::Plain, DataType::Double),
    (Encoding::Plain, DataType::Text),
    (Encoding::Plain, DataType::String),
    (Encoding::Plain, DataType::Blob),
    (Encoding::Plain, DataType::Object),
    (Encoding::Dictionary, DataType::Text),
    (Encoding::Dictionary, DataType::String),
    (Encoding::Rle, DataType::Boolean),
    (Encoding::Rle, DataType::Int32),
    (Encoding::Rle, DataType::Date),
    (Encoding::Rle, DataType::Int64),
    (Encoding::Rle, DataType::Timestamp),
    (Encoding::Rle, DataType::Float),
    (Encoding::Rle, DataType::Double),
    (Encoding::Ts2Diff, DataType::Int32),
    (Encoding::Ts2Diff, DataType::Date),
    (Encoding::Ts2Diff, DataType::Int64),
    (Encoding::Ts2Diff, DataType::Timestamp),
    (Encoding::Ts2Diff, DataType::Float),
    (Encoding::Ts2Diff, DataType::Double),
    (Encoding::Bitmap, DataType::Boolean),
    (Encoding::Bitmap, DataType::Int32),
    (Encoding::GorillaV1, DataType::Float),
    (Encoding::GorillaV1, DataType::Double),
    (Encoding::Regular, DataType::Int32),
    (Encoding::Regular, DataType::Date),
    (Encoding::Regular, DataType::Int64),
    (Encoding::Regular, DataType::Timestamp),
    (Encoding::Gorilla, DataType::Int32),
    (Encoding::Gorilla, DataType::Date),
    (Encoding::Gorilla, DataType::Int64),
    (Encoding::Gorilla, DataType::Timestamp),
    (Encoding::Gorilla, DataType::Float),
    (Encoding::Gorilla, DataType::Double),
    (Encoding::Zigzag, DataType::Int32),
    (Encoding::Zigzag, DataType::Date),
    (Encoding::Zigzag, DataType::Int64),
    (Encoding::Zigzag, DataType::Timestamp),
    (Encoding::Chimp, DataType::Int32),
    (Encoding::Chimp, DataType::Date),
    (Encoding::Chimp, DataType::Int64),
    (Encoding::Chimp, DataType::Timestamp),
    (Encoding::Chimp, DataType::Float),
    (Encoding::Chimp, DataType::Double),
    (Encoding::Sprintz, DataType::Int32),
    (Encoding::Sprintz, DataType::Date),
    (Encoding::Sprintz, DataType::Int64),
    (Encoding::Sprintz, DataType::Timestamp),
    (Encoding::Sprintz, DataType::Float),
    (Encoding::Sprintz, DataType::Double),
    (Encoding::Rlbe, DataType::Int32),
    (Encoding::Rlbe, DataType::Date),
    (Encoding::Rlbe, DataType::Int64),
    (Encoding::Rlbe, DataType::Timestamp),
    (Encoding::Rlbe, DataType::Float),
    (Encoding::Rlbe, DataType::Double),
    (Encoding::Camel, DataType::Double),
];

/// What the file does not record about its writer, and what decides how some pages read. The default is Java's current way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Variant {
    /// The SPRINTZ predictor of 64-bit values takes its product in 128 bits, as C++ does, and not wrapping in 64.
    pub sprintz_wide_product: bool,
    /// RLBE takes differences of floats, as Java 1.1 does, and not of their patterns.
    pub rlbe_float_differences: bool,
}

/// Closes [`Physical`] and its kin to other crates: the set of types is that of the format.
mod sealed {
    pub trait Sealed {}
    impl Sealed for bool {}
    impl Sealed for i32 {}
    impl Sealed for i64 {}
    impl Sealed for f32 {}
    impl Sealed for f64 {}
}

/// A type of fixed width that pages store: DATE is `i32`, TIMESTAMP and times are `i64`.
pub trait Physical: Copy + Default + sealed::Sealed + 'static {
    /// A decoder of `bytes`, which are `count` values.
    ///
    /// # Errors
    /// The pair of encoding and type is unsupported, or the head of the page contradicts the encoding.
    fn decoder<'a>(
        encoding: Encoding,
        bytes: &'a [u8],
        count: usize,
        variant: Variant,
    ) -> Result<Box<dyn Decoder<Self> + 'a>>;

    /// Appends one page of `values`. All that can be decoded can be encoded, but for BITMAP.
    ///
    /// Not every encoding keeps every value: see [`survives`].
    ///
    /// # Errors
    /// The pair of encoding and type is unsupported.
    fn encode(
        encoding: Encoding,
        values: &[Self],
        settings: EncodeSettings,
        out: &mut Vec<u8>,
    ) -> Result<()>;

    /// Whether both have the same pattern: NaN equals itself, and zeros keep their sign.
    fn same_bits(self, other: Self) -> bool;
}

impl Physical for bool {
    fn decoder<'a>(
        encoding: Encoding,
        bytes: &'a [u8],
        _count: usize,
        _variant: Variant,
    ) -> Result<Box<dyn Decoder<Self> + 'a>> {
        Ok(match encoding {
            Encoding::Plain => Box::new(PlainDecoder::new(bytes)),
            Encoding::Rle => Box::new(BoolDecoder(RleDecoder::new(bytes)?)),
            Encoding::Bitmap => Box::new(BoolDecoder(BitmapDecoder::new(bytes)?)),
            _ => return Err(unsupported(encoding, "BOOLEAN")),
        })
    }

    fn encode(
        encoding: Encoding,
        values: &[Self],
        _settings: EncodeSettings,
        out: &mut Vec<u8>,
    ) -> Result<()> {
        encode::bools(encoding, values, out)
    }

    #[inline]
    fn same_bits(self, other: Self) -> bool {
        self == other
    }
}

impl Physical for i32 {
    fn decoder<'a>(
        encoding: Encoding,
        bytes: &'a [u8],
        _count: usize,
        variant: Variant,
    ) -> Result<Box<dyn Decoder<Self> + 'a>> {
        Ok(match encoding {
            Encoding::Plain => Box::new(PlainDecoder::new(bytes)),
            Encoding::Rle => Box::new(RleDecoder::<Self>::new(bytes)?),
            Encoding::Ts2Diff => Box::new(Ts2DiffDecoder::<Self>::new(bytes)),
            Encoding::Bitmap => Box::new(BitmapDecoder::new(bytes)?),
            Encoding::Regular => Box::new(RegularDecoder::<Self>::new(bytes)),
            Encoding::Zigzag => Box::new(ZigzagDecoder::<Self>::new(bytes)?),
            Encoding::Gorilla => Box::new(GorillaDecoder::<Self>::new(bytes)),
            Encoding::Chimp => Box::new(ChimpDecoder::<Self>::new(bytes)),
            Encoding::Sprintz => Box::new(SprintzDecoder::<Self>::new(
                bytes,
                variant.sprintz_wide_product,
            )),
            Encoding::Rlbe => Box::new(RlbeDecoder::<Self>::new(
                bytes,
                variant.rlbe_float_differences,
            )),
            _ => return Err(unsupported(encoding, "INT32")),
        })
    }

    fn encode(
        encoding: Encoding,
        values: &[Self],
        _settings: EncodeSettings,
        out: &mut Vec<u8>,
    ) -> Result<()> {
        encode::ints(encoding, values, out)
    }

    #[inline]
    fn same_bits(self, other: Self) -> bool {
        self == other
    }
}

impl Physical for i64 {
    fn decoder<'a>(
        encoding: Encoding,
        bytes: &'a [u8],
        _count: usize,
        variant: Variant,
    ) -> Result<Box<dyn Decoder<Self> + 'a>> {
        Ok(match encoding {
            Encoding::Plain => Box::new(PlainDecoder::new(bytes)),
            Encoding::Rle => Box::new(RleDecoder::<Self>::new(bytes)?),
            Encoding::Ts2Diff => Box::new(Ts2DiffDecoder::<Self>::new(bytes)),
            Encoding::Regular => Box::new(RegularDecoder::<Self>::new(bytes)),
            Encoding::Zigzag => Box::new(ZigzagDecoder::<Self>::new(bytes)?),
            Encoding::Gorilla => Box::new(GorillaDecoder::<Self>::new(bytes)),
            Encoding::Chimp => Box::new(ChimpDecoder::<Self>::new(bytes)),
            Encoding::Sprintz => Box::new(SprintzDecoder::<Self>::new(
                bytes,
                variant.sprintz_wide_product,
            )),
            Encoding::Rlbe => Box::new(RlbeDecoder::<Self>::new(
                bytes,
                variant.rlbe_float_differences,
            )),
            _ => return Err(unsupported(encoding, "INT64")),
        })
    }

    fn encode(
        encoding: Encoding,
        values: &[Self],
        _settings: EncodeSettings,
        out: &mut Vec<u8>,
    ) -> Result<()> {
        encode::ints(encoding, values, out)
    }

    #[inline]
    fn same_bits(self, other: Self) -> bool {
        self == other
    }
}

impl Physical for f32 {
    fn decoder<'a>(
        encoding: Encoding,
        bytes: &'a [u8],
        count: usize,
        variant: Variant,
    ) -> Result<Box<dyn Decoder<Self> + 'a>> {
        Ok(match encoding {
            Encoding::Plain => Box::new(PlainDecoder::new(bytes)),
            Encoding::Rle => Box::new(ScaledFloatDecoder::<RleDecoder<'_, i32>>::rle(
                bytes, count,
            )?),
            Encoding::Ts2Diff => Box::new(ScaledFloatDecoder::<Ts2DiffDecoder<'_, i32>>::ts_2diff(
                bytes, count,
            )?),
            Encoding::GorillaV1 => Box::new(GorillaV1Decoder::<Self>::new(bytes)),
            Encoding::Gorilla => Box::new(GorillaDecoder::<Self>::new(bytes)),
            Encoding::Chimp => Box::new(ChimpDecoder::<Self>::new(bytes)),
            Encoding::Sprintz => Box::new(SprintzDecoder::<Self>::new(
                bytes,
                variant.sprintz_wide_product,
            )),
            Encoding::Rlbe => Box::new(RlbeDecoder::<Self>::new(
                bytes,
                variant.rlbe_float_differences,
            )),
            _ => return Err(unsupported(encoding, "FLOAT")),
        })
    }

    fn encode(
        encoding: Encoding,
        values: &[Self],
        settings: EncodeSettings,
        out: &mut Vec<u8>,
    ) -> Result<()> {
        encode::f32s(encoding, values, settings, out)
    }

    #[inline]
    fn same_bits(self, other: Self) -> bool {
        self.to_bits() == other.to_bits()
    }
}

impl Physical for f64 {
    fn decoder<'a>(
        encoding: Encoding,
        bytes: &'a [u8],
        count: usize,
        variant: Variant,
    ) -> Result<Box<dyn Decoder<Self> + 'a>> {
        Ok(match encoding {
            Encoding::Plain => Box::new(PlainDecoder::new(bytes)),
            Encoding::Rle => Box::new(ScaledFloatDecoder::<RleDecoder<'_, i64>>::rle(
                bytes, count,
            )?),
            Encoding::Ts2Diff => Box::new(ScaledFloatDecoder::<Ts2DiffDecoder<'_, i64>>::ts_2diff(
                bytes, count,
            )?),
            Encoding::GorillaV1 => Box::new(GorillaV1Decoder::<Self>::new(bytes)),
            Encoding::Gorilla => Box::new(GorillaDecoder::<Self>::new(bytes)),
            Encoding::Chimp => Box::new(ChimpDecoder::<Self>::new(bytes)),
            Encoding::Sprintz => Box::new(SprintzDecoder::<Self>::new(
                bytes,
                variant.sprintz_wide_product,
            )),
            Encoding::Rlbe => Box::new(RlbeDecoder::<Self>::new(
                bytes,
                variant.rlbe_float_differences,
            )),
            Encoding::Camel => Box::new(CamelDecoder::new(bytes)),
            _ => return Err(unsupported(encoding, "DOUBLE")),
        })
    }

    fn encode(
        encoding: Encoding,
        values: &[Self],
        settings: EncodeSettings,
        out: &mut Vec<u8>,
    ) -> Result<()> {
        encode::f64s(encoding, values, settings, out)
    }

    #[inline]
    fn same_bits(self, other: Self) -> bool {
        self.to_bits() == other.to_bits()
    }
}

/// Decodes a time stream of unknown count in an encoding that ends by a terminator; at most `max` times.
///
/// # Errors
/// The bytes contradict the encoding, there are more than `max`, or `encoding` has no terminator.
pub fn decode_until_terminator(encoding: Encoding, bytes: &[u8], max: usize) -> Result<Vec<i64>> {
    match encoding {
        Encoding::Gorilla => gorilla::decode_until_terminator(bytes, max),
        Encoding::Chimp => chimp::decode_until_terminator(bytes, max),
        _ => Err(unsupported(encoding, "times of unknown count")),
    }
}

/// A decoder of byte strings.
///
/// # Errors
/// The encoding is not one of byte strings, or the head of the page contradicts it.
pub fn bytes_decoder<'a>(
    encoding: Encoding,
    bytes: &'a [u8],
) -> Result<Box<dyn BytesDecoder + 'a>> {
    Ok(match encoding {
        Encoding::Plain => Box::new(PlainStringDecoder::new(bytes)),
        Encoding::Dictionary => Box::new(DictionaryDecoder::new(bytes)?),
        _ => return Err(unsupported(encoding, "byte strings")),
    })
}

fn unsupported(encoding: Encoding, data_type: &str) -> Error {
    Error::unsupported(
        "encoding",
        format!("encoding {encoding} is not supported for {data_type}"),
    )
}

/// BOOLEAN in the codecs that store it as 0 and 1.
struct BoolDecoder<D>(D);

impl<D: Decoder<i32>> Decoder<bool> for BoolDecoder<D> {
    fn decode(&mut self, out: &mut [bool]) -> Result<usize> {
        let mut scratch = [0; 256];
        let mut done = 0;
        for part in out.chunks_mut(scratch.len()) {
            let wanted = part.len();
            let got = self
                .0
                .decode(scratch.get_mut(..wanted).unwrap_or(&mut []))?;
            for (o, v) in part.iter_mut().zip(scratch.iter().take(got)) {
                *o = *v != 0;
            }
            done += got;
            if got < wanted {
                break;
            }
        }
        Ok(done)
    }

    fn skip(&mut self, n: usize) -> Result<usize> {
        self.0.skip(n)
    }

    fn remaining(&self) -> usize {
        self.0.remaining()
    }
}

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

    /// As [`BytesDecoder::decode`], with a key for each value: those of the page where it has a dictionary, else values that repeat can share an
    /// entry.
    ///
    /// # Errors
    /// As [`BytesDecoder::decode`].
    fn decode_keys(&mut self, n: usize, out: &mut DictionaryBuf) -> Result<usize> {
        let first = out.next_key();
        let got = self.decode(n, &mut out.entries)?;
        out.use_entries_from(first);
        Ok(got)
    }

    /// Passes over up to `n` values and returns how many.
    ///
    /// # Errors
    /// As [`BytesDecoder::decode`].
    fn skip(&mut self, n: usize) -> Result<usize>;

    /// Bytes that no decoded value has used yet.
    fn remaining(&self) -> usize;
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ErrorKind;

    #[test]
    fn the_dispatch_knows_what_the_list_says() {
        for encoding in Encoding::ALL {
            for data_type in DataType::ALL {
                let v = Variant::default();
                let result = match data_type {
                    DataType::Boolean => bool::decoder(encoding, &[], 0, v).map(drop),
                    DataType::Int32 => i32::decoder(encoding, &[], 0, v).map(drop),
                    DataType::Int64 | DataType::Timestamp => {
                        i64::decoder(encoding, &[], 0, v).map(drop)
                    }
                    DataType::Float => f32::decoder(encoding, &[], 0, v).map(drop),
                    DataType::Double => f64::decoder(encoding, &[], 0, v).map(drop),
                    DataType::Text | DataType::String => bytes_decoder(encoding, &[]).map(drop),
                    _ => continue,
                };
                let known = !matches!(&result, Err(e) if e.kind() == ErrorKind::Unsupported);
                let listed = SUPPORTED.contains(&(encoding, data_type));
                assert_eq!(known, listed, "{encoding} {data_type:?}");
            }
        }
        let e = bool::decoder(Encoding::Chimp, &[], 0, Variant::default()).map(drop);
        assert_eq!(
            e.unwrap_err().to_string(),
            "encoding: encoding CHIMP is not supported for BOOLEAN"
        );
    }
}
