//! Files that are wrong in one place each (testdata/bad), and the error that each must give.
//!
//! The files are made by [`files`]; `TSFILE_WRITE_BAD=1` writes them again. README.md beside them is the table of errors.

use crate::build::{Builder, Chunk, leaf, node, plain_body, steady, ts_2diff, value_body};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use tsfile::format::{ChunkMetadata, NodeKind};
use tsfile::io::MemorySource;
use tsfile::model::{Compression, DataType, Encoding, Statistics};
use tsfile::scan::{Form, ScanRequest, scan};
use tsfile::{ReadOptions, Result, TsFileReader};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../testdata/bad")
}

/// One device with one chunk.
fn one(chunk: &Chunk) -> Vec<u8> {
    Builder::new().group("root.sg.d1").chunk(chunk).finish()
}

fn with(change: impl FnOnce(&mut Chunk)) -> Vec<u8> {
    let mut chunk = Chunk::plain("s1");
    change(&mut chunk);
    one(&chunk)
}

/// An aligned device with one value column.
fn aligned(change: impl FnOnce(&mut Chunk, &mut Chunk)) -> Vec<u8> {
    let (mut time, mut value) = (Chunk::time(), Chunk::value("s1"));
    change(&mut time, &mut value);
    Builder::new()
        .group("root.sg.d1")
        .chunk(&time)
        .chunk(&value)
        .finish()
}

/// Replaces the size of the file metadata.
fn resized(mut bytes: Vec<u8>, size: i32) -> Vec<u8> {
    let at = bytes.len() - 10;
    bytes.splice(at..at + 4, size.to_be_bytes());
    bytes
}

/// A file whose one device has the measurement node that `index` writes.
fn indexed(index: impl FnOnce(&mut tsfile::wire::ByteWriter, u64) -> u64) -> Vec<u8> {
    Builder::new()
        .group("root.sg.d1")
        .chunk(&Chunk::plain("s1"))
        .finish_with(|w, devices| {
            let first = leaf(w, &devices[0].1);
            vec![(devices[0].0.clone(), index(w, first))]
        })
}

/// A timeseries of several chunks, which has the type of the first.
fn several_chunks(chunks: &[Chunk]) -> Vec<u8> {
    let builder = Builder::new().group("root.sg.d1");
    let mut builder = chunks.iter().fold(builder, |b, c| b.chunk(c));
    let series = &mut builder.devices[0].1;
    let mut all = series[0].clone();
    all.kind = 1;
    all.chunks = series
        .iter()
        .map(|s| ChunkMetadata {
            offset: s.chunks[0].offset,
            statistics: Some(Statistics {
                values: all.statistics.values.clone(),
                ..s.statistics.clone()
            }),
        })
        .collect();
    *series = vec![all];
    builder.finish()
}

