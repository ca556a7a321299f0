//! On the way out: held rows become chunk groups, and the file gets its end.

use super::chunk::Chunk;
use super::gather::Source;
use super::group::{self, Chunks, Series, Sizes};
use super::held::{Held, Measurement, Order, RowNumbers, Run};
use super::options::Duplicates;
use super::output::Output;
use super::tail::{ClosedChunks, Tail, device_order, name_order};
use super::totals::Totals;
use super::{Cells, How, LOSSLESS_PROPERTY, Plan, TsFileWriter, WriteSummary, order};
use crate::encoding::EncodeSettings;
use crate::format::{ChunkHead, ChunkKind, ChunkRole, FormatVersion, Marker, serialize_device};
use crate::model::{ColumnCategory, Compression, DataType, DeviceId, Encoding};
use crate::{Error, Result};
use arrow_array::UInt32Array;
use std::collections::HashMap;
use std::rc::Rc;

/// The last row of a device: shape, time, values, number.
type Left = (u32, i64, Vec<Cells>, RowNumbers);

impl TsFileWriter {
    /// Writes what is held when it has reached the limit of memory.
    pub(super) fn write_if_full(&mut self) -> Result<()> {
        let limit = self.options.memory_limit;
        // What has to stay leaves less for rows, but never so little that every row gets a chunk group.
        let room = limit.saturating_sub(self.kept_bytes).max(limit / 8);
        if self.held_bytes < room {
            return Ok(());
        }
        self.write_held(false)
    }

    /// Writes everything that is held. Unless it is the end, the last row of each device is kept where a later one may replace it.
    pub(super) fn write_held(&mut self, end: bool) -> Result<()> {
        let held = std::mem::take(&mut self.held);
        self.held_bytes = 0;
        let mut active: Vec<u32> = (0..)
            .zip(&self.devices)
            .filter(|(_, d)| !d.runs.is_empty())
            .map(|(k, _)| k)
            .collect();
        let version = self.options.version;
        active.sort_by(|a, b| {
            let id = |k: &u32| &self.devices[*k as usize].id;
            device_order(id(a), id(b), version)
        });
        let mut series: HashMap<(u32, Vec<u32>), Rc<Vec<Series>>> = HashMap::new();
        for device in active {
            let left = self.write_device_rows(device, &held, &mut series, end)?;
            if let Some((shape, time, cells, numbers)) = left {
                let at = self.held.len() as u32;
                self.held_bytes += 2 * cells.len() * size_of::<i64>();
                self.held.push(Held {
                    shape,
                    times: vec![time].into(),
                    cells,
                    numbers,
                });
                self.devices[device as usize].runs.push(Run {
                    held: at,
                    start: 0,
                    len: 1,
                });
            }
        }
        Ok(())
    }

