//! Bodies of pages: decompressed, and taken apart for whoever decodes them.

use super::chunk::ChunkCodes;
use super::context::{SourceContext, check_ascending, decompress};
use super::page::{Encoded, decode_times, split_value};
use super::rows::count_bits;
use crate::model::Statistics;
use crate::{Error, Result};
use std::sync::Arc;

/// The body of a page, compressed, and what decoding it takes.
#[derive(Debug, Clone, Copy)]
pub(super) struct Body<'a> {
    /// Offset of the page, for errors.
    pub(super) at: u64,
    pub(super) codes: ChunkCodes,
    pub(super) uncompressed_bytes: u32,
    pub(super) bytes: &'a [u8],
}

/// Decodes the times of an aligned group's page.
pub(super) fn decode_time_page(
    context: &mut SourceContext,
    page: Body<'_>,
    statistics: Option<&Statistics>,
) -> Result<Arc<Vec<i64>>> {
    let mut scratch = std::mem::take(&mut context.scratch);
    let mut shared = std::mem::take(&mut context.spare_times);
    let mut decode = || -> Result<()> {
        let body = decompress(
            context,
            page.codes.compression,
            page.bytes,
            page.uncompressed_bytes,
            &mut scratch,
        )?;
        let count = statistics
            .map(|s| context.page.check_points(s.count))
            .transpose()?;
        if Arc::get_mut(&mut shared).is_none() {
            shared = Arc::new(Vec::new());
        }
        if let Some(times) = Arc::get_mut(&mut shared) {
            decode_times(context.page, page.codes.encoding, body, count, times)?;
            check_ascending(times)?;
            context.count_values(times.len())?;
        }
        Ok(())
    };
    let decoded = decode().map_err(|e| e.rebase_page(page.at));
    context.scratch = scratch;
    decoded.map(|()| shared)
}

/// A value page that is not decoded yet.
pub(super) struct ValuePage<'a> {
    /// Which rows have a value, least significant bit first.
    pub(super) bits: &'a [u8],
    pub(super) values: Encoded<'a>,
}

/// Decompresses a value page for `decode`.
pub(super) fn with_value_body<T>(
    context: &mut SourceContext,
    page: Body<'_>,
    statistics: Option<&Statistics>,
    rows: usize,
    decode: impl FnOnce(&mut SourceContext, ValuePage<'_>) -> Result<T>,
) -> Result<T> {
    let mut scratch = std::mem::take(&mut context.scratch);
    let mut bits = std::mem::take(&mut context.bits);
    let decoded = || -> Result<T> {
        let body = decompress(
            context,
            page.codes.compression,
            page.bytes,
            page.uncompressed_bytes,
            &mut scratch,
        )?;
        let (page_rows, bitmap, values) = split_value(body)?;
        if page_rows != rows {
            return Err(
                Error::corrupt("value page", "not as many rows as the time page")
                    .expected(rows)
                    .got(page_rows),
            );
        }
        bits.clear();
        bits.extend(bitmap.iter().map(|b| b.reverse_bits()));
        let page = ValuePage {
            values: Encoded {
                encoding: page.codes.encoding,
                data_type: page.codes.data_type,
                bytes: values,
                count: count_bits(&bits, 0, rows),
                statistics,
            },
            bits: &bits,
        };
        decode(context, page)
    };
    let decoded = decoded().map_err(|e| e.rebase_page(page.at));
    context.scratch = scratch;
    context.bits = bits;
    decoded
}

impl Error {
    /// An error from inside a page: offsets in it count from the decompressed body, so the page's own offset is named.
    pub(super) fn rebase_page(self, page: u64) -> Self {
        if self.is_io() {
            self
        } else {
            self.rebased_to(page)
        }
    }
}
