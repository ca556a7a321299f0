//! `--dry-run`: the columns as they would be written, and nothing else.

use std::io;

use arrow_schema::{FieldRef, Schema};
use tsfile::arrow::{Intake, TimeUnit};
use tsfile::model::{DataType, split_path};

use super::args::{Compat, Version, WriteArgs};
use super::layout::Shape;
use crate::args::Form;
use crate::exit::{Blame as _, Outcome};
use crate::output::{Cell, Format, FormatArgs, Printer};

/// How the name of an object begins that is a table.
pub const TABLE: &str = "table ";

const COLUMNS: [&str; 5] = ["column", "category", "data_type", "encoding", "compression"];

/// Prints what rows of this shape would become.
///
/// # Errors
///
/// When a column cannot be written.
pub fn rows(
    schema: &Schema,
    shape: &Shape,
    write: &WriteArgs,
    unit: TimeUnit,
    output: &str,
) -> Outcome {
    let mut head = format!("{output}: format version {}", version(write));
    match (shape.form, &shape.table) {
        (Form::Table, Some(table)) => head.push_str(&format!(", table {}", table.to_lowercase())),
        (form, _) => head.push_str(&format!(
            ", {} tree devices from rows in the form {}",
            if shape.aligned {
                "aligned"
            } else {
                "non-aligned"
            },
            form.library()
        )),
    }
    head.push_str(&format!(", times in {}; nothing was written", unit.name()));
    crate::exit::say(format_args!("{head}"));
    let out = io::stdout().lock();
    let mut printer = Printer::start(out, Format::Table, FormatArgs::default().look(), COLUMNS)
        .output("stdout")?;
    for field in schema.fields() {
        let name = field.name();
        let is_key = shape.form == Form::Narrow && *name == shape.device;
        let row = if *name == shape.time {
            [
                name.clone(),
                "TIME".into(),
                "INT64".into(),
                "TS_2DIFF".into(),
                compression(write, shape.form, None),
            ]
        } else if is_key || shape.tags.contains(name) {
            let category = if is_key { "DEVICE" } else { "TAG" };
            [
                name.clone(),
                category.into(),
                "STRING".into(),
                String::new(),
                String::new(),
            ]
        } else {
            let intake = Intake::try_new(field, unit, write.lossy)?;
            [
                name.clone(),
                "FIELD".into(),
                intake.data_type.to_string(),
                encoding(write, shape.form, name, intake.data_type),
                compression(write, shape.form, Some(name)),
            ]
        };
        let cells = row.each_ref().map(|text| match text.as_str() {
            "" => Cell::Text("-".into()),
            text => text.into(),
        });
        printer.row(&cells).output("stdout")?;
    }
    printer.finish().output("stdout")
}

/// Prints what a copy of TsFiles would be, from its columns: of what, whether it is a tag, and as rows have it.
///
/// # Errors
///
/// When stdout is closed.
pub fn copy(
    columns: &[(String, bool, FieldRef)],
    inputs: &str,
    write: &WriteArgs,
    output: &str,
) -> Outcome {
    crate::exit::say(format_args!(
        "{output}: format version {}, a copy of {inputs}; nothing was written",
        version(write)
    ));
    let out = io::stdout().lock();
    let names = [
        "object",
        "column",
        "category",
        "data_type",
        "encoding",
        "compression",
    ];
    let mut printer =
        Printer::start(out, Format::Table, FormatArgs::default().look(), names).output("stdout")?;
    for (object, is_tag, field) in columns {
        let data_type = Intake::try_new(field, TimeUnit::default(), write.lossy)?.data_type;
        let name = field.name();
        let form = if object.starts_with(TABLE) {
            Form::Table
        } else {
            Form::Narrow
        };
        let row = if *is_tag {
            [object, name, "TAG", "STRING", "-", "-"].map(str::to_owned)
        } else {
            [
                object.clone(),
                name.clone(),
                "FIELD".into(),
                data_type.to_string(),
                encoding(write, form, name, data_type),
                compression(write, form, Some(name)),
            ]
        };
        printer
            .row(&row.each_ref().map(|text| text.as_str().into()))
            .output("stdout")?;
    }
    printer.finish().output("stdout")
}

fn version(write: &WriteArgs) -> u8 {
    match write.format_version.unwrap_or_default() {
        Version::V3 => 3,
        Version::V4 => 4,
    }
}

/// What flags say of a column: of it by its name, else by what the writer takes for its name too.
fn said<T: Copy>(all: &[(String, T)], form: Form, name: &str) -> Option<T> {
    let is_meant = |given: &str| match form {
        Form::Table => given.to_lowercase() == name.to_lowercase(),
        Form::Wide => split_path(name).last() == Some(&given),
        Form::Narrow => false,
    };
    let exact = all.iter().rfind(|(given, _)| given == name);
    let found = exact.or_else(|| all.iter().rfind(|(given, _)| is_meant(given)));
    found.map(|(_, value)| *value)
}

/// What is asked for, or what `auto` chooses among.
fn encoding(write: &WriteArgs, form: Form, name: &str, data_type: DataType) -> String {
    if let Some(encoding) = said(&write.encoding, form, name) {
        return encoding.to_string();
    }
    match data_type {
        DataType::Boolean | DataType::Blob => "PLAIN",
        DataType::Float | DataType::Double if write.compat == Some(Compat::Broad) => "GORILLA",
        DataType::Float | DataType::Double => "auto: TS_2DIFF, GORILLA or PLAIN",
        DataType::Text | DataType::String => "auto: DICTIONARY or PLAIN",
        _ => "TS_2DIFF",
    }
    .to_owned()
}

fn compression(write: &WriteArgs, form: Form, name: Option<&str>) -> String {
    let of_columns: Vec<_> = write
        .compression
        .iter()
        .filter_map(|(column, c)| Some((column.clone()?, *c)))
        .collect();
    let own = name.and_then(|name| said(&of_columns, form, name));
    let all = write
        .compression
        .iter()
        .rfind(|(column, _)| column.is_none());
    own.or(all.map(|(_, c)| *c))
        .map_or_else(|| "auto: LZ4 where it pays".to_owned(), |c| c.to_string())
}
