//! Variable-length integers: seven bits a byte, least significant first, top bit set when more follow.

/// Appends `v`.
#[expect(clippy::cast_possible_truncation, reason = "masked to seven bits")]
pub(crate) fn put_uvarint(out: &mut Vec<u8>, mut v: u64) {
    while v >= 0x80 {
        out.push((v as u8) | 0x80);
        v >>= 7;
    }
    out.push(v as u8);
}
