//! Printing of the compatible commands: `table`, `ndjson` or `csv`, never chosen by where the output goes.
//!
//! | value | table | NDJSON | CSV |
//! |---|---|---|---|
//! | null | `null` | `null` | `\N` |
//! | empty string | `""` | `""` | `""` |
//! | INT64, TIMESTAMP | digits | decimal string | digits |
//! | BLOB | `0x` hex | string | `0x` hex |
//! | NaN, infinities | `nan` `inf` `-inf` | `null` | `nan` `inf` `-inf` |

use std::borrow::Cow;
use std::io::{self, BufWriter, Write};

use clap::{Args, ValueEnum};

use crate::render::{self, NonFinite};
use crate::table::{Color, Kind, Look, Table};

/// Rows are handed to the stream in pieces of about this size.
const BUFFER_BYTES: usize = 64 << 10;

/// How rows are printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub enum Format {
    /// Columns aligned with spaces
    #[default]
    Table,
    /// One JSON object per line
    Ndjson,
    /// Comma-separated with a header
    Csv,
}

/// How rows are printed, and whether in colour.
#[derive(Debug, Clone, Copy, Default, Args)]
#[command(next_help_heading = "Output")]
pub struct FormatArgs {
    /// How rows are printed
    #[arg(short, long, value_name = "FORMAT", default_value = "table")]
    pub format: Format,
    /// When tables are coloured; NO_COLOR is honoured
    #[arg(long, value_name = "WHEN", default_value = "auto")]
    pub color: Color,
}

impl FormatArgs {
    /// How a table looks on stdout.
    pub fn look(self) -> Look {
        Look::of_stdout(self.color)
    }
}

/// One value of a row.
#[derive(Debug, Clone, PartialEq)]
pub enum Cell<'a> {
    /// No value.
    Null,
    /// A truth value; bare in NDJSON.
    Bool(bool),
    /// A small integer; bare in NDJSON.
    Int32(i32),
    /// INT64 or TIMESTAMP; a decimal string in NDJSON.
    Int64(i64),
    /// A number of things or bytes; bare in NDJSON.
    Count(u64),
    /// A number of things or bytes in the compatible commands: a decimal string in NDJSON.
    Tally(u64),
    /// A FLOAT.
    Float(f32),
    /// A DOUBLE.
    Double(f64),
    /// Text.
    Text(Cow<'a, str>),
    /// Bytes.
    Blob(&'a [u8]),
}

impl<'a> From<&'a str> for Cell<'a> {
    fn from(text: &'a str) -> Self {
        Self::Text(Cow::Borrowed(text))
    }
}

impl From<String> for Cell<'_> {
    fn from(text: String) -> Self {
        Self::Text(Cow::Owned(text))
    }
}

impl<'a, T: Into<Cell<'a>>> From<Option<T>> for Cell<'a> {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Into::into)
    }
}

impl Cell<'_> {
    /// The value as it looks in a table or, before quoting, in CSV.
    fn plain(&self, out: &mut Vec<u8>) {
        match self {
            Self::Null => {}
            Self::Bool(v) => out.extend_from_slice(if *v { b"true" } else { b"false" }),
            Self::Int32(v) => render::int(out, *v),
            Self::Int64(v) => render::int(out, *v),
            Self::Count(v) | Self::Tally(v) => render::int(out, *v),
            Self::Float(v) => render::f32(out, *v, NonFinite::Bare),
            Self::Double(v) => render::f64(out, *v, NonFinite::Bare),
            Self::Text(v) => out.extend_from_slice(v.as_bytes()),
            Self::Blob(v) => render::hex(out, v),
        }
    }

    /// The value in NDJSON.
    pub fn json(&self, out: &mut Vec<u8>) {
        match self {
            Self::Null => out.extend_from_slice(b"null"),
            Self::Text(v) => render::json_string(out, v),
            Self::Float(v) => render::f32(out, *v, NonFinite::Null),
            Self::Double(v) => render::f64(out, *v, NonFinite::Null),
            Self::Bool(_) | Self::Int32(_) | Self::Count(_) => self.plain(out),
            Self::Int64(_) | Self::Tally(_) | Self::Blob(_) => {
                out.push(b'"');
                self.plain(out);
                out.push(b'"');
            }
        }
    }

    fn kind(&self) -> Kind {
        match self {
            Self::Null => Kind::Null,
            Self::Bool(_) | Self::Blob(_) => Kind::Word,
            Self::Text(_) => Kind::Text,
            Self::Int32(_)
            | Self::Int64(_)
            | Self::Count(_)
            | Self::Tally(_)
            | Self::Float(_)
            | Self::Double(_) => Kind::Number,
        }
    }

    fn csv(&self, out: &mut Vec<u8>) {
        match self {
            Self::Null => out.extend_from_slice(render::CSV_NULL.as_bytes()),
            Self::Text(v) => render::field(out, v, b',', render::CSV_NULL),
            _ => self.plain(out),
        }
    }
}

/// Prints rows of fixed columns.
pub struct Printer<W: Write> {
    out: BufWriter<W>,
    format: Format,
    columns: Vec<String>,
    line: Vec<u8>,
    table: Table,
}

