//! Random expressions over random rows by three roads: as SQL defines them, evaluated as they are written, and rewritten.

use super::like::Pattern;
use super::testing::{Random, check_promises};
use super::{Column, CompareOp, Expr, Kind, Literal, normalize};
use arrow_array::{
    Array, ArrayRef, BinaryArray, BooleanArray, Date32Array, Float32Array, Float64Array,
    Int32Array, Int64Array, RecordBatch, StringArray,
};
use std::cmp::Ordering;
use std::sync::Arc;

#[derive(Debug, Clone, PartialEq)]
enum Value {
    Null,
    Bool(bool),
    Int(i64),
    Float(f64),
    Day(i32),
    Text(&'static str),
    Bytes(&'static [u8]),
}

const MS: Kind = Kind::Instant {
    step_nanos: 1_000_000,
};
const KINDS: [(&str, Kind); 9] = [
    ("time", MS),
    ("small", Kind::Integer),
    ("large", Kind::Integer),
    ("f", Kind::Float),
    ("d", Kind::Double),
    ("flag", Kind::Boolean),
    ("day", Kind::Date),
    ("name", Kind::Text),
    ("raw", Kind::Bytes),
];
const DOUBLES: [f64; 9] = [
    f64::NAN,
    f64::NEG_INFINITY,
    -1.5,
    -0.0,
    0.0,
    0.1,
    1.5,
    2.0,
    f64::INFINITY,
];
const TEXTS: [&str; 8] = ["", "a", "ab", "a%", "b", "é", "a\0", "\u{10ffff}"];
const BYTES: [&[u8]; 4] = [b"", b"a", b"a\0", b"\xff"];

fn columns() -> Vec<Column> {
    let column = |(name, kind): (&str, Kind)| Column {
        name: name.to_string(),
        kind,
    };
    KINDS.map(column).to_vec()
}

fn random_value(random: &mut Random, column: usize) -> Value {
    if column > 0 && random.below(5) == 0 {
        return Value::Null;
    }
    match column {
        0 | 1 => Value::Int(random.below(6) as i64 - 2),
        2 => Value::Int(random.pick(&[i64::MIN, -1, 0, 1, 2, i64::MAX])),
        3 => Value::Float(f64::from(random.pick(&DOUBLES) as f32)),
        4 => Value::Float(random.pick(&DOUBLES)),
        5 => Value::Bool(random.below(2) == 0),
        6 => Value::Day(random.pick(&[i32::MIN, -1, 0, 1, i32::MAX])),
        7 => Value::Text(random.pick(&TEXTS)),
        _ => Value::Bytes(random.pick(&BYTES)),
    }
}

fn random_literal(random: &mut Random, column: usize) -> Literal {
    let choice = random.below(10);
    if choice == 0 {
        return Literal::Null;
    }
    if choice < 4 && (1..5).contains(&column) {
        return match column {
            1 | 2 => Literal::Decimal {
                unscaled: random.below(40) as i128 - 20,
                scale: 1,
            },
            _ => Literal::Integer(random.below(4) as i64 - 1),
        };
    }
    match random_value(random, column) {
        Value::Null => Literal::Null,
        Value::Bool(b) => Literal::Boolean(b),
        Value::Int(n) => Literal::Integer(n),
        Value::Float(x) => Literal::Double(x),
        Value::Day(d) => Literal::Date(d),
        Value::Text(t) => Literal::Text(t.to_string()),
        Value::Bytes(b) => Literal::Bytes(b.to_vec()),
    }
}

fn random_expr(random: &mut Random, depth: usize) -> Expr {
    let choice = random.below(if depth == 0 { 8 } else { 20 });
    let at = random.below(KINDS.len());
    let column = KINDS[at].0.to_string();
    match choice {
        0 => Expr::Constant(random.pick(&[None, Some(true), Some(false)])),
        1 => Expr::IsNull { column },
        2 => Expr::In {
            column,
            list: (0..random.below(4))
                .map(|_| random_literal(random, at))
                .collect(),
        },
        3 => Expr::Like {
            column: "name".to_string(),
            pattern: random
                .pick(&["a%", "%", "_", "ab", "%b", "a!%", "a!%%"])
                .to_string(),
            escape: Some('!'),
        },
        4..8 => Expr::Compare {
            column,
            op: random.pick(&[
                CompareOp::Eq,
                CompareOp::NotEq,
                CompareOp::Lt,
                CompareOp::LtEq,
                CompareOp::Gt,
                CompareOp::GtEq,
                CompareOp::IsNotDistinct,
            ]),
            value: random_literal(random, at),
        },
        8..11 => Expr::Not(Box::new(random_expr(random, depth - 1))),
        _ => {
            let parts = (0..random.below(4).max(1)).map(|_| random_expr(random, depth - 1));
            let parts = parts.collect();
            if choice < 15 {
                Expr::And(parts)
            } else {
                Expr::Or(parts)
            }
        }
    }
}

/// How a value and a literal of its type compare; not at all where either is null.
fn order(value: &Value, literal: &Literal) -> Option<Ordering> {
    let float = |a: f64, b: f64| match (a.is_nan(), b.is_nan()) {
        (false, false) => a.partial_cmp(&b),
        (a, b) => Some(a.cmp(&b)),
    };
    match (value, literal) {
        (Value::Null, _) | (_, Literal::Null) => None,
        (Value::Bool(a), Literal::Boolean(b)) => Some(a.cmp(b)),
        (Value::Int(a), Literal::Integer(b)) => Some(a.cmp(b)),
        (Value::Int(a), Literal::Decimal { unscaled, scale: 1 }) => {
            Some((i128::from(*a) * 10).cmp(unscaled))
        }
        (Value::Float(a), Literal::Double(b)) => float(*a, *b),
        (Value::Float(a), Literal::Integer(b)) => float(*a, *b as f64),
        (Value::Day(a), Literal::Date(b)) => Some(a.cmp(b)),
        (Value::Text(a), Literal::Text(b)) => Some(a.as_bytes().cmp(b.as_bytes())),
        (Value::Bytes(a), Literal::Bytes(b)) => Some((*a).cmp(b.as_slice())),
        other => panic!("{other:?}"),
    }
}

/// What SQL says an expression is for a row.
fn truth(expr: &Expr, row: &[Value]) -> Option<bool> {
    let value = |name: &str| &row[KINDS.iter().position(|(n, _)| *n == name).unwrap()];
    match expr {
        Expr::Constant(value) => *value,
        Expr::IsNull { column } => Some(*value(column) == Value::Null),
        Expr::Compare {
            column,
            op: CompareOp::IsNotDistinct,
            value: literal,
        } => Some(match (value(column), literal) {
            (Value::Null, Literal::Null) => true,
            (value, literal) => order(value, literal) == Some(Ordering::Equal),
        }),
        Expr::Compare {
            column,
            op,
            value: literal,
        } => order(value(column), literal).map(|order| match op {
            CompareOp::Eq | CompareOp::IsNotDistinct => order.is_eq(),
            CompareOp::NotEq => order.is_ne(),
            CompareOp::Lt => order.is_lt(),
            CompareOp::LtEq => order.is_le(),
            CompareOp::Gt => order.is_gt(),
            CompareOp::GtEq => order.is_ge(),
        }),
        Expr::In { column, list } => {
            let value = value(column);
            if *value == Value::Null {
                None
            } else if list
                .iter()
                .any(|l| order(value, l) == Some(Ordering::Equal))
            {
                Some(true)
            } else if list.contains(&Literal::Null) {
                None
            } else {
                Some(false)
            }
        }
        Expr::Like {
            column,
            pattern,
            escape,
        } => match value(column) {
            Value::Text(text) => Some(Pattern::new(pattern, *escape).unwrap().matches(text)),
            _ => None,
        },
        Expr::Not(inner) => truth(inner, row).map(|value| !value),
        // False < null < true: AND is the least, OR the greatest.
        Expr::And(parts) => {
            let least = parts.iter().map(|part| rank(truth(part, row))).min();
            unrank(least.unwrap_or(2))
        }
        Expr::Or(parts) => {
            let greatest = parts.iter().map(|part| rank(truth(part, row))).max();
            unrank(greatest.unwrap_or(0))
        }
    }
}

fn rank(truth: Option<bool>) -> u8 {
    truth.map_or(1, |value| if value { 2 } else { 0 })
}

fn unrank(rank: u8) -> Option<bool> {
    (rank != 1).then_some(rank == 2)
}

fn batch(rows: &[Vec<Value>]) -> RecordBatch {
    macro_rules! array {
        ($array:ty, $at:expr, $pattern:pat => $value:expr) => {
            Arc::new(
                rows.iter()
                    .map(|row| match row[$at] {
                        $pattern => Some($value),
                        _ => None,
                    })
                    .collect::<$array>(),
            ) as ArrayRef
        };
    }
    let arrays = [
        array!(Int64Array, 0, Value::Int(n) => n),
        array!(Int32Array, 1, Value::Int(n) => n as i32),
        array!(Int64Array, 2, Value::Int(n) => n),
        array!(Float32Array, 3, Value::Float(x) => x as f32),
        array!(Float64Array, 4, Value::Float(x) => x),
        array!(BooleanArray, 5, Value::Bool(b) => b),
        array!(Date32Array, 6, Value::Day(d) => d),
        array!(StringArray, 7, Value::Text(t) => t),
        array!(BinaryArray, 8, Value::Bytes(b) => b),
    ];
    let named = KINDS.iter().zip(arrays);
    RecordBatch::try_from_iter(named.map(|((name, _), array)| (*name, array))).unwrap()
}

#[test]
fn all_roads_lead_to_the_same_rows() {
    let mut random = Random(12);
    let columns = columns();
    let mut selective = 0;
    for _ in 0..6_000 {
        let expr = random_expr(&mut random, 4);
        let rows: Vec<Vec<Value>> = (0..24)
            .map(|_| {
                (0..KINDS.len())
                    .map(|c| random_value(&mut random, c))
                    .collect()
            })
            .collect();
        let batch = batch(&rows);
        let defined: Vec<Option<bool>> = rows.iter().map(|row| truth(&expr, row)).collect();
        let written = expr.evaluate(&batch, &columns).unwrap();
        assert!(written.iter().eq(defined.iter().copied()), "{expr}");

        let predicate = normalize(&expr, &columns).unwrap();
        check_promises(&predicate);
        let column = |at: usize| Some(batch.column(at).as_ref() as &dyn Array);
        let kept = predicate.evaluate(rows.len(), &column).unwrap();
        let is_true = defined.iter().map(|truth| *truth == Some(true));
        assert!(kept.iter().eq(is_true), "{expr}\n{predicate:?}");
        selective += usize::from(kept.has_true() && kept.has_false());

        let again = predicate.to_expr(&columns);
        assert_eq!(normalize(&again, &columns).unwrap(), predicate, "{again}");
        let read = Expr::parse(&again.to_string()).unwrap();
        assert_eq!(normalize(&read, &columns).unwrap(), predicate, "{again}");
    }
    assert!(selective > 2_000, "{selective}");
}
