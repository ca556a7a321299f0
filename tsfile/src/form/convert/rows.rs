//! Rows by (device, time): numbering devices, sorting, and writing out what was sorted.

use std::collections::HashMap;
use std::sync::Arc;

use arrow_array::{Array, ArrayRef, RecordBatch, StringArray, UInt64Array};
use arrow_buffer::ScalarBuffer;
use arrow_schema::SchemaRef;
use arrow_select::take::take;

use super::columns::{arrow, compact, gather, time_array};
use crate::Result;

/// Where an output row comes from. The order is that of the result; the input position breaks ties, so sorting is stable.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Row {
    /// Rank of the device.
    pub device: usize,
    pub time: i64,
    pub batch: usize,
    pub row: usize,
}

/// The devices of the input.
pub(super) struct Devices {
    /// Presented names, distinct.
    pub names: Vec<String>,
    /// Per batch and row an index into `names`.
    pub of_row: Vec<Vec<usize>>,
}

impl Devices {
    /// Numbers devices in byte order of their names. `same(batch, row)` says whether a row has the device of the row
    /// before it in the batch, which spares computing `name(batch, row)`.
    pub(super) fn try_new(
        times: &[ScalarBuffer<i64>],
        same: impl Fn(usize, usize) -> bool,
        name: impl Fn(usize, usize) -> Result<String>,
    ) -> Result<Self> {
        let mut numbers: HashMap<String, usize> = HashMap::new();
        let mut of_row = Vec::with_capacity(times.len());
        for (batch, times) in times.iter().enumerate() {
            let mut devices: Vec<usize> = Vec::with_capacity(times.len());
            for row in 0..times.len() {
                let device = match devices.last() {
                    Some(&last) if same(batch, row) => last,
                    _ => {
                        let next = numbers.len();
                        *numbers.entry(name(batch, row)?).or_insert(next)
                    }
                };
                devices.push(device);
            }
            of_row.push(devices);
        }
        let mut names = vec![String::new(); numbers.len()];
        for (name, number) in numbers {
            names[number] = name;
        }
        let mut devices = Self { names, of_row };
        devices.sort_by_key(|name| name.to_string());
        Ok(devices)
    }

    /// Renumbers the devices so that the keys of their names ascend.
    pub(super) fn sort_by_key<K: Ord>(&mut self, key: impl Fn(&str) -> K) {
        let mut order: Vec<usize> = (0..self.names.len()).collect();
        order.sort_by_cached_key(|&i| key(&self.names[i]));
        let mut ranks = vec![0; order.len()];
        for (rank, &i) in order.iter().enumerate() {
            ranks[i] = rank;
        }
        for device in self.of_row.iter_mut().flatten() {
            *device = ranks[*device];
        }
        self.names = order
            .into_iter()
            .map(|i| std::mem::take(&mut self.names[i]))
            .collect();
    }

    /// All rows by (device, time).
    pub(super) fn rows(&self, times: &[ScalarBuffer<i64>]) -> Vec<Row> {
        let mut rows = Vec::with_capacity(times.iter().map(|t| t.len()).sum());
        for (batch, (devices, times)) in self.of_row.iter().zip(times).enumerate() {
            let of_batch = devices.iter().zip(times.iter()).enumerate();
            rows.extend(of_batch.map(|(row, (&device, &time))| Row {
                device,
                time,
                batch,
                row,
            }));
        }
        if !rows.is_sorted() {
            rows.sort_unstable();
        }
        rows
    }
}

/// A batch of time, one column per entry of `keys`, and the remaining columns of `schema`.
///
/// `keys` hold one text per device. `source` says which source a row comes from, `array` what column `i` (0 is the first after the
/// keys) of a source is.
pub(super) fn emit<'a>(
    schema: &SchemaRef,
    rows: &[Row],
    keys: &[StringArray],
    source: impl Fn(&Row) -> usize,
    array: impl Fn(usize, usize) -> Option<&'a ArrayRef>,
) -> Result<RecordBatch> {
    if rows.is_empty() {
        return Ok(RecordBatch::new_empty(Arc::clone(schema)));
    }
    let mut columns: Vec<ArrayRef> = Vec::with_capacity(schema.fields().len());
    let times = rows.iter().map(|r| r.time).collect();
    columns.push(time_array(times, schema.field(0).data_type()));
    if !keys.is_empty() {
        let devices = UInt64Array::from_iter_values(rows.iter().map(|r| r.device as u64));
        for key in keys {
            columns.push(take(key as &dyn Array, &devices, None).map_err(arrow)?);
        }
    }
    let mut rows: Vec<_> = rows.iter().map(|r| (source(r), r.row)).collect();
    let used = compact(&mut rows);
    for (i, field) in schema.fields().iter().skip(1 + keys.len()).enumerate() {
        let sources: Vec<_> = used.iter().map(|&s| array(i, s)).collect();
        columns.push(gather(field.data_type(), &sources, &rows)?);
    }
    RecordBatch::try_new(Arc::clone(schema), columns).map_err(arrow)
}
