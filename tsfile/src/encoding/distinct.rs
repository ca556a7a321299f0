//! The distinct strings of a page, numbered in the order they come: a hash table for short strings of which most are known already.

use std::hash::{BuildHasher, Hasher, RandomState};

/// An odd number without a pattern: the fraction of the golden ratio.
const FACTOR: u64 = 0x9e37_79b9_7f4a_7c15;
/// Slots of a new table, a power of two.
const SLOTS: usize = 64;

/// Strings by number and numbers by string.
#[derive(Debug)]
pub struct Distinct<'a> {
    /// Number and one of an entry, at the first free slot from that of its hash on; 0 is a free one. At least half of them are.
    slots: Vec<u32>,
    entries: Vec<&'a [u8]>,
    hashes: Vec<u64>,
    /// Another one for each table, so that no strings can be chosen that all fall together.
    seed: u64,
    last: u32,
}

impl<'a> Distinct<'a> {
    /// A table without strings.
    pub fn new() -> Self {
        Self {
            slots: vec![0; SLOTS],
            entries: Vec::new(),
            hashes: Vec::new(),
            seed: RandomState::new().build_hasher().finish(),
            last: 0,
        }
    }

    /// The strings in order of their numbers.
    pub fn entries(&self) -> &[&'a [u8]] {
        &self.entries
    }

    /// The strings in order of their numbers, of which there are no more.
    pub fn into_entries(self) -> Vec<&'a [u8]> {
        self.entries
    }

    /// The number of `value`, a new one if it is new; `None` when there are no more numbers.
    #[inline]
    pub fn number(&mut self, value: &'a [u8]) -> Option<u32> {
        // Values often come in runs.
        let last = self.entries.get(self.last as usize);
        if !last.is_some_and(|last| same(last, value)) {
            self.last = self.find(value)?;
        }
        Some(self.last)
    }

    fn find(&mut self, value: &'a [u8]) -> Option<u32> {
        let hash = hash(value, self.seed);
        let mut slot = self.slot(hash);
        // The table is never full.
        while let Some(number) = self.slots.get(slot).and_then(|n| n.checked_sub(1)) {
            let i = number as usize;
            let known = self.hashes.get(i) == Some(&hash);
            if known && self.entries.get(i).is_some_and(|e| same(e, value)) {
                return Some(number);
            }
            slot = (slot + 1) & (self.slots.len() - 1);
        }
        let number = u32::try_from(self.entries.len()).ok()?;
        if let Some(free) = self.slots.get_mut(slot) {
            *free = number.checked_add(1)?;
        }
        self.entries.push(value);
        self.hashes.push(hash);
        if self.entries.len() * 2 > self.slots.len() {
            self.grow();
        }
        Some(number)
    }

    /// The upper bits, which depend on all others.
    fn slot(&self, hash: u64) -> usize {
        (hash >> 32) as usize & (self.slots.len() - 1)
    }

    fn grow(&mut self) {
        let len = self.slots.len() * 4;
        self.slots.clear();
        self.slots.resize(len, 0);
        for (hash, number) in self.hashes.iter().zip(1..) {
            let mut slot = self.slot(*hash);
            while self.slots.get(slot).is_some_and(|n| *n != 0) {
                slot = (slot + 1) & (len - 1);
            }
            if let Some(free) = self.slots.get_mut(slot) {
                *free = number;
            }
        }
    }
}

fn hash(value: &[u8], seed: u64) -> u64 {
    let mix = |hash: u64, word: u64| {
        let product = u128::from(hash ^ word) * u128::from(FACTOR);
        product as u64 ^ (product >> 64) as u64
    };
    let mut words = value.chunks_exact(8);
    let mut hash = seed ^ value.len() as u64;
    for word in &mut words {
        let mut bytes = [0; 8];
        bytes.copy_from_slice(word);
        hash = mix(hash, u64::from_le_bytes(bytes));
    }
    // The rest alone, or the last bytes, of which some were there before.
    let halves = (value.first_chunk::<4>(), value.last_chunk::<4>());
    let rest = match (words.remainder(), value.last_chunk::<8>(), halves) {
        ([], _, _) => 0,
        (_, Some(last), _) => u64::from_le_bytes(*last),
        (_, _, (Some(first), Some(last))) => {
            u64::from(u32::from_le_bytes(*first)) << 32 | u64::from(u32::from_le_bytes(*last))
        }
        (rest, _, _) => rest.iter().fold(0, |word, b| word << 8 | u64::from(*b)),
    };
    mix(mix(hash, rest), seed)
}

/// Equality, that of short strings by their first and last bytes.
#[inline]
fn same(a: &[u8], b: &[u8]) -> bool {
    a.len() == b.len()
        && match a.len() {
            4..=7 => same_ends::<4>(a, b),
            8..=16 => same_ends::<8>(a, b),
            17..=32 => same_ends::<16>(a, b),
            _ => a == b,
        }
}

#[inline]
fn same_ends<const N: usize>(a: &[u8], b: &[u8]) -> bool {
    a.first_chunk::<N>() == b.first_chunk() && a.last_chunk::<N>() == b.last_chunk()
}

#[cfg(test)]
mod tests {
    use super::super::check::Rng;
    use super::*;
    use std::collections::HashMap;

    #[test]
    fn numbers_are_those_of_a_map() {
        let mut rng = Rng::new(17);
        for different in [1, 2, 31, 32, 33, 1000, 100_000] {
            // All lengths, and strings that differ in one byte only.
            let values: Vec<Vec<u8>> = (0..20_000)
                .map(|_| {
                    let n = rng.below(different);
                    let mut value = vec![7; n as usize % 50];
                    let at = n as usize / 50 % value.len().max(1);
                    match value.get_mut(at) {
                        Some(byte) => *byte = (n / 2500) as u8,
                        None => value = n.to_be_bytes().to_vec(),
                    }
                    value
                })
                .collect();
            let mut known: HashMap<&[u8], u32> = HashMap::new();
            let mut distinct = Distinct::new();
            for value in &values {
                let new = known.len() as u32;
                let expected = *known.entry(value).or_insert(new);
                assert_eq!(distinct.number(value), Some(expected));
            }
            assert_eq!(distinct.entries().len(), known.len());
            for (entry, number) in distinct.entries().iter().zip(0..) {
                assert_eq!(known.get(entry), Some(&number));
            }
        }
    }
}
