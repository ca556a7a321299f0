//! CSV, TSV and NDJSON input. A file is read twice: once to infer the types of its columns, once to build batches.

pub mod args;
mod columns;
mod delimited;
pub mod instants;
mod json;
mod kinds;
mod options;
pub mod rejects;
mod replay;
mod values;

use std::io::{self, BufReader};
use std::ops::Range;
use std::rc::Rc;
use std::sync::Arc;

use arrow_array::{BooleanArray, RecordBatch, RecordBatchOptions};
use arrow_schema::{Schema, SchemaRef};
use arrow_select::filter::filter_record_batch;

use crate::convert::format::InputFormat;
use crate::convert::origin::{Origin, Reader};
use crate::convert::steps::shortened;
use crate::exit::{Blame as _, Failure, Outcome};

use columns::{Column, SAMPLE_ROWS};
use delimited::Delimited;
use json::Json;
pub use options::TextOptions;
use rejects::Reject;
use values::{Builder, Reading};

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
    /// A string of JSON, or an empty one of CSV.
    Quoted,
}

/// Why there is no next record.
#[derive(Debug)]
enum Trouble {
    /// The system says so.
    Read(io::Error),
    /// A line is not what it should be; the one behind it may be.
    Line {
        column: Option<String>,
        reason: String,
    },
}

impl Trouble {
    fn line(reason: impl Into<String>) -> Self {
        Self::Line {
            column: None,
            reason: reason.into(),
        }
    }
}

impl From<io::Error> for Trouble {
    fn from(error: io::Error) -> Self {
        Self::Read(error)
    }
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

    /// The cells, which [`Rows::next`] found to be UTF-8.
    fn str_cells(&self, columns: usize) -> impl Iterator<Item = (&str, Quoting)> {
        let text = std::str::from_utf8(&self.text).unwrap_or_default();
        (0..columns).map(move |column| {
            self.cells
                .get(column)
                .and_then(|(range, quoting)| Some((text.get(range.clone())?, *quoting)))
                .unwrap_or(("", Quoting::Null))
        })
    }

    /// The first cell that is no UTF-8.
    fn not_utf8(&self) -> Option<usize> {
        if std::str::from_utf8(&self.text).is_ok() {
            return None;
        }
        (0..self.cells.len()).find(|&column| std::str::from_utf8(self.cell(column).0).is_err())
    }

    fn make_null(&mut self, nulls: &[String]) {
        if nulls.is_empty() {
            return;
        }
        for (range, quoting) in &mut self.cells {
            let text = self.text.get(range.clone()).unwrap_or_default();
            if nulls.iter().any(|null| null.as_bytes() == text) {
                *quoting = Quoting::Null;
            }
        }
    }
}

enum Records {
    Delimited(Delimited<BufReader<Reader>>),
    Json(Json<BufReader<Reader>>),
}

/// The records of one file, from its start.
struct Rows {
    records: Records,
    name: String,
    options: Rc<TextOptions>,
}

impl Rows {
    fn open(origin: &Origin, columns: &[Column], options: &Rc<TextOptions>) -> Outcome<Self> {
        let name = origin.name().to_owned();
        let reader = BufReader::with_capacity(BUFFER_BYTES, origin.reader()?);
        let delimited = |reader, delimiter| {
            Delimited::new(reader, delimiter, options.skip).or_else(|trouble| match trouble {
                Trouble::Read(e) => Err(e).input(&name),
                Trouble::Line { reason, .. } => Err(Failure::input(format!("{name}: {reason}"))),
            })
        };
        let records = match origin.format() {
            InputFormat::Ndjson => {
                let names: Vec<_> = columns.iter().map(|c| c.name.clone()).collect();
                Records::Json(Json::new(reader, &names))
            }
            InputFormat::Tsv => Records::Delimited(delimited(reader, b'\t')?),
            _ => Records::Delimited(delimited(reader, b',')?),
        };
        Ok(Self {
            records,
            name,
            options: Rc::clone(options),
        })
    }

    fn next(&mut self, record: &mut Record) -> Result<bool, Trouble> {
        record.clear();
        let more = match &mut self.records {
            Records::Delimited(rows) => rows.next(record),
            Records::Json(rows) => rows.next(record),
        }?;
        if let Some(column) = record.not_utf8() {
            return Err(Trouble::Line {
                column: self.columns().get(column).cloned(),
                reason: format!(
                    "{} is not UTF-8",
                    values::shown(&String::from_utf8_lossy(record.cell(column).0))
                ),
            });
        }
        record.make_null(&self.options.nulls);
        Ok(more)
    }

    fn line(&self) -> u64 {
        match &self.records {
            Records::Delimited(rows) => rows.line(),
            Records::Json(rows) => rows.line(),
        }
    }

