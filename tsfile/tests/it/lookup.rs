//! Devices looked up by name, and read from where a plan says that they are: the same as in the whole index, for fewer bytes.

use crate::expected::tsfiles;
use crate::golden::golden;
use crate::scan::Rng;
use arrow_array::{ArrayRef, Int64Array, RecordBatch};
use arrow_schema::{DataType as ArrowType, Field, Schema};
use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::sync::Arc;
use tsfile::format::{
    ChunkMetadata, DeviceNode, FileMetadata, FormatVersion, MAGIC, MeasurementNode, NodeKind,
    TimeseriesMetadata,
};
use tsfile::io::{CountingSource, MemorySink, MemorySource, ReadCounts};
use tsfile::model::{
    ColumnCategory, Compression, DataType, DeviceId, Encoding, MeasurementSchema, Model,
    Statistics, TableColumn, TableSchema, ValueStatistics,
};
use tsfile::read::{DeviceExtent, DeviceRef, Index};
use tsfile::wire::{ByteReader, ByteWriter};
use tsfile::{ReadOptions, TsFileReader, TsFileWriter, WriteOptions};

/// A device with all that the index says about it, as text: NaN equals itself there.
type Entry = (DeviceId, bool, Vec<String>);

fn entry(device: DeviceRef<'_>) -> Entry {
    let series = 0..device.series_count();
    let series = series.map(|k| {
        let all = device.timeseries(k).ok();
        if let Some(all) = &all {
            let head = device.series(k).unwrap();
            assert_eq!(head.measurement, all.measurement);
            assert_eq!(head.data_type().unwrap(), all.data_type);
        }
        format!("{all:?}")
    });
    (device.id().clone(), device.is_aligned(), series.collect())
}

fn entries(index: &Index) -> Vec<Entry> {
    index.devices().map(entry).collect()
}

/// A file whose reads are counted.
pub struct Sample {
    name: String,
    source: CountingSource<MemorySource>,
}

impl Sample {
    pub fn new(name: impl Into<String>, bytes: Vec<u8>) -> Self {
        Self {
            name: name.into(),
            source: CountingSource::new(MemorySource::new(bytes)),
        }
    }

    pub fn name(&self) -> &str {
        &self.name
    }

    pub fn counts(&self) -> ReadCounts {
        self.source.counts()
    }

    pub fn open(&self) -> TsFileReader {
        let options = ReadOptions::default();
        TsFileReader::new(self.source.clone(), self.name.clone(), options).unwrap()
    }

    /// What `f` gives, and what it read.
    pub fn counted<T>(&self, f: impl FnOnce() -> T) -> (T, ReadCounts) {
        let before = self.source.counts();
        let result = f();
        let after = self.source.counts();
        let counts = ReadCounts {
            reads: after.reads - before.reads,
            bytes: after.bytes - before.bytes,
        };
        (result, counts)
    }
}

/// What a file is asked.
#[derive(Debug, Default)]
struct Asked {
    alone: usize,
    missing: usize,
    most: u64,
    whole: usize,
}

