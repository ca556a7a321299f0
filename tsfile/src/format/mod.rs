//! One file per on-disk structure: bytes to struct and back, nothing else.
//!
//! Offsets in errors count from the first byte of the slice that the reader was made over; whoever knows where that
//! slice lies in the file rebases them ([`crate::Error::rebased`]). Nothing here panics on any bytes, and nothing
//! allocates more than the bytes at hand can justify. The layouts are described in docs/format.md.
#![deny(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::cast_possible_truncation
)]

mod bloom_filter;
mod chunk_group_header;
mod chunk_header;
mod chunk_metadata;
mod device;
mod device_entries;
mod file_metadata;
mod marker;
mod metadata_index;
mod page_header;
mod statistics;
mod table_schema;
#[cfg(test)]
mod testing;
mod timeseries_metadata;
mod version;

pub use bloom_filter::BloomFilter;
pub use chunk_group_header::ChunkGroupHeader;
pub use chunk_header::{ChunkHead, ChunkHeader};
pub use chunk_metadata::ChunkMetadata;
pub use device::{parse_device, serialize_device, skip_device};
pub use device_entries::{DeviceEntries, EntryDevice};
pub use file_metadata::{FileMetadata, LOSSLESS_PROPERTY};
pub use marker::{ChunkKind, ChunkRole, Marker, PLAN_INDEX_BYTES};
pub use metadata_index::{DeviceNode, MeasurementNode, NodeKind};
pub use page_header::PageHeader;
pub use statistics::{parse_statistics, serialize_statistics, skip_statistics};
pub use table_schema::{parse_table_schema, serialize_table_schema};
pub use timeseries_metadata::{TimeseriesHead, TimeseriesMetadata};
pub use version::{FormatVersion, HEAD_BYTES, MAGIC, TAIL_BYTES, parse_footer, parse_head};

use crate::Result;
use crate::wire::{ByteReader, ByteWriter};

/// Offsets from the start of the file are signed in the format and never negative in a sound file.
fn parse_offset(reader: &mut ByteReader<'_>) -> Result<u64> {
    let at = reader.position();
    let offset = reader.i64()?;
    u64::try_from(offset).map_err(|_| {
        reader
            .error_at(at, "an offset is negative")
            .expected("0 or more")
            .got(offset)
    })
}

/// The other way round; no file reaches 2^63 bytes.
fn serialize_offset(w: &mut ByteWriter, offset: u64) {
    w.i64(i64::try_from(offset).unwrap_or(i64::MAX));
}

/// A size of at most 2^31 - 1 bytes.
fn parse_size(reader: &mut ByteReader<'_>) -> Result<u32> {
    let at = reader.position();
    let size = reader.uvarint()?;
    if i32::try_from(size).is_err() {
        return Err(reader
            .error_at(at, "a size is too large")
            .expected("at most 2147483647")
            .got(size));
    }
    Ok(size)
}

/// A name that cannot be null.
fn parse_name<'a>(reader: &mut ByteReader<'a>, what: &str) -> Result<&'a str> {
    let at = reader.position();
    reader
        .varstr()?
        .ok_or_else(|| reader.error_at(at, format!("{what} is null")))
}
