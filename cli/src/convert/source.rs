//! Where batches come from.

use arrow_array::RecordBatch;
use arrow_schema::SchemaRef;

use crate::exit::Outcome;

/// Batches, one after the other; a batch that is dropped before the next is asked for lends it its memory.
pub type Batches = Box<dyn Iterator<Item = Outcome<RecordBatch>>>;

/// Batches of one schema, and what is known about them.
pub struct Source {
    /// Their schema.
    pub schema: SchemaRef,
    /// The batches, in order.
    pub batches: Batches,
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
                Some(batches.next()?.and_then(&mut step))
            })),
            total_rows: self.total_rows,
            sorted_by,
        }
    }
}
