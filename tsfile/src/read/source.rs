//! One stream of rows in the order of time: a chunk of a non-aligned series, or the chunks of one aligned group.

use super::TsFileReader;
use super::body::{Body, ValuePage, decode_time_page, with_value_body};
use super::chunk::ChunkReader;
use super::context::{SourceContext, decompress};
use super::limits::Limits;
use super::page::{Encoded, decode_some, decode_values, split_plain};
use super::places::{ChunkPlaces, SourcePlaces};
use super::plan::{ChunkAt, SourceColumn, SourcePlan};
use super::rows::{Page, PageColumn, keep_rows};
use super::rule_out::{Pruning, group_rules_out, series_rules_out};
use crate::format::{ChunkRole, PageHeader};
use crate::io::ReadAt;
use crate::model::Statistics;
use crate::{Error, Result};
use std::sync::Arc;

/// An open source.
#[derive(Debug)]
pub(crate) struct Source {
    pub(super) plan: SourcePlan,
    /// Whether pages can be taken whole: an aligned group in which every row counts and no two chunks go to one column.
    whole: bool,
    pub(super) time: Option<ChunkReader>,
    pub(super) columns: Vec<ColumnSource>,
    page: Option<Page>,
    /// Times of the next page of an aligned group, whose values are not decoded yet.
    times: Option<Arc<Vec<i64>>>,
    /// Where the chunks stood before the page at hand: the time chunk or the plain one first.
    pub(super) marks: Vec<u64>,
    /// Row of the page that is the first of those at hand: a page can be held in slices.
    origin: usize,
    /// Row of the page at which the next slice begins, for which the page is decoded again, and its time.
    later: Option<(usize, i64)>,
    last_time: Option<i64>,
    pub(super) done: bool,
    /// Where the pages are, when that was known before.
    places: Option<SourcePlaces>,
    /// First and last time of the pages passed so far.
    page_times: Vec<(i64, i64)>,
}

/// What became of the next page.
enum Next<T> {
    Taken(T),
    Passed,
    /// There is none.
    End,
}

#[derive(Debug)]
pub(super) struct ColumnSource {
    pub(super) reader: ChunkReader,
    /// A value chunk without bytes: every row is null.
    pub(super) empty: bool,
    /// Offset and header of the next page, when it was looked at already.
    peeked: Option<(u64, PageHeader)>,
}

impl ColumnSource {
    /// Offset and header of the next page, whose body the reader stands at then.
    fn next_page<S: ReadAt + ?Sized>(&mut self, source: &S) -> Result<Option<(u64, PageHeader)>> {
        if let Some(peeked) = self.peeked.take() {
            return Ok(Some(peeked));
        }
        let at = self.reader.position();
        Ok(self.reader.next_page(source)?.map(|header| (at, header)))
    }

    /// Looks at the header of the next page, which comes again.
    pub(super) fn peek_page<S: ReadAt + ?Sized>(
        &mut self,
        source: &S,
    ) -> Result<Option<&PageHeader>> {
        if self.peeked.is_none() {
            self.peeked = self.next_page(source)?;
        }
        Ok(self.peeked.as_ref().map(|(_, header)| header))
    }
}

impl Source {
    /// Opens the chunks of `plan`.
    pub(crate) fn open(context: &mut SourceContext, plan: SourcePlan) -> Result<Self> {
        let places = context.reader.places().of(&plan);
        let mut known = places.iter().flat_map(|p| p.chunks.iter());
        let mut open = |chunk: &ChunkAt, role: ChunkRole, measurement: &str| {
            let reader = context.reader.clone();
            let found = match known.next() {
                Some(known) => Ok(ChunkReader::of_known(known, context.piece)),
                None => ChunkReader::open(
                    reader.source(),
                    &mut context.window,
                    chunk.offset,
                    reader.data_end(),
                    context.piece,
                ),
            };
            found.and_then(|found| {
                if found.header().kind.role != role || found.header().measurement != measurement {
                    return Err(
                        Error::corrupt("chunk header", "the index leads to another chunk")
                            .at(chunk.offset)
                            .expected(format!("a {role:?} chunk of \"{measurement}\""))
                            .got(format!(
                                "a {:?} chunk of \"{}\"",
                                found.header().kind.role,
                                found.header().measurement
                            )),
                    );
                }
                context.count_chunk(chunk.offset, found.end())?;
                context.prepare(found.header().encoding)?;
                Ok(found)
            })
        };
        let role = if plan.time.is_some() {
            ChunkRole::Value
        } else {
            ChunkRole::Plain
        };
        let time = plan
            .time
            .as_ref()
            .map(|chunk| open(chunk, ChunkRole::Time, ""))
            .transpose();
        let time = time.map_err(|e| e.device(&*plan.device))?;
        let mut columns = Vec::with_capacity(plan.columns.len());
        for c in &plan.columns {
            let reader = open(&c.chunk, role, &c.measurement)
                .map_err(|e| e.device(&*plan.device).measurement(&*c.measurement))?;
            let empty = !reader.has_next();
            columns.push(ColumnSource {
                reader,
                empty,
                peeked: None,
            });
        }
        let whole = time.is_some() && !plan.only_present && has_distinct_columns(&plan);
        Ok(Self {
            plan,
            whole,
            time,
            columns,
            page: None,
            times: None,
            marks: Vec::new(),
            origin: 0,
            later: None,
            last_time: None,
            done: false,
            places,
            page_times: Vec::new(),
        })
    }

