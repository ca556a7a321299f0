//! TsFiles as sources: which form and part of them is meant.

mod suggest;

use std::collections::HashSet;
use std::hash::{BuildHasher as _, RandomState};
use std::io::IsTerminal as _;
use std::rc::Rc;

use arrow_array::RecordBatch;
use tsfile::TsFileReader;
use tsfile::model::{ColumnCategory, DeviceId, Model};
use tsfile::read::DeviceRef;
use tsfile::scan::{Discovered, MAX_DEFAULT_WIDE_SERIES, Scan, ScanRequest, TimeAs};

use crate::again::shortened;
use crate::args::{Form, SchemaMode, Time};
use crate::cmd::convert::{Args, output_format};
use crate::convert::format::OutputFormat;
use crate::convert::origin::{self, Origin};
use crate::convert::retry;
use crate::convert::source::Source;
use crate::exit::{self, Failure, Outcome};
use crate::inputs::Inputs;
use crate::scope;

/// What of some TsFiles goes into one output.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Part {
    /// One table.
    Table(String),
    /// The tree devices, in this form.
    Tree(Form),
}

/// Open TsFiles, and the command line that asked for them.
#[derive(Debug, Clone)]
pub struct TsFiles {
    /// What to suggest variations of.
    pub args: Args,
    readers: Vec<TsFileReader>,
}

impl TsFiles {
    /// Opens the inputs, and says what of them is passed over.
    ///
    /// # Errors
    ///
    /// When one cannot be opened; a command that can is suggested. When none is left.
    pub fn open(args: &Args, inputs: &[Rc<Origin>], found: &mut Inputs) -> Outcome<Self> {
        let mut files = Self {
            args: args.clone(),
            readers: Vec::new(),
        };
        let spooled = inputs.iter().any(|input| input.spool().is_some());
        files.readers = if spooled {
            files.open_each(inputs, found)
        } else {
            let all = Discovered {
                files: args.inputs.clone(),
                ..Discovered::default()
            };
            all.open(found.options()).map(|opened| {
                found.skip(opened.skipped);
                opened.readers
            })
        }
        .map_err(|e| files.failure(e, None))?;
        files.readers.iter().for_each(scope::say_recovered);
        found.say_skipped();
        if files.readers.is_empty() {
            return Err(Failure::input(format!(
                "{}: no file is left to read",
                files.names()
            )));
        }
        Ok(files)
    }

    /// One after the other, what came through stdin among them.
    fn open_each(
        &self,
        inputs: &[Rc<Origin>],
        found: &mut Inputs,
    ) -> tsfile::Result<Vec<TsFileReader>> {
        let mut readers = Vec::new();
        for (path, input) in self.args.inputs.iter().zip(inputs) {
            match input.spool() {
                Some(spool) => {
                    let options = self.args.open.library();
                    readers.push(TsFileReader::new(spool, input.name(), options)?);
                }
                None => readers.extend(found.open(path)?),
            }
        }
        Ok(readers)
    }

    /// The open files.
    pub fn readers(&self) -> &[TsFileReader] {
        &self.readers
    }

    /// The one part that is asked for.
    ///
    /// # Errors
    ///
    /// When nothing says which of several is meant, or what is meant is not there.
    pub fn the_part(&self) -> Outcome<Part> {
        let object = &self.args.object;
        let tables = self.tables();
        match (self.args.form, &object.table) {
            (Some(Form::Table) | None, Some(table)) => Ok(Part::Table(table.clone())),
            (Some(form), Some(table)) => {
                let command = Args {
                    form: None,
                    ..self.args.clone()
                };
                Err(Failure::usage(format!(
                    "{}: table {table} is shown by the form table only; expected --form table, found --form {}",
                    self.names(),
                    form_name(form)
                ))
                .with_commands([retry::command(&command)]))
            }
            (Some(Form::Table), None) => self.the_table(&tables),
            (Some(form), None) => {
                if self.has_devices(Model::Tree)? || tables.is_empty() {
                    return Ok(Part::Tree(form));
                }
                Err(Failure::usage(format!(
                    "{}: the form {} shows tree devices; expected one at least, found only the {}",
                    self.names(),
                    form_name(form),
                    listed("table", &tables)
                ))
                .with_commands(self.commands_by_table(&tables)))
            }
            (None, None) if !object.device.is_empty() => self.tree(),
            (None, None) => {
                let tree = self.has_devices(Model::Tree)?;
                if tables.is_empty() || tree && !self.has_devices(Model::Table)? {
                    return self.tree();
                }
                if !tree {
                    return self.the_table(&tables);
                }
                Err(Failure::usage(format!(
                    "{}: expected one model, found both, tree devices and the {}, which no single form shows",
                    self.names(),
                    listed("table", &tables)
                ))
                .with_commands(self.commands_by_part(&tables)?))
            }
        }
    }

