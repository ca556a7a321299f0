package io.tsfile.spark;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.tsfile.UnsupportedFileException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;
import org.apache.tsfile.enums.ColumnCategory;
import org.apache.tsfile.enums.TSDataType;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * What the tests of the newer Java connector ask of reading (its TsFileTableConnectorTest), on files with the same rows;
 * docs/spark-upstream-tests.md has the list.
 */
class UpstreamTableTest extends SparkCase {
  private static final List<String> COLUMNS =
      Arrays.asList("time", "city", "temperature", "humidity");

  @TempDir Path folder;

  private Path file(String name) {
    return folder.resolve(name);
  }

  private static Dataset<Row> weather(Path path, String... options) {
    return reader(options).option("table", "weather").load(path.toString());
  }

  private static String message(Runnable load) {
    return assertThrows(IllegalArgumentException.class, load::run).getMessage();
  }

  private static String plan(Dataset<Row> rows) {
    return rows.queryExecution().executedPlan().toString();
  }

  @Test
  void optionsOfReadsAndOfWritesAreKnown() throws Exception {
    Path file = JavaFiles.weather(file("x.tsfile"), "weather", 0);
    Dataset<Row> read =
        reader("model", "table", "table", "Weather", "timestampAs", "timestamp", "timestampPrecision", "us")
            .load(file.toString());
    assertEquals(DataTypes.TimestampType, read.schema().apply("time").dataType());
    assertEquals(
        Arrays.asList("0|beijing", "1|shanghai", "2|beijing"),
        sorted(read.selectExpr("unix_micros(time)", "city")));
    Dataset<Row> options =
        reader("tagColumns", "City, Station", "fieldColumns", "Temperature", "nullTagPolicy", "error", "table", "weather")
            .load(file.toString());
    assertEquals(3, options.count());
    String unknown = message(() -> weather(file, "unknown", "x"));
    assertTrue(unknown.contains("unknown") && unknown.contains("timestampPrecision"), unknown);
  }

  /** There model=tree is an error. Here it shows the trees of a file, which may have tables as well. */
  @Test
  void theModelTreeIsAccepted() throws Exception {
    Path tree = JavaFiles.sensors(file("tree.tsfile"));
    assertEquals(7, reader("model", "tree").load(tree.toString()).columns().length);
    Path table = JavaFiles.weather(file("table.tsfile"), "weather", 0);
    Dataset<Row> none = reader("model", "tree").load(table.toString());
    assertEquals(Collections.singletonList("time"), Arrays.asList(none.columns()));
    assertEquals(0, none.count());
  }

  @Test
  void aPrecisionThatThereIsNotIsAnError() throws Exception {
    Path file = JavaFiles.weather(file("x.tsfile"), "weather", 0);
    String error = message(() -> weather(file, "timestampPrecision", "minutes"));
    assertTrue(error.contains("timestampPrecision=minutes"), error);
  }

  @Test
  void aFileWithOneTableNeedsNoName() throws Exception {
    Path file = JavaFiles.weather(file("x.tsfile"), "Weather", 0);
    Dataset<Row> rows = reader().load(file.toString());
    assertEquals(COLUMNS, Arrays.asList(rows.columns()));
    assertEquals(3, rows.count());
  }

  @Test
  void ofSeveralTablesOneHasToBeNamed() throws Exception {
    Path file = JavaFiles.weathers(file("x.tsfile"), "weather", "traffic");
    String error = message(() -> reader().load(file.toString()));
    assertTrue(error.contains("weather") && error.contains("traffic"), error);
    assertEquals(
        Arrays.asList("10|beijing|20|30", "11|shanghai|null|31", "12|beijing|22|32"),
        sorted(reader("table", "Traffic").load(file.toString())));
    assertEquals(
        Arrays.asList("0", "1", "2"), sorted(weather(file).select("time")));
    String none = message(() -> reader("table", "rain").load(file.toString()));
    assertTrue(none.contains("rain"), none);
  }

