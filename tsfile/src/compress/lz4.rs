//! LZ4: one raw block, neither frame nor length; only the page header knows the size.

use super::{check_ratio, corrupt, failed, lz4_small, resize};
use crate::Result;
use crate::model::Compression::Lz4;
use lz4_flex::block::{self, CompressTable};

/// Every further byte of a length adds at most 255.
const MOST_PER_BYTE: usize = 255;

/// Leaves `out` as long as it is, or makes it `size` bytes: small pages by the hundred thousand would be cleared twice otherwise. Returns
/// how many bytes there are.
pub(super) fn decompress(input: &[u8], size: usize, out: &mut Vec<u8>) -> Result<usize> {
    check_ratio(Lz4, input.len(), size, MOST_PER_BYTE)?;
    if out.len() < size {
        resize(Lz4, out, size)?;
    }
    let room = out.get_mut(..size).unwrap_or(&mut []);
    block::decompress_into(input, room).map_err(|e| corrupt(Lz4, e))
}

/// Where the last bytes of each pattern were seen, for blocks below and from 64 KiB on.
#[derive(Default)]
pub(super) struct Tables {
    small: CompressTable,
    large: Option<CompressTable>,
}

impl Tables {
    pub(super) fn compress(&mut self, input: &[u8], out: &mut Vec<u8>) -> Result<()> {
        if input.len() <= lz4_small::MOST {
            return lz4_small::compress(input, out);
        }
        let table = if input.len() < usize::from(u16::MAX) {
            &mut self.small
        } else {
            self.large.get_or_insert_with(CompressTable::large)
        };
        let start = out.len();
        out.resize(start + block::get_maximum_output_size(input.len()), 0);
        let room = out.get_mut(start..).unwrap_or(&mut []);
        let written =
            block::compress_into_with_table(input, room, table).map_err(|e| failed(Lz4, e))?;
        out.truncate(start + written);
        Ok(())
    }
}
