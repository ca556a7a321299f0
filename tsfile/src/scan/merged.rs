//! Devices one after the other, each with its rows of several files by time.
//!
//! Where rows of several files become one, a filter can say nothing of a value before it is known that no later file has another: what is
//! read of each file are then all columns, shown or not, at the times that the filter leaves, and the filter is asked of what comes out.

use super::columns::{Columns, Slot};
use super::filter::{Branch, Place};
use super::lent::Lent;
use super::merge_files::{Dedup, MergeFiles};
use super::plan::{FileWork, ScanPlan, Shared};
use super::request::Rows;
use super::rows::present;
use super::single::{Filtered, Single, max_rows};
use super::split::{Part, Split};
use crate::filter::Predicate;
use crate::model::Form;
use crate::read::CancelToken;
use crate::read::buffers::Buffers;
use crate::read::context::ScanCounters;
use crate::{Error, Result};
use arrow_array::{Array, BooleanArray, RecordBatch};
use arrow_schema::{Field, Schema};
use arrow_select::filter::filter_record_batch;
use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

/// First and last time, both inclusive.
type Times = (i64, i64);

/// The rows of a split, or of a plan: files one after the other, or devices of which files are merged.
#[derive(Debug)]
pub(super) enum Reading {
    Files(Box<Single>),
    Devices(Box<Merged>),
}

impl Reading {
    /// All of a plan.
    pub(super) fn of_plan(plan: &ScanPlan) -> Result<Self> {
        if plan.merges_files() {
            let parts = super::split::in_one(plan.device_groups()?);
            return Ok(Self::Devices(Box::new(Merged::new(plan, parts))));
        }
        let single = Single::new(plan.shared.clone(), plan.files.to_vec());
        Ok(Self::Files(Box::new(single)))
    }

    /// One split: what is passed over is counted by whoever puts the splits together.
    pub(super) fn of_split(plan: &ScanPlan, split: &Split, cancel: CancelToken) -> Self {
        if split.parts.iter().any(|part| part.joined) {
            let mut merged = Merged::new(plan, split.parts.clone());
            merged.is_part(cancel);
            return Self::Devices(Box::new(merged));
        }
        let files = split.parts.iter().filter_map(|part| plan.work(part));
        let mut single = Single::new(plan.shared.clone(), files.collect());
        single.is_part(cancel);
        Self::Files(Box::new(single))
    }

    /// Shares the memory of batches with other splits, where batches are given on as they are made, and reads in that of the split before.
    pub(super) fn share(&mut self, lent: &Arc<Lent>, buffers: Buffers) {
        if let Self::Files(single) = self {
            single.share(lent, buffers);
        }
    }

    /// The memory that it read in, for the next split.
    pub(super) fn into_buffers(self) -> Buffers {
        match self {
            Self::Files(single) => single.into_buffers(),
            Self::Devices(_) => Buffers::default(),
        }
    }

    /// Work done so far.
    pub(super) fn counters(&self) -> ScanCounters {
        match self {
            Self::Files(single) => single.counters(),
            Self::Devices(merged) => merged.counters(),
        }
    }

    /// How many of the rows to be passed over have not come yet.
    pub(super) fn missing_offset(&self) -> u64 {
        match self {
            Self::Files(single) => single.missing_offset(),
            Self::Devices(merged) => merged.out.missing(),
        }
    }
}

impl Iterator for Reading {
    type Item = Result<RecordBatch>;

    fn next(&mut self) -> Option<Self::Item> {
        match self {
            Self::Files(single) => single.next(),
            Self::Devices(merged) => merged.next(),
        }
    }
}

/// Record batches of devices that several files hold; ends after the first error.
#[derive(Debug)]
pub(super) struct Merged {
    plan: ScanPlan,
    /// What is read of each file where rows become one.
    raw: Option<Arc<Shared>>,
    parts: VecDeque<Part>,
    at: Option<Device>,
    out: Filtered,
    max_rows: usize,
    counters: ScanCounters,
    cancel: CancelToken,
    failed: bool,
}

/// What is read at a time: a device of several files, or devices of one.
#[derive(Debug)]
struct Device {
    rows: DeviceRows,
    /// What the rows have to pass, of all columns.
    test: Option<Arc<Predicate>>,
    counters: Vec<Counters>,
}

#[derive(Debug)]
enum DeviceRows {
    OneFile(Box<Single>),
    Files(Box<MergeFiles<Counted>>),
}

type Counters = Arc<Mutex<ScanCounters>>;

/// One of several files; says what it did as long as somebody asks, also when it is done.
#[derive(Debug)]
struct Counted {
    single: Single,
    counters: Counters,
}

impl Iterator for Counted {
    type Item = Result<RecordBatch>;

    fn next(&mut self) -> Option<Self::Item> {
        let next = self.single.next();
        let mut counters = self.counters.lock().unwrap_or_else(PoisonError::into_inner);
        *counters = self.single.counters();
        next
    }
}

