//! Which nodes of the index were seen already: a node that two parents share would be visited twice, and twice as often on each storey.

use crate::{Error, Result};
use std::collections::HashSet;
use std::hash::{BuildHasher, Hasher};

/// Offsets of the nodes seen so far.
#[derive(Debug)]
pub(super) struct SeenOffsets(HashSet<u64, OffsetHash>);

impl SeenOffsets {
    pub(super) fn new() -> Self {
        Self(HashSet::with_hasher(OffsetHash::new()))
    }

    /// An error when the node at `offset` was seen before.
    pub(super) fn first_visit(&mut self, offset: u64) -> Result<()> {
        if self.0.insert(offset) {
            return Ok(());
        }
        Err(Error::corrupt("metadata index", "two parents share a node").got(offset))
    }
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
