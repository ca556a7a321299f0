package io.tsfile.spark.read;

import io.tsfile.api.Plan;
import io.tsfile.spark.Relation;
import io.tsfile.spark.TsFileOptions.TimestampAs;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.time.LocalDate;
import org.apache.spark.sql.connector.expressions.Expression;
import org.apache.spark.sql.connector.expressions.Literal;
import org.apache.spark.sql.connector.expressions.NamedReference;
import org.apache.spark.sql.connector.expressions.filter.Predicate;
import org.apache.spark.sql.types.DataType;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;
import org.apache.spark.unsafe.types.UTF8String;

/**
 * Spark's predicates as the engine's, in the SQL that {@code tsfile-cli --where} has. Only a column compared with literals is translated,
 * and only where the engine's answer is Spark's for every value; everything else stays with Spark.
 */
final class PredicateTranslator {
  private final Relation relation;
  private final StructType schema;

  /** Whether a column with values was named since {@link #translate} began. */
  private boolean namesField;

  /**
   * For a table.
   *
   * @param schema the columns as Spark sees them: a type there may be wider than in the files
   */
  PredicateTranslator(Relation relation, StructType schema) {
    this.relation = relation;
    this.schema = schema;
  }

  /** The text of a predicate; null when it is not translated. */
  String translate(Predicate predicate) {
    namesField = false;
    return of(predicate);
  }

  /** Whether the predicate that was translated last asks only whose rows and of which times: then Spark need not ask again. */
  boolean isOfKeys() {
    return !namesField;
  }

  private String of(Expression expression) {
    if (!(expression instanceof Predicate)) {
      return null;
    }
    Predicate predicate = (Predicate) expression;
    Expression[] children = predicate.children();
    switch (predicate.name()) {
      case "AND":
        return joined(children, " AND ");
      case "OR":
        return joined(children, " OR ");
      case "NOT":
        String inner = children.length == 1 ? of(children[0]) : null;
        return inner == null ? null : "(NOT " + inner + ")";
      case "=":
      case "<>":
      case "<":
      case "<=":
      case ">":
      case ">=":
      case "<=>":
        return comparison(predicate.name(), children);
      case "IN":
        return in(children);
      case "IS_NULL":
      case "IS_NOT_NULL":
        Column column = children.length == 1 ? column(children[0]) : null;
        return column == null
            ? null
            : "("
                + column.quoted
                + (predicate.name().equals("IS_NULL") ? " IS NULL)" : " IS NOT NULL)");
      case "STARTS_WITH":
        return like(children, "", "%");
      case "ENDS_WITH":
        return like(children, "%", "");
      case "CONTAINS":
        return like(children, "%", "%");
      default:
        return null;
    }
  }

  private String joined(Expression[] children, String by) {
    StringBuilder out = new StringBuilder("(");
    for (int i = 0; i < children.length; i++) {
      String child = of(children[i]);
      if (child == null) {
        return null;
      }
      out.append(i == 0 ? "" : by).append(child);
    }
    return out.append(")").toString();
  }

  /** A column of the files. */
  private static final class Column {
    final String quoted;
    final DataType type;
    final boolean isTime;

    Column(String quoted, DataType type, boolean isTime) {
      this.quoted = quoted;
      this.type = type;
      this.isTime = isTime;
    }
  }

  /** The column that an expression is; null when it is none of the files, or its values are not comparable here as they are shown. */
  private Column column(Expression expression) {
    if (!(expression instanceof NamedReference)) {
      return null;
    }
    String[] names = ((NamedReference) expression).fieldNames();
    Plan.Column column = names.length == 1 ? relation.column(names[0]) : null;
    if (column == null) {
      return null;
    }
    DataType shown = null;
    for (String name : schema.fieldNames()) {
      if (name.equals(names[0])) {
        shown = schema.apply(name).dataType();
      }
    }
    boolean isText = column.type.equals("TEXT") || column.type.equals("STRING");
    if (shown == null
        || (isText && !column.isKey() && relation.options.text.equals("lossy"))
        || (column.type.equals("DATE") && !relation.options.dates.equals("error"))) {
      return null;
    }
    namesField |= !column.isKey();
    boolean isTime =
        column.type.equals("TIMESTAMP") && relation.options.timestampAs != TimestampAs.LONG;
    return new Column("\"" + column.name.replace("\"", "\"\"") + "\"", shown, isTime);
  }

  private String comparison(String op, Expression[] children) {
    if (children.length != 2) {
      return null;
    }
    Expression left = children[0];
    Expression right = children[1];
    if (left instanceof Literal) {
      left = children[1];
      right = children[0];
      op = turned(op);
    }
    Column column = column(left);
    if (column == null || !(right instanceof Literal)) {
      return null;
    }
    Literal<?> literal = (Literal<?>) right;
    if (literal.value() == null) {
      return op.equals("<=>") ? "(" + column.quoted + " IS NULL)" : null;
    }
    if (column.isTime) {
      return time(column, op, literal);
    }
    String text = text(column, literal);
    if (text == null) {
      return null;
    }
    String named = op.equals("<=>") ? "IS NOT DISTINCT FROM" : op;
    return "(" + column.quoted + " " + named + " " + text + ")";
  }

