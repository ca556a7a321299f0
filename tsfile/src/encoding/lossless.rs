//! The proof that floats are decimals: which count of digits behind the point brings every value back, bit for bit.
//!
//! Any integer that decodes to the value is right, so how the product is rounded does not matter; the division shows whether it is one.
//! Blocks are proven without a branch per value. What that way cannot show, it leaves to [`Float::exact`].

use super::scaled_float::{Float, power_of_ten};

/// The most digits behind the point that [`lossless`] tries.
pub const MAX_LOSSLESS_POINT_NUMBER: u32 = 10;

/// Values proven at a time.
const BLOCK: usize = 256;
/// Values of which the first guess is made.
const SAMPLE: usize = 16;

/// The smallest number of digits behind the point, from `at_least` to [`MAX_LOSSLESS_POINT_NUMBER`], with which every value comes back
/// from [`encode_scaled`](super::scaled_float::encode_scaled) bit for bit, and the integers for that in `integers`; `None` when there is
/// none.
///
/// NaN, infinities and negative zero never come back. What `integers` holds after `None` means nothing.
pub fn lossless<F: Float>(values: &[F], at_least: u32, integers: &mut Vec<F::Int>) -> Option<u32> {
    if at_least > MAX_LOSSLESS_POINT_NUMBER {
        return None;
    }
    let step = values.len() / SAMPLE + 1;
    let mut p = enough(values.iter().step_by(step), at_least)?;
    // A value that comes back with p digits does so with more, as long as the integers suffice: each round ends or raises p.
    while let Err(block) = prove(values, p, integers) {
        let more = enough(block.iter(), p)?;
        if more == p {
            return None;
        }
        p = more;
    }
    Some(p)
}

/// The smallest number of digits from `p` on with which each of `values` comes back, though not always all of them.
fn enough<'a, F: Float>(mut values: impl Iterator<Item = &'a F>, p: u32) -> Option<u32> {
    values.try_fold(p, |p, v| {
        (p..=MAX_LOSSLESS_POINT_NUMBER).find(|p| exact(*v, power_of_ten(*p)).is_some())
    })
}

pub(super) fn exact<F: Float>(v: F, factor: f64) -> Option<F::Int> {
    v.exact(v.widen() * factor, factor)
}

