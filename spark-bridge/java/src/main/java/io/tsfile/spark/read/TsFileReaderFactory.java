package io.tsfile.spark.read;

import io.tsfile.spark.files.OpenFiles;
import org.apache.hadoop.conf.Configuration;
import org.apache.spark.broadcast.Broadcast;
import org.apache.spark.sql.catalyst.InternalRow;
import org.apache.spark.sql.connector.read.InputPartition;
import org.apache.spark.sql.connector.read.PartitionReader;
import org.apache.spark.sql.connector.read.PartitionReaderFactory;
import org.apache.spark.sql.vectorized.ColumnarBatch;
import org.apache.spark.util.SerializableConfiguration;

/** What all tasks of a query have in common; sent to the executors once. */
final class TsFileReaderFactory implements PartitionReaderFactory {
  private static final long serialVersionUID = 1L;

  final byte[] shared;
  final Shown shown;
  final String unit;
  final OpenFiles.Ignored ignored;
  final long maxTaskMemory;
  /** Of Hadoop; null where all files are local. It is large, so executors get it once and not with each task. */
  private final Broadcast<SerializableConfiguration> conf;

  TsFileReaderFactory(
      byte[] shared,
      Shown shown,
      String unit,
      OpenFiles.Ignored ignored,
      long maxTaskMemory,
      Broadcast<SerializableConfiguration> conf) {
    this.shared = shared;
    this.shown = shown;
    this.unit = unit;
    this.ignored = ignored;
    this.maxTaskMemory = maxTaskMemory;
    this.conf = conf;
  }

  Configuration conf() {
    return conf.value().value();
  }

  @Override
  public boolean supportColumnarReads(InputPartition partition) {
    return true;
  }

  @Override
  public PartitionReader<ColumnarBatch> createColumnarReader(InputPartition partition) {
    return new TsFilePartitionReader(this, (TsFilePartition) partition);
  }

  @Override
  public PartitionReader<InternalRow> createReader(InputPartition partition) {
    throw new UnsupportedOperationException("tsfile is read in columns");
  }
}
