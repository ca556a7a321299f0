package compare;

import com.sun.management.OperatingSystemMXBean;
import java.io.File;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Paths;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;

/**
 * The Java library as a writer and as a peer.
 *
 * <pre>
 * write-table DUMP FILE [times=N]   a data set in the table model, from tablets in memory to a file that is closed and on disk
 * write-tree DUMP FILE              the same as a tree of devices that are not aligned
 * idle                              nothing but starting: the memory that every run has
 * open FILE [times=N]               open, columns of the tables
 * low FILE [KEY=VALUE..]            scan by chunk readers
 * query FILE [KEY=VALUE..]          scan by a query of the table model
 * query-tree FILE [KEY=VALUE..]     scan by queries of the tree model
 * points FILE way=low|blocks|query  one device and a range of times, again and again
 * print FILE way=low|query          the same, printed as text instead of JSON
 * select FILE column=NAME low=X high=Y    rows by value
 * aggregate FILE way=all|nodes      what each column of each device amounts to
 *
 * queries=LIST  lines `DEVICE START END`   count=N   the first ones of the list   open=each  the file is opened for each query
 * column=NAME   only this one       check=yes   `low` also sums up      times=N   so often in this JVM
 * </pre>
 *
 * <p>All but write-tree print one line of JSON; `seconds` has one entry for each time, the first of a cold JVM.
 */
public final class Main {
  /** Its processor time is that of all threads: compiler and garbage collector too. */
  private static final OperatingSystemMXBean PROCESS = (OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean();

  private Main() {}

  /** Something to be timed. */
  private interface Work<T> {
    T run() throws Exception;
  }

  public static void main(String[] args) throws Exception {
    if (args[0].equals("idle")) {
      System.out.printf("{\"peak_kib\": %d}%n", peakKib());
      return;
    }
    String file = args[1];
    switch (args[0]) {
      case "write-table":
        writeTable(new Dump(new File(file)), new File(args[2]), args.length > 3 ? Integer.parseInt(args[3].substring("times=".length())) : 1);
        return;
      case "write-tree":
        Write.tree(new Dump(new File(file)), new File(args[2]));
        return;
      default:
    }
    Map<String, String> options = new HashMap<>();
    for (String option : Arrays.asList(args).subList(2, args.length)) {
      String[] parts = option.split("=", 2);
      options.put(parts[0], parts[1]);
    }
    String column = options.get("column");
    boolean check = options.containsKey("check");
    int times = Integer.parseInt(options.getOrDefault("times", "1"));
    switch (args[0]) {
      case "points":
        boolean each = options.containsKey("open");
        time(times, () -> points(file, options, check, null).answer(each));
        break;
      case "print":
        StringBuilder text = new StringBuilder();
        points(file, options, false, text).answer(false);
        System.out.write(text.toString().getBytes(StandardCharsets.UTF_8));
        System.out.flush();
        break;
      case "select":
        double low = Double.parseDouble(options.get("low"));
        double high = Double.parseDouble(options.get("high"));
        time(times, () -> new LowLevel(null, check).select(file, column, low, high));
        break;
      case "aggregate":
        boolean all = options.get("way").equals("all");
        time(times, () -> all ? new Aggregate(check).all(file) : new Aggregate(check).nodes(file));
        break;
      case "open":
        time(times, () -> {
          Query.open(file);
          return new Sums();
        });
        break;
      case "low":
        time(times, () -> new LowLevel(column, check).read(file));
        break;
      case "query":
        time(times, () -> new Query(column).table(file));
        break;
      case "query-tree":
        time(times, () -> new Query(column).tree(file));
        break;
      default:
        throw new IllegalArgumentException("no command " + args[0]);
    }
  }

  private static void writeTable(Dump dump, File file, int times) throws Exception {
    Write.Writing writing = Write.table(dump);
    // From here on the highest size is that of the writer: what is behind it is forgotten.
    Files.write(Paths.get("/proc/self/clear_refs"), new byte[] {'5'});
    long dataKib = statusKib("VmRSS:");
    Clock clock = new Clock(times);
    for (int i = 0; i < times; i++) {
      Files.deleteIfExists(file.toPath());
      clock.time(() -> {
        writing.to(file);
        return null;
      });
    }
    System.out.printf("{%s, \"bytes\": %d, \"data_kib\": %d, \"peak_kib\": %d}%n", clock.json(), file.length(), dataKib, peakKib());
  }

  private static Points points(String file, Map<String, String> options, boolean check, StringBuilder text) throws Exception {
    return new Points(file, options.get("way"), options.get("queries"), Long.parseLong(options.get("count")), check, text);
  }

  private static void time(int times, Work<Sums> work) throws Exception {
    Sums sums = null;
    Clock clock = new Clock(times);
    for (int i = 0; i < times; i++) {
      sums = clock.time(work);
    }
    System.out.printf("{%s, %s, \"peak_kib\": %d}%n", clock.json(), sums.json(), peakKib());
  }

  /** Collects how long things took. */
  private static final class Clock {
    private final double[] wall;
    private final double[] cpu;
    private int done;

    Clock(int times) {
      wall = new double[times];
      cpu = new double[times];
    }

    <T> T time(Work<T> work) throws Exception {
      long start = System.nanoTime();
      long startCpu = PROCESS.getProcessCpuTime();
      T result = work.run();
      wall[done] = (System.nanoTime() - start) / 1e9;
      cpu[done] = (PROCESS.getProcessCpuTime() - startCpu) / 1e9;
      done++;
      return result;
    }

    String json() {
      return String.format("\"seconds\": %s, \"cpu_seconds\": %s", Arrays.toString(wall), Arrays.toString(cpu));
    }
  }

  /** Largest resident size of this process so far. */
  private static long peakKib() throws IOException {
    return statusKib("VmHWM:");
  }

  /** A size that the system knows of this process. */
  private static long statusKib(String key) throws IOException {
    for (String line : Files.readAllLines(Paths.get("/proc/self/status"))) {
      if (line.startsWith(key)) {
        return Long.parseLong(line.replaceAll("[^0-9]", ""));
      }
    }
    throw new IOException("no " + key + " in /proc/self/status");
  }
}
