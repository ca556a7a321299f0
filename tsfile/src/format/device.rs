//! How a device is written in chunk group headers and in the index.
//!
//! ```text
//! version 4   uvarint  number of segments
//!             varstr   each segment, length -1 is null
//! version 3   varstr   dotted path
//! ```

use super::{FormatVersion, parse_name};
use crate::Result;
use crate::model::DeviceId;
use crate::wire::{ByteReader, ByteWriter};

const MIN_SEGMENT_BYTES: usize = 1;
const MANY_SEGMENTS: usize = 8;

/// Reads a device; a version 3 path is split as version 4 would store it.
///
/// # Errors
/// The bytes end too early, or a segment is no UTF-8.
pub fn parse_device(reader: &mut ByteReader<'_>, version: FormatVersion) -> Result<DeviceId> {
    match version {
        FormatVersion::V3 => parse_name(reader, "a device").map(DeviceId::from_path),
        FormatVersion::V4 => {
            let count = reader.count(MIN_SEGMENT_BYTES)?;
            // More grow as they come: a segment in memory is larger than its least size in the file.
            let mut segments = Vec::with_capacity(count.min(MANY_SEGMENTS));
            for _ in 0..count {
                segments.push(reader.varstr()?);
            }
            Ok(DeviceId::new(segments))
        }
    }
}

/// Passes over a device without allocating.
///
/// # Errors
/// The bytes end too early.
pub fn skip_device(reader: &mut ByteReader<'_>, version: FormatVersion) -> Result<()> {
    let segments = match version {
        FormatVersion::V3 => 1,
        FormatVersion::V4 => reader.count(MIN_SEGMENT_BYTES)?,
    };
    for _ in 0..segments {
        reader.varbytes()?;
    }
    Ok(())
}

/// Writes a device. Version 3 has no nulls: they become the text `null`.
pub fn serialize_device(w: &mut ByteWriter, device: &DeviceId, version: FormatVersion) {
    match version {
        FormatVersion::V3 => {
            w.varstr(Some(&device.path()));
        }
        FormatVersion::V4 => {
            w.uvarint(device.segment_count() as u64);
            for segment in device.segments() {
                w.varstr(segment);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::format::testing::{both_ways, hex};

    #[test]
    fn segments_by_hand() {
        for (bytes, segments) in [
            (
                hex(&["02", "0e 726f6f742e7367", "04 6431"]),
                vec![Some("root.sg"), Some("d1")],
            ),
            (
                hex(&["03", "04 7431", "01", "02 78"]),
                vec![Some("t1"), None, Some("x")],
            ),
            (hex(&["01", "00"]), vec![Some("")]),
        ] {
            let device = DeviceId::new(segments);
            both_ways(
                &bytes,
                &device,
                |r| parse_device(r, FormatVersion::V4),
                |d, w| serialize_device(w, d, FormatVersion::V4),
            );
        }
    }

    #[test]
    fn path_by_hand() {
        let bytes = hex(&["14 726f6f742e73672e6431"]);
        both_ways(
            &bytes,
            &DeviceId::from_path("root.sg.d1"),
            |r| parse_device(r, FormatVersion::V3),
            |d, w| serialize_device(w, d, FormatVersion::V3),
        );
    }

    #[test]
    fn trailing_nulls_of_cpp_are_passed_over_and_dropped() {
        let bytes = hex(&["03", "04 7431", "02 62", "01"]);
        let mut r = ByteReader::new(&bytes, "test");
        let device = parse_device(&mut r, FormatVersion::V4).unwrap();
        assert_eq!(device.segment_count(), 2);
        assert!(r.is_empty());
        let mut r = ByteReader::new(&bytes, "test");
        skip_device(&mut r, FormatVersion::V4).unwrap();
        assert!(r.is_empty());
    }

    #[test]
    fn no_segment_reads_as_one_empty_segment() {
        let device = parse_device(&mut ByteReader::new(&[0], "test"), FormatVersion::V4).unwrap();
        assert!(device.segments().eq([Some("")]));
    }

    #[test]
    fn more_segments_than_bytes_is_an_error() {
        let bytes = hex(&["ff ff ff ff 07", "00"]);
        for version in [FormatVersion::V3, FormatVersion::V4] {
            assert!(parse_device(&mut ByteReader::new(&bytes, "test"), version).is_err());
            assert!(skip_device(&mut ByteReader::new(&bytes, "test"), version).is_err());
        }
    }
}
