package oracle;

import java.util.Arrays;
import org.apache.tsfile.enums.TSDataType;
import org.apache.tsfile.file.metadata.enums.TSEncoding;

/** Compares what the release reads with what was written, and knows what each encoding may lose. */
final class Check {
  private final String file;
  private int failures;
  private int unread;
  /**
   * The reader of this release loses rows of this file's time encoding. What is in the file is right, so what was written
   * stays the expectation; such files only get values that every encoding keeps.
   */
  boolean timesAreLost;

  Check(String file) {
    this.file = file;
  }

  boolean failed() {
    return failures > 0;
  }

  int unread() {
    return unread;
  }

  /** Counts of points written and read back, of one column. */
  void count(String where, int wrote, int read) {
    if (read > wrote || (read < wrote && !timesAreLost)) {
      fail(where + ": wrote " + wrote + " points, read " + read);
    }
  }

  void fail(String why) {
    if (++failures <= 5) {
      System.err.println(file + ": " + why);
    }
  }

  /** What a correct reader returns for a value that was written as {@code v} and read back as {@code got}. */
  Object expect(Column c, String where, Object v, Object got) {
    if (got == null && !timesAreLost) {
      fail(where + "." + c.name + " " + c.type + " " + c.encoding + ": wrote " + show(v) + ", read nothing");
      return v;
    }
    if (got != null && (c.encoding == Release.CAMEL || (Release.OLD_RLBE && c.isFloat() && c.encoding == TSEncoding.RLBE))) {
      // Lossy in ways of their own: what the release reads is the expectation, as long as it is near.
      double a = ((Number) v).doubleValue();
      double b = ((Number) got).doubleValue();
      double tolerance = c.type == TSDataType.FLOAT ? 1e-2 : 1e-6;
      if (!(Math.abs(a - b) <= tolerance * Math.max(1, Math.abs(a)))) {
        fail(where + "." + c.name + " " + c.type + " " + c.encoding + ": wrote " + show(v) + ", read " + show(got));
      }
      return got;
    }
    Object want = v;
    if (c.scaled()) {
      want = scaled(c, ((Number) v).doubleValue());
    } else if (c.encoding == TSEncoding.PLAIN && v instanceof Float && ((Float) v).isNaN()) {
      want = Float.NaN;
    } else if (c.encoding == TSEncoding.PLAIN && v instanceof Double && ((Double) v).isNaN()) {
      want = Double.NaN;
    }
    if (got == null) {
      unread++;
      return want;
    }
    if (!same(want, got)) {
      fail(where + "." + c.name + " " + c.type + " " + c.encoding + ": wrote " + show(v) + ", expected " + show(want)
          + ", read " + show(got));
    }
    return want;
  }

  /** Section 12.5: floats as integers scaled by a power of ten, as plain integers, or as their bits. */
  private static Object scaled(Column c, double x) {
    double scale = Math.pow(10, c.maxPointNumber);
    boolean narrow = c.type == TSDataType.FLOAT;
    double min = narrow ? Integer.MIN_VALUE : Long.MIN_VALUE;
    double max = narrow ? Integer.MAX_VALUE : Long.MAX_VALUE;
    double result;
    if (x * scale >= min && x * scale <= max) {
      result = Math.round(x * scale) / scale;
    } else if (x >= min && x <= max) {
      result = Math.round(x);
    } else {
      result = Double.isNaN(x) ? Double.NaN : x;
    }
    return narrow ? (Object) (float) result : (Object) result;
  }

  static boolean same(Object a, Object b) {
    if (a instanceof Float && b instanceof Float) {
      return Float.floatToRawIntBits((Float) a) == Float.floatToRawIntBits((Float) b);
    }
    if (a instanceof Double && b instanceof Double) {
      return Double.doubleToRawLongBits((Double) a) == Double.doubleToRawLongBits((Double) b);
    }
    if (a instanceof byte[] && b instanceof byte[]) {
      return Arrays.equals((byte[]) a, (byte[]) b);
    }
    return a.equals(b);
  }

  static String show(Object v) {
    if (v instanceof byte[]) {
      return Arrays.toString((byte[]) v);
    }
    if (v instanceof Float) {
      return v + "/" + Integer.toHexString(Float.floatToRawIntBits((Float) v));
    }
    if (v instanceof Double) {
      return v + "/" + Long.toHexString(Double.doubleToRawLongBits((Double) v));
    }
    return String.valueOf(v);
  }
}
