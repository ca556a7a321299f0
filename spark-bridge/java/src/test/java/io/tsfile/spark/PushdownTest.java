package io.tsfile.spark;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.types.DataType;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructField;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The law: rows with push-down are those without, and those of a Parquet copy. */
class PushdownTest extends SparkCase {
  private static final int CASES = Integer.getInteger("tsfile.law.cases", 60);

  /** Literals of a column: some of its values, and some that it does not have. */
  private static String literal(Random random, StructField field, List<Row> rows) {
    Object value = rows.get(random.nextInt(rows.size())).get(rows.get(0).fieldIndex(field.name()));
    DataType type = field.dataType();
    boolean near = random.nextInt(3) > 0 && value != null;
    if (type.equals(DataTypes.BooleanType)) {
      return random.nextBoolean() ? "true" : "false";
    } else if (type.equals(DataTypes.IntegerType) || type.equals(DataTypes.LongType)) {
      return near ? value.toString() : Integer.toString(random.nextInt(1000));
    } else if (type.equals(DataTypes.FloatType) || type.equals(DataTypes.DoubleType)) {
      if (random.nextInt(10) == 0) {
        return type.equals(DataTypes.FloatType) ? "float('NaN')" : "double('NaN')";
      }
      String text = near ? value.toString() : Double.toString(random.nextInt(100) / 8.0);
      return type.simpleString() + "('" + text + "')";
    } else if (type.equals(DataTypes.DateType)) {
      return "date'" + (near ? value.toString() : "2024-02-" + (10 + random.nextInt(19))) + "'";
    } else if (type.equals(DataTypes.TimestampType)) {
      return "timestamp_micros(" + (random.nextInt(60_000) + 500L * random.nextInt(3)) + ")";
    } else if (type.equals(DataTypes.BinaryType)) {
      return "X'" + (random.nextBoolean() ? "0500ff" : "05") + "'";
    }
    return "'" + (near ? value.toString().replace("'", "\\'") : "t" + random.nextInt(30)) + "'";
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
    StructField field = fields[random.nextInt(fields.length)];
    String name = "`" + field.name() + "`";
    switch (random.nextInt(9)) {
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
        if (field.dataType().equals(DataTypes.StringType)) {
          String[] patterns = {"t1%", "%1", "%1%", "t_", "s1_%"};
          return name + " LIKE '" + patterns[random.nextInt(patterns.length)] + "'";
        }
        // fall through
      default:
        String[] ops = {"=", "<>", "<", "<=", ">", ">="};
        return "(" + name + " " + ops[random.nextInt(ops.length)] + " " + literal(random, field, rows) + ")";
    }
  }

  private static Dataset<Row> read(String file, String pushdown, String... options) {
    List<String> all = new ArrayList<>(Arrays.asList(options));
    all.add("pushdown");
    all.add(pushdown);
    return reader(all.toArray(new String[0])).load(golden(file));
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
      String filter = predicate(random, fields, rows, 3);
      String[] columns = new String[1 + random.nextInt(3)];
      for (int c = 0; c < columns.length; c++) {
        columns[c] = "`" + fields[random.nextInt(fields.length)].name() + "` as c" + c;
      }
      List<String> expected = sorted(parquet.where(filter).selectExpr(columns));
      mixed += expected.size() > 0 && expected.size() < rows.size() ? 1 : 0;
      String what = file + " seed " + seed + ": " + filter + " of " + String.join(", ", columns);
      assertEquals(expected, sorted(read(file, "true", options).where(filter).selectExpr(columns)), what);
      assertEquals(expected, sorted(read(file, "false", options).where(filter).selectExpr(columns)), what);
    }
    assertTrue(3 * mixed >= CASES, mixed + " of " + CASES + " filters keep some rows and drop others");
  }

  @Test
  void tableFilesKeepTheLaw(@TempDir java.nio.file.Path folder) {
    law(folder, 1, "cpp-2.5.0/table_all_types.tsfile");
    law(folder, 2, "cpp-2.5.0/table_all_types.tsfile", "timestampAs", "timestamp");
    law(folder, 3, "cpp-2.5.0/table_all_types.tsfile", "timestampAs", "timestamp", "timestampPrecision", "ns");
  }

  @Test
  void treeFilesKeepTheLaw(@TempDir java.nio.file.Path folder) {
    law(folder, 4, "java-2.4.0/multi.tsfile", "form", "narrow");
    law(folder, 5, "java-2.4.0/multi.tsfile", "form", "wide");
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
