package oracle;

import java.io.IOException;
import java.util.List;
import java.util.Map;
import org.apache.tsfile.enums.TSDataType;
import org.apache.tsfile.read.common.BatchData;
import org.apache.tsfile.read.common.Chunk;
import org.apache.tsfile.read.reader.IChunkReader;
import org.apache.tsfile.utils.Binary;
import org.apache.tsfile.utils.TsPrimitiveType;

/** Points out of chunks, by the release's own chunk readers. */
final class Read {
  private Read() {}

  /** Adds the points of a non-aligned chunk. */
  static void plain(IChunkReader reader, Map<Long, Object> out) throws IOException {
    while (reader.hasNextSatisfiedPage()) {
      for (BatchData b = reader.nextPageData(); b.hasCurrent(); b.next()) {
        out.put(b.currentTime(), value(b));
      }
    }
  }

  /** Adds the points of the value chunks beside one time chunk; {@code out} has a map per chunk. */
  static void aligned(IChunkReader reader, List<Map<Long, Object>> out) throws IOException {
    while (reader.hasNextSatisfiedPage()) {
      for (BatchData b = reader.nextPageData(); b != null && b.hasCurrent(); b.next()) {
        if (b.getDataType() != TSDataType.VECTOR) {
          // A single value chunk comes as if it were not aligned.
          out.get(0).put(b.currentTime(), value(b));
          continue;
        }
        TsPrimitiveType[] v = b.getVector();
        for (int i = 0; i < v.length; i++) {
          if (v[i] != null) {
            out.get(i).put(b.currentTime(), value(v[i].getValue()));
          }
        }
      }
    }
  }

  private static Object value(BatchData b) {
    switch (b.getDataType()) {
      case FLOAT:
        return b.getFloat();
      case DOUBLE:
        return b.getDouble();
      default:
        return value(b.currentValue());
    }
  }

  static Object value(Object v) {
    return v instanceof Binary ? ((Binary) v).getValues() : v;
  }

  /** A chunk that is there and holds something. */
  static boolean holds(Chunk c) {
    return c != null && c.getHeader().getDataSize() > 0;
  }
}
