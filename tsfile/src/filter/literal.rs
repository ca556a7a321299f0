//! What a comparison of a column with a literal means: the set of values of the column that pass it. The one place that coerces.
//!
//! | column | literals |
//! |---|---|
//! | BOOLEAN | booleans; text `true`, `false` |
//! | integers | integers and decimals exactly; doubles as Spark does it, which makes the integer a double too; text that is a number |
//! | FLOAT, DOUBLE | all numbers, both sides as doubles; text that is a number, also `NaN`, `Infinity` |
//! | time, TIMESTAMP | numbers as raw steps; TIMESTAMP, exactly, also where it is finer than a step; DATE, as its midnight; text that is one of these two |
//! | DATE | DATE; TIMESTAMP, which compares with midnight; text that is one of these two |
//! | text | text, by bytes |
//! | bytes | bytes, and the bytes of text |
//!
//! A literal lies somewhere in the order of the column's values: some are below, some (often one, or none) are equal, the others above. Two cuts
//! say that, and every operator is what lies between cuts.

use super::order::float_key;
use super::{Column, CompareOp, Cut, Kind, Literal, Ordered, Ranges};
use crate::error::{Error, Result};
use crate::model::{Instant, Zone, parse_date};

const NANOS_PER_SECOND: i128 = 1_000_000_000;
const NANOS_PER_DAY: i128 = 86_400 * NANOS_PER_SECOND;
/// Characters of a literal that an error shows.
const SHOWN_CHARS: usize = 60;

/// Values of a column.
#[derive(Debug, Clone, PartialEq)]
pub enum ValueSet {
    /// Of a column of numbers, as [`super::Test::Numbers`] has them.
    Numbers(Ranges<i64>),
    /// Of a column of text or bytes.
    Bytes(Ranges<Vec<u8>>),
}

/// The values of a column for which a comparison with a literal is true; `None` where the literal is null. Dates and times without a zone are UTC.
///
/// # Errors
///
/// When a column of that kind cannot be compared with that literal.
pub fn values(op: CompareOp, literal: &Literal, column: &Column) -> Result<Option<ValueSet>> {
    values_in(op, literal, column, Zone::UTC)
}

/// As [`values`], with a zone for dates and times that have none.
///
/// # Errors
///
/// When a column of that kind cannot be compared with that literal.
pub fn values_in(
    op: CompareOp,
    literal: &Literal,
    column: &Column,
    zone: Zone,
) -> Result<Option<ValueSet>> {
    if *literal == Literal::Null {
        return Ok(None);
    }
    let set = match column.kind {
        Kind::Text | Kind::Bytes => match (column.kind, literal) {
            (_, Literal::Text(text)) => Some(point(text.as_bytes().to_vec())),
            (Kind::Bytes, Literal::Bytes(bytes)) => Some(point(bytes.clone())),
            _ => None,
        }
        .map(|equal| ValueSet::Bytes(equal.passing(op))),
        kind => number(literal, kind, zone).map(|equal| ValueSet::Numbers(equal.passing(op))),
    };
    set.map(Some).ok_or_else(|| mismatch(literal, column))
}

/// Where a literal lies among the values of a column: what lies between the cuts equals it.
struct Equal<T> {
    low: Cut<T>,
    high: Cut<T>,
}

impl<T: Ordered> Equal<T> {
    /// The values that compare so with the literal.
    fn passing(self, op: CompareOp) -> Ranges<T> {
        match op {
            CompareOp::Eq | CompareOp::IsNotDistinct => between(self.low, self.high),
            CompareOp::NotEq => between(self.low, self.high).complement(),
            CompareOp::Lt => between(Cut::Min, self.low),
            CompareOp::LtEq => between(Cut::Min, self.high),
            CompareOp::Gt => between(self.high, Cut::Max),
            CompareOp::GtEq => between(self.low, Cut::Max),
        }
    }
}

fn between<T: Ordered>(low: Cut<T>, high: Cut<T>) -> Ranges<T> {
    if low == high {
        Ranges::none()
    } else {
        Ranges::between(low, high)
    }
}

/// One value equals the literal.
fn point<T: Clone>(value: T) -> Equal<T> {
    Equal {
        low: Cut::Before(value.clone()),
        high: Cut::After(value),
    }
}

/// Of no value; the literal lies at this cut.
fn nowhere(cut: Cut<i64>) -> Equal<i64> {
    Equal {
        low: cut.clone(),
        high: cut,
    }
}

