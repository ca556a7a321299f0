//! Batches in one of the three forms: which columns are what, and which rows belong to which device.

use super::keys::{put_table_key, put_tree_key, tree_device};
use super::layout::Layout;
use super::options::WriteOptions;
use crate::arrow::{ByteCells, Cells, Intake, TYPE_KEY, times};
use crate::model::{DataType, DeviceId, Form, split_path};
use crate::{Error, ErrorKind, Result};
use arrow_array::{Array, ArrayRef, RecordBatch, UInt32Array};
use arrow_buffer::{BooleanBuffer, ScalarBuffer};
use arrow_schema::{Schema, SchemaRef};
use std::collections::HashMap;
use std::ops::Range;

/// A batch whose runs are shorter than this on average is put in the order of its devices first.
const SHORT_RUN: usize = 16;

/// What the columns of a schema are for.
#[derive(Debug)]
pub struct Input {
    /// Form of the rows.
    pub form: Form,
    /// What was said about the columns.
    pub layout: Layout,
    schema: SchemaRef,
    time: usize,
    /// The device column, or the tags.
    keys: Vec<usize>,
    /// Name of the table, in lower case.
    pub table: String,
    /// Columns with values, by position, and how they are taken.
    pub columns: Vec<(usize, Intake)>,
    /// In the form wide: devices and which of `columns` they have.
    pub wide: Vec<(DeviceId, Vec<usize>)>,
}

/// Rows of a batch that are ready to be held.
#[derive(Debug)]
pub struct Taken {
    /// Times of the rows.
    pub times: ScalarBuffer<i64>,
    /// Values by column.
    pub cells: Vec<Cells>,
    /// Which rows these are, when they are not in the order of the batch.
    pub rows: Option<Vec<u32>>,
    /// Device of each run, and how many rows the run has.
    pub runs: Vec<(u32, u32)>,
}

impl Input {
    /// Decides what the columns are for.
    ///
    /// # Errors
    /// A column is missing or has a type that cannot be written; the form is not clear.
    pub fn try_new(schema: SchemaRef, layout: Layout, options: &WriteOptions) -> Result<Self> {
        let form = layout.form.unwrap_or_else(|| form_of(&schema, &layout));
        let time = position(&schema, &layout.time_column, "time column")?;
        let mut names = HashMap::new();
        for field in schema.fields() {
            if names.insert(field.name().as_str(), ()).is_some() {
                return Err(Error::argument("two columns have the same name")
                    .measurement(field.name())
                    .hint("rename one of them"));
            }
        }
        let (keys, table) = match form {
            Form::Wide => (Vec::new(), String::new()),
            Form::Narrow => {
                let device = position(&schema, &layout.device_column, "device column")?;
                (vec![device], String::new())
            }
            Form::Table => {
                let (Some(table), Some(tags)) = (&layout.table, &layout.tags) else {
                    return Err(Error::argument(
                        "the form table needs the name of the table and its tag columns",
                    )
                    .hint("give both; a table without tags has an empty list of them"));
                };
                let keys = tags
                    .iter()
                    .map(|tag| position(&schema, tag, "tag column"))
                    .collect::<Result<_>>()?;
                (keys, table.to_lowercase())
            }
        };
        for (i, key) in keys.iter().enumerate() {
            if *key == time || keys.iter().take(i).any(|other| other == key) {
                let name = schema.field(*key).name();
                return Err(
                    Error::argument("a column is named twice as time, device or tag")
                        .measurement(name),
                );
            }
        }
        let columns = schema
            .fields()
            .iter()
            .enumerate()
            .filter(|(i, _)| *i != time && !keys.contains(i))
            .map(|(i, f)| Ok((i, Intake::try_new(f, options.time_unit, options.lossy)?)))
            .collect::<Result<Vec<_>>>()?;
        let mut new = Self {
            form,
            schema,
            time,
            keys,
            table,
            columns,
            wide: Vec::new(),
            layout,
        };
        match form {
            Form::Wide => new.wide_devices()?,
            Form::Narrow => {}
            Form::Table => new.lower_case()?,
        }
        Ok(new)
    }