    /// Offset of the chunk: later ones win.
    pub(crate) fn order(&self) -> u64 {
        self.plan.order()
    }

    /// The page at hand, when rows are left in it.
    pub(crate) fn page(&self) -> Option<&Page> {
        self.page.as_ref()
    }

    /// Passes over rows of the page at hand.
    pub(crate) fn advance(&mut self, rows: usize) {
        if let Some(page) = &mut self.page {
            page.advance(rows);
        }
    }

    /// The time up to which all rows are at hand.
    pub(crate) fn known_until(&self) -> Option<i64> {
        let held = self.page.as_ref().and_then(|p| p.rest().last().copied());
        self.later.map(|(_, time)| time.saturating_sub(1)).or(held)
    }

    /// First and last time at hand.
    pub(crate) fn held_times(&self) -> Option<(i64, i64)> {
        let rest = self.page.as_ref()?.rest();
        Some((*rest.first()?, *rest.last()?))
    }

    /// Time of the first row that is not at hand, in a page of which a slice is.
    pub(crate) fn later_time(&self) -> Option<i64> {
        self.later.map(|(_, time)| time)
    }

    /// Bytes of the rows at hand.
    pub(crate) fn held_bytes(&self) -> usize {
        self.page.as_ref().map_or(0, Page::size_bytes)
    }

    /// Holds the rows at hand up to the time `until` only; the page will be decoded again for the others.
    pub(crate) fn cut(&mut self, context: &mut SourceContext, until: i64) -> Result<()> {
        let Some(page) = self.page.as_mut() else {
            return Ok(());
        };
        let rest = page.rest();
        let kept = rest.partition_point(|&t| t <= until);
        // What was handed out takes room as well.
        if kept == rest.len() && kept > page.times.len() / 2 {
            return Ok(());
        }
        if let Some(&time) = rest.get(kept) {
            self.later = Some((self.origin + page.position + kept, time));
        }
        let slice = page.copy(until, usize::MAX)?;
        self.origin += page.position;
        context.give_back(std::mem::replace(page, slice));
        // Thousands of pages side by side would be a lot of bytes, too.
        self.readers().for_each(ChunkReader::release);
        Ok(())
    }

    /// Decodes pages until one has rows left in the range, of which those up to `until` are held; false when there is none.
    pub(crate) fn load(&mut self, context: &mut SourceContext, until: i64) -> Result<bool> {
        loop {
            match &self.page {
                Some(page) if page.position < page.limit => return Ok(true),
                _ => {}
            }
            if let Some(page) = self.page.take() {
                context.give_back(page);
            }
            if self.later.is_some_and(|(_, time)| time > until) {
                return Ok(true);
            }
            if self.done {
                return Ok(false);
            }
            let later = self.later.take();
            if later.is_some() {
                let marks = std::mem::take(&mut self.marks);
                for (reader, mark) in self.readers().zip(marks) {
                    reader.rewind(mark);
                }
            }
            self.origin = 0;
            self.page = self.decode_next(context)?;
            self.done |= self.page.is_none();
            let Some(page) = &mut self.page else {
                continue;
            };
            let times = page.times.clone();
            let (start, end) = context.range;
            page.limit = times.partition_point(|&t| t <= end);
            let skip = later.map_or_else(|| times.partition_point(|&t| t < start), |l| l.0);
            if skip > 0 {
                page.advance(skip.min(page.limit));
            }
            if later.is_none() {
                self.follow(&times)?;
            }
            drop(times);
            self.cut(context, until)?;
        }
    }

