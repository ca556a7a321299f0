package oracle;

import org.apache.tsfile.enums.TSDataType;

/** The JSON form of expected contents, described in testdata/README.md. */
final class Json {
  private Json() {}

  static void string(StringBuilder out, String s) {
    out.append('"');
    for (int i = 0; i < s.length(); i++) {
      char c = s.charAt(i);
      if (c == '"' || c == '\\') {
        out.append('\\').append(c);
      } else if (c < 0x20) {
        out.append(String.format("\\u%04x", (int) c));
      } else {
        out.append(c);
      }
    }
    out.append('"');
  }

  static void value(StringBuilder out, TSDataType type, Object v) {
    if (v == null) {
      out.append("null");
      return;
    }
    switch (type) {
      case FLOAT:
        out.append(String.format("\"%08x\"", Float.floatToRawIntBits((Float) v)));
        break;
      case DOUBLE:
        out.append(String.format("\"%016x\"", Double.doubleToRawLongBits((Double) v)));
        break;
      case TEXT:
      case STRING:
        string(out, new String((byte[]) v, java.nio.charset.StandardCharsets.UTF_8));
        break;
      case BOOLEAN:
      case INT32:
      case DATE:
      case INT64:
      case TIMESTAMP:
        out.append(v);
        break;
      default:
        out.append('"');
        for (byte b : (byte[]) v) {
          out.append(Character.forDigit(b >> 4 & 15, 16)).append(Character.forDigit(b & 15, 16));
        }
        out.append('"');
    }
  }
}
