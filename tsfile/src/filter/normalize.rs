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

use super::like::Pattern;
use super::literal::{ValueSet, values_in};
use super::order::float_key;
use super::predicate::{Column, Kind, Predicate, Test};
use super::ranges::{Cut, Ranges};
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
mod tests {
    use super::*;

    fn columns() -> Vec<Column> {
        let step_nanos = 1_000_000;
        [
            ("time", Kind::Instant { step_nanos }),
            ("s1", Kind::Integer),
            ("S2", Kind::Double),
            ("name", Kind::Text),
            ("on", Kind::Boolean),
            ("Status", Kind::Integer),
            ("STATUS", Kind::Integer),
        ]
        .map(|(name, kind)| Column {
            name: name.to_string(),
            kind,
        })
        .to_vec()
    }

    fn compare(column: &str, op: CompareOp, value: Literal) -> Expr {
        Expr::Compare {
            column: column.to_string(),
            op,
            value,
        }
    }

    fn s1(op: CompareOp, value: i64) -> Expr {
        compare("s1", op, Literal::Integer(value))
    }

    fn not(expr: Expr) -> Expr {
        Expr::Not(Box::new(expr))
    }

    fn normal(expr: &Expr) -> Predicate {
        normalize(expr, &columns()).unwrap()
    }

    fn numbers(column: usize, set: Ranges<i64>) -> Predicate {
        Predicate::test(column, Test::Numbers(set))
    }

    #[test]
    fn ranges_of_one_column_are_one_set() {
        let expr = Expr::And(vec![
            compare("time", CompareOp::Gt, Literal::Integer(1_588_953_600_000)),
            compare("time", CompareOp::Lt, Literal::Integer(1_589_040_000_000)),
            compare(
                "name",
                CompareOp::Eq,
                Literal::Text("root.group1.d1".into()),
            ),
        ]);
        let open = Ranges::between(
            Cut::After(1_588_953_600_000),
            Cut::Before(1_589_040_000_000),
        );
        let name = Test::Bytes(Ranges::point(b"root.group1.d1".to_vec()));
        let expected = [numbers(0, open), Predicate::test(3, name)];
        assert_eq!(normal(&expr), Predicate::All(expected.to_vec()));
        // It is written down as it was.
        assert_eq!(normal(&expr).to_expr(&columns()), expr);
    }

    #[test]
    fn not_goes_to_the_leaves() {
        let expr = not(Expr::Or(vec![
            s1(CompareOp::LtEq, 5),
            not(compare("on", CompareOp::Eq, Literal::Boolean(true))),
        ]));
        let expected = [
            numbers(1, Ranges::above(5, false)),
            numbers(4, Ranges::above(1, true)),
        ];
        assert_eq!(normal(&expr), Predicate::All(expected.to_vec()));
        assert_eq!(
            normal(&not(not(not(s1(CompareOp::Eq, 1))))),
            normal(&s1(CompareOp::NotEq, 1))
        );
    }

    #[test]
    fn nulls_are_never_true_and_never_false() {
        let null = compare("s1", CompareOp::NotEq, Literal::Null);
        assert_eq!(normal(&null), Predicate::Never);
        assert_eq!(normal(&not(null)), Predicate::Never);
        assert_eq!(normal(&not(Expr::Constant(None))), Predicate::Never);
        let list = |list: &[Literal]| Expr::In {
            column: "s1".to_string(),
            list: list.to_vec(),
        };
        let with_null = list(&[Literal::Integer(1), Literal::Null]);
        assert_eq!(normal(&with_null), numbers(1, Ranges::point(1)));
        assert_eq!(normal(&not(with_null)), Predicate::Never);
        assert_eq!(normal(&list(&[])), Predicate::Never);
        assert_eq!(normal(&not(list(&[]))), Predicate::test(1, Test::IsNotNull));
        let same = compare("s1", CompareOp::IsNotDistinct, Literal::Null);
        assert_eq!(normal(&same), Predicate::test(1, Test::IsNull));
        assert_eq!(normal(&not(same)), Predicate::test(1, Test::IsNotNull));
        let distinct = not(s1(CompareOp::IsNotDistinct, 3));
        let other = numbers(1, Ranges::point(3).complement());
        let expected = Predicate::Any(vec![Predicate::test(1, Test::IsNull), other]);
        assert_eq!(normal(&distinct), expected);
    }

    #[test]
    fn sets_know_what_a_kind_can_hold() {
        let on = |op, value| normal(&compare("on", op, Literal::Boolean(value)));
        assert_eq!(on(CompareOp::NotEq, false), on(CompareOp::Eq, true));
        assert_eq!(
            on(CompareOp::GtEq, false),
            Predicate::test(4, Test::IsNotNull)
        );
        assert_eq!(on(CompareOp::Gt, true), Predicate::Never);
        let s2 = |op, value| normal(&compare("S2", op, Literal::Double(value)));
        assert_eq!(s2(CompareOp::Gt, f64::NAN), Predicate::Never);
        assert_eq!(
            s2(CompareOp::LtEq, f64::NAN),
            Predicate::test(2, Test::IsNotNull)
        );
        assert_eq!(
            s2(CompareOp::GtEq, f64::NEG_INFINITY),
            Predicate::test(2, Test::IsNotNull)
        );
        let nan = s2(CompareOp::Eq, f64::NAN);
        assert_eq!(nan, s2(CompareOp::Gt, f64::INFINITY));
        assert!(nan.to_expr(&columns()).to_string().contains('='));
    }

