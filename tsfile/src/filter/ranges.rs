//! Sets of ordered values, as ranges between cuts.

use std::borrow::Borrow;
use std::cmp::Ordering;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

/// Values in an order in which each but the greatest has a next one: nothing is between 4 and 5, nor between `a` and `a\0`.
///
/// So places between values can be told apart exactly, and sets that hold the same values are equal however they were written.
pub trait Ordered: Ord + Clone {
    /// The least of all.
    fn least() -> Self;

    /// The next one; none after the greatest.
    fn next(&self) -> Option<Self>;

    /// Whether `other` is the next one.
    fn is_next(&self, other: &Self) -> bool;

    /// Hashes the place just above this value, the same as that just below the next one.
    fn hash_after<H: Hasher>(&self, state: &mut H);

    /// Hashes the place just below this value.
    fn hash_before<H: Hasher>(&self, state: &mut H);
}

impl Ordered for i64 {
    fn least() -> Self {
        i64::MIN
    }

    fn next(&self) -> Option<Self> {
        self.checked_add(1)
    }

    fn is_next(&self, other: &Self) -> bool {
        self.checked_add(1) == Some(*other)
    }

    fn hash_after<H: Hasher>(&self, state: &mut H) {
        state.write_i64(self.wrapping_add(1));
    }

    fn hash_before<H: Hasher>(&self, state: &mut H) {
        state.write_i64(*self);
    }
}

impl Ordered for Vec<u8> {
    fn least() -> Self {
        Vec::new()
    }

    fn next(&self) -> Option<Self> {
        let mut next = Vec::with_capacity(self.len() + 1);
        next.extend_from_slice(self);
        next.push(0);
        Some(next)
    }

    fn is_next(&self, other: &Self) -> bool {
        other.len() == self.len() + 1 && other.last() == Some(&0) && other.starts_with(self)
    }

    fn hash_after<H: Hasher>(&self, state: &mut H) {
        self.hash_before(state);
    }

    /// Without the zeros at its end, which are all that makes the next one another.
    fn hash_before<H: Hasher>(&self, state: &mut H) {
        let zeros = self.iter().rev().take_while(|b| **b == 0).count();
        self[..self.len() - zeros].hash(state);
    }
}

/// A place between values: before or after one of them, or beyond all.
///
/// Cuts are equal where they are the same place: after 4 is before 5.
#[derive(Debug, Clone)]
pub enum Cut<T> {
    /// Below every value.
    Min,
    /// Just below this value: a range that begins here has it, one that ends here has not.
    Before(T),
    /// Just above this value.
    After(T),
    /// Above every value.
    Max,
}

impl<T: Ordered> Cut<T> {
    fn is_min(&self) -> bool {
        match self {
            Self::Min => true,
            Self::Before(v) => *v == T::least(),
            Self::After(_) | Self::Max => false,
        }
    }

    fn is_max(&self) -> bool {
        match self {
            Self::Max => true,
            Self::After(v) => v.next().is_none(),
            Self::Before(_) | Self::Min => false,
        }
    }

    /// Whether the value is above this place.
    pub fn is_below<Q: Ord + ?Sized>(&self, value: &Q) -> bool
    where
        T: Borrow<Q>,
    {
        match self {
            Self::Min => true,
            Self::Before(v) => v.borrow() <= value,
            Self::After(v) => v.borrow() < value,
            Self::Max => false,
        }
    }
}

impl<T: Ordered> Ord for Cut<T> {
    fn cmp(&self, other: &Self) -> Ordering {
        match (self, other) {
            (Self::Before(a), Self::Before(b)) | (Self::After(a), Self::After(b)) => a.cmp(b),
            (Self::Before(a), Self::After(b)) if a <= b => Ordering::Less,
            (Self::Before(a), Self::After(b)) if b.is_next(a) => Ordering::Equal,
            (Self::Before(_), Self::After(_)) => Ordering::Greater,
            (Self::After(_), Self::Before(_)) => other.cmp(self).reverse(),
            (Self::Min, other) if other.is_min() => Ordering::Equal,
            (cut, Self::Min) if cut.is_min() => Ordering::Equal,
            (Self::Max, other) if other.is_max() => Ordering::Equal,
            (cut, Self::Max) if cut.is_max() => Ordering::Equal,
            (Self::Min, _) | (_, Self::Max) => Ordering::Less,
            (Self::Max, _) | (_, Self::Min) => Ordering::Greater,
        }
    }
}

