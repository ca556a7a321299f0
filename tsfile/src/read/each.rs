//! The same for each of many things, by several threads, in the order of the things: where this library starts threads.

use crate::Result;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;

/// `f` of each item, in the order of `items`; `threads` of 1 starts none. Work ends early after an error.
///
/// # Errors
/// The first, in the order of `items`, whatever thread came first.
pub(crate) fn try_map<T: Sync, R: Send>(
    items: &[T],
    threads: usize,
    f: impl Fn(&T) -> Result<R> + Sync,
) -> Result<Vec<R>> {
    let helpers = threads.min(items.len()).saturating_sub(1);
    if helpers == 0 {
        return items.iter().map(f).collect();
    }
    let (next, failed) = (AtomicUsize::new(0), AtomicBool::new(false));
    // Items are taken in order, so that all before one that fails were taken as well, and are finished.
    let work = || {
        let mut done: Vec<(usize, Result<R>)> = Vec::new();
        while !failed.load(Ordering::Relaxed) {
            let at = next.fetch_add(1, Ordering::Relaxed);
            let Some(item) = items.get(at) else { break };
            let result = f(item);
            if result.is_err() {
                failed.store(true, Ordering::Relaxed);
            }
            done.push((at, result));
        }
        done
    };
    let mut done = thread::scope(|scope| {
        // A system that gives no more threads gives fewer.
        let helpers: Vec<_> = (0..helpers)
            .map_while(|_| thread::Builder::new().spawn_scoped(scope, work).ok())
            .collect();
        let mut done = work();
        for helper in helpers {
            match helper.join() {
                Ok(more) => done.extend(more),
                Err(panic) => std::panic::resume_unwind(panic),
            }
        }
        done
    });
    done.sort_unstable_by_key(|(at, _)| *at);
    done.into_iter().map(|(_, result)| result).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Error;

    #[test]
    fn results_come_in_order_and_the_first_error_counts() {
        let items: Vec<usize> = (0..1_000).collect();
        for threads in [0, 1, 2, 7, 2_000] {
            let doubled = try_map(&items, threads, |i| Ok(i * 2)).unwrap();
            assert!(doubled.iter().enumerate().all(|(i, d)| *d == i * 2));
            let error = try_map(&items, threads, |i| match i % 300 {
                299 => Err(Error::argument(format!("number {i}"))),
                _ => Ok(()),
            });
            assert_eq!(error.unwrap_err().to_string(), "number 299");
            assert!(
                try_map(&[] as &[u8], threads, |_| Ok(()))
                    .unwrap()
                    .is_empty()
            );
        }
    }
}
