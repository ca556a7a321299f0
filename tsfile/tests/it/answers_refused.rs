//! Where statistics do not say what a scan says, no answer is given: each test shows what a naive one would get wrong. And nothing is read
//! that is not needed for an answer.

use crate::answers::{Tally, check_plan};
use crate::build::{Column, FileBuilder};
use crate::expected::open;
use crate::golden::golden;
use crate::query::written;
use crate::scan::{device, open as open_bytes};
use arrow_array::{ArrayRef, Float64Array, Int32Array, Int64Array, RecordBatch, StringArray};
use std::sync::Arc;
use tsfile::filter::Expr;
use tsfile::format::FormatVersion;
use tsfile::io::{CountingSource, MemorySink, MemorySource};
use tsfile::model::Value;
use tsfile::scan::{
    Answered, Answers, ColumnAnswers, DateMode, Form, Refusal, Rows, ScanRequest, TextMode, plan,
};
use tsfile::{ReadOptions, TsFileReader, TsFileWriter, WriteOptions};

fn plain(series: &[(&str, &[i64], Column)]) -> TsFileReader {
    let mut f = FileBuilder::new(FormatVersion::V4);
    f.plain(&device("root.d.a"), series);
    open_bytes(f.finish())
}

fn narrow() -> ScanRequest {
    ScanRequest::new().with_form(Form::Narrow)
}

/// Answers that were compared with a scan.
fn answers(readers: &[TsFileReader], request: &ScanRequest) -> Answers {
    let found = check_plan("test", readers, request, &mut Tally::default());
    found.unwrap()
}

fn column(readers: &[TsFileReader], request: &ScanRequest) -> ColumnAnswers {
    answers(readers, request).all.column(0).clone()
}

fn refused(rows: &Answered, why: Refusal) {
    assert_eq!((rows.count, rows.times), (Err(why), Err(why)));
    let column = rows.column(0);
    assert_eq!((column.count, &column.max), (Err(why), &Err(why)));
}

fn ints(v: &[i64]) -> Column {
    Column::I64(v.iter().map(|v| Some(*v)).collect())
}

/// The statistics of the first series as the file has them.
fn noted(reader: &TsFileReader) -> tsfile::model::Statistics {
    let device = reader.index().unwrap().device(0).unwrap();
    let k = usize::from(device.is_aligned());
    let series = device.timeseries(k).unwrap();
    series.chunk_statistics(&series.chunks[0]).clone()
}

/// The values of the first value column of a scan.
fn doubles(reader: &TsFileReader, request: &ScanRequest) -> Vec<f64> {
    use arrow_array::cast::AsArray;
    use arrow_array::types::{Float32Type, Float64Type, Int32Type, Int64Type};
    let planned = plan(vec![reader.clone()], request.clone()).unwrap();
    let mut out = Vec::new();
    for batch in planned.scan().unwrap() {
        let batch = batch.unwrap();
        let array = batch.column(2);
        if let Some(a) = array.as_primitive_opt::<Float32Type>() {
            out.extend(a.iter().flatten().map(f64::from));
        } else if let Some(a) = array.as_primitive_opt::<Float64Type>() {
            out.extend(a.iter().flatten());
        } else if let Some(a) = array.as_primitive_opt::<Int32Type>() {
            out.extend(a.iter().flatten().map(f64::from));
        } else {
            let a = array.as_primitive::<Int64Type>();
            out.extend(a.iter().flatten().map(|v| v as f64));
        }
    }
    out
}

#[test]
fn a_residual_leaves_nothing_to_answer_but_for_the_devices_that_have_none() {
    let mut f = FileBuilder::new(FormatVersion::V4);
    for (path, values) in [("root.d.a", [1, 9]), ("root.d.b", [2, 8])] {
        f.plain(&device(path), &[("s", &[1, 2], ints(&values))]);
    }
    let readers = [open_bytes(f.finish())];
    let filter = |text: &str| narrow().with_filter(Some(Expr::parse(text).unwrap()));
    // Statistics count 4 values, a scan one.
    let found = answers(&readers, &filter("s > 8"));
    refused(&found.all, Refusal::Residual);
    let text = "(device_name = 'root.d.a' and s > 8) or (device_name = 'root.d.b' and time > 1)";
    // The second device has a chunk of one page that its times cut.
    let found = answers(&readers, &filter(text));
    refused(&found.devices[0].rows, Refusal::Residual);
    assert_eq!(found.devices[1].rows.count, Err(Refusal::Cut));
    let text = "(device_name = 'root.d.a' and s > 8) or (device_name = 'root.d.b' and time > 0)";
    let found = answers(&readers, &filter(text));
    assert_eq!(found.all.count, Err(Refusal::Residual));
    assert_eq!(found.devices[1].rows.count, Ok(2));
    // A filter of devices and times leaves none.
    let found = answers(
        &readers,
        &filter("device_name like 'root.d.%' and time < 3"),
    );
    assert_eq!(found.all.count, Ok(4));
    assert_eq!(found.all.column(0).max, Ok(Some(Value::Int64(9))));
}

