//! Byte-level codecs of a page, one file per algorithm.
