//! Native reader for Apache TsFile, the columnar time series format of Apache IoTDB.

mod error;

pub mod arrow;
pub mod compress;
pub mod encoding;
pub mod format;
pub mod io;
pub mod model;
pub mod wire;

pub use error::{Error, ErrorKind, Result};
