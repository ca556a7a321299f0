//! Filters: how they are rewritten, what is read for them, and that threads and splits give the same rows.

use arrow_array::{Array, ArrayRef, Float64Array, Int64Array, RecordBatch, StringArray};
use std::sync::Arc;
use tsfile::filter::Expr;
use tsfile::io::{MemorySink, MemorySource};
use tsfile::model::Form;
use tsfile::scan::{CancelToken, Explain, Query, Rows, ScanRequest, SplitMode, scan};
use tsfile::{ErrorKind, ReadOptions, TsFileReader, TsFileWriter, WriteOptions};

/// 2020-05-08 16:00 and 24 hours later, in milliseconds.
const DAY: (i64, i64) = (1_588_953_600_000, 1_589_040_000_000);
const MINUTE: i64 = 60_000;

pub fn written(batch: &RecordBatch, options: WriteOptions) -> TsFileReader {
    let sink = MemorySink::new("memory.tsfile");
    let output = sink.output();
    let mut writer = TsFileWriter::start(Box::new(sink), batch.schema(), options).unwrap();
    writer.write(batch).unwrap();
    writer.finish().unwrap();
    let source = MemorySource::new(output.bytes().unwrap().to_vec());
    TsFileReader::new(source, "memory", ReadOptions::default()).unwrap()
}

/// Three days, every minute, of two devices; `s2` and `s3` are null at other times than `s1`.
fn plant(columns: &[&str], options: WriteOptions) -> TsFileReader {
    let minutes = 3 * 24 * 60;
    let (mut times, mut devices) = (Vec::new(), Vec::new());
    for device in ["root.group1.d1", "root.group1.d2"] {
        for minute in 0..minutes {
            times.push(DAY.0 - 24 * 60 * MINUTE + minute * MINUTE);
            devices.push(device);
        }
    }
    let rows = times.len();
    let mut all: Vec<(String, ArrayRef)> = vec![
        ("time".into(), Arc::new(Int64Array::from(times))),
        ("device_name".into(), Arc::new(StringArray::from(devices))),
    ];
    for (k, column) in columns.iter().enumerate() {
        let value = |row| has_value(row, k).then_some(row as f64 / 4.0);
        let values: Float64Array = (0..rows).map(value).collect();
        all.push(((*column).into(), Arc::new(values)));
    }
    let batch = RecordBatch::try_from_iter(all).unwrap();
    written(&batch, options)
}

fn has_value(row: usize, column: usize) -> bool {
    row % (column + 2) != column
}

fn options(aligned: bool) -> WriteOptions {
    WriteOptions::default()
        .with_aligned(aligned)
        .with_page_points(500)
}

fn worked_example() -> String {
    let (first, last) = DAY;
    format!("time > {first} and time < {last} and device_name = 'root.group1.d1'")
}

fn ask(reader: &TsFileReader, rows: Rows) -> (Explain, RecordBatch) {
    let query = Query::new(vec![reader.clone()])
        .narrow()
        .select(["s1"])
        .rows(rows)
        .filter(worked_example().as_str())
        .unwrap();
    let plan = query.plan().unwrap();
    let scan = plan.scan().unwrap();
    let schema = scan.schema();
    let batches: Vec<_> = scan.map(|b| b.unwrap()).collect();
    let all = arrow_select::concat::concat_batches(&schema, &batches).unwrap();
    (plan.explain().unwrap(), all)
}

/// One branch, of one device of two, in that open range, with nothing left to test.
fn is_rewritten(explain: &Explain) {
    let filter = explain.filter.as_ref().unwrap();
    let [branch] = filter.branches.as_slice() else {
        panic!("{} branches", filter.branches.len())
    };
    assert_eq!(branch.names, ["root.group1.d1"]);
    let times = format!("time > {} AND time < {}", DAY.0, DAY.1);
    assert_eq!(branch.times.as_deref(), Some(times.as_str()));
    assert_eq!(branch.residual, None);
    let devices = explain.levels.iter().find(|l| l.name == "devices").unwrap();
    assert_eq!((devices.considered, devices.read), (2, 1));
    let [reads] = explain.reads.as_slice() else {
        panic!("{:?}", explain.reads)
    };
    assert_eq!(reads.device, "root.group1.d1");
    assert_eq!(reads.values, ["s1"]);
}

#[test]
fn the_worked_example_on_an_aligned_device_reads_its_time_column() {
    let reader = plant(&["s1", "s2", "s3"], options(true));
    let (explain, rows) = ask(&reader, Rows::All);
    is_rewritten(&explain);
    assert!(explain.reads[0].time_column && explain.reads[0].siblings.is_empty());
    assert_eq!(rows.num_rows(), 24 * 60 - 1);
    let text = explain.to_string();
    let reads = "root.group1.d1\n    values of   s1\n    times       the column that the timeseries of an aligned device share\n";
    assert!(text.contains(reads), "{text}");
    assert!(!text.contains("siblings"), "{text}");
}

#[test]
fn the_worked_example_on_a_device_with_one_series_reads_that() {
    let reader = plant(&["s1"], options(false));
    let (explain, rows) = ask(&reader, Rows::All);
    is_rewritten(&explain);
    assert!(!explain.reads[0].time_column && explain.reads[0].siblings.is_empty());
    assert_eq!(rows.num_rows(), 24 * 60 / 2);
}

#[test]
fn the_worked_example_with_projected_rows_reads_no_sibling() {
    let reader = plant(&["s1", "s2", "s3"], options(false));
    let (explain, rows) = ask(&reader, Rows::Projected);
    is_rewritten(&explain);
    assert!(!explain.reads[0].time_column && explain.reads[0].siblings.is_empty());
    assert_eq!(rows.num_rows(), 24 * 60 / 2);
}

