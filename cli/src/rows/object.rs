//! Which device or table of a file is meant.

use std::collections::BTreeSet;
use std::path::PathBuf;

use tsfile::TsFileReader;
use tsfile::model::{ColumnCategory, Model};

use super::RowArgs;
use crate::again;
use crate::exit::{Failure, Outcome};
use crate::filter::{self, Filter};
use crate::scope::same_name;

/// Name of the time column unless something else says another.
const TIME: &str = "time";

/// One device or table, and the columns that it has.
pub enum Object {
    /// Of the tree model.
    Device {
        /// Its path.
        path: String,
        /// Whether its measurements share one time column.
        aligned: bool,
        /// Its measurements.
        columns: BTreeSet<String>,
    },
    /// Of the table model.
    Table {
        /// Its name.
        name: String,
        /// Its tags in declared order.
        tags: Vec<String>,
        /// Its fields, those that the schema does not declare too.
        columns: BTreeSet<String>,
        /// Columns that hold no values of their own.
        others: Vec<(String, ColumnCategory)>,
    },
}

/// The object of a file; `None` when the one that is named is not in this file.
///
/// # Errors
/// Usage, when none is named and there are several; input, when there is none.
pub fn choose(args: &RowArgs, reader: &TsFileReader) -> Outcome<Option<Object>> {
    if let Some(path) = &args.device {
        return device(reader, path);
    }
    let tables = tables(reader);
    if let Some(wanted) = &args.table {
        let found = tables.iter().find(|t| same_name(t, wanted));
        return found.map(|name| table(args, reader, name)).transpose();
    }
    let mut devices = BTreeSet::new();
    if !args.tags.is_given() {
        for device in reader.index().map_err(again::failure)?.devices() {
            if reader.model_of(device.id()) == Model::Tree {
                devices.insert(device.id().path());
            }
        }
    }
    let devices: Vec<String> = devices.into_iter().collect();
    match (tables.as_slice(), devices.as_slice()) {
        ([name], []) => table(args, reader, name).map(Some),
        ([], [path]) => device(reader, path),
        ([], []) => Err(Failure::input(format!(
            "{}: expected a device or a table, found none",
            reader.name()
        ))),
        (tables, devices) => {
            let mut found = Vec::new();
            for (what, names) in [("table", tables), ("device", devices)] {
                match names {
                    [] => {}
                    [one] => found.push(format!("the {what} {one}")),
                    many => {
                        found.push(format!("{} {what}s {}", many.len(), again::shortened(many)))
                    }
                }
            }
            let flag = match (tables, devices) {
                (_, []) => "-t TABLE",
                ([], _) => "-d DEVICE",
                _ => "-t TABLE or -d DEVICE",
            };
            let expected = match (tables, devices) {
                (_, []) => "one table",
                ([], _) => "one device",
                _ => "one device or table",
            };
            let tables = tables.iter().map(|t| ("--table", t.as_str()));
            let devices = devices.iter().map(|d| ("--device", d.as_str()));
            Err(Failure::usage(format!(
                "{}: expected {expected}, found {}; name one with {flag}",
                reader.name(),
                found.join(" and ")
            ))
            .with_commands(again::with_each(tables.chain(devices))))
        }
    }
}

/// Whether what is named is in one of the files.
///
/// # Errors
/// Usage, when it is not.
pub fn check_found(args: &RowArgs, paths: &[PathBuf], files: &[(TsFileReader, Object)]) -> Outcome {
    let first = paths.first().map(|f| f.display().to_string());
    let first = first.unwrap_or_default();
    let place = match paths.len() {
        1 => first.clone(),
        n => format!("{n} files"),
    };
    if files.is_empty() {
        let named = match (&args.device, &args.table) {
            (Some(device), _) => format!("device {device}"),
            (None, Some(table)) => format!("table {table}"),
            (None, None) => "device or table".to_owned(),
        };
        return Err(Failure::usage(format!(
            "{place}: no {named}; list what is there with: tsfile-cli ls {first}"
        )));
    }
    for name in &args.measurement {
        if files.iter().any(|(_, object)| object.find(name).is_some()) {
            continue;
        }
        let other = files.iter().find_map(|(_, object)| object.other(name));
        return Err(Failure::usage(match other {
            Some(category) => format!(
                "{name} is a {} column; head and cat are about FIELD columns",
                category.name()
            ),
            None => format!(
                "{place}: no measurement or field {name}; list them with: tsfile-cli schema {first}"
            ),
        }));
    }
    Ok(())
}

