//! One device: which of its chunks are answered by statistics, which by their pages' statistics, and which have to be decoded.

use super::aggregate::Part;
use super::decode::{Decoder, PageStatistics};
use super::spans::{common, groups, hull, within};
use super::{RowSummary, SeriesSummary, SummaryRequest, SummarySource};
use crate::arrow::widen;
use crate::model::DataType;
use crate::read::DeviceRef;
use crate::read::plan::{ChunkAt, SourceColumn, SourcePlan};
use crate::read::trust;
use crate::{Error, Result};
use std::collections::BTreeMap;
use std::sync::Arc;

/// First and last time, both inclusive.
type Times = (i64, i64);

/// The chunks of one device (all that the index has under its name).
pub(super) struct Parts {
    name: Arc<str>,
    /// Time chunks of its aligned chunk groups.
    times: Vec<ChunkAt>,
    /// Chunks of all its non-aligned series, when rows are wanted.
    plain: Vec<(Arc<str>, ChunkAt)>,
    series: Vec<Series>,
}

/// A series that is wanted.
struct Series {
    measurement: Arc<str>,
    data_type: DataType,
    chunks: Vec<Chunk>,
}

/// A chunk of a series.
#[derive(Clone)]
struct Chunk {
    at: ChunkAt,
    /// Number of its time chunk, when it is aligned.
    time: Option<usize>,
}

impl Parts {
    /// Looks up the chunks of `devices`, which are one device; of the series only those that `wants` names.
    pub(super) fn collect(
        devices: &[DeviceRef<'_>],
        wants: impl Fn(&str) -> bool,
        rows: bool,
    ) -> Result<Self> {
        let name = devices.first().map(|d| d.id().path()).unwrap_or_default();
        let mut parts = Self {
            name: name.into(),
            times: Vec::new(),
            plain: Vec::new(),
            series: Vec::new(),
        };
        for &device in devices {
            let aligned = device.is_aligned();
            let first_time = parts.times.len();
            if aligned {
                device.chunks(0, |at| parts.times.push(at))?;
                if let Some(own) = parts.times.get_mut(first_time..) {
                    own.sort_by_key(|c| c.offset);
                }
            }
            for k in usize::from(aligned)..device.series_count() {
                let series = device.series(k)?;
                let wanted = wants(series.measurement);
                if !wanted && (aligned || !rows) {
                    continue;
                }
                let measurement: Arc<str> = series.measurement.into();
                let mut chunks = Vec::new();
                device.chunks(k, |at| chunks.push(at))?;
                if !aligned && rows {
                    let own = chunks.iter().map(|at| (measurement.clone(), at.clone()));
                    parts.plain.extend(own);
                }
                if wanted {
                    let chunks = chunks.into_iter().map(|at| {
                        let time = match aligned {
                            true => Some(parts.time_of(first_time, &at, &measurement)?),
                            false => None,
                        };
                        Ok(Chunk { at, time })
                    });
                    let chunks: Result<Vec<Chunk>> = chunks.collect();
                    parts.add(measurement, series.data_type()?, chunks?);
                }
            }
        }
        Ok(parts)
    }

    /// Whether no series is wanted.
    pub(super) fn is_empty(&self) -> bool {
        self.series.is_empty()
    }

    /// The time chunk of a value chunk is the last one before it: time comes first in a chunk group.
    fn time_of(&self, first_time: usize, at: &ChunkAt, measurement: &str) -> Result<usize> {
        let own = self.times.get(first_time..).unwrap_or(&[]);
        let before = own.partition_point(|t| t.offset < at.offset);
        before
            .checked_sub(1)
            .map(|i| first_time + i)
            .ok_or_else(|| {
                Error::corrupt(
                    "chunk metadata",
                    "a value chunk lies before every time chunk of its device",
                )
                .at(at.offset)
                .measurement(measurement)
            })
    }

    fn add(&mut self, measurement: Arc<str>, data_type: DataType, chunks: Vec<Chunk>) {
        let same = self
            .series
            .iter_mut()
            .find(|s| s.measurement == measurement);
        match same {
            // A device that is in the index twice.
            Some(series) => {
                series.data_type = widen(series.data_type, data_type).unwrap_or(series.data_type);
                series.chunks.extend(chunks);
            }
            None => self.series.push(Series {
                measurement,
                data_type,
                chunks,
            }),
        }
    }

    /// First and last time of a chunk; all times when nobody noted them, none without a point.
    fn times(&self, chunk: &Chunk) -> Option<Times> {
        let time = || chunk.time.and_then(|i| self.times.get(i));
        match (&chunk.at.statistics, time()) {
            (Some(own), _) => own.time_range(),
            (None, Some(time)) => times(time),
            (None, None) => times(&chunk.at),
        }
    }

    /// A source of one chunk: of its values as `column`, of its times alone without.
    fn plan(&self, measurement: &Arc<str>, chunk: &Chunk, column: Option<usize>) -> SourcePlan {
        SourcePlan {
            device: self.name.clone(),
            time: chunk.time.and_then(|i| self.times.get(i)).cloned(),
            columns: vec![SourceColumn {
                column,
                measurement: measurement.clone(),
                chunk: chunk.at.clone(),
            }],
            only_present: false,
            alone: false,
        }
    }
}

fn times(chunk: &ChunkAt) -> Option<Times> {
    match &chunk.statistics {
        Some(s) => s.time_range(),
        None => Some((i64::MIN, i64::MAX)),
    }
}

/// What metadata say about a chunk that no other touches.
enum Told {
    /// All that is asked.
    All(Part),
    /// All of the pages that lie in the time range; those that are cut have to be decoded in these ranges.
    But(Part, Vec<Times>),
    /// Not enough.
    Nothing,
}

/// Chunks to decode, side by side where they share their times.
#[derive(Default)]
struct Plans {
    plain: Vec<SourcePlan>,
    /// By time chunk.
    aligned: BTreeMap<usize, SourcePlan>,
}

impl Plans {
    fn add(&mut self, time: Option<usize>, plan: SourcePlan) {
        let Some(time) = time else {
            self.plain.push(plan);
            return;
        };
        match self.aligned.get_mut(&time) {
            Some(known) => known.columns.extend(plan.columns),
            None => {
                self.aligned.insert(time, plan);
            }
        }
    }

