//! Conditions on devices are decided on the names in the index: of devices that cannot pass, no timeseries is read.

use crate::lookup::{Sample, written};
use arrow_array::{Array, ArrayRef, Float64Array, Int32Array, Int64Array, RecordBatch};
use arrow_schema::{DataType as ArrowType, Field, Schema};
use std::sync::Arc;
use tsfile::filter::Expr;
use tsfile::format::FormatVersion;
use tsfile::io::MemorySink;
use tsfile::model::DeviceId;
use tsfile::scan::{Form, ScanRequest, plan};
use tsfile::{TsFileReader, TsFileWriter, WriteOptions};

/// What little there is beside device names: file metadata that were cut off, and the nodes and timeseries of the few devices that pass.
const SLACK_BYTES: u64 = 160 * 1024;

fn tree_device(i: usize) -> DeviceId {
    DeviceId::from_path(&format!("root.ln.wf{:03}.wt{:02}", i / 100, i % 100))
}

/// 20,000 devices with columns `s` and mostly `t`, all INT64.
fn tree() -> Sample {
    let devices: Vec<DeviceId> = (0..20_000).map(tree_device).collect();
    Sample::new("tree", written(&devices, FormatVersion::V4, 256))
}

fn table() -> Sample {
    let device = |i: usize| {
        let tags = [i / 2_000, i % 2_000 / 50, i % 50];
        let tags = tags.iter().map(|n| format!("v{n:02}"));
        DeviceId::new(["plant".to_string()].into_iter().chain(tags).map(Some))
    };
    let devices: Vec<DeviceId> = (0..20_000).map(device).collect();
    Sample::new("table", written(&devices, FormatVersion::V4, 256))
}

/// All rows as text.
fn rows(reader: TsFileReader, request: ScanRequest) -> (Arc<Schema>, Vec<String>) {
    let plan = plan(vec![reader], request).unwrap();
    let mut out = Vec::new();
    for batch in plan.scan().unwrap() {
        let batch = batch.unwrap();
        for row in 0..batch.num_rows() {
            let row = batch
                .columns()
                .iter()
                .map(|c| format!("{:?}", c.slice(row, 1)));
            out.push(row.collect::<Vec<_>>().concat());
        }
    }
    (plan.schema(), out)
}

fn asked(form: Form, columns: Option<&[&str]>, filter: &str) -> ScanRequest {
    let columns = columns.map(|c| c.iter().map(ToString::to_string).collect());
    ScanRequest::new()
        .with_form(form)
        .with_columns(columns)
        .with_filter(Some(Expr::parse(filter).unwrap()))
}

/// Plans without an index in memory: reads no more than the names of all devices and some; the rows, the columns and what is
/// explained are those of a plan that has all of the index.
fn check(sample: &Sample, request: &ScanRequest, devices: usize) {
    let (_, names) = sample.counted(|| sample.open().device_ids().unwrap());
    let (_, opened) = sample.counted(|| sample.open());
    let reader = sample.open();
    let (found, planned) = sample.counted(|| plan(vec![reader.clone()], request.clone()).unwrap());
    let whole = sample.open();
    let (_, index) = sample.counted(|| whole.index().unwrap().device_count());
    println!(
        "{}: names {names:?}, planned {planned:?}, index {index:?}",
        sample.name()
    );
    assert!(
        planned.bytes <= names.bytes - opened.bytes + SLACK_BYTES,
        "{planned:?} {names:?}"
    );
    assert!(planned.bytes < index.bytes / 2, "{planned:?} {index:?}");
    let warm = plan(vec![whole.clone()], request.clone()).unwrap();
    assert_eq!(rows(reader, request.clone()), rows(whole, request.clone()));
    let (cold, warm) = (found.explain().unwrap(), warm.explain().unwrap());
    assert_eq!((&cold.levels, &cold.columns), (&warm.levels, &warm.columns));
    assert_eq!(
        (cold.levels[1].considered, cold.levels[1].read),
        (20_000, devices as u64)
    );
}

#[test]
fn conditions_on_paths_read_no_timeseries_of_other_devices() {
    let sample = tree();
    let narrow = |filter: &str| asked(Form::Narrow, Some(&["s", "t"]), filter);
    for (filter, devices) in [
        ("device_name LIKE 'root.ln.wf017.%'", 100),
        ("device_name LIKE '%.wf017.wt_3'", 10),
        ("device_name = 'root.ln.wf017.wt03'", 1),
        ("device_name < 'root.ln.wf000.wt50' AND s > 7", 50),
        (
            "s > 0 AND (device_name > 'root.ln.wf199' OR NOT device_name > 'root.ln.wf000.wt01')",
            102,
        ),
        (
            "NOT (device_name NOT IN ('root.ln.wf003.wt00', 'root.ln.wf003.wt01') OR time < 5)",
            2,
        ),
    ] {
        check(&sample, &narrow(filter), devices);
    }
    // A column that none of them has: others do.
    check_same(
        &sample,
        &asked(
            Form::Narrow,
            Some(&["t"]),
            "device_name = 'root.ln.wf000.wt00'",
        ),
    );
    // All devices may pass.
    check_same(
        &sample,
        &narrow("device_name = 'root.ln.wf017.wt03' OR s = 77"),
    );
    check_same(&sample, &narrow("device_name = 'root.ln.no.such'"));
}

