package compare;

import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.apache.tsfile.block.column.Column;
import org.apache.tsfile.enums.TSDataType;
import org.apache.tsfile.read.common.block.TsBlock;
import org.apache.tsfile.utils.Binary;

/** What came out of a file: values that are there and what they add up to. Of BOOLEAN the true ones, of STRING the bytes. */
final class Sums {
  /** Times are summed from here on, so that the sum of many fits into 64 bits. */
  static final long EPOCH = 1_700_000_000_000L;

  /** One column. */
  static final class Sum {
    long count;
    long integers;
    double floats;
    boolean isFloat;

    void add(long value) {
      count++;
      integers += value;
    }

    void add(double value) {
      count++;
      floats += value;
      isFloat = true;
    }
  }

  private final Map<String, Sum> columns = new LinkedHashMap<>();
  long rows;

  Sum of(String column) {
    return columns.computeIfAbsent(column, c -> new Sum());
  }

  /** A column of a block, whose values are of `type`. */
  void add(String name, Column column, TSDataType type) {
    Sum sum = of(name);
    for (int i = 0; i < column.getPositionCount(); i++) {
      if (column.isNull(i)) {
        continue;
      }
      switch (type) {
        case BOOLEAN:
          sum.add(column.getBoolean(i) ? 1 : 0);
          break;
        case INT32:
          sum.add(column.getInt(i));
          break;
        case INT64:
          sum.add(column.getLong(i));
          break;
        case FLOAT:
          sum.add((double) column.getFloat(i));
          break;
        case DOUBLE:
          sum.add(column.getDouble(i));
          break;
        case STRING:
          Binary value = column.getBinary(i);
          sum.add(value.getLength());
          break;
        default:
          throw new IllegalStateException("no column has type " + type);
      }
    }
  }

  /** A block and what its columns are. */
  void add(TsBlock block, List<String> names, List<TSDataType> types) {
    Column times = block.getTimeColumn();
    Sum time = of("time");
    for (int i = 0; i < block.getPositionCount(); i++) {
      time.add(times.getLong(i) - EPOCH);
    }
    for (int i = 0; i < names.size(); i++) {
      add(names.get(i), block.getColumn(i), types.get(i));
    }
  }

  /** Inner part of a JSON object. */
  String json() {
    StringBuilder out = new StringBuilder("\"rows\": " + rows + ", \"columns\": {");
    Iterator<Map.Entry<String, Sum>> all = columns.entrySet().iterator();
    while (all.hasNext()) {
      Map.Entry<String, Sum> e = all.next();
      Sum s = e.getValue();
      String sum = s.isFloat ? Double.toString(s.floats) : Long.toString(s.integers);
      out.append('"').append(e.getKey()).append("\": {\"count\": ").append(s.count).append(", \"sum\": ").append(sum);
      out.append(all.hasNext() ? "}, " : "}");
    }
    return out.append('}').toString();
  }
}
