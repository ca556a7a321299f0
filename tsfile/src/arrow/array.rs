//! Columns that grow, and the arrays they become without a copy.

use super::strings::{of_arrow, push_repeated, strings};
use super::types::{ColumnType, DateMode, date_to_days};
use super::values::Values;
use crate::encoding::{BytesBuf, DictionaryBuf};
use crate::model::DataType;
use crate::{Error, ErrorKind, Result};
use arrow_array::{
    Array, ArrayRef, BooleanArray, Date32Array, DictionaryArray, Float32Array, Float64Array,
    Int32Array, Int64Array, TimestampMicrosecondArray, TimestampMillisecondArray,
    TimestampNanosecondArray,
};
use arrow_buffer::{BooleanBuffer, BooleanBufferBuilder, Buffer, NullBuffer, ScalarBuffer};
use std::sync::Arc;

/// A column that grows row by row range and becomes one array.
#[derive(Debug)]
pub struct ColumnBuilder {
    column: ColumnType,
    /// Of numbers there may be more than `rows`: what a batch that was given back left, to be overwritten without being cleared.
    values: Values,
    rows: usize,
    validity: Option<BooleanBufferBuilder>,
    /// Rows of the last array: the next one is probably as long.
    expected: usize,
    lossy: bool,
}

impl ColumnBuilder {
    /// An empty column.
    pub fn new(column: ColumnType) -> Self {
        let values = empty(&column);
        Self {
            column,
            values,
            rows: 0,
            validity: None,
            expected: 0,
            lossy: false,
        }
    }

    /// Takes INT64 into a column of DOUBLE, which may lose bits (default: false, an error).
    #[must_use]
    pub fn with_lossy(mut self, lossy: bool) -> Self {
        self.lossy = lossy;
        self
    }

    /// Values of `src` that are made to fit although that may lose bits, where that is asked for.
    fn rounded(&self, src: &Values, from: usize, n: usize) -> Option<Values> {
        match (&self.values, src) {
            (Values::F64(_), Values::I64(v)) if self.lossy => {
                let values = v.get(from..).unwrap_or(&[]).iter().take(n);
                Some(Values::F64(values.map(|&v| v as f64).collect()))
            }
            _ => None,
        }
    }

    /// Number of rows so far.
    pub fn len(&self) -> usize {
        self.rows
    }

    /// Whether there is no row yet.
    pub fn is_empty(&self) -> bool {
        self.rows == 0
    }

    /// Bytes that the rows take so far.
    pub fn size_bytes(&self) -> usize {
        match &self.values {
            values if values.is_bytes() => values.size_bytes(),
            _ => self.rows * self.column.width_bytes(),
        }
    }

    /// Bytes of the strings so far.
    pub(crate) fn text_bytes(&self) -> usize {
        self.values.text_bytes()
    }

    /// Type of the column.
    pub fn column(&self) -> &ColumnType {
        &self.column
    }

    /// Appends values `from..from + n` of `src`, none of them null.
    ///
    /// # Errors
    /// The types do not widen, or strings pass 2 GiB.
    pub fn append_dense(&mut self, src: &Values, from: usize, n: usize) -> Result<()> {
        self.make_room();
        match self.rounded(src, from, n) {
            Some(rounded) => self.values.append(&rounded, 0, n, None)?,
            None => self.values.append(src, from, n, None)?,
        }
        self.rows += n;
        if let Some(v) = &mut self.validity {
            v.append_n(n, true);
        }
        Ok(())
    }

    /// Appends `n` rows: those whose bit in `bits` (least significant first, from `bit_from`) is set take the
    /// values of `src` from `from` on, the others are null.
    ///
    /// # Errors
    /// As [`ColumnBuilder::append_dense`].
    pub fn append_spread(
        &mut self,
        src: &Values,
        from: usize,
        n: usize,
        bits: &[u8],
        bit_from: usize,
    ) -> Result<()> {
        self.make_room();
        let before = self.len();
        let bitmap = Some((bits, bit_from));
        match self.rounded(src, from, n) {
            Some(rounded) => self.values.append(&rounded, 0, n, bitmap)?,
            None => self.values.append(src, from, n, bitmap)?,
        }
        self.rows += n;
        self.validity(before)
            .append_packed_range(bit_from..bit_from + n, bits);
        Ok(())
    }

