package io.tsfile.spark.files;

import io.tsfile.spark.TsFileOptions;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileStatus;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.GlobFilter;
import org.apache.hadoop.fs.LocalFileSystem;
import org.apache.hadoop.fs.Path;
import org.apache.hadoop.fs.PathFilter;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.types.StructType;

/** The TsFiles below some paths: files, folders at any depth, globs. In the order of their names. */
public final class FoundFiles {
  /** The files, by name. */
  public final List<FoundFile> files;

  /** The columns that folders called {@code key=value} make. */
  public final StructType partitionSchema;

  private FoundFiles(List<FoundFile> files, StructType partitionSchema) {
    this.files = files;
    this.partitionSchema = partitionSchema;
  }

  /** A file and the folders between it and the path that was asked for. */
  private static final class Listed {
    final FileStatus status;
    final FileSystem fs;
    final Map<String, String> folders;
    final boolean hasMods;

    Listed(FileStatus status, FileSystem fs, Map<String, String> folders, boolean hasMods) {
      this.status = status;
      this.fs = fs;
      this.folders = folders;
      this.hasMods = hasMods;
    }
  }

  /** Finds the files; a path that is not there is an error. */
  public static FoundFiles find(TsFileOptions options) {
    if (options.paths.isEmpty()) {
      throw new IllegalArgumentException(
          "tsfile needs a path: load(\"/data/plant.tsfile\"), or option path or paths");
    }
    Configuration conf = SparkSession.active().sparkContext().hadoopConfiguration();
    try {
      List<Listed> listed = new ArrayList<>();
      for (String text : options.paths) {
        Path path = new Path(text);
        FileSystem fs = path.getFileSystem(conf);
        Path whole = fs.makeQualified(path);
        FileStatus[] roots = fs.globStatus(whole);
        if (roots == null || roots.length == 0) {
          throw new FileNotFoundException("there is no file or folder " + text);
        }
        for (FileStatus root : roots) {
          list(fs, root, options, listed);
        }
      }
      return of(listed, options);
    } catch (IOException e) {
      throw Thrown.as(e);
    }
  }

  private static void list(
      FileSystem fs, FileStatus root, TsFileOptions options, List<Listed> out)
      throws IOException {
    if (!root.isDirectory()) {
      // Whoever names a file means it, whatever it is called.
      boolean hasMods =
          fs.exists(root.getPath().suffix(".mods")) || fs.exists(root.getPath().suffix(".mods2"));
      out.add(new Listed(root, fs, Collections.emptyMap(), hasMods));
      return;
    }
    PathFilter wanted =
        options.pathGlobFilter == null
            ? path -> path.getName().endsWith(".tsfile")
            : new GlobFilter(options.pathGlobFilter);
    listFolder(fs, root.getPath(), new LinkedHashMap<>(), options, wanted, out);
  }

  private static void listFolder(
      FileSystem fs,
      Path folder,
      Map<String, String> folders,
      TsFileOptions options,
      PathFilter wanted,
      List<Listed> out)
      throws IOException {
    FileStatus[] inside = fs.listStatus(folder);
    Set<String> names = new HashSet<>();
    for (FileStatus status : inside) {
      names.add(status.getPath().getName());
    }
    for (FileStatus status : inside) {
      String name = status.getPath().getName();
      if (isHidden(name)) {
        continue;
      }
      if (status.isDirectory()) {
        Map<String, String> below = folders;
        int equals = name.indexOf('=');
        if (equals > 0 && !options.recursiveFileLookup) {
          below = new LinkedHashMap<>(folders);
          below.put(
              PartitionValues.unescape(name.substring(0, equals)),
              PartitionValues.unescape(name.substring(equals + 1)));
        }
        listFolder(fs, status.getPath(), below, options, wanted, out);
      } else if (wanted.accept(status.getPath())) {
        boolean hasMods = names.contains(name + ".mods") || names.contains(name + ".mods2");
        out.add(new Listed(status, fs, folders, hasMods));
      }
    }
  }

  /** As Spark has it: what begins with a dot or an underscore, but for {@code _key=value}, and what is being copied. */
  private static boolean isHidden(String name) {
    return name.startsWith(".")
        || (name.startsWith("_") && !name.contains("="))
        || name.endsWith("._COPYING_");
  }

  private static FoundFiles of(List<Listed> listed, TsFileOptions options) {
    List<Map<String, String>> folders = new ArrayList<>(listed.size());
    for (Listed file : listed) {
      folders.add(file.folders);
    }
    PartitionValues partitions = PartitionValues.infer(folders);
    List<FoundFile> files = new ArrayList<>(listed.size());
    Set<String> seen = new HashSet<>();
    for (Listed file : listed) {
      boolean local = file.fs instanceof LocalFileSystem;
      Path path = file.status.getPath();
      String name = local ? path.toUri().getPath() : path.toString();
      // A path that is given twice is read twice, as by Spark's own sources; but a name stands for one file in a plan.
      if (seen.add(name)) {
        files.add(
            new FoundFile(
                name,
                local,
                file.status.getLen(),
                file.status.getModificationTime(),
                partitions.values(file.folders),
                file.hasMods));
      }
    }
    files.sort(Comparator.comparing(file -> file.name));
    return new FoundFiles(files, partitions.schema);
  }
}
