//! Small files made by hand: the library's own structures, in any order and with any lie in them.

use tsfile::format::{
    ChunkGroupHeader, ChunkKind, ChunkMetadata, ChunkRole, DeviceNode, FileMetadata, FormatVersion,
    MAGIC, Marker, MeasurementNode, NodeKind, TimeseriesMetadata, serialize_statistics,
};
use tsfile::model::{Compression, DataType, DeviceId, Encoding, Statistics, ValueStatistics};
use tsfile::wire::ByteWriter;

/// A chunk of one page, or of more; every field is written as it is.
#[derive(Debug, Clone)]
pub struct Chunk {
    pub role: ChunkRole,
    pub name: &'static str,
    pub data_type: u8,
    pub compression: u8,
    pub encoding: u8,
    /// Size after decompression as the page header has it; the length of the body when not given.
    pub uncompressed: Option<u32>,
    /// Size as the page header has it; the length of the body when not given.
    pub compressed: Option<u32>,
    /// Size as the chunk header has it; what is there when not given.
    pub data_bytes: Option<u32>,
    pub body: Vec<u8>,
    /// Points as the index has it.
    pub count: u64,
    /// First and last time as the index has it.
    pub times: (i64, i64),
    /// What the page says about itself, as one of several does.
    pub page_statistics: Option<Statistics>,
    /// Further pages, as they are.
    pub more_pages: Vec<u8>,
}

impl Chunk {
    /// An INT32 chunk of a non-aligned device: three points, PLAIN and not compressed.
    pub fn plain(name: &'static str) -> Self {
        let body = plain_body(&ts_2diff(&[1000, 1001, 1002]), &[0x14, 0x01, 0x17]);
        Self {
            role: ChunkRole::Plain,
            name,
            data_type: DataType::Int32 as u8,
            compression: Compression::Uncompressed as u8,
            encoding: Encoding::Plain as u8,
            uncompressed: None,
            compressed: None,
            data_bytes: None,
            body,
            count: 3,
            times: (1000, 1002),
            page_statistics: None,
            more_pages: Vec::new(),
        }
    }

    /// The time chunk of an aligned device: ten times, 0 to 9.
    pub fn time() -> Self {
        Self {
            role: ChunkRole::Time,
            name: "",
            data_type: DataType::Vector as u8,
            encoding: Encoding::Ts2Diff as u8,
            body: ts_2diff(&(0..10).collect::<Vec<_>>()),
            count: 10,
            times: (0, 9),
            ..Self::plain("")
        }
    }

    /// A value chunk of ten rows, five of them not null.
    pub fn value(name: &'static str) -> Self {
        Self {
            role: ChunkRole::Value,
            body: value_body(10, &[0xaa, 0x80], &[2, 4, 6, 8, 10]),
            count: 5,
            times: (0, 8),
            ..Self::plain(name)
        }
    }
}

/// Times and values of a non-aligned page.
pub fn plain_body(times: &[u8], values: &[u8]) -> Vec<u8> {
    let mut w = ByteWriter::new();
    w.uvarint(times.len() as u64).bytes(times).bytes(values);
    w.into_bytes()
}

/// Rows, bitmap and values of a value page.
pub fn value_body(rows: i32, bitmap: &[u8], values: &[u8]) -> Vec<u8> {
    let mut w = ByteWriter::new();
    w.i32(rows).bytes(bitmap).bytes(values);
    w.into_bytes()
}

/// Times in TS_2DIFF.
pub fn ts_2diff(times: &[i64]) -> Vec<u8> {
    let mut out = Vec::new();
    tsfile::encoding::ts_2diff::encode(times, &mut out);
    out
}

/// A stretch of equidistant times as one TS_2DIFF block of `deltas` deltas, 24 bytes whatever their number.
pub fn steady(deltas: i32) -> Vec<u8> {
    let mut w = ByteWriter::new();
    w.i32(deltas).i32(0).i64(1).i64(0);
    w.into_bytes()
}

/// Writes a file from front to back.
pub struct Builder {
    version: FormatVersion,
    w: ByteWriter,
    pub devices: Vec<(DeviceId, Vec<TimeseriesMetadata>)>,
    pub properties: Vec<(String, Option<Vec<u8>>)>,
}

impl Builder {
    /// A file of version 4.
    pub fn new() -> Self {
        Self::of(FormatVersion::V4)
    }

    pub fn of(version: FormatVersion) -> Self {
        let mut w = ByteWriter::new();
        w.bytes(MAGIC).u8(version.code());
        Self {
            version,
            w,
            devices: Vec::new(),
            properties: Vec::new(),
        }
    }

    /// Begins a chunk group.
    pub fn group(mut self, device: &str) -> Self {
        let device = DeviceId::from_path(device);
        self.w.u8(0);
        let header = ChunkGroupHeader {
            device: device.clone(),
        };
        header.serialize(&mut self.w, self.version);
        self.devices.push((device, Vec::new()));
        self
    }

