//! How much a part of a plan is: rows, bytes and times, as metadata tell.

use super::filter::Branch;
use super::plan::{FileWork, Shared};
use super::request::Rows;
use crate::Result;
use crate::model::Form;
use crate::read::plan::{ChunkAt, SourcePlan};
use crate::read::{DeviceRef, Index, SeriesRef, TsFileReader};
use std::collections::HashSet;

/// Sizes of the chunks of a file: each ends where the next one begins, as far as the index tells.
pub(super) struct ChunkSizes {
    offsets: Vec<u64>,
    end: u64,
    /// Whether chunks may lie between those of which the index tells.
    has_gaps: bool,
}

/// Where the end of a chunk is not known, its values are taken for so many bytes at most.
const MOST_VALUE_BYTES: u64 = 16;
/// And what is in front of them for so many.
const HEADER_BYTES: u64 = 128;

impl ChunkSizes {
    pub(super) fn of(reader: &TsFileReader) -> Result<Self> {
        let index = reader.index()?;
        let mut offsets = Vec::with_capacity(index.series_count());
        for device in index.devices() {
            for k in 0..device.series_count() {
                device.chunks(k, |chunk| offsets.push(chunk.offset))?;
            }
        }
        if !offsets.is_sorted() {
            offsets.sort_unstable();
        }
        Ok(Self {
            offsets,
            end: reader.data_end(),
            has_gaps: reader.is_narrowed(),
        })
    }

    /// Of chunks at `offsets`, each of which ends where the next one begins, or the chunks of the file end.
    pub(super) fn at(mut offsets: Vec<u64>, end: u64) -> Self {
        offsets.sort_unstable();
        Self {
            offsets,
            end,
            has_gaps: false,
        }
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
        let mut near = 0;
        chunks.map(|chunk| self.bytes(chunk, &mut near)).sum()
    }

    /// Bytes of a chunk; `near` is where the last one was found: the next is mostly the one behind it.
    fn bytes(&self, chunk: &ChunkAt, near: &mut usize) -> u64 {
        let offset = chunk.offset;
        let next = near.saturating_add(1);
        *near = if self.offsets.get(next) == Some(&offset) {
            next
        } else {
            self.offsets.partition_point(|&o| o < offset)
        };
        let after = self.offsets.get(near.saturating_add(1)..).unwrap_or(&[]);
        let end = after.iter().find(|o| **o > offset).copied();
        let bytes = end.unwrap_or(self.end).saturating_sub(offset);
        match &chunk.statistics {
            Some(s) if self.has_gaps => {
                let most = s.count.saturating_mul(MOST_VALUE_BYTES);
                bytes.min(most.saturating_add(HEADER_BYTES))
            }
            _ => bytes,
        }
    }
}

/// A chunk of a non-aligned series, or those of an aligned group.
pub(super) struct Weight {
    pub(super) first: i64,
    pub(super) last: i64,
    rows: u64,
    pub(super) bytes: u64,
}

/// What devices are to a plan: their chunks that are read.
#[derive(Default)]
pub(super) struct Weights {
    pub(super) chunks: Vec<Weight>,
    /// First and last time that the filter leaves of them.
    asked: Option<(i64, i64)>,
}

/// Rows, bytes and times of chunks that are read.
#[derive(Debug, Clone, Copy)]
pub(super) struct Weighed {
    pub(super) rows: u64,
    pub(super) bytes: u64,
    /// The first is the later one where there is no row.
    pub(super) times: (i64, i64),
}

impl Weights {
    pub(super) fn clear(&mut self) {
        self.chunks.clear();
        self.asked = None;
    }

    /// The times of `slice` that the filter leaves.
    pub(super) fn asked(&self, slice: (i64, i64)) -> (i64, i64) {
        let (from, to) = self.asked.unwrap_or((i64::MIN, i64::MAX));
        (from.max(slice.0), to.min(slice.1))
    }

    /// What of the chunks has a time in `slice`, as if their rows and bytes were spread evenly.
    pub(super) fn within(&self, slice: (i64, i64)) -> Weighed {
        let (from, to) = self.asked(slice);
        let mut all = Weighed {
            rows: 0,
            bytes: 0,
            times: (i64::MAX, i64::MIN),
        };
        for chunk in &self.chunks {
            let (first, last) = (chunk.first.max(from), chunk.last.min(to));
            if first > last {
                continue;
            }
            if (first, last) == (chunk.first, chunk.last) {
                all.rows += chunk.rows;
                all.bytes += chunk.bytes;
            } else {
                let share = span(first, last) / span(chunk.first, chunk.last);
                all.rows += (chunk.rows as f64 * share).ceil() as u64;
                all.bytes += (chunk.bytes as f64 * share).ceil() as u64;
            }
            all.times = (all.times.0.min(first), all.times.1.max(last));
        }
        all
    }
}

/// How many times there are.
pub(super) fn span(first: i64, last: i64) -> f64 {
    last as f64 - first as f64 + 1.0
}

/// Weighs the devices of one file.
pub(super) struct Weigher<'a> {
    shared: &'a Shared,
    work: &'a FileWork,
    index: &'a Index,
    sizes: ChunkSizes,
    near: usize,
    /// Names of the columns that are read, of the narrow and the table form, and whether the kinds of series are among them.
    names: HashSet<&'a str>,
    read_kinds: Vec<bool>,
    /// Those of the wide form, each with the length of its measurement.
    paths: HashSet<(&'a str, usize)>,
    path: String,
    /// First and last time of each branch, and whether its siblings are read.
    branches: Vec<((i64, i64), bool)>,
}

