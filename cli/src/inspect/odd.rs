//! What deserves a remark: damage, contradictions, what is lossy, and what other readers cannot read.

use std::collections::BTreeSet;

use tsfile::TsFileReader;
use tsfile::format::{FormatVersion, TimeseriesMetadata};
use tsfile::model::{Compression, DataType, Encoding, Model, Statistics, ValueStatistics};
use tsfile::read::DeviceRef;

use super::facts::{ChunkAt, Facts};

/// A kind of remark: its name in JSON, and what its cases are.
#[derive(Debug, Clone, Copy)]
pub struct Kind {
    /// Name in JSON.
    pub code: &'static str,
    text: &'static str,
}

const fn kind(code: &'static str, text: &'static str) -> Kind {
    Kind { code, text }
}

/// A tag has a timeseries of its own.
pub const TAG_AS_SERIES: Kind = kind(
    "tag_as_timeseries",
    "timeseries named like a tag column (Java writes them, empty, for a tag that a tablet left out); readers skip them",
);
/// A header with codes that nobody knows.
pub const UNKNOWN_CODES: Kind = kind(
    "unknown_codes",
    "chunk(s) of a type, encoding or compression that is not known",
);
/// A header that is none.
pub const CORRUPT_HEADERS: Kind = kind("corrupt_chunk_headers", "corrupt chunk header(s)");
/// The header names another timeseries.
pub const WRONG_CHUNK: Kind = kind(
    "wrong_chunk",
    "chunk header(s) of another measurement than the index says",
);
/// The header has another type.
pub const TYPE_CHANGED: Kind = kind(
    "type_changed",
    "chunk(s) of another type than their timeseries (a schema change)",
);
/// The chunk does not fit.
pub const CUT_CHUNK: Kind = kind("cut_chunks", "chunk(s) reaching past the data section");
const OVERLAP: Kind = kind(
    "overlapping_chunks",
    "timeseries (time columns where aligned) with chunks that overlap in time: the later in the file wins; points that both hold are counted twice here",
);
const OUT_OF_ORDER: Kind = kind(
    "chunks_out_of_order",
    "timeseries (time columns where aligned) with chunks that are not in the order of time",
);
const CONTRADICTION_COUNT: Kind = kind(
    "statistics_count",
    "timeseries whose statistics count other points than their chunks together",
);
const CONTRADICTION_TIMES: Kind = kind(
    "statistics_times",
    "timeseries whose statistics begin or end at other times than their chunks",
);
const CONTRADICTION_START: Kind = kind(
    "statistics_start_after_end",
    "statistics that start after they end",
);
const CONTRADICTION_MIN: Kind = kind(
    "statistics_min_above_max",
    "statistics with a minimum above the maximum",
);
const CONTRADICTION_ROWS: Kind = kind(
    "statistics_more_values_than_rows",
    "value column(s) with more points than their time column has rows",
);

/// One remark.
#[derive(Debug, Clone)]
pub struct Odd {
    /// Name of its kind.
    pub code: &'static str,
    /// The sentence.
    pub text: String,
    /// Cases, where they are counted.
    pub count: Option<u64>,
    /// The first case.
    pub example: Option<String>,
}

/// Remarks in the order in which their kinds first came up.
#[derive(Debug, Default)]
pub struct Odds(Vec<Odd>);

impl Odds {
    /// Counts one case; only the first is kept as the example.
    pub fn add(&mut self, kind: Kind, example: impl FnOnce() -> String) {
        match self.0.iter_mut().find(|o| o.code == kind.code) {
            Some(odd) => odd.count = odd.count.map(|n| n + 1),
            None => self.0.push(Odd {
                code: kind.code,
                text: kind.text.to_owned(),
                count: Some(1),
                example: Some(example()),
            }),
        }
    }

    fn say(&mut self, code: &'static str, text: impl Into<String>) {
        self.0.push(Odd {
            code,
            text: text.into(),
            count: None,
            example: None,
        });
    }

    /// All remarks.
    pub fn iter(&self) -> impl Iterator<Item = &Odd> {
        self.0.iter()
    }
}

/// A timeseries as text; a time column has no name.
pub fn place(device: DeviceRef<'_>, measurement: &str) -> String {
    if measurement.is_empty() {
        format!("time column of {}", device.id())
    } else {
        format!("{}.{measurement}", device.id())
    }
}

