//! Rows are put to the test before the columns that it does not read are decoded: what is decoded, and that the rows are the same.

use crate::build::{Column, FileBuilder};
use crate::query::written;
use crate::scan::{Rng, device};
use arrow_array::{ArrayRef, BooleanArray, Float64Array, Int64Array, RecordBatch, StringArray};
use arrow_select::concat::concat_batches;
use std::sync::Arc;
use tsfile::filter::{Column as Named, Expr, Kind};
use tsfile::format::FormatVersion;
use tsfile::io::MemorySource;
use tsfile::model::Form;
use tsfile::scan::{Query, Rows, ScanCounters};
use tsfile::{ReadOptions, TsFileReader, WriteOptions};

const ROWS: i64 = 20_000;
const PAGE: u64 = 500;

/// Devices `root.sg.d0`, .. of four series `s0` to `s3` each; `s0` counts the rows, and wraps round at 10,000.
fn plant(devices: usize, aligned: bool) -> TsFileReader {
    let rows = devices as i64 * ROWS;
    let names = (0..rows).map(|row| format!("root.sg.d{}", row / ROWS));
    let time = Int64Array::from_iter_values((0..rows).map(|row| row % ROWS * 10));
    let mut all: Vec<(String, ArrayRef)> = vec![
        ("time".into(), Arc::new(time)),
        (
            "device_name".into(),
            Arc::new(StringArray::from_iter_values(names)),
        ),
    ];
    for k in 0..4 {
        let value = |row: i64| row % 10_000 + k;
        let values = Int64Array::from_iter_values((0..rows).map(value));
        all.push((format!("s{k}"), Arc::new(values)));
    }
    let options = WriteOptions::default()
        .with_aligned(aligned)
        .with_page_points(PAGE as usize);
    written(&RecordBatch::try_from_iter(all).unwrap(), options)
}

fn open(bytes: Vec<u8>) -> TsFileReader {
    TsFileReader::new(MemorySource::new(bytes), "memory", ReadOptions::default()).unwrap()
}

fn read(query: Query) -> (RecordBatch, ScanCounters) {
    let mut scan = query.scan().unwrap();
    let schema = scan.schema();
    let batches: Vec<_> = scan.by_ref().map(|b| b.unwrap()).collect();
    (concat_batches(&schema, &batches).unwrap(), scan.counters())
}

fn narrow(reader: &TsFileReader, filter: &str) -> Query {
    Query::new(vec![reader.clone()])
        .narrow()
        .filter(filter)
        .unwrap()
}

/// The rows of `batch` for which `filter` is true.
fn filtered(batch: &RecordBatch, filter: &str) -> RecordBatch {
    let schema = batch.schema();
    let columns = schema.fields().iter().map(|field| {
        let kind = match field.data_type() {
            arrow_schema::DataType::Boolean => Kind::Boolean,
            arrow_schema::DataType::Float64 => Kind::Double,
            arrow_schema::DataType::Utf8 => Kind::Text,
            arrow_schema::DataType::Int64 if field.name() == "time" => Kind::Instant {
                step_nanos: 1_000_000,
            },
            _ => Kind::Integer,
        };
        let name = field.name().clone();
        Named { name, kind }
    });
    let columns: Vec<Named> = columns.collect();
    let kept = Expr::parse(filter).unwrap().evaluate(batch, &columns);
    arrow_select::filter::filter_record_batch(batch, &kept.unwrap()).unwrap()
}

