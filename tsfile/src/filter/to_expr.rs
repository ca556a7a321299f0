//! Predicates written down as expressions again, so that people can read what became of theirs.

use super::cut::{Cut, Ordered};
use super::like::Pattern;
use super::order::{float_key, key_float};
use super::predicate::{Column, Kind, Predicate, Test};
use super::ranges::{Ranges, after_prefix, only};
use super::{CompareOp, Expr, Literal};

impl Predicate {
    /// An expression that means this predicate: [`super::normalize`] makes the same one of it. `columns` are those that it is bound to.
    pub fn to_expr(&self, columns: &[Column]) -> Expr {
        match self {
            Self::Always => Expr::Constant(Some(true)),
            Self::Never => Expr::Constant(Some(false)),
            Self::All(parts) => joined(parts.iter().map(|part| part.to_expr(columns)), true),
            Self::Any(parts) => joined(parts.iter().map(|part| part.to_expr(columns)), false),
            Self::Test { column, test } => {
                let (name, kind) = match columns.get(*column) {
                    Some(column) => (column.name.clone(), column.kind),
                    None => (format!("column {column}"), Kind::Integer),
                };
                Named { name, kind }.test(test)
            }
        }
    }
}

/// `AND` of these, or `OR`, those of the same sort among them taken apart.
fn joined(parts: impl Iterator<Item = Expr>, all: bool) -> Expr {
    let mut flat = Vec::new();
    for part in parts {
        match part {
            Expr::And(inner) if all => flat.extend(inner),
            Expr::Or(inner) if !all => flat.extend(inner),
            other => flat.push(other),
        }
    }
    match flat.len() {
        1 => flat.pop().unwrap_or(Expr::Constant(Some(all))),
        _ if all => Expr::And(flat),
        _ => Expr::Or(flat),
    }
}

/// A column, as its tests are written down.
struct Named {
    name: String,
    kind: Kind,
}

impl Named {
    fn test(&self, test: &Test) -> Expr {
        match test {
            Test::IsNull => self.is_null(),
            Test::IsNotNull => not(self.is_null()),
            Test::Numbers(set) if self.kind == Kind::Boolean && set.iter().len() == 1 => {
                self.compare(CompareOp::Eq, Literal::Boolean(set.contains(&1)))
            }
            Test::Numbers(set) => self.set(&self.up_to_nan(set), &|n| self.number(*n)),
            Test::Bytes(set) => self.set(set, &|bytes| self.bytes(bytes)),
            Test::Like { pattern, negated } => {
                let like = self.like(pattern);
                if *negated { not(like) } else { like }
            }
        }
    }

    fn is_null(&self) -> Expr {
        Expr::IsNull {
            column: self.name.clone(),
        }
    }

    fn compare(&self, op: CompareOp, value: Literal) -> Expr {
        Expr::Compare {
            column: self.name.clone(),
            op,
            value,
        }
    }

    fn like(&self, pattern: &Pattern) -> Expr {
        Expr::Like {
            column: self.name.clone(),
            pattern: pattern.text().to_string(),
            escape: pattern.escape(),
        }
    }

    fn number(&self, n: i64) -> Literal {
        match self.kind {
            Kind::Boolean => Literal::Boolean(n > 0),
            Kind::Float | Kind::Double => Literal::Double(key_float(n)),
            Kind::Date => i32::try_from(n).map_or(Literal::Integer(n), Literal::Date),
            Kind::Integer | Kind::Instant { .. } | Kind::Text | Kind::Bytes => Literal::Integer(n),
        }
    }

    fn bytes(&self, bytes: &[u8]) -> Literal {
        match std::str::from_utf8(bytes) {
            Ok(text) if self.kind == Kind::Text => Literal::Text(text.to_string()),
            _ => Literal::Bytes(bytes.to_vec()),
        }
    }

    /// From NaN on there is only NaN, which reads better as a value than as a range.
    fn up_to_nan(&self, set: &Ranges<i64>) -> Ranges<i64> {
        let nan = float_key(f64::NAN);
        match set.hull() {
            Some((_, Cut::Max)) if matches!(self.kind, Kind::Float | Kind::Double) => {
                let shorter = set.intersect(&Ranges::below(nan, true));
                let last = shorter.iter().last().and_then(|(lo, hi)| only(lo, hi));
                if last == Some(nan) {
                    shorter
                } else {
                    set.clone()
                }
            }
            _ => set.clone(),
        }
    }