/// The condition of `--where` for each of the files.
pub fn filters(
    args: &RowArgs,
    filter: Option<&Filter>,
    files: &[(TsFileReader, Object)],
) -> Vec<Option<Filter>> {
    let time = args.time_column.as_deref().unwrap_or(TIME);
    match filter {
        None => files.iter().map(|_| None).collect(),
        Some(filter) => {
            let each = filter.of_each(files, |(_, object), name| {
                same_name(name, time) || object.has(name)
            });
            each.into_iter().map(Some).collect()
        }
    }
}

/// The files, and what they hold of one object, which is the same in all of them.
///
/// # Errors
/// Usage, when it is not: `flag` is for one object.
pub fn merged(
    files: Vec<(TsFileReader, Object)>,
    flag: &str,
) -> Outcome<Option<(Vec<TsFileReader>, Object)>> {
    let mut readers = Vec::new();
    let mut all: Option<Object> = None;
    for (reader, object) in files {
        all = Some(match all {
            None => object,
            Some(all) => all.with(object).map_err(|(one, other)| {
                Failure::usage(format!(
                    "{}: the files are of {one} and of {other}, which {flag} cannot join; name one with -d or -t",
                    reader.name()
                ))
            })?,
        });
        readers.push(reader);
    }
    Ok(all.map(|object| (readers, object)))
}

impl Object {
    /// Itself, with what another file has of it; the names of both when it is not the same.
    fn with(self, other: Self) -> Result<Self, (String, String)> {
        match (self, other) {
            (
                Self::Device {
                    path,
                    aligned,
                    mut columns,
                },
                Self::Device {
                    path: same,
                    aligned: too,
                    columns: more,
                },
            ) if path == same => {
                columns.extend(more);
                Ok(Self::Device {
                    path,
                    aligned: aligned && too,
                    columns,
                })
            }
            (
                Self::Table {
                    name,
                    mut tags,
                    mut columns,
                    mut others,
                },
                Self::Table {
                    name: same,
                    tags: more_tags,
                    columns: more,
                    others: more_others,
                },
            ) if name == same => {
                let new: Vec<_> = more_tags
                    .into_iter()
                    .filter(|t| !tags.contains(t))
                    .collect();
                tags.extend(new);
                columns.extend(more);
                others.extend(more_others);
                Ok(Self::Table {
                    name,
                    tags,
                    columns,
                    others,
                })
            }
            (one, other) => Err((one.name().to_owned(), other.name().to_owned())),
        }
    }

    fn name(&self) -> &str {
        match self {
            Self::Device { path: name, .. } | Self::Table { name, .. } => name,
        }
    }

    /// Whether a condition can name it, besides the time.
    fn has(&self, name: &str) -> bool {
        match self {
            Self::Device { columns, .. } => {
                name == filter::DEVICE || columns.iter().any(|c| same_name(c, name))
            }
            Self::Table { .. } => self.find(name).is_some() || self.other(name).is_some(),
        }
    }

