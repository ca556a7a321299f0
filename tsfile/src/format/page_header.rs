//! Opens a page.
//!
//! ```text
//! uvarint      bytes after decompression; 0 is an empty page, and nothing follows
//! uvarint      bytes in the file
//! statistics   see statistics.rs; only in a chunk of several pages
//! ```

use super::{parse_size, parse_statistics, serialize_statistics};
use crate::Result;
use crate::model::{DataType, Statistics};
use crate::wire::{ByteReader, ByteWriter};

/// Sizes of a page, and what its writer noted about it.
#[derive(Debug, Clone, PartialEq)]
pub struct PageHeader {
    /// Bytes of the body after decompression; 0 is an empty page: all its rows are null.
    pub uncompressed_bytes: u32,
    /// Bytes of the body in the file.
    pub compressed_bytes: u32,
    /// None for an empty page, and in a chunk of one page, whose statistics are those of the chunk metadata.
    pub statistics: Option<Statistics>,
}

impl PageHeader {
    /// Reads a page header; whether it has statistics depends on the chunk.
    ///
    /// # Errors
    /// The bytes end too early, or a size is out of range. That the body fits is for the caller to check.
    pub fn parse(
        reader: &mut ByteReader<'_>,
        data_type: DataType,
        single_page: bool,
    ) -> Result<Self> {
        reader.set_section("page header");
        let uncompressed_bytes = parse_size(reader)?;
        if uncompressed_bytes == 0 {
            return Ok(Self {
                uncompressed_bytes,
                compressed_bytes: 0,
                statistics: None,
            });
        }
        let compressed_bytes = parse_size(reader)?;
        let statistics = if single_page {
            None
        } else {
            Some(parse_statistics(reader, data_type)?)
        };
        Ok(Self {
            uncompressed_bytes,
            compressed_bytes,
            statistics,
        })
    }

    /// Writes the header. Statistics belong in it exactly when the chunk has several pages.
    pub fn serialize(&self, w: &mut ByteWriter) {
        Self::serialize_parts(
            self.uncompressed_bytes,
            self.compressed_bytes,
            self.statistics.as_ref(),
            w,
        );
    }

    /// As [`PageHeader::serialize`], from what a header consists of.
    pub fn serialize_parts(
        uncompressed_bytes: u32,
        compressed_bytes: u32,
        statistics: Option<&Statistics>,
        w: &mut ByteWriter,
    ) {
        w.uvarint(u64::from(uncompressed_bytes));
        if uncompressed_bytes == 0 {
            return;
        }
        w.uvarint(u64::from(compressed_bytes));
        if let Some(statistics) = statistics {
            serialize_statistics(w, statistics);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::format::testing::{both_ways, hex};
    use crate::model::ValueStatistics;

    fn round(bytes: &[u8], header: &PageHeader, data_type: DataType, single_page: bool) {
        both_ways(
            bytes,
            header,
            |r| PageHeader::parse(r, data_type, single_page),
            PageHeader::serialize,
        );
    }

    #[test]
    fn single_page_has_sizes_only() {
        let header = PageHeader {
            uncompressed_bytes: 300,
            compressed_bytes: 28,
            statistics: None,
        };
        round(&hex(&["ac 02", "1c"]), &header, DataType::Int32, true);
    }

    #[test]
    fn page_among_several_has_statistics() {
        let header = PageHeader {
            uncompressed_bytes: 28,
            compressed_bytes: 28,
            statistics: Some(Statistics {
                count: 3,
                start_time: 1000,
                end_time: 1002,
                values: ValueStatistics::None,
            }),
        };
        let bytes = hex(&["1c", "1c", "03", "00000000000003e8", "00000000000003ea"]);
        round(&bytes, &header, DataType::Vector, false);
    }

    #[test]
    fn empty_page_is_one_byte() {
        let header = PageHeader {
            uncompressed_bytes: 0,
            compressed_bytes: 0,
            statistics: None,
        };
        for single_page in [true, false] {
            round(&[0x00], &header, DataType::Double, single_page);
        }
    }

    #[test]
    fn sizes_beyond_31_bits_are_errors() {
        let bytes = hex(&["80 80 80 80 08", "1c"]);
        assert!(
            PageHeader::parse(&mut ByteReader::new(&bytes, "test"), DataType::Text, true).is_err()
        );
    }
}
