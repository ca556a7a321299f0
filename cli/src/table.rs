//! Tables for people: aligned columns, numbers to the right, nulls that can be told from text.
//!
//! | value | in the table |
//! |---|---|
//! | null | `null` |
//! | the text `null`, text that is empty or begins or ends with a space or begins with a quote | in quotes |
//! | other text | as it is, control characters escaped |
//!
//! Widths come from the first rows, so that no table is held as a whole; rows after them only widen the columns. On a terminal long cells are cut,
//! names are bold and nulls dim. Anywhere else nothing is lost.

use std::borrow::Cow;
use std::io::{self, IsTerminal as _, Write};

use clap::ValueEnum;
use unicode_width::{UnicodeWidthChar as _, UnicodeWidthStr as _};

/// Spaces between the columns.
const GAP: usize = 2;
/// A table is laid out by so many rows, or by fewer of so many bytes or cells.
const LAYOUT_ROWS: usize = 4096;
const LAYOUT_BYTES: usize = 4 << 20;
const LAYOUT_CELLS: usize = 1 << 18;
/// Cells on a terminal are cut behind so many columns.
const TERMINAL_CELL_WIDTH: usize = 60;
const CUT: char = '…';
const BOLD: &str = "\x1b[1m";
const DIM: &str = "\x1b[2m";
const PLAIN: &str = "\x1b[0m";
const NULL: &str = "null";

/// When tables are coloured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub enum Color {
    /// On a terminal, unless NO_COLOR is set
    #[default]
    Auto,
    /// Always
    Always,
    /// Never
    Never,
}

/// How a table looks where it goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Look {
    /// Names bold, nulls dim.
    pub color: bool,
    /// Cells wider than this are cut.
    pub cell_width: Option<usize>,
}

impl Look {
    /// For stdout.
    pub fn of_stdout(color: Color) -> Self {
        let terminal = io::stdout().is_terminal();
        Self::new(color, terminal, |name| std::env::var_os(name))
    }

    fn new(
        color: Color,
        terminal: bool,
        variable: impl Fn(&str) -> Option<std::ffi::OsString>,
    ) -> Self {
        let is_set = |name| variable(name).is_some_and(|v| !v.is_empty());
        let dumb = variable("TERM").is_some_and(|v| v == "dumb");
        Self {
            color: match color {
                Color::Auto => terminal && !is_set("NO_COLOR") && !dumb,
                Color::Always => true,
                Color::Never => false,
            },
            cell_width: terminal.then_some(TERMINAL_CELL_WIDTH),
        }
    }
}

/// What a cell holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// No value.
    Null,
    /// Digits.
    Number,
    /// Anything else that needs no escaping, such as a date.
    Word,
    /// Text from somewhere.
    Text,
}

/// A cell that waits to be printed.
struct Cell {
    /// Where its text ends; it begins where the one before ends.
    end: usize,
    width: usize,
    kind: Kind,
}

/// A column of the table.
struct Column {
    name: String,
    width: usize,
    right: bool,
}

/// Rows on their way out.
pub struct Table {
    look: Look,
    columns: Vec<Column>,
    text: Vec<u8>,
    cells: Vec<Cell>,
    begun: bool,
}

impl Table {
    /// A table with these columns and no rows yet.
    pub fn new<S: AsRef<str>>(names: impl IntoIterator<Item = S>, look: Look) -> Self {
        let columns = names.into_iter().map(|name| {
            let name = one_line(name.as_ref()).into_owned();
            Column {
                width: name.width(),
                name,
                right: false,
            }
        });
        Self {
            look,
            columns: columns.collect(),
            text: Vec::new(),
            cells: Vec::new(),
            begun: false,
        }
    }

