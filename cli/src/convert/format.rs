//! Which file formats there are, and how one is recognised.

use std::fs::File;
use std::io::Read as _;
use std::path::Path;

use clap::ValueEnum;

use crate::exit::{Blame as _, Failure, Outcome};

/// Bytes that tell the formats apart.
const MAGIC_BYTES: u64 = 6;
const TSFILE_MAGIC: &[u8] = b"TsFile";
const PARQUET_MAGIC: &[u8] = b"PAR1";
const ARROW_MAGIC: &[u8] = b"ARROW1";
/// A stream starts with a continuation marker instead of the magic.
const ARROW_STREAM_MARKER: &[u8] = &[0xff; 4];

/// What `convert` writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum OutputFormat {
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
    /// By the first bytes, else by the extension.
    ///
    /// # Errors
    ///
    /// When the file cannot be read, or neither says anything.
    pub fn detect(path: &Path) -> Outcome<Self> {
        let mut head = Vec::new();
        File::open(path)
            .and_then(|f| f.take(MAGIC_BYTES).read_to_end(&mut head))
            .input(path.display())?;
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
                "{}: unknown format; expected a TsFile, Parquet or Arrow file, or the extension .csv, .tsv or .ndjson",
                path.display()
            ))),
        }
    }
}

fn extension(path: &Path) -> Option<String> {
    Some(path.extension()?.to_str()?.to_ascii_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn magic_wins_over_extension() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("x.csv");
        std::fs::write(&path, b"PAR1....").unwrap();
        assert_eq!(InputFormat::detect(&path).unwrap(), InputFormat::Parquet);
        std::fs::write(&path, b"a,b\n").unwrap();
        assert_eq!(InputFormat::detect(&path).unwrap(), InputFormat::Csv);
        let path = dir.path().join("x.bin");
        std::fs::write(&path, b"TsFile\x04").unwrap();
        assert_eq!(InputFormat::detect(&path).unwrap(), InputFormat::TsFile);
        std::fs::write(&path, b"what").unwrap();
        assert!(InputFormat::detect(&path).is_err());
    }

    #[test]
    fn extensions_of_outputs() {
        for (name, format) in [
            ("a.parquet", Some(OutputFormat::Parquet)),
            ("a.ARROW", Some(OutputFormat::Arrow)),
            ("a.feather", Some(OutputFormat::Arrow)),
            ("a.jsonl", Some(OutputFormat::Ndjson)),
            ("a.tsv", Some(OutputFormat::Tsv)),
            ("a.tsfile", None),
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
