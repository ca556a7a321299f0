//! RLE: runs of one value and runs of bit-packed values (format.md, "RLE").
//!
//! ```text
//! uvarint length          of what follows
//! u8      width           1..=32 or 1..=64
//! runs until the length is used up:
//!   uvarint n << 1        n copies of the value in ceil(width / 8) bytes, little-endian in 32-bit streams, big-endian in 64-bit ones
//!   uvarint g << 1 | 1    g groups of 8 values: u8 valid values in the last group, g * width bytes, most significant bit first
//! ```

use super::bits::{packed_bytes, unpack_map};
use super::pack::pack;
use super::{Decoder, Int};
use crate::Result;
use crate::wire::{ByteReader, put_uvarint};

/// Values that are packed together.
const GROUP: usize = 8;
/// The longest repeat run that the reference writes.
const MAX_REPEAT: usize = 32767;
/// The most groups in one bit-packed run of the reference.
const MAX_GROUPS: usize = 63;

/// Decodes one RLE stream; bytes behind it stay unread and count as remaining.
#[derive(Debug, Clone)]
pub struct RleDecoder<'a, T> {
    /// Ends with the stream.
    reader: ByteReader<'a>,
    stream_bytes: usize,
    bytes_behind: usize,
    width: u32,
    run: Run<'a, T>,
}

#[derive(Debug, Clone)]
enum Run<'a, T> {
    Repeat {
        value: T,
        left: usize,
    },
    Packed {
        /// From the first value of the run to the end of the stream: what lies behind the run makes unpacking faster.
        bytes: &'a [u8],
        run_bytes: usize,
        next: usize,
        count: usize,
    },
}

impl<'a, T: Int> RleDecoder<'a, T> {
    /// Reads the head of the stream at the start of `bytes`. No bytes at all are a stream without values.
    ///
    /// # Errors
    /// The stream is longer than `bytes`, or its bit width is impossible.
    pub fn new(bytes: &'a [u8]) -> Result<Self> {
        let mut head = ByteReader::new(bytes, "RLE stream");
        let length = if bytes.is_empty() { 0 } else { head.length()? };
        let start = head.position();
        head.take(length)?;
        let stream_bytes = head.position();
        let stream = bytes.get(..stream_bytes).unwrap_or(&[]);
        let mut reader = ByteReader::at(stream, start, "RLE stream");
        let width = if length == 0 { 1 } else { reader.u8()?.into() };
        if !(1..=T::BITS).contains(&width) {
            return Err(reader
                .error("impossible bit width")
                .expected(format!("1 to {}", T::BITS))
                .got(width));
        }
        Ok(Self {
            reader,
            stream_bytes,
            bytes_behind: head.remaining(),
            width,
            run: Run::Repeat {
                value: T::default(),
                left: 0,
            },
        })
    }

    /// Length of the stream, its head included.
    pub fn stream_bytes(&self) -> usize {
        self.stream_bytes
    }

    /// Reads the head of the next run, if there is one.
    fn next_run(&mut self) -> Result<bool> {
        if self.reader.is_empty() {
            return Ok(false);
        }
        let head = self.reader.uvarint()?;
        let n = (head >> 1) as usize;
        if head & 1 == 0 {
            let value = self.reader.take(self.width.div_ceil(8) as usize)?;
            self.run = Run::Repeat {
                value: T::from_run(value),
                left: n,
            };
            return Ok(true);
        }
        let last = self.reader.u8()?;
        if !(1..=8).contains(&last) {
            return Err(self
                .reader
                .error("impossible number of values in the last group")
                .expected("1 to 8")
                .got(last));
        }
        let count = n
            .checked_sub(1)
            .and_then(|full| full.checked_mul(8))
            .and_then(|full| full.checked_add(last.into()));
        let needed = count.and_then(|count| packed_bytes(count, self.width));
        let (Some(count), Some(needed)) = (count, needed) else {
            return Err(self
                .reader
                .error("impossible number of bit-packed groups")
                .got(n));
        };
        let bytes = self.reader.rest();
        if needed > bytes.len() {
            return Err(self
                .reader
                .error("the stream ends inside a bit-packed run")
                .expected(format!("{needed} more bytes"))
                .got(bytes.len()));
        }
        // A last group that the end of the stream cuts is whole as long as its valid values are there.
        let run_bytes = n.saturating_mul(self.width as usize).min(bytes.len());
        self.reader.take(run_bytes)?;
        self.run = Run::Packed {
            bytes,
            run_bytes,
            next: 0,
            count,
        };
        Ok(true)
    }

