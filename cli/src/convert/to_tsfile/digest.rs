//! What rows amount to, column by column, whatever their order: to see that a file gives back what was put into it.

use std::collections::BTreeMap;
use std::hash::{BuildHasher as _, Hash as _, Hasher as _, RandomState};

use arrow_array::{Array as _, RecordBatch};
use tsfile::arrow::{Cells, Intake, TimeUnit, times};

use crate::exit::{Failure, Outcome};

/// Digests of the columns of some rows.
#[derive(Debug, Clone)]
pub struct Digest {
    hasher: RandomState,
    unit: TimeUnit,
    lossy: bool,
    columns: BTreeMap<String, Column>,
    rows: Column,
}

/// The values of a column: how many, and a sum of hashes of (keys, time, value), which no order changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
struct Column {
    values: u64,
    sum: u64,
}

impl Column {
    fn add(&mut self, hash: u64) {
        self.values += 1;
        self.sum = self.sum.wrapping_add(hash);
    }
}

/// What the columns of a batch are for.
#[derive(Debug, Clone)]
pub struct Keys {
    /// Name of the time column.
    pub time: String,
    /// Columns that say which device a row belongs to.
    pub device: Vec<String>,
    /// Whether names are in lower case in the file.
    pub lower_case: bool,
    /// What to put before all names: several tables can have columns of the same name.
    pub prefix: String,
    /// Whether a row exists without a value in it.
    pub count_rows: bool,
}

impl Digest {
    /// Of no rows; times in the file are in `unit`.
    pub fn new(unit: TimeUnit, lossy: bool) -> Self {
        Self {
            hasher: RandomState::new(),
            unit,
            lossy,
            columns: BTreeMap::new(),
            rows: Column::default(),
        }
    }

    /// As empty as new, to be compared with this one.
    pub fn fresh(&self) -> Self {
        Self {
            columns: BTreeMap::new(),
            rows: Column::default(),
            ..self.clone()
        }
    }

    /// Adds rows.
    ///
    /// # Errors
    /// When a value has no counterpart in a TsFile.
    pub fn add(&mut self, batch: &RecordBatch, keys: &Keys) -> Outcome {
        let schema = batch.schema();
        let at = schema
            .index_of(&keys.time)
            .map_err(|e| Failure::output(e.to_string()))?;
        let times = times(schema.field(at), batch.column(at), self.unit, self.lossy, 0)?;
        // What every hash of a row begins with.
        let mut heads: Vec<u64> = Vec::with_capacity(batch.num_rows());
        let device = keys
            .device
            .iter()
            .filter_map(|name| schema.index_of(name).ok())
            .map(|i| {
                let text = arrow_cast::cast(batch.column(i), &arrow_schema::DataType::Utf8);
                text.map_err(|e| Failure::output(e.to_string()))
            })
            .collect::<Outcome<Vec<_>>>()?;
        for (row, time) in times.values().iter().enumerate() {
            let mut hasher = self.hasher.build_hasher();
            time.hash(&mut hasher);
            for column in &device {
                use arrow_array::cast::AsArray as _;
                let text = column.as_string::<i32>();
                text.is_valid(row)
                    .then(|| text.value(row))
                    .hash(&mut hasher);
            }
            heads.push(hasher.finish());
        }
        for head in heads.iter().filter(|_| keys.count_rows) {
            self.rows.add(*head);
        }
        for (i, field) in schema.fields().iter().enumerate() {
            if i == at || keys.device.contains(field.name()) {
                continue;
            }
            let intake = Intake::try_new(field, self.unit, self.lossy)?;
            let cells = intake.cells(batch.column(i), 0)?;
            let name = if keys.lower_case {
                field.name().to_lowercase()
            } else {
                field.name().clone()
            };
            let mut column = Column::default();
            for (row, head) in heads.iter().enumerate() {
                if cells.array().is_valid(row) {
                    let mut hasher = self.hasher.build_hasher();
                    head.hash(&mut hasher);
                    hash_value(&cells, row, &mut hasher);
                    column.add(hasher.finish());
                }
            }
            if column.values > 0 {
                let all = self
                    .columns
                    .entry(format!("{}{name}", keys.prefix))
                    .or_default();
                all.values += column.values;
                all.sum = all.sum.wrapping_add(column.sum);
            }
        }
        Ok(())
    }

