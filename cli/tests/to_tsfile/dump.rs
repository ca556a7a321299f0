//! All that a file holds, in words that can be compared: types, alignment, schemas, and rows bit for bit.

use std::collections::BTreeMap;
use std::path::Path;

use tsfile::TsFileReader;
use tsfile::model::{ColumnCategory, Model};
use tsfile::scan::{Form, Rows, ScanRequest, TextMode};

use crate::expected::{Cell, open, read};

#[derive(Debug, PartialEq, Eq, Default)]
pub struct Dump {
    /// By path: whether aligned, types of the measurements that have a point, rows.
    pub devices: BTreeMap<String, Device>,
    /// By name: columns with type and category, rows.
    pub tables: BTreeMap<String, (Vec<String>, Vec<Vec<Cell>>)>,
}

#[derive(Debug, PartialEq, Eq, Default)]
pub struct Device {
    pub aligned: bool,
    pub types: BTreeMap<String, String>,
    /// Time, and the values by name; nulls left out.
    pub rows: Vec<(String, BTreeMap<String, String>)>,
}

impl Dump {
    /// Without what the form narrow does not know.
    pub fn without_alignment(mut self) -> Self {
        for device in self.devices.values_mut() {
            device.aligned = false;
            // A non-aligned device has no row without a value.
            device.rows.retain(|(_, values)| !values.is_empty());
        }
        self
    }
}

pub fn dump(path: &Path) -> Dump {
    let reader = open(path);
    let mut all = Dump::default();
    for device in reader.index().unwrap().devices() {
        if reader.model_of(device.id()) == Model::Tree {
            let path = device.id().path();
            let mut own = Device {
                aligned: device.is_aligned(),
                rows: rows(&reader, &path),
                ..Device::default()
            };
            for k in usize::from(own.aligned)..device.series_count() {
                let series = device.timeseries(k).unwrap();
                if series.statistics.count > 0 {
                    own.types
                        .insert(series.measurement, series.data_type.to_string());
                }
            }
            if !own.rows.is_empty() {
                all.devices.insert(path, own);
            }
        }
    }
    for table in reader.tables() {
        let columns = table
            .columns
            .iter()
            // A time column of the usual name is left out by the writer: older Java releases do not know the category.
            .filter(|c| c.category != ColumnCategory::Time || c.measurement.name != "time")
            .map(|c| {
                let m = &c.measurement;
                format!("{} {} {:?}", m.name, m.data_type, c.category)
            })
            .collect();
        let request = ScanRequest::new()
            .with_form(Form::Table)
            .with_table(Some(&table.name))
            .with_text(TextMode::Binary);
        let (_, mut rows) = read(&reader, request);
        rows.sort();
        all.tables.insert(table.name.clone(), (columns, rows));
    }
    all
}

fn rows(reader: &TsFileReader, path: &str) -> Vec<(String, BTreeMap<String, String>)> {
    let request = ScanRequest::new()
        .with_form(Form::Narrow)
        .with_devices(vec![path.to_owned()])
        .with_rows(Rows::All)
        .with_text(TextMode::Binary)
        .with_time_column("\u{1}t")
        .with_device_column("\u{1}d");
    let (names, rows) = read(reader, request);
    rows.into_iter()
        .map(|row| {
            let time = row[0].clone().unwrap();
            let values = names.iter().zip(row).skip(2);
            let values = values.filter_map(|(n, v)| Some((n.clone(), v?))).collect();
            (time, values)
        })
        .collect()
}
