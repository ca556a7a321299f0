package io.tsfile.spark.read;

import io.tsfile.api.Plan;
import io.tsfile.spark.Relation;
import io.tsfile.spark.TsFileOptions.Partitioning;
import io.tsfile.spark.files.FoundFile;
import io.tsfile.spark.files.FoundFiles;
import io.tsfile.spark.files.OpenFiles;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.stream.Collectors;
import org.apache.spark.SparkContext;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.broadcast.Broadcast;
import org.apache.spark.network.util.JavaUtils;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.connector.expressions.filter.Predicate;
import org.apache.spark.sql.connector.read.Batch;
import org.apache.spark.sql.connector.read.InputPartition;
import org.apache.spark.sql.connector.read.PartitionReaderFactory;
import org.apache.spark.sql.connector.read.Scan;
import org.apache.spark.sql.connector.read.Statistics;
import org.apache.spark.sql.connector.read.SupportsReportStatistics;
import org.apache.spark.sql.types.StructField;
import org.apache.spark.sql.types.StructType;
import org.apache.spark.util.SerializableConfiguration;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** A query of a table, planned: what tasks read, and how large it is. It promises nothing about the order of rows. */
class TsFileScan implements Scan, Batch, SupportsReportStatistics {
  private static final Logger LOG = LoggerFactory.getLogger(TsFileScan.class);

  /** Most devices that a keyed scan may have, where it is asked for by name. */
  private static final long MOST_KEYED = 100_000;

  final Relation relation;
  final StructType wanted;
  private final TsFileReaderFactory factory;
  private final InputPartition[] partitions;
  private final long rows;
  private final long bytes;
  private final String words;

  TsFileScan(TsFileScan planned) {
    this.relation = planned.relation;
    this.wanted = planned.wanted;
    this.factory = planned.factory;
    this.partitions = planned.partitions;
    this.rows = planned.rows;
    this.bytes = planned.bytes;
    this.words = planned.words;
  }

  private TsFileScan(
      Relation relation,
      StructType wanted,
      TsFileReaderFactory factory,
      InputPartition[] partitions,
      long rows,
      long bytes,
      String words) {
    this.relation = relation;
    this.wanted = wanted;
    this.factory = factory;
    this.partitions = partitions;
    this.rows = rows;
    this.bytes = bytes;
    this.words = words;
  }

  /**
   * Plans a query.
   *
   * @param filters texts of which all have to hold
   * @param folders what was asked of folders, which the files of the relation answer
   * @param limit most rows of each split; below 0 all
   */
  static TsFileScan plan(
      Relation relation,
      StructType wanted,
      List<String> filters,
      List<Predicate> folders,
      int limit) {
    List<String> columns = columns(relation, wanted);
    // A count, or times alone, are those of all timeseries: without any column no row would be projected.
    List<String> options = new ArrayList<>(relation.options.forEngine(columns.isEmpty()));
    if (!filters.isEmpty()) {
      options.add("filter");
      options.add(String.join(" AND ", filters));
    }
    if (limit >= 0) {
      options.add("limit");
      options.add(Integer.toString(limit));
    }
    String said =
        "filters: "
            + (filters.isEmpty() ? "none" : String.join(" AND ", filters))
            + (folders.isEmpty() ? "" : ", " + words(folders, relation.files))
            + (limit < 0 ? "" : ", limit: " + limit);
    try (OpenFiles open = OpenFiles.open(relation.files.files, relation.options)) {
      if (open.files().isEmpty()) {
        return new TsFileScan(relation, wanted, null, new InputPartition[0], 0, 0, said);
      }
      try (Plan plan = new Plan(open.files(), options, columns)) {
        for (String warning : plan.warnings()) {
          LOG.warn(warning);
        }
        Shown shown = Shown.of(relation, plan, wanted);
        TsFileReaderFactory factory =
            new TsFileReaderFactory(
                plan.shared(),
                shown,
                relation.options.timestampPrecision,
                OpenFiles.Ignored.of(relation.options),
                relation.options.maxTaskMemory,
                conf(relation));
        return new Planner(relation, plan, wanted, factory, said).scan();
      }
    }
  }

  private static String words(List<Predicate> folders, FoundFiles files) {
    String all = folders.stream().map(p -> "(" + p + ")").collect(Collectors.joining(" AND "));
    return "partition filters: " + all + ", files: " + files.files.size() + " of " + files.all.files.size();
  }

  /** What executors need to reach files of other file systems than the local one. */
  private static Broadcast<SerializableConfiguration> conf(Relation relation) {
    if (relation.files.files.stream().allMatch(file -> file.local)) {
      return null;
    }
    SparkContext spark = SparkSession.active().sparkContext();
    return JavaSparkContext.fromSparkContext(spark)
        .broadcast(new SerializableConfiguration(spark.hadoopConfiguration()));
  }

  /** The columns to ask the engine for: the time is always there. */
  private static List<String> columns(Relation relation, StructType wanted) {
    List<String> out = new ArrayList<>();
    for (StructField field : wanted.fields()) {
      Plan.Column column = relation.column(field.name());
      boolean always =
          column == null
              || column.category.equals("TIME")
              || (column.isKey() && !relation.form.equals("table"));
      if (!always && !out.contains(column.name)) {
        out.add(column.name);
      }
    }
    return out;
  }

  /** Puts splits together to partitions. */
  private static final class Planner {
    private final Relation relation;
    private final Plan plan;
    private final StructType wanted;
    private final TsFileReaderFactory factory;
    private final String said;

    Planner(
        Relation relation, Plan plan, StructType wanted, TsFileReaderFactory factory, String said) {
      this.relation = relation;
      this.plan = plan;
      this.wanted = wanted;
      this.factory = factory;
      this.said = said;
    }

