package io.tsfile.spark.files;

import io.tsfile.jni.PositionedInput;
import java.io.IOException;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FSDataInputStream;
import org.apache.hadoop.fs.Path;

/** A file of any Hadoop file system. It is opened when it is first read; {@link #release} closes it until it is read again. */
public final class HadoopInput implements PositionedInput {
  private final Path path;
  private final Configuration conf;
  private FSDataInputStream stream;
  private byte[] bytes = new byte[0];

  public HadoopInput(String name, Configuration conf) {
    this.path = new Path(name);
    this.conf = conf;
  }

  @Override
  public synchronized byte[] read(long position, int length) throws IOException {
    if (stream == null) {
      stream = path.getFileSystem(conf).open(path);
    }
    if (bytes.length < length) {
      bytes = new byte[length];
    }
    stream.readFully(position, bytes, 0, length);
    return bytes;
  }

  /** Lets the connection and the memory go. */
  public synchronized void release() {
    bytes = new byte[0];
    FSDataInputStream open = stream;
    stream = null;
    if (open != null) {
      try {
        open.close();
      } catch (IOException e) {
        // Everything was read that was wanted.
      }
    }
  }

  @Override
  public void close() {
    release();
  }
}
