//! All rows of a file in one form, as values: what every question about the file is answered from.

use crate::written::random::Random;
use arrow_array::cast::AsArray;
use arrow_array::types::{
    Date32Type, Float32Type, Float64Type, Int32Type, Int64Type, TimestampMicrosecondType,
    TimestampMillisecondType, TimestampNanosecondType,
};
use arrow_array::{Array, RecordBatch};
use arrow_schema::{DataType as ArrowType, TimeUnit as ArrowUnit};
use tsfile::filter;
use tsfile::model::Model;
use tsfile::scan::{DateMode, Form, ScanRequest, TextMode, TimeAs, TimeUnit, scan};
use tsfile::{ErrorKind, TsFileReader};

/// A value as comparisons see it.
#[derive(Debug, Clone, PartialEq)]
pub enum Datum {
    Boolean(bool),
    Integer(i64),
    Float(f64),
    /// Days since 1970.
    Date(i32),
    /// Steps of the unit of the scan.
    Instant(i64),
    Text(String),
    Bytes(Vec<u8>),
}

/// What a column holds; a column of nulls holds something too.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Boolean,
    Integer,
    Float,
    Date,
    Instant,
    Text,
    Bytes,
}

/// A column of a view.
#[derive(Debug)]
pub struct Column {
    pub name: String,
    pub kind: Kind,
    /// Time, device or tag: what no projection leaves out in the forms narrow and wide.
    pub key: bool,
    /// Null in every row; nothing to compare with.
    pub empty: bool,
    /// Of 32 bits, for neighbours of its values.
    pub narrow: bool,
    pub values: Vec<Option<Datum>>,
}

/// The full scan of a file in one form.
pub struct View {
    /// Everything of one form, with the options that say how values are shown.
    pub request: ScanRequest,
    pub form: Form,
    /// Form and options, for a person who looks for a fault.
    pub line: String,
    /// Nanoseconds of a step of time.
    pub step: i64,
    pub batch: RecordBatch,
    pub columns: Vec<Column>,
}

impl Column {
    /// As the library's predicates are told of it.
    pub fn of_filter(&self, step_nanos: i64) -> filter::Column {
        filter::Column {
            name: self.name.clone(),
            kind: match self.kind {
                Kind::Boolean => filter::Kind::Boolean,
                Kind::Integer => filter::Kind::Integer,
                Kind::Float if self.narrow => filter::Kind::Float,
                Kind::Float => filter::Kind::Double,
                Kind::Date => filter::Kind::Date,
                Kind::Instant => filter::Kind::Instant { step_nanos },
                Kind::Text => filter::Kind::Text,
                Kind::Bytes => filter::Kind::Bytes,
            },
        }
    }
}

impl View {
    pub fn rows(&self) -> usize {
        self.batch.num_rows()
    }

    /// Columns that can be named: a name that two columns have says nothing.
    pub fn named(&self) -> impl Iterator<Item = &Column> {
        self.columns
            .iter()
            .filter(|c| self.column(&c.name).is_some())
    }

    /// The column of that name, else the only one whose name differs by case alone.
    pub fn column(&self, name: &str) -> Option<&Column> {
        let only = |same: &dyn Fn(&str) -> bool| {
            let mut found = self.columns.iter().filter(|c| same(&c.name));
            (found.next(), found.next())
        };
        match only(&|n| n == name) {
            (Some(column), None) => Some(column),
            (None, _) => match only(&|n| n.to_lowercase() == name.to_lowercase()) {
                (Some(column), None) => Some(column),
                _ => None,
            },
            _ => None,
        }
    }
}

/// Views of a file in every form that it has, with options that chance decides.
pub fn views(reader: &TsFileReader, r: &mut Random) -> Vec<View> {
    let unit = r.pick(&[TimeUnit::Ms, TimeUnit::Ms, TimeUnit::Us, TimeUnit::Ns]);
    let time = r.pick(&[TimeAs::Raw, TimeAs::Raw, TimeAs::Timestamp]);
    let dates = if r.chance(20) {
        DateMode::Int
    } else {
        DateMode::Error
    };
    let text = if r.chance(15) {
        TextMode::Binary
    } else {
        TextMode::Utf8
    };
    let renamed = r.chance(10);
    let mut forms = Vec::new();
    let index = reader.index().unwrap();
    let mut devices = index.devices();
    // A file without a device has no rows in either.
    if reader.tables().next().is_none() || devices.any(|d| reader.model_of(d.id()) == Model::Tree) {
        forms.extend([(Form::Narrow, None), (Form::Wide, None)]);
    }
    let tables = reader.tables().map(|t| (Form::Table, Some(t.name.clone())));
    forms.extend(tables);
    let mut out = Vec::new();
    for (form, table) in forms {
        // Dates or text that are none are shown as what they are.
        for (dates, text) in [(dates, text), (DateMode::Int, TextMode::Binary)] {
            let mut request = ScanRequest::new()
                .with_form(form)
                .with_table(table.as_deref())
                .with_time_unit(unit)
                .with_time(time)
                .with_dates(dates)
                .with_text(text);
            if renamed {
                request = request.with_time_column("T i").with_device_column("of");
            }
            let shown = format!("{form:?} {table:?}, {unit:?}, time {time:?}, {dates:?}, {text:?}");
            match full_scan(reader, request.clone()) {
                Ok(batch) => out.push(view(request, form, shown, unit, batch)),
                Err(e) if e.kind() == ErrorKind::Value => continue,
                // Types of devices that no type holds: the form wide has to do.
                Err(e) if e.kind() == ErrorKind::Schema && form == Form::Narrow => {}
                Err(e) => panic!("{}: {shown}: {e}", reader.name()),
            }
            break;
        }
    }
    out
}

