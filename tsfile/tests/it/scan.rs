//! What rows exist, their order, and what a scan does with options; the oracle is a plain map.

use crate::build::{Column, FileBuilder};
use crate::expected::{Cell, read};
use crate::splits::{Content, written};
use std::collections::{BTreeMap, BTreeSet};
use tsfile::format::{BloomFilter, FormatVersion};
use tsfile::io::{CountingSource, MemorySource};
use tsfile::model::DeviceId;
use tsfile::scan::{DateMode, Form, Rows, ScanRequest, TextMode, scan};
use tsfile::{ErrorKind, ReadOptions, TsFileReader, WriteOptions};

pub fn open(bytes: Vec<u8>) -> TsFileReader {
    TsFileReader::new(
        MemorySource::new(bytes),
        "test.tsfile",
        ReadOptions::default(),
    )
    .unwrap()
}

pub fn device(path: &str) -> DeviceId {
    DeviceId::from_path(path)
}

/// A device of a table with one tag.
pub fn table_device(table: &str, tag: Option<&str>) -> DeviceId {
    DeviceId::new([Some(table), tag])
}

fn cell(s: &str) -> Cell {
    (s != "-").then(|| s.to_string())
}

fn rows(text: &str) -> Vec<Vec<Cell>> {
    text.lines()
        .map(|l| l.split_whitespace().map(cell).collect())
        .collect()
}

fn hex(v: f64) -> String {
    format!("{:016x}", v.to_bits())
}

/// The example of the design: two devices, four series.
fn example() -> TsFileReader {
    let mut f = FileBuilder::new(FormatVersion::V4);
    f.plain(
        &device("root.ln.wf01.wt01"),
        &[
            (
                "status",
                &[1, 3, 5],
                Column::Bool(vec![Some(true), Some(true), Some(false)]),
            ),
            (
                "temperature",
                &[1, 2, 3],
                Column::F64(vec![Some(2.2), Some(2.2), Some(2.1)]),
            ),
        ],
    );
    f.plain(
        &device("root.ln.wf02.wt02"),
        &[
            (
                "hardware",
                &[2, 4, 6],
                Column::Text(vec![Some("aaa"), Some("bbb"), Some("ccc")]),
            ),
            (
                "status",
                &[1, 2, 4],
                Column::Bool(vec![Some(true), Some(false), Some(true)]),
            ),
        ],
    );
    open(f.finish())
}

#[test]
fn narrow_is_one_row_per_device_and_time() {
    let (names, got) = read(&example(), ScanRequest::new().with_form(Form::Narrow));
    assert_eq!(
        names,
        ["time", "device_name", "hardware", "status", "temperature"]
    );
    let text = "1 root.ln.wf01.wt01 - true A
2 root.ln.wf01.wt01 - - A
3 root.ln.wf01.wt01 - true B
5 root.ln.wf01.wt01 - false -
1 root.ln.wf02.wt02 - true -
2 root.ln.wf02.wt02 aaa false -
4 root.ln.wf02.wt02 bbb true -
6 root.ln.wf02.wt02 ccc - -";
    assert_eq!(
        got,
        rows(&text.replace('A', &hex(2.2)).replace('B', &hex(2.1)))
    );
}

#[test]
fn wide_is_one_row_per_time() {
    let (names, got) = read(&example(), ScanRequest::new());
    assert_eq!(
        names,
        [
            "time",
            "root.ln.wf01.wt01.status",
            "root.ln.wf01.wt01.temperature",
            "root.ln.wf02.wt02.hardware",
            "root.ln.wf02.wt02.status"
        ]
    );
    let text = "1 true A - true
2 - A aaa false
3 true B - -
4 - - bbb true
5 false - - -
6 - - ccc -";
    assert_eq!(
        got,
        rows(&text.replace('A', &hex(2.2)).replace('B', &hex(2.1)))
    );
}

#[test]
fn rows_do_not_depend_on_the_columns_unless_projected() {
    let request = ScanRequest::new()
        .with_form(Form::Narrow)
        .with_columns(Some(vec!["hardware".into()]));
    let (_, all) = read(&example(), request.clone());
    assert_eq!(all.len(), 8);
    assert_eq!(all.iter().filter(|r| r[2].is_some()).count(), 3);
    let (_, projected) = read(&example(), request.with_rows(Rows::Projected));
    assert_eq!(
        projected,
        rows("2 root.ln.wf02.wt02 aaa\n4 root.ln.wf02.wt02 bbb\n6 root.ln.wf02.wt02 ccc")
    );
    let request = ScanRequest::new()
        .with_form(Form::Wide)
        .with_columns(Some(vec!["hardware".into()]));
    assert_eq!(read(&example(), request.clone()).1.len(), 6);
    assert_eq!(
        read(&example(), request.with_rows(Rows::Projected)).1.len(),
        3
    );
}

