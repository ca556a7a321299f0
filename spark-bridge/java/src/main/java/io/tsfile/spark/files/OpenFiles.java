package io.tsfile.spark.files;

import io.tsfile.CorruptFileException;
import io.tsfile.DeletionsException;
import io.tsfile.UnsealedFileException;
import io.tsfile.api.OpenFile;
import io.tsfile.spark.TsFileOptions;
import java.io.FileNotFoundException;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.stream.Collectors;
import org.apache.hadoop.conf.Configuration;
import org.apache.spark.sql.SparkSession;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Files that the driver has open while it plans. */
public final class OpenFiles implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(OpenFiles.class);

  private final List<FileCache.Kept> kept;

  private OpenFiles(List<FileCache.Kept> kept) {
    this.kept = kept;
  }

  /** Opens files, side by side; what options pass over is left out and logged. */
  public static OpenFiles open(List<FoundFile> files, TsFileOptions options) {
    Configuration conf = SparkSession.active().sparkContext().hadoopConfiguration();
    Ignored ignored = Ignored.of(options);
    // Errors are collected so that what was opened beside them is given back, and the first file by name is the one that is named.
    Queue<FileCache.Kept> opened = new ConcurrentLinkedQueue<>();
    List<FileCache.Kept> all = new ArrayList<>(files.size());
    boolean done = false;
    try {
      List<Object> results =
          SideBySide.map(
              files,
              file -> {
                Object result = openOne(file, options, ignored, conf);
                if (result instanceof FileCache.Kept) {
                  opened.add((FileCache.Kept) result);
                }
                return result;
              });
      for (Object result : results) {
        if (result instanceof Throwable) {
          throw Thrown.as((Throwable) result);
        } else if (result instanceof FileCache.Kept) {
          all.add((FileCache.Kept) result);
        }
      }
      done = true;
      return new OpenFiles(all);
    } finally {
      if (!done) {
        opened.forEach(FileCache.get()::give);
      }
    }
  }

  /** The file, what went wrong, or an empty text when it is passed over. */
  private static Object openOne(
      FoundFile file, TsFileOptions options, Ignored ignored, Configuration conf) {
    try {
      if (file.hasMods && !options.ignoreMods) {
        throw new DeletionsException(
            "file "
                + file.name
                + ": deletions lie beside it (.mods), which reading would miss; set option ignoreMods=true to read it all the same");
      }
      return FileCache.get().take(file, options.ignoreMods, conf);
    } catch (Throwable e) {
      if (ignored.passes(e) || (e instanceof UnsealedFileException && options.ignoreUnsealed)) {
        LOG.warn("{} is passed over: {}", file.name, e.getMessage());
        return "";
      }
      return e;
    }
  }

  /** What of files is passed over, as options and the session say. */
  public static final class Ignored implements java.io.Serializable {
    private static final long serialVersionUID = 1L;
    private final boolean corrupt;
    private final boolean missing;

    private Ignored(boolean corrupt, boolean missing) {
      this.corrupt = corrupt;
      this.missing = missing;
    }

    public static Ignored of(TsFileOptions options) {
      return new Ignored(
          said(options.ignoreCorruptFiles, "spark.sql.files.ignoreCorruptFiles"),
          said(options.ignoreMissingFiles, "spark.sql.files.ignoreMissingFiles"));
    }

    private static boolean said(Boolean option, String key) {
      return option != null
          ? option
          : Boolean.parseBoolean(SparkSession.active().conf().get(key, "false"));
    }

    public boolean passes(Throwable e) {
      return (e instanceof CorruptFileException && corrupt)
          || (e instanceof FileNotFoundException && missing);
    }
  }

  /** The files, in the order of their names. */
  public List<OpenFile> files() {
    return kept.stream().map(k -> k.file).collect(Collectors.toList());
  }

  /** Names of all tables in them. */
  public Set<String> tables() {
    Set<String> out = new TreeSet<>();
    for (FileCache.Kept one : kept) {
      out.addAll(java.util.Arrays.asList(one.file.tables()));
    }
    return out;
  }

  @Override
  public void close() {
    for (FileCache.Kept one : kept) {
      FileCache.get().give(one);
    }
  }
}
