//! The columns of the table form: what the schemas declare, and what the devices hold besides, as slots of a batch.

use super::columns::{Slot, ValueColumn, unknown_column, wanted};
use super::devices::FileDevices;
use super::request::ScanRequest;
use crate::infer::table::{TableFacts, gather, unite};
use crate::model::{DataType, Form};
use crate::read::TsFileReader;
use crate::read::each::try_map;
use crate::{Error, Result};
use std::collections::HashMap;

/// The columns of a table, declared and found.
pub(super) struct TableColumns {
    pub(super) values: Vec<ValueColumn>,
    pub(super) slots: Vec<Slot>,
    pub(super) tags: Vec<(String, DataType)>,
    pub(super) time_name: Option<String>,
}

/// Decides the columns of `table` over `readers`.
pub(super) fn of_table(
    readers: &[TsFileReader],
    devices: &[FileDevices],
    table: &str,
    request: &ScanRequest,
    threads: usize,
) -> Result<TableColumns> {
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
    let files: Vec<_> = readers.iter().zip(devices).collect();
    let facts: Vec<Option<TableFacts<'_>>> = try_map(&files, threads, |(reader, devices)| {
        gather(reader, table, &devices.positions)
    })?;
    let facts: Vec<TableFacts<'_>> = facts.into_iter().flatten().collect();
    if facts.is_empty() {
        let known: Vec<String> = readers
            .iter()
            .flat_map(TsFileReader::tables)
            .map(|t| t.name.clone())
            .collect();
        return Err(unknown_column("table", table, &known));
    }
    let wanted = wanted(request);
    let named_time = request.time_column.is_some();
    let rules = request.schema_rules(Form::Table);
    let found = unite(&facts, wanted.as_ref(), named_time, rules)?;
    let (tags, time_name) = (found.tags, found.time_name);
    let values: Vec<ValueColumn> = found
        .fields
        .into_iter()
        .map(|f| ValueColumn {
            measurement_bytes: f.name.len(),
            name: f.name,
            data_type: f.data_type,
            storage: f.storage,
        })
        .collect();
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
    let slot_of: HashMap<&str, usize> = values
        .iter()
        .enumerate()
        .map(|(i, v)| (v.name.as_str(), i))
        .collect();
    let mut slots = Vec::new();
    let mut picked: Vec<ValueColumn> = Vec::new();
    for name in wanted {
        if let Some(i) = tags.iter().position(|t| t.0 == *name) {
            slots.push(Slot::Tag(i));
        } else if let Some(v) = slot_of.get(name.as_str()).and_then(|&i| values.get(i)) {
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
