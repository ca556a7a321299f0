//! A plan in pieces of about equal bytes, for threads and for other processes.

use super::cut::Cutter;
use super::merge_files::Dedup;
use super::plan::{FileWork, ScanPlan};
use super::run::Scan;
use super::sample::by_samples;
use super::weigh::{Weigher, Weights};
use crate::Result;
use crate::model::{DeviceId, Form};
use std::collections::{BTreeMap, HashSet};

/// How a plan is cut.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SplitMode {
    /// Groups of devices, and stretches of time of a device that is larger, of about so many bytes each. Rows come in the order of the plan.
    ///
    /// Where files are merged ([`ScanRequest::with_dedup`](super::ScanRequest::with_dedup)) the splits are those of [`SplitMode::Keyed`].
    Parallel {
        /// Bytes of chunks in a split.
        bytes: u64,
    },
    /// One device each, with that device's rows of all files, by time; the wide form is one split.
    Keyed,
}

/// Default of [`SplitMode::Parallel`]: 128 MiB, as Spark has it.
pub const DEFAULT_SPLIT_BYTES: u64 = 128 << 20;

/// Threads take splits of about these sizes, and several each. The rows of one have to fit into a few batches: while a split is fetched from, the
/// threads that read later ones wait as soon as all batches in flight are theirs, and the fewer batches there are, the warmer is their memory.
const LEAST_THREAD_BYTES: u64 = 256 << 10;
const MOST_THREAD_BYTES: u64 = 512 << 10;
const SPLITS_PER_THREAD: u64 = 8;
/// The last of very many devices come in groups of at least this part of the others.
const LEAST_OF_GROUP: usize = 8;
/// The bytes of so many devices at most are added up for threads.
const MOST_WEIGHED: usize = 4096;

/// A piece of a plan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Split {
    pub(super) parts: Vec<Part>,
    /// Number of devices; in the wide form those that rows are made of.
    pub devices: u64,
    /// First and last time that rows can have; the first is the later one where there can be none.
    pub times: (i64, i64),
    /// At most so many rows, before anything is filtered, as far as statistics count them; about so many where a split is a stretch of time, or of
    /// very many devices.
    pub rows: u64,
    /// About how many bytes of chunks.
    pub bytes: u64,
    /// How its rows are ordered.
    pub ordering: Ordering,
}

/// How the rows of a split are ordered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ordering {
    /// By time.
    Time,
    /// By device (path, or tags, null first), then time.
    DeviceTime,
}

/// Devices of one file, and a stretch of time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Part {
    /// Number of the file in the plan.
    pub(super) file: u32,
    /// In the order in which the plan presents them.
    pub(super) devices: std::ops::Range<u32>,
    /// Both inclusive.
    pub(super) slice: (i64, i64),
    /// Its device is that of the part before: the rows of both are one stream by time.
    pub(super) joined: bool,
}

/// A device, as rows are ordered by it: the tags, or the path.
type DeviceKey = Vec<Option<String>>;

impl ScanPlan {
    /// Cuts the plan. No row is in two splits, and none is lost; the splits one after the other are the plan, but for keyed splits of several
    /// files, whose rows the plan itself gives file by file.
    ///
    /// # Errors
    /// The metadata of a device is corrupt.
    pub fn splits(&self, mode: SplitMode) -> Result<Vec<Split>> {
        match mode {
            SplitMode::Parallel { bytes } if !self.merges_files() => {
                let mut out = Vec::new();
                for (file, work) in (0..).zip(self.files.iter()) {
                    let cut = self.cut(work, file, bytes.max(1), &mut out);
                    cut.map_err(|e| work.reader.in_file(e))?;
                }
                Ok(out)
            }
            _ => self.keyed(),
        }
    }

    fn cut(&self, work: &FileWork, file: u32, bytes: u64, out: &mut Vec<Split>) -> Result<()> {
        if by_samples(&self.shared, work, file, bytes, out)? {
            return Ok(());
        }
        let weigher = Weigher::new(&self.shared, work)?;
        Cutter::new(&self.shared, work, file, bytes, weigher).run(out)
    }

    /// Whether rows of several files become one.
    pub(super) fn merges_files(&self) -> bool {
        self.shared.request.dedup != Dedup::None && self.files.len() > 1
    }

    /// What a part says of this plan.
    pub(super) fn work(&self, part: &Part) -> Option<FileWork> {
        let work = self.files.get(part.file as usize)?;
        Some(FileWork {
            reader: work.reader.clone(),
            devices: work.devices.part(&part.devices),
            slice: part.slice,
            is_scattered: work.is_scattered,
            by_name: work.by_name,
        })
    }

