//! LZMA2: one `.xz` stream, not the bare LZMA2 that the name suggests.

use super::{Step, corrupt, failed, stream};
use crate::Result;
use crate::model::Compression::Lzma2;
use liblzma::stream::{Action, Check, Status, Stream};

/// The preset that both reference writers use.
const PRESET: u32 = 6;
/// Preset 6 needs 9 MiB, mostly its dictionary; preset 8, with 33 MiB, is the largest that fits in the memory that any file may take.
const MEMORY_LIMIT: u64 = 40 << 20;
/// No `CONCATENATED`: a page is one stream.
const FLAGS: u32 = 0;

pub(super) fn decompress(input: &[u8], size: usize, out: &mut Vec<u8>) -> Result<()> {
    let mut decoder =
        Stream::new_stream_decoder(MEMORY_LIMIT, FLAGS).map_err(|e| corrupt(Lzma2, e))?;
    stream(Lzma2, input, size, out, |from, to| {
        let (read, written) = (decoder.total_in(), decoder.total_out());
        let status = decoder
            .process(from, to, Action::Run)
            .map_err(|e| corrupt(Lzma2, e))?;
        Ok(Step {
            read: (decoder.total_in() - read) as usize,
            written: (decoder.total_out() - written) as usize,
            done: status == Status::StreamEnd,
        })
    })
}

pub(super) fn compress(input: &[u8], out: &mut Vec<u8>) -> Result<()> {
    let mut encoder =
        Stream::new_easy_encoder(PRESET, Check::Crc64).map_err(|e| failed(Lzma2, e))?;
    let mut buffer = [0; 4096];
    loop {
        let (read, written) = (encoder.total_in() as usize, encoder.total_out());
        let rest = input.get(read..).unwrap_or(&[]);
        let status = encoder
            .process(rest, &mut buffer, Action::Finish)
            .map_err(|e| failed(Lzma2, e))?;
        let n = (encoder.total_out() - written) as usize;
        out.extend_from_slice(buffer.get(..n).unwrap_or(&[]));
        if status == Status::StreamEnd {
            return Ok(());
        }
    }
}
