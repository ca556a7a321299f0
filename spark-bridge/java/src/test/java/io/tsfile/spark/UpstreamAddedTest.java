package io.tsfile.spark;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.tsfile.CorruptFileException;
import io.tsfile.TsFileNative;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.Paths;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.api.java.UDF1;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;
import org.apache.tsfile.enums.TSDataType;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What neither of the older connectors is asked, of reading; docs/spark-upstream-tests.md says where the other cases are. */
class UpstreamAddedTest extends SparkCase {
  @TempDir static Path folder;
  private static String sensors;
  private static String large;

  @BeforeAll
  static void write() throws Exception {
    sensors = JavaFiles.sensors(folder.resolve("sensors.tsfile")).toString();
    large = JavaFiles.large(folder.resolve("large.tsfile")).toString();
  }

  private static Dataset<Row> narrow(String path) {
    return reader("form", "narrow").load(path);
  }

  /** Tasks may still be closing when their query is over. */
  private static void checkNoNativeMemory(String after) throws InterruptedException {
    for (int i = 0; i < 500 && TsFileNative.liveNativeBytes() != 0; i++) {
      Thread.sleep(20);
    }
    assertEquals(0, TsFileNative.liveNativeBytes(), after);
  }

  @Test
  void noNativeMemoryIsLeftAfterCountLimitFailureAndCancelling() throws Exception {
    narrow(large).createOrReplaceTempView("large");
    assertEquals(JavaFiles.LARGE, spark.table("large").count());
    checkNoNativeMemory("a count");
    assertEquals(3, spark.sql("select * from large limit 3").collectAsList().size());
    assertEquals(5, spark.sql("select sensor_1 from large").takeAsList(5).size());
    checkNoNativeMemory("limits");

    UDF1<Long, Long> fails =
        time -> {
          if (time == 500_000) {
            throw new IllegalStateException("half way");
          }
          return time;
        };
    spark.udf().register("fails", fails, DataTypes.LongType);
    Exception e =
        assertThrows(
            Exception.class, () -> spark.sql("select sum(fails(time)) from large").collectAsList());
    assertEquals("half way", cause(e, IllegalStateException.class).getMessage());
    checkNoNativeMemory("a task that failed");

    UDF1<Long, Long> slow =
        time -> {
          Thread.sleep(1);
          return time;
        };
    spark.udf().register("slow", slow, DataTypes.LongType);
    CompletableFuture<Object> query =
        CompletableFuture.supplyAsync(
            () -> {
              spark.sparkContext().setJobGroup("to cancel", "to cancel", true);
              return spark.sql("select sum(slow(time)) from large").collectAsList();
            });
    for (int i = 0; i < 500 && TsFileNative.liveNativeBytes() == 0; i++) {
      Thread.sleep(20);
    }
    assertTrue(TsFileNative.liveNativeBytes() > 0, "the query reads");
    spark.sparkContext().cancelJobGroup("to cancel");
    assertThrows(ExecutionException.class, () -> query.get(60, TimeUnit.SECONDS));
    checkNoNativeMemory("a job that was cancelled");
    assertEquals(JavaFiles.LARGE, spark.table("large").count());
  }

  @Test
  void bytesThatAreNoneOfTheFormatFailTheQueryAndTheNextOneWorks() throws Exception {
    byte[] bytes = Files.readAllBytes(Paths.get(large));
    // The first chunk, behind the header of its group; the metadata at the end is whole.
    Arrays.fill(bytes, 18, 4096, (byte) 0xff);
    Path broken = Files.write(folder.resolve("broken.tsfile"), bytes);
    Dataset<Row> rows = narrow(broken.toString());
    Exception e = assertThrows(Exception.class, () -> rows.selectExpr("sum(sensor_1)").collectAsList());
    String message = cause(e, CorruptFileException.class).getMessage();
    assertTrue(message.contains("broken.tsfile") && message.contains("byte"), message);
    assertEquals(9, narrow(sensors).count(), "the next query works");
  }

