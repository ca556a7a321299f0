//! What one conversion did, in the line that ends it.

use std::fmt;
use std::time::Duration;

use arrow_array::{Array as _, RecordBatch};
use arrow_schema::Schema;

use crate::convert::steps::Keys;

/// Figures of one output.
#[derive(Debug, Default)]
pub struct Summary {
    /// Rows written.
    pub rows: u64,
    /// Values in them that are not null, besides times, devices and tags.
    pub points: u64,
    /// Bytes of all inputs, when the output is of all of them.
    pub bytes_in: Option<u64>,
    /// Bytes of the output.
    pub bytes_out: u64,
    /// How long it took.
    pub elapsed: Duration,
}

impl fmt::Display for Summary {
    /// `7993 points, 81.2 kB in, 12.1 kB out, ratio 6.7, 0.1 s`
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} points, ", self.points)?;
        if let Some(bytes_in) = self.bytes_in {
            write!(f, "{} in, ", Bytes(bytes_in))?;
        }
        write!(f, "{} out, ", Bytes(self.bytes_out))?;
        if let Some(bytes_in) = self.bytes_in.filter(|_| self.bytes_out > 0) {
            let ratio = bytes_in as f64 / self.bytes_out as f64;
            let digits = if ratio < 1.0 { 2 } else { 1 };
            write!(f, "ratio {ratio:.digits$}, ")?;
        }
        write!(f, "{:.1} s", self.elapsed.as_secs_f64())
    }
}

/// A size, in the unit that a person would say it in.
struct Bytes(u64);

impl fmt::Display for Bytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bytes = self.0 as f64;
        match self.0 {
            0..=999 => write!(f, "{} bytes", self.0),
            1_000..=999_949 => write!(f, "{:.1} kB", bytes / 1e3),
            999_950..=999_949_999 => write!(f, "{:.1} MB", bytes / 1e6),
            _ => write!(f, "{:.1} GB", bytes / 1e9),
        }
    }
}

/// Counts the points of batches.
pub struct PointCount {
    columns: Vec<usize>,
    points: u64,
}

impl PointCount {
    /// Everything is a point but times, devices and tags.
    pub fn new(schema: &Schema, keys: &Keys, tags: &[String]) -> Self {
        let columns = (0..schema.fields().len())
            .filter(|&i| {
                let field = schema.field(i);
                let category = field.metadata().get("tsfile.category");
                !category.is_some_and(|c| c == "TIME" || c == "TAG")
                    && *field.name() != keys.time
                    && *field.name() != keys.device
                    && !tags.contains(field.name())
            })
            .collect();
        Self { columns, points: 0 }
    }

    /// Counts those of a batch.
    pub fn add(&mut self, batch: &RecordBatch) {
        for &column in &self.columns {
            if let Some(values) = batch.columns().get(column) {
                self.points += (values.len() - values.logical_null_count()) as u64;
            }
        }
    }

    /// How many there were.
    pub fn points(&self) -> u64 {
        self.points
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_that_are_not_known_are_left_out() {
        let mut summary = Summary {
            rows: 1000,
            points: 7993,
            bytes_in: Some(81_234),
            bytes_out: 12_101,
            elapsed: Duration::from_millis(94),
        };
        assert_eq!(
            summary.to_string(),
            "7993 points, 81.2 kB in, 12.1 kB out, ratio 6.7, 0.1 s"
        );
        summary.bytes_out = 1_234_567_890;
        assert_eq!(
            summary.to_string(),
            "7993 points, 81.2 kB in, 1.2 GB out, ratio 0.00, 0.1 s"
        );
        summary.bytes_in = None;
        summary.bytes_out = 0;
        assert_eq!(summary.to_string(), "7993 points, 0 bytes out, 0.1 s");
        assert_eq!(Bytes(999_949).to_string(), "999.9 kB");
        assert_eq!(Bytes(999_950).to_string(), "1.0 MB");
    }
}
