//! Rows that wait to be written: batches as they came, and which of their rows belong to whom.
//!
//! Nothing is copied on the way in. What is written is written from here: while rows are held they can be sorted, and every choice of an
//! encoding sees the whole chunk.

use crate::arrow::Cells;
use crate::model::DataType;
use arrow_buffer::ScalarBuffer;
use std::ops::Range;

/// A column that chunks are made of; the same for all devices that have it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Measurement {
    /// Name below the device.
    pub name: String,
    /// Type.
    pub data_type: DataType,
}

/// The columns of a batch, and whether its devices are aligned.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shape {
    /// Position of each column in the writer's list of measurements.
    pub measurements: Vec<u32>,
    /// Whether devices have one time column for all.
    pub aligned: bool,
    /// Whether a column without a value is recorded all the same, if an aligned device has rows.
    pub keep_empty: bool,
}

/// One batch, or the part of it that belongs to the devices of one shape.
#[derive(Debug)]
pub struct Held {
    /// Position in the writer's list of shapes.
    pub shape: u32,
    /// Times, as many as there are rows.
    pub times: ScalarBuffer<i64>,
    /// Values by column of the shape.
    pub cells: Vec<Cells>,
    /// Which rows of the input these are, for messages.
    pub numbers: RowNumbers,
}

/// Rows of the input, counted from 0.
#[derive(Debug, Clone)]
pub enum RowNumbers {
    /// One after another from here.
    From(u64),
    /// These, counted from the first.
    Of(u64, Vec<u32>),
}

impl RowNumbers {
    /// The number of a row, counted from 1 as people do.
    pub fn shown(&self, row: usize) -> u64 {
        1 + match self {
            Self::From(first) => first + row as u64,
            Self::Of(first, rows) => first + rows.get(row).map_or(0, |r| u64::from(*r)),
        }
    }
}

/// Rows of a device that lie side by side in a held batch.
#[derive(Debug, Clone, Copy)]
pub struct Run {
    /// Position in the list of held batches.
    pub held: u32,
    /// First row.
    pub start: u32,
    /// Number of rows, not 0.
    pub len: u32,
}

impl Run {
    /// The rows.
    pub fn rows(&self) -> Range<usize> {
        let start = self.start as usize;
        start..start + self.len as usize
    }
}

/// Rows of one device in the order of time.
#[derive(Debug)]
pub enum Order {
    /// As they came, and up to which row (of all of them) each run reaches.
    Runs(Vec<Run>, Vec<usize>),
    /// Held batch and row of each.
    Rows(Vec<(u32, u32)>),
}

/// A part of an [`Order`].
#[derive(Debug, Clone, Copy)]
pub enum Piece<'a> {
    /// Side by side in one batch.
    Run(Run),
    /// One by one.
    Rows(&'a [(u32, u32)]),
}

impl Order {
    /// In the order they came.
    pub fn of_runs(runs: Vec<Run>) -> Self {
        let ends = runs
            .iter()
            .scan(0, |end, run| {
                *end += run.len as usize;
                Some(*end)
            })
            .collect();
        Self::Runs(runs, ends)
    }

    /// Takes the last row away.
    pub fn pop(&mut self) -> Option<(u32, u32)> {
        match self {
            Self::Rows(rows) => rows.pop(),
            Self::Runs(runs, ends) => {
                let run = runs.last_mut()?;
                run.len -= 1;
                let row = (run.held, run.start + run.len);
                if run.len == 0 {
                    runs.pop();
                    ends.pop();
                } else if let Some(end) = ends.last_mut() {
                    *end -= 1;
                }
                Some(row)
            }
        }
    }

    /// Number of rows.
    pub fn len(&self) -> usize {
        match self {
            Self::Runs(_, ends) => ends.last().copied().unwrap_or(0),
            Self::Rows(rows) => rows.len(),
        }
    }

    /// Calls `each` with the pieces of these rows, in order.
    pub fn pieces<'a>(&'a self, rows: Range<usize>, mut each: impl FnMut(Piece<'a>)) {
        match self {
            Self::Rows(all) => {
                if let Some(part) = all.get(rows) {
                    each(Piece::Rows(part));
                }
            }
            Self::Runs(runs, ends) => {
                let first = ends.partition_point(|end| *end <= rows.start);
                for (run, end) in runs.iter().zip(ends).skip(first) {
                    let start = end - run.len as usize;
                    if start >= rows.end {
                        break;
                    }
                    let from = rows.start.max(start);
                    let to = rows.end.min(*end);
                    each(Piece::Run(Run {
                        held: run.held,
                        // Within the run, whose rows are counted in 32 bits.
                        start: run.start + (from - start) as u32,
                        len: (to - from) as u32,
                    }));
                }
            }
        }
    }

    /// Time of a row.
    pub fn time(&self, held: &[Held], row: usize) -> i64 {
        let mut time = 0;
        self.pieces(row..row + 1, |piece| {
            let (h, r) = match piece {
                Piece::Run(run) => (run.held, run.start),
                Piece::Rows(rows) => rows[0],
            };
            time = held[h as usize].times[r as usize];
        });
        time
    }

    /// Appends the times of these rows.
    pub fn times(&self, held: &[Held], rows: Range<usize>, out: &mut Vec<i64>) {
        self.pieces(rows, |piece| match piece {
            Piece::Run(run) => {
                out.extend_from_slice(&held[run.held as usize].times[run.rows()]);
            }
            Piece::Rows(rows) => {
                out.extend(
                    rows.iter()
                        .map(|(h, r)| held[*h as usize].times[*r as usize]),
                );
            }
        });
    }
}
