//! The flags that say how a TsFile is written.

use std::ffi::OsString;

use clap::ValueEnum;
use tsfile::format::FormatVersion;
use tsfile::model::{Compression, Encoding};
use tsfile::write::{Duplicates, Sort, WriteOptions};

use crate::shell::option;

/// Bytes of memory that rows may wait in, unless said otherwise.
const DEFAULT_MEMORY: &str = "256MiB";

/// How devices are addressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Model {
    /// By a path such as root.plant.d1
    Tree,
    /// By a table and its tags
    Table,
}

/// Layout of the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub enum Version {
    /// TsFile 1.x, IoTDB 0.12 to 1.3; no tables
    #[value(name = "3")]
    V3,
    /// TsFile 2.x
    #[default]
    #[value(name = "4")]
    V4,
}

/// Which row of several with the same device and time stays.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub enum DuplicateRows {
    /// None: they are an error that names the row
    #[default]
    Error,
    /// The last one
    Last,
    /// The first one
    First,
}

/// What becomes of devices that go back in time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub enum SortRows {
    /// They are sorted, within the limit of memory
    #[default]
    Auto,
    /// They are an error
    Strict,
}

/// Who shall read the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub enum Compat {
    /// Java and C++ from 2.5.0 on; older C++ libraries and Python packages read TS_2DIFF floats as garbage, without an error
    #[default]
    Current,
    /// C++ before 2.5.0 too: no TS_2DIFF for floats
    Broad,
}

/// Flags of `convert` for an output that is a TsFile.
#[derive(Debug, Clone, Default, clap::Args)]
#[command(next_help_heading = "Writing a TsFile")]
pub struct WriteArgs {
    /// Write tree devices or a table [default: as the rows are]
    #[arg(long)]
    pub model: Option<Model>,
    /// Give tree devices one time column for all measurements [default: true; from TsFiles: as they are]
    #[arg(long, value_name = "BOOL", action = clap::ArgAction::Set)]
    pub aligned: Option<bool>,
    /// Encode a column so; repeat for more [default: chosen by the values, without loss]
    #[arg(long, value_name = "COLUMN=ENCODING", value_parser = encoding)]
    pub encoding: Vec<(String, Encoding)>,
    /// Compress all columns, or one, so [default: LZ4 where it pays]
    #[arg(long, value_name = "[COLUMN=]NAME", value_parser = compression)]
    pub compression: Vec<(Option<String>, Compression)>,
    /// Format version [default: 4]
    #[arg(long, value_name = "VERSION")]
    pub format_version: Option<Version>,
    /// Which row stays where several have the same device and time [default: error]
    #[arg(long, value_name = "WHICH")]
    pub duplicates: Option<DuplicateRows>,
    /// What becomes of devices that go back in time [default: auto]
    #[arg(long, value_name = "HOW")]
    pub sort: Option<SortRows>,
    /// Allow encodings and conversions that round values
    #[arg(long)]
    pub lossy: bool,
    /// Allow encodings that only Java reads
    #[arg(long)]
    pub java_only: bool,
    /// Who shall read the file [default: current]
    #[arg(long, value_name = "WHO")]
    pub compat: Option<Compat>,
    /// Memory that rows may wait in before they are written, such as 64MiB [default: 256MiB]
    #[arg(long, value_name = "BYTES", value_parser = bytes)]
    pub memory_limit: Option<usize>,
    /// Read the file back and compare it with the input, column by column, before it gets its name
    #[arg(long)]
    pub verify: bool,
    /// Print the columns and the plan, and write nothing
    #[arg(long)]
    pub dry_run: bool,
}

impl WriteArgs {
    /// The first of these flags that is given, if any.
    pub fn given(&self) -> Option<&'static str> {
        [
            ("--model", self.model.is_some()),
            ("--aligned", self.aligned.is_some()),
            ("--encoding", !self.encoding.is_empty()),
            ("--compression", !self.compression.is_empty()),
            ("--format-version", self.format_version.is_some()),
            ("--duplicates", self.duplicates.is_some()),
            ("--sort", self.sort.is_some()),
            ("--lossy", self.lossy),
            ("--java-only", self.java_only),
            ("--compat", self.compat.is_some()),
            ("--memory-limit", self.memory_limit.is_some()),
            ("--verify", self.verify),
            ("--dry-run", self.dry_run),
        ]
        .into_iter()
        .find_map(|(flag, given)| given.then_some(flag))
    }

    /// In the library's terms.
    pub fn library(&self) -> WriteOptions {
        let mut options = WriteOptions::default()
            .with_lossy(self.lossy)
            .with_java_only(self.java_only)
            .with_format_version(match self.format_version.unwrap_or_default() {
                Version::V3 => FormatVersion::V3,
                Version::V4 => FormatVersion::V4,
            })
            .with_duplicates(match self.duplicates.unwrap_or_default() {
                DuplicateRows::Error => Duplicates::Error,
                DuplicateRows::First => Duplicates::First,
                DuplicateRows::Last => Duplicates::Last,
            })
            .with_sort(match self.sort.unwrap_or_default() {
                SortRows::Auto => Sort::Auto,
                SortRows::Strict => Sort::Strict,
            })
            .with_compat(match self.compat.unwrap_or_default() {
                Compat::Current => tsfile::write::Compat::Current,
                Compat::Broad => tsfile::write::Compat::Broad,
            });
        if let Some(bytes) = self.memory_limit {
            options = options.with_memory_limit(bytes);
        }
        for (column, encoding) in &self.encoding {
            options = options.with_encoding(column, *encoding);
        }
        for (column, compression) in &self.compression {
            options = match column {
                Some(column) => options.with_compression(column, *compression),
                None => options.with_default_compression(*compression),
            };
        }
        options
    }

    /// The words that lead to these flags.
    pub fn words(&self) -> Vec<OsString> {
        let mut words = Vec::new();
        let mut named = |flag: &str, value: Option<OsString>| {
            if let Some(value) = value {
                words.extend(option(flag, value));
            }
        };
        named("--model", value_name(self.model));
        named("--aligned", self.aligned.map(|a| a.to_string().into()));
        for (column, encoding) in &self.encoding {
            named("--encoding", Some(format!("{column}={encoding}").into()));
        }
        for (column, compression) in &self.compression {
            let value = match column {
                Some(column) => format!("{column}={compression}"),
                None => compression.to_string(),
            };
            named("--compression", Some(value.into()));
        }
        named("--format-version", value_name(self.format_version));
        named("--duplicates", value_name(self.duplicates));
        named("--sort", value_name(self.sort));
        named("--compat", value_name(self.compat));
        named(
            "--memory-limit",
            self.memory_limit.map(|b| b.to_string().into()),
        );
        for (flag, given) in [
            ("--lossy", self.lossy),
            ("--java-only", self.java_only),
            ("--verify", self.verify),
            ("--dry-run", self.dry_run),
        ] {
            if given {
                words.push(flag.into());
            }
        }
        words
    }
}