#[test]
fn columns_come_in_the_order_asked_for_and_unknown_ones_are_named() {
    let wanted = vec!["temperature".to_string(), "status".to_string()];
    let request = ScanRequest::new()
        .with_form(Form::Narrow)
        .with_columns(Some(wanted));
    assert_eq!(
        read(&example(), request).0,
        ["time", "device_name", "temperature", "status"]
    );
    let request = ScanRequest::new()
        .with_form(Form::Narrow)
        .with_columns(Some(vec!["speed".into()]));
    let e = scan(vec![example()], request).unwrap_err();
    assert_eq!(e.kind(), ErrorKind::Argument);
    assert_eq!(
        e.to_string(),
        "there is no measurement \"speed\"; there are: hardware, status, temperature"
    );
    let e = scan(
        vec![example()],
        ScanRequest::new().with_devices(vec!["root.x".into()]),
    )
    .unwrap_err();
    assert!(e.to_string().contains("there is no device \"root.x\""));
}

#[test]
fn a_device_filter_keeps_the_others_from_being_read() {
    let reader = crate::expected::open(
        &crate::golden::golden().join("java-2.4.0/table_many_devices.tsfile"),
    );
    let table = reader.tables().next().unwrap().name.clone();
    let request = ScanRequest::new().with_table(Some(&table));
    let (_, all) = read(&reader, request.clone());
    let tag = all[all.len() / 2][1].clone();
    let expected: Vec<_> = all.iter().filter(|r| r[1] == tag).cloned().collect();
    let wanted = tag.clone();
    let request = request.with_device_filter(move |d| d.tag(0) == wanted.as_deref());
    assert_eq!(read(&reader, request.clone()).1, expected);
    let mut scan = scan(vec![reader.clone()], request).unwrap();
    assert_eq!(
        scan.by_ref().map(|b| b.unwrap().num_rows()).sum::<usize>(),
        expected.len()
    );
    assert!(scan.counters().values < 4 * expected.len() as u64);

    let paths = ScanRequest::new()
        .with_form(Form::Narrow)
        .with_device_filter(|d| d.path().ends_with("wt02"));
    assert_eq!(read(&example(), paths).1.len(), 4);
}

#[test]
fn an_aligned_row_of_nulls_is_a_row_of_its_device_but_not_of_the_wide_form() {
    let mut f = FileBuilder::new(FormatVersion::V4);
    f.aligned(
        &device("root.d.a"),
        &[1, 2, 3],
        &[
            ("x", Column::I32(vec![Some(1), None, None])),
            ("y", Column::I32(vec![None, None, Some(3)])),
        ],
    );
    let reader = open(f.finish());
    let narrow = |columns: Option<Vec<String>>, rows| {
        read(
            &reader,
            ScanRequest::new()
                .with_form(Form::Narrow)
                .with_columns(columns)
                .with_rows(rows),
        )
        .1
    };
    assert_eq!(
        narrow(None, Rows::All),
        rows("1 root.d.a 1 -\n2 root.d.a - -\n3 root.d.a - 3")
    );
    assert_eq!(
        narrow(None, Rows::Projected),
        rows("1 root.d.a 1 -\n3 root.d.a - 3")
    );
    let x = Some(vec!["x".to_string()]);
    assert_eq!(
        narrow(x.clone(), Rows::All),
        rows("1 root.d.a 1\n2 root.d.a -\n3 root.d.a -")
    );
    assert_eq!(narrow(x.clone(), Rows::Projected), rows("1 root.d.a 1"));
    let wide = |columns, rows| {
        read(
            &reader,
            ScanRequest::new()
                .with_form(Form::Wide)
                .with_columns(columns)
                .with_rows(rows),
        )
        .1
    };
    assert_eq!(wide(None, Rows::All), rows("1 1 -\n3 - 3"));
    assert_eq!(wide(x.clone(), Rows::All), rows("1 1\n3 -"));
    assert_eq!(wide(x, Rows::Projected), rows("1 1"));
}

