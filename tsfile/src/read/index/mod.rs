//! The devices and timeseries of a file, or of the part of it that is wanted.
//!
//! Parts of the metadata section stay in memory as they are; a timeseries is a position in them and is parsed when it is asked for, so that
//! a file with 100,000 devices costs its section and a few bytes per series, not an owned string for each.
//!
//! The whole index is one sequential read and a `walk`. Of a few devices `lookup` reads the nodes that lead to them, `leaves` all that name
//! devices, and `extent` goes straight to where a plan says that they are; all end in the same walk over the parts that were read.

mod assemble;
mod device;
mod extent;
mod fetch;
mod kinds;
mod leaves;
mod lookup;
mod offsets;
mod order;
mod paths;
mod section;
mod side_by_side;
mod stretch;
mod walk;

pub use device::{DeviceRef, SeriesRef};
pub use extent::DeviceExtent;
pub(super) use fetch::Held;

use crate::format::{FileMetadata, FormatVersion, TimeseriesMetadata};
use crate::model::{DataType, DeviceId};
use crate::{Error, Result};
use kinds::{Kind, Kinds};
use section::Section;
use std::sync::Arc;
use stretch::Stretch;

/// Devices of a file and where the metadata of their timeseries lies.
#[derive(Debug)]
pub struct Index {
    /// In errors.
    file: String,
    devices: Vec<IndexDevice>,
    /// The pairs of measurement and type that occur: mostly all devices have the same few.
    kinds: Vec<Kind>,
    /// Which of them a timeseries is, or [`kinds::NO_KIND`].
    kind_of: Vec<u16>,
    store: Store,
}

#[derive(Debug)]
enum Store {
    /// Bytes of the file, and for each series its position in them.
    Section(Stored),
    /// What recovery found by walking the data.
    Owned(Vec<TimeseriesMetadata>),
}

/// An index that was read from the metadata section.
#[derive(Debug)]
struct Stored {
    section: Section,
    /// Of each timeseries.
    series: Vec<u32>,
    /// Of the measurement root of each device.
    roots: Vec<u32>,
    /// Where the devices stand in device nodes, in their order.
    stretches: Vec<Stretch>,
}

#[derive(Debug)]
struct IndexDevice {
    id: DeviceId,
    first_series: u32,
    aligned: bool,
}

impl Index {
    /// Parses a metadata section: `bytes` are those of the file from `base` up to its file metadata. A large one is walked by `threads` threads.
    ///
    /// # Errors
    /// The nodes contradict each other, overlap or run in circles.
    pub(super) fn parse(
        file: &str,
        bytes: Vec<u8>,
        base: u64,
        metadata: &FileMetadata,
        version: FormatVersion,
        threads: usize,
    ) -> Result<Self> {
        let section = Section::whole(bytes, base);
        let roots = metadata.tables.iter().map(|(_, root)| root);
        let walked = side_by_side::walk(&section, version, roots, threads);
        let walked = walked.map_err(|e| section.rebase(e))?;
        Ok(Self::from_walk(file, walked, section))
    }

    fn from_walk(file: &str, walked: walk::Walked, section: Section) -> Self {
        Self {
            file: file.to_string(),
            devices: walked.devices,
            kinds: walked.kinds.kinds,
            kind_of: walked.kinds.of_series,
            store: Store::Section(Stored {
                section,
                series: walked.series,
                roots: walked.roots,
                stretches: walked.stretches,
            }),
        }
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

    /// Whether all timeseries are of one of the kinds.
    pub(crate) fn has_kinds_only(&self) -> bool {
        !self.kind_of.contains(&kinds::NO_KIND)
    }

    /// Number of devices.
    pub fn device_count(&self) -> usize {
        self.devices.len()
    }

    /// Number of timeseries, time columns of aligned devices included.
    pub fn series_count(&self) -> usize {
        match &self.store {
            Store::Section(stored) => stored.series.len(),
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

    /// Numbers of the timeseries of a device.
    fn range(&self, device: usize) -> std::ops::Range<usize> {
        let at = |i: usize| {
            self.devices
                .get(i)
                .map_or(self.series_count(), |d| d.first_series as usize)
        };
        at(device)..at(device + 1)
    }
}

/// Whether a series is the time column of an aligned device.
fn is_time(measurement: &str, data_type_code: u8) -> bool {
    measurement.is_empty() && data_type_code == DataType::Vector as u8
}

/// An error that is found where a number in the index does not fit 32 bits.
fn too_many(what: &str) -> Error {
    Error::new(crate::ErrorKind::Limit, "metadata index", what)
}