/// Looks up every `step`th device alone, names that are not there, random sets, and plans of random sets.
fn check(sample: &Sample, rng: &mut Rng, step: usize) -> Asked {
    let whole = sample.open();
    let index = whole.shared_index().unwrap();
    let all = entries(&index);
    let ids: HashSet<DeviceId> = all.iter().map(|e| e.0.clone()).collect();
    let same = |id: &DeviceId| -> Vec<&Entry> { all.iter().filter(|e| e.0 == *id).collect() };
    let by_id: BTreeMap<&DeviceId, usize> =
        all.iter().enumerate().map(|(i, e)| (&e.0, i)).collect();
    let reader = sample.open();
    let mut asked = Asked::default();
    let name = &sample.name;
    for (id, at) in by_id.iter().step_by(step) {
        let id: &DeviceId = id;
        let (found, counts) = sample.counted(|| reader.lookup(std::slice::from_ref(id)).unwrap());
        let found = entries(&found);
        let expected = match ids.len() == all.len() {
            true => vec![&all[*at]],
            false => same(id),
        };
        assert_eq!(found.iter().collect::<Vec<_>>(), expected, "{name}: {id}");
        asked.alone += 1;
        asked.most = asked.most.max(counts.reads);
        // Looking it up in the whole index that is in memory gives the same.
        assert_eq!(
            entries(&whole.lookup(std::slice::from_ref(id)).unwrap()),
            found
        );
        for other in absent(id) {
            if !ids.contains(&other) {
                let found = reader.lookup(std::slice::from_ref(&other)).unwrap();
                assert_eq!(found.device_count(), 0, "{name}: {other}");
                asked.missing += 1;
            }
        }
        if reader.model_of(id) == Model::Tree {
            let paths = [id.path(), "root.nowhere.x".to_string()];
            let found = sample.open().index_for(Some(&paths)).unwrap();
            let all_of_path = |entries: &[Entry]| {
                let path = |e: &&Entry| e.0.path() == id.path();
                entries.iter().filter(path).cloned().collect::<Vec<_>>()
            };
            let found = all_of_path(&entries(&found));
            assert!(found.contains(&all[*at]), "{name}: {id} by path");
        }
    }
    let ids_alone = sample.open().device_ids().unwrap();
    assert!(ids_alone.iter().eq(all.iter().map(|e| &e.0)), "{name}");
    for _ in 0..8 {
        let part = 1 + rng.below(10);
        let chosen: Vec<usize> = (0..all.len()).filter(|_| rng.below(10) < part).collect();
        let mut wanted: Vec<DeviceId> = chosen.iter().map(|&i| all[i].0.clone()).collect();
        wanted.reverse();
        let wanted_ids: HashSet<&DeviceId> = wanted.iter().collect();
        let expected: Vec<&Entry> = all.iter().filter(|e| wanted_ids.contains(&e.0)).collect();
        let reader = sample.open();
        let found = reader.lookup(&wanted).unwrap();
        assert_eq!(
            entries(&found).iter().collect::<Vec<_>>(),
            expected,
            "{name}"
        );
        let kept = sample
            .open()
            .index_where(|id| wanted_ids.contains(id))
            .unwrap();
        if expected.len() <= all.len() / 2 {
            assert_eq!(
                entries(&kept).iter().collect::<Vec<_>>(),
                expected,
                "{name}"
            );
        } else {
            assert_eq!(entries(&kept), all);
        }
        check_extents(sample, &index, &chosen, &all);
        // A plan can be made from a part of the index as well.
        let positions: Vec<usize> = (0..found.device_count()).collect();
        check_extents(sample, &found, &positions, &entries(&found));
    }
    asked.whole = all.len();
    asked
}

/// Plans the devices of `index` at `positions`, and reads them as another process would.
fn check_extents(sample: &Sample, index: &Index, positions: &[usize], all: &[Entry]) {
    let numbers: Vec<u32> = positions.iter().map(|&p| p as u32).collect();
    let extents = index.extents(&numbers).unwrap().unwrap();
    let count: usize = extents.iter().map(DeviceExtent::device_count).sum();
    assert_eq!(count, positions.len());
    let mut w = ByteWriter::new();
    extents.iter().for_each(|e| e.serialize(&mut w));
    let bytes = w.into_bytes();
    assert!(bytes.len() <= 50 * extents.len());
    let mut r = ByteReader::new(&bytes, "plan");
    let parsed: Vec<DeviceExtent> = (0..extents.len())
        .map(|_| DeviceExtent::parse(&mut r).unwrap())
        .collect();
    assert!(r.is_empty());
    assert_eq!(parsed, extents);
    let reader = sample.open();
    let (found, counts) = sample.counted(|| reader.index_at(&parsed).unwrap());
    assert!(counts.reads <= 3 * extents.len() as u64, "{counts:?}");
    let expected: Vec<&Entry> = positions.iter().map(|&p| &all[p]).collect();
    assert_eq!(
        entries(&found).iter().collect::<Vec<_>>(),
        expected,
        "{}",
        sample.name
    );
}

fn owned(id: &DeviceId) -> Vec<Option<String>> {
    id.segments().map(|s| s.map(String::from)).collect()
}

/// Devices like `id` that a file probably does not have.
fn absent(id: &DeviceId) -> Vec<DeviceId> {
    let with = |change: &dyn Fn(&mut Vec<Option<String>>)| {
        let mut segments = owned(id);
        change(&mut segments);
        DeviceId::new(segments)
    };
    vec![
        with(&|s| s.push(Some("x".into()))),
        with(&|s| s.truncate(s.len() - 1)),
        with(&|s| {
            s.iter_mut()
                .for_each(|s| *s = s.as_ref().map(|s| format!("{s}!")))
        }),
        with(&|s| *s.last_mut().unwrap() = Some("\u{10ffff}".into())),
        with(&|s| s.insert(1, None)),
        with(&|s| s[0] = Some("root.zz".into())),
    ]
}