impl<T: Ordered> PartialOrd for Cut<T> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl<T: Ordered> PartialEq for Cut<T> {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl<T: Ordered> Eq for Cut<T> {}

impl<T: Ordered> Hash for Cut<T> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        match self {
            cut if cut.is_max() => state.write_u8(1),
            Self::Min | Self::Max => T::least().hash_before(state),
            Self::Before(v) => v.hash_before(state),
            Self::After(v) => v.hash_after(state),
        }
    }
}

/// A set of values: ranges from one cut to a later one, ascending, with something between any two of them.
///
/// A copy costs nothing, and sets are equal where they hold the same values.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Ranges<T: Ordered> {
    ranges: Arc<Vec<(Cut<T>, Cut<T>)>>,
}

impl<T: Ordered> FromIterator<(Cut<T>, Cut<T>)> for Ranges<T> {
    /// The values of all these ranges, in any order, overlapping or not; a range that ends before it begins has none. Costs one sort.
    fn from_iter<I: IntoIterator<Item = (Cut<T>, Cut<T>)>>(ranges: I) -> Self {
        let mut sorted: Vec<_> = ranges.into_iter().filter(|(lo, hi)| lo < hi).collect();
        sorted.sort_by(|a, b| a.0.cmp(&b.0));
        let mut merged: Vec<(Cut<T>, Cut<T>)> = Vec::with_capacity(sorted.len());
        for (lo, hi) in sorted {
            match merged.last_mut() {
                Some(last) if lo <= last.1 => {
                    if hi > last.1 {
                        last.1 = hi;
                    }
                }
                _ => merged.push((lo, hi)),
            }
        }
        Self::of(merged)
    }
}

impl<T: Ordered> Ranges<T> {
    fn of(ranges: Vec<(Cut<T>, Cut<T>)>) -> Self {
        Self {
            ranges: Arc::new(ranges),
        }
    }

    /// Every value.
    pub fn all() -> Self {
        Self::of(vec![(Cut::Min, Cut::Max)])
    }

    /// No value.
    pub fn none() -> Self {
        Self::of(Vec::new())
    }

    /// This value alone.
    pub fn point(value: T) -> Self {
        Self::of(vec![(Cut::Before(value.clone()), Cut::After(value))])
    }

    /// The values between two cuts; none where the second is not above the first.
    pub fn between(lo: Cut<T>, hi: Cut<T>) -> Self {
        Self::from_iter([(lo, hi)])
    }

    /// The values below this one, with or without itself.
    pub fn below(value: T, inclusive: bool) -> Self {
        let hi = if inclusive {
            Cut::After(value)
        } else {
            Cut::Before(value)
        };
        Self::between(Cut::Min, hi)
    }

    /// The values above this one, with or without itself.
    pub fn above(value: T, inclusive: bool) -> Self {
        let lo = if inclusive {
            Cut::Before(value)
        } else {
            Cut::After(value)
        };
        Self::between(lo, Cut::Max)
    }

    /// The values of any of these sets; costs one sort, however many they are.
    pub fn union_all(sets: impl IntoIterator<Item = Self>) -> Self {
        let mut ranges = Vec::new();
        for set in sets {
            match Arc::try_unwrap(set.ranges) {
                Ok(mut owned) => ranges.append(&mut owned),
                Err(shared) => ranges.extend(shared.iter().cloned()),
            }
        }
        ranges.into_iter().collect()
    }

    /// The values that all of these sets hold; every value if there is none. Costs one sort.
    pub fn intersect_all(sets: impl IntoIterator<Item = Self>) -> Self {
        Self::union_all(sets.into_iter().map(|s| s.complement())).complement()
    }

    /// The values of either.
    pub fn union(&self, other: &Self) -> Self {
        Self::union_all([self.clone(), other.clone()])
    }

    /// The values of both.
    pub fn intersect(&self, other: &Self) -> Self {
        let (mut a, mut b) = (
            self.ranges.iter().peekable(),
            other.ranges.iter().peekable(),
        );
        let mut both = Vec::new();
        while let (Some(x), Some(y)) = (a.peek(), b.peek()) {
            let (lo, hi) = (std::cmp::max(&x.0, &y.0), std::cmp::min(&x.1, &y.1));
            if lo < hi {
                both.push((lo.clone(), hi.clone()));
            }
            if x.1 <= y.1 {
                a.next();
            } else {
                b.next();
            }
        }
        Self::of(both)
    }

    /// All other values.
    pub fn complement(&self) -> Self {
        let mut gaps = Vec::with_capacity(self.ranges.len() + 1);
        let mut from = &Cut::Min;
        for (lo, hi) in self.ranges.iter() {
            if from < lo {
                gaps.push((from.clone(), lo.clone()));
            }
            from = hi;
        }
        if *from < Cut::Max {
            gaps.push((from.clone(), Cut::Max));
        }
        Self::of(gaps)
    }

