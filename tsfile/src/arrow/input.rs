//! Arrow columns as the writer takes them: exactly, or refused.
//!
//! | Arrow | TsFile |
//! |---|---|
//! | Boolean | BOOLEAN |
//! | Int8, Int16, Int32, UInt8, UInt16 | INT32 |
//! | Int64, UInt32, UInt64 (every value below 2^63) | INT64 |
//! | Float16, Float32 | FLOAT |
//! | Float64 | DOUBLE |
//! | Utf8, LargeUtf8, Utf8View | STRING |
//! | Binary, LargeBinary, BinaryView, FixedSizeBinary | BLOB |
//! | Date32, Date64 (whole days) | DATE, years 1 to 9999 |
//! | Timestamp in any unit (exact in the unit of the file) | TIMESTAMP |
//! | Dictionary | what its values are |
//! | Decimal | refused; DOUBLE when losses are allowed |
//!
//! The field metadata `tsfile.type`, which scans of TsFiles set, chooses among types of one physical kind: TEXT or STRING or BLOB for byte
//! strings, DATE for Int32 that holds `yyyymmdd`, TIMESTAMP for Int64.

use super::{TimeUnit, days_to_date};
use crate::model::DataType;
use crate::{Error, ErrorKind, Result};
use arrow_array::cast::AsArray;
use arrow_array::types::{
    ArrowPrimitiveType, Date32Type, Date64Type, Decimal128Type, Float16Type, Float32Type,
    Float64Type, Int8Type, Int16Type, Int32Type, Int64Type, TimestampMicrosecondType,
    TimestampMillisecondType, TimestampNanosecondType, TimestampSecondType, UInt8Type, UInt16Type,
    UInt32Type, UInt64Type,
};
use arrow_array::{
    Array, ArrayRef, BinaryArray, BinaryViewArray, BooleanArray, FixedSizeBinaryArray,
    Float32Array, Float64Array, Int32Array, Int64Array, LargeBinaryArray, LargeStringArray,
    PrimitiveArray, StringArray, StringViewArray, UInt32Array,
};
use arrow_buffer::NullBuffer;
use arrow_schema::{DataType as ArrowType, Field, TimeUnit as ArrowUnit};
use arrow_select::take::take;

const MILLIS_PER_DAY: i64 = 86_400_000;
/// Name of the field metadata that says the TsFile type.
pub const TYPE_KEY: &str = "tsfile.type";

/// Values of one column in the physical type that pages store, nulls included.
#[derive(Debug, Clone)]
pub enum Cells {
    /// BOOLEAN
    Bool(BooleanArray),
    /// INT32, DATE (`yyyymmdd`)
    I32(Int32Array),
    /// INT64, TIMESTAMP, times
    I64(Int64Array),
    /// FLOAT
    F32(Float32Array),
    /// DOUBLE
    F64(Float64Array),
    /// TEXT, STRING, BLOB
    Bytes(ByteCells),
}

/// Byte strings, in whatever layout they came.
#[derive(Debug, Clone)]
#[allow(missing_docs)]
pub enum ByteCells {
    Utf8(StringArray),
    LargeUtf8(LargeStringArray),
    Utf8View(StringViewArray),
    Binary(BinaryArray),
    LargeBinary(LargeBinaryArray),
    BinaryView(BinaryViewArray),
    Fixed(FixedSizeBinaryArray),
}

impl ByteCells {
    fn try_new(array: &ArrayRef) -> Option<Self> {
        Some(match array.data_type() {
            ArrowType::Utf8 => Self::Utf8(array.as_string::<i32>().clone()),
            ArrowType::LargeUtf8 => Self::LargeUtf8(array.as_string::<i64>().clone()),
            ArrowType::Utf8View => Self::Utf8View(array.as_string_view().clone()),
            ArrowType::Binary => Self::Binary(array.as_binary::<i32>().clone()),
            ArrowType::LargeBinary => Self::LargeBinary(array.as_binary::<i64>().clone()),
            ArrowType::BinaryView => Self::BinaryView(array.as_binary_view().clone()),
            ArrowType::FixedSizeBinary(_) => Self::Fixed(array.as_fixed_size_binary().clone()),
            _ => return None,
        })
    }

