//! On the way in: batches become held rows of devices.

use super::held::{Held, Measurement, RowNumbers, Run, Shape};
use super::input::{self, Input, Taken};
use super::keys;
use super::options::{Compat, Duplicates, Sort};
use super::{Cells, ClosedChunks, DEVICE_BYTES, Device, How, Plan, RUN_BYTES, TsFileWriter, order};
use crate::arrow::{Intake, times};
use crate::encoding::EncodeSettings;
use crate::format::{ChunkRole, FormatVersion};
use crate::model::{
    ColumnCategory, Compression, DataType, DeviceId, Encoding, Form, MeasurementSchema, Model,
    TableColumn, TableSchema, legal_encodings,
};
use crate::{Error, ErrorKind, Result};
use arrow_array::{RecordBatch, UInt32Array};
use arrow_buffer::ScalarBuffer;

use super::chunk::default_encoding;

impl TsFileWriter {
    /// Every name that the options mention is that of a column.
    pub(super) fn check_names(&self, input: &Input) -> Result<()> {
        let o = &self.options;
        let named = o.encodings.keys().chain(o.compressions.keys());
        for name in named {
            let known = input.columns.iter().any(|(_, i)| i.name == *name)
                || input.form == Form::Table && input.has_in_lower_case(name)
                || input.wide.iter().any(|(device, columns)| {
                    name.strip_prefix(&device.path())
                        .and_then(|rest| rest.strip_prefix('.'))
                        .is_some_and(|rest| {
                            columns
                                .iter()
                                .filter_map(|k| input.columns.get(*k))
                                .any(|(_, i)| i.name == rest)
                        })
                });
            if !known {
                let names: Vec<_> = input.columns.iter().map(|(_, i)| i.name.as_str()).collect();
                return Err(
                    Error::argument("an encoding or compression is for no column")
                        .expected(format!("one of {}", names.join(", ")))
                        .got(name),
                );
            }
        }
        Ok(())
    }

    pub(super) fn write_input(&mut self, input: &Input, batch: &RecordBatch) -> Result<()> {
        input.check(batch)?;
        let first_row = self.rows_seen;
        self.rows_seen += batch.num_rows() as u64;
        if batch.num_rows() == 0 {
            return Ok(());
        }
        if u32::try_from(batch.num_rows()).is_err() {
            return Err(Error::argument("a batch has more than 4294967295 rows"));
        }
        if input.form == Form::Wide {
            self.take_wide(input, batch, first_row)?;
        } else {
            self.take(input, batch, first_row)?;
        }
        self.write_if_full()
    }

    fn take(&mut self, input: &Input, batch: &RecordBatch, first_row: u64) -> Result<()> {
        let aligned = self
            .shapes
            .get(self.input_shape as usize)
            .is_some_and(|s| s.aligned);
        let times = input.times(batch, &self.options, first_row)?;
        let cells = input.cells(batch, first_row)?;
        let runs = input.runs(batch, first_row, |key| self.device(key, aligned))?;
        let taken = Taken::try_new(times, cells, runs)?;
        let numbers = match taken.rows {
            None => RowNumbers::From(first_row),
            Some(rows) => RowNumbers::Of(first_row, rows),
        };
        let held = self.hold(self.input_shape, taken.times, taken.cells, numbers);
        let mut start = 0;
        for (device, len) in taken.runs {
            self.arrive(device, Run { held, start, len })?;
            start += len;
        }
        Ok(())
    }