    /// Notes the times of a page that is taken: those of the pages of a chunk ascend.
    fn follow(&mut self, times: &[i64]) -> Result<()> {
        if let (Some(last), Some(first)) = (self.last_time, times.first()) {
            if *first <= last {
                return Err(Error::corrupt("page", "the times of a chunk do not ascend")
                    .device(&*self.plan.device)
                    .expected(format!("more than {last}"))
                    .got(first));
            }
        }
        self.last_time = times.last().copied().or(self.last_time);
        Ok(())
    }

    /// Times of the next page, whose values [`Source::take_values`] gives; `None` where a page has to be decoded by [`Source::load`]:
    /// there are rows left of the one before, or rows that do not count, or the source is no aligned group.
    pub(super) fn peek_times(
        &mut self,
        context: &mut SourceContext,
        pruning: Option<Pruning<'_>>,
    ) -> Result<Option<Arc<Vec<i64>>>> {
        let rest = self.page.as_ref().is_some_and(|p| !p.rest().is_empty());
        if rest || self.later.is_some() || self.done || !self.whole {
            return Ok(None);
        }
        if let Some(page) = self.page.take() {
            context.give_back(page);
        }
        if self.times.is_none() {
            let next = self.next_times(context, pruning);
            self.times = next.map_err(|e| e.device(&*self.plan.device))?;
            self.done = self.times.is_none();
        }
        Ok(self.times.clone())
    }

    /// Hands the value columns, standing before the page whose times were peeked, to `take`, which reads that page of each.
    pub(super) fn take_values(
        &mut self,
        mut take: impl FnMut(&mut ColumnSource, &SourceColumn) -> Result<()>,
    ) -> Result<()> {
        if let Some(times) = self.times.take() {
            self.follow(&times)?;
        }
        self.each_value(&mut take)
    }

    /// Adds to an error where the values of the output column `column` are from.
    pub(super) fn name(&self, column: usize, e: Error) -> Error {
        let mut columns = self.plan.columns.iter();
        let e = match columns.find(|c| c.column == Some(column)) {
            Some(c) => e.measurement(&*c.measurement),
            None => e,
        };
        e.device(&*self.plan.device)
    }

    /// Hands the value columns to `take`, which may read the next page of some.
    pub(super) fn each_value(
        &mut self,
        mut take: impl FnMut(&mut ColumnSource, &SourceColumn) -> Result<()>,
    ) -> Result<()> {
        for (column, plan) in self.columns.iter_mut().zip(&self.plan.columns) {
            take(column, plan)
                .map_err(|e| e.device(&*self.plan.device).measurement(&*plan.measurement))?;
        }
        Ok(())
    }

    /// Passes over the page whose times were peeked.
    pub(super) fn skip_page(&mut self, context: &mut SourceContext) -> Result<()> {
        let reader = context.reader.clone();
        context.counters.pages_skipped += 1;
        self.take_values(|column, _| skip_value_page(&reader, column))
    }

    pub(super) fn readers(&mut self) -> impl Iterator<Item = &mut ChunkReader> {
        let columns = self.columns.iter_mut().map(|c| &mut c.reader);
        self.time.iter_mut().chain(columns)
    }

    fn decode_next(&mut self, context: &mut SourceContext) -> Result<Option<Page>> {
        let next = match self.time {
            Some(_) => self.next_aligned(context),
            None => self.next_plain(context),
        };
        next.map_err(|e| e.device(&*self.plan.device))
    }

    fn next_plain(&mut self, context: &mut SourceContext) -> Result<Option<Page>> {
        loop {
            self.skip_known(context);
            match self.plain_page(context)? {
                Next::Taken(page) => return Ok(Some(page)),
                Next::Passed => {}
                Next::End => return Ok(None),
            }
        }
    }

