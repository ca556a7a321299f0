//! What a scan brought: values that are there and, when asked for, what they add up to.

use arrow_array::cast::AsArray;
use arrow_array::types::{Float32Type, Float64Type, Int32Type, Int64Type};
use arrow_array::{Array, RecordBatch};
use arrow_schema::DataType;
use serde_json::{Map, Value, json};
use std::error::Error;

/// Times are summed from here on, so that the sum of many fits into 64 bits.
const EPOCH: i64 = 1_700_000_000_000;

/// Exact for integers, in the order of the file for floats.
#[derive(Debug, Clone, Copy)]
enum Sum {
    Int(i64),
    Float(f64),
}

/// One column: of BOOLEAN the true values are summed, of STRING the bytes.
#[derive(Debug)]
struct ColumnSum {
    name: String,
    count: usize,
    sum: Option<Sum>,
}

impl ColumnSum {
    fn put(&mut self, more: Sum) -> Result<(), Box<dyn Error>> {
        self.sum = Some(match (self.sum, more) {
            (None, more) => more,
            (Some(Sum::Int(a)), Sum::Int(b)) => Sum::Int(a + b),
            (Some(Sum::Float(a)), Sum::Float(b)) => Sum::Float(a + b),
            _ => return Err("a column changes its type".into()),
        });
        Ok(())
    }
}

/// All columns of a scan.
#[derive(Debug)]
pub struct Sums {
    columns: Vec<ColumnSum>,
    with_sums: bool,
    rows: usize,
    batches: usize,
}

impl Sums {
    /// Counts values, and sums them up if `with_sums`, which takes time.
    pub fn new(with_sums: bool) -> Self {
        Self {
            columns: Vec::new(),
            with_sums,
            rows: 0,
            batches: 0,
        }
    }

    /// Takes note of one batch. The first column is the time.
    pub fn add(&mut self, batch: &RecordBatch) -> Result<(), Box<dyn Error>> {
        if self.columns.is_empty() {
            let schema = batch.schema();
            self.columns = schema
                .fields()
                .iter()
                .map(|f| ColumnSum {
                    name: f.name().clone(),
                    count: 0,
                    sum: None,
                })
                .collect();
        }
        self.rows += batch.num_rows();
        self.batches += 1;
        for (position, (column, array)) in self.columns.iter_mut().zip(batch.columns()).enumerate()
        {
            column.count += array.len() - array.null_count();
            if self.with_sums {
                let base = if position == 0 { EPOCH } else { 0 };
                let more = sum(array, base)?;
                column.put(more)?;
            }
        }
        Ok(())
    }

    /// Takes note of one value of column `name`; `None` is a value that is not there.
    pub fn value(
        &mut self,
        name: &str,
        value: Option<&tsfile::model::Value>,
    ) -> Result<(), Box<dyn Error>> {
        let position = match self.columns.iter().position(|c| c.name == name) {
            Some(position) => position,
            None => {
                self.columns.push(ColumnSum {
                    name: name.into(),
                    count: 0,
                    sum: None,
                });
                self.columns.len() - 1
            }
        };
        let (Some(column), Some(value)) = (self.columns.get_mut(position), value) else {
            return Ok(());
        };
        column.count += 1;
        column.put(number(value))
    }

    /// Rows, batches and columns. Columns of the wide form, which are named by path, are put together by measurement.
    pub fn json(&self) -> Value {
        let mut columns: Map<String, Value> = Map::new();
        for c in &self.columns {
            let name = c.name.rsplit('.').next().unwrap_or(&c.name);
            let entry = columns.entry(name).or_insert_with(|| json!({"count": 0}));
            entry["count"] = json!(entry["count"].as_u64().unwrap_or(0) + c.count as u64);
            entry["sum"] = match (entry.get("sum"), c.sum) {
                (_, None) => continue,
                (None, Some(Sum::Int(b))) => json!(b),
                (None, Some(Sum::Float(b))) => json!(b),
                (Some(a), Some(Sum::Int(b))) => json!(a.as_i64().unwrap_or(0) + b),
                (Some(a), Some(Sum::Float(b))) => json!(a.as_f64().unwrap_or(0.0) + b),
            };
        }
        json!({"rows": self.rows, "batches": self.batches, "columns": columns})
    }
}

/// What a value adds to the sum of its column.
fn number(value: &tsfile::model::Value) -> Sum {
    use tsfile::model::Value;
    match value {
        Value::Boolean(v) => Sum::Int(i64::from(*v)),
        Value::Int32(v) => Sum::Int(i64::from(*v)),
        Value::Int64(v) => Sum::Int(*v),
        Value::Float(v) => Sum::Float(f64::from(*v)),
        Value::Double(v) => Sum::Float(*v),
        Value::Bytes(v) => Sum::Int(v.len() as i64),
    }
}

/// The sum of what is there, each value less `base` if it is an INT64.
fn sum(array: &dyn Array, base: i64) -> Result<Sum, Box<dyn Error>> {
    Ok(match array.data_type() {
        DataType::Boolean => Sum::Int(array.as_boolean().true_count() as i64),
        DataType::Int32 => Sum::Int(
            array
                .as_primitive::<Int32Type>()
                .iter()
                .flatten()
                .map(i64::from)
                .sum(),
        ),
        DataType::Int64 => Sum::Int(
            array
                .as_primitive::<Int64Type>()
                .iter()
                .flatten()
                .map(|v| v - base)
                .sum(),
        ),
        DataType::Float32 => Sum::Float(
            array
                .as_primitive::<Float32Type>()
                .iter()
                .flatten()
                .map(f64::from)
                .sum(),
        ),
        DataType::Float64 => Sum::Float(array.as_primitive::<Float64Type>().iter().flatten().sum()),
        DataType::Utf8 => Sum::Int(
            array
                .as_string::<i32>()
                .iter()
                .flatten()
                .map(|v| v.len() as i64)
                .sum(),
        ),
        other => return Err(format!("no sum of {other}").into()),
    })
}