#[test]
fn the_later_chunk_wins_and_a_null_never_overwrites() {
    let mut f = FileBuilder::new(FormatVersion::V4);
    let d = device("root.d.a");
    f.aligned(
        &d,
        &[1, 2, 3, 4],
        &[("x", Column::I32(vec![Some(1), Some(2), None, Some(4)]))],
    );
    f.aligned(
        &d,
        &[2, 3, 4, 9],
        &[("x", Column::I32(vec![Some(20), Some(30), None, None]))],
    );
    let got = read(
        &open(f.finish()),
        ScanRequest::new().with_form(Form::Narrow),
    )
    .1;
    assert_eq!(
        got,
        rows("1 root.d.a 1\n2 root.d.a 20\n3 root.d.a 30\n4 root.d.a 4\n9 root.d.a -")
    );
}

#[test]
fn types_widen_between_devices_or_both_are_named() {
    let mut f = FileBuilder::new(FormatVersion::V4);
    f.plain(
        &device("root.d.a"),
        &[
            ("x", &[1], Column::I32(vec![Some(-7)])),
            ("y", &[1], Column::I64(vec![Some(1)])),
        ],
    );
    f.plain(
        &device("root.d.b"),
        &[("x", &[1], Column::I64(vec![Some(1 << 40)]))],
    );
    let reader = open(f.finish());
    let got = read(&reader, ScanRequest::new().with_form(Form::Narrow)).1;
    assert_eq!(got, rows("1 root.d.a -7 1\n1 root.d.b 1099511627776 -"));
    f.plain(
        &device("root.d.c"),
        &[("y", &[1], Column::Bool(vec![Some(true)]))],
    );
    let e = scan(
        vec![open(f.finish())],
        ScanRequest::new().with_form(Form::Narrow),
    )
    .unwrap_err();
    assert_eq!(e.kind(), ErrorKind::Schema);
    let text = e.to_string();
    assert!(
        text.contains("INT64 in device root.d.a") && text.contains("BOOLEAN in device root.d.c"),
        "{text}"
    );
}

#[test]
fn bad_text_and_bad_dates_name_their_place_or_obey_the_option() {
    let mut f = FileBuilder::new(FormatVersion::V4);
    f.plain(
        &device("root.d.a"),
        &[(
            "t",
            &[5, 6],
            Column::Bytes(vec![Some(b"ok".to_vec()), Some(vec![0xff])]),
        )],
    );
    f.plain(
        &device("root.d.b"),
        &[("d", &[7], Column::Date(vec![Some(20230230)]))],
    );
    let reader = open(f.finish());
    let failing = |request: ScanRequest| {
        let request = request.with_form(Form::Narrow);
        scan(vec![reader.clone()], request)
            .unwrap()
            .find_map(Result::err)
            .map(|e| e.to_string())
    };
    let text = failing(ScanRequest::new().with_dates(DateMode::Int)).unwrap();
    assert!(
        text.starts_with(
            "test.tsfile: text: bytes that are no UTF-8 (device root.d.a, measurement t) at time 6"
        ),
        "{text}"
    );
    let text = failing(ScanRequest::new().with_text(TextMode::Binary)).unwrap();
    assert!(
        text.contains(
            "(device root.d.b, measurement d) at time 7; expected yyyymmdd, found 20230230"
        ),
        "{text}"
    );
    assert_eq!(
        failing(
            ScanRequest::new()
                .with_text(TextMode::Lossy)
                .with_dates(DateMode::Null)
        ),
        None
    );
}