/// What head, tail and neighbours of the file tell.
pub fn of_file(reader: &TsFileReader, mods: &[String], odds: &mut Odds) {
    if reader.is_recovered() {
        let lost = reader.size_bytes().saturating_sub(reader.data_end());
        odds.say(
            "no_footer",
            format!(
                "no footer: the writer died or is still at work. Shown is what lies before byte {}, the end of the last \
                 whole chunk group; {lost} bytes after it are left out. Table schemas are lost, so that \
                 table devices look like paths; other commands need --recover",
                reader.data_end()
            ),
        );
    }
    for name in mods {
        odds.say(
            "deletions_beside",
            format!("deletions lie beside it in {name}; they are not applied here, and other commands need --ignore-mods"),
        );
    }
    if let Some(level) = reader.metadata().encryption_level() {
        let kind = reader
            .metadata()
            .property("encryptType")
            .unwrap_or(b"unknown");
        odds.say(
            "encrypted",
            format!(
                "encrypted (level {level}, type {}): statistics are readable, values are not",
                String::from_utf8_lossy(kind)
            ),
        );
    }
    let schemas = &reader.metadata().schemas;
    let generated = schemas.iter().filter(|s| s.is_generated()).count();
    if generated > 0 {
        odds.say(
            "generated_table_schemas",
            format!(
                "{generated} table schema{} Java generated for tree devices (setGenerateTableSchema); ignored, the devices are shown as paths",
                if generated == 1 { " that" } else { "s that" }
            ),
        );
    }
    let orphans = reader.metadata().tables.iter().filter(|(name, root)| {
        let id = tsfile::model::DeviceId::new([Some(name)]);
        reader.format_version() == FormatVersion::V4
            && !root.entries.is_empty()
            && id.model() == Model::Table
            && reader.model_of(&id) == Model::Tree
    });
    if let Some((name, _)) = orphans.clone().next() {
        odds.say(
            "devices_without_schema",
            format!(
                "{} of its tables, {name} the first, {} no schema; the devices are shown as paths",
                orphans.clone().count(),
                if orphans.count() == 1 { "has" } else { "have" },
            ),
        );
    }
}

/// Statistics of a timeseries against those of its chunks, and against the rows of its device.
pub fn of_statistics(
    device: DeviceRef<'_>,
    series: &TimeseriesMetadata,
    chunks: &[ChunkAt],
    rows: Option<u64>,
    odds: &mut Odds,
) {
    let example = || place(device, &series.measurement);
    let own = std::iter::once(&series.statistics);
    for statistics in own.chain(series.chunks.iter().filter_map(|c| c.statistics.as_ref())) {
        if statistics.count > 0 && statistics.start_time > statistics.end_time {
            odds.add(CONTRADICTION_START, example);
        }
        if min_above_max(statistics) {
            odds.add(CONTRADICTION_MIN, example);
        }
    }
    if rows.is_some_and(|rows| series.statistics.count > rows) {
        odds.add(CONTRADICTION_ROWS, example);
    }
    if !series.has_chunk_statistics() {
        return;
    }
    let count = chunks
        .iter()
        .filter_map(|c| c.count)
        .fold(0, u64::saturating_add);
    if count != series.statistics.count {
        odds.add(CONTRADICTION_COUNT, example);
    }
    let times = chunks
        .iter()
        .filter_map(|c| c.times)
        .reduce(|a, b| (a.0.min(b.0), a.1.max(b.1)));
    if times != series.statistics.time_range() {
        odds.add(CONTRADICTION_TIMES, example);
    }
}

/// NaN compares as nothing: it never contradicts.
fn min_above_max(statistics: &Statistics) -> bool {
    statistics.count > 0
        && match &statistics.values {
            ValueStatistics::Int32 { min, max, .. } => min > max,
            ValueStatistics::Int64 { min, max, .. } => min > max,
            ValueStatistics::Float { min, max, .. } => min > max,
            ValueStatistics::Double { min, max, .. } => min > max,
            ValueStatistics::String { min, max, .. } => min > max,
            _ => false,
        }
}

/// Whether the chunks of a timeseries follow each other in time.
pub fn of_order(device: DeviceRef<'_>, measurement: &str, chunks: &[ChunkAt], odds: &mut Odds) {
    let mut times: Vec<(i64, i64)> = chunks.iter().filter_map(|c| c.times).collect();
    if times.windows(2).all(|pair| pair[0].1 < pair[1].0) {
        return;
    }
    times.sort_unstable();
    let mut last = None;
    let overlap = times.iter().any(|&(start, end)| {
        let hit = last.is_some_and(|last| start <= last);
        last = last.max(Some(end));
        hit
    });
    let kind = if overlap { OVERLAP } else { OUT_OF_ORDER };
    odds.add(kind, || place(device, measurement));
}

