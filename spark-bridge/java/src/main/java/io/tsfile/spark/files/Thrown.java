package io.tsfile.spark.files;

/** Throws checked exceptions where an interface of Spark declares none, so that they keep their class. */
public final class Thrown {
  private Thrown() {}

  /** Never returns: {@code throw Thrown.as(e)} tells the compiler so. */
  public static RuntimeException as(Throwable e) {
    return Thrown.<RuntimeException>throwIt(e);
  }

  @SuppressWarnings("unchecked")
  private static <E extends Throwable> RuntimeException throwIt(Throwable e) throws E {
    throw (E) e;
  }
}
