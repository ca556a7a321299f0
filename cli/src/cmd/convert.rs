//! `convert`: rows of one format into another.

use std::cell::RefCell;
use std::path::{Path, PathBuf};
use std::rc::Rc;

use arrow_schema::{DataType, Schema};

use crate::args::{
    Dates, DedupArgs, Form, ObjectArgs, OpenArgs, RangeArgs, Rows, SchemaArgs, Text, ThreadArgs,
    Time, TimeArgs, TimeUnit,
};
use crate::convert::atomic::{self, Target};
use crate::convert::format::{InputFormat, OutputFormat};
use crate::convert::job::Job;
use crate::convert::origin::{self, Origin};
use crate::convert::retry::{self, FileNames};
use crate::convert::sink::Output;
use crate::convert::source::Source;
use crate::convert::steps::Keys;
use crate::convert::summary::Summary;
use crate::convert::text_input::TextOptions;
use crate::convert::text_input::args::{From, TextArgs};
use crate::convert::text_input::rejects::Rejects;
use crate::convert::to_tsfile::args::WriteArgs;
use crate::convert::to_tsfile::{self, copy};
use crate::convert::tsfile::{Part, TsFiles};
use crate::convert::{flags, forms, input, steps};
use crate::exit::{self, Blame as _, Failure, Outcome};
use crate::filter::Filter;
use crate::inputs::Inputs;
use crate::progress::Progress;
use crate::tags::TagArgs;

/// Stands for stdout where a file is expected.
const STDOUT: &str = "-";
/// Name of the file with the tree devices in --output-dir.
const TREE: &str = "tree";

/// Convert between TsFile, Parquet, Arrow IPC, CSV, TSV and NDJSON, in any direction
#[derive(Debug, Clone, Default, clap::Args)]
#[command(after_help = "\
Examples:
  tsfile-cli convert plant.tsfile -o plant.parquet
  tsfile-cli convert plant.tsfile -o - --to csv --form narrow -d root.ln.wf01.wt01 | head
  tsfile-cli convert monday.tsfile tuesday.tsfile -t weather -m temperature -o weather.arrow
  tsfile-cli convert plant.tsfile -t weather --tag-filter site eq north -o north.parquet
  tsfile-cli convert plant.tsfile -o hot.csv --form narrow --where \"device_name like 'root.ln.%' and temperature > 90\"
  tsfile-cli convert plant.tsfile --output-dir plant --to parquet
  tsfile-cli convert readings.csv -o readings.tsfile --tags site,device
  tsfile-cli convert wide.parquet -o plant.tsfile --verify
  tsfile-cli convert log.csv -o log.tsfile -d root.plant.d1
  tsfile-cli convert old.tsfile -o new.tsfile --format-version 4 --compression ZSTD
  tsfile-cli convert wide.parquet --form narrow -o narrow.parquet
  tsfile-cli convert narrow.csv --form table --tags site,device -o table.csv
  tsfile-cli convert table.csv --form wide -t plant --tags site,device -o wide.csv
  zcat log.csv.gz | tsfile-cli convert - --from csv --null NA --on-error skip --rejects bad.csv -o log.parquet

Between forms, inputs that are no TsFiles are held in memory; everything else is streamed.

