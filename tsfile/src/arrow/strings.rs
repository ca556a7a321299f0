//! Byte strings as arrays, checked once for all of them, and the same string many times.

use super::types::{ColumnType, TextMode};
use crate::encoding::BytesBuf;
use crate::model::DataType;
use crate::{Error, ErrorKind, Result};
use arrow_array::{ArrayRef, BinaryArray, StringArray};
use arrow_buffer::{Buffer, NullBuffer, OffsetBuffer, ScalarBuffer};
use std::sync::Arc;

/// The array of byte strings. `find` gives the first row that has a bad one, and which that is; it is told whether one is bad, and how many
/// there are.
pub(super) fn strings(
    column: &ColumnType,
    v: BytesBuf,
    nulls: Option<NullBuffer>,
    find: impl FnOnce(&dyn Fn(usize) -> bool, usize) -> Option<(usize, usize)>,
) -> std::result::Result<ArrayRef, (usize, Error)> {
    let offsets = OffsetBuffer::new(ScalarBuffer::from(v.offsets));
    let data = Buffer::from_vec(v.data);
    let text = matches!(column.data_type, DataType::Text | DataType::String)
        && column.text != TextMode::Binary;
    if !text {
        return Ok(Arc::new(BinaryArray::new(offsets, data, nulls)));
    }
    // Arrow looks at the bytes of the whole batch at once; only when it refuses them the values are looked at one by one.
    if let Ok(array) = StringArray::try_new(offsets.clone(), data.clone(), nulls.clone()) {
        return Ok(Arc::new(array));
    }
    let ends = offsets.iter().zip(offsets.iter().skip(1));
    let values: Vec<&[u8]> = ends
        .map(|(&from, &to)| data.get(from as usize..to as usize).unwrap_or(&[]))
        .collect();
    let value = |i: usize| values.get(i).copied().unwrap_or(&[]);
    let bad: Vec<bool> = values
        .iter()
        .map(|v| std::str::from_utf8(v).is_err())
        .collect();
    let bad = find(&|i| bad.get(i) == Some(&true), values.len());
    if let (Some((row, i)), TextMode::Utf8) = (bad, column.text) {
        let first = value(i).iter().take(16);
        let shown: Vec<String> = first.map(|b| format!("{b:02x}")).collect();
        return Err((
            row,
            Error::new(ErrorKind::Value, "text", "bytes that are no UTF-8")
                .got(format!("0x{}", shown.concat()))
                .hint("use `text=lossy` or `text=binary` (--text lossy, --text binary)"),
        ));
    }
    let mut clean = BytesBuf::default();
    for value in &values {
        let text = String::from_utf8_lossy(value);
        clean.push(text.as_bytes()).map_err(|e| (0, e))?;
    }
    let offsets = OffsetBuffer::new(ScalarBuffer::from(clean.offsets));
    match StringArray::try_new(offsets, Buffer::from_vec(clean.data), nulls) {
        Ok(array) => Ok(Arc::new(array)),
        Err(e) => Err(of_arrow(e)),
    }
}

pub(super) fn of_arrow(e: arrow_schema::ArrowError) -> (usize, Error) {
    (0, Error::new(ErrorKind::Value, "text", e.to_string()))
}

/// Appends `value` `n` times: the bytes double until there are enough.
pub(super) fn push_repeated(out: &mut BytesBuf, value: &[u8], n: usize) -> Result<()> {
    let (start, first) = (out.data.len(), out.offsets.len());
    let total = value.len().saturating_mul(n);
    let fits = start
        .checked_add(total)
        .is_some_and(|end| i32::try_from(end).is_ok());
    if n == 0 || !fits {
        // Says why, and is rare.
        return (0..n).try_for_each(|_| out.push(value));
    }
    out.data.reserve(total);
    out.data.extend_from_slice(value);
    while out.data.len() - start < total {
        let have = out.data.len() - start;
        let more = have.min(total - have);
        out.data.extend_from_within(start..start + more);
    }
    out.offsets.resize(first + n, 0);
    let mut end = start;
    for offset in out.offsets.get_mut(first..).unwrap_or(&mut []) {
        end += value.len();
        *offset = end as i32;
    }
    Ok(())
}
