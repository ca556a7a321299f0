//! SPRINTZ: blocks of nine values, eight of them as residuals of a predictor that learns.
//!
//! ```text
//! block  w (1..=W)     bit width of the residuals
//!        first value   i32: uvarint of its bits; i64, f32, f64: 4 or 8 bytes
//!        w bytes       eight residuals of w bits
//! tail   0x80 | m      m = 1..8 values more, the last thing in the page
//!        integers: an RLE stream of m values; floats: a GORILLA stream of m values and a terminator
//! ```
//!
//! The product inside the predictor for 64-bit values wraps at 64 bits in Java and has 128 bits in C++, which the bytes do not say.
//! Residuals are inverted as unsigned numbers; both reference decoders take them as signed and so lose every step beyond half the range.

use super::Decoder;
use super::bits64::{BitReader, BitValue, BitWriter, bit_length, canonical, mask, signed};
use super::gorilla::{self, GorillaDecoder};
use crate::Result;
use crate::wire::{ByteReader, ByteWriter};
use std::marker::PhantomData;

const SECTION: &str = "SPRINTZ values";
const RESIDUALS: usize = 8;
const BLOCK: usize = 1 + RESIDUALS;
const TAIL: u8 = 0x80;

/// The predictor "fire", fresh for each block.
#[derive(Default)]
struct Fire {
    accumulator: i32,
    delta: i64,
}

impl Fire {
    fn predict<T: BitValue>(&self, previous: i64, wide_product: bool) -> i64 {
        let step = if T::WIDTH == 32 {
            let alpha = self.accumulator >> 2;
            i64::from(alpha.wrapping_mul(self.delta as i32) >> 8)
        } else {
            let alpha = i64::from(self.accumulator >> 3);
            if wide_product {
                ((i128::from(alpha) * i128::from(self.delta)) >> 16) as i64
            } else {
                alpha.wrapping_mul(self.delta) >> 16
            }
        };
        previous.wrapping_add(step)
    }

    fn train<T: BitValue>(&mut self, previous: i64, value: i64, residual: i64) {
        let gradient = if residual > 0 {
            self.delta.wrapping_neg()
        } else {
            self.delta
        };
        self.accumulator = self.accumulator.wrapping_sub(gradient as i32);
        self.delta = signed::<T>(value.wrapping_sub(previous) as u64);
    }
}

/// Decodes SPRINTZ: `i32`, `i64`, `f32`, `f64`.
#[derive(Debug, Clone)]
pub struct SprintzDecoder<'a, T> {
    reader: ByteReader<'a>,
    wide_product: bool,
    block: [T; BLOCK],
    at: usize,
    len: usize,
    /// Nothing after a tail is a header: GORILLA can leave a zero byte.
    ended: bool,
    value: PhantomData<T>,
}

impl<'a, T: BitValue> SprintzDecoder<'a, T> {
    /// Decodes the values part of a page; `wide_product` is for 64-bit values written by C++.
    pub fn new(bytes: &'a [u8], wide_product: bool) -> Self {
        Self {
            reader: ByteReader::new(bytes, SECTION),
            wide_product,
            block: [T::default(); BLOCK],
            at: 0,
            len: 0,
            ended: false,
            value: PhantomData,
        }
    }

    /// Reads the next header: the width of a full block, or `None` with the tail in `block`, or nothing left.
    fn header(&mut self) -> Result<Option<u32>> {
        self.at = 0;
        self.len = 0;
        if self.ended || self.reader.is_empty() {
            return Ok(None);
        }
        let header = self.reader.u8()?;
        let low = header & !TAIL;
        if header & TAIL != 0 {
            if !(1..=RESIDUALS).contains(&usize::from(low)) {
                return Err(self.reader.error("a tail has a wrong count").got(low));
            }
            self.tail(usize::from(low))?;
            self.ended = true;
            return Ok(None);
        }
        let width = u32::from(low);
        if !(1..=T::WIDTH).contains(&width) {
            return Err(self
                .reader
                .error("a block has a wrong bit width")
                .expected(format!("1 to {}", T::WIDTH))
                .got(width));
        }
        Ok(Some(width))
    }

    fn first_value(&mut self) -> Result<u64> {
        match (T::WIDTH, T::FLOAT) {
            (32, false) => Ok(u64::from(self.reader.uvarint()?)),
            (32, true) => Ok(u64::from(u32::from_be_bytes(self.reader.array()?))),
            _ => Ok(u64::from_be_bytes(self.reader.array()?)),
        }
    }