    fn plain_page(&mut self, context: &mut SourceContext) -> Result<Next<Page>> {
        let (Some(column), Some(plan)) = (self.columns.first_mut(), self.plan.columns.first())
        else {
            return Ok(Next::End);
        };
        let source = context.reader.clone();
        let named = |e: Error| e.measurement(&*plan.measurement);
        let at = column.reader.position();
        let Some(header) = column.reader.next_page(source.source()).map_err(named)? else {
            self.remember(context);
            return Ok(Next::End);
        };
        let statistics = page_statistics(&header.statistics, &plan.chunk, &column.reader);
        note_times(&mut self.page_times, &column.reader, &header, statistics);
        let ruled_out =
            self.plan.alone && series_rules_out(context, statistics, plan, &column.reader);
        if header.uncompressed_bytes == 0 || ruled_out || outside(&context.spans, statistics) {
            context.counters.pages_skipped += 1;
            return Ok(Next::Passed);
        }
        self.marks = vec![at];
        let place = |e: Error| named(e.rebase_page(at));
        let chunk = column.reader.codes();
        let body = column.reader.body(source.source()).map_err(place)?;
        let mut scratch = std::mem::take(&mut context.scratch);
        let mut decode = || -> Result<Page> {
            let body = decompress(
                context,
                chunk.compression,
                body,
                header.uncompressed_bytes,
                &mut scratch,
            )?;
            let (times, values) = split_plain(body)?;
            let count = statistics
                .map(|s| context.page.check_points(s.count))
                .transpose()?;
            let all = context.shared_times(times, count)?;
            let (start, end) = context.range;
            let first = all.partition_point(|&t| t < start);
            let behind = all.partition_point(|&t| t <= end).max(first);
            let rows = behind - first;
            let times = match all.get(first..behind) {
                Some(cut) if rows < all.len() => Arc::new(cut.to_vec()),
                _ => all.clone(),
            };
            let mut columns = Vec::new();
            if let Some(out) = plan.column.filter(|_| rows > 0) {
                let mut decoded = context.spare(chunk.data_type);
                let values = Encoded {
                    encoding: chunk.encoding,
                    data_type: chunk.data_type,
                    bytes: values,
                    count: all.len(),
                    statistics,
                };
                decode_some(context.page, values, &[(first, behind)], &mut decoded)?;
                context.count_values(rows)?;
                context.count_text(decoded.text_bytes())?;
                columns.push(PageColumn {
                    column: out,
                    values: decoded,
                    bits: None,
                    taken: 0,
                });
            }
            Ok(Page {
                times,
                position: 0,
                limit: rows,
                columns,
            })
        };
        let page = decode().map_err(place);
        context.scratch = scratch;
        page.map(Next::Taken)
    }

    fn next_aligned(&mut self, context: &mut SourceContext) -> Result<Option<Page>> {
        let known = self.times.take();
        let Some(times) = known.map_or_else(|| self.next_times(context, None), |t| Ok(Some(t)))?
        else {
            return Ok(None);
        };
        let rows = times.len();
        let (mut columns, mut taken) = (Vec::new(), 0);
        let mut present = self.plan.only_present.then(|| vec![0u8; rows.div_ceil(8)]);
        for (c, p) in self.columns.iter_mut().zip(&self.plan.columns) {
            let decoded = value_page(context, c, p, rows, &mut present)
                .map_err(|e| e.measurement(&*p.measurement))?;
            taken += decoded.as_ref().map_or(0, |c| {
                c.values.size_bytes() + c.bits.as_ref().map_or(0, Vec::len)
            });
            columns.extend(decoded);
            Limits::check(
                taken as u64,
                context.limits.rows_bytes,
                "page",
                "the columns of a page are larger than the size of the file justifies",
            )
            .map_err(|e| e.measurement(&*p.measurement))?;
        }
        let page = Page {
            times,
            position: 0,
            limit: rows,
            columns,
        };
        Ok(Some(match present {
            Some(present) => keep_rows(page, &present)?,
            None => page,
        }))
    }

    /// Decodes the times of the next page of an aligned group that reaches into the range; the value chunks then stand before that page.
    fn next_times(
        &mut self,
        context: &mut SourceContext,
        pruning: Option<Pruning<'_>>,
    ) -> Result<Option<Arc<Vec<i64>>>> {
        loop {
            self.skip_known(context);
            match self.time_page(context, pruning)? {
                Next::Taken(times) => return Ok(Some(times)),
                Next::Passed => {}
                Next::End => return Ok(None),
            }
        }
    }

