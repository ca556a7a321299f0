//! A bloom filter over the full paths of all timeseries: may say "maybe" for a path that is not in the file.
//!
//! ```text
//! uvarint   number of bytes; 0 is no filter, and in version 4 nothing follows
//! bytes     bit i is byte i / 8, 1 << (i % 8); zero bytes at the end are cut off
//! uvarint   number of bits
//! uvarint   number of hashes
//! ```
//!
//! The hash is MurmurHash3 (x64, 128 bits) with one change that depends on the writer: in the last, partial block
//! Java extends the sign of each byte and C++ does not. They agree on ASCII.

use super::{FormatVersion, parse_size};
use crate::Result;
use crate::wire::{ByteReader, ByteWriter};

/// One seed for each hash.
const SEEDS: [u64; 8] = [5, 7, 11, 19, 31, 37, 43, 59];
const MIN_BITS: u32 = 256;
/// Number of hashes that Java writes with a filter of no bytes.
const EMPTY_HASHES: u32 = 5;

/// Which paths may be in a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BloomFilter {
    /// Bits, lowest first in each byte; bits beyond the end are not set.
    pub bytes: Vec<u8>,
    /// Hashes are taken modulo this.
    pub bits: u32,
    /// Number of hashes, 1 to 8.
    pub hashes: u32,
}

impl BloomFilter {
    /// Reads a filter; `None` when the file has none.
    ///
    /// # Errors
    /// The bytes end too early.
    pub fn parse(reader: &mut ByteReader<'_>, version: FormatVersion) -> Result<Option<Self>> {
        reader.set_section("bloom filter");
        let count = reader.count(1)?;
        if count == 0 && version == FormatVersion::V4 {
            return Ok(None);
        }
        let bytes = reader.take(count)?.to_vec();
        let (bits, hashes) = parse_filter_sizes(reader)?;
        Ok((count > 0).then_some(Self {
            bytes,
            bits,
            hashes,
        }))
    }

    /// Writes a filter, or that there is none.
    pub fn serialize(filter: Option<&Self>, w: &mut ByteWriter, version: FormatVersion) {
        let (bytes, bits, hashes) = match filter {
            Some(f) => (f.bytes.as_slice(), f.bits, f.hashes),
            None => (&[][..], MIN_BITS, EMPTY_HASHES),
        };
        w.uvarint(bytes.len() as u64).bytes(bytes);
        if !bytes.is_empty() || version == FormatVersion::V3 {
            w.uvarint(u64::from(bits)).uvarint(u64::from(hashes));
        }
    }

    /// Whether `path` (device, dot, measurement; a null segment is the text `null`) may be in the file.
    ///
    /// C++ adds a table device with its trailing null tags, which [`crate::model::DeviceId`] removes: for such a file ask
    /// with as many `.null` too, up to the number of tags of the table, before believing a no.
    ///
    /// True when the bits of either writer's hash are all set. A filter that makes no sense never excludes anything:
    /// it is only a shortcut.
    pub fn might_contain(&self, path: &str) -> bool {
        if self.bits == 0 || !(1..=8).contains(&self.hashes) {
            return true;
        }
        [Tail::Java, Tail::Cpp].into_iter().any(|tail| {
            self.positions(path, tail).all(|bit| {
                usize::try_from(bit / 8)
                    .ok()
                    .and_then(|i| self.bytes.get(i))
                    .is_some_and(|byte| byte & (1 << (bit % 8)) != 0)
            })
        })
    }

    /// A filter for about `series` paths, without any yet; `error_rate` is clamped to 0.01..0.1 as both references do.
    #[expect(
        clippy::cast_possible_truncation,
        reason = "a cast from float to integer saturates, and the results are positive and small"
    )]
    pub fn with_capacity(series: usize, error_rate: f64) -> Self {
        let ln_p = error_rate.clamp(0.01, 0.1).ln();
        let ln_2 = std::f64::consts::LN_2;
        let bits = (-(series as f64) * ln_p / (ln_2 * ln_2)).floor() + 1.0;
        let bits = (bits as u32).clamp(MIN_BITS, i32::MAX as u32);
        let hashes = (((-ln_p / ln_2).floor() + 1.0) as u32).clamp(1, 8);
        Self {
            bytes: vec![0; (bits as usize).div_ceil(8)],
            bits,
            hashes,
        }
    }

    /// Adds `path`, with the bits of Java's hash and, where it is another one, those of C++'s: either reader finds it then.
    pub fn insert(&mut self, path: &str) {
        self.set(path, Tail::Java);
        if !path.is_ascii() {
            self.set(path, Tail::Cpp);
        }
    }

    fn set(&mut self, path: &str, tail: Tail) {
        for bit in self.positions(path, tail) {
            if let Some(byte) = self.bytes.get_mut((bit / 8) as usize) {
                *byte |= 1 << (bit % 8);
            }
        }
    }

    /// Cuts off the zero bytes at the end, which are not stored.
    pub fn finish(mut self) -> Self {
        let used = self.bytes.iter().rposition(|b| *b != 0);
        self.bytes.truncate(used.map_or(0, |last| last + 1));
        self
    }

    /// A filter over `paths`; see [`BloomFilter::with_capacity`] and [`BloomFilter::insert`].
    pub fn build(paths: &[impl AsRef<str>], error_rate: f64) -> Self {
        let mut filter = Self::with_capacity(paths.len(), error_rate);
        paths.iter().for_each(|path| filter.insert(path.as_ref()));
        filter.finish()
    }

    /// The bit of each hash.
    fn positions(&self, path: &str, tail: Tail) -> impl Iterator<Item = u32> + use<> {
        let bits = self.bits.max(1);
        let hashes = murmur(path.as_bytes(), tail);
        hashes
            .into_iter()
            .take(self.hashes as usize)
            .map(move |hash| {
                #[expect(
                    clippy::cast_possible_truncation,
                    reason = "the hash is defined as the low 32 bits"
                )]
                let low = hash as i32;
                // Java takes the absolute value, which the smallest integer does not have.
                low.checked_abs().unwrap_or(0).unsigned_abs() % bits
            })
    }
}