fn files() -> BTreeMap<&'static str, Vec<u8>> {
    let good = || one(&Chunk::plain("s1"));
    let headed = |head: &[u8]| {
        let mut bytes = good();
        bytes.splice(..7, head.iter().copied());
        bytes
    };
    let text = |body: Vec<u8>, encoding: Encoding| {
        with(|c| {
            c.data_type = DataType::Text as u8;
            c.encoding = encoding as u8;
            c.body = plain_body(&ts_2diff(&[1, 2, 3]), &body);
            c.times = (1, 3);
        })
    };
    let values = |encoding: Encoding, values: &[u8]| {
        with(|c| {
            c.encoding = encoding as u8;
            c.body = plain_body(&ts_2diff(&[1000, 1001, 1002]), values);
        })
    };
    BTreeMap::from([
        ("version_1", headed(b"TsFile000001")),
        ("version_2", headed(b"TsFile000002")),
        ("version_9", headed(b"TsFile\x09")),
        ("no_version", b"TsFile".to_vec()),
        ("not_a_tsfile", b"PAR1\x15\x04\x15\x10\x15\x10PAR1".to_vec()),
        ("empty_file", Vec::new()),
        (
            "no_footer",
            Builder::new()
                .group("root.sg.d1")
                .chunk(&Chunk::plain("s1"))
                .unsealed(),
        ),
        ("size_huge", resized(good(), i32::MAX)),
        ("size_negative", resized(good(), -1)),
        ("size_zero", resized(good(), 0)),
        ("size_wrong", resized(good(), 40)),
        (
            "index_cycle",
            indexed(|w, _| {
                let own = w.position() as u64;
                node(w, NodeKind::InternalMeasurement, &[("s1", own)])
            }),
        ),
        (
            "index_deep",
            indexed(|w, leaf| {
                (0..70).fold(leaf, |child, _| {
                    node(w, NodeKind::InternalMeasurement, &[("s1", child)])
                })
            }),
        ),
        (
            "index_shared_node",
            indexed(|w, leaf| {
                let a = node(w, NodeKind::InternalMeasurement, &[("s1", leaf)]);
                let b = node(w, NodeKind::InternalMeasurement, &[("s1", leaf)]);
                node(w, NodeKind::InternalMeasurement, &[("s1", a), ("s2", b)])
            }),
        ),
        (
            "index_runs_overlap",
            Builder::new()
                .group("root.sg.d1")
                .chunk(&Chunk::plain("s1"))
                .chunk(&Chunk::plain("s2"))
                .finish_with(|w, devices| {
                    let starts: Vec<u64> = devices[0]
                        .1
                        .iter()
                        .map(|s| {
                            let at = w.position() as u64;
                            s.serialize(w);
                            at
                        })
                        .collect();
                    // The second leaf claims the series of the first one again, and the leaf itself.
                    let a = node(w, NodeKind::LeafMeasurement, &[("s1", starts[0])]);
                    let b = node(w, NodeKind::LeafMeasurement, &[("s2", starts[1])]);
                    let root = [("s1", a), ("s2", b)];
                    vec![(
                        devices[0].0.clone(),
                        node(w, NodeKind::InternalMeasurement, &root),
                    )]
                }),
        ),
        (
            "index_wrong_storey",
            indexed(|w, _| {
                let at = w.position() as u64;
                w.uvarint(0).i64(at as i64).u8(NodeKind::LeafDevice as u8);
                at
            }),
        ),
        (
            "chunk_offset_outside",
            Builder::new()
                .group("root.sg.d1")
                .index(&Chunk::plain("s1"), 1 << 40)
                .finish(),
        ),
        (
            "chunk_offset_elsewhere",
            Builder::new()
                .group("root.sg.d1")
                .index(&Chunk::plain("s1"), 7)
                .finish(),
        ),
        ("chunk_past_data", with(|c| c.data_bytes = Some(1000))),
        ("chunk_shared", {
            let builder = Builder::new().group("root.sg.d1");
            let at = builder.position();
            let chunk = Chunk::plain("s1");
            let mut builder = builder.chunk(&chunk);
            for d in ["root.sg.d2", "root.sg.d3"] {
                let device = tsfile::model::DeviceId::from_path(d);
                builder.devices.push((device, Vec::new()));
                builder = builder.index(&chunk, at);
            }
            builder.finish()
        }),
        ("page_past_chunk", with(|c| c.compressed = Some(100))),
        (
            "page_size_huge",
            with(|c| {
                c.compression = Compression::Lz4 as u8;
                c.uncompressed = Some(i32::MAX as u32);
            }),
        ),
        (
            "page_size_large",
            with(|c| {
                c.compression = Compression::Zstd as u8;
                c.uncompressed = Some(20 << 20);
            }),
        ),
        (
            "page_size_wrong",
            with(|c| {
                c.compression = Compression::Lz4 as u8;
                c.uncompressed = Some(100_000);
            }),
        ),
        ("page_size_of_two", with(|c| c.uncompressed = Some(29))),
        (
            "page_points_huge",
            with(|c| c.count = u64::from(u32::MAX >> 1)),
        ),
        (
            "rle_groups_huge",
            // Bytes, width, bit-packed run of 2^30 groups.
            values(Encoding::Rle, &[7, 32, 0xff, 0xff, 0xff, 0xff, 0x07, 8]),
        ),
        ("rle_width_huge", values(Encoding::Rle, &[3, 200, 6, 1])),
        ("rle_too_few", values(Encoding::Rle, &[3, 1, 4, 1])),
        (
            "dictionary_entries_huge",
            text(
                vec![0xfe, 0xff, 0xff, 0xff, 0x0f, 2, b'a'],
                Encoding::Dictionary,
            ),
        ),
        (
            "dictionary_entries_many",
            text(
                [
                    vec![8, 2, b'a', 2, b'b', 2, b'c', 2, b'd'],
                    vec![3, 1, 6, 0],
                ]
                .concat(),
                Encoding::Dictionary,
            ),
        ),
        (
            "dictionary_index_outside",
            text(vec![2, 2, b'a', 3, 3, 6, 5], Encoding::Dictionary),
        ),
        (
            "text_length_huge",
            text(vec![0xfe, 0xff, 0xff, 0xff, 0x0f, b'a'], Encoding::Plain),
        ),
        (
            "ts_2diff_count_huge",
            with(|c| {
                // A block claims 2^31 - 1 deltas of 8 bits.
                let mut times = steady(i32::MAX);
                times.splice(4..8, 8i32.to_be_bytes());
                times.extend([0; 4]);
                c.body = plain_body(&times, &[0x14, 0x01, 0x17]);
            }),
        ),
        (
            "ts_2diff_count_negative",
            with(|c| c.body = plain_body(&steady(-5), &[0x14, 0x01, 0x17])),
        ),
        (
            "ts_2diff_width_huge",
            with(|c| {
                let mut times = ts_2diff(&[1000, 1001, 1002]);
                times.splice(4..8, 65i32.to_be_bytes());
                c.body = plain_body(&times, &[0x14, 0x01, 0x17]);
            }),
        ),
        ("encoding_unknown", with(|c| c.encoding = 99)),
        ("encoding_of_another_type", values(Encoding::Camel, &[0; 8])),
        ("compression_unknown", with(|c| c.compression = 99)),
        ("type_unknown", with(|c| c.data_type = 99)),
        (
            "type_of_another_series",
            with(|c| {
                c.data_type = DataType::Text as u8;
            }),
        ),
        ("type_of_covered_chunk", {
            let mut text = Chunk::plain("s1");
            text.data_type = DataType::Text as u8;
            text.body = plain_body(&ts_2diff(&[1000, 1001, 1002]), &[2, b'a', 2, b'b', 2, b'c']);
            several_chunks(&[Chunk::plain("s1"), text.clone(), Chunk::plain("s1")])
        }),
        (
            "rows_mismatch",
            aligned(|_, v| v.body = value_body(9, &[0xaa, 0x80], &[2, 4, 6, 8, 10])),
        ),
        (
            "rows_negative",
            aligned(|_, v| v.body = value_body(-1, &[0xaa, 0x80], &[2, 4, 6, 8, 10])),
        ),
        (
            "bitmap_short",
            aligned(|_, v| v.body = value_body(10, &[0xaa], &[])),
        ),
        (
            "times_descend",
            with(|c| {
                c.body = plain_body(&ts_2diff(&[1000, 1002, 1001]), &[0x14, 0x01, 0x17]);
            }),
        ),
        (
            "times_twice",
            aligned(|t, _| t.body = ts_2diff(&[0, 1, 2, 3, 4, 5, 6, 7, 8, 8])),
        ),
        ("values_too_few", values(Encoding::Plain, &[0x14, 0x01])),
        (
            "values_too_many",
            values(Encoding::Plain, &[0x14, 0x01, 0x17, 0x18]),
        ),
        ("value_chunk_first", {
            let (time, value) = (Chunk::time(), Chunk::value("s1"));
            let builder = Builder::new().group("root.sg.d1");
            let at = builder.position();
            let mut builder = builder.chunk(&value);
            builder.devices[0].1.clear();
            builder.chunk(&time).index(&value, at).finish()
        }),
        ("encrypted", {
            let mut builder = Builder::new()
                .group("root.sg.d1")
                .chunk(&Chunk::plain("s1"));
            for (key, value) in [
                ("encryptLevel", "1"),
                ("encryptType", "org.apache.tsfile.encrypt.AES128"),
            ] {
                builder
                    .properties
                    .push((key.to_string(), Some(value.as_bytes().to_vec())));
            }
            builder.finish()
        }),
    ])
}

