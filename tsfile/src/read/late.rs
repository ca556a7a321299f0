//! Rows that a test keeps, of sources that have to be merged: what the test reads comes first, and the other columns only at the times of
//! the rows that it keeps.
//!
//! That is right where the test keeps no row in which everything that it reads is null: then the sources of what it reads have all the
//! rows that count. One aligned group alone needs none of this, see [`whole`](super::whole).

use super::context::SourceContext;
use super::gather::Gather;
use super::merge::{Merge, pad};
use super::plan::{SourceColumn, SourcePlan};
use super::select::RowTest;
use super::whole::Taken;
use crate::arrow::ColumnBuilder;
use crate::{Error, Result};
use std::collections::HashMap;
use std::sync::Arc;

/// So many rows are kept first before the other columns are read. Few, since nobody knows yet how large they are, and because somebody may
/// want no more than that.
const FIRST_ROWS: usize = if cfg!(fuzzing) { 2 } else { 1024 };
/// Then so many times more, and so on: a page that two portions share is decoded for both.
const GROWTH: usize = 4;
/// A portion has no more rows than this, or than a batch where that is more.
const MOST_ROWS: usize = 64 << 10;
/// The rows of a portion take about so many bytes at most, however many rows a batch has.
const PORTION_BYTES: usize = if cfg!(fuzzing) { 1 << 10 } else { 12 << 20 };

/// The sources of a device, or of all of them, in two parts.
#[derive(Debug)]
pub(crate) struct Late {
    /// What the test reads.
    tested: Merge,
    columns: Vec<TestedColumn>,
    /// The other columns.
    rest: Gather,
}

/// An output column that is tested, and where it is from.
#[derive(Debug)]
struct TestedColumn {
    output: usize,
    device: Arc<str>,
    measurement: Arc<str>,
}

impl Late {
    /// Splits `plans` by what `test` reads; the rest of an aligned group has its times as well.
    pub(crate) fn new(
        context: &mut SourceContext,
        plans: Vec<SourcePlan>,
        test: &RowTest,
        range: (i64, i64),
    ) -> Self {
        let outputs = test.outputs();
        let (mut tested, mut rest) = (Vec::new(), Vec::new());
        let mut columns: Vec<TestedColumn> = Vec::new();
        for plan in plans {
            let wanted = plan.columns.iter().filter(|c| c.column.is_some());
            let is_tested = |c: &&SourceColumn| c.column.is_some_and(|i| outputs.contains(&i));
            let (own, others): (Vec<_>, Vec<_>) = wanted.cloned().partition(|c| is_tested(&c));
            for c in &own {
                if let Some(output) = c.column {
                    columns.push(TestedColumn {
                        output,
                        device: plan.device.clone(),
                        measurement: c.measurement.clone(),
                    });
                }
            }
            let part = |columns| SourcePlan {
                device: plan.device.clone(),
                time: plan.time.clone(),
                columns,
                // A row without a value that is tested is not kept.
                only_present: false,
                alone: false,
            };
            if !own.is_empty() {
                tested.push(part(own));
            }
            if !others.is_empty() {
                rest.push(part(others));
            }
        }
        columns.sort_by_key(|c| c.output);
        columns.dedup_by_key(|c| c.output);
        mark_alone(&mut tested);
        context.page_test = Some(test.clone());
        // The times of an aligned group are read for both parts.
        context.passes = 2;
        Self {
            tested: Merge::new(tested, range),
            columns,
            rest: Gather::new(rest),
        }
    }

