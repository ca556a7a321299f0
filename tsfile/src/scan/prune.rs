//! When a filter can hold at all: what the statistics of chunks leave of the times of a device.
//!
//! What is dropped is time, never a chunk: at a time that is left every chunk is read, also one whose own statistics say no. So an old value
//! that a later chunk overwrites cannot come back, and rows, which exist where any series has a point, are the same.

use super::plan::Shared;
use crate::Result;
use crate::filter::{Cut, Predicate, Ranges, Test, possible_times};
use crate::read::context::SourceContext;
use crate::read::plan::SourcePlan;
use crate::read::select::{TestColumn, TestPlace, chunk_may_pass};

/// The times at which `residual` can hold, of those of the device that `plans` are the chunks of.
pub(super) fn possible(
    shared: &Shared,
    context: &mut SourceContext,
    plans: &[SourcePlan],
    residual: &Predicate,
) -> Result<Ranges<i64>> {
    let Some(filter) = &shared.filter else {
        return Ok(Ranges::all());
    };
    let mut failed = Ok(());
    let times = possible_times(residual, filter.time(), &mut |number, test| {
        let column = shared.tested.get(number);
        let known = column.and_then(|column| match column.place {
            TestPlace::Output(output) => Some((column, output)),
            TestPlace::Time | TestPlace::Key => None,
        });
        match known {
            Some((column, output)) if *test != Test::IsNull => {
                passing(context, plans, (column, output), test).unwrap_or_else(|e| {
                    if failed.is_ok() {
                        failed = Err(e);
                    }
                    Ranges::all()
                })
            }
            _ => Ranges::all(),
        }
    });
    failed.map(|()| times)
}

/// The times of the chunks of a column that can have a value that passes a test.
fn passing(
    context: &mut SourceContext,
    plans: &[SourcePlan],
    (column, output): (&TestColumn, usize),
    test: &Test,
) -> Result<Ranges<i64>> {
    let reader = context.reader.clone();
    let lossless = reader.is_lossless();
    let mut found = Vec::new();
    for plan in plans {
        let Some((first, last)) = plan.times() else {
            continue;
        };
        let mut chunks = plan.columns.iter().filter(|c| c.column == Some(output));
        let any = chunks.try_fold(false, |any, c| {
            let header = || reader.chunk_codes(&mut context.window, c.chunk.offset);
            let named = |e: crate::Error| e.device(&*plan.device).measurement(&*c.measurement);
            let may = chunk_may_pass(&c.chunk, column, test, lossless, header).map_err(named)?;
            Ok::<bool, crate::Error>(any || may)
        })?;
        if any {
            found.push(Ranges::between(Cut::Before(first), Cut::After(last)));
        }
    }
    Ok(Ranges::union_all(found))
}

/// How many chunks `plans` have, those of times included.
pub(super) fn chunks(plans: &[SourcePlan]) -> u64 {
    let of = |plan: &SourcePlan| plan.columns.len() + usize::from(plan.time.is_some());
    plans.iter().map(of).sum::<usize>() as u64
}
