//! Predicates over Arrow arrays: exactly which rows are kept, as bits.

use super::order::{float_key, key_float};
use super::predicate::{Predicate, Test};
use super::ranges::Ranges;
use crate::error::{Error, Result};
use arrow_array::cast::AsArray;
use arrow_array::types::{
    ByteArrayType, Date32Type, Float32Type, Float64Type, Int32Type, Int64Type,
    TimestampMicrosecondType, TimestampMillisecondType, TimestampNanosecondType,
    TimestampSecondType,
};
use arrow_array::{Array, DictionaryArray, GenericByteArray};
use arrow_buffer::{BooleanBuffer, Buffer};
use arrow_schema::{DataType, TimeUnit};

/// Up to so many spans each value is compared with all of them, beyond it bisects.
const COMPARED_SPANS: usize = 4;

impl Predicate {
    /// Which of `rows` rows are kept. `column` gives the values of a column by its number, `rows` of them; without any, all are null.
    ///
    /// # Errors
    ///
    /// When an array is not of a type that its test is for.
    pub fn evaluate<'a>(
        &self,
        rows: usize,
        column: &dyn Fn(usize) -> Option<&'a dyn Array>,
    ) -> Result<BooleanBuffer> {
        Ok(match self {
            Self::Always => BooleanBuffer::new_set(rows),
            Self::Never => BooleanBuffer::new_unset(rows),
            Self::Test { column: at, test } => match column(*at) {
                Some(array) => test.evaluate(array)?,
                None if *test == Test::IsNull => BooleanBuffer::new_set(rows),
                None => BooleanBuffer::new_unset(rows),
            },
            Self::All(parts) => {
                let mut kept = BooleanBuffer::new_set(rows);
                for part in parts {
                    if !kept.has_true() {
                        break;
                    }
                    kept = &kept & &part.evaluate(rows, column)?;
                }
                kept
            }
            Self::Any(parts) => {
                let mut kept = BooleanBuffer::new_unset(rows);
                for part in parts {
                    if !kept.has_false() {
                        break;
                    }
                    kept = &kept | &part.evaluate(rows, column)?;
                }
                kept
            }
        })
    }
}

impl Test {
    /// Which values pass.
    ///
    /// # Errors
    ///
    /// When the array is not of a type that the test is for.
    pub fn evaluate(&self, array: &dyn Array) -> Result<BooleanBuffer> {
        let passed = match self {
            Self::IsNull => {
                return Ok(match array.nulls() {
                    Some(nulls) => !nulls.inner(),
                    None => BooleanBuffer::new_unset(array.len()),
                });
            }
            Self::IsNotNull => Some(BooleanBuffer::new_set(array.len())),
            Self::Numbers(set) => numbers(set, array),
            Self::Bytes(set) => bytes(array, |value| set.contains(value)),
            Self::Like { pattern, negated } => bytes(array, |value| {
                pattern.matches(&String::from_utf8_lossy(value)) != *negated
            }),
        };
        let passed = passed.ok_or_else(|| {
            let of = match self {
                Self::Numbers(_) => "numbers",
                _ => "text or bytes",
            };
            Error::argument(format!("a test of {of} meets a column of another type"))
                .got(array.data_type())
        })?;
        Ok(match array.nulls() {
            Some(nulls) => &passed & nulls.inner(),
            None => passed,
        })
    }
}

impl Ranges<i64> {
    /// Which of these numbers, one after the other, are in the set.
    pub fn mask(&self, numbers: &[i64]) -> BooleanBuffer {
        within(numbers, &self.spans(), |n| n, |_| false)
    }
}

