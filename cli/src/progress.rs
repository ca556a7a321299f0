//! A bar with rates and time left, on stderr, for work that takes a person's patience: only on a terminal, and only
//! after the first second.

use std::fmt;
use std::io::IsTerminal as _;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// How long work stays silent.
const PATIENCE: Duration = Duration::from_secs(1);
/// Redraws per second.
const REFRESH_HZ: u8 = 5;

/// What all of the work is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Total {
    Unknown,
    /// So many bytes are to be read.
    Bytes(u64),
    /// About so many rows are to come, out of so many bytes.
    Rows(u64, u64),
}

/// Counts rows and bytes; shows them when somebody watches. Clones count together.
#[derive(Clone)]
pub struct Progress(Arc<Inner>);

struct Inner {
    started: Instant,
    terminal: bool,
    rows: AtomicU64,
    bytes: AtomicU64,
    shown: Mutex<Shown>,
}

struct Shown {
    total: Total,
    bar: Option<ProgressBar>,
}

impl Progress {
    /// Starts counting towards about `total_rows`, when that is known.
    pub fn start(total_rows: Option<u64>) -> Self {
        Self(Arc::new(Inner {
            started: Instant::now(),
            terminal: std::io::stderr().is_terminal(),
            rows: AtomicU64::new(0),
            bytes: AtomicU64::new(0),
            shown: Mutex::new(Shown {
                total: total_rows.map_or(Total::Unknown, |rows| Total::Rows(rows, 0)),
                bar: None,
            }),
        }))
    }

    /// From here on `bytes` are to be read; what was read before does not count.
    pub fn expect_bytes(&self, bytes: u64) {
        self.0.bytes.store(0, Ordering::Relaxed);
        self.expect(Total::Bytes(bytes));
    }

    /// From here on about `rows` are to come, which `bytes` hold.
    pub fn expect_rows(&self, rows: u64, bytes: u64) {
        self.0.rows.store(0, Ordering::Relaxed);
        self.expect(Total::Rows(rows, bytes));
    }

    fn expect(&self, total: Total) {
        let mut shown = self.0.shown.lock().unwrap_or_else(PoisonError::into_inner);
        shown.total = total;
        if let Some(bar) = shown.bar.take() {
            bar.finish_and_clear();
        }
    }

    /// `rows` more are done.
    pub fn add(&self, rows: usize) {
        self.0.rows.fetch_add(rows as u64, Ordering::Relaxed);
        self.draw();
    }

    /// `bytes` more were read.
    pub fn read(&self, bytes: u64) {
        self.0.bytes.fetch_add(bytes, Ordering::Relaxed);
        self.draw();
    }

    /// Bytes that were read so far.
    pub fn bytes(&self) -> u64 {
        self.0.bytes.load(Ordering::Relaxed)
    }

    /// How long it has taken.
    pub fn elapsed(&self) -> Duration {
        self.0.started.elapsed()
    }

    /// Removes the bar and returns how many rows there were.
    pub fn finish(&self) -> u64 {
        let mut shown = self.0.shown.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(bar) = shown.bar.take() {
            bar.finish_and_clear();
        }
        self.0.rows.load(Ordering::Relaxed)
    }

    fn draw(&self) {
        let elapsed = self.elapsed();
        if !self.0.terminal || elapsed < PATIENCE {
            return;
        }
        let rows = self.0.rows.load(Ordering::Relaxed);
        let bytes = self.bytes();
        let mut shown = self.0.shown.lock().unwrap_or_else(PoisonError::into_inner);
        let (done, bytes) = match shown.total {
            Total::Unknown => (None, bytes),
            Total::Bytes(all) => (Some((bytes, all)), bytes),
            // Bytes follow the rows: a file is not read from front to back.
            Total::Rows(all, in_all) => (Some((rows, all)), share(in_all, rows, all)),
        };
        let mut message = rates(rows, bytes, elapsed);
        if let Some((done, all)) = done {
            message.push_str(&left(done, all, elapsed));
        }
        let is_new = shown.bar.is_none();
        let bar = shown.bar.get_or_insert_with(|| new_bar(done.is_some()));
        if let Some((done, all)) = done {
            // The total is an estimate.
            bar.set_length(all.max(done));
            bar.set_position(done);
        } else {
            bar.inc(1);
        }
        bar.set_message(message);
        if is_new {
            // Not drawn before it is complete.
            bar.set_draw_target(ProgressDrawTarget::stderr_with_hz(REFRESH_HZ));
        }
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        let shown = self.shown.get_mut().unwrap_or_else(PoisonError::into_inner);
        if let Some(bar) = &shown.bar {
            bar.finish_and_clear();
        }
    }
}

