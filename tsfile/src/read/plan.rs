//! What a source is made of: chunks, and the columns they go to.

use crate::format::ChunkMetadata;
use crate::model::Statistics;
use std::sync::Arc;

/// Where a chunk is, and what the metadata says about it.
#[derive(Debug, Clone)]
pub(crate) struct ChunkAt {
    pub(crate) offset: u64,
    /// Of the chunk, inherited from the series when it is the only one.
    pub(crate) statistics: Option<Statistics>,
}

impl ChunkAt {
    /// From the metadata of a series; a single chunk inherits the statistics of its series.
    pub(crate) fn new(chunk: &ChunkMetadata, series: &crate::format::TimeseriesMetadata) -> Self {
        Self {
            offset: chunk.offset,
            statistics: if series.has_chunk_statistics() {
                // None in a recovered file, where nothing summed up the chunk.
                chunk.statistics.clone()
            } else {
                Some(series.statistics.clone())
            },
        }
    }
}

/// What a source needs of one value column.
#[derive(Debug, Clone)]
pub(crate) struct SourceColumn {
    /// Output column; `None` when only the presence of values counts.
    pub(crate) column: Option<usize>,
    pub(crate) measurement: Arc<str>,
    pub(crate) chunk: ChunkAt,
}

/// Everything to open a source with; cheap to keep for those that are not open yet.
#[derive(Debug, Clone)]
pub(crate) struct SourcePlan {
    pub(crate) device: Arc<str>,
    /// The time chunk of an aligned group; `None` for the chunk of a non-aligned series.
    pub(crate) time: Option<ChunkAt>,
    pub(crate) columns: Vec<SourceColumn>,
    /// Drop rows without any value in `columns`.
    pub(crate) only_present: bool,
    /// Whether no other source has points of its column at the times of this one: what the statistics of its pages rule out is ruled out.
    pub(crate) alone: bool,
}

impl SourcePlan {
    /// First and last time, as far as statistics tell; `None` without a point.
    pub(crate) fn times(&self) -> Option<(i64, i64)> {
        let chunk = self
            .time
            .as_ref()
            .or_else(|| self.columns.first().map(|c| &c.chunk))?;
        match &chunk.statistics {
            Some(s) => s.time_range(),
            None => Some((i64::MIN, i64::MAX)),
        }
    }

    /// Number of rows, as far as statistics tell: of a source whose rows are dropped when they hold no value, nobody counted them.
    pub(crate) fn rows(&self) -> Option<u64> {
        let chunk = self
            .time
            .as_ref()
            .or_else(|| self.columns.first().map(|c| &c.chunk))?;
        let counted = self.time.is_none() || !self.only_present;
        counted.then_some(chunk.statistics.as_ref()?.count)
    }

    /// Later chunks win over earlier ones.
    pub(crate) fn order(&self) -> u64 {
        self.time
            .as_ref()
            .or_else(|| self.columns.first().map(|c| &c.chunk))
            .map_or(0, |c| c.offset)
    }
}
