//! A bounds-checked reader and a writer of big-endian numbers. Byte order is big-endian unless a name says `le`.

use crate::{Error, Result};

/// Reads a slice from front to back; every read is checked, and errors carry the offset.
#[derive(Debug, Clone)]
pub struct ByteReader<'a> {
    bytes: &'a [u8],
    position: usize,
    section: &'static str,
}

impl<'a> ByteReader<'a> {
    /// Reads `bytes`; errors name `section` and an offset from the first byte of `bytes`.
    pub fn new(bytes: &'a [u8], section: &'static str) -> Self {
        Self {
            bytes,
            position: 0,
            section,
        }
    }

    /// Starts at `position` (at most the length) in `bytes`.
    #[inline]
    pub fn at(bytes: &'a [u8], position: usize, section: &'static str) -> Self {
        Self {
            bytes,
            position: position.min(bytes.len()),
            section,
        }
    }

    /// Bytes read so far.
    #[inline]
    pub fn position(&self) -> usize {
        self.position
    }

    /// Bytes left.
    #[inline]
    pub fn remaining(&self) -> usize {
        self.bytes.len() - self.position
    }

    /// Whether nothing is left.
    #[inline]
    pub fn is_empty(&self) -> bool {
        self.remaining() == 0
    }

    /// The bytes left, without consuming them.
    #[inline]
    pub fn rest(&self) -> &'a [u8] {
        self.bytes.get(self.position..).unwrap_or(&[])
    }

    /// Names the structure that is read from here on.
    #[inline]
    pub fn set_section(&mut self, section: &'static str) {
        self.section = section;
    }

    /// A corruption error at the current position.
    #[cold]
    pub fn error(&self, message: impl Into<String>) -> Error {
        Error::corrupt(self.section, message).at(self.position as u64)
    }

    /// A corruption error at `position`, where the field at fault begins.
    #[cold]
    pub fn error_at(&self, position: usize, message: impl Into<String>) -> Error {
        Error::corrupt(self.section, message).at(position as u64)
    }

    /// Passes over `n` bytes, or to the end.
    pub fn skip(&mut self, n: usize) {
        self.position += n.min(self.remaining());
    }

    /// Takes `n` bytes.
    #[inline]
    pub fn take(&mut self, n: usize) -> Result<&'a [u8]> {
        match self.rest().get(..n) {
            Some(taken) => {
                self.position += n;
                Ok(taken)
            }
            None => Err(self.too_short(n)),
        }
    }

    #[cold]
    fn too_short(&self, n: usize) -> Error {
        self.error("the bytes end too early")
            .expected(format!("{n} more bytes"))
            .got(self.remaining())
    }

    /// Takes exactly `N` bytes.
    #[inline]
    pub fn array<const N: usize>(&mut self) -> Result<[u8; N]> {
        let mut out = [0; N];
        out.copy_from_slice(self.take(N)?);
        Ok(out)
    }

    /// One byte.
    #[inline]
    pub fn u8(&mut self) -> Result<u8> {
        let [b] = self.array()?;
        Ok(b)
    }

    /// Big-endian 32-bit integer.
    #[inline]
    pub fn i32(&mut self) -> Result<i32> {
        Ok(i32::from_be_bytes(self.array()?))
    }

    /// Big-endian 64-bit integer.
    #[inline]
    pub fn i64(&mut self) -> Result<i64> {
        Ok(i64::from_be_bytes(self.array()?))
    }

    /// Big-endian 32-bit float.
    #[inline]
    pub fn f32(&mut self) -> Result<f32> {
        Ok(f32::from_be_bytes(self.array()?))
    }

    /// Big-endian 64-bit float.
    #[inline]
    pub fn f64(&mut self) -> Result<f64> {
        Ok(f64::from_be_bytes(self.array()?))
    }

    /// Unsigned variable-length 32-bit integer, at most 5 bytes.
    #[inline]
    pub fn uvarint(&mut self) -> Result<u32> {
        let value = self.uvarint64()?;
        u32::try_from(value).map_err(|_| {
            self.error("a variable-length integer is too large")
                .expected("at most 32 bits")
                .got(value)
        })
    }

    /// An unsigned variable-length integer that is a size or a count: at most 2^31 - 1.
    #[inline]
    pub fn length(&mut self) -> Result<usize> {
        let value = self.uvarint()?;
        i32::try_from(value)
            .ok()
            .and_then(|v| usize::try_from(v).ok())
            .ok_or_else(|| {
                self.error("a length is too large")
                    .expected("at most 2147483647")
                    .got(value)
            })
    }

    /// A count of things of at least `min_bytes` bytes each: more than the rest can hold is an error.
    #[inline]
    pub fn count(&mut self, min_bytes: usize) -> Result<usize> {
        let n = self.length()?;
        if n.saturating_mul(min_bytes.max(1)) > self.remaining() {
            return Err(self
                .error("a count is larger than the bytes that follow allow")
                .expected(format!("at most {}", self.remaining() / min_bytes.max(1)))
                .got(n));
        }
        Ok(n)
    }

    /// Unsigned variable-length 64-bit integer, at most 10 bytes.
    #[inline]
    pub fn uvarint64(&mut self) -> Result<u64> {
        // Most are lengths of names and pages: one byte, or two.
        match *self.rest() {
            [a, ..] if a < 0x80 => {
                self.position += 1;
                Ok(u64::from(a))
            }
            [a, b, ..] if b < 0x80 => {
                self.position += 2;
                Ok(u64::from(a & 0x7f) | u64::from(b) << 7)
            }
            _ => self.long_uvarint64(),
        }
    }

    fn long_uvarint64(&mut self) -> Result<u64> {
        let start = self.position;
        let mut value = 0u64;
        for (&byte, shift) in self.rest().iter().zip((0..70).step_by(7)) {
            self.position += 1;
            let bits = u64::from(byte & 0x7f);
            if shift == 63 && bits > 1 {
                return Err(self.endless_varint());
            }
            value |= bits << shift;
            if byte & 0x80 == 0 {
                return Ok(value);
            }
        }
        Err(if self.position - start < 10 {
            self.too_short(1)
        } else {
            self.endless_varint()
        })
    }

    #[cold]
    fn endless_varint(&self) -> Error {
        self.error("a variable-length integer does not end")
            .expected("at most 10 bytes")
    }

    /// Zigzag variable-length 32-bit integer.
    #[inline]
    pub fn svarint(&mut self) -> Result<i32> {
        let u = self.uvarint()?;
        Ok((u >> 1) as i32 ^ -((u & 1) as i32))
    }

    /// Zigzag variable-length 64-bit integer.
    #[inline]
    pub fn svarint64(&mut self) -> Result<i64> {
        let u = self.uvarint64()?;
        Ok((u >> 1) as i64 ^ -((u & 1) as i64))
    }

    /// Bytes behind a zigzag length; length -1 is null.
    #[inline]
    pub fn varbytes(&mut self) -> Result<Option<&'a [u8]>> {
        let n = self.svarint()?;
        self.counted(n)
    }

    /// Bytes behind a big-endian 32-bit length; length -1 is null.
    #[inline]
    pub fn i32bytes(&mut self) -> Result<Option<&'a [u8]>> {
        let n = self.i32()?;
        self.counted(n)
    }

    /// UTF-8 behind a zigzag length; length -1 is null.
    #[inline]
    pub fn varstr(&mut self) -> Result<Option<&'a str>> {
        let at = self.position;
        let bytes = self.varbytes()?;
        self.utf8(bytes, at)
    }

    /// UTF-8 behind a big-endian 32-bit length; length -1 is null.
    pub fn i32str(&mut self) -> Result<Option<&'a str>> {
        let at = self.position;
        let bytes = self.i32bytes()?;
        self.utf8(bytes, at)
    }

    #[inline]
    fn counted(&mut self, n: i32) -> Result<Option<&'a [u8]>> {
        if n == -1 {
            return Ok(None);
        }
        match usize::try_from(n) {
            Ok(n) => self.take(n).map(Some),
            Err(_) => Err(self.error("a string has a negative length").got(n)),
        }
    }

    fn utf8(&self, bytes: Option<&'a [u8]>, at: usize) -> Result<Option<&'a str>> {
        bytes
            .map(|b| {
                std::str::from_utf8(b).map_err(|e| {
                    Error::corrupt(self.section, format!("a name is no UTF-8: {e}")).at(at as u64)
                })
            })
            .transpose()
    }
}

