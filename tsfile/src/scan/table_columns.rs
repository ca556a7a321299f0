//! The columns of the table form: what the schema declares, and what the devices hold besides.

use super::columns::{Said, Slot, ValueColumn, each_series, unknown_column};
use super::devices::FileDevices;
use super::request::ScanRequest;
use crate::arrow::widen;
use crate::model::{ColumnCategory, DataType};
use crate::read::TsFileReader;
use crate::{Error, ErrorKind, Result};
use std::collections::{BTreeMap, HashMap, HashSet};

/// The columns of a table, declared and found.
pub(super) struct TableColumns {
    pub(super) values: Vec<ValueColumn>,
    pub(super) slots: Vec<Slot>,
    pub(super) tags: Vec<(String, DataType)>,
    pub(super) time_name: Option<String>,
}

/// Decides the columns of `table` over `readers`, whose schemas of it must agree.
pub(super) fn of_table(
    readers: &[TsFileReader],
    devices: &[FileDevices],
    table: &str,
    request: &ScanRequest,
) -> Result<TableColumns> {
    let mut first: Option<(&TsFileReader, &crate::model::TableSchema)> = None;
    for reader in readers {
        let Some(schema) = reader.table(table) else {
            continue;
        };
        match first {
            None => first = Some((reader, schema)),
            Some((other, known)) => {
                let facts =
                    |s: &crate::model::TableSchema| -> Vec<(String, DataType, ColumnCategory)> {
                        s.columns
                            .iter()
                            .map(|c| {
                                (
                                    c.measurement.name.clone(),
                                    c.measurement.data_type,
                                    c.category,
                                )
                            })
                            .collect()
                    };
                let (a, b) = (facts(known), facts(schema));
                if a != b {
                    let differs = a
                        .iter()
                        .find(|c| !b.contains(c))
                        .or_else(|| b.iter().find(|c| !a.contains(c)));
                    let what = differs.map_or("the order of columns".to_string(), |c| {
                        format!("column \"{}\"", c.0)
                    });
                    return Err(Error::new(
                        ErrorKind::Schema,
                        "table schema",
                        format!(
                            "table \"{table}\" differs from that in {}: {what}",
                            other.name()
                        ),
                    )
                    .in_file(reader.name())
                    .hint("convert the files one by one"));
                }
            }
        }
    }
    for reader in readers {
        let mut unknown = reader.metadata().unknown_schemas.iter();
        if let Some((name, why)) = unknown.find(|t| t.0 == table) {
            let e = Error::unsupported(
                "table schema",
                format!("table \"{name}\" cannot be read: {why}"),
            );
            return Err(e.in_file(reader.name()));
        }
    }
    let Some((_, schema)) = first else {
        let known: Vec<String> = readers
            .iter()
            .flat_map(TsFileReader::tables)
            .map(|t| t.name.clone())
            .collect();
        return Err(unknown_column("table", table, &known));
    };
    let tags: Vec<(String, DataType)> = schema
        .columns_of(ColumnCategory::Tag)
        .map(|c| (c.measurement.name.clone(), c.measurement.data_type))
        .collect();
    let mut values: Vec<ValueColumn> = schema
        .columns_of(ColumnCategory::Field)
        .map(|c| ValueColumn {
            name: c.measurement.name.clone(),
            measurement_bytes: c.measurement.name.len(),
            data_type: c.measurement.data_type,
            facts: [
                (
                    "tsfile.encoding".to_string(),
                    c.measurement.encoding.name().to_string(),
                ),
                (
                    "tsfile.compression".to_string(),
                    c.measurement.compression.name().to_string(),
                ),
            ]
            .into(),
        })
        .collect();
    // What the schema does not declare is not lost either; a series named like a tag is a filler of Java's.
    let mut extra: BTreeMap<String, DataType> = BTreeMap::new();
    let mut slot_of: HashMap<String, usize> = values
        .iter()
        .enumerate()
        .map(|(i, v)| (v.name.clone(), i))
        .collect();
    let tag_names: HashSet<&str> = tags.iter().map(|t| t.0.as_str()).collect();
    each_series(readers, devices, |_, _, device, k| {
        let series = device.series(k)?;
        if tag_names.contains(series.measurement) {
            return Ok(Said::All);
        }
        let data_type = series
            .data_type()
            .map_err(|e| e.device(device.id().path()))?;
        if let Some(v) = slot_of
            .get(series.measurement)
            .and_then(|&i| values.get_mut(i))
        {
            // A filler without a point says nothing about the type; anything else must widen.
            if v.data_type != data_type {
                match widen(v.data_type, data_type) {
                    Some(wider) => v.data_type = wider,
                    None if device.timeseries(k)?.statistics.count == 0 => return Ok(Said::Own),
                    None => {
                        return Err(Error::new(
                            ErrorKind::Schema,
                            "table schema",
                            format!(
                                "column \"{}\" is declared {} and stored as {}",
                                v.name, v.data_type, data_type
                            ),
                        )
                        .device(device.id().path()));
                    }
                }
            }
        } else {
            // The first type stands; one that it does not hold is an error of the chunk.
            let known = extra
                .entry(series.measurement.to_string())
                .or_insert(data_type);
            *known = widen(*known, data_type).unwrap_or(*known);
        }
        Ok(Said::All)
    })?;
    for (name, data_type) in extra {
        slot_of.insert(name.clone(), values.len());
        values.push(ValueColumn {
            measurement_bytes: name.len(),
            name,
            data_type,
            facts: HashMap::new(),
        });
    }
    let time_name = schema
        .columns_of(ColumnCategory::Time)
        .next()
        .map(|c| c.measurement.name.clone());
    let Some(wanted) = &request.columns else {
        let slots = (0..tags.len())
            .map(Slot::Tag)
            .chain((0..values.len()).map(Slot::Value))
            .collect();
        return Ok(TableColumns {
            values,
            slots,
            tags,
            time_name,
        });
    };
    let mut slots = Vec::new();
    let mut picked: Vec<ValueColumn> = Vec::new();
    for name in wanted {
        if let Some(i) = tags.iter().position(|t| t.0 == *name) {
            slots.push(Slot::Tag(i));
        } else if let Some(v) = slot_of.get(name).and_then(|&i| values.get(i)) {
            slots.push(Slot::Value(picked.len()));
            picked.push(v.clone());
        } else {
            let known: Vec<String> = tags
                .iter()
                .map(|t| t.0.clone())
                .chain(values.iter().map(|v| v.name.clone()))
                .collect();
            return Err(unknown_column("column", name, &known));
        }
    }
    Ok(TableColumns {
        values: picked,
        slots,
        tags,
        time_name,
    })
}
