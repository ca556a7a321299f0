//! Columns of several files: what they may disagree about, and what is said when they may not.

use arrow_array::cast::AsArray as _;
use arrow_array::types::Float64Type;
use arrow_array::{ArrayRef, RecordBatch, record_batch};
use std::sync::Arc;
use tsfile::io::{MemorySink, MemorySource};
use tsfile::model::Form;
use tsfile::scan::{ScanRequest, SchemaMode, scan};
use tsfile::{ErrorKind, ReadOptions, TsFileReader, TsFileWriter, WriteOptions};

/// A file of one batch.
fn file(name: &str, batch: &RecordBatch, options: WriteOptions) -> TsFileReader {
    let sink = MemorySink::new(name);
    let output = sink.output();
    let mut writer = TsFileWriter::start(Box::new(sink), batch.schema(), options).unwrap();
    writer.write(batch).unwrap();
    writer.finish().unwrap();
    let source = MemorySource::new(output.bytes().unwrap().to_vec());
    TsFileReader::new(source, name, ReadOptions::default()).unwrap()
}

/// A file of one tree device whose single row has these columns.
fn device(name: &str, device: &str, columns: &[(&str, ArrayRef)]) -> TsFileReader {
    let time: ArrayRef = Arc::new(arrow_array::Int64Array::from(vec![1]));
    let id: ArrayRef = Arc::new(arrow_array::StringArray::from(vec![device]));
    let all = [("time", time), ("device_name", id)];
    let batch = RecordBatch::try_from_iter(all.into_iter().chain(columns.iter().cloned()));
    file(name, &batch.unwrap(), WriteOptions::default())
}

fn i32s(v: i32) -> ArrayRef {
    Arc::new(arrow_array::Int32Array::from(vec![v]))
}

fn i64s(v: i64) -> ArrayRef {
    Arc::new(arrow_array::Int64Array::from(vec![v]))
}

fn f32s(v: f32) -> ArrayRef {
    Arc::new(arrow_array::Float32Array::from(vec![v]))
}

fn f64s(v: f64) -> ArrayRef {
    Arc::new(arrow_array::Float64Array::from(vec![v]))
}

fn bools(v: bool) -> ArrayRef {
    Arc::new(arrow_array::BooleanArray::from(vec![v]))
}

/// A table of one row with one tag.
fn table(name: &str, columns: &[(&str, ArrayRef)]) -> TsFileReader {
    let time: ArrayRef = Arc::new(arrow_array::Int64Array::from(vec![1]));
    let site: ArrayRef = Arc::new(arrow_array::StringArray::from(vec![name]));
    let all = [("time", time), ("site", site)];
    let batch = RecordBatch::try_from_iter(all.into_iter().chain(columns.iter().cloned()));
    let options = WriteOptions::default().with_table("t").with_tags(["site"]);
    file(name, &batch.unwrap(), options)
}

fn rows(readers: &[TsFileReader], request: ScanRequest) -> tsfile::Result<RecordBatch> {
    let scan = scan(readers.to_vec(), request)?;
    let schema = scan.schema();
    let batches = scan.collect::<tsfile::Result<Vec<_>>>()?;
    Ok(arrow_select::concat::concat_batches(&schema, &batches).unwrap())
}

fn narrow(mode: SchemaMode) -> ScanRequest {
    ScanRequest::new()
        .with_form(Form::Narrow)
        .with_schema_mode(Some(mode))
}

fn error(readers: &[TsFileReader], request: ScanRequest) -> String {
    let e = rows(readers, request).unwrap_err();
    assert_eq!(e.kind(), ErrorKind::Schema, "{e}");
    e.to_string()
}

/// Name and type of each column, without the keys.
fn shape(batch: &RecordBatch, keys: usize) -> Vec<String> {
    let schema = batch.schema();
    let fields = schema.fields().iter().skip(keys);
    fields
        .map(|f| format!("{} {}", f.name(), f.metadata()["tsfile.type"]))
        .collect()
}

