package io.tsfile.jni;

/** What a request means for some files, by number. */
public final class NativePlan {
  private NativePlan() {}

  /** Numbers in {@link #facts} for each split: rows, bytes, devices, first and last time. */
  public static final int FACTS = 5;

  /** Strings in {@link #describe} for each column: name, TsFile type, category, "true" where it may be null. */
  public static final int COLUMN_FACTS = 4;

  /**
   * Plans a request.
   *
   * @param files open files, in their order
   * @param options names and values in turn
   * @param columns those that are wanted; null for all
   */
  public static native long open(long[] files, String[] options, String[] columns);

  /** The form, the table (empty in other forms), and {@link #COLUMN_FACTS} of each column. */
  public static native String[] describe(long plan);

  /** What a host may stumble over. */
  public static native String[] warnings(long plan);

  /** What all splits have in common, encoded. */
  public static native byte[] shared(long plan);

  /** Splits of about so many bytes, or of one device each where bytes is 0, encoded. */
  public static native byte[][] splits(long plan, long bytes);

  /** {@link #FACTS} of each split that was cut last. */
  public static native long[] facts(long plan);

  /** Of each split of one device that was cut last: its path, or in the table form so many tags, null where there is none. */
  public static native String[] keys(long plan, int tags);

  /** How many splits of one device there would be. */
  public static native long devices(long plan);

  /** Lets a plan go. Closing twice does nothing. */
  public static native void close(long plan);
}
