//! GORILLA: each value as the XOR with the one before it.
//!
//! ```text
//! W bits               first value
//! per further value, x = value ^ previous:
//! 0                    x = 0
//! 1 0  bits            the window of the last `1 1`: W - lead - trail bits of x
//! 1 1  lead  n-1 bits  a new window: leading zeros and length (5 or 6 bits each), then the bits of x
//! terminator           one more value, then zeros to the end of the byte, a whole zero byte if none was begun
//! ```
//!
//! The terminator (the smallest integer, the canonical NaN) can also be a data value, so the count must come from outside.

use super::Decoder;
use super::bits64::{
    BitReader, BitValue, BitWriter, PEEK_BITS, bit_length, skip_by_decoding, until_terminator,
};
use crate::Result;
use std::marker::PhantomData;

const SECTION: &str = "GORILLA values";

/// Bits of the fields `lead` and `n - 1`.
pub(super) const fn field<T: BitValue>() -> u32 {
    if T::WIDTH == 32 { 5 } else { 6 }
}

/// Decodes GORILLA: `i32`, `i64`, `f32`, `f64`.
///
/// Values past the true count are the terminator and padding read as values.
#[derive(Debug, Clone)]
pub struct GorillaDecoder<'a, T> {
    pub(super) bits: BitReader<'a>,
    started: bool,
    pub(super) previous: u64,
    /// Of the current window: trailing zeros and length, 0 before the first.
    pub(super) trail: u32,
    pub(super) significant: u32,
    value: PhantomData<T>,
}

impl<'a, T: BitValue> GorillaDecoder<'a, T> {
    /// Decodes the values part of a page.
    pub fn new(bytes: &'a [u8]) -> Self {
        Self {
            bits: BitReader::new(bytes, SECTION),
            started: false,
            previous: 0,
            trail: 0,
            significant: 0,
            value: PhantomData,
        }
    }

    fn run(&mut self, out: &mut [T]) -> Result<usize> {
        let asked = out.len();
        let mut out = out.iter_mut();
        if !self.started && self.bits.left() > 0 {
            let Some(first) = out.next() else {
                return Ok(0);
            };
            self.previous = self.bits.read(T::WIDTH)?;
            self.started = true;
            *first = T::from_bits64(self.previous);
        }
        let field = field::<T>();
        let head = 2 + 2 * field;
        while !out.as_slice().is_empty() {
            let word = self.bits.peek();
            let zeros = word.leading_zeros();
            if zeros > 0 {
                // Repeated values are common and cost a bit each: take all that are in sight.
                let run = (zeros.min(PEEK_BITS) as usize)
                    .min(self.bits.left())
                    .min(out.len());
                if run == 0 {
                    break;
                }
                let value = T::from_bits64(self.previous);
                out.by_ref().take(run).for_each(|slot| *slot = value);
                self.bits.consume(run as u32)?;
                continue;
            }
            let mut used = 2;
            if word >> 62 == 0b11 {
                let lead = (word << 2 >> (64 - field)) as u32;
                self.significant = (word << (2 + field) >> (64 - field)) as u32 + 1;
                self.trail = match T::WIDTH.checked_sub(lead + self.significant) {
                    Some(trail) => trail,
                    None => return Err(self.bits.error("a window is wider than the value")),
                };
                used = head;
            } else if self.significant == 0 {
                return Err(self.bits.error("the first window is missing"));
            }
            let from = if used + self.significant <= PEEK_BITS {
                word << used
            } else {
                self.bits.peek_word(used)
            };
            self.bits.consume(used + self.significant)?;
            let x = from >> (64 - self.significant);
            self.previous ^= x << self.trail;
            if let Some(slot) = out.next() {
                *slot = T::from_bits64(self.previous);
            }
        }
        Ok(asked - out.len())
    }
}

impl<T: BitValue> Decoder<T> for GorillaDecoder<'_, T> {
    fn decode(&mut self, out: &mut [T]) -> Result<usize> {
        // On a local copy, which the compiler can keep in registers.
        let mut state = self.clone();
        let result = state.run(out);
        *self = state;
        result
    }

    fn skip(&mut self, n: usize) -> Result<usize> {
        skip_by_decoding(self, n)
    }

    fn remaining(&self) -> usize {
        self.bits.left() / 8
    }
}

