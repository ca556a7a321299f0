//! What the columns of rows that come from no TsFile are for.

use std::path::Path;

use arrow_schema::Schema;
use tsfile::model::split_path;

use super::args::Model;
use crate::args::Form;
use crate::cmd::convert::Args;
use crate::convert::forms;
use crate::convert::retry;
use crate::convert::steps::Keys;
use crate::exit::{Failure, Outcome};

/// How rows are to be taken.
#[derive(Debug, Clone)]
pub struct Shape {
    /// Form of the rows.
    pub form: Form,
    /// Form that they are to be brought to before they are written.
    pub to: Form,
    /// Name of the time column.
    pub time: String,
    /// Name of the device column.
    pub device: String,
    /// Name of the table.
    pub table: Option<String>,
    /// Tag columns.
    pub tags: Vec<String>,
    /// Whether tree devices have one time column.
    pub aligned: bool,
}

/// Decides about an input by flags, by what is recorded in it, and by the names of its columns.
///
/// # Errors
///
/// When that leaves it open; the commands that decide are suggested.
pub fn shape_of(schema: &Schema, args: &Args, keys: &Keys) -> Outcome<Shape> {
    let (time, device) = (keys.time.clone(), keys.device.clone());
    let tags = forms::given_tags(args).or_else(|| forms::recorded_tags_of_table(schema));
    let names: Vec<&str> = schema.fields().iter().map(|f| f.name().as_str()).collect();
    if !names.contains(&time.as_str()) {
        let mut guess = args.clone();
        guess.time_column = names.first().map(|n| (*n).to_owned());
        return Err(Failure::usage(format!(
            "{}: there is no time column {time}; expected one of {}",
            forms::name(args),
            names.join(", ")
        ))
        .with_commands([retry::command(&guess)]));
    }
    let values = names.iter().filter(|n| **n != time);
    let is_path = |name: &&&str| {
        let nodes = split_path(name);
        nodes.len() > 2 && nodes.first() == Some(&"root")
    };
    let form = match args.input_form {
        Some(form) => form,
        None if args.object.table.is_some() || args.tags.is_some() => Form::Table,
        None if tags.is_some() => Form::Table,
        None if names.contains(&device.as_str()) => Form::Narrow,
        None if values.clone().count() > 0 && values.clone().all(|n| is_path(&n)) => Form::Wide,
        None => return Err(unclear(schema, args)),
    };
    let to = match (args.write.model, args.form, form) {
        (Some(Model::Table), _, _) => Form::Table,
        (Some(Model::Tree), Some(form @ (Form::Wide | Form::Narrow)), _)
        | (None, Some(form), _) => form,
        (Some(Model::Tree), _, Form::Table) => Form::Narrow,
        (_, _, form) => form,
    };
    let of_table = form == Form::Table || to == Form::Table;
    let tags = match (tags, form) {
        (Some(tags), _) => tags,
        (None, Form::Table) => {
            let mut guess = args.clone();
            guess.tags = Some(forms::text_columns(schema));
            let mut none = args.clone();
            none.tags = Some(vec![String::new()]);
            return Err(Failure::usage(format!(
                "{}: the form table needs its tag columns; expected --tags NAME,NAME, or --tags '' when there is none",
                forms::name(args)
            ))
            .with_commands([retry::command(&guess), retry::command(&none)]));
        }
        (None, _) => Vec::new(),
    };
    let table = of_table.then(|| {
        args.object
            .table
            .clone()
            .unwrap_or_else(|| table_name(args))
    });
    Ok(Shape {
        form,
        to,
        time,
        device,
        table,
        tags,
        aligned: args.write.aligned.unwrap_or(true),
    })
}

/// A table is called after its file.
fn table_name(args: &Args) -> String {
    let path = match &args.output {
        Some(path) => path.as_path(),
        None => Path::new("table"),
    };
    let stem = path.file_stem().unwrap_or_default().to_string_lossy();
    let name: String = stem
        .to_lowercase()
        .chars()
        .map(|c| if c.is_alphanumeric() { c } else { '_' })
        .collect();
    if name.is_empty() || name == "root" {
        "table".to_owned()
    } else {
        name
    }
}

fn unclear(schema: &Schema, args: &Args) -> Failure {
    let text = forms::text_columns(schema);
    let wide = Args {
        input_form: Some(Form::Wide),
        ..args.clone()
    };
    let narrow = Args {
        device_column: Some(text.first().cloned().unwrap_or_else(|| "DEVICE".to_owned())),
        input_form: Some(Form::Narrow),
        ..args.clone()
    };
    let table = Args {
        tags: Some(if text.is_empty() {
            vec![String::new()]
        } else {
            text
        }),
        ..args.clone()
    };
    Failure::usage(format!(
        "{}: it is not clear which device a row belongs to; expected tag columns (form table), a device column (narrow), or columns named after paths below root (wide)",
        forms::name(args)
    ))
    .with_commands([table, narrow, wide].map(|a| retry::command(&a)))
}
