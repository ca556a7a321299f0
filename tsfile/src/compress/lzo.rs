//! LZO, read only: a raw LZO1X stream, as only the C++ implementation writes it.
//!
//! ```text
//! first byte 18..21    literals: byte - 17, like the 1..3 literals at the end of an instruction
//!            22..255   literals: byte - 17
//!            0..17     an instruction
//!
//! instructions, lengths as `n` with the rest in further bytes when n is 0 (each 00 adds 255, the first other byte ends it)
//! 0000 nnnn            after no literals: 3 + n literals
//! 0000 ddss h          after 1..3 literals: copy 2 bytes from distance h*4 + d + 1
//! 0000 ddss h          after 4 or more: copy 3 bytes from distance h*4 + d + 2049
//! 0001 hnnn [d..ss]    copy 2 + n bytes from distance 16384 + h*16384 + d; that distance being 16384 is the end
//! 001n nnnn [d..ss]    copy 2 + n bytes from distance d + 1
//! 01nd ddss h          copy 3 + n bytes from distance h*8 + d + 1
//! 1nnd ddss h          copy 5 + n bytes from distance h*8 + d + 1
//!
//! [d..ss]: 16 bits little-endian, the low two are s. After each copy: s literals, 0 to 3.
//! ```

use super::{check_ratio, corrupt, reserve, wrong_size};
use crate::model::Compression::Lzo;
use crate::{Error, Result};

/// Every further byte of a length adds at most 255.
const MOST_PER_BYTE: usize = 255;

/// How many literals were copied last, which decides what a small opcode means.
#[derive(Clone, Copy, PartialEq)]
enum Literals {
    None,
    Few,
    Many,
}

struct Lzo1x<'a> {
    input: &'a [u8],
    at: usize,
    out: &'a mut Vec<u8>,
    size: usize,
}

pub(super) fn decompress(input: &[u8], size: usize, out: &mut Vec<u8>) -> Result<()> {
    check_ratio(Lzo, input.len(), size, MOST_PER_BYTE)?;
    out.clear();
    reserve(Lzo, out, size)?;
    let mut stream = Lzo1x {
        input,
        at: 0,
        out,
        size,
    };
    stream.run()?;
    if stream.at != input.len() {
        return Err(corrupt(
            Lzo,
            format!("{} bytes follow its end", input.len() - stream.at),
        ));
    }
    Ok(())
}

