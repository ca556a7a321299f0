//! What a writer noted about the points of a page, a chunk or a timeseries.
//!
//! ```text
//! uvarint  count
//! i64      first time
//! i64      last time
//! then by type:
//!   BOOLEAN             first bool, last bool, sum i64
//!   INT32, DATE         min, max, first, last i32, sum i64
//!   INT64, TIMESTAMP    min, max, first, last i64, sum f64
//!   FLOAT               min, max, first, last f32, sum f64
//!   DOUBLE              min, max, first, last, sum f64
//!   TEXT                first, last i32str
//!   STRING              first, last, min, max i32str
//!   BLOB, OBJECT, VECTOR   nothing
//! ```
//!
//! Numbers are min, max, first, last; strings are first, last, min, max.

use crate::Result;
use crate::model::{DataType, Statistics, ValueStatistics};
use crate::wire::{ByteReader, ByteWriter};

const TIMES_BYTES: usize = 2 * size_of::<i64>();

/// Bytes of the part that depends on the type, and how many strings follow it.
fn tail_layout(data_type: DataType) -> (usize, usize) {
    match data_type {
        DataType::Boolean => (2 * size_of::<u8>() + size_of::<i64>(), 0),
        DataType::Int32 | DataType::Date => (4 * size_of::<i32>() + size_of::<i64>(), 0),
        DataType::Int64 | DataType::Timestamp => (4 * size_of::<i64>() + size_of::<f64>(), 0),
        DataType::Float => (4 * size_of::<f32>() + size_of::<f64>(), 0),
        DataType::Double => (5 * size_of::<f64>(), 0),
        DataType::Text => (0, 2),
        DataType::String => (0, 4),
        DataType::Blob | DataType::Object | DataType::Vector => (0, 0),
    }
}

/// Reads the statistics of points of `data_type`.
///
/// # Errors
/// The bytes end too early, or a string has a negative length.
#[inline]
pub fn parse_statistics(reader: &mut ByteReader<'_>, data_type: DataType) -> Result<Statistics> {
    reader.set_section("statistics");
    Ok(Statistics {
        count: u64::from(reader.uvarint()?),
        start_time: reader.i64()?,
        end_time: reader.i64()?,
        values: parse_values(reader, data_type)?,
    })
}

fn parse_values(reader: &mut ByteReader<'_>, data_type: DataType) -> Result<ValueStatistics> {
    // The fields of each literal are read in the order they are written here: that of the file.
    Ok(match data_type {
        DataType::Boolean => ValueStatistics::Boolean {
            first: reader.u8()? != 0,
            last: reader.u8()? != 0,
            sum: reader.i64()?,
        },
        DataType::Int32 | DataType::Date => ValueStatistics::Int32 {
            min: reader.i32()?,
            max: reader.i32()?,
            first: reader.i32()?,
            last: reader.i32()?,
            sum: reader.i64()?,
        },
        DataType::Int64 | DataType::Timestamp => ValueStatistics::Int64 {
            min: reader.i64()?,
            max: reader.i64()?,
            first: reader.i64()?,
            last: reader.i64()?,
            sum: reader.f64()?,
        },
        DataType::Float => ValueStatistics::Float {
            min: reader.f32()?,
            max: reader.f32()?,
            first: reader.f32()?,
            last: reader.f32()?,
            sum: reader.f64()?,
        },
        DataType::Double => ValueStatistics::Double {
            min: reader.f64()?,
            max: reader.f64()?,
            first: reader.f64()?,
            last: reader.f64()?,
            sum: reader.f64()?,
        },
        DataType::Text => ValueStatistics::Text {
            first: parse_string(reader)?,
            last: parse_string(reader)?,
        },
        DataType::String => ValueStatistics::String {
            first: parse_string(reader)?,
            last: parse_string(reader)?,
            min: parse_string(reader)?,
            max: parse_string(reader)?,
        },
        DataType::Blob | DataType::Object | DataType::Vector => ValueStatistics::None,
    })
}

/// A null string stands for no value, which only a series without points has: it reads as the empty one.
fn parse_string(reader: &mut ByteReader<'_>) -> Result<Vec<u8>> {
    Ok(reader.i32bytes()?.unwrap_or_default().to_vec())
}

/// Passes over the statistics of points of `data_type` without allocating.
///
/// # Errors
/// As [`parse_statistics`].
#[inline]
pub fn skip_statistics(reader: &mut ByteReader<'_>, data_type: DataType) -> Result<()> {
    reader.set_section("statistics");
    reader.uvarint()?;
    let (fixed, strings) = tail_layout(data_type);
    reader.take(TIMES_BYTES + fixed)?;
    for _ in 0..strings {
        reader.i32bytes()?;
    }
    Ok(())
}

