//! One file: from bytes to decoded columns.
//!
//! [`TsFileReader`] opens a file and answers from its metadata. Rows come from [`crate::scan`], which drives the parts here:
//! [`ChunkReader`] fetches pages, `page` decodes them, `merge` puts chunks in the order of time.
#![deny(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::cast_possible_truncation
)]

mod ahead;
mod body;
pub(crate) mod buffers;
mod cancel;
pub(crate) mod chunk;
pub(crate) mod context;
pub(crate) mod each;
pub(crate) mod gather;
mod index;
pub(crate) mod late;
mod limits;
pub(crate) mod merge;
mod options;
mod page;
mod places;
pub(crate) mod plan;
mod recover;
mod rows;
mod rule_out;
pub(crate) mod select;
mod small;
mod source;
mod tail;
pub(crate) mod trust;
mod union;
pub(crate) mod whole;
mod window;

pub use cancel::CancelToken;
use chunk::ChunkCodes;
pub use chunk::ChunkReader;
pub use index::{DeviceExtent, DeviceRef, Index, SeriesRef};
pub use limits::Limits;
pub use options::{
    DEFAULT_MAX_METADATA_BYTES, DEFAULT_MAX_PAGE_BYTES, DEFAULT_MAX_PAGE_POINTS, ReadOptions,
};
pub(crate) use source::touches;
pub use window::Window;

use crate::format::{
    BloomFilter, ChunkHeader, FileMetadata, FormatVersion, LOSSLESS_PROPERTY, PageHeader,
    TAIL_BYTES,
};
use crate::io::{FilePool, FileSource, ReadAt};
use crate::model::{DeviceId, Model, TableSchema};
use crate::{Error, ErrorKind, Result};
use index::Held;
use places::Places;
use std::collections::HashMap;
use std::ops::Range;
use std::path::Path;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use tail::Ending;

/// Above this, what lies in front of the metadata section is a read of its own: cutting it off would move all that follows.
const MAX_MOVED_BYTES: u64 = 1 << 20;
/// Above this, several threads read a section together.
const LEAST_SHARED_BYTES: usize = 4 << 20;

/// An open TsFile. Clones share the file, its metadata and its index.
#[derive(Clone)]
pub struct TsFileReader {
    inner: Arc<Inner>,
    /// A part of the index, when nothing else is asked for.
    part: Option<Arc<Index>>,
}

struct Inner {
    source: Box<dyn ReadAt>,
    name: String,
    options: ReadOptions,
    version: FormatVersion,
    metadata: FileMetadata,
    /// End of the metadata section; the file metadata begins here.
    metadata_start: u64,
    whole_metadata: bool,
    ending: OnceLock<Ending>,
    notes: Vec<String>,
    recovered: bool,
    /// Place of each table in the schemas; the first of a name counts.
    tables: HashMap<String, usize>,
    index: OnceLock<Arc<Index>>,
    /// What was read of the metadata section when the file was opened, until the whole of it is.
    held: Mutex<Option<Arc<Held>>>,
    /// Where pages are that were walked over.
    places: Places,
}

impl std::fmt::Debug for TsFileReader {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("TsFileReader")
            .field("name", &self.inner.name)
            .finish_non_exhaustive()
    }
}

impl TsFileReader {
    /// Opens a file on disk.
    ///
    /// # Errors
    /// [`ErrorKind::Io`] when it cannot be opened; [`ErrorKind::Deletions`] when a `.mods` or `.mods2` file lies beside it and the options do
    /// not ignore it; [`ErrorKind::Unsealed`] without a footer and without `recover`; [`ErrorKind::Corrupt`],
    /// [`ErrorKind::Unsupported`] and [`ErrorKind::Limit`] for what is in it.
    pub fn open(path: impl AsRef<Path>, options: ReadOptions) -> Result<Self> {
        let path = path.as_ref();
        let source = FileSource::open(path)?;
        check_mods(path, &options)?;
        Self::new(source, path.display().to_string(), options)
    }

    /// Opens a file on disk that is closed and opened again as the pool needs room: thousands of readers share its few open files.
    ///
    /// # Errors
    /// As [`TsFileReader::open`]; later, [`ErrorKind::Changed`] when the file is another one when it is opened again.
    pub fn open_in(
        path: impl AsRef<Path>,
        options: ReadOptions,
        pool: &Arc<FilePool>,
    ) -> Result<Self> {
        let path = path.as_ref();
        let source = FileSource::open_in(path, pool)?;
        check_mods(path, &options)?;
        Self::new(source, path.display().to_string(), options)
    }

