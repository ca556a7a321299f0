//! Whether the rows of a device are put to the test before its other columns are read, and how its rows are read then.

use super::filter::Place;
use super::plan::Shared;
use crate::Result;
use crate::arrow::ColumnBuilder;
use crate::filter::Predicate;
use crate::model::Statistics;
use crate::read::context::SourceContext;
use crate::read::late::Late;
use crate::read::merge::Merge;
use crate::read::plan::SourcePlan;
use crate::read::select::RowTest;
use crate::read::whole::Taken;

/// Devices of fewer points are read as a whole: they are a page or two, and two passes take longer than these save.
const LATE_POINTS: u64 = if cfg!(fuzzing) { 1 } else { 1024 };

/// The rows of a device, or of all of them.
#[derive(Debug)]
pub(super) enum DeviceRows {
    /// All columns side by side.
    Merge(Merge),
    /// First the columns that are tested.
    Late(Late),
}

/// How many rows are asked for.
#[derive(Debug, Clone, Copy)]
pub(super) struct Asked {
    /// That the batch has room for, and that an empty one has.
    pub(super) room: usize,
    pub(super) most: usize,
    /// That may be wanted at all, of those that pass the test.
    pub(super) goal: usize,
}

impl DeviceRows {
    /// `late` says that a row without any value that `test` reads does not pass.
    pub(super) fn new(
        context: &mut SourceContext,
        plans: Vec<SourcePlan>,
        test: Option<&RowTest>,
        late: bool,
    ) -> Self {
        let range = context.range;
        context.page_test = None;
        match test {
            Some(test) if late && is_worth_it(&plans) => {
                Self::Late(Late::new(context, plans, test, range))
            }
            _ => Self::Merge(Merge::new(plans, range)),
        }
    }

    /// Appends the next rows, see [`Merge::step`] and [`Late::step`].
    pub(super) fn step(
        &mut self,
        context: &mut SourceContext,
        asked: Asked,
        test: Option<&RowTest>,
        times: &mut Vec<i64>,
        columns: &mut [ColumnBuilder],
    ) -> Result<Taken> {
        let Asked { room, most, goal } = asked;
        match (self, test) {
            (Self::Merge(merge), test) => merge.step(context, room, most, test, times, columns),
            (Self::Late(late), Some(test)) => {
                late.step(context, (goal, most), test, times, columns)
            }
            (Self::Late(_), None) => Ok(Taken::No),
        }
    }

    /// Whether there is nothing left; false may turn out wrong.
    pub(super) fn is_done(&self) -> bool {
        match self {
            Self::Merge(merge) => merge.is_done(),
            Self::Late(late) => late.is_done(),
        }
    }
}

/// Whether `plans` have so many points, and are not aligned groups one after the other, of which each page is tested by itself.
fn is_worth_it(plans: &[SourcePlan]) -> bool {
    let count = |s: &Option<Statistics>| s.as_ref().map_or(LATE_POINTS, |s| s.count);
    let points = plans.iter().fold(0u64, |sum, plan| {
        let rows = plan.time.as_ref().map_or(0, |time| count(&time.statistics));
        let values = plan.columns.iter().map(|c| count(&c.chunk.statistics));
        values.fold(sum.saturating_add(rows), u64::saturating_add)
    });
    if points < LATE_POINTS {
        return false;
    }
    let by_itself = |plan: &SourcePlan| plan.time.is_some() && !plan.only_present;
    if !plans.iter().all(by_itself) {
        return true;
    }
    let mut spans: Vec<(i64, i64)> = plans.iter().filter_map(SourcePlan::times).collect();
    spans.sort_unstable();
    let next = spans.iter().skip(1);
    spans.iter().zip(next).any(|(a, b)| b.0 <= a.1)
}

impl Shared {
    /// Whether `residual` keeps no row in which nothing that is read has a value.
    pub(super) fn rejects_nulls(&self, residual: &Predicate) -> bool {
        self.filter.as_ref().is_some_and(|filter| {
            let is_value =
                |column: usize| matches!(filter.places.get(column), Some(Place::Value(_)));
            residual.rejects_nulls(&is_value)
        })
    }
}
