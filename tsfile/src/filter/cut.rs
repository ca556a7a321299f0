//! Places between values, where ranges begin and end.

use std::borrow::Borrow;
use std::cmp::Ordering;
use std::hash::{Hash, Hasher};

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
