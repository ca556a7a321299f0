//! Summaries of the rows that a condition keeps: from statistics where it asks for devices and one stretch of time, else from a scan.

use std::collections::{HashMap, HashSet, VecDeque};

use arrow_array::cast::AsArray;
use arrow_array::types::Int64Type;
use arrow_array::{Array, ArrayRef, RecordBatch};
use tsfile::model::{DataType, DeviceId, Model};
use tsfile::scan::{
    Aggregates, DeviceSummary, RowSummary, Scan, ScanRequest, SeriesSummary, SummaryRequest,
    SummarySource, plan, summarize,
};
use tsfile::{Error, Result, TsFileReader};

use super::{Devices, SumArgs, tables};
use crate::again;
use crate::exit::Outcome;
use crate::filter::{self, Filter};
use crate::scope::Scope;

/// Name of the time column of tree devices, and of tables that declare none.
const TIME: &str = "time";

/// The condition of `--where` for each table, and for the tree devices, of each file.
pub struct Conditions(HashMap<(String, Option<String>), Filter>);

/// An object, and the columns that it has.
struct Known {
    key: (String, Option<String>),
    /// In lower case.
    names: HashSet<String>,
}

impl Conditions {
    /// What `filter` comes to for the objects in scope.
    ///
    /// # Errors
    /// Input, when a file cannot be read.
    pub fn new(
        filter: &Filter,
        args: &SumArgs,
        readers: impl Iterator<Item = Result<TsFileReader>>,
    ) -> Outcome<Self> {
        let mut known = Vec::new();
        for reader in readers {
            let reader = reader.map_err(again::failure)?;
            known_of(&reader, args, &mut known).map_err(again::failure)?;
        }
        let has = |known: &Known, name: &str| known.names.contains(&name.to_lowercase());
        let filters = filter.of_each(&known, has);
        let keys = known.into_iter().map(|known| known.key);
        Ok(Self(keys.zip(filters).collect()))
    }

    /// For a table, or the tree devices, of a file.
    pub fn of(&self, reader: &TsFileReader, table: Option<&str>) -> Option<&Filter> {
        let key = (reader.name().to_owned(), table.map(str::to_owned));
        self.0.get(&key)
    }
}

fn known_of(reader: &TsFileReader, args: &SumArgs, known: &mut Vec<Known>) -> Result<()> {
    let mut scope = Scope::new(&args.object);
    let key = |table: Option<&str>| (reader.name().to_owned(), table.map(str::to_owned));
    let mut of_table: HashMap<&str, HashSet<String>> = HashMap::new();
    for table in tables(reader, &mut scope) {
        let names = table
            .columns
            .iter()
            .map(|c| c.measurement.name.to_lowercase());
        let names = names.chain([TIME.to_owned()]).collect();
        of_table.insert(&table.name, names);
    }
    let mut of_tree = HashSet::from([TIME, filter::DEVICE].map(str::to_owned));
    for device in reader.index()?.devices() {
        let names = match reader.model_of(device.id()) {
            Model::Table => of_table.get_mut(device.id().table()),
            Model::Tree => scope.device(&device.id().path()).then_some(&mut of_tree),
        };
        if let Some(names) = names {
            for k in 0..device.series_count() {
                names.insert(device.series(k)?.measurement.to_lowercase());
            }
        }
    }
    known.extend(of_table.into_iter().map(|(table, names)| Known {
        key: key(Some(table)),
        names,
    }));
    known.push(Known {
        key: key(None),
        names: of_tree,
    });
    Ok(())
}

/// Devices that have a row of `scan`, which has a filter and, but for that, asks for the same as `request`. Of a table the columns behind the time
/// are its `tags` first. Series are listed that `wants` accepts.
///
/// # Errors
/// As [`plan`] and [`summarize`].
pub fn summaries(
    reader: &TsFileReader,
    scan: ScanRequest,
    request: SummaryRequest,
    tags: Vec<String>,
    wants: Box<dyn Fn(&str) -> bool>,
) -> Result<Devices> {
    // Columns that are not tested have no say in it, not even those whose devices disagree about their type.
    let asked = plan(
        vec![reader.clone()],
        scan.clone().with_columns(Some(Vec::new())),
    )?;
    if let Some((devices, (first, last))) = asked.devices_and_times()? {
        let request = request
            .with_device_filter(move |device| devices.contains(device))
            .with_time_range(first, last);
        let has_rows = |found: &Result<DeviceSummary>| match found {
            Ok(device) => device.rows.is_some_and(|rows| rows.times.is_some()),
            Err(_) => true,
        };
        return Ok(Box::new(summarize(reader, request)?.filter(has_rows)));
    }
    let plan = plan(vec![reader.clone()], scan)?;
    let of_table = plan.table().map(str::to_owned);
    let mut places: HashMap<Key, Vec<usize>> = HashMap::new();
    for (position, device) in reader.index()?.devices().enumerate() {
        let id = device.id();
        let is_in = match &of_table {
            Some(table) => reader.model_of(id) == Model::Table && id.table() == table,
            None => reader.model_of(id) == Model::Tree,
        };
        if is_in {
            places
                .entry(key_of(id, of_table.is_some(), tags.len()))
                .or_default()
                .push(position);
        }
    }
    let schema = plan.schema();
    let first_value = if of_table.is_some() {
        1 + tags.len()
    } else {
        2
    };
    let fields = schema.fields().iter().enumerate().skip(first_value);
    Ok(Box::new(Kept {
        reader: reader.clone(),
        scan: plan.scan()?,
        columns: fields.map(|(i, field)| (field.name().clone(), i)).collect(),
        first_value,
        tags,
        wants,
        places,
        open: None,
        done: VecDeque::new(),
    }))
}

