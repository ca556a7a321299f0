//! Dates and times as text, and back.

const DAY: i128 = 86_400;
const SECOND_NANOS: i128 = 1_000_000_000;

/// Days since 1970 of a date, by counting.
fn days(year: i128, month: i128, day: i128) -> i128 {
    let leaps = |y: i128| y.div_euclid(4) - y.div_euclid(100) + y.div_euclid(400);
    let before = (year - 1970) * 365 + leaps(year - 1) - leaps(1969);
    let months = lengths(year).into_iter().take((month - 1) as usize);
    before + months.sum::<i128>() + day - 1
}

fn lengths(year: i128) -> [i128; 12] {
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    [
        31,
        if leap { 29 } else { 28 },
        31,
        30,
        31,
        30,
        31,
        31,
        30,
        31,
        30,
        31,
    ]
}

/// Year, month and day; `None` beyond the years that text has.
fn date(since_1970: i128) -> Option<(i128, i128, i128)> {
    let mut year = 1970 + since_1970.div_euclid(366);
    while days(year + 1, 1, 1) <= since_1970 {
        year += 1;
    }
    while days(year, 1, 1) > since_1970 {
        year -= 1;
    }
    let mut left = since_1970 - days(year, 1, 1);
    let mut month = 1;
    for length in lengths(year) {
        if left < length {
            break;
        }
        left -= length;
        month += 1;
    }
    (1..=9999)
        .contains(&year)
        .then_some((year, month, left + 1))
}

/// `YYYY-MM-DD`; `None` where it cannot be said so.
pub fn date_text(since_1970: i64) -> Option<String> {
    let far = !(-1_000_000..4_000_000).contains(&since_1970);
    let (y, m, d) = if far { None } else { date(since_1970.into()) }?;
    Some(format!("{y:04}-{m:02}-{d:02}"))
}

/// `YYYY-MM-DD HH:MM:SS.fffffffff`, without the digits that are not needed.
pub fn text(nanos: i128) -> Option<String> {
    let seconds = nanos.div_euclid(SECOND_NANOS);
    let days = i64::try_from(seconds.div_euclid(DAY)).ok()?;
    let of_day = seconds.rem_euclid(DAY);
    let (h, m, s) = (of_day / 3600, of_day / 60 % 60, of_day % 60);
    let fraction = format!(".{:09}", nanos.rem_euclid(SECOND_NANOS));
    let fraction = fraction.trim_end_matches('0').trim_end_matches('.');
    Some(format!(
        "{} {h:02}:{m:02}:{s:02}{fraction}",
        date_text(days)?
    ))
}

/// Nanoseconds since 1970 of what [`text`] and [`date_text`] give, perhaps with a zone behind it.
pub fn nanos(text: &str) -> Option<i128> {
    let number = |s: &str| s.parse::<i128>().ok();
    let mut parts = text.get(..10)?.split('-').map(number);
    let day = days(parts.next()??, parts.next()??, parts.next()??);
    let mut rest = text.get(11..).unwrap_or("00:00:00");
    let mut zone = 0;
    if let Some(at) = rest.find(['+', '-', 'Z']) {
        let (sign, offset) = rest[at..].split_at(1);
        rest = &rest[..at];
        if let Some((h, m)) = offset.split_once(':') {
            zone = number(h)? * 3600 + number(m)? * 60;
        }
        zone *= if sign == "-" { -1 } else { 1 };
    }
    let (clock, fraction) = rest.split_once('.').unwrap_or((rest, ""));
    let mut parts = clock.split(':').map(number);
    let seconds = parts.next()?? * 3600 + parts.next()?? * 60 + parts.next()??;
    let fraction = number(&format!("{fraction:0<9}"))?;
    Some((day * DAY + seconds - zone) * SECOND_NANOS + fraction)
}

#[test]
fn the_calendar_is_right() {
    for (since_1970, expected) in [
        (0, "1970-01-01"),
        (-1, "1969-12-31"),
        (11_016, "2000-02-29"),
        (19_753, "2024-01-31"),
        (-354_285, "1000-01-01"),
        (2_932_896, "9999-12-31"),
    ] {
        assert_eq!(date_text(since_1970).unwrap(), expected);
        assert_eq!(
            nanos(expected),
            Some(i128::from(since_1970) * DAY * SECOND_NANOS)
        );
    }
    assert_eq!(date_text(2_932_897), None);
    assert_eq!(text(1_500_000_000).unwrap(), "1970-01-01 00:00:01.5");
    assert_eq!(text(-1).unwrap(), "1969-12-31 23:59:59.999999999");
    assert_eq!(nanos("1969-12-31T23:59:59.999999999"), Some(-1));
    assert_eq!(nanos("1970-01-01T02:30:00+02:30"), Some(0));
    assert_eq!(nanos("1970-01-01 00:00:00Z"), Some(0));
}
