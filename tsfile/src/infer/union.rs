//! The columns of several files in the wide and the narrow form, from what each file says.

use super::conflict::{across_files, missing, within_file};
use super::gather::{ColumnFacts, FileFacts, Key, Place, Seen};
use super::{Rules, SchemaMode, join};
use crate::Result;
use crate::model::DataType;
use std::collections::BTreeMap;

/// A column of all files.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Column {
    pub(crate) key: Key,
    pub(crate) data_type: DataType,
    /// The first file, by path, that has it, as a position in what was united; and where in that file.
    pub(crate) file: usize,
    pub(crate) place: Place,
}

/// The positions of `names` in the order of their paths.
pub(super) fn by_path<'a>(names: impl Iterator<Item = &'a str>) -> Vec<usize> {
    let mut order: Vec<(&str, usize)> = names.enumerate().map(|(i, name)| (name, i)).collect();
    order.sort_unstable();
    order.into_iter().map(|(_, i)| i).collect()
}

/// A column so far: its type in the files up to here, and the types with the file of each.
struct Found<'a> {
    data_type: DataType,
    file: usize,
    place: Place,
    /// One for each type: what an error names.
    witnesses: Vec<(usize, &'a Seen)>,
}

/// The columns of `files`, sorted by key.
///
/// # Errors
/// The files disagree by the rules; two of them are named, or two devices of one.
pub(crate) fn unite(files: &[FileFacts], rules: Rules) -> Result<Vec<Column>> {
    let name = |file: usize| files.get(file).map_or("", |f| f.file.as_str());
    let mut found: BTreeMap<&Key, Found<'_>> = BTreeMap::new();
    let mut first: Option<(usize, &FileFacts)> = None;
    for i in by_path(files.iter().map(|f| f.file.as_str())) {
        let Some(file) = files.get(i).filter(|f| f.devices > 0) else {
            continue;
        };
        match first {
            Some((_, first)) if rules.mode == SchemaMode::Strict => same_columns(first, file)?,
            Some(_) => {}
            None => first = Some((i, file)),
        }
        for column in &file.columns {
            let data_type = of_file(column, &file.file, rules.lossy)?;
            let known = match found.get_mut(&column.key) {
                None => {
                    let new = Found {
                        data_type,
                        file: i,
                        place: column.first.place,
                        witnesses: column.types().map(|seen| (i, seen)).collect(),
                    };
                    found.insert(&column.key, new);
                    continue;
                }
                Some(known) => known,
            };
            let joined = match rules.mode {
                SchemaMode::Widen => join(known.data_type, data_type, rules.lossy),
                _ => (known.data_type == data_type).then_some(data_type),
            };
            let Some(joined) = joined else {
                let other = rival(known, column, rules);
                return Err(across_files(
                    &column.key,
                    (name(other.0.0), other.0.1),
                    (&file.file, other.1),
                    rules,
                ));
            };
            known.data_type = joined;
            for seen in column.types() {
                let knows = |w: &(usize, &Seen)| w.1.data_type == seen.data_type;
                if !known.witnesses.iter().any(knows) {
                    known.witnesses.push((i, seen));
                }
            }
        }
    }
    let columns = found.into_iter().map(|(key, f)| Column {
        key: key.clone(),
        data_type: f.data_type,
        file: f.file,
        place: f.place,
    });
    Ok(columns.collect())
}

/// The type of a column in its file: types of devices widen.
fn of_file(column: &ColumnFacts, file: &str, lossy: bool) -> Result<DataType> {
    let mut data_type = column.first.data_type;
    for seen in &column.others {
        data_type = match join(data_type, seen.data_type, lossy) {
            Some(joined) => joined,
            None => {
                let mut before = column.types();
                let other = before.find(|s| join(s.data_type, seen.data_type, lossy).is_none());
                let other = other.unwrap_or(&column.first);
                return Err(within_file(&column.key, file, other, seen));
            }
        };
    }
    Ok(data_type)
}

/// Two places whose types do not go together: one of a file before, one of this file.
fn rival<'a>(
    known: &Found<'a>,
    column: &'a ColumnFacts,
    rules: Rules,
) -> ((usize, &'a Seen), &'a Seen) {
    let fits = |a: DataType, b: DataType| match rules.mode {
        SchemaMode::Widen => join(a, b, rules.lossy).is_some(),
        _ => a == b,
    };
    let pairs = column
        .types()
        .flat_map(|seen| known.witnesses.iter().map(move |w| (*w, seen)));
    let mut apart = pairs.filter(|(w, seen)| !fits(w.1.data_type, seen.data_type));
    // Types that differ in sum differ in one pair at least.
    let first = known.witnesses.first().copied();
    apart
        .next()
        .unwrap_or((first.unwrap_or((0, &column.first)), &column.first))
}

/// Strict: two files have the same columns.
fn same_columns(a: &FileFacts, b: &FileFacts) -> Result<()> {
    let (mut left, mut right) = (a.columns.iter().peekable(), b.columns.iter().peekable());
    loop {
        let order = match (left.peek(), right.peek()) {
            (None, None) => return Ok(()),
            (Some(_), None) => std::cmp::Ordering::Less,
            (None, Some(_)) => std::cmp::Ordering::Greater,
            (Some(l), Some(r)) => l.key.cmp(&r.key),
        };
        match order {
            std::cmp::Ordering::Equal => {
                left.next();
                right.next();
            }
            std::cmp::Ordering::Less => return missing(left.next(), a, b),
            std::cmp::Ordering::Greater => return missing(right.next(), b, a),
        }
    }
}
