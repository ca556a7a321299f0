//! CAMEL: `f64` as integer part and a few decimals. Not lossless: see [`encode`].
//!
//! ```text
//! repeated: svarint bits, then ceil(bits / 8) bytes with a bit stream:
//! 64 bits                          first value; its integer part is the first `stored`
//! per further value: sign, then
//! 1  decimal
//!    varlong                       difference of the integer part to `stored`
//!    c-1 (4 bits)                  number of decimals; P = 10^c
//!    0 or 1, with 1: X (c bits)    whether the fraction is m/P itself, or m/P + 1 with the top of its mantissa changed by X
//!    varlong                       m
//! 0  XOR of the bits of |value| with those of the previous value, as in GORILLA
//!    0 | 1 0 bits | 1 1 lead (6) length-1 (6) bits
//! ```
//!
//! `varlong`: zigzag in groups of 7 bits, lowest first, each followed by one bit that is 1 when another group follows.
//! The values come out of double arithmetic, so its order of operations is part of the format.

use super::Decoder;
use super::bits64::{BitReader, BitValue, BitWriter, bit_length, canonical, skip_by_decoding};
use crate::Result;
use crate::wire::{ByteReader, ByteWriter};

const SECTION: &str = "CAMEL values";
const WIDTH: u32 = f64::WIDTH;
const MANTISSA_BITS: u32 = 52;
/// Distinguishes NaNs that arithmetic gives from those that trap.
const QUIET: u64 = 1 << (MANTISSA_BITS - 1);
/// Digits of the integer part and decimals together, at most, in what is written as a decimal.
const MOST_DIGITS: u32 = 10;
/// Bits of `lead` and of `length - 1`.
const FIELD: u32 = 6;

/// 10^c, exact for every c that four bits can state.
fn power(c: u32) -> f64 {
    10u64.pow(c.min(16)) as f64
}

/// What decoder and encoder carry from value to value.
#[derive(Debug, Clone, Default)]
struct State {
    stored: i64,
    previous: u64,
    /// Leading and trailing zeros.
    window: Option<(u32, u32)>,
}

impl State {
    fn first(value: f64) -> Self {
        Self {
            stored: value as i64,
            previous: value.to_bits(),
            window: None,
        }
    }
}

/// The fraction's digits from `m` and, if there, `X`.
fn digits(m: i64, x: Option<u64>, c: u32) -> f64 {
    let p = power(c);
    let fraction = match x {
        Some(x) => {
            let bits = (m as f64 / p + 1.0).to_bits() ^ (x << (MANTISSA_BITS - c));
            f64::from_bits(bits) - 1.0
        }
        None => m as f64 / p,
    };
    (fraction * p + 0.5).floor()
}

/// `magnitude` times 1 or -1. A damaged NaN keeps its sign and becomes quiet, as the processors of the references have it; Rust promises neither.
fn signed_product(negative: bool, magnitude: f64) -> f64 {
    if magnitude.is_nan() {
        f64::from_bits(magnitude.to_bits() | QUIET)
    } else if negative {
        -magnitude
    } else {
        magnitude
    }
}

/// Decodes CAMEL.
#[derive(Debug, Clone)]
pub struct CamelDecoder<'a> {
    reader: ByteReader<'a>,
    bits: BitReader<'a>,
    first: bool,
    state: State,
}

impl<'a> CamelDecoder<'a> {
    /// Decodes the values part of a page.
    pub fn new(bytes: &'a [u8]) -> Self {
        Self {
            reader: ByteReader::new(bytes, SECTION),
            bits: BitReader::new(&[], SECTION),
            first: false,
            state: State::default(),
        }
    }

    /// Goes to a block with bits left; false at the end.
    fn open_block(&mut self) -> Result<bool> {
        while self.bits.left() == 0 {
            if self.reader.is_empty() {
                return Ok(false);
            }
            let bits = self.reader.svarint()?;
            let Ok(bits) = usize::try_from(bits) else {
                return Err(self.reader.error("a block has a negative size").got(bits));
            };
            let bytes = self.reader.take(bits.div_ceil(8))?;
            self.bits = BitReader::with_bits(bytes, bits, SECTION);
            self.first = true;
        }
        Ok(true)
    }

    fn varlong(&mut self) -> Result<i64> {
        let mut zigzag = 0u64;
        for shift in (0..WIDTH).step_by(7) {
            let group = self.bits.read(8)?;
            // What a tenth group has above bit 63 falls off.
            zigzag |= (group >> 1) << shift;
            if group & 1 == 0 {
                return Ok((zigzag >> 1) as i64 ^ -((zigzag & 1) as i64));
            }
        }
        Err(self.bits.error("a variable-length integer does not end"))
    }

