package io.tsfile;

/** Deletions lie beside a file, which reading would miss. */
public class DeletionsException extends TsFileException {
  private static final long serialVersionUID = 1L;

  public DeletionsException(String message) {
    super(message);
  }
}
