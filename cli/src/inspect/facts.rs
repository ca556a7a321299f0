//! Collects everything that the screen shows: one pass over the index, one over the chunk headers in file order.

use std::collections::{BTreeMap, HashMap};

use tsfile::compress::Decompressor;
use tsfile::format::{ChunkHeader, ChunkRole, FormatVersion, TimeseriesMetadata};
use tsfile::model::{ColumnCategory, Compression, DataType, Encoding, Model, Statistics};
use tsfile::read::{ChunkReader, DEFAULT_MAX_PAGE_BYTES, DeviceRef, Index, Window};
use tsfile::write::LOSSLESS_PROPERTY;
use tsfile::{Error, ErrorKind, TsFileReader};

use super::odd::{self, Odds};
use crate::exit::Outcome;
use crate::scope;

/// First and last time in the unit of the file.
pub type Times = (i64, i64);

/// A chunk as the index knows it.
#[derive(Debug, Clone, Copy)]
pub struct ChunkAt {
    /// Of its header, from the start of the file.
    pub offset: u64,
    /// Number of its device in the index.
    pub device: usize,
    /// Number of its timeseries in the device.
    pub series: usize,
    /// Points (rows, in a time column); `None` when nothing says so.
    pub count: Option<u64>,
    /// First and last time, when there is a point.
    pub times: Option<Times>,
    /// Whether it is of the time column of an aligned device.
    pub is_time: bool,
}

/// What some of the chunks amount to.
#[derive(Debug, Clone, Copy, Default)]
pub struct Share {
    /// Number of chunks.
    pub chunks: u64,
    /// Bytes of their pages in the file, page headers included.
    pub bytes: u64,
    /// Non-null values; in time columns, times.
    pub values: u64,
}

impl Share {
    fn add(&mut self, bytes: u64, values: u64) {
        self.chunks += 1;
        self.bytes = self.bytes.saturating_add(bytes);
        self.values = self.values.saturating_add(values);
    }

    /// Adds all of another.
    pub fn merge(&mut self, other: Self) {
        self.chunks += other.chunks;
        self.bytes = self.bytes.saturating_add(other.bytes);
        self.values = self.values.saturating_add(other.values);
    }
}

/// A table of the file.
#[derive(Debug, Clone)]
pub struct Table {
    /// Its name.
    pub name: String,
    /// Tag columns.
    pub tags: usize,
    /// Field columns.
    pub fields: usize,
    /// Devices that have a place in the index.
    pub devices: u64,
}

/// What the screen shows of one file.
#[derive(Debug)]
pub struct Facts {
    /// As it was named.
    pub file: String,
    /// Length.
    pub size_bytes: u64,
    /// Format version.
    pub format_version: u8,
    /// Who wrote it, in so far as bytes tell.
    pub writer: &'static str,
    /// Whether the writer proved that it gives every value back bit for bit.
    pub lossless: bool,
    /// tree, table or mixed.
    pub model: &'static str,
    /// Tables in byte order of their names.
    pub tables: Vec<Table>,
    /// Devices of both models.
    pub devices: u64,
    /// Devices whose measurements share a time column.
    pub aligned_devices: u64,
    /// Timeseries, time columns not counted.
    pub timeseries: u64,
    /// Timeseries without a point.
    pub empty_timeseries: u64,
    /// Time columns of aligned devices.
    pub time_columns: u64,
    /// Non-null values of all timeseries.
    pub points: u64,
    /// Rows of the aligned devices, as their time columns count them.
    pub aligned_rows: u64,
    /// First and last time in the unit of the file.
    pub times: Option<Times>,
    /// Chunks in the order of the file.
    pub chunks: Vec<ChunkAt>,
    /// By encoding, whether it is of a time column, and type.
    pub encodings: BTreeMap<(Encoding, bool, DataType), Share>,
    /// By compression.
    pub compressions: BTreeMap<Compression, Share>,
    /// What deserves a remark.
    pub odds: Odds,
    /// The first chunk header that is corrupt.
    pub damage: Option<Error>,
}

/// Reads index and chunk headers of `reader`; `mods` are the deletions beside the file.
///
/// # Errors
/// Input, when the index is corrupt. A corrupt chunk header is kept in [`Facts::damage`].
pub fn collect(reader: &TsFileReader, mods: &[String]) -> Outcome<Facts> {
    let index = reader.index()?;
    let mut facts = Facts {
        file: reader.name().to_owned(),
        size_bytes: reader.size_bytes(),
        format_version: reader.format_version().code(),
        writer: writer(reader),
        lossless: is_lossless(reader),
        model: scope::model(reader),
        tables: tables(reader),
        devices: index.device_count() as u64,
        aligned_devices: 0,
        timeseries: 0,
        empty_timeseries: 0,
        time_columns: 0,
        points: 0,
        aligned_rows: 0,
        times: None,
        chunks: Vec::new(),
        encodings: BTreeMap::new(),
        compressions: BTreeMap::new(),
        odds: Odds::default(),
        damage: None,
    };
    odd::of_file(reader, mods, &mut facts.odds);
    let mut walk = Walk::new(reader);
    for device in index.devices() {
        walk.device(device, &mut facts)
            .map_err(|e| e.in_file(reader.name()))?;
    }
    for table in &mut facts.tables {
        table.devices = walk.devices_of.get(&table.name).copied().unwrap_or(0);
    }
    facts.chunks.sort_unstable_by_key(|c| c.offset);
    headers(reader, index, &mut facts)?;
    odd::of_encodings(&mut facts);
    Ok(facts)
}

