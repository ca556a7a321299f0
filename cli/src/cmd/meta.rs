//! `meta`: size, format version and model of TsFiles, from their tails alone.

use std::io;
use std::path::PathBuf;

use crate::args::OpenArgs;
use crate::exit::{Blame as _, Outcome};
use crate::inputs::Inputs;
use crate::output::Cell;
use crate::report::{Report, ReportArgs};
use crate::scope;

const COLUMNS: &[&str] = &["size_bytes", "format_version", "model"];

/// Print size, format version and model (tree, table or mixed) of TsFiles
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Example:
  tsfile-cli meta plant.tsfile -f ndjson")]
pub struct Args {
    /// TsFiles to read, directories of them, or patterns
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    #[command(flatten)]
    report: ReportArgs,
    #[command(flatten)]
    open: OpenArgs,
}

/// Runs it.
///
/// # Errors
/// See [`crate::exit::Fault`].
pub fn run(args: &Args) -> Outcome {
    let mut inputs = Inputs::find(&args.files, &args.open)?;
    let files = std::mem::take(&mut inputs.files);
    let several = files.len() > 1;
    let out = io::stdout().lock();
    let mut report = Report::start(out, &args.report, several, COLUMNS, None).output("stdout")?;
    for path in &files {
        let Some(reader) = inputs.open(path)? else {
            continue;
        };
        report.file(reader.name()).output("stdout")?;
        let row = [
            Cell::Tally(reader.size_bytes()),
            Cell::Tally(u64::from(reader.format_version().code())),
            scope::model(&reader).into(),
        ];
        report.row(&row).output("stdout")?;
    }
    inputs.say_skipped();
    report.finish().output("stdout")
}
