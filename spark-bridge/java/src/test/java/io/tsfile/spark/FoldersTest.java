package io.tsfile.spark;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.tsfile.CorruptFileException;
import io.tsfile.spark.files.FileCache;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.Paths;
import java.util.Arrays;
import java.util.Collections;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Columns that folders make, and filters on them: what Spark itself answers is right. */
class FoldersTest extends SparkCase {
  /** Three rows of one device: time and s1, an INT32. */
  private static final String FILE = "cpp-2.5.0/tree_minimal.tsfile";

  private static final StructType SCHEMA =
      new StructType()
          .add("time", DataTypes.LongType)
          .add("s1", DataTypes.IntegerType)
          .add("year", DataTypes.IntegerType);

  private static void put(Path root, String folder, String name) throws IOException {
    Path to = Files.createDirectories(root.resolve(folder));
    Files.copy(Paths.get(golden(name)), to.resolve("x.tsfile"));
  }

  private static String plan(Dataset<Row> rows) {
    return rows.queryExecution().executedPlan().toString();
  }

  @Test
  void filesOfOtherFoldersAreNeverOpened(@TempDir Path root) throws IOException {
    put(root, "year=2023", FILE);
    put(root, "year=2024", FILE);
    Path corrupt = Files.createDirectories(root.resolve("year=2022")).resolve("x.tsfile");
    Files.write(corrupt, "This is no TsFile.".getBytes());
    Dataset<Row> rows =
        spark.read().format("tsfile").option("form", "narrow").schema(SCHEMA).load(root.toString());
    Dataset<Row> pruned = rows.where("year > 2022 and s1 < -5");
    assertEquals(Arrays.asList("1002|-12|2023", "1002|-12|2024"), sorted(pruned));
    assertTrue(
        plan(pruned).contains("(year > 2022), files: 2 of 3"), plan(pruned));
    assertEquals(0, rows.where("year = 1999").count());
    for (String one : new String[] {"year = 2022", "year < 2024", "s1 < -5"}) {
      Dataset<Row> all = rows.where(one);
      cause(assertThrows(Exception.class, all::collectAsList), CorruptFileException.class);
    }
    Exception e =
        assertThrows(
            Exception.class, () -> reader("form", "narrow", "pushdown", "false").load(root.toString()));
    cause(e, CorruptFileException.class);
  }

  @Test
  void filesThatAreGoneInOtherFoldersDoNotMatter(@TempDir Path root) throws IOException {
    put(root, "year=2023", FILE);
    put(root, "year=2024", FILE);
    Dataset<Row> rows = reader("form", "narrow").load(root.toString());
    Files.delete(root.resolve("year=2023/x.tsfile"));
    FileCache.get().clear();
    assertEquals(3, rows.where("year = 2024").count());
    assertThrows(Exception.class, () -> rows.where("year >= 2023").count());
  }

