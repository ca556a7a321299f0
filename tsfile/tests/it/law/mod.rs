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
mod round;
mod shrink;
mod view;

use crate::expected::count_cases;
use crate::written::{SEED, number};
use round::{Round, by_kind};

const FILES: usize = 300;
const FILES_OF_JAVA: usize = 60;
const FILES_OF_CPP: usize = 20;
const CASES: u64 = 20_000;

#[test]
fn a_scan_with_a_filter_is_the_full_scan_filtered() {
    let seed = number("TSFILE_ORACLE_SEED", SEED);
    let cases = number("TSFILE_LAW_CASES", CASES);
    let only = std::env::var("TSFILE_LAW_FILE").ok();
    for k in 0..cases.div_ceil(CASES) {
        let per_file = (cases.min(CASES) as usize).div_ceil(FILES);
        let (counts, failures) = Round::new(seed + k, per_file, only.clone()).run(k as usize);
        println!("law, seed {}: {counts:?}", seed + k);
        assert!(
            failures.is_empty(),
            "{} of {} cases differ, TSFILE_ORACLE_SEED={}, some of each kind:\n{}",
            failures.len(),
            counts.cases,
            seed + k,
            by_kind(&failures)
        );
        if only.is_none() {
            assert!(
                counts.mixed * 3 >= counts.cases,
                "only {} of {} expressions keep some rows and drop others",
                counts.mixed,
                counts.cases
            );
            assert!(counts.layered > FILES / 10 && counts.version_3 > FILES / 10);
        }
        count_cases("law", counts.cases - counts.java_cases);
        if counts.java_files > 0 {
            count_cases("law-java", counts.java_cases);
        }
    }
}