    fn time_page(
        &mut self,
        context: &mut SourceContext,
        pruning: Option<Pruning<'_>>,
    ) -> Result<Next<Arc<Vec<i64>>>> {
        let (Some(time), Some(time_plan)) = (self.time.as_mut(), self.plan.time.as_ref()) else {
            return Ok(Next::End);
        };
        let source = context.reader.clone();
        let at = time.position();
        let Some(header) = time.next_page(source.source())? else {
            check_ended(&self.columns, &self.plan)?;
            self.remember(context);
            return Ok(Next::End);
        };
        let statistics = page_statistics(&header.statistics, time_plan, time);
        note_times(&mut self.page_times, time, &header, statistics);
        let mut skip = header.uncompressed_bytes == 0 || outside(&context.spans, statistics);
        self.marks.clear();
        self.marks.push(at);
        self.marks
            .extend(self.columns.iter().map(|c| c.reader.position()));
        if !skip {
            let columns = &mut self.columns;
            skip = match pruning {
                Some(pruning) => !pruning.may_pass(&source, statistics, columns, &self.plan)?,
                None => self.plan.alone && group_rules_out(context, columns, &self.plan)?,
            };
        }
        if skip {
            context.counters.pages_skipped += 1;
            for (c, p) in self.columns.iter_mut().zip(&self.plan.columns) {
                c.next_page(source.source())
                    .map_err(|e| e.measurement(&*p.measurement))?;
            }
            return Ok(Next::Passed);
        }
        let page = Body {
            at,
            codes: time.codes(),
            uncompressed_bytes: header.uncompressed_bytes,
            bytes: time.body(source.source())?,
        };
        decode_time_page(context, page, statistics).map(Next::Taken)
    }
}

impl Source {
    /// Goes straight to the next page with a time that is wanted, where it is known where the pages are.
    fn skip_known(&mut self, context: &mut SourceContext) {
        let Some(places) = &self.places else {
            return;
        };
        let chunks = &places.chunks;
        let at = self
            .time
            .as_ref()
            .or(self.columns.first().map(|c| &c.reader));
        let Some(from) = at.and_then(|reader| places.number(reader.position())) else {
            return;
        };
        let next = places.next_in(&context.spans, from);
        context.counters.pages_skipped += (next - from) as u64;
        let columns = self.columns.iter_mut().map(|c| {
            c.peeked = None;
            &mut c.reader
        });
        for (reader, chunk) in self.time.iter_mut().chain(columns).zip(chunks) {
            reader.seek(&context.window, chunk.page(next));
        }
    }

    /// Keeps where the pages are for the next query, when all of them were passed.
    fn remember(&mut self, context: &SourceContext) {
        let times = std::mem::take(&mut self.page_times);
        let pages = times.len();
        if !context.remember || self.places.is_some() || pages < 2 {
            return;
        }
        let columns = self.columns.iter().map(|c| &c.reader);
        let readers = || self.time.iter().chain(columns.clone());
        if readers().any(|r| ![0, pages].contains(&r.pages_seen())) {
            return;
        }
        let offsets = self.plan.columns.iter().map(|c| c.chunk.offset);
        let offsets = self.plan.time.iter().map(|c| c.offset).chain(offsets);
        let all_times = std::iter::once(times).chain(std::iter::repeat_with(Vec::new));
        let found: Vec<(u64, ChunkPlaces)> = offsets
            .zip(readers().zip(all_times).map(|(r, times)| r.places(times)))
            .collect();
        context.reader.places().keep(found);
    }
}

/// Notes first and last time of a page whose header came just now; of a page that does not say, any.
fn note_times(
    times: &mut Vec<(i64, i64)>,
    reader: &ChunkReader,
    header: &PageHeader,
    statistics: Option<&Statistics>,
) {
    if times.len() < reader.pages_seen() {
        let known = statistics.filter(|_| header.uncompressed_bytes > 0);
        let known = known.and_then(Statistics::time_range);
        times.push(known.unwrap_or((i64::MIN, i64::MAX)));
    }
}

/// Refuses value chunks that go on where the time chunk has ended.
pub(super) fn check_ended(columns: &[ColumnSource], plan: &SourcePlan) -> Result<()> {
    let mut chunks = columns.iter().zip(&plan.columns);
    match chunks.find(|(c, _)| c.reader.has_next()) {
        None => Ok(()),
        Some((c, p)) => Err(
            Error::corrupt("value chunk", "more pages than the time chunk")
                .at(c.reader.position())
                .measurement(&*p.measurement),
        ),
    }
}