/// The values of the key columns of a device: its path, or its tags.
type Key = Vec<Option<String>>;

fn key_of(id: &DeviceId, is_entity: bool, tags: usize) -> Key {
    if is_entity {
        (0..tags).map(|i| id.tag(i).map(str::to_owned)).collect()
    } else {
        vec![Some(id.path())]
    }
}

/// Rows of a scan, summed up device by device.
struct Kept {
    reader: TsFileReader,
    scan: Scan,
    /// Value columns by name.
    columns: HashMap<String, usize>,
    first_value: usize,
    tags: Vec<String>,
    wants: Box<dyn Fn(&str) -> bool>,
    /// Where the devices are in the index.
    places: HashMap<Key, Vec<usize>>,
    /// The device whose rows come.
    open: Option<(Key, Sums)>,
    done: VecDeque<DeviceSummary>,
}

/// What is known of a device so far.
#[derive(Default)]
struct Sums {
    rows: Points,
    values: Vec<Points>,
}

#[derive(Default, Clone, Copy)]
struct Points {
    count: u64,
    times: Option<(i64, i64)>,
}

impl Points {
    fn add(&mut self, count: usize, first: i64, last: i64) {
        self.count = self.count.saturating_add(count as u64);
        let (a, b) = self.times.unwrap_or((first, last));
        self.times = Some((a.min(first), b.max(last)));
    }
}

impl Iterator for Kept {
    type Item = Result<DeviceSummary>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if let Some(device) = self.done.pop_front() {
                return Some(Ok(device));
            }
            let added = match self.scan.next() {
                Some(Ok(batch)) => self.add(&batch),
                Some(Err(e)) => Err(e),
                None => match self.open.take() {
                    Some((key, sums)) => self.close(&key, &sums),
                    None => return None,
                },
            };
            if let Err(e) = added {
                return Some(Err(e));
            }
        }
    }
}

impl Kept {
    fn add(&mut self, batch: &RecordBatch) -> Result<()> {
        let keys: Vec<ArrayRef> = (1..self.first_value)
            .map(|i| ArrayRef::clone(batch.column(i)))
            .collect();
        let same = |a: usize, b: usize| keys.iter().all(|k| text(k, a) == text(k, b));
        let mut from = 0;
        while from < batch.num_rows() {
            let rest = from + 1..batch.num_rows();
            let to = rest
                .clone()
                .find(|&row| !same(from, row))
                .unwrap_or(rest.end);
            let key: Key = keys
                .iter()
                .map(|k| text(k, from).map(str::to_owned))
                .collect();
            if self.open.as_ref().is_none_or(|(open, _)| *open != key) {
                if let Some((key, sums)) = self.open.take() {
                    self.close(&key, &sums)?;
                }
                self.open = Some((key, Sums::default()));
            }
            if let Some((_, sums)) = &mut self.open {
                sums.add(&batch.slice(from, to - from), self.first_value);
            }
            from = to;
        }
        Ok(())
    }

    /// All rows of a device have come.
    fn close(&mut self, key: &Key, sums: &Sums) -> Result<()> {
        let index = self.reader.index()?;
        let mut series: Vec<SeriesSummary> = Vec::new();
        let places = self.places.get(key).into_iter().flatten();
        let mut id = None;
        for device in places.filter_map(|&p| index.device(p)) {
            id.get_or_insert_with(|| device.id().clone());
            for k in 0..device.series_count() {
                let found = device.series(k)?;
                let name = found.measurement;
                let is_column = !name.is_empty() && !self.tags.iter().any(|t| t == name);
                if !is_column
                    || !(self.wants)(name)
                    || series.iter().any(|s| *s.measurement == *name)
                {
                    continue;
                }
                let column = self.columns.get(name).map(|i| i - self.first_value);
                let points = column.and_then(|i| sums.values.get(i)).copied();
                let points = points.unwrap_or_default();
                series.push(SeriesSummary {
                    measurement: name.into(),
                    data_type: found.data_type().unwrap_or(DataType::Vector),
                    count: points.count,
                    times: points.times,
                    values: Aggregates::default(),
                    source: SummarySource::Scan,
                });
            }
        }
        let device = id.ok_or_else(|| Error::argument("rows of a device that is not there"))?;
        // What of a tree device is not wanted has no summary.
        if series.is_empty() && self.scan.table().is_none() {
            return Ok(());
        }
        self.done.push_back(DeviceSummary {
            device,
            rows: Some(RowSummary {
                count: sums.rows.count,
                times: sums.rows.times,
                source: SummarySource::Scan,
            }),
            series,
        });
        Ok(())
    }
}

impl Sums {
    /// Rows of one device, in the order of time.
    fn add(&mut self, rows: &RecordBatch, first_value: usize) {
        let times = rows.column(0).as_primitive::<Int64Type>().values();
        if let (Some(&first), Some(&last)) = (times.first(), times.last()) {
            self.rows.add(rows.num_rows(), first, last);
        }
        let values = rows.columns().iter().skip(first_value);
        self.values.resize(values.len(), Points::default());
        for (points, column) in self.values.iter_mut().zip(values) {
            let mut there = (0..column.len()).filter(|&row| column.is_valid(row));
            let (first, last) = (there.clone().next(), there.next_back());
            let at = |row: Option<usize>| row.and_then(|row| times.get(row)).copied();
            if let (Some(first), Some(last)) = (at(first), at(last)) {
                points.add(column.len() - column.null_count(), first, last);
            }
        }
    }
}

/// The text of a key column in a row.
fn text(column: &ArrayRef, row: usize) -> Option<&str> {
    let texts = column.as_string::<i32>();
    texts.is_valid(row).then(|| texts.value(row))
}
