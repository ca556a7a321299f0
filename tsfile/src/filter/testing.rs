//! What tests of this layer share: random predicates over small values, and what they mean for a row, found out the slow way.

use super::cut::Cut;
use super::like::Pattern;
use super::predicate::{Constant, Predicate, Test};
use super::ranges::Ranges;
use std::sync::Arc;

/// A small generator of its own: the same numbers on every run.
pub(super) struct Random(pub u64);

impl Random {
    pub(super) fn below(&mut self, n: usize) -> usize {
        self.0 = self
            .0
            .wrapping_mul(6364136223846793005)
            .wrapping_add(1442695040888963407);
        (self.0 >> 33) as usize % n
    }

    pub(super) fn pick<T: Clone>(&mut self, of: &[T]) -> T {
        of[self.below(of.len())].clone()
    }
}

/// The time column of random predicates; the columns after it are numbers, from [`TEXTS`] on texts.
pub(super) const TIME: usize = 0;
/// The first column of texts.
pub(super) const TEXTS: usize = 3;
/// All columns.
pub(super) const COLUMNS: usize = 5;
/// The texts in them.
pub(super) const WORDS: [&str; 7] = ["", "a", "ab", "abc", "b", "ba", "c"];

/// Every value of a column, and null where it can be.
pub(super) fn values(column: usize) -> Vec<Constant<'static>> {
    match column {
        TIME => (0..8).map(Constant::Number).collect(),
        1..TEXTS => (0..5)
            .map(Constant::Number)
            .chain([Constant::Null])
            .collect(),
        _ => {
            let words = WORDS.iter().map(|w| Constant::Bytes(w.as_bytes()));
            words.chain([Constant::Null]).collect()
        }
    }
}

pub(super) fn random_row(random: &mut Random) -> Vec<Constant<'static>> {
    (0..COLUMNS).map(|c| random.pick(&values(c))).collect()
}

fn random_cut<T: Clone>(random: &mut Random, of: &[T]) -> Cut<T> {
    match random.below(8) {
        0 => Cut::Min,
        1 => Cut::Max,
        2..5 => Cut::Before(random.pick(of)),
        _ => Cut::After(random.pick(of)),
    }
}

fn random_set<T: super::cut::Ordered>(random: &mut Random, of: &[T]) -> Ranges<T> {
    let count = random.below(3) + 1;
    let ranges = (0..count).map(|_| (random_cut(random, of), random_cut(random, of)));
    ranges.collect()
}

pub(super) fn random_test(random: &mut Random, column: usize) -> Test {
    match random.below(8) {
        0 => Test::IsNull,
        1 => Test::IsNotNull,
        2..4 if column >= TEXTS => Test::Like {
            pattern: Arc::new(
                Pattern::new(
                    random.pick(&["a%", "%b", "_", "ab", "%b%", "a_%", "%"]),
                    None,
                )
                .unwrap(),
            ),
            negated: random.below(2) == 0,
        },
        _ if column >= TEXTS => {
            let words: Vec<Vec<u8>> = WORDS.iter().map(|w| w.as_bytes().to_vec()).collect();
            Test::Bytes(random_set(random, &words))
        }
        _ => Test::Numbers(random_set(random, &[0, 1, 2, 3, 4, 5, 6, 7])),
    }
}

/// Any tree; it need not keep what its variants promise.
pub(super) fn random_predicate(random: &mut Random, depth: usize) -> Predicate {
    let leaf = |random: &mut Random| {
        let column = random.pick(&[TIME, TIME, 1, 2, TEXTS, TEXTS + 1]);
        let test = random_test(random, column);
        Predicate::Test { column, test }
    };
    if depth == 0 {
        return leaf(random);
    }
    match random.below(20) {
        0 => Predicate::Always,
        1 => Predicate::Never,
        2..6 => leaf(random),
        choice => {
            let count = random.below(4).max(1);
            let parts = (0..count)
                .map(|_| random_predicate(random, depth - 1))
                .collect();
            if choice < 13 {
                Predicate::All(parts)
            } else {
                Predicate::Any(parts)
            }
        }
    }
}

fn holds<T: Ord>(cuts: (&Cut<T>, &Cut<T>), value: &T) -> bool {
    let above = match cuts.0 {
        Cut::Min => true,
        Cut::Before(v) => value >= v,
        Cut::After(v) => value > v,
        Cut::Max => false,
    };
    let below = match cuts.1 {
        Cut::Min => false,
        Cut::Before(v) => value < v,
        Cut::After(v) => value <= v,
        Cut::Max => true,
    };
    above && below
}

/// Whether a row is kept, by what each part says, one after the other.
pub(super) fn keeps(predicate: &Predicate, row: &[Constant<'_>]) -> bool {
    match predicate {
        Predicate::Always => true,
        Predicate::Never => false,
        Predicate::All(parts) => parts.iter().all(|part| keeps(part, row)),
        Predicate::Any(parts) => parts.iter().any(|part| keeps(part, row)),
        Predicate::Test { column, test } => match (test, row[*column]) {
            (Test::IsNull, value) => value == Constant::Null,
            (_, Constant::Null) => false,
            (Test::IsNotNull, _) => true,
            (Test::Numbers(set), Constant::Number(n)) => set.iter().any(|cuts| holds(cuts, &n)),
            (Test::Bytes(set), Constant::Bytes(b)) => {
                set.iter().any(|cuts| holds(cuts, &b.to_vec()))
            }
            (Test::Like { pattern, negated }, Constant::Bytes(b)) => {
                pattern.matches(std::str::from_utf8(b).unwrap()) != *negated
            }
            other => panic!("{other:?}"),
        },
    }
}

/// Panics where a predicate is not built as its variants promise.
pub(super) fn check_promises(predicate: &Predicate) {
    let (Predicate::All(parts) | Predicate::Any(parts)) = predicate else {
        return;
    };
    assert!(parts.len() > 1, "{predicate:?}");
    let mut sets = Vec::new();
    for part in parts {
        assert_ne!(
            std::mem::discriminant(part),
            std::mem::discriminant(predicate)
        );
        assert!(!matches!(part, Predicate::Always | Predicate::Never));
        if let Predicate::Test { column, test } = part {
            if matches!(test, Test::Numbers(_) | Test::Bytes(_)) {
                assert!(!sets.contains(column), "two sets: {predicate:?}");
                sets.push(*column);
            }
        }
        check_promises(part);
    }
}
