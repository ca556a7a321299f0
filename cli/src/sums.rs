//! What `count` and `stats` go through: tables and devices in scope, in the order of their names, with their summaries.

mod kept;

use std::collections::{HashMap, HashSet};
use std::path::PathBuf;

use tsfile::model::{ColumnCategory, Model, TableSchema};
use tsfile::scan::{DeviceSummary, Form, ScanRequest, Skipped, SummaryRequest, summarize};
use tsfile::{Error, TsFileReader};

use crate::again;
use crate::args::{ObjectArgs, OpenArgs, RangeArgs};
use crate::exit::{Failure, Outcome};
use crate::filter::{self, Filter};
use crate::inputs::Inputs;
use crate::report::ReportArgs;
use crate::scope::{self, Scope, same_name};
use crate::tags::TagArgs;
pub use kept::Conditions;

/// What both commands take.
#[derive(Debug, clap::Args)]
pub struct SumArgs {
    /// TsFiles to read, directories of them, or patterns
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// How the answer is printed.
    #[command(flatten)]
    pub report: ReportArgs,
    #[command(flatten)]
    object: ObjectArgs,
    #[command(flatten)]
    range: RangeArgs,
    #[command(flatten)]
    tags: TagArgs,
    #[command(flatten)]
    open: OpenArgs,
}

/// Devices of an object, one after the other.
pub type Devices = Box<dyn Iterator<Item = tsfile::Result<DeviceSummary>>>;

/// What is summed up.
pub enum Object<'a> {
    /// A table; its devices are still to come.
    Table(&'a TableSchema, Devices),
    /// A device of the tree model.
    Device(DeviceSummary),
}

/// What was found before anything was summed up.
#[derive(Debug, Default)]
pub struct Survey {
    /// Tags of the tables in scope, in the order in which they come up.
    pub tags: Vec<String>,
}

impl SumArgs {
    /// Looks whether all that is named exists, so that nothing is printed when it does not.
    ///
    /// # Errors
    /// Usage, when it does not, or names columns other than `wanted`; input, when a file cannot be read.
    pub fn survey(
        &self,
        inputs: &Inputs,
        command: &str,
        wanted: &[ColumnCategory],
    ) -> Outcome<Survey> {
        // What is passed over is counted when the files are summed up.
        let mut passed = Skipped::default();
        self.tags.check(!self.object.device.is_empty())?;
        self.range.check()?;
        let mut scope = Scope::new(&self.object);
        let mut survey = Survey::default();
        let mut refused: HashMap<&str, ColumnCategory> = HashMap::new();
        for path in &inputs.files {
            let opened = inputs.options().open(path, &mut passed);
            let Some(reader) = opened.map_err(again::failure)? else {
                continue;
            };
            for table in tables(&reader, &mut scope) {
                for column in &table.columns {
                    let name = &column.measurement.name;
                    if wanted.contains(&column.category) {
                        scope.column(Model::Table, name);
                    } else if let Some(asked) =
                        self.object.measurement.iter().find(|m| same_name(m, name))
                    {
                        refused.insert(asked, column.category);
                    }
                    let is_tag = column.category == ColumnCategory::Tag;
                    if is_tag && !survey.tags.contains(name) {
                        survey.tags.push(name.clone());
                    }
                }
                self.tags.of_table(table)?;
            }
            self.survey_series(&reader, &mut scope)?;
        }
        for (name, category) in refused {
            if !scope.has_seen(name) {
                let wanted: Vec<_> = wanted.iter().map(|c| c.name()).collect();
                return Err(Failure::usage(format!(
                    "{name} is a {} column; {command} is about {} columns",
                    category.name(),
                    wanted.join(" and ")
                )));
            }
        }
        scope.finish(&inputs.files)?;
        Ok(survey)
    }

