//! Pages that are passed over because no row at their times can pass a test, told by their headers.

use super::TsFileReader;
use super::chunk::ChunkReader;
use super::context::SourceContext;
use super::plan::{SourceColumn, SourcePlan};
use super::select::{RowTest, TestColumn, Told};
use super::source::{ColumnSource, page_statistics};
use super::trust;
use crate::Result;
use crate::filter::Test;
use crate::model::Statistics;

/// A test of the rows of a source that is alone for a while.
#[derive(Debug, Clone, Copy)]
pub(super) struct Pruning<'a> {
    pub(super) test: &'a RowTest,
    /// The first time of another source: what a page there says of a row is not all.
    pub(super) before: Option<i64>,
}

impl Pruning<'_> {
    /// Whether the next page of `columns`, whose times have these statistics, can have a row that passes: headers are looked at, no body.
    pub(super) fn may_pass(
        self,
        reader: &TsFileReader,
        times: Option<&Statistics>,
        columns: &mut [ColumnSource],
        plan: &SourcePlan,
    ) -> Result<bool> {
        let last = times.and_then(Statistics::time_range).map(|t| t.1);
        let apart = match (self.before, last) {
            (None, _) => true,
            (Some(before), Some(last)) => last < before,
            (Some(_), None) => false,
        };
        if !apart {
            return Ok(true);
        }
        may_pass(self.test, reader, columns, plan, false)
    }
}

/// Whether no row at the times of the next page of an aligned group can pass, whatever other sources have in other columns.
pub(super) fn group_rules_out(
    context: &SourceContext,
    columns: &mut [ColumnSource],
    plan: &SourcePlan,
) -> Result<bool> {
    let Some(test) = &context.page_test else {
        return Ok(false);
    };
    may_pass(test, &context.reader, columns, plan, true).map(|may| !may)
}

/// Whether no row at the times of a page of a series can pass, whatever other sources have in other columns: the page has these statistics.
pub(super) fn series_rules_out(
    context: &SourceContext,
    statistics: Option<&Statistics>,
    plan: &SourceColumn,
    chunk: &ChunkReader,
) -> bool {
    let (Some(test), Some(statistics)) = (&context.page_test, statistics) else {
        return false;
    };
    let codes = chunk.codes();
    let lossless = context.reader.is_lossless();
    let trusted = trust::values(statistics, codes.data_type, Some(codes), lossless);
    !test.may_pass(&mut |output, column, asked| {
        // Without the page there are nulls, which must not pass instead.
        plan.column != Some(output)
            || *asked == Test::IsNull
            || asked.can_match(&Told::new(statistics, column, trusted))
    })
}

/// Whether a row at the times of the next page of `columns` can pass. Where there are `others`, nothing is known of other columns, and rows
/// that are not in the page may be null in these; else all rows are in the page, and a column that is not among these is null.
fn may_pass(
    test: &RowTest,
    reader: &TsFileReader,
    columns: &mut [ColumnSource],
    plan: &SourcePlan,
    others: bool,
) -> Result<bool> {
    let lossless = reader.is_lossless();
    let mut failed = Ok(());
    let may = test.may_pass(&mut |output, column, asked| {
        let null = *asked == Test::IsNull;
        if others && null {
            return true;
        }
        let mut chunks = columns.iter_mut().zip(&plan.columns);
        let Some((source, plan)) = chunks.find(|(_, p)| p.column == Some(output)) else {
            return others || null;
        };
        source
            .may_pass(reader, plan, (column, asked), lossless)
            .unwrap_or_else(|e| {
                failed = Err(e.measurement(&*plan.measurement));
                true
            })
    });
    failed.map(|()| may)
}

impl ColumnSource {
    /// Whether the next page can have a value that passes a test.
    fn may_pass(
        &mut self,
        reader: &TsFileReader,
        plan: &SourceColumn,
        (column, asked): (&TestColumn, &Test),
        lossless: bool,
    ) -> Result<bool> {
        let null = *asked == Test::IsNull;
        if self.empty {
            return Ok(null);
        }
        let Some(header) = self.peek_page(reader.source())? else {
            return Ok(true);
        };
        if header.uncompressed_bytes == 0 {
            return Ok(null);
        }
        let own = header.statistics.clone();
        let Some(statistics) = page_statistics(&own, &plan.chunk, &self.reader) else {
            return Ok(true);
        };
        let codes = self.reader.codes();
        let trusted = trust::values(statistics, codes.data_type, Some(codes), lossless);
        Ok(asked.can_match(&Told::new(statistics, column, trusted)))
    }
}
