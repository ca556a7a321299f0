//! How many, when, and from what to what: summaries of devices and their timeseries, from statistics where these say it, else from a scan.
//!
//! The result is that of a full scan. Statistics count where they are sure to say the same:
//!
//! | asked | statistics answer | unless |
//! |---|---|---|
//! | number of points, first and last time | always | chunks of the series overlap, the time range cuts a page, or a recovered file has none |
//! | first, last, min, max, sum | as above | the encoding may return other values than it was given ([`Encoding`](crate::model::Encoding): CAMEL, RLBE, SPRINTZ, and TS_2DIFF and RLE of floats), or the sum is not finite: a NaN hides from min and max |
//! | rows of an aligned device | always | its time chunks overlap, or as above |
//! | rows of a non-aligned device | of one series | several series have points in the same stretch of time: their times are decoded, their values are not |
//!
//! Where a chunk lies partly in the time range, its page headers are read, and only the pages that are cut are decoded.
//!
//! One thing differs in its last digits: the stored sum of FLOAT and DOUBLE was rounded page by page, a scan adds one value after the other.

mod aggregate;
mod decode;
mod device;
mod known;
mod parts;
mod single;
mod spans;
mod tell;

use super::devices::{Destination, FileDevices};
use super::request::DeviceFilter;
use crate::Result;
use crate::model::{ColumnCategory, DataType, DeviceId, Value};
use crate::read::context::ScanCounters;
use crate::read::{DeviceRef, SeriesRef, TsFileReader};
use decode::Decoder;
use parts::{Others, Parts};
use spans::Times;
use std::collections::HashSet;
use std::sync::Arc;
use tell::RowChunk;

pub(super) use aggregate::is_less;
pub(super) use known::{Existing, Known, KnownColumn};
pub use tell::Refusal;

/// Which devices and timeseries are summed up, and what is asked of them.
#[derive(Debug, Clone)]
pub struct SummaryRequest {
    devices: Option<Vec<String>>,
    table: Option<String>,
    filter: Option<DeviceFilter>,
    columns: Option<Vec<String>>,
    range: (i64, i64),
    values: bool,
    rows: bool,
}

impl Default for SummaryRequest {
    fn default() -> Self {
        Self {
            devices: None,
            table: None,
            filter: None,
            columns: None,
            range: (i64::MIN, i64::MAX),
            values: true,
            rows: true,
        }
    }
}

impl SummaryRequest {
    /// Everything of the tree devices.
    pub fn new() -> Self {
        Self::default()
    }

    /// The devices of this table instead of the tree devices (default: `None`).
    #[must_use]
    pub fn with_table(mut self, table: Option<&str>) -> Self {
        self.table = table.map(str::to_string);
        self
    }

    /// Tree devices by path; none given means all (default). A path that is not there is no error, it has no summary.
    #[must_use]
    pub fn with_devices(mut self, devices: Vec<String>) -> Self {
        self.devices = (!devices.is_empty()).then_some(devices);
        self
    }

    /// Only devices that `keep` returns true for (default: all); nothing is read of the others.
    #[must_use]
    pub fn with_device_filter(
        mut self,
        keep: impl Fn(&DeviceId) -> bool + Send + Sync + 'static,
    ) -> Self {
        self.filter = Some(DeviceFilter::new(keep));
        self
    }

    /// Only these measurements (default: `None`, all). Rows do not depend on it, but a tree device that has none of them has no summary.
    #[must_use]
    pub fn with_columns(mut self, columns: Option<Vec<String>>) -> Self {
        self.columns = columns;
        self
    }

    /// First and last time wanted, both inclusive, in the unit of the file (default: all).
    #[must_use]
    pub fn with_time_range(mut self, start: i64, end: i64) -> Self {
        self.range = (start, end);
        self
    }

    /// Whether first, last, min, max and sum are wanted (default: yes). Without them the encoding does not matter.
    #[must_use]
    pub fn with_values(mut self, values: bool) -> Self {
        self.values = values;
        self
    }

    /// Whether rows are wanted (default: yes). Without them nothing is decoded for the rows of non-aligned devices.
    #[must_use]
    pub fn with_rows(mut self, rows: bool) -> Self {
        self.rows = rows;
        self
    }
}