    fn pending(&self) -> usize {
        match self.run {
            Run::Repeat { left, .. } => left,
            Run::Packed { next, count, .. } => count - next,
        }
    }
}

impl<T: Int> Decoder<T> for RleDecoder<'_, T> {
    fn decode(&mut self, out: &mut [T]) -> Result<usize> {
        let mut done = 0;
        while done < out.len() {
            let n = self.pending().min(out.len() - done);
            if n == 0 {
                if self.next_run()? {
                    continue;
                }
                break;
            }
            let Some(part) = out.get_mut(done..done + n) else {
                break;
            };
            match &mut self.run {
                Run::Repeat { value, left } => {
                    part.fill(*value);
                    *left -= n;
                }
                Run::Packed { bytes, next, .. } => {
                    unpack_map(
                        bytes,
                        *next * self.width as usize,
                        self.width,
                        part,
                        T::narrow,
                    );
                    *next += n;
                }
            }
            done += n;
        }
        Ok(done)
    }

    fn skip(&mut self, n: usize) -> Result<usize> {
        let mut left_to_skip = n;
        while left_to_skip > 0 {
            let n = self.pending().min(left_to_skip);
            if n == 0 && !self.next_run()? {
                break;
            }
            match &mut self.run {
                _ if n == 0 => {}
                Run::Repeat { left, .. } => *left -= n,
                Run::Packed { next, .. } => *next += n,
            }
            left_to_skip -= n;
        }
        Ok(n - left_to_skip)
    }

    fn remaining(&self) -> usize {
        let in_run = match self.run {
            Run::Packed {
                run_bytes,
                next,
                count,
                ..
            } if next < count => {
                run_bytes.saturating_sub(packed_bytes(next, self.width).unwrap_or(0))
            }
            _ => 0,
        };
        self.reader.remaining() + self.bytes_behind + in_run
    }
}

/// Appends one stream that both references read: 64-bit values of more than 8 bits are in bit-packed runs only.
pub fn encode<T: Int>(values: &[T], out: &mut Vec<u8>) {
    if values.is_empty() {
        out.push(0);
        return;
    }
    let all = values.iter().fold(1, |all, v| all | v.bits());
    let width = 64 - all.leading_zeros();
    // The C++ reader takes 64-bit repeat values as little-endian, the Java one as big-endian: only one byte suits both.
    let repeats = T::BITS == 32 || width <= 8;
    let mut stream = vec![width as u8];
    let mut scratch = [0; MAX_GROUPS * GROUP];
    let mut pack = |values: &[T], stream: &mut Vec<u8>| {
        for run in values.chunks(MAX_GROUPS * GROUP) {
            put_packed(run, width, &mut scratch, stream);
        }
    };
    // Values before `packed` are written, those up to `at` wait to be packed.
    let (mut packed, mut at) = (0, 0);
    while at < values.len() {
        let rest = values.get(at..).unwrap_or(&[]);
        let same = if repeats { repeated(rest) } else { 0 };
        if same == 0 {
            at += GROUP.min(rest.len());
            continue;
        }
        pack(values.get(packed..at).unwrap_or(&[]), &mut stream);
        put_uvarint(&mut stream, (same as u64) << 1);
        let bytes = rest.first().map_or(0, |v| v.bits()).to_le_bytes();
        stream.extend(bytes.iter().take(width.div_ceil(8) as usize));
        at += same;
        packed = at;
    }
    pack(values.get(packed..).unwrap_or(&[]), &mut stream);
    put_uvarint(out, stream.len() as u64);
    out.append(&mut stream);
}

/// How often the first value comes in a row, at most [`MAX_REPEAT`] times; 0 if that does not fill a group.
fn repeated<T: Int>(values: &[T]) -> usize {
    let Some(group @ [first, ..]) = values.first_chunk::<GROUP>() else {
        return 0;
    };
    if group.iter().fold(0, |x, v| x | (v.bits() ^ first.bits())) != 0 {
        return 0;
    }
    let run = values.iter().take(MAX_REPEAT);
    run.take_while(|v| *v == first).count()
}

