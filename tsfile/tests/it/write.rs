//! What is written comes back: in each form, in any order of rows, in pieces.

use arrow_array::cast::AsArray as _;
use arrow_array::types::Int64Type;
use arrow_array::{
    Array, ArrayRef, Date32Array, Float64Array, Int32Array, Int64Array, RecordBatch, StringArray,
    record_batch,
};
use std::sync::Arc;
use tsfile::format::FormatVersion;
use tsfile::io::{MemorySink, MemorySource};
use tsfile::model::{Compression, DeviceId, Encoding, Form};
use tsfile::read::DeviceRef;
use tsfile::scan::{ScanRequest, scan};
use tsfile::write::{Duplicates, Sort, WriteSummary};
use tsfile::{ReadOptions, TsFileReader, TsFileWriter, WriteOptions};

/// Writes the batches and opens what came of them.
fn written(
    batches: &[RecordBatch],
    options: WriteOptions,
) -> tsfile::Result<(TsFileReader, WriteSummary)> {
    let sink = MemorySink::new("memory.tsfile");
    let output = sink.output();
    let mut writer = TsFileWriter::start(Box::new(sink), batches[0].schema(), options)?;
    for batch in batches {
        writer.write(batch)?;
    }
    let summary = writer.finish()?;
    let bytes = output.bytes().expect("finished");
    assert_eq!(summary.bytes, bytes.len() as u64);
    let source = MemorySource::new(bytes.to_vec());
    Ok((
        TsFileReader::new(source, "memory", ReadOptions::default())?,
        summary,
    ))
}

/// All rows in a form, as one batch.
fn rows(reader: &TsFileReader, form: Form) -> RecordBatch {
    let scan = scan(vec![reader.clone()], ScanRequest::new().with_form(form)).unwrap();
    let schema = scan.schema();
    let batches: Vec<_> = scan.map(|b| b.unwrap()).collect();
    arrow_select::concat::concat_batches(&schema, &batches).unwrap()
}

fn columns(batch: &RecordBatch) -> Vec<(String, ArrayRef)> {
    let names = batch
        .schema()
        .fields()
        .iter()
        .map(|f| f.name().clone())
        .collect::<Vec<_>>();
    names
        .into_iter()
        .zip(batch.columns().iter().cloned())
        .collect()
}

fn narrow() -> RecordBatch {
    record_batch!(
        ("time", Int64, [1, 2, 3, 5, 1, 2, 4, 6]),
        (
            "device_name",
            Utf8,
            [
                "root.a.d1",
                "root.a.d1",
                "root.a.d1",
                "root.a.d1",
                "root.a.d2",
                "root.a.d2",
                "root.a.d2",
                "root.a.d2"
            ]
        ),
        (
            "hardware",
            Utf8,
            [
                None,
                None,
                None,
                None,
                None,
                Some("aaa"),
                Some("bbb"),
                Some("ccc")
            ]
        ),
        (
            "status",
            Boolean,
            [
                Some(true),
                None,
                Some(true),
                Some(false),
                Some(true),
                Some(false),
                Some(true),
                None
            ]
        ),
        (
            "temperature",
            Float64,
            [
                Some(2.2),
                Some(2.2),
                Some(2.1),
                None,
                None,
                None,
                None,
                None
            ]
        )
    )
    .unwrap()
}

#[test]
fn narrow_rows_come_back_aligned_and_not() {
    for aligned in [true, false] {
        let options = WriteOptions::default().with_aligned(aligned);
        let (reader, summary) = written(&[narrow()], options).unwrap();
        assert_eq!(columns(&rows(&reader, Form::Narrow)), columns(&narrow()));
        assert_eq!(
            (
                summary.devices,
                summary.series,
                summary.rows,
                summary.points
            ),
            (2, 4, 8, 12)
        );
        assert!(summary.lossless);
    }
}

