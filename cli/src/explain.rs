//! What `explain` prints beside the plan: the work that a scan was, and all of it as JSON.

use std::time::Duration;

use serde_json::{Map, Value, json};
use tsfile::io::ReadCounts;
use tsfile::scan::{Dedup, Explain, Ordering, Rows, ScanCounters};

use crate::report::SCHEMA_VERSION;

/// What running a plan took.
pub struct Analysis {
    /// Threads that were asked for.
    pub threads: usize,
    /// Rows that came out.
    pub rows: u64,
    /// Work of the scan.
    pub work: ScanCounters,
    /// What was read until there was a plan.
    pub planned: ReadCounts,
    /// What was read in all.
    pub read: ReadCounts,
    /// How long opening and planning took.
    pub planning: Duration,
    /// How long the scan took.
    pub scanning: Duration,
}

impl Analysis {
    /// As text, below the plan.
    pub fn text(&self) -> String {
        let work = &self.work;
        let threads = match self.threads {
            1 => "1 thread".to_owned(),
            n => format!("{n} threads"),
        };
        [
            format!("analyzed with {threads}"),
            format!("  rows out      {}", self.rows),
            format!(
                "  rows tested   {} before all of their columns were decoded",
                work.rows_tested
            ),
            format!(
                "  chunks        {} opened, {} skipped by statistics",
                work.chunks, work.chunks_skipped
            ),
            format!(
                "  pages         {} decoded, {} skipped by their headers",
                work.pages, work.pages_skipped
            ),
            format!("  decompressed  {} bytes", work.decompressed_bytes),
            format!("  decoded       {} values and times", work.values),
            format!(
                "  read          {} bytes in {} requests; {} bytes in {} of them to open and plan",
                self.read.bytes, self.read.reads, self.planned.bytes, self.planned.reads
            ),
            format!(
                "  time taken    {:.4} s; {:.4} s of it to open and plan",
                (self.planning + self.scanning).as_secs_f64(),
                self.planning.as_secs_f64()
            ),
            String::new(),
        ]
        .join("\n")
    }

    fn json(&self) -> Value {
        let work = &self.work;
        json!({
            "threads": self.threads,
            "rows_out": self.rows,
            "rows_tested": work.rows_tested,
            "chunks_opened": work.chunks,
            "chunks_skipped": work.chunks_skipped,
            "pages_decoded": work.pages,
            "pages_skipped": work.pages_skipped,
            "decompressed_bytes": work.decompressed_bytes,
            "values_decoded": work.values,
            "read_requests": self.read.reads,
            "read_bytes": self.read.bytes,
            "planning_read_requests": self.planned.reads,
            "planning_read_bytes": self.planned.bytes,
            "planning_seconds": self.planning.as_secs_f64(),
            "scanning_seconds": self.scanning.as_secs_f64(),
        })
    }
}

/// One object. Times are decimal strings, since many JSON readers lose digits of large numbers.
pub fn json(explain: &Explain, analysis: Option<&Analysis>) -> Value {
    let filter = explain.filter.as_ref().map(|filter| {
        let branches = filter.branches.iter().map(|branch| {
            json!({
                "devices": branch.devices,
                "names": branch.names,
                "times": branch.times,
                "residual": branch.residual,
            })
        });
        json!({
            "asked": filter.asked,
            "normalized": filter.normalized,
            "branches": branches.collect::<Vec<_>>(),
            "tests": filter.work,
            "capped": filter.capped,
        })
    });
    let reads = explain.reads.iter().map(|reads| {
        json!({
            "device": reads.device,
            "time_column": reads.time_column,
            "values": reads.values,
            "tested": reads.tested,
            "siblings": reads.siblings,
        })
    });
    let levels = explain.levels.iter().map(|level| {
        let of =
            json!({"considered": level.considered, "skipped": level.skipped, "read": level.read});
        (level.name.to_owned(), of)
    });
    let splits = explain.splits.iter().map(|split| {
        json!({
            "devices": split.devices,
            "first_time": split.times.0.to_string(),
            "last_time": split.times.1.to_string(),
            "rows": split.rows,
            "bytes": split.bytes,
            "ordering": match split.ordering {
                Ordering::Time => "time",
                Ordering::DeviceTime => "device, time",
            },
        })
    });
    let mut all = json!({
        "schema_version": SCHEMA_VERSION,
        "files": explain.files,
        "dedup": match explain.dedup {
            Dedup::None => "none",
            Dedup::Last => "last",
        },
        "form": explain.form.name(),
        "table": explain.table,
        "columns": explain.columns,
        "rows": match explain.rows {
            Rows::All => "all",
            Rows::Projected => "projected",
        },
        "times": explain.times.map(|(first, last)| [first.to_string(), last.to_string()]),
        "filter": filter,
        "reads": reads.collect::<Vec<_>>(),
        "pruning": levels.collect::<Map<_, _>>(),
        "splits": splits.collect::<Vec<_>>(),
        "warnings": explain.warnings,
    });
    if let (Value::Object(all), Some(analysis)) = (&mut all, analysis) {
        all.insert("analyzed".to_owned(), analysis.json());
    }
    all
}
