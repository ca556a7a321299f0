//! A file that stays in memory.

use super::Sink;
use crate::{Error, ErrorKind, Result};
use std::sync::{Arc, Mutex, PoisonError};

/// Collects bytes, and hands them over when they are published.
#[derive(Debug)]
pub struct MemorySink {
    name: String,
    collected: Option<Vec<u8>>,
    output: MemoryOutput,
}

/// The caller's side of a [`MemorySink`]: empty until the sink is published.
#[derive(Debug, Clone, Default)]
pub struct MemoryOutput(Arc<Mutex<Option<Arc<Vec<u8>>>>>);

impl MemorySink {
    /// An empty sink that is called `name` in messages.
    pub fn new(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            collected: Some(Vec::new()),
            output: MemoryOutput::default(),
        }
    }

    /// Where the bytes will be; to be kept before the sink is given away.
    pub fn output(&self) -> MemoryOutput {
        self.output.clone()
    }

    fn over(&self, call: &str) -> Error {
        let message = format!("cannot {call} what is published or discarded already");
        Error::new(ErrorKind::Io, "", message).in_file(&self.name)
    }
}

impl MemoryOutput {
    /// The whole file, or nothing while it is not published.
    pub fn bytes(&self) -> Option<Arc<Vec<u8>>> {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }
}

impl Sink for MemorySink {
    fn name(&self) -> String {
        self.name.clone()
    }

    fn append(&mut self, bytes: &[u8]) -> Result<()> {
        match &mut self.collected {
            Some(collected) => collected.extend_from_slice(bytes),
            None => return Err(self.over("append to")),
        }
        Ok(())
    }

    fn sync(&mut self) -> Result<()> {
        match &self.collected {
            Some(_) => Ok(()),
            None => Err(self.over("sync")),
        }
    }

    fn publish(&mut self) -> Result<()> {
        let Some(collected) = self.collected.take() else {
            return Err(self.over("publish"));
        };
        let mut output = self.output.0.lock().unwrap_or_else(PoisonError::into_inner);
        *output = Some(Arc::new(collected));
        Ok(())
    }

    fn sync_directory(&mut self) -> Result<()> {
        Ok(())
    }

    fn discard(&mut self) {
        self.collected = None;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::io::commit;

    #[test]
    fn nothing_is_visible_before_publish_and_everything_after_it() {
        let mut sink = MemorySink::new("m");
        let output = sink.output();
        sink.append(b"ab").unwrap();
        sink.append(b"c").unwrap();
        assert_eq!(output.bytes(), None);
        commit(&mut sink).unwrap();
        sink.discard();
        drop(sink);
        assert_eq!(output.bytes().unwrap().as_slice(), b"abc");
    }

    #[test]
    fn what_is_discarded_never_appears() {
        let mut sink = MemorySink::new("m");
        let output = sink.output();
        sink.append(b"ab").unwrap();
        sink.discard();
        let error = sink.append(b"c").unwrap_err();
        assert_eq!(
            error.to_string(),
            "m: cannot append to what is published or discarded already"
        );
        assert!(commit(&mut sink).is_err());
        assert_eq!(output.bytes(), None);
    }
}
