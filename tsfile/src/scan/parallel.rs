//! Splits side by side: threads read them, and their batches come in the order of the plan.

use super::lent::Lent;
use super::merged::Reading;
use super::plan::ScanPlan;
use super::split::Split;
use crate::read::CancelToken;
use crate::read::buffers::Buffers;
use crate::read::context::ScanCounters;
use crate::{Error, ErrorKind, Result};
use arrow_array::RecordBatch;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread::JoinHandle;

/// A batch, or that there is none left.
type Message = Result<Option<RecordBatch>>;

/// What threads have in common.
struct Work {
    plan: ScanPlan,
    splits: Vec<Split>,
    next: AtomicUsize,
    /// Where the batches of each split go; taken by the thread that reads it.
    senders: Vec<Mutex<Option<Sender<Message>>>>,
    counters: Mutex<ScanCounters>,
    cancel: CancelToken,
    room: Room,
    lent: Arc<Lent>,
}

/// How many batches may be there at a time, made or being made, and not fetched.
struct Room {
    most: usize,
    state: Mutex<Taken>,
    changed: Condvar,
}

#[derive(Default)]
struct Taken {
    batches: usize,
    /// Of these, how many of the split that is fetched from.
    current_batches: usize,
    /// Number of that split.
    current: usize,
    closed: bool,
}

impl Room {
    fn new(most: usize) -> Self {
        Self {
            most,
            state: Mutex::default(),
            changed: Condvar::new(),
        }
    }

    fn change(&self, change: impl FnOnce(&mut Taken)) {
        change(&mut self.state.lock().unwrap_or_else(PoisonError::into_inner));
        self.changed.notify_all();
    }

    /// Waits until there is room for one more batch of split number `split`; false when nobody wants it any more. The split that is fetched from
    /// always has room for one, so that the others cannot keep it waiting.
    fn take(&self, split: usize) -> bool {
        let state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let full = |taken: &mut Taken| {
            let first = split == taken.current && taken.current_batches == 0;
            !taken.closed && taken.batches >= self.most && !first
        };
        let waited = self.changed.wait_while(state, full);
        let mut taken = waited.unwrap_or_else(PoisonError::into_inner);
        taken.batches += 1;
        taken.current_batches += usize::from(split == taken.current);
        !taken.closed
    }

    /// A batch of the split that is fetched from was fetched, or came to nothing.
    fn give_back(&self, split: usize) {
        self.change(|taken| {
            taken.batches = taken.batches.saturating_sub(1);
            if split == taken.current {
                taken.current_batches = taken.current_batches.saturating_sub(1);
            }
        });
    }

    /// The next split is fetched from. Its batches so far count as those of others: it has room for one more.
    fn go_on(&self) {
        self.change(|taken| {
            taken.current += 1;
            taken.current_batches = 0;
        });
    }
}

/// Batches of splits that threads read.
pub(super) struct Parallel {
    work: Arc<Work>,
    /// One for each split that is not used up, in their order.
    receivers: std::vec::IntoIter<Receiver<Message>>,
    /// Where the batches of the split come from that is fetched from, and its number.
    at: Option<Receiver<Message>>,
    number: usize,
    threads: Vec<JoinHandle<()>>,
}

impl std::fmt::Debug for Parallel {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Parallel")
            .field("splits", &self.work.splits.len())
            .field("threads", &self.threads.len())
            .finish_non_exhaustive()
    }
}

