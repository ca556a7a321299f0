//! Counts every byte that is allocated here, by what it is for, and overwrites what is freed when asked to.
//!
//! ```text
//! | account, 1 byte .. |  what the caller asked for  |
//! ^ what the system gave, aligned as the caller asked
//! ```
//!
//! The account stands before the bytes, so that memory goes back to the account that it came from, whoever frees it. A thread settles what it has
//! counted when it owes much, and whenever a native method returns.

use crate::errors::entry;
use jni::EnvUnowned;
use jni::objects::JClass;
use jni::sys::{jboolean, jlong};
use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use tsfile::scan::CancelToken;

/// What memory is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Account {
    /// What stays: tables of handles, class and method ids.
    Library = 0,
    /// Readers that the driver keeps for the next query.
    Cache = 1,
    /// Plans and scans: nothing is left of them when they are closed.
    Query = 2,
}

const ACCOUNTS: usize = 3;
static LIVE: [AtomicI64; ACCOUNTS] = [const { AtomicI64::new(0) }; ACCOUNTS];
static PEAK: AtomicI64 = AtomicI64::new(0);
static POISON: AtomicBool = AtomicBool::new(false);
/// What freed memory is overwritten with.
const POISON_BYTE: u8 = 0xdb;
/// Least bytes before an allocation: keeps the alignment that most allocations ask for.
const LEAST_HEAD_BYTES: usize = 16;

/// A thread counts by itself until it owes so much: counting for all of them costs more than allocating.
const MOST_OWED_BYTES: i64 = 64 << 10;

thread_local! {
    static ACCOUNT: Cell<Account> = const { Cell::new(Account::Library) };
    /// What the accounts do not know of yet.
    static OWED: [Cell<i64>; ACCOUNTS] = const { [const { Cell::new(0) }; ACCOUNTS] };
    /// Of the scan that this thread works for.
    static METER: Cell<Meter> = const { Cell::new(Meter::new(i64::MAX)) };
    /// What stops that scan; null where none is measured.
    static STOP: Cell<*const CancelToken> = const { Cell::new(std::ptr::null()) };
}

/// What one scan has of the account [`Account::Query`], and may have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Meter {
    live: i64,
    peak: i64,
    most: i64,
}

impl Meter {
    /// A scan that may have `most` bytes.
    pub const fn new(most: i64) -> Self {
        Self {
            live: 0,
            peak: 0,
            most,
        }
    }

    /// The most bytes that it had, once that is more than it may have.
    pub fn exceeded(&self) -> Option<i64> {
        (self.peak > self.most).then_some(self.peak)
    }

    /// The most bytes that it may have.
    pub fn most(&self) -> i64 {
        self.most
    }
}

/// Runs `work`, of which every allocation counts for `meter`. Where it has more than it may have, `stop` is cancelled: an allocation cannot
/// be refused, but whoever reads looks at the token before each page.
pub fn metered<T>(meter: &mut Meter, stop: &CancelToken, work: impl FnOnce() -> T) -> T {
    struct Back<'a>(&'a mut Meter);
    impl Drop for Back<'_> {
        fn drop(&mut self) {
            settle();
            STOP.with(|s| s.set(std::ptr::null()));
            *self.0 = METER.with(|m| m.replace(Meter::new(i64::MAX)));
        }
    }
    // What was owed before is not this scan's.
    settle();
    METER.with(|m| m.set(*meter));
    let _back = Back(meter);
    STOP.with(|s| s.set(stop));
    work()
}

/// Runs `work`, whose allocations go to `account`. All accounts are right when it is done.
pub fn charged<T>(account: Account, work: impl FnOnce() -> T) -> T {
    struct Back(Account);
    impl Drop for Back {
        fn drop(&mut self) {
            ACCOUNT.with(|a| a.set(self.0));
            settle();
        }
    }
    let _back = Back(ACCOUNT.with(|a| a.replace(account)));
    work()
}

/// Bytes that an account has now.
pub fn live_bytes(account: Account) -> i64 {
    LIVE.get(account as usize)
        .map_or(0, |a| a.load(Ordering::Relaxed))
}

/// The system's allocator, counted.
#[derive(Debug)]
pub struct Counting;

#[global_allocator]
static ALLOCATOR: Counting = Counting;

