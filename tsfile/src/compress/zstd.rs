//! ZSTD: one standard frame.

use super::{SECTION, Step, corrupt, failed, stream, wrong_size};
use crate::model::Compression::Zstd;
use crate::{Error, ErrorKind, Result};
use ::zstd::zstd_safe;
use zstd_safe::{CCtx, DCtx, DParameter, InBuffer, OutBuffer, ResetDirective};

/// The level that the library itself takes by default.
const LEVEL: i32 = 3;
/// 32 MiB, which keeps a page within the memory that any file may take. A frame that states its size, as one does that is compressed in
/// one go, has no larger window than that; without it, only levels above 20 ask for more.
const WINDOW_LOG_MAX: u32 = 25;

fn name(code: usize) -> &'static str {
    zstd_safe::get_error_name(code)
}

fn no_memory() -> Error {
    Error::new(ErrorKind::Limit, SECTION, "no memory for ZSTD")
}

pub(super) fn decompress(
    context: &mut Option<DCtx<'static>>,
    input: &[u8],
    size: usize,
    out: &mut Vec<u8>,
) -> Result<()> {
    // Cheap, and before any memory is taken: most frames say how large their contents are.
    if let Ok(Some(stated)) = zstd_safe::get_frame_content_size(input) {
        if usize::try_from(stated) != Ok(size) {
            return Err(wrong_size(Zstd, size, stated));
        }
    }
    let context = match context {
        Some(context) => context,
        None => {
            let mut fresh = DCtx::try_create().ok_or_else(no_memory)?;
            fresh
                .set_parameter(DParameter::WindowLogMax(WINDOW_LOG_MAX))
                .map_err(|e| failed(Zstd, name(e)))?;
            context.insert(fresh)
        }
    };
    // A page that failed may have left the context in the middle of a frame.
    context
        .reset(ResetDirective::SessionOnly)
        .map_err(|e| failed(Zstd, name(e)))?;
    stream(Zstd, input, size, out, |from, to| {
        let mut from = InBuffer::around(from);
        let mut to = OutBuffer::around(to);
        let left = context
            .decompress_stream(&mut to, &mut from)
            .map_err(|e| corrupt(Zstd, name(e)))?;
        Ok(Step {
            read: from.pos(),
            written: to.pos(),
            done: left == 0,
        })
    })
}

pub(super) fn compress(
    context: &mut Option<CCtx<'static>>,
    input: &[u8],
    out: &mut Vec<u8>,
) -> Result<()> {
    let context = match context {
        Some(context) => context,
        None => context.insert(CCtx::try_create().ok_or_else(no_memory)?),
    };
    let start = out.len();
    out.resize(start + zstd_safe::compress_bound(input.len()), 0);
    let room = out.get_mut(start..).unwrap_or(&mut []);
    let written = context
        .compress(room, input, LEVEL)
        .map_err(|e| failed(Zstd, name(e)))?;
    out.truncate(start + written);
    Ok(())
}
