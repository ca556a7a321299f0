//! Answers from statistics alone are what aggregates over all rows of a full scan find.

use crate::expected::{open, tsfiles};
use crate::golden::golden;
use crate::scan::{Rng, random_file};
use crate::written;
use arrow_array::cast::AsArray;
use arrow_array::types::{
    Float32Type, Float64Type, Int32Type, Int64Type, TimestampMillisecondType,
};
use arrow_array::{Array, RecordBatch};
use arrow_schema::DataType as ArrowType;
use std::collections::BTreeMap;
use std::fmt::Debug;
use tsfile::TsFileReader;
use tsfile::filter::Expr;
use tsfile::model::{DeviceId, Value};
use tsfile::scan::{
    Answer, Answered, Answers, ColumnAnswers, DateMode, Form, Rows, ScanPlan, ScanRequest,
    TextMode, plan,
};

/// How many answers were given, how many were not and why.
#[derive(Debug, Default)]
pub struct Tally {
    pub given: usize,
    pub refused: BTreeMap<String, usize>,
}

impl Tally {
    fn note<T>(&mut self, answer: &Answer<T>) {
        match answer {
            Ok(_) => self.given += 1,
            Err(why) => *self.refused.entry(format!("{why:?}")).or_default() += 1,
        }
    }
}

/// The values of an array as a reader of batches has them.
fn values(array: &dyn Array) -> Vec<Option<Value>> {
    let get = |i: usize| match array.data_type() {
        ArrowType::Boolean => Value::Boolean(array.as_boolean().value(i)),
        ArrowType::Int32 => Value::Int32(array.as_primitive::<Int32Type>().value(i)),
        ArrowType::Int64 => Value::Int64(array.as_primitive::<Int64Type>().value(i)),
        ArrowType::Timestamp(_, _) => {
            Value::Int64(array.as_primitive::<TimestampMillisecondType>().value(i))
        }
        ArrowType::Float32 => Value::Float(array.as_primitive::<Float32Type>().value(i)),
        ArrowType::Float64 => Value::Double(array.as_primitive::<Float64Type>().value(i)),
        ArrowType::Utf8 => Value::Bytes(array.as_string::<i32>().value(i).into()),
        ArrowType::Binary => Value::Bytes(array.as_binary::<i32>().value(i).into()),
        other => panic!("unexpected type {other}"),
    };
    (0..array.len())
        .map(|i| array.is_valid(i).then(|| get(i)))
        .collect()
}

/// As Spark compares: NaN is largest, 0 and -0 are equal.
fn less(a: &Value, b: &Value) -> bool {
    let float = |a: f64, b: f64| a < b || b.is_nan() && !a.is_nan();
    match (a, b) {
        (Value::Boolean(a), Value::Boolean(b)) => a < b,
        (Value::Int32(a), Value::Int32(b)) => a < b,
        (Value::Int64(a), Value::Int64(b)) => a < b,
        (Value::Float(a), Value::Float(b)) => float(f64::from(*a), f64::from(*b)),
        (Value::Double(a), Value::Double(b)) => float(*a, *b),
        (Value::Bytes(a), Value::Bytes(b)) => a < b,
        _ => panic!("{a:?} and {b:?} are not of one type"),
    }
}

type Row = (i64, Vec<Option<Value>>);

fn check<T: Debug>(
    what: &str,
    name: &str,
    tally: &mut Tally,
    answer: &Answer<T>,
    expected: impl FnOnce() -> T,
    same: impl Fn(&T, &T) -> bool,
) {
    tally.note(answer);
    if let Ok(given) = answer {
        let expected = expected();
        assert!(
            same(given, &expected),
            "{what}: {name} is {given:?}, a scan finds {expected:?}"
        );
    }
}

