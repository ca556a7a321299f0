//! Files that cannot have a row of what is asked, as their bloom filters say: their indexes are not read.

use super::keys::KeyTest;
use super::merge_files::Dedup;
use super::pinned;
use super::request::{Rows, ScanRequest};
use crate::filter::{CompareOp, Expr};
use crate::format::BloomFilter;
use crate::infer::SchemaMode;
use crate::model::Form;
use crate::read::TsFileReader;

/// More paths than this are not asked for of each file.
const MOST_PATHS: usize = 1_000;

/// The paths of timeseries of which a file has one, if it has a row of what is asked.
#[derive(Debug)]
pub(super) enum Sought {
    /// In the tree forms.
    Paths(Vec<String>),
    /// The time column of a device that the tags name, of this table: a file says which tags there are.
    Times(String),
}

impl Sought {
    /// What `request` asks for; `None` when any file may have rows of it. `keys` is what its filter says of devices.
    pub(super) fn of(request: &ScanRequest, keys: Option<&KeyTest>) -> Option<Self> {
        if let Some(table) = keys.and_then(|keys| keys.table.clone()) {
            return Some(Self::Times(table));
        }
        let form = request.form.filter(|form| *form != Form::Table)?;
        // Columns that all files have a say in, and rows to which each file adds.
        let strict = request.schema_mode == Some(SchemaMode::Strict);
        if strict || request.encodings || request.dedup != Dedup::None {
            return None;
        }
        let devices: Vec<&str> = match (&request.devices, keys, &request.filter) {
            (Some(devices), _, _) => devices.iter().map(String::as_str).collect(),
            (None, Some(_), Some(filter)) => {
                pinned::values_of(filter, &|column| column == request.device_column)?
            }
            _ => return None,
        };
        let measurements = measurements(request, form)?;
        if devices.len().saturating_mul(measurements.len()) > MOST_PATHS {
            return None;
        }
        let mut paths = Vec::new();
        for device in &devices {
            paths.extend(measurements.iter().map(|m| format!("{device}.{m}")));
        }
        if form == Form::Wide {
            paths.extend(measurements.iter().map(ToString::to_string));
        }
        Some(Self::Paths(paths))
    }

    /// Whether the bloom filter of `reader` says that the file has no row of it. A filter that was passed over when the file was opened is not
    /// read for that: it is larger than what a look-up reads.
    pub(super) fn is_not_in(&self, reader: &TsFileReader, request: &ScanRequest) -> bool {
        let Some(filter) = reader.bloom_filter_at_hand() else {
            return false;
        };
        match self {
            Self::Paths(paths) => !paths.iter().any(|path| may_have(filter, path)),
            Self::Times(table) => {
                let Some(schema) = reader.table(table) else {
                    return false;
                };
                // All tags are there, so that no writer has nulls behind them.
                let devices = pinned::devices_of(request, schema);
                devices.is_some_and(|devices| {
                    let mut times = devices.iter().map(|device| format!("{}.", device.path()));
                    !times.any(|path| may_have(filter, &path))
                })
            }
        }
    }
}

/// Writers disagree about the hashes of other letters than those of ASCII, and not only the two that are known.
fn may_have(filter: &BloomFilter, path: &str) -> bool {
    !path.is_ascii() || filter.might_contain(path)
}

/// Measurements of which each row has one that is not null, by the filter, or because other rows are not wanted. In the wide form they may be
/// whole paths.
fn measurements(request: &ScanRequest, form: Form) -> Option<Vec<&str>> {
    let time = request.time_column.as_deref().unwrap_or("time");
    let device = request.device_column.as_str();
    let is_key = |column: &str| column == time || column == device && form == Form::Narrow;
    // Names that differ by case alone may mean the same.
    let alike = |a: &str, b: &str| a.to_lowercase() == b.to_lowercase();
    let is_value = |column: &str| !alike(column, time) && !alike(column, device);
    let mut tested = false;
    if let Some(filter) = &request.filter {
        if let Some(column) = never_null(filter, &is_value) {
            return (form == Form::Narrow).then(|| vec![column]);
        }
        super::filter::each_column(filter, &mut |column| tested |= !is_key(column));
    }
    let columns = request.columns.as_ref().filter(|_| !tested)?;
    (request.rows == Rows::Projected).then(|| columns.iter().map(String::as_str).collect())
}

