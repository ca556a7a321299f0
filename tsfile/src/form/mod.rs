//! How rows look: wide, narrow and table, and the ways between them.

pub mod convert;
