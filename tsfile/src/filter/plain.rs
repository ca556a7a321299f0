//! Expressions evaluated as they are written, row by row and with three truth values: slow, and plain enough to see that it is right.
//! What the rewriting and its fast paths give is compared with this.

use super::like::Pattern;
use super::literal::{ValueSet, values};
use super::normalize::{check_depth, find_column};
use super::order::float_key;
use super::predicate::{Column, Kind};
use super::{CompareOp, Expr};
use crate::error::{Error, Result};
use arrow_array::cast::AsArray;
use arrow_array::types::{
    Date32Type, Float32Type, Float64Type, Int32Type, Int64Type, TimestampMicrosecondType,
    TimestampMillisecondType, TimestampNanosecondType, TimestampSecondType,
};
use arrow_array::{Array, BooleanArray, RecordBatch};
use arrow_schema::{DataType, TimeUnit};

impl Expr {
    /// What the expression is for each row: true, false or null. `columns` says what the columns of the batch are, by their names.
    ///
    /// # Errors
    ///
    /// When a name is that of no column, when a column cannot be compared with a literal, and when the expression is nested too deep.
    pub fn evaluate(&self, batch: &RecordBatch, columns: &[Column]) -> Result<BooleanArray> {
        truth(self, batch, columns, 0).map(BooleanArray::from)
    }
}

/// A value of a row.
enum Cell<'a> {
    Null,
    Number(i64),
    Bytes(&'a [u8]),
}

type Truth = Option<bool>;

fn truth(expr: &Expr, batch: &RecordBatch, columns: &[Column], depth: usize) -> Result<Vec<Truth>> {
    check_depth(depth)?;
    let rows = batch.num_rows();
    match expr {
        Expr::Constant(value) => Ok(vec![*value; rows]),
        Expr::Compare { column, op, value } => {
            let (column, cells) = find(column, batch, columns)?;
            let set = values(*op, value, column)?;
            let each = cells.iter().map(|cell| match (cell, &set, op) {
                (Cell::Null, None, CompareOp::IsNotDistinct) => Some(true),
                (Cell::Null, _, CompareOp::IsNotDistinct) => Some(false),
                (_, None, CompareOp::IsNotDistinct) => Some(false),
                (Cell::Null, _, _) | (_, None, _) => None,
                (cell, Some(set), _) => Some(holds(set, cell)),
            });
            Ok(each.collect())
        }
        Expr::In { column, list } => {
            let (column, cells) = find(column, batch, columns)?;
            let sets = list
                .iter()
                .map(|value| values(CompareOp::Eq, value, column));
            let sets = sets.collect::<Result<Vec<_>>>()?;
            let each = cells.iter().map(|cell| {
                if matches!(cell, Cell::Null) {
                    return None;
                }
                let mut found = Some(false);
                for set in &sets {
                    found = or(found, set.as_ref().map(|set| holds(set, cell)));
                }
                found
            });
            Ok(each.collect())
        }
        Expr::IsNull { column } => {
            let (_, cells) = find(column, batch, columns)?;
            let each = cells.iter().map(|cell| Some(matches!(cell, Cell::Null)));
            Ok(each.collect())
        }
        Expr::Like {
            column,
            pattern,
            escape,
        } => {
            let pattern = Pattern::new(pattern, *escape)?;
            let (column, cells) = find(column, batch, columns)?;
            if column.kind != Kind::Text {
                let message = format!("LIKE is for text, and '{}' is not", column.name);
                return Err(Error::argument(message));
            }
            let each = cells.iter().map(|cell| match cell {
                Cell::Bytes(text) => Some(pattern.matches(&String::from_utf8_lossy(text))),
                Cell::Null | Cell::Number(_) => None,
            });
            Ok(each.collect())
        }
        Expr::Not(inner) => {
            let inner = truth(inner, batch, columns, depth + 1)?;
            Ok(inner.into_iter().map(|value| value.map(|v| !v)).collect())
        }
        Expr::And(parts) => {
            let mut all = vec![Some(true); rows];
            for part in parts {
                let part = truth(part, batch, columns, depth + 1)?;
                all = all.into_iter().zip(part).map(|(a, b)| and(a, b)).collect();
            }
            Ok(all)
        }
        Expr::Or(parts) => {
            let mut any = vec![Some(false); rows];
            for part in parts {
                let part = truth(part, batch, columns, depth + 1)?;
                any = any.into_iter().zip(part).map(|(a, b)| or(a, b)).collect();
            }
            Ok(any)
        }
    }
}

fn and(a: Truth, b: Truth) -> Truth {
    match (a, b) {
        (Some(false), _) | (_, Some(false)) => Some(false),
        (Some(true), Some(true)) => Some(true),
        _ => None,
    }
}

fn or(a: Truth, b: Truth) -> Truth {
    match (a, b) {
        (Some(true), _) | (_, Some(true)) => Some(true),
        (Some(false), Some(false)) => Some(false),
        _ => None,
    }
}

fn holds(set: &ValueSet, cell: &Cell<'_>) -> bool {
    match (set, cell) {
        (ValueSet::Numbers(set), Cell::Number(n)) => set.contains(n),
        (ValueSet::Bytes(set), Cell::Bytes(bytes)) => set.contains(*bytes),
        _ => false,
    }
}

/// A column of the batch, and its values.
fn find<'a>(
    name: &str,
    batch: &'a RecordBatch,
    columns: &'a [Column],
) -> Result<(&'a Column, Vec<Cell<'a>>)> {
    let column = &columns[find_column(name, columns)?];
    let array = batch
        .column_by_name(&column.name)
        .ok_or_else(|| Error::argument(format!("the batch has no column '{}'", column.name)))?;
    let cells = (0..array.len()).map(|row| cell(array.as_ref(), row));
    let cells = cells.collect::<Option<Vec<_>>>().ok_or_else(|| {
        let message = format!(
            "the column '{}' has no type that can be compared",
            column.name
        );
        Error::argument(message).got(array.data_type())
    })?;
    Ok((column, cells))
}

fn cell(array: &dyn Array, row: usize) -> Option<Cell<'_>> {
    if array.is_null(row) {
        return Some(Cell::Null);
    }
    Some(match array.data_type() {
        DataType::Utf8 => Cell::Bytes(array.as_string::<i32>().value(row).as_bytes()),
        DataType::Binary => Cell::Bytes(array.as_binary::<i32>().value(row)),
        DataType::Boolean => Cell::Number(array.as_boolean().value(row).into()),
        DataType::Int32 => Cell::Number(array.as_primitive::<Int32Type>().value(row).into()),
        DataType::Int64 => Cell::Number(array.as_primitive::<Int64Type>().value(row)),
        DataType::Date32 => Cell::Number(array.as_primitive::<Date32Type>().value(row).into()),
        DataType::Float32 => {
            let value = array.as_primitive::<Float32Type>().value(row);
            Cell::Number(float_key(value.into()))
        }
        DataType::Float64 => {
            Cell::Number(float_key(array.as_primitive::<Float64Type>().value(row)))
        }
        DataType::Timestamp(unit, _) => Cell::Number(match unit {
            TimeUnit::Second => array.as_primitive::<TimestampSecondType>().value(row),
            TimeUnit::Millisecond => array.as_primitive::<TimestampMillisecondType>().value(row),
            TimeUnit::Microsecond => array.as_primitive::<TimestampMicrosecondType>().value(row),
            TimeUnit::Nanosecond => array.as_primitive::<TimestampNanosecondType>().value(row),
        }),
        _ => return None,
    })
}
