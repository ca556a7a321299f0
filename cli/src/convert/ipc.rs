//! Arrow output: the IPC file format, uncompressed, so that every Arrow implementation can map it.

use arrow_array::RecordBatch;
use arrow_ipc::writer::FileWriter;
use arrow_schema::SchemaRef;

use crate::convert::atomic::Target;
use crate::convert::sink::Sink;
use crate::exit::{Blame as _, Outcome};

/// Writes an Arrow IPC file.
pub struct IpcSink {
    writer: FileWriter<Target>,
    name: String,
}

impl IpcSink {
    /// Writes the head.
    ///
    /// # Errors
    ///
    /// When the target refuses it.
    pub fn start(target: Target, schema: &SchemaRef) -> Outcome<Self> {
        let name = target.name();
        let writer = FileWriter::try_new(target, schema).output(&name)?;
        Ok(Self { writer, name })
    }
}

impl Sink for IpcSink {
    fn write(&mut self, batch: &RecordBatch) -> Outcome {
        self.writer.write(batch).output(&self.name)
    }

    fn finish(mut self: Box<Self>) -> Outcome<u64> {
        self.writer.finish().output(&self.name)?;
        self.writer.into_inner().output(&self.name)?.commit()
    }
}
