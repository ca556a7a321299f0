//! Rows of one device into the order of time, each time once.

use super::held::{Held, Order, Run};
use super::options::Duplicates;
use crate::{Error, ErrorKind, Result};

/// Sorts the rows of `runs`, of which the later came later.
///
/// Rows at `written_until` and before are in the file already: those at that very time are duplicates.
///
/// Returns the order and how many rows gave way to another one.
///
/// # Errors
/// Two rows have the same time and that is an error.
pub fn sort(
    held: &[Held],
    runs: &[Run],
    duplicates: Duplicates,
    written_until: Option<i64>,
) -> Result<(Order, u64)> {
    let mut all: Vec<(i64, u32, u32)> = Vec::new();
    for run in runs {
        let times = &held[run.held as usize].times;
        all.extend((run.start..run.start + run.len).map(|r| (times[r as usize], run.held, r)));
    }
    // Stable: rows of one time stay in the order of the input.
    all.sort_by_key(|(time, _, _)| *time);
    let mut rows: Vec<(u32, u32)> = Vec::with_capacity(all.len());
    let mut last = None;
    let mut dropped = 0;
    for (time, h, r) in all {
        if Some(time) == written_until {
            // Whoever calls keeps the last row of a device back where the last one shall stay.
            dropped += 1;
            continue;
        }
        if last != Some(time) {
            last = Some(time);
            rows.push((h, r));
            continue;
        }
        match duplicates {
            Duplicates::Error => {
                return Err(duplicate(&held[h as usize], r as usize, time));
            }
            Duplicates::First => {}
            Duplicates::Last => {
                if let Some(row) = rows.last_mut() {
                    *row = (h, r);
                }
            }
        }
        dropped += 1;
    }
    Ok((Order::Rows(rows), dropped))
}

/// A row whose device has a row of that time already.
pub fn duplicate(held: &Held, row: usize, time: i64) -> Error {
    Error::new(
        ErrorKind::Value,
        "",
        format!(
            "row {}: the device has a row with this time already",
            held.numbers.shown(row)
        ),
    )
    .at_time(time)
    .hint("choose which one stays with `duplicates` (--duplicates first or last)")
}

/// A row that goes back in time and cannot be sorted in.
pub fn backwards(held: &Held, row: usize, time: i64, before: i64, strict: bool) -> Error {
    let error = Error::new(
        ErrorKind::Value,
        "",
        format!(
            "row {}: the device goes back from time {before} to {time}",
            held.numbers.shown(row)
        ),
    );
    if strict {
        error.hint("sort the rows by device and time first, or let the writer do it (--sort auto)")
    } else {
        error.hint(
            "what came before is written already; raise `memory_limit` (--memory-limit), or sort the rows by device and time first",
        )
    }
}
