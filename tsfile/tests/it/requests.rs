//! Reads are few and large: what opening a file and a point query ask of a source, counted.

use arrow_array::{Array, ArrayRef, Float64Array, Int64Array, RecordBatch};
use arrow_schema::{DataType as ArrowType, Field, Schema};
use std::path::PathBuf;
use std::sync::Arc;
use tsfile::io::{AtomicFile, CountingSource, FileSource, Overwrite, ReadCounts};
use tsfile::model::{
    ColumnCategory, Compression, DataType, DeviceId, Encoding, MeasurementSchema, TableColumn,
    TableSchema,
};
use tsfile::scan::{Form, ScanRequest, scan};
use tsfile::{ReadOptions, TsFileReader, TsFileWriter, WriteOptions};

const COLUMNS: usize = 10;
/// Of all devices; with eight bytes a value that is 64 MB.
const ROWS: usize = 800_000;
const STEP: i64 = 1000;
/// Rows of the point query.
const WANTED: usize = 1001;
const MAX_OPEN: u64 = 3;
const MAX_QUERY: u64 = 6;

/// How a file is laid out.
#[derive(Debug, Clone, Copy)]
struct Shape {
    devices: usize,
    aligned: bool,
    table: bool,
    /// Rows of a chunk; devices take turns, or each is written from its beginning to its end.
    chunk_rows: usize,
    turns: bool,
    page_rows: usize,
}

impl Shape {
    /// Of each device.
    fn rows(self) -> usize {
        ROWS / self.devices
    }

    fn device(self, number: usize) -> DeviceId {
        if self.table {
            DeviceId::new(["plant", &format!("d{number:03}")].map(Some))
        } else {
            DeviceId::from_path(&format!("root.plant.line.d{number:03}"))
        }
    }
}

/// Doubles that no encoding makes smaller: splitmix64 of where they are.
fn value(device: usize, column: usize, row: usize) -> f64 {
    let mut z = ((row * COLUMNS + column) * 1000 + device) as u64;
    z = z.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    ((z ^ (z >> 31)) >> 11) as f64
}

fn names() -> Vec<String> {
    (0..COLUMNS).map(|c| format!("s{c}")).collect()
}

/// The file, removed when the test is over.
struct TestFile(PathBuf);

