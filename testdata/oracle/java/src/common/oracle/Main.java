package oracle;

import java.io.File;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.util.Arrays;
import java.util.Random;
import org.apache.tsfile.common.conf.TSFileConfig;
import org.apache.tsfile.common.conf.TSFileDescriptor;

/**
 * Writes random TsFiles with one release of the Java library, each beside a JSON file that says what a correct reader
 * finds in it.
 *
 * <p>Usage: {@code Main DIRECTORY COUNT SEED [ONLY]}. File number n depends on the seed and n alone, so that ONLY makes a
 * single one of them again. Each file is read back with the same release; a difference that no known loss of an
 * encoding explains ends the run with status 1.
 */
public final class Main {
  private Main() {}

  public static void main(String[] args) throws Exception {
    if (args.length < 3) {
      System.err.println("usage: Main DIRECTORY COUNT SEED [ONLY]");
      System.exit(2);
    }
    File dir = new File(args[0]);
    int count = Integer.parseInt(args[1]);
    long seed = Long.parseLong(args[2]);
    int only = args.length > 3 ? Integer.parseInt(args[3]) : -1;
    if (!dir.isDirectory() && !dir.mkdirs()) {
      System.err.println("cannot make " + dir);
      System.exit(2);
    }
    int failed = 0;
    for (int n = 0; n < count; n++) {
      if (only >= 0 && n != only) {
        continue;
      }
      Random random = new Random(seed * 1_000_003L + n);
      // The first numbers of neighbouring seeds look alike.
      for (int skip = 0; skip < 8; skip++) {
        random.nextInt();
      }
      String name = String.format("f%05d", n);
      File file = new File(dir, name + ".tsfile");
      Files.deleteIfExists(file.toPath());
      Check check = new Check(name);
      try {
        StringBuilder json = new StringBuilder();
        String line = one(random, file, check, json);
        json.append('\n');
        Files.write(new File(dir, name + ".json").toPath(), json.toString().getBytes(StandardCharsets.UTF_8));
        System.out.println(name + " " + line + " bytes=" + file.length());
      } catch (Exception e) {
        System.err.println(name + ": " + e);
        e.printStackTrace();
        check.fail("exception");
      }
      failed += check.failed() ? 1 : 0;
    }
    if (failed > 0) {
      System.err.println(failed + " of " + count + " files are not understood (seed " + seed + ")");
      System.exit(1);
    }
  }

  private static String one(Random random, File file, Check check, StringBuilder json) throws Exception {
    boolean table = Release.HAS_TABLES && random.nextInt(100) < 45;
    boolean allAligned = table || random.nextInt(100) < 30;
    String time = "TS_2DIFF";
    if (allAligned && random.nextInt(100) < 30) {
      time = Gen.pick(random, Release.TIME_ENCODINGS);
    }
    TSFileConfig config = TSFileDescriptor.getInstance().getConfig();
    int page = Gen.pick(random, new int[] {10000, 10000, 10000, 10000, 1, 2, 3, 5, 8, 16, 40, 64, 127, 128, 129, 256});
    check.timesAreLost = Arrays.asList(Release.TIMES_READ_BADLY).contains(time);
    int degree = Gen.pick(random, new int[] {256, 256, 3, 4, 5});
    config.setMaxNumberOfPointsInPage(page);
    config.setMaxDegreeOfIndexNode(degree);
    config.setTimeEncoder(time);
    String what = table ? Release.table(random, file, time, check, json)
        : new TreeFile(random, allAligned, time, check.timesAreLost).run(file, check, json);
    if (check.unread() > 0) {
      what += " unread=" + check.unread();
    }
    return what + " page=" + page + " degree=" + degree + " time=" + time;
  }
}