impl Merged {
    fn new(plan: &ScanPlan, parts: Vec<Part>) -> Self {
        let shared = &plan.shared;
        let max_rows = max_rows(shared);
        let (offset, limit) = (shared.request.offset, shared.request.limit);
        Self {
            raw: (shared.request.dedup != Dedup::None).then(|| Arc::new(raw(shared))),
            parts: parts.into(),
            at: None,
            out: Filtered::new(offset, limit, max_rows),
            max_rows,
            counters: ScanCounters::default(),
            cancel: shared.request.cancel.clone(),
            failed: false,
            plan: plan.clone(),
        }
    }

    fn is_part(&mut self, cancel: CancelToken) {
        self.out.is_part(&self.plan.shared.request);
        self.cancel = cancel;
    }

    fn counters(&self) -> ScanCounters {
        let mut all = self.counters;
        if let Some(at) = &self.at {
            all.add(&at.counters());
        }
        all
    }

    fn next_batch(&mut self) -> Result<Option<RecordBatch>> {
        let batch_bytes = self.plan.shared.request.batch_bytes;
        while !self.out.is_filled() {
            if self.at.is_none() && !self.open_next()? {
                break;
            }
            let Some(at) = &mut self.at else { break };
            let Some(batch) = at.next().transpose()? else {
                self.counters.add(&at.counters());
                self.at = None;
                continue;
            };
            let batch = self.shown(batch)?;
            if batch.num_rows() == 0 {
                continue;
            }
            if let Some(batch) = self.out.take(batch, self.max_rows, batch_bytes)? {
                return Ok(Some(batch));
            }
        }
        self.out.rest()
    }

    /// Goes on to the next device; false when there is none.
    fn open_next(&mut self) -> Result<bool> {
        let Some(first) = self.parts.pop_front() else {
            return Ok(false);
        };
        let mut works: Vec<FileWork> = self.plan.work(&first).into_iter().collect();
        while self.parts.front().is_some_and(|part| part.joined) {
            let part = self.parts.pop_front();
            works.extend(part.and_then(|part| self.plan.work(&part)));
        }
        self.at = Some(match works.len() {
            // No other file has these devices.
            1 => Device {
                rows: DeviceRows::OneFile(Box::new(self.single(&self.plan.shared, works))),
                test: None,
                counters: Vec::new(),
            },
            _ => self.device(works)?,
        });
        Ok(true)
    }

    fn single(&self, shared: &Arc<Shared>, works: Vec<FileWork>) -> Single {
        let mut single = Single::new(shared.clone(), works);
        single.is_part(self.cancel.clone());
        single
    }

    fn device(&self, works: Vec<FileWork>) -> Result<Device> {
        let (test, times) = match &self.raw {
            Some(_) => self.test(&works)?,
            None => (None, (i64::MIN, i64::MAX)),
        };
        let shared = self.raw.as_ref().unwrap_or(&self.plan.shared);
        let mut files = Vec::with_capacity(works.len());
        let mut all = Vec::with_capacity(works.len());
        let number = works.len();
        let mut held_bytes = 0;
        for mut work in works {
            work.slice = (work.slice.0.max(times.0), work.slice.1.min(times.1));
            let first = first_time(&work).map_err(|e| work.reader.in_file(e))?;
            let counters = Counters::default();
            all.push(counters.clone());
            let mut single = self.single(shared, vec![work]);
            single.is_one_of(number);
            held_bytes += 2 * single.batch_bytes();
            files.push((first, Counted { single, counters }));
        }
        let schema = shared.columns.schema.clone();
        let merge = MergeFiles::new(schema, files, shared.request.dedup, self.max_rows)
            .with_held_bytes(held_bytes);
        Ok(Device {
            rows: DeviceRows::Files(Box::new(merge)),
            test,
            counters: all,
        })
    }

    /// What the filter asks of the rows of the device that `works` hold, or in the wide form of all rows, and the first and the last time at
    /// which it can hold.
    fn test(&self, works: &[FileWork]) -> Result<(Option<Arc<Predicate>>, Times)> {
        let shared = &self.plan.shared;
        let (Some(filter), Some(work)) = (&shared.filter, works.first()) else {
            return Ok((None, (i64::MIN, i64::MAX)));
        };
        let index = work.reader.index()?;
        let position = work.devices.positions.first();
        let device = position.and_then(|&p| index.device(p as usize));
        let predicate = match device {
            Some(device) if shared.columns.form != Form::Wide => {
                filter.of_device(&filter.predicate, device.id(), &device.id().path())
            }
            _ => filter.predicate.clone(),
        };
        let (times, _) = predicate.split_times(filter.time());
        let spans = times.spans();
        let times = match (spans.first(), spans.last()) {
            (Some(first), Some(last)) => (first.0, last.1),
            // No time at all.
            _ => (i64::MAX, i64::MIN),
        };
        let test = (predicate != Predicate::Always).then(|| Arc::new(predicate));
        Ok((test, times))
    }

