//! Files that the references wrote beside us in this run (`make test` makes them) come back as they wrote them.

use crate::expected::{check_file, count_cases, tsfiles};
use crate::summary::check_summaries;
use std::path::Path;

/// Reads every file that `oracle` made; without `TSFILE_ORACLE_DIR` there is none, and `make test` fails for the missing count.
fn check(oracle: &str) {
    let Some(folder) = std::env::var_os("TSFILE_ORACLE_DIR") else {
        println!("{oracle}: no files; run `make test` to have them made");
        return;
    };
    let files = tsfiles(&Path::new(&folder).join(oracle));
    let mut failed = Vec::new();
    for file in &files {
        let both = || {
            check_file(file);
            check_summaries(file);
        };
        if std::panic::catch_unwind(both).is_err() {
            failed.push(file.display().to_string());
        }
    }
    assert!(
        failed.is_empty(),
        "{} of {} files differ:\n{}",
        failed.len(),
        files.len(),
        failed.join("\n")
    );
    assert!(!files.is_empty(), "{oracle} made no file");
    count_cases(oracle, files.len());
}

#[test]
fn java_2_4_0_files_come_back_as_written() {
    check("java-2.4.0");
}

#[test]
fn java_1_1_3_files_come_back_as_written() {
    check("java-1.1.3");
}

#[test]
fn wheel_2_5_0_files_come_back_as_written() {
    check("wheel-2.5.0");
}