    /// What its device column is called.
    pub fn device_column(&self) -> &'static str {
        match self {
            Self::Device { columns, .. } => {
                filter::device_column(columns.iter().map(String::as_str))
            }
            Self::Table { .. } => filter::DEVICE,
        }
    }

    /// The column that is asked for as `name`, as the file spells it.
    fn find(&self, name: &str) -> Option<&str> {
        match self {
            Self::Device { columns, .. } => columns.get(name).map(String::as_str),
            Self::Table { tags, columns, .. } => {
                let mut all = tags.iter().chain(columns);
                all.find(|c| same_name(c, name)).map(String::as_str)
            }
        }
    }

    fn other(&self, name: &str) -> Option<ColumnCategory> {
        match self {
            Self::Device { .. } => None,
            Self::Table { others, .. } => {
                let mut others = others.iter().filter(|(other, _)| same_name(other, name));
                others.next().map(|(_, category)| *category)
            }
        }
    }

    /// Whether it has a column that is asked for.
    pub fn has_wanted(&self, args: &RowArgs) -> bool {
        let wanted = &args.measurement;
        wanted.is_empty() || wanted.iter().any(|name| self.find(name).is_some())
    }

    /// The columns to read, when not all of them.
    pub fn columns(&self, args: &RowArgs) -> Option<Vec<String>> {
        if args.measurement.is_empty() {
            return None;
        }
        let mut columns = match self {
            Self::Device { .. } => Vec::new(),
            Self::Table { tags, .. } => tags.clone(),
        };
        for name in args.measurement.iter().filter_map(|name| self.find(name)) {
            if !columns.iter().any(|c| c == name) {
                columns.push(name.to_owned());
            }
        }
        Some(columns)
    }
}

fn device(reader: &TsFileReader, path: &str) -> Outcome<Option<Object>> {
    let in_file = |e: tsfile::Error| again::failure(e.in_file(reader.name()));
    let mut columns = BTreeSet::new();
    let (mut found, mut all_aligned) = (false, true);
    for device in reader.index().map_err(again::failure)?.devices() {
        if reader.model_of(device.id()) != Model::Tree || device.id().path() != path {
            continue;
        }
        let aligned = device.is_aligned();
        for k in usize::from(aligned)..device.series_count() {
            let series = device.series(k).map_err(in_file)?;
            columns.insert(series.measurement.to_owned());
        }
        found = true;
        all_aligned &= aligned;
    }
    Ok(found.then(|| Object::Device {
        path: path.to_owned(),
        aligned: all_aligned,
        columns,
    }))
}

/// Tables by name, those that cannot be read too: reading them says why.
fn tables(reader: &TsFileReader) -> Vec<String> {
    let unknown = reader.metadata().unknown_schemas.iter();
    let known = reader.tables().map(|t| &t.name);
    let names: BTreeSet<&String> = known.chain(unknown.map(|(name, _)| name)).collect();
    names.into_iter().cloned().collect()
}

fn table(args: &RowArgs, reader: &TsFileReader, name: &str) -> Outcome<Object> {
    let in_file = |e: tsfile::Error| again::failure(e.in_file(reader.name()));
    let (mut tags, mut columns, mut others) = (Vec::new(), BTreeSet::new(), Vec::new());
    for column in reader.table(name).into_iter().flat_map(|t| &t.columns) {
        let own = column.measurement.name.clone();
        match column.category {
            ColumnCategory::Tag => tags.push(own),
            ColumnCategory::Field => {
                columns.insert(own);
            }
            category => others.push((own, category)),
        }
    }
    // What other devices have besides the schema does not matter then.
    let only = reader.table(name).and_then(|t| args.tags.only_device(t));
    let index = match only {
        Some(device) => reader.lookup(&[device]),
        None => reader.shared_index(),
    };
    for device in index.map_err(again::failure)?.devices() {
        if device.id().table() != name || reader.model_of(device.id()) != Model::Table {
            continue;
        }
        for k in 0..device.series_count() {
            let series = device.series(k).map_err(in_file)?.measurement;
            if !series.is_empty() && !tags.iter().any(|t| t == series) {
                columns.insert(series.to_owned());
            }
        }
    }
    Ok(Object::Table {
        name: name.to_owned(),
        tags,
        columns,
        others,
    })
}
