//! What metadata say about a stretch of time: everything, all but some pages, counts alone, or nothing that is sure.

use super::aggregate::Part;
use super::decode::{Decoder, PageStatistics};
use super::parts::{Chunk, Parts, times};
use super::spans::{Times, common, hull, within};
use crate::Result;
use crate::model::{DataType, Statistics, ValueStatistics};
use crate::read::chunk::ChunkCodes;
use crate::read::plan::ChunkAt;
use crate::read::{touches, trust};
use std::fmt;
use std::sync::Arc;

/// Why statistics do not answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Refusal {
    /// The filter leaves something to be tested of each row.
    Residual,
    /// Rows that several files hold of one device and time become one.
    Files,
    /// Only some of the rows are wanted: an offset or a limit.
    Limit,
    /// Chunks of a timeseries share a stretch of time, and a later one overwrites points of an earlier one.
    Overlap,
    /// Rows are the times of several timeseries together, which share a stretch of time.
    Siblings,
    /// The time range cuts a page.
    Cut,
    /// Nobody noted any, as in a recovered file.
    NoStatistics,
    /// NaN, or a sum that is not finite: NaN hides from the smallest and the largest value.
    NaN,
    /// The encoding may give back other values than it was given.
    Lossy,
    /// There is no such thing for the type.
    Type,
    /// Values are shown otherwise than they are stored, or not at all: text that is no UTF-8, dates that do not exist.
    Altered,
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Residual => "the filter leaves something to be tested of each row",
            Self::Files => "rows of several files become one",
            Self::Limit => "an offset or a limit leaves some of the rows",
            Self::Overlap => "chunks of a timeseries share a stretch of time",
            Self::Siblings => "several timeseries share a stretch of time",
            Self::Cut => "the time range cuts a page",
            Self::NoStatistics => "there are no statistics",
            Self::NaN => "there are NaN or infinite values",
            Self::Lossy => "the encoding may not give back what it was given",
            Self::Type => "statistics of this type have no such thing",
            Self::Altered => "values are shown otherwise than they are stored",
        })
    }
}

/// What metadata say about some chunks that share a stretch of time.
#[derive(Debug)]
pub(super) enum Told {
    /// All that is asked.
    All(Part),
    /// All of the pages that lie in the time range; those that are cut have to be decoded in these ranges.
    But(Part, Vec<Times>),
    /// How many and when; of the values nothing.
    Counted(Part, Refusal),
    /// Not enough.
    Nothing(Refusal),
}

/// What is asked.
#[derive(Debug, Clone, Copy)]
pub(super) struct Asked<'a> {
    /// Ascending and apart.
    pub(super) ranges: &'a [Times],
    pub(super) values: bool,
}

/// Why the values in `statistics` are not sure to be those of a scan; `codes` are those of the chunk, where they matter.
fn doubt(
    statistics: &Statistics,
    data_type: DataType,
    codes: Option<ChunkCodes>,
    lossless: bool,
) -> Option<Refusal> {
    if trust::values(statistics, data_type, codes, lossless) {
        return None;
    }
    let empty = ValueStatistics::empty(data_type);
    Some(match &statistics.values {
        ValueStatistics::None if empty != ValueStatistics::None => Refusal::NoStatistics,
        values if !trust::is_ordered(values) => Refusal::NaN,
        _ => Refusal::Lossy,
    })
}

/// What statistics say about the chunks of a series, which share a stretch of time.
pub(super) fn tell(
    parts: &Parts,
    group: &[(Times, usize)],
    asked: Asked<'_>,
    decoder: &mut Decoder,
) -> Result<Told> {
    let [(_, one)] = group else {
        let mut chunks = group.iter().filter_map(|(_, i)| parts.chunks.get(*i));
        return Ok(Told::Nothing(
            match chunks.all(|c| c.at.statistics.is_some()) {
                true => Refusal::Overlap,
                false => Refusal::NoStatistics,
            },
        ));
    };
    let Some(chunk) = parts.chunks.get(*one) else {
        return Ok(Told::All(Part::default()));
    };
    let series = parts.series.get(chunk.series);
    let told = tell_chunk(
        parts,
        chunk,
        series.map_or(DataType::Vector, |s| s.data_type),
        asked,
        decoder,
    );
    told.map_err(|e| match series {
        Some(series) => e
            .measurement(&*series.measurement)
            .device(parts.name(decoder.reader(), series.device)),
        None => e,
    })
}

