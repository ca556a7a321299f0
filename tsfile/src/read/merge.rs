//! Several sources to rows in the order of time: per column the later chunk wins, and a null never overwrites a value.
//!
//! Each step finds a horizon: the earliest end of a page at hand. Up to there every source has its rows decoded, so they can
//! be put together. A source that is alone, or whose times are those of the others, is copied as it is; otherwise the
//! times are united and each source's values are spread over the union by bitmap.

use super::context::SourceContext;
use super::plan::SourcePlan;
use super::rows::{Page, PageColumn, count_bits};
use super::select::RowTest;
use super::small::take_small;
use super::source::Source;
use super::union::{positions, union_of};
use super::whole::{Taken, Wanted};
use crate::Result;
use crate::arrow::{ColumnBuilder, set_runs};
use arrow_buffer::BooleanBufferBuilder;

/// Decoded rows of all open sources may take this much together; beyond it pages are held in slices of time.
const HELD_BYTES: usize = if cfg!(fuzzing) { 1 << 10 } else { 24 << 20 };

/// Rows of some sources in ascending time.
#[derive(Debug)]
pub(crate) struct Merge {
    /// Not yet open, latest start first.
    waiting: Vec<((i64, i64), SourcePlan)>,
    open: Vec<Source>,
    /// Rows up to this time are held, and how much later the next slice ends: all sources are cut at the same times.
    until: i64,
    span: i64,
}

/// Rows of one source that take part in a step.
struct Part<'a> {
    page: &'a Page,
    rows: usize,
    order: u64,
    /// Which rows of the union these are; `None` when all.
    select: Option<Vec<u8>>,
}

impl Merge {
    /// Merges `plans`; those without a point in `range` (inclusive) are dropped unseen.
    pub(crate) fn new(plans: impl IntoIterator<Item = SourcePlan>, range: (i64, i64)) -> Self {
        let mut waiting: Vec<_> = plans
            .into_iter()
            .filter_map(|p| p.times().map(|t| (t, p)))
            .filter(|((start, end), _)| *end >= range.0 && *start <= range.1)
            .collect();
        waiting.sort_by_key(|((start, _), p)| std::cmp::Reverse((*start, p.order())));
        Self {
            waiting,
            open: Vec::new(),
            until: i64::MAX,
            span: i64::MAX,
        }
    }

    /// Appends the next rows to `times` and `columns`: those of one page where that is possible, else at most `room` of each source.
    /// `most` is the room that an empty batch has. Where pages are taken whole, rows are those that pass `test`; others are left to the caller.
    ///
    /// Columns without a source are padded with nulls to the same length, which every column had before.
    pub(crate) fn step(
        &mut self,
        context: &mut SourceContext,
        room: usize,
        most: usize,
        test: Option<&RowTest>,
        times: &mut Vec<i64>,
        columns: &mut [ColumnBuilder],
    ) -> Result<Taken> {
        let taken = self.step_some(context, room, most, test, times, columns)?;
        columns.iter_mut().for_each(|c| pad(c, times.len()));
        Ok(taken)
    }

    /// The same without nulls for columns that have no source in this step.
    pub(super) fn step_some(
        &mut self,
        context: &mut SourceContext,
        room: usize,
        most: usize,
        test: Option<&RowTest>,
        times: &mut Vec<i64>,
        columns: &mut [ColumnBuilder],
    ) -> Result<Taken> {
        let before = times.len();
        let taken = self.step_whole(context, room, most, test, times, columns)?;
        match taken {
            Taken::No => self.step_merged(context, room.max(1), times, columns)?,
            Taken::Full => return Ok(Taken::Full),
            Taken::Rows(_) | Taken::Passing(_) => {}
        }
        Ok(match (times.len() - before, taken) {
            (0, _) => Taken::No,
            (rows, Taken::Passing(_)) => Taken::Passing(rows),
            (rows, _) => Taken::Rows(rows),
        })
    }

    /// Whether there is nothing left; false may turn out wrong.
    pub(crate) fn is_done(&self) -> bool {
        self.open.is_empty() && self.waiting.is_empty()
    }

