//! The columns of a scan over some files: names, types, and TsFile's own facts as field metadata.

use super::devices::FileDevices;
use super::request::{DeviceFilter, MAX_DEFAULT_WIDE_SERIES, ScanRequest, TimeAs};
use super::table_columns::of_table;
use crate::arrow::{ColumnType, TextMode};
use crate::infer::gather::{FileFacts, Key, Said, each_series, gather};
use crate::infer::union::{Column, unite};
use crate::model::{Compression, DataType, Encoding, Form, Model};
use crate::read::each::try_map;
use crate::read::{TsFileReader, Window};
use crate::{Error, Result};
use arrow_schema::{DataType as ArrowType, Field, Schema};
use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::Arc;

/// A value column: where its values come from, and its type.
#[derive(Debug, Clone)]
pub(super) struct ValueColumn {
    pub(super) name: String,
    /// In the wide form, how many bytes at the end of the name are the measurement: it may have dots of its own.
    pub(super) measurement_bytes: usize,
    pub(super) data_type: DataType,
    /// How its first series is stored, where that was looked up.
    pub(super) storage: Option<(Encoding, Compression)>,
}

/// One output column behind the time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Slot {
    /// The device path of the narrow form.
    Device,
    /// The tag with this number.
    Tag(usize),
    /// The value column with this number.
    Value(usize),
}

/// Everything about the columns of a scan.
#[derive(Debug)]
pub(super) struct Columns {
    pub(super) form: Form,
    pub(super) table: Option<String>,
    pub(super) values: Vec<ValueColumn>,
    pub(super) slots: Vec<Slot>,
    pub(super) schema: Arc<Schema>,
    pub(super) warnings: Vec<String>,
}

impl Columns {
    /// How a value column is stored and shown.
    pub(super) fn column_type(request: &ScanRequest, data_type: DataType) -> ColumnType {
        ColumnType {
            data_type,
            text: request.text,
            dates: request.dates,
            unit: request.unit,
            dictionary: request.dictionaries,
        }
    }

    /// How the device or a tag is shown, whatever becomes of other texts.
    pub(super) fn key_type(request: &ScanRequest) -> ColumnType {
        ColumnType {
            text: TextMode::Utf8,
            ..Self::column_type(request, DataType::String)
        }
    }

    /// Decides the columns of `request` over `readers`, which `threads` threads look at; `devices` are those of each file.
    pub(super) fn decide(
        readers: &[TsFileReader],
        devices: &[FileDevices],
        form: Form,
        table: Option<String>,
        request: &ScanRequest,
        threads: usize,
    ) -> Result<Self> {
        let mut time_name = request.time_column.clone().unwrap_or_else(|| "time".into());
        let (values, slots, tag_fields) = match (form, &table) {
            (Form::Table, Some(table)) => {
                let found = of_table(readers, devices, table, request, threads)?;
                if let (Some(declared), None) = (found.time_name, &request.time_column) {
                    time_name = declared;
                }
                (found.values, found.slots, found.tags)
            }
            (Form::Wide, _) => {
                let values = of_tree(readers, devices, form, request, threads)?;
                let slots = (0..values.len()).map(Slot::Value).collect();
                (values, slots, Vec::new())
            }
            _ => {
                let values = of_tree(readers, devices, form, request, threads)?;
                let slots = std::iter::once(Slot::Device)
                    .chain((0..values.len()).map(Slot::Value))
                    .collect();
                (values, slots, Vec::new())
            }
        };
        let model = if form == Form::Table {
            Model::Table
        } else {
            Model::Tree
        };
        let facts = |category, data_type, storage| facts(category, data_type, model, storage);
        let time_type = match request.time {
            TimeAs::Raw => ArrowType::Int64,
            TimeAs::Timestamp => request.unit.timestamp(),
        };
        let key_type = Self::key_type(request).arrow();
        let time = facts("TIME", DataType::Timestamp, None);
        let mut fields = vec![Field::new(time_name, time_type, false).with_metadata(time)];
        for slot in &slots {
            fields.push(match slot {
                Slot::Device => Field::new(&request.device_column, key_type.clone(), false)
                    .with_metadata(facts("TAG", DataType::String, None)),
                Slot::Tag(i) => {
                    let (name, data_type) = tag_fields
                        .get(*i)
                        .cloned()
                        .unwrap_or((String::new(), DataType::String));
                    Field::new(name, key_type.clone(), true)
                        .with_metadata(facts("TAG", data_type, None))
                }
                Slot::Value(i) => match values.get(*i) {
                    Some(v) => Field::new(
                        &v.name,
                        Self::column_type(request, v.data_type).arrow(),
                        true,
                    )
                    .with_metadata(facts("FIELD", v.data_type, v.storage)),
                    None => return Err(Error::argument("a column without a value")),
                },
            });
        }
        let warnings = name_warnings(&fields);
        Ok(Self {
            form,
            table,
            values,
            slots,
            schema: Arc::new(Schema::new(fields)),
            warnings,
        })
    }
}

