//! What an expression means for the columns at hand: no `NOT`, no names, no literals, only sets of values.

use super::ranges::Ranges;
use std::sync::Arc;

/// A column that a predicate can name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Column {
    /// Its name.
    pub name: String,
    /// What it holds.
    pub kind: Kind,
}

/// What a column holds, as a comparison sees it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// BOOLEAN: false before true.
    Boolean,
    /// Integers of any width.
    Integer,
    /// FLOAT
    Float,
    /// DOUBLE
    Double,
    /// Days since 1970-01-01.
    Date,
    /// Instants as integers, each step so many nanoseconds: the time column, TIMESTAMP.
    Instant {
        /// Nanoseconds of one step.
        step_nanos: i64,
    },
    /// Text, ordered by its bytes.
    Text,
    /// Bytes.
    Bytes,
}

/// A condition on rows in which no `NOT` is left: a test that is null counts as one that is not true, wherever it stands.
#[derive(Debug, Clone, PartialEq)]
pub enum Predicate {
    /// Every row.
    Always,
    /// No row.
    Never,
    /// Rows whose column number `column` passes a test.
    Test {
        /// Number of the column, in the columns that the predicate was bound to.
        column: usize,
        /// What it has to pass.
        test: Test,
    },
    /// Rows that all of these keep; two at least, none of them an `All`, no two a set of the same column.
    All(Vec<Predicate>),
    /// Rows that any of these keeps; two at least, none of them an `Any`, no two a set of the same column.
    Any(Vec<Predicate>),
}

/// A test of one column. All but [`Test::IsNull`] are false for null.
#[derive(Debug, Clone, PartialEq)]
pub enum Test {
    /// There is no value.
    IsNull,
    /// There is a value.
    IsNotNull,
    /// The value is one of these numbers, see [`Kind`]: booleans as 0 and 1, floating point numbers as integers of the same order.
    Numbers(Ranges<i64>),
    /// The bytes of the value are one of these.
    Bytes(Ranges<Vec<u8>>),
    /// The text matches a pattern, or does not.
    Like {
        /// The pattern, compiled.
        pattern: Arc<super::Pattern>,
        /// Whether it must not match.
        negated: bool,
    },
}
