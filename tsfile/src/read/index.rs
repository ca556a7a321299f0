//! The devices and timeseries of a file, from one sequential read of its metadata section.
//!
//! The section stays in memory as it is; a timeseries is an offset into it and is parsed when it is asked for, so that a
//! file with 100,000 devices costs its section and a few bytes per series, not an owned string for each.

use super::plan::ChunkAt;
use crate::format::{
    DeviceNode, FileMetadata, FormatVersion, MeasurementNode, NodeKind, TimeseriesHead,
    TimeseriesMetadata,
};
use crate::model::{DataType, DeviceId};
use crate::wire::ByteReader;
use crate::{Error, Result};
use std::collections::{HashMap, HashSet};
use std::hash::{BuildHasher, Hasher};
use std::sync::Arc;

/// Devices of a file and where the metadata of their timeseries lies.
#[derive(Debug)]
pub struct Index {
    /// In errors.
    file: String,
    devices: Vec<IndexDevice>,
    /// The first [`MAX_KINDS`] pairs of measurement and type that occur: mostly all devices have the same few.
    kinds: Vec<Kind>,
    /// Which of them a timeseries is, or [`NO_KIND`].
    kind_of: Vec<u16>,
    store: Store,
}

/// A measurement and a type that some timeseries have.
#[derive(Debug)]
struct Kind {
    measurement: Arc<str>,
    data_type_code: u8,
}

/// More pairs than this are not remembered: each has an owned name.
const MAX_KINDS: usize = if cfg!(fuzzing) { 2 } else { 4096 };
const NO_KIND: u16 = u16::MAX;

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
    aligned: bool,
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
    /// Number of the pair of measurement and type in the index, when it has one.
    pub(crate) kind: Option<usize>,
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
            seen: HashSet::with_hasher(OffsetHash::new()),
            run_bytes: 0,
            devices: Vec::new(),
            series: Vec::new(),
            kinds: Kinds::default(),
        };
        let end = base + bytes.len() as u64;
        for (_, root) in &metadata.tables {
            walk.device_node(root.clone(), end, 0)
                .map_err(|e| e.rebased(base))?;
        }
        let (devices, series, kinds) = (walk.devices, walk.series, walk.kinds);
        Ok(Self {
            file: file.to_string(),
            devices,
            kinds: kinds.kinds,
            kind_of: kinds.of_series,
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
                aligned: series
                    .first()
                    .is_some_and(|s| is_time(&s.measurement, s.data_type as u8)),
            });
            all.extend(series);
        }
        let mut kinds = Kinds::default();
        for series in &all {
            kinds.note(&series.measurement, series.data_type as u8);
        }
        let (kinds, kind_of) = (kinds.kinds, kinds.of_series);
        Self {
            file: file.to_string(),
            devices,
            kinds,
            kind_of,
            store: Store::Owned(all),
        }
    }

    /// Measurements and types that timeseries have, by the number that [`SeriesRef::kind`] gives.
    pub(crate) fn kinds(&self) -> impl Iterator<Item = &Arc<str>> {
        self.kinds.iter().map(|k| &k.measurement)
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

    /// Number of the measurement and type of timeseries number `k` in the index, when they have one.
    pub(crate) fn kind(&self, k: usize) -> Option<usize> {
        let kind = self
            .index
            .kind_of
            .get(self.index.range(self.position).start + k)?;
        (*kind != NO_KIND).then_some(usize::from(*kind))
    }

    /// Name and type of timeseries number `k`.
    ///
    /// # Errors
    /// The metadata is corrupt, or there is no such series.
    pub fn series(&self, k: usize) -> Result<SeriesRef<'a>> {
        let at = self.index.range(self.position).start + k;
        let kind = self.index.kind_of.get(at).map(|&k| usize::from(k));
        if let Some((number, kind)) = kind
            .filter(|_| k < self.series_count())
            .and_then(|n| Some((n, self.index.kinds.get(n)?)))
        {
            return Ok(SeriesRef {
                position: k,
                measurement: &kind.measurement,
                data_type_code: kind.data_type_code,
                kind: Some(number),
            });
        }
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
                kind: None,
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

    /// Where the chunks of timeseries number `k` are, each with its statistics; a single one has those of the timeseries.
    ///
    /// # Errors
    /// As [`DeviceRef::timeseries`].
    pub(crate) fn chunks(&self, k: usize, mut chunk: impl FnMut(ChunkAt)) -> Result<()> {
        let at = self.index.range(self.position).start + k;
        if let Store::Section {
            bytes,
            base,
            series,
        } = &self.index.store
        {
            if let Some(&offset) = series.get(at).filter(|_| k < self.series_count()) {
                let mut r = ByteReader::at(bytes, offset as usize, "timeseries metadata");
                let kind = self.kind(k).and_then(|kind| self.index.kinds.get(kind));
                let name = kind.map_or("", |k| &*k.measurement);
                let parsed = TimeseriesMetadata::parse_chunks(&mut r, name, |of_series, c| {
                    chunk(ChunkAt {
                        offset: c.offset,
                        statistics: c.statistics.or_else(|| Some(of_series.clone())),
                    })
                });
                return parsed
                    .map(drop)
                    .map_err(|e| e.rebased(*base).device(self.id().path()))
                    .map_err(|e| e.in_file(&*self.index.file));
            }
        }
        let metadata = self.timeseries(k)?;
        for c in &metadata.chunks {
            chunk(ChunkAt::new(c, &metadata));
        }
        Ok(())
    }

    /// Whether the measurements share one time column: the first series is nameless and of type VECTOR.
    pub fn is_aligned(&self) -> bool {
        self.index
            .devices
            .get(self.position)
            .is_some_and(|d| d.aligned)
    }
}

