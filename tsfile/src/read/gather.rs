//! Values at given times: what is read of other columns once it is known which rows are kept.
//!
//! Times are asked for in ascending portions. A chunk that has none of them is not opened, a page that has none is passed over by its
//! header, and of the others only the values at those times are decoded, and those near them where the encoding cannot skip.

use super::body::{Body, decode_time_page};
use super::context::{SourceContext, decompress};
use super::merge::append_at;
use super::page::{Encoded, PageContext, decode_some, split_plain};
use super::plan::SourcePlan;
use super::rows::{Page, PageColumn};
use super::source::{
    ColumnSource, Source, check_ended, page_statistics, skip_value_page, with_value_page,
};
use super::whole::decode_runs;
use crate::arrow::{ColumnBuilder, Values};
use crate::model::Statistics;
use crate::{Error, Result};
use arrow_buffer::BooleanBufferBuilder;
use std::sync::Arc;

/// Sources of columns of which some rows are wanted.
#[derive(Debug)]
pub(crate) struct Gather {
    /// Not yet open, latest start first.
    waiting: Vec<((i64, i64), SourcePlan)>,
    open: Vec<Source>,
}

impl Gather {
    pub(super) fn new(plans: Vec<SourcePlan>) -> Self {
        let timed = plans.into_iter();
        let mut waiting: Vec<_> = timed.filter_map(|p| p.times().map(|t| (t, p))).collect();
        waiting.sort_by_key(|((start, _), p)| std::cmp::Reverse((*start, p.order())));
        Self {
            waiting,
            open: Vec::new(),
        }
    }

    /// Appends a row for each of `times`, which ascend and come after those asked for before, to every column that has a value at one of
    /// them; the other columns stay behind.
    ///
    /// # Errors
    /// A page is corrupt, or reading fails; the columns are of no use then.
    pub(super) fn append(
        &mut self,
        context: &mut SourceContext,
        times: &[i64],
        columns: &mut [ColumnBuilder],
    ) -> Result<()> {
        self.open(context, times)?;
        let page = context.page;
        let mut found: Vec<Found> = self.open.iter().map(|s| Found::new(s, page)).collect();
        // Page by page side by side: series that share their times have them decoded once.
        let mut any = true;
        while any {
            any = false;
            for (source, found) in self.open.iter_mut().zip(&mut found) {
                found.more = found.more && source.gather(context, times, found)?;
                any |= found.more;
            }
        }
        let both = self.open.iter().zip(found);
        let pages: Vec<(u64, Page)> = both
            .filter_map(|(source, found)| Some((source.order(), found.into_page(source)?)))
            .collect();
        self.open.retain(|source| !source.done);
        append_at(times, &pages, columns)?;
        pages.into_iter().for_each(|(_, p)| context.give_back(p));
        Ok(())
    }

    /// Counts the chunks that nothing was wanted of.
    pub(super) fn finish(&mut self, context: &mut SourceContext) {
        for (_, plan) in self.waiting.drain(..) {
            context.counters.chunks_skipped += plan.columns.len() as u64;
        }
    }

    /// Opens the sources that can have one of `times`.
    fn open(&mut self, context: &mut SourceContext, times: &[i64]) -> Result<()> {
        let mut waiting = Vec::with_capacity(self.waiting.len());
        for (span, plan) in std::mem::take(&mut self.waiting) {
            match look(Some(span), times) {
                Look::Wait => waiting.push((span, plan)),
                Look::Skip => context.counters.chunks_skipped += plan.columns.len() as u64,
                Look::Read => self.open.push(Source::open(context, plan)?),
            }
        }
        self.waiting = waiting;
        Ok(())
    }
}

/// What becomes of a page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Look {
    /// A wanted time can be in it.
    Read,
    /// None is, and none will be.
    Skip,
    /// None is; one that will be asked for can be.
    Wait,
}

/// What becomes of a page with times in `span`, when that is known.
fn look(span: Option<(i64, i64)>, wanted: &[i64]) -> Look {
    let Some((start, end)) = span else {
        return Look::Read;
    };
    match wanted.get(wanted.partition_point(|&t| t < start)) {
        Some(&next) if next <= end => Look::Read,
        _ if wanted.last().is_none_or(|&last| last < end) => Look::Wait,
        _ => Look::Skip,
    }
}

