package io.tsfile.spark;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.net.URI;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FSDataInputStream;
import org.apache.hadoop.fs.FileStatus;
import org.apache.hadoop.fs.Path;
import org.apache.hadoop.fs.RawLocalFileSystem;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** Files of another Hadoop file system than the local one. */
class HadoopTest extends SparkCase {
  /** The local disk under another name, which counts what is opened and can break. */
  public static final class Elsewhere extends RawLocalFileSystem {
    static final AtomicInteger OPENED = new AtomicInteger();
    static final AtomicInteger OPEN = new AtomicInteger();
    static final AtomicInteger MOST_OPEN = new AtomicInteger();
    static final AtomicInteger LISTED = new AtomicInteger();
    static final AtomicBoolean BROKEN = new AtomicBoolean();

    @Override
    public URI getUri() {
      return URI.create("elsewhere:///");
    }

    @Override
    public String getScheme() {
      return "elsewhere";
    }

    @Override
    public void initialize(URI uri, Configuration conf) throws IOException {
      super.initialize(URI.create("file:///"), conf);
      setConf(conf);
    }

    @Override
    protected void checkPath(Path path) {}

    @Override
    public FileStatus[] listStatus(Path path) throws IOException {
      LISTED.incrementAndGet();
      return super.listStatus(path);
    }

    @Override
    public FSDataInputStream open(Path path, int bufferBytes) throws IOException {
      if (BROKEN.get()) {
        throw new IOException("elsewhere is gone");
      }
      OPENED.incrementAndGet();
      MOST_OPEN.accumulateAndGet(OPEN.incrementAndGet(), Math::max);
      FSDataInputStream in = super.open(new Path(path.toUri().getPath()), bufferBytes);
      return new FSDataInputStream(in) {
        @Override
        public void close() throws IOException {
          OPEN.decrementAndGet();
          super.close();
        }
      };
    }
  }

  @BeforeAll
  static void register() {
    spark
        .sparkContext()
        .hadoopConfiguration()
        .set("fs.elsewhere.impl", Elsewhere.class.getName());
  }

  private static String elsewhere(String name) {
    return "elsewhere://" + golden(name);
  }

  @Test
  void rowsAreThoseOfTheLocalFile() {
    for (String name :
        new String[] {"java-2.4.0/comp_nonaligned.tsfile", "java-2.4.0/comp_aligned.tsfile"}) {
      int before = Elsewhere.OPENED.get();
      assertEquals(
          sorted(reader("form", "narrow").load(golden(name))),
          sorted(reader("form", "narrow").load(elsewhere(name))));
      assertTrue(Elsewhere.OPENED.get() > before);
    }
    assertEquals(0, Elsewhere.OPEN.get(), "streams that were opened are closed");
  }

  @Test
  void whatTheFileSystemThrowsIsTheCause() {
    org.apache.spark.sql.Dataset<org.apache.spark.sql.Row> read =
        reader("form", "narrow").load(elsewhere("cpp-2.5.0/tree_minimal.tsfile"));
    Elsewhere.BROKEN.set(true);
    try {
      Exception e = assertThrows(Exception.class, read::collectAsList);
      assertEquals("elsewhere is gone", cause(e, IOException.class).getMessage());
    } finally {
      Elsewhere.BROKEN.set(false);
    }
    assertEquals(3, read.count(), "the next query works");
  }
}