fn count(account: u8, bytes: i64) {
    let owed = OWED.try_with(|owed| {
        let own = owed.get(usize::from(account))?;
        let now = own.get() + bytes;
        own.set(now);
        Some(now)
    });
    match owed {
        Ok(Some(now)) if now.abs() < MOST_OWED_BYTES => {}
        Ok(_) => settle(),
        // The thread is ending.
        Err(_) => add(account, bytes),
    }
}

/// Tells the accounts what this thread has counted by itself.
pub fn settle() {
    for account in 0..ACCOUNTS as u8 {
        let owed = OWED.try_with(|owed| owed.get(usize::from(account)).map_or(0, Cell::take));
        add(account, owed.unwrap_or(0));
    }
}

fn add(account: u8, bytes: i64) {
    if let Some(live) = LIVE.get(usize::from(account)).filter(|_| bytes != 0) {
        let now = live.fetch_add(bytes, Ordering::Relaxed) + bytes;
        if bytes > 0 && account == Account::Query as u8 {
            PEAK.fetch_max(now, Ordering::Relaxed);
        }
        if account == Account::Query as u8 {
            // A thread that ends works for no scan.
            let _ = METER.try_with(|meter| measure(meter, bytes));
        }
    }
}

fn measure(meter: &Cell<Meter>, bytes: i64) {
    let mut now = meter.get();
    now.live += bytes;
    let is_more = now.live > now.peak;
    now.peak = now.peak.max(now.live);
    meter.set(now);
    if is_more && now.peak > now.most {
        allocator::stop();
    }
}

/// The layout with room for the account before it, and how much that is.
fn with_head(layout: Layout) -> Option<(Layout, usize)> {
    let head = layout.align().max(LEAST_HEAD_BYTES);
    let size = layout.size().checked_add(head)?;
    let whole = Layout::from_size_align(size, layout.align()).ok()?;
    Some((whole, head))
}

#[expect(
    unsafe_code,
    reason = "an allocator is unsafe by its nature; this is the only one"
)]
mod allocator {
    use super::*;

    /// Cancels what this thread works for.
    pub(super) fn stop() {
        // SAFETY: the pointer is null, or what `metered` was called with, which outlives the call; it is null again when the call is over.
        let stop = STOP.try_with(|s| unsafe { s.get().as_ref() }).ok();
        if let Some(stop) = stop.flatten() {
            stop.cancel();
        }
    }

    /// Notes the account before the bytes that are handed out.
    ///
    /// # Safety
    /// `base` is null or has `head` bytes and more.
    unsafe fn hand_out(base: *mut u8, head: usize, size: usize) -> *mut u8 {
        if base.is_null() {
            return base;
        }
        let account = ACCOUNT.try_with(Cell::get).unwrap_or(Account::Library) as u8;
        count(account, size as i64);
        // SAFETY: the caller says that `head` bytes and more are there.
        unsafe {
            base.write(account);
            base.add(head)
        }
    }

    // SAFETY: all memory comes from `System`, with the layout that it goes back with; what is handed out lies `head` bytes behind what
    // the system gave, and `head` is a multiple of the alignment, which is a power of two.
    unsafe impl GlobalAlloc for Counting {
        unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
            match with_head(layout) {
                // SAFETY: the size of `whole` is not zero.
                Some((whole, head)) => unsafe {
                    hand_out(System.alloc(whole), head, layout.size())
                },
                None => std::ptr::null_mut(),
            }
        }

        unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
            match with_head(layout) {
                // SAFETY: the size of `whole` is not zero. Only the head is written.
                Some((whole, head)) => unsafe {
                    hand_out(System.alloc_zeroed(whole), head, layout.size())
                },
                None => std::ptr::null_mut(),
            }
        }

        unsafe fn dealloc(&self, ptr: *mut u8, layout: Layout) {
            if let Some((whole, head)) = with_head(layout) {
                // SAFETY: `ptr` was handed out here, `head` bytes behind what the system gave for `whole`.
                unsafe {
                    if POISON.load(Ordering::Relaxed) {
                        ptr.write_bytes(POISON_BYTE, layout.size());
                    }
                    let base = ptr.sub(head);
                    count(base.read(), -(layout.size() as i64));
                    System.dealloc(base, whole);
                }
            }
        }

        unsafe fn realloc(&self, ptr: *mut u8, layout: Layout, new_size: usize) -> *mut u8 {
            let new = Layout::from_size_align(new_size, layout.align()).ok();
            let (Some((whole, head)), Some((new, _))) =
                (with_head(layout), new.and_then(with_head))
            else {
                return std::ptr::null_mut();
            };
            // SAFETY: as in `dealloc`; the account moves along with the bytes.
            unsafe {
                let moved = System.realloc(ptr.sub(head), whole, new.size());
                if moved.is_null() {
                    return moved;
                }
                count(moved.read(), new_size as i64 - layout.size() as i64);
                moved.add(head)
            }
        }
    }
}