/// Where the wanted ones of `times` are, as runs from one row to before another.
fn runs_of(times: &[i64], wanted: &[i64]) -> Vec<(usize, usize)> {
    let mut runs: Vec<(usize, usize)> = Vec::new();
    let (Some(&first), Some(&last)) = (times.first(), times.last()) else {
        return runs;
    };
    let from = wanted.partition_point(|&t| t < first);
    let mut row = 0;
    for &time in wanted.iter().skip(from).take_while(|&&t| t <= last) {
        let rest = times.get(row..).unwrap_or(&[]);
        if rest.first() != Some(&time) {
            row += rest.partition_point(|&t| t < time);
        }
        if times.get(row) != Some(&time) {
            continue;
        }
        match runs.last_mut() {
            Some((_, behind)) if *behind == row => *behind += 1,
            _ => runs.push((row, row + 1)),
        }
        row += 1;
    }
    runs
}

/// The wanted rows of a source, as far as they were found.
#[derive(Debug)]
struct Found {
    /// Whether more of them can be in the next page.
    more: bool,
    times: Vec<i64>,
    /// One for each column of the source.
    columns: Vec<FoundColumn>,
}

#[derive(Debug)]
struct FoundColumn {
    values: Values,
    /// Which rows have a value; of a source without nulls none is noted.
    bits: BooleanBufferBuilder,
}

impl Found {
    fn new(source: &Source, page: PageContext) -> Self {
        let column = |column: &ColumnSource| FoundColumn {
            values: page.values(column.reader.codes().data_type),
            bits: BooleanBufferBuilder::new(0),
        };
        Self {
            more: true,
            times: Vec::new(),
            columns: source.columns.iter().map(column).collect(),
        }
    }

    fn extend_times(&mut self, times: &[i64], runs: &[(usize, usize)]) {
        for &(from, to) in runs {
            let run = times.get(from..to).unwrap_or(&[]);
            self.times.extend_from_slice(run);
        }
    }

    /// The rows as a page; none when there is none.
    fn into_page(self, source: &Source) -> Option<Page> {
        let rows = self.times.len();
        let mut columns = Vec::with_capacity(self.columns.len());
        for (mut c, plan) in self.columns.into_iter().zip(&source.plan.columns) {
            let Some(column) = plan.column.filter(|_| !c.values.is_empty()) else {
                continue;
            };
            let bits = (c.values.len() < rows).then(|| c.bits.finish());
            columns.push(PageColumn {
                column,
                values: c.values,
                bits: bits.map(|b| b.values().to_vec()),
                taken: 0,
            });
        }
        (rows > 0).then(|| Page {
            times: Arc::new(self.times),
            position: 0,
            limit: rows,
            columns,
        })
    }
}

impl Source {
    /// Takes the rows at the `wanted` times out of the next page; false when there is no page, or its time has not come.
    fn gather(
        &mut self,
        context: &mut SourceContext,
        wanted: &[i64],
        found: &mut Found,
    ) -> Result<bool> {
        let next = match self.time {
            Some(_) => self.gather_aligned(context, wanted, found),
            None => self.gather_plain(context, wanted, found),
        };
        next.map_err(|e| e.device(&*self.plan.device))
    }

    /// Goes on to the page behind the one at hand, whose last time is `last`; false when that page can have more times that will be asked
    /// for: it comes again then.
    fn go_on(&mut self, last: Option<i64>, wanted: &[i64]) -> bool {
        let used_up = last <= wanted.last().copied();
        if !used_up {
            let marks = std::mem::take(&mut self.marks);
            for (reader, &mark) in self.readers().zip(&marks) {
                reader.rewind(mark);
            }
            self.marks = marks;
        }
        used_up
    }

    /// Counts a page that is passed over at `at`, unless something of it was read before.
    fn count_passed(&self, context: &mut SourceContext, at: u64) {
        if self.marks.first() != Some(&at) {
            context.counters.pages_skipped += 1;
        }
    }

    /// The same of a series.
    fn gather_plain(
        &mut self,
        context: &mut SourceContext,
        wanted: &[i64],
        found: &mut Found,
    ) -> Result<bool> {
        let (Some(column), Some(plan)) = (self.columns.first_mut(), self.plan.columns.first())
        else {
            self.done = true;
            return Ok(false);
        };
        let source = context.reader.clone();
        let named = |e: Error| e.measurement(&*plan.measurement);
        let at = column.reader.position();
        let Some(header) = column.reader.next_page(source.source()).map_err(named)? else {
            self.done = true;
            return Ok(false);
        };
        let statistics = page_statistics(&header.statistics, &plan.chunk, &column.reader);
        match look(statistics.and_then(Statistics::time_range), wanted) {
            Look::Read if header.uncompressed_bytes > 0 => {}
            Look::Wait if header.uncompressed_bytes > 0 => {
                column.reader.rewind(at);
                return Ok(false);
            }
            _ => {
                self.count_passed(context, at);
                return Ok(true);
            }
        }
        self.marks = vec![at];
        let codes = column.reader.codes();
        let placed = |e: Error| named(e.rebase_page(at));
        let body = column.reader.body(source.source()).map_err(placed)?;
        let mut scratch = std::mem::take(&mut context.scratch);
        let mut decode = || -> Result<Option<i64>> {
            let size = header.uncompressed_bytes;
            let body = decompress(context, codes.compression, body, size, &mut scratch)?;
            let (times, values) = split_plain(body)?;
            let count = statistics
                .map(|s| context.page.check_points(s.count))
                .transpose()?;
            let times = context.shared_times(times, count)?;
            let runs = runs_of(&times, wanted);
            if let (Some(into), false) = (found.columns.first_mut(), runs.is_empty()) {
                let values = Encoded {
                    encoding: codes.encoding,
                    data_type: codes.data_type,
                    bytes: values,
                    count: times.len(),
                    statistics,
                };
                let mut decoded = context.spare(codes.data_type);
                decode_some(context.page, values, &runs, &mut decoded)?;
                take(context, decoded, &mut into.values)?;
                found.extend_times(&times, &runs);
            }
            Ok(times.last().copied())
        };
        let last = decode().map_err(placed);
        context.scratch = scratch;
        Ok(self.go_on(last?, wanted))
    }

