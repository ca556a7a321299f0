package io.tsfile.api;

import io.tsfile.jni.NativeFile;
import io.tsfile.jni.NativeLibrary;
import io.tsfile.jni.PositionedInput;

/** An open TsFile. */
public final class OpenFile implements AutoCloseable {
  private final long id;

  private OpenFile(long id) {
    this.id = id;
  }

  /** Opens a path of the local file system. */
  public static OpenFile local(String path, boolean ignoreMods, boolean kept) {
    NativeLibrary.load();
    return new OpenFile(NativeFile.open(path, null, 0, 0, ignoreMods, kept));
  }

  /** Opens what {@code input} reads. */
  public static OpenFile of(
      String name, PositionedInput input, long sizeBytes, long modifiedMs, boolean kept) {
    NativeLibrary.load();
    return new OpenFile(NativeFile.open(name, input, sizeBytes, modifiedMs, true, kept));
  }

  /** About how many bytes of native memory it takes, when it is kept. */
  public long sizeBytes() {
    return NativeFile.sizeBytes(id);
  }

  /** Names of the tables in it. */
  public String[] tables() {
    return NativeFile.tables(id);
  }

  long id() {
    return id;
  }

  @Override
  public void close() {
    NativeFile.close(id);
  }
}