  @Test
  void aLaterFileWithSeveralTablesIsSeenAsWell() throws Exception {
    JavaFiles.weather(file("many/a.tsfile"), "weather", 0);
    JavaFiles.weathers(file("many/b.tsfile"), "weather", "traffic");
    String error = message(() -> reader().load(file("many").toString()));
    assertTrue(error.contains("weather") && error.contains("traffic"), error);
    assertEquals(6, weather(file("many")).count());
  }

  @Test
  void attributesAreRefused() throws Exception {
    Path file =
        JavaFiles.table(
            file("x.tsfile"),
            "weather",
            Arrays.asList(
                JavaFiles.CITY,
                new JavaFiles.Column("attr", TSDataType.STRING, ColumnCategory.ATTRIBUTE),
                JavaFiles.TEMPERATURE),
            new Object[] {0L, "beijing", "north", 20});
    String error = assertThrows(UnsupportedFileException.class, () -> weather(file)).getMessage();
    assertTrue(error.contains("attr") && error.contains("ATTRIBUTE"), error);
    assertTrue(error.contains("x.tsfile") && error.contains("weather"), error);
    StructType without = new StructType().add("time", DataTypes.LongType).add("city", DataTypes.StringType);
    assertThrows(
        UnsupportedFileException.class,
        () -> spark.read().format("tsfile").schema(without).load(file.toString()).collectAsList());
  }

  @Test
  void valuesThatWereNotWrittenAreNull() throws Exception {
    Path file = JavaFiles.weather(file("x.tsfile"), "weather", 0);
    assertEquals(
        Arrays.asList("0|beijing|20|30", "1|shanghai|null|31", "2|beijing|22|32"),
        sorted(weather(file)));
  }

  @Test
  void aFolderHasTheRowsOfItsFiles() throws Exception {
    JavaFiles.weather(file("many/a.tsfile"), "weather", 0);
    JavaFiles.weather(file("many/b.tsfile"), "weather", 100);
    assertEquals(6, weather(file("many")).count());
    assertEquals(
        Collections.singletonList("100|beijing|20|30"),
        sorted(weather(file("many")).where("time = 100")));
  }

  @Test
  void filesWhoseTypesDifferAreAnError() throws Exception {
    JavaFiles.weather(file("many/a.tsfile"), "weather", 0);
    JavaFiles.table(
        file("many/b.tsfile"),
        "weather",
        Arrays.asList(JavaFiles.CITY, JavaFiles.field("temperature", TSDataType.DOUBLE)),
        new Object[] {0L, "beijing", 20.0});
    for (String merge : new String[] {"false", "true"}) {
      String error = message(() -> weather(file("many"), "mergeSchema", merge));
      assertTrue(error.contains("a.tsfile") && error.contains("b.tsfile"), error);
      assertTrue(error.contains("temperature"), error);
    }
    message(() -> weather(file("many")));
    assertEquals(
        Arrays.asList("0|beijing|20.0", "0|beijing|20.0"),
        sorted(
            weather(file("many"), "mergeSchema", "widen")
                .where("time = 0")
                .selectExpr("time", "city", "cast(temperature as string)")));
  }

  @Test
  void fieldsOfSeveralFilesAreUnitedWhereThatIsAskedFor() throws Exception {
    JavaFiles.weather(file("many/a.tsfile"), "weather", 0);
    JavaFiles.table(
        file("many/b.tsfile"),
        "weather",
        Arrays.asList(JavaFiles.CITY, JavaFiles.TEMPERATURE, JavaFiles.field("pressure", TSDataType.DOUBLE)),
        new Object[] {100L, "tianjin", 25, 1010.5});
    message(() -> weather(file("many")));
    Dataset<Row> rows = weather(file("many"), "mergeSchema", "true");
    assertEquals(
        Arrays.asList("time", "city", "temperature", "humidity", "pressure"),
        Arrays.asList(rows.columns()));
    assertEquals(
        Arrays.asList(
            "0|beijing|20|30|null",
            "100|tianjin|25|null|1010.5",
            "1|shanghai|null|31|null",
            "2|beijing|22|32|null"),
        sorted(rows.withColumn("pressure", rows.col("pressure").cast("string"))));
  }

