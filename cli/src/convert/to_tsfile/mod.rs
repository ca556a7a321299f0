//! TsFile as an output: rows of any form into one file, or whole TsFiles device by device.

pub mod args;
pub mod copy;
mod digest;
mod layout;
pub mod plan;
mod sink;

use std::path::PathBuf;

use arrow_array::RecordBatch;
use arrow_schema::{DataType, Schema, SchemaRef};
use tsfile::scan::{DateMode, ScanRequest, TextMode, TimeAs, TimeUnit};
use tsfile::write::{Layout, WriteOptions};
use tsfile::{ReadOptions, TsFileReader, TsFileWriter, WriteSummary};

use crate::args::Form;
use crate::cmd::convert::Args;
use crate::convert::atomic::Target;
use crate::convert::format::InputFormat;
use crate::convert::sink::Sink;
use crate::convert::source::Source;
use crate::convert::steps::Keys as StepKeys;
use crate::convert::text_input::args::{ColumnType, Types};
use crate::convert::tsfile::{Part, TsFiles};
use crate::convert::{forms, retry};
use crate::exit::{self, Failure, Outcome};
use args::{Model, Version};
use digest::{Digest, Keys};
use layout::{Shape, shape_of};

/// How rows are to become a TsFile.
pub struct RowsPlan {
    /// What the columns are for.
    pub shape: Shape,
    options: WriteOptions,
    unit: TimeUnit,
    lossy: bool,
    verify: bool,
    input: String,
    output: String,
}

impl RowsPlan {
    fn new(args: &Args, shape: Shape, unit: TimeUnit) -> Self {
        Self {
            shape,
            options: args.write.library(),
            unit,
            lossy: args.write.lossy,
            verify: args.write.verify,
            input: forms::name(args),
            output: args
                .output
                .as_ref()
                .map_or_else(String::new, |o| o.display().to_string()),
        }
    }

    fn all_options(&self) -> WriteOptions {
        let options = self.options.clone();
        options
            .with_time_unit(self.unit)
            .with_layout(layout_of(&self.shape))
    }

    /// Prints what would be written.
    ///
    /// # Errors
    ///
    /// When it could not be.
    pub fn print(&self, schema: &SchemaRef, args: &Args) -> Outcome {
        // What a writer refuses before it has seen a row is refused here too.
        let (nowhere, _) = sink::of_target(Target::nowhere());
        let schema = SchemaRef::clone(schema);
        TsFileWriter::start(nowhere, SchemaRef::clone(&schema), self.all_options())
            .map_err(|e| blamed(e, &self.input))?;
        let schema = &schema;
        plan::rows(schema, &self.shape, &args.write, self.unit, &self.output)
    }
}

/// Rows that come from no TsFile: what their columns are for, and the rows in the form that is to be written.
///
/// # Errors
///
/// When it is not clear, or they cannot have that form.
pub fn of_rows(
    source: Source,
    args: &Args,
    keys: &StepKeys,
    formats: &[InputFormat],
) -> Outcome<(Source, RowsPlan)> {
    let mut shape = shape_of(&source.schema, args, keys)?;
    check_dates(&source.schema, &shape, args, formats)?;
    check_version(&shape, args)?;
    let unit = unit_of(args, &source.schema, &shape, formats);
    let mut source = match &shape.under {
        Some(device) => layout::below(source, device, &shape.time),
        None => source,
    };
    if shape.form != shape.to {
        let mut reshaped = args.clone();
        reshaped.input_form = Some(shape.form);
        reshaped.form = Some(shape.to);
        if shape.form == Form::Table {
            // Tree devices are paths below root.
            let table = shape.table.take().unwrap_or_default();
            reshaped.object.table = Some(format!("root.{table}"));
            reshaped.tags = Some(match shape.tags.as_slice() {
                [] => vec![String::new()],
                tags => tags.to_vec(),
            });
        }
        (source, shape.tags) = forms::reshape(source, &reshaped, keys)?;
        shape.form = shape.to;
    }
    let plan = RowsPlan::new(args, shape, unit);
    Ok((source, plan))
}

