//! Values of a page out of the held rows: dense, with a bitmap of which are there.

use super::held::{Held, Order, Piece};
use crate::arrow::{ByteCells, Cells};
use crate::encoding::Physical;
use arrow_array::Array;
use arrow_buffer::{BooleanBuffer, NullBuffer};
use std::ops::Range;

/// Where the values of a measurement are: its position among the columns of each shape that has it.
#[derive(Debug, Clone, Default)]
pub struct Source {
    /// Shape and position.
    pub by_shape: Vec<(u32, u32)>,
}

impl Source {
    /// The values of the measurement in a held batch; `None` when its shape lacks it.
    #[inline]
    pub fn cells<'h>(&self, held: &'h Held) -> Option<&'h Cells> {
        let (_, column) = self.by_shape.iter().find(|(s, _)| *s == held.shape)?;
        held.cells.get(*column as usize)
    }
}

/// Bits from the most significant one on, as value pages hold them.
#[derive(Debug, Default)]
pub struct Bitmap {
    bytes: Vec<u8>,
    /// Bits that do not fill a byte yet, from the top.
    pending: u64,
    filled: u32,
    set: usize,
    rows: usize,
}

impl Bitmap {
    /// Forgets everything.
    pub fn clear(&mut self) {
        self.bytes.clear();
        (self.pending, self.filled, self.set, self.rows) = (0, 0, 0, 0);
    }

    /// The bits, padded with zeros.
    pub fn bytes(&mut self) -> &[u8] {
        while self.filled > 0 {
            self.bytes.push((self.pending >> 56) as u8);
            self.pending <<= 8;
            self.filled = self.filled.saturating_sub(8);
        }
        &self.bytes
    }

    /// First and last bit that is set. To be called behind [`Bitmap::bytes`].
    pub fn ends(&self) -> Option<(usize, usize)> {
        let first = self.bytes.iter().position(|b| *b != 0)?;
        let last = self.bytes.iter().rposition(|b| *b != 0)?;
        Some((
            first * 8 + self.bytes[first].leading_zeros() as usize,
            last * 8 + 7 - self.bytes[last].trailing_zeros() as usize,
        ))
    }

    /// Number of bits set.
    pub fn set(&self) -> usize {
        self.set
    }

    /// Number of bits.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// Appends the top `n` bits (at most 64) of `bits`; those below are zero.
    fn push(&mut self, bits: u64, n: u32) {
        self.set += bits.count_ones() as usize;
        self.rows += n as usize;
        self.pending |= bits >> self.filled;
        let fits = 64 - self.filled;
        if n < fits {
            self.filled += n;
            return;
        }
        self.bytes.extend_from_slice(&self.pending.to_be_bytes());
        self.pending = bits.checked_shl(fits).unwrap_or(0);
        self.filled = n - fits;
    }

    fn push_same(&mut self, there: bool, n: usize) {
        let bits = if there { u64::MAX } else { 0 };
        let mut left = n;
        while left > 0 {
            let part = left.min(64) as u32;
            self.push(bits.checked_shl(64 - part).unwrap_or(bits), part);
            left -= part as usize;
        }
    }

    fn push_bits(&mut self, bits: &BooleanBuffer) {
        let mut left = bits.len();
        for word in bits.bit_chunks().iter_padded() {
            let part = left.min(64);
            if part == 0 {
                break;
            }
            let keep = u64::MAX.checked_shl(64 - part as u32).unwrap_or(u64::MAX);
            self.push(word.reverse_bits() & keep, part as u32);
            left -= part;
        }
    }
}

/// Types whose values lie side by side in Arrow.
pub trait Native: Physical {
    /// The values of these cells, if they are of this type.
    fn values(cells: &Cells) -> Option<&[Self]>;
}

macro_rules! native {
    ($type:ty, $variant:ident) => {
        impl Native for $type {
            fn values(cells: &Cells) -> Option<&[Self]> {
                match cells {
                    Cells::$variant(a) => Some(a.values()),
                    _ => None,
                }
            }
        }
    };
}

native!(i32, I32);
native!(i64, I64);
native!(f32, F32);
native!(f64, F64);

