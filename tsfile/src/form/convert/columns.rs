//! Input batches as checked columns, and columns gathered from them.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::{
    Float32Type, Float64Type, Int32Type, Int64Type, TimestampMicrosecondType,
    TimestampMillisecondType, TimestampNanosecondType, TimestampSecondType,
};
use arrow_array::{
    Array, ArrayRef, Int64Array, LargeStringArray, PrimitiveArray, RecordBatch, StringArray,
    StringViewArray, new_null_array,
};
use arrow_buffer::ScalarBuffer;
use arrow_schema::{ArrowError, DataType, Field, FieldRef, Schema, SchemaRef, TimeUnit};
use arrow_select::{interleave::interleave, take::take};

use super::Names;
use crate::{Error, ErrorKind, Result};

/// Names listed in an error before it says how many more there are.
const LISTED_NAMES: usize = 20;

/// One column of the input: an array per batch.
#[derive(Debug, Clone)]
pub(super) struct Column {
    /// Name and metadata, with the type of the unpacked arrays.
    pub field: FieldRef,
    /// One array per batch.
    pub arrays: Vec<ArrayRef>,
}

impl Column {
    pub(super) fn name(&self) -> &str {
        self.field.name()
    }
}

/// The batches of one call, taken apart.
pub(super) struct Input {
    /// The time column as it is in a result: not null.
    pub time_field: FieldRef,
    /// Times per batch.
    pub times: Vec<ScalarBuffer<i64>>,
    /// All other columns.
    pub columns: Vec<Column>,
}

impl Input {
    /// Checks what every conversion needs; `None` when there is no batch.
    pub(super) fn try_new(batches: &[RecordBatch], names: &Names) -> Result<Option<Self>> {
        let Some(first) = batches.first() else {
            return Ok(None);
        };
        let schema = first.schema();
        for (i, batch) in batches.iter().enumerate().skip(1) {
            same_columns(&schema, &batch.schema(), i)?;
        }
        unique(schema.fields().iter().map(|f| f.name().as_str()), |name| {
            Error::argument(format!("two columns are called `{name}`")).hint("rename one of them")
        })?;

        let mut columns = Vec::with_capacity(schema.fields().len());
        for (i, field) in schema.fields().iter().enumerate() {
            let arrays = batches
                .iter()
                .map(|b| unpack(b.column(i), field.name()))
                .collect::<Result<Vec<_>>>()?;
            let data_type = arrays
                .first()
                .map_or(field.data_type(), |a| a.data_type())
                .clone();
            let field = Arc::new(field.as_ref().clone().with_data_type(data_type));
            columns.push(Column { field, arrays });
        }
        let time = remove(&mut columns, "time", &names.time)?;
        let times = time
            .arrays
            .iter()
            .enumerate()
            .map(|(batch, a)| time_values(a, &names.time, batch))
            .collect::<Result<_>>()?;
        Ok(Some(Self {
            time_field: Arc::new(time.field.as_ref().clone().with_nullable(false)),
            times,
            columns,
        }))
    }

    /// Takes the text column `name` out of the columns; `role` says in an error what it is for.
    pub(super) fn take_text(&mut self, role: &str, name: &str) -> Result<TextColumn> {
        let column = remove(&mut self.columns, role, name).map_err(|e| {
            // The time column was taken out before.
            if name == self.time_field.name() {
                Error::argument(format!(
                    "`{name}` cannot be both the time and the {role} column"
                ))
            } else {
                e
            }
        })?;
        let texts = column
            .arrays
            .iter()
            .map(|a| Text::try_new(a, role, name))
            .collect::<Result<_>>()?;
        Ok(TextColumn {
            field: column.field,
            texts,
        })
    }
}