    /// Columns of the form wide by device, in the order of their first column.
    fn wide_devices(&mut self) -> Result<()> {
        let mut known: HashMap<String, usize> = HashMap::new();
        for (k, (_, intake)) in self.columns.iter_mut().enumerate() {
            let nodes = split_path(&intake.name);
            let Some((measurement, device)) = nodes.split_last().filter(|(_, d)| !d.is_empty())
            else {
                return Err(Error::argument(
                    "a column of the form wide is a path such as root.plant.d1.temperature",
                )
                .measurement(&intake.name)
                .hint("name a device column (form narrow), or a table and its tags (form table)"));
            };
            let device = device.join(".");
            let at = match known.get(&device) {
                Some(at) => *at,
                None => {
                    self.wide.push((tree_device(&device)?, Vec::new()));
                    known.insert(device, self.wide.len() - 1);
                    self.wide.len() - 1
                }
            };
            if let Some((_, columns)) = self.wide.get_mut(at) {
                columns.push(k);
            }
            intake.name = (*measurement).to_string();
        }
        Ok(())
    }

    /// Names of a table are stored in lower case, as both references do: they look them up so.
    fn lower_case(&mut self) -> Result<()> {
        if self.table == "root" || self.table.starts_with("root.") {
            return Err(Error::argument(
                "a table cannot be called root: its devices would be taken for those of the tree model",
            )
            .got(&self.table));
        }
        let mut seen = HashMap::new();
        let tags = self.layout.tags.iter().flatten().cloned();
        let fields = self.columns.iter().map(|(_, i)| i.name.clone());
        for name in tags.chain(fields) {
            if let Some(other) = seen.insert(name.to_lowercase(), name.clone()) {
                return Err(Error::argument(
                    "two columns of a table differ only by case, which it does not keep",
                )
                .measurement(&name)
                .got(other)
                .hint("rename one of them"));
            }
        }
        for (_, intake) in &mut self.columns {
            intake.name = intake.name.to_lowercase();
        }
        Ok(())
    }

    /// Whether there is a column of this name, whatever its case.
    pub fn has_in_lower_case(&self, name: &str) -> bool {
        let name = name.to_lowercase();
        self.columns.iter().any(|(_, i)| i.name == name)
    }

    /// Names of all columns.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.schema.fields().iter().map(|f| f.name().as_str())
    }

    /// Whether the column at this position is that of times.
    pub fn is_time(&self, position: usize) -> bool {
        self.time == position
    }

    /// Whether a batch has the columns that were announced.
    ///
    /// # Errors
    /// It has not; the error names the first column that differs.
    pub fn check(&self, batch: &RecordBatch) -> Result<()> {
        let (own, other) = (self.schema.fields(), batch.schema_ref().fields());
        if std::ptr::eq(self.schema.as_ref(), batch.schema_ref().as_ref()) {
            return Ok(());
        }
        for i in 0..own.len().max(other.len()) {
            let describe = |f: Option<&arrow_schema::FieldRef>| {
                f.map_or("nothing".to_string(), |f| {
                    format!("{} {}", f.name(), f.data_type())
                })
            };
            let (a, b) = (describe(own.get(i)), describe(other.get(i)));
            if a != b {
                return Err(Error::argument(
                    "the columns of a batch differ from those that were announced",
                )
                .expected(a)
                .got(b));
            }
        }
        Ok(())
    }

    /// Times of a batch whose first row is row `first_row` of all.
    ///
    /// # Errors
    /// A time is null or cannot be expressed.
    pub fn times(
        &self,
        batch: &RecordBatch,
        options: &WriteOptions,
        first_row: u64,
    ) -> Result<ScalarBuffer<i64>> {
        let field = self.schema.field(self.time);
        let array = batch.column(self.time);
        let times = times(field, array, options.time_unit, options.lossy, first_row)?;
        Ok(times.values().clone())
    }

    /// All values of a batch.
    ///
    /// # Errors
    /// A value cannot be expressed.
    pub fn cells(&self, batch: &RecordBatch, first_row: u64) -> Result<Vec<Cells>> {
        self.columns
            .iter()
            .map(|(i, intake)| intake.cells(batch.column(*i), first_row))
            .collect()
    }

    /// Rows side by side that have the same device: what `device` gives for its key, and their number.
    ///
    /// # Errors
    /// A device is null, or those of `device`.
    pub fn runs(
        &self,
        batch: &RecordBatch,
        first_row: u64,
        mut device: impl FnMut(&[u8]) -> Result<u32>,
    ) -> Result<Vec<(u32, u32)>> {
        let keys = self
            .keys
            .iter()
            .map(|k| key_column(self.schema.field(*k).name(), batch.column(*k)))
            .collect::<Result<Vec<_>>>()?;
        let rows = batch.num_rows();
        let mut runs = Vec::new();
        let mut start = 0;
        let mut key = Vec::new();
        while start < rows {
            let end = keys.iter().fold(rows, |end, k| same_until(k, start, end));
            key.clear();
            match self.form {
                Form::Narrow => {
                    let device = keys.first().and_then(|k| k.get(start)).ok_or_else(|| {
                        let row = first_row + start as u64 + 1;
                        Error::new(
                            ErrorKind::Value,
                            "",
                            format!("row {row}: the device is null"),
                        )
                    })?;
                    put_tree_key(device, &mut key);
                }
                _ => put_table_key(&self.table, keys.iter().map(|k| k.get(start)), &mut key),
            }
            runs.push((device(&key)?, (end - start) as u32));
            start = end;
        }
        Ok(runs)
    }
}

