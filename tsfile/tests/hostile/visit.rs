//! Everything that can be asked of a file, once.

use crate::memory::{memory_limit, peak_of};
use std::panic::{AssertUnwindSafe, catch_unwind};
use tsfile::io::MemorySource;
use tsfile::model::Model;
use tsfile::read::{Limits, Window};
use tsfile::scan::{
    DateMode, Form, Rows, ScanCounters, ScanRequest, SummaryRequest, TextMode, scan, summarize,
};
use tsfile::{Error, ErrorKind, ReadOptions, TsFileReader};

/// The name under which files are opened; every error has to name it.
pub const NAME: &str = "hostile.tsfile";

/// How a visit went.
#[derive(Debug, Default, Clone, Copy)]
pub struct Outcome {
    /// Bytes of memory at most.
    pub peak: usize,
    pub errors: u64,
    /// Scans that came to their end.
    pub results: u64,
    pub rows: u64,
}

/// What a visit does beside the usual.
#[derive(Debug, Clone, Copy)]
pub struct Manner {
    pub recover: bool,
    /// Text that is no UTF-8 and dates that do not exist are shown somehow instead of ending the scan.
    pub lenient: bool,
    pub wide: bool,
    /// Each batch is held until the next one came, which then cannot use its memory.
    pub hold: bool,
}

/// Opens, walks and scans `bytes`; `Err` when a promise was broken.
pub fn visit(bytes: &[u8], manner: Manner) -> Result<Outcome, String> {
    let (result, peak) = peak_of(|| {
        catch_unwind(AssertUnwindSafe(|| {
            let mut visitor = Visitor {
                manner,
                outcome: Outcome::default(),
                broken: None,
            };
            visitor.file(bytes);
            (visitor.outcome, visitor.broken)
        }))
    });
    let (outcome, broken) = result.map_err(|p| {
        let text = p.downcast_ref::<String>().map(String::as_str);
        let text = text.or(p.downcast_ref::<&str>().copied());
        format!("panic: {}", text.unwrap_or("?"))
    })?;
    if let Some(broken) = broken {
        return Err(broken);
    }
    if peak > memory_limit(bytes.len()) {
        return Err(format!(
            "{peak} bytes of memory for a file of {}; at most {}",
            bytes.len(),
            memory_limit(bytes.len())
        ));
    }
    Ok(Outcome { peak, ..outcome })
}

struct Visitor {
    manner: Manner,
    outcome: Outcome,
    broken: Option<String>,
}

impl Visitor {
    fn error(&mut self, e: &Error) {
        self.outcome.errors += 1;
        // What is asked wrongly is no fault of a file.
        if e.kind() != ErrorKind::Argument && e.file() != Some(NAME) {
            self.broken
                .get_or_insert_with(|| format!("an error that does not name the file: {e}"));
        }
    }

    fn note<T>(&mut self, result: Result<T, Error>) -> Option<T> {
        match result {
            Ok(v) => Some(v),
            Err(e) => {
                self.error(&e);
                None
            }
        }
    }

    fn file(&mut self, bytes: &[u8]) {
        let options = ReadOptions::new().with_recover(self.manner.recover);
        let source = MemorySource::new(bytes);
        let opened = TsFileReader::new(source.clone(), NAME, options.clone());
        let opened = match opened {
            // The footer is what a mutation likes to hit; the rest is worth a look all the same.
            Err(e) if e.kind() == ErrorKind::Unsealed => {
                self.error(&e);
                TsFileReader::new(source, NAME, options.with_recover(true))
            }
            other => other,
        };
        let Some(reader) = self.note(opened) else {
            return;
        };
        self.walk(&reader);
        self.scans(&reader);
        self.summaries(&reader);
    }

