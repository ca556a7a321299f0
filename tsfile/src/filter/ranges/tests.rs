//! Sets against sets of small numbers.

use super::*;
use std::collections::BTreeSet;
use std::collections::hash_map::DefaultHasher;
use std::hash::{Hash, Hasher};

/// A small generator of its own: the same numbers on every run.
struct Random(u64);

impl Random {
    fn below(&mut self, n: u64) -> u64 {
        self.0 = self
            .0
            .wrapping_mul(6364136223846793005)
            .wrapping_add(1442695040888963407);
        (self.0 >> 33) % n
    }
}

const UNIVERSE: std::ops::Range<i64> = -8..8;

fn random_cut(random: &mut Random) -> Cut<i64> {
    match random.below(8) {
        0 => Cut::Min,
        1 => Cut::Max,
        2..5 => Cut::Before(random.below(12) as i64 - 6),
        _ => Cut::After(random.below(12) as i64 - 6),
    }
}

/// Ranges, and by the meaning of each cut the numbers that they hold.
fn random_set(random: &mut Random) -> (Ranges<i64>, BTreeSet<i64>) {
    let mut numbers = BTreeSet::new();
    let mut ranges = Vec::new();
    for _ in 0..random.below(4) {
        let (lo, hi) = (random_cut(random), random_cut(random));
        numbers.extend(UNIVERSE.filter(|n| {
            let above = match &lo {
                Cut::Min => true,
                Cut::Before(v) => n >= v,
                Cut::After(v) => n > v,
                Cut::Max => false,
            };
            let below = match &hi {
                Cut::Min => false,
                Cut::Before(v) => n < v,
                Cut::After(v) => n <= v,
                Cut::Max => true,
            };
            above && below
        }));
        ranges.push((lo, hi));
    }
    (ranges.into_iter().collect(), numbers)
}

fn held(set: &Ranges<i64>) -> BTreeSet<i64> {
    UNIVERSE.filter(|n| set.contains(n)).collect()
}

fn hash(value: &impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    value.hash(&mut hasher);
    hasher.finish()
}

#[test]
fn algebra_is_that_of_sets_of_numbers() {
    let mut random = Random(7);
    for _ in 0..20_000 {
        let ((a, in_a), (b, in_b)) = (random_set(&mut random), random_set(&mut random));
        assert_eq!(held(&a), in_a, "{a:?}");
        assert_eq!(held(&a.union(&b)), &in_a | &in_b, "{a:?} {b:?}");
        assert_eq!(held(&a.intersect(&b)), &in_a & &in_b, "{a:?} {b:?}");
        assert_eq!(
            a.intersect(&b),
            Ranges::intersect_all([a.clone(), b.clone()])
        );
        let not_a: BTreeSet<i64> = UNIVERSE.filter(|n| !in_a.contains(n)).collect();
        assert_eq!(held(&a.complement()), not_a, "{a:?}");
        assert_eq!(a.complement().complement(), a);
        assert_eq!(a.is_within(&b), in_a.is_subset(&in_b), "{a:?} {b:?}");
        assert_eq!(a.is_none(), in_a.is_empty(), "{a:?}");
        assert_eq!(a.is_all(), in_a.len() == UNIVERSE.count(), "{a:?}");
        assert_eq!(a == b, in_a == in_b, "{a:?} {b:?}");
        if a == b {
            assert_eq!(hash(&a), hash(&b), "{a:?} {b:?}");
        }
        let (x, y) = (random.below(16) as i64 - 8, random.below(16) as i64 - 8);
        let (min, max) = (x.min(y), x.max(y));
        assert_eq!(
            a.overlaps(&min, &max),
            in_a.range(min..=max).next().is_some()
        );
        let all = (min..=max).all(|n| in_a.contains(&n));
        assert_eq!(a.covers(&min, &max), all, "{a:?} {min} {max}");
        let spans = a.spans();
        assert_eq!(spans.len(), a.iter().len());
        assert!(spans.iter().all(|(lo, hi)| lo <= hi));
        let in_spans = |n: &i64| spans.iter().any(|(lo, hi)| lo <= n && n <= hi);
        assert_eq!(UNIVERSE.filter(in_spans).collect::<BTreeSet<_>>(), in_a);
        if let Some(points) = a.points() {
            assert!(points.iter().eq(in_a.iter()), "{a:?} {points:?}");
        }
    }
}

#[test]
fn nothing_is_between_neighbours() {
    assert!(Ranges::between(Cut::After(4), Cut::Before(5)).is_none());
    assert!(Ranges::above(i64::MAX, false).is_none());
    assert!(Ranges::below(i64::MIN, false).is_none());
    assert!(Ranges::above(i64::MIN, true).is_all());
    assert!(Ranges::below(i64::MAX, true).is_all());
    assert_eq!(
        Ranges::below(4, true).union(&Ranges::above(5, true)),
        Ranges::all()
    );
    assert_eq!(hash(&Cut::After(i64::MAX)), hash(&Cut::<i64>::Max));
    assert_eq!(hash(&Cut::Before(i64::MIN)), hash(&Cut::<i64>::Min));
    let bytes = |text: &str| text.as_bytes().to_vec();
    let a_or_next = [Cut::After(bytes("a")), Cut::Before(bytes("a\0"))];
    assert_eq!(a_or_next[0], a_or_next[1]);
    assert_eq!(hash(&a_or_next[0]), hash(&a_or_next[1]));
    assert!(Cut::Before(bytes("a\0\0")) > a_or_next[0]);
    assert!(Cut::After(bytes("a")) < Cut::Before(bytes("a\x01")));
    assert!(Ranges::above(Vec::<u8>::new(), true).is_all());
    assert_eq!(
        Ranges::point(bytes("a\0")).points(),
        Some(vec![bytes("a\0")])
    );
    assert!(Ranges::point(bytes("x")).contains(b"x".as_slice()));
}

#[test]
fn many_points_are_one_sort() {
    let points = || (0..20_000).rev().map(|n| Ranges::point(n * 2));
    let set = Ranges::union_all(points());
    assert_eq!(set.iter().len(), 20_000);
    assert!(set.contains(&39_998) && !set.contains(&39_999) && !set.contains(&-1));
    assert_eq!(set.hull(), Some((&Cut::Before(0), &Cut::After(39_998))));
    let others = Ranges::intersect_all(points().map(|p| p.complement()));
    assert_eq!(others, set.complement());
}

#[test]
fn prefixes_end_at_the_next_character() {
    let end = |prefix: &str| after_prefix(prefix);
    assert_eq!(end("root.").as_deref(), Some("root/"));
    assert_eq!(end("a\u{7f}").as_deref(), Some("a\u{80}"));
    assert_eq!(end("\u{d7ff}").as_deref(), Some("\u{e000}"));
    assert_eq!(end("a\u{10ffff}\u{10ffff}").as_deref(), Some("b"));
    assert_eq!(end("\u{10ffff}"), None);
    assert!(Ranges::starting_with("").is_all());
    let set = Ranges::starting_with("é");
    for (text, inside) in [
        ("é", true),
        ("é\u{10ffff}", true),
        ("ê", false),
        ("e", false),
    ] {
        assert_eq!(set.contains(text.as_bytes()), inside, "{text}");
    }
}
