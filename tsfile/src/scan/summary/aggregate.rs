//! What some points amount to, put together from statistics and from decoded values.

use super::{Aggregates, spans};
use crate::model::{DataType, Statistics, Value};
use arrow_array::cast::AsArray;
use arrow_array::types::{
    Float32Type, Float64Type, Int32Type, Int64Type, TimestampMillisecondType,
};
use arrow_array::{Array, ArrowPrimitiveType, PrimitiveArray};

/// Some points of one timeseries.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Part {
    pub(super) count: u64,
    pub(super) times: Option<(i64, i64)>,
    pub(super) values: Aggregates,
}

impl Part {
    /// Count and times that statistics say.
    pub(super) fn counted(statistics: &Statistics) -> Self {
        Self {
            count: statistics.count,
            times: statistics.time_range(),
            values: Aggregates::default(),
        }
    }

    /// What statistics say about values of this type, too; they have to be trusted.
    pub(super) fn of_statistics(statistics: &Statistics, data_type: DataType) -> Self {
        Self {
            values: Aggregates::of_statistics(statistics, data_type),
            ..Self::counted(statistics)
        }
    }

    /// Adds points at other times.
    pub(super) fn add(&mut self, other: Self) {
        if other.count == 0 {
            return;
        }
        if self.count == 0 {
            *self = other;
            return;
        }
        self.count = self.count.saturating_add(other.count);
        let (mine, theirs) = (&mut self.values, other.values);
        let (own, new) = (
            self.times.unwrap_or_default(),
            other.times.unwrap_or_default(),
        );
        if new.0 < own.0 {
            mine.first = theirs.first;
        }
        if new.1 > own.1 {
            mine.last = theirs.last;
        }
        mine.min = pick(mine.min.take(), theirs.min, |a, b| b < a);
        mine.max = pick(mine.max.take(), theirs.max, |a, b| b > a);
        mine.sum = match (mine.sum.take(), theirs.sum) {
            (Some(Value::Int64(a)), Some(Value::Int64(b))) => Some(Value::Int64(a.wrapping_add(b))),
            (Some(Value::Double(a)), Some(Value::Double(b))) => Some(Value::Double(a + b)),
            _ => None,
        };
        self.times = spans::hull(self.times, other.times);
    }

    /// Adds the values of `array`, a column of a scan that shows text and dates as they are stored, at `times`, which come after those before.
    pub(super) fn add_array(
        &mut self,
        data_type: DataType,
        array: &dyn Array,
        times: &[i64],
        values: bool,
    ) {
        let valid = || (0..array.len()).filter(|&i| array.is_valid(i));
        let (Some(first), Some(last)) = (valid().next(), valid().next_back()) else {
            return;
        };
        let at = |i: usize| times.get(i).copied().unwrap_or_default();
        let mut part = Self {
            count: (array.len() - array.null_count()) as u64,
            times: Some((at(first), at(last))),
            values: Aggregates::default(),
        };
        if values {
            part.values = aggregates(data_type, array, first, last);
        }
        self.add(part);
    }
}

impl Aggregates {
    /// Those of statistics that are trusted.
    pub(super) fn of_statistics(statistics: &Statistics, data_type: DataType) -> Self {
        // The stored sum of INT64 is a double that has lost digits; of TIMESTAMP and DATE it means nothing.
        let summed = !matches!(
            data_type,
            DataType::Int64 | DataType::Timestamp | DataType::Date
        );
        let [first, last, min, max] = statistics.all_values();
        Self {
            first,
            last,
            min,
            max,
            sum: statistics.sum().filter(|_| summed),
        }
    }
}

/// The better of two values; NaN is worse than any.
fn pick(
    a: Option<Value>,
    b: Option<Value>,
    better: fn(&Key<'_>, &Key<'_>) -> bool,
) -> Option<Value> {
    match (a, b) {
        (Some(a), Some(b)) => {
            let replace = match (Key::of(&a), Key::of(&b)) {
                (Key::Float(x), _) if x.is_nan() => true,
                (x, y) => better(&x, &y),
            };
            Some(if replace { b } else { a })
        }
        (a, b) => a.or(b),
    }
}

/// Whether `a` is less than `b`, of the same type.
pub(in crate::scan) fn is_less(a: &Value, b: &Value) -> bool {
    Key::of(a) < Key::of(b)
}

/// A value that can be compared with others of its type.
#[derive(PartialEq, PartialOrd)]
enum Key<'a> {
    Int(i64),
    Float(f64),
    Bytes(&'a [u8]),
}

impl<'a> Key<'a> {
    fn of(value: &'a Value) -> Self {
        match value {
            Value::Boolean(v) => Self::Int(i64::from(*v)),
            Value::Int32(v) => Self::Int(i64::from(*v)),
            Value::Int64(v) => Self::Int(*v),
            Value::Float(v) => Self::Float(f64::from(*v)),
            Value::Double(v) => Self::Float(*v),
            Value::Bytes(v) => Self::Bytes(v),
        }
    }
}

