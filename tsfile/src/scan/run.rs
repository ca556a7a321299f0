//! A request in motion: file after file, device after device, batch after batch.

use super::columns::{Columns, Slot, default_form, default_table};
use super::devices::{Destination, FileDevices, Target, sources};
use super::request::{Rows, ScanRequest, TimeAs};
use super::slice::RowSlice;
use crate::arrow::{ColumnBuilder, ColumnType};
use crate::model::DataType;
use crate::model::Form;
use crate::read::context::{ScanCounters, SourceContext};
use crate::read::merge::Merge;
use crate::read::plan::SourcePlan;
use crate::read::whole::Taken;
use crate::read::{Limits, SeriesRef, TsFileReader};
use crate::{Error, Result};
use arrow_array::{Array, ArrayRef, Int64Array, RecordBatch, RecordBatchOptions};
use arrow_schema::SchemaRef;
use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

/// Record batches of a scan; ends after the first error.
#[derive(Debug)]
pub struct Scan {
    request: ScanRequest,
    columns: Columns,
    files: VecDeque<(TsFileReader, FileDevices)>,
    open: Option<OpenFile>,
    counters: ScanCounters,
    times: Vec<i64>,
    /// One for each device or tag slot, in their order.
    keys: Vec<ColumnBuilder>,
    values: Vec<ColumnBuilder>,
    max_rows: usize,
    /// Files of the rows at hand, each with its first row.
    row_files: Vec<(usize, String)>,
    /// The batch ends here, so that the next page can be taken whole.
    full: bool,
    slice: RowSlice,
    failed: bool,
    /// The batch that came last: its memory serves the next one, unless somebody still holds it by then.
    lent: Option<RecordBatch>,
}

/// The file that is being read.
#[derive(Debug)]
struct OpenFile {
    reader: TsFileReader,
    devices: FileDevices,
    next: usize,
    context: SourceContext,
    /// Columns of measurements, of the narrow and the table form.
    columns: HashMap<String, usize>,
    /// The same by the kinds of series in the index: looking up names costs more than reading a short chunk.
    by_kind: Vec<Destination>,
    merge: Option<Merge>,
    /// Position in the index of the device at hand.
    device: Option<usize>,
    name: Arc<str>,
    /// Where names are put together.
    path: String,
    /// Bytes of device names in all rows so far.
    name_bytes: u64,
    /// Cells of all rows so far, nulls included.
    cells: u64,
}

/// Plans `request` over `readers`: their rows come in the order given, ordered within each file.
///
/// # Errors
/// The request does not fit the files (an unknown column, device or table; several tables and none named; types that do not widen), or
/// their metadata cannot be read.
pub fn scan(readers: Vec<TsFileReader>, request: ScanRequest) -> Result<Scan> {
    for reader in &readers {
        reader.check_readable()?;
    }
    let form = match (request.form, &request.table) {
        (Some(form), _) => form,
        (None, Some(_)) => Form::Table,
        (None, None) => default_form(&readers, request.devices.as_deref())?,
    };
    if form == Form::Table && request.devices.is_some() {
        return Err(
            Error::argument("devices are chosen by path, which a table does not have")
                .hint("use -t with -m instead"),
        );
    }
    if form == Form::Table && request.rows == Rows::Projected {
        return Err(Error::argument("the table form has no `rows=projected`"));
    }
    let table = match (form, &request.table) {
        (Form::Table, Some(name)) => Some(name.clone()),
        (Form::Table, None) => Some(default_table(&readers)?),
        (_, Some(name)) => {
            return Err(Error::argument(format!(
                "table \"{name}\" is shown by the table form only"
            ))
            .hint("use --form table"));
        }
        _ => None,
    };
    let mut files = Vec::with_capacity(readers.len());
    let filter = request.device_filter.as_ref();
    for reader in &readers {
        files.push(match &table {
            Some(table) => FileDevices::of_table(reader, table, filter)?,
            None => FileDevices::of_tree(reader, request.devices.as_deref(), filter)?,
        });
    }
    check_devices(&readers, &files, &request)?;
    let columns = Columns::decide(&readers, &files, form, table, &request)?;
    let builder = |data_type| ColumnBuilder::new(Columns::column_type(&request, data_type));
    let values: Vec<ColumnBuilder> = columns
        .values
        .iter()
        .map(|v| builder(v.data_type))
        .collect();
    let keys: Vec<ColumnBuilder> = columns
        .slots
        .iter()
        .filter(|s| !matches!(s, Slot::Value(_)))
        .map(|_| {
            ColumnBuilder::new(ColumnType {
                data_type: DataType::String,
                text: crate::arrow::TextMode::Utf8,
                dates: request.dates,
                unit: request.unit,
            })
        })
        .collect();
    let row_bytes: usize = values
        .iter()
        .chain(&keys)
        .map(|b| b.column().width_bytes())
        .sum::<usize>()
        + size_of::<i64>();
    let max_rows = (request.batch_bytes / row_bytes).max(1);
    let slice = RowSlice::new(request.offset, request.limit);
    Ok(Scan {
        request,
        columns,
        files: readers.into_iter().zip(files).collect(),
        open: None,
        counters: ScanCounters::default(),
        times: Vec::new(),
        keys,
        values,
        max_rows,
        row_files: Vec::new(),
        full: false,
        slice,
        failed: false,
        lent: None,
    })
}