    /// The rows of a batch that pass the filter, and of those the columns that are shown.
    fn shown(&self, batch: RecordBatch) -> Result<RecordBatch> {
        let shared = &self.plan.shared;
        let of_several = self.at.as_ref().filter(|at| at.is_of_files());
        let (Some(raw), Some(at)) = (&self.raw, of_several) else {
            return Ok(batch);
        };
        let slots = &raw.columns.slots;
        let column_of = |value: usize| {
            let slot = slots.iter().position(|s| *s == Slot::Value(value))?;
            batch.columns().get(slot + 1)
        };
        let mut kept = None;
        if let (Some(test), Some(filter)) = (&at.test, &shared.filter) {
            let array = |column: usize| -> Option<&dyn Array> {
                match filter.places.get(column)? {
                    Place::Time => batch.columns().first().map(|a| &**a),
                    Place::Value(value) => column_of(*value).map(|a| &**a),
                    Place::Device | Place::Tag(_) => None,
                }
            };
            kept = Some(test.evaluate(batch.num_rows(), &array)?);
        }
        if shared.has_unseen_rows() {
            let shown = (0..shared.columns.values.len()).filter_map(column_of);
            let present = present(shown, batch.num_rows());
            kept = Some(kept.map_or(present.clone(), |kept| &kept & &present));
        }
        let failed =
            |e: arrow_schema::ArrowError| Error::argument(format!("cannot build a batch: {e}"));
        let shown: Vec<usize> = (0..shared.columns.schema.fields().len()).collect();
        let batch = batch.project(&shown).map_err(failed)?;
        let batch = match kept {
            Some(kept) => filter_record_batch(&batch, &BooleanArray::new(kept, None)),
            None => Ok(batch),
        };
        // The same columns as those of every other batch, with their metadata.
        let batch = batch.and_then(|batch| batch.with_schema(shared.columns.schema.clone()));
        batch.map_err(failed)
    }
}

impl Iterator for Merged {
    type Item = Result<RecordBatch>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.failed {
            return None;
        }
        let next = self.next_batch().transpose();
        self.failed = matches!(next, None | Some(Err(_)));
        next
    }
}

impl Device {
    fn next(&mut self) -> Option<Result<RecordBatch>> {
        match &mut self.rows {
            DeviceRows::OneFile(single) => single.next(),
            DeviceRows::Files(merge) => merge.next(),
        }
    }

    fn is_of_files(&self) -> bool {
        matches!(self.rows, DeviceRows::Files(_))
    }

    fn counters(&self) -> ScanCounters {
        let mut all = match &self.rows {
            DeviceRows::OneFile(single) => single.counters(),
            DeviceRows::Files(_) => ScanCounters::default(),
        };
        for counters in &self.counters {
            all.add(&counters.lock().unwrap_or_else(PoisonError::into_inner));
        }
        all
    }
}

/// What is read of each of the files whose rows become one: no row is dropped by its values, nor are any counted.
pub(super) fn raw(shared: &Shared) -> Shared {
    let mut request = shared.request.clone();
    (request.offset, request.filter) = (0, None);
    if shared.filter.is_some() || shared.has_unseen_rows() {
        request.limit = None;
    } else {
        let limit = shared.request.limit;
        request.limit = limit.map(|limit| limit.saturating_add(shared.request.offset));
    }
    // Where the filter drops rows without a value, siblings need not be looked at.
    let seen = |branch: &Branch| !shared.needs_siblings(&branch.residual);
    if shared.filter.is_some() && shared.branches.iter().all(seen) {
        request.rows = Rows::Projected;
    }
    let columns = &shared.columns;
    let mut slots = columns.slots.clone();
    let mut fields: Vec<_> = columns.schema.fields().iter().cloned().collect();
    for (number, value) in shared.values.iter().enumerate() {
        if number >= columns.values.len() {
            slots.push(Slot::Value(number));
            let shown = Columns::column_type(&request, value.data_type).arrow();
            fields.push(Arc::new(Field::new(&value.name, shown, true)));
        }
    }
    let branches = shared.branches.iter().map(|branch| Branch {
        times: branch.times.clone(),
        residual: Arc::new(Predicate::Always),
        keyed: false,
        devices: branch.devices,
    });
    Shared {
        columns: Columns {
            form: columns.form,
            table: columns.table.clone(),
            values: shared.values.clone(),
            slots,
            schema: Arc::new(Schema::new(fields)),
            warnings: Vec::new(),
        },
        values: shared.values.clone(),
        filter: None,
        tested: [].into(),
        branches: branches.collect(),
        work: 0,
        capped: false,
        considered: shared.considered,
        request,
    }
}

/// A time that no row of some devices comes before.
fn first_time(work: &FileWork) -> Result<i64> {
    let index = work.reader.index()?;
    let mut first = i64::MAX;
    for &position in &work.devices.positions {
        let Some(device) = index.device(position as usize) else {
            continue;
        };
        // The times of an aligned device are those of its first series.
        let series = if device.is_aligned() {
            1
        } else {
            device.series_count()
        };
        for k in 0..series {
            device.chunks(k, |chunk| {
                let times = match &chunk.statistics {
                    Some(statistics) => statistics.time_range(),
                    None => Some((i64::MIN, i64::MAX)),
                };
                first = times.map_or(first, |(start, _)| first.min(start));
            })?;
        }
    }
    Ok(first.max(work.slice.0))
}