#[test]
fn every_device_of_every_sample_is_found_alone() {
    let mut rng = Rng(0x1dea_1dea);
    let (mut asked, mut missing) = (0, 0);
    for writer in std::fs::read_dir(golden()).unwrap() {
        for file in tsfiles(&writer.unwrap().path()) {
            let bytes = std::fs::read(&file).unwrap();
            let sample = Sample::new(file.display().to_string(), bytes);
            let done = check(&sample, &mut rng, 1);
            asked += done.alone;
            missing += done.missing;
        }
    }
    println!("{asked} devices found alone, {missing} found missing");
    assert!(asked > 600 && missing > 3_500, "{asked} {missing}");
}

/// A file of these devices, with `degree` children in a node, each device with a few points.
pub fn written(devices: &[DeviceId], version: FormatVersion, degree: usize) -> Vec<u8> {
    let sink = MemorySink::new("written");
    let output = sink.output();
    let options = WriteOptions::default()
        .with_format_version(version)
        .with_index_degree(degree);
    let mut writer = TsFileWriter::start_devices(Box::new(sink), options).unwrap();
    let tables: BTreeSet<&str> = devices
        .iter()
        .filter(|d| d.model() == Model::Table)
        .map(DeviceId::table)
        .collect();
    for table in tables {
        let column = |name: &str, data_type, category| TableColumn {
            measurement: MeasurementSchema {
                name: name.to_string(),
                data_type,
                encoding: Encoding::Plain,
                compression: Compression::Uncompressed,
                properties: Vec::new(),
            },
            category,
        };
        let tag = |name| column(name, DataType::String, ColumnCategory::Tag);
        let field = |name| column(name, DataType::Int64, ColumnCategory::Field);
        let columns = vec![tag("a"), tag("b"), tag("c"), field("s"), field("t")];
        let name = table.to_string();
        writer.add_table(TableSchema { name, columns }).unwrap();
    }
    for (i, device) in devices.iter().enumerate() {
        let aligned = device.model() == Model::Table || i % 3 != 0;
        let names: &[&str] = if i % 4 == 0 { &["s"] } else { &["s", "t"] };
        let field = |n: &&str| Field::new(*n, ArrowType::Int64, true);
        let mut fields = vec![Field::new("time", ArrowType::Int64, false)];
        fields.extend(names.iter().map(field));
        let column = |n: usize| Arc::new(Int64Array::from(vec![n as i64])) as ArrayRef;
        let columns = (0..fields.len()).map(|n| column(n + i)).collect();
        let batch = RecordBatch::try_new(Arc::new(Schema::new(fields)), columns).unwrap();
        writer.write_device(device, aligned, &batch).unwrap();
    }
    writer.finish().unwrap();
    output.bytes().unwrap().to_vec()
}

/// Parts of names: some are ordered in another way by code units than by bytes, some by segments than as a path.
const NODES: [&str; 16] = [
    "a",
    "b",
    "a-b",
    "a0",
    "A",
    "zz",
    "é",
    "中文",
    "\u{ff21}x",
    "😀",
    "😀a",
    "`x.y`",
    "_",
    "s1",
    "10x",
    "\u{e000}",
];

fn random_devices(rng: &mut Rng, n: usize, tree: bool) -> Vec<DeviceId> {
    let mut out = BTreeSet::new();
    let node = |rng: &mut Rng| {
        let node = NODES[rng.below(16) as usize];
        if rng.below(3) == 0 {
            format!("{node}{}", rng.below(50))
        } else {
            node.to_string()
        }
    };
    while out.len() < n {
        let mut segments: Vec<Option<String>> = Vec::new();
        if tree {
            let mut path = "root".to_string();
            for _ in 0..1 + rng.below(5) {
                path = format!("{path}.{}", node(rng));
            }
            out.insert(DeviceId::from_path(&path));
        } else {
            segments.push(Some(
                ["t1", "t2", "wetter"][rng.below(3) as usize].to_string(),
            ));
            for _ in 0..rng.below(4) {
                segments.push((rng.below(4) > 0).then(|| node(rng)));
            }
            out.insert(DeviceId::new(segments));
        }
    }
    out.into_iter().collect()
}

