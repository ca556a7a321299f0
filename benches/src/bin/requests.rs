//! What opening a file of 1 GB and a point query ask of a source: `requests [DIR]`.
//!
//! The file is made in DIR once (default: `tsfile-benches` in the directory for temporary files; the program `memory` makes the same one). Exits
//! with 1 when there are more requests than were promised.

use std::error::Error;
use std::fs::File;
use std::io::BufWriter;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use tsfile::io::{CountingSource, FileSource};
use tsfile::model::DeviceId;
use tsfile::scan::{Form, ScanRequest, scan};
use tsfile::{ReadOptions, TsFileReader};
use tsfile_benches::shapes;

type AnyResult<T> = Result<T, Box<dyn Error>>;

const DEVICES: usize = 400;
const ROWS: usize = 100_000;
/// Milliseconds between two rows of that shape.
const STEP: i64 = 1000;
/// Rows of a query, about: times are shaken a little.
const WANTED: i64 = 1001;
const MOST_TO_OPEN: u64 = 3;
/// Opening included.
const MOST_IN_ALL: u64 = 6;

fn main() -> ExitCode {
    let dir = std::env::args().nth(1).map(PathBuf::from);
    let dir = dir.unwrap_or_else(|| std::env::temp_dir().join("tsfile-benches"));
    match run(&dir) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(e) => {
            eprintln!("error: {e}");
            ExitCode::FAILURE
        }
    }
}

fn run(dir: &Path) -> AnyResult<bool> {
    std::fs::create_dir_all(dir)?;
    let path = dir.join("devops-1g.tsfile");
    if !path.exists() {
        eprintln!("making {}", path.display());
        let part = dir.join("devops-1g.tsfile.part");
        let out = BufWriter::with_capacity(1 << 20, File::create(&part)?);
        shapes::devops(out, DEVICES, ROWS)?;
        std::fs::rename(part, &path)?;
    }
    let mib = std::fs::metadata(&path)?.len() as f64 / f64::from(1 << 20);
    println!("devops, {DEVICES} devices of {ROWS} rows, {mib:.0} MiB");
    println!("rows wanted      | requests to open | in all | KiB read | rows");
    let mut good = true;
    for (device, part) in [(0, 0.0), (DEVICES / 2, 0.37), (DEVICES - 1, 0.98)] {
        good &= query(&path, device, part)?;
    }
    Ok(good)
}

/// A range of times of one device, `part` of the way into its rows, all columns.
fn query(path: &Path, device: usize, part: f64) -> AnyResult<bool> {
    let every: Vec<DeviceId> = {
        let reader = TsFileReader::open(path, ReadOptions::default())?;
        let index = reader.index()?;
        index.devices().map(|d| d.id().clone()).collect()
    };
    let id = every.get(device).ok_or("there is no such device")?.clone();
    let zero = shapes::clock(1, STEP).first().copied().unwrap_or(0);
    let first = zero + (ROWS as f64 * part) as i64 * STEP;
    let source = CountingSource::new(FileSource::open(path)?);
    let reader = TsFileReader::new(source.clone(), "devops-1g.tsfile", ReadOptions::default())?;
    let opened = source.counts().reads;
    let request = ScanRequest::new()
        .with_form(Form::Table)
        .with_time_range(first, first + (WANTED - 1) * STEP)
        .with_device_ids(vec![id]);
    let mut rows = 0;
    for batch in scan(vec![reader], request)? {
        rows += batch?.num_rows();
    }
    let all = source.counts();
    println!(
        "device {device:>3}, {:>3.0} % | {opened:>16} | {:>6} | {:>8} | {rows}",
        part * 100.0,
        all.reads,
        all.bytes >> 10
    );
    Ok(opened <= MOST_TO_OPEN && all.reads <= MOST_IN_ALL && rows > 0)
}
