//! An index of some devices, once it is known where their measurement roots are.

use super::fetch::Fetch;
use super::offsets::SeenOffsets;
use super::stretch::FoundStretch;
use super::walk::{Walk, check_depth};
use super::{Index, Section};
use crate::Result;
use crate::format::{FormatVersion, MeasurementNode, NodeKind};
use crate::wire::ByteReader;
use std::ops::Range;

/// Reads what lies below the measurement roots of `found` and makes an index of its devices, in that order.
///
/// # Errors
/// As for the whole index.
pub(super) fn assemble(
    fetch: &mut Fetch<'_>,
    file: &str,
    version: FormatVersion,
    found: Vec<FoundStretch>,
) -> Result<Index> {
    let ranges = below(fetch, &found)?;
    let section: Section = fetch.section(ranges)?;
    let mut walk = Walk::new(&section, version);
    for stretch in found {
        walk.found(stretch).map_err(|e| section.rebase(e))?;
    }
    let walked = walk.finish();
    Ok(Index::from_walk(file, walked, section))
}

/// Fetches measurement nodes and timeseries metadata, storey by storey; returns where they are.
fn below(fetch: &mut Fetch<'_>, found: &[FoundStretch]) -> Result<Vec<Range<u64>>> {
    let mut storey: Vec<Range<u64>> = found.iter().flat_map(FoundStretch::nodes).collect();
    let mut seen = SeenOffsets::new(fetch.size_bytes());
    let (mut all, mut series) = (Vec::new(), Vec::new());
    let mut depth = 0;
    while !storey.is_empty() {
        check_depth(depth)?;
        fetch.need(storey.iter().cloned())?;
        let mut next = Vec::new();
        for range in &storey {
            seen.first_visit_of(range)?;
            let mut r = ByteReader::new(fetch.bytes(range)?, "metadata index");
            let node = MeasurementNode::parse(&mut r).map_err(|e| e.rebased(range.start))?;
            let ends = node.entries.iter().skip(1).map(|e| e.1).chain([node.end]);
            let children = node.entries.iter().zip(ends).map(|(e, end)| e.1..end);
            // That children lie before their parent is found out by the walk; a circle ends at a node that was seen.
            match node.kind {
                NodeKind::LeafMeasurement => series.extend(children),
                _ => next.extend(children),
            }
        }
        all.append(&mut storey);
        storey = next;
        depth += 1;
    }
    fetch.need(series.iter().cloned())?;
    all.extend(series);
    Ok(all)
}
