//! The files that the law is checked over: ours, some of them put together from layers that overlap, and those that Java made in this run.

use crate::build::{Column, FileBuilder};
use crate::expected::{open, tsfiles};
use crate::written::plan::Plan;
use crate::written::random::Random;
use std::path::{Path, PathBuf};
use tsfile::format::LOSSLESS_PROPERTY;

/// Most rows of a file.
pub const MOST_ROWS: usize = 2_000;

/// Writes file number `n` of a seed; returns in how many layers.
pub fn write_own(folder: &Path, seed: u64, n: u64) -> (PathBuf, usize) {
    let path = folder.join(format!("law-{seed}-{n:03}.tsfile"));
    let mut r = Random::new(seed, n);
    let layers = if r.chance(35) { r.below(3) + 1 } else { 0 };
    // A layer adds no more rows than there were.
    let plan = Plan::for_scans(&mut r, MOST_ROWS / (layers + 1));
    plan.clone().write(&path);
    if layers > 0 {
        let mut parts = vec![std::fs::read(&path).unwrap()];
        let mut lossless = open(&path).is_lossless();
        for _ in 0..layers {
            plan.layer(&mut r).write(&path);
            parts.push(std::fs::read(&path).unwrap());
            lossless &= open(&path).is_lossless();
        }
        let bytes = put_together(&mut r, &path, &parts, lossless);
        std::fs::write(&path, bytes).unwrap();
    }
    (path, layers + 1)
}

/// One file of the chunk groups of all parts, in that order.
fn put_together(r: &mut Random, path: &Path, parts: &[Vec<u8>], lossless: bool) -> Vec<u8> {
    let last = open(path);
    let mut f = FileBuilder::new(last.format_version());
    for part in parts {
        f.append(part);
    }
    if r.chance(30) {
        // A series that has chunks and no point.
        let index = last.index().unwrap();
        if let Some(device) = index.devices().find(|d| d.is_aligned()) {
            let statistics = device.timeseries(0).unwrap().statistics;
            let (start, end) = statistics.time_range().unwrap_or((0, 1));
            let times = if start < end {
                vec![start, end]
            } else {
                vec![start]
            };
            let nulls = Column::I64(vec![None; times.len()]);
            f.aligned(device.id(), &times, &[("nothing", nulls)]);
        }
    }
    if lossless {
        f.properties = vec![(LOSSLESS_PROPERTY.to_string(), Some(b"true".to_vec()))];
    }
    if r.chance(80) {
        f.filter_paths();
    }
    f.finish()
}

/// Files that `make test` has made by one of the references; none without `TSFILE_ORACLE_DIR`, which it sets.
fn theirs(oracle: &str) -> Vec<PathBuf> {
    let folder = std::env::var_os("TSFILE_ORACLE_DIR");
    folder.map_or(Vec::new(), |f| tsfiles(&Path::new(&f).join(oracle)))
}

/// Files of Java, those of both releases in turn.
pub fn of_java() -> Vec<PathBuf> {
    let (new, old) = (theirs("java-2.4.0"), theirs("java-1.1.3"));
    let longest = new.len().max(old.len());
    let both = (0..longest).flat_map(|i| [new.get(i), old.get(i)]);
    both.flatten().cloned().collect()
}

/// Files of C++.
pub fn of_cpp() -> Vec<PathBuf> {
    theirs("wheel-2.5.0")
}

/// Whether a file has no more rows than the law allows, in any form: no more than its series have points.
pub fn is_small(path: &Path) -> bool {
    let reader = open(path);
    let index = reader.index().unwrap();
    let most = |d: tsfile::read::DeviceRef<'_>| {
        let counts = (0..d.series_count()).map(|k| d.timeseries(k).unwrap().statistics.count);
        if d.is_aligned() {
            counts.max().unwrap_or(0)
        } else {
            counts.sum()
        }
    };
    index.devices().map(most).sum::<u64>() <= MOST_ROWS as u64
}
