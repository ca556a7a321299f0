//! Small files that claim a lot: what a random mutation hits too rarely. The same promises hold for them.

use crate::build::{Builder, Chunk, node, plain_body, steady, ts_2diff, value_body};
use crate::visit::{Manner, visit};
use std::time::Duration;
use tsfile::compress::compress;
use tsfile::format::{ChunkRole, DeviceNode, FormatVersion, NodeKind, PageHeader};
use tsfile::model::{Compression, DataType, DeviceId, Encoding, Statistics, ValueStatistics};
use tsfile::wire::ByteWriter;

/// As many points as a page of a small file may have.
const POINTS: u64 = 1 << 20;
const LAST: i64 = POINTS as i64 - 1;

fn leaked(name: String) -> &'static str {
    Box::leak(name.into_boxed_str())
}

/// One repeat run of `value` (below 128) in RLE.
fn run(value: u8) -> Vec<u8> {
    let mut w = ByteWriter::new();
    w.u8(7).uvarint(POINTS * 2).u8(value);
    let body = w.into_bytes();
    let mut w = ByteWriter::new();
    w.uvarint(body.len() as u64).bytes(&body);
    w.into_bytes()
}

fn packed(mut chunk: Chunk) -> Chunk {
    let mut out = Vec::new();
    compress(Compression::Zstd, &chunk.body, &mut out).unwrap();
    chunk.compression = Compression::Zstd as u8;
    chunk.uncompressed = Some(u32::try_from(chunk.body.len()).unwrap());
    chunk.body = out;
    chunk
}

/// A million rows in some 40 bytes.
fn many_points(name: &'static str) -> Chunk {
    Chunk {
        encoding: Encoding::Rle as u8,
        body: plain_body(&steady(LAST as i32), &run(1)),
        count: POINTS,
        times: (0, LAST),
        ..Chunk::plain(name)
    }
}

/// The same in an aligned device.
fn many_rows(name: &'static str) -> Chunk {
    packed(Chunk {
        encoding: Encoding::Rle as u8,
        body: value_body(POINTS as i32, &vec![0xff; (POINTS / 8) as usize], &run(1)),
        count: POINTS,
        times: (0, LAST),
        ..Chunk::value(name)
    })
}

fn many_times() -> Chunk {
    Chunk {
        body: steady(LAST as i32),
        count: POINTS,
        times: (0, LAST),
        ..Chunk::time()
    }
}

fn text(values: Vec<u8>) -> Chunk {
    packed(Chunk {
        data_type: DataType::Text as u8,
        encoding: Encoding::Dictionary as u8,
        body: plain_body(&steady(LAST as i32), &values),
        count: POINTS,
        times: (0, LAST),
        ..Chunk::plain("s1")
    })
}

/// The same string of 60,000 bytes 270 times.
fn long_strings(name: &'static str) -> Chunk {
    let mut w = ByteWriter::new();
    w.svarint(1).svarint(60_000).bytes(&[b'x'; 60_000]);
    // Bytes of the run, width, count, index.
    w.bytes(&[4, 1, 0x9c, 0x04, 0]);
    packed(Chunk {
        data_type: DataType::Text as u8,
        encoding: Encoding::Dictionary as u8,
        body: plain_body(&steady(269), &w.into_bytes()),
        count: 270,
        times: (0, 269),
        ..Chunk::plain(name)
    })
}

fn series(n: usize) -> impl Iterator<Item = &'static str> {
    (0..n).map(|i| leaked(format!("s{i}")))
}

/// A row in each of `n` pages.
fn small_pages(name: &'static str, n: u32) -> Chunk {
    let statistics = |page: u32| Statistics {
        count: 1,
        start_time: page.into(),
        end_time: page.into(),
        values: ValueStatistics::empty(DataType::Int32),
    };
    let body = |page: u32| plain_body(&ts_2diff(&[page.into()]), &[2]);
    let mut more = ByteWriter::new();
    for page in 1..n {
        let bytes = body(page).len() as u32;
        PageHeader {
            uncompressed_bytes: bytes,
            compressed_bytes: bytes,
            statistics: Some(statistics(page)),
        }
        .serialize(&mut more);
        more.bytes(&body(page));
    }
    Chunk {
        body: body(0),
        page_statistics: Some(statistics(0)),
        more_pages: more.into_bytes(),
        count: n.into(),
        times: (0, i64::from(n) - 1),
        ..Chunk::plain(name)
    }
}