fn value_name<T: ValueEnum>(value: Option<T>) -> Option<OsString> {
    Some(value?.to_possible_value()?.get_name().into())
}

/// An encoding by its name in any case.
pub fn encoding_of(name: &str) -> Result<Encoding, String> {
    Encoding::ALL
        .into_iter()
        .find(|e| e.name().eq_ignore_ascii_case(name))
        .ok_or_else(|| {
            let names: Vec<_> = Encoding::ALL.iter().map(|e| e.name()).collect();
            format!(
                "no encoding is called {name}; there are {}",
                names.join(", ")
            )
        })
}

/// A compression by its name in any case.
pub fn compression_of(name: &str) -> Result<Compression, String> {
    Compression::ALL
        .into_iter()
        .find(|c| c.name().eq_ignore_ascii_case(name))
        .ok_or_else(|| {
            let names: Vec<_> = Compression::ALL.iter().map(|c| c.name()).collect();
            format!(
                "no compression is called {name}; there are {}",
                names.join(", ")
            )
        })
}

fn encoding(text: &str) -> Result<(String, Encoding), String> {
    // A path may have an equals sign, an encoding has none.
    let (column, name) = text
        .rsplit_once('=')
        .ok_or("expected COLUMN=ENCODING, such as temperature=GORILLA")?;
    Ok((column.to_owned(), encoding_of(name)?))
}

fn compression(text: &str) -> Result<(Option<String>, Compression), String> {
    match text.rsplit_once('=') {
        Some((column, name)) => Ok((Some(column.to_owned()), compression_of(name)?)),
        None => Ok((None, compression_of(text)?)),
    }
}

/// A number of bytes, with a unit or without.
fn bytes(text: &str) -> Result<usize, String> {
    let digits = text.trim_end_matches(|c: char| !c.is_ascii_digit());
    let unit = text.get(digits.len()..).unwrap_or("").trim();
    let factor: usize = match unit.to_ascii_lowercase().as_str() {
        "" | "b" => 1,
        "k" | "kib" => 1 << 10,
        "kb" => 1_000,
        "m" | "mib" => 1 << 20,
        "mb" => 1_000_000,
        "g" | "gib" => 1 << 30,
        "gb" => 1_000_000_000,
        _ => {
            return Err(format!(
                "expected a number of bytes such as {DEFAULT_MEMORY}"
            ));
        }
    };
    let number: usize = digits
        .parse()
        .map_err(|_| format!("expected a number of bytes such as {DEFAULT_MEMORY}"))?;
    number
        .checked_mul(factor)
        .ok_or_else(|| "more bytes than there can be".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flags_are_parsed_and_refused() {
        assert_eq!(
            encoding("a=b=gorilla"),
            Ok(("a=b".to_owned(), Encoding::Gorilla))
        );
        assert!(
            encoding("GORILLA")
                .unwrap_err()
                .contains("temperature=GORILLA")
        );
        assert!(encoding("a=FAST").unwrap_err().contains("TS_2DIFF"));
        assert_eq!(compression("zstd"), Ok((None, Compression::Zstd)));
        assert_eq!(
            compression("c=LZ4"),
            Ok((Some("c".to_owned()), Compression::Lz4))
        );
        for (text, expected) in [
            ("64MiB", 64 << 20),
            ("1g", 1 << 30),
            ("1000", 1000),
            ("2 kB", 2000),
        ] {
            assert_eq!(bytes(text), Ok(expected), "{text}");
        }
        for text in ["", "x", "12 parsecs", "99999999999g", "-1"] {
            assert!(bytes(text).is_err(), "{text}");
        }
    }
}
