//! Statistics of values, to the bit as Java's writer collects them value by value.
//!
//! A comparison with NaN is false, so a NaN that comes first stays minimum and maximum, and a later one changes nothing; of zeros that are
//! equal the first stays, whatever its sign. Sums of doubles are taken in order, since another order gives another sum: that chain of
//! additions is what takes the time, and the comparisons run beside it.

use super::{DataType, ValueStatistics};

/// Values compared at a time: independent ones, which the processor can take together.
const LANES: usize = 8;

/// Minimum, maximum and sum of floats, the first of which is not NaN; zeros may have the wrong sign.
macro_rules! float_extremes {
    ($name:ident, $float:ty) => {
        fn $name(first: $float, values: &[$float]) -> ($float, $float, f64) {
            let (mut min, mut max) = ([first; LANES], [first; LANES]);
            // The first value was not added to anything: zero may be negative.
            let mut sum = -0.0;
            let mut parts = values.chunks_exact(LANES);
            for part in &mut parts {
                for ((v, min), max) in part.iter().zip(&mut min).zip(&mut max) {
                    *min = if *v < *min { *v } else { *min };
                    *max = if *v > *max { *v } else { *max };
                }
                for v in part {
                    sum += f64::from(*v);
                }
            }
            let (mut least, mut most) = (first, first);
            for v in parts.remainder() {
                sum += f64::from(*v);
            }
            for v in parts.remainder().iter().chain(&min) {
                least = if *v < least { *v } else { least };
            }
            for v in parts.remainder().iter().chain(&max) {
                most = if *v > most { *v } else { most };
            }
            (least, most, plain_nan(sum))
        }
    };
}

float_extremes!(f32_extremes, f32);
float_extremes!(f64_extremes, f64);

/// Puts `v`, one of `values`, right: of equal zeros the first stays.
macro_rules! first_zero {
    ($v:ident, $values:ident) => {
        if $v == 0.0 {
            $values.iter().copied().find(|o| *o == 0.0).unwrap_or($v)
        } else {
            $v
        }
    };
}

impl ValueStatistics {
    /// Of BOOLEAN values in order of time; without any, that of a series without a point, here and below.
    pub fn of_bool(values: &[bool]) -> Self {
        let (Some(&first), Some(&last)) = (values.first(), values.last()) else {
            return Self::empty(DataType::Boolean);
        };
        let sum = values.iter().map(|v| i64::from(*v)).sum();
        Self::Boolean { first, last, sum }
    }

    /// Of INT32 or DATE values in order of time.
    pub fn of_i32(values: &[i32]) -> Self {
        let (Some(&first), Some(&last)) = (values.first(), values.last()) else {
            return Self::empty(DataType::Int32);
        };
        let (mut min, mut max, mut sum) = (first, first, 0i64);
        for v in values {
            min = min.min(*v);
            max = max.max(*v);
            sum = sum.wrapping_add(i64::from(*v));
        }
        Self::Int32 {
            min,
            max,
            first,
            last,
            sum,
        }
    }

    /// Of INT64 or TIMESTAMP values in order of time.
    pub fn of_i64(values: &[i64]) -> Self {
        let (Some(&first), Some(&last)) = (values.first(), values.last()) else {
            return Self::empty(DataType::Int64);
        };
        let (mut min, mut max, mut sum) = (first, first, 0.0);
        for v in values {
            min = min.min(*v);
            max = max.max(*v);
            sum += *v as f64;
        }
        Self::Int64 {
            min,
            max,
            first,
            last,
            sum,
        }
    }

    /// Of FLOAT values in order of time.
    pub fn of_f32(values: &[f32]) -> Self {
        let (Some(&first), Some(&last)) = (values.first(), values.last()) else {
            return Self::empty(DataType::Float);
        };
        let (min, max, sum) = f32_extremes(first, values);
        Self::Float {
            min: first_zero!(min, values),
            max: first_zero!(max, values),
            first,
            last,
            sum,
        }
    }

