//! Byte-level codecs of a page, one file per algorithm.
//!
//! The page header states the exact uncompressed size, so that size is both the goal and the limit: an algorithm yields exactly that many bytes or an error.
//! Memory follows the input: an algorithm with a bounded ratio refuses a size that its input cannot reach, the others grow only with real output.

mod gzip;
mod lz4;
mod lz4_small;
mod lzma2;
mod lzo;
mod snappy;
mod zstd;

use crate::model::Compression;
use crate::{Error, ErrorKind, Result};

const SECTION: &str = "page compression";

/// Output that an algorithm with an unbounded ratio gets at once, per input byte; beyond that, memory doubles as output arrives.
const PLAUSIBLE_RATIO: usize = 64;

/// Decompresses pages one after another and keeps what the algorithms can use again.
#[derive(Default)]
pub struct Decompressor {
    snappy: snap::raw::Decoder,
    zstd: Option<::zstd::zstd_safe::DCtx<'static>>,
}

impl std::fmt::Debug for Decompressor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Decompressor").finish_non_exhaustive()
    }
}

impl Decompressor {
    /// The `uncompressed_bytes` bytes that `input` stands for, at the start of `out`, of which the rest means nothing; after an error `out`
    /// is empty.
    ///
    /// The caller has compared `uncompressed_bytes` with its limit.
    ///
    /// # Errors
    /// `input` is corrupt or stands for more or fewer bytes, or the memory cannot be had.
    pub fn decompress<'o>(
        &mut self,
        compression: Compression,
        input: &[u8],
        uncompressed_bytes: usize,
        out: &'o mut Vec<u8>,
    ) -> Result<&'o [u8]> {
        let failed = match self.dispatch(compression, input, uncompressed_bytes, out) {
            Ok(found) if found == uncompressed_bytes => {
                return Ok(out.get(..found).unwrap_or(&[]));
            }
            Ok(found) => wrong_size(compression, uncompressed_bytes, found),
            Err(e) => e,
        };
        out.clear();
        Err(failed)
    }

    /// How many bytes there are at the start of `out`.
    fn dispatch(
        &mut self,
        compression: Compression,
        input: &[u8],
        size: usize,
        out: &mut Vec<u8>,
    ) -> Result<usize> {
        match compression {
            Compression::Lz4 => return lz4::decompress(input, size, out),
            Compression::Uncompressed => {
                if input.len() != size {
                    return Err(wrong_size(compression, size, input.len()));
                }
                out.clear();
                reserve(compression, out, size)?;
                out.extend_from_slice(input);
            }
            Compression::Snappy => snappy::decompress(&mut self.snappy, input, size, out)?,
            Compression::Gzip => gzip::decompress(input, size, out)?,
            Compression::Lzo => lzo::decompress(input, size, out)?,
            Compression::Zstd => zstd::decompress(&mut self.zstd, input, size, out)?,
            Compression::Lzma2 => lzma2::decompress(input, size, out)?,
        }
        Ok(out.len())
    }
}

/// Compresses pages one after another and keeps what the algorithms can use again.
#[derive(Default)]
pub struct Compressor {
    snappy: Option<snap::raw::Encoder>,
    gzip: Option<flate2::Compress>,
    lz4: lz4::Tables,
    zstd: Option<::zstd::zstd_safe::CCtx<'static>>,
}

impl std::fmt::Debug for Compressor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Compressor").finish_non_exhaustive()
    }
}

impl Compressor {
    /// Appends the compressed form of `input` to `out`. LZO can only be read.
    ///
    /// # Errors
    /// `compression` is LZO, or the algorithm fails.
    pub fn compress(
        &mut self,
        compression: Compression,
        input: &[u8],
        out: &mut Vec<u8>,
    ) -> Result<()> {
        match compression {
            Compression::Uncompressed => {
                out.extend_from_slice(input);
                Ok(())
            }
            Compression::Snappy => snappy::compress(&mut self.snappy, input, out),
            Compression::Gzip => gzip::compress(&mut self.gzip, input, out),
            Compression::Lzo => Err(Error::unsupported(SECTION, "LZO can be read, not written")),
            Compression::Lz4 => self.lz4.compress(input, out),
            Compression::Zstd => zstd::compress(&mut self.zstd, input, out),
            Compression::Lzma2 => lzma2::compress(input, out),
        }
    }
}

/// As [`Compressor::compress`], for a single page.
///
/// # Errors
/// As [`Compressor::compress`].
pub fn compress(compression: Compression, input: &[u8], out: &mut Vec<u8>) -> Result<()> {
    Compressor::default().compress(compression, input, out)
}

fn corrupt(compression: Compression, why: impl std::fmt::Display) -> Error {
    Error::corrupt(
        SECTION,
        format!("{compression} cannot be decompressed: {why}"),
    )
}

