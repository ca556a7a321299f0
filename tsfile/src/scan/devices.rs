//! Which devices of a file are read, in which order, and from which chunks.

use super::request::{Form, Rows};
use crate::format::TimeseriesMetadata;
use crate::model::{DeviceId, Model};
use crate::read::plan::{ChunkAt, SourceColumn, SourcePlan};
use crate::read::{DeviceRef, Index, TsFileReader};
use crate::{Error, Result};
use std::collections::HashMap;
use std::sync::Arc;

/// Devices of one file in the order in which they are presented. One device can be in the index twice, when two spellings
/// of it (with and without trailing null tags) come to the same.
#[derive(Debug)]
pub(super) struct FileDevices {
    /// Positions in the index; equal devices are neighbours.
    pub(super) positions: Vec<u32>,
}

impl FileDevices {
    /// Tree devices by byte order of their path, only those in `wanted` when given.
    pub(super) fn of_tree(reader: &TsFileReader, wanted: Option<&[String]>) -> Result<Self> {
        let index = reader.index()?;
        let mut named: Vec<(String, u32)> = Vec::new();
        for device in index.devices() {
            if reader.model_of(device.id()) == Model::Tree {
                let path = device.id().path();
                if wanted.is_none_or(|w| w.contains(&path)) {
                    named.push((path, position(&device)?));
                }
            }
        }
        named.sort();
        Ok(Self {
            positions: named.into_iter().map(|(_, p)| p).collect(),
        })
    }

    /// Devices of a table by their tags, null first.
    pub(super) fn of_table(reader: &TsFileReader, table: &str) -> Result<Self> {
        let index = reader.index()?;
        let mut found: Vec<DeviceRef<'_>> = index
            .devices()
            .filter(|d| d.id().table() == table && reader.model_of(d.id()) == Model::Table)
            .collect();
        found.sort_by(|a, b| tags(a.id()).cmp(tags(b.id())));
        Ok(Self {
            positions: found.iter().map(position).collect::<Result<_>>()?,
        })
    }

    /// The positions that are the same device as number `at`.
    pub(super) fn run(&self, index: &Index, at: usize) -> &[u32] {
        let rest = self.positions.get(at..).unwrap_or(&[]);
        let id = |p: &u32| index.device(*p as usize).map(|d| d.id());
        let first = rest.first().and_then(id);
        let n = rest.iter().take_while(|p| id(p) == first).count();
        rest.get(..n).unwrap_or(&[])
    }
}

fn position(device: &DeviceRef<'_>) -> Result<u32> {
    u32::try_from(device.position()).map_err(|_| Error::argument("more than 4 G devices"))
}

/// Tag values; trailing nulls are gone, and an absent tag sorts before any other as a null does.
fn tags(id: &DeviceId) -> impl Iterator<Item = Option<&str>> {
    id.segments().iter().skip(1).map(|s| s.as_deref())
}

/// Where the values of a device go.
pub(super) struct Target<'a> {
    pub(super) form: Form,
    pub(super) rows: Rows,
    /// Measurement to output column.
    pub(super) columns: &'a HashMap<String, usize>,
}

/// The sources of one device: one for each chunk of a non-aligned series, one for each aligned group.
pub(super) fn sources(
    device: DeviceRef<'_>,
    target: &Target<'_>,
    out: &mut Vec<SourcePlan>,
) -> Result<()> {
    let name: Arc<str> = device.id().path().into();
    let result = if device.is_aligned()? {
        aligned(device, &name, target, out)
    } else {
        plain(device, &name, target, out)
    };
    result.map_err(|e| e.device(&*name))
}

fn plain(
    device: DeviceRef<'_>,
    name: &Arc<str>,
    target: &Target<'_>,
    out: &mut Vec<SourcePlan>,
) -> Result<()> {
    for k in 0..device.series_count() {
        let series = device.series(k)?;
        let column = target.columns.get(series.measurement).copied();
        if column.is_none() && target.rows == Rows::Projected {
            continue;
        }
        let measurement: Arc<str> = series.measurement.into();
        let metadata = device.timeseries(k)?;
        for chunk in &metadata.chunks {
            out.push(SourcePlan {
                device: name.clone(),
                time: None,
                columns: vec![SourceColumn {
                    column,
                    measurement: measurement.clone(),
                    chunk: ChunkAt::new(chunk, &metadata),
                }],
                only_present: false,
            });
        }
    }
    Ok(())
}

fn aligned(
    device: DeviceRef<'_>,
    name: &Arc<str>,
    target: &Target<'_>,
    out: &mut Vec<SourcePlan>,
) -> Result<()> {
    let time = device.timeseries(0)?;
    // In the wide form a row needs a point of some series; so it does when rows are projected.
    let only_present = target.form == Form::Wide || target.rows == Rows::Projected;
    let others_count = only_present && target.rows == Rows::All;
    let mut groups: Vec<SourcePlan> = time
        .chunks
        .iter()
        .map(|chunk| SourcePlan {
            device: name.clone(),
            time: Some(ChunkAt::new(chunk, &time)),
            columns: Vec::new(),
            only_present,
        })
        .collect();
    groups.sort_by_key(SourcePlan::order);
    for k in 1..device.series_count() {
        let series = device.series(k)?;
        let column = target.columns.get(series.measurement).copied();
        if column.is_none() && !others_count {
            continue;
        }
        let measurement: Arc<str> = series.measurement.into();
        add_values(&mut groups, &measurement, column, &device.timeseries(k)?)?;
    }
    out.extend(groups);
    Ok(())
}

/// Value chunks go to the group whose time chunk is the last one before them: time comes first in a chunk group.
fn add_values(
    groups: &mut [SourcePlan],
    measurement: &Arc<str>,
    column: Option<usize>,
    metadata: &TimeseriesMetadata,
) -> Result<()> {
    for chunk in &metadata.chunks {
        let at = groups.partition_point(|g| g.order() < chunk.offset);
        match at.checked_sub(1).and_then(|i| groups.get_mut(i)) {
            Some(group) => group.columns.push(SourceColumn {
                column,
                measurement: measurement.clone(),
                chunk: ChunkAt::new(chunk, metadata),
            }),
            None => {
                return Err(Error::corrupt(
                    "chunk metadata",
                    "a value chunk lies before every time chunk of its device",
                )
                .at(chunk.offset)
                .measurement(&**measurement));
            }
        }
    }
    Ok(())
}
