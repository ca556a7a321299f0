//! Texts as dictionaries: pages that hold one keep it, and the values are those of a scan without.
//!
//! That values are the same is what all of `expected::read` and the law ask, too.

use crate::expected::{Cell, cells, open, without_dictionary};
use crate::written::random::Random;
use arrow_array::cast::AsArray;
use arrow_array::types::Int32Type;
use arrow_array::{Array, ArrayRef, Int64Array, RecordBatch, StringArray};
use arrow_schema::DataType as ArrowType;
use std::path::Path;
use std::sync::Arc;
use tsfile::io::{MemorySink, MemorySource};
use tsfile::scan::{Dedup, Form, Rows, ScanRequest, TextMode, scan};
use tsfile::{ReadOptions, TsFileReader, TsFileWriter, WriteOptions};

fn batches(readers: &[TsFileReader], request: ScanRequest) -> Vec<RecordBatch> {
    let scan = scan(readers.to_vec(), request).unwrap();
    scan.collect::<tsfile::Result<Vec<_>>>().unwrap()
}

fn rows(batches: &[RecordBatch]) -> Vec<Vec<Cell>> {
    let mut out = Vec::new();
    for batch in batches {
        let columns: Vec<Vec<Cell>> = batch.columns().iter().map(|c| cells(c)).collect();
        out.extend(
            (0..batch.num_rows()).map(|row| columns.iter().map(|c| c[row].clone()).collect()),
        );
    }
    out
}

/// Files that the Java library and the C++ library wrote.
fn golden(name: &str) -> TsFileReader {
    open(
        &Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("../testdata/golden")
            .join(name),
    )
}

#[test]
fn a_page_with_a_dictionary_keeps_it() {
    let reader = [golden("java-2.4.0/enc_dictionary.tsfile")];
    let request = ScanRequest::new().with_form(Form::Wide);
    let found = batches(&reader, request.clone().with_dictionaries(true));
    let [batch] = &found[..] else {
        panic!("{} batches", found.len())
    };
    // 64 rows of 23 texts, which the JSON beside the file counts: one page.
    let edge = batch.column_by_name("root.sg.text.edge").unwrap();
    let keys = edge.as_dictionary::<Int32Type>();
    assert_eq!(keys.len() - keys.null_count(), 64);
    let different: std::collections::BTreeSet<Cell> =
        cells(edge).into_iter().flatten().map(Some).collect();
    assert_eq!((keys.values().len(), different.len()), (23, 23));
    assert_eq!(rows(&found), rows(&batches(&reader, request.clone())));
    // Bytes are no dictionary, whatever is asked for.
    let binary = request.with_dictionaries(true).with_text(TextMode::Binary);
    let found = batches(&reader, binary);
    assert!(
        found[0]
            .columns()
            .iter()
            .skip(1)
            .all(|c| *c.data_type() == ArrowType::Binary)
    );
}

#[test]
fn devices_and_tags_are_dictionaries_with_an_entry_for_each() {
    let reader = golden("cpp-2.5.0/table_dictionary.tsfile");
    let request = ScanRequest::new().with_dictionaries(true);
    let found = batches(&[reader], request);
    let tag = found[0].column(1).as_dictionary::<Int32Type>();
    assert_eq!((tag.values().len(), found.len()), (1, 1));
    assert!(tag.len() >= 27);
}

/// A file of a table, of devices `a` and `b` and rows at some of the first `times` times, with texts of which few are different, or many.
fn random_file(r: &mut Random, name: &str, times: i64) -> TsFileReader {
    let (mut tags, mut at, mut few, mut many) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for tag in ["a", "b"] {
        for t in (0..times).filter(|_| r.chance(60)).collect::<Vec<_>>() {
            tags.push(tag);
            at.push(t);
            few.push((!r.chance(10)).then(|| format!("few{}", r.below(4))));
            many.push((!r.chance(10)).then(|| format!("{name}-{tag}-{t}")));
        }
    }
    let columns: [(&str, ArrayRef); 4] = [
        ("time", Arc::new(Int64Array::from(at))),
        ("tag", Arc::new(StringArray::from(tags))),
        ("few", Arc::new(StringArray::from(few))),
        ("many", Arc::new(StringArray::from(many))),
    ];
    let batch = RecordBatch::try_from_iter(columns).unwrap();
    let sink = MemorySink::new(name);
    let output = sink.output();
    let options = WriteOptions::default().with_table("t").with_tags(["tag"]);
    let mut writer = TsFileWriter::start(Box::new(sink), batch.schema(), options).unwrap();
    writer.write(&batch).unwrap();
    writer.finish().unwrap();
    let source = MemorySource::new(output.bytes().unwrap().to_vec());
    TsFileReader::new(source, name, ReadOptions::default()).unwrap()
}

