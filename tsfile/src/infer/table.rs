//! The columns of a table in several files: what its schemas declare, and what devices hold besides.

use super::conflict::type_hint;
use super::gather::{ColumnFacts, Key, Paths, Said, Seen, each_series};
use super::union::by_path;
use super::{Rules, SchemaMode, join};
use crate::model::{ColumnCategory, Compression, DataType, Encoding, TableColumn, TableSchema};
use crate::read::TsFileReader;
use crate::{Error, ErrorKind, Result};
use std::collections::{BTreeMap, HashMap, HashSet};

/// What one file says about a table.
#[derive(Debug, Clone)]
pub(crate) struct TableFacts<'a> {
    pub(crate) file: &'a str,
    pub(crate) declared: &'a TableSchema,
    /// Series whose type is not the declared one, or that are not declared; sorted.
    pub(crate) stored: Vec<ColumnFacts>,
}

/// A value column of a table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct FieldColumn {
    pub(crate) name: String,
    pub(crate) data_type: DataType,
    /// As the first schema that declares it says.
    pub(crate) storage: Option<(Encoding, Compression)>,
}

/// The columns of a table in all files.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct TableColumns {
    pub(crate) tags: Vec<(String, DataType)>,
    pub(crate) fields: Vec<FieldColumn>,
    pub(crate) time_name: Option<String>,
}

/// What the schema of `table` and its devices at `positions` say; `None` when the file does not have it.
pub(crate) fn gather<'a>(
    reader: &'a TsFileReader,
    table: &str,
    positions: &[u32],
) -> Result<Option<TableFacts<'a>>> {
    let Some(declared) = reader.table(table) else {
        return Ok(None);
    };
    let fields: HashMap<&str, DataType> = declared
        .columns_of(ColumnCategory::Field)
        .map(|c| (c.measurement.name.as_str(), c.measurement.data_type))
        .collect();
    let tags: HashSet<&str> = declared
        .columns_of(ColumnCategory::Tag)
        .map(|c| c.measurement.name.as_str())
        .collect();
    let mut stored: BTreeMap<&str, ColumnFacts> = BTreeMap::new();
    let mut paths = Paths::default();
    each_series(reader, positions, |device, k| {
        let series = device.series(k)?;
        // A series named like a tag is a filler of Java's.
        if tags.contains(series.measurement) {
            return Ok(Said::All);
        }
        let data_type = series
            .data_type()
            .map_err(|e| e.device(device.id().path()))?;
        let declared = fields.get(series.measurement);
        if declared == Some(&data_type) {
            return Ok(Said::All);
        }
        // So is one without a point, which says nothing about the type unless nothing else does.
        let fits = declared.is_none_or(|&d| join(d, data_type, false).is_some());
        let known = stored.get(series.measurement);
        let fits = fits
            && known.is_none_or(|c| {
                c.types()
                    .all(|s| join(s.data_type, data_type, false).is_some())
            });
        if !fits && device.timeseries(k)?.statistics.count == 0 {
            return Ok(Said::Own);
        }
        let seen = paths.seen(device, k, data_type);
        match stored.get_mut(series.measurement) {
            Some(column) => column.add(seen),
            None => {
                let key = Key {
                    device: None,
                    measurement: series.measurement.into(),
                };
                stored.insert(series.measurement, ColumnFacts::new(key, seen));
            }
        }
        Ok(Said::All)
    })?;
    Ok(Some(TableFacts {
        file: reader.name(),
        declared,
        stored: stored.into_values().collect(),
    }))
}

/// A column so far, and who said its type.
struct Found<'a> {
    column: FieldColumn,
    /// File, type, and the device when it was not declared.
    said: Vec<(&'a str, DataType, Option<&'a Seen>)>,
}

