//! The least that writes a file: chunk groups one after another, then the index.

use crate::encode;
use std::collections::BTreeMap;
use std::io::{Result, Write};
use tsfile::arrow::Values;
use tsfile::compress::compress;
use tsfile::format::{
    ChunkGroupHeader, ChunkHeader, ChunkKind, ChunkMetadata, ChunkRole, DeviceNode, FileMetadata,
    FormatVersion, MAGIC, MeasurementNode, NodeKind, PageHeader, TimeseriesMetadata,
};
use tsfile::model::{
    Compression, DataType, DeviceId, Encoding, Statistics, TableSchema, ValueStatistics,
};
use tsfile::wire::ByteWriter;

const VERSION: FormatVersion = FormatVersion::V4;
/// Children of an index node, as the reference writers have it.
const DEGREE: usize = 256;

/// Values of one column in one chunk.
#[derive(Debug, Clone)]
pub struct Column {
    /// Measurement.
    pub name: String,
    /// Type.
    pub data_type: DataType,
    /// How pages are encoded.
    pub encoding: Encoding,
    /// The values that are there, without nulls.
    pub values: Values,
    /// Which rows have a value; `None` when all have.
    pub present: Option<Vec<bool>>,
}

/// Writes a TsFile.
pub struct FileBuilder<W> {
    out: W,
    position: u64,
    compression: Compression,
    page_rows: usize,
    devices: BTreeMap<DeviceId, BTreeMap<String, TimeseriesMetadata>>,
}

/// Chunk data under construction.
#[derive(Default)]
struct Pages {
    bytes: Vec<u8>,
    count: usize,
}

impl<W: Write> FileBuilder<W> {
    /// Starts a file whose pages have `page_rows` rows.
    pub fn new(out: W, compression: Compression, page_rows: usize) -> Result<Self> {
        let mut new = Self {
            out,
            position: 0,
            compression,
            page_rows,
            devices: BTreeMap::new(),
        };
        new.put(MAGIC)?;
        new.put(&[VERSION.code()])?;
        Ok(new)
    }

    /// Bytes so far.
    pub fn position(&self) -> u64 {
        self.position
    }

    /// One chunk group of an aligned device.
    pub fn aligned(&mut self, device: &DeviceId, times: &[i64], columns: &[Column]) -> Result<()> {
        self.group(device)?;
        let pages: Vec<(usize, usize)> = self.pages(times.len());
        let single = pages.len() == 1;
        let mut chunk = Pages::default();
        let all = Values::I64(times.to_vec());
        for &(from, to) in &pages {
            let mut body = Vec::new();
            encode_page(Encoding::Ts2Diff, &all, from, to, &mut body)?;
            let statistics = statistics(DataType::Vector, &times[from..to], to - from);
            self.page(&mut chunk, &body, (!single).then_some(statistics))?;
        }
        let of_chunk = statistics(DataType::Vector, times, times.len());
        let header = self.header("", ChunkRole::Time, DataType::Vector, Encoding::Ts2Diff);
        self.chunk(device, header, chunk, of_chunk)?;
        for c in columns {
            let mut chunk = Pages::default();
            let mut taken = 0;
            for &(from, to) in &pages {
                let rows = to - from;
                let mut bits = vec![0u8; rows.div_ceil(8)];
                let mut count = 0;
                for row in 0..rows {
                    if c.present.as_ref().is_none_or(|p| p[from + row]) {
                        bits[row / 8] |= 0x80 >> (row % 8);
                        count += 1;
                    }
                }
                let mut w = ByteWriter::new();
                w.i32(i32::try_from(rows).unwrap_or(i32::MAX)).bytes(&bits);
                let mut body = w.into_bytes();
                encode_page(c.encoding, &c.values, taken, taken + count, &mut body)?;
                taken += count;
                let statistics = statistics(c.data_type, &times[from..to], count);
                self.page(&mut chunk, &body, (!single).then_some(statistics))?;
            }
            let of_chunk = statistics(c.data_type, times, c.values.len());
            let header = self.header(&c.name, ChunkRole::Value, c.data_type, c.encoding);
            self.chunk(device, header, chunk, of_chunk)?;
        }
        Ok(())
    }