fn check_column(what: &str, got: &ColumnAnswers, points: &[(i64, &Value)], tally: &mut Tally) {
    let equal = |a: &Option<Value>, b: &Option<Value>| match (a, b) {
        (Some(a), Some(b)) => {
            std::mem::discriminant(a) == std::mem::discriminant(b) && !less(a, b) && !less(b, a)
        }
        (None, None) => true,
        _ => false,
    };
    let values = || points.iter().map(|p| p.1);
    let count = || points.len() as u64;
    check(what, "count", tally, &got.count, count, |a, b| a == b);
    let times = points.iter().map(|p| p.0);
    let (start, end) = (times.clone().min(), times.max());
    let span = || start.zip(end);
    check(what, "times", tally, &got.times, span, |a, b| a == b);
    let at = |time: Option<i64>| points.iter().filter(move |p| Some(p.0) == time);
    let first = || at(start).next().map(|p| p.1.clone());
    check(what, "first", tally, &got.first, first, equal);
    let last = || at(end).next_back().map(|p| p.1.clone());
    check(what, "last", tally, &got.last, last, equal);
    let min = || values().reduce(|a, b| if less(b, a) { b } else { a });
    let max = || values().reduce(|a, b| if less(a, b) { b } else { a });
    check(what, "min", tally, &got.min, || min().cloned(), equal);
    check(what, "max", tally, &got.max, || max().cloned(), equal);
    let sum = || -> Option<Value> {
        let numbers = values().map(|v| match v {
            Value::Boolean(v) => i64::from(*v),
            Value::Int32(v) => i64::from(*v),
            other => panic!("{what}: a sum of {other:?} was given"),
        });
        numbers.reduce(|a, b| a + b).map(Value::Int64)
    };
    check(what, "sum", tally, &got.sum, sum, equal);
}

fn check_rows(what: &str, names: &[String], got: &Answered, rows: &[&Row], tally: &mut Tally) {
    let count = || rows.len() as u64;
    check(what, "rows", tally, &got.count, count, |a, b| a == b);
    let times = || {
        let times = rows.iter().map(|r| r.0);
        times.clone().min().zip(times.max())
    };
    check(what, "times", tally, &got.times, times, |a, b| a == b);
    for (i, name) in names.iter().enumerate() {
        let column = got.column(i);
        let points = rows.iter().filter_map(|r| Some((r.0, r.1[i].as_ref()?)));
        let points: Vec<(i64, &Value)> = points.collect();
        check_column(&format!("{what}: {name}"), column, &points, tally);
    }
}

/// Rows of a scan by the columns that say which device they are of, with the values of the columns `names`.
type Scanned = Vec<(Vec<Option<Value>>, Row)>;

fn scanned(plan: &ScanPlan, names: &[String]) -> Option<Scanned> {
    let batches: Result<Vec<RecordBatch>, _> = plan.scan().ok()?.collect();
    let mut out = Vec::new();
    // A scan that fails has no rows to compare with.
    for batch in batches.ok()? {
        let schema = batch.schema();
        let columns: Vec<_> = batch.columns().iter().map(|c| values(c)).collect();
        let is_key = |i: usize| schema.field(i).metadata()["tsfile.category"] == "TAG";
        let shown: Vec<usize> = (1..columns.len()).filter(|&i| !is_key(i)).collect();
        let found: Vec<&String> = shown.iter().map(|&i| schema.field(i).name()).collect();
        assert_eq!(found, names.iter().collect::<Vec<_>>());
        for row in 0..batch.num_rows() {
            let Some(Value::Int64(time)) = columns[0][row] else {
                panic!("a row without a time");
            };
            let keys = (1..columns.len()).filter(|&i| is_key(i));
            let keys = keys.map(|i| columns[i][row].clone()).collect();
            let cells = shown.iter().map(|&i| columns[i][row].clone()).collect();
            out.push((keys, (time, cells)));
        }
    }
    Some(out)
}

/// The columns that say which device a row is of.
fn keys(form: Form, device: &DeviceId, tags: usize) -> Vec<Option<Value>> {
    let text = |t: &str| Value::Bytes(t.as_bytes().to_vec());
    match form {
        Form::Table => (0..tags).map(|i| device.tag(i).map(text)).collect(),
        _ => vec![Some(text(&device.path()))],
    }
}