/// A literal among the numbers of a column that is neither text nor bytes.
fn number(literal: &Literal, kind: Kind, zone: Zone) -> Option<Equal<i64>> {
    // Text is whatever the column needs.
    if let Literal::Text(text) = literal {
        let text = text.trim();
        let read = match kind {
            Kind::Boolean => boolean(text)?,
            Kind::Integer | Kind::Float | Kind::Double => numeric(text)?,
            Kind::Date | Kind::Instant { .. } => date_or_instant(text, zone)?,
            Kind::Text | Kind::Bytes => return None,
        };
        return number(&read, kind, zone);
    }
    match kind {
        Kind::Boolean => match literal {
            Literal::Boolean(value) => Some(point(i64::from(*value))),
            _ => None,
        },
        Kind::Integer => among_integers(literal),
        Kind::Float | Kind::Double => Some(point(float_key(match literal {
            Literal::Integer(value) => *value as f64,
            Literal::Decimal { unscaled, scale } => decimal_to_double(*unscaled, *scale),
            Literal::Double(value) => *value,
            _ => return None,
        }))),
        Kind::Instant { step_nanos } => match literal {
            Literal::Timestamp(nanos) => Some(fraction(*nanos, step_nanos.max(1).into())),
            Literal::Date(days) => {
                let nanos = i128::from(*days) * NANOS_PER_DAY - nanos_ahead(zone);
                Some(fraction(nanos, step_nanos.max(1).into()))
            }
            _ => among_integers(literal),
        },
        Kind::Date => match literal {
            Literal::Date(days) => Some(point(i64::from(*days))),
            Literal::Timestamp(nanos) => Some(fraction(
                nanos.saturating_add(nanos_ahead(zone)),
                NANOS_PER_DAY,
            )),
            _ => None,
        },
        Kind::Text | Kind::Bytes => None,
    }
}

fn among_integers(literal: &Literal) -> Option<Equal<i64>> {
    match literal {
        Literal::Integer(value) => Some(point(*value)),
        Literal::Decimal { unscaled, scale } => {
            Some(match 10_i128.checked_pow(u32::from(*scale)) {
                Some(divisor) => fraction(*unscaled, divisor),
                // All that 128 bits hold is between -1 and 1 then.
                None if *unscaled == 0 => point(0),
                None => nowhere(Cut::After(if *unscaled < 0 { -1 } else { 0 })),
            })
        }
        Literal::Double(value) => Some(among_doubled_integers(*value)),
        _ => None,
    }
}

/// `numerator / divisor` among the integers.
fn fraction(numerator: i128, divisor: i128) -> Equal<i64> {
    let floor = numerator.div_euclid(divisor);
    match i64::try_from(floor) {
        Ok(value) if numerator.rem_euclid(divisor) == 0 => point(value),
        Ok(value) => nowhere(Cut::After(value)),
        Err(_) if floor < 0 => nowhere(Cut::Min),
        Err(_) => nowhere(Cut::Max),
    }
}

/// A double among the integers, each made a double: near 2^53 and above, several of them are the same one.
fn among_doubled_integers(value: f64) -> Equal<i64> {
    let key = float_key(value);
    let below = count_of_integers(|i| float_key(i as f64) < key);
    let up_to = count_of_integers(|i| float_key(i as f64) <= key);
    // The last of `count` integers, counted from the smallest.
    let last = |count: i128| match i64::try_from(count - 1 + i128::from(i64::MIN)) {
        Ok(i64::MAX) => Cut::Max,
        Ok(last) => Cut::After(last),
        Err(_) => Cut::Min,
    };
    if below == up_to {
        return nowhere(last(below));
    }
    let low = match i64::try_from(below + i128::from(i64::MIN)) {
        Ok(first) => Cut::Before(first),
        Err(_) => Cut::Max,
    };
    Equal {
        low,
        high: last(up_to),
    }
}

/// How many integers, from the smallest on, are so; no later one is.
fn count_of_integers(is_so: impl Fn(i64) -> bool) -> i128 {
    let (mut sure, mut limit) = (0, 1_i128 << 64);
    while sure < limit {
        let middle = (sure + limit) / 2;
        // In range: 0 <= middle < 2^64.
        if is_so((middle + i128::from(i64::MIN)) as i64) {
            sure = middle + 1;
        } else {
            limit = middle;
        }
    }
    sure
}

