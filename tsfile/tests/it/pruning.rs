//! What may be left unread because of a filter, and what may not: each rule about statistics that do not say everything, with files that are
//! wrong without it. That the reading is really saved is counted.

use crate::build::{Column, FileBuilder};
use crate::expected::{Cell, cells, read, tsfiles};
use crate::golden::golden;
use crate::scan::{device, open};
use arrow_array::{ArrayRef, Float64Array, Int64Array, RecordBatch};
use std::path::PathBuf;
use std::sync::Arc;
use tsfile::filter::Expr;
use tsfile::format::FormatVersion;
use tsfile::model::Encoding;
use tsfile::scan::{DateMode, Form, Rows, ScanCounters, ScanRequest, scan};
use tsfile::{ReadOptions, TsFileReader, TsFileWriter, WriteOptions};

/// Rows of the form narrow or wide that a filter keeps, time first, and the work that took.
fn ask(
    reader: &TsFileReader,
    request: ScanRequest,
    filter: &str,
) -> (Vec<Vec<Cell>>, ScanCounters) {
    let filter = (!filter.is_empty()).then(|| Expr::parse(filter).unwrap());
    let mut scan = scan(vec![reader.clone()], request.with_filter(filter)).unwrap();
    let mut rows = Vec::new();
    for batch in scan.by_ref() {
        let batch = batch.unwrap();
        let columns: Vec<Vec<Cell>> = batch.columns().iter().map(|c| cells(c)).collect();
        rows.extend(
            (0..batch.num_rows()).map(|r| columns.iter().map(|c| c[r].clone()).collect::<Vec<_>>()),
        );
    }
    (rows, scan.counters())
}

fn narrow() -> ScanRequest {
    ScanRequest::new().with_form(Form::Narrow)
}

fn wide() -> ScanRequest {
    ScanRequest::new().with_form(Form::Wide)
}