fn same_columns(first: &Schema, other: &Schema, batch: usize) -> Result<()> {
    let describe = |f: Option<&FieldRef>| match f {
        Some(f) => format!("`{}` {}", f.name(), f.data_type()),
        None => "no column".to_string(),
    };
    for i in 0..first.fields().len().max(other.fields().len()) {
        let (a, b) = (first.fields().get(i), other.fields().get(i));
        let same = matches!((a, b), (Some(a), Some(b)) if a.name() == b.name() && a.data_type() == b.data_type());
        if !same {
            return Err(Error::new(
                ErrorKind::Schema,
                "",
                format!("batches 0 and {batch} differ in column {i}"),
            )
            .expected(describe(a))
            .got(describe(b))
            .hint("give batches of one schema, or convert them one after the other"));
        }
    }
    Ok(())
}

/// The first name that comes a second time becomes an error.
fn unique<'a>(
    names: impl IntoIterator<Item = &'a str>,
    error: impl Fn(&str) -> Error,
) -> Result<()> {
    let mut seen = HashSet::new();
    for name in names {
        if !seen.insert(name) {
            return Err(error(name));
        }
    }
    Ok(())
}

/// Schema of a result; two columns of one name are an error.
pub(super) fn result_schema(fields: Vec<FieldRef>) -> Result<SchemaRef> {
    unique(fields.iter().map(|f| f.name().as_str()), |name| {
        Error::new(
            ErrorKind::Schema,
            "",
            format!("two columns of the result would be called `{name}`"),
        )
        .hint("rename the measurement, or choose other names for the time, device or tag columns")
    })?;
    Ok(Arc::new(Schema::new(fields)))
}

fn remove(columns: &mut Vec<Column>, role: &str, name: &str) -> Result<Column> {
    match columns.iter().position(|c| c.name() == name) {
        Some(i) => Ok(columns.remove(i)),
        None => {
            let names: Vec<_> = columns.iter().map(|c| c.name().to_string()).collect();
            Err(Error::argument(format!(
                "there is no {role} column `{name}`; the other columns are {}",
                list(&names, LISTED_NAMES)
            )))
        }
    }
}

/// The first `most` names and how many more there are.
pub(super) fn list(names: &[String], most: usize) -> String {
    let mut text = names
        .iter()
        .take(most)
        .map(|n| format!("`{n}`"))
        .collect::<Vec<_>>()
        .join(", ");
    if names.len() > most {
        text.push_str(&format!(" and {} more", names.len() - most));
    }
    if text.is_empty() {
        text.push_str("none");
    }
    text
}

/// Dictionaries become plain arrays, so that columns with different dictionaries can be mixed.
fn unpack(array: &ArrayRef, name: &str) -> Result<ArrayRef> {
    let plain = match array.data_type() {
        DataType::Dictionary(_, values) => values.as_ref(),
        t => t,
    };
    // Before any kernel sees them: not every kernel knows all of these.
    if plain.is_nested()
        || matches!(
            plain,
            DataType::Dictionary(..) | DataType::RunEndEncoded(..)
        )
    {
        return Err(Error::unsupported(
            "",
            format!(
                "column `{name}` has the type {}, which no TsFile holds",
                array.data_type()
            ),
        )
        .hint("leave the column out, or cast it first"));
    }
    match array.as_any_dictionary_opt() {
        Some(d) => take(d.values().as_ref(), d.keys(), None).map_err(arrow),
        None => Ok(Arc::clone(array)),
    }
}

/// An Arrow kernel refused; what can happen here is text or bytes beyond 2 GiB in one batch.
pub(super) fn arrow(e: ArrowError) -> Error {
    match e {
        ArrowError::OffsetOverflowError(_) => Error::new(
            ErrorKind::Limit,
            "",
            "a batch of the result would hold more than 2 GiB of text or bytes in one column",
        )
        .hint("use the type LargeUtf8 or LargeBinary, or convert fewer rows at a time"),
        e => Error::unsupported("", e.to_string()),
    }
}

