//! The text form of expressions: SQL that [`Expr::parse`] reads back as the same expression.
//!
//! Only an `AND` or `OR` of fewer than two conditions is written as what it means, for SQL has no text for it.

use super::{CompareOp, Expr, Literal};
use crate::model::{format_date, format_instant};
use std::fmt::{self, Display, Write};

/// Words that mean something where a column could stand: as names they are quoted.
const RESERVED: [&str; 22] = [
    "AND", "BETWEEN", "CASE", "CAST", "DISTINCT", "ESCAPE", "EXISTS", "FALSE", "FROM", "ILIKE",
    "IN", "INTERVAL", "IS", "LIKE", "NOT", "NULL", "OR", "REGEXP", "RLIKE", "SELECT", "SIMILAR",
    "TRUE",
];

/// Whether a word without quotes is no name.
pub(super) fn is_reserved(word: &str) -> bool {
    RESERVED.iter().any(|r| r.eq_ignore_ascii_case(word))
}

/// What stands around a condition.
#[derive(Clone, Copy, PartialEq)]
enum Around {
    Nothing,
    Or,
    And,
    Not,
}

/// What is still to be written, last first: expressions may be deeper than the stack.
enum Piece<'a> {
    Expr(&'a Expr, Around),
    Text(&'static str),
}

impl fmt::Display for Expr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut pieces = vec![Piece::Expr(self, Around::Nothing)];
        while let Some(piece) = pieces.pop() {
            match piece {
                Piece::Text(text) => f.write_str(text)?,
                Piece::Expr(Expr::And(list), around) => {
                    let parens = matches!(around, Around::And | Around::Not);
                    push_list(
                        &mut pieces,
                        list,
                        around,
                        (parens, Around::And, "TRUE", " AND "),
                    );
                }
                Piece::Expr(Expr::Or(list), around) => {
                    let parens = around != Around::Nothing;
                    push_list(
                        &mut pieces,
                        list,
                        around,
                        (parens, Around::Or, "FALSE", " OR "),
                    );
                }
                Piece::Expr(Expr::Not(inner), _) => {
                    if !write_negated(f, inner)? {
                        f.write_str("NOT ")?;
                        pieces.push(Piece::Expr(inner, Around::Not));
                    }
                }
                Piece::Expr(leaf, _) => write_leaf(f, leaf, "")?,
            }
        }
        Ok(())
    }
}

fn push_list<'a>(
    pieces: &mut Vec<Piece<'a>>,
    list: &'a [Expr],
    around: Around,
    (parens, inside, of_none, separator): (bool, Around, &'static str, &'static str),
) {
    match list {
        [] => pieces.push(Piece::Text(of_none)),
        [one] => pieces.push(Piece::Expr(one, around)),
        _ => {
            pieces.extend(parens.then_some(Piece::Text(")")));
            for (i, expr) in list.iter().enumerate().rev() {
                pieces.push(Piece::Expr(expr, inside));
                pieces.extend((i > 0).then_some(Piece::Text(separator)));
            }
            pieces.extend(parens.then_some(Piece::Text("(")));
        }
    }
}

/// Writes what has a negation of its own, and says whether it has.
fn write_negated(f: &mut fmt::Formatter<'_>, inner: &Expr) -> Result<bool, fmt::Error> {
    let has = match inner {
        Expr::In { .. } | Expr::IsNull { .. } | Expr::Like { .. } => true,
        Expr::Compare { op, .. } => *op == CompareOp::IsNotDistinct,
        _ => false,
    };
    if has {
        write_leaf(f, inner, "NOT ")?;
    }
    Ok(has)
}

/// An expression without others in it. `not` is `NOT ` where it is negated, for the kinds that have a place for it.
fn write_leaf(f: &mut fmt::Formatter<'_>, leaf: &Expr, not: &str) -> fmt::Result {
    match leaf {
        Expr::Constant(value) => f.write_str(constant(*value)),
        Expr::Compare { column, op, value } => {
            let op = match op {
                CompareOp::Eq => "=",
                CompareOp::NotEq => "<>",
                CompareOp::Lt => "<",
                CompareOp::LtEq => "<=",
                CompareOp::Gt => ">",
                CompareOp::GtEq => ">=",
                CompareOp::IsNotDistinct if not.is_empty() => "IS NOT DISTINCT FROM",
                CompareOp::IsNotDistinct => "IS DISTINCT FROM",
            };
            write!(f, "{} {op} {value}", Name(column))
        }
        Expr::In { column, list } => {
            write!(f, "{} {not}IN (", Name(column))?;
            for (i, value) in list.iter().enumerate() {
                f.write_str(if i > 0 { ", " } else { "" })?;
                value.fmt(f)?;
            }
            f.write_char(')')
        }
        Expr::IsNull { column } => write!(f, "{} IS {not}NULL", Name(column)),
        Expr::Like {
            column,
            pattern,
            escape,
        } => {
            write!(f, "{} {not}LIKE {}", Name(column), Quoted(pattern, '\''))?;
            match escape {
                None => Ok(()),
                Some(c) => write!(f, " ESCAPE {}", Quoted(c.encode_utf8(&mut [0; 4]), '\'')),
            }
        }
        Expr::Not(_) | Expr::And(_) | Expr::Or(_) => Ok(()),
    }
}

fn constant(value: Option<bool>) -> &'static str {
    match value {
        Some(true) => "TRUE",
        Some(false) => "FALSE",
        None => "NULL",
    }
}

/// A column.
struct Name<'a>(&'a str);