    fn full_block(&mut self, width: u32) -> Result<()> {
        let first = self.first_value()?;
        let mut bits = BitReader::new(self.reader.take(width as usize)?, SECTION);
        // The encoder stores the bits of the first value and goes on from Java's view of them.
        let mut previous = signed::<T>(canonical::<T>(first));
        let mut fire = Fire::default();
        self.block = [T::from_bits64(first); BLOCK];
        for slot in self.block.iter_mut().skip(1) {
            let u = bits.read(width)?;
            let half = (u >> 1) as i64;
            // Only 64 ones overflow here, and no encoder makes them.
            let residual = if u & 1 == 0 {
                -half
            } else {
                half.wrapping_add(1)
            };
            let value = fire
                .predict::<T>(previous, self.wide_product)
                .wrapping_add(residual);
            let value = signed::<T>(value as u64);
            fire.train::<T>(previous, value, residual);
            previous = value;
            *slot = T::from_bits64(value as u64);
        }
        self.len = BLOCK;
        Ok(())
    }

    fn tail(&mut self, m: usize) -> Result<()> {
        if T::FLOAT {
            // The tail is the last thing in the page, so its terminator and a stray zero byte go with it.
            let rest = self.reader.take(self.reader.remaining())?;
            let slots = self.block.get_mut(..m).unwrap_or(&mut []);
            if GorillaDecoder::<T>::new(rest).decode(slots)? != m {
                return Err(self.reader.error("a tail ends too early"));
            }
        } else {
            let mut done = 0;
            // One stream is the rule; an encoder that was flushed in between leaves several.
            while done < m {
                done += self.rle(done, m)?;
            }
        }
        self.len = m;
        Ok(())
    }

    /// One RLE stream, into `block[done..m]`.
    fn rle(&mut self, done: usize, m: usize) -> Result<usize> {
        let n = self.reader.length()?;
        let mut stream = ByteReader::new(self.reader.take(n)?, SECTION);
        let width = u32::from(stream.u8()?);
        if !(1..=T::WIDTH).contains(&width) {
            return Err(stream.error("an RLE tail has a wrong bit width").got(width));
        }
        let slots = self.block.get_mut(done..m).unwrap_or(&mut []);
        let asked = slots.len();
        let mut slots = slots.iter_mut();
        while !slots.as_slice().is_empty() && !stream.is_empty() {
            let header = stream.uvarint()? as usize;
            let count = header >> 1;
            if header & 1 == 0 {
                let bytes = stream.take(width.div_ceil(8) as usize)?;
                // Little-endian in the 32-bit form, big-endian in the 64-bit form.
                let push = |value: u64, byte: &u8| value << 8 | u64::from(*byte);
                let value = match T::WIDTH {
                    32 => bytes.iter().rev().fold(0, push),
                    _ => bytes.iter().fold(0, push),
                };
                for slot in slots.by_ref().take(count) {
                    *slot = T::from_bits64(value);
                }
            } else {
                let last = usize::from(stream.u8()?);
                if count == 0 || !(1..=8).contains(&last) {
                    return Err(stream.error("an RLE tail has an empty group"));
                }
                // A stream may end inside its last group.
                let bytes = count.saturating_mul(width as usize).min(stream.remaining());
                let mut bits = BitReader::new(stream.take(bytes)?, SECTION);
                for slot in slots.by_ref().take((count - 1).saturating_mul(8) + last) {
                    *slot = T::from_bits64(bits.read(width)?);
                }
            }
        }
        Ok(asked - slots.len())
    }
}

impl<T: BitValue> Decoder<T> for SprintzDecoder<'_, T> {
    fn decode(&mut self, out: &mut [T]) -> Result<usize> {
        let asked = out.len();
        let mut out = out.iter_mut();
        while !out.as_slice().is_empty() {
            if self.at == self.len {
                if let Some(width) = self.header()? {
                    self.full_block(width)?;
                }
                if self.len == 0 {
                    break;
                }
            }
            let ready = self.block.get(self.at..self.len).unwrap_or(&[]);
            // The values lead the zip: the other order would lose a slot.
            for (value, slot) in ready.iter().zip(out.by_ref()) {
                *slot = *value;
                self.at += 1;
            }
        }
        Ok(asked - out.len())
    }

    fn skip(&mut self, n: usize) -> Result<usize> {
        let mut left = n;
        while left > 0 {
            if self.at == self.len {
                match self.header()? {
                    // Blocks do not depend on each other.
                    Some(width) if left >= BLOCK => {
                        self.first_value()?;
                        self.reader.take(width as usize)?;
                        left -= BLOCK;
                        continue;
                    }
                    Some(width) => self.full_block(width)?,
                    None if self.len == 0 => break,
                    None => {}
                }
            }
            let step = left.min(self.len - self.at);
            self.at += step;
            left -= step;
        }
        Ok(n - left)
    }

    fn remaining(&self) -> usize {
        self.reader.remaining()
    }
}

