//! The index tree: device nodes over measurement nodes, which lead to timeseries metadata.
//!
//! ```text
//! uvarint   number of entries
//! entries   device node: device (see device.rs), i64 offset; measurement node: varstr, i64 offset
//! i64       end: where the last child ends
//! u8        0 INTERNAL_DEVICE, 1 LEAF_DEVICE, 2 INTERNAL_MEASUREMENT, 3 LEAF_MEASUREMENT
//! ```
//!
//! The kind is at the end, so a reader knows from the parent which sort of entries to expect. Child `i` ends where
//! child `i + 1` begins. A child of a LEAF_MEASUREMENT is a run of timeseries metadata, named after the first; any other
//! child is one node. Offsets count from the start of the file.

use super::device_entries::out_of_order;
use super::{
    DeviceEntries, FormatVersion, parse_name, parse_offset, serialize_device, serialize_offset,
};
use crate::model::DeviceId;
use crate::wire::{ByteReader, ByteWriter};
use crate::{Error, Result};

/// A device without segments, or an empty name, and an offset.
const MIN_ENTRY_BYTES: usize = size_of::<u8>() + size_of::<i64>();
/// A count of 0, the end, the kind.
pub(super) const MIN_NODE_BYTES: usize = size_of::<u8>() + size_of::<i64>() + size_of::<u8>();

/// What a node's children are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum NodeKind {
    /// Device nodes.
    InternalDevice = 0,
    /// The measurement roots of devices.
    LeafDevice = 1,
    /// Measurement nodes.
    InternalMeasurement = 2,
    /// Runs of timeseries metadata.
    LeafMeasurement = 3,
}

impl NodeKind {
    /// Whether entries are devices, not measurements.
    pub fn is_device(self) -> bool {
        matches!(self, Self::InternalDevice | Self::LeafDevice)
    }
}

impl TryFrom<u8> for NodeKind {
    type Error = Error;

    fn try_from(code: u8) -> Result<Self> {
        [
            Self::InternalDevice,
            Self::LeafDevice,
            Self::InternalMeasurement,
            Self::LeafMeasurement,
        ]
        .into_iter()
        .find(|k| *k as u8 == code)
        .ok_or_else(|| {
            Error::corrupt("metadata index", "unknown kind of node")
                .expected("0 to 3")
                .got(code)
        })
    }
}

/// A node whose entries are devices.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeviceNode {
    /// First device of each child and where that child begins, in the order of the writer.
    pub entries: DeviceEntries,
    /// Where the last child ends.
    pub end: u64,
    /// [`NodeKind::InternalDevice`] or [`NodeKind::LeafDevice`].
    pub kind: NodeKind,
}

impl DeviceNode {
    /// Reads a device node.
    ///
    /// # Errors
    /// Corrupt when the bytes end too early, the kind is that of a measurement node, or offsets do not ascend.
    pub fn parse(reader: &mut ByteReader<'_>, version: FormatVersion) -> Result<Self> {
        reader.set_section("metadata index");
        let start = reader.position();
        let count = reader.count(MIN_ENTRY_BYTES)?;
        let entries = DeviceEntries::parse(reader, count, version)?;
        let last = entries.len().checked_sub(1);
        let last = last.and_then(|i| entries.offset(i));
        let (end, kind) = parse_end(reader, start, last, true)?;
        Ok(Self { entries, end, kind })
    }

    /// Writes the node.
    pub fn serialize(&self, w: &mut ByteWriter, version: FormatVersion) {
        let devices: Vec<_> = self.entries.iter().map(|(d, at)| (d.to_id(), at)).collect();
        let entries = devices.iter().map(|(device, at)| (device, *at));
        Self::serialize_parts(entries, self.end, self.kind, w, version);
    }

    /// Writes a node of devices that are elsewhere.
    pub fn serialize_parts<'d>(
        entries: impl ExactSizeIterator<Item = (&'d DeviceId, u64)>,
        end: u64,
        kind: NodeKind,
        w: &mut ByteWriter,
        version: FormatVersion,
    ) {
        w.uvarint(entries.len() as u64);
        for (device, offset) in entries {
            serialize_device(w, device, version);
            serialize_offset(w, offset);
        }
        serialize_offset(w, end);
        w.u8(kind as u8);
    }
}

/// A node whose entries are measurements of one device.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MeasurementNode<'a> {
    /// First measurement of each child and where that child begins, in the order of names.
    pub entries: Vec<(&'a str, u64)>,
    /// Where the last child ends.
    pub end: u64,
    /// [`NodeKind::InternalMeasurement`] or [`NodeKind::LeafMeasurement`].
    pub kind: NodeKind,
}

impl<'a> MeasurementNode<'a> {
    /// Reads a measurement node.
    ///
    /// # Errors
    /// Corrupt when the bytes end too early, the kind is that of a device node, or offsets do not ascend.
    pub fn parse(reader: &mut ByteReader<'a>) -> Result<Self> {
        Self::parse_over(reader, Vec::new())
    }

