package io.tsfile.spark.read;

import io.tsfile.spark.Relation;
import java.util.ArrayList;
import java.util.List;
import org.apache.spark.sql.connector.expressions.filter.Predicate;
import org.apache.spark.sql.connector.read.Scan;
import org.apache.spark.sql.connector.read.SupportsPushDownLimit;
import org.apache.spark.sql.connector.read.SupportsPushDownRequiredColumns;
import org.apache.spark.sql.connector.read.SupportsPushDownV2Filters;
import org.apache.spark.sql.types.StructType;

/** Collects what Spark wants of a table, then plans it. */
public final class TsFileScanBuilder
    implements SupportsPushDownV2Filters, SupportsPushDownRequiredColumns, SupportsPushDownLimit {
  private final Relation relation;
  private final StructType schema;
  private StructType required;
  private final List<String> filters = new ArrayList<>();
  private Predicate[] pushed = new Predicate[0];
  private int limit = -1;

  public TsFileScanBuilder(Relation relation, StructType schema) {
    this.relation = relation;
    this.schema = schema;
    this.required = schema;
  }

  @Override
  public Predicate[] pushPredicates(Predicate[] predicates) {
    if (!relation.options.pushdown) {
      return predicates;
    }
    PredicateTranslator translator = new PredicateTranslator(relation, schema);
    List<Predicate> taken = new ArrayList<>();
    List<Predicate> left = new ArrayList<>();
    for (Predicate predicate : predicates) {
      String text = translator.translate(predicate);
      if (text != null) {
        filters.add(text);
        taken.add(predicate);
      }
      if (text == null || !translator.isOfKeys()) {
        left.add(predicate);
      }
    }
    pushed = taken.toArray(new Predicate[0]);
    return left.toArray(new Predicate[0]);
  }

  @Override
  public Predicate[] pushedPredicates() {
    return pushed;
  }

  @Override
  public void pruneColumns(StructType requiredSchema) {
    required = requiredSchema;
  }

  @Override
  public boolean pushLimit(int limit) {
    if (!relation.options.pushdown) {
      return false;
    }
    this.limit = limit;
    return true;
  }

  @Override
  public Scan build() {
    return TsFileScan.plan(relation, required, filters, limit);
  }
}
