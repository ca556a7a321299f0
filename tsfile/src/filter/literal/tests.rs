//! Kinds of columns against kinds of literals, by hand.

use super::*;
use CompareOp::{Eq, Gt, GtEq, IsNotDistinct, Lt, LtEq, NotEq};
use std::cmp::Ordering;

const MS: Kind = Kind::Instant {
    step_nanos: 1_000_000,
};
const NS: Kind = Kind::Instant { step_nanos: 1 };

fn column(kind: Kind) -> Column {
    Column {
        name: "c1".into(),
        kind,
    }
}

fn decimal(unscaled: i128, scale: u8) -> Literal {
    Literal::Decimal { unscaled, scale }
}

fn text(text: &str) -> Literal {
    Literal::Text(text.into())
}

/// `2024-01-31T12:00:00Z` in seconds.
const NOON: i64 = 1_706_702_400;

fn noon(nanos: i128) -> Literal {
    Literal::Timestamp(i128::from(NOON) * NANOS_PER_SECOND + nanos)
}

fn passes(op: CompareOp, order: Ordering) -> bool {
    match op {
        Eq | IsNotDistinct => order.is_eq(),
        NotEq => order.is_ne(),
        Lt => order.is_lt(),
        LtEq => order.is_le(),
        Gt => order.is_gt(),
        GtEq => order.is_ge(),
    }
}

const OPS: [CompareOp; 7] = [Eq, NotEq, Lt, LtEq, Gt, GtEq, IsNotDistinct];

/// Checks all operators, with values of the column that are below, equal to and above the literal.
#[track_caller]
fn numbers(kind: Kind, literal: &Literal, zone: Zone, [below, equal, above]: [&[i64]; 3]) {
    for op in OPS {
        let Some(ValueSet::Numbers(set)) = values_in(op, literal, &column(kind), zone).unwrap()
        else {
            panic!("{literal} is a number")
        };
        for (values, order) in [
            (below, Ordering::Less),
            (equal, Ordering::Equal),
            (above, Ordering::Greater),
        ] {
            for value in values {
                let expected = passes(op, order);
                assert_eq!(set.contains(value), expected, "{value} {op:?} {literal}");
            }
        }
    }
}

#[test]
fn integers() {
    let all = [i64::MIN, -2, -1, 0, 1, 2, i64::MAX];
    let above_five: &[i64] = &[6, i64::MAX];
    let below_five: &[i64] = &[i64::MIN, 0, 4];
    for five in [
        Literal::Integer(5),
        decimal(5, 0),
        decimal(500, 2),
        Literal::Double(5.0),
        text("5"),
        text(" +5 "),
        text("5.00"),
        text("0.5e1"),
    ] {
        numbers(
            Kind::Integer,
            &five,
            Zone::UTC,
            [below_five, &[5], above_five],
        );
    }
    for between in [
        decimal(15, 1),
        decimal(1_000_000_001, 9),
        Literal::Double(1.5),
        Literal::Double(1.999_999_999_999_999_8),
        text("1.5"),
        text("15e-1"),
    ] {
        numbers(
            Kind::Integer,
            &between,
            Zone::UTC,
            [&all[..5], &[], &all[5..]],
        );
    }
    for between in [decimal(-15, 1), decimal(-19, 1), Literal::Double(-1.5)] {
        numbers(
            Kind::Integer,
            &between,
            Zone::UTC,
            [&all[..2], &[], &all[2..]],
        );
    }
    for tiny in [
        decimal(1, 255),
        decimal(i128::MAX, 39),
        Literal::Double(5e-324),
    ] {
        numbers(Kind::Integer, &tiny, Zone::UTC, [&all[..4], &[], &all[4..]]);
    }
    for tiny in [
        decimal(-1, 255),
        decimal(i128::MIN, 39),
        Literal::Double(-5e-324),
    ] {
        numbers(Kind::Integer, &tiny, Zone::UTC, [&all[..3], &[], &all[3..]]);
    }
    for zero in [decimal(0, 255), Literal::Double(-0.0), text("-0")] {
        numbers(
            Kind::Integer,
            &zero,
            Zone::UTC,
            [&all[..3], &[0], &all[4..]],
        );
    }
    let large = [
        decimal(i128::from(i64::MAX) + 1, 0),
        decimal(i128::MAX, 3),
        Literal::Double(f64::INFINITY),
        Literal::Double(f64::NAN),
        Literal::Double(1e19),
        text("9223372036854775808"),
        text("NaN"),
        text("Infinity"),
    ];
    for literal in &large {
        numbers(Kind::Integer, literal, Zone::UTC, [&all, &[], &[]]);
    }
    for literal in [
        decimal(i128::from(i64::MIN) - 1, 0),
        decimal(i128::MIN, 19),
        Literal::Double(f64::NEG_INFINITY),
        Literal::Double(-1e19),
        text("-inf"),
    ] {
        numbers(Kind::Integer, &literal, Zone::UTC, [&[], &[], &all]);
    }
    // 3e9 is beyond INT32; all of a column of that type is below.
    let int32 = [i32::MIN.into(), 0, i32::MAX.into()];
    for literal in [Literal::Integer(3_000_000_000), Literal::Double(3e9)] {
        numbers(
            Kind::Integer,
            &literal,
            Zone::UTC,
            [&int32, &[3_000_000_000], &[]],
        );
    }
}

