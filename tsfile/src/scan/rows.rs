//! The rows at hand: they grow column by column, and become one batch.

use super::columns::{Columns, Slot};
use super::filter::Place;
use super::plan::Shared;
use super::request::{Rows, TimeAs};
use crate::arrow::ColumnBuilder;
use crate::filter::Predicate;
use crate::model::DeviceId;
use crate::{Error, Result};
use arrow_array::cast::AsArray;
use arrow_array::types::Int32Type;
use arrow_array::{Array, ArrayRef, BooleanArray, Int64Array, RecordBatch, RecordBatchOptions};
use arrow_buffer::{BooleanBuffer, BooleanBufferBuilder, Buffer};
use arrow_select::filter::FilterBuilder;
use std::sync::Arc;

/// Rows that are not a batch yet.
#[derive(Debug)]
pub(super) struct RowsAtHand {
    pub(super) times: Vec<i64>,
    /// One for each device or tag slot, in their order.
    keys: Vec<ColumnBuilder>,
    pub(super) values: Vec<ColumnBuilder>,
    /// Files of the rows, each with its first row.
    files: Vec<(usize, String)>,
    /// What the rows from each of these on have to pass.
    tests: Vec<(usize, Option<Arc<Predicate>>)>,
}

impl RowsAtHand {
    pub(super) fn new(shared: &Shared) -> Self {
        let builder = |data_type| {
            let column = Columns::column_type(&shared.request, data_type);
            ColumnBuilder::new(column).with_lossy(shared.request.lossy_types)
        };
        let key = Columns::key_type(&shared.request);
        let keys = shared.columns.slots.iter();
        let keys = keys.filter(|s| !matches!(s, Slot::Value(_)));
        Self {
            times: Vec::new(),
            keys: keys.map(|_| ColumnBuilder::new(key.clone())).collect(),
            values: shared.values.iter().map(|v| builder(v.data_type)).collect(),
            files: Vec::new(),
            tests: Vec::new(),
        }
    }

    pub(super) fn len(&self) -> usize {
        self.times.len()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.times.is_empty()
    }

    /// Bytes that a row takes at least.
    pub(super) fn row_bytes(&self) -> usize {
        let columns = self.values.iter().chain(&self.keys);
        let widths: usize = columns.map(|b| b.column().width_bytes()).sum();
        widths + size_of::<i64>()
    }

    /// Bytes of all rows.
    pub(super) fn size_bytes(&self) -> usize {
        let columns = self.values.iter().chain(&self.keys);
        let bytes: usize = columns.map(ColumnBuilder::size_bytes).sum();
        bytes + self.times.len() * size_of::<i64>()
    }

    /// Makes room for `rows` rows like those at hand, or as many as `bytes` hold, unless a batch that was given back has left about as much: growing
    /// by doubling takes twice the memory, and all of it fresh.
    pub(super) fn make_room(&mut self, rows: usize, bytes: usize) {
        let row_bytes = self.size_bytes() / self.len().max(1);
        let rows = rows.min(bytes / row_bytes.max(1));
        if self.times.capacity() < rows / 2 {
            self.times.reserve(rows.saturating_sub(self.len()));
            for column in self.values.iter_mut().chain(&mut self.keys) {
                column.make_room_for(rows);
            }
        }
    }

    /// The rows that come next are of this file.
    pub(super) fn begin_file(&mut self, name: &str) {
        self.files.push((self.times.len(), name.to_string()));
    }

    /// The rows from number `first` on have to pass `test`.
    pub(super) fn begin_test(&mut self, first: usize, test: Option<&Arc<Predicate>>) {
        let same = self
            .tests
            .last()
            .is_some_and(|(_, last)| match (last, test) {
                (Some(a), Some(b)) => Arc::ptr_eq(a, b) || a == b,
                (None, None) => true,
                _ => false,
            });
        if !same {
            // Of a test of no row nothing is left.
            while self.tests.last().is_some_and(|(from, _)| *from >= first) {
                self.tests.pop();
            }
            self.tests.push((first, test.cloned()));
        }
    }

    /// Whether all rows have passed already what they have to.
    pub(super) fn are_tested(&self) -> bool {
        self.tests.iter().all(|(_, test)| test.is_none())
    }

    /// The device, or its tags, for `rows` new rows; none in the wide form.
    pub(super) fn append_keys(
        &mut self,
        slots: &[Slot],
        device: Option<&DeviceId>,
        name: &str,
        rows: usize,
    ) -> Result<()> {
        let wanted = slots.iter().filter(|s| !matches!(s, Slot::Value(_)));
        for (slot, builder) in wanted.zip(&mut self.keys) {
            let value = match slot {
                Slot::Tag(i) => device.and_then(|d| d.tag(*i)),
                _ => Some(name),
            };
            match value {
                Some(value) => builder.append_repeated(value.as_bytes(), rows)?,
                None => builder.append_nulls(rows),
            }
        }
        Ok(())
    }

