//! The rows of every object of every sample against the JSON beside it, in time ranges too.

use serde_json::Value;

use crate::contents::{Entity, Table, Times, is_at_fault, samples};
use crate::expected::Cell;
use crate::tool::ok;

/// Fields of CSV; `None` is an unquoted `\N`.
pub fn csv(text: &str) -> Vec<Vec<Cell>> {
    let mut rows = Vec::new();
    let mut row = Vec::new();
    let mut rest = text;
    while !rest.is_empty() {
        let (field, after) = match rest.strip_prefix('"') {
            Some(quoted) => {
                let mut end = 0;
                let bytes = quoted.as_bytes();
                while bytes[end] != b'"' || bytes.get(end + 1) == Some(&b'"') {
                    end += if bytes[end] == b'"' { 2 } else { 1 };
                }
                (
                    Some(quoted[..end].replace("\"\"", "\"")),
                    &quoted[end + 1..],
                )
            }
            None => {
                let end = rest.find([',', '\n']).unwrap();
                let field = &rest[..end];
                ((field != "\\N").then(|| field.to_owned()), &rest[end..])
            }
        };
        row.push(field);
        if after.starts_with('\n') {
            rows.push(std::mem::take(&mut row));
        }
        rest = &after[1..];
    }
    rows
}

/// A value in one spelling, whether it comes from the JSON of a sample or from CSV. NaN has no payload in CSV.
fn spelt(data_type: &str, value: &str, csv: bool) -> String {
    let float = |v: f64| {
        if v.is_nan() {
            "nan".to_owned()
        } else {
            format!("{:x}", v.to_bits())
        }
    };
    match data_type {
        "FLOAT" if csv => float(value.parse::<f32>().unwrap().into()),
        "FLOAT" => float(f32::from_bits(u32::from_str_radix(value, 16).unwrap()).into()),
        "DOUBLE" if csv => float(value.parse::<f64>().unwrap()),
        "DOUBLE" => float(f64::from_bits(u64::from_str_radix(value, 16).unwrap())),
        "BLOB" | "OBJECT" if csv => value.strip_prefix("0x").unwrap().to_owned(),
        _ => value.to_owned(),
    }
}

/// What CSV and NDJSON say of the same value.
fn check_json(what: &str, data_type: &str, csv: &Cell, json: &Value) {
    let same = match (data_type, csv, json) {
        (_, None, json) => json.is_null(),
        ("FLOAT" | "DOUBLE", Some(v), Value::Null) => ["nan", "inf", "-inf"].contains(&&**v),
        ("FLOAT", Some(v), Value::Number(n)) => {
            v.parse::<f32>().unwrap() == n.as_f64().unwrap() as f32
        }
        ("DOUBLE", Some(v), Value::Number(n)) => v.parse::<f64>().unwrap() == n.as_f64().unwrap(),
        ("INT32" | "DATE", Some(v), Value::Number(n)) => *v == n.to_string(),
        ("BOOLEAN", Some(v), Value::Bool(b)) => *v == b.to_string(),
        (_, Some(v), Value::String(s)) => v == s,
        _ => false,
    };
    assert!(same, "{what}: {csv:?} in CSV, {json} in NDJSON");
}

/// The rows of an entity in a range: time and cells in the order of `columns`.
fn entity_rows(entity: &Entity, columns: &[(String, String)], range: Times) -> Vec<Vec<Cell>> {
    let times = entity.rows.range(range.0..=range.1);
    times
        .map(|time| {
            let cells = columns.iter().map(|(name, data_type)| {
                let value = entity.columns.get(name)?.points.get(time)?;
                Some(spelt(data_type, value, false))
            });
            std::iter::once(Some(time.to_string()))
                .chain(cells)
                .collect()
        })
        .collect()
}

fn table_rows(table: &Table, range: Times) -> Vec<Vec<Cell>> {
    let of = |(tags, entity): (&Vec<Cell>, &Entity)| {
        let mut rows = entity_rows(entity, &table.fields, range);
        for row in &mut rows {
            row.splice(1..1, tags.iter().cloned());
        }
        rows
    };
    table.entities.iter().flat_map(of).collect()
}

