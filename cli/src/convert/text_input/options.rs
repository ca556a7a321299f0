//! What the command line says about text, for all inputs of one run.

use std::cell::RefCell;
use std::path::Path;
use std::rc::Rc;

use arrow_schema::TimeUnit;
use tsfile::model::Zone;

use super::args::{ColumnType, OnError, TextArgs, Types};
use super::rejects::{Reject, Rejects};
use crate::cmd::convert::{Args, is_stdout};
use crate::convert::format::InputFormat;
use crate::convert::retry;
use crate::convert::steps::TIME;
use crate::exit::{Failure, Outcome};

/// How text is read.
pub struct TextOptions {
    args: Args,
    format: InputFormat,
    rejects: Rc<RefCell<Rejects>>,
    pub(super) nulls: Vec<String>,
    pub(super) zone: Option<Zone>,
    pub(super) skip: bool,
    /// Whether the columns are exactly those with a type, and every row has a time.
    pub(super) exact: bool,
    /// Name of the time column.
    pub(super) time: String,
    pub(super) time_unit: Option<TimeUnit>,
}

impl TextOptions {
    /// Options of a command line; bad lines of `format` go to `rejects`.
    pub fn new(args: &Args, format: InputFormat, rejects: &Rc<RefCell<Rejects>>) -> Self {
        Self {
            format,
            rejects: Rc::clone(rejects),
            nulls: args.text_input.nulls.clone(),
            zone: args.text_input.tz,
            skip: args.text_input.on_error == Some(OnError::Skip),
            exact: args.text_input.exact,
            time: args.time_column.clone().unwrap_or_else(|| TIME.to_owned()),
            time_unit: args.time.time_unit.map(crate::args::TimeUnit::arrow),
            args: args.clone(),
        }
    }

    /// The type that the command line gives a column.
    pub(super) fn given(&self, name: &str) -> Option<ColumnType> {
        let mut all = self.args.text_input.types.iter().flat_map(|types| &types.0);
        all.rfind(|(column, _)| column == name)
            .map(|(_, kind)| *kind)
    }

    /// Columns that the command line gives types to.
    pub(super) fn typed(&self) -> impl Iterator<Item = &str> {
        let all = self.args.text_input.types.iter().flat_map(|types| &types.0);
        all.map(|(column, _)| column.as_str())
    }

    /// Passes over a line.
    pub(super) fn reject(&self, reject: &Reject<'_>) -> Outcome {
        self.rejects.borrow_mut().add(reject)
    }

    /// The error about a line, and the commands that would do. `untyped` is the column whose type was inferred, when it
    /// is about one.
    pub(super) fn failure(
        &self,
        place: &str,
        column: Option<&str>,
        reason: &str,
        untyped: bool,
    ) -> Failure {
        let with = |change: &dyn Fn(&mut TextArgs)| {
            let mut args = self.args.clone();
            change(&mut args.text_input);
            retry::command(&args)
        };
        let mut commands = Vec::new();
        // Text is no time.
        if let Some(column) = column.filter(|name| untyped && *name != self.time) {
            let types = Types(vec![(column.to_owned(), ColumnType::String)]);
            commands.push(with(&|text| text.types.push(types.clone())));
        }
        let extension = match self.format {
            InputFormat::Ndjson => "ndjson",
            InputFormat::Tsv => "tsv",
            _ => "csv",
        };
        let rejects = match self.args.output.as_deref().filter(|o| !is_stdout(o)) {
            Some(output) => output.with_extension(format!("rejects.{extension}")),
            None => Path::new("rejects").with_extension(extension),
        };
        commands.push(with(&|text| {
            text.on_error = Some(OnError::Skip);
            text.rejects = Some(rejects.clone());
        }));
        let column = column.map_or_else(String::new, |name| format!(", column {name}"));
        Failure::input(format!("{place}{column}: {reason}")).with_commands(commands)
    }
}
