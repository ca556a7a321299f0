package io.tsfile.spark;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.tsfile.CorruptFileException;
import io.tsfile.MemoryLimitException;
import io.tsfile.TsFileNative;
import io.tsfile.UnsealedFileException;
import io.tsfile.UnsupportedFileException;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.Paths;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Files that are damaged, or claim more than they have: an exception that says what and where, and the next query is right. */
class DamagedFilesTest extends SparkCase {
  private static final String GOOD = "cpp-2.5.0/tree_minimal.tsfile";

  /** What a query of a file may take: the library's promise for files as small as these. */
  private static final long MOST_BYTES = 64 << 20;

  /** Errors that a damaged file may be. */
  private static final List<Class<?>> TYPED =
      Arrays.asList(
          CorruptFileException.class,
          UnsupportedFileException.class,
          UnsealedFileException.class,
          MemoryLimitException.class,
          IllegalArgumentException.class);

  private static List<String> narrow(Path file) {
    return sorted(reader("form", "narrow", "text", "binary", "dates", "int").load(file.toString()));
  }

  /** The error of ours in a chain. */
  private static Throwable typed(Throwable thrown) {
    for (Throwable e = thrown; e != null; e = e.getCause()) {
      if (TYPED.contains(e.getClass())) {
        return e;
      }
    }
    throw new AssertionError("none of ours", thrown);
  }

  private static void theNextQueryIsRight() {
    assertEquals(
        Arrays.asList("1000|root.sg.d1|10", "1001|root.sg.d1|-1", "1002|root.sg.d1|-12"),
        narrow(Paths.get(golden(GOOD))));
  }

  /** Kind and message of each file in testdata/bad, as its README says. */
  private static Map<String, String[]> table() throws IOException {
    Map<String, String[]> out = new TreeMap<>();
    for (String line : Files.readAllLines(testdata().resolve("bad/README.md"))) {
      String[] cells = line.split(" *\\| *");
      if (cells.length == 5 && cells[1].endsWith(".tsfile`")) {
        out.put(cells[1].replace("`", ""), new String[] {cells[2], cells[3]});
      }
    }
    return out;
  }

  @Test
  void badFilesGiveTheErrorThatTheTableSays() throws IOException {
    Map<String, Class<?>> kinds = new TreeMap<>();
    kinds.put("Corrupt", CorruptFileException.class);
    kinds.put("Unsupported", UnsupportedFileException.class);
    kinds.put("Unsealed", UnsealedFileException.class);
    kinds.put("Limit", MemoryLimitException.class);
    kinds.put("Schema", IllegalArgumentException.class);
    Map<String, String[]> table = table();
    assertTrue(table.size() > 45, table.keySet().toString());
    for (Map.Entry<String, String[]> entry : table.entrySet()) {
      String name = entry.getKey();
      TsFileNative.peakNativeBytes();
      Throwable e =
          typed(
              assertThrows(
                  Throwable.class, () -> narrow(testdata().resolve("bad").resolve(name)), name));
      String said = name + ": " + e;
      assertNotNull(kinds.get(entry.getValue()[0]), said);
      assertEquals(kinds.get(entry.getValue()[0]), e.getClass(), said);
      assertTrue(e.getMessage().contains("bad/" + name), said);
      assertTrue(e.getMessage().contains(entry.getValue()[1]), said);
      assertTrue(!e.getMessage().contains("--"), "words of the command line: " + said);
      assertTrue(TsFileNative.peakNativeBytes() < MOST_BYTES, said);
    }
    theNextQueryIsRight();
  }

  /** Where the section begins that the last bytes of a file speak of. */
  private static int metadata(byte[] bytes) {
    int at = bytes.length - 10;
    int size = 0;
    for (int i = 0; i < 4; i++) {
      size = size << 8 | bytes[at + i] & 0xff;
    }
    return at - size;
  }

  private static String broken(Path file, byte[] bytes, String what, List<String> good)
      throws IOException {
    Files.write(file, bytes);
    try {
      List<String> rows = narrow(file);
      // There are no checksums: a value may come out as another one.
      return rows.equals(good) ? "same" : "other";
    } catch (Throwable thrown) {
      Throwable e = typed(thrown);
      assertTrue(e.getMessage().contains(file.getFileName().toString()), what + ": " + e);
      return "error";
    }
  }

