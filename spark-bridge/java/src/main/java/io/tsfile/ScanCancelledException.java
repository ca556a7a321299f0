package io.tsfile;

/** The task that was reading was cancelled. */
public class ScanCancelledException extends TsFileException {
  private static final long serialVersionUID = 1L;

  public ScanCancelledException(String message) {
    super(message);
  }
}
