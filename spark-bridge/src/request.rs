//! A scan request as Java writes it: names and values in turn.

use crate::errors::Failure;
use jni::Env;
use jni::objects::{JObjectArray, JString};
use tsfile::filter::Expr;
use tsfile::model::Form;
use tsfile::scan::SchemaMode;
use tsfile::scan::{DateMode, Rows, ScanRequest, TextMode, TimeUnit};
use tsfile::{Error, Result};

/// The strings of an array.
///
/// # Errors
/// JNI refuses; null is an empty array.
pub fn strings(
    env: &mut Env<'_>,
    array: &JObjectArray<'_, JString<'_>>,
) -> std::result::Result<Vec<String>, Failure> {
    if array.is_null() {
        return Ok(Vec::new());
    }
    let length = array.len(env)?;
    let mut out = Vec::with_capacity(length);
    for i in 0..length {
        // Each is given back at once: there may be thousands.
        let text = env.with_local_frame(2, |env| -> std::result::Result<String, Failure> {
            let text = array.get_element(env, i)?;
            Ok(text.try_to_string(env)?)
        })?;
        out.push(text);
    }
    Ok(out)
}

/// A request of `options`, names and values in turn.
///
/// # Errors
/// An option that is not known, or has no such value: Java and this library are not of one build then.
pub fn request(options: &[String]) -> Result<ScanRequest> {
    // Java makes a string of each entry once.
    let mut request = ScanRequest::new().with_dictionaries(true);
    for pair in options.chunks(2) {
        let [name, value] = pair else {
            return Err(Error::argument("an option without a value"));
        };
        let value = value.as_str();
        request = match name.as_str() {
            "form" => request.with_form(one_of(name, value, &FORMS)?),
            "table" => request.with_table(Some(value)),
            "timeColumn" => request.with_time_column(value),
            "deviceColumn" => request.with_device_column(value),
            "rows" => request.with_rows(one_of(name, value, &ROWS)?),
            "text" => request.with_text(one_of(name, value, &TEXTS)?),
            "dates" => request.with_dates(one_of(name, value, &DATES)?),
            "timestampPrecision" => request.with_time_unit(one_of(name, value, &UNITS)?),
            "mergeSchema" => request.with_schema_mode(Some(one_of(name, value, &MODES)?)),
            "lossy" => request.with_lossy_types(value == "true"),
            "batchBytes" => request.with_batch_bytes(number(name, value)?),
            "limit" => request.with_limit(Some(number(name, value)?)),
            "filter" => request.with_filter(Some(Expr::parse(value)?)),
            _ => return Err(unknown(name, value)),
        };
    }
    Ok(request)
}

const FORMS: [(&str, Form); 3] = [
    ("wide", Form::Wide),
    ("narrow", Form::Narrow),
    ("table", Form::Table),
];
const ROWS: [(&str, Rows); 2] = [("all", Rows::All), ("projected", Rows::Projected)];
const TEXTS: [(&str, TextMode); 3] = [
    ("utf8", TextMode::Utf8),
    ("lossy", TextMode::Lossy),
    ("binary", TextMode::Binary),
];
const DATES: [(&str, DateMode); 3] = [
    ("error", DateMode::Error),
    ("null", DateMode::Null),
    ("int", DateMode::Int),
];
/// The units of time, by the names that options have.
pub const UNITS: [(&str, TimeUnit); 3] = [
    ("ms", TimeUnit::Ms),
    ("us", TimeUnit::Us),
    ("ns", TimeUnit::Ns),
];
const MODES: [(&str, SchemaMode); 3] = [
    ("strict", SchemaMode::Strict),
    ("union", SchemaMode::Union),
    ("widen", SchemaMode::Widen),
];

/// What `value` names.
///
/// # Errors
/// Nothing.
pub fn one_of<T: Copy>(name: &str, value: &str, known: &[(&str, T)]) -> Result<T> {
    let found = known.iter().find(|(n, _)| *n == value);
    found.map(|(_, v)| *v).ok_or_else(|| unknown(name, value))
}

fn number<T: std::str::FromStr>(name: &str, value: &str) -> Result<T> {
    value.parse().map_err(|_| unknown(name, value))
}

fn unknown(name: &str, value: &str) -> Error {
    Error::argument(format!("the native library knows no {name}={value}"))
        .hint("use the classes and the library of one jar")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(options: &[&str]) -> Result<ScanRequest> {
        let options: Vec<_> = options.iter().map(|s| s.to_string()).collect();
        request(&options)
    }

    #[test]
    fn options_become_a_request() {
        let all = of(&[
            "form",
            "narrow",
            "rows",
            "projected",
            "text",
            "binary",
            "dates",
            "int",
            "timestampPrecision",
            "ns",
            "mergeSchema",
            "widen",
            "limit",
            "7",
            "filter",
            "time > 5",
        ]);
        let text = format!("{:?}", all.unwrap());
        for part in [
            "Narrow",
            "Projected",
            "Binary",
            "Int",
            "Ns",
            "Widen",
            "Some(7)",
        ] {
            assert!(text.contains(part), "{part} is missing in {text}");
        }
    }

    #[test]
    fn what_is_not_known_is_an_error() {
        for bad in [
            &["form", "tall"][..],
            &["limit", "x"],
            &["speed", "high"],
            &["form"],
        ] {
            assert!(of(bad).is_err(), "{bad:?}");
        }
    }
}