    /// The bytes of a row; those of a null mean nothing.
    #[inline]
    pub fn value(&self, row: usize) -> &[u8] {
        match self {
            Self::Utf8(a) => a.value(row).as_bytes(),
            Self::LargeUtf8(a) => a.value(row).as_bytes(),
            Self::Utf8View(a) => a.value(row).as_bytes(),
            Self::Binary(a) => a.value(row),
            Self::LargeBinary(a) => a.value(row),
            Self::BinaryView(a) => a.value(row),
            Self::Fixed(a) => a.value(row),
        }
    }

    /// The bytes of a row, or `None` for a null.
    #[inline]
    pub fn get(&self, row: usize) -> Option<&[u8]> {
        self.array().is_valid(row).then(|| self.value(row))
    }

    /// As an array.
    pub fn array(&self) -> &dyn Array {
        match self {
            Self::Utf8(a) => a,
            Self::LargeUtf8(a) => a,
            Self::Utf8View(a) => a,
            Self::Binary(a) => a,
            Self::LargeBinary(a) => a,
            Self::BinaryView(a) => a,
            Self::Fixed(a) => a,
        }
    }
}

impl Cells {
    /// As an array.
    pub fn array(&self) -> &dyn Array {
        match self {
            Self::Bool(a) => a,
            Self::I32(a) => a,
            Self::I64(a) => a,
            Self::F32(a) => a,
            Self::F64(a) => a,
            Self::Bytes(a) => a.array(),
        }
    }

    /// Which rows are there; `None` when all are.
    pub fn nulls(&self) -> Option<&NullBuffer> {
        self.array().nulls().filter(|n| n.null_count() > 0)
    }

    /// Bytes that the rows take in memory.
    pub fn size_bytes(&self) -> usize {
        let array = self.array();
        array
            .to_data()
            .get_slice_memory_size()
            .unwrap_or_else(|_| array.get_array_memory_size())
    }

    /// These rows, in this order.
    ///
    /// # Errors
    /// Byte strings pass what their layout can hold.
    pub fn take(&self, rows: &UInt32Array) -> Result<Self> {
        let array = take(self.array(), rows, None).map_err(|e| Error::argument(e.to_string()))?;
        Ok(match self {
            Self::Bool(_) => Self::Bool(array.as_boolean().clone()),
            Self::I32(_) => Self::I32(array.as_primitive().clone()),
            Self::I64(_) => Self::I64(array.as_primitive().clone()),
            Self::F32(_) => Self::F32(array.as_primitive().clone()),
            Self::F64(_) => Self::F64(array.as_primitive().clone()),
            Self::Bytes(b) => Self::Bytes(ByteCells::try_new(&array).unwrap_or_else(|| b.clone())),
        })
    }
}

/// How one Arrow column becomes a TsFile column.
#[derive(Debug, Clone)]
pub struct Intake {
    /// Name of the column, for messages.
    pub name: String,
    /// The type it is written in.
    pub data_type: DataType,
    unit: TimeUnit,
    lossy: bool,
}

