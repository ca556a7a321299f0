//! Whole pages of an aligned group straight into the columns: the fast path of [`Merge`](super::merge::Merge).
//!
//! Where one group of chunks is alone and all rows of its next page are wanted, nothing has to be put together: each value page is decoded
//! at the end of its column, and its nulls are spread there. The plain path decodes all columns of a page first and copies them then,
//! through twice the memory; it takes over wherever a condition is not met, and gives the same rows.

use super::body::ValuePage;
use super::context::SourceContext;
use super::page::{decode_before, decode_some, decode_values};
use super::plan::SourceColumn;
use super::rows::count_bits;
use super::rule_out::Pruning;
use super::select::RowTest;
use super::source::{ColumnSource, Source, skip_value_page, with_value_page};
use crate::Result;
use crate::arrow::{ColumnBuilder, Values};
use arrow_buffer::{BooleanBuffer, BooleanBufferBuilder};
use std::ops::Range;

/// What is asked of a page that is taken whole.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Wanted {
    /// The first time of another source: rows from there on have to be merged.
    pub(crate) before: Option<i64>,
    /// Rows that the batch has room for, and that an empty one has.
    pub(crate) room: usize,
    pub(crate) most: usize,
}

impl Wanted {
    /// Whether `rows` rows up to the time `last` can be taken, and if not, what becomes of them.
    pub(super) fn fits(self, last: i64, rows: usize) -> std::result::Result<(), Taken> {
        let apart = self.before.is_none_or(|before| last < before);
        if !apart || rows > self.most {
            return Err(Taken::No);
        }
        if rows <= self.room {
            return Ok(());
        }
        // A batch that ends early is smaller than it could be: not by much.
        let begun = self.most - self.room.min(self.most);
        Err(if begun >= self.most / 4 {
            Taken::Full
        } else {
            Taken::No
        })
    }
}

/// What became of the next page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Taken {
    /// So many rows were appended.
    Rows(usize),
    /// The same of rows that passed the test.
    Passing(usize),
    /// It would fit into the next batch and does not fit into this one.
    Full,
    /// There is no page, or it cannot be taken whole.
    No,
}

impl Source {
    /// Appends the rows of the next page to `times` and `columns`: those in the range of time that pass `test`, when there is one. Nothing of
    /// the page before is left then. Columns that the source does not have stay behind.
    ///
    /// What a test reads is decoded first, and the rest only of pages of which a row is kept, and of those only what is near it where the
    /// encoding can skip. Pages of which no row is kept are passed over.
    ///
    /// # Errors
    /// The page is corrupt, or reading fails, or a value that is tested is no text or no date; the columns are of no use then.
    pub(crate) fn take_whole(
        &mut self,
        context: &mut SourceContext,
        wanted: Wanted,
        test: Option<&RowTest>,
        times: &mut Vec<i64>,
        columns: &mut [ColumnBuilder],
    ) -> Result<Taken> {
        let before = wanted.before;
        let pruning = test.map(|test| Pruning { test, before });
        loop {
            let Some(page) = self.peek_times(context, pruning)? else {
                return Ok(Taken::No);
            };
            let (start, end) = context.range;
            let first = page.partition_point(|&t| t < start);
            let behind = page.partition_point(|&t| t <= end);
            let rows = page.get(first..behind).unwrap_or(&[]);
            let Some(&last) = rows.last() else {
                // The statistics promised a time that is not there.
                self.skip_page(context)?;
                context.spare_times = page;
                continue;
            };
            if let Err(no) = wanted.fits(last, rows.len()) {
                return Ok(no);
            }
            let taken = match test {
                None => {
                    let chosen = Chosen::range(first, behind, page.len());
                    self.take_chosen(context, page.len(), &chosen, None, columns)?;
                    times.extend_from_slice(rows);
                    Taken::Rows(rows.len())
                }
                Some(test) => {
                    let kept = {
                        let range = first..behind;
                        self.take_tested(context, &page, range, test, times.len(), columns)?
                    };
                    let Some(kept) = kept else {
                        context.spare_times = page;
                        continue;
                    };
                    times.extend(kept.set_indices().filter_map(|i| rows.get(i)));
                    Taken::Passing(kept.count_set_bits())
                }
            };
            context.spare_times = page;
            return Ok(taken);
        }
    }

    /// Appends the rows `range` of the page that pass a test behind the first `before` rows; none when no row does.
    fn take_tested(
        &mut self,
        context: &mut SourceContext,
        page: &[i64],
        range: Range<usize>,
        test: &RowTest,
        before: usize,
        columns: &mut [ColumnBuilder],
    ) -> Result<Option<BooleanBuffer>> {
        let all = Chosen::range(range.start, range.end, page.len());
        self.each_value(|column, plan| match plan.column {
            Some(i) if test.reads(i) => {
                append_chosen(context, column, plan, page.len(), &all, columns.get_mut(i))
            }
            _ => Ok(()),
        })?;
        let rows = page.get(range.clone()).unwrap_or(&[]);
        let passing = test.passing(rows, columns, before, &|i, e| self.name(i, e))?;
        context.counters.rows_tested += rows.len() as u64;
        let kept = passing.count_set_bits();
        let chosen = Chosen::rows(&passing, range.start, page.len());
        self.take_chosen(context, page.len(), &chosen, Some(test), columns)?;
        if kept < rows.len() {
            for i in (0..columns.len()).filter(|&i| test.reads(i)) {
                if let Some(column) = columns.get_mut(i).filter(|c| c.len() > before) {
                    column.retain_from(before, &passing)?;
                }
            }
        }
        Ok((kept > 0).then_some(passing))
    }

