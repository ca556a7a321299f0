//! Where devices are in the metadata section: what a plan carries, so that another process reads its part of a huge index and no more.

use super::assemble::assemble;
use super::fetch::Fetch;
use super::stretch::{FoundStretch, Stretch};
use super::{Index, Store, Stored};
use crate::format::{DeviceNode, MeasurementNode, NodeKind};
use crate::read::TsFileReader;
use crate::wire::{ByteReader, ByteWriter};
use crate::{Error, Result};
use std::ops::Range;
use std::sync::Arc;

/// Extents may be this much larger than what is in them; more, and they are split.
const MAX_WASTE_BYTES: u64 = 16 * 1024;

/// Devices that follow one another in the order of the file, by where their nodes and timeseries are.
///
/// It holds for one state of a file: whoever uses it checks that length and time of change are those of the plan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeviceExtent {
    count: u32,
    /// Number of the root that leads to the first device.
    table: u32,
    /// Entries of the first leaf before the first device.
    skip: u32,
    /// The leaves of the device nodes that name the devices; empty where these are roots, which are part of the file metadata.
    leaves: Range<u64>,
    /// The measurement roots of the devices.
    nodes: Range<u64>,
    /// The measurement nodes below and the timeseries metadata.
    series: Range<u64>,
}

impl DeviceExtent {
    /// Number of devices.
    pub fn device_count(&self) -> usize {
        self.count as usize
    }

    /// Bytes of the metadata section that are read for it.
    pub fn size_bytes(&self) -> u64 {
        self.ranges().iter().map(|r| r.end - r.start).sum()
    }

    /// Writes the extent in some thirty bytes.
    pub fn serialize(&self, w: &mut ByteWriter) {
        for n in [self.count, self.table, self.skip] {
            w.uvarint(n.into());
        }
        for range in self.ranges() {
            w.uvarint(range.start).uvarint(range.end - range.start);
        }
    }

    /// Reads an extent.
    ///
    /// # Errors
    /// The bytes end too early, or a number is out of range.
    pub fn parse(r: &mut ByteReader<'_>) -> Result<Self> {
        let (count, table, skip) = (r.uvarint()?, r.uvarint()?, r.uvarint()?);
        let mut range = || -> Result<Range<u64>> {
            let (start, len) = (r.uvarint64()?, r.uvarint64()?);
            let end = start.checked_add(len);
            Ok(start..end.ok_or_else(|| r.error("a range ends above 64 bits"))?)
        };
        Ok(Self {
            count,
            table,
            skip,
            leaves: range()?,
            nodes: range()?,
            series: range()?,
        })
    }

    fn ranges(&self) -> [Range<u64>; 3] {
        [self.leaves.clone(), self.nodes.clone(), self.series.clone()]
    }
}

/// Where one device is, and the number of its entry.
struct Place<'s> {
    stretch: &'s Stretch,
    entry: u32,
    node: Range<u64>,
    is_last: bool,
}

/// An extent that may grow.
struct Growing {
    extent: DeviceExtent,
    /// The device that came last.
    table: u32,
    leaf: Range<u64>,
    entry: u32,
    is_last: bool,
    /// Bytes of the series without what is between them.
    series_bytes: u64,
    node_bytes: u64,
}

impl Index {
    /// Where the devices at ascending `positions` are: few extents where these follow one another. `None` for what recovery made up, which no
    /// section holds.
    ///
    /// # Errors
    /// The measurement nodes are corrupt.
    pub fn extents(&self, positions: &[u32]) -> Result<Option<Vec<DeviceExtent>>> {
        let Store::Section(stored) = &self.store else {
            return Ok(None);
        };
        let mut out = Vec::new();
        let mut growing: Option<Growing> = None;
        for &position in positions {
            let Some(place) = stored.place(position as usize) else {
                return Err(Error::argument("there is no such device").got(position));
            };
            let series = self
                .below(stored, position as usize)
                .map_err(|e| stored.section.rebase(e).in_file(&*self.file))?;
            let added = growing.as_mut().is_some_and(|g| g.add(&place, &series));
            if !added {
                let next = Growing::new(&place, series);
                out.extend(growing.replace(next).map(|g| g.extent));
            }
        }
        out.extend(growing.map(|g| g.extent));
        Ok(Some(out))
    }