/// Which values are in the set, whatever lies under nulls; nothing for an array that holds no numbers.
fn numbers(set: &Ranges<i64>, array: &dyn Array) -> Option<BooleanBuffer> {
    Some(match array.data_type() {
        DataType::Boolean => {
            let values = array.as_boolean().values();
            match (set.contains(&0), set.contains(&1)) {
                (true, true) => BooleanBuffer::new_set(array.len()),
                (true, false) => !values,
                (false, true) => values.clone(),
                (false, false) => BooleanBuffer::new_unset(array.len()),
            }
        }
        DataType::Int32 => narrow(array.as_primitive::<Int32Type>().values(), set),
        DataType::Date32 => narrow(array.as_primitive::<Date32Type>().values(), set),
        DataType::Int64 => set.mask(array.as_primitive::<Int64Type>().values()),
        DataType::Timestamp(unit, _) => set.mask(match unit {
            TimeUnit::Second => array.as_primitive::<TimestampSecondType>().values(),
            TimeUnit::Millisecond => array.as_primitive::<TimestampMillisecondType>().values(),
            TimeUnit::Microsecond => array.as_primitive::<TimestampMicrosecondType>().values(),
            TimeUnit::Nanosecond => array.as_primitive::<TimestampNanosecondType>().values(),
        }),
        DataType::Float32 => {
            let (spans, nan) = float_spans(set);
            let values = array.as_primitive::<Float32Type>().values();
            within(values, &spans, f64::from, |v| nan & v.is_nan())
        }
        DataType::Float64 => {
            let (spans, nan) = float_spans(set);
            let values = array.as_primitive::<Float64Type>().values();
            within(values, &spans, |v| v, |v| nan & v.is_nan())
        }
        _ => return None,
    })
}

/// 32-bit numbers, compared as such.
fn narrow(values: &[i32], set: &Ranges<i64>) -> BooleanBuffer {
    let least = i64::from(i32::MIN);
    let greatest = i64::from(i32::MAX);
    let clipped = set.intersect(&Ranges::above(least, true));
    let clipped = clipped.intersect(&Ranges::below(greatest, true));
    let narrowed = clipped
        .spans()
        .into_iter()
        .filter_map(|(lo, hi)| Some((i32::try_from(lo).ok()?, i32::try_from(hi).ok()?)));
    within(values, &narrowed.collect::<Vec<_>>(), |v| v, |_| false)
}

/// The numbers of a set of keys, but for NaN, and whether that is one of them. Zeros of both signs compare as one, which is what their key says.
fn float_spans(set: &Ranges<i64>) -> (Vec<(f64, f64)>, bool) {
    let least = float_key(f64::NEG_INFINITY);
    let greatest = float_key(f64::INFINITY);
    let clipped = set.intersect(&Ranges::above(least, true));
    let clipped = clipped.intersect(&Ranges::below(greatest, true));
    let spans = clipped.spans().into_iter();
    let spans = spans
        .map(|(lo, hi)| (key_float(lo), key_float(hi)))
        .collect();
    (spans, set.contains(&float_key(f64::NAN)))
}

/// Which values are in one of the ascending spans, both ends included, or pass `or`.
fn within<T: Copy, K: PartialOrd + Copy>(
    values: &[T],
    spans: &[(K, K)],
    key: impl Fn(T) -> K,
    or: impl Fn(T) -> bool,
) -> BooleanBuffer {
    // No branch in any of these: comparisons of many values become one instruction each.
    match spans {
        [] => mask(values, or),
        [(lo, hi)] => mask(values, |v| ((key(v) >= *lo) & (key(v) <= *hi)) | or(v)),
        few if few.len() <= COMPARED_SPANS => mask(values, |v| {
            let k = key(v);
            few.iter()
                .fold(or(v), |found, (lo, hi)| found | ((k >= *lo) & (k <= *hi)))
        }),
        many => mask(values, |v| {
            let k = key(v);
            let at = many.partition_point(|(_, hi)| *hi < k);
            or(v) || many.get(at).is_some_and(|(lo, hi)| (*lo <= k) & (k <= *hi))
        }),
    }
}

