package io.tsfile.spark;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.tsfile.CorruptFileException;
import io.tsfile.DeletionsException;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.Paths;
import java.util.Arrays;
import java.util.Collections;
import org.apache.spark.SparkException;
import org.apache.spark.sql.DataFrameReader;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Options, paths, and schemas that users give. */
class OptionsTest extends SparkCase {
  private static final String TREE = "cpp-2.5.0/tree_minimal.tsfile";
  private static final String TABLE = "cpp-2.5.0/table_all_types.tsfile";

  @Test
  void unknownOptionsAreErrorsThatListTheKnownOnes() {
    IllegalArgumentException e =
        assertThrows(
            IllegalArgumentException.class, () -> reader("colour", "red").load(golden(TREE)));
    assertTrue(e.getMessage().contains("colour") && e.getMessage().contains("timestampAs"));
    for (String[] bad :
        new String[][] {
          {"form", "tall"},
          {"timestampAs", "date"},
          {"timestampPrecision", "s"},
          {"partitioning", "hash"},
          {"pushdown", "yes"},
          {"model", "graph"},
          {"mergeSchema", "maybe"}
        }) {
      assertThrows(
          IllegalArgumentException.class, () -> reader(bad).load(golden(TREE)), bad[0]);
    }
    assertThrows(
        IllegalArgumentException.class,
        () -> reader("model", "tree", "form", "table").load(golden(TREE)));
  }

  @Test
  void formsHaveTheNamesOfBothOlderConnectors() {
    String[] narrow = {"time", "device_name", "s1"};
    assertEquals(
        Arrays.asList(narrow), Arrays.asList(reader("form", "narrow").load(golden(TREE)).columns()));
    assertEquals(
        Arrays.asList(narrow),
        Arrays.asList(reader("form", "narrow_form", "model", "tree").load(golden(TREE)).columns()));
    assertEquals(
        Arrays.asList("time", "root.sg.d1.s1"),
        Arrays.asList(reader("model", "tree").load(golden(TREE)).columns()));
    assertEquals(13, reader("model", "table", "table", "T1").load(golden(TABLE)).columns().length);
    assertEquals(
        3L,
        spark.read().format("tsfile-rs").load(golden(TREE)).count()
            + spark.read().format("io.tsfile.spark.TsFileDataSource").load(golden(TREE)).limit(0).count());
  }

  @Test
  void countsOfProjectedRowsAreThoseOfAllTimeseries() {
    for (String form : new String[] {"wide", "narrow"}) {
      assertEquals(
          3, reader("form", form, "rows", "projected").load(golden(TREE)).count(), form);
      assertEquals(
          3,
          reader("form", form, "rows", "projected").load(golden(TREE)).select("time").collectAsList().size(),
          form);
    }
  }

  @Test
  void timesAreNumbersOrTimestamps() {
    StructType long_ = reader().load(golden(TABLE)).schema();
    assertEquals(DataTypes.LongType, long_.apply("time").dataType());
    assertEquals(DataTypes.LongType, long_.apply("ts").dataType());
    for (String unit : new String[] {"ms", "us", "ns"}) {
      long perMicro = unit.equals("ns") ? 1000 : 1;
      long toMicros = unit.equals("ms") ? 1000 : 1;
      long micros =
          reader("timestampAs", "timestamp", "timestampPrecision", unit)
              .load(golden(TABLE))
              .selectExpr("max(unix_micros(ts))")
              .collectAsList()
              .get(0)
              .getLong(0);
      long raw =
          reader().load(golden(TABLE)).selectExpr("max(ts)").collectAsList().get(0).getLong(0);
      assertEquals(raw * toMicros / perMicro, micros, unit);
    }
    assertEquals(
        DataTypes.TimestampNTZType,
        reader("timestampAs", "timestamp_ntz").load(golden(TABLE)).schema().apply("time").dataType());
  }

  @Test
  void aMissingPathIsAnErrorWhenItIsLoaded() {
    assertThrows(FileNotFoundException.class, () -> reader().load("/no/such/folder"));
    assertThrows(FileNotFoundException.class, () -> reader().load("/no/such/*.tsfile"));
    assertThrows(IllegalArgumentException.class, () -> reader().load());
  }

  @Test
  void foldersAreReadAtAnyDepthAndWhatIsHiddenIsNot(@TempDir Path folder) throws IOException {
    Path deep = Files.createDirectories(folder.resolve("sequence/root.sg/0/0"));
    copy(TREE, deep.resolve("1-1-0-0.tsfile"));
    copy(TREE, folder.resolve("2.tsfile"));
    copy(TREE, folder.resolve("_temporary.tsfile"));
    copy(TREE, folder.resolve(".hidden.tsfile"));
    Files.write(deep.resolve("1-1-0-0.tsfile.resource"), new byte[] {1, 2, 3});
    Files.write(folder.resolve("_SUCCESS"), new byte[0]);
    assertEquals(6, reader("form", "narrow").load(folder.toString()).count());
    assertEquals(3, reader("form", "narrow").load(folder + "/2*").count());
    assertEquals(
        6,
        reader("form", "narrow")
            .load(folder + "/2.tsfile", deep + "/1-1-0-0.tsfile")
            .count());
    assertEquals(
        3,
        reader("form", "narrow", "pathGlobFilter", "1-*.tsfile").load(folder.toString()).count());
  }