/// Appends `values` in SPRINTZ.
///
/// Lossy where a residual is exactly -2^(W-1) (as from 0.0 to -0.0) and for NaNs other than the canonical one: check by decoding.
pub fn encode<T: BitValue>(values: &[T], wide_product: bool, out: &mut Vec<u8>) {
    let mut blocks = values.chunks_exact(BLOCK);
    for block in &mut blocks {
        let Some((first, rest)) = block.split_first() else {
            continue;
        };
        let mut previous = signed::<T>(canonical::<T>(first.to_bits64()));
        let mut fire = Fire::default();
        let mut residuals = [0u64; RESIDUALS];
        for (slot, value) in residuals.iter_mut().zip(rest) {
            let value = signed::<T>(canonical::<T>(value.to_bits64()));
            let predicted = fire.predict::<T>(previous, wide_product);
            let residual = signed::<T>(value.wrapping_sub(predicted) as u64);
            let twice = residual.wrapping_mul(2);
            let u = if residual <= 0 {
                twice.wrapping_neg()
            } else {
                twice.wrapping_sub(1)
            };
            *slot = u as u64 & mask::<T>();
            fire.train::<T>(previous, value, residual);
            previous = value;
        }
        let width = residuals.iter().map(|u| bit_length(*u)).max().unwrap_or(1);
        out.push(width as u8);
        put_first(*first, out);
        let mut bits = BitWriter::new(out);
        for u in residuals {
            bits.put(u, width);
        }
        bits.align();
    }
    let tail = blocks.remainder();
    if tail.is_empty() {
        return;
    }
    out.push(TAIL | tail.len() as u8);
    if T::FLOAT {
        gorilla::encode(tail, out);
    } else {
        put_rle(tail, out);
    }
}

/// Whether both reference decoders give `values` back from what [`encode`] writes, with either kind of product.
///
/// They do not where a step passes half the range of the bits, as from 1.5 to -1.5, for NaNs other than the canonical one, and for
/// 64-bit values where the two products differ.
pub fn survives_references<T: BitValue>(values: &[T]) -> bool {
    let half = 1i64 << (T::WIDTH - 2);
    values.chunks_exact(BLOCK).all(|block| {
        let mut fire = Fire::default();
        let mut previous = None;
        block.iter().all(|v| {
            let bits = v.to_bits64();
            let value = signed::<T>(bits);
            let Some(previous) = previous.replace(value) else {
                return canonical::<T>(bits) == bits;
            };
            let predicted = fire.predict::<T>(previous, false);
            let residual = signed::<T>(value.wrapping_sub(predicted) as u64);
            let same_product = predicted == fire.predict::<T>(previous, true);
            fire.train::<T>(previous, value, residual);
            canonical::<T>(bits) == bits && same_product && residual > -half && residual <= half
        })
    })
}

fn put_first<T: BitValue>(first: T, out: &mut Vec<u8>) {
    let bits = first.to_bits64();
    match (T::WIDTH, T::FLOAT) {
        (32, false) => {
            let mut w = ByteWriter::new();
            w.uvarint(bits);
            out.extend(w.into_bytes());
        }
        (32, true) => out.extend((bits as u32).to_be_bytes()),
        _ => out.extend(bits.to_be_bytes()),
    }
}

