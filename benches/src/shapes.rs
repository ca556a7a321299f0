//! The shapes that are measured: those of the shared data sets, and a device whose series are not aligned.

use crate::{Column, FileBuilder, Rng};
use std::io::{Result, Write};
use tsfile::arrow::Values;
use tsfile::encoding::BytesBuf;
use tsfile::model::{
    ColumnCategory, Compression, DataType, DeviceId, Encoding, MeasurementSchema, TableColumn,
    TableSchema,
};

/// Rows of a page, as the C++ library makes them.
pub const PAGE_ROWS: usize = 10_000;
const START: i64 = 1_700_000_000_000;

fn column(name: &str, data_type: DataType, encoding: Encoding, values: Values) -> Column {
    Column {
        name: name.into(),
        data_type,
        encoding,
        values,
        present: None,
    }
}

/// A clock of `step` milliseconds.
pub fn clock(rows: usize, step: i64) -> Vec<i64> {
    (0..rows as i64).map(|i| START + i * step).collect()
}

fn kept<T: Copy>(values: &[T], present: &[bool]) -> Vec<T> {
    let pairs = values.iter().zip(present);
    pairs.filter(|(_, p)| **p).map(|(v, _)| *v).collect()
}

/// Strings that stay for a while: each of `of` in turn for `run` rows.
fn strings(of: &[String], run: usize, present: &[bool]) -> BytesBuf {
    let mut out = BytesBuf::default();
    for (row, _) in present.iter().enumerate().filter(|(_, p)| **p) {
        let text = &of[row / run % of.len()];
        out.data.extend_from_slice(text.as_bytes());
        out.offsets
            .push(i32::try_from(out.data.len()).unwrap_or(i32::MAX));
    }
    out
}

const DEVOPS: [(&str, DataType, Encoding); 10] = [
    ("c_requests", DataType::Int64, Encoding::Ts2Diff),
    ("c_bytes", DataType::Int64, Encoding::Ts2Diff),
    ("g_procs", DataType::Int32, Encoding::Ts2Diff),
    ("f_cpu", DataType::Double, Encoding::Gorilla),
    ("f_mem", DataType::Double, Encoding::Gorilla),
    ("f_temp", DataType::Double, Encoding::Gorilla),
    ("f_load", DataType::Float, Encoding::Gorilla),
    ("b_up", DataType::Boolean, Encoding::Rle),
    ("s_status", DataType::String, Encoding::Dictionary),
    ("s_rev", DataType::String, Encoding::Plain),
];

