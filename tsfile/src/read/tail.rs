//! From the last bytes of a file to its metadata.

use super::index::Index;
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
/// The C++ library ends every data section with an operation index range from 0 to 0; the Java library writes none.
const CPP_MARK: [u8; 17] = [4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];

/// What opening a file yields.
pub(super) struct Opened {
    pub(super) version: FormatVersion,
    pub(super) metadata: FileMetadata,
    pub(super) metadata_start: u64,
    /// Whether the bloom filter was read as well, if there is one.
    pub(super) whole_metadata: bool,
    /// Whether the data section ends as the C++ library ends it.
    pub(super) cpp: bool,
    /// What recovery had to leave out.
    pub(super) notes: Vec<String>,
    /// The index, when the file had no footer.
    pub(super) recovered: Option<Index>,
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
        let from = offset
            .checked_sub(self.start)
            .and_then(|o| usize::try_from(o).ok());
        let held = from.and_then(|from| self.bytes.get(from..from.checked_add(len)?));
        match held {
            Some(bytes) => Ok(Cow::Borrowed(bytes)),
            None => Ok(Cow::Owned(read_vec(source, offset, len)?)),
        }
    }
}

/// Reads head and tail; `name` stands for the file in errors of a recovered index.
pub(super) fn open<S: ReadAt>(source: &S, name: &str, options: &ReadOptions) -> Result<Opened> {
    let size = source.size_bytes();
    let head = read_vec(source, 0, usize::try_from(size.min(12)).unwrap_or(0))?;
    let version = parse_head(&head)?;
    let tail = Tail::read(source)?;
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
    let around = around_filter(source, &tail, version, metadata_start, len)?;
    let whole_metadata = around.is_none();
    let metadata = match around {
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
    // The separator, and in front of it what only C++ puts there.
    let before = (metadata.meta_offset - HEAD_BYTES as u64).min(CPP_MARK.len() as u64);
    let end = tail.get(
        source,
        metadata.meta_offset - before,
        CPP_MARK.len().min(usize::try_from(before).unwrap_or(0)) + 1,
    )?;
    if end.last() != Some(&SEPARATOR) {
        return Err(
            Error::corrupt("file metadata", "no separator where the data section ends")
                .at(metadata.meta_offset)
                .expected("byte 02")
                .got(format!("{:02x?}", end.last())),
        );
    }
    let cpp = version == FormatVersion::V4 && end.starts_with(&CPP_MARK);
    Ok(Opened {
        version,
        metadata,
        metadata_start,
        whole_metadata,
        cpp,
        notes: Vec::new(),
        recovered: None,
    })
}

/// The metadata of a file with many timeseries, whose bloom filter is most of it and not needed to read the file: what comes before it is
/// read, and what comes behind it is in `tail`.
fn around_filter<S: ReadAt>(
    source: &S,
    tail: &Tail,
    version: FormatVersion,
    start: u64,
    len: usize,
) -> Result<Option<FileMetadata>> {
    if start >= tail.start || version != FormatVersion::V4 {
        return Ok(None);
    }
    let front = read_vec(source, start, len.min(FRONT_READ_BYTES))?;
    let end = start + len as u64;
    Ok(FileMetadata::parse_around_filter(&front, |position| {
        let from = (start + position as u64).checked_sub(tail.start)?;
        let to = end.checked_sub(tail.start)?;
        tail.bytes
            .get(usize::try_from(from).ok()?..usize::try_from(to).ok()?)
    }))
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
