package oracle;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.apache.tsfile.enums.TSDataType;
import org.apache.tsfile.file.metadata.enums.CompressionType;
import org.apache.tsfile.file.metadata.enums.TSEncoding;

/**
 * Values of one column, in one of several shapes.
 *
 * <p>A value is a Boolean, Integer (INT32; DATE as yyyymmdd), Long, Float, Double or byte[]. Shapes keep away from what
 * the Java reader is known to get wrong: wide residuals in SPRINTZ, NaN in GORILLA_V1.
 */
final class Gen {
  private static final String[] WORDS = {
    "", "a", "b", "on", "off", "null", "NaN", " ", "a,b", "\"q\"", "line\nbreak", "tab\t", "back\\slash", "grün", "温度",
    "ключ", "🙂", "\u0001", "root.sg", "0123456789"
  };
  private static final long[] LONGS = {
    0, 1, -1, 63, 64, -64, -65, 127, 128, 255, 256, 32767, 32768, Integer.MAX_VALUE, Integer.MIN_VALUE, 1L << 32, 1L << 53,
    Long.MAX_VALUE, Long.MIN_VALUE, Long.MAX_VALUE - 1, Long.MIN_VALUE + 1
  };
  private static final double[] DOUBLES = {
    0.0, -0.0, 1, -1, 0.1, -0.1, 1e-300, 5e-324, -5e-324, Double.MAX_VALUE, -Double.MAX_VALUE, Double.MIN_NORMAL,
    Double.POSITIVE_INFINITY, Double.NEGATIVE_INFINITY, Double.NaN, 3e9, -3e9, 1e19, 1e17, 0.005, 2.675, Math.PI
  };
  private static final float[] FLOATS = {
    0f, -0f, 1, -1, 0.1f, -0.1f, Float.MIN_VALUE, -Float.MIN_VALUE, Float.MAX_VALUE, -Float.MAX_VALUE, Float.MIN_NORMAL,
    Float.POSITIVE_INFINITY, Float.NEGATIVE_INFINITY, Float.NaN, 3e9f, -3e9f, 3e7f, 0.005f, 16777217f, (float) Math.PI
  };

  /** What the values look like. */
  private enum Shape { CONSTANT, RAMP, WALK, REPEAT, RANDOM, EDGE, BITS, DECIMAL, QUARTER }

  private final Random random;
  private final TSDataType type;
  private final Shape shape;
  private final boolean longStrings;
  private final long base;
  private final long step;
  private long walk;
  private int ramp;
  private Object held;
  private int hold;

  private Gen(Random random, TSDataType type, Shape shape) {
    this.random = random;
    this.type = type;
    this.shape = shape;
    longStrings = random.nextInt(12) == 0;
    boolean wide = type == TSDataType.INT64 || type == TSDataType.TIMESTAMP;
    base = type == TSDataType.TIMESTAMP ? 1_700_000_000_000L : random.nextInt(wide ? 1 << 30 : 1 << 20);
    step = 1 + random.nextInt(1000);
    walk = base;
  }

  /** A column of any type with any encoding that is legal for it. {@code exact}: only values that every encoding keeps. */
  static Column column(Random random, String name, boolean exact) {
    TSDataType type = pick(random, Release.TYPES);
    TSEncoding encoding = pick(random, encodings(type));
    CompressionType compression = compressor(random);
    Column plain = new Column(name, type, encoding, compression, 2, null);
    int decimals = plain.scaled() && random.nextInt(4) == 0 && !exact ? pick(random, new int[] {0, 1, 4, 6, 10}) : 2;
    return new Column(name, type, encoding, compression, decimals, new Gen(random, type, shape(random, plain, exact)));
  }

