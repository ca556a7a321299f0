//! What the sources of one scan share: the window over the file, buffers, counters, the times decoded last.

use super::ahead::chunk_ranges;
use super::buffers::Buffers;
use super::limits::Limits;
use super::page::{PageContext, decode_unmarked_times};
use super::plan::SourcePlan;
use super::rows::Page;
use super::select::RowTest;
use super::small::SmallPage;
use super::window::Window;
use super::{CancelToken, DeviceRef, TsFileReader};
use crate::arrow::Values;
use crate::compress::Decompressor;
use crate::model::{Compression, DataType, Encoding};
use crate::{Error, ErrorKind, Result};
use std::sync::Arc;

/// What sources of one scan share: the window over the file, buffers, the times decoded last.
#[derive(Debug)]
pub(crate) struct SourceContext {
    pub(crate) reader: TsFileReader,
    pub(crate) window: Window,
    /// First and last time wanted.
    pub(crate) range: (i64, i64),
    /// The stretches of time in it that are wanted, ascending: pages between them are passed over.
    pub(crate) spans: Vec<(i64, i64)>,
    /// What rows have to pass, where pages that rule it out may be passed over although other sources have rows at their times.
    pub(crate) page_test: Option<RowTest>,
    /// How many rows that pass it are looked for next; none at first.
    pub(super) portion: Option<usize>,
    /// How often a chunk may be opened.
    pub(crate) passes: u64,
    /// Whether it is worth remembering where pages are: little is read of the file, and others may want the same.
    pub(super) remember: bool,
    /// How much of a large chunk is fetched at a time.
    pub(crate) piece: Option<usize>,
    pub(crate) counters: ScanCounters,
    pub(crate) cancel: CancelToken,
    pub(super) limits: Limits,
    /// Of the chunks opened so far.
    chunk_bytes: u64,
    /// Of the strings decoded so far.
    text_bytes: u64,
    pub(super) page: PageContext,
    decompressor: Decompressor,
    pub(super) scratch: Vec<u8>,
    /// The bitmap of the value page at hand, least significant bit first.
    pub(super) bits: Vec<u8>,
    /// Times that somebody may still hold; the next ones go there when nobody does.
    pub(super) spare_times: Arc<Vec<i64>>,
    /// The pages of the small group at hand.
    pub(super) small: Vec<SmallPage>,
    known_times: Vec<KnownTimes>,
    next_known: usize,
    spare: Vec<Values>,
}

/// Work done so far, for tests and `explain`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ScanCounters {
    /// Pages whose body was decompressed.
    pub pages: u64,
    /// Bytes that came out of decompression.
    pub decompressed_bytes: u64,
    /// Values and times decoded.
    pub values: u64,
    /// Chunks that were opened.
    pub chunks: u64,
    /// Chunks that were left alone, because their statistics say that nothing in them matters.
    pub chunks_skipped: u64,
    /// Pages, with those of all columns of an aligned group counted once, that were passed over by their headers.
    pub pages_skipped: u64,
    /// Rows that were put to a test before all of their columns were decoded.
    pub rows_tested: u64,
}

impl ScanCounters {
    /// Adds work done elsewhere.
    pub(crate) fn add(&mut self, other: &Self) {
        self.pages += other.pages;
        self.decompressed_bytes += other.decompressed_bytes;
        self.values += other.values;
        self.chunks += other.chunks;
        self.chunks_skipped += other.chunks_skipped;
        self.pages_skipped += other.pages_skipped;
        self.rows_tested += other.rows_tested;
    }
}

#[derive(Debug)]
struct KnownTimes {
    encoded: Vec<u8>,
    times: Arc<Vec<i64>>,
}

/// The series of a non-aligned device mostly share their times: this many distinct encoded time streams are remembered.
const KNOWN_TIMES: usize = 8;
/// Longer streams of times are decoded again instead of being remembered.
const MAX_KNOWN_BYTES: usize = 1 << 20;
/// Buffers that are kept for the next pages, in bytes of their last contents.
const MAX_SPARE_BYTES: usize = 8 << 20;