/// Why the values in `statistics` of the chunk at `offset`, which lies in the time range as a whole, are not sure to be those of a scan.
pub(super) fn doubt_whole(
    statistics: &Statistics,
    offset: u64,
    data_type: DataType,
    decoder: &mut Decoder,
) -> Result<Option<Refusal>> {
    let lossless = decoder.is_lossless();
    // Only the header says how values are encoded; there is no use for that where they are doubted anyway.
    let ordered = trust::is_ordered(&statistics.values);
    let codes = match ordered && trust::needs_header(data_type, lossless) {
        true => Some(decoder.codes(offset)?),
        false => None,
    };
    Ok(doubt(statistics, data_type, codes, lossless))
}

fn tell_chunk(
    parts: &Parts,
    chunk: &Chunk,
    data_type: DataType,
    asked: Asked<'_>,
    decoder: &mut Decoder,
) -> Result<Told> {
    let Some(statistics) = &chunk.at.statistics else {
        return Ok(Told::Nothing(Refusal::NoStatistics));
    };
    let Some(times) = statistics.time_range() else {
        return Ok(Told::All(Part::default()));
    };
    if within(times, asked.ranges) {
        let doubt = match asked.values {
            true => doubt_whole(statistics, chunk.at.offset, data_type, decoder)?,
            false => None,
        };
        return Ok(match (doubt, asked.values) {
            (Some(why), _) => Told::Counted(Part::counted(statistics), why),
            (None, true) => Told::All(Part::of_statistics(statistics, data_type)),
            (None, false) => Told::All(Part::counted(statistics)),
        });
    }
    let lossless = decoder.is_lossless();
    let codes = match asked.values && trust::needs_header(data_type, lossless) {
        true => Some(decoder.codes(chunk.at.offset)?),
        false => None,
    };
    let told = |s| match asked.values {
        true => Part::of_statistics(s, data_type),
        false => Part::counted(s),
    };
    let doubt = |s| match asked.values {
        true => doubt(s, data_type, codes, lossless),
        false => None,
    };
    let pages = decoder.pages(&chunk.at)?;
    // Aligned pages are cut where the page of their times is.
    let time_pages = match chunk.time.and_then(|i| parts.times.get(i)) {
        Some(time) => Some(decoder.time_pages(time)?),
        None => None,
    };
    if time_pages.as_ref().is_some_and(|t| t.len() != pages.len()) {
        return Ok(Told::Nothing(Refusal::Cut));
    }
    let (mut part, mut counted) = (Part::default(), Part::default());
    let (mut cut, mut doubted) = (Vec::new(), None);
    for (i, page) in pages.iter().enumerate() {
        let PageStatistics::Known(own) = page else {
            return Ok(Told::Nothing(Refusal::NoStatistics));
        };
        let span = match time_pages.as_ref().and_then(|t| t.get(i)) {
            Some(PageStatistics::Known(time)) => time.time_range(),
            Some(PageStatistics::Unknown) => return Ok(Told::Nothing(Refusal::NoStatistics)),
            None => own.time_range(),
        };
        let Some(span) = span.filter(|_| own.count > 0) else {
            continue;
        };
        if within(span, asked.ranges) {
            doubted = doubted.or(doubt(own));
            part.add(told(own));
            counted.add(Part::counted(own));
        } else {
            cut.extend(common(span, asked.ranges));
        }
    }
    Ok(match doubted {
        None => Told::But(part, cut),
        Some(why) if cut.is_empty() => Told::Counted(counted, why),
        Some(_) => Told::Nothing(Refusal::Cut),
    })
}

/// Where rows come from: a time chunk, or a chunk of a series.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum RowChunk {
    Time(usize),
    Value(usize),
}

impl RowChunk {
    pub(super) fn at(self, parts: &Parts) -> Option<&ChunkAt> {
        match self {
            Self::Time(i) => parts.times.get(i),
            Self::Value(i) => parts.chunks.get(i).map(|c| &c.at),
        }
    }

    /// The chunk that its pages are cut like.
    fn times(self, parts: &Parts) -> Option<&ChunkAt> {
        let time = match self {
            Self::Time(i) => Some(i),
            Self::Value(i) => parts.chunks.get(i).and_then(|c| c.time),
        };
        time.and_then(|i| parts.times.get(i))
    }

    fn series(self, parts: &Parts) -> Option<usize> {
        match self {
            Self::Time(_) => None,
            Self::Value(i) => parts.chunks.get(i).map(|c| c.series),
        }
    }
}