/// One bit for each value.
fn mask<T: Copy>(values: &[T], test: impl Fn(T) -> bool) -> BooleanBuffer {
    const WORD: usize = u64::BITS as usize;
    let mut words = Vec::with_capacity(values.len().div_ceil(WORD));
    let chunks = values.chunks_exact(WORD);
    let rest = chunks.remainder();
    for chunk in chunks {
        let mut passed = [0_u8; WORD];
        for (passed, value) in passed.iter_mut().zip(chunk) {
            *passed = u8::from(test(*value));
        }
        words.push(packed(&passed));
    }
    if !rest.is_empty() {
        let mut passed = [0_u8; WORD];
        for (passed, value) in passed.iter_mut().zip(rest) {
            *passed = u8::from(test(*value));
        }
        words.push(packed(&passed));
    }
    BooleanBuffer::new(Buffer::from_vec(words), 0, values.len())
}

/// 64 bytes that are 0 or 1 as the bits of a word, as Arrow has them in memory.
fn packed(bytes: &[u8; u64::BITS as usize]) -> u64 {
    /// Moves bit 0 of byte k to bit 56 + k, for each k.
    const GATHER: u64 = 0x0102_0408_1020_4080;
    let bits = bytes.chunks_exact(8).rev().fold(0, |word, eight| {
        let eight = <[u8; 8]>::try_from(eight).unwrap_or_default();
        (word << 8) | (u64::from_le_bytes(eight).wrapping_mul(GATHER) >> 56)
    });
    u64::to_le(bits)
}

/// Which texts or bytes pass, whatever lies under nulls; nothing for another array.
fn bytes(array: &dyn Array, test: impl FnMut(&[u8]) -> bool) -> Option<BooleanBuffer> {
    match array.data_type() {
        DataType::Utf8 => Some(each(array.as_string::<i32>(), test)),
        DataType::Binary => Some(each(array.as_binary::<i32>(), test)),
        DataType::Dictionary(..) => of_entries(array.as_dictionary_opt()?, test),
        _ => None,
    }
}

/// One bit for each key. Entries are tested once, unless there are more of them than keys.
fn of_entries(
    array: &DictionaryArray<Int32Type>,
    mut test: impl FnMut(&[u8]) -> bool,
) -> Option<BooleanBuffer> {
    let (keys, texts) = (
        array.keys().values(),
        array.values().as_string_opt::<i32>()?,
    );
    let entry = |key: i32| usize::try_from(key).ok().filter(|&k| k < texts.len());
    if texts.len() <= keys.len() {
        let passed = each(texts, test);
        return Some(mask(keys, |key| {
            entry(key).is_some_and(|k| passed.value(k))
        }));
    }
    let mut last: Option<(i32, bool)> = None;
    let bits = keys.iter().map(|&key| match last {
        Some((same, passed)) if same == key => passed,
        _ => {
            let passed = entry(key).is_some_and(|k| test(texts.value(k).as_bytes()));
            last = Some((key, passed));
            passed
        }
    });
    Some(bits.collect())
}

/// One bit for each value. Equal ones often follow each other, and are tested once.
fn each<T: ByteArrayType<Offset = i32>>(
    array: &GenericByteArray<T>,
    mut test: impl FnMut(&[u8]) -> bool,
) -> BooleanBuffer {
    let data = array.value_data();
    let place = |offset: i32| usize::try_from(offset).unwrap_or(0);
    let mut last: Option<(&[u8], bool)> = None;
    let bits = array.value_offsets().windows(2).map(|ends| {
        let value = match ends {
            [from, to] => data.get(place(*from)..place(*to)).unwrap_or_default(),
            _ => &[],
        };
        let passed = match last {
            Some((same, passed)) if same == value => passed,
            _ => test(value),
        };
        last = Some((value, passed));
        passed
    });
    bits.collect()
}

