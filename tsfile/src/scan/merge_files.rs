//! The rows of one device from several files as one stream in the order of time.
//!
//! Files that do not overlap follow one another: a file is asked for its first batch when its time has come, and its batches pass through as
//! they are. Where files overlap, one batch of each is held.

use crate::{Error, Result};
use arrow_array::{Array, ArrayRef, RecordBatch, RecordBatchOptions};
use arrow_buffer::ScalarBuffer;
use arrow_schema::{ArrowError, DataType, SchemaRef};
use arrow_select::{concat::concat, interleave::interleave};
use std::cmp::Reverse;
use std::collections::BinaryHeap;

/// What becomes of rows of one device and time in several files.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Dedup {
    /// All of them are given, in the order of the files.
    #[default]
    None,
    /// One row is given: in each column the value of the last file that has one there. A null never overwrites.
    Last,
}

/// Below this many rows a run, rows are gathered one by one.
const SHORT_RUN: usize = 16;

/// Batches of several files, each in the order of time, as batches in the order of time; ends after the first error.
#[derive(Debug)]
pub struct MergeFiles<I> {
    schema: SchemaRef,
    dedup: Dedup,
    batch_rows: usize,
    /// About how large the batches may be that the rows of one batch come from.
    most_held_bytes: usize,
    files: Vec<File<I>>,
    /// The next time of each file, or what it is not before.
    next: BinaryHeap<Reverse<(i64, usize)>>,
    /// What the batch under construction is made of.
    pieces: Vec<Piece>,
    /// Batches that those are parts of.
    held: Vec<RecordBatch>,
    held_bytes: usize,
    rows: usize,
    ended: bool,
}

#[derive(Debug)]
struct File<I> {
    /// What comes next; `None` when there is no more.
    batches: Option<I>,
    batch: Option<RecordBatch>,
    times: ScalarBuffer<i64>,
    at: usize,
    /// The last time of the batches so far.
    last: Option<i64>,
    /// Where the batch is held, once rows of it are.
    slot: Option<usize>,
}

/// Rows of batches that are held.
#[derive(Debug)]
enum Piece {
    Run {
        slot: usize,
        start: usize,
        rows: usize,
    },
    /// Rows of one time, which become one, in the order of their files.
    Same(Vec<(usize, usize)>),
}

impl<I: Iterator<Item = Result<RecordBatch>>> MergeFiles<I> {
    /// Merges `files` of the same `schema`, whose first column is the time: of each a time that its first row does not come before, and its
    /// batches, whose times ascend. `batch_rows` is about how many rows come at a time.
    pub fn new(
        schema: SchemaRef,
        files: impl IntoIterator<Item = (i64, I)>,
        dedup: Dedup,
        batch_rows: usize,
    ) -> Self {
        let (mut next, mut all) = (BinaryHeap::new(), Vec::new());
        for (from, batches) in files {
            next.push(Reverse((from, all.len())));
            all.push(File {
                batches: Some(batches),
                batch: None,
                times: ScalarBuffer::from(Vec::new()),
                at: 0,
                last: None,
                slot: None,
            });
        }
        Self {
            schema,
            dedup,
            batch_rows: batch_rows.max(1),
            most_held_bytes: usize::MAX,
            files: all,
            next,
            pieces: Vec::new(),
            held: Vec::new(),
            held_bytes: 0,
            rows: 0,
            ended: false,
        }
    }

    /// Ends a batch also where the batches that its rows come from are about so large (default: only by the number of rows).
    #[must_use]
    pub fn with_held_bytes(mut self, bytes: usize) -> Self {
        self.most_held_bytes = bytes.max(1);
        self
    }

    /// The schema of every batch.
    pub fn schema(&self) -> SchemaRef {
        self.schema.clone()
    }

    fn next_batch(&mut self) -> Result<Option<RecordBatch>> {
        loop {
            if self.rows >= self.batch_rows || self.held_bytes > self.most_held_bytes {
                return self.flush();
            }
            let Some(Reverse((time, file))) = self.next.pop() else {
                return self.flush();
            };
            if self.load(file)? {
                continue;
            }
            let other = self.next.peek().map(|Reverse(other)| *other);
            match (self.dedup, other) {
                (Dedup::Last, Some((same, _))) if same == time => {
                    if let Some(row) = self.same(time, file)? {
                        self.pieces.push(Piece::Same(row));
                        self.rows += 1;
                    }
                }
                (dedup, other) => {
                    let most = self.batch_rows - self.rows;
                    let Some(f) = self.files.get(file) else {
                        continue;
                    };
                    let left = f.times.get(f.at..).unwrap_or(&[]);
                    // Of equal times the earlier file comes first; two of them are one row where they are not all wanted.
                    let rows = match other {
                        None => left.len(),
                        Some((until, other)) if dedup == Dedup::None && file < other => {
                            left.partition_point(|t| *t <= until)
                        }
                        Some((until, _)) => left.partition_point(|t| *t < until),
                    };
                    let rows = rows.min(most).max(1);
                    let (slot, start) = self.take(file, rows);
                    self.pieces.push(Piece::Run { slot, start, rows });
                    self.rows += rows;
                }
            }
        }
    }

