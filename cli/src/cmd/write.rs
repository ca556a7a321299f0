//! `write`: strict CSV into one table, as the tool of Apache does it. The rows go the way that `convert` has for CSV, with
//! every type given and a header that has to agree.

use std::path::PathBuf;

use crate::args::ObjectArgs;
use crate::cmd::convert;
use crate::convert::atomic;
use crate::convert::format::OutputFormat;
use crate::convert::steps::TIME;
use crate::convert::text_input::args::{ColumnType, From, TextArgs, Types};
use crate::convert::to_tsfile::args::{WriteArgs, compression_of, encoding_of};
use crate::exit::{Failure, Outcome};
use crate::shell;

/// Stands for stdin where a file is expected.
const STDIN: &str = "-";

/// Write a table from strict CSV
#[derive(Debug, clap::Args)]
#[command(after_help = "\
The header of the CSV has the column time and every tag and field, in any order, and no other. Times and TIMESTAMPs are \
integers, DATEs are written 2024-01-31, BLOBs 0x00ff; a cell that is empty or \\N, without quotes, is null. Rows may be \
in any order. `convert` infers types, takes more formats and has more options.

Examples:
  tsfile-cli write --table weather --tag site STRING --field temperature DOUBLE -i weather.csv -o weather.tsfile
  sensor | tsfile-cli write --table log --field value INT64 --encoding INT64 TS_2DIFF --stdin -o log.tsfile -v")]
pub struct Args {
    /// Name of the table
    #[arg(long, value_name = "NAME")]
    table: String,
    /// A tag, and its type, which is STRING; repeat for more
    #[arg(long, num_args = 2, value_names = ["NAME", "TYPE"])]
    tag: Vec<String>,
    /// A field, and its type: BOOLEAN, INT32, INT64, FLOAT, DOUBLE, TEXT, STRING, BLOB, DATE or TIMESTAMP; repeat for more
    #[arg(long, num_args = 2, value_names = ["NAME", "TYPE"], required = true)]
    field: Vec<String>,
    /// Encoding of the fields of a type; repeat for more [default: chosen by the values, without loss]
    #[arg(long, num_args = 2, value_names = ["TYPE", "ENCODING"])]
    encoding: Vec<String>,
    /// Compression of the fields of a type; repeat for more [default: LZ4 where it pays]
    #[arg(long, num_args = 2, value_names = ["TYPE", "NAME"])]
    compression: Vec<String>,
    /// CSV to read
    #[arg(
        short,
        long,
        value_name = "FILE",
        required_unless_present = "stdin",
        conflicts_with = "stdin"
    )]
    input: Option<PathBuf>,
    /// Read the CSV from stdin
    #[arg(long)]
    stdin: bool,
    /// File to write
    #[arg(short, long, value_name = "FILE")]
    output: PathBuf,
    /// Replace an existing output
    #[arg(long)]
    force: bool,
    /// Print what was written
    #[arg(short, long)]
    verbose: bool,
}

/// Runs it.
///
/// # Errors
/// See [`crate::exit::Fault`].
pub fn run(args: &Args) -> Outcome {
    let args = converted(args)?;
    if let (Some(output), false) = (&args.output, args.force) {
        let forced = atomic::is_taken(output).then(|| {
            let words: Vec<_> = std::iter::once(shell::program())
                .chain(std::env::args_os().skip(1))
                .chain(["--force".into()])
                .collect();
            shell::line(&words)
        });
        atomic::check(output, false, &args.inputs).map_err(|f| f.with_commands(forced))?;
    }
    // What could be tried instead are commands of `convert`, which would not be this one.
    convert::run(args).map_err(Failure::without_commands)
}

/// The `convert` that does it.
fn converted(args: &Args) -> Outcome<convert::Args> {
    let mut tags = Vec::new();
    let mut types = vec![(TIME.to_owned(), ColumnType::Int64)];
    let mut counted = Vec::new();
    for (name, data_type) in pairs(&args.tag) {
        if type_of(name, data_type)? != ColumnType::String {
            return Err(Failure::usage(format!(
                "tag {name}: a tag is a STRING, found {data_type}"
            )));
        }
        tags.push(name.to_owned());
        types.push((name.to_owned(), ColumnType::String));
    }
    let mut write = WriteArgs::default();
    for (name, data_type) in pairs(&args.field) {
        let data_type = type_of(name, data_type)?;
        if let Some(found) = of_type(&args.encoding, "encoding", data_type)? {
            let encoding = encoding_of(found).map_err(Failure::usage)?;
            write.encoding.push((name.to_owned(), encoding));
        }
        if let Some(found) = of_type(&args.compression, "compression", data_type)? {
            let compression = compression_of(found).map_err(Failure::usage)?;
            write.compression.push((Some(name.to_owned()), compression));
        }
        // The numbers are taken as they are, whatever they count.
        let read_as = if data_type == ColumnType::Timestamp {
            counted.push(name.to_owned());
            ColumnType::Int64
        } else {
            data_type
        };
        types.push((name.to_owned(), read_as));
    }
    for (i, (name, _)) in types.iter().enumerate() {
        if types.iter().take(i).any(|(other, _)| other == name) {
            return Err(Failure::usage(format!(
                "column {name} is declared twice{}",
                if name == TIME {
                    "; it is always there"
                } else {
                    ""
                }
            )));
        }
    }
    Ok(convert::Args {
        inputs: vec![args.input.clone().unwrap_or_else(|| STDIN.into())],
        output: Some(args.output.clone()),
        to: Some(OutputFormat::TsFile),
        force: args.force,
        tags: Some(tags),
        object: ObjectArgs {
            table: Some(args.table.clone()),
            ..ObjectArgs::default()
        },
        write,
        text_input: TextArgs {
            from: Some(From::Csv),
            types: vec![Types(types)],
            exact: true,
            ..TextArgs::default()
        },
        counted,
        quiet: !args.verbose,
        ..convert::Args::default()
    })
}

fn pairs(words: &[String]) -> impl Iterator<Item = (&str, &str)> {
    words.chunks_exact(2).filter_map(|pair| match pair {
        [a, b] => Some((a.as_str(), b.as_str())),
        _ => None,
    })
}

fn type_of(what: &str, name: &str) -> Outcome<ColumnType> {
    ColumnType::of(name).map_err(|reason| Failure::usage(format!("{what}: {reason}")))
}

/// What a flag that goes by type says of one.
fn of_type<'a>(words: &'a [String], flag: &str, wanted: ColumnType) -> Outcome<Option<&'a str>> {
    let mut found = None;
    for (data_type, value) in pairs(words) {
        if type_of(&format!("--{flag}"), data_type)? == wanted && found.replace(value).is_some() {
            return Err(Failure::usage(format!(
                "--{flag} is given twice for {}",
                wanted.name()
            )));
        }
    }
    Ok(found)
}
