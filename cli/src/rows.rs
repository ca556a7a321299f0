//! `head` and `cat`: the rows of one object, of one file after the other, or of several as if they were one.
//!
//! Of a tree device the columns are the time and its measurements, of a table the time, its tags and its fields. Rows are what the tool of Apache
//! shows: of a non-aligned device those in which a shown column has a point, of an aligned device and of a table all of them.

mod object;
mod print;

use std::collections::HashMap;
use std::io::IsTerminal as _;
use std::path::PathBuf;

use arrow_schema::DataType;
use tsfile::TsFileReader;
use tsfile::scan::{Form, ScanPlan, ScanRequest};

use crate::again;
use crate::args::{Dates, DedupArgs, OpenArgs, RangeArgs, Rows, SchemaArgs, SchemaMode, Text};
use crate::exit::{Failure, Outcome};
use crate::filter::WhereArgs;
use crate::inputs::Inputs;
use crate::output::{Format, FormatArgs};
use crate::progress::Progress;
use crate::scope;
use crate::tags::TagArgs;
use object::Object;
use print::Print;

/// Name of the column that tells files apart.
const FILE: &str = "file";
/// Where the device column is, which nobody sees.
const DEVICE_AT: usize = 1;

/// What both commands take.
#[derive(Debug, clap::Args)]
pub struct RowArgs {
    /// TsFiles to read, directories of them, or patterns
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    #[command(flatten)]
    output: FormatArgs,
    /// The device to read (tree model); needed when a file has several devices or tables
    #[arg(
        short,
        long,
        value_name = "DEVICE",
        conflicts_with = "table",
        help_heading = "Scope"
    )]
    device: Option<String>,
    /// The table to read (table model)
    #[arg(short, long, value_name = "TABLE", help_heading = "Scope")]
    table: Option<String>,
    /// Only this measurement or field; repeat for more; tags are always there
    #[arg(
        short,
        long = "measurements",
        value_name = "NAME",
        help_heading = "Scope"
    )]
    measurement: Vec<String>,
    #[command(flatten)]
    range: RangeArgs,
    #[command(flatten)]
    tags: TagArgs,
    #[command(flatten)]
    filter: WhereArgs,
    /// Pass over so many rows of each file
    #[arg(long, value_name = "ROWS", default_value_t = 0, help_heading = "Scope")]
    offset: u64,
    /// Print at most so many rows of each file
    #[arg(short = 'n', long, value_name = "ROWS", help_heading = "Scope")]
    limit: Option<u64>,
    /// Which rows of a device exist [default: all of an aligned device, projected of another]
    #[arg(long, help_heading = "Scope")]
    rows: Option<Rows>,
    /// Name of the time column [default: time, or as the table declares it]
    #[arg(long, value_name = "NAME", help_heading = "Values")]
    time_column: Option<String>,
    /// What becomes of text that is not UTF-8 [default: utf8, an error]
    #[arg(long, help_heading = "Values")]
    text: Option<Text>,
    /// What becomes of dates that do not exist [default: error]
    #[arg(long, help_heading = "Values")]
    dates: Option<Dates>,
    #[command(flatten)]
    schema: SchemaArgs,
    #[command(flatten)]
    open: OpenArgs,
}

/// Prints the rows, read by so many threads, those of files that are joined as if they were one file; at most `limit` of each file, unless the flags say otherwise.
///
/// # Errors
/// See [`crate::exit::Fault`].
pub fn run(args: &RowArgs, limit: Option<u64>, dedup: &DedupArgs, threads: usize) -> Outcome {
    args.tags.check(args.device.is_some())?;
    args.range.check()?;
    let filter = args.filter.filter()?;
    let limit = args.limit.or(limit);
    // They would read far beyond the last row that is wanted.
    let threads = if limit.is_some() { 1 } else { threads };
    if limit == Some(0) && args.offset > 0 {
        return Err(Failure::usage(
            "--offset has nothing to be followed by with --limit 0; leave it out",
        ));
    }
    let mut inputs = Inputs::find(&args.files, &args.open)?;
    let paths = std::mem::take(&mut inputs.files);
    let mut files = Vec::new();
    for path in &paths {
        let Some(reader) = scope::open_data(&mut inputs, path)? else {
            continue;
        };
        if let Some(object) = object::choose(args, &reader)? {
            files.push((reader, object));
        }
    }
    inputs.say_skipped();
    object::check_found(args, &paths, &files)?;
    let mut groups = Vec::new();
    // Who says what files may disagree about wants one stream of them, with one set of columns.
    let joined = match (dedup.is_merge(), args.schema.schema.is_some()) {
        (true, _) => Some("--dedup"),
        (false, true) => Some("--schema"),
        (false, false) => None,
    };
    if let Some(flag) = joined {
        groups.extend(
            object::merged(files, flag)?.map(|(readers, object)| (readers, object, filter)),
        );
    } else {
        let filters = object::filters(args, filter.as_ref(), &files);
        let each = files.into_iter().zip(filters);
        groups.extend(each.map(|((reader, object), filter)| (vec![reader], object, filter)));
    }
    let mut sources = Vec::new();
    for (readers, object, filter) in groups {
        if object.has_wanted(args) {
            let request = ScanRequest::new()
                .with_limit(limit)
                .with_threads(threads)
                .with_dedup(dedup.library());
            let request = match filter {
                Some(filter) => filter.apply(request),
                None => request,
            };
            sources.push(Source::plan(args, readers, &object, request)?);
        }
    }
    let layout = Layout::of(&sources)?;
    let names = layout.names.iter().map(|(name, _)| name.as_str());
    let several = paths.len() > 1 && joined.is_none();
    let names: Vec<&str> = several.then_some(FILE).into_iter().chain(names).collect();
    if args.output.format == Format::Ndjson {
        check_names(&names)?;
    }
    let mut print = Print::new(&args.output, &names);
    // A bar beside rows that scroll by would be in their way.
    let progress = (!std::io::stdout().is_terminal()).then(|| Progress::start(None));
    for (source, places) in sources.into_iter().zip(&layout.places) {
        if several {
            print.set_file(&source.file);
        }
        let Source { file, plan, .. } = source;
        // Not before its turn: each may have threads of its own.
        let mut scan = plan.scan().map_err(again::failure)?;
        for batch in scan.by_ref() {
            let batch = batch.map_err(again::failure)?;
            print.batch(&batch, places)?;
            if let Some(progress) = &progress {
                progress.add(batch.num_rows());
            }
        }
        let missing = scan.missing_offset();
        if missing > 0 && limit != Some(0) {
            let there = args.offset.saturating_sub(missing);
            return Err(Failure::usage(format!(
                "{file}: --offset {} lies behind the last of {there} rows",
                args.offset
            )));
        }
    }
    print.finish()
}

