package oracle;

import java.nio.charset.StandardCharsets;
import org.apache.tsfile.utils.Binary;

/** Values and names as the lines of a dump have them, described in testdata/oracle/README.md. */
final class Text {
  private Text() {}

  /** Floats by their bits and byte strings in hex, everything else as it is. */
  static String value(Object v) {
    if (v instanceof Float) {
      return hex(Float.floatToRawIntBits((Float) v) & 0xffffffffL, 8);
    }
    if (v instanceof Double) {
      return hex(Double.doubleToRawLongBits((Double) v), 16);
    }
    if (v instanceof Binary) {
      return hex(((Binary) v).getValues());
    }
    if (v instanceof byte[]) {
      return hex((byte[]) v);
    }
    return v.toString();
  }

  static String hex(String s) {
    return s == null ? "\\N" : hex(s.getBytes(StandardCharsets.UTF_8));
  }

  /** A name in a line of its own fields: tabs, line ends and backslashes escaped, null as {@code \N}. */
  static String name(String s) {
    if (s == null) {
      return "\\N";
    }
    return s.replace("\\", "\\\\").replace("\t", "\\t").replace("\n", "\\n").replace("\r", "\\r");
  }

  private static String hex(byte[] bytes) {
    StringBuilder out = new StringBuilder(2 * bytes.length);
    for (byte b : bytes) {
      out.append(Character.forDigit(b >> 4 & 15, 16)).append(Character.forDigit(b & 15, 16));
    }
    return out.toString();
  }

  private static String hex(long bits, int digits) {
    char[] out = new char[digits];
    for (int i = digits - 1; i >= 0; i--) {
      out[i] = Character.forDigit((int) (bits & 15), 16);
      bits >>>= 4;
    }
    return new String(out);
  }
}
