//! Stretches of time that touch each other.

/// Puts together what overlaps in time, directly or through others: each group lies in a stretch of its own. Groups come in the order of
/// time, and so do the items of a group.
pub(super) fn groups<T>(mut items: Vec<T>, times: impl Fn(&T) -> (i64, i64)) -> Vec<Vec<T>> {
    items.sort_by_key(&times);
    let mut groups: Vec<Vec<T>> = Vec::new();
    let mut reached = i64::MIN;
    for item in items {
        let (start, end) = times(&item);
        match groups.last_mut() {
            Some(group) if start <= reached => group.push(item),
            _ => groups.push(vec![item]),
        }
        reached = reached.max(end);
    }
    groups
}

/// Whether `inner` lies within `outer`; both ends belong to a range.
pub(super) fn within(inner: (i64, i64), outer: (i64, i64)) -> bool {
    inner.0 >= outer.0 && inner.1 <= outer.1
}

/// What two ranges share.
pub(super) fn common(a: (i64, i64), b: (i64, i64)) -> Option<(i64, i64)> {
    let both = (a.0.max(b.0), a.1.min(b.1));
    (both.0 <= both.1).then_some(both)
}

/// The range over both, where there are both.
pub(super) fn hull(a: Option<(i64, i64)>, b: Option<(i64, i64)>) -> Option<(i64, i64)> {
    match (a, b) {
        (Some(a), Some(b)) => Some((a.0.min(b.0), a.1.max(b.1))),
        (a, b) => a.or(b),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_touches_is_one_group_also_through_others() {
        let items = vec![(8, 9), (1, 3), (2, 2), (3, 6), (7, 7), (i64::MAX, i64::MAX)];
        assert_eq!(
            groups(items, |i| *i),
            [
                vec![(1, 3), (2, 2), (3, 6)],
                vec![(7, 7)],
                vec![(8, 9)],
                vec![(i64::MAX, i64::MAX)]
            ]
        );
        assert_eq!(groups(vec![(i64::MIN, 0), (0, 1)], |i| *i).len(), 1);
    }

    #[test]
    fn ranges_include_both_ends() {
        assert!(within((1, 2), (1, 2)) && !within((0, 2), (1, 2)));
        assert_eq!(common((1, 5), (5, 9)), Some((5, 5)));
        assert_eq!(common((1, 4), (5, 9)), None);
        assert_eq!(hull(Some((1, 2)), Some((0, 1))), Some((0, 2)));
        assert_eq!(hull(None, Some((0, 1))), Some((0, 1)));
    }
}
