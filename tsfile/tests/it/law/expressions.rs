//! Random expressions over the columns of a view, compared with values that are in them, and with their neighbours.

use super::calendar;
use super::view::{Column, Datum, Kind, View};
use crate::written::random::Random;
use tsfile::filter::{CompareOp, Expr, Literal};

/// Levels of an expression, its leaves counted.
pub const MOST_LEVELS: usize = 5;

const OPS: &[CompareOp] = &[
    CompareOp::Eq,
    CompareOp::Eq,
    CompareOp::NotEq,
    CompareOp::Lt,
    CompareOp::LtEq,
    CompareOp::Gt,
    CompareOp::GtEq,
    CompareOp::IsNotDistinct,
];
const LOWER: &[CompareOp] = &[CompareOp::Gt, CompareOp::GtEq];
const UPPER: &[CompareOp] = &[CompareOp::Lt, CompareOp::LtEq];

/// An expression of at most `levels`.
pub fn random(r: &mut Random, view: &View, levels: usize) -> Expr {
    if levels <= 1 || r.chance(15) {
        return leaf(r, view);
    }
    let several = |r: &mut Random| {
        let n = r.pick(&[2, 2, 2, 3, 4]);
        (0..n).map(|_| random(r, view, levels - 1)).collect()
    };
    match r.below(10) {
        0..4 => Expr::And(several(r)),
        4..8 => Expr::Or(several(r)),
        8 => between(r, view),
        _ => Expr::Not(Box::new(random(r, view, levels - 1))),
    }
}

/// Time and keys often, other columns that hold something more often than those that hold nothing.
fn column<'v>(
    r: &mut Random,
    view: &'v View,
    fits: impl Fn(&Column) -> bool,
) -> Option<&'v Column> {
    let mut all: Vec<&Column> = view.named().filter(|c| fits(c)).collect();
    let want_key = r.chance(35);
    if all.iter().any(|c| c.key == want_key) {
        all.retain(|c| c.key == want_key);
    }
    if r.chance(90) && all.iter().any(|c| !c.empty) {
        all.retain(|c| !c.empty);
    }
    (!all.is_empty()).then(|| r.pick(&all))
}

/// The name of a column, in another case now and then where that says the same.
fn name(r: &mut Random, view: &View, c: &Column) -> String {
    let other = c.name.to_uppercase();
    let same = view
        .column(&other)
        .is_some_and(|found| found.name == c.name);
    if same && r.chance(4) {
        other
    } else {
        c.name.clone()
    }
}

fn leaf(r: &mut Random, view: &View) -> Expr {
    let share = r.below(100);
    if share < 2 {
        return Expr::Constant(r.pick(&[Some(true), Some(false), None]));
    }
    if share < 16 {
        if let Some(c) = column(r, view, |c| c.kind == Kind::Text) {
            return pattern(r, view, c);
        }
    }
    let Some(c) = column(r, view, |_| true) else {
        return Expr::Constant(Some(true));
    };
    let column = name(r, view, c);
    if share < 24 {
        return Expr::IsNull { column };
    }
    if share < 36 {
        let n = r.pick(&[1, 2, 3, 3, 8, 40]);
        let list = (0..n).map(|_| literal(r, view, c)).collect();
        return Expr::In { column, list };
    }
    Expr::Compare {
        column,
        op: r.pick(OPS),
        value: literal(r, view, c),
    }
}

/// A range of one column.
fn between(r: &mut Random, view: &View) -> Expr {
    let Some(c) = column(r, view, |_| true) else {
        return Expr::Constant(None);
    };
    let mut side = |ops: &[CompareOp]| Expr::Compare {
        column: c.name.clone(),
        op: r.pick(ops),
        value: literal(r, view, c),
    };
    Expr::And(vec![side(LOWER), side(UPPER)])
}

