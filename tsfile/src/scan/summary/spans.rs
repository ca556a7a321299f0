//! Stretches of time, and what touches in them.

use crate::Result;

/// First and last time, both inclusive.
pub(super) type Times = (i64, i64);

/// Calls `each` for everything that overlaps in time, directly or through others: each group lies in a stretch of its own. Groups come in the
/// order of time, and so do the items of a group.
pub(super) fn each_group<T>(
    items: &mut [(Times, T)],
    mut each: impl FnMut(&[(Times, T)]) -> Result<()>,
) -> Result<()> {
    if !items.is_sorted_by_key(|i| i.0) {
        items.sort_by_key(|i| i.0);
    }
    let mut rest = &*items;
    while let Some(((_, first), _)) = rest.first() {
        let (mut n, mut reached) = (1, *first);
        while let Some((times, _)) = rest.get(n).filter(|(times, _)| times.0 <= reached) {
            reached = reached.max(times.1);
            n += 1;
        }
        let (group, behind) = rest.split_at(n);
        each(group)?;
        rest = behind;
    }
    Ok(())
}

/// Whether `inner` lies within one of the ascending `ranges`.
pub(super) fn within(inner: Times, ranges: &[Times]) -> bool {
    let at = ranges.partition_point(|r| r.1 < inner.1);
    ranges.get(at).is_some_and(|r| r.0 <= inner.0)
}

/// What `times` shares with each of the ascending `ranges`.
pub(super) fn common(times: Times, ranges: &[Times]) -> impl Iterator<Item = Times> {
    let at = ranges.partition_point(|r| r.1 < times.0);
    let touching = ranges.get(at..).unwrap_or(&[]).iter();
    touching
        .take_while(move |r| r.0 <= times.1)
        .map(move |r| (r.0.max(times.0), r.1.min(times.1)))
}

/// The range over both, where there are both.
pub(super) fn hull(a: Option<Times>, b: Option<Times>) -> Option<Times> {
    match (a, b) {
        (Some(a), Some(b)) => Some((a.0.min(b.0), a.1.max(b.1))),
        (a, b) => a.or(b),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn groups(times: Vec<Times>) -> Vec<Vec<Times>> {
        let mut items: Vec<(Times, ())> = times.into_iter().map(|t| (t, ())).collect();
        let mut out = Vec::new();
        each_group(&mut items, |group| {
            out.push(group.iter().map(|i| i.0).collect());
            Ok(())
        })
        .unwrap();
        out
    }

    #[test]
    fn what_touches_is_one_group_also_through_others() {
        let last = (i64::MAX, i64::MAX);
        assert_eq!(
            groups(vec![(8, 9), (1, 3), (2, 2), (3, 6), (7, 7), last]),
            [
                vec![(1, 3), (2, 2), (3, 6)],
                vec![(7, 7)],
                vec![(8, 9)],
                vec![last]
            ]
        );
        assert_eq!(groups(vec![(i64::MIN, 0), (0, 1)]).len(), 1);
        assert_eq!(groups(vec![last, last]).len(), 1);
        assert!(groups(Vec::new()).is_empty());
    }

    #[test]
    fn ranges_include_both_ends() {
        let ranges = [(1, 2), (5, 9), (20, 30)];
        assert!(within((1, 2), &ranges) && within((6, 9), &ranges));
        assert!(!within((0, 2), &ranges) && !within((2, 5), &ranges) && !within((9, 10), &ranges));
        let shared = |times| common(times, &ranges).collect::<Vec<_>>();
        assert_eq!(shared((2, 5)), [(2, 2), (5, 5)]);
        assert_eq!(shared((0, 99)), ranges);
        assert_eq!(shared((10, 19)), []);
        assert_eq!(shared((i64::MIN, 1)), [(1, 1)]);
        assert_eq!(hull(Some((1, 2)), Some((0, 1))), Some((0, 2)));
        assert_eq!(hull(None, Some((0, 1))), Some((0, 1)));
    }
}
