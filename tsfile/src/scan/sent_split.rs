//! A split in bytes for another process, small: which devices of which files, at which times.
//!
//! ```text
//! version  u8 = 2      what  u8 = 'S'      how  u8 = 0
//! files    count, then each: name without the prefix of the plan, length, u8 + time of modification
//! parts    count, then each: file, u8 (1 joined, 2 all devices, 4 extents), first and last time, places in the index: count, then each
//!          distance from the end of the last one, how many; or extents: count, then each as `DeviceExtent` writes it
//! ```
//!
//! One device in so many files that this is too large is looked up by its name, in files that the shared part lists:
//!
//! ```text
//! version  u8 = 2      what  u8 = 'S'      how  u8 = 1
//! device   count, then each segment: string or null
//! joined   u8 of the first file, u8 of the others          first and last time
//! files    count, then each: distance from the number of the last one
//! ```

use super::cut::MOST_PLACE_BYTES;
use super::devices::FileDevices;
use super::plan::{FileWork, ScanPlan};
use super::shared_plan::{
    SPLIT, SharedPlan, begin, check_end, check_version, flag, number, string,
};
use super::split::{Part, Split, ordering};
use crate::model::DeviceId;
use crate::read::{DeviceExtent, TsFileReader};
use crate::wire::{ByteReader, ByteWriter};
use crate::{Error, Result};
use std::ops::Range;

/// Larger splits of one device say its name alone.
const MOST_BYTES: usize = 1024;
const BY_PLACE: u8 = 0;
const BY_NAME: u8 = 1;
const JOINED: u8 = 1;
const ALL: u8 = 2;
const EXTENTS: u8 = 4;
/// More extents than this are not sent where places can be: the whole index is read then.
const MOST_EXTENTS: usize = 8;
/// Extents of fewer devices than this are far from each other.
const DEVICES_IN_A_ROW: usize = 16;
/// An index that is in memory serves a split when it has at most so many devices, or so many times those of the split.
const FEW_DEVICES: usize = 4096;
const MOST_AT_HAND: usize = 4;

/// A split as it is sent.
pub(super) struct SentSplit {
    pub(super) files: Vec<SentFile>,
    parts: Vec<SentPart>,
}

#[derive(Debug, Clone)]
pub(super) struct SentFile {
    /// Without the prefix.
    pub(super) name: String,
    size_bytes: u64,
    modified_ns: Option<i64>,
}

struct SentPart {
    file: usize,
    joined: bool,
    /// All devices of the form and of the request; else those at `places` in the index.
    all: bool,
    slice: (i64, i64),
    /// First one and how many, in the order of the plan.
    places: Vec<(u32, u32)>,
    by_extents: bool,
    /// Where the devices are in the index, when that is said instead.
    extents: Vec<DeviceExtent>,
    /// The device, when its name alone is said.
    device: Option<DeviceId>,
}

impl Split {
    /// The split for another process, which has what [`ScanPlan::encode_shared`] gives of `plan`, the plan that it was made of. It is smaller than
    /// 1 KiB, unless file names differ in hundreds of bytes, or a keyed split has a device that many hundreds of files hold: each of them takes a
    /// byte or two.
    ///
    /// # Errors
    /// It was made of another plan.
    pub fn encode(&self, plan: &ScanPlan) -> Result<Vec<u8>> {
        let by_place = self.encode_places(plan)?;
        if by_place.len() < MOST_BYTES {
            return Ok(by_place);
        }
        Ok(self.encode_name(plan)?.unwrap_or(by_place))
    }

