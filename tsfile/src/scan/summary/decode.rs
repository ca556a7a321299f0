//! What statistics do not say: headers of chunks and pages, and the pages themselves.

use super::aggregate::Part;
use crate::arrow::{ColumnBuilder, ColumnType, DateMode, TextMode, TimeUnit};
use crate::model::{DataType, Statistics, ValueStatistics};
use crate::read::chunk::ChunkCodes;
use crate::read::context::{ScanCounters, SourceContext};
use crate::read::merge::Merge;
use crate::read::plan::{ChunkAt, SourcePlan};
use crate::read::whole::Taken;
use crate::read::{ChunkReader, Limits, TsFileReader, Window};
use crate::scan::open::piece_bytes;
use crate::{Error, Result};
use std::sync::Arc;

/// Rows are decoded in pieces of about this size.
const PIECE_BYTES: usize = if cfg!(fuzzing) { 64 } else { 1 << 20 };
/// Page headers are read in pieces of this size: what lies between them is not wanted.
const HEADER_BYTES: usize = if cfg!(fuzzing) { 16 } else { 4 << 10 };
/// The columns of an aligned device ask for the pages of the same time chunks, of which a time range cuts two at most.
const KNOWN_CHUNKS: usize = 2;

/// Count, times and values of a page.
#[derive(Debug)]
pub(super) enum PageStatistics {
    /// In its header, or inherited from its chunk.
    Known(Statistics),
    /// Nowhere.
    Unknown,
}

/// Reads chunks of one file for its summaries.
#[derive(Debug)]
pub(super) struct Decoder {
    reader: TsFileReader,
    range: (i64, i64),
    values: bool,
    lossless: bool,
    window: Window,
    /// Of the series; each chunk is opened once.
    series: SourceContext,
    /// Of the rows; each chunk is opened once.
    rows: SourceContext,
    /// Of the pages that the time range cuts.
    cut: ScanCounters,
    /// Bytes of the chunks whose page headers were read.
    walked: u64,
    /// Pages of the time chunks that were asked for last, by offset.
    times: Vec<(u64, Arc<[PageStatistics]>)>,
}

impl Decoder {
    pub(super) fn new(reader: TsFileReader, range: (i64, i64), values: bool) -> Self {
        Self {
            series: SourceContext::new(reader.clone(), range),
            rows: SourceContext::new(reader.clone(), range),
            lossless: reader.is_lossless(),
            reader,
            range,
            values,
            window: Window::default(),
            cut: ScanCounters::default(),
            walked: 0,
            times: Vec::new(),
        }
    }

    pub(super) fn counters(&self) -> ScanCounters {
        let mut all = self.series.counters;
        all.add(&self.rows.counters);
        all.add(&self.cut);
        all
    }

    pub(super) fn reader(&self) -> &TsFileReader {
        &self.reader
    }

    /// How the chunk at `offset` is stored.
    pub(super) fn codes(&mut self, offset: u64) -> Result<ChunkCodes> {
        self.reader.chunk_codes(&mut self.window, offset)
    }

    /// Whether the writer vouches for every value.
    pub(super) fn is_lossless(&self) -> bool {
        self.lossless
    }

    /// Statistics of the pages of a time chunk, from their headers.
    pub(super) fn time_pages(&mut self, at: &ChunkAt) -> Result<Arc<[PageStatistics]>> {
        if let Some((_, known)) = self.times.iter().find(|(offset, _)| *offset == at.offset) {
            return Ok(known.clone());
        }
        let pages: Arc<[PageStatistics]> = self.pages(at)?.into();
        if self.times.len() == KNOWN_CHUNKS {
            self.times.remove(0);
        }
        self.times.push((at.offset, pages.clone()));
        Ok(pages)
    }

    /// Statistics of the pages of a chunk, from their headers.
    pub(super) fn pages(&mut self, at: &ChunkAt) -> Result<Vec<PageStatistics>> {
        let reader = self.reader.clone();
        let source = reader.source();
        let mut chunk = ChunkReader::open(
            source,
            &mut self.window,
            at.offset,
            reader.data_end(),
            Some(HEADER_BYTES),
        )?;
        // Chunks of a sound file are walked once for the series and once for the rows.
        self.walked = self
            .walked
            .saturating_add(chunk.end().saturating_sub(at.offset));
        Limits::check(
            self.walked,
            reader.limits().decompressed_bytes,
            "chunk metadata",
            "the chunks that the time range cuts are longer together than the size of the file justifies",
        )?;
        let single = chunk.header().kind.single_page;
        let data_type = chunk.header().data_type;
        let mut pages = Vec::new();
        while let Some(page) = chunk.next_page(source)? {
            let statistics = if single {
                &at.statistics
            } else {
                &page.statistics
            };
            pages.push(match statistics {
                // A page of nulls has no statistics of its own.
                _ if page.uncompressed_bytes == 0 => PageStatistics::Known(nothing(data_type)),
                Some(statistics) => PageStatistics::Known(statistics.clone()),
                None => PageStatistics::Unknown,
            });
        }
        Ok(pages)
    }

