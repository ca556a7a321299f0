//! Errors about columns that do not go together: each names both places and both types.

use super::gather::{ColumnFacts, FileFacts, Key, Seen};
use super::{Rules, SchemaMode, join};
use crate::{Error, ErrorKind, Result};

/// Two devices of one file.
pub(super) fn within_file(key: &Key, file: &str, a: &Seen, b: &Seen) -> Error {
    Error::new(
        ErrorKind::Schema,
        "schema",
        format!(
            "measurement \"{}\" is {} in device {} and {} in device {}",
            key.measurement, a.data_type, a.device, b.data_type, b.device
        ),
    )
    .in_file(file)
    .hint(format!(
        "read one of the two devices (-d {}), or use the wide form",
        b.device
    ))
    .rivals([a.device.to_string(), b.device.to_string()])
}

/// The same column of two files, each with its name.
pub(super) fn across_files(key: &Key, a: (&str, &Seen), b: (&str, &Seen), rules: Rules) -> Error {
    let (other, a) = a;
    let (file, b) = b;
    Error::new(
        ErrorKind::Schema,
        "schema",
        format!(
            "measurement \"{}\" is {} in device {} of {other} and {} in device {} of this file",
            key.measurement, a.data_type, a.device, b.data_type, b.device
        ),
    )
    .in_file(file)
    .hint(way_out(a, b, rules))
}

/// What helps when two files have two types.
fn way_out(a: &Seen, b: &Seen, rules: Rules) -> String {
    type_hint(a.data_type, b.data_type, rules)
        .unwrap_or_else(|| "read the files one by one".to_string())
}

/// The option that joins two types, when there is one that is not set.
pub(super) fn type_hint(
    a: crate::model::DataType,
    b: crate::model::DataType,
    rules: Rules,
) -> Option<String> {
    let widen = rules.mode != SchemaMode::Widen;
    if let Some(joined) = join(a, b, rules.lossy).filter(|_| widen) {
        return Some(format!("`widen` (--schema widen) reads both as {joined}"));
    }
    let joined = join(a, b, true).filter(|_| !rules.lossy)?;
    let options = if widen {
        "`widen` with `lossy` (--schema widen --lossy-types)"
    } else {
        "`lossy` (--lossy-types)"
    };
    Some(format!(
        "{options} reads both as {joined}, which may lose bits"
    ))
}

/// Strict: a column of the file `has` that the file `lacks` does not have.
pub(super) fn missing(
    column: Option<&ColumnFacts>,
    has: &FileFacts,
    lacks: &FileFacts,
) -> Result<()> {
    let Some(column) = column else { return Ok(()) };
    let (key, seen) = (&column.key, &column.first);
    let what = match &key.device {
        Some(device) => format!("timeseries \"{device}.{}\"", key.measurement),
        None => format!("measurement \"{}\"", key.measurement),
    };
    Err(Error::new(
        ErrorKind::Schema,
        "schema",
        format!(
            "there is no {what}, which is {} in device {} of {}",
            seen.data_type, seen.device, has.file
        ),
    )
    .in_file(&*lacks.file)
    .hint("`union` (--schema union) reads it as null where it is missing"))
}
