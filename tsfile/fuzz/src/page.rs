//! A page as an input: its codes, what is around it, and its body.
//!
//! ```text
//! 0    1  data type     \
//! 1    1  encoding       > as in a chunk header
//! 2    1  compression   /
//! 3    1  flags, see below
//! 4    2  number of rows that the index states (and the time page has)
//! 6    4  size after decompression; of no meaning for an uncompressed page
//! 10      body
//! ```
//!
//! A small file is made around it, with one device and one such page.

use crate::build::{Builder, Chunk, steady, value_body};
use crate::visit::Manner;
use tsfile::format::{ChunkRole, FormatVersion};
use tsfile::model::{Compression, DataType, Encoding, Statistics, ValueStatistics};
use tsfile::wire::ByteWriter;

/// The page is that of a value column of an aligned device.
pub const VALUE: u8 = 1;
/// The page is that of a time column.
pub const TIME: u8 = 1 << 1;
/// The file has version 3.
pub const V3: u8 = 1 << 2;
/// The data section ends as C++ ends it.
pub const CPP: u8 = 1 << 3;
/// The page has statistics of its own, as one of several has.
pub const SEVERAL: u8 = 1 << 4;
/// The file has no footer: nothing but the page says how many rows it has.
pub const UNSEALED: u8 = 1 << 5;
/// Values that cannot be shown do not end a scan.
pub const LENIENT: u8 = 1 << 6;
/// The limits of pages are those that every file has.
pub const FULL: u8 = 1 << 7;

/// A page and what is around it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct Page<'a> {
    pub data_type: u8,
    pub encoding: u8,
    pub compression: u8,
    pub flags: u8,
    pub rows: u16,
    pub uncompressed_bytes: u32,
    pub body: &'a [u8],
}

impl<'a> Page<'a> {
    /// From an input; `None` when it is too short.
    pub fn parse(input: &'a [u8]) -> Option<Self> {
        let (head, body) = input.split_first_chunk::<10>()?;
        let [
            data_type,
            encoding,
            compression,
            flags,
            rows @ ..,
            s0,
            s1,
            s2,
            s3,
        ] = *head;
        Some(Self {
            data_type,
            encoding,
            compression,
            flags,
            rows: u16::from_be_bytes(rows),
            uncompressed_bytes: u32::from_be_bytes([s0, s1, s2, s3]),
            body,
        })
    }

    /// The input that is this page.
    pub fn input(&self) -> Vec<u8> {
        let mut out = vec![self.data_type, self.encoding, self.compression, self.flags];
        out.extend(self.rows.to_be_bytes());
        out.extend(self.uncompressed_bytes.to_be_bytes());
        out.extend(self.body);
        out
    }

    /// Whether a flag is set.
    pub fn has(&self, flag: u8) -> bool {
        self.flags & flag != 0
    }

    /// What is done with the file.
    pub fn manner(&self) -> Manner {
        Manner {
            lenient: self.has(LENIENT),
            small_pages: !self.has(FULL),
            ..Manner::default()
        }
    }

    /// Whose page it is.
    pub fn role(&self) -> ChunkRole {
        if self.has(TIME) {
            ChunkRole::Time
        } else if self.has(VALUE) {
            ChunkRole::Value
        } else {
            ChunkRole::Plain
        }
    }

    /// The file around the page.
    pub fn file(&self) -> Vec<u8> {
        let version = if self.has(V3) {
            FormatVersion::V3
        } else {
            FormatVersion::V4
        };
        let builder = Builder::of(version).group("root.sg.d1");
        let chunk = self.chunk();
        let builder = match self.role() {
            ChunkRole::Plain => builder.chunk(&chunk),
            ChunkRole::Time => builder.chunk(&chunk).chunk(&self.values()),
            ChunkRole::Value => builder.chunk(&self.times()).chunk(&chunk),
        };
        let builder = if self.has(CPP) {
            builder.bytes(&[4]).bytes(&[0; 16])
        } else {
            builder
        };
        if self.has(UNSEALED) {
            builder.unsealed()
        } else {
            builder.finish()
        }
    }

    fn last_row(&self) -> i64 {
        i64::from(self.rows.max(1)) - 1
    }

    fn chunk(&self) -> Chunk {
        let packed = self.compression != Compression::Uncompressed as u8;
        let role = self.role();
        let values = DataType::try_from(self.data_type)
            .map_or(ValueStatistics::None, ValueStatistics::empty);
        Chunk {
            role,
            data_type: self.data_type,
            encoding: self.encoding,
            compression: self.compression,
            uncompressed: packed.then_some(self.uncompressed_bytes),
            body: self.body.to_vec(),
            count: self.rows.into(),
            times: (0, self.last_row()),
            page_statistics: self.has(SEVERAL).then_some(Statistics {
                count: self.rows.into(),
                start_time: 0,
                end_time: self.last_row(),
                values,
            }),
            ..Chunk::plain(if role == ChunkRole::Time { "" } else { "s1" })
        }
    }

    /// The time column beside a value page: 0, 1, 2 ...
    fn times(&self) -> Chunk {
        Chunk {
            body: steady(self.last_row() as i32),
            count: self.rows.into(),
            times: (0, self.last_row()),
            ..Chunk::time()
        }
    }

    /// The value column beside a time page: a 1 in each row.
    fn values(&self) -> Chunk {
        let rows = usize::from(self.rows);
        let mut run = ByteWriter::new();
        run.u8(1).uvarint(u64::from(self.rows) * 2).u8(1);
        let run = run.into_bytes();
        let mut values = ByteWriter::new();
        values.uvarint(run.len() as u64).bytes(&run);
        Chunk {
            encoding: Encoding::Rle as u8,
            body: value_body(
                self.rows.into(),
                &vec![0xff; rows.div_ceil(8)],
                &values.into_bytes(),
            ),
            count: self.rows.into(),
            times: (0, self.last_row()),
            ..Chunk::value("s1")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::visit::visit;

    #[test]
    fn good_pages_make_good_files() {
        let plain = Chunk::plain("s1").body;
        let value = Chunk::value("s1").body;
        let time = Chunk::time().body;
        for (flags, data_type, encoding, rows, body) in [
            (0, DataType::Int32, Encoding::Plain, 3, &plain),
            (VALUE, DataType::Int32, Encoding::Plain, 10, &value),
            (TIME, DataType::Vector, Encoding::Ts2Diff, 10, &time),
        ] {
            for around in [0, V3, CPP, SEVERAL, UNSEALED, FULL, UNSEALED | V3 | CPP] {
                let page = Page {
                    data_type: data_type as u8,
                    encoding: encoding as u8,
                    compression: 0,
                    flags: flags | around,
                    rows,
                    uncompressed_bytes: 0,
                    body,
                };
                assert_eq!(Page::parse(&page.input()), Some(page));
                let seen = visit(&page.file(), page.manner()).unwrap();
                assert_eq!(seen.rows, rows.into(), "{page:?}");
                crate::Target::Page.check(&page.input());
            }
        }
    }
}
