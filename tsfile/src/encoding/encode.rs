//! The encoders by encoding and type, and the proof that a page came out right.

use super::bits64::BitValue;
use super::plain::PlainValue;
use super::{
    Float, Int, Physical, Variant, camel, chimp, dictionary, gorilla_v1, gorilla_words, plain,
    regular, rlbe, rle, scaled_float, sprintz, ts_2diff, unsupported, zigzag,
};
use crate::Result;
use crate::model::Encoding;

/// Digits behind the point that TS_2DIFF and RLE keep of floats, unless a writer says otherwise: that of both references.
pub const DEFAULT_MAX_POINT_NUMBER: u32 = 2;

/// What an encoder can be told beside the values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EncodeSettings {
    /// Digits behind the point that TS_2DIFF and RLE keep of FLOAT and DOUBLE; other pairs do not look at it.
    pub max_point_number: u32,
}

impl Default for EncodeSettings {
    fn default() -> Self {
        Self {
            max_point_number: DEFAULT_MAX_POINT_NUMBER,
        }
    }
}

pub(super) fn bools(encoding: Encoding, values: &[bool], out: &mut Vec<u8>) -> Result<()> {
    match encoding {
        Encoding::Plain => plain::encode(values, out),
        Encoding::Rle => {
            let integers: Vec<i32> = values.iter().map(|v| i32::from(*v)).collect();
            rle::encode(&integers, out);
        }
        _ => return Err(unsupported(encoding, "BOOLEAN")),
    }
    Ok(())
}

pub(super) fn ints<T: Int + BitValue + PlainValue>(
    encoding: Encoding,
    values: &[T],
    out: &mut Vec<u8>,
) -> Result<()> {
    match encoding {
        Encoding::Plain => plain::encode(values, out),
        Encoding::Rle => rle::encode(values, out),
        Encoding::Ts2Diff => ts_2diff::encode(values, out),
        Encoding::Regular => regular::encode(values, out),
        Encoding::Zigzag => zigzag::encode(values, out),
        Encoding::Gorilla => gorilla_words::encode(values, out),
        Encoding::Chimp => chimp::encode(values, out),
        Encoding::Sprintz => sprintz::encode(values, false, out),
        Encoding::Rlbe => rlbe::encode(values, out),
        _ => return Err(unsupported(encoding, &format!("INT{}", <T as Int>::BITS))),
    }
    Ok(())
}

pub(super) fn f32s(
    encoding: Encoding,
    values: &[f32],
    settings: EncodeSettings,
    out: &mut Vec<u8>,
) -> Result<()> {
    if floats(encoding, values, settings, out) {
        Ok(())
    } else {
        Err(unsupported(encoding, "FLOAT"))
    }
}

pub(super) fn f64s(
    encoding: Encoding,
    values: &[f64],
    settings: EncodeSettings,
    out: &mut Vec<u8>,
) -> Result<()> {
    if encoding == Encoding::Camel {
        camel::encode(values, out);
    } else if !floats(encoding, values, settings, out) {
        return Err(unsupported(encoding, "DOUBLE"));
    }
    Ok(())
}

/// Whether there is such a pair.
fn floats<T: Float + BitValue + PlainValue>(
    encoding: Encoding,
    values: &[T],
    settings: EncodeSettings,
    out: &mut Vec<u8>,
) -> bool {
    match encoding {
        Encoding::Plain => plain::encode(values, out),
        Encoding::Rle => scaled_float::encode_rle(values, settings.max_point_number, out),
        Encoding::Ts2Diff => scaled_float::encode_ts_2diff(values, settings.max_point_number, out),
        Encoding::GorillaV1 => gorilla_v1::encode(values, out),
        Encoding::Gorilla => gorilla_words::encode(values, out),
        Encoding::Chimp => chimp::encode(values, out),
        Encoding::Sprintz => sprintz::encode(values, false, out),
        Encoding::Rlbe => rlbe::encode(values, out),
        _ => return false,
    }
    true
}

/// Appends a page of byte strings.
///
/// # Errors
/// The encoding is not one of byte strings, or a value is longer than 2^31 - 1 bytes.
pub fn encode_bytes(encoding: Encoding, values: &[&[u8]], out: &mut Vec<u8>) -> Result<()> {
    match encoding {
        Encoding::Plain => plain::encode_bytes(values, out),
        Encoding::Dictionary => dictionary::encode(values, out).map(drop),
        _ => Err(unsupported(encoding, "byte strings")),
    }
}

