//! Which encodings a type may be written in (docs/format.md, "Encodings"): both references read them, or Java alone.

use super::{DataType, Encoding};

/// The encodings that a column of `data_type` may be written in, the plain one first. With `java_only`, those that the C++ library cannot read
/// come too.
pub fn legal_encodings(data_type: DataType, java_only: bool) -> Vec<Encoding> {
    use Encoding::{
        Camel, Chimp, Dictionary, Gorilla, GorillaV1, Plain, Rlbe, Rle, Sprintz, Ts2Diff, Zigzag,
    };
    let (both, java): (&[Encoding], &[Encoding]) = match data_type {
        DataType::Boolean => (&[Plain], &[Rle]),
        DataType::Int32 | DataType::Int64 => (
            &[Plain, Rle, Ts2Diff, Gorilla, Zigzag, Chimp, Sprintz, Rlbe],
            &[],
        ),
        DataType::Date | DataType::Timestamp => (
            &[Plain, Rle, Ts2Diff, Gorilla, Chimp, Rlbe],
            &[Zigzag, Sprintz],
        ),
        DataType::Float => (
            &[Plain, Ts2Diff, Gorilla, Chimp, Sprintz, Rlbe],
            &[Rle, GorillaV1],
        ),
        DataType::Double => (
            &[Plain, Ts2Diff, Gorilla, Chimp, Sprintz, Rlbe, Camel],
            &[Rle, GorillaV1],
        ),
        DataType::Text | DataType::String => (&[Plain, Dictionary], &[]),
        DataType::Blob => (&[Plain], &[]),
        DataType::Object | DataType::Vector => (&[], &[]),
    };
    let mut legal = both.to_vec();
    if java_only {
        legal.extend_from_slice(java);
    }
    legal
}

/// Whether an encoding can lose something of values of this type, by design or by what the reference decoders do with it.
pub fn is_lossy(encoding: Encoding, data_type: DataType) -> bool {
    match encoding {
        Encoding::Ts2Diff | Encoding::Rle | Encoding::GorillaV1 => {
            matches!(data_type, DataType::Float | DataType::Double)
        }
        Encoding::Camel | Encoding::Sprintz => true,
        _ => false,
    }
}