/// Where an answer came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SummarySource {
    /// From what the writer noted; no page was decoded.
    Statistics,
    /// Pages were decoded, all or some.
    Scan,
}

impl SummarySource {
    /// Lower-case name as the command line prints it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Statistics => "statistics",
            Self::Scan => "scan",
        }
    }

    /// [`SummarySource::Scan`] when either is.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        if self == Self::Scan { self } else { other }
    }
}

/// One device.
#[derive(Debug, Clone, PartialEq)]
pub struct DeviceSummary {
    /// Which.
    pub device: DeviceId,
    /// Its rows, when they were asked for.
    pub rows: Option<RowSummary>,
    /// Its timeseries in the order of the index, without the time column.
    pub series: Vec<SeriesSummary>,
}

/// The rows of a device: every time in the time column of an aligned device, every time with a point of any series of another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RowSummary {
    /// How many.
    pub count: u64,
    /// First and last time, when there is a row.
    pub times: Option<(i64, i64)>,
    /// Where this came from.
    pub source: SummarySource,
}

/// One timeseries.
#[derive(Debug, Clone, PartialEq)]
pub struct SeriesSummary {
    /// Its name below the device.
    pub measurement: Arc<str>,
    /// Its type.
    pub data_type: DataType,
    /// Number of points, nulls not counted.
    pub count: u64,
    /// First and last time with a point.
    pub times: Option<(i64, i64)>,
    /// First, last, min, max and sum, when they were asked for.
    pub values: Aggregates,
    /// Where this came from.
    pub source: SummarySource,
}

/// What the values of a timeseries amount to. All is `None` without a point, and where a type has no such thing.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Aggregates {
    /// Value of the first point in time; not of BLOB and OBJECT.
    pub first: Option<Value>,
    /// Value of the last point in time; not of BLOB and OBJECT.
    pub last: Option<Value>,
    /// Smallest value, of numbers, dates, timestamps and STRING (by bytes). NaN counts only where there is nothing else.
    pub min: Option<Value>,
    /// Largest value, of the same.
    pub max: Option<Value>,
    /// Of BOOLEAN the number of true values and of INT32 the sum, as an integer; of FLOAT and DOUBLE a double. Of INT64 files only hold a
    /// double that loses digits, so there is none.
    pub sum: Option<Value>,
}

/// Summaries of the devices of one file, in the order in which devices are presented; ends after the first error.
#[derive(Debug)]
pub struct Summaries {
    reader: TsFileReader,
    request: SummaryRequest,
    devices: FileDevices,
    next: usize,
    /// Series with these names are no columns: Java writes empty ones for tags that a tablet left out.
    tags: HashSet<String>,
    /// What is wanted by the kinds of series in the index.
    by_kind: Vec<Destination>,
    parts: Parts,
    /// Where chunks are put in the order of time.
    chunks: Vec<(Times, usize)>,
    row_chunks: Vec<(Times, RowChunk)>,
    decoder: Decoder,
    failed: bool,
}

/// Plans the summaries of one file.
///
/// ```
/// use tsfile::model::Value;
/// use tsfile::scan::{SummaryRequest, SummarySource, summarize};
/// use tsfile::{ReadOptions, TsFileReader};
///
/// # fn main() -> tsfile::Result<()> {
/// # let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../testdata/golden/cpp-2.5.0/tree_minimal.tsfile");
/// let reader = TsFileReader::open(path, ReadOptions::default())?;
/// for device in summarize(&reader, SummaryRequest::new())? {
///     let device = device?;
///     let s1 = &device.series[0];
///     assert_eq!((s1.count, s1.times), (3, Some((1_000, 1_002))));
///     assert_eq!(s1.values.min, Some(Value::Int32(-12)));
///     assert_eq!(s1.source, SummarySource::Statistics);
/// }
/// # Ok(())
/// # }
/// ```
///
/// # Errors
/// The index cannot be read.
pub fn summarize(reader: &TsFileReader, request: SummaryRequest) -> Result<Summaries> {
    let filter = request.filter.as_ref();
    let (devices, tags) = match &request.table {
        Some(table) => {
            let tags = reader
                .table(table)
                .into_iter()
                .flat_map(|schema| schema.columns_of(ColumnCategory::Tag))
                .map(|column| column.measurement.name.clone())
                .collect();
            (FileDevices::of_table(reader, table, filter, 1)?, tags)
        }
        None => {
            let devices = FileDevices::of_tree(reader, request.devices.as_deref(), filter)?;
            (devices, HashSet::new())
        }
    };
    let kinds = reader.index()?.kinds();
    let column = |m: &str| wants(&request, &tags, m).then_some(0);
    let by_kind = kinds.map(|m| (column(m), m.clone())).collect();
    Ok(Summaries {
        by_kind,
        parts: Parts::default(),
        chunks: Vec::new(),
        row_chunks: Vec::new(),
        decoder: Decoder::new(reader.clone(), request.range, request.values),
        reader: reader.clone(),
        request,
        devices,
        next: 0,
        tags,
        failed: false,
    })
}

