//! Which rows of a page are wanted, told before most of its columns are decoded.

use super::chunk::ChunkCodes;
use super::plan::ChunkAt;
use super::trust;
use crate::arrow::{ColumnBuilder, date_to_days};
use crate::filter::{ColumnStats, Kind, Predicate, Test, float_key};
use crate::model::{Statistics, ValueStatistics};
use crate::{Error, Result};
use arrow_array::{Array, ArrayRef, Int64Array};
use arrow_buffer::BooleanBuffer;
use std::sync::Arc;

/// What the rows of a device have to pass, in terms of its output columns.
#[derive(Debug, Clone)]
pub(crate) struct RowTest {
    pub(crate) predicate: Arc<Predicate>,
    pub(crate) columns: Arc<[TestColumn]>,
}

/// A column of a predicate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct TestColumn {
    pub(crate) place: TestPlace,
    pub(crate) kind: Kind,
    /// Whether values are shown as other bytes than they are stored as: statistics do not tell then.
    pub(crate) altered: bool,
}

/// Where the values of a column of a predicate are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TestPlace {
    /// In the time column.
    Time,
    /// In this output column.
    Output(usize),
    /// The same for all rows of a device, and known before.
    Key,
}

impl RowTest {
    /// Whether rows are tested by the output column `column`.
    pub(crate) fn reads(&self, column: usize) -> bool {
        let mut columns = self.columns.iter();
        columns.any(|c| c.place == TestPlace::Output(column))
    }

    /// The output columns that the predicate reads.
    pub(crate) fn outputs(&self) -> Vec<usize> {
        let numbers = self.predicate.columns().into_iter();
        let columns = numbers.filter_map(|number| self.columns.get(number));
        let places = columns.filter_map(|column| match column.place {
            TestPlace::Output(i) => Some(i),
            TestPlace::Time | TestPlace::Key => None,
        });
        places.collect()
    }

    /// Whether a page can have a row that passes: `may` answers for a test of an output column.
    pub(crate) fn may_pass(&self, may: &mut dyn FnMut(usize, &TestColumn, &Test) -> bool) -> bool {
        may_pass(&self.predicate, &mut |number, test| {
            let Some(column) = self.columns.get(number) else {
                return true;
            };
            match column.place {
                TestPlace::Output(output) => may(output, column, test),
                // Pages are chosen by their times already.
                TestPlace::Time | TestPlace::Key => true,
            }
        })
    }

    /// The rows that pass, of those that the columns have from row `from` on. `name` adds to an error about a value of an output column
    /// where that is from.
    pub(crate) fn passing(
        &self,
        times: &[i64],
        columns: &[ColumnBuilder],
        from: usize,
        name: &dyn Fn(usize, Error) -> Error,
    ) -> Result<BooleanBuffer> {
        let mut arrays: Vec<Option<ArrayRef>> = Vec::with_capacity(self.columns.len());
        let used = self.predicate.columns();
        for (number, column) in self.columns.iter().enumerate() {
            let array: Option<ArrayRef> = match column.place {
                _ if !used.contains(&number) => None,
                TestPlace::Time => Some(Arc::new(Int64Array::from(times.to_vec()))),
                // A column that the page does not have stays behind: all its rows are null.
                TestPlace::Output(i) => columns
                    .get(i)
                    .filter(|c| c.len() > from)
                    .map(|c| c.tail(from))
                    .transpose()
                    .map_err(|(row, e)| {
                        let time = times.get(row).copied().unwrap_or_default();
                        name(i, e).at_time(time)
                    })?,
                TestPlace::Key => None,
            };
            arrays.push(array);
        }
        let column = |number: usize| -> Option<&dyn Array> { arrays.get(number)?.as_deref() };
        self.predicate.evaluate(times.len(), &column)
    }
}

/// Whether a row can pass, where `may` says whether a value that passes a test is there.
fn may_pass(predicate: &Predicate, may: &mut dyn FnMut(usize, &Test) -> bool) -> bool {
    match predicate {
        Predicate::Always => true,
        Predicate::Never => false,
        Predicate::Test { column, test } => may(*column, test),
        Predicate::All(parts) => parts.iter().all(|part| may_pass(part, may)),
        Predicate::Any(parts) => parts.iter().any(|part| may_pass(part, may)),
    }
}

/// What statistics of a chunk or a page say of its values, as they are shown.
pub(crate) struct Told<'a> {
    statistics: &'a Statistics,
    column: &'a TestColumn,
    trusted: bool,
}

impl<'a> Told<'a> {
    /// `trusted` says whether more than the count holds, see [`trust`].
    pub(crate) fn new(statistics: &'a Statistics, column: &'a TestColumn, trusted: bool) -> Self {
        Self {
            statistics,
            column,
            trusted,
        }
    }
}

impl ColumnStats for Told<'_> {
    fn count(&self) -> u64 {
        self.statistics.count
    }

    fn nulls(&self) -> Option<u64> {
        None
    }

    fn numbers(&self) -> Option<(i64, i64)> {
        if !self.trusted || self.statistics.count == 0 {
            return None;
        }
        let kind = self.column.kind;
        let float = |min: f64, max: f64| Some((float_key(min), float_key(max)));
        match (&self.statistics.values, kind) {
            (ValueStatistics::Boolean { sum, .. }, Kind::Boolean) => {
                let all = u64::try_from(*sum) == Ok(self.statistics.count);
                Some((i64::from(all), i64::from(*sum != 0)))
            }
            (ValueStatistics::Int32 { min, max, .. }, Kind::Date) => {
                // Between two dates there may be a number that is none, which is shown as null or is an error: neither passes a test.
                let days = |v: i32| date_to_days(v).map(i64::from);
                Some((days(*min)?, days(*max)?))
            }
            (ValueStatistics::Int32 { min, max, .. }, Kind::Integer) => {
                Some((i64::from(*min), i64::from(*max)))
            }
            (ValueStatistics::Int32 { min, max, .. }, Kind::Float | Kind::Double) => {
                float(f64::from(*min), f64::from(*max))
            }
            (ValueStatistics::Int64 { min, max, .. }, Kind::Integer | Kind::Instant { .. }) => {
                Some((*min, *max))
            }
            (ValueStatistics::Float { min, max, .. }, Kind::Float | Kind::Double) => {
                float(f64::from(*min), f64::from(*max))
            }
            (ValueStatistics::Double { min, max, .. }, Kind::Double) => float(*min, *max),
            _ => None,
        }
    }

    fn bytes(&self) -> Option<(&[u8], &[u8])> {
        match &self.statistics.values {
            ValueStatistics::String { min, max, .. }
                if self.trusted && !self.column.altered && self.statistics.count > 0 =>
            {
                Some((min, max))
            }
            _ => None,
        }
    }
}

/// Whether a chunk can have a value that passes `test`; `header` is read only where the answer depends on it.
pub(crate) fn chunk_may_pass(
    chunk: &ChunkAt,
    column: &TestColumn,
    test: &Test,
    lossless: bool,
    header: impl FnOnce() -> Result<ChunkCodes>,
) -> Result<bool> {
    let Some(statistics) = &chunk.statistics else {
        return Ok(true);
    };
    if test.can_match(&Told::new(statistics, column, true)) {
        return Ok(true);
    }
    if statistics.count == 0 {
        return Ok(false);
    }
    let trusted = trust::of_chunk(statistics, lossless, header)?;
    Ok(test.can_match(&Told::new(statistics, column, trusted)))
}
