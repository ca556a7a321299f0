//! What it costs to plan a scan over many small files: `plan_many [FILES] [THREADS]`.
//!
//! Writes FILES files (default: 10,000) of each model into a temporary directory, and plans scans over a quarter, half and all of them, each
//! in a process of its own: finding, opening, columns. Then again with the metadata at hand. Prints seconds and the peak of memory; exits with
//! 1 when a file costs more among all than among a quarter, beyond what measuring varies by.

use std::error::Error;
use std::path::Path;
use std::process::{Command, ExitCode};
use std::time::Instant;
use tsfile::arrow::Values;
use tsfile::model::{
    ColumnCategory, Compression, DataType, DeviceId, Encoding, MeasurementSchema, TableColumn,
    TableSchema,
};
use tsfile::scan::{FileOptions, Form, MetadataCache, ScanRequest, discover, scan};
use tsfile_benches::{Column, FileBuilder};

type AnyResult<T> = Result<T, Box<dyn Error>>;

const DEVICES: usize = 5;
const MEASUREMENTS: usize = 10;
const ROWS: i64 = 20;
/// Files of one directory, as data folders have them.
const DIRECTORY_FILES: usize = 1_000;
/// A file among all may cost this much more than one among a quarter.
const TOLERANCE: f64 = 1.5;

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let outcome = match args.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["--child", model, dir, files, threads] => child(model, dir, files, threads).map(|()| true),
        [] => all(10_000, 1),
        [files] => files.parse().map_err(Into::into).and_then(|f| all(f, 1)),
        [files, threads] => match (files.parse(), threads.parse()) {
            (Ok(files), Ok(threads)) => all(files, threads),
            _ => Err("FILES and THREADS are numbers".into()),
        },
        _ => Err("usage: plan_many [FILES] [THREADS]".into()),
    };
    match outcome {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(e) => {
            eprintln!("error: {e}");
            ExitCode::FAILURE
        }
    }
}

fn all(files: usize, threads: usize) -> AnyResult<bool> {
    let root = std::env::temp_dir().join(format!("tsfile-plan-many-{}", std::process::id()));
    let outcome = measure(&root, files, threads);
    std::fs::remove_dir_all(&root)?;
    outcome
}

fn measure(root: &Path, files: usize, threads: usize) -> AnyResult<bool> {
    println!(
        "{:<6} {:>7} {:>8} {:>8} {:>8} {:>10} {:>8} {:>9}",
        "model", "files", "find s", "open s", "plan s", "us a file", "again s", "peak MiB"
    );
    let mut good = true;
    for model in ["tree", "table"] {
        let dir = root.join(model);
        for i in 0..files {
            let folder = dir.join(format!("{:03}", i / DIRECTORY_FILES));
            std::fs::create_dir_all(&folder)?;
            std::fs::write(folder.join(format!("{i:06}.tsfile")), file(model, i)?)?;
        }
        let mut first = None;
        for n in [files / 4, files / 2, files] {
            let out = Command::new(std::env::current_exe()?)
                .args(["--child", model])
                .arg(&dir)
                .args([n.to_string(), threads.to_string()])
                .output()?;
            if !out.status.success() {
                return Err(String::from_utf8_lossy(&out.stderr).into_owned().into());
            }
            let text = String::from_utf8(out.stdout)?;
            let numbers: Vec<f64> = text
                .split_whitespace()
                .map(str::parse)
                .collect::<Result<_, _>>()?;
            let [find, open, plan, again, peak] = numbers[..] else {
                return Err(format!("the child said {text:?}").into());
            };
            let each = (find + open + plan) / n as f64;
            let least = *first.get_or_insert(each);
            let verdict = if each > least * TOLERANCE {
                good = false;
                "  MORE THAN LINEAR"
            } else {
                ""
            };
            println!(
                "{model:<6} {n:>7} {find:>8.2} {open:>8.2} {plan:>8.2} {:>10.0} {again:>8.2} {:>9.0}{verdict}",
                each * 1e6,
                peak / (1 << 20) as f64
            );
        }
    }
    Ok(good)
}

/// A file of a few devices; those of the tree model are in no other file.
fn file(model: &str, number: usize) -> AnyResult<Vec<u8>> {
    let mut out = FileBuilder::new(Vec::new(), Compression::Lz4, 1_000)?;
    let name = |m: usize| format!("measurement_{m}");
    let times: Vec<i64> = (0..ROWS).map(|t| number as i64 * ROWS + t).collect();
    for d in 0..DEVICES {
        let device = match model {
            "tree" => DeviceId::from_path(&format!("root.plant.line{number}.d{d}")),
            _ => DeviceId::new(["weather", &format!("site {d}")].map(Some)),
        };
        let columns: Vec<Column> = (0..MEASUREMENTS)
            .map(|m| Column {
                name: name(m),
                data_type: DataType::Int64,
                encoding: Encoding::Ts2Diff,
                values: Values::I64(times.iter().map(|t| t * m as i64).collect()),
                present: None,
            })
            .collect();
        out.aligned(&device, &times, &columns)?;
    }
    let column = |name: String, data_type, category| TableColumn {
        measurement: MeasurementSchema {
            name,
            data_type,
            encoding: Encoding::Ts2Diff,
            compression: Compression::Lz4,
            properties: Vec::new(),
        },
        category,
    };
    let tag = column("site".into(), DataType::String, ColumnCategory::Tag);
    let fields = (0..MEASUREMENTS).map(|m| column(name(m), DataType::Int64, ColumnCategory::Field));
    let schema = TableSchema {
        name: "weather".into(),
        columns: std::iter::once(tag).chain(fields).collect(),
    };
    let schemas = if model == "table" {
        vec![schema]
    } else {
        Vec::new()
    };
    Ok(out.finish(schemas)?.1)
}

fn child(model: &str, dir: &str, files: &str, threads: &str) -> AnyResult<()> {
    let form = match model {
        "tree" => Form::Narrow,
        _ => Form::Table,
    };
    let cache = MetadataCache::default();
    let options = FileOptions::new()
        .with_threads(threads.parse()?)
        .with_cache(Some(cache.clone()));
    let mut seconds = Vec::new();
    for _ in 0..2 {
        let start = Instant::now();
        let mut found = discover(&[dir], &options)?;
        found.files.truncate(files.parse()?);
        seconds.push(start.elapsed().as_secs_f64());
        let start = Instant::now();
        let opened = found.open(&options)?;
        seconds.push(start.elapsed().as_secs_f64());
        let start = Instant::now();
        let plan = scan(opened.readers, ScanRequest::new().with_form(form))?;
        seconds.push(start.elapsed().as_secs_f64());
        if plan.schema().fields().len() != 2 + MEASUREMENTS {
            return Err(format!("the schema is {:?}", plan.schema()).into());
        }
    }
    let again: f64 = seconds.drain(3..).sum();
    let times: Vec<String> = seconds.iter().map(f64::to_string).collect();
    println!("{} {again} {}", times.join(" "), peak()?);
    Ok(())
}

/// Largest resident size of this process so far.
fn peak() -> AnyResult<u64> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let line = status
        .lines()
        .find_map(|l| l.strip_prefix("VmHWM:"))
        .ok_or("no VmHWM in /proc/self/status")?;
    let kib: u64 = line.trim().trim_end_matches("kB").trim().parse()?;
    Ok(kib * 1024)
}
