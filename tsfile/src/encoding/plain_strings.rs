//! PLAIN byte strings, short ones in blocks: the same surface and the same results as [`plain`](super::plain), faster.
//!
//! Most strings are short. A copy of a length that is only known then costs several times more than one of 16 or 32 bytes, so a block is
//! copied and what is too much cut off again. Long strings, and those near the end of the page, are left to the plain decoder.

use super::distinct::Distinct;
use super::plain::PlainDecoder;
use super::{BytesBuf, BytesDecoder, DictionaryBuf};
use crate::Result;

const SHORT: usize = 16;
const MEDIUM: usize = 32;

/// Of fewer values no dictionary is made: it costs more to begin than it saves.
const LEAST: usize = 64;
/// After so many values, and again after as many, most have to have been there before.
const STEP: usize = 512;

/// Decodes PLAIN byte strings. See [`PlainDecoder`].
#[derive(Debug, Clone)]
pub struct PlainStringDecoder<'a> {
    plain: PlainDecoder<'a>,
}

impl<'a> PlainStringDecoder<'a> {
    /// Decodes `bytes`.
    pub fn new(bytes: &'a [u8]) -> Self {
        Self {
            plain: PlainDecoder::new(bytes),
        }
    }

    /// Appends up to `n` values as long as each has a length of one byte and at least [`MEDIUM`] bytes behind that; returns how many.
    fn decode_short(&mut self, n: usize, out: &mut BytesBuf) -> usize {
        let bytes = self.plain.reader.rest();
        if out.room() < bytes.len() {
            return 0;
        }
        // A value takes a byte at least, and that one is not copied.
        let n = n.min(bytes.len());
        out.offsets.reserve(n);
        out.data.reserve((bytes.len() - n).max(MEDIUM));
        let (mut at, mut done) = (0, 0);
        while done < n {
            let rest = bytes.get(at..).unwrap_or(&[]);
            let Some([head, ahead @ ..]) = rest.first_chunk::<{ 1 + MEDIUM }>() else {
                break;
            };
            // Zigzag: a bit 0 that is set is a negative length, a bit 7 one of several bytes.
            if head & 0x81 != 0 {
                break;
            }
            let len = usize::from(head >> 1);
            let end = out.data.len() + len;
            if len <= SHORT {
                let block = ahead.first_chunk().unwrap_or(&[0; SHORT]);
                out.data.extend_from_slice(block);
            } else if len <= MEDIUM {
                out.data.extend_from_slice(ahead);
            } else if let Some(value) = rest.get(1..1 + len) {
                out.data.extend_from_slice(value);
            } else {
                break;
            }
            out.data.truncate(end);
            // There is room below 2 GiB for all bytes of the page.
            out.offsets.push(end as i32);
            at += 1 + len;
            done += 1;
        }
        self.plain.reader.skip(at);
        done
    }
}

impl BytesDecoder for PlainStringDecoder<'_> {
    fn decode(&mut self, n: usize, out: &mut BytesBuf) -> Result<usize> {
        let mut done = 0;
        loop {
            done += self.decode_short(n - done, out);
            // What stopped it is a value that is not short, or the end of the page, which is near.
            if done == n || self.plain.decode(1, out)? == 0 {
                return Ok(done);
            }
            done += 1;
        }
    }

    /// What repeats gets one entry, as long as most values do.
    fn decode_keys(&mut self, n: usize, out: &mut DictionaryBuf) -> Result<usize> {
        let mut done = 0;
        if n >= LEAST {
            let (base, mut distinct) = (out.next_key(), Distinct::new());
            out.keys.reserve(n);
            while done < n && !self.plain.reader.is_empty() {
                if done > 0 && done % STEP == 0 && distinct.entries().len() * 2 > done {
                    break;
                }
                let number = distinct.number(self.plain.bytes()?);
                // A page has less than 2^31 bytes.
                out.keys.push(base + number.unwrap_or(0) as i32);
                done += 1;
            }
            let entries = distinct.into_entries();
            entries.iter().try_for_each(|e| out.entries.push(e))?;
        }
        let first = out.next_key();
        done += self.decode(n - done, &mut out.entries)?;
        out.use_entries_from(first);
        Ok(done)
    }

    fn skip(&mut self, n: usize) -> Result<usize> {
        BytesDecoder::skip(&mut self.plain, n)
    }

    fn remaining(&self) -> usize {
        BytesDecoder::remaining(&self.plain)
    }
}

