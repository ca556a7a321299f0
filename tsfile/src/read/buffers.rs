//! Memory that outlives one part of a scan.

use super::small::SmallPage;
use super::window::Window;
use crate::arrow::Values;
use crate::compress::Decompressor;
use std::sync::Arc;

/// What the next file, or the next split, uses again instead of asking the system for it: fresh pages of memory cost more than decoding does.
/// There is nothing in it that means anything.
#[derive(Debug, Default)]
pub(crate) struct Buffers {
    pub(super) window: Window,
    pub(super) decompressor: Decompressor,
    pub(super) scratch: Vec<u8>,
    pub(super) bits: Vec<u8>,
    pub(super) times: Arc<Vec<i64>>,
    pub(super) small: Vec<SmallPage>,
    pub(super) values: Vec<Values>,
}
