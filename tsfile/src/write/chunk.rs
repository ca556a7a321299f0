//! One chunk: the pages of a measurement, or of the times of an aligned device, out of held rows.

use super::choose::{Auto, Plan};
use super::gather::{self, Bitmap, Source};
use super::held::{Held, Order};
use crate::compress::Compressor;
use crate::encoding::{
    BitValue, Decimals, EncodeSettings, Float, dictionary, encode_bytes, scaled_float, sprintz,
    survives, ts_2diff,
};
use crate::format::{ChunkRole, PageHeader};
use crate::model::{Compression, DataType, Encoding, Statistics, ValueStatistics, is_lossy};
use crate::wire::{ByteWriter, put_uvarint};
use crate::{Error, ErrorKind, Result};
use std::ops::Range;

/// Bodies up to this size are not worth the attempt to compress them.
const TINY_BYTES: usize = 32;

/// Rows and pages that a chunk is made of.
#[derive(Debug, Clone, Copy)]
pub struct Rows<'a> {
    /// What is held.
    pub held: &'a [Held],
    /// Rows of the device, or those of the measurement that are there.
    pub order: &'a Order,
    /// Rows of each page.
    pub pages: &'a [Range<usize>],
}

/// How a chunk shall be written.
#[derive(Debug, Clone, Copy)]
pub struct How {
    /// Part in an aligned device.
    pub role: ChunkRole,
    /// Type.
    pub data_type: DataType,
    /// The encoding that was asked for.
    pub encoding: Option<Encoding>,
    /// What `auto` may choose for floats.
    pub plan: Plan,
    /// The compression that was asked for.
    pub compression: Option<Compression>,
    /// Settings of encoders.
    pub settings: EncodeSettings,
    /// Whether values may be rounded by the encoding that was asked for.
    pub lossy: bool,
    /// What a chunk without any value says about its encoding.
    pub usual: Option<Encoding>,
    /// Whether readers of format version 3 have to be able to read it: no DICTIONARY of STRING, no exceptions among scaled floats.
    pub version_3: bool,
}

/// What a chunk became; its pages are in [`ChunkWriter::bytes`].
#[derive(Debug)]
pub struct Chunk {
    /// Encoding of the values.
    pub encoding: Encoding,
    /// Compression of the pages.
    pub compression: Compression,
    /// Of all points.
    pub statistics: Statistics,
    /// Whether every value comes back.
    pub lossless: bool,
}

/// Writes chunks one after another, with buffers that are used again.
#[derive(Debug, Default)]
pub struct ChunkWriter {
    /// Pages of the last chunk, their headers included.
    pub bytes: Vec<u8>,
    bools: Vec<bool>,
    i32s: Vec<i32>,
    i64s: Vec<i64>,
    f32s: Vec<f32>,
    f64s: Vec<f64>,
    scaled32: Decimals<i32>,
    scaled64: Decimals<i64>,
    times: Vec<i64>,
    pages: Pages,
}

/// What goes into a page, and how it is put there.
#[derive(Debug, Default)]
struct Pages {
    present: Bitmap,
    encoded: Vec<u8>,
    body: Vec<u8>,
    compressed: Vec<u8>,
    times: Vec<i64>,
    encoded_times: Vec<u8>,
    compressor: Compressor,
    /// Decided by the first page with a body.
    compression: Option<Compression>,
}

impl ChunkWriter {
    /// The time chunk of an aligned device.
    ///
    /// # Errors
    /// A page does not fit the format.
    pub fn times(&mut self, rows: Rows<'_>, compression: Option<Compression>) -> Result<Chunk> {
        self.bytes.clear();
        self.pages.compression = compression;
        let mut all = Statistics::none(DataType::Vector);
        for page in rows.pages {
            self.times.clear();
            rows.order.times(rows.held, page.clone(), &mut self.times);
            self.pages.body.clear();
            ts_2diff::encode(&self.times, &mut self.pages.body);
            let statistics = Statistics {
                count: self.times.len() as u64,
                start_time: self.times.first().copied().unwrap_or(0),
                end_time: self.times.last().copied().unwrap_or(0),
                values: ValueStatistics::None,
            };
            let own = (rows.pages.len() > 1).then_some(&statistics);
            self.pages.seal(own, &mut self.bytes)?;
            all.merge(&statistics);
        }
        Ok(Chunk {
            encoding: Encoding::Ts2Diff,
            compression: self.pages.compression.unwrap_or(Compression::Lz4),
            statistics: all,
            lossless: true,
        })
    }

