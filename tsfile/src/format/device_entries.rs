//! The entries of a device node: many devices of which few are wanted, so they share three buffers.

use super::{FormatVersion, parse_name, parse_offset};
use crate::model::DeviceId;
use crate::wire::ByteReader;
use crate::{Error, Result};

const MIN_SEGMENT_BYTES: usize = 1;
/// Entries of a node by default.
const USUAL_ENTRIES: usize = 256;
/// The text of a device is mostly no longer.
const USUAL_DEVICE_BYTES: usize = 32;

/// First device of each child of a node and where that child begins, in the order of the writer.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DeviceEntries {
    /// All segments, one behind the other.
    text: String,
    /// Where each segment ends in the text; `None` is a null.
    segments: Vec<Option<usize>>,
    entries: Vec<Entry>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Entry {
    /// Behind the last segment of the device, and behind the text of it.
    segments: usize,
    text: usize,
    offset: u64,
}

/// A device of a node, borrowed from it.
#[derive(Debug, Clone, Copy)]
pub struct EntryDevice<'a> {
    text: &'a str,
    /// Where the text of the device begins.
    start: usize,
    segments: &'a [Option<usize>],
}

impl<'a> EntryDevice<'a> {
    /// All segments; `None` is a null tag. Nulls at the end are left out, as in [`DeviceId`].
    pub fn segments(self) -> impl ExactSizeIterator<Item = Option<&'a str>> + Clone {
        let mut start = self.start;
        self.segments.iter().map(move |end| {
            let end = (*end)?;
            let from = std::mem::replace(&mut start, end);
            Some(self.text.get(from..end).unwrap_or(""))
        })
    }

    /// All that both devices say, one segment behind the other, where that compares as the devices do: they have no nulls, and all segments but the
    /// last are as long in both.
    pub(crate) fn in_one(self, other: Self) -> Option<(&'a str, &'a str)> {
        if self.segments.len() != other.segments.len() {
            return None;
        }
        let mut ends = (self.start, other.start);
        let mut alike = true;
        for (a, b) in self.segments.iter().zip(other.segments) {
            if !alike {
                return None;
            }
            ends = ((*a)?, (*b)?);
            alike = ends.0 - self.start == ends.1 - other.start;
        }
        let one = self.text.get(self.start..ends.0)?;
        Some((one, other.text.get(other.start..ends.1)?))
    }

    /// First segment: the table name in the table model.
    pub fn table(self) -> &'a str {
        self.segments().next().flatten().unwrap_or("")
    }

    /// The device on its own.
    pub fn to_id(self) -> DeviceId {
        DeviceId::new(self.segments())
    }

    /// Whether this is the device `id`.
    pub fn is(self, id: &DeviceId) -> bool {
        self.segments().eq(id.segments())
    }
}

impl DeviceEntries {
    /// Number of entries.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Whether all devices are in ASCII.
    pub fn is_ascii(&self) -> bool {
        self.text.is_ascii()
    }

    /// Entry number `i`.
    pub fn get(&self, i: usize) -> Option<(EntryDevice<'_>, u64)> {
        let entry = self.entries.get(i)?;
        let before = i.checked_sub(1).and_then(|i| self.entries.get(i));
        let (first, start) = before.map_or((0, 0), |e| (e.segments, e.text));
        let device = EntryDevice {
            text: &self.text,
            start,
            segments: self.segments.get(first..entry.segments).unwrap_or(&[]),
        };
        Some((device, entry.offset))
    }

    /// All devices on their own, in one allocation.
    pub fn ids(&self) -> impl Iterator<Item = DeviceId> {
        DeviceId::many(self.iter().map(|(device, _)| device.segments()))
    }

    /// Where child number `i` begins.
    pub fn offset(&self, i: usize) -> Option<u64> {
        self.entries.get(i).map(|e| e.offset)
    }

