//! Splits side by side: threads read them, and their batches come in the order of the plan.

use super::plan::ScanPlan;
use super::single::Single;
use super::split::Split;
use crate::read::CancelToken;
use crate::read::context::ScanCounters;
use crate::{Error, ErrorKind, Result};
use arrow_array::RecordBatch;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;

/// A batch, or that there is none left.
type Message = Result<Option<RecordBatch>>;

/// What threads have in common.
struct Work {
    plan: ScanPlan,
    splits: Vec<Split>,
    next: AtomicUsize,
    /// Where the batches of each split go; taken by the thread that reads it.
    senders: Vec<Mutex<Option<SyncSender<Message>>>>,
    counters: Mutex<ScanCounters>,
    cancel: CancelToken,
}

/// Batches of splits that threads read.
pub(super) struct Parallel {
    work: Arc<Work>,
    /// One for each split that is not used up, in their order.
    receivers: std::vec::IntoIter<Receiver<Message>>,
    at: Option<Receiver<Message>>,
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
        // A thread waits when so many of its batches were not fetched.
        let waiting = (plan.shared.request.batches_in_flight / threads.max(1)).max(1);
        let (senders, receivers): (Vec<_>, Vec<_>) = splits
            .iter()
            .map(|_| sync_channel(waiting))
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
        });
        let mut out = Self {
            work,
            receivers: receivers.into_iter(),
            at: None,
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
                Ok(Ok(Some(batch))) => return Some(Ok(batch)),
                Ok(Ok(None)) => self.at = None,
                Ok(Err(e)) => return Some(Err(e)),
                // Its thread is gone, and did not say that it was done.
                Err(_) => {
                    let e = Error::new(ErrorKind::Io, "", "a thread of the scan has died");
                    return Some(Err(e));
                }
            }
        }
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
        self.work.cancel.cancel();
        // Threads that wait for room find nobody to give to.
        self.at = None;
        self.receivers = Vec::new().into_iter();
        for thread in self.threads.drain(..) {
            let _ = thread.join();
        }
    }
}

impl Work {
    fn run(&self) {
        loop {
            let number = self.next.fetch_add(1, Ordering::Relaxed);
            let (Some(split), Some(sender)) = (self.splits.get(number), self.senders.get(number))
            else {
                return;
            };
            let sender = sender.lock().unwrap_or_else(PoisonError::into_inner).take();
            if let Some(sender) = sender {
                self.read(split, &sender);
            }
        }
    }

    fn read(&self, split: &Split, sender: &SyncSender<Message>) {
        let mut scan = Single::new(self.plan.shared.clone(), self.plan.part(split));
        scan.is_part(self.cancel.clone());
        let mut last = Ok(None);
        for batch in scan.by_ref() {
            let sent = match batch {
                Ok(batch) => sender.send(Ok(Some(batch))),
                Err(e) => {
                    last = Err(e);
                    break;
                }
            };
            if sent.is_err() {
                // Nobody listens any more.
                break;
            }
        }
        let mut counters = self.counters.lock().unwrap_or_else(PoisonError::into_inner);
        counters.add(&scan.counters());
        drop(counters);
        // What was counted is there before the end is known.
        let _ = sender.send(last);
    }
}
