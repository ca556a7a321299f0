package io.tsfile;

/** What went wrong with a TsFile; the classes below this one say what sort of thing it was. */
public class TsFileException extends java.io.IOException {
  private static final long serialVersionUID = 1L;

  public TsFileException(String message) {
    super(message);
  }
}