#[test]
fn devices_that_take_turns_and_go_backwards_are_put_in_order() {
    let order = arrow_array::UInt32Array::from(vec![7, 0, 6, 3, 4, 2, 5, 1]);
    let mixed: Vec<_> = narrow()
        .columns()
        .iter()
        .map(|c| arrow_select::take::take(c, &order, None).unwrap())
        .collect();
    let mixed = RecordBatch::try_new(narrow().schema(), mixed).unwrap();
    let pieces: Vec<_> = (0..8).map(|i| mixed.slice(i, 1)).collect();
    for aligned in [true, false] {
        let options = WriteOptions::default().with_aligned(aligned);
        let (reader, summary) = written(&pieces, options).unwrap();
        assert_eq!(columns(&rows(&reader, Form::Narrow)), columns(&narrow()));
        assert_eq!(summary.devices_sorted, 2);
    }
    let strict = WriteOptions::default().with_sort(Sort::Strict);
    let e = written(&pieces, strict).unwrap_err().to_string();
    assert!(
        e.starts_with("row 3: the device goes back from time 6 to 4"),
        "{e}"
    );
}

#[test]
fn table_rows_come_back_with_nulls_in_tags_and_fields() {
    let batch = record_batch!(
        ("time", Int64, [1, 2, 1, 1, 2]),
        ("site", Utf8, [None, None, Some("a"), Some("a"), Some("a")]),
        (
            "device",
            Utf8,
            [Some("x"), Some("x"), None, Some("y"), Some("y")]
        ),
        ("s1", Int32, [Some(1), None, Some(3), None, None]),
        ("s2", Utf8, [Some("p"), Some(""), None, None, Some("q")])
    )
    .unwrap();
    let options = WriteOptions::default()
        .with_table("t1")
        .with_tags(["site", "device"]);
    let (reader, summary) = written(std::slice::from_ref(&batch), options).unwrap();
    let back = rows(&reader, Form::Table);
    assert_eq!(columns(&back), columns(&batch));
    assert_eq!((summary.devices, summary.rows), (3, 5));
}

#[test]
fn wide_rows_come_back_and_a_column_of_nulls_too() {
    let batch = record_batch!(
        ("time", Int64, [1, 2, 4]),
        ("root.a.d1.s1", Int32, [Some(1), None, Some(3)]),
        ("root.a.d1.s2", Float64, [None, None, None]),
        ("root.a.d2.s1", Int64, [None, Some(5), Some(6)])
    )
    .unwrap();
    let (reader, summary) = written(std::slice::from_ref(&batch), WriteOptions::default()).unwrap();
    assert_eq!(columns(&rows(&reader, Form::Wide)), columns(&batch));
    assert_eq!((summary.devices, summary.series, summary.points), (2, 3, 4));
}

/// A device whose values use every page and chunk group boundary.
#[test]
fn boundaries_of_pages_and_chunk_groups_lose_nothing() {
    for n in [1usize, 2, 127, 128, 129, 255, 256, 257, 1000] {
        let times = Int64Array::from_iter_values((0..n as i64).map(|i| i * 1000 - 77));
        let decimals =
            Float64Array::from_iter((0..n).map(|i| (i % 7 != 3).then_some(i as f64 / 100.0)));
        let bits = Float64Array::from_iter_values((0..n).map(|i| (i as f64).sqrt().sin()));
        let ints = Int32Array::from_iter(
            (0..n).map(|i| (i % 5 != 0).then_some((i as i32).wrapping_mul(77_777_777))),
        );
        let text =
            StringArray::from_iter((0..n).map(|i| (i % 3 != 0).then(|| format!("v{}", i % 10))));
        let batch = RecordBatch::try_from_iter_with_nullable([
            ("time", Arc::new(times) as ArrayRef, false),
            ("root.d.a", Arc::new(decimals), true),
            ("root.d.b", Arc::new(bits), true),
            ("root.d.c", Arc::new(ints), true),
            ("root.d.d", Arc::new(text), true),
        ])
        .unwrap();
        for aligned in [true, false] {
            for (page, group) in [
                (10_000, 1 << 27),
                (128, 1 << 27),
                (1, 1 << 27),
                (3, 100),
                (129, 4_000),
            ] {
                let options = WriteOptions::default()
                    .with_aligned(aligned)
                    .with_page_points(page)
                    .with_chunk_group_bytes(group)
                    .with_index_degree(2);
                let (reader, summary) = written(std::slice::from_ref(&batch), options).unwrap();
                let mut expected = columns(&batch);
                // Without a time column for all, a series without a point cannot be in the file; that is said.
                let empty = |name: &str| summary.empty_columns.iter().any(|e| name.ends_with(e));
                expected.retain(|(name, _)| !empty(name));
                assert_eq!(expected.len(), if aligned || n > 1 { 5 } else { 3 });
                let found = columns(&rows(&reader, Form::Wide));
                assert_eq!(found, expected, "{n} {aligned} {page} {group}");
                assert_eq!(summary.rows, n as u64);
            }
        }
    }
}

