//! A plan, or a part of it, in motion: file after file, device after device, batch after batch.

use super::late::Asked;
use super::lent::Lent;
use super::open::OpenFile;
use super::plan::{FileWork, Shared};
use super::request::ScanRequest;
use super::rows::RowsAtHand;
use super::slice::RowSlice;
use crate::read::CancelToken;
use crate::read::buffers::Buffers;
use crate::read::context::ScanCounters;
use crate::read::whole::Taken;
use crate::{Error, Result};
use arrow_array::RecordBatch;
use std::collections::VecDeque;
use std::sync::Arc;

/// Record batches of a scan; ends after the first error.
#[derive(Debug)]
pub(super) struct Single {
    shared: Arc<Shared>,
    files: VecDeque<FileWork>,
    open: Option<OpenFile>,
    counters: ScanCounters,
    rows: RowsAtHand,
    max_rows: usize,
    /// About how large a batch is.
    batch_bytes: usize,
    /// The batch ends here, so that the next page can be taken whole.
    full: bool,
    /// Rows that are passed over and counted as they are read.
    slice: RowSlice,
    /// The same where a filter decides first which rows there are.
    filtered: Option<Filtered>,
    /// What is left of a batch that was larger than asked for.
    ready: VecDeque<RecordBatch>,
    failed: bool,
    cancel: CancelToken,
    lent: Arc<Lent>,
    /// Of the files that were read.
    buffers: Buffers,
}

/// What a filter has kept.
#[derive(Debug)]
pub(super) struct Filtered {
    slice: RowSlice,
    /// Too few rows for a batch of their own.
    held: Vec<RecordBatch>,
    held_rows: usize,
    held_bytes: usize,
    /// So many rows are filtered next: where few are wanted, the first that are read may be enough.
    step: usize,
}

/// So many rows are filtered first when only some are wanted.
const FIRST_STEP_ROWS: usize = 1024;
/// Smaller batches than this are not worth their trouble, unless they were asked for.
const LEAST_SHARE_BYTES: usize = 128 << 10;

impl Single {
    pub(super) fn new(shared: Arc<Shared>, files: Vec<FileWork>) -> Self {
        let rows = RowsAtHand::new(&shared);
        let max_rows = max_rows(&shared);
        let (offset, limit) = (shared.request.offset, shared.request.limit);
        let wanted = RowSlice::new(offset, limit);
        let is_filtered = shared.filter.is_some() || shared.has_unseen_rows();
        let filtered = is_filtered.then(|| Filtered::new(offset, limit, max_rows));
        Self {
            buffers: Buffers::default(),
            cancel: shared.request.cancel.clone(),
            slice: match filtered {
                Some(_) => RowSlice::new(0, None),
                None => wanted,
            },
            lent: Lent::new(shared.request.batches_in_flight),
            batch_bytes: shared.request.batch_bytes,
            shared,
            files: files.into(),
            open: None,
            counters: ScanCounters::default(),
            rows,
            max_rows,
            full: false,
            filtered,
            ready: VecDeque::new(),
            failed: false,
        }
    }

    /// Shares the memory of batches with others, and takes over that of a part which is done with.
    pub(super) fn share(&mut self, lent: &Arc<Lent>, buffers: Buffers) {
        self.lent = lent.clone();
        self.buffers = buffers;
    }

    /// The memory that it read in.
    pub(super) fn into_buffers(self) -> Buffers {
        self.buffers
    }

    /// Makes it a part of something: what is passed over is counted by whoever puts the parts together.
    pub(super) fn is_part(&mut self, cancel: CancelToken) {
        match &mut self.filtered {
            Some(filtered) => filtered.is_part(&self.shared.request),
            None => self.slice = slice_of_part(&self.shared.request),
        }
        self.cancel = cancel;
    }

    /// Makes it one of so many of which each holds a batch at a time: together they hold about as much as one would.
    pub(super) fn is_one_of(&mut self, number: usize) {
        let share = |whole: usize| whole / number.max(1);
        let least = LEAST_SHARE_BYTES.min(self.batch_bytes);
        let bytes = share(self.batch_bytes).max(least);
        let row_bytes = (self.batch_bytes / self.max_rows.max(1)).max(1);
        self.max_rows = (bytes / row_bytes).max(1);
        self.batch_bytes = bytes;
    }

    /// About how large a batch is.
    pub(super) fn batch_bytes(&self) -> usize {
        self.batch_bytes
    }

    /// Work done so far.
    pub(super) fn counters(&self) -> ScanCounters {
        let open = self.open.as_ref().map(|o| o.context.counters);
        let mut all = self.counters;
        all.add(&open.unwrap_or_default());
        all
    }

    /// How many of the rows that [`ScanRequest::with_offset`](super::ScanRequest::with_offset) passes over have not come yet: at the end of the scan, how many there were too
    /// few.
    pub(super) fn missing_offset(&self) -> u64 {
        let filtered = self.filtered.as_ref();
        filtered.map_or_else(|| self.slice.missing(), Filtered::missing)
    }

