//! Devices that several files hold at overlapping times, as sequence and unsequence files of an IoTDB do: seen in the indexes.

use super::devices::FileDevices;
use crate::Result;
use crate::model::DeviceId;
use crate::read::{DeviceRef, TsFileReader};
use std::fmt;
use std::hash::{BuildHasher as _, BuildHasherDefault, DefaultHasher};

/// Devices that a warning names.
const SHOWN_DEVICES: usize = 3;
/// Devices that are held at a time, over all files; more are looked at in rounds.
const HELD_DEVICES: usize = if cfg!(test) { 3 } else { 4 << 20 };
/// Timeseries whose times are looked at. Behind them nothing more is known, and planning goes on.
const MAX_SERIES: u64 = 1 << 20;

/// Devices that are in several files at overlapping times.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Overlap {
    pub(super) devices: u64,
    /// The first by path, with two files of each.
    pub(super) first: Vec<Overlapping>,
    /// Whether all devices were looked at.
    pub(super) complete: bool,
}

/// A device, two files that overlap, and the times that they have in common.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Overlapping {
    pub(super) device: String,
    pub(super) files: [String; 2],
    pub(super) times: Span,
}

impl fmt::Display for Overlap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let at_least = if self.complete { "" } else { "at least " };
        let devices = match self.devices {
            1 => "device is",
            _ => "devices are",
        };
        write!(
            f,
            "{at_least}{} {devices} in several files at overlapping times, so that a time can come twice: ",
            self.devices
        )?;
        for (i, o) in self.first.iter().enumerate() {
            let comma = if i == 0 { "" } else { ", " };
            let (start, end) = o.times;
            let [a, b] = &o.files;
            write!(
                f,
                "{comma}{} in {a} and {b} from {start} to {end}",
                o.device
            )?;
        }
        match self.devices - self.first.len() as u64 {
            0 => Ok(()),
            more => write!(f, " and {more} more"),
        }
    }
}

/// First and last time.
type Span = (i64, i64);
/// A device of a file: hash, file, position.
type Held = (u64, u32, u32);

