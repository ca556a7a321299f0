package io.tsfile.spark.read;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;
import java.util.function.IntPredicate;
import org.apache.spark.sql.connector.expressions.Expression;
import org.apache.spark.sql.connector.expressions.Literal;
import org.apache.spark.sql.connector.expressions.NamedReference;
import org.apache.spark.sql.connector.expressions.filter.Predicate;
import org.apache.spark.sql.types.DataType;
import org.apache.spark.sql.types.StructField;
import org.apache.spark.sql.types.StructType;
import org.apache.spark.unsafe.types.UTF8String;

/**
 * Predicates of columns that folders make, which are known before a file is opened. Each is asked as Spark would ask it, with its three
 * answers: true, false, and null; so Spark need not ask again.
 */
final class FolderFilter {
  private final StructType folders;
  private final StructType schema;
  private final List<Function<Object[], Boolean>> asked = new ArrayList<>();

  /** Those that are asked here. */
  final List<Predicate> taken = new ArrayList<>();

  /** The others. */
  final List<Predicate> left = new ArrayList<>();

  /**
   * Takes what it can of some predicates.
   *
   * @param folders the columns that folders make
   * @param schema the columns as Spark sees them
   */
  FolderFilter(Predicate[] predicates, StructType folders, StructType schema) {
    this.folders = folders;
    this.schema = schema;
    for (Predicate predicate : predicates) {
      boolean namesOne = predicate.references().length > 0;
      Function<Object[], Boolean> of = namesOne ? of(predicate) : null;
      if (of == null) {
        left.add(predicate);
      } else {
        asked.add(of);
        taken.add(predicate);
      }
    }
  }

  /** Whether files of a folder with those values have rows of which all predicates are true. */
  boolean keeps(Object[] values) {
    for (Function<Object[], Boolean> one : asked) {
      if (!Boolean.TRUE.equals(one.apply(values))) {
        return false;
      }
    }
    return true;
  }

  /** The answer to a predicate for the values of a folder; null when it is not understood. */
  private Function<Object[], Boolean> of(Expression expression) {
    if (!(expression instanceof Predicate)) {
      return null;
    }
    Expression[] children = expression.children();
    String name = ((Predicate) expression).name();
    switch (name) {
      case "AND":
        return joined(children, false);
      case "OR":
        return joined(children, true);
      case "NOT":
        Function<Object[], Boolean> inner = of(children[0]);
        return inner == null
            ? null
            : values -> {
              Boolean is = inner.apply(values);
              return is == null ? null : !is;
            };
      case "IS_NULL":
      case "IS_NOT_NULL":
        int column = column(children[0]);
        boolean wanted = name.equals("IS_NULL");
        return column < 0 ? null : values -> (values[column] == null) == wanted;
      case "=":
        return comparison(children, sign -> sign == 0);
      case "<>":
        return comparison(children, sign -> sign != 0);
      case "<":
        return comparison(children, sign -> sign < 0);
      case "<=":
        return comparison(children, sign -> sign <= 0);
      case ">":
        return comparison(children, sign -> sign > 0);
      case ">=":
        return comparison(children, sign -> sign >= 0);
      case "<=>":
        return same(children);
      case "IN":
        return in(children);
      case "STARTS_WITH":
      case "ENDS_WITH":
      case "CONTAINS":
        return text(name, children);
      default:
        return null;
    }
  }

  private Function<Object[], Boolean> joined(Expression[] children, boolean decides) {
    List<Function<Object[], Boolean>> all = new ArrayList<>();
    for (Expression child : children) {
      all.add(of(child));
    }
    return joined(all, decides);
  }

  /** One that is {@code decides} settles it; else one that is null does. Null where one of them is not known. */
  private static Function<Object[], Boolean> joined(
      List<Function<Object[], Boolean>> all, boolean decides) {
    if (all.contains(null)) {
      return null;
    }
    return values -> {
      boolean unknown = false;
      for (Function<Object[], Boolean> one : all) {
        Boolean is = one.apply(values);
        if (is == null) {
          unknown = true;
        } else if (is == decides) {
          return decides;
        }
      }
      return unknown ? null : !decides;
    };
  }

  private Function<Object[], Boolean> comparison(Expression[] children, IntPredicate holds) {
    boolean turned = children[0] instanceof Literal;
    int column = column(children[turned ? 1 : 0]);
    Expression other = children[turned ? 0 : 1];
    if (column < 0 || !isLiteralOf(column, other)) {
      return null;
    }
    Object literal = ((Literal<?>) other).value();
    return values -> {
      if (values[column] == null || literal == null) {
        return null;
      }
      int sign = compare(values[column], literal);
      return holds.test(turned ? -sign : sign);
    };
  }

  private Function<Object[], Boolean> same(Expression[] children) {
    Function<Object[], Boolean> equal = comparison(children, sign -> sign == 0);
    if (equal == null) {
      return null;
    }
    boolean turned = children[0] instanceof Literal;
    int column = column(children[turned ? 1 : 0]);
    boolean isNull = ((Literal<?>) children[turned ? 0 : 1]).value() == null;
    return values ->
        values[column] == null || isNull ? values[column] == null && isNull : equal.apply(values);
  }

  private Function<Object[], Boolean> in(Expression[] children) {
    List<Function<Object[], Boolean>> all = new ArrayList<>();
    for (int i = 1; i < children.length; i++) {
      all.add(comparison(new Expression[] {children[0], children[i]}, sign -> sign == 0));
    }
    return joined(all, true);
  }

  private Function<Object[], Boolean> text(String name, Expression[] children) {
    int column = column(children[0]);
    if (column < 0
        || !isLiteralOf(column, children[1])
        || !(((Literal<?>) children[1]).value() instanceof UTF8String)) {
      return null;
    }
    UTF8String part = (UTF8String) ((Literal<?>) children[1]).value();
    return values -> {
      UTF8String text = (UTF8String) values[column];
      if (text == null) {
        return null;
      }
      switch (name) {
        case "STARTS_WITH":
          return text.startsWith(part);
        case "ENDS_WITH":
          return text.endsWith(part);
        default:
          return text.contains(part);
      }
    };
  }

  /** The place of a column among those that folders make; below 0 when it is none, or Spark sees it as another type. */
  private int column(Expression expression) {
    if (!(expression instanceof NamedReference)) {
      return -1;
    }
    String[] names = ((NamedReference) expression).fieldNames();
    StructField[] all = folders.fields();
    for (int i = 0; i < all.length && names.length == 1; i++) {
      if (all[i].name().equalsIgnoreCase(names[0])) {
        for (StructField field : schema.fields()) {
          if (field.name().equals(names[0]) && field.dataType().equals(all[i].dataType())) {
            return i;
          }
        }
      }
    }
    return -1;
  }

  /** Whether it is a literal of the column's type, collation included. */
  private boolean isLiteralOf(int column, Expression expression) {
    if (!(expression instanceof Literal)) {
      return false;
    }
    DataType type = folders.fields()[column].dataType();
    return type.equals(((Literal<?>) expression).dataType());
  }

  /** As Spark orders values of one type: NaN is the largest number, both zeros are one. */
  private static int compare(Object a, Object b) {
    if (a instanceof UTF8String) {
      return ((UTF8String) a).compareTo((UTF8String) b);
    } else if (a instanceof Double) {
      double left = (Double) a;
      double right = (Double) b;
      return left == right ? 0 : Double.compare(left, right);
    }
    return Long.compare(((Number) a).longValue(), ((Number) b).longValue());
  }
}
