//! Opens the chunks of one device.
//!
//! ```text
//! 00       marker, read before
//! device   see device.rs
//! ```

use super::{FormatVersion, parse_device, serialize_device};
use crate::Result;
use crate::model::DeviceId;
use crate::wire::{ByteReader, ByteWriter};

/// Whose chunks follow, up to the next chunk group, operation index range or separator.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChunkGroupHeader {
    /// The device of the chunks that follow.
    pub device: DeviceId,
}

impl ChunkGroupHeader {
    /// Reads what follows the marker.
    ///
    /// # Errors
    /// As [`parse_device`].
    pub fn parse(reader: &mut ByteReader<'_>, version: FormatVersion) -> Result<Self> {
        reader.set_section("chunk group header");
        let device = parse_device(reader, version)?;
        Ok(Self { device })
    }

    /// Writes what follows the marker.
    pub fn serialize(&self, w: &mut ByteWriter, version: FormatVersion) {
        serialize_device(w, &self.device, version);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::format::testing::{both_ways, hex};

    #[test]
    fn both_versions_by_hand() {
        let header = ChunkGroupHeader {
            device: DeviceId::from_path("root.sg.d1"),
        };
        for (version, bytes) in [
            (
                FormatVersion::V4,
                hex(&["02", "0e 726f6f742e7367", "04 6431"]),
            ),
            (FormatVersion::V3, hex(&["14 726f6f742e73672e6431"])),
        ] {
            both_ways(
                &bytes,
                &header,
                |r| ChunkGroupHeader::parse(r, version),
                |h, w| h.serialize(w, version),
            );
        }
    }
}
