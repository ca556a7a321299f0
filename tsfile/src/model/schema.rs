//! What a table or a timeseries looks like.

use super::{Compression, DataType, Encoding};
use crate::{Error, Result};

/// What a table column is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(i32)]
pub enum ColumnCategory {
    /// Identifies the device (older texts: ID).
    Tag = 0,
    /// Holds measured values (older texts: MEASUREMENT).
    Field = 1,
    /// A property of the device; no writer stores values for it.
    Attribute = 2,
    /// Names the time column.
    Time = 3,
}

impl ColumnCategory {
    /// The name that the format uses.
    pub fn name(self) -> &'static str {
        match self {
            Self::Tag => "TAG",
            Self::Field => "FIELD",
            Self::Attribute => "ATTRIBUTE",
            Self::Time => "TIME",
        }
    }
}

impl TryFrom<i32> for ColumnCategory {
    type Error = Error;

    fn try_from(code: i32) -> Result<Self> {
        [Self::Tag, Self::Field, Self::Attribute, Self::Time]
            .into_iter()
            .find(|c| *c as i32 == code)
            .ok_or_else(|| {
                Error::corrupt("table schema", "unknown column category")
                    .expected("0 to 3")
                    .got(code)
            })
    }
}

/// Name, type and how a timeseries or column was meant to be stored. The chunk header is the truth.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MeasurementSchema {
    /// Name below the device, or of the column.
    pub name: String,
    /// Type.
    pub data_type: DataType,
    /// Encoding configured when the schema was made.
    pub encoding: Encoding,
    /// Compression configured when the schema was made.
    pub compression: Compression,
    /// Further settings, such as `max_point_number`.
    pub properties: Vec<(String, String)>,
}

/// One column of a table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TableColumn {
    /// Name, type and storage.
    pub measurement: MeasurementSchema,
    /// What it is for.
    pub category: ColumnCategory,
}

/// A table: columns in declared order; the order of its tags is that of a device's segments.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TableSchema {
    /// Name, lower-case as both references store it.
    pub name: String,
    /// Columns in declared order.
    pub columns: Vec<TableColumn>,
}

impl TableSchema {
    /// Columns of one category, in declared order.
    pub fn columns_of(&self, category: ColumnCategory) -> impl Iterator<Item = &TableColumn> {
        self.columns.iter().filter(move |c| c.category == category)
    }

    /// Whether Java made this schema up for tree devices: its name is a path below `root`.
    pub fn is_generated(&self) -> bool {
        self.name == "root" || self.name.starts_with("root.")
    }
}