    fn take_wide(&mut self, input: &Input, batch: &RecordBatch, first_row: u64) -> Result<()> {
        let times = input.times(batch, &self.options, first_row)?;
        let cells = input.cells(batch, first_row)?;
        let several = input.wide.len() > 1;
        if several {
            if let Some(some) = input::rows_with_values(cells.iter()) {
                self.summary.rows_without_values += (some.len() - some.count_set_bits()) as u64;
            }
        }
        if input.wide.is_empty() {
            self.summary.rows_without_values += batch.num_rows() as u64;
        }
        for (k, (_, columns)) in input.wide.iter().enumerate() {
            let (device, shape) = self.wide[k];
            let own: Vec<Cells> = columns
                .iter()
                .filter_map(|c| cells.get(*c).cloned())
                .collect();
            // With one device every row is its own; with several, a row is those devices' that have a value in it.
            let rows = several
                .then(|| input::rows_with_values(own.iter()))
                .flatten();
            let (times, own, numbers) = match rows {
                None => (times.clone(), own, RowNumbers::From(first_row)),
                Some(bits) => {
                    let rows: Vec<u32> = bits.set_indices_u32().collect();
                    let order = UInt32Array::from(rows.clone());
                    let own = own.iter().map(|c| c.take(&order)).collect::<Result<_>>()?;
                    (
                        input::take_times(&times, &order),
                        own,
                        RowNumbers::Of(first_row, rows),
                    )
                }
            };
            // Not more than the batch has, which was looked at.
            let len = times.len() as u32;
            if len > 0 {
                let held = self.hold(shape, times, own, numbers);
                self.arrive(
                    device,
                    Run {
                        held,
                        start: 0,
                        len,
                    },
                )?;
            }
        }
        Ok(())
    }

    pub(super) fn write_one(
        &mut self,
        device: &DeviceId,
        aligned: bool,
        batch: &RecordBatch,
    ) -> Result<()> {
        let first_row = self.rows_seen;
        self.rows_seen += batch.num_rows() as u64;
        let schema = batch.schema();
        let o = &self.options;
        let (unit, lossy) = (o.time_unit, o.lossy);
        let at = schema.index_of(&o.layout.time_column).map_err(|_| {
            Error::argument("there is no time column").expected(&o.layout.time_column)
        })?;
        let table = device.model() == Model::Table;
        let mut columns = Vec::new();
        let mut cells = Vec::new();
        for (i, field) in schema.fields().iter().enumerate() {
            if i == at {
                continue;
            }
            let intake = Intake::try_new(field, unit, lossy)?;
            let name = if table {
                field.name().to_lowercase()
            } else {
                field.name().clone()
            };
            cells.push(intake.cells(batch.column(i), first_row)?);
            columns.push((name, intake.data_type));
        }
        let times = times(schema.field(at), batch.column(at), unit, lossy, first_row)?;
        let shape = self.shape(&columns, aligned, aligned, Some(device))?;
        let index = self.device(&keys::key_of(device), aligned)?;
        let len = u32::try_from(times.len())
            .map_err(|_| Error::argument("a batch has more than 4294967295 rows"))?;
        if len > 0 {
            let numbers = RowNumbers::From(first_row);
            let held = self.hold(shape, times.values().clone(), cells, numbers);
            self.arrive(
                index,
                Run {
                    held,
                    start: 0,
                    len,
                },
            )?;
        }
        self.write_if_full()
    }

    fn hold(
        &mut self,
        shape: u32,
        times: ScalarBuffer<i64>,
        cells: Vec<Cells>,
        numbers: RowNumbers,
    ) -> u32 {
        self.held_bytes += times.len() * size_of::<i64>();
        self.held_bytes += cells.iter().map(Cells::size_bytes).sum::<usize>();
        if let RowNumbers::Of(_, rows) = &numbers {
            self.held_bytes += rows.len() * size_of::<u32>();
        }
        self.held.push(Held {
            shape,
            times,
            cells,
            numbers,
        });
        // Batches are written out long before there are 2^32 of them.
        (self.held.len() - 1) as u32
    }

    /// Rows of a device have come; their order is looked at.
    fn arrive(&mut self, device: u32, run: Run) -> Result<()> {
        let shape = self.held[run.held as usize].shape;
        self.widen(device, shape)?;
        self.held_bytes += RUN_BYTES;
        let held = &self.held[run.held as usize];
        let times = &held.times[run.rows()];
        let d = &mut self.devices[device as usize];
        let first = times[0];
        let ascend = times
            .iter()
            .zip(times.iter().skip(1))
            .fold(true, |all, (a, b)| all & (a < b));
        if ascend && d.last_time.is_none_or(|last| last < first) {
            d.last_time = times.last().copied();
            d.runs.push(run);
            return Ok(());
        }
        let strict = self.options.sort == Sort::Strict;
        let duplicates = self.options.duplicates;
        for (row, time) in run.rows().zip(times.iter().copied()) {
            let Some(last) = d.last_time else {
                d.last_time = Some(time);
                continue;
            };
            if time > last {
                d.last_time = Some(time);
                continue;
            }
            let written = d.written_until.is_some_and(|until| time <= until);
            let same = time == last || d.written_until == Some(time);
            let failed = if same && duplicates == Duplicates::Error {
                Some(order::duplicate(held, row, time))
            } else if time < last && strict || written && (!same || duplicates == Duplicates::Last)
            {
                // A row that is in the file cannot give way any more.
                Some(order::backwards(held, row, time, last, strict))
            } else {
                None
            };
            if let Some(e) = failed {
                return Err(e.device(d.id.path()));
            }
            d.needs_sort = true;
        }
        // Sorting takes a position of each row.
        self.held_bytes += run.len as usize * 16;
        d.runs.push(run);
        Ok(())
    }

