//! Spreading dense values over rows by bitmap: whole runs are copied, never row by row.

use crate::encoding::BytesBuf;
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
        pad(out, base + start);
        let next = taken + (end - start);
        extend_bytes(out, dense, taken, next)?;
        taken = next;
    }
    pad(out, base + n);
    Ok(())
}

/// Moves the last `count` of the last `rows` values to the rows they belong to, those whose bit in `bits` is set; zero elsewhere.
///
/// In place: as many values are left as bits are set, so no row lies behind the value that comes to it.
pub(super) fn spread_tail<T: Copy + Default>(v: &mut [T], rows: usize, count: usize, bits: &[u8]) {
    let base = v.len().saturating_sub(rows);
    let Some(v) = v.get_mut(base..) else { return };
    let (mut next, mut row) = (rows.saturating_sub(count), 0);
    for (start, end) in set_runs(bits, 0, rows) {
        let n = end - start;
        if next > start && next + n <= rows {
            v.copy_within(next..next + n, start);
        }
        v.get_mut(row..start).unwrap_or(&mut []).fill(T::default());
        next += n;
        row = end;
    }
    v.get_mut(row..).unwrap_or(&mut []).fill(T::default());
}

/// As [`spread_tail`] for the last `count` byte strings, which become `rows`: a null is empty.
pub(super) fn spread_ends(v: &mut BytesBuf, rows: usize, count: usize, bits: &[u8]) {
    let base = v.len().saturating_sub(count);
    pad(v, base + rows);
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

/// Repeats the last offset until there are `len` values: the new ones are empty.
pub(super) fn pad(out: &mut BytesBuf, len: usize) {
    let last = out.offsets.last().copied().unwrap_or(0);
    out.offsets.resize(len + 1, last);
}

/// Appends values `from..to` of `src`.
pub(super) fn extend_bytes(
    out: &mut BytesBuf,
    src: &BytesBuf,
    from: usize,
    to: usize,
) -> crate::Result<()> {
    let Some(offsets) = src.offsets.get(from..=to) else {
        return Ok(());
    };
    let (Some(&first), Some(&last)) = (offsets.first(), offsets.last()) else {
        return Ok(());
    };
    let shift = out.data.len() as i64 - i64::from(first);
    if i64::from(last) + shift > i64::from(i32::MAX) {
        return Err(crate::Error::new(
            crate::ErrorKind::Limit,
            "byte strings",
            "the strings of one batch are larger than 2 GiB",
        ));
    }
    out.data
        .extend_from_slice(src.data.get(first as usize..last as usize).unwrap_or(&[]));
    out.offsets.extend(
        offsets
            .iter()
            .skip(1)
            .map(|&o| (i64::from(o) + shift) as i32),
    );
    Ok(())
}
