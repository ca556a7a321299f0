//! Devices that follow one another in a device node: what an index remembers of where its devices came from.

use crate::model::DeviceId;
use std::ops::Range;

/// Devices whose entries follow one another in one leaf of the device nodes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Stretch {
    /// Number of the first device in the index.
    pub(super) first_device: u32,
    /// Number of the root that leads here.
    pub(super) table: u32,
    /// Bytes of the leaf in the file; empty where the leaf is the root itself, which is part of the file metadata.
    pub(super) leaf: Range<u64>,
    /// Number of the first entry in the leaf.
    pub(super) first_entry: u32,
    /// Where the measurement root of the last device ends.
    pub(super) end: u64,
    /// Whether the last device is the last of its leaf.
    pub(super) closed: bool,
}

/// A stretch with its devices, which are not in an index yet.
#[derive(Debug, Clone)]
pub(super) struct FoundStretch {
    pub(super) stretch: Stretch,
    /// Children lie before this offset.
    pub(super) before: u64,
    /// The devices and where their measurement roots begin.
    pub(super) devices: Vec<(DeviceId, u64)>,
}

impl FoundStretch {
    /// Bytes of the measurement roots of the devices.
    pub(super) fn nodes(&self) -> impl Iterator<Item = Range<u64>> {
        let starts = self.devices.iter().map(|d| d.1);
        let ends = starts.clone().skip(1).chain([self.stretch.end]);
        starts.zip(ends).map(|(start, end)| start..end)
    }
}
