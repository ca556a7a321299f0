//! Flags that several commands share.

use clap::{Args, ValueEnum};

use crate::exit::{Failure, Outcome};

/// How a TsFile is opened.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Opening")]
pub struct OpenArgs {
    /// Read a file without a footer up to its last whole chunk group
    #[arg(long)]
    pub recover: bool,
    /// Read although a .mods file with deletions lies beside the TsFile (deleted points reappear)
    #[arg(long)]
    pub ignore_mods: bool,
    /// Pass over files, directories and patterns that lead to nothing, and say how many on stderr
    #[arg(long)]
    pub ignore_missing: bool,
    /// Pass over files that are corrupt where they are opened, or no TsFiles, and say how many on stderr
    #[arg(long)]
    pub ignore_corrupt: bool,
    /// Pass over files without a footer, and say how many on stderr
    #[arg(long, conflicts_with = "recover")]
    pub ignore_unsealed: bool,
    /// Lift the limits that hold back files which claim more rows or bytes than their size makes likely
    #[arg(long)]
    pub trusted: bool,
}

impl OpenArgs {
    /// In the library's terms.
    pub fn library(&self) -> tsfile::ReadOptions {
        tsfile::ReadOptions::new()
            .with_recover(self.recover)
            .with_ignore_mods(self.ignore_mods)
            .with_trusted(self.trusted)
    }
}

/// What several files may disagree about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum SchemaMode {
    /// The same columns in all files
    Strict,
    /// Columns by name, with the same type
    Union,
    /// Columns by name; INT32 becomes INT64, INT32 and FLOAT become DOUBLE, TEXT becomes STRING
    Widen,
}

impl SchemaMode {
    /// In the library's terms.
    pub fn library(self) -> tsfile::scan::SchemaMode {
        match self {
            Self::Strict => tsfile::scan::SchemaMode::Strict,
            Self::Union => tsfile::scan::SchemaMode::Union,
            Self::Widen => tsfile::scan::SchemaMode::Widen,
        }
    }
}

/// How the columns of several files come together.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Several files")]
pub struct SchemaArgs {
    /// What several TsFiles may disagree about [default: strict for tables, union for tree devices]
    #[arg(long, value_name = "MODE")]
    pub schema: Option<SchemaMode>,
    /// With --schema widen, and between the devices of a file: INT64 with FLOAT or DOUBLE becomes DOUBLE, which may lose bits
    #[arg(long)]
    pub lossy_types: bool,
}

/// Which device or table, and which columns of it.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Scope")]
pub struct ObjectArgs {
    /// Only this device (tree model)
    #[arg(short, long, value_name = "DEVICE", conflicts_with = "table")]
    pub device: Vec<String>,
    /// Only this table (table model)
    #[arg(short, long, value_name = "TABLE")]
    pub table: Option<String>,
    /// Only this measurement or column; repeat for more
    #[arg(short, long = "measurements", value_name = "NAME")]
    pub measurement: Vec<String>,
}

/// Which times; both ends belong to the range.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Scope")]
pub struct RangeArgs {
    /// First time, as the raw number in the file
    #[arg(long, value_name = "TIME", allow_negative_numbers = true)]
    pub start: Option<i64>,
    /// Last time, as the raw number in the file
    #[arg(long, value_name = "TIME", allow_negative_numbers = true)]
    pub end: Option<i64>,
}

impl RangeArgs {
    /// First and last time, both inclusive.
    pub fn bounds(&self) -> (i64, i64) {
        (self.start.unwrap_or(i64::MIN), self.end.unwrap_or(i64::MAX))
    }

    /// Whether there can be a time between the two.
    ///
    /// # Errors
    /// Usage.
    pub fn check(&self) -> Outcome {
        match (self.start, self.end) {
            (Some(start), Some(end)) if start > end => Err(Failure::usage(format!(
                "--start {start} lies behind --end {end}"
            ))),
            _ => Ok(()),
        }
    }

    /// Whether any time was excluded.
    pub fn is_given(&self) -> bool {
        self.start.is_some() || self.end.is_some()
    }
}

/// How the time column is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Time {
    /// The number in the file
    Raw,
    /// An instant, under --time-unit
    Timestamp,
}

/// What one step of a time stands for; a TsFile does not say.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub enum TimeUnit {
    /// Milliseconds
    #[default]
    Ms,
    /// Microseconds
    Us,
    /// Nanoseconds
    Ns,
}