    /// Everything in the files, a part for each table and one for the tree devices.
    ///
    /// # Errors
    ///
    /// When the tree devices have too many timeseries for the form that is the default.
    pub fn parts(&self) -> Outcome<Vec<Part>> {
        let tables = self.tables();
        let tree = self.has_devices(Model::Tree)?;
        let mut parts: Vec<Part> = Vec::new();
        if tree && self.args.form != Some(Form::Table) || tables.is_empty() {
            parts.push(self.tree()?);
        }
        parts.extend(tables.into_iter().map(Part::Table));
        Ok(parts)
    }

    /// The rows of one part.
    ///
    /// # Errors
    ///
    /// When the files do not have what is asked for, or contradict each other.
    pub fn source(&self, part: &Part, time: Time) -> Outcome<Source> {
        let args = &self.args;
        let (start, end) = args.range.bounds();
        let mut request = ScanRequest::new()
            .with_time_range(start, end)
            .with_rows(args.rows.unwrap_or_default().library())
            .with_text(args.text.unwrap_or_default().library())
            .with_dates(args.dates.unwrap_or_default().library())
            .with_time_unit(args.time.time_unit.unwrap_or_default().library())
            .with_time(match time {
                Time::Raw => TimeAs::Raw,
                Time::Timestamp => TimeAs::Timestamp,
            })
            .with_devices(args.object.device.clone())
            .with_schema_mode(args.schema.schema.map(SchemaMode::library))
            .with_lossy_types(args.schema.lossy_types)
            .with_encodings(true)
            .with_dedup(args.dedup.library())
            .with_threads(args.read_threads());
        let filter = args.condition()?;
        if let Some(filter) = &filter {
            request = filter.apply(request);
        }
        if let Some(name) = &args.time_column {
            request = request.with_time_column(name);
        }
        if let Some(name) = &args.device_column {
            request = request.with_device_column(name);
        }
        let mut columns = args.object.measurement.clone();
        match part {
            Part::Table(table) => {
                request = request
                    .with_form(Form::Table.library())
                    .with_table(Some(table));
                if !columns.is_empty() {
                    columns.splice(0..0, self.tags(table));
                }
                if let Some(keep) = self.tag_filter(part)? {
                    request = request.with_device_filter(keep);
                }
            }
            Part::Tree(_) if args.tag_filter.is_given() => {
                return Err(Failure::usage(format!(
                    "{}: --tag-filter is for tables; leave it out, or name a table with -t",
                    self.names()
                )));
            }
            Part::Tree(form) => request = request.with_form(form.library()),
        }
        let mut seen = HashSet::new();
        columns.retain(|name| seen.insert(name.clone()));
        request = request.with_columns((!columns.is_empty()).then_some(columns));

        let failed = |e| self.failure(e, Some(part));
        let scan = tsfile::scan::scan(self.readers.clone(), request).map_err(failed)?;
        for warning in scan.warnings() {
            exit::say(format_args!("warning: {}: {warning}", self.names()));
        }
        // Reading the statistics of a large index takes a moment that nobody would see pay off; of what a condition keeps they say nothing.
        let keep = self.tag_filter(part)?;
        let kept = |device: &DeviceId| keep.as_ref().is_none_or(|keep| keep(device));
        let total_rows =
            (filter.is_none() && std::io::stderr().is_terminal()).then(|| self.rows(part, kept));
        Ok(Source {
            schema: scan.schema(),
            total_rows: total_rows.transpose().map_err(failed)?,
            sorted_by: self.sorted_by(part, &scan).map_err(failed)?,
            batches: Box::new(ScanBatches {
                scan,
                files: self.clone(),
                part: part.clone(),
            }),
        })
    }

    /// Tables by name, those without devices too.
    fn tables(&self) -> Vec<String> {
        let mut names: Vec<_> = self
            .readers
            .iter()
            .flat_map(TsFileReader::tables)
            .map(|t| t.name.clone())
            .collect();
        names.sort();
        names.dedup();
        names
    }

