//! One page: compressed bytes to times and values.

use crate::arrow::Values;
use crate::encoding::{BytesDecoder, Physical, Variant, bytes_decoder, decode_until_terminator};
use crate::format::FormatVersion;
use crate::model::{DataType, Encoding, Statistics, ValueStatistics};
use crate::wire::ByteReader;
use crate::{Error, Result};

/// How many points a page of unknown count is decoded in at a time.
const STEP: usize = 4096;

/// What holds for all pages of a file.
#[derive(Debug, Clone, Copy)]
pub(super) struct PageContext {
    pub(super) version: FormatVersion,
    /// The file looks as if the C++ library wrote it.
    pub(super) cpp: bool,
    /// Refuse pages of more points.
    pub(super) max_points: usize,
    /// Refuse byte strings that are longer together: one entry of a dictionary can stand for a million values.
    pub(super) max_string_bytes: usize,
    /// Texts have keys of a dictionary.
    pub(super) keys: bool,
}

impl PageContext {
    /// No values of `data_type`.
    pub(super) fn values(self, data_type: DataType) -> Values {
        Values::with_keys(data_type, self.keys)
    }

    /// A count from the file as a length, when it is within the limit.
    pub(super) fn check_points(self, count: u64) -> Result<usize> {
        usize::try_from(count)
            .ok()
            .filter(|&n| n <= self.max_points)
            .ok_or_else(|| {
                Error::new(
                    crate::ErrorKind::Limit,
                    "page",
                    "a page claims more points than the limit",
                )
                .expected(format!("at most {}", self.max_points))
                .got(count)
                .hint("raise `max_page_points` (in Rust) if the file is sound")
            })
    }
}

/// Splits the body of a non-aligned page into its encoded times and its encoded values.
pub(super) fn split_plain(body: &[u8]) -> Result<(&[u8], &[u8])> {
    let mut r = ByteReader::new(body, "page");
    let len = r.length()?;
    let times = r.take(len)?;
    Ok((times, r.rest()))
}

/// Splits the body of a value page into its number of rows, its bitmap (most significant bit first) and its encoded values.
pub(super) fn split_value(body: &[u8]) -> Result<(usize, &[u8], &[u8])> {
    let mut r = ByteReader::new(body, "value page");
    let rows = r.i32()?;
    let rows = usize::try_from(rows)
        .map_err(|_| Error::corrupt("value page", "a negative number of rows").got(rows))?;
    let bitmap = r.take(rows.div_ceil(8))?;
    Ok((rows, bitmap, r.rest()))
}

/// Decodes the times of a non-aligned page, whose encoding is recorded nowhere: TS_2DIFF as everybody writes, else PLAIN, which C++ can write.
pub(super) fn decode_unmarked_times(
    context: PageContext,
    bytes: &[u8],
    count: Option<usize>,
    out: &mut Vec<i64>,
) -> Result<()> {
    let first = decode_times(context, Encoding::Ts2Diff, bytes, count, out);
    let plain = match count {
        Some(n) => n.checked_mul(8) == Some(bytes.len()),
        None => bytes.len() % 8 == 0,
    };
    match first {
        // Any bytes are PLAIN of something; times it is only when they ascend. Else the first error says more.
        Err(e) if plain => match decode_times(context, Encoding::Plain, bytes, count, out) {
            Ok(()) if out.is_sorted() => Ok(()),
            _ => Err(e),
        },
        other => other,
    }
}

/// Decodes a stream of times: exactly `count` of them, or up to the end when the count is unknown.
pub(super) fn decode_times(
    context: PageContext,
    encoding: Encoding,
    bytes: &[u8],
    count: Option<usize>,
    out: &mut Vec<i64>,
) -> Result<()> {
    out.clear();
    let Some(count) = count else {
        return decode_all_times(context, encoding, bytes, out);
    };
    out.resize(count, 0);
    exactly(encoding, bytes, Variant::default(), out)
}

