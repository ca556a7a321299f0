//! All numbers of every sample against the JSON beside it, in time ranges too.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::contents::{Column, Contents, Entity, Table, Times, cell, is_at_fault, samples};
use crate::rows;
use crate::tool::ok;

impl Contents {
    /// What lies in a range.
    fn within(&self, range: Times) -> Self {
        let entity = |e: &Entity| Entity {
            rows: e.rows.range(range.0..=range.1).copied().collect(),
            columns: e
                .columns
                .iter()
                .map(|(name, c)| {
                    let points = c.points.range(range.0..=range.1);
                    let points = points.map(|(t, v)| (*t, v.clone())).collect();
                    let data_type = c.data_type.clone();
                    (name.clone(), Column { data_type, points })
                })
                .collect(),
        };
        let table = |t: &Table| Table {
            tags: t.tags.clone(),
            fields: t.fields.clone(),
            entities: t
                .entities
                .iter()
                .map(|(k, e)| (k.clone(), entity(e)))
                .collect(),
        };
        Self {
            devices: self
                .devices
                .iter()
                .map(|(k, e)| (k.clone(), entity(e)))
                .collect(),
            tables: self
                .tables
                .iter()
                .map(|(k, t)| (k.clone(), table(t)))
                .collect(),
        }
    }

    fn times(&self) -> BTreeSet<i64> {
        let tables = self.tables.values().flat_map(|t| t.entities.values());
        let entities = self.devices.values().chain(tables);
        entities.flat_map(|e| e.rows.iter().copied()).collect()
    }
}

fn ends(times: &BTreeSet<i64>) -> Option<Times> {
    times.first().copied().zip(times.last().copied())
}

/// The number that a cell of the contract shows as text.
fn number(row: &Value, name: &str) -> Option<i64> {
    row[name]
        .as_str()
        .map(|text| text.parse().unwrap_or_else(|_| panic!("{name} of {row}")))
}

fn check_times(row: &Value, times: Option<Times>, what: &str) {
    assert_eq!(
        number(row, "min_time").zip(number(row, "max_time")),
        times,
        "{what}: {row}"
    );
    let source = ["stats_source", "time_source"].map(|s| row[s].as_str());
    let source = source.into_iter().flatten().next();
    assert_eq!(source.is_some(), times.is_some(), "{what}: {row}");
    assert!(
        source.is_none_or(|s| s == "statistics" || s == "scan"),
        "{what}: {row}"
    );
}

/// Rows of `count` by object and column.
pub fn check_count(what: &str, all: &Contents, rows: &[Value]) {
    let mut seen = BTreeSet::new();
    for row in rows {
        let (object, column) = (
            row["object"].as_str().unwrap(),
            row["column"].as_str().unwrap(),
        );
        assert!(seen.insert((object, column)), "{what}: {row} comes twice");
        let n = |name| number(row, name).unwrap() as usize;
        if row["model"] == "tree" {
            // A device without a point may or may not be in the file.
            let none = Entity::default();
            let entity = all.devices.get(object).unwrap_or(&none);
            let points = entity.columns.get(column).map(|c| &c.points);
            let count = points.map_or(0, BTreeMap::len);
            assert_eq!(row["category"], "FIELD");
            assert_eq!(n("non_null_count"), count, "{what}: {row}");
            if all.devices.contains_key(object) {
                assert_eq!(n("row_count"), entity.rows.len(), "{what}: {row}");
                let own: BTreeSet<i64> = points
                    .into_iter()
                    .flat_map(BTreeMap::keys)
                    .copied()
                    .collect();
                check_times(row, ends(&own).or(ends(&entity.rows)), what);
            }
            assert!(row["entity_count"].is_null());
        } else {
            let table = &all.tables[object];
            let times = table
                .entities
                .values()
                .flat_map(|e| e.rows.iter().copied())
                .collect();
            let rows: usize = table.entities.values().map(|e| e.rows.len()).sum();
            let tag = table.tags.iter().position(|t| t == column);
            let category = if tag.is_some() { "TAG" } else { "FIELD" };
            assert_eq!(row["category"], category, "{what}: {row}");
            let count: usize = match tag {
                Some(i) => {
                    let there = table.entities.iter().filter(|(k, _)| k[i].is_some());
                    there.map(|(_, e)| e.rows.len()).sum()
                }
                None => {
                    let columns = table
                        .entities
                        .values()
                        .filter_map(|e| e.columns.get(column));
                    columns.map(|c| c.points.len()).sum()
                }
            };
            let entities = table
                .entities
                .values()
                .filter(|e| !e.rows.is_empty())
                .count();
            assert_eq!(n("row_count"), rows, "{what}: {row}");
            assert_eq!(n("entity_count"), entities, "{what}: {row}");
            assert_eq!(n("non_null_count"), count, "{what}: {row}");
            check_times(row, ends(&times), what);
        }
        assert_eq!(
            n("null_count"),
            n("row_count") - n("non_null_count"),
            "{what}: {row}"
        );
    }
    for (object, device) in &all.devices {
        for column in device.columns.keys() {
            assert!(
                seen.contains(&(object, column)),
                "{what}: {object}.{column} is missing"
            );
        }
    }
    for (object, table) in &all.tables {
        for column in table.tags.iter().chain(table.fields.iter().map(|f| &f.0)) {
            assert!(
                seen.contains(&(object, column)),
                "{what}: {object}.{column} is missing"
            );
        }
    }
}