fn is_lossless(reader: &TsFileReader) -> bool {
    reader.metadata().property(LOSSLESS_PROPERTY) == Some(b"true")
}

fn writer(reader: &TsFileReader) -> &'static str {
    if reader.is_recovered() {
        "unknown, the end is missing"
    } else if reader.format_version() == FormatVersion::V3 {
        "Java or this toolkit (nothing else writes version 3)"
    } else if reader.metadata().property(LOSSLESS_PROPERTY).is_some() {
        "this toolkit"
    } else if reader.looks_like_cpp() {
        "probably C++ or Python (the data end with the mark of the C++ library)"
    } else {
        "probably Java (the data do not end with the mark of the C++ library)"
    }
}

fn tables(reader: &TsFileReader) -> Vec<Table> {
    let mut tables: Vec<Table> = reader
        .tables()
        .map(|t| Table {
            name: t.name.clone(),
            tags: t.columns_of(ColumnCategory::Tag).count(),
            fields: t.columns_of(ColumnCategory::Field).count(),
            devices: 0,
        })
        .collect();
    tables.sort_by(|a, b| a.name.cmp(&b.name));
    tables
}

struct Walk<'a> {
    reader: &'a TsFileReader,
    tags: HashMap<&'a str, Vec<&'a str>>,
    devices_of: HashMap<String, u64>,
    window: Window,
    decompressor: Decompressor,
}

impl<'a> Walk<'a> {
    fn new(reader: &'a TsFileReader) -> Self {
        let tags = reader
            .tables()
            .map(|t| {
                let names = t.columns_of(ColumnCategory::Tag);
                let names = names.map(|c| c.measurement.name.as_str()).collect();
                (t.name.as_str(), names)
            })
            .collect();
        Self {
            reader,
            tags,
            devices_of: HashMap::new(),
            window: Window::default(),
            decompressor: Decompressor::default(),
        }
    }

    fn device(&mut self, device: DeviceRef<'_>, facts: &mut Facts) -> tsfile::Result<()> {
        let aligned = device.is_aligned();
        facts.aligned_devices += u64::from(aligned);
        let model = self.reader.model_of(device.id());
        let mut tags: &[&str] = &[];
        if model == Model::Table {
            let table = device.id().table();
            match self.devices_of.get_mut(table) {
                Some(count) => *count += 1,
                None => {
                    self.devices_of.insert(table.to_owned(), 1);
                }
            }
            tags = self.tags.get(table).map_or(&[], Vec::as_slice);
        }
        let tags = tags.to_vec();
        let mut rows = None;
        for k in 0..device.series_count() {
            let series = device.timeseries(k)?;
            let is_time = aligned && k == 0;
            if model == Model::Table && tags.contains(&series.measurement.as_str()) {
                let example = || odd::place(device, &series.measurement);
                facts.odds.add(odd::TAG_AS_SERIES, example);
            }
            let first_chunk = facts.chunks.len();
            for chunk in &series.chunks {
                let (count, times) = self.of_chunk(&series, chunk)?;
                facts.chunks.push(ChunkAt {
                    offset: chunk.offset,
                    device: device.position(),
                    series: k,
                    count,
                    times,
                    is_time,
                });
            }
            let chunks = &facts.chunks[first_chunk..];
            let count = if self.reader.is_recovered() {
                chunks.iter().filter_map(|c| c.count).sum()
            } else {
                series.statistics.count
            };
            let times = if self.reader.is_recovered() {
                chunks.iter().filter_map(|c| c.times).reduce(hull)
            } else {
                series.statistics.time_range()
            };
            if !self.reader.is_recovered() {
                odd::of_statistics(device, &series, chunks, rows, &mut facts.odds);
            }
            // The values of an aligned device overlap where its time column does.
            if !aligned || is_time {
                odd::of_order(device, &series.measurement, chunks, &mut facts.odds);
            }
            if let Some(times) = times {
                facts.times = Some(facts.times.map_or(times, |all| hull(all, times)));
            }
            if is_time {
                rows = Some(count);
                facts.time_columns += 1;
                facts.aligned_rows = facts.aligned_rows.saturating_add(count);
            } else {
                facts.timeseries += 1;
                facts.empty_timeseries += u64::from(count == 0);
                facts.points = facts.points.saturating_add(count);
            }
        }
        Ok(())
    }

