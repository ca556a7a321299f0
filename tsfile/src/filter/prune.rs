//! What statistics say about a predicate. They never say yes for sure of a row, only that none, or each, can pass; what is not known keeps.

use super::predicate::{Constant, Predicate, Test};
use super::ranges::Ranges;

/// What is known of some values of one column without reading them.
pub trait ColumnStats {
    /// How many values there are, nulls not counted.
    fn count(&self) -> u64;

    /// How many nulls there are, if that is known.
    fn nulls(&self) -> Option<u64>;

    /// The least and the greatest value as [`Test::Numbers`] has them, where they can be trusted to be of all values. No value may be outside, NaN
    /// neither; whoever implements this knows about encodings that change values and about values that are overwritten.
    fn numbers(&self) -> Option<(i64, i64)>;

    /// The least and the greatest text or bytes, where they can be trusted to be of all values.
    fn bytes(&self) -> Option<(&[u8], &[u8])>;
}

impl Test {
    /// Whether any of the rows may pass; true where that is not known.
    pub fn can_match(&self, stats: &dyn ColumnStats) -> bool {
        if *self == Self::IsNull {
            return stats.nulls() != Some(0);
        }
        if stats.count() == 0 {
            return false;
        }
        match self {
            Self::IsNull | Self::IsNotNull => true,
            Self::Numbers(set) => match stats.numbers() {
                Some((min, max)) if min <= max => set.overlaps(&min, &max),
                _ => true,
            },
            Self::Bytes(set) => match stats.bytes() {
                Some((min, max)) if min <= max => set.overlaps(min, max),
                _ => true,
            },
            Self::Like { pattern, negated } => match stats.bytes() {
                Some((min, max)) if min == max => self.accepts(Constant::Bytes(min)),
                Some((min, max)) if min <= max && !negated => {
                    Ranges::starting_with(pattern.prefix()).overlaps(min, max)
                }
                _ => true,
            },
        }
    }

    /// Whether each of the rows passes; false where that is not known.
    pub fn always_matches(&self, stats: &dyn ColumnStats) -> bool {
        if *self == Self::IsNull {
            return stats.count() == 0;
        }
        if stats.nulls() != Some(0) {
            return false;
        }
        match self {
            Self::IsNull | Self::IsNotNull => true,
            Self::Numbers(set) => match stats.numbers() {
                Some((min, max)) => min <= max && set.covers(&min, &max),
                None => false,
            },
            Self::Bytes(set) => match stats.bytes() {
                Some((min, max)) => min <= max && set.covers(min, max),
                None => false,
            },
            Self::Like { .. } => match stats.bytes() {
                Some((min, max)) => min == max && self.accepts(Constant::Bytes(min)),
                None => false,
            },
        }
    }
}