fn full_scan(reader: &TsFileReader, request: ScanRequest) -> tsfile::Result<RecordBatch> {
    let scan = scan(vec![reader.clone()], request)?;
    let schema = scan.schema();
    let batches = scan.collect::<tsfile::Result<Vec<_>>>()?;
    Ok(arrow_select::concat::concat_batches(&schema, &batches).unwrap())
}

fn view(
    request: ScanRequest,
    form: Form,
    line: String,
    unit: TimeUnit,
    batch: RecordBatch,
) -> View {
    let step = match unit {
        TimeUnit::Ms => 1_000_000,
        TimeUnit::Us => 1_000,
        TimeUnit::Ns => 1,
    };
    let schema = batch.schema();
    let fields = schema.fields().iter().zip(batch.columns());
    let columns = fields
        .enumerate()
        .map(|(i, (field, array))| {
            let mut kind = kind(field.data_type());
            let mut values = values(array);
            if i == 0 && kind == Kind::Integer {
                // The time column is one of instants, however it is shown.
                kind = Kind::Instant;
                for v in &mut values {
                    if let Some(Datum::Integer(t)) = *v {
                        *v = Some(Datum::Instant(t));
                    }
                }
            }
            let category = field.metadata().get("tsfile.category");
            Column {
                name: field.name().clone(),
                kind,
                key: i == 0 || category.is_some_and(|c| c == "TAG"),
                empty: values.iter().all(Option::is_none),
                narrow: matches!(field.data_type(), ArrowType::Int32 | ArrowType::Float32),
                values,
            }
        })
        .collect();
    View {
        request,
        form,
        line,
        step,
        batch,
        columns,
    }
}

fn kind(data_type: &ArrowType) -> Kind {
    match data_type {
        ArrowType::Boolean => Kind::Boolean,
        ArrowType::Int32 | ArrowType::Int64 => Kind::Integer,
        ArrowType::Float32 | ArrowType::Float64 => Kind::Float,
        ArrowType::Date32 => Kind::Date,
        ArrowType::Timestamp(_, _) => Kind::Instant,
        ArrowType::Utf8 => Kind::Text,
        ArrowType::Binary => Kind::Bytes,
        other => panic!("unexpected type {other}"),
    }
}

/// The values of an array.
pub fn values(array: &dyn Array) -> Vec<Option<Datum>> {
    macro_rules! of {
        ($t:ty, $f:expr) => {
            array
                .as_primitive::<$t>()
                .iter()
                .map(|v| v.map($f))
                .collect()
        };
    }
    match array.data_type() {
        ArrowType::Boolean => {
            let all = array.as_boolean().iter();
            all.map(|v| v.map(Datum::Boolean)).collect()
        }
        ArrowType::Int32 => of!(Int32Type, |v| Datum::Integer(v.into())),
        ArrowType::Int64 => of!(Int64Type, Datum::Integer),
        ArrowType::Float32 => of!(Float32Type, |v| Datum::Float(v.into())),
        ArrowType::Float64 => of!(Float64Type, Datum::Float),
        ArrowType::Date32 => of!(Date32Type, Datum::Date),
        ArrowType::Timestamp(unit, _) => match unit {
            ArrowUnit::Microsecond => of!(TimestampMicrosecondType, Datum::Instant),
            ArrowUnit::Nanosecond => of!(TimestampNanosecondType, Datum::Instant),
            _ => of!(TimestampMillisecondType, Datum::Instant),
        },
        ArrowType::Utf8 => {
            let all = array.as_string::<i32>().iter();
            all.map(|v| v.map(|s| Datum::Text(s.to_string()))).collect()
        }
        ArrowType::Binary => {
            let all = array.as_binary::<i32>().iter();
            all.map(|v| v.map(|s| Datum::Bytes(s.to_vec()))).collect()
        }
        other => panic!("unexpected type {other}"),
    }
}

/// The time of every row.
pub fn times(view: &View) -> Vec<i64> {
    let times = view.columns[0].values.iter();
    times
        .map(|v| match v {
            Some(Datum::Instant(t)) => *t,
            other => panic!("{other:?} is no time"),
        })
        .collect()
}
