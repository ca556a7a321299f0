//! Decoded values of one physical type, without nulls.

use super::spread::{spread, spread_bytes, spread_ends, spread_keys, spread_tail};
use crate::encoding::{BytesBuf, DictionaryBuf};
use crate::model::DataType;
use crate::{Error, ErrorKind, Result};
use arrow_buffer::BooleanBuffer;
use arrow_buffer::bit_chunk_iterator::UnalignedBitChunk;

/// Values of one physical type, without nulls.
#[derive(Debug, Clone)]
pub enum Values {
    /// BOOLEAN
    Bool(Vec<bool>),
    /// INT32, DATE
    I32(Vec<i32>),
    /// INT64, TIMESTAMP, times
    I64(Vec<i64>),
    /// FLOAT
    F32(Vec<f32>),
    /// DOUBLE
    F64(Vec<f64>),
    /// TEXT, STRING, BLOB, OBJECT
    Bytes(BytesBuf),
    /// TEXT, STRING where keys are wanted
    Keys(DictionaryBuf),
}

impl Values {
    /// No values of the physical type of `data_type`.
    pub fn new(data_type: DataType) -> Self {
        match data_type {
            DataType::Boolean => Self::Bool(Vec::new()),
            DataType::Int32 | DataType::Date => Self::I32(Vec::new()),
            DataType::Int64 | DataType::Timestamp | DataType::Vector => Self::I64(Vec::new()),
            DataType::Float => Self::F32(Vec::new()),
            DataType::Double => Self::F64(Vec::new()),
            DataType::Text | DataType::String | DataType::Blob | DataType::Object => {
                Self::Bytes(BytesBuf::default())
            }
        }
    }

    /// As [`Values::new`], with keys for texts where `keys` says so.
    pub(crate) fn with_keys(data_type: DataType, keys: bool) -> Self {
        match data_type {
            DataType::Text | DataType::String if keys => Self::Keys(DictionaryBuf::default()),
            _ => Self::new(data_type),
        }
    }

    /// Whether the values are byte strings: there is no room for those that are not decoded yet.
    pub(super) fn is_bytes(&self) -> bool {
        matches!(self, Self::Bytes(_) | Self::Keys(_))
    }

    /// Number of values.
    pub fn len(&self) -> usize {
        match self {
            Self::Bool(v) => v.len(),
            Self::I32(v) => v.len(),
            Self::I64(v) => v.len(),
            Self::F32(v) => v.len(),
            Self::F64(v) => v.len(),
            Self::Bytes(v) => v.len(),
            Self::Keys(v) => v.len(),
        }
    }

    /// Whether there is no value.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Bytes that the values take.
    pub fn size_bytes(&self) -> usize {
        match self {
            Self::Bool(v) => v.len(),
            Self::I32(v) => v.len() * 4,
            Self::I64(v) => v.len() * 8,
            Self::F32(v) => v.len() * 4,
            Self::F64(v) => v.len() * 8,
            Self::Bytes(v) => v.len() * 4 + v.data.len(),
            Self::Keys(v) => (v.len() + v.entries.len()) * 4 + v.entries.data.len(),
        }
    }

    /// Bytes of the strings, without their offsets; of those with keys, of the entries.
    pub(crate) fn text_bytes(&self) -> usize {
        match self {
            Self::Bytes(v) => v.data.len(),
            Self::Keys(v) => v.entries.data.len(),
            _ => 0,
        }
    }

    /// A copy of values `from..from + n`.
    ///
    /// # Errors
    /// Strings pass 2 GiB.
    pub fn copy(&self, from: usize, n: usize) -> Result<Self> {
        let mut out = match self {
            Self::Bool(_) => Self::Bool(Vec::new()),
            Self::I32(_) => Self::I32(Vec::new()),
            Self::I64(_) => Self::I64(Vec::new()),
            Self::F32(_) => Self::F32(Vec::new()),
            Self::F64(_) => Self::F64(Vec::new()),
            Self::Bytes(_) => Self::Bytes(BytesBuf::default()),
            Self::Keys(_) => Self::Keys(DictionaryBuf::default()),
        };
        out.append(self, from, n, None)?;
        Ok(out)
    }

    /// Appends values `from..from + n` of others of the same type.
    ///
    /// # Errors
    /// The types differ, or strings pass 2 GiB.
    pub(crate) fn extend_from(&mut self, src: &Self, from: usize, n: usize) -> Result<()> {
        self.append(src, from, n, None)
    }

