//! `inspect`: one screen that says what is in a TsFile, how it is stored and what is odd about it.
//!
//! It opens whatever can be opened: without a footer it recovers, and deletions beside the file are only mentioned. A
//! file that cannot be read ends in exit code 2, after what could be said about it, and does not keep the other files from theirs.

use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use tsfile::{ReadOptions, TsFileReader};

use crate::args::{ObjectArgs, OpenArgs, TimeUnit};
use crate::exit::{self, Blame as _, Failure, Outcome};
use crate::inputs::Inputs;
use crate::inspect::facts::{self, Facts};
use crate::inspect::{json, listing, screen};
use crate::output::{Cell, Printer};
use crate::render;
use crate::report::{ReportArgs, SCHEMA_VERSION};
use crate::scope::Scope;

/// Show what is in TsFiles on one screen: how much, when, how stored, and what is odd
#[derive(Debug, Clone, clap::Args)]
#[command(after_help = "\
Examples:
  tsfile-cli inspect plant.tsfile
  tsfile-cli inspect plant.tsfile --chunks -f csv
  tsfile-cli inspect plant.tsfile --json")]
pub struct Args {
    /// TsFiles to read, directories of them, or patterns
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// List the chunks in the order of the file instead
    #[arg(long)]
    chunks: bool,
    /// List the pages in the order of the file instead
    #[arg(long)]
    pages: bool,
    #[command(flatten)]
    report: ReportArgs,
    #[command(flatten)]
    object: ObjectArgs,
    /// What one step of time is, to show dates [default: guessed from the magnitude]
    #[arg(long, value_name = "UNIT", help_heading = "Time")]
    time_unit: Option<TimeUnit>,
}

impl Args {
    fn lists(&self) -> bool {
        self.chunks || self.pages
    }

    fn check(&self) -> Outcome {
        if self.chunks && self.pages && !self.report.json {
            return Err(Failure::usage(
                "--chunks and --pages are two tables; print one after the other, or both with --json",
            ));
        }
        if !self.lists() {
            let scoped = !self.object.device.is_empty()
                || self.object.table.is_some()
                || !self.object.measurement.is_empty();
            if scoped {
                return Err(Failure::usage(
                    "-d, -t and -m choose what --chunks and --pages list; the screen is about the whole file",
                ));
            }
            if self.report.rows.format != crate::output::Format::Table {
                return Err(Failure::usage(
                    "-f is for --chunks and --pages; for machines the screen is --json",
                ));
            }
        }
        Ok(())
    }
}

/// Runs it.
///
/// # Errors
/// See [`crate::exit::Fault`].
pub fn run(args: &Args) -> Outcome {
    args.check()?;
    let args = &Args {
        files: Inputs::find(&args.files, &OpenArgs::default())?.files,
        ..args.clone()
    };
    let mut scope = Scope::new(&args.object);
    let mut out = BufWriter::new(io::stdout().lock());
    let mut failures = Failures::default();
    if args.report.json {
        objects(args, &mut scope, &mut out, &mut failures)?;
    } else if args.lists() {
        rows(args, &mut scope, &mut out, &mut failures)?;
    } else {
        for (i, path) in args.files.iter().enumerate() {
            if i > 0 {
                writeln!(out).output("stdout")?;
            }
            match open(path) {
                Ok((_, mut facts)) => {
                    screen::print(&mut out, &facts, args.time_unit).output("stdout")?;
                    failures.keep(facts.damage.take().map(Failure::from));
                }
                Err(failure) => failures.keep(Some(failure)),
            }
        }
    }
    out.flush().output("stdout")?;
    failures.finish()?;
    scope.finish(&args.files)
}

/// The last failure; those before it are told as they come.
#[derive(Default)]
struct Failures(Option<Failure>);

impl Failures {
    fn keep(&mut self, failure: Option<Failure>) {
        if failure.is_none() {
            return;
        }
        if let Some(before) = std::mem::replace(&mut self.0, failure) {
            exit::say(format_args!("error: {before}"));
        }
    }

    fn finish(self) -> Outcome {
        self.0.map_or(Ok(()), Err)
    }
}

/// Opens whatever can be opened.
fn open(path: &Path) -> Outcome<(TsFileReader, Facts)> {
    let options = ReadOptions::new().with_recover(true).with_ignore_mods(true);
    let reader = TsFileReader::open(path, options)?;
    let facts = facts::collect(&reader, &mods_beside(path))?;
    Ok((reader, facts))
}

/// The deletions of IoTDB 1.x and 2.x beside a file.
fn mods_beside(path: &Path) -> Vec<String> {
    ["mods", "mods2"]
        .into_iter()
        .filter_map(|extension| {
            let mut name = path.as_os_str().to_os_string();
            name.push(".");
            name.push(extension);
            let there = Path::new(&name).exists();
            there.then(|| name.to_string_lossy().into_owned())
        })
        .collect()
}

