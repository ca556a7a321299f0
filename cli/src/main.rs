//! `tsfile-cli`: look into TsFiles and convert them, from the shell.
//!
//! A command is one file in `cmd`; this file only knows their names and turns what they return into an exit
//! code: 0 ok, 1 usage, 2 input, 3 output or execution. A reader that closed the pipe early is no failure.

mod again;
mod args;
mod cmd;
mod convert;
mod exit;
mod explain;
mod filter;
mod inputs;
mod inspect;
mod lines;
mod output;
mod progress;
mod render;
mod report;
mod rows;
mod scope;
mod shell;
mod sums;
mod table;
mod tags;
mod values;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// Look into TsFiles (Apache IoTDB's columnar time series format) and convert them.
#[derive(Debug, Parser)]
#[command(name = "tsfile-cli", version, about, max_term_width = 120)]
#[command(after_help = "Exit codes: 0 ok, 1 usage, 2 input, 3 output or execution.")]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Inspect(cmd::inspect::Args),
    Convert(Box<cmd::convert::Args>),
    Ls(cmd::ls::Args),
    Schema(cmd::schema::Args),
    Meta(cmd::meta::Args),
    Stats(cmd::stats::Args),
    Count(cmd::count::Args),
    Head(cmd::head::Args),
    Cat(cmd::cat::Args),
    Explain(cmd::explain::Args),
    Write(cmd::write::Args),
}

fn main() -> ExitCode {
    let cli = match Cli::try_parse_from(tags::fold(std::env::args_os())) {
        Ok(cli) => cli,
        Err(error) => return exit::usage(&error),
    };
    let result = match cli.command {
        Command::Inspect(args) => cmd::inspect::run(&args),
        Command::Convert(args) => cmd::convert::run(*args),
        Command::Ls(args) => cmd::ls::run(&args),
        Command::Schema(args) => cmd::schema::run(&args),
        Command::Meta(args) => cmd::meta::run(&args),
        Command::Stats(args) => cmd::stats::run(&args),
        Command::Count(args) => cmd::count::run(&args),
        Command::Head(args) => cmd::head::run(&args),
        Command::Cat(args) => cmd::cat::run(&args),
        Command::Explain(args) => cmd::explain::run(&args),
        Command::Write(args) => cmd::write::run(&args),
    };
    exit::code(result)
}
