//! CSV, TSV and NDJSON input. A file is read twice: once to infer the types of its columns, once to build batches.

mod delimited;
mod json;
mod values;

use std::fs::File;
use std::io::BufReader;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow_array::RecordBatch;
use arrow_schema::{Field, Schema, SchemaRef};

use crate::convert::format::InputFormat;
use crate::exit::{Blame as _, Failure, Outcome};

use delimited::Delimited;
use json::Json;
use values::{Builder, Kind};

/// A batch ends after this many rows.
const BATCH_ROWS: usize = 8192;
/// A batch ends after this much text, so that long cells cannot pile up.
const BATCH_BYTES: usize = 4 << 20;
const BUFFER_BYTES: usize = 256 << 10;

/// How a cell stood in the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Quoting {
    Null,
    Bare,
    Quoted,
}

/// The cells of one row, as text.
#[derive(Debug, Default)]
struct Record {
    text: Vec<u8>,
    cells: Vec<(Range<usize>, Quoting)>,
}

impl Record {
    fn clear(&mut self) {
        self.text.clear();
        self.cells.clear();
    }

    fn cell(&self, column: usize) -> (&[u8], Quoting) {
        self.cells
            .get(column)
            .and_then(|(range, quoting)| Some((self.text.get(range.clone())?, *quoting)))
            .unwrap_or((&[], Quoting::Null))
    }
}

enum Rows {
    Delimited(Delimited<BufReader<File>>),
    Json(Json<BufReader<File>>),
}

impl Rows {
    fn open(path: &Path, format: InputFormat, columns: &[String]) -> Outcome<Self> {
        let file = File::open(path).input(path.display())?;
        let reader = BufReader::with_capacity(BUFFER_BYTES, file);
        Ok(match format {
            InputFormat::Ndjson => Self::Json(Json::new(reader, columns)),
            InputFormat::Tsv => {
                Self::Delimited(Delimited::new(reader, b'\t').input(path.display())?)
            }
            _ => Self::Delimited(Delimited::new(reader, b',').input(path.display())?),
        })
    }

    fn next(&mut self, record: &mut Record) -> anyhow::Result<bool> {
        record.clear();
        match self {
            Self::Delimited(rows) => rows.next(record),
            Self::Json(rows) => rows.next(record),
        }
    }

    fn line(&self) -> u64 {
        match self {
            Self::Delimited(rows) => rows.line(),
            Self::Json(rows) => rows.line(),
        }
    }

    fn columns(&self) -> &[String] {
        match self {
            Self::Delimited(rows) => rows.columns(),
            Self::Json(rows) => rows.columns(),
        }
    }
}

/// A text file whose columns are known.
pub struct TextInput {
    path: PathBuf,
    format: InputFormat,
    columns: Vec<(String, Kind)>,
    rows: u64,
}

impl TextInput {
    /// Reads the whole file once to learn its columns.
    ///
    /// # Errors
    ///
    /// When the file cannot be read, or a line is malformed.
    pub fn infer(path: &Path, format: InputFormat) -> Outcome<Self> {
        let mut rows = Rows::open(path, format, &[])?;
        let mut kinds: Vec<Kind> = Vec::new();
        let mut record = Record::default();
        let mut count = 0;
        while rows.next(&mut record).input(at(path, rows.line()))? {
            count += 1;
            kinds.resize(rows.columns().len(), Kind::Unknown);
            for (column, kind) in kinds.iter_mut().enumerate() {
                if *kind != Kind::Utf8 {
                    let (text, quoting) = record.cell(column);
                    *kind = kind.join(Kind::of(text, quoting));
                }
            }
        }
        kinds.resize(rows.columns().len(), Kind::Unknown);
        let columns = rows.columns().iter().cloned().zip(kinds).collect();
        Ok(Self {
            path: path.to_owned(),
            format,
            columns,
            rows: count,
        })
    }

    /// Widens the types of both so that they agree; `false` when their columns differ.
    pub fn unify(&mut self, other: &mut Self) -> bool {
        let agree = self.columns.len() == other.columns.len()
            && self
                .columns
                .iter()
                .zip(&other.columns)
                .all(|(a, b)| a.0 == b.0);
        if agree {
            for (a, b) in self.columns.iter_mut().zip(&mut other.columns) {
                a.1 = a.1.join(b.1);
                b.1 = a.1;
            }
        }
        agree
    }

    /// Its columns in Arrow's terms.
    pub fn schema(&self) -> SchemaRef {
        let fields: Vec<_> = self
            .columns
            .iter()
            .map(|(name, kind)| Field::new(name, kind.arrow(), true))
            .collect();
        Arc::new(Schema::new(fields))
    }

    /// How many rows it has.
    pub fn rows(&self) -> u64 {
        self.rows
    }

