package io.tsfile.spark;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.sql.Timestamp;
import java.time.Instant;
import java.time.LocalDateTime;
import java.time.ZoneId;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.types.DataType;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructField;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * The law: rows with push-down are those without, and those of a Parquet copy; with and without adaptive execution, ANSI and generated
 * code, in several time zones.
 */
class PushdownTest extends SparkCase {
  private static final int CASES = Integer.getInteger("tsfile.law.cases", 25);
  private static final String[] ZONES = {"UTC", "America/New_York", "Asia/Kolkata"};
  private static final String ADAPTIVE = "spark.sql.adaptive.enabled";
  private static final String ANSI = "spark.sql.ansi.enabled";
  private static final String ZONE = "spark.sql.session.timeZone";
  private static final String WHOLE_STAGE = "spark.sql.codegen.wholeStage";
  private static final String CODEGEN = "spark.sql.codegen.factoryMode";
  private static final Map<String, String> BEFORE = new HashMap<>();

  /** Numbers of filters that all of them were compared with, and of those at which Spark throws. */
  private static int compared;

  private static int thrown;

  @BeforeAll
  static void rememberSettings() {
    for (String key : new String[] {ADAPTIVE, ANSI, ZONE, WHOLE_STAGE, CODEGEN}) {
      BEFORE.put(key, spark.conf().get(key));
    }
    // The oracle is Spark itself, and not Parquet's own filters, for which -0.0 is not 0.0.
    spark.conf().set("spark.sql.parquet.filterPushdown", "false");
    // Dates before 1582 are written as they are.
    spark.conf().set("spark.sql.parquet.datetimeRebaseModeInWrite", "CORRECTED");
  }

  @AfterEach
  void resetSettings() {
    BEFORE.forEach((key, value) -> spark.conf().set(key, value));
  }

  @AfterAll
  static void resetParquet() {
    spark.conf().unset("spark.sql.parquet.filterPushdown");
    spark.conf().unset("spark.sql.parquet.datetimeRebaseModeInWrite");
  }

  /** Settings of a session, at random; returns them in words. */
  private static String settings(Random random) {
    // Code that is generated for a hundred rows costs more than the query.
    boolean codegen = random.nextInt(5) == 0;
    spark.conf().set(ADAPTIVE, Boolean.toString(random.nextBoolean()));
    spark.conf().set(ANSI, Boolean.toString(random.nextBoolean()));
    spark.conf().set(ZONE, ZONES[random.nextInt(ZONES.length)]);
    spark.conf().set(WHOLE_STAGE, Boolean.toString(codegen));
    spark.conf().set(CODEGEN, codegen ? "FALLBACK" : "NO_CODEGEN");
    return "adaptive "
        + spark.conf().get(ADAPTIVE)
        + ", ANSI "
        + spark.conf().get(ANSI)
        + ", "
        + spark.conf().get(ZONE)
        + ", codegen "
        + codegen;
  }

  /** A time in one of the ways to write it, as the session's zone has it. */
  private static String time(Random random, Object value, boolean near) {
    Instant instant = Instant.ofEpochSecond(0, random.nextInt(60_000) * 1_000L);
    if (near && value instanceof LocalDateTime) {
      instant = ((LocalDateTime) value).toInstant(ZoneOffset.UTC);
    } else if (near) {
      instant = ((Timestamp) value).toInstant();
    }
    instant = instant.plus(random.nextInt(3) * 500L, ChronoUnit.MICROS);
    boolean isLocal = value instanceof LocalDateTime;
    ZoneId zone = isLocal ? ZoneOffset.UTC : ZoneId.of(spark.conf().get(ZONE));
    LocalDateTime there = LocalDateTime.ofInstant(instant, zone);
    String text = DateTimeFormatter.ofPattern("yyyy-MM-dd HH:mm:ss.SSSSSS").format(there);
    switch (random.nextInt(6)) {
      case 0:
        return "'" + text + "'";
      case 1:
        return "timestamp'" + text + "'";
      case 2:
        return "timestamp_ntz'" + text + "'";
      case 3:
        return "'" + instant + "'";
      case 4:
        return "date'" + there.toLocalDate() + "'";
      default:
        return isLocal
            ? "timestamp_ntz'" + text + "'"
            : "timestamp_micros(" + ChronoUnit.MICROS.between(Instant.EPOCH, instant) + ")";
    }
  }

