//! Turns rows of one form into another: wide, narrow, table (design: "Three forms of a row, exactly").
//!
//! Whole columns move: each conversion works out which input row every output row comes from, then gathers column by
//! column. All batches of a call share column names and types and are converted together, since the order and the columns of the result
//! depend on all of them; metadata comes from the first batch. Results come in batches of at most [`BATCH_ROWS`] rows.
//! No batch in, no batch out; batches without rows give one batch without rows, which carries the schema.
//!
//! For every conversion:
//!
//! - the time column is Int64 or Timestamp and keeps its type; a null in it is an error;
//! - the time and device columns of results cannot be null, all others can;
//! - the metadata of a column is kept when it comes from one column, else the entries that all its sources share;
//!   metadata of the schema is dropped, since it describes the other form;
//! - Dictionary columns are unpacked; nested and run-end encoded types are refused.

mod columns;
mod narrow;
mod rows;
mod table;
#[cfg(test)]
mod tests;
mod wide;

use arrow_array::RecordBatch;

use crate::Result;

pub use narrow::wide_to_narrow;
pub use table::{TableBatches, narrow_to_table, table_to_narrow};
pub use wide::narrow_to_wide;

/// Most rows in one batch of a result.
pub const BATCH_ROWS: usize = 65_536;

/// Default name of the time column.
pub const DEFAULT_TIME: &str = "time";

/// Default name of the device column of the narrow form.
pub const DEFAULT_DEVICE: &str = "device_name";

/// What the columns that are no measurements are called, in the input and in the result.
///
/// ```
/// use tsfile::form::convert::Names;
///
/// let names = Names::default().with_device("device");
/// assert_eq!((names.time.as_str(), names.device.as_str()), ("time", "device"));
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Names {
    /// The time column.
    pub time: String,
    /// The device column of the narrow form.
    pub device: String,
}

impl Default for Names {
    fn default() -> Self {
        Self {
            time: DEFAULT_TIME.to_string(),
            device: DEFAULT_DEVICE.to_string(),
        }
    }
}

impl Names {
    /// Names the time column; [`DEFAULT_TIME`] unless set.
    #[must_use]
    pub fn with_time(mut self, name: impl Into<String>) -> Self {
        self.time = name.into();
        self
    }

    /// Names the device column of the narrow form; [`DEFAULT_DEVICE`] unless set.
    #[must_use]
    pub fn with_device(mut self, name: impl Into<String>) -> Self {
        self.device = name.into();
        self
    }
}

/// Wide rows as table rows: [`wide_to_narrow`], then [`narrow_to_table`].
///
/// ```
/// use arrow_array::record_batch;
/// use tsfile::form::convert::{Names, wide_to_table};
///
/// let wide = record_batch!(("time", Int64, [1]), ("plant.north.s1", Int32, [5]))?;
/// let result = wide_to_table(&[wide], &["site".to_string()], &Names::default())?;
/// assert_eq!(result.table.as_deref(), Some("plant"));
/// let expected = record_batch!(("time", Int64, [1]), ("site", Utf8, ["north"]), ("s1", Int32, [5]))?;
/// assert_eq!(result.batches[0].columns(), expected.columns());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
///
/// Those of the two conversions.
pub fn wide_to_table(
    batches: &[RecordBatch],
    tags: &[String],
    names: &Names,
) -> Result<TableBatches> {
    narrow_to_table(&wide_to_narrow(batches, names)?, tags, names)
}

/// Table rows as wide rows: [`table_to_narrow`], then [`narrow_to_wide`].
///
/// ```
/// use arrow_array::record_batch;
/// use tsfile::form::convert::{Names, table_to_wide};
///
/// let table = record_batch!(("time", Int64, [1]), ("site", Utf8, ["north"]), ("s1", Int32, [5]))?;
/// let wide = table_to_wide(&[table], "plant", &["site".to_string()], &Names::default())?;
/// assert_eq!(wide[0].schema().field(1).name(), "plant.north.s1");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
///
/// Those of the two conversions.
pub fn table_to_wide(
    batches: &[RecordBatch],
    table: &str,
    tags: &[String],
    names: &Names,
) -> Result<Vec<RecordBatch>> {
    narrow_to_wide(&table_to_narrow(batches, table, tags, names)?, names)
}
