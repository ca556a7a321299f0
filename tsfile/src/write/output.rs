//! Where the bytes of the file go: through a buffer into the sink, counted.

use crate::Result;
use crate::io::{Sink, commit_checked};
use crate::wire::ByteWriter;

/// Bytes are handed to the sink in pieces of about this size.
const BUFFER_BYTES: usize = 1 << 20;

/// A sink and the position in the file.
pub struct Output {
    sink: Box<dyn Sink>,
    buffer: Vec<u8>,
    position: u64,
}

impl Output {
    /// At the start of an empty sink.
    pub fn new(sink: Box<dyn Sink>) -> Self {
        Self {
            sink,
            buffer: Vec::new(),
            position: 0,
        }
    }

    /// Bytes so far.
    pub fn position(&self) -> u64 {
        self.position
    }

    /// Appends bytes.
    ///
    /// # Errors
    /// The sink refuses.
    pub fn put(&mut self, bytes: &[u8]) -> Result<()> {
        self.position += bytes.len() as u64;
        if self.buffer.len() + bytes.len() > BUFFER_BYTES {
            self.flush()?;
            if bytes.len() >= BUFFER_BYTES {
                return self.sink.append(bytes);
            }
        }
        self.buffer.extend_from_slice(bytes);
        Ok(())
    }

    /// Appends what `write` puts into the buffer: a header, not more.
    ///
    /// # Errors
    /// The sink refuses.
    pub fn put_with(&mut self, write: impl FnOnce(&mut ByteWriter)) -> Result<()> {
        if self.buffer.len() >= BUFFER_BYTES {
            self.flush()?;
        }
        let before = self.buffer.len();
        let mut w = ByteWriter::over(std::mem::take(&mut self.buffer));
        write(&mut w);
        self.buffer = w.into_bytes();
        self.position += (self.buffer.len() - before) as u64;
        Ok(())
    }

    fn flush(&mut self) -> Result<()> {
        if !self.buffer.is_empty() {
            self.sink.append(&self.buffer)?;
            self.buffer.clear();
        }
        Ok(())
    }

    /// Makes the file complete: durable, then checked, then visible under its name.
    ///
    /// # Errors
    /// The sink refuses, or the check fails.
    pub fn commit(&mut self, check: impl FnOnce() -> Result<()>) -> Result<()> {
        self.flush()?;
        commit_checked(self.sink.as_mut(), check)
    }

    /// Gives the file up.
    pub fn discard(&mut self) {
        self.sink.discard();
    }
}
