//! Which devices there are, by their keys.

use std::collections::HashMap;

/// Keys and their numbers, in the order they came.
///
/// As long as keys ascend, as those of sorted input do, a new one is known to be new by the one before; only when one goes back is a map
/// made of them.
#[derive(Debug, Default)]
pub struct Known {
    /// Keys back to back, while there is no map.
    keys: Vec<u8>,
    ends: Vec<usize>,
    map: HashMap<Vec<u8>, u32>,
}

impl Known {
    /// The number of a key that was added.
    pub fn get(&mut self, key: &[u8]) -> Option<u32> {
        if self.map.is_empty() {
            let last = self.ends.len().checked_sub(1)?;
            match key.cmp(self.key(last)) {
                // Devices are numbered in 32 bits.
                std::cmp::Ordering::Equal => return Some(last as u32),
                std::cmp::Ordering::Greater => return None,
                std::cmp::Ordering::Less => {
                    let keys = (0..=last).map(|i| self.key(i).to_vec());
                    self.map = keys.zip(0..).collect();
                    (self.keys, self.ends) = (Vec::new(), Vec::new());
                }
            }
        }
        self.map.get(key).copied()
    }

    /// Adds a key that [`Known::get`] did not find, with the next number.
    pub fn add(&mut self, key: &[u8], number: u32) {
        if self.map.is_empty() {
            self.keys.extend_from_slice(key);
            self.ends.push(self.keys.len());
        } else {
            self.map.insert(key.to_vec(), number);
        }
    }

    fn key(&self, i: usize) -> &[u8] {
        let start = i.checked_sub(1).map_or(0, |before| self.ends[before]);
        &self.keys[start..self.ends[i]]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_keep_their_numbers_in_whatever_order_they_come() {
        for order in [
            &["a", "b", "b", "ba", "c", "c"][..],
            &["a", "a", "c", "b", "c", "a", "d", "b"],
            &["b", "a", "b", "a"],
            &["", "", "a", ""],
        ] {
            let mut known = Known::default();
            let mut plain: Vec<&str> = Vec::new();
            for key in order {
                let expected = plain.iter().position(|k| k == key).map(|i| i as u32);
                assert_eq!(known.get(key.as_bytes()), expected, "{key} in {order:?}");
                if expected.is_none() {
                    known.add(key.as_bytes(), plain.len() as u32);
                    plain.push(key);
                }
            }
        }
    }
}