#[test]
fn branches_that_were_too_many_are_told_apart_by_device() {
    let mut f = FileBuilder::new(FormatVersion::V4);
    let mut parts = Vec::new();
    for d in 0..1_100i64 {
        let path = format!("root.d.d{d:04}");
        f.plain(&device(&path), &[("s", &[d, d + 1], ints(&[d, d]))]);
        parts.push(format!("(device_name = '{path}' and time <= {})", d + 1));
    }
    let readers = [open_bytes(f.finish())];
    let filter = Expr::parse(&parts.join(" or ")).unwrap();
    let request = narrow().with_filter(Some(filter));
    let planned = plan(readers.to_vec(), request.clone()).unwrap();
    assert!(planned.explain().unwrap().filter.unwrap().capped);
    assert_eq!(answers(&readers, &request).all.count, Ok(2_200));
}

#[test]
fn overlapping_chunks_hide_what_was_overwritten() {
    let mut f = FileBuilder::new(FormatVersion::V4);
    let d = device("root.d.a");
    f.plain(&d, &[("s", &[1, 2, 3], ints(&[10, 90, 30]))]);
    f.plain(&d, &[("s", &[2, 3, 4], ints(&[20, 35, 40]))]);
    // Together they hold 6 points and 90; a scan finds 4 and 40.
    let found = answers(&[open_bytes(f.finish())], &narrow());
    let column = found.all.column(0);
    assert_eq!(column.count, Err(Refusal::Overlap));
    assert_eq!(column.max, Err(Refusal::Overlap));
    assert_eq!(found.all.count, Err(Refusal::Overlap));
    assert_eq!(found.all.times, Ok(Some((1, 4))));
}

#[test]
fn nan_hides_from_the_largest_value() {
    let values = vec![Some(2.0), Some(f64::NAN), Some(1.0)];
    let reader = plain(&[("s", &[1, 2, 3], Column::F64(values))]);
    assert_eq!(noted(&reader).max(), Some(Value::Double(2.0)));
    let found = column(&[reader], &narrow());
    assert_eq!((found.count, found.times), (Ok(3), Ok(Some((1, 3)))));
    assert_eq!(
        (found.min, found.max),
        (Err(Refusal::NaN), Err(Refusal::NaN))
    );
}

#[test]
fn lossy_encodings_decode_to_other_values_than_were_noted() {
    let (mut lossy, mut differ) = (0, 0);
    for file in [
        "java-2.4.0/max_point_number",
        "java-2.4.0/enc_camel",
        "cpp-2.5.0/enc_camel",
        "cpp-2.5.0/enc_sprintz",
        "cpp-2.5.0/enc_ts_2diff",
    ] {
        let reader = open(&golden().join(file).with_extension("tsfile"));
        for device in reader.index().unwrap().devices() {
            for k in usize::from(device.is_aligned())..device.series_count() {
                let series = device.timeseries(k).unwrap();
                let request = narrow()
                    .with_devices(vec![device.id().path()])
                    .with_columns(Some(vec![series.measurement.clone()]))
                    .with_rows(Rows::Projected)
                    .with_dates(DateMode::Int);
                let found = column(std::slice::from_ref(&reader), &request);
                if found.min != Err(Refusal::Lossy) {
                    continue;
                }
                lossy += 1;
                assert_eq!(found.count, Ok(series.statistics.count), "{file}");
                let float = |v: Option<Value>| match v {
                    Some(Value::Float(v)) => f64::from(v),
                    Some(Value::Double(v)) => v,
                    Some(Value::Int32(v)) => f64::from(v),
                    Some(Value::Int64(v)) => v as f64,
                    other => panic!("{other:?}"),
                };
                let noted = [series.statistics.min(), series.statistics.max()].map(float);
                let values = doubles(&reader, &request);
                differ += usize::from(noted.iter().any(|v| !values.contains(v)));
            }
        }
    }
    println!("{differ} of {lossy} series");
    assert!(differ > 0 && lossy > 5);
}

