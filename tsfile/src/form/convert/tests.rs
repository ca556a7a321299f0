use std::collections::HashMap;
use std::sync::Arc;

use arrow_array::types::{Int8Type, Int32Type};
use arrow_array::{
    Array, ArrayRef, BooleanArray, DictionaryArray, Float32Array, Float64Array, Int32Array,
    Int64Array, LargeStringArray, ListArray, NullArray, RecordBatch, StringArray, StringViewArray,
    TimestampMicrosecondArray, record_batch,
};
use arrow_schema::{DataType, Field, Schema};
use arrow_select::concat::concat_batches;

use super::*;
use crate::ErrorKind;

fn names() -> Names {
    Names::default()
}

fn tags(tags: &[&str]) -> Vec<String> {
    tags.iter().map(|t| (*t).to_string()).collect()
}

fn batch(columns: Vec<(&str, ArrayRef)>) -> RecordBatch {
    RecordBatch::try_from_iter(columns).unwrap()
}

fn column_names(batch: &RecordBatch) -> Vec<String> {
    let schema = batch.schema();
    schema.fields().iter().map(|f| f.name().clone()).collect()
}

/// Names and values; fields differ in nullability.
fn assert_same(got: &[RecordBatch], expected: &RecordBatch) {
    assert_eq!(got.len(), 1);
    assert_eq!(column_names(&got[0]), column_names(expected));
    assert_eq!(got[0].columns(), expected.columns());
}

fn example_wide() -> RecordBatch {
    let (t, f) = (Some(true), Some(false));
    record_batch!(
        ("time", Int64, [1, 2, 3, 4, 5, 6]),
        (
            "root.ln.wf01.wt01.status",
            Boolean,
            [t, None, t, None, f, None]
        ),
        (
            "root.ln.wf01.wt01.temperature",
            Float32,
            [Some(2.2), Some(2.2), Some(2.1), None, None, None]
        ),
        (
            "root.ln.wf02.wt02.hardware",
            Utf8,
            [None, Some("aaa"), None, Some("bbb"), None, Some("ccc")]
        ),
        (
            "root.ln.wf02.wt02.status",
            Boolean,
            [t, f, None, t, None, None]
        )
    )
    .unwrap()
}

fn example_narrow() -> RecordBatch {
    let (d1, d2) = ("root.ln.wf01.wt01", "root.ln.wf02.wt02");
    let (t, f) = (Some(true), Some(false));
    record_batch!(
        ("time", Int64, [1, 2, 3, 5, 1, 2, 4, 6]),
        ("device_name", Utf8, [d1, d1, d1, d1, d2, d2, d2, d2]),
        (
            "hardware",
            Utf8,
            [
                None,
                None,
                None,
                None,
                None,
                Some("aaa"),
                Some("bbb"),
                Some("ccc")
            ]
        ),
        ("status", Boolean, [t, None, t, f, t, f, t, None]),
        (
            "temperature",
            Float32,
            [
                Some(2.2),
                Some(2.2),
                Some(2.1),
                None,
                None,
                None,
                None,
                None
            ]
        )
    )
    .unwrap()
}

/// Every row a batch of its own, in an order that is neither that of wide nor that of narrow.
fn shuffled(batch: &RecordBatch) -> Vec<RecordBatch> {
    let n = batch.num_rows();
    (0..n)
        .map(|i| batch.slice((i * 7 + 3) % n, 1))
        .collect::<Vec<_>>()
}

#[test]
fn design_example_converts_both_ways() {
    assert_same(
        &wide_to_narrow(&[example_wide()], &names()).unwrap(),
        &example_narrow(),
    );
    assert_same(
        &narrow_to_wide(&[example_narrow()], &names()).unwrap(),
        &example_wide(),
    );
}

#[test]
fn input_order_and_batch_borders_do_not_matter() {
    let wide = example_wide();
    let rows: Vec<_> = (0..6).rev().map(|i| wide.slice(i, 1)).collect();
    assert_same(&wide_to_narrow(&rows, &names()).unwrap(), &example_narrow());
    let rows: Vec<_> = (0..6).map(|i| wide.slice(i, 1)).collect();
    assert_same(&wide_to_narrow(&rows, &names()).unwrap(), &example_narrow());
    assert_same(
        &narrow_to_wide(&shuffled(&example_narrow()), &names()).unwrap(),
        &example_wide(),
    );
}