impl Drop for TestFile {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

fn write(name: &str, shape: Shape) -> TestFile {
    let file = format!("tsfile-requests-{name}-{}.tsfile", std::process::id());
    let file = TestFile(std::env::temp_dir().join(file));
    let mut options = WriteOptions::default()
        .with_default_compression(Compression::Uncompressed)
        .with_page_points(shape.page_rows);
    for name in names() {
        options = options.with_encoding(name, Encoding::Plain);
    }
    let sink = AtomicFile::create(&file.0, Overwrite::Replace).unwrap();
    let mut writer = TsFileWriter::start_devices(Box::new(sink), options).unwrap();
    if shape.table {
        let column = |name: &str, data_type, category| TableColumn {
            measurement: MeasurementSchema {
                name: name.to_string(),
                data_type,
                encoding: Encoding::Plain,
                compression: Compression::Uncompressed,
                properties: Vec::new(),
            },
            category,
        };
        let mut columns = vec![column("device", DataType::String, ColumnCategory::Tag)];
        let names = names();
        let fields = names
            .iter()
            .map(|n| column(n, DataType::Double, ColumnCategory::Field));
        columns.extend(fields);
        let name = "plant".to_string();
        writer.add_table(TableSchema { name, columns }).unwrap();
    }
    let mut fields = vec![Field::new("time", ArrowType::Int64, false)];
    fields.extend(
        names()
            .iter()
            .map(|n| Field::new(n, ArrowType::Float64, true)),
    );
    let schema = Arc::new(Schema::new(fields));
    let mut put = |device: usize, first: usize| {
        let rows = first..(first + shape.chunk_rows).min(shape.rows());
        let times = rows.clone().map(|r| r as i64 * STEP);
        let mut columns: Vec<ArrayRef> = vec![Arc::new(Int64Array::from_iter_values(times))];
        for column in 0..COLUMNS {
            let values = rows.clone().map(|row| value(device, column, row));
            columns.push(Arc::new(Float64Array::from_iter_values(values)));
        }
        let batch = RecordBatch::try_new(schema.clone(), columns).unwrap();
        writer
            .write_device(&shape.device(device), shape.aligned, &batch)
            .unwrap();
        if !shape.turns || device + 1 == shape.devices {
            writer.flush().unwrap();
        }
    };
    let starts = || (0..shape.rows()).step_by(shape.chunk_rows);
    if shape.turns {
        starts().for_each(|first| (0..shape.devices).for_each(|device| put(device, first)));
    } else {
        (0..shape.devices).for_each(|device| starts().for_each(|first| put(device, first)));
    }
    writer.finish().unwrap();
    file
}

fn since(source: &CountingSource<FileSource>, before: ReadCounts) -> ReadCounts {
    let now = source.counts();
    ReadCounts {
        reads: now.reads - before.reads,
        bytes: now.bytes - before.bytes,
    }
}

/// Opens the file and asks for rows of one device, all columns; checks every value.
fn point_query(name: &str, file: &TestFile, shape: Shape, form: Form, device: usize, first: usize) {
    let none = ReadCounts { reads: 0, bytes: 0 };
    let source = CountingSource::new(FileSource::open(&file.0).unwrap());
    let reader = TsFileReader::new(source.clone(), name, ReadOptions::default()).unwrap();
    let opened = since(&source, none);
    assert!(opened.reads <= MAX_OPEN, "{name}: open {opened:?}");
    let planned = rows_of(name, &source, reader, shape, form, device, first);
    let all = since(&source, none);
    println!(
        "{name}, device {device}, row {first}: open {opened:?}, plan {planned:?}, all {all:?}"
    );
    assert!(all.reads <= MAX_QUERY, "{name}: {all:?}");
    assert!(all.bytes < 12 << 20, "{name}: {all:?}");
}

/// The query itself; what planning it read.
fn rows_of(
    name: &str,
    source: &CountingSource<FileSource>,
    reader: TsFileReader,
    shape: Shape,
    form: Form,
    device: usize,
    first: usize,
) -> ReadCounts {
    let (start, end) = (first as i64 * STEP, (first + WANTED - 1) as i64 * STEP);
    let mut request = ScanRequest::new()
        .with_form(form)
        .with_time_range(start, end);
    let id = shape.device(device);
    request = if shape.table {
        request.with_device_filter(move |d| *d == id)
    } else {
        request.with_devices(vec![id.path()])
    };
    let before = source.counts();
    let rows = scan(vec![reader], request).unwrap();
    let planned = since(source, before);
    let mut next = first;
    for batch in rows {
        let batch = batch.unwrap();
        let times = batch
            .column(0)
            .as_any()
            .downcast_ref::<Int64Array>()
            .unwrap();
        let keys = batch.num_columns() - COLUMNS;
        for row in 0..batch.num_rows() {
            assert_eq!(times.value(row), next as i64 * STEP);
            for column in 0..COLUMNS {
                let values = batch.column(keys + column).as_any();
                let values = values.downcast_ref::<Float64Array>().unwrap();
                assert_eq!(values.value(row), value(device, column, next));
            }
            next += 1;
        }
    }
    assert_eq!(next, first + WANTED, "{name}");
    planned
}

fn check(name: &str, shape: Shape) {
    let file = write(name, shape);
    let size = std::fs::metadata(&file.0).unwrap().len();
    assert!(size >= 63_900_000, "{size}");
    let form = if shape.table {
        Form::Table
    } else {
        Form::Narrow
    };
    let last = shape.rows() - WANTED;
    for (device, first) in [
        (0, 0),
        (shape.devices / 2, 3_333),
        (shape.devices - 1, last),
    ] {
        point_query(name, &file, shape, form, device, first);
    }
    if !shape.table {
        point_query(name, &file, shape, Form::Wide, 3, 1_999);
    }
}

const ALIGNED: Shape = Shape {
    devices: 100,
    aligned: true,
    table: false,
    chunk_rows: 2000,
    turns: false,
    page_rows: 500,
};

#[test]
fn a_point_query_of_an_aligned_device_takes_few_requests() {
    check("aligned", ALIGNED);
}

#[test]
fn a_point_query_of_a_device_that_is_not_aligned_takes_few_requests() {
    let aligned = false;
    check("plain", Shape { aligned, ..ALIGNED });
}

/// Chunks as large as in a file of 1 GB with a hundred devices.
#[test]
fn a_point_query_takes_few_requests_when_chunks_are_large() {
    let shape = Shape {
        devices: 6,
        chunk_rows: 133_333,
        page_rows: 8192,
        ..ALIGNED
    };
    check("large-aligned", shape);
    let aligned = false;
    let chunk_rows = 60_000;
    check(
        "large",
        Shape {
            aligned,
            chunk_rows,
            ..shape
        },
    );
}

/// The first query of a device walks over its pages; the next ones read theirs, be they counted or not.
#[test]
fn the_next_query_of_a_device_reads_its_pages_only() {
    for (aligned, chunk_rows) in [(true, 133_333), (false, 60_000)] {
        let shape = Shape {
            devices: 6,
            chunk_rows,
            page_rows: 4096,
            aligned,
            ..ALIGNED
        };
        let name = if aligned { "again-aligned" } else { "again" };
        let file = write(name, shape);
        let source = CountingSource::new(FileSource::open(&file.0).unwrap());
        let reader = TsFileReader::new(source.clone(), name, ReadOptions::default()).unwrap();
        let local = TsFileReader::open(&file.0, ReadOptions::default()).unwrap();
        let mut asked = Vec::new();
        let firsts = [70_000, 70_500, 0, 4_095, 58_999, 59_500, 100_000, 119_500];
        for first in firsts.into_iter().chain([90_000, 119_000, 132_332]) {
            for device in [2, 4] {
                let before = source.counts();
                let form = Form::Narrow;
                rows_of(name, &source, reader.clone(), shape, form, device, first);
                asked.push(since(&source, before));
                rows_of(name, &source, local.clone(), shape, form, device, first);
            }
        }
        println!("{name}: {asked:?}");
        // Of the chunk that was walked over, all in one request; of one or two of its pages of 11 or 10 columns a part of that.
        let [walked, again] = [0, 2].map(|i| asked[i]);
        assert!(again.reads <= MAX_QUERY, "{name}: {again:?}");
        assert!(again.bytes < walked.bytes, "{name}: {walked:?}, {again:?}");
    }
}

/// As a writer does that gets the rows of all devices as time goes on.
#[test]
fn a_point_query_takes_few_requests_when_devices_take_turns() {
    let shape = Shape {
        table: true,
        chunk_rows: 400,
        turns: true,
        page_rows: 100,
        ..ALIGNED
    };
    check("turns", shape);
}