    /// The next page of the only source there is for a while.
    fn step_whole(
        &mut self,
        context: &mut SourceContext,
        room: usize,
        most: usize,
        test: Option<&RowTest>,
        times: &mut Vec<i64>,
        columns: &mut [ColumnBuilder],
    ) -> Result<Taken> {
        let next = if self.open.is_empty() {
            self.waiting.pop()
        } else {
            None
        };
        let wanted = Wanted {
            before: self.waiting.last().map(|((start, _), _)| *start),
            room,
            most,
        };
        if let Some((span, plan)) = next {
            match take_small(context, &plan, wanted, times, columns)? {
                Taken::No => self.open.push(Source::open(context, plan)?),
                Taken::Full => {
                    self.waiting.push((span, plan));
                    return Ok(Taken::Full);
                }
                taken => return Ok(taken),
            }
        }
        let [source] = self.open.as_mut_slice() else {
            return Ok(Taken::No);
        };
        source.take_whole(context, wanted, test, times, columns)
    }

    /// Appends the rows up to the next horizon, which every source has decoded; none at the end.
    fn step_merged(
        &mut self,
        context: &mut SourceContext,
        max_rows: usize,
        times: &mut Vec<i64>,
        columns: &mut [ColumnBuilder],
    ) -> Result<()> {
        let Some(horizon) = self.horizon(context)? else {
            return Ok(());
        };
        let horizon = self.append_up_to(horizon, max_rows, times, columns)?;
        for source in &mut self.open {
            let rows = source
                .page()
                .map(|p| p.rest().partition_point(|&t| t <= horizon));
            source.advance(rows.unwrap_or(0));
        }
        Ok(())
    }

    /// Appends the rows up to `horizon`, or up to an earlier time where a source has more than `max_rows`; returns that time.
    fn append_up_to(
        &self,
        mut horizon: i64,
        max_rows: usize,
        times: &mut Vec<i64>,
        columns: &mut [ColumnBuilder],
    ) -> Result<i64> {
        for source in &self.open {
            if let Some(&t) = source.page().and_then(|p| p.rest().get(max_rows - 1)) {
                horizon = horizon.min(t);
            }
        }
        let mut parts: Vec<Part<'_>> = Vec::with_capacity(self.open.len());
        for source in &self.open {
            if let Some(page) = source.page() {
                parts.extend(Part::new(page, horizon, source.order()));
            }
        }
        append_parts(&mut parts, horizon, max_rows, times, columns)
    }

    /// Finds a page of every source that can have rows before the others end; the time up to which all rows are there.
    fn horizon(&mut self, context: &mut SourceContext) -> Result<Option<i64>> {
        self.load_open(context)?;
        let mut held = self.keep_within_bounds(context, 0)?;
        loop {
            let horizon = self.open.iter().filter_map(Source::known_until).min();
            let next = self.waiting.last().map(|((start, _), _)| *start);
            let wanted = next.is_some_and(|start| horizon.is_none_or(|h| start <= h));
            if wanted {
                if let Some((_, plan)) = self.waiting.pop() {
                    let mut source = Source::open(context, plan)?;
                    if source.load(context, self.until)? {
                        held += source.held_bytes();
                        self.open.push(source);
                        held = self.keep_within_bounds(context, held)?;
                    }
                }
                continue;
            }
            let later = self.open.iter().filter_map(Source::later_time).min();
            match later {
                // The slice is used up.
                Some(first) if self.open.iter().all(|s| s.held_times().is_none()) => {
                    self.until = first.saturating_add(self.span);
                    self.load_open(context)?;
                    held = self.keep_within_bounds(context, 0)?;
                }
                _ => return Ok(horizon),
            }
        }
    }

    /// Loads rows of the sources that have none at hand, and drops those that have none at all.
    fn load_open(&mut self, context: &mut SourceContext) -> Result<()> {
        let mut failed = Ok(());
        let until = self.until;
        self.open.retain_mut(|source| {
            failed.is_ok()
                && source.load(context, until).unwrap_or_else(|e| {
                    failed = Err(e);
                    false
                })
        });
        failed
    }