/// Opens and scans; the first error.
fn read(name: &str, bytes: &[u8]) -> Result<()> {
    let reader = TsFileReader::new(MemorySource::new(bytes), name, ReadOptions::new())?;
    reader.index()?;
    for batch in scan(vec![reader], ScanRequest::new().with_form(Form::Narrow))? {
        batch?;
    }
    Ok(())
}

#[test]
fn the_builder_makes_files_that_can_be_read() {
    read("good", &one(&Chunk::plain("s1"))).unwrap();
    read("good", &aligned(|_, _| ())).unwrap();
}

/// Rows of the table in README.md: file, kind, part of the message.
fn table() -> BTreeMap<String, (String, String)> {
    let text = std::fs::read_to_string(folder().join("README.md")).unwrap();
    text.lines()
        .filter_map(|line| line.strip_prefix("| `"))
        .map(|line| {
            let cells: Vec<&str> = line.split('|').map(str::trim).collect();
            let [file, kind, message, _what, ""] = cells[..] else {
                panic!("a row of README.md has not four cells: {line}");
            };
            let file = file.trim_end_matches('`').to_string();
            (file, (kind.to_string(), message.to_string()))
        })
        .collect()
}

#[test]
fn bad_files_give_the_error_that_the_table_says() {
    let files = files();
    if std::env::var_os("TSFILE_WRITE_BAD").is_some() {
        std::fs::create_dir_all(folder()).unwrap();
        for (name, bytes) in &files {
            std::fs::write(folder().join(format!("{name}.tsfile")), bytes).unwrap();
        }
    }
    let table = table();
    let mut wrong = Vec::new();
    let mut on_disk = 0;
    for entry in std::fs::read_dir(folder()).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|x| x != "tsfile") {
            continue;
        }
        on_disk += 1;
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        let bytes = std::fs::read(&path).unwrap();
        if files.get(path.file_stem().unwrap().to_str().unwrap()) != Some(&bytes) {
            wrong.push(format!("{name}: not what its generator makes"));
        }
        let error = match read(&name, &bytes) {
            Ok(()) => {
                wrong.push(format!("{name}: no error"));
                continue;
            }
            Err(e) => e,
        };
        let Some((kind, message)) = table.get(&name) else {
            wrong.push(format!("{name}: no entry; {:?}: {error}", error.kind()));
            continue;
        };
        let text = error.to_string();
        if format!("{:?}", error.kind()) != *kind || !text.contains(message) {
            wrong.push(format!(
                "{name}: expected {kind}: {message}; got {:?}: {text}",
                error.kind()
            ));
        }
        if error.file() != Some(&name) {
            wrong.push(format!(
                "{name}: an error that does not name the file: {text}"
            ));
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
    assert_eq!(on_disk, files.len());
    assert_eq!(on_disk, table.len());
}