    /// One chunk group of a device whose series have their own times; columns must have all rows.
    pub fn plain(&mut self, device: &DeviceId, times: &[i64], columns: &[Column]) -> Result<()> {
        self.group(device)?;
        let pages = self.pages(times.len());
        let all = Values::I64(times.to_vec());
        for c in columns {
            let mut chunk = Pages::default();
            for &(from, to) in &pages {
                let mut encoded = Vec::new();
                encode_page(Encoding::Ts2Diff, &all, from, to, &mut encoded)?;
                let mut w = ByteWriter::new();
                w.uvarint(encoded.len() as u64).bytes(&encoded);
                let mut body = w.into_bytes();
                encode_page(c.encoding, &c.values, from, to, &mut body)?;
                let statistics = statistics(c.data_type, &times[from..to], to - from);
                self.page(&mut chunk, &body, (pages.len() > 1).then_some(statistics))?;
            }
            let of_chunk = statistics(c.data_type, times, times.len());
            let header = self.header(&c.name, ChunkRole::Plain, c.data_type, c.encoding);
            self.chunk(device, header, chunk, of_chunk)?;
        }
        Ok(())
    }

    /// Writes the index and the end of the file; returns its size and the output.
    pub fn finish(mut self, schemas: Vec<TableSchema>) -> Result<(u64, W)> {
        let meta_offset = self.position;
        self.put(&[2])?;
        // Timeseries and their nodes, device after device; then the device nodes of each table, storey after storey.
        let mut tables: BTreeMap<String, Vec<(DeviceId, u64, u64)>> = BTreeMap::new();
        for (device, series) in std::mem::take(&mut self.devices) {
            let mut starts = Vec::new();
            for (i, (name, metadata)) in series.iter().enumerate() {
                if i % DEGREE == 0 {
                    starts.push((name.as_str(), self.position));
                }
                let mut w = ByteWriter::new();
                metadata.serialize(&mut w);
                self.put(&w.into_bytes())?;
            }
            let start = self.position;
            let node = MeasurementNode {
                entries: starts,
                end: start,
                kind: NodeKind::LeafMeasurement,
            };
            let mut w = ByteWriter::new();
            node.serialize(&mut w);
            self.put(&w.into_bytes())?;
            let end = self.position;
            let table = device.table().to_string();
            tables.entry(table).or_default().push((device, start, end));
        }
        let mut roots = Vec::new();
        for (table, devices) in tables {
            roots.push((table, self.device_nodes(devices)?));
        }
        let metadata = FileMetadata {
            tables: roots,
            schemas,
            unknown_schemas: Vec::new(),
            meta_offset,
            bloom_filter: None,
            properties: vec![("encryptLevel".into(), Some(b"0".to_vec()))],
        };
        let mut w = ByteWriter::new();
        metadata.serialize(&mut w, VERSION);
        let size = i32::try_from(w.position()).map_err(std::io::Error::other)?;
        w.i32(size).bytes(MAGIC);
        self.put(&w.into_bytes())?;
        self.out.flush()?;
        Ok((self.position, self.out))
    }

    /// Writes all storeys but the root, which is returned.
    fn device_nodes(&mut self, mut children: Vec<(DeviceId, u64, u64)>) -> Result<DeviceNode> {
        let mut kind = NodeKind::LeafDevice;
        loop {
            let mut nodes: Vec<DeviceNode> = Vec::new();
            for part in children.chunks(DEGREE) {
                nodes.push(DeviceNode {
                    entries: part.iter().map(|c| (c.0.clone(), c.1)).collect(),
                    end: part.last().map_or(0, |c| c.2),
                    kind,
                });
            }
            if nodes.len() == 1 {
                if let Some(root) = nodes.pop() {
                    return Ok(root);
                }
            }
            children = Vec::new();
            for node in nodes {
                let start = self.position;
                let mut w = ByteWriter::new();
                node.serialize(&mut w, VERSION);
                self.put(&w.into_bytes())?;
                children.extend(
                    node.entries
                        .get(0)
                        .map(|first| (first.0.to_id(), start, self.position)),
                );
            }
            kind = NodeKind::InternalDevice;
        }
    }

