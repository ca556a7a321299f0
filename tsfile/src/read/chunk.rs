//! One chunk: its header, then its pages one after another, fetched piece by piece.

use super::places::ChunkPlaces;
use super::window::{Fetched, Window};
use crate::format::{ChunkHead, ChunkHeader, PageHeader};
use crate::io::{ReadAt, check_range, read_into};
use crate::model::{Compression, DataType, Encoding};
use crate::wire::ByteReader;
use crate::{Error, Result};
use std::sync::Arc;

/// A chunk up to this size is copied out of the shared window at once; a larger one is read in pieces of this size.
const PIECE_BYTES: usize = if cfg!(fuzzing) { 64 } else { 256 * 1024 };
/// A header is looked for in this many bytes first; names may be longer.
pub(super) const HEADER_GUESS_BYTES: usize = if cfg!(fuzzing) { 16 } else { 256 };

/// Reads the pages of one chunk in order.
#[derive(Debug)]
pub struct ChunkReader {
    header: Arc<ChunkHeader>,
    /// Offset of the next page header.
    position: u64,
    end: u64,
    buffer: Vec<u8>,
    buffer_start: u64,
    piece: usize,
    /// The whole chunk, or its beginning, when it was fetched ahead.
    fetched: Option<Fetched>,
    page: Option<PageAt>,
    /// Offsets of the page headers that were parsed.
    seen: Vec<u64>,
}

/// How the pages of a chunk are stored.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ChunkCodes {
    pub(crate) data_type: DataType,
    pub(crate) compression: Compression,
    pub(crate) encoding: Encoding,
}

impl ChunkCodes {
    /// When they are all known.
    pub(super) fn of(head: &ChunkHead<'_>) -> Option<Self> {
        Some(Self {
            data_type: DataType::try_from(head.data_type_code).ok()?,
            compression: Compression::try_from(head.compression_code).ok()?,
            encoding: Encoding::try_from(head.encoding_code).ok()?,
        })
    }
}

#[derive(Debug, Clone, Copy)]
struct PageAt {
    body: u64,
    bytes: usize,
}

impl ChunkReader {
    /// Parses the header at `offset`; the chunk must end by `limit`, where the data section ends.
    ///
    /// # Errors
    /// The header is corrupt, or reading fails.
    pub fn open<S: ReadAt + ?Sized>(
        source: &S,
        window: &mut Window,
        offset: u64,
        limit: u64,
        piece: Option<usize>,
    ) -> Result<Self> {
        let (header, header_bytes) = read_header(source, window, offset, limit)?;
        let position = offset + header_bytes as u64;
        let end = position + u64::from(header.data_bytes);
        if end > limit {
            return Err(
                Error::corrupt("chunk header", "the chunk reaches past the data section")
                    .at(offset)
                    .measurement(header.measurement.clone())
                    .expected(format!("at most {} bytes", limit.saturating_sub(position)))
                    .got(header.data_bytes),
            );
        }
        let piece = piece.unwrap_or(PIECE_BYTES);
        let data_bytes = usize::try_from(header.data_bytes).unwrap_or(usize::MAX);
        let mut buffer = Vec::new();
        let fetched = window.fetched(position, data_bytes.min(HEADER_GUESS_BYTES));
        if fetched.is_none() && data_bytes <= piece {
            let bytes = window.get(source, position, data_bytes, end.max(position))?;
            buffer.extend_from_slice(bytes.get(..data_bytes).unwrap_or(bytes));
        }
        Ok(Self {
            header: Arc::new(header),
            position,
            end,
            buffer,
            buffer_start: position,
            piece,
            fetched,
            page: None,
            seen: Vec::new(),
        })
    }

    /// The reader of a chunk that is known, standing before its first page. Nothing is read.
    pub(super) fn of_known(places: &ChunkPlaces, piece: Option<usize>) -> Self {
        let position = places.page(0);
        Self {
            header: places.header.clone(),
            position,
            end: places.end,
            buffer: Vec::new(),
            buffer_start: position,
            piece: piece.unwrap_or(PIECE_BYTES),
            fetched: None,
            page: None,
            seen: Vec::new(),
        }
    }

