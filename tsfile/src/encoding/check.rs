//! What the tests of the codecs share: each checks one property for bytes or values of the codec's choice.

use super::{BytesBuf, DictionaryBuf, Int, Physical, Variant, bytes_decoder};
use crate::ErrorKind;
use crate::model::Encoding;

/// Lengths around the sizes of groups and blocks.
pub const LENGTHS: [usize; 16] = [
    0, 1, 2, 7, 8, 9, 127, 128, 129, 130, 255, 256, 257, 258, 259, 1000,
];

/// Xorshift: the same numbers in every run.
pub struct Rng(u64);

impl Rng {
    pub fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    pub fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }

    pub fn below(&mut self, n: u64) -> u64 {
        (self.next() >> 32) % n
    }
}

/// Values that compare by pattern, so that NaN equals itself and zeros keep their sign.
pub trait Key: Physical + std::fmt::Debug {
    fn key(self) -> u64;
}

macro_rules! key {
    ($($type:ty: |$v:ident| $key:expr;)*) => {
        $(impl Key for $type {
            fn key(self) -> u64 {
                let $v = self;
                $key
            }
        })*
    };
}

key! {
    bool: |v| u64::from(v);
    i32: |v| v.bits();
    i64: |v| v.bits();
    f32: |v| u64::from(v.to_bits());
    f64: |v| v.to_bits();
}

/// `n` integers of a shape that `seed` picks: any, small, regular, long runs, extremes; a NaN of odd payload in between.
pub fn ints<T: Int>(n: usize, seed: u64) -> Vec<T> {
    let mut rng = Rng::new(seed);
    let mut value = rng.next();
    (0..n)
        .map(|i| {
            value = match seed % 6 {
                0 => rng.next(),
                1 => rng.below(100).wrapping_sub(50),
                2 => 1000 * i as u64,
                3 if rng.below(20) == 0 => rng.below(5000),
                3 => value % 5000,
                4 => [0, 1, u64::MAX, 1 << (T::BITS - 1), (1 << (T::BITS - 1)) - 1]
                    [rng.below(5) as usize],
                _ => rng.next() >> rng.below(64),
            };
            if i % 97 == 96 && seed % 6 == 0 {
                value = if T::BITS == 32 {
                    0x7fa0_0001
                } else {
                    0x7ff4_0000_0000_0001
                };
            }
            T::narrow(value)
        })
        .collect()
}

fn keys<T: Key>(values: &[T]) -> Vec<u64> {
    values.iter().map(|v| v.key()).collect()
}

/// `bytes` hold exactly `expected`, whichever way they are decoded and skipped.
pub fn values<T: Key>(encoding: Encoding, bytes: &[u8], expected: &[T]) {
    let open = || T::decoder(encoding, bytes, expected.len(), Variant::default()).unwrap();
    let mut out = vec![T::default(); expected.len() + 3];
    let mut all = open();
    assert_eq!(all.decode(&mut out).unwrap(), expected.len());
    assert_eq!(keys(&out[..expected.len()]), keys(expected));
    assert_eq!(all.remaining(), 0);
    assert_eq!(all.decode(&mut out).unwrap(), 0);
    assert_eq!(open().skip(expected.len() + 3).unwrap(), expected.len());

    let mut rng = Rng::new(expected.len() as u64);
    for _ in 0..20 {
        let mut decoder = open();
        let mut at = 0;
        while at < expected.len() {
            let limit = [3, 20, 150, 400][rng.below(4) as usize];
            let n = rng.below(limit) as usize;
            let end = (at + n).min(expected.len());
            if rng.below(2) == 0 {
                assert_eq!(decoder.skip(n).unwrap(), end - at);
            } else {
                let mut out = vec![T::default(); n];
                assert_eq!(decoder.decode(&mut out).unwrap(), end - at);
                assert_eq!(keys(&out[..end - at]), keys(&expected[at..end]));
            }
            at = end;
        }
        assert_eq!(decoder.remaining(), 0);
    }
}

