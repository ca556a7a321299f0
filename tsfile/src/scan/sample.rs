//! The work of a file with very many devices in pieces, by a look at some of them: looking at all takes as long as reading many of them.
//!
//! ```text
//! | device | others of its group ......... | device | others ......
//! ^ first  ^ second                        ^ first of the next group
//!   weighed  what it weighs, by the bytes from here to there
//! ```

use super::cut::Cutter;
use super::plan::{FileWork, Shared};
use super::split::Split;
use super::weigh::{ChunkSizes, Weighed, Weigher, Weights};
use crate::Result;
use crate::model::Form;
use crate::read::Index;
use std::ops::Range;

/// About so many devices are weighed, of at least so many groups of this many.
const WEIGHED: usize = 4096;
const LEAST_GROUP: usize = 4;

/// Devices that follow one another in the file, of which the first is weighed.
struct Group {
    places: Range<usize>,
    /// Where the chunks of the first device begin, and those of the second.
    first: u64,
    second: u64,
}

/// Cuts the work of a file; false, and nothing is cut, where it has to be weighed device by device: there are not so many, they do not lie one
/// behind the other, or some are very large.
pub(super) fn by_samples(
    shared: &Shared,
    work: &FileWork,
    file: u32,
    target: u64,
    out: &mut Vec<Split>,
) -> Result<bool> {
    let mut offsets = Vec::new();
    let Some(groups) = groups(shared, work, &mut offsets)? else {
        return Ok(false);
    };
    let end = work.reader.data_end();
    let weigher = Weigher::with(shared, work, ChunkSizes::at(offsets, end))?;
    let mut cutter = Cutter::new(shared, work, file, target, weigher);
    let mut weights = Weights::default();
    let mut weighed = Vec::with_capacity(groups.len());
    for (i, group) in groups.iter().enumerate() {
        let next = groups.get(i + 1).map_or(end, |next| next.first);
        let at = group.places.start;
        weights.clear();
        cutter.weigher.add(at..at + 1, &mut weights)?;
        let one = weights.within(work.slice);
        let times = (next - group.first) as f64 / (group.second - group.first) as f64;
        let all = Weighed {
            rows: (one.rows as f64 * times).ceil() as u64,
            bytes: (one.bytes as f64 * times).ceil() as u64,
            times: weights.asked(work.slice),
        };
        if all.bytes > target {
            return Ok(false);
        }
        weighed.push(all);
    }
    for (group, weight) in groups.into_iter().zip(weighed) {
        let devices = group.places.len() as u64;
        cutter.grow(group.places, devices, weight, out);
    }
    out.extend(cutter.open.map(|open| open.0));
    Ok(true)
}

/// The groups, and the offsets of what is weighed of them and of what follows that.
fn groups(shared: &Shared, work: &FileWork, offsets: &mut Vec<u64>) -> Result<Option<Vec<Group>>> {
    let positions = &work.devices.positions;
    let each = positions.len() / WEIGHED;
    let one_by_one = || positions.is_sorted_by(|a, b| a.checked_add(1) == Some(*b));
    if each < LEAST_GROUP
        || shared.columns.form == Form::Wide
        || work.reader.is_narrowed()
        || !one_by_one()
    {
        return Ok(None);
    }
    let index = work.reader.index()?;
    let mut out: Vec<Group> = Vec::with_capacity(WEIGHED + 1);
    let mut end = 0;
    for start in (0..positions.len()).step_by(each) {
        let places = start..positions.len().min(start + each);
        let of = |place| positions.get(place).map(|p| *p as usize);
        let (Some(one), two) = (of(start), of(start + 1)) else {
            return Ok(None);
        };
        let from = offsets.len();
        // What is one device stays together.
        let before = start.checked_sub(1);
        let alone = |place: &usize| work.devices.run(index, *place).len() == 1;
        let is_apart = [before, Some(start)].iter().flatten().all(alone);
        if !is_apart || !single_chunks(index, one, offsets)? {
            return Ok(None);
        }
        let first = offsets
            .get(from..)
            .and_then(|own| own.iter().min().copied());
        let from = offsets.len();
        if let Some(two) = two {
            single_chunks(index, two, offsets)?;
        }
        let second = offsets
            .get(from..)
            .and_then(|own| own.iter().min().copied());
        let second = second.unwrap_or(work.reader.data_end());
        match first {
            Some(first) if end <= first && first < second => {
                out.push(Group {
                    places,
                    first,
                    second,
                });
                end = second;
            }
            _ => return Ok(None),
        }
    }
    let last = out
        .last()
        .is_some_and(|g| g.second <= work.reader.data_end());
    Ok(last.then_some(out))
}

/// Adds where the chunks of a device begin; false when a timeseries has several.
fn single_chunks(index: &Index, position: usize, offsets: &mut Vec<u64>) -> Result<bool> {
    let Some(device) = index.device(position) else {
        return Ok(false);
    };
    let mut single = true;
    for k in 0..device.series_count() {
        let before = offsets.len();
        device.chunks(k, |chunk| offsets.push(chunk.offset))?;
        single &= offsets.len() <= before + 1;
    }
    Ok(single)
}
