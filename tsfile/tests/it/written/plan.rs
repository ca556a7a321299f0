//! A random file: what is in it, how it reaches the writer, and what a reader has to find.

use super::dump::{Device, Dump, Series, escape};
use super::random::Random;
use super::values::{Column, Value, hex};
use arrow_array::{ArrayRef, Int64Array, LargeStringArray, RecordBatch, StringArray};
use arrow_schema::{ArrowError, DataType as ArrowType, Field, Schema};
use std::collections::BTreeMap;
use std::sync::Arc;
use tsfile::format::FormatVersion;
use tsfile::model::{
    ColumnCategory, Compression, DataType, DeviceId, Encoding, Form, MeasurementSchema,
    TableColumn, TableSchema, legal_encodings,
};
use tsfile::write::{Compat, Duplicates};
use tsfile::{TsFileWriter, WriteOptions};

const NODES: &[&str] = &[
    "a", "b", "c", "sg", "sg1", "d1", "d2", "plant", "line_7", "x:y", "温度", "`a.b`", "`x y`",
    "`1`", "`grün`", "v@2", "`🙂`", "`a``b`", "#1", "$x",
];
const NAMES: &[&str] = &[
    "s1", "s2", "s3", "s10", "temp", "Temp", "status", "v_max", "温度", "`a.b`", "`x y`", "`2`",
    "hum#1", "p", "`🙂é`",
];
const FIELDS: &[&str] = &[
    "f1",
    "f2",
    "F3",
    "temp",
    "humidity",
    "状态",
    "v_max",
    "x",
    "y",
    "z",
    "with space",
    "dot.ted",
    "🙂",
    "Größe",
    "`q`",
];
const TABLES: &[&str] = &[
    "t1",
    "t2",
    "plants",
    "Mixed_Case",
    "温度",
    "with space",
    "dot.ted",
];
const TAGS: &[&str] = &[
    "a",
    "b",
    "",
    "A",
    "null",
    "grün",
    "设备",
    "device-1",
    " ",
    "🙂",
    "x.y",
    "`q`",
    "tab\there",
    "root.a",
];
const TYPES: &[DataType] = &[
    DataType::Boolean,
    DataType::Int32,
    DataType::Int64,
    DataType::Float,
    DataType::Double,
    DataType::Text,
    DataType::Timestamp,
    DataType::Date,
    DataType::Blob,
    DataType::String,
    DataType::Float,
    DataType::Double,
];
/// What IoTDB 0.13 knows.
const OLD_TYPES: &[DataType] = &[
    DataType::Boolean,
    DataType::Int32,
    DataType::Int64,
    DataType::Float,
    DataType::Double,
    DataType::Text,
];
const OLD_ENCODINGS: &[Encoding] = &[
    Encoding::Plain,
    Encoding::Dictionary,
    Encoding::Rle,
    Encoding::Ts2Diff,
    Encoding::GorillaV1,
    Encoding::Gorilla,
];
const COMPRESSIONS: &[Compression] = &[
    Compression::Uncompressed,
    Compression::Snappy,
    Compression::Gzip,
    Compression::Lz4,
    Compression::Zstd,
    Compression::Lzma2,
];
const ROWS: &[usize] = &[1, 2, 3, 7, 8, 9, 127, 128, 129, 255, 256, 257];
/// Values of a file, about.
const MOST_VALUES: usize = 2_500;

pub(super) type Row = (i64, Vec<Option<Value>>);

/// Who is able to read the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Readers {
    /// Java 2.4.0 and the Python package.
    Both,
    /// Java 2.4.0 alone: encodings that the C++ library does not read.
    Java,
    /// Version 3: Java 1.1.3 and 2.4.0.
    Version3,
    /// Version 3 with what Java 0.13.4 knows.
    Old,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Narrow,
    Wide,
    Table,
    /// Device by device, each with columns of its own; trees, and tables in version 4.
    Devices,
}

#[derive(Clone)]
pub(super) struct Of {
    /// Path, or table and tags.
    segments: Vec<Option<String>>,
    pub(super) table: bool,
    aligned: bool,
    pub(super) columns: Vec<Column>,
    pub(super) rows: Vec<Row>,
}

