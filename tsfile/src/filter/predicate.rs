//! What an expression means for the columns at hand: no `NOT`, no names, no literals, only sets of values.

use super::cut::Ordered;
use super::like::Pattern;
use super::ranges::Ranges;
use std::collections::{HashMap, HashSet};
use std::hash::{Hash, Hasher};
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
///
/// [`Predicate::all`], [`Predicate::any`] and [`Predicate::test`] build what each variant promises.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
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
#[derive(Debug, Clone, PartialEq, Eq)]
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
        pattern: Arc<Pattern>,
        /// Whether it must not match.
        negated: bool,
    },
}

/// A value that a column has in every row looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Constant<'a> {
    /// None.
    Null,
    /// A number, as [`Test::Numbers`] has it.
    Number(i64),
    /// The bytes of a text or of bytes.
    Bytes(&'a [u8]),
}

impl Test {
    /// Whether one value passes; none of another kind than the test is for does.
    pub fn accepts(&self, value: Constant<'_>) -> bool {
        match (self, value) {
            (Self::IsNull, value) => value == Constant::Null,
            (Self::IsNotNull, value) => value != Constant::Null,
            (Self::Numbers(set), Constant::Number(n)) => set.contains(&n),
            (Self::Bytes(set), Constant::Bytes(b)) => set.contains(b),
            (Self::Like { pattern, negated }, Constant::Bytes(b)) => {
                pattern.matches(&String::from_utf8_lossy(b)) != *negated
            }
            _ => false,
        }
    }
}

impl Hash for Test {
    fn hash<H: Hasher>(&self, state: &mut H) {
        std::mem::discriminant(self).hash(state);
        match self {
            Self::IsNull | Self::IsNotNull => {}
            Self::Numbers(set) => set.hash(state),
            Self::Bytes(set) => set.hash(state),
            Self::Like { pattern, negated } => {
                (pattern.text(), pattern.escape(), negated).hash(state);
            }
        }
    }
}

/// What a conjunction or disjunction says of one column.
#[derive(Default)]
struct OfColumn {
    null: bool,
    not_null: bool,
    numbers: Vec<Ranges<i64>>,
    bytes: Vec<Ranges<Vec<u8>>>,
    likes: Vec<(Arc<Pattern>, bool)>,
}

impl OfColumn {
    fn add(&mut self, test: Test) {
        match test {
            Test::IsNull => self.null = true,
            Test::IsNotNull => self.not_null = true,
            Test::Numbers(set) => self.numbers.push(set),
            Test::Bytes(set) => self.bytes.push(set),
            Test::Like { pattern, negated } => self.likes.push((pattern, negated)),
        }
    }

    /// Whether a pattern is asked for both to match and not to.
    fn both_ways(&self) -> bool {
        let by_sign = |sign: bool| {
            let likes = self
                .likes
                .iter()
                .filter(move |(_, negated)| *negated == sign);
            likes.map(|(pattern, _)| (pattern.text(), pattern.escape()))
        };
        let negated: HashSet<_> = by_sign(true).collect();
        by_sign(false).any(|like| negated.contains(&like))
    }

    /// The tests that all have to pass; nothing where none can.
    fn all(mut self) -> Option<Vec<Test>> {
        let numbers = merged(std::mem::take(&mut self.numbers), Ranges::intersect_all);
        let bytes = merged(std::mem::take(&mut self.bytes), Ranges::intersect_all);
        let none = numbers.as_ref().is_some_and(Ranges::is_none)
            || bytes.as_ref().is_some_and(Ranges::is_none);
        if none || self.both_ways() {
            return None;
        }
        self.not_null |= numbers.is_some() || bytes.is_some() || !self.likes.is_empty();
        if self.null {
            return (!self.not_null).then(|| vec![Test::IsNull]);
        }
        let numbers = numbers.filter(|set| !set.is_all());
        let bytes = bytes.filter(|set| !set.is_all());
        let mut tests = self.sets(numbers, bytes);
        if tests.is_empty() {
            tests.push(Test::IsNotNull);
        }
        Some(tests)
    }

    /// The tests of which one has to pass; nothing where one does in every row.
    fn any(mut self) -> Option<Vec<Test>> {
        let numbers = merged(std::mem::take(&mut self.numbers), Ranges::union_all);
        let bytes = merged(std::mem::take(&mut self.bytes), Ranges::union_all);
        let all = numbers.as_ref().is_some_and(Ranges::is_all)
            || bytes.as_ref().is_some_and(Ranges::is_all);
        if self.not_null || all || self.both_ways() {
            return (!self.null).then(|| vec![Test::IsNotNull]);
        }
        let mut tests = Vec::new();
        if self.null {
            tests.push(Test::IsNull);
        }
        let numbers = numbers.filter(|set| !set.is_none());
        let bytes = bytes.filter(|set| !set.is_none());
        tests.extend(self.sets(numbers, bytes));
        Some(tests)
    }

