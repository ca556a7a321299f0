//! What fuzzing begins with: golden files and bad files that are small, and the pages in golden files of any size.

use crate::Target;
use crate::page::{CPP, Page, TIME, V3, VALUE};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use tsfile::compress::Decompressor;
use tsfile::format::{ChunkRole, FormatVersion, PageHeader};
use tsfile::io::MemorySource;
use tsfile::read::Window;
use tsfile::wire::ByteReader;
use tsfile::{ReadOptions, TsFileReader};

/// Larger files are no seeds.
const MOST_FILE_BYTES: usize = 4096;
/// Nor are larger pages.
const MOST_PAGE_BYTES: usize = 1024;
/// Pages of one kind.
const MOST_PAGES: usize = 3;
/// How files are scanned at first, see [`crate::manner`].
const MANNERS: [u8; 3] = [0b0000_0001, 0b0111_1110, 0b1000_0101];

/// The seeds of a target by name.
///
/// # Panics
/// A file cannot be read.
pub fn of(target: Target) -> BTreeMap<String, Vec<u8>> {
    match target {
        Target::Tail => small_files(),
        Target::Scan => small_files()
            .into_iter()
            .flat_map(|(name, bytes)| {
                MANNERS.map(|bits| {
                    let mut input = vec![bits];
                    input.extend(&bytes);
                    (format!("{name}.{bits:02x}"), input)
                })
            })
            .collect(),
        Target::Page => pages(),
        Target::Chunks => crate::chunks::seeds(),
    }
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut out = Vec::new();
    for entry in std::fs::read_dir(folder).expect("the test data") {
        let path = entry.expect("the test data").path();
        if path.is_dir() {
            out.extend(files(&path));
        } else if path.extension().is_some_and(|x| x == "tsfile") {
            out.push(path);
        }
    }
    out.sort();
    out
}

fn testdata(folder: &str) -> Vec<(String, Vec<u8>)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../testdata");
    files(&root.join(folder))
        .into_iter()
        .map(|path| {
            let below = path.strip_prefix(&root).unwrap_or(&path);
            let name = below.with_extension("").display().to_string();
            let bytes = std::fs::read(&path).expect("a file of the test data");
            (name.replace(['/', '\\'], "-"), bytes)
        })
        .collect()
}

/// Small files, and what would be left of them if their writers had died.
fn small_files() -> BTreeMap<String, Vec<u8>> {
    let mut out = BTreeMap::new();
    for (name, bytes) in testdata("bad").into_iter().chain(testdata("golden")) {
        if bytes.len() > MOST_FILE_BYTES {
            continue;
        }
        let source = MemorySource::new(bytes.clone());
        if let Ok(reader) = TsFileReader::new(source, "seed", ReadOptions::new()) {
            let end = reader.data_end() as usize;
            out.insert(format!("{name}.unsealed"), bytes[..end].to_vec());
        }
        out.insert(name, bytes);
    }
    out
}

/// The smallest pages of each kind.
fn pages() -> BTreeMap<String, Vec<u8>> {
    let mut kinds: BTreeMap<_, Vec<Vec<u8>>> = BTreeMap::new();
    for (name, bytes) in testdata("golden") {
        let reader = TsFileReader::new(MemorySource::new(bytes.clone()), name, ReadOptions::new())
            .expect("a golden file");
        for page in pages_of(&reader, &bytes) {
            let kind = (page.data_type, page.encoding, page.compression, page.flags);
            kinds.entry(kind).or_default().push(page.input());
        }
    }
    let mut out = BTreeMap::new();
    for ((data_type, encoding, compression, flags), mut pages) in kinds {
        pages.sort_by_key(Vec::len);
        pages.dedup();
        for (n, page) in pages.into_iter().take(MOST_PAGES).enumerate() {
            out.insert(
                format!("{data_type}-{encoding}-{compression}-{flags:02x}-{n}"),
                page,
            );
        }
    }
    out
}

fn pages_of<'a>(reader: &TsFileReader, bytes: &'a [u8]) -> Vec<Page<'a>> {
    let mut out = Vec::new();
    let mut window = Window::default();
    let mut body = Vec::new();
    let mut decompressor = Decompressor::default();
    let index = reader.index().expect("the index of a golden file");
    for device in index.devices() {
        for k in 0..device.series_count() {
            let series = device.timeseries(k).expect("a timeseries");
            for chunk in &series.chunks {
                let header = reader
                    .chunk_header(&mut window, chunk.offset)
                    .expect("a chunk header");
                let pages = reader
                    .page_headers(&mut window, chunk.offset)
                    .expect("page headers");
                for (at, page) in pages {
                    if page.uncompressed_bytes == 0
                        || page.compressed_bytes as usize > MOST_PAGE_BYTES
                    {
                        continue;
                    }
                    let mut r = ByteReader::at(bytes, at as usize, "seed");
                    PageHeader::parse(&mut r, header.data_type, header.kind.single_page)
                        .expect("a page header");
                    let stored = r.take(page.compressed_bytes as usize).expect("a page");
                    decompressor
                        .decompress(
                            header.compression,
                            stored,
                            page.uncompressed_bytes as usize,
                            &mut body,
                        )
                        .expect("a page");
                    let statistics = page.statistics.as_ref();
                    let count = statistics.unwrap_or(series.chunk_statistics(chunk)).count;
                    let rows = match (header.kind.role, body.first_chunk()) {
                        (ChunkRole::Value, Some(rows)) => u64::from(u32::from_be_bytes(*rows)),
                        _ => count,
                    };
                    let mut flags = match header.kind.role {
                        ChunkRole::Plain => 0,
                        ChunkRole::Time => TIME,
                        ChunkRole::Value => VALUE,
                    };
                    if reader.format_version() == FormatVersion::V3 {
                        flags |= V3;
                    }
                    if reader.looks_like_cpp() {
                        flags |= CPP;
                    }
                    out.push(Page {
                        data_type: header.data_type as u8,
                        encoding: header.encoding as u8,
                        compression: header.compression as u8,
                        flags,
                        rows: u16::try_from(rows).unwrap_or(u16::MAX),
                        uncompressed_bytes: page.uncompressed_bytes,
                        body: stored,
                    });
                }
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_target_passes_on_its_seeds() {
        for target in [Target::Tail, Target::Page, Target::Chunks, Target::Scan] {
            let seeds = of(target);
            println!("{target:?}: {} seeds", seeds.len());
            assert!(seeds.len() > 20, "{target:?}");
            for (name, input) in seeds {
                let checked = std::panic::catch_unwind(|| target.check(&input));
                assert!(checked.is_ok(), "{target:?} {name}");
            }
        }
    }
}