/// `rows` rows, every `step` from `first` on.
fn in_turns(name: &'static str, first: i64, step: i64, rows: u64) -> Chunk {
    let mut times = ByteWriter::new();
    times.i32(rows as i32 - 1).i32(0).i64(step).i64(first);
    let mut values = ByteWriter::new();
    values.u8(7).uvarint(rows * 2).u8(1);
    let values = values.into_bytes();
    let mut sized = ByteWriter::new();
    sized.uvarint(values.len() as u64).bytes(&values);
    Chunk {
        encoding: Encoding::Rle as u8,
        body: plain_body(&times.into_bytes(), &sized.into_bytes()),
        count: rows,
        times: (first, first + step * (rows as i64 - 1)),
        ..Chunk::plain(name)
    }
}

fn bombs() -> Vec<(&'static str, Vec<u8>)> {
    let group = || Builder::new().group("root.sg.d1");
    let plain = |n| series(n).fold(group(), |b, s| b.chunk(&many_points(s)));
    let mut out = vec![
        ("300 series of a million points", plain(300).finish()),
        ("the same without a footer", plain(300).unsealed()),
        (
            "300 devices of a million points",
            (0..300)
                .fold(Builder::new(), |b, i| {
                    b.group(&format!("root.sg.d{i}")).chunk(&many_points("s1"))
                })
                .finish(),
        ),
        (
            "200 aligned columns of a million rows",
            series(200)
                .fold(group().chunk(&many_times()), |b, s| b.chunk(&many_rows(s)))
                .finish(),
        ),
        (
            "a million rows of nulls in 400 columns",
            series(400)
                .fold(group().chunk(&many_times()), |b, s| {
                    let mut chunk = many_rows(s);
                    chunk.body = value_body(POINTS as i32, &vec![0; (POINTS / 8) as usize], &[]);
                    b.chunk(&packed(chunk))
                })
                .finish(),
        ),
        (
            "a device with a long name",
            Builder::new()
                .group(&format!("root.sg.{}", "x".repeat(100_000)))
                .chunk(&many_points("s1"))
                .finish(),
        ),
        (
            "a device with a long name and many series",
            series(2000)
                .fold(
                    Builder::new().group(&format!("root.sg.{}", "x".repeat(100_000))),
                    |b, s| b.chunk(&Chunk::plain(s)),
                )
                .finish(),
        ),
    ];
    // One entry of 60,000 bytes for a million rows; then a million entries of no byte.
    let mut w = ByteWriter::new();
    w.svarint(1).svarint(60_000).bytes(&vec![b'x'; 60_000]);
    let one = [w.into_bytes(), run(0)].concat();
    out.push((
        "a long string a million times",
        group().chunk(&text(one)).finish(),
    ));
    let mut w = ByteWriter::new();
    w.svarint(POINTS as i64).bytes(&vec![0; POINTS as usize]);
    let many = [w.into_bytes(), run(0)].concat();
    out.push((
        "a million empty strings",
        group().chunk(&text(many)).finish(),
    ));
    // Sixteen bytes a row: just what a page may have.
    let mut w = ByteWriter::new();
    w.svarint(1).svarint(15).bytes(&[b'x'; 15]);
    let short = [w.into_bytes(), run(0)].concat();
    out.push((
        "a short string a million times",
        group().chunk(&text(short)).finish(),
    ));
    // Every step is one row, and the million values are those of a wider column.
    let wide = Chunk {
        data_type: DataType::Int64 as u8,
        body: plain_body(&ts_2diff(&[1, 2]), &[0; 16]),
        count: 2,
        ..Chunk::plain("s1")
    };
    out.push((
        "a page that is widened beside thirty thousand small ones",
        group()
            .chunk(&many_points("s1"))
            .chunk(&small_pages("s2", 30_000))
            .group("root.sg.d2")
            .chunk(&wide)
            .finish(),
    ));
    // Each page is as large as a page may be, and a row of all of them takes some megabytes.
    out.push((
        "a hundred series of long strings",
        series(100)
            .fold(group(), |b, s| b.chunk(&long_strings(s)))
            .finish(),
    ));
    // No two series share a time: a wide row for each point.
    out.push((
        "a thousand series in turns",
        (0..1000)
            .fold(group(), |b, i| {
                b.chunk(&in_turns(leaked(format!("s{i}")), i, 1000, 2000))
            })
            .finish(),
    ));
    let zeros = |n: usize| {
        packed(Chunk {
            role: ChunkRole::Plain,
            body: plain_body(&steady(2), &vec![0; n]),
            times: (0, 2),
            ..Chunk::plain("s1")
        })
    };
    for (name, n) in [
        ("8 MB of zeros", 8_000_000),
        ("150 MB of zeros", 150_000_000),
    ] {
        out.push((name, group().chunk(&zeros(n)).finish()));
    }
    let mut nothing = b"TsFile\x04".to_vec();
    nothing.extend(vec![0; 1 << 20]);
    out.push(("a megabyte of nothing", nothing));
    out.push((
        "twenty thousand storeys",
        group()
            .chunk(&Chunk::plain("s1"))
            .finish_with(|w, devices| {
                let first = crate::build::leaf(w, &devices[0].1);
                let last = (0..20_000).fold(first, |child, _| {
                    node(w, NodeKind::InternalMeasurement, &[("s1", child)])
                });
                vec![(devices[0].0.clone(), last)]
            }),
    ));
    out.push((
        "two ways on each of forty storeys",
        group().chunk(&Chunk::plain("s1")).finish_with(|w, _| {
            let device = |name: &str| DeviceId::from_path(name);
            let mut below = [w.position() as u64; 2];
            let mut kind = NodeKind::LeafDevice;
            for _ in 0..40 {
                below = [0, 1].map(|_| {
                    let at = w.position() as u64;
                    let entries = [("root.a", below[0]), ("root.b", below[1])];
                    let entries = match below[0] == below[1] {
                        true => Vec::new(),
                        false => entries.map(|(d, o)| (device(d), o)).to_vec(),
                    };
                    let node = DeviceNode {
                        entries: entries.into_iter().collect(),
                        end: at,
                        kind,
                    };
                    node.serialize(w, FormatVersion::V4);
                    at
                });
                kind = NodeKind::InternalDevice;
            }
            vec![(device("root.a"), below[0]), (device("root.b"), below[1])]
        }),
    ));
    // The root has to be an internal node for that one.
    if let Some((_, bytes)) = out.last_mut() {
        let end = bytes.len() - 10;
        let kind = bytes[..end]
            .iter()
            .rposition(|&b| b == NodeKind::LeafDevice as u8)
            .unwrap();
        bytes[kind] = NodeKind::InternalDevice as u8;
    }
    out
}

/// What would not end on any machine takes longer; the dearest of them takes about ten seconds.
const PATIENCE: Duration = Duration::from_secs(100);

/// How long this thread was on a processor: on a machine with other work the clock on the wall says nothing.
fn on_processor() -> Duration {
    let stat = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    let nanos = stat.split(' ').next().and_then(|n| n.parse().ok());
    Duration::from_nanos(nanos.unwrap_or(0))
}

#[test]
fn small_files_that_claim_a_lot_cost_little() {
    let mut broken = Vec::new();
    for (name, bytes) in bombs() {
        for wide in [false, true] {
            let manner = Manner {
                wide,
                hold: true,
                ..Manner::default()
            };
            let started = on_processor();
            let outcome = visit(&bytes, manner);
            let took = on_processor().saturating_sub(started);
            println!(
                "{name} ({} bytes, wide {wide}): {took:?}, {outcome:?}",
                bytes.len()
            );
            if let Err(what) = outcome {
                broken.push(format!("{name}, wide {wide}: {what}"));
            }
            if took > PATIENCE {
                broken.push(format!("{name}, wide {wide}: takes {took:?}"));
            }
        }
    }
    assert!(broken.is_empty(), "\n{}", broken.join("\n"));
}
