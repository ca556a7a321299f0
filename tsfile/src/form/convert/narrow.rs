//! Wide to narrow: one row per device and time.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use arrow_array::{Array, ArrayRef, RecordBatch, StringArray};
use arrow_buffer::{BooleanBuffer, ScalarBuffer};
use arrow_schema::{DataType, Field, SchemaRef};

use super::columns::{Column, Input, common_type, result_field, result_schema, widen};
use super::rows::{Row, emit};
use super::{BATCH_ROWS, Names};
use crate::model::split_path;
use crate::{Error, ErrorKind, Result};

/// One row per (device, time) out of one column per timeseries.
///
/// The name of each column but the time is a path: device, dot, measurement; dots inside backquotes do not split. The result has the time, the device
/// and the union of measurement names in byte order, rows by (device, time). A row exists when any column of the device
/// has a value at that time. A time that is in several input rows gives several rows, in input order.
///
/// Measurements of one name but different types become the type that holds both exactly: Int32 with Int64 is Int64; Int32, Float32 and
/// Float64 are Float64.
///
/// ```
/// use arrow_array::record_batch;
/// use tsfile::form::convert::{Names, wide_to_narrow};
///
/// let wide = record_batch!(
///     ("time", Int64, [1, 2]),
///     ("root.d1.s1", Int32, [Some(5), None]),
///     ("root.d2.s1", Int32, [Some(6), Some(7)])
/// )?;
/// let narrow = wide_to_narrow(&[wide], &Names::default())?;
/// let expected = record_batch!(
///     ("time", Int64, [1, 1, 2]),
///     ("device_name", Utf8, ["root.d1", "root.d2", "root.d2"]),
///     ("s1", Int32, [5, 6, 7])
/// )?;
/// assert_eq!(narrow[0].columns(), expected.columns());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
///
/// No time column, a null in it, batches that differ, a column without a dot in its name, types of one measurement that no exact type holds, or a
/// measurement with the name of the time or device column.
pub fn wide_to_narrow(batches: &[RecordBatch], names: &Names) -> Result<Vec<RecordBatch>> {
    let Some(mut input) = Input::try_new(batches, names)? else {
        return Ok(Vec::new());
    };

    // Device -> its columns; measurement -> (device, column).
    let mut by_device: BTreeMap<String, Vec<usize>> = BTreeMap::new();
    let mut by_measurement: BTreeMap<String, Vec<(String, usize)>> = BTreeMap::new();
    for (i, column) in input.columns.iter().enumerate() {
        let (device, measurement) = split_series(column.name())?;
        by_device.entry(device.to_string()).or_default().push(i);
        by_measurement
            .entry(measurement.to_string())
            .or_default()
            .push((device.to_string(), i));
    }
    let ranks: HashMap<&str, usize> = by_device
        .keys()
        .enumerate()
        .map(|(rank, device)| (device.as_str(), rank))
        .collect();

    let mut fields = vec![
        Arc::clone(&input.time_field),
        Arc::new(Field::new(&names.device, DataType::Utf8, false)),
    ];
    let mut columns: Vec<HashMap<usize, usize>> = Vec::with_capacity(by_measurement.len());
    for (measurement, members) in &by_measurement {
        let data_type = unify(&input.columns, members)?;
        let sources: Vec<_> = members
            .iter()
            .map(|&(_, i)| &input.columns[i].field)
            .collect();
        fields.push(result_field(measurement, &data_type, &sources));
        for &(_, i) in members {
            for array in &mut input.columns[i].arrays {
                *array = widen(array, &data_type);
            }
        }
        let of_device = members
            .iter()
            .filter_map(|(device, i)| Some((*ranks.get(device.as_str())?, *i)));
        columns.push(of_device.collect());
    }

    let mut output = Output {
        schema: result_schema(fields)?,
        devices: StringArray::from_iter_values(by_device.keys()),
        columns,
        input: &input,
        rows: Vec::new(),
        batches: Vec::new(),
    };
    let order = time_order(&input.times);
    for (device, members) in by_device.values().enumerate() {
        let present: Vec<_> = (0..input.times.len())
            .map(|batch| any_value(&input, members, batch))
            .collect();
        match &order {
            None => {
                for (batch, present) in present.iter().enumerate() {
                    for row in present.set_indices() {
                        output.push(device, batch, row)?;
                    }
                }
            }
            Some(order) => {
                for &(_, batch, row) in order {
                    if present[batch].value(row) {
                        output.push(device, batch, row)?;
                    }
                }
            }
        }
    }
    output.finish()
}

