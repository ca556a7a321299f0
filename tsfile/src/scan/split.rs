//! A plan in pieces of about equal bytes, for threads and for other processes.

use super::devices::{Target, sources};
use super::plan::{FileWork, ScanPlan, Shared};
use super::run::Scan;
use super::single::Single;
use crate::Result;
use crate::model::Form;
use crate::read::plan::SourcePlan;
use crate::read::{DeviceRef, Index, SeriesRef};
use std::collections::BTreeMap;
use std::sync::Arc;

/// How a plan is cut.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SplitMode {
    /// Groups of devices, and stretches of time of a device that is larger, of about so many bytes each. Rows come in the order of the plan.
    Parallel {
        /// Bytes of chunks in a split.
        bytes: u64,
    },
    /// One device each, with that device's rows of all files, by time.
    Keyed,
}

/// Default of [`SplitMode::Parallel`]: 128 MiB, as Spark has it.
pub const DEFAULT_SPLIT_BYTES: u64 = 128 << 20;

/// Threads take splits of about these sizes, and several each.
const LEAST_THREAD_BYTES: u64 = 256 << 10;
const MOST_THREAD_BYTES: u64 = 32 << 20;
const SPLITS_PER_THREAD: u64 = 8;
/// The bytes of so many devices at most are added up for threads.
const MOST_WEIGHED: usize = 4096;

/// A piece of a plan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Split {
    pub(super) parts: Vec<Part>,
    /// Number of devices; in the wide form those that rows are made of.
    pub devices: u64,
    /// First and last time that rows can have.
    pub times: (i64, i64),
    /// About how many rows are read, before anything is filtered.
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
}

impl ScanPlan {
    /// Cuts the plan. No row is in two splits, and none is lost; with [`SplitMode::Parallel`] the splits one after the other are the plan.
    ///
    /// # Errors
    /// The metadata of a device is corrupt.
    pub fn splits(&self, mode: SplitMode) -> Result<Vec<Split>> {
        let mut out = Vec::new();
        match mode {
            SplitMode::Parallel { bytes } => {
                for (file, work) in (0..).zip(&self.files) {
                    let cut = Cutter::new(&self.shared, work, file, bytes.max(1))?;
                    cut.run(&mut out).map_err(|e| work.reader.in_file(e))?;
                }
            }
            SplitMode::Keyed => self.keyed(&mut out)?,
        }
        Ok(out)
    }

    /// What a split says of this plan.
    pub(super) fn part(&self, split: &Split) -> Vec<FileWork> {
        let of = |part: &Part| {
            let work = self.files.get(part.file as usize)?;
            Some(FileWork {
                reader: work.reader.clone(),
                devices: work.devices.part(&part.devices),
                slice: part.slice,
            })
        };
        split.parts.iter().filter_map(of).collect()
    }

    /// Starts reading one split, which was made of this plan.
    pub fn scan_split(&self, split: &Split) -> Scan {
        let mut single = Single::new(self.shared.clone(), self.part(split));
        single.is_part(self.shared.request.cancel.clone());
        Scan::single(single, self.shared.clone())
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
        let share = all / (threads as u64 * SPLITS_PER_THREAD);
        let bytes = share.clamp(LEAST_THREAD_BYTES, MOST_THREAD_BYTES);
        let devices: usize = self.files.iter().map(|f| f.devices.positions.len()).sum();
        let many = devices > MOST_WEIGHED && self.shared.columns.form != Form::Wide;
        let splits = if many {
            let groups = all.div_ceil(bytes).max(1);
            self.by_count((devices as u64).div_ceil(groups))?
        } else {
            self.splits(SplitMode::Parallel { bytes })?
        };
        Ok((splits.len() > 1).then_some((splits, threads)))
    }
}

impl ScanPlan {
    /// Groups of so many devices, without a look at their sizes: among very many they even out, and looking takes as long as reading some.
    fn by_count(&self, group: u64) -> Result<Vec<Split>> {
        let mut out = Vec::new();
        for (file, work) in (0..).zip(&self.files) {
            let index = work.reader.index()?;
            let devices = &work.devices;
            let mut from = 0;
            while from < devices.positions.len() {
                let mut to = from;
                while to < devices.positions.len() && ((to - from) as u64) < group {
                    to += devices.run(index, to).len().max(1);
                }
                out.push(Split {
                    devices: (to - from) as u64,
                    parts: vec![Part {
                        file,
                        devices: number(from)..number(to),
                        slice: work.slice,
                    }],
                    times: work.slice,
                    rows: 0,
                    bytes: 0,
                    ordering: ordering(self.shared.columns.form),
                });
                from = to;
            }
        }
        Ok(out)
    }