#[test]
fn only_time_and_device_are_not_nullable() {
    let narrow = wide_to_narrow(&[example_wide()], &names()).unwrap();
    let nullable = |b: &RecordBatch| -> Vec<bool> {
        b.schema()
            .fields()
            .iter()
            .map(|f| f.is_nullable())
            .collect()
    };
    assert_eq!(nullable(&narrow[0]), [false, false, true, true, true]);
    let wide = narrow_to_wide(&narrow, &names()).unwrap();
    assert_eq!(nullable(&wide[0]), [false, true, true, true, true]);
    let table = narrow_to_table(&narrow, &tags(&["a", "b"]), &names()).unwrap();
    assert_eq!(nullable(&table.batches[0])[..3], [false, true, true]);
}

#[test]
fn no_batch_gives_no_batch_and_no_row_gives_a_schema() {
    assert!(wide_to_narrow(&[], &names()).unwrap().is_empty());
    assert!(narrow_to_wide(&[], &names()).unwrap().is_empty());
    assert!(table_to_narrow(&[], "t", &[], &names()).unwrap().is_empty());
    let none = narrow_to_table(&[], &[], &names()).unwrap();
    assert_eq!((none.table, none.batches.len()), (None, 0));

    let narrow = wide_to_narrow(&[example_wide().slice(0, 0)], &names()).unwrap();
    assert_same(&narrow, &example_narrow().slice(0, 0));
    let wide = narrow_to_wide(&narrow, &names()).unwrap();
    assert_eq!(column_names(&wide[0]), ["time"]);
    let table = narrow_to_table(&narrow, &tags(&["a"]), &names()).unwrap();
    assert_eq!(table.table, None);
    assert_eq!(
        column_names(&table.batches[0]),
        ["time", "a", "hardware", "status", "temperature"]
    );
}

#[test]
fn times_keep_their_type_and_a_null_time_is_an_error() {
    let times = TimestampMicrosecondArray::from(vec![7, -3]).with_timezone("UTC");
    let wide = batch(vec![
        ("time", Arc::new(times)),
        ("d.s", Arc::new(Int32Array::from(vec![1, 2]))),
    ]);
    let narrow = wide_to_narrow(std::slice::from_ref(&wide), &names()).unwrap();
    let expected = TimestampMicrosecondArray::from(vec![-3, 7]).with_timezone("UTC");
    assert_eq!(narrow[0].column(0).as_ref(), &expected as &dyn Array);
    let back = narrow_to_wide(&narrow, &names()).unwrap();
    assert_eq!(back[0].column(0).as_ref(), &expected as &dyn Array);

    let null = record_batch!(("time", Int64, [Some(1), None]), ("d.s", Int32, [1, 2])).unwrap();
    let e = wide_to_narrow(&[null], &names()).unwrap_err();
    assert_eq!(e.kind(), ErrorKind::Value);
    assert!(e.to_string().contains("null in row 1 of batch 0"), "{e}");

    let text = record_batch!(("time", Utf8, ["1"]), ("d.s", Int32, [1])).unwrap();
    let e = wide_to_narrow(&[text], &names()).unwrap_err();
    assert!(
        e.to_string()
            .contains("expected Int64 or Timestamp, found Utf8"),
        "{e}"
    );
}

