//! Nothing from a file is trusted: files that were damaged on purpose give an error or a result, in bounded memory, time and work.
//!
//! `TSFILE_SEED` changes the mutations, `TSFILE_MUTATIONS` their number; a case that fails prints what reproduces it:
//! `TSFILE_CASE=n` runs one alone.
#![expect(
    clippy::panic,
    clippy::unwrap_used,
    reason = "helpers of tests are not recognised as tests"
)]

#[path = "hostile/bad.rs"]
mod bad;
#[path = "hostile/bombs.rs"]
mod bombs;
#[path = "hostile/build.rs"]
mod build;
#[path = "hostile/memory.rs"]
mod memory;
#[path = "hostile/mutate.rs"]
mod mutate;
#[path = "hostile/visit.rs"]
mod visit;
