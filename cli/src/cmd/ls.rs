//! `ls`: the devices and tables of TsFiles, without reading any timeseries.

use std::io;
use std::path::PathBuf;

use tsfile::model::Model;

use crate::args::{ObjectArgs, OpenArgs};
use crate::exit::{Blame as _, Outcome};
use crate::inputs::Inputs;
use crate::report::{Report, ReportArgs};
use crate::scope::Scope;

const COLUMNS: &[&str] = &["model", "object"];

/// List the devices (tree model) and tables (table model) of TsFiles
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Example:
  tsfile-cli ls plant.tsfile -f csv")]
pub struct Args {
    /// TsFiles to read, directories of them, or patterns
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// Only this device (tree model); repeat for more
    #[arg(short, long, value_name = "DEVICE", conflicts_with = "table")]
    device: Vec<String>,
    /// Only this table (table model)
    #[arg(short, long, value_name = "TABLE")]
    table: Option<String>,
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
    let object = ObjectArgs {
        device: args.device.clone(),
        table: args.table.clone(),
        measurement: Vec::new(),
    };
    let mut scope = Scope::new(&object);
    let mut inputs = Inputs::find(&args.files, &args.open)?;
    let files = std::mem::take(&mut inputs.files);
    let several = files.len() > 1;
    let out = io::stdout().lock();
    let mut report =
        Report::start(out, &args.report, several, COLUMNS, Some("objects")).output("stdout")?;
    for path in &files {
        let Some(reader) = inputs.open(path)? else {
            continue;
        };
        let mut objects: Vec<(String, Model)> = reader
            .tables()
            .filter(|t| scope.table(&t.name))
            .map(|t| (t.name.clone(), Model::Table))
            .collect();
        if scope.wants_devices() {
            for device in reader.device_ids()? {
                if reader.model_of(&device) == Model::Table {
                    continue;
                }
                let name = device.path();
                if scope.device(&name) {
                    objects.push((name, Model::Tree));
                }
            }
        }
        objects.sort_unstable();
        report.file(reader.name()).output("stdout")?;
        for (name, model) in &objects {
            let row = [model.name().into(), name.as_str().into()];
            report.row(&row).output("stdout")?;
        }
    }
    inputs.say_skipped();
    scope.finish(&files)?;
    report.finish().output("stdout")
}
