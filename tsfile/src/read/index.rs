//! The devices and timeseries of a file, from one sequential read of its metadata section.
//!
//! The section stays in memory as it is; a timeseries is an offset into it and is parsed when it is asked for, so that a
//! file with 100,000 devices costs its section and a few bytes per series, not an owned string for each.

use crate::format::{
    DeviceNode, FileMetadata, FormatVersion, MeasurementNode, NodeKind, TimeseriesHead,
    TimeseriesMetadata,
};
use crate::model::{DataType, DeviceId};
use crate::wire::ByteReader;
use crate::{Error, Result};
use std::collections::HashSet;

/// Devices of a file and where the metadata of their timeseries lies.
#[derive(Debug)]
pub struct Index {
    /// In errors.
    file: String,
    devices: Vec<IndexDevice>,
    store: Store,
}

#[derive(Debug)]
enum Store {
    /// Bytes from `base` on as in the file, and for each series its position in them.
    Section {
        bytes: Vec<u8>,
        base: u64,
        series: Vec<u32>,
    },
    /// What recovery found by walking the data.
    Owned(Vec<TimeseriesMetadata>),
}

#[derive(Debug)]
struct IndexDevice {
    id: DeviceId,
    first_series: u32,
}

/// One device of an [`Index`].
#[derive(Debug, Clone, Copy)]
pub struct DeviceRef<'a> {
    index: &'a Index,
    position: usize,
}

/// Name and type of a timeseries, borrowed from the index.
#[derive(Debug, Clone, Copy)]
pub struct SeriesRef<'a> {
    /// Number within the device.
    pub position: usize,
    /// Measurement; empty for the time column of an aligned device.
    pub measurement: &'a str,
    /// Id of the type as the metadata says; see [`SeriesRef::data_type`].
    pub data_type_code: u8,
}

impl SeriesRef<'_> {
    /// Type as the metadata says; a chunk header may differ after a schema change.
    ///
    /// # Errors
    /// The type is unknown: this series cannot be read, others can.
    pub fn data_type(&self) -> Result<DataType> {
        DataType::try_from(self.data_type_code).map_err(|e| e.measurement(self.measurement))
    }
}

impl Index {
    /// Parses a metadata section: `bytes` are those of the file from `base` up to its file metadata.
    ///
    /// # Errors
    /// The nodes contradict each other, overlap or run in circles.
    pub(super) fn parse(
        file: &str,
        bytes: Vec<u8>,
        base: u64,
        metadata: &FileMetadata,
        version: FormatVersion,
    ) -> Result<Self> {
        let mut walk = Walk {
            bytes: &bytes,
            base,
            version,
            seen: HashSet::new(),
            run_bytes: 0,
            devices: Vec::new(),
            series: Vec::new(),
        };
        let end = base + bytes.len() as u64;
        for (_, root) in &metadata.tables {
            walk.device_node(root, end, 0)
                .map_err(|e| e.rebased(base))?;
        }
        let (devices, series) = (walk.devices, walk.series);
        Ok(Self {
            file: file.to_string(),
            devices,
            store: Store::Section {
                bytes,
                base,
                series,
            },
        })
    }

    /// From devices and their timeseries as recovery found them.
    pub(super) fn from_parts(file: &str, parts: Vec<(DeviceId, Vec<TimeseriesMetadata>)>) -> Self {
        let (mut devices, mut all) = (Vec::new(), Vec::new());
        for (id, series) in parts {
            devices.push(IndexDevice {
                id,
                first_series: u32::try_from(all.len()).unwrap_or(u32::MAX),
            });
            all.extend(series);
        }
        Self {
            file: file.to_string(),
            devices,
            store: Store::Owned(all),
        }
    }

    /// Number of devices.
    pub fn device_count(&self) -> usize {
        self.devices.len()
    }

    /// Number of timeseries, time columns of aligned devices included.
    pub fn series_count(&self) -> usize {
        match &self.store {
            Store::Section { series, .. } => series.len(),
            Store::Owned(series) => series.len(),
        }
    }