/// One bit-packed run of 1 to 63 groups.
fn put_packed<T: Int>(
    values: &[T],
    width: u32,
    scratch: &mut [u64; MAX_GROUPS * GROUP],
    out: &mut Vec<u8>,
) {
    let groups = values.len().div_ceil(GROUP);
    put_uvarint(out, (groups as u64) << 1 | 1);
    out.push((values.len() - (groups - 1) * GROUP) as u8);
    for (s, v) in scratch.iter_mut().zip(values) {
        *s = v.bits();
    }
    let whole = scratch.get_mut(..groups * GROUP).unwrap_or(&mut []);
    if let Some(padding) = whole.get_mut(values.len()..) {
        padding.fill(0);
    }
    pack(whole, width, out);
}

#[cfg(test)]
mod tests {
    use super::super::bits::BitWriter;
    use super::super::check;
    use super::*;
    use crate::model::Encoding::Rle;

    #[test]
    fn packed_run_of_32_bits_by_hand() {
        let bytes = [
            0x09, // length
            0x03, // width
            0x05, // 2 groups, bit-packed
            0x05, // 5 values in the last one
            0xb6, 0xdb, 0x6d, // 101 eight times
            0xb4, 0xa6, 0x00, // 101 101 001 010 011, padded to 8 values
        ];
        let values = [5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 1, 2, 3];
        check::values::<i32>(Rle, &bytes, &values);
        // Padding may hold anything, and the last group may be cut behind its values.
        let mut garbage = bytes;
        garbage[8] |= 1;
        garbage[9] = 0xff;
        check::values::<i32>(Rle, &garbage, &values);
        let mut cut = bytes[..9].to_vec();
        cut[0] = 0x08;
        check::values::<i32>(Rle, &cut, &values);
        cut.truncate(8);
        cut[0] = 0x07;
        let mut decoder = RleDecoder::<i32>::new(&cut).unwrap();
        assert!(decoder.decode(&mut [0; 13]).is_err());
    }

    #[test]
    fn repeat_runs_are_big_endian_in_64_bits_only() {
        // length 16, width 11, then (n << 1, value in two bytes): the bytes of Java
        let bytes = [
            0x10, 0x0b, 0x4a, 0x00, 0x00, 0x4a, 0x01, 0xf4, 0x4a, 0x03, 0xe8, 0x4a, 0x05, 0xdc,
            0x18, 0x07, 0xd0,
        ];
        let mut values = vec![];
        for (v, n) in [(0, 37), (500, 37), (1000, 37), (1500, 37), (2000, 12)] {
            values.extend(vec![v; n]);
        }
        check::values::<i64>(Rle, &bytes, &values);
        check::values::<i32>(Rle, &[4, 11, 3 << 1, 0xf4, 0x01], &[500; 3]);
        check::values::<bool>(Rle, &[3, 1, 3 << 1, 1], &[true; 3]);
        check::values::<i32>(Rle, &[0], &[]);
        check::values::<i32>(Rle, &[], &[]);
    }

    #[test]
    fn a_stream_knows_its_length() {
        let decoder = RleDecoder::<i32>::new(&[3, 1, 6, 1, 9, 9]).unwrap();
        assert_eq!(decoder.stream_bytes(), 4);
        assert_eq!(decoder.remaining(), 4);
    }

    #[test]
    fn bad_heads_are_errors() {
        assert!(RleDecoder::<i32>::new(&[1, 33]).is_err());
        assert!(RleDecoder::<i64>::new(&[1, 65]).is_err());
        assert!(RleDecoder::<i64>::new(&[1, 0]).is_err());
        assert!(RleDecoder::<i64>::new(&[2, 1]).is_err());
        // no group; 0 and 9 values in the last group
        for run in [[0x01, 1, 0], [0x03, 0, 0], [0x03, 9, 0]] {
            let bytes = [4, 1, run[0], run[1], run[2]];
            let mut decoder = RleDecoder::<i32>::new(&bytes).unwrap();
            assert!(decoder.skip(1).is_err());
        }
    }

