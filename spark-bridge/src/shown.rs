//! Columns as Spark shows them, where that is not as TsFile has them: times in microseconds, numbers that a schema widens.

use arrow_array::cast::AsArray;
use arrow_array::types::{
    Float32Type, Int32Type, Int64Type, TimestampMicrosecondType, TimestampMillisecondType,
    TimestampNanosecondType,
};
use arrow_array::{Array, ArrayRef, Float64Array, Int64Array, PrimitiveArray};
use arrow_schema::{DataType, TimeUnit as ArrowUnit};
use std::sync::Arc;
use tsfile::scan::TimeUnit;
use tsfile::{Error, ErrorKind, Result};

/// How a column is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shown {
    /// As it is; of a time the number in the file.
    AsIs,
    /// A time of this unit as microseconds, by rounding down.
    Micros(TimeUnit),
    /// An integer as a long one.
    Long,
    /// A number as a double.
    Double,
}

impl Shown {
    /// What Java says by a number: 0 as it is, 1 microseconds, 2 long, 3 double.
    ///
    /// # Errors
    /// Another number.
    pub fn of_code(code: i32, unit: TimeUnit) -> Result<Self> {
        match code {
            0 => Ok(Self::AsIs),
            1 => Ok(Self::Micros(unit)),
            2 => Ok(Self::Long),
            3 => Ok(Self::Double),
            _ => Err(Error::argument("the native library shows no column so").got(code)),
        }
    }

    /// The column as it is shown.
    ///
    /// # Errors
    /// A time has no place in 64 bits of microseconds; `name` says of which column.
    pub fn of(self, name: &str, array: &ArrayRef) -> Result<ArrayRef> {
        match (self, array.data_type()) {
            (Self::AsIs, DataType::Timestamp(_, _)) => Ok(Arc::new(longs(name, array)?)),
            (Self::AsIs, _) => Ok(array.clone()),
            (Self::Micros(unit), _) => micros(name, longs(name, array)?, unit),
            (Self::Long, DataType::Int64) | (Self::Double, DataType::Float64) => Ok(array.clone()),
            (Self::Long, DataType::Int32) => {
                let wide: Int64Array = array.as_primitive::<Int32Type>().unary(i64::from);
                Ok(Arc::new(wide))
            }
            (Self::Double, DataType::Int32) => {
                let wide: Float64Array = array.as_primitive::<Int32Type>().unary(f64::from);
                Ok(Arc::new(wide))
            }
            (Self::Double, DataType::Float32) => {
                let wide: Float64Array = array.as_primitive::<Float32Type>().unary(f64::from);
                Ok(Arc::new(wide))
            }
            (_, other) => {
                Err(Error::argument(format!("{other} is not shown so")).measurement(name))
            }
        }
    }
}

/// The raw numbers of a column of times.
fn longs(name: &str, array: &ArrayRef) -> Result<Int64Array> {
    match array.data_type() {
        DataType::Int64 => Ok(array.as_primitive::<Int64Type>().clone()),
        DataType::Timestamp(ArrowUnit::Millisecond, _) => Ok(array
            .as_primitive::<TimestampMillisecondType>()
            .reinterpret_cast()),
        DataType::Timestamp(ArrowUnit::Microsecond, _) => Ok(array
            .as_primitive::<TimestampMicrosecondType>()
            .reinterpret_cast()),
        DataType::Timestamp(ArrowUnit::Nanosecond, _) => Ok(array
            .as_primitive::<TimestampNanosecondType>()
            .reinterpret_cast()),
        other => Err(Error::argument(format!("{other} is no time")).measurement(name)),
    }
}

fn micros(name: &str, raw: Int64Array, unit: TimeUnit) -> Result<ArrayRef> {
    let shown: PrimitiveArray<Int64Type> = match unit {
        TimeUnit::Us => raw,
        TimeUnit::Ns => raw.unary(|ns| ns.div_euclid(1_000)),
        TimeUnit::Ms => raw.try_unary(|ms| {
            ms.checked_mul(1_000).ok_or_else(|| {
                Error::new(
                    ErrorKind::Argument,
                    "",
                    "a time is too far from 1970 to be shown as a timestamp in microseconds",
                )
                .measurement(name)
                .got(format!("{ms} ms"))
                .hint("read it with option timestampAs=long")
            })
        })?,
    };
    Ok(Arc::new(shown))
}

#[cfg(test)]
mod tests {
    use super::*;
    use arrow_array::{Int32Array, TimestampNanosecondArray};

    #[test]
    fn nanoseconds_round_down_before_1970_too() {
        let ns: ArrayRef = Arc::new(TimestampNanosecondArray::from(vec![
            Some(1_999),
            Some(-1),
            None,
        ]));
        let us = Shown::Micros(TimeUnit::Ns).of("t", &ns).unwrap();
        assert_eq!(
            us.as_primitive::<Int64Type>(),
            &Int64Array::from(vec![Some(1), Some(-1), None])
        );
    }

    #[test]
    fn milliseconds_that_do_not_fit_are_an_error_that_names_the_way_out() {
        let ms: ArrayRef = Arc::new(Int64Array::from(vec![i64::MAX / 1_000 + 1]));
        let e = Shown::Micros(TimeUnit::Ms).of("time", &ms).unwrap_err();
        assert!(e.to_string().contains("timestampAs=long"), "{e}");
    }

    #[test]
    fn numbers_widen_and_nulls_stay() {
        let ints: ArrayRef = Arc::new(Int32Array::from(vec![Some(-1), None]));
        let long = Shown::Long.of("x", &ints).unwrap();
        assert_eq!(
            long.as_primitive::<Int64Type>(),
            &Int64Array::from(vec![Some(-1), None])
        );
        let double = Shown::Double.of("x", &ints).unwrap();
        assert_eq!(
            double
                .as_primitive::<arrow_array::types::Float64Type>()
                .value(0),
            -1.0
        );
        assert!(Shown::of_code(9, TimeUnit::Ms).is_err());
    }
}
