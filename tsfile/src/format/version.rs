//! The first and the last bytes of a file: which format it is, and how long its metadata.
//!
//! ```text
//! head  0   6  magic "TsFile"
//!       6   1  version, 3 or 4 (versions 1 and 2: six ASCII digits, "000001" or "000002")
//! tail  0   4  i32, bytes of the file metadata before it
//!       4   6  magic "TsFile"
//! ```

use crate::{Error, Result};
use std::fmt;

/// Six bytes at both ends of every TsFile.
pub const MAGIC: &[u8; 6] = b"TsFile";
const VERSION_BYTES: usize = 1;
const SIZE_BYTES: usize = 4;
/// Bytes before the data section.
pub const HEAD_BYTES: usize = MAGIC.len() + VERSION_BYTES;
/// Bytes after the file metadata.
pub const TAIL_BYTES: usize = SIZE_BYTES + MAGIC.len();

/// The layouts that this crate reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum FormatVersion {
    /// TsFile 1.x, IoTDB 0.12 to 1.3: devices are dotted paths.
    V3,
    /// TsFile 2.x: devices are lists of segments, tables have schemas, files have properties.
    V4,
}

impl FormatVersion {
    /// The byte in the file.
    pub fn code(self) -> u8 {
        match self {
            Self::V3 => 3,
            Self::V4 => 4,
        }
    }
}

impl TryFrom<u8> for FormatVersion {
    type Error = Error;

    fn try_from(code: u8) -> Result<Self> {
        [Self::V3, Self::V4]
            .into_iter()
            .find(|v| v.code() == code)
            .ok_or_else(|| {
                Error::unsupported("head", format!("unsupported format version {code}"))
                    .at(MAGIC.len() as u64)
                    .expected("3 or 4")
            })
    }
}

impl fmt::Display for FormatVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.code())
    }
}

/// Tells the version from the first bytes of a file, as many of its first 12 as it has.
///
/// # Errors
/// Corrupt when this is no TsFile, unsupported (naming the version) when it is one of another version.
pub fn parse_head(head: &[u8]) -> Result<FormatVersion> {
    let Some(rest) = head.strip_prefix(MAGIC) else {
        return Err(Error::corrupt("head", "this is not a TsFile")
            .at(0)
            .expected("\"TsFile\"")
            .got(format!(
                "\"{}\"",
                head.get(..MAGIC.len()).unwrap_or(head).escape_ascii()
            )));
    };
    let Some(&code) = rest.first() else {
        return Err(
            Error::corrupt("head", "the file ends before its version").at(head.len() as u64)
        );
    };
    // These versions wrote text, so the version byte alone would read as 48 and tell nobody anything.
    if rest.starts_with(b"000001") {
        return Err(old("TsFile version 1 (IoTDB before 0.10) is not supported"));
    }
    if rest.starts_with(b"000002") {
        return Err(old(
            "TsFile version 2 (IoTDB 0.10 and 0.11) is not supported",
        ));
    }
    FormatVersion::try_from(code)
}

fn old(message: &str) -> Error {
    Error::unsupported("head", message)
        .at(MAGIC.len() as u64)
        .hint("load it into IoTDB 1.x and export it again")
}

/// Reads the last [`TAIL_BYTES`] bytes of a file: the size of the file metadata in bytes, which lies before them.
///
/// `None` when the magic is missing: the file is not sealed. That the size fits in the file is for the caller to check.
///
/// # Errors
/// Corrupt when the size is not positive.
pub fn parse_footer(last10: &[u8]) -> Result<Option<u32>> {
    let Some(before) = last10.strip_suffix(MAGIC) else {
        return Ok(None);
    };
    let Some(size) = before.last_chunk::<SIZE_BYTES>() else {
        return Ok(None);
    };
    let size = i32::from_be_bytes(*size);
    match u32::try_from(size) {
        Ok(size) if size > 0 => Ok(Some(size)),
        _ => Err(
            Error::corrupt("footer", "the size of the file metadata is not positive")
                .at((before.len() - SIZE_BYTES) as u64)
                .got(size),
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ErrorKind;

    #[test]
    fn magic_and_sizes_never_change() {
        assert_eq!(MAGIC, &[0x54, 0x73, 0x46, 0x69, 0x6c, 0x65]);
        assert_eq!((HEAD_BYTES, TAIL_BYTES), (7, 10));
        assert_eq!(FormatVersion::V3.code(), 3);
        assert_eq!(FormatVersion::V4.code(), 4);
    }

    #[test]
    fn head_names_the_version() {
        assert_eq!(parse_head(b"TsFile\x03").unwrap(), FormatVersion::V3);
        assert_eq!(
            parse_head(b"TsFile\x04\x00\x02\x04t1").unwrap(),
            FormatVersion::V4
        );
        assert!(FormatVersion::V3 < FormatVersion::V4);
    }

    #[test]
    fn head_of_other_files_is_an_error_that_says_what_they_are() {
        for (head, kind, text) in [
            (&b""[..], ErrorKind::Corrupt, "this is not a TsFile"),
            (b"TsFil", ErrorKind::Corrupt, "this is not a TsFile"),
            (b"PAR1\0\0\0\0", ErrorKind::Corrupt, "\"PAR1\\x00\\x00\""),
            (
                b"TsFile",
                ErrorKind::Corrupt,
                "the file ends before its version",
            ),
            (
                b"TsFile000001",
                ErrorKind::Unsupported,
                "TsFile version 1 (IoTDB before 0.10) is not supported",
            ),
            (
                b"TsFile000002",
                ErrorKind::Unsupported,
                "TsFile version 2 (IoTDB 0.10 and 0.11) is not supported",
            ),
            (
                b"TsFile\x05",
                ErrorKind::Unsupported,
                "unsupported format version 5",
            ),
            (
                b"TsFile0",
                ErrorKind::Unsupported,
                "unsupported format version 48",
            ),
        ] {
            let e = parse_head(head).unwrap_err();
            assert_eq!(e.kind(), kind, "{e}");
            assert!(e.to_string().contains(text), "{e}");
        }
    }

    #[test]
    fn footer_gives_the_size_or_tells_that_it_is_missing() {
        assert_eq!(parse_footer(b"\x00\x00\x00\x59TsFile").unwrap(), Some(0x59));
        assert_eq!(parse_footer(b"\x00\x00\x00\x59TsFilf").unwrap(), None);
        assert_eq!(parse_footer(b"TsFile").unwrap(), None);
        assert_eq!(parse_footer(b"").unwrap(), None);
        for bad in [b"\x00\x00\x00\x00TsFile", b"\xff\xff\xff\xffTsFile"] {
            assert_eq!(parse_footer(bad).unwrap_err().kind(), ErrorKind::Corrupt);
        }
    }
}
