//! Conversion: sources of Arrow batches, sinks that write them, and the steps between.

pub mod atomic;
pub mod flags;
pub mod format;
pub mod forms;
pub mod input;
pub mod ipc;
pub mod job;
pub mod origin;
pub mod parquet;
pub mod retry;
pub mod sink;
pub mod source;
pub mod steps;
pub mod summary;
pub mod text;
pub mod text_input;
pub mod to_tsfile;
pub mod tsfile;