fn decode_all_times(
    context: PageContext,
    encoding: Encoding,
    bytes: &[u8],
    out: &mut Vec<i64>,
) -> Result<()> {
    if matches!(encoding, Encoding::Gorilla | Encoding::Chimp) {
        *out = decode_until_terminator(encoding, bytes, context.max_points)?;
        return Ok(());
    }
    let mut decoder = i64::decoder(encoding, bytes, usize::MAX, Variant::default())?;
    loop {
        let before = out.len();
        context.check_points((before + STEP) as u64)?;
        out.resize(before + STEP, 0);
        let got = decoder.decode(out.get_mut(before..).unwrap_or(&mut []))?;
        out.truncate(before + got);
        if got < STEP {
            return Ok(());
        }
    }
}

/// The values of a page as they are stored.
#[derive(Debug, Clone, Copy)]
pub(super) struct Encoded<'a> {
    pub(super) encoding: Encoding,
    pub(super) data_type: DataType,
    pub(super) bytes: &'a [u8],
    /// How many there are, no more and no fewer.
    pub(super) count: usize,
    /// Those of the page (or of the chunk with this single page): they tell apart what two writers encode differently without saying so.
    pub(super) statistics: Option<&'a Statistics>,
}

/// Decodes values into `out`, replacing what is there.
pub(super) fn decode_values(
    context: PageContext,
    values: Encoded<'_>,
    out: &mut Values,
) -> Result<()> {
    make_like(context, values.data_type, out);
    // Numbers that are there already are overwritten: clearing would only make the room to be zeroed again.
    match out {
        Values::Bytes(_) | Values::Keys(_) => out.clear(),
        _ => out.resize(values.count),
    }
    decode_before(context, values, values.count, out)
}

/// Decodes values into `out`, which has their physical type: numbers over those before `end`, byte strings behind those that are there.
pub(super) fn decode_before(
    context: PageContext,
    values: Encoded<'_>,
    end: usize,
    out: &mut Values,
) -> Result<()> {
    let Encoded {
        encoding,
        data_type,
        bytes,
        count,
        statistics,
    } = values;
    let statistics = statistics
        .filter(|s| s.count == count as u64)
        .map(|s| &s.values);
    let variants = variants(context, encoding, data_type);
    match out {
        Values::Bytes(out) => {
            out.limit = out.data.len().saturating_add(context.max_string_bytes);
            check_head(encoding, bytes, count)?;
            let mut decoder = bytes_decoder(encoding, bytes)?;
            let got = decoder.decode(count, out)?;
            complete(encoding, got, count, decoder.remaining())
        }
        Values::Keys(out) => {
            let entries = &mut out.entries;
            entries.limit = entries.data.len().saturating_add(context.max_string_bytes);
            check_head(encoding, bytes, count)?;
            let mut decoder = bytes_decoder(encoding, bytes)?;
            let got = decoder.decode_keys(count, out)?;
            complete(encoding, got, count, decoder.remaining())
        }
        Values::Bool(out) => exactly(encoding, bytes, variants.0, before(out, end, count)),
        Values::I32(out) => exactly(encoding, bytes, variants.0, before(out, end, count)),
        Values::I64(out) => choose(encoding, bytes, variants, before(out, end, count), |v| {
            mismatch_i64(v, statistics)
        }),
        Values::F32(out) => choose(encoding, bytes, variants, before(out, end, count), |v| {
            mismatch_f32(v, statistics)
        }),
        Values::F64(out) => choose(encoding, bytes, variants, before(out, end, count), |v| {
            mismatch_f64(v, statistics)
        }),
    }
}

/// Decodes some of the values into `out`, replacing what is there: the `runs`, from one value to before another, ascending. What lies between
/// them is skipped, in whole blocks where the encoding has blocks.
pub(super) fn decode_some(
    context: PageContext,
    values: Encoded<'_>,
    runs: &[(usize, usize)],
    out: &mut Values,
) -> Result<()> {
    if runs == [(0, values.count)] {
        return decode_values(context, values, out);
    }
    make_like(context, values.data_type, out);
    out.clear();
    let (variant, other) = variants(context, values.encoding, values.data_type);
    if other.is_some() {
        // All of them tell which reading is right.
        let mut all = context.values(values.data_type);
        decode_values(context, values, &mut all)?;
        for &(from, to) in runs {
            out.extend_from(&all, from, to - from)?;
        }
        return Ok(());
    }
    match out {
        Values::Bytes(out) => {
            out.limit = context.max_string_bytes;
            some_bytes(values, runs, |decoder, n| decoder.decode(n, out))
        }
        Values::Keys(out) => {
            out.entries.limit = context.max_string_bytes;
            some_bytes(values, runs, |decoder, n| decoder.decode_keys(n, out))
        }
        Values::Bool(out) => some(values, variant, runs, out),
        Values::I32(out) => some(values, variant, runs, out),
        Values::I64(out) => some(values, variant, runs, out),
        Values::F32(out) => some(values, variant, runs, out),
        Values::F64(out) => some(values, variant, runs, out),
    }
}