    /// The chunk of a measurement. Without any value an aligned one has no page.
    ///
    /// # Errors
    /// The encoding that was asked for loses something, or a page does not fit the format.
    pub fn values(&mut self, rows: Rows<'_>, source: &Source, how: How) -> Result<Chunk> {
        let (pages, out) = (&mut self.pages, &mut self.bytes);
        match how.data_type {
            DataType::Boolean => fixed(pages, out, rows, source, how, &mut self.bools, &mut ()),
            DataType::Int32 | DataType::Date => {
                fixed(pages, out, rows, source, how, &mut self.i32s, &mut ())
            }
            DataType::Int64 | DataType::Timestamp | DataType::Vector => {
                fixed(pages, out, rows, source, how, &mut self.i64s, &mut ())
            }
            DataType::Float => {
                let scratch = &mut self.scaled32;
                scratch.set_exceptions(!how.version_3);
                fixed(pages, out, rows, source, how, &mut self.f32s, scratch)
            }
            DataType::Double => {
                let scratch = &mut self.scaled64;
                scratch.set_exceptions(!how.version_3);
                fixed(pages, out, rows, source, how, &mut self.f64s, scratch)
            }
            DataType::Text | DataType::String | DataType::Blob | DataType::Object => {
                strings(pages, out, rows, source, how)
            }
        }
    }
}

/// Types of fixed width as pages and statistics see them.
trait Column: Auto {
    fn gather<'a>(
        rows: Rows<'a>,
        source: &Source,
        page: Range<usize>,
        out: &'a mut Vec<Self>,
        present: &mut Bitmap,
    ) -> &'a [Self];

    fn statistics(values: &[Self]) -> ValueStatistics;

    /// Whether GORILLA_V1, SPRINTZ give these values back in both reference decoders.
    fn survives_references(encoding: Encoding, values: &[Self]) -> bool;

    /// Decimals with which scaling loses nothing, for floats.
    fn decimals(values: &[Self]) -> Option<u32>;
}

macro_rules! column {
    ($type:ty, $gather:ident, $statistics:ident, $survives:expr, $decimals:expr) => {
        impl Column for $type {
            fn gather<'a>(
                rows: Rows<'a>,
                source: &Source,
                page: Range<usize>,
                out: &'a mut Vec<Self>,
                present: &mut Bitmap,
            ) -> &'a [Self] {
                gather::$gather(rows.held, rows.order, source, page, out, present)
            }

            fn statistics(values: &[Self]) -> ValueStatistics {
                ValueStatistics::$statistics(values)
            }

            fn survives_references(encoding: Encoding, values: &[Self]) -> bool {
                let survives: fn(Encoding, &[Self]) -> bool = $survives;
                survives(encoding, values)
            }

            fn decimals(values: &[Self]) -> Option<u32> {
                let decimals: fn(&[Self]) -> Option<u32> = $decimals;
                decimals(values)
            }
        }
    };
}

column!(bool, bools, of_bool, |_, _| true, |_| None);
column!(
    i32,
    fixed,
    of_i32,
    |_, v| sprintz::survives_references(v),
    |_| None
);
column!(
    i64,
    fixed,
    of_i64,
    |_, v| sprintz::survives_references(v),
    |_| None
);
column!(f32, fixed, of_f32, float_survives, |v| {
    scaled_float::lossless(v, 0, &mut Vec::new())
});
column!(f64, fixed, of_f64, float_survives, |v| {
    scaled_float::lossless(v, 0, &mut Vec::new())
});

fn float_survives<T: Float + BitValue>(encoding: Encoding, values: &[T]) -> bool {
    match encoding {
        // Java takes the first NaN for the end of the page.
        Encoding::GorillaV1 => !values.iter().any(|v| v.widen().is_nan()),
        _ => sprintz::survives_references(values),
    }
}

fn fixed<T: Column>(
    pages: &mut Pages,
    out: &mut Vec<u8>,
    rows: Rows<'_>,
    source: &Source,
    how: How,
    buffer: &mut Vec<T>,
    scratch: &mut T::Scratch,
) -> Result<Chunk> {
    let mut plan = how.plan;
    loop {
        let mut lossless = true;
        let chunk = attempt(pages, out, rows, how, |pages, page| {
            let values = T::gather(rows, source, page, buffer, &mut pages.present);
            if values.is_empty() {
                return Ok(Step::Empty);
            }
            let encoding = match how.encoding {
                Some(encoding) => {
                    lossless &= forced(encoding, values, how, &mut pages.encoded)?;
                    Some(encoding)
                }
                None => {
                    T::encode_auto(values, &mut plan, scratch, how.settings, &mut pages.encoded)?
                }
            };
            Ok(match encoding {
                Some(encoding) => Step::Page(encoding, T::statistics(values)),
                None => Step::Again,
            })
        })?;
        if let Some(chunk) = chunk {
            return Ok(Chunk { lossless, ..chunk });
        }
    }
}