    /// Devices, and series that no schema declares.
    fn survey_series(&self, reader: &TsFileReader, scope: &mut Scope<'_>) -> Outcome {
        if self.object.measurement.is_empty() {
            if !self.object.device.is_empty() {
                for device in reader.device_ids().map_err(again::failure)? {
                    if reader.model_of(&device) == Model::Tree {
                        scope.device(&device.path());
                    }
                }
            }
            return Ok(());
        }
        let in_file = |e: Error| again::failure(e.in_file(reader.name()));
        for device in reader.index().map_err(again::failure)?.devices() {
            let model = reader.model_of(device.id());
            let wanted = match model {
                Model::Tree => self.wants_devices() && scope.device(&device.id().path()),
                Model::Table => scope.table(device.id().table()),
            };
            let schema = reader.table(device.id().table());
            let declared = |name: &str| {
                let columns = schema.filter(|_| model == Model::Table);
                columns.is_some_and(|s| s.columns.iter().any(|c| c.measurement.name == name))
            };
            for k in 0..device.series_count() {
                let name = device.series(k).map_err(in_file)?.measurement;
                if wanted && !name.is_empty() && !declared(name) {
                    scope.column(model, name);
                }
            }
        }
        Ok(())
    }

    /// What `filter` comes to for the objects in scope.
    ///
    /// # Errors
    /// Input, when a file cannot be read.
    pub fn conditions(&self, filter: &Filter, inputs: &Inputs) -> Outcome<Conditions> {
        // What is passed over is counted when the files are summed up.
        let mut passed = Skipped::default();
        let files = inputs.files.iter();
        let readers = files.map(|path| inputs.options().open(path, &mut passed));
        Conditions::new(filter, self, readers.filter_map(Result::transpose))
    }

    /// Conditions on tags are about tables.
    fn wants_devices(&self) -> bool {
        self.object.table.is_none() && !self.tags.is_given()
    }

    /// The files that are meant.
    ///
    /// # Errors
    /// Input.
    pub fn inputs(&self) -> Outcome<Inputs> {
        Inputs::find(&self.files, &self.open)
    }

    /// Whether a column of a table is wanted.
    pub fn wants(&self, column: &str) -> bool {
        let wanted = &self.object.measurement;
        wanted.is_empty() || wanted.iter().any(|m| same_name(m, column))
    }

