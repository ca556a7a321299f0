//! Some devices of a file by name: from the root of the index to their leaves by binary search, storey by storey for all of them together.
//!
//! A search believes the order of the nodes, and a device must not be missed because a writer had another one in mind. So each node that is
//! read is checked: its devices ascend in one of the known orders, it begins with the device that its parent names, and ends before the next
//! one that is known. Where the known orders lead to different children all of them are read, and where something does not fit there is no answer: the
//! caller reads the whole index.

use super::assemble::assemble;
use super::fetch::Fetch;
use super::offsets::SeenOffsets;
use super::order::DeviceOrder;
use super::stretch::{FoundStretch, Stretch};
use super::walk::check_depth;
use super::{Index, Store, too_many};
use crate::format::{DeviceNode, EntryDevice, FormatVersion, NodeKind};
use crate::model::DeviceId;
use crate::read::TsFileReader;
use crate::wire::ByteReader;
use crate::{Error, Result};
use std::borrow::Cow;
use std::collections::{HashMap, HashSet};
use std::ops::Range;
use std::sync::Arc;

/// A device that was found, with the path to it from the roots: the number of the table, then of a child on each storey.
pub(super) struct FoundDevice {
    path: Vec<u32>,
    stretch: Stretch,
    before: u64,
    id: DeviceId,
    node: u64,
}

/// A device node and the devices that are looked for below it.
pub(super) struct Visit<'r> {
    /// Roots are those of the file metadata.
    pub(super) node: Cow<'r, DeviceNode>,
    /// Bytes of the node; none of a root.
    place: Range<u64>,
    /// Children lie before this offset.
    before: u64,
    pub(super) path: Vec<u32>,
    wanted: Vec<u32>,
    /// The first device behind all that are below the node.
    next: Option<DeviceId>,
}

/// A child that is not read yet.
struct Child {
    place: Range<u64>,
    path: Vec<u32>,
    wanted: Vec<u32>,
    first: DeviceId,
    /// The first device behind all that are below the child.
    next: Option<DeviceId>,
}

impl TsFileReader {
    /// An index of those of `devices` that the file has, in the order of the file: reads the nodes that lead to them, and what they lead to.
    /// A file in which devices are not in a known order is read as by [`TsFileReader::index`].
    ///
    /// # Errors
    /// As [`TsFileReader::index`], for the nodes that are read.
    pub fn lookup(&self, devices: &[DeviceId]) -> Result<Arc<Index>> {
        self.lookup_devices(devices).map_err(|e| self.in_file(e))
    }

    fn lookup_devices(&self, devices: &[DeviceId]) -> Result<Arc<Index>> {
        if !self.is_recovered() {
            let mut fetch = Fetch::new(self);
            if let Some(found) = find(&mut fetch, self, devices)? {
                return self.index_of(fetch, found);
            }
        }
        let wanted: HashSet<&DeviceId> = devices.iter().collect();
        let index = self.shared_index()?;
        let found = index.devices().filter(|d| wanted.contains(d.id()));
        let positions: Vec<usize> = found.map(|d| d.position()).collect();
        self.select(&index, &positions)
    }

    pub(super) fn index_of(
        &self,
        mut fetch: Fetch<'_>,
        found: Vec<FoundDevice>,
    ) -> Result<Arc<Index>> {
        let version = self.format_version();
        assemble(&mut fetch, self.name(), version, stretches(found)).map(Arc::new)
    }

    /// The devices at ascending `positions` of the whole index, which is in memory.
    pub(super) fn select(&self, index: &Arc<Index>, positions: &[usize]) -> Result<Arc<Index>> {
        if let Store::Owned(series) = &index.store {
            let parts = positions.iter().filter_map(|&position| {
                let device = index.device(position)?;
                let own = series.get(index.range(position)).unwrap_or(&[]);
                Some((device.id().clone(), own.to_vec()))
            });
            return Ok(Arc::new(Index::from_parts(self.name(), parts.collect())));
        }
        let mut fetch = Fetch::new(self);
        let found = index.stretches_of(positions, fetch.end());
        assemble(&mut fetch, self.name(), self.format_version(), found).map(Arc::new)
    }
}

