package io.tsfile;

/** A file has no footer: its writer died, or it is still being written. */
public class UnsealedFileException extends TsFileException {
  private static final long serialVersionUID = 1L;

  public UnsealedFileException(String message) {
    super(message);
  }
}