  private static Shape shape(Random random, Column c, boolean exact) {
    TSEncoding e = c.encoding;
    if (c.isFloat()) {
      boolean lossy = c.scaled() || e == Release.CAMEL || (Release.OLD_RLBE && e == TSEncoding.RLBE);
      if (exact && lossy) {
        return pick(random, new Shape[] {Shape.QUARTER, Shape.CONSTANT});
      }
      if (e == TSEncoding.SPRINTZ) {
        return Shape.BITS;
      }
      if (e == Release.CAMEL || (Release.OLD_RLBE && e == TSEncoding.RLBE)) {
        return pick(random, new Shape[] {Shape.DECIMAL, Shape.DECIMAL, Shape.QUARTER, Shape.CONSTANT});
      }
      if (e == TSEncoding.GORILLA_V1) {
        return pick(random, new Shape[] {Shape.DECIMAL, Shape.QUARTER, Shape.CONSTANT, Shape.BITS, Shape.REPEAT});
      }
      return pick(random, new Shape[] {
        Shape.EDGE, Shape.EDGE, Shape.RANDOM, Shape.DECIMAL, Shape.QUARTER, Shape.CONSTANT, Shape.REPEAT, Shape.BITS});
    }
    if (e == TSEncoding.REGULAR) {
      return Shape.RAMP;
    }
    if (e == TSEncoding.SPRINTZ) {
      return pick(random, new Shape[] {Shape.WALK, Shape.CONSTANT});
    }
    return pick(random, new Shape[] {
      Shape.EDGE, Shape.RANDOM, Shape.WALK, Shape.RAMP, Shape.REPEAT, Shape.CONSTANT});
  }

  /** The pairs of section 12 of the format specification that the Java writers produce. */
  private static List<TSEncoding> encodings(TSDataType type) {
    List<TSEncoding> all = new ArrayList<>();
    all.add(TSEncoding.PLAIN);
    switch (type) {
      case BOOLEAN:
        all.add(TSEncoding.RLE);
        break;
      case INT32:
      case INT64:
        if (Release.HAS_REGULAR) {
          all.add(TSEncoding.REGULAR);
        }
        integers(all);
        break;
      case DATE:
      case TIMESTAMP:
        integers(all);
        break;
      case FLOAT:
      case DOUBLE:
        all.add(TSEncoding.RLE);
        all.add(TSEncoding.TS_2DIFF);
        all.add(TSEncoding.GORILLA_V1);
        all.add(TSEncoding.GORILLA);
        all.add(TSEncoding.CHIMP);
        all.add(TSEncoding.SPRINTZ);
        all.add(TSEncoding.RLBE);
        if (type == TSDataType.DOUBLE && Release.CAMEL != null) {
          all.add(Release.CAMEL);
        }
        break;
      case TEXT:
      case STRING:
        all.add(TSEncoding.DICTIONARY);
        break;
      default:
        break;
    }
    return all;
  }

  private static void integers(List<TSEncoding> all) {
    all.add(TSEncoding.RLE);
    all.add(TSEncoding.TS_2DIFF);
    all.add(TSEncoding.GORILLA);
    all.add(TSEncoding.ZIGZAG);
    all.add(TSEncoding.CHIMP);
    all.add(TSEncoding.SPRINTZ);
    all.add(TSEncoding.RLBE);
  }

  /** The value of row {@code row}; rows are asked for in order, with gaps where the column is null. */
  Object next(int row) {
    if (shape == Shape.CONSTANT || shape == Shape.REPEAT) {
      if (held == null || (shape == Shape.REPEAT && --hold < 0)) {
        held = fresh(row);
        hold = pick(random, new int[] {0, 1, 6, 7, 8, 9, 20, 70});
      }
      return held;
    }
    return fresh(row);
  }

  private Object fresh(int row) {
    switch (type) {
      case BOOLEAN:
        return random.nextBoolean();
      case INT32:
        return (int) integer(row);
      case INT64:
      case TIMESTAMP:
        return integer(row);
      case DATE:
        return date(row);
      case FLOAT:
        return real32(row);
      case DOUBLE:
        return real64(row);
      case TEXT:
      case STRING:
        return text().getBytes(StandardCharsets.UTF_8);
      default:
        return bytes();
    }
  }

  private long integer(int row) {
    boolean wide = type != TSDataType.INT32;
    switch (shape) {
      case RAMP:
        // By its own count, not by row: REGULAR takes the smallest step for the only one and loses what does not fit.
        return base + step * ramp++;
      case WALK:
        walk += random.nextInt(2001) - 1000;
        return walk;
      case EDGE:
        long edge = pick(random, LONGS);
        return wide ? edge : edge == Long.MAX_VALUE ? Integer.MAX_VALUE : edge == Long.MIN_VALUE ? Integer.MIN_VALUE : (int) edge;
      case RANDOM:
        return wide ? random.nextLong() : random.nextInt();
      default:
        return base;
    }
  }

  private int date(int row) {
    int days = shape == Shape.RAMP ? row : shape == Shape.WALK ? random.nextInt(60) : random.nextInt(3_286_000) - 354_000;
    if (shape == Shape.EDGE && random.nextInt(3) == 0) {
      return pick(random, new int[] {10000101, 99991231, 19700101, 20000229, 19691231});
    }
    java.time.LocalDate d = java.time.LocalDate.ofEpochDay(days);
    return d.getYear() * 10000 + d.getMonthValue() * 100 + d.getDayOfMonth();
  }

