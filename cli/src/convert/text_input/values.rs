//! Types of text cells. A type is inferred only when every cell of the column, written back by `convert`, says the
//! same: `007` is text, not seven.

use std::sync::Arc;

use arrow_array::ArrayRef;
use arrow_array::builder::{
    BooleanBuilder, Float64Builder, Int64Builder, StringBuilder, TimestampMicrosecondBuilder,
    TimestampMillisecondBuilder, TimestampNanosecondBuilder,
};
use arrow_schema::{DataType, TimeUnit};

use super::Quoting;
use crate::render;

const UTC: &str = "UTC";
/// Room that a column starts with. Batches of thousands of columns end after few rows.
const FIRST_ROWS: usize = 32;

/// What the cells of a column have in common.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// Nothing but nulls so far.
    Unknown,
    Bool,
    Int64,
    Float64,
    Timestamp(TimeUnit),
    Utf8,
}

impl Kind {
    /// The narrowest kind of one cell.
    pub(super) fn of(text: &[u8], quoting: Quoting) -> Self {
        let Ok(text) = std::str::from_utf8(text) else {
            return Self::Utf8;
        };
        if quoting == Quoting::Null {
            return Self::Unknown;
        }
        if let Some((_, unit)) = timestamp(text) {
            return Self::Timestamp(unit);
        }
        if quoting == Quoting::Quoted {
            return if matches!(text, "NaN" | "Infinity" | "-Infinity") {
                Self::Float64
            } else {
                Self::Utf8
            };
        }
        if boolean(text).is_some() {
            Self::Bool
        } else if int(text).is_some() {
            Self::Int64
        } else if float(text).is_some() {
            Self::Float64
        } else {
            Self::Utf8
        }
    }

    /// The narrowest kind that holds both.
    pub(super) fn join(self, other: Self) -> Self {
        match (self, other) {
            (a, b) if a == b => a,
            (Self::Unknown, x) | (x, Self::Unknown) => x,
            (Self::Int64, Self::Float64) | (Self::Float64, Self::Int64) => Self::Float64,
            _ => Self::Utf8,
        }
    }

    /// In Arrow's terms; a column of nulls is text.
    pub(super) fn arrow(self) -> DataType {
        match self {
            Self::Bool => DataType::Boolean,
            Self::Int64 => DataType::Int64,
            Self::Float64 => DataType::Float64,
            Self::Timestamp(unit) => DataType::Timestamp(unit, Some(UTC.into())),
            Self::Unknown | Self::Utf8 => DataType::Utf8,
        }
    }
}

fn boolean(text: &str) -> Option<bool> {
    match text {
        "true" => Some(true),
        "false" => Some(false),
        _ => None,
    }
}

fn int(text: &str) -> Option<i64> {
    let value: i64 = text.parse().ok()?;
    (itoa::Buffer::new().format(value) == text).then_some(value)
}

fn float(text: &str) -> Option<f64> {
    match text {
        "nan" | "NaN" => return Some(f64::NAN),
        "inf" | "Infinity" => return Some(f64::INFINITY),
        "-inf" | "-Infinity" => return Some(f64::NEG_INFINITY),
        _ => {}
    }
    let digits = text.strip_prefix('-').unwrap_or(text).as_bytes();
    let leading_zero = matches!(digits, [b'0', b'0'..=b'9', ..]);
    if leading_zero || !digits.first().is_some_and(u8::is_ascii_digit) {
        return None;
    }
    let value: f64 = text.parse().ok()?;
    value.is_finite().then_some(value)
}

/// `YYYY-MM-DDThh:mm:ss.fffZ` with 3, 6 or 9 digits of fraction, exactly as `convert` writes it.
fn timestamp(text: &str) -> Option<(i64, TimeUnit)> {
    let bytes = text.as_bytes();
    let (unit, per_second) = match bytes.len() {
        24 => (TimeUnit::Millisecond, 1_000_i64),
        27 => (TimeUnit::Microsecond, 1_000_000),
        30 => (TimeUnit::Nanosecond, 1_000_000_000),
        _ => return None,
    };
    if !text.ends_with('Z') || !text.is_ascii() {
        return None;
    }
    let number = |from: usize, to: usize| -> Option<i64> {
        let part = text.get(from..to)?;
        part.bytes()
            .all(|b| b.is_ascii_digit())
            .then(|| part.parse().ok())?
    };
    let (year, month, day) = (number(0, 4)?, number(5, 7)?, number(8, 10)?);
    if !(1..=12).contains(&month) {
        return None;
    }
    // Days from the civil date, the inverse of `render::date`: years start in March.
    let shifted_year = if month <= 2 { year - 1 } else { year };
    let era = shifted_year.div_euclid(400);
    let year_of_era = shifted_year.rem_euclid(400);
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    let days = era * 146_097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100
        + day_of_year
        - 719_468;
    let seconds = days * 86_400 + number(11, 13)? * 3600 + number(14, 16)? * 60 + number(17, 19)?;
    let value = seconds
        .checked_mul(per_second)?
        .checked_add(number(20, bytes.len() - 1)?)?;
    let mut written = Vec::with_capacity(bytes.len());
    render::timestamp(&mut written, value, unit, true);
    (written == bytes).then_some((value, unit))
}

