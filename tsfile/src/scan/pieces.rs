//! Whole files as rows that a writer takes as they are: each table, then tree devices that have the same columns together.
//!
//! Unlike a scan of one form, this keeps the type that a measurement has in each device, TEXT apart from STRING, dates and text as the bytes
//! they are, alignment, and columns without a value.

use super::{DateMode, Rows, Scan, ScanRequest, TextMode, TimeAs, plan, scan};
use crate::model::{ColumnCategory, DataType, DeviceId, Form, Model, TableColumn, TableSchema};
use crate::read::TsFileReader;
use crate::write::Layout;
use crate::{Error, Result};
use std::collections::{BTreeMap, BTreeSet, HashSet, VecDeque};

/// Names of the time and device columns of tree devices: no measurement is called so.
const TIME: &str = "\u{1}time";
const DEVICE: &str = "\u{1}device";

/// Which part of some files is wanted; everything by default.
#[derive(Debug, Clone)]
pub struct PiecesRequest {
    devices: Vec<String>,
    table: Option<String>,
    columns: Option<Vec<String>>,
    start: i64,
    end: i64,
    aligned: Option<bool>,
    threads: usize,
}

impl Default for PiecesRequest {
    fn default() -> Self {
        Self {
            devices: Vec::new(),
            table: None,
            columns: None,
            start: i64::MIN,
            end: i64::MAX,
            aligned: None,
            threads: 1,
        }
    }
}

impl PiecesRequest {
    /// Only these tree devices, by their paths; no tables then.
    #[must_use]
    pub fn with_devices(mut self, devices: Vec<String>) -> Self {
        self.devices = devices;
        self
    }

    /// Only this table; no tree devices then.
    #[must_use]
    pub fn with_table(mut self, table: Option<String>) -> Self {
        self.table = table;
        self
    }

    /// Only these measurements and fields.
    #[must_use]
    pub fn with_columns(mut self, columns: Option<Vec<String>>) -> Self {
        self.columns = columns;
        self
    }

    /// Only these times, both ends included.
    #[must_use]
    pub fn with_time_range(mut self, start: i64, end: i64) -> Self {
        (self.start, self.end) = (start, end);
        self
    }

    /// Whether tree devices are to be aligned; as they are unless set.
    #[must_use]
    pub fn with_aligned(mut self, aligned: Option<bool>) -> Self {
        self.aligned = aligned;
        self
    }

    /// Reads on so many threads, as [`ScanRequest::with_threads`] (default: 1).
    #[must_use]
    pub fn with_threads(mut self, threads: usize) -> Self {
        self.threads = threads;
        self
    }

    fn wants(&self, column: &str) -> bool {
        self.columns
            .as_ref()
            .is_none_or(|columns| columns.iter().any(|c| c == column))
    }
}

/// Rows of one table, or of tree devices with the same columns.
#[derive(Debug)]
pub struct Piece {
    /// What the columns are for, as a writer takes it.
    pub layout: Layout,
    /// Name of the time column.
    pub time_column: String,
    /// Columns that say which device a row belongs to: the tags of a table, or the device column.
    pub device_columns: Vec<String>,
    /// The table.
    pub table: Option<String>,
    /// Whether devices are aligned.
    pub aligned: bool,
    /// The rows.
    pub scan: Scan,
}

/// An iterator of pieces; each is planned when it is asked for.
#[derive(Debug)]
pub struct Pieces {
    readers: Vec<TsFileReader>,
    request: PiecesRequest,
    left: VecDeque<Plan>,
}

#[derive(Debug)]
enum Plan {
    Table(TableSchema),
    Tree {
        reader: usize,
        kind: Kind,
        devices: HashSet<DeviceId>,
    },
}

/// What tree devices have in common.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Kind {
    aligned: bool,
    columns: Vec<(String, DataType)>,
}

/// Splits files into what a writer takes as it is. Several files follow one another.
///
/// ```no_run
/// use tsfile::scan::{PiecesRequest, pieces};
/// use tsfile::{ReadOptions, TsFileReader, TsFileWriter, WriteOptions, io::{AtomicFile, Overwrite}};
///
/// # fn main() -> tsfile::Result<()> {
/// let reader = TsFileReader::open("old.tsfile", ReadOptions::default())?;
/// let sink = AtomicFile::create("new.tsfile", Overwrite::Replace)?;
/// let mut writer = TsFileWriter::start_devices(Box::new(sink), WriteOptions::default())?;
/// for piece in pieces(vec![reader], PiecesRequest::default())? {
///     let piece = piece?;
///     writer.set_layout(piece.scan.schema(), piece.layout)?;
///     for batch in piece.scan {
///         writer.write(&batch?)?;
///     }
/// }
/// writer.finish()?;
/// # Ok(())
/// # }
/// ```
///
/// # Errors
/// The index of a file cannot be read, or it has no such device or table.
pub fn pieces(readers: Vec<TsFileReader>, request: PiecesRequest) -> Result<Pieces> {
    let mut left = VecDeque::new();
    if request.devices.is_empty() {
        let mut seen = HashSet::new();
        for table in readers.iter().flat_map(TsFileReader::tables) {
            let wanted = request.table.as_ref().is_none_or(|t| *t == table.name);
            if wanted && seen.insert(&table.name) {
                left.push_back(Plan::Table(table.clone()));
            }
        }
    }
    if request.table.is_none() {
        for (k, reader) in readers.iter().enumerate() {
            let kinds = kinds(reader, &request)?.into_iter();
            left.extend(kinds.map(|(kind, devices)| Plan::Tree {
                reader: k,
                kind,
                devices,
            }));
        }
    }
    if left.is_empty() {
        if let Some(name) = request.table.iter().chain(&request.devices).next() {
            return Err(Error::argument("there is no such device or table").got(name));
        }
    }
    let pieces = Pieces {
        readers,
        request,
        left,
    };
    let found = pieces.columns();
    let wanted = pieces.request.columns.iter().flatten();
    if let Some(missing) = wanted.into_iter().find(|name| !found.contains(*name)) {
        return Err(Error::argument("there is no such measurement or field").got(missing));
    }
    Ok(pieces)
}

