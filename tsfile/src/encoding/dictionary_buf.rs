//! Decoded byte strings as keys into a dictionary: what repeats is there once.

use super::BytesBuf;
use crate::Result;

/// More entries than twice the values are not kept, but for so many.
const SPARE_ENTRIES: usize = 1024;

/// Byte strings in the layout of an Arrow dictionary array. Entries need not differ from each other, and need not be used.
#[derive(Debug, Clone, Default)]
pub struct DictionaryBuf {
    /// Value `i` is entry `keys[i]`, which is there.
    pub keys: Vec<i32>,
    /// The byte strings.
    pub entries: BytesBuf,
}

impl DictionaryBuf {
    /// Number of values.
    pub fn len(&self) -> usize {
        self.keys.len()
    }

    /// Whether there is no value.
    pub fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }

    /// Value `i`; empty when there is none.
    pub fn get(&self, i: usize) -> &[u8] {
        self.keys.get(i).map_or(&[], |&key| self.entry(key))
    }

    fn entry(&self, key: i32) -> &[u8] {
        usize::try_from(key).map_or(&[], |key| self.entries.get(key))
    }

    /// Forgets the values and keeps the memory.
    pub fn clear(&mut self) {
        self.keys.clear();
        self.entries.clear();
    }

    /// The key of the entry that comes next.
    pub(crate) fn next_key(&self) -> i32 {
        // Each entry takes four bytes of offsets: there are never as many.
        i32::try_from(self.entries.len()).unwrap_or(i32::MAX)
    }

    /// Makes all entries from `key` on values, in their order.
    pub(crate) fn use_entries_from(&mut self, key: i32) {
        self.keys.extend(key..self.next_key());
    }

    /// Appends the same value `n` times.
    ///
    /// # Errors
    /// The entries together pass 2^31 - 1 bytes.
    pub(crate) fn push_repeated(&mut self, value: &[u8], n: usize) -> Result<()> {
        let same = self.keys.last().filter(|&&last| self.entry(last) == value);
        let key = match same {
            Some(&key) => key,
            None => {
                self.entries.limit = usize::MAX;
                self.entries.push(value)?;
                self.next_key() - 1
            }
        };
        self.keys.resize(self.keys.len() + n, key);
        Ok(())
    }

    /// Cuts to `len` values, or repeats the last one (an empty string when there is none), which is a place for nulls.
    pub(crate) fn resize(&mut self, len: usize) {
        if self.entries.is_empty() && len > 0 {
            self.entries.pad(1);
        }
        let last = self.keys.last().copied().unwrap_or(0);
        self.keys.resize(len, last);
    }

    /// Appends values `from..from + n` of others: their entries where they are close together, else those that are used.
    ///
    /// # Errors
    /// The entries together pass 2^31 - 1 bytes.
    pub(crate) fn extend_from(&mut self, src: &Self, from: usize, n: usize) -> Result<()> {
        let keys = src.keys.get(from..from + n).unwrap_or(&[]);
        let range = keys.iter().min().zip(keys.iter().max());
        let Some((&least, &most)) = range else {
            return Ok(());
        };
        // That of the last page, which says nothing about this one.
        self.entries.limit = usize::MAX;
        let (first, behind) = (least as usize, most as usize + 1);
        if behind - first <= n {
            let shift = self.next_key() - least;
            self.entries.extend_from(&src.entries, first, behind)?;
            self.keys.extend(keys.iter().map(|key| key + shift));
            return Ok(());
        }
        self.extend_used(keys, |key| src.entry(key))
    }

    /// Appends the values of `keys`, each with an entry of its own but for those that follow each other.
    pub(crate) fn extend_used<'a>(
        &mut self,
        keys: &[i32],
        entry: impl Fn(i32) -> &'a [u8],
    ) -> Result<()> {
        let mut last = None;
        self.keys.reserve(keys.len());
        for &key in keys {
            if last != Some(key) {
                self.entries.push(entry(key))?;
                last = Some(key);
            }
            self.keys.push(self.next_key() - 1);
        }
        Ok(())
    }

    /// Drops entries that no value has, when they are most of them.
    pub(crate) fn drop_unused(&mut self) -> Result<()> {
        if self.entries.len() <= 2 * self.keys.len() + SPARE_ENTRIES {
            return Ok(());
        }
        let mut own = Self::default();
        let mut new_keys = vec![None; self.entries.len()];
        own.keys.reserve(self.keys.len());
        for &key in &self.keys {
            let slot = usize::try_from(key).ok().and_then(|k| new_keys.get_mut(k));
            let Some(new) = slot else { continue };
            if new.is_none() {
                *new = Some(own.next_key());
                own.entries.push(self.entry(key))?;
            }
            own.keys.extend(*new);
        }
        *self = own;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(values: &[&str]) -> DictionaryBuf {
        let mut out = DictionaryBuf::default();
        for v in values {
            out.push_repeated(v.as_bytes(), 1).unwrap();
        }
        out
    }

    fn values(v: &DictionaryBuf) -> Vec<&str> {
        let all = (0..v.len()).map(|i| v.get(i));
        all.map(|b| std::str::from_utf8(b).unwrap()).collect()
    }

    fn entries(v: &DictionaryBuf) -> usize {
        v.entries.len()
    }

    #[test]
    fn what_follows_itself_is_there_once() {
        let v = of(&["a", "a", "bb", "a", "a"]);
        assert_eq!(values(&v), ["a", "a", "bb", "a", "a"]);
        assert_eq!(entries(&v), 3);
    }

    #[test]
    fn values_of_others_bring_the_entries_they_need() {
        let mut src = of(&["a", "b", "c", "d", "e", "f"]);
        src.keys = vec![0, 5, 1, 1, 2, 1, 5, 0];
        let mut out = of(&["x"]);
        // Close together: as they are.
        out.extend_from(&src, 2, 4).unwrap();
        assert_eq!(values(&out), ["x", "b", "b", "c", "b"]);
        assert_eq!(entries(&out), 3);
        // Far from each other: those that are used.
        out.extend_from(&src, 0, 3).unwrap();
        assert_eq!(values(&out)[5..], ["a", "f", "b"]);
        assert_eq!(entries(&out), 6);
        out.extend_from(&src, 0, 0).unwrap();
        out.extend_from(&src, 7, 9).unwrap();
        assert_eq!(out.len(), 8);
    }

    #[test]
    fn the_limit_of_one_page_is_not_that_of_others() {
        let mut src = of(&["a", "b", "c", "d"]);
        src.keys = vec![0, 3];
        let mut out = of(&["x"]);
        out.entries.limit = 1;
        out.extend_from(&src, 0, 2).unwrap();
        out.entries.limit = 1;
        out.push_repeated(b"yy", 2).unwrap();
        assert_eq!(values(&out), ["x", "a", "d", "yy", "yy"]);
    }

    #[test]
    fn nulls_have_an_entry_to_stand_on() {
        let mut v = DictionaryBuf::default();
        v.resize(2);
        v.push_repeated(b"a", 1).unwrap();
        v.resize(5);
        assert_eq!(values(&v), ["", "", "a", "a", "a"]);
        v.resize(1);
        assert_eq!(values(&v), [""]);
    }

    #[test]
    fn entries_that_nobody_uses_are_dropped_when_they_are_many() {
        let all: Vec<String> = (0..5_000).map(|i| i.to_string()).collect();
        let mut v = of(&all.iter().map(String::as_str).collect::<Vec<_>>());
        v.keys.retain(|k| k % 100 == 7);
        v.keys.push(107);
        let before: Vec<String> = values(&v).iter().map(|s| s.to_string()).collect();
        v.drop_unused().unwrap();
        assert_eq!(values(&v), before);
        assert_eq!(entries(&v), 50);
        v.drop_unused().unwrap();
        assert_eq!(values(&v), before);
    }
}