    /// Makes the next rows of `file` known, and says whether that changed anything: it is at its place among the others then.
    fn load(&mut self, file: usize) -> Result<bool> {
        let strict = self.dedup == Dedup::Last;
        let Some(f) = self.files.get_mut(file) else {
            return Ok(true);
        };
        if f.batch.is_some() {
            return Ok(false);
        }
        while let Some(batch) = f.batches.as_mut().and_then(Iterator::next) {
            let batch = batch?;
            if batch.num_rows() == 0 {
                continue;
            }
            f.times = times(&batch)?;
            let ascends = |a: &i64, b: &i64| if strict { a < b } else { a <= b };
            let first = f.times.first().copied().unwrap_or(i64::MAX);
            let follows = f.last.is_none_or(|last| ascends(&last, &first));
            if !follows || !f.times.is_sorted_by(ascends) {
                return Err(Error::argument("the rows of a file do not ascend in time"));
            }
            f.last = f.times.last().copied();
            (f.at, f.slot, f.batch) = (0, None, Some(batch));
            self.next.push(Reverse((first, file)));
            return Ok(true);
        }
        // Whatever it has open is closed.
        f.batches = None;
        Ok(true)
    }

    /// Takes the next rows of a file, and says where they are.
    fn take(&mut self, file: usize, rows: usize) -> (usize, usize) {
        let Some(f) = self.files.get_mut(file) else {
            return (0, 0);
        };
        let slot = match (f.slot, &f.batch) {
            (Some(slot), _) => slot,
            (None, Some(batch)) => {
                self.held_bytes += batch.get_array_memory_size();
                self.held.push(batch.clone());
                self.held.len() - 1
            }
            (None, None) => 0,
        };
        let start = f.at;
        f.at += rows;
        f.slot = Some(slot);
        match f.times.get(f.at) {
            Some(time) => self.next.push(Reverse((*time, file))),
            None => {
                // The next batch is asked for when its time has come.
                (f.batch, f.slot) = (None, None);
                self.next.push(Reverse((f.last.unwrap_or(i64::MIN), file)));
            }
        }
        (slot, start)
    }

    /// The rows of `time`, one of which `file` has: those of all files. `None` when that is not clear yet, and nothing was taken.
    fn same(&mut self, time: i64, file: usize) -> Result<Option<Vec<(usize, usize)>>> {
        let mut files = vec![file];
        while let Some(Reverse((_, other))) = self
            .next
            .peek()
            .copied()
            .filter(|Reverse((next, _))| *next == time)
        {
            self.next.pop();
            if !self.load(other)? {
                files.push(other);
            }
        }
        // They came in the order of files, but for those that had to be loaded first.
        files.sort_unstable();
        if files.len() == 1 {
            self.next.push(Reverse((time, file)));
            // Nobody shares the time: it is a run. The next turn comes to that, since no file is left that may have it.
            return Ok(None);
        }
        Ok(Some(files.into_iter().map(|f| self.take(f, 1)).collect()))
    }

    /// The rows so far as a batch; `None` when there are none.
    fn flush(&mut self) -> Result<Option<RecordBatch>> {
        let (pieces, held) = (
            std::mem::take(&mut self.pieces),
            std::mem::take(&mut self.held),
        );
        self.held_bytes = 0;
        for f in &mut self.files {
            f.slot = None;
        }
        let rows = std::mem::take(&mut self.rows);
        if let [Piece::Run { slot, start, rows }] = pieces[..] {
            return Ok(held.get(slot).map(|b| b.slice(start, rows)));
        }
        if rows == 0 {
            return Ok(None);
        }
        let long = rows / pieces.len() >= SHORT_RUN;
        let runs = long && pieces.iter().all(|p| matches!(p, Piece::Run { .. }));
        let mut columns: Vec<ArrayRef> = Vec::with_capacity(self.schema.fields().len());
        for column in 0..self.schema.fields().len() {
            let arrays: Vec<&ArrayRef> = held.iter().map(|b| b.column(column)).collect();
            columns.push(
                if runs {
                    joined(&arrays, &pieces)
                } else {
                    gathered(&arrays, &pieces, rows)
                }
                .map_err(of_arrow)?,
            );
        }
        let options = RecordBatchOptions::new().with_row_count(Some(rows));
        let batch = RecordBatch::try_new_with_options(self.schema.clone(), columns, &options);
        batch.map(Some).map_err(of_arrow)
    }
}

