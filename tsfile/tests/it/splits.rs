//! Splits, devices that several files hold, and threads: over random files, against plain maps.

use crate::build::{Column, FileBuilder};
use crate::expected::without_dictionary;
use arrow_array::cast::AsArray as _;
use arrow_array::types::Int64Type;
use arrow_array::{Array, ArrayRef, Int64Array, RecordBatch, StringArray};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use tsfile::format::FormatVersion;
use tsfile::io::{CountingSource, MemorySink, MemorySource};
use tsfile::model::{DeviceId, Form};
use tsfile::scan::{
    CancelToken, Dedup, Ordering, Rows, Scan, ScanPlan, ScanRequest, SharedPlan, Split, SplitMode,
    plan, scan,
};
use tsfile::{Error, ErrorKind, ReadOptions, TsFileReader, TsFileWriter, WriteOptions};

/// Path, or tags.
pub type Key = Vec<Option<String>>;
pub type Values = [Option<i64>; 3];
/// What a file holds.
pub type Content = BTreeMap<(Key, i64), Values>;
/// Device, time and what is shown besides; no device in the wide form.
pub type Row = (Key, i64, Vec<Option<i64>>);

const NAMES: [&str; 3] = ["x", "y", "z"];

pub struct Random(pub u64);

impl Random {
    pub fn below(&mut self, n: u64) -> u64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % n
    }

    fn chance(&mut self, percent: u64) -> bool {
        self.below(100) < percent
    }

    fn value(&mut self) -> Option<i64> {
        (self.below(3) > 0).then(|| self.below(20) as i64)
    }

    fn times(&mut self, most: u64) -> Vec<i64> {
        let (start, step) = (self.below(100) as i64, 1 + self.below(5));
        let mut time = start;
        (0..=self.below(most))
            .map(|_| {
                time += 1 + self.below(step) as i64;
                time
            })
            .collect()
    }
}

/// Files of one model, and what is in them.
pub struct Case {
    pub readers: Vec<TsFileReader>,
    files: Vec<Content>,
    form: Form,
    /// Whether no chunks of a device overlap.
    simple: bool,
}

fn tree(device: u64) -> Key {
    // Byte order of paths is another than the order in a file.
    let names = ["root.a.d", "root.a-b.d", "root.a", "root.ä.d"];
    vec![Some(format!(
        "{}{}",
        names[device as usize % 4],
        device / 4
    ))]
}

fn tags(device: u64) -> Key {
    let tag = |n: u64| (n > 0).then(|| format!("t{n}"));
    let mut tags = vec![tag(device % 3), tag(device / 3)];
    while tags.last().is_some_and(Option::is_none) {
        tags.pop();
    }
    tags
}

pub fn written(
    name: &str,
    content: &Content,
    is_table: bool,
    options: WriteOptions,
) -> TsFileReader {
    let texts = |at: usize| -> ArrayRef {
        let keys = content
            .keys()
            .map(|(key, _)| key.get(at).cloned().flatten());
        Arc::new(keys.collect::<StringArray>())
    };
    let times: Int64Array = content.keys().map(|(_, time)| *time).collect();
    let mut columns: Vec<(&str, ArrayRef)> = vec![("time", Arc::new(times))];
    if is_table {
        columns.extend([("site", texts(0)), ("unit", texts(1))]);
    } else {
        columns.push(("device_name", texts(0)));
    }
    for (at, column) in NAMES.iter().enumerate() {
        let values: Int64Array = content.values().map(|v| v[at]).collect();
        columns.push((column, Arc::new(values)));
    }
    let batch = RecordBatch::try_from_iter(columns).unwrap();
    let options = if is_table {
        options.with_table("t").with_tags(["site", "unit"])
    } else {
        options
    };
    let sink = MemorySink::new(name);
    let output = sink.output();
    let mut writer = TsFileWriter::start(Box::new(sink), batch.schema(), options).unwrap();
    writer.write(&batch).unwrap();
    writer.finish().unwrap();
    read(name, output.bytes().unwrap().to_vec())
}

pub fn read(name: &str, bytes: Vec<u8>) -> TsFileReader {
    TsFileReader::new(MemorySource::new(bytes), name, ReadOptions::default()).unwrap()
}

/// A file of our writer, whose devices have several chunk groups.
fn simple_file(r: &mut Random, name: &str, is_table: bool) -> (TsFileReader, Content) {
    let aligned = is_table || r.chance(50);
    let mut content = Content::new();
    for _ in 0..=r.below(9) {
        let device = r.below(12);
        let key = if is_table { tags(device) } else { tree(device) };
        for time in r.times(60) {
            let values = [r.value(), r.value(), r.value()];
            content.insert((key.clone(), time), values);
        }
    }
    if !aligned {
        content.retain(|_, values| values.iter().any(Option::is_some));
    }
    if content.is_empty() {
        return simple_file(r, name, is_table);
    }
    let options = WriteOptions::default()
        .with_aligned(aligned)
        .with_page_points(3 + r.below(20) as usize)
        .with_chunk_group_bytes(200 + r.below(4_000) as usize);
    (written(name, &content, is_table, options), content)
}