    /// Devices, index, statistics, chunk and page headers, bloom filter.
    fn walk(&mut self, reader: &TsFileReader) {
        self.note(reader.device_ids());
        let Some(index) = self.note(reader.index()) else {
            return;
        };
        let filter = self.note(reader.bloom_filter()).flatten();
        let mut window = Window::default();
        for device in index.devices() {
            for k in 0..device.series_count() {
                self.note(device.series(k));
                let Some(series) = self.note(device.timeseries(k)) else {
                    continue;
                };
                if let Some(filter) = &filter {
                    filter.might_contain(&series.measurement);
                }
                for chunk in &series.chunks {
                    self.note(reader.chunk_header(&mut window, chunk.offset));
                    self.note(reader.page_headers(&mut window, chunk.offset));
                }
            }
        }
    }

    fn scans(&mut self, reader: &TsFileReader) {
        let request = if self.manner.lenient {
            ScanRequest::new()
                .with_text(TextMode::Lossy)
                .with_dates(DateMode::Null)
        } else {
            ScanRequest::new()
        };
        let wide = request.clone().with_form(Form::Wide);
        let narrow = request.clone().with_form(Form::Narrow);
        if self.manner.wide {
            self.scan(reader, wide.clone());
        } else if self.scan(reader, narrow.clone()) == Some(ErrorKind::Schema) {
            // Measurements whose types differ between devices: one device at a time, and wide.
            self.scan(reader, wide);
            for device in reader.index().into_iter().flat_map(|i| i.devices()) {
                if reader.model_of(device.id()) == Model::Tree {
                    let one = narrow.clone().with_devices(vec![device.id().path()]);
                    self.scan(reader, one.with_rows(Rows::Projected));
                }
            }
        }
        let mut tables: Vec<&str> = reader.tables().map(|t| t.name.as_str()).collect();
        tables.dedup();
        for table in tables {
            let table = request
                .clone()
                .with_form(Form::Table)
                .with_table(Some(table));
            self.scan(reader, table);
        }
    }

    /// Everything summed up, and what lies in a range that cuts chunks.
    fn summaries(&mut self, reader: &TsFileReader) {
        let mut tables: Vec<Option<&str>> = reader.tables().map(|t| Some(&*t.name)).collect();
        tables.push(None);
        tables.dedup();
        for table in tables {
            let request = SummaryRequest::new().with_table(table);
            for request in [request.clone(), request.with_time_range(3, 1_002)] {
                let Some(mut all) = self.note(summarize(reader, request)) else {
                    continue;
                };
                for device in all.by_ref() {
                    self.note(device);
                }
                // Series, rows, and pages that the range cuts.
                let mut limits = reader.limits();
                limits.values *= 3;
                limits.decompressed_bytes *= 3;
                self.work(&limits, all.counters());
            }
        }
    }

    /// The kind of the error that ended the scan before its first row.
    fn scan(&mut self, reader: &TsFileReader, request: ScanRequest) -> Option<ErrorKind> {
        let mut scan = match scan(vec![reader.clone()], request) {
            Ok(scan) => scan,
            Err(e) => {
                self.error(&e);
                return Some(e.kind());
            }
        };
        let mut failed = false;
        let mut held = Vec::new();
        for batch in scan.by_ref() {
            match batch {
                Ok(batch) => {
                    self.outcome.rows += batch.num_rows() as u64;
                    held.clear();
                    held.extend(self.manner.hold.then_some(batch));
                }
                Err(e) => {
                    failed = true;
                    self.error(&e);
                }
            }
        }
        self.outcome.results += u64::from(!failed);
        self.work(&reader.limits(), scan.counters());
        None
    }

    /// The work of a scan against what the size of the file justifies.
    fn work(&mut self, limits: &Limits, done: ScanCounters) {
        // The page that passes a limit is counted before it is refused.
        let values = limits.values + limits.page_points;
        if done.values > values || done.decompressed_bytes > limits.decompressed_bytes {
            self.broken.get_or_insert_with(|| {
                format!("more work than allowed: {done:?} against {limits:?}")
            });
        }
    }
}
