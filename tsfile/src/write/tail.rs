//! The end of a file: timeseries metadata, index, bloom filter, file metadata (docs/format.md, "Index tree").
//!
//! What is known of closed chunks waits in a few bytes per chunk: measurement, offset, statistics as the file will have them.

use super::held::Measurement;
use super::options::BLOOM_ERROR_RATE;
use super::output::Output;
use crate::format::{
    BloomFilter, DeviceNode, FileMetadata, FormatVersion, MAGIC, MeasurementNode, NodeKind,
    parse_statistics, serialize_statistics, skip_statistics,
};
use crate::model::{Compression, DataType, DeviceId, Encoding, Statistics, TableSchema};
use crate::wire::{ByteReader, ByteWriter};
use crate::{Error, Result};
use std::cmp::Ordering;
use std::ops::Range;

const SEPARATOR: u8 = 0x02;
const SEVERAL_CHUNKS: u8 = 0x01;
/// Room for what is known of the chunks of a device, at first.
const FIRST_BYTES: usize = 128;
/// Java's masks in the kind of a timeseries.
const TIME_MASK: u8 = 0x80;
const VALUE_MASK: u8 = 0x40;
const ENCRYPTION: [(&str, Option<&str>); 3] = [
    ("encryptKey", None),
    ("encryptType", Some("org.apache.tsfile.encrypt.UNENCRYPTED")),
    ("encryptLevel", Some("0")),
];

/// Closed chunks of one device, back to back.
#[derive(Debug, Default)]
pub struct ClosedChunks {
    bytes: Vec<u8>,
    /// How the first chunk of each series was written; 0 is the time column.
    ways: Vec<(u32, Encoding, Compression)>,
}

/// One entry of [`ClosedChunks`].
struct Entry {
    /// Place in the order of names; the time column comes first.
    rank: u64,
    measurement: Option<u32>,
    offset: u64,
    statistics: Range<usize>,
}

impl ClosedChunks {
    /// Adds a chunk; `None` is the time column. Returns the bytes this takes.
    pub fn push(
        &mut self,
        measurement: Option<u32>,
        offset: u64,
        statistics: &Statistics,
    ) -> usize {
        let before = self.bytes.len();
        if before == 0 {
            self.bytes.reserve(FIRST_BYTES);
        }
        let mut w = ByteWriter::over(std::mem::take(&mut self.bytes));
        w.uvarint(measurement.map_or(0, |m| u64::from(m) + 1))
            .uvarint(offset);
        serialize_statistics(&mut w, statistics);
        self.bytes = w.into_bytes();
        self.bytes.len() - before
    }

    /// How the chunks of a series are written: as the first.
    pub fn way(&self, measurement: Option<u32>) -> Option<(Encoding, Compression)> {
        let key = measurement.map_or(0, |m| m + 1);
        let way = self.ways.iter().find(|(k, _, _)| *k == key)?;
        Some((way.1, way.2))
    }

    /// Remembers how a chunk was written, unless it is not the first of its series.
    pub fn set_way(
        &mut self,
        measurement: Option<u32>,
        encoding: Encoding,
        compression: Compression,
    ) {
        if self.way(measurement).is_none() {
            let key = measurement.map_or(0, |m| m + 1);
            self.ways.push((key, encoding, compression));
        }
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    fn entries(
        &self,
        measurements: &[Measurement],
        ranks: &[u64],
        entries: &mut Vec<Entry>,
    ) -> Result<()> {
        let mut r = ByteReader::new(&self.bytes, "closed chunks");
        entries.clear();
        while !r.is_empty() {
            let measurement = u32::try_from(r.uvarint64()?).unwrap_or(0).checked_sub(1);
            let offset = r.uvarint64()?;
            let start = r.position();
            skip_statistics(&mut r, type_of(measurement, measurements))?;
            entries.push(Entry {
                rank: measurement.map_or(0, |m| ranks[m as usize] + 1),
                measurement,
                offset,
                statistics: start..r.position(),
            });
        }
        // Stable: the chunks of a series stay in the order written.
        entries.sort_by_key(|e| e.rank);
        Ok(())
    }
}

fn type_of(measurement: Option<u32>, measurements: &[Measurement]) -> DataType {
    measurement.map_or(DataType::Vector, |m| measurements[m as usize].data_type)
}

/// Order of names in the index: by UTF-16 units, as Java has it.
pub fn name_order(a: &str, b: &str) -> Ordering {
    if a.is_ascii() && b.is_ascii() {
        return a.cmp(b);
    }
    a.encode_utf16().cmp(b.encode_utf16())
}

/// Order of devices in the index: version 4 by segments, version 3 by dotted paths.
pub fn device_order(a: &DeviceId, b: &DeviceId, version: FormatVersion) -> Ordering {
    if version == FormatVersion::V3 {
        return name_order(&a.path(), &b.path());
    }
    for (x, y) in a.segments().zip(b.segments()) {
        let order = match (x, y) {
            (None, None) => Ordering::Equal,
            (None, Some(_)) => Ordering::Less,
            (Some(_), None) => Ordering::Greater,
            (Some(x), Some(y)) => name_order(x, y),
        };
        if order != Ordering::Equal {
            return order;
        }
    }
    a.segment_count().cmp(&b.segment_count())
}

/// What the tail is made of.
pub struct Tail<'a> {
    /// All measurements of the file.
    pub measurements: &'a [Measurement],
    /// Devices that have chunks, in [`device_order`].
    pub devices: Vec<(&'a DeviceId, &'a ClosedChunks, bool)>,
    /// Schemas of tables.
    pub schemas: Vec<TableSchema>,
    /// Properties beside those about encryption.
    pub properties: Vec<(String, Vec<u8>)>,
    /// Format version.
    pub version: FormatVersion,
    /// Most children of a node.
    pub degree: usize,
}

