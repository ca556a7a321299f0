package io.tsfile.jni;

import java.io.Closeable;
import java.io.IOException;

/** Bytes of a file at any position. Called from the thread that called the native method. */
public interface PositionedInput extends Closeable {
  /**
   * Reads {@code length} bytes from {@code position} on.
   *
   * @return an array that begins with them; it may be longer, and is the reader's own until the next call
   */
  byte[] read(long position, int length) throws IOException;
}