/// A file whose chunks overlap as they like.
fn overlapping_file(r: &mut Random, name: &str) -> (TsFileReader, Content) {
    let version = [FormatVersion::V3, FormatVersion::V4][r.below(2) as usize];
    let mut file = FileBuilder::new(version);
    let mut content = Content::new();
    let mut seen = [0; 12];
    for _ in 0..=r.below(8) {
        let device = r.below(6);
        // Series that a device has first decide whether it is aligned.
        let aligned = device % 2 == 0;
        let key = tree(device);
        let id = DeviceId::from_path(key[0].as_deref().unwrap());
        let count = match seen[device as usize] {
            0 => 1 + r.below(3),
            n => n,
        };
        seen[device as usize] = count;
        let names = &NAMES[..count as usize];
        let mut put = |time: i64, at: usize, value: Option<i64>| {
            let row = content.entry((key.clone(), time)).or_insert([None; 3]);
            row[at] = value.or(row[at]);
        };
        if aligned {
            let times = r.times(30);
            let mut columns = Vec::new();
            for (at, column) in names.iter().enumerate() {
                let values: Vec<_> = times.iter().map(|_| r.value()).collect();
                for (time, value) in times.iter().zip(&values) {
                    put(*time, at, *value);
                }
                columns.push((*column, Column::I64(values)));
            }
            file.aligned(&id, &times, &columns);
        } else {
            let mut series = Vec::new();
            for (at, column) in names.iter().enumerate() {
                let times = r.times(30);
                let values: Vec<_> = times.iter().map(|_| r.value().or(Some(7))).collect();
                for (time, value) in times.iter().zip(&values) {
                    put(*time, at, *value);
                }
                series.push((*column, times, Column::I64(values)));
            }
            let series: Vec<_> = series
                .iter()
                .map(|(name, times, column)| (*name, times.as_slice(), column.clone()))
                .collect();
            file.plain(&id, &series);
        }
    }
    (read(name, file.finish()), content)
}

impl Case {
    pub fn random(r: &mut Random, most_files: u64) -> Self {
        let is_table = r.chance(35);
        let simple = is_table || r.chance(60);
        let files: Vec<_> = (0..=r.below(most_files))
            .map(|n| {
                let name = format!("folder/f{n}.tsfile");
                if simple {
                    simple_file(r, &name, is_table)
                } else {
                    overlapping_file(r, &name)
                }
            })
            .collect();
        let (readers, files): (Vec<_>, Vec<_>) = files.into_iter().unzip();
        let form = match (is_table, r.chance(35)) {
            (true, _) => Form::Table,
            (false, true) => Form::Wide,
            (false, false) => Form::Narrow,
        };
        Self {
            readers,
            files,
            form,
            simple,
        }
    }
}

/// Whether a row of a device is kept, by its time and values.
type Keeps = Box<dyn Fn(&Key, i64, &Values) -> bool>;
/// The same of a wide row, whose values are found by path.
type WideKeeps = Box<dyn Fn(i64, &dyn Fn(&str) -> Option<i64>) -> bool>;

/// What is asked, as a request and as a map of rows.
pub struct Ask {
    pub request: ScanRequest,
    rows: Rows,
    keeps: Keeps,
    wide_keeps: WideKeeps,
    pub has_filter: bool,
}

impl Ask {
    pub fn random(r: &mut Random, case: &Case, with_filter: bool) -> Self {
        let mut request = ScanRequest::new()
            .with_form(case.form)
            .with_batch_bytes(1 << (6 + r.below(12)))
            .with_dictionaries(r.chance(30));
        let mut rows = Rows::All;
        // A file need not have all columns.
        let names = [Form::Wide, Form::Table].contains(&case.form) || !case.simple;
        if r.chance(40) && (case.form == Form::Table || !names) {
            let mut columns: Vec<String> = vec![NAMES[r.below(3) as usize].into()];
            if case.form == Form::Table {
                columns = vec!["site".into(), "unit".into(), columns[0].clone()];
            } else if r.chance(50) {
                rows = Rows::Projected;
            }
            request = request.with_columns(Some(columns)).with_rows(rows);
        }
        let mut ask = Self {
            request,
            rows,
            keeps: Box::new(|_, _, _| true),
            wide_keeps: Box::new(|_, _| true),
            has_filter: with_filter,
        };
        if with_filter {
            let text = ask.filter(r, case);
            ask.request = ask.request.with_filter(Some(text.parse().unwrap()));
        }
        ask
    }

