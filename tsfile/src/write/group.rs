//! The rows of one device, on their way into chunk groups: order, pages, chunks.

use super::choose::Plan;
use super::chunk::{Chunk, ChunkWriter, How, Rows};
use super::gather::{self, Source};
use super::held::{Held, Order};
use crate::format::ChunkRole;
use crate::model::{Compression, DataType, Encoding};
use crate::{Error, Result};
use std::ops::Range;

/// A column of a device with what was asked for it.
#[derive(Debug, Clone)]
pub struct Series {
    /// Position in the writer's list of measurements.
    pub measurement: u32,
    /// Where its values are.
    pub source: Source,
    /// How it is written; the role is set here.
    pub how: How,
    /// Whether an aligned device records it without any value.
    pub keep_empty: bool,
}

/// Bounds of chunk groups and pages.
#[derive(Debug, Clone, Copy)]
pub struct Sizes {
    /// Most points in a page.
    pub page_points: usize,
    /// Most bytes of memory of the values of a page.
    pub page_bytes: usize,
    /// Most bytes of memory of the values of a chunk group.
    pub group_bytes: usize,
}

/// Takes chunks as they are done: the measurement (`None` for the times), the chunk, its pages.
pub trait Chunks {
    /// A chunk group of the device begins.
    ///
    /// # Errors
    /// The sink refuses.
    fn group(&mut self) -> Result<()>;

    /// A chunk is done; its pages are `bytes`, of which there are `pages`.
    ///
    /// # Errors
    /// The sink refuses, or a size does not fit the format.
    fn chunk(
        &mut self,
        measurement: Option<u32>,
        role: ChunkRole,
        chunk: Chunk,
        pages: usize,
        bytes: &[u8],
    ) -> Result<()>;

    /// How the chunks of a series have been written so far.
    fn way(&self, measurement: Option<u32>) -> Option<(Encoding, Compression)>;

    /// How a chunk without a value says that it is encoded, when nothing was decided about its series.
    fn usual(&self, measurement: u32) -> Option<Encoding>;

    /// Adds device and measurement to an error.
    fn place(&self, error: Error, measurement: u32) -> Error;
}

/// How a chunk is to be written beside the others of its series: the C++ library takes encoding and compression of all from the first.
fn bound(
    how: How,
    role: ChunkRole,
    measurement: Option<u32>,
    several: bool,
    out: &impl Chunks,
) -> How {
    let mut how = How { role, ..how };
    if how.version_3 {
        return how;
    }
    match out.way(measurement) {
        Some((encoding, compression)) => {
            how.plan = Plan::Bound(encoding);
            how.compression = Some(compression);
        }
        // What does not pay for the first chunk may pay for later ones.
        None if several => how.compression = how.compression.or(Some(Compression::Lz4)),
        None => {}
    }
    if let (Plan::Any, Some(m)) = (how.plan, measurement) {
        how.usual = out.usual(m);
    }
    how
}

/// Bytes that a value takes in memory; strings are looked at row by row.
fn width(data_type: DataType) -> usize {
    match data_type {
        DataType::Boolean => 1,
        DataType::Int32 | DataType::Date | DataType::Float => 4,
        DataType::Int64 | DataType::Double | DataType::Timestamp | DataType::Vector => 8,
        _ => 0,
    }
}

/// Writes all rows of an aligned device.
///
/// When the device has other chunk groups (`several`), each of its columns gets a chunk in each, be it without a value: both references take the
/// chunks of a column for those of the times with the same numbers.
///
/// # Errors
/// As [`Chunks`] and [`ChunkWriter::values`].
#[expect(
    clippy::too_many_arguments,
    reason = "a struct of them would be taken apart at once"
)]
pub fn aligned(
    writer: &mut ChunkWriter,
    held: &[Held],
    order: &Order,
    series: &[Series],
    time: How,
    several: bool,
    sizes: Sizes,
    out: &mut impl Chunks,
) -> Result<()> {
    let mut pages = Vec::new();
    let groups = groups(held, order, series, sizes);
    let several = several || groups.len() > 1;
    for rows in groups {
        cut_pages(held, order, series, rows.clone(), sizes, &mut pages);
        let of_group = Rows {
            held,
            order,
            pages: &pages,
        };
        out.group()?;
        let time = bound(time, ChunkRole::Time, None, several, out);
        let chunk = writer.times(of_group, time.compression)?;
        out.chunk(None, ChunkRole::Time, chunk, pages.len(), &writer.bytes)?;
        for s in series {
            let keep = several || s.keep_empty;
            if !keep && !gather::any_value(held, order, &s.source, rows.clone()) {
                continue;
            }
            let how = bound(s.how, ChunkRole::Value, Some(s.measurement), several, out);
            let chunk = writer
                .values(of_group, &s.source, how)
                .map_err(|e| out.place(e, s.measurement))?;
            let pages = if writer.bytes.is_empty() {
                0
            } else {
                pages.len()
            };
            out.chunk(
                Some(s.measurement),
                ChunkRole::Value,
                chunk,
                pages,
                &writer.bytes,
            )?;
        }
    }
    Ok(())
}

