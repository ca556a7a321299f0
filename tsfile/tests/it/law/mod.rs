//! The law of push-down: for every file and every expression, the rows that a scan with a filter finds are those of the full scan, filtered
//! afterwards.
//!
//! 300 files and 20,000 cases; `TSFILE_LAW_CASES` asks for more of them, each 20,000 over new files. A failure is made smaller and printed with
//! its file and its seed; `TSFILE_LAW_FILE=NAME` repeats the cases of one file alone.

mod calendar;
mod case;
mod evaluate;
mod expressions;
mod files;
mod view;

use crate::expected::{count_cases, open};
use crate::written::random::Random;
use crate::written::{SEED, number};
use case::Case;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use tsfile::TsFileReader;
use tsfile::format::FormatVersion;
use tsfile::scan::Form;
use view::View;

const FILES: usize = 300;
const FILES_OF_JAVA: usize = 60;
const FILES_OF_CPP: usize = 20;
const CASES: u64 = 20_000;
/// More failures of one round say nothing new.
const MOST_FAILURES: usize = 10;

/// What was checked.
#[derive(Debug, Default)]
struct Counts {
    files: usize,
    rows: usize,
    java_files: usize,
    version_3: usize,
    /// Files of several layers, whose chunks overlap.
    layered: usize,
    /// Files whose writer does not say that nothing is lost.
    perhaps_lossy: usize,
    cases: usize,
    java_cases: usize,
    /// Cases that kept some rows and dropped others.
    mixed: usize,
    narrow: usize,
    wide: usize,
    table: usize,
    failures: Vec<String>,
}

/// A file of a round.
enum Task {
    Own(u64),
    Theirs { path: PathBuf, java: bool },
}

struct Round {
    seed: u64,
    cases_per_file: usize,
    folder: PathBuf,
    /// The one file whose cases are wanted.
    only: Option<String>,
    counts: Mutex<Counts>,
}

impl Round {
    fn run(&self, tasks: &[Task]) {
        let next = AtomicUsize::new(0);
        let threads = std::thread::available_parallelism().map_or(2, |n| n.get().min(4));
        std::thread::scope(|scope| {
            for _ in 0..threads {
                scope.spawn(|| {
                    while let Some(task) = tasks.get(next.fetch_add(1, Ordering::Relaxed)) {
                        self.file(task);
                    }
                });
            }
        });
    }

    fn file(&self, task: &Task) {
        let name = match task {
            Task::Own(n) => format!("own-{n:03}"),
            Task::Theirs { path, .. } => path.display().to_string(),
        };
        if self.only.as_ref().is_some_and(|only| !name.ends_with(only)) {
            return;
        }
        let (path, layers, key) = match task {
            Task::Own(n) => {
                let (path, layers) = files::write_own(&self.folder, self.seed, *n);
                (path, layers, *n)
            }
            Task::Theirs { path, .. } => {
                let bytes = name.bytes().rev().take(20);
                let hash = bytes.fold(7u64, |h, b| h.wrapping_mul(31).wrapping_add(b.into()));
                (path.clone(), 1, hash)
            }
        };
        let reader = open(&path);
        let mut r = Random::new(self.seed ^ 0x1a3, key);
        let views = view::views(&reader, &mut r);
        let rows = views.iter().map(View::rows).max().unwrap_or(0);
        let mut counts = Counts {
            files: 1,
            rows,
            version_3: usize::from(reader.format_version() == FormatVersion::V3),
            layered: usize::from(layers > 1),
            perhaps_lossy: usize::from(!reader.is_lossless()),
            ..Counts::default()
        };
        assert!(!views.is_empty(), "{name} has no form");
        assert!(rows <= files::MOST_ROWS, "{name} has {rows} rows");
        for n in 0..self.cases_per_file {
            let mut r = Random::new(self.seed ^ key << 20, n as u64);
            let view = &views[r.below(views.len())];
            let case = Case::random(&mut r, view, &reader);
            counts.cases += 1;
            match view.form {
                Form::Narrow => counts.narrow += 1,
                Form::Wide => counts.wide += 1,
                Form::Table => counts.table += 1,
            }
            match case.check(view, &reader) {
                Ok(kept) => counts.mixed += usize::from(kept.some()),
                Err(_) if counts.failures.len() >= MOST_FAILURES => {}
                Err(what) => {
                    let (small, small_what) = shrink(&case, &what, view, &reader);
                    let place = keep(&path, task);
                    counts.failures.push(format!(
                        "{name}, case {n}, {}\n  file   {}\n  view   {}\n  asked  {small:?}\n  found  {small_what}\n  before {case:?}\n  found  {what}",
                        self.seed,
                        place.display(),
                        view.line,
                    ));
                }
            }
        }
        match task {
            Task::Theirs { java, .. } => {
                counts.java_files = usize::from(*java);
                counts.java_cases = counts.cases * counts.java_files;
            }
            Task::Own(_) => std::fs::remove_file(&path).unwrap(),
        }
        self.counts.lock().unwrap().add(counts);
    }
}

