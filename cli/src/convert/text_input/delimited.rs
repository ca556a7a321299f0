//! Records of CSV and TSV: fields in quotes may hold delimiters, line ends and doubled quotes. An empty field is
//! null, a field `""` is the empty string.

use std::io::BufRead;

use anyhow::{Result, anyhow, bail};

use super::{Quoting, Record};

const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

pub(super) struct Delimited<R> {
    reader: R,
    delimiter: u8,
    columns: Vec<String>,
    line: u64,
    next_line: u64,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    FieldStart,
    Bare,
    Quoted,
    QuoteInQuoted,
}

impl<R: BufRead> Delimited<R> {
    /// Reads the header.
    pub(super) fn new(mut reader: R, delimiter: u8) -> Result<Self> {
        if reader.fill_buf()?.starts_with(BYTE_ORDER_MARK) {
            reader.consume(BYTE_ORDER_MARK.len());
        }
        let mut this = Self {
            reader,
            delimiter,
            columns: Vec::new(),
            line: 0,
            next_line: 1,
        };
        let mut header = Record::default();
        if !this.record(&mut header)? {
            bail!("the file is empty; expected a header line");
        }
        for column in 0..header.cells.len() {
            let name = std::str::from_utf8(header.cell(column).0)
                .map_err(|_| anyhow!("the header is not UTF-8"))?;
            this.columns.push(name.to_owned());
        }
        Ok(this)
    }

    pub(super) fn columns(&self) -> &[String] {
        &self.columns
    }

    pub(super) fn line(&self) -> u64 {
        self.line
    }

    pub(super) fn next(&mut self, record: &mut Record) -> Result<bool> {
        loop {
            record.clear();
            if !self.record(record)? {
                return Ok(false);
            }
            let blank = matches!(record.cells.as_slice(), [(_, Quoting::Null)]);
            if blank && self.columns.len() > 1 {
                continue;
            }
            if record.cells.len() != self.columns.len() {
                bail!(
                    "expected {} fields, found {}",
                    self.columns.len(),
                    record.cells.len()
                );
            }
            return Ok(true);
        }
    }

    fn record(&mut self, record: &mut Record) -> Result<bool> {
        self.line = self.next_line;
        let mut state = State::FieldStart;
        let mut start = 0;
        let mut quoted = false;
        let mut any = false;
        loop {
            let available = self.reader.fill_buf()?;
            if available.is_empty() {
                if state == State::Quoted {
                    self.line = self.next_line;
                    bail!("the file ends inside quotes");
                }
                if any {
                    end_field(record, start, quoted);
                }
                return Ok(any);
            }
            let mut used = 0;
            for &byte in available {
                used += 1;
                any = true;
                self.next_line += u64::from(byte == b'\n');
                match (state, byte) {
                    (State::Quoted, b'"') => state = State::QuoteInQuoted,
                    (State::Quoted, _) => record.text.push(byte),
                    (State::FieldStart, b'"') => {
                        quoted = true;
                        state = State::Quoted;
                    }
                    (State::QuoteInQuoted, b'"') => {
                        record.text.push(b'"');
                        state = State::Quoted;
                    }
                    (_, b'\n') => {
                        if state != State::QuoteInQuoted
                            && record.text.len() > start
                            && record.text.ends_with(b"\r")
                        {
                            record.text.pop();
                        }
                        end_field(record, start, quoted);
                        self.reader.consume(used);
                        return Ok(true);
                    }
                    (_, _) if byte == self.delimiter => {
                        end_field(record, start, quoted);
                        start = record.text.len();
                        quoted = false;
                        state = State::FieldStart;
                    }
                    (State::QuoteInQuoted, b'\r') => {}
                    (State::QuoteInQuoted, _) => {
                        bail!("a quote inside a quoted field is not doubled")
                    }
                    (State::FieldStart | State::Bare, _) => {
                        record.text.push(byte);
                        state = State::Bare;
                    }
                }
            }
            self.reader.consume(used);
        }
    }
}

fn end_field(record: &mut Record, start: usize, quoted: bool) {
    let end = record.text.len();
    let quoting = match (start == end, quoted) {
        (true, false) => Quoting::Null,
        (true, true) => Quoting::Quoted,
        // Many writers quote everything; only emptiness needs the quotes to be told from null.
        (false, _) => Quoting::Bare,
    };
    record.cells.push((start..end, quoting));
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cells(text: &str, capacity: usize) -> Vec<Vec<(String, Quoting)>> {
        let reader = std::io::BufReader::with_capacity(capacity, text.as_bytes());
        let mut rows = Delimited::new(reader, b',').unwrap();
        let mut record = Record::default();
        let mut all = Vec::new();
        while rows.next(&mut record).unwrap() {
            let row = (0..record.cells.len())
                .map(|i| {
                    let (text, quoting) = record.cell(i);
                    (String::from_utf8(text.to_vec()).unwrap(), quoting)
                })
                .collect();
            all.push(row);
        }
        all
    }

    #[test]
    fn quotes_nulls_and_line_ends_at_every_buffer_boundary() {
        let text = "\u{feff}a,b\r\n1,\"x,\"\"y\"\"\r\nz\"\r\n\r\n,\"\"\r\nlast,2";
        for capacity in 3..24 {
            let rows = cells(text, capacity);
            let bare = |s: &str| (s.to_owned(), Quoting::Bare);
            assert_eq!(
                rows,
                [
                    vec![bare("1"), bare("x,\"y\"\r\nz")],
                    vec![
                        (String::new(), Quoting::Null),
                        (String::new(), Quoting::Quoted)
                    ],
                    vec![bare("last"), bare("2")],
                ],
                "{capacity}"
            );
        }
    }

    #[test]
    fn blank_line_is_a_null_when_there_is_one_column() {
        assert_eq!(cells("a\n1\n\n2\n", 64).len(), 3);
    }
}