    /// Appends the next rows that pass `test`, of which no more than `goal` may be wanted. A batch has at most `most` rows; these can be
    /// more. Columns without a value are padded with nulls.
    pub(crate) fn step(
        &mut self,
        context: &mut SourceContext,
        (goal, most): (usize, usize),
        test: &RowTest,
        times: &mut Vec<i64>,
        columns: &mut [ColumnBuilder],
    ) -> Result<Taken> {
        let start = times.len();
        let width: usize = columns.iter().map(|c| c.column().width_bytes()).sum();
        let fit = PORTION_BYTES / (width + size_of::<i64>());
        let most = most.max(fit.min(MOST_ROWS)).max(1);
        let portion = context
            .portion
            .unwrap_or(FIRST_ROWS.min(goal))
            .clamp(1, most);
        let before = size_bytes(columns);
        // Columns get smaller where a dictionary loses entries that no row uses.
        let grown = |columns: &[ColumnBuilder]| size_bytes(columns).saturating_sub(before);
        while times.len() - start < portion && grown(columns) < PORTION_BYTES {
            let from = times.len();
            let taken = self
                .tested
                .step_some(context, most, most, Some(test), times, columns)?;
            if times.len() == from {
                break;
            }
            for c in &self.columns {
                if let Some(column) = columns.get_mut(c.output) {
                    pad(column, times.len());
                }
            }
            if !matches!(taken, Taken::Passing(_)) {
                self.keep_passing(context, test, from, times, columns)?;
            }
        }
        let kept = times.get(start..).unwrap_or(&[]);
        if !kept.is_empty() {
            self.rest.append(context, kept, columns)?;
        }
        if self.is_done() || kept.is_empty() {
            self.rest.finish(context);
        }
        columns.iter_mut().for_each(|c| pad(c, times.len()));
        if kept.is_empty() {
            return Ok(Taken::No);
        }
        let row_bytes = grown(columns).div_ceil(kept.len()).max(1);
        let next = portion.saturating_mul(GROWTH).max(FIRST_ROWS);
        context.portion = Some(next.min(PORTION_BYTES / row_bytes));
        Ok(Taken::Passing(kept.len()))
    }

    /// Whether there is nothing left; false may turn out wrong.
    pub(crate) fn is_done(&self) -> bool {
        self.tested.is_done()
    }

    /// Of the rows from number `from` on keeps those that pass.
    fn keep_passing(
        &self,
        context: &mut SourceContext,
        test: &RowTest,
        from: usize,
        times: &mut Vec<i64>,
        columns: &mut [ColumnBuilder],
    ) -> Result<()> {
        let rows = times.get(from..).unwrap_or(&[]);
        context.counters.rows_tested += rows.len() as u64;
        let passing = test.passing(rows, columns, from, &|i, e| self.name(i, e))?;
        let mut to = from;
        for row in passing.set_indices() {
            times.swap(to, from + row);
            to += 1;
        }
        times.truncate(to);
        for c in &self.columns {
            if let Some(column) = columns.get_mut(c.output) {
                column.retain_from(from, &passing)?;
            }
        }
        Ok(())
    }

    fn name(&self, output: usize, e: Error) -> Error {
        match self.columns.iter().find(|c| c.output == output) {
            Some(c) => e.device(&*c.device).measurement(&*c.measurement),
            None => e,
        }
    }
}

fn size_bytes(columns: &[ColumnBuilder]) -> usize {
    columns.iter().map(ColumnBuilder::size_bytes).sum()
}

/// Marks the sources whose columns have no point elsewhere at the same times.
fn mark_alone(plans: &mut [SourcePlan]) {
    // Of each column the first and the last time of its sources, with their numbers.
    type Spans = Vec<((i64, i64), usize)>;
    let mut by_column: HashMap<usize, Spans> = HashMap::new();
    for (number, plan) in plans.iter_mut().enumerate() {
        plan.alone = true;
        for c in &plan.columns {
            if let (Some(output), Some(times)) = (c.column, plan.times()) {
                by_column.entry(output).or_default().push((times, number));
            }
        }
    }
    for spans in by_column.values_mut() {
        spans.sort_unstable();
        // The source so far that ends last.
        let mut last: Option<(i64, usize)> = None;
        for &((start, end), number) in spans.iter() {
            if let Some((behind, other)) = last.filter(|(behind, _)| start <= *behind) {
                for shared in [number, other] {
                    if let Some(plan) = plans.get_mut(shared) {
                        plan.alone = false;
                    }
                }
                if behind > end {
                    continue;
                }
            }
            last = Some((end, number));
        }
    }
}