/// As [`values`], for byte strings.
pub fn strings(encoding: Encoding, bytes: &[u8], expected: &[&[u8]]) {
    let open = || bytes_decoder(encoding, bytes).unwrap();
    let mut out = BytesBuf::default();
    let mut all = open();
    assert_eq!(
        all.decode(expected.len() + 3, &mut out).unwrap(),
        expected.len()
    );
    assert_eq!(
        (0..out.len()).map(|i| out.get(i)).collect::<Vec<_>>(),
        expected
    );
    assert_eq!(all.remaining(), 0);
    for skip in 0..=expected.len() {
        let mut decoder = open();
        assert_eq!(decoder.skip(skip).unwrap(), skip);
        out.clear();
        assert_eq!(
            decoder.decode(expected.len(), &mut out).unwrap(),
            expected.len() - skip
        );
        assert_eq!(
            (0..out.len()).map(|i| out.get(i)).collect::<Vec<_>>(),
            expected[skip..]
        );
        let mut decoder = open();
        decoder.skip(skip).unwrap();
        let mut keyed = DictionaryBuf::default();
        keyed.push_repeated(b"before", 2).unwrap();
        for step in [1, 2, expected.len()] {
            decoder.decode_keys(step, &mut keyed).unwrap();
        }
        let got: Vec<&[u8]> = (2..keyed.len()).map(|i| keyed.get(i)).collect();
        assert_eq!(got, expected[skip..]);
    }
}

/// Random bytes, and `seed` with random changes and cuts.
fn hostile_bytes(seed: &[u8]) -> impl Iterator<Item = Vec<u8>> {
    let seed = seed.to_vec();
    (0..3000).map(move |i| {
        let mut rng = Rng::new(i);
        let mut bytes = if i % 2 == 0 || seed.is_empty() {
            (0..rng.below(60)).map(|_| rng.next() as u8).collect()
        } else {
            seed.clone()
        };
        if i % 4 >= 2 {
            // Mostly small numbers: lengths, counts and widths that pass the first checks.
            bytes.iter_mut().for_each(|b| {
                if rng.below(3) > 0 {
                    *b &= 7
                }
            });
        }
        for _ in 0..rng.below(4) {
            let n = bytes.len() as u64;
            if let Some(b) = bytes.get_mut(rng.below(n.max(1)) as usize) {
                *b = rng.next() as u8;
            }
        }
        if rng.below(4) == 0 {
            let n = bytes.len() as u64;
            bytes.truncate(rng.below(n + 1) as usize);
        }
        bytes
    })
}

/// Bytes of any kind give values or a corruption error, and skipping agrees with decoding.
pub fn hostile<T: Key>(encoding: Encoding, seed: &[u8]) {
    for bytes in hostile_bytes(seed) {
        for count in [0, 5, 100] {
            let open = || T::decoder(encoding, &bytes, count, Variant::default());
            let (mut decoded, mut skipped) = match (open(), open()) {
                (Ok(a), Ok(b)) => (a, b),
                (Err(e), _) | (_, Err(e)) => {
                    assert_eq!(e.kind(), ErrorKind::Corrupt);
                    continue;
                }
            };
            let mut out = [T::default(); 37];
            for round in 0..50 {
                let a = decoded.decode(&mut out);
                let b = match round % 3 {
                    0 => skipped.skip(37),
                    _ => skipped.decode(&mut [T::default(); 37]),
                };
                match (a, b) {
                    (Ok(a), Ok(b)) => {
                        assert_eq!(a, b);
                        assert_eq!(decoded.remaining(), skipped.remaining());
                        assert!(decoded.remaining() <= bytes.len());
                        if a < 37 {
                            break;
                        }
                    }
                    (Err(a), Err(b)) => {
                        assert_eq!(a.kind(), ErrorKind::Corrupt);
                        assert_eq!(a.to_string(), b.to_string());
                        break;
                    }
                    (a, b) => panic!("decode {a:?}, skip {b:?} of {bytes:?}"),
                }
            }
            let _ = skipped.skip(usize::MAX);
        }
    }
}

/// As [`hostile`], for byte strings; an error may go unseen in what is skipped.
pub fn hostile_strings(encoding: Encoding, seed: &[u8]) {
    for bytes in hostile_bytes(seed) {
        let Ok(mut decoder) = bytes_decoder(encoding, &bytes) else {
            continue;
        };
        let Ok(mut keyed) = bytes_decoder(encoding, &bytes) else {
            continue;
        };
        let (mut out, mut keys) = (BytesBuf::default(), DictionaryBuf::default());
        for round in 0..50 {
            let (n, same) = match round % 2 {
                0 => (decoder.skip(5), keyed.skip(5)),
                _ => (decoder.decode(5, &mut out), keyed.decode_keys(5, &mut keys)),
            };
            let n = match (n, same) {
                (Ok(a), Ok(b)) => {
                    assert_eq!(a, b);
                    a
                }
                (Err(a), Err(b)) => {
                    assert_eq!(a.to_string(), b.to_string());
                    break;
                }
                (a, b) => panic!("{a:?} and {b:?} of {bytes:?}"),
            };
            assert!((0..out.len()).all(|i| out.get(i) == keys.get(i)));
            if n < 5 {
                break;
            }
        }
    }
}
