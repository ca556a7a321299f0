//! A timeseries: its statistics in this file and where its chunks are.
//!
//! ```text
//! u8           low six bits: 0 one chunk, else several; 80 time, 40 value column (Java only)
//! varstr       measurement, empty for the time column of an aligned device
//! u8           data type
//! uvarint      bytes of the list at the end
//! statistics   see statistics.rs
//! list         chunk metadata back to back, see chunk_metadata.rs
//! ```
//!
//! The length of the statistics follows from the data type alone: behind a type that is unknown nothing can be found
//! any more, neither the list nor the next timeseries.

use super::{
    ChunkMetadata, parse_name, parse_offset, parse_statistics, serialize_statistics,
    skip_statistics,
};
use crate::model::{DataType, Statistics};
use crate::wire::{ByteReader, ByteWriter};
use crate::{Error, Result};

const SEVERAL_CHUNKS_MASK: u8 = 0x3f;
/// Of a chunk without statistics of its own.
const OFFSET_BYTES: usize = size_of::<i64>();

/// What comes before the statistics, borrowed: enough to tell whether the timeseries is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TimeseriesHead<'a> {
    /// Number of chunks (one or several) and, from Java only, the part in an aligned device.
    pub kind: u8,
    /// Name below the device; empty for a time column.
    pub measurement: &'a str,
    /// Byte of the data type, which need not be known.
    pub data_type_code: u8,
    /// Bytes of the chunk metadata behind the statistics.
    pub list_bytes: usize,
}

impl<'a> TimeseriesHead<'a> {
    /// Reads up to the statistics, which come next.
    ///
    /// # Errors
    /// Corrupt when the bytes end too early or the list cannot fit in them.
    pub fn parse_head(reader: &mut ByteReader<'a>) -> Result<Self> {
        reader.set_section("timeseries metadata");
        let kind = reader.u8()?;
        let measurement = parse_name(reader, "a measurement")?;
        Self::parse_behind_name(reader, kind, measurement)
    }

    /// As [`TimeseriesHead::parse_head`] when the measurement is probably `expected`, which saves looking at the name.
    ///
    /// # Errors
    /// As [`TimeseriesHead::parse_head`].
    pub fn parse_expected<'b: 'a>(reader: &mut ByteReader<'b>, expected: &'a str) -> Result<Self> {
        let start = reader.clone();
        reader.set_section("timeseries metadata");
        let kind = reader.u8()?;
        if reader.varbytes()? == Some(expected.as_bytes()) {
            return Self::parse_behind_name(reader, kind, expected);
        }
        *reader = start;
        TimeseriesHead::<'b>::parse_head(reader)
    }

    fn parse_behind_name(
        reader: &mut ByteReader<'_>,
        kind: u8,
        measurement: &'a str,
    ) -> Result<Self> {
        Ok(Self {
            kind,
            measurement,
            data_type_code: reader.u8()?,
            list_bytes: reader.count(1)?,
        })
    }

    /// Passes over a whole timeseries without allocating.
    ///
    /// # Errors
    /// As [`TimeseriesHead::parse_head`]; unsupported when the data type is unknown, since the end is unknown too.
    pub fn skip(reader: &mut ByteReader<'a>) -> Result<Self> {
        let at = reader.position();
        let head = Self::parse_head(reader)?;
        head.skip_rest(reader, at)
    }

    /// Passes over a whole timeseries that is `expected` and of this type; false, and passes over nothing, when it is another or is corrupt.
    pub fn skip_expected(reader: &mut ByteReader<'_>, expected: &str, data_type: DataType) -> bool {
        let mut ahead = reader.clone();
        let mut skip = || -> Result<bool> {
            ahead.u8()?;
            if ahead.varbytes()? != Some(expected.as_bytes()) || ahead.u8()? != data_type as u8 {
                return Ok(false);
            }
            let list_bytes = ahead.count(1)?;
            skip_statistics(&mut ahead, data_type)?;
            ahead.take(list_bytes)?;
            Ok(true)
        };
        let skipped = skip().unwrap_or(false);
        if skipped {
            *reader = ahead;
        }
        skipped
    }

    /// Passes over what comes behind the head that began at `at`, and gives the head back.
    ///
    /// # Errors
    /// As [`TimeseriesHead::skip`].
    pub fn skip_rest(self, reader: &mut ByteReader<'_>, at: usize) -> Result<Self> {
        let head = self;
        let data_type = head.data_type(at)?;
        skip_statistics(reader, data_type)?;
        reader.set_section("timeseries metadata");
        reader.take(head.list_bytes)?;
        Ok(head)
    }

    fn data_type(&self, at: usize) -> Result<DataType> {
        DataType::try_from(self.data_type_code)
            .map_err(|e: Error| e.at(at as u64).measurement(self.measurement))
    }
}

