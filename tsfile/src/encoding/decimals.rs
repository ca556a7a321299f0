//! Pages of floats that are decimals, but for a few: those keep their bits (format.md, "The float wrapper", its third form).
//!
//! Without that one -0.0, which rounding makes of small negative numbers, would keep a whole chunk from being scaled.

use super::lossless::{MAX_LOSSLESS_POINT_NUMBER, exact};
use super::scaled_float::{self, Float, power_of_ten};

/// One value of so many may keep its bits: each makes the numbers of its block as wide as they can be.
const VALUES_PER_EXCEPTION: usize = 256;
/// Values proven at a time.
const BLOCK: usize = 256;
/// Values of which the first guess is made, and how many of them may be no decimals.
const SAMPLE: usize = 16;
const SAMPLE_EXCEPTIONS: usize = 2;

/// A page, with memory that serves the next one too.
#[derive(Debug, Default)]
pub struct Decimals<I> {
    integers: Vec<I>,
    exceptions: Vec<usize>,
    point_number: u32,
    none: bool,
}

impl<I: super::Int> Decimals<I> {
    /// Whether values may keep their bits, as they may unless this was called: readers of format version 3 before Java 1.1.1 do not know that.
    pub fn set_exceptions(&mut self, allowed: bool) {
        self.none = !allowed;
    }

    /// Whether [`Decimals::encode`] brings back each of these values, bit for bit, and few of them as exceptions, unless there may be `many`.
    pub fn take<F: Float<Int = I>>(&mut self, values: &[F], many: bool) -> bool {
        let most = match self.none {
            _ if many => usize::MAX,
            true => 0,
            false => values.len() / VALUES_PER_EXCEPTION + 1,
        };
        let step = values.len() / SAMPLE + 1;
        let mut sample_exceptions = 0;
        self.point_number = 0;
        for v in values.iter().step_by(step) {
            match digits(*v, self.point_number) {
                Some(p) => self.point_number = p,
                None => sample_exceptions += 1,
            }
        }
        if !many && sample_exceptions > most.min(SAMPLE_EXCEPTIONS) {
            return false;
        }
        // Ends, since each round has more digits than the one before.
        loop {
            match self.prove(values, most) {
                Proof::Done => return true,
                Proof::TooMany => return false,
                Proof::Digits(more) => self.point_number = more,
            }
        }
    }

    fn prove<F: Float<Int = I>>(&mut self, values: &[F], most: usize) -> Proof {
        let factor = power_of_ten(self.point_number);
        self.integers.clear();
        self.exceptions.clear();
        let mut scratch = [I::default(); BLOCK];
        for block in values.chunks(BLOCK) {
            let scratch = scratch.get_mut(..block.len()).unwrap_or(&mut []);
            if F::exact_block(block, factor, scratch) {
                self.integers.extend_from_slice(scratch);
                continue;
            }
            for v in block {
                if let Some(n) = exact(*v, factor) {
                    self.integers.push(n);
                    continue;
                }
                if let Some(more) = digits(*v, self.point_number) {
                    return Proof::Digits(more);
                }
                if self.exceptions.len() == most {
                    return Proof::TooMany;
                }
                self.exceptions.push(self.integers.len());
                self.integers.push(v.pattern());
            }
        }
        Proof::Done
    }

    /// Positions of the values that keep their bits.
    pub fn exceptions(&self) -> &[usize] {
        &self.exceptions
    }

    /// Appends the values that were taken as a TS_2DIFF page.
    pub fn encode<F: Float<Int = I>>(&self, out: &mut Vec<u8>) {
        scaled_float::encode_scaled::<F>(&self.integers, &self.exceptions, self.point_number, out);
    }
}

enum Proof {
    Done,
    /// More values have to keep their bits than is worth it.
    TooMany,
    /// A value needs so many digits behind the point.
    Digits(u32),
}

/// Digits with which a value comes back, from `p` on.
fn digits<F: Float>(v: F, p: u32) -> Option<u32> {
    (p..=MAX_LOSSLESS_POINT_NUMBER).find(|p| exact(v, power_of_ten(*p)).is_some())
}

