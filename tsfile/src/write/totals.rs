//! Counts by column, for the summary and for the schemas of tables.

use super::held::Measurement;
use super::summary::WrittenColumn;
use crate::model::{Compression, Encoding};

/// What became of the columns so far.
#[derive(Debug, Default)]
pub struct Totals {
    by_measurement: Vec<OfColumn>,
}

#[derive(Debug, Default, Clone)]
struct OfColumn {
    points: u64,
    bytes: u64,
    chunks: Vec<(Encoding, Compression, u64)>,
}

impl Totals {
    /// Counts a chunk.
    pub fn add(
        &mut self,
        measurement: u32,
        encoding: Encoding,
        compression: Compression,
        points: u64,
        bytes: u64,
    ) {
        let at = measurement as usize;
        if self.by_measurement.len() <= at {
            self.by_measurement.resize(at + 1, OfColumn::default());
        }
        let column = &mut self.by_measurement[at];
        column.points += points;
        column.bytes += bytes;
        if points == 0 {
            return;
        }
        match column
            .chunks
            .iter_mut()
            .find(|(e, c, _)| (*e, *c) == (encoding, compression))
        {
            Some((_, _, n)) => *n += 1,
            None => column.chunks.push((encoding, compression, 1)),
        }
    }

    /// How the first chunk of a measurement was written.
    pub fn first(&self, measurement: u32) -> Option<(Encoding, Compression)> {
        let column = self.by_measurement.get(measurement as usize)?;
        column.chunks.first().map(|(e, c, _)| (*e, *c))
    }

    /// Whether a measurement has a chunk, be it without a value.
    pub fn has_chunk(&self, measurement: u32) -> bool {
        self.by_measurement
            .get(measurement as usize)
            .is_some_and(|c| c.bytes > 0)
    }

    /// The columns that have a chunk, by name.
    pub fn columns(&self, measurements: &[Measurement]) -> Vec<WrittenColumn> {
        let mut columns: Vec<_> = measurements
            .iter()
            .zip(&self.by_measurement)
            .filter(|(_, c)| c.bytes > 0)
            .map(|(m, c)| WrittenColumn {
                name: m.name.clone(),
                data_type: m.data_type,
                points: c.points,
                bytes: c.bytes,
                chunks: c.chunks.clone(),
            })
            .collect();
        columns.sort_by(|a, b| (&a.name, a.data_type).cmp(&(&b.name, b.data_type)));
        columns
    }
}
