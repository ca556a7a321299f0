//! Where batches go: three verbs, one implementation per output format.

use arrow_array::RecordBatch;
use arrow_schema::SchemaRef;

use crate::convert::atomic::Target;
use crate::convert::format::OutputFormat;
use crate::convert::ipc::IpcSink;
use crate::convert::parquet::ParquetSink;
use crate::convert::text::TextSink;
use crate::convert::to_tsfile::{RowsPlan, TsFileSink};
use crate::exit::{Failure, Outcome};

/// Takes batches of one schema.
pub trait Sink {
    /// Takes one batch.
    ///
    /// # Errors
    ///
    /// When it cannot be expressed in the format, or the target refuses it.
    fn write(&mut self, batch: &RecordBatch) -> Outcome;

    /// Makes the output complete and returns its size in bytes.
    ///
    /// # Errors
    ///
    /// When the target refuses the rest.
    fn finish(self: Box<Self>) -> Outcome<u64>;
}

/// What is written.
pub enum Output {
    /// Rows as they are.
    Rows(OutputFormat),
    /// A TsFile, of rows that look like this.
    TsFile(Box<RowsPlan>),
}

/// Starts an output. Rows are promised to be sorted by the columns of `schema` at `sorted_by`,
/// ascending, nulls first; formats that can record that do.
///
/// # Errors
///
/// When the format cannot express the schema, or the target refuses the head.
pub fn start(
    output: Output,
    target: Target,
    schema: &SchemaRef,
    sorted_by: &[usize],
) -> Outcome<Box<dyn Sink>> {
    let format = match output {
        Output::Rows(format) => format,
        Output::TsFile(plan) => return Ok(Box::new(TsFileSink::start(*plan, target, schema)?)),
    };
    Ok(match format {
        OutputFormat::TsFile => {
            return Err(Failure::output(
                "a TsFile needs to know what its columns are for",
            ));
        }
        OutputFormat::Parquet => Box::new(ParquetSink::start(target, schema, sorted_by)?),
        OutputFormat::Arrow => Box::new(IpcSink::start(target, schema)?),
        OutputFormat::Csv => Box::new(TextSink::delimited(target, schema, b',')?),
        OutputFormat::Tsv => Box::new(TextSink::delimited(target, schema, b'\t')?),
        OutputFormat::Ndjson => Box::new(TextSink::ndjson(target, schema)?),
    })
}