/// A file to be written.
#[derive(Clone)]
pub struct Plan {
    pub(super) readers: Readers,
    pub(super) kind: Kind,
    pub(super) options: WriteOptions,
    pub(super) lossy: Option<u32>,
    /// Floats that old C++ releases read.
    broad: bool,
    /// Name of a time column that is not called `time`.
    time_column: &'static str,
    tags: Vec<String>,
    tables: Vec<String>,
    pub(super) devices: Vec<Of>,
    batches: Vec<Batch>,
    properties: Vec<(String, String)>,
}

#[derive(Clone)]
struct Batch {
    /// Which device, for [`Kind::Devices`].
    device: usize,
    batch: RecordBatch,
    flush: bool,
}

/// What came of a plan.
pub struct Written {
    pub expect: Dump,
    /// Readers that the file is for, where it is not for all.
    pub only: Option<&'static str>,
    /// What is in it, in a line.
    pub line: String,
}

impl Plan {
    pub fn new(r: &mut Random) -> Self {
        let readers = r.pick(&[
            Readers::Both,
            Readers::Both,
            Readers::Both,
            Readers::Both,
            Readers::Java,
            Readers::Java,
            Readers::Version3,
            Readers::Version3,
            Readers::Old,
        ]);
        let version3 = matches!(readers, Readers::Version3 | Readers::Old);
        let kind = r.pick(&[
            Kind::Narrow,
            Kind::Narrow,
            Kind::Wide,
            Kind::Table,
            Kind::Table,
            Kind::Devices,
        ]);
        let kind = if version3 && kind == Kind::Table {
            Kind::Narrow
        } else {
            kind
        };
        let mut new = Self {
            readers,
            kind,
            options: WriteOptions::default(),
            lossy: r.chance(20).then(|| r.pick(&[0, 1, 2, 3, 6])),
            broad: r.chance(20),
            time_column: if kind == Kind::Table && r.chance(10) {
                "Stamp"
            } else {
                "time"
            },
            tags: Vec::new(),
            tables: Vec::new(),
            devices: Vec::new(),
            batches: Vec::new(),
            properties: Vec::new(),
        };
        new.options(r, version3);
        new.devices(r);
        new.fill(r);
        new
    }

    /// Values at the times of all rows, and the batches that they come in.
    pub(super) fn fill(&mut self, r: &mut Random) {
        self.batches.clear();
        let wide = if self.kind == Kind::Wide {
            Some(self.wide_rows(r))
        } else {
            None
        };
        for d in &mut self.devices {
            fill(r, d);
        }
        match wide {
            Some(times) => self.batches_of_wide(r, &times),
            None if self.kind == Kind::Devices => self.batches_by_device(r),
            None => self.batches_of_rows(r),
        }
    }

    fn options(&mut self, r: &mut Random, version3: bool) {
        let mut o = std::mem::take(&mut self.options)
            .with_page_points(r.pick(&[10_000, 10_000, 10_000, 1000, 129, 128, 127, 8, 3, 1]))
            .with_page_bytes(r.pick(&[65_536, 65_536, 65_536, 1_000, 64]))
            .with_chunk_group_bytes(r.pick(&[1 << 27, 1 << 27, 1 << 27, 4_000, 100]))
            .with_index_degree(r.pick(&[256, 256, 2, 3, 4]))
            .with_time_column(self.time_column)
            .with_java_only(self.readers != Readers::Both)
            .with_compat(if self.broad {
                Compat::Broad
            } else {
                Compat::Current
            });
        if version3 {
            o = o.with_format_version(FormatVersion::V3);
        } else if r.chance(20) {
            self.properties
                .push(("made.by".to_string(), "a test: grün".to_string()));
            o = o.with_property("made.by", "a test: grün");
        }
        if let Some(p) = self.lossy {
            o = o.with_lossy(true).with_max_point_number(p);
        }
        if r.chance(40) {
            o = o.with_default_compression(self.compression(r));
        }
        self.options = o;
    }

    /// LZMA2 seldom: its encoder needs milliseconds for every page, however small.
    fn compression(&self, r: &mut Random) -> Compression {
        loop {
            let c = r.pick(COMPRESSIONS);
            let known = self.readers != Readers::Old
                || !matches!(c, Compression::Zstd | Compression::Lzma2);
            if known && (c != Compression::Lzma2 || r.chance(15)) {
                return c;
            }
        }
    }