    /// All entries.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (EntryDevice<'_>, u64)> + Clone {
        (0..self.len()).map(|i| {
            let none = EntryDevice {
                text: "",
                start: 0,
                segments: &[],
            };
            self.get(i).unwrap_or((none, 0))
        })
    }

    /// Number of the first entry for which `is_before`, which no entry behind it is, is false.
    pub fn partition_point(&self, mut is_before: impl FnMut(EntryDevice<'_>) -> bool) -> usize {
        let (mut low, mut high) = (0, self.len());
        while low < high {
            let middle = low + (high - low) / 2;
            match self.get(middle) {
                Some((device, _)) if is_before(device) => low = middle + 1,
                _ => high = middle,
            }
        }
        low
    }

    /// Appends an entry.
    pub fn push(&mut self, device: &DeviceId, offset: u64) {
        for segment in device.segments() {
            self.push_segment(segment);
        }
        self.close(offset);
    }

    fn push_segment(&mut self, segment: Option<&str>) {
        self.segments.push(segment.map(|segment| {
            self.text.push_str(segment);
            self.text.len()
        }));
    }

    /// Ends the device whose segments were pushed.
    fn close(&mut self, offset: u64) {
        self.entries.push(Entry {
            segments: self.segments.len(),
            text: self.text.len(),
            offset,
        });
    }

    /// Reads `count` entries.
    pub(super) fn parse(
        r: &mut ByteReader<'_>,
        count: usize,
        version: FormatVersion,
    ) -> Result<Self> {
        if version == FormatVersion::V4 {
            let mut ahead = r.clone();
            if let Some(all) = Self::parse_sound(&mut ahead, count) {
                *r = ahead;
                return Ok(all);
            }
            // What follows finds out where it is wrong.
        }
        let mut out = Self::of_about(count);
        for _ in 0..count {
            match version {
                FormatVersion::V3 => {
                    let device = DeviceId::from_path(parse_name(r, "a device")?);
                    for segment in device.segments() {
                        out.push_segment(segment);
                    }
                }
                FormatVersion::V4 => out.parse_segments(r)?,
            }
            let at = r.position();
            let offset = parse_offset(r)?;
            // Ranges of children come from neighbours: out of order they would overlap, or run backwards.
            if let Some(last) = out.entries.last().filter(|last| offset <= last.offset) {
                return Err(out_of_order(r, at, last.offset, offset));
            }
            out.close(offset);
        }
        Ok(out)
    }

    /// Reads `count` entries of version 4 without a look at each text on its own, which takes longest; `None` where something is wrong.
    fn parse_sound(r: &mut ByteReader<'_>, count: usize) -> Option<Self> {
        let mut out = Self::of_about(count);
        let mut text = Vec::with_capacity(USUAL_DEVICE_BYTES * count.min(USUAL_ENTRIES));
        for _ in 0..count {
            let first = out.segments.len();
            for _ in 0..r.count(MIN_SEGMENT_BYTES).ok()? {
                let end = r.varbytes().ok()?.map(|segment| {
                    text.extend_from_slice(segment);
                    text.len()
                });
                out.segments.push(end);
            }
            out.trim(first, text.len());
            let offset = parse_offset(r).ok()?;
            if out.entries.last().is_some_and(|last| offset <= last.offset) {
                return None;
            }
            out.entries.push(Entry {
                segments: out.segments.len(),
                text: text.len(),
                offset,
            });
        }
        out.text = String::from_utf8(text).ok()?;
        // A character may not begin in one text and end in the next.
        let mut ends = out.segments.iter().flatten();
        let sound = out.is_ascii() || ends.all(|&end| out.text.is_char_boundary(end));
        sound.then_some(out)
    }

    /// Nothing yet, with room for as many entries as nodes mostly have; more grow as they come.
    fn of_about(count: usize) -> Self {
        let usual = count.min(USUAL_ENTRIES);
        Self {
            text: String::new(),
            segments: Vec::with_capacity(2 * usual),
            entries: Vec::with_capacity(usual),
        }
    }

    fn parse_segments(&mut self, r: &mut ByteReader<'_>) -> Result<()> {
        let first = self.segments.len();
        for _ in 0..r.count(MIN_SEGMENT_BYTES)? {
            self.push_segment(r.varstr()?);
        }
        self.trim(first, self.text.len());
        Ok(())
    }

    /// Makes the segments from `first` on those of a device: none of the last is null, and there is one at least. The text has `text` bytes.
    fn trim(&mut self, first: usize, text: usize) {
        while self.segments.len() > first + 1 && self.segments.last() == Some(&None) {
            self.segments.pop();
        }
        if self.segments.len() == first {
            self.segments.push(Some(text));
        }
    }
}

