//! What the cells of a column have in common. Numbers and truth values are taken for such only where every cell,
//! written back by `convert`, says the same: `007` is text, not seven.

use arrow_schema::TimeUnit;
use tsfile::model::{Instant, Zone, parse_date};

use super::Quoting;
use super::args::ColumnType;
use super::instants;

/// Integers of so many digits all are doubles.
const EXACT_DIGITS: usize = 15;

/// The type that holds all cells seen so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// Nothing but nulls.
    Unknown,
    Bool,
    Int64,
    /// Integers, of which one is no double.
    BigInt64,
    Float64,
    Date,
    /// Instants; `far` when one is outside of what nanoseconds can count.
    Instant {
        unit: TimeUnit,
        far: bool,
    },
    Text,
}

impl Kind {
    /// The narrowest kind of one cell.
    pub(super) fn of(text: &str, quoting: Quoting, zone: Option<Zone>) -> Self {
        if quoting == Quoting::Null {
            return Self::Unknown;
        }
        // `YYYY-`; numbers have no such place for a minus.
        if text.as_bytes().get(4) == Some(&b'-') {
            if parse_date(text).is_some() {
                return Self::Date;
            }
            if let Some(instant) = Self::instant(text, zone) {
                return instant;
            }
        }
        if quoting == Quoting::Quoted {
            return if matches!(text, "NaN" | "Infinity" | "-Infinity") {
                Self::Float64
            } else {
                Self::Text
            };
        }
        if int(text).is_some() {
            if text.len() > EXACT_DIGITS && float(text).is_none() {
                Self::BigInt64
            } else {
                Self::Int64
            }
        } else if float(text).is_some() {
            Self::Float64
        } else if boolean(text).is_some() {
            Self::Bool
        } else {
            Self::Text
        }
    }

    /// The kind of a cell that is an instant.
    pub(super) fn instant(text: &str, zone: Option<Zone>) -> Option<Self> {
        let instant = Instant::parse(text, zone)?;
        let kind = Self::Instant {
            unit: instants::unit(instant),
            far: instants::count(instant, TimeUnit::Nanosecond).is_none(),
        };
        Some(kind.possible())
    }

    /// The narrowest kind that holds both.
    pub(super) fn join(self, other: Self) -> Self {
        match (self, other) {
            (a, b) if a == b => a,
            (Self::Unknown, x) | (x, Self::Unknown) => x,
            (Self::Int64, Self::Float64) | (Self::Float64, Self::Int64) => Self::Float64,
            (Self::Int64, Self::BigInt64) | (Self::BigInt64, Self::Int64) => Self::BigInt64,
            (Self::Instant { unit: a, far: x }, Self::Instant { unit: b, far: y }) => {
                Self::Instant {
                    unit: finer(a, b),
                    far: x || y,
                }
                .possible()
            }
            _ => Self::Text,
        }
    }

    /// Instants that no unit can count are text.
    fn possible(self) -> Self {
        let far_nanos = Self::Instant {
            unit: TimeUnit::Nanosecond,
            far: true,
        };
        if self == far_nanos { Self::Text } else { self }
    }

    /// The type that a column of it gets, and the unit that instants have then.
    pub(super) fn column_type(self) -> (ColumnType, TimeUnit) {
        let plain = |kind| (kind, TimeUnit::Millisecond);
        match self {
            Self::Bool => plain(ColumnType::Boolean),
            Self::Int64 | Self::BigInt64 => plain(ColumnType::Int64),
            Self::Float64 => plain(ColumnType::Double),
            Self::Date => plain(ColumnType::Date),
            Self::Instant { unit, .. } => (ColumnType::Timestamp, unit),
            Self::Unknown | Self::Text => plain(ColumnType::String),
        }
    }
}

fn finer(a: TimeUnit, b: TimeUnit) -> TimeUnit {
    match (a, b) {
        (TimeUnit::Nanosecond, _) | (_, TimeUnit::Nanosecond) => TimeUnit::Nanosecond,
        (TimeUnit::Microsecond, _) | (_, TimeUnit::Microsecond) => TimeUnit::Microsecond,
        _ => TimeUnit::Millisecond,
    }
}

