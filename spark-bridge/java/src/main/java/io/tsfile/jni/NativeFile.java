package io.tsfile.jni;

/** An open TsFile, by number. */
public final class NativeFile {
  private NativeFile() {}

  /**
   * Opens a file.
   *
   * @param name path of the local file system, or what stands for the file in errors and splits
   * @param input null for a path of the local file system, else where bytes come from
   * @param sizeBytes length; of a local file it is looked up
   * @param modifiedMs time of the last modification since 1970; of a local file it is looked up
   * @param ignoreMods whether the file is read although deletions lie beside it
   * @param kept whether it is kept for later queries: then its index is read, and counted as cached
   * @param mostPageBytes pages that take more than this are refused; 0 for what the library refuses by itself
   */
  public static native long open(
      String name,
      PositionedInput input,
      long sizeBytes,
      long modifiedMs,
      boolean ignoreMods,
      boolean kept,
      long mostPageBytes);

  /** About how many bytes a file that is kept takes. */
  public static native long sizeBytes(long file);

  /** Lets a file use the index of another one where that has it, and is the same file. */
  public static native void shareIndex(long file, long other);

  /** Names of the tables in the file. */
  public static native String[] tables(long file);

  /** Lets a file go; plans and scans that were made of it keep what they need. Closing twice does nothing. */
  public static native void close(long file);
}
