//! Which nodes of the index were seen already: a node that two parents share would be visited twice, and twice as often on each storey.

use crate::{Error, Result};
use std::collections::HashSet;
use std::hash::{BuildHasher, Hasher};
use std::ops::Range;

const BITS: usize = u64::BITS as usize;
/// Positions that share a block, and its words: as much as a page of memory.
const BLOCK_POSITIONS: usize = BLOCK_WORDS * BITS;
const BLOCK_WORDS: usize = if cfg!(test) { 1 } else { 512 };

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
#[derive(Debug, Clone)]
pub(super) struct SeenPositions {
    /// One bit for each byte of the section, in blocks; one in which nothing was seen is empty, so that walks over parts of a section do not each
    /// fill as much memory as one over all of it.
    blocks: Vec<Vec<u64>>,
}

impl SeenPositions {
    /// For nodes in a section of `bytes`.
    pub(super) fn new(bytes: usize) -> Self {
        Self {
            blocks: vec![Vec::new(); bytes.div_ceil(BLOCK_POSITIONS)],
        }
    }

    /// An error when the node at `position` was seen before. Errors carry positions.
    pub(super) fn first_visit(&mut self, position: usize) -> Result<()> {
        let bit = 1 << (position % BITS);
        let block = self.blocks.get_mut(position / BLOCK_POSITIONS);
        let word = block.and_then(|block| {
            if block.is_empty() {
                *block = vec![0; BLOCK_WORDS];
            }
            block.get_mut(position % BLOCK_POSITIONS / BITS)
        });
        match word {
            Some(bits) if *bits & bit == 0 => {
                *bits |= bit;
                Ok(())
            }
            _ => Err(two_parents().at(position as u64)),
        }
    }

    /// Adds what others have seen of the same section.
    pub(super) fn add(&mut self, other: Self) -> Result<()> {
        for (i, (block, more)) in self.blocks.iter_mut().zip(other.blocks).enumerate() {
            if block.is_empty() {
                *block = more;
                continue;
            }
            for (k, (bits, more)) in block.iter_mut().zip(more).enumerate() {
                if *bits & more != 0 {
                    let bit = (*bits & more).trailing_zeros() as usize;
                    let position = i * BLOCK_POSITIONS + k * BITS + bit;
                    return Err(two_parents().at(position as u64));
                }
                *bits |= more;
            }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_position_is_seen_once_also_by_others() {
        let bytes = 5 * BLOCK_POSITIONS - 1;
        let seen = |positions: &[usize]| {
            let mut seen = SeenPositions::new(bytes);
            positions.iter().for_each(|&p| seen.first_visit(p).unwrap());
            seen
        };
        let mut one = seen(&[0, 63, 64, 200]);
        assert!(one.first_visit(64).is_err() && one.first_visit(usize::MAX).is_err());
        one.add(seen(&[1, 65, 150, 201])).unwrap();
        for position in [0, 1, 63, 64, 65, 150, 200, 201] {
            assert!(one.first_visit(position).is_err(), "{position}");
            let twice = one.clone().add(seen(&[position])).unwrap_err();
            assert!(twice.to_string().contains(&position.to_string()), "{twice}");
        }
        one.first_visit(2).unwrap();
    }
}
