//! The vocabulary: plain data, no bytes, no I/O.

mod calendar;
mod codes;
mod collect;
mod data_type;
mod device_id;
mod form;
mod instant;
mod legal;
mod schema;
mod statistics;
mod value;

pub use calendar::{date_of, days_of};
pub use codes::{Compression, Encoding};
pub use data_type::DataType;
pub use device_id::{DeviceId, Model, Segments, split_path};
pub use form::Form;
pub use instant::{Instant, Zone, format_date, format_instant, parse_date};
pub use legal::{is_lossy, legal_encodings};
pub use schema::{ColumnCategory, MeasurementSchema, TableColumn, TableSchema};
pub use statistics::{Statistics, ValueStatistics};
pub use value::Value;