/// Appends a page in the encoding that was asked for; false when it loses something and may.
fn forced<T: Column>(
    encoding: Encoding,
    values: &[T],
    how: How,
    out: &mut Vec<u8>,
) -> Result<bool> {
    let mut settings = how.settings;
    let lossy = is_lossy(encoding, how.data_type);
    let scaled = lossy && matches!(encoding, Encoding::Ts2Diff | Encoding::Rle);
    let decimals = scaled.then(|| T::decimals(values)).flatten();
    settings.max_point_number = decimals.unwrap_or(settings.max_point_number);
    let start = out.len();
    T::encode(encoding, values, settings, out)?;
    let keeps = match encoding {
        _ if !lossy || decimals.is_some() => true,
        Encoding::Sprintz | Encoding::GorillaV1 => T::survives_references(encoding, values),
        _ => survives(encoding, values, out.get(start..).unwrap_or(&[]))?,
    };
    if !keeps && !how.lossy {
        return Err(Error::new(
            ErrorKind::Value,
            "",
            format!("{encoding} does not keep every value"),
        )
        .hint("leave the encoding out, or allow losses with `lossy` (--lossy)"));
    }
    Ok(keeps)
}

fn strings(
    pages: &mut Pages,
    out: &mut Vec<u8>,
    rows: Rows<'_>,
    source: &Source,
    how: How,
) -> Result<Chunk> {
    let mut values: Vec<&[u8]> = Vec::new();
    let mut chosen = how.encoding;
    if let (None, Plan::Bound(encoding)) = (chosen, how.plan) {
        chosen = Some(encoding);
    }
    if how.data_type == DataType::Blob || how.version_3 && how.data_type == DataType::String {
        chosen = Some(chosen.unwrap_or(Encoding::Plain));
    }
    let chunk = attempt(pages, out, rows, how, |pages, page| {
        gather::bytes(
            rows.held,
            rows.order,
            source,
            page,
            &mut values,
            &mut pages.present,
        );
        if values.is_empty() {
            return Ok(Step::Empty);
        }
        let mut distinct = None;
        let encoding = match chosen {
            Some(Encoding::Dictionary) => {
                distinct = Some(dictionary::encode(&values, &mut pages.encoded)?);
                Encoding::Dictionary
            }
            Some(encoding) => {
                encode_bytes(encoding, &values, &mut pages.encoded)?;
                encoding
            }
            None => pages.smaller_of_plain_and_dictionary(&values, how.compression)?,
        };
        chosen = Some(encoding);
        Ok(Step::Page(
            encoding,
            match how.data_type {
                DataType::Text => ValueStatistics::of_text(&values),
                DataType::String => of_strings(&values, distinct.as_deref()),
                _ => ValueStatistics::None,
            },
        ))
    })?;
    chunk.ok_or_else(|| Error::argument("a chunk of strings was begun twice"))
}

/// Statistics of strings, with those that are distinct if they are known: the least and the greatest are among them.
fn of_strings(values: &[&[u8]], distinct: Option<&[&[u8]]>) -> ValueStatistics {
    let mut statistics = ValueStatistics::of_string(distinct.unwrap_or(values));
    if let ValueStatistics::String { last, .. } = &mut statistics {
        *last = values.last().copied().unwrap_or_default().to_vec();
    }
    statistics
}

/// What came of the rows of a page.
enum Step {
    /// No row has a value.
    Empty,
    /// Values are encoded.
    Page(Encoding, ValueStatistics),
    /// The plan has changed: the chunk starts again.
    Again,
}

/// Writes the pages as `step` encodes them; `None` when the chunk has to start again.
fn attempt(
    pages: &mut Pages,
    out: &mut Vec<u8>,
    rows: Rows<'_>,
    how: How,
    mut step: impl FnMut(&mut Pages, Range<usize>) -> Result<Step>,
) -> Result<Option<Chunk>> {
    out.clear();
    pages.compression = how.compression;
    let mut all = Statistics::none(how.data_type);
    let mut encoding = how.encoding;
    for page in rows.pages {
        pages.encoded.clear();
        let (used, values) = match step(pages, page.clone())? {
            Step::Again => return Ok(None),
            Step::Empty => {
                // A page of nulls only is a size of zero and nothing else.
                out.push(0);
                continue;
            }
            Step::Page(used, values) => (used, values),
        };
        encoding = Some(used);
        let (start_time, end_time) = pages.begin(rows, how.role, page.clone())?;
        let statistics = Statistics {
            count: pages.present.set() as u64,
            start_time,
            end_time,
            values,
        };
        let own = (rows.pages.len() > 1).then_some(&statistics);
        pages.seal(own, out)?;
        all.merge(&statistics);
    }
    if all.count == 0 {
        out.clear();
    }
    Ok(Some(Chunk {
        encoding: encoding.unwrap_or_else(|| how.without_values()),
        compression: pages.compression.unwrap_or(Compression::Lz4),
        statistics: all,
        lossless: true,
    }))
}