  @Test
  void filtersMeanWhatTheyMeanInSpark(@TempDir Path root) throws IOException {
    String[] folders = {
      "y=1/s=a%3Ab/d=2024-01-31/f=-0.0",
      "y=2/s=b/d=2024-02-01/f=1.5",
      "y=3000000000/s=B/d=__HIVE_DEFAULT_PARTITION__/f=1e999",
      "y=__HIVE_DEFAULT_PARTITION__/s=%C3%A4/d=1969-12-31/f=2",
      "y=4/s=__HIVE_DEFAULT_PARTITION__/d=2024-02-29/f=__HIVE_DEFAULT_PARTITION__",
    };
    for (String folder : folders) {
      put(root, folder, FILE);
    }
    Dataset<Row> pushed = reader("form", "narrow").load(root.toString());
    Dataset<Row> plain = reader("form", "narrow", "pushdown", "false").load(root.toString());
    assertEquals(15, plain.count());
    assertEquals(
        "y bigint s string d date f double",
        pushed.select("y", "s", "d", "f").schema().toDDL().toLowerCase().replace(",", " "));
    String[] filters = {
      "y = 2", "2 = y", "y <> 2", "y < 2", "2 < y", "y >= 3000000000", "y <=> 2", "y <=> null",
      "y is null", "y is not null", "y in (1, 2, 7)", "y in (1, null)", "not y in (1, 4)",
      "not (y = 1 or y = 2)", "y = 1 or s = 'b'", "y > 1 and s > 'a'", "s = 'a:b'", "s < 'b'",
      "s >= 'B'", "s like 'a%'", "s like '%b'", "s like '%:%'", "not s like 'b%'", "s in ('b', 'B')",
      "d = date '2024-01-31'", "d > date '2024-01-31'", "d < date '1970-01-01'", "d is null",
      "f = 0", "f > 0", "f >= 1.5", "f = double('NaN')", "f < double('NaN')",
      "f = double('Infinity')", "y = 1 is true", "(y = 1 and f < 1) or (y = 2 and d > date '2024-01-01')",
      "y + 1 = 2", "upper(s) = 'B'", "y = 1 and s1 > 0", "y = 1 or s1 > 0", "s1 > y", "year(d) = 2024",
      "y = 1 and y = 2",
    };
    int withoutFilter = 0;
    for (String filter : filters) {
      assertEquals(sorted(plain.where(filter)), sorted(pushed.where(filter)), filter);
      String plan = plan(pushed.where(filter));
      withoutFilter += plan.contains("Filter (") ? 0 : 1;
    }
    assertTrue(withoutFilter >= 34, "Spark asks again but in " + withoutFilter + " cases");
    String plan = plan(pushed.where("y = 2 and s1 > 0"));
    assertTrue(plan.contains("(y = 2)") && plan.contains("files: 1 of 5"), plan);
    assertFalse(plan.contains("y#") && plan.contains("Filter (isnotnull(y"), plan);
  }

  /** In the wide form one time is one row, but not of two folders. */
  @Test
  void rowsOfTwoFoldersStayApart(@TempDir Path root) throws IOException {
    put(root, "year=2023", FILE);
    put(root, "year=2024", FILE);
    for (String form : new String[] {"wide", "narrow"}) {
      assertEquals(
          Arrays.asList("2023|3", "2024|3"),
          sorted(reader("form", form).load(root.toString()).groupBy("year").count()),
          form);
    }
  }

  @Test
  void columnsAndTypesAreThoseOfAllFolders(@TempDir Path root) throws IOException {
    put(root, "part=1", FILE);
    put(root, "part=2", "java-2.4.0/multi.tsfile");
    Dataset<Row> rows =
        reader("form", "narrow", "mergeSchema", "widen", "lossy", "true").load(root.toString());
    Dataset<Row> plain =
        reader("form", "narrow", "mergeSchema", "widen", "lossy", "true", "pushdown", "false")
            .load(root.toString());
    for (String part : new String[] {"part = 1", "part = 2", "part > 0"}) {
      assertEquals(sorted(plain.where(part)), sorted(rows.where(part)), part);
    }
    assertEquals(3, rows.where("part = 1 and s0 is null").count());
    // A column of the other folder has no rows here.
    Dataset<Row> projected = reader("form", "wide", "rows", "projected").load(root.toString());
    assertEquals(
        Collections.emptyList(),
        sorted(projected.where("part = 1").select("`root.multi.d0.s0`")));
  }

  @Test
  void typesOfColumnsOfFoldersCanBeGiven(@TempDir Path root) throws IOException {
    put(root, "year=2023", FILE);
    put(root, "year=2024", FILE);
    StructType texts = new StructType().add("time", "bigint").add("YEAR", "string");
    Dataset<Row> rows =
        spark.read().format("tsfile").option("form", "narrow").schema(texts).load(root.toString());
    assertEquals(
        Collections.singletonList("1002|2024"), sorted(rows.where("YEAR = '2024' and time > 1001")));
    StructType dates = new StructType().add("time", "bigint").add("year", "date");
    Exception e =
        assertThrows(
            Exception.class,
            () -> spark.read().format("tsfile").schema(dates).load(root.toString()).collectAsList());
    String message = cause(e, IllegalArgumentException.class).getMessage();
    assertTrue(message.contains("year=2023"), message);
  }
}
