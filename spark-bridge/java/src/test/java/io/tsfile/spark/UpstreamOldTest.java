package io.tsfile.spark;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.tsfile.spark.files.HadoopInput;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.apache.hadoop.conf.Configuration;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructField;
import org.apache.spark.sql.types.StructType;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * What the suite of the older connector asks of reading (its TSFileSuit, ConverterTest and HDFSInputTest), on files with the same rows;
 * docs/spark-upstream-tests.md has the list.
 */
class UpstreamOldTest extends SparkCase {
  private static final String MOST = "spark.sql.files.maxPartitionBytes";

  @TempDir static Path folder;
  private static Path both;
  private static String sensors;
  private static String large;
  private static String weekdays;
  private static String interleaved;

  @BeforeAll
  static void write() throws Exception {
    both = folder.resolve("both");
    sensors = JavaFiles.sensors(both.resolve("test1.tsfile")).toString();
    large = JavaFiles.large(both.resolve("test2.tsfile")).toString();
    weekdays = JavaFiles.weekdays(folder.resolve("test3.tsfile")).toString();
    interleaved = JavaFiles.interleaved(folder.resolve("test4.tsfile")).toString();
  }

  @AfterEach
  void reset() {
    spark.conf().unset(MOST);
  }

  /** A view {@code t} of the wide rows. */
  private static Dataset<Row> wide(String path, String... more) {
    return view(path, "model", "tree", more);
  }

  /** A view {@code t} of the narrow rows. */
  private static Dataset<Row> narrow(String path) {
    return view(path, "form", "narrow_form");
  }

  private static Dataset<Row> view(String path, String option, String value, String... more) {
    List<String> options = new ArrayList<>(Arrays.asList(option, value));
    options.addAll(Arrays.asList(more));
    Dataset<Row> rows = reader(options.toArray(new String[0])).load(path);
    rows.createOrReplaceTempView("t");
    return rows;
  }

  private static Dataset<Row> sql(String query) {
    return spark.sql(query);
  }

  /** How many rows come out; a count of Spark's asks for no column. */
  private static long read(Dataset<Row> rows) {
    return rows.toJavaRDD().count();
  }

  private static List<String> piped(Dataset<Row> rows) {
    return texts(rows, "|");
  }

  private static String plan(Dataset<Row> rows) {
    return rows.queryExecution().executedPlan().toString();
  }

  @Test
  void aRowForEachTimeOfAnyDevice() {
    wide(sensors);
    assertEquals(7, sql("select * from t").count());
    assertEquals(7, read(sql("select * from t")));
    assertEquals(
        Arrays.asList(
            "1|1.2|20|null|2.3|11|19",
            "2|null|20|50|25.4|10|21",
            "3|1.4|21|null|null|null|null",
            "4|1.2|20|51|null|null|null",
            "6|7.2|10|11|null|null|null",
            "7|6.2|20|21|null|null|null",
            "8|9.2|30|31|null|null|null"),
        piped(
            sql(
                "select time, `device_1.sensor_1`, `device_1.sensor_2`, `device_1.sensor_3`,"
                    + " `device_2.sensor_1`, `device_2.sensor_2`, `device_2.sensor_3` from t")));
  }

  @Test
  void aMillionRowsInOnePieceAndInMany() {
    String every =
        "select count(*), count(distinct time), count_if(`device_1.sensor_1` = cast(time as float))"
            + " from t";
    List<String> expected = Arrays.asList(JavaFiles.LARGE + "|" + JavaFiles.LARGE + "|" + JavaFiles.LARGE);
    wide(large);
    assertEquals(JavaFiles.LARGE, sql("select * from t").count());
    assertEquals(expected, piped(sql(every)));
    spark.conf().set(MOST, 1024 * 256);
    wide(large);
    assertTrue(sql("select * from t").toJavaRDD().getNumPartitions() > 1, "it is cut");
    assertEquals(JavaFiles.LARGE, sql("select * from t").count());
    assertEquals(expected, piped(sql(every)));
  }

  @Test
  void countsAndTimesAreOfAllTimeseries() {
    for (String rows : new String[] {"all", "projected"}) {
      wide(sensors, "rows", rows);
      assertEquals(Arrays.asList("7"), piped(sql("select count(*) from t")), rows);
      assertEquals(7, sql("select time from t").count(), rows);
      assertEquals(
          Arrays.asList("1", "2", "3", "4", "6", "7", "8"), piped(sql("select time from t")), rows);
    }
  }