    /// The positions of the devices of an extent that was made of this index; `None` where they are not there.
    pub(crate) fn positions_of(&self, extent: &DeviceExtent) -> Option<Range<u32>> {
        let Store::Section(stored) = &self.store else {
            return None;
        };
        let begins = |s: &&Stretch| {
            s.table == extent.table
                && s.leaf.start == extent.leaves.start
                && s.leaf.is_empty() == extent.leaves.is_empty()
                && s.first_entry <= extent.skip
        };
        let stretch = stored.stretches.iter().find(begins)?;
        let first = (extent.skip - stretch.first_entry).checked_add(stretch.first_device)?;
        let end = first.checked_add(extent.count)?;
        let start = stored.place(first as usize)?.node.start;
        let last = stored.place(end.checked_sub(1)? as usize)?.node.end;
        (start == extent.nodes.start && last <= extent.nodes.end).then_some(first..end)
    }

    /// Bytes of the timeseries metadata of a device, and of the nodes between its measurement root and them.
    fn below(&self, stored: &Stored, position: usize) -> Result<Range<u64>> {
        let root = stored.roots.get(position).map_or(0, |&at| at as usize);
        let mut r = stored.section.reader(root, "metadata index");
        let node = MeasurementNode::parse(&mut r)?;
        let first = stored.series.get(self.range(position).start);
        let first = first.map(|&at| stored.section.offset(at as usize));
        Ok(match (node.entries.first(), first) {
            (Some((_, child)), Some(first)) => first.min(*child)..node.end,
            // No series, and nothing to read.
            _ => node.end..node.end,
        })
    }

    /// The devices at ascending `positions` as a lookup would find them; their roots lie before `end`.
    pub(super) fn stretches_of(&self, positions: &[usize], end: u64) -> Vec<FoundStretch> {
        let Store::Section(stored) = &self.store else {
            return Vec::new();
        };
        let mut out: Vec<FoundStretch> = Vec::new();
        for &position in positions {
            let (Some(place), Some(device)) = (stored.place(position), self.device(position))
            else {
                continue;
            };
            let stretch = Stretch {
                first_device: 0,
                first_entry: place.entry,
                end: place.node.end,
                closed: place.is_last,
                ..place.stretch.clone()
            };
            out.push(FoundStretch {
                before: if stretch.leaf.is_empty() {
                    end
                } else {
                    stretch.leaf.start
                },
                stretch,
                devices: vec![(device.id().clone(), place.node.start)],
            });
        }
        out
    }
}

impl Stored {
    /// Where the device at `position` is.
    fn place(&self, position: usize) -> Option<Place<'_>> {
        let root = |i: usize| {
            self.roots
                .get(i)
                .map(|&at| self.section.offset(at as usize))
        };
        let start = root(position)?;
        let at = self
            .stretches
            .partition_point(|s| s.first_device as usize <= position);
        let stretch = self.stretches.get(at.checked_sub(1)?)?;
        let next = self.stretches.get(at).map(|s| s.first_device as usize);
        let next = next.unwrap_or(self.roots.len());
        let is_end = position + 1 == next;
        let end = if is_end {
            stretch.end
        } else {
            root(position + 1)?
        };
        let number = position - stretch.first_device as usize;
        Some(Place {
            stretch,
            entry: stretch
                .first_entry
                .checked_add(u32::try_from(number).ok()?)?,
            node: start..end.max(start),
            is_last: is_end && stretch.closed,
        })
    }
}

impl Growing {
    fn new(place: &Place<'_>, series: Range<u64>) -> Self {
        Self {
            table: place.stretch.table,
            leaf: place.stretch.leaf.clone(),
            entry: place.entry,
            is_last: place.is_last,
            series_bytes: series.end - series.start,
            node_bytes: place.node.end - place.node.start,
            extent: DeviceExtent {
                count: 1,
                table: place.stretch.table,
                skip: place.entry,
                leaves: place.stretch.leaf.clone(),
                nodes: place.node.clone(),
                series,
            },
        }
    }

    /// Adds the device when it is the next one in the file and its bytes are near those of the others.
    fn add(&mut self, place: &Place<'_>, series: &Range<u64>) -> bool {
        let Stretch { table, leaf, .. } = place.stretch;
        let in_leaf = *table == self.table && *leaf == self.leaf;
        let follows = if in_leaf {
            place.entry == self.entry + 1
        } else if !self.is_last || place.entry != 0 {
            false
        } else if leaf.is_empty() {
            self.leaf.is_empty() && *table == self.table + 1
        } else {
            *table == self.table && leaf.start == self.leaf.end
        };
        let series_bytes = self.series_bytes + (series.end - series.start);
        let node_bytes = self.node_bytes + (place.node.end - place.node.start);
        let all_series = hull(&self.extent.series, series);
        let all_nodes = hull(&self.extent.nodes, &place.node);
        let fits = |all: &Range<u64>, own: u64| all.end - all.start <= own + MAX_WASTE_BYTES;
        if !follows || !fits(&all_series, series_bytes) || !fits(&all_nodes, node_bytes) {
            return false;
        }
        self.extent.count += 1;
        self.extent.leaves.end = self.extent.leaves.end.max(leaf.end);
        self.extent.series = all_series;
        self.extent.nodes = all_nodes;
        *self = Self {
            extent: self.extent.clone(),
            table: *table,
            leaf: leaf.clone(),
            entry: place.entry,
            is_last: place.is_last,
            series_bytes,
            node_bytes,
        };
        true
    }
}

