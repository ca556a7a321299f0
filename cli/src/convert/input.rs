//! Inputs that are no TsFiles: Parquet, Arrow IPC and text, as one source of batches.

use std::fs::File;
use std::io::BufReader;
use std::rc::Rc;

use ::parquet::arrow::arrow_reader::{ArrowReaderMetadata, ParquetRecordBatchReaderBuilder};
use arrow_array::{RecordBatch, RecordBatchOptions};
use arrow_ipc::reader::{FileReader, StreamReader};
use arrow_schema::{Schema, SchemaRef};

use crate::convert::format::InputFormat;
use crate::convert::origin::{Origin, Reader};
use crate::convert::source::Source;
use crate::convert::text_input::{TextInput, TextOptions};
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
pub fn open(inputs: &[Rc<Origin>], text: &Rc<TextOptions>) -> Outcome<Source> {
    let mut opened = inputs
        .iter()
        .map(|origin| Input::open(origin, text))
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
        same_columns(
            &schema,
            first.origin.name(),
            &input.schema(),
            input.origin.name(),
        )?;
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

fn same_columns(a: &Schema, a_name: &str, b: &Schema, b_name: &str) -> Outcome {
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
        "{b_name}: its columns differ from those of {a_name}: expected {left}, found {right}; convert the files one by one"
    )))
}

/// Bytes that reading the inputs takes in all; `None` when one does not say.
pub fn bytes_to_read(inputs: &[Rc<Origin>]) -> Option<u64> {
    let passes = |origin: &Origin| if origin.format().is_text() { 2 } else { 1 };
    inputs
        .iter()
        .map(|origin| Some(origin.bytes()? * passes(origin)))
        .sum()
}

struct Input {
    origin: Rc<Origin>,
    contents: Contents,
}

enum Contents {
    Parquet(File, ArrowReaderMetadata),
    ArrowFile(FileReader<BufReader<Reader>>),
    ArrowStream(StreamReader<BufReader<Reader>>),
    Text(TextInput),
}

impl Input {
    fn open(origin: &Rc<Origin>, text: &Rc<TextOptions>) -> Outcome<Self> {
        let name = origin.name();
        let contents = match origin.format() {
            InputFormat::Parquet => {
                let file = origin.file()?;
                let metadata = ArrowReaderMetadata::load(&file, Default::default()).input(name)?;
                Contents::Parquet(file, metadata)
            }
            InputFormat::ArrowFile => Contents::ArrowFile(
                FileReader::try_new(BufReader::new(origin.reader()?), None).input(name)?,
            ),
            InputFormat::ArrowStream => Contents::ArrowStream(
                StreamReader::try_new(BufReader::new(origin.reader()?), None).input(name)?,
            ),
            InputFormat::Csv | InputFormat::Tsv | InputFormat::Ndjson => {
                Contents::Text(TextInput::infer(Rc::clone(origin), text)?)
            }
            InputFormat::TsFile => {
                return Err(Failure::usage(format!(
                    "{name}: is a TsFile; it cannot be read together with files of other formats"
                )));
            }
        };
        Ok(Self {
            origin: Rc::clone(origin),
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
        let all_rows = self.rows().unwrap_or(0).max(1);
        let origin = self.origin;
        Ok(match self.contents {
            Contents::Parquet(file, metadata) => {
                let columns = metadata.schema().fields().len().max(1);
                let rows =
                    (BATCH_BYTES / (VALUE_BYTES * columns)).clamp(MIN_BATCH_ROWS, MAX_BATCH_ROWS);
                let reader = ParquetRecordBatchReaderBuilder::new_with_metadata(file, metadata)
                    .with_batch_size(rows)
                    .build()
                    .input(origin.name())?;
                // Its pages are read here and there; a share of the rows stands for one of the bytes.
                let bytes = origin.bytes().unwrap_or(0);
                let share =
                    move |rows: u64| u128::from(bytes) * u128::from(rows) / u128::from(all_rows);
                let mut rows = 0;
                Box::new(reader.map(move |batch| {
                    let batch = batch.input(origin.name())?;
                    let before = share(rows);
                    rows += batch.num_rows() as u64;
                    let more = u64::try_from(share(rows) - before).unwrap_or(0);
                    origin.progress().read(more);
                    Ok(batch)
                }))
            }
            Contents::ArrowFile(reader) => {
                Box::new(reader.map(move |batch| batch.input(origin.name())))
            }
            Contents::ArrowStream(reader) => {
                Box::new(reader.map(move |batch| batch.input(origin.name())))
            }
            Contents::Text(input) => Box::new(input.batches()?),
        })
    }
}