/// The values of these rows of a measurement: appended to `out`, or borrowed when they lie side by side without a null. `present` gets a bit
/// for each row.
pub fn fixed<'a, T: Native>(
    held: &'a [Held],
    order: &Order,
    source: &Source,
    rows: Range<usize>,
    out: &'a mut Vec<T>,
    present: &mut Bitmap,
) -> &'a [T] {
    present.clear();
    out.clear();
    let mut whole: Option<&'a [T]> = None;
    let wanted = rows.len();
    order.pieces(rows, |piece| match piece {
        Piece::Run(run) => {
            let batch = &held[run.held as usize];
            let Some((cells, values)) = source.cells(batch).and_then(|c| Some((c, T::values(c)?)))
            else {
                present.push_same(false, run.len as usize);
                return;
            };
            let values = &values[run.rows()];
            match cells.nulls() {
                None => {
                    present.push_same(true, values.len());
                    if values.len() == wanted {
                        whole = Some(values);
                    } else {
                        out.extend_from_slice(values);
                    }
                }
                Some(nulls) => {
                    let bits = part(nulls, &run.rows());
                    present.push_bits(&bits);
                    compact(values, &bits, out);
                }
            }
        }
        Piece::Rows(rows) => {
            for (h, r) in rows {
                let value = source.cells(&held[*h as usize]).and_then(|cells| {
                    let there = cells.nulls().is_none_or(|n| n.is_valid(*r as usize));
                    there.then(|| T::values(cells)?.get(*r as usize).copied())?
                });
                present.push_same(value.is_some(), 1);
                out.extend(value);
            }
        }
    });
    whole.unwrap_or(out)
}

/// As [`fixed`], for BOOLEAN.
pub fn bools<'a>(
    held: &[Held],
    order: &Order,
    source: &Source,
    rows: Range<usize>,
    out: &'a mut Vec<bool>,
    present: &mut Bitmap,
) -> &'a [bool] {
    present.clear();
    out.clear();
    order.pieces(rows, |piece| match piece {
        Piece::Run(run) => {
            let Some(Cells::Bool(array)) = source.cells(&held[run.held as usize]) else {
                present.push_same(false, run.len as usize);
                return;
            };
            let values = array.values().slice(run.start as usize, run.len as usize);
            match array.nulls().filter(|n| n.null_count() > 0) {
                None => {
                    present.push_same(true, values.len());
                    out.extend(values.iter());
                }
                Some(nulls) => {
                    let bits = part(nulls, &run.rows());
                    present.push_bits(&bits);
                    out.extend(
                        values
                            .iter()
                            .zip(bits.iter())
                            .filter_map(|(v, there)| there.then_some(v)),
                    );
                }
            }
        }
        Piece::Rows(rows) => {
            for (h, r) in rows {
                let value = match source.cells(&held[*h as usize]) {
                    Some(Cells::Bool(a)) if a.is_valid(*r as usize) => Some(a.value(*r as usize)),
                    _ => None,
                };
                present.push_same(value.is_some(), 1);
                out.extend(value);
            }
        }
    });
    out
}

/// As [`fixed`], for byte strings, which are borrowed.
pub fn bytes<'a>(
    held: &'a [Held],
    order: &Order,
    source: &Source,
    rows: Range<usize>,
    out: &mut Vec<&'a [u8]>,
    present: &mut Bitmap,
) {
    present.clear();
    out.clear();
    let one = |cells: &'a ByteCells, row: usize, present: &mut Bitmap, out: &mut Vec<_>| {
        let value = cells.get(row);
        present.push_same(value.is_some(), 1);
        out.extend(value);
    };
    order.pieces(rows, |piece| match piece {
        Piece::Run(run) => match source.cells(&held[run.held as usize]) {
            Some(Cells::Bytes(ByteCells::Utf8(a))) => {
                side_by_side(
                    a.value_offsets(),
                    a.value_data(),
                    a.nulls(),
                    &run.rows(),
                    present,
                    out,
                );
            }
            Some(Cells::Bytes(ByteCells::Binary(a))) => {
                side_by_side(
                    a.value_offsets(),
                    a.value_data(),
                    a.nulls(),
                    &run.rows(),
                    present,
                    out,
                );
            }
            Some(Cells::Bytes(cells)) => run.rows().for_each(|row| one(cells, row, present, out)),
            _ => present.push_same(false, run.len as usize),
        },
        Piece::Rows(rows) => {
            for (h, r) in rows {
                match source.cells(&held[*h as usize]) {
                    Some(Cells::Bytes(cells)) => one(cells, *r as usize, present, out),
                    _ => present.push_same(false, 1),
                }
            }
        }
    });
}