/// The times at which a predicate may keep a row, where `of_test` tells at which times a test of another column than time may pass. Exact about
/// time, and otherwise as wide as `of_test`.
pub fn possible_times(
    predicate: &Predicate,
    time: usize,
    of_test: &mut dyn FnMut(usize, &Test) -> Ranges<i64>,
) -> Ranges<i64> {
    match predicate {
        Predicate::Always => Ranges::all(),
        Predicate::Never => Ranges::none(),
        Predicate::Test { column, test } if *column == time => match test {
            Test::Numbers(set) => set.clone(),
            Test::IsNotNull => Ranges::all(),
            Test::IsNull | Test::Bytes(_) | Test::Like { .. } => Ranges::none(),
        },
        Predicate::Test { column, test } => of_test(*column, test),
        Predicate::All(parts) => {
            let mut times = Ranges::all();
            for part in parts {
                if times.is_none() {
                    break;
                }
                times = times.intersect(&possible_times(part, time, of_test));
            }
            times
        }
        Predicate::Any(parts) => {
            Ranges::union_all(parts.iter().map(|part| possible_times(part, time, of_test)))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::like::Pattern;
    use super::super::testing::*;
    use super::*;
    use std::sync::Arc;

    /// What is known of some values; the rest is kept back.
    #[derive(Debug, Default)]
    struct Known {
        count: u64,
        nulls: Option<u64>,
        numbers: Option<(i64, i64)>,
        bytes: Option<(Vec<u8>, Vec<u8>)>,
    }

    impl ColumnStats for Known {
        fn count(&self) -> u64 {
            self.count
        }

        fn nulls(&self) -> Option<u64> {
            self.nulls
        }

        fn numbers(&self) -> Option<(i64, i64)> {
            self.numbers
        }

        fn bytes(&self) -> Option<(&[u8], &[u8])> {
            let (min, max) = self.bytes.as_ref()?;
            Some((min, max))
        }
    }

    fn known(values: &[Constant<'_>], random: &mut Random) -> Known {
        let nulls = values.iter().filter(|v| **v == Constant::Null).count();
        let numbers = values.iter().filter_map(|v| match v {
            Constant::Number(n) => Some(*n),
            _ => None,
        });
        let bytes = values.iter().filter_map(|v| match v {
            Constant::Bytes(b) => Some(b.to_vec()),
            _ => None,
        });
        let mut some = || random.below(4) > 0;
        Known {
            count: (values.len() - nulls) as u64,
            nulls: some().then_some(nulls as u64),
            numbers: numbers.clone().min().zip(numbers.max()).filter(|_| some()),
            bytes: bytes.clone().min().zip(bytes.max()).filter(|_| some()),
        }
    }

    #[test]
    fn what_passes_is_never_said_not_to() {
        let mut random = Random(10);
        let (mut no, mut all) = (0, 0);
        for _ in 0..40_000 {
            let column = random.below(COLUMNS);
            let test = random_test(&mut random, column);
            let values: Vec<_> = (0..random.below(4))
                .map(|_| random.pick(&values(column)))
                .collect();
            let stats = known(&values, &mut random);
            let predicate = Predicate::Test {
                column,
                test: test.clone(),
            };
            let passing = values.iter().filter(|value| {
                let mut row = vec![Constant::Null; COLUMNS];
                row[column] = **value;
                keeps(&predicate, &row)
            });
            let passing = passing.count();
            if !test.can_match(&stats) {
                assert_eq!(passing, 0, "{test:?} {values:?} {stats:?}");
                no += 1;
            }
            if test.always_matches(&stats) {
                assert_eq!(passing, values.len(), "{test:?} {values:?} {stats:?}");
                all += 1;
            }
        }
        assert!(no > 8_000 && all > 4_000, "{no} {all}");
    }

    #[test]
    fn prefixes_prune() {
        let like = |text: &str, negated| Test::Like {
            pattern: Arc::new(Pattern::new(text, None).unwrap()),
            negated,
        };
        let stats = |min: &str, max: &str| Known {
            count: 2,
            nulls: Some(0),
            bytes: Some((min.into(), max.into())),
            ..Known::default()
        };
        assert!(!like("root.a%x", false).can_match(&stats("root.b", "root.c")));
        assert!(like("root.a%x", true).can_match(&stats("root.b", "root.c")));
        assert!(like("root.a%x", false).can_match(&stats("root.", "root.b")));
        assert!(!like("a%", true).can_match(&stats("ab", "ab")));
        assert!(like("a%", false).always_matches(&stats("ab", "ab")));
    }

    #[test]
    fn statistics_that_contradict_themselves_keep() {
        let stats = Known {
            count: 1,
            nulls: Some(0),
            numbers: Some((9, 1)),
            bytes: Some((b"b".to_vec(), b"a".to_vec())),
        };
        let numbers = Test::Numbers(Ranges::point(20));
        let bytes = Test::Bytes(Ranges::point(b"x".to_vec()));
        assert!(numbers.can_match(&stats) && bytes.can_match(&stats));
        let all = Test::Numbers(Ranges::below(100, true));
        assert!(!all.always_matches(&stats));
    }

    #[test]
    fn no_row_is_at_another_time() {
        let mut random = Random(11);
        let mut narrowed = 0;
        for _ in 0..3_000 {
            let predicate = random_predicate(&mut random, 4).simplify();
            let rows: Vec<_> = (0..8).map(|_| random_row(&mut random)).collect();
            // As statistics would have it: for each test the times at which it passes, and some at which it does not.
            let found = possible_times(&predicate, TIME, &mut |column, test| {
                let predicate = Predicate::Test {
                    column,
                    test: test.clone(),
                };
                let times = rows
                    .iter()
                    .filter(|row| keeps(&predicate, row))
                    .map(|row| row[TIME]);
                Ranges::union_all(times.map(|time| match time {
                    Constant::Number(n) => Ranges::point(n),
                    _ => Ranges::none(),
                }))
            });
            narrowed += usize::from(!found.is_all());
            for row in &rows {
                if keeps(&predicate, row) {
                    assert!(
                        Test::Numbers(found.clone()).accepts(row[TIME]),
                        "{predicate:?}"
                    );
                }
            }
        }
        assert!(narrowed > 1_500, "{narrowed}");
    }
}