/// The integers of all values, or the block with the first value that does not come back.
fn prove<'v, F: Float>(values: &'v [F], p: u32, integers: &mut Vec<F::Int>) -> Result<(), &'v [F]> {
    let factor = power_of_ten(p);
    integers.clear();
    let mut scratch = [F::Int::default(); BLOCK];
    for block in values.chunks(BLOCK) {
        let scratch = scratch.get_mut(..block.len()).unwrap_or(&mut []);
        if F::exact_block(block, factor, scratch) {
            integers.extend_from_slice(scratch);
            continue;
        }
        let before = integers.len();
        integers.extend(block.iter().map_while(|v| exact(*v, factor)));
        if integers.len() - before < block.len() {
            return Err(block);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::check::{self, Key};
    use super::super::scaled_float::encode_scaled;
    use super::*;
    use crate::model::Encoding::Ts2Diff;

    /// Value by value, one count of digits after the other.
    fn one_by_one<F: Float>(values: &[F], at_least: u32) -> Option<(u32, Vec<F::Int>)> {
        (at_least..=MAX_LOSSLESS_POINT_NUMBER).find_map(|p| {
            let all: Option<Vec<F::Int>> =
                values.iter().map(|v| exact(*v, power_of_ten(p))).collect();
            all.map(|integers| (p, integers))
        })
    }

    fn proof<F: Float + Key>(values: &[F], at_least: u32, expected: Option<u32>) {
        let mut integers = vec![F::Int::default(); 3];
        let p = lossless(values, at_least, &mut integers);
        assert_eq!(p, expected, "{values:?}");
        let plainly = one_by_one(values, at_least);
        assert_eq!(p, plainly.as_ref().map(|(p, _)| *p));
        if let Some(p) = p {
            let mut out = Vec::new();
            encode_scaled::<F>(&integers, &[], p, &mut out);
            check::values(Ts2Diff, &out, values);
        }
    }

    #[test]
    fn the_fewest_digits_that_keep_every_value_are_found() {
        proof::<f64>(&[], 2, Some(2));
        proof(&[1.0, 250.0, -7.0], 0, Some(0));
        proof(&[1.0, 250.0, -7.0], 3, Some(3));
        proof(&[0.1, 0.2, 0.3], 0, Some(1));
        proof(&[0.1, 0.2, 0.1 + 0.2], 0, None);
        proof(&[0.1, 22.125], 0, Some(3));
        proof(&[1e-10, 5.0], 0, Some(10));
        proof(&[1e-11, 5.0], 0, None);
        proof(&[0.1f32, 22.125], 0, Some(3));
        for bad in [
            f64::NAN,
            f64::INFINITY,
            -0.0,
            5e-324,
            9_007_199_254_740_992.0,
        ] {
            proof(&[1.0, bad], 0, None);
            let bad = if bad == 5e-324 { 1e-45 } else { bad as f32 };
            proof(&[1.0, bad], 0, None);
        }
        proof(
            &[9_007_199_254_740_991.0, -9_007_199_254_740_991.0],
            0,
            Some(0),
        );
        proof(&[2_147_483_520.0f32, -2_147_483_648.0], 0, Some(0));
        // The largest integer is that float too.
        proof(&[2_147_483_648.0f32], 0, Some(0));
        proof(&[2_147_483_904.0f32], 0, None);
        proof(&[21_474_836.0f32, 0.5], 0, Some(1));
        proof(&[214_748_364.0f32, 0.5, 0.25], 0, None);
        // Every number of digits, and numbers without a bit to spare.
        for p in 0..=10 {
            let factor = 10f64.powi(p);
            let mut rng = check::Rng::new(p as u64);
            for bits in [8, 20, 40, 50, 51, 52, 53] {
                let values: Vec<f64> = (0..300)
                    .map(|_| ((rng.next() >> (64 - bits)) | 1) as f64)
                    .map(|n| if n % 10.0 == 0.0 { 1.0 } else { n } / factor)
                    .collect();
                proof(&values, p as u32, Some(p as u32));
                let values: Vec<f64> = values.iter().map(|v| -v).collect();
                proof(&values, p as u32, Some(p as u32));
            }
        }
    }

    #[test]
    fn a_late_value_raises_the_digits_of_all() {
        for (late, expected) in [
            (0.125, Some(3)),
            (1e-9, Some(9)),
            (0.1 + 0.2, None),
            (f64::NAN, None),
            (-0.0, None),
            // 53 bits with two digits.
            (9_007_199_254_740_991.0 / 100.0, Some(2)),
            (9_007_199_254_741_002.0 / 100.0, None),
        ] {
            for at in [0, 1, 255, 256, 700, 998] {
                let mut values: Vec<f64> =
                    (0..1000).map(|i| f64::from(i * 37 % 999) / 100.0).collect();
                values[at] = late;
                proof(&values, 0, expected);
                proof(&values, 2, expected);
                if let Some(p) = expected {
                    // An integer that is too large with as many digits.
                    values[at + 1] = 1e16 / 10f64.powi(p as i32);
                    proof(&values, 0, None);
                }
            }
        }
        for (late, expected) in [
            (0.125f32, Some(3)),
            (21_474_836.0, Some(2)),
            (21_474_838.0, None),
        ] {
            for at in [0, 1, 255, 256, 700, 999] {
                let mut values: Vec<f32> =
                    (0..1000).map(|i| (i * 37 % 999) as f32 / 100.0).collect();
                values[at] = late;
                proof(&values, 0, expected);
            }
        }
        assert_eq!(lossless::<f64>(&[], 11, &mut Vec::new()), None);
    }

    #[test]
    fn any_bits_are_judged_as_one_by_one() {
        let mut rng = check::Rng::new(11);
        for round in 0..2000 {
            let n = 1 + rng.below(40) as usize;
            let p = rng.below(5) as i32;
            let bits = rng.below(64);
            let values: Vec<f64> = (0..n)
                .map(|i| match (round % 4, i) {
                    (0, 3) => f64::from_bits(rng.next()),
                    _ => ((rng.next() >> bits) as i64 >> (bits % 9)) as f64 / 10f64.powi(p),
                })
                .collect();
            let mut integers = Vec::new();
            let found = lossless(&values, 0, &mut integers);
            let plainly = one_by_one(&values, 0);
            assert_eq!(found, plainly.as_ref().map(|(p, _)| *p), "{values:?}");
            if let Some((_, expected)) = plainly {
                let back = |n: &i64| f64::unscale(*n, power_of_ten(found.unwrap_or(0))).to_bits();
                assert!(integers.iter().map(back).eq(expected.iter().map(back)));
                assert!(
                    integers
                        .iter()
                        .map(back)
                        .eq(values.iter().map(|v| v.to_bits()))
                );
            }
            let values: Vec<f32> = values.iter().map(|v| *v as f32).collect();
            let found = lossless(&values, 0, &mut Vec::new());
            assert_eq!(found, one_by_one(&values, 0).map(|(p, _)| p), "{values:?}");
        }
    }
}
