//! Sets of ordered values, as ranges between cuts.

use super::cut::{Cut, Ordered};
use std::borrow::Borrow;
use std::sync::Arc;

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
mod tests;
