//! Text output: CSV, TSV and NDJSON, so that nothing is lost.
//!
//! | value | CSV, TSV | NDJSON |
//! |---|---|---|
//! | null | empty, unquoted | `null` |
//! | empty string | `""` | `""` |
//! | integers | digits | number |
//! | floats | shortest digits that read back, `nan` `inf` `-inf` | number, `"NaN"` `"Infinity"` `"-Infinity"` |
//! | dates | `YYYY-MM-DD` | the same as a string |
//! | timestamps | ISO 8601, with `Z` when UTC | the same as a string |
//! | bytes | `0x` hex | the same as a string |

use std::io::Write as _;

use arrow_array::cast::AsArray as _;
use arrow_array::types::{
    Date32Type, Date64Type, Float16Type, Float32Type, Float64Type, Int8Type, Int16Type, Int32Type,
    Int64Type, TimestampMicrosecondType, TimestampMillisecondType, TimestampNanosecondType,
    TimestampSecondType, UInt8Type, UInt16Type, UInt32Type, UInt64Type,
};
use arrow_array::{Array, ArrowPrimitiveType, BooleanArray, PrimitiveArray, RecordBatch};
use arrow_cast::display::{ArrayFormatter, FormatOptions};
use arrow_schema::{DataType, SchemaRef, TimeUnit};

use crate::convert::atomic::Target;
use crate::convert::sink::Sink;
use crate::exit::{Blame as _, Failure, Outcome};
use crate::render::{self, NonFinite};

/// Lines are handed to the target in pieces of about this size.
const CHUNK_BYTES: usize = 64 << 10;
const MILLIS_PER_DAY: i64 = 86_400_000;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Style {
    Delimited(u8),
    Json,
}

/// Writes delimited text or NDJSON.
pub struct TextSink {
    target: Target,
    name: String,
    style: Style,
    /// What stands before each value: nothing or the delimiter, or `{"name":` and `,"name":`.
    prefixes: Vec<Vec<u8>>,
    line: Vec<u8>,
}

impl TextSink {
    /// CSV or TSV, starting with a header.
    ///
    /// # Errors
    ///
    /// When the target refuses the header.
    pub fn delimited(mut target: Target, schema: &SchemaRef, delimiter: u8) -> Outcome<Self> {
        let name = target.name();
        let mut line = Vec::new();
        let mut prefixes = Vec::with_capacity(schema.fields().len());
        for (i, field) in schema.fields().iter().enumerate() {
            let prefix = if i == 0 { Vec::new() } else { vec![delimiter] };
            line.extend_from_slice(&prefix);
            render::field(&mut line, field.name(), delimiter, "");
            prefixes.push(prefix);
        }
        line.push(b'\n');
        target.write_all(&line).output(&name)?;
        line.clear();
        Ok(Self {
            target,
            name,
            style: Style::Delimited(delimiter),
            prefixes,
            line,
        })
    }

    /// NDJSON.
    ///
    /// # Errors
    ///
    /// When two columns have the same name, which one object cannot hold.
    pub fn ndjson(target: Target, schema: &SchemaRef) -> Outcome<Self> {
        let mut prefixes = Vec::with_capacity(schema.fields().len());
        let mut seen = std::collections::HashSet::new();
        for (i, field) in schema.fields().iter().enumerate() {
            if !seen.insert(field.name()) {
                return Err(Failure::output(format!(
                    "{}: two columns are called {}, which one JSON object cannot hold; choose columns with -m, or write CSV",
                    target.name(),
                    field.name()
                )));
            }
            let mut prefix = vec![if i == 0 { b'{' } else { b',' }];
            render::json_string(&mut prefix, field.name());
            prefix.push(b':');
            prefixes.push(prefix);
        }
        Ok(Self {
            name: target.name(),
            target,
            style: Style::Json,
            prefixes,
            line: Vec::new(),
        })
    }
}