    fn column(&self, r: &mut Random, name: &str) -> Column {
        let old = self.readers == Readers::Old;
        let data_type = r.pick(if old { OLD_TYPES } else { TYPES });
        let legal = self.legal(data_type);
        let encoding = r.chance(50).then(|| r.pick(&legal));
        let mut column = Column::new(r, name.to_string(), data_type, encoding);
        if r.chance(30) {
            column.compression = Some(self.compression(r));
        }
        if self.readers != Readers::Both {
            column = column.with_everything();
        }
        column
    }

    /// Encodings that the readers of the file know.
    pub(super) fn legal(&self, data_type: DataType) -> Vec<Encoding> {
        let old = self.readers == Readers::Old;
        let float = matches!(data_type, DataType::Float | DataType::Double);
        let mut legal = legal_encodings(data_type, self.readers != Readers::Both);
        let version3 = matches!(self.readers, Readers::Version3 | Readers::Old);
        legal.retain(|e| match e {
            _ if old && !OLD_ENCODINGS.contains(e) => false,
            Encoding::Camel => !version3,
            Encoding::Dictionary => !version3 || data_type == DataType::Text,
            Encoding::Rlbe => !version3 || !float,
            Encoding::Ts2Diff => !float || !self.broad,
            _ => true,
        });
        legal
    }

    fn columns(&self, r: &mut Random, names: &[&str]) -> Vec<Column> {
        let n = r.pick(&[1, 1, 2, 3, 5, 8]);
        let mut names: Vec<String> = r.distinct(names, n).iter().map(|n| n.to_string()).collect();
        if r.chance(3) {
            names.push("long_".repeat(200));
        }
        names.iter().map(|n| self.column(r, n)).collect()
    }

    fn devices(&mut self, r: &mut Random) {
        let n = r.pick(&[1, 1, 2, 3, 6, 9]);
        // Options by name are for all columns of the name, so devices with columns of their own share these.
        let mut pool = self.columns(
            r,
            if self.kind == Kind::Table {
                FIELDS
            } else {
                NAMES
            },
        );
        if self.kind == Kind::Devices {
            // Beside `temp` it would be the same column of a table.
            pool.retain(|c| c.name != "Temp");
            if pool.is_empty() {
                pool = vec![self.column(r, "temp")];
            }
        }
        let mut seen = Vec::new();
        if self.kind == Kind::Table {
            self.tags = ["site", "Line", "x.y"][..r.below(4)]
                .iter()
                .map(|t| t.to_string())
                .collect();
            self.tables = vec![r.pick(TABLES).to_string()];
        } else if self.kind == Kind::Devices
            && !matches!(self.readers, Readers::Version3 | Readers::Old)
            && r.chance(60)
        {
            self.tags = vec!["site".to_string(), "line".to_string()];
            self.tables = r
                .distinct(&["t1", "t2", "温度"], 2)
                .iter()
                .map(|t| t.to_string())
                .collect();
        }
        for _ in 0..n {
            let table = self.kind == Kind::Table || !self.tables.is_empty() && r.chance(60);
            let segments: Vec<Option<String>> = if table {
                let tags = self
                    .tags
                    .iter()
                    .map(|_| (!r.chance(30)).then(|| r.pick(TAGS).to_string()))
                    .collect::<Vec<_>>();
                std::iter::once(Some(r.pick(&self.tables).to_lowercase()))
                    .chain(tags)
                    .collect()
            } else {
                let depth = r.range(1, 6);
                let mut path = "root".to_string();
                for _ in 0..depth {
                    path = format!("{path}.{}", r.pick(NODES));
                }
                if r.chance(2) {
                    path = format!("{path}.{}", "deep_".repeat(300));
                }
                vec![Some(path)]
            };
            if seen.contains(&segments) {
                continue;
            }
            seen.push(segments.clone());
            let columns = match self.kind {
                Kind::Narrow | Kind::Table => pool.clone(),
                Kind::Devices if table => pool.clone(),
                Kind::Devices | Kind::Wide => {
                    let n = r.range(1, pool.len() as i64 + 1) as usize;
                    r.distinct(&pool, n)
                }
            };
            self.devices.push(Of {
                segments,
                table,
                aligned: true,
                columns,
                rows: Vec::new(),
            });
        }
        let aligned = r.chance(60);
        for d in &mut self.devices {
            d.aligned = d.table
                || if self.kind == Kind::Devices {
                    r.chance(50)
                } else {
                    aligned
                };
        }
        let mut o = std::mem::take(&mut self.options).with_aligned(aligned);
        if self.kind == Kind::Table || !self.tables.is_empty() {
            // Table names are stored in lower case, and options are asked for by the name as it is stored.
            for d in self.devices.iter_mut().filter(|d| d.table) {
                for c in &mut d.columns {
                    c.name = c.name.to_lowercase();
                }
            }
        }
        if self.kind == Kind::Table {
            o = o
                .with_table(self.tables[0].clone())
                .with_tags(self.tags.clone());
        }
        for d in &self.devices {
            for c in &d.columns {
                let by_path = self.kind == Kind::Wide && r.chance(50);
                let name = if by_path {
                    format!("{}.{}", d.path(), c.name)
                } else {
                    c.name.clone()
                };
                if let Some(e) = c.encoding {
                    o = o.with_encoding(name.clone(), e);
                }
                if let Some(x) = c.compression {
                    o = o.with_compression(name, x);
                }
            }
        }
        self.options = o;
        // Later devices may hold fewer rows, so that a file stays small.
        let width: usize = self
            .devices
            .iter()
            .map(|d| d.columns.len().max(1))
            .max()
            .unwrap();
        let most = (MOST_VALUES / (width * self.devices.len())).max(3);
        let old = self.readers == Readers::Old;
        for d in &mut self.devices {
            let n = match r.below(10) {
                0..5 => r.pick(ROWS).min(most),
                5..8 => (1 + r.below(most)).min(60),
                8 => most,
                _ => 1 + r.below(most),
            };
            d.rows = times(r, n, old)
                .into_iter()
                .map(|t| (t, Vec::new()))
                .collect();
        }
    }