    /// Starts reading one split, which was made of this plan. Of several splits each is given [`ScanRequest::with_limit`](super::ScanRequest::with_limit) rows, and none is
    /// passed over: offset and limit are those of all of them, and whoever puts them together counts.
    pub fn scan_split(&self, split: &Split) -> Scan {
        let cancel = self.shared.request.cancel.clone();
        Scan::of_split(self, split, cancel)
    }

    /// How many splits of [`SplitMode::Keyed`] there would be: devices of all files, each counted once; in the wide form one.
    ///
    /// # Errors
    /// The index of a file cannot be read.
    pub fn key_count(&self) -> Result<usize> {
        let [work] = &*self.files else {
            return Ok(self.device_groups()?.len());
        };
        if self.shared.columns.form != Form::Table {
            return Ok(self.device_groups()?.len());
        }
        // Of one table in one file no two devices have the same tags: there may be very many of them.
        let index = work.reader.index()?;
        let (mut at, mut count) = (0, 0);
        while at < work.devices.positions.len() {
            at += work.devices.run(index, at).len().max(1);
            count += 1;
        }
        Ok(count)
    }

    /// The device of a split that has one: each of [`SplitMode::Keyed`] in the narrow and the table form.
    ///
    /// # Errors
    /// The index of a file cannot be read.
    pub fn device_of(&self, split: &Split) -> Result<Option<DeviceId>> {
        if split.devices != 1 {
            return Ok(None);
        }
        let work = split.parts.first().and_then(|part| self.work(part));
        let Some(work) = work else { return Ok(None) };
        let position = work.devices.positions.first();
        let index = work.reader.index()?;
        let device = position.and_then(|&p| index.device(p as usize));
        Ok(device.map(|d| d.id().clone()))
    }

    /// The splits for the threads that were asked for, and how many threads; none when the caller's own is enough.
    pub(super) fn thread_splits(&self) -> Result<Option<(Vec<Split>, usize)>> {
        let threads = self.shared.request.threads;
        if threads < 2 {
            return Ok(None);
        }
        let of = |file: &FileWork| file.reader.data_end();
        let all: u64 = self.files.iter().map(of).sum();
        // Several for each thread, so that none waits long for the last one; not so small that starting one costs more than it does.
        let share = all / (threads as u64).saturating_mul(SPLITS_PER_THREAD);
        let bytes = share.clamp(LEAST_THREAD_BYTES, MOST_THREAD_BYTES);
        let devices: usize = self.files.iter().map(|f| f.devices.positions.len()).sum();
        let groups = all.div_ceil(bytes).max(1);
        let many = devices > MOST_WEIGHED && self.shared.columns.form != Form::Wide;
        let splits = if self.merges_files() {
            self.by_devices(groups)?
        } else if many {
            let groups = usize::try_from(groups).unwrap_or(usize::MAX);
            self.by_count(devices, devices.div_ceil(groups), threads)?
        } else {
            self.splits(SplitMode::Parallel { bytes })?
        };
        Ok((splits.len() > 1).then_some((splits, threads)))
    }

    /// All `devices` in groups of `most`, without a look at their sizes: among very many they even out, and looking takes as long as reading some.
    /// The last groups are smaller and smaller, so that all threads end at about the same time.
    fn by_count(&self, devices: usize, most: usize, threads: usize) -> Result<Vec<Split>> {
        let mut out = Vec::new();
        let mut left = devices;
        let least = (most / LEAST_OF_GROUP).max(1);
        for (file, work) in (0..).zip(self.files.iter()) {
            let index = work.reader.index()?;
            let devices = &work.devices;
            let mut from = 0;
            while from < devices.positions.len() {
                let group = (left / threads / 2).clamp(least, most.max(least));
                let mut to = from;
                while to < devices.positions.len() && to - from < group {
                    to += devices.run(index, to).len().max(1);
                }
                left = left.saturating_sub(to - from);
                out.push(self.unweighed(vec![Part {
                    file,
                    devices: number(from)..number(to),
                    slice: work.slice,
                    joined: false,
                }]));
                from = to;
            }
        }
        Ok(out)
    }

    /// The devices of all files in so many groups.
    fn by_devices(&self, groups: u64) -> Result<Vec<Split>> {
        let all = self.device_groups()?;
        let each = (all.len() as u64).div_ceil(groups).max(1);
        let each = usize::try_from(each).unwrap_or(usize::MAX);
        let of = |devices: &[Vec<Part>]| self.unweighed(in_one(devices.iter().cloned()));
        Ok(all.chunks(each).map(of).collect())
    }