/// Number of bits and of hashes, which come behind the bytes.
pub(super) fn parse_filter_sizes(reader: &mut ByteReader<'_>) -> Result<(u32, u32)> {
    Ok((parse_size(reader)?, parse_size(reader)?))
}

/// How the bytes of the last block become integers.
#[derive(Debug, Clone, Copy)]
enum Tail {
    Java,
    Cpp,
}

impl Tail {
    fn widen(self, byte: u8) -> u64 {
        match self {
            Self::Java => i64::from(byte as i8) as u64,
            Self::Cpp => u64::from(byte),
        }
    }

    /// Up to eight bytes.
    fn block(self, bytes: &[u8]) -> u64 {
        if let Some(whole) = bytes.first_chunk() {
            if matches!(self, Self::Cpp) || bytes.is_ascii() {
                return u64::from_le_bytes(*whole);
            }
        }
        (0u32..)
            .step_by(8)
            .zip(bytes)
            .fold(0, |k, (shift, b)| k ^ (self.widen(*b) << shift))
    }
}

const C1: u64 = 0x87c3_7b91_1142_53d5;
const C2: u64 = 0x4cf5_ad43_2745_937f;

/// The hash with each of the seeds; what does not depend on the seed is done once.
fn murmur(data: &[u8], tail: Tail) -> [u64; SEEDS.len()] {
    let mix1 = |k: u64| k.wrapping_mul(C1).rotate_left(31).wrapping_mul(C2);
    let mix2 = |k: u64| k.wrapping_mul(C2).rotate_left(33).wrapping_mul(C1);
    let mut hashes = SEEDS.map(|seed| (seed, seed));
    let mut blocks = data.chunks_exact(16);
    for block in &mut blocks {
        let (low, high) = block.split_at(8);
        let (k1, k2) = (mix1(Tail::Cpp.block(low)), mix2(Tail::Cpp.block(high)));
        for (h1, h2) in &mut hashes {
            *h1 = (*h1 ^ k1)
                .rotate_left(27)
                .wrapping_add(*h2)
                .wrapping_mul(5)
                .wrapping_add(0x52dc_e729);
            *h2 = (*h2 ^ k2)
                .rotate_left(31)
                .wrapping_add(*h1)
                .wrapping_mul(5)
                .wrapping_add(0x3849_5ab5);
        }
    }
    let rest = blocks.remainder();
    let (low, high) = rest.split_at(rest.len().min(8));
    let (k1, k2) = (mix1(tail.block(low)), mix2(tail.block(high)));
    hashes.map(|(mut h1, mut h2)| {
        h2 ^= k2;
        h1 ^= k1;
        h1 ^= data.len() as u64;
        h2 ^= data.len() as u64;
        h1 = h1.wrapping_add(h2);
        h2 = h2.wrapping_add(h1);
        h1 = finish(h1);
        h2 = finish(h2);
        h1 = h1.wrapping_add(h2);
        h2 = h2.wrapping_add(h1);
        h1.wrapping_add(h2)
    })
}