    fn sets(self, numbers: Option<Ranges<i64>>, bytes: Option<Ranges<Vec<u8>>>) -> Vec<Test> {
        let sets = numbers
            .map(Test::Numbers)
            .into_iter()
            .chain(bytes.map(Test::Bytes));
        let likes = self.likes.into_iter();
        sets.chain(likes.map(|(pattern, negated)| Test::Like { pattern, negated }))
            .collect()
    }
}

/// One set of many, if there are any.
fn merged<T: Ordered>(
    mut sets: Vec<Ranges<T>>,
    merge: fn(Vec<Ranges<T>>) -> Ranges<T>,
) -> Option<Ranges<T>> {
    match sets.len() {
        0 | 1 => sets.pop(),
        _ => Some(merge(sets)),
    }
}

/// Where the tests of a column, or another part, stand among the parts.
enum Place {
    Column(usize),
    Part(Predicate),
}

impl Predicate {
    /// Rows whose column passes a test.
    pub fn test(column: usize, test: Test) -> Self {
        Self::all([Self::Test { column, test }])
    }

    /// Rows that all of these keep: flattened, constants folded, the sets of one column intersected.
    pub fn all(parts: impl IntoIterator<Item = Self>) -> Self {
        let parts = parts.into_iter().flat_map(|part| match part {
            Self::All(inner) => inner,
            other => vec![other],
        });
        Self::combine(
            parts.collect(),
            Self::Always,
            Self::Never,
            OfColumn::all,
            Self::All,
        )
    }

    /// Rows that any of these keeps: flattened, constants folded, the sets of one column united.
    pub fn any(parts: impl IntoIterator<Item = Self>) -> Self {
        let parts = parts.into_iter().flat_map(|part| match part {
            Self::Any(inner) => inner,
            other => vec![other],
        });
        Self::combine(
            parts.collect(),
            Self::Never,
            Self::Always,
            OfColumn::any,
            Self::Any,
        )
    }

    /// `neutral` parts say nothing, an `absorbing` one says all; `of_column` merges what is said of one column, or finds that it is absorbing.
    fn combine(
        parts: Vec<Self>,
        neutral: Self,
        absorbing: Self,
        of_column: fn(OfColumn) -> Option<Vec<Test>>,
        wrap: fn(Vec<Self>) -> Self,
    ) -> Self {
        let mut seen = HashSet::new();
        let is_new: Vec<bool> = parts.iter().map(|part| seen.insert(part)).collect();
        let mut columns: HashMap<usize, OfColumn> = HashMap::new();
        let mut places = Vec::new();
        for (part, is_new) in parts.into_iter().zip(is_new) {
            match part {
                part if part == absorbing => return absorbing,
                part if part == neutral || !is_new => {}
                Self::Test { column, test } => columns
                    .entry(column)
                    .or_insert_with(|| {
                        places.push(Place::Column(column));
                        OfColumn::default()
                    })
                    .add(test),
                part => places.push(Place::Part(part)),
            }
        }
        let mut merged = Vec::with_capacity(places.len());
        for place in places {
            match place {
                Place::Part(part) => merged.push(part),
                Place::Column(column) => {
                    let Some(tests) = of_column(columns.remove(&column).unwrap_or_default()) else {
                        return absorbing;
                    };
                    merged.extend(tests.into_iter().map(|test| Self::Test { column, test }));
                }
            }
        }
        match merged.len() {
            0 => neutral,
            1 => merged.pop().unwrap_or(neutral),
            _ => wrap(merged),
        }
    }

    /// Each test replaced, and what that leaves folded.
    pub fn map_tests(&self, replace: &mut dyn FnMut(usize, &Test) -> Self) -> Self {
        match self {
            Self::Always => Self::Always,
            Self::Never => Self::Never,
            Self::Test { column, test } => replace(*column, test),
            Self::All(parts) => {
                let mut kept = Vec::with_capacity(parts.len());
                for part in parts {
                    match part.map_tests(replace) {
                        Self::Never => return Self::Never,
                        other => kept.push(other),
                    }
                }
                Self::all(kept)
            }
            Self::Any(parts) => {
                let mut kept = Vec::with_capacity(parts.len());
                for part in parts {
                    match part.map_tests(replace) {
                        Self::Always => return Self::Always,
                        other => kept.push(other),
                    }
                }
                Self::any(kept)
            }
        }
    }

    /// The same rows, built as each variant promises.
    pub fn simplify(&self) -> Self {
        self.map_tests(&mut |column, test| Self::test(column, test.clone()))
    }

    /// Calls `f` with each test and its column, from left to right.
    pub fn for_each_test<'a>(&'a self, f: &mut dyn FnMut(usize, &'a Test)) {
        match self {
            Self::Always | Self::Never => {}
            Self::Test { column, test } => f(*column, test),
            Self::All(parts) | Self::Any(parts) => {
                parts.iter().for_each(|part| part.for_each_test(f));
            }
        }
    }

