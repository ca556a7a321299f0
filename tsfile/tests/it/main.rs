//! Integration tests over real files, through the public API only.
#![expect(
    clippy::panic,
    clippy::unwrap_used,
    reason = "helpers of tests are not recognised as tests"
)]

mod answers;
mod answers_refused;
mod atomic;
mod bloom;
mod build;
mod by_name;
mod dictionaries;
mod expected;
mod files;
mod golden;
mod late;
mod law;
mod limit;
mod locks;
mod lookup;
mod many;
mod oracle;
mod pruning;
mod query;
mod requests;
mod scan;
mod splits;
mod summary;
mod summary_work;
mod threads;
mod write;
mod written;