fn failed(compression: Compression, why: impl std::fmt::Display) -> Error {
    Error::argument(format!("{compression} cannot compress: {why}"))
}

fn wrong_size(compression: Compression, expected: usize, found: impl std::fmt::Display) -> Error {
    Error::corrupt(
        SECTION,
        format!("{compression} does not give the size in the page header"),
    )
    .expected(format!("{expected} bytes"))
    .got(found)
}

fn reserve(compression: Compression, out: &mut Vec<u8>, more: usize) -> Result<()> {
    out.try_reserve_exact(more).map_err(|_| {
        Error::new(
            ErrorKind::Limit,
            SECTION,
            format!("no memory for a {compression} page"),
        )
        .got(format!("{} bytes", out.len().saturating_add(more)))
    })
}

/// Makes `out` `size` bytes long, whatever they are: what the buffer held before need not be cleared for that.
fn resize(compression: Compression, out: &mut Vec<u8>, size: usize) -> Result<()> {
    reserve(compression, out, size.saturating_sub(out.len()))?;
    out.resize(size, 0);
    Ok(())
}

/// Refuses a size that `input_bytes` cannot reach at `ratio` bytes of output for one of input.
fn check_ratio(
    compression: Compression,
    input_bytes: usize,
    size: usize,
    ratio: usize,
) -> Result<()> {
    const HEADROOM: usize = 64;
    let most = input_bytes.saturating_mul(ratio).saturating_add(HEADROOM);
    if size > most {
        return Err(wrong_size(
            compression,
            size,
            format!("{input_bytes} compressed bytes, which hold at most {most}"),
        ));
    }
    Ok(())
}

/// What one call of a streaming decompressor did.
struct Step {
    read: usize,
    written: usize,
    done: bool,
}

