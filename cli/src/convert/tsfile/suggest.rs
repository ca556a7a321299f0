//! The commands that work where this one does not.

use std::path::PathBuf;

use tsfile::ErrorKind;
use tsfile::model::Model;
use tsfile::scan::MAX_DEFAULT_WIDE_SERIES;

use super::{Part, TsFiles};
use crate::args::{Dates, Form, OpenArgs, SchemaMode, Text};
use crate::cmd::convert::{Args, is_stdout};
use crate::convert::retry::{self, FileNames, beside};
use crate::exit::{Failure, Outcome};
use crate::filter::DEVICE;
use crate::shell;

/// Commands that an error prints at most.
const MAX_COMMANDS: usize = 20;
/// What the file with the tree devices is called.
const TREE: &str = "tree";

impl TsFiles {
    /// An error of the library with the file that it lacks and the commands that help.
    pub(super) fn failure(&self, error: tsfile::Error, part: Option<&Part>) -> Failure {
        let error = error.in_file(self.names());
        let with = |change: &dyn Fn(&mut Args)| {
            let mut args = self.args.clone();
            change(&mut args);
            retry::command(&args)
        };
        let open = |open: OpenArgs| with(&|args| args.open = open.clone());
        let commands = match error.kind() {
            ErrorKind::Unsealed => vec![open(OpenArgs {
                recover: true,
                ..self.args.open.clone()
            })],
            ErrorKind::Deletions => vec![open(OpenArgs {
                ignore_mods: true,
                ..self.args.open.clone()
            })],
            ErrorKind::Limit if !self.args.open.trusted => vec![open(OpenArgs {
                trusted: true,
                ..self.args.open.clone()
            })],
            ErrorKind::Value if error.suggestion().is_some_and(|s| s.contains("--dates")) => {
                [Dates::Null, Dates::Int]
                    .map(|dates| with(&|args| args.dates = Some(dates)))
                    .into()
            }
            ErrorKind::Value if error.suggestion().is_some_and(|s| s.contains("--text")) => {
                [Text::Lossy, Text::Binary]
                    .map(|text| with(&|args| args.text = Some(text)))
                    .into()
            }
            ErrorKind::Schema => self.commands_by_conflict(&error, part),
            // The wide form has no column of devices.
            ErrorKind::Argument if self.args.form.is_none() && self.asks_for_devices(part) => {
                vec![with(&|args| args.form = Some(Form::Narrow))]
            }
            ErrorKind::Corrupt | ErrorKind::Unsupported | ErrorKind::Limit
                if error.suggestion().is_none() =>
            {
                let broken = error.file().map(PathBuf::from);
                broken
                    .filter(|file| self.args.inputs.contains(file))
                    .map(|file| shell::inspect(&file))
                    .into_iter()
                    .collect()
            }
            _ => Vec::new(),
        };
        Failure::from(error).with_commands(commands)
    }

    fn asks_for_devices(&self, part: Option<&Part>) -> bool {
        let filter = self.args.condition().ok().flatten();
        part == Some(&Part::Tree(Form::Wide)) && filter.is_some_and(|f| f.names().contains(&DEVICE))
    }

    /// What avoids that two places disagree about the type of a column.
    fn commands_by_conflict(&self, error: &tsfile::Error, part: Option<&Part>) -> Vec<String> {
        let narrow = matches!(part, Some(Part::Tree(Form::Narrow)));
        match error.conflicting_devices().filter(|_| narrow) {
            Some(devices) => {
                let mut names = FileNames::default();
                let by_device = devices.clone().map(|device| {
                    let output = self.output(&names.next(&device));
                    let mut args = self.args.clone();
                    args.object.device = vec![device];
                    (args.output, args.output_dir) = (Some(output), None);
                    (args.form, args.to) = (Some(Form::Narrow), self.args.to);
                    retry::command(&args)
                });
                let wide = Args {
                    form: Some(Form::Wide),
                    ..self.args.clone()
                };
                by_device
                    .into_iter()
                    .chain([retry::command(&wide)])
                    .collect()
            }
            _ if self.args.inputs.len() > 1 => {
                let joined = self.command_by_schema(error).into_iter();
                joined.chain(self.commands_by_file()).collect()
            }
            _ => Vec::new(),
        }
    }