    /// Adds the next cell of the row; `write` appends its text, unless it is null.
    pub fn cell(&mut self, kind: Kind, write: impl FnOnce(&mut Vec<u8>)) {
        let start = self.text.len();
        if kind == Kind::Null {
            self.text.extend_from_slice(NULL.as_bytes());
        } else {
            write(&mut self.text);
        }
        let own = self.text.get(start..).unwrap_or(&[]);
        let plain = own.iter().all(|b| (b' '..=b'~').contains(b));
        let mut width = own.len();
        if !plain || kind == Kind::Text && needs_quotes(own) {
            let shown = String::from_utf8_lossy(own);
            let mut shown = one_line(&shown).into_owned();
            if kind == Kind::Text && needs_quotes(shown.as_bytes()) {
                shown = format!("\"{}\"", shown.replace('"', "\\\""));
            }
            width = shown.width();
            self.text.truncate(start);
            self.text.extend_from_slice(shown.as_bytes());
        }
        if let Some(most) = self.look.cell_width.filter(|most| width > *most) {
            let own = self.text.get(start..).unwrap_or(&[]);
            let (cut, cut_width) = cut(&String::from_utf8_lossy(own), most);
            width = cut_width;
            self.text.truncate(start);
            self.text.extend_from_slice(cut.as_bytes());
        }
        self.cells.push(Cell {
            end: self.text.len(),
            width,
            kind,
        });
    }

    /// Ends the row; prints when enough rows are there.
    ///
    /// # Errors
    ///
    /// When `out` refuses them.
    pub fn end_row(&mut self, out: &mut impl Write) -> io::Result<()> {
        let most = LAYOUT_CELLS.min(LAYOUT_ROWS * self.columns.len());
        if self.cells.len() >= most || self.text.len() >= LAYOUT_BYTES {
            self.print(out)?;
        }
        Ok(())
    }

    /// Prints what waits, and the names of the columns if that has not been done.
    ///
    /// # Errors
    ///
    /// When `out` refuses it.
    pub fn print(&mut self, out: &mut impl Write) -> io::Result<()> {
        self.lay_out();
        let last = self.columns.len().saturating_sub(1);
        if !self.begun {
            self.begun = true;
            for (i, column) in self.columns.iter().enumerate() {
                let style = self.look.color.then_some(BOLD);
                let width = column.name.width();
                put(out, column, column.name.as_bytes(), width, style, i == last)?;
            }
            if self.columns.is_empty() {
                out.write_all(b"\n")?;
            }
        }
        let mut start = 0;
        let places = (0..self.columns.len()).cycle();
        for (cell, i) in self.cells.iter().zip(places) {
            let text = self.text.get(start..cell.end).unwrap_or(&[]);
            start = cell.end;
            let dim = self.look.color && cell.kind == Kind::Null;
            if let Some(column) = self.columns.get(i) {
                let style = dim.then_some(DIM);
                put(out, column, text, cell.width, style, i == last)?;
            }
        }
        self.text.clear();
        self.cells.clear();
        Ok(())
    }

    /// Widens the columns as the waiting cells need it; the first ones decide which columns hold numbers.
    fn lay_out(&mut self) {
        let count = self.columns.len();
        for (i, column) in self.columns.iter_mut().enumerate() {
            let own = || self.cells.iter().skip(i).step_by(count.max(1));
            let widest = own().map(|c| c.width).max().unwrap_or(0);
            column.width = column.width.max(widest);
            if !self.begun {
                let mut kinds = own()
                    .map(|c| c.kind)
                    .filter(|k| *k != Kind::Null)
                    .peekable();
                column.right = kinds.peek().is_some() && kinds.all(|k| k == Kind::Number);
            }
        }
    }
}

/// Text that could be taken for null or for nothing, or whose ends cannot be seen.
fn needs_quotes(text: &[u8]) -> bool {
    let outer = [text.first(), text.last()];
    text == NULL.as_bytes()
        || text.first().is_none_or(|b| *b == b'"')
        || outer.into_iter().flatten().any(|b| *b == b' ')
}

fn put(
    out: &mut impl Write,
    column: &Column,
    text: &[u8],
    width: usize,
    style: Option<&str>,
    last: bool,
) -> io::Result<()> {
    let space = column.width.saturating_sub(width);
    let (before, after) = match (column.right, last) {
        (true, true) => (space, 0),
        (true, false) => (space, GAP),
        (false, true) => (0, 0),
        (false, false) => (0, space + GAP),
    };
    write!(out, "{:before$}", "")?;
    match style {
        Some(style) => {
            out.write_all(style.as_bytes())?;
            out.write_all(text)?;
            out.write_all(PLAIN.as_bytes())?;
        }
        None => out.write_all(text)?,
    }
    if last {
        return out.write_all(b"\n");
    }
    write!(out, "{:after$}", "")
}