  @Test
  void textsAndBooleansAreCompared() {
    wide(weekdays);
    assertEquals(1, sql("select * from t where `device_1.sensor_2` = \"Monday\"").count());
    assertEquals(2, sql("select * from t where `device_1.sensor_1` = true").count());
  }

  @Test
  void valuesAreComparedWithAndAndOr() {
    wide(sensors);
    String[][] cases = {
      {"`device_1.sensor_1` > 0 and `device_1.sensor_2` < 22", "5"},
      {"`device_1.sensor_1` > 0 or `device_1.sensor_2` < 22", "7"},
      {"(`device_1.sensor_1` > 0 or `device_1.sensor_2` < 22) and time < 4", "3"},
    };
    for (String[] one : cases) {
      assertEquals(one[1], "" + sql("select * from t where " + one[0]).count(), one[0]);
      assertEquals(one[1], "" + read(sql("select * from t where " + one[0])), one[0]);
    }
  }

  @Test
  void aFolderHasTheRowsOfItsFiles() {
    wide(both.toString());
    assertEquals(JavaFiles.LARGE + 7, spark.table("t").count());
    assertEquals(JavaFiles.LARGE + 7, read(spark.table("t")));
    assertEquals(
        16,
        read(
            sql(
                "select * from t where `device_1.sensor_1` > 0 and `device_1.sensor_1` < 10"
                    + " or `device_1.sensor_2` > 0")));
  }

  /** Names and types of the columns; their order is that of paths here, and was that of a hash map there. */
  private static void checkSchema(StructType schema) {
    assertEquals(new StructField("time", DataTypes.LongType, false, schema.fields()[0].metadata()), schema.fields()[0]);
    List<String> found = new ArrayList<>();
    for (StructField field : schema.fields()) {
      found.add(field.name() + " " + field.dataType().simpleString());
      assertTrue(field.nullable() || field.name().equals("time"), field.name());
    }
    found.sort(null);
    assertEquals(
        Arrays.asList(
            "device_1.sensor_1 float",
            "device_1.sensor_2 int",
            "device_1.sensor_3 int",
            "device_2.sensor_1 float",
            "device_2.sensor_2 int",
            "device_2.sensor_3 int",
            "time bigint"),
        found);
  }

  @Test
  void theWideSchemaIsTheTimeAndEachTimeseries() {
    checkSchema(wide(sensors).schema());
  }

  @Test
  void theSchemaOfAFolderIsTheUnionOfItsFiles() {
    checkSchema(wide(both.toString()).schema());
    checkSchema(reader("model", "tree").load(sensors, large).schema());
  }

  @Test
  void narrowRowsAreFilteredByDeviceTimeAndValue() {
    narrow(sensors);
    String values = "(sensor_1 > 0 or sensor_2 < 22) and time < 4";
    assertEquals(3, read(sql("select * from t where device_name = 'device_1' and " + values)));
    assertEquals(5, read(sql("select * from t where " + values)));
  }

  @Test
  void splitsOfADeviceLoseNoRowAndDoubleNone() {
    spark.conf().set(MOST, 1024 * 128);
    Dataset<Row> narrow = narrow(interleaved);
    assertTrue(narrow.toJavaRDD().getNumPartitions() >= 8, "it is cut");
    assertEquals(800_000, narrow.count());
    assertEquals(
        Arrays.asList("device_1|400000|0|399999|400000", "device_2|400000|0|799998|400000"),
        piped(
            sql(
                "select device_name, count(*), min(time), max(time), count_if(sensor_1 = time) from t"
                    + " group by device_name")));
    Dataset<Row> wide = wide(interleaved);
    assertTrue(wide.toJavaRDD().getNumPartitions() >= 4, "it is cut");
    assertEquals(600_000, wide.count());
    assertEquals(
        Arrays.asList("600000|600000|400000|400000"),
        piped(
            sql(
                "select count(*), count(distinct time), count(`device_1.sensor_1`),"
                    + " count(`device_2.sensor_1`) from t")));
  }

  @Test
  void aStretchOfTimeIsTheSameHoweverTheFileIsCut() {
    List<String> expected = new ArrayList<>();
    for (int time = 131041; time <= 131049; time++) {
      expected.add(time + "|device_1|" + time + "|null|null");
      if (time % 2 == 0) {
        expected.add(time + "|device_2|" + time + "|" + time + ".0|true");
      }
    }
    assertEquals(13, expected.size());
    for (int most : new int[] {128 << 10, 400_000, 1_000_000, 128 << 20}) {
      spark.conf().set(MOST, most);
      narrow(interleaved);
      String query =
          "select time, device_name, sensor_1, sensor_2, sensor_3 from t"
              + " where time > 131040 and time < 131050";
      assertEquals(expected, piped(sql(query)), "pieces of " + most);
    }
  }

