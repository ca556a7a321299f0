//! Answers about one column: made of what statistics say, and added up.

use crate::arrow::{DateMode, TextMode, date_to_days};
use crate::model::{DataType, Value};
use crate::scan::request::ScanRequest;
use crate::scan::summary::{KnownColumn, Refusal, is_less};

/// Exact, or the reason why statistics do not tell.
pub type Answer<T> = std::result::Result<T, Refusal>;

/// What the values of a column amount to, nulls left out. Values are those of the column's type, as the scan shows them; a date is the number
/// `yyyymmdd`, a timestamp the number in the file. What would be null in SQL, because there is no value at all, is `None`.
#[derive(Debug, Clone, PartialEq)]
pub struct ColumnAnswers {
    /// How many.
    pub count: Answer<u64>,
    /// Time of the first and of the last.
    pub times: Answer<Option<(i64, i64)>>,
    /// The value at the first time; of several rows at that time, that of the first.
    pub first: Answer<Option<Value>>,
    /// The value at the last time; of several rows at that time, that of the last.
    pub last: Answer<Option<Value>>,
    /// The smallest. There is no NaN, and 0 and -0 are equal.
    pub min: Answer<Option<Value>>,
    /// The largest.
    pub max: Answer<Option<Value>>,
    /// Of INT32 the sum, and of BOOLEAN the number of true values, as [`Value::Int64`]. Statistics hold no exact sum of other types.
    pub sum: Answer<Option<Value>>,
}

/// Of no value.
pub(super) static NOTHING: ColumnAnswers = ColumnAnswers {
    count: Ok(0),
    times: Ok(None),
    first: Ok(None),
    last: Ok(None),
    min: Ok(None),
    max: Ok(None),
    sum: Ok(None),
};

impl ColumnAnswers {
    pub(super) fn refused(why: Refusal) -> Self {
        Self {
            count: Err(why),
            times: Err(why),
            ..Self::doubted(why)
        }
    }

    /// Nothing about values.
    fn doubted(why: Refusal) -> Self {
        Self {
            count: Ok(0),
            times: Ok(None),
            first: Err(why),
            last: Err(why),
            min: Err(why),
            max: Err(why),
            sum: Err(why),
        }
    }

    /// What is `known` of a series, as values of a column of `data_type`.
    pub(super) fn of(known: KnownColumn, data_type: DataType, request: &ScanRequest) -> Self {
        // A date that does not exist may be anywhere between the smallest and the largest.
        let hidden = data_type == DataType::Date && request.dates == DateMode::Null;
        let hidden = hidden.then_some(Refusal::Altered);
        if let Some(why) = known.refused.or(hidden) {
            return Self::refused(why);
        }
        if known.count == 0 {
            return NOTHING.clone();
        }
        let text = matches!(data_type, DataType::Text | DataType::String);
        let replaced = (text && request.text == TextMode::Lossy).then_some(Refusal::Altered);
        if let Some(why) = known.doubted.or(replaced) {
            return Self {
                count: Ok(known.count),
                times: Ok(known.times),
                ..Self::doubted(why)
            };
        }
        let values = known.values;
        let (min, max) = match (known.data_type, &values.sum) {
            (DataType::Boolean, Some(Value::Int64(trues))) => {
                let all = u64::try_from(*trues) == Ok(known.count);
                (Some(Value::Boolean(all)), Some(Value::Boolean(*trues != 0)))
            }
            _ => (values.min, values.max),
        };
        let sum = match data_type {
            DataType::Int32 | DataType::Boolean => values.sum,
            _ => None,
        };
        let shown = |value: Option<Value>| shown(value, data_type, request).map(Some);
        Self {
            count: Ok(known.count),
            times: Ok(known.times),
            first: shown(values.first),
            last: shown(values.last),
            min: shown(min),
            max: shown(max),
            sum: sum.map_or(Err(Refusal::Type), |v| Ok(Some(v))),
        }
    }

