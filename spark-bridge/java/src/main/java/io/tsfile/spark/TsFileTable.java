package io.tsfile.spark;

import io.tsfile.spark.read.TsFileScanBuilder;
import java.util.Collections;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import org.apache.spark.sql.connector.catalog.SupportsRead;
import org.apache.spark.sql.connector.catalog.TableCapability;
import org.apache.spark.sql.connector.read.ScanBuilder;
import org.apache.spark.sql.types.StructType;
import org.apache.spark.sql.util.CaseInsensitiveStringMap;

/** Some TsFiles as a table: their columns, and those that hive-style folders make. */
public final class TsFileTable implements SupportsRead {
  private final Map<String, String> properties;
  private final StructType given;
  private Source source;

  /**
   * A table of the files that the properties name.
   *
   * @param schema what the user wants to see; null for what is in the files
   */
  TsFileTable(Map<String, String> properties, StructType schema) {
    this.properties = new HashMap<>(properties);
    this.given = schema;
    if (schema == null) {
      source = new Source(new TsFileOptions(properties), null);
      source.relation();
    } else {
      // Options are checked at once, files when they are needed.
      new TsFileOptions(properties);
    }
  }

  @Override
  public String name() {
    return "tsfile " + String.join(", ", new TsFileOptions(properties).paths);
  }

  @Override
  public StructType schema() {
    return given != null ? given : source.relation().schema();
  }

  @Override
  public Set<TableCapability> capabilities() {
    return Collections.singleton(TableCapability.BATCH_READ);
  }

  @Override
  public ScanBuilder newScanBuilder(CaseInsensitiveStringMap options) {
    return new TsFileScanBuilder(source(options.asCaseSensitiveMap()), schema());
  }

  /** Options come with the table, with the scan, or with both. */
  private synchronized Source source(Map<String, String> ofScan) {
    Map<String, String> all = new HashMap<>(properties);
    boolean more = false;
    for (Map.Entry<String, String> option : ofScan.entrySet()) {
      more |= !option.getValue().equals(all.put(option.getKey(), option.getValue()));
    }
    if (source == null || more) {
      source = new Source(new TsFileOptions(all), given);
    }
    return source;
  }
}
