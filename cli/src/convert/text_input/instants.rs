//! Instants of text cells in the units that Arrow has.

use arrow_schema::TimeUnit;
use tsfile::model::Instant;

/// The coarsest unit that has all the digits of the fraction.
pub fn unit(instant: Instant) -> TimeUnit {
    match instant.fraction_digits() {
        0..=3 => TimeUnit::Millisecond,
        4..=6 => TimeUnit::Microsecond,
        _ => TimeUnit::Nanosecond,
    }
}

/// The count of `unit` since 1970, when it is whole and fits.
pub fn count(instant: Instant, unit: TimeUnit) -> Option<i64> {
    instant.steps(match unit {
        TimeUnit::Second => 1,
        TimeUnit::Millisecond => 1_000,
        TimeUnit::Microsecond => 1_000_000,
        TimeUnit::Nanosecond => 1_000_000_000,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render;
    use tsfile::model::parse_date;

    #[test]
    fn units_follow_the_digits() {
        let at = |text| unit(Instant::parse(text, None).unwrap());
        assert_eq!(at("1970-01-01T00:00:00Z"), TimeUnit::Millisecond);
        assert_eq!(at("1970-01-01T00:00:00.123Z"), TimeUnit::Millisecond);
        assert_eq!(at("1970-01-01T00:00:00.1234Z"), TimeUnit::Microsecond);
        assert_eq!(at("1970-01-01T00:00:00.1234567Z"), TimeUnit::Nanosecond);
    }

    #[test]
    fn what_convert_writes_is_read_back() {
        for value in [
            0,
            -1,
            1_588_953_600_007,
            -62_167_219_200_000,
            253_402_300_799_999,
            i64::MIN,
            i64::MAX,
        ] {
            let mut text = Vec::new();
            render::timestamp(&mut text, value, TimeUnit::Millisecond, true);
            let text = String::from_utf8(text).unwrap();
            let read = Instant::parse(&text, None).unwrap();
            assert_eq!(count(read, TimeUnit::Millisecond), Some(value), "{text}");
        }
        for days in [0, -1, 19_782, -719_528, 2_932_896, i32::MIN, i32::MAX] {
            let mut text = Vec::new();
            render::date(&mut text, days.into());
            let text = String::from_utf8(text).unwrap();
            assert_eq!(parse_date(&text), Some(days), "{text}");
        }
    }
}
