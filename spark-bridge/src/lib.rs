//! The Spark DataSource's native half: what `io.tsfile.jni` declares, one file for each Java class of native methods.
//!
//! | Java class | methods | file |
//! |---|---|---|
//! | `NativeFile` | open, sizeBytes, tables, close | [`mod@file`] |
//! | `NativePlan` | open, describe, warnings, shared, splits, facts, keys, devices, close | [`plan`] |
//! | `NativeScan` | files, open, next, cancel, close | [`scan`] |
//! | `NativeMemory` | liveBytes, cachedBytes, peakBytes, setPoison, panic | [`memory`] |
//!
//! Objects live here and Java holds numbers ([`handle`]): a number that was closed, or never was one, is an exception. Who opens closes.
//!
//! | object | opened by | closed by |
//! |---|---|---|
//! | file: a reader, its tail and its index | the driver, into its cache | the cache, when it needs room |
//! | plan | the driver, for the time of planning | the same block of code |
//! | scan, with the batch at hand | a task | the partition reader's `close`, which Spark calls at the end of the task |
//!
//! A batch is handed over as addresses of its Arrow buffers, and stays until the next one is asked for or the scan is closed.
//! Errors and panics become exceptions ([`errors`]); native threads do not exist here, so that Java is called from the thread that called.

pub mod errors;
#[expect(unsafe_code, reason = "what Java calls by its name keeps its name")]
pub mod file;
pub mod handle;
pub mod input;
#[expect(unsafe_code, reason = "what Java calls by its name keeps its name")]
pub mod memory;
#[expect(unsafe_code, reason = "what Java calls by its name keeps its name")]
pub mod plan;
pub mod request;
#[expect(unsafe_code, reason = "what Java calls by its name keeps its name")]
pub mod scan;
pub mod shown;
pub mod words;
