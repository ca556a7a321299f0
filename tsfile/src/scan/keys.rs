//! What a filter says of devices by their names alone: those of which it can keep no row are not even looked up.

use super::columns::{Columns, default_table};
use super::filter::Place;
use super::plan::ScanPlan;
use super::request::ScanRequest;
use crate::filter::{Column, Constant, Expr, Kind, Predicate, normalize_in};
use crate::infer::{SchemaMode, join};
use crate::model::{ColumnCategory, DataType, DeviceId, Form, Model};
use crate::read::TsFileReader;

/// A test of the names of devices that all pass of which a filter can keep a row.
#[derive(Debug)]
pub(super) struct KeyTest {
    pub(super) form: Form,
    /// In the table form.
    pub(super) table: Option<String>,
    predicate: Predicate,
    /// The tag of each column of the predicate; none is the path of the device.
    tags: Vec<Option<usize>>,
}

impl KeyTest {
    /// The test that `request` comes to; `None` when it says nothing about devices, or when the form cannot be told without the index.
    pub(super) fn of(readers: &[TsFileReader], request: &ScanRequest) -> Option<Self> {
        let filter = request.filter.as_ref()?;
        if request.devices.is_some() || request.device_filter.is_some() {
            return None;
        }
        let form = form_of(readers, request)?;
        let (table, names) = match form {
            Form::Wide => return None,
            Form::Narrow => (None, tree_keys(request)?),
            Form::Table => {
                let table = match &request.table {
                    Some(table) => table.clone(),
                    None => default_table(readers).ok()?,
                };
                let names = table_keys(readers, &table, request);
                (Some(table), names)
            }
        };
        let columns = names.iter().map(|(name, _)| Column {
            name: name.clone(),
            kind: Kind::Text,
        });
        let columns: Vec<Column> = columns.collect();
        let is_key = |name: &str| columns.iter().any(|c| c.name == name);
        let predicate = normalize_in(&widened(filter, &is_key, true), &columns, request.zone);
        Some(Self {
            form,
            table,
            predicate: predicate.ok().filter(|p| *p != Predicate::Always)?,
            tags: names.into_iter().map(|(_, tag)| tag).collect(),
        })
    }

    /// Whether `id` is a device of the form in `reader`.
    pub(super) fn is_of_form(&self, reader: &TsFileReader, id: &DeviceId) -> bool {
        match &self.table {
            Some(table) => id.table() == table && reader.model_of(id) == Model::Table,
            None => reader.model_of(id) == Model::Tree,
        }
    }

    /// Whether the filter may keep a row of a device.
    pub(super) fn keeps(&self, id: &DeviceId) -> bool {
        let path = self.tags.contains(&None).then(|| id.path());
        let left = self.predicate.substitute(&|column| {
            let value = match self.tags.get(column)? {
                Some(tag) => id.tag(*tag),
                None => path.as_deref(),
            };
            Some(value.map_or(Constant::Null, |text| Constant::Bytes(text.as_bytes())))
        });
        left != Predicate::Never
    }
}

/// Whether `plan`, which knows some devices alone, has the columns that it would have if it knew the others. A table has them from its schema; of a
/// tree device others may have the same measurement with a type to which its own widens, or that which the filter names in other letters as
/// it is written there.
pub(super) fn is_settled(plan: &ScanPlan) -> bool {
    let shared = &plan.shared;
    if shared.columns.form == Form::Table {
        return true;
    }
    let shown = |data_type| Columns::column_type(&shared.request, data_type).arrow();
    let is_widest = |own: DataType| {
        let others = (0..=u8::MAX).filter_map(|code| DataType::try_from(code).ok());
        let mut joined = others.filter_map(|o| join(own, o, shared.request.lossy_types));
        joined.all(|joined| shown(joined) == shown(own))
    };
    let by_name = shared.filter.iter().all(|filter| {
        let mut columns = filter.columns.iter().zip(&filter.places);
        columns.all(|(column, place)| match place {
            Place::Value(i) => shared.values.get(*i).is_some_and(|v| v.name == column.name),
            _ => true,
        })
    });
    by_name && shared.values.iter().all(|v| is_widest(v.data_type))
}

/// The form of `request`, where it does not take an index to tell.
fn form_of(readers: &[TsFileReader], request: &ScanRequest) -> Option<Form> {
    match (request.form, &request.table) {
        (Some(form), _) => Some(form),
        (None, Some(_)) => Some(Form::Table),
        (None, None) => {
            let mut roots = readers
                .iter()
                .flat_map(|r| r.metadata().tables.iter().map(move |t| (r, t.0.as_str())));
            let all = roots.all(|(reader, root)| {
                let id = DeviceId::new([Some(root)]);
                reader.model_of(&id) == Model::Table
            });
            all.then_some(Form::Table)
        }
    }
}

/// The device column, where the columns of the result do not take all devices: they are named, and need not be the same in all files.
fn tree_keys(request: &ScanRequest) -> Option<Vec<(String, Option<usize>)>> {
    let by_name = request.columns.is_some() && !request.encodings;
    let strict = request.schema_mode == Some(SchemaMode::Strict);
    let time = request.time_column.as_deref().unwrap_or("time");
    (by_name && !strict && request.device_column != time)
        .then(|| vec![(request.device_column.clone(), None)])
}

/// The tags of a table, as the file with most of them has them.
fn table_keys(
    readers: &[TsFileReader],
    table: &str,
    request: &ScanRequest,
) -> Vec<(String, Option<usize>)> {
    let schemas = || readers.iter().filter_map(|r| r.table(table));
    let longest = schemas().max_by_key(|s| s.columns_of(ColumnCategory::Tag).count());
    let tags = longest
        .into_iter()
        .flat_map(|s| s.columns_of(ColumnCategory::Tag));
    // A column of the name of the time column is not the tag.
    let times = schemas().flat_map(|s| s.columns_of(ColumnCategory::Time));
    let times: Vec<&str> = match &request.time_column {
        Some(name) => vec![name],
        None => times
            .map(|c| c.measurement.name.as_str())
            .chain(["time"])
            .collect(),
    };
    let tags = tags.map(|c| c.measurement.name.clone()).enumerate();
    tags.filter(|(_, name)| !times.contains(&name.as_str()))
        .map(|(i, name)| (name, Some(i)))
        .collect()
}

/// `expr` with all conditions on other columns than keys left out: true wherever it is, when `truth` is, else false wherever it is.
fn widened(expr: &Expr, is_key: &dyn Fn(&str) -> bool, truth: bool) -> Expr {
    let each = |parts: &[Expr]| parts.iter().map(|p| widened(p, is_key, truth)).collect();
    match expr {
        Expr::Constant(_) => expr.clone(),
        Expr::Compare { column, .. }
        | Expr::In { column, .. }
        | Expr::IsNull { column }
        | Expr::Like { column, .. } => match is_key(column) {
            true => expr.clone(),
            false => Expr::Constant(Some(truth)),
        },
        Expr::Not(inner) => Expr::Not(Box::new(widened(inner, is_key, !truth))),
        Expr::And(parts) => Expr::And(each(parts)),
        Expr::Or(parts) => Expr::Or(each(parts)),
    }
}