#[test]
fn exact_types_widen_and_others_name_both_columns() {
    let wide = batch(vec![
        ("time", Arc::new(Int64Array::from(vec![1]))),
        ("a.x", Arc::new(Int32Array::from(vec![i32::MIN]))),
        ("b.x", Arc::new(Int64Array::from(vec![i64::MAX]))),
        ("a.y", Arc::new(Int32Array::from(vec![3]))),
        ("b.y", Arc::new(Float32Array::from(vec![0.5]))),
        ("c.y", Arc::new(Float64Array::from(vec![0.1]))),
        ("a.z", Arc::new(NullArray::new(1))),
        ("b.z", Arc::new(BooleanArray::from(vec![true]))),
    ]);
    let expected = record_batch!(
        ("time", Int64, [1, 1, 1]),
        ("device_name", Utf8, ["a", "b", "c"]),
        (
            "x",
            Int64,
            [Some(i64::from(i32::MIN)), Some(i64::MAX), None]
        ),
        ("y", Float64, [3.0, 0.5, 0.1]),
        ("z", Boolean, [None, Some(true), None])
    )
    .unwrap();
    assert_same(&wide_to_narrow(&[wide], &names()).unwrap(), &expected);

    let wide = record_batch!(
        ("time", Int64, [1]),
        ("a.x", Int32, [1]),
        ("b.x", Int64, [1]),
        ("c.x", Float32, [1.0])
    )
    .unwrap();
    let e = wide_to_narrow(&[wide], &names()).unwrap_err();
    assert_eq!(e.kind(), ErrorKind::Schema);
    assert_eq!(
        e.to_string(),
        "columns `b.x` (Int64) and `c.x` (Float32) share a measurement name, but no type holds both exactly; \
         cast one of them first, or rename the measurement"
    );
}

#[test]
fn backquotes_keep_dots_and_a_column_without_a_dot_is_named() {
    let wide = record_batch!(("time", Int64, [1]), ("root.`a.b`.`c.d`", Int32, [1])).unwrap();
    let narrow = wide_to_narrow(std::slice::from_ref(&wide), &names()).unwrap();
    let expected = record_batch!(
        ("time", Int64, [1]),
        ("device_name", Utf8, ["root.`a.b`"]),
        ("`c.d`", Int32, [1])
    )
    .unwrap();
    assert_same(&narrow, &expected);
    assert_same(&narrow_to_wide(&narrow, &names()).unwrap(), &wide);

    for bad in ["s1", "`a.b`", ""] {
        let wide = batch(vec![
            ("time", Arc::new(Int64Array::from(vec![1]))),
            (bad, Arc::new(Int32Array::from(vec![1]))),
        ]);
        let e = wide_to_narrow(&[wide], &names()).unwrap_err();
        assert!(
            e.to_string()
                .starts_with(&format!("column `{bad}` names no timeseries")),
            "{e}"
        );
    }
}

#[test]
fn duplicates_stay_in_narrow_and_are_an_error_in_wide() {
    let wide = record_batch!(("time", Int64, [5, 5]), ("root.a.s", Int32, [1, 2])).unwrap();
    let narrow = wide_to_narrow(&[wide], &names()).unwrap();
    assert_eq!(narrow[0].num_rows(), 2);
    let e = narrow_to_wide(&narrow, &names()).unwrap_err();
    assert_eq!(e.kind(), ErrorKind::Value);
    assert!(
        e.to_string().starts_with(
            "device `root.a` has two rows at time 5: row 0 of batch 0 and row 1 of batch 0"
        ),
        "{e}"
    );
}

#[test]
fn names_that_collide_in_the_result_are_errors() {
    let wide = record_batch!(("time", Int64, [1]), ("d.time", Int32, [1])).unwrap();
    let e = wide_to_narrow(std::slice::from_ref(&wide), &names()).unwrap_err();
    assert!(e.to_string().contains("would be called `time`"), "{e}");

    let narrow = record_batch!(
        ("time", Int64, [1, 2]),
        ("device_name", Utf8, ["d", "d.a"]),
        ("a.b", Int32, [Some(1), None]),
        ("b", Int32, [None, Some(1)])
    )
    .unwrap();
    let e = narrow_to_wide(&[narrow], &names()).unwrap_err();
    assert!(e.to_string().contains("would be called `d.a.b`"), "{e}");

    let narrow = example_narrow();
    let e = narrow_to_table(&[narrow], &tags(&["x", "status"]), &names()).unwrap_err();
    assert!(e.to_string().contains("would be called `status`"), "{e}");
}

