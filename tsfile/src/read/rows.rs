//! Decoded rows of a page, handed out piece by piece.

use crate::Result;
use crate::arrow::Values;
use arrow_buffer::BooleanBufferBuilder;
use std::sync::Arc;

/// Decoded rows of one page (of all columns of an aligned group).
#[derive(Debug)]
pub(crate) struct Page {
    pub(crate) times: Arc<Vec<i64>>,
    /// Rows before this one were handed out, or lie before the range.
    pub(crate) position: usize,
    /// Rows from here on lie behind the range.
    pub(crate) limit: usize,
    pub(crate) columns: Vec<PageColumn>,
}

impl Page {
    /// The times that are left.
    pub(crate) fn rest(&self) -> &[i64] {
        self.times.get(self.position..self.limit).unwrap_or(&[])
    }

    /// Bytes that times and values take.
    pub(super) fn size_bytes(&self) -> usize {
        let values: usize = self.columns.iter().map(|c| c.values.size_bytes()).sum();
        values + self.times.len() * size_of::<i64>()
    }

    /// A copy of the next rows up to `horizon`, at most `max_rows`.
    pub(crate) fn copy(&self, horizon: i64, max_rows: usize) -> Result<Self> {
        let rest = self.rest();
        let rows = rest.partition_point(|&t| t <= horizon).min(max_rows);
        let times = Arc::new(rest.get(..rows).unwrap_or(&[]).to_vec());
        let mut columns = Vec::with_capacity(self.columns.len());
        for c in &self.columns {
            let values = c.values.copy(c.taken, c.count(self.position, rows))?;
            let bits = c.bits.as_ref().map(|bits| {
                let mut own = BooleanBufferBuilder::new(rows);
                own.append_packed_range(self.position..self.position + rows, bits);
                own.as_slice().to_vec()
            });
            columns.push(PageColumn {
                column: c.column,
                values,
                bits,
                taken: 0,
            });
        }
        Ok(Self {
            times,
            position: 0,
            limit: rows,
            columns,
        })
    }

    /// Passes over `rows` rows.
    pub(crate) fn advance(&mut self, rows: usize) {
        for c in &mut self.columns {
            c.taken += c.count(self.position, rows);
        }
        self.position += rows;
    }
}

/// One column of a [`Page`].
#[derive(Debug)]
pub(crate) struct PageColumn {
    pub(crate) column: usize,
    /// The values that are there, without nulls.
    pub(crate) values: Values,
    /// Which rows have a value, least significant bit first; `None` when all have.
    pub(crate) bits: Option<Vec<u8>>,
    /// Values of the rows before the position.
    pub(crate) taken: usize,
}

impl PageColumn {
    /// Number of values in `rows` rows from row `from` on.
    pub(crate) fn count(&self, from: usize, rows: usize) -> usize {
        match &self.bits {
            None => rows,
            Some(bits) => count_bits(bits, from, rows),
        }
    }
}

/// Number of set bits among `n` from bit `from` on, least significant first.
pub(crate) fn count_bits(bits: &[u8], from: usize, n: usize) -> usize {
    arrow_buffer::bit_chunk_iterator::UnalignedBitChunk::new(bits, from, n).count_ones()
}

/// Drops the rows whose bit is not set: no column has a value there.
pub(super) fn keep_rows(page: Page, present: &[u8]) -> Result<Page> {
    let rows = page.times.len();
    if count_bits(present, 0, rows) == rows {
        return Ok(page);
    }
    let mut times = Vec::new();
    let runs: Vec<(usize, usize)> = crate::arrow::set_runs(present, 0, rows).collect();
    for &(start, end) in &runs {
        times.extend_from_slice(page.times.get(start..end).unwrap_or(&[]));
    }
    let mut columns = page.columns;
    for c in &mut columns {
        if let Some(bits) = &mut c.bits {
            let mut kept = BooleanBufferBuilder::new(times.len());
            for &(start, end) in &runs {
                kept.append_packed_range(start..end, bits);
            }
            *bits = kept.as_slice().to_vec();
        }
    }
    let limit = times.len();
    Ok(Page {
        times: Arc::new(times),
        position: 0,
        limit,
        columns,
    })
}