#[test]
fn conditions_on_tags_read_no_timeseries_of_other_devices() {
    let sample = table();
    for columns in [None, Some(&["s", "b"][..])] {
        let table = |filter: &str| asked(Form::Table, columns, filter);
        check(
            &sample,
            &table("a = 'v03' AND b LIKE 'v1%' AND c IN ('v00', 'v49')"),
            20,
        );
        check(
            &sample,
            &table("b = 'v20' AND c < 'v10' AND (s > 5 OR t IS NULL)"),
            100,
        );
        check(
            &sample,
            &table("a = 'v09' AND b = 'v39' AND NOT c > 'v03'"),
            4,
        );
        let request = table("a IS NOT NULL AND b = 'v07' AND c = 'v07'");
        check(&sample, &request, 10);
        check_same(&sample, &table("a = 'v03' OR s = 77"));
        check_same(&sample, &table("a = 'nowhere'"));
    }
    // Without a form: the file has tables alone.
    let request = ScanRequest::new();
    let filter = Expr::parse("a = 'v03' AND b = 'v05'").unwrap();
    check(&sample, &request.with_filter(Some(filter)), 50);
}

/// The same with and without an index in memory.
fn check_same(sample: &Sample, request: &ScanRequest) {
    let whole = sample.open();
    whole.index().unwrap();
    assert_eq!(
        rows(sample.open(), request.clone()),
        rows(whole, request.clone())
    );
}

#[test]
fn ten_thousand_names_are_decided_in_few_steps() {
    let sample = tree();
    // Fifty of them are there.
    let names = (0..10_000).map(|i| match i / 25 % 200 {
        0 => tree_device(i).path(),
        _ => format!("root.ln.wf{:03}.xx{:02}", i / 100, i % 100),
    });
    let names: Vec<String> = names.map(|n| format!("'{n}'")).collect();
    let request = |n: usize| {
        let filter = format!("device_name IN ({})", names[..n].join(", "));
        asked(Form::Narrow, Some(&["s"]), &filter)
    };
    check(&sample, &request(10_000), 50);
    let work = |n| {
        let plan = plan(vec![sample.open()], request(n)).unwrap();
        plan.explain().unwrap().filter.unwrap().work
    };
    // Of each device that is left, a search among the names.
    assert!(work(10_000) <= 50 * 32, "{}", work(10_000));
    // The devices were decided by searches as well; with each name tried for each it would be 200 million.
    let whole = sample.open();
    whole.index().unwrap();
    let plan = plan(vec![whole], request(10_000)).unwrap();
    assert!(plan.explain().unwrap().filter.unwrap().work < 20_000 * 32);
}

/// Two devices with a column `s`, of these types.
fn two_types(first: ArrayRef, second: ArrayRef) -> Sample {
    two_columns([("s", first), ("s", second)])
}

/// Two devices with a column each.
fn two_columns(columns: [(&str, ArrayRef); 2]) -> Sample {
    let sink = MemorySink::new("types");
    let output = sink.output();
    let mut writer = TsFileWriter::start_devices(Box::new(sink), WriteOptions::default()).unwrap();
    for (name, (column, values)) in ["root.a.d1", "root.a.d2"].into_iter().zip(columns) {
        let fields = vec![
            Field::new("time", ArrowType::Int64, false),
            Field::new(column, values.data_type().clone(), true),
        ];
        let times = Arc::new(Int64Array::from(vec![1, 2])) as ArrayRef;
        let batch = RecordBatch::try_new(Arc::new(Schema::new(fields)), vec![times, values]);
        writer
            .write_device(&DeviceId::from_path(name), true, &batch.unwrap())
            .unwrap();
    }
    writer.finish().unwrap();
    Sample::new("types", output.bytes().unwrap().to_vec())
}

#[test]
fn a_column_has_the_type_of_all_devices_whatever_the_filter_leaves() {
    let ints: ArrayRef = Arc::new(Int32Array::from(vec![1, 2]));
    let doubles: ArrayRef = Arc::new(Float64Array::from(vec![1.5, 2.5]));
    let sample = two_types(ints, doubles);
    for device in ["root.a.d1", "root.a.d2"] {
        let filter = format!("device_name = '{device}'");
        let request = asked(Form::Narrow, Some(&["s"]), &filter);
        check_same(&sample, &request);
        let (schema, rows) = rows(sample.open(), request);
        assert_eq!(schema.field(2).data_type(), &ArrowType::Float64);
        assert_eq!(rows.len(), 2);
    }
}

#[test]
fn a_column_that_another_device_has_as_it_is_written_is_meant() {
    let values = || -> ArrayRef { Arc::new(Int64Array::from(vec![1, 2])) };
    let sample = two_columns([("S", values()), ("s", values())]);
    let request = |filter: &str| asked(Form::Narrow, Some(&["S"]), filter);
    let of_other = request("device_name = 'root.a.d1' AND s > 0");
    check_same(&sample, &of_other);
    assert!(rows(sample.open(), of_other).1.is_empty());
    let own = request("device_name = 'root.a.d1' AND S > 0");
    check_same(&sample, &own);
    assert_eq!(rows(sample.open(), own).1.len(), 2);
}
