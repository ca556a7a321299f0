//! The predicate of a scan: its columns, whether they are shown or not, and what is left of it for each device.

use super::columns::{Columns, Slot, ValueColumn};
use super::devices::FileDevices;
use super::request::ScanRequest;
use crate::arrow::{DateMode, TextMode, TimeUnit};
use crate::filter::{Column, Constant, Expr, Kind, Predicate, Ranges, normalize_in};
use crate::model::{DataType, DeviceId, Form};
use crate::read::TsFileReader;
use crate::read::select::{TestColumn, TestPlace};
use crate::{Error, ErrorKind, Result};
use std::sync::Arc;

/// An expression bound to the columns of a scan.
#[derive(Debug)]
pub(super) struct Filter {
    /// As it was asked.
    pub(super) expr: Expr,
    /// The columns that it names.
    pub(super) columns: Vec<Column>,
    /// Where each of them is.
    pub(super) places: Vec<Place>,
    pub(super) predicate: Predicate,
}

/// Where a column of a predicate is in a scan.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    Time,
    /// The path of the device.
    Device,
    /// The tag with this number.
    Tag(usize),
    /// The value column with this number.
    Value(usize),
}

impl Place {
    /// Whether it is the same in all rows of a device.
    pub(super) fn is_key(self) -> bool {
        matches!(self, Self::Device | Self::Tag(_))
    }

    /// What is there, called `name`, as a comparison sees it.
    pub(super) fn column(
        self,
        name: String,
        request: &ScanRequest,
        values: &[ValueColumn],
    ) -> Result<Column> {
        let kind = match self {
            Self::Time => instant(request.unit),
            Self::Device | Self::Tag(_) => Kind::Text,
            Self::Value(i) => match values.get(i) {
                Some(value) => kind_of(value.data_type, request),
                None => return Err(Error::argument("a column without a value")),
            },
        };
        Ok(Column { name, kind })
    }
}

impl Filter {
    /// Binds `expr` to the columns of a scan: those that are shown, `columns`, and others, which are appended to `values`.
    pub(super) fn bind(
        expr: Expr,
        readers: &[TsFileReader],
        devices: &[FileDevices],
        request: &ScanRequest,
        columns: &Columns,
        values: &mut Vec<ValueColumn>,
    ) -> Result<Self> {
        let mut names: Vec<&str> = Vec::new();
        each_column(&expr, &mut |name| {
            if !names.contains(&name) {
                names.push(name);
            }
        });
        let mut bound: Vec<(Column, Place)> = Vec::new();
        for name in names {
            let place = place(name, readers, devices, request, columns, values)?;
            bound.push((place.column(name.to_string(), request, values)?, place));
        }
        let (columns, places): (Vec<_>, Vec<_>) = bound.into_iter().unzip();
        Ok(Self {
            predicate: normalize_in(&expr, &columns, request.zone)?,
            expr,
            columns,
            places,
        })
    }

    /// Number of the time column, or one that no column has.
    pub(super) fn time(&self) -> usize {
        let time = self.places.iter().position(|p| *p == Place::Time);
        time.unwrap_or(self.places.len())
    }

    /// What `predicate` comes to for a device.
    pub(super) fn of_device(&self, predicate: &Predicate, id: &DeviceId, path: &str) -> Predicate {
        predicate.substitute(&|column| match self.places.get(column) {
            Some(Place::Device) => Some(Constant::Bytes(path.as_bytes())),
            Some(Place::Tag(i)) => {
                let tag = id.tag(*i);
                Some(tag.map_or(Constant::Null, |t| Constant::Bytes(t.as_bytes())))
            }
            _ => None,
        })
    }

    /// The columns for the rows of pages.
    pub(super) fn tested(&self, request: &ScanRequest) -> Arc<[TestColumn]> {
        let all = self.columns.iter().zip(&self.places);
        all.map(|(column, place)| TestColumn {
            place: match place {
                Place::Time => TestPlace::Time,
                Place::Device | Place::Tag(_) => TestPlace::Key,
                Place::Value(i) => TestPlace::Output(*i),
            },
            kind: column.kind,
            altered: request.text == TextMode::Lossy,
        })
        .collect()
    }
}

/// What is left of a filter for some devices.
#[derive(Debug)]
pub(super) struct Branch {
    /// Times at which it can hold.
    pub(super) times: Ranges<i64>,
    /// What has to be tested of rows at those times.
    pub(super) residual: Arc<Predicate>,
    /// Whether tests of the device or of tags are left, because there were too many branches.
    pub(super) keyed: bool,
    /// How many devices, over all files.
    pub(super) devices: usize,
}

