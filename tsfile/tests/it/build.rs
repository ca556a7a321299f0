//! Builds small files from public structures and encoders, for what no sample holds. Not a writer: one page a chunk, PLAIN, uncompressed.

use std::cmp::Ordering;
use std::collections::BTreeMap;
use tsfile::encoding::{plain, ts_2diff};
use tsfile::format::{
    BloomFilter, ChunkGroupHeader, ChunkHeader, ChunkKind, ChunkMetadata, ChunkRole, DeviceNode,
    FileMetadata, FormatVersion, HEAD_BYTES, MAGIC, Marker, MeasurementNode, NodeKind,
    TimeseriesMetadata,
};
use tsfile::io::MemorySource;
use tsfile::model::{
    ColumnCategory, Compression, DataType, DeviceId, Encoding, MeasurementSchema, Statistics,
    TableColumn, TableSchema, ValueStatistics,
};
use tsfile::wire::ByteWriter;
use tsfile::{ReadOptions, TsFileReader};

/// Values of a column; `None` is a null.
#[derive(Debug, Clone)]
pub enum Column {
    I32(Vec<Option<i32>>),
    I64(Vec<Option<i64>>),
    F64(Vec<Option<f64>>),
    Bool(Vec<Option<bool>>),
    Text(Vec<Option<&'static str>>),
    Bytes(Vec<Option<Vec<u8>>>),
    Date(Vec<Option<i32>>),
}

impl Column {
    pub fn data_type(&self) -> DataType {
        match self {
            Self::I32(_) => DataType::Int32,
            Self::I64(_) => DataType::Int64,
            Self::F64(_) => DataType::Double,
            Self::Bool(_) => DataType::Boolean,
            Self::Text(_) | Self::Bytes(_) => DataType::Text,
            Self::Date(_) => DataType::Date,
        }
    }

    /// What a writer would note about these values; those of a whole series are left at zero, since every chunk has its own.
    fn statistics(&self, times: &[i64]) -> (DataType, Statistics) {
        fn ends<T: Copy>(v: &[Option<T>]) -> Option<(T, T)> {
            let mut there = v.iter().flatten().copied();
            let first = there.next()?;
            Some((first, there.next_back().unwrap_or(first)))
        }
        let present = self.present();
        let mut there = times
            .iter()
            .zip(&present)
            .filter(|(_, p)| **p)
            .map(|(t, _)| *t);
        let start = there.next();
        let (start_time, end_time) = (start.unwrap_or(0), there.next_back().or(start).unwrap_or(0));
        let empty = ValueStatistics::empty(self.data_type());
        let values = match self {
            Self::I32(v) | Self::Date(v) => ends(v).map(|(first, last)| ValueStatistics::Int32 {
                min: v.iter().flatten().copied().min().unwrap(),
                max: v.iter().flatten().copied().max().unwrap(),
                first,
                last,
                sum: v.iter().flatten().map(|v| i64::from(*v)).sum(),
            }),
            Self::I64(v) => ends(v).map(|(first, last)| ValueStatistics::Int64 {
                min: v.iter().flatten().copied().min().unwrap(),
                max: v.iter().flatten().copied().max().unwrap(),
                first,
                last,
                sum: v.iter().flatten().map(|v| *v as f64).sum(),
            }),
            // As Java does it: a NaN stays where it is first, and is passed over later.
            Self::F64(v) => ends(v).map(|(first, last)| ValueStatistics::Double {
                min: v
                    .iter()
                    .flatten()
                    .fold(first, |a, b| if *b < a { *b } else { a }),
                max: v
                    .iter()
                    .flatten()
                    .fold(first, |a, b| if *b > a { *b } else { a }),
                first,
                last,
                sum: v.iter().flatten().sum(),
            }),
            Self::Bool(v) => ends(v).map(|(first, last)| ValueStatistics::Boolean {
                first,
                last,
                sum: v.iter().flatten().map(|v| i64::from(*v)).sum(),
            }),
            Self::Text(v) => ends(v).map(|(first, last)| ValueStatistics::Text {
                first: first.into(),
                last: last.into(),
            }),
            Self::Bytes(v) => v
                .iter()
                .flatten()
                .next()
                .map(|first| ValueStatistics::Text {
                    first: first.clone(),
                    last: v.iter().flatten().next_back().unwrap().clone(),
                }),
        };
        let statistics = Statistics {
            count: present.iter().filter(|p| **p).count() as u64,
            start_time,
            end_time,
            values: values.unwrap_or(empty),
        };
        (self.data_type(), statistics)
    }