#[test]
fn a_range_that_cuts_a_page_leaves_some_of_its_points() {
    let reader = plain(&[("s", &[1, 2, 3, 9], ints(&[5, 6, 7, 8]))]);
    for (range, count) in [
        ((1, 9), Ok(4)),
        ((2, 9), Err(Refusal::Cut)),
        ((10, 20), Ok(0)),
    ] {
        let request = narrow().with_time_range(range.0, range.1);
        let found = answers(std::slice::from_ref(&reader), &request);
        assert_eq!((found.all.count, found.all.column(0).count), (count, count));
    }
    // Pages have statistics of their own: three chunks with pages of 50 points.
    let reader = open(&golden().join("cpp-2.5.0/tree_multi_page_chunk.tsfile"));
    let request = narrow()
        .with_devices(vec!["root.sg.d1".into()])
        .with_columns(Some(vec!["s1".into()]))
        .with_rows(Rows::Projected);
    for (start, given) in [(50, true), (51, false)] {
        let request = request.clone().with_time_range(start, 2129);
        let found = column(std::slice::from_ref(&reader), &request);
        assert_eq!(found.count.is_ok(), given, "{found:?}");
    }
    let text = "time < 50 or time between 1000 and 1049";
    let request = request.with_filter(Some(Expr::parse(text).unwrap()));
    assert_eq!(column(&[reader], &request).count, Ok(100));
}

#[test]
fn rows_are_the_times_of_several_series_together() {
    let values = |n: usize| Column::I32(vec![Some(1); n]);
    let series =
        |a: &[i64], b: &[i64]| plain(&[("a", a, values(a.len())), ("b", b, values(b.len()))]);
    // Three rows and two, but four together.
    let found = answers(&[series(&[1, 5, 9], &[2, 5])], &narrow());
    assert_eq!(found.all.count, Err(Refusal::Siblings));
    assert_eq!(found.all.times, Ok(Some((1, 9))));
    assert_eq!(found.all.column(0).count, Ok(3));
    assert_eq!(
        answers(&[series(&[1, 5], &[7])], &narrow()).all.count,
        Ok(3)
    );
    // Beside the same times one column has all of them, so that no row is without a value.
    let mut f = FileBuilder::new(FormatVersion::V4);
    let columns = [
        ("a", Column::I32(vec![Some(1), Some(2), None])),
        ("b", Column::I32(vec![Some(1), Some(2), Some(3)])),
        ("c", Column::I32(vec![Some(1), None, Some(3)])),
    ];
    f.aligned(&device("root.d.a"), &[1, 5, 9], &columns);
    let readers = [open_bytes(f.finish())];
    let wide = ScanRequest::new().with_form(Form::Wide);
    assert_eq!(answers(&readers, &wide).all.count, Ok(3));
    let without = |columns: &[&str]| {
        let columns = columns.iter().map(|c| (*c).to_string()).collect();
        let request = narrow().with_columns(Some(columns));
        answers(&readers, &request.with_rows(Rows::Projected))
            .all
            .count
    };
    assert_eq!(without(&["a", "b"]), Ok(3));
    assert_eq!(without(&["a", "c"]), Err(Refusal::Siblings));
    assert_eq!(without(&["c"]), Ok(2));
}

#[test]
fn recovered_files_have_no_statistics() {
    let bytes = std::fs::read(golden().join("java-2.4.0/multi.tsfile")).unwrap();
    let whole = open_bytes(bytes.clone());
    let cut = bytes[..whole.data_end() as usize].to_vec();
    let options = ReadOptions::new().with_recover(true);
    let reader = TsFileReader::new(MemorySource::new(cut), "cut", options).unwrap();
    assert!(reader.is_recovered());
    let found = answers(&[reader], &narrow());
    let none = |c: &ColumnAnswers| {
        c.max == Err(Refusal::NoStatistics) || c.count == Err(Refusal::NoStatistics)
    };
    assert!(
        (0..found.names.len()).any(|i| none(found.all.column(i))),
        "{found:?}"
    );
}

