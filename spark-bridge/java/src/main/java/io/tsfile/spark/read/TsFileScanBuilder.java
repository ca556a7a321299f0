package io.tsfile.spark.read;

import io.tsfile.spark.Relation;
import io.tsfile.spark.Source;
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
  private final Source source;
  private final StructType schema;
  private StructType required;
  private final List<String> filters = new ArrayList<>();
  private List<Predicate> folders = new ArrayList<>();
  private Predicate[] pushed = new Predicate[0];

  /** The files that are read; null for all. */
  private Relation pruned;

  private int limit = -1;

  public TsFileScanBuilder(Source source, StructType schema) {
    this.source = source;
    this.schema = schema;
    this.required = schema;
  }

  @Override
  public Predicate[] pushPredicates(Predicate[] predicates) {
    if (!source.options.pushdown) {
      return predicates;
    }
    List<Predicate> taken = new ArrayList<>();
    List<Predicate> left = new ArrayList<>();
    Predicate[] ofFiles = prune(predicates);
    taken.addAll(folders);
    PredicateTranslator translator = new PredicateTranslator(relation(), schema);
    for (Predicate predicate : ofFiles) {
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

  /** Passes over files by their folders, before they are opened, and returns what is to be asked of the others. */
  private Predicate[] prune(Predicate[] predicates) {
    FolderFilter filter = new FolderFilter(predicates, source.files.partitionSchema, schema);
    // Which rows are projected depends on columns that only the other files may have.
    if (filter.taken.isEmpty() || source.options.rows.equals("projected")) {
      return predicates;
    }
    Relation left = source.where(filter::keeps, schema);
    // Types that only files together widen to: then Spark asks.
    if (!Shown.fits(left, schema)) {
      return predicates;
    }
    pruned = left;
    folders = filter.taken;
    return filter.left.toArray(new Predicate[0]);
  }

  private Relation relation() {
    return pruned != null ? pruned : source.relation();
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
    if (!source.options.pushdown) {
      return false;
    }
    this.limit = limit;
    return true;
  }

  @Override
  public Scan build() {
    return TsFileScan.plan(relation(), required, filters, folders, limit);
  }
}