/// A timeseries of a device.
#[derive(Debug, Clone, PartialEq)]
pub struct TimeseriesMetadata {
    /// Low six bits 0: one chunk, which inherits the statistics. Java adds 0x80 for time and 0x40 for value columns.
    pub kind: u8,
    /// Name below the device; empty for a time column.
    pub measurement: String,
    /// Type that the timeseries has at its end; chunk headers can differ after a schema change.
    pub data_type: DataType,
    /// Of all points in this file.
    pub statistics: Statistics,
    /// In the order written.
    pub chunks: Vec<ChunkMetadata>,
}

impl TimeseriesMetadata {
    /// Reads a timeseries; its chunks use up their list exactly.
    ///
    /// # Errors
    /// As [`TimeseriesHead::skip`]; corrupt when the list does not end with a chunk, or holds several of them though
    /// the kind says one.
    pub fn parse(reader: &mut ByteReader<'_>) -> Result<Self> {
        let mut chunks = Vec::new();
        let (head, data_type, statistics) = Self::parse_chunks(reader, "", |_, c| chunks.push(c))?;
        Ok(Self {
            kind: head.kind,
            measurement: head.measurement.to_owned(),
            data_type,
            statistics,
            chunks,
        })
    }

    /// As [`TimeseriesMetadata::parse`], without allocating: each chunk goes to `chunk`, with the statistics of the timeseries. The
    /// measurement is probably `expected`.
    ///
    /// # Errors
    /// As [`TimeseriesMetadata::parse`].
    pub fn parse_chunks<'a, 'b: 'a>(
        reader: &mut ByteReader<'b>,
        expected: &'a str,
        mut chunk: impl FnMut(&Statistics, ChunkMetadata),
    ) -> Result<(TimeseriesHead<'a>, DataType, Statistics)> {
        let at = reader.position();
        let head = TimeseriesHead::parse_expected(reader, expected)?;
        let data_type = head.data_type(at)?;
        let statistics = parse_statistics(reader, data_type)?;
        reader.set_section("timeseries metadata");
        let list_at = reader.position();
        if reader.remaining() < head.list_bytes {
            return Err(reader
                .error("the bytes end too early")
                .expected(format!("{} more bytes", head.list_bytes))
                .got(reader.remaining())
                .measurement(head.measurement));
        }
        let list_end = list_at + head.list_bytes;
        let several = head.kind & SEVERAL_CHUNKS_MASK != 0;
        let mut any = false;
        while reader.position() < list_end {
            if !several && any {
                return Err(reader
                    .error_at(list_at, "several chunks in a timeseries of one chunk")
                    .measurement(head.measurement));
            }
            any = true;
            chunk(
                &statistics,
                ChunkMetadata::parse(reader, data_type, several)?,
            );
        }
        reader.set_section("timeseries metadata");
        if reader.position() != list_end {
            return Err(reader
                .error_at(
                    list_at,
                    "the chunk metadata do not end where their list does",
                )
                .expected(format!("{} bytes", head.list_bytes))
                .got(reader.position() - list_at)
                .measurement(head.measurement));
        }
        Ok((head, data_type, statistics))
    }

    /// Type, statistics and offset of a timeseries of one chunk, whose name is not looked at; `None` when it has several, or is corrupt.
    #[inline]
    pub fn parse_single(reader: &mut ByteReader<'_>) -> Option<(DataType, Statistics, u64)> {
        if reader.u8().ok()? & SEVERAL_CHUNKS_MASK != 0 {
            return None;
        }
        reader.varbytes().ok()?;
        let data_type = DataType::try_from(reader.u8().ok()?).ok()?;
        let list_bytes = reader.count(1).ok()?;
        let statistics = parse_statistics(reader, data_type).ok()?;
        let offset = parse_offset(reader).ok()?;
        (list_bytes == OFFSET_BYTES).then_some((data_type, statistics, offset))
    }

    /// Whether chunks have statistics of their own.
    pub fn has_chunk_statistics(&self) -> bool {
        self.kind & SEVERAL_CHUNKS_MASK != 0
    }

    /// Statistics of `chunk`, one of [`TimeseriesMetadata::chunks`]: its own or, when it is the only one, the series'.
    pub fn chunk_statistics<'a>(&'a self, chunk: &'a ChunkMetadata) -> &'a Statistics {
        chunk.statistics.as_ref().unwrap_or(&self.statistics)
    }

    /// Writes the timeseries. Chunks must have statistics exactly when [`TimeseriesMetadata::has_chunk_statistics`].
    pub fn serialize(&self, w: &mut ByteWriter) {
        let mut list = ByteWriter::new();
        for chunk in &self.chunks {
            chunk.serialize(&mut list);
        }
        let list = list.into_bytes();
        w.u8(self.kind)
            .varstr(Some(&self.measurement))
            .u8(self.data_type as u8)
            .uvarint(list.len() as u64);
        serialize_statistics(w, &self.statistics);
        w.bytes(&list);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ErrorKind;
    use crate::format::testing::{both_ways, damaged, failure, hex};
    use crate::model::ValueStatistics;

    fn one_chunk() -> Vec<u8> {
        hex(&[
            "00",                                   // one chunk
            "04 7331",                              // name
            "01",                                   // INT32
            "08",                                   // bytes of the list
            "03 00000000000003e8 00000000000003ea", // count, times
            "fffffff4 0000000a 0000000a fffffff4",  // min, max, first, last
            "fffffffffffffffd",                     // sum
            "0000000000000014",                     // the chunk
        ])
    }

    /// A time column as Java writes it.
    fn two_chunks() -> Vec<u8> {
        hex(&[
            "81",                                   // several chunks, time
            "00",                                   // name
            "06",                                   // VECTOR
            "32",                                   // bytes of the list
            "05 0000000000000001 0000000000000009", // count, times
            "0000000000000007",                     // first chunk
            "02 0000000000000001 0000000000000004",
            "0000000000000070", // second chunk
            "03 0000000000000005 0000000000000009",
        ])
    }

    fn times(count: u64, start_time: i64, end_time: i64) -> Statistics {
        Statistics {
            count,
            start_time,
            end_time,
            values: ValueStatistics::None,
        }
    }

    #[test]
    fn one_chunk_inherits() {
        let series = TimeseriesMetadata {
            kind: 0,
            measurement: "s1".into(),
            data_type: DataType::Int32,
            statistics: Statistics {
                count: 3,
                start_time: 1000,
                end_time: 1002,
                values: ValueStatistics::Int32 {
                    min: -12,
                    max: 10,
                    first: 10,
                    last: -12,
                    sum: -3,
                },
            },
            chunks: vec![ChunkMetadata {
                offset: 0x14,
                statistics: None,
            }],
        };
        both_ways(
            &one_chunk(),
            &series,
            TimeseriesMetadata::parse,
            TimeseriesMetadata::serialize,
        );
        assert!(!series.has_chunk_statistics());
        assert_eq!(
            series.chunk_statistics(&series.chunks[0]),
            &series.statistics
        );
    }

    #[test]
    fn several_chunks_have_their_own() {
        let chunk = |offset, statistics| ChunkMetadata {
            offset,
            statistics: Some(statistics),
        };
        let series = TimeseriesMetadata {
            kind: 0x81,
            measurement: String::new(),
            data_type: DataType::Vector,
            statistics: times(5, 1, 9),
            chunks: vec![chunk(7, times(2, 1, 4)), chunk(0x70, times(3, 5, 9))],
        };
        both_ways(
            &two_chunks(),
            &series,
            TimeseriesMetadata::parse,
            TimeseriesMetadata::serialize,
        );
        assert!(series.has_chunk_statistics());
        assert_eq!(series.chunk_statistics(&series.chunks[1]), &times(3, 5, 9));
    }

    #[test]
    fn skip_ends_where_parse_does() {
        for bytes in [one_chunk(), two_chunks()] {
            let mut r = ByteReader::new(&bytes, "test");
            let head = TimeseriesHead::skip(&mut r).unwrap();
            assert!(r.is_empty());
            assert_eq!(
                TimeseriesHead::parse_head(&mut ByteReader::new(&bytes, "test")).unwrap(),
                head
            );
            for n in 0..bytes.len() {
                assert!(TimeseriesHead::skip(&mut ByteReader::new(&bytes[..n], "test")).is_err());
            }
            damaged(&bytes, |r| TimeseriesHead::skip(r).map(|_| ()));
        }
    }

    #[test]
    fn unknown_type_is_unsupported_but_named() {
        let mut bytes = one_chunk();
        bytes[4] = 13;
        let e = failure(&bytes, TimeseriesMetadata::parse);
        assert_eq!(e.kind(), ErrorKind::Unsupported);
        assert_eq!(
            e.to_string(),
            "data type: unknown data type id 13 (measurement s1) at byte 0"
        );
        let head = TimeseriesHead::parse_head(&mut ByteReader::new(&bytes, "test")).unwrap();
        assert_eq!((head.measurement, head.data_type_code), ("s1", 13));
        assert_eq!(
            failure(&bytes, TimeseriesHead::skip).kind(),
            ErrorKind::Unsupported
        );
    }

    #[test]
    fn list_must_be_used_up_exactly() {
        let mut short = two_chunks();
        short[3] = 0x31;
        let mut both_offsets = one_chunk();
        both_offsets[5] = 0x10;
        both_offsets.extend([0; 8]);
        for (bytes, text) in [
            (short, "the chunk metadata do not end where their list does"),
            (both_offsets, "several chunks in a timeseries of one chunk"),
        ] {
            let e = failure(&bytes, TimeseriesMetadata::parse);
            assert_eq!(e.kind(), ErrorKind::Corrupt);
            assert!(e.to_string().contains(text), "{e}");
        }
    }
}