#[test]
fn devices_of_random_files_are_found_alone() {
    let mut rng = Rng(0x7357_0001);
    let mut asked = 0;
    for case in 0..60 {
        let tree = case % 3 != 0;
        let version = if tree && case % 2 == 0 {
            FormatVersion::V3
        } else {
            FormatVersion::V4
        };
        let n = 1 + rng.below(if case % 5 == 0 { 120 } else { 30 }) as usize;
        let devices = random_devices(&mut rng, n, tree);
        let degree = 2 + rng.below(if case % 2 == 0 { 3 } else { 16 }) as usize;
        let bytes = written(&devices, version, degree);
        let sample = Sample::new(format!("case {case}, degree {degree}, {version}"), bytes);
        let done = check(&sample, &mut rng, 1);
        assert_eq!(done.whole, n);
        asked += done.alone;
    }
    assert!(asked > 1000, "{asked}");
}

/// A file with these devices in this order, whatever it is, and `degree` children in a node; nulls at the end are written as they are.
fn crafted(devices: &[Vec<Option<String>>], version: FormatVersion, degree: usize) -> Vec<u8> {
    let mut out = ByteWriter::new();
    out.bytes(MAGIC).u8(version.code());
    let meta_offset = out.position() as u64;
    out.u8(2);
    let series = |out: &mut ByteWriter, n: usize| {
        let at = out.position() as u64;
        let statistics = Statistics {
            count: n as u64,
            start_time: 0,
            end_time: n as i64,
            values: ValueStatistics::None,
        };
        let chunks = vec![ChunkMetadata {
            offset: 7,
            statistics: None,
        }];
        TimeseriesMetadata {
            kind: 0,
            measurement: "s".to_string(),
            data_type: DataType::Blob,
            statistics,
            chunks,
        }
        .serialize(out);
        at..out.position() as u64
    };
    let runs: Vec<_> = (0..devices.len()).map(|n| series(&mut out, n)).collect();
    let mut entries: Vec<(Vec<Option<String>>, u64)> = Vec::new();
    for (device, run) in devices.iter().zip(runs) {
        entries.push((device.clone(), out.position() as u64));
        MeasurementNode {
            entries: vec![("s", run.start)],
            end: run.end,
            kind: NodeKind::LeafMeasurement,
        }
        .serialize(&mut out);
    }
    let node = |entries: &[(Vec<Option<String>>, u64)], end: u64, kind: NodeKind| {
        let mut w = ByteWriter::new();
        w.uvarint(entries.len() as u64);
        for (device, offset) in entries {
            if version == FormatVersion::V4 {
                w.uvarint(device.len() as u64);
                device.iter().for_each(|s| {
                    w.varstr(s.as_deref());
                });
            } else {
                w.varstr(Some(&DeviceId::new(device.clone()).path()));
            }
            w.bytes(&offset.to_be_bytes());
        }
        w.bytes(&end.to_be_bytes()).u8(kind as u8);
        w.into_bytes()
    };
    let mut kind = NodeKind::LeafDevice;
    while entries.len() > degree {
        let mut upper = Vec::new();
        let mut end = out.position() as u64;
        let groups: Vec<_> = entries.chunks(degree).collect();
        for (i, group) in groups.iter().enumerate() {
            // The children of this node end where those of the next one begin.
            let own_end = groups.get(i + 1).map_or(end, |next| next[0].1);
            upper.push((group[0].0.clone(), out.position() as u64));
            out.bytes(&node(group, own_end, kind));
        }
        end = end.max(out.position() as u64);
        assert!(end > 0);
        entries = upper;
        kind = NodeKind::InternalDevice;
    }
    let end = out.position() as u64;
    let root = node(&entries, end, kind);
    let root = DeviceNode::parse(&mut ByteReader::new(&root, "root"), version).unwrap();
    let table = match version {
        FormatVersion::V4 => devices[0][0].clone().unwrap(),
        FormatVersion::V3 => String::new(),
    };
    let metadata = FileMetadata {
        tables: vec![(table, root)],
        schemas: Vec::new(),
        unknown_schemas: Vec::new(),
        meta_offset,
        bloom_filter: None,
        properties: Vec::new(),
    };
    let start = out.position();
    metadata.serialize(&mut out, version);
    let size = (out.position() - start) as i32;
    out.bytes(&size.to_be_bytes()).bytes(MAGIC);
    out.into_bytes()
}