    fn filter(&mut self, r: &mut Random, case: &Case) -> String {
        let (a, b) = (r.below(150) as i64, r.below(150) as i64);
        let (low, high) = (a.min(b), a.max(b));
        let v = r.below(20) as i64;
        if case.form == Form::Wide {
            let content = case.files.iter().flatten();
            let with_value = content.filter(|(_, values)| values[0].is_some());
            let paths: BTreeSet<&Key> = with_value.map(|((key, _), _)| key).collect();
            let paths: Vec<&Key> = paths.into_iter().collect();
            if paths.is_empty() || r.chance(20) {
                self.wide_keeps = Box::new(move |time, _| time >= low && time < high);
                return format!("time >= {low} AND time < {high}");
            }
            let key = paths[r.below(paths.len() as u64) as usize];
            let path = format!("{}.x", key[0].as_deref().unwrap());
            let text = format!("(\"{path}\" > {v} OR time = {a})");
            self.wide_keeps =
                Box::new(move |time, get| get(&path).is_some_and(|x| x > v) || time == a);
            return text;
        }
        let device = match case.form {
            Form::Table => tags(r.below(12)),
            _ => tree(r.below(12)),
        };
        let is_device = match (case.form, device.first().cloned().flatten()) {
            (Form::Table, Some(site)) => format!("site = '{site}'"),
            (Form::Table, None) => "site IS NULL".into(),
            (_, name) => format!("device_name = '{}'", name.unwrap()),
        };
        let first = device.first().cloned().flatten();
        let tag = case.form == Form::Table && first.is_some();
        let same = move |key: &Key| key.first().cloned().flatten() == first;
        // Of a tag that is null nothing is known.
        let other = {
            let same = same.clone();
            move |key: &Key| !(same(key) || tag && key.first().is_none_or(Option::is_none))
        };
        let x = if case.simple { r.below(3) as usize } else { 0 };
        let name = NAMES[x];
        match r.below(6) {
            0 => {
                self.keeps = Box::new(move |_, _, values| values[x].is_some_and(|x| x > v));
                format!("{name} > {v}")
            }
            1 => {
                self.keeps = Box::new(move |_, time, values| values[x].is_none() || time < low);
                format!("{name} IS NULL OR time < {low}")
            }
            2 => {
                self.keeps =
                    Box::new(move |key, _, values| same(key) || values[x].is_some_and(|x| x <= v));
                format!("{is_device} OR {name} <= {v}")
            }
            3 => {
                self.keeps = Box::new(move |key, time, _| same(key) && time >= low && time < high);
                format!("{is_device} AND time >= {low} AND time < {high}")
            }
            4 => {
                self.keeps = Box::new(move |_, time, values| {
                    (time < low || time > high) && values[x].is_some_and(|x| x != v)
                });
                format!("(time < {low} OR time > {high}) AND {name} <> {v}")
            }
            _ => {
                self.keeps = Box::new(move |key, time, _| {
                    (same(key) && time < low) || (other(key) && time >= high)
                });
                format!("({is_device} AND time < {low}) OR (NOT ({is_device}) AND time >= {high})")
            }
        }
    }

    /// Rows of a map of the narrow or the table form.
    fn of_content(&self, content: &Content, columns: &[String]) -> Vec<Row> {
        let shown = NAMES.iter().enumerate();
        let shown = shown.filter(|(_, name)| columns.iter().any(|c| c == *name));
        let shown: Vec<usize> = shown.map(|(at, _)| at).collect();
        let mut out = Vec::new();
        for ((key, time), values) in content {
            let shown: Vec<_> = shown.iter().map(|c| values[*c]).collect();
            let exists = self.rows == Rows::All || shown.iter().any(Option::is_some);
            if exists && (self.keeps)(key, *time, values) {
                out.push((key.clone(), *time, shown));
            }
        }
        out
    }

    fn of_wide(&self, content: &Content, paths: &[String]) -> Vec<Row> {
        let mut rows: BTreeMap<i64, BTreeMap<String, i64>> = BTreeMap::new();
        for ((key, time), values) in content {
            for (name, value) in NAMES.iter().zip(values) {
                if let Some(value) = value {
                    let path = format!("{}.{name}", key[0].as_deref().unwrap());
                    rows.entry(*time).or_default().insert(path, *value);
                }
            }
        }
        rows.retain(|time, values| (self.wide_keeps)(*time, &|path| values.get(path).copied()));
        let shown = |values: &BTreeMap<String, i64>| -> Vec<_> {
            paths.iter().map(|p| values.get(p).copied()).collect()
        };
        rows.iter()
            .map(|(time, values)| (Vec::new(), *time, shown(values)))
            .collect()
    }

    fn of(&self, case: &Case, content: &Content, paths: &[String]) -> Vec<Row> {
        match case.form {
            Form::Wide => self.of_wide(content, paths),
            _ => self.of_content(content, paths),
        }
    }

    /// File after file.
    pub fn expected(&self, case: &Case, plan: &ScanPlan) -> Vec<Row> {
        let paths = paths(plan);
        let files = case.files.iter();
        files.flat_map(|f| self.of(case, f, &paths)).collect()
    }

    /// Device after device, all rows of all files by time.
    fn keyed(&self, case: &Case, plan: &ScanPlan) -> Vec<Row> {
        let mut all = self.expected(case, plan);
        all.sort_by(|a, b| (&a.0, a.1).cmp(&(&b.0, b.1)));
        all
    }

    /// One row for each device and time.
    fn last(&self, case: &Case, plan: &ScanPlan) -> Vec<Row> {
        let mut merged = Content::new();
        for ((key, time), values) in case.files.iter().flatten() {
            let row = merged.entry((key.clone(), *time)).or_insert([None; 3]);
            for (known, value) in row.iter_mut().zip(values) {
                *known = value.or(*known);
            }
        }
        self.of(case, &merged, &paths(plan))
    }
}

