//! Sets of ordered values, as ranges between cuts.

/// A place between values: before or after one of them, or beyond all.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
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

/// A set of values: ranges from one cut to a later one, ascending, with something between any two of them.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Ranges<T> {
    ranges: Vec<(Cut<T>, Cut<T>)>,
}
