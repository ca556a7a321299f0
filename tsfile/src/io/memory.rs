//! Bytes that are in memory already.

use super::{ReadAt, check_range};
use crate::Result;

/// A whole file in memory.
#[derive(Debug, Clone)]
pub struct MemorySource {
    bytes: std::sync::Arc<[u8]>,
}

impl MemorySource {
    /// Takes the bytes of a whole file.
    pub fn new(bytes: impl Into<std::sync::Arc<[u8]>>) -> Self {
        Self {
            bytes: bytes.into(),
        }
    }
}

impl ReadAt for MemorySource {
    fn size_bytes(&self) -> u64 {
        self.bytes.len() as u64
    }

    fn read_at(&self, offset: u64, out: &mut [u8]) -> Result<()> {
        check_range(self.size_bytes(), offset, out.len())?;
        let start = usize::try_from(offset).unwrap_or(usize::MAX);
        if let Some(from) = self.bytes.get(start..start.saturating_add(out.len())) {
            out.copy_from_slice(from);
        }
        Ok(())
    }
}