  @Test
  void timesAndTagsAloneHaveAllRows() throws Exception {
    Path file = JavaFiles.weather(file("x.tsfile"), "weather", 0);
    Dataset<Row> rows = weather(file).select("time", "city");
    assertEquals(Arrays.asList("0|beijing", "1|shanghai", "2|beijing"), sorted(rows));
    assertFalse(plan(rows).contains("temperature"), plan(rows));
    assertEquals(
        Arrays.asList("20|0", "22|2", "null|1"), sorted(weather(file).select("temperature", "time")));
  }

  @Test
  void boundsBetweenTwoMillisecondsKeepTheRightRows() throws Exception {
    Path file =
        JavaFiles.table(
            file("x.tsfile"),
            "weather",
            Arrays.asList(JavaFiles.CITY, JavaFiles.TEMPERATURE),
            new Object[] {9L, "beijing", 1},
            new Object[] {10L, "beijing", 2},
            new Object[] {11L, "beijing", 3});
    String[][] cases = {
      {"time < timestamp'1970-01-01 00:00:00.0105'", "2"},
      {"time >= timestamp'1970-01-01 00:00:00.0105'", "1"},
      {"time = timestamp'1970-01-01 00:00:00.0105'", "0"},
      {"time = timestamp'1970-01-01 00:00:00.01'", "1"},
    };
    for (String[] one : cases) {
      for (String pushdown : new String[] {"true", "false"}) {
        Dataset<Row> rows =
            weather(file, "timestampAs", "timestamp", "pushdown", pushdown).where(one[0]);
        assertEquals(Long.parseLong(one[1]), rows.count(), one[0] + ", pushdown " + pushdown);
      }
    }
  }

  @Test
  void sqlReadsThroughATemporaryView() throws Exception {
    Path file = JavaFiles.weather(file("x.tsfile"), "weather", 0);
    spark.sql(
        "create or replace temporary view weather_sql using tsfile options (path '"
            + file
            + "', table 'weather')");
    assertEquals(
        Arrays.asList("0|beijing|20", "2|beijing|22"),
        sorted(spark.sql("select time, city, temperature from weather_sql where city = 'beijing'")));
  }

  @Test
  void aSchemaThatIsGivenIsCheckedAndUsed() throws Exception {
    Path file = JavaFiles.weather(file("x.tsfile"), "weather", 0);
    assertTrue(new TsFileDataSource().supportsExternalMetadata());
    StructType some =
        new StructType()
            .add("time", DataTypes.LongType, false)
            .add("city", DataTypes.StringType, false);
    Dataset<Row> rows =
        spark.read().format("tsfile").schema(some).option("table", "weather").load(file.toString());
    assertEquals(Arrays.asList("time", "city"), Arrays.asList(rows.columns()));
    assertEquals(3, rows.count());
    StructType other =
        new StructType()
            .add("time", DataTypes.LongType, false)
            .add("temperature", DataTypes.StringType);
    String error =
        message(
            () ->
                spark.read().format("tsfile").schema(other).option("table", "weather")
                    .load(file.toString()).collectAsList());
    assertTrue(error.contains("temperature") && error.contains("string"), error);
    // There a double is an error as well; here the integers become doubles.
    StructType wider = new StructType().add("temperature", DataTypes.DoubleType);
    assertEquals(
        Arrays.asList("20.0", "22.0", "null"),
        sorted(
            spark.read().format("tsfile").schema(wider).option("table", "weather")
                .load(file.toString()).selectExpr("string(temperature)")));
  }

  /** Filters as the plan shows them, and whether Spark asks again. */
  private static void checkPlan(Dataset<Row> rows, boolean again, String... words) {
    String plan = plan(rows);
    for (String one : words) {
      assertTrue(plan.contains(one), one + " is not in " + plan);
    }
    assertEquals(again, plan.contains("Filter ("), plan);
  }