#[test]
fn a_dead_writers_file_is_read_up_to_its_last_whole_group() {
    let mut f = FileBuilder::new(FormatVersion::V4);
    let d = device("root.d.a");
    f.plain(
        &d,
        &[
            ("x", &[1, 2], Column::I32(vec![Some(1), Some(2)])),
            ("y", &[1], Column::Text(vec![Some("a")])),
        ],
    );
    let first = f.position();
    f.aligned(
        &device("root.d.b"),
        &[1, 2],
        &[("z", Column::F64(vec![Some(0.5), None]))],
    );
    let second = f.position();
    f.plain(&d, &[("x", &[3], Column::I32(vec![Some(3)]))]);
    let whole = f.unsealed();
    let sealed = f.finish();
    for cut in 7..sealed.len() {
        let bytes = sealed[..cut].to_vec();
        let refused = TsFileReader::new(
            MemorySource::new(bytes.clone()),
            "x",
            ReadOptions::default(),
        )
        .unwrap_err();
        assert_eq!(refused.kind(), ErrorKind::Unsealed);
        let reader = TsFileReader::new(
            MemorySource::new(bytes),
            "x",
            ReadOptions::new().with_recover(true),
        )
        .unwrap();
        assert!(reader.is_recovered());
        let got = read(&reader, ScanRequest::new().with_form(Form::Narrow))
            .1
            .len();
        // A cut exactly between two chunks leaves whole chunks and no way to know that more were to come.
        if cut > second + 20 && cut < whole.len() {
            assert_eq!(got, 4, "cut at {cut}");
        } else if cut >= whole.len() {
            assert_eq!(got, 5, "cut at {cut}");
        } else if cut > first + 20 && cut < second {
            assert!(got == 2 || got == 4, "cut at {cut}: {got}");
        }
    }
}

/// A file of two devices in which the byte behind `series` in the header of its chunk is changed by `change`.
fn with_header_byte(bytes: &[u8], series: &str, back: usize, value: u8) -> Vec<u8> {
    let mut out = bytes.to_vec();
    let name: Vec<u8> = [&[series.len() as u8 * 2], series.as_bytes()].concat();
    let at = out.windows(name.len()).position(|w| w == name).unwrap() + name.len();
    // data size (one byte here), type, compression, encoding
    out[at + back] = value;
    out
}

fn two_devices() -> FileBuilder {
    let mut f = FileBuilder::new(FormatVersion::V4);
    f.plain(
        &device("root.d.a"),
        &[
            ("known", &[1, 2], Column::I32(vec![Some(1), Some(2)])),
            ("odd", &[1], Column::I32(vec![Some(7)])),
        ],
    );
    f.plain(
        &device("root.d.b"),
        &[("known", &[5], Column::I32(vec![Some(5)]))],
    );
    f
}

#[test]
fn an_unknown_encoding_fails_that_column_alone_also_when_recovered() {
    let sealed = with_header_byte(&two_devices().finish(), "odd", 3, 77);
    let unsealed = with_header_byte(&two_devices().unsealed(), "odd", 3, 77);
    let recovered = TsFileReader::new(
        MemorySource::new(unsealed),
        "x",
        ReadOptions::new().with_recover(true),
    )
    .unwrap();
    assert!(
        recovered.recovery_notes()[0].contains("unsupported encoding id 77"),
        "{:?}",
        recovered.recovery_notes()
    );
    for reader in [open(sealed), recovered] {
        let request = ScanRequest::new().with_form(Form::Narrow);
        let known = request
            .clone()
            .with_columns(Some(vec!["known".into()]))
            .with_rows(Rows::Projected);
        assert_eq!(
            read(&reader, known).1,
            rows("1 root.d.a 1\n2 root.d.a 2\n5 root.d.b 5")
        );
        let all =
            scan(vec![reader.clone()], request).and_then(|s| s.collect::<Result<Vec<_>, _>>());
        let e = all.unwrap_err();
        assert_eq!(e.kind(), ErrorKind::Unsupported);
        assert!(e.to_string().contains("unsupported encoding id 77"), "{e}");
    }
}

#[test]
fn an_unknown_type_in_the_index_fails_that_column_alone() {
    let sealed = two_devices().finish();
    let index = sealed.len() - two_devices().unsealed().len();
    let (data, tail) = sealed.split_at(sealed.len() - index);
    // In the index the type follows the name at once.
    let bytes = [data, &with_header_byte(tail, "odd", 0, 77)].concat();
    let reader = open(bytes);
    let request = ScanRequest::new().with_form(Form::Narrow);
    let known = request
        .clone()
        .with_columns(Some(vec!["known".into()]))
        .with_rows(Rows::Projected);
    assert_eq!(read(&reader, known).1.len(), 3);
    assert_eq!(
        read(
            &reader,
            request.clone().with_devices(vec!["root.d.b".into()])
        )
        .1
        .len(),
        1
    );
    let e = scan(vec![reader], request).unwrap_err();
    assert_eq!(e.kind(), ErrorKind::Unsupported);
    assert!(
        e.to_string()
            .contains("unknown data type id 77 (device root.d.a, measurement odd)"),
        "{e}"
    );
}