    fn columns(&self) -> &[String] {
        match &self.records {
            Records::Delimited(rows) => rows.columns(),
            Records::Json(rows) => rows.columns(),
        }
    }

    /// The error about the last record.
    fn failure(&self, column: Option<&str>, reason: &str, untyped: bool) -> Failure {
        let place = format!("{}: line {}", self.name, self.line());
        self.options.failure(&place, column, reason, untyped)
    }

    /// Passes over the last record.
    fn reject(&self, column: Option<&str>, reason: &str) -> Outcome {
        let text = match &self.records {
            Records::Delimited(rows) => rows.raw(),
            Records::Json(rows) => rows.raw(),
        };
        self.options.reject(&Reject {
            file: &self.name,
            line: self.line(),
            column,
            reason,
            text,
        })
    }
}

/// A text file whose columns are known.
pub struct TextInput {
    origin: Rc<Origin>,
    options: Rc<TextOptions>,
    columns: Vec<Column>,
    rows: u64,
}

impl TextInput {
    /// Reads the whole file once to learn its columns.
    ///
    /// # Errors
    ///
    /// When the file cannot be read, or a line is malformed and not to be skipped.
    pub fn infer(origin: Rc<Origin>, options: &Rc<TextOptions>) -> Outcome<Self> {
        let mut rows = Rows::open(&origin, &[], options)?;
        if options.exact {
            exact_header(&rows.name, rows.columns(), options)?;
        }
        let mut columns: Vec<Column> = Vec::new();
        let mut record = Record::default();
        let mut count = 0;
        loop {
            let more = match rows.next(&mut record) {
                Ok(more) => more,
                Err(Trouble::Read(e)) => return Err(e).input(&rows.name),
                // The second time it is counted.
                Err(Trouble::Line { .. }) if options.skip => continue,
                Err(Trouble::Line { column, reason }) => {
                    return Err(rows.failure(column.as_deref(), &reason, false));
                }
            };
            for name in rows.columns().iter().skip(columns.len()) {
                columns.push(Column::new(name, options));
            }
            if !more {
                break;
            }
            count += 1;
            let line = rows.line();
            let cells = record.str_cells(columns.len());
            for (column, (text, quoting)) in columns.iter_mut().zip(cells) {
                let fits = column.see(text, quoting, line, options.zone);
                if let Err(reason) = fits.or_else(|e| if options.skip { Ok(()) } else { Err(e) }) {
                    let untyped = column.is_inferred();
                    return Err(rows.failure(Some(&column.name), &reason, untyped));
                }
            }
            if count == SAMPLE_ROWS {
                columns.iter_mut().for_each(Column::settle);
            }
        }
        if let Some(missing) = options
            .typed()
            .find(|name| !columns.iter().any(|c| c.name == *name))
        {
            let known: Vec<_> = columns.iter().map(|c| c.name.as_str()).collect();
            return Err(Failure::usage(format!(
                "{}: no column is called {missing}; there are {}",
                rows.name,
                shortened(&known)
            )));
        }
        columns::hint(&rows.name, &columns);
        Ok(Self {
            origin,
            options: Rc::clone(options),
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
                .all(|(a, b)| a.name == b.name);
        if agree {
            for (a, b) in self.columns.iter_mut().zip(&mut other.columns) {
                a.unify(b);
            }
        }
        agree
    }

    /// Its columns in Arrow's terms.
    pub fn schema(&self) -> SchemaRef {
        let fields: Vec<_> = self.columns.iter().map(Column::field).collect();
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
    pub fn batches(self) -> Outcome<impl Iterator<Item = Outcome<RecordBatch>> + use<>> {
        let zone = self.options.zone;
        Ok(Batches {
            rows: Rows::open(&self.origin, &self.columns, &self.options)?,
            readings: self.columns.iter().map(|c| c.reading(zone)).collect(),
            schema: self.schema(),
            columns: self.columns,
            skip: self.options.skip,
            record: Record::default(),
            done: false,
        })
    }
}

/// Whether a header names each column that was declared, once, and no other.
fn exact_header(file: &str, header: &[String], options: &TextOptions) -> Outcome {
    let bad = |column: &str, reason: &str| {
        let declared: Vec<_> = options.typed().collect();
        Err(Failure::input(format!(
            "{file}: line 1, column {column}: {reason}; expected {}, found {}",
            declared.join(", "),
            header.join(", ")
        )))
    };
    for (i, name) in header.iter().enumerate() {
        if header.iter().take(i).any(|other| other == name) {
            return bad(name, "it is there twice");
        }
        if !options.typed().any(|declared| declared == name) {
            return bad(name, "it was not declared");
        }
    }
    match options
        .typed()
        .find(|declared| !header.iter().any(|name| name == declared))
    {
        Some(missing) => bad(missing, "it is missing"),
        None => Ok(()),
    }
}

struct Batches {
    rows: Rows,
    columns: Vec<Column>,
    readings: Vec<Reading>,
    schema: SchemaRef,
    skip: bool,
    record: Record,
    done: bool,
}

impl Batches {
    /// The next batch that has rows.
    fn read(&mut self) -> Outcome<Option<RecordBatch>> {
        loop {
            let mut builders: Vec<_> = self.readings.iter().copied().map(Builder::new).collect();
            let mut kept = Vec::new();
            let mut bytes = 0;
            while kept.len() < BATCH_ROWS && bytes < BATCH_BYTES {
                match self.rows.next(&mut self.record) {
                    Ok(true) => kept.push(self.append(&mut builders)?),
                    Ok(false) => {
                        self.done = true;
                        break;
                    }
                    Err(Trouble::Read(e)) => return Err(e).input(&self.rows.name),
                    Err(Trouble::Line { column, reason }) => {
                        self.bad(column.as_deref(), &reason, false)?;
                    }
                }
                bytes += self.record.text.len();
            }
            if kept.contains(&true) {
                return self.batch(builders, kept).input(&self.rows.name).map(Some);
            }
            if self.done {
                return Ok(None);
            }
        }
    }

    /// Adds the record to the columns; `false` when it does not fit and is to be dropped from them.
    fn append(&self, builders: &mut [Builder]) -> Outcome<bool> {
        if self.rows.columns().len() != builders.len() {
            return Err(Failure::input(format!(
                "{}: line {}: the file changed while it was read",
                self.rows.name,
                self.rows.line()
            )));
        }
        let mut bad = None;
        for (column, (text, quoting)) in self.record.str_cells(builders.len()).enumerate() {
            let Some(builder) = builders.get_mut(column) else {
                continue;
            };
            if bad.is_some() {
                builder.append_null();
            } else if !builder.append(text, quoting) {
                builder.append_null();
                bad = Some((column, text));
            }
        }
        let Some((column, text)) = bad else {
            return Ok(true);
        };
        if let (Some(reading), Some(column)) = (self.readings.get(column), self.columns.get(column))
        {
            let reason = reading.misfit(text);
            self.bad(Some(&column.name), &reason, column.is_inferred())?;
        }
        Ok(false)
    }

    /// The last record is bad.
    fn bad(&self, column: Option<&str>, reason: &str, untyped: bool) -> Outcome {
        if self.skip {
            return self.rows.reject(column, reason);
        }
        Err(self.rows.failure(column, reason, untyped))
    }

    fn batch(
        &self,
        builders: Vec<Builder>,
        kept: Vec<bool>,
    ) -> Result<RecordBatch, arrow_schema::ArrowError> {
        let arrays = builders.into_iter().map(Builder::finish).collect();
        let options = RecordBatchOptions::new().with_row_count(Some(kept.len()));
        let batch =
            RecordBatch::try_new_with_options(SchemaRef::clone(&self.schema), arrays, &options)?;
        if kept.contains(&false) {
            return filter_record_batch(&batch, &BooleanArray::from(kept));
        }
        Ok(batch)
    }
}

impl Iterator for Batches {
    type Item = Outcome<RecordBatch>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.done {
            return None;
        }
        let item = self.read().transpose();
        if !matches!(item, Some(Ok(_))) {
            self.done = true;
        }
        item
    }
}

#[cfg(test)]
mod tests {
    use arrow_schema::{DataType, TimeUnit};
    use clap::Parser as _;

    use super::*;

    #[derive(Debug, clap::Parser)]
    struct Command {
        #[command(flatten)]
        args: crate::cmd::convert::Args,
    }

    fn read(name: &str, text: &str) -> Outcome<RecordBatch> {
        read_with(&[], name, text)
    }

    fn read_with(flags: &[&str], name: &str, text: &str) -> Outcome<RecordBatch> {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join(name);
        std::fs::write(&path, text).unwrap();
        let progress = crate::progress::Progress::start(None);
        let origin = Rc::new(Origin::open(&path, None, &progress)?);
        let args = Command::try_parse_from([&["x", "-", "-o", "x.csv"], flags].concat()).unwrap();
        let rejects = Rc::new(std::cell::RefCell::new(rejects::Rejects::default()));
        let options = Rc::new(TextOptions::new(&args.args, origin.format(), &rejects));
        let input = TextInput::infer(origin, &options)?;
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
            ("x.csv", "a\n\"open\n", "line 2"),
            ("x.ndjson", "{\"a\":1}\n{\"a\":[1]}\n", "line 2"),
            ("x.ndjson", "{\"a\":1}\nnope\n", "line 2"),
        ] {
            let failure = read(name, text).unwrap_err();
            assert!(failure.to_string().contains(line), "{failure}");
        }
    }
}
