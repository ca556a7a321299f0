//! `convert`: rows of one format into another.

use std::path::{Path, PathBuf};

use arrow_schema::{DataType, Schema};

use crate::args::{
    Dates, Form, ObjectArgs, OpenArgs, RangeArgs, Rows, Text, Time, TimeArgs, TimeUnit,
};
use crate::convert::atomic::{self, Target};
use crate::convert::format::{InputFormat, OutputFormat};
use crate::convert::retry::{self, FileNames};
use crate::convert::source::Source;
use crate::convert::tsfile::{Part, TsFiles};
use crate::convert::{forms, input, sink, steps};
use crate::exit::{self, Blame as _, Failure, Outcome};
use crate::progress::Progress;
use crate::tags::TagArgs;

/// Stands for stdout where a file is expected.
const STDOUT: &str = "-";
/// Name of the file with the tree devices in --output-dir.
const TREE: &str = "tree";

/// Convert TsFile, Parquet, Arrow IPC, CSV, TSV and NDJSON to Parquet, Arrow IPC, CSV, TSV or NDJSON
#[derive(Debug, Clone, clap::Args)]
#[command(after_help = "\
Examples:
  tsfile-cli convert plant.tsfile -o plant.parquet
  tsfile-cli convert plant.tsfile -o - --to csv --form narrow -d root.ln.wf01.wt01 | head
  tsfile-cli convert monday.tsfile tuesday.tsfile -t weather -m temperature -o weather.arrow
  tsfile-cli convert plant.tsfile -t weather --tag-filter site eq north -o north.parquet
  tsfile-cli convert plant.tsfile --output-dir plant --to parquet
  tsfile-cli convert wide.parquet --form narrow -o narrow.parquet
  tsfile-cli convert narrow.csv --form table --tags site,device -o table.csv
  tsfile-cli convert table.csv --form wide -t plant --tags site,device -o wide.csv

Between forms, inputs that are no TsFiles are held in memory; everything else is streamed.")]
pub struct Args {
    /// Files to read, told apart by their contents; several must have the same columns
    #[arg(required = true, value_name = "INPUT")]
    pub inputs: Vec<PathBuf>,
    /// File to write, or - for stdout
    #[arg(
        short,
        long,
        value_name = "OUTPUT",
        required_unless_present = "output_dir"
    )]
    pub output: Option<PathBuf>,
    /// Write every table of the TsFiles, and their tree devices (as tree.EXT), to a file of its own in this directory
    #[arg(long, value_name = "DIR", conflicts_with_all = ["output", "device", "table", "measurement"])]
    pub output_dir: Option<PathBuf>,
    /// Format to write [default: by the extension of the output]
    #[arg(long, value_name = "FORMAT")]
    pub to: Option<OutputFormat>,
    /// Replace existing outputs
    #[arg(long)]
    pub force: bool,
    /// How rows look [default for TsFiles: table for tables, wide for tree devices; for others: as they are]
    #[arg(long, help_heading = "Form")]
    pub form: Option<Form>,
    /// Form of an input that is no TsFile [default: table with -t or --tags, narrow with a column device_name, else wide]
    #[arg(long, value_name = "FORM", help_heading = "Form")]
    pub input_form: Option<Form>,
    /// Tag columns of the table form, from or to which an input that is no TsFile is brought
    #[arg(
        long,
        value_name = "NAME,NAME",
        value_delimiter = ',',
        help_heading = "Form"
    )]
    pub tags: Option<Vec<String>>,
    /// Which rows of TsFiles exist in the forms wide and narrow [default: all]
    #[arg(long, help_heading = "Form")]
    pub rows: Option<Rows>,
    /// Name of the time column of rows from TsFiles [default: time, or as the table declares it]
    #[arg(long, value_name = "NAME", help_heading = "Form")]
    pub time_column: Option<String>,
    /// Name of the device column in the form narrow of rows from TsFiles [default: device_name]
    #[arg(long, value_name = "NAME", help_heading = "Form")]
    pub device_column: Option<String>,
    #[command(flatten)]
    pub object: ObjectArgs,
    #[command(flatten)]
    pub range: RangeArgs,
    #[command(flatten)]
    pub tag_filter: TagArgs,
    #[command(flatten)]
    pub time: TimeArgs,
    /// What becomes of text in TsFiles that is not UTF-8 [default: utf8, an error]
    #[arg(long, help_heading = "Values")]
    pub text: Option<Text>,
    /// What becomes of dates in TsFiles that do not exist [default: error]
    #[arg(long, help_heading = "Values")]
    pub dates: Option<Dates>,
    #[command(flatten)]
    pub open: OpenArgs,
}