    /// Appends the chosen rows of all columns but those that `done` reads, and goes on behind the page.
    fn take_chosen(
        &mut self,
        context: &mut SourceContext,
        rows: usize,
        chosen: &Chosen,
        done: Option<&RowTest>,
        columns: &mut [ColumnBuilder],
    ) -> Result<()> {
        self.take_values(|column, plan| {
            let Some(i) = plan.column else {
                return skip_value_page(&context.reader, column);
            };
            if done.is_some_and(|test| test.reads(i)) {
                return Ok(());
            }
            append_chosen(context, column, plan, rows, chosen, columns.get_mut(i))
        })
    }
}

/// Which rows of a page are wanted.
#[derive(Debug)]
enum Chosen {
    All,
    /// None: the page is passed over.
    None,
    /// Runs from one row to before another, ascending.
    Runs(Vec<(usize, usize)>),
}

impl Chosen {
    fn range(first: usize, behind: usize, rows: usize) -> Self {
        if behind - first == rows {
            Self::All
        } else {
            Self::Runs(vec![(first, behind)])
        }
    }

    /// The rows whose bit is set, counted from row `first` on.
    fn rows(bits: &BooleanBuffer, first: usize, rows: usize) -> Self {
        match bits.count_set_bits() {
            0 => Self::None,
            n if n == rows => Self::All,
            _ => {
                let runs = bits.set_slices();
                Self::Runs(runs.map(|(a, b)| (a + first, b + first)).collect())
            }
        }
    }
}

/// Decodes the chosen rows of the next page of a value column at the end of `out`.
fn append_chosen(
    context: &mut SourceContext,
    column: &mut ColumnSource,
    plan: &SourceColumn,
    rows: usize,
    chosen: &Chosen,
    out: Option<&mut ColumnBuilder>,
) -> Result<()> {
    let Some(out) = out else {
        return skip_value_page(&context.reader, column);
    };
    let (done, chosen_rows) = match chosen {
        Chosen::None => return skip_value_page(&context.reader, column),
        Chosen::All => {
            let done = with_value_page(context, column, plan, rows, |context, page| {
                append_values(context, page, rows, out)
            })?;
            (done, rows)
        }
        Chosen::Runs(runs) => {
            let done = with_value_page(context, column, plan, rows, |context, page| {
                append_runs(context, page, runs, out)
            })?;
            (done, runs.iter().map(|(a, b)| b - a).sum())
        }
    };
    if done.is_none() {
        out.append_nulls(chosen_rows);
    }
    Ok(())
}

/// Decodes the values of some rows of `page` at the end of `out`.
fn append_runs(
    context: &mut SourceContext,
    page: ValuePage<'_>,
    runs: &[(usize, usize)],
    out: &mut ColumnBuilder,
) -> Result<()> {
    let rows = runs.iter().map(|(a, b)| b - a).sum();
    let mut bits = BooleanBufferBuilder::new(rows);
    let decoded = decode_runs(context, page, runs, &mut bits)?;
    if decoded.len() == rows {
        out.append_dense(&decoded, 0, rows)?;
    } else {
        out.append_spread(&decoded, 0, rows, bits.as_slice(), 0)?;
    }
    context.keep_spare(decoded);
    Ok(())
}

/// The values of some rows of `page`; appends to `bits` which of the rows have one.
pub(super) fn decode_runs(
    context: &mut SourceContext,
    page: ValuePage<'_>,
    runs: &[(usize, usize)],
    bits: &mut BooleanBufferBuilder,
) -> Result<Values> {
    let values = page.values;
    let mut wanted: Vec<(usize, usize)> = Vec::with_capacity(runs.len());
    let (mut row, mut value, mut count) = (0, 0, 0);
    for &(start, end) in runs {
        value += count_bits(page.bits, row, start - row);
        let own = count_bits(page.bits, start, end - start);
        if own > 0 {
            wanted.push((value, value + own));
        }
        bits.append_packed_range(start..end, page.bits);
        (row, value) = (end, value + own);
        count += own;
    }
    let mut decoded = context.spare(values.data_type);
    decode_some(context.page, values, &wanted, &mut decoded)?;
    context.count_values(count)?;
    context.count_text(decoded.text_bytes())?;
    Ok(decoded)
}

/// Decodes the values of `page` at the end of `out`.
pub(super) fn append_values(
    context: &mut SourceContext,
    page: ValuePage<'_>,
    rows: usize,
    out: &mut ColumnBuilder,
) -> Result<()> {
    let (rules, values) = (context.page, page.values);
    let bits = (values.count < rows).then_some(page.bits);
    let before = out.text_bytes();
    if out.holds(values.data_type) {
        out.append_decoded(rows, values.count, bits, |out, end| {
            decode_before(rules, values, end, out)
        })?;
    } else {
        let mut decoded = context.spare(values.data_type);
        decode_values(rules, values, &mut decoded)?;
        match bits {
            Some(bits) => out.append_spread(&decoded, 0, rows, bits, 0)?,
            None => out.append_dense(&decoded, 0, rows)?,
        }
    }
    context.count_text(out.text_bytes().saturating_sub(before))?;
    context.count_values(values.count)
}