/// A value of a JSON as the number or the text that is compared.
#[derive(Debug, Clone, PartialEq, PartialOrd)]
enum Key {
    Int(i128),
    Float(f64),
    Text(String),
}

fn key(data_type: &str, value: &str) -> Key {
    match data_type {
        "FLOAT" => Key::Float(f32::from_bits(u32::from_str_radix(value, 16).unwrap()).into()),
        "DOUBLE" => Key::Float(f64::from_bits(u64::from_str_radix(value, 16).unwrap())),
        "BOOLEAN" | "TEXT" | "STRING" => Key::Text(value.to_owned()),
        _ => Key::Int(value.parse().unwrap()),
    }
}

/// What is printed, by the type of the column.
fn printed(data_type: &str, value: &Value) -> Option<Key> {
    match (data_type, value) {
        (_, Value::Null) => None,
        ("FLOAT", Value::Number(n)) => Some(Key::Float(f64::from(n.as_f64().unwrap() as f32))),
        ("DOUBLE", Value::Number(n)) => Some(Key::Float(n.as_f64().unwrap())),
        ("INT32" | "DATE", Value::Number(n)) => Some(Key::Int(n.as_i64().unwrap().into())),
        ("INT64" | "TIMESTAMP", Value::String(s)) => Some(Key::Int(s.parse().unwrap())),
        ("BOOLEAN", Value::Bool(b)) => Some(Key::Text(b.to_string())),
        ("TEXT" | "STRING", Value::String(s)) => Some(Key::Text(s.clone())),
        other => panic!("{other:?}"),
    }
}

fn check_stats_row(what: &str, row: &Value, entity: &Entity, data_type: &str) {
    let field = row["field"].as_str().unwrap();
    let what = format!("{what}: {row}");
    let none = Column::default();
    let column = entity.columns.get(field).unwrap_or(&none);
    let n = |name| number(row, name).unwrap() as usize;
    assert_eq!(n("non_null_count"), column.points.len(), "{what}");
    assert_eq!(
        n("null_count"),
        entity.rows.len() - column.points.len(),
        "{what}"
    );
    let own: BTreeSet<i64> = column.points.keys().copied().collect();
    check_times(row, ends(&own).or(ends(&entity.rows)), &what);
    assert_eq!(row["data_type"], data_type, "{what}");
    if is_at_fault(&what, field) || is_at_fault(&what, row["object"].as_str().unwrap()) {
        return;
    }
    let blob = matches!(data_type, "BLOB" | "OBJECT");
    let keys: Vec<Key> = match blob {
        true => Vec::new(),
        false => column.points.values().map(|v| key(data_type, v)).collect(),
    };
    // JSON has no word for what is not finite.
    let finite = |k: &Key| !matches!(k, Key::Float(v) if !v.is_finite());
    let numbers = keys
        .iter()
        .filter(|k| !matches!(k, Key::Float(v) if v.is_nan()));
    let better = |take: fn(&Key, &Key) -> bool| {
        let has = !matches!(data_type, "BOOLEAN" | "TEXT");
        let best = numbers
            .clone()
            .reduce(|a, b| if take(b, a) { b } else { a });
        best.filter(|_| has)
    };
    for (name, expected) in [
        ("first", keys.first()),
        ("last", keys.last()),
        ("min", better(|a, b| a < b)),
        ("max", better(|a, b| a > b)),
    ] {
        let expected = expected.filter(|k| finite(k)).cloned();
        assert_eq!(printed(data_type, &row[name]), expected, "{name} in {what}");
    }
    let sum = &row["sum"];
    match data_type {
        _ if keys.is_empty() => assert!(sum.is_null(), "{what}"),
        "BOOLEAN" => {
            let trues = column.points.values().filter(|v| *v == "true").count();
            assert_eq!(sum.as_str(), Some(&*trues.to_string()), "{what}");
        }
        "INT32" => {
            let expected = column
                .points
                .values()
                .map(|v| v.parse::<i64>().unwrap())
                .sum::<i64>();
            assert_eq!(sum.as_str(), Some(&*expected.to_string()), "{what}");
        }
        "FLOAT" | "DOUBLE" => {
            let floats = keys.iter().map(|k| match k {
                Key::Float(v) => *v,
                _ => panic!("{k:?}"),
            });
            let (expected, size) = (
                floats.clone().sum::<f64>(),
                floats.map(f64::abs).sum::<f64>(),
            );
            match sum.as_f64() {
                // The stored sum was rounded page by page.
                Some(sum) => assert!((sum - expected).abs() <= size * 1e-12, "{what}: {expected}"),
                None => assert!(!expected.is_finite(), "{what}: {expected}"),
            }
        }
        _ => assert!(sum.is_null(), "{what}"),
    }
}

