//! Opens a chunk: name, size, and how its pages were made.
//!
//! ```text
//! u8        marker, see marker.rs
//! varstr    measurement, empty for the time column of an aligned device
//! uvarint   bytes of all pages, their headers included
//! u8        data type
//! u8        compression
//! u8        encoding of the values (of the times, in a time chunk)
//! ```
//!
//! Compression comes before encoding here, and after it in a table schema.

use super::{ChunkKind, Marker, parse_name, parse_size};
use crate::Result;
use crate::model::{Compression, DataType, Encoding};
use crate::wire::{ByteReader, ByteWriter};

/// A chunk header whose codes are not looked at yet: enough to pass over a chunk that this crate cannot read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ChunkHead<'a> {
    /// Part in an aligned device, and whether there is more than one page.
    pub kind: ChunkKind,
    /// Name below the device; empty for a time column.
    pub measurement: &'a str,
    /// Bytes of all pages that follow; 0 for a value chunk without any value.
    pub data_bytes: u32,
    /// Byte of the data type.
    pub data_type_code: u8,
    /// Byte of the compression.
    pub compression_code: u8,
    /// Byte of the encoding.
    pub encoding_code: u8,
}

impl<'a> ChunkHead<'a> {
    /// Reads a chunk header, marker included, and leaves its codes as they are.
    ///
    /// # Errors
    /// Corrupt when the marker is not that of a chunk, or when the bytes end too early.
    pub fn parse(reader: &mut ByteReader<'a>) -> Result<Self> {
        reader.set_section("chunk header");
        let at = reader.position();
        let code = reader.u8()?;
        let Ok(Marker::Chunk(kind)) = Marker::try_from(code) else {
            return Err(reader
                .error_at(at, "no chunk begins here")
                .expected("01, 05, 41, 45, 81 or 85")
                .got(format!("{code:02x}")));
        };
        let measurement = parse_name(reader, "a measurement")?;
        Self::parse_behind_name(reader, kind, measurement)
    }

    /// As [`ChunkHead::parse`] for the chunk of a measurement that is known, which saves looking at the name; `None` when it has another.
    ///
    /// # Errors
    /// As [`ChunkHead::parse`].
    pub fn parse_of(reader: &mut ByteReader<'_>, measurement: &'a str) -> Result<Option<Self>> {
        reader.set_section("chunk header");
        let Ok(Marker::Chunk(kind)) = Marker::try_from(reader.u8()?) else {
            return Ok(None);
        };
        if reader.varbytes()? != Some(measurement.as_bytes()) {
            return Ok(None);
        }
        Self::parse_behind_name(reader, kind, measurement).map(Some)
    }

    /// Writes the header, marker included.
    pub fn serialize(&self, w: &mut ByteWriter) {
        w.u8(self.kind.into())
            .varstr(Some(self.measurement))
            .uvarint(u64::from(self.data_bytes))
            .u8(self.data_type_code)
            .u8(self.compression_code)
            .u8(self.encoding_code);
    }

    fn parse_behind_name(
        reader: &mut ByteReader<'_>,
        kind: ChunkKind,
        measurement: &'a str,
    ) -> Result<Self> {
        Ok(Self {
            kind,
            measurement,
            data_bytes: parse_size(reader)?,
            data_type_code: reader.u8()?,
            compression_code: reader.u8()?,
            encoding_code: reader.u8()?,
        })
    }
}

/// What opens a chunk; the truth about its type, encoding and compression, whatever schemas say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChunkHeader {
    /// Part in an aligned device, and whether there is more than one page.
    pub kind: ChunkKind,
    /// Name below the device; empty for a time column.
    pub measurement: String,
    /// Bytes of all pages that follow; 0 for a value chunk without any value.
    pub data_bytes: u32,
    /// Type of the values, `Vector` for a time column.
    pub data_type: DataType,
    /// How page bodies are compressed.
    pub compression: Compression,
    /// How values are encoded (in a time chunk, the times).
    pub encoding: Encoding,
}

