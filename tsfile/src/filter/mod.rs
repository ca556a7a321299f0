//! Predicates: what is asked of rows, and what that means for files.
//!
//! An [`Expr`] is what a user or a host program wrote: names and literals, three-valued as in SQL. Bound to the columns of a scan it becomes a
//! [`Predicate`], in which every `NOT` is gone and every test is a set of values of one column: unions and intersections of such sets say exactly
//! what `AND`, `OR`, `IN` and `BETWEEN` mean, and whether statistics leave anything of them is one comparison of ranges.

#[cfg(test)]
mod agreement;
mod build;
mod by_device;
mod cut;
mod eval;
mod expr;
mod like;
mod literal;
mod normalize;
mod order;
mod parse;
mod place;
mod plain;
mod predicate;
mod prune;
mod ranges;
mod specialize;
#[cfg(test)]
mod testing;
mod text;
mod to_expr;
mod words;

pub use build::{Col, col};
pub use by_device::{Branch, Disjunction, MAX_BRANCHES, by_device};
pub use cut::{Cut, Ordered};
pub use expr::{CompareOp, Expr, Literal};
pub use like::Pattern;
pub use literal::{ValueSet, values, values_in};
pub use normalize::{MAX_DEPTH, find_column, normalize, normalize_in};
pub use order::{float_key, key_float};
pub use predicate::{Column, Constant, Kind, Predicate, Test};
pub use prune::{ColumnStats, possible_times};
pub use ranges::Ranges;
