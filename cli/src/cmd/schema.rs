//! `schema`: the columns of tables and the measurements of devices, with how they are stored.
//!
//! Tables answer from their schema, in declared order; TIME and ATTRIBUTE columns hold no values of their own and so
//! have neither encoding nor compression. Devices answer from their timeseries, and from the header of the first chunk of each.

use std::io::{self, Write};
use std::path::PathBuf;

use tsfile::model::{ColumnCategory, Compression, DataType, Encoding, Model, TableSchema};
use tsfile::read::{DeviceRef, Window};
use tsfile::{ErrorKind, TsFileReader};

use crate::args::{ObjectArgs, OpenArgs};
use crate::exit::{Blame as _, Outcome};
use crate::inputs::Inputs;
use crate::report::{Report, ReportArgs};
use crate::scope::{self, Scope};

const COLUMNS: &[&str] = &[
    "model",
    "object",
    "column",
    "category",
    "data_type",
    "encoding",
    "compression",
];

/// Print the columns of tables and the measurements of devices
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Example:
  tsfile-cli schema plant.tsfile -d root.ln.wf01 -m temperature")]
pub struct Args {
    /// TsFiles to read, directories of them, or patterns
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    #[command(flatten)]
    report: ReportArgs,
    #[command(flatten)]
    object: ObjectArgs,
    #[command(flatten)]
    open: OpenArgs,
}

/// Runs it.
///
/// # Errors
/// See [`crate::exit::Fault`].
pub fn run(args: &Args) -> Outcome {
    let mut scope = Scope::new(&args.object);
    let mut inputs = Inputs::find(&args.files, &args.open)?;
    let files = std::mem::take(&mut inputs.files);
    let several = files.len() > 1;
    let out = io::stdout().lock();
    let mut report =
        Report::start(out, &args.report, several, COLUMNS, Some("columns")).output("stdout")?;
    for path in &files {
        let Some(reader) = inputs.open(path)? else {
            continue;
        };
        report.file(reader.name()).output("stdout")?;
        print(&reader, &mut scope, &mut report)?;
    }
    inputs.say_skipped();
    scope.finish(&files)?;
    report.finish().output("stdout")
}

enum Object<'a> {
    Table(&'a TableSchema),
    Device(DeviceRef<'a>),
}

fn print(reader: &TsFileReader, scope: &mut Scope<'_>, report: &mut Report<impl Write>) -> Outcome {
    let mut objects: Vec<(String, Object<'_>)> = reader
        .tables()
        .filter(|t| scope.table(&t.name))
        .map(|t| (t.name.clone(), Object::Table(t)))
        .collect();
    if scope.wants_devices() && scope::model(reader) != Model::Table.name() {
        for device in reader.index()?.devices() {
            let name = device.id().path();
            if reader.model_of(device.id()) == Model::Tree && scope.device(&name) {
                objects.push((name, Object::Device(device)));
            }
        }
    }
    objects.sort_by(|a, b| a.0.cmp(&b.0));
    let mut window = Window::default();
    for (name, object) in &objects {
        match object {
            Object::Table(table) => print_table(table, scope, report)?,
            Object::Device(device) => {
                print_device(reader, &mut window, name, *device, scope, report)?;
            }
        }
    }
    Ok(())
}

fn print_table(
    table: &TableSchema,
    scope: &mut Scope<'_>,
    report: &mut Report<impl Write>,
) -> Outcome {
    for column in &table.columns {
        let stored = &column.measurement;
        if !scope.column(Model::Table, &stored.name) {
            continue;
        }
        let has_values = matches!(column.category, ColumnCategory::Tag | ColumnCategory::Field);
        let row = [
            Model::Table.name().into(),
            table.name.as_str().into(),
            stored.name.as_str().into(),
            column.category.name().into(),
            stored.data_type.name().into(),
            has_values.then(|| stored.encoding.name()).into(),
            has_values.then(|| stored.compression.name()).into(),
        ];
        report.row(&row).output("stdout")?;
    }
    Ok(())
}

fn print_device(
    reader: &TsFileReader,
    window: &mut Window,
    name: &str,
    device: DeviceRef<'_>,
    scope: &mut Scope<'_>,
    report: &mut Report<impl Write>,
) -> Outcome {
    let in_file = |e: tsfile::Error| e.in_file(reader.name());
    for k in 0..device.series_count() {
        let series = device.series(k).map_err(in_file)?;
        if series.data_type_code == DataType::Vector as u8
            || !scope.column(Model::Tree, series.measurement)
        {
            continue;
        }
        if series.data_type().is_err() {
            let unknown = format!("unknown ({})", series.data_type_code);
            let row = [
                Model::Tree.name().into(),
                name.into(),
                series.measurement.into(),
                ColumnCategory::Field.name().into(),
                unknown.into(),
            ];
            report.row(&row).output("stdout")?;
            continue;
        }
        let series = device.timeseries(k).map_err(in_file)?;
        let stored = match series.chunks.first() {
            Some(chunk) => stored(reader, window, chunk.offset)?,
            None => None,
        };
        let row = [
            Model::Tree.name().into(),
            name.into(),
            series.measurement.as_str().into(),
            ColumnCategory::Field.name().into(),
            series.data_type.name().into(),
            stored.map(|s| s.0.name()).into(),
            stored.map(|s| s.1.name()).into(),
        ];
        report.row(&row).output("stdout")?;
    }
    Ok(())
}

/// How the chunk at `offset` is stored; `None` when its codes are unknown.
fn stored(
    reader: &TsFileReader,
    window: &mut Window,
    offset: u64,
) -> Outcome<Option<(Encoding, Compression)>> {
    match reader.chunk_header(window, offset) {
        Ok(header) => Ok(Some((header.encoding, header.compression))),
        Err(e) if e.kind() == ErrorKind::Unsupported => Ok(None),
        Err(e) => Err(e.into()),
    }
}
