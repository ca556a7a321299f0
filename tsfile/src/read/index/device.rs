//! Devices and timeseries of an index, borrowed from it.

use super::kinds::NO_KIND;
use super::{Index, Store};
use crate::format::{TimeseriesHead, TimeseriesMetadata};
use crate::model::{DataType, DeviceId, Statistics};
use crate::read::plan::ChunkAt;
use crate::{Error, Result};

/// One device of an [`Index`].
#[derive(Debug, Clone, Copy)]
pub struct DeviceRef<'a> {
    pub(super) index: &'a Index,
    pub(super) position: usize,
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

impl<'a> DeviceRef<'a> {
    /// The device.
    pub fn id(&self) -> &'a DeviceId {
        // A reference is only made for a position that exists.
        static NONE: std::sync::OnceLock<DeviceId> = std::sync::OnceLock::new();
        match self.index.devices.get(self.position) {
            Some(d) => &d.id,
            None => NONE.get_or_init(|| DeviceId::new([Some("")])),
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
            Store::Section(stored) => match stored.series.get(at) {
                Some(&position) if k < self.series_count() => {
                    let section = &stored.section;
                    let mut r = section.reader(position as usize, "timeseries metadata");
                    let head = TimeseriesHead::parse_head(&mut r)
                        .map_err(|e| section.rebase(e).in_file(&*self.index.file))?;
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
            Store::Section(stored) => match stored.series.get(at) {
                Some(&position) if k < self.series_count() => {
                    let section = &stored.section;
                    let mut r = section.reader(position as usize, "timeseries metadata");
                    TimeseriesMetadata::parse(&mut r)
                        .map_err(|e| section.rebase(e).device(self.id().path()))
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
        if let Store::Section(stored) = &self.index.store {
            if let Some(&position) = stored.series.get(at).filter(|_| k < self.series_count()) {
                let section = &stored.section;
                let mut r = section.reader(position as usize, "timeseries metadata");
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
                    .map_err(|e| section.rebase(e).device(self.id().path()))
                    .map_err(|e| e.in_file(&*self.index.file));
            }
        }
        let metadata = self.timeseries(k)?;
        for c in &metadata.chunks {
            chunk(ChunkAt::new(c, &metadata));
        }
        Ok(())
    }

    /// Type and chunk of timeseries number `k`, when there is one chunk; `None` also where [`DeviceRef::chunks`] says what is wrong.
    pub(crate) fn single_chunk(&self, k: usize) -> Option<(DataType, Statistics, u64)> {
        let Store::Section(stored) = &self.index.store else {
            return None;
        };
        let range = self.index.range(self.position);
        let at = range.start.checked_add(k).filter(|at| *at < range.end)?;
        let position = *stored.series.get(at)? as usize;
        let mut r = stored.section.reader(position, "timeseries metadata");
        TimeseriesMetadata::parse_single(&mut r)
    }

    /// Whether the measurements share one time column: the first series is nameless and of type VECTOR.
    pub fn is_aligned(&self) -> bool {
        self.index
            .devices
            .get(self.position)
            .is_some_and(|d| d.aligned)
    }
}