pub(super) fn boolean(text: &str) -> Option<bool> {
    match text {
        "true" => Some(true),
        "false" => Some(false),
        _ => None,
    }
}

pub(super) fn int(text: &str) -> Option<i64> {
    let exact = match text.strip_prefix('-').unwrap_or(text).as_bytes() {
        [b'0'] => text == "0",
        [b'1'..=b'9', ..] => true,
        _ => false,
    };
    exact.then(|| text.parse().ok())?
}

/// The nearest double of a number; of an integer only that integer.
pub(super) fn float(text: &str) -> Option<f64> {
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
    let is_changed = digits.len() > EXACT_DIGITS
        && digits.iter().all(u8::is_ascii_digit)
        && text.parse() != Ok(value as i128);
    (value.is_finite() && !is_changed).then_some(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn instant(unit: TimeUnit, far: bool) -> Kind {
        Kind::Instant { unit, far }
    }

    fn of(text: &str) -> Kind {
        Kind::of(text, Quoting::Bare, None)
    }

    #[test]
    fn kinds_of_bare_cells() {
        use TimeUnit::{Microsecond, Millisecond, Nanosecond};
        for (text, kind) in [
            ("0", Kind::Int64),
            ("-7", Kind::Int64),
            ("007", Kind::Text),
            ("+7", Kind::Text),
            ("1e5", Kind::Float64),
            ("-0", Kind::Float64),
            ("9007199254740992", Kind::Int64),
            ("9007199254740993", Kind::BigInt64),
            ("-9007199254740993", Kind::BigInt64),
            ("9223372036854775807", Kind::BigInt64),
            ("9223372036854775808", Kind::Float64),
            ("9223372036854775809", Kind::Text),
            ("1180591620717411303424", Kind::Float64),
            ("1e3", Kind::Float64),
            (".5", Kind::Text),
            ("-inf", Kind::Float64),
            ("1e999", Kind::Text),
            ("true", Kind::Bool),
            ("True", Kind::Text),
            ("infinite", Kind::Text),
            (" 1", Kind::Text),
            ("2020-02-29", Kind::Date),
            ("2020-2-29", Kind::Text),
            ("2020-02-30", Kind::Text),
            ("2020-02-30T00:00:00.000Z", Kind::Text),
            ("2020-02-29T23:59:59", Kind::Text),
            ("2020-02-29T23:59:59Z", instant(Millisecond, false)),
            (
                "2020-02-29 23:59:59.9999+02:00",
                instant(Microsecond, false),
            ),
            ("1969-12-31T23:59:59.999999999Z", instant(Nanosecond, false)),
            ("9999-12-31T23:59:59Z", instant(Millisecond, true)),
            ("9999-12-31T23:59:59.999999999Z", Kind::Text),
        ] {
            assert_eq!(of(text), kind, "{text}");
        }
        assert_eq!(Kind::of("5", Quoting::Quoted, None), Kind::Text);
        assert_eq!(Kind::of("NaN", Quoting::Quoted, None), Kind::Float64);
    }

    #[test]
    fn kinds_that_hold_two() {
        let far = of("9999-12-31T23:59:59Z");
        let fine = of("2020-02-29T23:59:59.999999999Z");
        for (a, b, joined) in [
            (of("1"), of("2.5"), Kind::Float64),
            (of("1"), Kind::Unknown, Kind::Int64),
            (of("1"), of("9007199254740993"), Kind::BigInt64),
            // As a double it would be another number.
            (of("0.5"), of("9007199254740993"), Kind::Text),
            (of("1"), of("true"), Kind::Text),
            (of("2020-02-29"), fine, Kind::Text),
            (of("2020-02-29T00:00:00Z"), fine, fine),
            (
                far,
                of("2020-02-29T00:00:00.000001Z"),
                instant(TimeUnit::Microsecond, true),
            ),
            // Nanoseconds end in 2262.
            (far, fine, Kind::Text),
        ] {
            assert_eq!(a.join(b), joined);
            assert_eq!(b.join(a), joined);
        }
    }
}