    /// Opens any source; `name` stands for it in errors.
    ///
    /// # Errors
    /// As [`TsFileReader::open`], without the look for deletions.
    pub fn new(
        source: impl ReadAt + 'static,
        name: impl Into<String>,
        options: ReadOptions,
    ) -> Result<Self> {
        let name = name.into();
        let opened = tail::open(&source, &name, &options).map_err(|e| e.in_file(name.clone()))?;
        let mut tables = HashMap::new();
        for (i, schema) in opened.metadata.schemas.iter().enumerate() {
            if !schema.is_generated() {
                tables.entry(schema.name.clone()).or_insert(i);
            }
        }
        // A table that cannot be read is a table all the same; its place is none.
        for (name, _) in &opened.metadata.unknown_schemas {
            tables.entry(name.clone()).or_insert(usize::MAX);
        }
        let inner = Inner {
            tables,
            source: Box::new(source),
            name,
            options,
            version: opened.version,
            metadata: opened.metadata,
            metadata_start: opened.metadata_start,
            whole_metadata: opened.whole_metadata,
            ending: OnceLock::new(),
            notes: opened.notes,
            recovered: opened.recovered.is_some(),
            index: OnceLock::new(),
            held: Mutex::new(opened.held.map(Arc::new)),
            places: Places::default(),
        };
        if let Some(index) = opened.recovered {
            let _ = inner.index.set(Arc::new(index));
        }
        if let Some(ending) = opened.ending {
            let _ = inner.ending.set(ending);
        }
        Ok(Self {
            inner: Arc::new(inner),
            part: None,
        })
    }

    /// Name of the file in errors.
    pub fn name(&self) -> &str {
        &self.inner.name
    }

    /// Length of the file in bytes.
    pub fn size_bytes(&self) -> u64 {
        self.inner.source.size_bytes()
    }

    /// Format version.
    pub fn format_version(&self) -> FormatVersion {
        self.inner.version
    }

    /// What the tail of the file holds; made up from the data when the file was recovered.
    pub fn metadata(&self) -> &FileMetadata {
        &self.inner.metadata
    }

    /// Whether the file had no footer and was read by walking its chunk groups.
    pub fn is_recovered(&self) -> bool {
        self.inner.recovered
    }

    /// Whether the file ends its data as the C++ library does: a hint, since no file names its writer. Large files are read there for it.
    pub fn looks_like_cpp(&self) -> bool {
        self.ending().is_ok_and(|ending| ending.cpp)
    }

    /// As [`TsFileReader::looks_like_cpp`], where it is no hint but decides.
    pub(crate) fn ends_like_cpp(&self) -> Result<bool> {
        self.ending().map(|ending| ending.cpp)
    }

    /// How the data section ends; read when it was not at hand when the file was opened.
    ///
    /// # Errors
    /// It does not end with a separator, or reading fails.
    fn ending(&self) -> Result<Ending> {
        if let Some(ending) = self.inner.ending.get() {
            return Ok(*ending);
        }
        let version = self.inner.version;
        let ending = tail::read_ending(self.source(), self.data_end(), version);
        let ending = ending.map_err(|e| self.in_file(e))?;
        Ok(*self.inner.ending.get_or_init(|| ending))
    }

    /// What recovery had to leave out of a file without a footer, one remark a line; at most 20.
    pub fn recovery_notes(&self) -> &[String] {
        &self.inner.notes
    }

    /// When the file was last modified, in nanoseconds since 1970, as far as that is known.
    pub fn modified_ns(&self) -> Option<i64> {
        self.inner.source.modified_ns()
    }

    /// An error of kind [`ErrorKind::Changed`] unless the file has this length and time of modification, those that it had elsewhere; a time
    /// that is not known does not count.
    ///
    /// # Errors
    /// As above.
    pub fn check_is(&self, size_bytes: u64, modified_ns: Option<i64>) -> Result<()> {
        let is = (self.size_bytes(), self.modified_ns());
        crate::io::check_same((size_bytes, modified_ns), is).map_err(|e| e.in_file(self.name()))
    }

    /// Options of the reader.
    pub fn options(&self) -> &ReadOptions {
        &self.inner.options
    }

    /// What a scan of this file may cost.
    pub fn limits(&self) -> Limits {
        Limits::new(self.size_bytes(), &self.inner.options)
    }

