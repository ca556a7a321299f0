//! Peak memory of listing and scanning large files, each in a process of its own: `memory [DIR]`.
//!
//! Files of about 1 GB are made in DIR once (default: `tsfile-benches` in the directory for temporary files) and kept. Exits with 1
//! when a peak is above its limit, or when the metadata section is read more than once.

use std::error::Error;
use std::fs::File;
use std::io::BufWriter;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;
use tsfile::io::{FileSource, ReadAt};
use tsfile::model::Encoding;
use tsfile::scan::{Form, ScanRequest, scan};
use tsfile::{ReadOptions, TsFileReader};
use tsfile_benches::shapes;

type AnyResult<T> = Result<T, Box<dyn Error>>;

const MIB: u64 = 1 << 20;
/// Above the idle process, for a scan that streams.
const SCAN_LIMIT: u64 = 64 * MIB;
/// In all, for listing the devices of a file that has 100,000.
const LIST_LIMIT: u64 = 50 * MIB;

/// File name, how it is made, and in which forms it is scanned.
type Shape = (
    &'static str,
    fn(BufWriter<File>) -> std::io::Result<()>,
    &'static [Form],
);

const SHAPES: [Shape; 5] = [
    (
        "random-1g.tsfile",
        |f| shapes::random(f, 10, 13_000_000, 500_000, Encoding::Plain).map(drop),
        &[Form::Narrow, Form::Wide],
    ),
    (
        "wide-1g.tsfile",
        |f| shapes::random(f, 50, 2_600_000, 320_000, Encoding::Gorilla).map(drop),
        &[Form::Narrow, Form::Wide],
    ),
    (
        "devops-1g.tsfile",
        |f| shapes::devops(f, 400, 100_000).map(drop),
        &[Form::Table],
    ),
    (
        "plain-1g.tsfile",
        |f| shapes::plain(f, 10, 120_000_000, 1_000_000).map(drop),
        &[Form::Narrow, Form::Wide],
    ),
    (
        "tiny-100k.tsfile",
        |f| shapes::tiny(f, 100_000).map(drop),
        &[Form::Narrow],
    ),
];

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let outcome = match args.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["--child", task, file] => child(task, Path::new(file)).map(|()| true),
        [dir] => all(Path::new(dir)),
        [] => all(&std::env::temp_dir().join("tsfile-benches")),
        _ => Err("usage: memory [DIR]".into()),
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

fn all(dir: &Path) -> AnyResult<bool> {
    std::fs::create_dir_all(dir)?;
    for (name, make, _) in SHAPES {
        let path = dir.join(name);
        if !path.exists() {
            eprintln!("making {}", path.display());
            let part = dir.join(format!("{name}.part"));
            make(BufWriter::with_capacity(1 << 20, File::create(&part)?))?;
            std::fs::rename(part, path)?;
        }
    }
    let idle = run("idle", &dir.join(SHAPES[0].0))?.peak;
    println!("idle process: {:.1} MiB", mib(idle));
    println!(
        "{:<20} {:<8} {:>9} {:>12} {:>12} {:>10} {:>8}",
        "file", "task", "file MiB", "metadata MiB", "peak - idle", "limit", "s"
    );
    let mut good = true;
    for (name, _, forms) in SHAPES {
        let path = dir.join(name);
        let tiny = name.starts_with("tiny");
        let mut tasks: Vec<&str> = forms.iter().map(|f| form_name(*f)).collect();
        if tiny {
            tasks.insert(0, "list");
        }
        for task in tasks {
            let found = run(task, &path)?;
            let above = found.peak.saturating_sub(idle);
            let limit = match (task, tiny) {
                ("list", _) => LIST_LIMIT.saturating_sub(idle),
                (_, true) => SCAN_LIMIT + found.metadata,
                _ => SCAN_LIMIT,
            };
            let mut verdict = String::new();
            if above > limit {
                verdict.push_str("  ABOVE THE LIMIT");
            }
            if found.metadata_read > found.metadata {
                verdict.push_str("  METADATA READ TWICE");
            }
            good &= verdict.is_empty();
            println!(
                "{name:<20} {task:<8} {:>9.0} {:>12.1} {:>12.1} {:>10.1} {:>8.2}{verdict}",
                mib(path.metadata()?.len()),
                mib(found.metadata),
                mib(above),
                mib(limit),
                found.seconds,
            );
        }
    }
    Ok(good)
}

