//! What the columns of rows that come from no TsFile are for.

use std::path::Path;

use arrow_array::{RecordBatch, RecordBatchOptions};
use arrow_schema::{FieldRef, Fields, Schema, SchemaRef};
use tsfile::model::split_path;

use super::args::Model;
use crate::args::Form;
use crate::cmd::convert::{Args, is_stdout};
use crate::convert::forms;
use crate::convert::retry;
use crate::convert::source::Source;
use crate::convert::steps::Keys;
use crate::exit::{Blame as _, Failure, Outcome};

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
    /// In the form wide, the device of columns that are no paths.
    pub under: Option<String>,
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
    let given = args.object.device.as_slice();
    if given.len() > 1 || !given.is_empty() && args.input_form.is_some_and(|f| f != Form::Wide) {
        return Err(Failure::usage(format!(
            "{}: -d is the one device of columns that are no paths, in the form wide; leave it out",
            forms::name(args)
        )));
    }
    let form = match args.input_form {
        Some(form) => form,
        None if !given.is_empty() => Form::Wide,
        None if names.contains(&device.as_str()) && tags_to_be(args, &names) => Form::Narrow,
        None if args.object.table.is_some() || args.tags.is_some() => Form::Table,
        None if tags.is_some() => Form::Table,
        None if names.contains(&device.as_str()) => Form::Narrow,
        None if values.clone().count() > 0 && values.clone().all(|n| is_path(n)) => Form::Wide,
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
        under: args.object.device.first().cloned(),
        aligned: args.write.aligned.unwrap_or(true),
    })
}

/// Whether rows are to become a table whose tags are no columns yet, but nodes of device names.
fn tags_to_be(args: &Args, names: &[&str]) -> bool {
    let to_table = args.write.model == Some(Model::Table) || args.form == Some(Form::Table);
    let tags = forms::given_tags(args).unwrap_or_default();
    to_table && tags.iter().any(|tag| !names.contains(&tag.as_str()))
}

fn is_path(name: &str) -> bool {
    let nodes = split_path(name);
    nodes.len() > 2 && nodes.first() == Some(&"root")
}

/// Rows in the form wide whose columns, where they are no paths, belong to `device`.
pub fn below(source: Source, device: &str, time: &str) -> Source {
    let rename = |f: &FieldRef| {
        let name = f.name();
        if name == time || is_path(name) {
            return FieldRef::clone(f);
        }
        // A dot in a name is no step of a path.
        let quote = if name.contains('.') { "`" } else { "" };
        let path = format!("{device}.{quote}{name}{quote}");
        FieldRef::new(f.as_ref().clone().with_name(path))
    };
    let fields: Fields = source.schema.fields().iter().map(rename).collect();
    let schema = SchemaRef::new(Schema::new_with_metadata(
        fields,
        source.schema.metadata().clone(),
    ));
    let (renamed, sorted_by) = (SchemaRef::clone(&schema), source.sorted_by.clone());
    source.map(schema, sorted_by, move |batch| {
        let options = RecordBatchOptions::new().with_row_count(Some(batch.num_rows()));
        let (_, columns, _) = batch.into_parts();
        RecordBatch::try_new_with_options(SchemaRef::clone(&renamed), columns, &options)
            .output("cannot rename columns")
    })
}

/// A table is called after its file.
fn table_name(args: &Args) -> String {
    let path = match &args.output {
        Some(path) if !is_stdout(path) => path.as_path(),
        _ => Path::new("table"),
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
    let mut wide = Args {
        input_form: Some(Form::Wide),
        ..args.clone()
    };
    wide.object.device = vec![format!("root.{}", table_name(args))];
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
        "{}: it is not clear which device a row belongs to; expected tag columns (form table), a device column (narrow), or columns that are paths below root or belong to one device (wide)",
        forms::name(args)
    ))
    .with_commands([table, narrow, wide].map(|a| retry::command(&a)))
}
