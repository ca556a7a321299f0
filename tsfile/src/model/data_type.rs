//! The types of values, and the byte that stands for each (format.md, "Data types").

use crate::{Error, Result};
use std::fmt;

/// The type of a timeseries as the file states it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(u8)]
pub enum DataType {
    /// true or false
    Boolean = 0,
    /// 32-bit signed integer
    Int32 = 1,
    /// 64-bit signed integer
    Int64 = 2,
    /// 32-bit IEEE-754
    Float = 3,
    /// 64-bit IEEE-754
    Double = 4,
    /// bytes, UTF-8 by convention
    Text = 5,
    /// the time column of an aligned device: 64-bit times
    Vector = 6,
    /// 64-bit point in time in the file's unit
    Timestamp = 8,
    /// 32-bit `yyyymmdd`
    Date = 9,
    /// bytes
    Blob = 10,
    /// UTF-8 bytes
    String = 11,
    /// bytes that point to an external object
    Object = 12,
}

impl DataType {
    /// Every type that can be in a file.
    pub const ALL: [Self; 12] = [
        Self::Boolean,
        Self::Int32,
        Self::Int64,
        Self::Float,
        Self::Double,
        Self::Text,
        Self::Vector,
        Self::Timestamp,
        Self::Date,
        Self::Blob,
        Self::String,
        Self::Object,
    ];

    /// The name that the format uses, in capitals.
    pub fn name(self) -> &'static str {
        match self {
            Self::Boolean => "BOOLEAN",
            Self::Int32 => "INT32",
            Self::Int64 => "INT64",
            Self::Float => "FLOAT",
            Self::Double => "DOUBLE",
            Self::Text => "TEXT",
            Self::Vector => "VECTOR",
            Self::Timestamp => "TIMESTAMP",
            Self::Date => "DATE",
            Self::Blob => "BLOB",
            Self::String => "STRING",
            Self::Object => "OBJECT",
        }
    }

    /// Whether values are byte strings.
    pub fn is_bytes(self) -> bool {
        matches!(self, Self::Text | Self::Blob | Self::String | Self::Object)
    }
}

impl TryFrom<u8> for DataType {
    type Error = Error;

    #[inline]
    fn try_from(code: u8) -> Result<Self> {
        // Of every timeseries in an index: looked up, not searched for.
        const BY_CODE: [Option<DataType>; 13] = {
            let mut by_code = [None; 13];
            let mut i = 0;
            while i < DataType::ALL.len() {
                by_code[DataType::ALL[i] as usize] = Some(DataType::ALL[i]);
                i += 1;
            }
            by_code
        };
        let known = BY_CODE.get(usize::from(code)).copied().flatten();
        known.ok_or_else(|| Error::unsupported("data type", format!("unknown data type id {code}")))
    }
}

impl fmt::Display for DataType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_never_change() {
        let codes: Vec<u8> = DataType::ALL.iter().map(|t| *t as u8).collect();
        assert_eq!(codes, [0, 1, 2, 3, 4, 5, 6, 8, 9, 10, 11, 12]);
        assert!(DataType::try_from(7).is_err());
        assert!(DataType::try_from(13).is_err());
    }
}