/// Appends numbers and strings in the byte order of the format.
#[derive(Debug, Default, Clone)]
pub struct ByteWriter {
    bytes: Vec<u8>,
}

impl ByteWriter {
    /// An empty buffer.
    pub fn new() -> Self {
        Self::default()
    }

    /// Appends to `bytes`.
    pub fn over(bytes: Vec<u8>) -> Self {
        Self { bytes }
    }

    /// What was written.
    pub fn into_bytes(self) -> Vec<u8> {
        self.bytes
    }

    /// Bytes written so far.
    pub fn position(&self) -> usize {
        self.bytes.len()
    }

    /// Appends bytes as they are.
    pub fn bytes(&mut self, bytes: &[u8]) -> &mut Self {
        self.bytes.extend_from_slice(bytes);
        self
    }

    /// One byte.
    pub fn u8(&mut self, v: u8) -> &mut Self {
        self.bytes(&[v])
    }

    /// Big-endian 32-bit integer.
    pub fn i32(&mut self, v: i32) -> &mut Self {
        self.bytes(&v.to_be_bytes())
    }

    /// Appends an offset from the start of the file, which the format holds in a signed number; no file reaches 2^63 bytes.
    pub fn u64_offset(&mut self, v: u64) -> &mut Self {
        self.i64(i64::try_from(v).unwrap_or(i64::MAX))
    }