/// Compares the answers of a plan with its scan; `None` where that fails.
pub fn check_plan(
    what: &str,
    readers: &[TsFileReader],
    request: &ScanRequest,
    tally: &mut Tally,
) -> Option<Answers> {
    let request = request.clone().with_dates(DateMode::Int);
    let planned = plan(readers.to_vec(), request.clone()).ok()?;
    let answers = planned.answers().unwrap_or_else(|e| panic!("{what}: {e}"));
    let rows = scanned(&planned, &answers.names)?;
    let all: Vec<&Row> = rows.iter().map(|r| &r.1).collect();
    check_rows(what, &answers.names, &answers.all, &all, tally);
    assert_eq!(answers.files.len(), readers.len());
    if let [one] = answers.files.as_slice() {
        assert_eq!(*one, answers.all);
    }
    let form = planned.form();
    if form == Form::Wide {
        assert!(answers.devices.is_empty());
        return Some(answers);
    }
    let tags = rows.first().map_or(0, |(k, _)| k.len());
    let mut seen = 0;
    let mut alone = true;
    for device in &answers.devices {
        let key = keys(form, &device.device, tags);
        let same = |d: &&tsfile::scan::DeviceAnswers| keys(form, &d.device, tags) == key;
        if answers.devices.iter().filter(same).count() > 1 {
            // Two devices with the same name.
            alone = false;
            continue;
        }
        let own = rows.iter().filter(|r| r.0 == key);
        let own: Vec<&Row> = own.map(|r| &r.1).collect();
        seen += own.len();
        let what = format!("{what}: {}", device.device);
        check_rows(&what, &answers.names, &device.rows, &own, tally);
    }
    let whole = tags > 0 || form == Form::Narrow;
    assert!(
        !whole || !alone || seen == rows.len(),
        "{what}: {answers:?}"
    );
    Some(answers)
}

/// Some conditions on `times`, and on `names` of devices.
fn conditions(rng: &mut Rng, times: (i64, i64), names: &[String]) -> String {
    let length = (i128::from(times.1) - i128::from(times.0)) as u64;
    let mut time = || {
        let offset = rng.below(length.saturating_add(2).max(1)) as i64;
        times.0.wrapping_add(offset)
    };
    let (a, b, c) = (time(), time(), time());
    let mut name = || format!("'{}'", names[rng.below(names.len() as u64) as usize]);
    let (d, e) = (name(), name());
    match rng.below(6) {
        0 => format!("time > {a}"),
        1 => format!("time < {a} or time > {b} or time = {c}"),
        2 => format!("time between {} and {}", a.min(b), a.max(b)),
        3 => format!("device_name >= {d} and time <> {a}"),
        4 => format!("(device_name = {d} and time <= {a}) or (device_name > {e} and time > {b})"),
        _ => format!("device_name in ({d}, {e})"),
    }
}

/// First and last time of some files.
fn span(readers: &[TsFileReader]) -> (i64, i64) {
    let devices = readers.iter().flat_map(|r| r.index().unwrap().devices());
    let times = devices
        .flat_map(|d| (0..d.series_count()).filter_map(move |k| d.timeseries(k).ok()))
        .filter_map(|s| s.statistics.time_range());
    let all = times.reduce(|a, b| (a.0.min(b.0), a.1.max(b.1)));
    all.unwrap_or((0, 0))
}

