//! One file: from Arrow batches to bytes.
//!
//! ```
//! use arrow_array::record_batch;
//! use tsfile::{TsFileWriter, WriteOptions};
//!
//! let batch = record_batch!(
//!     ("time", Int64, [1, 2, 3]),
//!     ("device_name", Utf8, ["root.plant.d1", "root.plant.d1", "root.plant.d2"]),
//!     ("temperature", Float64, [21.5, 21.7, 19.0])
//! )?;
//! let path = std::env::temp_dir().join(format!("tsfile-doc-{}.tsfile", std::process::id()));
//! let mut writer = TsFileWriter::create(&path, batch.schema(), WriteOptions::default())?;
//! writer.write(&batch)?;
//! let summary = writer.finish()?; // only now is there a file of that name
//! assert_eq!((summary.devices, summary.points), (2, 3));
//! # std::fs::remove_file(&path)?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! Rows wait in memory, as the batches they came in, until [`WriteOptions::with_memory_limit`] is reached or [`TsFileWriter::flush`] is called:
//! then each device that has rows gets a chunk group. So devices may take turns in the input, rows that are out of order are sorted as long as
//! they wait, and the encoding of a chunk (see [`choose`]) is chosen by values that are all at hand. Of what is written, some bytes per chunk
//! stay in memory for the index at the end of the file.

pub mod choose;
mod chunk;
mod flush;
mod gather;
mod group;
mod held;
mod ingest;
mod input;
mod keys;
mod known;
mod layout;
mod options;
mod order;
mod output;
mod summary;
mod tail;
mod totals;

pub use layout::Layout;
pub use options::{
    Compat, DEFAULT_CHUNK_GROUP_BYTES, DEFAULT_INDEX_DEGREE, DEFAULT_MAX_POINT_NUMBER,
    DEFAULT_MEMORY_LIMIT, DEFAULT_PAGE_BYTES, DEFAULT_PAGE_POINTS, Duplicates, Sort, WriteOptions,
};
pub use summary::{WriteSummary, WrittenColumn};

use crate::arrow::Cells;
pub use crate::format::LOSSLESS_PROPERTY;
use crate::format::{FormatVersion, MAGIC};
use crate::io::{AtomicFile, Overwrite, Sink};
use crate::model::{Compression, DeviceId, Form, TableSchema};
use crate::{Error, Result};
use arrow_array::RecordBatch;
use arrow_schema::SchemaRef;
use choose::Plan;
use chunk::{ChunkWriter, How};
use held::{Held, Measurement, Run, Shape};
use input::Input;
use known::Known;
use output::Output;
use std::collections::HashMap;
use std::path::Path;
use tail::ClosedChunks;
use totals::Totals;

/// Memory that a device and a run take beside their rows, about.
const DEVICE_BYTES: usize = 400;
const RUN_BYTES: usize = 24;

/// Writes one TsFile: start, write, finish.
///
/// Dropped without [`TsFileWriter::finish`], or after an error, nothing is left and what had the name before is untouched.
pub struct TsFileWriter {
    options: WriteOptions,
    out: Output,
    input: Option<Input>,
    /// Shape of the forms narrow and table.
    input_shape: u32,
    /// Whether tree devices may have any path.
    input_any_path: bool,
    /// Device and shape of each device of the form wide.
    wide: Vec<(u32, u32)>,
    measurements: Vec<Measurement>,
    how: Vec<How>,
    /// By name and type, and by the path where the options name it.
    known_measurements: HashMap<(Measurement, Option<String>), u32>,
    shapes: Vec<Shape>,
    devices: Vec<Device>,
    known_devices: Known,
    held: Vec<Held>,
    held_bytes: usize,
    /// Bytes of what has to stay until the end.
    kept_bytes: usize,
    rows_seen: u64,
    tables: Vec<TableSchema>,
    chunks: ChunkWriter,
    totals: Totals,
    summary: WriteSummary,
    state: State,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Open,
    Failed,
    Done,
}

struct Device {
    id: DeviceId,
    aligned: bool,
    /// The columns that it has had so far.
    shape: Option<u32>,
    runs: Vec<Run>,
    last_time: Option<i64>,
    /// Time of the last row that is in the file.
    written_until: Option<i64>,
    needs_sort: bool,
    closed: ClosedChunks,
}

