package io.tsfile.spark;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.tsfile.CorruptFileException;
import io.tsfile.FileChangedException;
import io.tsfile.NativeFailureException;
import io.tsfile.ScanCancelledException;
import io.tsfile.TsFileNative;
import io.tsfile.api.OpenFile;
import io.tsfile.api.Plan;
import io.tsfile.api.Scan;
import io.tsfile.jni.NativeFile;
import io.tsfile.jni.NativeLibrary;
import io.tsfile.jni.NativeMemory;
import io.tsfile.jni.NativeScan;
import io.tsfile.jni.PositionedInput;
import java.io.File;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.Paths;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import org.apache.spark.unsafe.Platform;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The bridge by itself: errors, life cycles, memory. */
class BridgeTest {
  private static final String FILE = "cpp-2.5.0/tree_minimal.tsfile";

  /** What a scan may have. */
  private static final long MOST_BYTES = 64 << 20;

  @AfterEach
  void nothingIsLeft() {
    assertEquals(0, TsFileNative.liveNativeBytes());
    assertEquals(0, TsFileNative.cachedNativeBytes());
  }

  @Test
  void errorsHaveTheClassThatSaysWhatTheyAre(@TempDir Path folder) throws IOException {
    assertThrows(
        FileNotFoundException.class, () -> OpenFile.local("/no/such.tsfile", false, false));
    Path text = Files.write(folder.resolve("text.tsfile"), "This is no TsFile.".getBytes());
    CorruptFileException corrupt =
        assertThrows(
            CorruptFileException.class, () -> OpenFile.local(text.toString(), false, false));
    assertTrue(corrupt.getMessage().contains("text.tsfile"), corrupt.getMessage());
    try (OpenFile file = OpenFile.local(SparkCase.golden(FILE), false, false)) {
      List<OpenFile> files = Collections.singletonList(file);
      IllegalArgumentException unknown =
          assertThrows(
              IllegalArgumentException.class,
              () ->
                  new Plan(
                      files, Arrays.asList("form", "narrow"), Collections.singletonList("s99")));
      assertTrue(unknown.getMessage().contains("s99"), unknown.getMessage());
      assertThrows(
          IllegalArgumentException.class,
          () -> new Plan(files, Arrays.asList("filter", "s1 >"), null));
    }
  }

  @Test
  void aPanicIsAnExceptionAndTheNextCallWorks() {
    NativeLibrary.load();
    NativeFailureException panic =
        assertThrows(NativeFailureException.class, NativeMemory::panic);
    assertTrue(panic.getMessage().contains("asked to panic (spark-bridge"), panic.getMessage());
    try (OpenFile file = OpenFile.local(SparkCase.golden(FILE), false, false)) {
      assertEquals(0, file.tables().length);
    }
  }

  @Test
  void aNumberThatWasClosedOrNeverWasOneIsAnException() {
    NativeLibrary.load();
    long file = NativeFile.open(SparkCase.golden(FILE), null, 0, 0, false, false, 0);
    NativeFile.close(file);
    NativeFile.close(file);
    assertThrows(IllegalStateException.class, () -> NativeFile.sizeBytes(file));
    for (long number : new long[] {0, 1, -1, Long.MAX_VALUE, Long.MIN_VALUE}) {
      assertThrows(IllegalStateException.class, () -> NativeScan.next(number, new long[0]));
      NativeScan.cancel(number);
      NativeScan.close(number);
    }
  }

  /** The narrow rows of a file, split by split. */
  private static long rows(String path) {
    long rows = 0;
    try (OpenFile file = OpenFile.local(path, false, false);
        Plan plan =
            new Plan(Collections.singletonList(file), Arrays.asList("form", "narrow"), null)) {
      byte[] shared = plan.shared();
      int[] shown = new int[plan.columns.size()];
      for (Plan.Split split : plan.splits(1)) {
        assertEquals(path, Scan.files(shared, split.encoded)[0]);
        try (Scan scan =
            new Scan(shared, split.encoded, Collections.singletonList(file), shown, "ms", MOST_BYTES)) {
          for (int n = scan.next(); n >= 0; n = scan.next()) {
            rows += n;
          }
        }
      }
    }
    return rows;
  }

