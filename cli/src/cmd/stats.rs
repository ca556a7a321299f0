//! `stats`: what the values of each field amount to, from statistics where these are right.

use std::io::{self, Write};

use tsfile::arrow::{date_to_days, widen};
use tsfile::model::{ColumnCategory, DataType, DeviceId, Model, TableSchema, Value};
use tsfile::scan::{Aggregates, DeviceSummary, RowSummary, SeriesSummary, SummarySource};
use tsfile::{Error, ErrorKind};

use crate::again;
use crate::args::{Dates, Text};
use crate::exit::{Blame as _, Outcome};
use crate::output::Cell;
use crate::render;
use crate::report::Report;
use crate::scope;
use crate::sums::{Devices, Object, SumArgs};

/// Before and behind the tags.
const HEAD: [&str; 2] = ["model", "object"];
const TAIL: [&str; 12] = [
    "field",
    "data_type",
    "non_null_count",
    "null_count",
    "min_time",
    "max_time",
    "min",
    "max",
    "first",
    "last",
    "sum",
    "stats_source",
];

/// Print counts, times, minimum, maximum, first, last and sum of fields
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Of tables there is a row for each field of each entity (combination of tags). stats_source says where a row comes from: statistics, or a
scan where they cannot tell.

Examples:
  tsfile-cli stats plant.tsfile -d root.ln.wf01.wt01
  tsfile-cli stats plant.tsfile -t weather -m temperature -f csv
  tsfile-cli stats plant.tsfile -t weather --tag-filter site regexp 'north|south' --start 0 --end 86399999")]
pub struct Args {
    #[command(flatten)]
    sums: SumArgs,
    /// What becomes of text that is not UTF-8 [default: utf8, an error]
    #[arg(long, help_heading = "Values")]
    text: Option<Text>,
    /// What becomes of dates that do not exist [default: error]
    #[arg(long, help_heading = "Values")]
    dates: Option<Dates>,
}

/// Runs it.
///
/// # Errors
/// See [`crate::exit::Fault`].
pub fn run(args: &Args) -> Outcome {
    let sums = &args.sums;
    let mut inputs = sums.inputs()?;
    let survey = sums.survey(&inputs, "stats", &[ColumnCategory::Field])?;
    let files = std::mem::take(&mut inputs.files);
    let tags = survey.tags.iter().map(|tag| format!("tag.{tag}"));
    let names: Vec<String> = HEAD
        .into_iter()
        .map(str::to_owned)
        .chain(tags)
        .chain(TAIL.into_iter().map(str::to_owned))
        .collect();
    let several = files.len() > 1;
    let out = io::stdout().lock();
    let report = Report::start(out, &sums.report, several, &names, Some("fields"));
    let mut print = Print {
        report: report.output("stdout")?,
        tags: &survey.tags,
        text: args.text.unwrap_or_default(),
        dates: args.dates.unwrap_or_default(),
    };
    for path in &files {
        let Some(reader) = scope::open_data(&mut inputs, path)? else {
            continue;
        };
        print.report.file(reader.name()).output("stdout")?;
        let named = |e: Error| again::failure(e.in_file(reader.name()));
        sums.each(&reader, true, None, |object| match object {
            Object::Table(schema, devices) => print.table(sums, schema, devices, named),
            Object::Device(device) => print.tree(&device, named),
        })?;
    }
    inputs.say_skipped();
    print.report.finish().output("stdout")
}

struct Print<'a, W: Write> {
    report: Report<W>,
    tags: &'a [String],
    text: Text,
    dates: Dates,
}

