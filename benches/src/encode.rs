//! Values to bytes, for every encoding.

use tsfile::arrow::Values;
use tsfile::encoding::{EncodeSettings, Physical, bitmap, encode_bytes};
use tsfile::model::Encoding;

/// Appends values `from..to` as one page would hold them; `None` when the encoding does not know the type.
pub fn encode(
    encoding: Encoding,
    values: &Values,
    from: usize,
    to: usize,
    out: &mut Vec<u8>,
) -> Option<()> {
    // Writers leave BITMAP alone, so the library does not offer it beside the others.
    if encoding == Encoding::Bitmap {
        match values {
            Values::Bool(v) => {
                let integers: Vec<i32> = v[from..to].iter().map(|b| i32::from(*b)).collect();
                bitmap::encode(&integers, out);
            }
            Values::I32(v) => bitmap::encode(&v[from..to], out),
            _ => return None,
        }
        return Some(());
    }
    match values {
        Values::Bool(v) => page(encoding, &v[from..to], out),
        Values::I32(v) => page(encoding, &v[from..to], out),
        Values::I64(v) => page(encoding, &v[from..to], out),
        Values::F32(v) => page(encoding, &v[from..to], out),
        Values::F64(v) => page(encoding, &v[from..to], out),
        Values::Bytes(v) => {
            let v: Vec<&[u8]> = (from..to).map(|i| v.get(i)).collect();
            encode_bytes(encoding, &v, out).ok()
        }
        Values::Keys(v) => {
            let v: Vec<&[u8]> = (from..to).map(|i| v.get(i)).collect();
            encode_bytes(encoding, &v, out).ok()
        }
    }
}

fn page<T: Physical>(encoding: Encoding, values: &[T], out: &mut Vec<u8>) -> Option<()> {
    T::encode(encoding, values, EncodeSettings::default(), out).ok()
}