fn time_values(array: &ArrayRef, name: &str, batch: usize) -> Result<ScalarBuffer<i64>> {
    if let Some(nulls) = array.nulls().filter(|n| n.null_count() > 0) {
        let row = nulls.iter().position(|valid| !valid).unwrap_or(0);
        return Err(Error::new(
            ErrorKind::Value,
            "",
            format!("the time column `{name}` is null in row {row} of batch {batch}"),
        )
        .hint("drop the rows without a time first"));
    }
    let values = match array.data_type() {
        DataType::Int64 => array
            .as_primitive_opt::<Int64Type>()
            .map(|a| a.values().clone()),
        DataType::Timestamp(unit, _) => match unit {
            TimeUnit::Second => array
                .as_primitive_opt::<TimestampSecondType>()
                .map(|a| a.values().clone()),
            TimeUnit::Millisecond => array
                .as_primitive_opt::<TimestampMillisecondType>()
                .map(|a| a.values().clone()),
            TimeUnit::Microsecond => array
                .as_primitive_opt::<TimestampMicrosecondType>()
                .map(|a| a.values().clone()),
            TimeUnit::Nanosecond => array
                .as_primitive_opt::<TimestampNanosecondType>()
                .map(|a| a.values().clone()),
        },
        _ => None,
    };
    values.ok_or_else(|| {
        Error::argument(format!("the time column `{name}` has the wrong type"))
            .expected("Int64 or Timestamp")
            .got(array.data_type())
    })
}

/// Times as an array of the type of the time column, which `time_values` has accepted.
pub(super) fn time_array(values: Vec<i64>, data_type: &DataType) -> ArrayRef {
    let zone = match data_type {
        DataType::Timestamp(_, zone) => zone.clone(),
        _ => None,
    };
    let values = ScalarBuffer::from(values);
    match data_type {
        DataType::Timestamp(TimeUnit::Second, _) => Arc::new(
            PrimitiveArray::<TimestampSecondType>::new(values, None).with_timezone_opt(zone),
        ),
        DataType::Timestamp(TimeUnit::Millisecond, _) => Arc::new(
            PrimitiveArray::<TimestampMillisecondType>::new(values, None).with_timezone_opt(zone),
        ),
        DataType::Timestamp(TimeUnit::Microsecond, _) => Arc::new(
            PrimitiveArray::<TimestampMicrosecondType>::new(values, None).with_timezone_opt(zone),
        ),
        DataType::Timestamp(TimeUnit::Nanosecond, _) => Arc::new(
            PrimitiveArray::<TimestampNanosecondType>::new(values, None).with_timezone_opt(zone),
        ),
        _ => Arc::new(Int64Array::new(values, None)),
    }
}

/// A text column taken out of the input.
pub(super) struct TextColumn {
    pub field: FieldRef,
    pub texts: Vec<Text>,
}

/// Text of any Arrow layout; a column of type Null is all null.
pub(super) enum Text {
    Null,
    Utf8(StringArray),
    Large(LargeStringArray),
    View(StringViewArray),
}

impl Text {
    fn try_new(array: &ArrayRef, role: &str, name: &str) -> Result<Self> {
        if array.data_type() == &DataType::Null {
            Ok(Self::Null)
        } else if let Some(a) = array.as_string_opt::<i32>() {
            Ok(Self::Utf8(a.clone()))
        } else if let Some(a) = array.as_string_opt::<i64>() {
            Ok(Self::Large(a.clone()))
        } else if let Some(a) = array.as_string_view_opt() {
            Ok(Self::View(a.clone()))
        } else {
            Err(
                Error::argument(format!("the {role} column `{name}` has the wrong type"))
                    .expected("text")
                    .got(array.data_type()),
            )
        }
    }

    /// The text of a row of the batch; `None` is null.
    pub(super) fn get(&self, row: usize) -> Option<&str> {
        match self {
            Self::Null => None,
            Self::Utf8(a) => a.is_valid(row).then(|| a.value(row)),
            Self::Large(a) => a.is_valid(row).then(|| a.value(row)),
            Self::View(a) => a.is_valid(row).then(|| a.value(row)),
        }
    }
}

