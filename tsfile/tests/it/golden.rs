//! Every sample file comes back as the contents written beside it, in every form it supports.

use crate::expected::{check_file, count_cases, tsfiles};
use std::path::{Path, PathBuf};

pub fn golden() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../testdata/golden")
}

#[test]
fn every_sample_comes_back_as_written() {
    let mut failed = Vec::new();
    let mut cases = 0;
    let mut writers: Vec<_> = std::fs::read_dir(golden())
        .unwrap()
        .map(|e| e.unwrap().path())
        .collect();
    writers.sort();
    for writer in writers {
        for file in tsfiles(&writer) {
            cases += 1;
            if std::panic::catch_unwind(|| check_file(&file)).is_err() {
                failed.push(file.display().to_string());
            }
        }
    }
    assert!(
        failed.is_empty(),
        "{} of {cases} files differ:\n{}",
        failed.len(),
        failed.join("\n")
    );
    assert_eq!(cases, 128);
    count_cases("samples", cases);
}
