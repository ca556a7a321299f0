//! Offset and limit of a scan: which rows are passed over, and after how many it ends.
//!
//! Rows that are passed over are not turned into arrays, and a chunk that only holds such rows is not even opened, when its statistics
//! count its rows.

use crate::read::plan::SourcePlan;

/// What is left to be passed over, and to be given.
#[derive(Debug, Clone, Copy)]
pub(super) struct RowSlice {
    skip: u64,
    left: Option<u64>,
    /// Rows at the start of those at hand that are passed over: one step gave more than there were to pass over.
    lead: usize,
}

impl RowSlice {
    pub(super) fn new(offset: u64, limit: Option<u64>) -> Self {
        Self {
            skip: offset,
            left: limit,
            lead: 0,
        }
    }

    /// How many rows were asked to be passed over and were not there.
    pub(super) fn missing(&self) -> u64 {
        self.skip
    }

    /// Whether rows come and go unseen.
    pub(super) fn is_skipping(&self) -> bool {
        self.skip > 0
    }

    /// Whether nothing more is wanted behind the `rows` at hand.
    pub(super) fn is_filled(&self, rows: usize) -> bool {
        self.left
            .is_some_and(|left| rows.saturating_sub(self.lead) as u64 >= left)
    }

    /// How many more rows are worth having behind the `rows` at hand, 1 at least.
    pub(super) fn room(&self, rows: usize) -> usize {
        let wanted = if self.skip > 0 {
            self.skip
        } else {
            match self.left {
                Some(left) => left
                    .saturating_sub(rows as u64)
                    .saturating_add(self.lead as u64),
                None => u64::MAX,
            }
        };
        usize::try_from(wanted).unwrap_or(usize::MAX).max(1)
    }

    /// Takes note of the first `rows` at hand; true when all of them are passed over and can be forgotten.
    pub(super) fn pass(&mut self, rows: usize) -> bool {
        if rows as u64 <= self.skip {
            self.skip -= rows as u64;
            return true;
        }
        self.lead = usize::try_from(self.skip).unwrap_or(usize::MAX);
        self.skip = 0;
        false
    }

    /// Which of the `rows` at hand are given: the first one, and how many.
    pub(super) fn take(&mut self, rows: usize) -> (usize, usize) {
        let lead = std::mem::take(&mut self.lead).min(rows);
        let mut given = rows - lead;
        if let Some(left) = &mut self.left {
            given = given.min(usize::try_from(*left).unwrap_or(usize::MAX));
            *left -= given as u64;
        }
        (lead, given)
    }

    /// Drops those of the `plans` of one device that come first and only hold rows to be passed over. A source counts when its time
    /// range lies within `range` and touches no other: its rows are then as many as its statistics say.
    pub(super) fn drop_plans(&mut self, plans: &mut Vec<SourcePlan>, range: (i64, i64)) {
        if self.skip == 0 {
            return;
        }
        plans.retain(|plan| {
            plan.times()
                .is_some_and(|(start, end)| end >= range.0 && start <= range.1)
        });
        plans.sort_by_key(|plan| (plan.times(), plan.order()));
        let mut dropped = 0;
        while let Some(plan) = plans.get(dropped) {
            let (Some((start, end)), Some(rows)) = (plan.times(), plan.rows()) else {
                break;
            };
            let next = plans.get(dropped + 1).and_then(SourcePlan::times);
            let alone = next.is_none_or(|(next, _)| next > end);
            let whole = start >= range.0 && end <= range.1;
            if !alone || !whole || rows > self.skip {
                break;
            }
            self.skip -= rows;
            dropped += 1;
        }
        plans.drain(..dropped);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_passed_over_and_then_counted() {
        let mut slice = RowSlice::new(5, Some(4));
        assert!(slice.is_skipping() && slice.room(0) == 5);
        assert!(slice.pass(3));
        assert_eq!(slice.room(0), 2);
        // Four rows came where two were to be passed over.
        assert!(!slice.pass(4));
        assert!(!slice.is_skipping() && !slice.is_filled(4));
        assert_eq!(slice.room(4), 2);
        assert!(slice.is_filled(6));
        assert_eq!(slice.take(7), (2, 4));
        assert!(slice.is_filled(0));
    }

    #[test]
    fn without_either_every_row_is_given() {
        let mut slice = RowSlice::new(0, None);
        assert!(!slice.is_skipping() && !slice.is_filled(usize::MAX));
        assert_eq!(slice.take(7), (0, 7));
        assert!(RowSlice::new(0, Some(0)).is_filled(0));
    }
}