/// Names that the host may confuse: equal, or equal but for case.
fn name_warnings(fields: &[Field]) -> Vec<String> {
    let mut seen: HashMap<String, &str> = HashMap::new();
    let mut out = Vec::new();
    for f in fields {
        if let Some(other) = seen.insert(f.name().to_lowercase(), f.name()) {
            out.push(if other == f.name() {
                format!("two columns are called \"{other}\"; rename the time or device column (--time-column, --device-column)")
            } else {
                format!("columns \"{other}\" and \"{}\" differ only by case", f.name())
            });
        }
    }
    out
}

/// The form that is used when none is asked for, over the devices that are `wanted`.
pub(super) fn default_form(
    readers: &[TsFileReader],
    wanted: Option<&[String]>,
    filter: Option<&DeviceFilter>,
) -> Result<Form> {
    let (mut tree, mut tables) = (0usize, 0usize);
    for reader in readers {
        let index = reader.index()?;
        let mut any = false;
        for device in index.devices() {
            let kept = filter.is_none_or(|f| f.keeps(device.id()));
            if !kept || wanted.is_some_and(|w| !w.contains(&device.id().path())) {
                continue;
            }
            any = true;
            match reader.model_of(device.id()) {
                Model::Tree => {
                    tree += device.series_count() - usize::from(device.is_aligned());
                }
                Model::Table => tables += 1,
            }
        }
        tables += usize::from(!any && reader.tables().next().is_some());
    }
    match (tree, tables) {
        _ if wanted.is_some() && tree <= MAX_DEFAULT_WIDE_SERIES => Ok(Form::Wide),
        (0, 0) => Ok(Form::Wide),
        (0, _) => Ok(Form::Table),
        (n, 0) if n > MAX_DEFAULT_WIDE_SERIES => Err(Error::argument(format!(
            "{n} timeseries would be {n} columns: more than {MAX_DEFAULT_WIDE_SERIES} are not shown wide by default"
        ))
        .hint("ask for the narrow form (--form narrow), or for wide by name (--form wide)")),
        (_, 0) => Ok(Form::Wide),
        _ => Err(Error::argument("the files hold tree devices and tables, which no single form shows")
            .hint("ask for one of the two: --form narrow or --form wide for the devices, -t TABLE for a table")),
    }
}

/// The table that is meant when none is named.
pub(super) fn default_table(readers: &[TsFileReader]) -> Result<String> {
    let mut names: Vec<&str> = readers
        .iter()
        .flat_map(TsFileReader::tables)
        .map(|t| t.name.as_str())
        .chain(
            readers
                .iter()
                .flat_map(|r| r.metadata().unknown_schemas.iter().map(|t| t.0.as_str())),
        )
        .collect();
    names.sort_unstable();
    names.dedup();
    match names.as_slice() {
        [one] => Ok((*one).to_string()),
        [] => {
            Err(Error::argument("the files hold no table")
                .hint("ask for the narrow or the wide form"))
        }
        many => Err(Error::argument(format!(
            "the files hold {} tables: {}",
            many.len(),
            many.join(", ")
        ))
        .hint("name one of them (-t TABLE)")),
    }
}

/// Adds encoding and compression of the first chunk of each column's first series: only the chunk header tells. Each file is read
/// from front to back.
fn add_storage(
    readers: &[TsFileReader],
    columns: &[&Column],
    values: &mut [ValueColumn],
) -> Result<()> {
    let mut chunks: Vec<(usize, u64, usize)> = Vec::with_capacity(columns.len());
    for (i, column) in columns.iter().enumerate() {
        let Some(reader) = readers.get(column.file) else {
            continue;
        };
        if let Some(device) = reader.index()?.device(column.place.device) {
            let series = device.timeseries(column.place.series)?;
            chunks.extend(series.chunks.first().map(|c| (column.file, c.offset, i)));
        }
    }
    chunks.sort_unstable();
    for chunks in chunks.chunk_by(|a, b| a.0 == b.0) {
        let mut window = Window::default();
        for &(file, offset, i) in chunks {
            if let (Some(reader), Some(value)) = (readers.get(file), values.get_mut(i)) {
                let header = reader.chunk_header(&mut window, offset)?;
                value.storage = Some((header.encoding, header.compression));
            }
        }
    }
    Ok(())
}