/// The double nearest to a decimal.
fn decimal_to_double(unscaled: i128, scale: u8) -> f64 {
    // The standard library rounds text correctly; dividing two doubles would round three times.
    format!("{unscaled}e-{scale}").parse().unwrap_or(f64::NAN)
}

fn nanos_ahead(zone: Zone) -> i128 {
    i128::from(zone.seconds()) * NANOS_PER_SECOND
}

fn boolean(text: &str) -> Option<Literal> {
    if text.eq_ignore_ascii_case("true") {
        Some(Literal::Boolean(true))
    } else if text.eq_ignore_ascii_case("false") {
        Some(Literal::Boolean(false))
    } else {
        None
    }
}

fn date_or_instant(text: &str, zone: Zone) -> Option<Literal> {
    match parse_date(text) {
        Some(days) => Some(Literal::Date(days)),
        None => Some(Literal::Timestamp(
            Instant::parse(text, Some(zone))?.nanos(),
        )),
    }
}

/// A number in text: an integer when it has digits alone, a decimal with a point, a double with an exponent or by name. `None` when it is
/// none, or an integer or decimal of more digits than 128 bits hold.
pub(super) fn numeric(text: &str) -> Option<Literal> {
    let (negative, digits) = match text.as_bytes() {
        [b'-', ..] => (true, text.get(1..)?),
        [b'+', ..] => (false, text.get(1..)?),
        _ => (false, text),
    };
    let double = match double_by_name(digits) {
        None if digits.contains(['e', 'E']) => Some(exponential(digits)?),
        by_name => by_name,
    };
    if let Some(value) = double {
        return Some(Literal::Double(if negative { -value } else { value }));
    }
    let (whole, behind) = digits.split_once('.').unwrap_or((digits, ""));
    if whole.is_empty() && behind.is_empty() {
        return None;
    }
    let mut unscaled: i128 = 0;
    for digit in whole.bytes().chain(behind.bytes()) {
        let digit = digit.is_ascii_digit().then(|| i128::from(digit - b'0'))?;
        // Towards the sign, so that the smallest number fits.
        unscaled = unscaled
            .checked_mul(10)?
            .checked_add(if negative { -digit } else { digit })?;
    }
    match i64::try_from(unscaled) {
        Ok(value) if !digits.contains('.') => Some(Literal::Integer(value)),
        _ => Some(Literal::Decimal {
            unscaled,
            scale: u8::try_from(behind.len()).ok()?,
        }),
    }
}

/// A double with an exponent and without a sign.
fn exponential(text: &str) -> Option<f64> {
    let first = text.bytes().next()?;
    (first.is_ascii_digit() || first == b'.').then(|| text.parse().ok())?
}

/// Doubles that have no digits.
pub(super) fn double_by_name(text: &str) -> Option<f64> {
    if text.eq_ignore_ascii_case("nan") {
        Some(f64::NAN)
    } else if text.eq_ignore_ascii_case("infinity") || text.eq_ignore_ascii_case("inf") {
        Some(f64::INFINITY)
    } else {
        None
    }
}

fn mismatch(literal: &Literal, column: &Column) -> Error {
    let (kind, possible) = match column.kind {
        Kind::Boolean => ("BOOLEAN", "TRUE, FALSE, 'true' or 'false'"),
        Kind::Integer => ("an integer", "a number, or text that is one"),
        Kind::Float => ("FLOAT", "a number, or text that is one, 'NaN' included"),
        Kind::Double => ("DOUBLE", "a number, or text that is one, 'NaN' included"),
        Kind::Date => (
            "DATE",
            "DATE '2024-01-31', TIMESTAMP '2024-01-31T00:00:00Z', or such text",
        ),
        Kind::Instant { .. } => (
            "an instant",
            "TIMESTAMP '2024-01-31T12:00:00Z', DATE '2024-01-31', such text, or a number in the unit of the file",
        ),
        Kind::Text => ("text", "text in single quotes"),
        Kind::Bytes => ("bytes", "bytes as X'0aff', or text in single quotes"),
    };
    let full = literal.to_string();
    let mut shown: String = full.chars().take(SHOWN_CHARS).collect();
    if shown.len() < full.len() {
        shown.push('…');
    }
    Error::argument(format!(
        "column {} is {kind} and cannot be compared with {shown}",
        column.name
    ))
    .hint(format!("possible is {possible}"))
}

#[cfg(test)]
mod tests;