/// The beginning of `text`, `most` columns wide with the mark that something is missing.
fn cut(text: &str, most: usize) -> (String, usize) {
    let (mut shown, mut width) = (String::new(), 1);
    for c in text.chars() {
        let wide = c.width().unwrap_or(0);
        if width + wide > most {
            break;
        }
        shown.push(c);
        width += wide;
    }
    shown.push(CUT);
    (shown, width)
}

/// Control characters of a name must neither break the table nor reach the terminal.
pub fn one_line(text: &str) -> Cow<'_, str> {
    if !text.chars().any(char::is_control) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 8);
    for c in text.chars() {
        if c.is_control() {
            out.extend(c.escape_default());
        } else {
            out.push(c);
        }
    }
    Cow::Owned(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn print(look: Look, rows: &[&[(Kind, &str)]]) -> String {
        let mut out = Vec::new();
        let mut table = Table::new(["name", "n", "x"], look);
        for row in rows {
            for (kind, text) in *row {
                table.cell(*kind, |o| o.extend_from_slice(text.as_bytes()));
            }
            table.end_row(&mut out).unwrap();
        }
        table.print(&mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    const TEXT: Kind = Kind::Text;
    const NUMBER: Kind = Kind::Number;
    const NOTHING: (Kind, &str) = (Kind::Null, "");

    #[test]
    fn numbers_stand_right_and_null_is_no_text() {
        assert_eq!(
            print(
                Look::default(),
                &[
                    &[(TEXT, "a"), (NUMBER, "1"), (NUMBER, "10")],
                    &[(TEXT, "null"), (NUMBER, "-200"), NOTHING],
                    &[NOTHING, NOTHING, (NUMBER, "7")],
                ]
            ),
            "name       n     x\n\
             a          1    10\n\
             \"null\"  -200  null\n\
             null    null     7\n"
        );
    }

    #[test]
    fn text_stays_on_its_line_and_its_ends_are_seen() {
        assert_eq!(
            print(
                Look::default(),
                &[
                    &[(TEXT, ""), (TEXT, " a"), (TEXT, "b\nc")],
                    &[(TEXT, "\"q\""), (TEXT, "温度"), (TEXT, "\u{85}")],
                    &[NOTHING, (Kind::Word, "2024-01-01"), NOTHING],
                ]
            ),
            "name     n           x\n\
             \"\"       \" a\"        b\\nc\n\
             \"\\\"q\\\"\"  温度        \\u{85}\n\
             null     2024-01-01  null\n"
        );
    }

    #[test]
    fn a_terminal_has_colours_and_short_cells() {
        let look = Look {
            color: true,
            cell_width: Some(5),
        };
        assert_eq!(
            print(look, &[&[(TEXT, "abcdef"), (NUMBER, "1"), NOTHING]]),
            "\u{1b}[1mname\u{1b}[0m   \u{1b}[1mn\u{1b}[0m  \u{1b}[1mx\u{1b}[0m\n\
             abcd…  1  \u{1b}[2mnull\u{1b}[0m\n"
        );
        let wide = print(
            Look {
                color: false,
                ..look
            },
            &[&[(TEXT, "温度温度"), NOTHING, NOTHING]],
        );
        assert!(wide.contains("温度…  null"), "{wide}");
    }

    #[test]
    fn colour_is_for_terminals_that_want_it() {
        let look = |color, terminal, set: &'static str| {
            Look::new(color, terminal, |name| (name == set).then(|| "dumb".into())).color
        };
        assert!(look(Color::Auto, true, "") && !look(Color::Auto, false, ""));
        assert!(!look(Color::Auto, true, "NO_COLOR") && !look(Color::Auto, true, "TERM"));
        assert!(look(Color::Always, false, "NO_COLOR") && !look(Color::Never, true, ""));
        assert_eq!(Look::new(Color::Always, false, |_| None).cell_width, None);
    }

    #[test]
    fn long_tables_are_printed_in_pieces() {
        let mut out = Vec::new();
        let mut table = Table::new(["n"], Look::default());
        for i in 0..3 * LAYOUT_ROWS {
            table.cell(NUMBER, |o| o.extend_from_slice(i.to_string().as_bytes()));
            table.end_row(&mut out).unwrap();
            assert!(table.cells.len() < LAYOUT_ROWS);
        }
        assert!(!out.is_empty());
        let mut table = Table::new(["n"], Look::default());
        table.cell(TEXT, |o| o.resize(LAYOUT_BYTES, b'x'));
        table.end_row(&mut out).unwrap();
        assert!(table.text.is_empty());
    }
}
