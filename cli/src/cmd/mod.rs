//! The commands, one file each: `Args` and `run`.

pub mod cat;
pub mod convert;
pub mod count;
pub mod explain;
pub mod head;
pub mod inspect;
pub mod ls;
pub mod meta;
pub mod schema;
pub mod stats;
pub mod write;