/// Runs `step` over all of `input`, growing `out` up to `size` only as it fills.
fn stream(
    compression: Compression,
    input: &[u8],
    size: usize,
    out: &mut Vec<u8>,
    mut step: impl FnMut(&[u8], &mut [u8]) -> Result<Step>,
) -> Result<()> {
    let mut room = input.len().saturating_mul(PLAUSIBLE_RATIO).min(size);
    resize(compression, out, room)?;
    let (mut read, mut written) = (0, 0);
    // An end of stream can come after the last byte of output: an empty buffer then shows whether more would follow.
    let mut spare = [0u8; 1];
    loop {
        let rest = input.get(read..).unwrap_or(&[]);
        let full = written == size;
        let target = if full {
            &mut spare[..]
        } else {
            out.get_mut(written..).unwrap_or(&mut [])
        };
        let did = step(rest, target)?;
        if full && did.written > 0 {
            return Err(wrong_size(compression, size, "more"));
        }
        read += did.read;
        written += did.written;
        if did.done {
            break;
        }
        if written == room && room < size {
            room = room.saturating_mul(2).max(1024).min(size);
            resize(compression, out, room)?;
        } else if did.read == 0 && did.written == 0 {
            return Err(wrong_size(
                compression,
                size,
                format!("an end after {written}"),
            ));
        }
    }
    out.truncate(written);
    if read != input.len() {
        return Err(corrupt(
            compression,
            format!("{} bytes follow its end", input.len().saturating_sub(read)),
        ));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The page that the C++ writer compressed in every way: 200 points, times 0, 1, 2, ..., values i % 10.
    fn page() -> Vec<u8> {
        let mut w = crate::wire::ByteWriter::new();
        w.u8(48); // bytes of the times
        w.i32(128).i32(0).i64(1).i64(0); // 129 times: deltas of 1 from 0 on
        w.i32(70).i32(0).i64(1).i64(129); // 71 times
        (0..200).for_each(|i| {
            w.i64(i % 10);
        });
        w.into_bytes()
    }

    pub(super) fn unhex(s: &str) -> Vec<u8> {
        (0..s.len() / 2)
            .map(|i| u8::from_str_radix(&s[2 * i..2 * i + 2], 16).unwrap())
            .collect()
    }

    const GOLDEN: [(Compression, &str); 6] = [
        (
            Compression::Gzip,
            "1f8b080000000000000333606060686040004624b61b16f146065400136782d2cc509a054ab342693628cd0ea539a034e7a879a3e68d9a376adea87923c33c001743de5b71060000",
        ),
        (
            Compression::Lz4,
            "66300000008000010016010b002700460c000418001781140000020004180010020d00410000000306003000000405004100000005060030000006050041000000070600300000080500410000000906000602000f5000ffffffffffce500000000009",
        ),
        (
            Compression::Lzma2,
            "fd377a585a000004e6d6b44603c037f10c2101160000000097e0d9bce00670002f5d0018003010000d84065e47900f9f7be0b9cc6e373254aeaaeb203ad7655c49ea0ad7134ea518321ee19ee85cd1c445000000cf133124b969eee900014ff10c00000031aad902b1c467fb020000000004595a",
        ),
        (
            Compression::Lzo,
            "1630000000804c00e10001292d0046315d0081294c002a5d0002dd0003dd0004dd0005dd0006dd0007dd0008dd0009200000000000d43c01110000",
        ),
        (
            Compression::Snappy,
            "f10c1430000000800019010001190b0400461d0c111800811d14010111180002010d0c0000000301050c0000000401050c0000000501050c0000000601050c0000000701050c0000000801050c0000000901051d01fe5000fe5000fe5000fe5000fe5000fe5000fe5000fe5000fe5000fe5000fe5000fe5000fe5000fe5000fe5000fe5000fe5000fe5000fe5000fe5000fe5000fe5000fe5000825000",
        ),
        (
            Compression::Zstd,
            "28b52ffd6071058d0400120d1b0ee0190e0118255425a59432a59452452371972b1a89bb5cd148dce58a46e22e57341277b9a291b8cb158dc45dae6824ee72452371972b1a89bb5cd148dce58a46e22e57341277b9a291b8cb158dc45dae6824ee72452371972b1a89bb5cd148dce58a46e2eeb0609cb00d0880cba820bc39e0e710a64b732a291555522aaaa45454a5ea54699325404a29e54b01",
        ),
    ];

    #[test]
    fn pages_of_the_reference_writer_decompress() {
        let page = page();
        assert_eq!(page.len(), 1649);
        let mut d = Decompressor::default();
        let mut out = vec![9; 77];
        for (compression, hex) in GOLDEN {
            let found = d.decompress(compression, &unhex(hex), page.len(), &mut out);
            assert_eq!(found.unwrap(), page, "{compression}");
        }
        let found = d.decompress(Compression::Uncompressed, &page, page.len(), &mut out);
        assert_eq!(found.unwrap(), page);
        // A short page in a buffer that had a long one.
        let mut long = vec![1; 5000];
        let mut packed = Vec::new();
        compress(Compression::Lz4, b"ab", &mut packed).unwrap();
        let found = d.decompress(Compression::Lz4, &packed, 2, &mut long);
        assert_eq!(found.unwrap(), b"ab");
    }

    #[test]
    fn another_size_than_stated_is_an_error_that_names_the_algorithm() {
        let mut d = Decompressor::default();
        let mut out = Vec::new();
        for (compression, hex) in GOLDEN {
            for size in [0, 1, 1648, 1650, 100_000, usize::MAX / 2] {
                let e = d
                    .decompress(compression, &unhex(hex), size, &mut out)
                    .unwrap_err();
                assert!(e.to_string().contains(compression.name()), "{e}");
                assert!(out.is_empty());
                assert!(out.capacity() <= 200_000, "{compression} {size}");
            }
        }
    }

    #[test]
    fn what_is_compressed_comes_back() {
        let mut d = Decompressor::default();
        let mut c = Compressor::default();
        let mut rng = 1u64;
        let mut noise = Vec::new();
        for _ in 0..5000 {
            rng = rng.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            noise.push((rng >> 56) as u8);
        }
        for input in [
            vec![],
            vec![7],
            page(),
            noise,
            vec![0; 300_000],
            page(),
            vec![7; 40],
        ] {
            for compression in Compression::ALL {
                let mut packed = Vec::new();
                let result = compress(compression, &input, &mut packed);
                if compression == Compression::Lzo {
                    assert!(result.is_err());
                    continue;
                }
                result.unwrap();
                // The same bytes whatever was compressed before, behind what is there.
                let mut again = vec![9];
                c.compress(compression, &input, &mut again).unwrap();
                assert!(again[0] == 9 && again[1..] == packed, "{compression}");
                let mut out = Vec::new();
                let found = d.decompress(compression, &packed, input.len(), &mut out);
                assert!(found.unwrap() == input, "{compression} {}", input.len());
            }
        }
    }

    #[test]
    fn damaged_bytes_never_panic_and_never_pass_the_size() {
        let mut d = Decompressor::default();
        let mut out = Vec::new();
        let page = page();
        for (compression, hex) in GOLDEN {
            let good = unhex(hex);
            for cut in 0..good.len() {
                assert!(
                    d.decompress(compression, &good[..cut], page.len(), &mut out)
                        .is_err(),
                    "{compression} {cut}"
                );
            }
            let mut rng = 99u64;
            for _ in 0..2000 {
                let mut bad = good.clone();
                for _ in 0..3 {
                    rng = rng.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                    let at = (rng >> 33) as usize % bad.len();
                    bad[at] ^= (rng >> 20) as u8;
                }
                let found = d.decompress(compression, &bad, page.len(), &mut out);
                assert!(found.is_err() || found.unwrap().len() == page.len());
            }
            let mut more = good.clone();
            more.push(0);
            assert!(
                d.decompress(compression, &more, page.len(), &mut out)
                    .is_err(),
                "{compression}"
            );
        }
    }
}
