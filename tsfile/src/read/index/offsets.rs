//! Which nodes of the index were seen already: a node that two parents share would be visited twice, and twice as often on each storey.

use crate::{Error, Result};
use std::collections::HashSet;
use std::hash::{BuildHasher, Hasher};
use std::ops::Range;

const BITS: usize = u64::BITS as usize;

/// Offsets of the nodes seen so far.
#[derive(Debug)]
pub(super) struct SeenOffsets {
    seen: HashSet<u64, OffsetHash>,
    /// Bytes that further nodes can have.
    left: u64,
}

impl SeenOffsets {
    /// For nodes that together have no more than `bytes`.
    pub(super) fn new(bytes: u64) -> Self {
        Self {
            seen: HashSet::with_hasher(OffsetHash::new()),
            left: bytes,
        }
    }

    /// An error when the node at `offset` was seen before.
    pub(super) fn first_visit(&mut self, offset: u64) -> Result<()> {
        if self.seen.insert(offset) {
            return Ok(());
        }
        Err(two_parents().got(offset))
    }

    /// An error when the node was seen before, or when it shares bytes with others.
    pub(super) fn first_visit_of(&mut self, node: &Range<u64>) -> Result<()> {
        self.first_visit(node.start)?;
        let bytes = node.end.saturating_sub(node.start);
        self.left = self.left.checked_sub(bytes).ok_or_else(|| {
            Error::corrupt("metadata index", "nodes overlap")
                .expected(format!("at most {} more bytes of nodes", self.left))
                .got(bytes)
        })?;
        Ok(())
    }
}

/// Which positions in a section had a node: there is one for every device and every run of series.
#[derive(Debug)]
pub(super) struct SeenPositions {
    /// One bit for each byte of the section.
    bits: Vec<u64>,
}

impl SeenPositions {
    /// For nodes in a section of `bytes`.
    pub(super) fn new(bytes: usize) -> Self {
        Self {
            bits: vec![0; bytes.div_ceil(BITS)],
        }
    }

    /// An error when the node at `position` was seen before. Errors carry positions.
    pub(super) fn first_visit(&mut self, position: usize) -> Result<()> {
        let bit = 1 << (position % BITS);
        match self.bits.get_mut(position / BITS) {
            Some(bits) if *bits & bit == 0 => {
                *bits |= bit;
                Ok(())
            }
            _ => Err(two_parents().at(position as u64)),
        }
    }

    /// Adds what others have seen of the same section.
    pub(super) fn add(&mut self, other: &Self) -> Result<()> {
        for (i, (bits, more)) in self.bits.iter_mut().zip(&other.bits).enumerate() {
            if *bits & more != 0 {
                let position = i * BITS + (*bits & more).trailing_zeros() as usize;
                return Err(two_parents().at(position as u64));
            }
            *bits |= more;
        }
        Ok(())
    }
}

fn two_parents() -> Error {
    Error::corrupt("metadata index", "two parents share a node")
}

/// Hashes offsets by one multiplication: there is one for every device and every run of series. The factor is random, so that no file can
/// be made whose offsets collide.
#[derive(Debug, Clone, Copy)]
struct OffsetHash {
    factor: u64,
}

impl OffsetHash {
    fn new() -> Self {
        let factor = std::hash::RandomState::new().hash_one(0u64) | 1;
        Self { factor }
    }
}

impl BuildHasher for OffsetHash {
    type Hasher = OffsetHasher;

    fn build_hasher(&self) -> OffsetHasher {
        OffsetHasher {
            factor: self.factor,
            hash: 0,
        }
    }
}

struct OffsetHasher {
    factor: u64,
    hash: u64,
}

impl Hasher for OffsetHasher {
    fn write(&mut self, bytes: &[u8]) {
        bytes.iter().for_each(|b| self.write_u64((*b).into()));
    }

    fn write_u64(&mut self, n: u64) {
        let n = self.hash ^ n;
        let high = (u128::from(n) * u128::from(self.factor)) >> 64;
        // Tables look at the lowest and the highest bits: both halves of the product go into each.
        self.hash = high as u64 ^ n.wrapping_mul(self.factor).rotate_left(32);
    }

    fn finish(&self) -> u64 {
        self.hash
    }
}