    fn next(&mut self) -> Result<f64> {
        if self.first {
            self.first = false;
            let value = f64::from_bits(self.bits.read(WIDTH)?);
            self.state = State::first(value);
            return Ok(value);
        }
        let negative = self.bits.read(1)? == 1;
        let magnitude = if self.bits.read(1)? == 1 {
            self.decimal()?
        } else {
            self.xor()?
        };
        let value = signed_product(negative, magnitude);
        self.state.previous = canonical::<f64>(value.to_bits());
        Ok(value)
    }

    fn decimal(&mut self) -> Result<f64> {
        let difference = self.varlong()?;
        self.state.stored = self.state.stored.wrapping_add(difference);
        let c = self.bits.read(4)? as u32 + 1;
        let x = match self.bits.read(1)? {
            1 => Some(self.bits.read(c)?),
            _ => None,
        };
        let d = digits(self.varlong()?, x, c);
        let p = power(c);
        let magnitude = (self.state.stored as f64 * p + d) / p;
        Ok(if self.state.stored < 0 {
            -magnitude
        } else {
            magnitude
        })
    }

    fn xor(&mut self) -> Result<f64> {
        if self.bits.read(1)? == 0 {
            return Ok(f64::from_bits(self.state.previous));
        }
        let (lead, trail) = if self.bits.read(1)? == 1 {
            let lead = self.bits.read(FIELD)? as u32;
            let significant = self.bits.read(FIELD)? as u32 + 1;
            let Some(trail) = WIDTH.checked_sub(lead + significant) else {
                return Err(self.bits.error("a window is wider than the value"));
            };
            *self.state.window.insert((lead, trail))
        } else if let Some(window) = self.state.window {
            window
        } else {
            return Err(self.bits.error("the first window is missing"));
        };
        let x = self.bits.read(WIDTH - lead - trail)?;
        Ok(f64::from_bits(self.state.previous ^ x << trail))
    }
}

impl Decoder<f64> for CamelDecoder<'_> {
    fn decode(&mut self, out: &mut [f64]) -> Result<usize> {
        let mut n = 0;
        for slot in out {
            if !self.open_block()? {
                break;
            }
            *slot = self.next()?;
            n += 1;
        }
        Ok(n)
    }

    fn skip(&mut self, n: usize) -> Result<usize> {
        skip_by_decoding(self, n)
    }

    fn remaining(&self) -> usize {
        self.reader.remaining() + self.bits.left() / 8
    }
}

/// Appends `values` in CAMEL.
///
/// Lossy as the reference is: `22.240000000000002` comes back as `22.24`, and NaN as 0 (unless it is the first value). Check by decoding.
pub fn encode(values: &[f64], out: &mut Vec<u8>) {
    let Some((&first, rest)) = values.split_first() else {
        return;
    };
    let mut stream = Vec::new();
    let mut bits = BitWriter::new(&mut stream);
    bits.put(first.to_bits(), WIDTH);
    let mut state = State::first(first);
    for &value in rest {
        bits.put(u64::from(value.is_sign_negative() && !value.is_nan()), 1);
        let magnitude = value.abs();
        match decimals(magnitude) {
            Some(c) => {
                bits.put(1, 1);
                put_decimal(&mut bits, &mut state, magnitude, c);
            }
            None => {
                bits.put(0, 1);
                put_xor(&mut bits, &mut state, magnitude);
            }
        }
        state.previous = canonical::<f64>(value.to_bits());
    }
    let count = bits.len();
    bits.align();
    let mut head = ByteWriter::new();
    head.svarint(count as i64);
    out.extend(head.into_bytes());
    out.extend(stream);
}

/// The number of decimals, if `magnitude` is to be written as a decimal.
fn decimals(magnitude: f64) -> Option<u32> {
    if magnitude.is_nan() {
        // As the references have it: none of their comparisons holds, so NaN is taken for 0 with one decimal.
        return Some(1);
    }
    if magnitude == 0.0 || magnitude > i64::MAX as f64 {
        return None;
    }
    let exponent = magnitude.log10().floor();
    if exponent.abs() > f64::from(MOST_DIGITS) {
        return None;
    }
    let integer_digits = if exponent >= 0.0 {
        exponent as u32 + 1
    } else {
        1
    };
    (1..=MOST_DIGITS.saturating_sub(integer_digits)).find(|&c| {
        let scaled = magnitude * power(c);
        scaled == scaled.trunc()
    })
}

