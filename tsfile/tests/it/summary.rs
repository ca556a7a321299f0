//! Summaries are what a full scan amounts to.

use crate::expected::{Cell, open, read, tsfiles};
use crate::golden::golden;
use crate::scan::{Rng, random_file};
use std::collections::BTreeMap;
use std::path::Path;
use tsfile::io::MemorySource;
use tsfile::model::{DataType, DeviceId, Value};
use tsfile::scan::{
    Aggregates, DeviceSummary, Form, Rows, ScanCounters, ScanRequest, SeriesSummary,
    SummaryRequest, SummarySource, summarize,
};
use tsfile::{ReadOptions, TsFileReader};

type Times = (i64, i64);
const ALL: Times = (i64::MIN, i64::MAX);

/// All devices, and the work that took.
pub fn summaries(
    reader: &TsFileReader,
    request: SummaryRequest,
) -> (Vec<DeviceSummary>, ScanCounters) {
    let mut all = summarize(reader, request).unwrap();
    let found: Result<Vec<_>, _> = all.by_ref().collect();
    (found.unwrap_or_else(|e| panic!("{e}")), all.counters())
}

/// A cell of a scan as the value that it shows.
fn value(data_type: DataType, cell: &str) -> Value {
    match data_type {
        DataType::Boolean => Value::Boolean(cell == "true"),
        DataType::Int32 | DataType::Date => Value::Int32(cell.parse().unwrap()),
        DataType::Int64 | DataType::Timestamp => Value::Int64(cell.parse().unwrap()),
        DataType::Float => Value::Float(f32::from_bits(u32::from_str_radix(cell, 16).unwrap())),
        DataType::Double => Value::Double(f64::from_bits(u64::from_str_radix(cell, 16).unwrap())),
        _ => Value::Bytes(cell.as_bytes().to_vec()),
    }
}

fn float(value: &Value) -> Option<f64> {
    match value {
        Value::Float(v) => Some(f64::from(*v)),
        Value::Double(v) => Some(*v),
        _ => None,
    }
}

/// What points amount to, said in the plainest way.
fn expected(data_type: DataType, points: &[(i64, Value)]) -> Aggregates {
    let is = |types: &[DataType]| types.contains(&data_type);
    if is(&[DataType::Blob, DataType::Object]) || points.is_empty() {
        return Aggregates::default();
    }
    let less = |a: &Value, b: &Value| match (a, b) {
        (Value::Int32(a), Value::Int32(b)) => a < b,
        (Value::Int64(a), Value::Int64(b)) => a < b,
        (Value::Bytes(a), Value::Bytes(b)) => a < b,
        (a, b) => float(a).unwrap() < float(b).unwrap(),
    };
    let numbers = points.iter().map(|p| &p.1);
    let numbers = numbers.filter(|v| !float(v).is_some_and(f64::is_nan));
    let extreme = |better: &dyn Fn(&Value, &Value) -> bool| {
        let best = numbers
            .clone()
            .reduce(|a, b| if better(b, a) { b } else { a });
        best.or(points.first().map(|p| &p.1)).cloned()
    };
    let has_extremes = !is(&[DataType::Boolean, DataType::Text]);
    let sum = match data_type {
        DataType::Boolean => {
            let trues = points.iter().filter(|p| p.1 == Value::Boolean(true));
            Some(Value::Int64(trues.count() as i64))
        }
        DataType::Int32 => Some(Value::Int64(
            points
                .iter()
                .map(|p| match p.1 {
                    Value::Int32(v) => i64::from(v),
                    _ => panic!("{:?}", p.1),
                })
                .sum(),
        )),
        DataType::Float | DataType::Double => Some(Value::Double(
            points.iter().filter_map(|p| float(&p.1)).sum(),
        )),
        _ => None,
    };
    Aggregates {
        first: points.first().map(|p| p.1.clone()),
        last: points.last().map(|p| p.1.clone()),
        min: has_extremes.then(|| extreme(&less)).flatten(),
        max: has_extremes.then(|| extreme(&|a, b| less(b, a))).flatten(),
        sum,
    }
}