fn paths(plan: &ScanPlan) -> Vec<String> {
    let schema = plan.schema();
    schema
        .fields()
        .iter()
        .skip(1)
        .map(|f| f.name().clone())
        .collect()
}

/// The rows of batches.
pub fn rows(form: Form, batches: impl Iterator<Item = tsfile::Result<RecordBatch>>) -> Vec<Row> {
    let mut out = Vec::new();
    for batch in batches {
        let batch = batch.unwrap();
        let keys = match form {
            Form::Wide => 0,
            Form::Narrow => 1,
            Form::Table => 2,
        };
        let times = batch.column(0).as_primitive::<Int64Type>();
        let columns = batch.columns().iter().map(|c| without_dictionary(c));
        let columns: Vec<ArrayRef> = columns.collect();
        let column = |at: usize| &columns[at];
        for row in 0..batch.num_rows() {
            let text = |at: usize| {
                let texts = column(at).as_string::<i32>();
                texts.is_valid(row).then(|| texts.value(row).to_string())
            };
            let mut key: Key = (1..=keys).map(text).collect();
            while key.last().is_some_and(Option::is_none) {
                key.pop();
            }
            let value = |at: usize| {
                let values = column(at).as_primitive::<Int64Type>();
                values.is_valid(row).then(|| values.value(row))
            };
            let values = (keys + 1..batch.num_columns()).map(value).collect();
            out.push((key, times.value(row), values));
        }
    }
    out
}

fn all(case: &Case, request: ScanRequest) -> Vec<Row> {
    rows(case.form, scan(case.readers.clone(), request).unwrap())
}

/// The same rows; says where they are not.
#[track_caller]
pub fn same(got: &[Row], expected: &[Row], context: &str) {
    let differ = (0..got.len().max(expected.len())).find(|i| got.get(*i) != expected.get(*i));
    if let Some(i) = differ {
        let (a, b) = (got.get(i), expected.get(i));
        let (m, n) = (got.len(), expected.len());
        panic!("{context}: {m} and {n} rows, number {i} is {a:?}, expected {b:?}");
    }
}

/// What a split says of itself holds of its rows.
fn check_split(case: &Case, split: &Split, rows: &[Row]) {
    for row in rows {
        assert!(split.times.0 <= row.1 && row.1 <= split.times.1, "{split}");
    }
    match split.ordering {
        Ordering::Time => assert!(rows.is_sorted_by(|a, b| a.1 <= b.1)),
        Ordering::DeviceTime => {
            assert!(rows.is_sorted_by(|a, b| (&a.0, a.1) <= (&b.0, b.1)));
        }
    }
    assert_eq!(split.ordering == Ordering::Time, case.form == Form::Wide);
    let devices: BTreeSet<_> = rows.iter().map(|row| &row.0).collect();
    assert!(devices.len() as u64 <= split.devices);
}

#[test]
fn splits_are_the_plan_whatever_their_size() {
    let mut r = Random(1);
    let (mut cut, mut grouped, mut some, mut filtered) = (0, 0, 0, 0);
    for round in 0..250 {
        let case = Case::random(&mut r, 3);
        let with_filter = r.chance(60);
        let ask = Ask::random(&mut r, &case, with_filter);
        let plan = plan(case.readers.clone(), ask.request.clone()).unwrap();
        let expected = ask.expected(&case, &plan);
        let context = format!("{round} {:?}", case.form);
        same(&rows(case.form, plan.scan().unwrap()), &expected, &context);
        some += usize::from(!expected.is_empty());
        filtered += usize::from(ask.has_filter);
        let mut largest = 0;
        for bytes in [1, 2 + r.below(500), 500 + r.below(5_000), 1 << 40] {
            let splits = plan.splits(SplitMode::Parallel { bytes }).unwrap();
            let mut together = Vec::new();
            for split in &splits {
                let own = rows(case.form, plan.scan_split(split));
                check_split(&case, split, &own);
                if bytes == 1 << 40 && !ask.has_filter {
                    assert!(own.len() as u64 <= split.rows, "{round}: {split}");
                }
                together.extend(own);
            }
            same(&together, &expected, &format!("{context} {bytes}"));
            let most = splits.iter().map(|s| s.bytes).max().unwrap_or(0);
            if bytes == 1 {
                largest = most;
                cut += usize::from(splits.len() > 20);
            } else if case.simple && case.form != Form::Wide {
                assert!(most <= bytes + largest, "{round}: {most} for {bytes}");
            }
            if bytes == 1 << 40 {
                assert!(splits.len() <= case.readers.len());
                grouped += usize::from(splits.iter().any(|s| s.devices > 2));
            }
        }
        let threads = ask.request.clone().with_threads(2 + r.below(4) as usize);
        same(&all(&case, threads), &expected, &context);
    }
    assert!(
        cut > 20 && grouped > 50 && some > 150 && filtered > 100,
        "{cut} {grouped} {some} {filtered}"
    );
}

