//! Chunks of several devices as an input: well-formed each, with or without lies about them, in any order.
//!
//! ```text
//! 0    1  how the file is scanned, see lib.rs
//! 1    1  flags, see below
//! 2       records of 8 bytes
//!         0  bits 0-1  0: a chunk group begins; a chunk that is 1: plain, 2: of times, 3: of values
//!            bits 2-3  number of the device or the measurement
//!            bits 4-5  number of pages
//!            bits 6-7  0, 1: in the index as it is; 2: with the offset of the last chunk; 3: not at all
//!         1  data type, counted through
//!         2  rows in a page
//!         3  first time, signed
//!         4  difference of times, signed
//!         5  bitmap of rows that have a value
//!         6  first value
//!         7  lies, one bit each
//! ```
//!
//! Damage to a real file rarely leaves two chunks that fit each other; here all do, more or less.

use crate::build::{Builder, Chunk, leaf, plain_body, ts_2diff, value_body};
use std::collections::BTreeMap;
use tsfile::encoding::plain;
use tsfile::format::{ChunkRole, FormatVersion, PageHeader, TimeseriesMetadata};
use tsfile::model::{DataType, DeviceId, Statistics, ValueStatistics};
use tsfile::wire::ByteWriter;

/// The file has version 3.
const V3: u8 = 1;
/// Every chunk is a timeseries of its own in the index, and every group a device.
const APART: u8 = 1 << 1;
/// The file has no footer.
const UNSEALED: u8 = 1 << 2;
/// The devices share the first segment with nobody.
const DEEP: u8 = 1 << 3;

/// The index states another count.
const COUNT: u8 = 1;
/// The index states another last time.
const LAST: u8 = 1 << 1;
/// Pages state another count.
const PAGE_COUNT: u8 = 1 << 2;
/// Pages state another last time.
const PAGE_LAST: u8 = 1 << 3;
/// The last page is empty.
const EMPTY: u8 = 1 << 4;
/// The value page states another number of rows.
const ROWS: u8 = 1 << 5;
/// Every page begins where the one before it began.
const AGAIN: u8 = 1 << 6;
/// The last page lacks its last value.
const SHORT: u8 = 1 << 7;

/// More records than this are left out.
const MOST_RECORDS: usize = 64;
/// Rows in a page.
const MOST_ROWS: u8 = 40;

#[derive(Debug, Clone, Copy)]
struct Record {
    op: u8,
    number: usize,
    pages: u8,
    place: u8,
    data_type: DataType,
    rows: u8,
    start: i64,
    step: i64,
    bitmap: u8,
    value: u8,
    lies: u8,
}

impl Record {
    fn parse(bytes: &[u8; 8]) -> Self {
        let [what, data_type, rows, start, step, bitmap, value, lies] = *bytes;
        let types = DataType::ALL;
        Self {
            op: what & 3,
            number: usize::from(what >> 2 & 3),
            pages: what >> 4 & 3,
            place: what >> 6,
            data_type: types[usize::from(data_type) % types.len()],
            rows: rows % MOST_ROWS,
            start: i64::from(start as i8),
            step: i64::from(step as i8),
            bitmap,
            value,
            lies,
        }
    }

    fn lies(self, about: u8) -> bool {
        self.lies & about != 0
    }

    fn role(self) -> ChunkRole {
        match self.op {
            2 => ChunkRole::Time,
            3 => ChunkRole::Value,
            _ => ChunkRole::Plain,
        }
    }

    fn times(self, page: u8) -> Vec<i64> {
        let rows = i64::from(self.rows);
        let before = if self.lies(AGAIN) {
            0
        } else {
            i64::from(page) * rows
        };
        (0..rows)
            .map(|i| self.start + (before + i) * self.step)
            .collect()
    }

    /// `n` values in PLAIN.
    fn values(self, n: usize) -> Vec<u8> {
        let mut out = Vec::new();
        let first = self.value;
        let ints = || (0..n as i64).map(|i| i64::from(first) + i);
        match self.data_type {
            DataType::Boolean => {
                plain::encode(&ints().map(|v| v & 1 == 1).collect::<Vec<_>>(), &mut out)
            }
            DataType::Int32 => {
                plain::encode(&ints().map(|v| v as i32).collect::<Vec<_>>(), &mut out)
            }
            DataType::Date => plain::encode(
                &ints()
                    .map(|v| 20_240_101 + v as i32 % 40)
                    .collect::<Vec<_>>(),
                &mut out,
            ),
            DataType::Int64 | DataType::Timestamp | DataType::Vector => {
                plain::encode(&ints().collect::<Vec<_>>(), &mut out);
            }
            DataType::Float => plain::encode(
                &ints().map(|v| v as f32 / 4.0).collect::<Vec<_>>(),
                &mut out,
            ),
            DataType::Double => plain::encode(
                &ints().map(|v| v as f64 / 4.0).collect::<Vec<_>>(),
                &mut out,
            ),
            DataType::Text | DataType::String | DataType::Blob | DataType::Object => {
                let texts: Vec<String> = ints()
                    .map(|v| "x".repeat((v % 5) as usize) + &v.to_string())
                    .collect();
                let bytes: Vec<&[u8]> = texts.iter().map(String::as_bytes).collect();
                // Short strings.
                let _ = plain::encode_bytes(&bytes, &mut out);
            }
        }
        out
    }

