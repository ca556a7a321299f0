//! Narrow to wide: one row per time, one column per timeseries.

use std::sync::Arc;

use arrow_array::{Array, ArrayRef, RecordBatch, new_null_array};

use super::columns::{Input, arrow, compact, gather, result_field, result_schema, time_array};
use super::rows::{Devices, Row};
use super::table::narrow_devices;
use super::{BATCH_ROWS, Names};
use crate::{Error, ErrorKind, Result};

/// One row per time out of one row per (device, time).
///
/// The result has the time and one column per timeseries, named device, dot, measurement; by device, then measurement, in
/// byte order. A timeseries exists when it has a value in any row. Every time of the input is kept, also when no
/// device has a value at it. The input may come in any order.
///
/// ```
/// use arrow_array::record_batch;
/// use tsfile::form::convert::{Names, narrow_to_wide};
///
/// let narrow = record_batch!(
///     ("time", Int64, [1, 1, 2]),
///     ("device_name", Utf8, ["root.d1", "root.d2", "root.d2"]),
///     ("s1", Int32, [5, 6, 7])
/// )?;
/// let wide = narrow_to_wide(&[narrow], &Names::default())?;
/// let expected = record_batch!(
///     ("time", Int64, [1, 2]),
///     ("root.d1.s1", Int32, [Some(5), None]),
///     ("root.d2.s1", Int32, [Some(6), Some(7)])
/// )?;
/// assert_eq!(wide[0].columns(), expected.columns());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
///
/// No time or device column, a null in one of them, batches that differ, two rows of one device and time, or two timeseries with one path
/// (a measurement with a dot in its name can cause that).
pub fn narrow_to_wide(batches: &[RecordBatch], names: &Names) -> Result<Vec<RecordBatch>> {
    let Some(mut input) = Input::try_new(batches, names)? else {
        return Ok(Vec::new());
    };
    let devices = narrow_devices(&mut input, names)?;
    let rows = devices.rows(&input.times);
    for pair in rows.windows(2) {
        if let [a, b] = pair {
            if (a.device, a.time) == (b.device, b.time) {
                return Err(duplicate(&devices.names[a.device], a, b));
            }
        }
    }
    input.columns.sort_by(|a, b| a.name().cmp(b.name()));

    let series = series(&input, &devices);
    let mut fields = vec![Arc::clone(&input.time_field)];
    fields.extend(series.iter().map(|&(device, i)| {
        let field = &input.columns[i].field;
        let path = format!("{}.{}", devices.names[device], field.name());
        result_field(&path, field.data_type(), &[field])
    }));
    let schema = result_schema(fields)?;

    let mut times: Vec<i64> = rows.iter().map(|r| r.time).collect();
    if !times.is_sorted() {
        times.sort_unstable();
    }
    times.dedup();
    if times.is_empty() {
        return Ok(vec![RecordBatch::new_empty(schema)]);
    }

    // Rows per device, and the part of them that later batches need.
    let mut pending: Vec<&[Row]> = vec![&[]; devices.names.len()];
    for rows in rows.chunk_by(|a, b| a.device == b.device) {
        if let Some(first) = rows.first() {
            pending[first.device] = rows;
        }
    }
    let mut result = Vec::with_capacity(times.len().div_ceil(BATCH_ROWS));
    for times in times.chunks(BATCH_ROWS) {
        let mut columns: Vec<ArrayRef> = Vec::with_capacity(schema.fields().len());
        columns.push(time_array(times.to_vec(), schema.field(0).data_type()));
        for series in series.chunk_by(|a, b| a.0 == b.0) {
            let Some(&(device, _)) = series.first() else {
                continue;
            };
            let last = times.last().copied().unwrap_or(i64::MAX);
            let (now, later) =
                pending[device].split_at(pending[device].partition_point(|r| r.time <= last));
            pending[device] = later;

            let mut positions = align(now, times);
            let used = compact(&mut positions);
            for &(_, i) in series {
                let column = &input.columns[i];
                let data_type = column.field.data_type();
                columns.push(if now.is_empty() {
                    new_null_array(data_type, times.len())
                } else {
                    let sources: Vec<_> = used
                        .iter()
                        .map(|s| s.checked_sub(1).and_then(|batch| column.arrays.get(batch)))
                        .collect();
                    gather(data_type, &sources, &positions)?
                });
            }
        }
        result.push(RecordBatch::try_new(Arc::clone(&schema), columns).map_err(arrow)?);
    }
    Ok(result)
}

fn duplicate(device: &str, a: &Row, b: &Row) -> Error {
    Error::new(
        ErrorKind::Value,
        "",
        format!(
            "device `{device}` has two rows at time {}: row {} of batch {} and row {} of batch {}",
            a.time, a.row, a.batch, b.row, b.batch
        ),
    )
    .hint("wide rows hold one value per timeseries and time: keep one of the two first")
}

/// The timeseries that have a value: (device, column), sorted.
fn series(input: &Input, devices: &Devices) -> Vec<(usize, usize)> {
    let mut series = Vec::new();
    for (i, column) in input.columns.iter().enumerate() {
        let mut seen = vec![false; devices.names.len()];
        for (array, of_row) in column.arrays.iter().zip(&devices.of_row) {
            match array.logical_nulls().filter(|n| n.null_count() > 0) {
                None => of_row.iter().for_each(|&device| seen[device] = true),
                Some(nulls) => nulls
                    .valid_indices()
                    .for_each(|row| seen[of_row[row]] = true),
            }
        }
        let found = seen.iter().enumerate().filter(|(_, seen)| **seen);
        series.extend(found.map(|(device, _)| (device, i)));
    }
    series.sort_unstable();
    series
}

/// Per time the (batch + 1, row) of the device's row at it; source 0 stands for no row. Both inputs ascend.
fn align(rows: &[Row], times: &[i64]) -> Vec<(usize, usize)> {
    let mut rows = rows.iter().peekable();
    times
        .iter()
        .map(|&time| match rows.next_if(|r| r.time == time) {
            Some(r) => (r.batch + 1, r.row),
            None => (0, 0),
        })
        .collect()
}