impl Taken {
    /// Rows in runs that are long enough: as they are, or the rows of each device side by side, in their order.
    ///
    /// # Errors
    /// The strings of a column take more than a column can hold.
    pub fn try_new(
        times: ScalarBuffer<i64>,
        cells: Vec<Cells>,
        runs: Vec<(u32, u32)>,
    ) -> Result<Self> {
        let mut positions = HashMap::new();
        if runs.len() * SHORT_RUN > times.len() {
            for (device, _) in &runs {
                let next = positions.len();
                positions.entry(*device).or_insert(next);
            }
        }
        if positions.is_empty() || positions.len() == runs.len() {
            return Ok(Self {
                times,
                cells,
                rows: None,
                runs,
            });
        }
        let mut by_device: Vec<(u32, Vec<u32>)> = vec![(0, Vec::new()); positions.len()];
        let mut row = 0;
        for (device, len) in runs {
            let at = positions.get(&device).and_then(|at| by_device.get_mut(*at));
            if let Some(of_device) = at {
                of_device.0 = device;
                of_device.1.extend(row..row + len);
            }
            row += len;
        }
        let runs = by_device
            .iter()
            .map(|(device, rows)| (*device, rows.len() as u32))
            .collect();
        let rows: Vec<u32> = by_device.into_iter().flat_map(|(_, rows)| rows).collect();
        let order = UInt32Array::from(rows.clone());
        Ok(Self {
            times: take_times(&times, &order),
            cells: cells
                .iter()
                .map(|c| c.take(&order))
                .collect::<Result<_>>()?,
            rows: Some(rows),
            runs,
        })
    }
}

/// The first row from `start` to `end` that has another value than `start`, or `end`.
fn same_until(key: &ByteCells, start: usize, end: usize) -> usize {
    let different = |rows: Range<usize>| {
        let first = key.get(start);
        rows.clone().find(|r| key.get(*r) != first)
    };
    let ByteCells::Utf8(text) = key else {
        return different(start + 1..end).unwrap_or(end);
    };
    if text.null_count() > 0 {
        return different(start + 1..end).unwrap_or(end);
    }
    let (offsets, bytes) = (text.value_offsets(), text.value_data());
    let len = offsets[start + 1] - offsets[start];
    let mut at = start + 1;
    let mut piece = SHORT_RUN;
    while at < end {
        let to = end.min(at + piece);
        // Strings of one length side by side are all the same if the bytes are those of one string further on.
        let lengths = offsets[at - 1..to].iter().zip(&offsets[at..=to]);
        let even = lengths.fold(true, |even, (a, b)| even & (b - a == len));
        let all = &bytes[offsets[at - 1] as usize..offsets[to] as usize];
        if !even || all[len as usize..] != all[..all.len() - len as usize] {
            return different(at..to).unwrap_or(to);
        }
        at = to;
        piece *= 2;
    }
    end
}