    /// Drops all rows; those that come next are of the last file, and have to pass the last test.
    pub(super) fn forget(&mut self) {
        self.times.clear();
        for column in self.values.iter_mut().chain(&mut self.keys) {
            column.clear();
        }
        self.begin_again();
    }

    fn begin_again(&mut self) {
        let file = self.files.pop();
        self.files = file.map(|(_, file)| (0, file)).into_iter().collect();
        let test = self.tests.pop();
        self.tests = test.map(|(_, test)| (0, test)).into_iter().collect();
    }

    /// All rows as arrays; the rows at hand are none then.
    pub(super) fn finish(&mut self, shared: &Shared) -> Result<Finished> {
        let rows = self.times.len();
        let mut failure: Option<(usize, Error, String)> = None;
        let mut finish = |builder: &mut ColumnBuilder, name: &str| match builder.finish() {
            Ok(array) => Some(array),
            Err((row, e)) => {
                failure.get_or_insert_with(|| (row, e, name.to_string()));
                None
            }
        };
        let keys = self.keys.iter_mut();
        let keys: Vec<ArrayRef> = keys.filter_map(|b| finish(b, "")).collect();
        let named = self.values.iter_mut().zip(&shared.values);
        let values: Vec<ArrayRef> = named.filter_map(|(b, v)| finish(b, &v.name)).collect();
        // Errors about a value name the row's device and time, which are at hand only here.
        if let Some((row, error, name)) = failure {
            return Err(self.place(row, error, &name, &keys));
        }
        let tests = self.tests.clone();
        self.begin_again();
        let times = Int64Array::from(std::mem::take(&mut self.times));
        let time: ArrayRef = match shared.request.time {
            TimeAs::Raw => Arc::new(times),
            TimeAs::Timestamp => {
                let data = times
                    .into_data()
                    .into_builder()
                    .data_type(shared.request.unit.timestamp());
                arrow_array::make_array(data.build().map_err(|e| Error::argument(e.to_string()))?)
            }
        };
        Ok(Finished {
            rows,
            time,
            keys,
            values,
            tests,
        })
    }

    /// Adds device, measurement and time of `row` to an error about a value of the column `name`.
    fn place(&self, row: usize, error: Error, name: &str, keys: &[ArrayRef]) -> Error {
        let mut error = match self.times.get(row) {
            Some(t) => error.at_time(*t),
            None => error,
        };
        if !name.is_empty() {
            error = error.measurement(name);
        }
        let devices: Vec<String> = keys
            .iter()
            .map(|key| text_at(key, row).unwrap_or("null").to_string())
            .collect();
        if !devices.is_empty() {
            error = error.device(devices.join("."));
        }
        match self.files.iter().rev().find(|(first, _)| *first <= row) {
            Some((_, file)) => error.in_file(file.clone()),
            None => error,
        }
    }

    /// Makes the memory of arrays that nobody else holds that of the next ones: fresh pages of memory cost more than decoding.
    pub(super) fn reclaim(&mut self, finished: Finished) {
        let Finished {
            time, keys, values, ..
        } = finished;
        self.reclaim_times(time);
        for (builder, array) in self.keys.iter_mut().zip(keys) {
            builder.reclaim(array);
        }
        for (builder, array) in self.values.iter_mut().zip(values) {
            builder.reclaim(array);
        }
    }

    /// The same of the columns of a batch that was given away and has come back.
    pub(super) fn reclaim_batch(&mut self, slots: &[Slot], batch: RecordBatch) {
        let arrays: Vec<ArrayRef> = batch.columns().to_vec();
        drop(batch);
        let mut arrays = arrays.into_iter();
        if let Some(time) = arrays.next() {
            self.reclaim_times(time);
        }
        let mut key = 0;
        for (slot, array) in slots.iter().zip(arrays) {
            let builder = match slot {
                Slot::Value(i) => self.values.get_mut(*i),
                _ => {
                    key += 1;
                    self.keys.get_mut(key - 1)
                }
            };
            if let Some(builder) = builder {
                builder.reclaim(array);
            }
        }
    }

    fn reclaim_times(&mut self, time: ArrayRef) {
        let data = time.to_data();
        drop(time);
        let buffer = data.buffers().first().cloned();
        drop(data);
        if let Some(Ok(mut times)) = buffer.map(Buffer::into_vec::<i64>) {
            if self.times.is_empty() && times.capacity() > self.times.capacity() {
                times.clear();
                self.times = times;
            }
        }
    }
}

