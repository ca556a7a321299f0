//! Parts of the metadata section side by side in one buffer: all of it, or what some devices need.

use crate::Error;
use crate::wire::ByteReader;

/// Bytes of the metadata section.
#[derive(Debug)]
pub(super) struct Section {
    bytes: Vec<u8>,
    /// Ascending; the first begins with the buffer.
    parts: Vec<Part>,
}

/// Where bytes that follow each other in the file begin.
#[derive(Debug, Clone, Copy)]
struct Part {
    /// In the buffer.
    at: usize,
    /// In the file.
    base: u64,
}

impl Section {
    /// The bytes from `base` on, in one part.
    pub(super) fn whole(bytes: Vec<u8>, base: u64) -> Self {
        Self {
            bytes,
            parts: vec![Part { at: 0, base }],
        }
    }

    /// Parts by ascending offset, which neither overlap nor touch.
    pub(super) fn of_parts<'b>(parts: impl IntoIterator<Item = (u64, &'b [u8])>) -> Self {
        let (mut bytes, mut places) = (Vec::new(), Vec::new());
        for (base, part) in parts {
            places.push(Part {
                at: bytes.len(),
                base,
            });
            bytes.extend_from_slice(part);
        }
        Self {
            bytes,
            parts: places,
        }
    }

    pub(super) fn len(&self) -> usize {
        self.bytes.len()
    }

    /// The first offset in the file, and the one behind the last.
    pub(super) fn span(&self) -> (u64, u64) {
        let first = self.parts.first().map_or(0, |p| p.base);
        let last = self.parts.last().copied();
        let end = last.map_or(0, |p| p.base + (self.bytes.len() - p.at) as u64);
        (first, end)
    }

    /// Where part number `i` ends in the buffer.
    fn end_of(&self, i: usize) -> usize {
        self.parts.get(i + 1).map_or(self.bytes.len(), |p| p.at)
    }

    /// Number of the part that `position` is in.
    fn part_at(&self, position: usize) -> usize {
        if self.parts.len() == 1 {
            return 0;
        }
        self.parts.partition_point(|p| p.at <= position).max(1) - 1
    }

    /// Position in the buffer of an offset in the file, when its byte is here.
    pub(super) fn position(&self, offset: u64) -> Option<usize> {
        let i = match self.parts.len() {
            1 => 0,
            _ => self
                .parts
                .partition_point(|p| p.base <= offset)
                .checked_sub(1)?,
        };
        let part = self.parts.get(i)?;
        let from = usize::try_from(offset.checked_sub(part.base)?).ok()?;
        part.at
            .checked_add(from)
            .filter(|&position| position < self.end_of(i))
    }

    /// Offset in the file of a position in the buffer.
    pub(super) fn offset(&self, position: usize) -> u64 {
        let part = self.parts.get(self.part_at(position));
        part.map_or(0, |p| p.base + position.saturating_sub(p.at) as u64)
    }

    /// The buffer up to the end of the part that `position` is in.
    pub(super) fn up_to_end_of(&self, position: usize) -> &[u8] {
        let end = self.end_of(self.part_at(position));
        self.bytes.get(..end).unwrap_or(&self.bytes)
    }

    /// Reads from `position` on, not beyond its part. Errors carry positions: see [`Section::rebase`].
    pub(super) fn reader(&self, position: usize, section: &'static str) -> ByteReader<'_> {
        ByteReader::at(self.up_to_end_of(position), position, section)
    }

    /// Replaces a position in an error by its offset in the file.
    pub(super) fn rebase(&self, e: Error) -> Error {
        let position = usize::try_from(e.offset().unwrap_or(0)).unwrap_or(usize::MAX);
        let offset = self.offset(position);
        e.rebased_to(offset)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn offsets_and_positions_of_several_parts() {
        let section = Section::of_parts([(100, &b"abcd"[..]), (200, b"ef"), (900, b"g")]);
        for (offset, position) in [(100, 0), (103, 3), (200, 4), (201, 5), (900, 6)] {
            assert_eq!(section.position(offset), Some(position));
            assert_eq!(section.offset(position), offset);
        }
        for absent in [0, 99, 104, 199, 202, 899, 901, u64::MAX] {
            assert_eq!(section.position(absent), None, "{absent}");
        }
        assert_eq!(section.span(), (100, 901));
        // A structure never goes on in the next part.
        let mut r = section.reader(2, "test");
        assert_eq!(r.take(2).unwrap(), b"cd");
        let e = r.take(1).unwrap_err();
        assert_eq!(section.rebase(e).offset(), Some(200));
    }
}
