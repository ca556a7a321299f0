//! Summaries decode nothing where statistics answer, and what is needed where they do not.

use crate::build::{Column, FileBuilder};
use crate::expected::open;
use crate::golden::golden;
use crate::scan::{device, open as open_bytes, table_device};
use crate::summary::summaries;
use std::path::Path;
use tsfile::format::FormatVersion;
use tsfile::io::{CountingSource, MemorySource};
use tsfile::model::{DataType, Model, Value};
use tsfile::scan::{
    Aggregates, DeviceSummary, RowSummary, ScanCounters, SeriesSummary, SummaryRequest,
    SummarySource, summarize,
};
use tsfile::{ReadOptions, TsFileReader};

/// Sources of the series by name, of the rows, and the counters, of one device.
fn one(reader: &TsFileReader, request: SummaryRequest) -> (DeviceSummary, ScanCounters) {
    let (mut found, counters) = summaries(reader, request);
    assert_eq!(found.len(), 1);
    (found.remove(0), counters)
}

fn plain_file(chunks: &[(&[i64], Column)]) -> TsFileReader {
    let mut f = FileBuilder::new(FormatVersion::V4);
    for (times, values) in chunks {
        f.plain(&device("root.d.a"), &[("s", times, values.clone())]);
    }
    open_bytes(f.finish())
}

#[test]
fn statistics_answer_without_a_page() {
    let reader = plain_file(&[
        (&[5, 6], Column::F64(vec![Some(1.5), Some(-1.0)])),
        // Chunks may come in any order.
        (&[1, 2], Column::F64(vec![Some(4.0), Some(2.0)])),
    ]);
    let (got, counters) = one(&reader, SummaryRequest::new());
    assert_eq!(counters, ScanCounters::default());
    let double = |v| Some(Value::Double(v));
    assert_eq!(
        got.series[0],
        SeriesSummary {
            measurement: "s".into(),
            data_type: DataType::Double,
            count: 4,
            times: Some((1, 6)),
            values: Aggregates {
                first: double(4.0),
                last: double(-1.0),
                min: double(-1.0),
                max: double(4.0),
                sum: double(6.5),
            },
            source: SummarySource::Statistics,
        }
    );
    let rows = RowSummary {
        count: 4,
        times: Some((1, 6)),
        source: SummarySource::Statistics,
    };
    assert_eq!(got.rows, Some(rows));

    // Tables, and everything that the C++ and the Java library write without loss.
    for file in [
        "cpp-2.5.0/table_all_types",
        "java-2.4.0/table_many_devices",
        "cpp-2.5.0/table_two_tables",
    ] {
        let reader = open(&golden().join(file).with_extension("tsfile"));
        for table in reader.tables() {
            let request = SummaryRequest::new().with_table(Some(&table.name));
            let (found, counters) = summaries(&reader, request);
            assert!(
                !found.is_empty() && counters == ScanCounters::default(),
                "{file}: {counters:?}"
            );
        }
    }
}

#[test]
fn only_headers_are_read_where_statistics_answer() {
    let mut f = FileBuilder::new(FormatVersion::V4);
    for chunk in 0..5 {
        let times: Vec<i64> = (chunk * 30_000..(chunk + 1) * 30_000).collect();
        let values = times.iter().map(|t| Some(t * 3)).collect();
        f.plain(&device("root.d.a"), &[("s", &times, Column::I64(values))]);
    }
    let bytes = f.finish();
    let source = CountingSource::new(MemorySource::new(bytes.clone()));
    let reader = TsFileReader::new(source.clone(), "x", ReadOptions::default()).unwrap();
    let counts = SummaryRequest::new().with_values(false);
    one(&reader, counts);
    let counted = source.counts();
    assert!(
        counted.bytes < 100_000,
        "{counted:?} of {} bytes",
        bytes.len()
    );
    one(&reader, SummaryRequest::new());
    let all = source.counts();
    assert!(
        all.bytes - counted.bytes <= 5 * 16 * 1024,
        "{all:?}, {counted:?}"
    );
}

