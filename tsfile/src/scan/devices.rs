//! Which devices of a file are read, in which order, and from which chunks.

use super::request::{DeviceFilter, Rows};
use crate::model::Form;
use crate::model::{DeviceId, Model};
use crate::read::each::try_map;
use crate::read::plan::{SourceColumn, SourcePlan};
use crate::read::{DeviceRef, Index, SeriesRef, TsFileReader};
use crate::{Error, Result};
use std::ops::Range;
use std::sync::Arc;

/// Fewer devices than this are looked at in less time than a thread starts in.
const LEAST_SHARE: usize = if cfg!(test) { 2 } else { 16 << 10 };

/// Devices of one file in the order in which they are presented. One device can be in the index twice, when two spellings
/// of it (with and without trailing null tags) come to the same.
#[derive(Debug, Clone)]
pub(super) struct FileDevices {
    /// Positions in the index; equal devices are neighbours.
    pub(super) positions: Vec<u32>,
    /// Number of the branch of the filter that each of them is in; empty when all are in the first.
    branches: Vec<u16>,
    /// Whether it is known that no two of them are the same device.
    distinct: bool,
}

impl FileDevices {
    /// Of a device that no branch has.
    pub(super) const NO_BRANCH: u16 = u16::MAX;

    /// All in the first branch of the filter.
    pub(super) fn new(positions: Vec<u32>) -> Self {
        Self {
            positions,
            branches: Vec::new(),
            distinct: false,
        }
    }

    /// Leaves no device.
    pub(super) fn clear(&mut self) {
        self.positions.clear();
    }

    /// Leaves the devices that `keep` is true for, before they have branches.
    pub(super) fn retain(&mut self, index: &Index, keep: impl Fn(&DeviceId) -> bool) {
        self.positions.retain(|&position| {
            let device = index.device(position as usize);
            device.is_some_and(|device| keep(device.id()))
        });
    }

    /// Takes the branch of each device from `branches` and drops those that are in none.
    pub(super) fn assign(&mut self, branches: &mut impl Iterator<Item = u16>) {
        let given: Vec<(u32, u16)> = self.positions.iter().copied().zip(branches).collect();
        let kept = || given.iter().filter(|(_, b)| *b != Self::NO_BRANCH);
        self.positions = kept().map(|(p, _)| *p).collect();
        self.branches = kept().map(|(_, b)| *b).collect();
    }

    /// Some of the devices, which stay in their order.
    pub(super) fn part(&self, range: &Range<u32>) -> Self {
        let range = range.start as usize..range.end as usize;
        Self {
            positions: self.positions.get(range.clone()).unwrap_or(&[]).to_vec(),
            branches: self.branches.get(range).unwrap_or(&[]).to_vec(),
            distinct: self.distinct,
        }
    }

    /// The branch of number `at` of the devices.
    pub(super) fn branch(&self, at: usize) -> usize {
        self.branches.get(at).map_or(0, |&b| usize::from(b))
    }

    /// Tree devices by byte order of their path, only those in `wanted` when given.
    pub(super) fn of_tree(
        reader: &TsFileReader,
        wanted: Option<&[String]>,
        filter: Option<&DeviceFilter>,
    ) -> Result<Self> {
        let index = reader.index()?;
        let mut named: Vec<(String, u32)> = Vec::new();
        for device in index.devices() {
            if reader.model_of(device.id()) == Model::Tree {
                let path = device.id().path();
                let kept = filter.is_none_or(|f| f.keeps(device.id()));
                if kept && wanted.is_none_or(|w| w.contains(&path)) {
                    named.push((path, position(&device)?));
                }
            }
        }
        named.sort();
        Ok(Self::new(named.into_iter().map(|(_, p)| p).collect()))
    }

