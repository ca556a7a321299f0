//! Records of NDJSON: one flat object per line. Columns are the names in the order in which they first appear; a
//! missing name is null.

use std::collections::HashMap;
use std::io::BufRead;

use anyhow::{Context as _, Result, bail};
use serde_json::{Map, Value};

use super::{Quoting, Record};

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

    pub(super) fn next(&mut self, record: &mut Record) -> Result<bool> {
        loop {
            self.buffer.clear();
            if self.reader.read_until(b'\n', &mut self.buffer)? == 0 {
                return Ok(false);
            }
            self.line += 1;
            if !self.buffer.trim_ascii().is_empty() {
                break;
            }
        }
        let object: Map<String, Value> =
            serde_json::from_slice(&self.buffer).context("expected one JSON object")?;
        record
            .cells
            .resize(self.columns.len(), (0..0, Quoting::Null));
        for (name, value) in object {
            let start = record.text.len();
            let quoting = match value {
                Value::Null => Quoting::Null,
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
                Value::Array(_) | Value::Object(_) => {
                    bail!("{name} is nested; expected null, a number, a string or a truth value")
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
}