#[test]
fn a_device_decodes_other_series_only_where_a_row_was_kept() {
    let reader = plant(1, false);
    let (all, full) = read(Query::new(vec![reader.clone()]).narrow());
    assert!(full.values >= 4 * ROWS as u64 && full.rows_tested == 0);

    // Ten rows in two places.
    let filter = "s0 >= 3333 and s0 < 3338";
    let (rows, counters) = read(narrow(&reader, filter));
    assert_eq!(rows, filtered(&all, filter));
    assert_eq!(rows.num_rows(), 10);
    // Pages that cannot match are passed over: two of s0 are decoded, with their times, and ten values of each other series.
    assert_eq!(counters.rows_tested, 2 * PAGE);
    assert_eq!(counters.values, 2 * 2 * PAGE + 3 * 10, "{counters:?}");
    assert_eq!(counters.pages, 2 * 4);

    // Where no statistics help, all values of what is tested are decoded, and still no others.
    let filter = "s0 in (17, 5005, 100000)";
    let (rows, counters) = read(narrow(&reader, filter));
    assert_eq!((rows.num_rows(), &rows), (4, &filtered(&all, filter)));
    assert!(counters.values < 2 * ROWS as u64 + 100, "{counters:?}");

    // No row, nothing else.
    let (rows, counters) = read(narrow(&reader, "s0 > 100 and s1 < 50"));
    assert_eq!(rows.num_rows(), 0);
    let tested = full.values * 2 / 4;
    assert!(
        counters.values <= tested && counters.values > 0,
        "{counters:?}"
    );
}

#[test]
fn a_stretch_of_time_decodes_no_values_around_it() {
    let reader = plant(1, false);
    let (all, _) = read(Query::new(vec![reader.clone()]).narrow());
    let filter = "time >= 44000 and time < 46010";
    let (rows, counters) = read(narrow(&reader, filter));
    assert_eq!((rows.num_rows(), &rows), (201, &filtered(&all, filter)));
    // The times of two pages, which the series share, and the values of the rows.
    assert_eq!(counters.values, 2 * PAGE + 4 * 201, "{counters:?}");
}

#[test]
fn all_devices_side_by_side_decode_other_series_only_where_a_row_was_kept() {
    for aligned in [false, true] {
        let reader = plant(5, aligned);
        let wide = || Query::new(vec![reader.clone()]).wide();
        let (all, full) = read(wide());
        let filter = r#""root.sg.d3.s0" >= 7777 and "root.sg.d1.s2" < 7790"#;
        let (rows, counters) = read(wide().filter(filter).unwrap());
        assert_eq!(rows, filtered(&all, filter));
        assert_eq!(rows.num_rows(), 2 * 11);
        assert!(
            counters.values * 8 < full.values,
            "{counters:?} of {full:?}"
        );
        assert!(counters.pages * 8 < full.pages, "{counters:?} of {full:?}");
    }
}

/// Chunk groups of two series `a` and `b`, each chunk a page: times, and values of `a`; those of `b` are as large again.
fn groups(aligned: bool, groups: &[(Vec<i64>, Vec<i64>)]) -> TsFileReader {
    let mut file = FileBuilder::new(FormatVersion::V4);
    for (times, values) in groups {
        let a = Column::I64(values.iter().map(|v| Some(*v)).collect());
        let b = Column::I64(values.iter().map(|v| Some(v * 2)).collect());
        match aligned {
            true => file.aligned(&device("root.d"), times, &[("a", a), ("b", b)]),
            false => file.plain(&device("root.d"), &[("a", times, a), ("b", times, b)]),
        };
    }
    open(file.finish())
}

#[test]
fn overlapping_groups_decode_other_series_only_where_a_row_was_kept() {
    for aligned in [false, true] {
        // Twenty groups, each of which reaches into the next one.
        let group = |g: i64| {
            let times: Vec<i64> = (0..600).map(|i| g * 500 + i).collect();
            let values = times.iter().map(|t| t % 1000).collect();
            (times, values)
        };
        let reader = groups(aligned, &(0..20).map(group).collect::<Vec<_>>());
        let (all, full) = read(Query::new(vec![reader.clone()]).narrow());
        let filter = "a in (7, 1007) and time < 4000";
        let (rows, counters) = read(narrow(&reader, filter));
        assert_eq!((rows.num_rows(), &rows), (4, &filtered(&all, filter)));
        assert!(
            counters.values < full.values * 2 / 3,
            "{counters:?} of {full:?}"
        );
        assert!(counters.chunks_skipped >= 20, "{counters:?}");
    }
}