    /// The columns that it tests, ascending.
    pub fn columns(&self) -> Vec<usize> {
        let mut columns = Vec::new();
        self.for_each_test(&mut |column, _| columns.push(column));
        columns.sort_unstable();
        columns.dedup();
        columns
    }

    /// Whether it keeps no row in which all of `columns` are null. False where that is not certain.
    pub fn rejects_nulls(&self, columns: &dyn Fn(usize) -> bool) -> bool {
        match self {
            Self::Always => false,
            Self::Never => true,
            Self::Test { column, test } => columns(*column) && *test != Test::IsNull,
            Self::All(parts) => parts.iter().any(|part| part.rejects_nulls(columns)),
            Self::Any(parts) => parts.iter().all(|part| part.rejects_nulls(columns)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::filter::Cut;

    fn numbers(column: usize, set: Ranges<i64>) -> Predicate {
        let test = Test::Numbers(set);
        Predicate::Test { column, test }
    }

    fn null(column: usize, yes: bool) -> Predicate {
        let test = if yes { Test::IsNull } else { Test::IsNotNull };
        Predicate::Test { column, test }
    }

    fn like(text: &str, negated: bool) -> Predicate {
        let pattern = Arc::new(Pattern::new(text, None).unwrap());
        let test = Test::Like { pattern, negated };
        Predicate::Test { column: 0, test }
    }

    #[test]
    fn sets_of_one_column_become_one() {
        let (above, below) = (Ranges::above(1, false), Ranges::below(9, false));
        let open = Ranges::between(Cut::After(1), Cut::Before(9));
        let both = || [numbers(0, above.clone()), numbers(0, below.clone())];
        assert_eq!(Predicate::all(both()), numbers(0, open.clone()));
        assert_eq!(Predicate::any(both()), null(0, false));
        let nested = Predicate::all([null(1, false), Predicate::all(both()), null(0, false)]);
        assert_eq!(
            nested,
            Predicate::All(vec![null(1, false), numbers(0, open)])
        );
        let points = (0..10_000).map(|n| numbers(0, Ranges::point(n)));
        let set = Ranges::between(Cut::Before(0), Cut::Before(10_000));
        assert_eq!(Predicate::any(points.clone()), numbers(0, set));
        assert_eq!(Predicate::all(points), Predicate::Never);
    }

    #[test]
    fn null_tests_meet_sets() {
        let set = || numbers(0, Ranges::point(3));
        assert_eq!(Predicate::all([null(0, true), set()]), Predicate::Never);
        assert_eq!(
            Predicate::all([null(0, true), like("a%b", true)]),
            Predicate::Never
        );
        assert_eq!(Predicate::all([null(0, false), set()]), set());
        assert_eq!(Predicate::any([null(0, false), set()]), null(0, false));
        assert_eq!(
            Predicate::any([null(0, true), null(0, false)]),
            Predicate::Always
        );
        let or_null = Predicate::any([set(), null(0, true)]);
        assert_eq!(or_null, Predicate::Any(vec![null(0, true), set()]));
        let all_or_null = [numbers(0, Ranges::all()), null(0, true)];
        assert_eq!(Predicate::any(all_or_null), Predicate::Always);
        assert_eq!(
            Predicate::test(0, Test::Numbers(Ranges::all())),
            null(0, false)
        );
        assert_eq!(
            Predicate::test(0, Test::Numbers(Ranges::none())),
            Predicate::Never
        );
    }

    #[test]
    fn constants_and_repetitions_go() {
        assert_eq!(Predicate::all([]), Predicate::Always);
        assert_eq!(Predicate::any([]), Predicate::Never);
        let part = || Predicate::any([null(0, true), null(1, true)]);
        assert_eq!(Predicate::all([part(), Predicate::Always, part()]), part());
        assert_eq!(Predicate::all([part(), Predicate::Never]), Predicate::Never);
        assert_eq!(
            Predicate::any([part(), Predicate::Always]),
            Predicate::Always
        );
        assert_eq!(
            Predicate::all([like("a_", false), like("a_", false)]),
            like("a_", false)
        );
        assert_eq!(
            Predicate::all([like("a_", false), like("a_", true)]),
            Predicate::Never
        );
        assert_eq!(
            Predicate::any([like("a_", false), like("a_", true)]),
            null(0, false)
        );
    }

    #[test]
    fn columns_and_what_nulls_mean_for_them() {
        let s1_or_s2 = Predicate::any([numbers(1, Ranges::point(3)), numbers(4, Ranges::point(3))]);
        let predicate = Predicate::all([numbers(7, Ranges::point(1)), s1_or_s2.clone()]);
        assert_eq!(predicate.columns(), [1, 4, 7]);
        assert!(predicate.rejects_nulls(&|c| c == 7));
        assert!(predicate.rejects_nulls(&|c| c < 5));
        assert!(!predicate.rejects_nulls(&|c| c == 1));
        let or_null = Predicate::any([s1_or_s2, null(1, true)]);
        assert!(!or_null.rejects_nulls(&|_| true));
    }
}
