package io.tsfile.spark.read;

import io.tsfile.api.Plan;
import io.tsfile.spark.Relation;
import java.io.Serializable;
import org.apache.spark.sql.types.DataType;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructField;
import org.apache.spark.sql.types.StructType;

/** Where each column that Spark wants comes from: a column of the plan, a folder's name, or nowhere. */
final class Shown implements Serializable {
  private static final long serialVersionUID = 1L;

  /** Codes of {@link io.tsfile.jni.NativeScan#open}. */
  private static final int AS_IS = 0;

  private static final int MICROS = 1;
  private static final int LONG = 2;
  private static final int DOUBLE = 3;

  /** It is not shown so. */
  private static final int NONE = -1;

  /** What each wanted column is: its place among the columns of the plan, below that {@link #NULL}, or {@link #folder}. */
  final int[] sources;

  final StructType wanted;

  /** How each column of the plan is shown. */
  final int[] codes;

  static final int NULL = -1;

  private Shown(int[] sources, StructType wanted, int[] codes) {
    this.sources = sources;
    this.wanted = wanted;
    this.codes = codes;
  }

  /** A column that the folders make. */
  static int folder(int source) {
    return -2 - source;
  }

  /** Matches columns; a type that the files do not widen to is an error. */
  static Shown of(Relation relation, Plan plan, StructType wanted) {
    int[] codes = new int[plan.columns.size()];
    for (int i = 0; i < codes.length; i++) {
      codes[i] = isMicros(relation, plan.columns.get(i)) ? MICROS : AS_IS;
    }
    StructField[] fields = wanted.fields();
    int[] sources = new int[fields.length];
    for (int i = 0; i < fields.length; i++) {
      sources[i] = source(relation, plan, fields[i]);
      if (sources[i] >= 0) {
        Plan.Column column = plan.columns.get(sources[i]);
        int code = widening(relation, column, fields[i]);
        if (code == NONE) {
          throw doesNotWiden(relation, column, fields[i]);
        }
        if (code != AS_IS) {
          codes[sources[i]] = code;
        }
      }
    }
    return new Shown(sources, wanted, codes);
  }

  /** Whether all columns of a table can be shown from the files of a relation. */
  static boolean fits(Relation relation, StructType schema) {
    for (StructField field : schema.fields()) {
      Plan.Column column = relation.column(field.name());
      if (column != null && widening(relation, column, field) == NONE) {
        return false;
      }
    }
    return true;
  }

  private static int source(Relation relation, Plan plan, StructField field) {
    String[] folders = relation.files.partitionSchema.fieldNames();
    for (int i = 0; i < folders.length; i++) {
      if (folders[i].equalsIgnoreCase(field.name())) {
        return folder(i);
      }
    }
    Plan.Column column = relation.column(field.name());
    if (column == null) {
      return NULL;
    }
    for (int i = 0; i < plan.columns.size(); i++) {
      if (plan.columns.get(i).name.equals(column.name)) {
        return i;
      }
    }
    throw new IllegalStateException("the plan has no column " + column.name);
  }

  private static boolean isMicros(Relation relation, Plan.Column column) {
    DataType type = relation.type(column);
    return type.equals(DataTypes.TimestampType) || type.equals(DataTypes.TimestampNTZType);
  }

  private static int widening(Relation relation, Plan.Column column, StructField field) {
    DataType is = relation.type(column);
    DataType wanted = field.dataType();
    if (is.equals(wanted)) {
      return isMicros(relation, column) ? MICROS : AS_IS;
    }
    boolean isTime = column.type.equals("TIMESTAMP");
    if (isTime
        && (wanted.equals(DataTypes.TimestampType)
            || wanted.equals(DataTypes.TimestampNTZType))) {
      return MICROS;
    }
    if (isTime && wanted.equals(DataTypes.LongType)) {
      return AS_IS;
    }
    if (is.equals(DataTypes.IntegerType) && wanted.equals(DataTypes.LongType)) {
      return LONG;
    }
    if ((is.equals(DataTypes.IntegerType) || is.equals(DataTypes.FloatType))
        && wanted.equals(DataTypes.DoubleType)) {
      return DOUBLE;
    }
    if (is.equals(DataTypes.StringType) && wanted.equals(DataTypes.BinaryType)) {
      return AS_IS;
    }
    return NONE;
  }

  private static IllegalArgumentException doesNotWiden(
      Relation relation, Plan.Column column, StructField field) {
    return new IllegalArgumentException(
        "the schema that was given has column "
            + field.name()
            + " as "
            + field.dataType().simpleString()
            + ", in the files it is "
            + column.type
            + ", which is shown as "
            + relation.type(column).simpleString()
            + " and does not widen to that");
  }
}
