//! Conditions built in Rust.
//!
//! ```
//! use tsfile::filter::{Expr, col};
//!
//! let warm = col("temperature").gt(20.5).and(col("device_name").starts_with("root.ln."));
//! assert_eq!(warm, Expr::parse("temperature > 2.05e1 AND device_name LIKE 'root.ln.%'")?);
//! # Ok::<(), tsfile::Error>(())
//! ```

use super::{CompareOp, Expr, Literal, Pattern};
use std::ops::Not;

/// A column, to be compared with something.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Col(String);

/// The column of this name.
pub fn col(name: impl Into<String>) -> Col {
    Col(name.into())
}

impl Col {
    /// Any comparison.
    pub fn compare(&self, op: CompareOp, value: impl Into<Literal>) -> Expr {
        Expr::Compare {
            column: self.0.clone(),
            op,
            value: value.into(),
        }
    }

    /// `=`
    pub fn eq(&self, value: impl Into<Literal>) -> Expr {
        self.compare(CompareOp::Eq, value)
    }

    /// `<>`
    pub fn not_eq(&self, value: impl Into<Literal>) -> Expr {
        self.compare(CompareOp::NotEq, value)
    }

    /// `<`
    pub fn lt(&self, value: impl Into<Literal>) -> Expr {
        self.compare(CompareOp::Lt, value)
    }

    /// `<=`
    pub fn lt_eq(&self, value: impl Into<Literal>) -> Expr {
        self.compare(CompareOp::LtEq, value)
    }

    /// `>`
    pub fn gt(&self, value: impl Into<Literal>) -> Expr {
        self.compare(CompareOp::Gt, value)
    }

    /// `>=`
    pub fn gt_eq(&self, value: impl Into<Literal>) -> Expr {
        self.compare(CompareOp::GtEq, value)
    }

    /// `IS NOT DISTINCT FROM`
    pub fn is_not_distinct(&self, value: impl Into<Literal>) -> Expr {
        self.compare(CompareOp::IsNotDistinct, value)
    }

    /// `BETWEEN`: both ends included.
    pub fn between(&self, low: impl Into<Literal>, high: impl Into<Literal>) -> Expr {
        self.gt_eq(low).and(self.lt_eq(high))
    }

    /// `IN`
    pub fn is_in<L: Into<Literal>>(&self, list: impl IntoIterator<Item = L>) -> Expr {
        Expr::In {
            column: self.0.clone(),
            list: list.into_iter().map(Into::into).collect(),
        }
    }

    /// `IS NULL`
    pub fn is_null(&self) -> Expr {
        Expr::IsNull {
            column: self.0.clone(),
        }
    }

    /// `IS NOT NULL`
    pub fn is_not_null(&self) -> Expr {
        !self.is_null()
    }

    /// `LIKE`, without an escape character.
    pub fn like(&self, pattern: impl Into<String>) -> Expr {
        Expr::Like {
            column: self.0.clone(),
            pattern: pattern.into(),
            escape: None,
        }
    }

    /// Whether the text begins with `prefix`, whatever is in it.
    pub fn starts_with(&self, prefix: &str) -> Expr {
        let pattern = Pattern::starting_with(prefix);
        Expr::Like {
            column: self.0.clone(),
            pattern: pattern.text().to_owned(),
            escape: pattern.escape(),
        }
    }
}

impl Expr {
    /// Both; more of them make one long `AND`.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        match self {
            Self::And(mut list) => {
                list.push(other);
                Self::And(list)
            }
            first => Self::And(vec![first, other]),
        }
    }

    /// Either; more of them make one long `OR`.
    #[must_use]
    pub fn or(self, other: Self) -> Self {
        match self {
            Self::Or(mut list) => {
                list.push(other);
                Self::Or(list)
            }
            first => Self::Or(vec![first, other]),
        }
    }
}

impl Not for Expr {
    type Output = Self;

    fn not(self) -> Self {
        Self::Not(Box::new(self))
    }
}

/// A literal from a value of Rust.
macro_rules! literal_from {
    ($($from:ty => |$value:ident| $literal:expr;)*) => {
        $(impl From<$from> for Literal {
            fn from($value: $from) -> Self {
                $literal
            }
        })*
    };
}

literal_from! {
    bool => |v| Self::Boolean(v);
    i32 => |v| Self::Integer(v.into());
    i64 => |v| Self::Integer(v);
    f32 => |v| Self::Double(v.into());
    f64 => |v| Self::Double(v);
    &str => |v| Self::Text(v.to_owned());
    String => |v| Self::Text(v);
    &[u8] => |v| Self::Bytes(v.to_vec());
    Vec<u8> => |v| Self::Bytes(v);
}

impl<T: Into<Literal>> From<Option<T>> for Literal {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Into::into)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_built_is_what_is_read() {
        let a = || col("a");
        for (built, sql) in [
            (a().eq(5), "a = 5"),
            (a().not_eq(5_i64), "a <> 5"),
            (a().lt(1.5), "a < 1.5e0"),
            (a().lt_eq(0.5_f32), "a <= 5e-1"),
            (a().gt("x"), "a > 'x'"),
            (a().gt_eq(String::from("x")), "a >= 'x'"),
            (a().is_not_distinct(true), "a <=> TRUE"),
            (a().eq(vec![10_u8]), "a = X'0a'"),
            (a().eq(&[10_u8][..]), "a = X'0a'"),
            (a().eq(None::<i32>), "a = NULL"),
            (a().between(1, 2), "a BETWEEN 1 AND 2"),
            (a().is_in([Some(1), None]), "a IN (1, NULL)"),
            (a().is_null(), "a IS NULL"),
            (a().is_not_null(), "a IS NOT NULL"),
            (!a().like("x_%"), "a NOT LIKE 'x_%'"),
            (a().starts_with("100%"), "STARTS_WITH(a, '100%')"),
            (
                a().eq(1).and(a().eq(2)).and(a().eq(3)),
                "a = 1 AND a = 2 AND a = 3",
            ),
            (
                a().eq(1).or(a().eq(2)).or(a().eq(3)),
                "a = 1 OR a = 2 OR a = 3",
            ),
            (
                a().eq(1).or(a().eq(2)).and(a().eq(3)),
                "(a = 1 OR a = 2) AND a = 3",
            ),
        ] {
            assert_eq!(built, Expr::parse(sql).unwrap(), "{sql}");
        }
    }
}