    /// Goes on to the page header at `position`, which is known to be there, or to the end.
    pub(super) fn seek(&mut self, window: &Window, position: u64) {
        self.page = None;
        self.position = position;
        let left = usize::try_from(self.end.saturating_sub(position)).unwrap_or(usize::MAX);
        self.fetched = window.fetched(position, left.min(HEADER_GUESS_BYTES));
    }

    /// Where the pages are, of a chunk whose pages were all passed; `times` are those of its pages.
    pub(super) fn places(&self, times: Vec<(i64, i64)>) -> ChunkPlaces {
        ChunkPlaces {
            header: self.header.clone(),
            pages: self.seen.clone(),
            end: self.end,
            times,
        }
    }

    /// Number of page headers that were parsed.
    pub(super) fn pages_seen(&self) -> usize {
        self.seen.len()
    }

    /// The chunk header.
    pub fn header(&self) -> &ChunkHeader {
        &self.header
    }

    /// What decoding a page takes of the header.
    pub(crate) fn codes(&self) -> ChunkCodes {
        ChunkCodes {
            data_type: self.header.data_type,
            compression: self.header.compression,
            encoding: self.header.encoding,
        }
    }

    /// Offset of the page that [`ChunkReader::next_page`] returns next.
    pub fn position(&self) -> u64 {
        self.position
    }

    /// Where the chunk ends.
    pub fn end(&self) -> u64 {
        self.end
    }

    /// Goes back to the page at `position`, which came before.
    pub fn rewind(&mut self, position: u64) {
        self.page = None;
        self.position = position.min(self.position);
    }

    /// Frees the bytes that were fetched; they are fetched again when they are needed.
    pub(crate) fn release(&mut self) {
        self.buffer = Vec::new();
    }

    /// Whether a page follows.
    pub fn has_next(&self) -> bool {
        self.position < self.end
    }

    /// Parses the next page header, or `None` after the last page. The body is fetched by [`ChunkReader::body`] only.
    ///
    /// # Errors
    /// The header is corrupt, or reading fails.
    pub fn next_page<S: ReadAt + ?Sized>(&mut self, source: &S) -> Result<Option<PageHeader>> {
        self.page = None;
        if !self.has_next() {
            return Ok(None);
        }
        let mut want = HEADER_GUESS_BYTES;
        loop {
            let (position, end) = (self.position, self.end);
            let (data_type, single) = (self.header.data_type, self.header.kind.single_page);
            let bytes = self.fetch(source, position, want)?;
            let mut r = ByteReader::new(bytes, "page header");
            match PageHeader::parse(&mut r, data_type, single) {
                Ok(page) => {
                    let body = position + r.position() as u64;
                    let next = body + u64::from(page.compressed_bytes);
                    if next > end {
                        return Err(Error::corrupt(
                            "page header",
                            "the page reaches past its chunk",
                        )
                        .at(position)
                        .expected(format!("at most {} bytes", end.saturating_sub(body)))
                        .got(page.compressed_bytes));
                    }
                    let bytes = usize::try_from(page.compressed_bytes).unwrap_or(usize::MAX);
                    self.page = Some(PageAt { body, bytes });
                    if self.seen.last().is_none_or(|&last| last < position) {
                        self.seen.push(position);
                    }
                    self.position = next;
                    return Ok(Some(page));
                }
                Err(e) if bytes.len() as u64 >= end - position => return Err(e.rebased(position)),
                Err(_) => want = want.saturating_mul(8),
            }
        }
    }

    /// The compressed body of the page whose header came last.
    ///
    /// # Errors
    /// Reading fails.
    pub fn body<S: ReadAt + ?Sized>(&mut self, source: &S) -> Result<&[u8]> {
        let Some(page) = self.page else {
            return Ok(&[]);
        };
        let bytes = self.fetch(source, page.body, page.bytes)?;
        Ok(bytes.get(..page.bytes).unwrap_or(&[]))
    }