    #[test]
    fn all_shapes_round_trip() {
        for n in check::LENGTHS {
            for seed in 0..12 {
                let values = check::ints::<i32>(n, seed);
                let mut out = Vec::new();
                encode(&values, &mut out);
                check::values(Rle, &out, &values);
                let values = check::ints::<i64>(n, seed);
                out.clear();
                encode(&values, &mut out);
                check::values(Rle, &out, &values);
            }
        }
        let mut out = Vec::new();
        encode(&[7i32; 70_000], &mut out);
        assert_eq!(out.len(), 2 + 4 + 4 + 3);
        check::values(Rle, &out, &[7i32; 70_000]);
    }

    /// Bit by bit, with each repeat counted out.
    fn encode_plainly<T: Int>(values: &[T], out: &mut Vec<u8>) {
        if values.is_empty() {
            out.push(0);
            return;
        }
        let all = values.iter().fold(1, |all, v| all | v.bits());
        let width = 64 - all.leading_zeros();
        // The C++ reader takes 64-bit repeat values as little-endian, the Java one as big-endian: only one byte suits both.
        let repeats = T::BITS == 32 || width <= 8;
        let mut stream = vec![width as u8];
        let mut packed: &[T] = &[];
        let mut rest = values;
        while let [first, ..] = rest {
            let same = rest
                .iter()
                .take(MAX_REPEAT)
                .take_while(|v| *v == first)
                .count();
            if repeats && same >= 8 {
                put_packed_plainly(packed, width, &mut stream);
                put_uvarint(&mut stream, (same as u64) << 1);
                let bytes = first.bits().to_le_bytes();
                stream.extend(bytes.iter().take(width.div_ceil(8) as usize));
                rest = rest.get(same..).unwrap_or(&[]);
                packed = &[];
            } else {
                let begun = packed.len();
                let start = values.len() - rest.len() - begun;
                let taken = rest.len().min(8);
                packed = values.get(start..start + begun + taken).unwrap_or(&[]);
                rest = rest.get(taken..).unwrap_or(&[]);
                if packed.len() == MAX_GROUPS * 8 {
                    put_packed_plainly(packed, width, &mut stream);
                    packed = &[];
                }
            }
        }
        put_packed_plainly(packed, width, &mut stream);
        put_uvarint(out, stream.len() as u64);
        out.append(&mut stream);
    }

    fn put_packed_plainly<T: Int>(values: &[T], width: u32, out: &mut Vec<u8>) {
        if values.is_empty() {
            return;
        }
        let groups = values.len().div_ceil(8);
        put_uvarint(out, (groups as u64) << 1 | 1);
        out.push((values.len() - (groups - 1) * 8) as u8);
        let mut bits = BitWriter::new(out);
        values.iter().for_each(|v| bits.write(v.bits(), width));
        for _ in values.len()..groups * 8 {
            bits.write(0, width);
        }
        bits.finish();
    }

    fn as_plainly<T: Int>(values: &[T]) {
        let (mut out, mut expected) = (vec![1], vec![1]);
        encode(values, &mut out);
        encode_plainly(values, &mut expected);
        assert_eq!(out, expected, "{values:?}");
    }

    #[test]
    fn bytes_are_those_of_the_plain_way() {
        for n in check::LENGTHS {
            for seed in 0..12 {
                as_plainly(&check::ints::<i32>(n, seed));
                as_plainly(&check::ints::<i64>(n, seed));
            }
        }
        for value in [0, 255, 256, -1] {
            for n in [504, 505, 32_767, 32_768, 40_000] {
                as_plainly(&vec![value; n]);
            }
            as_plainly(&[i64::from(value); 600]);
        }
        let mut rng = check::Rng::new(5);
        for _ in 0..100 {
            let mut values: Vec<i32> = Vec::new();
            while values.len() < 3000 {
                let run = [1, 1, 7, 8, 9, 30, 600][rng.below(7) as usize];
                values.resize(values.len() + run, rng.below(200) as i32);
            }
            as_plainly(&values);
            as_plainly(&values.iter().map(|v| i64::from(*v)).collect::<Vec<_>>());
            as_plainly(&values.iter().map(|v| i64::from(*v) * 2).collect::<Vec<_>>());
        }
    }

    #[test]
    fn hostile_bytes_never_panic() {
        let seed = [0x09, 0x03, 0x05, 0x05, 0xb6, 0xdb, 0x6d, 0xb4, 0xa6, 0x00];
        check::hostile::<i32>(Rle, &seed);
        check::hostile::<i64>(Rle, &seed);
        check::hostile::<bool>(Rle, &seed);
    }
}
