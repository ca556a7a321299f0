//! The walk over a large metadata section by several threads: each takes neighbouring nodes, and what they find is put together in order.

use super::section::Section;
use super::walk::{Unvisited, Walk, Walked};
use crate::Result;
use crate::format::{DeviceNode, FormatVersion, NodeKind};
use crate::read::each::try_map;

/// A smaller section is walked in less time than a thread starts in.
const LEAST_BYTES: usize = if cfg!(test) { 1 } else { 1 << 20 };
/// So many nodes for each thread make shares that are about equal.
const NODES_PER_THREAD: usize = 16;

/// All devices below `roots`, in their order, found by `threads` threads.
///
/// # Errors
/// As of a walk by one. Positions are those in the section.
pub(super) fn walk<'r>(
    section: &Section,
    version: FormatVersion,
    roots: impl Iterator<Item = &'r DeviceNode> + Clone,
    threads: usize,
) -> Result<Walked> {
    let mut walk = Walk::new(section, version);
    let end = section.span().1;
    // A leaf among the roots holds devices that come between those of the others.
    if threads < 2 || section.len() < LEAST_BYTES || roots.clone().any(is_leaf) {
        for (table, root) in (0..).zip(roots) {
            walk.root(root, table, end)?;
        }
        return Ok(walk.finish());
    }
    let mut nodes = Vec::new();
    for (table, root) in (0..).zip(roots) {
        nodes.extend(walk.device_node(root, (table, 0..0), end, 0)?);
    }
    let nodes = upper(&mut walk, nodes, threads.saturating_mul(NODES_PER_THREAD))?;
    let share = nodes.len().div_ceil(threads).max(1);
    let shares: Vec<&[Unvisited]> = nodes.chunks(share).collect();
    let walks = try_map(&shares, threads, |share| {
        let mut walk = Walk::new(section, version);
        share.iter().try_for_each(|&node| walk.below(node))?;
        Ok(walk)
    })?;
    walks.into_iter().try_for_each(|more| walk.append(more))?;
    Ok(walk.finish())
}

fn is_leaf(root: &DeviceNode) -> bool {
    root.kind == NodeKind::LeafDevice
}

/// Visits inner nodes storey by storey until there are `wanted` nodes below them, or leaves only.
fn upper(walk: &mut Walk<'_>, mut nodes: Vec<Unvisited>, wanted: usize) -> Result<Vec<Unvisited>> {
    let mut deeper = true;
    while deeper && nodes.len() < wanted {
        deeper = false;
        let mut next = Vec::new();
        for node in nodes {
            match walk.inner(node)? {
                Some(below) => {
                    deeper = true;
                    next.extend(below);
                }
                None => next.push(node),
            }
        }
        nodes = next;
    }
    Ok(nodes)
}

#[cfg(test)]
mod tests {
    use crate::read::index::{Index, Store};
    use crate::read::{ReadOptions, TsFileReader};
    use std::path::{Path, PathBuf};

    /// What a file says of its devices, walked by so many threads, with some bytes of the section inverted.
    fn parsed(reader: &TsFileReader, bad: &[usize], threads: usize) -> Result<String, String> {
        let inner = &reader.inner;
        let (start, end) = reader.metadata_section();
        let mut section = reader.read_section(start..end, 1).unwrap();
        for at in bad {
            section[*at] ^= 0x15;
        }
        let (metadata, version) = (&inner.metadata, inner.version);
        let index = Index::parse("f", section, start, metadata, version, threads);
        // With their numbers, places and kinds.
        let shown = |index: Index| match index.store {
            Store::Section(s) => format!(
                "{:?} {:?} {:?} {:?} {:?} {:?}",
                index.devices, index.kinds, index.kind_of, s.series, s.roots, s.stretches
            ),
            Store::Owned(_) => unreachable!("it was parsed"),
        };
        index.map(shown).map_err(|e| e.to_string())
    }

    /// Real files whose device nodes have several storeys.
    fn files() -> Vec<PathBuf> {
        let mut folders = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join("../testdata/golden")];
        let mut out = Vec::new();
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    folders.push(path);
                } else if path.extension().is_some_and(|e| e == "tsfile") {
                    out.push(path);
                }
            }
        }
        out.sort();
        out
    }

    #[test]
    fn threads_find_what_one_finds_and_refuse_what_one_refuses() {
        let (mut deep, mut refused, mut read) = (0, 0, 0);
        for path in files() {
            let Ok(reader) = TsFileReader::open(&path, ReadOptions::default()) else {
                continue;
            };
            let roots = reader.inner.metadata.tables.iter().map(|(_, root)| root);
            if roots.clone().any(super::is_leaf) || roots.count() == 0 {
                continue;
            }
            deep += 1;
            let (start, end) = reader.metadata_section();
            let size = usize::try_from(end - start).unwrap();
            let whole = parsed(&reader, &[], 1);
            assert!(whole.is_ok(), "{}", path.display());
            for threads in [2, 3, 8] {
                assert_eq!(parsed(&reader, &[], threads), whole, "{}", path.display());
            }
            let mut state = 0x2545_f491_4f6c_dd1du64;
            for _ in 0..100 {
                state ^= state << 13;
                state ^= state >> 7;
                state ^= state << 17;
                let at = usize::try_from(state >> 33).unwrap() % size;
                let one = parsed(&reader, &[at], 1);
                let two = parsed(&reader, &[at], 2);
                match one {
                    Ok(_) => {
                        read += 1;
                        assert_eq!(one, two, "{} with byte {at} inverted", path.display());
                    }
                    Err(_) => {
                        refused += 1;
                        assert!(two.is_err(), "{} with byte {at} inverted", path.display());
                    }
                }
            }
        }
        assert!(
            deep > 2 && refused > 20 && read > 20,
            "{deep} {refused} {read}"
        );
    }
}
