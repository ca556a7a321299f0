package compare;

import java.nio.charset.StandardCharsets;
import java.util.List;
import org.apache.tsfile.block.column.Column;
import org.apache.tsfile.enums.TSDataType;
import org.apache.tsfile.read.common.block.TsBlock;
import org.apache.tsfile.read.query.dataset.ResultSet;

/**
 * Rows as text, below a line of names: the time and the values with commas between them, nothing where a value is null. No value here has to be
 * quoted.
 */
final class Text {
  private Text() {}

  private static void head(List<String> names, StringBuilder out) {
    if (out.length() == 0) {
      out.append("time,").append(String.join(",", names)).append('\n');
    }
  }

  static void rows(TsBlock block, List<String> names, List<TSDataType> types, StringBuilder out) {
    head(names, out);
    for (int row = 0; row < block.getPositionCount(); row++) {
      out.append(block.getTimeColumn().getLong(row));
      for (int i = 0; i < types.size(); i++) {
        out.append(',');
        Column column = block.getColumn(i);
        if (!column.isNull(row)) {
          value(column, row, types.get(i), out);
        }
      }
      out.append('\n');
    }
  }

  private static void value(Column column, int row, TSDataType type, StringBuilder out) {
    switch (type) {
      case BOOLEAN:
        out.append(column.getBoolean(row));
        break;
      case INT32:
        out.append(column.getInt(row));
        break;
      case INT64:
        out.append(column.getLong(row));
        break;
      case FLOAT:
        out.append(column.getFloat(row));
        break;
      case DOUBLE:
        out.append(column.getDouble(row));
        break;
      case STRING:
        out.append(column.getBinary(row).getStringValue(StandardCharsets.UTF_8));
        break;
      default:
        throw new IllegalStateException("no column has type " + type);
    }
  }

  /** The first column of a result is the time; columns count from 1. */
  static void rows(ResultSet rows, List<String> names, TSDataType[] types, StringBuilder out) throws Exception {
    head(names, out);
    while (rows.next()) {
      out.append(rows.getLong(1));
      for (int i = 0; i < types.length; i++) {
        out.append(',');
        if (!rows.isNull(i + 2)) {
          value(rows, i + 2, types[i], out);
        }
      }
      out.append('\n');
    }
  }

  private static void value(ResultSet rows, int at, TSDataType type, StringBuilder out) {
    switch (type) {
      case BOOLEAN:
        out.append(rows.getBoolean(at));
        break;
      case INT32:
        out.append(rows.getInt(at));
        break;
      case INT64:
        out.append(rows.getLong(at));
        break;
      case FLOAT:
        out.append(rows.getFloat(at));
        break;
      case DOUBLE:
        out.append(rows.getDouble(at));
        break;
      case STRING:
        out.append(rows.getString(at));
        break;
      default:
        throw new IllegalStateException("no column has type " + type);
    }
  }
}