impl Counts {
    fn add(&mut self, other: Self) {
        self.files += other.files;
        self.rows += other.rows;
        self.java_files += other.java_files;
        self.version_3 += other.version_3;
        self.layered += other.layered;
        self.perhaps_lossy += other.perhaps_lossy;
        self.cases += other.cases;
        self.java_cases += other.java_cases;
        self.mixed += other.mixed;
        self.narrow += other.narrow;
        self.wide += other.wide;
        self.table += other.table;
        self.failures.extend(other.failures);
    }
}

/// Leaves out what can be left out while the case still fails.
fn shrink(case: &Case, what: &str, view: &View, reader: &TsFileReader) -> (Case, String) {
    let (mut small, mut what) = (case.clone(), what.to_string());
    'smaller: for _ in 0..200 {
        for candidate in small.smaller() {
            if let Err(e) = candidate.check(view, reader) {
                (small, what) = (candidate, e);
                continue 'smaller;
            }
        }
        break;
    }
    (small, what)
}

/// A copy of a file of ours that outlives the test.
fn keep(path: &Path, task: &Task) -> PathBuf {
    if let Task::Theirs { path, .. } = task {
        return path.clone();
    }
    let kept = Path::new(env!("CARGO_TARGET_TMPDIR")).join(path.file_name().unwrap());
    std::fs::copy(path, &kept).unwrap();
    kept
}

/// The files of round `k`: of the references', others in every round.
fn tasks(k: usize) -> Vec<Task> {
    let mut tasks = Vec::new();
    for (all, most, java) in [
        (files::of_java(), FILES_OF_JAVA, true),
        (files::of_cpp(), FILES_OF_CPP, false),
    ] {
        let turned = (0..all.len()).map(|i| all[(k * most + i) % all.len()].clone());
        let small = turned.filter(|path| files::is_small(path));
        tasks.extend(small.take(most).map(|path| Task::Theirs { path, java }));
    }
    let own = (FILES - tasks.len()) as u64;
    tasks.extend((0..own).map(Task::Own));
    tasks
}

#[test]
fn a_scan_with_a_filter_is_the_full_scan_filtered() {
    let seed = number("TSFILE_ORACLE_SEED", SEED);
    let cases = number("TSFILE_LAW_CASES", CASES);
    let only = std::env::var("TSFILE_LAW_FILE").ok();
    let here = tempfile::tempdir().unwrap();
    for k in 0..cases.div_ceil(CASES) {
        let round = Round {
            seed: seed + k,
            cases_per_file: (cases.min(CASES) as usize).div_ceil(FILES),
            folder: here.path().to_path_buf(),
            only: only.clone(),
            counts: Mutex::default(),
        };
        let tasks = tasks(k as usize);
        round.run(&tasks);
        let counts = round.counts.into_inner().unwrap();
        let shown = format!("{counts:?}");
        println!(
            "law, seed {}: {}",
            seed + k,
            shown.split("failures").next().unwrap()
        );
        assert!(
            counts.failures.is_empty(),
            "{} of {} cases differ, TSFILE_ORACLE_SEED={}:\n{}",
            counts.failures.len(),
            counts.cases,
            seed + k,
            counts.failures[..counts.failures.len().min(MOST_FAILURES)].join("\n")
        );
        if only.is_none() {
            assert!(
                counts.mixed * 3 >= counts.cases,
                "only {} of {} expressions keep some rows and drop others",
                counts.mixed,
                counts.cases
            );
        }
        count_cases("law", counts.cases - counts.java_cases);
        if counts.java_files > 0 {
            count_cases("law-java", counts.java_cases);
        }
    }
}
