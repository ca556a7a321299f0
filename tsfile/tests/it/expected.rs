//! Expected contents (the JSON beside a file) and what a scan returned, brought to one shape and compared.

use arrow_array::cast::AsArray;
use arrow_array::types::{
    Float32Type, Float64Type, Int32Type, Int64Type, TimestampMillisecondType,
};
use arrow_array::{Array, ArrayRef};
use arrow_schema::DataType as ArrowType;
use serde_json::Value as Json;
use std::collections::BTreeMap;
use std::path::Path;
use tsfile::scan::{DEFAULT_BATCH_BYTES, DateMode, Form, Rows, ScanRequest, TimeUnit, scan};
use tsfile::{ReadOptions, TsFileReader};

/// A value as text: floats by their bits, byte strings in hex, text as it is, `None` for null.
pub type Cell = Option<String>;
/// (device, measurement) to time to value.
pub type Points = BTreeMap<(String, String), BTreeMap<i64, String>>;
/// Tags, time, then fields.
pub type TableRow = (Vec<Cell>, i64, Vec<Cell>);

pub fn open(path: &Path) -> TsFileReader {
    TsFileReader::open(path, ReadOptions::default()).unwrap_or_else(|e| panic!("{e}"))
}

/// Batches below a page, which are then put together from parts of pages: whole pages take another path.
const SMALL_BATCH_BYTES: usize = 600;

/// Rows of a request as cells, with the column names; TIMESTAMP and DATE as the integers stored. Large and small batches hold the same, with and
/// without dictionaries.
pub fn read(reader: &TsFileReader, request: ScanRequest) -> (Vec<String>, Vec<Vec<Cell>>) {
    let request = request
        .with_dates(DateMode::Int)
        .with_time_unit(TimeUnit::Ms);
    let rows = read_batches(reader, request.clone());
    let small = request.clone();
    let small = read_batches(reader, small.with_batch_bytes(SMALL_BATCH_BYTES));
    assert!(rows == small, "{}: batches differ by size", reader.name());
    for bytes in [SMALL_BATCH_BYTES, DEFAULT_BATCH_BYTES] {
        let request = request.clone().with_dictionaries(true);
        let keyed = read_batches(reader, request.with_batch_bytes(bytes));
        assert!(rows == keyed, "{}: dictionaries differ", reader.name());
    }
    rows
}

fn read_batches(reader: &TsFileReader, request: ScanRequest) -> (Vec<String>, Vec<Vec<Cell>>) {
    let scan =
        scan(vec![reader.clone()], request).unwrap_or_else(|e| panic!("{}: {e}", reader.name()));
    let names = scan
        .schema()
        .fields()
        .iter()
        .map(|f| f.name().clone())
        .collect();
    let mut rows = Vec::new();
    for batch in scan {
        let batch = batch.unwrap_or_else(|e| panic!("{}: {e}", reader.name()));
        let columns: Vec<Vec<Cell>> = batch.columns().iter().map(|c| cells(c)).collect();
        for row in 0..batch.num_rows() {
            rows.push(columns.iter().map(|c| c[row].clone()).collect());
        }
    }
    (names, rows)
}

/// An array of texts with a dictionary as one without, any other as it is.
pub fn without_dictionary(array: &dyn Array) -> ArrayRef {
    match array.as_dictionary_opt::<Int32Type>() {
        Some(keys) => arrow_select::take::take(keys.values(), keys.keys(), None).unwrap(),
        None => array.slice(0, array.len()),
    }
}

/// The values of an array.
pub fn cells(array: &dyn Array) -> Vec<Cell> {
    let array = &*without_dictionary(array);
    let get = |i: usize| -> String {
        match array.data_type() {
            ArrowType::Boolean => array.as_boolean().value(i).to_string(),
            ArrowType::Int32 => array.as_primitive::<Int32Type>().value(i).to_string(),
            ArrowType::Int64 => array.as_primitive::<Int64Type>().value(i).to_string(),
            ArrowType::Timestamp(_, _) => array
                .as_primitive::<TimestampMillisecondType>()
                .value(i)
                .to_string(),
            ArrowType::Float32 => format!(
                "{:08x}",
                array.as_primitive::<Float32Type>().value(i).to_bits()
            ),
            ArrowType::Float64 => format!(
                "{:016x}",
                array.as_primitive::<Float64Type>().value(i).to_bits()
            ),
            ArrowType::Utf8 => array.as_string::<i32>().value(i).to_string(),
            ArrowType::Binary => array
                .as_binary::<i32>()
                .value(i)
                .iter()
                .map(|b| format!("{b:02x}"))
                .collect(),
            other => panic!("unexpected type {other}"),
        }
    };
    (0..array.len())
        .map(|i| array.is_valid(i).then(|| get(i)))
        .collect()
}

