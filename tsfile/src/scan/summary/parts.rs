//! The chunks of devices, looked up once: what summaries and answers are put together from.

use super::spans::Times;
use crate::arrow::widen;
use crate::model::DataType;
use crate::read::plan::{ChunkAt, SourceColumn, SourcePlan};
use crate::read::{DeviceRef, SeriesRef, TsFileReader};
use crate::scan::devices::Destination;
use crate::{Error, Result};
use std::ops::Range;
use std::sync::Arc;

/// The chunks of some devices; used for one device after the other, so that memory is not asked for again and again.
#[derive(Debug, Default)]
pub(super) struct Parts {
    /// Positions in the index.
    devices: Vec<usize>,
    /// Time chunks of aligned chunk groups.
    pub(super) times: Vec<ChunkAt>,
    pub(super) series: Vec<Series>,
    /// Those of a series are neighbours.
    pub(super) chunks: Vec<Chunk>,
    /// Whether the series of the device at hand came in the order of their names.
    ascending: bool,
}

/// A series that is wanted, or that makes rows.
#[derive(Debug)]
pub(super) struct Series {
    pub(super) measurement: Arc<str>,
    /// Where its values go; `None` when only the times count.
    pub(super) column: Option<usize>,
    /// Of a series that is wanted.
    pub(super) data_type: DataType,
    pub(super) chunks: Range<usize>,
    pub(super) device: usize,
}

/// A chunk of a series.
#[derive(Debug)]
pub(super) struct Chunk {
    pub(super) at: ChunkAt,
    /// Number of its time chunk, when it is aligned.
    pub(super) time: Option<usize>,
    pub(super) series: usize,
}

/// Which series are looked up though nobody wants them, because rows exist where they have a point.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Others {
    None,
    /// Those of devices that are not aligned.
    Plain,
    All,
}

impl Parts {
    pub(super) fn clear(&mut self) {
        self.devices.clear();
        self.times.clear();
        self.series.clear();
        self.chunks.clear();
    }

