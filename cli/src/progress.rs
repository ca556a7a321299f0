//! A bar with rate and time left, on stderr, for work that takes a person's patience: only on a terminal, and only
//! after the first second.

use std::io::IsTerminal as _;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// How long work stays silent.
const PATIENCE: Duration = Duration::from_secs(1);
/// Redraws per second.
const REFRESH_HZ: u8 = 5;

/// Counts rows; shows them when somebody watches.
pub struct Progress {
    started: Instant,
    rows: u64,
    total_rows: Option<u64>,
    terminal: bool,
    bar: Option<ProgressBar>,
}

impl Progress {
    /// Starts counting towards about `total_rows`, when that is known.
    pub fn start(total_rows: Option<u64>) -> Self {
        Self {
            started: Instant::now(),
            rows: 0,
            total_rows,
            terminal: std::io::stderr().is_terminal(),
            bar: None,
        }
    }

    /// `rows` more are done.
    pub fn add(&mut self, rows: usize) {
        self.rows += rows as u64;
        if !self.terminal {
            return;
        }
        if self.bar.is_none() && self.started.elapsed() >= PATIENCE {
            self.bar = Some(bar(self.total_rows, self.started.elapsed()));
        }
        if let Some(bar) = &self.bar {
            // The total is an estimate.
            if self.total_rows.is_some_and(|total| total < self.rows) {
                bar.set_length(self.rows);
            }
            bar.set_position(self.rows);
        }
    }

    /// Removes the bar and returns how many rows there were.
    pub fn finish(self) -> u64 {
        self.rows
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}

fn bar(total_rows: Option<u64>, elapsed: Duration) -> ProgressBar {
    let target = ProgressDrawTarget::stderr_with_hz(REFRESH_HZ);
    let bar = ProgressBar::with_draw_target(total_rows, target).with_elapsed(elapsed);
    let template = if total_rows.is_some() {
        "{bar:30} {percent}% {human_pos} rows, {per_sec}, {eta} left"
    } else {
        "{spinner} {human_pos} rows, {per_sec}, {elapsed}"
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
        let mut progress = Progress::start(Some(10));
        progress.add(4);
        progress.add(6);
        assert_eq!(progress.finish(), 10);
    }
}
