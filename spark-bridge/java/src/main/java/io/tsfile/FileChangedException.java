package io.tsfile;

/** A file is not what it was when the query was planned. */
public class FileChangedException extends TsFileException {
  private static final long serialVersionUID = 1L;

  public FileChangedException(String message) {
    super(message);
  }
}