  @Test
  void aggregatesAreThoseOfAFullScan() throws Exception {
    String of = "count(*)|count(sensor_3)|min(sensor_3)|max(sensor_1)|sum(sensor_2)|max(time)";
    String[] aggregates = of.split("\\|");
    assertEquals(
        Collections.singletonList("9 7 11 25.4 162 8"), texts(narrow(sensors).selectExpr(aggregates)));
    assertEquals(
        Arrays.asList("device_1 7 5", "device_2 2 2"),
        texts(
            narrow(sensors)
                .groupBy("device_name")
                .agg(
                    org.apache.spark.sql.functions.count("*"),
                    org.apache.spark.sql.functions.count("sensor_3"))));

    // A second file with times of the first, and other values: each file has its rows.
    Path both = folder.resolve("overlapping");
    JavaFiles.sensors(both.resolve("a.tsfile"));
    JavaFiles.file(
        both.resolve("b.tsfile"),
        writer -> {
          JavaFiles.series(
              writer,
              JavaFiles.DEVICE_1,
              "sensor_1",
              TSDataType.FLOAT,
              org.apache.tsfile.file.metadata.enums.TSEncoding.RLE);
          JavaFiles.points(writer, JavaFiles.DEVICE_1, 4, "sensor_1", 99.5f);
          JavaFiles.points(writer, JavaFiles.DEVICE_1, 5, "sensor_1", -1f);
        });
    assertEquals(
        Collections.singletonList("11 7 11 99.5 162 8"),
        texts(narrow(both.toString()).selectExpr(aggregates)));
    assertEquals(
        Collections.singletonList("2 1 51 99.5"),
        texts(
            narrow(both.toString())
                .where("time = 4")
                .selectExpr("count(*)", "count(sensor_3)", "max(sensor_3)", "max(sensor_1)")));

    // A column of nulls, beside a table that has no row.
    Path tables = folder.resolve("tables");
    List<JavaFiles.Column> columns =
        Arrays.asList(JavaFiles.CITY, JavaFiles.TEMPERATURE, JavaFiles.HUMIDITY);
    JavaFiles.table(
        tables.resolve("a.tsfile"),
        "weather",
        columns,
        new Object[] {1L, "beijing", null, 5L},
        new Object[] {2L, "beijing", null, null});
    JavaFiles.table(tables.resolve("b.tsfile"), "weather", columns);
    Dataset<Row> weather = reader().load(tables.toString());
    assertEquals(
        Collections.singletonList("2 0 null null 1 5 2"),
        texts(
            weather.selectExpr(
                "count(*)", "count(temperature)", "min(temperature)", "max(temperature)",
                "count(humidity)", "max(humidity)", "max(time)")));
    Dataset<Row> empty = reader().load(tables.resolve("b.tsfile").toString());
    assertEquals(
        Arrays.asList("time", "city", "temperature", "humidity"), Arrays.asList(empty.columns()));
    assertEquals(
        Collections.singletonList("0 null"), texts(empty.selectExpr("count(*)", "max(time)")));
  }

  @Test
  void columnsComeInTheOrderThatIsAskedFor() {
    assertEquals(
        Arrays.asList("19 1 2.3 device_2 19", "21 2 25.4 device_2 21"),
        texts(
            narrow(sensors)
                .where("device_name = 'device_2'")
                .select("sensor_3", "time", "sensor_1", "device_name", "sensor_3")));
    assertEquals(9, narrow(sensors).select().count());
    assertEquals(9, narrow(sensors).select().collectAsList().size());
    assertEquals(Collections.singletonList("9"), texts(narrow(sensors).selectExpr("count(1)")));
  }

  @Test
  void aSchemaOfOnesOwnNamesColumnsWithDots() throws Exception {
    String plant = JavaFiles.plant(folder.resolve("plant.tsfile")).toString();
    StructType own =
        new StructType()
            .add("root.ln.wf01.wt01.temperature", DataTypes.DoubleType)
            .add("root.ln.wf09.wt09.missing", DataTypes.StringType)
            .add("time", DataTypes.LongType);
    Dataset<Row> rows =
        spark.read().format("tsfile").option("form", "wide").schema(own).load(plant);
    assertEquals(
        Arrays.asList("true null 1", "true null 2"),
        texts(
            rows.where("time < 3 and `root.ln.wf01.wt01.temperature` > 2")
                .selectExpr(
                    "`root.ln.wf01.wt01.temperature` = double(float(2.2))",
                    "`root.ln.wf09.wt09.missing`",
                    "time")));
    // Without a schema of one's own, a name with dots is one column all the same.
    Dataset<Row> all = reader("form", "wide").load(plant);
    assertEquals(
        Arrays.asList("3", "5"),
        texts(all.where(all.col("`root.ln.wf01.wt01.status`").isNotNull().and(all.col("time").gt(1))).select("time")));
  }
}
