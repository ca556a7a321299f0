package io.tsfile.api;

import io.tsfile.jni.NativeLibrary;
import io.tsfile.jni.NativePlan;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;

/** What a request means for some open files. Lives as long as planning does. */
public final class Plan implements AutoCloseable {
  private final long id;

  /** The form of rows: wide, narrow or table. */
  public final String form;

  /** The table that is read; empty in other forms. */
  public final String table;

  /** The columns, the time first. */
  public final List<Column> columns;

  /** A column, as the files have it. */
  public static final class Column {
    public final String name;

    /** TsFile's name of its type, such as INT32. */
    public final String type;

    /** TIME, TAG or FIELD. */
    public final String category;

    public final boolean nullable;

    Column(String name, String type, String category, boolean nullable) {
      this.name = name;
      this.type = type;
      this.category = category;
      this.nullable = nullable;
    }

    /** Whether it says whose row it is: time, device or tag. */
    public boolean isKey() {
      return !category.equals("FIELD");
    }
  }

  /** A piece of a plan, for one task or a part of one. */
  public static final class Split {
    /** For {@link Scan}. */
    public final byte[] encoded;

    public final long rows;
    public final long bytes;
    public final long devices;

    Split(byte[] encoded, long rows, long bytes, long devices) {
      this.encoded = encoded;
      this.rows = rows;
      this.bytes = bytes;
      this.devices = devices;
    }
  }

  /**
   * Plans a request over files of {@link OpenFile}.
   *
   * @param options names and values in turn
   * @param columns those that are wanted; null for all
   */
  public Plan(List<OpenFile> files, List<String> options, List<String> columns) {
    NativeLibrary.load();
    long[] ids = files.stream().mapToLong(f -> f.id()).toArray();
    id =
        NativePlan.open(
            ids,
            options.toArray(new String[0]),
            columns == null ? null : columns.toArray(new String[0]));
    String[] facts;
    try {
      facts = NativePlan.describe(id);
    } catch (Throwable e) {
      // Nobody else knows the number yet.
      NativePlan.close(id);
      throw e;
    }
    form = facts[0];
    table = facts[1];
    List<Column> all = new ArrayList<>();
    for (int i = 2; i < facts.length; i += NativePlan.COLUMN_FACTS) {
      all.add(new Column(facts[i], facts[i + 1], facts[i + 2], facts[i + 3].equals("true")));
    }
    this.columns = Collections.unmodifiableList(all);
  }

  /** What a host may stumble over. */
  public String[] warnings() {
    return NativePlan.warnings(id);
  }

  /** What all splits have in common, for {@link Scan}. */
  public byte[] shared() {
    return NativePlan.shared(id);
  }

  /** Cuts the plan into pieces of about so many bytes; 0 for one of each device. */
  public List<Split> splits(long bytes) {
    byte[][] encoded = NativePlan.splits(id, bytes);
    long[] facts = NativePlan.facts(id);
    List<Split> out = new ArrayList<>(encoded.length);
    for (int i = 0; i < encoded.length; i++) {
      int at = i * NativePlan.FACTS;
      out.add(new Split(encoded[i], facts[at], facts[at + 1], facts[at + 2]));
    }
    return out;
  }

  /** How many devices there are, each counted once over all files. */
  public long devices() {
    return NativePlan.devices(id);
  }

  /** Of each split of one device that was cut last: its path, or in the table form so many tags. */
  public String[] keys(int tags) {
    return NativePlan.keys(id, tags);
  }

  @Override
  public void close() {
    NativePlan.close(id);
  }
}