/// The chunks of `parts` that make rows and have a time in one of the `ranges`: of aligned devices the time chunks, or with `only_present`,
/// where a row needs a value, their value chunks.
pub(super) fn row_chunks(
    parts: &Parts,
    ranges: &[Times],
    only_present: bool,
    out: &mut Vec<(Times, RowChunk)>,
) {
    out.clear();
    let mut add = |times: Option<Times>, chunk| {
        let touching = times.filter(|t| touches(ranges, t.0, t.1));
        out.extend(touching.map(|t| (t, chunk)));
    };
    if !only_present {
        for (i, at) in parts.times.iter().enumerate() {
            add(times(at), RowChunk::Time(i));
        }
    }
    for (i, chunk) in parts.chunks.iter().enumerate() {
        if only_present || chunk.time.is_none() {
            add(parts.times(chunk), RowChunk::Value(i));
        }
    }
}

/// How many rows are in chunks that share a stretch of time, and when.
pub(super) fn tell_rows(
    parts: &Parts,
    group: &[(Times, RowChunk)],
    ranges: &[Times],
    decoder: &mut Decoder,
) -> Result<Told> {
    let statistics = |c: &RowChunk| c.at(parts)?.statistics.as_ref();
    if group.iter().any(|(_, c)| statistics(c).is_none()) {
        return Ok(Told::Nothing(Refusal::NoStatistics));
    }
    match group {
        [(times, one)] => match one.at(parts) {
            Some(at) => tell_one(*times, *one, at, ranges, decoder),
            None => Ok(Told::All(Part::default())),
        },
        many => Ok(tell_many(parts, many, ranges)),
    }
}

/// A chunk that shares no time with another has as many rows as points.
fn tell_one(
    times: Times,
    chunk: RowChunk,
    at: &ChunkAt,
    ranges: &[Times],
    decoder: &mut Decoder,
) -> Result<Told> {
    let Some(statistics) = &at.statistics else {
        return Ok(Told::Nothing(Refusal::NoStatistics));
    };
    if within(times, ranges) {
        return Ok(Told::All(Part::counted(statistics)));
    }
    let pages: Arc<[PageStatistics]> = match chunk {
        RowChunk::Time(_) => decoder.time_pages(at)?,
        RowChunk::Value(_) => decoder.pages(at)?.into(),
    };
    let (mut part, mut cut) = (Part::default(), Vec::new());
    for page in pages.iter() {
        let PageStatistics::Known(page) = page else {
            return Ok(Told::Nothing(Refusal::NoStatistics));
        };
        match page.time_range() {
            None => {}
            Some(span) if within(span, ranges) => part.add(Part::counted(page)),
            Some(span) => cut.extend(common(span, ranges)),
        }
    }
    Ok(Told::But(part, cut))
}

/// Chunks that share times: when one of them has a point at every time that there can be, these are the rows.
fn tell_many(parts: &Parts, chunks: &[(Times, RowChunk)], ranges: &[Times]) -> Told {
    let hull = chunks.iter().fold(None, |all, (t, _)| hull(all, Some(*t)));
    let Some(all) = hull.filter(|all| within(*all, ranges)) else {
        return Told::Nothing(Refusal::Cut);
    };
    let rows = i128::from(all.1) - i128::from(all.0) + 1;
    let statistics = |c: &RowChunk| c.at(parts)?.statistics.as_ref();
    let dense = chunks.iter().filter(|(times, _)| *times == all);
    let dense = dense.filter_map(|(_, c)| statistics(c));
    if let Some(dense) = dense.clone().find(|s| i128::from(s.count) == rows) {
        return Told::All(Part::counted(dense));
    }
    // Values beside the same times: one column has them all.
    let first = chunks.first().and_then(|(_, c)| c.times(parts));
    if let Some(time) = first {
        let offset = |c: &RowChunk| c.times(parts).map(|t| t.offset);
        let shared = chunks.iter().all(|(_, c)| offset(c) == Some(time.offset));
        let count = time.statistics.as_ref().map(|s| s.count);
        let full = chunks.iter().filter_map(|(_, c)| statistics(c));
        let full = full.clone().find(|s| Some(s.count) == count);
        if let Some(full) = full.filter(|_| shared) {
            return Told::All(Part::counted(full));
        }
    }
    let series = |c: &RowChunk| c.series(parts);
    let mut all = chunks.iter().map(|(_, c)| series(c));
    let first = all.next().flatten();
    Told::Nothing(match all.all(|s| s == first) {
        true => Refusal::Overlap,
        false => Refusal::Siblings,
    })
}