/// `--chunks` or `--pages` as rows.
fn rows(
    args: &Args,
    scope: &mut Scope<'_>,
    out: &mut impl Write,
    failures: &mut Failures,
) -> Outcome {
    let columns = if args.chunks {
        listing::CHUNK_COLUMNS
    } else {
        listing::PAGE_COLUMNS
    };
    let several = args.files.len() > 1;
    let first = several.then_some("file");
    let names = first.iter().chain(columns).copied();
    let (format, look) = (args.report.rows.format, args.report.rows.look());
    let mut printer = Printer::start(out, format, look, names).output("stdout")?;
    for path in &args.files {
        let (reader, facts) = match open(path) {
            Ok(opened) => opened,
            Err(failure) => {
                failures.keep(Some(failure));
                continue;
            }
        };
        let mut broken = None;
        let print = |cells: &[Cell<'_>]| {
            let printed = if several {
                let mut all = vec![Cell::from(reader.name())];
                all.extend_from_slice(cells);
                printer.row(&all)
            } else {
                printer.row(cells)
            };
            printed.output("stdout").inspect_err(|_| broken = Some(()))
        };
        let listed = if args.chunks {
            listing::chunks(&reader, &facts, scope, print)
        } else {
            listing::pages(&reader, &facts, scope, print)
        };
        match listed {
            Err(failure) if broken.is_some() => return Err(failure),
            listed => failures.keep(listed.err()),
        }
    }
    printer.finish().output("stdout")
}

/// `--json`: the screens, with arrays of chunks and pages where wanted.
fn objects(
    args: &Args,
    scope: &mut Scope<'_>,
    out: &mut impl Write,
    failures: &mut Failures,
) -> Outcome {
    write!(out, "{{\"schema_version\":{SCHEMA_VERSION},\"files\":[").output("stdout")?;
    for (i, path) in args.files.iter().enumerate() {
        if i > 0 {
            out.write_all(b",").output("stdout")?;
        }
        match open(path) {
            Ok((reader, facts)) => object(args, scope, out, &reader, facts, failures)?,
            Err(failure) => {
                let error = serde_json::json!({
                    "file": path.display().to_string(),
                    "error": failure.to_string(),
                });
                write!(out, "{error}").output("stdout")?;
                failures.keep(Some(failure));
            }
        }
    }
    out.write_all(b"]}\n").output("stdout")
}

fn object(
    args: &Args,
    scope: &mut Scope<'_>,
    out: &mut impl Write,
    reader: &TsFileReader,
    mut facts: Facts,
    failures: &mut Failures,
) -> Outcome {
    let mut members = json::facts(&facts, args.time_unit);
    if let Some(damage) = facts.damage.take() {
        members.insert("error".to_owned(), damage.to_string().into());
        failures.keep(Some(damage.into()));
    }
    let text = serde_json::Value::Object(members).to_string();
    let open = text.strip_suffix('}').unwrap_or(&text);
    out.write_all(open.as_bytes()).output("stdout")?;
    if args.chunks {
        out.write_all(b",\"chunks\":[").output("stdout")?;
        let mut array = Array::new(out, listing::CHUNK_COLUMNS);
        let listed = listing::chunks(reader, &facts, scope, |cells| array.row(cells));
        array.end(listed, failures)?;
    }
    if args.pages {
        out.write_all(b",\"pages\":[").output("stdout")?;
        let mut array = Array::new(out, listing::PAGE_COLUMNS);
        let listed = listing::pages(reader, &facts, scope, |cells| array.row(cells));
        array.end(listed, failures)?;
    }
    out.write_all(b"}").output("stdout")
}

/// An array of objects, written as it comes.
struct Array<'a, W: Write> {
    out: &'a mut W,
    columns: &'static [&'static str],
    line: Vec<u8>,
    rows: u64,
    broken: bool,
}

impl<'a, W: Write> Array<'a, W> {
    fn new(out: &'a mut W, columns: &'static [&'static str]) -> Self {
        Self {
            out,
            columns,
            line: Vec::new(),
            rows: 0,
            broken: false,
        }
    }

    fn row(&mut self, cells: &[Cell<'_>]) -> Outcome {
        self.line.clear();
        if self.rows > 0 {
            self.line.push(b',');
        }
        self.rows += 1;
        for (i, (name, cell)) in self.columns.iter().zip(cells).enumerate() {
            self.line.push(if i == 0 { b'{' } else { b',' });
            render::json_string(&mut self.line, name);
            self.line.push(b':');
            cell.json(&mut self.line);
        }
        self.line.push(b'}');
        let written = self.out.write_all(&self.line).output("stdout");
        self.broken |= written.is_err();
        written
    }

    /// Closes the array. A failure of the file is kept for the end, one of the stream ends the command.
    fn end(self, listed: Outcome, failures: &mut Failures) -> Outcome {
        match listed {
            Err(failure) if self.broken => return Err(failure),
            listed => failures.keep(listed.err()),
        }
        self.out.write_all(b"]").output("stdout")
    }
}