#[test]
fn an_unknown_code_in_a_schema_fails_that_table_alone() {
    let path = crate::golden::golden().join("cpp-2.5.0/table_two_tables.tsfile");
    let mut bytes = std::fs::read(path).unwrap();
    let column = b"\x00\x00\x00\x02id\x0b";
    let at = bytes
        .windows(column.len())
        .position(|w| w == column)
        .unwrap()
        + column.len();
    bytes[at] = 99;
    let reader = open(bytes);
    let table = |name| {
        ScanRequest::new()
            .with_form(Form::Table)
            .with_table(Some(name))
    };
    assert!(!read(&reader, table("t2")).1.is_empty());
    let e = scan(vec![reader], table("t1")).unwrap_err();
    assert_eq!(e.kind(), ErrorKind::Unsupported);
    assert!(
        e.to_string().contains("table \"t1\" cannot be read") && e.to_string().contains("id 99"),
        "{e}"
    );
}

#[test]
fn encrypted_pages_are_refused_and_say_how() {
    let mut f = FileBuilder::new(FormatVersion::V4);
    f.plain(
        &device("root.d.a"),
        &[("x", &[1], Column::I32(vec![Some(1)]))],
    );
    f.properties
        .push(("encryptLevel".into(), Some(b"2".to_vec())));
    f.properties
        .push(("encryptType".into(), Some(b"org.example.Aes".to_vec())));
    let e = scan(vec![open(f.finish())], ScanRequest::new()).unwrap_err();
    assert_eq!(e.kind(), ErrorKind::Unsupported);
    assert!(
        e.to_string()
            .contains("encrypted file (level 2, type org.example.Aes)"),
        "{e}"
    );
}

#[test]
fn a_dot_in_a_measurement_does_not_mix_up_wide_columns() {
    let mut f = FileBuilder::new(FormatVersion::V4);
    let series = |name, v| [(name, &[1i64][..], Column::I64(vec![Some(v)]))];
    f.plain(&device("root.d.a"), &series("b.c", 1));
    f.plain(&device("root.d.a.b"), &series("c", 2));
    let (names, got) = read(&open(f.finish()), ScanRequest::new().with_form(Form::Wide));
    assert_eq!(names[1], names[2]);
    assert_eq!(got, rows("1 1 2"));
    let twice = vec!["c".to_string(), "c".to_string()];
    let request = ScanRequest::new()
        .with_form(Form::Narrow)
        .with_columns(Some(twice));
    assert_eq!(
        read(&open(f.finish()), request).0,
        ["time", "device_name", "c"]
    );
}

#[test]
fn more_than_a_thousand_series_need_a_form() {
    let mut f = FileBuilder::new(FormatVersion::V4);
    for i in 0..1001 {
        f.plain(
            &device(&format!("root.d.x{i:04}")),
            &[("s", &[i], Column::I64(vec![Some(i)]))],
        );
    }
    let reader = open(f.finish());
    let e = scan(vec![reader.clone()], ScanRequest::new()).unwrap_err();
    assert!(
        e.to_string().contains("1001 timeseries") && e.to_string().contains("narrow"),
        "{e}"
    );
    let (names, got) = read(&reader, ScanRequest::new().with_form(Form::Wide));
    assert_eq!((names.len(), got.len()), (1002, 1001));
    assert_eq!(
        read(&reader, ScanRequest::new().with_form(Form::Narrow))
            .1
            .len(),
        1001
    );
}

#[test]
fn the_index_is_read_once_whatever_is_asked() {
    let mut f = FileBuilder::new(FormatVersion::V4);
    for i in 0..500 {
        f.plain(
            &device(&format!("root.d.x{i:04}")),
            &[("s", &[i], Column::I64(vec![Some(i)]))],
        );
    }
    let bytes = f.finish();
    let source = CountingSource::new(MemorySource::new(bytes.clone()));
    let reader = TsFileReader::new(source.clone(), "x", ReadOptions::default()).unwrap();
    for _ in 0..2 {
        read(&reader, ScanRequest::new().with_form(Form::Narrow));
    }
    let counts = source.counts();
    assert!(
        counts.bytes < 4 * bytes.len() as u64,
        "{counts:?} of {}",
        bytes.len()
    );
    assert!(counts.reads < 30, "{counts:?}");
}

/// xorshift: the same cases in every run.
pub struct Rng(pub u64);

