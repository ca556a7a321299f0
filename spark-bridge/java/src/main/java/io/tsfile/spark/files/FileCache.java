package io.tsfile.spark.files;

import io.tsfile.api.OpenFile;
import java.io.File;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;
import org.apache.hadoop.conf.Configuration;

/**
 * Files whose metadata the driver keeps for the next query, found again by name, length and time of modification. Those that were not
 * used for longest go first when it is full; those in use never do.
 */
public final class FileCache {
  /** Bytes of native memory for metadata, unless a property says otherwise. */
  public static final long DEFAULT_BYTES = 256L << 20;

  /** Name of the property of the JVM that says how many bytes. */
  public static final String BYTES_PROPERTY = "io.tsfile.metadataCacheBytes";

  private static final FileCache INSTANCE =
      new FileCache(Long.getLong(BYTES_PROPERTY, DEFAULT_BYTES));

  private final long mostBytes;
  private final Map<Key, Kept> files = new LinkedHashMap<>(16, 0.75f, true);
  private long bytes;

  FileCache(long mostBytes) {
    this.mostBytes = mostBytes;
  }

  /** That of this JVM. */
  public static FileCache get() {
    return INSTANCE;
  }

  private static final class Key {
    final String name;
    final long sizeBytes;
    final long modifiedMs;
    final boolean ignoreMods;

    Key(String name, long sizeBytes, long modifiedMs, boolean ignoreMods) {
      this.name = name;
      this.sizeBytes = sizeBytes;
      this.modifiedMs = modifiedMs;
      this.ignoreMods = ignoreMods;
    }

    @Override
    public boolean equals(Object other) {
      if (!(other instanceof Key)) {
        return false;
      }
      Key key = (Key) other;
      return name.equals(key.name)
          && sizeBytes == key.sizeBytes
          && modifiedMs == key.modifiedMs
          && ignoreMods == key.ignoreMods;
    }

    @Override
    public int hashCode() {
      return Objects.hash(name, sizeBytes, modifiedMs, ignoreMods);
    }
  }

  /** An open file, until it is given back. */
  static final class Kept {
    final OpenFile file;
    private final HadoopInput input;
    private final long bytes;
    private int users;

    Kept(OpenFile file, HadoopInput input) {
      this.file = file;
      this.input = input;
      this.bytes = file.sizeBytes();
    }
  }

  /** The file, opened when it is not there yet. Two that ask at once may both open it; one of them is kept. */
  Kept take(FoundFile found, boolean ignoreMods, Configuration conf) {
    Key key = new Key(found.name, found.sizeBytes, found.modifiedMs, ignoreMods);
    synchronized (this) {
      Kept kept = files.get(key);
      if (kept != null) {
        kept.users++;
        return kept;
      }
    }
    Kept opened;
    if (found.local) {
      opened = new Kept(OpenFile.local(found.name, ignoreMods, true), null);
    } else {
      HadoopInput input = new HadoopInput(found.name, conf);
      try {
        opened =
            new Kept(
                OpenFile.of(found.name, input, found.sizeBytes, found.modifiedMs, true), input);
      } finally {
        // What was to be known is known; thousands of files may be opened for one plan.
        input.release();
      }
    }
    synchronized (this) {
      Kept kept = files.get(key);
      if (kept != null) {
        close(opened);
      } else {
        kept = opened;
        files.put(key, kept);
        bytes += kept.bytes;
      }
      kept.users++;
      makeRoom();
      return kept;
    }
  }

  /**
   * Lends the index of a kept file to an open one of the local file system. Tasks in the JVM of the driver have from here what planning
   * has read; others read as much of an index as they need.
   */
  public void lendIndex(OpenFile file, String path) {
    File found = new File(path);
    long sizeBytes = found.length();
    long modifiedMs = found.lastModified();
    synchronized (this) {
      for (boolean ignoreMods : new boolean[] {false, true}) {
        Kept kept = files.get(new Key(path, sizeBytes, modifiedMs, ignoreMods));
        if (kept != null) {
          file.shareIndex(kept.file);
          return;
        }
      }
    }
  }

  /** Gives a file back. */
  synchronized void give(Kept kept) {
    kept.users--;
    if (kept.users == 0) {
      if (kept.input != null) {
        kept.input.release();
      }
      makeRoom();
    }
  }

  /** Forgets all files that are not in use. */
  public synchronized void clear() {
    drop(0);
  }

  /** Number of files that are kept. */
  public synchronized int size() {
    return files.size();
  }

  private void makeRoom() {
    drop(mostBytes);
  }

  private void drop(long most) {
    Iterator<Kept> all = files.values().iterator();
    while (bytes > most && all.hasNext()) {
      Kept kept = all.next();
      if (kept.users == 0) {
        all.remove();
        bytes -= kept.bytes;
        close(kept);
      }
    }
  }

  private static void close(Kept kept) {
    kept.file.close();
    if (kept.input != null) {
      kept.input.close();
    }
  }
}