/// Table `devops`: ten columns of all kinds, each with 10 % nulls of its own. Returns the points (values that are there).
pub fn devops<W: Write>(out: W, devices: usize, rows: usize) -> Result<(W, u64)> {
    let mut file = FileBuilder::new(out, Compression::Lz4, PAGE_ROWS)?;
    let mut rng = Rng::new(1);
    let mut points = 0;
    let status: Vec<String> = ["ok", "ok", "ok", "warning", "error"]
        .map(String::from)
        .into();
    let revisions: Vec<String> = (0..20).map(|i| format!("build-{i:03}-release")).collect();
    for d in 0..devices {
        let device = DeviceId::new(["devops", &format!("host_{d:05}")].map(Some));
        let mut times = clock(rows, 1000);
        for t in &mut times {
            if rng.below(100) == 0 {
                *t += 1 + rng.below(249) as i64;
            }
        }
        let columns: Vec<Column> = DEVOPS
            .iter()
            .map(|&(name, data_type, encoding)| {
                let present = rng.presence(rows);
                let mut sum = 0;
                let mut sums = |rng: &mut Rng, n: u64| -> Vec<i64> {
                    (0..rows)
                        .map(|_| {
                            sum += rng.below(n) as i64;
                            sum
                        })
                        .collect()
                };
                let mut walk = |start, sigma| kept(&rng.walk(start, sigma, 2, rows), &present);
                let values = match name {
                    "c_requests" => Values::I64(kept(&sums(&mut rng, 74), &present)),
                    "c_bytes" => Values::I64(kept(&sums(&mut rng, 150_000), &present)),
                    "g_procs" => {
                        Values::I32(walk(250.0, 1.4).iter().map(|v| v.round() as i32).collect())
                    }
                    "f_cpu" => Values::F64(walk(50.0, 0.6)),
                    "f_mem" => Values::F64(walk(8000.0, 1.5)),
                    "f_temp" => Values::F64(walk(60.0, 0.05)),
                    "f_load" => Values::F32(walk(2.0, 0.03).iter().map(|v| *v as f32).collect()),
                    "b_up" => {
                        let up: Vec<bool> = (0..rows).map(|i| i / 100 % 10 != 3).collect();
                        Values::Bool(kept(&up, &present))
                    }
                    "s_status" => Values::Bytes(strings(&status, 20, &present)),
                    _ => Values::Bytes(strings(&revisions, 1, &present)),
                };
                points += values.len() as u64;
                Column {
                    present: Some(present),
                    ..column(name, data_type, encoding, values)
                }
            })
            .collect();
        file.aligned(&device, &times, &columns)?;
    }
    let of = |name: &str, data_type, encoding, category| TableColumn {
        measurement: MeasurementSchema {
            name: name.into(),
            data_type,
            encoding,
            compression: Compression::Lz4,
            properties: Vec::new(),
        },
        category,
    };
    let mut columns = vec![of(
        "host",
        DataType::String,
        Encoding::Plain,
        ColumnCategory::Tag,
    )];
    columns.extend(DEVOPS.map(|(n, t, e)| of(n, t, e, ColumnCategory::Field)));
    let schema = TableSchema {
        name: "devops".into(),
        columns,
    };
    let (_, out) = file.finish(vec![schema])?;
    Ok((out, points))
}

/// One aligned device with `columns` doubles that walk, in chunk groups of `group_rows`.
pub fn wide<W: Write>(
    out: W,
    columns: usize,
    rows: usize,
    group_rows: usize,
    encoding: Encoding,
) -> Result<(W, u64)> {
    let mut rng = Rng::new(2);
    doubles(
        out,
        columns,
        rows,
        group_rows,
        encoding,
        Compression::Lz4,
        |c, n| rng.walk(10.0 + 9.0 * c as f64, 0.002 + 0.01 * c as f64, 3, n),
    )
}

/// One aligned device with doubles of random mantissas, which nothing makes smaller.
pub fn random<W: Write>(
    out: W,
    columns: usize,
    rows: usize,
    group_rows: usize,
    encoding: Encoding,
) -> Result<(W, u64)> {
    let mut rng = Rng::new(3);
    doubles(
        out,
        columns,
        rows,
        group_rows,
        encoding,
        Compression::Uncompressed,
        |_, n| (0..n).map(|_| rng.unit()).collect(),
    )
}

fn doubles<W: Write>(
    out: W,
    columns: usize,
    rows: usize,
    group_rows: usize,
    encoding: Encoding,
    compression: Compression,
    mut values: impl FnMut(usize, usize) -> Vec<f64>,
) -> Result<(W, u64)> {
    let mut file = FileBuilder::new(out, compression, PAGE_ROWS)?;
    let device = DeviceId::from_path("root.plant.line1");
    for times in clock(rows, 100).chunks(group_rows) {
        let columns: Vec<Column> = (0..columns)
            .map(|c| {
                let v = Values::F64(values(c, times.len()));
                column(&format!("s{c:03}"), DataType::Double, encoding, v)
            })
            .collect();
        file.aligned(&device, times, &columns)?;
    }
    let (_, out) = file.finish(Vec::new())?;
    Ok((out, (rows * columns) as u64))
}