/// Rows of one part of TsFiles.
///
/// # Errors
///
/// When they are to be of another model than they are.
pub fn of_part(args: &Args, part: &Part, files: &TsFiles, schema: &Schema) -> Outcome<RowsPlan> {
    let keys = StepKeys::of(schema, args);
    let (form, table, tags) = match part {
        Part::Table(table) => (Form::Table, Some(table.clone()), files.tags(table)),
        Part::Tree(form) => (*form, None, Vec::new()),
    };
    let model = if form == Form::Table {
        Model::Table
    } else {
        Model::Tree
    };
    if args.write.model.is_some_and(|m| m != model) {
        return Err(Failure::usage(format!(
            "{}: rows of TsFiles keep their model here; write another format first, then convert that with --model",
            forms::name(args)
        )));
    }
    let shape = Shape {
        form,
        to: form,
        time: keys.time,
        device: keys.device,
        table,
        tags,
        under: None,
        aligned: args.write.aligned.unwrap_or(true),
    };
    let unit = args.time.time_unit.unwrap_or_default().library();
    Ok(RowsPlan::new(args, shape, unit))
}

/// A time that is a date is its midnight in UTC, unless a zone is given: then it is to be read so.
fn check_dates(schema: &Schema, shape: &Shape, args: &Args, formats: &[InputFormat]) -> Outcome {
    let is_date = schema
        .field_with_name(&shape.time)
        .is_ok_and(|f| f.data_type() == &DataType::Date32);
    if !is_date || !formats.iter().all(|f| f.is_text()) {
        return Ok(());
    }
    if args.text_input.tz.is_none() {
        exit::say(format_args!(
            "the times are dates; midnight in UTC was taken (--types {}=TIMESTAMP --tz +02:00 for another zone)",
            shape.time
        ));
        return Ok(());
    }
    let mut typed = args.clone();
    let time = (shape.time.clone(), ColumnType::Timestamp);
    typed.text_input.types.push(Types(vec![time]));
    Err(Failure::usage(format!(
        "{}: the times are dates, which have no zone; to take midnight in that of --tz they have to be read as timestamps",
        forms::name(args)
    ))
    .with_commands([retry::command(&typed)]))
}

/// Version 3 has no tables.
fn check_version(shape: &Shape, args: &Args) -> Outcome {
    if shape.to != Form::Table || args.write.format_version != Some(Version::V3) {
        return Ok(());
    }
    let (mut newer, mut tree) = (args.clone(), args.clone());
    newer.write.format_version = Some(Version::V4);
    tree.write.model = Some(Model::Tree);
    Err(Failure::usage(format!(
        "{}: format version 3 has no tables; expected version 4, or tree devices",
        forms::name(args)
    ))
    .with_commands([newer, tree].map(|a| retry::command(&a))))
}

/// The unit that is asked for; else that of the cells of text; else milliseconds.
fn unit_of(args: &Args, schema: &Schema, shape: &Shape, formats: &[InputFormat]) -> TimeUnit {
    if let Some(unit) = args.time.time_unit {
        return unit.library();
    }
    let time = schema.field_with_name(&shape.time).ok();
    let from_text = formats.iter().all(|f| f.is_text());
    let unit = match time.map(|f| f.data_type()) {
        Some(DataType::Timestamp(arrow_schema::TimeUnit::Microsecond, _)) if from_text => {
            TimeUnit::Us
        }
        Some(DataType::Timestamp(arrow_schema::TimeUnit::Nanosecond, _)) if from_text => {
            TimeUnit::Ns
        }
        _ => return TimeUnit::Ms,
    };
    exit::say(format_args!(
        "times are written in {}, as the cells have them; a TsFile does not record its unit (--time-unit)",
        unit.name()
    ));
    unit
}

/// Takes batches of one form.
pub struct TsFileSink {
    writer: TsFileWriter,
    verify: Option<Verify>,
    input: String,
}

struct Verify {
    temporary: PathBuf,
    digest: Digest,
    form: Form,
    table: Option<String>,
    keys: Keys,
}

impl TsFileSink {
    /// Starts a file.
    ///
    /// # Errors
    ///
    /// When a column cannot be written, or is asked to be written in a way that is not legal.
    pub fn start(plan: RowsPlan, target: Target, schema: &SchemaRef) -> Outcome<Self> {
        let options = plan.all_options();
        let RowsPlan {
            shape,
            unit,
            lossy,
            input,
            ..
        } = plan;
        let (sink, temporary) = sink::of_target(target);
        let verify = temporary.filter(|_| plan.verify).map(|temporary| Verify {
            temporary,
            digest: Digest::new(unit, lossy),
            form: shape.form,
            table: shape.table.clone(),
            keys: keys_of(&shape),
        });
        let writer = TsFileWriter::start(sink, SchemaRef::clone(schema), options)
            .map_err(|e| blamed(e, &input))?;
        Ok(Self {
            writer,
            verify,
            input,
        })
    }
}