/// Field metadata of a column.
fn facts(
    category: &str,
    data_type: DataType,
    model: Model,
    storage: Option<(Encoding, Compression)>,
) -> HashMap<String, String> {
    let mut out = HashMap::with_capacity(if storage.is_some() { 5 } else { 3 });
    let mut tell = |name: &str, value: &str| out.insert(name.to_string(), value.to_string());
    tell("tsfile.type", data_type.name());
    tell("tsfile.category", category);
    tell("tsfile.model", model.name());
    if let Some((encoding, compression)) = storage {
        tell("tsfile.encoding", encoding.name());
        tell("tsfile.compression", compression.name());
    }
    out
}

/// What could have been asked for, in order.
fn names_in(
    readers: &[TsFileReader],
    devices: &[FileDevices],
    name: impl Fn(&str, &str) -> String,
) -> Result<Vec<String>> {
    let mut names = BTreeSet::new();
    for (reader, devices) in readers.iter().zip(devices) {
        each_series(reader, &devices.positions, |device, k| {
            names.insert(name(&device.id().path(), device.series(k)?.measurement));
            Ok(Said::Own)
        })?;
    }
    Ok(names.into_iter().collect())
}

/// An error lists this many of the names that there are.
const SHOWN_NAMES: usize = 20;

pub(super) fn unknown_column(what: &str, name: &str, known: &[String]) -> Error {
    let mut shown: Vec<&str> = known.iter().take(SHOWN_NAMES).map(String::as_str).collect();
    if known.len() > shown.len() {
        shown.push("...");
    }
    let list = if shown.is_empty() {
        "none".to_string()
    } else {
        shown.join(", ")
    };
    Error::argument(format!("there is no {what} \"{name}\"")).hint(format!("there are: {list}"))
}

/// The columns of tree devices.
fn of_tree(
    readers: &[TsFileReader],
    devices: &[FileDevices],
    form: Form,
    request: &ScanRequest,
    threads: usize,
) -> Result<Vec<ValueColumn>> {
    let wanted = wanted(request);
    let files: Vec<_> = readers.iter().zip(devices).collect();
    let facts: Vec<FileFacts> = try_map(&files, threads, |(reader, devices)| {
        gather(reader, &devices.positions, form, wanted.as_ref())
    })?;
    let found = unite(&facts, request.schema_rules(form))?;
    drop(facts);
    let picked = match &request.columns {
        None => found.iter().collect(),
        Some(columns) => pick(&found, columns, form).map_err(|name| {
            let known = names_in(readers, devices, |device, measurement| match form {
                Form::Wide => format!("{device}.{measurement}"),
                _ => measurement.to_string(),
            });
            let what = match form {
                Form::Wide => "timeseries",
                _ => "measurement",
            };
            known.map_or_else(|e| e, |known| unknown_column(what, name, &known))
        })?,
    };
    let mut values: Vec<ValueColumn> = picked
        .iter()
        .map(|column| ValueColumn {
            name: name_of(&column.key),
            measurement_bytes: column.key.measurement.len(),
            data_type: column.data_type,
            storage: None,
        })
        .collect();
    if request.encodings {
        add_storage(readers, &picked, &mut values)?;
    }
    Ok(values)
}

fn name_of(key: &Key) -> String {
    match &key.device {
        Some(device) => format!("{device}.{}", key.measurement),
        None => key.measurement.to_string(),
    }
}

/// The names that are asked for.
pub(super) fn wanted(request: &ScanRequest) -> Option<HashSet<&str>> {
    let columns = request.columns.as_ref()?;
    Some(columns.iter().map(String::as_str).collect())
}

/// The columns that are asked for, in that order; the name that means none is the error.
fn pick<'a, 'b>(
    found: &'a [Column],
    wanted: &'b [String],
    form: Form,
) -> std::result::Result<Vec<&'a Column>, &'b str> {
    let mut by_name: HashMap<String, Vec<&Column>> = HashMap::new();
    for column in found {
        by_name
            .entry(name_of(&column.key))
            .or_default()
            .push(column);
        // In the wide form a measurement stands for all timeseries of that name.
        if form == Form::Wide {
            let measurement = column.key.measurement.to_string();
            by_name.entry(measurement).or_default().push(column);
        }
    }
    let mut out: Vec<&Column> = Vec::new();
    let mut seen: HashSet<&Key> = HashSet::new();
    for name in wanted {
        let meant = by_name.get(name).ok_or(name.as_str())?;
        // Two names can mean the same timeseries, which has one column all the same.
        out.extend(meant.iter().filter(|c| seen.insert(&c.key)));
    }
    Ok(out)
}
