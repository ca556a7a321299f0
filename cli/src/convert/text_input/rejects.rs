//! Lines that are passed over: counted, and written down with the reason when somebody wants to see them.

use std::io::Write as _;
use std::path::{Path, PathBuf};

use crate::convert::atomic::Target;
use crate::convert::format::InputFormat;
use crate::exit::{Blame as _, Outcome};
use crate::render;

const HEADER: [&str; 5] = ["file", "line", "column", "reason", "text"];

/// Counts lines, and keeps them in a file.
#[derive(Default)]
pub struct Rejects {
    file: Option<(Target, PathBuf)>,
    /// NDJSON without.
    delimiter: Option<u8>,
    lines: u64,
}

/// What is wrong with a line.
pub struct Reject<'a> {
    /// The file.
    pub file: &'a str,
    /// Counted from 1.
    pub line: u64,
    /// The column, when it is about one.
    pub column: Option<&'a str>,
    /// Why.
    pub reason: &'a str,
    /// The line, with its end.
    pub text: &'a [u8],
}

impl Rejects {
    /// Writes the head of the file, in the format of the lines.
    ///
    /// # Errors
    ///
    /// When the target refuses it.
    pub fn start(file: Option<(Target, &Path)>, format: InputFormat) -> Outcome<Self> {
        let delimiter = match format {
            InputFormat::Ndjson => None,
            InputFormat::Tsv => Some(b'\t'),
            _ => Some(b','),
        };
        let mut this = Self {
            file: file.map(|(target, path)| (target, path.to_owned())),
            delimiter,
            lines: 0,
        };
        if delimiter.is_some() {
            this.row(HEADER.map(str::as_bytes))?;
        }
        Ok(this)
    }

    /// How many there were.
    pub fn lines(&self) -> u64 {
        self.lines
    }

    /// Counts one more.
    ///
    /// # Errors
    ///
    /// When the target refuses it.
    pub fn add(&mut self, reject: &Reject<'_>) -> Outcome {
        self.lines += 1;
        let text = reject.text.strip_suffix(b"\n").unwrap_or(reject.text);
        let text = text.strip_suffix(b"\r").unwrap_or(text);
        let column = reject.column.unwrap_or_default();
        if self.delimiter.is_some() {
            return self.row([
                reject.file.as_bytes(),
                reject.line.to_string().as_bytes(),
                column.as_bytes(),
                reject.reason.as_bytes(),
                text,
            ]);
        }
        let mut out = Vec::new();
        let text = String::from_utf8_lossy(text);
        for (i, (name, value)) in HEADER
            .into_iter()
            .zip([reject.file, "", column, reject.reason, &text])
            .enumerate()
        {
            out.push(if i == 0 { b'{' } else { b',' });
            render::json_string(&mut out, name);
            out.push(b':');
            match name {
                "line" => render::int(&mut out, reject.line),
                "column" if reject.column.is_none() => out.extend_from_slice(b"null"),
                _ => render::json_string(&mut out, value),
            }
        }
        out.extend_from_slice(b"}\n");
        self.write(&out)
    }

    fn row(&mut self, fields: [&[u8]; 5]) -> Outcome {
        let delimiter = self.delimiter.unwrap_or(b',');
        let mut out = Vec::new();
        for (i, field) in fields.into_iter().enumerate() {
            if i > 0 {
                out.push(delimiter);
            }
            bytes(&mut out, field, delimiter);
        }
        out.push(b'\n');
        self.write(&out)
    }

    fn write(&mut self, bytes: &[u8]) -> Outcome {
        match &mut self.file {
            Some((target, path)) => target.write_all(bytes).output(path.display()),
            None => Ok(()),
        }
    }

    /// Gives the file its name; lines that are missing from an output are somewhere before that output is.
    ///
    /// # Errors
    ///
    /// When the system refuses.
    pub fn commit(&mut self) -> Outcome {
        match self.file.take() {
            Some((target, _)) => target.commit().map(drop),
            None => Ok(()),
        }
    }
}

/// A field; a line need not be UTF-8.
fn bytes(out: &mut Vec<u8>, field: &[u8], delimiter: u8) {
    let special = |b: &u8| *b == delimiter || matches!(b, b'"' | b'\n' | b'\r');
    if !field.iter().any(special) {
        out.extend_from_slice(field);
        return;
    }
    out.push(b'"');
    for &b in field {
        if b == b'"' {
            out.push(b'"');
        }
        out.push(b);
    }
    out.push(b'"');
}
