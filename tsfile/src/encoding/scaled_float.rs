//! FLOAT and DOUBLE in TS_2DIFF and RLE: scaled by a power of ten and rounded to integers (format.md, "The float wrapper").
//!
//! ```text
//! all values scaled    uvarint p                                            integer stream
//! some out of range    uvarint 2147483647, uvarint count, M1, uvarint p     integer stream
//! some kept as bits    uvarint 2147483646, uvarint count, M1, M2, uvarint p integer stream
//! ```
//!
//! M1 marks the scaled values (v / 10^p), M2 those kept as IEEE bits; a value in neither is itself, rounded. Both are
//! `count / 8 + 1` bytes, least significant bit first. Lossy by design.

pub use super::lossless::{MAX_LOSSLESS_POINT_NUMBER, lossless};
use super::rle::{self, RleDecoder};
use super::ts_2diff::{self, Ts2DiffDecoder};
use super::{Decoder, Int};
use crate::wire::{ByteReader, put_uvarint};
use crate::{Error, Result};

const SECTION: &str = "scaled float page";
const SOME_UNSCALED: u32 = 2_147_483_647;
const SOME_RAW: u32 = 2_147_483_646;
/// 1.5 * 2^52: to add it and take it away again rounds what is below 2^51 to an integer, which is then in the lowest bits of the sum.
const ROUNDER: f64 = 6_755_399_441_055_744.0;

/// `f32` or `f64`, and the integers that stand for it.
pub trait Float: Copy + Default + super::sealed::Sealed + 'static {
    /// The integer of the same width.
    type Int: Int;

    /// Reinterprets the pattern.
    fn from_pattern(pattern: Self::Int) -> Self;

    /// The pattern.
    fn pattern(self) -> Self::Int;

    /// `v / divisor` in double precision, then narrowed.
    fn unscale(v: Self::Int, divisor: f64) -> Self;

    /// In double precision.
    fn widen(self) -> f64;

    /// `floor(v + 0.5)` if `v` is within the range of the integers, which NaN is not.
    fn round(v: f64) -> Option<Self::Int>;

    /// An integer near `v`, which is this value times `divisor`, that decodes to this very value, if there is one.
    fn exact(self, v: f64, divisor: f64) -> Option<Self::Int>;

    /// As [`Float::exact`] for as many values as `out` has, in fewer cases: false if it finds no such integers, and `out` means nothing then.
    fn exact_block(values: &[Self], divisor: f64, out: &mut [Self::Int]) -> bool;
}

macro_rules! float {
    ($float:ty, $int:ty, $bits:ty, $most:expr, $block:expr) => {
        impl Float for $float {
            type Int = $int;

            #[inline]
            fn from_pattern(pattern: $int) -> Self {
                Self::from_bits(pattern as $bits)
            }

            #[inline]
            fn pattern(self) -> $int {
                self.to_bits() as $int
            }

            #[inline]
            fn unscale(v: $int, divisor: f64) -> Self {
                (v as f64 / divisor) as Self
            }

            fn widen(self) -> f64 {
                self.into()
            }

            fn round(v: f64) -> Option<$int> {
                (v >= <$int>::MIN as f64 && v <= <$int>::MAX as f64)
                    .then(|| (v + 0.5).floor() as $int)
            }

            fn exact(self, v: f64, divisor: f64) -> Option<$int> {
                if v.is_nan() || v.abs() > $most {
                    return None;
                }
                let near = v.round_ties_even() as i64;
                // The product is off by up to one where numbers have no bits behind the point.
                [near, near - 1, near + 1]
                    .into_iter()
                    .filter_map(|n| <$int>::try_from(n).ok())
                    .find(|n| Self::unscale(*n, divisor).to_bits() == self.to_bits())
            }

            #[inline]
            fn exact_block(values: &[$float], divisor: f64, out: &mut [$int]) -> bool {
                $block(values, divisor, out)
            }
        }
    };
}

float!(f32, i32, u32, 2_147_483_648.0, exact_f32_block);
// Beyond, not every integer is a double.
float!(f64, i64, u64, 9_007_199_254_740_991.0, exact_f64_block);