    /// Takes back the memory of a batch that nobody else holds any more.
    fn take_back(&mut self) {
        if let Some(batch) = self.lent.take() {
            self.rows.reclaim_batch(&self.shared.columns.slots, batch);
        }
    }

    /// Gives back the memory of a batch that was taken back for rows that did not come: the next split has rows.
    fn lend_unused(&mut self) {
        let unused = self.rows.finish(&self.shared);
        let unused = unused.and_then(|none| none.batch(&self.shared, None));
        if let Ok(batch) = unused {
            self.lent.put(batch);
        }
    }

    fn next_batch(&mut self) -> Result<Option<RecordBatch>> {
        if let Some(batch) = self.ready.pop_front() {
            return Ok(Some(batch));
        }
        match self.read_batch()? {
            Some(batch) if batch.num_rows() > self.max_rows => {
                self.ready.extend(pieces(batch, self.max_rows));
                Ok(self.ready.pop_front())
            }
            other => Ok(other),
        }
    }

    fn read_batch(&mut self) -> Result<Option<RecordBatch>> {
        loop {
            let filled = self.filtered.as_ref().is_some_and(Filtered::is_filled);
            if filled || !self.read()? {
                return match &mut self.filtered {
                    Some(filtered) => filtered.rest(),
                    None => Ok(None),
                };
            }
            let finished = self.rows.finish(&self.shared)?;
            let Some(filtered) = &mut self.filtered else {
                let batch = finished.batch(&self.shared, None)?;
                let (first, given) = self.slice.take(batch.num_rows());
                self.lent.put(batch.clone());
                return Ok(Some(part(batch, first, given)));
            };
            let kept = finished.kept(&self.shared)?;
            let all = kept.is_none();
            let batch = finished.batch(&self.shared, kept)?;
            if !all {
                self.rows.reclaim(finished);
            }
            if let Some(batch) = filtered.take(batch, self.max_rows, self.batch_bytes)? {
                return Ok(Some(batch));
            }
        }
    }

    /// Reads until rows for a batch are at hand; false when there are no more.
    fn read(&mut self) -> Result<bool> {
        loop {
            if self.is_full() {
                self.full = false;
                return Ok(true);
            }
            let ended = self.slice.is_filled(self.rows.len());
            if ended || self.open.is_none() && !self.open_next()? {
                return Ok(!self.rows.is_empty());
            }
            let more = self.step().map_err(|e| match &self.open {
                Some(open) => open.work.reader.in_file(e),
                None => e,
            })?;
            if self.slice.is_skipping() && self.slice.pass(self.rows.len()) {
                self.rows.forget();
            }
            if !more {
                if let Some(open) = self.open.take() {
                    self.counters.add(&open.context.counters);
                    // Bytes that were overwritten while they were read need not look corrupt.
                    let reader = &open.work.reader;
                    let unchanged = reader.source().check_unchanged();
                    unchanged.map_err(|e| reader.in_file(e))?;
                    self.buffers = open.context.into_buffers();
                }
            }
        }
    }

    fn is_full(&self) -> bool {
        let step = self.filtered.as_ref().map_or(self.max_rows, |f| f.step);
        if self.full || self.rows.len() >= step {
            return true;
        }
        if let Some(filtered) = &self.filtered {
            // As many rows as are wanted, and nothing left to be asked of them.
            let wanted = filtered.slice.room(0);
            if self.rows.len() >= wanted && self.rows.are_tested() {
                return true;
            }
        }
        !self.rows.is_empty() && self.rows.size_bytes() >= self.batch_bytes
    }

    fn open_next(&mut self) -> Result<bool> {
        let Some(work) = self.files.pop_front() else {
            return Ok(false);
        };
        self.rows.begin_file(work.reader.name());
        let buffers = std::mem::take(&mut self.buffers);
        let mut open = OpenFile::new(&self.shared, work, buffers)?;
        open.context.cancel = self.cancel.clone();
        self.open = Some(open);
        Ok(true)
    }

