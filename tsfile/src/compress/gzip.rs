//! GZIP: one member of RFC 1952, header and checksum included.

use super::{Step, check_ratio, corrupt, failed, stream};
use crate::Result;
use crate::model::Compression::Gzip;
use flate2::{Compress, Compression, Decompress, FlushCompress, FlushDecompress, Status};

/// Deflate: 258 bytes from two bits.
const MOST_PER_BYTE: usize = 1032;
/// The largest window that deflate has.
const WINDOW_BITS: u8 = 15;

pub(super) fn decompress(input: &[u8], size: usize, out: &mut Vec<u8>) -> Result<()> {
    check_ratio(Gzip, input.len(), size, MOST_PER_BYTE)?;
    let mut inflate = Decompress::new_gzip(WINDOW_BITS);
    stream(Gzip, input, size, out, |from, to| {
        let (read, written) = (inflate.total_in(), inflate.total_out());
        let status = inflate
            .decompress(from, to, FlushDecompress::None)
            .map_err(|e| corrupt(Gzip, e))?;
        Ok(Step {
            read: (inflate.total_in() - read) as usize,
            written: (inflate.total_out() - written) as usize,
            done: status == Status::StreamEnd,
        })
    })
}

pub(super) fn compress(
    deflate: &mut Option<Compress>,
    input: &[u8],
    out: &mut Vec<u8>,
) -> Result<()> {
    let deflate = match deflate {
        Some(deflate) => {
            deflate.reset();
            deflate
        }
        None => deflate.insert(Compress::new_gzip(Compression::default(), WINDOW_BITS)),
    };
    // Header, checksum and what bytes that do not compress cost.
    out.reserve(64 + input.len() + input.len() / 1024);
    loop {
        let rest = input.get(deflate.total_in() as usize..).unwrap_or(&[]);
        let status = deflate
            .compress_vec(rest, out, FlushCompress::Finish)
            .map_err(|e| failed(Gzip, e))?;
        if status == Status::StreamEnd {
            return Ok(());
        }
        out.reserve(64 + input.len() / 2);
    }
}