/// Of the values that are there; `first` and `last` are the rows of the outermost.
fn aggregates(data_type: DataType, array: &dyn Array, first: usize, last: usize) -> Aggregates {
    match data_type {
        DataType::Boolean => {
            let a = array.as_boolean();
            Aggregates {
                first: Some(Value::Boolean(a.value(first))),
                last: Some(Value::Boolean(a.value(last))),
                sum: Some(Value::Int64(a.iter().flatten().map(i64::from).sum())),
                ..Aggregates::default()
            }
        }
        DataType::Int32 => {
            let a = array.as_primitive::<Int32Type>();
            let sum = a.iter().flatten().map(i64::from).fold(0, i64::wrapping_add);
            Aggregates {
                sum: Some(Value::Int64(sum)),
                ..ordered(a, first, last, Value::Int32)
            }
        }
        DataType::Date => ordered(array.as_primitive::<Int32Type>(), first, last, Value::Int32),
        DataType::Int64 => ordered(array.as_primitive::<Int64Type>(), first, last, Value::Int64),
        DataType::Timestamp => ordered(
            array.as_primitive::<TimestampMillisecondType>(),
            first,
            last,
            Value::Int64,
        ),
        DataType::Float => {
            let a = array.as_primitive::<Float32Type>();
            let sum = a.iter().flatten().map(f64::from).sum::<f64>();
            Aggregates {
                sum: Some(Value::Double(sum)),
                ..floats(a, first, last, f32::is_nan, Value::Float)
            }
        }
        DataType::Double => {
            let a = array.as_primitive::<Float64Type>();
            let sum = a.iter().flatten().sum::<f64>();
            Aggregates {
                sum: Some(Value::Double(sum)),
                ..floats(a, first, last, f64::is_nan, Value::Double)
            }
        }
        DataType::Text | DataType::String => {
            let a = array.as_binary::<i32>();
            let value = |v: &[u8]| Some(Value::Bytes(v.to_vec()));
            let is_string = data_type == DataType::String;
            let extreme = |v: Option<&[u8]>| v.filter(|_| is_string).and_then(value);
            Aggregates {
                first: value(a.value(first)),
                last: value(a.value(last)),
                min: extreme(a.iter().flatten().min()),
                max: extreme(a.iter().flatten().max()),
                sum: None,
            }
        }
        DataType::Blob | DataType::Object | DataType::Vector => Aggregates::default(),
    }
}

fn ordered<T: ArrowPrimitiveType<Native: Ord>>(
    a: &PrimitiveArray<T>,
    first: usize,
    last: usize,
    value: fn(T::Native) -> Value,
) -> Aggregates {
    Aggregates {
        first: Some(value(a.value(first))),
        last: Some(value(a.value(last))),
        min: a.iter().flatten().min().map(value),
        max: a.iter().flatten().max().map(value),
        sum: None,
    }
}

fn floats<T: ArrowPrimitiveType<Native: PartialOrd>>(
    a: &PrimitiveArray<T>,
    first: usize,
    last: usize,
    is_nan: fn(T::Native) -> bool,
    value: fn(T::Native) -> Value,
) -> Aggregates {
    let (mut min, mut max) = (a.value(first), a.value(first));
    for v in a.iter().flatten() {
        if v < min || is_nan(min) {
            min = v;
        }
        if v > max || is_nan(max) {
            max = v;
        }
    }
    Aggregates {
        first: Some(value(a.value(first))),
        last: Some(value(a.value(last))),
        min: Some(value(min)),
        max: Some(value(max)),
        sum: None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use arrow_array::{BinaryArray, Float64Array, Int32Array};

    fn part(array: &dyn Array, data_type: DataType, times: &[i64]) -> Part {
        let mut part = Part::default();
        part.add_array(data_type, array, times, true);
        part
    }

    #[test]
    fn first_and_last_are_by_time_whatever_comes_when() {
        let late = Int32Array::from(vec![None, Some(7), Some(-1), None]);
        let early = Int32Array::from(vec![Some(3)]);
        let mut all = part(&late, DataType::Int32, &[10, 11, 12, 13]);
        assert_eq!((all.count, all.times), (2, Some((11, 12))));
        all.add(part(&early, DataType::Int32, &[1]));
        all.add(Part::default());
        assert_eq!((all.count, all.times), (3, Some((1, 12))));
        let int = |v| Some(Value::Int32(v));
        assert_eq!((all.values.first, all.values.last), (int(3), int(-1)));
        assert_eq!((all.values.min, all.values.max), (int(-1), int(7)));
        assert_eq!(all.values.sum, Some(Value::Int64(9)));
    }

    #[test]
    fn nan_is_smallest_and_largest_only_when_alone() {
        let nan = Float64Array::from(vec![f64::NAN]);
        let mut all = part(&nan, DataType::Double, &[1]);
        assert!(matches!(all.values.min, Some(Value::Double(v)) if v.is_nan()));
        let some = Float64Array::from(vec![f64::NAN, 2.0, f64::NAN, 5.0]);
        let some = part(&some, DataType::Double, &[2, 3, 4, 5]);
        assert_eq!(some.values.min, Some(Value::Double(2.0)));
        assert_eq!(some.values.max, Some(Value::Double(5.0)));
        all.add(some.clone());
        assert_eq!(all.values.min, some.values.min);
        all.add(part(&nan, DataType::Double, &[6]));
        assert_eq!(all.values.max, some.values.max);
        assert!(matches!(all.values.sum, Some(Value::Double(v)) if v.is_nan()));
    }

    #[test]
    fn text_has_ends_and_strings_have_extremes() {
        let a = BinaryArray::from(vec![&b"m"[..], b"a", b"z", b"b"]);
        let bytes = |v: &[u8]| Some(Value::Bytes(v.to_vec()));
        let string = part(&a, DataType::String, &[1, 2, 3, 4]).values;
        assert_eq!((string.min, string.max), (bytes(b"a"), bytes(b"z")));
        let text = part(&a, DataType::Text, &[1, 2, 3, 4]).values;
        assert_eq!((text.first, text.last), (bytes(b"m"), bytes(b"b")));
        assert_eq!((text.min, text.max, text.sum), (None, None, None));
        let blob = part(&a, DataType::Blob, &[1, 2, 3, 4]);
        assert_eq!((blob.count, blob.values), (4, Aggregates::default()));
    }
}