    /// Appends `rows` rows, of which `count` have a value: all, or those whose bit in `bits` (least significant first) is set.
    ///
    /// `decode` makes the values in place: it overwrites the `count` numbers before the one that it is told, or appends `count` byte strings or
    /// keys.
    ///
    /// # Errors
    /// Those of `decode`; the column is of no use then.
    pub(crate) fn append_decoded(
        &mut self,
        rows: usize,
        count: usize,
        bits: Option<&[u8]>,
        decode: impl FnOnce(&mut Values, usize) -> Result<()>,
    ) -> Result<()> {
        let before = self.len();
        if !self.values.is_bytes() {
            if self.is_empty() {
                self.values.reserve(self.expected.max(rows), 0);
            }
            self.values.grow(before + rows);
        }
        decode(&mut self.values, before + rows)?;
        self.rows += rows;
        if let Some(bits) = bits {
            self.values.spread_rows(before + rows, rows, count, bits);
            self.validity(before).append_packed_range(0..rows, bits);
        } else if let Some(v) = &mut self.validity {
            v.append_n(rows, true);
        }
        Ok(())
    }

    /// Whether values of `data_type` are stored as they are, without being widened.
    pub(crate) fn holds(&self, data_type: DataType) -> bool {
        let own = Values::with_keys(data_type, self.column.has_keys());
        std::mem::discriminant(&self.values) == std::mem::discriminant(&own)
    }

    /// Appends `n` nulls.
    pub fn append_nulls(&mut self, n: usize) {
        if n > 0 {
            let before = self.len();
            self.settle();
            self.values.pad(n);
            self.rows += n;
            self.validity(before).append_n(n, false);
        }
    }

    /// Appends the same string `n` times.
    ///
    /// # Errors
    /// Strings pass 2 GiB, or the column holds no strings.
    pub fn append_repeated(&mut self, value: &[u8], n: usize) -> Result<()> {
        match &mut self.values {
            Values::Bytes(out) => push_repeated(out, value, n)?,
            Values::Keys(out) => out.push_repeated(value, n)?,
            _ => return Err(Error::argument("a repeated string in a column of numbers")),
        }
        self.rows += n;
        if let Some(v) = &mut self.validity {
            v.append_n(n, true);
        }
        Ok(())
    }

    /// Drops what lies behind the last row, so that values can be appended.
    fn settle(&mut self) {
        if !self.values.is_bytes() {
            self.values.truncate(self.rows);
        }
    }

    /// Before the first row: growing by doubling would copy everything about once more.
    fn make_room(&mut self) {
        self.settle();
        if self.is_empty() {
            self.values.reserve(self.expected, 0);
        }
    }

    /// Makes room for `rows` rows like those that are there.
    pub(crate) fn make_room_for(&mut self, rows: usize) {
        let more = rows.saturating_sub(self.values.len());
        let text = self.text_bytes() / self.rows.max(1) + 1;
        self.values.reserve(more, text.saturating_mul(more));
    }

    fn validity(&mut self, before: usize) -> &mut BooleanBufferBuilder {
        self.validity.get_or_insert_with(|| {
            let mut v = BooleanBufferBuilder::new(before + 1024);
            v.append_n(before, true);
            v
        })
    }

    /// Of the rows from number `from` on keeps those whose bit in `kept` is set.
    ///
    /// # Errors
    /// As [`ColumnBuilder::append_dense`].
    pub(crate) fn retain_from(&mut self, from: usize, kept: &BooleanBuffer) -> Result<()> {
        self.settle();
        self.values.retain_from(from, kept)?;
        if let Some(v) = &mut self.validity {
            let mut to = from;
            for row in kept.set_indices() {
                let bit = v.get_bit(from + row);
                v.set_bit(to, bit);
                to += 1;
            }
            v.truncate(to);
        }
        self.rows = from + kept.count_set_bits();
        Ok(())
    }

