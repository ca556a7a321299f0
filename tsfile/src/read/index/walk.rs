//! From device nodes to timeseries: visits the nodes of a section and notes where everything is.

use super::kinds::{Kind, Kinds, NO_KIND};
use super::offsets::SeenPositions;
use super::section::Section;
use super::stretch::{FoundStretch, Stretch};
use super::{IndexDevice, is_time, too_many};
use crate::format::{DeviceNode, FormatVersion, MeasurementNode, NodeKind, TimeseriesHead};
use crate::model::DeviceId;
use crate::wire::ByteReader;
use crate::{Error, Result};
use std::ops::Range;

/// Storeys of an index. Nodes have 256 children by default and two at least, so no real index comes near; a chain of nodes with one child
/// each would overflow the stack.
const MAX_DEPTH: usize = 64;

/// An error below [`MAX_DEPTH`].
pub(super) fn check_depth(depth: usize) -> Result<()> {
    if depth < MAX_DEPTH {
        return Ok(());
    }
    Err(
        Error::corrupt("metadata index", "the nodes are nested too deeply")
            .expected(format!("at most {MAX_DEPTH} storeys")),
    )
}

/// A walk over the nodes in `section`, device by device. Errors carry positions in it.
pub(super) struct Walk<'a> {
    section: &'a Section,
    version: FormatVersion,
    seen: SeenPositions,
    /// Bytes of the runs of timeseries metadata so far.
    run_bytes: usize,
    /// Where the entries of the next measurement root go.
    spare: Vec<(&'a str, u64)>,
    walked: Walked,
}

/// A device node that was not visited yet.
#[derive(Debug, Clone, Copy)]
pub(super) struct Unvisited {
    /// Number of the root that leads here.
    pub(super) table: u32,
    /// In the file.
    pub(super) offset: u64,
    /// It lies before its parent, which begins here.
    pub(super) before: u64,
    /// Storeys above it.
    pub(super) depth: usize,
}

/// What was found.
#[derive(Default)]
pub(super) struct Walked {
    pub(super) devices: Vec<IndexDevice>,
    pub(super) series: Vec<u32>,
    pub(super) kinds: Kinds,
    pub(super) roots: Vec<u32>,
    pub(super) stretches: Vec<Stretch>,
}

impl<'a> Walk<'a> {
    pub(super) fn new(section: &'a Section, version: FormatVersion) -> Self {
        Self {
            section,
            version,
            seen: SeenPositions::new(section.len()),
            run_bytes: 0,
            spare: Vec::new(),
            walked: Walked::default(),
        }
    }

    pub(super) fn finish(self) -> Walked {
        self.walked
    }

    /// Takes what another walk over the same section found behind what this one has found.
    ///
    /// # Errors
    /// Both have seen the same node, or the same timeseries.
    pub(super) fn append(&mut self, other: Walk<'_>) -> Result<()> {
        self.seen.add(other.seen)?;
        self.add_run_bytes(other.run_bytes, 0)?;
        let (series, devices) = (self.series_number()?, self.device_number()?);
        let more = other.walked;
        if self.walked.stretches.is_empty() {
            // There is nothing yet: the first share need not move.
            self.walked = more;
            return Ok(());
        }
        let fits = |n: usize, more: usize| u32::try_from(n + more).is_ok();
        if !fits(self.walked.series.len(), more.series.len())
            || !fits(self.walked.devices.len(), more.devices.len())
        {
            return Err(too_many("more than 4 G timeseries or devices"));
        }
        for stretch in more.stretches {
            self.stretch(Stretch {
                first_device: devices + stretch.first_device,
                ..stretch
            });
        }
        let moved = more.devices.into_iter().map(|device| IndexDevice {
            first_series: series + device.first_series,
            ..device
        });
        self.walked.devices.extend(moved);
        self.walked.series.extend(more.series);
        self.walked.roots.extend(more.roots);
        self.walked.kinds.append(more.kinds);
        Ok(())
    }