impl<W: Write> Print<'_, W> {
    fn tree(
        &mut self,
        device: &DeviceSummary,
        named: impl Fn(Error) -> crate::exit::Failure,
    ) -> Outcome {
        let path = device.device.path();
        for series in &device.series {
            let mut cells = vec![Model::Tree.name().into(), path.as_str().into()];
            cells.extend(self.tags.iter().map(|_| Cell::Null));
            self.field(cells, &device.device, device.rows, series)
                .map_err(&named)?
                .output("stdout")?;
        }
        Ok(())
    }

    fn table(
        &mut self,
        sums: &SumArgs,
        schema: &TableSchema,
        devices: Devices,
        named: impl Fn(Error) -> crate::exit::Failure,
    ) -> Outcome {
        let place = |tag: &String| {
            let mut tags = schema.columns_of(ColumnCategory::Tag);
            tags.position(|c| c.measurement.name == *tag)
        };
        let places: Vec<Option<usize>> = self.tags.iter().map(place).collect();
        for device in devices {
            let device = device.map_err(again::failure)?;
            let fields = fields(sums, schema, &device);
            for field in &fields {
                let mut cells = vec![Model::Table.name().into(), schema.name.as_str().into()];
                let tags = places.iter().map(|p| device.device.tag((*p)?));
                cells.extend(tags.map(Cell::from));
                self.field(cells, &device.device, device.rows, field)
                    .map_err(&named)?
                    .output("stdout")?;
            }
        }
        Ok(())
    }

    /// One row behind the cells that say whose it is.
    fn field<'v>(
        &mut self,
        mut cells: Vec<Cell<'v>>,
        device: &DeviceId,
        rows: Option<RowSummary>,
        field: &'v SeriesSummary,
    ) -> tsfile::Result<io::Result<()>> {
        let rows = rows.unwrap_or(RowSummary {
            count: field.count,
            times: field.times,
            source: field.source,
        });
        // A field without a value has the times of its entity's rows.
        let (times, source) = match field.times {
            Some(times) => (Some(times), field.source),
            None => (rows.times, rows.source),
        };
        cells.extend([
            (&*field.measurement).into(),
            field.data_type.name().into(),
            Cell::Tally(field.count),
            Cell::Tally(rows.count.saturating_sub(field.count)),
            times.map(|t| Cell::Int64(t.0)).into(),
            times.map(|t| Cell::Int64(t.1)).into(),
        ]);
        let Aggregates {
            first,
            last,
            min,
            max,
            sum,
        } = &field.values;
        for value in [min, max, first, last] {
            let cell = self
                .value(field.data_type, value.as_ref())
                .map_err(|e| e.device(device.path()).measurement(&*field.measurement))?;
            cells.push(cell);
        }
        cells.push(match sum {
            // Of an INT32 that its table declares a DOUBLE; its sum is far from where doubles round.
            Some(Value::Int64(sum)) if field.data_type == DataType::Double => {
                Cell::Double(*sum as f64)
            }
            Some(Value::Int64(sum)) => Cell::Int64(*sum),
            Some(Value::Double(sum)) => Cell::Double(*sum),
            _ => Cell::Null,
        });
        cells.push(times.map(|_| source.name()).into());
        Ok(self.report.row(&cells))
    }

    fn value<'v>(&self, data_type: DataType, value: Option<&'v Value>) -> tsfile::Result<Cell<'v>> {
        let Some(value) = value else {
            return Ok(Cell::Null);
        };
        Ok(match (data_type, value) {
            (_, Value::Boolean(v)) => Cell::Bool(*v),
            (DataType::Date, Value::Int32(v)) => return self.date(*v),
            (DataType::Int64, Value::Int32(v)) => Cell::Int64((*v).into()),
            (DataType::Double, Value::Int32(v)) => Cell::Double((*v).into()),
            (DataType::Double, Value::Float(v)) => Cell::Double((*v).into()),
            (_, Value::Int32(v)) => Cell::Int32(*v),
            (_, Value::Int64(v)) => Cell::Int64(*v),
            (_, Value::Float(v)) => Cell::Float(*v),
            (_, Value::Double(v)) => Cell::Double(*v),
            (_, Value::Bytes(v)) => return self.bytes(v),
        })
    }

    fn date(&self, stored: i32) -> tsfile::Result<Cell<'static>> {
        if self.dates == Dates::Int {
            return Ok(Cell::Int32(stored));
        }
        let mut text = Vec::new();
        match date_to_days(stored) {
            Some(days) => render::date(&mut text, days.into()),
            None if self.dates == Dates::Null => return Ok(Cell::Null),
            None => {
                let error = Error::new(ErrorKind::Value, "date", "an integer that is no date");
                return Err(error
                    .expected("yyyymmdd")
                    .got(stored)
                    .hint("use --dates null or --dates int"));
            }
        }
        Ok(String::from_utf8_lossy(&text).into_owned().into())
    }

    fn bytes<'v>(&self, bytes: &'v [u8]) -> tsfile::Result<Cell<'v>> {
        if self.text == Text::Binary {
            return Ok(Cell::Blob(bytes));
        }
        match std::str::from_utf8(bytes) {
            Ok(text) => Ok(text.into()),
            Err(_) if self.text == Text::Lossy => Ok(Cell::Text(String::from_utf8_lossy(bytes))),
            Err(_) => {
                let error = Error::new(ErrorKind::Value, "text", "bytes that are no UTF-8");
                Err(error.hint("use --text lossy or --text binary"))
            }
        }
    }
}

/// The fields of one entity in declared order, with those that it lacks, and then those that the schema does not declare.
fn fields(sums: &SumArgs, schema: &TableSchema, device: &DeviceSummary) -> Vec<SeriesSummary> {
    let stored = |name: &str| device.series.iter().find(|s| *s.measurement == *name);
    let mut fields: Vec<SeriesSummary> = Vec::new();
    for column in schema.columns_of(ColumnCategory::Field) {
        let (name, declared) = (&column.measurement.name, column.measurement.data_type);
        if !sums.wants(name) {
            continue;
        }
        let mut field = stored(name).cloned().unwrap_or(SeriesSummary {
            measurement: name.as_str().into(),
            data_type: declared,
            count: 0,
            times: None,
            values: Aggregates::default(),
            source: SummarySource::Statistics,
        });
        field.data_type = widen(declared, field.data_type).unwrap_or(field.data_type);
        if field.count == 0 {
            field.data_type = declared;
        }
        if matches!(field.data_type, DataType::Int64 | DataType::Timestamp) {
            field.values.sum = None;
        }
        fields.push(field);
    }
    let declared = |name: &str| schema.columns.iter().any(|c| c.measurement.name == name);
    let extra = device.series.iter().filter(|s| !declared(&s.measurement));
    fields.extend(extra.cloned());
    fields
}