#[test]
fn floats_are_scaled_where_that_loses_nothing() {
    let n = 3_000;
    let times = Int64Array::from_iter_values(0..n);
    let column = |f: &dyn Fn(i64) -> f64| {
        Arc::new(Float64Array::from_iter_values((0..n).map(f))) as ArrayRef
    };
    let batch = RecordBatch::try_from_iter([
        ("time", Arc::new(times) as ArrayRef),
        ("root.d.scaled", column(&|i| (i % 100) as f64 / 100.0)),
        (
            "root.d.late_nan",
            column(&|i| if i == 2_999 { f64::NAN } else { i as f64 }),
        ),
        (
            "root.d.often_nan",
            column(&|i| if i > 2_980 { f64::NAN } else { i as f64 }),
        ),
        (
            "root.d.zero",
            column(&|i| if i == 1_500 { -0.0 } else { 1.0 }),
        ),
        ("root.d.random", column(&|i| ((i * 7919) as f64).sin())),
        (
            "root.d.payload",
            column(&|i| {
                if i == 2_500 {
                    f64::from_bits(0x7ff0_0000_dead_beef)
                } else {
                    ((i * 7919) as f64).sin()
                }
            }),
        ),
    ])
    .unwrap();
    let options = WriteOptions::default().with_page_points(1000);
    let (reader, summary) = written(std::slice::from_ref(&batch), options).unwrap();
    let encoding = |name: &str| {
        let column = summary.columns.iter().find(|c| c.name == name).unwrap();
        assert_eq!(column.chunks.len(), 1);
        column.chunks[0].0
    };
    assert_eq!(encoding("scaled"), Encoding::Ts2Diff);
    assert_eq!(encoding("late_nan"), Encoding::Ts2Diff);
    assert_eq!(encoding("zero"), Encoding::Ts2Diff);
    assert_eq!(encoding("often_nan"), Encoding::Gorilla);
    assert_eq!(encoding("random"), Encoding::Plain);
    assert_eq!(encoding("payload"), Encoding::Gorilla);
    let back = rows(&reader, Form::Wide);
    for (name, column) in columns(&batch).into_iter().skip(1) {
        let a = column.as_any().downcast_ref::<Float64Array>().unwrap();
        let b = back.column_by_name(&name).unwrap();
        let b = b.as_any().downcast_ref::<Float64Array>().unwrap();
        let bits = |a: &Float64Array| a.values().iter().map(|v| v.to_bits()).collect::<Vec<_>>();
        assert_eq!(bits(a), bits(b), "{name}");
    }
}

#[test]
fn duplicates_are_refused_or_chosen_across_chunk_groups_too() {
    let batch = |times: [i64; 2], values: [i32; 2]| {
        RecordBatch::try_from_iter([
            (
                "time",
                Arc::new(Int64Array::from(times.to_vec())) as ArrayRef,
            ),
            ("root.d.s", Arc::new(Int32Array::from(values.to_vec()))),
        ])
        .unwrap()
    };
    let batches = [
        batch([1, 2], [10, 20]),
        batch([2, 3], [21, 30]),
        batch([3, 4], [31, 40]),
    ];
    let e = written(&batches, WriteOptions::default())
        .unwrap_err()
        .to_string();
    assert!(
        e.starts_with(
            "row 3: the device has a row with this time already (device root.d) at time 2"
        ),
        "{e}"
    );
    // With a limit of nothing, each batch is written at once.
    for limit in [0, 1 << 20] {
        for (duplicates, expected) in [
            (Duplicates::First, [10, 20, 30, 40]),
            (Duplicates::Last, [10, 21, 31, 40]),
        ] {
            let options = WriteOptions::default()
                .with_duplicates(duplicates)
                .with_memory_limit(limit);
            let (reader, summary) = written(&batches, options).unwrap();
            let back = rows(&reader, Form::Wide);
            assert_eq!(
                back.column(1).as_ref(),
                &Int32Array::from(expected.to_vec()),
                "{limit} {duplicates:?}"
            );
            assert_eq!((summary.rows, summary.duplicates), (4, 2));
        }
    }
    let options = WriteOptions::default().with_memory_limit(0);
    let e = written(&[batch([5, 6], [1, 2]), batch([4, 7], [3, 4])], options)
        .unwrap_err()
        .to_string();
    assert!(
        e.contains("row 3: the device goes back from time 6 to 4") && e.contains("--memory-limit"),
        "{e}"
    );
}

