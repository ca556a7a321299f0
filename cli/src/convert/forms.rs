//! Rows that come from no TsFile, from one form to another. The order and the columns of the result depend on all rows,
//! so they are held in memory.

use arrow_array::cast::AsArray as _;
use arrow_array::{Array as _, RecordBatch};
use arrow_cast::cast;
use arrow_schema::{DataType, Schema, SchemaRef};
use tsfile::form::convert::{
    Names, narrow_to_table, narrow_to_wide, table_to_narrow, table_to_wide, wide_to_narrow,
    wide_to_table,
};
use tsfile::model::split_path;

use crate::args::Form;
use crate::cmd::convert::Args;
use crate::convert::origin;
use crate::convert::retry::{self, FileNames};
use crate::convert::source::Source;
use crate::convert::steps::{Keys, shortened};
use crate::exit::{Blame as _, Failure, Outcome};

/// Brings rows to the form that is asked for; returns the tag columns that they have then.
///
/// # Errors
///
/// When the names of tags or the table are needed and not given, or the rows cannot have that form.
pub fn reshape(source: Source, args: &Args, keys: &Keys) -> Outcome<(Source, Vec<String>)> {
    let from = args
        .input_form
        .unwrap_or_else(|| form_of(&source.schema, args, keys));
    let to = args.form.unwrap_or(from);
    // Of a form without a column of devices it is the name that it gets.
    let named = (from == Form::Narrow || to != Form::Narrow).then_some(args.device_column.as_ref());
    check_named(&source.schema, [args.time_column.as_ref(), named.flatten()])?;
    let known_tags = given_tags(args).unwrap_or_else(|| recorded_tags(&source.schema));
    if from == to {
        if args.form.is_none() && (args.object.table.is_some() || args.tags.is_some()) {
            return Err(Failure::usage(format!(
                "{}: -t and --tags tell how to change the form; expected --form with them",
                name(args)
            ))
            .with_commands([retry::command(&Args {
                form: Some(Form::Narrow),
                ..args.clone()
            })]));
        }
        return Ok((
            source,
            if to == Form::Table {
                known_tags
            } else {
                Vec::new()
            },
        ));
    }
    let names = Names::default()
        .with_time(&keys.time)
        .with_device(&keys.device);
    let schema = SchemaRef::clone(&source.schema);
    let mut source = source;
    let mut batches = Vec::new();
    for batch in source.batches.by_ref() {
        batches.push(batch?);
    }
    if batches.is_empty() {
        batches.push(RecordBatch::new_empty(SchemaRef::clone(&schema)));
    }
    let (table, tags) = if from == Form::Table {
        of_table(args, &schema)?
    } else if to == Form::Table {
        (String::new(), tags_to_be(args, from, &batches, &names)?)
    } else {
        (String::new(), Vec::new())
    };
    let result = match (from, to) {
        (Form::Wide, Form::Narrow) => wide_to_narrow(&batches, &names),
        (Form::Narrow, Form::Wide) => narrow_to_wide(&batches, &names),
        (Form::Wide, Form::Table) => wide_to_table(&batches, &tags, &names).map(|t| t.batches),
        (Form::Narrow, Form::Table) => narrow_to_table(&batches, &tags, &names).map(|t| t.batches),
        (Form::Table, Form::Narrow) => table_to_narrow(&batches, &table, &tags, &names),
        (Form::Table, Form::Wide) => table_to_wide(&batches, &table, &tags, &names),
        _ => Ok(batches),
    };
    let result = result.map_err(|e| Failure::from(e.in_file(name(args))))?;
    let schema = result
        .first()
        .map_or_else(|| SchemaRef::new(Schema::empty()), RecordBatch::schema);
    let rows: usize = result.iter().map(RecordBatch::num_rows).sum();
    let sorted_by = match to {
        Form::Wide => vec![0],
        Form::Narrow => vec![1, 0],
        Form::Table => (1..=tags.len()).chain([0]).collect(),
    };
    let source = Source {
        schema,
        batches: Box::new(result.into_iter().map(Ok)),
        total_rows: u64::try_from(rows).ok(),
        sorted_by,
    };
    Ok((source, if to == Form::Table { tags } else { Vec::new() }))
}

/// The form that rows seem to have.
fn form_of(schema: &Schema, args: &Args, keys: &Keys) -> Form {
    let narrow = schema.column_with_name(&keys.device).is_some();
    let of_table =
        args.form != Some(Form::Table) && (args.object.table.is_some() || args.tags.is_some());
    if of_table || !narrow && is_recorded(schema, "tsfile.model", "table") {
        Form::Table
    } else if narrow {
        Form::Narrow
    } else {
        Form::Wide
    }
}

fn is_recorded(schema: &Schema, key: &str, value: &str) -> bool {
    schema
        .fields()
        .iter()
        .any(|f| f.metadata().get(key).is_some_and(|v| v == value))
}

/// Columns that the command line names are there.
fn check_named(schema: &Schema, names: [Option<&String>; 2]) -> Outcome {
    let missing = |name: &&String| schema.column_with_name(name).is_none();
    let Some(name) = names.into_iter().flatten().find(missing) else {
        return Ok(());
    };
    let known: Vec<_> = schema.fields().iter().map(|f| f.name().as_str()).collect();
    Err(Failure::usage(format!(
        "no column is called {name}; there are {}",
        shortened(&known)
    )))
}

