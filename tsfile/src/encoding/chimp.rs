//! CHIMP: each value as the XOR with one of the N before it (N = 64 for 32-bit values, 128 for 64-bit values).
//!
//! ```text
//! W bits                          first value, in slot 0 of the ring
//! per further value:
//! 0 0  slot                       the value in that slot
//! 0 1  slot  code  n  bits        that value ^ n bits (0 means W) behind the leading zeros of `code`
//! 1 0  bits                       the previous value ^ W - lead bits, lead as before
//! 1 1  code  bits                 the previous value ^ W - lead bits
//! terminator                      one more value, then zeros to the end of the byte, a whole zero byte if none was begun
//! ```
//!
//! `slot` has 6 or 7 bits, `code` 3, `n` 5 or 6. As with GORILLA the terminator can be a data value: the count must come from outside.

use super::Decoder;
use super::bits64::{
    BitReader, BitValue, BitWriter, PEEK_BITS, bit_length, skip_by_decoding, until_terminator,
};
use crate::Result;
use std::marker::PhantomData;

const SECTION: &str = "CHIMP values";
/// Leading zeros by code.
const LEAD: [u32; 8] = [0, 8, 12, 16, 18, 20, 22, 24];
const CODE_BITS: u32 = 3;
/// Slots of the larger ring.
const RING: usize = 128;

const fn slot_bits<T: BitValue>() -> u32 {
    if T::WIDTH == 32 { 6 } else { 7 }
}

const fn length_bits<T: BitValue>() -> u32 {
    if T::WIDTH == 32 { 5 } else { 6 }
}

/// Decodes CHIMP: `i32`, `i64`, `f32`, `f64`.
///
/// Values past the true count are the terminator and padding read as values.
#[derive(Debug, Clone)]
pub struct ChimpDecoder<'a, T> {
    bits: BitReader<'a>,
    started: bool,
    ring: [u64; RING],
    current: usize,
    previous: u64,
    /// Of the last block that stated it.
    lead: Option<u32>,
    value: PhantomData<T>,
}

impl<'a, T: BitValue> ChimpDecoder<'a, T> {
    /// Decodes the values part of a page.
    pub fn new(bytes: &'a [u8]) -> Self {
        Self {
            bits: BitReader::new(bytes, SECTION),
            started: false,
            ring: [0; RING],
            current: 0,
            previous: 0,
            lead: None,
            value: PhantomData,
        }
    }

    fn slot(&self, slot: u64) -> u64 {
        // A slot has at most 7 bits, so it is always there.
        self.ring.get(slot as usize).copied().unwrap_or(0)
    }

    /// `n` bits that begin `used` bits into `word`, the bits that come next.
    fn take(&mut self, word: u64, used: u32, n: u32) -> Result<u64> {
        if used + n <= PEEK_BITS {
            self.bits.consume(used + n)?;
            return Ok(word << used >> (64 - n));
        }
        self.bits.consume(used)?;
        self.bits.read(n)
    }

    #[inline]
    fn next(&mut self) -> Result<u64> {
        if !self.started {
            self.previous = self.bits.read(T::WIDTH)?;
            self.ring[0] = self.previous;
            self.started = true;
            return Ok(self.previous);
        }
        let (slots, lengths) = (slot_bits::<T>(), length_bits::<T>());
        let word = self.bits.peek();
        let value = match word >> 62 {
            0b00 => {
                self.bits.consume(2 + slots)?;
                self.slot(word << 2 >> (64 - slots))
            }
            0b01 => {
                let base = self.slot(word << 2 >> (64 - slots));
                let code = word << (2 + slots) >> (64 - CODE_BITS);
                let n = (word << (2 + slots + CODE_BITS) >> (64 - lengths)) as u32;
                let n = if n == 0 { T::WIDTH } else { n };
                let lead = LEAD.get(code as usize).copied().unwrap_or(0);
                let Some(trail) = T::WIDTH.checked_sub(lead + n) else {
                    return Err(self.bits.error("a window is wider than the value"));
                };
                self.lead = Some(lead);
                base ^ self.take(word, 2 + slots + CODE_BITS + lengths, n)? << trail
            }
            0b10 => {
                let Some(lead) = self.lead else {
                    return Err(self
                        .bits
                        .error("the first number of leading zeros is missing"));
                };
                self.previous ^ self.take(word, 2, T::WIDTH - lead)?
            }
            _ => {
                let code = word << 2 >> (64 - CODE_BITS);
                let lead = LEAD.get(code as usize).copied().unwrap_or(0);
                self.lead = Some(lead);
                self.previous ^ self.take(word, 2 + CODE_BITS, T::WIDTH - lead)?
            }
        };
        self.current = (self.current + 1) % (1 << slots);
        if let Some(slot) = self.ring.get_mut(self.current) {
            *slot = value;
        }
        self.previous = value;
        Ok(value)
    }
}

