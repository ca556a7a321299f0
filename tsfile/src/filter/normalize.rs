//! From an expression to a predicate: names bound to columns, literals to sets of values, every `NOT` gone.
//!
//! ```text
//! NOT (time <= 5 OR s IN (1, 2, NULL) OR NOT name LIKE 'd%')       as written
//!      time >  5 AND (s NOT IN ..) AND      name LIKE 'd%'         NOT at the leaves
//!      time >  5 AND     never     AND      name LIKE 'd%'         s NOT IN (.., NULL) is never true
//!                        never                                     folded
//! ```
//!
//! SQL has three truth values, a predicate has two: a row is kept or not. So each part is asked when it is *true*, or, under a `NOT`, when it is *false*, which
//! is another question than when it is not true: for a null both answers are no. As `AND` and `OR` never make a truth out of an unknown, that is exact.

use super::cut::Cut;
use super::like::Pattern;
use super::literal::{ValueSet, values_in};
use super::order::float_key;
use super::predicate::{Column, Kind, Predicate, Test};
use super::ranges::Ranges;
use super::{CompareOp, Expr, Literal};
use crate::error::{Error, Result};
use crate::model::Zone;
use std::collections::HashMap;
use std::sync::Arc;

/// How deep conditions of different sorts may be nested in each other. `a OR b OR c` is one level, however it is put together.
pub const MAX_DEPTH: usize = 1_000;
/// How many names an error lists.
const LISTED_NAMES: usize = 20;

/// What an expression means for these columns. Dates and times in text without a zone are UTC.
///
/// # Errors
///
/// When a name is that of no column, when a column cannot be compared with a literal or matched with a pattern, and when the expression is nested too deep.
pub fn normalize(expr: &Expr, columns: &[Column]) -> Result<Predicate> {
    normalize_in(expr, columns, Zone::UTC)
}

/// As [`normalize`], with a zone for dates and times in text that have none.
///
/// # Errors
///
/// Those of [`normalize`].
pub fn normalize_in(expr: &Expr, columns: &[Column], zone: Zone) -> Result<Predicate> {
    let mut binder = Binder {
        columns,
        zone,
        bound: HashMap::new(),
    };
    binder.true_where(expr, false, 0)
}

/// The number of the column of this name; without one, of the only one whose name differs in case alone.
///
/// # Errors
///
/// When there is none, or none that is the only one.
pub fn find_column(name: &str, columns: &[Column]) -> Result<usize> {
    if let Some(at) = columns.iter().position(|column| column.name == name) {
        return Ok(at);
    }
    let folded = name.to_lowercase();
    let alike = |column: &Column| column.name.to_lowercase() == folded;
    let mut alike = columns
        .iter()
        .enumerate()
        .filter(|(_, column)| alike(column));
    match (alike.next(), alike.next()) {
        (Some((at, _)), None) => Ok(at),
        (Some((_, one)), Some((_, other))) => Err(Error::argument(format!(
            "the name '{name}' may be the column '{}' or '{}'",
            one.name, other.name
        ))
        .hint("write it as the column has it, in double quotes where letters are large")),
        (None, _) => {
            Err(Error::argument(format!("there is no column '{name}'")).hint(listed(columns)))
        }
    }
}

/// The names that there are.
fn listed(columns: &[Column]) -> String {
    if columns.is_empty() {
        return "there are no columns at all".to_string();
    }
    let names = columns
        .iter()
        .take(LISTED_NAMES)
        .map(|column| column.name.as_str());
    let mut text = format!("the columns are {}", names.collect::<Vec<_>>().join(", "));
    if columns.len() > LISTED_NAMES {
        text.push_str(&format!(" and {} more", columns.len() - LISTED_NAMES));
    }
    text
}

/// Refuses a depth that recursion might not survive.
pub(super) fn check_depth(depth: usize) -> Result<()> {
    if depth <= MAX_DEPTH {
        return Ok(());
    }
    Err(Error::argument(format!(
        "the expression is nested deeper than {MAX_DEPTH} levels"
    ))
    .hint("put lists of values into IN, and conditions side by side"))
}

struct Binder<'a> {
    columns: &'a [Column],
    zone: Zone,
    /// Names seen before: expressions name few columns often, and columns can be many.
    bound: HashMap<&'a str, usize>,
}

impl<'a> Binder<'a> {
    fn bind(&mut self, name: &'a str) -> Result<(usize, &'a Column)> {
        let at = match self.bound.get(name) {
            Some(at) => *at,
            None => {
                let at = find_column(name, self.columns)?;
                self.bound.insert(name, at);
                at
            }
        };
        Ok((at, &self.columns[at]))
    }

    /// The rows for which the expression is true, or, if `negated`, false.
    fn true_where(&mut self, expr: &'a Expr, negated: bool, depth: usize) -> Result<Predicate> {
        check_depth(depth)?;
        match expr {
            Expr::Constant(value) => Ok(Predicate::constant(*value == Some(!negated))),
            Expr::Compare { column, op, value } => self.compare(column, *op, value, negated),
            Expr::In { column, list } => self.is_in(column, list, negated),
            Expr::IsNull { column } => {
                let (column, _) = self.bind(column)?;
                Ok(Predicate::test(column, null(!negated)))
            }
            Expr::Like {
                column,
                pattern,
                escape,
            } => self.like(column, Pattern::new(pattern, *escape)?, negated),
            Expr::Not(_) | Expr::And(_) | Expr::Or(_) => self.connective(expr, negated, depth),
        }
    }