fn json_cell(v: &Json) -> Cell {
    match v {
        Json::Null => None,
        Json::String(s) => Some(s.clone()),
        Json::Bool(b) => Some(b.to_string()),
        Json::Number(n) => Some(n.to_string()),
        other => panic!("unexpected JSON {other}"),
    }
}

pub fn load(path: &Path) -> Json {
    let text = std::fs::read_to_string(path).unwrap();
    serde_json::from_str(&text).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
}

/// What a correct reader returns for each series: `decodes_to` where the encoding loses something, else what was written.
pub fn expected_points(json: &Json) -> Points {
    let mut out = Points::new();
    let Some(devices) = json["series"].as_object() else {
        return out;
    };
    for (device, series) in devices {
        for (measurement, s) in series.as_object().unwrap() {
            let lossy = matches!(s["encoding"].as_str(), Some("TS_2DIFF" | "CAMEL"));
            let instead = match &s["decodes_to"] {
                Json::Array(a) => Some(a),
                // The C++ reader is at fault in SPRINTZ; in the lossy encodings it returns what is there.
                _ if lossy => s["cpp_reads_as"].as_array(),
                _ => None,
            };
            let mut points = BTreeMap::new();
            for (i, row) in s["rows"].as_array().unwrap().iter().enumerate() {
                let value = match instead.map(|a| &a[i]) {
                    Some(Json::Array(pair)) => json_cell(&pair[1]),
                    Some(v) => json_cell(v),
                    None => json_cell(&row[1]),
                };
                if let Some(value) = value {
                    points.insert(row[0].as_i64().unwrap(), value);
                }
            }
            out.insert((device.clone(), measurement.clone()), points);
        }
    }
    // A series without a point need not be in the file.
    out.retain(|_, points| !points.is_empty());
    out
}

/// Points of a narrow scan of one device.
pub fn narrow_points(reader: &TsFileReader, device: &str, rows: Rows) -> Points {
    let request = ScanRequest::new()
        .with_form(Form::Narrow)
        .with_devices(vec![device.to_string()])
        .with_rows(rows);
    let (names, rows) = read(reader, request);
    assert_eq!(names[0], "time");
    assert_eq!(names[1], "device_name");
    let mut out = Points::new();
    let mut last = i64::MIN;
    for (n, row) in rows.iter().enumerate() {
        let time: i64 = row[0].as_ref().unwrap().parse().unwrap();
        assert!(
            n == 0 || time > last,
            "{}: {device}: {time} after {last}",
            reader.name()
        );
        last = time;
        assert_eq!(row[1].as_deref(), Some(device));
        for (name, cell) in names.iter().zip(row).skip(2) {
            if let Some(v) = cell {
                out.entry((device.to_string(), name.clone()))
                    .or_default()
                    .insert(time, v.clone());
            }
        }
    }
    out
}

/// Points of a wide scan of everything.
pub fn wide_points(reader: &TsFileReader) -> BTreeMap<String, BTreeMap<i64, String>> {
    let (names, rows) = read(reader, ScanRequest::new().with_form(Form::Wide));
    let mut out: BTreeMap<String, BTreeMap<i64, String>> = BTreeMap::new();
    let mut last = i64::MIN;
    for (n, row) in rows.iter().enumerate() {
        let time: i64 = row[0].as_ref().unwrap().parse().unwrap();
        assert!(
            n == 0 || time > last,
            "{}: wide rows out of order",
            reader.name()
        );
        last = time;
        assert!(
            row[1..].iter().any(Option::is_some),
            "{}: wide row {time} without a point",
            reader.name()
        );
        for (name, cell) in names.iter().zip(row).skip(1) {
            if let Some(v) = cell {
                out.entry(name.clone()).or_default().insert(time, v.clone());
            }
        }
    }
    out
}

