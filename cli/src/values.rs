//! Values of Arrow columns as text, appended to a buffer: one look-up of the type per column and batch, and no string per value.

use arrow_array::cast::AsArray as _;
use arrow_array::types::{
    Date32Type, Date64Type, Float16Type, Float32Type, Float64Type, Int8Type, Int16Type, Int32Type,
    Int64Type, TimestampMicrosecondType, TimestampMillisecondType, TimestampNanosecondType,
    TimestampSecondType, UInt8Type, UInt16Type, UInt32Type, UInt64Type,
};
use arrow_array::{Array, ArrowPrimitiveType, BooleanArray, PrimitiveArray};
use arrow_cast::display::{ArrayFormatter, FormatOptions};
use arrow_schema::{DataType, TimeUnit};

use crate::render::{self, NonFinite};
use crate::table::Kind;

const MILLIS_PER_DAY: i64 = 86_400_000;

/// How values look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Style {
    quoting: Quoting,
    /// What null looks like.
    null: &'static str,
    non_finite: NonFinite,
    /// Integers of 64 bits are strings in JSON, and instants are the numbers that they are stored as.
    contract: bool,
}

/// How text is told from what stands around it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Quoting {
    /// Quotes where a delimited field needs them.
    Field(u8),
    Json,
    /// Somebody else's business.
    None,
}

impl Style {
    /// CSV and TSV of `convert`.
    pub const fn delimited(delimiter: u8) -> Self {
        Self {
            quoting: Quoting::Field(delimiter),
            null: "",
            non_finite: NonFinite::Bare,
            contract: false,
        }
    }

    /// NDJSON of `convert`: nothing is lost.
    pub const JSON: Self = Self {
        quoting: Quoting::Json,
        null: "null",
        non_finite: NonFinite::Quoted,
        contract: false,
    };
    /// CSV of the compatible commands.
    pub const CONTRACT_CSV: Self = Self {
        null: render::CSV_NULL,
        contract: true,
        ..Self::delimited(b',')
    };
    /// NDJSON of the compatible commands.
    pub const CONTRACT_JSON: Self = Self {
        non_finite: NonFinite::Null,
        contract: true,
        ..Self::JSON
    };
    /// The plain text of a value, for a table that decides about nulls and quotes.
    pub const CONTRACT_PLAIN: Self = Self {
        quoting: Quoting::None,
        ..Self::CONTRACT_CSV
    };

    /// What stands between fields; JSON without.
    pub fn delimiter(self) -> Option<u8> {
        match self.quoting {
            Quoting::Field(delimiter) => Some(delimiter),
            Quoting::Json | Quoting::None => None,
        }
    }

    /// Text.
    pub fn string(self, out: &mut Vec<u8>, text: &str) {
        match self.quoting {
            Quoting::Field(delimiter) => render::field(out, text, delimiter, self.null),
            Quoting::Json => render::json_string(out, text),
            Quoting::None => out.extend_from_slice(text.as_bytes()),
        }
    }

    fn null(self, out: &mut Vec<u8>) {
        out.extend_from_slice(self.null.as_bytes());
    }

    /// Text that needs no escaping, in quotes where the format wants them.
    fn quoted(self, out: &mut Vec<u8>, write: impl FnOnce(&mut Vec<u8>)) {
        let quote = self.quoting == Quoting::Json;
        if quote {
            out.push(b'"');
        }
        write(out);
        if quote {
            out.push(b'"');
        }
    }

    /// An integer of 64 bits, which readers of JSON may round.
    fn wide(self, out: &mut Vec<u8>, value: i64) {
        if self.contract {
            self.quoted(out, |o| render::int(o, value));
        } else {
            render::int(out, value);
        }
    }
}

