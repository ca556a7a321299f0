package io.tsfile.api;

import io.tsfile.jni.NativeLibrary;
import io.tsfile.jni.NativeScan;
import java.util.List;

/** The batches of a split. Used by one thread; {@link #cancel} may be called by any. */
public final class Scan implements AutoCloseable {
  private final long id;
  private final long[] places;

  /**
   * Starts reading.
   *
   * @param files those of {@link #files}, in that order; they may be closed afterwards
   * @param shown of each column of the plan: 0 as it is, 1 times in microseconds, 2 long, 3 double
   * @param unit unit of times in the files: ms, us or ns
   * @param mostBytes the scan fails when it has more native memory than this at a time
   */
  public Scan(
      byte[] shared,
      byte[] split,
      List<OpenFile> files,
      int[] shown,
      String unit,
      long mostBytes) {
    long[] ids = files.stream().mapToLong(f -> f.id()).toArray();
    id = NativeScan.open(shared, split, ids, shown, unit, mostBytes);
    places = new long[shown.length * NativeScan.PLACES];
  }

  /** Names of the files that a split reads. */
  public static String[] files(byte[] shared, byte[] split) {
    NativeLibrary.load();
    return NativeScan.files(shared, split);
  }

  /** Reads the next batch and returns its rows; -1 at the end. What {@link #places} said before is gone then. */
  public int next() {
    return NativeScan.next(id, places);
  }

  /** Where the columns of the batch lie: {@link NativeScan#PLACES} numbers each. */
  public long[] places() {
    return places;
  }

  /** Stops {@link #next} within a page. */
  public void cancel() {
    NativeScan.cancel(id);
  }

  @Override
  public void close() {
    NativeScan.close(id);
  }
}
