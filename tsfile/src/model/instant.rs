//! Dates and instants as people and programs write them in text: `2024-01-31`, `2024-01-31T12:00:00.5+02:00`,
//! `2024-01-31 12:00:00Z`. Fractions have 0 to 9 digits; a zone is `Z`, `+hh:mm`, `+hhmm` or `+hh`.

use super::calendar::days_of;
use crate::error::{Error, Result};

const SECONDS_PER_DAY: i64 = 86_400;
const NANOS_PER_SECOND: i64 = 1_000_000_000;
const MAX_FRACTION_DIGITS: usize = 9;
/// Length of `YYYY-MM-DD`.
const DATE_BYTES: usize = 10;
/// Length of `YYYY-MM-DDThh:mm:ss`.
const SECONDS_BYTES: usize = 19;

/// Seconds that a clock is ahead of UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Zone(i32);

impl Zone {
    /// Not ahead at all.
    pub const UTC: Self = Self(0);

    /// So many seconds ahead.
    pub fn of_seconds(seconds: i32) -> Self {
        Self(seconds)
    }

    /// `Z`, `utc`, `+hh:mm`, `+hhmm` or `+hh`.
    ///
    /// # Errors
    ///
    /// When it is none of these.
    pub fn parse(text: &str) -> Result<Self> {
        if text.eq_ignore_ascii_case("utc") {
            return Ok(Self(0));
        }
        offset(text.as_bytes())
            .ok_or_else(|| Error::argument("expected UTC or an offset such as +02:00"))
    }

    /// As [`Zone::parse`] takes it.
    pub fn name(self) -> String {
        if self.0 == 0 {
            return "UTC".to_owned();
        }
        let minutes = self.0.unsigned_abs() / 60;
        let sign = if self.0 < 0 { '-' } else { '+' };
        format!("{sign}{:02}:{:02}", minutes / 60, minutes % 60)
    }
}

/// A point in time, and how finely it was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Instant {
    seconds: i64,
    nanos: i64,
    digits: usize,
}

impl Instant {
    /// An instant in text. Without a zone of its own it is one only under `zone`, and so is a date, which then is its midnight.
    pub fn parse(text: &str, zone: Option<Zone>) -> Option<Self> {
        let bytes = text.as_bytes();
        let days = i64::from(days(bytes.get(..DATE_BYTES)?)?);
        if bytes.len() == DATE_BYTES {
            return Some(Instant {
                seconds: days * SECONDS_PER_DAY - i64::from(zone?.0),
                nanos: 0,
                digits: 0,
            });
        }
        let [b'T' | b't' | b' ', h1, h2, b':', m1, m2, b':', s1, s2] =
            *bytes.get(DATE_BYTES..SECONDS_BYTES)?
        else {
            return None;
        };
        let (hours, minutes, seconds) = (two(h1, h2)?, two(m1, m2)?, two(s1, s2)?);
        if hours > 23 || minutes > 59 || seconds > 59 {
            return None;
        }
        let mut rest = bytes.get(SECONDS_BYTES..)?;
        let (mut nanos, mut digits) = (0, 0);
        if let [b'.', fraction @ ..] = rest {
            digits = fraction.iter().take_while(|b| b.is_ascii_digit()).count();
            if !(1..=MAX_FRACTION_DIGITS).contains(&digits) {
                return None;
            }
            let (fraction, zone) = fraction.split_at(digits);
            nanos = fraction.iter().fold(0, |n, b| n * 10 + i64::from(b - b'0'));
            nanos *= (digits..MAX_FRACTION_DIGITS).fold(1, |scale, _| scale * 10);
            rest = zone;
        }
        let zone = if rest.is_empty() {
            zone?
        } else {
            offset(rest)?
        };
        Some(Instant {
            seconds: days * SECONDS_PER_DAY + hours * 3600 + minutes * 60 + seconds
                - i64::from(zone.0),
            nanos,
            digits,
        })
    }

    /// How many digits its fraction of a second was written with, up to 9.
    pub fn fraction_digits(self) -> usize {
        self.digits
    }

    /// Nanoseconds since 1970-01-01 00:00 UTC.
    pub fn nanos(self) -> i128 {
        i128::from(self.seconds) * i128::from(NANOS_PER_SECOND) + i128::from(self.nanos)
    }

    /// How many steps of a unit it is since 1970, when that is whole and fits; a second has `per_second` of them, a power of ten up to 10^9.
    #[inline]
    pub fn steps(self, per_second: i64) -> Option<i64> {
        let step = NANOS_PER_SECOND / per_second;
        // In 128 bits the first instants of 1677 do not overflow on the way.
        let value =
            i128::from(self.seconds) * i128::from(per_second) + i128::from(self.nanos / step);
        (self.nanos % step == 0).then(|| i64::try_from(value).ok())?
    }
}

/// Days since 1970-01-01 of `YYYY-MM-DD`.
pub fn parse_date(text: &str) -> Option<i32> {
    let bytes = text.as_bytes();
    (bytes.len() == DATE_BYTES).then(|| days(bytes))?
}