    #[test]
    fn patterns_that_are_ranges_become_ranges() {
        let like = |pattern: &str| {
            normal(&Expr::Like {
                column: "name".to_string(),
                pattern: pattern.to_string(),
                escape: None,
            })
        };
        let bytes = |set| Predicate::test(3, Test::Bytes(set));
        assert_eq!(like("root.ln.%"), bytes(Ranges::starting_with("root.ln.")));
        assert_eq!(like("abc"), bytes(Ranges::point(b"abc".to_vec())));
        assert_eq!(like("%"), Predicate::test(3, Test::IsNotNull));
        assert!(matches!(
            like("a%b"),
            Predicate::Test {
                test: Test::Like { negated: false, .. },
                ..
            }
        ));
        let on_numbers = Expr::Like {
            column: "s1".to_string(),
            pattern: "a%".to_string(),
            escape: None,
        };
        let error = normalize(&on_numbers, &columns()).unwrap_err().to_string();
        assert!(error.contains("'s1'"), "{error}");
    }

    #[test]
    fn names_are_exact_or_the_only_one() {
        let bound = |name: &str| find_column(name, &columns());
        assert_eq!(bound("s2").unwrap(), 2);
        assert_eq!(bound("STATUS").unwrap(), 6);
        let error = bound("status").unwrap_err().to_string();
        assert!(
            error.contains("'Status'") && error.contains("'STATUS'"),
            "{error}"
        );
        let error = bound("s3").unwrap_err().to_string();
        assert!(
            error.contains("'s3'") && error.contains("time, s1, S2"),
            "{error}"
        );
        let many: Vec<Column> = (0..50)
            .map(|k| Column {
                name: format!("m{k}"),
                kind: Kind::Integer,
            })
            .collect();
        let error = find_column("x", &many).unwrap_err().to_string();
        assert!(
            error.contains("m19 and 30 more") && !error.contains("m20"),
            "{error}"
        );
    }

    #[test]
    fn long_chains_are_no_depth_but_alternation_is() {
        let chain = (0..20_000).fold(s1(CompareOp::Eq, 0), |chain, k| {
            if k % 2 == 0 {
                Expr::Or(vec![chain, s1(CompareOp::Eq, k)])
            } else {
                not(Expr::And(vec![not(chain), s1(CompareOp::NotEq, k)]))
            }
        });
        let set = Ranges::between(Cut::Before(0), Cut::Before(20_000));
        assert_eq!(normal(&chain), numbers(1, set));
        // To drop it is as deep as to walk it.
        let mut rest = vec![chain];
        while let Some(expr) = rest.pop() {
            match expr {
                Expr::Not(inner) => rest.push(*inner),
                Expr::And(parts) | Expr::Or(parts) => rest.extend(parts),
                _ => {}
            }
        }
        let deep = |levels| {
            (0..levels).fold(s1(CompareOp::Eq, 0), |inner, k| {
                let parts = vec![inner, compare("time", CompareOp::Gt, Literal::Integer(k))];
                if k % 2 == 0 {
                    Expr::And(parts)
                } else {
                    Expr::Or(parts)
                }
            })
        };
        assert!(normalize(&deep(MAX_DEPTH as i64 - 1), &columns()).is_ok());
        let error = normalize(&deep(MAX_DEPTH as i64 + 1), &columns()).unwrap_err();
        assert!(error.to_string().contains("nested"), "{error}");
    }

    #[test]
    fn long_lists_are_sorted_once() {
        let names = (0..10_000)
            .rev()
            .map(|k| Literal::Text(format!("root.d{k:05}")));
        let expr = Expr::In {
            column: "name".to_string(),
            list: names.collect(),
        };
        let Predicate::Test {
            test: Test::Bytes(set),
            ..
        } = normal(&expr)
        else {
            panic!("not a set")
        };
        assert_eq!(set.iter().len(), 10_000);
        assert!(set.contains(b"root.d04711".as_slice()) && !set.contains(b"root.d".as_slice()));
    }

    #[test]
    fn what_is_left_reads_as_people_write() {
        let column = |test| {
            Predicate::test(1, Test::Numbers(test))
                .to_expr(&columns())
                .to_string()
        };
        let points = |points: &[i64]| Ranges::union_all(points.iter().map(|p| Ranges::point(*p)));
        assert_eq!(column(Ranges::above(5, false)), "s1 > 5");
        assert_eq!(column(points(&[3])), "s1 = 3");
        assert_eq!(column(points(&[3]).complement()), "s1 <> 3");
        assert_eq!(column(points(&[7, 3])), "s1 IN (3, 7)");
        let unlike = points(&[3]).complement().intersect(&Ranges::below(9, true));
        assert_eq!(column(unlike), "s1 <= 9 AND s1 <> 3");
        let prefix = Predicate::test(3, Test::Bytes(Ranges::starting_with("root.ln.")));
        assert_eq!(
            prefix.to_expr(&columns()).to_string(),
            "name LIKE 'root.ln.%'"
        );
    }
}