    /// Where the bytes come from.
    pub fn source(&self) -> &dyn ReadAt {
        &*self.inner.source
    }

    /// Where the data section ends, as an offset from the start of the file.
    pub fn data_end(&self) -> u64 {
        self.inner.metadata.meta_offset
    }

    /// Tables of the table model, in the order of the file; schemas that Java generated for tree devices are left out.
    pub fn tables(&self) -> impl Iterator<Item = &TableSchema> {
        self.inner
            .metadata
            .schemas
            .iter()
            .filter(|s| !s.is_generated())
    }

    /// The schema of one table of the table model.
    pub fn table(&self, name: &str) -> Option<&TableSchema> {
        let &place = self.inner.tables.get(name)?;
        self.inner.metadata.schemas.get(place)
    }

    /// How a device of this file is shown: as a row of a table when its table has a schema, else as a path.
    ///
    /// A few development builds wrote devices such as `t1.a` without any table schema; they are shown as paths.
    pub fn model_of(&self, device: &DeviceId) -> Model {
        let known = self.inner.tables.contains_key(device.table());
        if device.model() == Model::Table && known {
            Model::Table
        } else {
            Model::Tree
        }
    }

    /// Whether the writer says that every value comes back as it was given, whatever the encoding: property [`LOSSLESS_PROPERTY`].
    pub fn is_lossless(&self) -> bool {
        self.inner.metadata.property(LOSSLESS_PROPERTY) == Some(b"true")
    }

    /// The bloom filter over the paths of all timeseries; `None` when the file has none. A large one is left out when the file is opened,
    /// and read here.
    ///
    /// # Errors
    /// The file metadata is corrupt, or reading fails.
    pub fn bloom_filter(&self) -> Result<Option<BloomFilter>> {
        if self.inner.whole_metadata {
            return Ok(self.inner.metadata.bloom_filter.clone());
        }
        let start = self.inner.metadata_start;
        let bytes = self.source().size_bytes().saturating_sub(TAIL_BYTES as u64);
        let len = tail::check_metadata_size(bytes.saturating_sub(start), &self.inner.options)?;
        let bytes = crate::io::read_vec(self.source(), start, len).map_err(|e| self.in_file(e))?;
        FileMetadata::parse(&bytes, self.inner.version)
            .map(|metadata| metadata.bloom_filter)
            .map_err(|e| self.in_file(e.rebased(start)))
    }

    /// The bloom filter, if there is one and opening the file has read it.
    pub(crate) fn bloom_filter_at_hand(&self) -> Option<&BloomFilter> {
        let filter = self.inner.metadata.bloom_filter.as_ref();
        filter.filter(|_| self.inner.whole_metadata)
    }

    /// The same file as if it had no devices: its index is not read.
    pub(crate) fn without_devices(&self) -> Self {
        self.narrowed(Arc::new(Index::from_parts(self.name(), Vec::new())))
    }

    /// Devices and timeseries; read once, on first use, in one sequential read.
    ///
    /// # Errors
    /// The metadata section is corrupt or above the limit, or reading fails.
    pub fn index(&self) -> Result<&Index> {
        self.whole_index().map(|index| &**index)
    }

    /// As [`TsFileReader::index`], to keep.
    ///
    /// # Errors
    /// As [`TsFileReader::index`].
    pub fn shared_index(&self) -> Result<Arc<Index>> {
        self.whole_index().cloned()
    }

    /// Takes the index of another reader of the file, which has read it already, so that this one need not. False where that has none, or where
    /// it is not known that the file is the same as it was then: by its length and its time of modification.
    ///
    /// ```
    /// # fn main() -> tsfile::Result<()> {
    /// # let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../testdata/golden/cpp-2.5.0/tree_minimal.tsfile");
    /// use tsfile::{ReadOptions, TsFileReader};
    ///
    /// let first = TsFileReader::open(path, ReadOptions::default())?;
    /// let second = TsFileReader::open(path, ReadOptions::default())?;
    /// assert!(!second.share_index(&first));
    /// first.index()?;
    /// assert!(second.share_index(&first));
    /// # Ok(())
    /// # }
    /// ```
    pub fn share_index(&self, other: &Self) -> bool {
        let same = self.modified_ns().is_some()
            && self.name() == other.name()
            && self
                .check_is(other.size_bytes(), other.modified_ns())
                .is_ok();
        match other.inner.index.get().filter(|_| same) {
            Some(index) => {
                // Where this one has read its own, that one stays.
                let _ = self.inner.index.set(index.clone());
                true
            }
            None => false,
        }
    }

