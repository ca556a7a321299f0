package io.tsfile.spark.read;

import io.tsfile.api.OpenFile;
import io.tsfile.api.Scan;
import io.tsfile.spark.files.FileCache;
import io.tsfile.spark.files.HadoopInput;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileStatus;
import org.apache.hadoop.fs.Path;
import org.apache.spark.TaskContext;
import org.apache.spark.sql.connector.read.PartitionReader;
import org.apache.spark.sql.types.StructField;
import org.apache.spark.sql.vectorized.ColumnVector;
import org.apache.spark.sql.vectorized.ColumnarBatch;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Reads the splits of a task, one after the other. */
final class TsFilePartitionReader implements PartitionReader<ColumnarBatch> {
  private static final Logger LOG = LoggerFactory.getLogger(TsFilePartitionReader.class);

  private final TsFileReaderFactory factory;
  private final TsFilePartition partition;
  private final TsFileColumnVector[] vectors;
  private final List<HadoopInput> inputs = new ArrayList<>();
  private int next;
  private Scan scan;
  private ColumnarBatch batch;

  TsFilePartitionReader(TsFileReaderFactory factory, TsFilePartition partition) {
    this.factory = factory;
    this.partition = partition;
    StructField[] wanted = factory.shown.wanted.fields();
    vectors = new TsFileColumnVector[wanted.length];
    for (int i = 0; i < wanted.length; i++) {
      if (factory.shown.sources[i] >= 0) {
        vectors[i] = new TsFileColumnVector(wanted[i].dataType());
      }
    }
  }

  @Override
  public boolean next() throws IOException {
    while (true) {
      if (scan == null) {
        if (next == partition.splits.length) {
          return false;
        }
        open(next++);
        if (scan == null) {
          continue;
        }
      }
      int rows;
      try {
        rows = scan.next();
      } catch (Throwable e) {
        closeScan();
        passOver(e);
        continue;
      }
      if (rows < 0) {
        closeScan();
        continue;
      }
      long[] places = scan.places();
      for (int i = 0; i < vectors.length; i++) {
        if (vectors[i] != null) {
          vectors[i].set(places, TsFileColumnVector.at(factory.shown.sources[i]), rows);
        }
      }
      batch.setNumRows(rows);
      return true;
    }
  }

  @Override
  public ColumnarBatch get() {
    return batch;
  }

  /** Opens the files of a split, and begins to read it; they stay open as long as the scan needs them. */
  private void open(int split) throws IOException {
    byte[] encoded = partition.splits[split];
    List<OpenFile> files = new ArrayList<>();
    try {
      for (String name : Scan.files(factory.shared, encoded)) {
        files.add(openFile(name));
      }
      scan =
          new Scan(
              factory.shared,
              encoded,
              files,
              factory.shown.codes,
              factory.unit,
              factory.maxTaskMemory);
      CancelWatcher.watch(TaskContext.get(), scan);
      batch = batchOf(partition.folders[split]);
    } catch (Throwable e) {
      closeScan();
      passOver(e);
    } finally {
      for (OpenFile file : files) {
        file.close();
      }
    }
  }

  /** An error, unless the options pass over what it says of a file. */
  private void passOver(Throwable e) throws IOException {
    if (factory.ignored.passes(e)) {
      LOG.warn("the rest of a file is passed over: {}", e.getMessage());
    } else if (e instanceof IOException) {
      throw (IOException) e;
    } else if (e instanceof RuntimeException) {
      throw (RuntimeException) e;
    } else {
      throw (Error) e;
    }
  }

  private OpenFile openFile(String name) throws IOException {
    if (name.startsWith("/")) {
      OpenFile file = OpenFile.localForTask(name, factory.maxTaskMemory);
      try {
        FileCache.get().lendIndex(file, name);
      } catch (Throwable e) {
        file.close();
        throw e;
      }
      return file;
    }
    Configuration conf = factory.conf();
    Path path = new Path(name);
    FileStatus status = path.getFileSystem(conf).getFileStatus(path);
    HadoopInput input = new HadoopInput(name, conf);
    inputs.add(input);
    return OpenFile.forTask(
        name, input, status.getLen(), status.getModificationTime(), factory.maxTaskMemory);
  }

  private ColumnarBatch batchOf(Object[] folders) {
    StructField[] wanted = factory.shown.wanted.fields();
    ColumnVector[] columns = new ColumnVector[wanted.length];
    for (int i = 0; i < columns.length; i++) {
      int source = factory.shown.sources[i];
      if (source >= 0) {
        columns[i] = vectors[i];
      } else {
        Object value = source == Shown.NULL ? null : folders[Shown.folder(source)];
        columns[i] = new ConstantVector(wanted[i].dataType(), value);
      }
    }
    return new ColumnarBatch(columns);
  }

  private void closeScan() {
    Scan open = scan;
    scan = null;
    if (open != null) {
      CancelWatcher.forget(open);
      open.close();
    }
    for (HadoopInput input : inputs) {
      input.close();
    }
    inputs.clear();
  }

  @Override
  public void close() {
    next = partition.splits.length;
    closeScan();
  }
}
