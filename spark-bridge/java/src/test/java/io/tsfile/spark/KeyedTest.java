package io.tsfile.spark;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Windows and groups of a device: without shuffle and sort where a scan is keyed, and the same rows where it is not. */
class KeyedTest extends SparkCase {
  private static final String TREE = "java-2.4.0/multi.tsfile";
  private static final String TABLE = "cpp-2.5.0/table_all_types.tsfile";
  private static final String BUCKETING = "spark.sql.sources.v2.bucketing.enabled";

  @AfterEach
  void reset() {
    spark.conf().set(BUCKETING, "false");
  }

  private static Dataset<Row> lag(String partitioning) {
    reader("form", "table", "partitioning", partitioning)
        .load(golden(TABLE))
        .createOrReplaceTempView("t");
    return spark.sql(
        "select tag1, tag2, time, i64, lag(i64) over (partition by tag1, tag2 order by time) p from t");
  }

  private static Dataset<Row> counts(String partitioning) {
    reader("form", "narrow", "partitioning", partitioning)
        .load(golden(TREE))
        .createOrReplaceTempView("n");
    return spark.sql("select device_name, count(*), max(time) from n group by device_name");
  }

  private static String plan(Dataset<Row> rows) {
    return rows.queryExecution().executedPlan().toString();
  }

  @Test
  void aKeyedScanNeedsNeitherShuffleNorSort() {
    List<String> expected = sorted(lag("parallel"));
    assertTrue(plan(lag("parallel")).contains("Exchange"));
    spark.conf().set(BUCKETING, "true");
    for (String partitioning : new String[] {"auto", "keyed"}) {
      String plan = plan(lag(partitioning));
      assertFalse(plan.contains("Exchange"), plan);
      assertFalse(plan.contains("Sort"), plan);
      assertTrue(plan.contains("scan: keyed"), plan);
      assertEquals(expected, sorted(lag(partitioning)));
    }
    assertTrue(plan(lag("parallel")).contains("Exchange"));
    assertEquals(expected, sorted(lag("parallel")));
  }

  @Test
  void groupsOfADeviceNeedNoShuffle() {
    List<String> expected = sorted(counts("parallel"));
    assertTrue(expected.size() > 1);
    spark.conf().set(BUCKETING, "true");
    String plan = plan(counts("keyed"));
    assertFalse(plan.contains("Exchange"), plan);
    assertEquals(expected, sorted(counts("keyed")));
  }

  @Test
  void withoutTheSettingTheAnswerIsTheSame() {
    List<String> expected = sorted(lag("parallel"));
    assertEquals(expected, sorted(lag("keyed")));
    assertEquals(expected, sorted(lag("auto")));
    assertTrue(plan(lag("auto")).contains("scan: parallel"));
  }

  /** Tests run on two cores. */
  @Test
  void fewColumnsAreWorkForAllCoresToo() {
    String cost = "spark.sql.files.openCostInBytes";
    String before = spark.conf().get(cost);
    spark.conf().set(cost, "1");
    try {
      Dataset<Row> all = reader("form", "narrow", "partitioning", "parallel").load(golden(TREE));
      assertEquals(2, all.javaRDD().getNumPartitions());
      for (String column : all.columns()) {
        if (!column.equals("time") && !column.equals("device_name")) {
          Dataset<Row> one = all.select("device_name", column);
          assertEquals(2, one.javaRDD().getNumPartitions(), column);
          assertEquals(all.count(), one.count());
        }
      }
    } finally {
      spark.conf().set(cost, before);
    }
    Dataset<Row> small = reader("form", "narrow", "partitioning", "parallel").load(golden(TREE));
    assertEquals(1, small.javaRDD().getNumPartitions());
  }

  @Test
  void aKeyThatIsNotReadIsNotPromised() {
    spark.conf().set(BUCKETING, "true");
    Dataset<Row> rows = reader("partitioning", "keyed").load(golden(TABLE)).selectExpr("sum(i32)");
    assertEquals(1, rows.collectAsList().size());
    assertTrue(plan(rows).contains("scan: keyed"));
  }
}
