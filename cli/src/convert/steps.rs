//! The steps between a source and a sink that do not depend on the row form: choose columns, choose times, show the
//! time column as numbers or instants.

use std::sync::Arc;

use arrow_array::cast::AsArray as _;
use arrow_array::types::Int64Type;
use arrow_array::{ArrayRef, BooleanArray, RecordBatch, RecordBatchOptions};
use arrow_cast::cast;
use arrow_schema::{ArrowError, DataType, Field, Schema, SchemaRef};
use arrow_select::filter::filter_record_batch;

use crate::args::{Time, TimeUnit};
use crate::cmd::convert::Args;
use crate::convert::source::Source;
use crate::exit::{Blame as _, Failure, Outcome};

/// The name of the time column.
pub const TIME: &str = "time";
/// The name of the device column of the narrow form.
pub const DEVICE_NAME: &str = "device_name";
/// The zone of every instant that is written.
const UTC: &str = "UTC";

/// What the columns are called that say when and where.
#[derive(Debug, Clone)]
pub struct Keys {
    /// The time column.
    pub time: String,
    /// The device column of the narrow form.
    pub device: String,
}

impl Keys {
    /// By `--time-column` and `--device-column`; else the time column by what files that came from TsFiles say of it, and
    /// both by their usual names.
    pub fn of(schema: &Schema, args: &Args) -> Self {
        let recorded = || {
            let is_time = |f: &&Arc<Field>| {
                f.metadata()
                    .get("tsfile.category")
                    .is_some_and(|c| c == "TIME")
            };
            schema
                .fields()
                .iter()
                .find(is_time)
                .map(|f| f.name().clone())
        };
        Self {
            time: args
                .time_column
                .clone()
                .or_else(recorded)
                .unwrap_or_else(|| TIME.to_owned()),
            device: args
                .device_column
                .clone()
                .unwrap_or_else(|| DEVICE_NAME.to_owned()),
        }
    }
}

/// Keeps the key columns (`keys` and `tags`) and those that are named. A column of the wide form goes by its
/// whole name or by its measurement, the part behind the last dot.
///
/// # Errors
///
/// When there is no column of a name.
pub fn select(source: Source, names: &[String], keys: &Keys, tags: &[String]) -> Outcome<Source> {
    if names.is_empty() {
        return Ok(source);
    }
    let fields = source.schema.fields();
    let is_meant = |column: &str, name: &str| {
        column == name
            || column
                .strip_suffix(name)
                .is_some_and(|device| device.ends_with('.'))
    };
    if let Some(missing) = names
        .iter()
        .find(|n| !fields.iter().any(|f| is_meant(f.name(), n)))
    {
        let known: Vec<_> = fields.iter().map(|f| f.name().as_str()).collect();
        return Err(Failure::usage(format!(
            "no column is called {missing}; there are {}",
            shortened(&known)
        )));
    }
    let kept: Vec<usize> = (0..fields.len())
        .filter(|&i| {
            let name = fields[i].name();
            *name == keys.time
                || *name == keys.device
                || tags.contains(name)
                || names.iter().any(|n| is_meant(name, n))
        })
        .collect();
    let schema = Arc::new(
        source
            .schema
            .project(&kept)
            .output("cannot choose columns")?,
    );
    let sorted_by = source
        .sorted_by
        .iter()
        .map_while(|column| kept.iter().position(|k| k == column))
        .collect();
    Ok(source.map(schema, sorted_by, move |batch| {
        batch.project(&kept).output("cannot choose columns")
    }))
}

/// The first few names, and how many more there are.
pub fn shortened(names: &[&str]) -> String {
    const SHOWN: usize = 20;
    let mut text = names
        .iter()
        .take(SHOWN)
        .copied()
        .collect::<Vec<_>>()
        .join(", ");
    if names.len() > SHOWN {
        text.push_str(&format!(" and {} more", names.len() - SHOWN));
    }
    text
}

/// Keeps rows whose time lies in the inclusive range.
///
/// # Errors
///
/// When there is no time column.
pub fn within(source: Source, time: &str, (start, end): (i64, i64)) -> Outcome<Source> {
    let column = time_column(&source.schema, time).ok_or_else(|| {
        Failure::usage(format!(
            "--start and --end need a column `{time}` of numbers or timestamps; --time-column names another"
        ))
    })?;
    let (schema, sorted_by) = (SchemaRef::clone(&source.schema), source.sorted_by.clone());
    Ok(source.map(schema, sorted_by, move |batch| {
        let kept = in_range(batch.column(column), start, end).output("cannot compare times")?;
        filter_record_batch(&batch, &kept).output("cannot drop rows")
    }))
}

fn in_range(times: &ArrayRef, start: i64, end: i64) -> Result<BooleanArray, ArrowError> {
    let times = cast(times, &DataType::Int64)?;
    let times = times.as_primitive::<Int64Type>();
    Ok(BooleanArray::from_unary(times, |t| {
        (start..=end).contains(&t)
    }))
}

