//! What `count` and `stats` go through: tables and devices in scope, in the order of their names, with their summaries.

use std::collections::{HashMap, HashSet};
use std::path::PathBuf;

use tsfile::model::{ColumnCategory, Model, TableSchema};
use tsfile::scan::{DeviceSummary, Skipped, Summaries, SummaryRequest, summarize};
use tsfile::{Error, TsFileReader};

use crate::again;
use crate::args::{ObjectArgs, OpenArgs, RangeArgs};
use crate::exit::{Failure, Outcome};
use crate::inputs::Inputs;
use crate::report::ReportArgs;
use crate::scope::{self, Scope, same_name};
use crate::tags::TagArgs;

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

/// What is summed up.
pub enum Object<'a> {
    /// A table; its devices are still to come.
    Table(&'a TableSchema, Box<Summaries>),
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

    /// Hands every table and device in scope to `visit`; `values` says whether values are wanted, too.
    ///
    /// # Errors
    /// Input, and whatever `visit` returns.
    pub fn each(
        &self,
        reader: &TsFileReader,
        values: bool,
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
            devices = Some(summarize(reader, request).map_err(again::failure)?);
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
                let devices = summarize(reader, request).map_err(again::failure)?;
                visit(Object::Table(table, Box::new(devices)))?;
            } else if let Some(found) = device.take() {
                visit(Object::Device(found))?;
                device = next()?;
            } else {
                return Ok(());
            }
        }
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