/// Strings as Arrow usually has them: one behind the other.
fn side_by_side<'a>(
    offsets: &[i32],
    data: &'a [u8],
    nulls: Option<&NullBuffer>,
    rows: &Range<usize>,
    present: &mut Bitmap,
    out: &mut Vec<&'a [u8]>,
) {
    // Arrow has checked that offsets ascend within the data.
    let ends = offsets[rows.start..]
        .iter()
        .zip(&offsets[rows.start + 1..=rows.end]);
    let values = ends.map(|(start, end)| &data[*start as usize..*end as usize]);
    match nulls.filter(|n| n.null_count() > 0) {
        None => {
            present.push_same(true, rows.len());
            out.extend(values);
        }
        Some(nulls) => {
            let bits = part(nulls, rows);
            present.push_bits(&bits);
            out.extend(
                values
                    .zip(&bits)
                    .filter_map(|(v, there)| there.then_some(v)),
            );
        }
    }
}

/// Bytes that the strings of these rows take.
pub fn string_bytes(held: &[Held], order: &Order, source: &Source, rows: Range<usize>) -> usize {
    let mut sum = 0;
    let of = |cells: &ByteCells, row| cells.get(row).map_or(0, <[u8]>::len);
    order.pieces(rows, |piece| match piece {
        Piece::Run(run) => {
            sum += match source.cells(&held[run.held as usize]) {
                Some(Cells::Bytes(ByteCells::Utf8(a))) => ends(a.value_offsets(), &run.rows()),
                Some(Cells::Bytes(ByteCells::Binary(a))) => ends(a.value_offsets(), &run.rows()),
                Some(Cells::Bytes(cells)) => run.rows().map(|row| of(cells, row)).sum(),
                _ => 0,
            };
        }
        Piece::Rows(rows) => {
            for (h, r) in rows {
                if let Some(Cells::Bytes(cells)) = source.cells(&held[*h as usize]) {
                    sum += of(cells, *r as usize);
                }
            }
        }
    });
    sum
}

fn ends(offsets: &[i32], rows: &Range<usize>) -> usize {
    usize::try_from(offsets[rows.end] - offsets[rows.start]).unwrap_or(0)
}

/// Whether any of these rows has a value.
pub fn any_value(held: &[Held], order: &Order, source: &Source, rows: Range<usize>) -> bool {
    let mut any = false;
    order.pieces(rows, |piece| {
        any = any
            || match piece {
                Piece::Run(run) => source.cells(&held[run.held as usize]).is_some_and(|cells| {
                    cells
                        .nulls()
                        .is_none_or(|nulls| part(nulls, &run.rows()).count_set_bits() > 0)
                }),
                Piece::Rows(rows) => rows.iter().any(|(h, r)| {
                    source
                        .cells(&held[*h as usize])
                        .is_some_and(|c| c.nulls().is_none_or(|n| n.is_valid(*r as usize)))
                }),
            };
    });
    any
}

/// The rows that have a value, as an order of their own; `None` when all have one.
pub fn present_rows(
    held: &[Held],
    order: &Order,
    source: &Source,
    rows: Range<usize>,
) -> Option<Vec<(u32, u32)>> {
    let mut all = true;
    order.pieces(rows.clone(), |piece| {
        all = all
            && match piece {
                Piece::Run(run) => source.cells(&held[run.held as usize]).is_some_and(|cells| {
                    cells
                        .nulls()
                        .is_none_or(|n| part(n, &run.rows()).count_set_bits() == run.len as usize)
                }),
                Piece::Rows(_) => false,
            };
    });
    if all {
        return None;
    }
    let mut present = Vec::new();
    let there = |h: u32, r: u32| {
        source
            .cells(&held[h as usize])
            .is_some_and(|c| c.nulls().is_none_or(|n| n.is_valid(r as usize)))
    };
    order.pieces(rows, |piece| match piece {
        Piece::Run(run) => {
            let rows = run.start..run.start + run.len;
            present.extend(rows.map(|r| (run.held, r)).filter(|(h, r)| there(*h, *r)));
        }
        Piece::Rows(rows) => present.extend(rows.iter().filter(|(h, r)| there(*h, *r))),
    });
    Some(present)
}

