//! Offset and limit: the rows are those of the full scan, and what is not needed is not read.

use crate::build::{Column, FileBuilder};
use crate::expected::{open, read};
use crate::golden::golden;
use crate::scan::{Rng, device, open as open_bytes, random_file, table_device};
use tsfile::format::FormatVersion;
use tsfile::io::{CountingSource, MemorySource};
use tsfile::scan::{Form, Rows, ScanRequest, TextMode, scan};
use tsfile::{ReadOptions, TsFileReader};

/// Compares slices of a scan with slices of its full result.
fn check(reader: &TsFileReader, request: &ScanRequest, rng: &mut Rng, what: &str) {
    let (names, all) = read(reader, request.clone());
    for _ in 0..6 {
        let n = all.len() as u64;
        let (offset, limit) = (rng.below(n + 3), rng.below(n + 3));
        let limit = (rng.below(4) > 0).then_some(limit);
        let sliced = request
            .clone()
            .with_offset(offset)
            .with_limit(limit)
            .with_batch_bytes([1, 100, 1000, 4 << 20][rng.below(4) as usize]);
        let expected: Vec<_> = all
            .iter()
            .skip(offset as usize)
            .take(limit.map_or(usize::MAX, |l| l as usize))
            .cloned()
            .collect();
        assert_eq!(
            read(reader, sliced),
            (names.clone(), expected),
            "{what}: offset {offset}, limit {limit:?} of {n} rows"
        );
    }
}

#[test]
fn slices_of_overlapping_chunks_are_slices_of_the_full_scan() {
    let mut rng = Rng(0x11_3173);
    for case in 0..300 {
        let (reader, ..) = random_file(&mut rng);
        let range = match rng.below(3) {
            0 => (rng.below(80) as i64, 40 + rng.below(120) as i64),
            _ => (i64::MIN, i64::MAX),
        };
        for form in [Form::Narrow, Form::Wide] {
            for rows in [Rows::All, Rows::Projected] {
                let request = ScanRequest::new()
                    .with_form(form)
                    .with_rows(rows)
                    .with_time_range(range.0, range.1);
                let what = format!("case {case}, {form:?}, {rows:?}");
                check(&reader, &request, &mut rng, &what);
            }
        }
    }
}

#[test]
fn slices_of_tables_are_slices_of_the_full_scan() {
    let mut rng = Rng(0x7ab1e);
    for file in [
        "java-2.4.0/table_many_devices",
        "java-2.4.0/table_multi",
        "java-2.4.0/table_two_tablets",
        "cpp-2.5.0/table_nulls_multipage",
    ] {
        let reader = open(&golden().join(file).with_extension("tsfile"));
        for table in reader.tables() {
            let request = ScanRequest::new().with_table(Some(&table.name));
            check(&reader, &request, &mut rng, file);
        }
    }
    // Devices whose chunks overlap or follow one another, one of them without its tag.
    for case in 0..100 {
        let mut f = FileBuilder::new(FormatVersion::V4);
        f.table("t", &["tag"], &["x", "y"]);
        for _ in 0..2 + rng.below(6) {
            let id = table_device("t", [None, Some("a"), Some("b")][rng.below(3) as usize]);
            let start = rng.below(60) as i64;
            let times: Vec<i64> = (start..=start + rng.below(20) as i64).collect();
            let values = |rng: &mut Rng| -> Column {
                let values = times.iter().map(|t| (rng.below(3) > 0).then_some(*t));
                Column::I64(values.collect())
            };
            let columns = [("x", values(&mut rng)), ("y", values(&mut rng))];
            f.aligned(&id, &times, &columns);
        }
        let reader = open_bytes(f.finish());
        check(
            &reader,
            &ScanRequest::new(),
            &mut rng,
            &format!("case {case}"),
        );
    }
}

#[test]
fn several_files_share_offset_and_limit() {
    let file = |from: i64| {
        let mut f = FileBuilder::new(FormatVersion::V4);
        let values = (from..from + 5).map(Some).collect();
        let times: Vec<i64> = (0..5).collect();
        f.plain(&device("root.d.a"), &[("x", &times, Column::I64(values))]);
        open_bytes(f.finish())
    };
    let request = ScanRequest::new()
        .with_form(Form::Narrow)
        .with_offset(3)
        .with_limit(Some(9));
    let mut scan = scan(vec![file(0), file(10), file(20)], request).unwrap();
    let rows: usize = scan.by_ref().map(|b| b.unwrap().num_rows()).sum();
    assert_eq!((rows, scan.missing_offset()), (9, 0));
}