    fn present(&self) -> Vec<bool> {
        fn of<T>(v: &[Option<T>]) -> Vec<bool> {
            v.iter().map(Option::is_some).collect()
        }
        match self {
            Self::I32(v) | Self::Date(v) => of(v),
            Self::I64(v) => of(v),
            Self::F64(v) => of(v),
            Self::Bool(v) => of(v),
            Self::Text(v) => of(v),
            Self::Bytes(v) => of(v),
        }
    }

    fn encode(&self, out: &mut Vec<u8>) {
        fn dense<T: Clone>(v: &[Option<T>]) -> Vec<T> {
            v.iter().flatten().cloned().collect()
        }
        match self {
            Self::I32(v) | Self::Date(v) => plain::encode(&dense(v), out),
            Self::I64(v) => plain::encode(&dense(v), out),
            Self::F64(v) => plain::encode(&dense(v), out),
            Self::Bool(v) => plain::encode(&dense(v), out),
            Self::Text(v) => {
                let dense: Vec<&[u8]> = v.iter().flatten().map(|s| s.as_bytes()).collect();
                plain::encode_bytes(&dense, out).unwrap();
            }
            Self::Bytes(v) => {
                let dense: Vec<&[u8]> = v.iter().flatten().map(Vec::as_slice).collect();
                plain::encode_bytes(&dense, out).unwrap();
            }
        }
    }
}

/// A file that grows chunk group by chunk group.
pub struct FileBuilder {
    version: FormatVersion,
    out: ByteWriter,
    devices: BTreeMap<DeviceId, BTreeMap<String, TimeseriesMetadata>>,
    pub properties: Vec<(String, Option<Vec<u8>>)>,
    pub bloom_filter: Option<BloomFilter>,
    schemas: Vec<TableSchema>,
}

impl FileBuilder {
    pub fn new(version: FormatVersion) -> Self {
        let mut out = ByteWriter::new();
        out.bytes(MAGIC).u8(version.code());
        Self {
            version,
            out,
            devices: BTreeMap::new(),
            properties: Vec::new(),
            bloom_filter: None,
            schemas: Vec::new(),
        }
    }

    /// Declares a table with STRING tags and INT64 fields.
    pub fn table(&mut self, name: &str, tags: &[&str], fields: &[&str]) -> &mut Self {
        let column = |name: &&str, data_type, category| TableColumn {
            measurement: MeasurementSchema {
                name: (*name).to_string(),
                data_type,
                encoding: Encoding::Plain,
                compression: Compression::Uncompressed,
                properties: Vec::new(),
            },
            category,
        };
        let tags = tags
            .iter()
            .map(|n| column(n, DataType::String, ColumnCategory::Tag));
        let fields = fields
            .iter()
            .map(|n| column(n, DataType::Int64, ColumnCategory::Field));
        self.schemas.push(TableSchema {
            name: name.to_string(),
            columns: tags.chain(fields).collect(),
        });
        self
    }

    pub fn position(&self) -> usize {
        self.out.position()
    }

    fn group(&mut self, device: &DeviceId) {
        self.out.u8(u8::from(Marker::ChunkGroup));
        ChunkGroupHeader {
            device: device.clone(),
        }
        .serialize(&mut self.out, self.version);
        self.devices.entry(device.clone()).or_default();
    }

    /// A chunk group of a non-aligned device: each series with its own times.
    pub fn plain(&mut self, device: &DeviceId, series: &[(&str, &[i64], Column)]) -> &mut Self {
        self.group(device);
        for (name, times, column) in series {
            let mut encoded = Vec::new();
            ts_2diff::encode(times, &mut encoded);
            let mut page = ByteWriter::new();
            page.uvarint(encoded.len() as u64).bytes(&encoded);
            let mut values = Vec::new();
            column.encode(&mut values);
            page.bytes(&values);
            let role = ChunkRole::Plain;
            let statistics = column.statistics(times);
            let page = Some(page.into_bytes());
            self.chunk(device, name, Encoding::Plain, role, statistics, page);
        }
        self
    }

