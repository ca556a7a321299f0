//! From the last bytes of a file to its metadata.

use super::index::{Held, Index};
use super::options::ReadOptions;
use super::recover;
use crate::format::{
    FileMetadata, FormatVersion, HEAD_BYTES, TAIL_BYTES, parse_footer, parse_head,
};
use crate::io::{ReadAt, read_vec};
use crate::{Error, ErrorKind, Result};
use std::borrow::Cow;

/// Magic, version, separator, size, magic.
const MIN_FILE_BYTES: u64 = (HEAD_BYTES + 1 + TAIL_BYTES) as u64;
/// The first read from the end; the metadata of a file with few devices fits.
const TAIL_READ_BYTES: usize = if cfg!(fuzzing) { 64 } else { 64 * 1024 };
/// Metadata that does not fit is read up to here first.
const FRONT_READ_BYTES: usize = if cfg!(fuzzing) { 16 } else { 16 * 1024 };
/// The separator between data and metadata.
const SEPARATOR: u8 = 2;
/// So much in front of large metadata is read together with it: the upper device nodes of the last table.
const BEFORE_FRONT_BYTES: u64 = if cfg!(fuzzing) { 16 } else { 16 * 1024 };
/// The C++ library ends every data section with an operation index range from 0 to 0; the Java library writes none.
const CPP_MARK: [u8; 17] = [4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];

/// What opening a file yields.
pub(super) struct Opened {
    pub(super) version: FormatVersion,
    pub(super) metadata: FileMetadata,
    pub(super) metadata_start: u64,
    /// Whether the bloom filter was read as well, if there is one.
    pub(super) whole_metadata: bool,
    /// How the data section ends, when it was at hand.
    pub(super) ending: Option<Ending>,
    /// What was read of the metadata section.
    pub(super) held: Option<Held>,
    /// What recovery had to leave out.
    pub(super) notes: Vec<String>,
    /// The index, when the file had no footer.
    pub(super) recovered: Option<Index>,
}

/// Whether the data section ends as the C++ library ends it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Ending {
    pub(super) cpp: bool,
}

/// The last bytes of a file, read at once; what lies before them is read when it is asked for.
struct Tail {
    start: u64,
    bytes: Vec<u8>,
}

impl Tail {
    fn read<S: ReadAt>(source: &S) -> Result<Self> {
        let size = source.size_bytes();
        let len = usize::try_from(size)
            .unwrap_or(usize::MAX)
            .min(TAIL_READ_BYTES);
        let start = size - len as u64;
        Ok(Self {
            start,
            bytes: read_vec(source, start, len)?,
        })
    }

    fn get<S: ReadAt>(&self, source: &S, offset: u64, len: usize) -> Result<Cow<'_, [u8]>> {
        match self.at_hand(offset, len) {
            Some(bytes) => Ok(Cow::Borrowed(bytes)),
            None => Ok(Cow::Owned(read_vec(source, offset, len)?)),
        }
    }

    fn at_hand(&self, offset: u64, len: usize) -> Option<&[u8]> {
        let from = usize::try_from(offset.checked_sub(self.start)?).ok()?;
        self.bytes.get(from..from.checked_add(len)?)
    }

    /// The bytes from `start` to `end`, or as many of the last of them as there are.
    fn up_to(&self, start: u64, end: u64) -> Option<Held> {
        let start = start.max(self.start);
        let len = usize::try_from(end.checked_sub(start)?).ok()?;
        let bytes = self.at_hand(start, len)?.to_vec();
        (len > 0).then_some(Held { start, bytes })
    }
}