/// Tags that files from TsFiles record; `None` when they are no table.
pub fn recorded_tags_of_table(schema: &Schema) -> Option<Vec<String>> {
    is_recorded(schema, "tsfile.model", "table").then(|| recorded_tags(schema))
}

/// Columns of text, which may say which device a row belongs to.
pub fn text_columns(schema: &Schema) -> Vec<String> {
    schema
        .fields()
        .iter()
        .filter(|f| matches!(f.data_type(), DataType::Utf8 | DataType::LargeUtf8))
        .map(|f| f.name().clone())
        .collect()
}

fn recorded_tags(schema: &Schema) -> Vec<String> {
    let of = |field: &arrow_schema::Field, key: &str, value: &str| {
        field.metadata().get(key).is_some_and(|v| v == value)
    };
    schema
        .fields()
        .iter()
        .filter(|f| of(f, "tsfile.category", "TAG") && of(f, "tsfile.model", "table"))
        .map(|f| f.name().clone())
        .collect()
}

/// `--tags ''` says that there are none.
pub fn given_tags(args: &Args) -> Option<Vec<String>> {
    let tags = args.tags.as_ref()?;
    Some(tags.iter().filter(|t| !t.is_empty()).cloned().collect())
}

/// The inputs by name, for messages.
pub fn name(args: &Args) -> String {
    let names: Vec<_> = args
        .given_inputs()
        .iter()
        .map(|path| origin::name(path))
        .collect();
    names.join(", ")
}

/// Name and tags of the table that the input is.
fn of_table(args: &Args, schema: &Schema) -> Outcome<(String, Vec<String>)> {
    let recorded = is_recorded(schema, "tsfile.model", "table");
    let tags = given_tags(args).or_else(|| recorded.then(|| recorded_tags(schema)));
    match (&args.object.table, tags) {
        (Some(table), Some(tags)) => Ok((table.clone(), tags)),
        (table, tags) => {
            let mut guess = args.clone();
            let file = args.inputs.first().filter(|i| !origin::is_stdin(i));
            let stem = file.and_then(|i| i.file_stem());
            let stem = stem.unwrap_or_default().to_string_lossy().replace('.', "_");
            guess.object.table = Some(
                table
                    .clone()
                    .unwrap_or_else(|| FileNames::default().next(&stem)),
            );
            if tags.is_none() {
                guess.tags = Some(
                    schema
                        .fields()
                        .iter()
                        .filter(|f| f.data_type() == &DataType::Utf8)
                        .map(|f| f.name().clone())
                        .collect(),
                );
            }
            Err(Failure::usage(format!(
                "{}: from the form table, device names are made of the table and its tags; expected -t TABLE{}",
                name(args),
                if tags.is_none() { " and --tags NAME,NAME" } else { "" }
            ))
            .with_commands([retry::command(&guess)]))
        }
    }
}

/// Tags of the table that the result shall be.
fn tags_to_be(
    args: &Args,
    from: Form,
    batches: &[RecordBatch],
    names: &Names,
) -> Outcome<Vec<String>> {
    if let Some(tags) = given_tags(args) {
        return Ok(tags);
    }
    let devices = devices(from, batches, names)?;
    let nodes: Vec<_> = devices.iter().map(|d| split_path(d)).collect();
    let longest = nodes.iter().map(Vec::len).max().unwrap_or(0);
    let shared = nodes
        .iter()
        .skip(1)
        .fold(nodes.first().map_or(0, Vec::len), |shared, other| {
            let first = nodes.first().into_iter().flatten();
            first
                .zip(other)
                .take(shared)
                .take_while(|(a, b)| a == b)
                .count()
        });
    let table = shared.min(longest.saturating_sub(1)).max(1);
    let guess: Vec<_> = (1..=longest.saturating_sub(table))
        .map(|i| format!("tag{i}"))
        .collect();
    let example = devices.first().map_or("", String::as_str);
    Err(Failure::usage(format!(
        "{}: in the form table, the last nodes of device names are tags; expected --tags with a name for each, found devices such as \"{example}\"",
        name(args)
    ))
    .with_commands([retry::command(&Args {
        tags: Some(guess),
        ..args.clone()
    })]))
}

/// The devices of wide or narrow rows, each once.
fn devices(from: Form, batches: &[RecordBatch], names: &Names) -> Outcome<Vec<String>> {
    let mut found = std::collections::BTreeSet::new();
    for batch in batches {
        if from == Form::Wide {
            for field in batch.schema().fields() {
                if *field.name() != names.time {
                    let nodes = split_path(field.name());
                    if let Some((_, device)) = nodes.split_last() {
                        found.insert(device.join("."));
                    }
                }
            }
            continue;
        }
        let Some(column) = batch.column_by_name(&names.device) else {
            continue;
        };
        let column = cast(column, &DataType::Utf8).input(&names.device)?;
        let column = column.as_string::<i32>();
        let mut last = "";
        for row in 0..column.len() {
            let device = column.value(row);
            if column.is_valid(row) && device != last {
                found.insert(device.to_owned());
                last = device;
            }
        }
    }
    Ok(found.into_iter().collect())
}