    /// A chunk group of an aligned device.
    pub fn aligned(
        &mut self,
        device: &DeviceId,
        times: &[i64],
        columns: &[(&str, Column)],
    ) -> &mut Self {
        self.group(device);
        let mut encoded = Vec::new();
        ts_2diff::encode(times, &mut encoded);
        let statistics = Statistics {
            count: times.len() as u64,
            start_time: times.first().copied().unwrap_or(0),
            end_time: times.last().copied().unwrap_or(0),
            values: ValueStatistics::None,
        };
        let statistics = (DataType::Vector, statistics);
        let role = ChunkRole::Time;
        self.chunk(
            device,
            "",
            Encoding::Ts2Diff,
            role,
            statistics,
            Some(encoded),
        );
        for (name, column) in columns {
            let present = column.present();
            let count = present.iter().filter(|p| **p).count();
            let page = (count > 0).then(|| {
                let mut page = ByteWriter::new();
                page.i32(present.len() as i32);
                for byte in present.chunks(8) {
                    page.u8(byte
                        .iter()
                        .enumerate()
                        .fold(0, |b, (i, &p)| b | (u8::from(p) << (7 - i))));
                }
                let mut values = Vec::new();
                column.encode(&mut values);
                page.bytes(&values);
                page.into_bytes()
            });
            let statistics = column.statistics(times);
            self.chunk(
                device,
                name,
                Encoding::Plain,
                ChunkRole::Value,
                statistics,
                page,
            );
        }
        self
    }

    fn chunk(
        &mut self,
        device: &DeviceId,
        name: &str,
        encoding: Encoding,
        role: ChunkRole,
        (data_type, statistics): (DataType, Statistics),
        page: Option<Vec<u8>>,
    ) {
        let offset = self.out.position() as u64;
        let mut pages = ByteWriter::new();
        if let Some(page) = &page {
            pages
                .uvarint(page.len() as u64)
                .uvarint(page.len() as u64)
                .bytes(page);
        }
        let pages = pages.into_bytes();
        ChunkHeader {
            kind: ChunkKind {
                role,
                single_page: true,
            },
            measurement: name.to_string(),
            data_bytes: pages.len() as u32,
            data_type,
            compression: Compression::Uncompressed,
            encoding,
        }
        .serialize(&mut self.out);
        self.out.bytes(&pages);
        let series = self
            .devices
            .get_mut(device)
            .unwrap()
            .entry(name.to_string())
            .or_insert_with(|| TimeseriesMetadata {
                kind: 1,
                measurement: name.to_string(),
                data_type,
                statistics: Statistics {
                    count: 0,
                    start_time: i64::MAX,
                    end_time: i64::MIN,
                    values: ValueStatistics::empty(data_type),
                },
                chunks: Vec::new(),
            });
        if statistics.count > 0 {
            series.statistics.count += statistics.count;
            series.statistics.start_time = series.statistics.start_time.min(statistics.start_time);
            series.statistics.end_time = series.statistics.end_time.max(statistics.end_time);
        }
        series.chunks.push(ChunkMetadata {
            offset,
            statistics: Some(statistics),
        });
    }