/// Whether the page `bytes` gives exactly `values` back, bit for bit: what lossy encodings have to show for each page.
///
/// # Errors
/// The pair of encoding and type is unsupported, or `bytes` are no such page.
pub fn survives<T: Physical>(encoding: Encoding, values: &[T], bytes: &[u8]) -> Result<bool> {
    let mut decoder = T::decoder(encoding, bytes, values.len(), Variant::default())?;
    let mut scratch = [T::default(); 256];
    for part in values.chunks(scratch.len()) {
        let out = scratch.get_mut(..part.len()).unwrap_or(&mut []);
        let same = decoder.decode(out)? == part.len()
            && part.iter().zip(&*out).all(|(a, b)| a.same_bits(*b));
        if !same {
            return Ok(false);
        }
    }
    Ok(true)
}

#[cfg(test)]
mod tests {
    use super::super::check::{self, Key};
    use super::super::{SUPPORTED, bytes_decoder};
    use super::*;
    use crate::ErrorKind;
    use crate::model::DataType;

    fn round_trip<T: Key>(encoding: Encoding, values: &[T]) -> bool {
        let mut bytes = Vec::new();
        match T::encode(encoding, values, EncodeSettings::default(), &mut bytes) {
            Ok(()) => {
                assert!(survives(encoding, values, &bytes).unwrap(), "{encoding}");
                true
            }
            Err(e) => {
                assert_eq!(e.kind(), ErrorKind::Unsupported);
                assert!(bytes.is_empty());
                false
            }
        }
    }

    #[test]
    fn what_can_be_decoded_can_be_encoded_but_for_bitmaps() {
        for encoding in Encoding::ALL {
            for data_type in DataType::ALL {
                let small = check::ints::<i32>(300, 1);
                let found = match data_type {
                    DataType::Boolean => {
                        round_trip(encoding, &small.iter().map(|v| *v > 0).collect::<Vec<_>>())
                    }
                    DataType::Int32 => round_trip(encoding, &small),
                    DataType::Int64 => round_trip(
                        encoding,
                        &small.iter().map(|v| i64::from(*v)).collect::<Vec<_>>(),
                    ),
                    DataType::Float => round_trip(
                        encoding,
                        &small
                            .iter()
                            .map(|v| (*v + 51) as f32 / 4.0)
                            .collect::<Vec<_>>(),
                    ),
                    DataType::Double => round_trip(
                        encoding,
                        &small
                            .iter()
                            .map(|v| f64::from(*v + 51) / 4.0)
                            .collect::<Vec<_>>(),
                    ),
                    DataType::Text => {
                        let mut bytes = Vec::new();
                        let done = encode_bytes(encoding, &[b"a", b"", b"a"], &mut bytes);
                        assert_eq!(done.is_ok(), bytes_decoder(encoding, &bytes).is_ok());
                        done.is_ok()
                    }
                    _ => continue,
                };
                let listed = SUPPORTED.contains(&(encoding, data_type));
                let written = listed && encoding != Encoding::Bitmap;
                assert_eq!(found, written, "{encoding} {data_type:?}");
            }
        }
        let settings = EncodeSettings::default();
        let e = bool::encode(Encoding::Chimp, &[], settings, &mut Vec::new()).unwrap_err();
        assert_eq!(
            e.to_string(),
            "encoding: encoding CHIMP is not supported for BOOLEAN"
        );
    }

    #[test]
    fn what_is_lost_does_not_survive() {
        let settings = EncodeSettings::default();
        for (encoding, values) in [
            (Encoding::Ts2Diff, [1.0, 0.125]),
            (Encoding::Ts2Diff, [1.0, -0.0]),
            (Encoding::Rle, [1.0, 0.001]),
            (Encoding::Camel, [1.0, 22.240000000000002]),
            (Encoding::Camel, [1.0, f64::NAN]),
        ] {
            let mut bytes = Vec::new();
            f64::encode(encoding, &values, settings, &mut bytes).unwrap();
            assert!(!survives(encoding, &values, &bytes).unwrap(), "{encoding}");
            bytes.clear();
            f64::encode(encoding, &[1.0, 22.25], settings, &mut bytes).unwrap();
            assert!(survives(encoding, &[1.0, 22.25], &bytes).unwrap());
            assert!(!survives(encoding, &[1.0, 22.5], &bytes).unwrap());
        }
        let mut bytes = Vec::new();
        i32::encode(Encoding::Zigzag, &[1], settings, &mut bytes).unwrap();
        assert!(!survives(Encoding::Zigzag, &[1, 2], &bytes).unwrap());
    }
}
