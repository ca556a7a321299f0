//! Where a chunk lies, and what is in it.
//!
//! ```text
//! i64          offset of the chunk header's marker from the start of the file
//! statistics   see statistics.rs; only when the timeseries has several chunks
//! ```

use super::{parse_offset, parse_statistics, serialize_offset, serialize_statistics};
use crate::Result;
use crate::model::{DataType, Statistics};
use crate::wire::{ByteReader, ByteWriter};

/// One chunk of a timeseries.
#[derive(Debug, Clone, PartialEq)]
pub struct ChunkMetadata {
    /// Where the chunk header begins, from the start of the file.
    pub offset: u64,
    /// `None` in a timeseries of one chunk: they are those of the timeseries.
    pub statistics: Option<Statistics>,
}

impl ChunkMetadata {
    /// Reads one chunk's metadata.
    ///
    /// # Errors
    /// The bytes end too early, or the offset is negative.
    pub fn parse(
        reader: &mut ByteReader<'_>,
        data_type: DataType,
        with_statistics: bool,
    ) -> Result<Self> {
        reader.set_section("chunk metadata");
        let offset = parse_offset(reader)?;
        let statistics = if with_statistics {
            Some(parse_statistics(reader, data_type)?)
        } else {
            None
        };
        Ok(Self { offset, statistics })
    }

    /// Writes the offset, and the statistics if there are any.
    pub fn serialize(&self, w: &mut ByteWriter) {
        serialize_offset(w, self.offset);
        if let Some(statistics) = &self.statistics {
            serialize_statistics(w, statistics);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::format::testing::{both_ways, failure, hex};
    use crate::model::ValueStatistics;

    #[test]
    fn offset_alone_and_with_statistics_by_hand() {
        let alone = ChunkMetadata {
            offset: 0x14,
            statistics: None,
        };
        let with = ChunkMetadata {
            offset: 0x14,
            statistics: Some(Statistics {
                count: 2,
                start_time: 1,
                end_time: 2,
                values: ValueStatistics::None,
            }),
        };
        for (bytes, metadata) in [
            (hex(&["0000000000000014"]), alone),
            (
                hex(&[
                    "0000000000000014",
                    "02",
                    "0000000000000001 0000000000000002",
                ]),
                with,
            ),
        ] {
            both_ways(
                &bytes,
                &metadata,
                |r| ChunkMetadata::parse(r, DataType::Blob, metadata.statistics.is_some()),
                ChunkMetadata::serialize,
            );
        }
    }

    #[test]
    fn negative_offset_is_an_error() {
        let bytes = hex(&["ffffffffffffffff"]);
        let e = failure(&bytes, |r| ChunkMetadata::parse(r, DataType::Blob, false));
        assert_eq!(
            e.to_string(),
            "chunk metadata: an offset is negative at byte 0; expected 0 or more, found -1"
        );
    }
}
