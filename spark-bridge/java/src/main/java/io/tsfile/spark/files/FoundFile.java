package io.tsfile.spark.files;

import java.io.Serializable;

/** A TsFile that was found, before it is opened. */
public final class FoundFile implements Serializable {
  private static final long serialVersionUID = 1L;

  /** Path of the local file system; of others the whole URI. */
  public final String name;

  /** Whether the native library opens it by itself. */
  public final boolean local;

  public final long sizeBytes;
  public final long modifiedMs;

  /** Values of the columns that its folders make, as Spark has them inside. */
  public final Object[] partitionValues;

  /** Whether a file with deletions lies beside it. */
  public final boolean hasMods;

  FoundFile(
      String name,
      boolean local,
      long sizeBytes,
      long modifiedMs,
      Object[] partitionValues,
      boolean hasMods) {
    this.name = name;
    this.local = local;
    this.sizeBytes = sizeBytes;
    this.modifiedMs = modifiedMs;
    this.partitionValues = partitionValues;
    this.hasMods = hasMods;
  }
}