/// 2^53 and 2^53 + 1 are the same double, and 2^63 - 512 to 2^63 - 1 are 2^63.
#[test]
fn integers_near_the_ends_of_doubles() {
    let two53 = 1_i64 << 53;
    for (double, [below, equal, above]) in [
        (
            two53 as f64,
            [
                &[two53 - 1, 0][..],
                &[two53, two53 + 1][..],
                &[two53 + 2, i64::MAX][..],
            ],
        ),
        (
            (two53 + 2) as f64,
            [&[two53 + 1], &[two53 + 2], &[two53 + 3, two53 + 4]],
        ),
        (
            (two53 + 4) as f64,
            [
                &[two53 + 2],
                &[two53 + 3, two53 + 4, two53 + 5],
                &[two53 + 6],
            ],
        ),
        (
            -(two53 as f64),
            [&[-two53 - 2], &[-two53 - 1, -two53], &[-two53 + 1]],
        ),
        (
            9_223_372_036_854_775_808.0,
            [&[0, i64::MAX - 512], &[i64::MAX - 511, i64::MAX], &[]],
        ),
        (
            9_223_372_036_854_774_784.0,
            [
                &[i64::MAX - 1535],
                &[i64::MAX - 1534, i64::MAX - 1023, i64::MAX - 512],
                &[i64::MAX - 511],
            ],
        ),
        (
            -9_223_372_036_854_775_808.0,
            [&[], &[i64::MIN, i64::MIN + 512], &[i64::MIN + 513, 0]],
        ),
    ] {
        numbers(
            Kind::Integer,
            &Literal::Double(double),
            Zone::UTC,
            [below, equal, above],
        );
        for (values, order) in [
            (below, Ordering::Less),
            (equal, Ordering::Equal),
            (above, Ordering::Greater),
        ] {
            for value in values {
                assert_eq!((*value as f64).partial_cmp(&double), Some(order), "{value}");
            }
        }
    }
}

#[test]
fn floats() {
    let key = float_key;
    let zeros: &[i64] = &[key(0.0), key(-0.0)];
    let below: &[i64] = &[key(f64::NEG_INFINITY), key(-5e-324)];
    let above: &[i64] = &[key(5e-324), key(f64::INFINITY), key(f64::NAN)];
    for zero in [
        Literal::Integer(0),
        decimal(0, 3),
        Literal::Double(-0.0),
        text("-0.0"),
        text("0e5"),
    ] {
        for kind in [Kind::Float, Kind::Double] {
            numbers(kind, &zero, Zone::UTC, [below, zeros, above]);
        }
    }
    let number = &[key(f64::NEG_INFINITY), key(0.0), key(f64::INFINITY)];
    for nan in [
        Literal::Double(f64::NAN),
        Literal::Double(-f64::NAN),
        text("nan"),
    ] {
        numbers(
            Kind::Double,
            &nan,
            Zone::UTC,
            [number, &[key(f64::NAN)], &[]],
        );
    }
    for infinite in [
        Literal::Double(f64::INFINITY),
        text("+Infinity"),
        text("1e400"),
    ] {
        let infinity = &[key(f64::INFINITY)];
        numbers(
            Kind::Double,
            &infinite,
            Zone::UTC,
            [&number[..2], infinity, &[key(f64::NAN)]],
        );
    }
    // The FLOAT next to 0.1 is above the DOUBLE next to it, as Spark has it.
    let tenth = f64::from(0.1_f32);
    for literal in [decimal(1, 1), Literal::Double(0.1), text("0.1")] {
        numbers(
            Kind::Float,
            &literal,
            Zone::UTC,
            [&[key(0.0)], &[key(0.1)], &[key(tenth)]],
        );
    }
    numbers(
        Kind::Float,
        &Literal::Double(tenth),
        Zone::UTC,
        [&[key(0.1)], &[key(tenth)], &[]],
    );
    // 2^53 + 1 becomes 2^53; so many digits are rounded once.
    let two53 = 9_007_199_254_740_992;
    numbers(
        Kind::Double,
        &Literal::Integer(two53 + 1),
        Zone::UTC,
        [
            &[key(two53 as f64 - 1.0)],
            &[key(two53 as f64)],
            &[key(two53 as f64 + 2.0)],
        ],
    );
    let just_above_half = decimal(9_007_199_254_740_993_000_000_000_000_000_000_001, 21);
    numbers(
        Kind::Double,
        &just_above_half,
        Zone::UTC,
        [&[key(two53 as f64)], &[key(two53 as f64 + 2.0)], &[]],
    );
    let tiny = [
        &[key(0.0), key(0.999e-255)][..],
        &[key(1e-255)],
        &[key(1.001e-255)],
    ];
    numbers(Kind::Double, &decimal(1, 255), Zone::UTC, tiny);
}

