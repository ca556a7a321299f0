//! TsFiles into a TsFile, device by device: model, alignment, types, text and date bytes, schemas and properties stay.

use std::collections::HashSet;

use arrow_schema::FieldRef;
use tsfile::scan::{Piece, Pieces, PiecesRequest, pieces};
use tsfile::write::{LOSSLESS_PROPERTY, WriteOptions};
use tsfile::{ReadOptions, TsFileReader, TsFileWriter, WriteSummary};

use super::digest::{Digest, Keys};
use super::{blamed, finish, plan, same, sink};
use crate::cmd::convert::Args;
use crate::convert::atomic::Target;
use crate::convert::forms;
use crate::convert::steps::shortened;
use crate::convert::tsfile::TsFiles;
use crate::exit::{Failure, Outcome};
use crate::progress::Progress;

/// Properties that every writer sets itself.
const OWN_PROPERTIES: [&str; 4] = [
    "encryptLevel",
    "encryptType",
    "encryptKey",
    LOSSLESS_PROPERTY,
];

/// Which part of the inputs is wanted.
fn wanted(args: &Args) -> PiecesRequest {
    let (start, end) = args.range.bounds();
    let columns = &args.object.measurement;
    PiecesRequest::default()
        .with_devices(args.object.device.clone())
        .with_table(args.object.table.clone())
        .with_columns((!columns.is_empty()).then(|| columns.clone()))
        .with_time_range(start, end)
        .with_aligned(args.write.aligned)
        .with_threads(args.read_threads())
}

/// Whether files are to be taken as they are: nothing says how their rows should look.
pub fn is_meant(args: &Args) -> bool {
    args.form.is_none()
        && args.rows.is_none()
        && args.text.is_none()
        && args.dates.is_none()
        && args.time_column.is_none()
        && args.device_column.is_none()
        && args.schema.schema.is_none()
        && !args.schema.lossy_types
        && !args.tag_filter.is_given()
        && args.filter.is_none()
        && !args.dedup.is_merge()
}

/// What is wanted, after a look at the flags.
fn pieces_of(files: &TsFiles, args: &Args) -> Outcome<Pieces> {
    let input = forms::name(args);
    if args.write.model.is_some() {
        return Err(Failure::usage(format!(
            "{input}: a copy keeps the model of each device; write another format first, then convert that with --model"
        )));
    }
    // Whatever fails here, no output is at fault.
    let named = |e: tsfile::Error| match e.file() {
        Some(_) => Failure::from(e),
        None => e.in_file(input.as_str()).into(),
    };
    let pieces = pieces(files.readers().to_vec(), wanted(args)).map_err(named)?;
    let columns = pieces.columns();
    let encodings = args.write.encoding.iter().map(|(name, _)| name);
    let compressions = args
        .write
        .compression
        .iter()
        .filter_map(|(c, _)| c.as_ref());
    let missing = encodings
        .chain(compressions)
        .find(|name| !columns.contains(*name) && !columns.contains(&name.to_lowercase()));
    if let Some(missing) = missing {
        let known: Vec<_> = columns.iter().map(String::as_str).collect();
        return Err(Failure::usage(format!(
            "{input}: no column is called {missing}; there are {}",
            shortened(&known)
        )));
    }
    Ok(pieces)
}

/// Prints what would be written.
///
/// # Errors
///
/// When it could not be.
pub fn plan(files: &TsFiles, args: &Args, output: &str) -> Outcome {
    let input = forms::name(args);
    let (nowhere, _) = sink::of_target(Target::nowhere());
    let mut writer = TsFileWriter::start_devices(nowhere, args.write.library())
        .map_err(|e| blamed(e, &input))?;
    let mut columns = Vec::new();
    for piece in pieces_of(files, args)? {
        let piece = piece?;
        let keys = keys_of(&piece);
        let schema = piece.scan.schema();
        let object = match (piece.table, piece.aligned) {
            (Some(table), _) => format!("{}{table}", plan::TABLE),
            (None, true) => "aligned devices".to_owned(),
            (None, false) => "non-aligned devices".to_owned(),
        };
        for field in schema.fields() {
            let name = field.name();
            if *name != keys.time
                && (object.starts_with(plan::TABLE) || !keys.device.contains(name))
            {
                columns.push((
                    object.clone(),
                    keys.device.contains(name),
                    FieldRef::clone(field),
                ));
            }
        }
        writer
            .set_layout(schema, piece.layout)
            .map_err(|e| blamed(e, &input))?;
    }
    plan::copy(&columns, &input, &args.write, output)
}

/// Writes what is wanted of `files` to `target`.
///
/// # Errors
///
/// When an input cannot be read, or holds what cannot be written.
pub fn run(
    files: &TsFiles,
    args: &Args,
    target: Target,
    progress: &Progress,
) -> Outcome<WriteSummary> {
    let readers = files.readers();
    let input = &forms::name(args);
    let pieces_left = pieces_of(files, args)?;
    let (sink, temporary) = sink::of_target(target);
    let mut digest = args
        .write
        .verify
        .then(|| Digest::new(Default::default(), false));
    let options = with_properties(args.write.library(), readers);
    let mut writer = TsFileWriter::start_devices(sink, options).map_err(|e| blamed(e, input))?;
    for piece in pieces_left {
        let piece = piece?;
        let keys = keys_of(&piece);
        writer
            .set_layout(piece.scan.schema(), piece.layout)
            .map_err(|e| blamed(e, input))?;
        for batch in piece.scan {
            let batch = batch?;
            if let Some(digest) = &mut digest {
                digest.add(&batch, &keys)?;
            }
            writer.write(&batch).map_err(|e| blamed(e, input))?;
            progress.add(batch.num_rows());
        }
    }
    finish(writer, input, |_| {
        let (Some(digest), Some(temporary)) = (digest, temporary) else {
            return Ok(());
        };
        let mut back = digest.fresh();
        let reader = TsFileReader::open(&temporary, ReadOptions::default())?;
        for piece in pieces(vec![reader], PiecesRequest::default())? {
            let piece = piece?;
            let keys = keys_of(&piece);
            for batch in piece.scan {
                back.add(&batch?, &keys)?;
            }
        }
        same(&digest, &back)
    })
}

/// The properties of the inputs, the first of each name. A null value reads as an empty one.
fn with_properties(options: WriteOptions, readers: &[TsFileReader]) -> WriteOptions {
    let mut seen = HashSet::new();
    readers
        .iter()
        .flat_map(|r| &r.metadata().properties)
        .filter(|(key, _)| !OWN_PROPERTIES.contains(&key.as_str()) && seen.insert(key.clone()))
        .fold(options, |options, (key, value)| {
            options.with_property(key, value.clone().unwrap_or_default())
        })
}

fn keys_of(piece: &Piece) -> Keys {
    Keys {
        time: piece.time_column.clone(),
        device: piece.device_columns.clone(),
        lower_case: false,
        prefix: piece
            .table
            .as_ref()
            .map_or_else(String::new, |table| format!("{table}.")),
        // Rows of nulls only can be kept, and counted, where there is one column of times for all.
        count_rows: piece.aligned,
    }
}