impl<'a> Weigher<'a> {
    pub(super) fn new(shared: &'a Shared, work: &'a FileWork) -> Result<Self> {
        Self::with(shared, work, ChunkSizes::of(&work.reader)?)
    }

    /// Knows the sizes of the chunks of the devices that it will be asked about.
    pub(super) fn with(shared: &'a Shared, work: &'a FileWork, sizes: ChunkSizes) -> Result<Self> {
        let index = work.reader.index()?;
        let (mut names, mut paths) = (HashSet::new(), HashSet::new());
        for value in &shared.values {
            match shared.columns.form {
                Form::Wide => {
                    paths.insert((value.name.as_str(), value.measurement_bytes));
                }
                _ => {
                    names.insert(value.name.as_str());
                }
            }
        }
        let of_branch = |branch: &Branch| {
            let spans = branch.times.spans();
            let first = spans.first().map_or(i64::MAX, |s| s.0);
            let last = spans.last().map_or(i64::MIN, |s| s.1);
            ((first, last), shared.needs_siblings(&branch.residual))
        };
        Ok(Self {
            sizes,
            near: 0,
            read_kinds: index.kinds().map(|m| names.contains(&**m)).collect(),
            names,
            paths,
            path: String::new(),
            branches: shared.branches.iter().map(of_branch).collect(),
            shared,
            work,
            index,
        })
    }

    /// Adds devices of the file, by their places in the order of the plan. In the narrow and the table form they are one device.
    pub(super) fn add(&mut self, places: std::ops::Range<usize>, out: &mut Weights) -> Result<()> {
        for at in places {
            let branch = self.branches.get(self.work.devices.branch(at)).copied();
            let (asked, siblings) = branch.unwrap_or(((i64::MAX, i64::MIN), false));
            out.asked = Some(match out.asked {
                Some((first, last)) => (asked.0.min(first), asked.1.max(last)),
                None => asked,
            });
            let position = self.work.devices.positions.get(at);
            if let Some(device) = position.and_then(|&p| self.index.device(p as usize)) {
                if device.is_aligned() {
                    self.aligned(device, siblings, out)?;
                } else {
                    self.plain(device, siblings, out)?;
                }
            }
        }
        Ok(())
    }

    fn plain(&mut self, device: DeviceRef<'_>, siblings: bool, out: &mut Weights) -> Result<()> {
        self.begin(device);
        for k in 0..device.series_count() {
            if !siblings && !self.is_read(&device.series(k)?) {
                continue;
            }
            device.chunks(k, |chunk| {
                let bytes = self.sizes.bytes(&chunk, &mut self.near);
                out.chunks.extend(weight(&chunk, bytes));
            })?;
        }
        Ok(())
    }

    fn aligned(&mut self, device: DeviceRef<'_>, siblings: bool, out: &mut Weights) -> Result<()> {
        self.begin(device);
        let projected = self.shared.request.rows == Rows::Projected;
        let only_present = projected || self.shared.columns.form == Form::Wide;
        // Time chunks, each with its place among the weights.
        let mut groups: Vec<(u64, Option<usize>)> = Vec::new();
        device.chunks(0, |chunk| {
            let bytes = self.sizes.bytes(&chunk, &mut self.near);
            let weight = weight(&chunk, bytes);
            groups.push((chunk.offset, weight.is_some().then_some(out.chunks.len())));
            out.chunks.extend(weight);
        })?;
        groups.sort_unstable();
        for k in 1..device.series_count() {
            let counts = siblings && only_present;
            if !counts && !self.is_read(&device.series(k)?) {
                continue;
            }
            device.chunks(k, |chunk| {
                let bytes = self.sizes.bytes(&chunk, &mut self.near);
                let before = groups.partition_point(|g| g.0 < chunk.offset);
                let group = before.checked_sub(1).and_then(|i| groups.get(i));
                let place = group.and_then(|g| g.1);
                if let Some(weight) = place.and_then(|i| out.chunks.get_mut(i)) {
                    weight.bytes += bytes;
                }
            })?;
        }
        Ok(())
    }

    fn begin(&mut self, device: DeviceRef<'_>) {
        if self.shared.columns.form == Form::Wide {
            self.path.clear();
            device.id().write_path(&mut self.path);
            self.path.push('.');
        }
    }

    /// Whether values of a series are read.
    fn is_read(&mut self, series: &SeriesRef<'_>) -> bool {
        if self.shared.columns.form == Form::Wide {
            let device_bytes = self.path.len();
            self.path.push_str(series.measurement);
            let key = (self.path.as_str(), series.measurement.len());
            let found = self.paths.contains(&key);
            self.path.truncate(device_bytes);
            return found;
        }
        let known = series.kind.and_then(|kind| self.read_kinds.get(kind));
        known.map_or_else(|| self.names.contains(series.measurement), |read| *read)
    }
}

/// What a chunk is that `bytes` bytes are read for; nothing without a point.
fn weight(chunk: &ChunkAt, bytes: u64) -> Option<Weight> {
    let (first, last, rows) = match &chunk.statistics {
        Some(s) => s.time_range().map(|(a, b)| (a, b, s.count))?,
        // Nobody counted.
        None => (i64::MIN, i64::MAX, 0),
    };
    Some(Weight {
        first,
        last,
        rows,
        bytes,
    })
}