/// The rows of one file, or of those that are joined.
struct Source {
    file: String,
    plan: ScanPlan,
    /// Columns of its batches that are shown, with their types.
    columns: Vec<(usize, String, DataType)>,
}

impl Source {
    fn plan(
        args: &RowArgs,
        readers: Vec<TsFileReader>,
        object: &Object,
        request: ScanRequest,
    ) -> Outcome<Self> {
        let (start, end) = args.range.bounds();
        let mut request = request
            .with_time_range(start, end)
            .with_text(args.text.unwrap_or_default().library())
            .with_dates(args.dates.unwrap_or_default().library())
            .with_columns(object.columns(args))
            .with_schema_mode(args.schema.schema.map(SchemaMode::library))
            .with_lossy_types(args.schema.lossy_types)
            .with_offset(args.offset);
        if let Some(name) = &args.time_column {
            request = request.with_time_column(name);
        }
        match object {
            Object::Device { path, aligned, .. } => {
                let rows = args.rows.unwrap_or(match aligned {
                    true => Rows::All,
                    false => Rows::Projected,
                });
                request = request
                    .with_form(Form::Narrow)
                    .with_devices(vec![path.clone()])
                    .with_device_column(object.device_column())
                    .with_rows(rows.library());
            }
            Object::Table { name, .. } => {
                if args.rows.is_some() {
                    return Err(Failure::usage(
                        "--rows is for devices; the rows of a table are always all",
                    ));
                }
                request = request.with_form(Form::Table).with_table(Some(name));
                if let Some(schema) = readers.iter().find_map(|r| r.table(name)) {
                    let keep = args.tags.of_table(schema)?;
                    request = match (args.tags.only_device(schema), keep) {
                        (Some(device), _) => request.with_device_ids([device]),
                        (None, Some(keep)) => request.with_device_filter(keep),
                        (None, None) => request,
                    };
                }
            }
        }
        let names: Vec<String> = readers.iter().map(|r| r.name().to_owned()).collect();
        let file = again::shortened(&names);
        let plan = tsfile::scan::plan(readers, request);
        let plan = plan.map_err(|e| again::failure(e.in_file(&*file)))?;
        let schema = plan.schema();
        let fields = schema.fields().iter().enumerate();
        let columns = fields
            .filter(|(i, _)| plan.form() == Form::Table || *i != DEVICE_AT)
            .map(|(i, field)| (i, field.name().clone(), field.data_type().clone()))
            .collect();
        Ok(Self {
            file,
            plan,
            columns,
        })
    }
}

/// The columns of all files, and where each file has them.
struct Layout {
    names: Vec<(String, DataType)>,
    places: Vec<Vec<Option<usize>>>,
}

impl Layout {
    /// Columns as they first come up over the files.
    fn of(sources: &[Source]) -> Outcome<Self> {
        let mut names: Vec<(String, DataType)> = Vec::new();
        let mut known: HashMap<(&str, usize), (usize, &str)> = HashMap::new();
        let mut places = Vec::new();
        for source in sources {
            let mut own = Vec::new();
            let mut times_seen: HashMap<&str, usize> = HashMap::new();
            for (column, name, data_type) in &source.columns {
                // A measurement may be called like the time column: the second of a name stays the second.
                let n = times_seen.entry(name).or_default();
                let key = (name.as_str(), *n);
                *n += 1;
                let &mut (place, first) = known.entry(key).or_insert_with(|| {
                    names.push((name.clone(), data_type.clone()));
                    (names.len() - 1, &source.file)
                });
                if names
                    .get(place)
                    .is_some_and(|(_, known)| known != data_type)
                {
                    return Err(Failure::input(format!(
                        "column {name} has another type in {} than in {first}; read one file at a time, or choose columns with -m",
                        source.file
                    )));
                }
                own.push((place, *column));
            }
            places.push(own);
        }
        let places = places.into_iter().map(|own| {
            let mut all = vec![None; names.len()];
            for (place, column) in own {
                if let Some(slot) = all.get_mut(place) {
                    *slot = Some(column);
                }
            }
            all
        });
        Ok(Self {
            places: places.collect(),
            names,
        })
    }
}

/// One JSON object cannot hold two members of one name.
fn check_names(names: &[&str]) -> Outcome {
    let mut seen = std::collections::HashSet::new();
    let Some(twice) = names.iter().find(|name| !seen.insert(**name)) else {
        return Ok(());
    };
    let renamed = format!("{twice}_");
    Err(Failure::usage(format!(
        "two columns are called {twice}, which one JSON object cannot hold; rename the time column, choose columns with -m, or print CSV"
    ))
    .with_commands([again::with(&[("--time-column", &renamed)])]))
}