#[cfg(test)]
mod tests {
    use super::super::cut::Cut;
    use super::super::like::Pattern;
    use super::super::testing::*;
    use super::*;
    use crate::filter::Constant;
    use arrow_array::{
        ArrayRef, BinaryArray, BooleanArray, Date32Array, Float32Array, Float64Array, Int32Array,
        Int64Array, StringArray, TimestampMillisecondArray,
    };
    use std::sync::Arc;

    /// The rows as arrays, each a slice of a longer one.
    fn arrays(rows: &[Vec<Constant<'_>>]) -> Vec<ArrayRef> {
        let number = |row: &Vec<Constant<'_>>, c: usize| match row[c] {
            Constant::Number(n) => Some(n),
            _ => None,
        };
        let mut rows = rows.to_vec();
        rows.insert(0, vec![Constant::Null; COLUMNS]);
        let text = |c: usize| {
            rows.iter().map(move |row| match row[c] {
                Constant::Bytes(b) => Some(b),
                _ => None,
            })
        };
        let times: TimestampMillisecondArray = rows.iter().map(|r| number(r, 0)).collect();
        let small: Int32Array = rows
            .iter()
            .map(|r| number(r, 1).map(|n| n as i32))
            .collect();
        let large: Int64Array = rows.iter().map(|r| number(r, 2)).collect();
        let texts: StringArray = text(3)
            .map(|b| b.map(|b| std::str::from_utf8(b).unwrap()))
            .collect();
        let bytes: BinaryArray = text(4).collect();
        let whole: [ArrayRef; COLUMNS] = [
            Arc::new(times),
            Arc::new(small),
            Arc::new(large),
            Arc::new(texts),
            Arc::new(bytes),
        ];
        whole
            .iter()
            .map(|array| array.slice(1, rows.len() - 1))
            .collect()
    }

    #[test]
    fn arrays_say_what_each_row_says() {
        let mut random = Random(5);
        for round in 0..1_500 {
            let predicate = random_predicate(&mut random, 3).simplify();
            let mut rows: Vec<_> = (0..random.below(150))
                .map(|_| random_row(&mut random))
                .collect();
            let absent = (round % 3 == 0).then(|| 1 + random.below(COLUMNS - 1));
            for row in &mut rows {
                if let Some(c) = absent {
                    row[c] = Constant::Null;
                }
            }
            let arrays = arrays(&rows);
            let column = |c: usize| (absent != Some(c)).then(|| arrays[c].as_ref());
            let kept = predicate.evaluate(rows.len(), &column).unwrap();
            assert_eq!(kept.len(), rows.len());
            for (row, kept) in rows.iter().zip(kept.iter()) {
                assert_eq!(kept, keeps(&predicate, row), "{predicate:?} {row:?}");
            }
        }
    }

    #[test]
    fn long_arrays_and_many_spans() {
        let mut random = Random(6);
        for spans in [0, 1, 2, 4, 5, 40] {
            let set: Ranges<i64> = (0..spans)
                .map(|k| (Cut::Before(k * 20), Cut::After(k * 20 + 7)))
                .collect();
            for length in [0, 1, 63, 64, 65, 128, 1_000] {
                let values: Vec<i64> = (0..length).map(|_| random.below(900) as i64 - 20).collect();
                let expected: Vec<bool> = values
                    .iter()
                    .map(|v| *v >= 0 && v % 20 <= 7 && v / 20 < spans)
                    .collect();
                let same = |mask: BooleanBuffer| assert!(mask.iter().eq(expected.iter().copied()));
                same(set.mask(&values));
                let test = Test::Numbers(set.clone());
                same(test.evaluate(&Int64Array::from(values.clone())).unwrap());
                let small: Int32Array = values.iter().map(|v| Some(*v as i32)).collect();
                same(test.evaluate(&small).unwrap());
                let days: Date32Array = values.iter().map(|v| Some(*v as i32)).collect();
                same(test.evaluate(&days).unwrap());
                let words = |set: &Ranges<i64>| {
                    let bytes = |n: i64| format!("{:05}", n + 100).into_bytes();
                    let spans = set.spans().into_iter();
                    spans
                        .map(|(lo, hi)| (Cut::Before(bytes(lo)), Cut::After(bytes(hi))))
                        .collect()
                };
                let text: StringArray = values
                    .iter()
                    .map(|v| Some(format!("{:05}", v + 100)))
                    .collect();
                same(Test::Bytes(words(&set)).evaluate(&text).unwrap());
            }
        }
    }