  private float real32(int row) {
    switch (shape) {
      case BITS:
        walk += random.nextInt(2001) - 1000;
        return Float.intBitsToFloat((int) (0x41200000L + walk));
      case EDGE:
        return pick(random, FLOATS);
      case RANDOM:
        return Float.intBitsToFloat(random.nextInt());
      case DECIMAL:
        return (float) (random.nextInt(2_000_001) / 1000.0 - 1000);
      default:
        return (random.nextInt(8001) - 4000) * 0.25f + (random.nextInt(3) == 0 ? row : 0);
    }
  }

  private double real64(int row) {
    switch (shape) {
      case BITS:
        walk += random.nextInt(2001) - 1000;
        return Double.longBitsToDouble(0x4024000000000000L + walk);
      case EDGE:
        return pick(random, DOUBLES);
      case RANDOM:
        return Double.longBitsToDouble(random.nextLong());
      case DECIMAL:
        return (random.nextInt(200_000_001) - 100_000_000) / pick(random, new double[] {10, 100, 1000, 10000});
      default:
        return (random.nextInt(8001) - 4000) * 0.25 + (random.nextInt(3) == 0 ? row : 0);
    }
  }

  private String text() {
    if (longStrings && random.nextInt(8) == 0) {
      StringBuilder b = new StringBuilder();
      int n = 100 + random.nextInt(900);
      for (int i = 0; i < n; i++) {
        b.append((char) ('a' + random.nextInt(26)));
      }
      return b.toString();
    }
    if (shape == Shape.RANDOM) {
      return pick(random, WORDS) + random.nextInt(1000);
    }
    return pick(random, WORDS);
  }

  private byte[] bytes() {
    if (type == Release.OBJECT) {
      byte[] path = ("obj/" + random.nextInt(100) + ".bin").getBytes(StandardCharsets.UTF_8);
      return ByteBuffer.allocate(8 + path.length).putLong(random.nextInt(1 << 20)).put(path).array();
    }
    byte[] b = new byte[random.nextInt(4) == 0 ? 0 : random.nextInt(24)];
    random.nextBytes(b);
    return b;
  }

  /** {@code n} strictly ascending times after {@code after}, of a kind the time encoding can hold. */
  static long[] times(Random random, long after, int n, String encoding) {
    long[] t = new long[n];
    boolean steady = encoding.equals("REGULAR") || encoding.equals("SPRINTZ");
    long step = pick(random, new long[] {1, 1, 10, 1000, 60_000, 1_000_000_000L});
    if (steady) {
      step = Math.min(step, 1000);
    }
    int jitter = steady ? 0 : pick(random, new int[] {0, 0, 3, 1000, 1 << 30});
    long now = after;
    for (int i = 0; i < n; i++) {
      now += step + (jitter == 0 ? 0 : random.nextInt(jitter));
      t[i] = now;
    }
    return t;
  }

  /** LZMA2 seldom: its encoder needs milliseconds for every page, however small. */
  static CompressionType compressor(Random random) {
    CompressionType c = pick(random, Release.COMPRESSORS);
    return c == CompressionType.LZMA2 && random.nextInt(3) > 0 ? CompressionType.LZ4 : c;
  }

  /** Where the times of a device begin. */
  static long epoch(Random random) {
    return pick(random, new long[] {-1, 0, 0, -500, 1_700_000_000_000L, 1_700_000_000_000_000_000L, -(1L << 61), 1L << 61});
  }

  static int rows(Random random) {
    int[] some = {1, 2, 3, 7, 8, 9, 10, 16, 17, 63, 64, 65, 127, 128, 129, 130, 255, 256, 257, 258};
    return random.nextInt(3) == 0 ? 1 + random.nextInt(60) : pick(random, some);
  }

  static <T> T pick(Random random, T[] all) {
    return all[random.nextInt(all.length)];
  }

  static <T> T pick(Random random, List<T> all) {
    return all.get(random.nextInt(all.size()));
  }

  static int pick(Random random, int[] all) {
    return all[random.nextInt(all.length)];
  }

  static long pick(Random random, long[] all) {
    return all[random.nextInt(all.length)];
  }

  static float pick(Random random, float[] all) {
    return all[random.nextInt(all.length)];
  }

  static double pick(Random random, double[] all) {
    return all[random.nextInt(all.length)];
  }
}
