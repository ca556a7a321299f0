//! How numbers and strings lie in bytes; the only place that knows byte order.
#![deny(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::cast_possible_truncation
)]

mod cursor;
mod varint;

pub use cursor::{ByteReader, ByteWriter};
pub(crate) use varint::put_uvarint;
