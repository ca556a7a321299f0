//! Cells of one column, collected into an Arrow array.

use std::sync::Arc;

use arrow_array::builder::{
    BinaryBuilder, BooleanBuilder, Date32Builder, Float32Builder, Float64Builder, Int32Builder,
    Int64Builder, StringBuilder,
};
use arrow_array::types::{
    TimestampMicrosecondType, TimestampMillisecondType, TimestampNanosecondType,
};
use arrow_array::{ArrayRef, PrimitiveArray};
use arrow_schema::TimeUnit;
use tsfile::model::{Instant, Zone, parse_date};

use super::Quoting;
use super::args::ColumnType;
use super::instants;
use super::kinds;

const UTC: &str = "UTC";
/// Room that a column starts with. Batches of thousands of columns end after few rows.
const FIRST_ROWS: usize = 32;
/// Characters of a cell that an error shows.
const SHOWN_CHARS: usize = 60;

/// How cells are understood.
#[derive(Debug, Clone, Copy)]
pub(super) struct Reading {
    pub(super) kind: ColumnType,
    pub(super) unit: TimeUnit,
    pub(super) zone: Option<Zone>,
    /// The type was given, so whatever can be meant by a cell is.
    pub(super) lenient: bool,
}

impl Reading {
    /// Whether a cell fits, as far as that can be said before the unit of instants is known.
    pub(super) fn takes(&self, text: &str, quoting: Quoting) -> bool {
        let bare = self.lenient || quoting != Quoting::Quoted;
        match self.kind {
            _ if quoting == Quoting::Null => true,
            ColumnType::Boolean => bare && boolean(text, self.lenient).is_some(),
            ColumnType::Int32 => {
                bare && int(text, self.lenient).is_some_and(|v| i32::try_from(v).is_ok())
            }
            ColumnType::Int64 => bare && int(text, self.lenient).is_some(),
            ColumnType::Float => float32(text).is_some(),
            ColumnType::Double => (bare || is_word(text)) && float(text, self.lenient).is_some(),
            ColumnType::Date => parse_date(text).is_some(),
            ColumnType::Timestamp => Instant::parse(text, self.zone).is_some(),
            ColumnType::Blob => hex(text).is_some(),
            ColumnType::Text | ColumnType::String => true,
        }
    }

    /// Why a cell does not fit.
    pub(super) fn misfit(&self, text: &str) -> String {
        let kind = self.kind.name();
        let cell = shown(text);
        if self.kind != ColumnType::Timestamp {
            return format!("{cell} is no {kind}");
        }
        match (Instant::parse(text, self.zone), self.zone) {
            (Some(_), _) => {
                let unit = match self.unit {
                    TimeUnit::Microsecond => "us",
                    TimeUnit::Nanosecond => "ns",
                    _ => "ms",
                };
                format!("{cell} is no whole number of {unit} that 64 bits can count")
            }
            (None, None) if Instant::parse(text, Some(Zone::UTC)).is_some() => {
                format!("{cell} names no zone; --tz UTC or --tz +02:00 would")
            }
            _ => format!("{cell} is no {kind} such as 2024-01-31T12:00:00Z"),
        }
    }
}

/// A cell as errors show it.
pub(super) fn shown(text: &str) -> String {
    let mut start: String = text.chars().take(SHOWN_CHARS).collect();
    if start.len() < text.len() {
        start.push('…');
    }
    format!("{start:?}")
}

enum Array {
    Bool(BooleanBuilder),
    Int32(Int32Builder),
    Int64(Int64Builder),
    Float32(Float32Builder),
    Float64(Float64Builder),
    Date(Date32Builder),
    Instant(Int64Builder),
    Utf8(StringBuilder),
    Binary(BinaryBuilder),
}

/// Collects the cells of one column.
pub(super) struct Builder {
    reading: Reading,
    array: Array,
}