/// A column with its type resolved, so that no value looks it up again.
pub enum Column<'a> {
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
    /// Resolves the type.
    ///
    /// # Errors
    ///
    /// When Arrow cannot print values of the type.
    pub fn of(array: &'a dyn Array) -> Result<Self, arrow_schema::ArrowError> {
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

    /// What the cell in `row` of a table holds.
    pub fn kind(&self, row: usize) -> Kind {
        let (valid, kind) = match self {
            Self::Null => (false, Kind::Null),
            Self::Bool(a) => (a.is_valid(row), Kind::Word),
            Self::Int8(a) => (a.is_valid(row), Kind::Number),
            Self::Int16(a) => (a.is_valid(row), Kind::Number),
            Self::Int32(a) => (a.is_valid(row), Kind::Number),
            Self::Int64(a) => (a.is_valid(row), Kind::Number),
            Self::UInt8(a) => (a.is_valid(row), Kind::Number),
            Self::UInt16(a) => (a.is_valid(row), Kind::Number),
            Self::UInt32(a) => (a.is_valid(row), Kind::Number),
            Self::UInt64(a) => (a.is_valid(row), Kind::Number),
            Self::Float16(a) => (a.is_valid(row), Kind::Number),
            Self::Float32(a) => (a.is_valid(row), Kind::Number),
            Self::Float64(a) => (a.is_valid(row), Kind::Number),
            Self::Date32(a) => (a.is_valid(row), Kind::Word),
            Self::Date64(a) => (a.is_valid(row), Kind::Word),
            Self::Seconds(a, _) => (a.is_valid(row), Kind::Number),
            Self::Millis(a, _) => (a.is_valid(row), Kind::Number),
            Self::Micros(a, _) => (a.is_valid(row), Kind::Number),
            Self::Nanos(a, _) => (a.is_valid(row), Kind::Number),
            Self::Binary(a, _) => (a.is_valid(row), Kind::Word),
            Self::Utf8(a, _) | Self::Other(a, _) => (a.is_valid(row), Kind::Text),
        };
        if valid { kind } else { Kind::Null }
    }

    /// Appends the value in `row`.
    ///
    /// # Errors
    ///
    /// When Arrow cannot print it.
    pub fn write(
        &self,
        out: &mut Vec<u8>,
        row: usize,
        style: Style,
    ) -> Result<(), arrow_schema::ArrowError> {
        match self {
            Self::Bool(a) if a.is_valid(row) => {
                out.extend_from_slice(if a.value(row) { b"true" } else { b"false" });
            }
            Self::Bool(_) | Self::Null => style.null(out),
            Self::Int8(a) => with(a, out, row, style, render::int),
            Self::Int16(a) => with(a, out, row, style, render::int),
            Self::Int32(a) => with(a, out, row, style, render::int),
            Self::Int64(a) => with(a, out, row, style, |o, v| style.wide(o, v)),
            Self::UInt8(a) => with(a, out, row, style, render::int),
            Self::UInt16(a) => with(a, out, row, style, render::int),
            Self::UInt32(a) => with(a, out, row, style, render::int),
            Self::UInt64(a) => with(a, out, row, style, render::int),
            Self::Float16(a) => with(a, out, row, style, |o, v| {
                render::f32(o, v.to_f32(), style.non_finite);
            }),
            Self::Float32(a) => with(a, out, row, style, |o, v| {
                render::f32(o, v, style.non_finite)
            }),
            Self::Float64(a) => with(a, out, row, style, |o, v| {
                render::f64(o, v, style.non_finite)
            }),
            Self::Date32(a) => with(a, out, row, style, |o, v| {
                style.quoted(o, |o| render::date(o, i64::from(v)));
            }),
            Self::Date64(a) => with(a, out, row, style, |o, v| {
                style.quoted(o, |o| render::date(o, v.div_euclid(MILLIS_PER_DAY)));
            }),
            Self::Seconds(a, utc) => instant(a, out, row, style, TimeUnit::Second, *utc),
            Self::Millis(a, utc) => instant(a, out, row, style, TimeUnit::Millisecond, *utc),
            Self::Micros(a, utc) => instant(a, out, row, style, TimeUnit::Microsecond, *utc),
            Self::Nanos(a, utc) => instant(a, out, row, style, TimeUnit::Nanosecond, *utc),
            Self::Utf8(a, _) | Self::Binary(a, _) | Self::Other(a, _) if a.is_null(row) => {
                style.null(out)
            }
            Self::Utf8(a, value) => style.string(out, value(*a, row)),
            Self::Binary(a, value) => style.quoted(out, |o| render::hex(o, value(*a, row))),
            Self::Other(_, formatter) => {
                let text = formatter.value(row).try_to_string()?;
                style.string(out, &text);
            }
        }
        Ok(())
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
        style.null(out);
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
        if style.contract {
            style.wide(o, v);
        } else {
            style.quoted(o, |o| render::timestamp(o, v, unit, utc));
        }
    });
}

#[cfg(test)]
mod tests {
    use arrow_array::{Float64Array, Int64Array, StringArray, TimestampMillisecondArray};

    use super::*;

    fn shown(array: &dyn Array, style: Style) -> Vec<String> {
        let column = Column::of(array).unwrap();
        let value = |row| {
            let mut out = Vec::new();
            column.write(&mut out, row, style).unwrap();
            String::from_utf8(out).unwrap()
        };
        (0..array.len()).map(value).collect()
    }

    #[test]
    fn the_contract_has_its_own_null_nan_and_wide_integers() {
        let (csv, json) = (Style::CONTRACT_CSV, Style::CONTRACT_JSON);
        let wide = Int64Array::from(vec![Some(i64::MAX), None]);
        assert_eq!(shown(&wide, csv), ["9223372036854775807", "\\N"]);
        assert_eq!(shown(&wide, json), ["\"9223372036854775807\"", "null"]);
        let floats = Float64Array::from(vec![f64::NAN, f64::NEG_INFINITY, 0.5]);
        assert_eq!(shown(&floats, csv), ["nan", "-inf", "0.5"]);
        assert_eq!(shown(&floats, json), ["null", "null", "0.5"]);
        let text = StringArray::from(vec!["", "\\N", "a,b"]);
        assert_eq!(shown(&text, csv), ["\"\"", "\"\\N\"", "\"a,b\""]);
        assert_eq!(shown(&text, Style::CONTRACT_PLAIN), ["", "\\N", "a,b"]);
        let instants = TimestampMillisecondArray::from(vec![-1]);
        assert_eq!(shown(&instants, csv), ["-1"]);
        assert_eq!(shown(&instants, json), ["\"-1\""]);
        assert_eq!(
            shown(&instants, Style::JSON),
            ["\"1969-12-31T23:59:59.999\""]
        );
    }
}