#[test]
fn rows_of_several_files_come_together_with_their_dictionaries() {
    let mut r = Random::new(11, 0);
    for round in 0..40 {
        let times = 1 + r.below(400) as i64;
        let files: Vec<TsFileReader> = (0..3)
            .map(|i| random_file(&mut r, &format!("f{i}"), times))
            .collect();
        for dedup in [Dedup::None, Dedup::Last] {
            for filter in [None, Some("few <> 'few1' AND many LIKE '%-1%'")] {
                let request = ScanRequest::new()
                    .with_dedup(dedup)
                    .with_filter(filter.map(|f| f.parse().unwrap()))
                    .with_batch_bytes(r.pick(&[200, 3_000, 4 << 20]));
                let keyed = batches(&files, request.clone().with_dictionaries(true));
                let plain = batches(&files, request);
                assert_eq!(rows(&keyed), rows(&plain), "{round} {dedup:?} {filter:?}");
            }
        }
    }
}

/// A file of texts that are there once, and numbers, of a table or of a device of the tree, whose series have times of their own.
fn texts_and_numbers(rows: i64, table: bool) -> TsFileReader {
    let texts = (0..rows).map(|t| Some(format!("a text that is there once: {t}")));
    let mut columns: Vec<(&str, ArrayRef)> = vec![
        ("time", Arc::new(Int64Array::from_iter_values(0..rows))),
        ("s", Arc::new(texts.collect::<StringArray>())),
        ("x", Arc::new(Int64Array::from_iter_values(0..rows))),
    ];
    let mut options = WriteOptions::default();
    if table {
        options = options.with_table("t").with_tags([""; 0]);
    } else {
        let name = StringArray::from_iter_values((0..rows).map(|_| "root.d"));
        columns.insert(1, ("device_name", Arc::new(name)));
    }
    let batch = RecordBatch::try_from_iter(columns).unwrap();
    let sink = MemorySink::new("f");
    let output = sink.output();
    let mut writer = TsFileWriter::start(Box::new(sink), batch.schema(), options).unwrap();
    writer.write(&batch).unwrap();
    writer.finish().unwrap();
    let source = MemorySource::new(output.bytes().unwrap().to_vec());
    TsFileReader::new(source, "f", ReadOptions::default()).unwrap()
}

#[test]
fn entries_of_rows_that_a_filter_drops_go_with_them() {
    const ROWS: i64 = 100_000;
    for table in [true, false] {
        let reader = texts_and_numbers(ROWS, table);
        for (filter, every) in [("s LIKE '%77'", 100), ("s LIKE '%7' AND x >= 0", 10)] {
            let mut request = ScanRequest::new()
                .with_dictionaries(true)
                .with_filter(Some(filter.parse().unwrap()));
            if !table {
                request = request.with_form(Form::Narrow).with_rows(Rows::Projected);
            }
            let (mut kept, mut entries) = (0, 0);
            for batch in batches(std::slice::from_ref(&reader), request) {
                let texts = batch.column_by_name("s").unwrap();
                let keys = texts.as_dictionary::<Int32Type>();
                let end = if every == 100 { "77" } else { "7" };
                let texts = without_dictionary(texts);
                let mut texts = texts.as_string::<i32>().iter();
                assert!(texts.all(|t| t.unwrap().ends_with(end)));
                (kept, entries) = (kept + keys.len(), entries + keys.values().len());
            }
            assert_eq!(kept as i64, ROWS / every);
            assert!(entries < 30_000, "{entries} entries");
        }
    }
}