/// One RLE stream of up to eight integers.
fn put_rle<T: BitValue>(values: &[T], out: &mut Vec<u8>) {
    let all: Vec<u64> = values.iter().map(|v| v.to_bits64()).collect();
    let width = all.iter().map(|v| bit_length(*v)).max().unwrap_or(1);
    let mut stream = vec![width as u8];
    let first = all.first().copied().unwrap_or(0);
    // C++ takes the bytes of a repeated 64-bit value the other way round (format.md, "RLE"), as in any RLE stream.
    let repeats = T::WIDTH == 32 || width <= 8;
    if repeats && all.len() == RESIDUALS && all.iter().all(|v| *v == first) {
        stream.push((RESIDUALS as u8) << 1);
        let bytes = width.div_ceil(8) as usize;
        if T::WIDTH == 32 {
            stream.extend(first.to_le_bytes().iter().take(bytes));
        } else {
            stream.extend(first.to_be_bytes().iter().skip(8 - bytes));
        }
    } else {
        stream.extend([1 << 1 | 1, all.len() as u8]);
        let mut bits = BitWriter::new(&mut stream);
        for i in 0..RESIDUALS {
            bits.put(all.get(i).copied().unwrap_or(0), width);
        }
        bits.align();
    }
    // At most 1 + 2 + 64 bytes, so the uvarint is one byte.
    out.push(stream.len() as u8);
    out.extend(stream);
}

#[cfg(test)]
mod tests {
    use super::super::bits64::testing;
    use super::*;

    #[test]
    fn a_block_and_a_tail_by_hand() {
        // Steps of one. Residuals: 1 (u = 1) for the first, then the product of alpha and delta is still below 256: always 1.
        let bytes = [
            0x01, // w
            0x05, // first value 5
            0xff, // eight times u = 1
            0x82, // tail of two values
            0x07, 0x04, 0x03, 0x02, 0xef, 0x00, 0x00,
            0x00, // RLE: 7 bytes, w 4, one group of two: 14, 15
        ];
        let values: Vec<i32> = (5..=15).collect();
        let mut out = Vec::new();
        encode(&values, false, &mut out);
        assert_eq!(out, bytes);
        testing::check(|| SprintzDecoder::<i32>::new(&bytes[..], false), &values);
    }

    /// What survives: a residual of exactly -2^(W-1) and NaN payloads do not.
    fn survives<T: BitValue>(values: &[T], wide: bool) -> bool {
        let mut blocks = values.chunks_exact(BLOCK);
        blocks.all(|block| {
            let mut fire = Fire::default();
            let mut previous = signed::<T>(canonical::<T>(block[0].to_bits64()));
            block[1..].iter().all(|v| {
                let bits = v.to_bits64();
                let value = signed::<T>(bits);
                let predicted = fire.predict::<T>(previous, wide);
                let e = signed::<T>(value.wrapping_sub(predicted) as u64);
                fire.train::<T>(previous, value, e);
                previous = value;
                canonical::<T>(bits) == bits && (e as u64 & mask::<T>()) != 1 << (T::WIDTH - 1)
            })
        })
    }

    fn round_trips<T: BitValue>() {
        let mut exact = 0;
        for wide in [false, true] {
            for values in testing::series::<T>() {
                let mut bytes = Vec::new();
                encode(&values, wide, &mut bytes);
                let mut all = values.clone();
                let n = SprintzDecoder::<T>::new(&bytes, wide).decode(&mut all);
                assert_eq!(n.unwrap(), values.len());
                if survives(&values, wide) {
                    exact += 1;
                    assert_eq!(testing::bits(&all), testing::bits(&values));
                }
                testing::check(|| SprintzDecoder::<T>::new(&bytes, wide), &all);
                testing::hostile::<T>(&bytes, |b, use_it| {
                    use_it(&mut SprintzDecoder::<T>::new(b, wide));
                });
            }
        }
        assert!(exact > 60, "{exact}");
    }

    #[test]
    fn all_types_round_trip() {
        round_trips::<i32>();
        round_trips::<i64>();
        round_trips::<f32>();
        round_trips::<f64>();
    }

    #[test]
    fn steps_beyond_half_the_range_come_back() {
        // From 1.5 to -1.5 it would be exactly half the range, which is lost.
        let values: Vec<f64> = (0..18)
            .map(|i| if i % 2 == 0 { 1.5 } else { -2.5 })
            .collect();
        let mut bytes = Vec::new();
        encode(&values, false, &mut bytes);
        testing::check(|| SprintzDecoder::<f64>::new(&bytes, false), &values);
    }

