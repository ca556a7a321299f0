//! What is left of a predicate where something is known: columns that are constant, the times of the rows.

use super::predicate::{Constant, Predicate, Test};
use super::ranges::Ranges;

/// How often [`Predicate::split_times`] looks again at what its own result has simplified. Few predicates need a second look; more only narrow the times.
const MOST_LOOKS: usize = 8;

impl Predicate {
    /// What is left to test where some columns have one value in all rows: their tests are decided, and what that leaves is folded.
    pub fn substitute<'a>(&self, known: &dyn Fn(usize) -> Option<Constant<'a>>) -> Self {
        self.map_tests(&mut |column, test| match known(column) {
            Some(value) => Self::constant(test.accepts(value)),
            None => Self::Test {
                column,
                test: test.clone(),
            },
        })
    }

    /// Every row, or none.
    pub fn constant(keep: bool) -> Self {
        if keep { Self::Always } else { Self::Never }
    }

    /// The times of all rows that it can keep, and what is left to test of rows at those times: a row is kept exactly when its time is one of them and
    /// the rest keeps it. `time` is the number of the time column, which is never null.
    ///
    /// `time > 1 AND s > 5` leaves `s > 5`. A disjunction of times and other things is left whole, and the times are those of any part.
    pub fn split_times(&self, time: usize) -> (Ranges<i64>, Self) {
        let mut times = Ranges::all();
        let mut rest = self.map_tests(&mut |column, test| match test {
            Test::IsNull if column == time => Self::Never,
            Test::IsNotNull if column == time => Self::Always,
            _ => Self::Test {
                column,
                test: test.clone(),
            },
        });
        for _ in 0..MOST_LOOKS {
            let (found, left) = split(&rest, time);
            times = times.intersect(&found);
            let simpler = left.at_times(time, &times);
            let done = simpler == left;
            rest = simpler;
            if done {
                break;
            }
        }
        if times.is_none() || rest == Self::Never {
            return (Ranges::none(), Self::Never);
        }
        (times, rest)
    }

    /// What is left to test of rows at these times.
    pub fn at_times(&self, time: usize, times: &Ranges<i64>) -> Self {
        self.map_tests(&mut |column, test| match test {
            Test::Numbers(set) if column == time && times.is_within(set) => Self::Always,
            Test::Numbers(set) if column == time && times.intersect(set).is_none() => Self::Never,
            _ => Self::Test {
                column,
                test: test.clone(),
            },
        })
    }
}

/// One look at what [`Predicate::split_times`] finds.
fn split(predicate: &Predicate, time: usize) -> (Ranges<i64>, Predicate) {
    match predicate {
        Predicate::Never => (Ranges::none(), Predicate::Never),
        Predicate::Test {
            column,
            test: Test::Numbers(set),
        } if *column == time => (set.clone(), Predicate::Always),
        Predicate::Always | Predicate::Test { .. } => (Ranges::all(), predicate.clone()),
        Predicate::All(parts) => {
            let (times, rest): (Vec<_>, Vec<_>) = parts.iter().map(|p| split(p, time)).unzip();
            (Ranges::intersect_all(times), Predicate::all(rest))
        }
        Predicate::Any(parts) => {
            let (times, rest): (Vec<_>, Vec<_>) = parts.iter().map(|p| split(p, time)).unzip();
            let rest = if same(&times) {
                Predicate::any(rest)
            } else if same(&rest) {
                rest.into_iter().next().unwrap_or(Predicate::Never)
            } else {
                predicate.clone()
            };
            (Ranges::union_all(times), rest)
        }
    }
}

fn same<T: PartialEq>(all: &[T]) -> bool {
    all.windows(2).all(|pair| pair.first() == pair.last())
}

#[cfg(test)]
mod tests {
    use super::super::cut::Cut;
    use super::super::testing::*;
    use super::*;

    fn numbers(column: usize, set: Ranges<i64>) -> Predicate {
        Predicate::test(column, Test::Numbers(set))
    }

    #[test]
    fn simplified_predicates_keep_the_same_rows() {
        let mut random = Random(1);
        for _ in 0..4_000 {
            let predicate = random_predicate(&mut random, 4);
            let simple = predicate.simplify();
            check_promises(&simple);
            assert_eq!(simple.simplify(), simple);
            for _ in 0..20 {
                let row = random_row(&mut random);
                assert_eq!(
                    keeps(&simple, &row),
                    keeps(&predicate, &row),
                    "{predicate:?}"
                );
            }
        }
    }