    /// Writes the rows of a device; gives back the last one if it shall be held.
    fn write_device_rows(
        &mut self,
        device: u32,
        held: &[Held],
        known: &mut HashMap<(u32, Vec<u32>), Rc<Vec<Series>>>,
        end: bool,
    ) -> Result<Option<Left>> {
        let d = &mut self.devices[device as usize];
        let runs = std::mem::take(&mut d.runs);
        let mut shapes: Vec<u32> = runs.iter().map(|r| held[r.held as usize].shape).collect();
        shapes.sort_unstable();
        shapes.dedup();
        let mut order = if d.needs_sort {
            let sorted = order::sort(held, &runs, self.options.duplicates, d.written_until);
            let (order, dropped) = sorted.map_err(|e| e.device(d.id.path()))?;
            self.summary.duplicates += dropped;
            self.summary.devices_sorted += 1;
            d.needs_sort = false;
            order
        } else {
            Order::of_runs(runs)
        };
        let mut left = None;
        if !end && self.options.duplicates == Duplicates::Last {
            if let Some((h, r)) = order.pop() {
                let batch = &held[h as usize];
                let one = UInt32Array::from(vec![r]);
                let cells = batch
                    .cells
                    .iter()
                    .map(|c| c.take(&one))
                    .collect::<Result<_>>()?;
                let number = batch.numbers.shown(r as usize) - 1;
                left = Some((
                    batch.shape,
                    batch.times[r as usize],
                    cells,
                    RowNumbers::From(number),
                ));
            }
        }
        let rows = order.len();
        if rows == 0 {
            return Ok(left);
        }
        d.written_until = Some(order.time(held, rows - 1));
        let shape = d.shape.unwrap_or(0);
        let key = (shape, shapes);
        let series = match known.get(&key) {
            Some(series) => Rc::clone(series),
            None => {
                let new = Rc::new(self.series(key.0, &key.1));
                known.insert(key, Rc::clone(&new));
                new
            }
        };
        self.summary.rows += rows as u64;
        let d = &mut self.devices[device as usize];
        let several = !end || !d.closed.is_empty();
        if d.aligned && !d.closed.is_empty() {
            let new = series
                .iter()
                .find(|s| d.closed.way(Some(s.measurement)).is_none());
            if let Some(s) = new {
                let name = &self.measurements[s.measurement as usize].name;
                return Err(late(name).device(d.id.path()));
            }
        }
        let mut file = OfDevice {
            id: &d.id,
            closed: &mut d.closed,
            out: &mut self.out,
            measurements: &self.measurements,
            totals: &mut self.totals,
            summary: &mut self.summary,
            kept_bytes: &mut self.kept_bytes,
            version: self.options.version,
        };
        let sizes = Sizes {
            page_points: self.options.page_points,
            page_bytes: self.options.page_bytes,
            // What a chunk becomes lies in memory until it is done.
            group_bytes: self
                .options
                .chunk_group_bytes
                .min(self.options.memory_limit / 2)
                .max(1),
        };
        let writer = &mut self.chunks;
        if d.aligned {
            let time = How {
                role: ChunkRole::Time,
                data_type: DataType::Vector,
                encoding: None,
                plan: Plan::Any,
                compression: self.options.default_compression,
                settings: EncodeSettings::default(),
                lossy: false,
                version_3: self.options.version == FormatVersion::V3,
                usual: None,
            };
            group::aligned(
                writer, held, &order, &series, time, several, sizes, &mut file,
            )?;
        } else {
            let kept = group::plain(writer, held, &order, &series, several, sizes, &mut file)?;
            self.summary.rows_without_values += (rows - kept) as u64;
            self.summary.rows -= (rows - kept) as u64;
        }
        Ok(left)
    }

    /// The columns of a shape in the order of their names, and where they are in the shapes of held batches.
    fn series(&self, shape: u32, of_batches: &[u32]) -> Vec<Series> {
        let whole = &self.shapes[shape as usize];
        let mut series: Vec<Series> = whole
            .measurements
            .iter()
            .map(|m| Series {
                measurement: *m,
                source: Source {
                    by_shape: of_batches
                        .iter()
                        .filter_map(|s| {
                            let columns = &self.shapes[*s as usize].measurements;
                            let at = columns.iter().position(|c| c == m)?;
                            Some((*s, at as u32))
                        })
                        .collect(),
                },
                how: self.how[*m as usize],
                keep_empty: whole.keep_empty,
            })
            .collect();
        let name = |s: &Series| self.measurements[s.measurement as usize].name.as_str();
        series.sort_by(|a, b| name_order(name(a), name(b)));
        series
    }

    /// Writes the end of the file.
    pub(super) fn write_tail(&mut self) -> Result<()> {
        self.empty_columns();
        let version = self.options.version;
        let mut devices: Vec<_> = self
            .devices
            .iter()
            .filter(|d| !d.closed.is_empty())
            .map(|d| (&d.id, &d.closed, d.aligned))
            .collect();
        devices.sort_by(|a, b| device_order(a.0, b.0, version));
        self.summary.devices = devices.len() as u64;
        let mut properties = std::mem::take(&mut self.options.properties);
        properties.retain(|(k, _)| k != LOSSLESS_PROPERTY);
        if self.summary.lossless {
            properties.push((LOSSLESS_PROPERTY.to_string(), b"true".to_vec()));
        }
        let mut schemas = std::mem::take(&mut self.tables);
        for table in &mut schemas {
            for c in &mut table.columns {
                let own = Measurement {
                    name: c.measurement.name.clone(),
                    data_type: c.measurement.data_type,
                };
                let known = self.known_measurements.get(&(own, None));
                if c.category != ColumnCategory::Field {
                    continue;
                }
                if let Some((encoding, compression)) = known.and_then(|m| self.totals.first(*m)) {
                    c.measurement.encoding = encoding;
                    c.measurement.compression = compression;
                }
            }
        }
        let tail = Tail {
            measurements: &self.measurements,
            devices,
            schemas,
            properties,
            version,
            degree: self.options.index_degree,
        };
        self.summary.series = tail.write(&mut self.out)?;
        self.summary.bytes = self.out.position();
        self.summary.columns = self.totals.columns(&self.measurements);
        Ok(())
    }

