package io.tsfile;

/** The file is legal, but this version of the library does not read it. */
public class UnsupportedFileException extends TsFileException {
  private static final long serialVersionUID = 1L;

  public UnsupportedFileException(String message) {
    super(message);
  }
}