    TsFileScan scan() {
      TsFileScan keyed = keyed();
      return keyed != null ? keyed : parallel();
    }

    /** One partition for each device; null where that is not wanted, or not possible. */
    private TsFileScan keyed() {
      Partitioning asked = relation.options.partitioning;
      boolean canBe =
          !plan.form.equals("wide") && relation.files.partitionSchema.length() == 0;
      if (asked == Partitioning.PARALLEL || !canBe) {
        return null;
      }
      long most = MOST_KEYED;
      if (asked == Partitioning.AUTO) {
        if (!conf("spark.sql.sources.v2.bucketing.enabled", "false").equals("true")) {
          return null;
        }
        int parallelism = SparkSession.active().sparkContext().defaultParallelism();
        most = Math.max(64, 4L * parallelism);
      }
      if (plan.devices() > most) {
        return null;
      }
      List<Plan.Split> splits = plan.splits(0);
      int tags = KeyedScan.keys(relation).size();
      String[] keys = plan.keys(tags);
      InputPartition[] out = new InputPartition[splits.size()];
      for (int i = 0; i < out.length; i++) {
        String[] key = java.util.Arrays.copyOfRange(keys, i * tags, (i + 1) * tags);
        out[i] = new KeyedPartition(splits.get(i).encoded, key);
      }
      return new KeyedScan(of(out, splits, "keyed"));
    }

    /** Splits of about the size that the session has for files, small ones packed. */
    private TsFileScan parallel() {
      long most = bytes("spark.sql.files.maxPartitionBytes", "128MB");
      long opening = bytes("spark.sql.files.openCostInBytes", "4MB");
      int parallelism = Math.max(1, SparkSession.active().sparkContext().defaultParallelism());
      int files = relation.files.files.size();
      long all = 0;
      for (FoundFile file : relation.files.files) {
        all += file.sizeBytes;
      }
      long each = share(all, files, parallelism, opening, most);
      List<Plan.Split> splits = plan.splits(each);
      // Of a file with many columns few bytes may be read, which are work for all cores all the same.
      long read = 0;
      for (Plan.Split split : splits) {
        read += split.bytes;
      }
      long less = share(read, files, parallelism, opening, most);
      if (splits.size() < parallelism && less < each) {
        each = less;
        splits = plan.splits(each);
      }
      Map<String, FoundFile> byName = relation.byName();
      List<InputPartition> out = new ArrayList<>();
      List<byte[]> packed = new ArrayList<>();
      List<Object[]> folders = new ArrayList<>();
      long size = 0;
      for (Plan.Split split : splits) {
        if (!packed.isEmpty() && size + split.bytes > each) {
          out.add(new TsFilePartition(packed, folders));
          packed = new ArrayList<>();
          folders = new ArrayList<>();
          size = 0;
        }
        packed.add(split.encoded);
        folders.add(folder(split, byName));
        size += split.bytes + opening;
      }
      if (!packed.isEmpty()) {
        out.add(new TsFilePartition(packed, folders));
      }
      return of(out.toArray(new InputPartition[0]), splits, "parallel");
    }

    /** What each core gets of so many bytes in so many files, much as in Spark's own sources. */
    private static long share(long bytes, int files, int cores, long opening, long most) {
      long all = bytes + opening * Math.max(0, files - 1);
      // A little more, since pieces end where chunks do, and what is left over would be a partition of its own.
      long each = all / cores + all / cores / 16;
      return Math.max(1, Math.min(most, Math.max(opening, each)));
    }

    private Object[] folder(Plan.Split split, Map<String, FoundFile> byName) {
      if (relation.files.partitionSchema.length() == 0) {
        return new Object[0];
      }
      String[] files = io.tsfile.api.Scan.files(factory.shared, split.encoded);
      return byName.get(files[0]).partitionValues;
    }

    private TsFileScan of(InputPartition[] partitions, List<Plan.Split> splits, String manner) {
      long rows = 0;
      long bytes = 0;
      for (Plan.Split split : splits) {
        rows += split.rows;
        bytes += split.bytes;
      }
      String words = said + ", form: " + plan.form + ", scan: " + manner;
      return new TsFileScan(relation, wanted, factory, partitions, rows, bytes, words);
    }

    private static String conf(String key, String without) {
      return SparkSession.active().conf().get(key, without);
    }

    private static long bytes(String key, String without) {
      return JavaUtils.byteStringAsBytes(conf(key, without));
    }
  }

  @Override
  public StructType readSchema() {
    return wanted;
  }

  @Override
  public String description() {
    return "tsfile " + String.join(", ", relation.options.paths) + ", " + words;
  }

  @Override
  public Batch toBatch() {
    return this;
  }

  @Override
  public ColumnarSupportMode columnarSupportMode() {
    return ColumnarSupportMode.SUPPORTED;
  }

  @Override
  public InputPartition[] planInputPartitions() {
    return partitions;
  }

  @Override
  public PartitionReaderFactory createReaderFactory() {
    return factory;
  }

  @Override
  public Statistics estimateStatistics() {
    return new Statistics() {
      @Override
      public OptionalLong sizeInBytes() {
        return OptionalLong.of(bytes);
      }

      @Override
      public OptionalLong numRows() {
        return OptionalLong.of(rows);
      }
    };
  }

  /** Scans of the same thing are one: Spark reads it once and uses it twice then. */
  @Override
  public boolean equals(Object other) {
    if (other == null || other.getClass() != getClass()) {
      return false;
    }
    TsFileScan scan = (TsFileScan) other;
    return relation.files.all == scan.relation.files.all && wanted.equals(scan.wanted) && words.equals(scan.words);
  }

  @Override
  public int hashCode() {
    return wanted.hashCode() * 31 + words.hashCode();
  }

  @Override
  public String toString() {
    return description();
  }

}