impl std::fmt::Debug for TsFileWriter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("TsFileWriter")
            .field("devices", &self.devices.len())
            .field("held_bytes", &self.held_bytes)
            .field("position", &self.out.position())
            .finish_non_exhaustive()
    }
}

impl TsFileWriter {
    /// Starts a file that appears at `path` when it is finished, and replaces a file that is there then. `schema` is that of every batch.
    ///
    /// # Errors
    /// The directory cannot be written, another writer is at work on `path`, or as [`TsFileWriter::start`].
    pub fn create(
        path: impl AsRef<Path>,
        schema: SchemaRef,
        options: WriteOptions,
    ) -> Result<Self> {
        let sink = AtomicFile::create(path.as_ref(), Overwrite::Replace)?;
        Self::start(Box::new(sink), schema, options)
    }

    /// Starts a file in `sink`, which must be empty. `schema` is that of every batch.
    ///
    /// # Errors
    /// A column has no counterpart in a TsFile, is missing, or is asked to be written in a way that is not legal for its type; the format
    /// version cannot hold the form.
    pub fn start(sink: Box<dyn Sink>, schema: SchemaRef, options: WriteOptions) -> Result<Self> {
        let layout = options.layout.clone();
        let mut new = Self::start_devices(sink, options)?;
        new.set_input(schema, layout, true)?;
        Ok(new)
    }

    /// The batches to come are of another schema or form. What came before stays; tables and tree devices can be in one file.
    ///
    /// # Errors
    /// As [`TsFileWriter::start`]; a table is announced twice.
    pub fn set_layout(&mut self, schema: SchemaRef, layout: Layout) -> Result<()> {
        self.guarded(|w| w.set_input(schema, layout, false))
    }

    fn set_input(&mut self, schema: SchemaRef, layout: Layout, only: bool) -> Result<()> {
        let input = Input::try_new(schema, layout, &self.options)?;
        if only {
            self.check_names(&input)?;
        }
        let columns: Vec<_> = input
            .columns
            .iter()
            .map(|(_, i)| (i.name.clone(), i.data_type))
            .collect();
        let aligned = input.layout.aligned;
        self.input_any_path = input.layout.any_path;
        self.wide.clear();
        match input.form {
            // A column that is null everywhere is a timeseries all the same where columns are timeseries, or belong to a schema.
            Form::Wide => {
                for (device, of_device) in &input.wide {
                    let columns: Vec<_> = of_device
                        .iter()
                        .filter_map(|k| columns.get(*k).cloned())
                        .collect();
                    let shape = self.shape(&columns, aligned, aligned, Some(device))?;
                    let device = self.device(&keys::key_of(device), aligned)?;
                    self.wide.push((device, shape));
                }
            }
            Form::Narrow => {
                let every = aligned && input.layout.every_column;
                self.input_shape = self.shape(&columns, aligned, every, None)?;
            }
            Form::Table => {
                self.options.name_in_lower_case(&input);
                self.add_table(ingest::schema_of(&input, &self.options))?;
                self.input_shape = self.shape(&columns, true, true, None)?;
            }
        }
        self.input = Some(input);
        Ok(())
    }

    /// Starts a file whose rows come device by device, by [`TsFileWriter::write_device`], in whatever columns each device has.
    ///
    /// # Errors
    /// The options contradict each other, or the sink refuses.
    pub fn start_devices(sink: Box<dyn Sink>, options: WriteOptions) -> Result<Self> {
        for (name, value) in [
            ("page_points", options.page_points),
            ("page_bytes", options.page_bytes),
            ("chunk_group_bytes", options.chunk_group_bytes),
            ("index_degree", options.index_degree.saturating_sub(1)),
        ] {
            if value == 0 {
                return Err(Error::argument(format!("{name} is too small")));
            }
        }
        let lzo = options
            .compressions
            .values()
            .chain(&options.default_compression)
            .any(|c| *c == Compression::Lzo);
        if lzo {
            return Err(Error::argument("LZO can be read, not written")
                .expected("one of UNCOMPRESSED, SNAPPY, GZIP, LZ4, ZSTD, LZMA2"));
        }
        let mut out = Output::new(sink);
        out.put(MAGIC)?;
        out.put(&[options.version.code()])?;
        Ok(Self {
            options,
            out,
            input: None,
            input_shape: 0,
            input_any_path: false,
            wide: Vec::new(),
            measurements: Vec::new(),
            how: Vec::new(),
            known_measurements: HashMap::new(),
            shapes: Vec::new(),
            devices: Vec::new(),
            known_devices: Known::default(),
            held: Vec::new(),
            held_bytes: 0,
            kept_bytes: 0,
            rows_seen: 0,
            tables: Vec::new(),
            chunks: ChunkWriter::default(),
            totals: Totals::default(),
            summary: WriteSummary {
                lossless: true,
                ..WriteSummary::default()
            },
            state: State::Open,
        })
    }

