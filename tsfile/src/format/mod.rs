//! One file per on-disk structure: bytes to struct and back, nothing else.
