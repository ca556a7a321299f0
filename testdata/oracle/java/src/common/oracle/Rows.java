package oracle;

import java.time.LocalDate;
import java.util.ArrayList;
import java.util.List;
import org.apache.tsfile.enums.TSDataType;
import org.apache.tsfile.utils.Binary;
import org.apache.tsfile.utils.BitMap;
import org.apache.tsfile.utils.TsPrimitiveType;
import org.apache.tsfile.write.record.Tablet;

/** Values as the writers take them. */
final class Rows {
  private Rows() {}

  /** A tablet of columns; {@code values[column][row]}, null where there is none. */
  @SuppressWarnings({"unchecked", "rawtypes"})
  static Tablet tablet(String device, List<Column> columns, long[] times, Object[][] values) {
    List schemas = new ArrayList();
    for (Column c : columns) {
      schemas.add(c.schema());
    }
    Object[] arrays = new Object[values.length];
    BitMap[] nulls = new BitMap[values.length];
    for (int i = 0; i < values.length; i++) {
      nulls[i] = new BitMap(times.length);
      arrays[i] = array(columns.get(i).type, values[i], nulls[i]);
    }
    return new Tablet(device, schemas, times, arrays, nulls, times.length);
  }

  /** One column as a primitive array, its nulls marked in {@code nulls}. */
  static Object array(TSDataType type, Object[] v, BitMap nulls) {
    int n = v.length;
    boolean[] booleans = new boolean[n];
    int[] ints = new int[n];
    long[] longs = new long[n];
    float[] floats = new float[n];
    double[] doubles = new double[n];
    Binary[] binaries = new Binary[n];
    LocalDate[] dates = new LocalDate[n];
    for (int i = 0; i < n; i++) {
      if (v[i] == null) {
        nulls.mark(i);
        continue;
      }
      switch (type) {
        case BOOLEAN:
          booleans[i] = (Boolean) v[i];
          break;
        case INT32:
          ints[i] = (Integer) v[i];
          break;
        case DATE:
          int d = (Integer) v[i];
          dates[i] = LocalDate.of(d / 10000, d / 100 % 100, d % 100);
          break;
        case INT64:
        case TIMESTAMP:
          longs[i] = (Long) v[i];
          break;
        case FLOAT:
          floats[i] = (Float) v[i];
          break;
        case DOUBLE:
          doubles[i] = (Double) v[i];
          break;
        default:
          binaries[i] = new Binary((byte[]) v[i]);
      }
    }
    switch (type) {
      case BOOLEAN:
        return booleans;
      case INT32:
        return ints;
      case DATE:
        return dates;
      case INT64:
      case TIMESTAMP:
        return longs;
      case FLOAT:
        return floats;
      case DOUBLE:
        return doubles;
      default:
        return binaries;
    }
  }

  /** One value as the chunk writers take it; null stays null. */
  static TsPrimitiveType primitive(TSDataType type, Object v) {
    return v == null ? null : TsPrimitiveType.getByType(type, v instanceof byte[] ? new Binary((byte[]) v) : v);
  }
}