#[test]
fn an_offset_behind_the_end_says_what_is_missing() {
    let reader = open(&golden().join("cpp-2.5.0/tree_minimal.tsfile"));
    for (offset, missing) in [(2, 0), (3, 0), (7, 4)] {
        let request = ScanRequest::new().with_offset(offset);
        let mut scan = scan(vec![reader.clone()], request).unwrap();
        let rows: usize = scan.by_ref().map(|b| b.unwrap().num_rows()).sum();
        assert_eq!(rows as u64, 3u64.saturating_sub(offset));
        assert_eq!(scan.missing_offset(), missing);
    }
}

#[test]
fn values_of_rows_passed_over_are_not_looked_at() {
    let mut f = FileBuilder::new(FormatVersion::V4);
    let text = vec![Some(vec![0xff]), Some(b"good".to_vec()), Some(vec![0xff])];
    f.plain(
        &device("root.d.a"),
        &[("t", &[1, 2, 3], Column::Bytes(text))],
    );
    let reader = open_bytes(f.finish());
    let request = ScanRequest::new().with_text(TextMode::Utf8);
    let one = request.clone().with_offset(1).with_limit(Some(1));
    assert_eq!(read(&reader, one).1[0][1].as_deref(), Some("good"));
    let two = scan(vec![reader], request.with_offset(1)).unwrap();
    let e = two.last().unwrap().unwrap_err().to_string();
    assert!(e.contains("at time 3"), "{e}");
}

/// Chunks of each column, points of each chunk.
const CHUNKS: i64 = 5;
const POINTS: i64 = 30_000;
/// Two value columns and their times, or two columns with their own.
const COLUMNS: u64 = 2;

/// A file of [`CHUNKS`] chunks per column, one after the other in time: aligned or not, or of a table.
fn large(aligned: bool, table: bool) -> (CountingSource<MemorySource>, TsFileReader) {
    let mut f = FileBuilder::new(FormatVersion::V4);
    let id = if table {
        f.table("t", &["tag"], &["x", "y"]);
        table_device("t", Some("a"))
    } else {
        device("root.d.a")
    };
    for chunk in 0..CHUNKS {
        let times: Vec<i64> = (chunk * POINTS..(chunk + 1) * POINTS).collect();
        let values = |by: i64| Column::I64(times.iter().map(|t| Some(t * by)).collect());
        if aligned {
            f.aligned(&id, &times, &[("x", values(2)), ("y", values(3))]);
        } else {
            f.plain(&id, &[("x", &times, values(2)), ("y", &times, values(3))]);
        }
    }
    let source = CountingSource::new(MemorySource::new(f.finish()));
    let reader = TsFileReader::new(source.clone(), "large", ReadOptions::default()).unwrap();
    (source, reader)
}

#[test]
fn the_first_rows_touch_one_chunk_of_each_column() {
    for (aligned, table) in [(false, false), (true, false), (true, true)] {
        let (source, reader) = large(aligned, table);
        let form = if table { Form::Table } else { Form::Narrow };
        let request = ScanRequest::new().with_form(form).with_limit(Some(10));
        let mut scan = scan(vec![reader], request).unwrap();
        let planned = source.counts();
        let batch = scan.next().unwrap().unwrap();
        assert_eq!(batch.num_rows(), 10);
        assert!(scan.next().is_none());
        // One page of each column, and of the times where they are shared.
        let pages = COLUMNS + u64::from(aligned);
        assert_eq!(scan.counters().pages, pages, "aligned {aligned}");
        let bytes = source.counts().bytes - planned.bytes;
        let chunk = POINTS as u64 * 8;
        assert!(
            bytes < (COLUMNS + 1) * chunk,
            "{bytes} bytes for chunks of about {chunk}"
        );
    }
}

#[test]
fn chunks_that_are_passed_over_are_not_opened() {
    let (source, reader) = large(true, true);
    let offset = (CHUNKS - 1) * POINTS - 5;
    let request = ScanRequest::new()
        .with_offset(offset as u64)
        .with_limit(Some(10));
    let mut scan = scan(vec![reader], request).unwrap();
    let planned = source.counts();
    let rows: Vec<usize> = scan.by_ref().map(|b| b.unwrap().num_rows()).collect();
    assert_eq!(rows.iter().sum::<usize>(), 10);
    // The last rows of one chunk and the first of the next.
    assert_eq!(scan.counters().pages, 2 * (COLUMNS + 1));
    assert!(source.counts().bytes - planned.bytes < 2 * (COLUMNS + 1) * POINTS as u64 * 8);
    let nothing = ScanRequest::new().with_limit(Some(0));
    let (source, reader) = large(false, false);
    let mut scan = tsfile::scan::scan(vec![reader], nothing).unwrap();
    let planned = source.counts();
    assert!(scan.next().is_none());
    assert_eq!(source.counts(), planned);
}