    /// The mode in which files may differ so, when there is one.
    fn command_by_schema(&self, error: &tsfile::Error) -> Option<String> {
        let suggested = error.suggestion()?;
        let mut args = self.args.clone();
        let modes = [SchemaMode::Union, SchemaMode::Widen];
        let names = ["--schema union", "--schema widen"];
        let mode = names.iter().position(|name| suggested.contains(name));
        args.schema.schema = mode
            .and_then(|i| modes.get(i).copied())
            .or(args.schema.schema);
        args.schema.lossy_types |= suggested.contains("--lossy-types");
        let changed = mode.is_some() || args.schema.lossy_types && !self.args.schema.lossy_types;
        changed.then(|| retry::command(&args))
    }

    pub(super) fn commands_by_file(&self) -> Vec<String> {
        let mut names = FileNames::default();
        let mut commands = Vec::new();
        for input in self.args.inputs.iter().take(MAX_COMMANDS) {
            let stem = input.file_stem().unwrap_or_default().to_string_lossy();
            let name = names.next(&stem);
            let mut args = self.args.clone();
            (args.inputs, args.given) = (vec![input.clone()], Vec::new());
            match &args.output_dir {
                Some(dir) => args.output_dir = Some(dir.with_file_name(name)),
                None => args.output = Some(self.output(&name)),
            }
            commands.push(retry::command(&args));
        }
        commands
    }

    /// One command per table.
    pub(super) fn commands_by_table(&self, tables: &[String]) -> Vec<String> {
        let mut names = FileNames::default();
        // With -m and --tag-filter only the tables that have those columns and tags can be meant.
        let wanted = &self.args.object.measurement;
        let has_columns = |table: &&String| {
            let schema = self.readers.iter().find_map(|r| r.table(table));
            let has = |name: &String| {
                schema.is_some_and(|s| s.columns.iter().any(|c| c.measurement.name == *name))
            };
            let tagged = schema.is_none_or(|s| self.args.tag_filter.of_table(s).is_ok());
            wanted.iter().all(has) && tagged
        };
        let mut meant: Vec<_> = tables.iter().filter(has_columns).collect();
        if meant.is_empty() {
            meant = tables.iter().collect();
        }
        meant
            .into_iter()
            .take(MAX_COMMANDS)
            .map(|table| {
                let mut args = self.args.clone();
                args.output = Some(match tables {
                    [_] => self.args.output.clone().unwrap_or_default(),
                    _ => self.output(&names.next(table)),
                });
                args.form = None;
                args.rows = None;
                args.object.table = Some(table.clone());
                retry::command(&args)
            })
            .collect()
    }

    /// One command per table, one for the tree devices if there are any, and the one that writes all of them.
    pub(super) fn commands_by_part(&self, tables: &[String]) -> Outcome<Vec<String>> {
        let mut commands = Vec::new();
        let mut form = None;
        let filtered = self.args.tag_filter.is_given();
        if self.args.form.is_none() && !filtered && self.has_devices(Model::Tree)? {
            let narrow =
                self.series().map_err(|e| self.failure(e, None))? > MAX_DEFAULT_WIDE_SERIES;
            let tree = Args {
                form: Some(if narrow { Form::Narrow } else { Form::Wide }),
                output: Some(self.output(TREE)),
                ..self.args.clone()
            };
            commands.push(retry::command(&tree));
            form = narrow.then_some(Form::Narrow);
        }
        commands.extend(self.commands_by_table(tables));
        if self.args.object.measurement.is_empty() && !filtered {
            let output = self.args.output.as_deref().filter(|o| !is_stdout(o));
            let named = output
                .or(self.args.inputs.first().map(PathBuf::as_path))
                .map(PathBuf::from)
                .unwrap_or_default();
            // Beside the output, or, when that is stdout, here.
            let dir = match output {
                Some(output) if output.extension().is_some() => output.with_extension(""),
                Some(output) => output.with_extension("d"),
                None => named.file_stem().unwrap_or_default().into(),
            };
            let to = self
                .args
                .to
                .or_else(|| crate::convert::format::OutputFormat::of_extension(output?));
            let all = Args {
                output: None,
                output_dir: Some(dir),
                to,
                form: form.or(self.args.form),
                rows: self.args.rows,
                ..self.args.clone()
            };
            commands.push(retry::command(&all));
        }
        Ok(commands)
    }

    /// An output for a part of what this command would have written.
    pub(super) fn output(&self, part: &str) -> PathBuf {
        match (&self.args.output, &self.args.output_dir) {
            (Some(output), _) => beside(output, part),
            (None, Some(dir)) => {
                let extension = self.args.to.map_or("parquet", |to| to.extension());
                dir.join(format!("{part}.{extension}"))
            }
            (None, None) => PathBuf::from(part),
        }
    }
}