#[test]
fn overlaps_are_scanned_and_only_they() {
    let ints = |v: &[i64]| Column::I64(v.iter().map(|v| Some(*v)).collect());
    let reader = plain_file(&[
        (&[1, 2, 3], ints(&[10, 90, 30])),
        (&[2, 3, 4], ints(&[20, 35, 40])),
        (&[7, 8], ints(&[70, 80])),
    ]);
    let (got, counters) = one(&reader, SummaryRequest::new());
    let series = &got.series[0];
    assert_eq!((series.count, series.source), (6, SummarySource::Scan));
    // The 90 was overwritten.
    assert_eq!(series.values.max, Some(Value::Int64(80)));
    let rows = RowSummary {
        count: 6,
        times: Some((1, 8)),
        source: SummarySource::Scan,
    };
    assert_eq!(got.rows, Some(rows));
    // Two pages for the series, the same two for the rows.
    assert_eq!(counters.pages, 4);
    let without = SummaryRequest::new().with_rows(false);
    let (got, counters) = one(&reader, without);
    assert_eq!((got.rows, counters.pages), (None, 2));
    let behind = SummaryRequest::new().with_time_range(5, 9);
    assert_eq!(one(&reader, behind).1, ScanCounters::default());
}

#[test]
fn nan_is_scanned_for_values_and_not_for_counts() {
    let reader = plain_file(&[
        (
            &[1, 2, 3],
            Column::F64(vec![Some(f64::NAN), Some(2.0), Some(1.0)]),
        ),
        (&[4], Column::F64(vec![Some(3.0)])),
    ]);
    let (got, counters) = one(&reader, SummaryRequest::new());
    let series = &got.series[0];
    assert_eq!(series.source, SummarySource::Scan);
    assert_eq!(series.values.min, Some(Value::Double(1.0)));
    assert_eq!(series.values.max, Some(Value::Double(3.0)));
    assert_eq!(counters.pages, 1, "the chunk without NaN is answered");
    let (got, counters) = one(&reader, SummaryRequest::new().with_values(false));
    assert_eq!(got.series[0].source, SummarySource::Statistics);
    assert_eq!(counters, ScanCounters::default());
}

#[test]
fn lossy_encodings_are_scanned_for_values_and_not_for_counts() {
    for file in [
        "java-2.4.0/enc_camel",
        "java-2.4.0/max_point_number",
        "cpp-2.5.0/enc_camel",
    ] {
        let reader = open(&golden().join(file).with_extension("tsfile"));
        let (found, counters) = summaries(&reader, SummaryRequest::new().with_rows(false));
        assert!(counters.pages > 0, "{file}");
        for series in found.iter().flat_map(|d| &d.series) {
            assert_eq!(
                series.source,
                SummarySource::Scan,
                "{file}: {}",
                series.measurement
            );
        }
        let counts = SummaryRequest::new().with_rows(false).with_values(false);
        assert_eq!(
            summaries(&reader, counts).1,
            ScanCounters::default(),
            "{file}"
        );
    }
    // In one file the encodings decide, series by series.
    let path = golden().join("java-2.4.0/enc_ts_2diff.tsfile");
    let (found, _) = summaries(&open(&path), SummaryRequest::new().with_rows(false));
    for series in found.iter().flat_map(|d| &d.series) {
        let float = matches!(series.data_type, DataType::Float | DataType::Double);
        assert_eq!(
            series.source == SummarySource::Scan,
            float,
            "{}",
            series.measurement
        );
    }
}

#[test]
fn rows_of_a_non_aligned_device_are_counted_from_times_when_series_share_some() {
    let file = |times: [&[i64]; 2]| {
        let mut f = FileBuilder::new(FormatVersion::V4);
        let [a, b] = times;
        let values = |t: &[i64]| Column::I32(vec![Some(1); t.len()]);
        f.plain(
            &device("root.d.a"),
            &[("a", a, values(a)), ("b", b, values(b))],
        );
        open_bytes(f.finish())
    };
    for (times, rows, pages) in [
        ([&[1i64, 5, 9][..], &[2, 5][..]], 4, 2),
        // Apart from each other.
        ([&[1, 5, 9], &[10, 20]], 5, 0),
        // A point at every time there is.
        ([&[1, 2, 3, 4], &[2, 4]], 4, 0),
    ] {
        let (got, counters) = one(&file(times), SummaryRequest::new());
        assert_eq!(got.rows.unwrap().count, rows, "{times:?}");
        assert_eq!(counters.pages, pages, "{times:?}");
        let none = SummaryRequest::new().with_columns(Some(vec!["c".into()]));
        assert!(summaries(&file(times), none).0.is_empty());
        assert!(
            got.series
                .iter()
                .all(|s| s.source == SummarySource::Statistics)
        );
    }
}