    /// As [`MeasurementNode::parse`], with entries in the memory of `spare`: most devices have a node of one entry.
    ///
    /// # Errors
    /// As [`MeasurementNode::parse`].
    pub fn parse_over(reader: &mut ByteReader<'a>, spare: Vec<(&'a str, u64)>) -> Result<Self> {
        reader.set_section("metadata index");
        let start = reader.position();
        let count = reader.count(MIN_ENTRY_BYTES)?;
        let mut entries = spare;
        entries.clear();
        for _ in 0..count {
            let name = parse_name(reader, "a measurement")?;
            let at = reader.position();
            let offset = parse_offset(reader)?;
            // Ranges of children come from neighbours: out of order they would overlap, or run backwards.
            if let Some((_, last)) = entries.last().filter(|(_, last)| offset <= *last) {
                return Err(out_of_order(reader, at, *last, offset));
            }
            entries.push((name, offset));
        }
        let (end, kind) = parse_end(reader, start, entries.last().map(|e| e.1), false)?;
        Ok(Self { entries, end, kind })
    }

    /// Writes the node.
    pub fn serialize(&self, w: &mut ByteWriter) {
        w.uvarint(self.entries.len() as u64);
        for (name, offset) in &self.entries {
            w.varstr(Some(name));
            serialize_offset(w, *offset);
        }
        serialize_offset(w, self.end);
        w.u8(self.kind as u8);
    }
}

/// What follows the entries of a node that begins at `start`, the last of which leads to `last`.
fn parse_end(
    reader: &mut ByteReader<'_>,
    start: usize,
    last: Option<u64>,
    of_devices: bool,
) -> Result<(u64, NodeKind)> {
    let at = reader.position();
    let end = parse_offset(reader)?;
    if let Some(last) = last.filter(|last| end < *last) {
        return Err(reader
            .error_at(at, "a node ends before its last child begins")
            .expected(format!("at least {last}"))
            .got(end));
    }
    let at = reader.position();
    let kind = NodeKind::try_from(reader.u8()?).map_err(|e| e.at(at as u64))?;
    if kind.is_device() != of_devices {
        return Err(reader
            .error_at(start, "a node is on the wrong storey of the index")
            .expected(if of_devices {
                "a device node"
            } else {
                "a measurement node"
            })
            .got(format!("{kind:?}")));
    }
    Ok((end, kind))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ErrorKind;
    use crate::format::testing::{both_ways, failure, hex};

    fn leaf_measurement() -> Vec<u8> {
        hex(&[
            "02",                       // entries
            "00 000000000000004c",      // the time column
            "04 7331 0000000000000060", // s1
            "0000000000000083",         // end
            "03",                       // LEAF_MEASUREMENT
        ])
    }

    #[test]
    fn kinds_never_change() {
        let kinds = [0, 1, 2, 3].map(|c| NodeKind::try_from(c).unwrap());
        assert_eq!(kinds.map(|k| k as u8), [0, 1, 2, 3]);
        assert_eq!(kinds.map(NodeKind::is_device), [true, true, false, false]);
        assert!(NodeKind::try_from(4).is_err());
    }

    #[test]
    fn device_nodes_by_hand() {
        for (version, device) in [
            (FormatVersion::V4, "02 0e 726f6f742e7367 04 6431"),
            (FormatVersion::V3, "14 726f6f742e73672e6431"),
        ] {
            let bytes = hex(&["01", device, "0000000000000083", "0000000000000098", "01"]);
            let node = DeviceNode {
                entries: DeviceEntries::from_iter([(DeviceId::from_path("root.sg.d1"), 0x83)]),
                end: 0x98,
                kind: NodeKind::LeafDevice,
            };
            both_ways(
                &bytes,
                &node,
                |r| DeviceNode::parse(r, version),
                |n, w| n.serialize(w, version),
            );
        }
    }

    #[test]
    fn empty_root_of_version_3_by_hand() {
        let bytes = hex(&["00", "0000000000000008", "01"]);
        assert_eq!(bytes.len(), MIN_NODE_BYTES);
        let node = DeviceNode {
            entries: DeviceEntries::default(),
            end: 8,
            kind: NodeKind::LeafDevice,
        };
        both_ways(
            &bytes,
            &node,
            |r| DeviceNode::parse(r, FormatVersion::V3),
            |n, w| n.serialize(w, FormatVersion::V3),
        );
    }

    #[test]
    fn measurement_node_by_hand() {
        let node = MeasurementNode {
            entries: vec![("", 0x4c), ("s1", 0x60)],
            end: 0x83,
            kind: NodeKind::LeafMeasurement,
        };
        both_ways(
            &leaf_measurement(),
            &node,
            MeasurementNode::parse,
            MeasurementNode::serialize,
        );
    }

    #[test]
    fn contradictions_are_corrupt() {
        let changed = |at: usize, byte: u8| {
            let mut bytes = leaf_measurement();
            bytes[at] = byte;
            bytes
        };
        for (bytes, text) in [
            (
                changed(20, 0x4c),
                "the offsets of a node do not ascend at byte 13",
            ),
            (
                changed(28, 0x5f),
                "a node ends before its last child begins at byte 21",
            ),
            (changed(29, 9), "unknown kind of node at byte 29"),
            (
                changed(29, 1),
                "a node is on the wrong storey of the index at byte 0",
            ),
            (
                changed(0, 4),
                "a count is larger than the bytes that follow allow",
            ),
            (changed(2, 0x80), "an offset is negative at byte 2"),
        ] {
            let e = failure(&bytes, MeasurementNode::parse);
            assert_eq!(e.kind(), ErrorKind::Corrupt);
            assert!(e.to_string().contains(text), "{e}");
        }
    }

    #[test]
    fn measurement_node_in_place_of_a_device_node_is_corrupt() {
        let bytes = hex(&["00", "0000000000000008", "03"]);
        let e = failure(&bytes, |r| DeviceNode::parse(r, FormatVersion::V4));
        assert!(
            e.to_string()
                .ends_with("expected a device node, found LeafMeasurement")
        );
    }
}