/// The type that holds the values of both exactly, if there is one.
pub(super) fn common_type(a: &DataType, b: &DataType) -> Option<DataType> {
    use DataType::{Float32, Float64, Int32, Int64, Null};
    match (a, b) {
        (a, b) if a == b => Some(a.clone()),
        (Null, t) | (t, Null) => Some(t.clone()),
        (Int32, Int64) | (Int64, Int32) => Some(Int64),
        (Int32 | Float32 | Float64, Int32 | Float32 | Float64) => Some(Float64),
        _ => None,
    }
}

/// The array with the type that `common_type` chose.
pub(super) fn widen(array: &ArrayRef, to: &DataType) -> ArrayRef {
    let wide: Option<ArrayRef> = match (array.data_type(), to) {
        (DataType::Null, _) => Some(new_null_array(to, array.len())),
        (DataType::Int32, DataType::Int64) => array
            .as_primitive_opt::<Int32Type>()
            .map(|a| Arc::new(a.unary::<_, Int64Type>(i64::from)) as ArrayRef),
        (DataType::Int32, DataType::Float64) => array
            .as_primitive_opt::<Int32Type>()
            .map(|a| Arc::new(a.unary::<_, Float64Type>(f64::from)) as ArrayRef),
        (DataType::Float32, DataType::Float64) => array
            .as_primitive_opt::<Float32Type>()
            .map(|a| Arc::new(a.unary::<_, Float64Type>(f64::from)) as ArrayRef),
        _ => None,
    };
    wide.unwrap_or_else(|| Arc::clone(array))
}

/// The field of a result column: nullable, with the metadata entries that all its sources share.
pub(super) fn result_field(name: &str, data_type: &DataType, sources: &[&FieldRef]) -> FieldRef {
    let mut metadata = sources
        .first()
        .map(|f| f.metadata().clone())
        .unwrap_or_default();
    for other in sources.iter().skip(1) {
        metadata.retain(|k, v| other.metadata().get(k) == Some(v));
    }
    Arc::new(Field::new(name, data_type.clone(), true).with_metadata(metadata))
}

/// Renumbers the first parts of `rows` to 0, 1, ... in order of appearance; returns what they were.
///
/// Keeps the cost of `gather` to the arrays that a batch really comes from.
pub(super) fn compact(rows: &mut [(usize, usize)]) -> Vec<usize> {
    let mut used = Vec::new();
    let mut numbers = HashMap::new();
    let mut last = None;
    for (source, _) in rows {
        let number = match last {
            Some((s, n)) if s == *source => n,
            _ => *numbers.entry(*source).or_insert_with(|| {
                used.push(*source);
                used.len() - 1
            }),
        };
        last = Some((*source, number));
        *source = number;
    }
    used
}

/// One value per entry of `rows`: (source, row in it). A source that is `None` reads as null.
pub(super) fn gather(
    data_type: &DataType,
    sources: &[Option<&ArrayRef>],
    rows: &[(usize, usize)],
) -> Result<ArrayRef> {
    if sources.iter().all(Option::is_none) || data_type == &DataType::Null {
        return Ok(new_null_array(data_type, rows.len()));
    }
    if let ([Some(only)], Some(&(_, first))) = (sources, rows.first()) {
        if rows
            .iter()
            .enumerate()
            .all(|(i, &(_, row))| row == first + i)
        {
            return Ok(only.slice(first, rows.len()));
        }
    }
    if sources.iter().all(Option::is_some) {
        let arrays: Vec<&dyn Array> = sources.iter().flatten().map(|a| a.as_ref()).collect();
        return interleave(&arrays, rows).map_err(arrow);
    }
    let null = new_null_array(data_type, 1);
    let mut arrays: Vec<&dyn Array> = vec![null.as_ref()];
    let slots: Vec<Option<usize>> = sources
        .iter()
        .map(|source| {
            source.map(|a| {
                arrays.push(a.as_ref());
                arrays.len() - 1
            })
        })
        .collect();
    let rows: Vec<_> = rows
        .iter()
        .map(|&(source, row)| slots[source].map_or((0, 0), |slot| (slot, row)))
        .collect();
    interleave(&arrays, &rows).map_err(arrow)
}
