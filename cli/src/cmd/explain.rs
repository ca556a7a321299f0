//! `explain`: how a question is answered, and what that costs.

use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::time::Instant;

use tsfile::TsFileReader;
use tsfile::io::{CountingSource, FileSource, ReadCounts};
use tsfile::scan::{ScanPlan, ScanRequest};

use crate::again;
use crate::args::{DedupArgs, Form, ObjectArgs, OpenArgs, RangeArgs, Rows, ThreadArgs};
use crate::exit::{Blame as _, Failure, Outcome};
use crate::explain::{self, Analysis};
use crate::filter::WhereArgs;
use crate::inputs::Inputs;
use crate::progress::Progress;
use crate::scope::{self, same_name};
use crate::tags::TagArgs;

/// Explain how a question is rewritten, what is read for it and why, and how it is cut for several readers
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Without --analyze only metadata are read: indexes and statistics. The question is that of convert: -d, -t, -m, --start, --end, --rows, --form
and --where, with the same defaults.

Examples:
  tsfile-cli explain plant.tsfile --form narrow -m s1 --where \"device_name = 'root.group1.d1' and time > 1588953600000\"
  tsfile-cli explain plant.tsfile -t weather --where \"site = 'north' and temperature > 30\" --analyze
  tsfile-cli explain plant.tsfile -t weather --where \"site like 'n%'\" --json")]
pub struct Args {
    /// TsFiles to read
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    #[command(flatten)]
    object: ObjectArgs,
    #[command(flatten)]
    range: RangeArgs,
    #[command(flatten)]
    tags: TagArgs,
    #[command(flatten)]
    filter: WhereArgs,
    /// How rows look [default: table for tables, wide for tree devices]
    #[arg(long, help_heading = "Scope")]
    form: Option<Form>,
    /// Which rows exist in the forms wide and narrow [default: all]
    #[arg(long, help_heading = "Scope")]
    rows: Option<Rows>,
    /// Run it, too, and print what that took
    #[arg(long, help_heading = "Output")]
    analyze: bool,
    /// Print one JSON object with schema_version
    #[arg(long, help_heading = "Output")]
    json: bool,
    #[command(flatten)]
    dedup: DedupArgs,
    #[command(flatten)]
    threads: ThreadArgs,
    #[command(flatten)]
    open: OpenArgs,
}

/// Runs it.
///
/// # Errors
/// See [`crate::exit::Fault`].
pub fn run(args: &Args) -> Outcome {
    args.range.check()?;
    args.tags.check(!args.object.device.is_empty())?;
    let request = request(args)?;
    let begun = Instant::now();
    let mut files = Vec::new();
    let mut readers = Vec::new();
    let mut inputs = Inputs::find(&args.files, &args.open)?;
    for path in &std::mem::take(&mut inputs.files) {
        if let Some(reader) = scope::open_data(&mut inputs, path)? {
            readers.push(match args.analyze {
                true => counted(path, args, &mut files)?,
                false => reader,
            });
        }
    }
    inputs.say_skipped();
    let request = of_table(args, request, &readers)?;
    let plan = tsfile::scan::plan(readers, request).map_err(|e| named(args, e))?;
    let (planned, planning) = (total(&files), begun.elapsed());
    let explained = plan.explain().map_err(|e| named(args, e))?;
    let mut analysis = None;
    if args.analyze {
        // What explaining looked up is no part of the scan.
        let before = total(&files);
        let begun = Instant::now();
        let mut found = scanned(&plan, args)?;
        let read = total(&files);
        found.planned = planned;
        found.read = ReadCounts {
            reads: planned.reads + (read.reads - before.reads),
            bytes: planned.bytes + (read.bytes - before.bytes),
        };
        (found.planning, found.scanning) = (planning, begun.elapsed());
        analysis = Some(found);
    }
    let text = if args.json {
        format!("{}\n", explain::json(&explained, analysis.as_ref()))
    } else {
        let analysis = analysis.map(|a| a.text()).unwrap_or_default();
        format!("{explained}{analysis}")
    };
    let mut out = io::stdout().lock();
    out.write_all(text.as_bytes()).output("stdout")?;
    out.flush().output("stdout")
}

fn request(args: &Args) -> Outcome<ScanRequest> {
    let (start, end) = args.range.bounds();
    let columns = &args.object.measurement;
    let mut request = ScanRequest::new()
        .with_devices(args.object.device.clone())
        .with_columns((!columns.is_empty()).then(|| columns.clone()))
        .with_time_range(start, end)
        .with_rows(args.rows.unwrap_or_default().library())
        .with_dedup(args.dedup.library())
        .with_threads(args.threads.count());
    if let Some(form) = args.form {
        request = request.with_form(form.library());
    }
    if let Some(filter) = args.filter.filter()? {
        request = filter.apply(request);
    }
    Ok(request)
}

/// `request` with the table that is asked for, as the files spell it, and those of its devices whose tags are as asked.
fn of_table(args: &Args, request: ScanRequest, readers: &[TsFileReader]) -> Outcome<ScanRequest> {
    let mut tables = readers.iter().flat_map(TsFileReader::tables);
    let (request, schema) = match &args.object.table {
        Some(wanted) => {
            let found = tables.find(|table| same_name(&table.name, wanted));
            let name = found.map_or(wanted, |table| &table.name);
            (request.with_table(Some(name)), found)
        }
        None => {
            let first = tables.next();
            let alone = first.filter(|one| tables.all(|table| table.name == one.name));
            (request, alone)
        }
    };
    if !args.tags.is_given() {
        return Ok(request);
    }
    let Some(schema) = schema else {
        return Err(Failure::usage(
            "--tag-filter is for one table; name it with -t TABLE",
        ));
    };
    Ok(match args.tags.of_table(schema)? {
        Some(keep) => request
            .with_table(Some(&schema.name))
            .with_device_filter(keep),
        None => request,
    })
}

/// Opens a file again that says what is read of it.
fn counted(
    path: &Path,
    args: &Args,
    files: &mut Vec<CountingSource<FileSource>>,
) -> Outcome<TsFileReader> {
    let source = CountingSource::new(FileSource::open(path).map_err(again::failure)?);
    files.push(source.clone());
    let name = path.display().to_string();
    TsFileReader::new(source, name, args.open.library()).map_err(again::failure)
}

/// What was read of all files.
fn total(files: &[CountingSource<FileSource>]) -> ReadCounts {
    let mut all = ReadCounts { reads: 0, bytes: 0 };
    for counts in files.iter().map(CountingSource::counts) {
        all.reads += counts.reads;
        all.bytes += counts.bytes;
    }
    all
}

/// The work of running `plan`.
fn scanned(plan: &ScanPlan, args: &Args) -> Outcome<Analysis> {
    let progress = Progress::start(None);
    let mut scan = plan.scan().map_err(|e| named(args, e))?;
    for batch in scan.by_ref() {
        progress.add(batch.map_err(|e| named(args, e))?.num_rows());
    }
    let nothing = ReadCounts { reads: 0, bytes: 0 };
    Ok(Analysis {
        threads: args.threads.count(),
        rows: progress.finish(),
        work: scan.counters(),
        planned: nothing,
        read: nothing,
        planning: Default::default(),
        scanning: Default::default(),
    })
}

/// An error that names the files.
fn named(args: &Args, error: tsfile::Error) -> Failure {
    let names: Vec<_> = args.files.iter().map(|f| f.display().to_string()).collect();
    again::failure(error.in_file(again::shortened(&names)))
}
