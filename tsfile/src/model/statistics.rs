//! What a writer noted about a page, a chunk or a timeseries.

use super::{DataType, Value};

/// Count, times and, by type, first, last, min, max and sum of some points.
#[derive(Debug, Clone, PartialEq)]
pub struct Statistics {
    /// Number of points, nulls not counted (rows, for a time column).
    pub count: u64,
    /// First time, in the file's unit. Means nothing when `count` is 0.
    pub start_time: i64,
    /// Last time, in the file's unit. Means nothing when `count` is 0.
    pub end_time: i64,
    /// What depends on the type.
    pub values: ValueStatistics,
}

/// The part of [`Statistics`] that depends on the data type.
#[derive(Debug, Clone, PartialEq)]
#[allow(missing_docs)]
pub enum ValueStatistics {
    /// BLOB, OBJECT and time columns: nothing.
    None,
    /// `sum` is the number of true values.
    Boolean { first: bool, last: bool, sum: i64 },
    /// INT32 and DATE; the sum wraps at 64 bits.
    Int32 {
        min: i32,
        max: i32,
        first: i32,
        last: i32,
        sum: i64,
    },
    /// INT64 and TIMESTAMP; the sum is a double and loses precision.
    Int64 {
        min: i64,
        max: i64,
        first: i64,
        last: i64,
        sum: f64,
    },
    Float {
        min: f32,
        max: f32,
        first: f32,
        last: f32,
        sum: f64,
    },
    Double {
        min: f64,
        max: f64,
        first: f64,
        last: f64,
        sum: f64,
    },
    /// TEXT
    Text { first: Vec<u8>, last: Vec<u8> },
    /// STRING; min and max compare bytes.
    String {
        first: Vec<u8>,
        last: Vec<u8>,
        min: Vec<u8>,
        max: Vec<u8>,
    },
}

impl Statistics {
    /// Of no point, as Java writes it: the times mean nothing.
    pub fn none(data_type: DataType) -> Self {
        Self {
            count: 0,
            start_time: i64::MAX,
            end_time: i64::MIN,
            values: ValueStatistics::empty(data_type),
        }
    }

    /// Adds what is known about points that all come later.
    pub fn merge(&mut self, later: &Self) {
        if later.count == 0 {
            return;
        }
        if self.count == 0 {
            self.clone_from(later);
            return;
        }
        self.count += later.count;
        self.start_time = self.start_time.min(later.start_time);
        self.end_time = self.end_time.max(later.end_time);
        self.values.merge(&later.values);
    }

    /// First and last time, or `None` when there is no point.
    pub fn time_range(&self) -> Option<(i64, i64)> {
        (self.count > 0).then_some((self.start_time, self.end_time))
    }

    /// Value of the first point in time; `None` when unknown for the type or when there is no point.
    pub fn first(&self) -> Option<Value> {
        self.pick(|v| v.parts().0)
    }

    /// Value of the last point in time.
    pub fn last(&self) -> Option<Value> {
        self.pick(|v| v.parts().1)
    }

    /// Smallest value as the writer saw it: NaN hides (format.md, "Statistics").
    pub fn min(&self) -> Option<Value> {
        self.pick(|v| v.parts().2)
    }

    /// Largest value as the writer saw it: NaN hides.
    pub fn max(&self) -> Option<Value> {
        self.pick(|v| v.parts().3)
    }

    /// Sum; an integer for BOOLEAN (number of true) and INT32, a double otherwise.
    pub fn sum(&self) -> Option<Value> {
        self.pick(|v| match v {
            ValueStatistics::Boolean { sum, .. } | ValueStatistics::Int32 { sum, .. } => {
                Some(Value::Int64(*sum))
            }
            ValueStatistics::Int64 { sum, .. }
            | ValueStatistics::Float { sum, .. }
            | ValueStatistics::Double { sum, .. } => Some(Value::Double(*sum)),
            _ => None,
        })
    }

    /// First, last, smallest and largest value, as the methods of these names give them.
    pub(crate) fn all_values(&self) -> [Option<Value>; 4] {
        match self.count {
            0 => [None, None, None, None],
            _ => self.values.parts().into(),
        }
    }

    fn pick(&self, f: impl Fn(&ValueStatistics) -> Option<Value>) -> Option<Value> {
        if self.count == 0 {
            None
        } else {
            f(&self.values)
        }
    }
}

type Parts = (Option<Value>, Option<Value>, Option<Value>, Option<Value>);

impl ValueStatistics {
    /// All zero, as both references write for a series without a point.
    pub fn empty(data_type: DataType) -> Self {
        match data_type {
            DataType::Boolean => Self::Boolean {
                first: false,
                last: false,
                sum: 0,
            },
            DataType::Int32 | DataType::Date => Self::Int32 {
                min: 0,
                max: 0,
                first: 0,
                last: 0,
                sum: 0,
            },
            DataType::Int64 | DataType::Timestamp => Self::Int64 {
                min: 0,
                max: 0,
                first: 0,
                last: 0,
                sum: 0.0,
            },
            DataType::Float => Self::Float {
                min: 0.0,
                max: 0.0,
                first: 0.0,
                last: 0.0,
                sum: 0.0,
            },
            DataType::Double => Self::Double {
                min: 0.0,
                max: 0.0,
                first: 0.0,
                last: 0.0,
                sum: 0.0,
            },
            DataType::Text => Self::Text {
                first: Vec::new(),
                last: Vec::new(),
            },
            DataType::String => Self::String {
                first: Vec::new(),
                last: Vec::new(),
                min: Vec::new(),
                max: Vec::new(),
            },
            DataType::Blob | DataType::Object | DataType::Vector => Self::None,
        }
    }

    /// first, last, min, max
    fn parts(&self) -> Parts {
        match self {
            Self::None => (None, None, None, None),
            Self::Boolean { first, last, .. } => (
                Some(Value::Boolean(*first)),
                Some(Value::Boolean(*last)),
                None,
                None,
            ),
            Self::Int32 {
                min,
                max,
                first,
                last,
                ..
            } => (
                Some(Value::Int32(*first)),
                Some(Value::Int32(*last)),
                Some(Value::Int32(*min)),
                Some(Value::Int32(*max)),
            ),
            Self::Int64 {
                min,
                max,
                first,
                last,
                ..
            } => (
                Some(Value::Int64(*first)),
                Some(Value::Int64(*last)),
                Some(Value::Int64(*min)),
                Some(Value::Int64(*max)),
            ),
            Self::Float {
                min,
                max,
                first,
                last,
                ..
            } => (
                Some(Value::Float(*first)),
                Some(Value::Float(*last)),
                Some(Value::Float(*min)),
                Some(Value::Float(*max)),
            ),
            Self::Double {
                min,
                max,
                first,
                last,
                ..
            } => (
                Some(Value::Double(*first)),
                Some(Value::Double(*last)),
                Some(Value::Double(*min)),
                Some(Value::Double(*max)),
            ),
            Self::Text { first, last } => (
                Some(Value::Bytes(first.clone())),
                Some(Value::Bytes(last.clone())),
                None,
                None,
            ),
            Self::String {
                first,
                last,
                min,
                max,
            } => (
                Some(Value::Bytes(first.clone())),
                Some(Value::Bytes(last.clone())),
                Some(Value::Bytes(min.clone())),
                Some(Value::Bytes(max.clone())),
            ),
        }
    }
}