/// The devices among `wanted` that exist, in the order of the file; `None` where a search cannot tell.
pub(super) fn find(
    fetch: &mut Fetch<'_>,
    reader: &TsFileReader,
    wanted: &[DeviceId],
) -> Result<Option<Vec<FoundDevice>>> {
    let version = reader.format_version();
    let Some(mut visits) = roots(reader, wanted)? else {
        return Ok(None);
    };
    let mut seen = SeenOffsets::new(fetch.size_bytes());
    let mut found = Vec::new();
    let mut depth = 0;
    while !visits.is_empty() {
        check_depth(depth)?;
        depth += 1;
        let mut children = Vec::new();
        for visit in visits {
            if search(&visit, wanted, version, &mut children, &mut found)?.is_none() {
                return Ok(None);
            }
        }
        fetch.need(children.iter().map(|c| c.place.clone()))?;
        visits = Vec::with_capacity(children.len());
        for child in children {
            seen.first_visit_of(&child.place)?;
            let bytes = fetch.bytes(&child.place)?;
            let mut r = ByteReader::new(bytes, "metadata index");
            let node =
                DeviceNode::parse(&mut r, version).map_err(|e| e.rebased(child.place.start))?;
            if !child.fits(&node, version) {
                return Ok(None);
            }
            let place = child.place.start..child.place.start + r.position() as u64;
            check_children(&node, place.start)?;
            visits.push(Visit {
                next: child.next,
                ..Visit::of_node(node, place, child.path, child.wanted)
            });
        }
    }
    found.sort_by(|a: &FoundDevice, b| a.path.cmp(&b.path));
    found.dedup_by(|a, b| a.path == b.path);
    Ok(Some(found))
}

/// The roots below which devices can be; `None` when a root has devices of another table.
fn roots<'r>(reader: &'r TsFileReader, wanted: &[DeviceId]) -> Result<Option<Vec<Visit<'r>>>> {
    let has_tables = reader.format_version() == FormatVersion::V4;
    let mut by_table: HashMap<&str, Vec<u32>> = HashMap::new();
    for (device, number) in wanted.iter().zip(0u32..) {
        let table = if has_tables { device.table() } else { "" };
        by_table.entry(table).or_default().push(number);
    }
    let before = reader.metadata_section().1;
    let mut visits = Vec::new();
    for (number, (name, root)) in reader.metadata().tables.iter().enumerate() {
        if has_tables && root.entries.iter().any(|e| e.0.table() != name.as_str()) {
            return Ok(None);
        }
        if let Some(here) = by_table.get(name.as_str()) {
            check_children(root, before)?;
            visits.push(Visit::of_root(root, number, before, here.clone())?);
        }
    }
    Ok(Some(visits))
}

pub(super) fn number_of(n: usize) -> Result<u32> {
    u32::try_from(n).map_err(|_| too_many("more than 4 G nodes"))
}

/// Children lie before their parent, which ends all circles.
pub(super) fn check_children(node: &DeviceNode, before: u64) -> Result<()> {
    if node.entries.is_empty() || node.end <= before {
        return Ok(());
    }
    Err(Error::corrupt(
        "metadata index",
        "a child lies outside the metadata section or behind its parent",
    )
    .expected(format!("at most {before}"))
    .got(node.end))
}

/// Looks for the devices of `visit`: into `found` in a leaf, else their children into `children`. `None` when the node is in no known order.
fn search(
    visit: &Visit<'_>,
    devices: &[DeviceId],
    version: FormatVersion,
    children: &mut Vec<Child>,
    found: &mut Vec<FoundDevice>,
) -> Result<Option<()>> {
    let entries = &visit.node.entries;
    let mut orders = DeviceOrder::all_of(version).to_vec();
    if entries.is_ascii() {
        // All of them are the same then, whatever is looked for.
        orders.truncate(1);
    }
    orders.retain(|o| o.is_kept_by(entries));
    if orders.is_empty() {
        return Ok(None);
    }
    let is_leaf = visit.node.kind == NodeKind::LeafDevice;
    let mut chosen: Vec<(usize, u32)> = Vec::new();
    for &number in &visit.wanted {
        let Some(device) = devices.get(number as usize) else {
            continue;
        };
        for order in &orders {
            let compare = |e: EntryDevice<'_>| order.compare(e.segments(), device.segments());
            let first = entries.partition_point(|e| compare(e).is_lt());
            let end = entries.partition_point(|e| compare(e).is_le());
            // In front of a child that begins with the device, the one before may end with another spelling of it.
            let first = if is_leaf {
                first
            } else {
                first.saturating_sub(1)
            };
            chosen.extend((first..end).map(|i| (i, number)));
        }
    }
    chosen.sort_unstable();
    chosen.dedup();
    let end_of = |i: usize| entries.offset(i + 1).unwrap_or(visit.node.end);
    for same in chosen.chunk_by(|a, b| a.0 == b.0) {
        let Some(&(i, _)) = same.first() else {
            continue;
        };
        let Some((id, offset)) = entries.get(i) else {
            continue;
        };
        let mut path = visit.path.clone();
        path.push(number_of(i)?);
        if !is_leaf {
            children.push(Child {
                place: offset..end_of(i),
                path,
                wanted: same.iter().map(|c| c.1).collect(),
                first: id.to_id(),
                next: match entries.get(i + 1) {
                    Some(next) => Some(next.0.to_id()),
                    None => visit.next.clone(),
                },
            });
        } else if same
            .iter()
            .any(|c| devices.get(c.1 as usize).is_some_and(|d| id.is(d)))
        {
            found.extend(FoundDevice::new(visit, i)?);
        }
    }
    Ok(Some(()))
}