  @Test
  void foldersWithKeysAreColumns(@TempDir Path folder) throws IOException {
    copy(TREE, Files.createDirectories(folder.resolve("year=2023/site=a%3Ab")).resolve("x.tsfile"));
    copy(TREE, Files.createDirectories(folder.resolve("year=2024/site=c")).resolve("x.tsfile"));
    assertEquals(
        "year int, site string",
        reader("form", "narrow").load(folder.toString()).select("year", "site").schema().toDDL()
            .toLowerCase().replace(",", ", ").replace(",  ", ", "));
    assertEquals(
        Arrays.asList("2023|a:b|3", "2024|c|3"),
        sorted(
            reader("form", "narrow")
                .load(folder.toString())
                .groupBy("year", "site")
                .count()));
    assertEquals(
        Collections.singletonList("2024|-12"),
        sorted(
            reader("form", "narrow")
                .load(folder.toString())
                .where("year = 2024 and s1 < -5")
                .select("year", "s1")));
    assertEquals(
        3,
        reader("form", "narrow", "recursiveFileLookup", "true")
            .load(folder.toString())
            .columns()
            .length);
  }

  @Test
  void deletionsBesideAFileAreAnErrorUnlessTheyAreIgnored(@TempDir Path folder)
      throws IOException {
    copy(TREE, folder.resolve("x.tsfile"));
    Files.write(folder.resolve("x.tsfile.mods"), new byte[] {1});
    DeletionsException e =
        assertThrows(
            DeletionsException.class, () -> reader("form", "narrow").load(folder.toString()));
    assertTrue(e.getMessage().contains("ignoreMods"), e.getMessage());
    assertEquals(
        3, reader("form", "narrow", "ignoreMods", "true").load(folder.toString()).count());
  }

  @Test
  void corruptAndMissingFilesArePassedOverWhenThatIsAskedFor(@TempDir Path folder)
      throws IOException {
    copy(TREE, folder.resolve("a.tsfile"));
    Files.write(folder.resolve("b.tsfile"), "This is no TsFile.".getBytes());
    assertThrows(
        io.tsfile.CorruptFileException.class,
        () -> reader("form", "narrow").load(folder.toString()));
    assertEquals(
        3, reader("form", "narrow", "ignoreCorruptFiles", "true").load(folder.toString()).count());
    spark.conf().set("spark.sql.files.ignoreCorruptFiles", "true");
    try {
      assertEquals(3, reader("form", "narrow").load(folder.toString()).count());
    } finally {
      spark.conf().unset("spark.sql.files.ignoreCorruptFiles");
    }
    Files.delete(folder.resolve("b.tsfile"));
    copy("cpp-2.5.0/tree_many_devices.tsfile", folder.resolve("c.tsfile"));
    org.apache.spark.sql.Dataset<org.apache.spark.sql.Row> read =
        reader("form", "narrow", "ignoreMissingFiles", "true").load(folder.toString());
    Files.delete(folder.resolve("c.tsfile"));
    assertEquals(3, read.count());
    org.apache.spark.sql.Dataset<org.apache.spark.sql.Row> strict =
        reader("form", "narrow").load(folder.toString());
    Files.delete(folder.resolve("a.tsfile"));
    cause(assertThrows(Exception.class, strict::count), FileNotFoundException.class);
  }

  /** As with Spark's Parquet: rows before the damage may come, the rest of the split does not. */
  @Test
  void filesThatTurnOutToBeCorruptOrGoneWhenTheyAreReadArePassedOver(@TempDir Path folder)
      throws IOException {
    copy(TREE, folder.resolve("a.tsfile"));
    copy("../bad/values_too_few.tsfile", folder.resolve("b.tsfile"));
    copy("cpp-2.5.0/tree_many_devices.tsfile", folder.resolve("c.tsfile"));
    String[] options = {"form", "narrow", "mergeSchema", "widen", "lossy", "true"};
    long sound =
        reader(options).load(folder + "/a.tsfile", folder + "/c.tsfile").count();
    Dataset<Row> strict = reader(options).load(folder.toString());
    cause(assertThrows(Exception.class, strict::collectAsList), CorruptFileException.class);
    spark.conf().set("spark.sql.files.ignoreCorruptFiles", "true");
    try {
      assertEquals(sound, reader(options).load(folder.toString()).collectAsList().size());
      Dataset<Row> not =
          reader(options).option("ignoreCorruptFiles", "false").load(folder.toString());
      cause(assertThrows(Exception.class, not::collectAsList), CorruptFileException.class);
    } finally {
      spark.conf().unset("spark.sql.files.ignoreCorruptFiles");
    }
    Dataset<Row> lax = reader(options).option("ignoreCorruptFiles", "true").load(folder.toString());
    assertEquals(sound, lax.collectAsList().size());

    // Gone when a task wants it, although it was there when the query was planned.
    Files.delete(folder.resolve("b.tsfile"));
    for (boolean byConf : new boolean[] {false, true}) {
      if (byConf) {
        spark.conf().set("spark.sql.files.ignoreMissingFiles", "true");
      }
      try {
        DataFrameReader reader = reader(options);
        Dataset<Row> rows =
            (byConf ? reader : reader.option("ignoreMissingFiles", "true")).load(folder.toString());
        rows.queryExecution().executedPlan();
        Files.delete(folder.resolve("a.tsfile"));
        assertEquals(sound - 3, rows.collectAsList().size());
      } finally {
        spark.conf().unset("spark.sql.files.ignoreMissingFiles");
      }
      copy(TREE, folder.resolve("a.tsfile"));
    }
  }