    /// Reads it again, as batches.
    ///
    /// # Errors
    ///
    /// When the file cannot be opened again.
    pub fn batches(&self) -> Outcome<impl Iterator<Item = Outcome<RecordBatch>> + use<>> {
        let names: Vec<_> = self.columns.iter().map(|(name, _)| name.clone()).collect();
        Ok(Batches {
            rows: Rows::open(&self.path, self.format, &names)?,
            path: self.path.clone(),
            kinds: self.columns.iter().map(|(_, kind)| *kind).collect(),
            schema: self.schema(),
            record: Record::default(),
            done: false,
        })
    }
}

fn at(path: &Path, line: u64) -> String {
    format!("{}: line {line}", path.display())
}

struct Batches {
    rows: Rows,
    path: PathBuf,
    kinds: Vec<Kind>,
    schema: SchemaRef,
    record: Record,
    done: bool,
}

impl Batches {
    fn read(&mut self) -> Outcome<Option<RecordBatch>> {
        let mut builders: Vec<_> = self.kinds.iter().map(|kind| Builder::new(*kind)).collect();
        let mut rows = 0;
        let mut bytes = 0;
        while rows < BATCH_ROWS && bytes < BATCH_BYTES {
            if !self
                .rows
                .next(&mut self.record)
                .input(at(&self.path, self.rows.line()))?
            {
                break;
            }
            if self.rows.columns().len() != builders.len() {
                return Err(changed(&self.path, self.rows.line()));
            }
            for (column, builder) in builders.iter_mut().enumerate() {
                let (text, quoting) = self.record.cell(column);
                if !builder.append(text, quoting) {
                    return Err(changed(&self.path, self.rows.line()));
                }
            }
            rows += 1;
            bytes += self.record.text.len();
        }
        if rows == 0 {
            return Ok(None);
        }
        let arrays = builders.into_iter().map(Builder::finish).collect();
        let options = arrow_array::RecordBatchOptions::new().with_row_count(Some(rows));
        RecordBatch::try_new_with_options(SchemaRef::clone(&self.schema), arrays, &options)
            .input(self.path.display())
            .map(Some)
    }
}

fn changed(path: &Path, line: u64) -> Failure {
    Failure::input(format!(
        "{}: the file changed while it was read",
        at(path, line)
    ))
}

impl Iterator for Batches {
    type Item = Outcome<RecordBatch>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.done {
            return None;
        }
        let item = self.read().transpose();
        self.done = !matches!(item, Some(Ok(_)));
        item
    }
}

#[cfg(test)]
mod tests {
    use arrow_schema::{DataType, TimeUnit};

    use super::*;

    fn read(name: &str, text: &str) -> Outcome<RecordBatch> {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join(name);
        std::fs::write(&path, text).unwrap();
        let input = TextInput::infer(&path, InputFormat::detect(&path)?)?;
        let batches = input.batches()?.collect::<Outcome<Vec<_>>>()?;
        assert_eq!(batches.len(), 1);
        Ok(batches.into_iter().next().unwrap())
    }

    fn types(batch: &RecordBatch) -> Vec<DataType> {
        batch
            .schema()
            .fields()
            .iter()
            .map(|f| f.data_type().clone())
            .collect()
    }

    #[test]
    fn csv_types_are_inferred_and_null_is_not_empty() {
        let batch = read(
            "x.csv",
            "time,i,f,b,s,t,z\r\n1,-5,1.5,true,\"\",1970-01-01T00:00:00.001Z,007\r\n2,,2,false,,,8\r\n",
        )
        .unwrap();
        assert_eq!(
            types(&batch),
            [
                DataType::Int64,
                DataType::Int64,
                DataType::Float64,
                DataType::Boolean,
                DataType::Utf8,
                DataType::Timestamp(TimeUnit::Millisecond, Some("UTC".into())),
                DataType::Utf8,
            ]
        );
        assert_eq!(batch.column(1).null_count(), 1);
        assert_eq!(batch.column(4).null_count(), 1);
    }

    #[test]
    fn ndjson_strings_stay_strings_and_words_are_floats() {
        let batch = read(
            "x.ndjson",
            "{\"time\":1,\"f\":\"NaN\",\"s\":\"5\"}\n{\"time\":2,\"f\":1.5,\"new\":true}\n",
        )
        .unwrap();
        assert_eq!(
            types(&batch),
            [
                DataType::Int64,
                DataType::Float64,
                DataType::Utf8,
                DataType::Boolean
            ]
        );
        assert_eq!(batch.column(3).null_count(), 1);
    }

    #[test]
    fn broken_lines_are_named() {
        for (name, text, line) in [
            ("x.csv", "a,b\n1,2\n3\n", "line 3"),
            ("x.csv", "a\n\"open\n", "line 3"),
            ("x.ndjson", "{\"a\":1}\n{\"a\":[1]}\n", "line 2"),
            ("x.ndjson", "{\"a\":1}\nnope\n", "line 2"),
        ] {
            let failure = read(name, text).unwrap_err();
            assert!(failure.to_string().contains(line), "{failure}");
        }
    }
}