/// Makes `out` one for values of `data_type`; what it holds is of no use then.
fn make_like(context: PageContext, data_type: DataType, out: &mut Values) {
    let like = context.values(data_type);
    if std::mem::discriminant(out) != std::mem::discriminant(&like) {
        *out = like;
    }
}

fn some_bytes(
    values: Encoded<'_>,
    runs: &[(usize, usize)],
    mut decode: impl FnMut(&mut dyn BytesDecoder, usize) -> Result<usize>,
) -> Result<()> {
    let (encoding, bytes) = (values.encoding, values.bytes);
    check_head(encoding, bytes, values.count)?;
    let mut decoder = bytes_decoder(encoding, bytes)?;
    let mut at = 0;
    for &(from, to) in runs {
        let skipped = decoder.skip(from - at)?;
        let got = decode(&mut *decoder, to - from)?;
        complete(encoding, at + skipped + got, to, 0)?;
        at = to;
    }
    Ok(())
}

fn some<T: Physical>(
    values: Encoded<'_>,
    variant: Variant,
    runs: &[(usize, usize)],
    out: &mut Vec<T>,
) -> Result<()> {
    let (encoding, bytes) = (values.encoding, values.bytes);
    check_head(encoding, bytes, values.count)?;
    let mut decoder = T::decoder(encoding, bytes, values.count, variant)?;
    let mut at = 0;
    for &(from, to) in runs {
        let skipped = decoder.skip(from - at)?;
        let before = out.len();
        out.resize(before + (to - from), T::default());
        let got = decoder.decode(out.get_mut(before..).unwrap_or(&mut []))?;
        complete(encoding, at + skipped + got, to, 0)?;
        at = to;
    }
    Ok(())
}

/// The `count` values before `end`.
fn before<T>(values: &mut [T], end: usize, count: usize) -> &mut [T] {
    values.get_mut(end - count..end).unwrap_or(&mut [])
}

/// The reading to try first, and the other one where a page does not tell who wrote it.
fn variants(
    context: PageContext,
    encoding: Encoding,
    data_type: DataType,
) -> (Variant, Option<Variant>) {
    let differences = Variant {
        rlbe_float_differences: true,
        ..Variant::default()
    };
    let wide = Variant {
        sprintz_wide_product: true,
        ..Variant::default()
    };
    match (encoding, data_type) {
        // Only Java 1.x wrote RLBE into version 3; raw bits came with 2.1.
        (Encoding::Rlbe, DataType::Float | DataType::Double)
            if context.version == FormatVersion::V3 =>
        {
            (differences, None)
        }
        (Encoding::Rlbe, DataType::Float | DataType::Double) => {
            (Variant::default(), Some(differences))
        }
        (Encoding::Sprintz, DataType::Int64 | DataType::Timestamp | DataType::Double) => {
            if context.cpp {
                (wide, Some(Variant::default()))
            } else {
                (Variant::default(), Some(wide))
            }
        }
        _ => (Variant::default(), None),
    }
}

/// Decodes with the first variant; when `mismatch` is not 0 and there is a second one, takes the one that fits better.
fn choose<T: Physical>(
    encoding: Encoding,
    bytes: &[u8],
    variants: (Variant, Option<Variant>),
    out: &mut [T],
    mismatch: impl Fn(&[T]) -> f64,
) -> Result<()> {
    let first = exactly(encoding, bytes, variants.0, out);
    let Some(second) = variants.1 else {
        return first;
    };
    let score = if first.is_ok() {
        mismatch(out)
    } else {
        f64::INFINITY
    };
    if score == 0.0 {
        return Ok(());
    }
    let mut other = vec![T::default(); out.len()];
    let again = exactly(encoding, bytes, second, &mut other);
    if again.is_ok() && (first.is_err() || mismatch(&other) < score) {
        out.copy_from_slice(&other);
        return Ok(());
    }
    first
}