/// Collects rows and writes them out whenever a batch is full, so that the list of rows stays short.
struct Output<'a> {
    schema: SchemaRef,
    devices: StringArray,
    /// Per measurement: device -> column.
    columns: Vec<HashMap<usize, usize>>,
    input: &'a Input,
    rows: Vec<Row>,
    batches: Vec<RecordBatch>,
}

impl Output<'_> {
    fn push(&mut self, device: usize, batch: usize, row: usize) -> Result<()> {
        self.rows.push(Row {
            device,
            time: self.input.times[batch][row],
            batch,
            row,
        });
        if self.rows.len() == BATCH_ROWS {
            self.flush()?;
        }
        Ok(())
    }

    fn flush(&mut self) -> Result<()> {
        let input = self.input;
        // A source is a device in a batch.
        let count = input.times.len();
        let array = |i: usize, source: usize| -> Option<&ArrayRef> {
            let column = *self.columns.get(i)?.get(&(source / count))?;
            input.columns.get(column)?.arrays.get(source % count)
        };
        let batch = emit(
            &self.schema,
            &self.rows,
            std::slice::from_ref(&self.devices),
            |row| row.device * count + row.batch,
            array,
        )?;
        self.batches.push(batch);
        self.rows.clear();
        Ok(())
    }

    fn finish(mut self) -> Result<Vec<RecordBatch>> {
        if !self.rows.is_empty() || self.batches.is_empty() {
            self.flush()?;
        }
        Ok(self.batches)
    }
}

/// A path as device and measurement: cut at the last dot outside of backquotes.
fn split_series(path: &str) -> Result<(&str, &str)> {
    let nodes = split_path(path);
    let measurement = nodes.last().copied().filter(|_| nodes.len() > 1);
    measurement
        .and_then(|m| Some((path.strip_suffix(m)?.strip_suffix('.')?, m)))
        .ok_or_else(|| {
            Error::argument(format!(
                "column `{path}` names no timeseries: it has no dot between device and measurement"
            ))
            .hint("wide rows have one column per path such as root.d1.s1 beside the time column")
        })
}

/// The type of a measurement over all devices.
fn unify(columns: &[Column], members: &[(String, usize)]) -> Result<DataType> {
    let fields = || members.iter().map(|&(_, i)| &columns[i].field);
    let mut common = DataType::Null;
    for field in fields() {
        match common_type(&common, field.data_type()) {
            Some(t) => common = t,
            None => {
                // Types that do not fit the common one do not fit one of those that it came from.
                let other = fields()
                    .find(|f| common_type(f.data_type(), field.data_type()).is_none())
                    .unwrap_or(field);
                return Err(Error::new(
                    ErrorKind::Schema,
                    "",
                    format!(
                        "columns `{}` ({}) and `{}` ({}) share a measurement name, but no type holds both exactly",
                        other.name(),
                        other.data_type(),
                        field.name(),
                        field.data_type()
                    ),
                )
                .hint("cast one of them first, or rename the measurement"));
            }
        }
    }
    Ok(common)
}

/// Input rows by time, or `None` when they are so already.
fn time_order(times: &[ScalarBuffer<i64>]) -> Option<Vec<(i64, usize, usize)>> {
    if times.iter().flat_map(|t| t.iter()).is_sorted() {
        return None;
    }
    let mut order: Vec<_> = times
        .iter()
        .enumerate()
        .flat_map(|(batch, t)| t.iter().enumerate().map(move |(row, &t)| (t, batch, row)))
        .collect();
    order.sort_unstable();
    Some(order)
}

/// The rows of a batch in which any of the columns has a value.
fn any_value(input: &Input, members: &[usize], batch: usize) -> BooleanBuffer {
    let length = input.times[batch].len();
    let mut any: Option<BooleanBuffer> = None;
    for &i in members {
        match input.columns[i].arrays[batch].logical_nulls() {
            None => return BooleanBuffer::new_set(length),
            Some(nulls) => {
                any = Some(match any {
                    None => nulls.inner().clone(),
                    Some(any) => &any | nulls.inner(),
                });
            }
        }
    }
    any.unwrap_or_else(|| BooleanBuffer::new_unset(length))
}