    /// In the form wide a row has one time for all devices: devices get parts of one timeline.
    fn wide_rows(&mut self, r: &mut Random) -> Vec<i64> {
        let all: Vec<i64> = {
            let longest = self.devices.iter().max_by_key(|d| d.rows.len()).unwrap();
            longest.rows.iter().map(|(t, _)| *t).collect()
        };
        let single = self.devices.len() == 1;
        for d in &mut self.devices {
            let share = if single {
                100
            } else {
                r.pick(&[100, 70, 20, 2])
            };
            d.rows = all
                .iter()
                .filter(|_| r.chance(share))
                .map(|t| (*t, Vec::new()))
                .collect();
        }
        all
    }

    fn schema(&self, columns: &[Column]) -> Schema {
        let mut fields = vec![Field::new(self.time_column, ArrowType::Int64, false)];
        fields.extend(
            self.tags
                .iter()
                .filter(|_| self.kind == Kind::Table)
                .map(|t| Field::new(t, ArrowType::Utf8, true)),
        );
        if self.kind == Kind::Narrow {
            fields.push(Field::new("device_name", ArrowType::LargeUtf8, false));
        }
        fields.extend(columns.iter().map(Column::field));
        Schema::new(fields)
    }

    /// Narrow and table: rows of all devices, one after the other, taking turns, or in any order.
    fn batches_of_rows(&mut self, r: &mut Random) {
        let mut all: Vec<(usize, Row)> = Vec::new();
        for (k, d) in self.devices.iter().enumerate() {
            all.extend(d.rows.iter().map(|row| (k, row.clone())));
        }
        let order = r.below(4);
        if order == 1 {
            all.sort_by_key(|(_, (time, _))| *time);
        } else if order == 2 {
            r.shuffle(&mut all);
            if r.chance(30) {
                self.duplicate(r, &mut all);
            }
        }
        let columns = self.devices[0].columns.clone();
        let schema = Arc::new(self.schema(&columns));
        for (rows, flush) in cuts(r, &all, order != 2) {
            let mut arrays: Vec<ArrayRef> = vec![Arc::new(Int64Array::from_iter_values(
                rows.iter().map(|(_, (t, _))| *t),
            ))];
            if self.kind == Kind::Narrow {
                let names = rows.iter().map(|(k, _)| self.devices[*k].path());
                arrays.push(Arc::new(LargeStringArray::from_iter_values(names)));
            }
            for tag in 0..if self.kind == Kind::Table {
                self.tags.len()
            } else {
                0
            } {
                let values = rows
                    .iter()
                    .map(|(k, _)| self.devices[*k].segments[tag + 1].clone());
                arrays.push(Arc::new(StringArray::from_iter(values)));
            }
            for (c, column) in columns.iter().enumerate() {
                let values: Vec<_> = rows.iter().map(|(_, (_, v))| v[c].clone()).collect();
                arrays.push(column.array(&values));
            }
            let batch = record_batch(&schema, arrays).unwrap();
            self.batches.push(Batch {
                device: 0,
                batch,
                flush,
            });
        }
    }

