//! How single values look as text, shared by the metadata printers and by `convert`.
//!
//! Everything appends to a byte buffer. Floats are written as the shortest digits that read back to the same bits;
//! dates and instants are exact over the whole range of their integers (years beyond 9999 get a sign, as ISO 8601
//! asks).

use arrow_schema::TimeUnit;
use tsfile::model::date_of;

/// What null looks like in the CSV of the compatible commands.
pub const CSV_NULL: &str = "\\N";
const SECONDS_PER_DAY: i64 = 86_400;

/// An integer.
pub fn int(out: &mut Vec<u8>, value: impl itoa::Integer) {
    out.extend_from_slice(itoa::Buffer::new().format(value).as_bytes());
}

/// How the values that JSON cannot write look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NonFinite {
    /// `nan`, `inf`, `-inf`
    Bare,
    /// `"NaN"`, `"Infinity"`, `"-Infinity"`
    Quoted,
    /// `null`
    Null,
}

/// A double; the shortest digits that read back to the same bits.
pub fn f64(out: &mut Vec<u8>, value: f64, style: NonFinite) {
    if value.is_finite() {
        out.extend_from_slice(ryu::Buffer::new().format_finite(value).as_bytes());
    } else {
        non_finite(out, value.is_nan(), value < 0.0, style);
    }
}

/// A float; the shortest digits that read back to the same bits.
pub fn f32(out: &mut Vec<u8>, value: f32, style: NonFinite) {
    if value.is_finite() {
        out.extend_from_slice(ryu::Buffer::new().format_finite(value).as_bytes());
    } else {
        non_finite(out, value.is_nan(), value < 0.0, style);
    }
}

fn non_finite(out: &mut Vec<u8>, nan: bool, negative: bool, style: NonFinite) {
    let text: &[u8] = match (style, nan, negative) {
        (NonFinite::Null, _, _) => b"null",
        (NonFinite::Bare, true, _) => b"nan",
        (NonFinite::Bare, false, false) => b"inf",
        (NonFinite::Bare, false, true) => b"-inf",
        (NonFinite::Quoted, true, _) => b"\"NaN\"",
        (NonFinite::Quoted, false, false) => b"\"Infinity\"",
        (NonFinite::Quoted, false, true) => b"\"-Infinity\"",
    };
    out.extend_from_slice(text);
}

/// Bytes as `0x` and lower-case hex.
pub fn hex(out: &mut Vec<u8>, bytes: &[u8]) {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    out.extend_from_slice(b"0x");
    out.reserve(bytes.len() * 2);
    for b in bytes {
        out.push(DIGITS[usize::from(b >> 4)]);
        out.push(DIGITS[usize::from(b & 0x0f)]);
    }
}

/// A JSON string with its quotes.
pub fn json_string(out: &mut Vec<u8>, text: &str) {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    out.push(b'"');
    let bytes = text.as_bytes();
    let mut clean_from = 0;
    for (i, &b) in bytes.iter().enumerate() {
        if b >= 0x20 && b != b'"' && b != b'\\' {
            continue;
        }
        out.extend_from_slice(&bytes[clean_from..i]);
        clean_from = i + 1;
        match b {
            b'"' => out.extend_from_slice(b"\\\""),
            b'\\' => out.extend_from_slice(b"\\\\"),
            b'\n' => out.extend_from_slice(b"\\n"),
            b'\r' => out.extend_from_slice(b"\\r"),
            b'\t' => out.extend_from_slice(b"\\t"),
            0x08 => out.extend_from_slice(b"\\b"),
            0x0c => out.extend_from_slice(b"\\f"),
            _ => {
                out.extend_from_slice(b"\\u00");
                out.push(DIGITS[usize::from(b >> 4)]);
                out.push(DIGITS[usize::from(b & 0x0f)]);
            }
        }
    }
    out.extend_from_slice(&bytes[clean_from..]);
    out.push(b'"');
}

/// A delimited field: quoted when it holds the delimiter, a quote or a line end, and when it would read as null
/// (empty, `\N`, or equal to `null_text`).
pub fn field(out: &mut Vec<u8>, text: &str, delimiter: u8, null_text: &str) {
    let bytes = text.as_bytes();
    let quote = bytes.is_empty()
        || text == null_text
        || text == CSV_NULL
        || bytes
            .iter()
            .any(|&b| b == delimiter || b == b'"' || b == b'\n' || b == b'\r');
    if !quote {
        out.extend_from_slice(bytes);
        return;
    }
    out.push(b'"');
    for &b in bytes {
        if b == b'"' {
            out.push(b'"');
        }
        out.push(b);
    }
    out.push(b'"');
}

/// A day counted from 1970-01-01, as `YYYY-MM-DD`.
pub fn date(out: &mut Vec<u8>, days: i64) {
    let (year, month, day) = date_of(days);
    if (0..=9999).contains(&year) {
        padded(out, year.unsigned_abs(), 4);
    } else {
        out.push(if year < 0 { b'-' } else { b'+' });
        padded(out, year.unsigned_abs(), 4);
    }
    out.push(b'-');
    padded(out, month, 2);
    out.push(b'-');
    padded(out, day, 2);
}

