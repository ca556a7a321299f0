//! `count`: rows, entities, points and times, without reading a value.

use std::collections::HashMap;
use std::io::{self, Write};
use std::sync::Arc;

use tsfile::model::{ColumnCategory, Model, TableSchema};
use tsfile::scan::{DeviceSummary, RowSummary, SummarySource};

use crate::again;
use crate::exit::{Blame as _, Outcome};
use crate::filter::WhereArgs;
use crate::output::Cell;
use crate::report::Report;
use crate::scope;
use crate::sums::{Devices, Object, SumArgs};

const COLUMNS: &[&str] = &[
    "model",
    "object",
    "column",
    "category",
    "row_count",
    "entity_count",
    "non_null_count",
    "null_count",
    "min_time",
    "max_time",
    "time_source",
];

/// Count rows, entities (tables) and points, column by column
#[derive(Debug, clap::Args)]
#[command(after_help = "\
time_source says where counts and times of a column come from: statistics, or a scan where they cannot tell.
With --where only rows that pass are counted, and tree devices without such a row are left out; a column that a device, table or file lacks is
null there. Statistics still answer where the condition asks for devices and one stretch of time.

Examples:
  tsfile-cli count plant.tsfile
  tsfile-cli count plant.tsfile -t weather -m temperature -f csv
  tsfile-cli count plant.tsfile -t weather --tag-filter site eq north --start 1700000000000
  tsfile-cli count plant.tsfile --where \"device_name like 'root.ln.%' and temperature > 30\"")]
pub struct Args {
    #[command(flatten)]
    sums: SumArgs,
    #[command(flatten)]
    filter: WhereArgs,
}

/// Runs it.
///
/// # Errors
/// See [`crate::exit::Fault`].
pub fn run(args: &Args) -> Outcome {
    let sums = &args.sums;
    let filter = args.filter.filter()?;
    let mut inputs = sums.inputs()?;
    let wanted = [ColumnCategory::Tag, ColumnCategory::Field];
    sums.survey(&inputs, "count", &wanted)?;
    let conditions = match &filter {
        Some(filter) => Some(sums.conditions(filter, &inputs)?),
        None => None,
    };
    let files = std::mem::take(&mut inputs.files);
    let several = files.len() > 1;
    let out = io::stdout().lock();
    let mut report =
        Report::start(out, &sums.report, several, COLUMNS, Some("columns")).output("stdout")?;
    for path in &files {
        let Some(reader) = scope::open_data(&mut inputs, path)? else {
            continue;
        };
        report.file(reader.name()).output("stdout")?;
        sums.each(&reader, false, conditions.as_ref(), |object| match object {
            Object::Table(schema, devices) => table(sums, schema, devices, &mut report),
            Object::Device(device) => tree(&device, &mut report),
        })?;
    }
    inputs.say_skipped();
    report.finish().output("stdout")
}

/// What is known about a column.
#[derive(Debug, Clone, Copy)]
struct Points {
    count: u64,
    source: SummarySource,
}

impl Default for Points {
    fn default() -> Self {
        Self {
            count: 0,
            source: SummarySource::Statistics,
        }
    }
}

impl Points {
    fn add(&mut self, count: u64, source: SummarySource) {
        self.count = self.count.saturating_add(count);
        self.source = self.source.and(source);
    }
}

fn tree(device: &DeviceSummary, report: &mut Report<impl Write>) -> Outcome {
    let rows = rows_of(device);
    let path = device.device.path();
    for series in &device.series {
        // A series without a point has the times of its device's rows.
        let (times, source) = match series.times {
            Some(times) => (Some(times), series.source),
            None => (rows.times, rows.source),
        };
        let head = [
            Model::Tree.name().into(),
            path.as_str().into(),
            (&*series.measurement).into(),
            ColumnCategory::Field.name().into(),
        ];
        print(report, head, &rows, None, series.count, times, source)?;
    }
    Ok(())
}

fn table(
    sums: &SumArgs,
    schema: &TableSchema,
    devices: Devices,
    report: &mut Report<impl Write>,
) -> Outcome {
    let tags: Vec<&str> = schema
        .columns_of(ColumnCategory::Tag)
        .map(|c| c.measurement.name.as_str())
        .collect();
    let mut rows = RowSummary {
        count: 0,
        times: None,
        source: SummarySource::Statistics,
    };
    let mut entities = 0u64;
    let mut points: HashMap<Arc<str>, Points> = HashMap::new();
    for device in devices {
        let device = device.map_err(again::failure)?;
        let own = rows_of(&device);
        rows.source = rows.source.and(own.source);
        if let Some((start, end)) = own.times {
            rows.count = rows.count.saturating_add(own.count);
            let all = rows.times.unwrap_or((start, end));
            rows.times = Some((all.0.min(start), all.1.max(end)));
            entities += 1;
        }
        for (i, tag) in tags.iter().enumerate() {
            let there = device.device.tag(i).map_or(0, |_| own.count);
            let tag = points.entry((*tag).into()).or_default();
            tag.add(there, own.source);
        }
        for series in device.series {
            let field = points.entry(series.measurement).or_default();
            field.add(series.count, series.source);
        }
    }
    let mut columns: Vec<(String, ColumnCategory)> = schema
        .columns
        .iter()
        .filter(|c| matches!(c.category, ColumnCategory::Tag | ColumnCategory::Field))
        .map(|c| (c.measurement.name.clone(), c.category))
        .collect();
    // What the schema does not declare follows.
    let declared = |name: &str| schema.columns.iter().any(|c| c.measurement.name == name);
    let mut extra: Vec<_> = points.keys().filter(|n| !declared(n)).collect();
    extra.sort_unstable();
    let field = |name: &Arc<str>| (name.to_string(), ColumnCategory::Field);
    columns.extend(extra.into_iter().map(field));
    for (name, category) in columns.iter().filter(|(name, _)| sums.wants(name)) {
        let own = points.get(name.as_str()).copied().unwrap_or_default();
        let source = rows.source.and(own.source);
        let head = [
            Model::Table.name().into(),
            schema.name.as_str().into(),
            name.as_str().into(),
            category.name().into(),
        ];
        print(
            report,
            head,
            &rows,
            Some(entities),
            own.count,
            rows.times,
            source,
        )?;
    }
    Ok(())
}

fn rows_of(device: &DeviceSummary) -> RowSummary {
    device.rows.unwrap_or(RowSummary {
        count: 0,
        times: None,
        source: SummarySource::Statistics,
    })
}

/// One column; the times have a source when there are any.
fn print(
    report: &mut Report<impl Write>,
    head: [Cell<'_>; 4],
    rows: &RowSummary,
    entities: Option<u64>,
    count: u64,
    times: Option<(i64, i64)>,
    source: SummarySource,
) -> Outcome {
    let [model, object, column, category] = head;
    let cells = [
        model,
        object,
        column,
        category,
        Cell::Tally(rows.count),
        entities.map(Cell::Tally).into(),
        Cell::Tally(count),
        Cell::Tally(rows.count.saturating_sub(count)),
        times.map(|t| Cell::Int64(t.0)).into(),
        times.map(|t| Cell::Int64(t.1)).into(),
        times.map(|_| source.name()).into(),
    ];
    report.row(&cells).output("stdout")
}