impl Child {
    /// Whether `node` begins with the device that its parent names, and ends before the next one.
    fn fits(&self, node: &DeviceNode, version: FormatVersion) -> bool {
        let last = node.entries.len().checked_sub(1);
        let last = last.and_then(|last| node.entries.get(last));
        let (Some(first), Some(last)) = (node.entries.get(0), last) else {
            return false;
        };
        let mut orders = DeviceOrder::all_of(version).into_iter();
        let next = self.next.as_ref();
        let is_before =
            |o: DeviceOrder, next: &DeviceId| o.compare(last.0.segments(), next.segments()).is_le();
        let before_next = next.is_none_or(|next| orders.any(|o| is_before(o, next)));
        first.0.is(&self.first) && before_next
    }
}

/// Puts devices together that are neighbours in a leaf.
fn stretches(found: Vec<FoundDevice>) -> Vec<FoundStretch> {
    let mut out: Vec<FoundStretch> = Vec::new();
    for device in found {
        let entry = device.stretch.first_entry as usize;
        match out.last_mut() {
            Some(last)
                if last.stretch.table == device.stretch.table
                    && last.stretch.leaf == device.stretch.leaf
                    && last.stretch.first_entry as usize + last.devices.len() == entry =>
            {
                last.stretch.end = device.stretch.end;
                last.stretch.closed = device.stretch.closed;
                last.devices.push((device.id, device.node));
            }
            _ => out.push(FoundStretch {
                stretch: device.stretch,
                before: device.before,
                devices: vec![(device.id, device.node)],
            }),
        }
    }
    out
}

impl<'r> Visit<'r> {
    pub(super) fn of_root(
        root: &'r DeviceNode,
        number: usize,
        before: u64,
        wanted: Vec<u32>,
    ) -> Result<Self> {
        Ok(Self {
            node: Cow::Borrowed(root),
            place: 0..0,
            before,
            path: vec![number_of(number)?],
            wanted,
            next: None,
        })
    }

    pub(super) fn of_node(
        node: DeviceNode,
        place: Range<u64>,
        path: Vec<u32>,
        wanted: Vec<u32>,
    ) -> Self {
        Self {
            node: Cow::Owned(node),
            before: place.start,
            place,
            path,
            wanted,
            next: None,
        }
    }
}

impl FoundDevice {
    /// Entry number `i` of a leaf.
    pub(super) fn new(leaf: &Visit<'_>, i: usize) -> Result<Option<Self>> {
        let entries = &leaf.node.entries;
        let Some((id, node)) = entries.get(i) else {
            return Ok(None);
        };
        let number = number_of(i)?;
        Ok(Some(Self {
            stretch: Stretch {
                first_device: 0,
                table: leaf.path.first().copied().unwrap_or(0),
                leaf: leaf.place.clone(),
                first_entry: number,
                end: entries.offset(i + 1).unwrap_or(leaf.node.end),
                closed: i + 1 == entries.len(),
            },
            before: leaf.before,
            path: [leaf.path.as_slice(), &[number]].concat(),
            id: id.to_id(),
            node,
        }))
    }

    pub(super) fn id(&self) -> &DeviceId {
        &self.id
    }

    pub(super) fn path(&self) -> &[u32] {
        &self.path
    }
}