    /// The first column in which the two differ, in words.
    pub fn difference(&self, other: &Self) -> Option<String> {
        let none = Column::default();
        let names = self.columns.keys().chain(other.columns.keys());
        for name in names {
            let a = self.columns.get(name).unwrap_or(&none);
            let b = other.columns.get(name).unwrap_or(&none);
            if a.values != b.values {
                return Some(format!(
                    "column {name}: {} values went in, {} came back",
                    a.values, b.values
                ));
            }
            if a.sum != b.sum {
                return Some(format!(
                    "column {name}: another value came back than went in"
                ));
            }
        }
        (self.rows != other.rows).then(|| {
            format!(
                "{} rows went in, {} came back, or with other times or devices",
                self.rows.values, other.rows.values
            )
        })
    }
}

fn hash_value(cells: &Cells, row: usize, hasher: &mut impl std::hash::Hasher) {
    match cells {
        Cells::Bool(a) => a.value(row).hash(hasher),
        Cells::I32(a) => a.value(row).hash(hasher),
        Cells::I64(a) => a.value(row).hash(hasher),
        Cells::F32(a) => a.value(row).to_bits().hash(hasher),
        Cells::F64(a) => a.value(row).to_bits().hash(hasher),
        Cells::Bytes(a) => a.value(row).hash(hasher),
    }
}

#[cfg(test)]
mod tests {
    use arrow_array::record_batch;

    use super::*;

    fn keys() -> Keys {
        Keys {
            time: "time".to_owned(),
            device: vec!["d".to_owned()],
            lower_case: true,
            prefix: String::new(),
            count_rows: true,
        }
    }

    #[test]
    fn order_does_not_matter_and_everything_else_does() {
        let a = record_batch!(
            ("time", Int64, [1, 2, 3]),
            ("d", Utf8, [Some("x"), Some("y"), None]),
            ("V", Float64, [Some(0.0), None, Some(f64::NAN)])
        )
        .unwrap();
        let b = record_batch!(
            ("time", Int64, [3, 1, 2]),
            ("d", Utf8, [None, Some("x"), Some("y")]),
            ("v", Float64, [Some(f64::NAN), Some(0.0), None])
        )
        .unwrap();
        let mut one = Digest::new(TimeUnit::Ms, false);
        one.add(&a, &keys()).unwrap();
        let mut two = one.fresh();
        two.add(&b.slice(0, 1), &keys()).unwrap();
        two.add(&b.slice(1, 2), &keys()).unwrap();
        assert_eq!(one.difference(&two), None);
        for (changed, said) in [
            (
                record_batch!(
                    ("time", Int64, [1, 2, 3]),
                    ("d", Utf8, [Some("x"), Some("y"), None]),
                    ("v", Float64, [Some(-0.0), None, Some(f64::NAN)])
                ),
                "column v: another value",
            ),
            (
                record_batch!(
                    ("time", Int64, [1, 2, 3]),
                    ("d", Utf8, [Some("y"), Some("y"), None]),
                    ("v", Float64, [Some(0.0), None, Some(f64::NAN)])
                ),
                "column v: another value",
            ),
            (
                record_batch!(
                    ("time", Int64, [1, 2, 3]),
                    ("d", Utf8, [Some("x"), Some("y"), None]),
                    ("v", Float64, [Some(0.0), None, None])
                ),
                "column v: 2 values went in, 1 came back",
            ),
            (
                record_batch!(
                    ("time", Int64, [1, 3]),
                    ("d", Utf8, [Some("x"), None]),
                    ("v", Float64, [Some(0.0), Some(f64::NAN)])
                ),
                "3 rows went in, 2 came back",
            ),
        ] {
            let mut three = one.fresh();
            three.add(&changed.unwrap(), &keys()).unwrap();
            let found = one.difference(&three).unwrap();
            assert!(found.starts_with(said), "{found}");
        }
    }
}
