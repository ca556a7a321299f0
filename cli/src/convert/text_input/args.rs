//! Flags of `convert` about its inputs that are no TsFiles.

use std::path::PathBuf;

use arrow_schema::DataType;
use clap::ValueEnum;
use tsfile::model::Zone;

/// How inputs are read.
#[derive(Debug, Clone, Default, clap::Args)]
#[command(next_help_heading = "Input")]
pub struct TextArgs {
    /// Format of the inputs [default: by their first bytes, of text by the extension]
    #[arg(long, value_name = "FORMAT")]
    pub from: Option<From>,
    /// Type of a column of text, as `schema` shows it; repeat, or separate by commas [default: by the cells]
    #[arg(long, value_name = "COL=TYPE", value_parser = Types::parse)]
    pub types: Vec<Types>,
    /// Cells that are null, besides empty ones without quotes and \N; repeat for more
    #[arg(long = "null", value_name = "TEXT", allow_hyphen_values = true)]
    pub nulls: Vec<String>,
    /// Zone of timestamps in text that name none, UTC or an offset such as +02:00 [default: they stay text]
    #[arg(long, value_name = "ZONE", allow_hyphen_values = true, value_parser = Zone::parse)]
    pub tz: Option<Zone>,
    /// What becomes of lines of text that cannot be read [default: fail]
    #[arg(long, value_name = "HOW")]
    pub on_error: Option<OnError>,
    /// Where lines go that --on-error skip passes over, each with the reason
    #[arg(long, value_name = "FILE")]
    pub rejects: Option<PathBuf>,
    /// Whether the columns are exactly those with a type, and every row has a time; only `write` asks for it.
    #[arg(skip)]
    pub exact: bool,
}

/// Formats by name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum From {
    /// Apache TsFile
    Tsfile,
    /// Apache Parquet
    Parquet,
    /// Arrow IPC, file or stream
    Arrow,
    /// Comma-separated with a header
    Csv,
    /// Tab-separated with a header
    Tsv,
    /// One JSON object per line
    Ndjson,
}

/// What becomes of bad lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub enum OnError {
    /// An error that names the place
    #[default]
    Fail,
    /// They are passed over and counted
    Skip,
}

/// Types of some columns, as one flag gives them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Types(pub Vec<(String, ColumnType)>);

impl Types {
    /// `COL=TYPE`, or several with commas between them.
    fn parse(text: &str) -> Result<Self, String> {
        // A name may hold both signs, so what is one pair as a whole is one pair.
        let parts = text.split(',').map(pair).collect::<Result<Vec<_>, _>>();
        parts
            .or_else(|reason| pair(text).map(|one| vec![one]).map_err(|_| reason))
            .map(Self)
    }

    /// As it is given.
    pub fn text(&self) -> String {
        let pairs: Vec<_> = self
            .0
            .iter()
            .map(|(name, kind)| format!("{name}={}", kind.name()))
            .collect();
        pairs.join(",")
    }
}

fn pair(text: &str) -> Result<(String, ColumnType), String> {
    let (name, kind) = text
        .rsplit_once('=')
        .ok_or_else(|| "expected COL=TYPE".to_owned())?;
    Ok((name.to_owned(), ColumnType::of(kind)?))
}

/// What a column of text can be made into.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ColumnType {
    Boolean,
    Int32,
    Int64,
    Float,
    Double,
    Text,
    String,
    Blob,
    Date,
    Timestamp,
}

impl ColumnType {
    const ALL: [Self; 10] = [
        Self::Boolean,
        Self::Int32,
        Self::Int64,
        Self::Float,
        Self::Double,
        Self::Text,
        Self::String,
        Self::Blob,
        Self::Date,
        Self::Timestamp,
    ];

    /// The type of this name, in any case.
    pub fn of(name: &str) -> Result<Self, String> {
        let known = Self::ALL.into_iter();
        let mut named = known.filter(|known| known.name().eq_ignore_ascii_case(name));
        named.next().ok_or_else(|| {
            let names = Self::ALL.map(Self::name);
            format!("\"{name}\" is no type; there are {}", names.join(", "))
        })
    }

    /// As TsFiles call it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Boolean => "BOOLEAN",
            Self::Int32 => "INT32",
            Self::Int64 => "INT64",
            Self::Float => "FLOAT",
            Self::Double => "DOUBLE",
            Self::Text => "TEXT",
            Self::String => "STRING",
            Self::Blob => "BLOB",
            Self::Date => "DATE",
            Self::Timestamp => "TIMESTAMP",
        }
    }

    /// The type that Arrow arrays of it have; instants count `unit`.
    pub fn arrow(self, unit: arrow_schema::TimeUnit) -> DataType {
        match self {
            Self::Boolean => DataType::Boolean,
            Self::Int32 => DataType::Int32,
            Self::Int64 => DataType::Int64,
            Self::Float => DataType::Float32,
            Self::Double => DataType::Float64,
            Self::Text | Self::String => DataType::Utf8,
            Self::Blob => DataType::Binary,
            Self::Date => DataType::Date32,
            Self::Timestamp => DataType::Timestamp(unit, Some("UTC".into())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_by_name() {
        let int = |name: &str| (name.to_owned(), ColumnType::Int32);
        assert_eq!(Types::parse("a=int32").unwrap().0, [int("a")]);
        let two = Types::parse("a=INT32,b=c=INT32").unwrap();
        assert_eq!(two.0, [int("a"), int("b=c")]);
        assert_eq!(two.text(), "a=INT32,b=c=INT32");
        assert_eq!(Types::parse("a,b=INT32").unwrap().0, [int("a,b")]);
        assert!(Types::parse("a=integer").unwrap_err().contains("BLOB"));
        assert!(Types::parse("a").is_err());
    }
}
