//! Parquet output: zstd, statistics per page and chunk, the sort order recorded, row groups that fit in memory.
//!
//! Batches of a row group wait as they came, then one column after the other is encoded and written. Encoding all
//! columns side by side (as `ArrowWriter` does) costs more than 100 KiB per column for dictionaries and compressors
//! that are mostly idle; a file of thousands of timeseries would need hundreds of megabytes.

use std::io;
use std::sync::Arc;

use ::parquet::arrow::ArrowWriter;
use ::parquet::arrow::arrow_writer::compute_leaves;
use ::parquet::basic::{Compression, Encoding, ZstdLevel};
use ::parquet::errors::ParquetError;
use ::parquet::file::metadata::SortingColumn;
use ::parquet::file::properties::{EnabledStatistics, WriterProperties, WriterPropertiesBuilder};
use ::parquet::file::writer::{SerializedFileWriter, SerializedRowGroupWriter};
use ::parquet::schema::types::ColumnPath;
use arrow_array::{Array as _, RecordBatch};
use arrow_schema::{ArrowError, DataType, Field, Schema, SchemaRef};

use crate::convert::atomic::Target;
use crate::convert::sink::Sink;
use crate::exit::{Blame as _, Failure, Outcome};

/// A row group ends here at the latest.
const ROW_GROUP_ROWS: usize = 1 << 20;
/// A row group ends when its batches hold this much.
const ROW_GROUP_BYTES: usize = 24 << 20;

/// Writes a Parquet file.
pub struct ParquetSink {
    file: SerializedFileWriter<Target>,
    schema: SchemaRef,
    name: String,
    pending: Vec<RecordBatch>,
    pending_rows: usize,
    pending_bytes: usize,
}

impl ParquetSink {
    /// Writes the head. Rows are sorted by the columns at `sorted_by`.
    ///
    /// # Errors
    ///
    /// When Parquet cannot express the schema, or the target refuses the head.
    pub fn start(target: Target, schema: &SchemaRef, sorted_by: &[usize]) -> Outcome<Self> {
        let name = target.name();
        let properties = base_properties()
            .set_sorting_columns(sorting(sorted_by)?)
            .build();
        let (file, _) = ArrowWriter::try_new(target, SchemaRef::clone(schema), Some(properties))
            .and_then(ArrowWriter::into_serialized_writer)
            .output(&name)?;
        Ok(Self {
            file,
            schema: SchemaRef::clone(schema),
            name,
            pending: Vec::new(),
            pending_rows: 0,
            pending_bytes: 0,
        })
    }

    fn end_row_group(&mut self) -> Outcome {
        if self.pending_rows == 0 {
            return Ok(());
        }
        self.write_row_group().output(&self.name)?;
        self.pending.clear();
        self.pending_rows = 0;
        self.pending_bytes = 0;
        Ok(())
    }

    fn write_row_group(&mut self) -> Result<(), ParquetError> {
        let mut group = self.file.next_row_group()?;
        for (column, field) in self.schema.fields().iter().enumerate() {
            write_column(&mut group, field, column, &self.pending)?;
        }
        group.close()?;
        Ok(())
    }
}

impl Sink for ParquetSink {
    fn write(&mut self, batch: &RecordBatch) -> Outcome {
        let bytes = slice_bytes(batch).output(&self.name)?;
        // A batch may be larger than a row group; it then makes several.
        let pieces = bytes
            .div_ceil(ROW_GROUP_BYTES)
            .max(batch.num_rows().div_ceil(ROW_GROUP_ROWS));
        let rows = batch.num_rows().div_ceil(pieces.max(1)).max(1);
        let mut start = 0;
        while start < batch.num_rows() {
            let piece = batch.slice(start, rows.min(batch.num_rows() - start));
            start += piece.num_rows();
            if self.pending_rows + piece.num_rows() > ROW_GROUP_ROWS {
                self.end_row_group()?;
            }
            self.pending_rows += piece.num_rows();
            self.pending_bytes += bytes / pieces.max(1);
            self.pending.push(piece);
            if self.pending_rows >= ROW_GROUP_ROWS || self.pending_bytes >= ROW_GROUP_BYTES {
                self.end_row_group()?;
            }
        }
        Ok(())
    }

    fn finish(mut self: Box<Self>) -> Outcome<u64> {
        self.end_row_group()?;
        self.file.into_inner().output(&self.name)?.commit()
    }
}

/// Bytes that the rows of a batch need; buffers that columns share count once each.
fn slice_bytes(batch: &RecordBatch) -> Result<usize, ArrowError> {
    batch
        .columns()
        .iter()
        .map(|array| array.to_data().get_slice_memory_size())
        .sum()
}