    /// Puts the chunk groups of another file of the same version behind those that are here. Where they have a time of the same series, they
    /// win: the only way to chunks that overlap, which no writer of ours makes.
    pub fn append(&mut self, file: &[u8]) -> &mut Self {
        let source = MemorySource::new(file.to_vec());
        let reader = TsFileReader::new(source, "appended", ReadOptions::default()).unwrap();
        assert_eq!(reader.format_version(), self.version);
        let shift = self.out.position() - HEAD_BYTES;
        self.out
            .bytes(&file[HEAD_BYTES..reader.data_end() as usize]);
        for device in reader.index().unwrap().devices() {
            let all = self.devices.entry(device.id().clone()).or_default();
            for k in 0..device.series_count() {
                let mut new = device.timeseries(k).unwrap();
                let statistics = new.chunks.iter().map(|c| new.chunk_statistics(c).clone());
                let statistics: Vec<_> = statistics.collect();
                for (chunk, own) in new.chunks.iter_mut().zip(statistics) {
                    chunk.offset += shift as u64;
                    chunk.statistics = Some(own);
                }
                new.kind |= 1;
                match all.get_mut(&new.measurement) {
                    None => {
                        all.insert(new.measurement.clone(), new);
                    }
                    Some(series) => {
                        assert_eq!(series.data_type, new.data_type);
                        series.statistics.merge(&new.statistics);
                        series.chunks.extend(new.chunks);
                    }
                }
            }
        }
        for schema in &reader.metadata().schemas {
            if self.schemas.iter().all(|s| s.name != schema.name) {
                self.schemas.push(schema.clone());
            }
        }
        self
    }

    /// A filter of all paths. As with all writers that of a time column is among them, which has no name behind the dot.
    pub fn filter_paths(&mut self) -> &mut Self {
        let mut paths = Vec::new();
        for (device, series) in &self.devices {
            paths.extend(
                series
                    .keys()
                    .map(|name| format!("{}.{name}", device.path())),
            );
        }
        self.bloom_filter = Some(BloomFilter::build(&paths, 0.05));
        self
    }

    /// The bytes so far: what a writer that died leaves behind.
    pub fn unsealed(&self) -> Vec<u8> {
        self.out.clone().into_bytes()
    }

    /// The whole file.
    pub fn finish(&self) -> Vec<u8> {
        let mut out = self.out.clone();
        let meta_offset = out.position() as u64;
        out.u8(2);
        let mut roots: BTreeMap<String, Vec<(DeviceId, Vec<u8>)>> = BTreeMap::new();
        for (device, series) in &self.devices {
            let start = out.position() as u64;
            for s in series.values() {
                s.serialize(&mut out);
            }
            let first = series.keys().next().map_or("", String::as_str);
            let node = MeasurementNode {
                entries: vec![(first, start)],
                end: out.position() as u64,
                kind: NodeKind::LeafMeasurement,
            };
            let mut bytes = ByteWriter::new();
            node.serialize(&mut bytes);
            let table = if self.version == FormatVersion::V3 {
                ""
            } else {
                device.table()
            };
            roots
                .entry(table.to_string())
                .or_default()
                .push((device.clone(), bytes.into_bytes()));
        }
        let mut tables = Vec::new();
        for (table, mut devices) in roots {
            devices.sort_by(|a, b| device_order(&a.0, &b.0, self.version));
            let mut entries = Vec::new();
            for (device, node) in devices {
                entries.push((device, out.position() as u64));
                out.bytes(&node);
            }
            tables.push((
                table,
                DeviceNode {
                    entries: entries.into_iter().collect(),
                    end: out.position() as u64,
                    kind: NodeKind::LeafDevice,
                },
            ));
        }
        let metadata = FileMetadata {
            tables,
            schemas: self.schemas.clone(),
            unknown_schemas: Vec::new(),
            meta_offset,
            bloom_filter: self.bloom_filter.clone(),
            properties: self.properties.clone(),
        };
        let start = out.position();
        metadata.serialize(&mut out, self.version);
        let size = (out.position() - start) as i32;
        out.i32(size).bytes(MAGIC);
        out.into_bytes()
    }
}

/// Order of devices in an index: by UTF-16 units, in version 3 of whole paths, in version 4 of segments.
fn device_order(a: &DeviceId, b: &DeviceId, version: FormatVersion) -> Ordering {
    let units = |s: &str| s.encode_utf16().collect::<Vec<u16>>();
    if version == FormatVersion::V3 {
        return units(&a.path()).cmp(&units(&b.path()));
    }
    let segments = |id: &DeviceId| {
        let all = id.segments();
        all.map(|s| s.map(units)).collect::<Vec<_>>()
    };
    segments(a).cmp(&segments(b))
}