impl Intake {
    /// Decides about `field`. Times are in `unit`; with `lossy`, values may be rounded.
    ///
    /// # Errors
    /// The Arrow type has no counterpart; the error names the column and the option that helps, if one does.
    pub fn try_new(field: &Field, unit: TimeUnit, lossy: bool) -> Result<Self> {
        let data_type = data_type(field, lossy)?;
        let chosen = field
            .metadata()
            .get(TYPE_KEY)
            .and_then(|name| DataType::ALL.into_iter().find(|t| t.name() == name));
        use DataType::{Blob, Date, Int32, Int64, Object, String, Text, Timestamp};
        let data_type = match (data_type, chosen) {
            (String | Blob, Some(Object)) => {
                return Err(Error::new(
                    ErrorKind::Unsupported,
                    "",
                    "OBJECT points to data outside the file: it can be read, not written",
                )
                .measurement(field.name())
                .hint("leave the column out"));
            }
            (String | Blob, Some(t @ (Text | String | Blob))) => t,
            (Int32, Some(Date)) if field.data_type() == &ArrowType::Int32 => Date,
            (Int64, Some(Timestamp)) => Timestamp,
            (found, _) => found,
        };
        Ok(Self {
            name: field.name().clone(),
            data_type,
            unit,
            lossy,
        })
    }

    /// The values of a batch whose first row is row `first_row` of all input, counted from 0.
    ///
    /// # Errors
    /// A value cannot be expressed; the error names column, row (from 1) and value.
    pub fn cells(&self, array: &ArrayRef, first_row: u64) -> Result<Cells> {
        let bad = |row: usize, value: &dyn std::fmt::Display, why: &str| {
            Error::new(
                ErrorKind::Value,
                "",
                format!("row {}: {why}", first_row + row as u64 + 1),
            )
            .measurement(&self.name)
            .got(value)
        };
        let i32s = |a: Int32Array| Ok(Cells::I32(a));
        match array.data_type() {
            ArrowType::Dictionary(_, _) => {
                let dictionary = array.as_any_dictionary();
                let values = take(dictionary.values(), dictionary.keys(), None)
                    .map_err(|e| Error::argument(e.to_string()).measurement(&self.name))?;
                self.cells(&values, first_row)
            }
            ArrowType::Boolean => Ok(Cells::Bool(array.as_boolean().clone())),
            ArrowType::Int8 => i32s(widen(array.as_primitive::<Int8Type>(), i32::from)),
            ArrowType::Int16 => i32s(widen(array.as_primitive::<Int16Type>(), i32::from)),
            ArrowType::UInt8 => i32s(widen(array.as_primitive::<UInt8Type>(), i32::from)),
            ArrowType::UInt16 => i32s(widen(array.as_primitive::<UInt16Type>(), i32::from)),
            ArrowType::Int32 => i32s(array.as_primitive::<Int32Type>().clone()),
            ArrowType::Int64 => Ok(Cells::I64(array.as_primitive::<Int64Type>().clone())),
            ArrowType::UInt32 => {
                let a: Int64Array = widen(array.as_primitive::<UInt32Type>(), i64::from);
                Ok(Cells::I64(a))
            }
            ArrowType::UInt64 => {
                let a = array.as_primitive::<UInt64Type>();
                let to = |row, v: u64| {
                    i64::try_from(v)
                        .map_err(|_| bad(row, &v, "the value is larger than INT64 holds"))
                };
                Ok(Cells::I64(try_each(a, to)?))
            }
            ArrowType::Float16 => {
                let a: Float32Array = widen(array.as_primitive::<Float16Type>(), |v| v.to_f32());
                Ok(Cells::F32(a))
            }
            ArrowType::Float32 => Ok(Cells::F32(array.as_primitive::<Float32Type>().clone())),
            ArrowType::Float64 => Ok(Cells::F64(array.as_primitive::<Float64Type>().clone())),
            ArrowType::Date32 => {
                let a = array.as_primitive::<Date32Type>();
                let to = |row, days| {
                    days_to_date(days).ok_or_else(|| {
                        bad(
                            row,
                            &format!("day {days}"),
                            "a date outside the years 1 to 9999",
                        )
                    })
                };
                Ok(Cells::I32(try_each(a, to)?))
            }
            ArrowType::Date64 => {
                let a = array.as_primitive::<Date64Type>();
                let to = |row, ms: i64| {
                    if ms % MILLIS_PER_DAY != 0 && !self.lossy {
                        return Err(bad(row, &ms, "a date with a time of day")
                            .hint("`lossy` (--lossy) drops it"));
                    }
                    i32::try_from(ms.div_euclid(MILLIS_PER_DAY))
                        .ok()
                        .and_then(days_to_date)
                        .ok_or_else(|| bad(row, &ms, "a date outside the years 1 to 9999"))
                };
                Ok(Cells::I32(try_each(a, to)?))
            }
            ArrowType::Timestamp(unit, _) => self.times(array, *unit, first_row).map(Cells::I64),
            ArrowType::Decimal128(_, scale) => {
                let divisor = 10f64.powi((*scale).into());
                let a = array.as_primitive::<Decimal128Type>();
                let a: Float64Array = widen(a, |v| v as f64 / divisor);
                Ok(Cells::F64(a))
            }
            other => match ByteCells::try_new(array) {
                Some(bytes) => Ok(Cells::Bytes(bytes)),
                None => Err(refused(&self.name, other)),
            },
        }
    }