/// Measurement roots of the devices of one table, serialised.
#[derive(Default)]
struct Roots {
    bytes: Vec<u8>,
    ends: Vec<usize>,
}

impl Tail<'_> {
    /// Writes it; returns the number of timeseries, time columns not counted.
    ///
    /// # Errors
    /// The sink refuses, or the metadata are larger than the format allows.
    pub fn write(self, out: &mut Output) -> Result<u64> {
        let meta_offset = out.position();
        out.put(&[SEPARATOR])?;
        let mut by_name: Vec<u32> = (0..).take(self.measurements.len()).collect();
        let name = |m: &u32| self.measurements[*m as usize].name.as_str();
        by_name.sort_by(|a, b| name_order(name(a), name(b)));
        let mut ranks = vec![0; by_name.len()];
        for (rank, m) in (0..).zip(&by_name) {
            ranks[*m as usize] = rank;
        }

        let mut series = 0;
        let mut paths = Paths::default();
        let mut entries = Vec::new();
        let mut buffer = Vec::new();
        let mut tables: Vec<(String, Vec<&DeviceId>, Roots)> = Vec::new();
        for (device, chunks, aligned) in &self.devices {
            chunks.entries(self.measurements, &ranks, &mut entries)?;
            paths.add(&entries);
            let table = match self.version {
                FormatVersion::V3 => "",
                FormatVersion::V4 => device.table(),
            };
            if tables.last().is_none_or(|(last, _, _)| last != table) {
                tables.push((table.to_string(), Vec::new(), Roots::default()));
            }
            if let Some((_, devices, roots)) = tables.last_mut() {
                let own = self.write_device(out, chunks, &entries, *aligned, &mut buffer, roots)?;
                series += own - u64::from(*aligned);
                devices.push(device);
            }
        }
        let mut roots = Vec::new();
        for (table, devices, of_devices) in tables {
            roots.push((table, self.write_table(out, &devices, &of_devices)?));
        }
        let metadata = FileMetadata {
            tables: roots,
            unknown_schemas: Vec::new(),
            meta_offset,
            bloom_filter: self.bloom_filter(&paths),
            properties: ENCRYPTION
                .iter()
                .map(|(k, v)| (k.to_string(), v.map(|v| v.as_bytes().to_vec())))
                .chain(
                    self.properties
                        .into_iter()
                        .filter(|(k, _)| ENCRYPTION.iter().all(|(reserved, _)| reserved != k))
                        .map(|(k, v)| (k, Some(v))),
                )
                .collect(),
            schemas: self.schemas,
        };
        let mut w = ByteWriter::new();
        metadata.serialize(&mut w, self.version);
        let size = i32::try_from(w.position())
            .map_err(|_| Error::argument("the file metadata take more than 2147483647 bytes"))?;
        w.i32(size).bytes(MAGIC);
        out.put(&w.into_bytes())?;
        Ok(series)
    }

    /// Timeseries metadata of a device and the nodes over them; the root is added to `roots`. Returns the number of timeseries. `buffer` is
    /// memory that is used again.
    fn write_device(
        &self,
        out: &mut Output,
        chunks: &ClosedChunks,
        entries: &[Entry],
        aligned: bool,
        buffer: &mut Vec<u8>,
        roots: &mut Roots,
    ) -> Result<u64> {
        let start = out.position();
        buffer.clear();
        let mut w = ByteWriter::over(std::mem::take(buffer));
        let mut leaves: Vec<(&str, u64)> = Vec::with_capacity(1);
        let mut count = 0usize;
        for of_series in entries.chunk_by(|a, b| a.rank == b.rank) {
            let Some(first) = of_series.first() else {
                continue;
            };
            let name = first
                .measurement
                .map_or("", |m| self.measurements[m as usize].name.as_str());
            if count % self.degree == 0 {
                leaves.push((name, start + w.position() as u64));
            }
            count += 1;
            let data_type = type_of(first.measurement, self.measurements);
            let mut kind = match first.measurement {
                None => TIME_MASK,
                Some(_) if aligned => VALUE_MASK,
                Some(_) => 0,
            };
            let of = |e: &Entry| chunks.bytes.get(e.statistics.clone()).unwrap_or(&[]);
            if of_series.len() == 1 {
                w.u8(kind).varstr(Some(name)).u8(data_type as u8);
                w.uvarint(size_of::<u64>() as u64).bytes(of(first));
                w.u64_offset(first.offset);
            } else {
                kind |= SEVERAL_CHUNKS;
                let mut list = ByteWriter::new();
                let mut all = Statistics::none(data_type);
                for e in of_series {
                    list.u64_offset(e.offset).bytes(of(e));
                    let mut r = ByteReader::new(of(e), "closed chunks");
                    all.merge(&parse_statistics(&mut r, data_type)?);
                }
                let list = list.into_bytes();
                w.u8(kind)
                    .varstr(Some(name))
                    .u8(data_type as u8)
                    .uvarint(list.len() as u64);
                serialize_statistics(&mut w, &all);
                w.bytes(&list);
            }
        }
        *buffer = w.into_bytes();
        out.put(buffer)?;
        let mut kind = NodeKind::LeafMeasurement;
        let mut children = leaves;
        while children.len() > self.degree {
            let mut parents = Vec::new();
            for (entries, end) in split(children, self.degree, out.position()) {
                let first = entries.first().map_or("", |(name, _)| *name);
                parents.push((first, out.position()));
                let mut w = ByteWriter::new();
                MeasurementNode { entries, end, kind }.serialize(&mut w);
                out.put(&w.into_bytes())?;
            }
            children = parents;
            kind = NodeKind::InternalMeasurement;
        }
        let mut w = ByteWriter::over(std::mem::take(&mut roots.bytes));
        MeasurementNode {
            entries: children,
            end: out.position(),
            kind,
        }
        .serialize(&mut w);
        roots.bytes = w.into_bytes();
        roots.ends.push(roots.bytes.len());
        Ok(count as u64)
    }

    /// The roots of the devices of a table and the nodes over them but the last, which is returned.
    fn write_table(
        &self,
        out: &mut Output,
        devices: &[&DeviceId],
        roots: &Roots,
    ) -> Result<DeviceNode> {
        let mut children: Vec<(&DeviceId, u64)> = Vec::with_capacity(devices.len());
        let mut start = 0;
        for (device, end) in devices.iter().zip(&roots.ends) {
            children.push((*device, out.position()));
            out.put(roots.bytes.get(start..*end).unwrap_or(&[]))?;
            start = *end;
        }
        let mut nodes = split(children, self.degree, out.position());
        let mut kind = NodeKind::LeafDevice;
        loop {
            if nodes.len() <= 1 {
                let (entries, end) = nodes.pop().unwrap_or((Vec::new(), out.position()));
                let entries = entries.into_iter().map(|(d, at)| (d.clone(), at)).collect();
                return Ok(DeviceNode { entries, end, kind });
            }
            let mut parents = Vec::new();
            for (entries, end) in nodes {
                if let Some((device, _)) = entries.first() {
                    parents.push((*device, out.position()));
                }
                let version = self.version;
                out.put_with(|w| {
                    DeviceNode::serialize_parts(entries.into_iter(), end, kind, w, version);
                })?;
            }
            nodes = split(parents, self.degree, out.position());
            kind = NodeKind::InternalDevice;
        }
    }

    fn bloom_filter(&self, paths: &Paths) -> Option<BloomFilter> {
        if paths.names.is_empty() {
            return None;
        }
        let mut filter = BloomFilter::with_capacity(paths.names.len(), BLOOM_ERROR_RATE);
        let mut path = String::new();
        let mut names = paths.names.iter();
        for ((device, ..), count) in self.devices.iter().zip(&paths.counts) {
            path.clear();
            device.write_path(&mut path);
            path.push('.');
            let device_len = path.len();
            for name in names.by_ref().take(*count as usize) {
                path.truncate(device_len);
                if let Some(m) = name {
                    path.push_str(&self.measurements[*m as usize].name);
                }
                filter.insert(&path);
            }
        }
        Some(filter.finish())
    }
}

/// The timeseries of all devices, which the bloom filter can take only when their number is known.
#[derive(Default)]
struct Paths {
    /// How many each device has.
    counts: Vec<u32>,
    /// What they are, one device after another; `None` is a time column.
    names: Vec<Option<u32>>,
}

impl Paths {
    fn add(&mut self, entries: &[Entry]) {
        let before = self.names.len();
        let mut last = None;
        for e in entries {
            if last.replace(e.rank) != Some(e.rank) {
                self.names.push(e.measurement);
            }
        }
        self.counts.push((self.names.len() - before) as u32);
    }
}

/// Children into nodes of at most `degree`, each with where its last child ends.
fn split<K>(children: Vec<(K, u64)>, degree: usize, end: u64) -> Vec<(Vec<(K, u64)>, u64)> {
    let mut nodes = Vec::new();
    let mut children = children.into_iter().peekable();
    while children.peek().is_some() {
        let entries: Vec<_> = children.by_ref().take(degree).collect();
        nodes.push((entries, children.peek().map_or(end, |(_, next)| *next)));
    }
    nodes
}
