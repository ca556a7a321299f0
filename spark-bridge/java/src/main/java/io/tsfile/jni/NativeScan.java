package io.tsfile.jni;

/** The batches of a split, by number. */
public final class NativeScan {
  private NativeScan() {}

  /**
   * Numbers that say where a column lies: values, offsets of texts (0 without), validity (0 without nulls), the first bit in the
   * values of flags, the first bit in the validity, number of nulls; of texts with a dictionary, whose entries are the values, the key of
   * each row (0 without) as 32-bit numbers, and how many entries there are.
   */
  public static final int PLACES = 8;

  /** Names of the files of a split. */
  public static native String[] files(byte[] shared, byte[] split);

  /**
   * Starts reading.
   *
   * @param files opened in the order of {@link #files}; they may be closed afterwards
   * @param shown of each column: 0 as it is, 1 times in microseconds, 2 long, 3 double
   * @param unit unit of times in the files: ms, us or ns
   * @param mostBytes the scan fails when it has more native memory than this at a time
   */
  public static native long open(
      byte[] shared, byte[] split, long[] files, int[] shown, String unit, long mostBytes);

  /** Reads the next batch and writes {@link #PLACES} of each column; returns its rows, -1 at the end. The batch before is gone then. */
  public static native int next(long scan, long[] places);

  /** Stops a scan from another thread: {@link #next} throws within a page. */
  public static native void cancel(long scan);

  /** Lets a scan and its batch go. Closing twice does nothing. */
  public static native void close(long scan);
}