    /// The device has the columns of this shape too.
    fn widen(&mut self, device: u32, shape: u32) -> Result<()> {
        let all = match self.devices[device as usize].shape {
            Some(known) if known != shape => {
                let path = |w: &Self| w.devices[device as usize].id.path();
                self.union(known, shape).map_err(|e| e.device(path(self)))?
            }
            _ => shape,
        };
        self.devices[device as usize].shape = Some(all);
        Ok(())
    }

    fn union(&mut self, a: u32, b: u32) -> Result<u32> {
        let (x, y) = (&self.shapes[a as usize], &self.shapes[b as usize]);
        let mut measurements = x.measurements.clone();
        for m in &y.measurements {
            if measurements.contains(m) {
                continue;
            }
            let new = &self.measurements[*m as usize];
            let other = measurements
                .iter()
                .map(|k| &self.measurements[*k as usize])
                .find(|k| k.name == new.name);
            if let Some(other) = other {
                return Err(Error::new(
                    ErrorKind::Schema,
                    "",
                    "a measurement of a device has two types",
                )
                .measurement(&new.name)
                .expected(other.data_type)
                .got(new.data_type));
            }
            measurements.push(*m);
        }
        let union = Shape {
            measurements,
            ..x.clone()
        };
        Ok(self.intern(union))
    }

    fn intern(&mut self, shape: Shape) -> u32 {
        let known = self.shapes.iter().rposition(|s| *s == shape);
        let at = known.unwrap_or_else(|| {
            self.shapes.push(shape);
            self.shapes.len() - 1
        });
        at as u32
    }

    /// The shape of these columns; `device` is looked up in options that name whole paths.
    pub(super) fn shape(
        &mut self,
        columns: &[(String, DataType)],
        aligned: bool,
        keep_empty: bool,
        device: Option<&DeviceId>,
    ) -> Result<u32> {
        let mut measurements = Vec::with_capacity(columns.len());
        for (name, data_type) in columns {
            measurements.push(self.measurement(name, *data_type, device)?);
        }
        Ok(self.intern(Shape {
            measurements,
            aligned,
            keep_empty,
        }))
    }

    fn measurement(
        &mut self,
        name: &str,
        data_type: DataType,
        device: Option<&DeviceId>,
    ) -> Result<u32> {
        if name.is_empty() {
            return Err(Error::argument(
                "a column has an empty name, which is that of the time column in a file",
            ));
        }
        let own = Measurement {
            name: name.to_string(),
            data_type,
        };
        // By path the options can differ from device to device; without such options all share one entry.
        let path = device.map(|d| format!("{d}.{name}"));
        let o = &self.options;
        let path = path.filter(|p| o.encodings.contains_key(p) || o.compressions.contains_key(p));
        let known = (own, path);
        if let Some(at) = self.known_measurements.get(&known) {
            return Ok(*at);
        }
        let (own, path) = &known;
        let of = |key: Option<&String>| key.and_then(|k| o.encodings.get(k)).copied();
        let encoding = of(path.as_ref()).or_else(|| of(Some(&own.name)));
        let of = |key: Option<&String>| key.and_then(|k| o.compressions.get(k)).copied();
        let compression = of(path.as_ref())
            .or_else(|| of(Some(&own.name)))
            .or(o.default_compression);
        if let Some(encoding) = encoding {
            self.check_legal(name, data_type, encoding)?;
        }
        let plan = match o.compat {
            Compat::Current => Plan::Any,
            Compat::Broad => Plan::Gorilla,
        };
        self.how.push(How {
            role: ChunkRole::Value,
            data_type,
            encoding,
            plan,
            compression,
            settings: EncodeSettings {
                max_point_number: o.max_point_number,
            },
            lossy: o.lossy,
            version_3: o.version == FormatVersion::V3,
            usual: None,
        });
        self.measurements.push(own.clone());
        let at = (self.measurements.len() - 1) as u32;
        self.known_measurements.insert(known, at);
        Ok(at)
    }

