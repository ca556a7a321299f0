//! The one engine behind every front door: a [`ScanRequest`] over open files becomes a [`Scan`], an iterator of record batches.

mod columns;
mod devices;
mod pieces;
mod query;
mod request;
mod run;
mod slice;
mod summary;
mod table_columns;

pub use crate::arrow::{DateMode, TextMode, TimeUnit};
pub use crate::model::Form;
pub use crate::read::context::ScanCounters;
pub use pieces::{Piece, Pieces, PiecesRequest, pieces};
pub use query::{Query, open, open_many};
pub use request::{DEFAULT_BATCH_BYTES, MAX_DEFAULT_WIDE_SERIES, Rows, ScanRequest, TimeAs};
pub use run::{Scan, scan};
pub use summary::{
    Aggregates, DeviceSummary, RowSummary, SeriesSummary, Summaries, SummaryRequest, SummarySource,
    summarize,
};