/// Visits the names of columns in an expression.
pub(super) fn each_column<'a>(expr: &'a Expr, f: &mut dyn FnMut(&'a str)) {
    match expr {
        Expr::Constant(_) => {}
        Expr::Compare { column, .. }
        | Expr::In { column, .. }
        | Expr::IsNull { column }
        | Expr::Like { column, .. } => f(column),
        Expr::Not(inner) => each_column(inner, f),
        Expr::And(parts) | Expr::Or(parts) => parts.iter().for_each(|part| each_column(part, f)),
    }
}

/// Steps of the time column in nanoseconds.
fn instant(unit: TimeUnit) -> Kind {
    let step_nanos = match unit {
        TimeUnit::Ms => 1_000_000,
        TimeUnit::Us => 1_000,
        TimeUnit::Ns => 1,
    };
    Kind::Instant { step_nanos }
}

/// A value column as a comparison sees it: as it is shown.
fn kind_of(data_type: DataType, request: &ScanRequest) -> Kind {
    match data_type {
        DataType::Boolean => Kind::Boolean,
        DataType::Int32 | DataType::Int64 | DataType::Vector => Kind::Integer,
        DataType::Float => Kind::Float,
        DataType::Double => Kind::Double,
        DataType::Date if request.dates == DateMode::Int => Kind::Integer,
        DataType::Date => Kind::Date,
        DataType::Timestamp => instant(request.unit),
        DataType::Text | DataType::String if request.text != TextMode::Binary => Kind::Text,
        DataType::Text | DataType::String | DataType::Blob | DataType::Object => Kind::Bytes,
    }
}

/// The column of that name, else the only one whose name differs by case alone; whether it is shown does not matter.
fn place(
    name: &str,
    readers: &[TsFileReader],
    devices: &[FileDevices],
    request: &ScanRequest,
    columns: &Columns,
    values: &mut Vec<ValueColumn>,
) -> Result<Place> {
    if let Some(place) = find(name, request, columns) {
        return Ok(place);
    }
    let error = match hidden(name, readers, devices, request, columns, values) {
        Err(e) if e.kind() == ErrorKind::Argument => e,
        found => return found,
    };
    let all = request.clone().with_columns(None);
    let table = columns.table.clone();
    let all = Columns::decide(readers, devices, columns.form, table, &all, request.threads)?;
    let lower = name.to_lowercase();
    let fields = all.schema.fields().iter();
    let mut same = fields.filter(|f| f.name().to_lowercase() == lower);
    // Of several columns none is meant more than the others.
    match (same.next(), same.next()) {
        (Some(field), None) => match find(field.name(), request, columns) {
            Some(place) => Ok(place),
            None => hidden(field.name(), readers, devices, request, columns, values),
        },
        _ => Err(error),
    }
}

/// A column that is shown, by its name.
fn find(name: &str, request: &ScanRequest, columns: &Columns) -> Option<Place> {
    let shown = columns.schema.fields();
    match shown.iter().position(|f| f.name() == name) {
        Some(0) => Some(Place::Time),
        Some(at) => columns.slots.get(at - 1).map(|slot| match slot {
            Slot::Device => Place::Device,
            Slot::Tag(i) => Place::Tag(*i),
            Slot::Value(i) => Place::Value(*i),
        }),
        None if columns.form == Form::Narrow && name == request.device_column => {
            Some(Place::Device)
        }
        None => None,
    }
}

/// A column that is not shown.
fn hidden(
    name: &str,
    readers: &[TsFileReader],
    devices: &[FileDevices],
    request: &ScanRequest,
    columns: &Columns,
    values: &mut Vec<ValueColumn>,
) -> Result<Place> {
    if let Some(i) = values.iter().position(|v| v.name == name) {
        return Ok(Place::Value(i));
    }
    let alone = request.clone().with_columns(Some(vec![name.to_string()]));
    let found = Columns::decide(
        readers,
        devices,
        columns.form,
        columns.table.clone(),
        &alone,
        request.threads,
    )?;
    let mut values_found = found.values.into_iter();
    let slot = found.slots.iter().find(|slot| **slot != Slot::Device);
    match (slot, values_found.next(), values_found.next()) {
        (Some(Slot::Tag(i)), _, _) => Ok(Place::Tag(*i)),
        (_, Some(value), None) => {
            values.push(value);
            Ok(Place::Value(values.len() - 1))
        }
        _ => Err(
            Error::argument(format!("\"{name}\" is a measurement of several timeseries"))
                .hint("name one of them by its path, or ask for the narrow form (--form narrow)"),
        ),
    }
}
