//! Values to bytes, for every encoding.

use tsfile::arrow::Values;
use tsfile::encoding::{
    bitmap, camel, chimp, dictionary, gorilla, gorilla_v1, plain, regular, rlbe, rle, scaled_float,
    sprintz, ts_2diff, zigzag,
};
use tsfile::model::Encoding;

/// Decimals that the scaled encodings of floats keep.
const DECIMALS: u32 = 2;

/// Appends values `from..to` as one page would hold them; `None` when the encoding does not know the type.
pub fn encode(
    encoding: Encoding,
    values: &Values,
    from: usize,
    to: usize,
    out: &mut Vec<u8>,
) -> Option<()> {
    match values {
        Values::Bool(v) => {
            let v = &v[from..to];
            let as_int: Vec<i32> = v.iter().map(|&b| i32::from(b)).collect();
            match encoding {
                Encoding::Plain => plain::encode(v, out),
                Encoding::Rle => rle::encode(&as_int, out),
                Encoding::Bitmap => bitmap::encode(&as_int, out),
                _ => return None,
            }
        }
        Values::I32(v) => {
            let v = &v[from..to];
            match encoding {
                Encoding::Plain => plain::encode(v, out),
                Encoding::Rle => rle::encode(v, out),
                Encoding::Ts2Diff => ts_2diff::encode(v, out),
                Encoding::Bitmap => bitmap::encode(v, out),
                Encoding::Regular => regular::encode(v, out),
                Encoding::Zigzag => zigzag::encode(v, out),
                Encoding::Gorilla => gorilla::encode(v, out),
                Encoding::Chimp => chimp::encode(v, out),
                Encoding::Sprintz => sprintz::encode(v, false, out),
                Encoding::Rlbe => rlbe::encode(v, out),
                _ => return None,
            }
        }
        Values::I64(v) => {
            let v = &v[from..to];
            match encoding {
                Encoding::Plain => plain::encode(v, out),
                Encoding::Rle => rle::encode(v, out),
                Encoding::Ts2Diff => ts_2diff::encode(v, out),
                Encoding::Regular => regular::encode(v, out),
                Encoding::Zigzag => zigzag::encode(v, out),
                Encoding::Gorilla => gorilla::encode(v, out),
                Encoding::Chimp => chimp::encode(v, out),
                Encoding::Sprintz => sprintz::encode(v, false, out),
                Encoding::Rlbe => rlbe::encode(v, out),
                _ => return None,
            }
        }
        Values::F32(v) => {
            let v = &v[from..to];
            match encoding {
                Encoding::Plain => plain::encode(v, out),
                Encoding::Rle => scaled_float::encode_rle(v, DECIMALS, out),
                Encoding::Ts2Diff => scaled_float::encode_ts_2diff(v, DECIMALS, out),
                Encoding::GorillaV1 => gorilla_v1::encode(v, out),
                Encoding::Gorilla => gorilla::encode(v, out),
                Encoding::Chimp => chimp::encode(v, out),
                Encoding::Sprintz => sprintz::encode(v, false, out),
                Encoding::Rlbe => rlbe::encode(v, out),
                _ => return None,
            }
        }
        Values::F64(v) => {
            let v = &v[from..to];
            match encoding {
                Encoding::Plain => plain::encode(v, out),
                Encoding::Rle => scaled_float::encode_rle(v, DECIMALS, out),
                Encoding::Ts2Diff => scaled_float::encode_ts_2diff(v, DECIMALS, out),
                Encoding::GorillaV1 => gorilla_v1::encode(v, out),
                Encoding::Gorilla => gorilla::encode(v, out),
                Encoding::Chimp => chimp::encode(v, out),
                Encoding::Sprintz => sprintz::encode(v, false, out),
                Encoding::Rlbe => rlbe::encode(v, out),
                Encoding::Camel => camel::encode(v, out),
                _ => return None,
            }
        }
        Values::Bytes(v) => {
            let v: Vec<&[u8]> = (from..to).map(|i| v.get(i)).collect();
            match encoding {
                Encoding::Plain => plain::encode_bytes(&v, out).ok()?,
                Encoding::Dictionary => dictionary::encode(&v, out).map(drop).ok()?,
                _ => return None,
            }
        }
    }
    Some(())
}
