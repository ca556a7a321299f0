package io.tsfile.spark;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.tsfile.TsFileNative;
import io.tsfile.spark.HadoopTest.Elsewhere;
import io.tsfile.spark.files.FileCache;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.Paths;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Folders with thousands of files: what planning opens, keeps, and how that grows. Times are a matter of benches/compare/python/spark_plan.py. */
@Tag("large")
class ManyFilesTest extends SparkCase {
  private static final String FILE = "cpp-2.5.0/tree_minimal.tsfile";

  /** Rows of that file. */
  private static final int ROWS = 3;

  private static final int FOLDERS = 100;
  @TempDir static Path folder;

  @BeforeAll
  static void register() {
    spark.sparkContext().hadoopConfiguration().set("fs.elsewhere.impl", Elsewhere.class.getName());
  }

  /** A hundred folders with so many names of one file in all. */
  private static String filled(int count) throws IOException {
    Path root = Files.createDirectory(folder.resolve(Integer.toString(count)));
    Path one = Files.copy(Paths.get(golden(FILE)), folder.resolve(count + ".tsfile"));
    for (int i = 0; i < count; i++) {
      Path day = root.resolve("day=" + i % FOLDERS);
      Files.createDirectories(day);
      Files.createLink(day.resolve(i + ".tsfile"), one);
    }
    return root.toString();
  }

  private static Dataset<Row> planned(String root) {
    Dataset<Row> rows = reader("form", "narrow").load("elsewhere://" + root).where("time > 0");
    rows.queryExecution().executedPlan();
    return rows;
  }

  @Test
  void planningOpensEachFileOnceAndItsMemoryIsThatOfTheFiles() throws IOException {
    TsFileNative.peakNativeBytes();
    long[] peaks = new long[2];
    long[] kept = new long[2];
    int[] counts = {1_000, 10_000};
    for (int i = 0; i < counts.length; i++) {
      FileCache.get().clear();
      String root = filled(counts[i]);
      int opened = Elsewhere.OPENED.get();
      int listed = Elsewhere.LISTED.get();
      planned(root);
      assertEquals(counts[i], Elsewhere.OPENED.get() - opened, "files that were opened");
      assertEquals(FOLDERS + 1, Elsewhere.LISTED.get() - listed, "folders that were listed");
      assertEquals(counts[i], FileCache.get().size());
      peaks[i] = TsFileNative.peakNativeBytes();
      kept[i] = TsFileNative.cachedNativeBytes();
      Dataset<Row> again = planned(root);
      assertEquals(counts[i], Elsewhere.OPENED.get() - opened, "nothing is opened to plan again");
      int partitions = again.rdd().getNumPartitions();
      assertTrue(partitions < counts[i] / 4, partitions + " tasks for " + counts[i] + " files");
      if (i == 0) {
        assertEquals((long) ROWS * counts[i], again.count());
      }
    }
    assertEquals(0, Elsewhere.OPEN.get());
    assertTrue(Elsewhere.MOST_OPEN.get() <= 40, Elsewhere.MOST_OPEN.get() + " at a time");
    assertTrue(kept[1] < 10_000L * 16_384, kept[1] + " bytes are kept");
    assertTrue(peaks[1] < 12 * peaks[0], peaks[1] + " bytes, and " + peaks[0] + " for a tenth");
    assertTrue(kept[1] < 12 * kept[0], kept[1] + " bytes, and " + kept[0] + " for a tenth");
  }
}