/// Reads head and tail, and what lies before the tail of large metadata: three reads at most, and one of a file that is all tail, but one more
/// where what precedes the bloom filter is large itself. `name` stands for the file in errors of a recovered index.
pub(super) fn open<S: ReadAt>(source: &S, name: &str, options: &ReadOptions) -> Result<Opened> {
    let size = source.size_bytes();
    let head_bytes = usize::try_from(size.min(12)).unwrap_or(0);
    let (head, tail);
    if size <= TAIL_READ_BYTES as u64 {
        tail = Tail::read(source)?;
        head = tail.get(source, 0, head_bytes)?.into_owned();
    } else {
        head = read_vec(source, 0, head_bytes)?;
        // What is no TsFile need not be read any further.
        parse_head(&head)?;
        tail = Tail::read(source)?;
    }
    let version = parse_head(&head)?;
    let footer = if size < MIN_FILE_BYTES {
        None
    } else {
        let start = size - TAIL_BYTES as u64;
        parse_footer(&tail.get(source, start, TAIL_BYTES)?).map_err(|e| e.rebased(start))?
    };
    let Some(metadata_bytes) = footer else {
        if options.recover {
            return recover::recover(source, name, version, options);
        }
        return Err(Error::new(
            ErrorKind::Unsealed,
            "footer",
            "the file has no footer: its writer died or is still at work",
        )
        .at(size)
        .expected("the magic \"TsFile\" at the end")
        .hint("open with `recover` (--recover) to read up to the last whole chunk group"));
    };
    let metadata_bytes = u64::from(metadata_bytes);
    if metadata_bytes > size - MIN_FILE_BYTES {
        return Err(
            Error::corrupt("footer", "the file metadata is larger than the file")
                .at(size - TAIL_BYTES as u64)
                .expected(format!("at most {} bytes", size - MIN_FILE_BYTES))
                .got(metadata_bytes),
        );
    }
    let len = check_metadata_size(metadata_bytes, options)?;
    let metadata_start = size - TAIL_BYTES as u64 - metadata_bytes;
    let (metadata, before) = match Front::read(source, &tail, version, metadata_start, len)? {
        Some(front) => {
            let found = front.metadata_without_filter(&tail, len);
            (found, Some(front.before))
        }
        None => (None, None),
    };
    let whole_metadata = metadata.is_none();
    let metadata = match metadata {
        Some(metadata) => metadata,
        None => {
            let bytes = tail.get(source, metadata_start, len)?;
            FileMetadata::parse(&bytes, version).map_err(|e| e.rebased(metadata_start))?
        }
    };
    if metadata.meta_offset < HEAD_BYTES as u64 || metadata.meta_offset >= metadata_start {
        return Err(Error::corrupt(
            "file metadata",
            "the metadata section begins outside the file",
        )
        .at(metadata_start)
        .expected(format!("{HEAD_BYTES} to {}", metadata_start - 1))
        .got(metadata.meta_offset));
    }
    let (from, len) = around_separator(metadata.meta_offset);
    let ending = tail
        .at_hand(from, len)
        .map(|bytes| check_ending(bytes, metadata.meta_offset, version));
    let section_start = metadata.meta_offset + 1;
    let held = match before {
        Some(before) => before.up_to(section_start, metadata_start),
        None => tail.up_to(section_start, metadata_start),
    };
    Ok(Opened {
        version,
        metadata,
        metadata_start,
        whole_metadata,
        ending: ending.transpose()?,
        held,
        notes: Vec::new(),
        recovered: None,
    })
}

/// Where the separator is and, in front of it, what only C++ puts there: offset and length.
pub(super) fn around_separator(meta_offset: u64) -> (u64, usize) {
    let before = (meta_offset - (HEAD_BYTES as u64).min(meta_offset)).min(CPP_MARK.len() as u64);
    (
        meta_offset - before,
        usize::try_from(before).unwrap_or(0) + 1,
    )
}

/// Looks at the end of the data section, which is far from both ends of a large file.
pub(super) fn read_ending<S: ReadAt + ?Sized>(
    source: &S,
    meta_offset: u64,
    version: FormatVersion,
) -> Result<Ending> {
    let (from, len) = around_separator(meta_offset);
    check_ending(&read_vec(source, from, len)?, meta_offset, version)
}

/// `end` is what [`around_separator`] says.
pub(super) fn check_ending(end: &[u8], meta_offset: u64, version: FormatVersion) -> Result<Ending> {
    if end.last() != Some(&SEPARATOR) {
        return Err(
            Error::corrupt("file metadata", "no separator where the data section ends")
                .at(meta_offset)
                .expected("byte 02")
                .got(format!("{:02x?}", end.last())),
        );
    }
    Ok(Ending {
        cpp: version == FormatVersion::V4 && end.starts_with(&CPP_MARK),
    })
}

/// The metadata of a file with many timeseries, whose bloom filter is most of it and not needed to read the file: what comes before the
/// filter is read, and what comes behind it is in the tail.
struct Front {
    /// The last bytes of the metadata section.
    before: Tail,
    /// Where the metadata begins.
    start: u64,
    bytes: Vec<u8>,
}

impl Front {
    /// `None` when the metadata is not so large, or of a version without a reason to leave the filter out.
    fn read<S: ReadAt>(
        source: &S,
        tail: &Tail,
        version: FormatVersion,
        start: u64,
        len: usize,
    ) -> Result<Option<Self>> {
        if start >= tail.start || version != FormatVersion::V4 {
            return Ok(None);
        }
        let before = usize::try_from(start.min(BEFORE_FRONT_BYTES)).unwrap_or(0);
        let from = start - before as u64;
        let mut bytes = read_vec(source, from, before + len.min(FRONT_READ_BYTES))?;
        let front = bytes.split_off(before);
        Ok(Some(Self {
            before: Tail { start: from, bytes },
            start,
            bytes: front,
        }))
    }

    fn metadata_without_filter(&self, tail: &Tail, len: usize) -> Option<FileMetadata> {
        let end = self.start + len as u64;
        FileMetadata::parse_around_filter(&self.bytes, |position| {
            let from = self.start + position as u64;
            tail.at_hand(from, usize::try_from(end.checked_sub(from)?).ok()?)
        })
    }
}

/// The size as a length, when it is within the limit.
pub(super) fn check_metadata_size(bytes: u64, options: &ReadOptions) -> Result<usize> {
    usize::try_from(bytes)
        .ok()
        .filter(|&n| n <= options.max_metadata_bytes)
        .ok_or_else(|| {
            Error::new(
                ErrorKind::Limit,
                "metadata",
                "the metadata is larger than the limit",
            )
            .expected(format!("at most {} bytes", options.max_metadata_bytes))
            .got(bytes)
            .hint("raise `max_metadata_bytes`")
        })
}
