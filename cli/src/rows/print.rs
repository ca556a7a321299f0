//! Batches to stdout: a table, CSV or NDJSON, piece by piece.

use std::io::{self, BufWriter, StdoutLock, Write as _};

use arrow_array::RecordBatch;
use arrow_schema::ArrowError;

use crate::exit::{Blame as _, Failure, Outcome};
use crate::lines::Lines;
use crate::output::{Format, FormatArgs};
use crate::table::{Kind, Table};
use crate::values::{Column, Style};

const STDOUT: &str = "stdout";
/// A table is written in pieces of about this size; lines come in pieces of their own.
const BUFFER_BYTES: usize = 64 << 10;

/// Prints rows of the same columns, of one file after the other.
pub struct Print {
    out: BufWriter<StdoutLock<'static>>,
    how: How,
    begun: bool,
    file: Option<String>,
}

enum How {
    Lines(Lines),
    Table(Table),
}

impl Print {
    /// For columns with these names; nothing is printed before there is a row, so that a failure leaves stdout empty.
    pub fn new(output: &FormatArgs, names: &[&str]) -> Self {
        let lines = |style| How::Lines(Lines::new(names.iter().copied(), style));
        Self {
            out: BufWriter::with_capacity(BUFFER_BYTES, io::stdout().lock()),
            how: match output.format {
                Format::Table => How::Table(Table::new(names, output.look())),
                Format::Csv => lines(Style::CONTRACT_CSV),
                Format::Ndjson => lines(Style::CONTRACT_JSON),
            },
            begun: false,
            file: None,
        }
    }

    /// The rows that come next are of this file: the first column says so.
    pub fn set_file(&mut self, file: &str) {
        match &mut self.how {
            How::Lines(lines) => lines.set_first(file),
            How::Table(_) => self.file = Some(file.to_owned()),
        }
    }

    /// Prints the rows of a batch; `places` are its columns in the order in which they are shown, without those that its file lacks.
    ///
    /// # Errors
    /// Output, when stdout refuses them.
    pub fn batch(&mut self, batch: &RecordBatch, places: &[Option<usize>]) -> Outcome {
        let columns = places
            .iter()
            .map(|place| match place {
                Some(i) => Column::of(batch.column(*i).as_ref()),
                None => Ok(Column::Null),
            })
            .collect::<Result<Vec<_>, _>>()
            .output(STDOUT)?;
        self.begin()?;
        let out = &mut self.out;
        match &mut self.how {
            How::Lines(lines) => lines.write(
                &columns,
                batch.num_rows(),
                |piece| out.write_all(piece).output(STDOUT),
                |e: ArrowError| Failure::output(format_args!("{STDOUT}: {e}")),
            ),
            How::Table(table) => {
                for row in 0..batch.num_rows() {
                    if let Some(file) = &self.file {
                        table.cell(Kind::Text, |o| o.extend_from_slice(file.as_bytes()));
                    }
                    for column in &columns {
                        let mut failed = None;
                        table.cell(column.kind(row), |o| {
                            failed = column.write(o, row, Style::CONTRACT_PLAIN).err();
                        });
                        failed.map_or(Ok(()), Err).output(STDOUT)?;
                    }
                    table.end_row(out).output(STDOUT)?;
                }
                Ok(())
            }
        }
    }

    /// Prints what is left.
    ///
    /// # Errors
    /// Output, when stdout refuses it.
    pub fn finish(mut self) -> Outcome {
        self.begin()?;
        if let How::Table(table) = &mut self.how {
            table.print(&mut self.out).output(STDOUT)?;
        }
        self.out.flush().output(STDOUT)
    }

    fn begin(&mut self) -> Outcome {
        if !std::mem::replace(&mut self.begun, true) {
            if let How::Lines(lines) = &self.how {
                self.out.write_all(lines.header()).output(STDOUT)?;
            }
        }
        Ok(())
    }
}