/// An instant counted in `unit` from 1970-01-01T00:00, as ISO 8601 with as many digits as the unit has; with `Z`
/// when it is known to be UTC.
pub fn timestamp(out: &mut Vec<u8>, value: i64, unit: TimeUnit, utc: bool) {
    let (per_second, digits) = match unit {
        TimeUnit::Second => (1, 0),
        TimeUnit::Millisecond => (1_000, 3),
        TimeUnit::Microsecond => (1_000_000, 6),
        TimeUnit::Nanosecond => (1_000_000_000, 9),
    };
    let seconds = value.div_euclid(per_second);
    date(out, seconds.div_euclid(SECONDS_PER_DAY));
    out.push(b'T');
    clock(out, seconds.rem_euclid(SECONDS_PER_DAY).unsigned_abs());
    if digits > 0 {
        out.push(b'.');
        padded(out, value.rem_euclid(per_second).unsigned_abs(), digits);
    }
    if utc {
        out.push(b'Z');
    }
}

/// Seconds of a day as `hh:mm:ss`.
fn clock(out: &mut Vec<u8>, seconds: u64) {
    padded(out, seconds / 3600, 2);
    out.push(b':');
    padded(out, seconds / 60 % 60, 2);
    out.push(b':');
    padded(out, seconds % 60, 2);
}

fn padded(out: &mut Vec<u8>, value: u64, width: usize) {
    let mut buffer = itoa::Buffer::new();
    let digits = buffer.format(value);
    for _ in digits.len()..width {
        out.push(b'0');
    }
    out.extend_from_slice(digits.as_bytes());
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(write: impl FnOnce(&mut Vec<u8>)) -> String {
        let mut out = Vec::new();
        write(&mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn dates_cover_leap_years_and_both_ends() {
        assert_eq!(text(|o| date(o, 0)), "1970-01-01");
        assert_eq!(text(|o| date(o, -1)), "1969-12-31");
        assert_eq!(text(|o| date(o, 19_782)), "2024-02-29");
        assert_eq!(text(|o| date(o, 11_017)), "2000-03-01");
        assert_eq!(text(|o| date(o, -719_528)), "0000-01-01");
        assert_eq!(text(|o| date(o, -719_529)), "-0001-12-31");
        assert_eq!(text(|o| date(o, 2_932_897)), "+10000-01-01");
        assert_eq!(text(|o| date(o, i64::from(i32::MAX))), "+5881580-07-11");
    }

    #[test]
    fn timestamps_keep_the_digits_of_their_unit() {
        let ms = |v| text(|o| timestamp(o, v, TimeUnit::Millisecond, true));
        assert_eq!(ms(1_588_953_600_007), "2020-05-08T16:00:00.007Z");
        assert_eq!(ms(-1), "1969-12-31T23:59:59.999Z");
        assert_eq!(ms(i64::MIN), "-292275055-05-16T16:47:04.192Z");
        assert_eq!(ms(i64::MAX), "+292278994-08-17T07:12:55.807Z");
        assert_eq!(
            text(|o| timestamp(o, 1, TimeUnit::Nanosecond, false)),
            "1970-01-01T00:00:00.000000001"
        );
        assert_eq!(
            text(|o| timestamp(o, 61, TimeUnit::Second, true)),
            "1970-01-01T00:01:01Z"
        );
    }

    #[test]
    fn floats_are_shortest_and_round_trip() {
        let show = |v| text(|o| f64(o, v, NonFinite::Bare));
        for v in [
            0.0,
            -0.0,
            0.1,
            1e300,
            5e-324,
            f64::MAX,
            2.2,
            123_456_789.125,
        ] {
            assert_eq!(
                show(v).parse::<f64>().unwrap().to_bits(),
                v.to_bits(),
                "{v}"
            );
        }
        assert_eq!(show(2.0), "2.0");
        assert_eq!(show(f64::NAN), "nan");
        assert_eq!(text(|o| f32(o, 2.1, NonFinite::Bare)), "2.1");
        assert_eq!(
            text(|o| f32(o, f32::NEG_INFINITY, NonFinite::Quoted)),
            "\"-Infinity\""
        );
        assert_eq!(text(|o| f64(o, f64::INFINITY, NonFinite::Null)), "null");
    }

    #[test]
    fn fields_that_would_read_as_null_are_quoted() {
        assert_eq!(text(|o| field(o, "", b',', "")), "\"\"");
        assert_eq!(text(|o| field(o, "\\N", b',', "\\N")), "\"\\N\"");
        assert_eq!(text(|o| field(o, "\\N", b',', "")), "\"\\N\"");
        assert_eq!(text(|o| field(o, "a,b", b',', "")), "\"a,b\"");
        assert_eq!(text(|o| field(o, "a,b", b'\t', "")), "a,b");
        assert_eq!(
            text(|o| field(o, "say \"x\"", b',', "")),
            "\"say \"\"x\"\"\""
        );
    }

    #[test]
    fn json_strings_escape_what_json_demands() {
        assert_eq!(
            text(|o| json_string(o, "a\"\\\n\u{1}é")),
            "\"a\\\"\\\\\\n\\u0001é\""
        );
        assert_eq!(text(|o| hex(o, &[0, 0xab])), "0x00ab");
    }
}