Floats in TsFiles are written as TS_2DIFF where that loses nothing. C++ libraries and Python packages before 2.5.0
read that as garbage, without an error; --compat broad avoids it.")]
pub struct Args {
    /// Files to read, told apart by their contents, directories of TsFiles, patterns, or - for stdin; several that are no TsFiles must have
    /// the same columns
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
    /// Form of an input that is no TsFile [default: table with -t or --tags, narrow with a column device_name, else wide;
    /// to a TsFile wide only with -d, or where all columns are paths]
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
    /// Name of the time column [default: time, or as the table declares it]
    #[arg(long, value_name = "NAME", help_heading = "Form")]
    pub time_column: Option<String>,
    /// Name of the device column in the form narrow [default: device_name]
    #[arg(long, value_name = "NAME", help_heading = "Form")]
    pub device_column: Option<String>,
    #[command(flatten)]
    pub schema: SchemaArgs,
    #[command(flatten)]
    pub dedup: DedupArgs,
    #[command(flatten)]
    pub object: ObjectArgs,
    #[command(flatten)]
    pub range: RangeArgs,
    #[command(flatten)]
    pub tag_filter: TagArgs,
    /// Only rows of TsFiles for which this condition in SQL is true, such as "s1 > 5 and time < 100"; it may name any column of the form
    #[arg(
        long = "where",
        value_name = "SQL",
        allow_hyphen_values = true,
        help_heading = "Scope"
    )]
    pub filter: Option<String>,
    #[command(flatten)]
    pub time: TimeArgs,
    /// What becomes of text in TsFiles that is not UTF-8 [default: utf8, an error]
    #[arg(long, help_heading = "Values")]
    pub text: Option<Text>,
    /// What becomes of dates in TsFiles that do not exist [default: error]
    #[arg(long, help_heading = "Values")]
    pub dates: Option<Dates>,
    #[command(flatten)]
    pub write: WriteArgs,
    #[command(flatten)]
    pub text_input: TextArgs,
    #[command(flatten)]
    pub open: OpenArgs,
    #[command(flatten)]
    pub threads: ThreadArgs,
    /// The inputs as they were given, where they are not the files themselves.
    #[arg(skip)]
    pub given: Vec<PathBuf>,
    /// Columns whose integers are TIMESTAMPs; only `write` asks for it.
    #[arg(skip)]
    pub counted: Vec<String>,
    /// Whether the summary is left out; only `write` asks for it.
    #[arg(skip)]
    pub quiet: bool,
}

impl Args {
    /// The condition of `--where`.
    ///
    /// # Errors
    ///
    /// Usage, showing the place.
    pub fn condition(&self) -> Outcome<Option<Filter>> {
        let unit = self.time.time_unit.unwrap_or_default();
        Filter::parse(self.filter.as_deref(), self.text_input.tz, unit)
    }

    /// How many threads read TsFiles.
    pub fn read_threads(&self) -> usize {
        if self.write.dry_run {
            return 1;
        }
        self.threads.count()
    }
}

/// Runs it.
///
/// # Errors
///
/// See [`exit::Fault`].
pub fn run(mut args: Args) -> Outcome {
    let progress = Progress::start(None);
    if args.inputs.iter().filter(|i| origin::is_stdin(i)).count() > 1 {
        return Err(Failure::usage("stdin is given twice; it can be read once"));
    }
    let mut found = Inputs::find(&args.inputs, &args.open)?;
    let files = std::mem::take(&mut found.files);
    if files != args.inputs {
        args.given = std::mem::replace(&mut args.inputs, files);
    }
    let inputs = args
        .inputs
        .iter()
        .map(|path| {
            // What should be a TsFile is one that is corrupt, and may be passed over as such.
            let is_tsfile = path.extension().is_some_and(|x| x == "tsfile");
            let corrupt = (args.open.ignore_corrupt && is_tsfile).then_some(From::Tsfile);
            let from = args.text_input.from.or(corrupt);
            let opened = Origin::open(path, from, &progress);
            let unnamed = args.text_input.from.is_none() && origin::is_stdin(path);
            opened.map_err(|failure| failure.with_commands(unnamed.then(|| with_from(&args))))
        })
        .collect::<Outcome<Vec<_>>>()?;
    let formats: Vec<_> = inputs.iter().map(Origin::format).collect();
    flags::check_write(&args)?;
    let tsfiles = formats.iter().all(|f| *f == InputFormat::TsFile);
    flags::check(&args, tsfiles)?;
    flags::check_text(&args, &formats)?;
    let mut run = Run {
        args: &args,
        inputs,
        found,
        progress,
    };
    match &args.output_dir {
        Some(dir) => run.parts(dir),
        None if tsfiles => run.tsfiles(),
        None => run.others(&formats),
    }
}

/// What comes through stdin has no extension.
fn with_from(args: &Args) -> String {
    let mut args = args.clone();
    args.text_input.from = Some(From::Csv);
    retry::command(&args)
}

/// Inputs that were opened for a command line.
struct Run<'a> {
    args: &'a Args,
    inputs: Vec<Origin>,
    found: Inputs,
    progress: Progress,
}

