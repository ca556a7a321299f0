package io.tsfile.spark;

import java.io.Serializable;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeSet;
import org.apache.spark.network.util.JavaUtils;

/** The options of a read, checked: an option that is not known, or has a value that it cannot have, is an error that lists what there is. */
public final class TsFileOptions implements Serializable {
  private static final long serialVersionUID = 1L;

  private static final List<String> READ =
      Arrays.asList(
          "path", "paths", "form", "model", "table", "timeColumn", "deviceColumn", "tagColumns",
          "fieldColumns", "timestampAs", "timestampPrecision", "mergeSchema", "pushdown", "rows",
          "text", "dates", "recursiveFileLookup", "pathGlobFilter", "ignoreCorruptFiles",
          "ignoreMissingFiles", "ignoreMods", "ignoreUnsealed", "partitioning", "lossy",
          "maxTaskMemory");

  /** Known so that one set of options can serve both ways; reading does nothing with them. */
  private static final List<String> WRITE =
      Arrays.asList(
          "compression", "encoding", "aligned", "duplicates", "compat", "nullTagPolicy",
          "maxRowsPerTablet", "BOOLEAN", "INT32", "INT64", "FLOAT", "DOUBLE", "BYTE_ARRAY");

  /** Keys that Spark puts in by itself. */
  private static final List<String> INJECTED =
      Arrays.asList(
          "__partition_columns", "provider", "owner", "location", "comment", "external",
          "is_managed_location", "table_type", "__provided_location");

  /** Native memory that a task may have, where the options do not say. */
  private static final long TASK_BYTES = 64L << 20;

  /** A batch is at most this part of it: decoding needs a page beside that, and what is read ahead. */
  private static final int BATCHES_IN_TASK = 16;

  private static final long LEAST_BATCH_BYTES = 16L << 10;
  private static final long MOST_BATCH_BYTES = 4L << 20;

  /** How times are shown. */
  public enum TimestampAs {
    LONG,
    TIMESTAMP,
    TIMESTAMP_NTZ
  }

  /** How a scan is cut for tasks. */
  public enum Partitioning {
    AUTO,
    KEYED,
    PARALLEL
  }

  /** Files and folders, as they were given. */
  public final List<String> paths;

  /** wide, narrow, table, or null for what suits the files. */
  public final String form;

  /** The table, or null. */
  public final String table;

  public final TimestampAs timestampAs;

  /** Unit of the times in the files: ms, us or ns. */
  public final String timestampPrecision;

  public final boolean pushdown;
  public final String rows;
  public final String text;
  public final String dates;
  public final boolean recursiveFileLookup;

  /** Which names of files in folders are taken, or null for those that end in .tsfile. */
  public final String pathGlobFilter;

  /** True or false, or null for what the session says. */
  public final Boolean ignoreCorruptFiles;

  public final Boolean ignoreMissingFiles;
  public final boolean ignoreMods;
  public final boolean ignoreUnsealed;
  public final Partitioning partitioning;

  /** Most bytes of native memory of a task at a time. */
  public final long maxTaskMemory;

  private final Map<String, String> given;

  /**
   * Checks options.
   *
   * @param options by name; case does not matter
   * @throws IllegalArgumentException an option is not known, or has no such value
   */
  public TsFileOptions(Map<String, String> options) {
    given = new HashMap<>();
    for (Map.Entry<String, String> option : options.entrySet()) {
      given.put(option.getKey().toLowerCase(Locale.ROOT), option.getValue());
    }
    checkNames(options);
    paths = Collections.unmodifiableList(pathsOf(given));
    String model = oneOf("model", "auto", "tree", "table");
    String asked = oneOf("form", null, "wide", "narrow", "table", "narrow_form");
    if ("narrow_form".equals(asked)) {
      asked = "narrow";
    }
    if ("table".equals(model)) {
      if (asked != null && !asked.equals("table")) {
        throw bad("form", asked, "model=table has the form table");
      }
      asked = "table";
    } else if ("tree".equals(model)) {
      if ("table".equals(asked)) {
        throw bad("form", asked, "model=tree has the forms wide and narrow");
      }
      asked = asked == null ? "wide" : asked;
    }
    form = asked;
    table = given.get("table");
    timestampAs =
        TimestampAs.valueOf(
            oneOf("timestampAs", "long", "long", "timestamp", "timestamp_ntz")
                .toUpperCase(Locale.ROOT));
    timestampPrecision = oneOf("timestampPrecision", "ms", "ms", "us", "ns");
    pushdown = flag("pushdown", true);
    rows = oneOf("rows", "all", "all", "projected");
    text = oneOf("text", "utf8", "utf8", "lossy", "binary");
    dates = oneOf("dates", "error", "error", "null", "int");
    recursiveFileLookup = flag("recursiveFileLookup", false);
    pathGlobFilter = given.get("pathglobfilter");
    ignoreCorruptFiles = optional("ignoreCorruptFiles");
    ignoreMissingFiles = optional("ignoreMissingFiles");
    ignoreMods = flag("ignoreMods", false);
    ignoreUnsealed = flag("ignoreUnsealed", false);
    partitioning =
        Partitioning.valueOf(
            oneOf("partitioning", "auto", "auto", "keyed", "parallel").toUpperCase(Locale.ROOT));
    maxTaskMemory = size("maxTaskMemory", TASK_BYTES);
    mergeSchema();
  }

