//! What was written.

use crate::model::{Compression, DataType, Encoding};

/// What [`super::TsFileWriter::finish`] reports.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct WriteSummary {
    /// Devices that have a row.
    pub devices: u64,
    /// Timeseries, time columns not counted.
    pub series: u64,
    /// Rows of all devices.
    pub rows: u64,
    /// Values that are not null.
    pub points: u64,
    /// Size of the file in bytes.
    pub bytes: u64,
    /// Chunk groups.
    pub chunk_groups: u64,
    /// Rows of the input that the file cannot hold, since none of their fields has a value: those of non-aligned devices, and those of the
    /// form wide that belong to none of its devices.
    pub rows_without_values: u64,
    /// Rows that gave way to another one with the same device and time.
    pub duplicates: u64,
    /// Devices whose rows had to be sorted.
    pub devices_sorted: u64,
    /// Columns of the input that are null everywhere and that the file cannot record, by name.
    pub empty_columns: Vec<String>,
    /// Whether every value comes back bit for bit.
    pub lossless: bool,
    /// Columns by name, as far as they have values.
    pub columns: Vec<WrittenColumn>,
}

/// What became of the values of one name and type, over all devices.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WrittenColumn {
    /// Measurement or field.
    pub name: String,
    /// Type.
    pub data_type: DataType,
    /// Values that are not null.
    pub points: u64,
    /// Bytes of the chunks, headers included.
    pub bytes: u64,
    /// How its chunks were written, and how many in each way.
    pub chunks: Vec<(Encoding, Compression, u64)>,
}
