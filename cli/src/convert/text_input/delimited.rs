//! Records of CSV and TSV: fields in quotes may hold delimiters, line ends and doubled quotes. An empty field and `\N`
//! are null where they stand without quotes; a field `""` is the empty string.

use std::io::BufRead;

use super::replay::Replay;
use super::{Quoting, Record, Trouble};
use crate::render::CSV_NULL;

const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";
/// A record is no longer than this: behind a quote that is never closed a whole file could be one.
const MAX_RECORD_BYTES: usize = 64 << 20;

pub(super) struct Delimited<R> {
    reader: Replay<R>,
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
    /// Reads the header. Whoever wants to see bad lines says `keep`.
    pub(super) fn new(mut reader: R, delimiter: u8, keep: bool) -> Result<Self, Trouble> {
        if reader.fill_buf()?.starts_with(BYTE_ORDER_MARK) {
            reader.consume(BYTE_ORDER_MARK.len());
        }
        let mut this = Self {
            reader: Replay::new(reader, keep),
            delimiter,
            columns: Vec::new(),
            line: 0,
            next_line: 1,
        };
        let mut header = Record::default();
        if !this.record(&mut header)? {
            return Err(Trouble::line("the file is empty; expected a header line"));
        }
        for column in 0..header.cells.len() {
            let name = std::str::from_utf8(header.cell(column).0)
                .map_err(|_| Trouble::line("the header is not UTF-8"))?;
            this.columns.push(name.to_owned());
        }
        Ok(this)
    }

    pub(super) fn columns(&self) -> &[String] {
        &self.columns
    }

    /// The line where the last record began.
    pub(super) fn line(&self) -> u64 {
        self.line
    }

    /// The bytes of the last record, when they are kept.
    pub(super) fn raw(&self) -> &[u8] {
        self.reader.record()
    }

    pub(super) fn next(&mut self, record: &mut Record) -> Result<bool, Trouble> {
        loop {
            record.clear();
            self.reader.begin();
            if !self.record(record).or_else(|trouble| self.bad(trouble))? {
                return Ok(false);
            }
            let blank =
                matches!(record.cells.as_slice(), [(range, Quoting::Null)] if range.is_empty());
            if blank && self.columns.len() > 1 {
                continue;
            }
            if record.cells.len() != self.columns.len() {
                return Err(Trouble::line(format!(
                    "expected {} fields, found {}",
                    self.columns.len(),
                    record.cells.len()
                )));
            }
            return Ok(true);
        }
    }

    /// What is wrong with quotes says nothing about where the record ends: the next one is taken to begin on the next
    /// line.
    fn bad(&mut self, trouble: Trouble) -> Result<bool, Trouble> {
        if matches!(trouble, Trouble::Line { .. }) {
            self.reader.back_to_first_line(MAX_RECORD_BYTES)?;
            self.next_line = self.line + 1;
        }
        Err(trouble)
    }

    fn record(&mut self, record: &mut Record) -> Result<bool, Trouble> {
        self.line = self.next_line;
        let mut state = State::FieldStart;
        let mut start = 0;
        let mut quoted = false;
        let mut any = false;
        loop {
            let available = self.reader.fill()?;
            if available.is_empty() {
                if state == State::Quoted {
                    return Err(Trouble::line("a quote is opened and never closed"));
                }
                if any {
                    end_field(record, start, quoted);
                }
                return Ok(any);
            }
            if record.text.len() > MAX_RECORD_BYTES {
                return Err(Trouble::line(format!(
                    "expected at most {MAX_RECORD_BYTES} bytes in a record; a quote may not be closed"
                )));
            }
            let mut used = 0;
            let mut ended = None;
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
                        ended = Some(Ok(true));
                        break;
                    }
                    (_, _) if byte == self.delimiter => {
                        end_field(record, start, quoted);
                        start = record.text.len();
                        quoted = false;
                        state = State::FieldStart;
                    }
                    (State::QuoteInQuoted, b'\r') => {}
                    (State::QuoteInQuoted, _) => {
                        ended = Some(Err(Trouble::line(
                            "a quote inside a quoted field is not doubled",
                        )));
                        break;
                    }
                    (State::FieldStart | State::Bare, _) => {
                        record.text.push(byte);
                        state = State::Bare;
                    }
                }
            }
            self.reader.consume(used);
            if let Some(ended) = ended {
                return ended;
            }
        }
    }
}

fn end_field(record: &mut Record, start: usize, quoted: bool) {
    let end = record.text.len();
    let text = record.text.get(start..).unwrap_or_default();
    let quoting = match (text.is_empty(), quoted) {
        (true, true) => Quoting::Quoted,
        (_, false) if text.is_empty() || text == CSV_NULL.as_bytes() => Quoting::Null,
        // Many writers quote everything; only emptiness needs the quotes to be told from null.
        _ => Quoting::Bare,
    };
    record.cells.push((start..end, quoting));
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cells(text: &str, capacity: usize) -> Vec<Vec<(String, Quoting)>> {
        let reader = std::io::BufReader::with_capacity(capacity, text.as_bytes());
        let mut rows = Delimited::new(reader, b',', true).unwrap();
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
    fn only_a_bare_backslash_n_is_null() {
        assert_eq!(
            cells("a,b\n\\N,\"\\N\"\n", 64),
            [[
                ("\\N".to_owned(), Quoting::Null),
                ("\\N".to_owned(), Quoting::Bare)
            ]]
        );
    }

    #[test]
    fn after_a_bad_line_the_next_line_is_read() {
        let text = "a,b\n1,\"x\n2,\"y\"\n3\n4,\"z\"w\n5,\"multi\nline\",6\n7,end\n8,\"open\n9,last";
        for capacity in 3..40 {
            let reader = std::io::BufReader::with_capacity(capacity, text.as_bytes());
            let mut rows = Delimited::new(reader, b',', true).unwrap();
            let mut record = Record::default();
            let (mut good, mut bad) = (Vec::new(), Vec::new());
            loop {
                match rows.next(&mut record) {
                    Ok(false) => break,
                    Ok(true) => good.push(rows.line()),
                    Err(_) => {
                        bad.push((rows.line(), String::from_utf8(rows.raw().to_vec()).unwrap()))
                    }
                }
            }
            let bad: Vec<_> = bad.iter().map(|(n, t)| (*n, t.as_str())).collect();
            assert_eq!(good, [3, 8, 10], "{capacity}");
            assert_eq!(
                bad,
                [
                    (2, "1,\"x\n"),
                    (4, "3\n"),
                    (5, "4,\"z\"w\n"),
                    (6, "5,\"multi\nline\",6\n"),
                    (9, "8,\"open\n"),
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