/// How many rows have a value of at least one of these measurements.
pub fn rows_with_value<'s>(
    held: &[Held],
    order: &Order,
    sources: impl Iterator<Item = &'s Source> + Clone,
) -> usize {
    let mut count = 0;
    let there = |h: u32, r: u32| {
        sources.clone().any(|s| {
            s.cells(&held[h as usize])
                .is_some_and(|c| c.nulls().is_none_or(|n| n.is_valid(r as usize)))
        })
    };
    order.pieces(0..order.len(), |piece| match piece {
        Piece::Run(run) => {
            let batch = &held[run.held as usize];
            let whole = sources
                .clone()
                .any(|s| s.cells(batch).is_some_and(|c| c.nulls().is_none()));
            count += if whole {
                run.len as usize
            } else {
                let rows = run.start..run.start + run.len;
                rows.filter(|r| there(run.held, *r)).count()
            };
        }
        Piece::Rows(rows) => count += rows.iter().filter(|(h, r)| there(*h, *r)).count(),
    });
    count
}

fn part(nulls: &NullBuffer, rows: &Range<usize>) -> BooleanBuffer {
    nulls.inner().slice(rows.start, rows.len())
}

/// Appends the values whose bit is set.
fn compact<T: Copy + Default>(values: &[T], present: &BooleanBuffer, out: &mut Vec<T>) {
    // Every value is stored, and the place of the next one moves on only behind those that are there: no branch to mispredict.
    let start = out.len();
    out.resize(start + values.len(), T::default());
    let mut at = start;
    for (chunk, word) in values.chunks(64).zip(present.bit_chunks().iter_padded()) {
        if word == u64::MAX && chunk.len() == 64 {
            out[at..at + 64].copy_from_slice(chunk);
            at += 64;
            continue;
        }
        for (i, v) in chunk.iter().enumerate() {
            out[at] = *v;
            at += (word >> i & 1) as usize;
        }
    }
    out.truncate(at);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bitmaps_are_the_bits_from_the_top_wherever_a_run_begins() {
        let bits: Vec<bool> = (0..300).map(|i| i % 3 == 0 || i % 7 == 1).collect();
        for cuts in [
            vec![300],
            vec![1, 299],
            vec![65, 64, 171],
            vec![8, 56, 100, 136],
        ] {
            let mut map = Bitmap::default();
            let mut from = 0;
            for n in cuts {
                map.push_bits(&BooleanBuffer::from(&bits[from..from + n]));
                from += n;
            }
            map.push_same(true, 3);
            map.push_same(false, 70);
            let mut all = bits.clone();
            all.extend([true; 3]);
            all.extend([false; 70]);
            let mut expected = vec![0u8; all.len().div_ceil(8)];
            for (i, b) in all.iter().enumerate() {
                expected[i / 8] |= u8::from(*b) << (7 - i % 8);
            }
            assert_eq!(map.set(), all.iter().filter(|b| **b).count());
            assert_eq!(map.rows(), all.len());
            assert_eq!(map.bytes(), expected);
        }
    }

    #[test]
    fn compact_keeps_what_is_there() {
        let values: Vec<i32> = (0..200).collect();
        for pattern in [1usize, 2, 3, 65, 1000] {
            for (start, n) in [(0, 200), (3, 130), (64, 64)] {
                let bits: Vec<bool> = (0..200).map(|i| i % pattern != 0).collect();
                let buffer = BooleanBuffer::from(bits.as_slice()).slice(start, n);
                let mut out = vec![7];
                compact(&values[start..start + n], &buffer, &mut out);
                let mut expected = vec![7];
                expected.extend((start..start + n).filter(|i| bits[*i]).map(|i| i as i32));
                assert_eq!(out, expected);
            }
        }
    }
}