/// One pass without a branch, which the compiler turns into one over pairs: all that is wrong with any value ends up in two words.
fn exact_f64_block(values: &[f64], divisor: f64, out: &mut [i64]) -> bool {
    let (mut beyond, mut differs) = (0, 0);
    for (o, v) in out.iter_mut().zip(values) {
        let sum = v * divisor + ROUNDER;
        *o = sum.to_bits().wrapping_sub(ROUNDER.to_bits()) as i64;
        beyond |= sum.to_bits() ^ ROUNDER.to_bits();
        differs |= ((sum - ROUNDER) / divisor).to_bits() ^ v.to_bits();
    }
    // Another sign or exponent than that of the sum of a small number.
    beyond >> 52 == 0 && differs == 0
}

/// See [`exact_f64_block`].
fn exact_f32_block(values: &[f32], divisor: f64, out: &mut [i32]) -> bool {
    let (mut beyond, mut differs) = (0, 0);
    for (o, v) in out.iter_mut().zip(values) {
        let sum = f64::from(*v) * divisor + ROUNDER;
        *o = sum.to_bits() as i32;
        let n = f64::from(*o);
        beyond |= n.to_bits() ^ (sum - ROUNDER).to_bits();
        differs |= ((n / divisor) as f32).to_bits() ^ v.to_bits();
    }
    beyond == 0 && differs == 0
}

/// Decodes floats from the integers of `D`.
#[derive(Debug, Clone)]
pub struct ScaledFloatDecoder<'a, D> {
    integers: D,
    form: Form<'a>,
    /// Values passed so far: the index into the bitmaps.
    next: usize,
}

#[derive(Debug, Clone, Copy)]
enum Form<'a> {
    /// All values are scaled.
    Scaled { divisor: f64 },
    /// Each value is what the bitmaps say; without a second bitmap none is kept as bits.
    Mixed {
        divisor: f64,
        scaled: &'a [u8],
        raw: &'a [u8],
    },
    /// No wrapper: all values are kept as bits.
    Raw,
}

/// Reads what precedes the integers, in a page of `count` values.
fn parse<'a>(bytes: &'a [u8], count: usize) -> Result<(Form<'a>, &'a [u8])> {
    let mut r = ByteReader::new(bytes, SECTION);
    let first = r.uvarint()?;
    let form = if first == SOME_UNSCALED || first == SOME_RAW {
        let n = r.length()?;
        if n != count {
            return Err(r
                .error("the page has another number of values than its times")
                .expected(count)
                .got(n));
        }
        let scaled = r.take(n / 8 + 1)?;
        let raw = match first {
            SOME_RAW => r.take(n / 8 + 1)?,
            _ => &[],
        };
        Form::Mixed {
            scaled,
            raw,
            divisor: power_of_ten(r.uvarint()?),
        }
    } else {
        Form::Scaled {
            divisor: power_of_ten(first),
        }
    };
    Ok((form, r.rest()))
}

/// 10^p; 1 for what the references hold in a signed integer and find negative.
pub(super) fn power_of_ten(p: u32) -> f64 {
    if let Some(power) = 10u64.checked_pow(p) {
        return power as f64;
    }
    match i32::try_from(p) {
        // Parsing rounds correctly, which repeated multiplication does not from 10^23 on.
        Ok(p) => format!("1e{p}").parse().unwrap_or(f64::INFINITY),
        Err(_) => 1.0,
    }
}

fn bit(bitmap: &[u8], i: usize) -> bool {
    bitmap
        .get(i / 8)
        .is_some_and(|byte| byte >> (i % 8) & 1 == 1)
}

impl<'a, I: Int> ScaledFloatDecoder<'a, RleDecoder<'a, I>> {
    /// Decodes an RLE page of `count` values.
    ///
    /// # Errors
    /// The bytes in front of the integers contradict the format or `count`.
    pub fn rle(bytes: &'a [u8], count: usize) -> Result<Self> {
        if bytes.is_empty() {
            return Ok(Self::new(Form::Raw, RleDecoder::new(bytes)?));
        }
        let (form, rest) = parse(bytes, count)?;
        Ok(Self::new(form, RleDecoder::new(rest)?))
    }
}