#[test]
fn a_value_that_was_overwritten_does_not_come_back() {
    for aligned in [false, true] {
        let times: Vec<i64> = (0..1000).collect();
        // A later chunk says that all is 1 from 400 to 600.
        let old = times.iter().map(|t| 5000 + t).collect();
        let new: Vec<i64> = (400..600).collect();
        let ones = vec![1; new.len()];
        let reader = groups(aligned, &[(times, old), (new, ones)]);
        let (rows, _) = read(narrow(&reader, "a >= 5390 and a < 5610"));
        assert_eq!(rows.num_rows(), 20);
        let (rows, _) = read(narrow(&reader, "a = 1"));
        assert_eq!(rows.num_rows(), 200);
    }
}

#[test]
fn an_error_names_the_place() {
    let times: Vec<i64> = (0..1500).collect();
    let mut text: Vec<Option<Vec<u8>>> = times.iter().map(|_| Some(b"x".to_vec())).collect();
    text[700] = Some(vec![0xff]);
    let numbers = Column::I64(times.iter().map(|t| Some(*t)).collect());
    let mut file = FileBuilder::new(FormatVersion::V4);
    let series: [(&str, &[i64], Column); 2] = [
        ("n", &times, numbers),
        ("text", &times, Column::Bytes(text)),
    ];
    file.plain(&device("root.d"), &series);
    let reader = open(file.finish());
    for filter in ["text = 'x'", "n between 600 and 800"] {
        let error = narrow(&reader, filter)
            .scan()
            .unwrap()
            .find_map(Result::err);
        let error = error.unwrap();
        let text = error.to_string();
        for part in ["memory", "root.d", "text", "700"] {
            assert!(text.contains(part), "{part}: {text}");
        }
    }
    // What is not kept is not looked at.
    let (rows, _) = read(narrow(&reader, "n < 600"));
    assert_eq!(rows.num_rows(), 600);
}

#[test]
fn a_limit_ends_the_test_early() {
    let reader = plant(1, false);
    let (few, counters) = read(narrow(&reader, "s0 >= 0 and s1 <> 77").limit(5));
    assert_eq!(few.num_rows(), 5);
    assert!(counters.rows_tested <= 2 * PAGE, "{counters:?}");
    let (more, _) = read(narrow(&reader, "s0 >= 0").offset(9_000).limit(3_000));
    let (all, _) = read(Query::new(vec![reader]).narrow());
    assert_eq!(more, all.slice(9_000, 3_000));
}

const NAMES: [&str; 4] = ["f", "i", "k", "t"];

/// Up to three devices of an integer `i`, a small one `k`, a double `f` and a text `t`, with nulls.
fn random_batch(rng: &mut Rng) -> RecordBatch {
    let (mut times, mut devices) = (Vec::new(), Vec::new());
    for d in 0..1 + rng.below(3) {
        let mut time = rng.below(500) as i64;
        for _ in 0..500 + rng.below(1500) {
            time += 1 + rng.below(3) as i64;
            times.push(time);
            devices.push(format!("root.d{d}"));
        }
    }
    let rows = times.len();
    let nulls = rng.below(9);
    let there = |rng: &mut Rng| rng.below(10) >= nulls;
    let i: Int64Array = (0..rows)
        .map(|row| there(rng).then_some(row as i64 % 400))
        .collect();
    let k: Int64Array = (0..rows)
        .map(|_| there(rng).then(|| rng.below(5) as i64))
        .collect();
    let f: Float64Array = (0..rows)
        .map(|_| {
            let value = [f64::NAN, rng.below(100) as f64 / 4.0][usize::from(rng.below(20) > 0)];
            there(rng).then_some(value)
        })
        .collect();
    let t: StringArray = (0..rows)
        .map(|row| there(rng).then(|| format!("{}", row / 100 % 7)))
        .collect();
    let columns: Vec<(&str, ArrayRef)> = vec![
        ("time", Arc::new(Int64Array::from(times))),
        ("device_name", Arc::new(StringArray::from(devices))),
        ("f", Arc::new(f)),
        ("i", Arc::new(i)),
        ("k", Arc::new(k)),
        ("t", Arc::new(t)),
    ];
    RecordBatch::try_from_iter(columns).unwrap()
}