    /// By the name of its device, when it is of one, and the shared part lists its files.
    fn encode_name(&self, plan: &ScanPlan) -> Result<Option<Vec<u8>>> {
        let Some(first) = self.parts.first() else {
            return Ok(None);
        };
        let mut named: Option<DeviceId> = None;
        for part in &self.parts {
            let (Some(work), true) = (
                plan.files.get(part.file as usize),
                part.slice == first.slice,
            ) else {
                return Ok(None);
            };
            let index = work.reader.index()?;
            let range = part.devices.start as usize..part.devices.end as usize;
            for &position in work.devices.positions.get(range).unwrap_or(&[]) {
                let device = index.device(position as usize).map(|d| d.id());
                if named.is_some() && named.as_ref() != device {
                    return Ok(None);
                }
                named = device.cloned();
            }
        }
        let joined = self.parts.get(1).is_some_and(|p| p.joined);
        if self.parts.iter().skip(1).any(|p| p.joined != joined) {
            return Ok(None);
        }
        let files: Vec<u32> = self.parts.iter().map(|p| p.file).collect();
        let ascending = files.iter().zip(files.iter().skip(1)).all(|(a, b)| a < b);
        let Some(device) = named.filter(|_| ascending && plan.lists_files()) else {
            return Ok(None);
        };
        let mut w = begin(SPLIT);
        w.u8(BY_NAME);
        w.uvarint(device.segment_count() as u64);
        for segment in device.segments() {
            w.varstr(segment);
        }
        w.u8(first.joined.into()).u8(joined.into());
        w.svarint(first.slice.0).svarint(first.slice.1);
        w.uvarint(files.len() as u64);
        let mut last = 0;
        for file in files {
            w.uvarint(u64::from(file - last));
            last = file;
        }
        Ok(Some(w.into_bytes()))
    }

    fn encode_places(&self, plan: &ScanPlan) -> Result<Vec<u8>> {
        let mut files: Vec<u32> = self.parts.iter().map(|p| p.file).collect();
        files.sort_unstable();
        files.dedup();
        let other = || Error::argument("the split was made of another plan");
        let mut w = begin(SPLIT);
        w.u8(BY_PLACE);
        w.uvarint(files.len() as u64);
        for file in &files {
            let work = plan.files.get(*file as usize).ok_or_else(other)?;
            write_file(plan, work, &mut w)?;
        }
        w.uvarint(self.parts.len() as u64);
        for part in &self.parts {
            let work = plan.files.get(part.file as usize).ok_or_else(other)?;
            let file = files.binary_search(&part.file).map_err(|_| other())?;
            let range = part.devices.start as usize..part.devices.end as usize;
            let positions = work.devices.positions.get(range).ok_or_else(other)?;
            let (how, places) = devices(plan, work, positions)?;
            let joined = if part.joined { JOINED } else { 0 };
            w.uvarint(file as u64);
            w.u8(joined | how);
            w.svarint(part.slice.0).svarint(part.slice.1);
            w.bytes(&places);
        }
        Ok(w.into_bytes())
    }
}

/// A file as it was when the plan was made.
pub(super) fn write_file(plan: &ScanPlan, work: &FileWork, w: &mut ByteWriter) -> Result<()> {
    let name = work.reader.name().strip_prefix(&*plan.prefix);
    let other = || Error::argument("the split was made of another plan");
    w.varstr(Some(name.ok_or_else(other)?));
    w.uvarint(work.reader.size_bytes());
    let modified = work.reader.modified_ns();
    w.u8(modified.is_some().into());
    w.svarint(modified.unwrap_or(0));
    Ok(())
}

/// How devices are said, and where they are.
fn devices(plan: &ScanPlan, work: &FileWork, positions: &[u32]) -> Result<(u8, Vec<u8>)> {
    let mut w = ByteWriter::new();
    let narrowed = work.reader.is_narrowed();
    let mut sorted = positions.to_vec();
    sorted.sort_unstable();
    let runs = sorted.chunk_by(|a, b| a.checked_add(1) == Some(*b)).count();
    if narrowed || runs <= MOST_EXTENTS {
        let extents = work.reader.index()?.extents(&sorted)?.unwrap_or_default();
        let few = !extents.is_empty() && extents.len() <= MOST_EXTENTS;
        if narrowed || few {
            w.uvarint(extents.len() as u64);
            extents.iter().for_each(|extent| extent.serialize(&mut w));
            return Ok((EXTENTS, w.into_bytes()));
        }
    }
    write_places(positions, &mut w);
    // Who chose devices by a function cannot send it.
    let is_all = positions.len() == work.devices.positions.len()
        && plan.shared.request.device_filter.is_none();
    if is_all && w.position() > MOST_PLACE_BYTES {
        let mut none = ByteWriter::new();
        write_places(&[], &mut none);
        return Ok((ALL, none.into_bytes()));
    }
    Ok((0, w.into_bytes()))
}