impl<'a, I: Int> ScaledFloatDecoder<'a, Ts2DiffDecoder<'a, I>> {
    /// Decodes a TS_2DIFF page of `count` values.
    ///
    /// C++ before 2.4.0 wrote the IEEE bits without a wrapper, and nothing in the file says so. Such a page starts with
    /// `00 00 00`, which is a wrapper with p = 0, so a page is taken for wrapped if that makes the blocks end with the
    /// bytes and hold `count` values, and for bare otherwise.
    ///
    /// # Errors
    /// The bytes are neither for `count` values.
    pub fn ts_2diff(bytes: &'a [u8], count: usize) -> Result<Self> {
        if bytes.is_empty() {
            return Ok(Self::new(Form::Raw, Ts2DiffDecoder::new(bytes)));
        }
        let holds_all = |blocks| {
            let n = Ts2DiffDecoder::<I>::count(blocks)?;
            if n == count as u64 {
                return Ok(());
            }
            Err(Error::corrupt(
                SECTION,
                "the blocks hold another number of values than the times",
            )
            .expected(count)
            .got(n))
        };
        let wrapped = parse(bytes, count).and_then(|(form, rest)| {
            holds_all(rest)?;
            Ok(Self::new(form, Ts2DiffDecoder::new(rest)))
        });
        if wrapped.is_err() && holds_all(bytes).is_ok() {
            return Ok(Self::new(Form::Raw, Ts2DiffDecoder::new(bytes)));
        }
        wrapped
    }
}

impl<'a, D> ScaledFloatDecoder<'a, D> {
    fn new(form: Form<'a>, integers: D) -> Self {
        Self {
            integers,
            form,
            next: 0,
        }
    }
}

impl<F: Float, D: Decoder<F::Int>> Decoder<F> for ScaledFloatDecoder<'_, D> {
    fn decode(&mut self, out: &mut [F]) -> Result<usize> {
        let mut scratch = [F::Int::default(); 256];
        let mut done = 0;
        for part in out.chunks_mut(scratch.len()) {
            let wanted = part.len();
            let got = self
                .integers
                .decode(scratch.get_mut(..wanted).unwrap_or(&mut []))?;
            let pairs = part.iter_mut().zip(scratch.iter().take(got));
            match self.form {
                Form::Scaled { divisor } => {
                    pairs.for_each(|(o, v)| *o = F::unscale(*v, divisor));
                }
                Form::Raw => pairs.for_each(|(o, v)| *o = F::from_pattern(*v)),
                Form::Mixed {
                    divisor,
                    scaled,
                    raw,
                } => pairs.zip(self.next..).for_each(|((o, v), i)| {
                    *o = if bit(scaled, i) {
                        F::unscale(*v, divisor)
                    } else if bit(raw, i) {
                        F::from_pattern(*v)
                    } else {
                        F::unscale(*v, 1.0)
                    }
                }),
            }
            self.next += got;
            done += got;
            if got < wanted {
                break;
            }
        }
        Ok(done)
    }

    fn skip(&mut self, n: usize) -> Result<usize> {
        let n = self.integers.skip(n)?;
        self.next = self.next.saturating_add(n);
        Ok(n)
    }

    fn remaining(&self) -> usize {
        self.integers.remaining()
    }
}

/// Appends a TS_2DIFF page, keeping `max_point_number` digits behind the point.
pub fn encode_ts_2diff<F: Float>(values: &[F], max_point_number: u32, out: &mut Vec<u8>) {
    let integers = encode_head(values, max_point_number, out);
    ts_2diff::encode(&integers, out);
}

/// Appends an RLE page, keeping `max_point_number` digits behind the point.
pub fn encode_rle<F: Float>(values: &[F], max_point_number: u32, out: &mut Vec<u8>) {
    let integers = encode_head(values, max_point_number, out);
    rle::encode(&integers, out);
}