/// Overlapping chunk groups of the same four columns, of up to two devices.
fn random_groups(rng: &mut Rng) -> TsFileReader {
    let mut file = FileBuilder::new(FormatVersion::V4);
    for d in 0..1 + rng.below(2) {
        let id = device(&format!("root.d{d}"));
        let aligned = rng.below(2) == 0;
        for _ in 0..2 + rng.below(6) {
            let mut time = rng.below(2000) as i64;
            let count = 1 + rng.below(400);
            let mut next = |rng: &mut Rng| -> Vec<i64> {
                let ticks = (0..count).map(|_| {
                    time += 1 + rng.below(3) as i64;
                    time
                });
                ticks.collect()
            };
            let shared = next(rng);
            let nulls = if aligned { rng.below(8) } else { 0 };
            let mut columns: Vec<(&str, Vec<i64>, Column)> = Vec::new();
            for name in NAMES {
                if rng.below(5) == 0 {
                    continue;
                }
                let times = match aligned || rng.below(2) == 0 {
                    true => shared.clone(),
                    false => next(rng),
                };
                let n = times.len();
                let cell = |rng: &mut Rng| (rng.below(10) >= nulls).then(|| rng.below(400));
                let cells: Vec<Option<u64>> = (0..n).map(|_| cell(rng)).collect();
                let texts = ["0", "1", "2", "3", "4", "5", "6"];
                let column = match name {
                    "f" => Column::F64(cells.iter().map(|c| c.map(|v| v as f64 / 4.0)).collect()),
                    "i" => Column::I64(cells.iter().map(|c| c.map(|v| v as i64)).collect()),
                    "k" => Column::I64(cells.iter().map(|c| c.map(|v| v as i64 % 5)).collect()),
                    _ => Column::Text(
                        cells
                            .iter()
                            .map(|c| c.map(|v| texts[v as usize % 7]))
                            .collect(),
                    ),
                };
                columns.push((name, times, column));
            }
            if aligned {
                let columns: Vec<_> = columns.iter().map(|(n, _, c)| (*n, c.clone())).collect();
                file.aligned(&id, &shared, &columns);
            } else {
                let columns: Vec<_> = columns
                    .iter()
                    .map(|(n, t, c)| (*n, t.as_slice(), c.clone()))
                    .collect();
                file.plain(&id, &columns);
            }
        }
    }
    open(file.finish())
}

/// A condition on `columns`, of which each is called `prefix` and its name.
fn random_filter(rng: &mut Rng, names: &[String], depth: u64) -> String {
    if depth > 0 && rng.below(3) > 0 {
        let parts: Vec<String> = (0..2 + rng.below(2))
            .map(|_| random_filter(rng, names, depth - 1))
            .collect();
        let joined = parts.join([" and ", " or "][rng.below(2) as usize]);
        return format!("{}({joined})", ["", "", "not "][rng.below(3) as usize]);
    }
    let name = &names[rng.below(names.len() as u64) as usize];
    let quoted = format!("\"{name}\"");
    let kind = name.rsplit('.').next().unwrap();
    match (kind, rng.below(8)) {
        ("time", _) => {
            let op = ["<", ">", "<=", ">="][rng.below(4) as usize];
            format!("time {op} {}", rng.below(2500))
        }
        (_, 0) => format!("{quoted} is null"),
        (_, 1) => format!("{quoted} is not null"),
        ("t", 2) => format!("{quoted} like '{}%'", rng.below(7)),
        ("t", _) => {
            let op = ["=", "<>", ">", "<="][rng.below(4) as usize];
            format!("{quoted} {op} '{}'", rng.below(7))
        }
        ("k", 2 | 3) => format!("{quoted} in ({}, {})", rng.below(5), rng.below(5)),
        ("k", _) => format!("{quoted} = {}", rng.below(5)),
        ("f", _) => format!("{quoted} > {}", rng.below(100)),
        (_, _) => {
            let from = rng.below(400);
            format!("{quoted} between {from} and {}", from + rng.below(60))
        }
    }
}