    /// One split for each device, over all files; the wide form is one split.
    fn keyed(&self, out: &mut Vec<Split>) -> Result<()> {
        let mut by_device: BTreeMap<Vec<Option<String>>, Split> = BTreeMap::new();
        let form = self.shared.columns.form;
        for (file, work) in (0..).zip(&self.files) {
            let index = work.reader.index()?;
            let sizes = ChunkSizes::of(index, work.reader.data_end())?;
            let positions = &work.devices.positions;
            let mut at = 0;
            while let Some(device) = positions.get(at).and_then(|&p| index.device(p as usize)) {
                let (key, count) = match form {
                    Form::Wide => (Vec::new(), positions.len()),
                    Form::Narrow => {
                        let path = Some(device.id().path());
                        (vec![path], work.devices.run(index, at).len())
                    }
                    Form::Table => {
                        let tags = device.id().segments().iter().skip(1);
                        (tags.cloned().collect(), work.devices.run(index, at).len())
                    }
                };
                let mut weights = Weights::default();
                for &p in positions.iter().skip(at).take(count) {
                    if let Some(device) = index.device(p as usize) {
                        let added = weights.add(&self.shared, device, &sizes);
                        added.map_err(|e| work.reader.in_file(e))?;
                    }
                }
                let (rows, bytes, times) = weights.within(work.slice);
                let part = Part {
                    file,
                    devices: number(at)..number(at + count),
                    slice: work.slice,
                };
                let split = by_device.entry(key).or_insert_with(|| Split {
                    parts: Vec::new(),
                    devices: 1,
                    times: times.unwrap_or(work.slice),
                    rows: 0,
                    bytes: 0,
                    ordering: ordering(form),
                });
                split.rows += rows;
                split.bytes += bytes;
                if let Some((first, last)) = times {
                    split.times = (split.times.0.min(first), split.times.1.max(last));
                }
                split.parts.push(part);
                at += count.max(1);
            }
        }
        out.extend(by_device.into_values());
        Ok(())
    }
}

/// How rows of a form come.
fn ordering(form: Form) -> Ordering {
    match form {
        Form::Wide => Ordering::Time,
        Form::Narrow | Form::Table => Ordering::DeviceTime,
    }
}

/// Sizes of the chunks of a file: each ends where the next one begins, as far as the index tells.
pub(super) struct ChunkSizes {
    offsets: Vec<u64>,
    end: u64,
}

impl ChunkSizes {
    pub(super) fn of(index: &Index, end: u64) -> Result<Self> {
        let mut offsets = Vec::with_capacity(index.series_count());
        for device in index.devices() {
            for k in 0..device.series_count() {
                device.chunks(k, |chunk| offsets.push(chunk.offset))?;
            }
        }
        offsets.sort_unstable();
        Ok(Self { offsets, end })
    }

    /// Number of chunks.
    pub(super) fn count(&self) -> usize {
        self.offsets.len()
    }

    /// Bytes of all chunks.
    pub(super) fn total(&self) -> u64 {
        let first = self.offsets.first().copied().unwrap_or(self.end);
        self.end.saturating_sub(first)
    }

    /// Bytes of the chunks of `plan`.
    pub(super) fn of_plan(&self, plan: &SourcePlan) -> u64 {
        let time = plan.time.as_ref();
        let chunks = time
            .into_iter()
            .chain(plan.columns.iter().map(|c| &c.chunk));
        chunks.map(|chunk| self.bytes(chunk.offset)).sum()
    }

    fn bytes(&self, offset: u64) -> u64 {
        let next = self.offsets.partition_point(|&o| o <= offset);
        let end = self.offsets.get(next).copied().unwrap_or(self.end);
        end.saturating_sub(offset)
    }
}

/// A chunk of a non-aligned series, or those of an aligned group.
struct Weight {
    first: i64,
    last: i64,
    rows: u64,
    bytes: u64,
}

/// What devices are to a plan: their chunks that count, by first time.
#[derive(Default)]
struct Weights {
    chunks: Vec<Weight>,
    aligned: bool,
}

impl Weights {
    fn add(&mut self, shared: &Shared, device: DeviceRef<'_>, sizes: &ChunkSizes) -> Result<()> {
        let name: Arc<str> = "".into();
        let destination = |series: &SeriesRef<'_>| {
            let mut values = shared.values.iter();
            let read = values.position(|v| match shared.columns.form {
                // A column is a path that ends with the measurement.
                Form::Wide => v.name.ends_with(series.measurement),
                _ => v.name == series.measurement,
            });
            (read, name.clone())
        };
        let target = Target {
            form: shared.columns.form,
            rows: shared.request.rows,
            siblings: false,
            destination: &destination,
        };
        let mut plans: Vec<SourcePlan> = Vec::new();
        sources(device, &name, &target, &mut plans)?;
        self.aligned |= device.is_aligned();
        for plan in plans {
            let Some((first, last)) = plan.times() else {
                continue;
            };
            let time = plan.time.as_ref();
            let counted = time.or_else(|| plan.columns.first().map(|c| &c.chunk));
            let counted = counted.and_then(|chunk| chunk.statistics.as_ref());
            self.chunks.push(Weight {
                first,
                last,
                rows: counted.map_or(0, |s| s.count),
                bytes: sizes.of_plan(&plan),
            });
        }
        Ok(())
    }

    /// The chunks that have a time in `slice`, with the rows and bytes that are in it if they are spread evenly.
    fn within(&self, slice: (i64, i64)) -> (u64, u64, Option<(i64, i64)>) {
        let (mut rows, mut bytes, mut times) = (0, 0, None::<(i64, i64)>);
        for chunk in &self.chunks {
            let (first, last) = (chunk.first.max(slice.0), chunk.last.min(slice.1));
            if first > last {
                continue;
            }
            let share = span(first, last) / span(chunk.first, chunk.last);
            let own = (chunk.rows as f64 * share).ceil() as u64;
            rows = if self.aligned {
                rows + own
            } else {
                own.max(rows)
            };
            bytes += (chunk.bytes as f64 * share).ceil() as u64;
            times = Some(times.map_or((first, last), |t| (t.0.min(first), t.1.max(last))));
        }
        (rows, bytes, times)
    }
}