/// Many aligned devices with three columns and 20 rows each.
pub fn tiny<W: Write>(out: W, devices: usize) -> Result<(W, u64)> {
    const ROWS: usize = 20;
    let mut file = FileBuilder::new(out, Compression::Lz4, PAGE_ROWS)?;
    let mut rng = Rng::new(4);
    for d in 0..devices {
        let device = DeviceId::from_path(&format!("root.meters.m{d:06}"));
        let offset = rng.below(60_000) as i64;
        let times: Vec<i64> = clock(ROWS, 900_000).iter().map(|t| t + offset).collect();
        let start = 40.0 * rng.unit();
        let kwh = rng.walk(start, 0.3, 2, ROWS);
        let mut count = rng.below(1_000_000) as i64;
        let counts: Vec<i64> = (0..ROWS)
            .map(|_| {
                count += rng.below(9) as i64;
                count
            })
            .collect();
        let ok: Vec<bool> = (0..ROWS).map(|_| rng.below(50) != 0).collect();
        let columns = [
            column("kwh", DataType::Double, Encoding::Gorilla, Values::F64(kwh)),
            column(
                "count",
                DataType::Int64,
                Encoding::Ts2Diff,
                Values::I64(counts),
            ),
            column("ok", DataType::Boolean, Encoding::Rle, Values::Bool(ok)),
        ];
        file.aligned(&device, &times, &columns)?;
    }
    let (_, out) = file.finish(Vec::new())?;
    Ok((out, (devices * ROWS * 3) as u64))
}

/// One device with `series` series of doubles that are not aligned but share their times.
pub fn plain<W: Write>(out: W, series: usize, rows: usize, group_rows: usize) -> Result<(W, u64)> {
    let mut file = FileBuilder::new(out, Compression::Lz4, PAGE_ROWS)?;
    let device = DeviceId::from_path("root.plant.line1");
    let mut rng = Rng::new(5);
    for times in clock(rows, 100).chunks(group_rows) {
        let columns: Vec<Column> = (0..series)
            .map(|c| {
                let v = Values::F64(rng.walk(100.0, 0.1, 2, times.len()));
                column(&format!("s{c:02}"), DataType::Double, Encoding::Ts2Diff, v)
            })
            .collect();
        file.plain(&device, times, &columns)?;
    }
    let (_, out) = file.finish(Vec::new())?;
    Ok((out, (rows * series) as u64))
}

#[cfg(test)]
mod tests {
    use super::*;
    use tsfile::io::MemorySource;
    use tsfile::scan::{Form, ScanRequest, scan};
    use tsfile::{ReadOptions, TsFileReader};

    fn read(file: Vec<u8>, form: Form) -> (usize, u64) {
        let source = MemorySource::new(file);
        let reader = TsFileReader::new(source, "memory", ReadOptions::default()).expect("opens");
        let listed = reader.device_ids().expect("a sound index").len();
        assert_eq!(
            reader.index().expect("a sound index").device_count(),
            listed
        );
        let (mut rows, mut points) = (0, 0);
        for batch in scan(vec![reader], ScanRequest::new().with_form(form)).expect("a plan") {
            let batch = batch.expect("a batch");
            rows += batch.num_rows();
            let values = batch
                .columns()
                .iter()
                .zip(batch.schema().fields().clone().iter().cloned())
                .filter(|(_, f)| {
                    f.metadata()
                        .get("tsfile.category")
                        .is_some_and(|c| c == "FIELD")
                })
                .map(|(c, _)| (c.len() - c.null_count()) as u64)
                .sum::<u64>();
            points += values;
        }
        (rows, points)
    }

    #[test]
    fn every_shape_reads_back_whole() {
        let (file, points) = devops(Vec::new(), 3, 2500).expect("made");
        assert_eq!(read(file, Form::Table), (7500, points));
        let (file, points) = wide(Vec::new(), 5, 25_000, 12_000, Encoding::Gorilla).expect("made");
        assert_eq!(read(file, Form::Wide), (25_000, points));
        let (file, points) = random(Vec::new(), 2, 2000, 900, Encoding::Ts2Diff).expect("made");
        assert_eq!(read(file, Form::Narrow), (2000, points));
        // More devices than one storey of the index holds.
        let (file, points) = tiny(Vec::new(), 70_000).expect("made");
        assert_eq!(read(file, Form::Narrow), (1_400_000, points));
        let (file, points) = plain(Vec::new(), 3, 30_000, 14_000).expect("made");
        assert_eq!(read(file.clone(), Form::Narrow), (30_000, points));
        assert_eq!(read(file, Form::Wide), (30_000, points));
    }
}
