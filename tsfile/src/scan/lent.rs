//! Batches that were given away: their memory serves later ones once nobody else holds it, since fresh pages of memory cost more than decoding.

use arrow_array::RecordBatch;
use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// The batches that came last, of one scan; threads that read splits of it share them.
#[derive(Debug)]
pub(super) struct Lent {
    most: usize,
    batches: Mutex<VecDeque<RecordBatch>>,
}

impl Lent {
    /// Remembers so many batches at most.
    pub(super) fn new(most: usize) -> Arc<Self> {
        Arc::new(Self {
            most,
            batches: Mutex::default(),
        })
    }

    /// Remembers a batch that is given away now.
    pub(super) fn put(&self, batch: RecordBatch) {
        let mut batches = self.lock();
        batches.push_back(batch);
        let old = batches.len().checked_sub(self.most + 1);
        let old = old.and_then(|_| batches.pop_front());
        // What takes time is done when others can go on.
        drop(batches);
        drop(old);
    }

    /// Of the batches that nobody else holds any more the one with the most memory, the last of these, which is warm: the end of a split is a short
    /// batch, and what grows from it moves.
    pub(super) fn take(&self) -> Option<RecordBatch> {
        let alone = |batch: &RecordBatch| batch.columns().iter().all(|c| Arc::strong_count(c) == 1);
        let mut batches = self.lock();
        let free = batches.iter().enumerate().filter(|(_, b)| alone(b));
        let largest = free.max_by_key(|(_, b)| b.get_array_memory_size());
        let at = largest.map(|(at, _)| at);
        at.and_then(|at| batches.remove(at))
    }

    /// A thread that panicked left the list as it was.
    fn lock(&self) -> MutexGuard<'_, VecDeque<RecordBatch>> {
        self.batches.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use arrow_array::record_batch;

    #[test]
    fn a_batch_comes_back_when_nobody_else_holds_it() {
        let lent = Lent::new(2);
        let held = record_batch!(("a", Int32, [1])).unwrap();
        let free = record_batch!(("a", Int32, [2])).unwrap();
        lent.put(held.clone());
        assert!(lent.take().is_none());
        lent.put(free.clone());
        drop(free);
        let back = lent.take().unwrap();
        assert_eq!(back, record_batch!(("a", Int32, [2])).unwrap());
        drop(held);
        assert!(lent.take().is_some() && lent.take().is_none());
    }

    #[test]
    fn the_batch_with_the_most_memory_comes_first() {
        let lent = Lent::new(3);
        for values in [vec![1], vec![2; 1000], vec![3]] {
            lent.put(record_batch!(("a", Int32, values)).unwrap());
        }
        let left = std::iter::from_fn(|| lent.take()).map(|b| b.num_rows());
        assert_eq!(left.collect::<Vec<_>>(), [1000, 1, 1]);
    }

    #[test]
    fn the_oldest_is_forgotten_when_there_are_too_many() {
        let lent = Lent::new(2);
        for n in 0..5 {
            lent.put(record_batch!(("a", Int32, [n])).unwrap());
        }
        let left: Vec<_> = std::iter::from_fn(|| lent.take()).collect();
        let of = |n| record_batch!(("a", Int32, [n])).unwrap();
        assert_eq!(left, [of(4), of(3)]);
    }
}