    /// Bytes that are allocated.
    pub(crate) fn capacity_bytes(&self) -> usize {
        match self {
            Self::Bool(v) => v.capacity(),
            Self::I32(v) => v.capacity() * 4,
            Self::I64(v) => v.capacity() * 8,
            Self::F32(v) => v.capacity() * 4,
            Self::F64(v) => v.capacity() * 8,
            Self::Bytes(v) => bytes_capacity(v),
            Self::Keys(v) => v.keys.capacity() * 4 + bytes_capacity(&v.entries),
        }
    }

    /// Forgets the values and keeps the memory.
    pub fn clear(&mut self) {
        match self {
            Self::Bool(v) => v.clear(),
            Self::I32(v) => v.clear(),
            Self::I64(v) => v.clear(),
            Self::F32(v) => v.clear(),
            Self::F64(v) => v.clear(),
            Self::Bytes(v) => v.clear(),
            Self::Keys(v) => v.clear(),
        }
    }

    /// Makes room for `n` more values, and for `text` bytes where they are strings.
    pub(super) fn reserve(&mut self, n: usize, text: usize) {
        match self {
            Self::Bool(v) => v.reserve(n),
            Self::I32(v) => v.reserve(n),
            Self::I64(v) => v.reserve(n),
            Self::F32(v) => v.reserve(n),
            Self::F64(v) => v.reserve(n),
            Self::Bytes(v) => {
                v.offsets.reserve(n);
                v.data.reserve(text);
            }
            Self::Keys(v) => v.keys.reserve(n),
        }
    }

    /// Appends `n` zero values (empty strings): the places of nulls.
    pub(super) fn pad(&mut self, n: usize) {
        self.resize(self.len() + n);
    }

    /// Cuts, or pads with zero values, to `len` values.
    pub(crate) fn resize(&mut self, len: usize) {
        match self {
            Self::Bool(v) => v.resize(len, false),
            Self::I32(v) => v.resize(len, 0),
            Self::I64(v) => v.resize(len, 0),
            Self::F32(v) => v.resize(len, 0.0),
            Self::F64(v) => v.resize(len, 0.0),
            Self::Bytes(v) => {
                let end = v.offsets.get(len).map_or(v.data.len(), |&end| end as usize);
                v.offsets.truncate(len + 1);
                v.data.truncate(end);
                v.pad(len);
            }
            Self::Keys(v) => v.resize(len),
        }
    }

    /// Makes numbers at least `len` with zeros.
    pub(super) fn grow(&mut self, len: usize) {
        if self.len() < len {
            self.resize(len);
        }
    }

    /// Forgets all values from the first `len` on.
    pub(super) fn truncate(&mut self, len: usize) {
        if self.len() > len {
            self.resize(len);
        }
    }

    /// Of the values from number `from` on keeps those whose bit in `kept` is set.
    ///
    /// # Errors
    /// As [`Values::append`].
    pub(super) fn retain_from(&mut self, from: usize, kept: &BooleanBuffer) -> Result<()> {
        match self {
            Self::Bool(v) => retain_from(v, from, kept),
            Self::I32(v) => retain_from(v, from, kept),
            Self::I64(v) => retain_from(v, from, kept),
            Self::F32(v) => retain_from(v, from, kept),
            Self::F64(v) => retain_from(v, from, kept),
            Self::Bytes(v) => retain_bytes_from(v, from, kept),
            Self::Keys(v) => {
                retain_from(&mut v.keys, from, kept);
                v.drop_unused()?;
            }
        }
        Ok(())
    }

    /// Spreads the `count` values before `end` over the `rows` rows before `end` by `bits`. Of byte strings there are only the values, at
    /// the end.
    pub(super) fn spread_rows(&mut self, end: usize, rows: usize, count: usize, bits: &[u8]) {
        match self {
            Self::Bool(v) => spread_tail(slice(v, end), rows, count, (bits, 0), false),
            Self::I32(v) => spread_tail(slice(v, end), rows, count, (bits, 0), 0),
            Self::I64(v) => spread_tail(slice(v, end), rows, count, (bits, 0), 0),
            Self::F32(v) => spread_tail(slice(v, end), rows, count, (bits, 0), 0.0),
            Self::F64(v) => spread_tail(slice(v, end), rows, count, (bits, 0), 0.0),
            Self::Bytes(v) => spread_ends(v, rows, count, bits),
            Self::Keys(v) => spread_keys(v, rows, count, (bits, 0)),
        }
    }

