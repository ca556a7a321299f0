package io.tsfile.spark.read;

import io.tsfile.api.Plan;
import io.tsfile.spark.Relation;
import java.util.ArrayList;
import java.util.List;
import org.apache.spark.sql.connector.expressions.Expression;
import org.apache.spark.sql.connector.expressions.Expressions;
import org.apache.spark.sql.connector.expressions.NamedReference;
import org.apache.spark.sql.connector.expressions.NullOrdering;
import org.apache.spark.sql.connector.expressions.SortDirection;
import org.apache.spark.sql.connector.expressions.SortOrder;
import org.apache.spark.sql.connector.read.SupportsReportOrdering;
import org.apache.spark.sql.connector.read.SupportsReportPartitioning;
import org.apache.spark.sql.connector.read.partitioning.KeyGroupedPartitioning;
import org.apache.spark.sql.connector.read.partitioning.Partitioning;
import org.apache.spark.sql.connector.read.partitioning.UnknownPartitioning;

/** A scan with one partition for each device, whose rows come by time: windows and groups of a device need no shuffle and no sort. */
final class KeyedScan extends TsFileScan
    implements SupportsReportPartitioning, SupportsReportOrdering {

  KeyedScan(TsFileScan planned) {
    super(planned);
  }

  /** The columns that say whose row it is: the device, or all tags. */
  static List<String> keys(Relation relation) {
    List<String> out = new ArrayList<>();
    for (Plan.Column column : relation.columns) {
      if (column.category.equals("TAG")) {
        out.add(column.name);
      }
    }
    return out;
  }

  private static NamedReference reference(String name) {
    return Expressions.column("`" + name.replace("`", "``") + "`");
  }

  /** Whether all keys are among the columns that are read: only then Spark can know what a promise is about. */
  private boolean hasKeys() {
    for (String key : keys(relation)) {
      if (!has(key)) {
        return false;
      }
    }
    return true;
  }

  private boolean has(String name) {
    for (String field : wanted.fieldNames()) {
      if (field.equals(name)) {
        return true;
      }
    }
    return false;
  }

  @Override
  public Partitioning outputPartitioning() {
    int partitions = planInputPartitions().length;
    if (!hasKeys() || partitions == 0) {
      return new UnknownPartitioning(partitions);
    }
    Expression[] keys =
        keys(relation).stream()
            .map(key -> Expressions.identity("`" + key.replace("`", "``") + "`"))
            .toArray(Expression[]::new);
    return new KeyGroupedPartitioning(keys, partitions);
  }

  @Override
  public SortOrder[] outputOrdering() {
    String time = relation.columns.get(0).name;
    if (!hasKeys() || !has(time)) {
      return new SortOrder[0];
    }
    List<SortOrder> out = new ArrayList<>();
    List<String> by = new ArrayList<>(keys(relation));
    by.add(time);
    for (String name : by) {
      out.add(
          Expressions.sort(
              reference(name), SortDirection.ASCENDING, NullOrdering.NULLS_FIRST));
    }
    return out.toArray(new SortOrder[0]);
  }
}