#[test]
fn columns_of_files_are_united_by_name_and_their_types_must_agree() {
    let a = device("a.tsfile", "root.d1", &[("x", i32s(1)), ("z", bools(true))]);
    let b = device("b.tsfile", "root.d2", &[("y", f32s(0.5)), ("x", i32s(2))]);
    let default = ScanRequest::new().with_form(Form::Narrow);
    let batch = rows(&[a.clone(), b.clone()], default.clone()).unwrap();
    assert_eq!(shape(&batch, 2), ["x INT32", "y FLOAT", "z BOOLEAN"]);
    assert_eq!((batch.column(3).null_count(), batch.num_rows()), (1, 2));
    let c = device("c.tsfile", "root.d3", &[("x", i64s(3))]);
    // Union is the default, and the order in which files are listed is not seen in the error.
    for files in [[&a, &b, &c], [&c, &b, &a], [&b, &c, &a]] {
        let files: Vec<_> = files.into_iter().cloned().collect();
        for request in [default.clone(), narrow(SchemaMode::Union)] {
            assert_eq!(
                error(&files, request),
                "c.tsfile: schema: measurement \"x\" is INT32 in device root.d1 of a.tsfile and INT64 in device root.d3 of this file; \
                 `widen` (--schema widen) reads both as INT64"
            );
        }
    }
    // What is not read does not matter.
    let y = default.with_columns(Some(vec!["y".into()]));
    assert_eq!(shape(&rows(&[a, b, c], y).unwrap(), 2), ["y FLOAT"]);
}

#[test]
fn types_widen_across_files_when_asked_for() {
    let x = |name: &str, values: ArrayRef| device(name, &format!("root.{name}"), &[("x", values)]);
    let (a, b, c, d) = (
        x("a", i32s(7)),
        x("b", i64s(1 << 53 | 1)),
        x("c", f32s(0.1)),
        x("d", f64s(0.2)),
    );
    let wide = narrow(SchemaMode::Widen);
    let batch = rows(&[b.clone(), a.clone()], wide.clone()).unwrap();
    assert_eq!(shape(&batch, 2), ["x INT64"]);
    let batch = rows(&[c.clone(), a.clone()], wide.clone()).unwrap();
    assert_eq!(shape(&batch, 2), ["x DOUBLE"]);
    let values = batch.column(2).as_primitive::<Float64Type>().values();
    assert_eq!(&values[..], [f64::from(0.1f32), 7.0]);
    // INT32 goes with both others, which do not go together: it is they that are named.
    let all = [a, b, c, d];
    assert_eq!(
        error(&all, wide.clone()),
        "c: schema: measurement \"x\" is INT64 in device root.b of b and FLOAT in device root.c of this file; \
         `lossy` (--lossy-types) reads both as DOUBLE, which may lose bits"
    );
    let batch = rows(&all, wide.with_lossy_types(true)).unwrap();
    assert_eq!(shape(&batch, 2), ["x DOUBLE"]);
    let values = batch.column(2).as_primitive::<Float64Type>().values();
    assert_eq!(
        &values[..],
        [7.0, 9_007_199_254_740_992.0, f64::from(0.1f32), 0.2]
    );
    // The option alone is no leave to differ.
    let text = error(&all, narrow(SchemaMode::Union).with_lossy_types(true));
    assert!(
        text.contains("INT32 in device root.a of a and INT64 in device root.b"),
        "{text}"
    );
}

#[test]
fn what_cannot_be_joined_has_no_option_for_it() {
    let a = device("a", "root.d1", &[("x", bools(true))]);
    let b = device("b", "root.d2", &[("x", i32s(1))]);
    assert_eq!(
        error(&[a, b], narrow(SchemaMode::Widen).with_lossy_types(true)),
        "b: schema: measurement \"x\" is BOOLEAN in device root.d1 of a and INT32 in device root.d2 of this file; read the files one by one"
    );
}

#[test]
fn devices_of_one_file_widen_whatever_holds_across_files() {
    let batch = record_batch!(
        ("time", Int64, [1, 1]),
        ("device_name", Utf8, ["root.d1", "root.d2"]),
        ("x", Int32, [1, 2])
    )
    .unwrap();
    let a = file("a", &batch, WriteOptions::default());
    let b = {
        let sink = MemorySink::new("b");
        let output = sink.output();
        let mut writer =
            TsFileWriter::start_devices(Box::new(sink), WriteOptions::default()).unwrap();
        for (device, values) in [("root.d3", i32s(3)), ("root.d4", i64s(4))] {
            let time: ArrayRef = Arc::new(arrow_array::Int64Array::from(vec![1]));
            let id: ArrayRef = Arc::new(arrow_array::StringArray::from(vec![device]));
            let rows = [("time", time), ("device_name", id), ("x", values)];
            let rows = RecordBatch::try_from_iter(rows).unwrap();
            writer
                .set_layout(rows.schema(), Default::default())
                .unwrap();
            writer.write(&rows).unwrap();
        }
        writer.finish().unwrap();
        let source = MemorySource::new(output.bytes().unwrap().to_vec());
        TsFileReader::new(source, "b", ReadOptions::default()).unwrap()
    };
    for mode in [SchemaMode::Strict, SchemaMode::Union, SchemaMode::Widen] {
        let batch = rows(std::slice::from_ref(&b), narrow(mode)).unwrap();
        assert_eq!(shape(&batch, 2), ["x INT64"]);
    }
    let both = [a, b];
    for mode in [SchemaMode::Strict, SchemaMode::Union] {
        let text = error(&both, narrow(mode));
        assert!(
            text.contains("INT32 in device root.d1 of a and INT64 in device root.d4"),
            "{text}"
        );
    }
    let batch = rows(&both, narrow(SchemaMode::Widen)).unwrap();
    assert_eq!(shape(&batch, 2), ["x INT64"]);
}

