//! Wire codes of encodings (value level) and compressions (byte level).

use crate::{Error, Result};
use std::fmt;

/// How the values of a page are turned into bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(u8)]
#[allow(missing_docs)]
pub enum Encoding {
    Plain = 0,
    Dictionary = 1,
    Rle = 2,
    Diff = 3,
    Ts2Diff = 4,
    Bitmap = 5,
    GorillaV1 = 6,
    Regular = 7,
    Gorilla = 8,
    Zigzag = 9,
    Freq = 10,
    Chimp = 11,
    Sprintz = 12,
    Rlbe = 13,
    Camel = 14,
}

impl Encoding {
    /// Every encoding that has a code; DIFF and FREQ were never implemented by anyone.
    pub const ALL: [Self; 15] = [
        Self::Plain,
        Self::Dictionary,
        Self::Rle,
        Self::Diff,
        Self::Ts2Diff,
        Self::Bitmap,
        Self::GorillaV1,
        Self::Regular,
        Self::Gorilla,
        Self::Zigzag,
        Self::Freq,
        Self::Chimp,
        Self::Sprintz,
        Self::Rlbe,
        Self::Camel,
    ];

    /// The name that the format uses.
    pub fn name(self) -> &'static str {
        match self {
            Self::Plain => "PLAIN",
            Self::Dictionary => "DICTIONARY",
            Self::Rle => "RLE",
            Self::Diff => "DIFF",
            Self::Ts2Diff => "TS_2DIFF",
            Self::Bitmap => "BITMAP",
            Self::GorillaV1 => "GORILLA_V1",
            Self::Regular => "REGULAR",
            Self::Gorilla => "GORILLA",
            Self::Zigzag => "ZIGZAG",
            Self::Freq => "FREQ",
            Self::Chimp => "CHIMP",
            Self::Sprintz => "SPRINTZ",
            Self::Rlbe => "RLBE",
            Self::Camel => "CAMEL",
        }
    }
}

impl TryFrom<u8> for Encoding {
    type Error = Error;

    fn try_from(code: u8) -> Result<Self> {
        Self::ALL
            .into_iter()
            .find(|e| *e as u8 == code)
            .ok_or_else(|| {
                Error::unsupported("encoding", format!("unsupported encoding id {code}"))
            })
    }
}

impl fmt::Display for Encoding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// How the bytes of a page are compressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(u8)]
#[allow(missing_docs)]
pub enum Compression {
    Uncompressed = 0,
    Snappy = 1,
    Gzip = 2,
    Lzo = 3,
    Lz4 = 7,
    Zstd = 8,
    Lzma2 = 9,
}

impl Compression {
    /// Every compression that is in files; codes 4 to 6 (SDT, PAA, PLA) were only ever reserved.
    pub const ALL: [Self; 7] = [
        Self::Uncompressed,
        Self::Snappy,
        Self::Gzip,
        Self::Lzo,
        Self::Lz4,
        Self::Zstd,
        Self::Lzma2,
    ];

    /// The name that the format uses.
    pub fn name(self) -> &'static str {
        match self {
            Self::Uncompressed => "UNCOMPRESSED",
            Self::Snappy => "SNAPPY",
            Self::Gzip => "GZIP",
            Self::Lzo => "LZO",
            Self::Lz4 => "LZ4",
            Self::Zstd => "ZSTD",
            Self::Lzma2 => "LZMA2",
        }
    }
}

impl TryFrom<u8> for Compression {
    type Error = Error;

    fn try_from(code: u8) -> Result<Self> {
        Self::ALL
            .into_iter()
            .find(|c| *c as u8 == code)
            .ok_or_else(|| {
                Error::unsupported("compression", format!("unsupported compression id {code}"))
            })
    }
}

impl fmt::Display for Compression {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_never_change() {
        let codes: Vec<u8> = Encoding::ALL.iter().map(|t| *t as u8).collect();
        assert_eq!(codes, (0..=14).collect::<Vec<u8>>());
        assert!(
            Encoding::try_from(15)
                .unwrap_err()
                .to_string()
                .contains("unsupported encoding id 15")
        );
        let codes: Vec<u8> = Compression::ALL.iter().map(|t| *t as u8).collect();
        assert_eq!(codes, [0, 1, 2, 3, 7, 8, 9]);
        assert!(Compression::try_from(4).is_err());
    }
}
