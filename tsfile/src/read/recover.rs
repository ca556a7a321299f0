//! A file without a tail: walk the markers up to the last whole chunk group.
//!
//! Nothing in the data section is a summary, so counts and times of each chunk are read from its page headers, and from the times themselves
//! where a chunk has a single page. Values stay undecoded: the statistics of a recovered file say nothing about them.

use super::chunk::ChunkReader;
use super::index::Index;
use super::limits::Limits;
use super::options::ReadOptions;
use super::page::{PageContext, decode_times, decode_unmarked_times, split_plain};
use super::tail::{Ending, Opened};
use super::window::Window;
use crate::compress::Decompressor;
use crate::format::{
    ChunkGroupHeader, ChunkHead, ChunkMetadata, ChunkRole, FileMetadata, FormatVersion, HEAD_BYTES,
    Marker, PLAN_INDEX_BYTES, TimeseriesMetadata,
};
use crate::io::ReadAt;
use crate::model::{Compression, DataType, DeviceId, Statistics, ValueStatistics};
use crate::wire::ByteReader;
use crate::{Error, ErrorKind, Result};
use std::collections::BTreeMap;

/// A chunk group header is looked for in this many bytes.
const GROUP_HEADER_BYTES: usize = 64 * 1024;
/// More remarks than this are not kept.
const MAX_NOTES: usize = 20;

type Groups = BTreeMap<DeviceId, BTreeMap<String, TimeseriesMetadata>>;

struct FoundChunk {
    measurement: String,
    data_type: DataType,
    metadata: ChunkMetadata,
}

/// Reads what a dead writer left behind.
pub(super) fn recover<S: ReadAt>(
    source: &S,
    name: &str,
    version: FormatVersion,
    options: &ReadOptions,
) -> Result<Opened> {
    let end = source.size_bytes();
    let mut groups = Groups::new();
    let mut window = Window::default();
    let mut at = HEAD_BYTES as u64;
    let mut open: Option<(DeviceId, Vec<FoundChunk>)> = None;
    let mut whole_end = at;
    let limits = Limits::new(end, options);
    let mut points = 0;
    let mut notes = Vec::new();
    let mut data_is_whole = false;
    loop {
        let marker = match window.get(source, at, 1, end) {
            Ok(bytes) => bytes.first().copied(),
            Err(e) if e.is_io() => return Err(e),
            Err(_) => None,
        };
        let marker = marker.and_then(|b| Marker::try_from(b).ok());
        let next = match marker {
            Some(Marker::ChunkGroup) => group_header(source, &mut window, at, end, version)
                .map(|(device, next)| {
                    close(&mut groups, &mut open);
                    whole_end = at;
                    open = Some((device, Vec::new()));
                    next
                })
                .ok(),
            Some(Marker::PlanIndex) => {
                Some(at + 1 + PLAN_INDEX_BYTES as u64).filter(|&next| next <= end)
            }
            Some(Marker::Chunk(_)) => match (
                &mut open,
                chunk(source, &mut window, at, end, version, &limits, &mut points),
            ) {
                (Some((_, chunks)), Ok((found, next))) => {
                    chunks.push(found);
                    Some(next)
                }
                (_, Err(e)) if e.is_io() => return Err(e),
                (Some((device, chunks)), Err(e)) if e.kind() == ErrorKind::Unsupported => {
                    note(
                        &mut notes,
                        format!(
                            "{}: a chunk at byte {at} cannot be read: {e}",
                            device.path()
                        ),
                    );
                    unknown_chunk(source, &mut window, at, end).map(|(found, next)| {
                        chunks.extend(found);
                        next
                    })
                }
                _ => None,
            },
            Some(Marker::Separator) => {
                // The writer got as far as the metadata: the last group is whole, and only metadata are missing.
                data_is_whole = true;
                close(&mut groups, &mut open);
                whole_end = at;
                None
            }
            None => None,
        };
        match next {
            Some(next) => at = next,
            None => break,
        }
    }
    if at == end {
        // The bytes end exactly behind a chunk. Whether the group was to go on cannot be told; what is there is whole.
        close(&mut groups, &mut open);
        whole_end = at;
    }
    if whole_end < end && !data_is_whole {
        note(
            &mut notes,
            format!("bytes {whole_end} to {end} were left out: no whole chunk group"),
        );
    }
    let metadata = FileMetadata {
        tables: Vec::new(),
        schemas: Vec::new(),
        unknown_schemas: Vec::new(),
        meta_offset: whole_end,
        bloom_filter: None,
        properties: Vec::new(),
    };
    let parts = groups
        .into_iter()
        .map(|(device, series)| (device, series.into_values().collect()))
        .collect();
    Ok(Opened {
        version,
        metadata,
        whole_metadata: true,
        metadata_start: whole_end,
        ending: Some(Ending { cpp: false }),
        held: None,
        notes,
        recovered: Some(Index::from_parts(name, parts)),
    })
}