    /// Appends some rows; false when the file has no more.
    fn step(&mut self) -> Result<bool> {
        let Some(open) = &mut self.open else {
            return Ok(false);
        };
        let shared = &self.shared;
        loop {
            if let Some(rows) = &mut open.rows {
                // The name is repeated in every row: a long one makes the batch full sooner.
                let rows_of_name = self.batch_bytes / open.name.len().max(1);
                // So does the last row that is wanted.
                let most = self
                    .max_rows
                    .min(rows_of_name)
                    .min(self.slice.room(self.rows.len()));
                let before = self.rows.len();
                let room = self.max_rows.saturating_sub(before);
                let room = room.min(most);
                let goal = self.filtered.as_ref().map_or(most, |f| f.slice.room(0));
                let taken = rows.step(
                    &mut open.context,
                    Asked { room, most, goal },
                    open.test.as_ref(),
                    &mut self.rows.times,
                    &mut self.rows.values,
                )?;
                match taken {
                    Taken::Full => {
                        self.full = true;
                        return Ok(true);
                    }
                    Taken::Rows(number) | Taken::Passing(number) => {
                        let done = rows.is_done();
                        open.count_rows(number, shared.values.len())?;
                        let left = match taken {
                            Taken::Passing(_) => None,
                            _ => open.test.as_ref().map(|test| &test.predicate),
                        };
                        self.rows.begin_test(before, left);
                        let (device, slots) = (open.device()?, &shared.columns.slots);
                        self.rows.append_keys(slots, device, &open.name, number)?;
                        if before == 0 {
                            // Devices are mostly of one size.
                            let rows = number.saturating_mul(1 + open.devices_left());
                            let step = self.filtered.as_ref().map_or(most, |f| f.step);
                            let rows = rows.min(most).min(step);
                            self.rows.make_room(rows, self.batch_bytes);
                        }
                        if done {
                            open.rows = None;
                        }
                        return Ok(true);
                    }
                    Taken::No => open.rows = None,
                }
            }
            if !open.next_device(shared, &mut self.slice)? {
                return Ok(false);
            }
        }
    }
}

/// Some rows of a batch, without a copy.
fn part(batch: RecordBatch, first: usize, rows: usize) -> RecordBatch {
    if rows == batch.num_rows() {
        batch
    } else {
        batch.slice(first, rows)
    }
}

/// A batch in pieces of at most `most` rows, without a copy.
fn pieces(batch: RecordBatch, most: usize) -> impl Iterator<Item = RecordBatch> {
    let rows = batch.num_rows();
    let starts = (0..rows).step_by(most.max(1));
    starts.map(move |from| part(batch.clone(), from, most.min(rows - from)))
}

/// Rows of a batch, at most.
pub(super) fn max_rows(shared: &Shared) -> usize {
    let row_bytes = RowsAtHand::new(shared).row_bytes();
    (shared.request.batch_bytes / row_bytes).max(1)
}

/// The rows that are wanted of a part: none is passed over, since others may come before it.
fn slice_of_part(request: &ScanRequest) -> RowSlice {
    let (offset, limit) = (request.offset, request.limit);
    RowSlice::new(0, limit.map(|limit| limit.saturating_add(offset)))
}

impl Filtered {
    pub(super) fn new(offset: u64, limit: Option<u64>, max_rows: usize) -> Self {
        Self {
            slice: RowSlice::new(offset, limit),
            held: Vec::new(),
            held_rows: 0,
            held_bytes: 0,
            step: limit.map_or(max_rows, |_| FIRST_STEP_ROWS.min(max_rows)),
        }
    }

    /// Makes it that of a part.
    pub(super) fn is_part(&mut self, request: &ScanRequest) {
        self.slice = slice_of_part(request);
    }

    /// How many rows were to be passed over and have not come yet.
    pub(super) fn missing(&self) -> u64 {
        self.slice.missing()
    }

    /// Whether no more rows are wanted.
    pub(super) fn is_filled(&self) -> bool {
        self.slice.is_filled(0)
    }

    /// Takes rows that were kept; gives a batch when there are enough for one, in rows or in bytes: long texts are large before they are many.
    pub(super) fn take(
        &mut self,
        batch: RecordBatch,
        max_rows: usize,
        batch_bytes: usize,
    ) -> Result<Option<RecordBatch>> {
        self.step = self.step.saturating_mul(4).min(max_rows);
        if self.slice.is_skipping() && self.slice.pass(batch.num_rows()) {
            return Ok(None);
        }
        let (first, given) = self.slice.take(batch.num_rows());
        if given > 0 {
            self.held_rows += given;
            self.held_bytes += batch.get_array_memory_size();
            self.held.push(part(batch, first, given));
        }
        let is_small =
            self.held_rows < max_rows.div_ceil(4) && self.held_bytes < batch_bytes.div_ceil(4);
        if is_small && !self.is_filled() {
            return Ok(None);
        }
        self.rest()
    }

    /// What is held, as one batch.
    pub(super) fn rest(&mut self) -> Result<Option<RecordBatch>> {
        self.held_rows = 0;
        self.held_bytes = 0;
        let held = std::mem::take(&mut self.held);
        match held.as_slice() {
            [] => Ok(None),
            [one] => Ok(Some(one.clone())),
            [first, ..] => arrow_select::concat::concat_batches(&first.schema(), &held)
                .map(Some)
                .map_err(|e| Error::argument(format!("cannot build a batch: {e}"))),
        }
    }
}

impl Iterator for Single {
    type Item = Result<RecordBatch>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.failed {
            return None;
        }
        self.take_back();
        let next = self.next_batch();
        self.failed = !matches!(next, Ok(Some(_)));
        if matches!(next, Ok(None)) {
            self.lend_unused();
        }
        next.transpose()
    }
}