    /// A position in the section for an offset in the file. Children lie before their parent, which ends all circles.
    fn position(&self, offset: u64, before: u64) -> Result<usize> {
        let position = Some(offset).filter(|&offset| offset < before);
        position
            .and_then(|offset| self.section.position(offset))
            .ok_or_else(|| {
                Error::corrupt(
                    "metadata index",
                    "a child lies outside the metadata section or behind its parent",
                )
                .expected(format!("{} to {}", self.section.span().0, before))
                .got(offset)
            })
    }

    /// All devices below the root of table number `table`, which lies behind the section.
    pub(super) fn root(&mut self, root: &DeviceNode, table: u32, end: u64) -> Result<()> {
        for child in self.device_node(root, (table, 0..0), end, 0)? {
            self.below(child)?;
        }
        Ok(())
    }

    /// All devices below a node.
    pub(super) fn below(&mut self, node: Unvisited) -> Result<()> {
        let (at, parsed, place) = self.parse(node)?;
        self.seen.first_visit(at)?;
        for child in self.device_node(&parsed, (node.table, place), node.offset, node.depth)? {
            self.below(child)?;
        }
        Ok(())
    }

    /// The nodes below an inner node, which is visited by this; none of a leaf, which is not.
    pub(super) fn inner(&mut self, node: Unvisited) -> Result<Option<Vec<Unvisited>>> {
        let (at, parsed, place) = self.parse(node)?;
        if parsed.kind == NodeKind::LeafDevice {
            return Ok(None);
        }
        self.seen.first_visit(at)?;
        self.device_node(&parsed, (node.table, place), node.offset, node.depth)
            .map(Some)
    }

    /// A node, with its position in the section and its bytes in the file.
    fn parse(&self, node: Unvisited) -> Result<(usize, DeviceNode, Range<u64>)> {
        let at = self.position(node.offset, node.before)?;
        let mut r = self.section.reader(at, "metadata index");
        let parsed = DeviceNode::parse(&mut r, self.version)?;
        let bytes = (r.position() - at) as u64;
        Ok((at, parsed, node.offset..node.offset + bytes))
    }

    /// Takes the devices of a leaf, or gives the nodes below an inner node. With the table, and the bytes of the node where it is a part of the
    /// section.
    pub(super) fn device_node(
        &mut self,
        node: &DeviceNode,
        (table, place): (u32, Range<u64>),
        before: u64,
        depth: usize,
    ) -> Result<Vec<Unvisited>> {
        check_depth(depth)?;
        if node.kind == NodeKind::LeafDevice {
            self.stretch(Stretch {
                first_device: self.device_number()?,
                table,
                leaf: place,
                first_entry: 0,
                end: node.end,
                closed: true,
            });
            for (device, (_, offset)) in node.entries.ids().zip(node.entries.iter()) {
                self.device(device, offset, before, depth)?;
            }
            return Ok(Vec::new());
        }
        let child = |(_, offset)| Unvisited {
            table,
            offset,
            before,
            depth: depth + 1,
        };
        Ok(node.entries.iter().map(child).collect())
    }

    /// Devices that were found one by one.
    pub(super) fn found(&mut self, found: FoundStretch) -> Result<()> {
        let first_device = self.device_number()?;
        self.stretch(Stretch {
            first_device,
            ..found.stretch
        });
        for (device, offset) in found.devices {
            self.device(device, offset, found.before, 0)?;
        }
        Ok(())
    }

    /// The devices that come next stand there.
    fn stretch(&mut self, stretch: Stretch) {
        let last = self.walked.stretches.last_mut();
        match last.filter(|last| last.first_device == stretch.first_device) {
            // The one before has no devices.
            Some(last) => *last = stretch,
            None => self.walked.stretches.push(stretch),
        }
    }

    fn device(&mut self, id: DeviceId, offset: u64, before: u64, depth: usize) -> Result<()> {
        let at = self.position(offset, before)?;
        self.seen.first_visit(at)?;
        let first_series = self.series_number()?;
        self.walked.devices.push(IndexDevice {
            id,
            first_series,
            aligned: false,
        });
        self.walked.roots.push(small_position(at)?);
        self.walked.kinds.start_device();
        let section = self.section;
        let mut r = section.reader(at, "metadata index");
        let walked = MeasurementNode::parse_over(&mut r, std::mem::take(&mut self.spare)).and_then(
            |child| {
                self.measurement_node(&child, offset, depth + 1)?;
                self.spare = child.entries;
                Ok(())
            },
        );
        walked.map_err(|e| {
            let device = self.walked.devices.last().map(|d| d.id.path());
            e.device(device.unwrap_or_default())
        })
    }

