package io.tsfile.spark;

/** The same under a name that nobody else has, for class paths with another source called {@code tsfile}. */
public class TsFileRsDataSource extends TsFileDataSource {
  @Override
  public String shortName() {
    return "tsfile-rs";
  }
}
