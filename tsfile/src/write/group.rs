//! The rows of one device, on their way into chunk groups: order, pages, chunks.

use super::chunk::{Chunk, ChunkWriter, How, Rows};
use super::gather::{self, Source};
use super::held::{Held, Order};
use crate::format::ChunkRole;
use crate::model::DataType;
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

    /// Adds device and measurement to an error.
    fn place(&self, error: Error, measurement: u32) -> Error;
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
/// # Errors
/// As [`Chunks`] and [`ChunkWriter::values`].
pub fn aligned(
    writer: &mut ChunkWriter,
    held: &[Held],
    order: &Order,
    series: &[Series],
    time: How,
    sizes: Sizes,
    out: &mut impl Chunks,
) -> Result<()> {
    let mut pages = Vec::new();
    for rows in groups(held, order, series, sizes) {
        cut_pages(held, order, series, rows.clone(), sizes, &mut pages);
        let of_group = Rows {
            held,
            order,
            pages: &pages,
        };
        out.group()?;
        let chunk = writer.times(of_group, time.compression)?;
        out.chunk(None, ChunkRole::Time, chunk, pages.len(), &writer.bytes)?;
        for s in series {
            if !s.keep_empty && !gather::any_value(held, order, &s.source, rows.clone()) {
                continue;
            }
            let how = How {
                role: ChunkRole::Value,
                ..s.how
            };
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
    sizes: Sizes,
    out: &mut impl Chunks,
) -> Result<usize> {
    let mut pages = Vec::new();
    for rows in groups(held, order, series, sizes) {
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
            let how = How {
                role: ChunkRole::Plain,
                ..s.how
            };
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
