//! The order of floating point numbers as Spark has it, as integers of the same order: the one place that knows about NaN.
//!
//! NaN equals NaN whatever its bits, and is above infinity; -0.0 equals 0.0. Neighbouring numbers have neighbouring keys, so that a range of keys
//! is empty exactly when no number lies in it:
//!
//! ```text
//! number   -inf                  -5e-324   0.0, -0.0   5e-324                  inf                   NaN
//! key      -0x7ff0000000000000   -1        0           1                       0x7ff0000000000000    0x7ff0000000000001
//! ```
//!
//! A FLOAT has the key of the DOUBLE that it widens to.

/// Key of infinity: the bits of its magnitude, as for every number.
const INFINITY: i64 = 0x7ff0_0000_0000_0000;
/// Key of every NaN.
const NAN: i64 = INFINITY + 1;

/// The integer that compares with those of other numbers as the numbers do.
pub fn float_key(value: f64) -> i64 {
    if value.is_nan() {
        return NAN;
    }
    let magnitude = value.abs().to_bits() as i64;
    if value.is_sign_negative() {
        -magnitude
    } else {
        magnitude
    }
}

/// The number of a key: 0.0 of 0. Beyond NaN there is NaN, below negative infinity that.
pub fn key_float(key: i64) -> f64 {
    if key >= NAN {
        return f64::NAN;
    }
    let magnitude = f64::from_bits(key.unsigned_abs().min(INFINITY.unsigned_abs()));
    if key < 0 { -magnitude } else { magnitude }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_ascend_as_their_keys_do() {
        let ascending = [
            f64::NEG_INFINITY,
            f64::MIN,
            -1.5,
            -1.0,
            -f64::MIN_POSITIVE,
            -5e-324,
            0.0,
            5e-324,
            f64::MIN_POSITIVE,
            0.1,
            f64::from(0.1_f32),
            1.0,
            9_007_199_254_740_992.0,
            f64::MAX,
            f64::INFINITY,
            f64::NAN,
        ];
        for (i, &a) in ascending.iter().enumerate() {
            for (j, &b) in ascending.iter().enumerate() {
                assert_eq!(float_key(a).cmp(&float_key(b)), i.cmp(&j), "{a} {b}");
            }
            assert_eq!(
                key_float(float_key(a)).to_bits(),
                a.to_bits(),
                "{a} comes back"
            );
        }
    }

    #[test]
    fn neighbours_have_neighbouring_keys() {
        let neighbours = [
            (f64::NEG_INFINITY, f64::MIN),
            (-1.0, -1.0 + f64::EPSILON / 2.0),
            (-5e-324, 0.0),
            (0.0, 5e-324),
            (1.0, 1.0 + f64::EPSILON),
            (f64::MAX, f64::INFINITY),
            (f64::INFINITY, f64::NAN),
        ];
        for (low, high) in neighbours {
            assert_eq!(float_key(low) + 1, float_key(high), "{low} {high}");
        }
    }

    #[test]
    fn zeros_are_one_and_so_are_all_nans() {
        assert_eq!(float_key(-0.0), 0);
        assert_eq!(key_float(0).to_bits(), 0);
        for bits in [
            0x7ff8_0000_0000_0000,
            0xfff8_0000_0000_0000,
            0x7ff0_0000_0000_0001,
            u64::MAX,
        ] {
            assert_eq!(float_key(f64::from_bits(bits)), float_key(f64::NAN));
        }
        assert!(key_float(i64::MAX).is_nan());
        assert_eq!(key_float(i64::MIN), f64::NEG_INFINITY);
        assert_eq!(key_float(-INFINITY - 1), f64::NEG_INFINITY);
    }
}
