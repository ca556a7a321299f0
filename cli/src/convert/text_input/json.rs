//! Records of NDJSON: one flat object per line. Columns are the names in the order in which they first appear; a
//! missing name is null.

use std::collections::HashMap;
use std::io::{BufRead, Read as _};

use serde_json::{Map, Value};

use super::{Quoting, Record, Trouble};

/// A line is no longer than this.
const MAX_LINE_BYTES: u64 = 64 << 20;

pub(super) struct Json<R> {
    reader: R,
    columns: Vec<String>,
    positions: HashMap<String, usize>,
    buffer: Vec<u8>,
    line: u64,
}

impl<R: BufRead> Json<R> {
    /// Starts with the columns that are known already.
    pub(super) fn new(reader: R, columns: &[String]) -> Self {
        Self {
            reader,
            columns: columns.to_vec(),
            positions: columns
                .iter()
                .cloned()
                .enumerate()
                .map(|(i, c)| (c, i))
                .collect(),
            buffer: Vec::new(),
            line: 0,
        }
    }

    pub(super) fn columns(&self) -> &[String] {
        &self.columns
    }

    pub(super) fn line(&self) -> u64 {
        self.line
    }

    /// The last line.
    pub(super) fn raw(&self) -> &[u8] {
        &self.buffer
    }

    pub(super) fn next(&mut self, record: &mut Record) -> Result<bool, Trouble> {
        loop {
            self.buffer.clear();
            let mut start = self.reader.by_ref().take(MAX_LINE_BYTES);
            if start.read_until(b'\n', &mut self.buffer)? == 0 {
                return Ok(false);
            }
            self.line += 1;
            if start.limit() == 0 && !self.buffer.ends_with(b"\n") {
                self.skip_line()?;
                return Err(Trouble::line(format!(
                    "expected at most {MAX_LINE_BYTES} bytes in a line"
                )));
            }
            if !self.buffer.trim_ascii().is_empty() {
                break;
            }
        }
        let object: Map<String, Value> = serde_json::from_slice(self.buffer.trim_ascii_end())
            .map_err(|e| Trouble::line(format!("expected one JSON object: {}", plain(&e))))?;
        // Before any of its names becomes a column.
        if let Some((name, _)) = object.iter().find(|(_, v)| v.is_array() || v.is_object()) {
            return Err(Trouble::Line {
                column: Some(name.clone()),
                reason: "is nested; expected null, a number, a string or a truth value".into(),
            });
        }
        record
            .cells
            .resize(self.columns.len(), (0..0, Quoting::Null));
        for (name, value) in object {
            let start = record.text.len();
            let quoting = match value {
                Value::Null | Value::Array(_) | Value::Object(_) => Quoting::Null,
                Value::Bool(v) => {
                    record
                        .text
                        .extend_from_slice(if v { b"true" } else { b"false" });
                    Quoting::Bare
                }
                Value::Number(v) => {
                    record.text.extend_from_slice(v.to_string().as_bytes());
                    Quoting::Bare
                }
                Value::String(v) => {
                    record.text.extend_from_slice(v.as_bytes());
                    Quoting::Quoted
                }
            };
            let column = match self.positions.get(&name) {
                Some(&column) => column,
                None => {
                    self.positions.insert(name.clone(), self.columns.len());
                    self.columns.push(name);
                    record.cells.push((0..0, Quoting::Null));
                    self.columns.len() - 1
                }
            };
            if let Some(cell) = record.cells.get_mut(column) {
                *cell = (start..record.text.len(), quoting);
            }
        }
        Ok(true)
    }

    fn skip_line(&mut self) -> std::io::Result<()> {
        loop {
            let there = self.reader.fill_buf()?;
            let end = there.iter().position(|b| *b == b'\n');
            let bytes = end.map_or(there.len(), |end| end + 1);
            self.reader.consume(bytes);
            if end.is_some() || bytes == 0 {
                return Ok(());
            }
        }
    }
}

/// The reason without the line, which is always the first here.
fn plain(error: &serde_json::Error) -> String {
    let text = error.to_string();
    match text.split_once(" at line 1 column ") {
        Some((reason, byte)) => format!("{reason} at byte {byte}"),
        None => text,
    }
}
