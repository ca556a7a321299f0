//! LZ4 for small blocks: a table that is cleared in no time. The one of the crate takes longer than a page of a sparse series does.
//!
//! ```text
//! sequence   token: number of literals and length of the copy less 4, four bits each; 15 goes on in bytes of which 255 goes on again
//!            literals
//!            u16 distance, little-endian; the last sequence has neither distance nor copy
//! ```
//!
//! A copy begins at least 12 bytes before the end, and the last 5 bytes are literals, as decoders may count on.

use super::failed;
use crate::Result;
use crate::model::Compression::Lz4;

/// The largest input; [`Table`] has no room for positions beyond.
pub(super) const MOST: usize = 256;
const SLOTS: usize = 256;
const SHORTEST: usize = 4;
/// No copy begins in the last bytes.
const NO_COPY: usize = 12;
/// No copy reaches into the last bytes.
const LITERALS: usize = 5;
/// What a field of the token says of a length that goes on behind it.
const LONG: usize = 15;

/// Where four bytes were seen last, by their hash; the start for those never seen.
struct Table([u16; SLOTS]);

impl Table {
    /// The last position of `four`, or of others, and `at` from now on.
    fn replace(&mut self, four: [u8; SHORTEST], at: usize) -> usize {
        let hash = u32::from_le_bytes(four).wrapping_mul(2_654_435_761) >> 24;
        match self.0.get_mut(hash as usize) {
            Some(slot) => std::mem::replace(slot, at as u16).into(),
            None => 0,
        }
    }
}

/// Appends the compressed form of at most [`MOST`] bytes.
pub(super) fn compress(input: &[u8], out: &mut Vec<u8>) -> Result<()> {
    if input.len() > MOST {
        return Err(failed(Lz4, "a small block is too large"));
    }
    out.reserve(input.len() + input.len() / 255 + 16);
    let mut table = Table([0; SLOTS]);
    let (mut written, mut at) = (0, 1);
    while at + NO_COPY <= input.len() {
        let Some(four) = four_at(input, at) else {
            break;
        };
        let from = table.replace(four, at);
        if four_at(input, from) != Some(four) {
            at += 1 + (at - written) / 64;
            continue;
        }
        let (start, n) = widest(input, from, at, written);
        sequence(input.get(written..start).unwrap_or(&[]), at - from, n, out);
        at = start + n;
        written = at;
        if let Some(four) = four_at(input, at - 2) {
            table.replace(four, at - 2);
        }
    }
    let rest = input.get(written..).unwrap_or(&[]);
    out.push((rest.len().min(LONG) << 4) as u8);
    more(rest.len(), out);
    out.extend_from_slice(rest);
    Ok(())
}

fn four_at(input: &[u8], at: usize) -> Option<[u8; SHORTEST]> {
    input.get(at..)?.first_chunk().copied()
}

/// Start and length of the copy around the four bytes at `at`, which are those at `from`; not before `written`.
fn widest(input: &[u8], from: usize, at: usize, written: usize) -> (usize, usize) {
    let end = input.len() - LITERALS;
    let ahead = input.get(at + SHORTEST..end).unwrap_or(&[]);
    let source = input.get(from + SHORTEST..).unwrap_or(&[]);
    let after = ahead.iter().zip(source).take_while(|(a, b)| a == b).count();
    let behind = input.get(written..at).unwrap_or(&[]).iter().rev();
    let source = input.get(..from).unwrap_or(&[]).iter().rev();
    let before = behind.zip(source).take_while(|(a, b)| a == b).count();
    (at - before, before + SHORTEST + after)
}

fn sequence(literals: &[u8], distance: usize, n: usize, out: &mut Vec<u8>) {
    let n = n - SHORTEST;
    out.push((literals.len().min(LONG) << 4 | n.min(LONG)) as u8);
    more(literals.len(), out);
    out.extend_from_slice(literals);
    out.extend_from_slice(&(distance as u16).to_le_bytes());
    more(n, out);
}

/// The rest of a length that its field in the token has no room for.
fn more(n: usize, out: &mut Vec<u8>) {
    if let Some(mut left) = n.checked_sub(LONG) {
        while left >= 255 {
            out.push(255);
            left -= 255;
        }
        out.push(left as u8);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use lz4_flex::block;

    fn round_trip(input: &[u8]) -> usize {
        let mut out = vec![9];
        compress(input, &mut out).unwrap();
        assert_eq!(out[0], 9);
        assert_eq!(block::decompress(&out[1..], input.len()).unwrap(), input);
        out.len() - 1
    }

    #[test]
    fn a_block_by_hand() {
        let input = b"abcdabcdabcdabcdabcdabcd!12345";
        let mut out = Vec::new();
        compress(input, &mut out).unwrap();
        // 4 literals and a copy of 4 + 15 + 1 from 4 back; 6 literals
        assert_eq!(out, b"\x4fabcd\x04\x00\x01\x60!12345");
    }

    #[test]
    fn what_is_compressed_comes_back_and_is_about_as_small() {
        let mut rng = 1u64;
        let mut next = || {
            rng = rng.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            (rng >> 33) as usize
        };
        let (mut ours, mut theirs) = (0, 0);
        for n in 0..=MOST {
            let noise: Vec<u8> = (0..n).map(|_| next() as u8).collect();
            let few: Vec<u8> = (0..n).map(|_| (next() % 3) as u8).collect();
            let repeats: Vec<u8> = (0..n).map(|i| (i % (1 + n / 3)) as u8).collect();
            let times: Vec<u8> = (0..n as i64)
                .flat_map(|i| (1_700_000_000_000 + i * 1000 + i % 7).to_be_bytes())
                .take(n)
                .collect();
            for input in [noise, few, repeats, times, vec![5; n]] {
                ours += round_trip(&input);
                theirs += block::compress(&input).len();
            }
        }
        assert!(ours * 100 < theirs * 101, "{ours} {theirs}");
        assert!(compress(&[0; MOST + 1], &mut Vec::new()).is_err());
    }
}