    /// What a reference decoder makes of full blocks: residuals inverted as signed numbers.
    fn reference<T: BitValue>(bytes: &[u8], n: usize, wide: bool) -> Vec<u64> {
        let mut r = ByteReader::new(bytes, "t");
        let mut out = Vec::new();
        while out.len() + BLOCK <= n {
            let width = u32::from(r.u8().unwrap());
            let first = match (T::WIDTH, T::FLOAT) {
                (32, false) => u64::from(r.uvarint().unwrap()),
                (32, true) => u64::from(u32::from_be_bytes(r.array().unwrap())),
                _ => u64::from_be_bytes(r.array().unwrap()),
            };
            out.push(first);
            let mut bits = BitReader::new(r.take(width as usize).unwrap(), "t");
            let mut previous = signed::<T>(canonical::<T>(first));
            let mut fire = Fire::default();
            for _ in 0..RESIDUALS {
                let u = signed::<T>(bits.read(width).unwrap());
                let e = if u % 2 == 0 {
                    -(u / 2)
                } else {
                    u.wrapping_add(1) / 2
                };
                let value = fire.predict::<T>(previous, wide).wrapping_add(e);
                let value = signed::<T>(value as u64);
                fire.train::<T>(previous, value, e);
                previous = value;
                out.push(value as u64 & mask::<T>());
            }
        }
        out
    }

    fn verdicts<T: BitValue>() {
        let mut verdicts = [0; 2];
        for values in testing::series::<T>() {
            for block in values.chunks_exact(BLOCK) {
                let mut bytes = Vec::new();
                encode(block, false, &mut bytes);
                let bits: Vec<u64> = block.iter().map(|v| v.to_bits64()).collect();
                let come_back = [false, true]
                    .iter()
                    .all(|wide| reference::<T>(&bytes, BLOCK, *wide) == bits);
                let verdict = survives_references(block);
                verdicts[usize::from(verdict)] += 1;
                // A yes is always right; a no may be too careful by a step that two wrongs make right.
                assert!(come_back || !verdict, "{bits:x?}");
                assert!(verdict || !come_back, "{bits:x?}");
            }
        }
        assert!(verdicts.iter().all(|n| *n > 10), "{verdicts:?}");
    }

    #[test]
    fn the_verdict_is_that_of_the_reference_decoders() {
        verdicts::<i32>();
        verdicts::<i64>();
        verdicts::<f32>();
        verdicts::<f64>();
        let signs: Vec<f64> = (0..9).map(|i| [1.5, -1.5][i % 2]).collect();
        assert!(!survives_references(&signs));
        assert!(!survives_references(&[&[0.0f32; 8][..], &[-0.0]].concat()));
        assert!(survives_references(&signs[..8]));
        assert!(survives_references(&[20.5f32; 9]));
    }

    #[test]
    fn extreme_residuals_wrap() {
        let bytes = [&[64u8][..], &[0x80; 8], &[0xff; 64]].concat();
        for wide in [false, true] {
            let mut out = [0i64; 9];
            let got = SprintzDecoder::new(&bytes, wide).decode(&mut out);
            assert_eq!(got.unwrap(), 9);
        }
        let bytes = [&[32u8][..], &[0xff, 0xff, 0xff, 0xff, 0x0f], &[0xff; 32]].concat();
        let mut out = [0i32; 9];
        let got = SprintzDecoder::new(&bytes, false).decode(&mut out);
        assert_eq!(got.unwrap(), 9);
    }

    #[test]
    fn tails_of_repeats_and_of_several_streams_are_read() {
        // 64-bit repeat values are big-endian, 32-bit ones little-endian.
        let wide = [0x88, 0x04, 0x0b, 0x10, 0x01, 0xf4];
        testing::check(|| SprintzDecoder::<i64>::new(&wide[..], false), &[500; 8]);
        let narrow = [0x88, 0x04, 0x0b, 0x10, 0xf4, 0x01];
        testing::check(|| SprintzDecoder::<i32>::new(&narrow[..], false), &[500; 8]);
        let two = [0x83, 0x03, 0x01, 0x02, 0x01, 0x03, 0x02, 0x04, 0x03];
        testing::check(|| SprintzDecoder::<i32>::new(&two[..], false), &[1, 3, 3]);
    }

    #[test]
    fn a_wrong_width_or_count_is_an_error() {
        for bytes in [
            &[0u8, 0, 0][..],
            &[33, 0, 0],
            &[0x80, 0],
            &[0x89, 0],
            &[0x81, 0x00],
            &[0x81, 0x01, 0x21],
        ] {
            let mut out = [0i32; 9];
            let got = SprintzDecoder::new(bytes, false).decode(&mut out);
            assert!(got.is_err(), "{bytes:?}");
        }
    }
}
