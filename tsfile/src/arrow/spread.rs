//! Spreading dense values over rows by bitmap: whole runs are copied, never row by row.

use crate::encoding::{BytesBuf, DictionaryBuf};
use arrow_buffer::bit_iterator::BitSliceIterator;

/// Runs `(start, end)` of set bits among `n` bits of `bits` (least significant bit first) from bit `from` on.
pub fn set_runs(bits: &[u8], from: usize, n: usize) -> BitSliceIterator<'_> {
    BitSliceIterator::new(bits, from, n)
}

/// Appends `n` rows to `out`: row `i` is the next of `dense` when bit `from + i` is set, else the default.
pub(super) fn spread<T: Copy + Default>(
    out: &mut Vec<T>,
    dense: &[T],
    bits: &[u8],
    from: usize,
    n: usize,
) {
    let base = out.len();
    out.reserve(n);
    let mut taken = 0;
    for (start, end) in set_runs(bits, from, n) {
        out.resize(base + start, T::default());
        let next = taken + (end - start);
        out.extend_from_slice(dense.get(taken..next).unwrap_or(&[]));
        taken = next;
    }
    out.resize(base + n, T::default());
}

/// As [`spread`], for byte strings from value `dense_from` of `dense` on.
pub(super) fn spread_bytes(
    out: &mut BytesBuf,
    dense: &BytesBuf,
    dense_from: usize,
    bits: &[u8],
    from: usize,
    n: usize,
) -> crate::Result<()> {
    let base = out.len();
    let mut taken = dense_from;
    for (start, end) in set_runs(bits, from, n) {
        out.pad(base + start);
        let next = taken + (end - start);
        out.extend_from(dense, taken, next)?;
        taken = next;
    }
    out.pad(base + n);
    Ok(())
}

/// Moves the last `count` of the last `rows` values to the rows they belong to, those whose bit in `bits` is set.
///
/// In place: as many values are left as bits are set, so no row lies behind the value that comes to it.
///
/// Bits are read from bit `from` on, and a row without a value gets `null`.
pub(super) fn spread_tail<T: Copy>(
    v: &mut [T],
    rows: usize,
    count: usize,
    (bits, from): (&[u8], usize),
    null: T,
) {
    let base = v.len().saturating_sub(rows);
    let Some(v) = v.get_mut(base..) else { return };
    let (mut next, mut row) = (rows.saturating_sub(count), 0);
    for (start, end) in set_runs(bits, from, rows) {
        let n = end - start;
        if next > start && next + n <= rows {
            v.copy_within(next..next + n, start);
        }
        v.get_mut(row..start).unwrap_or(&mut []).fill(null);
        next += n;
        row = end;
    }
    v.get_mut(row..).unwrap_or(&mut []).fill(null);
}

/// As [`spread_tail`] for the last `count` byte strings, which become `rows`: a null is empty.
pub(super) fn spread_ends(v: &mut BytesBuf, rows: usize, count: usize, bits: &[u8]) {
    let base = v.len().saturating_sub(count);
    v.pad(base + rows);
    let Some(ends) = v.offsets.get_mut(base..) else {
        return;
    };
    // From the back: the end of row i is that of the last value up to it, which lies no further back.
    let mut value = count;
    for row in (0..rows).rev() {
        if value > row {
            break;
        }
        let end = ends.get(value).copied().unwrap_or_default();
        if let Some(to) = ends.get_mut(row + 1) {
            *to = end;
        }
        let set = bits.get(row / 8).is_some_and(|b| b >> (row % 8) & 1 == 1);
        value -= usize::from(set);
    }
}

/// As [`spread_tail`] for the last `count` values, which become `rows`: a null has the key of a value that is near.
pub(super) fn spread_keys(v: &mut DictionaryBuf, rows: usize, count: usize, bits: (&[u8], usize)) {
    let base = v.len().saturating_sub(count);
    let near = v.keys.get(base).copied();
    v.resize(base + rows);
    if count <= rows {
        v.keys.copy_within(base..base + count, base + rows - count);
    }
    let near = near.or(v.keys.last().copied()).unwrap_or(0);
    spread_tail(&mut v.keys, rows, count, bits, near);
}