fn form_of(schema: &Schema, layout: &Layout) -> Form {
    if layout.table.is_some() || layout.tags.is_some() {
        Form::Table
    } else if schema.column_with_name(&layout.device_column).is_some() {
        Form::Narrow
    } else {
        Form::Wide
    }
}

fn position(schema: &Schema, name: &str, what: &str) -> Result<usize> {
    schema.index_of(name).map_err(|_| {
        let names: Vec<_> = schema.fields().iter().map(|f| f.name().as_str()).collect();
        Error::argument(format!("there is no {what} {name}"))
            .expected(format!("one of {}", names.join(", ")))
    })
}

/// Devices and tags are text; integers and booleans stand for their usual text.
fn key_column(name: &str, array: &ArrayRef) -> Result<ByteCells> {
    let wrong = || {
        Error::argument("a device or tag column holds text")
            .measurement(name)
            .got(array.data_type())
            .hint("cast the column to Utf8")
    };
    let field = arrow_schema::Field::new(name, array.data_type().clone(), true)
        .with_metadata([(TYPE_KEY.to_string(), "STRING".to_string())].into());
    let intake = Intake::try_new(&field, Default::default(), false).map_err(|_| wrong())?;
    let text: Vec<Option<String>> = match intake.cells(array, 0)? {
        Cells::Bytes(bytes) if intake.data_type == DataType::String => {
            if matches!(
                &bytes,
                ByteCells::Utf8(_) | ByteCells::LargeUtf8(_) | ByteCells::Utf8View(_)
            ) {
                return Ok(bytes);
            }
            return Err(wrong());
        }
        Cells::I32(a) if intake.data_type == DataType::Int32 => {
            a.iter().map(|v| v.map(|v| v.to_string())).collect()
        }
        Cells::I64(a) if intake.data_type == DataType::Int64 => {
            a.iter().map(|v| v.map(|v| v.to_string())).collect()
        }
        Cells::Bool(a) => a.iter().map(|v| v.map(|v| v.to_string())).collect(),
        _ => return Err(wrong()),
    };
    Ok(ByteCells::Utf8(text.into()))
}

/// Rows in which at least one of these columns has a value; `None` when all have.
pub fn rows_with_values<'a>(cells: impl Iterator<Item = &'a Cells>) -> Option<BooleanBuffer> {
    let mut any: Option<BooleanBuffer> = None;
    for c in cells {
        let nulls = c.nulls()?;
        let bits = nulls.inner();
        any = Some(match any {
            None => bits.clone(),
            Some(other) => &other | bits,
        });
    }
    any.filter(|bits| bits.count_set_bits() < bits.len())
}

/// These rows of a batch of times.
pub fn take_times(times: &ScalarBuffer<i64>, rows: &UInt32Array) -> ScalarBuffer<i64> {
    rows.values().iter().map(|r| times[*r as usize]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use arrow_array::StringArray;

    #[test]
    fn runs_end_where_a_value_differs() {
        let plain = |key: &ByteCells, start: usize, end: usize| {
            let mut at = start + 1;
            while at < end && key.get(at) == key.get(start) {
                at += 1;
            }
            at
        };
        for lengths in [
            &[1usize, 2, 15, 16, 17, 31, 32, 33, 100, 3][..],
            &[1000],
            &[64, 64],
        ] {
            for names in [
                &["ab", "cd"][..],
                &["a", "aa", "aaa"],
                &["", "x"],
                &["abab", "ab", "abab"],
            ] {
                for null in [None, Some(1), Some(40)] {
                    let values: Vec<Option<&str>> = lengths
                        .iter()
                        .zip(names.iter().cycle())
                        .flat_map(|(n, name)| std::iter::repeat_n(Some(*name), *n))
                        .enumerate()
                        .map(|(i, v)| v.filter(|_| Some(i) != null))
                        .collect();
                    let array =
                        StringArray::from(values).slice(1, lengths.iter().sum::<usize>() - 1);
                    let end = array.len();
                    let key = ByteCells::Utf8(array);
                    for start in 0..end {
                        assert_eq!(same_until(&key, start, end), plain(&key, start, end));
                    }
                }
            }
        }
    }
}