#[test]
fn strict_files_have_the_same_columns() {
    let a = device("a", "root.d1", &[("x", i32s(1)), ("y", i32s(1))]);
    let b = device("b", "root.d2", &[("x", i32s(1)), ("y", i32s(1))]);
    let c = device("c", "root.d3", &[("x", i32s(1)), ("z", bools(true))]);
    let strict = narrow(SchemaMode::Strict);
    let batch = rows(&[a.clone(), b.clone()], strict.clone()).unwrap();
    assert_eq!(shape(&batch, 2), ["x INT32", "y INT32"]);
    assert_eq!(
        error(&[c.clone(), b, a.clone()], strict.clone()),
        "c: schema: there is no measurement \"y\", which is INT32 in device root.d1 of a; \
         `union` (--schema union) reads it as null where it is missing"
    );
    let x = strict.with_columns(Some(vec!["x".into()]));
    assert_eq!(rows(&[a.clone(), c.clone()], x).unwrap().num_rows(), 2);
    let wide = ScanRequest::new()
        .with_form(Form::Wide)
        .with_schema_mode(Some(SchemaMode::Strict));
    let text = error(&[a, c], wide);
    assert!(
        text.starts_with("c: schema: there is no timeseries \"root.d1.x\", which is INT32"),
        "{text}"
    );
}

#[test]
fn wide_columns_of_several_files_come_by_device_and_measurement() {
    let a = device("a", "root.d1", &[("x", i32s(1)), ("b", i32s(1))]);
    let b = device("b", "root.d", &[("y", i32s(1))]);
    let c = device("c", "root.d1", &[("x", i64s(1)), ("a", i32s(1))]);
    let wide = ScanRequest::new().with_form(Form::Wide);
    assert_eq!(
        error(&[c.clone(), a.clone()], wide.clone()),
        "c: schema: measurement \"x\" is INT32 in device root.d1 of a and INT64 in device root.d1 of this file; \
         `widen` (--schema widen) reads both as INT64"
    );
    let widen = wide.with_schema_mode(Some(SchemaMode::Widen));
    let batch = rows(&[c, a, b], widen).unwrap();
    assert_eq!(
        shape(&batch, 1),
        [
            "root.d.y INT32",
            "root.d1.a INT32",
            "root.d1.b INT32",
            "root.d1.x INT64"
        ]
    );
}

#[test]
fn schemas_of_a_table_agree_unless_they_are_united() {
    let a = table("a", &[("v", i32s(1)), ("u", f64s(0.5))]);
    let b = table("b", &[("w", bools(true)), ("u", f64s(1.5))]);
    let c = table("c", &[("v", i64s(3)), ("u", f64s(2.5))]);
    let d = table("d", &[("u", f64s(2.5)), ("v", i32s(4))]);
    let table = |mode| {
        ScanRequest::new()
            .with_form(Form::Table)
            .with_schema_mode(mode)
    };
    for (files, said) in [
        (
            [&a, &b],
            "b: table schema: table \"t\" differs from that in a: column \"v\" (INT32 FIELD) is only there; \
             `union` (--schema union) matches columns by name",
        ),
        (
            [&c, &a],
            "c: table schema: table \"t\" differs from that in a: column \"v\" is INT64 FIELD here and INT32 FIELD there; \
             `widen` (--schema widen) reads both as INT64",
        ),
        (
            [&d, &a],
            "d: table schema: table \"t\" differs from that in a: the columns have another order; \
             `union` (--schema union) matches columns by name",
        ),
    ] {
        let files: Vec<_> = files.into_iter().cloned().collect();
        assert_eq!(error(&files, table(None)), said);
    }
    // Columns come as they first appear over the sorted names of the files, not as they are listed.
    let files = [d.clone(), b.clone(), a.clone()];
    let batch = rows(&files, table(Some(SchemaMode::Union))).unwrap();
    assert_eq!(
        shape(&batch, 1),
        ["site STRING", "v INT32", "u DOUBLE", "w BOOLEAN"]
    );
    let sites = batch.column(1).as_string::<i32>();
    assert_eq!(sites.iter().flatten().collect::<Vec<_>>(), ["d", "b", "a"]);
    assert_eq!(
        (batch.column(2).null_count(), batch.column(4).null_count()),
        (1, 2)
    );
    assert_eq!(
        error(&[c.clone(), a.clone()], table(Some(SchemaMode::Union))),
        "c: table schema: column \"v\" is declared INT32 in a and declared INT64 in this file; \
         `widen` (--schema widen) reads both as INT64"
    );
    let batch = rows(&[c, a], table(Some(SchemaMode::Widen))).unwrap();
    assert_eq!(shape(&batch, 1), ["site STRING", "v INT64", "u DOUBLE"]);
}

