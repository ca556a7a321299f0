//! What writing takes stays within its limit, however many devices and rows there are.
#![expect(
    clippy::unwrap_used,
    reason = "helpers of tests are not recognised as tests"
)]

#[path = "hostile/memory.rs"]
#[allow(dead_code, reason = "the limits in it are for reading")]
mod memory;

use arrow_array::{ArrayRef, BooleanArray, Float64Array, Int64Array, RecordBatch, StringArray};
use memory::peak_of;
use std::sync::Arc;
use tsfile::io::Sink;
use tsfile::write::WriteSummary;
use tsfile::{TsFileWriter, WriteOptions};

const MIB: usize = 1 << 20;
const DEVICES: usize = 100_000;
const ROWS: usize = 20;

/// Takes everything and keeps nothing.
struct Nowhere;

impl Sink for Nowhere {
    fn name(&self) -> String {
        "nowhere".into()
    }
    fn append(&mut self, _: &[u8]) -> tsfile::Result<()> {
        Ok(())
    }
    fn sync(&mut self) -> tsfile::Result<()> {
        Ok(())
    }
    fn publish(&mut self) -> tsfile::Result<()> {
        Ok(())
    }
    fn sync_directory(&mut self) -> tsfile::Result<()> {
        Ok(())
    }
    fn discard(&mut self) {}
}

/// Rows of (device, round) pairs: a time per round, three values.
fn batch(pairs: &[(usize, usize)]) -> RecordBatch {
    let devices = pairs.iter().map(|(d, _)| format!("root.grid.meter{d:06}"));
    let times = pairs
        .iter()
        .map(|(d, r)| 1_700_000_000_000 + (*r as i64) * 900_000 + (*d % 59_999) as i64);
    let kwh = pairs
        .iter()
        .map(|(d, r)| (d % 4000) as f64 / 100.0 + *r as f64 * 0.25);
    let count = pairs.iter().map(|(d, r)| (d * 7 + r * 3) as i64);
    let ok = pairs.iter().map(|(d, r)| Some((d + r) % 50 != 0));
    RecordBatch::try_from_iter([
        (
            "time",
            Arc::new(Int64Array::from_iter_values(times)) as ArrayRef,
        ),
        (
            "device_name",
            Arc::new(StringArray::from_iter_values(devices)),
        ),
        ("kwh", Arc::new(Float64Array::from_iter_values(kwh))),
        ("count", Arc::new(Int64Array::from_iter_values(count))),
        ("ok", Arc::new(BooleanArray::from_iter(ok))),
    ])
    .unwrap()
}

fn write(pairs: impl Iterator<Item = (usize, usize)>, limit: usize) -> WriteSummary {
    let options = WriteOptions::default().with_memory_limit(limit);
    let mut pairs = pairs.peekable();
    let schema = batch(&[]).schema();
    let mut writer = TsFileWriter::start(Box::new(Nowhere), schema, options).unwrap();
    while pairs.peek().is_some() {
        let some: Vec<_> = pairs.by_ref().take(32_768).collect();
        writer.write(&batch(&some)).unwrap();
    }
    writer.finish().unwrap()
}

#[test]
fn a_hundred_thousand_devices_one_after_another() {
    let pairs = (0..DEVICES).flat_map(|d| (0..ROWS).map(move |r| (d, r)));
    let (summary, peak) = peak_of(|| write(pairs, 128 * MIB));
    assert_eq!(
        (summary.devices, summary.rows),
        (DEVICES as u64, (DEVICES * ROWS) as u64)
    );
    println!("peak {} MiB", peak / MIB);
    assert!(peak < 192 * MIB, "{} MiB", peak / MIB);
}

#[test]
fn a_hundred_thousand_devices_that_take_turns() {
    let pairs = (0..ROWS).flat_map(|r| (0..DEVICES).map(move |d| (d, r)));
    let (summary, peak) = peak_of(|| write(pairs, 128 * MIB));
    assert_eq!(
        (summary.devices, summary.rows),
        (DEVICES as u64, (DEVICES * ROWS) as u64)
    );
    println!(
        "peak {} MiB, {} chunk groups",
        peak / MIB,
        summary.chunk_groups
    );
    assert!(peak < 256 * MIB, "{} MiB", peak / MIB);
}

#[test]
fn many_rows_of_few_devices_within_a_small_limit() {
    let pairs = (0..1_000_000).flat_map(|r| (0..3).map(move |d| (d, r)));
    let (summary, peak) = peak_of(|| write(pairs, 16 * MIB));
    assert_eq!(summary.rows, 3_000_000);
    println!(
        "peak {} MiB, {} chunk groups",
        peak / MIB,
        summary.chunk_groups
    );
    assert!(summary.chunk_groups > 9);
    assert!(peak < 80 * MIB, "{} MiB", peak / MIB);
}
