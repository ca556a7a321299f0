//! The byte that opens every item of the data section.
//!
//! ```text
//! 00           chunk group header
//! 01 41 81     chunk header, several pages: plain, value column, time column
//! 02           separator, the data section ends
//! 04           operation index range, two i64 follow
//! 05 45 85     chunk header, at most one page: plain, value column, time column
//! ```

use crate::{Error, Result};

/// Bytes of an operation index range after its marker: two i64 that only a server needs.
pub const PLAN_INDEX_BYTES: usize = 2 * size_of::<i64>();

const MANY_PAGES: u8 = 0x01;
const SINGLE_PAGE: u8 = 0x05;
/// Where a chunk's marker has its role.
const ROLE_MASK: u8 = 0xc0;

/// What comes next in the data section.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Marker {
    /// A chunk group header.
    ChunkGroup,
    /// The end of the data section.
    Separator,
    /// An operation index range of [`PLAN_INDEX_BYTES`] bytes.
    PlanIndex,
    /// A chunk header.
    Chunk(ChunkKind),
}

/// What the marker says about a chunk.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ChunkKind {
    /// Its part in an aligned device, if any.
    pub role: ChunkRole,
    /// At most one page, and its header carries no statistics: they are those of the chunk metadata.
    pub single_page: bool,
}

/// The part that a chunk plays in an aligned device.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ChunkRole {
    /// None: times and values are together.
    Plain,
    /// Times only.
    Time,
    /// Values and bitmaps only.
    Value,
}

impl ChunkRole {
    const ALL: [Self; 3] = [Self::Plain, Self::Time, Self::Value];

    fn mask(self) -> u8 {
        match self {
            Self::Plain => 0,
            Self::Time => 0x80,
            Self::Value => 0x40,
        }
    }
}

#[cfg(test)]
impl Marker {
    fn all() -> impl Iterator<Item = Self> {
        let chunks = ChunkRole::ALL.into_iter().flat_map(|role| {
            [false, true].map(|single_page| Self::Chunk(ChunkKind { role, single_page }))
        });
        [Self::ChunkGroup, Self::Separator, Self::PlanIndex]
            .into_iter()
            .chain(chunks)
    }
}

impl TryFrom<u8> for Marker {
    type Error = Error;

    fn try_from(code: u8) -> Result<Self> {
        let chunk = |single_page| {
            let role = |role: &ChunkRole| role.mask() == code & ROLE_MASK;
            let role = ChunkRole::ALL.into_iter().find(role)?;
            Some(Self::Chunk(ChunkKind { role, single_page }))
        };
        let known = match (code, code & !ROLE_MASK) {
            (0x00, _) => Some(Self::ChunkGroup),
            (0x02, _) => Some(Self::Separator),
            (0x04, _) => Some(Self::PlanIndex),
            (_, MANY_PAGES) => chunk(false),
            (_, SINGLE_PAGE) => chunk(true),
            _ => None,
        };
        known.ok_or_else(|| {
            Error::corrupt("marker", "unknown marker")
                .expected("00, 01, 02, 04, 05, 41, 45, 81 or 85")
                .got(format!("{code:02x}"))
        })
    }
}

impl From<Marker> for u8 {
    fn from(marker: Marker) -> Self {
        match marker {
            Marker::ChunkGroup => 0x00,
            Marker::Separator => 0x02,
            Marker::PlanIndex => 0x04,
            Marker::Chunk(kind) => kind.into(),
        }
    }
}

impl From<ChunkKind> for u8 {
    fn from(kind: ChunkKind) -> Self {
        let pages = if kind.single_page {
            SINGLE_PAGE
        } else {
            MANY_PAGES
        };
        kind.role.mask() | pages
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_never_change() {
        let codes: Vec<u8> = Marker::all().map(u8::from).collect();
        assert_eq!(
            codes,
            [0x00, 0x02, 0x04, 0x01, 0x05, 0x81, 0x85, 0x41, 0x45]
        );
        for marker in Marker::all() {
            assert_eq!(Marker::try_from(u8::from(marker)).unwrap(), marker);
        }
        assert_eq!(PLAN_INDEX_BYTES, 16);
    }

    #[test]
    fn every_other_byte_is_an_error() {
        let known = (0..=u8::MAX).filter(|b| Marker::try_from(*b).is_ok());
        assert_eq!(known.count(), 9);
        assert_eq!(
            Marker::try_from(0xc1).unwrap_err().to_string(),
            "marker: unknown marker; expected 00, 01, 02, 04, 05, 41, 45, 81 or 85, found c1"
        );
    }
}
