//! What the tests of all structures share.

use crate::wire::{ByteReader, ByteWriter};
use crate::{Error, Result};
use std::fmt::Debug;

/// Bytes from hexadecimal digits, one string for each field; blanks do not count.
pub fn hex(fields: &[&str]) -> Vec<u8> {
    let digits: Vec<u32> = fields
        .concat()
        .chars()
        .filter(|c| !c.is_whitespace())
        .map(|c| c.to_digit(16).unwrap())
        .collect();
    digits
        .chunks(2)
        .map(|d| u8::try_from(d[0] * 16 + d[1]).unwrap())
        .collect()
}

/// `bytes` parse as `value` without rest, `value` serializes to `bytes`, every truncation is an error, and no damaged
/// byte makes the parser panic.
pub fn both_ways<'a, T: PartialEq + Debug>(
    bytes: &'a [u8],
    value: &T,
    parse: impl Fn(&mut ByteReader<'a>) -> Result<T>,
    serialize: impl Fn(&T, &mut ByteWriter),
) {
    let mut reader = ByteReader::new(bytes, "test");
    assert_eq!(&parse(&mut reader).unwrap(), value);
    assert!(reader.is_empty(), "{} bytes are left", reader.remaining());
    let mut w = ByteWriter::new();
    serialize(value, &mut w);
    assert_eq!(w.into_bytes(), bytes);
    for n in 0..bytes.len() {
        assert!(
            parse(&mut ByteReader::new(&bytes[..n], "test")).is_err(),
            "{n} bytes of {} are taken for all",
            bytes.len()
        );
    }
    damaged(bytes, |reader| parse(reader).map(|_| ()));
}

/// Parses `bytes` with each byte in turn replaced by awkward ones; the outcome does not matter, that there is one does.
pub fn damaged<'a>(bytes: &[u8], parse: impl Fn(&mut ByteReader<'a>) -> Result<()>) {
    for i in 0..bytes.len() {
        for b in [0x00, 0x01, 0x7f, 0x80, 0xfe, 0xff] {
            let mut copy = bytes.to_vec();
            copy[i] = b;
            // What parsers return may borrow for as long as the undamaged bytes live.
            let copy: &'a [u8] = copy.leak();
            let _ = parse(&mut ByteReader::new(copy, "test"));
        }
    }
}

/// The error of bytes that do not parse.
pub fn failure<'a, T: Debug>(
    bytes: &'a [u8],
    parse: impl Fn(&mut ByteReader<'a>) -> Result<T>,
) -> Error {
    parse(&mut ByteReader::new(bytes, "test")).unwrap_err()
}
