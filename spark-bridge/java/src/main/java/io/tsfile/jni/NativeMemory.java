package io.tsfile.jni;

/** Counts of native memory; see {@link io.tsfile.TsFileNative}. */
public final class NativeMemory {
  private NativeMemory() {}

  public static native long liveBytes();

  public static native long cachedBytes();

  public static native long peakBytes();

  public static native void setPoison(boolean poison);

  /** Panics in the library, for the test of what becomes of that. */
  public static native void panic();
}