#[cfg(test)]
mod tests {
    use super::super::plain::encode_bytes;
    use super::*;

    /// Decodes with both in pieces of `step`, and compares values, counts and errors.
    fn same(bytes: &[u8], n: usize, step: usize, limit: usize) {
        let (mut plain, mut short) = (PlainDecoder::new(bytes), PlainStringDecoder::new(bytes));
        let (mut a, mut b) = (BytesBuf::default(), BytesBuf::default());
        (a.limit, b.limit) = (limit, limit);
        let mut left = n;
        while left > 0 {
            let step = step.min(left);
            let got = (
                BytesDecoder::decode(&mut plain, step, &mut a),
                short.decode(step, &mut b),
            );
            assert_eq!((&a.offsets, &a.data), (&b.offsets, &b.data));
            match got {
                (Ok(x), Ok(y)) => {
                    assert_eq!(x, y);
                    assert_eq!(BytesDecoder::remaining(&plain), short.remaining());
                    if x < step {
                        return;
                    }
                }
                (Err(a), Err(b)) => return assert_eq!(a.to_string(), b.to_string()),
                (a, b) => panic!("{a:?} and {b:?}"),
            }
            left -= step;
        }
    }

    #[test]
    fn what_repeats_gets_one_entry_and_the_rest_one_each() {
        let few = (0..3_000).map(|i| format!("value {}", i * i % 23));
        let many = (0..3_000).map(|i| format!("value {i}"));
        for (values, entries) in [
            (few.clone().collect::<Vec<_>>(), 12..=12),
            (many.clone().collect(), 3_000..=3_000),
            (few.chain(many).collect(), 1_000..=3_300),
        ] {
            let values: Vec<&[u8]> = values.iter().map(|v| v.as_bytes()).collect();
            let mut bytes = Vec::new();
            encode_bytes(&values, &mut bytes).unwrap();
            let mut out = DictionaryBuf::default();
            out.push_repeated(b"before", 1).unwrap();
            let mut decoder = PlainStringDecoder::new(&bytes);
            let got = decoder.decode_keys(values.len() + 5, &mut out).unwrap();
            assert_eq!((got, decoder.remaining()), (values.len(), 0));
            assert!((0..got).all(|i| out.get(i + 1) == values[i]));
            let own = out.entries.len() - 1;
            assert!(entries.contains(&own), "{own} entries");
        }
    }

    #[test]
    fn values_and_errors_are_those_of_the_plain_decoder() {
        let lengths = [
            0, 1, 5, 15, 16, 17, 31, 32, 33, 63, 64, 65, 200, 3, 3, 70, 1,
        ];
        let values: Vec<Vec<u8>> = (0..120)
            .map(|i| vec![i as u8; lengths[i % lengths.len()]])
            .collect();
        let values: Vec<&[u8]> = values.iter().map(Vec::as_slice).collect();
        let mut bytes = Vec::new();
        encode_bytes(&values, &mut bytes).unwrap();
        for step in [1, 2, 7, 200] {
            same(&bytes, 130, step, usize::MAX);
            same(&bytes, 130, step, 1000);
            for cut in (0..bytes.len()).step_by(13) {
                same(&bytes[..cut], 130, step, usize::MAX);
                let mut bad = bytes.clone();
                bad[cut] ^= 0x81;
                same(&bad, 130, step, usize::MAX);
            }
        }
    }
}