    /// Single values as a list and ranges beside it; where there are only holes between ranges, what the holes are not.
    fn set<T: Ordered + Prefixed>(&self, set: &Ranges<T>, literal: &dyn Fn(&T) -> Literal) -> Expr {
        let Some((low, high)) = set.hull() else {
            return Expr::Constant(Some(false));
        };
        let whole = Ranges::between(low.clone(), high.clone());
        let holes = whole.intersect(&set.complement());
        let simple = |lo: &Cut<T>, hi: &Cut<T>| {
            only(lo, hi).is_some() || T::prefix(lo, hi, self.kind).is_some()
        };
        let by_holes = !holes.is_none() && holes.iter().all(|(lo, hi)| simple(lo, hi));
        if by_holes && set.points().is_none() {
            let bounds = (!whole.is_all()).then(|| self.range(low, high, literal));
            let negated = self.pieces(&holes, literal).into_iter().map(not_in);
            return joined(bounds.into_iter().flat_map(and_parts).chain(negated), true);
        }
        joined(self.pieces(set, literal).into_iter(), false)
    }

    /// The single values as one condition, and each range as one.
    fn pieces<T: Ordered + Prefixed>(
        &self,
        set: &Ranges<T>,
        literal: &dyn Fn(&T) -> Literal,
    ) -> Vec<Expr> {
        let mut pieces = Vec::new();
        let mut points = Vec::new();
        for (lo, hi) in set.iter() {
            match only(lo, hi) {
                Some(value) => points.push(literal(&value)),
                None => pieces.push(self.range(lo, hi, literal)),
            }
        }
        match points.len() {
            0 => {}
            1 => pieces.extend(points.pop().map(|value| self.compare(CompareOp::Eq, value))),
            _ => pieces.insert(
                0,
                Expr::In {
                    column: self.name.clone(),
                    list: points,
                },
            ),
        }
        pieces
    }

    fn range<T: Ordered + Prefixed>(
        &self,
        lo: &Cut<T>,
        hi: &Cut<T>,
        literal: &dyn Fn(&T) -> Literal,
    ) -> Expr {
        if let Some(prefix) = T::prefix(lo, hi, self.kind) {
            return self.like(&Pattern::starting_with(prefix));
        }
        let low = match lo {
            Cut::Min | Cut::Max => None,
            Cut::Before(v) => Some(self.compare(CompareOp::GtEq, literal(v))),
            Cut::After(v) => Some(self.compare(CompareOp::Gt, literal(v))),
        };
        let high = match hi {
            Cut::Min | Cut::Max => None,
            Cut::Before(v) => Some(self.compare(CompareOp::Lt, literal(v))),
            Cut::After(v) => Some(self.compare(CompareOp::LtEq, literal(v))),
        };
        let bounds: Vec<_> = low.into_iter().chain(high).collect();
        if bounds.is_empty() {
            return not(self.is_null());
        }
        joined(bounds.into_iter(), true)
    }
}

fn not(expr: Expr) -> Expr {
    Expr::Not(Box::new(expr))
}

/// The opposite of what [`Named::pieces`] gives.
fn not_in(expr: Expr) -> Expr {
    match expr {
        Expr::Compare {
            column,
            op: CompareOp::Eq,
            value,
        } => Expr::Compare {
            column,
            op: CompareOp::NotEq,
            value,
        },
        other => not(other),
    }
}

fn and_parts(expr: Expr) -> Vec<Expr> {
    match expr {
        Expr::And(parts) => parts,
        other => vec![other],
    }
}

/// Values that may have prefixes.
trait Prefixed: Sized {
    /// What all texts between two cuts, and no others, begin with.
    fn prefix<'a>(lo: &'a Cut<Self>, hi: &Cut<Self>, kind: Kind) -> Option<&'a str>;
}

impl Prefixed for i64 {
    fn prefix<'a>(_: &'a Cut<Self>, _: &Cut<Self>, _: Kind) -> Option<&'a str> {
        None
    }
}

impl Prefixed for Vec<u8> {
    fn prefix<'a>(lo: &'a Cut<Self>, hi: &Cut<Self>, kind: Kind) -> Option<&'a str> {
        let (Cut::Before(start), Cut::Before(end), Kind::Text) = (lo, hi, kind) else {
            return None;
        };
        let prefix = std::str::from_utf8(start).ok()?;
        (after_prefix(prefix)?.as_bytes() == end.as_slice()).then_some(prefix)
    }
}