/// Appends a TS_2DIFF page of values that are `integers / 10^max_point_number`, but for those at `raw`, whose integers are their bits.
pub fn encode_scaled<F: Float>(
    integers: &[F::Int],
    raw: &[usize],
    max_point_number: u32,
    out: &mut Vec<u8>,
) {
    if !raw.is_empty() {
        put_uvarint(out, SOME_RAW.into());
        put_uvarint(out, integers.len() as u64);
        let bitmap_bytes = integers.len() / 8 + 1;
        let is_raw = out.len() + bitmap_bytes;
        out.resize(is_raw, u8::MAX);
        if let Some(last) = out.last_mut() {
            *last = (1 << (integers.len() % 8)) - 1;
        }
        out.resize(is_raw + bitmap_bytes, 0);
        for i in raw {
            let bit = 1 << (i % 8);
            for (at, keep) in [(is_raw - bitmap_bytes, 0), (is_raw, bit)] {
                if let Some(byte) = out.get_mut(at + i / 8) {
                    *byte = *byte & !bit | keep;
                }
            }
        }
    }
    put_uvarint(out, max_point_number.into());
    ts_2diff::encode(integers, out);
}

fn encode_head<F: Float>(values: &[F], max_point_number: u32, out: &mut Vec<u8>) -> Vec<F::Int> {
    let factor = power_of_ten(max_point_number);
    let bitmap_bytes = values.len() / 8 + 1;
    let (mut scaled, mut raw) = (vec![0u8; bitmap_bytes], vec![0u8; bitmap_bytes]);
    let (mut any_unscaled, mut any_raw) = (false, false);
    let mut integers = Vec::with_capacity(values.len());
    for (i, v) in values.iter().enumerate() {
        let bit = 1u8 << (i % 8);
        let v_wide = v.widen();
        integers.push(if let Some(n) = F::round(v_wide * factor) {
            scaled
                .iter_mut()
                .skip(i / 8)
                .take(1)
                .for_each(|b| *b |= bit);
            n
        } else if let Some(n) = F::round(v_wide) {
            any_unscaled = true;
            n
        } else {
            any_raw = true;
            raw.iter_mut().skip(i / 8).take(1).for_each(|b| *b |= bit);
            v.pattern()
        });
    }
    if any_raw || any_unscaled {
        let form = if any_raw { SOME_RAW } else { SOME_UNSCALED };
        put_uvarint(out, form.into());
        put_uvarint(out, values.len() as u64);
        out.append(&mut scaled);
        if any_raw {
            out.append(&mut raw);
        }
    }
    put_uvarint(out, max_point_number.into());
    integers
}

#[cfg(test)]
mod tests {
    use super::super::check::{self, Key};
    use super::*;
    use crate::model::Encoding::{Rle, Ts2Diff};

