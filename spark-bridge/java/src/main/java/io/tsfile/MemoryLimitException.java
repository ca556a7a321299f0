package io.tsfile;

/** A size in the file, or what is asked for, is above what memory is granted for. */
public class MemoryLimitException extends TsFileException {
  private static final long serialVersionUID = 1L;

  public MemoryLimitException(String message) {
    super(message);
  }
}