#[test]
fn instants() {
    let ms = NOON * 1_000;
    let at_noon: [&[i64]; 3] = [&[i64::MIN, ms - 1], &[ms], &[ms + 1, i64::MAX]];
    for literal in [
        Literal::Integer(ms),
        decimal(i128::from(ms) * 10, 1),
        Literal::Double(ms as f64),
        noon(0),
        text("2024-01-31T12:00:00Z"),
        text("2024-01-31 14:00:00.000+02:00"),
        text(" 2024-01-31 12:00:00 "),
    ] {
        numbers(MS, &literal, Zone::UTC, at_noon);
    }
    let after_noon: [&[i64]; 3] = [&[ms - 1, ms], &[], &[ms + 1]];
    for literal in [noon(1), noon(999_999), text("2024-01-31T12:00:00.0005Z")] {
        numbers(MS, &literal, Zone::UTC, after_noon);
    }
    numbers(MS, &noon(-1), Zone::UTC, [&[ms - 1], &[], &[ms]]);
    numbers(
        NS,
        &noon(-1),
        Zone::UTC,
        [&[ms * 1_000_000 - 2], &[ms * 1_000_000 - 1], &[]],
    );
    // Before 1970 a part of a step rounds down as well.
    numbers(
        MS,
        &Literal::Timestamp(-1),
        Zone::UTC,
        [&[-2, -1], &[], &[0, 1]],
    );
    let days = 19_753;
    let midnight = i64::from(days) * 86_400_000;
    let two = Zone::of_seconds(7200);
    for (zone, ahead) in [(Zone::UTC, 0), (two, 7_200_000)] {
        let sides: [&[i64]; 3] = [&[midnight - ahead - 1], &[midnight - ahead], &[midnight]];
        let above = if ahead == 0 {
            &[midnight + 1]
        } else {
            sides[2]
        };
        for literal in [
            Literal::Date(days),
            text("2024-01-31"),
            text("2024-01-31 00:00:00"),
        ] {
            numbers(MS, &literal, zone, [sides[0], sides[1], above]);
        }
    }
    numbers(MS, &text("2024-01-31 12:00:00Z"), two, at_noon);
    // All that a column of nanoseconds can hold is before the year 2263.
    let all: &[i64] = &[i64::MIN, 0, i64::MAX];
    for late in [
        text("2263-01-01"),
        text("+10000-01-01"),
        Literal::Timestamp(i128::MAX),
        Literal::Date(i32::MAX),
    ] {
        numbers(NS, &late, Zone::UTC, [all, &[], &[]]);
    }
    for early in [
        text("1677-01-01"),
        Literal::Timestamp(i128::MIN),
        Literal::Date(i32::MIN),
    ] {
        numbers(NS, &early, Zone::UTC, [&[], &[], all]);
    }
}

#[test]
fn dates() {
    let sides: [&[i64]; 3] = [
        &[i32::MIN.into(), 19_752],
        &[19_753],
        &[19_754, i32::MAX.into()],
    ];
    let midnight = noon(-12 * 3600 * NANOS_PER_SECOND);
    for literal in [
        Literal::Date(19_753),
        midnight,
        text("2024-01-31"),
        text("2024-01-31T00:00:00Z"),
    ] {
        numbers(Kind::Date, &literal, Zone::UTC, sides);
    }
    for literal in [noon(0), text("2024-01-31T00:00:00.000000001Z")] {
        numbers(
            Kind::Date,
            &literal,
            Zone::UTC,
            [&[19_752, 19_753], &[], &[19_754]],
        );
    }
    let two = Zone::of_seconds(7200);
    numbers(Kind::Date, &text("2024-01-30T22:00:00Z"), two, sides);
    numbers(Kind::Date, &text("2024-01-31 00:00:00"), two, sides);
    numbers(Kind::Date, &text("2024-01-31"), two, sides);
    numbers(
        Kind::Date,
        &Literal::Timestamp(i128::MAX),
        two,
        [sides[2], &[], &[]],
    );
}