    /// Appends rows of `src`: all of `from..from + n` when `bits` is `None`, else spread over `n` rows by
    /// `bits` from bit `bit_from`. Widens where the types differ.
    pub(super) fn append(
        &mut self,
        src: &Self,
        from: usize,
        n: usize,
        bits: Option<(&[u8], usize)>,
    ) -> Result<()> {
        macro_rules! same {
            ($out:expr, $src:expr) => {
                match bits {
                    None => $out.extend_from_slice($src.get(from..from + n).unwrap_or(&[])),
                    Some((bits, bit_from)) => {
                        spread($out, $src.get(from..).unwrap_or(&[]), bits, bit_from, n)
                    }
                }
            };
        }
        macro_rules! wider {
            ($out:expr, $src:expr, $to:ty) => {{
                let widened: Vec<$to> = $src
                    .get(from..)
                    .unwrap_or(&[])
                    .iter()
                    // Not what later steps take, or each of them costs a page.
                    .take(n)
                    .map(|&v| <$to>::from(v))
                    .collect();
                match bits {
                    None => $out.extend_from_slice(widened.get(..n).unwrap_or(&[])),
                    Some((bits, bit_from)) => spread($out, &widened, bits, bit_from, n),
                }
            }};
        }
        match (self, src) {
            (Self::Bool(out), Self::Bool(src)) => same!(out, src),
            (Self::I32(out), Self::I32(src)) => same!(out, src),
            (Self::I64(out), Self::I64(src)) => same!(out, src),
            (Self::F32(out), Self::F32(src)) => same!(out, src),
            (Self::F64(out), Self::F64(src)) => same!(out, src),
            (Self::I64(out), Self::I32(src)) => wider!(out, src, i64),
            (Self::F64(out), Self::I32(src)) => wider!(out, src, f64),
            (Self::F64(out), Self::F32(src)) => wider!(out, src, f64),
            (Self::Bytes(out), Self::Bytes(src)) => match bits {
                None => out.extend_from(src, from, from + n)?,
                Some((bits, bit_from)) => spread_bytes(out, src, from, bits, bit_from, n)?,
            },
            (Self::Keys(out), Self::Keys(src)) => match bits {
                None => out.extend_from(src, from, n)?,
                Some((bits, bit_from)) => {
                    let count = UnalignedBitChunk::new(bits, bit_from, n).count_ones();
                    out.extend_from(src, from, count)?;
                    spread_keys(out, n, count, (bits, bit_from));
                }
            },
            _ => {
                return Err(Error::new(
                    ErrorKind::Schema,
                    "column",
                    "a chunk has a type that does not widen to the type of its timeseries",
                ));
            }
        }
        Ok(())
    }
}

fn bytes_capacity(v: &BytesBuf) -> usize {
    v.offsets.capacity() * 4 + v.data.capacity()
}

fn slice<T>(values: &mut [T], end: usize) -> &mut [T] {
    values.get_mut(..end).unwrap_or(&mut [])
}

/// No kept value lies before the place that it goes to.
fn retain_from<T: Copy>(values: &mut Vec<T>, from: usize, kept: &BooleanBuffer) {
    let mut to = from;
    for (start, end) in kept.set_slices() {
        if let Some(range) = values.get(from + start..from + end).map(<[T]>::len) {
            values.copy_within(from + start..from + start + range, to);
            to += range;
        }
    }
    values.truncate(to);
}

fn retain_bytes_from(values: &mut BytesBuf, from: usize, kept: &BooleanBuffer) {
    let end_of = |values: &BytesBuf, at: usize| values.offsets.get(at).copied().unwrap_or(0);
    let (mut to, mut end) = (from, end_of(values, from));
    for row in kept.set_indices() {
        let (start, stop) = (end_of(values, from + row), end_of(values, from + row + 1));
        values
            .data
            .copy_within(start as usize..stop as usize, end as usize);
        end += stop - start;
        to += 1;
        if let Some(offset) = values.offsets.get_mut(to) {
            *offset = end;
        }
    }
    values.offsets.truncate(to + 1);
    values.data.truncate(end as usize);
}
