package oracle;

import java.io.File;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.util.Arrays;

/**
 * Writes beside every {@code x.tsfile} of the directories given an {@code x.RELEASE.dump}: all that this release of the Java
 * library reads in it. The form is described in testdata/oracle/README.md. A file {@code x.only} beside it names the releases it is
 * for, where it is not for all.
 *
 * <p>Usage: {@code Dump DIRECTORY...}. What fails becomes a line that begins with an exclamation mark; the run goes on.
 */
public final class Dump {
  private Dump() {}

  public static void main(String[] args) throws Exception {
    if (args.length == 0) {
      System.err.println("usage: Dump DIRECTORY...");
      System.exit(2);
    }
    int count = 0;
    for (String dir : args) {
      File[] files = new File(dir).listFiles((d, name) -> name.endsWith(".tsfile"));
      if (files == null) {
        System.err.println("no directory " + dir);
        System.exit(2);
      }
      Arrays.sort(files);
      for (File file : files) {
        StringBuilder out = new StringBuilder();
        if (one(file, out)) {
          String name = file.getName().replaceAll("tsfile$", Api.NAME + ".dump");
          Files.write(new File(file.getParentFile(), name).toPath(), out.toString().getBytes(StandardCharsets.UTF_8));
          count++;
        }
      }
    }
    System.out.println(Api.NAME + ": " + count + " files read");
  }

  /** False for a file of a format version that the release does not claim to read. */
  private static boolean one(File file, StringBuilder out) {
    try {
      byte version = Files.readAllBytes(file.toPath())[6];
      if (version > Api.NEWEST_VERSION) {
        return false;
      }
      File only = new File(file.getParentFile(), file.getName().replaceAll("tsfile$", "only"));
      if (only.exists() && !Files.readAllLines(only.toPath()).contains(Api.NAME)) {
        return false;
      }
      new DumpFile(file, out).run();
    } catch (Exception | OutOfMemoryError | StackOverflowError e) {
      error(out, "file", e);
    }
    return true;
  }

  static void error(StringBuilder out, String where, Throwable e) {
    StringBuilder at = new StringBuilder();
    for (StackTraceElement frame : e.getStackTrace()) {
      if (at.length() < 300) {
        at.append(' ').append(frame.getFileName()).append(':').append(frame.getLineNumber());
      }
    }
    out.append("!error\t").append(where).append(": ").append(Text.name(String.valueOf(e))).append(" at").append(at).append('\n');
  }
}
