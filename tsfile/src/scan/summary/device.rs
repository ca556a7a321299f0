//! One device: what statistics answer is put together with what has to be decoded.

use super::aggregate::Part;
use super::decode::Decoder;
use super::parts::{Chunk, Parts};
use super::spans::{Times, each_group};
use super::tell::{Asked, RowChunk, Told, row_chunks, tell, tell_rows};
use super::{RowSummary, SeriesSummary, SummaryRequest, SummarySource};
use crate::Result;
use crate::model::DataType;
use crate::read::plan::SourcePlan;
use crate::read::{TsFileReader, touches};
use std::collections::BTreeMap;

/// Chunks to decode, side by side where they share their times.
#[derive(Default)]
struct Plans {
    plain: Vec<SourcePlan>,
    /// By time chunk.
    aligned: BTreeMap<usize, SourcePlan>,
}

impl Plans {
    fn add(&mut self, parts: &Parts, reader: &TsFileReader, chunk: usize, column: usize) {
        let Some(chunk) = parts.chunks.get(chunk) else {
            return;
        };
        let plan = parts.plan(reader, chunk, Some(column));
        let Some(time) = chunk.time else {
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

/// The chunks of `parts` from number `first` on that have a time in one of the `ranges`.
pub(super) fn touching(
    parts: &Parts,
    chunks: std::ops::Range<usize>,
    ranges: &[Times],
    out: &mut Vec<(Times, usize)>,
) {
    let own = parts.chunks.get(chunks.clone()).unwrap_or(&[]);
    let timed = |(i, c): (usize, &Chunk)| Some((parts.times(c)?, i));
    let timed = chunks.zip(own).filter_map(timed);
    out.extend(timed.filter(|((first, last), _)| touches(ranges, *first, *last)));
}

/// Sums up the series that are wanted.
pub(super) fn series(
    parts: &Parts,
    request: &SummaryRequest,
    decoder: &mut Decoder,
    chunks: &mut Vec<(Times, usize)>,
) -> Result<Vec<SeriesSummary>> {
    let ranges = &[request.range];
    let asked = Asked {
        ranges,
        values: request.values,
    };
    let mut found: Vec<SeriesSummary> = Vec::with_capacity(parts.series.len());
    let mut whole = Plans::default();
    let mut cut: BTreeMap<Times, Plans> = BTreeMap::new();
    for (column, series) in parts.wanted().enumerate() {
        let (mut part, mut source) = (Part::default(), SummarySource::Statistics);
        chunks.clear();
        touching(parts, series.chunks.clone(), ranges, chunks);
        each_group(chunks, |group| {
            match tell(parts, group, asked, decoder)? {
                Told::All(told) => part.add(told),
                Told::But(told, ranges) => {
                    part.add(told);
                    for range in ranges {
                        source = SummarySource::Scan;
                        for (_, chunk) in group {
                            cut.entry(range).or_default().add(
                                parts,
                                decoder.reader(),
                                *chunk,
                                column,
                            );
                        }
                    }
                }
                Told::Counted(..) | Told::Nothing(_) => {
                    source = SummarySource::Scan;
                    for (_, chunk) in group {
                        whole.add(parts, decoder.reader(), *chunk, column);
                    }
                }
            }
            Ok(())
        })?;
        found.push(SeriesSummary {
            measurement: series.measurement.clone(),
            data_type: series.data_type,
            count: part.count,
            times: part.times,
            values: part.values,
            source,
        });
    }
    if found.iter().any(|s| s.source == SummarySource::Scan) {
        let types: Vec<DataType> = parts.wanted().map(|s| s.data_type).collect();
        let mut add = |decoded: Vec<(usize, Part)>| {
            for (i, part) in decoded {
                if let Some(series) = found.get_mut(i) {
                    let mut all = Part {
                        count: series.count,
                        times: series.times,
                        values: std::mem::take(&mut series.values),
                    };
                    all.add(part);
                    (series.count, series.times) = (all.count, all.times);
                    series.values = all.values;
                }
            }
        };
        add(decoder.series(whole.into_vec(), &types)?);
        for (range, plans) in cut {
            add(decoder.series_within(range, plans.into_vec(), &types)?);
        }
    }
    Ok(found)
}

/// Counts the rows.
pub(super) fn rows(
    parts: &Parts,
    request: &SummaryRequest,
    decoder: &mut Decoder,
    chunks: &mut Vec<(Times, RowChunk)>,
) -> Result<RowSummary> {
    let ranges = &[request.range];
    row_chunks(parts, ranges, false, chunks);
    let (mut all, mut whole) = (Part::default(), Vec::new());
    let mut cut: BTreeMap<Times, Vec<SourcePlan>> = BTreeMap::new();
    each_group(chunks, |group| {
        let told = tell_rows(parts, group, ranges, decoder)?;
        let reader = decoder.reader();
        let plans = || {
            group
                .iter()
                .filter_map(|(_, c)| row_plan(parts, reader, *c))
        };
        match told {
            Told::All(known) => all.add(known),
            Told::But(known, ranges) => {
                all.add(known);
                for range in ranges {
                    cut.entry(range).or_default().extend(plans());
                }
            }
            Told::Counted(..) | Told::Nothing(_) => whole.extend(plans()),
        }
        Ok(())
    })?;
    let source = match whole.is_empty() && cut.is_empty() {
        true => SummarySource::Statistics,
        false => SummarySource::Scan,
    };
    if !whole.is_empty() {
        all.add(decoder.rows(whole)?);
    }
    for (range, plans) in cut {
        all.add(decoder.rows_within(range, plans)?);
    }
    Ok(RowSummary {
        count: all.count,
        times: all.times,
        source,
    })
}

fn row_plan(parts: &Parts, reader: &TsFileReader, chunk: RowChunk) -> Option<SourcePlan> {
    match chunk {
        RowChunk::Value(i) => parts
            .chunks
            .get(i)
            .map(|chunk| parts.plan(reader, chunk, None)),
        RowChunk::Time(_) => chunk.at(parts).map(|at| parts.plan_times(reader, at)),
    }
}