#[test]
fn devices_one_by_one_keep_their_own_types() {
    let sink = MemorySink::new("memory.tsfile");
    let output = sink.output();
    let mut writer = TsFileWriter::start_devices(Box::new(sink), WriteOptions::default()).unwrap();
    let a = record_batch!(("time", Int64, [1]), ("s", Int32, [1])).unwrap();
    let b = record_batch!(("time", Int64, [1]), ("s", Utf8, ["x"]), ("t", Int64, [2])).unwrap();
    let c = record_batch!(("time", Int64, [2]), ("t", Int64, [3])).unwrap();
    let d = record_batch!(("time", Int64, [3]), ("t", Utf8, ["y"])).unwrap();
    let [first, second] = ["root.a", "root.b"].map(DeviceId::from_path);
    writer.write_device(&first, true, &a).unwrap();
    writer.write_device(&second, false, &b).unwrap();
    writer.write_device(&second, false, &c).unwrap();
    let e = writer
        .write_device(&second, false, &d)
        .unwrap_err()
        .to_string();
    assert_eq!(
        e,
        "a measurement of a device has two types (device root.b, measurement t); expected INT64, found STRING"
    );
    let e = writer.finish().unwrap_err().to_string();
    assert!(e.contains("failed before"), "{e}");
    assert!(output.bytes().is_none());
}

#[test]
fn what_is_not_legal_lists_what_is() {
    let options = WriteOptions::default().with_encoding("status", Encoding::Rle);
    let e = written(&[narrow()], options).unwrap_err().to_string();
    assert_eq!(
        e,
        "RLE is no encoding for BOOLEAN here (measurement status); expected one of PLAIN; only Java reads it: `java_only` (--java-only) allows it"
    );
    let options = WriteOptions::default().with_encoding("nosuch", Encoding::Rle);
    let e = written(&[narrow()], options).unwrap_err().to_string();
    assert!(
        e.contains("expected one of hardware, status, temperature, found nosuch"),
        "{e}"
    );
    let batch = record_batch!(
        ("time", Int64, [1]),
        ("root.d.s", Float64, [0.123_456_789_012_345])
    )
    .unwrap();
    let options = WriteOptions::default().with_encoding("s", Encoding::Ts2Diff);
    let e = written(std::slice::from_ref(&batch), options.clone())
        .unwrap_err()
        .to_string();
    assert!(
        e.starts_with("TS_2DIFF does not keep every value (device root.d, measurement s)"),
        "{e}"
    );
    let (_, summary) = written(&[batch], options.with_lossy(true)).unwrap();
    assert!(!summary.lossless);
}

/// Names of a table are in lower case in a file; who writes it need not think of that. A column is one thing only.
#[test]
fn names_of_tables_are_taken_in_any_case_and_each_once() {
    let dates: ArrayRef = Arc::new(Date32Array::from(vec![-1, 0, 19_753]));
    let columns: [(&str, ArrayRef); 3] = [
        ("time", dates),
        ("Site", Arc::new(StringArray::from(vec!["a"; 3]))),
        ("Temp", Arc::new(Float64Array::from(vec![0.5, 1.5, 2.5]))),
    ];
    let batch = RecordBatch::try_from_iter(columns).unwrap();
    let table = |tags: &[&str]| {
        WriteOptions::default()
            .with_table("T")
            .with_tags(tags.to_vec())
    };
    for name in ["Temp", "temp"] {
        let options = table(&["Site"])
            .with_encoding(name, Encoding::Chimp)
            .with_compression(name, Compression::Zstd);
        let (reader, _) = written(std::slice::from_ref(&batch), options).unwrap();
        let columns = &reader.table("t").unwrap().columns;
        assert_eq!(columns[1].measurement.encoding, Encoding::Chimp);
        assert_eq!(columns[1].measurement.compression, Compression::Zstd);
        // Dates are midnights, in milliseconds.
        let rows = rows(&reader, Form::Table);
        let times = rows.column(0).as_primitive::<Int64Type>();
        assert_eq!(times.values(), &[-86_400_000, 0, 1_706_659_200_000]);
    }
    for tags in [&["Site", "time"][..], &["Site", "Site"]] {
        let e = written(std::slice::from_ref(&batch), table(tags)).unwrap_err();
        let said = "a column is named twice as time, device or tag";
        assert!(e.to_string().starts_with(said), "{e}");
    }
}

