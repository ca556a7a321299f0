//! A data set as raw columns in a folder, as record batches; ../python/dump.py says how they lie there.

use crate::AnyResult;
use arrow_array::{
    ArrayRef, BooleanArray, PrimitiveArray, RecordBatch, StringArray, types::ArrowPrimitiveType,
    types::Float32Type, types::Float64Type, types::Int32Type, types::Int64Type,
};
use arrow_buffer::{BooleanBuffer, NullBuffer, ScalarBuffer};
use arrow_schema::{DataType, Field, Schema, SchemaRef};
use std::fs::{File, read_to_string};
use std::ops::Range;
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::sync::Arc;

/// A data set that is there.
#[derive(Debug)]
pub struct Dump {
    /// Name of the table.
    pub table: String,
    /// Name of the tag.
    pub tag: String,
    /// Columns of the batches: time, tag, fields.
    pub schema: SchemaRef,
    devices: Vec<String>,
    rows_per_device: usize,
    times: File,
    columns: Vec<Column>,
}

#[derive(Debug)]
struct Column {
    name: String,
    data_type: DataType,
    words: Vec<String>,
    values: File,
    valid: Option<File>,
}

impl Dump {
    /// Looks at what there is.
    pub fn open(folder: &Path) -> AnyResult<Self> {
        let shape = read_to_string(folder.join("shape.txt"))?;
        let (mut table, mut tag, mut rows_per_device) = (String::new(), String::new(), 0);
        let mut columns: Vec<Column> = Vec::new();
        for line in shape.lines() {
            let words: Vec<&str> = line.split_whitespace().collect();
            match words.as_slice() {
                ["table", name] => table = (*name).into(),
                ["tag", name] => tag = (*name).into(),
                ["rows_per_device", n] => rows_per_device = n.parse()?,
                ["column", name, data_type] => columns.push(Column {
                    name: (*name).into(),
                    data_type: arrow_type(data_type)?,
                    words: Vec::new(),
                    values: File::open(folder.join(format!("{name}.bin")))?,
                    valid: File::open(folder.join(format!("{name}.valid"))).ok(),
                }),
                ["word", _, word] => {
                    let last = columns.last_mut().ok_or("a word without a column")?;
                    last.words.push((*word).into());
                }
                _ => return Err(format!("unknown line {line}").into()),
            }
        }
        let mut fields = vec![
            Field::new("time", DataType::Int64, false),
            Field::new(&tag, DataType::Utf8, true),
        ];
        fields.extend(
            columns
                .iter()
                .map(|c| Field::new(&c.name, c.data_type.clone(), true)),
        );
        Ok(Self {
            table,
            tag,
            schema: Arc::new(Schema::new(fields)),
            devices: read_to_string(folder.join("devices.txt"))?
                .lines()
                .map(Into::into)
                .collect(),
            rows_per_device,
            times: File::open(folder.join("time.bin"))?,
            columns,
        })
    }

    /// All rows, in batches of at most `rows`.
    pub fn batches(&self, rows: usize) -> impl Iterator<Item = AnyResult<RecordBatch>> + '_ {
        let all = self.devices.len() * self.rows_per_device;
        (0..all)
            .step_by(rows)
            .map(move |start| self.batch(start..all.min(start + rows)))
    }

    fn batch(&self, rows: Range<usize>) -> AnyResult<RecordBatch> {
        let tags: StringArray = rows
            .clone()
            .map(|row| self.devices.get(row / self.rows_per_device))
            .collect();
        let times: PrimitiveArray<Int64Type> = primitives(&self.times, &rows, None)?;
        let mut arrays: Vec<ArrayRef> = vec![Arc::new(times), Arc::new(tags)];
        for c in &self.columns {
            let valid = match &c.valid {
                Some(file) => {
                    let there = bytes(file, &rows, 1)?;
                    Some(NullBuffer::from_iter(there.iter().map(|b| *b != 0)))
                }
                None => None,
            };
            let values = &c.values;
            arrays.push(match c.data_type {
                DataType::Int32 => Arc::new(primitives::<Int32Type>(values, &rows, valid)?),
                DataType::Int64 => Arc::new(primitives::<Int64Type>(values, &rows, valid)?),
                DataType::Float32 => Arc::new(primitives::<Float32Type>(values, &rows, valid)?),
                DataType::Float64 => Arc::new(primitives::<Float64Type>(values, &rows, valid)?),
                DataType::Boolean => {
                    let bits = bytes(values, &rows, 1)?.iter().map(|b| *b != 0).collect();
                    Arc::new(BooleanArray::new(
                        BooleanBuffer::new(bits, 0, rows.len()),
                        valid,
                    ))
                }
                _ => {
                    let codes = bytes(values, &rows, 1)?;
                    let words = codes.iter().enumerate().map(|(i, code)| {
                        let there = valid.as_ref().is_none_or(|v| v.is_valid(i));
                        there.then(|| c.words.get(usize::from(*code))).flatten()
                    });
                    Arc::new(words.collect::<StringArray>())
                }
            });
        }
        Ok(RecordBatch::try_new(Arc::clone(&self.schema), arrays)?)
    }
}

fn arrow_type(name: &str) -> AnyResult<DataType> {
    Ok(match name {
        "BOOLEAN" => DataType::Boolean,
        "INT32" => DataType::Int32,
        "INT64" => DataType::Int64,
        "FLOAT" => DataType::Float32,
        "DOUBLE" => DataType::Float64,
        "STRING" => DataType::Utf8,
        _ => return Err(format!("unknown type {name}").into()),
    })
}

fn bytes(file: &File, rows: &Range<usize>, width: usize) -> AnyResult<Vec<u8>> {
    let mut bytes = vec![0; rows.len() * width];
    file.read_exact_at(&mut bytes, (rows.start * width) as u64)?;
    Ok(bytes)
}

/// Values as they lie in the file, which is little-endian like every machine that this runs on.
fn primitives<T: ArrowPrimitiveType>(
    file: &File,
    rows: &Range<usize>,
    valid: Option<NullBuffer>,
) -> AnyResult<PrimitiveArray<T>> {
    let bytes = bytes(file, rows, size_of::<T::Native>())?;
    let values = ScalarBuffer::new(bytes.into(), 0, rows.len());
    Ok(PrimitiveArray::try_new(values, valid)?)
}
