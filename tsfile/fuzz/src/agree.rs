//! Scans of one file agree: however large the batches are, with batches held or not, with all columns or some, in the forms narrow and
//! wide, and when one of these is made of the other.

use crate::visit::{Manner, NAME, Outcome};
use arrow_array::cast::AsArray;
use arrow_array::types::{
    Date32Type, Float32Type, Float64Type, Int32Type, Int64Type, TimestampMicrosecondType,
    TimestampMillisecondType, TimestampNanosecondType,
};
use arrow_array::{Array, RecordBatch};
use arrow_schema::{DataType, Schema, TimeUnit};
use std::collections::HashSet;
use std::collections::hash_map::DefaultHasher;
use std::hash::{Hash, Hasher};
use tsfile::form::convert::{Names, narrow_to_wide, wide_to_narrow};
use tsfile::io::MemorySource;
use tsfile::scan::{Form, ScanRequest, scan};
use tsfile::{ErrorKind, TsFileReader};

/// Files with more rows than this are left alone.
const MOST_ROWS: u64 = 5_000;
/// And those with more columns.
const MOST_COLUMNS: usize = 200;
/// A few rows in a batch.
const SMALL_BATCH_BYTES: usize = 100;

/// Everything that a scan gave.
#[derive(Debug, Default, PartialEq, Eq)]
struct Seen {
    rows: u64,
    /// Name of each column, and a digest of its cells in the order of rows.
    columns: Vec<(String, u64)>,
    /// Of path, time and value of each cell that is not null, in any order.
    points: u64,
}

/// Compares scans of `file`, which a visit found to be `outcome`.
///
/// # Errors
/// What disagrees.
pub fn scans(file: &[u8], manner: Manner, outcome: Outcome) -> Result<(), String> {
    if outcome.rows == 0 || outcome.rows > MOST_ROWS {
        return Ok(());
    }
    let options = manner.options().with_recover(true);
    let Ok(reader) = TsFileReader::new(MemorySource::new(file), NAME, options) else {
        return Ok(());
    };
    let Ok(index) = reader.index() else {
        return Ok(());
    };
    if index.series_count() > MOST_COLUMNS {
        return Ok(());
    }
    let request = manner.request(&reader);
    let large = request.clone().with_batch_bytes(1 << 20);
    let small = request.with_batch_bytes(SMALL_BATCH_BYTES);
    let mut forms = Vec::new();
    for form in [Form::Narrow, Form::Wide, Form::Table] {
        let one = read(&reader, large.clone().with_form(form), true);
        let other = read(&reader, small.clone().with_form(form), false);
        match (&one, &other) {
            (Ok((a, _)), Ok((b, _))) if a == b => {}
            (Err(_), Err(_)) => {}
            // What has to be decoded again for small batches counts again.
            (_, Err(e)) | (Err(e), _) if e.kind() == ErrorKind::Limit => {}
            _ => {
                let (one, other) = (one.map(|o| o.0), other.map(|o| o.0));
                return Err(format!(
                    "{form:?}: {one:?} in large batches, {other:?} in small ones"
                ));
            }
        }
        if let Ok((all, _)) = &one {
            selected(&reader, large.clone().with_form(form), all)?;
        }
        forms.push(one);
    }
    match &forms[..] {
        [Ok(narrow), Ok(wide), ..] if !ambiguous(&reader) => agree(narrow, wide),
        _ => Ok(()),
    }
}

/// A scan of every second column has the rows of a scan of all.
fn selected(reader: &TsFileReader, request: ScanRequest, all: &Seen) -> Result<(), String> {
    let names: Vec<String> = all.columns.iter().map(|c| c.0.clone()).collect();
    let unique = names.iter().collect::<HashSet<_>>().len() == names.len();
    let some: Vec<String> = names.into_iter().skip(2).step_by(2).collect();
    if !unique || some.is_empty() {
        return Ok(());
    }
    // In wide, a name can be a path, and the measurement of other series as well.
    let Ok((found, _)) = read(reader, request.with_columns(Some(some.clone())), false) else {
        return Ok(());
    };
    let same = found.rows == all.rows
        && some
            .iter()
            .all(|name| all.column(name) == found.column(name));
    if same {
        Ok(())
    } else {
        Err(format!("{some:?} alone: {found:?}; among all: {all:?}"))
    }
}

/// Narrow and wide rows have the same points, also when one is made of the other.
fn agree(
    (narrow, narrow_batches): &(Seen, Vec<RecordBatch>),
    (wide, wide_batches): &(Seen, Vec<RecordBatch>),
) -> Result<(), String> {
    if narrow.points != wide.points {
        return Err(format!("narrow and wide differ: {narrow:?}, {wide:?}"));
    }
    let names = Names::default();
    if let Ok(batches) = wide_to_narrow(wide_batches, &names) {
        let made = digest(&batches, Form::Narrow);
        if made.points != wide.points {
            return Err(format!("narrow rows made of wide ones: {made:?}, {wide:?}"));
        }
    }
    if let Ok(batches) = narrow_to_wide(narrow_batches, &names) {
        let made = digest(&batches, Form::Wide);
        if made.points != narrow.points {
            return Err(format!(
                "wide rows made of narrow ones: {made:?}, {narrow:?}"
            ));
        }
    }
    Ok(())
}

impl Seen {
    fn column(&self, name: &str) -> Option<u64> {
        let found = self.columns.iter().find(|c| c.0 == name);
        found.map(|c| c.1)
    }
}

