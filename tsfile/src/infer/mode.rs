//! What several files may disagree about, and the type that a column has then.

use crate::arrow::widen;
use crate::model::{DataType, Form};

/// What happens when files do not have the same columns. Between the devices of one file types always widen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SchemaMode {
    /// Files must have the same columns, or it is an error that names two files and what differs.
    Strict,
    /// Columns are matched by name and must have the same type; a file without a column has nulls in it.
    Union,
    /// As union, and types widen: INT32 to INT64, INT32 and FLOAT to DOUBLE, TEXT to STRING.
    Widen,
}

impl SchemaMode {
    /// What holds where nothing is asked for: files must agree about a table; tree devices belong to their file, and columns are united.
    pub fn default_of(form: Form) -> Self {
        match form {
            Form::Table => Self::Strict,
            Form::Wide | Form::Narrow => Self::Union,
        }
    }

    /// As options and the command line spell it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Strict => "strict",
            Self::Union => "union",
            Self::Widen => "widen",
        }
    }
}

/// How types come together.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Rules {
    pub(crate) mode: SchemaMode,
    /// Whether types may be joined to one that does not hold every value of both.
    pub(crate) lossy: bool,
}

/// The type of a column that holds values of both, or `None` when there is none.
pub(crate) fn join(a: DataType, b: DataType, lossy: bool) -> Option<DataType> {
    use DataType::{Double, Float, Int64};
    widen(a, b).or(match (a, b) {
        (Int64, Float | Double) | (Float | Double, Int64) if lossy => Some(Double),
        _ => None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The type must not depend on which file comes first.
    #[test]
    fn joining_is_commutative_and_associative() {
        let types: Vec<DataType> = (0..=12u8)
            .filter_map(|code| DataType::try_from(code).ok())
            .collect();
        assert!(types.len() > 10);
        for lossy in [false, true] {
            for &a in &types {
                for &b in &types {
                    assert_eq!(join(a, b, lossy), join(b, a, lossy));
                    for &c in &types {
                        let left = join(a, b, lossy).and_then(|ab| join(ab, c, lossy));
                        let right = join(b, c, lossy).and_then(|bc| join(a, bc, lossy));
                        assert_eq!(left, right, "{a} {b} {c} {lossy}");
                        // Errors name two types: whatever cannot be joined has two that cannot.
                        let pairs = [(a, b), (a, c), (b, c)];
                        let fits = pairs.iter().all(|(x, y)| join(*x, *y, lossy).is_some());
                        assert_eq!(left.is_some(), fits, "{a} {b} {c} {lossy}");
                    }
                }
            }
        }
    }

    #[test]
    fn what_loses_bits_is_asked_for() {
        use DataType::{Boolean, Double, Float, Int64};
        assert_eq!(join(Int64, Double, false), None);
        assert_eq!(join(Int64, Double, true), Some(Double));
        assert_eq!(join(Float, Int64, true), Some(Double));
        assert_eq!(join(Boolean, Int64, true), None);
    }
}