  /**
   * The options that the engine has as well, names and values in turn.
   *
   * @param allRows whether there are all rows, even where the option {@code rows} says otherwise
   */
  public List<String> forEngine(boolean allRows) {
    List<String> out = new ArrayList<>();
    add(out, "form", form);
    add(out, "table", form == null || form.equals("table") ? table : null);
    add(out, "timeColumn", given.get("timecolumn"));
    add(out, "deviceColumn", given.get("devicecolumn"));
    add(out, "rows", allRows ? "all" : rows);
    add(out, "text", text);
    add(out, "dates", dates);
    add(out, "timestampPrecision", timestampPrecision);
    add(out, "mergeSchema", mergeSchema());
    add(out, "lossy", Boolean.toString(flag("lossy", false)));
    long batch = Math.min(MOST_BATCH_BYTES, maxTaskMemory / BATCHES_IN_TASK);
    add(out, "batchBytes", Long.toString(Math.max(LEAST_BATCH_BYTES, batch)));
    return out;
  }

  /** The same options with the table by the name that it has in the files. */
  public TsFileOptions withTable(String name) {
    Map<String, String> options = new HashMap<>(given);
    options.put("table", name);
    return new TsFileOptions(options);
  }

  /** The same options with that form; null for what suits the files. */
  TsFileOptions withForm(String name) {
    Map<String, String> options = new HashMap<>(given);
    if (name != null) {
      options.put("form", name);
      options.remove("model");
    }
    return new TsFileOptions(options);
  }

  /** Columns that an option names, with commas between them; none where it is not there. */
  List<String> columns(String name) {
    List<String> out = new ArrayList<>();
    for (String column : given.getOrDefault(name.toLowerCase(Locale.ROOT), "").split(",")) {
      if (!column.trim().isEmpty()) {
        out.add(column.trim());
      }
    }
    return out;
  }

  private String mergeSchema() {
    String asked = oneOf("mergeSchema", null, "true", "false", "strict", "union", "widen");
    if (asked == null) {
      return null;
    }
    switch (asked) {
      case "true":
        return "union";
      case "false":
        return "strict";
      default:
        return asked;
    }
  }

  private static void add(List<String> out, String name, String value) {
    if (value != null) {
      out.add(name);
      out.add(value);
    }
  }

  private static void checkNames(Map<String, String> options) {
    TreeSet<String> known = new TreeSet<>(String.CASE_INSENSITIVE_ORDER);
    known.addAll(READ);
    known.addAll(WRITE);
    TreeSet<String> injected = new TreeSet<>(String.CASE_INSENSITIVE_ORDER);
    injected.addAll(INJECTED);
    for (String name : options.keySet()) {
      boolean isSparks = name.toLowerCase(Locale.ROOT).startsWith("option.");
      if (!known.contains(name) && !injected.contains(name) && !isSparks) {
        throw new IllegalArgumentException(
            "tsfile has no option " + name + "; its options are: " + String.join(", ", known));
      }
    }
  }

  private static List<String> pathsOf(Map<String, String> given) {
    List<String> out = new ArrayList<>();
    if (given.get("paths") != null) {
      out.addAll(JsonStrings.parse(given.get("paths")));
    }
    String path = given.get("path") != null ? given.get("path") : given.get("location");
    if (path != null) {
      out.add(path);
    }
    return out;
  }

  private String oneOf(String name, String without, String... values) {
    String value = given.get(name.toLowerCase(Locale.ROOT));
    if (value == null) {
      return without;
    }
    String small = value.toLowerCase(Locale.ROOT);
    if (Arrays.asList(values).contains(small) || small.equals(without)) {
      return small;
    }
    throw bad(name, value, "it can be " + String.join(", ", values));
  }

  private boolean flag(String name, boolean without) {
    return Boolean.parseBoolean(oneOf(name, Boolean.toString(without), "true", "false"));
  }

  private Boolean optional(String name) {
    String value = oneOf(name, null, "true", "false");
    return value == null ? null : Boolean.valueOf(value);
  }

  /** A number of bytes, with a unit as Spark has them: 64m. */
  private long size(String name, long without) {
    String value = given.get(name.toLowerCase(Locale.ROOT));
    if (value == null) {
      return without;
    }
    long bytes;
    try {
      bytes = JavaUtils.byteStringAsBytes(value);
    } catch (NumberFormatException e) {
      bytes = 0;
    }
    if (bytes <= 0) {
      throw bad(name, value, "it is a number of bytes above 0, such as 64m or 1g");
    }
    return bytes;
  }

  private static IllegalArgumentException bad(String name, String value, String why) {
    return new IllegalArgumentException("option " + name + "=" + value + ": " + why);
  }
}