    /// Appends a chunk to the group, and its series to the index.
    pub fn chunk(self, chunk: &Chunk) -> Self {
        let offset = self.position();
        self.data(chunk).index(chunk, offset)
    }

    /// Appends a chunk that the index does not know.
    pub fn data(mut self, chunk: &Chunk) -> Self {
        let size = u32::try_from(chunk.body.len()).unwrap();
        let mut page = ByteWriter::new();
        page.uvarint(chunk.uncompressed.unwrap_or(size).into())
            .uvarint(chunk.compressed.unwrap_or(size).into());
        if let Some(statistics) = &chunk.page_statistics {
            serialize_statistics(&mut page, statistics);
        }
        page.bytes(&chunk.body).bytes(&chunk.more_pages);
        let page = page.into_bytes();
        let marker = Marker::Chunk(ChunkKind {
            role: chunk.role,
            single_page: chunk.page_statistics.is_none(),
        });
        self.w
            .u8(marker.into())
            .varstr(Some(chunk.name))
            .uvarint(chunk.data_bytes.map_or(page.len() as u64, u64::from))
            .u8(chunk.data_type)
            .u8(chunk.compression)
            .u8(chunk.encoding)
            .bytes(&page);
        self
    }

    /// Adds a series to the index, whose chunk is said to be at `offset`.
    pub fn index(mut self, chunk: &Chunk, offset: u64) -> Self {
        let int = DataType::try_from(chunk.data_type).unwrap_or(DataType::Int32);
        let series = TimeseriesMetadata {
            kind: 0,
            measurement: chunk.name.to_string(),
            data_type: int,
            statistics: Statistics {
                count: chunk.count,
                start_time: chunk.times.0,
                end_time: chunk.times.1,
                values: ValueStatistics::empty(int),
            },
            chunks: vec![ChunkMetadata {
                offset,
                statistics: None,
            }],
        };
        self.devices.last_mut().unwrap().1.push(series);
        self
    }

    /// Offset of what comes next.
    pub fn position(&self) -> u64 {
        self.w.position() as u64
    }

    /// Appends bytes as they are.
    #[allow(dead_code, reason = "for the fuzzers")]
    pub fn bytes(mut self, bytes: &[u8]) -> Self {
        self.w.bytes(bytes);
        self
    }

    /// The data section alone.
    pub fn unsealed(self) -> Vec<u8> {
        self.w.into_bytes()
    }

    /// Index, file metadata and footer as they should be: one leaf for each device, one root above.
    pub fn finish(self) -> Vec<u8> {
        self.finish_with(|w, devices| {
            let mut entries = Vec::new();
            for (device, series) in devices {
                let leaf = leaf(w, series);
                entries.push((device.clone(), leaf));
            }
            entries
        })
    }

    /// As [`Builder::finish`] with `index` writing what lies below the root and telling the root's entries.
    pub fn finish_with(
        mut self,
        index: impl FnOnce(
            &mut ByteWriter,
            &[(DeviceId, Vec<TimeseriesMetadata>)],
        ) -> Vec<(DeviceId, u64)>,
    ) -> Vec<u8> {
        let meta_offset = self.position();
        self.w.u8(2);
        let entries = index(&mut self.w, &self.devices);
        let start = self.position();
        let metadata = FileMetadata {
            tables: vec![(
                "root".to_string(),
                DeviceNode {
                    entries: entries.into_iter().collect(),
                    end: start,
                    kind: NodeKind::LeafDevice,
                },
            )],
            schemas: Vec::new(),
            unknown_schemas: Vec::new(),
            meta_offset,
            bloom_filter: None,
            properties: self.properties,
        };
        metadata.serialize(&mut self.w, self.version);
        let size = i32::try_from(self.w.position() as u64 - start).unwrap();
        self.w.i32(size).bytes(MAGIC);
        self.w.into_bytes()
    }
}

/// Writes the timeseries of a device and the leaf above them; returns where the leaf is.
pub fn leaf(w: &mut ByteWriter, series: &[TimeseriesMetadata]) -> u64 {
    let first = w.position() as u64;
    for s in series {
        s.serialize(w);
    }
    let name = series.first().map_or("", |s| s.measurement.as_str());
    node(w, NodeKind::LeafMeasurement, &[(name, first)])
}

/// Writes a measurement node that ends where it begins, as its last child does; returns where it is.
pub fn node(w: &mut ByteWriter, kind: NodeKind, entries: &[(&str, u64)]) -> u64 {
    let at = w.position() as u64;
    let node = MeasurementNode {
        entries: entries.to_vec(),
        end: at,
        kind,
    };
    node.serialize(w);
    at
}