    /// The rows from number `from` on as an array of their own.
    ///
    /// # Errors
    /// As [`ColumnBuilder::finish`], with the row counted from `from`.
    pub(crate) fn tail(&self, from: usize) -> std::result::Result<ArrayRef, (usize, Error)> {
        let rows = self.rows.saturating_sub(from);
        let mut copy = Self::new(self.column.clone());
        copy.rows = rows;
        copy.values = self.values.copy(from, rows).map_err(|e| (0, e))?;
        copy.validity = self.validity.as_ref().map(|v| {
            let mut own = BooleanBufferBuilder::new(rows);
            own.append_packed_range(from..from + rows, v.as_slice());
            own
        });
        copy.finish()
    }

    /// Forgets all rows and keeps their memory.
    pub fn clear(&mut self) {
        self.values.clear();
        self.rows = 0;
        self.validity = None;
    }

    /// The array of all rows; the builder is empty again.
    ///
    /// # Errors
    /// `(row, error)` of the first text that is no UTF-8 or integer that is no date, under the modes of the column.
    pub fn finish(&mut self) -> std::result::Result<ArrayRef, (usize, Error)> {
        self.expected = self.len();
        self.settle();
        self.rows = 0;
        let values = std::mem::replace(&mut self.values, empty(&self.column));
        let mut nulls = self
            .validity
            .take()
            .map(|mut v| NullBuffer::new(v.finish()));
        let array: ArrayRef = match values {
            Values::Bool(v) => Arc::new(BooleanArray::new(BooleanBuffer::from(v), nulls)),
            Values::I32(mut v) => {
                if self.column.data_type == DataType::Date && self.column.dates != DateMode::Int {
                    to_days(&mut v, &mut nulls, self.column.dates)?;
                    Arc::new(Date32Array::new(v.into(), nulls))
                } else {
                    Arc::new(Int32Array::new(v.into(), nulls))
                }
            }
            Values::I64(v) if self.column.data_type == DataType::Timestamp => {
                timestamps(v.into(), nulls, self.column.unit.arrow())
            }
            Values::I64(v) => Arc::new(Int64Array::new(v.into(), nulls)),
            Values::F32(v) => Arc::new(Float32Array::new(v.into(), nulls)),
            Values::F64(v) => Arc::new(Float64Array::new(v.into(), nulls)),
            Values::Bytes(v) => strings(&self.column, v, nulls, |is_bad, n| {
                (0..n).find(|&i| is_bad(i)).map(|row| (row, row))
            })?,
            Values::Keys(DictionaryBuf { keys, entries }) => {
                let is_null = |row: usize| nulls.as_ref().is_some_and(|n| n.is_null(row));
                let texts = strings(&self.column, entries, None, |is_bad, _| {
                    let mut used = keys.iter().map(|&key| key as usize).enumerate();
                    used.find(|&(row, entry)| !is_null(row) && is_bad(entry))
                })?;
                let keys = Int32Array::new(keys.into(), nulls);
                Arc::new(DictionaryArray::try_new(keys, texts).map_err(of_arrow)?)
            }
        };
        Ok(array)
    }

    /// Takes back the memory of an array that this column made, when nobody else holds it.
    pub fn reclaim(&mut self, array: ArrayRef) {
        if !self.is_empty() {
            return;
        }
        let data = array.to_data();
        drop(array);
        let mut buffers = data.buffers().to_vec();
        let entries = data.child_data().first();
        let entries = entries.map_or_else(Vec::new, |e| e.buffers().to_vec());
        drop(data);
        fn back<T: arrow_buffer::ArrowNativeType>(out: &mut Vec<T>, buffer: Option<Buffer>) {
            if let Some(Ok(v)) = buffer.map(Buffer::into_vec::<T>) {
                if v.capacity() > out.capacity() {
                    *out = v;
                }
            }
        }
        fn back_bytes(v: &mut BytesBuf, mut buffers: Vec<Buffer>) {
            back(&mut v.data, buffers.pop());
            back(&mut v.offsets, buffers.pop());
            v.clear();
            if v.offsets.is_empty() {
                v.offsets.push(0);
            }
        }
        match &mut self.values {
            Values::Bool(_) => {}
            Values::I32(v) => back(v, buffers.pop()),
            Values::I64(v) => back(v, buffers.pop()),
            Values::F32(v) => back(v, buffers.pop()),
            Values::F64(v) => back(v, buffers.pop()),
            Values::Bytes(v) => back_bytes(v, buffers),
            Values::Keys(v) => {
                back(&mut v.keys, buffers.pop());
                v.keys.clear();
                back_bytes(&mut v.entries, entries);
            }
        }
    }
}

