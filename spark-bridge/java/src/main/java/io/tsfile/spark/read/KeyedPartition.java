package io.tsfile.spark.read;

import java.util.Collections;
import org.apache.spark.sql.catalyst.InternalRow;
import org.apache.spark.sql.catalyst.expressions.GenericInternalRow;
import org.apache.spark.sql.connector.read.HasPartitionKey;
import org.apache.spark.unsafe.types.UTF8String;

/** The rows of one device, by time. */
final class KeyedPartition extends TsFilePartition implements HasPartitionKey {
  private static final long serialVersionUID = 1L;
  private final String[] key;

  KeyedPartition(byte[] split, String[] key) {
    super(Collections.singletonList(split), Collections.singletonList(new Object[0]));
    this.key = key;
  }

  @Override
  public InternalRow partitionKey() {
    Object[] values = new Object[key.length];
    for (int i = 0; i < key.length; i++) {
      values[i] = key[i] == null ? null : UTF8String.fromString(key[i]);
    }
    return new GenericInternalRow(values);
  }
}