    /// Announces a table, for [`TsFileWriter::write_device`]. Names are stored in lower case.
    ///
    /// # Errors
    /// The format version has no tables, or there is one of that name.
    pub fn add_table(&mut self, mut table: TableSchema) -> Result<()> {
        if self.options.version == FormatVersion::V3 {
            return Err(Error::argument("format version 3 has no tables")
                .got(format!("table {}", table.name))
                .hint("write format version 4 (--format-version 4), or the rows as tree devices"));
        }
        table.name = table.name.to_lowercase();
        for c in &mut table.columns {
            c.measurement.name = c.measurement.name.to_lowercase();
        }
        if self.tables.iter().any(|t| t.name == table.name) {
            return Err(Error::argument("the table is announced twice").got(table.name));
        }
        self.tables.push(table);
        Ok(())
    }

    /// Takes the rows of a batch. They may be held: memory is bounded by the options, and by the size of one batch.
    ///
    /// # Errors
    /// A value cannot be expressed, a row contradicts the order or the uniqueness that the options ask for, or the sink refuses. The file is
    /// given up then.
    pub fn write(&mut self, batch: &RecordBatch) -> Result<()> {
        self.guarded(|w| {
            let input = w.input.take().ok_or_else(|| {
                Error::argument("the writer was started for devices")
                    .hint("use write_device, or set_layout first")
            })?;
            let result = w.write_input(&input, batch);
            w.input = Some(input);
            result
        })
    }

    /// Takes rows of one device: a column of times, and one for each measurement.
    ///
    /// # Errors
    /// As [`TsFileWriter::write`]; the device is aligned and was not, or the other way round.
    pub fn write_device(
        &mut self,
        device: &DeviceId,
        aligned: bool,
        batch: &RecordBatch,
    ) -> Result<()> {
        self.guarded(|w| {
            w.write_one(device, aligned, batch)
                .map_err(|e| e.device(device.path()))
        })
    }

    /// Writes everything that is held: each device with rows gets a chunk group.
    ///
    /// # Errors
    /// As [`TsFileWriter::write`].
    pub fn flush(&mut self) -> Result<()> {
        self.guarded(|w| w.write_held(false))
    }

    /// Writes what is held and the end of the file, makes it durable and gives it its name.
    ///
    /// # Errors
    /// As [`TsFileWriter::write`]. Unless the error says otherwise, nothing is left and what had the name before is untouched.
    pub fn finish(self) -> Result<WriteSummary> {
        self.finish_checked(|_| Ok(()))
    }

    /// As [`TsFileWriter::finish`], but asks `check` when the file is complete and durable, and has not got its name yet.
    ///
    /// # Errors
    /// As [`TsFileWriter::finish`], and those of `check`.
    pub fn finish_checked(
        mut self,
        check: impl FnOnce(&WriteSummary) -> Result<()>,
    ) -> Result<WriteSummary> {
        self.guarded(|w| {
            w.write_held(true)?;
            w.write_tail()?;
            let summary = &w.summary;
            w.out.commit(|| check(summary))
        })?;
        self.state = State::Done;
        Ok(std::mem::take(&mut self.summary))
    }

    fn guarded<T>(&mut self, work: impl FnOnce(&mut Self) -> Result<T>) -> Result<T> {
        if self.state != State::Open {
            return Err(Error::argument(
                "the writer has failed before and takes no more rows",
            ));
        }
        // A panic on the way would leave a writer that must not be used.
        self.state = State::Failed;
        match work(self) {
            Ok(done) => {
                self.state = State::Open;
                Ok(done)
            }
            Err(e) => {
                self.out.discard();
                Err(e)
            }
        }
    }
}

impl Drop for TsFileWriter {
    fn drop(&mut self) {
        if self.state != State::Done {
            self.out.discard();
        }
    }
}