impl Args {
    /// The inputs as they were given: those that patterns and directories lead to are many.
    pub fn given_inputs(&self) -> &[PathBuf] {
        if self.given.is_empty() {
            &self.inputs
        } else {
            &self.given
        }
    }
}

impl Run<'_> {
    /// The inputs, once it is clear that the output may be written.
    fn load(&mut self) -> Outcome<Vec<Rc<Origin>>> {
        self.inputs.iter_mut().try_for_each(Origin::load)?;
        Ok(std::mem::take(&mut self.inputs)
            .into_iter()
            .map(Rc::new)
            .collect())
    }

    fn tsfiles(&mut self) -> Outcome {
        let args = self.args;
        let output = output(args)?;
        let format = output_format(args, output)?;
        // Refused before any work is done.
        let target = target(args, output)?;
        let inputs = self.load()?;
        let files = TsFiles::open(args, &inputs, &mut self.found)?;
        if format == OutputFormat::TsFile && copy::is_meant(args) {
            return self.copy(&files, target, &inputs, output);
        }
        let part = files.the_part()?;
        let source = files.source(&part, shown_time(args, format))?;
        let (sink, tags) = if format == OutputFormat::TsFile {
            let plan = to_tsfile::of_part(args, &part, &files, &source.schema)?;
            if args.write.dry_run {
                return plan.print(&source.schema, args);
            }
            let tags = plan.shape.tags.clone();
            (Output::TsFile(Box::new(plan)), tags)
        } else {
            say_unit(args, &source.schema);
            (Output::Rows(format), Vec::new())
        };
        let job = Job::new(args, source, &tags, &self.progress, &inputs);
        let summary = job.convert(sink, target, None)?;
        if !is_stdout(output) {
            say_written(&summary, output, "");
        }
        Ok(())
    }

    /// Everything that is wanted of TsFiles into one, as it is.
    fn copy(
        &self,
        files: &TsFiles,
        target: Target,
        inputs: &[Rc<Origin>],
        output: &Path,
    ) -> Outcome {
        let args = self.args;
        if args.write.dry_run {
            return copy::plan(files, args, &output.display().to_string());
        }
        let bytes_in: Option<u64> = inputs.iter().map(|input| input.bytes()).sum();
        if let (Some(rows), Some(bytes)) = (files.rows_to_copy()?, bytes_in) {
            self.progress.expect_rows(rows, bytes);
        }
        let written = copy::run(files, args, target, &self.progress)?;
        let summary = Summary {
            rows: self.progress.finish(),
            points: written.points,
            bytes_in,
            bytes_out: written.bytes,
            elapsed: self.progress.elapsed(),
        };
        if !is_stdout(output) {
            say_written(&summary, output, "");
        }
        Ok(())
    }

    /// Every table, and the tree devices, to a file of its own.
    fn parts(&mut self, dir: &Path) -> Outcome {
        let args = self.args;
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
        if format == OutputFormat::TsFile {
            return Err(Failure::usage(
                "--output-dir is for other formats: one TsFile holds all tables and devices; name it with -o",
            ));
        }
        let inputs = self.load()?;
        let mut files = TsFiles::open(args, &inputs, &mut self.found)?;
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
            std::fs::create_dir(dir)
                .output(format_args!("{}: cannot be created", dir.display()))?;
        }
        let mut unit_was_said = false;
        let several = jobs.len() > 1;
        for (part, output) in jobs {
            let progress = Progress::start(None);
            let source = files.source(&part, shown_time(args, format))?;
            if !unit_was_said {
                unit_was_said = say_unit(args, &source.schema);
            }
            let mut job = Job::new(args, source, &[], &progress, &inputs);
            if several {
                job.bytes_in = None;
            }
            let summary = job.convert(Output::Rows(format), target(args, &output)?, None)?;
            say_written(&summary, &output, "");
            // A command that is suggested from here on has to replace what is already there.
            files.args.force = true;
        }
        Ok(())
    }

    fn others(&mut self, formats: &[InputFormat]) -> Outcome {
        let args = self.args;
        let output = output(args)?;
        let format = output_format(args, output)?;
        let target = target(args, output)?;
        let text = formats.iter().copied().find(|f| f.is_text());
        let text = text.unwrap_or(InputFormat::Csv);
        let rejects = match &args.text_input.rejects {
            Some(path) => Some((self::target(args, path)?, path.as_path())),
            None => None,
        };
        let rejects = Rc::new(RefCell::new(Rejects::start(rejects, text)?));
        self.found.say_skipped();
        let inputs = self.load()?;
        if let Some(bytes) = input::bytes_to_read(&inputs) {
            self.progress.expect_bytes(bytes);
        }
        let options = Rc::new(TextOptions::new(args, text, &rejects));
        let mut source = steps::counted(input::open(&inputs, &options)?, &args.counted);
        let keys = Keys::of(&source.schema, args);
        if args.range.is_given() {
            source = steps::within(source, &keys.time, args.range.bounds())?;
        }
        let mut plan = None;
        let (mut source, tags) = if format == OutputFormat::TsFile {
            let (source, new) = to_tsfile::of_rows(source, args, &keys, formats)?;
            let tags = new.shape.tags.clone();
            plan = Some(Box::new(new));
            (source, tags)
        } else {
            forms::reshape(source, args, &keys)?
        };
        source = steps::select(source, &args.object.measurement, &keys, &tags)?;
        let sink = match plan {
            Some(plan) if args.write.dry_run => return plan.print(&source.schema, args),
            Some(plan) => Output::TsFile(plan),
            None => {
                source = show_time(source, &keys.time, args, formats, format)?;
                Output::Rows(format)
            }
        };
        // The bar follows the bytes that are read.
        source.total_rows = None;
        let job = Job::new(args, source, &tags, &self.progress, &inputs);
        let summary = job.convert(sink, target, Some(&rejects))?;
        let skipped = skipped(rejects.borrow().lines(), args);
        if args.quiet {
            return Ok(());
        }
        if !is_stdout(output) {
            say_written(&summary, output, &skipped);
        } else if !skipped.is_empty() {
            exit::say(format_args!("{}", skipped.trim_start_matches(", ")));
        }
        Ok(())
    }
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
    if args.write.dry_run {
        return Ok(Target::nowhere());
    }
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