impl TimeUnit {
    /// As the flag spells it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Ms => "ms",
            Self::Us => "us",
            Self::Ns => "ns",
        }
    }

    /// In the library's terms.
    pub fn library(self) -> tsfile::scan::TimeUnit {
        match self {
            Self::Ms => tsfile::scan::TimeUnit::Ms,
            Self::Us => tsfile::scan::TimeUnit::Us,
            Self::Ns => tsfile::scan::TimeUnit::Ns,
        }
    }

    /// In Arrow's terms.
    pub fn arrow(self) -> arrow_schema::TimeUnit {
        match self {
            Self::Ms => arrow_schema::TimeUnit::Millisecond,
            Self::Us => arrow_schema::TimeUnit::Microsecond,
            Self::Ns => arrow_schema::TimeUnit::Nanosecond,
        }
    }
}

/// How time is shown.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Time")]
pub struct TimeArgs {
    /// The time column as numbers or as instants [default: timestamp for Parquet and Arrow, raw for text]
    #[arg(long, value_name = "HOW")]
    pub time: Option<Time>,
    /// What one step of time is; TsFiles do not record it [default: ms]
    #[arg(long, value_name = "UNIT")]
    pub time_unit: Option<TimeUnit>,
}

/// How rows look.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Form {
    /// One row per (device, time), one column per measurement
    Narrow,
    /// One row per time, one column per timeseries
    Wide,
    /// One row per (tags, time) of one table
    Table,
}

impl Form {
    /// In the library's terms.
    pub fn library(self) -> tsfile::scan::Form {
        match self {
            Self::Narrow => tsfile::scan::Form::Narrow,
            Self::Wide => tsfile::scan::Form::Wide,
            Self::Table => tsfile::scan::Form::Table,
        }
    }
}

/// Which rows exist.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub enum Rows {
    /// Rows in which anything of the device has a point
    #[default]
    All,
    /// Rows in which a selected column has a point
    Projected,
}

impl Rows {
    /// In the library's terms.
    pub fn library(self) -> tsfile::scan::Rows {
        match self {
            Self::All => tsfile::scan::Rows::All,
            Self::Projected => tsfile::scan::Rows::Projected,
        }
    }
}

/// What becomes of rows that several TsFiles hold of one device and time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Dedup {
    /// All of them are there, file after file
    None,
    /// The files are merged by device and time; of each column the last file with a value wins
    Last,
}

impl Dedup {
    /// In the library's terms.
    pub fn library(self) -> tsfile::scan::Dedup {
        match self {
            Self::None => tsfile::scan::Dedup::None,
            Self::Last => tsfile::scan::Dedup::Last,
        }
    }
}

/// Whether files are merged.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Several files")]
pub struct DedupArgs {
    /// What becomes of rows that several TsFiles hold of one device and time [default: none]
    #[arg(long, value_name = "WHICH")]
    pub dedup: Option<Dedup>,
}

impl DedupArgs {
    /// Whether they are.
    pub fn is_merge(&self) -> bool {
        self.dedup == Some(Dedup::Last)
    }

    /// In the library's terms.
    pub fn library(&self) -> tsfile::scan::Dedup {
        self.dedup.unwrap_or(Dedup::None).library()
    }
}

/// How many threads read.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Speed")]
pub struct ThreadArgs {
    /// Threads that read, decompress and decode; the rows and their order stay the same [default: all cores]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub threads: Option<u16>,
}

impl ThreadArgs {
    /// How many.
    pub fn count(&self) -> usize {
        match self.threads {
            Some(threads) => threads.into(),
            None => std::thread::available_parallelism().map_or(1, usize::from),
        }
    }
}

/// What becomes of text that is not UTF-8.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub enum Text {
    /// An error that names the place
    #[default]
    Utf8,
    /// U+FFFD for the bytes that are no UTF-8
    Lossy,
    /// A binary column
    Binary,
}

impl Text {
    /// In the library's terms.
    pub fn library(self) -> tsfile::scan::TextMode {
        match self {
            Self::Utf8 => tsfile::scan::TextMode::Utf8,
            Self::Lossy => tsfile::scan::TextMode::Lossy,
            Self::Binary => tsfile::scan::TextMode::Binary,
        }
    }
}

/// What becomes of integers that are no date.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub enum Dates {
    /// An error that names the place
    #[default]
    Error,
    /// Null
    Null,
    /// The column shows the integers as they are stored (yyyymmdd)
    Int,
}

impl Dates {
    /// In the library's terms.
    pub fn library(self) -> tsfile::scan::DateMode {
        match self {
            Self::Error => tsfile::scan::DateMode::Error,
            Self::Null => tsfile::scan::DateMode::Null,
            Self::Int => tsfile::scan::DateMode::Int,
        }
    }
}