  /** Literals of a column: some of its values, and some that it does not have. */
  private static String literal(Random random, StructField field, List<Row> rows) {
    int column = rows.get(0).fieldIndex(field.name());
    Object value = rows.get(random.nextInt(rows.size())).get(column);
    DataType type = field.dataType();
    boolean near = random.nextInt(3) > 0 && value != null;
    if (type.equals(DataTypes.BooleanType)) {
      return random.nextBoolean() ? "true" : "false";
    } else if (type.equals(DataTypes.IntegerType) || type.equals(DataTypes.LongType)) {
      return near ? value.toString() : Integer.toString(random.nextInt(1000));
    } else if (type.equals(DataTypes.FloatType) || type.equals(DataTypes.DoubleType)) {
      String[] odd = {"NaN", "NaN", "0.0", "-0.0", "Infinity", "-Infinity"};
      String text = near ? value.toString() : Double.toString(random.nextInt(100) / 8.0);
      text = random.nextInt(6) == 0 ? odd[random.nextInt(odd.length)] : text;
      return type.simpleString() + "('" + text + "')";
    } else if (type.equals(DataTypes.DateType)) {
      String text = near ? value.toString() : "2024-02-" + (10 + random.nextInt(19));
      String[] ways = {"date'" + text + "'", "'" + text + "'", "timestamp'" + text + " 01:00:00'"};
      return near && text.length() > 10 ? "date'2024-01-01'" : ways[random.nextInt(ways.length)];
    } else if (isTime(type)) {
      Object one = value == null ? new Timestamp(0) : value;
      return time(random, one, near);
    } else if (type.equals(DataTypes.BinaryType)) {
      return "X'" + (random.nextBoolean() ? "0500ff" : "05") + "'";
    }
    return "'" + (near ? escaped(value) : "t" + random.nextInt(30)) + "'";
  }

  private static String escaped(Object value) {
    return value.toString().replace("\\", "\\\\").replace("'", "\\'");
  }

  private static boolean isTime(DataType type) {
    return type.equals(DataTypes.TimestampType) || type.equals(DataTypes.TimestampNTZType);
  }

  private static <T> T one(Random random, T[] of) {
    return of[random.nextInt(of.length)];
  }

  /** Conditions with casts and arithmetic, of which some throw under ANSI: Spark's own affair, and left to it. */
  private static String odd(Random random, StructField field, String name) {
    DataType type = field.dataType();
    if (type.equals(DataTypes.IntegerType) || type.equals(DataTypes.LongType)) {
      return one(
          random,
          new String[] {
            name + " > 3000000000",
            name + " <= 2.5",
            name + " < '7'",
            name + " + 1 > 3",
            "100 / " + name + " > 1",
            "(" + name + " <> 0 AND 100 div " + name + " > 1)",
            "cast(" + name + " as smallint) = 3"
          });
    } else if (type.equals(DataTypes.FloatType) || type.equals(DataTypes.DoubleType)) {
      return one(
          random,
          new String[] {
            name + " = 0.1", name + " > 3", "cast(" + name + " as int) = 0", name + " * 2 >= 1"
          });
    } else if (type.equals(DataTypes.StringType)) {
      return one(
          random,
          new String[] {
            "cast(" + name + " as int) > 3", "upper(" + name + ") > 'T2'", "length(" + name + ") > 2"
          });
    } else if (type.equals(DataTypes.DateType)) {
      return one(random, new String[] {"day(" + name + ") > 7", name + " > '2024'"});
    } else if (isTime(type)) {
      return one(
          random,
          new String[] {
            "hour(" + name + ") > 7", "cast(" + name + " as date) > date'1970-01-01'", name + " > '1970'"
          });
    }
    return name + " IS NULL";
  }

  private static String predicate(Random random, StructField[] fields, List<Row> rows, int depth) {
    if (depth > 0 && random.nextInt(3) > 0) {
      String left = predicate(random, fields, rows, depth - 1);
      switch (random.nextInt(5)) {
        case 0:
          return "(NOT " + left + ")";
        case 1:
        case 2:
          return "(" + left + " AND " + predicate(random, fields, rows, depth - 1) + ")";
        default:
          return "(" + left + " OR " + predicate(random, fields, rows, depth - 1) + ")";
      }
    }
    StructField field = one(random, fields);
    String name = "`" + field.name() + "`";
    switch (random.nextInt(10)) {
      case 0:
        return name + (random.nextBoolean() ? " IS NULL" : " IS NOT NULL");
      case 1:
        return name
            + (random.nextBoolean() ? " IN (" : " NOT IN (")
            + literal(random, field, rows)
            + ", "
            + literal(random, field, rows)
            + ")";
      case 2:
        return "(" + name + " <=> " + literal(random, field, rows) + ")";
      case 3:
        return odd(random, field, name);
      case 4:
        if (field.dataType().equals(DataTypes.StringType)) {
          return name + " LIKE '" + one(random, new String[] {"t1%", "%1", "%1%", "t_", "s1_%"}) + "'";
        }
        // fall through
      default:
        String op = one(random, new String[] {"=", "<>", "<", "<=", ">", ">="});
        return "(" + name + " " + op + " " + literal(random, field, rows) + ")";
    }
  }

  private static Dataset<Row> read(String file, String pushdown, String... options) {
    List<String> all = new ArrayList<>(Arrays.asList(options));
    all.add("pushdown");
    all.add(pushdown);
    return reader(all.toArray(new String[0])).load(golden(file));
  }

  /** The rows, or null where Spark throws: a division by zero under ANSI, a comparison of what has no common type. */
  private static List<String> rowsOrNull(Dataset<Row> all, String filter, String[] columns) {
    try {
      return sorted(all.where(filter).selectExpr(columns));
    } catch (Exception e) {
      return null;
    }
  }