#[test]
fn the_worked_example_by_default_reads_the_times_of_siblings_and_says_so() {
    let reader = plant(&["s1", "s2", "s3"], options(false));
    let (explain, rows) = ask(&reader, Rows::All);
    is_rewritten(&explain);
    assert!(!explain.reads[0].time_column);
    assert_eq!(explain.reads[0].siblings, ["s2", "s3"]);
    let minutes = 24 * 60 + 1..2 * 24 * 60;
    let any = |row: &usize| (0..3).any(|column| has_value(*row, column));
    let existing: Vec<usize> = minutes.filter(any).collect();
    assert_eq!(rows.num_rows(), existing.len());
    let nulls = existing.iter().filter(|row| !has_value(**row, 0)).count();
    assert!(nulls > 0);
    assert_eq!(rows.column(2).null_count(), nulls);
    let text = explain.to_string();
    assert!(
        text.contains("times of    s2, s3\n                siblings, read for row existence"),
        "{text}"
    );
}

#[test]
fn an_or_over_one_device_is_one_branch_with_the_or_left() {
    let reader = plant(&["s1", "s2"], options(true));
    let filter =
        "(device_name='root.group1.d1' and time<4) or (device_name='root.group1.d1' and s1>8)";
    let query = Query::new(vec![reader]).narrow().filter(filter).unwrap();
    let explain = query.plan().unwrap().explain().unwrap();
    let branches = explain.filter.unwrap().branches;
    assert_eq!(branches.len(), 1);
    assert_eq!(branches[0].names, ["root.group1.d1"]);
    assert_eq!(branches[0].times, None);
    let residual = branches[0].residual.clone().unwrap();
    assert_eq!(residual, "time < 4 OR s1 > 8e0");
}

#[test]
fn a_comparison_of_devices_is_decided_by_the_devices_of_the_file() {
    let reader = plant(&["s1"], options(true));
    let query = Query::new(vec![reader]).narrow();
    let query = query.filter("device_name > 'root.group1.d1'").unwrap();
    let explain = query.plan().unwrap().explain().unwrap();
    let branches = explain.filter.unwrap().branches;
    assert_eq!(branches.len(), 1);
    assert_eq!(branches[0].names, ["root.group1.d2"]);
    assert_eq!(branches[0].residual, None);
}

fn all(reader: &TsFileReader, request: ScanRequest) -> RecordBatch {
    let scan = scan(vec![reader.clone()], request).unwrap();
    let schema = scan.schema();
    let batches: Vec<_> = scan.map(|b| b.unwrap()).collect();
    arrow_select::concat::concat_batches(&schema, &batches).unwrap()
}

#[test]
fn statistics_and_values_keep_pages_from_being_decoded() {
    let reader = plant(&["s1", "s2", "s3"], options(true));
    // 8,640 rows of which the last ones of d2 have the largest values.
    let request = ScanRequest::new()
        .with_form(Form::Narrow)
        .with_filter(Some("s1 >= 2150".parse::<Expr>().unwrap()));
    let mut scan = scan(vec![reader.clone()], request).unwrap();
    let rows: usize = scan.by_ref().map(|b| b.unwrap().num_rows()).sum();
    assert_eq!(rows, 20);
    let counters = scan.counters();
    // One page of times, and of three columns.
    assert_eq!(counters.pages, 4, "{counters:?}");
    assert!(counters.pages_skipped >= 8, "{counters:?}");
}

#[test]
fn splits_and_threads_give_the_rows_of_the_plan_in_its_order() {
    for aligned in [true, false] {
        for form in [Form::Narrow, Form::Wide] {
            let reader = plant(
                &["s1", "s2"],
                options(aligned).with_chunk_group_bytes(20_000),
            );
            let request = ScanRequest::new().with_form(form);
            let whole = all(&reader, request.clone());
            for threads in [2, 3, 7] {
                assert_eq!(all(&reader, request.clone().with_threads(threads)), whole);
            }
            let plan = tsfile::scan::plan(vec![reader.clone()], request).unwrap();
            for bytes in [1, 1_000, 10_000, 30_000, 1 << 30] {
                let splits = plan.splits(SplitMode::Parallel { bytes }).unwrap();
                let mut parts = Vec::new();
                for split in &splits {
                    let scan = plan.scan_split(split);
                    let part: Vec<_> = scan.map(|b| b.unwrap()).collect();
                    let times = part.iter().flat_map(|b| {
                        let times = b.column(0).as_any().downcast_ref::<Int64Array>();
                        times.unwrap().values().to_vec()
                    });
                    for time in times {
                        assert!(split.times.0 <= time && time <= split.times.1);
                    }
                    parts.extend(part);
                }
                let schema = plan.schema();
                let parts = arrow_select::concat::concat_batches(&schema, &parts).unwrap();
                assert_eq!(parts, whole, "{aligned} {form:?} {bytes}");
                assert!(bytes > 1_000 || splits.len() > 1);
            }
        }
    }
}

#[test]
fn a_cancelled_scan_ends_with_an_error_of_its_own_kind() {
    let reader = plant(&["s1"], options(true));
    for threads in [1, 2] {
        let token = CancelToken::new();
        let request = ScanRequest::new()
            .with_batch_bytes(1 << 10)
            .with_threads(threads)
            .with_batches_in_flight(1)
            .with_cancel(token.clone());
        let mut scan = scan(vec![reader.clone()], request).unwrap();
        assert!(scan.next().unwrap().is_ok());
        token.cancel();
        let end = scan.find(Result::is_err);
        let e = end.expect("it was cancelled").unwrap_err();
        assert_eq!(e.kind(), ErrorKind::Cancelled);
        assert!(scan.next().is_none());
    }
}