  @Test
  void categoriesThatAreNamedAreThoseOfTheFiles() {
    String[] right = {"tagColumns", "TAG1, tag2, elsewhere", "fieldColumns", "i32"};
    assertEquals(
        sorted(reader().load(golden(TABLE))), sorted(reader(right).load(golden(TABLE))));
    for (String[] wrong :
        new String[][] {{"tagColumns", "tag1,i32"}, {"fieldColumns", "tag1"}}) {
      Exception e =
          assertThrows(IllegalArgumentException.class, () -> reader(wrong).load(golden(TABLE)));
      assertTrue(e.getMessage().contains("option " + wrong[0] + " names "), e.getMessage());
    }
  }

  /** Errors of the engine name what Spark has. */
  @Test
  void messagesNameOptionsOfSpark(@TempDir Path folder) throws IOException {
    copy(TREE, folder.resolve("a.tsfile"));
    copy(TABLE, folder.resolve("b.tsfile"));
    copy("java-2.4.0/multi.tsfile", folder.resolve("c.tsfile"));
    String two = golden("cpp-2.5.0/table_two_tables.tsfile");
    String[][] cases = {
      {"form=", folder.toString()},
      {"table=", two},
      {"mergeSchema=", folder + "/[ac].tsfile", "form", "narrow"},
    };
    for (String[] one : cases) {
      String[] options = Arrays.copyOfRange(one, 2, one.length);
      Exception e =
          assertThrows(Exception.class, () -> reader(options).load(one[1]).collectAsList(), one[0]);
      for (Throwable t = e; t != null; t = t.getCause()) {
        boolean isOurs = t instanceof IllegalArgumentException || t instanceof io.tsfile.TsFileException;
        assertFalse(isOurs && t.getMessage().contains("--"), t.toString());
        assertFalse(isOurs && !t.getMessage().contains("option " + one[0]), t.toString());
      }
    }
  }

  @Test
  void schemasThatUsersGiveAreHonoured() {
    StructType wider =
        new StructType()
            .add("device_name", DataTypes.StringType)
            .add("s1", DataTypes.LongType)
            .add("absent", DataTypes.DoubleType)
            .add("time", DataTypes.LongType);
    assertEquals(
        Arrays.asList("root.sg.d1|-12|null|1002", "root.sg.d1|-1|null|1001"),
        sorted(
            spark.read().format("tsfile").option("form", "narrow").schema(wider).load(golden(TREE)).where("s1 < 5")));
    assertEquals(
        0,
        spark.read().format("tsfile").option("form", "narrow").schema(wider).load(golden(TREE)).where("absent is not null").count());
    StructType other = new StructType().add("time", DataTypes.LongType).add("s1", DataTypes.StringType);
    IllegalArgumentException e =
        assertThrows(
            IllegalArgumentException.class,
            () -> spark.read().format("tsfile").option("form", "narrow").schema(other).load(golden(TREE)).collectAsList());
    assertTrue(e.getMessage().contains("s1"), e.getMessage());
  }

  @Test
  void sqlViewsRead() {
    spark.sql(
        "create or replace temporary view v using tsfile options (path '"
            + golden(TREE)
            + "', form 'narrow')");
    assertEquals(Collections.singletonList("3|-3"), sorted(spark.sql("select count(*), sum(s1) from v")));
  }

  @Test
  void timesThatDoNotFitSaySo(@TempDir Path folder) throws SparkException {
    String path = golden("java-2.4.0/types_tree.tsfile");
    Exception e =
        assertThrows(
            Exception.class,
            () ->
                reader("form", "wide", "timestampAs", "timestamp", "dates", "int").load(path).collectAsList());
    assertTrue(
        cause(e, IllegalArgumentException.class).getMessage().contains("timestampAs=long"),
        e.toString());
  }

  private static void copy(String from, Path to) throws IOException {
    Files.copy(Paths.get(golden(from)), to);
  }
}