    /// The same file with a part of its index: other devices are not there for whoever asks.
    pub(crate) fn narrowed(&self, part: Arc<Index>) -> Self {
        Self {
            inner: self.inner.clone(),
            part: Some(part),
        }
    }

    /// The same file with all of its index.
    pub(crate) fn whole(&self) -> Self {
        Self {
            inner: self.inner.clone(),
            part: None,
        }
    }

    /// Whether only a part of the index is there.
    pub(crate) fn is_narrowed(&self) -> bool {
        self.part.is_some()
    }

    /// Whether the whole index is in memory, so that nothing is to be had from looking up a part of it.
    pub(crate) fn has_index(&self) -> bool {
        self.part.is_some() || self.inner.index.get().is_some()
    }

    /// Reads the whole index where it is not in memory yet, with so many threads if it is large.
    ///
    /// # Errors
    /// As [`TsFileReader::index`].
    pub(crate) fn load_index(&self, threads: usize) -> Result<()> {
        self.index_by(threads).map(|_| ())
    }

    fn whole_index(&self) -> Result<&Arc<Index>> {
        self.index_by(1)
    }

    fn index_by(&self, threads: usize) -> Result<&Arc<Index>> {
        if let Some(part) = &self.part {
            return Ok(part);
        }
        if let Some(index) = self.inner.index.get() {
            return Ok(index);
        }
        let index = self.read_index(threads).map_err(|e| self.in_file(e))?;
        let index = self.inner.index.get_or_init(|| Arc::new(index));
        if let Ok(mut held) = self.inner.held.lock() {
            *held = None;
        }
        Ok(index)
    }

    fn read_index(&self, threads: usize) -> Result<Index> {
        let (start, end) = self.metadata_section();
        tail::check_metadata_size(end.saturating_sub(start), &self.inner.options)?;
        let section = self.read_section(start..end, threads)?;
        Index::parse(
            self.name(),
            section,
            start,
            &self.inner.metadata,
            self.inner.version,
            threads,
        )
    }

    /// The whole index, when it is in memory.
    fn loaded_index(&self) -> Option<&Arc<Index>> {
        self.inner.index.get()
    }

    /// Where pages are that were walked over.
    fn places(&self) -> &Places {
        &self.inner.places
    }

    /// What is in memory of the metadata section as long as the index is not.
    fn held(&self) -> Option<Arc<Held>> {
        let held = self.inner.held.lock();
        held.ok().and_then(|held| held.clone())
    }

    /// Offsets between which timeseries metadata and nodes lie.
    fn metadata_section(&self) -> (u64, u64) {
        let inner = &self.inner;
        (inner.metadata.meta_offset + 1, inner.metadata_start)
    }

    /// Reads a part of the metadata section, a large one by so many threads, but not the end of it when that is in memory. The separator in front of
    /// the section is looked at on the way.
    fn read_section(&self, range: Range<u64>, threads: usize) -> Result<Vec<u8>> {
        let (start, _) = self.metadata_section();
        let first = range.start == start;
        if first && range.end - range.start > MAX_MOVED_BYTES {
            self.ending()?;
        }
        let ending = first && self.inner.ending.get().is_none();
        let from = if ending {
            tail::around_separator(self.data_end()).0
        } else {
            range.start
        };
        let held = self.held().filter(|held| {
            let held_end = held.start + held.bytes.len() as u64;
            (from..range.end).contains(&held.start) && held_end >= range.end
        });
        let read_end = held.as_ref().map_or(range.end, |h| h.start);
        let len = usize::try_from(read_end - from).unwrap_or(usize::MAX);
        let mut bytes = self.read_by(from, len, threads)?;
        if let Some(held) = held {
            let rest = usize::try_from(range.end - held.start).unwrap_or(usize::MAX);
            bytes.extend_from_slice(held.bytes.get(..rest).unwrap_or(&held.bytes));
        }
        if ending {
            let before = usize::try_from(range.start - from).unwrap_or(0);
            let end = bytes.get(..before).unwrap_or(&bytes);
            let ending = tail::check_ending(end, self.data_end(), self.inner.version)?;
            let _ = self.inner.ending.set(ending);
            bytes.drain(..before.min(bytes.len()));
        }
        Ok(bytes)
    }

