package io.tsfile;

/** A fault in the native library, or in the way it was called. */
public class NativeFailureException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  public NativeFailureException(String message) {
    super(message);
  }
}