/// Both forms of a device `root.d`, with the name of its series `s`.
fn forms() -> [(ScanRequest, &'static str); 2] {
    [(narrow(), "s"), (wide(), "\"root.d.s\"")]
}

/// Times of the rows.
fn times(rows: &[Vec<Cell>]) -> Vec<i64> {
    rows.iter()
        .map(|r| r[0].as_ref().unwrap().parse().unwrap())
        .collect()
}

fn numbers(all: &[i64]) -> Column {
    Column::I64(all.iter().map(|v| Some(*v)).collect())
}

fn doubles(all: &[f64]) -> Column {
    Column::F64(all.iter().map(|v| Some(*v)).collect())
}

/// A series `s` of chunks in the order of the file, aligned or not.
fn chunks(aligned: bool, all: &[(&[i64], Column)]) -> TsFileReader {
    let mut f = FileBuilder::new(FormatVersion::V4);
    for (times, values) in all {
        if aligned {
            f.aligned(&device("root.d"), times, &[("s", values.clone())]);
        } else {
            f.plain(&device("root.d"), &[("s", times, values.clone())]);
        }
    }
    open(f.finish())
}

/// Pages that hold the rows of one chunk: times apart from values, or together.
fn pages_of_chunk(aligned: bool) -> u64 {
    1 + u64::from(aligned)
}

#[test]
fn an_old_value_does_not_come_back_when_the_chunk_that_overwrites_it_cannot_match() {
    for aligned in [false, true] {
        let reader = chunks(
            aligned,
            &[
                (&[1, 2, 3, 4], numbers(&[100, 100, 100, 100])),
                (&[2, 3], numbers(&[1, 1])),
                (&[50, 51], numbers(&[1, 1])),
            ],
        );
        for (request, name) in forms() {
            let (rows, work) = ask(&reader, request.clone(), &format!("{name} > 60"));
            assert_eq!(times(&rows), [1, 4], "aligned {aligned}, {name}");
            // The chunk that overlaps none is not needed, the other two are.
            assert_eq!(
                work.pages,
                2 * pages_of_chunk(aligned),
                "aligned {aligned}, {name}"
            );
            let (rows, _) = ask(&reader, request, &format!("{name} < 60"));
            assert_eq!(times(&rows), [2, 3, 50, 51], "aligned {aligned}, {name}");
        }
    }
}

#[test]
fn a_chunk_that_overwrites_values_is_not_lost_with_those_that_it_overwrites() {
    for aligned in [false, true] {
        let reader = chunks(
            aligned,
            &[
                (&[1, 2, 3, 4], numbers(&[1, 1, 1, 1])),
                (&[50, 51], numbers(&[1, 1])),
                (&[2, 3], numbers(&[100, 1])),
            ],
        );
        for (request, name) in forms() {
            let (rows, work) = ask(&reader, request.clone(), &format!("{name} > 60"));
            assert_eq!(times(&rows), [2], "aligned {aligned}, {name}");
            assert!(
                work.pages <= 2 * pages_of_chunk(aligned),
                "aligned {aligned}, {name}"
            );
            let (rows, _) = ask(&reader, request, &format!("{name} = 1"));
            assert_eq!(times(&rows), [1, 3, 4, 50, 51], "aligned {aligned}, {name}");
        }
    }
}

/// Bytes of a file of the device `root.d` with pages of ten points.
fn written(options: WriteOptions, columns: Vec<(&str, ArrayRef)>) -> Vec<u8> {
    let batch = RecordBatch::try_from_iter(columns).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.tsfile");
    let options = options.with_form(Form::Wide).with_page_points(10);
    let mut w = TsFileWriter::create(&path, batch.schema(), options).unwrap();
    w.write(&batch).unwrap();
    w.finish().unwrap();
    std::fs::read(path).unwrap()
}

fn longs(all: impl IntoIterator<Item = i64>) -> ArrayRef {
    Arc::new(Int64Array::from_iter_values(all))
}

fn golden_files() -> Vec<PathBuf> {
    let folders = std::fs::read_dir(golden())
        .unwrap()
        .map(|e| e.unwrap().path());
    folders
        .filter(|p| p.is_dir())
        .flat_map(|p| tsfiles(&p))
        .collect()
}

/// The file without the property that says that nothing is lost.
fn without_properties(bytes: &[u8]) -> Vec<u8> {
    let mut f = FileBuilder::new(FormatVersion::V4);
    f.append(bytes);
    f.finish()
}

#[test]
fn the_rules_hold_for_pages_as_for_chunks() {
    // The newer chunk overlaps the second of ten pages; what it holds matches nowhere.
    for aligned in [false, true] {
        let layer = |times: std::ops::Range<i64>, value: i64| {
            let values = longs(times.clone().map(|_| value));
            let options = WriteOptions::default().with_aligned(aligned);
            written(options, vec![("time", longs(times)), ("root.d.s", values)])
        };
        let mut f = FileBuilder::new(FormatVersion::V4);
        f.append(&layer(0..100, 100)).append(&layer(12..18, 1));
        let reader = open(f.finish());
        for (request, name) in forms() {
            let (rows, _) = ask(&reader, request.clone(), &format!("{name} > 60"));
            let expected: Vec<i64> = (0..12).chain(18..100).collect();
            assert_eq!(times(&rows), expected, "aligned {aligned}, {name}");
            let (rows, work) = ask(&reader, request, &format!("{name} < 60"));
            assert_eq!(times(&rows), (12..18).collect::<Vec<_>>());
            // Of the older chunk the second page alone has such times.
            assert!(
                work.pages <= 2 * pages_of_chunk(aligned),
                "{work:?}, aligned {aligned}, {name}"
            );
        }
    }
}

#[test]
fn a_null_never_overwrites() {
    let nulls = |all: &[Option<i64>]| Column::I64(all.to_vec());
    let reader = chunks(
        true,
        &[
            (&[1, 2, 3], numbers(&[100, 100, 100])),
            (&[1, 2], nulls(&[None, Some(7)])),
            // A chunk of nulls alone, which has no statistics at all.
            (&[3, 4], nulls(&[None, None])),
        ],
    );
    for (request, name) in forms() {
        let found =
            |filter: &str| times(&ask(&reader, request.clone(), &format!("{name} {filter}")).0);
        assert_eq!(found("> 60"), [1, 3]);
        assert_eq!(found("= 7"), [2]);
        assert_eq!(found("IS NOT NULL"), [1, 2, 3]);
        // A row of nulls is one of its device, and not of the form wide.
        let narrow = name == "s";
        assert_eq!(found("IS NULL"), if narrow { vec![4] } else { vec![] });
        assert_eq!(
            found("IS NOT DISTINCT FROM NULL").len(),
            usize::from(narrow)
        );
    }
}

#[test]
fn a_nan_that_minimum_and_maximum_do_not_show_is_found() {
    let nan = f64::NAN;
    for aligned in [false, true] {
        let reader = chunks(
            aligned,
            &[
                // Passed over by the writer's minimum and maximum, or kept in them where it comes first.
                (&[1, 2, 3], doubles(&[1.0, nan, 2.0])),
                (&[11, 12, 13], doubles(&[nan, 1.0, 2.0])),
                (&[21, 22, 23], doubles(&[1.0, 1.5, 2.0])),
                // A sum that is NaN by infinities alone says that there may be one.
                (&[31, 32], doubles(&[f64::INFINITY, f64::NEG_INFINITY])),
            ],
        );
        for (request, name) in forms() {
            let (rows, work) = ask(&reader, request.clone(), &format!("{name} > 5"));
            assert_eq!(times(&rows), [2, 11, 31], "aligned {aligned}, {name}");
            assert_eq!(work.pages, 3 * pages_of_chunk(aligned));
            let found =
                |filter: &str| times(&ask(&reader, request.clone(), &format!("{name} {filter}")).0);
            assert_eq!(found("= DOUBLE 'NaN'"), [2, 11]);
            assert_eq!(found("< 1.25"), [1, 12, 21, 32]);
            assert_eq!(found("<> 1"), [2, 3, 11, 13, 22, 23, 31, 32]);
        }
        if !aligned {
            continue;
        }
        // Our own writer's pages.
        let values: Vec<f64> = (0..40).map(|t| if t == 25 { nan } else { 1.5 }).collect();
        let options = WriteOptions::default()
            .with_aligned(aligned)
            .with_encoding("s", Encoding::Gorilla);
        let columns = vec![
            ("time", longs(0..40)),
            ("root.d.s", Arc::new(Float64Array::from(values)) as ArrayRef),
        ];
        let reader = open(written(options, columns));
        let (rows, work) = ask(&reader, narrow(), "s > 5");
        assert_eq!(times(&rows), [25]);
        assert_eq!(
            work.pages,
            pages_of_chunk(aligned),
            "one page of four: {work:?}"
        );
    }
}

#[test]
fn negative_zero_is_zero_to_statistics() {
    for aligned in [false, true] {
        let reader = chunks(
            aligned,
            &[
                (&[1, 2], doubles(&[-1.0, -0.0])),
                (&[11, 12], doubles(&[0.0, 1.0])),
                (&[21, 22], doubles(&[1.0, 2.0])),
            ],
        );
        for (request, name) in forms() {
            for (filter, expected) in [("= 0", [2, 11]), ("= -0.0e0", [2, 11]), ("IN (0)", [2, 11])]
            {
                let (rows, work) = ask(&reader, request.clone(), &format!("{name} {filter}"));
                assert_eq!(times(&rows), expected, "{filter}");
                assert_eq!(work.pages, 2 * pages_of_chunk(aligned), "{filter}");
            }
        }
    }
}

#[test]
fn a_lossy_encoding_gives_values_that_statistics_do_not_know() {
    use std::f64::consts::{E, SQRT_2};
    for (encoding, aligned) in [
        (Encoding::Rle, false),
        (Encoding::Ts2Diff, true),
        (Encoding::Rle, true),
    ] {
        // Rounded to 0 decimals: 1 and 3 come back, and 1.41 to 2.72 is what the statistics say.
        let values = (0..40).map(|t| if t == 25 { E } else { SQRT_2 });
        let values: ArrayRef = Arc::new(Float64Array::from_iter_values(values));
        let options = WriteOptions::default()
            .with_aligned(aligned)
            .with_lossy(true)
            .with_java_only(true)
            .with_max_point_number(0)
            .with_encoding("root.d.s", encoding);
        let reader = open(written(
            options,
            vec![("time", longs(0..40)), ("root.d.s", values)],
        ));
        assert!(!reader.is_lossless());
        for (request, name) in forms() {
            let found = |filter: &str| {
                let filter = format!("{name} {filter}");
                times(&ask(&reader, request.clone(), &filter).0)
            };
            assert_eq!(found("= 3"), [25], "{encoding}, {name}");
            assert_eq!(found("= 1").len(), 39);
            assert_eq!(found("> 2.8"), [25]);
            assert!(found("BETWEEN 1.4 AND 2.8").is_empty());
        }
    }
}

#[test]
fn statistics_of_floats_count_where_nothing_is_lost() {
    let values = || -> ArrayRef {
        Arc::new(Float64Array::from_iter_values(
            (0..100).map(|t| f64::from(t) / 4.0),
        ))
    };
    for aligned in [false, true] {
        let pages = |encoding: Encoding, property: bool| {
            let options = WriteOptions::default()
                .with_aligned(aligned)
                .with_encoding("root.d.s", encoding);
            let bytes = written(
                options,
                vec![("time", longs(0..100)), ("root.d.s", values())],
            );
            let bytes = if property {
                bytes
            } else {
                without_properties(&bytes)
            };
            let reader = open(bytes);
            assert_eq!(reader.is_lossless(), property);
            let (rows, all) = ask(&reader, narrow(), "s = 5.25");
            assert_eq!(times(&rows), [21]);
            let (rows, none) = ask(&reader, narrow(), "s > 1000");
            assert!(rows.is_empty());
            (all.pages, none.pages)
        };
        let one = pages_of_chunk(aligned);
        // Of a series that has times of its own only chunks are left unread by their values, not pages.
        let some = if aligned { one } else { 10 };
        // GORILLA gives every value back, whoever wrote it; TS_2DIFF of floats need not, and only the property says that it does.
        assert_eq!(
            pages(Encoding::Gorilla, false),
            (some, 0),
            "aligned {aligned}"
        );
        assert_eq!(
            pages(Encoding::Ts2Diff, true),
            (some, 0),
            "aligned {aligned}"
        );
        assert_eq!(
            pages(Encoding::Ts2Diff, false),
            (10 * one, 10 * one),
            "aligned {aligned}"
        );
    }
}

#[test]
fn a_series_without_a_value_is_null_everywhere() {
    let mut f = FileBuilder::new(FormatVersion::V4);
    let nothing = Column::I64(vec![None, None]);
    f.aligned(
        &device("root.d"),
        &[1, 2],
        &[("s", numbers(&[5, 6])), ("x", nothing)],
    );
    let reader = open(f.finish());
    for (request, s, x) in [
        (narrow(), "s", "x"),
        (wide(), "\"root.d.s\"", "\"root.d.x\""),
    ] {
        let found = |filter: &str| {
            let (rows, work) = ask(&reader, request.clone(), filter);
            (times(&rows), work.pages)
        };
        assert_eq!(found(&format!("{x} = 0")), (vec![], 0));
        assert_eq!(found(&format!("{x} > -5 AND {s} = 5")), (vec![], 0));
        assert_eq!(found(&format!("{x} IS NOT NULL")), (vec![], 0));
        assert_eq!(found(&format!("{x} IS NULL")).0, [1, 2]);
        assert!(found(&format!("NOT {x} = 0")).0.is_empty());
        assert_eq!(found(&format!("{x} = 0 OR {s} = 6")).0, [2]);
        assert_eq!(found(&format!("{x} IS NULL AND {s} = 6")).0, [2]);
    }
}

#[test]
fn devices_that_a_filter_names_are_found_whatever_their_names() {
    let mut devices = 0;
    let mut others = 0;
    for file in golden_files() {
        let Ok(reader) = TsFileReader::open(&file, ReadOptions::default()) else {
            continue;
        };
        let (names, all) = match scan(vec![reader.clone()], narrow().with_dates(DateMode::Int)) {
            Ok(_) => read(&reader, narrow()),
            Err(_) => continue,
        };
        assert_eq!(names[1], "device_name");
        let mut paths: Vec<&String> = all.iter().map(|row| row[1].as_ref().unwrap()).collect();
        paths.dedup();
        for path in paths.iter().take(20) {
            let filter = format!("device_name = '{}'", path.replace('\'', "''"));
            let (rows, _) = ask(&reader, narrow().with_dates(DateMode::Int), &filter);
            let expected: Vec<_> = all
                .iter()
                .filter(|row| row[1].as_ref() == Some(*path))
                .collect();
            assert_eq!(
                rows.iter().collect::<Vec<_>>(),
                expected,
                "{}: {filter}",
                reader.name()
            );
            devices += 1;
            others += usize::from(!path.is_ascii());
        }
        let (rows, work) = ask(
            &reader,
            narrow().with_dates(DateMode::Int),
            "device_name = 'root.nobody'",
        );
        assert_eq!((rows.len(), work.pages), (0, 0));
    }
    assert!(devices > 50 && others > 3, "{devices}, {others}");
}

/// Two columns of ten pages.
fn two_columns(aligned: bool) -> TsFileReader {
    let options = WriteOptions::default().with_aligned(aligned);
    let columns = vec![
        ("time", longs(0..100)),
        ("root.d.a", longs(0..100)),
        ("root.d.b", longs(0..100)),
    ];
    open(written(options, columns))
}

#[test]
fn times_and_values_choose_pages() {
    for aligned in [false, true] {
        let reader = two_columns(aligned);
        let pages = if aligned { 3 } else { 2 };
        let (rows, work) = ask(&reader, narrow(), "time > 40 AND time < 45");
        assert_eq!(times(&rows), [41, 42, 43, 44]);
        assert_eq!(work.pages, pages, "{work:?}");
        let (rows, work) = ask(&reader, narrow(), "time = 5 OR time = 95");
        assert_eq!(times(&rows), [5, 95]);
        assert_eq!(work.pages, 2 * pages, "{work:?}");
    }
    // By values: the page of the column that is asked, and those of the same rows.
    let (rows, work) = ask(&two_columns(true), narrow(), "a = 33");
    assert_eq!(times(&rows), [33]);
    assert_eq!(work.pages, 3, "{work:?}");
}

/// Checks that one page of the series is decoded where one row has the value: of a device that is worth it.
fn one_page_has_the_value(aligned: bool) {
    let options = WriteOptions::default().with_aligned(aligned);
    let columns = vec![
        ("time", longs(0..2_000)),
        ("root.d.a", longs(0..2_000)),
        ("root.d.b", longs(0..2_000)),
    ];
    let reader = open(written(options, columns));
    for (request, a) in [(narrow(), "a"), (wide(), "root.d.a")] {
        let request = request.with_columns(Some(vec![a.to_string()]));
        let request = request.with_rows(Rows::Projected);
        let (rows, work) = ask(&reader, request, &format!("\"{a}\" = 33"));
        assert_eq!(times(&rows), [33]);
        assert_eq!(work.pages, pages_of_chunk(aligned), "{a}: {work:?}");
    }
}

#[test]
fn values_choose_pages_where_rows_need_a_value() {
    one_page_has_the_value(true);
    one_page_has_the_value(false);
}

#[test]
fn rows_of_the_mode_projected_come_from_selected_series_alone() {
    let mut f = FileBuilder::new(FormatVersion::V4);
    f.plain(
        &device("root.d"),
        &[
            ("a", &[1, 2], numbers(&[1, 2])),
            ("b", &[2, 3], numbers(&[5, 5])),
        ],
    );
    let reader = open(f.finish());
    let request = |rows| {
        narrow()
            .with_columns(Some(vec!["a".to_string()]))
            .with_rows(rows)
    };
    // A column that the filter alone names makes no row, and its values count all the same.
    assert_eq!(
        times(&ask(&reader, request(Rows::Projected), "b = 5").0),
        [2]
    );
    assert_eq!(times(&ask(&reader, request(Rows::All), "b = 5").0), [2, 3]);
    assert_eq!(
        times(&ask(&reader, request(Rows::Projected), "b IS NULL").0),
        [1]
    );
    assert_eq!(
        times(&ask(&reader, request(Rows::Projected), "b IS NULL OR b = 5").0),
        [1, 2]
    );
    assert_eq!(times(&ask(&reader, request(Rows::All), "a IS NULL").0), [3]);
}
