//! Nothing from a file is trusted: files that were damaged on purpose give an error or a result, in bounded memory, time and work.
//!
//! `TSFILE_SEED` changes the mutations, `TSFILE_MUTATIONS` their number; a case that fails prints what reproduces it:
//! `TSFILE_CASE=n` runs one alone.
#![expect(
    clippy::panic,
    clippy::unwrap_used,
    reason = "helpers of tests are not recognised as tests"
)]
#![expect(
    unsafe_code,
    reason = "a counting allocator is the only way to see what a file makes us allocate"
)]

#[path = "hostile/bad.rs"]
mod bad;
#[path = "hostile/bombs.rs"]
mod bombs;
#[path = "hostile/build.rs"]
mod build;
#[path = "hostile/mutate.rs"]
mod mutate;
#[path = "hostile/visit.rs"]
mod visit;

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

/// Memory that a case may take above what was in use before, beside [`MEMORY_PER_BYTE`] times the file.
const FREE_MEMORY: usize = 64 << 20;
const MEMORY_PER_BYTE: usize = 64;

/// Counts what each thread has allocated: a case runs on one thread from start to end.
struct Counting;

thread_local! {
    static LIVE: Cell<isize> = const { Cell::new(0) };
    static PEAK: Cell<isize> = const { Cell::new(0) };
}

fn count(bytes: isize) {
    // A thread that ends frees memory after its counters are gone.
    let _ = LIVE.try_with(|live| {
        live.set(live.get() + bytes);
        let _ = PEAK.try_with(|peak| peak.set(peak.get().max(live.get())));
    });
}

// SAFETY: every call goes to the system's allocator unchanged; counting neither allocates nor unwinds.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count(layout.size() as isize);
        // SAFETY: as the caller promises.
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        count(layout.size() as isize);
        // SAFETY: as the caller promises.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn dealloc(&self, ptr: *mut u8, layout: Layout) {
        count(-(layout.size() as isize));
        // SAFETY: as the caller promises.
        unsafe { System.dealloc(ptr, layout) }
    }

    unsafe fn realloc(&self, ptr: *mut u8, layout: Layout, new_size: usize) -> *mut u8 {
        count(new_size as isize - layout.size() as isize);
        // SAFETY: as the caller promises.
        unsafe { System.realloc(ptr, layout, new_size) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// Runs `f` and returns how many bytes this thread had in use at most, above what it had before.
fn peak_of<T>(f: impl FnOnce() -> T) -> (T, usize) {
    let before = LIVE.get();
    PEAK.set(before);
    let out = f();
    (out, usize::try_from(PEAK.get() - before).unwrap_or(0))
}

fn memory_limit(file_bytes: usize) -> usize {
    FREE_MEMORY + MEMORY_PER_BYTE * file_bytes
}

#[test]
fn the_allocator_counts() {
    let (v, peak) = peak_of(|| {
        let v = vec![1u8; 1 << 20];
        drop(vec![2u8; 1 << 20]);
        v
    });
    assert!((2 << 20..(2 << 20) + 4096).contains(&peak), "{peak}");
    assert_eq!(v.len(), 1 << 20);
}
