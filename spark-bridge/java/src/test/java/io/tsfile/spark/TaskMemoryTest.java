package io.tsfile.spark;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.tsfile.MemoryLimitException;
import io.tsfile.TsFileNative;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.function.IntFunction;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What a task may have of native memory: it makes do with that, or says which option gives it more. */
class TaskMemoryTest extends SparkCase {
  private static final long MIB = 1 << 20;

  /** Texts of 256 KiB, of which each has its row in it. The first and the last of a page are short, since the index holds them. */
  private static final IntFunction<String> LARGE =
      row -> text(row, row % 8 == 0 || row % 8 == 7 ? 16 : 256 << 10);

  private static String text(int row, int length) {
    char[] fill = new char[length - 8];
    Arrays.fill(fill, (char) ('a' + row % 26));
    return String.format("%08d", row) + new String(fill);
  }

  private static Dataset<Row> read(Path file, String... options) {
    return reader(options).option("form", "narrow").load(file.toString());
  }

  private static String all(Dataset<Row> rows) {
    Row row =
        rows.selectExpr("count(*)", "sum(length(s1))", "max(s1)", "sum(crc32(cast(s1 as binary)))")
            .first();
    return row.getLong(0) + " " + row.getLong(1) + " " + row.getString(2).substring(0, 9) + " " + row.getLong(3);
  }

  private static String allOf(int rows, IntFunction<String> text) {
    long crcs = 0;
    long lengths = 0;
    for (int row = 0; row < rows; row++) {
      java.util.zip.CRC32 crc = new java.util.zip.CRC32();
      crc.update(text.apply(row).getBytes(java.nio.charset.StandardCharsets.US_ASCII));
      crcs += crc.getValue();
      lengths += text.apply(row).length();
    }
    return rows + " " + lengths + " " + text.apply(rows - 1).substring(0, 9) + " " + crcs;
  }

  /** Of one partition, so that one task has all of it. */
  private static String peakIsBelow(long most, Dataset<Row> rows) {
    TsFileNative.peakNativeBytes();
    String out = all(rows);
    long peak = TsFileNative.peakNativeBytes();
    assertTrue(peak < most, peak + " bytes");
    return out;
  }

  @Test
  void largeTextsAreReadWithinTheBound(@TempDir Path folder) throws IOException {
    // 120 MiB in pages of 1.5 MiB.
    int pages = 80;
    Path file = TextFile.write(folder.resolve("texts.tsfile"), pages, 8, LARGE);
    String expected = allOf(8 * pages, LARGE);
    String each = "spark.sql.files.maxPartitionBytes";
    String before = spark.conf().get(each);
    spark.conf().set(each, "1g");
    // As many bytes as there are, so that the file is one split.
    String cost = "spark.sql.files.openCostInBytes";
    String costBefore = spark.conf().get(cost);
    spark.conf().set(cost, "1g");
    try {
      assertEquals(1, read(file).javaRDD().getNumPartitions());
      assertEquals(expected, peakIsBelow(64 * MIB, read(file)));
      // A filter keeps rows of many batches, which are many bytes before they are many rows.
      assertEquals(
          expected, peakIsBelow(64 * MIB, read(file).where("s1 <> 'x' and s1 not like '%b'").union(read(file).where("s1 like '%b'"))));
      assertEquals(expected, peakIsBelow(32 * MIB, read(file, "maxTaskMemory", "32m")));
    } finally {
      spark.conf().set(each, before);
      spark.conf().set(cost, costBefore);
    }
  }

  private static String refused(Path file, String... options) {
    Throwable thrown = assertThrows(Throwable.class, () -> all(read(file, options)));
    String message = cause(thrown, MemoryLimitException.class).getMessage();
    assertTrue(message.contains("maxTaskMemory"), message);
    assertTrue(message.contains(file.getFileName().toString()), message);
    return message;
  }

  @Test
  void whatDoesNotFitSaysWhichOptionHelps(@TempDir Path folder) throws IOException {
    Path file = TextFile.write(folder.resolve("texts.tsfile"), 4, 8, LARGE);
    String said = refused(file, "maxTaskMemory", "3m");
    assertTrue(said.contains("native memory"), said);
    assertTrue(said.contains("at most 3145728 bytes"), said);
    assertEquals(allOf(32, LARGE), all(read(file)));
    // One text is half of what a task may have by default.
    IntFunction<String> huge = row -> text(row, row % 3 == 1 ? 40 << 20 : 16);
    Path large = TextFile.write(folder.resolve("huge.tsfile"), 2, 3, huge);
    refused(large);
    assertEquals(allOf(6, huge), all(read(large, "maxTaskMemory", "1g")));
  }

  @Test
  void theOptionIsANumberOfBytes() {
    for (String bad : new String[] {"many", "0", "-1m", "1.5g"}) {
      IllegalArgumentException e =
          assertThrows(
              IllegalArgumentException.class,
              () -> reader("maxTaskMemory", bad).load(golden("cpp-2.5.0/tree_minimal.tsfile")));
      assertTrue(e.getMessage().contains("maxTaskMemory=" + bad), e.getMessage());
    }
    assertEquals(
        3,
        reader("maxTaskMemory", "100k").load(golden("cpp-2.5.0/tree_minimal.tsfile")).count());
  }
}