impl Sink for TextSink {
    fn write(&mut self, batch: &RecordBatch) -> Outcome {
        let columns = batch
            .columns()
            .iter()
            .map(|array| Column::of(array.as_ref()))
            .collect::<Result<Vec<_>, _>>()
            .output(&self.name)?;
        for row in 0..batch.num_rows() {
            for (column, prefix) in columns.iter().zip(&self.prefixes) {
                self.line.extend_from_slice(prefix);
                column
                    .write(&mut self.line, row, self.style)
                    .output(&self.name)?;
            }
            if self.style == Style::Json {
                self.line
                    .extend_from_slice(if columns.is_empty() { b"{}" } else { b"}" });
            }
            self.line.push(b'\n');
            if self.line.len() >= CHUNK_BYTES {
                self.target.write_all(&self.line).output(&self.name)?;
                self.line.clear();
            }
        }
        self.target.write_all(&self.line).output(&self.name)?;
        self.line.clear();
        Ok(())
    }

    fn finish(self: Box<Self>) -> Outcome<u64> {
        self.target.commit()
    }
}

/// A column with its type resolved, so that no value looks it up again.
enum Column<'a> {
    Bool(&'a BooleanArray),
    Int8(&'a PrimitiveArray<Int8Type>),
    Int16(&'a PrimitiveArray<Int16Type>),
    Int32(&'a PrimitiveArray<Int32Type>),
    Int64(&'a PrimitiveArray<Int64Type>),
    UInt8(&'a PrimitiveArray<UInt8Type>),
    UInt16(&'a PrimitiveArray<UInt16Type>),
    UInt32(&'a PrimitiveArray<UInt32Type>),
    UInt64(&'a PrimitiveArray<UInt64Type>),
    Float16(&'a PrimitiveArray<Float16Type>),
    Float32(&'a PrimitiveArray<Float32Type>),
    Float64(&'a PrimitiveArray<Float64Type>),
    Date32(&'a PrimitiveArray<Date32Type>),
    Date64(&'a PrimitiveArray<Date64Type>),
    Seconds(&'a PrimitiveArray<TimestampSecondType>, bool),
    Millis(&'a PrimitiveArray<TimestampMillisecondType>, bool),
    Micros(&'a PrimitiveArray<TimestampMicrosecondType>, bool),
    Nanos(&'a PrimitiveArray<TimestampNanosecondType>, bool),
    Utf8(&'a dyn Array, fn(&dyn Array, usize) -> &str),
    Binary(&'a dyn Array, fn(&dyn Array, usize) -> &[u8]),
    Null,
    /// Decimals, times of day, dictionaries, lists: as Arrow prints them.
    Other(&'a dyn Array, ArrayFormatter<'a>),
}

impl<'a> Column<'a> {
    fn of(array: &'a dyn Array) -> Result<Self, arrow_schema::ArrowError> {
        Ok(match array.data_type() {
            DataType::Null => Self::Null,
            DataType::Boolean => Self::Bool(array.as_boolean()),
            DataType::Int8 => Self::Int8(array.as_primitive()),
            DataType::Int16 => Self::Int16(array.as_primitive()),
            DataType::Int32 => Self::Int32(array.as_primitive()),
            DataType::Int64 => Self::Int64(array.as_primitive()),
            DataType::UInt8 => Self::UInt8(array.as_primitive()),
            DataType::UInt16 => Self::UInt16(array.as_primitive()),
            DataType::UInt32 => Self::UInt32(array.as_primitive()),
            DataType::UInt64 => Self::UInt64(array.as_primitive()),
            DataType::Float16 => Self::Float16(array.as_primitive()),
            DataType::Float32 => Self::Float32(array.as_primitive()),
            DataType::Float64 => Self::Float64(array.as_primitive()),
            DataType::Date32 => Self::Date32(array.as_primitive()),
            DataType::Date64 => Self::Date64(array.as_primitive()),
            DataType::Timestamp(unit, zone) => {
                let utc = zone.is_some();
                match unit {
                    TimeUnit::Second => Self::Seconds(array.as_primitive(), utc),
                    TimeUnit::Millisecond => Self::Millis(array.as_primitive(), utc),
                    TimeUnit::Microsecond => Self::Micros(array.as_primitive(), utc),
                    TimeUnit::Nanosecond => Self::Nanos(array.as_primitive(), utc),
                }
            }
            DataType::Utf8 => Self::Utf8(array, |a, i| a.as_string::<i32>().value(i)),
            DataType::LargeUtf8 => Self::Utf8(array, |a, i| a.as_string::<i64>().value(i)),
            DataType::Utf8View => Self::Utf8(array, |a, i| a.as_string_view().value(i)),
            DataType::Binary => Self::Binary(array, |a, i| a.as_binary::<i32>().value(i)),
            DataType::LargeBinary => Self::Binary(array, |a, i| a.as_binary::<i64>().value(i)),
            DataType::BinaryView => Self::Binary(array, |a, i| a.as_binary_view().value(i)),
            DataType::FixedSizeBinary(_) => {
                Self::Binary(array, |a, i| a.as_fixed_size_binary().value(i))
            }
            _ => {
                static OPTIONS: FormatOptions<'static> = FormatOptions::new();
                Self::Other(array, ArrayFormatter::try_new(array, &OPTIONS)?)
            }
        })
    }

    fn write(
        &self,
        out: &mut Vec<u8>,
        row: usize,
        style: Style,
    ) -> Result<(), arrow_schema::ArrowError> {
        match self {
            Self::Bool(a) if a.is_valid(row) => {
                out.extend_from_slice(if a.value(row) { b"true" } else { b"false" });
            }
            Self::Bool(_) | Self::Null => null(out, style),
            Self::Int8(a) => with(a, out, row, style, render::int),
            Self::Int16(a) => with(a, out, row, style, render::int),
            Self::Int32(a) => with(a, out, row, style, render::int),
            Self::Int64(a) => with(a, out, row, style, render::int),
            Self::UInt8(a) => with(a, out, row, style, render::int),
            Self::UInt16(a) => with(a, out, row, style, render::int),
            Self::UInt32(a) => with(a, out, row, style, render::int),
            Self::UInt64(a) => with(a, out, row, style, render::int),
            Self::Float16(a) => with(a, out, row, style, |o, v| {
                render::f32(o, v.to_f32(), style.non_finite());
            }),
            Self::Float32(a) => with(a, out, row, style, |o, v| {
                render::f32(o, v, style.non_finite())
            }),
            Self::Float64(a) => with(a, out, row, style, |o, v| {
                render::f64(o, v, style.non_finite())
            }),
            Self::Date32(a) => with(a, out, row, style, |o, v| {
                quoted(o, style, |o| render::date(o, i64::from(v)));
            }),
            Self::Date64(a) => with(a, out, row, style, |o, v| {
                quoted(o, style, |o| render::date(o, v.div_euclid(MILLIS_PER_DAY)));
            }),
            Self::Seconds(a, utc) => instant(a, out, row, style, TimeUnit::Second, *utc),
            Self::Millis(a, utc) => instant(a, out, row, style, TimeUnit::Millisecond, *utc),
            Self::Micros(a, utc) => instant(a, out, row, style, TimeUnit::Microsecond, *utc),
            Self::Nanos(a, utc) => instant(a, out, row, style, TimeUnit::Nanosecond, *utc),
            Self::Utf8(a, _) | Self::Binary(a, _) | Self::Other(a, _) if a.is_null(row) => {
                null(out, style)
            }
            Self::Utf8(a, value) => string(out, value(*a, row), style),
            Self::Binary(a, value) => quoted(out, style, |o| render::hex(o, value(*a, row))),
            Self::Other(_, formatter) => {
                let text = formatter.value(row).try_to_string()?;
                string(out, &text, style);
            }
        }
        Ok(())
    }
}

impl Style {
    fn non_finite(self) -> NonFinite {
        match self {
            Self::Delimited(_) => NonFinite::Bare,
            Self::Json => NonFinite::Quoted,
        }
    }
}

fn null(out: &mut Vec<u8>, style: Style) {
    if style == Style::Json {
        out.extend_from_slice(b"null");
    }
}

fn string(out: &mut Vec<u8>, text: &str, style: Style) {
    match style {
        Style::Delimited(delimiter) => render::field(out, text, delimiter, ""),
        Style::Json => render::json_string(out, text),
    }
}

/// Text that needs no escaping, in quotes where the format wants them.
fn quoted(out: &mut Vec<u8>, style: Style, write: impl FnOnce(&mut Vec<u8>)) {
    if style == Style::Json {
        out.push(b'"');
    }
    write(out);
    if style == Style::Json {
        out.push(b'"');
    }
}

fn with<T: ArrowPrimitiveType>(
    array: &PrimitiveArray<T>,
    out: &mut Vec<u8>,
    row: usize,
    style: Style,
    write: impl FnOnce(&mut Vec<u8>, T::Native),
) {
    if array.is_null(row) {
        null(out, style);
    } else {
        write(out, array.value(row));
    }
}

fn instant<T: ArrowPrimitiveType<Native = i64>>(
    array: &PrimitiveArray<T>,
    out: &mut Vec<u8>,
    row: usize,
    style: Style,
    unit: TimeUnit,
    utc: bool,
) {
    with(array, out, row, style, |o, v| {
        quoted(o, style, |o| render::timestamp(o, v, unit, utc));
    });
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow_array::{
        ArrayRef, BinaryArray, Date32Array, Float64Array, Int64Array, StringArray,
        TimestampMillisecondArray,
    };

    use super::*;

    fn batch() -> RecordBatch {
        RecordBatch::try_from_iter_with_nullable([
            (
                "time",
                Arc::new(TimestampMillisecondArray::from(vec![0, 1, -1]).with_timezone("UTC"))
                    as ArrayRef,
                false,
            ),
            (
                "n",
                Arc::new(Int64Array::from(vec![Some(i64::MAX), None, Some(0)])),
                true,
            ),
            (
                "x",
                Arc::new(Float64Array::from(vec![
                    Some(f64::NAN),
                    Some(0.1),
                    Some(f64::NEG_INFINITY),
                ])),
                true,
            ),
            (
                "s,1",
                Arc::new(StringArray::from(vec![Some(""), None, Some("a\tb\"c")])),
                true,
            ),
            (
                "b",
                Arc::new(BinaryArray::from(vec![
                    Some(b"\x01\xff".as_slice()),
                    None,
                    Some(b""),
                ])),
                true,
            ),
            (
                "d",
                Arc::new(Date32Array::from(vec![Some(0), None, Some(19_782)])),
                true,
            ),
        ])
        .unwrap()
    }

    fn written(style: Style) -> String {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("x");
        let target = Target::file(&path, false, &[]).unwrap();
        let batch = batch();
        let mut sink = match style {
            Style::Delimited(d) => TextSink::delimited(target, &batch.schema(), d),
            Style::Json => TextSink::ndjson(target, &batch.schema()),
        }
        .unwrap();
        sink.write(&batch).unwrap();
        Box::new(sink).finish().unwrap();
        std::fs::read_to_string(&path).unwrap()
    }

    #[test]
    fn csv_loses_nothing() {
        assert_eq!(
            written(Style::Delimited(b',')),
            "time,n,x,\"s,1\",b,d\n\
             1970-01-01T00:00:00.000Z,9223372036854775807,nan,\"\",0x01ff,1970-01-01\n\
             1970-01-01T00:00:00.001Z,,0.1,,,\n\
             1969-12-31T23:59:59.999Z,0,-inf,\"a\tb\"\"c\",0x,2024-02-29\n"
        );
    }

    #[test]
    fn tsv_quotes_tabs() {
        let text = written(Style::Delimited(b'\t'));
        assert!(text.starts_with("time\tn\tx\ts,1\tb\td\n"), "{text}");
        assert!(text.contains("\t\"a\tb\"\"c\"\t"), "{text}");
    }

    #[test]
    fn ndjson_keeps_values_that_json_has_no_word_for() {
        assert_eq!(
            written(Style::Json),
            "{\"time\":\"1970-01-01T00:00:00.000Z\",\"n\":9223372036854775807,\"x\":\"NaN\",\"s,1\":\"\",\"b\":\"0x01ff\",\"d\":\"1970-01-01\"}\n\
             {\"time\":\"1970-01-01T00:00:00.001Z\",\"n\":null,\"x\":0.1,\"s,1\":null,\"b\":null,\"d\":null}\n\
             {\"time\":\"1969-12-31T23:59:59.999Z\",\"n\":0,\"x\":\"-Infinity\",\"s,1\":\"a\\tb\\\"c\",\"b\":\"0x\",\"d\":\"2024-02-29\"}\n"
        );
    }
}
