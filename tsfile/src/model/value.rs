//! One typed scalar.

/// A single value, as filters and statistics use it.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// BOOLEAN
    Boolean(bool),
    /// INT32, DATE
    Int32(i32),
    /// INT64, TIMESTAMP
    Int64(i64),
    /// FLOAT
    Float(f32),
    /// DOUBLE
    Double(f64),
    /// TEXT, STRING, BLOB, OBJECT
    Bytes(Vec<u8>),
}