/// The devices that several files hold at overlapping times within `range`; `None` when there is none.
///
/// Only the times of devices that several files hold are looked at.
pub(super) fn find(
    readers: &[TsFileReader],
    devices: &[FileDevices],
    range: Span,
) -> Result<Option<Overlap>> {
    if readers.len() < 2 {
        return Ok(None);
    }
    let all: usize = devices.iter().map(|d| d.positions.len()).sum();
    let rounds = all.div_ceil(HELD_DEVICES).max(1) as u64;
    // Fixed keys: the same files give the same warning.
    let hasher = BuildHasherDefault::<DefaultHasher>::default();
    let mut found = Overlap {
        devices: 0,
        first: Vec::new(),
        complete: true,
    };
    let mut series_left = MAX_SERIES;
    for round in 0..rounds {
        let mut held: Vec<Held> = Vec::new();
        for (file, (reader, devices)) in (0u32..).zip(readers.iter().zip(devices)) {
            let index = reader.index()?;
            for &position in &devices.positions {
                if let Some(device) = index.device(position as usize) {
                    let hash = hasher.hash_one(device.id());
                    if hash % rounds == round {
                        held.push((hash, file, position));
                    }
                }
            }
        }
        held.sort_unstable();
        for same_hash in held.chunk_by(|a, b| a.0 == b.0).filter(|h| h.len() > 1) {
            let mut group: Vec<(&DeviceId, u32, DeviceRef<'_>)> = Vec::new();
            for &(_, file, position) in same_hash {
                if let Some(reader) = readers.get(file as usize) {
                    let device = reader.index()?.device(position as usize);
                    group.extend(device.map(|d| (d.id(), file, d)));
                }
            }
            group.sort_by(|a, b| (a.0, a.1).cmp(&(b.0, b.1)));
            for same in group.chunk_by(|a, b| a.0 == b.0) {
                if series_left == 0 {
                    found.complete = false;
                } else if let Some((times, [a, b])) = overlap(same, range, &mut series_left)? {
                    let name = |file: u32| {
                        let reader = readers.get(file as usize);
                        reader.map_or(String::new(), |r| r.name().to_string())
                    };
                    found.add(Overlapping {
                        device: same.first().map_or(String::new(), |d| d.0.path()),
                        files: [name(a), name(b)],
                        times,
                    });
                }
            }
        }
    }
    Ok((found.devices > 0).then_some(found))
}

impl Overlap {
    fn add(&mut self, new: Overlapping) {
        self.devices += 1;
        let at = self.first.partition_point(|o| *o < new);
        if at < SHOWN_DEVICES {
            self.first.insert(at, new);
            self.first.truncate(SHOWN_DEVICES);
        }
    }
}

/// Times that two of the files have in common, and those two; of one file both spellings of a device are one.
fn overlap(
    same: &[(&DeviceId, u32, DeviceRef<'_>)],
    range: Span,
    series_left: &mut u64,
) -> Result<Option<(Span, [u32; 2])>> {
    if same.first().map(|d| d.1) == same.last().map(|d| d.1) {
        return Ok(None);
    }
    let mut spans: Vec<(i64, i64, u32)> = Vec::new();
    for (_, file, device) in same {
        // The times of an aligned device are those of its first series.
        let count = if device.is_aligned() {
            1
        } else {
            device.series_count()
        };
        for k in 0..count.min(usize::try_from(*series_left).unwrap_or(usize::MAX)) {
            *series_left -= 1;
            let Some((start, end)) = device.timeseries(k)?.statistics.time_range() else {
                continue;
            };
            let (start, end) = (start.max(range.0), end.min(range.1));
            if start > end {
                continue;
            }
            match spans.last_mut().filter(|s| s.2 == *file) {
                Some(span) => (span.0, span.1) = (span.0.min(start), span.1.max(end)),
                None => spans.push((start, end, *file)),
            }
        }
    }
    spans.sort_unstable();
    let mut latest: Option<(i64, u32)> = None;
    for (start, end, file) in spans {
        if let Some((until, other)) = latest.filter(|l| l.0 >= start) {
            let files = [other.min(file), other.max(file)];
            return Ok(Some(((start, until.min(end)), files)));
        }
        latest = Some((end, file));
    }
    Ok(None)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::io::{MemorySink, MemorySource};
    use crate::{ReadOptions, TsFileWriter, WriteOptions};
    use arrow_array::{ArrayRef, Int64Array, RecordBatch, StringArray};
    use std::sync::Arc;

    /// A file whose devices have rows at the first and the last of their times.
    fn file(name: &str, devices: &[(usize, Span)], aligned: bool) -> TsFileReader {
        let of = |f: &dyn Fn(&(usize, Span)) -> [i64; 2]| -> ArrayRef {
            Arc::new(devices.iter().flat_map(f).collect::<Int64Array>())
        };
        let names = devices.iter().flat_map(|d| {
            let name = format!("root.d{}", d.0);
            [name.clone(), name]
        });
        let names: ArrayRef = Arc::new(names.map(Some).collect::<StringArray>());
        let columns = [
            ("time", of(&|d| [d.1.0, d.1.1])),
            ("device_name", names),
            ("x", of(&|_| [1, 2])),
        ];
        let batch = RecordBatch::try_from_iter(columns).unwrap();
        let sink = MemorySink::new(name);
        let output = sink.output();
        let options = WriteOptions::default().with_aligned(aligned);
        let mut writer = TsFileWriter::start(Box::new(sink), batch.schema(), options).unwrap();
        writer.write(&batch).unwrap();
        writer.finish().unwrap();
        let source = MemorySource::new(output.bytes().unwrap().to_vec());
        TsFileReader::new(source, name, ReadOptions::default()).unwrap()
    }

    fn found(files: &[TsFileReader], range: Span) -> Option<Overlap> {
        let devices: Vec<FileDevices> = files
            .iter()
            .map(|r| FileDevices::of_tree(r, None, None).unwrap())
            .collect();
        find(files, &devices, range).unwrap()
    }

    const ALL: Span = (i64::MIN, i64::MAX);

    #[test]
    fn devices_that_overlap_are_named_with_their_files_and_the_rest_is_counted() {
        let devices = |shift: i64| -> Vec<(usize, Span)> {
            (0..7)
                .map(|d| (d, (shift + d as i64, shift + 10)))
                .collect()
        };
        let (a, b) = (file("a", &devices(0), true), file("b", &devices(5), false));
        assert_eq!(
            found(&[b.clone(), a.clone()], ALL).unwrap().to_string(),
            "6 devices are in several files at overlapping times, so that a time can come twice: root.d0 in b and a from 5 to 10, \
             root.d1 in b and a from 6 to 10, root.d2 in b and a from 7 to 10 and 3 more"
        );
        let one = found(&[a.clone(), b.clone()], (10, 20)).unwrap();
        assert!(one.to_string().starts_with("6 devices are"), "{one}");
        // Where they overlap nothing is read.
        assert_eq!(found(&[a.clone(), b], (11, 20)), None);
        assert_eq!(
            found(&[a.clone(), file("c", &devices(11), true)], ALL),
            None
        );
        assert_eq!(found(&[a], ALL), None);
    }

    #[test]
    fn what_is_found_is_what_comparing_all_with_all_finds() {
        let mut state = 7u64;
        let mut below = |n: u64| {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1);
            (state >> 33) % n
        };
        let mut some = 0;
        for round in 0..60 {
            let held: Vec<Vec<(usize, Span)>> = (0..2 + below(4))
                .map(|_| {
                    (0..6)
                        .filter_map(|d| {
                            let start = below(60) as i64;
                            (below(3) > 0).then_some((d, (start, start + 1 + below(9) as i64)))
                        })
                        .collect::<Vec<_>>()
                })
                .filter(|devices: &Vec<_>| !devices.is_empty())
                .collect();
            let files: Vec<TsFileReader> = held
                .iter()
                .enumerate()
                .map(|(i, devices)| file(&format!("f{i}"), devices, (i + round) % 2 == 0))
                .collect();
            let overlapping = (0..6)
                .filter(|d| {
                    let spans: Vec<Span> = held
                        .iter()
                        .flatten()
                        .filter(|(device, _)| device == d)
                        .map(|(_, span)| *span)
                        .collect();
                    (0..spans.len()).any(|i| {
                        (0..i).any(|k| spans[i].0 <= spans[k].1 && spans[k].0 <= spans[i].1)
                    })
                })
                .count() as u64;
            let found = found(&files, ALL);
            assert_eq!(found.as_ref().map_or(0, |f| f.devices), overlapping);
            some += u64::from(overlapping > 0);
            if let Some(found) = found {
                assert!(found.complete && found.first.is_sorted());
                assert_eq!(found.first.len() as u64, overlapping.min(3));
            }
        }
        assert!(some > 20 && some < 60, "{some} of 60 rounds overlap");
    }
}