  private String in(Expression[] children) {
    Column column = children.length > 0 ? column(children[0]) : null;
    if (column == null) {
      return null;
    }
    StringBuilder out = new StringBuilder("(");
    boolean asRanges = column.isTime && relation.options.timestampPrecision.equals("ns");
    if (!asRanges) {
      out.append(column.quoted).append(" IN (");
    }
    for (int i = 1; i < children.length; i++) {
      if (!(children[i] instanceof Literal)) {
        return null;
      }
      Literal<?> literal = (Literal<?>) children[i];
      String text;
      if (literal.value() == null) {
        // One is enough to make no row of what is not in the list; nobody writes it.
        return null;
      } else if (asRanges) {
        text = time(column, "=", literal);
      } else {
        text = column.isTime ? raw(literal) : text(column, literal);
      }
      if (text == null) {
        return null;
      }
      out.append(i == 1 ? "" : asRanges ? " OR " : ", ").append(text);
    }
    return children.length == 1 ? null : out.append(asRanges ? ")" : "))").toString();
  }

  private String like(Expression[] children, String before, String after) {
    Column column = children.length == 2 ? column(children[0]) : null;
    if (column == null
        || !column.type.equals(DataTypes.StringType)
        || !(children[1] instanceof Literal)) {
      return null;
    }
    Literal<?> literal = (Literal<?>) children[1];
    if (!(literal.value() instanceof UTF8String)
        || !DataTypes.StringType.equals(literal.dataType())) {
      return null;
    }
    String text = literal.value().toString();
    String pattern = text.replace("!", "!!").replace("%", "!%").replace("_", "!_");
    return "(" + column.quoted + " LIKE " + quoted(before + pattern + after) + " ESCAPE '!')";
  }

  private static String turned(String op) {
    switch (op) {
      case "<":
        return ">";
      case "<=":
        return ">=";
      case ">":
        return "<";
      case ">=":
        return "<=";
      default:
        return op;
    }
  }

  private static String quoted(String text) {
    return "'" + text.replace("'", "''") + "'";
  }

  /** A literal of a column's own type; null when it is of another. */
  private static String text(Column column, Literal<?> literal) {
    if (!column.type.equals(literal.dataType())) {
      return null;
    }
    Object value = literal.value();
    if (value instanceof Integer && column.type.equals(DataTypes.DateType)) {
      LocalDate date = LocalDate.ofEpochDay((Integer) value);
      boolean isPlain = date.getYear() >= 1 && date.getYear() <= 9999;
      return isPlain ? "DATE '" + date + "'" : null;
    } else if (value instanceof Integer || value instanceof Long) {
      return value.toString();
    } else if (value instanceof Float || value instanceof Double) {
      return number(((Number) value).doubleValue());
    } else if (value instanceof Boolean) {
      return (Boolean) value ? "TRUE" : "FALSE";
    } else if (value instanceof UTF8String) {
      return quoted(value.toString());
    } else if (value instanceof byte[]) {
      StringBuilder out = new StringBuilder("X'");
      for (byte b : (byte[]) value) {
        out.append(String.format("%02x", b));
      }
      return out.append("'").toString();
    }
    return null;
  }

  private static String number(double value) {
    if (Double.isNaN(value)) {
      return "DOUBLE 'NaN'";
    } else if (Double.isInfinite(value)) {
      return value > 0 ? "DOUBLE 'Infinity'" : "DOUBLE '-Infinity'";
    }
    // With an exponent it is a double, and the shortest text of a double is read back as the same.
    String text = Double.toString(value);
    return text.contains("E") ? text : text + "E0";
  }

  /** A comparison of a time that is shown in microseconds, as one of the numbers in the files. */
  private String time(Column column, String op, Literal<?> literal) {
    if (!(literal.value() instanceof Long) || !column.type.equals(literal.dataType())) {
      return null;
    }
    String name = column.quoted;
    if (!relation.options.timestampPrecision.equals("ns")) {
      String named = op.equals("<=>") ? "IS NOT DISTINCT FROM" : op;
      return "(" + name + " " + named + " " + raw(literal) + ")";
    }
    // A microsecond shows a thousand numbers.
    BigInteger thousand = BigInteger.valueOf(1_000);
    BigInteger first = BigInteger.valueOf((Long) literal.value()).multiply(thousand);
    BigInteger next = first.add(thousand);
    switch (op) {
      case "=":
        return "(" + name + " >= " + first + " AND " + name + " < " + next + ")";
      case "<>":
        return "(" + name + " < " + first + " OR " + name + " >= " + next + ")";
      case "<=>":
        return "(" + name + " IS NOT NULL AND " + name + " >= " + first + " AND " + name + " < " + next + ")";
      case "<":
        return "(" + name + " < " + first + ")";
      case "<=":
        return "(" + name + " < " + next + ")";
      case ">":
        return "(" + name + " >= " + next + ")";
      case ">=":
        return "(" + name + " >= " + first + ")";
      default:
        return null;
    }
  }

  /** Microseconds as the number in the files, with decimals where it is between two; null for another type. */
  private String raw(Literal<?> literal) {
    if (!(literal.value() instanceof Long)) {
      return null;
    }
    long micros = (Long) literal.value();
    if (relation.options.timestampPrecision.equals("us")) {
      return Long.toString(micros);
    }
    BigDecimal millis = BigDecimal.valueOf(micros, 3).stripTrailingZeros();
    return millis.scale() <= 0 ? millis.toBigInteger().toString() : millis.toPlainString();
  }
}