/// Says of these columns of integers that they count time.
pub fn counted(source: Source, names: &[String]) -> Source {
    if names.is_empty() {
        return source;
    }
    let fields: Vec<_> = source
        .schema
        .fields()
        .iter()
        .map(|f| {
            let says_so = [("tsfile.type".to_owned(), "TIMESTAMP".to_owned())];
            if names.contains(f.name()) {
                Arc::new(f.as_ref().clone().with_metadata(says_so.into()))
            } else {
                Arc::clone(f)
            }
        })
        .collect();
    let schema = Arc::new(Schema::new(fields));
    let (told, sorted_by) = (SchemaRef::clone(&schema), source.sorted_by.clone());
    source.map(schema, sorted_by, move |batch| {
        batch
            .with_schema(SchemaRef::clone(&told))
            .output("cannot tell what columns count")
    })
}

/// Shows the time column, which is called `name`, as `time`; numbers are taken to count `unit`.
///
/// # Errors
///
/// When it cannot be shown so.
pub fn show_time(source: Source, name: &str, time: Time, unit: TimeUnit) -> Outcome<Source> {
    let Some(column) = time_column(&source.schema, name) else {
        return Ok(source);
    };
    let from = source.schema.field(column);
    let to = match (time, from.data_type()) {
        (Time::Raw, DataType::Timestamp(_, _)) => DataType::Int64,
        (Time::Timestamp, DataType::Int64) => DataType::Timestamp(unit.arrow(), Some(UTC.into())),
        _ => return Ok(source),
    };
    let field = Field::new(from.name(), to.clone(), from.is_nullable())
        .with_metadata(from.metadata().clone());
    let fields: Vec<_> = source
        .schema
        .fields()
        .iter()
        .enumerate()
        .map(|(i, f)| {
            if i == column {
                Arc::new(field.clone())
            } else {
                Arc::clone(f)
            }
        })
        .collect();
    let schema = Arc::new(Schema::new_with_metadata(
        fields,
        source.schema.metadata().clone(),
    ));
    let (shown, sorted_by) = (SchemaRef::clone(&schema), source.sorted_by.clone());
    Ok(source.map(schema, sorted_by, move |batch| {
        let options = RecordBatchOptions::new().with_row_count(Some(batch.num_rows()));
        let (_, mut columns, _) = batch.into_parts();
        if let Some(times) = columns.get_mut(column) {
            *times = cast(times, &to).output("cannot show times")?;
        }
        RecordBatch::try_new_with_options(SchemaRef::clone(&shown), columns, &options)
            .output("cannot show times")
    }))
}

/// Position of the time column, when the type of the column of that name can be one.
pub fn time_column(schema: &Schema, name: &str) -> Option<usize> {
    let (position, field) = schema.column_with_name(name)?;
    matches!(
        field.data_type(),
        DataType::Int64 | DataType::Timestamp(_, _)
    )
    .then_some(position)
}

#[cfg(test)]
mod tests {
    use arrow_array::{Int64Array, StringArray};

    use super::*;

    fn source() -> Source {
        let batch = RecordBatch::try_from_iter([
            (
                "time",
                Arc::new(Int64Array::from(vec![-5, 0, 7])) as ArrayRef,
            ),
            ("a", Arc::new(StringArray::from(vec!["x", "y", "z"]))),
            ("b", Arc::new(Int64Array::from(vec![1, 2, 3]))),
        ])
        .unwrap();
        Source {
            schema: batch.schema(),
            batches: Box::new(std::iter::once(Ok(batch))),
            total_rows: Some(3),
            sorted_by: vec![0],
        }
    }

    fn keys() -> Keys {
        Keys {
            time: TIME.to_owned(),
            device: DEVICE_NAME.to_owned(),
        }
    }

    fn only(mut source: Source) -> RecordBatch {
        let schema = SchemaRef::clone(&source.schema);
        let batch = source.batches.next().unwrap().unwrap();
        assert_eq!(batch.schema(), schema);
        batch
    }

    #[test]
    fn selecting_keeps_time_and_refuses_unknown_names() {
        let batch = only(select(source(), &["b".to_owned()], &keys(), &[]).unwrap());
        assert_eq!(batch.num_columns(), 2);
        let failure = select(source(), &["c".to_owned()], &keys(), &["a".to_owned()])
            .err()
            .unwrap();
        assert_eq!(
            failure.to_string(),
            "no column is called c; there are time, a, b"
        );
    }

    #[test]
    fn range_is_inclusive() {
        assert_eq!(only(within(source(), TIME, (-5, 0)).unwrap()).num_rows(), 2);
        assert_eq!(
            only(within(source(), TIME, (8, i64::MAX)).unwrap()).num_rows(),
            0
        );
    }

    #[test]
    fn time_goes_there_and_back() {
        let instants = show_time(source(), TIME, Time::Timestamp, TimeUnit::Us).unwrap();
        let expected = DataType::Timestamp(arrow_schema::TimeUnit::Microsecond, Some(UTC.into()));
        assert_eq!(instants.schema.field(0).data_type(), &expected);
        let batch = only(show_time(instants, TIME, Time::Raw, TimeUnit::Us).unwrap());
        assert_eq!(batch, only(source()));
    }
}
