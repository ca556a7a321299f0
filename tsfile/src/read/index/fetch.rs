//! Bytes of the metadata section as they are needed: few reads, and none for what is in memory already.

use super::{Index, Section, Store};
use crate::io::joined;
use crate::read::TsFileReader;
use crate::read::tail::check_metadata_size;
use crate::{Error, Result};
use std::ops::Range;
use std::sync::Arc;

/// A section up to this size is read as a whole at once: a request costs more than its bytes.
const SMALL_SECTION_BYTES: u64 = if cfg!(fuzzing) { 64 } else { 128 * 1024 };
/// Ranges that are closer than this are read together.
const MAX_GAP_BYTES: u64 = if cfg!(fuzzing) { 16 } else { 16 * 1024 };

/// The end of the metadata section, or a part of it, that came along when the file was opened.
#[derive(Debug, Default)]
pub(in crate::read) struct Held {
    pub(in crate::read) start: u64,
    pub(in crate::read) bytes: Vec<u8>,
}

/// What was in memory before anything was fetched.
enum Known {
    Held(Arc<Held>),
    Index(Arc<Index>),
}

/// The bytes of the metadata section that were fetched so far.
pub(super) struct Fetch<'r> {
    reader: &'r TsFileReader,
    /// Of the metadata section.
    start: u64,
    end: u64,
    known: Option<Known>,
    /// What each call of [`Fetch::need`] read: pieces by ascending offset, which do not overlap.
    levels: Vec<Vec<(u64, Vec<u8>)>>,
}

impl<'r> Fetch<'r> {
    pub(super) fn new(reader: &'r TsFileReader) -> Self {
        let known = match reader.loaded_index() {
            Some(index) => Some(Known::Index(index.clone())),
            None => reader.held().map(Known::Held),
        };
        let (start, end) = reader.metadata_section();
        Self {
            reader,
            start,
            end,
            known,
            levels: Vec::new(),
        }
    }

    /// Where the metadata section ends: all nodes lie before.
    pub(super) fn end(&self) -> u64 {
        self.end
    }

    /// Bytes of the metadata section.
    pub(super) fn size_bytes(&self) -> u64 {
        self.end.saturating_sub(self.start)
    }

    /// The bytes of `range`, when they are there; any slice for an empty range.
    pub(super) fn get(&self, range: &Range<u64>) -> Option<&[u8]> {
        if range.is_empty() {
            return Some(&[]);
        }
        let known = match &self.known {
            Some(Known::Held(held)) => cut(held.start, &held.bytes, range),
            Some(Known::Index(index)) => match &index.store {
                Store::Section(stored) => of_section(&stored.section, range),
                Store::Owned(_) => None,
            },
            None => None,
        };
        known.or_else(|| {
            self.levels.iter().find_map(|pieces| {
                let i = pieces.partition_point(|(start, _)| *start <= range.start);
                let (start, bytes) = pieces.get(i.checked_sub(1)?)?;
                cut(*start, bytes, range)
            })
        })
    }

    /// The bytes of `range`, which were needed before.
    pub(super) fn bytes(&self, range: &Range<u64>) -> Result<&[u8]> {
        self.get(range)
            .ok_or_else(|| Error::corrupt("metadata index", "a node was not read").got(range.start))
    }

    /// Reads what is missing of `ranges`.
    ///
    /// # Errors
    /// A range lies outside the metadata section, they are larger than the limit, or reading fails.
    pub(super) fn need(&mut self, ranges: impl IntoIterator<Item = Range<u64>>) -> Result<()> {
        let mut missing = Vec::new();
        for range in ranges {
            if range.start < self.start || range.end > self.end || range.start > range.end {
                return Err(Error::corrupt(
                    "metadata index",
                    "a child lies outside the metadata section or behind its parent",
                )
                .expected(format!("{} to {}", self.start, self.end))
                .got(format!("{} to {}", range.start, range.end)));
            }
            if self.get(&range).is_none() {
                missing.push(range);
            }
        }
        if missing.is_empty() {
            return Ok(());
        }
        let mut missing = joined(missing, MAX_GAP_BYTES);
        let section_bytes = self.size_bytes();
        let total: u64 = missing.iter().map(|r| r.end - r.start).sum();
        if section_bytes <= SMALL_SECTION_BYTES || missing.len() > 1 && total > section_bytes / 2 {
            missing.clear();
            missing.push(self.start..self.end);
        }
        let total: u64 = missing.iter().map(|r| r.end - r.start).sum();
        check_metadata_size(total, self.reader.options())?;
        let level = match missing.as_slice() {
            [only] => vec![(only.start, self.reader.read_section(only.clone(), 1)?)],
            many => {
                let read = self.reader.source().read_ranges(many)?;
                many.iter().map(|r| r.start).zip(read).collect()
            }
        };
        self.levels.push(level);
        Ok(())
    }

    /// A copy of the bytes of `ranges`, all of which were needed before.
    pub(super) fn section(&self, mut ranges: Vec<Range<u64>>) -> Result<Section> {
        ranges.retain(|r| !r.is_empty());
        ranges.sort_unstable_by_key(|r| (r.start, r.end));
        let mut parts: Vec<(u64, &[u8])> = Vec::new();
        let mut at = 0;
        while let Some(first) = ranges.get(at) {
            let mut part = first.clone();
            at += 1;
            while let Some(next) = ranges.get(at) {
                let both = part.start..part.end.max(next.end);
                if next.start > part.end || self.get(&both).is_none() {
                    break;
                }
                part = both;
                at += 1;
            }
            // What was read in two pieces cannot be one part; a structure is in one of them.
            let last = parts.last().map_or(0, |(base, b)| base + b.len() as u64);
            let part = part.start.max(last)..part.end.max(last);
            if !part.is_empty() {
                parts.push((part.start, self.bytes(&part)?));
            }
        }
        Ok(Section::of_parts(parts))
    }
}

/// The bytes of `range` in `bytes`, which begin at offset `start`.
fn cut<'b>(start: u64, bytes: &'b [u8], range: &Range<u64>) -> Option<&'b [u8]> {
    let from = usize::try_from(range.start.checked_sub(start)?).ok()?;
    let to = usize::try_from(range.end.checked_sub(start)?).ok()?;
    bytes.get(from..to)
}

fn of_section<'b>(section: &'b Section, range: &Range<u64>) -> Option<&'b [u8]> {
    let from = section.position(range.start)?;
    let to = from.checked_add(usize::try_from(range.end - range.start).ok()?)?;
    section.up_to_end_of(from).get(from..to)
}