  @Test
  void wideRowsOfAStretchOfTime() {
    String where = " from t where time > 131040 and time < 131050";
    for (int most : new int[] {128 << 10, 1_000_000}) {
      spark.conf().set(MOST, most);
      for (String rows : new String[] {"all", "projected"}) {
        wide(interleaved, "rows", rows);
        assertEquals(9, read(sql("select time, `device_1.sensor_1`" + where)), rows);
        assertEquals(9, read(sql("select *" + where)), rows);
        assertEquals(9, sql("select *" + where).count(), rows);
      }
    }
  }

  /** In the older connector rows are the times of the timeseries that are selected. */
  @Test
  void projectedRowsDependOnTheColumnsAndOthersDoNot() {
    String some = "select time, `device_2.sensor_1` from t where time > 131040 and time < 131050";
    String[] queries = {some, "select `device_1.sensor_1` from t", "select `device_2.sensor_3` from t"};
    long[] all = {9, 600_000, 600_000};
    long[] projected = {4, 400_000, 400_000};
    for (int i = 0; i < queries.length; i++) {
      wide(interleaved);
      assertEquals(all[i], read(sql(queries[i])), queries[i]);
      wide(interleaved, "rows", "projected");
      assertEquals(projected[i], read(sql(queries[i])), queries[i]);
    }
  }

  @Test
  void valuesOfLargeFilesAreCompared() {
    String narrow = "device_name = 'device_2' and sensor_1 > 262080 and sensor_2 <= 600000";
    String two = "`device_2.sensor_1` > 262080 and `device_2.sensor_2` <= 600000";
    String one = "`device_1.sensor_1` < 400000";
    for (int most : new int[] {128 << 10, 1_000_000}) {
      spark.conf().set(MOST, most);
      narrow(interleaved);
      assertEquals(168_960, sql("select time from t where " + narrow).count());
      for (String rows : new String[] {"all", "projected"}) {
        wide(interleaved, "rows", rows);
        String third = "select time, `device_2.sensor_3` from t where ";
        assertEquals(168_960, sql(third + two).count(), rows);
        assertEquals(168_960, read(sql(third + two)), rows);
        assertEquals(68_959, read(sql(third + two + " and " + one)), rows);
        assertEquals(
            68_959,
            read(sql("select time, `device_1.sensor_1` from t where " + two + " and " + one)),
            rows);
        assertEquals(
            400_000, read(sql("select time, `device_2.sensor_1` from t where " + one)), rows);
      }
    }
  }

  @Test
  void valuesHaveTheTypesThatTheyHadThere() throws Exception {
    String file = JavaFiles.oldTypes(folder.resolve("types.tsfile")).toString();
    Row row = narrow(file).select("b", "i", "l", "f", "d", "s").collectAsList().get(0);
    Object[] expected = {true, 32, 64L, 3.14f, 0.618, "pass"};
    for (int i = 0; i < expected.length; i++) {
      assertEquals(expected[i], row.get(i));
    }
  }

  @Test
  void onlyColumnsThatAreUsedAreRead() {
    wide(sensors);
    String some =
        plan(sql("select time, `device_1.sensor_3`, `device_1.sensor_1`, `device_1.sensor_2` from t"));
    assertTrue(some.contains("device_1.sensor_3") && some.contains("time"), some);
    assertFalse(some.contains("device_2"), some);
    assertFalse(plan(sql("select time from t")).contains("sensor"));
  }

  @Test
  void theFilterIsHandedOnAsItIsAsked() {
    wide(sensors);
    String plan =
        plan(
            sql(
                "select * from t where (`device_1.sensor_1` > float(0) or `device_1.sensor_2` < 22)"
                    + " and time < 4"));
    assertTrue(plan.contains("\"device_1.sensor_1\" > "), plan);
    assertTrue(plan.contains(" OR (\"device_1.sensor_2\" < 22)"), plan);
    assertTrue(plan.contains("\"time\" < 4"), plan);
  }

  @Test
  void bytesOfAFileAreReadFromTheStartAndFromAPlace() throws Exception {
    byte[] all = Files.readAllBytes(java.nio.file.Paths.get(sensors));
    try (HadoopInput input = new HadoopInput("file://" + sensors, new Configuration())) {
      assertArrayEquals(Arrays.copyOf(all, 500), Arrays.copyOf(input.read(0, 500), 500));
      assertArrayEquals(
          Arrays.copyOfRange(all, 20, 520), Arrays.copyOf(input.read(20, 500), 500));
    }
  }
}