impl How {
    /// The encoding of a chunk in which nothing is encoded; later chunks of the series may be bound to it.
    fn without_values(self) -> Encoding {
        let float = matches!(self.data_type, DataType::Float | DataType::Double);
        match self.plan {
            Plan::Bound(encoding) => encoding,
            _ if self.usual.is_some() => self.usual.unwrap_or(Encoding::Plain),
            // It can hold all that floats can be.
            Plan::Any if float && !self.version_3 => Encoding::Ts2Diff,
            _ => default_encoding(self.data_type),
        }
    }
}

/// What schemas say of a column that nothing was decided about.
pub fn default_encoding(data_type: DataType) -> Encoding {
    match data_type {
        DataType::Int32
        | DataType::Int64
        | DataType::Date
        | DataType::Timestamp
        | DataType::Vector => Encoding::Ts2Diff,
        DataType::Float | DataType::Double => Encoding::Gorilla,
        _ => Encoding::Plain,
    }
}

impl Pages {
    /// Puts what comes before the encoded values into the body, then the values; gives the first and the last time that has a value.
    fn begin(&mut self, rows: Rows<'_>, role: ChunkRole, page: Range<usize>) -> Result<(i64, i64)> {
        self.body.clear();
        if role == ChunkRole::Plain {
            // Every row of a chunk that has its own times has a value.
            self.times.clear();
            rows.order.times(rows.held, page, &mut self.times);
            self.encoded_times.clear();
            ts_2diff::encode(&self.times, &mut self.encoded_times);
            put_uvarint(&mut self.body, self.encoded_times.len() as u64);
            self.body.append(&mut self.encoded_times);
            self.body.append(&mut self.encoded);
            return Ok(match self.times.as_slice() {
                [first, .., last] => (*first, *last),
                [one] => (*one, *one),
                [] => (0, 0),
            });
        }
        let count = i32::try_from(self.present.rows())
            .map_err(|_| Error::argument("a page has more than 2147483647 rows"))?;
        self.body.extend_from_slice(&count.to_be_bytes());
        self.body.extend_from_slice(self.present.bytes());
        self.body.append(&mut self.encoded);
        let (first, last) = self.present.ends().unwrap_or((0, 0));
        let time = |row: usize| rows.order.time(rows.held, page.start + row);
        Ok((time(first), time(last)))
    }

    /// Appends the body as a page.
    fn seal(&mut self, statistics: Option<&Statistics>, out: &mut Vec<u8>) -> Result<()> {
        self.compressed.clear();
        let compression = match self.compression {
            Some(compression) => compression,
            None if self.body.len() <= TINY_BYTES => Compression::Uncompressed,
            None => {
                self.compressor
                    .compress(Compression::Lz4, &self.body, &mut self.compressed)?;
                // What it saves has to be worth undoing it, which costs little where it saves little: of random numbers it is the bitmap.
                if self.compressed.len() + self.compressed.len() / 128 < self.body.len() {
                    Compression::Lz4
                } else {
                    self.compressed.clear();
                    Compression::Uncompressed
                }
            }
        };
        self.compression = Some(compression);
        let stored = match compression {
            Compression::Uncompressed => &self.body,
            _ => {
                if self.compressed.is_empty() {
                    self.compressor
                        .compress(compression, &self.body, &mut self.compressed)?;
                }
                &self.compressed
            }
        };
        let size = |bytes: &[u8]| {
            u32::try_from(bytes.len())
                .ok()
                .filter(|n| i32::try_from(*n).is_ok())
                .ok_or_else(|| Error::argument("a page takes more than 2147483647 bytes"))
        };
        let mut w = ByteWriter::over(std::mem::take(out));
        PageHeader::serialize_parts(size(&self.body)?, size(stored)?, statistics, &mut w);
        *out = w.into_bytes();
        out.extend_from_slice(stored);
        Ok(())
    }

    /// Encodes strings both ways and keeps what is smaller when compressed; the simpler one when that is all the same.
    fn smaller_of_plain_and_dictionary(
        &mut self,
        values: &[&[u8]],
        compression: Option<Compression>,
    ) -> Result<Encoding> {
        let compression = compression.unwrap_or(Compression::Lz4);
        let mut size = |encoding, encoded: &mut Vec<u8>| {
            encode_bytes(encoding, values, encoded)?;
            self.compressed.clear();
            self.compressor
                .compress(compression, encoded, &mut self.compressed)?;
            Ok::<_, Error>(self.compressed.len().min(encoded.len()))
        };
        let mut plain = Vec::new();
        let plain_bytes = size(Encoding::Plain, &mut plain)?;
        let dictionary_bytes = size(Encoding::Dictionary, &mut self.encoded)?;
        if dictionary_bytes < plain_bytes {
            return Ok(Encoding::Dictionary);
        }
        self.encoded = plain;
        Ok(Encoding::Plain)
    }
}