fn segments(table: &str, tags: &[Option<&str>]) -> Vec<Option<String>> {
    let tags = tags.iter().map(|t| t.map(String::from));
    std::iter::once(Some(table.to_string()))
        .chain(tags)
        .collect()
}

#[test]
fn any_order_of_devices_is_searched_or_read_as_a_whole() {
    let mut rng = Rng(0x0bde_0bde);
    for case in 0..200 {
        let tree = case % 2 == 0;
        let version = if tree && case % 4 == 0 {
            FormatVersion::V3
        } else {
            FormatVersion::V4
        };
        let n = 2 + rng.below(60) as usize;
        let mut devices: Vec<Vec<Option<String>>> = random_devices(&mut rng, n, tree)
            .into_iter()
            .map(|d| owned(&d))
            .map(|mut s| {
                s[0] = Some(if tree { "root.x" } else { "t" }.into());
                s
            })
            .collect::<BTreeSet<_>>()
            .into_iter()
            .collect();
        let path = |d: &[Option<String>]| DeviceId::new(d.to_vec()).path();
        let by_path = version == FormatVersion::V3;
        if by_path {
            devices.sort_by_key(|d| path(d));
        }
        match case % 5 {
            // As C++ does; as Java does; backwards.
            0 => {}
            1 if by_path => devices.sort_by_key(|d| path(d).encode_utf16().collect::<Vec<_>>()),
            1 => devices.sort_by_key(|d| {
                let units = |s: &String| s.encode_utf16().collect::<Vec<_>>();
                d.iter().map(|s| s.as_ref().map(units)).collect::<Vec<_>>()
            }),
            2 => devices.reverse(),
            // As nobody does, and nothing but the order shows it.
            3 => devices.sort_by_key(|d| format!("{d:?}").bytes().map(u64::from).sum::<u64>() % 31),
            // Some twice, with a null at the end.
            _ if version == FormatVersion::V4 => {
                let twice: Vec<_> = devices
                    .iter()
                    .flat_map(|d| {
                        let again = (rng.below(3) == 0).then(|| [d.as_slice(), &[None]].concat());
                        std::iter::once(d.clone()).chain(again)
                    })
                    .collect();
                devices = twice;
            }
            _ => {}
        }
        // Of several nodes in no order, those that are read can be in one by chance.
        let one_node = case % 5 == 3;
        let degree = if one_node {
            devices.len()
        } else {
            2 + rng.below(6) as usize
        };
        let bytes = crafted(&devices, version, degree);
        let sample = Sample::new(format!("case {case}, degree {degree}, {version}"), bytes);
        let done = check(&sample, &mut rng, 1);
        assert_eq!(done.whole, devices.len());
    }
}

