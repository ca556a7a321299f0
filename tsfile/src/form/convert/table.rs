//! Between table and narrow rows: tag columns as a device name and back.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use arrow_array::{RecordBatch, StringArray};
use arrow_schema::{DataType, Field, FieldRef, SchemaRef};

use super::columns::{Input, TextColumn, list, result_field, result_schema};
use super::rows::{Devices, Row, emit};
use super::{BATCH_ROWS, Names};
use crate::model::{DeviceId, split_path};
use crate::{Error, ErrorKind, Result};

/// Table names that an error lists.
const LISTED_TABLES: usize = 3;

/// How a device name writes a null tag that has tags after it.
const NULL_TAG: &str = "null";

/// Rows of one table and its name, which the rows do not hold.
#[derive(Debug, Clone, PartialEq)]
pub struct TableBatches {
    /// Name of the table; `None` when there were no rows to tell it.
    pub table: Option<String>,
    /// Time, tags, fields.
    pub batches: Vec<RecordBatch>,
}

/// Rows with a device name out of rows with tag columns.
///
/// The device is the table and the tags, joined with dots as [`DeviceId::path`] does: null tags at the end are left out, a null before
/// another tag is the text `null`. Nothing is quoted, so tags with dots in them can give one name to different devices. All columns that
/// are not named are measurements; they come in byte order. Every row is kept; rows are by (device, time).
///
/// ```
/// use arrow_array::record_batch;
/// use tsfile::form::convert::{Names, table_to_narrow};
///
/// let table = record_batch!(
///     ("time", Int64, [1, 1]),
///     ("site", Utf8, ["north", "south"]),
///     ("unit", Utf8, [Some("u1"), None]),
///     ("s1", Int32, [5, 6])
/// )?;
/// let tags = ["site".to_string(), "unit".to_string()];
/// let narrow = table_to_narrow(&[table], "plant", &tags, &Names::default())?;
/// let expected = record_batch!(
///     ("time", Int64, [1, 1]),
///     ("device_name", Utf8, ["plant.north.u1", "plant.south"]),
///     ("s1", Int32, [5, 6])
/// )?;
/// assert_eq!(narrow[0].columns(), expected.columns());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
///
/// No time column, a null in it, batches that differ, a tag column that is missing, named twice or no text, or a field with the name of the device
/// column.
pub fn table_to_narrow(
    batches: &[RecordBatch],
    table: &str,
    tags: &[String],
    names: &Names,
) -> Result<Vec<RecordBatch>> {
    check_tags(tags)?;
    let Some(mut input) = Input::try_new(batches, names)? else {
        return Ok(Vec::new());
    };
    let tags = tags
        .iter()
        .map(|tag| input.take_text("tag", tag))
        .collect::<Result<Vec<TextColumn>>>()?;
    input.columns.sort_by(|a, b| a.name().cmp(b.name()));

    let devices = Devices::try_new(
        &input.times,
        |batch, row| {
            tags.iter().all(|tag| {
                let text = &tag.texts[batch];
                text.get(row) == text.get(row - 1)
            })
        },
        |batch, row| {
            let values = tags.iter().map(|tag| tag.texts[batch].get(row));
            let segments = std::iter::once(Some(table)).chain(values);
            Ok(DeviceId::new(segments).path())
        },
    )?;
    let device_field = Arc::new(Field::new(&names.device, DataType::Utf8, false));
    let keys = [StringArray::from_iter_values(&devices.names)];
    let schema = keyed_schema(&input, [device_field])?;
    emit_all(&input, &schema, &devices.rows(&input.times), &keys)
}