/// Decoded series at a time share this much for the compressed bytes they have fetched.
const FETCHED_BYTES: usize = 16 << 20;
/// Least and most of one chunk that is fetched at a time.
const PIECE_BYTES: (usize, usize) = if cfg!(fuzzing) {
    (64, 64)
} else {
    (4 << 10, 256 << 10)
};

/// How much of a chunk is fetched at a time when `series` are read side by side.
pub(super) fn piece_bytes(series: usize) -> Option<usize> {
    Some((FETCHED_BYTES / series.max(1)).clamp(PIECE_BYTES.0, PIECE_BYTES.1))
}

/// A device that is named and in no file is a typing mistake, not an empty result.
fn check_devices(
    readers: &[TsFileReader],
    files: &[FileDevices],
    request: &ScanRequest,
) -> Result<()> {
    let Some(wanted) = &request.devices else {
        return Ok(());
    };
    let mut found = Vec::new();
    for (reader, file) in readers.iter().zip(files) {
        let index = reader.index()?;
        found.extend(
            file.positions
                .iter()
                .filter_map(|&p| index.device(p as usize))
                .map(|d| d.id().path()),
        );
    }
    match wanted.iter().find(|w| !found.contains(w)) {
        None => Ok(()),
        Some(missing) => Err(Error::argument(format!("there is no device \"{missing}\""))
            .hint("`tsfile-cli ls` lists the devices of a file")),
    }
}

impl Scan {
    /// Schema of every batch. Field metadata hold TsFile's own facts: `tsfile.type`, `tsfile.encoding` and `tsfile.compression` (of the first
    /// chunk), `tsfile.category`, `tsfile.model`.
    pub fn schema(&self) -> SchemaRef {
        self.columns.schema.clone()
    }

    /// The form that rows have.
    pub fn form(&self) -> Form {
        self.columns.form
    }

    /// The table that is read, in the table form.
    pub fn table(&self) -> Option<&str> {
        self.columns.table.as_deref()
    }

    /// What a host may stumble over, such as names that differ only by case.
    pub fn warnings(&self) -> &[String] {
        &self.columns.warnings
    }

    /// Work done so far.
    pub fn counters(&self) -> ScanCounters {
        let open = self
            .open
            .as_ref()
            .map(|o| o.context.counters)
            .unwrap_or_default();
        ScanCounters {
            pages: self.counters.pages + open.pages,
            decompressed_bytes: self.counters.decompressed_bytes + open.decompressed_bytes,
            values: self.counters.values + open.values,
        }
    }

    /// How many of the rows that [`ScanRequest::with_offset`] passes over have not come yet: at the end of the scan, how many there were too
    /// few.
    pub fn missing_offset(&self) -> u64 {
        self.slice.missing()
    }