fn offset(zone: &[u8]) -> Option<Zone> {
    let (sign, hours, minutes) = match *zone {
        [b'Z' | b'z'] => return Some(Zone(0)),
        [sign, h1, h2] => (sign, two(h1, h2)?, 0),
        [sign, h1, h2, m1, m2] | [sign, h1, h2, b':', m1, m2] => (sign, two(h1, h2)?, two(m1, m2)?),
        _ => return None,
    };
    let seconds = i32::try_from(hours * 3600 + minutes * 60).ok()?;
    match sign {
        _ if hours > 23 || minutes > 59 => None,
        b'+' => Some(Zone(seconds)),
        b'-' => Some(Zone(-seconds)),
        _ => None,
    }
}

fn two(tens: u8, ones: u8) -> Option<i64> {
    (tens.is_ascii_digit() && ones.is_ascii_digit())
        .then(|| i64::from(tens - b'0') * 10 + i64::from(ones - b'0'))
}

fn days(bytes: &[u8]) -> Option<i32> {
    let [y1, y2, y3, y4, b'-', m1, m2, b'-', d1, d2] = *bytes else {
        return None;
    };
    let part = |tens, ones| u32::try_from(two(tens, ones)?).ok();
    let year = i32::try_from(two(y1, y2)? * 100 + two(y3, y4)?).ok()?;
    i32::try_from(days_of(year, part(m1, m2)?, part(d1, d2)?)?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_spelling_of_one_instant() {
        for (text, digits) in [
            ("2024-01-31T12:00:00Z", 0),
            ("2024-01-31 12:00:00z", 0),
            ("2024-01-31t14:00:00+02:00", 0),
            ("2024-01-31 14:00:00.0+0200", 1),
            ("2024-01-31T14:00:00.000000+02", 6),
            ("2024-02-01T05:45:00.000000000+17:45", 9),
            ("2024-01-31T12:00:00-00:00", 0),
            ("2024-01-31T08:30:00-03:30", 0),
        ] {
            let expected = Instant {
                seconds: 1_706_702_400,
                nanos: 0,
                digits,
            };
            assert_eq!(Instant::parse(text, None), Some(expected), "{text}");
        }
    }

    #[test]
    fn what_is_no_instant() {
        for text in [
            "",
            "2024-01-31",
            "2024-01-31T12:00:00",
            "2024-01-31T12:00Z",
            "2024-01-31_12:00:00Z",
            "2024-01-31T24:00:00Z",
            "2024-01-31T12:60:00Z",
            "2024-01-31T12:00:60Z",
            "2024-01-31T12:00:00.Z",
            "2024-01-31T12:00:00.1234567890Z",
            "2024-01-31T12:00:00+2",
            "2024-01-31T12:00:00+24:00",
            "2024-01-31T12:00:00*02:00",
            "2024-01-31T12:00:00Z ",
            "2023-02-29T12:00:00Z",
            "2024-13-01T12:00:00Z",
            "2024-00-01T12:00:00Z",
            "2024-01-00T12:00:00Z",
            "+2024-01-01T12:00:00Z",
            "２０２４-01-01T12:00:00Z",
        ] {
            assert_eq!(Instant::parse(text, None), None, "{text}");
        }
    }

    #[test]
    fn a_zone_of_the_command_line_is_for_what_has_none() {
        let zone = Zone::parse("+02:00").unwrap();
        let seconds = |text| Instant::parse(text, Some(zone)).map(|i| i.seconds);
        assert_eq!(seconds("1970-01-01 02:00:00"), Some(0));
        assert_eq!(seconds("1970-01-01 02:00:00.25Z"), Some(7200));
        assert_eq!(seconds("1970-01-02"), Some(86_400 - 7200));
        assert!(Zone::parse("Europe/Berlin").is_err());
        for name in ["UTC", "+02:00", "-03:30"] {
            assert_eq!(Zone::parse(name).unwrap().name(), name);
        }
    }

    #[test]
    fn fractions_keep_their_digits_and_inexact_counts_are_refused() {
        let at = |text| Instant::parse(text, None).unwrap();
        for (text, digits) in [
            ("1970-01-01T00:00:00Z", 0),
            ("1970-01-01T00:00:00.120Z", 3),
            ("1970-01-01T00:00:00.1234567Z", 7),
        ] {
            assert_eq!(at(text).fraction_digits(), digits);
        }
        let fine = at("1969-12-31T23:59:59.999999Z");
        assert_eq!(fine.nanos(), -1000);
        assert_eq!(fine.steps(1_000_000_000), Some(-1000));
        assert_eq!(fine.steps(1_000_000), Some(-1));
        assert_eq!(fine.steps(1_000), None);
        let ends = [
            ("1677-09-21T00:12:43.145224192Z", Some(i64::MIN)),
            ("1677-09-21T00:12:43.145224191Z", None),
            ("2262-04-11T23:47:16.854775807Z", Some(i64::MAX)),
            ("2262-04-11T23:47:16.854775808Z", None),
        ];
        for (text, expected) in ends {
            assert_eq!(at(text).steps(1_000_000_000), expected, "{text}");
        }
    }
}