    /// At least `want` bytes from `offset` on, fewer only at the end of the chunk.
    fn fetch<S: ReadAt + ?Sized>(&mut self, source: &S, offset: u64, want: usize) -> Result<&[u8]> {
        let left = usize::try_from(self.end - offset).unwrap_or(usize::MAX);
        let want = want.min(left);
        if self.fetched.as_ref().is_some_and(|f| f.has(offset, want)) {
            let fetched = self.fetched.as_ref();
            let bytes = fetched.and_then(|f| f.get(offset, want)).unwrap_or(&[]);
            return Ok(bytes.get(..left).unwrap_or(bytes));
        }
        let have = self.buffer_start + self.buffer.len() as u64;
        if offset < self.buffer_start || offset + want as u64 > have {
            let len = want.max(self.piece).min(left);
            self.refill(source, offset, len)?;
        }
        let from = usize::try_from(offset - self.buffer_start).unwrap_or(usize::MAX);
        Ok(self.buffer.get(from..).unwrap_or(&[]))
    }
}

impl ChunkReader {
    /// Makes the buffer `len` bytes from `offset` on; what it has of them already is not read again.
    fn refill<S: ReadAt + ?Sized>(&mut self, source: &S, offset: u64, len: usize) -> Result<()> {
        let kept = offset
            .checked_sub(self.buffer_start)
            .and_then(|from| usize::try_from(from).ok())
            .filter(|&from| from < self.buffer.len());
        let Some(from) = kept else {
            self.buffer_start = offset;
            return read_into(source, offset, len, &mut self.buffer);
        };
        self.buffer.drain(..from);
        self.buffer_start = offset;
        let have = self.buffer.len();
        check_range(source.size_bytes(), offset, len)?;
        self.buffer.resize(len.max(have), 0);
        let rest = self.buffer.get_mut(have..).unwrap_or(&mut []);
        let read = source.read_at(offset + have as u64, rest);
        if read.is_err() {
            self.buffer.clear();
        }
        read
    }
}

/// As [`read_header`], what of it says how pages are stored.
pub(super) fn read_codes<S: ReadAt + ?Sized>(
    source: &S,
    window: &mut Window,
    offset: u64,
    limit: u64,
) -> Result<ChunkCodes> {
    if offset < limit {
        let bytes = window.get(source, offset, HEADER_GUESS_BYTES, limit)?;
        let head = ChunkHead::parse(&mut ByteReader::new(bytes, "chunk header")).ok();
        if let Some(codes) = head.and_then(|head| ChunkCodes::of(&head)) {
            return Ok(codes);
        }
    }
    // A long name, or what an error says more about.
    read_header(source, window, offset, limit).map(|(header, _)| ChunkCodes {
        data_type: header.data_type,
        compression: header.compression,
        encoding: header.encoding,
    })
}

/// Parses the chunk header at `offset` and returns it with its length in bytes.
pub(super) fn read_header<S: ReadAt + ?Sized>(
    source: &S,
    window: &mut Window,
    offset: u64,
    limit: u64,
) -> Result<(ChunkHeader, usize)> {
    let mut want = HEADER_GUESS_BYTES;
    if offset >= limit {
        return Err(Error::corrupt(
            "chunk metadata",
            "the chunk offset lies outside the data section",
        )
        .at(offset)
        .expected(format!("below {limit}")));
    }
    loop {
        let bytes = window.get(source, offset, want, limit)?;
        let mut r = ByteReader::new(bytes, "chunk header");
        match ChunkHeader::parse(&mut r) {
            Ok(header) => return Ok((header, r.position())),
            Err(e) if bytes.len() as u64 >= limit - offset => return Err(e.rebased(offset)),
            Err(e) if want > 1 << 20 => return Err(e.rebased(offset)),
            Err(_) => want = want.saturating_mul(8),
        }
    }
}
