//! Where in the text of a condition something is wrong, as an error that shows it.

use crate::error::Error;
use sqlparser::tokenizer::Location;

/// Characters of a line that are shown on either side of a place.
const SHOWN_CHARS: usize = 50;

/// What can be asked, for those who asked for something else.
pub(super) const POSSIBLE: &str = "possible are comparisons of a column with a literal by = <> < <= > >= <=>, [NOT] IN, [NOT] BETWEEN, IS [NOT] NULL, \
     IS [NOT] DISTINCT FROM, [NOT] LIKE .. [ESCAPE ..] and STARTS_WITH(column, 'text'), joined by AND, OR, NOT and parentheses";

/// An error at a place in a text, with the line and a caret below it.
pub(super) fn error_at(sql: &str, place: Location, message: &str, hint: &str) -> Error {
    // The end of the text has no place of its own.
    let (line, column) = match place {
        Location { line: 0, .. } => end_of(sql),
        Location { line, column } => (
            usize::try_from(line).unwrap_or(usize::MAX),
            usize::try_from(column).unwrap_or(usize::MAX),
        ),
    };
    let text = sql.split('\n').nth(line - 1).unwrap_or("");
    let before = column.saturating_sub(1).min(text.chars().count());
    let from = before.saturating_sub(SHOWN_CHARS);
    let mut shown: String = text
        .chars()
        .skip(from)
        .take(before - from + SHOWN_CHARS)
        .map(|c| if c.is_control() { ' ' } else { c })
        .collect();
    let mut indent = before - from;
    if from > 0 {
        shown.insert(0, '…');
        indent += 1;
    }
    if text.chars().count() > before + SHOWN_CHARS {
        shown.push('…');
    }
    Error::argument(format!(
        "line {line}, column {column}: {message}\n  {shown}\n  {}^",
        " ".repeat(indent)
    ))
    .hint(hint)
}

/// Line and column after the last character that is no space.
fn end_of(sql: &str) -> (usize, usize) {
    let text = sql.trim_end();
    let last = text.rsplit('\n').next().unwrap_or("");
    (text.split('\n').count(), last.chars().count() + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(sql: &str, line: u64, column: u64) -> String {
        error_at(sql, Location { line, column }, "wrong", "do better").to_string()
    }

    #[test]
    fn the_caret_is_below_the_place() {
        assert_eq!(
            at("a = 1\n\tAND b ! 2\n", 2, 8),
            "line 2, column 8: wrong\n   AND b ! 2\n         ^; do better"
        );
        assert_eq!(
            at("äöü = ? ", 1, 7),
            "line 1, column 7: wrong\n  äöü = ? \n        ^; do better"
        );
    }

    #[test]
    fn the_end_is_after_the_last_word() {
        for (sql, expected) in [
            ("", "line 1, column 1: wrong\n  \n  ^; do better"),
            (
                "a =\n b  \n \n",
                "line 2, column 3: wrong\n   b  \n    ^; do better",
            ),
        ] {
            assert_eq!(at(sql, 0, 0), expected);
        }
    }

    #[test]
    fn of_a_long_line_the_part_around_the_place_is_shown() {
        let sql = format!("{}!{}", "a".repeat(1_000), "b".repeat(1_000));
        let expected = format!(
            "line 1, column 1001: wrong\n  …{}!{}…\n  {}^; do better",
            "a".repeat(50),
            "b".repeat(49),
            " ".repeat(51)
        );
        assert_eq!(at(&sql, 1, 1001), expected);
        assert!(at("a", 7, 900).contains("\n  \n  ^"), "beyond the text");
    }
}