impl<W: Write> Printer<W> {
    /// Starts printing rows of `columns` to `out`; `look` is for tables.
    ///
    /// # Errors
    ///
    /// When `out` refuses the header.
    pub fn start<S: Into<String>>(
        out: W,
        format: Format,
        look: Look,
        columns: impl IntoIterator<Item = S>,
    ) -> io::Result<Self> {
        let columns: Vec<String> = columns.into_iter().map(Into::into).collect();
        let mut printer = Self {
            out: BufWriter::with_capacity(BUFFER_BYTES, out),
            format,
            table: Table::new(&columns, look),
            columns,
            line: Vec::new(),
        };
        if format == Format::Csv {
            for (i, name) in printer.columns.iter().enumerate() {
                if i > 0 {
                    printer.line.push(b',');
                }
                render::field(&mut printer.line, name, b',', render::CSV_NULL);
            }
            printer.end_line()?;
        }
        Ok(printer)
    }

    /// Prints one row; missing cells are null, surplus ones ignored.
    ///
    /// # Errors
    ///
    /// When the stream refuses it.
    pub fn row(&mut self, row: &[Cell<'_>]) -> io::Result<()> {
        let cells = (0..self.columns.len()).map(|i| row.get(i).unwrap_or(&Cell::Null));
        match self.format {
            Format::Table => {
                for cell in cells {
                    self.table.cell(cell.kind(), |out| cell.plain(out));
                }
                self.table.end_row(&mut self.out)
            }
            Format::Csv => {
                for (i, cell) in cells.enumerate() {
                    if i > 0 {
                        self.line.push(b',');
                    }
                    cell.csv(&mut self.line);
                }
                self.end_line()
            }
            Format::Ndjson => {
                for (i, (cell, name)) in cells.zip(&self.columns).enumerate() {
                    self.line.push(if i == 0 { b'{' } else { b',' });
                    render::json_string(&mut self.line, name);
                    self.line.push(b':');
                    cell.json(&mut self.line);
                }
                self.line.push(b'}');
                self.end_line()
            }
        }
    }

    /// Prints what was held back and flushes.
    ///
    /// # Errors
    ///
    /// When the stream refuses it.
    pub fn finish(mut self) -> io::Result<()> {
        if self.format == Format::Table {
            self.table.print(&mut self.out)?;
        }
        self.out.flush()
    }

    fn end_line(&mut self) -> io::Result<()> {
        self.line.push(b'\n');
        self.out.write_all(&self.line)?;
        self.line.clear();
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn start(
        out: &mut Vec<u8>,
        format: Format,
        columns: impl IntoIterator<Item = &'static str>,
    ) -> Printer<&mut Vec<u8>> {
        Printer::start(out, format, Look::default(), columns).unwrap()
    }

    fn print(format: Format) -> String {
        let mut out = Vec::new();
        let mut printer = start(&mut out, format, ["object", "value", "x"]);
        printer
            .row(&[
                "root.d1".into(),
                Cell::Int64(i64::MAX),
                Cell::Double(f64::NAN),
            ])
            .unwrap();
        printer
            .row(&["".into(), Cell::Null, Cell::Blob(&[1, 0xff])])
            .unwrap();
        printer
            .row(&["\\N".into(), "a,b\nc".into(), Cell::Double(2.0)])
            .unwrap();
        printer.finish().unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn csv_tells_null_from_empty_and_from_its_own_marker() {
        assert_eq!(
            print(Format::Csv),
            "object,value,x\n\
             root.d1,9223372036854775807,nan\n\
             \"\",\\N,0x01ff\n\
             \"\\N\",\"a,b\nc\",2.0\n"
        );
    }

    #[test]
    fn ndjson_keeps_wide_integers_as_strings() {
        assert_eq!(
            print(Format::Ndjson),
            "{\"object\":\"root.d1\",\"value\":\"9223372036854775807\",\"x\":null}\n\
             {\"object\":\"\",\"value\":null,\"x\":\"0x01ff\"}\n\
             {\"object\":\"\\\\N\",\"value\":\"a,b\\nc\",\"x\":2.0}\n"
        );
    }

    #[test]
    fn small_values_are_bare_in_ndjson() {
        let mut out = Vec::new();
        let mut printer = start(&mut out, Format::Ndjson, ["a", "b", "c", "d"]);
        printer
            .row(&[
                Cell::Bool(true),
                Cell::Int32(-1),
                Cell::Float(2.5),
                Cell::Tally(3),
            ])
            .unwrap();
        printer.finish().unwrap();
        assert_eq!(out, b"{\"a\":true,\"b\":-1,\"c\":2.5,\"d\":\"3\"}\n");
    }

    #[test]
    fn table_aligns_and_stays_on_one_line_per_row() {
        assert_eq!(
            print(Format::Table),
            "object   value                x\n\
             root.d1  9223372036854775807  nan\n\
             \"\"       null                 0x01ff\n\
             \\N       a,b\\nc               2.0\n"
        );
    }
}
