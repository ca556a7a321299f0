package io.tsfile;

/** The bytes of a file contradict the format, or a value has no counterpart in Spark. */
public class CorruptFileException extends TsFileException {
  private static final long serialVersionUID = 1L;

  public CorruptFileException(String message) {
    super(message);
  }
}