/// Runs it.
///
/// # Errors
///
/// See [`exit::Fault`].
pub fn run(args: Args) -> Outcome {
    let formats = args
        .inputs
        .iter()
        .map(|path| InputFormat::detect(path))
        .collect::<Outcome<Vec<_>>>()?;
    let tsfiles = formats.iter().all(|f| *f == InputFormat::TsFile);
    check_flags(&args, tsfiles)?;
    match &args.output_dir {
        Some(dir) => run_parts(&args, dir),
        None if tsfiles => run_tsfiles(&args),
        None => run_others(&args, &formats),
    }
}

/// A flag that would be ignored is a misunderstanding.
fn check_flags(args: &Args, tsfiles: bool) -> Outcome {
    args.tag_filter.check(!args.object.device.is_empty())?;
    let given: &[(&str, bool)] = if tsfiles {
        &[
            ("--tags", args.tags.is_some()),
            ("--input-form", args.input_form.is_some()),
        ]
    } else {
        &[
            ("--output-dir", args.output_dir.is_some()),
            ("--device", !args.object.device.is_empty()),
            ("--tag-filter", args.tag_filter.is_given()),
            ("--rows", args.rows.is_some()),
            ("--text", args.text.is_some()),
            ("--dates", args.dates.is_some()),
            ("--time-column", args.time_column.is_some()),
            ("--device-column", args.device_column.is_some()),
            ("--recover", args.open.recover),
            ("--ignore-mods", args.open.ignore_mods),
            ("--trusted", args.open.trusted),
        ]
    };
    let Some((flag, _)) = given.iter().find(|(_, given)| *given) else {
        return Ok(());
    };
    let (file, what) = match (args.inputs.first(), tsfiles) {
        (Some(file), true) => (file.display().to_string(), "other formats than TsFile"),
        (Some(file), false) => (file.display().to_string(), "TsFiles"),
        (None, _) => (String::new(), "other inputs"),
    };
    Err(Failure::usage(format!(
        "{file}: {flag} is for {what}; leave it out"
    )))
}

fn run_tsfiles(args: &Args) -> Outcome {
    let output = output(args)?;
    let format = output_format(args, output)?;
    // Refused before any work is done.
    let target = target(args, output)?;
    let files = TsFiles::open(args)?;
    let part = files.the_part()?;
    let source = files.source(&part, shown_time(args, format))?;
    say_unit(args, &source.schema);
    convert(source, format, target, output)
}

/// Every table, and the tree devices, to a file of its own.
fn run_parts(args: &Args, dir: &Path) -> Outcome {
    let Some(format) = args.to else {
        let parquet = Args {
            to: Some(OutputFormat::Parquet),
            ..args.clone()
        };
        return Err(Failure::usage(format!(
            "{}: --output-dir needs a format; add --to parquet, arrow, csv, tsv or ndjson",
            dir.display()
        ))
        .with_commands([retry::command(&parquet)]));
    };
    let mut files = TsFiles::open(args)?;
    let mut names = FileNames::default();
    let mut jobs = Vec::new();
    for part in files.parts()? {
        let name = match &part {
            Part::Table(table) => names.next(table),
            Part::Tree(_) => names.next(TREE),
        };
        let output = dir.join(format!("{name}.{}", format.extension()));
        check(args, &output)?;
        jobs.push((part, output));
    }
    if !dir.is_dir() {
        std::fs::create_dir(dir).output(format_args!("{}: cannot be created", dir.display()))?;
    }
    let mut unit_was_said = false;
    for (part, output) in jobs {
        let source = files.source(&part, shown_time(args, format))?;
        if !unit_was_said {
            unit_was_said = say_unit(args, &source.schema);
        }
        convert(source, format, target(args, &output)?, &output)?;
        // A command that is suggested from here on has to replace what is already there.
        files.args.force = true;
    }
    Ok(())
}