/// Compares `cat` of one object with what it holds, CSV cell by cell, and NDJSON with CSV.
fn check_object(
    file: &str,
    flags: &[&str],
    range: Times,
    columns: &[(String, String)],
    expected: &[Vec<Cell>],
) {
    let what = format!("{file} {flags:?} in {range:?}");
    let times = [format!("--start={}", range.0), format!("--end={}", range.1)];
    let args = [
        &["cat", file, "--dates", "int", &times[0], &times[1]],
        flags,
    ]
    .concat();
    let told = csv(&ok(&[&args[..], &["-f", "csv"]].concat()));
    let names: Vec<&str> = told[0].iter().map(|n| n.as_deref().unwrap()).collect();
    let wanted: Vec<&str> = columns.iter().map(|c| &*c.0).collect();
    assert_eq!(names[1..], wanted, "{what}");
    assert_eq!(told.len() - 1, expected.len(), "{what}: rows");
    for (row, expected) in told[1..].iter().zip(expected) {
        let cells = columns.iter().zip(&row[1..]);
        let cells = cells.map(|((_, t), v)| Some(spelt(t, v.as_ref()?, true)));
        let row: Vec<Cell> = std::iter::once(row[0].clone()).chain(cells).collect();
        if is_at_fault(&what, &what) {
            assert_eq!(row[0], expected[0], "{what}");
        } else {
            assert_eq!(row, *expected, "{what}");
        }
    }
    let json = ok(&[&args[..], &["-f", "ndjson"]].concat());
    let json: Vec<Value> = json
        .lines()
        .map(|l| serde_json::from_str(l).unwrap())
        .collect();
    assert_eq!(json.len(), told.len() - 1, "{what}");
    for (row, json) in told[1..].iter().zip(&json) {
        let members: Vec<&String> = json.as_object().unwrap().keys().collect();
        assert_eq!(members, names, "{what}");
        assert_eq!(json[names[0]].as_str(), row[0].as_deref(), "{what}");
        for ((name, data_type), cell) in columns.iter().zip(&row[1..]) {
            check_json(&what, data_type, cell, &json[name]);
        }
    }
}

/// A third of some times, the first, second or last.
fn third(times: &[i64], n: usize) -> Times {
    let (first, last) = (times.len() * (n % 3) / 3, times.len() * (n % 3 + 1) / 3);
    (times[first], times[last.min(times.len() - 1)])
}

const ALL: Times = (i64::MIN, i64::MAX);

/// Objects of a sample that are compared: a file can have dozens that are alike.
const OBJECTS: usize = 6;

#[test]
fn the_rows_of_every_sample_are_those_of_its_json() {
    let (mut objects, mut n) = (0, 0);
    for (file, all) in samples() {
        for (path, entity) in all.devices.iter().take(OBJECTS) {
            n += 1;
            let mut columns: Vec<(String, String)> = entity
                .columns
                .iter()
                .map(|(name, c)| (name.clone(), c.data_type.clone()))
                .collect();
            columns.sort();
            let times: Vec<i64> = entity.rows.iter().copied().collect();
            // Series without a point may or may not be there: only those that are written are asked for.
            let names = columns.iter().flat_map(|(name, _)| ["-m", name]);
            let flags: Vec<&str> = ["-d", path].into_iter().chain(names).collect();
            for range in [ALL, third(&times, n)] {
                let expected = entity_rows(entity, &columns, range);
                check_object(&file, &flags, range, &columns, &expected);
            }
            objects += 1;
        }
        for (name, table) in &all.tables {
            n += 1;
            let tags = table.tags.iter().map(|t| (t.clone(), "STRING".to_owned()));
            let columns: Vec<_> = tags.chain(table.fields.iter().cloned()).collect();
            let times = table.entities.values().flat_map(|e| e.rows.iter().copied());
            let mut times: Vec<i64> = times.collect();
            times.sort_unstable();
            let third = if times.is_empty() {
                ALL
            } else {
                third(&times, n)
            };
            for range in [ALL, third] {
                let expected = table_rows(table, range);
                check_object(&file, &["-t", name], range, &columns, &expected);
            }
            objects += 1;
        }
    }
    assert!(objects > 350, "{objects}");
}