#[cfg(test)]
mod tests {
    use super::super::check::{self, Key};
    use super::*;
    use crate::model::Encoding::Ts2Diff;

    /// Takes and writes a page, which the decoder has to bring back; how many exceptions there are, or `None`.
    fn exceptions<F: Float + Key>(values: &[F]) -> Option<usize> {
        let mut page = Decimals::default();
        // Remains of another page do no harm.
        page.take(&[F::default(); 3], false);
        if !page.take(values, false) {
            return None;
        }
        let mut out = Vec::new();
        page.encode::<F>(&mut out);
        check::values(Ts2Diff, &out, values);
        Some(page.exceptions().len())
    }

    #[test]
    fn a_page_with_an_exception_by_hand() {
        let mut page = Decimals::default();
        assert!(page.take(&[0.5f32, -0.0, 1.5], false));
        let mut out = Vec::new();
        page.encode::<f32>(&mut out);
        let expected = [
            0xfe, 0xff, 0xff, 0xff, 0x07,  // some kept as bits
            0x03,  // values
            0b101, // values 0 and 2 are scaled
            0b010, // value 1 is bits
            0x01,  // one digit
            0, 0, 0, 2, 0, 0, 0, 32, // differences, width
            0x80, 0, 0, 0x0f, // smallest difference, 15 - -2^31 in 32 bits
            0, 0, 0, 5, // 0.5
            0xff, 0xff, 0xff, 0xec, // -2^31 - 5, less the smallest
            0, 0, 0, 0, // the smallest itself
        ];
        assert_eq!(out, expected);
    }

    #[test]
    fn what_is_no_decimal_keeps_its_bits_while_it_is_rare() {
        for n in [
            1usize, 2, 7, 8, 9, 127, 128, 129, 255, 256, 257, 1000, 10_000,
        ] {
            let decimals: Vec<f64> = (0..n).map(|i| (i * 37 % 999) as f64 / 100.0).collect();
            assert_eq!(exceptions(&decimals), Some(0));
            let most = n / VALUES_PER_EXCEPTION + 1;
            for odd in [f64::NAN, f64::NEG_INFINITY, -0.0, 0.1 + 0.2, 5e-324, 1e300] {
                for at in [0, n / 3, n / 2, n - 1] {
                    let mut values = decimals.clone();
                    values[at] = odd;
                    assert_eq!(exceptions(&values), Some(1), "{odd} at {at} of {n}");
                    let narrow: Vec<f32> = values.iter().map(|v| *v as f32).collect();
                    let expected = usize::from(odd as f32 != 0.3);
                    // The smallest double is zero in a float.
                    let expected = expected.min(usize::from(odd != 5e-324));
                    assert_eq!(exceptions(&narrow), Some(expected), "{odd} at {at} of {n}");
                }
                // In a row, as they often are.
                let mut values = decimals.clone();
                values[n / 2..].iter_mut().take(most).for_each(|v| *v = odd);
                let found = n.min(most).min(n - n / 2);
                let sampled = n.min(SAMPLE);
                assert!(
                    exceptions(&values) == Some(found) || sampled <= 2 * found,
                    "{n}"
                );
                let mut values = decimals.clone();
                values.iter_mut().take(most + 1).for_each(|v| *v = odd);
                assert_eq!(exceptions(&values), (n == 1).then_some(1), "{odd} in {n}");
            }
        }
    }

    #[test]
    fn numbers_without_a_pattern_are_refused_and_late_digits_found() {
        let sines: Vec<f64> = (0..5000).map(|i| f64::from(i * 7919).sin()).collect();
        assert_eq!(exceptions(&sines), None);
        let mut values: Vec<f64> = (0..5000).map(|i| f64::from(i) / 100.0).collect();
        values[4999] = 0.123_456_789;
        values[4000] = -0.0;
        values[4001] = f64::NAN;
        assert_eq!(exceptions(&values), Some(2));
        values[1..4000].copy_from_slice(&sines[1..4000]);
        assert_eq!(exceptions(&values), None);
    }
}