fn share(bytes: u64, rows: u64, all: u64) -> u64 {
    let share = u128::from(bytes) * u128::from(rows.min(all)) / u128::from(all.max(1));
    u64::try_from(share).unwrap_or(u64::MAX)
}

/// `1200 rows, 600 rows/s, 1.5 MB/s`; what is not known yet is left out.
fn rates(rows: u64, bytes: u64, elapsed: Duration) -> String {
    let seconds = elapsed.as_secs_f64();
    let mut text = String::new();
    if rows > 0 {
        text.push_str(&format!("{rows} rows, {:.0} rows/s", rows as f64 / seconds));
    }
    if bytes > 0 {
        let rate = bytes as f64 / 1e6 / seconds;
        text.push_str(if rows > 0 { ", " } else { "" });
        text.push_str(&format!("{rate:.1} MB/s"));
    }
    text
}

/// `, 1m 5s left`, if it goes on as it went.
fn left(done: u64, all: u64, elapsed: Duration) -> String {
    if done == 0 {
        return String::new();
    }
    let left = elapsed.as_secs_f64() * all.saturating_sub(done) as f64 / done as f64;
    format!(", {} left", HumanDuration::of(left))
}

/// Seconds, minutes and seconds, or hours and minutes.
struct HumanDuration(u64);

impl HumanDuration {
    fn of(seconds: f64) -> Self {
        // Whatever does not fit is forever.
        Self(seconds.ceil().min(1e12) as u64)
    }
}

impl fmt::Display for HumanDuration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            s @ 0..=59 => write!(f, "{s}s"),
            s @ 60..=3599 => write!(f, "{}m {}s", s / 60, s % 60),
            s => write!(f, "{}h {}m", s / 3600, s / 60 % 60),
        }
    }
}

fn new_bar(known: bool) -> ProgressBar {
    let bar = ProgressBar::with_draw_target(known.then_some(0), ProgressDrawTarget::hidden());
    let template = if known {
        "{bar:30} {percent}% {msg}"
    } else {
        "{spinner} {msg}"
    };
    match ProgressStyle::with_template(template) {
        Ok(style) => bar.with_style(style),
        Err(_) => bar,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_without_a_terminal() {
        let progress = Progress::start(Some(10));
        progress.add(4);
        progress.clone().add(6);
        progress.read(5);
        assert_eq!(progress.bytes(), 5);
        assert_eq!(progress.finish(), 10);
        progress.expect_bytes(7);
        assert_eq!(progress.bytes(), 0);
    }

    #[test]
    fn rates_say_what_is_known() {
        let second = Duration::from_millis(2000);
        assert_eq!(
            rates(1200, 3_000_000, second),
            "1200 rows, 600 rows/s, 1.5 MB/s"
        );
        assert_eq!(rates(0, 3_000_000, second), "1.5 MB/s");
        assert_eq!(rates(1200, 0, second), "1200 rows, 600 rows/s");
        assert_eq!(left(0, 10, second), "");
        assert_eq!(left(1, 10, second), ", 18s left");
        assert_eq!(left(1, 100, second), ", 3m 18s left");
        assert_eq!(left(1, 5000, second), ", 2h 46m left");
        assert_eq!(left(11, 10, second), ", 0s left");
        assert_eq!(share(1000, 1, 4), 250);
        assert_eq!(share(1000, 5, 4), 1000);
        assert_eq!(share(1000, 5, 0), 0);
    }
}