impl Builder {
    pub(super) fn new(reading: Reading) -> Self {
        let array = match reading.kind {
            ColumnType::Boolean => Array::Bool(BooleanBuilder::with_capacity(FIRST_ROWS)),
            ColumnType::Int32 => Array::Int32(Int32Builder::with_capacity(FIRST_ROWS)),
            ColumnType::Int64 => Array::Int64(Int64Builder::with_capacity(FIRST_ROWS)),
            ColumnType::Float => Array::Float32(Float32Builder::with_capacity(FIRST_ROWS)),
            ColumnType::Double => Array::Float64(Float64Builder::with_capacity(FIRST_ROWS)),
            ColumnType::Date => Array::Date(Date32Builder::with_capacity(FIRST_ROWS)),
            ColumnType::Timestamp => Array::Instant(Int64Builder::with_capacity(FIRST_ROWS)),
            ColumnType::Text | ColumnType::String => {
                Array::Utf8(StringBuilder::with_capacity(FIRST_ROWS, FIRST_ROWS))
            }
            ColumnType::Blob => Array::Binary(BinaryBuilder::with_capacity(FIRST_ROWS, FIRST_ROWS)),
        };
        Self { reading, array }
    }

    /// Adds a cell; `false`, and nothing was added, when it does not fit.
    pub(super) fn append(&mut self, text: &str, quoting: Quoting) -> bool {
        let Reading {
            unit,
            zone,
            lenient,
            ..
        } = self.reading;
        let text = (quoting != Quoting::Null).then_some(text);
        let bare = lenient || quoting != Quoting::Quoted;
        let number = |text: &str| bare.then(|| int(text, lenient))?;
        match &mut self.array {
            Array::Bool(b) => cell(
                text,
                |t| bare.then(|| boolean(t, lenient))?,
                |v| b.append_option(v),
            ),
            Array::Int32(b) => cell(
                text,
                |t| i32::try_from(number(t)?).ok(),
                |v| b.append_option(v),
            ),
            Array::Int64(b) => cell(text, number, |v| b.append_option(v)),
            Array::Float32(b) => cell(text, float32, |v| b.append_option(v)),
            Array::Float64(b) => cell(
                text,
                |t| (bare || is_word(t)).then(|| float(t, lenient))?,
                |v| b.append_option(v),
            ),
            Array::Date(b) => cell(text, parse_date, |v| b.append_option(v)),
            Array::Instant(b) => cell(
                text,
                |t| instants::count(Instant::parse(t, zone)?, unit),
                |v| b.append_option(v),
            ),
            Array::Utf8(b) => {
                b.append_option(text);
                true
            }
            Array::Binary(b) => cell(text, hex, |v| b.append_option(v)),
        }
    }

    /// Adds a null.
    pub(super) fn append_null(&mut self) {
        self.append("", Quoting::Null);
    }

    pub(super) fn finish(self) -> ArrayRef {
        match self.array {
            Array::Bool(mut b) => Arc::new(b.finish()),
            Array::Int32(mut b) => Arc::new(b.finish()),
            Array::Int64(mut b) => Arc::new(b.finish()),
            Array::Float32(mut b) => Arc::new(b.finish()),
            Array::Float64(mut b) => Arc::new(b.finish()),
            Array::Date(mut b) => Arc::new(b.finish()),
            Array::Instant(mut b) => instants_of(b.finish(), self.reading.unit),
            Array::Utf8(mut b) => Arc::new(b.finish()),
            Array::Binary(mut b) => Arc::new(b.finish()),
        }
    }
}

fn instants_of(counts: arrow_array::Int64Array, unit: TimeUnit) -> ArrayRef {
    fn of<T: arrow_array::types::ArrowTimestampType>(
        counts: arrow_array::Int64Array,
    ) -> PrimitiveArray<T> {
        let (_, values, nulls) = counts.into_parts();
        PrimitiveArray::<T>::new(values, nulls).with_timezone(UTC)
    }
    match unit {
        TimeUnit::Nanosecond => Arc::new(of::<TimestampNanosecondType>(counts)),
        TimeUnit::Microsecond => Arc::new(of::<TimestampMicrosecondType>(counts)),
        _ => Arc::new(of::<TimestampMillisecondType>(counts)),
    }
}

fn cell<T>(
    text: Option<&str>,
    parse: impl Fn(&str) -> Option<T>,
    append: impl FnOnce(Option<T>),
) -> bool {
    match text.map(parse) {
        None => append(None),
        Some(None) => return false,
        Some(value) => append(value),
    }
    true
}

/// What JSON has no number for.
fn is_word(text: &str) -> bool {
    matches!(text, "NaN" | "Infinity" | "-Infinity")
}

fn boolean(text: &str, lenient: bool) -> Option<bool> {
    let known = kinds::boolean(text);
    if known.is_some() || !lenient {
        return known;
    }
    match text.to_ascii_lowercase().as_str() {
        "true" | "1" => Some(true),
        "false" | "0" => Some(false),
        _ => None,
    }
}