/// Decodes as many values as `out` has room for, and no fewer.
fn exactly<T: Physical>(
    encoding: Encoding,
    bytes: &[u8],
    variant: Variant,
    out: &mut [T],
) -> Result<()> {
    let count = out.len();
    check_head(encoding, bytes, count)?;
    let mut decoder = T::decoder(encoding, bytes, count, variant)?;
    let got = decoder.decode(out)?;
    complete(encoding, got, count, decoder.remaining())
}

/// Refuses pages whose head counts more distinct values or positions than there are rows, before memory is taken for them.
fn check_head(encoding: Encoding, bytes: &[u8], count: usize) -> Result<()> {
    let mut r = ByteReader::new(bytes, "page");
    let (stated, what) = match encoding {
        Encoding::Dictionary if !bytes.is_empty() => (i64::from(r.svarint()?), "a dictionary"),
        Encoding::Bitmap if !bytes.is_empty() => {
            r.uvarint()?;
            (i64::from(r.uvarint()?), "a bitmap")
        }
        _ => return Ok(()),
    };
    if usize::try_from(stated).is_ok_and(|n| n > count) {
        return Err(
            Error::corrupt("page", format!("{what} is larger than the page has rows"))
                .expected(format!("at most {count}"))
                .got(stated),
        );
    }
    Ok(())
}

/// Values missing, or bytes left over where the encoding has no terminator and no padding of its own: the page is not what it claims.
fn complete(encoding: Encoding, got: usize, count: usize, left: usize) -> Result<()> {
    if got != count {
        return Err(
            Error::corrupt("page", format!("the {encoding} stream ends too early"))
                .expected(format!("{count} values"))
                .got(got),
        );
    }
    let exact = matches!(
        encoding,
        Encoding::Plain | Encoding::Ts2Diff | Encoding::Zigzag
    );
    if exact && left > 0 {
        return Err(Error::corrupt(
            "page",
            format!("the {encoding} stream goes on after the last value"),
        )
        .expected(format!("{count} values"))
        .got(format!("{left} more bytes")));
    }
    Ok(())
}

fn mismatch_i64(v: &[i64], statistics: Option<&ValueStatistics>) -> f64 {
    let Some(ValueStatistics::Int64 {
        min,
        max,
        first,
        last,
        ..
    }) = statistics
    else {
        return 0.0;
    };
    let bad = [
        v.first() != Some(first),
        v.last() != Some(last),
        v.iter().min() != Some(min),
        v.iter().max() != Some(max),
    ];
    bad.iter().map(|&b| f64::from(u8::from(b))).sum()
}

fn mismatch_f32(v: &[f32], statistics: Option<&ValueStatistics>) -> f64 {
    let Some(ValueStatistics::Float {
        min,
        max,
        first,
        last,
        ..
    }) = statistics
    else {
        return 0.0;
    };
    mismatch_floats(
        v.iter().map(|&x| f64::from(x)),
        [*first, *last, *min, *max].map(f64::from),
    )
}

fn mismatch_f64(v: &[f64], statistics: Option<&ValueStatistics>) -> f64 {
    let Some(ValueStatistics::Double {
        min,
        max,
        first,
        last,
        ..
    }) = statistics
    else {
        return 0.0;
    };
    mismatch_floats(v.iter().copied(), [*first, *last, *min, *max])
}

/// Sum of relative distances from first, last, min and max: 0 when all agree, up to 4 when none does.
fn mismatch_floats(v: impl Iterator<Item = f64> + Clone, [first, last, min, max]: [f64; 4]) -> f64 {
    let distance = |a: f64, b: f64| {
        if a == b || (a.is_nan() && b.is_nan()) {
            0.0
        } else if a.is_finite() && b.is_finite() {
            ((a - b).abs() / a.abs().max(b.abs())).min(1.0)
        } else {
            1.0
        }
    };
    let mut out = distance(v.clone().next().unwrap_or(f64::NAN), first);
    out += distance(v.clone().last().unwrap_or(f64::NAN), last);
    // A NaN in the data hides from min and max as each writer pleases.
    if !v.clone().any(f64::is_nan) {
        out += distance(v.clone().fold(f64::INFINITY, f64::min), min);
        out += distance(v.fold(f64::NEG_INFINITY, f64::max), max);
    }
    out
}