/// Bit for bit, but for the payload of NaN and the last digits of a sum that was stored.
fn same(a: &Option<Value>, b: &Option<Value>, tolerance: f64) -> bool {
    match (a.as_ref().and_then(float), b.as_ref().and_then(float)) {
        (Some(x), Some(y)) => {
            a.as_ref().map(std::mem::discriminant) == b.as_ref().map(std::mem::discriminant)
                && (x == y || x.is_nan() && y.is_nan() || (x - y).abs() <= tolerance)
        }
        _ => a == b,
    }
}

fn check_series(what: &str, got: &SeriesSummary, points: &[(i64, Value)]) {
    let what = format!(
        "{what}.{} ({}, {:?})",
        got.measurement, got.data_type, got.source
    );
    assert_eq!(got.count, points.len() as u64, "{what}: count");
    let times = points.first().zip(points.last()).map(|(a, b)| (a.0, b.0));
    assert_eq!(got.times, times, "{what}: times");
    let expected = expected(got.data_type, points);
    let size: f64 = points
        .iter()
        .filter_map(|p| float(&p.1))
        .map(f64::abs)
        .sum();
    let rounding = if got.source == SummarySource::Statistics {
        size * 1e-12
    } else {
        0.0
    };
    for (name, a, b, tolerance) in [
        ("first", &got.values.first, &expected.first, 0.0),
        ("last", &got.values.last, &expected.last, 0.0),
        ("min", &got.values.min, &expected.min, 0.0),
        ("max", &got.values.max, &expected.max, 0.0),
        (
            "sum",
            &got.values.sum,
            &expected.sum,
            rounding.max(size * 1e-12),
        ),
    ] {
        assert!(
            same(a, b, tolerance),
            "{what}: {name} is {a:?}, expected {b:?}"
        );
    }
}

/// Rows as (time, cells by column name).
type Table = Vec<(i64, BTreeMap<String, Cell>)>;

fn check_device(what: &str, got: &DeviceSummary, rows: &Table) {
    let times = rows.first().zip(rows.last()).map(|(a, b)| (a.0, b.0));
    let told = got.rows.unwrap();
    assert_eq!(
        (told.count, told.times),
        (rows.len() as u64, times),
        "{what}: rows, {told:?}"
    );
    let mut seen: Vec<&str> = Vec::new();
    for series in &got.series {
        let points: Vec<(i64, Value)> = rows
            .iter()
            .filter_map(|(t, cells)| {
                let cell = cells.get(&*series.measurement)?.as_ref()?;
                Some((*t, value(series.data_type, cell)))
            })
            .collect();
        check_series(what, series, &points);
        seen.push(&series.measurement);
    }
    let named = rows.iter().flat_map(|(_, cells)| cells);
    for (name, _) in named.filter(|(_, cell)| cell.is_some()) {
        assert!(
            seen.contains(&name.as_str()),
            "{what}: {name} has no summary"
        );
    }
}

/// The rows of a scan, by the columns that identify a device.
fn by_device(
    reader: &TsFileReader,
    request: ScanRequest,
    keys: usize,
) -> BTreeMap<Vec<Cell>, Table> {
    let (names, rows) = read(reader, request);
    let mut out: BTreeMap<Vec<Cell>, Table> = BTreeMap::new();
    for row in rows {
        let time = row[0].as_ref().unwrap().parse().unwrap();
        let cells = names
            .iter()
            .cloned()
            .zip(row.iter().cloned())
            .skip(1 + keys);
        let table = out.entry(row[1..=keys].to_vec()).or_default();
        table.push((time, cells.collect()));
    }
    out
}

