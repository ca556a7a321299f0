//! All devices of a file from its device nodes alone, without what lies below them.

use super::Index;
use super::fetch::Fetch;
use super::lookup::{FoundDevice, Visit, check_children, number_of};
use super::offsets::SeenOffsets;
use super::walk::check_depth;
use crate::Result;
use crate::format::{DeviceNode, NodeKind};
use crate::model::DeviceId;
use crate::read::TsFileReader;
use crate::wire::ByteReader;
use std::sync::Arc;

impl TsFileReader {
    /// The devices alone, in the order of the file: reads the device nodes of the index and no timeseries.
    ///
    /// # Errors
    /// The device nodes are corrupt, or reading fails.
    pub fn device_ids(&self) -> Result<Vec<DeviceId>> {
        if let Some(index) = self.loaded_index() {
            return Ok(index.devices().map(|d| d.id().clone()).collect());
        }
        let leaves = leaves(&mut Fetch::new(self), self).map_err(|e| self.in_file(e))?;
        let entries = leaves.iter().flat_map(|leaf| leaf.node.entries.iter());
        Ok(entries.map(|(device, _)| device.to_id()).collect())
    }

    /// An index of the devices that `keep` returns true for, in the order of the file: reads the device nodes, and what those devices lead to.
    /// Where they are most of the file, the whole index is read, and may be what is given.
    ///
    /// # Errors
    /// As [`TsFileReader::index`], for the nodes that are read.
    pub fn index_where(&self, mut keep: impl FnMut(&DeviceId) -> bool) -> Result<Arc<Index>> {
        if self.loaded_index().is_some() {
            return self.shared_index();
        }
        let chosen = self.choose(&mut keep).map_err(|e| self.in_file(e))?;
        chosen.map_or_else(|| self.shared_index(), Ok)
    }

    fn choose(&self, keep: &mut dyn FnMut(&DeviceId) -> bool) -> Result<Option<Arc<Index>>> {
        let mut fetch = Fetch::new(self);
        let leaves = leaves(&mut fetch, self)?;
        let all: usize = leaves.iter().map(|leaf| leaf.node.entries.len()).sum();
        let mut found = Vec::new();
        for leaf in &leaves {
            for (i, (device, _)) in leaf.node.entries.iter().enumerate() {
                if keep(&device.to_id()) {
                    found.extend(FoundDevice::new(leaf, i)?);
                }
            }
        }
        if found.len() > all / 2 && all > 1 {
            return Ok(None);
        }
        self.index_of(fetch, found).map(Some)
    }
}

/// The leaves of the device nodes, in the order of the file.
fn leaves<'r>(fetch: &mut Fetch<'_>, reader: &'r TsFileReader) -> Result<Vec<Visit<'r>>> {
    let version = reader.format_version();
    let mut storey = Vec::new();
    for (number, (_, root)) in reader.metadata().tables.iter().enumerate() {
        check_children(root, fetch.end())?;
        storey.push(Visit::of_root(root, number, fetch.end(), Vec::new())?);
    }
    let mut seen = SeenOffsets::new(fetch.size_bytes());
    let mut leaves = Vec::new();
    let mut depth = 0;
    while !storey.is_empty() {
        check_depth(depth)?;
        depth += 1;
        let mut children = Vec::new();
        for visit in storey {
            if visit.node.kind == NodeKind::LeafDevice {
                leaves.push(visit);
                continue;
            }
            let ends = visit.node.entries.iter().skip(1).map(|e| e.1);
            let ends = ends.chain([visit.node.end]);
            for (i, ((_, start), end)) in visit.node.entries.iter().zip(ends).enumerate() {
                let path = [visit.path.as_slice(), &[number_of(i)?]].concat();
                children.push((start..end, path));
            }
        }
        fetch.need(children.iter().map(|(place, _)| place.clone()))?;
        storey = Vec::with_capacity(children.len());
        for (place, path) in children {
            seen.first_visit_of(&place)?;
            let mut r = ByteReader::new(fetch.bytes(&place)?, "metadata index");
            let node = DeviceNode::parse(&mut r, version).map_err(|e| e.rebased(place.start))?;
            check_children(&node, place.start)?;
            let place = place.start..place.start + r.position() as u64;
            storey.push(Visit::of_node(node, place, path, Vec::new()));
        }
    }
    leaves.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(leaves)
}
