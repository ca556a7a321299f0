//! What a writer is told.

use super::Layout;
use super::input::Input;
use crate::arrow::TimeUnit;
use crate::format::FormatVersion;
use crate::model::{Compression, Encoding, Form};
use std::collections::HashMap;

/// Default of [`WriteOptions::with_page_points`], that of the references.
pub const DEFAULT_PAGE_POINTS: usize = 10_000;
/// Default of [`WriteOptions::with_page_bytes`]: 64 KiB, that of the Java reference.
pub const DEFAULT_PAGE_BYTES: usize = 64 << 10;
/// Default of [`WriteOptions::with_chunk_group_bytes`]: 128 MiB, that of the references.
pub const DEFAULT_CHUNK_GROUP_BYTES: usize = 128 << 20;
/// Default of [`WriteOptions::with_index_degree`], that of the references.
pub const DEFAULT_INDEX_DEGREE: usize = 256;
/// Default of [`WriteOptions::with_memory_limit`]: 256 MiB.
pub const DEFAULT_MEMORY_LIMIT: usize = 256 << 20;
/// Default of [`WriteOptions::with_max_point_number`], that of the references.
pub const DEFAULT_MAX_POINT_NUMBER: u32 = 2;
/// Error rate of the bloom filter, that of the references.
pub(super) const BLOOM_ERROR_RATE: f64 = 0.05;

/// Who shall read the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Compat {
    /// Java from 2.0.2 and C++ from 2.5.0 on.
    #[default]
    Current,
    /// C++ before 2.5.0 too, which reads TS_2DIFF floats as garbage without an error (docs/compatibility.md): floats become GORILLA.
    Broad,
}

/// What becomes of several rows with the same device and time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Duplicates {
    /// An error that names the row.
    #[default]
    Error,
    /// The first row stays.
    First,
    /// The last row stays, as a whole: its nulls replace values too.
    Last,
}

/// What becomes of a device whose rows go backwards in time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Sort {
    /// Rows are sorted as long as they are held, which the memory limit bounds; beyond that, an error.
    #[default]
    Auto,
    /// An error at once.
    Strict,
}

/// Options of a [`super::TsFileWriter`].
#[derive(Debug, Clone)]
pub struct WriteOptions {
    pub(super) layout: Layout,
    pub(super) time_unit: TimeUnit,
    pub(super) version: FormatVersion,
    pub(super) encodings: HashMap<String, Encoding>,
    pub(super) default_compression: Option<Compression>,
    pub(super) compressions: HashMap<String, Compression>,
    pub(super) java_only: bool,
    pub(super) lossy: bool,
    pub(super) compat: Compat,
    pub(super) max_point_number: u32,
    pub(super) page_points: usize,
    pub(super) page_bytes: usize,
    pub(super) chunk_group_bytes: usize,
    pub(super) index_degree: usize,
    pub(super) memory_limit: usize,
    pub(super) duplicates: Duplicates,
    pub(super) sort: Sort,
    pub(super) properties: Vec<(String, Vec<u8>)>,
}

impl Default for WriteOptions {
    fn default() -> Self {
        Self {
            layout: Layout::default(),
            time_unit: TimeUnit::default(),
            version: FormatVersion::V4,
            encodings: HashMap::new(),
            default_compression: None,
            compressions: HashMap::new(),
            java_only: false,
            lossy: false,
            compat: Compat::default(),
            max_point_number: DEFAULT_MAX_POINT_NUMBER,
            page_points: DEFAULT_PAGE_POINTS,
            page_bytes: DEFAULT_PAGE_BYTES,
            chunk_group_bytes: DEFAULT_CHUNK_GROUP_BYTES,
            index_degree: DEFAULT_INDEX_DEGREE,
            memory_limit: DEFAULT_MEMORY_LIMIT,
            duplicates: Duplicates::default(),
            sort: Sort::default(),
            properties: Vec::new(),
        }
    }
}

impl WriteOptions {
    /// What the columns of batches are for.
    #[must_use]
    pub fn with_layout(mut self, layout: Layout) -> Self {
        self.layout = layout;
        self
    }

    /// As [`Layout::with_form`].
    #[must_use]
    pub fn with_form(mut self, form: Form) -> Self {
        self.layout = self.layout.with_form(form);
        self
    }

    /// As [`Layout::with_table`].
    #[must_use]
    pub fn with_table(mut self, table: impl Into<String>) -> Self {
        self.layout = self.layout.with_table(table);
        self
    }

    /// As [`Layout::with_tags`].
    #[must_use]
    pub fn with_tags<S: Into<String>>(mut self, tags: impl IntoIterator<Item = S>) -> Self {
        self.layout = self.layout.with_tags(tags);
        self
    }

    /// As [`Layout::with_time_column`].
    #[must_use]
    pub fn with_time_column(mut self, name: impl Into<String>) -> Self {
        self.layout = self.layout.with_time_column(name);
        self
    }

    /// As [`Layout::with_device_column`].
    #[must_use]
    pub fn with_device_column(mut self, name: impl Into<String>) -> Self {
        self.layout = self.layout.with_device_column(name);
        self
    }