fn run_others(args: &Args, formats: &[InputFormat]) -> Outcome {
    let output = output(args)?;
    let format = output_format(args, output)?;
    let target = target(args, output)?;
    let inputs: Vec<_> = args
        .inputs
        .iter()
        .cloned()
        .zip(formats.iter().copied())
        .collect();
    let mut source = input::open(&inputs)?;
    if args.range.is_given() {
        source = steps::within(source, args.range.bounds())?;
    }
    let (mut source, tags) = forms::reshape(source, args)?;
    source = steps::select(source, &args.object.measurement, &tags)?;
    source = show_time(source, args, formats, format)?;
    convert(source, format, target, output)
}

/// Whether this path stands for stdout.
pub fn is_stdout(path: &Path) -> bool {
    path == Path::new(STDOUT)
}

fn output(args: &Args) -> Outcome<&Path> {
    args.output
        .as_deref()
        .ok_or_else(|| Failure::usage("no output is given; add -o OUTPUT"))
}

fn target(args: &Args, path: &Path) -> Outcome<Target> {
    if is_stdout(path) {
        return Ok(Target::stdout());
    }
    check(args, path)?;
    Target::file(path, args.force, &args.inputs)
}

fn check(args: &Args, path: &Path) -> Outcome {
    atomic::check(path, args.force, &args.inputs).map_err(|failure| {
        let with_force = Args {
            force: true,
            ..args.clone()
        };
        let helps = !args.force
            && atomic::is_taken(path)
            && atomic::check(path, true, &args.inputs).is_ok();
        failure.with_commands(helps.then(|| retry::command(&with_force)))
    })
}

fn output_format(args: &Args, path: &Path) -> Outcome<OutputFormat> {
    args.to
        .or_else(|| OutputFormat::of_extension(path))
        .ok_or_else(|| {
            let to = if is_stdout(path) {
                OutputFormat::Csv
            } else {
                OutputFormat::Parquet
            };
            let named = Args {
                to: Some(to),
                ..args.clone()
            };
            Failure::usage(format!(
                "{}: its extension names no format; add --to parquet, arrow, csv, tsv or ndjson",
                path.display()
            ))
            .with_commands([retry::command(&named)])
        })
}

/// Instants in columnar formats and numbers in text, unless `--time` says otherwise.
fn shown_time(args: &Args, format: OutputFormat) -> Time {
    args.time.time.unwrap_or(if format.is_text() {
        Time::Raw
    } else {
        Time::Timestamp
    })
}

/// Says, when instants are written, under which unit; returns whether it did.
fn say_unit(args: &Args, schema: &Schema) -> bool {
    let instants = schema
        .fields()
        .iter()
        .any(|f| matches!(f.data_type(), DataType::Timestamp(_, _)));
    let said = instants && args.time.time_unit.is_none();
    if said {
        exit::say(format_args!(
            "the time unit is not recorded in the input; {} was assumed (--time-unit ms, us or ns)",
            TimeUnit::default().name()
        ));
    }
    said
}

/// Columnar formats keep the type that the time column has and text shows raw numbers, unless `--time` says
/// otherwise; text that came from text stays as it was.
fn show_time(
    source: Source,
    args: &Args,
    formats: &[InputFormat],
    format: OutputFormat,
) -> Outcome<Source> {
    let from_text = formats
        .iter()
        .all(|f| matches!(f, InputFormat::Csv | InputFormat::Tsv | InputFormat::Ndjson));
    let time = match args.time.time {
        Some(time) => time,
        None if format.is_text() && !from_text => Time::Raw,
        None => return Ok(source),
    };
    let counted = steps::time_column(&source.schema)
        .is_some_and(|column| source.schema.field(column).data_type() == &DataType::Int64);
    let source = steps::show_time(source, time, args.time.time_unit.unwrap_or_default())?;
    if time == Time::Timestamp && counted {
        say_unit(args, &source.schema);
    }
    Ok(source)
}

/// Moves every batch and says how many rows there were.
fn convert(source: Source, format: OutputFormat, target: Target, output: &Path) -> Outcome {
    let mut progress = Progress::start(source.total_rows);
    let mut sink = sink::start(format, target, &source.schema, &source.sorted_by)?;
    for batch in source.batches {
        let batch = batch?;
        sink.write(&batch)?;
        progress.add(batch.num_rows());
    }
    sink.finish()?;
    let rows = progress.finish();
    if !is_stdout(output) {
        exit::say(format_args!("{rows} rows written to {}", output.display()));
    }
    Ok(())
}