impl Lzo1x<'_> {
    fn run(&mut self) -> Result<()> {
        let mut after = Literals::None;
        if let Some(&first @ 18..) = self.input.first() {
            self.at = 1;
            let n = usize::from(first) - 17;
            self.literals(n)?;
            after = if n < 4 { Literals::Few } else { Literals::Many };
        }
        loop {
            let op = self.byte()?;
            let o = usize::from(op);
            let trailing = match op {
                0..=15 if after == Literals::None => {
                    let n = self.length(o & 15, 15)?;
                    self.literals(n.saturating_add(3))?;
                    after = Literals::Many;
                    continue;
                }
                0..=15 => {
                    let h = usize::from(self.byte()?);
                    let near = (h << 2) + (o >> 2 & 3) + 1;
                    match after {
                        Literals::Many => self.copy(near + 2048, 3)?,
                        _ => self.copy(near, 2)?,
                    }
                    o & 3
                }
                16..=31 => {
                    let n = self.length(o & 7, 7)?;
                    let (d, s) = self.distance()?;
                    let d = ((o & 8) << 11) + d;
                    if d == 0 {
                        return Ok(());
                    }
                    self.copy(16384 + d, n.saturating_add(2))?;
                    s
                }
                32..=63 => {
                    let n = self.length(o & 31, 31)?;
                    let (d, s) = self.distance()?;
                    self.copy(d + 1, n.saturating_add(2))?;
                    s
                }
                64..=127 => {
                    let h = usize::from(self.byte()?);
                    self.copy((h << 3) + (o >> 2 & 7) + 1, 3 + (o >> 5 & 1))?;
                    o & 3
                }
                128..=255 => {
                    let h = usize::from(self.byte()?);
                    self.copy((h << 3) + (o >> 2 & 7) + 1, 5 + (o >> 5 & 3))?;
                    o & 3
                }
            };
            self.literals(trailing)?;
            after = match trailing {
                0 => Literals::None,
                _ => Literals::Few,
            };
        }
    }

    fn byte(&mut self) -> Result<u8> {
        let byte = self.input.get(self.at).ok_or_else(|| self.short())?;
        self.at += 1;
        Ok(*byte)
    }

    fn length(&mut self, n: usize, full: usize) -> Result<usize> {
        if n > 0 {
            return Ok(n);
        }
        let mut n = full;
        loop {
            match self.byte()? {
                0 => n = n.saturating_add(255),
                last => return Ok(n.saturating_add(usize::from(last))),
            }
        }
    }

    fn distance(&mut self) -> Result<(usize, usize)> {
        let low = self.byte()?;
        let both = usize::from(u16::from_le_bytes([low, self.byte()?]));
        Ok((both >> 2, both & 3))
    }

    fn literals(&mut self, n: usize) -> Result<()> {
        self.room(n)?;
        let end = self.at.saturating_add(n);
        let bytes = self.input.get(self.at..end).ok_or_else(|| self.short())?;
        self.out.extend_from_slice(bytes);
        self.at = end;
        Ok(())
    }

    /// Appends `n` bytes that begin `distance` bytes back. A source that overlaps its copy repeats: each round doubles what can be copied at once.
    fn copy(&mut self, distance: usize, n: usize) -> Result<()> {
        self.room(n)?;
        let Some(start) = self.out.len().checked_sub(distance) else {
            return Err(corrupt(Lzo, "a copy begins before the first byte"));
        };
        let mut left = n;
        while left > 0 {
            let have = self.out.len() - start;
            let now = left.min(have);
            self.out.extend_from_within(start..start + now);
            left -= now;
        }
        Ok(())
    }

    fn room(&self, n: usize) -> Result<()> {
        if n > self.size - self.out.len() {
            return Err(wrong_size(Lzo, self.size, "more"));
        }
        Ok(())
    }

    fn short(&self) -> Error {
        wrong_size(Lzo, self.size, format!("an end after {}", self.out.len()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lzo(input: &[u8], size: usize) -> Result<Vec<u8>> {
        let mut out = Vec::new();
        decompress(input, size, &mut out).map(|()| out)
    }

    #[test]
    fn every_instruction_by_hand() {
        let end = [0x11, 0, 0];
        let run = |head: &[u8], size| lzo(&[head, &end].concat(), size).unwrap();
        assert_eq!(run(&[], 0), b"");
        // 17 + 4 literals
        assert_eq!(run(b"\x15abcd", 4), b"abcd");
        // 17 + 1 literal; 0000 ddss: two bytes from distance 1, one literal more
        assert_eq!(run(b"\x12a\x01\x00b", 4), b"aaab");
        // 3 + 1 literals; 01nd ddss: 3 + 1 bytes from distance 2 (overlapping)
        assert_eq!(run(b"\x01abcd\x64\x00", 8), b"abcdcdcd");
        // 1nnd ddss: 5 + 3 bytes from distance 4
        assert_eq!(run(b"\x01abcd\xec\x00", 12), b"abcdabcdabcd");
        // 001n nnnn: 2 + 31 + 255 + 2 bytes from distance 1, two literals
        let out = run(b"\x12a\x20\x00\x02\x02\x00xy", 293);
        assert_eq!(out, [vec![b'a'; 291], b"xy".to_vec()].concat());
        // 3 + 15 + 255*8 + 7 literals, then 0000 ddss after many: three bytes from 2049
        let long: Vec<u8> = (0..2065u32).map(|i| (i % 251) as u8).collect();
        let head = [&[0u8, 0, 0, 0, 0, 0, 0, 0, 0, 7][..], &long, &[0, 0]].concat();
        let out = run(&head, 2068);
        assert_eq!(out[2065..], long[16..19]);
        // 0001 hnnn: 2 + 1 bytes from distance 16384 + 1
        let head = b"\x12a\x20\x00\x00\x00\x00\x00\x00\x00\x00";
        let zeros = 16384 - 31 - 2;
        let mut head = head[..3].to_vec();
        head.extend(std::iter::repeat_n(0, zeros / 255));
        head.push((zeros % 255) as u8);
        head.extend([0x02, 0x00, b'x', b'y', 0x11, 0x04, 0x00]);
        let out = run(&head, 1 + 16384 + 2 + 3);
        assert_eq!(out[16385..], *b"xyaaa");
    }

    #[test]
    fn distances_before_the_start_and_missing_ends_are_errors() {
        assert!(lzo(b"\x12a\x04\x00\x11\0\0", 3).is_err());
        assert!(lzo(b"\x15abcd", 4).is_err());
        assert!(lzo(b"\x15ab", 4).is_err());
        assert!(lzo(b"", 0).is_err());
        assert!(lzo(b"\x15abcd\x11\0\0", 3).is_err());
        let mut rng = 5u64;
        for _ in 0..20_000 {
            let bytes: Vec<u8> = (0..20)
                .map(|_| {
                    rng = rng.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                    (rng >> 56) as u8
                })
                .collect();
            let _ = lzo(&bytes, 1000);
        }
    }
}