#[test]
fn tags_may_be_added_to_a_table_and_not_change_places() {
    let rows_of = |name: &str, tags: &[&str]| {
        let time: ArrayRef = Arc::new(arrow_array::Int64Array::from(vec![1]));
        let all = std::iter::once(("time".to_string(), time)).chain(
            tags.iter()
                .map(|t| {
                    let value: ArrayRef =
                        Arc::new(arrow_array::StringArray::from(vec![format!("{name}-{t}")]));
                    ((*t).to_string(), value)
                })
                .chain([("v".to_string(), i32s(1))]),
        );
        let batch = RecordBatch::try_from_iter(all).unwrap();
        let options = WriteOptions::default()
            .with_table("t")
            .with_tags(tags.iter().copied());
        file(name, &batch, options)
    };
    let a = rows_of("a", &["site"]);
    let b = rows_of("b", &["site", "room"]);
    let c = rows_of("c", &["room", "site"]);
    let union = ScanRequest::new()
        .with_form(Form::Table)
        .with_schema_mode(Some(SchemaMode::Union));
    let batch = rows(&[b.clone(), a.clone()], union.clone()).unwrap();
    assert_eq!(shape(&batch, 1), ["site STRING", "room STRING", "v INT32"]);
    let rooms = batch.column(2).as_string::<i32>();
    assert_eq!(rooms.iter().collect::<Vec<_>>(), [Some("b-room"), None]);
    assert_eq!(
        error(&[c, b], union),
        "c: table schema: table \"t\" differs from that in b: its tags are room STRING, site STRING here and site STRING, room STRING there; \
         read the files one by one"
    );
}

#[test]
fn schemas_do_not_depend_on_the_order_of_files() {
    let files: Vec<TsFileReader> = (0..6)
        .map(|i| {
            let x = [i32s(i), f32s(0.5), f64s(0.25)][i as usize % 3].clone();
            let own = format!("m{}", (i * 7) % 5);
            device(
                &format!("f{i}"),
                &format!("root.d{}", i % 2),
                &[("x", x), (&own, i64s(1))],
            )
        })
        .collect();
    for form in [Form::Narrow, Form::Wide] {
        let request = ScanRequest::new()
            .with_form(form)
            .with_schema_mode(Some(SchemaMode::Widen));
        let sorted = scan(files.clone(), request.clone()).unwrap().schema();
        for turn in 1..6 {
            let mut files = files.clone();
            files.rotate_left(turn);
            files.swap(0, 3);
            assert_eq!(scan(files, request.clone()).unwrap().schema(), sorted);
        }
    }
}

/// What looks corrupt because somebody wrote over it is said to have changed.
#[test]
fn a_file_written_over_while_it_is_read_has_changed() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("x.tsfile");
    let batch = record_batch!(
        ("time", Int64, [1, 2]),
        ("device_name", Utf8, ["root.d1", "root.d1"]),
        ("x", Int32, [1, 2])
    )
    .unwrap();
    let mut writer = TsFileWriter::create(&path, batch.schema(), WriteOptions::default()).unwrap();
    writer.write(&batch).unwrap();
    writer.finish().unwrap();
    let reader = TsFileReader::open(&path, ReadOptions::default()).unwrap();
    let scan = scan(vec![reader], ScanRequest::new().with_form(Form::Narrow)).unwrap();
    let length = std::fs::metadata(&path).unwrap().len() as usize;
    std::fs::write(&path, vec![0xff; length + 1]).unwrap();
    let errors: Vec<_> = scan.filter_map(Result::err).collect();
    let kinds: Vec<_> = errors.iter().map(tsfile::Error::kind).collect();
    assert_eq!(kinds, [ErrorKind::Changed], "{errors:?}");
    let shown = format!("{}: the file changed", path.display());
    assert!(errors[0].to_string().starts_with(&shown), "{errors:?}");
}