    /// Device number `position` in the order of the file.
    pub fn device(&self, position: usize) -> Option<DeviceRef<'_>> {
        (position < self.devices.len()).then_some(DeviceRef {
            index: self,
            position,
        })
    }

    /// All devices in the order of the file.
    pub fn devices(&self) -> impl Iterator<Item = DeviceRef<'_>> {
        (0..self.devices.len()).map(|position| DeviceRef {
            index: self,
            position,
        })
    }

    fn range(&self, device: usize) -> std::ops::Range<usize> {
        let at = |i: usize| {
            self.devices
                .get(i)
                .map_or(self.series_count(), |d| d.first_series as usize)
        };
        at(device)..at(device + 1)
    }
}

impl<'a> DeviceRef<'a> {
    /// The device.
    pub fn id(&self) -> &'a DeviceId {
        // A reference is only made for a position that exists.
        static NONE: std::sync::OnceLock<DeviceId> = std::sync::OnceLock::new();
        match self.index.devices.get(self.position) {
            Some(d) => &d.id,
            None => NONE.get_or_init(|| DeviceId::new(Vec::new())),
        }
    }

    /// Number of the device in the index.
    pub fn position(&self) -> usize {
        self.position
    }

    /// Number of timeseries, the time column of an aligned device included.
    pub fn series_count(&self) -> usize {
        self.index.range(self.position).len()
    }

    /// Name and type of timeseries number `k`.
    ///
    /// # Errors
    /// The metadata is corrupt, or there is no such series.
    pub fn series(&self, k: usize) -> Result<SeriesRef<'a>> {
        let at = self.index.range(self.position).start + k;
        let found = match &self.index.store {
            Store::Section {
                bytes,
                base,
                series,
            } => match series.get(at) {
                Some(&offset) if k < self.series_count() => {
                    let mut r = ByteReader::at(bytes, offset as usize, "timeseries metadata");
                    let head = TimeseriesHead::parse_head(&mut r)
                        .map_err(|e| e.rebased(*base).in_file(&*self.index.file))?;
                    Some((head.measurement, head.data_type_code))
                }
                _ => None,
            },
            Store::Owned(series) => series
                .get(at)
                .map(|s| (s.measurement.as_str(), s.data_type as u8)),
        };
        match found {
            Some((measurement, data_type_code)) => Ok(SeriesRef {
                position: k,
                measurement,
                data_type_code,
            }),
            None => Err(Error::argument(format!(
                "device {} has no timeseries number {k}",
                self.id()
            ))),
        }
    }

    /// Everything the index knows about timeseries number `k`.
    ///
    /// # Errors
    /// The metadata is corrupt, or there is no such series.
    pub fn timeseries(&self, k: usize) -> Result<TimeseriesMetadata> {
        let at = self.index.range(self.position).start + k;
        match &self.index.store {
            Store::Section {
                bytes,
                base,
                series,
            } => match series.get(at) {
                Some(&offset) if k < self.series_count() => {
                    let mut r = ByteReader::at(bytes, offset as usize, "timeseries metadata");
                    TimeseriesMetadata::parse(&mut r)
                        .map_err(|e| e.rebased(*base).device(self.id().path()))
                        .map_err(|e| e.in_file(&*self.index.file))
                }
                _ => Err(Error::argument(format!(
                    "device {} has no timeseries number {k}",
                    self.id()
                ))),
            },
            Store::Owned(series) => series.get(at).cloned().ok_or_else(|| {
                Error::argument(format!("device {} has no timeseries number {k}", self.id()))
            }),
        }
    }

    /// Whether the measurements share one time column: the first series is nameless and of type VECTOR.
    ///
    /// # Errors
    /// As [`DeviceRef::series`].
    pub fn is_aligned(&self) -> Result<bool> {
        if self.series_count() == 0 {
            return Ok(false);
        }
        let first = self.series(0)?;
        Ok(first.measurement.is_empty() && first.data_type_code == DataType::Vector as u8)
    }
}

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