impl Rng {
    pub fn below(&mut self, n: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % n
    }
}

pub type Points = BTreeMap<(String, String), BTreeMap<i64, i64>>;

/// A file of random overlapping chunk groups, its points as a map, and the times of each device's rows.
pub fn random_file(rng: &mut Rng) -> (TsFileReader, Points, BTreeMap<String, BTreeSet<i64>>) {
    let mut f = FileBuilder::new(if rng.below(2) == 0 {
        FormatVersion::V4
    } else {
        FormatVersion::V3
    });
    let (mut points, mut times) = (Points::new(), BTreeMap::<String, BTreeSet<i64>>::new());
    let names = ["a", "b", "c"];
    let devices = 1 + rng.below(3);
    for d in 0..devices {
        let path = format!("root.sg.d{d}");
        let aligned = rng.below(2) == 0;
        for _ in 0..1 + rng.below(4) {
            let start = rng.below(60) as i64;
            let ticks = |rng: &mut Rng| -> Vec<i64> {
                let n = 1 + rng.below(40);
                let mut t = start;
                (0..n)
                    .map(|_| {
                        t += 1 + rng.below(3) as i64;
                        t
                    })
                    .collect()
            };
            let values = |rng: &mut Rng, n: usize, nulls: u64| -> Vec<Option<i64>> {
                (0..n)
                    .map(|_| (rng.below(10) >= nulls).then(|| rng.below(1 << 40) as i64))
                    .collect()
            };
            let mut put = |name: &str, t: &[i64], v: &[Option<i64>]| {
                for (t, v) in t.iter().zip(v) {
                    if let Some(v) = v {
                        points
                            .entry((path.clone(), name.to_string()))
                            .or_default()
                            .insert(*t, *v);
                    }
                }
            };
            if aligned {
                let t = ticks(rng);
                times.entry(path.clone()).or_default().extend(&t);
                let mut columns = Vec::new();
                for name in names.iter().take(1 + rng.below(3) as usize) {
                    let nulls = rng.below(11);
                    let v = values(rng, t.len(), nulls);
                    put(name, &t, &v);
                    columns.push((*name, Column::I64(v)));
                }
                f.aligned(&device(&path), &t, &columns);
            } else {
                let mut series = Vec::new();
                for name in names.iter().take(1 + rng.below(3) as usize) {
                    let t = ticks(rng);
                    let v = values(rng, t.len(), 0);
                    put(name, &t, &v);
                    times.entry(path.clone()).or_default().extend(&t);
                    series.push((*name, t, Column::I64(v)));
                }
                let series: Vec<_> = series
                    .iter()
                    .map(|(n, t, c)| (*n, t.as_slice(), c.clone()))
                    .collect();
                f.plain(&device(&path), &series);
            }
        }
    }
    (open(f.finish()), points, times)
}

#[test]
fn any_request_over_overlapping_chunks_is_what_a_map_says() {
    let mut rng = Rng(0x5eed_1234_5678);
    for case in 0..600 {
        let (reader, points, times) = random_file(&mut rng);
        let range = if rng.below(2) == 0 {
            (i64::MIN, i64::MAX)
        } else {
            (rng.below(80) as i64, 40 + rng.below(120) as i64)
        };
        let projected = rng.below(2) == 0;
        let all: BTreeSet<&str> = points.keys().map(|k| k.1.as_str()).collect();
        let wanted: Option<Vec<String>> = (rng.below(2) == 0)
            .then(|| {
                all.iter()
                    .filter(|_| rng.below(2) == 0)
                    .map(|s| (*s).to_string())
                    .collect::<Vec<_>>()
            })
            .filter(|w| !w.is_empty());
        let chosen = |m: &str| wanted.as_ref().is_none_or(|w| w.iter().any(|x| x == m));
        let request = ScanRequest::new()
            .with_columns(wanted.clone())
            .with_time_range(range.0, range.1)
            .with_rows(if projected {
                Rows::Projected
            } else {
                Rows::All
            })
            .with_batch_bytes([1, 200, 3000, 4 << 20][rng.below(4) as usize]);
        let inside = |t: &i64| *t >= range.0 && *t <= range.1;

        let (names, got) = read(&reader, request.clone().with_form(Form::Narrow));
        let mut expected = Vec::new();
        for (path, ticks) in &times {
            for t in ticks.iter().filter(|t| inside(t)) {
                let value = |m: &str| {
                    points
                        .get(&(path.clone(), m.to_string()))
                        .and_then(|p| p.get(t))
                };
                let row: Vec<Cell> = names[2..]
                    .iter()
                    .map(|m| value(m).map(i64::to_string))
                    .collect();
                if !projected || row.iter().any(Option::is_some) {
                    let key = [Some(t.to_string()), Some(path.clone())];
                    expected.push(key.into_iter().chain(row).collect::<Vec<_>>());
                }
            }
        }
        assert_eq!(got, expected, "case {case}, narrow");

        let (names, got) = read(&reader, request.with_form(Form::Wide));
        let column = |name: &str| {
            let (d, m) = name.rsplit_once('.').unwrap();
            points.get(&(d.to_string(), m.to_string()))
        };
        let ticks: BTreeSet<i64> = points
            .iter()
            .filter(|(k, _)| !projected || chosen(&k.1))
            .flat_map(|(_, p)| p.keys().copied())
            .filter(inside)
            .collect();
        let expected: Vec<Vec<Cell>> = ticks
            .iter()
            .map(|t| {
                let values = names[1..]
                    .iter()
                    .map(|n| column(n).and_then(|p| p.get(t)).map(i64::to_string));
                std::iter::once(Some(t.to_string())).chain(values).collect()
            })
            .collect();
        assert_eq!(got, expected, "case {case}, wide");
    }
}