#[test]
fn a_limit_leaves_some_of_the_rows() {
    let readers = [plain(&[("s", &[1, 2, 3], ints(&[5, 6, 7]))])];
    let limit = |n| answers(&readers, &narrow().with_limit(Some(n))).all;
    refused(&limit(2), Refusal::Limit);
    assert_eq!(limit(3).count, Ok(3));
    let found = answers(&readers, &narrow().with_offset(1));
    refused(&found.all, Refusal::Limit);
    refused(&found.devices[0].rows, Refusal::Limit);
}

#[test]
fn sums_are_those_of_integers_and_booleans() {
    let large = (1 << 53) + 1;
    let reader = plain(&[
        ("a", &[1, 2], ints(&[large, 0])),
        ("b", &[1, 2], Column::Bool(vec![Some(true), Some(false)])),
        (
            "c",
            &[1, 2],
            Column::I32(vec![Some(i32::MAX), Some(i32::MAX)]),
        ),
        ("d", &[1, 2], Column::F64(vec![Some(0.5), Some(0.5)])),
        ("e", &[1, 2], Column::Text(vec![Some("x"), Some("y")])),
    ]);
    // A double does not hold it.
    assert_eq!(
        noted(&reader).sum(),
        Some(Value::Double((1i64 << 53) as f64))
    );
    let all = answers(&[reader], &narrow()).all;
    let found: Vec<&ColumnAnswers> = (0..5).map(|i| all.column(i)).collect();
    let sums: Vec<_> = found.iter().map(|c| c.sum.clone()).collect();
    let int = |v| Ok(Some(Value::Int64(v)));
    let none = Err(Refusal::Type);
    let expected = [
        none.clone(),
        int(1),
        int(2 * i64::from(i32::MAX)),
        none.clone(),
        none,
    ];
    assert_eq!(sums, expected);
    // Of booleans the number of true values says which there are; of text there are only first and last.
    let bool = |v| Ok(Some(Value::Boolean(v)));
    assert_eq!((&found[1].min, &found[1].max), (&bool(false), &bool(true)));
    let text = |v: &str| Ok(Some(Value::Bytes(v.into())));
    assert_eq!((&found[4].first, &found[4].last), (&text("x"), &text("y")));
    assert_eq!(found[4].min, Err(Refusal::Type));
}

#[test]
fn dates_and_text_that_are_shown_otherwise_are_not_answered() {
    let dates = Column::Date(vec![Some(20_240_131), Some(20_240_230), Some(20_240_301)]);
    let reader = plain(&[("s", &[1, 2, 3], dates)]);
    let date = |mode| {
        let planned = plan(vec![reader.clone()], narrow().with_dates(mode)).unwrap();
        planned.answers().unwrap().all.column(0).clone()
    };
    // One of three does not exist and becomes null.
    assert_eq!(date(DateMode::Null).count, Err(Refusal::Altered));
    assert_eq!(date(DateMode::Int).count, Ok(3));
    assert_eq!(date(DateMode::Int).max, Ok(Some(Value::Int32(20_240_301))));
    let bytes = Column::Bytes(vec![Some(vec![0xff]), Some(b"a".to_vec())]);
    let reader = plain(&[("s", &[1, 2], bytes)]);
    let text = |mode| {
        let planned = plan(vec![reader.clone()], narrow().with_text(mode)).unwrap();
        planned.answers().unwrap().all.column(0).clone()
    };
    assert_eq!(text(TextMode::Lossy).first, Err(Refusal::Altered));
    assert_eq!(text(TextMode::Lossy).count, Ok(2));
    assert_eq!(text(TextMode::Utf8).first, Err(Refusal::Altered));
    assert_eq!(
        text(TextMode::Binary).first,
        Ok(Some(Value::Bytes(vec![0xff])))
    );
}

#[test]
fn files_that_hold_the_same_device_are_added_up() {
    let file = |path: &str, times: &[i64], values: &[i64]| {
        let mut f = FileBuilder::new(FormatVersion::V4);
        f.plain(&device(path), &[("s", times, ints(values))]);
        open_bytes(f.finish())
    };
    let readers = [
        file("root.d.b", &[5, 9], &[1, 2]),
        file("root.d.a", &[1], &[7]),
        // The same times again: UNION ALL has each of them twice.
        file("root.d.b", &[5, 9], &[3, 4]),
    ];
    let found = answers(&readers, &narrow());
    let names: Vec<String> = found.devices.iter().map(|d| d.device.path()).collect();
    assert_eq!(names, ["root.d.b", "root.d.a"]);
    let b = found.devices[0].rows.column(0);
    let int = |v| Ok(Some(Value::Int64(v)));
    assert_eq!((b.count, &b.first, &b.last), (Ok(4), &int(1), &int(4)));
    assert_eq!((&b.min, &b.max), (&int(1), &int(4)));
    let counts: Vec<_> = found.files.iter().map(|f| f.count).collect();
    assert_eq!(counts, [Ok(2), Ok(1), Ok(2)]);
    assert_eq!(found.all.column(0).first, int(7));
}