    /// Devices of a table by their tags, null first; `threads` threads look at the devices of a file that has very many.
    pub(super) fn of_table(
        reader: &TsFileReader,
        table: &str,
        filter: Option<&DeviceFilter>,
        threads: usize,
    ) -> Result<Self> {
        let index = reader.index()?;
        let count = index.device_count();
        let share = count.div_ceil(threads.max(1)).max(LEAST_SHARE);
        let shares: Vec<Range<usize>> = (0..count)
            .step_by(share)
            .map(|from| from..count.min(from + share))
            .collect();
        let found = try_map(&shares, threads, |share| {
            Neighbours::of_table(reader, share.clone(), table, filter)
        })?;
        let mut found = found.into_iter();
        let mut all = found.next().unwrap_or_default();
        for next in found {
            all.append(next);
        }
        let mut positions = all.positions;
        // Most files have them in order.
        if all.unordered {
            let id = |p: u32| index.device(p as usize).map(|d| d.id());
            let tags = |p| id(p).into_iter().flat_map(tags);
            positions.sort_by(|&a, &b| tags(a).cmp(tags(b)));
        }
        Ok(Self {
            distinct: !all.unordered,
            ..Self::new(positions)
        })
    }

    /// The positions that are the same device as number `at`.
    pub(super) fn run(&self, index: &Index, at: usize) -> &[u32] {
        let rest = self.positions.get(at..).unwrap_or(&[]);
        if self.distinct {
            return rest.get(..1).unwrap_or(&[]);
        }
        let id = |p: &u32| index.device(*p as usize).map(|d| d.id());
        let first = rest.first().and_then(id);
        let n = rest.iter().take_while(|p| id(p) == first).count();
        rest.get(..n).unwrap_or(&[])
    }
}

/// Devices of a table that stand next to each other in the index.
#[derive(Debug, Default)]
struct Neighbours<'a> {
    positions: Vec<u32>,
    /// Whether some device does not come before the next one by its tags.
    unordered: bool,
    ends: Option<(&'a DeviceId, &'a DeviceId)>,
}

impl<'a> Neighbours<'a> {
    fn of_table(
        reader: &'a TsFileReader,
        share: Range<usize>,
        table: &str,
        filter: Option<&DeviceFilter>,
    ) -> Result<Self> {
        let index = reader.index()?;
        // The model follows from the table.
        let mut model = None;
        let mut is_table = |id| *model.get_or_insert_with(|| reader.model_of(id)) == Model::Table;
        let mut out = Self {
            positions: Vec::with_capacity(share.len()),
            ..Self::default()
        };
        for device in share.filter_map(|position| index.device(position)) {
            let id = device.id();
            let of_table = id.table() == table && is_table(id);
            if of_table && filter.is_none_or(|f| f.keeps(id)) {
                out.push(id, position(&device)?);
            }
        }
        Ok(out)
    }

    fn push(&mut self, id: &'a DeviceId, position: u32) {
        let (first, last) = self.ends.map_or((id, None), |(a, b)| (a, Some(b)));
        self.unordered |= last.is_some_and(|last| !is_before(last, id));
        self.ends = Some((first, id));
        self.positions.push(position);
    }

    /// Takes those that stand behind it.
    fn append(&mut self, next: Self) {
        let meet = self.ends.zip(next.ends);
        let meet = meet.is_some_and(|((_, last), (first, _))| !is_before(last, first));
        self.unordered |= next.unordered || meet;
        self.positions.extend(next.positions);
        self.ends = match (self.ends, next.ends) {
            (Some((first, _)), Some((_, last))) => Some((first, last)),
            (one, other) => one.or(other),
        };
    }
}

fn is_before(a: &DeviceId, b: &DeviceId) -> bool {
    tags(a).lt(tags(b))
}

fn position(device: &DeviceRef<'_>) -> Result<u32> {
    u32::try_from(device.position()).map_err(|_| Error::argument("more than 4 G devices"))
}

/// Tag values; trailing nulls are gone, and an absent tag sorts before any other as a null does.
fn tags(id: &DeviceId) -> impl Iterator<Item = Option<&str>> {
    id.segments().skip(1)
}

/// Where the values of a series go: its output column, and its measurement as sources name it.
pub(super) type Destination = (Option<usize>, Arc<str>);

/// Where the values of a device go.
pub(super) struct Target<'a> {
    pub(super) form: Form,
    pub(super) rows: Rows,
    /// Whether series that go nowhere are read all the same, since a row exists where they have a point.
    pub(super) siblings: bool,
    pub(super) destination: &'a dyn Fn(&SeriesRef<'_>) -> Destination,
}

