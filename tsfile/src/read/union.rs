//! Ascending lists of times to one, each time once, and where the times of one list are in it.

/// The earliest `most` times of the union of `lists`.
///
/// Lists are united two by two, and so on with what comes out: one after the other, each would cost the length of the whole union.
pub(super) fn union_of(lists: &[&[i64]], most: usize) -> Vec<i64> {
    let mut round: Vec<Vec<i64>> = pairs(lists, most);
    while round.len() > 1 {
        round = pairs(&round, most);
    }
    round.pop().unwrap_or_default()
}

fn pairs<T: AsRef<[i64]>>(lists: &[T], most: usize) -> Vec<Vec<i64>> {
    let pair = |pair: &[T]| match pair {
        [a, b] => union(a.as_ref(), b.as_ref(), most),
        _ => pair
            .iter()
            .flat_map(T::as_ref)
            .take(most)
            .copied()
            .collect(),
    };
    lists.chunks(2).map(pair).collect()
}

/// The earliest `most` times of two ascending lists.
fn union(a: &[i64], b: &[i64], most: usize) -> Vec<i64> {
    let mut out = Vec::with_capacity((a.len() + b.len()).min(most));
    let (mut a, mut b) = (a, b);
    while let (Some((x, rest_a)), Some((y, rest_b))) = (a.split_first(), b.split_first()) {
        if out.len() == most {
            return out;
        }
        out.push(*x.min(y));
        if x <= y {
            a = rest_a;
        }
        if y <= x {
            b = rest_b;
        }
    }
    let rest = a.iter().chain(b).take(most - out.len());
    out.extend(rest);
    out
}

/// A bit for each of `all`, least significant first: set when `some`, a subset, has it.
pub(super) fn positions(all: &[i64], some: &[i64]) -> Vec<u8> {
    let mut bits = vec![0u8; all.len().div_ceil(8)];
    if some.len() < all.len() / FEW {
        let mut from = 0;
        for t in some {
            from += all.get(from..).unwrap_or(&[]).partition_point(|a| a < t);
            if let Some(byte) = bits.get_mut(from / 8) {
                *byte |= 1 << (from % 8);
            }
        }
        return bits;
    }
    let mut rest = some;
    for (byte, chunk) in bits.iter_mut().zip(all.chunks(8)) {
        for (i, t) in chunk.iter().enumerate() {
            if let Some((first, tail)) = rest.split_first() {
                if first == t {
                    *byte |= 1 << i;
                    rest = tail;
                }
            }
        }
    }
    bits
}

/// Where fewer than one in so many is looked for, each is searched.
const FEW: usize = 16;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unions_keep_each_time_once() {
        let lists: [&[i64]; 5] = [&[1, 3, 5], &[2, 3, 6], &[], &[0, 9], &[5]];
        assert_eq!(union_of(&lists[..2], 9), [1, 2, 3, 5, 6]);
        assert_eq!(union_of(&lists, 99), [0, 1, 2, 3, 5, 6, 9]);
        assert_eq!(union_of(&lists, 3), [0, 1, 2]);
        assert_eq!(union_of(&lists[..1], 2), [1, 3]);
        assert_eq!(union_of(&[], 2), []);
    }

    #[test]
    fn positions_are_found_however_few() {
        assert_eq!(positions(&[1, 2, 3, 5, 6], &[2, 3, 6]), [0b10110]);
        let all: Vec<i64> = (0..100).map(|i| 3 * i).collect();
        for n in [1, 2, 5, 6, 7, 50, 100] {
            let some: Vec<i64> = all.iter().copied().skip(3).step_by(100 / n).collect();
            let bits = positions(&all, &some);
            let found = (0..100).filter(|i| bits[i / 8] >> (i % 8) & 1 == 1);
            assert!(found.map(|i| all[i]).eq(some));
        }
    }
}
