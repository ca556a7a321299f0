//! How rows look (docs/architecture.md, "Three forms").

use std::fmt;

/// The form of rows, in what is read and in what is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Form {
    /// One row per time, one column per timeseries.
    Wide,
    /// One row per (device, time), one column per measurement.
    Narrow,
    /// One row per (tags, time) of one table.
    Table,
}

impl Form {
    /// Lower-case name as the command line has it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Wide => "wide",
            Self::Narrow => "narrow",
            Self::Table => "table",
        }
    }
}

impl fmt::Display for Form {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}