    /// Hands every table and device in scope to `visit`; `values` says whether values are wanted, too, and `conditions` which rows count: of
    /// devices without such a row nothing is said.
    ///
    /// # Errors
    /// Input, and whatever `visit` returns.
    pub fn each(
        &self,
        reader: &TsFileReader,
        values: bool,
        conditions: Option<&Conditions>,
        mut visit: impl FnMut(Object<'_>) -> Outcome,
    ) -> Outcome {
        let mut scope = Scope::new(&self.object);
        let (start, end) = self.range.bounds();
        let request = SummaryRequest::new()
            .with_time_range(start, end)
            .with_values(values);
        if let Some((name, why)) = reader
            .metadata()
            .unknown_schemas
            .iter()
            .find(|(name, _)| scope.table(name))
        {
            let what = format!("table \"{name}\" cannot be read: {why}");
            let error = Error::unsupported("table schema", what);
            return Err(again::failure(error.in_file(reader.name())));
        }
        let mut devices = None;
        if self.wants_devices() && scope::model(reader) != Model::Table.name() {
            let measurements = &self.object.measurement;
            let request = request
                .clone()
                .with_devices(self.object.device.clone())
                .with_columns((!measurements.is_empty()).then(|| measurements.clone()));
            let filter = conditions.and_then(|all| all.of(reader, None));
            devices = Some(self.devices(reader, request, filter)?);
        }
        let mut tables = tables(reader, &mut scope).into_iter().peekable();
        let mut next = || match &mut devices {
            Some(devices) => devices.next().transpose().map_err(again::failure),
            None => Ok(None),
        };
        let mut device = next()?;
        loop {
            let path = device.as_ref().map(|d| d.device.path());
            let first = |t: &&TableSchema| path.as_ref().is_none_or(|p| t.name <= *p);
            if let Some(table) = tables.next_if(first) {
                let mut request = request.clone().with_table(Some(&table.name));
                if let Some(keep) = self.tags.of_table(table)? {
                    request = request.with_device_filter(keep);
                }
                if !self.object.measurement.is_empty() {
                    request = request.with_columns(Some(self.columns(reader, table)?));
                }
                let filter = conditions.and_then(|all| all.of(reader, Some(&table.name)));
                let devices = match filter {
                    Some(filter) => self.entities(reader, table, request, filter)?,
                    None => Box::new(summarize(reader, request).map_err(again::failure)?),
                };
                visit(Object::Table(table, devices))?;
            } else if let Some(found) = device.take() {
                visit(Object::Device(found))?;
                device = next()?;
            } else {
                return Ok(());
            }
        }
    }

    /// The tree devices in scope.
    fn devices(
        &self,
        reader: &TsFileReader,
        request: SummaryRequest,
        filter: Option<&Filter>,
    ) -> Outcome<Devices> {
        let Some(filter) = filter else {
            return Ok(Box::new(
                summarize(reader, request).map_err(again::failure)?,
            ));
        };
        let (start, end) = self.range.bounds();
        let (mut names, chosen) = (HashSet::new(), self.object.device.clone());
        let in_file = |e: Error| again::failure(e.in_file(reader.name()));
        for device in reader.index().map_err(again::failure)?.devices() {
            let is_chosen = || chosen.is_empty() || chosen.contains(&device.id().path());
            if reader.model_of(device.id()) == Model::Tree && is_chosen() {
                for k in 0..device.series_count() {
                    names.insert(device.series(k).map_err(in_file)?.measurement);
                }
            }
        }
        let mut scan = filter
            .apply(ScanRequest::new())
            .with_form(Form::Narrow)
            .with_device_column(filter::device_column(names.iter().copied()))
            .with_time_range(start, end);
        if !self.object.measurement.is_empty() {
            let wanted = names.into_iter();
            let wanted = wanted.filter(|n| self.object.measurement.iter().any(|m| m == n));
            let wanted: Vec<String> = wanted.map(str::to_owned).collect();
            if wanted.is_empty() {
                return Ok(Box::new(std::iter::empty()));
            }
            scan = scan.with_columns(Some(wanted));
        }
        if !chosen.is_empty() {
            scan = scan.with_device_filter(move |device| chosen.contains(&device.path()));
        }
        let measurements = self.object.measurement.clone();
        let wants =
            move |name: &str| measurements.is_empty() || measurements.iter().any(|m| m == name);
        kept::summaries(reader, scan, request, Vec::new(), Box::new(wants)).map_err(in_file)
    }

    /// The entities of a table that have a row which `filter` keeps.
    fn entities(
        &self,
        reader: &TsFileReader,
        table: &TableSchema,
        request: SummaryRequest,
        filter: &Filter,
    ) -> Outcome<Devices> {
        let (start, end) = self.range.bounds();
        let mut scan = filter
            .apply(ScanRequest::new())
            .with_form(Form::Table)
            .with_table(Some(&table.name))
            .with_time_range(start, end);
        let tags = table.columns_of(ColumnCategory::Tag);
        let tags: Vec<String> = tags.map(|c| c.measurement.name.clone()).collect();
        if let Some(keep) = self.tags.of_table(table)? {
            scan = scan.with_device_filter(keep);
        }
        if !self.object.measurement.is_empty() {
            let mut columns = tags.clone();
            let fields = self.columns(reader, table)?.into_iter();
            columns.extend(fields.filter(|name| !name.is_empty() && !tags.contains(name)));
            scan = scan.with_columns(Some(columns));
        }
        let measurements = self.object.measurement.clone();
        let wants = move |name: &str| {
            measurements.is_empty() || measurements.iter().any(|m| same_name(m, name))
        };
        let in_file = |e: Error| again::failure(e.in_file(reader.name()));
        kept::summaries(reader, scan, request, tags, Box::new(wants)).map_err(in_file)
    }

    /// The wanted columns of a table as the file spells them, those that its schema does not declare too.
    fn columns(&self, reader: &TsFileReader, table: &TableSchema) -> Outcome<Vec<String>> {
        let in_file = |e: Error| again::failure(e.in_file(reader.name()));
        let mut names: HashSet<&str> = HashSet::new();
        for device in reader.index().map_err(again::failure)?.devices() {
            if device.id().table() == table.name {
                for k in 0..device.series_count() {
                    names.insert(device.series(k).map_err(in_file)?.measurement);
                }
            }
        }
        let wanted = names.into_iter().filter(|n| self.wants(n));
        Ok(wanted.map(str::to_owned).collect())
    }
}

/// Tables in scope by name; of several schemas of one name the first counts.
fn tables<'a>(reader: &'a TsFileReader, scope: &mut Scope<'_>) -> Vec<&'a TableSchema> {
    let mut tables: Vec<_> = reader.tables().filter(|t| scope.table(&t.name)).collect();
    tables.sort_by(|a, b| a.name.cmp(&b.name));
    tables.dedup_by(|a, b| a.name == b.name);
    tables
}