fn of_arrow(e: ArrowError) -> Error {
    Error::argument(format!(
        "the rows of several files do not come together: {e}"
    ))
}

/// Runs, copied as slices.
fn joined(arrays: &[&ArrayRef], pieces: &[Piece]) -> std::result::Result<ArrayRef, ArrowError> {
    let slices: Vec<ArrayRef> = pieces
        .iter()
        .filter_map(|piece| match piece {
            Piece::Run { slot, start, rows } => {
                arrays.get(*slot).map(|array| array.slice(*start, *rows))
            }
            Piece::Same(_) => None,
        })
        .collect();
    let slices: Vec<&dyn Array> = slices.iter().map(|s| &**s).collect();
    concat(&slices)
}

/// Rows, copied one by one; of those with one time, the last that is not null.
fn gathered(
    arrays: &[&ArrayRef],
    pieces: &[Piece],
    rows: usize,
) -> std::result::Result<ArrayRef, ArrowError> {
    let mut places: Vec<(usize, usize)> = Vec::with_capacity(rows);
    for piece in pieces {
        match piece {
            Piece::Run { slot, start, rows } => {
                places.extend((*start..*start + *rows).map(|row| (*slot, row)));
            }
            Piece::Same(same) => {
                let is_there = |(slot, row): &&(usize, usize)| {
                    arrays.get(*slot).is_some_and(|array| array.is_valid(*row))
                };
                let mut from_last = same.iter().rev();
                places.extend(from_last.find(is_there).or(same.last()));
            }
        }
    }
    let arrays: Vec<&dyn Array> = arrays.iter().map(|a| &***a).collect();
    interleave(&arrays, &places)
}

/// The times of a batch, numbers or instants.
fn times(batch: &RecordBatch) -> Result<ScalarBuffer<i64>> {
    let column = batch.columns().first().filter(|column| {
        let known = matches!(
            column.data_type(),
            DataType::Int64 | DataType::Timestamp(..)
        );
        known && column.null_count() == 0
    });
    let data = column.map(Array::to_data);
    let buffer = data.as_ref().and_then(|data| data.buffers().first());
    match (&data, buffer) {
        (Some(data), Some(buffer)) => {
            let buffer = ScalarBuffer::new(buffer.clone(), data.offset(), data.len());
            Ok(buffer)
        }
        _ => Err(Error::argument("the first column of a batch is no time")),
    }
}

impl<I: Iterator<Item = Result<RecordBatch>>> Iterator for MergeFiles<I> {
    type Item = Result<RecordBatch>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.ended {
            return None;
        }
        let next = self.next_batch().transpose();
        self.ended = matches!(next, None | Some(Err(_)));
        next
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use arrow_array::cast::AsArray as _;
    use arrow_array::types::Int64Type;
    use arrow_array::{Int64Array, StringArray};
    use std::cell::Cell;
    use std::collections::BTreeMap;
    use std::sync::Arc;

    type Row = (i64, Option<i64>, Option<String>);

    fn batch(rows: &[Row]) -> RecordBatch {
        let times: ArrayRef = Arc::new(rows.iter().map(|r| Some(r.0)).collect::<Int64Array>());
        let a: ArrayRef = Arc::new(rows.iter().map(|r| r.1).collect::<Int64Array>());
        let b: ArrayRef = Arc::new(rows.iter().map(|r| r.2.clone()).collect::<StringArray>());
        let columns = [("time", times, false), ("a", a, true), ("b", b, true)];
        RecordBatch::try_from_iter_with_nullable(columns).unwrap()
    }

    fn rows(batches: &[RecordBatch]) -> Vec<Row> {
        let of = |batch: &RecordBatch| -> Vec<Row> {
            let (t, a) = (
                batch.column(0).as_primitive::<Int64Type>(),
                batch.column(1).as_primitive::<Int64Type>(),
            );
            let b = batch.column(2).as_string::<i32>();
            (0..batch.num_rows())
                .map(|i| {
                    let a = a.is_valid(i).then(|| a.value(i));
                    let b = b.is_valid(i).then(|| b.value(i).to_string());
                    (t.value(i), a, b)
                })
                .collect()
        };
        batches.iter().flat_map(of).collect()
    }

    fn merge(files: &[Vec<Vec<Row>>], dedup: Dedup, batch_rows: usize) -> Vec<RecordBatch> {
        let files: Vec<_> = files
            .iter()
            .map(|batches| {
                let first = batches.iter().flatten().next().map_or(0, |r| r.0 - 3);
                let batches: Vec<Result<RecordBatch>> =
                    batches.iter().map(|rows| Ok(batch(rows))).collect();
                (first, batches.into_iter())
            })
            .collect();
        let merged = MergeFiles::new(batch(&[]).schema(), files, dedup, batch_rows);
        merged.map(Result::unwrap).collect()
    }

