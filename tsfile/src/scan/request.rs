//! What is asked for.

use super::merge_files::Dedup;
use crate::arrow::{DateMode, TextMode, TimeUnit};
use crate::filter::Expr;
use crate::infer::{Rules, SchemaMode};
use crate::model::{DeviceId, Form, Zone};
use crate::read::CancelToken;
use std::sync::Arc;

/// Which rows exist, in the forms wide and narrow.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Rows {
    /// Rows do not depend on the selected columns: siblings are read for row existence.
    #[default]
    All,
    /// Only rows in which a selected series has a point.
    Projected,
}

/// How the time column is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum TimeAs {
    /// Int64, the number in the file.
    #[default]
    Raw,
    /// Timestamp in the unit of the request, UTC.
    Timestamp,
}

/// Chooses devices by their segments: of the table model by table and tags, of the tree model by path.
#[derive(Clone)]
pub(super) struct DeviceFilter(Chosen);

#[derive(Clone)]
enum Chosen {
    By(Arc<dyn Fn(&DeviceId) -> bool + Send + Sync>),
    Named(Arc<[DeviceId]>),
}

impl DeviceFilter {
    pub(super) fn new(keep: impl Fn(&DeviceId) -> bool + Send + Sync + 'static) -> Self {
        Self(Chosen::By(Arc::new(keep)))
    }

    pub(super) fn keeps(&self, device: &DeviceId) -> bool {
        match &self.0 {
            Chosen::By(keep) => keep(device),
            Chosen::Named(devices) => devices.binary_search(device).is_ok(),
        }
    }

    /// The devices, when they are named: they can be looked up.
    pub(super) fn named(&self) -> Option<&[DeviceId]> {
        match &self.0 {
            Chosen::By(_) => None,
            Chosen::Named(devices) => Some(devices),
        }
    }
}

impl std::fmt::Debug for DeviceFilter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("DeviceFilter")
    }
}

/// Default of [`ScanRequest::with_batch_bytes`]: 4 MiB.
pub const DEFAULT_BATCH_BYTES: usize = 4 << 20;
/// Default of [`ScanRequest::with_batches_in_flight`]: 8.
pub const DEFAULT_BATCHES_IN_FLIGHT: usize = 8;
/// Above this many timeseries the form must be named: wide is not chosen by default.
pub const MAX_DEFAULT_WIDE_SERIES: usize = 1000;

/// What to read of some files, and how to show it.
#[derive(Debug, Clone)]
pub struct ScanRequest {
    pub(super) form: Option<Form>,
    pub(super) columns: Option<Vec<String>>,
    pub(super) devices: Option<Vec<String>>,
    pub(super) device_filter: Option<DeviceFilter>,
    pub(super) table: Option<String>,
    pub(super) range: (i64, i64),
    pub(super) filter: Option<Expr>,
    pub(super) zone: Zone,
    pub(super) rows: Rows,
    pub(super) text: TextMode,
    pub(super) dictionaries: bool,
    pub(super) dates: DateMode,
    pub(super) time: TimeAs,
    pub(super) unit: TimeUnit,
    pub(super) batch_bytes: usize,
    pub(super) time_column: Option<String>,
    pub(super) device_column: String,
    pub(super) offset: u64,
    pub(super) limit: Option<u64>,
    pub(super) threads: usize,
    pub(super) batches_in_flight: usize,
    pub(super) cancel: CancelToken,
    pub(super) schema_mode: Option<SchemaMode>,
    pub(super) lossy_types: bool,
    pub(super) encodings: bool,
    pub(super) dedup: Dedup,
}

impl Default for ScanRequest {
    fn default() -> Self {
        Self {
            form: None,
            columns: None,
            devices: None,
            device_filter: None,
            table: None,
            range: (i64::MIN, i64::MAX),
            filter: None,
            zone: Zone::UTC,
            rows: Rows::All,
            text: TextMode::Utf8,
            dictionaries: false,
            dates: DateMode::Error,
            time: TimeAs::Raw,
            unit: TimeUnit::Ms,
            batch_bytes: DEFAULT_BATCH_BYTES,
            time_column: None,
            device_column: "device_name".into(),
            offset: 0,
            limit: None,
            threads: 1,
            batches_in_flight: DEFAULT_BATCHES_IN_FLIGHT,
            cancel: CancelToken::default(),
            schema_mode: None,
            lossy_types: false,
            encodings: false,
            dedup: Dedup::None,
        }
    }
}