/// Encodes one column of all batches and appends it. A writer of its own for a file of just that column lends its
/// encoder; the file goes nowhere.
fn write_column(
    group: &mut SerializedRowGroupWriter<'_, Target>,
    field: &Arc<Field>,
    column: usize,
    batches: &[RecordBatch],
) -> Result<(), ParquetError> {
    let schema = Arc::new(Schema::new(vec![Arc::clone(field)]));
    let (_, factory) = ArrowWriter::try_new(io::sink(), schema, Some(column_properties(field)))?
        .into_serialized_writer()?;
    let mut writers = factory.create_column_writers(0)?;
    for batch in batches {
        let leaves = compute_leaves(field, batch.column(column))?;
        for (writer, leaf) in writers.iter_mut().zip(&leaves) {
            writer.write(leaf)?;
        }
    }
    for writer in writers {
        writer.close()?.append_to_row_group(group)?;
    }
    Ok(())
}

fn sorting(sorted_by: &[usize]) -> Outcome<Option<Vec<SortingColumn>>> {
    let mut sorting = Vec::with_capacity(sorted_by.len());
    for &column in sorted_by {
        sorting.push(SortingColumn {
            column_idx: i32::try_from(column).map_err(|_| {
                Failure::output(format!("column {column} is beyond what Parquet counts"))
            })?,
            descending: false,
            nulls_first: true,
        });
    }
    Ok((!sorting.is_empty()).then_some(sorting))
}

fn base_properties() -> WriterPropertiesBuilder {
    WriterProperties::builder()
        .set_created_by(concat!("tsfile-cli version ", env!("CARGO_PKG_VERSION")).to_owned())
        .set_compression(Compression::ZSTD(ZstdLevel::default()))
        .set_statistics_enabled(EnabledStatistics::Page)
}

fn column_properties(field: &Field) -> WriterProperties {
    let properties = base_properties();
    // Times and counters differ from their neighbours by little; a dictionary of them is as large as they are.
    if matches!(
        field.data_type(),
        DataType::Int64 | DataType::Timestamp(_, _)
    ) {
        let path = ColumnPath::from(vec![field.name().clone()]);
        return properties
            .set_column_dictionary_enabled(path.clone(), false)
            .set_column_encoding(path, Encoding::DELTA_BINARY_PACKED)
            .build();
    }
    properties.build()
}

#[cfg(test)]
mod tests {
    use ::parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
    use ::parquet::file::reader::{FileReader as _, SerializedFileReader};
    use arrow_array::types::Int64Type;
    use arrow_array::{ArrayRef, Int64Array, ListArray, StringArray};
    use arrow_select::concat::concat_batches;

    use super::*;

    #[test]
    fn records_order_statistics_and_compression() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("x.parquet");
        let batch = RecordBatch::try_from_iter([
            (
                "time",
                Arc::new(Int64Array::from(vec![1, 2, 1])) as ArrayRef,
            ),
            (
                "device_name",
                Arc::new(StringArray::from(vec!["a", "a", "b"])) as ArrayRef,
            ),
        ])
        .unwrap();
        let target = Target::file(&path, false, &[]).unwrap();
        let mut sink = ParquetSink::start(target, &batch.schema(), &[1, 0]).unwrap();
        sink.write(&batch).unwrap();
        let bytes = Box::new(sink).finish().unwrap();
        assert_eq!(bytes, std::fs::metadata(&path).unwrap().len());

        let reader = SerializedFileReader::new(std::fs::File::open(&path).unwrap()).unwrap();
        let file = reader.metadata().file_metadata();
        assert!(
            file.created_by()
                .unwrap()
                .starts_with("tsfile-cli version ")
        );
        let group = reader.metadata().row_group(0);
        let order: Vec<_> = group
            .sorting_columns()
            .unwrap()
            .iter()
            .map(|s| s.column_idx)
            .collect();
        assert_eq!(order, [1, 0]);
        let time = group.column(0);
        assert!(matches!(time.compression(), Compression::ZSTD(_)));
        assert!(time.statistics().is_some());
        assert!(time.column_index_offset().is_some());
    }

    #[test]
    fn batches_larger_than_a_row_group_are_split_and_nothing_is_lost() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("x.parquet");
        let rows = ROW_GROUP_ROWS + 1;
        let numbers = Int64Array::from_iter((0..rows).map(|i| (i % 3 > 0).then_some(i as i64)));
        let list = ListArray::from_iter_primitive::<Int64Type, _, _>(
            (0..rows).map(|i| (i % 2 > 0).then(|| vec![Some(1), None])),
        );
        let batch = RecordBatch::try_from_iter_with_nullable([
            ("n", Arc::new(numbers) as ArrayRef, true),
            ("l", Arc::new(list), true),
        ])
        .unwrap();
        let target = Target::file(&path, false, &[]).unwrap();
        let mut sink = ParquetSink::start(target, &batch.schema(), &[]).unwrap();
        sink.write(&batch).unwrap();
        Box::new(sink).finish().unwrap();

        let file = std::fs::File::open(&path).unwrap();
        let builder = ParquetRecordBatchReaderBuilder::try_new(file).unwrap();
        assert!(builder.metadata().num_row_groups() > 1);
        let reader = builder.with_batch_size(rows).build().unwrap();
        let read = concat_batches(
            &batch.schema(),
            &reader.map(Result::unwrap).collect::<Vec<_>>(),
        )
        .unwrap();
        assert!(read == batch);
    }
}
