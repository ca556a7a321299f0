//! Pages and whole files from memory to record batches, beside a memcpy of as many bytes as the batches hold.
#![allow(missing_docs, reason = "the macros of criterion make public items")]

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use std::hint::black_box;
use std::time::Duration;
use tsfile::io::MemorySource;
use tsfile::model::Encoding;
use tsfile::scan::{Form, ScanRequest, scan};
use tsfile::{ReadOptions, TsFileReader};
use tsfile_benches::shapes;

fn open(source: &MemorySource) -> TsFileReader {
    TsFileReader::new(source.clone(), "memory", ReadOptions::default()).expect("a sound file")
}

/// Rows and bytes of all batches, each dropped before the next one.
fn read(source: &MemorySource, form: Form) -> (usize, usize) {
    let request = ScanRequest::new().with_form(form);
    let (mut rows, mut bytes) = (0, 0);
    for batch in scan(vec![open(source)], request).expect("a plan") {
        let batch = batch.expect("a batch");
        rows += batch.num_rows();
        // What the arrays hold, not how much memory stands behind them.
        bytes += batch
            .columns()
            .iter()
            .map(|c| c.to_data().get_slice_memory_size().unwrap_or(0))
            .sum::<usize>();
    }
    (rows, bytes)
}

fn measure(c: &mut Criterion, name: &str, form: Form, file: (Vec<u8>, u64)) {
    let (bytes, points) = file;
    let source = MemorySource::new(bytes);
    let (_, output) = read(&source, form);
    let mut g = c.benchmark_group(name);
    g.throughput(Throughput::Elements(points));
    g.bench_function("read", |b| b.iter(|| read(&source, form)));
    // Of one batch after another into the same memory, as a reader that only copied would work.
    let from = vec![1u8; output.min(4 << 20)];
    let mut to = from.clone();
    g.bench_function("memcpy", |b| {
        b.iter(|| {
            let mut left = output;
            while left > 0 {
                let n = left.min(from.len());
                black_box(&mut to[..n]).copy_from_slice(black_box(&from[..n]));
                left -= n;
            }
        });
    });
    g.finish();
}

fn made<E: std::fmt::Debug>(file: Result<(Vec<u8>, u64), E>) -> (Vec<u8>, u64) {
    file.expect("memory does not fail")
}

fn pages(c: &mut Criterion) {
    const ROWS: usize = shapes::PAGE_ROWS;
    for encoding in [Encoding::Plain, Encoding::Ts2Diff, Encoding::Gorilla] {
        let of = encoding.name().to_lowercase();
        let file = made(shapes::wide(Vec::new(), 1, ROWS, ROWS, encoding));
        measure(
            c,
            &format!("page/aligned/f64/{of}/10^4"),
            Form::Narrow,
            file,
        );
    }
    let file = made(shapes::plain(Vec::new(), 1, ROWS, ROWS));
    measure(c, "page/plain/f64/ts_2diff/10^4", Form::Narrow, file);
}

fn files(c: &mut Criterion) {
    let devops = made(shapes::devops(Vec::new(), 4, 50_000));
    measure(c, "file/devops/table/4x50000", Form::Table, devops);
    for encoding in [Encoding::Plain, Encoding::Ts2Diff, Encoding::Gorilla] {
        let of = encoding.name().to_lowercase();
        let file = made(shapes::wide(Vec::new(), 50, 50_000, 50_000, encoding));
        measure(c, &format!("file/wide/{of}/50x50000"), Form::Wide, file);
    }
    let file = made(shapes::random(
        Vec::new(),
        10,
        100_000,
        100_000,
        Encoding::Gorilla,
    ));
    measure(c, "file/random/gorilla/10x100000", Form::Narrow, file);
    let file = made(shapes::tiny(Vec::new(), 10_000));
    measure(c, "file/tiny/narrow/10000x20", Form::Narrow, file);
    let file = made(shapes::plain(Vec::new(), 10, 100_000, 100_000));
    measure(c, "file/plain/narrow/10x100000", Form::Narrow, file.clone());
    measure(c, "file/plain/wide/10x100000", Form::Wide, file);
}

criterion_group! {
    name = benches;
    config = Criterion::default()
        .warm_up_time(Duration::from_millis(300))
        .measurement_time(Duration::from_secs(1))
        .sample_size(10);
    targets = pages, files
}
criterion_main!(benches);
