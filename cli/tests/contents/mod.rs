//! What is in the samples, as the JSON beside each says it, by object and column.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;
use tsfile::TsFileReader;
use tsfile::scan::{Form, ScanRequest};

use crate::expected::{self, Cell, expected_points, load, read, tsfiles};

pub type Times = (i64, i64);

pub fn golden() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../testdata/golden")
}

/// What one column of one object (or entity) holds.
#[derive(Debug, Clone, Default)]
pub struct Column {
    pub data_type: String,
    pub points: BTreeMap<i64, String>,
}

/// A device, or an entity of a table: when it has rows, and what is in its columns.
#[derive(Debug, Clone, Default)]
pub struct Entity {
    pub rows: BTreeSet<i64>,
    pub columns: BTreeMap<String, Column>,
}

/// What a file holds: devices by path, tables with the entities by tags.
#[derive(Debug, Default)]
pub struct Contents {
    pub devices: BTreeMap<String, Entity>,
    pub tables: BTreeMap<String, Table>,
}

#[derive(Debug, Default)]
pub struct Table {
    pub tags: Vec<String>,
    pub fields: Vec<(String, String)>,
    pub entities: BTreeMap<Vec<Cell>, Entity>,
}

pub fn cell(value: &Value) -> Cell {
    match value {
        Value::Null => None,
        Value::String(s) => Some(s.clone()),
        other => Some(other.to_string()),
    }
}

pub fn contents(file: &Path) -> Contents {
    let json = load(&file.with_extension("json"));
    let mut all = Contents::default();
    for ((device, measurement), points) in expected_points(&json) {
        let entity = all.devices.entry(device.clone()).or_default();
        entity.rows.extend(points.keys());
        let data_type = json["series"][&device][&measurement]["type"]
            .as_str()
            .unwrap();
        let data_type = data_type.to_owned();
        entity
            .columns
            .insert(measurement, Column { data_type, points });
    }
    for (name, written) in json["tables"].as_object().into_iter().flatten() {
        let columns: Vec<[String; 3]> = written["columns"]
            .as_array()
            .unwrap()
            .iter()
            .map(|c| [0, 1, 2].map(|i| c[i].as_str().unwrap().to_owned()))
            .collect();
        let of = |category: &str| {
            let columns = columns.iter().filter(move |c| c[2] == category);
            columns
                .map(|c| (c[0].to_lowercase(), c[1].clone()))
                .collect::<Vec<_>>()
        };
        let mut table = Table {
            tags: of("TAG").into_iter().map(|c| c.0).collect(),
            fields: of("FIELD"),
            entities: BTreeMap::new(),
        };
        let instead = written["decodes_to"].as_array();
        for (n, row) in written["rows"].as_array().unwrap().iter().enumerate() {
            let time = row[0].as_i64().unwrap();
            let row = &row.as_array().unwrap()[1..];
            let decoded = instead.map(|rows| rows[n].as_array().unwrap());
            let decoded = decoded.map(|d| &d[d.len() - row.len()..]).unwrap_or(row);
            let tags = columns.iter().zip(row).filter(|(c, _)| c[2] == "TAG");
            let entity = table
                .entities
                .entry(tags.map(|(_, v)| cell(v)).collect())
                .or_default();
            entity.rows.insert(time);
            for (column, value) in columns.iter().zip(decoded).filter(|(c, _)| c[2] == "FIELD") {
                let own = entity.columns.entry(column[0].to_lowercase()).or_default();
                own.data_type.clone_from(&column[1]);
                if let Some(value) = cell(value) {
                    own.points.insert(time, value);
                }
            }
        }
        all.tables.insert(name.to_lowercase(), table);
    }
    // The JSON of tree devices leaves out rows without a value, which an aligned device can have.
    let reader = expected::open(file);
    for (path, entity) in &mut all.devices {
        entity.rows.extend(narrow_times(&reader, path));
    }
    all
}

pub fn narrow_times(reader: &TsFileReader, path: &str) -> Vec<i64> {
    let request = ScanRequest::new()
        .with_form(Form::Narrow)
        .with_devices(vec![path.to_owned()]);
    let (_, rows) = read(reader, request);
    rows.iter()
        .map(|r| r[0].as_ref().unwrap().parse().unwrap())
        .collect()
}

/// Files, their names as the tool prints them, and what is in them.
pub fn samples() -> Vec<(String, Contents)> {
    let mut writers: Vec<_> = fs::read_dir(golden())
        .unwrap()
        .map(|w| w.unwrap().path())
        .collect();
    writers.sort();
    let files: Vec<_> = writers.iter().flat_map(|w| tsfiles(w)).collect();
    assert_eq!(files.len(), 128);
    files
        .iter()
        .map(|file| {
            let name = file.strip_prefix(golden()).unwrap();
            (name.to_str().unwrap().to_owned(), contents(file))
        })
        .collect()
}

/// Sprintz of two writers lost values that the JSON has (docs/compatibility.md, "Samples").
pub fn is_at_fault(what: &str, column: &str) -> bool {
    let file = ["cpp-2.5.0/enc_sprintz.tsfile", "java-v4/enc_sprintz.tsfile"];
    file.iter().any(|f| what.contains(f)) && column.contains("edge")
}
