//! `cat`: all rows of a device or table.

use crate::args::{DedupArgs, ThreadArgs};
use crate::exit::Outcome;
use crate::rows::{self, RowArgs};

/// Print all rows of a device or table
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Columns are the time and the measurements of a device, or the time, tags and fields of a table. Rows are streamed.

Examples:
  tsfile-cli cat plant.tsfile -d root.ln.wf01.wt01 -f csv
  tsfile-cli cat plant.tsfile -t weather -m temperature --start 1700000000000 --end 1700086399999 -f ndjson
  tsfile-cli cat plant.tsfile -t weather --tag-filter site eq north --tag-filter room not-null --tag-match all -f csv
  tsfile-cli cat plant.tsfile -d root.ln.wf01.wt01 -m temperature --where \"status = 'error' and time >= TIMESTAMP '2024-01-31 12:00:00'\"")]
pub struct Args {
    #[command(flatten)]
    rows: RowArgs,
    #[command(flatten)]
    dedup: DedupArgs,
    #[command(flatten)]
    threads: ThreadArgs,
}

/// Runs it.
///
/// # Errors
/// See [`crate::exit::Fault`].
pub fn run(args: &Args) -> Outcome {
    rows::run(&args.rows, None, &args.dedup, args.threads.count())
}
