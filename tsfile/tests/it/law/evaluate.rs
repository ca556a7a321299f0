//! What an expression means, in the plainest way: value by value, in three-valued logic. Nothing of the engine's own comparing is used.

use super::calendar;
use super::view::{Column, Datum, View};
use std::cmp::Ordering;
use std::collections::HashMap;
use tsfile::filter::{CompareOp, Expr, Literal};

/// The expression for every row of a view.
pub fn evaluate(expr: &Expr, view: &View) -> Vec<Option<bool>> {
    let mut columns = Columns::new();
    find(expr, view, &mut columns);
    let rows = 0..view.rows();
    rows.map(|row| of_row(expr, &columns, view.step, row))
        .collect()
}

type Columns<'a> = HashMap<&'a str, &'a Column>;

fn find<'a>(expr: &'a Expr, view: &'a View, out: &mut Columns<'a>) {
    match expr {
        Expr::Constant(_) => {}
        Expr::Compare { column, .. }
        | Expr::In { column, .. }
        | Expr::IsNull { column }
        | Expr::Like { column, .. } => {
            out.insert(column, view.column(column).unwrap());
        }
        Expr::Not(inner) => find(inner, view, out),
        Expr::And(all) | Expr::Or(all) => all.iter().for_each(|e| find(e, view, out)),
    }
}

fn of_row(expr: &Expr, columns: &Columns<'_>, step: i64, row: usize) -> Option<bool> {
    let value = |name: &str| columns[name].values[row].as_ref();
    let inner = |e: &Expr| of_row(e, columns, step, row);
    match expr {
        Expr::Constant(c) => *c,
        Expr::Compare {
            column,
            op: CompareOp::IsNotDistinct,
            value: literal,
        } => Some(match (value(column), literal) {
            (None, Literal::Null) => true,
            (None, _) | (_, Literal::Null) => false,
            (Some(v), l) => order(v, l, step) == Ordering::Equal,
        }),
        Expr::Compare {
            column,
            op,
            value: l,
        } => compare(value(column), *op, l, step),
        Expr::In { column, list } => {
            let equal = |l| compare(value(column), CompareOp::Eq, l, step);
            any(list.iter().map(equal))
        }
        Expr::IsNull { column } => Some(value(column).is_none()),
        Expr::Like {
            column,
            pattern,
            escape,
        } => match value(column)? {
            Datum::Text(text) => Some(like(&chars(text), &parts(pattern, *escape))),
            other => panic!("LIKE of {other:?}"),
        },
        Expr::Not(e) => inner(e).map(|v| !v),
        Expr::And(all) => {
            let negated = all.iter().map(|e| inner(e).map(|v| !v));
            any(negated).map(|v| !v)
        }
        Expr::Or(all) => any(all.iter().map(inner)),
    }
}

/// True where one is true, else null where one is null.
fn any(all: impl Iterator<Item = Option<bool>>) -> Option<bool> {
    let mut so_far = Some(false);
    for v in all {
        match v {
            Some(true) => return v,
            Some(false) => {}
            None => so_far = None,
        }
    }
    so_far
}

fn compare(value: Option<&Datum>, op: CompareOp, literal: &Literal, step: i64) -> Option<bool> {
    if *literal == Literal::Null {
        return None;
    }
    let order = order(value?, literal, step);
    Some(match op {
        CompareOp::Eq | CompareOp::IsNotDistinct => order.is_eq(),
        CompareOp::NotEq => order.is_ne(),
        CompareOp::Lt => order.is_lt(),
        CompareOp::LtEq => order.is_le(),
        CompareOp::Gt => order.is_gt(),
        CompareOp::GtEq => order.is_ge(),
    })
}

const DAY_NANOS: i128 = 86_400_000_000_000;

fn order(value: &Datum, literal: &Literal, step: i64) -> Ordering {
    use Literal::{Boolean, Bytes, Date, Decimal, Double, Integer, Text, Timestamp};
    let nanos = |t: i64| i128::from(t) * i128::from(step);
    match (value, literal) {
        (Datum::Boolean(a), Boolean(b)) => a.cmp(b),
        (Datum::Boolean(a), Text(b)) => a.cmp(&b.parse().unwrap()),
        (Datum::Integer(a) | Datum::Instant(a), Integer(b)) => a.cmp(b),
        (Datum::Integer(a) | Datum::Instant(a), Decimal { unscaled, scale }) => {
            (i128::from(*a) * 10i128.pow((*scale).into())).cmp(unscaled)
        }
        (Datum::Integer(a) | Datum::Instant(a), Double(b)) => spark(*a as f64, *b),
        (Datum::Integer(a), Text(b)) => {
            let (whole, behind) = b.split_once('.').unwrap_or((b, ""));
            let unscaled: i128 = format!("{whole}{behind}").parse().unwrap();
            (i128::from(*a) * 10i128.pow(behind.len() as u32)).cmp(&unscaled)
        }
        (Datum::Float(a), Integer(b)) => spark(*a, *b as f64),
        (Datum::Float(a), Decimal { unscaled, scale }) => {
            spark(*a, format!("{unscaled}e-{scale}").parse().unwrap())
        }
        (Datum::Float(a), Double(b)) => spark(*a, *b),
        (Datum::Float(a), Text(b)) => spark(*a, b.parse().unwrap()),
        (Datum::Instant(a), Timestamp(b)) => nanos(*a).cmp(b),
        (Datum::Instant(a), Date(b)) => nanos(*a).cmp(&(i128::from(*b) * DAY_NANOS)),
        (Datum::Instant(a), Text(b)) => nanos(*a).cmp(&calendar::nanos(b).unwrap()),
        (Datum::Date(a), Date(b)) => a.cmp(b),
        (Datum::Date(a), Timestamp(b)) => (i128::from(*a) * DAY_NANOS).cmp(b),
        (Datum::Date(a), Text(b)) => (i128::from(*a) * DAY_NANOS).cmp(&calendar::nanos(b).unwrap()),
        (Datum::Text(a), Text(b)) => a.as_bytes().cmp(b.as_bytes()),
        (Datum::Bytes(a), Bytes(b)) => a.cmp(b),
        (Datum::Bytes(a), Text(b)) => a.as_slice().cmp(b.as_bytes()),
        (a, b) => panic!("{a:?} against {b:?}"),
    }
}