/// Rows of two devices.
fn batch() -> RecordBatch {
    let n = 20_000;
    let devices = (0..n).map(|i| if i < n / 2 { "root.d.a" } else { "root.d.b" });
    let columns: [(&str, ArrayRef); 5] = [
        ("time", Arc::new(Int64Array::from_iter_values(0..n))),
        (
            "device_name",
            Arc::new(StringArray::from_iter_values(devices)),
        ),
        (
            "x",
            Arc::new(Float64Array::from_iter_values(
                (0..n).map(|i| i as f64 / 4.0),
            )),
        ),
        (
            "y",
            Arc::new(Int32Array::from_iter_values((0..n).map(|i| i as i32 % 77))),
        ),
        (
            "z",
            Arc::new(Int64Array::from_iter_values((0..n).map(|i| i % 5))),
        ),
    ];
    RecordBatch::try_from_iter(columns).unwrap()
}

/// A file that we wrote, which says that nothing in it is lost.
fn lossless(aligned: bool) -> Vec<u8> {
    let (batch, sink) = (batch(), MemorySink::new("memory.tsfile"));
    let output = sink.output();
    let options = WriteOptions::default().with_aligned(aligned);
    let mut writer = TsFileWriter::start(Box::new(sink), batch.schema(), options).unwrap();
    writer.write(&batch).unwrap();
    writer.finish().unwrap();
    output.bytes().unwrap().to_vec()
}

#[test]
fn no_byte_of_data_is_read_where_the_writer_vouches_for_its_values() {
    for aligned in [false, true] {
        let source = CountingSource::new(MemorySource::new(lossless(aligned)));
        let reader = TsFileReader::new(source.clone(), "x", ReadOptions::default()).unwrap();
        assert!(reader.is_lossless());
        for form in [Form::Narrow, Form::Wide] {
            let request = ScanRequest::new().with_form(form);
            let planned = plan(vec![reader.clone()], request).unwrap();
            let before = source.counts();
            let found = planned.answers().unwrap();
            assert_eq!(source.counts(), before);
            let max = |i| &found.all.column(i).max;
            assert!((0..found.names.len()).all(|i| max(i).is_ok()));
        }
    }
    let readers = [written(&batch(), WriteOptions::default())];
    let found = answers(&readers, &narrow());
    assert_eq!(found.all.count, Ok(20_000));
    assert_eq!(found.all.column(0).max, Ok(Some(Value::Double(4_999.75))));
}

#[test]
fn pages_are_not_looked_into() {
    let mut f = FileBuilder::new(FormatVersion::V4);
    for chunk in 0..5 {
        let times: Vec<i64> = (chunk * 1_000..(chunk + 1) * 1_000).collect();
        f.plain(&device("root.d.a"), &[("s", &times, ints(&times))]);
    }
    let bytes = f.finish();
    let reader = open_bytes(bytes.clone());
    let expected = answers(std::slice::from_ref(&reader), &narrow());
    assert!(expected.all.column(0).max.is_ok());
    // Nonsense in place of everything but the chunk headers.
    let mut damaged = bytes;
    let series = reader.index().unwrap().device(0).unwrap();
    let series = series.timeseries(0).unwrap();
    let mut window = tsfile::read::Window::default();
    for chunk in &series.chunks {
        let pages = reader.page_headers(&mut window, chunk.offset).unwrap();
        let from = pages[0].0 as usize;
        let size = reader.chunk_header(&mut window, chunk.offset).unwrap();
        damaged[from..from + size.data_bytes as usize].fill(0xff);
    }
    let damaged = open_bytes(damaged);
    let planned = plan(vec![damaged], narrow()).unwrap();
    assert!(planned.scan().unwrap().any(|batch| batch.is_err()));
    assert_eq!(planned.answers().unwrap(), expected);
}
