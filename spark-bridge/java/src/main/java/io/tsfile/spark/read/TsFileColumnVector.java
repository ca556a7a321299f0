package io.tsfile.spark.read;

import io.tsfile.jni.NativeScan;
import org.apache.spark.sql.types.DataType;
import org.apache.spark.sql.types.Decimal;
import org.apache.spark.sql.vectorized.ColumnVector;
import org.apache.spark.sql.vectorized.ColumnarArray;
import org.apache.spark.sql.vectorized.ColumnarMap;
import org.apache.spark.unsafe.Platform;
import org.apache.spark.unsafe.types.UTF8String;

/**
 * A column of a batch in native memory, in Arrow's layout. Nothing is copied but what a dictionary repeats, once; what it shows is gone when the next batch is read, which
 * sets it to that one. Spark closes vectors or does not: the memory is the scan's.
 */
final class TsFileColumnVector extends ColumnVector {
  private long values;
  private long offsets;
  private long validity;
  private int firstBit;
  private int firstValid;
  private int nulls;

  /** Of texts with a dictionary the entry of each row. */
  private long keys;

  /** Strings of entries, each made when it is first asked for; none where most rows have an entry of their own. */
  private UTF8String[] made;

  TsFileColumnVector(DataType type) {
    super(type);
  }

  /** Shows the column of so many rows of which {@code places} says from {@code at} on where it lies. */
  void set(long[] places, int at, int rows) {
    values = places[at];
    offsets = places[at + 1];
    validity = places[at + 2];
    firstBit = (int) places[at + 3];
    firstValid = (int) places[at + 4];
    nulls = (int) places[at + 5];
    keys = places[at + 6];
    int entries = (int) places[at + 7];
    made = keys != 0 && entries <= rows / 2 ? new UTF8String[entries] : null;
  }

  /** The place of a column among the numbers of {@link NativeScan#next}. */
  static int at(int column) {
    return column * NativeScan.PLACES;
  }

  @Override
  public void close() {}

  @Override
  public boolean hasNull() {
    return nulls > 0;
  }

  @Override
  public int numNulls() {
    return nulls;
  }

  @Override
  public boolean isNullAt(int row) {
    return validity != 0 && !bit(validity, firstValid + row);
  }

  private static boolean bit(long bits, int i) {
    return (Platform.getByte(null, bits + (i >> 3)) & (1 << (i & 7))) != 0;
  }

  @Override
  public boolean getBoolean(int row) {
    return bit(values, firstBit + row);
  }

  @Override
  public int getInt(int row) {
    return Platform.getInt(null, values + 4L * row);
  }

  @Override
  public long getLong(int row) {
    return Platform.getLong(null, values + 8L * row);
  }

  @Override
  public float getFloat(int row) {
    return Platform.getFloat(null, values + 4L * row);
  }

  @Override
  public double getDouble(int row) {
    return Platform.getDouble(null, values + 8L * row);
  }

  @Override
  public UTF8String getUTF8String(int row) {
    if (isNullAt(row)) {
      return null;
    }
    if (keys == 0) {
      return view(row);
    }
    int entry = Platform.getInt(null, keys + 4L * row);
    if (made == null) {
      return view(entry);
    }
    UTF8String text = made[entry];
    if (text == null) {
      // A copy: Spark asks for it often, and would copy what is not on the heap.
      text = UTF8String.fromBytes(view(entry).getBytes());
      made[entry] = text;
    }
    return text;
  }

  private UTF8String view(int entry) {
    int from = Platform.getInt(null, offsets + 4L * entry);
    int to = Platform.getInt(null, offsets + 4L * entry + 4);
    return UTF8String.fromAddress(null, values + from, to - from);
  }

  @Override
  public byte[] getBinary(int row) {
    if (isNullAt(row)) {
      return null;
    }
    int from = Platform.getInt(null, offsets + 4L * row);
    int to = Platform.getInt(null, offsets + 4L * row + 4);
    byte[] out = new byte[to - from];
    Platform.copyMemory(null, values + from, out, Platform.BYTE_ARRAY_OFFSET, out.length);
    return out;
  }

  @Override
  public byte getByte(int row) {
    throw none("byte");
  }

  @Override
  public short getShort(int row) {
    throw none("short");
  }

  @Override
  public Decimal getDecimal(int row, int precision, int scale) {
    throw none("decimal");
  }

  @Override
  public ColumnarArray getArray(int row) {
    throw none("array");
  }

  @Override
  public ColumnarMap getMap(int row) {
    throw none("map");
  }

  @Override
  public ColumnVector getChild(int child) {
    throw none("struct");
  }

  private static UnsupportedOperationException none(String type) {
    return new UnsupportedOperationException("TsFile has no type for " + type);
  }
}