fn put_decimal(bits: &mut BitWriter<'_>, state: &mut State, magnitude: f64, c: u32) {
    let integer = magnitude as i64;
    put_varlong(bits, integer.wrapping_sub(state.stored));
    state.stored = integer;
    let p = power(c);
    let d = (magnitude * p) as i64 - integer * p as i64;
    let threshold = 5i64.pow(c);
    let m = d % threshold;
    bits.put(u64::from(c - 1), 4);
    bits.put(u64::from(d != m), 1);
    if d != m {
        let x = (d as f64 / p + 1.0).to_bits() ^ (m as f64 / p + 1.0).to_bits();
        bits.put(x >> (MANTISSA_BITS - c), c);
    }
    put_varlong(bits, m);
}

fn put_xor(bits: &mut BitWriter<'_>, state: &mut State, magnitude: f64) {
    let x = magnitude.to_bits() ^ state.previous;
    if x == 0 {
        bits.put(0, 1);
        return;
    }
    let (lead, trail) = (WIDTH - bit_length(x), x.trailing_zeros());
    match state.window {
        Some((l, t)) if lead >= l && trail >= t => {
            bits.put(0b10, 2);
            bits.put(x >> t, WIDTH - l - t);
        }
        _ => {
            let significant = WIDTH - lead - trail;
            bits.put(0b11, 2);
            bits.put(u64::from(lead), FIELD);
            bits.put(u64::from(significant - 1), FIELD);
            bits.put(x >> trail, significant);
            state.window = Some((lead, trail));
        }
    }
}

fn put_varlong(bits: &mut BitWriter<'_>, value: i64) {
    let mut zigzag = (value << 1 ^ value >> 63) as u64;
    loop {
        let group = zigzag & 0x7f;
        zigzag >>= 7;
        bits.put(group << 1 | u64::from(zigzag != 0), 8);
        if zigzag == 0 {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::bits64::testing;
    use super::*;

    #[test]
    fn decimals_by_hand() {
        let bytes = [
            0xae, 0x01, // 64 + 2 + 8 + 4 + 1 + 8 = 87 bits
            0x3f, 0xf8, 0, 0, 0, 0, 0, 0, // 1.5
            // 0 (positive) 1 (decimal) 0000010 0 (zigzag 2: 1 + 1) 0000 (one decimal) 0 (no X) 0000010 0 (zigzag 2: 1)
            0x41, 0x00, 0x08,
        ];
        let mut out = Vec::new();
        encode(&[1.5, 2.1], &mut out);
        assert_eq!(out, bytes);
        testing::check(|| CamelDecoder::new(&out), &[1.5, 2.1]);
    }

    fn decode(bytes: &[u8], n: usize) -> Vec<f64> {
        let mut out = vec![0.0; n];
        assert_eq!(CamelDecoder::new(bytes).decode(&mut out).unwrap(), n);
        out
    }

    #[test]
    fn decimals_and_extremes_round_trip() {
        for values in [
            vec![-0.0],
            vec![f64::NAN],
            vec![
                0.0,
                0.5,
                -0.5,
                22.24,
                -22.24,
                99999.99999,
                0.1,
                0.9,
                7.0,
                -7.0,
            ],
            vec![
                1e300,
                -1e300,
                5e-324,
                f64::INFINITY,
                f64::NEG_INFINITY,
                1e300,
            ],
            (0..500).map(|i| f64::from(i - 250) / 8.0).collect(),
            (0..500).map(|i| f64::from(i * 37 % 1000) / 100.0).collect(),
        ] {
            let mut bytes = Vec::new();
            encode(&values, &mut bytes);
            testing::check(|| CamelDecoder::new(&bytes), &values);
        }
    }

    #[test]
    fn any_values_decode_alike_in_any_pieces() {
        for values in testing::series::<f64>() {
            let mut bytes = Vec::new();
            encode(&values, &mut bytes);
            let all = decode(&bytes, values.len());
            testing::check(|| CamelDecoder::new(&bytes), &all);
            testing::hostile::<f64>(&bytes, |b, use_it| use_it(&mut CamelDecoder::new(b)));
        }
    }

    #[test]
    fn blocks_follow_each_other_and_lossy_values_are_rounded() {
        let mut bytes = Vec::new();
        encode(&[1.0, 22.240_000_000_000_002], &mut bytes);
        encode(&[3.0], &mut bytes);
        testing::check(|| CamelDecoder::new(&bytes), &[1.0, 22.24, 3.0]);
    }
}