fn wants(request: &SummaryRequest, tags: &HashSet<String>, measurement: &str) -> bool {
    let columns = request.columns.as_ref();
    columns.is_none_or(|c| c.iter().any(|c| c == measurement)) && !tags.contains(measurement)
}

impl Summaries {
    /// Pages, bytes and values decoded so far: nothing while statistics answer.
    pub fn counters(&self) -> ScanCounters {
        self.decoder.counters()
    }

    fn next_device(&mut self) -> Result<Option<DeviceSummary>> {
        let reader = self.reader.clone();
        let index = reader.index()?;
        loop {
            let run = self.devices.run(index, self.next);
            let mut devices = run.iter().filter_map(|&p| index.device(p as usize));
            let Some(first) = devices.next() else {
                return Ok(None);
            };
            let (one, several): ([DeviceRef<'_>; 1], Vec<DeviceRef<'_>>);
            let same: &[DeviceRef<'_>] = match run.len() {
                1 => {
                    one = [first];
                    &one
                }
                _ => {
                    several = std::iter::once(first).chain(devices).collect();
                    &several
                }
            };
            let id = first.id().clone();
            self.next += run.len();
            let summary = self
                .sum_up(same)
                .map_err(|e| reader.in_file(e.device(id.path())))?;
            if let Some((series, rows)) = summary {
                return Ok(Some(DeviceSummary {
                    device: id,
                    rows,
                    series,
                }));
            }
        }
    }

    /// The series and rows of what is one device; `None` when nothing of it is wanted.
    fn sum_up(
        &mut self,
        same: &[DeviceRef<'_>],
    ) -> Result<Option<(Vec<SeriesSummary>, Option<RowSummary>)>> {
        let (request, tags, by_kind) = (&self.request, &self.tags, &self.by_kind);
        if let [device] = same {
            let simple = single::sum_up(*device, request, by_kind, &mut self.decoder)?;
            if simple.is_some() {
                return Ok(simple);
            }
        }
        let wanted = |series: &SeriesRef<'_>| -> Destination {
            let known = series.kind.and_then(|kind| by_kind.get(kind));
            known.cloned().unwrap_or_else(|| {
                let wanted = wants(request, tags, series.measurement);
                (wanted.then_some(0), series.measurement.into())
            })
        };
        let others = match request.rows {
            true => Others::Plain,
            false => Others::None,
        };
        self.parts.clear();
        self.parts.add(same, &wanted, others)?;
        let chosen = request.table.is_none() && request.columns.is_some();
        if chosen && self.parts.wanted().next().is_none() {
            return Ok(None);
        }
        let series = device::series(&self.parts, request, &mut self.decoder, &mut self.chunks)?;
        let rows = match request.rows {
            true => Some(device::rows(
                &self.parts,
                request,
                &mut self.decoder,
                &mut self.row_chunks,
            )?),
            false => None,
        };
        Ok(Some((series, rows)))
    }
}

impl Iterator for Summaries {
    type Item = Result<DeviceSummary>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.failed {
            return None;
        }
        let next = self.next_device().transpose();
        self.failed = matches!(next, None | Some(Err(_)));
        next
    }
}