impl ChunkHeader {
    /// Reads a chunk header, marker included.
    ///
    /// # Errors
    /// As [`ChunkHead::parse`]; unsupported when one of the codes is unknown: [`ChunkHead`] then still tells how much
    /// to pass over.
    pub fn parse(reader: &mut ByteReader<'_>) -> Result<Self> {
        let head = ChunkHead::parse(reader)?;
        let end = reader.position();
        let named = |e: crate::Error, back: usize| {
            e.at(end.saturating_sub(back) as u64)
                .measurement(head.measurement)
        };
        Ok(Self {
            kind: head.kind,
            data_bytes: head.data_bytes,
            data_type: DataType::try_from(head.data_type_code).map_err(|e| named(e, 3))?,
            compression: Compression::try_from(head.compression_code).map_err(|e| named(e, 2))?,
            encoding: Encoding::try_from(head.encoding_code).map_err(|e| named(e, 1))?,
            measurement: head.measurement.to_owned(),
        })
    }

    /// Writes the header, marker included.
    pub fn serialize(&self, w: &mut ByteWriter) {
        ChunkHead {
            kind: self.kind,
            measurement: &self.measurement,
            data_bytes: self.data_bytes,
            data_type_code: self.data_type as u8,
            compression_code: self.compression as u8,
            encoding_code: self.encoding as u8,
        }
        .serialize(w);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ErrorKind;
    use crate::format::ChunkRole;
    use crate::format::testing::{both_ways, failure, hex};

    #[test]
    fn headers_by_hand() {
        let plain = ChunkHeader {
            kind: ChunkKind {
                role: ChunkRole::Plain,
                single_page: true,
            },
            measurement: "s1".into(),
            data_bytes: 30,
            data_type: DataType::Int32,
            compression: Compression::Uncompressed,
            encoding: Encoding::Plain,
        };
        let time = ChunkHeader {
            kind: ChunkKind {
                role: ChunkRole::Time,
                single_page: false,
            },
            measurement: String::new(),
            data_bytes: 256,
            data_type: DataType::Vector,
            compression: Compression::Lz4,
            encoding: Encoding::Ts2Diff,
        };
        for (bytes, header) in [
            // marker, name, size, type, compression, encoding
            (hex(&["05", "04 7331", "1e", "01", "00", "00"]), plain),
            (hex(&["81", "00", "80 02", "06", "07", "04"]), time),
        ] {
            both_ways(&bytes, &header, ChunkHeader::parse, ChunkHeader::serialize);
        }
    }

    #[test]
    fn unknown_codes_leave_the_size_known() {
        for (bytes, text) in [
            (
                hex(&["05", "04 7331", "1e", "0d", "00", "00"]),
                "data type: unknown data type id 13 (measurement s1) at byte 5",
            ),
            (
                hex(&["05", "04 7331", "1e", "01", "04", "00"]),
                "compression: unsupported compression id 4 (measurement s1) at byte 6",
            ),
            (
                hex(&["05", "04 7331", "1e", "01", "00", "0f"]),
                "encoding: unsupported encoding id 15 (measurement s1) at byte 7",
            ),
        ] {
            let e = failure(&bytes, ChunkHeader::parse);
            assert_eq!(e.kind(), ErrorKind::Unsupported);
            assert_eq!(e.to_string(), text);
            let head = ChunkHead::parse(&mut ByteReader::new(&bytes, "test")).unwrap();
            assert_eq!((head.measurement, head.data_bytes), ("s1", 30));
        }
    }

    #[test]
    fn other_items_and_impossible_fields_are_errors() {
        for (bytes, text) in [
            (hex(&["02"]), "no chunk begins here at byte 0"),
            (hex(&["05", "01"]), "a measurement is null at byte 1"),
            (
                hex(&["05", "00", "ff ff ff ff 0f", "01 00 00"]),
                "a size is too large at byte 2",
            ),
        ] {
            let e = failure(&bytes, ChunkHeader::parse);
            assert_eq!(e.kind(), ErrorKind::Corrupt);
            assert!(e.to_string().contains(text), "{e}");
        }
    }
}