    /// All parts that one connective joins, through nested ones of the same sort and through `NOT`, without recursion: hosts nest `a OR b OR c ...` to
    /// the left, a level for each.
    fn connective(&mut self, expr: &'a Expr, negated: bool, depth: usize) -> Result<Predicate> {
        // A negated OR joins as an AND does.
        let joins_all = |expr: &Expr, negated: bool| match expr {
            Expr::And(_) => Some(!negated),
            Expr::Or(_) => Some(negated),
            _ => None,
        };
        let (mut expr, mut negated) = (expr, negated);
        while let Expr::Not(inner) = expr {
            (expr, negated) = (inner, !negated);
        }
        let Some(all) = joins_all(expr, negated) else {
            return self.true_where(expr, negated, depth + 1);
        };
        let mut parts = Vec::new();
        let mut open = vec![(expr, negated)];
        while let Some((expr, negated)) = open.pop() {
            match expr {
                Expr::Not(inner) => open.push((inner, !negated)),
                Expr::And(inner) | Expr::Or(inner) if joins_all(expr, negated) == Some(all) => {
                    // The last one on the stack comes next.
                    open.extend(inner.iter().rev().map(|part| (part, negated)));
                }
                part => parts.push(self.true_where(part, negated, depth + 1)?),
            }
        }
        Ok(if all {
            Predicate::all(parts)
        } else {
            Predicate::any(parts)
        })
    }

    fn compare(
        &mut self,
        column: &'a str,
        op: CompareOp,
        value: &Literal,
        negated: bool,
    ) -> Result<Predicate> {
        let (number, column) = self.bind(column)?;
        let set = values_in(op, value, column, self.zone)?;
        if op != CompareOp::IsNotDistinct {
            return Ok(match set {
                Some(set) => self.in_set(number, set, negated),
                None => Predicate::Never,
            });
        }
        Ok(match set {
            None => Predicate::test(number, null(!negated)),
            Some(set) if negated => {
                let other = self.in_set(number, set, true);
                Predicate::any([Predicate::test(number, Test::IsNull), other])
            }
            Some(set) => self.in_set(number, set, false),
        })
    }

    fn is_in(&mut self, column: &'a str, list: &[Literal], negated: bool) -> Result<Predicate> {
        let (number, column) = self.bind(column)?;
        let mut has_null = false;
        let (mut numbers, mut bytes) = (Vec::new(), Vec::new());
        for value in list {
            match values_in(CompareOp::Eq, value, column, self.zone)? {
                Some(ValueSet::Numbers(set)) => numbers.push(set),
                Some(ValueSet::Bytes(set)) => bytes.push(set),
                None => has_null = true,
            }
        }
        if has_null && negated {
            return Ok(Predicate::Never);
        }
        let set = match column.kind {
            Kind::Text | Kind::Bytes => ValueSet::Bytes(Ranges::union_all(bytes)),
            _ => ValueSet::Numbers(Ranges::union_all(numbers)),
        };
        Ok(self.in_set(number, set, negated))
    }

    fn like(&mut self, column: &'a str, pattern: Pattern, negated: bool) -> Result<Predicate> {
        let (number, column) = self.bind(column)?;
        if column.kind != Kind::Text {
            return Err(Error::argument(format!(
                "LIKE is for text, which the column '{}' is not",
                column.name
            ))
            .hint("compare it with a value of its own type"));
        }
        let prefix = pattern.prefix();
        let set = if pattern.is_exact() {
            Ranges::point(prefix.as_bytes().to_vec())
        } else if pattern.is_prefix_only() {
            Ranges::starting_with(prefix)
        } else {
            let pattern = Arc::new(pattern);
            return Ok(Predicate::test(number, Test::Like { pattern, negated }));
        };
        Ok(self.in_set(number, ValueSet::Bytes(set), negated))
    }

    /// Where there is a value, and it is in the set, or is not.
    fn in_set(&self, column: usize, set: ValueSet, negated: bool) -> Predicate {
        let kind = self.columns[column].kind;
        let test = match set {
            ValueSet::Numbers(set) if negated => Test::Numbers(in_domain(&set, kind).complement()),
            ValueSet::Numbers(set) => Test::Numbers(in_domain(&set, kind)),
            ValueSet::Bytes(set) if negated => Test::Bytes(set.complement()),
            ValueSet::Bytes(set) => Test::Bytes(set),
        };
        Predicate::test(column, test)
    }
}

fn null(is_null: bool) -> Test {
    if is_null {
        Test::IsNull
    } else {
        Test::IsNotNull
    }
}

/// The same values of a column, in a set that ends where the values of its kind do either not at all or beyond them: so `b <> false` is `b = true`, and
/// nothing is above NaN.
fn in_domain(set: &Ranges<i64>, kind: Kind) -> Ranges<i64> {
    let (least, greatest) = match kind {
        Kind::Boolean => (0, 1),
        Kind::Float | Kind::Double => (float_key(f64::NEG_INFINITY), float_key(f64::NAN)),
        Kind::Date => (i32::MIN.into(), i32::MAX.into()),
        Kind::Integer | Kind::Instant { .. } | Kind::Text | Kind::Bytes => return set.clone(),
    };
    let (first, last) = (Cut::Before(least), Cut::After(greatest));
    let inside = set.iter().filter(|(lo, hi)| **lo < last && **hi > first);
    let widened = inside.map(|(lo, hi)| {
        let lo = if *lo <= first { Cut::Min } else { lo.clone() };
        let hi = if *hi >= last { Cut::Max } else { hi.clone() };
        (lo, hi)
    });
    widened.collect()
}

#[cfg(test)]
mod tests;