  private static void law(java.nio.file.Path folder, long seed, String file, String... options) {
    Random random = new Random(seed);
    String copy = folder.resolve("copy-" + seed + ".parquet").toString();
    read(file, "false", options).write().parquet(copy);
    Dataset<Row> parquet = spark.read().parquet(copy);
    StructField[] fields = parquet.schema().fields();
    List<Row> rows = parquet.collectAsList();
    int mixed = 0;
    for (int i = 0; i < CASES; i++) {
      String settings = settings(random);
      String filter = predicate(random, fields, rows, 3);
      String[] columns = new String[1 + random.nextInt(3)];
      for (int c = 0; c < columns.length; c++) {
        columns[c] = "`" + one(random, fields).name() + "` as c" + c;
      }
      String what =
          file + " seed " + seed + ": " + filter + " of " + String.join(", ", columns) + ", " + settings;
      List<String> expected = rowsOrNull(parquet, filter, columns);
      List<String> without = rowsOrNull(read(file, "false", options), filter, columns);
      if (expected == null || without == null) {
        assertEquals(expected, without, what);
        thrown++;
        continue;
      }
      compared++;
      mixed += expected.size() > 0 && expected.size() < rows.size() ? 1 : 0;
      assertEquals(expected, without, what);
      assertEquals(expected, sorted(read(file, "true", options).where(filter).selectExpr(columns)), what);
    }
    assertTrue(3 * mixed >= CASES, mixed + " of " + CASES + " filters keep some rows and drop others");
  }

  @Test
  void tableFilesKeepTheLaw(@TempDir java.nio.file.Path folder) {
    law(folder, 1, "cpp-2.5.0/table_all_types.tsfile");
    law(folder, 2, "cpp-2.5.0/table_all_types.tsfile", "timestampAs", "timestamp");
    law(folder, 3, "cpp-2.5.0/table_all_types.tsfile", "timestampAs", "timestamp", "timestampPrecision", "ns");
    law(folder, 4, "cpp-2.5.0/table_all_types.tsfile", "timestampAs", "timestamp_ntz", "timestampPrecision", "us");
  }

  /** Nulls of every type, all over the pages; NaN with and without a sign, infinities, -0.0, the least and the greatest. */
  @Test
  void nullsAndOddNumbersKeepTheLaw(@TempDir java.nio.file.Path folder) {
    law(folder, 5, "cpp-2.5.0/table_nulls_multipage.tsfile");
    law(folder, 6, "cpp-2.5.0/tree_all_types_plain.tsfile", "form", "narrow");
    law(folder, 7, "java-2.4.0/types_tree.tsfile", "form", "narrow");
  }

  @Test
  void treeFilesKeepTheLaw(@TempDir java.nio.file.Path folder) {
    law(folder, 8, "java-2.4.0/multi.tsfile", "form", "narrow");
    law(folder, 9, "java-2.4.0/multi.tsfile", "form", "wide");
  }

  @AfterAll
  static void mostFiltersAreCompared() {
    assertTrue(compared > 10 * thrown, compared + " filters compared, at " + thrown + " Spark throws");
  }

  private static String plan(Dataset<Row> rows) {
    return rows.queryExecution().executedPlan().toString();
  }

  @Test
  void conditionsOnTimesAndDevicesAreNotAskedAgain() {
    Dataset<Row> keys =
        reader("form", "table").load(golden("cpp-2.5.0/table_all_types.tsfile"))
            .where("time > 3 and time <= 7 and tag1 = 'a' and tag2 like 'x%'");
    assertFalse(plan(keys).contains("Filter ("), plan(keys));
    assertTrue(plan(keys).contains("\"time\" > 3"), plan(keys));
    Dataset<Row> fields =
        reader("form", "table").load(golden("cpp-2.5.0/table_all_types.tsfile")).where("i32 > 3");
    assertTrue(plan(fields).contains("Filter ("), "Spark asks again: " + plan(fields));
    assertTrue(plan(fields).contains("\"i32\" > 3"), plan(fields));
    Dataset<Row> none =
        reader("form", "table", "pushdown", "false")
            .load(golden("cpp-2.5.0/table_all_types.tsfile"))
            .where("time > 3");
    assertTrue(plan(none).contains("filters: none"), plan(none));
  }

  @Test
  void boundsBetweenTwoMillisecondsKeepTheRightRows() {
    String[] options = {"timestampAs", "timestamp"};
    Dataset<Row> rows = reader(options).load(golden("cpp-2.5.0/table_all_types.tsfile"));
    long all = rows.where("time < timestamp_micros(1500)").count();
    assertEquals(rows.where("time <= timestamp_micros(1000)").count(), all);
    assertEquals(0, rows.where("time = timestamp_micros(1500)").count());
    assertTrue(rows.where("time = timestamp_micros(1000)").count() > 0);
  }

  @Test
  void limitsAreHandedOn() {
    Dataset<Row> rows = reader().load(golden("cpp-2.5.0/table_all_types.tsfile")).limit(2);
    assertEquals(2, rows.collectAsList().size());
    assertTrue(plan(rows).contains("limit: 2"), plan(rows));
  }
}