/// Writes all rows of a device whose series have their own times; returns how many rows have a value, the others being lost.
///
/// # Errors
/// As [`aligned`].
pub fn plain(
    writer: &mut ChunkWriter,
    held: &[Held],
    order: &Order,
    series: &[Series],
    several: bool,
    sizes: Sizes,
    out: &mut impl Chunks,
) -> Result<usize> {
    let mut pages = Vec::new();
    let groups = groups(held, order, series, sizes);
    let several = several || groups.len() > 1;
    for rows in groups {
        let mut begun = false;
        for s in series {
            let own;
            let (order, rows) = match gather::present_rows(held, order, &s.source, rows.clone()) {
                None => (order, rows.clone()),
                Some(present) if present.is_empty() => continue,
                Some(present) => {
                    own = Order::Rows(present);
                    (&own, 0..own.len())
                }
            };
            if !begun {
                out.group()?;
                begun = true;
            }
            let one = std::slice::from_ref(s);
            cut_pages(held, order, one, rows, sizes, &mut pages);
            let of_chunk = Rows {
                held,
                order,
                pages: &pages,
            };
            let how = bound(s.how, ChunkRole::Plain, Some(s.measurement), several, out);
            let chunk = writer
                .values(of_chunk, &s.source, how)
                .map_err(|e| out.place(e, s.measurement))?;
            out.chunk(
                Some(s.measurement),
                ChunkRole::Plain,
                chunk,
                pages.len(),
                &writer.bytes,
            )?;
        }
    }
    Ok(gather::rows_with_value(
        held,
        order,
        series.iter().map(|s| &s.source),
    ))
}

/// Rows of each chunk group, of about equal numbers.
fn groups(held: &[Held], order: &Order, series: &[Series], sizes: Sizes) -> Vec<Range<usize>> {
    let rows = order.len();
    let fixed: usize = series.iter().map(|s| width(s.how.data_type)).sum();
    let strings: usize = series
        .iter()
        .filter(|s| s.how.data_type.is_bytes())
        .map(|s| gather::string_bytes(held, order, &s.source, 0..rows))
        .sum();
    let bytes = rows
        .saturating_mul(fixed + size_of::<i64>())
        .saturating_add(strings);
    let count = bytes
        .div_ceil(sizes.group_bytes.max(1))
        .clamp(1, rows.max(1));
    // A group has at least one full page.
    let each = rows.div_ceil(count).max(sizes.page_points.min(rows)).max(1);
    (0..rows)
        .step_by(each)
        .map(|from| from..(from + each).min(rows))
        .collect()
}

/// Cuts rows into pages that every one of these series can have.
fn cut_pages(
    held: &[Held],
    order: &Order,
    series: &[Series],
    rows: Range<usize>,
    sizes: Sizes,
    pages: &mut Vec<Range<usize>>,
) {
    pages.clear();
    let most = sizes
        .page_points
        .min(sizes.page_bytes / size_of::<i64>())
        .max(1);
    let strings: Vec<_> = series
        .iter()
        .filter(|s| s.how.data_type.is_bytes())
        .collect();
    let mut from = rows.start;
    while from < rows.end {
        let mut n = most.min(rows.end - from);
        for s in &strings {
            loop {
                let bytes = gather::string_bytes(held, order, &s.source, from..from + n);
                if bytes <= sizes.page_bytes || n == 1 {
                    break;
                }
                // The strings may be of very different lengths, so the guess is only that.
                let guess = n as u128 * sizes.page_bytes as u128 / bytes as u128;
                n = usize::try_from(guess).unwrap_or(1).clamp(1, n - 1);
            }
        }
        pages.push(from..from + n);
        from += n;
    }
}
