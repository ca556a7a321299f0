//! The one engine behind every front door: a [`ScanRequest`] over open files becomes a [`Scan`], an iterator of record batches.

mod answers;
mod bloom;
mod cache;
mod columns;
mod cut;
mod devices;
mod explain;
mod explain_text;
mod files;
mod filter;
mod keys;
mod late;
mod lent;
mod merge_files;
mod merged;
mod open;
mod overlap;
mod parallel;
mod pieces;
mod pinned;
mod plan;
mod prune;
mod query;
mod request;
mod rows;
mod run;
mod sample;
mod sent_split;
mod settled;
mod shared_plan;
mod single;
mod slice;
mod split;
mod summary;
mod table_columns;
mod weigh;

pub use crate::arrow::{DateMode, TextMode, TimeUnit};
pub use crate::infer::SchemaMode;
pub use crate::model::Form;
pub use crate::read::CancelToken;
pub use crate::read::context::ScanCounters;
pub use answers::{Answer, Answered, Answers, ColumnAnswers, DeviceAnswers};
pub use cache::{CacheCounts, DEFAULT_CACHE_BYTES, MetadataCache};
pub use explain::{Explain, ExplainBranch, ExplainFilter, ExplainLevel, ExplainReads};
pub use files::{
    Discovered, FileOptions, OpenedFiles, Skipped, SkippedFiles, discover, open_files,
};
pub use merge_files::{Dedup, MergeFiles};
pub use pieces::{Piece, Pieces, PiecesRequest, pieces};
pub use plan::{ScanPlan, plan};
pub use query::{Query, open, open_many};
pub use request::{
    DEFAULT_BATCH_BYTES, DEFAULT_BATCHES_IN_FLIGHT, MAX_DEFAULT_WIDE_SERIES, Rows, ScanRequest,
    TimeAs,
};
pub use run::{Scan, scan};
pub use shared_plan::SharedPlan;
pub use split::{DEFAULT_SPLIT_BYTES, Ordering, Split, SplitMode};
pub use summary::{
    Aggregates, DeviceSummary, Refusal, RowSummary, SeriesSummary, Summaries, SummaryRequest,
    SummarySource, summarize,
};
