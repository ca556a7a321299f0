package io.tsfile.spark;

import io.tsfile.api.Plan;
import io.tsfile.spark.files.FoundFile;
import io.tsfile.spark.files.FoundFiles;
import io.tsfile.spark.files.OpenFiles;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.apache.spark.sql.types.DataType;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;

/** The files of a table, and what is in them. */
public final class Relation {
  public final TsFileOptions options;
  public final FoundFiles files;

  /** The columns as the files have them, the time first; none when there is no file. */
  public final List<Plan.Column> columns;

  /** The form that rows have. */
  public final String form;

  private Relation(
      TsFileOptions options, FoundFiles files, List<Plan.Column> columns, String form) {
    this.options = options;
    this.files = files;
    this.columns = columns;
    this.form = form;
  }

  /**
   * Reads the schemas of files.
   *
   * @param given what the user wants to see; null for what is in the files, of which there has to be one then
   */
  static Relation of(TsFileOptions options, FoundFiles files, StructType given) {
    if (files.files.isEmpty()) {
      if (given == null) {
        throw new IllegalArgumentException(
            "there is no TsFile to take a schema from below "
                + String.join(", ", options.paths)
                + "; name files, or give a schema with schema(...)");
      }
      return new Relation(options, files, Collections.emptyList(), options.form);
    }
    try (OpenFiles open = OpenFiles.open(files.files, options)) {
      TsFileOptions named = options.table == null ? options : named(options, open);
      if (open.files().isEmpty()) {
        return new Relation(options, files, Collections.emptyList(), options.form);
      }
      try (Plan plan = new Plan(open.files(), named.forEngine(false), null)) {
        Relation relation = new Relation(named, files, plan.columns, plan.form);
        relation.checkNames();
        relation.checkCategories("tagColumns", "TAG");
        relation.checkCategories("fieldColumns", "FIELD");
        return relation;
      }
    }
  }

  /** Tables are called in any case, as columns are. */
  private static TsFileOptions named(TsFileOptions options, OpenFiles open) {
    String found = null;
    for (String table : open.tables()) {
      if (table.equals(options.table)) {
        return options;
      }
      if (table.equalsIgnoreCase(options.table)) {
        found = table;
      }
    }
    return found == null ? options : options.withTable(found);
  }

  /** Spark does not tell apart columns by case, and could not say which one is meant. */
  private void checkNames() {
    Map<String, String> seen = new HashMap<>();
    for (Plan.Column column : columns) {
      String other = seen.put(column.name.toLowerCase(java.util.Locale.ROOT), column.name);
      if (other != null) {
        throw new IllegalArgumentException(
            "the columns "
                + other
                + " and "
                + column.name
                + " have one name in Spark; if one is the time or the device, name it otherwise with the options timeColumn or"
                + " deviceColumn");
      }
    }
    for (String name : files.partitionSchema.fieldNames()) {
      if (seen.containsKey(name.toLowerCase(java.util.Locale.ROOT))) {
        throw new IllegalArgumentException(
            "the column " + name + " is in the files and in the names of their folders");
      }
    }
  }

  /** Files say which columns are tags; who says so as well, for writing or for another reader, has to be right. */
  private void checkCategories(String option, String category) {
    for (String name : options.columns(option)) {
      Plan.Column column = column(name);
      // A column that these files lack may be one of other files, or one that is written.
      if (column != null && !column.category.equals(category)) {
        throw new IllegalArgumentException(
            "option "
                + option
                + " names "
                + name
                + ", which is a "
                + column.category
                + " column in the files; the option is not needed to read");
      }
    }
  }

  /** The columns of the files, then those of the folders. */
  public StructType schema() {
    StructType schema = new StructType();
    for (Plan.Column column : columns) {
      schema = schema.add(column.name, type(column), column.nullable);
    }
    for (int i = 0; i < files.partitionSchema.length(); i++) {
      schema = schema.add(files.partitionSchema.fields()[i]);
    }
    return schema;
  }

  /** Spark's type of a column. */
  public DataType type(Plan.Column column) {
    switch (column.type) {
      case "BOOLEAN":
        return DataTypes.BooleanType;
      case "INT32":
        return DataTypes.IntegerType;
      case "INT64":
        return DataTypes.LongType;
      case "FLOAT":
        return DataTypes.FloatType;
      case "DOUBLE":
        return DataTypes.DoubleType;
      case "DATE":
        return options.dates.equals("int") ? DataTypes.IntegerType : DataTypes.DateType;
      case "TIMESTAMP":
        switch (options.timestampAs) {
          case TIMESTAMP:
            return DataTypes.TimestampType;
          case TIMESTAMP_NTZ:
            return DataTypes.TimestampNTZType;
          default:
            return DataTypes.LongType;
        }
      case "TEXT":
      case "STRING":
        boolean isField = !column.isKey();
        return isField && options.text.equals("binary")
            ? DataTypes.BinaryType
            : DataTypes.StringType;
      case "BLOB":
      case "OBJECT":
        return DataTypes.BinaryType;
      default:
        throw new IllegalArgumentException(
            "the column " + column.name + " has the type " + column.type + ", which Spark has no type for");
    }
  }

  /** The column of that name, by case first; null when the files have none. */
  public Plan.Column column(String name) {
    Plan.Column found = null;
    for (Plan.Column column : columns) {
      if (column.name.equals(name)) {
        return column;
      }
      if (column.name.equalsIgnoreCase(name)) {
        found = column;
      }
    }
    return found;
  }

  /** The file of that name, as splits call it. */
  public Map<String, FoundFile> byName() {
    Map<String, FoundFile> out = new HashMap<>();
    for (FoundFile file : files.files) {
      out.put(file.name, file);
    }
    return out;
  }
}