/// Tree devices by their columns.
fn kinds(
    reader: &TsFileReader,
    request: &PiecesRequest,
) -> Result<BTreeMap<Kind, HashSet<DeviceId>>> {
    let mut kinds: BTreeMap<Kind, HashSet<DeviceId>> = BTreeMap::new();
    let chosen: HashSet<&String> = request.devices.iter().collect();
    for device in reader.index()?.devices() {
        let id = device.id();
        if reader.model_of(id) != Model::Tree || !chosen.is_empty() && !chosen.contains(&id.path())
        {
            continue;
        }
        let aligned = device.is_aligned();
        let mut columns = Vec::new();
        for k in usize::from(aligned)..device.series_count() {
            let series = device.timeseries(k)?;
            if request.wants(&series.measurement) {
                columns.push((series.measurement, series.data_type));
            }
        }
        // An aligned device has rows without any measurement.
        if columns.is_empty() && (!aligned || request.columns.is_some()) {
            continue;
        }
        kinds
            .entry(Kind { aligned, columns })
            .or_default()
            .insert(id.clone());
    }
    Ok(kinds)
}

impl Pieces {
    /// Names of the measurements and fields of the pieces that are left.
    pub fn columns(&self) -> BTreeSet<String> {
        let of_plan = |plan: &Plan| -> Vec<String> {
            match plan {
                Plan::Table(table) => table
                    .columns_of(ColumnCategory::Field)
                    .map(|c| c.measurement.name.clone())
                    .filter(|name| self.request.wants(name))
                    .collect(),
                Plan::Tree { kind, .. } => kind.columns.iter().map(|(n, _)| n.clone()).collect(),
            }
        };
        self.left.iter().flat_map(of_plan).collect()
    }

    fn request(&self) -> ScanRequest {
        ScanRequest::new()
            .with_text(TextMode::Binary)
            .with_dates(DateMode::Int)
            .with_time(TimeAs::Raw)
            .with_rows(Rows::All)
            .with_time_range(self.request.start, self.request.end)
            .with_threads(self.request.threads)
    }

    fn table(&self, table: &TableSchema) -> Result<Piece> {
        let name = |c: &TableColumn| c.measurement.name.clone();
        let tags: Vec<String> = table.columns_of(ColumnCategory::Tag).map(name).collect();
        let time = table
            .columns_of(ColumnCategory::Time)
            .map(name)
            .next()
            .unwrap_or_else(|| "time".to_string());
        let mut request = self
            .request()
            .with_form(Form::Table)
            .with_table(Some(&table.name))
            .with_time_column(&time);
        let is_tag = |c: &TableColumn| c.category == ColumnCategory::Tag;
        let declared = table.columns.iter().filter(|c| match c.category {
            ColumnCategory::Tag => true,
            ColumnCategory::Field => self.request.wants(&c.measurement.name),
            _ => false,
        });
        let sorted = declared.clone().map(is_tag).is_sorted_by(|a, b| a >= b);
        if self.request.columns.is_some() {
            request = request.with_columns(Some(declared.map(name).collect()));
        } else if !sorted {
            // A scan has the tags first, but a schema need not. What it does not declare comes last.
            let all = plan(self.readers.clone(), request.clone())?.schema();
            let names = all.fields().iter().map(|f| f.name().clone());
            let declared: Vec<String> = declared.map(name).collect();
            let others: Vec<String> = names
                .filter(|n| *n != time && !declared.contains(n))
                .collect();
            request = request.with_columns(Some([declared, others].concat()));
        }
        Ok(Piece {
            layout: Layout::default()
                .with_table(&table.name)
                .with_tags(tags.iter().cloned())
                .with_time_column(&time),
            time_column: time,
            device_columns: tags,
            table: Some(table.name.clone()),
            aligned: true,
            scan: scan(self.readers.clone(), request)?,
        })
    }

    fn tree(&self, reader: usize, kind: Kind, devices: HashSet<DeviceId>) -> Result<Piece> {
        let columns: Vec<String> = kind.columns.into_iter().map(|(name, _)| name).collect();
        let mut request = self
            .request()
            .with_form(Form::Narrow)
            .with_time_column(TIME)
            .with_device_column(DEVICE)
            .with_device_filter(move |device| devices.contains(device));
        if !columns.is_empty() {
            request = request.with_columns(Some(columns));
        }
        let aligned = self.request.aligned.unwrap_or(kind.aligned);
        let readers = self.readers.get(reader).cloned().into_iter().collect();
        Ok(Piece {
            layout: Layout::default()
                .with_form(Form::Narrow)
                .with_time_column(TIME)
                .with_device_column(DEVICE)
                .with_aligned(aligned)
                .with_every_column(true)
                .with_any_path(true),
            time_column: TIME.to_string(),
            device_columns: vec![DEVICE.to_string()],
            table: None,
            aligned,
            scan: scan(readers, request)?,
        })
    }
}

impl Iterator for Pieces {
    type Item = Result<Piece>;

    fn next(&mut self) -> Option<Self::Item> {
        Some(match self.left.pop_front()? {
            Plan::Table(table) => self.table(&table),
            Plan::Tree {
                reader,
                kind,
                devices,
            } => self.tree(reader, kind, devices),
        })
    }
}
