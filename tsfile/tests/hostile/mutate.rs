//! Random damage to the sample files, where it hurts.

use crate::visit::{Manner, Outcome, visit};
use std::fmt;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};
use tsfile::io::MemorySource;
use tsfile::read::Window;
use tsfile::{ReadOptions, TsFileReader};

const MUTATIONS: usize = 100_000;
const SEED: u64 = 0x7473_6669_6c65;
/// A case that takes longer hangs.
const PATIENCE: Duration = Duration::from_secs(120);

/// SplitMix64: a few lines, and the same on every machine.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, n: usize) -> usize {
        (self.next() % n.max(1) as u64) as usize
    }

    fn of<T: Clone>(&mut self, choices: &[T]) -> T {
        choices[self.below(choices.len())].clone()
    }

    fn one_in(&mut self, n: usize) -> bool {
        self.below(n) == 0
    }
}

/// A sample, and where its structures lie.
struct Sample {
    path: PathBuf,
    bytes: Vec<u8>,
    /// Head, tail, index, chunk headers, page headers, page bodies: one list for each kind, none of them empty.
    structures: Vec<Vec<Range<usize>>>,
}

impl Sample {
    fn load(path: PathBuf) -> Self {
        let bytes = std::fs::read(&path).unwrap();
        let len = bytes.len();
        let reader = TsFileReader::new(
            MemorySource::new(bytes.clone()),
            "sample",
            ReadOptions::new(),
        )
        .unwrap();
        let data_end = reader.data_end() as usize;
        let size: [u8; 4] = bytes[len - 10..len - 6].try_into().unwrap();
        let metadata = len - 10 - u32::from_be_bytes(size) as usize;
        let (mut chunks, mut headers, mut bodies) = (Vec::new(), Vec::new(), Vec::new());
        let mut window = Window::default();
        for device in reader.index().unwrap().devices() {
            for k in 0..device.series_count() {
                for chunk in device.timeseries(k).unwrap().chunks {
                    let at = chunk.offset as usize;
                    let pages = reader.page_headers(&mut window, chunk.offset).unwrap();
                    let first = pages.first().map_or(at + 8, |p| p.0 as usize);
                    chunks.push(at..first);
                    for (at, page) in pages {
                        // Sizes, and statistics where there are any.
                        let header = if page.statistics.is_some() { 40 } else { 6 };
                        let at = at as usize;
                        headers.push(at..(at + header).min(data_end));
                        let end = at + header + page.compressed_bytes as usize;
                        bodies.push((at + 2).min(data_end)..end.min(data_end));
                    }
                }
            }
        }
        let mut structures = vec![
            vec![0..12],
            vec![metadata..len, len - 10..len],
            vec![data_end..metadata, metadata..len],
            chunks,
            headers,
            bodies,
        ];
        for kind in &mut structures {
            kind.retain(|r| r.start < r.end && r.end <= len);
        }
        structures.retain(|kind| !kind.is_empty());
        Self {
            path,
            bytes,
            structures,
        }
    }
}

/// One change.
#[derive(Debug, Clone)]
enum Change {
    Bits { at: usize, masks: Vec<u8> },
    Overwrite { at: usize, with: Vec<u8> },
    Insert { at: usize, what: Vec<u8> },
    Delete { range: Range<usize> },
    Truncate { len: usize },
    Copy { from: Range<usize>, to: usize },
}

/// Lengths, counts, offsets and sizes that no file justifies, as each kind of field would store them.
const HUGE: &[&[u8]] = &[
    &[0xff, 0xff, 0xff, 0xff, 0x07],
    &[0xff, 0xff, 0xff, 0xff, 0x0f],
    &[0xfe, 0xff, 0xff, 0xff, 0x0f],
    &[0x80, 0x80, 0x80, 0x80, 0x08],
    &[0xff, 0xff, 0x3f],
    &[0x80, 0x80, 0x40],
    &[0xff, 0x7f],
    &[0x7f, 0xff, 0xff, 0xff],
    &[0xff, 0xff, 0xff, 0xff],
    &[0x80, 0, 0, 0],
    &[0, 0x0f, 0xff, 0xff],
    &[0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff],
    &[0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff],
    &[0x80, 0, 0, 0, 0, 0, 0, 0],
    &[0, 0, 0, 0, 0x7f, 0xff, 0xff, 0xff],
    &[0xff],
    &[0x7f],
    &[0x80],
    &[0],
];