/// Decodes times whose count is unknown, up to the terminator `i64::MIN` at the end of `bytes`.
///
/// # Errors
/// The bytes are corrupt or have no terminator, or there are more than `max` values.
pub fn decode_until_terminator(bytes: &[u8], max: usize) -> Result<Vec<i64>> {
    let mut decoder = GorillaDecoder::<i64>::new(bytes);
    until_terminator(SECTION, max, || {
        let mut one = [0];
        let n = decoder.decode(&mut one)?;
        let [value] = one;
        Ok((n > 0).then(|| (value, decoder.bits.left())))
    })
}

/// Appends `values` in GORILLA, terminator included.
pub fn encode<T: BitValue>(values: &[T], out: &mut Vec<u8>) {
    let field = field::<T>();
    let mut bits = BitWriter::new(out);
    let mut previous = None;
    let mut window: Option<(u32, u32)> = None;
    let all = values.iter().map(|v| v.to_bits64()).chain([T::TERMINATOR]);
    for value in all {
        let Some(before) = previous.replace(value) else {
            bits.put(value, T::WIDTH);
            continue;
        };
        let x = value ^ before;
        if x == 0 {
            bits.put(0, 1);
            continue;
        }
        let (lead, trail) = (T::WIDTH - bit_length(x), x.trailing_zeros());
        match window {
            Some((l, t)) if lead >= l && trail >= t => {
                bits.put(0b10, 2);
                bits.put(x >> t, T::WIDTH - l - t);
            }
            _ => {
                let significant = T::WIDTH - lead - trail;
                bits.put(0b11, 2);
                bits.put(u64::from(lead), field);
                bits.put(u64::from(significant - 1), field);
                bits.put(x >> trail, significant);
                window = Some((lead, trail));
            }
        }
    }
    bits.flush_always();
}

#[cfg(test)]
mod tests {
    use super::super::bits64::testing;
    use super::*;

    #[test]
    fn doubles_by_hand() {
        let bytes = [
            0x3f, 0xf8, 0, 0, 0, 0, 0, 0, // 1.5
            // 0: the same; 1 1 000001 001011 1111 1111 1000: 2.5 ^ 1.5 = 0x7ffc..; then NaN and padding
            0x60, 0x99, 0xff, 0xf9, 0xff, 0xe0,
        ];
        let mut out = Vec::new();
        encode(&[1.5f64, 1.5, 2.5], &mut out);
        assert_eq!(out, bytes);
        testing::check(
            || GorillaDecoder::<f64>::new(&bytes[..]),
            &[1.5, 1.5, 2.5, f64::NAN],
        );
    }

    fn round_trips<T: BitValue>() {
        for values in testing::series::<T>() {
            let mut bytes = Vec::new();
            encode(&values, &mut bytes);
            let with_terminator: Vec<T> = values
                .iter()
                .copied()
                .chain([T::from_bits64(T::TERMINATOR)])
                .collect();
            testing::check(|| GorillaDecoder::<T>::new(&bytes), &with_terminator);
            testing::hostile::<T>(&bytes, |b, use_it| use_it(&mut GorillaDecoder::<T>::new(b)));
        }
    }

    #[test]
    fn all_types_round_trip() {
        round_trips::<i32>();
        round_trips::<i64>();
        round_trips::<f32>();
        round_trips::<f64>();
    }

    #[test]
    fn the_terminator_ends_times_without_a_count() {
        for times in [
            vec![],
            vec![5],
            (0..1000).map(|i| i * i * 1000).collect::<Vec<i64>>(),
        ] {
            let mut bytes = Vec::new();
            encode(&times, &mut bytes);
            assert_eq!(decode_until_terminator(&bytes, times.len()).unwrap(), times);
            if !times.is_empty() {
                assert!(decode_until_terminator(&bytes, times.len() - 1).is_err());
                assert!(decode_until_terminator(&bytes[..8], 9).is_err());
            }
        }
    }

    #[test]
    fn a_window_wider_than_the_value_is_an_error() {
        // first value 0, then 1 1, lead 31, length 32
        let bytes = [0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff];
        let mut out = [0i32; 2];
        assert!(GorillaDecoder::new(&bytes).decode(&mut out).is_err());
        // 1 0 without a window before it
        let bytes = [0, 0, 0, 0, 0x80, 0, 0, 0, 0, 0];
        assert!(GorillaDecoder::new(&bytes).decode(&mut out).is_err());
        // the end inside the first value
        assert!(GorillaDecoder::new(&bytes[..3]).decode(&mut out).is_err());
    }
}