#[test]
fn wrong_columns_are_named() {
    let e = wide_to_narrow(&[example_wide()], &names().with_time("t")).unwrap_err();
    assert_eq!(e.kind(), ErrorKind::Argument);
    assert!(
        e.to_string().starts_with("there is no time column `t`; the other columns are `time`, `root.ln.wf01.wt01.status`, "),
        "{e}"
    );
    let e = narrow_to_wide(&[example_narrow()], &names().with_device("d")).unwrap_err();
    assert!(e.to_string().contains("no device column `d`"), "{e}");
    let e = narrow_to_wide(&[example_narrow()], &names().with_device("time")).unwrap_err();
    assert!(e.to_string().contains("cannot be both"), "{e}");
    let e = narrow_to_wide(&[example_narrow()], &names().with_device("status")).unwrap_err();
    assert!(
        e.to_string().contains("expected text, found Boolean"),
        "{e}"
    );
    let e = table_to_narrow(&[example_narrow()], "t", &tags(&["x", "x"]), &names()).unwrap_err();
    assert!(e.to_string().contains("tag `x` is named twice"), "{e}");
    let e = narrow_to_wide(&[example_narrow(), example_wide()], &names()).unwrap_err();
    assert_eq!(e.kind(), ErrorKind::Schema);
    assert!(
        e.to_string()
            .starts_with("batches 0 and 1 differ in column 1"),
        "{e}"
    );

    let field = Arc::new(Field::new("d.s", DataType::Int32, true));
    let schema = Schema::new(vec![
        Arc::new(Field::new("time", DataType::Int64, true)),
        Arc::clone(&field),
        field,
    ]);
    let one: ArrayRef = Arc::new(Int32Array::from(vec![1]));
    let columns = vec![
        Arc::new(Int64Array::from(vec![1])) as ArrayRef,
        Arc::clone(&one),
        one,
    ];
    let twice = RecordBatch::try_new(Arc::new(schema), columns).unwrap();
    let e = wide_to_narrow(&[twice], &names()).unwrap_err();
    assert!(
        e.to_string().starts_with("two columns are called `d.s`"),
        "{e}"
    );

    let list = ListArray::from_iter_primitive::<Int32Type, _, _>([Some([Some(1)])]);
    let nested = batch(vec![
        ("time", Arc::new(Int64Array::from(vec![1]))),
        ("d.s", Arc::new(list)),
    ]);
    let e = wide_to_narrow(&[nested], &names()).unwrap_err();
    assert_eq!(e.kind(), ErrorKind::Unsupported);
}

#[test]
fn text_of_any_layout_names_devices() {
    let devices = ["b", "a", "b"];
    let dictionary: DictionaryArray<Int8Type> = devices.into_iter().collect();
    for array in [
        Arc::new(StringArray::from(devices.to_vec())) as ArrayRef,
        Arc::new(LargeStringArray::from(devices.to_vec())),
        Arc::new(StringViewArray::from(devices.to_vec())),
        Arc::new(dictionary),
    ] {
        let narrow = batch(vec![
            ("time", Arc::new(Int64Array::from(vec![1, 1, 2]))),
            ("device_name", Arc::clone(&array)),
            ("s", array),
        ]);
        let wide = narrow_to_wide(&[narrow], &names()).unwrap();
        assert_eq!(column_names(&wide[0]), ["time", "a.s", "b.s"]);
        assert_eq!(wide[0].column(1).null_count(), 1);
    }
    let null = record_batch!(("time", Int64, [1]), ("device_name", Utf8, [None::<&str>])).unwrap();
    let e = narrow_to_wide(&[null], &names()).unwrap_err();
    assert!(e.to_string().contains("null in row 0 of batch 0"), "{e}");
}

#[test]
fn metadata_survives_where_the_sources_agree() {
    let field = |name: &str, pairs: &[(&str, &str)]| {
        let metadata: HashMap<_, _> = pairs
            .iter()
            .map(|(k, v)| (k.to_string(), v.to_string()))
            .collect();
        Field::new(name, DataType::Int32, false).with_metadata(metadata)
    };
    let schema = Schema::new(vec![
        Field::new("time", DataType::Int64, true),
        field("a.s", &[("unit", "m"), ("type", "x")]),
        field("b.s", &[("unit", "m"), ("type", "y")]),
        field("b.t", &[("type", "z")]),
    ]);
    let one: ArrayRef = Arc::new(Int32Array::from(vec![1]));
    let columns = vec![
        Arc::new(Int64Array::from(vec![1])) as ArrayRef,
        Arc::clone(&one),
        Arc::clone(&one),
        one,
    ];
    let wide = RecordBatch::try_new(Arc::new(schema), columns).unwrap();
    let narrow = wide_to_narrow(&[wide], &names()).unwrap();
    let schema = narrow[0].schema();
    assert_eq!(
        schema.field(2).metadata(),
        field("", &[("unit", "m")]).metadata()
    );
    assert_eq!(
        schema.field(3).metadata(),
        field("", &[("type", "z")]).metadata()
    );
    let wide = narrow_to_wide(&narrow, &names()).unwrap();
    assert_eq!(
        wide[0].schema().field(3).metadata(),
        field("", &[("type", "z")]).metadata()
    );
}

