//! TsFile types and Arrow types.
//!
//! | TsFile | Arrow |
//! |---|---|
//! | BOOLEAN | Boolean |
//! | INT32 | Int32 |
//! | INT64 | Int64 |
//! | FLOAT | Float32 |
//! | DOUBLE | Float64 |
//! | TEXT, STRING | Utf8, or Binary with `text=binary`; Dictionary(Int32, Utf8) where that is asked for |
//! | BLOB, OBJECT | Binary |
//! | DATE | Date32, or Int32 (`yyyymmdd`) with `dates=int` |
//! | TIMESTAMP | Timestamp(unit, "UTC") |

use crate::model::{DataType, date_of, days_of};
use arrow_schema::DataType as ArrowType;

/// What happens to TEXT and STRING bytes that are no UTF-8.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum TextMode {
    /// An error naming device, measurement and time.
    #[default]
    Utf8,
    /// Each bad sequence becomes U+FFFD.
    Lossy,
    /// The column is Binary, bytes as they are.
    Binary,
}

/// What happens to DATE integers that are no calendar date.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum DateMode {
    /// An error naming device, measurement and time.
    #[default]
    Error,
    /// They become null.
    Null,
    /// The column is Int32 and holds `yyyymmdd` as stored.
    Int,
}

/// The unit of times, which the file does not record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum TimeUnit {
    /// milliseconds
    #[default]
    Ms,
    /// microseconds
    Us,
    /// nanoseconds
    Ns,
}

impl TimeUnit {
    /// Short name as the command line has it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Ms => "ms",
            Self::Us => "us",
            Self::Ns => "ns",
        }
    }

    /// The Arrow unit.
    pub fn arrow(self) -> arrow_schema::TimeUnit {
        match self {
            Self::Ms => arrow_schema::TimeUnit::Millisecond,
            Self::Us => arrow_schema::TimeUnit::Microsecond,
            Self::Ns => arrow_schema::TimeUnit::Nanosecond,
        }
    }

    /// The Arrow type of a point in time in this unit.
    pub fn timestamp(self) -> ArrowType {
        ArrowType::Timestamp(self.arrow(), Some("UTC".into()))
    }
}

/// How one column is stored while it is built, and as what it comes out.
#[derive(Debug, Clone, PartialEq)]
pub struct ColumnType {
    /// TsFile type, after widening.
    pub data_type: DataType,
    /// Text mode of the scan.
    pub text: TextMode,
    /// Date mode of the scan.
    pub dates: DateMode,
    /// Unit of TIMESTAMP.
    pub unit: TimeUnit,
    /// Whether TEXT and STRING that are shown as Utf8 are a dictionary.
    pub dictionary: bool,
}

impl ColumnType {
    /// The Arrow type of the finished array.
    pub fn arrow(&self) -> ArrowType {
        match self.data_type {
            DataType::Boolean => ArrowType::Boolean,
            DataType::Int32 => ArrowType::Int32,
            DataType::Int64 | DataType::Vector => ArrowType::Int64,
            DataType::Float => ArrowType::Float32,
            DataType::Double => ArrowType::Float64,
            DataType::Text | DataType::String if self.text == TextMode::Binary => ArrowType::Binary,
            DataType::Text | DataType::String if self.has_keys() => {
                ArrowType::Dictionary(Box::new(ArrowType::Int32), Box::new(ArrowType::Utf8))
            }
            DataType::Text | DataType::String => ArrowType::Utf8,
            DataType::Blob | DataType::Object => ArrowType::Binary,
            DataType::Date if self.dates == DateMode::Int => ArrowType::Int32,
            DataType::Date => ArrowType::Date32,
            DataType::Timestamp => self.unit.timestamp(),
        }
    }

    /// Whether the column has keys of a dictionary.
    pub(crate) fn has_keys(&self) -> bool {
        let is_text = matches!(self.data_type, DataType::Text | DataType::String);
        is_text && self.dictionary && self.text != TextMode::Binary
    }

    /// Bytes that one value takes in a batch; byte strings are estimated.
    pub fn width_bytes(&self) -> usize {
        match self.data_type {
            _ if self.has_keys() => 8,
            DataType::Boolean => 1,
            DataType::Int32 | DataType::Float | DataType::Date => 4,
            DataType::Int64 | DataType::Double | DataType::Timestamp | DataType::Vector => 8,
            DataType::Text | DataType::String | DataType::Blob | DataType::Object => 20,
        }
    }
}

/// The type that holds the values of both without losing a bit, or `None` when there is none.
pub fn widen(a: DataType, b: DataType) -> Option<DataType> {
    use DataType::{Double, Float, Int32, Int64, String, Text};
    match (a, b) {
        _ if a == b => Some(a),
        (Int32, Int64) | (Int64, Int32) => Some(Int64),
        (Int32 | Float, Double) | (Double, Int32 | Float) => Some(Double),
        (Int32, Float) | (Float, Int32) => Some(Double),
        (Text, String) | (String, Text) => Some(String),
        _ => None,
    }
}

/// Days since 1970-01-01 of a stored `yyyymmdd`, or `None` when there is no such day.
pub fn date_to_days(stored: i32) -> Option<i32> {
    if stored <= 0 {
        return None;
    }
    let (year, rest) = (stored / 10_000, stored.unsigned_abs() % 10_000);
    if year < 1 {
        return None;
    }
    i32::try_from(days_of(year, rest / 100, rest % 100)?).ok()
}

/// The stored `yyyymmdd` of a day, the inverse of [`date_to_days`]; `None` beyond years 1 to 9999.
pub fn days_to_date(days: i32) -> Option<i32> {
    let (year, month, day) = date_of(days.into());
    (1..=9999)
        .contains(&year)
        .then(|| i32::try_from(year.unsigned_abs() * 10_000 + month * 100 + day).ok())?
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_by_hand_and_back() {
        for (stored, days) in [
            (19700101, Some(0)),
            (19691231, Some(-1)),
            (20000229, Some(11_016)),
            (20240131, Some(19_753)),
            (10000101, Some(-354_285)),
            (99991231, Some(2_932_896)),
            (20230229, None),
            (20231301, None),
            (20230100, None),
            (0, None),
            (-20230101, None),
        ] {
            assert_eq!(date_to_days(stored), days, "{stored}");
            if let Some(days) = days {
                assert_eq!(days_to_date(days), Some(stored));
            }
        }
    }

    #[test]
    fn widening_never_loses_bits() {
        use DataType::*;
        assert_eq!(widen(Int32, Int64), Some(Int64));
        assert_eq!(widen(Int64, Double), None);
        assert_eq!(widen(Float, Double), Some(Double));
        assert_eq!(widen(Text, String), Some(String));
        assert_eq!(widen(Boolean, Int32), None);
    }
}