    #[test]
    fn numbers_beyond_32_bits() {
        let values = Int32Array::from(vec![i32::MIN, -1, i32::MAX]);
        let kept = |set: Ranges<i64>| {
            let mask = Test::Numbers(set).evaluate(&values).unwrap();
            mask.iter().collect::<Vec<_>>()
        };
        assert_eq!(kept(Ranges::above(1 << 31, true)), [false; 3]);
        assert_eq!(kept(Ranges::below(1 << 31, true)), [true; 3]);
        assert_eq!(kept(Ranges::above(-1, false)), [false, false, true]);
        assert_eq!(
            kept(Ranges::below(i64::from(i32::MIN), true)),
            [true, false, false]
        );
        assert_eq!(kept(Ranges::point(-1).complement()), [true, false, true]);
    }

    #[test]
    fn floats_compare_by_their_keys() {
        let odd_nan = f64::from_bits(0xfff8_0000_0000_0001);
        let values = [
            f64::NEG_INFINITY,
            f64::MIN,
            -1.5,
            -5e-324,
            -0.0,
            0.0,
            5e-324,
            1.5,
            f64::MAX,
            f64::INFINITY,
            f64::NAN,
            odd_nan,
        ];
        let doubles = Float64Array::from(values.to_vec());
        let floats: Float32Array = values.iter().map(|v| Some(*v as f32)).collect();
        let mut random = Random(7);
        for _ in 0..2_000 {
            let mut cut = || match random.below(10) {
                0 => Cut::Min,
                1 => Cut::Max,
                n if n < 6 => Cut::Before(float_key(random.pick(&values))),
                _ => Cut::After(float_key(random.pick(&values))),
            };
            let ranges = [(cut(), cut()), (cut(), cut()), (cut(), cut())];
            let set: Ranges<i64> = ranges.into_iter().collect();
            let test = Test::Numbers(set.clone());
            let by_key = values.iter().map(|v| set.contains(&float_key(*v)));
            assert!(
                test.evaluate(&doubles).unwrap().iter().eq(by_key),
                "{set:?}"
            );
            let by_key = floats
                .values()
                .iter()
                .map(|v| set.contains(&float_key(f64::from(*v))));
            assert!(test.evaluate(&floats).unwrap().iter().eq(by_key), "{set:?}");
        }
    }

    #[test]
    fn booleans_are_0_and_1() {
        let values = BooleanArray::from(vec![Some(true), Some(false), None]);
        for (set, expected) in [
            (Ranges::point(1), [true, false, false]),
            (Ranges::point(0), [false, true, false]),
            (Ranges::below(1, true), [true, true, false]),
            (Ranges::point(2), [false, false, false]),
        ] {
            let mask = Test::Numbers(set).evaluate(&values).unwrap();
            assert!(mask.iter().eq(expected));
        }
    }

    #[test]
    fn a_test_of_another_type_is_an_error() {
        let text = StringArray::from(vec!["a"]);
        let error = Test::Numbers(Ranges::point(1)).evaluate(&text).unwrap_err();
        assert!(error.to_string().contains("Utf8"), "{error}");
        let number = Int64Array::from(vec![1]);
        let pattern = Arc::new(Pattern::new("a%", None).unwrap());
        let negated = false;
        assert!(Test::Like { pattern, negated }.evaluate(&number).is_err());
        assert!(Test::IsNotNull.evaluate(&text).unwrap().value(0));
    }
}