#[test]
fn answers_of_random_requests_are_those_of_a_full_scan() {
    let mut rng = Rng(0x00a5_5e55_ed01);
    let mut tally = Tally::default();
    for case in 0..600 {
        let files = 1 + rng.below(3);
        let readers: Vec<TsFileReader> = (0..files).map(|_| random_file(&mut rng).0).collect();
        let form = [Form::Narrow, Form::Narrow, Form::Wide][rng.below(3) as usize];
        let rows = [Rows::All, Rows::Projected][rng.below(2) as usize];
        let mut request = ScanRequest::new().with_form(form).with_rows(rows);
        if rng.below(3) == 0 {
            request = request.with_columns(Some(vec!["a".into()]));
        }
        if rng.below(3) == 0 {
            let (a, b) = (rng.below(80) as i64, 40 + rng.below(120) as i64);
            request = request.with_time_range(a, b);
        }
        if rng.below(8) == 0 {
            request = request.with_limit(Some(rng.below(200)));
        }
        let names = ["root.sg.d0", "root.sg.d1", "root.sg.d2"].map(str::to_string);
        let mut what = format!("case {case}, {form:?}, {rows:?}");
        if rng.below(2) == 0 {
            let text = match rng.below(6) {
                0 => "a > 1000000000".to_string(),
                _ => conditions(&mut rng, span(&readers), &names),
            };
            if form == Form::Narrow || !text.contains("device_name") && !text.contains("a >") {
                request = request.with_filter(Some(Expr::parse(&text).unwrap()));
                what += &format!(", where {text}");
            }
        }
        check_plan(&what, &readers, &request, &mut tally);
    }
    println!("{tally:?}");
    let refused: usize = tally.refused.values().sum();
    assert!(tally.given > refused / 3 && refused > 1_000, "{tally:?}");
    for why in ["Residual", "Limit", "Overlap", "Siblings", "Cut"] {
        assert!(tally.refused.contains_key(why), "{why}: {tally:?}");
    }
}

/// All forms of a file, everything and in ranges that cut it.
fn check_file(reader: &TsFileReader, rng: &mut Rng, tally: &mut Tally) {
    let mut forms = vec![
        ScanRequest::new().with_form(Form::Narrow),
        ScanRequest::new()
            .with_form(Form::Narrow)
            .with_rows(Rows::Projected),
        ScanRequest::new().with_form(Form::Wide),
    ];
    for table in reader.tables() {
        forms.push(ScanRequest::new().with_table(Some(&table.name)));
    }
    let readers = [reader.clone()];
    let times = span(&readers);
    let length = (i128::from(times.1) - i128::from(times.0)) as u64;
    for request in forms {
        for n in 0..4 {
            let mut within = || times.0.wrapping_add(rng.below(length.max(1)) as i64);
            let (a, b) = (within(), within());
            let request = match n {
                0 => request.clone(),
                1 => request.clone().with_text(TextMode::Binary),
                2 => request.clone().with_time_range(a, i64::MAX),
                _ => request.clone().with_time_range(a.min(b), a.max(b)),
            };
            let what = format!("{}, {n}, {request:?}", reader.name());
            check_plan(&what, &readers, &request, tally);
        }
    }
}

#[test]
fn answers_of_every_sample_are_those_of_a_full_scan() {
    let mut writers: Vec<_> = std::fs::read_dir(golden())
        .unwrap()
        .map(|e| e.unwrap().path())
        .collect();
    writers.sort();
    let (mut rng, mut tally) = (Rng(0x5a_3917), Tally::default());
    let files: Vec<_> = writers.iter().flat_map(|w| tsfiles(w)).collect();
    for file in &files {
        check_file(&open(file), &mut rng, &mut tally);
    }
    println!("{} files, {tally:?}", files.len());
    let refused: usize = tally.refused.values().sum();
    assert!(tally.given > refused && refused > 0, "{tally:?}");
    for why in ["Lossy", "NaN", "Type", "Cut"] {
        assert!(tally.refused.contains_key(why), "{why}: {tally:?}");
    }
}

#[test]
fn answers_of_files_that_we_write_are_those_of_a_full_scan() {
    let folder = tempfile::tempdir().unwrap();
    let (mut rng, mut tally) = (Rng(0x77_1177), Tally::default());
    for n in 0..40 {
        written::write_one(folder.path(), written::SEED, n);
    }
    for file in tsfiles(folder.path()) {
        check_file(&open(&file), &mut rng, &mut tally);
    }
    println!("{tally:?}");
    let refused: usize = tally.refused.values().sum();
    assert!(tally.given > refused, "{tally:?}");
}