fn close(groups: &mut Groups, open: &mut Option<(DeviceId, Vec<FoundChunk>)>) {
    let Some((device, chunks)) = open.take() else {
        return;
    };
    let device = groups.entry(device).or_default();
    for found in chunks {
        let series =
            device
                .entry(found.measurement.clone())
                .or_insert_with(|| TimeseriesMetadata {
                    kind: 1,
                    measurement: found.measurement,
                    data_type: found.data_type,
                    statistics: Statistics {
                        count: 0,
                        start_time: 0,
                        end_time: 0,
                        values: ValueStatistics::None,
                    },
                    chunks: Vec::new(),
                });
        if let Some(own) = &found.metadata.statistics {
            let all = &mut series.statistics;
            if all.count == 0 {
                (all.start_time, all.end_time) = (own.start_time, own.end_time);
            } else if own.count > 0 {
                all.start_time = all.start_time.min(own.start_time);
                all.end_time = all.end_time.max(own.end_time);
            }
            all.count = all.count.saturating_add(own.count);
        }
        series.chunks.push(found.metadata);
    }
}

fn group_header<S: ReadAt>(
    source: &S,
    window: &mut Window,
    at: u64,
    end: u64,
    version: FormatVersion,
) -> Result<(DeviceId, u64)> {
    let bytes = window.get(source, at + 1, GROUP_HEADER_BYTES, end)?;
    let mut r = ByteReader::new(bytes, "chunk group header");
    let header = ChunkGroupHeader::parse(&mut r, version)?;
    Ok((header.device, at + 1 + r.position() as u64))
}

fn note(notes: &mut Vec<String>, text: String) {
    if notes.len() < MAX_NOTES {
        notes.push(text);
    }
}

/// Passes over a chunk with an unknown code: it stays in the index when its type is known, so that asking for it says why it cannot be
/// read, and the chunks behind it are found.
fn unknown_chunk<S: ReadAt>(
    source: &S,
    window: &mut Window,
    at: u64,
    end: u64,
) -> Option<(Option<FoundChunk>, u64)> {
    let bytes = window.get(source, at, GROUP_HEADER_BYTES, end).ok()?;
    let mut r = ByteReader::new(bytes, "chunk header");
    let head = ChunkHead::parse(&mut r).ok()?;
    let next = at + r.position() as u64 + u64::from(head.data_bytes);
    let found = DataType::try_from(head.data_type_code)
        .ok()
        .map(|data_type| FoundChunk {
            measurement: head.measurement.to_string(),
            data_type,
            metadata: ChunkMetadata {
                offset: at,
                statistics: None,
            },
        });
    (next <= end).then_some((found, next))
}

/// Walks the pages of the chunk at `at`; returns what is known of it and where it ends.
fn chunk<S: ReadAt>(
    source: &S,
    window: &mut Window,
    at: u64,
    end: u64,
    version: FormatVersion,
    limits: &Limits,
    points: &mut u64,
) -> Result<(FoundChunk, u64)> {
    let mut reader = ChunkReader::open(source, window, at, end, None)?;
    let header = reader.header().clone();
    let context = PageContext {
        version,
        cpp: false,
        max_points: usize::try_from(limits.page_points).unwrap_or(usize::MAX),
        max_string_bytes: usize::try_from(limits.rows_bytes).unwrap_or(usize::MAX),
        keys: false,
    };
    let mut all = Statistics {
        count: 0,
        start_time: i64::MAX,
        end_time: i64::MIN,
        values: ValueStatistics::None,
    };
    while let Some(page) = reader.next_page(source)? {
        let mut add = |count: u64, start: i64, stop: i64| {
            if count > 0 {
                all.count = all.count.saturating_add(count);
                all.start_time = all.start_time.min(start);
                all.end_time = all.end_time.max(stop);
            }
        };
        match page.statistics {
            Some(s) => add(s.count, s.start_time, s.end_time),
            None if page.uncompressed_bytes == 0 || header.kind.role == ChunkRole::Value => {}
            None => {
                let size = usize::try_from(page.uncompressed_bytes).unwrap_or(usize::MAX);
                if size as u64 > limits.page_bytes {
                    return Err(Error::corrupt(
                        "page header",
                        "the page is larger than the limit",
                    ));
                }
                let mut out = Vec::new();
                let body = reader.body(source)?;
                let body = if header.compression == Compression::Uncompressed {
                    body
                } else {
                    Decompressor::default().decompress(header.compression, body, size, &mut out)?
                };
                let mut times = Vec::new();
                if header.kind.role == ChunkRole::Time {
                    decode_times(context, header.encoding, body, None, &mut times)?;
                } else {
                    decode_unmarked_times(context, split_plain(body)?.0, None, &mut times)?;
                }
                *points = points.saturating_add(times.len() as u64);
                Limits::check(
                    *points,
                    limits.values,
                    "page",
                    "the pages of the file hold more values than its size justifies",
                )?;
                if let (Some(first), Some(last)) = (times.first(), times.last()) {
                    add(times.len() as u64, *first, *last);
                }
            }
        }
    }
    // A value chunk of a single page says nothing about its points; its time chunk does.
    let known = header.kind.role != ChunkRole::Value || !header.kind.single_page;
    let metadata = ChunkMetadata {
        offset: at,
        statistics: known.then_some(all),
    };
    Ok((
        FoundChunk {
            measurement: header.measurement,
            data_type: header.data_type,
            metadata,
        },
        reader.position(),
    ))
}