fn finish(mut k: u64) -> u64 {
    k = (k ^ (k >> 33)).wrapping_mul(0xff51_afd7_ed55_8ccd);
    k = (k ^ (k >> 33)).wrapping_mul(0xc4ce_b9fe_1a85_ec53);
    k ^ (k >> 33)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::format::testing::{both_ways, hex};

    /// Of a file that Java 2.4.0 wrote.
    const JAVA: &str = "1a1368801207481a11c800410602e002228454c243812675c365803090d90623";
    const JAVA_PATHS: [&str; 19] = [
        "root.a.s1",
        "root.`x y`.d.s1",
        "root.a.b.s1",
        "root.a.b.c.s1",
        "root.a.b.c.d.s1",
        "root.a.b.c.d.e.f.s1",
        "root.names.d.S1",
        "root.names.d._u",
        "root.names.d.`0`",
        "root.names.d.`dot.ted`",
        "root.names.d.`naïve`",
        "root.names.d.`s 2`",
        "root.names.d.日本",
        "root.sg.`1`.s1",
        "root.sg.`a.b`.s1",
        "root.sg.`é`.s1",
        "root.sg.a:b@c#d$e{f}.s1",
        "root.sg.`quo``te`.d.s1",
        "root.日本.d.s1",
    ];

    /// Of a file that C++ 2.5.0 wrote.
    const CPP: &str = "08001400402e110081a012000002000183008800116000002012404880800408";
    const CPP_PATHS: [&str; 8] = [
        "root.a.s",
        "root.`a.b`.c.s",
        "root.a.b.s",
        "root.a.b.c.s",
        "root.a.b.c.d.s",
        "root.a.b.c.d.e.s",
        "root.sg.dév.naïve_name_long_enough",
        "root.sg.设备一.温度传感器",
    ];

    fn filter(bytes: &str) -> BloomFilter {
        BloomFilter {
            bytes: hex(&[bytes]),
            bits: 256,
            hashes: 5,
        }
    }

    #[test]
    fn filter_by_hand() {
        // bytes, bits, hashes
        let bytes = hex(&["02", "4006", "80 02", "05"]);
        both_ways(
            &bytes,
            &Some(filter("4006")),
            |r| BloomFilter::parse(r, FormatVersion::V4),
            |f, w| BloomFilter::serialize(f.as_ref(), w, FormatVersion::V4),
        );
    }

    #[test]
    fn no_filter_is_one_byte_in_version_4_and_four_in_version_3() {
        for (version, bytes) in [
            (FormatVersion::V4, hex(&["00"])),
            (FormatVersion::V3, hex(&["00", "80 02", "05"])),
        ] {
            both_ways(
                &bytes,
                &None,
                |r| BloomFilter::parse(r, version),
                |f, w| BloomFilter::serialize(f.as_ref(), w, version),
            );
        }
    }

    /// The bits of one hash only, as either reference builds it.
    fn by_one(paths: &[&str], tail: Tail) -> BloomFilter {
        let mut filter = BloomFilter::with_capacity(paths.len(), 0.05);
        paths.iter().for_each(|path| filter.set(path, tail));
        filter.finish()
    }

    #[test]
    fn filters_of_one_hash_equal_those_of_the_references() {
        assert_eq!(by_one(&JAVA_PATHS, Tail::Java), filter(JAVA));
        assert_eq!(by_one(&CPP_PATHS, Tail::Cpp), filter(CPP));
    }

    #[test]
    fn built_filters_have_the_bits_of_both_hashes() {
        for (paths, other) in [(&JAVA_PATHS[..], JAVA), (&CPP_PATHS[..], CPP)] {
            let built = BloomFilter::build(paths, 0.05);
            let both = [by_one(paths, Tail::Java), by_one(paths, Tail::Cpp)];
            assert_ne!(both[0], both[1], "C++ hashes some of these names otherwise");
            assert!(both.contains(&filter(other)));
            let or = (0..32).map(|i| {
                both.iter()
                    .fold(0, |all, one| all | one.bytes.get(i).copied().unwrap_or(0))
            });
            assert_eq!(built.bytes, or.collect::<Vec<u8>>());
        }
        let ascii: Vec<&str> = JAVA_PATHS.into_iter().filter(|p| p.is_ascii()).collect();
        assert_eq!(BloomFilter::build(&ascii, 0.05), by_one(&ascii, Tail::Java));
    }

    #[test]
    fn paths_of_both_writers_are_found_and_others_mostly_not() {
        let (java, cpp) = (filter(JAVA), filter(CPP));
        assert!(JAVA_PATHS.iter().all(|p| java.might_contain(p)));
        assert!(CPP_PATHS.iter().all(|p| cpp.might_contain(p)));
        let wrong = (0..1000).filter(|i| java.might_contain(&format!("root.other.d{i}.s")));
        assert!(wrong.count() < 50);
    }

    #[test]
    fn filter_without_bits_or_hashes_excludes_nothing() {
        for (bits, hashes) in [(0, 5), (256, 0), (256, 9)] {
            let filter = BloomFilter {
                bytes: vec![0],
                bits,
                hashes,
            };
            assert!(filter.might_contain("root.a.s1"));
        }
    }

    #[test]
    fn filter_of_no_paths_excludes_everything() {
        let filter = BloomFilter::build(&[""; 0], f64::NAN);
        assert_eq!((filter.bytes.len(), filter.bits), (0, 256));
        assert!(!BloomFilter::build(&[""; 0], 0.05).might_contain("root.a.s1"));
    }

    #[test]
    fn built_filter_finds_paths_with_every_length_of_the_last_block() {
        let path = "0123456789abcdef0123456789abcdefé";
        for n in (0..=32).chain([34]) {
            let path = [&path[..n]];
            for tail in ["", "é"] {
                let path = [format!("{}{tail}", path[0])];
                assert!(BloomFilter::build(&path, 0.05).might_contain(&path[0]));
            }
        }
    }
}