fn mib(bytes: u64) -> f64 {
    bytes as f64 / MIB as f64
}

fn form_name(form: Form) -> &'static str {
    match form {
        Form::Narrow => "narrow",
        Form::Wide => "wide",
        Form::Table => "table",
    }
}

/// What a child process reports.
struct Found {
    peak: u64,
    metadata: u64,
    metadata_read: u64,
    seconds: f64,
}

fn run(task: &str, file: &Path) -> AnyResult<Found> {
    let out = Command::new(std::env::current_exe()?)
        .args(["--child", task])
        .arg(file)
        .output()?;
    if !out.status.success() {
        return Err(String::from_utf8_lossy(&out.stderr).into_owned().into());
    }
    let text = String::from_utf8(out.stdout)?;
    let numbers: Vec<f64> = text
        .split_whitespace()
        .map(str::parse)
        .collect::<Result<_, _>>()?;
    let [peak, metadata, metadata_read, seconds] = numbers[..] else {
        return Err(format!("the child said {text:?}").into());
    };
    Ok(Found {
        peak: peak as u64,
        metadata: metadata as u64,
        metadata_read: metadata_read as u64,
        seconds,
    })
}

/// A file that counts the bytes read of its metadata section.
struct Watched {
    inner: FileSource,
    section: std::ops::Range<u64>,
    read: Arc<AtomicU64>,
}

impl ReadAt for Watched {
    fn size_bytes(&self) -> u64 {
        self.inner.size_bytes()
    }

    fn read_at(&self, offset: u64, out: &mut [u8]) -> tsfile::Result<()> {
        let from = offset.max(self.section.start);
        let to = (offset + out.len() as u64).min(self.section.end);
        self.read
            .fetch_add(to.saturating_sub(from), Ordering::Relaxed);
        self.inner.read_at(offset, out)
    }
}

fn child(task: &str, file: &Path) -> AnyResult<()> {
    let start = Instant::now();
    let read = Arc::new(AtomicU64::new(0));
    let mut metadata = 0;
    if task != "idle" {
        let options = ReadOptions::default();
        let data_end = TsFileReader::open(file, options.clone())?.data_end();
        let inner = FileSource::open(file)?;
        // The file metadata behind the section are part of this range; what opening reads of them is not counted.
        let section = data_end + 1..inner.size_bytes();
        let watched = Watched {
            inner,
            section: section.clone(),
            read: read.clone(),
        };
        let reader = TsFileReader::new(watched, file.display().to_string(), options)?;
        read.store(0, Ordering::Relaxed);
        metadata = section.end - section.start;
        if task == "list" {
            if reader.device_ids()?.len() < 100_000 {
                return Err("devices are missing".into());
            }
        } else {
            let form = match task {
                "narrow" => Form::Narrow,
                "wide" => Form::Wide,
                _ => Form::Table,
            };
            let mut rows = 0;
            for batch in scan(vec![reader], ScanRequest::new().with_form(form))? {
                rows += batch?.num_rows();
            }
            if rows == 0 {
                return Err("no rows".into());
            }
        }
    }
    println!(
        "{} {metadata} {} {}",
        peak()?,
        read.load(Ordering::Relaxed),
        start.elapsed().as_secs_f64()
    );
    Ok(())
}

/// Largest resident size of this process so far.
fn peak() -> AnyResult<u64> {
    let path = PathBuf::from("/proc/self/status");
    let status = std::fs::read_to_string(path)?;
    let line = status
        .lines()
        .find_map(|l| l.strip_prefix("VmHWM:"))
        .ok_or("no VmHWM in /proc/self/status")?;
    let kib: u64 = line.trim().trim_end_matches("kB").trim().parse()?;
    Ok(kib * 1024)
}