    fn body(self, page: u8) -> Vec<u8> {
        let times = self.times(page);
        let short = usize::from(self.lies(SHORT) && page + 1 >= self.pages);
        match self.role() {
            ChunkRole::Time => ts_2diff(&times),
            ChunkRole::Plain => plain_body(
                &ts_2diff(&times),
                &self.values(times.len().saturating_sub(short)),
            ),
            ChunkRole::Value => {
                let bitmap = vec![self.bitmap; times.len().div_ceil(8)];
                let present = (0..times.len()).filter(|i| self.bitmap & (0x80 >> (i % 8)) != 0);
                let values = self.values(present.count().saturating_sub(short));
                let rows = i32::from(self.rows) + i32::from(self.lies(ROWS));
                value_body(rows, &bitmap, &values)
            }
        }
    }

    fn count(self) -> u64 {
        match self.role() {
            ChunkRole::Value => (0..self.rows)
                .filter(|i| self.bitmap & (0x80 >> (i % 8)) != 0)
                .count() as u64,
            _ => self.rows.into(),
        }
    }

    fn statistics(self, page: u8) -> Statistics {
        let times = self.times(page);
        let last = times.last().copied().unwrap_or(0);
        Statistics {
            count: self.count() + u64::from(self.lies(PAGE_COUNT)),
            start_time: times.first().copied().unwrap_or(0),
            end_time: last - i64::from(self.lies(PAGE_LAST)),
            values: match self.role() {
                ChunkRole::Time => ValueStatistics::None,
                _ => ValueStatistics::empty(self.data_type),
            },
        }
    }

    /// The first page and those behind it; all with their statistics when there are several.
    fn chunk(self) -> Chunk {
        let role = self.role();
        let names = ["s1", "s2", "s3", "s4"];
        let several = self.pages > 1;
        let mut more = ByteWriter::new();
        for page in 1..self.pages {
            let body = self.body(page);
            let empty = self.lies(EMPTY) && page + 1 == self.pages;
            let bytes = if empty { 0 } else { body.len() as u32 };
            PageHeader {
                uncompressed_bytes: bytes,
                compressed_bytes: bytes,
                statistics: (!empty).then(|| self.statistics(page)),
            }
            .serialize(&mut more);
            if !empty {
                more.bytes(&body);
            }
        }
        let last_page = self.pages.saturating_sub(1);
        let last = self.times(last_page).last().copied().unwrap_or(0);
        let first = self.times(0).first().copied().unwrap_or(0);
        let count = self.count() * u64::from(self.pages.max(1)) + u64::from(self.lies(COUNT));
        Chunk {
            role,
            data_type: match role {
                ChunkRole::Time => DataType::Vector as u8,
                _ => self.data_type as u8,
            },
            encoding: match role {
                ChunkRole::Time => tsfile::model::Encoding::Ts2Diff as u8,
                _ => tsfile::model::Encoding::Plain as u8,
            },
            body: self.body(0),
            count,
            times: (first, last - i64::from(self.lies(LAST))),
            page_statistics: several.then(|| self.statistics(0)),
            more_pages: more.into_bytes(),
            ..Chunk::plain(match role {
                ChunkRole::Time => "",
                _ => names[self.number],
            })
        }
    }
}

