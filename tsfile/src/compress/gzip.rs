//! GZIP: one member of RFC 1952, header and checksum included.

use super::{Step, check_ratio, corrupt, failed, stream};
use crate::Result;
use crate::model::Compression::Gzip;
use flate2::{Decompress, FlushDecompress, Status};
use std::io::Write;

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

pub(super) fn compress(input: &[u8], out: &mut Vec<u8>) -> Result<()> {
    let mut encoder = flate2::write::GzEncoder::new(out, flate2::Compression::default());
    encoder.write_all(input).map_err(|e| failed(Gzip, e))?;
    encoder.finish().map_err(|e| failed(Gzip, e))?;
    Ok(())
}
