//! The short way: open, say what, scan.

use super::files::{FileOptions, open_files};
use super::plan::{ScanPlan, plan};
use super::request::{Rows, ScanRequest};
use super::run::{Scan, scan};
use crate::filter::Expr;
use crate::model::Form;
use crate::read::TsFileReader;
use crate::{Error, Result};
use std::path::Path;

/// Open files and what is asked of them.
#[derive(Debug, Clone)]
pub struct Query {
    readers: Vec<TsFileReader>,
    request: ScanRequest,
}

/// Opens one file.
///
/// ```
/// # fn main() -> tsfile::Result<()> {
/// # let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../testdata/golden/cpp-2.5.0/tree_minimal.tsfile");
/// let scan = tsfile::open(path)?.narrow().select(["s1"]).scan()?;
/// for batch in scan {
///     let batch = batch?; // an arrow RecordBatch: time, device_name, s1
///     assert_eq!(batch.num_rows(), 3);
/// }
/// # Ok(())
/// # }
/// ```
///
/// # Errors
/// As [`TsFileReader::open`].
pub fn open(path: impl AsRef<Path>) -> Result<Query> {
    open_many([path])
}

/// Opens several files, directories of them or patterns, as [`open_files`] does; rows come one file after the other.
///
/// # Errors
/// As [`open_files`].
pub fn open_many<P: AsRef<Path>>(paths: impl IntoIterator<Item = P>) -> Result<Query> {
    let paths: Vec<P> = paths.into_iter().collect();
    Ok(Query::new(
        open_files(&paths, &FileOptions::default())?.readers,
    ))
}

impl Query {
    /// Everything in files that are open already.
    pub fn new(readers: Vec<TsFileReader>) -> Self {
        Self {
            readers,
            request: ScanRequest::new(),
        }
    }

    /// The open files.
    pub fn readers(&self) -> &[TsFileReader] {
        &self.readers
    }

    /// Rows (time, one column per timeseries).
    #[must_use]
    pub fn wide(self) -> Self {
        self.with(|r| r.with_form(Form::Wide))
    }

    /// Rows (time, device, one column per measurement).
    #[must_use]
    pub fn narrow(self) -> Self {
        self.with(|r| r.with_form(Form::Narrow))
    }

    /// Rows (time, tags, fields) of a table.
    #[must_use]
    pub fn table(self, name: &str) -> Self {
        self.with(|r| r.with_form(Form::Table).with_table(Some(name)))
    }

    /// Only these columns, see [`ScanRequest::with_columns`].
    #[must_use]
    pub fn select<S: Into<String>>(self, columns: impl IntoIterator<Item = S>) -> Self {
        let columns = columns.into_iter().map(Into::into).collect();
        self.with(|r| r.with_columns(Some(columns)))
    }

    /// Only these tree devices.
    #[must_use]
    pub fn devices<S: Into<String>>(self, devices: impl IntoIterator<Item = S>) -> Self {
        let devices = devices.into_iter().map(Into::into).collect();
        self.with(|r| r.with_devices(devices))
    }

    /// Only rows for which this is true: an [`Expr`], or its text, see [`ScanRequest::with_filter`].
    ///
    /// ```
    /// # fn main() -> tsfile::Result<()> {
    /// # let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../testdata/golden/cpp-2.5.0/tree_minimal.tsfile");
    /// let query = tsfile::open(path)?.narrow().filter("device_name = 'root.sg.d1' AND s1 < 0 AND time > 1000")?;
    /// let rows: usize = query.scan()?.map(|batch| batch.map_or(0, |b| b.num_rows())).sum();
    /// assert_eq!(rows, 2);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// The text is no expression; the error shows the place.
    pub fn filter<E>(self, filter: E) -> Result<Self>
    where
        E: TryInto<Expr>,
        Error: From<E::Error>,
    {
        let filter = filter.try_into()?;
        Ok(self.with(|r| r.with_filter(Some(filter))))
    }

    /// What the request means for the files, to be explained, cut into splits or run.
    ///
    /// # Errors
    /// As [`plan`].
    pub fn plan(self) -> Result<ScanPlan> {
        plan(self.readers, self.request)
    }

    /// Only times from `start` to `end`, both inclusive, in the unit of the file.
    #[must_use]
    pub fn time_range(self, start: i64, end: i64) -> Self {
        self.with(|r| r.with_time_range(start, end))
    }

    /// Which rows exist.
    #[must_use]
    pub fn rows(self, rows: Rows) -> Self {
        self.with(|r| r.with_rows(rows))
    }

    /// Passes over so many rows before the first one is given, see [`ScanRequest::with_offset`].
    #[must_use]
    pub fn offset(self, rows: u64) -> Self {
        self.with(|r| r.with_offset(rows))
    }

    /// Ends after so many rows, see [`ScanRequest::with_limit`].
    ///
    /// ```
    /// # fn main() -> tsfile::Result<()> {
    /// # let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../testdata/golden/cpp-2.5.0/tree_minimal.tsfile");
    /// let scan = tsfile::open(path)?.narrow().offset(1).limit(1).scan()?;
    /// let rows: usize = scan.map(|batch| batch.map_or(0, |b| b.num_rows())).sum();
    /// assert_eq!(rows, 1);
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn limit(self, rows: u64) -> Self {
        self.with(|r| r.with_limit(Some(rows)))
    }

    /// Changes any other option of the request.
    #[must_use]
    pub fn with(mut self, change: impl FnOnce(ScanRequest) -> ScanRequest) -> Self {
        self.request = change(self.request);
        self
    }

    /// Starts reading.
    ///
    /// # Errors
    /// As [`scan`].
    pub fn scan(self) -> Result<Scan> {
        scan(self.readers, self.request)
    }
}