#[test]
fn keyed_splits_have_one_device_each_with_its_rows_of_all_files() {
    let mut r = Random(2);
    let mut shared = 0;
    for round in 0..200 {
        let case = Case::random(&mut r, 4);
        let with_filter = r.chance(50);
        let ask = Ask::random(&mut r, &case, with_filter);
        let plan = plan(case.readers.clone(), ask.request.clone()).unwrap();
        let expected = ask.keyed(&case, &plan);
        let mut together = Vec::new();
        for split in plan.splits(SplitMode::Keyed).unwrap() {
            let own = rows(case.form, plan.scan_split(&split));
            check_split(&case, &split, &own);
            assert!(split.devices == 1 || case.form == Form::Wide);
            if !ask.has_filter {
                assert!(own.len() as u64 <= split.rows, "{round}: {split}");
            }
            shared += usize::from(own.windows(2).any(|w| w[0].1 == w[1].1));
            together.extend(own);
        }
        same(&together, &expected, &format!("{round} {:?}", case.form));
    }
    assert!(shared > 100, "{shared}");
}

#[test]
fn rows_of_several_files_become_one_and_filters_ask_what_comes_out() {
    let mut r = Random(3);
    let (mut fewer, mut some) = (0, 0);
    for round in 0..300 {
        let case = Case::random(&mut r, 4);
        let with_filter = r.chance(70);
        let ask = Ask::random(&mut r, &case, with_filter);
        let request = ask.request.clone().with_dedup(Dedup::Last);
        let plan = plan(case.readers.clone(), request.clone()).unwrap();
        let expected = ask.last(&case, &plan);
        some += usize::from(!expected.is_empty());
        fewer += usize::from(expected.len() < ask.expected(&case, &plan).len());
        let filter = plan.explain().unwrap().filter.map(|f| f.asked);
        let context = format!("{round} {:?} {filter:?}", case.form);
        same(&rows(case.form, plan.scan().unwrap()), &expected, &context);
        for mode in [SplitMode::Keyed, SplitMode::Parallel { bytes: 100 }] {
            let splits = plan.splits(mode).unwrap();
            let own = splits.iter().map(|s| rows(case.form, plan.scan_split(s)));
            same(&own.flatten().collect::<Vec<_>>(), &expected, &context);
        }
        let (offset, limit) = (r.below(30), r.below(60));
        let sliced = request.clone().with_offset(offset).with_limit(Some(limit));
        let wanted = expected.iter().skip(offset as usize).take(limit as usize);
        let wanted: Vec<Row> = wanted.cloned().collect();
        for threads in [1, 3] {
            let request = request.clone().with_threads(threads);
            same(&all(&case, request), &expected, &context);
            let sliced = sliced.clone().with_threads(threads);
            same(&all(&case, sliced), &wanted, &context);
        }
    }
    assert!(fewer > 60 && some > 150, "{fewer} {some}");
}

#[test]
fn a_value_that_a_later_file_overwrites_does_not_come_back() {
    let file = |name: &str, value: i64| {
        let key = tree(0);
        let content = [((key, 5), [Some(value), None, None])]
            .into_iter()
            .collect();
        written(name, &content, false, WriteOptions::default())
    };
    let files = vec![file("a", 100), file("b", 1)];
    for form in [Form::Narrow, Form::Wide] {
        let column = if form == Form::Wide {
            "\"root.a.d0.x\""
        } else {
            "x"
        };
        let request = ScanRequest::new()
            .with_form(form)
            .with_filter(Some(format!("{column} > 50").parse().unwrap()));
        let count = |dedup| {
            let scan = scan(files.clone(), request.clone().with_dedup(dedup)).unwrap();
            rows(form, scan).len()
        };
        assert_eq!((count(Dedup::None), count(Dedup::Last)), (1, 0));
    }
}

/// A split as another process reads it.
fn sent(case: &Case, shared: &SharedPlan, split: &[u8]) -> tsfile::Result<Scan> {
    shared.scan(split, CancelToken::new(), |name| {
        let found = case.readers.iter().find(|reader| reader.name() == name);
        found
            .cloned()
            .ok_or_else(|| Error::argument("no such file"))
    })
}

#[test]
fn splits_read_by_another_process_give_the_same_rows() {
    let mut r = Random(4);
    let mut largest = 0;
    for round in 0..300 {
        let case = Case::random(&mut r, 4);
        let with_filter = r.chance(70);
        let ask = Ask::random(&mut r, &case, with_filter);
        let dedup = [Dedup::None, Dedup::Last][r.below(2) as usize];
        let plan = plan(case.readers.clone(), ask.request.with_dedup(dedup)).unwrap();
        let shared = SharedPlan::decode(&plan.encode_shared().unwrap()).unwrap();
        assert_eq!(shared.schema(), plan.schema());
        let bytes = 1 + r.below(5_000);
        for mode in [SplitMode::Keyed, SplitMode::Parallel { bytes }] {
            for split in plan.splits(mode).unwrap() {
                let encoded = split.encode(&plan).unwrap();
                largest = largest.max(encoded.len());
                let there = rows(case.form, sent(&case, &shared, &encoded).unwrap());
                let here = rows(case.form, plan.scan_split(&split));
                same(&there, &here, &format!("{round} {:?} {mode:?}", case.form));
                for name in shared.files(&encoded).unwrap() {
                    assert!(case.readers.iter().any(|reader| reader.name() == name));
                }
            }
        }
    }
    assert!(largest < 1024, "{largest} bytes");
}