    /// Some rows come twice; the first or the last of each pair is kept.
    fn duplicate(&mut self, r: &mut Random, all: &mut Vec<(usize, Row)>) {
        let last = r.chance(50);
        let n = all.len();
        for _ in 0..r.range(1, 5) {
            let from = r.below(n);
            let (k, (time, _)) = all[from].clone();
            let mut columns = self.devices[k].columns.clone();
            let new: Vec<_> = columns
                .iter_mut()
                .map(|c| r.chance(70).then(|| c.next(r)))
                .collect();
            let d = &mut self.devices[k];
            let kept = d.rows.iter_mut().find(|(t, _)| *t == time).unwrap();
            if last {
                kept.1.clone_from(&new);
            }
            all.push((k, (time, new)));
        }
        let duplicates = if last {
            Duplicates::Last
        } else {
            Duplicates::First
        };
        self.options = std::mem::take(&mut self.options).with_duplicates(duplicates);
    }

    fn batches_of_wide(&mut self, r: &mut Random, times: &[i64]) {
        let mut columns = Vec::new();
        for d in &self.devices {
            for c in &d.columns {
                let mut c = c.clone();
                c.name = format!("{}.{}", d.path(), c.name);
                columns.push(c);
            }
        }
        let mut by_time: Vec<BTreeMap<i64, Vec<Option<Value>>>> = Vec::new();
        for d in &self.devices {
            by_time.push(d.rows.iter().cloned().collect());
        }
        let rows: Vec<Row> = times
            .iter()
            .map(|t| {
                let values = self.devices.iter().zip(&by_time).flat_map(|(d, rows)| {
                    rows.get(t)
                        .cloned()
                        .unwrap_or_else(|| vec![None; d.columns.len()])
                });
                (*t, values.collect())
            })
            .collect();
        let schema = Arc::new(self.schema(&columns));
        let batches = cuts(r, &rows, true);
        self.batches = batches
            .into_iter()
            .map(|(rows, flush)| batch_of(&schema, &columns, &rows, 0, flush))
            .collect();
        if self.devices.len() > 1 {
            // A row belongs to the devices that have a value in it.
            for d in &mut self.devices {
                d.rows.retain(|(_, v)| v.iter().any(Option::is_some));
            }
        }
    }

    fn batches_by_device(&mut self, r: &mut Random) {
        let mut all = Vec::new();
        for (k, d) in self.devices.iter().enumerate() {
            let schema = Arc::new(self.schema(&d.columns));
            let batches = cuts(r, &d.rows, true);
            let batches = batches
                .into_iter()
                .map(|(rows, flush)| batch_of(&schema, &d.columns, &rows, k, flush));
            all.push(batches.collect::<Vec<_>>());
        }
        // Devices take turns, each in its own order.
        for d in &mut all {
            d.reverse();
        }
        while all.iter().any(|d| !d.is_empty()) {
            let k = r.below(all.len());
            self.batches.extend(all[k].pop());
        }
    }

    /// Hands everything to a writer. Where an encoding does not keep the values of its column, all is tried again with GORILLA.
    pub fn write(&mut self, path: &std::path::Path) -> Written {
        let mut given_up = 0;
        while let Err(e) = self.try_write(path) {
            let text = e.to_string();
            let name = text
                .split("measurement ")
                .nth(1)
                .and_then(|s| s.rfind(')').map(|end| s[..end].to_string()));
            let Some(name) = name.filter(|_| text.contains("does not keep every value")) else {
                panic!("{}: {text}", path.display());
            };
            given_up += 1;
            assert!(given_up < 30, "{text}");
            self.use_gorilla(&name);
        }
        let only = match self.readers {
            Readers::Both => None,
            Readers::Java => Some("java-2.4.0\n"),
            Readers::Version3 => Some("java-2.4.0\njava-1.1.3\n"),
            Readers::Old => Some("java-2.4.0\njava-1.1.3\njava-0.13.4\n"),
        };
        let rows: usize = self.devices.iter().map(|d| d.rows.len()).sum();
        let line = format!(
            "{:?} {:?} devices={} rows={rows} lossy={:?} given_up={given_up}",
            self.readers,
            self.kind,
            self.devices.len(),
            self.lossy
        );
        Written {
            expect: self.expect(),
            only,
            line,
        }
    }