/// The sources of one device, which errors call `name`: one for each chunk of a non-aligned series, one for each aligned group.
pub(super) fn sources(
    device: DeviceRef<'_>,
    name: &Arc<str>,
    target: &Target<'_>,
    out: &mut Vec<SourcePlan>,
) -> Result<()> {
    let result = if device.is_aligned() {
        aligned(device, name, target, out)
    } else {
        plain(device, name, target, out)
    };
    result.map_err(|e| e.device(&**name))
}

fn plain(
    device: DeviceRef<'_>,
    name: &Arc<str>,
    target: &Target<'_>,
    out: &mut Vec<SourcePlan>,
) -> Result<()> {
    for k in 0..device.series_count() {
        let (column, measurement) = (target.destination)(&device.series(k)?);
        if column.is_none() && !target.siblings {
            continue;
        }
        device.chunks(k, |chunk| {
            out.push(SourcePlan {
                device: name.clone(),
                time: None,
                columns: vec![SourceColumn {
                    column,
                    measurement: measurement.clone(),
                    chunk,
                }],
                only_present: false,
                alone: false,
            });
        })?;
    }
    Ok(())
}

fn aligned(
    device: DeviceRef<'_>,
    name: &Arc<str>,
    target: &Target<'_>,
    out: &mut Vec<SourcePlan>,
) -> Result<()> {
    // In the wide form a row needs a point of some series; so it does when rows are projected.
    let only_present = target.form == Form::Wide || target.rows == Rows::Projected;
    let others_count = only_present && target.siblings;
    let first = out.len();
    device.chunks(0, |chunk| {
        out.push(SourcePlan {
            device: name.clone(),
            time: Some(chunk),
            columns: Vec::with_capacity(device.series_count() - 1),
            only_present,
            alone: false,
        });
    })?;
    let groups = out.get_mut(first..).unwrap_or(&mut []);
    groups.sort_by_key(SourcePlan::order);
    for k in 1..device.series_count() {
        let (column, measurement) = (target.destination)(&device.series(k)?);
        if column.is_none() && !others_count {
            continue;
        }
        let mut lost = None;
        device.chunks(k, |chunk| {
            // Value chunks go to the group whose time chunk is the last one before them: time comes first in a chunk group.
            let at = groups.partition_point(|g| g.order() < chunk.offset);
            match at.checked_sub(1).and_then(|i| groups.get_mut(i)) {
                Some(group) => group.columns.push(SourceColumn {
                    column,
                    measurement: measurement.clone(),
                    chunk,
                }),
                None => lost = Some(chunk.offset),
            }
        })?;
        if let Some(offset) = lost {
            return Err(Error::corrupt(
                "chunk metadata",
                "a value chunk lies before every time chunk of its device",
            )
            .at(offset)
            .measurement(&*measurement));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn neighbours(devices: &[DeviceId], range: Range<usize>) -> Neighbours<'_> {
        let mut out = Neighbours::default();
        for at in range {
            out.push(&devices[at], u32::try_from(at).unwrap());
        }
        out
    }

    #[test]
    fn neighbours_know_together_whether_devices_are_in_order() {
        let device = |tag: Option<&str>| DeviceId::new([Some("t"), tag, Some("x")]);
        let (mut ordered, mut unordered) = (0, 0);
        // All ways to take four of four devices.
        let all = [None, Some("a"), Some("b"), Some("c")].map(device);
        for number in 0..256 {
            let picked = [0, 2, 4, 6].map(|bits| all[number >> bits & 3].clone());
            let in_order = picked.is_sorted_by(is_before);
            for (one, two) in (0..=4).flat_map(|a| (a..=4).map(move |b| (a, b))) {
                let mut found = neighbours(&picked, 0..one);
                found.append(neighbours(&picked, one..two));
                found.append(neighbours(&picked, two..4));
                assert_eq!(found.positions, [0, 1, 2, 3]);
                assert_eq!(
                    !found.unordered, in_order,
                    "{picked:?} cut at {one} and {two}"
                );
            }
            ordered += usize::from(in_order);
            unordered += usize::from(!in_order);
        }
        assert_eq!((ordered, unordered), (1, 255));
    }
}
