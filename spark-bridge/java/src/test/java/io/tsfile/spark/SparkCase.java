package io.tsfile.spark;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.tsfile.TsFileNative;
import io.tsfile.spark.files.FileCache;
import java.nio.file.Path;
import java.nio.file.Paths;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.apache.spark.sql.DataFrameReader;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;

/** A session with two threads, and the check that no native memory is left when the tests of a class are done. */
abstract class SparkCase {
  static SparkSession spark;

  @BeforeAll
  static void start() {
    spark =
        SparkSession.builder()
            .master("local[2]")
            .config("spark.ui.enabled", "false")
            .config("spark.sql.shuffle.partitions", "4")
            .config("spark.sql.session.timeZone", "UTC")
            .config("spark.sql.sources.v2.bucketing.enabled", "false")
            .getOrCreate();
    spark.sparkContext().setLogLevel("ERROR");
    TsFileNative.setPoison(true);
  }

  /** Every byte that plans and scans had is given back; what the cache keeps is given back when it is cleared. */
  @AfterAll
  static void nothingIsLeft() throws InterruptedException {
    // The last task of a query may still be closing.
    for (int i = 0; i < 100 && TsFileNative.liveNativeBytes() != 0; i++) {
      Thread.sleep(20);
    }
    assertEquals(0, TsFileNative.liveNativeBytes());
    FileCache.get().clear();
    assertEquals(0, FileCache.get().size());
    assertEquals(0, TsFileNative.cachedNativeBytes());
  }

  /** The folder with real files. */
  static Path testdata() {
    String folder = System.getProperty("tsfile.testdata");
    assertTrue(folder != null, "-Dtsfile.testdata says where testdata is");
    return Paths.get(folder);
  }

  static String golden(String name) {
    return testdata().resolve("golden").resolve(name).toString();
  }

  static DataFrameReader reader(String... options) {
    DataFrameReader reader = spark.read().format("tsfile");
    for (int i = 0; i < options.length; i += 2) {
      reader = reader.option(options[i], options[i + 1]);
    }
    return reader;
  }

  /** Rows as texts, sorted: Spark promises no order. */
  static List<String> sorted(Dataset<Row> rows) {
    List<String> out = new ArrayList<>();
    for (Row row : rows.collectAsList()) {
      out.add(text(row));
    }
    out.sort(null);
    return out;
  }

  /** Rows as a person would write them, sorted. */
  static List<String> texts(Dataset<Row> rows) {
    return texts(rows, " ");
  }

  static List<String> texts(Dataset<Row> rows, String between) {
    List<String> out = new ArrayList<>();
    for (Row row : rows.collectAsList()) {
      out.add(row.mkString(between));
    }
    out.sort(null);
    return out;
  }

  /** A row as one text, in which floats are their bits and bytes are shown. */
  static String text(Row row) {
    StringBuilder out = new StringBuilder();
    for (int i = 0; i < row.length(); i++) {
      Object value = row.get(i);
      out.append(i == 0 ? "" : "|");
      if (value instanceof Float) {
        out.append(String.format("%08x", Float.floatToRawIntBits((Float) value)));
      } else if (value instanceof Double) {
        out.append(String.format("%016x", Double.doubleToRawLongBits((Double) value)));
      } else if (value instanceof byte[]) {
        out.append(Arrays.toString((byte[]) value));
      } else {
        out.append(value);
      }
    }
    return out.toString();
  }

  /** The first error of that class among an error and its causes. */
  static <E extends Throwable> E cause(Throwable thrown, Class<E> wanted) {
    for (Throwable e = thrown; e != null; e = e.getCause()) {
      if (wanted.isInstance(e)) {
        return wanted.cast(e);
      }
    }
    throw new AssertionError("no " + wanted.getName() + " in this", thrown);
  }
}
