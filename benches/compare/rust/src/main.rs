//! Reads or writes a file and says in one line of JSON how long that took, what came, and how much memory it needed.
//!
//! ```text
//! tsfile-compare idle                           nothing but starting: the memory that every run has
//! tsfile-compare open FILE [times=N]            open, columns of the tables; N times, each timed
//! tsfile-compare scan FILE [KEY=VALUE..]        from opening to the last batch
//! tsfile-compare points FILE [KEY=VALUE..]      one device and a range of times, again and again
//! tsfile-compare select FILE [KEY=VALUE..]      rows by value
//! tsfile-compare aggregate FILE                 what each column of each device amounts to
//! tsfile-compare write DUMP FILE [KEY=VALUE..]  from batches in memory to a file that is closed and on disk
//!
//! form=table|narrow|wide    default: what suits the file        table=NAME    of the table form
//! column=NAME               only this one                       rows=all|projected
//! threads=N                 splits are read by so many
//! check=yes                 also sums up the columns, which takes time
//!
//! queries=LIST              lines `DEVICE START END`                      count=N      the first ones of the list
//! open=each                 the file is opened for each query
//! column=NAME low=X high=Y  rows to select
//!
//! times=N                   write so often, each timed          limit=MIB     the writer's memory limit
//! stream=yes                batches are made when they are written, and dropped
//! ```

mod clock;
mod dump;
mod query;
mod sums;
mod write;

use clock::Clock;
use serde_json::{Value, json};
use std::error::Error;
use std::process::ExitCode;
use sums::Sums;
use tsfile::scan::{Form, Rows};
use tsfile::{ReadOptions, TsFileReader};

type AnyResult<T> = Result<T, Box<dyn Error>>;

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    match run(&args) {
        Ok(line) => {
            println!("{line}");
            ExitCode::SUCCESS
        }
        Err(e) => {
            eprintln!("error: {e}");
            ExitCode::FAILURE
        }
    }
}

fn run(args: &[&str]) -> AnyResult<Value> {
    let mut found = match args {
        ["idle"] => json!({}),
        ["open", file] => open(file, 1)?,
        ["open", file, times] => open(file, times.trim_start_matches("times=").parse()?)?,
        ["scan", file, options @ ..] => scan(file, &Options::parse(options)?)?,
        ["points", file, options @ ..] => query::points(file, &query::Options::parse(options)?)?,
        ["select", file, options @ ..] => query::select(file, &query::Options::parse(options)?)?,
        ["aggregate", file, options @ ..] => {
            query::aggregate(file, &query::Options::parse(options)?)?
        }
        ["write", dump, file, options @ ..] => write::run(dump, file, options)?,
        _ => {
            return Err(
                "usage: tsfile-compare idle | open|scan|points|select|aggregate FILE [KEY=VALUE..] | write DUMP FILE [KEY=VALUE..]".into(),
            );
        }
    };
    found["peak_kib"] = json!(peak_kib()?);
    Ok(found)
}

/// How a file is scanned.
#[derive(Debug)]
struct Options {
    form: Option<Form>,
    table: Option<String>,
    column: Option<String>,
    rows: Rows,
    threads: usize,
    check: bool,
}

impl Options {
    fn parse(args: &[&str]) -> AnyResult<Self> {
        let mut options = Self {
            form: None,
            table: None,
            column: None,
            rows: Rows::All,
            threads: 1,
            check: false,
        };
        for arg in args {
            match arg.split_once('=') {
                Some(("form", "table")) => options.form = Some(Form::Table),
                Some(("form", "narrow")) => options.form = Some(Form::Narrow),
                Some(("form", "wide")) => options.form = Some(Form::Wide),
                Some(("table", name)) => options.table = Some(name.into()),
                Some(("column", name)) => options.column = Some(name.into()),
                Some(("rows", "all")) => options.rows = Rows::All,
                Some(("rows", "projected")) => options.rows = Rows::Projected,
                Some(("threads", n)) => options.threads = n.parse()?,
                Some(("check", "yes")) => options.check = true,
                _ => return Err(format!("unknown option {arg}").into()),
            }
        }
        Ok(options)
    }
}

/// Opens the file and looks at the columns of its tables, `times` times.
fn open(file: &str, times: usize) -> AnyResult<Value> {
    let mut clock = Clock::default();
    let mut found = json!({});
    for _ in 0..times {
        let columns: usize = clock.time(|| -> AnyResult<_> {
            let reader = TsFileReader::open(file, ReadOptions::default())?;
            Ok(reader.tables().map(|t| t.columns.len()).sum())
        })?;
        found["schema_columns"] = json!(columns);
    }
    clock.tell(&mut found);
    Ok(found)
}

/// Reads all that is asked for, from opening to the end of the last batch.
fn scan(file: &str, options: &Options) -> AnyResult<Value> {
    let mut clock = Clock::default();
    let sums = clock.time(|| batches(file, options))?;
    let mut found = sums.json();
    clock.tell(&mut found);
    Ok(found)
}

fn batches(file: &str, options: &Options) -> AnyResult<Sums> {
    let mut sums = Sums::new(options.check);
    let query = tsfile::open(file)?.with(|r| {
        let r = r
            .with_rows(options.rows)
            .with_threads(options.threads)
            .with_table(options.table.as_deref())
            .with_columns(options.column.clone().map(|c| vec![c]));
        match options.form {
            Some(form) => r.with_form(form),
            None => r,
        }
    });
    for batch in query.scan()? {
        sums.add(&batch?)?;
    }
    Ok(sums)
}

/// Largest resident size of this process so far.
fn peak_kib() -> AnyResult<u64> {
    status_kib("VmHWM:")
}

/// A size that the system knows of this process.
fn status_kib(key: &str) -> AnyResult<u64> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let line = status
        .lines()
        .find_map(|l| l.strip_prefix(key))
        .ok_or_else(|| format!("no {key} in /proc/self/status"))?;
    Ok(line.trim().trim_end_matches("kB").trim().parse()?)
}