#[test]
fn wide_rows_of_more_pages_than_fit_in_memory_are_the_same_rows() {
    use arrow_array::Array;
    use arrow_array::cast::AsArray;
    use arrow_array::types::Int64Type;
    // 450 pages of 10,000 points are 36 MB decoded: more than a scan holds, so pages are decoded again for each step.
    const SERIES: i64 = 450;
    const ROWS: i64 = 10_000;
    let mut f = FileBuilder::new(FormatVersion::V4);
    for s in 0..SERIES {
        // Every third series starts later, so that times have to be united.
        let times: Vec<i64> = (0..ROWS).map(|t| t + s % 3 * 7).collect();
        let values = times.iter().map(|t| Some(t * 1000 + s)).collect();
        f.plain(
            &device(&format!("root.d.x{s:03}")),
            &[("s", &times, Column::I64(values))],
        );
    }
    let reader = open(f.finish());
    let mut next = 0;
    for batch in scan(vec![reader], ScanRequest::new().with_form(Form::Wide)).unwrap() {
        let batch = batch.unwrap();
        let times = batch.column(0).as_primitive::<Int64Type>();
        for (row, time) in times.values().iter().enumerate() {
            assert_eq!(*time, next);
            next += 1;
            for s in [0, 1, 2, 3, 224, 448, 449] {
                let column = batch.column(1 + s as usize).as_primitive::<Int64Type>();
                let first = s % 3 * 7;
                let inside = *time >= first && *time < ROWS + first;
                assert_eq!(column.is_valid(row), inside, "series {s} at {time}");
                assert!(!inside || column.value(row) == time * 1000 + s);
            }
        }
    }
    assert_eq!(next, ROWS + 14);
}

#[test]
fn a_dropped_batch_lends_its_memory_and_a_held_one_keeps_it() {
    let times: Vec<i64> = (0..40_000).collect();
    let values: Vec<Option<i64>> = times.iter().map(|t| Some(t * 3)).collect();
    let mut file = FileBuilder::new(FormatVersion::V4);
    file.plain(&device("root.d"), &[("s", &times, Column::I64(values))]);
    let reader = open(file.finish());
    let request = || {
        ScanRequest::new()
            .with_form(Form::Wide)
            .with_batch_bytes(160_000)
    };
    let values = |batch: &arrow_array::RecordBatch| batch.column(1).to_data().buffers()[0].clone();
    let mut addresses = BTreeSet::new();
    for batch in scan(vec![reader.clone()], request()).unwrap() {
        addresses.insert(values(&batch.unwrap()).as_ptr() as usize);
    }
    assert_eq!(addresses.len(), 1);
    let mut held = Vec::new();
    for batch in scan(vec![reader], request()).unwrap() {
        held.push(values(&batch.unwrap()));
    }
    assert_eq!(held.len(), 4);
    let all: Vec<i64> = held
        .iter()
        .flat_map(|b| b.typed_data::<i64>().to_vec())
        .collect();
    assert_eq!(all, times.iter().map(|t| t * 3).collect::<Vec<_>>());
}