/// NaN equals NaN and is above all; -0.0 equals 0.0.
pub fn spark(a: f64, b: f64) -> Ordering {
    match (a.is_nan(), b.is_nan()) {
        (true, true) => Ordering::Equal,
        (true, false) => Ordering::Greater,
        (false, true) => Ordering::Less,
        (false, false) => a.partial_cmp(&b).unwrap(),
    }
}

#[derive(Debug, PartialEq)]
enum Part {
    Any,
    One,
    Char(char),
}

fn chars(text: &str) -> Vec<char> {
    text.chars().collect()
}

fn parts(pattern: &str, escape: Option<char>) -> Vec<Part> {
    let mut out = Vec::new();
    let mut chars = pattern.chars();
    while let Some(c) = chars.next() {
        out.push(match c {
            c if Some(c) == escape => Part::Char(chars.next().unwrap()),
            '%' => Part::Any,
            '_' => Part::One,
            c => Part::Char(c),
        });
    }
    out
}

/// By which beginnings of the text match the beginning of the pattern so far: their lengths, ascending.
fn like(text: &[char], pattern: &[Part]) -> bool {
    let mut ends = vec![0];
    for part in pattern {
        ends = match part {
            Part::Any => match ends.first() {
                Some(&first) => (first..=text.len()).collect(),
                None => return false,
            },
            Part::One => ends
                .into_iter()
                .filter(|&end| end < text.len())
                .map(|end| end + 1)
                .collect(),
            Part::Char(c) => ends
                .into_iter()
                .filter(|&end| text.get(end) == Some(c))
                .map(|end| end + 1)
                .collect(),
        };
    }
    ends.last() == Some(&text.len())
}

#[test]
fn the_evaluator_itself_is_right() {
    use Ordering::{Equal, Greater, Less};
    assert_eq!(spark(f64::NAN, -f64::NAN), Equal);
    assert_eq!(spark(f64::NAN, f64::INFINITY), Greater);
    assert_eq!((spark(-0.0, 0.0), spark(1.0, f64::NAN)), (Equal, Less));
    let five = Datum::Integer(5);
    let decimal = |unscaled, scale| Literal::Decimal { unscaled, scale };
    assert_eq!(order(&five, &decimal(49, 1), 1), Greater);
    assert_eq!(order(&five, &decimal(500, 2), 1), Equal);
    assert_eq!(
        order(
            &Datum::Instant(1),
            &Literal::Timestamp(1_000_001),
            1_000_000
        ),
        Less
    );
    assert_eq!(
        order(&Datum::Text("é".into()), &Literal::Text("z".into()), 1),
        Greater
    );
    // A FLOAT is what it is as a DOUBLE.
    assert_eq!(
        order(&Datum::Float(0.1f32.into()), &Literal::Double(0.1), 1),
        Greater
    );
    let (t, f, n) = (Some(true), Some(false), None);
    assert_eq!(any([n, t].into_iter()), t);
    assert_eq!(any([f, n].into_iter()), n);
    assert_eq!(any([f, f].into_iter()), f);
    assert_eq!(compare(None, CompareOp::NotEq, &Literal::Integer(1), 1), n);
    assert_eq!(compare(Some(&five), CompareOp::NotEq, &Literal::Null, 1), n);
    for (text, pattern, escape, expected) in [
        ("", "%", None, true),
        ("", "_", None, false),
        ("grün", "gr_n", None, true),
        ("abc", "%b%", None, true),
        ("abc", "a%b", None, false),
        ("a%c", "a!%c", Some('!'), true),
        ("abc", "a!%c", Some('!'), false),
        ("a!", "a!!", Some('!'), true),
        ("aab", "%ab", None, true),
        ("ab", "ab_", None, false),
    ] {
        assert_eq!(
            like(&chars(text), &parts(pattern, escape)),
            expected,
            "{text} LIKE {pattern}"
        );
    }
}