impl SourceContext {
    pub(crate) fn new(reader: TsFileReader, range: (i64, i64)) -> Self {
        Self::with_buffers(reader, range, Buffers::default())
    }

    /// In the memory of another one.
    pub(crate) fn with_buffers(reader: TsFileReader, range: (i64, i64), buffers: Buffers) -> Self {
        let limits = reader.limits();
        let page = PageContext {
            version: reader.format_version(),
            cpp: false,
            max_points: usize::try_from(limits.page_points).unwrap_or(usize::MAX),
            max_string_bytes: usize::try_from(limits.rows_bytes).unwrap_or(usize::MAX),
            keys: false,
        };
        Self {
            reader,
            limits,
            chunk_bytes: 0,
            text_bytes: 0,
            window: buffers.window,
            range,
            spans: vec![range],
            page_test: None,
            portion: None,
            passes: 1,
            remember: false,
            piece: None,
            counters: ScanCounters::default(),
            cancel: CancelToken::default(),
            page,
            decompressor: buffers.decompressor,
            scratch: buffers.scratch,
            bits: buffers.bits,
            spare_times: buffers.times,
            small: buffers.small,
            known_times: Vec::new(),
            next_known: 0,
            spare: buffers.values,
        }
    }

    /// Its memory, for the next one.
    pub(crate) fn into_buffers(self) -> Buffers {
        Buffers {
            window: self.window.emptied(),
            decompressor: self.decompressor,
            scratch: self.scratch,
            bits: self.bits,
            times: self.spare_times,
            small: self.small,
            values: self.spare,
        }
    }

    /// Prepares for chunks of `encoding`: what the end of the data says about the writer matters for one only, and may have to be read.
    pub(super) fn prepare(&mut self, encoding: Encoding) -> Result<()> {
        if encoding == Encoding::Sprintz {
            self.page.cpp = self.reader.ends_like_cpp()?;
        }
        Ok(())
    }

