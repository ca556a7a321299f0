//! The columns of a table, as the file metadata of version 4 store them.
//!
//! ```text
//! varstr    table name
//! uvarint   number of columns
//! columns   i32str name
//!           u8     data type
//!           u8     encoding
//!           u8     compression
//!           i32    number of properties
//!                  i32str key, i32str value, each
//!           i32    category
//! ```
//!
//! Encoding comes before compression here, and after it in a chunk header.

use crate::Result;
use crate::model::{
    ColumnCategory, Compression, DataType, Encoding, MeasurementSchema, TableColumn, TableSchema,
};
use crate::wire::{ByteReader, ByteWriter};

const STRING_BYTES: usize = size_of::<i32>();
const CODES_BYTES: usize = 3 * size_of::<u8>();
const MIN_COLUMN_BYTES: usize = STRING_BYTES + CODES_BYTES + size_of::<i32>() + size_of::<i32>();
const MIN_PROPERTY_BYTES: usize = 2 * STRING_BYTES;
/// Name and number of columns.
pub(super) const MIN_SCHEMA_BYTES: usize = 2 * size_of::<u8>();

/// Reads a table's name and columns.
///
/// # Errors
/// Corrupt when the bytes end too early or the category is unknown, unsupported when another code is.
pub fn parse_table_schema(reader: &mut ByteReader<'_>) -> Result<TableSchema> {
    parse_known(reader)?.1
}

/// As [`parse_table_schema`], but an unknown code is the fault of this table alone: its name and why it cannot be read,
/// with the reader behind it.
pub(super) fn parse_known(reader: &mut ByteReader<'_>) -> Result<(String, Result<TableSchema>)> {
    reader.set_section("table schema");
    let name = reader.varstr()?.unwrap_or_default().to_owned();
    let count = reader.count(MIN_COLUMN_BYTES)?;
    let mut columns = Vec::new();
    let mut unknown = None;
    for _ in 0..count {
        match parse_column(reader)? {
            Ok(column) => columns.push(column),
            Err(e) => {
                unknown.get_or_insert(e);
            }
        }
    }
    let schema = match unknown {
        Some(e) => Err(e),
        None => Ok(TableSchema {
            name: name.clone(),
            columns,
        }),
    };
    Ok((name, schema))
}

/// The outer error: the bytes make no sense. The inner one: a code is unknown.
fn parse_column(reader: &mut ByteReader<'_>) -> Result<Result<TableColumn>> {
    let name = parse_string(reader)?;
    let at = reader.position() as u64;
    let [data_type, encoding, compression] = reader.array()?;
    let properties = parse_properties(reader)?;
    let category_at = reader.position() as u64;
    let category = ColumnCategory::try_from(reader.i32()?)
        .map_err(|e| e.at(category_at).measurement(name.as_str()))?;
    let known = || -> Result<TableColumn> {
        Ok(TableColumn {
            measurement: MeasurementSchema {
                name: name.clone(),
                data_type: DataType::try_from(data_type)?,
                encoding: Encoding::try_from(encoding)?,
                compression: Compression::try_from(compression)?,
                properties,
            },
            category,
        })
    };
    Ok(known().map_err(|e| e.at(at).measurement(name.as_str())))
}

fn parse_properties(reader: &mut ByteReader<'_>) -> Result<Vec<(String, String)>> {
    let at = reader.position();
    let count = reader.i32()?;
    let fits = reader.remaining() / MIN_PROPERTY_BYTES;
    let count = usize::try_from(count)
        .ok()
        .filter(|n| *n <= fits)
        .ok_or_else(|| {
            reader
                .error_at(at, "a column cannot have that many properties")
                .expected(format!("0 to {fits}"))
                .got(count)
        })?;
    let mut properties = Vec::new();
    for _ in 0..count {
        properties.push((parse_string(reader)?, parse_string(reader)?));
    }
    Ok(properties)
}

/// Nothing here means more as null than as the empty string.
fn parse_string(reader: &mut ByteReader<'_>) -> Result<String> {
    Ok(reader.i32str()?.unwrap_or_default().to_owned())
}

/// Writes a table's name and columns.
pub fn serialize_table_schema(w: &mut ByteWriter, schema: &TableSchema) {
    w.varstr(Some(&schema.name))
        .uvarint(schema.columns.len() as u64);
    for column in &schema.columns {
        let m = &column.measurement;
        w.i32bytes(m.name.as_bytes())
            .u8(m.data_type as u8)
            .u8(m.encoding as u8)
            .u8(m.compression as u8)
            .i32(i32::try_from(m.properties.len()).unwrap_or(i32::MAX));
        for (key, value) in &m.properties {
            w.i32bytes(key.as_bytes()).i32bytes(value.as_bytes());
        }
        w.i32(column.category as i32);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ErrorKind;
    use crate::format::testing::{both_ways, failure, hex};

    fn bytes() -> Vec<u8> {
        hex(&[
            "04 7431",       // table
            "02",            // columns
            "00000002 6964", // name
            "0b 00 07",      // STRING, PLAIN, LZ4
            "00000000",      // properties
            "00000000",      // TAG
            "00000001 66",   // name
            "03 04 00",      // FLOAT, TS_2DIFF, UNCOMPRESSED
            "00000001",      // properties
            "00000001 6b 00000001 32",
            "00000001", // FIELD
        ])
    }

    #[test]
    fn two_columns_by_hand() {
        let column =
            |name: &str, data_type, encoding, compression, properties, category| TableColumn {
                measurement: MeasurementSchema {
                    name: name.into(),
                    data_type,
                    encoding,
                    compression,
                    properties,
                },
                category,
            };
        let schema = TableSchema {
            name: "t1".into(),
            columns: vec![
                column(
                    "id",
                    DataType::String,
                    Encoding::Plain,
                    Compression::Lz4,
                    vec![],
                    ColumnCategory::Tag,
                ),
                column(
                    "f",
                    DataType::Float,
                    Encoding::Ts2Diff,
                    Compression::Uncompressed,
                    vec![("k".into(), "2".into())],
                    ColumnCategory::Field,
                ),
            ],
        };
        both_ways(&bytes(), &schema, parse_table_schema, |s, w| {
            serialize_table_schema(w, s);
        });
    }

    #[test]
    fn impossible_fields_are_errors_that_name_the_column() {
        let changed = |at: usize, byte: u8| {
            let mut bytes = bytes();
            bytes[at] = byte;
            bytes
        };
        for (bytes, kind, text) in [
            (
                changed(10, 13),
                ErrorKind::Unsupported,
                "unknown data type id 13 (measurement id) at byte 10",
            ),
            (
                changed(20, 4),
                ErrorKind::Corrupt,
                "unknown column category (measurement id) at byte 17; expected 0 to 3, found 4",
            ),
            (
                changed(13, 0x7f),
                ErrorKind::Corrupt,
                "a column cannot have that many properties at byte 13",
            ),
            (
                changed(13, 0xff),
                ErrorKind::Corrupt,
                "a column cannot have that many properties at byte 13",
            ),
        ] {
            let e = failure(&bytes, parse_table_schema);
            assert_eq!(e.kind(), kind);
            assert!(e.to_string().contains(text), "{e}");
        }
    }
}