impl ScanRequest {
    /// Everything, in the default form of the files.
    pub fn new() -> Self {
        Self::default()
    }

    /// Asks for a form. Default: table for files of the table model, wide for the tree model up to
    /// [`MAX_DEFAULT_WIDE_SERIES`] timeseries.
    #[must_use]
    pub fn with_form(mut self, form: Form) -> Self {
        self.form = Some(form);
        self
    }

    /// Columns besides the time, in the order wanted (default: `None`, all).
    ///
    /// Wide: timeseries paths, or measurements, which stand for all timeseries of that name. Narrow: measurements;
    /// the device column is always there. Table: tags and fields.
    #[must_use]
    pub fn with_columns(mut self, columns: Option<Vec<String>>) -> Self {
        self.columns = columns;
        self
    }

    /// Tree devices by path; none given means all (default).
    #[must_use]
    pub fn with_devices(mut self, devices: Vec<String>) -> Self {
        self.devices = (!devices.is_empty()).then_some(devices);
        self
    }

    /// Only devices that `keep` returns true for (default: all). It is asked while planning: nothing is read of the others.
    ///
    /// A table is filtered by its tags with it, see [`DeviceId::tag`]; it does not see rows.
    #[must_use]
    pub fn with_device_filter(
        mut self,
        keep: impl Fn(&DeviceId) -> bool + Send + Sync + 'static,
    ) -> Self {
        self.device_filter = Some(DeviceFilter::new(keep));
        self
    }

    /// Only these devices, of a table or of the tree model (default: all), instead of [`ScanRequest::with_device_filter`]: they are looked up,
    /// and the rest of the index is not read. A device that a file does not have is left out.
    #[must_use]
    pub fn with_device_ids(mut self, devices: impl IntoIterator<Item = DeviceId>) -> Self {
        let mut devices: Vec<DeviceId> = devices.into_iter().collect();
        devices.sort_unstable();
        self.device_filter = Some(DeviceFilter(Chosen::Named(devices.into())));
        self
    }

    /// The table of the form table; needed only when a file has several.
    #[must_use]
    pub fn with_table(mut self, table: Option<&str>) -> Self {
        self.table = table.map(str::to_string);
        self
    }

    /// First and last time wanted, both inclusive, in the unit of the file (default: all).
    #[must_use]
    pub fn with_time_range(mut self, start: i64, end: i64) -> Self {
        self.range = (start, end);
        self
    }

    /// Only rows for which this is true (default: `None`, all). It may name any column of the form, shown or not: the time column, the device
    /// column or tags, measurements; in the wide form timeseries by path, or by measurement where only one has it.
    ///
    /// The rows are those of a scan without it, filtered afterwards, but only what can matter is read.
    #[must_use]
    pub fn with_filter(mut self, filter: Option<Expr>) -> Self {
        self.filter = filter;
        self
    }

    /// Zone of instants that the filter gives as text without one (default: [`Zone::UTC`]); see [`Expr::parse_in`] for its literals of type TIMESTAMP.
    #[must_use]
    pub fn with_zone(mut self, zone: Zone) -> Self {
        self.zone = zone;
        self
    }

    /// Which rows exist (default: [`Rows::All`]).
    #[must_use]
    pub fn with_rows(mut self, rows: Rows) -> Self {
        self.rows = rows;
        self
    }

    /// What happens to text that is no UTF-8 (default: [`TextMode::Utf8`], an error).
    #[must_use]
    pub fn with_text(mut self, text: TextMode) -> Self {
        self.text = text;
        self
    }

    /// Gives text as dictionaries, `Dictionary(Int32, Utf8)` (default: false, `Utf8`): devices, tags, and the TEXT and STRING values that are not
    /// Binary by [`TextMode::Binary`]. Pages that hold a dictionary keep it, and what repeats is there once; entries can be equal to each other
    /// and need not be used.
    #[must_use]
    pub fn with_dictionaries(mut self, dictionaries: bool) -> Self {
        self.dictionaries = dictionaries;
        self
    }

    /// What happens to dates that do not exist (default: [`DateMode::Error`]).
    #[must_use]
    pub fn with_dates(mut self, dates: DateMode) -> Self {
        self.dates = dates;
        self
    }

    /// How the time column is shown (default: [`TimeAs::Raw`]).
    #[must_use]
    pub fn with_time(mut self, time: TimeAs) -> Self {
        self.time = time;
        self
    }