    /// Reads `len` bytes, of many each thread a part: fresh memory costs as much as the copy into it.
    fn read_by(&self, from: u64, len: usize, threads: usize) -> Result<Vec<u8>> {
        let source = self.source();
        if threads < 2 || len < LEAST_SHARED_BYTES {
            return crate::io::read_vec(source, from, len);
        }
        crate::io::check_range(source.size_bytes(), from, len)?;
        let mut bytes = vec![0; len];
        let share = len.div_ceil(threads);
        let offsets = (0..).map(|i| from + i * share as u64);
        let parts = offsets.zip(bytes.chunks_mut(share));
        let parts: Vec<_> = parts.map(Mutex::new).collect();
        each::try_map(&parts, threads, |part| {
            let mut part = part.lock().unwrap_or_else(PoisonError::into_inner);
            let (offset, bytes) = &mut *part;
            source.read_at(*offset, bytes)
        })?;
        drop(parts);
        Ok(bytes)
    }

    /// The header of the chunk at `offset`.
    ///
    /// # Errors
    /// The header is corrupt, or reading fails.
    pub fn chunk_header(&self, window: &mut Window, offset: u64) -> Result<ChunkHeader> {
        chunk::read_header(self.source(), window, offset, self.data_end())
            .map(|(h, _)| h)
            .map_err(|e| self.in_file(e))
    }

    /// How the chunk at `offset` is stored, without its name.
    pub(crate) fn chunk_codes(&self, window: &mut Window, offset: u64) -> Result<ChunkCodes> {
        chunk::read_codes(self.source(), window, offset, self.data_end())
            .map_err(|e| self.in_file(e))
    }

    /// Offset, header and statistics of every page of the chunk at `offset`; no page body is decoded. A chunk with a single page has
    /// no page statistics: those of the chunk hold.
    ///
    /// # Errors
    /// A header is corrupt, or reading fails.
    pub fn page_headers(&self, window: &mut Window, offset: u64) -> Result<Vec<(u64, PageHeader)>> {
        let mut go = || -> Result<Vec<(u64, PageHeader)>> {
            let mut chunk =
                ChunkReader::open(self.source(), window, offset, self.data_end(), None)?;
            let mut out = Vec::new();
            loop {
                let at = chunk.position();
                match chunk.next_page(self.source())? {
                    Some(page) => out.push((at, page)),
                    None => return Ok(out),
                }
            }
        };
        go().map_err(|e| self.in_file(e))
    }

    /// An error when the pages of this file are encrypted.
    pub(crate) fn check_readable(&self) -> Result<()> {
        match self.inner.metadata.encryption_level() {
            None => Ok(()),
            Some(level) => {
                let kind = self
                    .inner
                    .metadata
                    .property("encryptType")
                    .unwrap_or(b"unknown");
                Err(Error::unsupported(
                    "encryption",
                    format!(
                        "encrypted file (level {level}, type {})",
                        String::from_utf8_lossy(kind)
                    ),
                )
                .in_file(self.name()))
            }
        }
    }

    /// Names this file in an error. What looks corrupt because the file changed meanwhile is said to have changed.
    pub(crate) fn in_file(&self, e: Error) -> Error {
        let is_corrupt = e.kind() == ErrorKind::Corrupt;
        let changed = is_corrupt.then(|| self.source().check_unchanged().err());
        changed.flatten().unwrap_or(e).in_file(self.name())
    }
}

/// An error when deletions lie beside the file at `path`, unless the options ignore them.
pub(crate) fn check_mods(path: &Path, options: &ReadOptions) -> Result<()> {
    let Some(mods) = mods_beside(path).filter(|_| !options.ignore_mods) else {
        return Ok(());
    };
    Err(Error::new(
        ErrorKind::Deletions,
        "",
        format!("deletions lie beside the file in {mods}: rows deleted there would reappear"),
    )
    .in_file(path.display().to_string())
    .hint("open with `ignore_mods` (--ignore-mods) to read them all the same"))
}

/// The deletions beside a TsFile: `x.tsfile.mods` of IoTDB 1.x, `x.tsfile.mods2` of 2.x.
pub(crate) fn mods_beside(path: &Path) -> Option<String> {
    ["mods", "mods2"].into_iter().find_map(|extension| {
        let mut name = path.as_os_str().to_os_string();
        name.push(".");
        name.push(extension);
        Path::new(&name)
            .exists()
            .then(|| name.to_string_lossy().into_owned())
    })
}