/// The format that is asked for, or that of the extension.
///
/// # Errors
///
/// When neither says one.
pub fn output_format(args: &Args, path: &Path) -> Outcome<OutputFormat> {
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
                "{}: its extension names no format; add --to tsfile, parquet, arrow, csv, tsv or ndjson",
                path.display()
            ))
            .with_commands([retry::command(&named)])
        })
}

/// Instants in columnar formats and numbers in text, unless `--time` says otherwise.
fn shown_time(args: &Args, format: OutputFormat) -> Time {
    if format == OutputFormat::TsFile {
        return Time::Raw;
    }
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
    name: &str,
    args: &Args,
    formats: &[InputFormat],
    format: OutputFormat,
) -> Outcome<Source> {
    let from_text = formats.iter().all(|f| f.is_text());
    let time = match args.time.time {
        Some(time) => time,
        None if format.is_text() && !from_text => Time::Raw,
        None => return Ok(source),
    };
    let counted = steps::time_column(&source.schema, name)
        .is_some_and(|column| source.schema.field(column).data_type() == &DataType::Int64);
    let source = steps::show_time(source, name, time, args.time.time_unit.unwrap_or_default())?;
    if time == Time::Timestamp && counted {
        say_unit(args, &source.schema);
    }
    Ok(source)
}

fn say_written(summary: &Summary, output: &Path, skipped: &str) {
    exit::say(format_args!(
        "{} rows written to {} ({summary}){skipped}",
        summary.rows,
        output.display()
    ));
}

/// What the summary says of lines that were passed over.
fn skipped(lines: u64, args: &Args) -> String {
    if lines == 0 {
        return String::new();
    }
    let lines = format!(
        ", {lines} line{} skipped",
        if lines == 1 { "" } else { "s" }
    );
    match &args.text_input.rejects {
        Some(file) => format!("{lines} (see {})", file.display()),
        None => format!("{lines} (--rejects FILE keeps them)"),
    }
}
