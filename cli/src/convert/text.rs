//! Text output: CSV, TSV and NDJSON, so that nothing is lost.
//!
//! | value | CSV, TSV | NDJSON |
//! |---|---|---|
//! | null | empty, unquoted | `null` |
//! | empty string | `""` | `""` |
//! | integers | digits | number |
//! | floats | shortest digits that read back, `nan` `inf` `-inf` | number, `"NaN"` `"Infinity"` `"-Infinity"` |
//! | dates | `YYYY-MM-DD` | the same as a string |
//! | timestamps | ISO 8601, with `Z` when UTC | the same as a string |
//! | bytes | `0x` hex | the same as a string |

use std::io::Write as _;

use arrow_array::RecordBatch;
use arrow_schema::{ArrowError, SchemaRef};

use crate::convert::atomic::Target;
use crate::convert::sink::Sink;
use crate::exit::{Blame as _, Failure, Outcome};
use crate::lines::Lines;
use crate::values::{Column, Style};

/// Writes delimited text or NDJSON.
pub struct TextSink {
    target: Target,
    name: String,
    lines: Lines,
}

impl TextSink {
    /// CSV or TSV, starting with a header.
    ///
    /// # Errors
    ///
    /// When the target refuses the header.
    pub fn delimited(mut target: Target, schema: &SchemaRef, delimiter: u8) -> Outcome<Self> {
        let name = target.name();
        let lines = Lines::new(names(schema), Style::delimited(delimiter));
        target.write_all(lines.header()).output(&name)?;
        Ok(Self {
            target,
            name,
            lines,
        })
    }

    /// NDJSON.
    ///
    /// # Errors
    ///
    /// When two columns have the same name, which one object cannot hold.
    pub fn ndjson(target: Target, schema: &SchemaRef) -> Outcome<Self> {
        let mut seen = std::collections::HashSet::new();
        if let Some(twice) = names(schema).find(|name| !seen.insert(*name)) {
            return Err(Failure::output(format!(
                "{}: two columns are called {twice}, which one JSON object cannot hold; choose columns with -m, or write CSV",
                target.name(),
            )));
        }
        Ok(Self {
            name: target.name(),
            target,
            lines: Lines::new(names(schema), Style::JSON),
        })
    }
}

fn names(schema: &SchemaRef) -> impl Iterator<Item = &str> {
    schema.fields().iter().map(|f| f.name().as_str())
}

impl Sink for TextSink {
    fn write(&mut self, batch: &RecordBatch) -> Outcome {
        let columns = batch
            .columns()
            .iter()
            .map(|array| Column::of(array.as_ref()))
            .collect::<Result<Vec<_>, _>>()
            .output(&self.name)?;
        let (target, name) = (&mut self.target, &self.name);
        self.lines.write(
            &columns,
            batch.num_rows(),
            |piece| target.write_all(piece).output(name),
            |e: ArrowError| Failure::output(format_args!("{name}: {e}")),
        )
    }

    fn finish(self: Box<Self>) -> Outcome<u64> {
        self.target.commit()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow_array::{
        ArrayRef, BinaryArray, Date32Array, Float64Array, Int64Array, StringArray,
        TimestampMillisecondArray,
    };

    use super::*;

    fn batch() -> RecordBatch {
        RecordBatch::try_from_iter_with_nullable([
            (
                "time",
                Arc::new(TimestampMillisecondArray::from(vec![0, 1, -1]).with_timezone("UTC"))
                    as ArrayRef,
                false,
            ),
            (
                "n",
                Arc::new(Int64Array::from(vec![Some(i64::MAX), None, Some(0)])),
                true,
            ),
            (
                "x",
                Arc::new(Float64Array::from(vec![
                    Some(f64::NAN),
                    Some(0.1),
                    Some(f64::NEG_INFINITY),
                ])),
                true,
            ),
            (
                "s,1",
                Arc::new(StringArray::from(vec![Some(""), None, Some("a\tb\"c")])),
                true,
            ),
            (
                "b",
                Arc::new(BinaryArray::from(vec![
                    Some(b"\x01\xff".as_slice()),
                    None,
                    Some(b""),
                ])),
                true,
            ),
            (
                "d",
                Arc::new(Date32Array::from(vec![Some(0), None, Some(19_782)])),
                true,
            ),
        ])
        .unwrap()
    }

    fn written(delimiter: Option<u8>) -> String {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("x");
        let target = Target::file(&path, false, &[]).unwrap();
        let batch = batch();
        let mut sink = match delimiter {
            Some(d) => TextSink::delimited(target, &batch.schema(), d),
            None => TextSink::ndjson(target, &batch.schema()),
        }
        .unwrap();
        sink.write(&batch).unwrap();
        Box::new(sink).finish().unwrap();
        std::fs::read_to_string(&path).unwrap()
    }

    #[test]
    fn csv_loses_nothing() {
        assert_eq!(
            written(Some(b',')),
            "time,n,x,\"s,1\",b,d\n\
             1970-01-01T00:00:00.000Z,9223372036854775807,nan,\"\",0x01ff,1970-01-01\n\
             1970-01-01T00:00:00.001Z,,0.1,,,\n\
             1969-12-31T23:59:59.999Z,0,-inf,\"a\tb\"\"c\",0x,2024-02-29\n"
        );
    }

    #[test]
    fn tsv_quotes_tabs() {
        let text = written(Some(b'\t'));
        assert!(text.starts_with("time\tn\tx\ts,1\tb\td\n"), "{text}");
        assert!(text.contains("\t\"a\tb\"\"c\"\t"), "{text}");
    }

    #[test]
    fn ndjson_keeps_values_that_json_has_no_word_for() {
        assert_eq!(
            written(None),
            "{\"time\":\"1970-01-01T00:00:00.000Z\",\"n\":9223372036854775807,\"x\":\"NaN\",\"s,1\":\"\",\"b\":\"0x01ff\",\"d\":\"1970-01-01\"}\n\
             {\"time\":\"1970-01-01T00:00:00.001Z\",\"n\":null,\"x\":0.1,\"s,1\":null,\"b\":null,\"d\":null}\n\
             {\"time\":\"1969-12-31T23:59:59.999Z\",\"n\":0,\"x\":\"-Infinity\",\"s,1\":\"a\\tb\\\"c\",\"b\":\"0x\",\"d\":\"2024-02-29\"}\n"
        );
    }
}