/// A column that has a value in each row that `filter` keeps.
fn never_null<'a>(filter: &'a Expr, is_value: &dyn Fn(&str) -> bool) -> Option<&'a str> {
    let column = match filter {
        Expr::Compare { column, op, .. } if *op != CompareOp::IsNotDistinct => column,
        Expr::In { column, .. } | Expr::Like { column, .. } => column,
        Expr::Not(inner) => match &**inner {
            Expr::IsNull { column } => column,
            _ => return None,
        },
        Expr::And(parts) => return parts.iter().find_map(|part| never_null(part, is_value)),
        _ => return None,
    };
    is_value(column).then_some(column)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{ColumnCategory, DeviceId, Model};
    use std::path::Path;

    fn golden() -> Vec<TsFileReader> {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../testdata/golden");
        let mut folders = vec![root];
        let mut out = Vec::new();
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(folder).expect("a folder") {
                let path = entry.expect("an entry").path();
                if path.is_dir() {
                    folders.push(path);
                } else if path.extension().is_some_and(|e| e == "tsfile") {
                    // Some are damaged.
                    out.extend(TsFileReader::open(&path, crate::ReadOptions::default()).ok());
                }
            }
        }
        out
    }

    fn of_tree(device: String, measurement: &str) -> ScanRequest {
        ScanRequest::new()
            .with_form(Form::Narrow)
            .with_rows(Rows::Projected)
            .with_devices(vec![device])
            .with_columns(Some(vec![measurement.to_string()]))
    }

    fn of_table(reader: &TsFileReader, device: &DeviceId) -> Option<ScanRequest> {
        let schema = reader.table(device.table())?;
        let tags = schema.columns_of(ColumnCategory::Tag).enumerate();
        let tags = tags.map(|(i, tag)| {
            let value = crate::filter::Literal::Text(device.tag(i)?.to_string());
            Some(Expr::Compare {
                column: tag.measurement.name.clone(),
                op: CompareOp::Eq,
                value,
            })
        });
        let filter = Expr::And(tags.collect::<Option<Vec<_>>>()?);
        let request = ScanRequest::new().with_table(Some(device.table()));
        Some(
            request
                .with_columns(Some(Vec::new()))
                .with_filter(Some(filter)),
        )
    }

    fn is_not_in(reader: &TsFileReader, request: &ScanRequest) -> Option<bool> {
        let keys = KeyTest::of(std::slice::from_ref(reader), request);
        let sought = Sought::of(request, keys.as_ref());
        sought.map(|sought| sought.is_not_in(reader, request))
    }

    #[test]
    fn no_file_of_any_writer_is_passed_over_that_has_the_series() {
        let (mut found, mut tables, mut absent, mut without) = (0, 0, 0, 0);
        for reader in golden() {
            let Ok(index) = reader.index() else { continue };
            for device in index.devices() {
                let id = device.id();
                if reader.model_of(id) == Model::Table {
                    if let Some(request) = of_table(&reader, id) {
                        if let Some(says_no) = is_not_in(&reader, &request) {
                            assert!(!says_no, "{}: {id}", reader.name());
                            tables += 1;
                        }
                    }
                    continue;
                }
                for k in usize::from(device.is_aligned())..device.series_count() {
                    let measurement = device.series(k).expect("a series").measurement;
                    let says_no = is_not_in(&reader, &of_tree(id.path(), measurement));
                    assert_eq!(
                        says_no,
                        Some(false),
                        "{}: {id}.{measurement}",
                        reader.name()
                    );
                    found += 1;
                    let other = of_tree(id.path(), &format!("{measurement}?"));
                    let says_no = is_not_in(&reader, &other) == Some(true);
                    absent += usize::from(says_no);
                    if reader.bloom_filter_at_hand().is_none() {
                        assert!(!says_no, "{}", reader.name());
                        without += 1;
                    }
                }
            }
        }
        println!(
            "{found} series and {tables} devices of tables found, {absent} others not, {without} where nothing says"
        );
        assert!(
            found > 1_000 && tables > 50 && absent > found / 2,
            "{found} {tables} {absent}"
        );
    }

    #[test]
    fn only_what_every_row_needs_is_looked_for() {
        let of = |rows, columns: Option<&[&str]>, filter: &str| {
            let columns = columns.map(|c| c.iter().map(ToString::to_string).collect());
            let request = ScanRequest::new()
                .with_form(Form::Narrow)
                .with_rows(rows)
                .with_columns(columns)
                .with_devices(vec!["root.d".into()])
                .with_filter(Some(Expr::parse(filter).expect("a condition")));
            match Sought::of(&request, None) {
                Some(Sought::Paths(paths)) => Some(paths),
                _ => None,
            }
        };
        let some = |paths: &[&str]| Some(paths.iter().map(ToString::to_string).collect());
        let (all, projected) = (Rows::All, Rows::Projected);
        assert_eq!(of(all, None, "s > 5 AND time < 3"), some(&["root.d.s"]));
        assert_eq!(
            of(all, None, "time < 3 AND s IS NOT NULL"),
            some(&["root.d.s"])
        );
        // Rows in which these are null are kept.
        for filter in [
            "s > 5 OR time < 3",
            "s IS NULL",
            "time < 3",
            "s IS NOT DISTINCT FROM 5",
        ] {
            assert_eq!(of(all, Some(&["t"]), filter), None, "{filter}");
        }
        let named = Some(&["t", "u"][..]);
        assert_eq!(
            of(projected, named, "time < 3"),
            some(&["root.d.t", "root.d.u"])
        );
        assert_eq!(of(projected, named, "s IS NULL"), None);
        // A name in other letters may mean the time.
        assert_eq!(of(projected, named, "TIME < 3"), None);
        assert_eq!(of(projected, None, "time < 3"), None);
    }
}
