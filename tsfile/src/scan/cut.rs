//! The work of one file in pieces of about equal bytes.

use super::plan::{FileWork, Shared};
use super::split::{Part, Split, number, ordering};
use super::weigh::{Weighed, Weigher, Weights, span};
use crate::Result;
use crate::model::Form;
use std::ops::Range;

/// The places of a split's devices in the index take so many bytes at most when they are sent to another process.
pub(super) const MOST_PLACE_BYTES: usize = 512;

/// What it takes to say where devices are when places in the index mean nothing to others, since only a part of it was read.
const EXTENT_BYTES: usize = 40;

/// Cuts the work of one file.
pub(super) struct Cutter<'a> {
    shared: &'a Shared,
    pub(super) work: &'a FileWork,
    file: u32,
    pub(super) target: u64,
    pub(super) weigher: Weigher<'a>,
    /// The split that grows, and what its places take.
    pub(super) open: Option<(Split, usize)>,
}

impl<'a> Cutter<'a> {
    pub(super) fn new(
        shared: &'a Shared,
        work: &'a FileWork,
        file: u32,
        target: u64,
        weigher: Weigher<'a>,
    ) -> Self {
        Self {
            shared,
            work,
            file,
            target,
            weigher,
            open: None,
        }
    }

    pub(super) fn run(mut self, out: &mut Vec<Split>) -> Result<()> {
        let index = self.work.reader.index()?;
        let positions = &self.work.devices.positions;
        let wide = self.shared.columns.form == Form::Wide;
        let mut weights = Weights::default();
        let mut at = 0;
        while at < positions.len() {
            let count = if wide {
                positions.len()
            } else {
                self.work.devices.run(index, at).len().max(1)
            };
            weights.clear();
            self.weigher.add(at..at + count, &mut weights)?;
            self.add(at..at + count, &weights, out);
            at += count;
        }
        out.extend(self.open.map(|o| o.0));
        Ok(())
    }

    /// Adds a device to the split that grows, or, when it is too large, cuts it by time.
    fn add(&mut self, places: Range<usize>, weights: &Weights, out: &mut Vec<Split>) {
        let slice = self.work.slice;
        let weight = weights.within(slice);
        if weight.bytes > self.target {
            out.extend(self.open.take().map(|o| o.0));
            self.cut(places, weights, out);
            return;
        }
        let devices = match self.shared.columns.form {
            Form::Wide => places.len() as u64,
            Form::Narrow | Form::Table => 1,
        };
        self.grow(places, devices, weight, out);
    }

    /// Adds devices to the split that grows, or begins the next one with them.
    pub(super) fn grow(
        &mut self,
        places: Range<usize>,
        devices: u64,
        weight: Weighed,
        out: &mut Vec<Split>,
    ) {
        let more = self.place_bytes(places.clone());
        let full = self.open.as_ref().is_some_and(|(open, bytes)| {
            open.bytes + weight.bytes > self.target || bytes + more > MOST_PLACE_BYTES
        });
        if full {
            out.extend(self.open.take().map(|o| o.0));
        }
        match &mut self.open {
            Some((open, bytes)) => {
                *bytes += more;
                open.devices += devices;
                open.rows += weight.rows;
                open.bytes += weight.bytes;
                let (first, last) = weight.times;
                open.times = (open.times.0.min(first), open.times.1.max(last));
                if let Some(part) = open.parts.last_mut() {
                    part.devices.end = number(places.end);
                }
            }
            None => {
                let mut split = self.split(places, self.work.slice, weight);
                split.devices = devices;
                self.open = Some((split, more));
            }
        }
    }

    /// What the places of devices in the index add to those before them: nothing where they go on.
    fn place_bytes(&self, places: Range<usize>) -> usize {
        let positions = &self.work.devices.positions;
        let mut last = places.start.checked_sub(1).and_then(|i| positions.get(i));
        let narrowed = self.work.reader.is_narrowed();
        let mut bytes = 0;
        for position in positions.get(places).unwrap_or(&[]) {
            let follows = last.and_then(|l| l.checked_add(1)) == Some(*position);
            let distance = last.map_or(*position, |l| l.abs_diff(*position));
            let before = last.replace(position);
            bytes += match follows {
                true if !narrowed || before.is_some_and(|b| self.are_neighbours(*b, *position)) => {
                    0
                }
                _ if narrowed => EXTENT_BYTES,
                // Seven bits a byte, one for the sign, and how many follow.
                _ => 2 + (33 - distance.leading_zeros() as usize).div_ceil(7),
            };
        }
        bytes
    }

