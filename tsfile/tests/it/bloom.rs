//! Of several files, those whose bloom filters say no are passed over: their indexes are not read, and no row is lost.

use crate::lookup::{Sample, written};
use tsfile::filter::Expr;
use tsfile::format::FormatVersion;
use tsfile::model::DeviceId;
use tsfile::scan::{Form, Rows, ScanPlan, ScanRequest, plan};

/// 20,000 devices below `root`, more than fits the bytes that opening a file reads; their bloom filter does.
fn tree(root: &str) -> Sample {
    let device = |i| DeviceId::from_path(&format!("{root}.d{i:05}"));
    let devices: Vec<DeviceId> = (0..20_000).map(device).collect();
    Sample::new(root, written(&devices, FormatVersion::V4, 256))
}

fn table_of(plant: &str) -> Sample {
    let device = |i| DeviceId::new(["t", plant, &format!("d{i:05}"), "x"].map(Some));
    let devices: Vec<DeviceId> = (0..20_000).map(device).collect();
    Sample::new(plant, written(&devices, FormatVersion::V4, 256))
}

fn narrow(column: &str, filter: &str) -> ScanRequest {
    ScanRequest::new()
        .with_form(Form::Narrow)
        .with_columns(Some(vec![column.into()]))
        .with_filter(Some(Expr::parse(filter).unwrap()))
}

fn rows(plan: &ScanPlan) -> usize {
    plan.scan()
        .unwrap()
        .map(|batch| batch.unwrap().num_rows())
        .sum()
}

/// Plans over both files: how many bytes it reads of each, and how many rows there are.
fn asked(samples: [&Sample; 2], request: &ScanRequest) -> ([u64; 2], ScanPlan) {
    let readers = samples.map(Sample::open);
    let before = samples.map(|s| s.counts().bytes);
    let plan = plan(readers.to_vec(), request.clone()).unwrap();
    let after = samples.map(|s| s.counts().bytes);
    ([after[0] - before[0], after[1] - before[1]], plan)
}

/// The first file has a row, and nothing is read of the second.
fn passes_over(samples: [&Sample; 2], request: &ScanRequest) {
    let (bytes, plan) = asked(samples, request);
    assert!(bytes[0] > 0);
    assert_eq!(bytes[1], 0, "{request:?}");
    assert_eq!(rows(&plan), 1);
    let explained = plan.explain().unwrap();
    let files = &explained.levels[0];
    assert_eq!((files.considered, files.skipped, files.read), (2, 1, 1));
}

#[test]
fn a_file_that_cannot_have_the_devices_is_passed_over() {
    let (here, there) = (tree("root.here"), tree("root.there"));
    let samples = [&here, &there];
    let device = "device_name IN ('root.here.d00777', 'root.here.none')";
    passes_over(samples, &narrow("s", &format!("{device} AND s > 5")));
    passes_over(
        samples,
        &narrow("t", &format!("time > 0 AND {device} AND s IS NOT NULL")),
    );
    let projected = narrow("s", device).with_rows(Rows::Projected);
    passes_over(samples, &projected);
    let named = narrow("s", "time > 0")
        .with_devices(vec!["root.here.d00777".into()])
        .with_rows(Rows::Projected);
    passes_over(samples, &named);
    passes_over(samples, &named.with_form(Form::Wide));
    let table = ScanRequest::new()
        .with_table(Some("t"))
        .with_columns(Some(vec!["s".into()]))
        .with_filter(Some(
            Expr::parse("a = 'north' AND b = 'd00777' AND c IN ('x', 'y')").unwrap(),
        ));
    let (north, south) = (table_of("north"), table_of("south"));
    passes_over([&north, &south], &table);
}

#[test]
fn a_file_that_may_have_rows_is_read() {
    let (here, other) = (tree("root.here"), tree("root.other"));
    let samples = [&here, &other];
    // Every fourth device has no column `t`, and rows all the same.
    let without = narrow("t", "device_name = 'root.here.d00776' AND time > 0");
    assert_eq!(rows(&asked(samples, &without).1), 1);
    let either = narrow(
        "s",
        "device_name = 'root.here.d00777' AND (s > 5 OR time > 5)",
    );
    let (bytes, plan) = asked(samples, &either);
    assert!(bytes[1] > 0);
    assert_eq!(rows(&plan), 1);
    // Any device, any column in other letters.
    let any = narrow("s", "device_name LIKE 'root._ther.d00777' AND s > 5");
    assert_eq!(rows(&asked(samples, &any).1), 1);
    let letters = narrow("s", "device_name = 'root.other.d00777' AND S > 5");
    assert_eq!(rows(&asked(samples, &letters).1), 1);
    let letters = narrow("s", "DEVICE_NAME = 'root.other.d00777' AND s > 5");
    assert_eq!(rows(&asked(samples, &letters).1), 1);
}

/// Files whose filter says no to everything: what is honoured hides rows.
#[test]
fn a_file_is_read_for_names_that_are_not_ascii_whatever_its_filter_says() {
    let devices = ["root.a.d1", "root.a.dü", "root.a.d3"].map(DeviceId::from_path);
    let whole = Sample::new("whole", written(&devices, FormatVersion::V4, 256));
    let filter = whole.open().bloom_filter().unwrap().unwrap();
    let bytes = written(&devices, FormatVersion::V4, 256);
    let at = bytes
        .windows(filter.bytes.len())
        .position(|w| w == filter.bytes);
    let blank = |byte: u8| {
        let mut bytes = bytes.clone();
        bytes[at.unwrap()..][..filter.bytes.len()].fill(byte);
        Sample::new("blank", bytes)
    };
    let request = |device: &str| narrow("s", &format!("device_name = '{device}' AND s >= 0"));
    // The first file has the column, so that there is something to plan.
    let both = |second: &Sample, device: &str| rows(&asked([&whole, second], &request(device)).1);
    for device in ["root.a.d1", "root.a.dü"] {
        assert_eq!(both(&blank(0xff), device), 2, "{device}");
    }
    assert_eq!(both(&blank(0), "root.a.dü"), 2);
    assert_eq!(both(&blank(0), "root.a.d1"), 1);
}