/// Runs of positions that follow one another.
fn write_places(positions: &[u32], w: &mut ByteWriter) {
    let runs = || positions.chunk_by(|a, b| a.checked_add(1) == Some(*b));
    w.uvarint(runs().count() as u64);
    let mut end = 0;
    for run in runs() {
        if let Some(first) = run.first() {
            w.svarint(i64::from(*first) - end);
            w.uvarint(run.len() as u64);
            end = i64::from(*first) + run.len() as i64;
        }
    }
}

impl SentSplit {
    /// Reads what [`Split::encode`] wrote of a plan with these files.
    pub(super) fn parse(bytes: &[u8], listed: &[SentFile]) -> Result<Self> {
        let mut r = ByteReader::new(bytes, "encoded split");
        check_version(&mut r, SPLIT)?;
        if flag(&mut r)? {
            return Self::by_name(&mut r, listed);
        }
        let files = (0..r.count(4)?).map(|_| file(&mut r));
        let files = files.collect::<Result<Vec<_>>>()?;
        let parts = (0..r.count(5)?).map(|_| part(&mut r, files.len()));
        let parts = parts.collect::<Result<Vec<_>>>()?;
        check_end(&r)?;
        Ok(Self { files, parts })
    }

    fn by_name(r: &mut ByteReader<'_>, listed: &[SentFile]) -> Result<Self> {
        let segments = (0..r.count(1)?).map(|_| r.varstr());
        let device = DeviceId::new(segments.collect::<Result<Vec<_>>>()?);
        let joined = (flag(r)?, flag(r)?);
        let slice = (r.svarint64()?, r.svarint64()?);
        let (mut files, mut parts) = (Vec::new(), Vec::new());
        let mut number = 0usize;
        for file in 0..r.count(1)? {
            let distance = super::shared_plan::number(r)?;
            number = number.saturating_add(distance);
            match listed.get(number) {
                Some(known) if file == 0 || distance > 0 => files.push(known.clone()),
                _ => return Err(r.error("there is no such file").got(number)),
            }
            parts.push(SentPart {
                file,
                joined: if file == 0 { joined.0 } else { joined.1 },
                all: false,
                slice,
                places: Vec::new(),
                by_extents: false,
                extents: Vec::new(),
                device: Some(device.clone()),
            });
        }
        check_end(r)?;
        Ok(Self { files, parts })
    }

    /// Opens the files, and makes of them a plan with one split.
    pub(super) fn open(
        &self,
        plan: &SharedPlan,
        open: impl Fn(&str) -> Result<TsFileReader>,
    ) -> Result<(ScanPlan, Split)> {
        let mut readers = Vec::with_capacity(self.files.len());
        for file in &self.files {
            let reader = open(&format!("{}{}", plan.prefix, file.name))?;
            reader.check_is(file.size_bytes, file.modified_ns)?;
            reader.check_readable()?;
            readers.push(reader);
        }
        // Devices of each file that no part has had.
        let mut left: Vec<Option<u64>> = vec![None; readers.len()];
        let (mut works, mut parts) = (Vec::new(), Vec::new());
        for (number, part) in (0..).zip(&self.parts) {
            let (Some(reader), Some(left)) = (readers.get(part.file), left.get_mut(part.file))
            else {
                continue;
            };
            let devices = part.devices(plan, reader, left);
            let (reader, devices) = devices.map_err(|e| e.in_file(reader.name()))?;
            parts.push(Part {
                file: number,
                devices: 0..super::split::number(devices.positions.len()),
                slice: part.slice,
                joined: part.joined,
            });
            works.push(FileWork {
                reader,
                devices,
                slice: part.slice,
                is_scattered: part.is_scattered(),
                by_name: false,
            });
        }
        let all = ScanPlan {
            shared: plan.shared.clone(),
            files: works.into(),
            prefix: "".into(),
        };
        let split = Split {
            parts,
            devices: 0,
            times: (i64::MIN, i64::MAX),
            rows: 0,
            bytes: 0,
            ordering: ordering(plan.form()),
        };
        Ok((all, split))
    }
}

impl SentPart {
    fn is_scattered(&self) -> bool {
        let devices: usize = self.extents.iter().map(DeviceExtent::device_count).sum();
        self.device.is_some() || devices < self.extents.len() * DEVICES_IN_A_ROW
    }

