//! Which file formats there are, and how one is recognised.

use std::path::Path;

use clap::ValueEnum;

use crate::convert::origin;
use crate::convert::text_input::args::From;
use crate::exit::{Failure, Outcome};

/// Bytes that tell the formats apart.
pub const MAGIC_BYTES: u64 = 6;
const TSFILE_MAGIC: &[u8] = b"TsFile";
const PARQUET_MAGIC: &[u8] = b"PAR1";
const ARROW_MAGIC: &[u8] = b"ARROW1";
/// A stream starts with a continuation marker instead of the magic.
const ARROW_STREAM_MARKER: &[u8] = &[0xff; 4];

/// What `convert` writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum OutputFormat {
    /// Apache TsFile
    #[value(name = "tsfile")]
    TsFile,
    /// Apache Parquet
    Parquet,
    /// Arrow IPC file
    Arrow,
    /// Comma-separated with a header
    Csv,
    /// Tab-separated with a header
    Tsv,
    /// One JSON object per line
    Ndjson,
}

impl OutputFormat {
    /// By the extension of a file name.
    pub fn of_extension(path: &Path) -> Option<Self> {
        match extension(path)?.as_str() {
            "tsfile" => Some(Self::TsFile),
            "parquet" | "pq" => Some(Self::Parquet),
            "arrow" | "ipc" | "feather" => Some(Self::Arrow),
            "csv" => Some(Self::Csv),
            "tsv" | "tab" => Some(Self::Tsv),
            "ndjson" | "jsonl" => Some(Self::Ndjson),
            _ => None,
        }
    }

    /// The extension that files of it get.
    pub fn extension(self) -> &'static str {
        match self {
            Self::TsFile => "tsfile",
            Self::Parquet => "parquet",
            Self::Arrow => "arrow",
            Self::Csv => "csv",
            Self::Tsv => "tsv",
            Self::Ndjson => "ndjson",
        }
    }

    /// Whether it is text.
    pub fn is_text(self) -> bool {
        matches!(self, Self::Csv | Self::Tsv | Self::Ndjson)
    }
}

/// What `convert` reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum InputFormat {
    /// Apache TsFile, any version.
    TsFile,
    /// Apache Parquet.
    Parquet,
    /// Arrow IPC file.
    ArrowFile,
    /// Arrow IPC stream.
    ArrowStream,
    /// Comma-separated with a header.
    Csv,
    /// Tab-separated with a header.
    Tsv,
    /// One JSON object per line.
    Ndjson,
}

impl InputFormat {
    /// By the first bytes, else by the extension; `from` is stronger than both.
    ///
    /// # Errors
    ///
    /// When nothing says what it is.
    pub fn of(path: &Path, head: &[u8], from: Option<From>) -> Outcome<Self> {
        match from {
            Some(From::Tsfile) => return Ok(Self::TsFile),
            Some(From::Parquet) => return Ok(Self::Parquet),
            Some(From::Arrow) if head.starts_with(ARROW_STREAM_MARKER) => {
                return Ok(Self::ArrowStream);
            }
            Some(From::Arrow) => return Ok(Self::ArrowFile),
            Some(From::Csv) => return Ok(Self::Csv),
            Some(From::Tsv) => return Ok(Self::Tsv),
            Some(From::Ndjson) => return Ok(Self::Ndjson),
            None => {}
        }
        if head.starts_with(TSFILE_MAGIC) {
            return Ok(Self::TsFile);
        }
        if head.starts_with(PARQUET_MAGIC) {
            return Ok(Self::Parquet);
        }
        if head.starts_with(ARROW_MAGIC) {
            return Ok(Self::ArrowFile);
        }
        if head.starts_with(ARROW_STREAM_MARKER) {
            return Ok(Self::ArrowStream);
        }
        match extension(path).as_deref() {
            Some("csv") => Ok(Self::Csv),
            Some("tsv" | "tab") => Ok(Self::Tsv),
            Some("ndjson" | "jsonl") => Ok(Self::Ndjson),
            // The reader of that format says best what is wrong with it.
            Some("parquet" | "pq") => Ok(Self::Parquet),
            Some("arrow" | "ipc" | "feather") => Ok(Self::ArrowFile),
            Some("tsfile") => Ok(Self::TsFile),
            _ => Err(Failure::input(format!(
                "{}: unknown format; expected a TsFile, Parquet or Arrow file, or the extension .csv, .tsv or .ndjson, or --from FORMAT",
                origin::name(path)
            ))),
        }
    }

    /// Whether it is text.
    pub fn is_text(self) -> bool {
        matches!(self, Self::Csv | Self::Tsv | Self::Ndjson)
    }
}

fn extension(path: &Path) -> Option<String> {
    Some(path.extension()?.to_str()?.to_ascii_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn magic_wins_over_extension_and_a_name_over_both() {
        let of = |path: &str, head: &[u8], from| InputFormat::of(Path::new(path), head, from).ok();
        assert_eq!(of("x.csv", b"PAR1..", None), Some(InputFormat::Parquet));
        assert_eq!(of("x.csv", b"a,b\n", None), Some(InputFormat::Csv));
        assert_eq!(of("x.bin", b"TsFile", None), Some(InputFormat::TsFile));
        assert_eq!(of("x.bin", b"what", None), None);
        assert_eq!(of("-", b"a,b\n", None), None);
        assert_eq!(
            of("x.csv", b"PAR1..", Some(From::Tsv)),
            Some(InputFormat::Tsv)
        );
        let arrow = Some(From::Arrow);
        assert_eq!(
            of("-", b"\xff\xff\xff\xff", arrow),
            Some(InputFormat::ArrowStream)
        );
        assert_eq!(of("-", b"ARROW1", arrow), Some(InputFormat::ArrowFile));
    }

    #[test]
    fn extensions_of_outputs() {
        for (name, format) in [
            ("a.parquet", Some(OutputFormat::Parquet)),
            ("a.ARROW", Some(OutputFormat::Arrow)),
            ("a.feather", Some(OutputFormat::Arrow)),
            ("a.jsonl", Some(OutputFormat::Ndjson)),
            ("a.tsv", Some(OutputFormat::Tsv)),
            ("a.tsfile", Some(OutputFormat::TsFile)),
            ("a", None),
        ] {
            assert_eq!(
                OutputFormat::of_extension(Path::new(name)),
                format,
                "{name}"
            );
        }
    }
}
