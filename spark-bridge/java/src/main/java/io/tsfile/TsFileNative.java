package io.tsfile;

import io.tsfile.jni.NativeLibrary;
import io.tsfile.jni.NativeMemory;

/** What the native library uses at the moment. */
public final class TsFileNative {
  private TsFileNative() {}

  /** Bytes of native memory that plans and scans have: 0 when no query runs. */
  public static long liveNativeBytes() {
    NativeLibrary.load();
    return NativeMemory.liveBytes();
  }

  /** Bytes of native memory in which the driver keeps metadata of files for the next query. */
  public static long cachedNativeBytes() {
    NativeLibrary.load();
    return NativeMemory.cachedBytes();
  }

  /** The most that plans and scans had at a time since this was last asked. */
  public static long peakNativeBytes() {
    NativeLibrary.load();
    return NativeMemory.peakBytes();
  }

  /** For tests: overwrites native memory when it is freed, so that whoever reads it later finds nonsense. */
  public static void setPoison(boolean poison) {
    NativeLibrary.load();
    NativeMemory.setPoison(poison);
  }
}
