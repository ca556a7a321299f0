//! Where the text of a column changes: the device and the tags are the same in many rows, and Java makes a string of each run once.

use arrow_array::{Array, StringArray};

/// Rows are compared in blocks of these sizes, the largest that is all the same first.
const BLOCKS: [usize; 3] = [512, 16, 1];

/// Writes the row behind each run of rows with the same text, or without one, to `ends`.
pub fn ends(texts: &StringArray, ends: &mut Vec<i32>) {
    ends.clear();
    let rows = texts.len();
    let mut at = 0;
    while at < rows {
        let from = at;
        at += 1;
        for block in BLOCKS {
            while at + block <= rows && is_same(texts, from, at, block) {
                at += block;
            }
        }
        ends.push(i32::try_from(at).unwrap_or(i32::MAX));
    }
}

/// Whether `count` rows from `at` on, which follow rows that are as row `from` is, are so, too.
fn is_same(texts: &StringArray, from: usize, at: usize, count: usize) -> bool {
    if texts.null_count() > 0 {
        let is_null = texts.is_null(from);
        return (at..at + count).all(|row| {
            texts.is_null(row) == is_null && (is_null || texts.value(row) == texts.value(from))
        });
    }
    let offsets = texts.value_offsets().get(at - 1..=at + count);
    let Some(offsets @ [first, _, .., last]) = offsets else {
        return false;
    };
    let bytes = offsets.get(1).map_or(0, |second| second - first);
    let as_long = |pair: &[i32]| matches!(pair, [a, b] if b - a == bytes);
    if !offsets
        .windows(2)
        .fold(true, |all, pair| all & as_long(pair))
    {
        return false;
    }
    // All are as long as the row before them: they are that row again and again when the bytes are the same that far ahead.
    let (first, last, bytes) = (*first as usize, *last as usize, bytes as usize);
    let data = texts.value_data();
    data.get(first..last - bytes) == data.get(first + bytes..last)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn runs_of(texts: &StringArray) -> Vec<i32> {
        let mut out = vec![7];
        ends(texts, &mut out);
        out
    }

    /// One row after the other.
    fn slowly(texts: &StringArray) -> Vec<i32> {
        let rows: Vec<Option<&str>> = texts.iter().collect();
        let runs = rows.chunk_by(|a, b| a == b);
        let ends = runs.scan(0, |end, run| {
            *end += run.len() as i32;
            Some(*end)
        });
        ends.collect()
    }

    #[test]
    fn runs_are_those_of_a_comparison_row_by_row() {
        let texts = [
            Some("a"),
            Some("aa"),
            Some("aaa"),
            Some("b"),
            Some(""),
            None,
        ];
        let mut state = 1u64;
        for nulls in [5, 6] {
            for longest in [1, 3, 40, 2_000] {
                let mut rows = Vec::new();
                while rows.len() < 5_000 {
                    state = state
                        .wrapping_mul(6_364_136_223_846_793_005)
                        .wrapping_add(1);
                    let text = texts[(state >> 33) as usize % nulls];
                    let count = (state >> 40) as usize % longest + 1;
                    rows.extend(std::iter::repeat_n(text, count));
                }
                let all = StringArray::from(rows);
                for part in [
                    all.clone(),
                    all.slice(1, 4_000),
                    all.slice(17, 1),
                    all.slice(9, 0),
                ] {
                    assert_eq!(runs_of(&part), slowly(&part));
                }
            }
        }
    }
}