    /// GORILLA keeps everything that another encoding does not.
    fn use_gorilla(&mut self, name: &str) {
        self.use_encoding(name, Encoding::Gorilla);
    }

    pub(super) fn use_encoding(&mut self, name: &str, encoding: Encoding) {
        let mut o = std::mem::take(&mut self.options);
        for d in &mut self.devices {
            let path = d.path();
            for c in d.columns.iter_mut().filter(|c| c.name == name) {
                o = o.with_encoding(c.name.clone(), encoding);
                if self.kind == Kind::Wide {
                    o = o.with_encoding(format!("{path}.{}", c.name), encoding);
                }
                c.encoding = Some(encoding);
            }
        }
        self.options = o;
    }

    fn try_write(&self, path: &std::path::Path) -> tsfile::Result<()> {
        let o = self.options.clone();
        let mut w = if self.kind == Kind::Devices {
            let sink = tsfile::io::AtomicFile::create(path, tsfile::io::Overwrite::Replace)?;
            let mut w = TsFileWriter::start_devices(Box::new(sink), o)?;
            for table in &self.tables {
                w.add_table(self.table_schema(table))?;
            }
            w
        } else {
            TsFileWriter::create(
                path,
                self.batches[0].batch.schema(),
                o.with_form(match self.kind {
                    Kind::Narrow => Form::Narrow,
                    Kind::Wide => Form::Wide,
                    _ => Form::Table,
                }),
            )?
        };
        for b in &self.batches {
            if self.kind == Kind::Devices {
                let d = &self.devices[b.device];
                w.write_device(&d.id(), d.aligned, &b.batch)?;
            } else {
                w.write(&b.batch)?;
            }
            if b.flush {
                w.flush()?;
            }
        }
        w.finish().map(|_| ())
    }

    fn table_schema(&self, name: &str) -> TableSchema {
        let column = |name: &str, data_type, category| TableColumn {
            measurement: MeasurementSchema {
                name: name.to_string(),
                data_type,
                encoding: Encoding::Plain,
                compression: Compression::Lz4,
                properties: Vec::new(),
            },
            category,
        };
        let tags = self
            .tags
            .iter()
            .map(|t| column(t, DataType::String, ColumnCategory::Tag));
        let fields = self
            .devices
            .iter()
            .find(|d| d.table)
            .map(|d| d.columns.as_slice())
            .unwrap_or(&[]);
        let fields = fields
            .iter()
            .map(|c| column(&c.name, c.data_type, ColumnCategory::Field));
        TableSchema {
            name: name.to_string(),
            columns: tags.chain(fields).collect(),
        }
    }

    fn expect(&self) -> Dump {
        let mut out = Dump::default();
        for (key, value) in &self.properties {
            out.properties.insert(escape(key), hex(value.as_bytes()));
        }
        for table in &self.tables {
            let mut columns = Vec::new();
            if self.time_column != "time" {
                columns.push([
                    self.time_column.to_lowercase(),
                    "TIMESTAMP".to_string(),
                    "TIME".to_string(),
                ]);
            }
            for c in self.table_schema(table).columns {
                let m = c.measurement;
                let category = if c.category == ColumnCategory::Tag {
                    "TAG"
                } else {
                    "FIELD"
                };
                columns.push([
                    escape(&m.name.to_lowercase()),
                    m.data_type.name().to_string(),
                    category.to_string(),
                ]);
            }
            out.tables.insert(escape(&table.to_lowercase()), columns);
        }
        for d in &self.devices {
            let mut device = Device {
                aligned: d.aligned,
                ..Device::default()
            };
            if d.aligned {
                device.rows = Some(d.rows.iter().map(|(t, _)| *t).collect());
            }
            for (k, c) in d.columns.iter().enumerate() {
                let points: Vec<_> = d
                    .rows
                    .iter()
                    .filter_map(|(t, v)| Some((*t, self.shown(c, v[k].as_ref()?))))
                    .collect();
                if points.is_empty() {
                    continue;
                }
                let series = Series {
                    data_type: c.data_type.name().to_string(),
                    encoding: c.encoding.map_or("", Encoding::name).to_string(),
                    points,
                    ..Series::default()
                };
                device.series.insert(escape(&c.name), series);
            }
            let there = if d.aligned {
                !d.rows.is_empty()
            } else {
                !device.series.is_empty()
            };
            if there {
                out.devices.insert(d.line(), device);
            }
        }
        out
    }