    fn check_legal(&self, name: &str, data_type: DataType, encoding: Encoding) -> Result<()> {
        let o = &self.options;
        let mut legal = legal_encodings(data_type, o.java_only);
        if o.version == FormatVersion::V3 {
            // Java 1.x does not know CAMEL and DICTIONARY of STRING, and takes RLBE of floats for differences of floats.
            legal.retain(|e| {
                !matches!(
                    (e, data_type),
                    (Encoding::Camel, _)
                        | (Encoding::Dictionary, DataType::String)
                        | (Encoding::Rlbe, DataType::Float | DataType::Double)
                )
            });
        }
        if o.compat == Compat::Broad {
            legal.retain(|e| {
                *e != Encoding::Ts2Diff || !matches!(data_type, DataType::Float | DataType::Double)
            });
        }
        if legal.contains(&encoding) {
            return Ok(());
        }
        let names: Vec<_> = legal.iter().map(|e| e.name()).collect();
        let in_both = legal_encodings(data_type, false).contains(&encoding);
        let java = legal_encodings(data_type, true).contains(&encoding) && !in_both && !o.java_only;
        let error = Error::argument(format!("{encoding} is no encoding for {data_type} here"))
            .measurement(name)
            .expected(format!("one of {}", names.join(", ")));
        Err(if java {
            error.hint("only Java reads it: `java_only` (--java-only) allows it")
        } else {
            error
        })
    }

    /// The device of a key, known or new.
    pub(super) fn device(&mut self, key: &[u8], aligned: bool) -> Result<u32> {
        if let Some(known) = self.known_devices.get(key) {
            let d = &self.devices[known as usize];
            if d.aligned != aligned {
                return Err(
                    Error::argument("a device is either aligned or not").device(d.id.path())
                );
            }
            return Ok(known);
        }
        let any_path = self.input_any_path;
        let id = keys::device_of(key, any_path)?;
        if id.model() == Model::Table && !any_path && self.options.version == FormatVersion::V3 {
            return Err(Error::argument("format version 3 has no tables")
                .device(id.path())
                .hint("write format version 4 (--format-version 4), or the rows as tree devices"));
        }
        let at = u32::try_from(self.devices.len())
            .map_err(|_| Error::argument("there are more than 4294967295 devices"))?;
        self.kept_bytes += DEVICE_BYTES + 2 * key.len();
        self.devices.push(Device {
            id,
            aligned,
            shape: None,
            runs: Vec::new(),
            last_time: None,
            written_until: None,
            needs_sort: false,
            closed: ClosedChunks::default(),
        });
        self.known_devices.add(key, at);
        Ok(at)
    }
}

/// The schema of the table that the input is, with what is known before any value was seen.
pub(super) fn schema_of(input: &Input, options: &super::WriteOptions) -> TableSchema {
    let column = |name: &str, data_type, category| TableColumn {
        measurement: MeasurementSchema {
            name: name.to_lowercase(),
            data_type,
            encoding: default_encoding(data_type),
            compression: options.default_compression.unwrap_or(Compression::Lz4),
            properties: Vec::new(),
        },
        category,
    };
    // In the order of the batches, but tags among themselves in the order of a device's segments.
    let mut tags = input.layout.tags.iter().flatten();
    let mut columns = Vec::new();
    for (i, name) in input.names().enumerate() {
        if let Some((_, intake)) = input.columns.iter().find(|(at, _)| *at == i) {
            columns.push(column(
                &intake.name,
                intake.data_type,
                ColumnCategory::Field,
            ));
        } else if !input.is_time(i) {
            columns.extend(
                tags.next()
                    .map(|t| column(t, DataType::String, ColumnCategory::Tag)),
            );
        } else if name.to_lowercase() != "time" {
            // Only a name that is not the usual one is stored, as older Java releases do not know the category.
            columns.push(column(name, DataType::Timestamp, ColumnCategory::Time));
        }
    }
    TableSchema {
        name: input.table.clone(),
        columns,
    }
}