struct Walk<'a> {
    bytes: &'a [u8],
    base: u64,
    version: FormatVersion,
    seen: HashSet<u64>,
    /// Bytes of the runs of timeseries metadata so far.
    run_bytes: usize,
    devices: Vec<IndexDevice>,
    series: Vec<u32>,
}

impl Walk<'_> {
    /// A position in the section for an offset in the file. Children lie before their parent, which ends all circles.
    fn position(&self, offset: u64, before: u64) -> Result<usize> {
        let relative = offset.checked_sub(self.base).filter(|_| offset < before);
        relative
            .and_then(|p| usize::try_from(p).ok())
            .filter(|&p| p < self.bytes.len())
            .ok_or_else(|| {
                Error::corrupt(
                    "metadata index",
                    "a child lies outside the metadata section or behind its parent",
                )
                .expected(format!("{} to {}", self.base, before))
                .got(offset)
            })
    }

    /// A node that two parents share would be walked twice, and twice as often on each storey.
    fn first_visit(&mut self, offset: u64) -> Result<()> {
        if self.seen.insert(offset) {
            return Ok(());
        }
        Err(Error::corrupt("metadata index", "two parents share a node").got(offset))
    }

    fn device_node(&mut self, node: &DeviceNode, before: u64, depth: usize) -> Result<()> {
        check_depth(depth)?;
        for (device, offset) in &node.entries {
            let at = self.position(*offset, before)?;
            self.first_visit(*offset)?;
            let mut r = ByteReader::at(self.bytes, at, "metadata index");
            if node.kind == NodeKind::LeafDevice {
                let first_series = self.series_number()?;
                self.devices.push(IndexDevice {
                    id: device.clone(),
                    first_series,
                });
                let child = MeasurementNode::parse(&mut r)?;
                self.measurement_node(&child, *offset, depth + 1)
                    .map_err(|e| e.device(device.path()))?;
            } else {
                let child = DeviceNode::parse(&mut r, self.version)?;
                self.device_node(&child, *offset, depth + 1)?;
            }
        }
        Ok(())
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
            let at = self.position(*offset, before)?;
            self.first_visit(*offset)?;
            if node.kind == NodeKind::LeafMeasurement {
                // `end` may touch the parent itself, never pass it.
                let end = self
                    .position(end.saturating_sub(1), before)?
                    .saturating_add(1);
                self.leaf(at, end)?;
            } else {
                let child =
                    MeasurementNode::parse(&mut ByteReader::at(self.bytes, at, "metadata index"))?;
                self.measurement_node(&child, *offset, depth + 1)?;
            }
        }
        Ok(())
    }

    /// Timeseries metadata back to back in `at..end`.
    fn leaf(&mut self, at: usize, end: usize) -> Result<()> {
        // Runs that overlap would make a small section count for many series.
        self.run_bytes = self.run_bytes.saturating_add(end.saturating_sub(at));
        if self.run_bytes > self.bytes.len() {
            return Err(
                Error::corrupt("metadata index", "runs of timeseries metadata overlap")
                    .got(self.base + at as u64),
            );
        }
        let bytes = self.bytes.get(..end).unwrap_or(self.bytes);
        let mut r = ByteReader::at(bytes, at, "timeseries metadata");
        while !r.is_empty() {
            let position = u32::try_from(r.position()).map_err(|_| {
                Error::new(
                    crate::ErrorKind::Limit,
                    "metadata index",
                    "a metadata section above 4 GiB",
                )
            })?;
            match TimeseriesHead::skip(&mut r) {
                Ok(_) => self.series.push(position),
                // The length of the statistics of an unknown type is unknown too: the series is there and cannot be read, and what
                // follows it in this run is out of reach.
                Err(e) if e.kind() == crate::ErrorKind::Unsupported => {
                    self.series.push(position);
                    break;
                }
                Err(e) => return Err(e),
            }
        }
        Ok(())
    }

    fn series_number(&self) -> Result<u32> {
        u32::try_from(self.series.len()).map_err(|_| {
            Error::new(
                crate::ErrorKind::Limit,
                "metadata index",
                "more than 4 G timeseries",
            )
        })
    }
}
