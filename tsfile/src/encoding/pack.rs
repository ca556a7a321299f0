//! Bulk packing of numbers of one width, most significant bit first: the counterpart of [`unpack_map`](super::bits::unpack_map).

use super::bits::packed_bytes;

/// Bytes of a store: one may reach that far behind the last bit.
pub const WORD: usize = size_of::<u64>();

/// Appends `values`, of which none has more than `width` bits (0 to 64), one behind the other, from the next byte of `out` on; the last byte
/// is filled with zeros.
pub fn pack(values: &[u64], width: u32, out: &mut Vec<u8>) {
    let start = out.len();
    let bytes = packed_bytes(values.len(), width).unwrap_or(0);
    out.resize(start + bytes + WORD, 0);
    pack_into(values, width, out.get_mut(start..).unwrap_or(&mut []));
    out.truncate(start + bytes);
}

/// As [`pack`], into bytes that are there already, with a [`WORD`] more than the numbers take: what does not fit is lost.
#[inline]
pub fn pack_into(values: &[u64], width: u32, room: &mut [u8]) {
    let mut sink = Sink::new(room);
    // A store takes a whole number of values, of up to 56 bits together.
    match width {
        0 => {}
        1..=7 => by_words::<8>(&mut sink, values, width),
        8..=14 => by_words::<4>(&mut sink, values, width),
        15..=28 => by_words::<2>(&mut sink, values, width),
        29..=Sink::MOST => by_words::<1>(&mut sink, values, width),
        _ => {
            for v in values {
                sink.put(v >> 32, width - 32);
                sink.put(v & 0xffff_ffff, 32);
            }
        }
    }
}

#[inline]
fn by_words<const K: usize>(sink: &mut Sink<'_>, values: &[u64], width: u32) {
    let mut groups = values.chunks_exact(K);
    for group in &mut groups {
        let word = group.iter().fold(0, |word, v| word << width | v);
        sink.put(word, K as u32 * width);
    }
    for v in groups.remainder() {
        sink.put(*v, width);
    }
}

/// Writes bits into bytes that are there already, without a branch: each time a whole word, of which what follows overwrites the rest.
#[derive(Debug)]
pub struct Sink<'a> {
    room: &'a mut [u8],
    at: usize,
    /// The bits that do not fill a byte yet, from the top.
    pending: u64,
    /// How many those are, less than 8.
    used: u32,
}

impl<'a> Sink<'a> {
    /// The most bits that fit beside the begun byte.
    pub const MOST: u32 = 56;

    /// Writes from the start of `room`, which has a word more than the bits need: what does not fit is lost.
    pub fn new(room: &'a mut [u8]) -> Self {
        Self {
            room,
            at: 0,
            pending: 0,
            used: 0,
        }
    }

    /// Writes the low `n` bits of `value`, 1 to [`Sink::MOST`]; those above are zero.
    #[inline]
    pub fn put(&mut self, value: u64, n: u32) {
        let used = self.used + n;
        let word = self.pending | value << (64 - used);
        let slot = self.room.get_mut(self.at..);
        if let Some(slot) = slot.and_then(|slot| slot.first_chunk_mut::<WORD>()) {
            *slot = word.to_be_bytes();
        }
        self.at += (used / 8) as usize;
        self.pending = word << (used & !7);
        self.used = used % 8;
    }

    /// Moves the whole bytes to `out` and goes on at the start of the room.
    pub fn drain(&mut self, out: &mut Vec<u8>) {
        out.extend_from_slice(self.room.get(..self.at).unwrap_or(&[]));
        self.at = 0;
    }

    /// Fills the byte with zeros, or adds a zero byte where none was begun, and moves all to `out`.
    pub fn end_always(mut self, out: &mut Vec<u8>) {
        self.put(0, 8 - self.used);
        self.drain(out);
    }
}

#[cfg(test)]
mod tests {
    use super::super::bits::BitWriter;
    use super::super::check::Rng;
    use super::*;

    #[test]
    fn every_width_is_packed_as_bit_by_bit() {
        let mut rng = Rng::new(3);
        for width in 0..=64 {
            for n in [0, 1, 2, 3, 7, 8, 9, 40, 128, 504] {
                let values: Vec<u64> = (0..n)
                    .map(|_| rng.next().checked_shr(64 - width).unwrap_or(0))
                    .collect();
                let mut expected = vec![7];
                let mut w = BitWriter::new(&mut expected);
                values.iter().for_each(|v| w.write(*v, width));
                w.finish();
                let mut out = vec![7];
                pack(&values, width, &mut out);
                assert_eq!(out, expected, "width {width}");
            }
        }
    }

    #[test]
    fn a_sink_without_room_loses_bits_and_nothing_else() {
        let mut room = [9; 9];
        let mut sink = Sink::new(&mut room);
        sink.put(0b101, 3);
        sink.put(1, 16);
        sink.put(3, 56);
        assert_eq!(room, [0b1010_0000, 0, 0b0010_0000, 0, 0, 0, 0, 0, 9]);
    }
}