/// Writes statistics; the kind of their values decides the layout. Counts have at most 32 bits in the format.
pub fn serialize_statistics(w: &mut ByteWriter, statistics: &Statistics) {
    w.uvarint(statistics.count)
        .i64(statistics.start_time)
        .i64(statistics.end_time);
    match &statistics.values {
        ValueStatistics::None => w,
        ValueStatistics::Boolean { first, last, sum } => {
            w.u8(u8::from(*first)).u8(u8::from(*last)).i64(*sum)
        }
        ValueStatistics::Int32 {
            min,
            max,
            first,
            last,
            sum,
        } => w.i32(*min).i32(*max).i32(*first).i32(*last).i64(*sum),
        ValueStatistics::Int64 {
            min,
            max,
            first,
            last,
            sum,
        } => w.i64(*min).i64(*max).i64(*first).i64(*last).f64(*sum),
        ValueStatistics::Float {
            min,
            max,
            first,
            last,
            sum,
        } => w.f32(*min).f32(*max).f32(*first).f32(*last).f64(*sum),
        ValueStatistics::Double {
            min,
            max,
            first,
            last,
            sum,
        } => w.f64(*min).f64(*max).f64(*first).f64(*last).f64(*sum),
        ValueStatistics::Text { first, last } => w.i32bytes(first).i32bytes(last),
        ValueStatistics::String {
            first,
            last,
            min,
            max,
        } => w.i32bytes(first).i32bytes(last).i32bytes(min).i32bytes(max),
    };
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::format::testing::{both_ways, failure, hex};

    /// Count 3, times 1000 and 1002.
    const HEAD: &str = "03 00000000000003e8 00000000000003ea";

    fn tails() -> Vec<(DataType, Vec<u8>, ValueStatistics)> {
        let (min, max, first, last) = (-12, 10, 10, -12);
        let bytes = |s: &str| s.as_bytes().to_vec();
        vec![
            (
                DataType::Boolean,
                // first, last, sum
                hex(&["01", "00", "0000000000000002"]),
                ValueStatistics::Boolean {
                    first: true,
                    last: false,
                    sum: 2,
                },
            ),
            (
                DataType::Int32,
                // min, max, first, last, sum
                hex(&["fffffff4 0000000a 0000000a fffffff4", "fffffffffffffffd"]),
                ValueStatistics::Int32 {
                    min,
                    max,
                    first,
                    last,
                    sum: -3,
                },
            ),
            (
                DataType::Date,
                hex(&["0134d6e2 0134d707 0134d6e3 0134d707", "0000000000000001"]),
                ValueStatistics::Int32 {
                    min: 20_240_098,
                    max: 20_240_135,
                    first: 20_240_099,
                    last: 20_240_135,
                    sum: 1,
                },
            ),
            (
                DataType::Int64,
                hex(&[
                    "fffffffffffffff4 000000000000000a",
                    "000000000000000a fffffffffffffff4",
                    "c008000000000000",
                ]),
                ValueStatistics::Int64 {
                    min: min.into(),
                    max: max.into(),
                    first: first.into(),
                    last: last.into(),
                    sum: -3.0,
                },
            ),
            (
                DataType::Timestamp,
                hex(&[
                    "0000000000000001 0000000000000002",
                    "0000000000000002 0000000000000001",
                    "4010000000000000",
                ]),
                ValueStatistics::Int64 {
                    min: 1,
                    max: 2,
                    first: 2,
                    last: 1,
                    sum: 4.0,
                },
            ),
            (
                DataType::Float,
                hex(&["bf800000 3f800000 00000000 3f800000", "3ff0000000000000"]),
                ValueStatistics::Float {
                    min: -1.0,
                    max: 1.0,
                    first: 0.0,
                    last: 1.0,
                    sum: 1.0,
                },
            ),
            (
                DataType::Double,
                hex(&[
                    "bff0000000000000 3ff0000000000000",
                    "0000000000000000 3ff0000000000000",
                    "4000000000000000",
                ]),
                ValueStatistics::Double {
                    min: -1.0,
                    max: 1.0,
                    first: 0.0,
                    last: 1.0,
                    sum: 2.0,
                },
            ),
            (
                DataType::Text,
                hex(&["00000002 6162", "00000000"]),
                ValueStatistics::Text {
                    first: bytes("ab"),
                    last: bytes(""),
                },
            ),
            (
                DataType::String,
                // first, last, min, max
                hex(&["00000001 62", "00000001 63", "00000001 61", "00000001 64"]),
                ValueStatistics::String {
                    first: bytes("b"),
                    last: bytes("c"),
                    min: bytes("a"),
                    max: bytes("d"),
                },
            ),
            (DataType::Blob, vec![], ValueStatistics::None),
            (DataType::Object, vec![], ValueStatistics::None),
            (DataType::Vector, vec![], ValueStatistics::None),
        ]
    }

    #[test]
    fn every_type_by_hand() {
        let tails = tails();
        let types: Vec<DataType> = tails.iter().map(|t| t.0).collect();
        assert!(DataType::ALL.iter().all(|t| types.contains(t)));
        for (data_type, tail, values) in tails {
            let bytes = [hex(&[HEAD]), tail].concat();
            let statistics = Statistics {
                count: 3,
                start_time: 1000,
                end_time: 1002,
                values,
            };
            both_ways(
                &bytes,
                &statistics,
                |r| parse_statistics(r, data_type),
                |s, w| serialize_statistics(w, s),
            );
            let mut r = ByteReader::new(&bytes, "test");
            skip_statistics(&mut r, data_type).unwrap();
            assert!(r.is_empty(), "{data_type}");
            for n in 0..bytes.len() {
                assert!(
                    skip_statistics(&mut ByteReader::new(&bytes[..n], "test"), data_type).is_err()
                );
            }
        }
    }

    #[test]
    fn both_empty_forms_parse() {
        // Java's times of a series without points, then those of C++.
        for times in [
            "7fffffffffffffff 8000000000000000",
            "0000000000000000 0000000000000000",
        ] {
            let bytes = hex(&["00", times]);
            let s = parse_statistics(&mut ByteReader::new(&bytes, "test"), DataType::Blob).unwrap();
            assert_eq!(s.time_range(), None);
        }
    }

    #[test]
    fn strings_longer_than_the_bytes_are_errors() {
        let bytes = [hex(&[HEAD]), hex(&["7fffffff 61", "00000000"])].concat();
        let e = failure(&bytes, |r| parse_statistics(r, DataType::Text));
        assert_eq!(
            e.to_string(),
            "statistics: the bytes end too early at byte 21; expected 2147483647 more bytes, found 5"
        );
        assert!(skip_statistics(&mut ByteReader::new(&bytes, "test"), DataType::Text).is_err());
    }
}