/// The columns of a table whose `files` are those that have it; of its fields, types matter only where they are `wanted`, and the name of its
/// time column only where the request does not give one.
///
/// # Errors
/// The files disagree by the rules; two of them are named, or the schema and a device of one.
pub(crate) fn unite(
    files: &[TableFacts<'_>],
    wanted: Option<&HashSet<&str>>,
    named_time: bool,
    rules: Rules,
) -> Result<TableColumns> {
    let order: Vec<&TableFacts<'_>> = by_path(files.iter().map(|f| f.file))
        .into_iter()
        .filter_map(|i| files.get(i))
        .collect();
    let mut tags: Option<(&TableFacts<'_>, Vec<(String, DataType)>)> = None;
    let mut times: Option<(&str, &str)> = None;
    let mut fields: Vec<Found<'_>> = Vec::new();
    let mut at: HashMap<&str, usize> = HashMap::new();
    let is_wanted = |name: &str| wanted.is_none_or(|w| w.contains(name));
    for &file in &order {
        if let (SchemaMode::Strict, Some(first)) = (rules.mode, order.first()) {
            same_schema(first, file, rules)?;
        }
        tags = Some(match tags.take() {
            None => (file, tags_of(file)),
            Some((other, known)) => unite_tags(other, known, file, rules)?,
        });
        if let Some(time) = file.declared.columns_of(ColumnCategory::Time).next() {
            let name = time.measurement.name.as_str();
            match times {
                None => times = Some((file.file, name)),
                Some((_, known)) if named_time || known == name => {}
                Some((other, known)) => {
                    let what = format!("the time column is \"{name}\" here and \"{known}\" there");
                    return Err(
                        differs(file, other, &what).hint("name the time column (--time-column)")
                    );
                }
            }
        }
        for column in file.declared.columns_of(ColumnCategory::Field) {
            let m = &column.measurement;
            let place = *at.entry(&m.name).or_insert(fields.len());
            match fields.get_mut(place) {
                None => fields.push(Found {
                    column: FieldColumn {
                        name: m.name.clone(),
                        data_type: m.data_type,
                        storage: Some((m.encoding, m.compression)),
                    },
                    said: vec![(file.file, m.data_type, None)],
                }),
                Some(known) if is_wanted(&m.name) => {
                    known.join(file.file, m.data_type, None, rules)?;
                }
                Some(_) => {}
            }
        }
    }
    // What no schema declares is not lost either, behind what they do.
    let mut extra: BTreeMap<&str, Found<'_>> = BTreeMap::new();
    for &file in &order {
        for stored in &file.stored {
            let name = &*stored.key.measurement;
            let declared = at.get(name).and_then(|&i| fields.get_mut(i));
            let (known, declared) = match declared {
                Some(known) => (known, true),
                None => {
                    let new = || Found::undeclared(name, stored);
                    (extra.entry(name).or_insert_with(new), false)
                }
            };
            if !is_wanted(name) {
                continue;
            }
            // Devices of one file widen, and so does what is stored against what is declared.
            let widen = Rules {
                mode: SchemaMode::Widen,
                ..rules
            };
            if declared {
                for seen in stored.types() {
                    known.join(file.file, seen.data_type, Some(seen), widen)?;
                }
            } else {
                let mut own = Found::undeclared(name, stored);
                for seen in stored.types() {
                    own.join(file.file, seen.data_type, Some(seen), widen)?;
                }
                known.join(file.file, own.column.data_type, Some(&stored.first), rules)?;
            }
        }
    }
    fields.extend(extra.into_values());
    Ok(TableColumns {
        tags: tags.map(|t| t.1).unwrap_or_default(),
        fields: fields.into_iter().map(|f| f.column).collect(),
        time_name: times.map(|t| t.1.to_string()),
    })
}

impl<'a> Found<'a> {
    fn undeclared(name: &str, stored: &ColumnFacts) -> Self {
        Self {
            column: FieldColumn {
                name: name.to_string(),
                data_type: stored.first.data_type,
                storage: None,
            },
            said: Vec::new(),
        }
    }

    fn join(
        &mut self,
        file: &'a str,
        data_type: DataType,
        seen: Option<&'a Seen>,
        rules: Rules,
    ) -> Result<()> {
        let known = self.column.data_type;
        let joined = match rules.mode {
            SchemaMode::Widen => join(known, data_type, rules.lossy),
            _ => (known == data_type).then_some(known),
        };
        match joined {
            Some(joined) => self.column.data_type = joined,
            None => return Err(self.conflict(file, data_type, seen, rules)),
        }
        self.said.push((file, data_type, seen));
        Ok(())
    }

    fn conflict(
        &self,
        file: &str,
        data_type: DataType,
        seen: Option<&Seen>,
        rules: Rules,
    ) -> Error {
        let fits = |other: DataType| match rules.mode {
            SchemaMode::Widen => join(other, data_type, rules.lossy).is_some(),
            _ => other == data_type,
        };
        let mut said = self.said.iter();
        let other = said.find(|s| !fits(s.1)).or(self.said.first());
        let (other_file, other_type, other_seen) =
            other
                .copied()
                .unwrap_or((file, self.column.data_type, None));
        let how = |seen: Option<&Seen>| match seen {
            Some(seen) => format!("stored in device {} as", seen.device),
            None => "declared".to_string(),
        };
        let there = if other_file == file {
            String::new()
        } else {
            format!(" in {other_file}")
        };
        let here = if other_file == file {
            ""
        } else {
            " in this file"
        };
        let error = Error::new(
            ErrorKind::Schema,
            "table schema",
            format!(
                "column \"{}\" is {} {other_type}{there} and {} {data_type}{here}",
                self.column.name,
                how(other_seen),
                how(seen),
            ),
        )
        .in_file(file);
        match type_hint(other_type, data_type, rules) {
            Some(hint) => error.hint(hint),
            None if other_file == file => {
                error.hint("leave the column out (-m names those to read)")
            }
            None => error.hint("read the files one by one, or leave the column out"),
        }
    }
}

fn tags_of(file: &TableFacts<'_>) -> Vec<(String, DataType)> {
    file.declared
        .columns_of(ColumnCategory::Tag)
        .map(|c| (c.measurement.name.clone(), c.measurement.data_type))
        .collect()
}

/// The longer of two lists of tags: devices are told apart by the place of a tag, so that one list must be how the other begins, as it
/// does when tags are added to a table.
fn unite_tags<'a>(
    other: &'a TableFacts<'a>,
    known: Vec<(String, DataType)>,
    file: &'a TableFacts<'a>,
    rules: Rules,
) -> Result<(&'a TableFacts<'a>, Vec<(String, DataType)>)> {
    let own = tags_of(file);
    let (longer, shorter, whose) = if own.len() > known.len() {
        (own, known, file)
    } else {
        (known, own, other)
    };
    let mut out = Vec::with_capacity(longer.len());
    let mut shorter = shorter.into_iter();
    for (name, data_type) in longer {
        let joined = match shorter.next() {
            None => Some(data_type),
            Some((same, _)) if same != name => None,
            Some((_, other)) if rules.mode == SchemaMode::Widen => {
                join(data_type, other, rules.lossy)
            }
            Some((_, other)) => (other == data_type).then_some(data_type),
        };
        match joined {
            Some(joined) => out.push((name, joined)),
            None => {
                let names = |file| {
                    let tags = tags_of(file);
                    let tags: Vec<String> =
                        tags.iter().map(|t| format!("{} {}", t.0, t.1)).collect();
                    tags.join(", ")
                };
                let (here, there) = (names(file), names(other));
                let what = format!("its tags are {here} here and {there} there");
                return Err(differs(file, other.file, &what).hint("read the files one by one"));
            }
        }
    }
    Ok((whose, out))
}

fn differs(file: &TableFacts<'_>, other: &str, what: &str) -> Error {
    Error::new(
        ErrorKind::Schema,
        "table schema",
        format!(
            "table \"{}\" differs from that in {other}: {what}",
            file.declared.name
        ),
    )
    .in_file(file.file)
}

/// Strict: two schemas of a table declare the same columns in the same order.
fn same_schema(a: &TableFacts<'_>, b: &TableFacts<'_>, rules: Rules) -> Result<()> {
    let facts = |c: &TableColumn| (c.measurement.data_type, c.category);
    let is_same = |x: &TableColumn, y: &TableColumn| {
        x.measurement.name == y.measurement.name && facts(x) == facts(y)
    };
    let (left, right) = (&a.declared.columns, &b.declared.columns);
    if left.len() == right.len() && left.iter().zip(right).all(|(x, y)| is_same(x, y)) {
        return Ok(());
    }
    let shown = |c: &TableColumn| format!("{} {}", c.measurement.data_type, c.category.name());
    let find = |columns: &'_ [TableColumn], name: &str| -> Option<usize> {
        columns.iter().position(|c| c.measurement.name == name)
    };
    let union = "`union` (--schema union) matches columns by name";
    for there in left {
        let name = &there.measurement.name;
        let Some(here) = find(right, name).and_then(|i| right.get(i)) else {
            let what = format!("column \"{name}\" ({}) is only there", shown(there));
            return Err(differs(b, a.file, &what).hint(union));
        };
        if facts(here) != facts(there) {
            let (here_type, there_type) = (facts(here).0, facts(there).0);
            let (here, there) = (shown(here), shown(there));
            let what = format!("column \"{name}\" is {here} here and {there} there");
            let hint = type_hint(there_type, here_type, rules).filter(|_| here_type != there_type);
            let hint = hint.unwrap_or_else(|| "read the files one by one".to_string());
            return Err(differs(b, a.file, &what).hint(hint));
        }
    }
    let new = right
        .iter()
        .find(|c| find(left, &c.measurement.name).is_none());
    let what = match new {
        Some(c) => format!(
            "column \"{}\" ({}) is only here",
            c.measurement.name,
            shown(c)
        ),
        None => "the columns have another order".to_string(),
    };
    Err(differs(b, a.file, &what).hint(union))
}