fn some_value(r: &mut Random, c: &Column) -> Option<Datum> {
    if c.values.is_empty() {
        return None;
    }
    let at = r.below(c.values.len());
    let behind = c.values[at..].iter().chain(&c.values[..at]);
    behind.flatten().next().cloned()
}

/// A literal that the column can be compared with.
fn literal(r: &mut Random, view: &View, c: &Column) -> Literal {
    if r.chance(3) {
        return Literal::Null;
    }
    let value = some_value(r, c).filter(|_| r.chance(92));
    match (c.kind, value) {
        (Kind::Boolean, v) => {
            let v = matches!(v, Some(Datum::Boolean(true))) ^ r.chance(10);
            if r.chance(10) {
                Literal::Text(v.to_string())
            } else {
                Literal::Boolean(v)
            }
        }
        (Kind::Integer, Some(Datum::Integer(v))) => {
            let v = v.saturating_add(near(r));
            integer(r, v)
        }
        (Kind::Integer, _) => {
            let v = r.pick(&[0, 1, -1, i64::MAX, i64::MIN, 1 << 31, 1 << 53, 20_240_131]);
            integer(r, v)
        }
        (Kind::Float, v) => {
            let v = match v {
                Some(Datum::Float(v)) => v,
                _ => r.pick(&[
                    0.0,
                    -0.0,
                    f64::NAN,
                    f64::INFINITY,
                    f64::NEG_INFINITY,
                    1e300,
                    0.1,
                ]),
            };
            float(r, v, c.narrow)
        }
        (Kind::Date, v) => {
            let days = match v {
                Some(Datum::Date(v)) => v.saturating_add(near(r) as i32),
                _ => r.pick(&[0, -1, 19_753, 2_932_896]),
            };
            let nanos = i128::from(days) * 86_400_000_000_000;
            match r.below(10) {
                0 | 1 => {
                    calendar::date_text(days.into()).map_or(Literal::Date(days), Literal::Text)
                }
                2 if calendar::text(nanos).is_some() => {
                    Literal::Timestamp(nanos + i128::from(r.pick(&[0, 0, 1, -1])))
                }
                _ => Literal::Date(days),
            }
        }
        (Kind::Instant, v) => {
            let v = match v {
                Some(Datum::Instant(v)) => v.saturating_add(near(r)),
                _ => r.pick(&[0, -1, 1_700_000_000_000, i64::MAX, i64::MIN]),
            };
            instant(r, v, view.step)
        }
        (Kind::Text, v) => {
            let text = match v {
                Some(Datum::Text(v)) => v,
                _ => r
                    .pick(&["", "a", "root", "grün", "温度", "🙂", "~"])
                    .to_string(),
            };
            Literal::Text(near_text(r, text))
        }
        (Kind::Bytes, v) => {
            let mut bytes = match v {
                Some(Datum::Bytes(v)) => v,
                _ => r.pick(&[&b""[..], b"a", &[0], &[0xff, 0xff]]).to_vec(),
            };
            match r.below(8) {
                0 => bytes.push(r.bits() as u8),
                1 => _ = bytes.pop(),
                2 => {
                    if let Ok(text) = String::from_utf8(bytes.clone()) {
                        return Literal::Text(text);
                    }
                }
                _ => {}
            }
            Literal::Bytes(bytes)
        }
    }
}

fn near(r: &mut Random) -> i64 {
    r.pick(&[0, 0, 0, 0, 0, 1, -1, 2, -1000])
}

fn integer(r: &mut Random, v: i64) -> Literal {
    match r.below(20) {
        0 => Literal::Text(format!("{v}{}", r.pick(&["", ".0", ".5"]))),
        1 => Literal::Double(v as f64),
        2 => Literal::Double(v as f64 + 0.5),
        3 => Literal::Decimal {
            unscaled: i128::from(v) * 100,
            scale: 2,
        },
        4 => Literal::Decimal {
            unscaled: i128::from(v) * 10 + i128::from(r.pick(&[5, -5, 1])),
            scale: 1,
        },
        _ => Literal::Integer(v),
    }
}

