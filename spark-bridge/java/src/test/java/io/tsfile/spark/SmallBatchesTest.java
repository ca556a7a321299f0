package io.tsfile.spark;

import static org.apache.spark.sql.functions.max;
import static org.apache.spark.sql.functions.min;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.tsfile.TsFileNative;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.Paths;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.IntFunction;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Aggregates that hold on to texts while the memory of their batch is used again (the class of SPARK-33277). Freed memory is overwritten
 * here, so that a text that was not copied is not the same any more.
 */
class SmallBatchesTest extends SparkCase {
  private static final int PAGES = 400;
  private static final int ROWS = 50;

  /** Texts of about 2 KB: a batch is a few pages of them. The greatest and the least come in the midst. */
  private static final IntFunction<String> TEXT =
      row ->
          new String(new char[100]).replace("\0", "row " + (row * 7919L) % (PAGES * ROWS) + ", then some ");

  private static String[] expected() {
    return IntStream.range(0, PAGES * ROWS).mapToObj(TEXT).toArray(String[]::new);
  }

  private static String one(Dataset<Row> rows) {
    assertEquals(1, rows.count());
    return rows.first().getString(0);
  }

  @Test
  void textsOutliveTheirBatch(@TempDir Path folder) throws IOException {
    Path file = TextFile.write(folder.resolve("texts.tsfile"), PAGES, ROWS, TEXT);
    String[] all = expected();
    String[] ordered = all.clone();
    Arrays.sort(ordered);
    for (String codegen : new String[] {"true", "false"}) {
      spark.conf().set("spark.sql.codegen.wholeStage", codegen);
      try {
        Dataset<Row> rows = reader("form", "narrow").load(file.toString());
        TsFileNative.peakNativeBytes();
        assertEquals(ordered[ordered.length - 1], one(rows.selectExpr("max(s1)")));
        // It were 40 MB in one batch: there are many.
        long peak = TsFileNative.peakNativeBytes();
        assertTrue(peak < 32 << 20, peak + " bytes");
        assertEquals(ordered[0], one(rows.selectExpr("min(s1)")));
        assertEquals(all[0], one(rows.selectExpr("first(s1)")));
        assertEquals(all[all.length - 1], one(rows.selectExpr("last(s1)")));
        assertEquals(all[77], one(rows.selectExpr("max_by(s1, time = 77)")));
        Dataset<Row> lists =
            rows.where("time % 100 = 3").selectExpr("collect_list(s1) as texts");
        List<String> expected =
            IntStream.range(0, all.length)
                .filter(i -> i % 100 == 3)
                .mapToObj(i -> all[i])
                .collect(Collectors.toList());
        assertEquals(expected, lists.first().getList(0));
        // Groups keep the text of an earlier batch until their last one.
        List<Row> groups =
            rows.groupBy("device_name")
                .agg(max("s1"), min("device_name"))
                .collectAsList();
        assertEquals(1, groups.size());
        assertEquals(ordered[ordered.length - 1], groups.get(0).getString(1));
        assertEquals("root.big.d1", groups.get(0).getString(2));
      } finally {
        spark.conf().unset("spark.sql.codegen.wholeStage");
      }
    }
  }

  /** Many small files in one task: each has a batch of its own, which is freed when the next file begins. */
  @Test
  void textsOutliveTheirFile(@TempDir Path folder) throws IOException {
    int copies = 40;
    for (int i = 0; i < copies; i++) {
      Files.copy(
          Paths.get(golden("cpp-2.5.0/table_all_types.tsfile")),
          folder.resolve(String.format("file-%02d.tsfile", i)));
    }
    String cost = "spark.sql.files.openCostInBytes";
    String before = spark.conf().get(cost);
    spark.conf().set(cost, "1");
    try {
      Dataset<Row> one = reader().load(golden("cpp-2.5.0/table_all_types.tsfile"));
      Dataset<Row> many = reader().load(folder.toString());
      assertTrue(many.javaRDD().getNumPartitions() < copies / 2);
      List<String> expected = new ArrayList<>();
      for (Row row : one.select("str").collectAsList()) {
        for (int i = 0; i < copies; i++) {
          expected.add(row.getString(0));
        }
      }
      expected.removeIf(text -> text == null);
      expected.sort(null);
      List<String> texts =
          new ArrayList<>(many.selectExpr("collect_list(str)").first().<String>getList(0));
      texts.sort(null);
      assertEquals(expected, texts);
      List<String> groupsOfOne = sorted(one.groupBy("tag1", "tag2").agg(max("str"), min("txt")));
      assertEquals(groupsOfOne, sorted(many.groupBy("tag1", "tag2").agg(max("str"), min("txt"))));
      assertEquals(one(one.selectExpr("max(str)")), one(many.selectExpr("max(str)")));
    } finally {
      spark.conf().set(cost, before);
    }
  }
}