    /// Big-endian 64-bit integer.
    pub fn i64(&mut self, v: i64) -> &mut Self {
        self.bytes(&v.to_be_bytes())
    }

    /// Big-endian 32-bit float.
    pub fn f32(&mut self, v: f32) -> &mut Self {
        self.bytes(&v.to_be_bytes())
    }

    /// Big-endian 64-bit float.
    pub fn f64(&mut self, v: f64) -> &mut Self {
        self.bytes(&v.to_be_bytes())
    }

    /// Unsigned variable-length integer.
    pub fn uvarint(&mut self, v: u64) -> &mut Self {
        super::varint::put_uvarint(&mut self.bytes, v);
        self
    }

    /// Zigzag variable-length integer (the 32-bit and 64-bit kinds agree on values of 32 bits).
    pub fn svarint(&mut self, v: i64) -> &mut Self {
        self.uvarint(((v << 1) ^ (v >> 63)) as u64)
    }

    /// A string behind a zigzag length, `None` is null.
    pub fn varstr(&mut self, s: Option<&str>) -> &mut Self {
        match s {
            None => self.svarint(-1),
            Some(s) => self.svarint(s.len() as i64).bytes(s.as_bytes()),
        }
    }

    /// Bytes behind a big-endian 32-bit length. Longer than 2^31 - 1 is cut: callers check sizes first.
    pub fn i32bytes(&mut self, s: &[u8]) -> &mut Self {
        let n = i32::try_from(s.len()).unwrap_or(i32::MAX);
        self.i32(n).bytes(s)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn varints_by_hand() {
        for (value, bytes) in [
            (0, &[0x00][..]),
            (1, &[0x02]),
            (-1, &[0x01]),
            (63, &[0x7e]),
            (64, &[0x80, 0x01]),
            (-65, &[0x81, 0x01]),
            (i64::from(i32::MIN), &[0xff, 0xff, 0xff, 0xff, 0x0f]),
        ] {
            let mut w = ByteWriter::new();
            w.svarint(value);
            assert_eq!(w.into_bytes(), bytes);
            assert_eq!(
                i64::from(ByteReader::new(bytes, "t").svarint().unwrap()),
                value
            );
        }
        assert_eq!(ByteReader::new(&[0x80, 0x02], "t").uvarint().unwrap(), 256);
    }

    #[test]
    fn strings_by_hand() {
        let bytes = [0x04, b's', b'1', 0x01, 0x00];
        let mut r = ByteReader::new(&bytes, "t");
        assert_eq!(r.varstr().unwrap(), Some("s1"));
        assert_eq!(r.varstr().unwrap(), None);
        assert_eq!(r.varstr().unwrap(), Some(""));
        assert!(r.is_empty());
    }

    #[test]
    fn short_and_overlong_input_is_an_error() {
        assert!(ByteReader::new(&[0x80], "t").uvarint().is_err());
        assert!(ByteReader::new(&[0xff; 11], "t").uvarint64().is_err());
        assert!(
            ByteReader::new(&[0xff, 0xff, 0xff, 0xff, 0x1f], "t")
                .uvarint()
                .is_err()
        );
        assert!(ByteReader::new(&[0x03], "t").varstr().is_err());
        assert!(
            ByteReader::new(&[0x7f, 0xff, 0xff, 0xff], "t")
                .i32str()
                .is_err()
        );
        let e = ByteReader::new(&[1, 2], "tail").i32().unwrap_err();
        assert_eq!(
            e.to_string(),
            "tail: the bytes end too early at byte 0; expected 4 more bytes, found 2"
        );
        let e = ByteReader::at(&[1, 2], 2, "tail").error_at(1, "wrong");
        assert_eq!(e.to_string(), "tail: wrong at byte 1");
    }
}
