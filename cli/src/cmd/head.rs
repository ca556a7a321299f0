//! `head`: the first rows of a device or table.

use crate::args::DedupArgs;
use crate::exit::Outcome;
use crate::rows::{self, RowArgs};

/// Rows without `--limit`.
const ROWS: u64 = 10;

/// Print the first rows of a device or table (10 unless -n says otherwise)
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Columns are the time and the measurements of a device, or the time, tags and fields of a table. Reading ends with the last row that is printed.

Examples:
  tsfile-cli head plant.tsfile
  tsfile-cli head plant.tsfile -d root.ln.wf01.wt01 -m temperature -n 20
  tsfile-cli head plant.tsfile -t weather --tag-filter site eq north --offset 100 -f csv
  tsfile-cli head plant.tsfile -t weather --where \"temperature > 30 and site = 'north'\"")]
pub struct Args {
    #[command(flatten)]
    rows: RowArgs,
}

/// Runs it.
///
/// # Errors
/// See [`crate::exit::Fault`].
pub fn run(args: &Args) -> Outcome {
    // A few rows are there before a second thread is.
    rows::run(&args.rows, Some(ROWS), &DedupArgs::default(), 1)
}