/// Rows with tag columns out of rows with a device name.
///
/// The result has the time, the tags in the order given and the measurements in the order of the input; rows are by (tags, time), null
/// first. Every row is kept.
///
/// Device names are split at dots outside of backquotes. The last `tags.len()` nodes of the longest name are tags, what is before them is the
/// name of the table, one node at least; all devices must start with it. A device with fewer nodes has null tags at the end.
/// So `root.ln.wf01.wt01` with one tag is table `root.ln.wf01` and tag `wt01`.
///
/// What a device name cannot tell, and how it is read:
///
/// - a node `null` that is not the last one is a null tag, never the text;
/// - when no device has all its tags and the table name has dots, the tags are taken from the table name;
/// - a dot in a tag makes two nodes, unless it is inside backquotes, which are kept.
///
/// ```
/// use arrow_array::record_batch;
/// use tsfile::form::convert::{Names, narrow_to_table};
///
/// let narrow = record_batch!(
///     ("time", Int64, [1, 1]),
///     ("device_name", Utf8, ["plant.north.u1", "plant.south"]),
///     ("s1", Int32, [5, 6])
/// )?;
/// let tags = ["site".to_string(), "unit".to_string()];
/// let result = narrow_to_table(&[narrow], &tags, &Names::default())?;
/// let expected = record_batch!(
///     ("time", Int64, [1, 1]),
///     ("site", Utf8, ["north", "south"]),
///     ("unit", Utf8, [Some("u1"), None]),
///     ("s1", Int32, [5, 6])
/// )?;
/// assert_eq!(result.table.as_deref(), Some("plant"));
/// assert_eq!(result.batches[0].columns(), expected.columns());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
///
/// No time or device column, a null in one of them, batches that differ, devices of more than one table, a tag named twice or with the
/// name of another column.
pub fn narrow_to_table(
    batches: &[RecordBatch],
    tags: &[String],
    names: &Names,
) -> Result<TableBatches> {
    check_tags(tags)?;
    let Some(mut input) = Input::try_new(batches, names)? else {
        return Ok(TableBatches {
            table: None,
            batches: Vec::new(),
        });
    };
    let mut devices = narrow_devices(&mut input, names)?;
    let table = table_name(&devices.names, tags.len())?;

    let table_nodes = table.as_deref().map_or(0, |t| split_path(t).len());
    devices.sort_by_key(|name| tag_values(name, table_nodes, tags.len()));
    let values: Vec<_> = devices
        .names
        .iter()
        .map(|name| tag_values(name, table_nodes, tags.len()))
        .collect();
    let keys: Vec<StringArray> = (0..tags.len())
        .map(|i| values.iter().map(|v| v.get(i)?.as_deref()).collect())
        .collect();
    let schema = keyed_schema(
        &input,
        tags.iter()
            .map(|tag| Arc::new(Field::new(tag, DataType::Utf8, true))),
    )?;
    let batches = emit_all(&input, &schema, &devices.rows(&input.times), &keys)?;
    Ok(TableBatches { table, batches })
}

fn check_tags(tags: &[String]) -> Result<()> {
    let mut seen = BTreeSet::new();
    match tags.iter().find(|tag| !seen.insert(tag.as_str())) {
        Some(tag) => Err(Error::argument(format!("tag `{tag}` is named twice"))),
        None => Ok(()),
    }
}

/// Takes the device column of narrow rows out of the input.
pub(super) fn narrow_devices(input: &mut Input, names: &Names) -> Result<Devices> {
    let column = input.take_text("device", &names.device)?;
    Devices::try_new(
        &input.times,
        |batch, row| column.texts[batch].get(row) == column.texts[batch].get(row - 1),
        |batch, row| match column.texts[batch].get(row) {
            Some(name) => Ok(name.to_string()),
            None => Err(Error::new(
                ErrorKind::Value,
                "",
                format!(
                    "the device column `{}` is null in row {row} of batch {batch}",
                    column.field.name()
                ),
            )
            .hint("drop the rows without a device first")),
        },
    )
}

/// The one table of the devices; `None` without devices.
fn table_name(devices: &[String], tags: usize) -> Result<Option<String>> {
    let nodes: HashMap<&str, Vec<&str>> = devices
        .iter()
        .map(|d| (d.as_str(), split_path(d)))
        .collect();
    let longest = nodes.values().map(Vec::len).max().unwrap_or(0);
    let length = longest.saturating_sub(tags).max(1);
    let tables: BTreeSet<String> = nodes
        .values()
        .map(|n| n.get(..length).unwrap_or(n).join("."))
        .collect();
    if tables.len() > 1 {
        let tables: Vec<_> = tables.into_iter().collect();
        return Err(Error::new(
            ErrorKind::Schema,
            "",
            format!(
                "with {tags} tags the devices are of {} tables: {}",
                tables.len(),
                list(&tables, LISTED_TABLES)
            ),
        )
        .hint("name one tag per node in which the devices differ, or convert the tables one at a time"));
    }
    Ok(tables.into_iter().next())
}

/// The tags of a device whose table name has `table_nodes` nodes.
fn tag_values(device: &str, table_nodes: usize, tags: usize) -> Vec<Option<String>> {
    let nodes = split_path(device);
    let last = nodes.len().saturating_sub(1);
    (table_nodes..table_nodes.saturating_add(tags))
        .map(|i| match nodes.get(i) {
            Some(&NULL_TAG) if i != last => None,
            node => node.map(|n| (*n).to_string()),
        })
        .collect()
}

/// Time, the key columns, and all columns of the input.
fn keyed_schema(input: &Input, keys: impl IntoIterator<Item = FieldRef>) -> Result<SchemaRef> {
    let mut fields = vec![Arc::clone(&input.time_field)];
    fields.extend(keys);
    let others = input.columns.iter().map(|c| &c.field);
    fields.extend(others.map(|f| result_field(f.name(), f.data_type(), &[f])));
    result_schema(fields)
}

fn emit_all(
    input: &Input,
    schema: &SchemaRef,
    rows: &[Row],
    keys: &[StringArray],
) -> Result<Vec<RecordBatch>> {
    let emit = |rows: &[Row]| {
        emit(
            schema,
            rows,
            keys,
            |row| row.batch,
            |i, batch| input.columns.get(i)?.arrays.get(batch),
        )
    };
    if rows.is_empty() {
        return Ok(vec![emit(rows)?]);
    }
    rows.chunks(BATCH_ROWS).map(emit).collect()
}
