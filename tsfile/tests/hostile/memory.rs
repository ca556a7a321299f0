//! An allocator that counts: what a file makes us allocate, against what it may.
#![expect(
    unsafe_code,
    reason = "a counting allocator is the only way to see what a file makes us allocate"
)]

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
pub fn peak_of<T>(f: impl FnOnce() -> T) -> (T, usize) {
    let before = LIVE.get();
    PEAK.set(before);
    let out = f();
    (out, usize::try_from(PEAK.get() - before).unwrap_or(0))
}

/// What opening and scanning a file may take, whatever is in it.
pub fn memory_limit(file_bytes: usize) -> usize {
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