    fn into_vec(self) -> Vec<SourcePlan> {
        let mut plans = self.plain;
        plans.extend(self.aligned.into_values());
        plans
    }
}

/// Sums up the series that are wanted.
pub(super) fn series(
    parts: &Parts,
    request: &SummaryRequest,
    decoder: &mut Decoder,
) -> Result<Vec<SeriesSummary>> {
    let mut found = vec![(Part::default(), SummarySource::Statistics); parts.series.len()];
    let mut whole = Plans::default();
    let mut cut: BTreeMap<Times, Plans> = BTreeMap::new();
    for ((s, series), (part, source)) in parts.series.iter().enumerate().zip(&mut found) {
        let named = |e: Error| e.measurement(&*series.measurement);
        let chunks = series
            .chunks
            .iter()
            .filter_map(|c| Some((parts.times(c)?, c)));
        let chunks = chunks.filter(|(t, _)| common(*t, request.range).is_some());
        for group in groups(chunks.collect(), |(t, _)| *t) {
            let told = match group.as_slice() {
                [(_, one)] => tell(parts, series, one, request, decoder).map_err(named)?,
                _ => Told::Nothing,
            };
            let plan = |chunk| parts.plan(&series.measurement, chunk, Some(s));
            match told {
                Told::All(known) => part.add(known),
                Told::But(known, ranges) => {
                    part.add(known);
                    for range in ranges {
                        *source = SummarySource::Scan;
                        for (_, chunk) in &group {
                            let plans = cut.entry(range).or_default();
                            plans.add(chunk.time, plan(chunk));
                        }
                    }
                }
                Told::Nothing => {
                    *source = SummarySource::Scan;
                    for (_, chunk) in &group {
                        whole.add(chunk.time, plan(chunk));
                    }
                }
            }
        }
    }
    let types: Vec<DataType> = parts.series.iter().map(|s| s.data_type).collect();
    let mut add = |decoded: Vec<(usize, Part)>| {
        for (i, part) in decoded {
            if let Some((all, _)) = found.get_mut(i) {
                all.add(part);
            }
        }
    };
    add(decoder.series(whole.into_vec(), &types)?);
    for (range, plans) in cut {
        add(decoder.series_within(range, plans.into_vec(), &types)?);
    }
    let summaries = parts.series.iter().zip(found);
    Ok(summaries
        .map(|(series, (part, source))| SeriesSummary {
            measurement: series.measurement.to_string(),
            data_type: series.data_type,
            count: part.count,
            times: part.times,
            values: part.values,
            source,
        })
        .collect())
}

/// What statistics say about a chunk that no other of its series touches.
fn tell(
    parts: &Parts,
    series: &Series,
    chunk: &Chunk,
    request: &SummaryRequest,
    decoder: &mut Decoder,
) -> Result<Told> {
    let Some(statistics) = &chunk.at.statistics else {
        return Ok(Told::Nothing);
    };
    let Some(times) = statistics.time_range() else {
        return Ok(Told::All(Part::default()));
    };
    let lossless = decoder.is_lossless();
    let header = match request.values && trust::needs_header(series.data_type, lossless) {
        true => Some(decoder.header(chunk.at.offset)?),
        false => None,
    };
    let told = |s| match request.values {
        true => Part::of_statistics(s, series.data_type),
        false => Part::counted(s),
    };
    let header = header.as_ref();
    let trusted = |s| !request.values || trust::values(s, series.data_type, header, lossless);
    if within(times, request.range) {
        return Ok(match trusted(statistics) {
            true => Told::All(told(statistics)),
            false => Told::Nothing,
        });
    }
    let pages = decoder.pages(&chunk.at)?;
    // Aligned pages are cut where the page of their times is.
    let time_pages = match chunk.time.and_then(|i| parts.times.get(i)) {
        Some(time) => Some(decoder.time_pages(time)?),
        None => None,
    };
    if time_pages.as_ref().is_some_and(|t| t.len() != pages.len()) {
        return Ok(Told::Nothing);
    }
    let (mut part, mut cut) = (Part::default(), Vec::new());
    for (i, page) in pages.iter().enumerate() {
        let PageStatistics::Known(own) = page else {
            return Ok(Told::Nothing);
        };
        let span = match time_pages.as_ref().and_then(|t| t.get(i)) {
            Some(PageStatistics::Known(time)) => time.time_range(),
            Some(PageStatistics::Unknown) => return Ok(Told::Nothing),
            None => own.time_range(),
        };
        match span.and_then(|span| Some((span, common(span, request.range)?))) {
            None => {}
            Some((span, inside)) if span == inside => {
                if !trusted(own) {
                    return Ok(Told::Nothing);
                }
                part.add(told(own));
            }
            Some((_, inside)) if own.count > 0 => cut.push(inside),
            Some(_) => {}
        }
    }
    Ok(Told::But(part, cut))
}

/// Where rows come from: a time chunk, or a chunk of a non-aligned series.
type RowChunk<'a> = (Times, Option<&'a Arc<str>>, &'a ChunkAt);

/// Counts the rows.
pub(super) fn rows(
    parts: &Parts,
    request: &SummaryRequest,
    decoder: &mut Decoder,
) -> Result<RowSummary> {
    let range = request.range;
    let time = parts.times.iter().map(|at| (None, at));
    let plain = parts.plain.iter().map(|(name, at)| (Some(name), at));
    let chunks: Vec<RowChunk<'_>> = time
        .chain(plain)
        .filter_map(|(name, at)| Some((times(at)?, name, at)))
        .filter(|(t, ..)| common(*t, range).is_some())
        .collect();
    let (mut all, mut whole) = (Part::default(), Vec::new());
    let mut cut: BTreeMap<Times, Vec<SourcePlan>> = BTreeMap::new();
    for group in groups(chunks, |(t, ..)| *t) {
        let told = match group.as_slice() {
            [(times, name, one)] => tell_rows(*times, name.is_none(), one, range, decoder)?,
            many => tell_dense(many, range),
        };
        let plans = || group.iter().map(|(_, name, at)| row_plan(parts, *name, at));
        match told {
            Told::All(known) => all.add(known),
            Told::But(known, ranges) => {
                all.add(known);
                for range in ranges {
                    cut.entry(range).or_default().extend(plans());
                }
            }
            Told::Nothing => whole.extend(plans()),
        }
    }
    let source = match whole.is_empty() && cut.is_empty() {
        true => SummarySource::Statistics,
        false => SummarySource::Scan,
    };
    all.add(decoder.rows(whole)?);
    for (range, plans) in cut {
        all.add(decoder.rows_within(range, plans)?);
    }
    Ok(RowSummary {
        count: all.count,
        times: all.times,
        source,
    })
}

fn row_plan(parts: &Parts, measurement: Option<&Arc<str>>, at: &ChunkAt) -> SourcePlan {
    let chunk = Chunk {
        at: at.clone(),
        time: None,
    };
    match measurement {
        Some(measurement) => parts.plan(measurement, &chunk, None),
        None => SourcePlan {
            device: parts.name.clone(),
            time: Some(chunk.at),
            columns: Vec::new(),
            only_present: false,
            alone: false,
        },
    }
}

/// A chunk that shares no time with another has as many rows as points.
fn tell_rows(
    times: Times,
    is_time: bool,
    at: &ChunkAt,
    range: Times,
    decoder: &mut Decoder,
) -> Result<Told> {
    let Some(statistics) = &at.statistics else {
        return Ok(Told::Nothing);
    };
    if within(times, range) {
        return Ok(Told::All(Part::counted(statistics)));
    }
    let pages = match is_time {
        true => decoder.time_pages(at)?,
        false => decoder.pages(at)?.into(),
    };
    let (mut part, mut cut) = (Part::default(), Vec::new());
    for page in pages.iter() {
        let PageStatistics::Known(page) = page else {
            return Ok(Told::Nothing);
        };
        let span = page.time_range();
        match span.and_then(|span| common(span, range)) {
            None => {}
            inside if inside == span => part.add(Part::counted(page)),
            Some(inside) => cut.push(inside),
        }
    }
    Ok(Told::But(part, cut))
}

/// Chunks that share times: when one of them has a point at every time from the first to the last of all, these are the rows.
fn tell_dense(chunks: &[RowChunk<'_>], range: Times) -> Told {
    let all = chunks.iter().fold(None, |all, (t, ..)| hull(all, Some(*t)));
    let Some(all) = all.filter(|all| within(*all, range)) else {
        return Told::Nothing;
    };
    let rows = i128::from(all.1) - i128::from(all.0) + 1;
    let dense = |(times, _, at): &&RowChunk<'_>| {
        *times == all
            && at
                .statistics
                .as_ref()
                .is_some_and(|s| i128::from(s.count) == rows)
    };
    match chunks
        .iter()
        .find(dense)
        .and_then(|c| c.2.statistics.as_ref())
    {
        Some(statistics) => Told::All(Part::counted(statistics)),
        None => Told::Nothing,
    }
}
