//! The screen for machines. Times are decimal strings, since many JSON readers lose digits of large numbers; counts
//! and sizes are numbers.

use serde_json::{Map, Value, json};

use super::facts::{Facts, Share};
use super::screen::{self, Unit};
use crate::args::TimeUnit;

/// Everything on the screen.
pub fn facts(facts: &Facts, given: Option<TimeUnit>) -> Map<String, Value> {
    let tables: Vec<Value> = facts
        .tables
        .iter()
        .map(|t| json!({"name": t.name, "devices": t.devices, "tags": t.tags, "fields": t.fields}))
        .collect();
    let all: u64 = facts
        .encodings
        .values()
        .fold(0, |sum, share| sum.saturating_add(share.bytes));
    let encodings: Vec<Value> = facts
        .encodings
        .iter()
        .map(|((encoding, is_time, data_type), share)| {
            let head = json!({"encoding": encoding.name(), "data_type": data_type.name(), "time_column": is_time});
            with_share(head, *share, all)
        })
        .collect();
    let compressions: Vec<Value> = facts
        .compressions
        .iter()
        .map(|(compression, share)| {
            with_share(json!({"compression": compression.name()}), *share, all)
        })
        .collect();
    let odd: Vec<Value> = facts
        .odds
        .iter()
        .map(|o| json!({"code": o.code, "text": o.text, "count": o.count, "example": o.example}))
        .collect();
    let time = facts.times.map(|(start, end)| {
        let unit = screen::unit(given, facts.times);
        json!({
            "start": start.to_string(),
            "end": end.to_string(),
            "unit": unit.map(|u| u.unit.name()),
            "unit_guessed": unit.is_some_and(|u| u.guessed),
            "start_date": unit.map(|Unit { unit, .. }| screen::date(start, unit)),
            "end_date": unit.map(|Unit { unit, .. }| screen::date(end, unit)),
        })
    });
    let value = json!({
        "file": facts.file,
        "size_bytes": facts.size_bytes,
        "format_version": facts.format_version,
        "writer_hint": facts.writer,
        "model": facts.model,
        "tables": tables,
        "devices": facts.devices,
        "aligned_devices": facts.aligned_devices,
        "timeseries": facts.timeseries,
        "empty_timeseries": facts.empty_timeseries,
        "time_columns": facts.time_columns,
        "points": facts.points,
        "points_exact": facts.chunks.iter().all(|c| c.count.is_some()),
        "aligned_rows": facts.aligned_rows,
        "time": time,
        "chunk_count": facts.chunks.len(),
        "chunk_bytes": all,
        "encodings": encodings,
        "compressions": compressions,
        "odd": odd,
    });
    match value {
        Value::Object(map) => map,
        _ => Map::new(),
    }
}

#[expect(
    clippy::cast_precision_loss,
    reason = "shares are shown beside the exact numbers"
)]
fn with_share(mut value: Value, share: Share, all: u64) -> Value {
    value["chunks"] = share.chunks.into();
    value["bytes"] = share.bytes.into();
    value["values"] = share.values.into();
    let ratio = |part: u64, of: u64| {
        (of > 0).then(|| (part as f64 / of as f64 * 10_000.0).round() / 10_000.0)
    };
    value["share"] = json!(ratio(share.bytes, all));
    value["bytes_per_value"] = json!(ratio(share.bytes, share.values));
    value
}