#[test]
fn damaged_bytes_of_a_plan_are_errors_or_another_plan() {
    let mut r = Random(5);
    let (mut refused, mut read) = (0, 0);
    for _ in 0..30 {
        let case = Case::random(&mut r, 3);
        let ask = Ask::random(&mut r, &case, true);
        let plan = plan(case.readers.clone(), ask.request.clone()).unwrap();
        let shared = plan.encode_shared().unwrap();
        let splits = plan.splits(SplitMode::Keyed).unwrap();
        let mut splits = splits.iter().map(|s| s.encode(&plan).unwrap());
        let Some(split) = splits.next_back() else {
            continue;
        };
        for end in 0..shared.len() {
            assert!(SharedPlan::decode(&shared[..end]).is_err());
        }
        let decoded = SharedPlan::decode(&shared).unwrap();
        for end in 0..split.len() {
            assert!(sent(&case, &decoded, &split[..end]).is_err());
        }
        let mut damaged = |bytes: &[u8]| {
            let mut bytes = bytes.to_vec();
            let at = r.below(bytes.len() as u64) as usize;
            bytes[at] = match r.below(3) {
                0 => bytes[at] ^ (1 << r.below(8)),
                1 => 0xff,
                _ => r.below(256) as u8,
            };
            bytes
        };
        for _ in 0..100 {
            let (shared, split) = (damaged(&shared), damaged(split.as_slice()));
            let Ok(shared) = SharedPlan::decode(&shared) else {
                refused += 1;
                continue;
            };
            // Whatever else it says, it ends.
            match sent(&case, &shared, &split) {
                Ok(scan) => read += scan.take_while(Result::is_ok).count().min(1),
                Err(_) => refused += 1,
            }
        }
    }
    assert!(refused > 1_000 && read > 10, "{refused} {read}");
}

fn two_files() -> Case {
    let mut r = Random(6);
    let (readers, files) = (0..2)
        .map(|n| simple_file(&mut r, &format!("f{n}"), false))
        .unzip();
    Case {
        readers,
        files,
        form: Form::Narrow,
        simple: true,
    }
}

#[test]
fn another_version_another_thing_and_another_file_say_so() {
    let case = two_files();
    let plan = plan(
        case.readers.clone(),
        ScanRequest::new().with_form(Form::Narrow),
    )
    .unwrap();
    let shared = plan.encode_shared().unwrap();
    let splits = plan.splits(SplitMode::Keyed).unwrap();
    let split = splits[0].encode(&plan).unwrap();
    // The version is the first byte, for ever.
    assert_eq!(
        (shared[0], shared[1], split[0], split[1]),
        (3, b'P', 3, b'S')
    );
    let decoded = SharedPlan::decode(&shared).unwrap();
    let e = SharedPlan::decode(&split).unwrap_err();
    assert!(
        e.to_string()
            .contains("a plan and a split are not the same"),
        "{e}"
    );
    let newer = [&[4], &shared[1..]].concat();
    let e = SharedPlan::decode(&newer).unwrap_err();
    assert_eq!(
        e.to_string(),
        "encoded plan: the plan was made by another version of this library at byte 0; expected encoding version 3, found 4; use the same \
         version in all processes"
    );
    let newer = [&[4], &split[1..]].concat();
    let e = sent(&case, &decoded, &newer).unwrap_err();
    assert!(e.to_string().contains("encoding version 3, found 4"), "{e}");
    let e = decoded.scan(&split, CancelToken::new(), |_| {
        Ok(simple_file(&mut Random(9), "f0", false).0)
    });
    let e = e.unwrap_err();
    assert_eq!(e.kind(), ErrorKind::Changed);
    assert!(e.to_string().starts_with("f0: the file changed"), "{e}");
}

#[test]
fn splits_of_very_many_devices_are_small() {
    // Every second device is in the request, and their order is not that of the index.
    let devices = 100_000;
    let mut content = Content::new();
    for device in 0..devices {
        let name = format!("root.{}.d{device}", ["a", "a-b"][device % 7 % 2]);
        content.insert((vec![Some(name)], 1), [Some(device as i64), None, None]);
    }
    let reader = written("many", &content, false, WriteOptions::default());
    let case = Case {
        readers: vec![reader],
        files: vec![content],
        form: Form::Narrow,
        simple: true,
    };
    for (form, choice) in [
        (Form::Narrow, 0),
        (Form::Narrow, 1),
        (Form::Narrow, 2),
        (Form::Wide, 0),
    ] {
        let mut request = ScanRequest::new().with_form(form);
        if choice == 1 {
            request = request.with_filter(Some("device_name LIKE '%2%'".parse().unwrap()));
        }
        if choice == 2 {
            request = request.with_device_filter(|device| device.path().contains('3'));
        }
        if form == Form::Wide {
            let column = Some(vec!["root.a.d0.x".into()]);
            request = request.with_columns(column).with_rows(Rows::Projected);
        }
        let plan = plan(case.readers.clone(), request).unwrap();
        let shared = SharedPlan::decode(&plan.encode_shared().unwrap()).unwrap();
        let splits = plan.splits(SplitMode::Parallel { bytes: 100_000 }).unwrap();
        let mut there = 0;
        for split in &splits {
            let encoded = split.encode(&plan).unwrap();
            assert!(encoded.len() < 1024, "{} bytes", encoded.len());
            there += rows(form, sent(&case, &shared, &encoded).unwrap()).len();
        }
        let names = case.files[0]
            .keys()
            .map(|(key, _)| key[0].as_deref().unwrap());
        let expected = names.filter(|name| match (form, choice) {
            (Form::Wide, _) => false,
            (_, 1) => name.contains('2'),
            (_, 2) => name.contains('3'),
            _ => true,
        });
        let expected = if form == Form::Wide {
            1
        } else {
            expected.count()
        };
        assert_eq!(there, expected);
    }
}