    /// Makes the memory of `batch` that of the next one, as far as nobody else holds it: fresh pages of memory cost more than decoding.
    fn reclaim(&mut self, batch: RecordBatch) {
        let arrays: Vec<ArrayRef> = batch.columns().to_vec();
        drop(batch);
        let mut arrays = arrays.into_iter();
        if let Some(time) = arrays.next() {
            let data = time.to_data();
            drop(time);
            let buffer = data.buffers().first().cloned();
            drop(data);
            if let Some(Ok(mut times)) = buffer.map(arrow_buffer::Buffer::into_vec::<i64>) {
                if self.times.is_empty() && times.capacity() > self.times.capacity() {
                    times.clear();
                    self.times = times;
                }
            }
        }
        let mut key = 0;
        for (slot, array) in self.columns.slots.iter().zip(arrays) {
            match slot {
                Slot::Value(i) => {
                    if let Some(b) = self.values.get_mut(*i) {
                        b.reclaim(array);
                    }
                }
                _ => {
                    if let Some(b) = self.keys.get_mut(key) {
                        b.reclaim(array);
                    }
                    key += 1;
                }
            }
        }
    }

    fn next_batch(&mut self) -> Result<Option<RecordBatch>> {
        loop {
            if self.is_full() {
                return self.flush().map(Some);
            }
            let ended = self.slice.is_filled(self.times.len());
            if ended || self.open.is_none() && !self.open_next()? {
                return if self.times.is_empty() {
                    Ok(None)
                } else {
                    self.flush().map(Some)
                };
            }
            let reader = self.open.as_ref().map(|o| o.reader.clone());
            let more = self.step();
            let more = match (more, reader) {
                (Err(e), Some(reader)) => return Err(reader.in_file(e)),
                (more, _) => more?,
            };
            if self.slice.is_skipping() && self.slice.pass(self.times.len()) {
                self.forget_rows();
            }
            if !more {
                if let Some(open) = self.open.take() {
                    self.counters.pages += open.context.counters.pages;
                    self.counters.decompressed_bytes += open.context.counters.decompressed_bytes;
                    self.counters.values += open.context.counters.values;
                }
            }
        }
    }

    fn is_full(&self) -> bool {
        if self.full || self.times.len() >= self.max_rows {
            return true;
        }
        let bytes: usize = self
            .values
            .iter()
            .chain(&self.keys)
            .map(ColumnBuilder::size_bytes)
            .sum();
        !self.times.is_empty()
            && bytes + self.times.len() * size_of::<i64>() >= self.request.batch_bytes
    }

    fn open_next(&mut self) -> Result<bool> {
        let Some((reader, devices)) = self.files.pop_front() else {
            return Ok(false);
        };
        self.row_files
            .push((self.times.len(), reader.name().to_string()));
        let context = SourceContext::new(reader.clone(), self.request.range);
        let mut open = OpenFile {
            reader,
            devices,
            next: 0,
            context,
            columns: HashMap::new(),
            by_kind: Vec::new(),
            merge: None,
            device: None,
            name: "".into(),
            path: String::new(),
            name_bytes: 0,
            cells: 0,
        };
        match self.columns.form {
            Form::Wide => {
                let index = open.reader.index()?;
                open.context.piece = piece_bytes(index.series_count());
                let merge = self.wide(&open).map_err(|e| open.reader.in_file(e))?;
                open.merge = Some(merge);
            }
            _ => {
                open.columns = self
                    .columns
                    .values
                    .iter()
                    .enumerate()
                    .map(|(i, v)| (v.name.clone(), i))
                    .collect();
                let index = open.reader.index()?;
                let kinds = index.kinds();
                open.by_kind = kinds
                    .map(|m| (open.columns.get(&**m).copied(), m.clone()))
                    .collect();
            }
        }
        self.open = Some(open);
        Ok(true)
    }

