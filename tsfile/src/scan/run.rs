//! The batches of a plan, from this thread or from several.

use super::merged::Reading;
use super::parallel::Parallel;
use super::plan::{ScanPlan, Shared, plan};
use super::request::ScanRequest;
use super::slice::RowSlice;
use super::split::Split;
use crate::Result;
use crate::model::Form;
use crate::read::context::ScanCounters;
use crate::read::{CancelToken, TsFileReader};
use arrow_array::RecordBatch;
use arrow_schema::SchemaRef;
use std::sync::Arc;

/// Record batches of a scan; ends after the first error.
#[derive(Debug)]
pub struct Scan {
    shared: Arc<Shared>,
    rows: Rows,
}

#[derive(Debug)]
enum Rows {
    Single(Reading),
    Parallel {
        threads: Parallel,
        slice: RowSlice,
        failed: bool,
    },
}

/// Plans `request` over `readers` and starts reading, see [`plan`].
///
/// # Errors
/// As [`plan`].
pub fn scan(readers: Vec<TsFileReader>, request: ScanRequest) -> Result<Scan> {
    plan(readers, request)?.scan()
}

impl Scan {
    /// All of `plan`.
    pub(super) fn new(plan: &ScanPlan) -> Result<Self> {
        let shared = plan.shared.clone();
        let (offset, limit) = (shared.request.offset, shared.request.limit);
        let rows = match plan.thread_splits()? {
            Some((splits, threads)) => Rows::Parallel {
                threads: Parallel::start(plan.clone(), splits, threads)?,
                slice: RowSlice::new(offset, limit),
                failed: false,
            },
            None => Rows::Single(Reading::of_plan(plan)?),
        };
        Ok(Self { shared, rows })
    }

    /// One split of `plan`.
    pub(super) fn of_split(plan: &ScanPlan, split: &Split, cancel: CancelToken) -> Self {
        Self {
            shared: plan.shared.clone(),
            rows: Rows::Single(Reading::of_split(plan, split, cancel)),
        }
    }

    /// Schema of every batch, see [`ScanPlan::schema`](super::ScanPlan::schema).
    pub fn schema(&self) -> SchemaRef {
        self.shared.columns.schema.clone()
    }

    /// The form that rows have.
    pub fn form(&self) -> Form {
        self.shared.columns.form
    }

    /// The table that is read, in the table form.
    pub fn table(&self) -> Option<&str> {
        self.shared.columns.table.as_deref()
    }

    /// What a host may stumble over, such as names that differ only by case.
    pub fn warnings(&self) -> &[String] {
        &self.shared.columns.warnings
    }

    /// Work done so far; of threads that of the splits which they are done with.
    pub fn counters(&self) -> ScanCounters {
        match &self.rows {
            Rows::Single(single) => single.counters(),
            Rows::Parallel { threads, .. } => threads.counters(),
        }
    }

    /// How many of the rows that [`ScanRequest::with_offset`] passes over have not come yet: at the end of the scan, how many there were too
    /// few.
    pub fn missing_offset(&self) -> u64 {
        match &self.rows {
            Rows::Single(single) => single.missing_offset(),
            Rows::Parallel { slice, .. } => slice.missing(),
        }
    }
}

impl Iterator for Scan {
    type Item = Result<RecordBatch>;

    fn next(&mut self) -> Option<Self::Item> {
        match &mut self.rows {
            Rows::Single(single) => single.next(),
            Rows::Parallel {
                threads,
                slice,
                failed,
            } => loop {
                if *failed || slice.is_filled(0) {
                    threads.stop();
                    return None;
                }
                let batch = match threads.next()? {
                    Ok(batch) => batch,
                    Err(e) => {
                        *failed = true;
                        return Some(Err(e));
                    }
                };
                if slice.is_skipping() && slice.pass(batch.num_rows()) {
                    continue;
                }
                let (first, given) = slice.take(batch.num_rows());
                if given > 0 {
                    return Some(Ok(batch.slice(first, given)));
                }
            },
        }
    }
}