    /// Of DOUBLE values in order of time.
    pub fn of_f64(values: &[f64]) -> Self {
        let (Some(&first), Some(&last)) = (values.first(), values.last()) else {
            return Self::empty(DataType::Double);
        };
        let (min, max, sum) = f64_extremes(first, values);
        Self::Double {
            min: first_zero!(min, values),
            max: first_zero!(max, values),
            first,
            last,
            sum,
        }
    }

    /// Of TEXT values in order of time.
    pub fn of_text(values: &[&[u8]]) -> Self {
        Self::Text {
            first: values.first().copied().unwrap_or_default().to_vec(),
            last: values.last().copied().unwrap_or_default().to_vec(),
        }
    }

    /// Of STRING values in order of time.
    pub fn of_string(values: &[&[u8]]) -> Self {
        let first = values.first().copied().unwrap_or_default();
        let last = values.last().copied().unwrap_or_default();
        let (mut min, mut max) = (first, first);
        for v in values {
            if *v < min {
                min = v;
            } else if *v > max {
                max = v;
            }
        }
        Self::String {
            first: first.to_vec(),
            last: last.to_vec(),
            min: min.to_vec(),
            max: max.to_vec(),
        }
    }

    /// Takes in those of later points, as Java merges pages into a chunk and chunks into a timeseries. Both stand for at least one point of
    /// the same type; of different ones nothing is taken.
    pub fn merge(&mut self, later: &Self) {
        match (self, later) {
            (
                Self::Boolean { last, sum, .. },
                Self::Boolean {
                    last: last2,
                    sum: sum2,
                    ..
                },
            ) => {
                *last = *last2;
                *sum = sum.wrapping_add(*sum2);
            }
            (
                Self::Int32 {
                    min,
                    max,
                    last,
                    sum,
                    ..
                },
                Self::Int32 {
                    min: min2,
                    max: max2,
                    last: last2,
                    sum: sum2,
                    ..
                },
            ) => {
                *min = (*min).min(*min2);
                *max = (*max).max(*max2);
                *last = *last2;
                *sum = sum.wrapping_add(*sum2);
            }
            (
                Self::Int64 {
                    min,
                    max,
                    last,
                    sum,
                    ..
                },
                Self::Int64 {
                    min: min2,
                    max: max2,
                    last: last2,
                    sum: sum2,
                    ..
                },
            ) => extend((min, max, last, sum), (*min2, *max2, *last2, *sum2)),
            (
                Self::Float {
                    min,
                    max,
                    last,
                    sum,
                    ..
                },
                Self::Float {
                    min: min2,
                    max: max2,
                    last: last2,
                    sum: sum2,
                    ..
                },
            ) => extend((min, max, last, sum), (*min2, *max2, *last2, *sum2)),
            (
                Self::Double {
                    min,
                    max,
                    last,
                    sum,
                    ..
                },
                Self::Double {
                    min: min2,
                    max: max2,
                    last: last2,
                    sum: sum2,
                    ..
                },
            ) => extend((min, max, last, sum), (*min2, *max2, *last2, *sum2)),
            (Self::Text { last, .. }, Self::Text { last: last2, .. }) => last.clone_from(last2),
            (
                Self::String { last, min, max, .. },
                Self::String {
                    last: last2,
                    min: min2,
                    max: max2,
                    ..
                },
            ) => {
                last.clone_from(last2);
                if min2 < min {
                    min.clone_from(min2);
                }
                if max2 > max {
                    max.clone_from(max2);
                }
            }
            _ => {}
        }
    }
}

/// Minimum, maximum, last and sum, by those of later values.
fn extend<T: PartialOrd + Copy>(
    (min, max, last, sum): (&mut T, &mut T, &mut T, &mut f64),
    later: (T, T, T, f64),
) {
    if later.0 < *min {
        *min = later.0;
    }
    if later.1 > *max {
        *max = later.1;
    }
    *last = later.2;
    *sum = plain_nan(*sum + later.3);
}

