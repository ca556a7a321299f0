package io.tsfile.spark;

import java.util.Map;
import org.apache.spark.sql.connector.catalog.Table;
import org.apache.spark.sql.connector.catalog.TableProvider;
import org.apache.spark.sql.connector.expressions.Transform;
import org.apache.spark.sql.sources.DataSourceRegister;
import org.apache.spark.sql.types.StructType;
import org.apache.spark.sql.util.CaseInsensitiveStringMap;

/** {@code spark.read.format("tsfile")}. */
public class TsFileDataSource implements TableProvider, DataSourceRegister {
  private TsFileTable inferred;
  private Map<String, String> options;

  @Override
  public String shortName() {
    return "tsfile";
  }

  @Override
  public StructType inferSchema(CaseInsensitiveStringMap options) {
    return inferred(options.asCaseSensitiveMap()).schema();
  }

  @Override
  public Table getTable(
      StructType schema, Transform[] partitioning, Map<String, String> properties) {
    if (inferred != null && options.equals(properties) && inferred.schema().equals(schema)) {
      return inferred;
    }
    return new TsFileTable(properties, schema);
  }

  @Override
  public boolean supportsExternalMetadata() {
    return true;
  }

  /** What was found out for the schema serves the table that Spark asks for next. */
  private TsFileTable inferred(Map<String, String> asked) {
    if (inferred == null || !asked.equals(options)) {
      inferred = new TsFileTable(asked, null);
      options = asked;
    }
    return inferred;
  }
}