    /// Whether it holds the value; by bisection.
    pub fn contains<Q: Ord + ?Sized>(&self, value: &Q) -> bool
    where
        T: Borrow<Q>,
    {
        self.covers(value, value)
    }

    /// Whether it holds any value from `min` to `max`, both included.
    pub fn overlaps<Q: Ord + ?Sized>(&self, min: &Q, max: &Q) -> bool
    where
        T: Borrow<Q>,
    {
        let range = self.first_ending_above(min);
        range.is_some_and(|(lo, _)| lo.is_below(max))
    }

    /// Whether it holds every value from `min` to `max`, both included.
    pub fn covers<Q: Ord + ?Sized>(&self, min: &Q, max: &Q) -> bool
    where
        T: Borrow<Q>,
    {
        let range = self.first_ending_above(min);
        range.is_some_and(|(lo, hi)| lo.is_below(min) && !hi.is_below(max))
    }

    fn first_ending_above<Q: Ord + ?Sized>(&self, value: &Q) -> Option<&(Cut<T>, Cut<T>)>
    where
        T: Borrow<Q>,
    {
        let at = self.ranges.partition_point(|(_, hi)| hi.is_below(value));
        self.ranges.get(at)
    }

    /// Whether `other` holds all of these values.
    pub fn is_within(&self, other: &Self) -> bool {
        let mut at = other.ranges.iter().peekable();
        self.ranges.iter().all(|(lo, hi)| {
            while at.next_if(|range| range.1 < *hi).is_some() {}
            at.peek().is_some_and(|range| range.0 <= *lo)
        })
    }

    /// Whether it holds every value.
    pub fn is_all(&self) -> bool {
        matches!(self.ranges.as_slice(), [(lo, hi)] if *lo == Cut::Min && *hi == Cut::Max)
    }

    /// Whether it holds no value.
    pub fn is_none(&self) -> bool {
        self.ranges.is_empty()
    }

    /// The ranges, ascending.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = (&Cut<T>, &Cut<T>)> + ExactSizeIterator {
        self.ranges.iter().map(|(lo, hi)| (lo, hi))
    }

    /// The narrowest single range around all of it.
    pub fn hull(&self) -> Option<(&Cut<T>, &Cut<T>)> {
        let (first, last) = (self.ranges.first()?, self.ranges.last()?);
        Some((&first.0, &last.1))
    }

    /// The values, ascending, where each range is a single one; none if one is not.
    pub fn points(&self) -> Option<Vec<T>> {
        self.ranges.iter().map(|(lo, hi)| only(lo, hi)).collect()
    }
}

/// The value between two cuts, if it is the only one.
pub(super) fn only<T: Ordered>(lo: &Cut<T>, hi: &Cut<T>) -> Option<T> {
    let value = match lo {
        Cut::Min => T::least(),
        Cut::Before(v) => v.clone(),
        Cut::After(v) => v.next()?,
        Cut::Max => return None,
    };
    (Cut::After(value.clone()) == *hi).then_some(value)
}

impl Ranges<i64> {
    /// The ranges, as the least and the greatest number of each.
    pub fn spans(&self) -> Vec<(i64, i64)> {
        let first = |cut: &Cut<i64>| match cut {
            Cut::Min => i64::MIN,
            Cut::Before(v) => *v,
            Cut::After(v) => v.saturating_add(1),
            Cut::Max => i64::MAX,
        };
        let last = |cut: &Cut<i64>| match cut {
            Cut::Min => i64::MIN,
            Cut::Before(v) => v.saturating_sub(1),
            Cut::After(v) => *v,
            Cut::Max => i64::MAX,
        };
        self.iter().map(|(lo, hi)| (first(lo), last(hi))).collect()
    }
}

impl Ranges<Vec<u8>> {
    /// The texts that begin with `prefix`. Both ends are texts, so that the set can be written down again.
    pub fn starting_with(prefix: &str) -> Self {
        let lo = Cut::Before(prefix.as_bytes().to_vec());
        let hi = after_prefix(prefix).map_or(Cut::Max, |end| Cut::Before(end.into_bytes()));
        Self::between(lo, hi)
    }
}

/// The least text above all that begin with `prefix`: that with the next character in its last place, or in the last but one. In UTF-8 bytes order
/// texts as their characters do.
pub(super) fn after_prefix(prefix: &str) -> Option<String> {
    let mut rest = prefix.to_string();
    while let Some(last) = rest.pop() {
        // A char is stepped over the surrogates, which are none.
        if let Some(next) = (last..=char::MAX).nth(1) {
            rest.push(next);
            return Some(rest);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;
    use std::collections::hash_map::DefaultHasher;

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
}
