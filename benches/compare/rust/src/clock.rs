//! Time by the wall and on the processor.

use rustix::time::{ClockId, clock_gettime};
use serde_json::{Value, json};
use std::time::{Duration, Instant};

/// Collects how long things took.
#[derive(Debug, Default)]
pub struct Clock {
    wall: Vec<f64>,
    cpu: Vec<f64>,
}

impl Clock {
    /// Times `work`.
    pub fn time<T>(&mut self, work: impl FnOnce() -> T) -> T {
        let (wall, cpu) = (Instant::now(), processor_time());
        let result = work();
        self.wall.push(wall.elapsed().as_secs_f64());
        self.cpu
            .push((processor_time().saturating_sub(cpu)).as_secs_f64());
        result
    }

    /// Puts `seconds` and `cpu_seconds` into an object.
    pub fn tell(&self, object: &mut Value) {
        object["seconds"] = json!(self.wall);
        object["cpu_seconds"] = json!(self.cpu);
    }
}

/// What this process has used of processors so far.
fn processor_time() -> Duration {
    let now = clock_gettime(ClockId::ProcessCPUTime);
    Duration::new(
        now.tv_sec.try_into().unwrap_or(0),
        now.tv_nsec.try_into().unwrap_or(0),
    )
}
