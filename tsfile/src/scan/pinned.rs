//! Devices that a request names: they are looked up in the index of a file, and the rest of it is not read.

use super::request::ScanRequest;
use crate::filter::{CompareOp, Expr, Literal};
use crate::model::{ColumnCategory, DeviceId, TableSchema};

/// More devices than this are not looked up one by one.
const MOST: usize = 1_000;

/// The devices of a table that can have a row for `request`, when its filter says of each tag what it has to be and the columns are named:
/// what is not looked up has no say in them then, since the schema tells their types.
pub(super) fn devices_of(request: &ScanRequest, schema: &TableSchema) -> Option<Vec<DeviceId>> {
    let (filter, columns) = (request.filter.as_ref()?, request.columns.as_ref()?);
    let declared = |name: &String| schema.columns.iter().any(|c| c.measurement.name == *name);
    if !columns.iter().all(declared) {
        return None;
    }
    let mut devices: Vec<Vec<Option<String>>> = vec![vec![Some(schema.name.clone())]];
    for tag in schema.columns_of(ColumnCategory::Tag) {
        let name = &tag.measurement.name;
        let same = |column: &str| column == name || column.to_lowercase() == name.to_lowercase();
        let values = values_of(filter, &same)?;
        if devices.len().saturating_mul(values.len()) > MOST {
            return None;
        }
        let longer = devices.iter().flat_map(|device| {
            values.iter().map(|value| {
                let mut longer = device.clone();
                longer.push(Some((*value).to_string()));
                longer
            })
        });
        devices = longer.collect();
    }
    Some(devices.into_iter().map(DeviceId::new).collect())
}

/// The texts that a column is one of in every row that `filter` keeps; none when it may be anything.
pub(super) fn values_of<'a>(filter: &'a Expr, same: &dyn Fn(&str) -> bool) -> Option<Vec<&'a str>> {
    let text = |literal: &'a Literal| match literal {
        Literal::Text(text) => Some(text.as_str()),
        _ => None,
    };
    match filter {
        Expr::Compare {
            column,
            op: CompareOp::Eq | CompareOp::IsNotDistinct,
            value,
        } if same(column) => Some(vec![text(value)?]),
        Expr::In { column, list } if same(column) => list.iter().map(text).collect(),
        Expr::And(parts) => parts.iter().find_map(|part| values_of(part, same)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_every_row_has_to_be_is_found_in_conjunctions_only() {
        let of = |sql: &str| {
            let expr = Expr::parse(sql).expect("a condition");
            let values = values_of(&expr, &|column| column.eq_ignore_ascii_case("site"));
            values.map(|v| v.into_iter().map(str::to_string).collect::<Vec<_>>())
        };
        let some = |values: &[&str]| Some(values.iter().map(ToString::to_string).collect());
        assert_eq!(of("site = 'a'"), some(&["a"]));
        assert_eq!(
            of("time > 5 AND (s1 > 2 AND Site IN ('a', 'b'))"),
            some(&["a", "b"])
        );
        assert_eq!(of("site = 'a' OR s1 > 5"), None);
        assert_eq!(of("site > 'a'"), None);
        assert_eq!(of("NOT site = 'a'"), None);
        assert_eq!(of("site = NULL"), None);
    }
}