impl fmt::Display for Name<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let plain = !self.0.starts_with(|c: char| c.is_ascii_digit())
            && self
                .0
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || b == b'_');
        if plain && !self.0.is_empty() && !is_reserved(self.0) {
            f.write_str(self.0)
        } else {
            Quoted(self.0, '"').fmt(f)
        }
    }
}

/// Text between quotes, those in it doubled.
struct Quoted<'a>(&'a str, char);

impl fmt::Display for Quoted<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_char(self.1)?;
        for (i, part) in self.0.split(self.1).enumerate() {
            if i > 0 {
                f.write_char(self.1)?;
                f.write_char(self.1)?;
            }
            f.write_str(part)?;
        }
        f.write_char(self.1)
    }
}

impl fmt::Display for Literal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Null => f.write_str(constant(None)),
            Self::Boolean(value) => f.write_str(constant(Some(*value))),
            Self::Integer(value) => value.fmt(f),
            Self::Decimal { unscaled, scale } => {
                let digits = usize::from(*scale) + 1;
                let text = format!("{:0digits$}", unscaled.unsigned_abs());
                let (whole, behind) = text.split_at(text.len() - usize::from(*scale));
                let sign = if *unscaled < 0 { "-" } else { "" };
                write!(f, "{sign}{whole}.{behind}")
            }
            Self::Double(value) if value.is_nan() => f.write_str("DOUBLE 'NaN'"),
            Self::Double(value) if value.is_infinite() => {
                let sign = if *value < 0.0 { "-" } else { "" };
                write!(f, "DOUBLE '{sign}Infinity'")
            }
            // The exponent is what makes it no decimal.
            Self::Double(value) => write!(f, "{value:e}"),
            Self::Text(text) => Quoted(text, '\'').fmt(f),
            Self::Bytes(bytes) => {
                f.write_str("X'")?;
                for byte in bytes {
                    write!(f, "{byte:02x}")?;
                }
                f.write_char('\'')
            }
            Self::Date(days) => write!(f, "DATE '{}'", format_date(*days)),
            Self::Timestamp(nanos) => write!(f, "TIMESTAMP '{}'", format_instant(*nanos)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn expressions_are_written_as_a_person_would() {
        let a = || Expr::Compare {
            column: "a".into(),
            op: CompareOp::GtEq,
            value: Literal::Integer(-5),
        };
        let b = || Expr::IsNull {
            column: "root.ln.\"b".into(),
        };
        let not = |e| Expr::Not(Box::new(e));
        for (expr, text) in [
            (a(), "a >= -5"),
            (b(), "\"root.ln.\"\"b\" IS NULL"),
            (not(b()), "\"root.ln.\"\"b\" IS NOT NULL"),
            (not(not(b())), "NOT \"root.ln.\"\"b\" IS NOT NULL"),
            (not(a()), "NOT a >= -5"),
            (
                Expr::Or(vec![
                    Expr::And(vec![a(), a()]),
                    Expr::Or(vec![a(), not(a())]),
                ]),
                "a >= -5 AND a >= -5 OR (a >= -5 OR NOT a >= -5)",
            ),
            (
                not(Expr::And(vec![a(), Expr::And(vec![a(), a()])])),
                "NOT (a >= -5 AND (a >= -5 AND a >= -5))",
            ),
            (
                Expr::And(vec![a(), Expr::Or(vec![a(), a()])]),
                "a >= -5 AND (a >= -5 OR a >= -5)",
            ),
            (Expr::And(vec![]), "TRUE"),
            (
                Expr::And(vec![
                    a(),
                    Expr::And(vec![Expr::Or(vec![a(), a()])]),
                    Expr::Or(vec![]),
                ]),
                "a >= -5 AND (a >= -5 OR a >= -5) AND FALSE",
            ),
            (
                not(Expr::In {
                    column: "In".into(),
                    list: vec![Literal::Null, Literal::Boolean(true)],
                }),
                "\"In\" NOT IN (NULL, TRUE)",
            ),
            (
                Expr::Like {
                    column: "time".into(),
                    pattern: "it's 5!%%".into(),
                    escape: Some('!'),
                },
                "time LIKE 'it''s 5!%%' ESCAPE '!'",
            ),
            (Expr::Constant(None), "NULL"),
        ] {
            assert_eq!(expr.to_string(), text);
        }
    }

    #[test]
    fn literals_say_their_type() {
        for (literal, text) in [
            (Literal::Integer(i64::MIN), "-9223372036854775808"),
            (decimal(15, 1), "1.5"),
            (decimal(-15, 4), "-0.0015"),
            (decimal(5, 0), "5."),
            (
                decimal(i128::MIN, 38),
                "-1.70141183460469231731687303715884105728",
            ),
            (Literal::Double(1500.0), "1.5e3"),
            (Literal::Double(-0.0), "-0e0"),
            (Literal::Double(f64::NAN), "DOUBLE 'NaN'"),
            (Literal::Double(f64::NEG_INFINITY), "DOUBLE '-Infinity'"),
            (Literal::Text("a'b\"".into()), "'a''b\"'"),
            (Literal::Bytes(vec![0, 255]), "X'00ff'"),
            (Literal::Date(-1), "DATE '1969-12-31'"),
            (
                Literal::Timestamp(1_500_000_000),
                "TIMESTAMP '1970-01-01T00:00:01.500Z'",
            ),
        ] {
            assert_eq!(literal.to_string(), text);
        }
    }

    fn decimal(unscaled: i128, scale: u8) -> Literal {
        Literal::Decimal { unscaled, scale }
    }
}