impl Parallel {
    /// Starts `threads` threads over the splits of `plan`.
    ///
    /// # Errors
    /// The system starts no thread.
    pub(super) fn start(plan: ScanPlan, splits: Vec<Split>, threads: usize) -> Result<Self> {
        // One for each thread at least.
        let most = plan.shared.request.batches_in_flight.max(threads);
        let (senders, receivers): (Vec<_>, Vec<_>) = splits
            .iter()
            .map(|_| channel())
            .map(|(sender, receiver)| (Mutex::new(Some(sender)), receiver))
            .unzip();
        let cancel = CancelToken::below(&plan.shared.request.cancel);
        let work = Arc::new(Work {
            next: AtomicUsize::new(0),
            counters: Mutex::default(),
            cancel,
            plan,
            splits,
            senders,
            room: Room::new(most),
            // Those that wait to be fetched, and one that each thread and the caller have.
            lent: Lent::new(most + threads + 1),
        });
        let mut out = Self {
            work,
            receivers: receivers.into_iter(),
            at: None,
            number: 0,
            threads: Vec::new(),
        };
        for number in 0..threads.min(out.work.splits.len()) {
            let work = out.work.clone();
            let named = std::thread::Builder::new().name(format!("tsfile-scan-{number}"));
            let started = named.spawn(move || work.run());
            out.threads.push(started.map_err(|e| {
                Error::new(ErrorKind::Io, "", format!("cannot start a thread: {e}"))
            })?);
        }
        Ok(out)
    }

    /// The next batch.
    pub(super) fn next(&mut self) -> Option<Result<RecordBatch>> {
        loop {
            if self.at.is_none() {
                self.at = Some(self.receivers.next()?);
            }
            match self.at.as_ref()?.recv() {
                Ok(Ok(Some(batch))) => {
                    self.work.room.give_back(self.number);
                    return Some(Ok(batch));
                }
                Ok(Ok(None)) => {
                    self.at = None;
                    self.number += 1;
                    self.work.room.go_on();
                }
                Ok(Err(e)) => {
                    self.stop();
                    return Some(Err(e));
                }
                // Its thread is gone, and did not say that it was done.
                Err(_) => {
                    let e = Error::new(ErrorKind::Io, "", "a thread of the scan has died");
                    return Some(Err(e));
                }
            }
        }
    }

    /// Ends what threads do: no more batches are wanted.
    pub(super) fn stop(&mut self) {
        self.work.cancel.cancel();
        self.work.room.change(|taken| taken.closed = true);
        self.at = None;
        self.receivers = Vec::new().into_iter();
    }

    pub(super) fn counters(&self) -> ScanCounters {
        *self
            .work
            .counters
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Parallel {
    fn drop(&mut self) {
        self.stop();
        for thread in self.threads.drain(..) {
            let _ = thread.join();
        }
    }
}

impl Work {
    fn run(&self) {
        let mut buffers = Buffers::default();
        loop {
            let number = self.next.fetch_add(1, Ordering::Relaxed);
            let (Some(split), Some(sender)) = (self.splits.get(number), self.senders.get(number))
            else {
                return;
            };
            let sender = sender.lock().unwrap_or_else(PoisonError::into_inner).take();
            if let Some(sender) = sender {
                buffers = self.read(number, split, &sender, buffers);
            }
        }
    }

    /// Reads a split in memory that was used before, and gives it back.
    fn read(
        &self,
        number: usize,
        split: &Split,
        sender: &Sender<Message>,
        buffers: Buffers,
    ) -> Buffers {
        let mut scan = Reading::of_split(&self.plan, split, self.cancel.clone());
        scan.share(&self.lent, buffers);
        let mut last = Ok(None);
        while self.room.take(number) {
            match scan.next() {
                Some(Ok(batch)) => {
                    if sender.send(Ok(Some(batch))).is_err() {
                        // Nobody listens any more.
                        break;
                    }
                }
                Some(Err(e)) => {
                    self.room.give_back(number);
                    last = Err(e);
                    break;
                }
                None => {
                    self.room.give_back(number);
                    break;
                }
            }
        }
        let mut counters = self.counters.lock().unwrap_or_else(PoisonError::into_inner);
        counters.add(&scan.counters());
        drop(counters);
        // What was counted is there before the end is known.
        let _ = sender.send(last);
        scan.into_buffers()
    }
}
