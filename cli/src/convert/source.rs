//! Where batches come from.

use arrow_array::RecordBatch;
use arrow_schema::SchemaRef;

use crate::exit::Outcome;

/// Batches, one after the other.
pub trait Batches {
    /// The next one; `None` at the end.
    fn next_batch(&mut self) -> Option<Outcome<RecordBatch>>;

    /// Takes one back after its rows were written, so that its memory serves the next.
    fn recycle(&mut self, batch: RecordBatch) {
        drop(batch);
    }
}

impl<I: Iterator<Item = Outcome<RecordBatch>>> Batches for I {
    fn next_batch(&mut self) -> Option<Outcome<RecordBatch>> {
        self.next()
    }
}

/// Batches of one schema, and what is known about them.
pub struct Source {
    /// Their schema.
    pub schema: SchemaRef,
    /// The batches, in order.
    pub batches: Box<dyn Batches>,
    /// About how many rows are to come, when that is known.
    pub total_rows: Option<u64>,
    /// Positions of the columns by which the rows are sorted, ascending, nulls first; empty when not known.
    pub sorted_by: Vec<usize>,
}

impl Source {
    /// A batch at a time through `step`, which leads to `schema`.
    pub fn map(
        self,
        schema: SchemaRef,
        sorted_by: Vec<usize>,
        mut step: impl FnMut(RecordBatch) -> Outcome<RecordBatch> + 'static,
    ) -> Self {
        let mut batches = self.batches;
        Self {
            schema,
            batches: Box::new(std::iter::from_fn(move || {
                Some(batches.next_batch()?.and_then(&mut step))
            })),
            total_rows: self.total_rows,
            sorted_by,
        }
    }
}