    /// Decides about the devices of a table, when the flags do.
    fn tag_filter(&self, part: &Part) -> Outcome<Option<impl Fn(&DeviceId) -> bool + use<>>> {
        let schema = match part {
            Part::Table(table) => self.readers.iter().find_map(|r| r.table(table)),
            Part::Tree(_) => None,
        };
        match schema {
            Some(schema) => self.args.tag_filter.of_table(schema),
            None => Ok(None),
        }
    }

    /// Tags of a table.
    pub fn tags(&self, table: &str) -> Vec<String> {
        self.readers
            .iter()
            .find_map(|r| r.table(table))
            .into_iter()
            .flat_map(|schema| schema.columns_of(ColumnCategory::Tag))
            .map(|column| column.measurement.name.clone())
            .collect()
    }

    fn has_devices(&self, model: Model) -> Outcome<bool> {
        for reader in &self.readers {
            let index = reader.index().map_err(|e| self.failure(e, None))?;
            if index.devices().any(|d| reader.model_of(d.id()) == model) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn the_table(&self, tables: &[String]) -> Outcome<Part> {
        match tables {
            [one] => Ok(Part::Table(one.clone())),
            [] => {
                let command = Args {
                    form: None,
                    ..self.args.clone()
                };
                Err(Failure::usage(format!(
                    "{}: expected a table, found none, only tree devices; they have the forms wide and narrow",
                    self.names()
                ))
                .with_commands([retry::command(&command)]))
            }
            many => Err(Failure::usage(format!(
                "{}: expected one table, found the {}; name one with -t TABLE, or write them all with --output-dir",
                self.names(),
                listed("table", many)
            ))
            .with_commands(self.commands_by_part(many)?)),
        }
    }

    /// The tree devices in the form that is asked for, or the default.
    fn tree(&self) -> Outcome<Part> {
        if let Some(form @ (Form::Narrow | Form::Wide)) = self.args.form {
            return Ok(Part::Tree(form));
        }
        // Conditions on what is copied are on the rows of devices, and these are what is merged.
        let copied = self.args.output.as_deref();
        if (self.args.filter.is_some() || self.args.dedup.is_merge())
            && copied
                .is_some_and(|o| matches!(output_format(&self.args, o), Ok(OutputFormat::TsFile)))
        {
            return Ok(Part::Tree(Form::Narrow));
        }
        let series = self.series().map_err(|e| self.failure(e, None))?;
        if series <= MAX_DEFAULT_WIDE_SERIES {
            return Ok(Part::Tree(Form::Wide));
        }
        let with = |form| {
            retry::command(&Args {
                form: Some(form),
                ..self.args.clone()
            })
        };
        Err(Failure::usage(format!(
            "{}: the default form is wide, one column per timeseries; expected at most {MAX_DEFAULT_WIDE_SERIES} timeseries, found {series}; choose the form narrow, or wide by name",
            self.names()
        ))
        .with_commands([with(Form::Narrow), with(Form::Wide)]))
    }

    /// Timeseries in scope; what several files share counts once.
    fn series(&self) -> tsfile::Result<usize> {
        let hasher = RandomState::new();
        let mut seen = HashSet::new();
        let mut count = 0;
        self.each_series(&mut |path, device, k| {
            let is_new = self.readers.len() == 1
                || seen.insert(hasher.hash_one((path, device.series(k)?.measurement)));
            count += usize::from(is_new);
            Ok(())
        })?;
        Ok(count)
    }

    /// Calls `f` with the device as path and by itself, and the number of each timeseries of the tree that
    /// `-d` and `-m` choose.
    fn each_series(
        &self,
        f: &mut dyn FnMut(&str, DeviceRef<'_>, usize) -> tsfile::Result<()>,
    ) -> tsfile::Result<()> {
        let object = &self.args.object;
        for reader in &self.readers {
            for device in reader.index()?.devices() {
                let path = device.id().path();
                if reader.model_of(device.id()) != Model::Tree
                    || !object.device.is_empty() && !object.device.contains(&path)
                {
                    continue;
                }
                for k in usize::from(device.is_aligned())..device.series_count() {
                    let name = device.series(k)?.measurement;
                    let chosen = object.measurement.is_empty()
                        || object.measurement.iter().any(|m| {
                            m == name
                                || m.strip_prefix(&path).and_then(|m| m.strip_prefix('.'))
                                    == Some(name)
                        });
                    if chosen {
                        f(&path, device, k)?;
                    }
                }
            }
        }
        Ok(())
    }

    /// Columns by which the rows of a single file are sorted.
    fn sorted_by(&self, part: &Part, scan: &Scan) -> tsfile::Result<Vec<usize>> {
        let [reader] = self.readers.as_slice() else {
            return Ok(Vec::new());
        };
        let index = reader.index()?;
        Ok(match part {
            Part::Tree(Form::Narrow) => {
                // Two devices that are spelt alike come one after the other, each from its first time on.
                let mut seen = HashSet::new();
                let unique = index
                    .devices()
                    .filter(|d| reader.model_of(d.id()) == Model::Tree)
                    .all(|d| seen.insert(d.id().path()));
                if unique { vec![1, 0] } else { Vec::new() }
            }
            Part::Tree(_) => vec![0],
            Part::Table(table) => {
                let tags = self.tags(table).len();
                let all_shown = index
                    .devices()
                    .all(|d| d.id().table() != table || d.id().segment_count() <= tags + 1);
                if all_shown && scan.schema().fields().len() > tags {
                    (1..=tags).chain([0]).collect()
                } else {
                    Vec::new()
                }
            }
        })
    }

    /// About how many rows there are, from the statistics of the index.
    fn rows(&self, part: &Part, keep: impl Fn(&DeviceId) -> bool) -> tsfile::Result<u64> {
        let devices = &self.args.object.device;
        let mut rows = 0;
        for reader in &self.readers {
            let mut of_file = 0;
            for device in reader.index()?.devices() {
                let wanted = match part {
                    Part::Table(table) => device.id().table() == table && keep(device.id()),
                    Part::Tree(_) => devices.is_empty() || devices.contains(&device.id().path()),
                };
                if !wanted {
                    continue;
                }
                let of_device = self.rows_of(device)?;
                match part {
                    // Devices that are shown side by side mostly share their times.
                    Part::Tree(Form::Wide) => of_file = of_device.max(of_file),
                    _ => of_file += of_device,
                }
            }
            rows += of_file;
        }
        Ok(rows)
    }

    /// About how many rows a copy takes, when somebody watches: the statistics of a large index take a moment to read.
    ///
    /// # Errors
    ///
    /// When the index of a file cannot be read.
    pub fn rows_to_copy(&self) -> Outcome<Option<u64>> {
        if !std::io::stderr().is_terminal() {
            return Ok(None);
        }
        let object = &self.args.object;
        let mut rows = 0;
        for reader in &self.readers {
            for device in reader.index()?.devices() {
                let chosen = match &object.table {
                    Some(table) => device.id().table() == table,
                    None => object.device.is_empty() || object.device.contains(&device.id().path()),
                };
                if chosen {
                    rows += self.rows_of(device)?;
                }
            }
        }
        Ok(Some(rows))
    }

    /// The longest timeseries of a device, of a time range the share that it would have if points came evenly.
    fn rows_of(&self, device: DeviceRef<'_>) -> tsfile::Result<u64> {
        let (start, end) = self.args.range.bounds();
        let counted = if device.is_aligned() {
            1
        } else {
            device.series_count()
        };
        let mut rows = 0;
        for k in 0..counted {
            let statistics = device.timeseries(k)?.statistics;
            let (first, last) = (
                i128::from(statistics.start_time),
                i128::from(statistics.end_time),
            );
            let span = (last - first + 1).max(1);
            let inside = last.min(end.into()) - first.max(start.into()) + 1;
            let share = i128::from(statistics.count) * inside.clamp(0, span) / span;
            rows = rows.max(u64::try_from(share).unwrap_or(0));
        }
        Ok(rows)
    }

    /// The inputs, as messages name them.
    fn names(&self) -> String {
        let names: Vec<_> = self
            .args
            .given_inputs()
            .iter()
            .map(|path| origin::name(path))
            .collect();
        shortened(&names)
    }
}

struct ScanBatches {
    scan: Scan,
    files: TsFiles,
    part: Part,
}

impl Iterator for ScanBatches {
    type Item = Outcome<RecordBatch>;

    fn next(&mut self) -> Option<Self::Item> {
        let batch = self.scan.next()?;
        Some(batch.map_err(|e| self.files.failure(e, Some(&self.part))))
    }
}

fn form_name(form: Form) -> &'static str {
    match form {
        Form::Narrow => "narrow",
        Form::Wide => "wide",
        Form::Table => "table",
    }
}

/// `table a`, `2 tables a, b`.
fn listed(what: &str, names: &[String]) -> String {
    match names {
        [one] => format!("{what} {one}"),
        many => format!("{} {what}s {}", many.len(), shortened(many)),
    }
}