fn empty(column: &ColumnType) -> Values {
    Values::with_keys(column.data_type, column.has_keys())
}

fn to_days(
    v: &mut [i32],
    nulls: &mut Option<NullBuffer>,
    mode: DateMode,
) -> std::result::Result<(), (usize, Error)> {
    let mut bad = Vec::new();
    for (row, value) in v.iter_mut().enumerate() {
        if nulls.as_ref().is_some_and(|n| n.is_null(row)) {
            continue;
        }
        match date_to_days(*value) {
            Some(days) => *value = days,
            None if mode == DateMode::Null => {
                *value = 0;
                bad.push(row);
            }
            None => {
                return Err((
                    row,
                    Error::new(ErrorKind::Value, "date", "an integer that is no date")
                        .expected("yyyymmdd")
                        .got(*value)
                        .hint("use `dates=null` or `dates=int` (--dates null, --dates int)"),
                ));
            }
        }
    }
    if !bad.is_empty() {
        let mut valid = BooleanBufferBuilder::new(v.len());
        match nulls.as_ref() {
            Some(n) => valid.append_buffer(n.inner()),
            None => valid.append_n(v.len(), true),
        }
        for row in bad {
            valid.set_bit(row, false);
        }
        *nulls = Some(NullBuffer::new(valid.finish()));
    }
    Ok(())
}

fn timestamps(
    v: ScalarBuffer<i64>,
    nulls: Option<NullBuffer>,
    unit: arrow_schema::TimeUnit,
) -> ArrayRef {
    match unit {
        arrow_schema::TimeUnit::Microsecond => {
            Arc::new(TimestampMicrosecondArray::new(v, nulls).with_timezone("UTC"))
        }
        arrow_schema::TimeUnit::Nanosecond => {
            Arc::new(TimestampNanosecondArray::new(v, nulls).with_timezone("UTC"))
        }
        _ => Arc::new(TimestampMillisecondArray::new(v, nulls).with_timezone("UTC")),
    }
}

#[cfg(test)]
mod tests {
    use super::super::types::TextMode;
    use super::*;
    use arrow_array::StringArray;
    use arrow_array::cast::AsArray;
    use arrow_array::types::Int32Type;

    fn column(data_type: DataType) -> ColumnType {
        ColumnType {
            data_type,
            text: TextMode::Utf8,
            dates: DateMode::Error,
            unit: Default::default(),
            dictionary: false,
        }
    }

    #[test]
    fn nulls_are_spread_by_bitmap() {
        let mut c = ColumnBuilder::new(column(DataType::Int64));
        c.append_dense(&Values::I64(vec![1, 2, 3]), 1, 2).unwrap();
        c.append_spread(&Values::I64(vec![7, 8, 9]), 1, 4, &[0b0001_0100], 1)
            .unwrap();
        c.append_nulls(1);
        c.append_dense(&Values::I32(vec![-5]), 0, 1).unwrap();
        let array = c.finish().unwrap();
        let got: Vec<Option<i64>> = array
            .as_any()
            .downcast_ref::<Int64Array>()
            .unwrap()
            .iter()
            .collect();
        assert_eq!(
            got,
            [
                Some(2),
                Some(3),
                None,
                Some(8),
                None,
                Some(9),
                None,
                Some(-5)
            ]
        );
    }