    /// The devices, in the order of the plan, and the reader that knows them. The file has `left` of them that no part has had.
    fn devices(
        &self,
        plan: &SharedPlan,
        reader: &TsFileReader,
        left: &mut Option<u64>,
    ) -> Result<(TsFileReader, FileDevices)> {
        let shared = &plan.shared;
        let all = |reader: &TsFileReader, chosen: Option<&[String]>| match &shared.columns.table {
            Some(table) => FileDevices::of_table(reader, table, None, 1),
            None => FileDevices::of_tree(reader, chosen, None),
        };
        if let Some(device) = &self.device {
            let found = reader.lookup(std::slice::from_ref(device))?;
            let reader = reader.narrowed(found);
            let devices = all(&reader, None)?;
            return Ok((reader, devices));
        }
        if self.by_extents {
            if let Some(ranges) = self.at_hand(reader)? {
                let mut devices = all(reader, None)?;
                let is_there = |p: &u32| ranges.iter().any(|range| range.contains(p));
                devices.positions.retain(is_there);
                return Ok((reader.clone(), devices));
            }
            let reader = reader.narrowed(reader.index_at(&self.extents)?);
            let devices = all(&reader, None)?;
            return Ok((reader, devices));
        }
        if self.all {
            let devices = all(reader, shared.request.devices.as_deref())?;
            return Ok((reader.clone(), devices));
        }
        let count = reader.index()?.device_count() as u64;
        let wanted: u64 = self.places.iter().map(|(_, n)| u64::from(*n)).sum();
        let is_there = |(first, n): &(u32, u32)| u64::from(*first) + u64::from(*n) <= count;
        let rest = left.unwrap_or(count).checked_sub(wanted);
        if rest.is_none() || !self.places.iter().all(is_there) {
            return Err(Error::corrupt(
                "encoded split",
                "the file has no such devices",
            ));
        }
        *left = rest;
        let places = self.places.iter();
        let places = places.flat_map(|(first, n)| *first..*first + *n);
        Ok((reader.clone(), FileDevices::new(places.collect())))
    }
}

impl SentPart {
    /// The positions of the devices, where the whole index is in memory and is not much more than they are: nothing is read then.
    fn at_hand(&self, reader: &TsFileReader) -> Result<Option<Vec<Range<u32>>>> {
        if !reader.has_index() || reader.is_narrowed() {
            return Ok(None);
        }
        let index = reader.index()?;
        let devices: usize = self.extents.iter().map(DeviceExtent::device_count).sum();
        if index.device_count() > devices.saturating_mul(MOST_AT_HAND).max(FEW_DEVICES) {
            return Ok(None);
        }
        let ranges = self.extents.iter().map(|e| index.positions_of(e));
        Ok(ranges.collect())
    }
}

pub(super) fn file(r: &mut ByteReader<'_>) -> Result<SentFile> {
    let (name, size_bytes) = (string(r)?, r.uvarint64()?);
    let (known, modified) = (flag(r)?, r.svarint64()?);
    Ok(SentFile {
        name,
        size_bytes,
        modified_ns: known.then_some(modified),
    })
}

fn part(r: &mut ByteReader<'_>, files: usize) -> Result<SentPart> {
    let (file, flags) = (number(r)?, r.u8()?);
    if file >= files || flags & !(JOINED | ALL | EXTENTS) != 0 {
        return Err(r.error("a part of a split is no such thing"));
    }
    let slice = (r.svarint64()?, r.svarint64()?);
    let by_extents = flags & EXTENTS != 0;
    let (mut places, mut extents) = (Vec::new(), Vec::new());
    if by_extents {
        // Three numbers, and three ranges of two.
        for _ in 0..r.count(9)? {
            extents.push(DeviceExtent::parse(r)?);
        }
    }
    let count = if by_extents { 0 } else { r.count(2)? };
    let mut end = 0i64;
    for _ in 0..count {
        let (distance, n) = (r.svarint64()?, r.uvarint()?);
        let first = end.checked_add(distance);
        let first = first.and_then(|f| u32::try_from(f).ok());
        let first = first.filter(|f| f.checked_add(n).is_some());
        let first = first.ok_or_else(|| r.error("a place is out of range"))?;
        end = i64::from(first) + i64::from(n);
        places.push((first, n));
    }
    Ok(SentPart {
        file,
        joined: flags & JOINED != 0,
        all: flags & ALL != 0,
        slice,
        places,
        by_extents,
        extents,
        device: None,
    })
}
