package io.tsfile.spark.read;

import org.apache.spark.sql.types.DataType;
import org.apache.spark.sql.types.Decimal;
import org.apache.spark.sql.vectorized.ColumnVector;
import org.apache.spark.sql.vectorized.ColumnarArray;
import org.apache.spark.sql.vectorized.ColumnarMap;
import org.apache.spark.unsafe.types.UTF8String;

/** A column that has one value in all rows: what a folder's name says, or null for a column that the files do not have. */
final class ConstantVector extends ColumnVector {
  private final Object value;

  ConstantVector(DataType type, Object value) {
    super(type);
    this.value = value;
  }

  @Override
  public void close() {}

  @Override
  public boolean hasNull() {
    return value == null;
  }

  @Override
  public int numNulls() {
    return value == null ? Integer.MAX_VALUE : 0;
  }

  @Override
  public boolean isNullAt(int row) {
    return value == null;
  }

  @Override
  public boolean getBoolean(int row) {
    return (Boolean) value;
  }

  @Override
  public byte getByte(int row) {
    return ((Number) value).byteValue();
  }

  @Override
  public short getShort(int row) {
    return ((Number) value).shortValue();
  }

  @Override
  public int getInt(int row) {
    return ((Number) value).intValue();
  }

  @Override
  public long getLong(int row) {
    return ((Number) value).longValue();
  }

  @Override
  public float getFloat(int row) {
    return ((Number) value).floatValue();
  }

  @Override
  public double getDouble(int row) {
    return ((Number) value).doubleValue();
  }

  @Override
  public UTF8String getUTF8String(int row) {
    return (UTF8String) value;
  }

  @Override
  public byte[] getBinary(int row) {
    return value == null ? null : ((UTF8String) value).getBytes();
  }

  @Override
  public Decimal getDecimal(int row, int precision, int scale) {
    return null;
  }

  @Override
  public ColumnarArray getArray(int row) {
    return null;
  }

  @Override
  public ColumnarMap getMap(int row) {
    return null;
  }

  @Override
  public ColumnVector getChild(int child) {
    return null;
  }
}
