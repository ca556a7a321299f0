//! A round of the law: files, the cases of each, and what came of them.

use super::case::Case;
use super::shrink::shrink;
use super::view::{View, views};
use super::{FILES, FILES_OF_CPP, FILES_OF_JAVA, files};
use crate::expected::open;
use crate::written::random::Random;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use tempfile::TempDir;
use tsfile::format::FormatVersion;
use tsfile::scan::Form;

/// More failures of one kind say nothing new.
const MOST_SHOWN: usize = 3;

/// What was checked.
#[derive(Debug, Default)]
pub struct Counts {
    files: usize,
    rows: usize,
    pub java_files: usize,
    pub version_3: usize,
    /// Files of several layers, whose chunks overlap.
    pub layered: usize,
    /// Files whose writer does not say that nothing is lost.
    perhaps_lossy: usize,
    pub cases: usize,
    pub java_cases: usize,
    /// Cases that kept some rows and dropped others.
    pub mixed: usize,
    narrow: usize,
    wide: usize,
    table: usize,
}

impl Counts {
    fn add(&mut self, other: &Self) {
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
    }
}

/// A case that went wrong.
pub struct Failure {
    what: String,
    /// Everything that is needed to repeat it.
    text: String,
}

/// A file of a round.
enum Task {
    Own(u64),
    Theirs { path: PathBuf, java: bool },
}

impl Task {
    fn name(&self) -> String {
        match self {
            Self::Own(n) => format!("own-{n:03}"),
            Self::Theirs { path, .. } => path.display().to_string(),
        }
    }
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

pub struct Round {
    seed: u64,
    cases_per_file: usize,
    /// The one file whose cases are wanted.
    only: Option<String>,
    folder: TempDir,
    counts: Mutex<Counts>,
    failures: Mutex<Vec<Failure>>,
}

impl Round {
    pub fn new(seed: u64, cases_per_file: usize, only: Option<String>) -> Self {
        Self {
            seed,
            cases_per_file,
            only,
            folder: tempfile::tempdir().unwrap(),
            counts: Mutex::default(),
            failures: Mutex::default(),
        }
    }

    /// Runs round number `k` on all cores.
    pub fn run(self, k: usize) -> (Counts, Vec<Failure>) {
        let tasks = tasks(k);
        let next = AtomicUsize::new(0);
        let threads = std::thread::available_parallelism().map_or(2, |n| n.get().min(4));
        std::thread::scope(|scope| {
            for _ in 0..threads {
                scope.spawn(|| {
                    while let Some(task) = tasks.get(next.fetch_add(1, Ordering::Relaxed)) {
                        let name = task.name();
                        if self.only.as_ref().is_none_or(|only| name.ends_with(only)) {
                            self.file(task, &name);
                        }
                    }
                });
            }
        });
        let counts = self.counts.into_inner().unwrap();
        (counts, self.failures.into_inner().unwrap())
    }

    fn file(&self, task: &Task, name: &str) {
        let (path, layers, key) = match task {
            Task::Own(n) => {
                let (path, layers) = files::write_own(self.folder.path(), self.seed, *n);
                (path, layers, *n)
            }
            // The directory is another one on another machine.
            Task::Theirs { path, .. } => {
                let end = name.bytes().rev().take(20);
                let key = end.fold(7u64, |h, b| h.wrapping_mul(31).wrapping_add(b.into()));
                (path.clone(), 1, key)
            }
        };
        let reader = open(&path);
        let views = views(&reader, &mut Random::new(self.seed ^ 0x1a3, key));
        assert!(!views.is_empty(), "{name} has no form");
        let rows = views.iter().map(View::rows).max().unwrap_or(0);
        assert!(rows <= files::MOST_ROWS, "{name} has {rows} rows");
        let mut counts = Counts {
            files: 1,
            rows,
            version_3: usize::from(reader.format_version() == FormatVersion::V3),
            layered: usize::from(layers > 1),
            perhaps_lossy: usize::from(!reader.is_lossless()),
            cases: self.cases_per_file,
            ..Counts::default()
        };
        for n in 0..self.cases_per_file {
            let mut r = Random::new(self.seed ^ (key << 20), n as u64);
            let view = &views[r.below(views.len())];
            let case = Case::random(&mut r, view, &reader);
            match view.form {
                Form::Narrow => counts.narrow += 1,
                Form::Wide => counts.wide += 1,
                Form::Table => counts.table += 1,
            }
            // Who has no index in memory reads what the filter leaves of it.
            let cold = n % 2 == 1;
            let reader = if cold { &open(&path) } else { &reader };
            match case.check(view, reader) {
                Ok(kept) => counts.mixed += usize::from(kept.some()),
                Err(what) => {
                    let (small, what) = shrink(&case, &what, view, reader);
                    let text = format!(
                        "{name}, case {n}: {what}\n  file   {}\n  view   {}\n  asked  {small}\n  before {case}",
                        keep(&path, task).display(),
                        view.line,
                    );
                    let mut failures = self.failures.lock().unwrap();
                    failures.push(Failure { what, text });
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
        self.counts.lock().unwrap().add(&counts);
    }
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

/// Some failures of each kind, told apart by how they are described.
pub fn by_kind(failures: &[Failure]) -> String {
    let mut kinds: BTreeMap<String, Vec<&Failure>> = BTreeMap::new();
    for failure in failures {
        let words = failure.what.split_whitespace();
        let plain = words.filter(|w| w.chars().all(|c| c.is_ascii_alphabetic() || c == ':'));
        let kind = plain.take(5).collect::<Vec<_>>().join(" ");
        kinds.entry(kind).or_default().push(failure);
    }
    let mut out = String::new();
    for (kind, all) in kinds {
        out += &format!("---- {} cases: {kind}\n", all.len());
        for failure in all.iter().take(MOST_SHOWN) {
            out += &failure.text;
            out.push('\n');
        }
    }
    out
}