    /// Instants in the unit of the file.
    fn times(&self, array: &ArrayRef, unit: ArrowUnit, first_row: u64) -> Result<Int64Array> {
        let raw = match unit {
            ArrowUnit::Second => array
                .as_primitive::<TimestampSecondType>()
                .reinterpret_cast(),
            ArrowUnit::Millisecond => array
                .as_primitive::<TimestampMillisecondType>()
                .reinterpret_cast(),
            ArrowUnit::Microsecond => array
                .as_primitive::<TimestampMicrosecondType>()
                .reinterpret_cast(),
            ArrowUnit::Nanosecond => array
                .as_primitive::<TimestampNanosecondType>()
                .reinterpret_cast(),
        };
        let (from, to) = (per_second(unit), per_second(self.unit.arrow()));
        if from == to {
            return Ok(raw);
        }
        let bad = |row: usize, v: i64, why: &str| {
            Error::new(
                ErrorKind::Value,
                "",
                format!("row {}: {why}", first_row + row as u64 + 1),
            )
            .measurement(&self.name)
            .got(format!("{v} {}", unit_name(unit)))
        };
        try_each(&raw, |row, v: i64| {
            if from < to {
                return v.checked_mul(to / from).ok_or_else(|| {
                    bad(
                        row,
                        v,
                        "the instant is out of range in the unit of the file",
                    )
                });
            }
            let divisor = from / to;
            if v % divisor != 0 && !self.lossy {
                return Err(bad(row, v, "the instant is finer than the unit of the file").hint(
                    "choose a finer time unit (--time-unit us or ns), or `lossy` (--lossy), which rounds down",
                ));
            }
            Ok(v.div_euclid(divisor))
        })
    }
}

/// The time column of a batch, as numbers in `unit`. A date is its midnight in UTC.
///
/// # Errors
/// It has another type than integers, timestamps or dates, or a null.
pub fn times(
    field: &Field,
    array: &ArrayRef,
    unit: TimeUnit,
    lossy: bool,
    first_row: u64,
) -> Result<Int64Array> {
    let wrong = || {
        Error::argument("the time column must be an integer, a timestamp or a date")
            .measurement(field.name())
            .got(field.data_type())
    };
    if field.data_type() == &ArrowType::Date32 {
        let midnights: PrimitiveArray<TimestampSecondType> =
            widen(array.as_primitive::<Date32Type>(), |days| {
                i64::from(days) * (MILLIS_PER_DAY / 1000)
            });
        let plain = Field::new(field.name(), midnights.data_type().clone(), true);
        let midnights: ArrayRef = std::sync::Arc::new(midnights);
        return times(&plain, &midnights, unit, lossy, first_row);
    }
    let plain = field.clone().with_metadata(Default::default());
    let intake = Intake::try_new(&plain, unit, lossy).map_err(|_| wrong())?;
    if !matches!(
        intake.data_type,
        DataType::Int32 | DataType::Int64 | DataType::Timestamp
    ) {
        return Err(wrong());
    }
    let times = match intake.cells(array, first_row)? {
        Cells::I64(a) => a,
        Cells::I32(a) => widen(&a, i64::from),
        _ => return Err(wrong()),
    };
    if let Some(nulls) = times.nulls().filter(|n| n.null_count() > 0) {
        let row = (0..nulls.len())
            .find(|row| nulls.is_null(*row))
            .unwrap_or(0);
        return Err(Error::new(
            ErrorKind::Value,
            "",
            format!("row {}: the time is null", first_row + row as u64 + 1),
        )
        .measurement(field.name()));
    }
    Ok(times)
}