#[test]
fn of_very_many_devices_some_are_weighed() {
    let name = |device: usize| Some(format!("root.a.d{device:05}"));
    let mut content: Content = (0..20_000)
        .map(|device| {
            let value = Some(device as i64);
            ((vec![name(device)], 1), [value, value, value])
        })
        .collect();
    // One is much larger than the others, and nobody looks at it.
    for time in 2..3_000i64 {
        let value = Some(time.wrapping_mul(time) % 7_919);
        content.insert((vec![name(10_001)], time), [value, value, value]);
    }
    let expected = content.len();
    let reader = written("many", &content, false, WriteOptions::default());
    let case = Case {
        readers: vec![reader.clone()],
        files: vec![content],
        form: Form::Narrow,
        simple: true,
    };
    let request = ScanRequest::new().with_form(Form::Narrow);
    let plan = plan(case.readers.clone(), request).unwrap();
    let shared = SharedPlan::decode(&plan.encode_shared().unwrap()).unwrap();
    let all = rows(Form::Narrow, plan.clone().scan().unwrap());
    assert_eq!(all.len(), expected);
    for target in [2_000, 100_000, 100_000_000] {
        let splits = plan.splits(SplitMode::Parallel { bytes: target }).unwrap();
        let mut there = Vec::new();
        for split in &splits {
            let encoded = split.encode(&plan).unwrap();
            let own = rows(Form::Narrow, sent(&case, &shared, &encoded).unwrap());
            check_split(&case, split, &own);
            there.extend(own);
        }
        same(&there, &all, &format!("{target}"));
        let total: u64 = splits.iter().map(|s| s.bytes).sum();
        assert!(
            total.abs_diff(reader.data_end()) < reader.data_end() / 50,
            "{total}"
        );
        let most = splits.iter().map(|s| s.bytes).max().unwrap();
        assert!(most <= target.max(50_000), "{most}");
        let devices: u64 = splits.iter().map(|s| s.devices).sum();
        assert!(target == 2_000 || devices == 20_000, "{devices}");
    }
}

#[test]
fn another_process_reads_its_part_of_the_index() {
    let name = |device: usize| format!("root.a.d{device:05}");
    let content: Content = (0..20_000)
        .map(|device| {
            let value = Some(device as i64);
            ((vec![Some(name(device))], 1), [value, value, value])
        })
        .collect();
    let reader = written("many", &content, false, WriteOptions::default());
    let mut bytes = vec![0; reader.size_bytes() as usize];
    reader.source().read_at(0, &mut bytes).unwrap();
    let named: Vec<String> = (0..60).map(|n| name(n * 331 + n % 2)).collect();
    for few in [false, true] {
        let mut request = ScanRequest::new().with_form(Form::Narrow);
        if few {
            request = request.with_devices(named.clone());
        }
        // Nobody has read its index yet: names are looked up.
        let plan = plan(vec![read("many", bytes.clone())], request).unwrap();
        let shared = SharedPlan::decode(&plan.encode_shared().unwrap()).unwrap();
        let splits = plan.splits(SplitMode::Parallel { bytes: 50_000 }).unwrap();
        assert!(splits.len() > 2);
        let mut there = Vec::new();
        for split in &splits {
            let encoded = split.encode(&plan).unwrap();
            assert!(encoded.len() < 1024, "{} bytes", encoded.len());
            let source = CountingSource::new(MemorySource::new(bytes.clone()));
            let open = |name: &str| {
                let options = ReadOptions::default();
                TsFileReader::new(source.clone(), name, options)
            };
            let scan = shared.scan(&encoded, CancelToken::new(), open).unwrap();
            there.extend(rows(Form::Narrow, scan));
            let counts = source.counts();
            // Those that are far from each other are fetched with what is between them, in few requests.
            let most = if few { bytes.len() } else { bytes.len() / 4 };
            let context = format!("{few}: {counts:?} of {}", bytes.len());
            assert!(counts.bytes < most as u64, "{context}");
        }
        let expected: Vec<Row> = content
            .iter()
            .filter(|((key, _), _)| !few || named.contains(key[0].as_ref().unwrap()))
            .map(|((key, time), values)| (key.clone(), *time, values.to_vec()))
            .collect();
        same(&there, &expected, &format!("{few}"));
    }
}