  @Test
  void rangesOfTimeAndTagsAreHandedOn() throws Exception {
    Path file = JavaFiles.weather(file("x.tsfile"), "weather", 10);
    Dataset<Row> rows = weather(file).where("time >= 10 and time <= 20 and city = 'beijing'");
    checkPlan(rows, false, "\"time\" >= 10", "\"time\" <= 20", "\"city\" = 'beijing'");
    assertEquals(2, rows.count());
  }

  @Test
  void oneTimeAndOpenBoundsAreHandedOn() throws Exception {
    Path file = JavaFiles.weather(file("x.tsfile"), "weather", 99);
    Dataset<Row> one = weather(file).where("time = 100");
    checkPlan(one, false, "\"time\" = 100");
    assertEquals(Collections.singletonList("100|shanghai|null|31"), sorted(one));
    Dataset<Row> open = weather(file).where("time > 99 and time < 101");
    checkPlan(open, false, "\"time\" > 99", "\"time\" < 101");
    assertEquals(Collections.singletonList("100|shanghai|null|31"), sorted(open));
    // Spark makes one condition of the three.
    assertEquals(
        Collections.singletonList("100|shanghai|null|31"),
        sorted(weather(file).where("time = 100 and time > 99 and time < 101")));
  }

  @Test
  void timestampsAreHandedOnInTheUnitOfTheFile() throws Exception {
    Path file = JavaFiles.weather(file("x.tsfile"), "weather", 1_588_953_600_000L);
    Dataset<Row> rows =
        weather(file, "timestampAs", "timestamp")
            .where("time > timestamp'2020-05-08 16:00:00' and time <= timestamp'2020-05-08 16:00:00.002'");
    checkPlan(rows, false, "\"time\" > 1588953600000)", "\"time\" <= 1588953600002)");
    assertEquals(2, rows.count());
  }

  @Test
  void aMicrosecondOfNanosecondsIsAThousandTimes() throws Exception {
    Path file =
        JavaFiles.table(
            file("x.tsfile"),
            "weather",
            Arrays.asList(JavaFiles.CITY, JavaFiles.TEMPERATURE),
            new Object[] {9_999L, "beijing", 1},
            new Object[] {10_000L, "beijing", 2},
            new Object[] {10_999L, "beijing", 3},
            new Object[] {11_000L, "beijing", 4});
    Dataset<Row> rows =
        weather(file, "timestampAs", "timestamp", "timestampPrecision", "ns")
            .where("time = timestamp'1970-01-01 00:00:00.00001'")
            .select("temperature");
    checkPlan(rows, false, "\"time\" >= 10000 AND \"time\" < 11000");
    assertEquals(Arrays.asList("2", "3"), sorted(rows));
  }

  @Test
  void fieldsAreAskedAgainBySparkAndTagsAreNot() throws Exception {
    Path file = JavaFiles.weather(file("x.tsfile"), "weather", 0);
    Dataset<Row> rows = weather(file).where("city = 'beijing' and temperature = 20");
    checkPlan(rows, true, "\"city\" = 'beijing'", "\"temperature\" = 20");
    String filter = plan(rows).split("Filter \\(", 2)[1].split("\n", 2)[0];
    assertTrue(filter.contains("temperature") && !filter.contains("city"), filter);
    assertEquals(Collections.singletonList("0|beijing|20|30"), sorted(rows));
    // A function of a tag is not handed on.
    Dataset<Row> function = weather(file).where("upper(city) = 'BEIJING'");
    checkPlan(function, true, "filters: ");
    assertFalse(plan(function).contains("BEIJING'"), plan(function));
    assertEquals(2, function.count());
  }

  @Test
  void nothingIsHandedOnWithoutPushdown() throws Exception {
    Path file = JavaFiles.weather(file("x.tsfile"), "weather", 0);
    Dataset<Row> rows = weather(file, "pushdown", "false").where("city = 'beijing' and time = 0");
    checkPlan(rows, true, "filters: none");
    assertEquals(Collections.singletonList("0|beijing|20|30"), sorted(rows));
  }
}