    /// All sources of all devices at once.
    fn wide(&self, open: &OpenFile) -> Result<Merge> {
        let index = open.reader.index()?;
        let by_path: HashMap<(&str, usize), usize> = self
            .columns
            .values
            .iter()
            .enumerate()
            .map(|(i, v)| ((v.name.as_str(), v.measurement_bytes), i))
            .collect();
        let mut plans: Vec<SourcePlan> = Vec::new();
        for device in open
            .devices
            .positions
            .iter()
            .filter_map(|&p| index.device(p as usize))
        {
            let path: Arc<str> = device.id().path().into();
            let destination = |series: &SeriesRef<'_>| -> Destination {
                let full = format!("{path}.{}", series.measurement);
                let column = by_path.get(&(full.as_str(), series.measurement.len()));
                (column.copied(), series.measurement.into())
            };
            let target = Target {
                form: Form::Wide,
                rows: self.request.rows,
                destination: &destination,
            };
            sources(device, &path, &target, &mut plans)?;
        }
        Ok(Merge::new(plans, self.request.range))
    }

    /// Appends some rows; false when the file has no more.
    fn step(&mut self) -> Result<bool> {
        let Some(open) = &mut self.open else {
            return Ok(false);
        };
        loop {
            if let Some(merge) = &mut open.merge {
                // The name is repeated in every row: a long one makes the batch full sooner.
                let rows_of_name = self.request.batch_bytes / open.name.len().max(1);
                // So does the last row that is wanted.
                let most = self
                    .max_rows
                    .min(rows_of_name)
                    .min(self.slice.room(self.times.len()));
                let room = self.max_rows.saturating_sub(self.times.len());
                let taken = merge.step(
                    &mut open.context,
                    room.min(most),
                    most,
                    &mut self.times,
                    &mut self.values,
                )?;
                if taken == Taken::Full {
                    self.full = true;
                    return Ok(true);
                }
                if let Taken::Rows(rows) = taken {
                    // A long name in a million rows is as much work as a page that expands.
                    let bytes = (rows as u64).saturating_mul(open.name.len() as u64);
                    open.name_bytes = open.name_bytes.saturating_add(bytes);
                    Limits::check(
                        open.name_bytes,
                        open.reader.limits().decompressed_bytes,
                        "column",
                        "the device names in all rows are longer than the size of the file justifies",
                    )?;
                    let cells = (rows as u64).saturating_mul(self.values.len() as u64);
                    open.cells = open.cells.saturating_add(cells);
                    Limits::check(
                        open.cells,
                        open.reader.limits().cells,
                        "column",
                        "the rows of the file have more cells than its size justifies",
                    )?;
                    let done = merge.is_done();
                    append_keys(&mut self.keys, &self.columns.slots, open, rows)?;
                    if done {
                        open.merge = None;
                    }
                    return Ok(true);
                }
                open.merge = None;
            }
            if self.columns.form == Form::Wide {
                return Ok(false);
            }
            let index = open.reader.index()?;
            let run = open.devices.run(index, open.next);
            let Some(device) = run.first().and_then(|&p| index.device(p as usize)) else {
                return Ok(false);
            };
            let destination = |series: &SeriesRef<'_>| -> Destination {
                let known = series.kind.and_then(|kind| open.by_kind.get(kind));
                known.cloned().unwrap_or_else(|| {
                    let column = open.columns.get(series.measurement);
                    (column.copied(), series.measurement.into())
                })
            };
            let target = Target {
                form: self.columns.form,
                rows: self.request.rows,
                destination: &destination,
            };
            open.path.clear();
            device.id().write_path(&mut open.path);
            open.name = open.path.as_str().into();
            open.device = Some(device.position());
            let mut plans = Vec::new();
            for same in run.iter().filter_map(|&p| index.device(p as usize)) {
                sources(same, &open.name, &target, &mut plans)?;
            }
            open.context.piece = piece_bytes(device.series_count());
            self.slice.drop_plans(&mut plans, self.request.range);
            open.next += run.len();
            open.merge = Some(Merge::new(plans, self.request.range));
        }
    }

    /// Drops the rows at hand; those that come next are of the file that is open.
    fn forget_rows(&mut self) {
        self.times.clear();
        for column in self.values.iter_mut().chain(&mut self.keys) {
            column.clear();
        }
        self.row_files = self
            .row_files
            .pop()
            .map(|(_, file)| (0, file))
            .into_iter()
            .collect();
    }

    fn flush(&mut self) -> Result<RecordBatch> {
        let rows = self.times.len();
        self.full = false;
        // Errors about a value name the row's device and time, which are at hand only here.
        let mut arrays: Vec<ArrayRef> = Vec::with_capacity(self.columns.slots.len() + 1);
        let mut keys = self.keys.iter_mut();
        let mut failure: Option<(usize, Error, usize)> = None;
        for (at, slot) in self.columns.slots.iter().enumerate() {
            let finished = match slot {
                Slot::Value(i) => self.values.get_mut(*i).map(ColumnBuilder::finish),
                _ => keys.next().map(ColumnBuilder::finish),
            };
            match finished {
                Some(Ok(array)) => arrays.push(array),
                Some(Err((row, e))) => {
                    failure.get_or_insert((row, e, at));
                }
                None => {}
            }
        }
        if let Some((row, error, at)) = failure {
            return Err(self.place(row, error, at, &arrays));
        }
        self.row_files = self
            .row_files
            .pop()
            .map(|(_, file)| (0, file))
            .into_iter()
            .collect();
        let times = Int64Array::from(std::mem::take(&mut self.times));
        let time: ArrayRef = match self.request.time {
            TimeAs::Raw => Arc::new(times),
            TimeAs::Timestamp => {
                let data = times
                    .into_data()
                    .into_builder()
                    .data_type(self.request.unit.timestamp());
                arrow_array::make_array(data.build().map_err(|e| Error::argument(e.to_string()))?)
            }
        };
        arrays.insert(0, time);
        let options = RecordBatchOptions::new().with_row_count(Some(rows));
        let batch =
            RecordBatch::try_new_with_options(self.columns.schema.clone(), arrays, &options)
                .map_err(|e| Error::argument(format!("cannot build a batch: {e}")))?;
        let (first, given) = self.slice.take(rows);
        Ok(if given == rows {
            batch
        } else {
            batch.slice(first, given)
        })
    }

    /// Adds device, measurement and time of `row` to an error about the value in slot `at`.
    fn place(&self, row: usize, error: Error, at: usize, before: &[ArrayRef]) -> Error {
        let mut error = match self.times.get(row) {
            Some(t) => error.at_time(*t),
            None => error,
        };
        if let Some(field) = self.columns.schema.fields().get(at + 1) {
            error = error.measurement(field.name().clone());
        }
        let devices: Vec<String> = self
            .columns
            .slots
            .iter()
            .zip(before)
            .filter(|(s, _)| !matches!(s, Slot::Value(_)))
            .filter_map(|(_, a)| a.as_any().downcast_ref::<arrow_array::StringArray>())
            .map(|a| {
                if a.is_valid(row) {
                    a.value(row).to_string()
                } else {
                    "null".into()
                }
            })
            .collect();
        if !devices.is_empty() {
            error = error.device(devices.join("."));
        }
        match self.row_files.iter().rev().find(|(first, _)| *first <= row) {
            Some((_, file)) => error.in_file(file.clone()),
            None => error,
        }
    }
}

/// The device, or its tags, for `rows` new rows.
fn append_keys(
    keys: &mut [ColumnBuilder],
    slots: &[Slot],
    open: &OpenFile,
    rows: usize,
) -> Result<()> {
    let index = open.reader.index()?;
    let device = open.device.and_then(|position| index.device(position));
    let wanted = slots.iter().filter(|s| !matches!(s, Slot::Value(_)));
    for (slot, builder) in wanted.zip(keys) {
        let value = match slot {
            Slot::Tag(i) => device.and_then(|d| d.id().tag(*i)),
            _ => Some(&*open.name),
        };
        match value {
            Some(value) => builder.append_repeated(value.as_bytes(), rows)?,
            None => builder.append_nulls(rows),
        }
    }
    Ok(())
}

impl Iterator for Scan {
    type Item = Result<RecordBatch>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.failed {
            return None;
        }
        if let Some(batch) = self.lent.take() {
            self.reclaim(batch);
        }
        let next = self.next_batch().transpose();
        self.failed = matches!(next, None | Some(Err(_)));
        if let Some(Ok(batch)) = &next {
            self.lent = Some(batch.clone());
        }
        next
    }
}