#[test]
fn rows_without_values_stay_in_wide_as_times_only() {
    let narrow = record_batch!(
        ("time", Int64, [1, 2]),
        ("device_name", Utf8, ["d", "d"]),
        ("s", Int32, [Some(1), None]),
        ("t", Int32, [None::<i32>, None])
    )
    .unwrap();
    let expected = record_batch!(("time", Int64, [1, 2]), ("d.s", Int32, [Some(1), None])).unwrap();
    assert_same(&narrow_to_wide(&[narrow], &names()).unwrap(), &expected);
}

#[test]
fn null_tags_come_back_where_the_name_can_tell() {
    let table = record_batch!(
        ("time", Int64, [1, 1, 1, 1, 1]),
        ("a", Utf8, [None, None, Some("x"), Some("x"), Some("x")]),
        ("b", Utf8, [None, Some("y"), None, Some("null"), Some("y")]),
        ("s", Int32, [Some(1), Some(2), Some(3), Some(4), None])
    )
    .unwrap();
    let tags = tags(&["a", "b"]);
    let narrow = table_to_narrow(&shuffled(&table), "t", &tags, &names()).unwrap();
    let expected = record_batch!(
        ("time", Int64, [1, 1, 1, 1, 1]),
        (
            "device_name",
            Utf8,
            ["t", "t.null.y", "t.x", "t.x.null", "t.x.y"]
        ),
        ("s", Int32, [Some(1), Some(2), Some(3), Some(4), None])
    )
    .unwrap();
    assert_same(&narrow, &expected);
    let back = narrow_to_table(&narrow, &tags, &names()).unwrap();
    assert_eq!(back.table.as_deref(), Some("t"));
    assert_same(&back.batches, &table);
}

#[test]
fn table_rows_are_by_tags_then_time_null_first() {
    // Byte order of names puts `t.a-.b` before `t.a.b`; tags compare one by one.
    let narrow = record_batch!(
        ("time", Int64, [9, 3, 1]),
        ("device_name", Utf8, ["t.a.b", "t.a-.b", "t.a.b"]),
        ("s", Int32, [1, 2, 3])
    )
    .unwrap();
    let table = narrow_to_table(&[narrow], &tags(&["x", "y"]), &names()).unwrap();
    let expected = record_batch!(
        ("time", Int64, [1, 9, 3]),
        ("x", Utf8, ["a", "a", "a-"]),
        ("y", Utf8, ["b", "b", "b"]),
        ("s", Int32, [3, 1, 2])
    )
    .unwrap();
    assert_same(&table.batches, &expected);
}

#[test]
fn the_table_is_what_comes_before_the_tags() {
    let of = |devices: &[&str], n: usize| {
        let count = i64::try_from(devices.len()).unwrap();
        let narrow = batch(vec![
            ("time", Arc::new(Int64Array::from_iter_values(0..count))),
            ("device_name", Arc::new(StringArray::from(devices.to_vec()))),
        ]);
        let tags: Vec<_> = (0..n).map(|i| format!("tag{i}")).collect();
        narrow_to_table(&[narrow], &tags, &names()).map(|t| t.table.unwrap())
    };
    assert_eq!(of(&["root.ln.wf01.wt01"], 1).unwrap(), "root.ln.wf01");
    assert_eq!(of(&["root.ln.wf01.wt01"], 9).unwrap(), "root");
    assert_eq!(of(&["root.ln.a.b", "root.ln"], 2).unwrap(), "root.ln");
    assert_eq!(of(&["root.`a.b`.c"], 1).unwrap(), "root.`a.b`");
    assert_eq!(of(&["weather"], 0).unwrap(), "weather");
    let e = of(&["d.x", "a.x", "c.x", "b.x", "e"], 1).unwrap_err();
    assert_eq!(e.kind(), ErrorKind::Schema);
    assert!(
        e.to_string()
            .starts_with("with 1 tags the devices are of 5 tables: `a`, `b`, `c` and 2 more"),
        "{e}"
    );
    assert!(of(&["a.b", "a"], 0).is_err());
}