  @Test
  void filesThatAreCutShortAreErrors(@TempDir Path folder) throws IOException {
    for (String name :
        new String[] {
          "cpp-2.5.0/table_all_types.tsfile",
          "java-2.4.0/comp_aligned.tsfile",
          "java-0.13.4/comp_nonaligned.tsfile"
        }) {
      byte[] bytes = Files.readAllBytes(Paths.get(golden(name)));
      int metadata = metadata(bytes);
      int[] lengths = {
        1, 6, 7, 100, metadata / 2, metadata - 1, metadata + 1, (metadata + bytes.length) / 2,
        bytes.length - 7, bytes.length - 1
      };
      for (int length : lengths) {
        String what = name + " of " + length + " bytes";
        Path file = folder.resolve("cut-" + length + "-" + Paths.get(name).getFileName());
        assertEquals(
            "error", broken(file, Arrays.copyOf(bytes, length), what, Arrays.asList()), what);
      }
    }
    theNextQueryIsRight();
  }

  /** Bytes of every part of a file, one after the other, are turned: nothing but rows and errors of ours comes of it. */
  @Test
  void filesWithAWrongByteAreErrorsOrRows(@TempDir Path folder) throws IOException {
    Random random = new Random(7);
    Map<String, Integer> outcomes = new TreeMap<>();
    for (String name :
        new String[] {
          "cpp-2.5.0/table_all_types.tsfile",
          "java-2.4.0/comp_aligned.tsfile",
          "java-2.4.0/types_tree.tsfile",
          "java-0.13.4/comp_nonaligned.tsfile"
        }) {
      byte[] bytes = Files.readAllBytes(Paths.get(golden(name)));
      Path whole = Paths.get(golden(name));
      List<String> good = narrow(whole);
      int metadata = metadata(bytes);
      // The first chunk's header, pages, the index, the footer.
      int[] places = {
        7, 8, 9, 30, 31, 32, 33, 34, 35, 36, 40, 44, 50, 60, metadata / 3, metadata / 2,
        metadata - 40, metadata - 20, metadata - 2, metadata, metadata + 1, metadata + 5,
        metadata + 9, metadata + 20, bytes.length - 30, bytes.length - 10, bytes.length - 9,
        bytes.length - 8, bytes.length - 7, bytes.length - 2
      };
      for (int at : places) {
        byte[] damaged = bytes.clone();
        damaged[at] ^= (byte) (1 + random.nextInt(255));
        Path file = folder.resolve("at-" + at + "-" + Paths.get(name).getFileName());
        String what = name + ", byte " + at + " is " + (damaged[at] & 0xff);
        TsFileNative.peakNativeBytes();
        outcomes.merge(broken(file, damaged, what, good), 1, Integer::sum);
        assertTrue(TsFileNative.peakNativeBytes() < MOST_BYTES, what);
      }
    }
    assertTrue(outcomes.getOrDefault("error", 0) > 40, outcomes.toString());
    theNextQueryIsRight();
  }

  /** What is damaged behind the index is found by tasks, not by the driver: its error comes through Spark with its class. */
  @Test
  void errorsOfTasksKeepTheirClass(@TempDir Path folder) throws IOException {
    byte[] bytes = Files.readAllBytes(Paths.get(golden("java-2.4.0/comp_nonaligned.tsfile")));
    byte[] damaged = bytes.clone();
    Arrays.fill(damaged, 7, metadata(bytes) / 2, (byte) 0x5a);
    Path file = Files.write(folder.resolve("pages.tsfile"), damaged);
    reader("form", "narrow").load(file.toString()).schema();
    Throwable thrown = assertThrows(Throwable.class, () -> narrow(file));
    CorruptFileException e = cause(thrown, CorruptFileException.class);
    assertTrue(e.getMessage().contains("pages.tsfile"), e.getMessage());
    assertTrue(e.getMessage().matches("(?s).* at byte \\d+.*"), e.getMessage());
    List<String> kept =
        sorted(
            reader("form", "narrow", "ignoreCorruptFiles", "true").load(file.toString()));
    assertTrue(kept.size() < narrow(Paths.get(golden("java-2.4.0/comp_nonaligned.tsfile"))).size());
    Files.delete(file);
    assertThrows(FileNotFoundException.class, () -> reader().load(file.toString()));
    theNextQueryIsRight();
  }
}
