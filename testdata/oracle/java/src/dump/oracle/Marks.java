package oracle;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Arrays;
import org.apache.tsfile.enums.TSDataType;
import org.apache.tsfile.file.metadata.statistics.Statistics;
import org.apache.tsfile.utils.Binary;

/**
 * Statistics that the release computes from decoded values, to be compared with those stored.
 *
 * <p>Everything has to be the same bit for bit. The one exception is a sum of floating-point numbers over more than one page, which
 * depends on what is added to what: there it has to be as near as rounding leaves it.
 */
final class Marks {
  private static final double ROUNDING = 1e-12;

  private final TSDataType type;
  private final Statistics<?> mine;
  /** Sum of the sizes of all values: what the error of a sum is measured by. */
  private double size;
  private int parts;

  Marks(TSDataType type) {
    this.type = type;
    mine = Statistics.getStatsByType(type);
  }

  long count() {
    return mine.getCount();
  }

  void add(long time) {
    mine.update(time);
  }

  void add(long time, Object v) {
    if (v instanceof Boolean) {
      mine.update(time, (boolean) (Boolean) v);
    } else if (v instanceof Integer) {
      mine.update(time, (int) (Integer) v);
    } else if (v instanceof Long) {
      mine.update(time, (long) (Long) v);
      size += Math.abs((double) (Long) v);
    } else if (v instanceof Float) {
      mine.update(time, (float) (Float) v);
      size += Math.abs((Float) v);
    } else if (v instanceof Double) {
      mine.update(time, (double) (Double) v);
      size += Math.abs((Double) v);
    } else {
      mine.update(time, (Binary) v);
    }
  }

  /** Takes in the statistics of a part, a page or a chunk, as the release's own writer does. */
  void merge(Marks part) {
    if (part.count() > 0) {
      mine.mergeStatistics(part.mine);
      size += part.size;
      parts += Math.max(1, part.parts);
    }
  }

  /** What is wrong with the stored statistics, or null. */
  String differs(Statistics<?> stored) throws IOException {
    byte[] a = bytes(stored);
    byte[] b = bytes(mine);
    if (Arrays.equals(a, b)) {
      return null;
    }
    boolean summed = type == TSDataType.INT64 || type == TSDataType.FLOAT || type == TSDataType.DOUBLE
        || type.name().equals("TIMESTAMP");
    if (summed && parts > 1 && a.length == b.length) {
      int head = a.length - Double.BYTES;
      double x = ByteBuffer.wrap(a, head, Double.BYTES).getDouble();
      double y = ByteBuffer.wrap(b, head, Double.BYTES).getDouble();
      // An infinite sum of sizes means that the order decides between infinity and not a number.
      boolean near = Math.abs(x - y) <= ROUNDING * size || Double.isInfinite(size);
      if (near && Arrays.equals(Arrays.copyOf(a, head), Arrays.copyOf(b, head))) {
        return null;
      }
    }
    return "stored " + stored + " computed " + mine;
  }

  private static byte[] bytes(Statistics<?> s) throws IOException {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    s.serialize(out);
    return out.toByteArray();
  }
}