fn span(first: i64, last: i64) -> f64 {
    last as f64 - first as f64 + 1.0
}

/// Cuts the work of one file.
struct Cutter<'a> {
    shared: &'a Shared,
    work: &'a FileWork,
    file: u32,
    target: u64,
    sizes: ChunkSizes,
    /// The split that grows.
    open: Option<Split>,
}

impl<'a> Cutter<'a> {
    fn new(shared: &'a Shared, work: &'a FileWork, file: u32, target: u64) -> Result<Self> {
        Ok(Self {
            shared,
            work,
            file,
            target,
            sizes: ChunkSizes::of(work.reader.index()?, work.reader.data_end())?,
            open: None,
        })
    }

    fn run(mut self, out: &mut Vec<Split>) -> Result<()> {
        let index = self.work.reader.index()?;
        let positions = &self.work.devices.positions;
        let wide = self.shared.columns.form == Form::Wide;
        let mut at = 0;
        while at < positions.len() {
            let count = if wide {
                positions.len()
            } else {
                self.work.devices.run(index, at).len().max(1)
            };
            let mut weights = Weights::default();
            let same = positions.iter().skip(at).take(count);
            for device in same.filter_map(|&p| index.device(p as usize)) {
                weights.add(self.shared, device, &self.sizes)?;
            }
            let range = number(at)..number(at + count);
            self.add(range, &weights, out);
            at += count;
        }
        out.extend(self.open);
        Ok(())
    }

    /// Adds a device to the split that grows, or, when it is too large, cuts it by time.
    fn add(&mut self, devices: std::ops::Range<u32>, weights: &Weights, out: &mut Vec<Split>) {
        let slice = self.work.slice;
        let (rows, bytes, times) = weights.within(slice);
        if bytes > self.target {
            out.extend(self.open.take());
            self.cut(devices, weights, out);
            return;
        }
        let times = times.unwrap_or((slice.1, slice.0));
        let full = self
            .open
            .as_ref()
            .is_some_and(|o| o.bytes + bytes > self.target);
        if full {
            out.extend(self.open.take());
        }
        let count = u64::from(devices.end - devices.start);
        match &mut self.open {
            Some(open) => {
                open.devices += count;
                open.rows += rows;
                open.bytes += bytes;
                open.times = (open.times.0.min(times.0), open.times.1.max(times.1));
                if let Some(part) = open.parts.last_mut() {
                    part.devices.end = devices.end;
                }
            }
            None => {
                let split = self.split(devices, slice, (rows, bytes, Some(times)));
                self.open = Some(split);
            }
        }
    }

    /// Cuts a large device where chunks begin: no chunk is read twice, unless chunks overlap.
    fn cut(&self, devices: std::ops::Range<u32>, weights: &Weights, out: &mut Vec<Split>) {
        let (first, last) = self.work.slice;
        let mut begins: Vec<(i64, u64)> =
            weights.chunks.iter().map(|c| (c.first, c.bytes)).collect();
        begins.sort_unstable();
        let (mut from, mut bytes) = (first, 0);
        for (begin, more) in begins {
            if bytes + more > self.target && bytes > 0 && begin > from && begin <= last {
                let slice = (from, begin - 1);
                out.push(self.split(devices.clone(), slice, weights.within(slice)));
                (from, bytes) = (begin, 0);
            }
            bytes += more;
        }
        let slice = (from, last);
        out.push(self.split(devices, slice, weights.within(slice)));
    }

    fn split(
        &self,
        devices: std::ops::Range<u32>,
        slice: (i64, i64),
        (rows, bytes, times): (u64, u64, Option<(i64, i64)>),
    ) -> Split {
        Split {
            devices: u64::from(devices.end - devices.start),
            parts: vec![Part {
                file: self.file,
                devices,
                slice,
            }],
            times: times.unwrap_or(slice),
            rows,
            bytes,
            ordering: ordering(self.shared.columns.form),
        }
    }
}

fn number(at: usize) -> u32 {
    u32::try_from(at).unwrap_or(u32::MAX)
}