/// Compares all summaries of a file with full scans, in a time range.
fn check(reader: &TsFileReader, range: Times) {
    let request = ScanRequest::new().with_time_range(range.0, range.1);
    let summary = SummaryRequest::new().with_time_range(range.0, range.1);
    let name = format!("{} in {range:?}", reader.name());
    // Types may differ between devices: one at a time.
    for got in summaries(reader, summary.clone()).0 {
        let path = got.device.path();
        let narrow = request
            .clone()
            .with_form(Form::Narrow)
            .with_devices(vec![path.clone()])
            .with_rows(Rows::All);
        let rows = by_device(reader, narrow, 1);
        let empty = Table::new();
        let rows = rows.values().next().unwrap_or(&empty);
        check_device(&format!("{name}: {path}"), &got, rows);
    }
    for table in reader.tables() {
        let tags = table.columns_of(tsfile::model::ColumnCategory::Tag).count();
        let rows = by_device(reader, request.clone().with_table(Some(&table.name)), tags);
        let summary = summary.clone().with_table(Some(&table.name));
        let found = summaries(reader, summary).0;
        let key = |d: &DeviceId| -> Vec<Cell> {
            (0..tags).map(|i| d.tag(i).map(str::to_string)).collect()
        };
        for got in &found {
            let empty = Table::new();
            let rows = rows.get(&key(&got.device)).unwrap_or(&empty);
            check_device(&format!("{name}: {} {}", table.name, got.device), got, rows);
        }
        for device in rows.keys() {
            assert!(
                found.iter().any(|d| key(&d.device) == *device),
                "{name}: {device:?}"
            );
        }
    }
}

/// First and last time of a file, as its summaries say.
fn span(reader: &TsFileReader) -> Option<Times> {
    let tables = reader.tables().map(|t| Some(t.name.clone()));
    tables
        .chain([None])
        .flat_map(|t| summaries(reader, SummaryRequest::new().with_table(t.as_deref())).0)
        .filter_map(|d| d.rows?.times)
        .reduce(|a, b| (a.0.min(b.0), a.1.max(b.1)))
}

/// Everything, and some ranges that cut chunks and pages.
fn check_ranges(reader: &TsFileReader, rng: &mut Rng) {
    check(reader, ALL);
    let Some((start, end)) = span(reader) else {
        return;
    };
    let length = (i128::from(end) - i128::from(start)) as u64;
    let mut within = || start.wrapping_add(rng.below(length.saturating_add(1).max(1)) as i64);
    let (a, b) = (within(), within());
    for range in [
        (a.min(b), a.max(b)),
        (a, i64::MAX),
        (i64::MIN, b),
        (b, b),
        (end.saturating_add(1), i64::MAX),
    ] {
        check(reader, range);
    }
}

/// Compares the summaries of a file with full scans of it, in several ranges.
pub fn check_summaries(path: &Path) {
    let seed = path.as_os_str().as_encoded_bytes().iter();
    let seed = seed.fold(1u64, |s, b| s.wrapping_mul(31).wrapping_add(u64::from(*b)));
    check_ranges(&open(path), &mut Rng(seed | 1));
}

#[test]
fn summaries_of_every_sample_are_those_of_a_full_scan() {
    let mut failed = Vec::new();
    let mut files = 0;
    let mut writers: Vec<_> = std::fs::read_dir(golden())
        .unwrap()
        .map(|e| e.unwrap().path())
        .collect();
    writers.sort();
    for file in writers.iter().flat_map(|w| tsfiles(w)) {
        files += 1;
        if std::panic::catch_unwind(|| check_summaries(&file)).is_err() {
            failed.push(file.display().to_string());
        }
    }
    assert!(
        failed.is_empty(),
        "{} of {files} files differ:\n{}",
        failed.len(),
        failed.join("\n")
    );
}

#[test]
fn summaries_of_overlapping_chunks_are_those_of_a_full_scan() {
    let mut rng = Rng(0x0ff_1e55);
    for _ in 0..300 {
        let (reader, ..) = random_file(&mut rng);
        check_ranges(&reader, &mut rng);
    }
}

#[test]
fn summaries_of_recovered_files_are_those_of_a_full_scan() {
    let mut rng = Rng(0x04ec_07e4);
    for file in [
        "java-2.4.0/multi",
        "java-2.4.0/types_tree",
        "cpp-2.5.0/table_nulls_multipage",
        "java-2.4.0/enc_aligned_all",
    ] {
        let path = golden().join(file).with_extension("tsfile");
        let whole = open(&path);
        let bytes = std::fs::read(&path).unwrap();
        let cut = bytes[..whole.data_end() as usize].to_vec();
        let options = ReadOptions::new().with_recover(true);
        let reader = TsFileReader::new(MemorySource::new(cut), file, options).unwrap();
        assert!(reader.is_recovered());
        check_ranges(&reader, &mut rng);
    }
}