    /// Sums up what `plans` hold in the time range, for each of their columns, whose types are `types`.
    pub(super) fn series(
        &mut self,
        plans: Vec<SourcePlan>,
        types: &[DataType],
    ) -> Result<Vec<(usize, Part)>> {
        run(&mut self.series, plans, self.range, types, self.values).map(|(columns, _)| columns)
    }

    /// Counts the rows of `plans` in the time range.
    pub(super) fn rows(&mut self, plans: Vec<SourcePlan>) -> Result<Part> {
        run(&mut self.rows, plans, self.range, &[], false).map(|(_, rows)| rows)
    }

    /// As [`Decoder::series`], in another range.
    pub(super) fn series_within(
        &mut self,
        range: (i64, i64),
        plans: Vec<SourcePlan>,
        types: &[DataType],
    ) -> Result<Vec<(usize, Part)>> {
        let values = self.values;
        self.within(range, |context| run(context, plans, range, types, values))
            .map(|(columns, _)| columns)
    }

    /// As [`Decoder::rows`], in another range.
    pub(super) fn rows_within(
        &mut self,
        range: (i64, i64),
        plans: Vec<SourcePlan>,
    ) -> Result<Part> {
        self.within(range, |context| run(context, plans, range, &[], false))
            .map(|(_, rows)| rows)
    }

    /// A chunk that is cut twice is opened twice, and its pages count towards what the size of the file justifies.
    fn within<T>(
        &mut self,
        range: (i64, i64),
        f: impl FnOnce(&mut SourceContext) -> Result<T>,
    ) -> Result<T> {
        let mut context = SourceContext::new(self.reader.clone(), range);
        context.counters = self.cut;
        let result = f(&mut context);
        self.cut = context.counters;
        result
    }
}

fn nothing(data_type: DataType) -> Statistics {
    Statistics {
        count: 0,
        start_time: 0,
        end_time: 0,
        values: ValueStatistics::empty(data_type),
    }
}

/// Decodes `plans`; returns what each of their columns amounts to, and the rows.
fn run(
    context: &mut SourceContext,
    mut plans: Vec<SourcePlan>,
    range: (i64, i64),
    types: &[DataType],
    values: bool,
) -> Result<(Vec<(usize, Part)>, Part)> {
    let mut rows = Part::default();
    if plans.is_empty() {
        return Ok((Vec::new(), rows));
    }
    let used = used_columns(&mut plans);
    // Not for all columns: a device of a thousand can be decoded a thousand times, one column each time.
    let mut parts: Vec<(usize, Part)> = used.iter().map(|&i| (i, Part::default())).collect();
    context.reader.check_readable()?;
    context.piece = piece_bytes(plans.iter().map(|p| p.columns.len() + 1).sum());
    let mut columns: Vec<ColumnBuilder> = used
        .iter()
        .filter_map(|&i| types.get(i))
        .map(|&data_type| {
            // Values as they are stored: neither text nor dates are looked at.
            ColumnBuilder::new(ColumnType {
                data_type,
                text: TextMode::Binary,
                dictionary: false,
                dates: DateMode::Int,
                unit: TimeUnit::Ms,
            })
        })
        .collect();
    let row_bytes: usize = columns.iter().map(|c| c.column().width_bytes()).sum();
    let max_rows = (PIECE_BYTES / (row_bytes + size_of::<i64>())).max(1);
    let mut merge = Merge::new(plans, range);
    let mut times = Vec::new();
    while merge.step(context, max_rows, max_rows, None, &mut times, &mut columns)? != Taken::No {
        for (column, (i, part)) in columns.iter_mut().zip(&mut parts) {
            let array = column.finish().map_err(|(_, e): (usize, Error)| e)?;
            if let Some(&data_type) = types.get(*i) {
                part.add_array(data_type, &array, &times, values);
            }
            column.reclaim(array);
        }
        rows.add(Part {
            count: times.len() as u64,
            times: times.first().copied().zip(times.last().copied()),
            ..Part::default()
        });
        times.clear();
    }
    Ok((parts, rows))
}

/// Numbers the columns of `plans` from 0 on without gaps, and returns what they were called before: a device can have many more columns than
/// have to be decoded.
fn used_columns(plans: &mut [SourcePlan]) -> Vec<usize> {
    let columns = plans.iter().flat_map(|p| &p.columns);
    let mut used: Vec<usize> = columns.filter_map(|c| c.column).collect();
    used.sort_unstable();
    used.dedup();
    for column in plans.iter_mut().flat_map(|p| &mut p.columns) {
        column.column = column.column.and_then(|c| used.binary_search(&c).ok());
    }
    used
}
