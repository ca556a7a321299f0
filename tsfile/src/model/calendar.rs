//! Days since 1970-01-01 and dates of the Gregorian calendar, as it would have been in all years.
//!
//! Years are counted from 1 March, so that the leap day is the last of its year; eras are 400 years.

/// Days from 0000-03-01 to 1970-01-01.
const EPOCH_SHIFT_DAYS: i64 = 719_468;
/// Years after which the calendar repeats itself, weekdays included.
pub(super) const ERA_YEARS: i64 = 400;
/// Days in so many years.
pub(super) const ERA_DAYS: i64 = 146_097;

/// Days from 1970-01-01 to a date; `None` where there is no such day.
#[inline]
pub fn days_of(year: i32, month: u32, day: u32) -> Option<i64> {
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let length = match month {
        2 => 28 + u32::from(leap),
        4 | 6 | 9 | 11 => 30,
        1..=12 => 31,
        _ => return None,
    };
    if !(1..=length).contains(&day) {
        return None;
    }
    let year = i64::from(year) - i64::from(month <= 2);
    let (era, of_era) = (year.div_euclid(ERA_YEARS), year.rem_euclid(ERA_YEARS));
    let of_year = i64::from((153 * ((month + 9) % 12) + 2) / 5 + day - 1);
    Some(era * ERA_DAYS + of_era * 365 + of_era / 4 - of_era / 100 + of_year - EPOCH_SHIFT_DAYS)
}

/// Year, month and day of a day counted from 1970-01-01.
#[inline]
pub fn date_of(days: i64) -> (i64, u64, u64) {
    let days = days + EPOCH_SHIFT_DAYS;
    let (era, of_era) = (days.div_euclid(ERA_DAYS), days.rem_euclid(ERA_DAYS));
    let year_of_era = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * of_year + 2) / 153;
    let day = of_year - (153 * shifted_month + 2) / 5 + 1;
    let month = if shifted_month < 10 {
        shifted_month + 3
    } else {
        shifted_month - 9
    };
    let year = year_of_era + era * ERA_YEARS + i64::from(month <= 2);
    (year, month.unsigned_abs(), day.unsigned_abs())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_by_hand() {
        for (year, month, day, days) in [
            (1970, 1, 1, Some(0)),
            (1969, 12, 31, Some(-1)),
            (2000, 2, 29, Some(11_016)),
            (2024, 2, 29, Some(19_782)),
            (1, 1, 1, Some(-719_162)),
            (0, 1, 1, Some(-719_528)),
            (-1, 12, 31, Some(-719_529)),
            (9999, 12, 31, Some(2_932_896)),
            (5_881_580, 7, 11, Some(i64::from(i32::MAX))),
            (2023, 2, 29, None),
            (1900, 2, 29, None),
            (2023, 4, 31, None),
            (2023, 0, 1, None),
            (2023, 13, 1, None),
            (2023, 1, 0, None),
        ] {
            assert_eq!(days_of(year, month, day), days, "{year}-{month}-{day}");
            if let Some(days) = days {
                assert_eq!(date_of(days), (year.into(), month.into(), day.into()));
            }
        }
    }

    #[test]
    fn each_day_of_an_era_follows_the_one_before() {
        let mut expected = -719_528;
        for year in 0..=400 {
            for month in 1..=12 {
                for day in 1..=31 {
                    if let Some(days) = days_of(year, month, day) {
                        assert_eq!(days, expected, "{year}-{month}-{day}");
                        assert_eq!(date_of(days), (year.into(), month.into(), day.into()));
                        expected += 1;
                    }
                }
            }
        }
        assert_eq!(expected, -719_528 + ERA_DAYS + 366);
    }
}
