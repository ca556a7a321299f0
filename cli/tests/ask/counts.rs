//! `count --where`: the rows that pass, from statistics where these say it.

use std::collections::BTreeMap;

use crate::tool::ok;
use crate::{Cells, MIXED_TYPES, MULTI, TABLE, TWO_TABLES, cells, number, picked, plant};

/// Row count, non-null count, first and last time with a value, and the source, by column.
fn counted(args: &[&str]) -> BTreeMap<(String, String), [String; 6]> {
    let (names, rows) = cells(&ok(&[&["count", "-f", "csv"], args].concat()));
    let place = |name: &str| names.iter().position(|n| n == name).unwrap();
    let get = |row: &Vec<String>, name: &str| row[place(name)].clone();
    rows.iter()
        .map(|row| {
            let of = [
                "row_count",
                "entity_count",
                "non_null_count",
                "min_time",
                "max_time",
                "time_source",
            ];
            (
                (get(row, "object"), get(row, "column")),
                of.map(|name| get(row, name)),
            )
        })
        .collect()
}

/// Rows, values, and the first and last time of the values of a column, or of all rows.
fn of_column(rows: &Cells, column: &str) -> (usize, String, String) {
    let with = picked(rows, &["time"], |cell| {
        column.is_empty() || cell(column) != r"\N"
    });
    let mut times: Vec<String> = with.1.into_iter().flatten().collect();
    times.sort_by(|a, b| number(a).total_cmp(&number(b)));
    let at = |time: Option<&String>| time.cloned().unwrap_or_else(|| r"\N".to_owned());
    (times.len(), at(times.first()), at(times.last()))
}

#[test]
fn a_table_has_the_rows_entities_and_values_that_pass() {
    let all = cells(&ok(&["cat", TABLE, "-f", "csv"]));
    for (sql, keep) in [
        (
            "i32 > 5",
            &(|cell: &dyn Fn(&str) -> String| number(&cell("i32")) > 5.0)
                as &dyn Fn(&dyn Fn(&str) -> String) -> bool,
        ),
        ("tag1 = 'a' or b", &|cell| {
            cell("tag1") == "a" || cell("b") == "true"
        }),
        ("i32 is null and time >= 100", &|cell| {
            cell("i32") == r"\N" && number(&cell("time")) >= 100.0
        }),
    ] {
        let sql = sql.replace("or b", "or b = true");
        let names: Vec<&str> = all.0.iter().map(String::as_str).collect();
        let kept = picked(&all, &names, keep);
        let (rows, first, last) = of_column(&kept, "");
        let mut entities: Vec<String> = kept.1.iter().map(|row| row[1..3].join(",")).collect();
        entities.sort();
        entities.dedup();
        let found = counted(&[TABLE, "--where", &sql]);
        assert_eq!(found.len(), names.len() - 1);
        for ((_, column), [row_count, entity_count, values, min, max, source]) in found {
            assert_eq!(row_count, rows.to_string(), "{sql} {column}");
            assert_eq!(entity_count, entities.len().to_string(), "{sql} {column}");
            assert_eq!(
                values,
                of_column(&kept, &column).0.to_string(),
                "{sql} {column}"
            );
            assert_eq!((min, max), (first.clone(), last.clone()), "{sql} {column}");
            assert_eq!(source, "scan");
        }
    }
}

#[test]
fn devices_and_times_alone_are_answered_by_statistics() {
    let folder = tempfile::tempdir().unwrap();
    let file = plant(folder.path());
    for (sql, devices, source) in [
        (
            "device_name > 'root.group1.d1'",
            &["root.group1.d2", "root.group2.d1"][..],
            "statistics",
        ),
        (
            "device_name like 'root.group2.%' and time > 0",
            &["root.group2.d1"],
            "statistics",
        ),
        (
            "device_name like 'root.group2.%' and s1 >= 0",
            &["root.group2.d1"],
            "scan",
        ),
        ("time > 9e15", &[], "statistics"),
    ] {
        let found = counted(&[&file, "--where", sql]);
        let mut names: Vec<&String> = found.keys().map(|(device, _)| device).collect();
        names.dedup();
        assert_eq!(names, devices, "{sql}");
        assert!(
            found.values().all(|row| row[5] == source),
            "{sql}: {found:?}"
        );
    }
    // Statistics and a scan agree; `s3 = s3` cannot be written, so that the test says it of two halves.
    let halves = "device_name = 'root.group1.d2' and (s3 is null or s3 is not null)";
    let strip = |found: BTreeMap<_, [String; 6]>| -> Vec<(_, Vec<String>)> {
        found
            .into_iter()
            .map(|(key, row)| (key, row[..5].to_vec()))
            .collect()
    };
    let known = strip(counted(&[
        &file,
        "--where",
        "device_name = 'root.group1.d2'",
    ]));
    assert_eq!(strip(counted(&[&file, "--where", halves])), known);
    let all = strip(counted(&[&file]));
    let of_device: Vec<_> = all
        .into_iter()
        .filter(|((d, _), _)| d == "root.group1.d2")
        .collect();
    assert_eq!(known, of_device);
    assert_eq!(known.len(), 3);
}

#[test]
fn a_tree_device_has_the_rows_that_pass() {
    let all = cells(&ok(&[
        "cat",
        MULTI,
        "-d",
        "root.multi.d2",
        "-f",
        "csv",
        "--rows",
        "all",
    ]));
    let kept = picked(&all, &["time", "s0", "s1"], |cell| {
        number(&cell("s1")) > 25.0
    });
    assert!(kept.1.len() > 5 && kept.1.len() < all.1.len());
    let found = counted(&[MULTI, "-d", "root.multi.d2", "--where", "s1 > 25"]);
    for column in ["s0", "s1"] {
        let (values, first, last) = of_column(&kept, column);
        let [rows, _, count, min, max, source] =
            &found[&("root.multi.d2".to_owned(), column.to_owned())];
        assert_eq!(
            (rows, count),
            (&kept.1.len().to_string(), &values.to_string())
        );
        if values > 0 {
            assert_eq!((min, max), (&first, &last));
        }
        assert_eq!(source, "scan");
    }
    // Measurements of one name and two types are no matter while none of them is tested.
    let found = counted(&[MIXED_TYPES, "--where", "time <= 2000 and time >= 2000"]);
    assert!(found.values().all(|row| row[0] == "1"), "{found:?}");
}

#[test]
fn a_column_that_a_table_lacks_is_null_there() {
    let found = counted(&[TWO_TABLES, "--where", "id = 'dev1' or w = 'nothing is so'"]);
    let row = |table: &str| &found[&(table.to_owned(), "v".to_owned())];
    assert_eq!(row("t1")[..3], ["5", "1", "5"]);
    assert_eq!(row("t2")[..3], ["0", "0", "0"]);
}