/// The index is right for a device: every series is found by its name.
#[test]
fn deep_indexes_lead_to_every_series() {
    let names: Vec<String> = (0..40)
        .map(|i| format!("root.d{}.s{}", i / 7, i % 7))
        .collect();
    let mut columns = vec![("time", Arc::new(Int64Array::from(vec![1, 2])) as ArrayRef)];
    for name in &names {
        columns.push((name, Arc::new(Int32Array::from(vec![3, 4]))));
    }
    let batch = RecordBatch::try_from_iter(columns).unwrap();
    for degree in [2, 3, 4, 256] {
        for aligned in [true, false] {
            let options = WriteOptions::default()
                .with_index_degree(degree)
                .with_aligned(aligned);
            let (reader, summary) = written(std::slice::from_ref(&batch), options).unwrap();
            assert_eq!((summary.devices, summary.series), (6, 40));
            let index = reader.index().unwrap();
            let series: usize = index
                .devices()
                .map(|d: DeviceRef<'_>| d.series_count())
                .sum();
            assert_eq!(series, 40 + if aligned { 6 } else { 0 });
            let filter = reader.bloom_filter().unwrap().unwrap();
            assert!(names.iter().all(|n| filter.might_contain(n)));
            assert!(!filter.might_contain("root.d1.other"));
        }
    }
}

/// What is written as TS_2DIFF is trusted all the same: minimum, maximum and sum come without a page being decoded.
#[test]
fn statistics_of_floats_are_trusted_where_the_writer_vouches_for_them() {
    let n = 5_000;
    let batch = RecordBatch::try_from_iter([
        (
            "time",
            Arc::new(Int64Array::from_iter_values(0..n)) as ArrayRef,
        ),
        (
            "root.d.s",
            Arc::new(Float64Array::from_iter_values(
                (0..n).map(|i| i as f64 / 4.0),
            )),
        ),
    ])
    .unwrap();
    let (reader, _) = written(&[batch], WriteOptions::default()).unwrap();
    assert!(reader.is_lossless());
    let mut summaries = tsfile::scan::summarize(&reader, Default::default()).unwrap();
    let device = summaries.next().unwrap().unwrap();
    let sources: Vec<_> = device.series.iter().map(|s| s.source).collect();
    assert_eq!(sources, [tsfile::scan::SummarySource::Statistics]);
}

/// Java before 1.1.1 knows pages in which all floats are scaled, and no others.
#[test]
fn version_3_has_no_exceptions_among_scaled_floats() {
    let values = (0..1000).map(|i| if i == 500 { -0.0 } else { i as f64 });
    let batch = RecordBatch::try_from_iter([
        (
            "time",
            Arc::new(Int64Array::from_iter_values(0..1000)) as ArrayRef,
        ),
        ("root.d.s", Arc::new(Float64Array::from_iter_values(values))),
    ])
    .unwrap();
    for (version, expected) in [
        (FormatVersion::V4, Encoding::Ts2Diff),
        (FormatVersion::V3, Encoding::Gorilla),
    ] {
        let options = WriteOptions::default().with_format_version(version);
        let (reader, summary) = written(std::slice::from_ref(&batch), options).unwrap();
        assert_eq!(summary.columns[0].chunks[0].0, expected);
        assert_eq!(columns(&rows(&reader, Form::Wide)), columns(&batch));
    }
}

/// C++ takes encoding and compression of a series from its first chunk, so whatever comes later is written in the same way.
#[test]
fn chunks_of_a_series_are_written_in_one_way() {
    let batch = |start: i64, value: &dyn Fn(i64) -> f64, text: &dyn Fn(i64) -> Option<String>| {
        let rows = start..start + 300;
        RecordBatch::try_from_iter_with_nullable([
            (
                "time",
                Arc::new(Int64Array::from_iter_values(rows.clone())) as ArrayRef,
                false,
            ),
            (
                "root.d.f",
                Arc::new(Float64Array::from_iter_values(rows.clone().map(value))),
                true,
            ),
            (
                "root.d.s",
                Arc::new(StringArray::from_iter(rows.map(text))),
                true,
            ),
        ])
        .unwrap()
    };
    let decimal = |i: i64| i as f64 / 4.0;
    let random = |i: i64| ((i * 7919) as f64).sin() * if i % 50 == 3 { f64::INFINITY } else { 1.0 };
    let nothing = |_| None;
    let few = |i| Some(format!("state {}", i % 2));
    let many = |i: i64| Some(format!("{}", (i * 7919) % 1009));
    let batches = [
        batch(0, &decimal, &nothing),
        batch(300, &random, &few),
        batch(600, &decimal, &many),
    ];
    for aligned in [true, false] {
        let options = WriteOptions::default()
            .with_aligned(aligned)
            .with_memory_limit(0);
        let (reader, summary) = written(&batches, options).unwrap();
        assert_eq!(summary.chunk_groups, 3);
        for column in &summary.columns {
            assert_eq!(column.chunks.len(), 1, "{column:?}");
        }
        assert_eq!(summary.columns[0].chunks[0].0, Encoding::Ts2Diff);
        let schema = batches[0].schema();
        let all = arrow_select::concat::concat_batches(&schema, &batches).unwrap();
        assert_eq!(columns(&rows(&reader, Form::Wide)), columns(&all));
    }
}

/// References take the chunks of a column for those of the times with the same numbers.
#[test]
fn a_column_that_comes_late_is_refused_for_an_aligned_device() {
    let a = record_batch!(("time", Int64, [1]), ("s", Int32, [1])).unwrap();
    let b = record_batch!(("time", Int64, [2]), ("s", Int32, [2]), ("t", Int32, [3])).unwrap();
    let device = DeviceId::from_path("root.d");
    for aligned in [true, false] {
        let sink = Box::new(MemorySink::new("memory.tsfile"));
        let mut writer = TsFileWriter::start_devices(sink, WriteOptions::default()).unwrap();
        writer.write_device(&device, aligned, &a).unwrap();
        writer.flush().unwrap();
        writer.write_device(&device, aligned, &b).unwrap();
        let result = writer.finish();
        assert_eq!(result.is_ok(), !aligned);
        if let Err(e) = result {
            assert!(e.to_string().contains("is new, and rows of its aligned device are written already (device root.d, measurement t)"), "{e}");
        }
    }
}

#[test]
fn a_row_that_is_in_the_file_cannot_give_way_to_a_later_one() {
    let batch = |times: [i64; 3], values: [i32; 3]| {
        record_batch!(
            ("time", Int64, times.to_vec()),
            ("root.d.s", Int32, values.to_vec())
        )
        .unwrap()
    };
    let batches = [batch([1, 2, 3], [1, 2, 3]), batch([2, 4, 5], [20, 4, 5])];
    let options = |duplicates| {
        WriteOptions::default()
            .with_memory_limit(0)
            .with_duplicates(duplicates)
    };
    let e = written(&batches, options(Duplicates::Last))
        .unwrap_err()
        .to_string();
    assert!(
        e.contains("row 4: the device goes back from time 3 to 2"),
        "{e}"
    );
    let (reader, _) = written(
        &batches,
        WriteOptions::default().with_duplicates(Duplicates::Last),
    )
    .unwrap();
    let back = rows(&reader, Form::Wide);
    assert_eq!(
        back.column(1).as_ref(),
        &Int32Array::from(vec![1, 20, 3, 4, 5])
    );
}

#[test]
fn an_encoding_by_path_is_for_one_device_however_many_batches_it_has() {
    let sink = MemorySink::new("memory.tsfile");
    let options = WriteOptions::default().with_encoding("root.a.s", Encoding::Plain);
    let mut writer = TsFileWriter::start_devices(Box::new(sink), options).unwrap();
    for time in [1, 2, 3] {
        let batch = record_batch!(("time", Int64, vec![time]), ("s", Int32, [7])).unwrap();
        for device in ["root.a", "root.b"] {
            writer
                .write_device(&DeviceId::from_path(device), true, &batch)
                .unwrap();
        }
    }
    let summary = writer.finish().unwrap();
    let mut encodings: Vec<_> = summary.columns.iter().map(|c| c.chunks[0].0).collect();
    encodings.sort();
    assert_eq!(encodings, [Encoding::Plain, Encoding::Ts2Diff]);
    assert_eq!(summary.rows, 6);
}
