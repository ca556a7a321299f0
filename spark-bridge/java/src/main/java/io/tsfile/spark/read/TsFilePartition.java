package io.tsfile.spark.read;

import java.util.List;
import org.apache.spark.sql.connector.read.InputPartition;

/** What one task reads. */
class TsFilePartition implements InputPartition {
  private static final long serialVersionUID = 1L;

  /** Splits of the plan, in their order. */
  final byte[][] splits;

  /** Values that folders give the rows of each split. */
  final Object[][] folders;

  TsFilePartition(List<byte[]> splits, List<Object[]> folders) {
    this.splits = splits.toArray(new byte[0][]);
    this.folders = folders.toArray(new Object[0][]);
  }
}
