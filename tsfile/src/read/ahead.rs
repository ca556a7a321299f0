//! Where the chunks that will be read begin and end, as far as the index tells.

use super::chunk::HEADER_GUESS_BYTES;
use super::plan::{ChunkAt, SourcePlan};
use super::source::touches;
use super::window::MARGIN_BYTES;
use super::{DeviceRef, TsFileReader};
use crate::Result;
use crate::model::ValueStatistics;
use std::ops::Range;

/// Bytes of a time, or of a value that is not a text, at most: a varint of 64 bits.
const POINT_BYTES: u64 = 10;
/// Headers of the chunk and its pages, and a margin.
const HEADER_BYTES: u64 = 4 * 1024;
/// What is fetched of a chunk whose end nobody knows.
const UNKNOWN_BYTES: u64 = 256 * 1024;
/// Above this many devices, and this many chunks, it is no small part of a file.
const MAX_DEVICES: usize = 64;
const MAX_CHUNKS: usize = 4096;

/// Bytes of the chunks of `plans`, of which those without a point in `spans` are left out; none when they are too many. A chunk ends where the
/// next one of `devices` begins, or after as many bytes as its points can take: another device may follow. Where it is known where the pages
/// are, those without a point in `spans` are left out too.
pub(super) fn chunk_ranges(
    reader: &TsFileReader,
    devices: &[DeviceRef<'_>],
    plans: &[SourcePlan],
    spans: &[(i64, i64)],
) -> Result<Vec<Range<u64>>> {
    let data_end = reader.data_end();
    let mut wanted: Vec<(u64, u64)> = Vec::new();
    let mut pages: Vec<Range<u64>> = Vec::new();
    for plan in plans {
        let times = plan.times();
        if times.is_none_or(|(first, last)| !touches(spans, first, last)) {
            continue;
        }
        if let Some(known) = reader.places().of(plan) {
            pages.extend(known.ranges(spans).into_iter().map(|r| {
                // The next header is looked for in so many bytes.
                r.start
                    ..r.end
                        .saturating_add(HEADER_GUESS_BYTES as u64)
                        .min(data_end)
            }));
            continue;
        }
        let rows = plan.time.as_ref().and_then(points);
        let times = plan.time.as_ref().map(|c| (c.offset, of_points(rows, 1)));
        wanted.extend(times);
        let values = plan.columns.iter().map(|c| &c.chunk);
        wanted.extend(values.map(|c| (c.offset, most_bytes(c, rows))));
        if wanted.len() + pages.len() > MAX_CHUNKS {
            return Ok(Vec::new());
        }
    }
    if wanted.is_empty() {
        return Ok(pages);
    }
    if devices.len() > MAX_DEVICES {
        return Ok(Vec::new());
    }
    let mut starts: Vec<u64> = Vec::new();
    for device in devices {
        for k in 0..device.series_count() {
            device.chunks(k, |chunk| starts.push(chunk.offset))?;
        }
    }
    starts.sort_unstable();
    let end = |offset: u64, most: u64| {
        let next = starts.partition_point(|&start| start <= offset);
        let next = starts.get(next).copied().unwrap_or(data_end);
        let end = next.min(offset.saturating_add(most));
        end.saturating_add(MARGIN_BYTES as u64).min(data_end)
    };
    let inside = wanted.into_iter().filter(|(offset, _)| *offset < data_end);
    pages.extend(inside.map(|(offset, most)| offset..end(offset, most)));
    Ok(pages)
}

fn points(chunk: &ChunkAt) -> Option<u64> {
    chunk.statistics.as_ref().map(|s| s.count)
}

/// No chunk of values is larger; `rows` are those of the aligned group that it is in, else it has its own times.
fn most_bytes(chunk: &ChunkAt, rows: Option<u64>) -> u64 {
    let is_number = chunk.statistics.as_ref().is_some_and(|s| {
        !matches!(
            s.values,
            // Of BLOB there is nothing.
            ValueStatistics::None | ValueStatistics::Text { .. } | ValueStatistics::String { .. }
        )
    });
    match rows {
        _ if !is_number => UNKNOWN_BYTES,
        Some(rows) => of_points(points(chunk), 1).saturating_add(rows / 8),
        None => of_points(points(chunk), 2),
    }
}

fn of_points(points: Option<u64>, numbers: u64) -> u64 {
    points.map_or(UNKNOWN_BYTES, |points| {
        points
            .saturating_mul(numbers * POINT_BYTES)
            .saturating_add(HEADER_BYTES)
    })
}