    /// Columns that were announced and of which nothing is in the file.
    fn empty_columns(&mut self) {
        if !self.tables.is_empty() || self.rows_seen == 0 {
            return;
        }
        let mut names: Vec<_> = (0..)
            .zip(&self.measurements)
            .filter(|(m, _)| !self.totals.has_chunk(*m))
            .map(|(_, m)| m.name.clone())
            .collect();
        names.sort();
        names.dedup();
        self.summary.empty_columns = names;
    }
}

/// Readers pair the chunks of an aligned device by their position, so a column has to be there from the first chunk group on.
fn late(measurement: &str) -> Error {
    Error::argument("the measurement is new, and rows of its aligned device are written already")
        .measurement(measurement)
        .hint("announce all columns with the first rows, raise `memory_limit` (--memory-limit), or write the device non-aligned (--aligned false)")
}

/// Where the chunks of a device go.
struct OfDevice<'a> {
    id: &'a DeviceId,
    closed: &'a mut ClosedChunks,
    out: &'a mut Output,
    measurements: &'a [Measurement],
    totals: &'a mut Totals,
    summary: &'a mut WriteSummary,
    kept_bytes: &'a mut usize,
    version: FormatVersion,
}

impl Chunks for OfDevice<'_> {
    fn group(&mut self) -> Result<()> {
        self.summary.chunk_groups += 1;
        self.out.put_with(|w| {
            w.u8(Marker::ChunkGroup.into());
            serialize_device(w, self.id, self.version);
        })
    }

    fn chunk(
        &mut self,
        measurement: Option<u32>,
        role: ChunkRole,
        chunk: Chunk,
        pages: usize,
        bytes: &[u8],
    ) -> Result<()> {
        let known = measurement.map(|m| &self.measurements[m as usize]);
        let data_bytes = u32::try_from(bytes.len())
            .ok()
            .filter(|n| i32::try_from(*n).is_ok())
            .ok_or_else(|| {
                Error::argument("a chunk takes more than 2147483647 bytes")
                    .device(self.id.path())
                    .hint("lower `chunk_group_bytes`")
            })?;
        let offset = self.out.position();
        let data_type = known.map_or(DataType::Vector, |m| m.data_type);
        let header = ChunkHead {
            kind: ChunkKind {
                role,
                single_page: pages <= 1,
            },
            measurement: known.map_or("", |m| &m.name),
            data_bytes,
            data_type_code: data_type as u8,
            compression_code: chunk.compression as u8,
            encoding_code: chunk.encoding as u8,
        };
        self.out.put_with(|w| header.serialize(w))?;
        self.out.put(bytes)?;
        *self.kept_bytes += self.closed.push(measurement, offset, &chunk.statistics);
        self.closed
            .set_way(measurement, chunk.encoding, chunk.compression);
        self.summary.lossless &= chunk.lossless;
        if let Some(m) = measurement {
            let points = chunk.statistics.count;
            self.summary.points += points;
            let size = self.out.position() - offset;
            self.totals
                .add(m, chunk.encoding, chunk.compression, points, size);
        }
        Ok(())
    }

    fn way(&self, measurement: Option<u32>) -> Option<(Encoding, Compression)> {
        self.closed.way(measurement)
    }

    fn usual(&self, measurement: u32) -> Option<Encoding> {
        self.totals.first(measurement).map(|(encoding, _)| encoding)
    }

    fn place(&self, error: Error, measurement: u32) -> Error {
        error
            .device(self.id.path())
            .measurement(&self.measurements[measurement as usize].name)
    }
}
