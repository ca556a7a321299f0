//! Everything that can be asked of a file, once.

use crate::memory::{memory_limit, peak_of};
use std::panic::{AssertUnwindSafe, catch_unwind};
use tsfile::io::MemorySource;
use tsfile::model::{DeviceId, Model, Statistics};
use tsfile::read::{Limits, Window};
use tsfile::scan::{
    DateMode, Form, Rows, ScanCounters, ScanRequest, SummaryRequest, TextMode, TimeAs, TimeUnit,
    plan, scan, summarize,
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
#[derive(Debug, Clone, Copy, Default)]
pub struct Manner {
    pub recover: bool,
    /// Text that is no UTF-8 and dates that do not exist are shown somehow instead of ending the scan.
    pub lenient: bool,
    pub wide: bool,
    /// Each batch is held until the next one came, which then cannot use its memory.
    pub hold: bool,
    /// Rows of the tree forms exist where a selected series has a point.
    pub projected: bool,
    /// Only times between the first and the last of the first series, so that pages are cut or passed over.
    pub inner_times: bool,
    /// Batches of a few rows.
    pub small_batches: bool,
    /// Text as bytes, dates as numbers, and times as points in time.
    pub other_types: bool,
    /// Pages of more than [`SMALL_PAGE_POINTS`] are refused, which makes a visit short.
    pub small_pages: bool,
}

/// Points of a page at most, when pages are to be small.
const SMALL_PAGE_POINTS: usize = 4096;
/// Bytes of a page at most, when pages are to be small.
const SMALL_PAGE_BYTES: usize = 64 << 10;
/// Bytes of a small batch.
const SMALL_BATCH_BYTES: usize = 200;

impl Manner {
    /// How files are opened.
    pub fn options(self) -> ReadOptions {
        let options = ReadOptions::new().with_recover(self.recover);
        if self.small_pages {
            options
                .with_max_page_points(SMALL_PAGE_POINTS)
                .with_max_page_bytes(SMALL_PAGE_BYTES)
        } else {
            options
        }
    }

    /// What is asked of them, but for the form.
    pub fn request(self, reader: &TsFileReader) -> ScanRequest {
        let mut request = ScanRequest::new();
        if self.lenient {
            request = request
                .with_text(TextMode::Lossy)
                .with_dates(DateMode::Null);
        }
        if self.other_types {
            request = request
                .with_text(TextMode::Binary)
                .with_dates(DateMode::Int)
                .with_time(TimeAs::Timestamp)
                .with_time_unit(TimeUnit::Ns);
        }
        if self.inner_times {
            let series = reader.index().ok().and_then(|i| i.device(0));
            let series = series.and_then(|d| d.timeseries(0).ok());
            if let Some((start, end)) = series.and_then(|s| s.statistics.time_range()) {
                request = request.with_time_range(start.saturating_add(1), end.saturating_sub(1));
            }
        }
        if self.small_batches {
            request = request.with_batch_bytes(SMALL_BATCH_BYTES);
        }
        request
    }
}

/// Opens, walks and scans `bytes`; `Err` when a promise was broken.
pub fn visit(bytes: &[u8], manner: Manner) -> Result<Outcome, String> {
    promised(bytes, manner, |visitor| {
        if let Some(reader) = visitor.open(bytes) {
            visitor.parts(bytes);
            visitor.walk(&reader);
            visitor.scans(&reader);
            visitor.summaries(&reader);
        }
    })
}

/// As [`visit`], without a scan.
#[allow(dead_code, reason = "for the fuzzers")]
pub fn look(bytes: &[u8], manner: Manner) -> Result<Outcome, String> {
    promised(bytes, manner, |visitor| {
        if let Some(reader) = visitor.open(bytes) {
            visitor.walk(&reader);
        }
    })
}

fn promised(
    bytes: &[u8],
    manner: Manner,
    go: impl FnOnce(&mut Visitor),
) -> Result<Outcome, String> {
    let (result, peak) = peak_of(|| {
        catch_unwind(AssertUnwindSafe(|| {
            let mut visitor = Visitor {
                manner,
                outcome: Outcome::default(),
                broken: None,
            };
            go(&mut visitor);
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

/// What statistics say, which nobody checks but must not overflow.
fn said(s: &Statistics) {
    std::hint::black_box((
        s.time_range(),
        s.first(),
        s.last(),
        s.min(),
        s.max(),
        s.sum(),
    ));
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

    fn open(&mut self, bytes: &[u8]) -> Option<TsFileReader> {
        let options = self.manner.options();
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
        self.note(opened)
    }

    /// Some devices, of which nothing is in memory, and the rows of one.
    fn parts(&mut self, bytes: &[u8]) {
        let Some(reader) = self.open(bytes) else {
            return;
        };
        let Some(listed) = self.note(reader.device_ids()) else {
            return;
        };
        let wanted: Vec<DeviceId> = listed.iter().step_by(3).cloned().collect();
        let Some(found) = self.note(reader.lookup(&wanted)) else {
            return;
        };
        if !found.devices().all(|d| wanted.contains(d.id())) {
            self.broken
                .get_or_insert_with(|| "a look-up gives devices that nobody asked for".into());
        }
        self.note(reader.index_where(|id| wanted.contains(id)));
        let positions: Vec<u32> = (0..found.device_count() as u32).collect();
        if let Some(extents) = self.note(found.extents(&positions)).flatten() {
            self.note(reader.index_at(&extents));
        }
        if let Some(device) = wanted.first().filter(|d| reader.model_of(d) == Model::Tree) {
            let request = self.manner.request(&reader).with_form(Form::Narrow);
            // Rows of the file are counted where all of it is read.
            let before = self.outcome.rows;
            self.scan(&reader, request.with_devices(vec![device.path()]));
            self.outcome.rows = before;
        }
    }

    /// Devices, index, statistics, chunk and page headers, bloom filter.
    fn walk(&mut self, reader: &TsFileReader) {
        let listed = self.note(reader.device_ids());
        let Some(index) = self.note(reader.index()) else {
            return;
        };
        if listed.is_some_and(|l| !l.iter().eq(index.devices().map(|d| d.id()))) {
            self.broken
                .get_or_insert_with(|| "the index has other devices than its device nodes".into());
        }
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
                said(&series.statistics);
                for chunk in &series.chunks {
                    said(series.chunk_statistics(chunk));
                    self.note(reader.chunk_header(&mut window, chunk.offset));
                    self.note(reader.page_headers(&mut window, chunk.offset));
                }
            }
        }
    }

    fn scans(&mut self, reader: &TsFileReader) {
        let request = self.manner.request(reader);
        let rows = if self.manner.projected {
            Rows::Projected
        } else {
            Rows::All
        };
        // Which form suits the file.
        self.note(scan(vec![reader.clone()], request.clone()));
        let wide = request.clone().with_form(Form::Wide).with_rows(rows);
        let narrow = request.clone().with_form(Form::Narrow).with_rows(rows);
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
        let planned = plan(vec![reader.clone()], request).and_then(|plan| {
            self.note(plan.answers());
            plan.scan()
        });
        let mut scan = match planned {
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