    /// The value, and what else it may come back as where the column may lose something: a page keeps its values when it can.
    fn shown(&self, c: &Column, v: &Value) -> String {
        let text = v.text();
        match (self.lossy, c.encoding) {
            (Some(p), Some(Encoding::Ts2Diff | Encoding::Rle)) if c.is_float() => {
                format!("{text}\t{}", v.scaled(p).text())
            }
            (Some(_), Some(Encoding::Camel)) => format!("{text}\tnear"),
            _ => text,
        }
    }
}

impl Of {
    fn path(&self) -> String {
        self.segments[0].clone().unwrap()
    }

    fn id(&self) -> DeviceId {
        if self.table {
            DeviceId::new(self.segments.clone())
        } else {
            DeviceId::from_path(&self.path())
        }
    }

    /// As a dump names it: null tags at the end are left out.
    fn line(&self) -> String {
        if !self.table {
            return format!("tree\t{}", escape(&self.path()));
        }
        let end = self.segments.iter().rposition(Option::is_some).unwrap();
        let segments: Vec<_> = self.segments[..=end]
            .iter()
            .map(|s| s.as_deref().map_or("\\N".to_string(), escape))
            .collect();
        format!("table\t{}", segments.join("\t"))
    }
}

/// Values of the rows, with nulls of one kind or another.
fn fill(r: &mut Random, d: &mut Of) {
    let nulls: Vec<_> = d
        .columns
        .iter()
        .map(|_| (r.below(8), r.pick(&[1, 10, 50, 90])))
        .collect();
    let n = d.rows.len();
    for (i, (_, values)) in d.rows.iter_mut().enumerate() {
        *values = d
            .columns
            .iter_mut()
            .zip(&nulls)
            .map(|(c, (kind, share))| {
                let null = match kind {
                    0..4 => false,
                    4 => r.chance(*share),
                    // Runs, a first half, and everything.
                    5 => i / 40 % 2 == 0,
                    6 => i < n / 2,
                    _ => *share != 10 || i + 1 < n,
                };
                (!null).then(|| c.next(r))
            })
            .collect();
    }
}

/// Strictly ascending; `old` releases refuse what is before 1970.
pub(super) fn times(r: &mut Random, n: usize, old: bool) -> Vec<i64> {
    let mut now = r.pick(&[
        -1,
        0,
        0,
        -500,
        1_700_000_000_000,
        1_700_000_000_000_000_000,
        -(1 << 61),
        1 << 61,
    ]);
    if old && now < 0 {
        now = 0;
    }
    let step = r.pick(&[1, 1, 10, 1000, 60_000, 1_000_000_000]);
    let jitter = r.pick(&[1, 1, 3, 1000, 1 << 30]);
    (0..n)
        .map(|_| {
            now += step + r.range(0, jitter);
            now
        })
        .collect()
}

/// Rows cut into batches, and whether to flush after each.
fn cuts<T: Clone>(r: &mut Random, all: &[T], may_flush: bool) -> Vec<(Vec<T>, bool)> {
    let parts = r.pick(&[1, 1, 2, 3, 7]);
    let flushes = may_flush && r.chance(50);
    let mut at: Vec<usize> = (1..parts).map(|_| r.below(all.len() + 1)).collect();
    at.extend([0, all.len()]);
    at.sort_unstable();
    let pairs = at.iter().zip(at.iter().skip(1));
    pairs
        .map(|(a, b)| (all[*a..*b].to_vec(), flushes && r.chance(70)))
        .collect()
}

fn batch_of(
    schema: &Arc<Schema>,
    columns: &[Column],
    rows: &[Row],
    device: usize,
    flush: bool,
) -> Batch {
    let mut arrays: Vec<ArrayRef> = vec![Arc::new(Int64Array::from_iter_values(
        rows.iter().map(|(t, _)| *t),
    ))];
    for (k, c) in columns.iter().enumerate() {
        let values: Vec<_> = rows.iter().map(|(_, v)| v[k].clone()).collect();
        arrays.push(c.array(&values));
    }
    let batch = record_batch(schema, arrays).unwrap();
    Batch {
        device,
        batch,
        flush,
    }
}

fn record_batch(schema: &Arc<Schema>, arrays: Vec<ArrayRef>) -> Result<RecordBatch, ArrowError> {
    RecordBatch::try_new(schema.clone(), arrays)
}
