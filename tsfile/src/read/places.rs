//! Where the pages of chunks are, once somebody walked over them: the next query of the same reader goes straight to its pages.
//!
//! A chunk says nothing about its pages: one header leads to the next. So the first query of a device has to have all bytes between them, or
//! a request for each. What it finds is kept, some bytes a page, as long as the file is open.

use super::plan::{ChunkAt, SourcePlan};
use super::source::touches;
use crate::format::ChunkHeader;
use std::collections::HashMap;
use std::ops::Range;
use std::sync::{Arc, Mutex};

/// One reader keeps no more than this; then it begins anew.
const MAX_BYTES: usize = if cfg!(fuzzing) { 4 << 10 } else { 1 << 20 };
/// A chunk header with its name, the entry of the table and allocations.
const CHUNK_BYTES: usize = 256;

/// One chunk.
#[derive(Debug)]
pub(super) struct ChunkPlaces {
    pub(super) header: Arc<ChunkHeader>,
    /// Offsets of the page headers.
    pub(super) pages: Vec<u64>,
    /// Where the chunk ends.
    pub(super) end: u64,
    /// First and last time of each page; none in a chunk of values, whose pages are those of its time chunk.
    pub(super) times: Vec<(i64, i64)>,
}

impl ChunkPlaces {
    /// Where page number `page` begins, or where the chunk ends.
    pub(super) fn page(&self, page: usize) -> u64 {
        self.pages.get(page).copied().unwrap_or(self.end)
    }

    fn size_bytes(&self) -> usize {
        CHUNK_BYTES
            + self.pages.len() * size_of::<u64>()
            + self.times.len() * size_of::<(i64, i64)>()
    }
}

/// All chunks of a source: the time chunk, or the only one, and then the others. Each has as many pages as the first, or none.
#[derive(Debug)]
pub(super) struct SourcePlaces {
    pub(super) chunks: Vec<Arc<ChunkPlaces>>,
}

impl SourcePlaces {
    fn times(&self) -> &[(i64, i64)] {
        self.chunks.first().map_or(&[], |first| &first.times)
    }

    /// Number of the page at `offset` of the first chunk.
    pub(super) fn number(&self, offset: u64) -> Option<usize> {
        self.chunks.first()?.pages.binary_search(&offset).ok()
    }

    /// The first page from number `from` on that can have a time in `spans`, else the number of pages.
    pub(super) fn next_in(&self, spans: &[(i64, i64)], from: usize) -> usize {
        let rest = self.times().get(from..).unwrap_or(&[]);
        let next = rest.iter().position(|t| touches(spans, t.0, t.1));
        from + next.unwrap_or(rest.len())
    }

    /// Bytes of all pages that can have a time in `spans`.
    pub(super) fn ranges(&self, spans: &[(i64, i64)]) -> Vec<Range<u64>> {
        let times = self.times().iter().enumerate();
        let wanted: Vec<usize> = times
            .filter(|(_, t)| touches(spans, t.0, t.1))
            .map(|(i, _)| i)
            .collect();
        let of = |chunk: &Arc<ChunkPlaces>| {
            let pages = wanted.iter().map(|&i| chunk.page(i)..chunk.page(i + 1));
            pages.filter(|r| !r.is_empty()).collect::<Vec<_>>()
        };
        self.chunks.iter().flat_map(of).collect()
    }
}

/// What is known of the chunks of one file.
#[derive(Debug, Default)]
pub(super) struct Places {
    known: Mutex<Known>,
}

#[derive(Debug, Default)]
struct Known {
    chunks: HashMap<u64, Arc<ChunkPlaces>>,
    bytes: usize,
}

impl Places {
    /// The chunks of `plan`, when all of them are known.
    pub(super) fn of(&self, plan: &SourcePlan) -> Option<SourcePlaces> {
        let known = self.known.lock().ok()?;
        let find = |chunk: &ChunkAt| known.chunks.get(&chunk.offset).cloned();
        let columns = plan.columns.iter().map(|c| &c.chunk);
        let chunks: Option<Vec<_>> = plan.time.iter().chain(columns).map(find).collect();
        let chunks = chunks?;
        let pages = chunks.first()?.times.len();
        let alike = |c: &Arc<ChunkPlaces>| c.pages.len() == pages || c.pages.is_empty();
        (pages > 0 && chunks.iter().all(alike)).then_some(SourcePlaces { chunks })
    }

    /// Keeps what was found, by the offset of each chunk.
    pub(super) fn keep(&self, found: impl IntoIterator<Item = (u64, ChunkPlaces)>) {
        let Ok(mut known) = self.known.lock() else {
            return;
        };
        for (offset, chunk) in found {
            let bytes = chunk.size_bytes();
            if bytes > MAX_BYTES {
                continue;
            }
            if known.bytes + bytes > MAX_BYTES {
                *known = Known::default();
            }
            if known.chunks.insert(offset, Arc::new(chunk)).is_none() {
                known.bytes += bytes;
            }
        }
    }
}