    #[test]
    fn random_files_come_together_as_a_map_says() {
        let mut state = 11u64;
        let mut below = |n: u64| {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1);
            (state >> 33) % n
        };
        let mut shared = 0;
        for round in 0..150u64 {
            let (span, step) = ([20, 60, 2_000][round as usize % 3], 1 + below(3));
            let files: Vec<Vec<Vec<Row>>> = (0..below(6))
                .map(|file| {
                    let mut time = below(span) as i64;
                    (0..below(4))
                        .map(|_| {
                            (0..below(span))
                                .map(|i| {
                                    time += 1 + below(step) as i64;
                                    let a = (below(3) > 0).then_some(file as i64);
                                    (time, a, (below(3) > 0).then(|| format!("{file}.{i}")))
                                })
                                .collect()
                        })
                        .collect()
                })
                .collect();
            // Sorting is stable: rows of one time stay in the order of the files.
            let mut all: Vec<Row> = files.iter().flatten().flatten().cloned().collect();
            all.sort_by_key(|r| r.0);
            let mut last: BTreeMap<i64, Row> = BTreeMap::new();
            for row in &all {
                let known = last.entry(row.0).or_insert((row.0, None, None));
                known.1 = row.1.or(known.1);
                known.2 = row.2.clone().or(known.2.take());
            }
            shared += usize::from(last.len() < all.len());
            let last: Vec<Row> = last.into_values().collect();
            for batch_rows in [1, 7, 64, 10_000] {
                for (dedup, expected) in [(Dedup::None, &all), (Dedup::Last, &last)] {
                    let batches = merge(&files, dedup, batch_rows);
                    assert_eq!(&rows(&batches), expected, "round {round} {dedup:?}");
                    let sizes = batches.iter().map(RecordBatch::num_rows);
                    assert!(sizes.clone().all(|n| n > 0 && n <= batch_rows));
                }
            }
        }
        assert!(shared > 40, "{shared} rounds share a time");
    }

    /// Batches that say how many of their files were begun and not ended.
    struct Watched<'a>(
        std::vec::IntoIter<Result<RecordBatch>>,
        bool,
        &'a Cell<[usize; 2]>,
    );

    impl Iterator for Watched<'_> {
        type Item = Result<RecordBatch>;

        fn next(&mut self) -> Option<Self::Item> {
            if !std::mem::replace(&mut self.1, true) {
                let [open, most] = self.2.get();
                self.2.set([open + 1, most.max(open + 1)]);
            }
            self.0.next()
        }
    }

    impl Drop for Watched<'_> {
        fn drop(&mut self) {
            let [open, most] = self.2.get();
            self.2.set([open - usize::from(self.1), most]);
        }
    }

    #[test]
    fn files_that_follow_one_another_are_open_one_at_a_time_and_not_copied() {
        let counts = Cell::new([0; 2]);
        let mut sent = Vec::new();
        let files: Vec<_> = (0..100)
            .map(|file| {
                let rows: Vec<Row> = (0..50).map(|i| (file * 100 + i, Some(i), None)).collect();
                sent.push(batch(&rows));
                let batches = vec![Ok(sent.last().unwrap().clone())].into_iter();
                (file * 100, Watched(batches, false, &counts))
            })
            .collect();
        let merged = MergeFiles::new(batch(&[]).schema(), files, Dedup::Last, 50);
        let got: Vec<RecordBatch> = merged.map(Result::unwrap).collect();
        assert_eq!(got, sent);
        let address = |b: &RecordBatch| b.column(0).to_data().buffers()[0].as_ptr();
        assert!(got.iter().zip(&sent).all(|(a, b)| address(a) == address(b)));
        assert_eq!(counts.get(), [0, 1]);
    }

    #[test]
    fn rows_that_go_back_and_errors_end_it() {
        let row = |t| (t, None, None);
        for bad in [
            vec![batch(&[row(2), row(1)])],
            vec![batch(&[row(2)]), batch(&[row(1)])],
        ] {
            let files = [(0, bad.into_iter().map(Ok))];
            let mut merged = MergeFiles::new(batch(&[]).schema(), files, Dedup::None, 1);
            let failed = merged.find_map(Result::err).unwrap();
            assert!(failed.to_string().contains("do not ascend"), "{failed}");
            assert!(merged.next().is_none());
        }
        let files = [(
            0,
            vec![Ok(batch(&[row(1)])), Err(Error::argument("bad"))].into_iter(),
        )];
        let merged = MergeFiles::new(batch(&[]).schema(), files, Dedup::None, 10);
        let failed: Vec<_> = merged.filter_map(Result::err).collect();
        assert_eq!(failed.len(), 1);
    }
}