    /// Fetches the chunks of `plans`, all those of `devices` that will be read in few requests, when they are not too many. Worthwhile
    /// where little of a file is read: what follows one after the other is read ahead anyway.
    pub(crate) fn prefetch(
        &mut self,
        devices: &[DeviceRef<'_>],
        plans: &[SourcePlan],
    ) -> Result<()> {
        self.remember = true;
        let ranges = chunk_ranges(&self.reader, devices, plans, &self.spans)?;
        self.window.prefetch(self.reader.source(), &ranges)
    }

    /// Counts values that were decoded, and refuses more than the size of the file justifies.
    pub(super) fn count_values(&mut self, n: usize) -> Result<()> {
        self.counters.values = self.counters.values.saturating_add(n as u64);
        Limits::check(
            self.counters.values,
            self.limits.values,
            "page",
            "the pages of the file hold more values than its size justifies",
        )
    }

    /// Counts bytes of strings that were decoded: an entry of a dictionary stands for any number of them.
    pub(super) fn count_text(&mut self, bytes: usize) -> Result<()> {
        self.text_bytes = self.text_bytes.saturating_add(bytes as u64);
        Limits::check(
            self.text_bytes,
            self.limits.decompressed_bytes,
            "page",
            "the strings of the file are longer than its size justifies",
        )
    }

    /// Counts a chunk that is opened. Each is opened once in a scan, or as often as there are passes, so together they are no larger than
    /// the file, unless the index leads to the same bytes again and again.
    pub(super) fn count_chunk(&mut self, offset: u64, end: u64) -> Result<()> {
        let bytes = end.saturating_sub(offset);
        self.counters.chunks += 1;
        self.chunk_bytes = self.chunk_bytes.saturating_add(bytes);
        let most = self.reader.data_end().saturating_mul(self.passes);
        if self.chunk_bytes <= most {
            return Ok(());
        }
        Err(Error::corrupt("chunk metadata", "chunks share their bytes")
            .at(offset)
            .expected(format!("at most {most} bytes in chunks"))
            .got(self.chunk_bytes))
    }

    /// The times behind `encoded`, decoded once while the same bytes come again and again.
    pub(super) fn shared_times(
        &mut self,
        encoded: &[u8],
        count: Option<usize>,
    ) -> Result<Arc<Vec<i64>>> {
        let known = self
            .known_times
            .iter()
            .find(|k| k.encoded == encoded && count.is_none_or(|n| n == k.times.len()));
        if let Some(known) = known {
            return Ok(known.times.clone());
        }
        let mut times = Vec::new();
        decode_unmarked_times(self.page, encoded, count, &mut times)?;
        check_ascending(&times)?;
        self.count_values(times.len())?;
        if times.len() * size_of::<i64>() > MAX_KNOWN_BYTES || encoded.len() > MAX_KNOWN_BYTES {
            return Ok(Arc::new(times));
        }
        let entry = KnownTimes {
            encoded: encoded.to_vec(),
            times: Arc::new(times),
        };
        let times = entry.times.clone();
        let slot = self.next_known % KNOWN_TIMES;
        self.next_known += 1;
        match self.known_times.get_mut(slot) {
            Some(old) => *old = entry,
            None => self.known_times.push(entry),
        }
        Ok(times)
    }

    /// Texts get keys of a dictionary.
    pub(crate) fn want_keys(&mut self, keys: bool) {
        self.page.keys = keys;
    }

    pub(super) fn spare(&mut self, data_type: DataType) -> Values {
        let like = self.page.values(data_type);
        let at = self
            .spare
            .iter()
            .position(|v| std::mem::discriminant(v) == std::mem::discriminant(&like));
        match at {
            Some(i) => self.spare.swap_remove(i),
            None => like,
        }
    }

    /// Takes a buffer that was used up.
    pub(super) fn keep_spare(&mut self, values: Values) {
        let kept: usize = self.spare.iter().map(Values::capacity_bytes).sum();
        if self.spare.len() < 64 && kept + values.capacity_bytes() <= MAX_SPARE_BYTES {
            self.spare.push(values);
        }
    }

    /// Takes the buffers of a page that was used up.
    pub(super) fn give_back(&mut self, page: Page) {
        self.spare_times = page.times;
        let mut kept: usize = self.spare.iter().map(Values::capacity_bytes).sum();
        for column in page.columns {
            kept += column.values.capacity_bytes();
            if self.spare.len() >= 64 || kept > MAX_SPARE_BYTES {
                return;
            }
            self.spare.push(column.values);
        }
    }
}

pub(super) fn check_ascending(times: &[i64]) -> Result<()> {
    match times.iter().zip(times.iter().skip(1)).find(|(a, b)| a >= b) {
        None => Ok(()),
        Some((a, b)) => Err(Error::corrupt("page", "times do not ascend")
            .expected(format!("more than {a}"))
            .got(b)),
    }
}

/// The decompressed body: the bytes themselves when they are not compressed, else `scratch`.
pub(super) fn decompress<'a>(
    context: &mut SourceContext,
    compression: Compression,
    body: &'a [u8],
    uncompressed_bytes: u32,
    scratch: &'a mut Vec<u8>,
) -> Result<&'a [u8]> {
    context.cancel.check()?;
    let size = usize::try_from(uncompressed_bytes).unwrap_or(usize::MAX);
    if size > context.reader.options().max_page_bytes {
        return Err(Error::new(
            ErrorKind::Limit,
            "page header",
            "the page is larger than the limit",
        )
        .expected(format!(
            "at most {} bytes",
            context.reader.options().max_page_bytes
        ))
        .got(size)
        .hint("raise `max_page_bytes` if the file is sound"));
    }
    Limits::check(
        size as u64,
        context.limits.page_bytes,
        "page header",
        "the page is larger than the size of the file justifies",
    )?;
    Limits::check(
        context
            .counters
            .decompressed_bytes
            .saturating_add(size as u64),
        context.limits.decompressed_bytes,
        "page header",
        "the pages of the file are larger than its size justifies",
    )?;
    context.counters.pages += 1;
    context.counters.decompressed_bytes += size as u64;
    if compression == Compression::Uncompressed {
        if body.len() != size {
            return Err(
                Error::corrupt("page header", "an uncompressed page of two sizes")
                    .expected(size)
                    .got(body.len()),
            );
        }
        return Ok(body);
    }
    context
        .decompressor
        .decompress(compression, body, size, scratch)
}