fn data_type(field: &Field, lossy: bool) -> Result<DataType> {
    let arrow = match field.data_type() {
        ArrowType::Dictionary(_, values) => values.as_ref(),
        other => other,
    };
    Ok(match arrow {
        ArrowType::Boolean => DataType::Boolean,
        ArrowType::Int8
        | ArrowType::Int16
        | ArrowType::Int32
        | ArrowType::UInt8
        | ArrowType::UInt16 => DataType::Int32,
        ArrowType::Int64 | ArrowType::UInt32 | ArrowType::UInt64 => DataType::Int64,
        ArrowType::Float16 | ArrowType::Float32 => DataType::Float,
        ArrowType::Float64 => DataType::Double,
        ArrowType::Utf8 | ArrowType::LargeUtf8 | ArrowType::Utf8View => DataType::String,
        ArrowType::Binary
        | ArrowType::LargeBinary
        | ArrowType::BinaryView
        | ArrowType::FixedSizeBinary(_) => DataType::Blob,
        ArrowType::Date32 | ArrowType::Date64 => DataType::Date,
        ArrowType::Timestamp(_, _) => DataType::Timestamp,
        ArrowType::Decimal128(_, _) if lossy => DataType::Double,
        ArrowType::Decimal128(_, _) => {
            return Err(refused(field.name(), arrow).hint(
                "`lossy` (--lossy) makes it DOUBLE; cast it to Int64 or Float64 to be sure",
            ));
        }
        other => {
            return Err(refused(field.name(), other)
                .hint("leave the column out, or make it one of those that docs/writing.md lists"));
        }
    })
}

fn refused(name: &str, found: &ArrowType) -> Error {
    Error::new(
        ErrorKind::Unsupported,
        "",
        "the Arrow type of a column has no counterpart in a TsFile",
    )
    .measurement(name)
    .got(found)
}

fn widen<F: ArrowPrimitiveType, T: ArrowPrimitiveType>(
    array: &PrimitiveArray<F>,
    to: impl Fn(F::Native) -> T::Native,
) -> PrimitiveArray<T> {
    array.unary(to)
}

/// Converts what is there; null rows become zero and stay null.
fn try_each<F: ArrowPrimitiveType, T: ArrowPrimitiveType>(
    array: &PrimitiveArray<F>,
    to: impl Fn(usize, F::Native) -> Result<T::Native>,
) -> Result<PrimitiveArray<T>> {
    let mut out = Vec::with_capacity(array.len());
    for (row, v) in array.values().iter().enumerate() {
        out.push(if array.is_null(row) {
            T::Native::default()
        } else {
            to(row, *v)?
        });
    }
    Ok(PrimitiveArray::new(out.into(), array.nulls().cloned()))
}

fn per_second(unit: ArrowUnit) -> i64 {
    match unit {
        ArrowUnit::Second => 1,
        ArrowUnit::Millisecond => 1_000,
        ArrowUnit::Microsecond => 1_000_000,
        ArrowUnit::Nanosecond => 1_000_000_000,
    }
}