#[test]
fn booleans() {
    for literal in [Literal::Boolean(true), text("TRUE"), text(" true ")] {
        numbers(Kind::Boolean, &literal, Zone::UTC, [&[0], &[1], &[]]);
    }
    for literal in [Literal::Boolean(false), text("False")] {
        numbers(Kind::Boolean, &literal, Zone::UTC, [&[], &[0], &[1]]);
    }
}

#[test]
fn text_and_bytes_compare_by_bytes() {
    for (kind, literal) in [
        (Kind::Text, text("b")),
        (Kind::Bytes, text("b")),
        (Kind::Bytes, Literal::Bytes(b"b".to_vec())),
    ] {
        for op in OPS {
            let Some(ValueSet::Bytes(set)) = values(op, &literal, &column(kind)).unwrap() else {
                panic!("{literal} is text")
            };
            for value in ["", "B", "a", "a\u{ff}", "b", "b\0", "ba", "c", "ä"] {
                let expected = passes(op, value.as_bytes().cmp(b"b"));
                assert_eq!(
                    set.contains(&value.as_bytes().to_vec()),
                    expected,
                    "{value}"
                );
            }
        }
    }
}

#[test]
fn null_is_no_set() {
    for kind in [
        Kind::Boolean,
        Kind::Integer,
        Kind::Double,
        Kind::Date,
        MS,
        Kind::Text,
    ] {
        for op in OPS {
            assert_eq!(values(op, &Literal::Null, &column(kind)).unwrap(), None);
        }
    }
}

#[test]
fn what_cannot_be_compared_is_an_error_that_names_all() {
    let date = || Literal::Date(0);
    let instant = || Literal::Timestamp(0);
    let bytes = || Literal::Bytes(vec![1]);
    for (kind, literals) in [
        (
            Kind::Boolean,
            vec![
                Literal::Integer(1),
                decimal(1, 0),
                text("1"),
                text("yes"),
                date(),
                bytes(),
            ],
        ),
        (
            Kind::Integer,
            vec![
                Literal::Boolean(true),
                text(""),
                text("abc"),
                text("1 2"),
                text("0x10"),
                text("--1"),
                text("1e"),
                text("."),
                text("e5"),
                text("infinit"),
                date(),
                instant(),
                bytes(),
            ],
        ),
        (
            Kind::Float,
            vec![
                Literal::Boolean(true),
                text("abc"),
                date(),
                instant(),
                bytes(),
            ],
        ),
        (
            Kind::Double,
            vec![Literal::Boolean(false), text("1,5"), text("+-1e5"), bytes()],
        ),
        (
            Kind::Date,
            vec![
                Literal::Integer(0),
                Literal::Double(0.0),
                text("1970"),
                text("1970-02-30"),
                bytes(),
            ],
        ),
        (
            MS,
            vec![
                Literal::Boolean(true),
                text("now"),
                text("5"),
                text("1970-01-01T"),
                bytes(),
            ],
        ),
        (
            Kind::Text,
            vec![
                Literal::Integer(5),
                Literal::Boolean(true),
                date(),
                instant(),
                bytes(),
            ],
        ),
        (Kind::Bytes, vec![Literal::Integer(5), date()]),
    ] {
        for literal in literals {
            let error = values(Eq, &literal, &column(kind)).unwrap_err();
            assert_eq!(error.kind(), crate::ErrorKind::Argument);
            let message = error.to_string();
            assert!(message.starts_with("column c1 is "), "{message}");
            assert!(message.contains(&literal.to_string()), "{message}");
            assert!(error.suggestion().is_some());
        }
    }
    let error = values(Lt, &text(&"x".repeat(1_000)), &column(Kind::Integer)).unwrap_err();
    assert!(error.to_string().len() < 250, "{error}");
    let error = values(Lt, &text("warm"), &column(Kind::Double)).unwrap_err();
    assert_eq!(
        error.to_string(),
        "column c1 is DOUBLE and cannot be compared with 'warm'; possible is a number, or text that is one, 'NaN' included"
    );
}
