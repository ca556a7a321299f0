package io.tsfile.spark;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.tsfile.TsFileNative;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.api.java.UDF2;
import org.apache.spark.sql.types.DataTypes;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Queries side by side in one JVM, some of them cancelled: each is right, and no native memory is left. */
class ConcurrentTest extends SparkCase {
  private static final int THREADS = 8;
  private static final int ROUNDS = 4;

  /** Views, the file of each, and its options. */
  private static final String[][] VIEWS = {
    {"types", "cpp-2.5.0/table_all_types.tsfile", "table"},
    {"multi", "java-2.4.0/multi.tsfile", "narrow"},
    {"comp", "java-2.4.0/comp_nonaligned.tsfile", "narrow"},
    {"many", "cpp-2.5.0/tree_many_devices.tsfile", "narrow"},
    {"wide", "java-2.4.0/multi.tsfile", "wide"}
  };

  private static final String[] QUERIES = {
    "select * from types where i32 > 3 and txt like 't1%'",
    "select tag1, tag2, count(*), max(str), min(i64), sum(i32) from types group by tag1, tag2",
    "select tag1, tag2, time, i32 - lag(i32) over (partition by tag1, tag2 order by time) from types",
    "select device_name, count(*), max(time), max(s0) from multi group by device_name",
    "select device_name, time, s0, row_number() over (partition by device_name order by time) from multi",
    "select time, device_name, t from comp where i is not null and time > 1000",
    "select a.time, a.str, b.i32 from types a join types b on a.time = b.i32 and a.tag1 = b.tag1",
    "select * from wide where time % 3 = 0",
    "select count(*), count(distinct device_name) from many"
  };

  /** Counted down when a query has its first row. */
  private static final Map<String, CountDownLatch> BEGUN = new ConcurrentHashMap<>();

  /** The session of the other classes has two threads only. */
  @BeforeAll
  static void eightThreads() {
    spark.stop();
    spark =
        SparkSession.builder()
            .master("local[" + THREADS + "]")
            .config("spark.ui.enabled", "false")
            .config("spark.sql.shuffle.partitions", "4")
            .config("spark.sql.session.timeZone", "UTC")
            .getOrCreate();
    spark.sparkContext().setLogLevel("OFF");
  }

  @AfterAll
  static void backToTwo() {
    spark.stop();
  }

  /** A session of its own, with views of the files or of Parquet copies of them. */
  private static SparkSession session(String partitioning, Path copies) {
    SparkSession session = spark.newSession();
    SparkSession.setActiveSession(session);
    session.conf().set("spark.sql.sources.v2.bucketing.enabled", "true");
    for (String[] view : VIEWS) {
      Dataset<Row> rows =
          copies != null
              ? session.read().parquet(copies.resolve(view[0]).toString())
              : session
                  .read()
                  .format("tsfile")
                  .option("form", view[2])
                  .option("partitioning", partitioning)
                  .load(golden(view[1]));
      rows.createOrReplaceTempView(view[0]);
    }
    return session;
  }

  private static void cancelled(SparkSession session, String group, boolean interrupt)
      throws Exception {
    CountDownLatch begun = new CountDownLatch(1);
    BEGUN.put(group, begun);
    session
        .udf()
        .register(
            "slow",
            (UDF2<String, Long, Long>)
                (of, time) -> {
                  BEGUN.get(of).countDown();
                  Thread.sleep(interrupt ? 1000 : 2);
                  return time;
                },
            DataTypes.LongType);
    ExecutorService other = Executors.newSingleThreadExecutor();
    try {
      Future<?> query =
          other.submit(
              () -> {
                SparkSession.setActiveSession(session);
                session.sparkContext().setJobGroup(group, "to be cancelled", interrupt);
                session.sql("select slow('" + group + "', time), t from comp").collectAsList();
              });
      assertTrue(begun.await(60, TimeUnit.SECONDS), "the scan never began");
      assertTrue(TsFileNative.liveNativeBytes() > 0, "the scan has a batch at hand");
      session.sparkContext().cancelJobGroup(group);
      Throwable e = assertThrows(Exception.class, query::get);
      assertTrue(e.toString().contains("ancel"), e.toString());
    } finally {
      other.shutdown();
    }
  }

  private static void memoryIsGivenBack() throws InterruptedException {
    // A task that was killed may still be closing.
    for (int i = 0; i < 1500 && TsFileNative.liveNativeBytes() != 0; i++) {
      Thread.sleep(20);
    }
    assertEquals(0, TsFileNative.liveNativeBytes());
  }

  @Test
  void queriesSideBySideAreRight(@TempDir Path folder) throws Exception {
    for (String[] view : VIEWS) {
      reader("form", view[2], "pushdown", "false")
          .load(golden(view[1]))
          .write()
          .parquet(folder.resolve(view[0]).toString());
    }
    List<List<String>> expected = new ArrayList<>();
    SparkSession parquet = session("auto", folder);
    for (String query : QUERIES) {
      List<String> rows = sorted(parquet.sql(query));
      assertFalse(rows.isEmpty(), query);
      expected.add(rows);
    }
    long types = parquet.table("types").count();
    ExecutorService pool = Executors.newFixedThreadPool(THREADS);
    try {
      List<Callable<Void>> work = new ArrayList<>();
      for (int t = 0; t < THREADS; t++) {
        int thread = t;
        work.add(
            () -> {
              SparkSession session = session(thread % 2 == 0 ? "auto" : "parallel", null);
              for (int round = 0; round < ROUNDS; round++) {
                if ((thread + round) % 6 == 0) {
                  cancelled(session, "group " + thread + " " + round, true);
                }
                int query = (3 * thread + round) % QUERIES.length;
                assertEquals(
                    expected.get(query), sorted(session.sql(QUERIES[query])), QUERIES[query]);
                long some = 1 + (thread * 7 + round * 3) % (types - 1);
                assertEquals(
                    some, session.sql("select * from types limit " + some).collectAsList().size());
              }
              return null;
            });
      }
      for (Future<Void> done : pool.invokeAll(work)) {
        done.get();
      }
    } finally {
      pool.shutdown();
      SparkSession.setActiveSession(spark);
    }
    memoryIsGivenBack();
  }

  @Test
  void cancellingGivesTheMemoryBack() throws Exception {
    SparkSession session = session("parallel", null);
    try {
      cancelled(session, "interrupted", true);
      memoryIsGivenBack();
      cancelled(session, "asked", false);
      memoryIsGivenBack();
      assertEquals(60, session.sql("select * from many").count());
    } finally {
      SparkSession.setActiveSession(spark);
    }
  }
}