#[test]
fn compositions_agree_with_their_parts() {
    let tag = tags(&["farm", "turbine"]);
    let table = wide_to_table(&[example_wide()], &tag, &names()).unwrap();
    assert_eq!(table.table.as_deref(), Some("root.ln"));
    assert_eq!(
        column_names(&table.batches[0]),
        [
            "time",
            "farm",
            "turbine",
            "hardware",
            "status",
            "temperature"
        ]
    );
    let wide = table_to_wide(&table.batches, "root.ln", &tag, &names()).unwrap();
    assert_same(&wide, &example_wide());
}

/// A small xorshift, so that the data is the same in every run.
struct Random(u64);

impl Random {
    fn below(&mut self, n: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % n
    }
}

#[test]
fn random_wide_rows_survive_narrow_and_table() {
    for seed in 1..40 {
        let mut random = Random(0x9e37_79b9_7f4a_7c15 ^ seed);
        // Some runs cross the border of an output batch.
        let rows = if seed % 10 == 0 {
            70_001
        } else {
            1 + random.below(60)
        };
        let sparse = 1 + random.below(6);
        let times: Vec<i64> = (0..rows).map(|i| i as i64 * 3 - 50).collect();
        let mut columns: Vec<(String, ArrayRef)> =
            vec![("time".to_string(), Arc::new(Int64Array::from(times)))];
        for device in ["t.a", "t.a-", "t.b", "t.é"] {
            for measurement in 0..4 {
                if random.below(4) == 0 {
                    continue;
                }
                let mut values: Vec<Option<u64>> = (0..rows)
                    .map(|_| (random.below(sparse) == 0).then(|| random.below(1000)))
                    .collect();
                values[0] = Some(7);
                let array: ArrayRef = match measurement {
                    0 => Arc::new(Int32Array::from_iter(
                        values.iter().map(|v| v.map(|v| v as i32)),
                    )),
                    1 => Arc::new(BooleanArray::from_iter(
                        values.iter().map(|v| v.map(|v| v % 2 == 0)),
                    )),
                    2 => Arc::new(StringArray::from_iter(
                        values.iter().map(|v| v.map(|v| v.to_string())),
                    )),
                    _ => Arc::new(Float64Array::from_iter(
                        values.iter().map(|v| v.map(|v| v as f64 / 8.0)),
                    )),
                };
                columns.push((format!("{device}.m{measurement}"), array));
            }
        }
        if columns.len() == 1 {
            continue;
        }
        let wide = RecordBatch::try_from_iter(columns).unwrap();
        // Rows in which nothing has a value do not survive narrow.
        let keep: BooleanArray = (0..wide.num_rows())
            .map(|row| Some(wide.columns()[1..].iter().any(|c| c.is_valid(row))))
            .collect();
        let wide = arrow_select::filter::filter_record_batch(&wide, &keep).unwrap();
        let cut = wide.num_rows() / 3;
        let input = [wide.slice(0, cut), wide.slice(cut, wide.num_rows() - cut)];

        let joined = |batches: &[RecordBatch]| {
            assert!(batches.iter().all(|b| b.num_rows() <= BATCH_ROWS));
            concat_batches(&batches[0].schema(), batches).unwrap()
        };
        let narrow = wide_to_narrow(&input, &names()).unwrap();
        let back = narrow_to_wide(&narrow, &names()).unwrap();
        assert_same(&[joined(&back)], &wide);

        let tag = tags(&["tag"]);
        let table = wide_to_table(&input, &tag, &names()).unwrap();
        let back = table_to_wide(&table.batches, "t", &tag, &names()).unwrap();
        assert_same(&[joined(&back)], &wide);
    }
}