/// Bytes of plans and scans now: 0 when no query runs.
#[unsafe(no_mangle)]
pub extern "system" fn Java_io_tsfile_jni_NativeMemory_liveBytes(
    _env: EnvUnowned,
    _class: JClass,
) -> jlong {
    live_bytes(Account::Query)
}

/// Bytes of readers that the driver keeps.
#[unsafe(no_mangle)]
pub extern "system" fn Java_io_tsfile_jni_NativeMemory_cachedBytes(
    _env: EnvUnowned,
    _class: JClass,
) -> jlong {
    live_bytes(Account::Cache)
}

/// The most that plans and scans had at a time since this was last asked.
#[unsafe(no_mangle)]
pub extern "system" fn Java_io_tsfile_jni_NativeMemory_peakBytes(
    _env: EnvUnowned,
    _class: JClass,
) -> jlong {
    PEAK.swap(live_bytes(Account::Query), Ordering::Relaxed)
}

/// From now on freed memory is overwritten, or no longer: who reads what was freed then finds nonsense.
#[unsafe(no_mangle)]
pub extern "system" fn Java_io_tsfile_jni_NativeMemory_setPoison(
    _env: EnvUnowned,
    _class: JClass,
    poison: jboolean,
) {
    POISON.store(poison, Ordering::Relaxed);
}

/// Panics, so that a test can see what becomes of that.
#[unsafe(no_mangle)]
#[expect(clippy::panic, reason = "that is what it is for")]
pub extern "system" fn Java_io_tsfile_jni_NativeMemory_panic(env: EnvUnowned, _class: JClass) {
    entry(env, Account::Query, |_| panic!("asked to panic"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_goes_back_to_the_account_that_it_came_from() {
        // Others may allocate for queries beside this, but not so much.
        const BYTES: i64 = 64 << 20;
        let before = live_bytes(Account::Cache);
        let mut held: Vec<u8> = charged(Account::Cache, || vec![1; BYTES as usize]);
        assert!(live_bytes(Account::Cache) >= before + BYTES);
        // Growing elsewhere, and freeing elsewhere, changes nothing about that.
        charged(Account::Query, || held.resize(2 * BYTES as usize, 2));
        assert!(live_bytes(Account::Cache) >= before + 2 * BYTES);
        charged(Account::Query, || drop(held));
        assert!(live_bytes(Account::Cache) < before + BYTES);
    }

    #[test]
    fn a_scan_that_has_more_than_it_may_is_stopped() {
        let stop = CancelToken::new();
        let mut meter = Meter::new(1 << 20);
        let mut held = Vec::new();
        for _ in 0..3 {
            let more = || charged(Account::Query, || vec![1u8; 400 << 10]);
            assert!(!stop.is_cancelled());
            held.push(metered(&mut meter, &stop, more));
            // What is given back makes room again, and what others have does not count.
            let others = charged(Account::Query, || vec![1u8; 2 << 20]);
            charged(Account::Query, || drop(others));
            metered(&mut meter, &stop, || drop(held.pop()));
        }
        assert_eq!(meter.exceeded(), None);
        metered(&mut meter, &stop, || {
            charged(Account::Query, || held.push(vec![1; 900 << 10]));
            assert!(!stop.is_cancelled());
            charged(Account::Query, || held.push(vec![1; 200 << 10]));
            assert!(stop.is_cancelled());
        });
        assert!(meter.exceeded().is_some_and(|peak| peak >= 1100 << 10));
    }

    #[test]
    fn large_alignments_are_kept() {
        #[repr(align(4096))]
        struct Page([u8; 5000]);
        let page = Box::new(Page([7; 5000]));
        assert_eq!(std::ptr::from_ref(&*page) as usize % 4096, 0);
        assert_eq!(page.0[4999], 7);
    }
}