/// The nodes of large files are not all in memory once a file is open.
#[test]
fn one_of_a_hundred_thousand_devices_takes_a_request_for_each_storey() {
    let devices: Vec<_> = (0..100_000)
        .map(|i| segments("meters", &[Some(&format!("meter_{i:06}"))]))
        .collect();
    let sample = Sample::new("many", crafted(&devices, FormatVersion::V4, 256));
    let (reader, opened) = sample.counted(|| sample.open());
    println!("open: {opened:?}");
    assert!(opened.reads <= 3, "{opened:?}");
    let whole = sample.open();
    let (index, all) = sample.counted(|| whole.shared_index().unwrap());
    println!("whole index: {all:?}");
    assert_eq!(index.device_count(), devices.len());
    let mut rng = Rng(0xfeed);
    let step = 61;
    let mut most = ReadCounts { reads: 0, bytes: 0 };
    for at in (0..devices.len()).step_by(step).chain([devices.len() - 1]) {
        let id = DeviceId::new(devices[at].clone());
        let (found, counts) = sample.counted(|| reader.lookup(&[id]).unwrap());
        assert_eq!(entries(&found), [entry(index.device(at).unwrap())]);
        most.reads = most.reads.max(counts.reads);
        most.bytes = most.bytes.max(counts.bytes);
    }
    println!("one device: at most {most:?}");
    // Upper nodes, a leaf, the measurement node, the series; a leaf more where the device begins a leaf.
    assert!(most.reads <= 4 && most.bytes < 64 * 1024, "{most:?}");
    // And each of them, with others.
    for first in (0..devices.len()).step_by(500) {
        let positions = first..first + 500;
        let wanted: Vec<_> = devices[positions.clone()]
            .iter()
            .cloned()
            .map(DeviceId::new)
            .collect();
        let found = reader.lookup(&wanted).unwrap();
        let expected = positions.map(|i| entry(index.device(i).unwrap()));
        assert_eq!(entries(&found), expected.collect::<Vec<_>>());
    }
    let missing = DeviceId::new(segments("meters", &[Some("meter_0500001")]));
    let (found, counts) = sample.counted(|| reader.lookup(&[missing]).unwrap());
    assert_eq!(found.device_count(), 0);
    assert!(counts.reads <= 2, "{counts:?}");
    let other = DeviceId::new(segments("others", &[Some("x")]));
    let (found, counts) = sample.counted(|| reader.lookup(&[other]).unwrap());
    assert_eq!((found.device_count(), counts.reads), (0, 0));
    // Names that end alike: only device nodes are read to find them.
    let (found, counts) = sample.counted(|| {
        let chosen = reader.index_where(|id| id.tag(0).is_some_and(|t| t.ends_with("4711")));
        chosen.unwrap()
    });
    println!("ten devices by what their names end with: {counts:?}");
    assert_eq!(found.device_count(), 10);
    assert!(counts.bytes < all.bytes / 2, "{counts:?}");
    // A part of a plan, where another process finds it.
    for count in [1, 300, 10_000] {
        let first = rng.below((devices.len() - count) as u64) as u32;
        let positions: Vec<u32> = (first..first + count as u32).collect();
        let extents = index.extents(&positions).unwrap().unwrap();
        assert_eq!(extents.len(), 1);
        let bytes = extents[0].size_bytes();
        let (found, counts) = sample.counted(|| sample.open().index_at(&extents).unwrap());
        let reads = counts.reads - opened.reads;
        println!("{count} devices by their places: {reads} reads of {bytes} bytes");
        assert!(reads <= 3 && bytes < 20_000 + 120 * count as u64, "{bytes}");
        assert_eq!(found.device_count(), count);
        for (device, position) in found.devices().zip(positions).step_by(97) {
            assert_eq!(
                entry(device),
                entry(index.device(position as usize).unwrap())
            );
        }
    }
}

#[test]
fn a_place_in_another_file_is_an_error() {
    let devices: Vec<_> = (0..300)
        .map(|i| segments("t", &[Some(&format!("{i:03}"))]))
        .collect();
    let sample = Sample::new("planned", crafted(&devices, FormatVersion::V4, 16));
    let index = sample.open().shared_index().unwrap();
    let extents = index
        .extents(&(100..200).collect::<Vec<u32>>())
        .unwrap()
        .unwrap();
    let fewer = Sample::new("changed", crafted(&devices[..150], FormatVersion::V4, 16));
    let reader = fewer.open();
    assert!(reader.index_at(&extents).is_err());
    let small = Sample::new("small", crafted(&devices[..10], FormatVersion::V4, 16));
    let e = small.open().index_at(&extents).unwrap_err().to_string();
    assert!(e.contains("small"), "{e}");
}

#[test]
fn damaged_nodes_are_errors_or_answers() {
    let devices: Vec<_> = (0..200)
        .map(|i| segments("t", &[Some(&format!("{i:03}"))]))
        .collect();
    let bytes = crafted(&devices, FormatVersion::V4, 6);
    let mut rng = Rng(0xbad_bad);
    let (mut failed, mut found) = (0, 0);
    for _ in 0..4000 {
        let mut damaged = bytes.clone();
        // The nodes are the second half of the file.
        for _ in 0..1 + rng.below(3) {
            let at = bytes.len() / 3 + rng.below(bytes.len() as u64 * 2 / 3) as usize;
            damaged[at] = match rng.below(3) {
                0 => rng.below(256) as u8,
                1 => damaged[at].wrapping_add(1),
                _ => bytes[rng.below(bytes.len() as u64) as usize],
            };
        }
        let source = MemorySource::new(damaged);
        let Ok(reader) = TsFileReader::new(source, "damaged", ReadOptions::default()) else {
            continue;
        };
        let wanted = [DeviceId::new(devices[rng.below(200) as usize].clone())];
        match reader.lookup(&wanted) {
            Ok(index) => found += index.device_count(),
            Err(e) => {
                assert!(e.to_string().contains("damaged"), "{e}");
                failed += 1;
            }
        }
    }
    println!("{found} found, {failed} errors");
    assert!(
        found > 1000 && failed > 100,
        "{found} found, {failed} errors"
    );
}
