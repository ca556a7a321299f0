//! Whether statistics say what a scan would say about values.

use super::chunk::ChunkCodes;
use crate::Result;
use crate::model::{DataType, Encoding, Statistics, ValueStatistics};

/// Whether the header of a chunk has to be looked at before [`values`] can be told: only it holds the encoding. In a file whose writer says that
/// it is `lossless` the encoding does not matter.
pub(crate) fn needs_header(data_type: DataType, lossless: bool) -> bool {
    // A writer that proves that nothing is lost keeps to one type, too.
    if lossless {
        return false;
    }
    match data_type {
        DataType::Int32
        | DataType::Int64
        | DataType::Float
        | DataType::Double
        | DataType::Date
        | DataType::Timestamp => true,
        // Every encoding of these gives back what it was given.
        DataType::Boolean
        | DataType::Text
        | DataType::String
        | DataType::Blob
        | DataType::Object
        | DataType::Vector => false,
    }
}

/// Whether first, last, min, max and sum in `statistics` are those of the values that the chunk under `header` decodes to.
pub(crate) fn values(
    statistics: &Statistics,
    data_type: DataType,
    header: Option<ChunkCodes>,
    lossless: bool,
) -> bool {
    let fits = std::mem::discriminant(&statistics.values)
        == std::mem::discriminant(&ValueStatistics::empty(data_type));
    fits && is_ordered(&statistics.values)
        && (!needs_header(data_type, lossless)
            || header.is_some_and(|h| h.data_type == data_type && is_exact(h.encoding, data_type)))
}

/// Whether first, last, min, max and sum in `statistics` are those of the values of a chunk, whose `header` is read where it matters. What
/// the type is follows from the statistics.
pub(crate) fn of_chunk(
    statistics: &Statistics,
    lossless: bool,
    header: impl FnOnce() -> Result<ChunkCodes>,
) -> Result<bool> {
    let numbers = matches!(
        statistics.values,
        ValueStatistics::Int32 { .. }
            | ValueStatistics::Int64 { .. }
            | ValueStatistics::Float { .. }
            | ValueStatistics::Double { .. }
    );
    if !is_ordered(&statistics.values) {
        return Ok(false);
    }
    if lossless || !numbers {
        return Ok(true);
    }
    let header = header()?;
    Ok(values(statistics, header.data_type, Some(header), lossless))
}

/// A NaN makes the sum one, and hides from min and max or stays in them, as the writer pleases. An infinite sum may be one of finite values.
pub(crate) fn is_ordered(values: &ValueStatistics) -> bool {
    match values {
        ValueStatistics::Float { min, max, sum, .. } => {
            sum.is_finite() && !min.is_nan() && !max.is_nan()
        }
        ValueStatistics::Double { min, max, sum, .. } => {
            sum.is_finite() && !min.is_nan() && !max.is_nan()
        }
        _ => true,
    }
}

/// Whether the encoding gives back every value that it was given.
fn is_exact(encoding: Encoding, data_type: DataType) -> bool {
    let float = matches!(data_type, DataType::Float | DataType::Double);
    match encoding {
        // Scaled to decimals; cut off; differences of floats in files of Java before 2.1.
        Encoding::Ts2Diff | Encoding::Rle | Encoding::Camel | Encoding::Rlbe => !float,
        // Loses a residual of exactly half the range, of integers too.
        Encoding::Sprintz => false,
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Compression;

    fn header(data_type: DataType, encoding: Encoding) -> ChunkCodes {
        ChunkCodes {
            data_type,
            compression: Compression::Uncompressed,
            encoding,
        }
    }

    fn of(values: ValueStatistics) -> Statistics {
        Statistics {
            count: 1,
            start_time: 0,
            end_time: 0,
            values,
        }
    }

    #[test]
    fn lossy_encodings_of_floats_and_nan_make_statistics_useless() {
        let double = |sum: f64| {
            of(ValueStatistics::Double {
                min: 1.0,
                max: 1.0,
                first: 1.0,
                last: 1.0,
                sum,
            })
        };
        let told = |statistics: &Statistics, encoding| {
            let header = header(DataType::Double, encoding);
            values(statistics, DataType::Double, Some(header), false)
        };
        assert!(told(&double(1.0), Encoding::Gorilla) && told(&double(1.0), Encoding::Plain));
        for lossy in [
            Encoding::Camel,
            Encoding::Ts2Diff,
            Encoding::Rle,
            Encoding::Rlbe,
            Encoding::Sprintz,
        ] {
            assert!(!told(&double(1.0), lossy), "{lossy}");
        }
        assert!(!told(&double(f64::NAN), Encoding::Plain));
        assert!(!told(&double(f64::INFINITY), Encoding::Plain));
        // Not without the header, and not when the chunk has another type than its series.
        assert!(!values(&double(1.0), DataType::Double, None, false));
        // Unless the writer vouches for it; NaN stays what it is.
        assert!(values(&double(1.0), DataType::Double, None, true));
        assert!(!values(&double(f64::NAN), DataType::Double, None, true));
        let changed = header(DataType::Float, Encoding::Plain);
        assert!(!values(
            &double(1.0),
            DataType::Double,
            Some(changed),
            false
        ));
    }

    #[test]
    fn integers_and_text_come_back_as_they_were() {
        let int = of(ValueStatistics::empty(DataType::Int32));
        let ts2diff = header(DataType::Int32, Encoding::Ts2Diff);
        assert!(values(&int, DataType::Int32, Some(ts2diff), false));
        let sprintz = header(DataType::Int32, Encoding::Sprintz);
        assert!(!values(&int, DataType::Int32, Some(sprintz), false));
        let text = of(ValueStatistics::empty(DataType::Text));
        assert!(values(&text, DataType::Text, None, false));
        // A recovered file has counts and times, nothing about values.
        assert!(!values(
            &of(ValueStatistics::None),
            DataType::Text,
            None,
            false
        ));
        assert!(values(
            &of(ValueStatistics::None),
            DataType::Blob,
            None,
            false
        ));
    }
}
