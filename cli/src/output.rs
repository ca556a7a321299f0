//! Printing of the compatible commands: `table`, `ndjson` or `csv`, never chosen by where the output goes.
//!
//! | value | table | NDJSON | CSV |
//! |---|---|---|---|
//! | null | nothing | `null` | `\N` |
//! | empty string | nothing | `""` | `""` |
//! | INT64, TIMESTAMP | digits | decimal string | digits |
//! | BLOB | `0x` hex | string | `0x` hex |
//! | NaN, infinities | `nan` `inf` `-inf` | `null` | `nan` `inf` `-inf` |

use std::borrow::Cow;
use std::io::{self, BufWriter, Write};

use clap::ValueEnum;
use unicode_width::UnicodeWidthStr as _;

use crate::render::{self, NonFinite};

/// Spaces between the columns of a table.
const TABLE_GAP: usize = 2;
/// A table is laid out by its first rows; those after them stream, and only widen the columns.
const TABLE_LAYOUT_ROWS: usize = 4096;
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

/// One value of a row.
#[cfg_attr(
    not(test),
    expect(
        dead_code,
        reason = "values come with head and cat; metadata need text and integers only"
    )
)]
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
            Self::Count(v) => render::int(out, *v),
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
            Self::Int64(_) | Self::Blob(_) => {
                out.push(b'"');
                self.plain(out);
                out.push(b'"');
            }
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
///
/// A table needs widths first: it keeps the cells of its first rows as one string of text, nothing per cell but the
/// position of its end. Rows beyond [`TABLE_LAYOUT_ROWS`] are printed in pieces, so that no table is held as a whole.
pub struct Printer<W: Write> {
    out: BufWriter<W>,
    format: Format,
    columns: Vec<String>,
    line: Vec<u8>,
    cells: Vec<u8>,
    ends: Vec<usize>,
    /// Of the columns of a table; empty until its header is printed.
    widths: Vec<usize>,
}

impl<W: Write> Printer<W> {
    /// Starts printing rows of `columns` to `out`.
    ///
    /// # Errors
    ///
    /// When `out` refuses the header.
    pub fn start<S: Into<String>>(
        out: W,
        format: Format,
        columns: impl IntoIterator<Item = S>,
    ) -> io::Result<Self> {
        let mut printer = Self {
            out: BufWriter::with_capacity(BUFFER_BYTES, out),
            format,
            columns: columns.into_iter().map(Into::into).collect(),
            line: Vec::new(),
            cells: Vec::new(),
            ends: Vec::new(),
            widths: Vec::new(),
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
                    cell.plain(&mut self.cells);
                    self.ends.push(self.cells.len());
                }
                if self.ends.len() >= TABLE_LAYOUT_ROWS * self.columns.len() {
                    self.print_table()?;
                }
                Ok(())
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
            self.print_table()?;
        }
        self.out.flush()
    }

    fn end_line(&mut self) -> io::Result<()> {
        self.line.push(b'\n');
        self.out.write_all(&self.line)?;
        self.line.clear();
        Ok(())
    }

    fn print_table(&mut self) -> io::Result<()> {
        let columns = self.columns.len();
        let with_header = self.widths.is_empty();
        if with_header {
            self.widths = self.columns.iter().map(|c| one_line(c).width()).collect();
        }
        let mut start = 0;
        for (i, &end) in self.ends.iter().enumerate() {
            let width = one_line(&String::from_utf8_lossy(&self.cells[start..end])).width();
            let column = &mut self.widths[i % columns];
            *column = width.max(*column);
            start = end;
        }
        if with_header {
            for (i, name) in self.columns.iter().enumerate() {
                put(
                    &mut self.out,
                    &one_line(name),
                    self.widths[i],
                    i + 1 == columns,
                )?;
            }
        }
        let mut start = 0;
        for (i, &end) in self.ends.iter().enumerate() {
            let column = i % columns;
            let text = String::from_utf8_lossy(&self.cells[start..end]);
            put(
                &mut self.out,
                &one_line(&text),
                self.widths[column],
                column + 1 == columns,
            )?;
            start = end;
        }
        self.cells.clear();
        self.ends.clear();
        Ok(())
    }
}

fn put(out: &mut impl Write, text: &str, width: usize, last: bool) -> io::Result<()> {
    out.write_all(text.as_bytes())?;
    if last {
        return out.write_all(b"\n");
    }
    let spaces = width.saturating_sub(text.width()) + TABLE_GAP;
    write!(out, "{:spaces$}", "")
}

/// Control characters of a name must neither break the table nor reach the terminal.
pub fn one_line(text: &str) -> Cow<'_, str> {
    if text.chars().any(char::is_control) {
        Cow::Owned(
            text.chars()
                .flat_map(|c| {
                    let escape = c.is_control();
                    escape
                        .then(|| c.escape_default())
                        .into_iter()
                        .flatten()
                        .chain((!escape).then_some(c))
                })
                .collect(),
        )
    } else {
        Cow::Borrowed(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn print(format: Format) -> String {
        let mut out = Vec::new();
        let mut printer = Printer::start(&mut out, format, ["object", "value", "x"]).unwrap();
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
        let mut printer = Printer::start(&mut out, Format::Ndjson, ["a", "b", "c"]).unwrap();
        printer
            .row(&[Cell::Bool(true), Cell::Int32(-1), Cell::Float(2.5)])
            .unwrap();
        printer.finish().unwrap();
        assert_eq!(out, b"{\"a\":true,\"b\":-1,\"c\":2.5}\n");
    }

    #[test]
    fn table_aligns_and_stays_on_one_line_per_row() {
        assert_eq!(
            print(Format::Table),
            "object   value                x\n\
             root.d1  9223372036854775807  nan\n\
             \x20                             0x01ff\n\
             \\N       a,b\\nc               2.0\n"
        );
    }
}