#[test]
fn a_large_bloom_filter_is_read_only_when_asked_for() {
    let paths: Vec<String> = (0..300_000).map(|i| format!("root.d.s{i}")).collect();
    for n in [10, 5_000, 300_000] {
        let mut file = FileBuilder::new(FormatVersion::V4);
        let values = Column::I64(vec![Some(5), None]);
        file.aligned(&device("root.d"), &[1, 2], &[("s1", values)]);
        file.properties = vec![("who".into(), Some(b"me".to_vec()))];
        let filter = BloomFilter::build(&paths[..n], 0.05);
        file.bloom_filter = Some(filter.clone());
        let bytes = file.finish();
        let size = bytes.len() as u64;
        let source = CountingSource::new(MemorySource::new(bytes));
        let reader =
            TsFileReader::new(source.clone(), "test.tsfile", ReadOptions::default()).unwrap();
        let counts = source.counts();
        assert!(counts.bytes < 100_000, "{n}: {counts:?} of {size} bytes");
        assert_eq!(reader.metadata().property("who"), Some(&b"me"[..]));
        assert_eq!(reader.bloom_filter().unwrap(), Some(filter));
        let (_, found) = read(&reader, ScanRequest::new().with_form(Form::Narrow));
        assert_eq!(found, rows("1 root.d 5\n2 root.d -"));
    }
}

#[test]
fn encodings_are_noted_when_they_are_asked_for() {
    let reader = example();
    for form in [Form::Narrow, Form::Wide] {
        for asked in [false, true] {
            let request = ScanRequest::new().with_form(form).with_encodings(asked);
            let schema = scan(vec![reader.clone()], request).unwrap().schema();
            let metadata = schema.fields().last().unwrap().metadata();
            let of = |key: &str| metadata.get(key).map(String::as_str);
            assert_eq!(of("tsfile.encoding"), asked.then_some("PLAIN"));
            assert_eq!(of("tsfile.compression"), asked.then_some("UNCOMPRESSED"));
            assert!(of("tsfile.type").is_some());
        }
    }
}

#[test]
fn damaged_metadata_of_a_device_keep_no_rows_of_others_back() {
    let mut content = Content::new();
    for device in 0..6 {
        let tags = vec![Some("s".to_string()), Some(format!("u{device}"))];
        for time in 0..50 {
            content.insert((tags.clone(), time), [Some(time), None, Some(device)]);
        }
    }
    let whole = written("whole", &content, true, WriteOptions::default());
    let mut bytes = vec![0; whole.size_bytes() as usize];
    whole.source().read_at(0, &mut bytes).unwrap();
    let all = ScanRequest::new().with_batch_bytes(1);
    let four = all
        .clone()
        .with_filter(Some("unit < 'u4'".parse().unwrap()));
    let (mut failing, mut passing) = (0, 0);
    for at in 0..bytes.len() {
        bytes[at] ^= 0x80;
        let source = MemorySource::new(bytes.clone());
        bytes[at] ^= 0x80;
        let reader = TsFileReader::new(source, "damaged", ReadOptions::default());
        let Some(reader) = reader.ok().filter(|r| r.index().is_ok()) else {
            continue;
        };
        let index = reader.index().unwrap();
        let is_broken = |position: &usize| {
            let device = index.device(*position);
            device.is_some_and(|d| (0..d.series_count()).any(|k| d.timeseries(k).is_err()))
        };
        let broken: Vec<usize> = (0..6).filter(is_broken).collect();
        let [broken] = broken.as_slice() else {
            continue;
        };
        for (request, devices) in [(&all, 6), (&four, 4)] {
            // A type that nobody knows ends the planning.
            let Ok(batches) = scan(vec![reader.clone()], request.clone()) else {
                continue;
            };
            let batches: Vec<_> = batches.collect();
            let good = batches.iter().filter_map(|b| b.as_ref().ok());
            let rows: usize = good.map(|b| b.num_rows()).sum();
            assert_eq!(
                rows,
                50 * devices.min(*broken),
                "byte {at}, device {broken}"
            );
            let failed = batches.iter().any(Result::is_err);
            assert_eq!(failed, *broken < devices, "byte {at}, device {broken}");
            failing += usize::from(failed);
            passing += usize::from(!failed);
        }
    }
    assert!(failing > 10 && passing > 3, "{failing} {passing}");
}