/// Whether a series is the time column of an aligned device.
fn is_time(measurement: &str, data_type_code: u8) -> bool {
    measurement.is_empty() && data_type_code == DataType::Vector as u8
}

/// The pairs of measurement and type so far.
#[derive(Default)]
struct Kinds {
    kinds: Vec<Kind>,
    of_series: Vec<u16>,
    known: HashMap<(Arc<str>, u8), u16>,
    /// What comes next when this device has the series of the one before.
    next: usize,
    /// What the last device began with.
    first: usize,
    starting: bool,
}

impl Kinds {
    /// The next series is the first of its device.
    fn start_device(&mut self) {
        self.next = self.first;
        self.starting = true;
    }

    /// The measurement that probably comes next.
    fn expected(&self) -> Option<Arc<str>> {
        self.kinds.get(self.next).map(|k| k.measurement.clone())
    }

    fn note(&mut self, measurement: &str, data_type_code: u8) {
        let expected = self.kinds.get(self.next);
        let is_expected = expected
            .is_some_and(|k| k.data_type_code == data_type_code && *k.measurement == *measurement);
        let number = if is_expected {
            self.next
        } else {
            self.number(measurement, data_type_code)
        };
        if std::mem::take(&mut self.starting) {
            self.first = number;
        }
        self.next = number.saturating_add(1);
        self.of_series
            .push(u16::try_from(number).unwrap_or(NO_KIND));
    }

    fn number(&mut self, measurement: &str, data_type_code: u8) -> usize {
        let key = (Arc::<str>::from(measurement), data_type_code);
        if let Some(&number) = self.known.get(&key) {
            return usize::from(number);
        }
        let number = self.kinds.len();
        match u16::try_from(number) {
            Ok(short) if number < MAX_KINDS => {
                self.kinds.push(Kind {
                    measurement: key.0.clone(),
                    data_type_code,
                });
                self.known.insert(key, short);
                number
            }
            _ => usize::from(NO_KIND),
        }
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

/// Hashes offsets by one multiplication: there is one for every device and every run of series. The factor is random, so that no file can
/// be made whose offsets collide.
#[derive(Debug, Clone, Copy)]
struct OffsetHash {
    factor: u64,
}

impl OffsetHash {
    fn new() -> Self {
        let factor = std::hash::RandomState::new().hash_one(0u64) | 1;
        Self { factor }
    }
}

impl BuildHasher for OffsetHash {
    type Hasher = OffsetHasher;

    fn build_hasher(&self) -> OffsetHasher {
        OffsetHasher {
            factor: self.factor,
            hash: 0,
        }
    }
}

struct OffsetHasher {
    factor: u64,
    hash: u64,
}

impl Hasher for OffsetHasher {
    fn write(&mut self, bytes: &[u8]) {
        bytes.iter().for_each(|b| self.write_u64((*b).into()));
    }

    fn write_u64(&mut self, n: u64) {
        let n = self.hash ^ n;
        let high = (u128::from(n) * u128::from(self.factor)) >> 64;
        // Tables look at the lowest and the highest bits: both halves of the product go into each.
        self.hash = high as u64 ^ n.wrapping_mul(self.factor).rotate_left(32);
    }

    fn finish(&self) -> u64 {
        self.hash
    }
}

struct Walk<'a> {
    bytes: &'a [u8],
    base: u64,
    version: FormatVersion,
    seen: HashSet<u64, OffsetHash>,
    /// Bytes of the runs of timeseries metadata so far.
    run_bytes: usize,
    devices: Vec<IndexDevice>,
    series: Vec<u32>,
    kinds: Kinds,
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

    fn device_node(&mut self, node: DeviceNode, before: u64, depth: usize) -> Result<()> {
        check_depth(depth)?;
        for (device, offset) in node.entries {
            let at = self.position(offset, before)?;
            self.first_visit(offset)?;
            let mut r = ByteReader::at(self.bytes, at, "metadata index");
            if node.kind == NodeKind::LeafDevice {
                let first_series = self.series_number()?;
                self.devices.push(IndexDevice {
                    id: device,
                    first_series,
                    aligned: false,
                });
                self.kinds.start_device();
                let walked = MeasurementNode::parse(&mut r)
                    .and_then(|child| self.measurement_node(&child, offset, depth + 1));
                if let Err(e) = walked {
                    let device = self.devices.last().map(|d| d.id.path());
                    return Err(e.device(device.unwrap_or_default()));
                }
            } else {
                let child = DeviceNode::parse(&mut r, self.version)?;
                self.device_node(child, offset, depth + 1)?;
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
            let at = r.position();
            let expected = self.kinds.expected();
            let head = TimeseriesHead::parse_expected(&mut r, expected.as_deref().unwrap_or(""))
                .and_then(|head| head.skip_rest(&mut r, at));
            match head {
                Ok(head) => {
                    if let Some(device) = self.devices.last_mut() {
                        if device.first_series as usize == self.series.len() {
                            device.aligned = is_time(head.measurement, head.data_type_code);
                        }
                    }
                    self.kinds.note(head.measurement, head.data_type_code);
                    self.series.push(position);
                }
                // The length of the statistics of an unknown type is unknown too: the series is there and cannot be read, and what
                // follows it in this run is out of reach.
                Err(e) if e.kind() == crate::ErrorKind::Unsupported => {
                    self.kinds.of_series.push(NO_KIND);
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