/// The device or tag of a row.
fn text_at(key: &ArrayRef, row: usize) -> Option<&str> {
    if key.is_null(row) {
        return None;
    }
    match key.as_dictionary_opt::<Int32Type>() {
        Some(keys) => text_at(keys.values(), keys.key(row)?),
        None => Some(key.as_string_opt::<i32>()?.value(row)),
    }
}

/// The rows in which one of the columns has a value.
pub(super) fn present<'a>(
    columns: impl Iterator<Item = &'a ArrayRef>,
    rows: usize,
) -> BooleanBuffer {
    let mut present = BooleanBuffer::new_unset(rows);
    for array in columns {
        present = match array.nulls() {
            None => return BooleanBuffer::new_set(rows),
            Some(nulls) => &present | nulls.inner(),
        };
    }
    present
}

/// Rows as arrays, those that only the filter reads among them.
#[derive(Debug)]
pub(super) struct Finished {
    rows: usize,
    time: ArrayRef,
    keys: Vec<ArrayRef>,
    values: Vec<ArrayRef>,
    tests: Vec<(usize, Option<Arc<Predicate>>)>,
}

impl Finished {
    /// The rows that are kept; `None` when all are.
    pub(super) fn kept(&self, shared: &Shared) -> Result<Option<BooleanBuffer>> {
        let tested = self.tests.iter().any(|(_, test)| test.is_some());
        let present = shared.has_unseen_rows().then(|| self.present(shared));
        if !tested {
            return Ok(present);
        }
        let mut kept = BooleanBufferBuilder::new(self.rows);
        let ends = self.tests.iter().skip(1).map(|t| t.0);
        for ((from, test), to) in self.tests.iter().zip(ends.chain([self.rows])) {
            let rows = to - from;
            match test {
                None => kept.append_n(rows, true),
                Some(test) => kept.append_buffer(&self.evaluate(shared, test, *from, rows)?),
            }
        }
        let kept = kept.finish();
        Ok(Some(match present {
            Some(present) => &kept & &present,
            None => kept,
        }))
    }

    fn evaluate(
        &self,
        shared: &Shared,
        test: &Predicate,
        from: usize,
        rows: usize,
    ) -> Result<BooleanBuffer> {
        let places = shared.filter.as_ref().map_or(&[][..], |f| &f.places);
        let columns: Vec<Option<ArrayRef>> = places
            .iter()
            .map(|place| match place {
                Place::Time => Some(&self.time),
                Place::Value(i) => self.values.get(*i),
                Place::Device | Place::Tag(_) => None,
            })
            .map(|array| array.map(|a| a.slice(from, rows)))
            .collect();
        test.evaluate(rows, &|column| columns.get(column)?.as_deref())
    }

    /// The rows in which a column that is shown has a value.
    fn present(&self, shared: &Shared) -> BooleanBuffer {
        let shown = self.values.iter().take(shared.columns.values.len());
        present(shown, self.rows)
    }

    /// The columns that are shown, as one batch; of the `kept` rows only.
    pub(super) fn batch(
        &self,
        shared: &Shared,
        kept: Option<BooleanBuffer>,
    ) -> Result<RecordBatch> {
        let mut arrays = Vec::with_capacity(1 + shared.columns.slots.len());
        arrays.push(self.time.clone());
        let mut keys = self.keys.iter();
        for slot in &shared.columns.slots {
            let array = match slot {
                Slot::Value(i) => self.values.get(*i),
                _ => keys.next(),
            };
            arrays.extend(array.cloned());
        }
        let failed =
            |e: arrow_schema::ArrowError| Error::argument(format!("cannot build a batch: {e}"));
        let mut rows = self.rows;
        if let Some(kept) = kept {
            let mut filter = FilterBuilder::new(&BooleanArray::new(kept, None));
            if arrays.len() > 1 {
                filter = filter.optimize();
            }
            let filter = filter.build();
            rows = filter.count();
            for array in &mut arrays {
                *array = filter.filter(array).map_err(failed)?;
            }
        }
        let options = RecordBatchOptions::new().with_row_count(Some(rows));
        RecordBatch::try_new_with_options(shared.columns.schema.clone(), arrays, &options)
            .map_err(failed)
    }
}

impl Shared {
    /// Whether rows come up in which nothing has a value that is shown, and which do not exist then: with [`Rows::Projected`] only what is
    /// shown makes a row, and not what the filter reads besides.
    pub(super) fn has_unseen_rows(&self) -> bool {
        let hidden = self.values.len() > self.columns.values.len();
        self.request.rows == Rows::Projected && hidden
    }
}
