//! Small groups of chunks in one go: a fast path of [`Merge`](super::merge::Merge) for devices with few points.
//!
//! A device of 20 rows is a few chunks of some dozen bytes each, side by side. Opening a reader for each of them costs several times more
//! than decoding it, so a group whose chunks are single pages and lie within the window is taken from there as a whole. Whatever is unusual
//! is left to [`Source`](super::source::Source), which gives the same rows and says what is wrong.

use super::body::{Body, decode_time_page, with_value_body};
use super::chunk::ChunkCodes;
use super::context::SourceContext;
use super::plan::{ChunkAt, SourcePlan};
use super::source::has_distinct_columns;
use super::whole::{Taken, Wanted, append_values};
use super::window::Window;
use crate::Result;
use crate::arrow::ColumnBuilder;
use crate::format::{ChunkHead, ChunkRole, PageHeader};
use crate::model::Encoding;
use crate::wire::ByteReader;
use std::ops::Range;

/// The last chunk of a small group begins at most this far behind the first.
const MAX_GROUP_BYTES: u64 = if cfg!(fuzzing) { 256 } else { 16 << 10 };
/// The last chunk is at most so long.
const MAX_CHUNK_BYTES: usize = if cfg!(fuzzing) { 128 } else { 4 << 10 };

/// The page of a chunk that has only one.
#[derive(Debug, Clone)]
pub(super) struct SmallPage {
    codes: ChunkCodes,
    /// Of the page header, from the start of the file.
    at: u64,
    /// Where the chunk ends.
    end: u64,
    /// 0 for a page, or a chunk, in which all is null.
    uncompressed_bytes: u32,
    /// In the bytes of the group.
    body: Range<usize>,
}

/// Appends all rows of the group `plan` to `times` and `columns`, when it is small and all of them are wanted.
///
/// # Errors
/// The page is corrupt, or reading fails; the columns are of no use then.
pub(super) fn take_small(
    context: &mut SourceContext,
    plan: &SourcePlan,
    wanted: Wanted,
    times: &mut Vec<i64>,
    columns: &mut [ColumnBuilder],
) -> Result<Taken> {
    let Some(time) = plan.time.as_ref().filter(|_| !plan.only_present) else {
        return Ok(Taken::No);
    };
    let last = plan.columns.iter().map(|c| c.chunk.offset).max();
    let span = last.unwrap_or(time.offset).checked_sub(time.offset);
    let Some(span) = span.filter(|&span| span <= MAX_GROUP_BYTES) else {
        return Ok(Taken::No);
    };
    let (Some(statistics), true) = (&time.statistics, has_distinct_columns(plan)) else {
        return Ok(Taken::No);
    };
    // What the statistics say is enough to leave the page alone, and is compared with the times below.
    let said = usize::try_from(statistics.count).unwrap_or(usize::MAX);
    let (first, last) = (statistics.start_time, statistics.end_time);
    if first < context.range.0 || last > context.range.1 {
        return Ok(Taken::No);
    }
    if let Err(no) = wanted.fits(last, said) {
        return Ok(no);
    }
    let want = usize::try_from(span).unwrap_or(usize::MAX) + MAX_CHUNK_BYTES;
    let mut window = std::mem::take(&mut context.window);
    let mut pages = std::mem::take(&mut context.small);
    let taken = take(
        context,
        plan,
        time,
        wanted,
        (&mut window, want),
        &mut pages,
        (times, columns),
    );
    context.window = window;
    context.small = pages;
    taken.map_err(|e| e.device(&*plan.device))
}

/// With the window and the list of pages out of the context.
fn take(
    context: &mut SourceContext,
    plan: &SourcePlan,
    time: &ChunkAt,
    wanted: Wanted,
    (window, want): (&mut Window, usize),
    pages: &mut Vec<SmallPage>,
    (times, columns): (&mut Vec<i64>, &mut [ColumnBuilder]),
) -> Result<Taken> {
    let reader = &context.reader;
    let bytes = window.get(reader.source(), time.offset, want, reader.data_end())?;
    pages.clear();
    pages.extend(find_page(bytes, time.offset, time, ChunkRole::Time, ""));
    for c in &plan.columns {
        let page = find_page(
            bytes,
            time.offset,
            &c.chunk,
            ChunkRole::Value,
            &c.measurement,
        );
        pages.extend(page);
    }
    let Some((time_page, value_pages)) = pages.split_first() else {
        return Ok(Taken::No);
    };
    if value_pages.len() < plan.columns.len() || time_page.uncompressed_bytes == 0 {
        return Ok(Taken::No);
    }
    let page = decode_time_page(context, time_page.body(bytes), time.statistics.as_ref())?;
    let (Some(&first), Some(&last)) = (page.first(), page.last()) else {
        return Ok(Taken::No);
    };
    let rows = page.len();
    if first < context.range.0 || last > context.range.1 {
        return Ok(Taken::No);
    }
    if let Err(no) = wanted.fits(last, rows) {
        return Ok(no);
    }
    context.count_chunk(time.offset, time_page.end)?;
    times.extend_from_slice(&page);
    for (page, c) in value_pages.iter().zip(&plan.columns) {
        context.count_chunk(c.chunk.offset, page.end)?;
        let Some(out) = c.column.and_then(|i| columns.get_mut(i)) else {
            continue;
        };
        if page.uncompressed_bytes == 0 {
            out.append_nulls(rows);
            continue;
        }
        let statistics = c.chunk.statistics.as_ref();
        with_value_body(
            context,
            page.body(bytes),
            statistics,
            rows,
            |context, page| append_values(context, page, rows, out),
        )
        .map_err(|e| e.measurement(&*c.measurement))?;
    }
    context.spare_times = page;
    Ok(Taken::Rows(rows))
}

impl SmallPage {
    fn body<'a>(&self, bytes: &'a [u8]) -> Body<'a> {
        Body {
            at: self.at,
            codes: self.codes,
            uncompressed_bytes: self.uncompressed_bytes,
            bytes: bytes.get(self.body.clone()).unwrap_or(&[]),
        }
    }
}

/// The only page of `chunk` in `bytes`, which begin at offset `base`; `None` when the chunk is not what was expected, has several pages, or
/// is not there as a whole.
fn find_page(
    bytes: &[u8],
    base: u64,
    chunk: &ChunkAt,
    role: ChunkRole,
    measurement: &str,
) -> Option<SmallPage> {
    let position = usize::try_from(chunk.offset.checked_sub(base)?).ok()?;
    let mut r = ByteReader::at(bytes, position, "chunk header");
    let head = ChunkHead::parse_of(&mut r, measurement).ok()??;
    if head.kind.role != role {
        return None;
    }
    let codes = ChunkCodes::of(&head)?;
    let pages = r.position();
    let end = pages.checked_add(usize::try_from(head.data_bytes).ok()?)?;
    let mut page = SmallPage {
        codes,
        at: base + pages as u64,
        end: base + end as u64,
        uncompressed_bytes: 0,
        body: end..end,
    };
    if codes.encoding == Encoding::Sprintz {
        // Which of two ways it was written in is looked up when a source is opened.
        return None;
    }
    if head.data_bytes == 0 {
        return Some(page);
    }
    if !head.kind.single_page || end > bytes.len() {
        return None;
    }
    let header = PageHeader::parse(&mut r, codes.data_type, true).ok()?;
    page.uncompressed_bytes = header.uncompressed_bytes;
    page.body = r.position()..r.position() + usize::try_from(header.compressed_bytes).ok()?;
    (page.body.end == end).then_some(page)
}