impl<T: BitValue> Decoder<T> for ChimpDecoder<'_, T> {
    fn decode(&mut self, out: &mut [T]) -> Result<usize> {
        let mut n = 0;
        for slot in out {
            if self.bits.left() == 0 {
                break;
            }
            *slot = T::from_bits64(self.next()?);
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

/// Decodes times whose count is unknown, up to the terminator `i64::MIN` at the end of `bytes`.
///
/// # Errors
/// The bytes are corrupt or have no terminator, or there are more than `max` values.
pub fn decode_until_terminator(bytes: &[u8], max: usize) -> Result<Vec<i64>> {
    let mut decoder = ChimpDecoder::<i64>::new(bytes);
    until_terminator(SECTION, max, || {
        if decoder.bits.left() == 0 {
            return Ok(None);
        }
        let value = decoder.next()?;
        Ok(Some((i64::from_bits64(value), decoder.bits.left())))
    })
}

/// Appends `values` in CHIMP, terminator included.
pub fn encode<T: BitValue>(values: &[T], out: &mut Vec<u8>) {
    let (slots, lengths) = (slot_bits::<T>(), length_bits::<T>());
    let ring_len = 1usize << slots;
    // Equal low bits promise that many trailing zeros; a block with fewer than that would not pay for its header.
    let threshold = slots + length_bits::<T>();
    let key_mask = (1u64 << (threshold + 1)) - 1;
    let mut last_with_key = vec![0usize; 1 << (threshold + 1)];
    let mut ring = [0u64; RING];
    let mut number = 0usize;
    let mut stored_lead = None;
    let mut bits = BitWriter::new(out);
    let all = values.iter().map(|v| v.to_bits64()).chain([T::TERMINATOR]);
    for (i, value) in all.enumerate() {
        let key = (value & key_mask) as usize;
        if i == 0 {
            bits.put(value, T::WIDTH);
            ring[0] = value;
            continue;
        }
        let candidate = last_with_key[key];
        let x = value ^ ring[candidate % ring_len];
        let near = number - candidate < ring_len && x.trailing_zeros() > threshold;
        let slot = if near { candidate } else { number } % ring_len;
        let x = value ^ ring[slot];
        if x == 0 {
            bits.put(0b00, 2);
            bits.put(slot as u64, slots);
            stored_lead = None;
        } else {
            let zeros = T::WIDTH - bit_length(x);
            let code = LEAD.iter().rposition(|&l| l <= zeros).unwrap_or(0);
            let lead = LEAD[code];
            if near {
                let n = T::WIDTH - lead - x.trailing_zeros();
                bits.put(0b01, 2);
                bits.put(slot as u64, slots);
                bits.put(code as u64, CODE_BITS);
                bits.put(u64::from(n), lengths);
                bits.put(x >> x.trailing_zeros(), n);
                stored_lead = None;
            } else if stored_lead == Some(lead) {
                bits.put(0b10, 2);
                bits.put(x, T::WIDTH - lead);
            } else {
                bits.put(0b11, 2);
                bits.put(code as u64, CODE_BITS);
                bits.put(x, T::WIDTH - lead);
                stored_lead = Some(lead);
            }
        }
        number += 1;
        ring[number % ring_len] = value;
        last_with_key[key] = number;
    }
    bits.flush_always();
}

#[cfg(test)]
mod tests {
    use super::super::bits64::testing;
    use super::*;

    #[test]
    fn integers_by_hand() {
        let bytes = [
            0, 0, 0, 1,    // 1
            0x00, // 00, slot 0: 1
            // 11, code 7 (24 zeros), 1 ^ 3 = 00000010: 3; then 11, code 0, the terminator; padding
            0xf8, 0x16, 0x20, 0x00, 0x00, 0x00, 0xc0,
        ];
        let mut out = Vec::new();
        encode(&[1i32, 1, 3], &mut out);
        assert_eq!(out, bytes);
        testing::check(
            || ChimpDecoder::<i32>::new(&bytes[..]),
            &[1, 1, 3, i32::MIN],
        );
    }

    fn round_trips<T: BitValue>() {
        for values in testing::series::<T>() {
            let mut bytes = Vec::new();
            encode(&values, &mut bytes);
            testing::check(|| ChimpDecoder::<T>::new(&bytes), &{
                let mut all = values.clone();
                all.push(T::from_bits64(T::TERMINATOR));
                all
            });
            testing::hostile::<T>(&bytes, |b, use_it| use_it(&mut ChimpDecoder::<T>::new(b)));
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
    fn a_missing_lead_and_a_wide_window_are_errors() {
        let mut out = [0i32; 2];
        // 10 before any number of leading zeros was stated
        let bytes = [0, 0, 0, 0, 0x80, 0, 0, 0, 0, 0];
        assert!(ChimpDecoder::new(&bytes).decode(&mut out).is_err());
        // 01, slot 0, code 7 (24 zeros), length 31
        let bytes = [0, 0, 0, 0, 0x40, 0xff, 0, 0, 0, 0];
        assert!(ChimpDecoder::new(&bytes).decode(&mut out).is_err());
    }
}
