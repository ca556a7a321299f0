//! What one file may cost, as its size justifies: a small file can claim a lot of rows, or decompress to a lot of bytes.
//!
//! Each limit is an allowance that every file has, or a multiple of the file's size where that is more. Together they keep a scan
//! within 64 MiB and 64 times the size of the file, whatever the bytes say; [`ReadOptions::with_trusted`] lifts them.

use super::options::ReadOptions;
use crate::{Error, ErrorKind, Result};

/// Points that a page may claim whatever the size of the file.
const FREE_PAGE_POINTS: u64 = 1 << 20;
/// Points that a page may claim for each byte of the file, beyond that.
const PAGE_POINTS_PER_BYTE: u64 = 4;
/// Bytes that a page may decompress to whatever the size of the file.
const FREE_PAGE_BYTES: u64 = 8 << 20;
/// The same for each byte of the file. Real pages (64 KiB by default) are far below both.
const PAGE_BYTES_PER_BYTE: u64 = 8;
/// Bytes that the decoded columns of one page may take together: aligned columns share their rows.
const FREE_ROWS_BYTES: u64 = 16 << 20;
/// The same for each byte of the file.
const ROWS_BYTES_PER_BYTE: u64 = 16;
/// Bytes that the names of the columns of a scan may take: in the wide form each has the device's path in it.
const FREE_NAME_BYTES: u64 = 4 << 20;
/// The same for each byte of the file.
const NAME_BYTES_PER_BYTE: u64 = 4;
/// Values and times that all pages of a file together may decode to.
const FREE_VALUES: u64 = 64 << 20;
/// Cells that the rows of a scan may have, nulls included: where the series of the wide form take turns, nearly all of them are.
const FREE_CELLS: u64 = 256 << 20;
/// Bytes that all pages of a file together may decompress to, and those of the strings in them.
const FREE_DECOMPRESSED_BYTES: u64 = 256 << 20;
/// The same three for each byte of the file: constant series in large pages reach some hundred.
const WORK_PER_BYTE: u64 = 4096;

/// Limits that hold for one file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of one page after decompression.
    pub page_bytes: u64,
    /// Points of one page.
    pub page_points: u64,
    /// Bytes of the decoded columns of one page.
    pub rows_bytes: u64,
    /// Bytes of the names of all columns of a scan.
    pub name_bytes: u64,
    /// Values and times that a scan of the file decodes.
    pub values: u64,
    /// Cells of the rows of a scan of the file, nulls included.
    pub cells: u64,
    /// Bytes that a scan of the file decompresses, and bytes of strings that it decodes.
    pub decompressed_bytes: u64,
}

impl Limits {
    /// The limits for a file of `size` bytes.
    pub fn new(size: u64, options: &ReadOptions) -> Self {
        let fair = |free: u64, per_byte: u64| {
            if options.trusted {
                u64::MAX
            } else {
                free.max(size.saturating_mul(per_byte))
            }
        };
        Self {
            page_bytes: fair(FREE_PAGE_BYTES, PAGE_BYTES_PER_BYTE)
                .min(options.max_page_bytes as u64),
            page_points: fair(FREE_PAGE_POINTS, PAGE_POINTS_PER_BYTE)
                .min(options.max_page_points as u64),
            rows_bytes: fair(FREE_ROWS_BYTES, ROWS_BYTES_PER_BYTE)
                .min(options.max_rows_bytes as u64),
            name_bytes: fair(FREE_NAME_BYTES, NAME_BYTES_PER_BYTE),
            values: fair(FREE_VALUES, WORK_PER_BYTE),
            cells: fair(FREE_CELLS, WORK_PER_BYTE),
            decompressed_bytes: fair(FREE_DECOMPRESSED_BYTES, WORK_PER_BYTE),
        }
    }

    /// An error when `got` is more than `most`.
    pub(crate) fn check(got: u64, most: u64, section: &'static str, what: &str) -> Result<()> {
        if got <= most {
            return Ok(());
        }
        Err(Error::new(ErrorKind::Limit, section, what)
            .expected(format!("at most {most}"))
            .got(got)
            .hint("open with `trusted` (--trusted) if the file is sound"))
    }
}
