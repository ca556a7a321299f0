//! What is in a TsFile, and which of it the scope flags choose.

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use tsfile::TsFileReader;
use tsfile::model::{DeviceId, Model};

use crate::again;
use crate::args::ObjectArgs;
use crate::exit::{self, Failure, Outcome};
use crate::inputs::Inputs;

/// Opens a TsFile whose points are wanted: says on stderr what recovery had to leave out. `None` when the flags pass over it.
///
/// # Errors
/// Input, when it cannot be opened or is corrupt, with the commands that help.
pub fn open_data(inputs: &mut Inputs, path: &Path) -> Outcome<Option<TsFileReader>> {
    let reader = inputs.open(path).map_err(again::failure)?;
    if let Some(reader) = &reader {
        say_recovered(reader);
    }
    Ok(reader)
}

/// Says on stderr what recovery had to leave out.
pub fn say_recovered(reader: &TsFileReader) {
    if reader.is_recovered() {
        let name = reader.name();
        exit::say(format_args!(
            "{name}: has no footer; what is up to its last whole chunk group was recovered"
        ));
        for note in reader.recovery_notes() {
            exit::say(format_args!("{name}: {note}"));
        }
    }
}

/// `tree`, `table`, or `mixed` when a file holds both; a file without anything is `tree`, as in the C++ tool.
pub fn model(reader: &TsFileReader) -> &'static str {
    let tables = reader.tables().next().is_some();
    // The roots of the index are named by the first segments of the devices: no need to read the index itself.
    let tree = reader.is_recovered()
        || reader.metadata().tables.iter().any(|(name, root)| {
            let device = DeviceId::new([Some(name)]);
            !root.entries.is_empty() && reader.model_of(&device) == Model::Tree
        });
    match (tree, tables) {
        (true, true) => "mixed",
        (false, true) => Model::Table.name(),
        _ => Model::Tree.name(),
    }
}

/// Decides what is wanted, and remembers what of the wanted exists.
pub struct Scope<'a> {
    args: &'a ObjectArgs,
    found: HashSet<String>,
    found_columns: HashSet<String>,
}

impl<'a> Scope<'a> {
    /// From the flags; without any everything is wanted.
    pub fn new(args: &'a ObjectArgs) -> Self {
        Self {
            args,
            found: HashSet::new(),
            found_columns: HashSet::new(),
        }
    }

    /// Whether any device of the tree model may be wanted.
    pub fn wants_devices(&self) -> bool {
        self.args.table.is_none()
    }

    /// Whether a device of the tree model is wanted.
    pub fn device(&mut self, path: &str) -> bool {
        if self.args.table.is_some() {
            return false;
        }
        self.args.device.is_empty()
            || (self.args.device.iter().any(|d| d == path)
                && (self.found.contains(path) || self.found.insert(path.to_owned())))
    }

    /// Whether a table is wanted; the case of its name does not matter, since files hold lower case.
    pub fn table(&mut self, name: &str) -> bool {
        match &self.args.table {
            Some(wanted) if same_name(wanted, name) => {
                self.found.insert(wanted.clone());
                true
            }
            Some(_) => false,
            None => self.args.device.is_empty(),
        }
    }

    /// Whether a measurement, or a column of a table, is wanted.
    pub fn column(&mut self, model: Model, name: &str) -> bool {
        let mut wanted = self.args.measurement.iter().filter(|m| match model {
            Model::Tree => *m == name,
            Model::Table => same_name(m, name),
        });
        match wanted.next() {
            Some(m) => {
                if !self.found_columns.contains(m) {
                    self.found_columns.insert(m.clone());
                }
                true
            }
            None => self.args.measurement.is_empty(),
        }
    }

    /// Whether a column of this name was asked for and has been seen.
    pub fn has_seen(&self, column: &str) -> bool {
        self.found_columns.contains(column)
    }

    /// Whether all that was asked for exists in one of the files.
    ///
    /// # Errors
    /// Usage, naming what does not.
    pub fn finish(self, files: &[PathBuf]) -> Outcome {
        let (file, place) = match files {
            [file] => (file.display().to_string(), file.display().to_string()),
            [file, ..] => (file.display().to_string(), format!("{} files", files.len())),
            [] => return Ok(()),
        };
        let missing = |names: &'a [String], found: &HashSet<String>| {
            names.iter().find(|name| !found.contains(*name))
        };
        if let Some(name) = missing(&self.args.device, &self.found) {
            return Err(Failure::usage(format!(
                "{place}: no device {name}; list what is there with: tsfile-cli ls {file}"
            )));
        }
        if let Some(name) = self.args.table.as_slice().first() {
            if !self.found.contains(name) {
                return Err(Failure::usage(format!(
                    "{place}: no table {name}; list what is there with: tsfile-cli ls {file}"
                )));
            }
        }
        if let Some(name) = missing(&self.args.measurement, &self.found_columns) {
            return Err(Failure::usage(format!(
                "{place}: no measurement or column {name}; list them with: tsfile-cli schema {file}"
            )));
        }
        Ok(())
    }
}

/// Names of tables and columns are the same whatever their case, as both writers store them in lower case.
pub fn same_name(a: &str, b: &str) -> bool {
    a == b || a.to_lowercase() == b.to_lowercase()
}
