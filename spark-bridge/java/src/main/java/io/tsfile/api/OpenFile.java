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
    return new OpenFile(NativeFile.open(path, null, 0, 0, ignoreMods, kept, 0));
  }

  /** Opens what {@code input} reads. */
  public static OpenFile of(
      String name, PositionedInput input, long sizeBytes, long modifiedMs, boolean kept) {
    NativeLibrary.load();
    return new OpenFile(NativeFile.open(name, input, sizeBytes, modifiedMs, true, kept, 0));
  }

  /** Opens a path of the local file system for a task that may have so many bytes; whoever planned has looked for deletions. */
  public static OpenFile localForTask(String path, long mostBytes) {
    NativeLibrary.load();
    return new OpenFile(NativeFile.open(path, null, 0, 0, true, false, mostBytes));
  }

  /** Opens what {@code input} reads for a task that may have so many bytes. */
  public static OpenFile forTask(
      String name, PositionedInput input, long sizeBytes, long modifiedMs, long mostBytes) {
    NativeLibrary.load();
    return new OpenFile(
        NativeFile.open(name, input, sizeBytes, modifiedMs, true, false, mostBytes));
  }

  /** About how many bytes of native memory it takes, when it is kept. */
  public long sizeBytes() {
    return NativeFile.sizeBytes(id);
  }

  /** Uses the index of another one, if that has read it and is the same file, so that this one need not. */
  public void shareIndex(OpenFile other) {
    NativeFile.shareIndex(id, other.id);
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
