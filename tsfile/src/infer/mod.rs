//! The schema of many files: what each file says about its columns, and what that comes to.
//!
//! `gather` looks at the metadata of one file, so that files can be looked at side by side; `unite` is a pure function of what was found.
//! Nothing depends on the order in which files are listed.

mod conflict;
pub(crate) mod gather;
mod mode;
pub(crate) mod table;
pub(crate) mod union;

pub use mode::SchemaMode;
pub(crate) use mode::{Rules, join};
