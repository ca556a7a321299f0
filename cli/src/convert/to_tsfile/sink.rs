//! Outputs of the command line as sinks of the library.

use std::io::Write as _;
use std::path::PathBuf;

use tsfile::io::Sink;

use crate::convert::atomic::Target;

/// The sink of a target, and where its bytes are before they are final.
pub fn of_target(target: Target) -> (Box<dyn Sink>, Option<PathBuf>) {
    match target {
        Target::File(file) => {
            let temporary = file.temporary_path().to_owned();
            (Box::new(file), Some(temporary))
        }
        other => (Box::new(Stream(other)), None),
    }
}

/// Stdout: what is appended is out.
struct Stream(Target);

impl Stream {
    fn failed(&self, e: std::io::Error) -> tsfile::Error {
        tsfile::Error::io("cannot append", e).in_file(self.0.name())
    }
}

impl Sink for Stream {
    fn name(&self) -> String {
        self.0.name()
    }

    fn append(&mut self, bytes: &[u8]) -> tsfile::Result<()> {
        self.0.write_all(bytes).map_err(|e| self.failed(e))
    }

    fn sync(&mut self) -> tsfile::Result<()> {
        self.0.flush().map_err(|e| self.failed(e))
    }

    fn publish(&mut self) -> tsfile::Result<()> {
        Ok(())
    }

    fn sync_directory(&mut self) -> tsfile::Result<()> {
        Ok(())
    }

    fn discard(&mut self) {}
}