    /// Whether devices that follow one another in a part of the index do so in the whole of it.
    fn are_neighbours(&self, before: u32, position: u32) -> bool {
        let index = self.work.reader.index();
        let extents = index.and_then(|index| index.extents(&[before, position]));
        matches!(extents, Ok(Some(extents)) if extents.len() == 1)
    }

    /// Cuts a large device where chunks begin: where none is under way if it can be, so that none is read twice.
    fn cut(&self, places: Range<usize>, weights: &Weights, out: &mut Vec<Split>) {
        let (first, last) = self.work.slice;
        let target = self.target as f64;
        let (mut from, mut bytes) = (first, 0.0);
        for stretch in stretches(weights, self.work.slice) {
            let begin = stretch.begin;
            let more = stretch.ahead_bytes;
            let worth_it = stretch.is_clean || bytes * 2.0 >= target;
            if worth_it && bytes > 0.0 && bytes + more > target && begin > from && begin <= last {
                let slice = (from, begin - 1);
                out.push(self.split(places.clone(), slice, weights.within(slice)));
                (from, bytes) = (begin, 0.0);
            }
            bytes += stretch.bytes;
        }
        let slice = (from, last);
        out.push(self.split(places, slice, weights.within(slice)));
    }

    fn split(&self, places: Range<usize>, slice: (i64, i64), weight: Weighed) -> Split {
        let form = self.shared.columns.form;
        Split {
            devices: match form {
                Form::Wide => places.len() as u64,
                Form::Narrow | Form::Table => 1,
            },
            parts: vec![Part {
                file: self.file,
                devices: number(places.start)..number(places.end),
                slice,
                joined: false,
            }],
            times: weight.times,
            rows: weight.rows,
            bytes: weight.bytes,
            ordering: ordering(form),
        }
    }
}

/// The time from where a chunk begins to where the next one does.
struct Stretch {
    begin: i64,
    /// Of all chunks that are under way in it, as if these were spread evenly.
    bytes: f64,
    /// Whether no chunk is under way before it.
    is_clean: bool,
    /// Bytes up to the next stretch at which a cut is as good.
    ahead_bytes: f64,
}

fn stretches(weights: &Weights, slice: (i64, i64)) -> Vec<Stretch> {
    let asked = weights.asked(slice);
    let chunks = weights.chunks.iter();
    let chunks = chunks.filter(|c| c.last >= asked.0 && c.first <= asked.1);
    // Where a chunk begins or has ended, and what it adds to the bytes of each time; ends come first.
    let mut changes: Vec<(i64, bool, f64)> = chunks
        .flat_map(|c| {
            let density = c.bytes as f64 / span(c.first, c.last);
            let end = c.last.saturating_add(1);
            [(c.first, true, density), (end, false, -density)]
        })
        .collect();
    changes.sort_by_key(|change| (change.0, change.1));
    let mut out: Vec<Stretch> = Vec::new();
    let (mut density, mut under_way, mut time) = (0.0, 0usize, i64::MIN);
    for (at, begins, change) in changes {
        if let Some(stretch) = out.last_mut() {
            stretch.bytes += density * (at as f64 - time as f64);
        }
        if begins {
            if out.last().is_none_or(|stretch| stretch.begin < at) {
                out.push(Stretch {
                    begin: at,
                    bytes: 0.0,
                    is_clean: under_way == 0,
                    ahead_bytes: 0.0,
                });
            }
            under_way += 1;
        } else {
            under_way = under_way.saturating_sub(1);
        }
        density = if under_way == 0 {
            0.0
        } else {
            density + change
        };
        time = at;
    }
    let mut ahead = 0.0;
    for stretch in out.iter_mut().rev() {
        ahead += stretch.bytes;
        stretch.ahead_bytes = if stretch.is_clean {
            std::mem::take(&mut ahead)
        } else {
            stretch.bytes
        };
    }
    out
}