/// Whether two devices are shown by one name, or two timeseries by one path: their points are told apart in one form alone.
fn ambiguous(reader: &TsFileReader) -> bool {
    let mut paths = Vec::new();
    for device in reader.index().into_iter().flat_map(|i| i.devices()) {
        paths.push(device.id().path());
    }
    let n = paths.len();
    paths.sort();
    paths.dedup();
    paths.len() < n
}

fn read(
    reader: &TsFileReader,
    request: ScanRequest,
    keep: bool,
) -> tsfile::Result<(Seen, Vec<RecordBatch>)> {
    let mut scan = scan(vec![reader.clone()], request)?;
    let form = scan.form();
    let mut digest = Digest::default();
    let mut batches = Vec::new();
    for batch in scan.by_ref() {
        let batch = batch?;
        digest.add(&batch, form);
        if keep {
            batches.push(batch);
        }
    }
    Ok((digest.seen(&scan.schema()), batches))
}

fn digest(batches: &[RecordBatch], form: Form) -> Seen {
    let mut digest = Digest::default();
    for batch in batches {
        digest.add(batch, form);
    }
    match batches.first() {
        Some(batch) => digest.seen(&batch.schema()),
        None => Seen::default(),
    }
}

#[derive(Default)]
struct Digest {
    rows: u64,
    columns: Vec<DefaultHasher>,
    points: u64,
}

impl Digest {
    fn add(&mut self, batch: &RecordBatch, form: Form) {
        self.rows += batch.num_rows() as u64;
        self.columns
            .resize_with(batch.num_columns(), DefaultHasher::new);
        for (hasher, column) in self.columns.iter_mut().zip(batch.columns()) {
            for row in 0..batch.num_rows() {
                cell(column, row).hash(hasher);
            }
        }
        if form != Form::Table {
            self.points = self.points.wrapping_add(points(batch, form));
        }
    }

    fn seen(mut self, schema: &Schema) -> Seen {
        let fields = schema.fields();
        // Without a batch, nothing was said about columns.
        self.columns.resize_with(fields.len(), DefaultHasher::new);
        let names = fields.iter().map(|f| f.name().clone());
        Seen {
            rows: self.rows,
            columns: names.zip(self.columns.iter().map(Hasher::finish)).collect(),
            points: self.points,
        }
    }
}

fn points(batch: &RecordBatch, form: Form) -> u64 {
    let mut sum = 0u64;
    let keys = if form == Form::Narrow { 2 } else { 1 };
    let schema = batch.schema();
    for (field, column) in schema.fields().iter().zip(batch.columns()).skip(keys) {
        for row in 0..batch.num_rows() {
            let Some(value) = cell(column, row) else {
                continue;
            };
            let mut hasher = DefaultHasher::new();
            match form {
                Form::Narrow => {
                    let device = batch.column(1).as_string::<i32>().value(row);
                    format!("{device}.{}", field.name()).hash(&mut hasher);
                }
                _ => field.name().hash(&mut hasher),
            }
            (cell(batch.column(0), row), value).hash(&mut hasher);
            sum = sum.wrapping_add(hasher.finish());
        }
    }
    sum
}

/// A value as it is in every type that its column could have been widened to.
#[derive(Debug, Hash)]
enum Cell {
    Bool(bool),
    /// Not a number widens to some other.
    NaN,
    /// Bits of a double.
    Number(u64),
    /// An integer that no double has exactly.
    Integer(i64),
    Bytes(Vec<u8>),
}

impl Cell {
    fn float(v: f64) -> Self {
        if v.is_nan() {
            Self::NaN
        } else {
            Self::Number(v.to_bits())
        }
    }

    fn integer(v: i64) -> Self {
        if v.unsigned_abs() < 1 << 53 {
            Self::Number((v as f64).to_bits())
        } else {
            Self::Integer(v)
        }
    }
}

fn cell(column: &dyn Array, row: usize) -> Option<Cell> {
    if column.is_null(row) {
        return None;
    }
    Some(match column.data_type() {
        DataType::Boolean => Cell::Bool(column.as_boolean().value(row)),
        DataType::Int32 => Cell::integer(column.as_primitive::<Int32Type>().value(row).into()),
        DataType::Date32 => Cell::integer(column.as_primitive::<Date32Type>().value(row).into()),
        DataType::Int64 => Cell::integer(column.as_primitive::<Int64Type>().value(row)),
        DataType::Timestamp(TimeUnit::Millisecond, _) => {
            Cell::integer(column.as_primitive::<TimestampMillisecondType>().value(row))
        }
        DataType::Timestamp(TimeUnit::Microsecond, _) => {
            Cell::integer(column.as_primitive::<TimestampMicrosecondType>().value(row))
        }
        DataType::Timestamp(TimeUnit::Nanosecond, _) => {
            Cell::integer(column.as_primitive::<TimestampNanosecondType>().value(row))
        }
        DataType::Float32 => Cell::float(column.as_primitive::<Float32Type>().value(row).into()),
        DataType::Float64 => Cell::float(column.as_primitive::<Float64Type>().value(row)),
        DataType::Utf8 => Cell::Bytes(column.as_string::<i32>().value(row).as_bytes().to_vec()),
        DataType::Binary => Cell::Bytes(column.as_binary::<i32>().value(row).to_vec()),
        other => panic!("a column of type {other}"),
    })
}