fn int(text: &str, lenient: bool) -> Option<i64> {
    kinds::int(text).or_else(|| lenient.then(|| text.parse().ok())?)
}

fn float(text: &str, lenient: bool) -> Option<f64> {
    kinds::float(text).or_else(|| {
        let value: f64 = lenient.then(|| text.parse().ok())??;
        value.is_finite().then_some(value)
    })
}

/// The nearest float of a decimal number.
fn float32(text: &str) -> Option<f32> {
    let value: f32 = match text {
        "Infinity" | "inf" => return Some(f32::INFINITY),
        "-Infinity" | "-inf" => return Some(f32::NEG_INFINITY),
        "NaN" | "nan" => return Some(f32::NAN),
        _ => text.parse().ok()?,
    };
    value.is_finite().then_some(value)
}

/// Bytes of `0x` and hex digits.
fn hex(text: &str) -> Option<Vec<u8>> {
    let digits = text.strip_prefix("0x")?.as_bytes();
    let nibble = |b: u8| char::from(b).to_digit(16);
    if digits.len() % 2 != 0 {
        return None;
    }
    digits
        .chunks_exact(2)
        .map(|pair| match *pair {
            [high, low] => u8::try_from(nibble(high)? << 4 | nibble(low)?).ok(),
            _ => None,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn takes(kind: ColumnType, lenient: bool, text: &str, quoting: Quoting) -> bool {
        let reading = Reading {
            kind,
            unit: TimeUnit::Millisecond,
            zone: None,
            lenient,
        };
        let appended = Builder::new(reading).append(text, quoting);
        let is_fine = kind == ColumnType::Timestamp && text.contains('.');
        assert!(
            is_fine || reading.takes(text, quoting) == appended,
            "{text}"
        );
        appended
    }

    #[test]
    fn given_types_take_what_can_be_meant() {
        use ColumnType::{Blob, Boolean, Double, Float, Int32, Int64, Timestamp};
        for (kind, text, inferred, given) in [
            (Int64, "7", true, true),
            (Int64, "007", false, true),
            (Int64, "+7", false, true),
            (Int64, "7.5", false, false),
            (Int64, "", false, false),
            (Int32, "2147483648", false, false),
            (Boolean, "true", true, true),
            (Boolean, "TRUE", false, true),
            (Boolean, "0", false, true),
            (Boolean, "yes", false, false),
            (Double, ".5", false, true),
            (Double, "1e999", false, false),
            (Float, "1e39", false, false),
            (Float, "-inf", true, true),
            (Blob, "0x00ff", true, true),
            (Blob, "0x0", false, false),
            (Blob, "00ff", false, false),
            (Timestamp, "2024-01-31 12:00:00+01", true, true),
            (Timestamp, "2024-01-31 12:00:00.0001Z", false, false),
            (Timestamp, "2024-01-31 12:00:00", false, false),
        ] {
            assert_eq!(takes(kind, false, text, Quoting::Bare), inferred, "{text}");
            assert_eq!(takes(kind, true, text, Quoting::Bare), given, "{text}");
        }
        // A string of JSON is a number only for somebody who says so.
        assert!(!takes(Int64, false, "7", Quoting::Quoted));
        assert!(takes(Int64, true, "7", Quoting::Quoted));
        assert!(takes(Double, false, "NaN", Quoting::Quoted));
    }

    #[test]
    fn misfits_say_what_would_help() {
        let reading = |kind| Reading {
            kind,
            unit: TimeUnit::Millisecond,
            zone: None,
            lenient: true,
        };
        let said = |kind, text: &str| reading(kind).misfit(text);
        assert_eq!(said(ColumnType::Double, "a\"b"), "\"a\\\"b\" is no DOUBLE");
        assert_eq!(
            said(ColumnType::Timestamp, "2024-01-31 12:00:00"),
            "\"2024-01-31 12:00:00\" names no zone; --tz UTC or --tz +02:00 would"
        );
        assert_eq!(
            said(ColumnType::Timestamp, "2024-01-31 12:00:00.0001Z"),
            "\"2024-01-31 12:00:00.0001Z\" is no whole number of ms that 64 bits can count"
        );
        let long = said(ColumnType::Date, &"ü".repeat(100));
        assert_eq!(long, format!("\"{}…\" is no DATE", "ü".repeat(60)));
    }
}