/// What follows from how the chunks are stored.
pub fn of_encodings(facts: &mut Facts) {
    let v3 = facts.format_version == FormatVersion::V3.code();
    let (mut scaled, mut old_rlbe, mut camel) = (BTreeSet::new(), BTreeSet::new(), false);
    let (mut cpp, mut raw_before) = (BTreeSet::new(), BTreeSet::new());
    let (mut nobody, mut wide_runs) = (BTreeSet::new(), BTreeSet::new());
    for &(encoding, is_time, data_type) in facts.encodings.keys() {
        let of = if is_time {
            format!("{encoding} of times")
        } else {
            format!("{encoding} of {data_type}")
        };
        let float = matches!(data_type, DataType::Float | DataType::Double);
        match encoding {
            Encoding::Ts2Diff if float => {
                scaled.insert(of.clone());
                raw_before.insert(of.clone());
            }
            Encoding::Rle if float => {
                scaled.insert(of.clone());
            }
            Encoding::Camel => camel = true,
            Encoding::Rlbe if float && v3 => {
                old_rlbe.insert(of.clone());
            }
            Encoding::Diff | Encoding::Freq => {
                nobody.insert(encoding.name());
            }
            _ => {}
        }
        if data_type == DataType::Object {
            cpp.insert("OBJECT".to_owned());
        } else if cpp_cannot(encoding, data_type) {
            cpp.insert(of);
        } else if encoding == Encoding::Rle
            && (is_time || matches!(data_type, DataType::Int64 | DataType::Timestamp))
        {
            wide_runs.insert(of);
        }
    }
    let odds = &mut facts.odds;
    if facts.lossless {
        let mut kept = scaled.clone();
        if camel {
            kept.insert(Encoding::Camel.name().to_owned());
        }
        if !kept.is_empty() {
            odds.say(
                "lossless",
                format!(
                    "nothing was lost by {}: the writer checked that every value comes back bit for bit",
                    list(&kept)
                ),
            );
        }
    } else if !scaled.is_empty() {
        odds.say(
            "lossy_scaled_floats",
            format!(
                "lossy: {} (a fixed number of decimals, 2 unless configured: values were rounded when written)",
                list(&scaled)
            ),
        );
    }
    if camel && !facts.lossless {
        odds.say(
            "lossy_camel",
            "lossy: CAMEL rounds doubles of many digits and damages NaN",
        );
    }
    if !old_rlbe.is_empty() {
        odds.say(
            "lossy_old_rlbe",
            format!("lossy: {} in version 3 (floating-point differences); Java from 2.1.1 on reads it as garbage, without an error", list(&old_rlbe)),
        );
    }
    if !nobody.is_empty() {
        odds.say(
            "unreadable",
            format!(
                "no reader knows {}",
                nobody.into_iter().collect::<Vec<_>>().join(", ")
            ),
        );
    }
    if v3 {
        odds.say(
            "cpp_cannot_read_version_3",
            "C++ and Python cannot read format version 3: they open it and return nothing",
        );
    } else if !cpp.is_empty() {
        odds.say(
            "cpp_cannot_read",
            format!("C++ and Python (2.5.0) cannot read: {}", list(&cpp)),
        );
    }
    if !wide_runs.is_empty() && !v3 {
        odds.say(
            "cpp_misreads_wide_runs",
            format!(
                "C++ and Python misread {} where Java wrote repeat runs of values above 8 bits",
                list(&wide_runs)
            ),
        );
    }
    if !raw_before.is_empty() && !v3 {
        odds.say(
            "cpp_before_2_4_differs",
            format!("C++ before 2.5.0 misreads {} of Java and newer C++, without an error, and before 2.4.0 it wrote another layout that they misread", list(&raw_before)),
        );
    }
    if facts.compressions.contains_key(&Compression::Lzo) {
        odds.say("java_cannot_read", "Java cannot read: LZO");
    }
}

fn list(names: &BTreeSet<String>) -> String {
    names
        .iter()
        .map(String::as_str)
        .collect::<Vec<_>>()
        .join(", ")
}

/// What C++ 2.5.0 refuses (format.md, "Java and C++ differences").
fn cpp_cannot(encoding: Encoding, data_type: DataType) -> bool {
    match encoding {
        Encoding::Rle => matches!(
            data_type,
            DataType::Boolean | DataType::Float | DataType::Double
        ),
        Encoding::GorillaV1 | Encoding::Regular | Encoding::Bitmap => true,
        Encoding::Zigzag | Encoding::Sprintz => {
            matches!(data_type, DataType::Date | DataType::Timestamp)
        }
        _ => false,
    }
}
