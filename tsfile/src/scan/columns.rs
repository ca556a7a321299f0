//! The columns of a scan over some files: names, types, and TsFile's own facts as field metadata.

use super::devices::FileDevices;
use super::request::{MAX_DEFAULT_WIDE_SERIES, ScanRequest, TimeAs};
use super::table_columns::of_table;
use crate::arrow::{ColumnType, widen};
use crate::model::Form;
use crate::model::{DataType, Model};
use crate::read::{DeviceRef, Limits, TsFileReader, Window};
use crate::{Error, ErrorKind, Result};
use arrow_schema::{DataType as ArrowType, Field, Schema};
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::Arc;

/// A value column: where its values come from, and its type.
#[derive(Debug, Clone)]
pub(super) struct ValueColumn {
    pub(super) name: String,
    /// In the wide form, how many bytes at the end of the name are the measurement: it may have dots of its own.
    pub(super) measurement_bytes: usize,
    pub(super) data_type: DataType,
    pub(super) facts: HashMap<String, String>,
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
        }
    }

    /// Decides the columns of `request` over `readers`; `devices` are those of each file.
    pub(super) fn decide(
        readers: &[TsFileReader],
        devices: &[FileDevices],
        form: Form,
        table: Option<String>,
        request: &ScanRequest,
    ) -> Result<Self> {
        let mut time_name = request.time_column.clone().unwrap_or_else(|| "time".into());
        let (values, slots, tag_fields) = match (form, &table) {
            (Form::Table, Some(table)) => {
                let found = of_table(readers, devices, table, request)?;
                if let (Some(declared), None) = (found.time_name, &request.time_column) {
                    time_name = declared;
                }
                (found.values, found.slots, found.tags)
            }
            (Form::Wide, _) => {
                let values = of_wide(readers, devices, request)?;
                let slots = (0..values.len()).map(Slot::Value).collect();
                (values, slots, Vec::new())
            }
            _ => {
                let values = of_narrow(readers, devices, request)?;
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
        let facts = |category: &str, data_type: &str| -> HashMap<String, String> {
            [
                ("tsfile.type", data_type),
                ("tsfile.category", category),
                ("tsfile.model", model.name()),
            ]
            .into_iter()
            .map(|(k, v)| (k.to_string(), v.to_string()))
            .collect()
        };
        let time_type = match request.time {
            TimeAs::Raw => ArrowType::Int64,
            TimeAs::Timestamp => request.unit.timestamp(),
        };
        let mut fields =
            vec![Field::new(time_name, time_type, false).with_metadata(facts("TIME", "TIMESTAMP"))];
        for slot in &slots {
            fields.push(match slot {
                Slot::Device => Field::new(&request.device_column, ArrowType::Utf8, false)
                    .with_metadata(facts("TAG", "STRING")),
                Slot::Tag(i) => {
                    let (name, data_type) = tag_fields
                        .get(*i)
                        .cloned()
                        .unwrap_or((String::new(), DataType::String));
                    Field::new(name, ArrowType::Utf8, true)
                        .with_metadata(facts("TAG", data_type.name()))
                }
                Slot::Value(i) => match values.get(*i) {
                    Some(v) => {
                        let mut all = facts("FIELD", v.data_type.name());
                        all.extend(v.facts.clone());
                        Field::new(
                            &v.name,
                            Self::column_type(request, v.data_type).arrow(),
                            true,
                        )
                        .with_metadata(all)
                    }
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
pub(super) fn default_form(readers: &[TsFileReader], wanted: Option<&[String]>) -> Result<Form> {
    let (mut tree, mut tables) = (0usize, 0usize);
    for reader in readers {
        let index = reader.index()?;
        for device in index.devices() {
            if wanted.is_some_and(|w| !w.contains(&device.id().path())) {
                continue;
            }
            match reader.model_of(device.id()) {
                Model::Tree => {
                    tree += device.series_count() - usize::from(device.is_aligned());
                }
                Model::Table => tables += 1,
            }
        }
        tables += usize::from(index.device_count() == 0 && reader.tables().next().is_some());
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

/// Type of a column so far, and who said so first.
struct Found {
    data_type: DataType,
    /// Position of its device in the index: the path of each would be much text.
    device: usize,
    file: usize,
    facts: HashMap<String, String>,
}

/// Encoding and compression of the first chunk of a series: only the chunk header tells.
fn facts_of(
    reader: &TsFileReader,
    window: &mut Window,
    device: DeviceRef<'_>,
    k: usize,
) -> Result<HashMap<String, String>> {
    let metadata = device.timeseries(k)?;
    let Some(chunk) = metadata.chunks.first() else {
        return Ok(HashMap::new());
    };
    let header = reader.chunk_header(window, chunk.offset)?;
    Ok([
        ("tsfile.encoding", header.encoding.name()),
        ("tsfile.compression", header.compression.name()),
    ]
    .into_iter()
    .map(|(k, v)| (k.to_string(), v.to_string()))
    .collect())
}

/// What a series says about the others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Said {
    /// All that those of the same measurement and type in this file can say.
    All,
    /// Something about itself only.
    Own,
}

/// Visits every series of the devices, but not one of a measurement and type that said all already.
pub(super) fn each_series(
    readers: &[TsFileReader],
    devices: &[FileDevices],
    mut f: impl FnMut(usize, &TsFileReader, DeviceRef<'_>, usize) -> Result<Said>,
) -> Result<()> {
    for (file, (reader, devices)) in readers.iter().zip(devices).enumerate() {
        let index = reader.index()?;
        let mut settled = vec![false; index.kinds().count()];
        for device in devices
            .positions
            .iter()
            .filter_map(|&p| index.device(p as usize))
        {
            for k in usize::from(device.is_aligned())..device.series_count() {
                let kind = device.kind(k);
                if kind.is_some_and(|kind| settled.get(kind) == Some(&true)) {
                    continue;
                }
                let said = f(file, reader, device, k).map_err(|e| reader.in_file(e))?;
                if let Some(settled) = kind.and_then(|kind| settled.get_mut(kind)) {
                    *settled = said == Said::All;
                }
            }
        }
    }
    Ok(())
}

/// What could have been asked for, in order.
fn names_in(
    readers: &[TsFileReader],
    devices: &[FileDevices],
    name: impl Fn(&str, &str) -> String,
) -> Result<Vec<String>> {
    let mut names = BTreeSet::new();
    each_series(readers, devices, |_, _, device, k| {
        names.insert(name(&device.id().path(), device.series(k)?.measurement));
        Ok(Said::Own)
    })?;
    Ok(names.into_iter().collect())
}

fn of_narrow(
    readers: &[TsFileReader],
    devices: &[FileDevices],
    request: &ScanRequest,
) -> Result<Vec<ValueColumn>> {
    let mut found: BTreeMap<String, Found> = BTreeMap::new();
    let mut window = Window::default();
    each_series(readers, devices, |file, reader, device, k| {
        let series = device.series(k)?;
        let wanted = request.columns.as_ref();
        if wanted.is_some_and(|w| !w.iter().any(|c| c == series.measurement)) {
            return Ok(Said::All);
        }
        let data_type = series
            .data_type()
            .map_err(|e| e.device(device.id().path()))?;
        match found.get_mut(series.measurement) {
            None => {
                let facts = facts_of(reader, &mut window, device, k)?;
                let first = Found {
                    data_type,
                    device: device.position(),
                    file,
                    facts,
                };
                found.insert(series.measurement.to_string(), first);
            }
            Some(f) if f.data_type == data_type => {}
            Some(f) => match widen(f.data_type, data_type) {
                // Within one file types widen; two files must agree.
                Some(wider) if f.file == file => f.data_type = wider,
                _ => {
                    return Err(conflict(
                        f,
                        readers,
                        series.measurement,
                        data_type,
                        &device.id().path(),
                        reader,
                    ));
                }
            },
        }
        Ok(Said::All)
    })?;
    let column = |(name, f): (String, Found)| ValueColumn {
        measurement_bytes: name.len(),
        name,
        data_type: f.data_type,
        facts: f.facts,
    };
    let Some(wanted) = &request.columns else {
        return Ok(found.into_iter().map(column).collect());
    };
    let mut seen = HashSet::new();
    wanted
        .iter()
        .filter(|name| seen.insert(*name))
        .map(|name| match found.remove_entry(name) {
            Some(entry) => Ok(column(entry)),
            None => {
                let known = names_in(readers, devices, |_, measurement| measurement.to_string())?;
                Err(unknown_column("measurement", name, &known))
            }
        })
        .collect()
}

fn conflict(
    first: &Found,
    readers: &[TsFileReader],
    measurement: &str,
    data_type: DataType,
    device: &str,
    reader: &TsFileReader,
) -> Error {
    let other = readers.get(first.file).map_or("", |r| r.name());
    let first_device = readers
        .get(first.file)
        .and_then(|r| r.index().ok())
        .and_then(|i| i.device(first.device))
        .map(|d| d.id().path())
        .unwrap_or_default();
    let place = if other == reader.name() {
        String::new()
    } else {
        format!(" of {other}")
    };
    let within_file = place.is_empty();
    let error = Error::new(
        ErrorKind::Schema,
        "schema",
        format!("measurement \"{measurement}\" is {} in device {}{place} and {data_type} in device {device}", first.data_type, first_device),
    )
    .in_file(reader.name())
    .hint(format!("read one of the two devices (-d {device}), or use the wide form"));
    if within_file {
        error.rivals([first_device, device.to_string()])
    } else {
        error
    }
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

fn of_wide(
    readers: &[TsFileReader],
    devices: &[FileDevices],
    request: &ScanRequest,
) -> Result<Vec<ValueColumn>> {
    // By device, then measurement: the order of paths as strings would mix devices of which one is a prefix of another.
    let mut found: BTreeMap<(String, String), Found> = BTreeMap::new();
    let mut window = Window::default();
    let mut name_bytes = vec![0; readers.len()];
    each_series(readers, devices, |file, reader, device, k| {
        let series = device.series(k)?;
        let path = device.id().path();
        // Each name has the device's path in it: a long path would be there once for every series.
        if let Some(bytes) = name_bytes.get_mut(file) {
            *bytes += (path.len() + series.measurement.len()) as u64;
            Limits::check(
                *bytes,
                reader.limits().name_bytes,
                "schema",
                "the names of the timeseries are too long together for one column each",
            )?;
        }
        let full = format!("{path}.{}", series.measurement);
        let wanted = request.columns.as_ref();
        if wanted.is_some_and(|w| !w.iter().any(|c| *c == full || c == series.measurement)) {
            return Ok(Said::Own);
        }
        let data_type = series
            .data_type()
            .map_err(|e| e.device(device.id().path()))?;
        match found.get_mut(&(path.clone(), series.measurement.to_string())) {
            None => {
                let facts = facts_of(reader, &mut window, device, k)?;
                let first = Found {
                    data_type,
                    device: device.position(),
                    file,
                    facts,
                };
                found.insert((path, series.measurement.to_string()), first);
            }
            Some(f) if f.data_type == data_type => {}
            Some(f) => {
                return Err(conflict(
                    f,
                    readers,
                    series.measurement,
                    data_type,
                    &path,
                    reader,
                ));
            }
        }
        Ok(Said::Own)
    })?;
    let column = |((device, measurement), f): ((String, String), Found)| ValueColumn {
        name: format!("{device}.{measurement}"),
        measurement_bytes: measurement.len(),
        data_type: f.data_type,
        facts: f.facts,
    };
    let all: Vec<(String, ValueColumn)> = found
        .into_iter()
        .map(|(k, f)| (k.1.clone(), column((k, f))))
        .collect();
    let Some(wanted) = &request.columns else {
        return Ok(all.into_iter().map(|(_, c)| c).collect());
    };
    let mut out: Vec<ValueColumn> = Vec::new();
    for name in wanted {
        let mut meant = all
            .iter()
            .filter(|(m, c)| c.name == *name || m == name)
            .map(|(_, c)| c)
            .peekable();
        if meant.peek().is_none() {
            let known = names_in(readers, devices, |device, measurement| {
                format!("{device}.{measurement}")
            })?;
            return Err(unknown_column("timeseries", name, &known));
        }
        // Two names can mean the same timeseries, which has one column all the same.
        for column in meant {
            let is_same = |c: &ValueColumn| {
                c.name == column.name && c.measurement_bytes == column.measurement_bytes
            };
            if !out.iter().any(is_same) {
                out.push(column.clone());
            }
        }
    }
    Ok(out)
}