  @Test
  void aThousandQueriesLeaveNoMemoryAndNoOpenFile() {
    String path = SparkCase.golden("java-2.4.0/comp_nonaligned.tsfile");
    long expected = rows(path);
    assertTrue(expected > 100);
    int open = new File("/proc/self/fd").list().length;
    for (int i = 0; i < 1000; i++) {
      assertEquals(expected, rows(path));
      assertEquals(0, TsFileNative.liveNativeBytes());
    }
    int now = new File("/proc/self/fd").list().length;
    assertTrue(now <= open + 5, open + " files were open, now " + now);
  }

  @Test
  void aCancelledScanThrows() {
    String path = SparkCase.golden(FILE);
    try (OpenFile file = OpenFile.local(path, false, false);
        Plan plan =
            new Plan(Collections.singletonList(file), Arrays.asList("form", "narrow"), null)) {
      byte[] split = plan.splits(0).get(0).encoded;
      int[] shown = new int[plan.columns.size()];
      try (Scan scan =
          new Scan(plan.shared(), split, Collections.singletonList(file), shown, "ms", MOST_BYTES)) {
        scan.cancel();
        assertThrows(ScanCancelledException.class, scan::next);
      }
    }
  }

  /** A file that the Java library wrote, with 64 rows of 23 texts in one page: the JSON beside it has them. */
  @Test
  void aPageWithADictionaryIsHandedOverAsKeysAndEntries() {
    String path = SparkCase.golden("java-2.4.0/enc_dictionary.tsfile");
    try (OpenFile file = OpenFile.local(path, false, false);
        Plan plan =
            new Plan(
                Collections.singletonList(file),
                Arrays.asList("form", "wide"),
                Collections.singletonList("root.sg.text.edge"))) {
      byte[] split = plan.splits(0).get(0).encoded;
      try (Scan scan =
          new Scan(plan.shared(), split, Collections.singletonList(file), new int[2], "ms", MOST_BYTES)) {
        int rows = scan.next();
        long[] places = scan.places();
        long keys = places[NativeScan.PLACES + 6];
        assertEquals(23, places[NativeScan.PLACES + 7]);
        long seen = 0;
        for (int row = 0; row < rows; row++) {
          seen |= 1L << Platform.getInt(null, keys + 4L * row);
        }
        assertEquals((1L << 23) - 1, seen);
        assertEquals(0, places[6], "times have no dictionary");
      }
    }
  }

  @Test
  void aFileThatChangedAfterPlanningIsAnError(@TempDir Path folder) throws IOException {
    Path copy = folder.resolve("copy.tsfile");
    Files.copy(Paths.get(SparkCase.golden(FILE)), copy);
    byte[] shared;
    byte[] split;
    int columns;
    try (OpenFile file = OpenFile.local(copy.toString(), false, false);
        Plan plan =
            new Plan(Collections.singletonList(file), Arrays.asList("form", "narrow"), null)) {
      shared = plan.shared();
      split = plan.splits(0).get(0).encoded;
      columns = plan.columns.size();
    }
    copy.toFile().setLastModified(1_000_000_000_000L);
    try (OpenFile file = OpenFile.local(copy.toString(), false, false)) {
      assertThrows(
          FileChangedException.class,
          () -> new Scan(shared, split, Collections.singletonList(file), new int[columns], "ms", MOST_BYTES));
    }
  }

  @Test
  void whatJavaThrowsWhileItReadsIsThrownOn() {
    PositionedInput broken =
        new PositionedInput() {
          @Override
          public byte[] read(long position, int length) throws IOException {
            throw new IOException("the disk is on fire");
          }

          @Override
          public void close() {}
        };
    IOException e =
        assertThrows(
            IOException.class, () -> OpenFile.of("test:/x.tsfile", broken, 1000, 0, false));
    assertEquals("the disk is on fire", e.getMessage());
    assertEquals(IOException.class, e.getClass());
  }

  @Test
  void twoClassLoadersBothWork() throws Exception {
    URL jar = new File(System.getProperty("tsfile.jar")).toURI().toURL();
    ClassLoader parent = ClassLoader.getSystemClassLoader().getParent();
    Class<?>[] copies = new Class<?>[2];
    for (int i = 0; i < copies.length; i++) {
      URLClassLoader loader = new URLClassLoader(new URL[] {jar}, parent);
      copies[i] = loader.loadClass("io.tsfile.TsFileNative");
      assertEquals(0L, copies[i].getMethod("liveNativeBytes").invoke(null));
    }
    assertNotSame(copies[0], copies[1]);
    assertFalse(new File(System.getProperty("java.io.tmpdir")).list((d, n) -> n.startsWith("tsfile-")).length > 0);
  }
}