pub(super) fn out_of_order(r: &ByteReader<'_>, at: usize, last: u64, offset: u64) -> Error {
    r.error_at(at, "the offsets of a node do not ascend")
        .expected(format!("more than {last}"))
        .got(offset)
}

impl FromIterator<(DeviceId, u64)> for DeviceEntries {
    fn from_iter<I: IntoIterator<Item = (DeviceId, u64)>>(entries: I) -> Self {
        let mut out = Self::default();
        for (device, offset) in entries {
            out.push(&device, offset);
        }
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::format::testing::hex;

    #[test]
    fn what_is_read_is_what_devices_are_on_their_own() {
        // t1 with a null and x; t1 and two nulls; no segment; a null alone; the empty text.
        let bytes = hex(&[
            "03 04 7431 01 02 78 0000000000000001",
            "03 04 7431 01 01    0000000000000002",
            "00                  0000000000000003",
            "01 01               0000000000000004",
            "01 00               0000000000000005",
        ]);
        let mut r = ByteReader::new(&bytes, "test");
        let entries = DeviceEntries::parse(&mut r, 5, FormatVersion::V4).unwrap();
        assert!(r.is_empty());
        let text = |s: &str| Some(s.to_string());
        let expected = [
            vec![text("t1"), None, text("x")],
            vec![text("t1")],
            vec![text("")],
            vec![None],
            vec![text("")],
        ]
        .map(DeviceId::new);
        for (i, id) in expected.iter().enumerate() {
            let (device, offset) = entries.get(i).unwrap();
            assert_eq!(device.to_id(), *id);
            assert_eq!(entries.ids().nth(i).as_ref(), Some(id));
            assert!(device.is(id));
            assert_eq!(device.table(), id.table());
            assert_eq!(offset, i as u64 + 1);
        }
        assert!(!entries.get(0).unwrap().0.is(&expected[1]));
        assert!(entries.get(5).is_none());
        let again: DeviceEntries = expected.into_iter().zip(1..).collect();
        assert_eq!(again, entries);
        assert_eq!(entries.partition_point(|d| d.table() == "t1"), 2);
    }

    #[test]
    fn texts_are_checked_each_on_its_own() {
        let parse = |bytes: &[u8]| {
            let bytes = hex(&[std::str::from_utf8(bytes).unwrap()]);
            let mut r = ByteReader::new(&bytes, "test");
            let parsed = DeviceEntries::parse(&mut r, 1, FormatVersion::V4);
            parsed.map_err(|e| e.to_string())
        };
        // An umlaut in one text, and half of it in each of two.
        let whole = parse(b"02 02 74 04 c3a4 0000000000000001").unwrap();
        assert!(
            whole
                .get(0)
                .unwrap()
                .0
                .is(&DeviceId::new([Some("t"), Some("\u{e4}")]))
        );
        let torn = parse(b"02 02 c3 02 a4 0000000000000001").unwrap_err();
        assert!(torn.contains("no UTF-8"), "{torn}");
        let wrong = parse(b"02 02 74 02 ff 0000000000000001").unwrap_err();
        assert!(wrong.contains("no UTF-8"), "{wrong}");
    }
}