    /// Unit of the times in the file, which does not record it (default: [`TimeUnit::Ms`]).
    #[must_use]
    pub fn with_time_unit(mut self, unit: TimeUnit) -> Self {
        self.unit = unit;
        self
    }

    /// About how large a batch is (default: [`DEFAULT_BATCH_BYTES`]).
    #[must_use]
    pub fn with_batch_bytes(mut self, bytes: usize) -> Self {
        self.batch_bytes = bytes.max(1);
        self
    }

    /// Name of the time column (default: `time`, or the declared time column of a table).
    #[must_use]
    pub fn with_time_column(mut self, name: &str) -> Self {
        self.time_column = Some(name.to_string());
        self
    }

    /// Name of the device column of the narrow form (default: `device_name`).
    #[must_use]
    pub fn with_device_column(mut self, name: &str) -> Self {
        self.device_column = name.to_string();
        self
    }

    /// Passes over so many rows before the first one is given (default: 0). They are counted as they would come, over all files. They become
    /// no arrays, so that text and dates in them are not checked, and chunks that hold nothing else are not opened where statistics count their
    /// rows.
    #[must_use]
    pub fn with_offset(mut self, rows: u64) -> Self {
        self.offset = rows;
        self
    }

    /// Ends after so many rows, over all files (default: `None`, all). Reading ends with the last of them: no chunk is opened of which no row
    /// is needed.
    #[must_use]
    pub fn with_limit(mut self, rows: Option<u64>) -> Self {
        self.limit = rows;
        self
    }

    /// Reads splits on so many threads, side by side (default: 1, the caller's own). Rows come in the same order.
    #[must_use]
    pub fn with_threads(mut self, threads: usize) -> Self {
        self.threads = threads.max(1);
        self
    }

    /// At most so many batches wait to be fetched, over all threads, but one for each thread (default: [`DEFAULT_BATCHES_IN_FLIGHT`]).
    #[must_use]
    pub fn with_batches_in_flight(mut self, batches: usize) -> Self {
        self.batches_in_flight = batches.max(1);
        self
    }

    /// Ends the scan with an error when `token` is cancelled, before the next page (default: a token that nobody has).
    #[must_use]
    pub fn with_cancel(mut self, token: CancelToken) -> Self {
        self.cancel = token;
        self
    }

    /// What several files may disagree about (default: `None`, [`SchemaMode::default_of`] the form). Between the devices of one file types
    /// always widen.
    #[must_use]
    pub fn with_schema_mode(mut self, mode: Option<SchemaMode>) -> Self {
        self.schema_mode = mode;
        self
    }

    /// Joins INT64 with FLOAT and DOUBLE to DOUBLE where types widen, which may lose bits (default: false, an error).
    #[must_use]
    pub fn with_lossy_types(mut self, lossy: bool) -> Self {
        self.lossy_types = lossy;
        self
    }

    /// What becomes of rows that several files hold of one device and time, or in the wide form of one time (default: [`Dedup::None`], all of
    /// them are given, file after file). Otherwise devices come one after the other, each with its rows of all files by time, and a filter is
    /// asked of the rows that come out of it: a value that a later file overwrites is none.
    #[must_use]
    pub fn with_dedup(mut self, dedup: Dedup) -> Self {
        self.dedup = dedup;
        self
    }

    /// How types of columns come together in `form`.
    pub(super) fn schema_rules(&self, form: Form) -> Rules {
        Rules {
            mode: self.schema_mode.unwrap_or(SchemaMode::default_of(form)),
            lossy: self.lossy_types,
        }
    }

    /// Notes encoding and compression in the field metadata of the tree forms as well, as `tsfile.encoding` and `tsfile.compression` (default:
    /// false). Only the header of a chunk tells, so that the first one of each column is looked at before there is a schema; the table form has
    /// them from its schema.
    #[must_use]
    pub fn with_encodings(mut self, encodings: bool) -> Self {
        self.encodings = encodings;
        self
    }

    /// Whether texts of fields are given as dictionaries.
    pub(super) fn has_keys(&self) -> bool {
        self.dictionaries && self.text != TextMode::Binary
    }

    /// Whether devices are named or chosen, and read to their end: then their chunks are fetched at once.
    pub(super) fn is_selective(&self) -> bool {
        let few = self.devices.is_some() || self.device_filter.is_some();
        few && self.limit.is_none() && self.offset == 0
    }
}