    /// As [`Layout::with_aligned`].
    #[must_use]
    pub fn with_aligned(mut self, aligned: bool) -> Self {
        self.layout = self.layout.with_aligned(aligned);
        self
    }

    /// Unit of the times in the file, which does not record it; milliseconds unless set. Timestamps are converted to it, integers are taken
    /// as they are.
    #[must_use]
    pub fn with_time_unit(mut self, unit: TimeUnit) -> Self {
        self.time_unit = unit;
        self
    }

    /// Format version; 4 unless set. Version 3 has no tables and no properties.
    #[must_use]
    pub fn with_format_version(mut self, version: FormatVersion) -> Self {
        self.version = version;
        self
    }

    /// The encoding of a column (of the measurement or, in the form wide, of the whole path). Chosen by the data unless set; see
    /// [`crate::write`].
    #[must_use]
    pub fn with_encoding(mut self, column: impl Into<String>, encoding: Encoding) -> Self {
        self.encodings.insert(column.into(), encoding);
        self
    }

    /// The compression of every column that has none of its own. Unless set: LZ4, except for chunks that it does not make smaller.
    #[must_use]
    pub fn with_default_compression(mut self, compression: Compression) -> Self {
        self.default_compression = Some(compression);
        self
    }

    /// The compression of a column.
    #[must_use]
    pub fn with_compression(mut self, column: impl Into<String>, compression: Compression) -> Self {
        self.compressions.insert(column.into(), compression);
        self
    }

    /// Whether encodings that only Java reads are allowed; false unless set.
    #[must_use]
    pub fn with_java_only(mut self, java_only: bool) -> Self {
        self.java_only = java_only;
        self
    }

    /// Whether an encoding that was asked for may round values, and an Arrow type without an exact counterpart may be converted; false unless
    /// set.
    #[must_use]
    pub fn with_lossy(mut self, lossy: bool) -> Self {
        self.lossy = lossy;
        self
    }

    /// Who shall read the file.
    #[must_use]
    pub fn with_compat(mut self, compat: Compat) -> Self {
        self.compat = compat;
        self
    }

    /// Decimals that TS_2DIFF and RLE keep of floats where losses are allowed and happen; [`DEFAULT_MAX_POINT_NUMBER`] unless set.
    #[must_use]
    pub fn with_max_point_number(mut self, decimals: u32) -> Self {
        self.max_point_number = decimals;
        self
    }

    /// Most points in a page; [`DEFAULT_PAGE_POINTS`] unless set.
    #[must_use]
    pub fn with_page_points(mut self, points: usize) -> Self {
        self.page_points = points;
        self
    }

    /// Bytes of memory that the values of a page take at most, as long as that is more than one value; [`DEFAULT_PAGE_BYTES`] unless set.
    #[must_use]
    pub fn with_page_bytes(mut self, bytes: usize) -> Self {
        self.page_bytes = bytes;
        self
    }

    /// Bytes of memory that the values of a chunk group take at most, if that is more than one page; [`DEFAULT_CHUNK_GROUP_BYTES`] unless set.
    #[must_use]
    pub fn with_chunk_group_bytes(mut self, bytes: usize) -> Self {
        self.chunk_group_bytes = bytes;
        self
    }

    /// Most children of a node of the index, at least 2; [`DEFAULT_INDEX_DEGREE`] unless set.
    #[must_use]
    pub fn with_index_degree(mut self, degree: usize) -> Self {
        self.index_degree = degree;
        self
    }

    /// Bytes that may be held before chunk groups are written: rows, and the metadata of what is written. [`DEFAULT_MEMORY_LIMIT`] unless set.
    #[must_use]
    pub fn with_memory_limit(mut self, bytes: usize) -> Self {
        self.memory_limit = bytes;
        self
    }

    /// What becomes of several rows with the same device and time.
    #[must_use]
    pub fn with_duplicates(mut self, duplicates: Duplicates) -> Self {
        self.duplicates = duplicates;
        self
    }

    /// What becomes of a device whose rows go backwards in time.
    #[must_use]
    pub fn with_sort(mut self, sort: Sort) -> Self {
        self.sort = sort;
        self
    }

    /// Names of a table are in lower case in a file; options may have them as they are in batches.
    pub(super) fn name_in_lower_case(&mut self, input: &Input) {
        fn add<T: Copy>(all: &mut HashMap<String, T>, input: &Input) {
            let lower: Vec<_> = all
                .iter()
                .filter(|(name, _)| input.has_in_lower_case(name))
                .map(|(name, value)| (name.to_lowercase(), *value))
                .collect();
            for (name, value) in lower {
                all.entry(name).or_insert(value);
            }
        }
        add(&mut self.encodings, input);
        add(&mut self.compressions, input);
    }

    /// A property of the file, beside those that every file has.
    #[must_use]
    pub fn with_property(mut self, key: impl Into<String>, value: impl Into<Vec<u8>>) -> Self {
        self.properties.push((key.into(), value.into()));
        self
    }
}
