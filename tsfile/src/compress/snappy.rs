//! SNAPPY: one raw block, without the framing of `.sz` files. The block begins with its uncompressed size.

use super::{check_ratio, corrupt, failed, resize, wrong_size};
use crate::Result;
use crate::model::Compression::Snappy;

/// A copy of 64 bytes costs three: the best that the format can do.
const MOST_PER_BYTE: usize = 22;

pub(super) fn decompress(
    decoder: &mut snap::raw::Decoder,
    input: &[u8],
    size: usize,
    out: &mut Vec<u8>,
) -> Result<()> {
    let stated = snap::raw::decompress_len(input).map_err(|e| corrupt(Snappy, e))?;
    if stated != size {
        return Err(wrong_size(Snappy, size, stated));
    }
    check_ratio(Snappy, input.len(), size, MOST_PER_BYTE)?;
    resize(Snappy, out, size)?;
    let written = decoder
        .decompress(input, out)
        .map_err(|e| corrupt(Snappy, e))?;
    out.truncate(written);
    Ok(())
}

pub(super) fn compress(
    encoder: &mut Option<snap::raw::Encoder>,
    input: &[u8],
    out: &mut Vec<u8>,
) -> Result<()> {
    let start = out.len();
    out.resize(start + snap::raw::max_compress_len(input.len()), 0);
    let room = out.get_mut(start..).unwrap_or(&mut []);
    let written = encoder
        .get_or_insert_with(snap::raw::Encoder::new)
        .compress(input, room)
        .map_err(|e| failed(Snappy, e))?;
    out.truncate(start + written);
    Ok(())
}