/// Passes over the next page of a value column.
pub(super) fn skip_value_page(reader: &TsFileReader, column: &mut ColumnSource) -> Result<()> {
    if column.empty {
        return Ok(());
    }
    let end = column.reader.position();
    match column.next_page(reader.source())? {
        Some(_) => Ok(()),
        None => Err(Error::corrupt("value chunk", "fewer pages than the time chunk").at(end)),
    }
}

/// Whether each output column has one chunk.
pub(super) fn has_distinct_columns(plan: &SourcePlan) -> bool {
    // Few columns are compared with each other, which takes no memory: small devices come by the hundred thousand.
    let mut columns = plan.columns.iter().filter_map(|c| c.column);
    if plan.columns.len() <= 8 {
        return (0..plan.columns.len()).all(|_| {
            let first = columns.next();
            first.is_none_or(|first| columns.clone().all(|other| other != first))
        });
    }
    let mut columns: Vec<usize> = columns.collect();
    columns.sort_unstable();
    columns
        .iter()
        .zip(columns.iter().skip(1))
        .all(|(a, b)| a < b)
}

/// Decodes the next page of a value column; `None` when all its rows are null or only their presence counts.
fn value_page(
    context: &mut SourceContext,
    column: &mut ColumnSource,
    plan: &SourceColumn,
    rows: usize,
    present: &mut Option<Vec<u8>>,
) -> Result<Option<PageColumn>> {
    with_value_page(context, column, plan, rows, |context, page| {
        if let Some(present) = present {
            present.iter_mut().zip(page.bits).for_each(|(p, b)| *p |= b);
        }
        let Some(out) = plan.column else {
            return Ok(None);
        };
        let values = page.values;
        let mut decoded = context.spare(values.data_type);
        decode_values(context.page, values, &mut decoded)?;
        context.count_values(values.count)?;
        context.count_text(decoded.text_bytes())?;
        Ok(Some(PageColumn {
            column: out,
            values: decoded,
            bits: (values.count < rows).then(|| page.bits.to_vec()),
            taken: 0,
        }))
    })
    .map(Option::flatten)
}

/// Fetches and decompresses the next page of a value column for `decode`; `None` when the page is empty: all its rows are null.
pub(super) fn with_value_page<T>(
    context: &mut SourceContext,
    column: &mut ColumnSource,
    plan: &SourceColumn,
    rows: usize,
    decode: impl FnOnce(&mut SourceContext, ValuePage<'_>) -> Result<T>,
) -> Result<Option<T>> {
    if column.empty {
        return Ok(None);
    }
    let source = context.reader.clone();
    let end = column.reader.position();
    let Some((at, header)) = column.next_page(source.source())? else {
        return Err(Error::corrupt("value chunk", "fewer pages than the time chunk").at(end));
    };
    if header.uncompressed_bytes == 0 {
        return Ok(None);
    }
    let statistics = page_statistics(&header.statistics, &plan.chunk, &column.reader);
    let page = Body {
        at,
        codes: column.reader.codes(),
        uncompressed_bytes: header.uncompressed_bytes,
        bytes: column.reader.body(source.source())?,
    };
    with_value_body(context, page, statistics, rows, decode).map(Some)
}

/// Statistics of a page: its own, or those of the chunk when it is the only page.
pub(super) fn page_statistics<'a>(
    own: &'a Option<Statistics>,
    chunk: &'a ChunkAt,
    reader: &ChunkReader,
) -> Option<&'a Statistics> {
    if reader.header().kind.single_page {
        chunk.statistics.as_ref()
    } else {
        own.as_ref()
    }
}

fn outside(spans: &[(i64, i64)], statistics: Option<&Statistics>) -> bool {
    match statistics.and_then(Statistics::time_range) {
        Some((start, end)) => !touches(spans, start, end),
        None => false,
    }
}

/// Whether one of the ascending `spans` has a time from `start` to `end`.
pub(crate) fn touches(spans: &[(i64, i64)], start: i64, end: i64) -> bool {
    let next = spans.partition_point(|span| span.1 < start);
    spans.get(next).is_some_and(|span| span.0 <= end)
}