    fn put(&mut self, bytes: &[u8]) -> Result<()> {
        self.position += bytes.len() as u64;
        self.out.write_all(bytes)
    }

    fn group(&mut self, device: &DeviceId) -> Result<()> {
        let header = ChunkGroupHeader {
            device: device.clone(),
        };
        let mut w = ByteWriter::new();
        w.u8(0);
        header.serialize(&mut w, VERSION);
        self.put(&w.into_bytes())
    }

    fn pages(&self, rows: usize) -> Vec<(usize, usize)> {
        (0..rows)
            .step_by(self.page_rows)
            .map(|from| (from, (from + self.page_rows).min(rows)))
            .collect()
    }

    fn header(
        &self,
        name: &str,
        role: ChunkRole,
        data_type: DataType,
        encoding: Encoding,
    ) -> ChunkHeader {
        ChunkHeader {
            kind: ChunkKind {
                role,
                single_page: true,
            },
            measurement: name.into(),
            data_bytes: 0,
            data_type,
            compression: self.compression,
            encoding,
        }
    }

    fn page(&self, chunk: &mut Pages, body: &[u8], statistics: Option<Statistics>) -> Result<()> {
        let mut compressed = Vec::new();
        compress(self.compression, body, &mut compressed).map_err(std::io::Error::other)?;
        let header = PageHeader {
            uncompressed_bytes: u32::try_from(body.len()).map_err(std::io::Error::other)?,
            compressed_bytes: u32::try_from(compressed.len()).map_err(std::io::Error::other)?,
            statistics,
        };
        let mut w = ByteWriter::new();
        header.serialize(&mut w);
        chunk.bytes.extend_from_slice(&w.into_bytes());
        chunk.bytes.extend_from_slice(&compressed);
        chunk.count += 1;
        Ok(())
    }

    fn chunk(
        &mut self,
        device: &DeviceId,
        mut header: ChunkHeader,
        pages: Pages,
        statistics: Statistics,
    ) -> Result<()> {
        header.kind.single_page = pages.count == 1;
        header.data_bytes = u32::try_from(pages.bytes.len()).map_err(std::io::Error::other)?;
        let offset = self.position;
        let mut w = ByteWriter::new();
        header.serialize(&mut w);
        self.put(&w.into_bytes())?;
        self.put(&pages.bytes)?;
        let series = self.devices.entry(device.clone()).or_default();
        let Some(known) = series.get_mut(&header.measurement) else {
            let new = TimeseriesMetadata {
                kind: 0,
                measurement: header.measurement.clone(),
                data_type: header.data_type,
                statistics,
                chunks: vec![ChunkMetadata {
                    offset,
                    statistics: None,
                }],
            };
            series.insert(header.measurement, new);
            return Ok(());
        };
        known.kind = 1;
        if let [first] = known.chunks.as_mut_slice() {
            first.statistics = Some(known.statistics.clone());
        }
        known.statistics.count += statistics.count;
        known.statistics.start_time = known.statistics.start_time.min(statistics.start_time);
        known.statistics.end_time = known.statistics.end_time.max(statistics.end_time);
        known.chunks.push(ChunkMetadata {
            offset,
            statistics: Some(statistics),
        });
        Ok(())
    }
}

fn encode_page(
    encoding: Encoding,
    values: &Values,
    from: usize,
    to: usize,
    out: &mut Vec<u8>,
) -> Result<()> {
    encode(encoding, values, from, to, out)
        .ok_or_else(|| std::io::Error::other(format!("{encoding} does not know this type")))
}

fn statistics(data_type: DataType, times: &[i64], count: usize) -> Statistics {
    Statistics {
        count: count as u64,
        start_time: times.first().copied().unwrap_or(0),
        end_time: times.last().copied().unwrap_or(0),
        values: ValueStatistics::empty(data_type),
    }
}
