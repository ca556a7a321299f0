//! Rows as lines of delimited text or NDJSON, in a buffer that is used again and again.

use arrow_schema::ArrowError;

use crate::render;
use crate::values::{Column, Style};

/// Lines are handed on in pieces of about this size.
const PIECE_BYTES: usize = 64 << 10;

/// Lines of some columns.
pub struct Lines {
    style: Style,
    /// What stands before each value: nothing or the delimiter, or `{"name":` and `,"name":`.
    prefixes: Vec<Vec<u8>>,
    header: Vec<u8>,
    /// The first column, when every row has the same value there.
    first: Option<Vec<u8>>,
    line: Vec<u8>,
}

impl Lines {
    /// Lines of columns with these names.
    pub fn new<'a>(names: impl IntoIterator<Item = &'a str>, style: Style) -> Self {
        let (mut prefixes, mut header) = (Vec::new(), Vec::new());
        for (i, name) in names.into_iter().enumerate() {
            prefixes.push(match style.delimiter() {
                Some(delimiter) => {
                    let prefix = if i == 0 { Vec::new() } else { vec![delimiter] };
                    header.extend_from_slice(&prefix);
                    style.string(&mut header, name);
                    prefix
                }
                None => {
                    let mut prefix = vec![if i == 0 { b'{' } else { b',' }];
                    render::json_string(&mut prefix, name);
                    prefix.push(b':');
                    prefix
                }
            });
        }
        if style.delimiter().is_some() {
            header.push(b'\n');
        }
        Self {
            style,
            prefixes,
            header,
            first: None,
            line: Vec::new(),
        }
    }

    /// The line with the names; empty in NDJSON.
    pub fn header(&self) -> &[u8] {
        &self.header
    }

    /// From here on the first column is `text` in every row.
    pub fn set_first(&mut self, text: &str) {
        let mut first = Vec::new();
        self.style.string(&mut first, text);
        self.first = Some(first);
    }

    /// Hands the rows of `columns` to `out`, in pieces of whole lines.
    ///
    /// # Errors
    ///
    /// Whatever `out` returns, or `failed` makes of a value that Arrow cannot print.
    pub fn write<E>(
        &mut self,
        columns: &[Column<'_>],
        rows: usize,
        mut out: impl FnMut(&[u8]) -> Result<(), E>,
        failed: impl Fn(ArrowError) -> E,
    ) -> Result<(), E> {
        let is_json = self.style.delimiter().is_none();
        let (ahead, prefixes) = match &self.first {
            Some(first) => match self.prefixes.split_first() {
                Some((prefix, rest)) => ([prefix.as_slice(), first].concat(), rest),
                None => (Vec::new(), self.prefixes.as_slice()),
            },
            None => (Vec::new(), self.prefixes.as_slice()),
        };
        for row in 0..rows {
            self.line.extend_from_slice(&ahead);
            for (column, prefix) in columns.iter().zip(prefixes) {
                self.line.extend_from_slice(prefix);
                column
                    .write(&mut self.line, row, self.style)
                    .map_err(&failed)?;
            }
            if is_json {
                let end: &[u8] = if self.prefixes.is_empty() {
                    b"{}"
                } else {
                    b"}"
                };
                self.line.extend_from_slice(end);
            }
            self.line.push(b'\n');
            if self.line.len() >= PIECE_BYTES {
                out(&self.line)?;
                self.line.clear();
            }
        }
        out(&self.line)?;
        self.line.clear();
        Ok(())
    }
}