fn hull(a: &Range<u64>, b: &Range<u64>) -> Range<u64> {
    if a.is_empty() {
        b.clone()
    } else if b.is_empty() {
        a.clone()
    } else {
        a.start.min(b.start)..a.end.max(b.end)
    }
}

impl TsFileReader {
    /// An index of the devices in `extents`, in that order, read from there in one go.
    ///
    /// # Errors
    /// The devices are not there: the file is not the one that was planned; it was recovered; its nodes are corrupt, or reading fails.
    pub fn index_at(&self, extents: &[DeviceExtent]) -> Result<Arc<Index>> {
        if self.is_recovered() {
            return Err(misfit().in_file(self.name()));
        }
        self.read_at(extents).map_err(|e| self.in_file(e))
    }

    fn read_at(&self, extents: &[DeviceExtent]) -> Result<Arc<Index>> {
        let mut fetch = Fetch::new(self);
        fetch.need(
            extents
                .iter()
                .flat_map(DeviceExtent::ranges)
                .filter(|r| !r.is_empty()),
        )?;
        let mut found = Vec::new();
        for extent in extents {
            self.found_in(&fetch, extent, &mut found)?;
        }
        assemble(&mut fetch, self.name(), self.format_version(), found).map(Arc::new)
    }

    fn found_in(
        &self,
        fetch: &Fetch<'_>,
        extent: &DeviceExtent,
        out: &mut Vec<FoundStretch>,
    ) -> Result<()> {
        let mut left = Left {
            skip: extent.skip as usize,
            count: extent.count as usize,
            table: extent.table,
        };
        if extent.leaves.is_empty() {
            let tables = &self.metadata().tables;
            for (_, root) in tables.iter().skip(extent.table as usize) {
                if left.count == 0 {
                    break;
                }
                out.push(left.take(root.clone(), 0..0, fetch.end(), &extent.nodes)?);
                left.table += 1;
            }
        } else {
            let mut r = ByteReader::new(fetch.bytes(&extent.leaves)?, "metadata index");
            while left.count > 0 && !r.is_empty() {
                let start = extent.leaves.start + r.position() as u64;
                let node = DeviceNode::parse(&mut r, self.format_version())
                    .map_err(|e| e.rebased(extent.leaves.start))?;
                let leaf = start..extent.leaves.start + r.position() as u64;
                out.push(left.take(node, leaf, start, &extent.nodes)?);
            }
        }
        if left.count > 0 {
            return Err(misfit());
        }
        Ok(())
    }
}

/// What is left of an extent.
struct Left {
    skip: usize,
    count: usize,
    table: u32,
}

impl Left {
    /// The next devices, from a leaf whose children lie before `before`.
    fn take(
        &mut self,
        node: DeviceNode,
        leaf: Range<u64>,
        before: u64,
        nodes: &Range<u64>,
    ) -> Result<FoundStretch> {
        if node.kind != NodeKind::LeafDevice {
            return Err(misfit());
        }
        let first_entry = u32::try_from(self.skip).map_err(|_| misfit())?;
        let all = node.entries.len();
        let end = self.skip.saturating_add(self.count).min(all);
        let taken = end.saturating_sub(self.skip);
        let last_end = node.entries.offset(end).unwrap_or(node.end);
        let devices: Vec<_> = node
            .entries
            .iter()
            .skip(self.skip)
            .take(taken)
            .map(|(device, at)| (device.to_id(), at))
            .collect();
        let first = devices.first().map_or(nodes.start, |d| d.1);
        if taken == 0 || first < nodes.start || last_end > nodes.end {
            return Err(misfit());
        }
        self.skip = 0;
        self.count -= taken;
        Ok(FoundStretch {
            stretch: Stretch {
                first_device: 0,
                table: self.table,
                leaf,
                first_entry,
                end: last_end,
                closed: end == all,
            },
            before,
            devices,
        })
    }
}

fn misfit() -> Error {
    Error::corrupt("metadata index", "the devices are not where the plan says")
        .hint("the file is not the one that was planned: plan again")
}