impl Change {
    fn random(sample: &Sample, rng: &mut Random) -> Self {
        let len = sample.bytes.len();
        let place = match rng.below(8) {
            0 => 0..len,
            _ => {
                let kind = rng.below(sample.structures.len());
                rng.of(&sample.structures[kind])
            }
        };
        // The first bytes of a structure are its counts and sizes.
        let within = if rng.one_in(3) { 8 } else { usize::MAX };
        let at = place.start + rng.below(place.len().min(within));
        let some = |rng: &mut Random, most: usize| -> Vec<u8> {
            let n = 1 + rng.below(most);
            match rng.below(3) {
                0 => vec![0xff; n],
                1 => vec![0; n],
                _ => (0..n).map(|_| rng.next() as u8).collect(),
            }
        };
        match rng.below(16) {
            0..=3 => Self::Bits {
                at,
                masks: (0..1 + rng.below(4)).map(|_| 1 << rng.below(8)).collect(),
            },
            4 | 5 => Self::Overwrite {
                at,
                with: vec![0xff; 1 + rng.below(24)],
            },
            6..=8 => Self::Overwrite {
                at,
                with: rng.of(HUGE).to_vec(),
            },
            9 => Self::Overwrite {
                at,
                with: some(rng, 16),
            },
            10 => Self::Insert {
                at,
                what: rng.of(HUGE).to_vec(),
            },
            11 => Self::Insert {
                at,
                what: some(rng, 64),
            },
            12 => Self::Delete {
                range: at..(at + 1 + rng.below(16)).min(len),
            },
            13 => Self::Copy {
                from: at..(at + 1 + rng.below(200)).min(len),
                to: rng.below(len),
            },
            14 => Self::Truncate { len: at },
            _ => Self::Truncate {
                len: rng.below(len),
            },
        }
    }

    fn apply(&self, bytes: &mut Vec<u8>) {
        let len = bytes.len();
        let overwrite = |bytes: &mut Vec<u8>, at: usize, with: &[u8]| {
            for (b, w) in bytes.iter_mut().skip(at).zip(with) {
                *b = *w;
            }
        };
        match self {
            Self::Bits { at, masks } => {
                for (b, m) in bytes.iter_mut().skip(*at).zip(masks) {
                    *b ^= m;
                }
            }
            Self::Overwrite { at, with } => overwrite(bytes, *at, with),
            Self::Insert { at, what } => {
                bytes.splice((*at).min(len)..(*at).min(len), what.iter().copied());
            }
            Self::Delete { range } => {
                bytes.drain(range.start.min(len)..range.end.min(len));
            }
            Self::Truncate { len } => bytes.truncate(*len),
            Self::Copy { from, to } => {
                let piece = bytes[from.start.min(len)..from.end.min(len)].to_vec();
                overwrite(bytes, *to, &piece);
            }
        }
    }
}

struct Case<'a> {
    number: usize,
    seed: u64,
    sample: &'a Sample,
    changes: Vec<Change>,
    manner: Manner,
}

impl<'a> Case<'a> {
    fn new(samples: &'a [Sample], seed: u64, number: usize) -> Self {
        let mut rng = Random(seed ^ (number as u64).wrapping_mul(0xd134_2543_de82_ef95));
        let sample = &samples[rng.below(samples.len())];
        let n = rng.of(&[1, 1, 1, 1, 2, 3]);
        let changes: Vec<Change> = (0..n).map(|_| Change::random(sample, &mut rng)).collect();
        let truncated = changes.iter().any(|c| matches!(c, Change::Truncate { .. }));
        Self {
            number,
            seed,
            sample,
            changes,
            manner: Manner {
                recover: truncated || rng.one_in(8),
                lenient: !rng.one_in(3),
                wide: rng.one_in(4),
                hold: rng.one_in(2),
                projected: rng.one_in(4),
                inner_times: rng.one_in(4),
                small_batches: rng.one_in(4),
                other_types: rng.one_in(8),
                small_pages: false,
            },
        }
    }

    fn bytes(&self) -> Vec<u8> {
        let mut bytes = self.sample.bytes.clone();
        for change in &self.changes {
            change.apply(&mut bytes);
        }
        bytes
    }
}

impl fmt::Display for Case<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "TSFILE_SEED={} TSFILE_CASE={}: {} with {:?}, {:?}",
            self.seed,
            self.number,
            self.sample.path.display(),
            self.changes,
            self.manner
        )
    }
}