    /// Looks up the chunks of `devices`, which are one device; `wanted` says where the values of a series go.
    pub(super) fn add(
        &mut self,
        devices: &[DeviceRef<'_>],
        wanted: &dyn Fn(&SeriesRef<'_>) -> Destination,
        others: Others,
    ) -> Result<()> {
        let first = devices.first().map_or(0, DeviceRef::position);
        self.devices.push(first);
        self.ascending = true;
        let first_series = self.series.len();
        let first_chunk = self.chunks.len();
        for &device in devices {
            self.add_one(device, wanted, others, first_series)?;
        }
        let chunks = self.chunks.get_mut(first_chunk..).unwrap_or(&mut []);
        if devices.len() > 1 {
            chunks.sort_by_key(|c| c.series);
        }
        let mut at = first_chunk;
        let series = self.series.get_mut(first_series..).unwrap_or(&mut []);
        for (number, series) in (first_series..).zip(series) {
            let rest = self.chunks.get(at..).unwrap_or(&[]);
            let end = at + rest.iter().take_while(|c| c.series == number).count();
            series.chunks = at..end;
            at = end;
        }
        Ok(())
    }

    fn add_one(
        &mut self,
        device: DeviceRef<'_>,
        wanted: &dyn Fn(&SeriesRef<'_>) -> Destination,
        others: Others,
        first_series: usize,
    ) -> Result<()> {
        let aligned = device.is_aligned();
        let first_time = self.times.len();
        if aligned {
            device.chunks(0, |at| self.times.push(at))?;
            if let Some(own) = self.times.get_mut(first_time..) {
                own.sort_by_key(|c| c.offset);
            }
        }
        let counts = match others {
            Others::None => false,
            Others::Plain => !aligned,
            Others::All => true,
        };
        for k in usize::from(aligned)..device.series_count() {
            let found = device.series(k)?;
            let (column, measurement) = wanted(&found);
            if column.is_none() && !counts {
                continue;
            }
            let data_type = match column {
                Some(_) => found.data_type()?,
                None => DataType::Vector,
            };
            let series = self.number(measurement, column, data_type, first_series);
            let first = self.chunks.len();
            device.chunks(k, |at| {
                self.chunks.push(Chunk {
                    at,
                    time: None,
                    series,
                });
            })?;
            if aligned {
                let own = self.times.get(first_time..).unwrap_or(&[]);
                for chunk in self.chunks.get_mut(first..).unwrap_or(&mut []) {
                    let time = time_of(own, &chunk.at, found.measurement)?;
                    chunk.time = Some(first_time + time);
                }
            }
        }
        Ok(())
    }

    /// The series of the device at hand that is called so; a new one unless the device is in the index twice.
    fn number(
        &mut self,
        measurement: Arc<str>,
        column: Option<usize>,
        data_type: DataType,
        first_series: usize,
    ) -> usize {
        let known = self.series.get_mut(first_series..).unwrap_or(&mut []);
        // Names mostly ascend: what comes behind all others is new.
        let behind = known.last().is_none_or(|s| *s.measurement < *measurement);
        self.ascending &= behind;
        let same = match self.ascending {
            true => None,
            false => known.iter().position(|s| s.measurement == measurement),
        };
        if let Some((at, series)) = same.and_then(|at| Some((at, known.get_mut(at)?))) {
            series.data_type = widen(series.data_type, data_type).unwrap_or(series.data_type);
            return first_series + at;
        }
        self.series.push(Series {
            measurement,
            column,
            data_type,
            chunks: 0..0,
            device: self.devices.len().saturating_sub(1),
        });
        self.series.len() - 1
    }

    /// The series that are wanted.
    pub(super) fn wanted(&self) -> impl Iterator<Item = &Series> {
        self.series.iter().filter(|s| s.column.is_some())
    }

    /// First and last time of a chunk; all times when nobody noted them, none without a point.
    pub(super) fn times(&self, chunk: &Chunk) -> Option<Times> {
        let time = || chunk.time.and_then(|i| self.times.get(i));
        match (&chunk.at.statistics, time()) {
            (Some(own), _) => own.time_range(),
            (None, Some(time)) => times(time),
            (None, None) => times(&chunk.at),
        }
    }

    /// A source of one chunk: of its values as `column`, of its times alone without.
    pub(super) fn plan(
        &self,
        reader: &TsFileReader,
        chunk: &Chunk,
        column: Option<usize>,
    ) -> SourcePlan {
        let series = self.series.get(chunk.series);
        SourcePlan {
            device: self.name(reader, series.map_or(0, |s| s.device)).into(),
            time: chunk.time.and_then(|i| self.times.get(i)).cloned(),
            columns: vec![SourceColumn {
                column,
                measurement: series.map_or_else(|| "".into(), |s| s.measurement.clone()),
                chunk: chunk.at.clone(),
            }],
            only_present: false,
            alone: false,
        }
    }

    /// A source of the times of one time chunk, of the only device.
    pub(super) fn plan_times(&self, reader: &TsFileReader, at: &ChunkAt) -> SourcePlan {
        SourcePlan {
            device: self.name(reader, 0).into(),
            time: Some(at.clone()),
            columns: Vec::new(),
            only_present: false,
            alone: false,
        }
    }

    /// The path of the device with this number.
    pub(super) fn name(&self, reader: &TsFileReader, device: usize) -> String {
        let position = self.devices.get(device).copied();
        let found = position.and_then(|p| reader.index().ok()?.device(p));
        found.map(|d| d.id().path()).unwrap_or_default()
    }
}

/// The time chunk of a value chunk is the last one before it, of those in `times`: time comes first in a chunk group.
fn time_of(times: &[ChunkAt], at: &ChunkAt, measurement: &str) -> Result<usize> {
    let before = times.partition_point(|t| t.offset < at.offset);
    before.checked_sub(1).ok_or_else(|| {
        Error::corrupt(
            "chunk metadata",
            "a value chunk lies before every time chunk of its device",
        )
        .at(at.offset)
        .measurement(measurement)
    })
}

/// First and last time of a chunk on its own.
pub(super) fn times(chunk: &ChunkAt) -> Option<Times> {
    match &chunk.statistics {
        Some(s) => s.time_range(),
        None => Some((i64::MIN, i64::MAX)),
    }
}