pub fn check_stats(what: &str, all: &Contents, rows: &[Value]) {
    let mut seen = BTreeSet::new();
    for row in rows {
        let (object, field) = (
            row["object"].as_str().unwrap(),
            row["field"].as_str().unwrap(),
        );
        let mut tags = Vec::new();
        if row["model"] == "tree" {
            if let Some(entity) = all.devices.get(object) {
                // A series without a point need not be in the JSON.
                let stored = row["data_type"].as_str().unwrap();
                let written = entity.columns.get(field).map(|c| &*c.data_type);
                check_stats_row(what, row, entity, written.unwrap_or(stored));
            }
        } else {
            let table = &all.tables[object];
            tags = table
                .tags
                .iter()
                .map(|t| cell(&row[format!("tag.{t}")]))
                .collect();
            let none = Entity::default();
            let entity = table.entities.get(&tags).unwrap_or(&none);
            let declared = table.fields.iter().find(|f| f.0 == field);
            check_stats_row(what, row, entity, &declared.unwrap().1);
        }
        assert!(
            seen.insert((object, tags, field)),
            "{what}: {row} comes twice"
        );
    }
    for (object, device) in &all.devices {
        for field in device.columns.keys() {
            let found = seen.contains(&(&**object, Vec::new(), &**field));
            assert!(found, "{what}: {object}.{field} is missing");
        }
    }
    for (object, table) in &all.tables {
        for (tags, (field, _)) in table
            .entities
            .keys()
            .flat_map(|t| table.fields.iter().map(move |f| (t, f)))
        {
            let found = seen.contains(&(&**object, tags.clone(), &**field));
            assert!(found, "{what}: {object} {tags:?} {field} is missing");
        }
    }
}

#[test]
fn every_number_of_every_sample_is_that_of_its_json() {
    let samples = samples();
    for command in ["count", "stats"] {
        let mut args = vec![command, "-f", "ndjson"];
        if command == "stats" {
            args.extend(["--dates", "int"]);
        }
        args.extend(samples.iter().map(|s| &*s.0));
        let told = rows(&ok(&args));
        for (file, all) in &samples {
            let own: Vec<Value> = told
                .iter()
                .filter(|r| r["file"] == **file)
                .cloned()
                .collect();
            match command {
                "count" => check_count(file, all, &own),
                _ => check_stats(file, all, &own),
            }
        }
    }
}

#[test]
fn every_number_in_a_time_range_is_that_of_the_json() {
    for (n, (file, all)) in samples().into_iter().enumerate() {
        let times: Vec<i64> = all.times().into_iter().collect();
        if times.is_empty() {
            continue;
        }
        // A third of the times, cutting chunks and pages wherever these are; a different third for each file.
        let (first, last) = (times.len() * (n % 3) / 3, times.len() * (n % 3 + 1) / 3);
        let range = (times[first], times[last.min(times.len() - 1)]);
        let inside = all.within(range);
        let flags = [format!("--start={}", range.0), format!("--end={}", range.1)];
        let args = ["-f", "ndjson", &flags[0], &flags[1], &file];
        let what = format!("{file} in {range:?}");
        check_count(
            &what,
            &inside,
            &rows(&ok(&[&["count"], &args[..]].concat())),
        );
        let stats = ok(&[&["stats", "--dates", "int"], &args[..]].concat());
        check_stats(&what, &inside, &rows(&stats));
    }
}
