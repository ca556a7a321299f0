//! What our own reader finds in a file, in the same form.

use super::dump::{Device, Dump, escape};
use super::values::hex;
use crate::expected::{cells, open};
use arrow_schema::DataType as ArrowType;
use std::path::Path;
use tsfile::TsFileReader;
use tsfile::model::{ColumnCategory, DataType, DeviceId, Model};
use tsfile::scan::{DateMode, Form, ScanRequest, TimeUnit, scan};

pub fn read(path: &Path) -> Dump {
    let reader = open(path);
    let mut out = Dump::default();
    for (key, value) in &reader.metadata().properties {
        let value = value.as_ref().map_or("\\N".to_string(), |v| hex(v));
        out.properties.insert(escape(key), value);
    }
    for schema in reader.tables() {
        let columns = schema.columns.iter().map(|c| {
            let m = &c.measurement;
            [
                escape(&m.name),
                m.data_type.name().to_string(),
                c.category.name().to_string(),
            ]
        });
        out.tables.insert(escape(&schema.name), columns.collect());
    }
    let index = reader.index().unwrap();
    for d in index.devices() {
        let tree = reader.model_of(d.id()) == Model::Tree;
        let mut device = if tree {
            tree_device(&reader, d.id())
        } else {
            table_device(&reader, d.id())
        };
        let types: Vec<_> = (0..d.series_count())
            .map(|k| d.series(k).unwrap())
            .collect();
        let name = |code| DataType::try_from(code).unwrap().name().to_string();
        let aligned = types
            .first()
            .is_some_and(|s| s.data_type_code == DataType::Vector as u8);
        for s in types {
            if let Some(series) = device.series.get_mut(&escape(s.measurement)) {
                series.data_type = name(s.data_type_code);
            }
        }
        let line = if tree {
            format!("tree\t{}", escape(&d.id().path()))
        } else {
            let segments = d.id().segments();
            let segments: Vec<_> = segments
                .map(|s| s.map_or("\\N".to_string(), escape))
                .collect();
            format!("table\t{}", segments.join("\t"))
        };
        let rows = device.rows.filter(|_| aligned);
        out.devices.insert(
            line,
            Device {
                aligned,
                rows,
                ..device
            },
        );
    }
    out.end = true;
    out
}

fn tree_device(reader: &TsFileReader, id: &DeviceId) -> Device {
    let request = ScanRequest::new()
        .with_form(Form::Narrow)
        .with_devices(vec![id.path()]);
    rows(reader, request, 1)
}

fn table_device(reader: &TsFileReader, id: &DeviceId) -> Device {
    let schema = reader.table(id.table()).unwrap();
    let tags = schema
        .columns
        .iter()
        .filter(|c| c.category == ColumnCategory::Tag)
        .count();
    let own = id.clone();
    let request = ScanRequest::new()
        .with_form(Form::Table)
        .with_table(Some(id.table()))
        .with_device_filter(move |d| *d == own);
    rows(reader, request, tags)
}

/// Series of the columns behind the time and `keys` more.
fn rows(reader: &TsFileReader, request: ScanRequest, keys: usize) -> Device {
    let request = request
        .with_dates(DateMode::Int)
        .with_time_unit(TimeUnit::Ms);
    let scan =
        scan(vec![reader.clone()], request).unwrap_or_else(|e| panic!("{}: {e}", reader.name()));
    let schema = scan.schema();
    let mut device = Device {
        rows: Some(Vec::new()),
        ..Device::default()
    };
    for batch in scan {
        let batch = batch.unwrap_or_else(|e| panic!("{}: {e}", reader.name()));
        let times: Vec<i64> = cells(batch.column(0))
            .into_iter()
            .map(|t| t.unwrap().parse().unwrap())
            .collect();
        device.rows.as_mut().unwrap().extend(&times);
        for (field, column) in schema.fields().iter().zip(batch.columns()).skip(1 + keys) {
            let text = *field.data_type() == ArrowType::Utf8;
            let points = times.iter().zip(cells(column)).filter_map(|(t, v)| {
                let v = v?;
                Some((*t, if text { hex(v.as_bytes()) } else { v }))
            });
            let series = device.series.entry(escape(field.name())).or_default();
            series.points.extend(points);
        }
    }
    device
}