#[test]
fn a_cancelled_scan_of_merged_files_ends() {
    let case = two_files();
    let token = CancelToken::new();
    let request = ScanRequest::new()
        .with_form(Form::Narrow)
        .with_dedup(Dedup::Last)
        .with_cancel(token.clone());
    let mut scan = scan(case.readers.clone(), request).unwrap();
    token.cancel();
    let e = scan.next().unwrap().unwrap_err();
    assert_eq!(e.kind(), ErrorKind::Cancelled);
    assert!(scan.next().is_none());
}

#[test]
fn statistics_do_not_answer_for_rows_that_become_one() {
    let case = two_files();
    let request = ScanRequest::new().with_form(Form::Narrow);
    let of = |dedup| {
        let plan = plan(case.readers.clone(), request.clone().with_dedup(dedup)).unwrap();
        plan.answers().unwrap().all.count
    };
    assert_eq!(of(Dedup::Last), Err(tsfile::scan::Refusal::Files));
    assert_ne!(of(Dedup::None), Err(tsfile::scan::Refusal::Files));
}

#[test]
fn a_zone_goes_with_a_plan_to_another_process() {
    let batch = arrow_array::record_batch!(
        ("time", Int64, [0, 3_600_000, 7_200_000]),
        ("device_name", Utf8, ["root.d", "root.d", "root.d"]),
        ("s1", Int64, [1, 2, 3])
    );
    let reader = crate::query::written(&batch.unwrap(), tsfile::WriteOptions::default());
    let request = ScanRequest::new()
        .with_form(Form::Narrow)
        .with_zone(tsfile::model::Zone::parse("+01:00").unwrap())
        .with_filter(Some("time >= '1970-01-01 02:00:00'".parse().unwrap()));
    let plan = plan(vec![reader.clone()], request).unwrap();
    let shared = tsfile::scan::SharedPlan::decode(&plan.encode_shared().unwrap()).unwrap();
    let splits = plan.splits(SplitMode::Parallel { bytes: 1 << 20 }).unwrap();
    let mut rows = 0;
    for split in splits {
        let split = split.encode(&plan).unwrap();
        let scan = shared.scan(&split, Default::default(), |_| Ok(reader.clone()));
        rows += scan.unwrap().map(|b| b.unwrap().num_rows()).sum::<usize>();
    }
    assert_eq!(rows, 2, "from one o'clock on in UTC");
}

/// A device in so many files that their names alone fill more than a split.
#[test]
fn a_device_in_hundreds_of_files_is_a_small_split() {
    let device = |name: &str, time: i64| ((vec![Some(name.to_string())], time), [Some(time); 3]);
    let files: Vec<Content> = (0..200)
        .map(|n| [device("root.a.d", n), device("root.a.other", n)].into())
        .collect();
    let bytes: Vec<Vec<u8>> = (files.iter().enumerate())
        .map(|(n, content)| {
            let name = format!("sequence/root.sg/{n:05}/1700000000{n:03}-1-0-0.tsfile");
            let reader = written(&name, content, false, WriteOptions::default());
            let mut bytes = vec![0; reader.size_bytes() as usize];
            reader.source().read_at(0, &mut bytes).unwrap();
            bytes
        })
        .collect();
    let name = |n: usize| format!("sequence/root.sg/{n:05}/1700000000{n:03}-1-0-0.tsfile");
    let open = |wanted: &str| {
        let n = (0..200).find(|&n| name(n) == wanted);
        let n = n.ok_or_else(|| Error::argument("no such file"))?;
        Ok(read(wanted, bytes[n].clone()))
    };
    let readers = || {
        (0..200)
            .map(|n| open(&name(n)).unwrap())
            .collect::<Vec<_>>()
    };
    let filter = "device_name LIKE 'root.a.d%' AND x >= 0".parse().unwrap();
    let narrow = ScanRequest::new().with_form(Form::Narrow);
    let columns = Some(vec!["x".to_string()]);
    for (request, devices) in [
        (narrow.clone(), 2),
        (narrow.clone().with_time_range(50, 149), 2),
        (narrow.clone().with_dedup(Dedup::Last), 2),
        (
            narrow
                .clone()
                .with_columns(columns)
                .with_filter(Some(filter)),
            1,
        ),
        (narrow.with_devices(vec!["root.a.d".into()]), 1),
    ] {
        let plan = plan(readers(), request).unwrap();
        let shared = SharedPlan::decode(&plan.encode_shared().unwrap()).unwrap();
        let splits = plan.splits(SplitMode::Keyed).unwrap();
        assert_eq!(splits.len(), devices);
        for split in &splits {
            let encoded = split.encode(&plan).unwrap();
            assert!(encoded.len() < 1024, "{} bytes", encoded.len());
            let expected = rows(Form::Narrow, plan.scan_split(split));
            assert!(expected.len() >= 100);
            let scan = shared.scan(&encoded, CancelToken::new(), open).unwrap();
            assert_eq!(rows(Form::Narrow, scan), expected);
            assert_eq!(shared.files(&encoded).unwrap().len(), 200);
            // Damage is an error, or another plan.
            for at in (0..encoded.len()).step_by(7) {
                let mut bad = encoded.clone();
                bad[at] ^= 0x55;
                if let Ok(scan) = shared.scan(&bad, CancelToken::new(), open) {
                    scan.take(3).for_each(drop);
                }
            }
        }
    }
}
