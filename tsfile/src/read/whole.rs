//! Whole pages of an aligned group straight into the columns: the fast path of [`Merge`](super::merge::Merge).
//!
//! Where one group of chunks is alone and all rows of its next page are wanted, nothing has to be put together: each value page is decoded
//! at the end of its column, and its nulls are spread there. The plain path decodes all columns of a page first and copies them then,
//! through twice the memory; it takes over wherever a condition is not met, and gives the same rows.

use super::context::SourceContext;
use super::page::{decode_before, decode_values};
use super::plan::SourceColumn;
use super::source::{ColumnSource, Source, ValuePage, with_value_page};
use crate::Result;
use crate::arrow::ColumnBuilder;

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
    /// Whether a page of `rows` rows from `first` to `last` can be taken, and if not, what becomes of it.
    pub(super) fn fits(
        self,
        range: (i64, i64),
        first: i64,
        last: i64,
        rows: usize,
    ) -> std::result::Result<(), Taken> {
        let apart = self.before.is_none_or(|before| last < before);
        if !apart || first < range.0 || last > range.1 || rows > self.most {
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
    /// It would fit into the next batch and does not fit into this one.
    Full,
    /// There is no page, or it cannot be taken whole.
    No,
}

impl Source {
    /// Appends the rows of the next page to `times` and `columns`, when all of them are wanted and nothing of the page before is left.
    /// Columns that the source does not have stay behind.
    ///
    /// # Errors
    /// The page is corrupt, or reading fails; the columns are of no use then.
    pub(crate) fn take_whole(
        &mut self,
        context: &mut SourceContext,
        wanted: Wanted,
        times: &mut Vec<i64>,
        columns: &mut [ColumnBuilder],
    ) -> Result<Taken> {
        let Some(page) = self.peek_times(context)? else {
            return Ok(Taken::No);
        };
        let (Some(&first), Some(&last)) = (page.first(), page.last()) else {
            return Ok(Taken::No);
        };
        if let Err(no) = wanted.fits(context.range, first, last, page.len()) {
            return Ok(no);
        }
        let rows = page.len();
        times.extend_from_slice(&page);
        self.take_values(|column, plan| {
            let Some(out) = plan.column.and_then(|i| columns.get_mut(i)) else {
                return Ok(());
            };
            append_page(context, column, plan, rows, out)
        })?;
        context.spare_times = page;
        Ok(Taken::Rows(rows))
    }
}

/// Decodes the next page of a value column at the end of `out`.
fn append_page(
    context: &mut SourceContext,
    column: &mut ColumnSource,
    plan: &SourceColumn,
    rows: usize,
    out: &mut ColumnBuilder,
) -> Result<()> {
    let done = with_value_page(context, column, plan, rows, |context, page| {
        append_values(context, page, rows, out)
    })?;
    if done.is_none() {
        out.append_nulls(rows);
    }
    Ok(())
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