    /// Count and times of a chunk. In a recovered file the value chunks of a single page have no statistics: then the
    /// bitmap of the page is counted.
    fn of_chunk(
        &mut self,
        series: &TimeseriesMetadata,
        chunk: &tsfile::format::ChunkMetadata,
    ) -> tsfile::Result<(Option<u64>, Option<Times>)> {
        if self.reader.is_recovered() && chunk.statistics.is_none() {
            return Ok((self.count_values(chunk.offset)?, None));
        }
        let statistics: &Statistics = series.chunk_statistics(chunk);
        Ok((Some(statistics.count), statistics.time_range()))
    }

    fn count_values(&mut self, offset: u64) -> tsfile::Result<Option<u64>> {
        let source = self.reader.source();
        let end = self.reader.data_end();
        let mut chunk = ChunkReader::open(source, &mut self.window, offset, end, None)?;
        let compression = chunk.header().compression;
        if chunk.header().kind.role != ChunkRole::Value {
            return Ok(None);
        }
        let mut sum = 0;
        while let Some(page) = chunk.next_page(source)? {
            let size = usize::try_from(page.uncompressed_bytes).unwrap_or(usize::MAX);
            if size == 0 {
                continue;
            }
            if size > DEFAULT_MAX_PAGE_BYTES {
                return Ok(None);
            }
            let mut page = Vec::new();
            let body = chunk.body(source)?;
            let body = if compression == Compression::Uncompressed {
                body
            } else {
                let found = self
                    .decompressor
                    .decompress(compression, body, size, &mut page);
                match found {
                    Ok(body) => body,
                    Err(_) => return Ok(None),
                }
            };
            let Some((rows, bitmap)) = body.split_first_chunk::<4>() else {
                return Ok(None);
            };
            let bytes = (u32::from_be_bytes(*rows) as usize).div_ceil(8);
            let Some(bitmap) = bitmap.get(..bytes) else {
                return Ok(None);
            };
            sum += bitmap
                .iter()
                .map(|b| u64::from(b.count_ones()))
                .sum::<u64>();
        }
        Ok(Some(sum))
    }
}

fn hull(a: Times, b: Times) -> Times {
    (a.0.min(b.0), a.1.max(b.1))
}

/// The chunk headers, in file order through one window.
fn headers(reader: &TsFileReader, index: &Index, facts: &mut Facts) -> Outcome {
    let mut window = Window::default();
    let chunks = std::mem::take(&mut facts.chunks);
    for chunk in &chunks {
        let header = match reader.chunk_header(&mut window, chunk.offset) {
            Ok(header) => header,
            Err(e) if e.is_io() => return Err(e.into()),
            Err(e) if e.kind() == ErrorKind::Unsupported => {
                facts.odds.add(odd::UNKNOWN_CODES, || e.to_string());
                continue;
            }
            Err(e) => {
                facts.odds.add(odd::CORRUPT_HEADERS, || e.to_string());
                facts.damage.get_or_insert(e);
                continue;
            }
        };
        check(reader, index, chunk, &header, facts);
        let (bytes, values) = (u64::from(header.data_bytes), chunk.count.unwrap_or(0));
        let key = (header.encoding, chunk.is_time, header.data_type);
        facts.encodings.entry(key).or_default().add(bytes, values);
        let compression = facts.compressions.entry(header.compression).or_default();
        compression.add(bytes, values);
    }
    facts.chunks = chunks;
    Ok(())
}

/// Whether the header is of the chunk that the index says, and ends inside the data section.
fn check(
    reader: &TsFileReader,
    index: &Index,
    chunk: &ChunkAt,
    header: &ChunkHeader,
    facts: &mut Facts,
) {
    let Some(device) = index.device(chunk.device) else {
        return;
    };
    let Ok(series) = device.series(chunk.series) else {
        return;
    };
    let example = || {
        format!(
            "{} at byte {}",
            odd::place(device, series.measurement),
            chunk.offset
        )
    };
    if header.measurement != series.measurement {
        facts.odds.add(odd::WRONG_CHUNK, example);
    } else if header.data_type as u8 != series.data_type_code {
        facts.odds.add(odd::TYPE_CHANGED, example);
    }
    if chunk.offset.saturating_add(u64::from(header.data_bytes)) > reader.data_end() {
        facts.odds.add(odd::CUT_CHUNK, example);
        facts.damage.get_or_insert_with(|| {
            Error::corrupt("chunk header", "the chunk reaches past the data section")
                .at(chunk.offset)
                .in_file(reader.name())
        });
    }
}
