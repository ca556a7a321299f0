package io.tsfile.spark;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.tsfile.DeletionsException;
import io.tsfile.FileChangedException;
import io.tsfile.spark.files.FileCache;
import java.io.File;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FSDataInputStream;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;
import org.apache.hadoop.hdfs.DistributedFileSystem;
import org.apache.hadoop.hdfs.MiniDFSCluster;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Files in HDFS, of a name node and a data node in this JVM. What is right is what the local files say. */
@Tag("hdfs")
class HdfsTest extends SparkCase {
  /** HDFS, counting what is read of it. */
  public static final class Counted extends DistributedFileSystem {
    static final AtomicInteger OPEN = new AtomicInteger();
    static final AtomicInteger READS = new AtomicInteger();
    static final AtomicLong BYTES = new AtomicLong();

    @Override
    public FSDataInputStream open(Path path, int bufferBytes) throws IOException {
      OPEN.incrementAndGet();
      return new FSDataInputStream(super.open(path, bufferBytes)) {
        @Override
        public void readFully(long position, byte[] out, int at, int length) throws IOException {
          READS.incrementAndGet();
          BYTES.addAndGet(length);
          super.readFully(position, out, at, length);
        }

        @Override
        public void close() throws IOException {
          OPEN.decrementAndGet();
          super.close();
        }
      };
    }
  }

  @TempDir static File folder;

  /** Of a type that every class path has: JUnit looks at fields before it looks at tags. */
  private static AutoCloseable cluster;

  private static FileSystem hdfs;

  @BeforeAll
  static void startHdfs() throws IOException {
    spark.sparkContext().hadoopConfiguration().set("fs.hdfs.impl", Counted.class.getName());
    // A copy: the cluster makes itself the default, and the session is for other tests, too.
    Configuration conf = new Configuration(spark.sparkContext().hadoopConfiguration());
    // Small blocks, so that small files have many: reads cross their borders.
    conf.set("dfs.blocksize", "4096");
    conf.set("dfs.namenode.fs-limits.min-block-size", "1024");
    conf.set("dfs.client.block.write.locateFollowingBlock.initial.delay.ms", "5");
    MiniDFSCluster started = new MiniDFSCluster.Builder(conf, folder).numDataNodes(1).build();
    cluster = started;
    hdfs = started.getFileSystem();
    assertEquals(Counted.class, hdfs.getClass());
  }

  @AfterAll
  static void stopHdfs() throws Exception {
    FileCache.get().clear();
    cluster.close();
  }

  /** Copies a golden file, and returns its URI. */
  private static String put(String name, String to) throws IOException {
    Path path = hdfs.makeQualified(new Path(to));
    hdfs.copyFromLocalFile(new Path(golden(name)), path);
    return path.toString();
  }

  @Test
  void rowsAreThoseOfTheLocalFilesInAllForms() throws IOException {
    String[][] cases = {
      {"java-2.4.0/comp_nonaligned.tsfile", "form", "wide"},
      {"java-2.4.0/comp_nonaligned.tsfile", "form", "narrow"},
      {"java-2.4.0/comp_aligned.tsfile", "form", "wide"},
      {"java-2.4.0/comp_aligned.tsfile", "form", "narrow"},
      {"java-2.4.0/types_tree.tsfile", "form", "narrow", "dates", "int"},
      {"java-2.4.0/multi.tsfile", "form", "narrow", "partitioning", "keyed"},
      {"java-1.1.3/multi.tsfile", "form", "narrow"},
      {"cpp-2.5.0/table_all_types.tsfile", "form", "table"},
      {"cpp-2.5.0/table_nulls_multipage.tsfile", "form", "table"},
    };
    for (String[] one : cases) {
      String uri = put(one[0], "/forms/" + one[0]);
      assertTrue(uri.startsWith("hdfs://"), uri);
      String[] options = Arrays.copyOfRange(one, 1, one.length);
      List<String> expected = sorted(reader(options).load(golden(one[0])));
      assertTrue(expected.size() > 3, one[0]);
      int before = Counted.READS.get();
      assertEquals(expected, sorted(reader(options).load(uri)), Arrays.toString(one));
      assertTrue(Counted.READS.get() > before, "HDFS was read");
    }
    assertEquals(0, Counted.OPEN.get(), "streams that were opened are closed");
  }

  @Test
  void foldersGlobsAndKeysAreFound() throws IOException {
    put("cpp-2.5.0/tree_minimal.tsfile", "/plant/site=a/x.tsfile");
    put("cpp-2.5.0/tree_minimal.tsfile", "/plant/site=b/x.tsfile");
    put("cpp-2.5.0/tree_minimal.tsfile", "/plant/_hidden/x.tsfile");
    assertEquals(
        Arrays.asList("a|3", "b|3"),
        sorted(
            reader("form", "narrow")
                .load(hdfs.getUri() + "/plant")
                .groupBy("site")
                .count()));
    assertEquals(3, reader("form", "narrow").load(hdfs.getUri() + "/plant/*=b/*.tsfile").count());
    assertThrows(
        FileNotFoundException.class, () -> reader().load(hdfs.getUri() + "/plant/none.tsfile"));
    hdfs.create(new Path("/plant/site=b/x.tsfile.mods")).close();
    assertThrows(DeletionsException.class, () -> reader().load(hdfs.getUri() + "/plant"));
  }

  /** Many small chunks that lie together are few reads. */
  @Test
  void readsAreLargeAndFew() throws IOException {
    String name = "cpp-2.5.0/tree_many_devices.tsfile";
    String uri = put(name, "/many.tsfile");
    long size = new File(golden(name)).length();
    Dataset<Row> rows = reader("form", "narrow").load(uri);
    long devices = rows.select("device_name").distinct().count();
    int before = Counted.READS.get();
    long bytes = Counted.BYTES.get();
    assertEquals(sorted(reader("form", "narrow").load(golden(name))), sorted(rows));
    int reads = Counted.READS.get() - before;
    assertTrue(devices >= 30, devices + " devices, each with chunks of its own");
    assertTrue(reads <= 3, reads + " reads of " + devices + " devices");
    long read = Counted.BYTES.get() - bytes;
    assertTrue(read <= 2 * size, read + " bytes were read of a file of " + size);
  }

  @Test
  void whatTheDriverKnowsIsNotReadAgain() throws IOException {
    String uri = put("java-2.4.0/multi.tsfile", "/kept.tsfile");
    reader("form", "narrow").load(uri);
    int before = Counted.READS.get();
    Dataset<Row> rows = reader("form", "narrow").load(uri);
    assertEquals(before, Counted.READS.get(), "reads for a schema that is known");
    assertFalse(rows.isEmpty());
    assertTrue(Counted.READS.get() > before);
  }

  @Test
  void aFileThatChangesAfterPlanningIsAnError() throws IOException {
    String uri = put("cpp-2.5.0/tree_minimal.tsfile", "/changed.tsfile");
    Dataset<Row> rows = reader("form", "narrow").load(uri);
    rows.queryExecution().executedPlan();
    put("java-2.4.0/multi.tsfile", "/changed.tsfile");
    Exception e = assertThrows(Exception.class, rows::collectAsList);
    assertTrue(cause(e, FileChangedException.class).getMessage().contains(uri), e.toString());
    hdfs.delete(new Path(uri), false);
    Dataset<Row> gone = rows.limit(7);
    cause(assertThrows(Exception.class, gone::collectAsList), FileNotFoundException.class);
    assertEquals(
        Collections.emptyList(),
        Arrays.asList(hdfs.listStatus(new Path("/"), path -> path.getName().equals("changed.tsfile"))));
  }
}