    #[test]
    fn page_of_all_three_kinds_by_hand() {
        let mut bytes = vec![
            0xfe, 0xff, 0xff, 0xff, 0x07,   // some kept as bits
            0x04,   // values
            0b0001, // value 0 is scaled
            0b0110, // values 1 and 2 are bits, which leaves value 3 as it is
            0x02,   // two digits
            0, 0, 0, 3, 0, 0, 0, 0x20, // differences, width
            0x82, 0x09, 0xc3, 0x80, // smallest difference
            0, 0, 0, 0x96, // 150
        ];
        let integers = [150, 3e9f32.to_bits() as i32, 0x7fc0_0000, 30_000_000];
        for (a, b) in integers.iter().zip(&integers[1..]) {
            let difference = b.wrapping_sub(*a).wrapping_sub(0x8209_c380_u32 as i32);
            bytes.extend(difference.to_be_bytes());
        }
        let values = [1.5, 3e9, f32::NAN, 3e7];
        check::values::<f32>(Ts2Diff, &bytes, &values);
        let mut out = Vec::new();
        encode_ts_2diff(&values, 2, &mut out);
        assert_eq!(out, bytes);
        // The count in the page must be that of the times.
        assert!(ScaledFloatDecoder::<Ts2DiffDecoder<'_, i32>>::ts_2diff(&bytes, 3).is_err());
    }

    #[test]
    fn rle_pages_by_hand() {
        // p = 2; 7 bytes, width 8: three times 150, then one group of one value 25
        let bytes = [2, 6, 8, 6, 150, 3, 1, 25];
        let mut bytes = bytes.to_vec();
        bytes.extend([0; 7]); // the rest of the group
        bytes[1] = 13;
        check::values::<f32>(Rle, &bytes, &[1.5, 1.5, 1.5, 0.25]);
        check::values::<f64>(Rle, &bytes, &[1.5, 1.5, 1.5, 0.25]);
        // Value 1 is out of range when scaled: 8 values take a second byte of bitmap.
        let mut bytes = vec![0xff, 0xff, 0xff, 0xff, 0x07, 8, 0b1111_1101, 0, 1];
        bytes.extend([3, 8, 8 << 1, 30]);
        check::values::<f64>(Rle, &bytes, &[3.0, 30.0, 3.0, 3.0, 3.0, 3.0, 3.0, 3.0]);
    }

    #[test]
    fn ts_2diff_without_wrapper_is_bits() {
        for n in check::LENGTHS {
            for seed in 0..6 {
                let bits = check::ints::<i32>(n, seed);
                let mut out = Vec::new();
                ts_2diff::encode(&bits, &mut out);
                let values: Vec<f32> = bits.iter().map(|v| f32::from_pattern(*v)).collect();
                check::values(Ts2Diff, &out, &values);
                let bits = check::ints::<i64>(n, seed);
                out.clear();
                ts_2diff::encode(&bits, &mut out);
                let values: Vec<f64> = bits.iter().map(|v| f64::from_pattern(*v)).collect();
                check::values(Ts2Diff, &out, &values);
            }
        }
    }

    /// What the format keeps of a value.
    fn kept<F: Float>(v: F, p: u32) -> F {
        let factor = 10f64.powi(p as i32);
        match (F::round(v.widen() * factor), F::round(v.widen())) {
            (Some(n), _) => F::unscale(n, factor),
            (None, Some(n)) => F::unscale(n, 1.0),
            (None, None) => v,
        }
    }

    fn round_trip<F: Float + Key>(values: &[F], p: u32) {
        let expected: Vec<F> = values.iter().map(|v| kept(*v, p)).collect();
        let mut out = Vec::new();
        encode_ts_2diff(values, p, &mut out);
        check::values(Ts2Diff, &out, &expected);
        out.clear();
        encode_rle(values, p, &mut out);
        check::values(Rle, &out, &expected);
    }

    #[test]
    fn all_forms_round_trip() {
        for n in check::LENGTHS {
            for p in [0, 2, 10] {
                let ints = check::ints::<i32>(n, 1);
                round_trip(&ints.iter().map(|v| *v as f32 / 8.0).collect::<Vec<_>>(), p);
                round_trip(&ints.iter().map(|v| *v as f64 / 8.0).collect::<Vec<_>>(), p);
                let ints = check::ints::<i64>(n, 0);
                round_trip(
                    &ints.iter().map(|v| *v as f32 / 1e10).collect::<Vec<_>>(),
                    p,
                );
                round_trip(&ints.iter().map(|v| *v as f64).collect::<Vec<_>>(), p);
                round_trip(
                    &ints
                        .iter()
                        .map(|v| f64::from_pattern(*v))
                        .collect::<Vec<_>>(),
                    p,
                );
                let ints = check::ints::<i32>(n, 0);
                round_trip(
                    &ints
                        .iter()
                        .map(|v| f32::from_pattern(*v))
                        .collect::<Vec<_>>(),
                    p,
                );
            }
        }
        round_trip(
            &[f64::INFINITY, -0.0, f64::MIN, 1e-300, 9.3e18, 9.2e16, 0.125],
            2,
        );
        round_trip(
            &[f32::NEG_INFINITY, -0.0, f32::MAX, 2.1e9, 2.1e7, -0.005],
            2,
        );
    }

    #[test]
    fn hostile_bytes_never_panic() {
        let mut seed = Vec::new();
        encode_ts_2diff(&[1.5, 3e9, f32::NAN, 3e7, 1.0], 2, &mut seed);
        check::hostile::<f32>(Ts2Diff, &seed);
        check::hostile::<f64>(Ts2Diff, &seed);
        seed.clear();
        encode_rle(&[1.5, 3e9, f32::NAN, 3e7, 1.0], 2, &mut seed);
        check::hostile::<f32>(Rle, &seed);
        check::hostile::<f64>(Rle, &seed);
    }
}