#[test]
fn a_range_decodes_the_pages_that_it_cuts_and_no_other() {
    // Three chunks of s1 with pages of 50 points each.
    let reader = open(&golden().join("cpp-2.5.0/tree_multi_page_chunk.tsfile"));
    let request = |range: (i64, i64)| {
        SummaryRequest::new()
            .with_devices(vec!["root.sg.d1".into()])
            .with_columns(Some(vec!["s1".into()]))
            .with_time_range(range.0, range.1)
            .with_rows(false)
    };
    for (range, pages) in [
        ((0, 2129), 0),
        ((50, 2129), 0),
        ((51, 2129), 1),
        ((51, 2128), 2),
        ((1010, 1020), 1),
        ((40, 60), 2),
        ((130, 999), 0),
    ] {
        let (_, counters) = one(&reader, request(range));
        assert_eq!(counters.pages, pages, "{range:?}");
    }
    // Aligned, with nulls: a page of times and one of each column.
    let reader = open(&golden().join("cpp-2.5.0/table_nulls_multipage.tsfile"));
    let table = reader.tables().next().unwrap().name.clone();
    let request = SummaryRequest::new().with_table(Some(&table));
    let whole = summaries(&reader, request.clone()).0;
    let series = whole[0].series.len() as u64;
    let (start, end) = whole[0].rows.unwrap().times.unwrap();
    let inside = request.with_time_range(start + 1, end - 1);
    let filtered = inside.with_device_filter({
        let id = whole[0].device.clone();
        move |d| *d == id
    });
    let (got, counters) = one(&reader, filtered);
    assert_eq!(got.rows.unwrap().count, whole[0].rows.unwrap().count - 2);
    // Twice a page of times and one of each column, and the two pages of times once more for the rows.
    assert!(
        counters.pages <= 2 * (1 + series) + 2,
        "{counters:?}, {series} series"
    );
}

#[test]
fn tables_are_summed_up_by_device_without_their_tags() {
    let mut f = FileBuilder::new(FormatVersion::V4);
    f.table("t", &["tag"], &["x"]);
    let values = |v: &[Option<i64>]| Column::I64(v.to_vec());
    for tag in [Some("b"), None, Some("a")] {
        // Java writes an empty series for a tag that a tablet left out.
        f.aligned(
            &table_device("t", tag),
            &[1, 2],
            &[
                ("tag", values(&[None, None])),
                ("x", values(&[None, Some(1)])),
            ],
        );
    }
    let reader = open_bytes(f.finish());
    let request = SummaryRequest::new().with_table(Some("t"));
    let (found, _) = summaries(&reader, request.clone());
    let tags: Vec<Option<&str>> = found.iter().map(|d| d.device.tag(0)).collect();
    assert_eq!(tags, [None, Some("a"), Some("b")]);
    assert!(
        found
            .iter()
            .all(|d| d.series.len() == 1 && d.rows.unwrap().count == 2)
    );
    let request = request.with_device_filter(|d| d.tag(0) == Some("b"));
    assert_eq!(summaries(&reader, request).0.len(), 1);
    assert!(summaries(&reader, SummaryRequest::new()).0.is_empty());
    assert_eq!(reader.model_of(&found[0].device), Model::Table);
}

#[test]
fn errors_name_file_and_series() {
    let path: &Path = &golden().join("java-2.4.0/enc_camel.tsfile");
    let mut bytes = std::fs::read(path).unwrap();
    let reader = open(path);
    let series = reader
        .index()
        .unwrap()
        .device(0)
        .unwrap()
        .timeseries(0)
        .unwrap();
    bytes[series.chunks[0].offset as usize] = 0x33;
    let source = MemorySource::new(bytes);
    let reader = TsFileReader::new(source, "x.tsfile", ReadOptions::default()).unwrap();
    let mut all = summarize(&reader, SummaryRequest::new()).unwrap();
    let error = all.find_map(Result::err).unwrap();
    assert_eq!(error.file(), Some("x.tsfile"));
    let text = error.to_string();
    assert!(text.contains(&series.measurement), "{text}");
    assert!(all.next().is_none());
}