    /// And of an aligned group.
    fn gather_aligned(
        &mut self,
        context: &mut SourceContext,
        wanted: &[i64],
        found: &mut Found,
    ) -> Result<bool> {
        let (Some(time), Some(time_plan)) = (self.time.as_mut(), self.plan.time.as_ref()) else {
            return Ok(false);
        };
        let source = context.reader.clone();
        let at = time.position();
        let Some(header) = time.next_page(source.source())? else {
            check_ended(&self.columns, &self.plan)?;
            self.done = true;
            return Ok(false);
        };
        let statistics = page_statistics(&header.statistics, time_plan, time);
        match look(statistics.and_then(Statistics::time_range), wanted) {
            Look::Read if header.uncompressed_bytes > 0 => {}
            Look::Wait if header.uncompressed_bytes > 0 => {
                time.rewind(at);
                return Ok(false);
            }
            _ => {
                self.count_passed(context, at);
                self.each_value(|column, _| skip_value_page(&source, column))?;
                return Ok(true);
            }
        }
        let page = Body {
            at,
            codes: time.codes(),
            uncompressed_bytes: header.uncompressed_bytes,
            bytes: time.body(source.source())?,
        };
        let times = decode_time_page(context, page, statistics)?;
        self.marks = vec![at];
        let positions = self.columns.iter().map(|c| c.reader.position());
        self.marks.extend(positions);
        let runs = runs_of(&times, wanted);
        let rows: usize = runs.iter().map(|(from, to)| to - from).sum();
        let mut columns = found.columns.iter_mut();
        self.each_value(|column, plan| {
            let Some(into) = columns.next().filter(|_| rows > 0) else {
                return skip_value_page(&source, column);
            };
            let taken = with_value_page(context, column, plan, times.len(), |context, page| {
                let decoded = decode_runs(context, page, &runs, &mut into.bits)?;
                into.values.extend_from(&decoded, 0, decoded.len())?;
                context.keep_spare(decoded);
                Ok(())
            })?;
            if taken.is_none() {
                into.bits.append_n(rows, false);
            }
            Ok(())
        })?;
        found.extend_times(&times, &runs);
        let last = times.last().copied();
        context.spare_times = times;
        Ok(self.go_on(last, wanted))
    }
}

/// Counts the values decoded, and appends them to others.
fn take(context: &mut SourceContext, decoded: Values, into: &mut Values) -> Result<()> {
    context.count_values(decoded.len())?;
    context.count_text(decoded.text_bytes())?;
    into.extend_from(&decoded, 0, decoded.len())?;
    context.keep_spare(decoded);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rows_at_wanted_times_are_found() {
        let times = [2, 4, 6, 8, 10, 12];
        assert_eq!(runs_of(&times, &[1, 4, 6, 7, 10, 12, 14]), [(1, 3), (4, 6)]);
        assert_eq!(runs_of(&times, &[3, 20]), []);
        assert_eq!(runs_of(&times, &[]), []);
        assert_eq!(runs_of(&[], &[1]), []);
        assert_eq!(runs_of(&times, &times), [(0, 6)]);
    }

    #[test]
    fn pages_are_read_passed_over_or_left_for_later() {
        let wanted = [10, 20, 30];
        assert_eq!(look(Some((11, 20)), &wanted), Look::Read);
        assert_eq!(look(Some((30, 40)), &wanted), Look::Read);
        assert_eq!(look(Some((1, 9)), &wanted), Look::Skip);
        assert_eq!(look(Some((21, 29)), &wanted), Look::Skip);
        assert_eq!(look(Some((31, 40)), &wanted), Look::Wait);
        assert_eq!(look(None, &wanted), Look::Read);
    }
}
