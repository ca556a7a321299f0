//! GORILLA_V1: the older GORILLA of Java, `f32` and `f64` only.
//!
//! ```text
//! 4 or 8 bytes         first value, little-endian
//! bit stream, per further value, x = value ^ previous:
//! 0                    x = 0
//! 1 0  bits            those bits of x that lie inside the previous value's own first and last 1
//! 1 1  lead  n  bits   leading zeros (5 or 6 bits), length (6 or 7 bits, not minus one), the bits of x
//! terminator           the canonical NaN as one more value, then zeros to the end of the byte
//! ```
//!
//! A NaN among the data ends the loop of Java's own reader; here only the count does.

use super::Decoder;
use super::bits64::{BitReader, BitValue, BitWriter, bit_length, mask, skip_by_decoding};
use crate::Result;
use std::marker::PhantomData;

const SECTION: &str = "GORILLA_V1 values";

/// Bits of the field of leading zeros; that of the length has one more.
const fn field<T: BitValue>() -> u32 {
    if T::WIDTH == 32 { 5 } else { 6 }
}

/// Leading zeros and trailing zeros of a value; both `W` for 0, as in Java, so that nothing fits inside it.
fn window<T: BitValue>(value: u64) -> (u32, u32) {
    (
        (value << (64 - T::WIDTH)).leading_zeros().min(T::WIDTH),
        value.trailing_zeros().min(T::WIDTH),
    )
}

/// Decodes GORILLA_V1: `f32`, `f64`.
///
/// Values past the true count are the terminator and padding read as values.
#[derive(Debug, Clone)]
pub struct GorillaV1Decoder<'a, T> {
    bits: BitReader<'a>,
    started: bool,
    previous: u64,
    value: PhantomData<T>,
}

impl<'a, T: BitValue> GorillaV1Decoder<'a, T> {
    /// Decodes the values part of a page.
    pub fn new(bytes: &'a [u8]) -> Self {
        Self {
            bits: BitReader::new(bytes, SECTION),
            started: false,
            previous: 0,
            value: PhantomData,
        }
    }

    fn next(&mut self) -> Result<()> {
        if !self.started {
            let first = self.bits.read(T::WIDTH)?;
            self.previous = first.swap_bytes() >> (64 - T::WIDTH);
            self.started = true;
            return Ok(());
        }
        if self.bits.read(1)? == 0 {
            return Ok(());
        }
        let (lead, significant) = if self.bits.read(1)? == 0 {
            let (lead, trail) = window::<T>(self.previous);
            let significant = T::WIDTH.saturating_sub(lead + trail);
            (lead, significant)
        } else {
            let lead = self.bits.read(field::<T>())? as u32;
            (lead, self.bits.read(field::<T>() + 1)? as u32)
        };
        match T::WIDTH.checked_sub(lead + significant) {
            Some(trail) if significant > 0 => {
                self.previous ^= self.bits.read(significant)? << trail;
                Ok(())
            }
            _ => Err(self.bits.error("a window is empty or wider than the value")),
        }
    }
}

impl<T: BitValue> Decoder<T> for GorillaV1Decoder<'_, T> {
    fn decode(&mut self, out: &mut [T]) -> Result<usize> {
        let mut n = 0;
        for slot in out {
            if self.bits.left() == 0 {
                break;
            }
            self.next()?;
            *slot = T::from_bits64(self.previous);
            n += 1;
        }
        Ok(n)
    }

    fn skip(&mut self, n: usize) -> Result<usize> {
        skip_by_decoding(self, n)
    }

    fn remaining(&self) -> usize {
        self.bits.left() / 8
    }
}

/// Appends `values` in GORILLA_V1, terminator included. Java makes every NaN canonical first; here payloads stay.
pub fn encode<T: BitValue>(values: &[T], out: &mut Vec<u8>) {
    let mut bits = BitWriter::new(out);
    let mut previous = None;
    let all = values.iter().map(|v| v.to_bits64()).chain([T::TERMINATOR]);
    for value in all {
        let Some(before) = previous.replace(value) else {
            bits.put((value << (64 - T::WIDTH)).swap_bytes(), T::WIDTH);
            continue;
        };
        let x = (value ^ before) & mask::<T>();
        if x == 0 {
            bits.put(0, 1);
            continue;
        }
        let (l, t) = window::<T>(before);
        let (lead, trail) = (T::WIDTH - bit_length(x), x.trailing_zeros());
        if lead >= l && trail >= t {
            bits.put(0b10, 2);
            bits.put(x >> t, T::WIDTH - l - t);
        } else {
            let significant = T::WIDTH - lead - trail;
            bits.put(0b11, 2);
            bits.put(u64::from(lead), field::<T>());
            bits.put(u64::from(significant), field::<T>() + 1);
            bits.put(x >> trail, significant);
        }
    }
    bits.align();
}

#[cfg(test)]
mod tests {
    use super::super::bits64::testing;
    use super::*;

    #[test]
    fn floats_by_hand() {
        let bytes = [
            0x00, 0x00, 0xc0, 0x3f, // 1.5, little-endian
            // 0: the same; 1 1 00001 001010 1111111111: 2.5; NaN: 1 1 .. or 1 0 ..; padding
            0x61, 0x2b, 0xff, 0x9f, 0xf0,
        ];
        let mut out = Vec::new();
        encode(&[1.5f32, 1.5, 2.5], &mut out);
        assert_eq!(out, bytes);
        testing::check(
            || GorillaV1Decoder::<f32>::new(&bytes[..]),
            &[1.5, 1.5, 2.5, f32::NAN],
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
            testing::check(|| GorillaV1Decoder::<T>::new(&bytes), &with_terminator);
            testing::hostile::<T>(&bytes, |b, use_it| {
                use_it(&mut GorillaV1Decoder::<T>::new(b));
            });
        }
    }

    #[test]
    fn both_types_round_trip() {
        round_trips::<f32>();
        round_trips::<f64>();
    }

    #[test]
    fn a_window_inside_zero_is_an_error() {
        // 0.0, then 1 0
        let bytes = [0, 0, 0, 0, 0x80, 0];
        let mut out = [0f32; 2];
        assert!(GorillaV1Decoder::new(&bytes).decode(&mut out).is_err());
    }
}
