//! Inputs that are no TsFiles: Parquet, Arrow IPC and text, as one source of batches.

use std::fs::File;
use std::io::BufReader;
use std::path::{Path, PathBuf};

use ::parquet::arrow::arrow_reader::{ArrowReaderMetadata, ParquetRecordBatchReaderBuilder};
use arrow_array::{RecordBatch, RecordBatchOptions};
use arrow_ipc::reader::{FileReader, StreamReader};
use arrow_schema::{Schema, SchemaRef};

use crate::convert::format::InputFormat;
use crate::convert::source::Source;
use crate::convert::text_input::TextInput;
use crate::exit::{Blame as _, Failure, Outcome};

/// Batches are about this large, so that thousands of columns fit in memory.
const BATCH_BYTES: usize = 4 << 20;
/// What a value is taken to need when rows per batch are chosen.
const VALUE_BYTES: usize = 16;
const MIN_BATCH_ROWS: usize = 64;
const MAX_BATCH_ROWS: usize = 8192;

type Batches = Box<dyn Iterator<Item = Outcome<RecordBatch>>>;

/// Several files of one schema, one after the other.
///
/// # Errors
///
/// When a file cannot be read, or the columns of one differ from those of the first.
pub fn open(inputs: &[(PathBuf, InputFormat)]) -> Outcome<Source> {
    let mut opened = inputs
        .iter()
        .map(|(path, format)| Input::open(path, *format))
        .collect::<Outcome<Vec<_>>>()?;
    // Widen the inferred types in one direction, then carry the widest back.
    for _ in 0..2 {
        for i in 1..opened.len() {
            if let [before, after] = &mut opened[i - 1..=i] {
                if let (Contents::Text(a), Contents::Text(b)) =
                    (&mut before.contents, &mut after.contents)
                {
                    a.unify(b);
                }
            }
        }
        opened.reverse();
    }
    let Some(first) = opened.first() else {
        return Err(Failure::usage("no input is given"));
    };
    let schema = first.schema();
    for input in &opened {
        same_columns(&schema, &first.path, &input.schema(), &input.path)?;
    }
    let total_rows = opened.iter().map(Input::rows).sum();
    let batches = opened.into_iter().flat_map(|input| match input.batches() {
        Ok(batches) => batches,
        Err(failure) => Box::new(std::iter::once(Err(failure))),
    });
    let unified = SchemaRef::clone(&schema);
    let batches = batches.map(move |batch| under(batch?, &unified));
    Ok(Source {
        schema,
        batches: Box::new(batches),
        total_rows,
        sorted_by: Vec::new(),
    })
}

/// Gives a batch the schema of the first input; the columns are the same, but metadata may differ from file to file.
fn under(batch: RecordBatch, schema: &SchemaRef) -> Outcome<RecordBatch> {
    let options = RecordBatchOptions::new().with_row_count(Some(batch.num_rows()));
    let (_, columns, _) = batch.into_parts();
    RecordBatch::try_new_with_options(SchemaRef::clone(schema), columns, &options)
        .input("the inputs do not agree")
}

fn same_columns(a: &Schema, a_path: &Path, b: &Schema, b_path: &Path) -> Outcome {
    let describe = |s: &Schema| -> Vec<String> {
        s.fields()
            .iter()
            .map(|f| format!("{} {}", f.name(), f.data_type()))
            .collect()
    };
    let (a, b) = (describe(a), describe(b));
    if a == b {
        return Ok(());
    }
    let nothing = || "nothing".to_owned();
    let (left, right) = (0..a.len().max(b.len()))
        .map(|i| {
            (
                a.get(i).cloned().unwrap_or_else(nothing),
                b.get(i).cloned().unwrap_or_else(nothing),
            )
        })
        .find(|(x, y)| x != y)
        .unwrap_or_default();
    Err(Failure::input(format!(
        "{}: its columns differ from those of {}: expected {left}, found {right}; convert the files one by one",
        b_path.display(),
        a_path.display()
    )))
}

struct Input {
    path: PathBuf,
    contents: Contents,
}

enum Contents {
    Parquet(File, ArrowReaderMetadata),
    ArrowFile(FileReader<BufReader<File>>),
    ArrowStream(StreamReader<BufReader<File>>),
    Text(TextInput),
}

impl Input {
    fn open(path: &Path, format: InputFormat) -> Outcome<Self> {
        let file = || File::open(path).input(path.display());
        let contents = match format {
            InputFormat::Parquet => {
                let file = file()?;
                let metadata =
                    ArrowReaderMetadata::load(&file, Default::default()).input(path.display())?;
                Contents::Parquet(file, metadata)
            }
            InputFormat::ArrowFile => Contents::ArrowFile(
                FileReader::try_new(BufReader::new(file()?), None).input(path.display())?,
            ),
            InputFormat::ArrowStream => Contents::ArrowStream(
                StreamReader::try_new(BufReader::new(file()?), None).input(path.display())?,
            ),
            InputFormat::Csv | InputFormat::Tsv | InputFormat::Ndjson => {
                Contents::Text(TextInput::infer(path, format)?)
            }
            InputFormat::TsFile => {
                return Err(Failure::usage(format!(
                    "{}: is a TsFile; it cannot be read together with files of other formats",
                    path.display()
                )));
            }
        };
        Ok(Self {
            path: path.to_owned(),
            contents,
        })
    }

    fn schema(&self) -> SchemaRef {
        match &self.contents {
            Contents::Parquet(_, metadata) => SchemaRef::clone(metadata.schema()),
            Contents::ArrowFile(reader) => reader.schema(),
            Contents::ArrowStream(reader) => reader.schema(),
            Contents::Text(input) => input.schema(),
        }
    }

    fn rows(&self) -> Option<u64> {
        match &self.contents {
            Contents::Parquet(_, metadata) => {
                u64::try_from(metadata.metadata().file_metadata().num_rows()).ok()
            }
            Contents::Text(input) => Some(input.rows()),
            Contents::ArrowFile(_) | Contents::ArrowStream(_) => None,
        }
    }

    fn batches(self) -> Outcome<Batches> {
        let path = self.path;
        Ok(match self.contents {
            Contents::Parquet(file, metadata) => {
                let columns = metadata.schema().fields().len().max(1);
                let rows =
                    (BATCH_BYTES / (VALUE_BYTES * columns)).clamp(MIN_BATCH_ROWS, MAX_BATCH_ROWS);
                let reader = ParquetRecordBatchReaderBuilder::new_with_metadata(file, metadata)
                    .with_batch_size(rows)
                    .build()
                    .input(path.display())?;
                Box::new(reader.map(move |batch| batch.input(path.display())))
            }
            Contents::ArrowFile(reader) => {
                Box::new(reader.map(move |batch| batch.input(path.display())))
            }
            Contents::ArrowStream(reader) => {
                Box::new(reader.map(move |batch| batch.input(path.display())))
            }
            Contents::Text(input) => Box::new(input.batches()?),
        })
    }
}
