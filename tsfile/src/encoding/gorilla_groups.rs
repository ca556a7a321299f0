//! GORILLA, several values at a time: the same surface and the same results as [`gorilla`](super::gorilla), faster.
//!
//! Most values of most series come in the window of the value before (`1 0`, then as many bits as the last one), so the bits of the next few
//! values lie at known distances. A group of them is loaded at once, and only whether all begin with `1 0` has to be looked at. Where that does
//! not hold, the plain decoder takes the next values, twice as many each time that a group fails: repeated values and changing windows then
//! cost little more than without groups.

use super::Decoder;
use super::bits64::{BitReader, BitValue, PEEK_BITS, skip_by_decoding};
use super::gorilla::GorillaDecoder as Plain;
use crate::Result;

/// Values in a group. A group of eight fails too often where windows change; one of two saves little.
const GROUP: usize = 4;
/// Values that the plain decoder takes after a group failed, first and most.
const FEW: usize = 4;
const MANY: usize = 64;

/// Decodes GORILLA: `i32`, `i64`, `f32`, `f64`. See [`gorilla::GorillaDecoder`](super::gorilla::GorillaDecoder).
#[derive(Debug, Clone)]
pub struct GorillaDecoder<'a, T> {
    plain: Plain<'a, T>,
    /// Values that the plain decoder takes next.
    apart: usize,
}

impl<'a, T: BitValue> GorillaDecoder<'a, T> {
    /// Decodes the values part of a page.
    pub fn new(bytes: &'a [u8]) -> Self {
        Self {
            plain: Plain::new(bytes),
            apart: FEW,
        }
    }

    fn run(&mut self, out: &mut [T]) -> Result<usize> {
        let mut done = 0;
        while let Some(rest) = out.get_mut(done..).filter(|r| !r.is_empty()) {
            let wanted = rest.len().min(self.apart);
            let got = self
                .plain
                .decode(rest.get_mut(..wanted).unwrap_or(&mut []))?;
            done += got;
            if got < wanted {
                break;
            }
            let in_groups = self.groups(out.get_mut(done..).unwrap_or(&mut []));
            done += in_groups;
            self.apart = if in_groups > 0 {
                FEW
            } else {
                (self.apart * 2).min(MANY)
            };
        }
        Ok(done)
    }

    /// Decodes whole groups as long as they fit and all their values are in the window; returns how many values that made.
    fn groups(&mut self, out: &mut [T]) -> usize {
        match self.plain.significant {
            0 => 0,
            // `1 0` and the bits of the value in one load, or the bits in a load of their own, or that and a ninth byte.
            n if n + 2 <= PEEK_BITS => self.groups_of(out, |at, bits| {
                let word = bits.word(at)?;
                Some((word, word << 2))
            }),
            n if n <= PEEK_BITS => {
                self.groups_of(out, |at, bits| Some((bits.word(at)?, bits.word(at + 2)?)))
            }
            _ => self.groups_of(out, |at, bits| {
                Some((bits.word(at)?, bits.whole_word(at + 2)?))
            }),
        }
    }

    /// `load` gives a word with the two bits at `at` on top, and one with the bits behind them.
    #[inline(always)]
    fn groups_of(
        &mut self,
        out: &mut [T],
        load: impl Fn(usize, &BitReader<'a>) -> Option<(u64, u64)>,
    ) -> usize {
        let plain = &mut self.plain;
        let (significant, trail) = (plain.significant, plain.trail);
        let stride = 2 + significant as usize;
        let mut at = plain.bits.position();
        let end = plain.bits.end();
        let mut previous = plain.previous;
        let mut done = 0;
        for group in out.chunks_exact_mut(GROUP) {
            if end - at < GROUP * stride {
                break;
            }
            let mut values = [0; GROUP];
            let mut heads = 0;
            let mut place = at;
            for value in &mut values {
                let Some((head, bits)) = load(place, &plain.bits) else {
                    heads = u64::MAX;
                    break;
                };
                heads |= head ^ 1 << 63;
                *value = bits >> (64 - significant) << trail;
                place += stride;
            }
            // Every head was `1 0`.
            if heads >> 62 != 0 {
                break;
            }
            for (slot, x) in group.iter_mut().zip(values) {
                previous ^= x;
                *slot = T::from_bits64(previous);
            }
            at = place;
            done += GROUP;
        }
        plain.previous = previous;
        plain.bits.seek(at);
        done
    }
}

impl<T: BitValue> Decoder<T> for GorillaDecoder<'_, T> {
    fn decode(&mut self, out: &mut [T]) -> Result<usize> {
        self.run(out)
    }

    fn skip(&mut self, n: usize) -> Result<usize> {
        skip_by_decoding(self, n)
    }

    fn remaining(&self) -> usize {
        self.plain.remaining()
    }
}

#[cfg(test)]
mod tests {
    use super::super::bits64::testing;
    use super::super::gorilla::encode;
    use super::*;

    /// Decodes in pieces of `step` with both, and compares values, counts, what is left, and whether there is an error.
    fn same<T: BitValue + PartialEq + std::fmt::Debug>(bytes: &[u8], n: usize, step: usize) {
        let mut plain = Plain::<T>::new(bytes);
        let mut groups = GorillaDecoder::<T>::new(bytes);
        let mut left = n;
        while left > 0 {
            let step = step.min(left);
            let (mut a, mut b) = (vec![T::default(); step], vec![T::default(); step]);
            match (plain.decode(&mut a), groups.decode(&mut b)) {
                (Ok(x), Ok(y)) => {
                    assert_eq!(x, y);
                    let bits = |v: &[T]| -> Vec<u64> { v.iter().map(|v| v.to_bits64()).collect() };
                    assert_eq!(bits(&a), bits(&b));
                    assert_eq!(plain.remaining(), groups.remaining());
                    if x < step {
                        return;
                    }
                }
                (Err(a), Err(b)) => {
                    assert_eq!(a.to_string(), b.to_string());
                    return;
                }
                (a, b) => panic!("{a:?} and {b:?}"),
            }
            left -= step;
        }
    }

    fn all<T: BitValue + PartialEq + std::fmt::Debug>() {
        let mut rng = testing::Rng(11);
        for series in testing::series::<T>() {
            let mut bytes = Vec::new();
            encode(&series, &mut bytes);
            for step in [1, 3, 7, 64, 1000] {
                same::<T>(&bytes, series.len(), step);
                // Past the true count, and damaged.
                same::<T>(&bytes, series.len() + 70, step);
                for _ in 0..20 {
                    let mut bad = bytes.clone();
                    let at = rng.next() as usize % bad.len();
                    bad[at] ^= 1 << (rng.next() % 8);
                    bad.truncate(rng.next() as usize % bad.len() + 1);
                    same::<T>(&bad, series.len(), step);
                }
            }
        }
    }

    #[test]
    fn values_and_errors_are_those_of_the_plain_decoder() {
        all::<i32>();
        all::<i64>();
        all::<f32>();
        all::<f64>();
    }

    #[test]
    fn long_series_of_one_window_are_those_of_the_plain_decoder() {
        let mut rng = testing::Rng(5);
        for bits in [3, 20, 40, 54, 55, 56, 57, 58, 63, 64] {
            let series: Vec<i64> = (0..500)
                .map(|_| ((rng.next() | 1 | 1 << (bits - 1)) & u64::MAX >> (64 - bits)) as i64)
                .collect();
            let mut bytes = Vec::new();
            encode(&series, &mut bytes);
            same::<i64>(&bytes, 500, 500);
            same::<i64>(&bytes, 500, 33);
        }
    }
}