/// The file that an input stands for; `None` when it is too short.
pub fn file(input: &[u8]) -> Option<Vec<u8>> {
    let (&flags, records) = input.get(1..)?.split_first()?;
    let has = |flag: u8| flags & flag != 0;
    let version = if has(V3) {
        FormatVersion::V3
    } else {
        FormatVersion::V4
    };
    let devices = if has(DEEP) {
        ["root.sg.d1", "root.sg.d1.a", "root.sg.d2", "root.a.b.c"]
    } else {
        ["a.b", "a.c", "a.c.d", "e.f"]
    };
    let mut builder = Builder::of(version);
    let mut begun = false;
    let mut last = builder.position();
    let (records, _) = records.as_chunks::<8>();
    for record in records.iter().take(MOST_RECORDS).map(Record::parse) {
        if record.op == 0 || !begun {
            builder = builder.group(devices[record.number]);
            begun = true;
            if record.op == 0 {
                continue;
            }
        }
        let chunk = record.chunk();
        let at = builder.position();
        builder = match record.place {
            2 => builder.data(&chunk).index(&chunk, last),
            3 => builder.data(&chunk),
            _ => builder.chunk(&chunk),
        };
        last = at;
    }
    Some(if has(UNSEALED) {
        builder.unsealed()
    } else if has(APART) {
        builder.finish()
    } else {
        builder.finish_with(|w, devices| {
            merged(devices)
                .into_iter()
                .map(|(device, series)| (device, leaf(w, &series)))
                .collect()
        })
    })
}

/// Each device once, with each timeseries once.
fn merged(
    devices: &[(DeviceId, Vec<TimeseriesMetadata>)],
) -> BTreeMap<DeviceId, Vec<TimeseriesMetadata>> {
    let mut out: BTreeMap<DeviceId, BTreeMap<String, TimeseriesMetadata>> = BTreeMap::new();
    for (device, series) in devices {
        let known = out.entry(device.clone()).or_default();
        for one in series {
            let mut one = one.clone();
            for chunk in &mut one.chunks {
                chunk.statistics = Some(one.statistics.clone());
            }
            let Some(all) = known.get_mut(&one.measurement) else {
                known.insert(one.measurement.clone(), one);
                continue;
            };
            // Several chunks have statistics each.
            all.kind = 1;
            let s = &mut all.statistics;
            s.count += one.statistics.count;
            s.start_time = s.start_time.min(one.statistics.start_time);
            s.end_time = s.end_time.max(one.statistics.end_time);
            let data_type = all.data_type;
            all.chunks.extend(one.chunks.into_iter().map(|mut chunk| {
                // Of the type that the series has, whatever the chunk says.
                if let Some(s) = &mut chunk.statistics {
                    s.values = ValueStatistics::empty(data_type);
                }
                chunk
            }));
        }
    }
    out.into_iter()
        .map(|(device, series)| {
            let series = series.into_values().map(|mut s| {
                if s.chunks.len() == 1 {
                    s.chunks[0].statistics = None;
                }
                s
            });
            (device, series.collect())
        })
        .collect()
}

/// Type of each measurement in a seed: INT32, INT64, TEXT, DOUBLE.
const TYPES: [u8; 4] = [1, 2, 5, 4];

/// Inputs to begin with: what writers write.
pub fn seeds() -> BTreeMap<String, Vec<u8>> {
    let group = |n: u8| [n << 2, 0, 0, 0, 0, 0, 0, 0];
    let chunk = |op: u8, name: u8, pages: u8, data_type: u8, start: u8, bitmap: u8| {
        [
            op | name << 2 | pages << 4,
            data_type,
            11,
            start,
            2,
            bitmap,
            5,
            0,
        ]
    };
    let mut out = BTreeMap::new();
    for (n, flags) in [0, V3, APART, UNSEALED, DEEP].into_iter().enumerate() {
        for pages in 1..=3 {
            for (k, manner) in [0b0000_0001, 0b0011_1110].into_iter().enumerate() {
                let mut input = vec![manner, flags];
                for device in 0..2 {
                    input.extend(group(device));
                    for name in 0..3 {
                        let data_type = TYPES[usize::from(name)];
                        input.extend(chunk(1, name, pages, data_type, 3 * name, 0xff));
                    }
                    // A second flush, whose times overlap those of the first.
                    input.extend(group(device));
                    input.extend(chunk(1, 1, pages, 2, 10, 0xff));
                }
                for flush in 0..2 {
                    input.extend(group(2));
                    input.extend(chunk(2, 0, pages, 6, 15 * flush, 0xff));
                    for name in 1..4 {
                        let data_type = TYPES[usize::from(name)];
                        input.extend(chunk(3, name, pages, data_type, 15 * flush, 0xa5 >> name));
                    }
                }
                out.insert(format!("chunks-{n}-{pages}-{k}"), input);
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Target;
    use crate::visit::visit;

    #[test]
    fn seeds_are_good_files() {
        for (name, input) in seeds() {
            let (manner, file) = Target::Chunks.file(&input).unwrap();
            let seen = visit(
                &file,
                crate::visit::Manner {
                    inner_times: false,
                    ..manner
                },
            )
            .unwrap();
            assert!(seen.rows > 20, "{name}: {seen:?}");
            if input[1] & UNSEALED == 0 {
                assert_eq!(seen.errors, 0, "{name}: {seen:?}");
            }
        }
    }
}