fn layout_of(shape: &Shape) -> Layout {
    let mut layout = Layout::default()
        .with_form(shape.form.library())
        .with_time_column(&shape.time)
        .with_device_column(&shape.device)
        .with_aligned(shape.aligned);
    if let Some(table) = &shape.table {
        layout = layout
            .with_table(table)
            .with_tags(shape.tags.iter().cloned());
    }
    layout
}

fn keys_of(shape: &Shape) -> Keys {
    Keys {
        time: shape.time.clone(),
        device: match shape.form {
            Form::Wide => Vec::new(),
            Form::Narrow => vec![shape.device.clone()],
            Form::Table => shape.tags.clone(),
        },
        lower_case: shape.form == Form::Table,
        prefix: String::new(),
        // Rows of nulls only are kept, and counted, where there is one column of times for all.
        count_rows: shape.form != Form::Wide && shape.aligned,
    }
}

impl Sink for TsFileSink {
    fn write(&mut self, batch: &RecordBatch) -> Outcome {
        if let Some(verify) = &mut self.verify {
            verify.digest.add(batch, &verify.keys)?;
        }
        self.writer.write(batch).map_err(|e| blamed(e, &self.input))
    }

    fn finish(self: Box<Self>) -> Outcome<u64> {
        let Self {
            writer,
            verify,
            input,
        } = *self;
        let summary = finish(writer, &input, |_| {
            let Some(v) = verify else {
                return Ok(());
            };
            let mut back = v.digest.fresh();
            let mut keys = v.keys.clone();
            if keys.lower_case {
                keys.time = keys.time.to_lowercase();
                keys.device = keys.device.iter().map(|d| d.to_lowercase()).collect();
            }
            let request = exact_request()
                .with_form(v.form.library())
                .with_table(v.table.as_deref().map(str::to_lowercase).as_deref())
                .with_time_column(&keys.time)
                .with_device_column(v.keys.device.first().map_or("device_name", String::as_str));
            let reader = TsFileReader::open(&v.temporary, ReadOptions::default())?;
            for batch in tsfile::scan::scan(vec![reader], request)? {
                back.add(&batch?, &keys)?;
            }
            same(&v.digest, &back)
        })?;
        Ok(summary.bytes)
    }
}

/// What a file holds, bit for bit.
fn exact_request() -> ScanRequest {
    ScanRequest::new()
        .with_text(TextMode::Binary)
        .with_dates(DateMode::Int)
        .with_time(TimeAs::Raw)
}

fn same(before: &Digest, after: &Digest) -> Outcome {
    match before.difference(after) {
        None => Ok(()),
        Some(difference) => Err(Failure::output(format!(
            "the file does not give back what was put into it: {difference}; nothing was kept"
        ))),
    }
}

/// Finishes a file after `check` has looked at it, and says what is worth knowing about it.
fn finish(
    writer: TsFileWriter,
    input: &str,
    check: impl FnOnce(&WriteSummary) -> Outcome,
) -> Outcome<WriteSummary> {
    let mut failure = None;
    let summary = writer.finish_checked(|summary| {
        check(summary).map_err(|f| {
            let message = f.to_string();
            failure = Some(f);
            tsfile::Error::argument(message)
        })
    });
    let summary = match (summary, failure) {
        (_, Some(failure)) => return Err(failure),
        (Err(e), None) => return Err(blamed(e, input)),
        (Ok(summary), None) => summary,
    };
    if summary.rows_without_values > 0 {
        exit::say(format_args!(
            "{} without a value in any column could not be kept",
            rows(summary.rows_without_values)
        ));
    }
    if summary.duplicates > 0 {
        exit::say(format_args!(
            "{} gave way to another one with the same device and time",
            rows(summary.duplicates)
        ));
    }
    if summary.devices_sorted > 0 {
        exit::say(format_args!(
            "the rows of {} of {} devices were not in the order of time and were sorted",
            summary.devices_sorted, summary.devices
        ));
    }
    if !summary.empty_columns.is_empty() {
        exit::say(format_args!(
            "columns without any value are not in the file: {}",
            summary.empty_columns.join(", ")
        ));
    }
    Ok(summary)
}

fn rows(n: u64) -> String {
    format!("{n} row{}", if n == 1 { "" } else { "s" })
}

/// The sink names itself; everything else is about the input.
fn blamed(error: tsfile::Error, input: &str) -> Failure {
    if error.is_io() {
        return Failure::of_output(error);
    }
    if error.file().is_some() {
        return error.into();
    }
    error.in_file(input).into()
}