    /// Adds values of rows that come later in the scan.
    pub(super) fn add(&mut self, later: &Self) {
        let (mine, theirs) = (
            self.times.unwrap_or_default(),
            later.times.unwrap_or_default(),
        );
        let both = mine.zip(theirs);
        let earlier = both.is_some_and(|(mine, theirs)| theirs.0 < mine.0);
        let later_or_same = both.is_some_and(|(mine, theirs)| theirs.1 >= mine.1);
        pick(&mut self.first, &later.first, |_, _| earlier);
        pick(&mut self.last, &later.last, |_, _| later_or_same);
        pick(&mut self.min, &later.min, |mine, theirs| {
            is_less(theirs, mine)
        });
        pick(&mut self.max, &later.max, |mine, theirs| {
            is_less(mine, theirs)
        });
        self.sum = match (&self.sum, &later.sum) {
            (Ok(Some(Value::Int64(a))), Ok(Some(Value::Int64(b)))) => match a.checked_add(*b) {
                Some(sum) => Ok(Some(Value::Int64(sum))),
                None => Err(Refusal::Type),
            },
            (Ok(None), other) | (other @ Err(_), _) | (_, other @ Err(_)) | (other, Ok(None)) => {
                other.clone()
            }
            _ => Err(Refusal::Type),
        };
        add_counts(&mut self.count, &later.count);
        add_times(&mut self.times, &later.times);
    }
}

/// Takes `theirs` where `replace` says so of the two values, or where there is no other; no answer stays none.
fn pick(
    mine: &mut Answer<Option<Value>>,
    theirs: &Answer<Option<Value>>,
    replace: impl FnOnce(&Value, &Value) -> bool,
) {
    let replace = match (&*mine, theirs) {
        (Err(_), _) | (_, Ok(None)) => false,
        (Ok(Some(mine)), Ok(Some(theirs))) => replace(mine, theirs),
        (_, Err(_)) | (Ok(None), _) => true,
    };
    if replace {
        mine.clone_from(theirs);
    }
}

/// Adds up numbers of rows or values.
pub(super) fn add_counts(mine: &mut Answer<u64>, theirs: &Answer<u64>) {
    match (mine, theirs) {
        (Ok(mine), Ok(theirs)) => *mine = mine.saturating_add(*theirs),
        (Err(_), _) => {}
        (mine, Err(why)) => *mine = Err(*why),
    }
}

/// Puts together first and last times.
pub(super) fn add_times(
    mine: &mut Answer<Option<(i64, i64)>>,
    theirs: &Answer<Option<(i64, i64)>>,
) {
    match (&mut *mine, theirs) {
        (Ok(Some(mine)), Ok(Some(theirs))) => {
            *mine = (mine.0.min(theirs.0), mine.1.max(theirs.1));
        }
        (Err(_), _) | (_, Ok(None)) => {}
        (_, theirs) => *mine = *theirs,
    }
}

/// A stored value as one of a column of `data_type`, to which its own type widens.
fn shown(value: Option<Value>, data_type: DataType, request: &ScanRequest) -> Answer<Value> {
    let value = value.ok_or(Refusal::Type)?;
    Ok(match (data_type, value) {
        (DataType::Int64, Value::Int32(v)) => Value::Int64(v.into()),
        (DataType::Double, Value::Int32(v)) => Value::Double(v.into()),
        (DataType::Double, Value::Float(v)) => Value::Double(v.into()),
        // Only where rounding was asked for; it keeps the order.
        (DataType::Double, Value::Int64(v)) => Value::Double(v as f64),
        (DataType::Date, Value::Int32(v))
            if request.dates != DateMode::Int && date_to_days(v).is_none() =>
        {
            return Err(Refusal::Altered);
        }
        (DataType::Text | DataType::String, Value::Bytes(v))
            if request.text == TextMode::Utf8 && std::str::from_utf8(&v).is_err() =>
        {
            return Err(Refusal::Altered);
        }
        (_, value) => value,
    })
}