/// Collects the cells of one column.
pub(super) enum Builder {
    Bool(BooleanBuilder),
    Int64(Int64Builder),
    Float64(Float64Builder),
    Millis(TimestampMillisecondBuilder),
    Micros(TimestampMicrosecondBuilder),
    Nanos(TimestampNanosecondBuilder),
    Utf8(StringBuilder),
}

impl Builder {
    pub(super) fn new(kind: Kind) -> Self {
        match kind {
            Kind::Bool => Self::Bool(BooleanBuilder::with_capacity(FIRST_ROWS)),
            Kind::Int64 => Self::Int64(Int64Builder::with_capacity(FIRST_ROWS)),
            Kind::Float64 => Self::Float64(Float64Builder::with_capacity(FIRST_ROWS)),
            Kind::Timestamp(TimeUnit::Nanosecond) => {
                Self::Nanos(TimestampNanosecondBuilder::with_capacity(FIRST_ROWS))
            }
            Kind::Timestamp(TimeUnit::Microsecond) => {
                Self::Micros(TimestampMicrosecondBuilder::with_capacity(FIRST_ROWS))
            }
            Kind::Timestamp(_) => {
                Self::Millis(TimestampMillisecondBuilder::with_capacity(FIRST_ROWS))
            }
            Kind::Unknown | Kind::Utf8 => {
                Self::Utf8(StringBuilder::with_capacity(FIRST_ROWS, FIRST_ROWS))
            }
        }
    }

    /// Adds a cell; `false` when it is not of the inferred kind (or not UTF-8).
    pub(super) fn append(&mut self, text: &[u8], quoting: Quoting) -> bool {
        let Ok(text) = std::str::from_utf8(text) else {
            return false;
        };
        let text = (quoting != Quoting::Null).then_some(text);
        match self {
            Self::Bool(b) => cell(text, boolean, |v| b.append_option(v)),
            Self::Int64(b) => cell(text, int, |v| b.append_option(v)),
            Self::Float64(b) => cell(text, float, |v| b.append_option(v)),
            Self::Millis(b) => cell(text, instant(TimeUnit::Millisecond), |v| b.append_option(v)),
            Self::Micros(b) => cell(text, instant(TimeUnit::Microsecond), |v| b.append_option(v)),
            Self::Nanos(b) => cell(text, instant(TimeUnit::Nanosecond), |v| b.append_option(v)),
            Self::Utf8(b) => {
                b.append_option(text);
                true
            }
        }
    }

    pub(super) fn finish(self) -> ArrayRef {
        match self {
            Self::Bool(mut b) => Arc::new(b.finish()),
            Self::Int64(mut b) => Arc::new(b.finish()),
            Self::Float64(mut b) => Arc::new(b.finish()),
            Self::Millis(mut b) => Arc::new(b.finish().with_timezone(UTC)),
            Self::Micros(mut b) => Arc::new(b.finish().with_timezone(UTC)),
            Self::Nanos(mut b) => Arc::new(b.finish().with_timezone(UTC)),
            Self::Utf8(mut b) => Arc::new(b.finish()),
        }
    }
}

fn instant(unit: TimeUnit) -> impl Fn(&str) -> Option<i64> {
    move |text| timestamp(text).filter(|(_, u)| *u == unit).map(|(v, _)| v)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_of_bare_cells() {
        for (text, kind) in [
            ("0", Kind::Int64),
            ("-7", Kind::Int64),
            ("007", Kind::Utf8),
            ("+7", Kind::Utf8),
            ("-0", Kind::Float64),
            ("9223372036854775808", Kind::Float64),
            ("1e3", Kind::Float64),
            ("-inf", Kind::Float64),
            ("1e999", Kind::Utf8),
            ("true", Kind::Bool),
            ("infinite", Kind::Utf8),
            ("2020-02-30T00:00:00.000Z", Kind::Utf8),
            (
                "2020-02-29T23:59:59.999Z",
                Kind::Timestamp(TimeUnit::Millisecond),
            ),
            (
                "1969-12-31T23:59:59.999999999Z",
                Kind::Timestamp(TimeUnit::Nanosecond),
            ),
        ] {
            assert_eq!(Kind::of(text.as_bytes(), Quoting::Bare), kind, "{text}");
        }
    }

    #[test]
    fn timestamps_parse_to_what_was_written() {
        for value in [
            0,
            -1,
            1_588_953_600_007,
            -62_167_219_200_000,
            253_402_300_799_999,
        ] {
            let mut text = Vec::new();
            render::timestamp(&mut text, value, TimeUnit::Millisecond, true);
            let text = String::from_utf8(text).unwrap();
            assert_eq!(
                timestamp(&text),
                Some((value, TimeUnit::Millisecond)),
                "{text}"
            );
        }
    }
}