    /// Cuts what is held until it is no more than [`HELD_BYTES`], or a single time; `held` is what the sources hold, as far as that is
    /// known. Returns what they hold then.
    fn keep_within_bounds(&mut self, context: &mut SourceContext, held: usize) -> Result<usize> {
        if held > 0 && held <= HELD_BYTES {
            return Ok(held);
        }
        loop {
            let held = self.open.iter().map(Source::held_bytes).sum();
            let times = self.open.iter().filter_map(Source::held_times);
            let span = times.reduce(|a, b| (a.0.min(b.0), a.1.max(b.1)));
            let Some((first, last)) =
                span.filter(|(first, last)| held > HELD_BYTES && first < last)
            else {
                return Ok(held);
            };
            self.span = last.saturating_sub(first) / 2;
            self.until = first + self.span;
            for source in &mut self.open {
                source.cut(context, self.until)?;
            }
        }
    }
}

/// Appends nulls up to `rows` rows.
pub(super) fn pad(column: &mut ColumnBuilder, rows: usize) {
    let missing = rows.saturating_sub(column.len());
    column.append_nulls(missing);
}

/// Appends rows at `times` to every column that one of `pages` has: these, each of a source of this order, have no other times.
pub(super) fn append_at(
    times: &[i64],
    pages: &[(u64, Page)],
    columns: &mut [ColumnBuilder],
) -> Result<()> {
    let pages = pages.iter();
    let parts: Vec<Part<'_>> = pages
        .map(|(order, page)| Part {
            page,
            rows: page.times.len(),
            order: *order,
            select: (page.times.len() < times.len()).then(|| positions(times, &page.times)),
        })
        .collect();
    append_columns(&parts, times.len(), columns)
}

impl<'a> Part<'a> {
    /// The rows of `page` up to `horizon`, if there are any.
    fn new(page: &'a Page, horizon: i64, order: u64) -> Option<Self> {
        let rows = page.rest().partition_point(|&t| t <= horizon);
        (rows > 0).then_some(Self {
            page,
            rows,
            order,
            select: None,
        })
    }

    fn times(&self) -> &'a [i64] {
        let page: &'a Page = self.page;
        page.rest().get(..self.rows).unwrap_or(&[])
    }
}

/// Appends the union of the rows of `parts`, which end at `horizon`, and cuts it to `max_rows`: where sources take turns, it is as large as
/// all of them together. Returns the time where it ends.
fn append_parts(
    parts: &mut Vec<Part<'_>>,
    horizon: i64,
    max_rows: usize,
    times: &mut Vec<i64>,
    columns: &mut [ColumnBuilder],
) -> Result<i64> {
    let before = times.len();
    let end = unite(parts, horizon, max_rows, times);
    append_columns(parts, times.len() - before, columns)?;
    Ok(end)
}

/// Appends the union of the parts' times and notes which rows of it each part has; none of them has more than `max_rows`.
fn unite(parts: &mut Vec<Part<'_>>, horizon: i64, max_rows: usize, times: &mut Vec<i64>) -> i64 {
    let mut lists: Vec<&[i64]> = Vec::with_capacity(parts.len());
    for part in parts.iter() {
        let own = part.times();
        let same = lists
            .last()
            .is_some_and(|l| std::ptr::eq(*l, own) || *l == own);
        if !same {
            lists.push(own);
        }
    }
    if let [only] = lists.as_slice() {
        times.extend_from_slice(only);
        return horizon;
    }
    let all = union_of(&lists, max_rows);
    let end = match all.last() {
        Some(&last) if all.len() == max_rows => last,
        _ => horizon,
    };
    parts.retain_mut(|part| {
        part.rows = part.times().partition_point(|&t| t <= end);
        if part.rows < all.len() && !part.page.columns.is_empty() {
            part.select = Some(positions(&all, part.times()));
        }
        part.rows > 0
    });
    times.extend_from_slice(&all);
    end
}

