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
import java.util.function.Predicate;
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

  /** What these are some of; itself where they are all. */
  public final FoundFiles all;

  private FoundFiles(List<FoundFile> files, StructType partitionSchema, FoundFiles all) {
    this.files = files;
    this.partitionSchema = partitionSchema;
    this.all = all == null ? this : all;
  }

  /** Those in folders of whose values that is true. */
  public FoundFiles where(Predicate<Object[]> folders) {
    List<FoundFile> left = new ArrayList<>();
    for (FoundFile file : files) {
      if (folders.test(file.partitionValues)) {
        left.add(file);
      }
    }
    return new FoundFiles(left, partitionSchema, all);
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

  /**
   * Finds the files; a path that is not there is an error.
   *
   * @param given what the user wants to see, with types for columns that folders make; or null
   */
  public static FoundFiles find(TsFileOptions options, StructType given) {
    if (options.paths.isEmpty()) {
      throw new IllegalArgumentException(
          "tsfile needs a path: load(\"/data/plant.tsfile\"), or option path or paths");
    }
    Configuration conf = SparkSession.active().sparkContext().hadoopConfiguration();
    try {
      List<Folder> roots = new ArrayList<>();
      for (String text : options.paths) {
        Path path = new Path(text);
        FileSystem fs = path.getFileSystem(conf);
        Path whole = fs.makeQualified(path);
        FileStatus[] found = fs.globStatus(whole);
        if (found == null || found.length == 0) {
          throw new FileNotFoundException("there is no file or folder " + text);
        }
        for (FileStatus root : found) {
          roots.add(new Folder(root, fs, Collections.emptyMap()));
        }
      }
      return of(list(roots, options), given);
    } catch (IOException e) {
      throw Thrown.as(e);
    }
  }

  /** A folder that is to be listed; or a file that was named. */
  private static final class Folder {
    final FileStatus status;
    final FileSystem fs;
    final Map<String, String> folders;

    Folder(FileStatus status, FileSystem fs, Map<String, String> folders) {
      this.status = status;
      this.fs = fs;
      this.folders = folders;
    }
  }

  /** What lies in a folder. */
  private static final class Inside {
    final List<Folder> folders = new ArrayList<>();
    final List<Listed> files = new ArrayList<>();
  }

  /** Lists folders side by side, then those in them, and so on. */
  private static List<Listed> list(List<Folder> roots, TsFileOptions options) throws IOException {
    PathFilter wanted =
        options.pathGlobFilter == null
            ? path -> path.getName().endsWith(".tsfile")
            : new GlobFilter(options.pathGlobFilter);
    List<Listed> out = new ArrayList<>();
    List<Folder> next = roots;
    while (!next.isEmpty()) {
      List<Folder> below = new ArrayList<>();
      for (Inside inside : SideBySide.map(next, folder -> list(folder, options, wanted))) {
        below.addAll(inside.folders);
        out.addAll(inside.files);
      }
      next = below;
    }
    return out;
  }

  private static Inside list(Folder folder, TsFileOptions options, PathFilter wanted)
      throws IOException {
    Inside out = new Inside();
    FileSystem fs = folder.fs;
    Path path = folder.status.getPath();
    if (!folder.status.isDirectory()) {
      // Whoever names a file means it, whatever it is called.
      boolean hasMods = fs.exists(path.suffix(".mods")) || fs.exists(path.suffix(".mods2"));
      out.files.add(new Listed(folder.status, fs, folder.folders, hasMods));
      return out;
    }
    FileStatus[] inside = fs.listStatus(path);
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
        Map<String, String> below = folder.folders;
        int equals = name.indexOf('=');
        if (equals > 0 && !options.recursiveFileLookup) {
          below = new LinkedHashMap<>(below);
          below.put(
              PartitionValues.unescape(name.substring(0, equals)),
              PartitionValues.unescape(name.substring(equals + 1)));
        }
        out.folders.add(new Folder(status, fs, below));
      } else if (wanted.accept(status.getPath())) {
        boolean hasMods = names.contains(name + ".mods") || names.contains(name + ".mods2");
        out.files.add(new Listed(status, fs, folder.folders, hasMods));
      }
    }
    return out;
  }

  /** As Spark has it: what begins with a dot or an underscore, but for {@code _key=value}, and what is being copied. */
  private static boolean isHidden(String name) {
    return name.startsWith(".")
        || (name.startsWith("_") && !name.contains("="))
        || name.endsWith("._COPYING_");
  }

  private static FoundFiles of(List<Listed> listed, StructType given) {
    List<Map<String, String>> folders = new ArrayList<>(listed.size());
    for (Listed file : listed) {
      folders.add(file.folders);
    }
    PartitionValues partitions = PartitionValues.infer(folders, given);
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
    return new FoundFiles(files, partitions.schema, null);
  }
}