    fn unweighed(&self, parts: Vec<Part>) -> Split {
        let times = parts.first().map(|p| p.slice);
        Split {
            devices: parts
                .iter()
                .map(|p| u64::from(p.devices.end - p.devices.start))
                .sum(),
            times: times.unwrap_or((i64::MIN, i64::MAX)),
            parts,
            rows: 0,
            bytes: 0,
            ordering: ordering(self.shared.columns.form),
        }
    }

    /// The parts of each device, over all files; those of the wide form are all together. Devices come in their order.
    pub(super) fn device_groups(&self) -> Result<Vec<Vec<Part>>> {
        let mut by_device: BTreeMap<DeviceKey, Vec<Part>> = BTreeMap::new();
        let form = self.shared.columns.form;
        for (file, work) in (0..).zip(self.files.iter()) {
            let index = work.reader.index()?;
            let positions = &work.devices.positions;
            let mut at = 0;
            while let Some(device) = positions.get(at).and_then(|&p| index.device(p as usize)) {
                let count = match form {
                    Form::Wide => positions.len(),
                    _ => work.devices.run(index, at).len().max(1),
                };
                let parts = by_device.entry(key(form, device.id())).or_default();
                parts.push(Part {
                    file,
                    devices: number(at)..number(at + count),
                    slice: work.slice,
                    joined: !parts.is_empty(),
                });
                at += count;
            }
        }
        Ok(by_device.into_values().collect())
    }

    /// One split for each device, over all files; the wide form is one split.
    fn keyed(&self) -> Result<Vec<Split>> {
        let form = self.shared.columns.form;
        let mut weighers = Vec::with_capacity(self.files.len());
        for work in self.files.iter() {
            weighers.push(Weigher::new(&self.shared, work)?);
        }
        let mut weights = Weights::default();
        let mut out = Vec::new();
        for parts in self.device_groups()? {
            let mut split = Split {
                devices: 1,
                times: (i64::MAX, i64::MIN),
                rows: 0,
                bytes: 0,
                ordering: ordering(form),
                parts: Vec::new(),
            };
            let mut wide: HashSet<&DeviceId> = HashSet::new();
            for part in &parts {
                let number = part.file as usize;
                let (Some(weigher), Some(work)) =
                    (weighers.get_mut(number), self.files.get(number))
                else {
                    continue;
                };
                weights.clear();
                let range = part.devices.start as usize..part.devices.end as usize;
                weigher
                    .add(range.clone(), &mut weights)
                    .map_err(|e| work.reader.in_file(e))?;
                let weight = weights.within(part.slice);
                split.rows += weight.rows;
                split.bytes += weight.bytes;
                split.times.0 = split.times.0.min(weight.times.0);
                split.times.1 = split.times.1.max(weight.times.1);
                if form == Form::Wide {
                    let index = work.reader.index()?;
                    let positions = work.devices.positions.get(range).unwrap_or(&[]);
                    let devices = positions.iter().filter_map(|&p| index.device(p as usize));
                    wide.extend(devices.map(|d| d.id()));
                    split.devices = wide.len() as u64;
                }
            }
            split.parts = parts;
            out.push(split);
        }
        Ok(out)
    }
}

/// Devices one after the other as parts: those that are neighbours of one file are one part.
pub(super) fn in_one(devices: impl IntoIterator<Item = Vec<Part>>) -> Vec<Part> {
    let mut out: Vec<Part> = Vec::new();
    // Whether the last part is all there is of its devices.
    let mut alone = false;
    for parts in devices {
        match (out.last_mut(), parts.as_slice()) {
            (Some(last), [next])
                if alone && last.file == next.file && last.devices.end == next.devices.start =>
            {
                last.devices.end = next.devices.end;
            }
            _ => {
                alone = parts.len() == 1;
                out.extend(parts);
            }
        }
    }
    out
}

fn key(form: Form, device: &DeviceId) -> DeviceKey {
    match form {
        Form::Wide => Vec::new(),
        Form::Narrow => vec![Some(device.path())],
        Form::Table => {
            let tags = device.segments().skip(1);
            tags.map(|t| t.map(str::to_string)).collect()
        }
    }
}

/// How rows of a form come.
pub(super) fn ordering(form: Form) -> Ordering {
    match form {
        Form::Wide => Ordering::Time,
        Form::Narrow | Form::Table => Ordering::DeviceTime,
    }
}

pub(super) fn number(at: usize) -> u32 {
    u32::try_from(at).unwrap_or(u32::MAX)
}