/// Appends the `rows` rows of this step to every column that a part has.
fn append_columns(parts: &[Part<'_>], rows: usize, columns: &mut [ColumnBuilder]) -> Result<()> {
    let mut given: Vec<(usize, u64, &Part<'_>, &PageColumn)> = Vec::new();
    for part in parts.iter() {
        given.extend(
            part.page
                .columns
                .iter()
                .map(|c| (c.column, part.order, part, c)),
        );
    }
    given.sort_by_key(|(column, order, _, _)| (*column, *order));
    for same in given.chunk_by(|a, b| a.0 == b.0) {
        let Some(&(column, _, part, values)) = same.first() else {
            continue;
        };
        let Some(out) = columns.get_mut(column) else {
            continue;
        };
        if same.len() == 1 {
            append_one(out, part, values, rows)?;
        } else {
            append_overlapping(out, same, rows)?;
        }
    }
    Ok(())
}

/// The only source of a column in this step.
fn append_one(out: &mut ColumnBuilder, part: &Part<'_>, c: &PageColumn, rows: usize) -> Result<()> {
    match (&part.select, &c.bits) {
        (None, None) => out.append_dense(&c.values, c.taken, part.rows),
        (None, Some(bits)) => {
            out.append_spread(&c.values, c.taken, part.rows, bits, part.page.position)
        }
        (Some(select), None) => out.append_spread(&c.values, c.taken, rows, select, 0),
        (Some(select), Some(bits)) => {
            let bits = compose(select, rows, bits, part.page.position);
            out.append_spread(&c.values, c.taken, rows, &bits, 0)
        }
    }
}

/// The rows of the union that have a value: `select` picks the rows, `bits` from `from` on say which of those have one.
fn compose(select: &[u8], rows: usize, bits: &[u8], from: usize) -> Vec<u8> {
    let mut out = BooleanBufferBuilder::new(rows);
    let (mut at, mut next) = (0, from);
    for (start, end) in set_runs(select, 0, rows) {
        out.append_n(start - at, false);
        out.append_packed_range(next..next + (end - start), bits);
        next += end - start;
        at = end;
    }
    out.append_n(rows - at, false);
    out.as_slice().to_vec()
}

/// Several chunks of one series have values in this step: for equal times the later one wins where it has a value.
fn append_overlapping(
    out: &mut ColumnBuilder,
    given: &[(usize, u64, &Part<'_>, &PageColumn)],
    rows: usize,
) -> Result<()> {
    // For each row the source that wins and its value there; sources come in the order of the file.
    let mut winner: Vec<Option<(usize, usize)>> = vec![None; rows];
    for (i, (_, _, part, c)) in given.iter().enumerate() {
        // Its type has to fit also when a later chunk has all of its rows, or an error would depend on where steps end.
        out.append_dense(&c.values, 0, 0)?;
        let bits = match (&part.select, &c.bits) {
            (Some(select), Some(bits)) => compose(select, rows, bits, part.page.position),
            (Some(select), None) => select.clone(),
            (None, Some(bits)) => {
                let mut own = BooleanBufferBuilder::new(rows);
                own.append_packed_range(part.page.position..part.page.position + rows, bits);
                own.as_slice().to_vec()
            }
            (None, None) => vec![0xff; rows.div_ceil(8)],
        };
        debug_assert!(count_bits(&bits, 0, rows) <= c.values.len());
        let mut value = c.taken;
        for (start, end) in set_runs(&bits, 0, rows) {
            for slot in winner.get_mut(start..end).unwrap_or(&mut []) {
                *slot = Some((i, value));
                value += 1;
            }
        }
    }
    let mut at = 0;
    while let Some(&first) = winner.get(at) {
        let run = winner
            .iter()
            .skip(at)
            .enumerate()
            .take_while(|(k, w)| match (first, w) {
                (None, None) => true,
                (Some((i, v)), Some((j, u))) => i == *j && v + k == *u,
                _ => false,
            });
        let n = run.count();
        match first.and_then(|(i, v)| given.get(i).map(|g| (&g.3.values, v))) {
            Some((values, from)) => out.append_dense(values, from, n)?,
            None => out.append_nulls(n),
        }
        at += n;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rows_of_a_union_that_have_a_value() {
        assert_eq!(compose(&[0b10110], 5, &[0b1010], 1), [0b10010]);
    }
}
