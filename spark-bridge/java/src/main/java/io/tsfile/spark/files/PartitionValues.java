package io.tsfile.spark.files;

import java.time.LocalDate;
import java.time.format.DateTimeParseException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.types.DataType;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructField;
import org.apache.spark.sql.types.StructType;
import org.apache.spark.unsafe.types.UTF8String;

/** The columns that folders called {@code key=value} make, with types that fit all values, as Spark infers them. */
final class PartitionValues {
  private static final String NULL = "__HIVE_DEFAULT_PARTITION__";

  final StructType schema;

  private PartitionValues(StructType schema) {
    this.schema = schema;
  }

  /**
   * What suits the folders of all files. All files have to lie in folders with the same keys.
   *
   * @param given types that the user wants to see; or null
   */
  static PartitionValues infer(List<Map<String, String>> files, StructType given) {
    Map<String, DataType> types = new LinkedHashMap<>();
    List<String> keys = null;
    boolean asText =
        "false"
            .equals(
                SparkSession.active()
                    .conf()
                    .get("spark.sql.sources.partitionColumnTypeInference.enabled", "true"));
    for (Map<String, String> folders : files) {
      List<String> own = new ArrayList<>(folders.keySet());
      if (keys == null) {
        keys = own;
      } else if (!keys.equals(own)) {
        throw new IllegalArgumentException(
            "files lie in folders with the keys "
                + keys
                + ", and in folders with the keys "
                + own
                + "; name one of them as the path, or set option recursiveFileLookup=true to take no columns from folders");
      }
      for (Map.Entry<String, String> folder : folders.entrySet()) {
        DataType type = asText ? DataTypes.StringType : typeOf(folder.getValue());
        types.merge(folder.getKey(), type, PartitionValues::both);
      }
    }
    StructType schema = new StructType();
    for (Map.Entry<String, DataType> column : types.entrySet()) {
      DataType type = wanted(column.getKey(), given);
      type = type == null ? column.getValue() : type;
      schema = schema.add(column.getKey(), type == DataTypes.NullType ? DataTypes.StringType : type);
    }
    return new PartitionValues(schema);
  }

  /** The values of a file, as Spark has them inside. */
  Object[] values(Map<String, String> folders) {
    Object[] out = new Object[schema.length()];
    for (int i = 0; i < out.length; i++) {
      String text = folders.get(schema.fields()[i].name());
      boolean isNull = text == null || text.equals(NULL);
      out[i] =
          isNull
              ? null
              : value(text, schema.fields()[i].name(), schema.fields()[i].dataType());
    }
    return out;
  }

  /** The type that the user gives a column; null where he gives none. */
  private static DataType wanted(String name, StructType given) {
    if (given != null) {
      for (StructField field : given.fields()) {
        if (field.name().equalsIgnoreCase(name)) {
          return field.dataType();
        }
      }
    }
    return null;
  }

  private static Object value(String text, String name, DataType type) {
    try {
      return value(text, type);
    } catch (NumberFormatException | DateTimeParseException e) {
      throw new IllegalArgumentException(
          "the schema that was given has column "
              + name
              + " as "
              + type.simpleString()
              + ", and there is a folder "
              + name
              + "="
              + text);
    }
  }

  private static Object value(String text, DataType type) {
    if (type.equals(DataTypes.IntegerType)) {
      return Integer.valueOf(text);
    } else if (type.equals(DataTypes.LongType)) {
      return Long.valueOf(text);
    } else if (type.equals(DataTypes.DoubleType)) {
      return Double.valueOf(text);
    } else if (type.equals(DataTypes.DateType)) {
      return (int) LocalDate.parse(text).toEpochDay();
    } else if (type.equals(DataTypes.StringType)) {
      return UTF8String.fromString(text);
    }
    throw new IllegalArgumentException(
        "columns of folders are shown as int, bigint, double, date or string, not as " + type.simpleString());
  }

  private static DataType typeOf(String text) {
    if (text.equals(NULL)) {
      return DataTypes.NullType;
    }
    if (text.matches("[+-]?[0-9]{1,9}")) {
      return DataTypes.IntegerType;
    }
    if (text.matches("[+-]?[0-9]{1,18}")) {
      return DataTypes.LongType;
    }
    if (text.matches("[+-]?([0-9]+\\.[0-9]*|\\.?[0-9]+)([eE][+-]?[0-9]+)?")) {
      return DataTypes.DoubleType;
    }
    if (text.matches("[0-9]{4}-[0-9]{2}-[0-9]{2}")) {
      try {
        LocalDate.parse(text);
        return DataTypes.DateType;
      } catch (DateTimeParseException e) {
        return DataTypes.StringType;
      }
    }
    return DataTypes.StringType;
  }

  private static DataType both(DataType a, DataType b) {
    if (a.equals(b) || b == DataTypes.NullType) {
      return a;
    }
    if (a == DataTypes.NullType) {
      return b;
    }
    boolean whole = isWhole(a) && isWhole(b);
    if (whole) {
      return DataTypes.LongType;
    }
    boolean numbers = isNumber(a) && isNumber(b);
    return numbers ? DataTypes.DoubleType : DataTypes.StringType;
  }

  private static boolean isWhole(DataType type) {
    return type.equals(DataTypes.IntegerType) || type.equals(DataTypes.LongType);
  }

  private static boolean isNumber(DataType type) {
    return isWhole(type) || type.equals(DataTypes.DoubleType);
  }

  /** Names of folders have characters that they may not have as {@code %3A}. */
  static String unescape(String text) {
    StringBuilder out = new StringBuilder(text.length());
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      if (c == '%' && i + 2 < text.length()) {
        int high = Character.digit(text.charAt(i + 1), 16);
        int low = Character.digit(text.charAt(i + 2), 16);
        if (high >= 0 && low >= 0) {
          out.append((char) (high * 16 + low));
          i += 2;
          continue;
        }
      }
      out.append(c);
    }
    return out.toString();
  }
}
