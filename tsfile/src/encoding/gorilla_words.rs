//! GORILLA to bytes without a branch per word: the same surface and the same bytes as [`gorilla::encode`](super::gorilla::encode), faster.

use super::bits64::BitValue;
use super::gorilla::field;
use super::pack::{Sink, WORD};

/// Values that go to a buffer that has room for whatever they take.
const BLOCK: usize = 128;
/// What a value takes at most: 2 bits, 2 fields of 6 and 64 of the value.
const MOST_BYTES: usize = 10;

/// Appends `values` in GORILLA, terminator included.
pub fn encode<T: BitValue>(values: &[T], out: &mut Vec<u8>) {
    let mut room = [0; BLOCK * MOST_BYTES + WORD];
    let mut sink = Sink::new(&mut room);
    let rest = match values.split_first() {
        Some((first, rest)) => {
            put(&mut sink, 0, 0, first.to_bits64(), T::WIDTH);
            rest
        }
        None => {
            put(&mut sink, 0, 0, T::TERMINATOR, T::WIDTH);
            sink.end_always(out);
            return;
        }
    };
    let mut state = State {
        previous: values.first().map_or(0, |v| v.to_bits64()),
        lead: u32::MAX,
        trail: 0,
    };
    for block in rest.chunks(BLOCK - 1) {
        for value in block {
            state.put::<T>(value.to_bits64(), &mut sink);
        }
        sink.drain(out);
    }
    state.put::<T>(T::TERMINATOR, &mut sink);
    sink.end_always(out);
}

struct State {
    previous: u64,
    /// Leading zeros of the window: more than there are bits before the first.
    lead: u32,
    trail: u32,
}

impl State {
    #[inline]
    fn put<T: BitValue>(&mut self, value: u64, sink: &mut Sink<'_>) {
        let x = value ^ std::mem::replace(&mut self.previous, value);
        if x == 0 {
            sink.put(0, 1);
            return;
        }
        let (lead, trail) = (x.leading_zeros() - (64 - T::WIDTH), x.trailing_zeros());
        if lead >= self.lead && trail >= self.trail {
            let n = T::WIDTH - self.lead - self.trail;
            put(sink, 0b10, 2, x >> self.trail, n);
            return;
        }
        let field = field::<T>();
        let n = T::WIDTH - lead - trail;
        let head = 0b11 << (2 * field) | u64::from(lead) << field | u64::from(n - 1);
        put(sink, head, 2 + 2 * field, x >> trail, n);
        (self.lead, self.trail) = (lead, trail);
    }
}

/// `head` of `head_bits` and `n` bits behind it, of which a sink may not take all at once.
#[inline]
fn put(sink: &mut Sink<'_>, head: u64, head_bits: u32, value: u64, n: u32) {
    if head_bits + n <= Sink::MOST {
        sink.put(head << n | value, head_bits + n);
    } else {
        let high = n - 32;
        sink.put(head << high | value >> 32, head_bits + high);
        sink.put(value & 0xffff_ffff, 32);
    }
}

#[cfg(test)]
mod tests {
    use super::super::bits64::testing;
    use super::super::gorilla;
    use super::*;

    fn as_plainly<T: BitValue>() {
        for values in testing::series::<T>() {
            // All lengths around a block.
            for n in [0, 1, 2, 127, 128, 129, values.len()] {
                let values = values.get(..n).unwrap_or(&values);
                let (mut out, mut expected) = (vec![1], vec![1]);
                encode(values, &mut out);
                gorilla::encode(values, &mut expected);
                assert_eq!(out, expected);
            }
        }
    }

    #[test]
    fn bytes_are_those_of_the_plain_way() {
        as_plainly::<i32>();
        as_plainly::<i64>();
        as_plainly::<f32>();
        as_plainly::<f64>();
    }
}
