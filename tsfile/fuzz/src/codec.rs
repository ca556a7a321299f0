//! A decoder agrees with itself: decoding at once, decoding in pieces and skipping give the same values and the same errors.

use crate::page::Page;
use tsfile::encoding::{
    BytesBuf, Physical, SUPPORTED, Variant, bytes_decoder, decode_until_terminator,
};
use tsfile::format::ChunkRole;
use tsfile::model::{Compression, DataType, Encoding};
use tsfile::wire::ByteReader;
use tsfile::{Error, ErrorKind};

/// Values that are decoded at most.
const MOST: usize = 4096;
/// Values in a piece: larger than the groups and smaller than the blocks of most encodings.
const PIECE: usize = 37;

/// Checks what is in an uncompressed page.
///
/// # Errors
/// What disagrees.
pub fn page(page: &Page<'_>) -> Result<(), String> {
    let (Ok(data_type), Ok(encoding)) = (
        DataType::try_from(page.data_type),
        Encoding::try_from(page.encoding),
    ) else {
        return Ok(());
    };
    if page.compression != Compression::Uncompressed as u8 {
        return Ok(());
    }
    let mut r = ByteReader::new(page.body, "page");
    let rows = usize::from(page.rows);
    match page.role() {
        ChunkRole::Time => return times(encoding, page.body, rows),
        ChunkRole::Plain => {
            let Ok(encoded) = r.length().and_then(|n| r.take(n)) else {
                return Ok(());
            };
            times(Encoding::Ts2Diff, encoded, rows)?;
            times(Encoding::Plain, encoded, rows)?;
        }
        ChunkRole::Value => {
            if r.i32().and_then(|_| r.take(rows.div_ceil(8))).is_err() {
                return Ok(());
            }
        }
    }
    values(data_type, encoding, r.rest(), rows)
}

fn times(encoding: Encoding, bytes: &[u8], rows: usize) -> Result<(), String> {
    for count in [rows, usize::MAX] {
        in_pieces::<i64>(encoding, bytes, count, Variant::default())?;
    }
    match decode_until_terminator(encoding, bytes, MOST) {
        Ok(times) if times.len() > MOST => Err(format!("{encoding}: more times than asked for")),
        Ok(times) => {
            let mut again = vec![0; times.len()];
            let mut decoder = open::<i64>(encoding, bytes, times.len(), Variant::default())?;
            match decoder.decode(&mut again) {
                Ok(n) if n == times.len() && again == times => Ok(()),
                other => Err(format!(
                    "{encoding}: {times:?} and then {other:?} {again:?}"
                )),
            }
        }
        Err(e) => expected(encoding, &e),
    }
}

fn values(
    data_type: DataType,
    encoding: Encoding,
    bytes: &[u8],
    rows: usize,
) -> Result<(), String> {
    let known = if data_type == DataType::Vector {
        DataType::Int64
    } else {
        data_type
    };
    if !SUPPORTED.contains(&(encoding, known)) {
        return Ok(());
    }
    let rows = rows.min(MOST);
    for sprintz_wide_product in [false, true] {
        for rlbe_float_differences in [false, true] {
            let variant = Variant {
                sprintz_wide_product,
                rlbe_float_differences,
            };
            match known {
                DataType::Boolean => in_pieces::<bool>(encoding, bytes, rows, variant)?,
                DataType::Int32 | DataType::Date => {
                    in_pieces::<i32>(encoding, bytes, rows, variant)?;
                }
                DataType::Int64 | DataType::Timestamp | DataType::Vector => {
                    in_pieces::<i64>(encoding, bytes, rows, variant)?;
                }
                DataType::Float => in_pieces::<f32>(encoding, bytes, rows, variant)?,
                DataType::Double => in_pieces::<f64>(encoding, bytes, rows, variant)?,
                DataType::Text | DataType::String | DataType::Blob | DataType::Object => {
                    return strings(encoding, bytes, rows);
                }
            }
            if !matches!(encoding, Encoding::Sprintz | Encoding::Rlbe) {
                return Ok(());
            }
        }
    }
    Ok(())
}

/// Values that compare by pattern.
pub trait Key: Physical {
    /// Equal for equal patterns alone.
    fn key(self) -> u64;
}

macro_rules! key {
    ($($type:ty: |$v:ident| $key:expr;)*) => {
        $(impl Key for $type {
            fn key(self) -> u64 {
                let $v = self;
                $key
            }
        })*
    };
}

key! {
    bool: |v| u64::from(v);
    i32: |v| u64::from(v as u32);
    i64: |v| v as u64;
    f32: |v| u64::from(v.to_bits());
    f64: |v| v.to_bits();
}

fn open<T: Key>(
    encoding: Encoding,
    bytes: &[u8],
    count: usize,
    variant: Variant,
) -> Result<Box<dyn tsfile::encoding::Decoder<T> + '_>, String> {
    T::decoder(encoding, bytes, count, variant)
        .map_err(|e| format!("{encoding}: opens once and not again: {e}"))
}