fn unit_name(unit: ArrowUnit) -> &'static str {
    match unit {
        ArrowUnit::Second => "s",
        ArrowUnit::Millisecond => "ms",
        ArrowUnit::Microsecond => "us",
        ArrowUnit::Nanosecond => "ns",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;

    fn intake(arrow: ArrowType, chosen: Option<&str>) -> Result<Intake> {
        let metadata = chosen.map(|c| (TYPE_KEY.to_string(), c.to_string()));
        let field = Field::new("c", arrow, true).with_metadata(metadata.into_iter().collect());
        Intake::try_new(&field, TimeUnit::Ms, false)
    }

    #[test]
    fn types_map_exactly_or_are_refused() {
        use DataType::*;
        for (arrow, chosen, expected) in [
            (ArrowType::UInt16, None, Int32),
            (ArrowType::UInt32, None, Int64),
            (ArrowType::LargeUtf8, None, String),
            (ArrowType::Utf8, Some("TEXT"), Text),
            (ArrowType::Binary, Some("TEXT"), Text),
            (ArrowType::Int32, Some("DATE"), Date),
            (ArrowType::Int64, Some("INT32"), Int64),
            (ArrowType::Date32, Some("INT32"), Date),
        ] {
            let found = intake(arrow.clone(), chosen).unwrap().data_type;
            assert_eq!(found, expected, "{arrow} {chosen:?}");
        }
        let e = intake(ArrowType::Decimal128(10, 2), None).unwrap_err();
        assert_eq!(
            e.to_string(),
            "the Arrow type of a column has no counterpart in a TsFile (measurement c); found Decimal128(10, 2); \
             `lossy` (--lossy) makes it DOUBLE; cast it to Int64 or Float64 to be sure"
        );
        assert!(intake(ArrowType::Null, None).is_err());
        assert!(intake(ArrowType::Binary, Some("OBJECT")).is_err());
    }

    #[test]
    fn values_that_do_not_fit_name_the_row() {
        let i = intake(ArrowType::UInt64, None).unwrap();
        let a: ArrayRef = Arc::new(arrow_array::UInt64Array::from(vec![1, u64::MAX]));
        let e = i.cells(&a, 10).unwrap_err();
        assert_eq!(
            e.to_string(),
            "row 12: the value is larger than INT64 holds (measurement c); found 18446744073709551615"
        );
        let i = intake(ArrowType::Timestamp(ArrowUnit::Microsecond, None), None).unwrap();
        let a: ArrayRef = Arc::new(arrow_array::TimestampMicrosecondArray::from(vec![-2000, 1]));
        let e = i.cells(&a, 0).unwrap_err().to_string();
        assert!(
            e.starts_with("row 2: the instant is finer than the unit of the file"),
            "{e}"
        );
        let a: ArrayRef = Arc::new(arrow_array::TimestampMicrosecondArray::from(vec![-2000]));
        let Cells::I64(a) = i.cells(&a, 0).unwrap() else {
            unreachable!()
        };
        assert_eq!(a.values(), &[-2]);
    }

    #[test]
    fn dates_become_what_files_store() {
        let i = intake(ArrowType::Date32, None).unwrap();
        let a: ArrayRef = Arc::new(arrow_array::Date32Array::from(vec![Some(19_753), None]));
        let Cells::I32(a) = i.cells(&a, 0).unwrap() else {
            unreachable!()
        };
        assert_eq!(a.iter().collect::<Vec<_>>(), [Some(20_240_131), None]);
        let a: ArrayRef = Arc::new(arrow_array::Date32Array::from(vec![-800_000]));
        assert!(i.cells(&a, 0).is_err());
    }

    #[test]
    fn a_null_time_is_an_error() {
        let field = Field::new("time", ArrowType::Int64, true);
        let a: ArrayRef = Arc::new(Int64Array::from(vec![Some(1), None]));
        let e = times(&field, &a, TimeUnit::Ms, false, 0).unwrap_err();
        assert_eq!(e.to_string(), "row 2: the time is null (measurement time)");
    }
}
