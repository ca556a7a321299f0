//! Output of the metadata commands: rows (`-f`) or one JSON object (`--json`), for one file or several.
//!
//! The rows have the columns of the contract. Several files put a column `file` in front, since their rows could not
//! be told apart otherwise. The object is `{"schema_version":1,"files":[{"file":...,KEY:[row,...]},...]}`.

use std::io::{self, BufWriter, Write};

use clap::Args;

use crate::output::{Cell, FormatArgs, Printer};
use crate::render;

/// What `schema_version` says in every `--json`; it changes when a member changes its meaning.
pub const SCHEMA_VERSION: u32 = 1;

/// How metadata are printed.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Output")]
pub struct ReportArgs {
    /// How rows are printed.
    #[command(flatten)]
    pub rows: FormatArgs,
    /// Print one JSON object with schema_version
    #[arg(long, conflicts_with = "format")]
    pub json: bool,
}

/// Prints rows file by file.
pub enum Report<W: Write> {
    /// Rows of one or several files.
    Rows {
        /// Where they go.
        printer: Printer<W>,
        /// The file of the rows that come next, when there are several.
        file: Option<String>,
    },
    /// One object over all files.
    Object(JsonObject<W>),
}

/// The object of `--json`, written as it grows.
pub struct JsonObject<W: Write> {
    out: BufWriter<W>,
    line: Vec<u8>,
    columns: Vec<String>,
    key: Option<&'static str>,
    open: bool,
    rows: u64,
    files: u64,
}

impl<W: Write> Report<W> {
    /// Starts. `key` names the array of rows in a file's object; without it a file has one row, which is merged in.
    ///
    /// # Errors
    /// When the stream refuses the header.
    pub fn start(
        out: W,
        args: &ReportArgs,
        several_files: bool,
        columns: &[impl AsRef<str>],
        key: Option<&'static str>,
    ) -> io::Result<Self> {
        let columns: Vec<String> = columns.iter().map(|c| c.as_ref().to_owned()).collect();
        if args.json {
            let mut out = BufWriter::new(out);
            write!(out, "{{\"schema_version\":{SCHEMA_VERSION},\"files\":[")?;
            return Ok(Self::Object(JsonObject {
                out,
                line: Vec::new(),
                columns,
                key,
                open: false,
                rows: 0,
                files: 0,
            }));
        }
        let first = several_files.then(|| "file".to_owned());
        let names = first.into_iter().chain(columns);
        Ok(Self::Rows {
            printer: Printer::start(out, args.rows.format, args.rows.look(), names)?,
            file: several_files.then(String::new),
        })
    }

    /// The rows that follow are of this file.
    ///
    /// # Errors
    /// When the stream refuses what comes before.
    pub fn file(&mut self, name: &str) -> io::Result<()> {
        match self {
            Self::Rows { file, .. } => {
                if let Some(file) = file {
                    name.clone_into(file);
                }
                Ok(())
            }
            Self::Object(object) => object.file(name),
        }
    }

    /// One row.
    ///
    /// # Errors
    /// When the stream refuses it.
    pub fn row(&mut self, cells: &[Cell<'_>]) -> io::Result<()> {
        match self {
            Self::Rows {
                printer,
                file: None,
            } => printer.row(cells),
            Self::Rows {
                printer,
                file: Some(file),
            } => {
                let mut all = vec![Cell::from(file.as_str())];
                all.extend_from_slice(cells);
                printer.row(&all)
            }
            Self::Object(object) => object.row(cells),
        }
    }

    /// Prints what was held back and flushes.
    ///
    /// # Errors
    /// When the stream refuses it.
    pub fn finish(self) -> io::Result<()> {
        match self {
            Self::Rows { printer, .. } => printer.finish(),
            Self::Object(mut object) => {
                object.close()?;
                object.out.write_all(b"]}\n")?;
                object.out.flush()
            }
        }
    }
}

impl<W: Write> JsonObject<W> {
    fn file(&mut self, name: &str) -> io::Result<()> {
        self.close()?;
        if self.files > 0 {
            self.line.push(b',');
        }
        self.line.extend_from_slice(b"{\"file\":");
        render::json_string(&mut self.line, name);
        if let Some(key) = self.key {
            self.line.push(b',');
            render::json_string(&mut self.line, key);
            self.line.extend_from_slice(b":[");
        }
        (self.open, self.rows) = (true, 0);
        self.files += 1;
        self.flush_line()
    }

    fn row(&mut self, cells: &[Cell<'_>]) -> io::Result<()> {
        if self.rows > 0 || self.key.is_none() {
            self.line.push(b',');
        }
        self.rows += 1;
        if self.key.is_some() {
            self.line.push(b'{');
        }
        for (i, (name, cell)) in self.columns.iter().zip(cells).enumerate() {
            if i > 0 {
                self.line.push(b',');
            }
            render::json_string(&mut self.line, name);
            self.line.push(b':');
            match cell {
                // Sizes and counts are numbers here: the contract is about rows.
                Cell::Tally(v) => render::int(&mut self.line, *v),
                cell => cell.json(&mut self.line),
            }
        }
        if self.key.is_some() {
            self.line.push(b'}');
        }
        self.flush_line()
    }

    fn close(&mut self) -> io::Result<()> {
        if self.open {
            let end: &[u8] = if self.key.is_some() { b"]}" } else { b"}" };
            self.line.extend_from_slice(end);
            self.open = false;
        }
        self.flush_line()
    }

    fn flush_line(&mut self) -> io::Result<()> {
        self.out.write_all(&self.line)?;
        self.line.clear();
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::output::Format;

    fn print(args: &ReportArgs, several: bool, key: Option<&'static str>) -> String {
        let mut out = Vec::new();
        let mut report = Report::start(&mut out, args, several, &["n", "x"], key).unwrap();
        for file in ["a", "b"] {
            report.file(file).unwrap();
            report.row(&[Cell::Tally(1), Cell::from("v")]).unwrap();
        }
        report.finish().unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn several_files_are_told_apart_in_rows_and_in_the_object() {
        let csv = ReportArgs {
            rows: FormatArgs {
                format: Format::Csv,
                ..FormatArgs::default()
            },
            json: false,
        };
        assert_eq!(print(&csv, true, None), "file,n,x\na,1,v\nb,1,v\n");
        let json = ReportArgs {
            rows: FormatArgs::default(),
            json: true,
        };
        assert_eq!(
            print(&json, true, Some("rows")),
            "{\"schema_version\":1,\"files\":[{\"file\":\"a\",\"rows\":[{\"n\":1,\"x\":\"v\"}]},\
             {\"file\":\"b\",\"rows\":[{\"n\":1,\"x\":\"v\"}]}]}\n"
        );
        assert_eq!(
            print(&json, false, None),
            "{\"schema_version\":1,\"files\":[{\"file\":\"a\",\"n\":1,\"x\":\"v\"},\
             {\"file\":\"b\",\"n\":1,\"x\":\"v\"}]}\n"
        );
    }
}