/// Compares the tree devices of a file with the expected points, narrow (both row modes) and wide.
pub fn check_series(reader: &TsFileReader, json: &Json) {
    let expected = expected_points(json);
    let index = reader.index().unwrap_or_else(|e| panic!("{e}"));
    let devices: Vec<String> = index
        .devices()
        .filter(|d| reader.model_of(d.id()) == tsfile::model::Model::Tree)
        .map(|d| d.id().path())
        .collect();
    for rows in [Rows::All, Rows::Projected] {
        let mut got = Points::new();
        for device in &devices {
            got.extend(narrow_points(reader, device, rows));
        }
        same_points(reader.name(), &expected, &got);
    }
    let wide = wide_points(reader);
    let expected: BTreeMap<String, _> = expected
        .into_iter()
        .map(|((d, m), p)| (format!("{d}.{m}"), p))
        .collect();
    same_points(reader.name(), &expected, &wide);
}

/// Compares points with the expected ones of the sample called `name`.
pub fn same_points<K: Ord + std::fmt::Debug>(
    name: &str,
    expected: &BTreeMap<K, BTreeMap<i64, String>>,
    got: &BTreeMap<K, BTreeMap<i64, String>>,
) {
    for (key, points) in expected {
        let Some(mine) = got.get(key) else {
            panic!("{name}: {key:?} is missing")
        };
        let mut lost_in_block = None;
        for (i, (time, value)) in points.iter().enumerate() {
            let got = mine.get(time);
            if got == Some(value) || lost_in_block == Some(i / SPRINTZ_BLOCK) {
                continue;
            }
            match got.and_then(|got| sample_is_at_fault(name, &format!("{key:?}"), value, got)) {
                Some(Fault::Value) => {}
                Some(Fault::RestOfBlock) => lost_in_block = Some(i / SPRINTZ_BLOCK),
                None => panic!("{name}: {key:?} at {time}: expected {value}, got {got:?}"),
            }
        }
        assert_eq!(
            mine.len(),
            points.len(),
            "{name}: {key:?} has more points than expected"
        );
    }
    for key in got.keys() {
        assert!(
            expected.contains_key(key),
            "{name}: {key:?} is not expected"
        );
    }
}

/// Compares the tables of a file with the expected rows; rows come by tags (null first), then time.
pub fn check_tables(reader: &TsFileReader, json: &Json) {
    let Some(tables) = json["tables"].as_object() else {
        return;
    };
    for (table, contents) in tables {
        let table = table.to_lowercase();
        let (names, rows) = read(
            reader,
            ScanRequest::new()
                .with_form(Form::Table)
                .with_table(Some(&table)),
        );
        check_rows(reader.name(), &table, contents, names, rows);
    }
}

/// Compares the rows of one table with what the JSON of the sample `file` says of it.
pub fn check_rows(
    file: &str,
    table: &str,
    contents: &Json,
    names: Vec<String>,
    rows: Vec<Vec<Cell>>,
) {
    let columns: Vec<(String, String)> = contents["columns"]
        .as_array()
        .unwrap()
        .iter()
        .map(|c| {
            (
                c[0].as_str().unwrap().to_lowercase(),
                c[2].as_str().unwrap().to_string(),
            )
        })
        .collect();
    let pick = |row: &[Cell], category: &str| -> Vec<Cell> {
        columns
            .iter()
            .zip(row)
            .filter(|(c, _)| c.1 == category)
            .map(|(_, v)| v.clone())
            .collect()
    };
    let mut expected: Vec<TableRow> = contents["rows"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| {
            let row: Vec<Cell> = row.as_array().unwrap().iter().map(json_cell).collect();
            let time = row[0].as_ref().unwrap().parse().unwrap();
            (pick(&row[1..], "TAG"), time, pick(&row[1..], "FIELD"))
        })
        .collect();
    if let Some(lossy) = contents["decodes_to"].as_array() {
        for (row, instead) in expected.iter_mut().zip(lossy) {
            let cells: Vec<Cell> = instead.as_array().unwrap().iter().map(json_cell).collect();
            let cells = if cells.len() > columns.len() {
                cells[1..].to_vec()
            } else {
                cells
            };
            row.2 = pick(&cells, "FIELD");
        }
    }
    expected.sort();
    let of = |category: &str| -> Vec<String> {
        columns
            .iter()
            .filter(|c| c.1 == category)
            .map(|c| c.0.clone())
            .collect()
    };
    let (tags, fields) = (of("TAG"), of("FIELD"));
    let declared: Vec<String> = std::iter::once(names[0].clone())
        .chain(tags.clone())
        .chain(fields)
        .collect();
    assert_eq!(names, declared, "{}: columns of {table}", file);
    let got: Vec<TableRow> = rows
        .into_iter()
        .map(|row| {
            let time = row[0].as_ref().unwrap().parse().unwrap();
            (
                row[1..=tags.len()].to_vec(),
                time,
                row[1 + tags.len()..].to_vec(),
            )
        })
        .collect();
    for (i, (e, g)) in expected.iter().zip(&got).enumerate() {
        assert_eq!(e, g, "{}: table {table}, row {i}", file);
    }
    assert_eq!(expected.len(), got.len(), "{}: rows of {table}", file);
}

