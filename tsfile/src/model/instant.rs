//! Dates and instants as people and programs write them in text: `2024-01-31`, `2024-01-31T12:00:00.5+02:00`,
//! `2024-01-31 12:00:00Z`. Fractions have 0 to 9 digits; a zone is `Z`, `+hh:mm`, `+hhmm` or `+hh`.
//!
//! Years beyond 0000 to 9999 have a sign and as many digits as they need, but four at least: `+10000-01-01`, `-0001-12-31`.

use super::calendar::{ERA_DAYS, ERA_YEARS, date_of, days_of};
use crate::error::{Error, Result};

const SECONDS_PER_DAY: i64 = 86_400;
const NANOS_PER_SECOND: i64 = 1_000_000_000;
const MAX_FRACTION_DIGITS: usize = 9;
/// Digits of a year without a sign, and the fewest of one with.
const YEAR_DIGITS: usize = 4;
/// Years of more digits are no instants that 128 bits can count in nanoseconds.
const MAX_YEAR_DIGITS: usize = 22;

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

    /// How many seconds ahead.
    pub fn seconds(self) -> i32 {
        self.0
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
    /// Whole seconds towards 1970.
    seconds: i128,
    /// The rest, before 1970 negative.
    nanos: i64,
    digits: usize,
}

impl Instant {
    /// An instant in text. Without a zone of its own it is one only under `zone`, and so is a date, which then is its midnight.
    pub fn parse(text: &str, zone: Option<Zone>) -> Option<Self> {
        let (days, rest) = days(text.as_bytes())?;
        if rest.is_empty() {
            return Self::new(days, -i64::from(zone?.0), 0, 0);
        }
        let [
            b'T' | b't' | b' ',
            h1,
            h2,
            b':',
            m1,
            m2,
            b':',
            s1,
            s2,
            rest @ ..,
        ] = rest
        else {
            return None;
        };
        let (hours, minutes, seconds) = (two(*h1, *h2)?, two(*m1, *m2)?, two(*s1, *s2)?);
        if hours > 23 || minutes > 59 || seconds > 59 {
            return None;
        }
        let mut rest = rest;
        let (mut nanos, mut digits) = (0, 0);
        if let [b'.', fraction @ ..] = rest {
            digits = leading_digits(fraction);
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
        let of_day = hours * 3600 + minutes * 60 + seconds - i64::from(zone.0);
        Self::new(days, of_day, nanos, digits)
    }

    /// `None` when it cannot be counted in nanoseconds.
    #[inline]
    fn new(days: i128, seconds: i64, nanos: i64, digits: usize) -> Option<Self> {
        let seconds = days * i128::from(SECONDS_PER_DAY) + i128::from(seconds);
        let (seconds, nanos) = if seconds < 0 && nanos > 0 {
            (seconds + 1, nanos - NANOS_PER_SECOND)
        } else {
            (seconds, nanos)
        };
        seconds
            .checked_mul(NANOS_PER_SECOND.into())?
            .checked_add(nanos.into())?;
        Some(Self {
            seconds,
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
        self.seconds * i128::from(NANOS_PER_SECOND) + i128::from(self.nanos)
    }

    /// How many steps of a unit it is since 1970, when that is whole and fits; a second has `per_second` of them, a power of ten up to 10^9.
    #[inline]
    pub fn steps(self, per_second: i64) -> Option<i64> {
        let step = NANOS_PER_SECOND / per_second;
        let value = self.seconds * i128::from(per_second) + i128::from(self.nanos / step);
        (self.nanos % step == 0).then(|| i64::try_from(value).ok())?
    }
}

/// Days since 1970-01-01 of `YYYY-MM-DD`.
pub fn parse_date(text: &str) -> Option<i32> {
    let (days, rest) = days(text.as_bytes())?;
    (rest.is_empty()).then(|| i32::try_from(days).ok())?
}

/// A day counted from 1970-01-01, as [`parse_date`] takes it.
pub fn format_date(days: i32) -> String {
    let mut text = String::with_capacity(10);
    push_date(&mut text, days.into());
    text
}

/// Nanoseconds since 1970-01-01 00:00 UTC, as [`Instant::parse`] takes them, with `Z` and as few digits as it needs of 0, 3, 6 or 9.
pub fn format_instant(nanos: i128) -> String {
    let per_second = i128::from(NANOS_PER_SECOND);
    let (seconds, fraction) = (nanos.div_euclid(per_second), nanos.rem_euclid(per_second));
    let per_day = i128::from(SECONDS_PER_DAY);
    let (days, of_day) = (seconds.div_euclid(per_day), seconds.rem_euclid(per_day));
    let mut text = String::with_capacity(32);
    push_date(&mut text, days);
    let (hours, minutes) = (of_day / 3600, of_day / 60 % 60);
    text.push_str(&format!("T{hours:02}:{minutes:02}:{:02}", of_day % 60));
    if fraction % 1_000 != 0 {
        text.push_str(&format!(".{fraction:09}"));
    } else if fraction % 1_000_000 != 0 {
        text.push_str(&format!(".{:06}", fraction / 1_000));
    } else if fraction != 0 {
        text.push_str(&format!(".{:03}", fraction / 1_000_000));
    }
    text.push('Z');
    text
}

fn push_date(text: &mut String, days: i128) {
    // Eras are alike, so that only the place in one matters.
    let era_days = i128::from(ERA_DAYS);
    let (year, month, day) = date_of(days.rem_euclid(era_days) as i64);
    let year = i128::from(year) + days.div_euclid(era_days) * i128::from(ERA_YEARS);
    text.push_str(match year {
        0..=9999 => "",
        10_000.. => "+",
        _ => "-",
    });
    text.push_str(&format!("{:04}-{month:02}-{day:02}", year.unsigned_abs()));
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

fn leading_digits(bytes: &[u8]) -> usize {
    bytes.iter().take_while(|b| b.is_ascii_digit()).count()
}

/// Days since 1970-01-01 of the date that a text begins with, and what follows it.
#[inline]
fn days(bytes: &[u8]) -> Option<(i128, &[u8])> {
    let (sign, rest) = match bytes {
        [sign @ (b'+' | b'-'), rest @ ..] => (Some(*sign), rest),
        _ => (None, bytes),
    };
    let digits = match sign {
        None => YEAR_DIGITS,
        Some(_) => leading_digits(rest),
    };
    if !(YEAR_DIGITS..=MAX_YEAR_DIGITS).contains(&digits) {
        return None;
    }
    let (year, rest) = rest.split_at_checked(digits)?;
    let [b'-', m1, m2, b'-', d1, d2, rest @ ..] = rest else {
        return None;
    };
    let mut number = 0;
    for digit in year {
        if !digit.is_ascii_digit() {
            return None;
        }
        number = number * 10 + i128::from(digit - b'0');
    }
    let padded = digits > YEAR_DIGITS && year.first() == Some(&b'0');
    let number = match sign {
        _ if padded => return None,
        None => number,
        Some(b'+') if number > 9999 => number,
        Some(b'-') if number > 0 => -number,
        Some(_) => return None,
    };
    let part = |tens, ones| u32::try_from(two(tens, ones)?).ok();
    // Eras are alike, so that only the place in one matters.
    let era_years = i128::from(ERA_YEARS);
    let (era, of_era) = match number {
        0..=9999 => (0, number),
        _ => (number.div_euclid(era_years), number.rem_euclid(era_years)),
    };
    let days = days_of(of_era as i32, part(*m1, *m2)?, part(*d1, *d2)?)?;
    Some((i128::from(days) + era * i128::from(ERA_DAYS), rest))
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

    #[test]
    fn years_beyond_four_digits_have_a_sign() {
        for (text, days) in [
            ("0000-01-01", Some(-719_528)),
            ("-0001-12-31", Some(-719_529)),
            ("9999-12-31", Some(2_932_896)),
            ("+10000-01-01", Some(2_932_897)),
            ("+5881580-07-11", Some(i32::MAX)),
            ("-5877641-06-23", Some(i32::MIN)),
            ("+5881580-07-12", None),
            ("10000-01-01", None),
            ("+9999-01-01", None),
            ("+010000-01-01", None),
            ("-0000-01-01", None),
            ("-001-01-01", None),
            ("-00001-01-01", None),
            ("+10000-02-30", None),
            ("+-10000-02-01", None),
            ("+", None),
            ("", None),
        ] {
            assert_eq!(parse_date(text), days, "{text}");
            if let Some(days) = days {
                assert_eq!(format_date(days), text);
            }
        }
        let far = Instant::parse("+292278994-08-17T07:12:55.807Z", None).unwrap();
        assert_eq!(far.steps(1_000), Some(i64::MAX));
        assert_eq!(far.steps(1_000_000), None);
        let far = Instant::parse("-292275055-05-16T16:47:04.192Z", None).unwrap();
        assert_eq!(far.steps(1_000), Some(i64::MIN));
    }

    #[test]
    fn any_count_of_nanoseconds_is_written_and_read_back() {
        for (nanos, text) in [
            (0, "1970-01-01T00:00:00Z"),
            (-1, "1969-12-31T23:59:59.999999999Z"),
            (-1_000_000, "1969-12-31T23:59:59.999Z"),
            (1_588_953_600_007_000_000, "2020-05-08T16:00:00.007Z"),
            (1_000, "1970-01-01T00:00:00.000001Z"),
            (
                i128::MIN,
                "-5391559471918239495042-10-11T10:18:04.115894272Z",
            ),
            (253_402_300_800_000_000_000, "+10000-01-01T00:00:00Z"),
        ] {
            assert_eq!(format_instant(nanos), text);
            assert_eq!(Instant::parse(text, None).unwrap().nanos(), nanos);
        }
        let mut nanos = i128::MAX;
        while nanos != 0 {
            for n in [nanos, -nanos, i128::MIN - (-nanos), nanos - 1_000_000_000] {
                let text = format_instant(n);
                let read = Instant::parse(&text, None).map(Instant::nanos);
                assert_eq!(read, Some(n), "{text}");
            }
            nanos /= 3;
        }
        for text in [
            "+9999999999999999999999-01-01T00:00:00Z",
            "-9999999999999999999999-01-01T00:00:00Z",
            "+99999999999999999999999-01-01T00:00:00Z",
        ] {
            assert_eq!(Instant::parse(text, None), None, "{text}");
        }
    }
}