    #[test]
    fn strings_are_spread_and_checked() {
        let mut src = BytesBuf::default();
        for s in [&b"a"[..], "é".as_bytes(), b"\xff"] {
            src.push(s).unwrap();
        }
        let src = Values::Bytes(src);
        let mut c = ColumnBuilder::new(column(DataType::Text));
        c.append_spread(&src, 0, 3, &[0b101], 0).unwrap();
        let array = c.finish().unwrap();
        let got: Vec<Option<&str>> = array
            .as_any()
            .downcast_ref::<StringArray>()
            .unwrap()
            .iter()
            .collect();
        assert_eq!(got, [Some("a"), None, Some("é")]);
        c.append_dense(&src, 0, 3).unwrap();
        assert_eq!(c.finish().unwrap_err().0, 2);
        let mut c = ColumnBuilder::new(ColumnType {
            text: TextMode::Lossy,
            ..column(DataType::Text)
        });
        c.append_dense(&src, 2, 1).unwrap();
        let array = c.finish().unwrap();
        assert_eq!(
            array
                .as_any()
                .downcast_ref::<StringArray>()
                .unwrap()
                .value(0),
            "\u{fffd}"
        );
    }

    /// Two entries, of which one is no text, and their keys.
    fn keyed(keys: &[i32]) -> Values {
        let mut src = DictionaryBuf::default();
        src.push_repeated(b"a", 1).unwrap();
        src.push_repeated(b"\xff", 1).unwrap();
        src.keys = keys.to_vec();
        Values::Keys(src)
    }

    #[test]
    fn keys_are_spread_and_the_entries_that_are_used_are_checked() {
        let mut c = ColumnBuilder::new(ColumnType {
            dictionary: true,
            ..column(DataType::Text)
        });
        c.append_nulls(1);
        c.append_spread(&keyed(&[0, 0, 0]), 1, 4, &[0b0101_0000], 3)
            .unwrap();
        c.append_repeated(b"b", 2).unwrap();
        assert_eq!(c.len(), 7);
        let kept = BooleanBuffer::from(vec![true, false, true, false, true]);
        c.retain_from(2, &kept).unwrap();
        let array = c.finish().unwrap();
        let array = array.as_dictionary::<Int32Type>();
        let texts = array.downcast_dict::<StringArray>().unwrap();
        let got: Vec<Option<&str>> = texts.into_iter().collect();
        assert_eq!(got, [None, None, Some("a"), Some("a"), Some("b")]);
        // Nobody is told of a bad entry that no row has.
        c.append_dense(&keyed(&[0, 0]), 0, 2).unwrap();
        assert!(c.finish().is_ok());
        c.append_dense(&keyed(&[0, 0, 1]), 0, 3).unwrap();
        let (row, e) = c.finish().unwrap_err();
        assert_eq!(row, 2);
        assert!(e.to_string().contains("0xff"), "{e}");
    }

    #[test]
    fn memory_of_dictionaries_is_used_again() {
        let mut c = ColumnBuilder::new(ColumnType {
            dictionary: true,
            ..column(DataType::String)
        });
        c.append_dense(&keyed(&[0; 1000]), 0, 1000).unwrap();
        let array = c.finish().unwrap();
        let address = array.to_data().buffers()[0].as_ptr();
        c.reclaim(array);
        c.append_dense(&keyed(&[0; 900]), 0, 900).unwrap();
        let array = c.finish().unwrap();
        assert_eq!(array.to_data().buffers()[0].as_ptr(), address);
        assert_eq!(array.as_dictionary::<Int32Type>().values().len(), 1);
    }

    #[test]
    fn a_string_split_inside_a_character_is_no_utf8() {
        let mut src = BytesBuf::default();
        src.push(&[0xc3]).unwrap();
        src.push(&[0xa9]).unwrap();
        let mut c = ColumnBuilder::new(column(DataType::String));
        c.append_dense(&Values::Bytes(src), 0, 2).unwrap();
        assert_eq!(c.finish().unwrap_err().0, 0);
    }

    #[test]
    fn reclaimed_memory_is_used_again() {
        let mut c = ColumnBuilder::new(column(DataType::Int64));
        c.append_dense(&Values::I64((0..1000).collect()), 0, 1000)
            .unwrap();
        let array = c.finish().unwrap();
        let address = array.to_data().buffers()[0].as_ptr();
        c.reclaim(array);
        c.append_dense(&Values::I64((0..900).collect()), 0, 900)
            .unwrap();
        assert_eq!(c.finish().unwrap().to_data().buffers()[0].as_ptr(), address);
    }
}