#[test]
fn any_filter_keeps_what_a_full_scan_and_then_the_filter_keep() {
    let (mut some, mut early) = (0, 0);
    for case in 0..300u64 {
        let rng = &mut Rng(0x5eed_0000 + case * 7919);
        rng.below(2);
        let reader = match rng.below(2) {
            0 => {
                let options = WriteOptions::default()
                    .with_aligned(rng.below(3) == 0)
                    .with_page_points(1 + rng.below(300) as usize);
                written(&random_batch(rng), options)
            }
            _ => random_groups(rng),
        };
        let form = [Form::Narrow, Form::Wide][rng.below(2) as usize];
        let query = || match form {
            Form::Wide => Query::new(vec![reader.clone()]).wide(),
            _ => Query::new(vec![reader.clone()]).narrow(),
        };
        let (all, _) = read(query());
        let schema = all.schema();
        let fields = schema.fields().iter().map(|f| f.name().clone());
        let names: Vec<String> = fields.filter(|n| n != "device_name").collect();
        for _ in 0..8 {
            let depth = rng.below(3);
            let filter = random_filter(rng, &names, depth);
            let kept = filtered(&all, &filter);
            // All columns, or some of them; then a row may have to have one of these.
            let values: Vec<String> = names.iter().skip(1).cloned().collect();
            let chosen: Option<Vec<String>> = (rng.below(2) == 0).then(|| {
                let mut chosen = values.clone();
                chosen.retain(|_| rng.below(2) == 0);
                chosen
            });
            let chosen = chosen.filter(|c| !c.is_empty());
            let mode = [Rows::All, Rows::Projected][rng.below(2) as usize];
            let keys = if form == Form::Wide { 1 } else { 2 };
            let shown: Vec<usize> = (0..schema.fields().len())
                .filter(|&i| match &chosen {
                    Some(chosen) => i < keys || chosen.contains(schema.field(i).name()),
                    None => true,
                })
                .collect();
            let mut expected = kept.project(&shown).unwrap();
            if mode == Rows::Projected {
                let there = |row: usize| {
                    let mut values = expected.columns().iter().skip(keys);
                    values.any(|c| arrow_array::Array::is_valid(c, row))
                };
                let rows = expected.num_rows();
                let there: BooleanArray = (0..rows).map(|row| Some(there(row))).collect();
                expected = arrow_select::filter::filter_record_batch(&expected, &there).unwrap();
            }
            let bytes = [1, 700, 20_000, 4 << 20][rng.below(4) as usize];
            let (offset, limit) = match rng.below(3) {
                0 => (rng.below(200), rng.below(500)),
                1 => (0, 1 + rng.below(10)),
                _ => (0, u64::MAX),
            };
            let mut asked = query().rows(mode).filter(filter.as_str()).unwrap();
            if let Some(chosen) = &chosen {
                asked = asked.select(chosen.clone());
            }
            if limit < u64::MAX {
                asked = asked.offset(offset).limit(limit);
            }
            let (rows, counters) = read(asked.with(|r| r.with_batch_bytes(bytes)));
            let from = expected.num_rows().min(offset as usize);
            let count = (expected.num_rows() - from).min(usize::try_from(limit).unwrap());
            let expected = expected.slice(from, count);
            assert!(
                rows == expected,
                "case {case}: {filter} {form:?} {mode:?} {chosen:?} {offset} {limit} {bytes}: {} rows, not {}",
                rows.num_rows(),
                expected.num_rows()
            );
            some += u64::from(kept.num_rows() > 0 && kept.num_rows() < all.num_rows());
            early += u64::from(counters.rows_tested > 0);
        }
    }
    println!("{some} filters keep some rows, {early} tested them early");
    assert!(some > 1000 && early > 500, "{some} {early}");
}