/// Bytes that are wrong are corrupt, and nothing else.
fn expected(encoding: Encoding, e: &Error) -> Result<(), String> {
    match e.kind() {
        ErrorKind::Corrupt | ErrorKind::Unsupported | ErrorKind::Limit => Ok(()),
        kind => Err(format!("{encoding}: an error of kind {kind:?}: {e}")),
    }
}

/// One decoder decodes pieces, one skips every third of them, one decodes all at once.
fn in_pieces<T: Key>(
    encoding: Encoding,
    bytes: &[u8],
    count: usize,
    variant: Variant,
) -> Result<(), String> {
    let mut decoded = match T::decoder(encoding, bytes, count, variant) {
        Ok(d) => d,
        Err(e) => return expected(encoding, &e),
    };
    let mut skipped = open::<T>(encoding, bytes, count, variant)?;
    let most = count.min(MOST);
    let (mut all, mut failed) = (Vec::new(), None);
    let (mut a, mut b) = ([T::default(); PIECE], [T::default(); PIECE]);
    for round in 0..most.div_ceil(PIECE) {
        let n = PIECE.min(most - all.len());
        let (a, b) = (&mut a[..n], &mut b[..n]);
        let one = decoded.decode(a);
        let skips = round % 3 == 0;
        let other = if skips {
            skipped.skip(n)
        } else {
            skipped.decode(b)
        };
        match (one, other) {
            (Ok(x), Ok(y)) => {
                let same = x == y
                    && x <= n
                    && decoded.remaining() == skipped.remaining()
                    && decoded.remaining() <= bytes.len()
                    && (skips || a[..x].iter().zip(&b[..x]).all(|(a, b)| a.key() == b.key()));
                if !same {
                    return Err(format!(
                        "{encoding}: decodes {x} with {} bytes left, and {y} with {} where some were skipped",
                        decoded.remaining(),
                        skipped.remaining()
                    ));
                }
                all.extend_from_slice(&a[..x]);
                if x < n {
                    break;
                }
            }
            (Err(x), Err(y)) if x.to_string() == y.to_string() => {
                expected(encoding, &x)?;
                failed = Some(x);
                break;
            }
            (x, y) => return Err(format!("{encoding}: decoding {x:?}, skipping {y:?}")),
        }
    }
    let mut whole = vec![T::default(); most];
    match (
        open::<T>(encoding, bytes, count, variant)?.decode(&mut whole),
        failed,
    ) {
        (Ok(n), None) => {
            let same = n == all.len() && all.iter().zip(&whole).all(|(a, b)| a.key() == b.key());
            if !same {
                return Err(format!(
                    "{encoding}: {} values in pieces, {n} others at once",
                    all.len()
                ));
            }
        }
        (Err(_), Some(_)) => {}
        (at_once, failed) => {
            return Err(format!(
                "{encoding}: {at_once:?} at once, {failed:?} in pieces"
            ));
        }
    }
    Ok(())
}

/// As [`in_pieces`]; an error may go unseen in what is skipped.
fn strings(encoding: Encoding, bytes: &[u8], count: usize) -> Result<(), String> {
    let open = || bytes_decoder(encoding, bytes);
    let (mut whole, mut pieces) = (BytesBuf::default(), BytesBuf::default());
    let mut decoder = match open() {
        Ok(d) => d,
        Err(e) => return expected(encoding, &e),
    };
    let at_once = decoder.decode(count, &mut whole);
    let again = |e: Error| format!("{encoding}: opens once and not again: {e}");
    let (mut decoder, mut skipped) = (open().map_err(again)?, open().map_err(again)?);
    let in_pieces = loop {
        let n = PIECE.min(count - pieces.len());
        let before = pieces.len();
        let step = decoder.decode(n, &mut pieces);
        if let (Ok(x), Ok(y)) = (&step, skipped.skip(n))
            && (*x != y || decoder.remaining() != skipped.remaining())
        {
            return Err(format!("{encoding}: decodes {x}, skips {y}"));
        }
        match step {
            Ok(x) if x == n && x > 0 && pieces.len() == before + x => {}
            Ok(_) => break Ok(pieces.len()),
            Err(e) => break Err(e),
        }
    };
    let same = match (&at_once, &in_pieces) {
        (Ok(x), Ok(y)) => x == y && whole.offsets == pieces.offsets && whole.data == pieces.data,
        (Err(x), Err(y)) => {
            expected(encoding, x)?;
            expected(encoding, y)?;
            true
        }
        _ => false,
    };
    if same {
        Ok(())
    } else {
        Err(format!(
            "{encoding}: {at_once:?} at once, {in_pieces:?} in pieces"
        ))
    }
}
