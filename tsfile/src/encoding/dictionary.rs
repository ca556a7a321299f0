//! DICTIONARY: the distinct strings of the page, then one RLE stream of their indexes (format.md, "DICTIONARY").
//!
//! ```text
//! svarint entries
//! entries x (svarint length, bytes)
//! 32-bit RLE stream of one index per value
//! ```

use super::distinct::Distinct;
use super::rle::{self, RleDecoder};
use super::{BytesBuf, BytesDecoder, Decoder, DictionaryBuf, Int};
use crate::wire::ByteReader;
use crate::{Error, Result};

const SECTION: &str = "DICTIONARY page";

/// Decodes byte strings; the entries stay in the page until they are copied out.
#[derive(Debug, Clone)]
pub struct DictionaryDecoder<'a> {
    entries: Vec<&'a [u8]>,
    indexes: RleDecoder<'a, i32>,
}

impl<'a> DictionaryDecoder<'a> {
    /// Reads the entries. No bytes at all are a page without values.
    ///
    /// # Errors
    /// The entries or the head of the indexes contradict the bytes.
    pub fn new(bytes: &'a [u8]) -> Result<Self> {
        let mut r = ByteReader::new(bytes, SECTION);
        let n = if bytes.is_empty() { 0 } else { r.svarint()? };
        // An entry takes a byte at least.
        let n = usize::try_from(n)
            .ok()
            .filter(|n| *n <= r.remaining())
            .ok_or_else(|| {
                r.error("impossible number of entries")
                    .expected(format!("at most {}", r.remaining()))
                    .got(n)
            })?;
        let mut entries = Vec::with_capacity(n);
        for _ in 0..n {
            let entry = r.varbytes()?;
            entries.push(entry.ok_or_else(|| r.error("an entry has a negative length"))?);
        }
        Ok(Self {
            entries,
            indexes: RleDecoder::new(r.rest())?,
        })
    }

    fn entry(&self, index: i32) -> Option<&'a [u8]> {
        let index = usize::try_from(index).ok()?;
        self.entries.get(index).copied()
    }

    fn without_entry(&self, index: i32) -> Error {
        Error::corrupt(SECTION, "an index has no entry")
            .expected(format!("less than {}", self.entries.len()))
            .got(index)
    }
}

impl BytesDecoder for DictionaryDecoder<'_> {
    fn decode(&mut self, n: usize, out: &mut BytesBuf) -> Result<usize> {
        let mut scratch = [0; 256];
        let mut done = 0;
        while done < n {
            let wanted = (n - done).min(scratch.len());
            let got = self
                .indexes
                .decode(scratch.get_mut(..wanted).unwrap_or(&mut []))?;
            for index in scratch.iter().take(got) {
                let entry = self.entry(*index);
                out.push(entry.ok_or_else(|| self.without_entry(*index))?)?;
            }
            done += got;
            if got < wanted {
                break;
            }
        }
        Ok(done)
    }

    fn decode_keys(&mut self, n: usize, out: &mut DictionaryBuf) -> Result<usize> {
        let (before, base) = (out.keys.len(), out.next_key());
        out.keys.resize(before + n, 0);
        let got = self
            .indexes
            .decode(out.keys.get_mut(before..).unwrap_or(&mut []))?;
        out.keys.truncate(before + got);
        let keys = out.keys.get_mut(before..).unwrap_or(&mut []);
        if let Some(index) = keys.iter().find(|&&index| self.entry(index).is_none()) {
            return Err(self.without_entry(*index));
        }
        if self.entries.len() <= got {
            keys.iter_mut().for_each(|key| *key += base);
            self.entries.iter().try_for_each(|e| out.entries.push(e))?;
        } else {
            // A few of many: the others would be of no use.
            let few = out.keys.split_off(before);
            out.extend_used(&few, |index| self.entry(index).unwrap_or(&[]))?;
        }
        Ok(got)
    }

    /// Does not look whether the indexes have entries.
    fn skip(&mut self, n: usize) -> Result<usize> {
        self.indexes.skip(n)
    }

    fn remaining(&self) -> usize {
        self.indexes.remaining()
    }
}

/// Appends a page of byte strings; returns the distinct ones, in the order they come.
///
/// # Errors
/// A value is longer than 2^31 - 1 bytes, or there are as many different ones.
pub fn encode<'a>(values: &[&'a [u8]], out: &mut Vec<u8>) -> Result<Vec<&'a [u8]>> {
    let mut distinct = Distinct::new();
    let mut indexes = Vec::with_capacity(values.len());
    for v in values {
        let index = distinct.number(v).and_then(|n| i32::try_from(n).ok());
        indexes.push(index.ok_or_else(|| Error::argument("more than 2147483647 entries"))?);
    }
    (distinct.entries().len() as i32).put_svarint(out);
    super::plain::encode_bytes(distinct.entries(), out)?;
    rle::encode(&indexes, out);
    Ok(distinct.into_entries())
}

#[cfg(test)]
mod tests {
    use super::super::check;
    use super::*;
    use crate::model::Encoding::Dictionary;

    const BY_HAND: [u8; 11] = [
        0x04, // 2 entries
        0x02, b'a', // length 1
        0x04, b'b', b'b', // length 2
        0x04, 0x01, // RLE: 4 bytes of width 1
        0x03, 0x03, 0x40, // 1 group of 3 values: 0 1 0
    ];

    #[test]
    fn page_by_hand() {
        check::strings(Dictionary, &BY_HAND, &[b"a", b"bb", b"a"]);
        let mut out = Vec::new();
        encode(&[b"a", b"bb", b"a"], &mut out).unwrap();
        assert_eq!(out, BY_HAND);
        check::strings(Dictionary, &[0, 0], &[]);
        check::strings(Dictionary, &[], &[]);
    }

    #[test]
    fn contradictions_are_errors() {
        let mut index = BY_HAND;
        index[8] = 0x03;
        index[7] = 2; // width 2: 01 00 00 is 1, 0, 0
        check::strings(Dictionary, &index[..], &[b"bb", b"a", b"a"]);
        index[10] = 0xc0; // index 3
        let mut decoder = DictionaryDecoder::new(&index).unwrap();
        assert!(decoder.decode(3, &mut BytesBuf::default()).is_err());
        for head in [[0x01, 0], [0x06, 0], [0x02, 0x01]] {
            assert!(DictionaryDecoder::new(&head).is_err());
        }
    }

    #[test]
    fn values_round_trip() {
        let owned: Vec<Vec<u8>> = check::ints::<i32>(1000, 3)
            .iter()
            .map(|v| v.to_string().into_bytes())
            .collect();
        for n in check::LENGTHS {
            let values: Vec<&[u8]> = owned.iter().take(n).map(Vec::as_slice).collect();
            let mut out = Vec::new();
            encode(&values, &mut out).unwrap();
            check::strings(Dictionary, &out, &values);
        }
        let mut out = Vec::new();
        encode(&[b"", b"", &[0xff; 200]], &mut out).unwrap();
        check::strings(Dictionary, &out, &[b"", b"", &[0xff; 200]]);
    }

    #[test]
    fn hostile_bytes_never_panic() {
        check::hostile_strings(Dictionary, &BY_HAND);
    }
}