fn float(r: &mut Random, v: f64, narrow: bool) -> Literal {
    let v = match r.below(12) {
        0 => f64::from_bits(v.to_bits().wrapping_add(1)),
        1 => f64::from_bits(v.to_bits().wrapping_sub(1)),
        2 if narrow => f32::from_bits((v as f32).to_bits().wrapping_add(1)).into(),
        3 if narrow => f32::from_bits((v as f32).to_bits().wrapping_sub(1)).into(),
        4 => v + 1.0,
        5 => -v,
        _ => v,
    };
    let moderate = v.abs() < 1e9;
    match r.below(12) {
        0 if moderate => Literal::Integer(v as i64),
        1 if moderate => Literal::Decimal {
            unscaled: (v * 1000.0).round() as i128,
            scale: 3,
        },
        2 if v.is_nan() => Literal::Text("NaN".to_string()),
        2 if v == f64::INFINITY => Literal::Text("Infinity".to_string()),
        2 if v == f64::NEG_INFINITY => Literal::Text("-Infinity".to_string()),
        2 => Literal::Text(format!("{v:?}")),
        _ => Literal::Double(v),
    }
}

fn near_text(r: &mut Random, mut text: String) -> String {
    match r.below(12) {
        0 => _ = text.pop(),
        1 => text.push(r.pick(&['\u{1}', 'a', 'é', '🙂'])),
        2 => text = text.to_uppercase(),
        _ => {}
    }
    text
}

/// LIKE with a pattern made of one of the values.
fn pattern(r: &mut Random, view: &View, c: &Column) -> Expr {
    let value = match some_value(r, c) {
        Some(Datum::Text(v)) => v,
        _ => "a".to_string(),
    };
    let chars: Vec<char> = value.chars().collect();
    let (a, b) = (r.below(chars.len() + 1), r.below(chars.len() + 1));
    let (a, b) = (a.min(b), a.max(b));
    let escape = r.chance(40).then(|| r.pick(&['\\', '!', 'a', '🙂']));
    let itself = |chars: &[char]| {
        let mut out = String::new();
        for c in chars {
            if let Some(e) = escape.filter(|e| e == c || ['%', '_'].contains(c)) {
                out.push(e);
            }
            out.push(*c);
        }
        out
    };
    let (before, middle, behind) = (
        itself(&chars[..a]),
        itself(&chars[a..b]),
        itself(&chars[b..]),
    );
    let pattern = match r.below(7) {
        0 | 1 => format!("{before}%"),
        2 => format!("%{behind}"),
        3 => format!("%{middle}%"),
        4 => format!("{before}%{behind}"),
        5 => format!("{before}{}{behind}", "_".repeat(b - a)),
        _ => itself(&chars),
    };
    Expr::Like {
        column: name(r, view, c),
        pattern,
        escape,
    }
}

/// An instant as a number, or in one of the forms that its unit has to be known for.
fn instant(r: &mut Random, v: i64, step: i64) -> Literal {
    let nanos = i128::from(v) * i128::from(step);
    let between = i128::from(r.pick(&[0, 0, 1, -1]));
    let Some(text) = calendar::text(nanos + between) else {
        return Literal::Integer(v);
    };
    match r.below(12) {
        0 | 1 => Literal::Timestamp(nanos + between),
        2 => Literal::Text(text),
        3 => Literal::Text(text.replace(' ', "T") + r.pick(&["Z", "+00:00", "+02:30", "-08:00"])),
        4 => Literal::Date((nanos.div_euclid(86_400_000_000_000)) as i32),
        5 => Literal::Text(text[..10].to_string()),
        6 => match integer(r, v) {
            // Text would be a date.
            Literal::Text(_) => Literal::Integer(v),
            other => other,
        },
        _ => Literal::Integer(v),
    }
}