/// Ends the process when a case takes too long: a hang cannot be left otherwise. Returns when `done` is set.
fn watch(running: &[Mutex<Option<(Instant, String)>>], done: &AtomicUsize) {
    while done.load(Ordering::Relaxed) < running.len() {
        std::thread::sleep(Duration::from_millis(50));
        for case in running {
            if let Some((since, what)) = &*case.lock().unwrap() {
                if since.elapsed() > PATIENCE {
                    eprintln!("hangs for more than {PATIENCE:?}: {what}");
                    std::process::abort();
                }
            }
        }
    }
}

fn number(variable: &str) -> Option<u64> {
    let value = std::env::var(variable).ok()?;
    Some(
        value
            .parse()
            .unwrap_or_else(|_| panic!("{variable}={value} is no number")),
    )
}

fn samples() -> Vec<Sample> {
    let golden = Path::new(env!("CARGO_MANIFEST_DIR")).join("../testdata/golden");
    let mut paths: Vec<PathBuf> = std::fs::read_dir(golden)
        .unwrap()
        .flat_map(|writer| std::fs::read_dir(writer.unwrap().path()).unwrap())
        .map(|file| file.unwrap().path())
        .filter(|path| path.extension().is_some_and(|x| x == "tsfile"))
        .collect();
    paths.sort();
    paths.into_iter().map(Sample::load).collect()
}

#[test]
fn damaged_files_give_an_error_or_a_result() {
    let started = Instant::now();
    let samples = samples();
    assert_eq!(samples.len(), 128);
    let seed = number("TSFILE_SEED").unwrap_or(SEED);
    let only = number("TSFILE_CASE").map(|n| n as usize);
    let count = number("TSFILE_MUTATIONS").map_or(MUTATIONS, |n| n as usize);
    let workers = std::thread::available_parallelism().map_or(2, |n| n.get().min(8));
    let (next, done) = (AtomicUsize::new(0), AtomicUsize::new(0));
    let running: Vec<Mutex<Option<(Instant, String)>>> =
        (0..workers).map(|_| Mutex::new(None)).collect();
    let total = Mutex::new((Outcome::default(), Vec::new(), Duration::ZERO));
    std::thread::scope(|scope| {
        scope.spawn(|| watch(&running, &done));
        for own in &running {
            let (next, done, total, samples) = (&next, &done, &total, &samples);
            scope.spawn(move || {
                loop {
                    let n = next.fetch_add(1, Ordering::Relaxed);
                    if n >= count {
                        break;
                    }
                    if only.is_some_and(|only| only != n) {
                        continue;
                    }
                    let case = Case::new(samples, seed, n);
                    let bytes = case.bytes();
                    let since = Instant::now();
                    *own.lock().unwrap() = Some((since, case.to_string()));
                    let outcome = visit(&bytes, case.manner);
                    *own.lock().unwrap() = None;
                    let mut total = total.lock().unwrap();
                    total.2 = total.2.max(since.elapsed());
                    match outcome {
                        Ok(outcome) => {
                            total.0.errors += outcome.errors;
                            total.0.results += outcome.results;
                            total.0.rows += outcome.rows;
                            total.0.peak = total.0.peak.max(outcome.peak);
                        }
                        Err(what) => total.1.push(format!("{what}\n    {case}")),
                    }
                }
                done.fetch_add(1, Ordering::Relaxed);
            });
        }
    });
    let (outcome, broken, longest) = total.into_inner().unwrap();
    println!(
        "{count} mutations in {:?} (longest {longest:?}, at most {} bytes of memory): {} errors, {} scans to the end, {} rows",
        started.elapsed(),
        outcome.peak,
        outcome.errors,
        outcome.results,
        outcome.rows
    );
    assert!(
        broken.is_empty(),
        "{} of {count} mutations:\n{}",
        broken.len(),
        broken
            .iter()
            .take(20)
            .cloned()
            .collect::<Vec<_>>()
            .join("\n")
    );
    if only.is_none() {
        assert!(outcome.errors > 0 && outcome.results > 0);
        count_cases(count);
    }
}

/// Adds to the count that `make test` prints at its end.
fn count_cases(n: usize) {
    if let Some(file) = std::env::var_os("TSFILE_ORACLE_COUNTS") {
        use std::io::Write;
        let mut out = std::fs::OpenOptions::new()
            .append(true)
            .create(true)
            .open(file)
            .unwrap();
        writeln!(out, "mutations {n}").unwrap();
    }
}
