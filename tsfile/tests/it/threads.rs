//! Threads that read splits side by side.

use crate::splits::{Content, read, written};
use arrow_array::RecordBatch;
use arrow_select::concat::concat_batches;
use tsfile::io::{CountingSource, MemorySource, ReadCounts};
use tsfile::model::Form;
use tsfile::scan::{ScanRequest, scan};
use tsfile::{ReadOptions, TsFileReader, WriteOptions};

/// A file of some megabytes.
fn large_file(devices: i64) -> TsFileReader {
    let mut content = Content::new();
    for device in 0..devices {
        let key = vec![Some(format!("root.d{device:03}"))];
        for time in 0..2_000 {
            let value = (time * 977 + device + 1).wrapping_mul(-7_046_029_254_386_353_131);
            content.insert((key.clone(), time), [Some(value); 3]);
        }
    }
    written("large", &content, false, WriteOptions::default())
}

#[test]
fn threads_wait_for_a_slow_consumer() {
    // Each of 16 splits is one batch.
    let request = ScanRequest::new()
        .with_form(Form::Narrow)
        .with_threads(2)
        .with_batches_in_flight(2);
    let mut batches = scan(vec![large_file(120)], request).unwrap();
    let first = batches.next().unwrap().unwrap();
    // Threads that do not wait would read all of it now.
    let mut before = None;
    while before != Some(batches.counters()) {
        before = Some(batches.counters());
        std::thread::sleep(std::time::Duration::from_millis(300));
    }
    let chunks = batches.counters().chunks;
    assert!(chunks > 0);
    let mut total = first.num_rows();
    for batch in batches.by_ref() {
        total += batch.unwrap().num_rows();
    }
    let all = batches.counters().chunks;
    assert_eq!(total, 120 * 2_000);
    // One was fetched, two wait, and one is always made for who fetches.
    assert!(chunks * 2 < all, "{chunks} of {all} chunks");
}

#[test]
fn threads_end_when_nobody_listens_and_the_first_error_in_order_wins() {
    let reader = large_file(40);
    let request = ScanRequest::new().with_form(Form::Narrow).with_threads(3);
    let limited = request.clone().with_limit(Some(10));
    let mut limited = scan(vec![reader.clone()], limited).unwrap();
    assert_eq!(
        limited
            .by_ref()
            .map(|b| b.unwrap().num_rows())
            .sum::<usize>(),
        10
    );
    drop(limited);
    let mut batches = scan(vec![reader.clone()], request.clone()).unwrap();
    assert!(batches.next().unwrap().is_ok());
    drop(batches);
    // The chunks of two devices are damaged: the error is that of the first one, whoever comes first.
    let mut bytes = vec![0; reader.size_bytes() as usize];
    reader.source().read_at(0, &mut bytes).unwrap();
    for device in [30, 9] {
        let index = reader.index().unwrap();
        let chunk = index.device(device).unwrap().timeseries(1).unwrap().chunks[0].offset as usize;
        bytes[chunk..chunk + 40].fill(0xee);
    }
    let damaged = read("damaged", bytes);
    for _ in 0..5 {
        let mut batches = scan(vec![damaged.clone()], request.clone()).unwrap();
        let mut rows = 0;
        let e = loop {
            match batches.next().unwrap() {
                Ok(batch) => rows += batch.num_rows(),
                Err(e) => break e,
            }
        };
        assert!(e.to_string().contains("root.d009"), "{e}");
        assert!(rows <= 9 * 2_000 && batches.next().is_none());
    }
}

/// All rows of a request.
fn all(reader: &TsFileReader, request: &ScanRequest) -> RecordBatch {
    let scan = scan(vec![reader.clone()], request.clone()).unwrap();
    let schema = scan.schema();
    let batches: Vec<RecordBatch> = scan.map(|batch| batch.unwrap()).collect();
    concat_batches(&schema, &batches).unwrap()
}

#[test]
fn threads_read_about_the_bytes_that_one_reads() {
    let mut content = Content::new();
    for device in 0..6_000i64 {
        let tags = vec![Some("s".to_string()), Some(format!("u{device:05}"))];
        for time in 0..20i64 {
            let value = (time * 977 + device + 1).wrapping_mul(-7_046_029_254_386_353_131);
            content.insert((tags.clone(), time), [Some(value); 3]);
        }
    }
    let reader = written("small devices", &content, true, WriteOptions::default());
    let mut bytes = vec![0; reader.size_bytes() as usize];
    reader.source().read_at(0, &mut bytes).unwrap();
    let counted = |threads: usize| -> (RecordBatch, ReadCounts) {
        let source = CountingSource::new(MemorySource::new(bytes.clone()));
        let reader = TsFileReader::new(source.clone(), "counted", ReadOptions::default()).unwrap();
        reader.index().unwrap();
        let before = source.counts();
        let request = ScanRequest::new().with_threads(threads);
        let rows = all(&reader, &request);
        let after = source.counts();
        let counts = ReadCounts {
            reads: after.reads - before.reads,
            bytes: after.bytes - before.bytes,
        };
        (rows, counts)
    };
    let (rows, one) = counted(1);
    assert_eq!(rows.num_rows(), 6_000 * 20);
    for threads in [2, 5] {
        let (same, several) = counted(threads);
        assert_eq!(same, rows);
        // Each split ends where the next one begins, and what was read ahead of that would be read again.
        assert!(
            several.bytes < one.bytes + one.bytes / 5,
            "{one:?} {several:?}"
        );
    }
}

#[test]
fn threads_look_at_very_many_devices_of_a_table() {
    let mut content = Content::new();
    for device in 0..60_000 {
        // Also those that have no second tag, and some without the first.
        let site = (device % 1000 > 0).then(|| format!("s{}", device % 7));
        let unit = (device % 3 > 0).then(|| format!("u{device}"));
        content.insert((vec![site, unit], device), [Some(device), None, Some(1)]);
    }
    let reader = written("many", &content, true, WriteOptions::default());
    let request = ScanRequest::new().with_table(Some("t"));
    for request in [
        request.clone(),
        request
            .clone()
            .with_filter(Some("x < 50000".parse().unwrap())),
        request.with_device_filter(|device| device.tag(0).is_some()),
    ] {
        let one = all(&reader, &request);
        assert!(one.num_rows() > 40_000);
        for threads in [2, 3, 8] {
            let several = all(&reader, &request.clone().with_threads(threads));
            assert_eq!(several, one);
        }
    }
}