/// Which NaN a sum becomes is up to the processor: always the one that Java knows.
fn plain_nan(sum: f64) -> f64 {
    if sum.is_nan() { f64::NAN } else { sum }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Java's way: each value on its own.
    macro_rules! one_by_one {
        ($values:expr, $kind:ident, $sum:ty, $add:expr) => {{
            let mut all: Option<ValueStatistics> = None;
            for v in $values {
                let wide = *v as $sum;
                all = Some(match all {
                    None => ValueStatistics::$kind {
                        min: *v,
                        max: *v,
                        first: *v,
                        last: *v,
                        sum: wide,
                    },
                    Some(ValueStatistics::$kind {
                        mut min,
                        mut max,
                        first,
                        sum,
                        ..
                    }) => {
                        if *v < min {
                            min = *v;
                        }
                        if *v > max {
                            max = *v;
                        }
                        ValueStatistics::$kind {
                            min,
                            max,
                            first,
                            last: *v,
                            sum: $add(sum, wide),
                        }
                    }
                    other => other.unwrap(),
                });
            }
            all.unwrap()
        }};
    }

    /// As the bytes in a file, in which NaN equals itself and zeros have a sign.
    fn bits(s: &ValueStatistics) -> Vec<u64> {
        match s {
            ValueStatistics::Int32 {
                min,
                max,
                first,
                last,
                sum,
            } => [min, max, first, last]
                .map(|v| *v as u64)
                .into_iter()
                .chain([*sum as u64])
                .collect(),
            ValueStatistics::Int64 {
                min,
                max,
                first,
                last,
                sum,
            } => [min, max, first, last]
                .map(|v| *v as u64)
                .into_iter()
                .chain([plain_nan(*sum).to_bits()])
                .collect(),
            ValueStatistics::Float {
                min,
                max,
                first,
                last,
                sum,
            } => [min, max, first, last]
                .map(|v| v.to_bits().into())
                .into_iter()
                .chain([plain_nan(*sum).to_bits()])
                .collect(),
            ValueStatistics::Double {
                min,
                max,
                first,
                last,
                sum,
            } => [min, max, first, last]
                .map(|v| v.to_bits())
                .into_iter()
                .chain([plain_nan(*sum).to_bits()])
                .collect(),
            other => panic!("{other:?}"),
        }
    }

    fn random(seed: &mut u64) -> u64 {
        *seed = seed
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        *seed ^ *seed >> 29
    }

    /// Of values that `pick` makes of random numbers, whole and as pages that are merged.
    macro_rules! same {
        ($of:ident, $kind:ident, $sum:ty, $add:expr, $pick:expr) => {
            let mut seed = 7;
            for n in [1, 2, 3, 7, 8, 9, 15, 16, 17, 100, 1000] {
                for _ in 0..60 {
                    let values: Vec<_> = (0..n).map(|_| $pick(random(&mut seed))).collect();
                    let expected = one_by_one!(&values, $kind, $sum, $add);
                    assert_eq!(
                        bits(&ValueStatistics::$of(&values)),
                        bits(&expected),
                        "{values:?}"
                    );
                    let (a, b) = values.split_at(1 + random(&mut seed) as usize % n);
                    let mut merged = ValueStatistics::$of(a);
                    if !b.is_empty() {
                        merged.merge(&ValueStatistics::$of(b));
                    }
                    let (merged, expected) = (bits(&merged), bits(&expected));
                    // Java adds the sums of pages, in which doubles round otherwise.
                    assert_eq!(merged[2..4], expected[2..4]);
                    if ValueStatistics::$of(b).float_that_begins_with_nan() {
                        continue;
                    }
                    assert_eq!(merged[..2], expected[..2], "{a:?} {b:?}");
                }
            }
        };
    }

    impl ValueStatistics {
        /// What such a page hides.
        fn float_that_begins_with_nan(&self) -> bool {
            match self {
                Self::Float { first, .. } => first.is_nan(),
                Self::Double { first, .. } => first.is_nan(),
                _ => false,
            }
        }
    }

    #[test]
    fn numbers_are_collected_as_one_by_one() {
        let edge = [
            0.0,
            -0.0,
            f64::NAN,
            f64::INFINITY,
            -1.5,
            1e-310,
            f64::NEG_INFINITY,
            7.25,
        ];
        let int = i64::wrapping_add;
        let double = |a: f64, b: f64| a + b;
        same!(of_i32, Int32, i64, int, |r| r as i32);
        same!(of_i32, Int32, i64, int, |r| (r >> 40) as i32 % 10);
        same!(of_i64, Int64, f64, double, |r| r as i64);
        same!(of_i64, Int64, f64, double, |r| (r >> 40) as i64 % 10 - 5);
        same!(of_f64, Double, f64, double, |r| edge
            [(r >> 40) as usize % 8]);
        same!(of_f64, Double, f64, double, |r| edge
            [(r >> 40) as usize % 2]);
        same!(of_f64, Double, f64, double, |r| edge
            [(r >> 40) as usize % 3]);
        same!(of_f64, Double, f64, double, |r| (r >> 20) as f64 / 1e7);
        same!(of_f64, Double, f64, double, f64::from_bits);
        same!(of_f32, Float, f64, double, |r| edge[(r >> 40) as usize % 8]
            as f32);
        same!(of_f32, Float, f64, double, |r| edge[(r >> 40) as usize % 2]
            as f32);
        same!(of_f32, Float, f64, double, |r| (r >> 20) as f32 / 1e7);
        same!(of_f32, Float, f64, double, |r| f32::from_bits(r as u32));
    }

    #[test]
    fn sums_of_integers_wrap_and_those_of_pages_are_added() {
        let mut s = ValueStatistics::Int32 {
            min: 1,
            max: 1,
            first: 1,
            last: 1,
            sum: i64::MAX,
        };
        s.merge(&ValueStatistics::of_i32(&[2, -3]));
        let expected = ValueStatistics::Int32 {
            min: -3,
            max: 2,
            first: 1,
            last: -3,
            sum: i64::MAX - 1,
        };
        assert_eq!(s, expected);
        let mut s = ValueStatistics::of_f64(&[1e16, 1.0]);
        s.merge(&ValueStatistics::of_f64(&[1.0, 1.0]));
        assert!(matches!(s, ValueStatistics::Double { sum, .. } if sum == 1e16 + 2.0));
        assert_eq!(1e16 + 1.0 + 1.0 + 1.0, 1e16);
    }

    #[test]
    fn booleans_and_strings_by_hand() {
        let mut s = ValueStatistics::of_bool(&[true, false, true]);
        s.merge(&ValueStatistics::of_bool(&[true, false]));
        assert_eq!(
            s,
            ValueStatistics::Boolean {
                first: true,
                last: false,
                sum: 3
            }
        );

        let (page, later): ([&[u8]; 3], [&[u8]; 2]) = ([b"b", b"\xff", b"a"], [b"", b"\xff\x00"]);
        let mut s = ValueStatistics::of_text(&page);
        s.merge(&ValueStatistics::of_text(&later));
        let (first, last) = (b"b".to_vec(), b"\xff\x00".to_vec());
        assert_eq!(
            s,
            ValueStatistics::Text {
                first: first.clone(),
                last: last.clone()
            }
        );
        let mut s = ValueStatistics::of_string(&page);
        let (min, max) = (b"a".to_vec(), b"\xff".to_vec());
        let expected = ValueStatistics::String {
            first: first.clone(),
            last: min.clone(),
            min,
            max,
        };
        assert_eq!(s, expected);
        s.merge(&ValueStatistics::of_string(&later));
        let (min, max) = (Vec::new(), last.clone());
        assert_eq!(
            s,
            ValueStatistics::String {
                first,
                last,
                min,
                max
            }
        );
    }

    #[test]
    fn no_values_are_an_empty_series_and_other_types_are_not_merged() {
        for (s, data_type) in [
            (ValueStatistics::of_bool(&[]), DataType::Boolean),
            (ValueStatistics::of_i32(&[]), DataType::Int32),
            (ValueStatistics::of_i64(&[]), DataType::Int64),
            (ValueStatistics::of_f32(&[]), DataType::Float),
            (ValueStatistics::of_f64(&[]), DataType::Double),
            (ValueStatistics::of_text(&[]), DataType::Text),
            (ValueStatistics::of_string(&[]), DataType::String),
        ] {
            assert_eq!(s, ValueStatistics::empty(data_type));
            let mut same = s.clone();
            same.merge(&ValueStatistics::None);
            assert_eq!(same, s);
        }
    }
}