/// Compares a file with the JSON beside it in every form that it supports.
pub fn check_file(path: &Path) {
    let json = load(&path.with_extension("json"));
    let reader = open(path);
    check_series(&reader, &json);
    check_tables(&reader, &json);
}

/// Adds `n` cases of an oracle to the count that `make test` prints at its end.
pub fn count_cases(oracle: &str, n: usize) {
    println!("{oracle}: {n} cases");
    if let Some(file) = std::env::var_os("TSFILE_ORACLE_COUNTS") {
        use std::io::Write;
        let mut out = std::fs::OpenOptions::new()
            .append(true)
            .create(true)
            .open(file)
            .unwrap();
        writeln!(out, "{oracle} {n}").unwrap();
    }
}

/// Files with the extension `tsfile` in a folder, sorted.
pub fn tsfiles(folder: &Path) -> Vec<std::path::PathBuf> {
    let mut out: Vec<_> = std::fs::read_dir(folder)
        .unwrap_or_else(|e| panic!("{}: {e}", folder.display()))
        .map(|e| e.unwrap().path())
        .filter(|p| p.extension().is_some_and(|x| x == "tsfile"))
        .collect();
    out.sort();
    out
}

/// Values of a SPRINTZ block: the first as it is, eight residuals.
const SPRINTZ_BLOCK: usize = 9;

enum Fault {
    Value,
    RestOfBlock,
}

/// The two places where a sample's JSON is not what its bytes mean (docs/compatibility.md, "Samples"):
///
/// * C++ SPRINTZ loses a residual of exactly half the range (-0.0 after 0.0, MIN after 0): the bytes hold a 0 in its place, and what
///   follows in the block was predicted from the value that is gone. The JSON has what was written.
/// * The JSON of one Java SPRINTZ series passed signalling NaNs through a float register, which made them quiet.
fn sample_is_at_fault(file: &str, series: &str, expected: &str, got: &str) -> Option<Fault> {
    let bits = |s: &str| u64::from_str_radix(s, 16).unwrap_or(0);
    if file.ends_with("cpp-2.5.0/enc_sprintz.tsfile") && series.contains("edge") {
        let half = if series.contains("_int") {
            let range = if series.contains("int32") {
                1i128 << 32
            } else {
                1 << 64
            };
            let (a, b): (i128, i128) = (expected.parse().unwrap(), got.parse().unwrap());
            (a - b).rem_euclid(range) == range / 2
        } else {
            bits(expected) ^ bits(got) == 1 << (expected.len() * 4 - 1)
        };
        return half.then_some(Fault::RestOfBlock);
    }
    if file.ends_with("java-v4/enc_sprintz.tsfile")
        && series.contains("float")
        && series.contains("edge")
    {
        let quiet =
            bits(got) | 0x0040_0000 == bits(expected) && f32::from_bits(bits(got) as u32).is_nan();
        return quiet.then_some(Fault::Value);
    }
    None
}