    #[test]
    fn constant_columns_are_decided() {
        let mut random = Random(2);
        for _ in 0..4_000 {
            let predicate = random_predicate(&mut random, 4);
            let constants = random_row(&mut random);
            let is_known: Vec<bool> = (0..COLUMNS).map(|_| random.below(2) == 0).collect();
            let left = predicate.substitute(&|c| is_known[c].then(|| constants[c]));
            check_promises(&left);
            assert!(left.columns().iter().all(|c| !is_known[*c]), "{left:?}");
            for _ in 0..20 {
                let mut row = random_row(&mut random);
                for c in (0..COLUMNS).filter(|c| is_known[*c]) {
                    row[c] = constants[c];
                }
                assert_eq!(keeps(&left, &row), keeps(&predicate, &row), "{predicate:?}");
            }
        }
    }

    #[test]
    fn times_and_the_rest_are_the_whole() {
        let mut random = Random(3);
        let (mut some, mut without_times) = (0, 0);
        for _ in 0..6_000 {
            let predicate = random_predicate(&mut random, 4);
            let (times, rest) = predicate.split_times(TIME);
            check_promises(&rest);
            some += usize::from(!times.is_all() && !times.is_none());
            without_times += usize::from(!rest.columns().contains(&TIME));
            for _ in 0..8 {
                let mut row = random_row(&mut random);
                for time in values(TIME) {
                    row[TIME] = time;
                    let at = Test::Numbers(times.clone()).accepts(time);
                    let kept = at && keeps(&rest, &row);
                    assert_eq!(kept, keeps(&predicate, &row), "{predicate:?}");
                }
            }
        }
        assert!(
            some > 300 && without_times > 3_000,
            "{some} {without_times}"
        );
    }

    #[test]
    fn rows_of_nulls_that_are_kept_are_never_said_to_be_rejected() {
        let mut random = Random(4);
        let mut rejected = 0;
        for _ in 0..6_000 {
            let predicate = random_predicate(&mut random, 3);
            let are_null: Vec<bool> = (0..COLUMNS)
                .map(|c| c != TIME && random.below(2) == 0)
                .collect();
            if predicate.simplify().rejects_nulls(&|c| are_null[c]) {
                rejected += 1;
                for _ in 0..20 {
                    let mut row = random_row(&mut random);
                    for c in (0..COLUMNS).filter(|c| are_null[*c]) {
                        row[c] = Constant::Null;
                    }
                    assert!(!keeps(&predicate, &row), "{predicate:?}");
                }
            }
        }
        assert!(rejected > 1_000, "{rejected}");
    }

    #[test]
    fn times_alone_leave_nothing() {
        let open = Ranges::between(
            Cut::After(1_588_953_600_000),
            Cut::Before(1_589_040_000_000),
        );
        let split = numbers(TIME, open.clone()).split_times(TIME);
        assert_eq!(split, (open.clone(), Predicate::Always));
        let s = numbers(1, Ranges::above(5, false));
        let both = Predicate::all([numbers(TIME, open.clone()), s.clone()]);
        assert_eq!(both.split_times(TIME), (open, s));
    }

    #[test]
    fn mixed_disjunctions_stay_whole() {
        let (early, late) = (Ranges::below(4, false), Ranges::above(9, true));
        let s = numbers(1, Ranges::above(8, false));
        let mixed = Predicate::any([numbers(TIME, early.clone()), s.clone()]);
        assert_eq!(mixed.split_times(TIME), (Ranges::all(), mixed.clone()));
        let other = numbers(2, Ranges::point(1));
        let two = Predicate::any([
            Predicate::all([numbers(TIME, early.clone()), s.clone()]),
            Predicate::all([numbers(TIME, late.clone()), other.clone()]),
        ]);
        assert_eq!(two.split_times(TIME), (early.union(&late), two.clone()));
        // Where one part is out of reach, what the other says is no disjunction any more.
        let reach = Predicate::all([numbers(TIME, Ranges::below(6, false)), two.clone()]);
        assert_eq!(reach.split_times(TIME), (early.clone(), s.clone()));
        // The same times in both, or the same rest.
        let same_times = Predicate::any([
            Predicate::all([numbers(TIME, early.clone()), s.clone()]),
            Predicate::all([numbers(TIME, early.clone()), other.clone()]),
        ]);
        let either = Predicate::any([s.clone(), other]);
        assert_eq!(same_times.split_times(TIME), (early.clone(), either));
        let same_rest = Predicate::any([
            Predicate::all([numbers(TIME, early.clone()), s.clone()]),
            Predicate::all([numbers(TIME, late.clone()), s.clone()]),
        ]);
        assert_eq!(same_rest.split_times(TIME), (early.union(&late), s));
    }
}