    fn measurement_node(
        &mut self,
        node: &MeasurementNode<'_>,
        before: u64,
        depth: usize,
    ) -> Result<()> {
        check_depth(depth)?;
        let ends = node.entries.iter().skip(1).map(|e| e.1).chain([node.end]);
        for ((_, offset), end) in node.entries.iter().zip(ends) {
            let run_bytes = end.saturating_sub(*offset);
            if node.kind == NodeKind::LeafMeasurement && run_bytes == 0 {
                continue;
            }
            let at = self.position(*offset, before)?;
            self.seen.first_visit(at)?;
            if node.kind == NodeKind::LeafMeasurement {
                // `end` may touch the parent itself, never pass it.
                let last = self.position(end - 1, before)?;
                if (last - at) as u64 != run_bytes - 1 {
                    return Err(Error::corrupt(
                        "metadata index",
                        "a run of timeseries metadata was not read as a whole",
                    )
                    .got(offset));
                }
                self.leaf(at, last + 1)?;
            } else {
                let section = self.section;
                let child = MeasurementNode::parse(&mut section.reader(at, "metadata index"))?;
                self.measurement_node(&child, *offset, depth + 1)?;
            }
        }
        Ok(())
    }

    /// Timeseries metadata back to back in `at..end`.
    fn leaf(&mut self, at: usize, end: usize) -> Result<()> {
        // Runs that overlap would make a small section count for many series.
        self.add_run_bytes(end.saturating_sub(at), at)?;
        let bytes = self.section.up_to_end_of(at);
        let bytes = bytes.get(..end).unwrap_or(bytes);
        let mut r = ByteReader::at(bytes, at, "timeseries metadata");
        while !r.is_empty() {
            let position = small_position(r.position())?;
            let kinds = &mut self.walked.kinds;
            let expected = kinds.expected().filter(|kind| kind.skip(&mut r));
            if let Some(time) = expected.map(Kind::is_time) {
                kinds.note_expected();
                self.series(position, time);
                continue;
            }
            match TimeseriesHead::skip(&mut r) {
                Ok(head) => {
                    kinds.note(head.measurement, head.data_type_code);
                    self.series(position, is_time(head.measurement, head.data_type_code));
                }
                // The length of the statistics of an unknown type is unknown too: the series is there and cannot be read, and what
                // follows it in this run is out of reach.
                Err(e) if e.kind() == crate::ErrorKind::Unsupported => {
                    self.walked.kinds.of_series.push(NO_KIND);
                    self.walked.series.push(position);
                    break;
                }
                Err(e) => return Err(e),
            }
        }
        Ok(())
    }

    fn add_run_bytes(&mut self, bytes: usize, at: usize) -> Result<()> {
        self.run_bytes = self.run_bytes.saturating_add(bytes);
        if self.run_bytes > self.section.len() {
            return Err(
                Error::corrupt("metadata index", "runs of timeseries metadata overlap")
                    .got(self.section.offset(at)),
            );
        }
        Ok(())
    }

    /// The next series of the last device.
    fn series(&mut self, position: u32, time: bool) {
        if let Some(device) = self.walked.devices.last_mut() {
            if device.first_series as usize == self.walked.series.len() {
                device.aligned = time;
            }
        }
        self.walked.series.push(position);
    }

    fn series_number(&self) -> Result<u32> {
        u32::try_from(self.walked.series.len()).map_err(|_| too_many("more than 4 G timeseries"))
    }

    fn device_number(&self) -> Result<u32> {
        u32::try_from(self.walked.devices.len()).map_err(|_| too_many("more than 4 G devices"))
    }
}

fn small_position(position: usize) -> Result<u32> {
    u32::try_from(position).map_err(|_| too_many("a metadata section above 4 GiB"))
}
