package oracle;

import java.io.File;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import org.apache.tsfile.common.conf.TSFileDescriptor;
import org.apache.tsfile.read.TsFileSequenceReader;
import org.apache.tsfile.utils.Binary;
import org.apache.tsfile.write.TsFileWriter;
import org.apache.tsfile.write.chunk.AlignedChunkWriterImpl;
import org.apache.tsfile.write.chunk.ChunkWriterImpl;
import org.apache.tsfile.write.writer.TsFileIOWriter;
import org.apache.tsfile.utils.TsPrimitiveType;

/**
 * A random file of the tree model.
 *
 * <p>Most are written through tablets and flushes. Some are written chunk by chunk, with times of later chunks among those
 * of earlier ones: there the later value of a column wins, and a null never overwrites.
 */
final class TreeFile {
  private static final String[] NODES = {
    "a", "b", "c", "sg", "sg1", "d1", "d2", "plant", "line_7", "x:y", "温度", "`a.b`", "`x y`", "`1`", "`grün`", "v@2"
  };
  private static final String[] NAMES = {
    "s1", "s2", "s3", "s10", "temp", "Temp", "status", "v_max", "温度", "`a.b`", "`x y`", "`2`", "hum#1", "p"
  };

  /** What is in the file of one device: per column the points, by time. */
  private static final class Device {
    String path;
    boolean aligned;
    List<Column> columns = new ArrayList<>();
    List<TreeMap<Long, Object>> points = new ArrayList<>();
    long last;
    int row;
    boolean written;
  }

  private final Random random;
  private final boolean allAligned;
  private final String timeEncoding;
  private final boolean exact;
  private final List<Device> devices = new ArrayList<>();

  TreeFile(Random random, boolean allAligned, String timeEncoding, boolean exact) {
    this.random = random;
    this.allAligned = allAligned;
    this.timeEncoding = timeEncoding;
    this.exact = exact;
  }

  /** Writes the file, reads it back into {@code check} and leaves the expected contents in {@code json}. */
  String run(File file, Check check, StringBuilder json) throws Exception {
    TSFileDescriptor.getInstance().getConfig().setCompressor(Gen.compressor(random).name());
    Set<String> paths = new LinkedHashSet<>();
    int wanted = 1 + random.nextInt(6);
    while (paths.size() < wanted) {
      paths.add(path());
    }
    for (String path : paths) {
      devices.add(device(path));
    }
    boolean chunks = random.nextInt(6) == 0;
    if (chunks) {
      byChunk(file);
    } else {
      byTablet(file);
    }
    return finish(file, check, json, chunks);
  }

  private String path() {
    StringBuilder b = new StringBuilder("root");
    int nodes = 1 + random.nextInt(5);
    for (int i = 0; i < nodes; i++) {
      b.append('.').append(Gen.pick(random, NODES));
    }
    return b.toString();
  }

  private Device device(String path) {
    Device d = new Device();
    d.path = path;
    d.aligned = allAligned || random.nextInt(3) == 0;
    d.last = Gen.epoch(random);
    Set<String> names = new LinkedHashSet<>();
    int wanted = 1 + random.nextInt(8);
    while (names.size() < wanted) {
      names.add(Gen.pick(random, NAMES));
    }
    for (String name : names) {
      d.columns.add(Gen.column(random, name, exact));
      d.points.add(new TreeMap<>());
    }
    return d;
  }

  private void byTablet(File file) throws Exception {
    try (TsFileWriter writer = new TsFileWriter(file)) {
      for (Device d : devices) {
        Release.register(writer, d.path, d.columns, d.aligned);
      }
      int rounds = 1 + random.nextInt(4);
      for (int round = 0; round < rounds; round++) {
        for (Device d : devices) {
          if (random.nextInt(5) == 0) {
            continue;
          }
          Batch b = batch(d);
          Release.write(writer, Rows.tablet(d.path, b.columns, b.times, b.values), d.aligned);
        }
        if (random.nextInt(2) == 0) {
          Release.flush(writer);
        }
      }
    }
  }

  private void byChunk(File file) throws Exception {
    try (TsFileIOWriter writer = new TsFileIOWriter(file)) {
      int rounds = 1 + random.nextInt(4);
      for (int round = 0; round < rounds; round++) {
        for (Device d : devices) {
          if (random.nextInt(6) == 0) {
            continue;
          }
          if (d.row > 0 && random.nextBoolean()) {
            // Back among the times that are already in the file.
            d.last -= random.nextInt(5000);
          }
          Batch b = batch(d);
          Release.startChunkGroup(writer, d.path);
          if (d.aligned) {
            aligned(writer, b);
          } else {
            plain(writer, b);
          }
          writer.endChunkGroup();
        }
      }
      writer.endFile();
    }
  }

  @SuppressWarnings({"unchecked", "rawtypes"})
  private static void aligned(TsFileIOWriter writer, Batch b) throws Exception {
    List schemas = new ArrayList();
    for (Column c : b.columns) {
      schemas.add(c.schema());
    }
    AlignedChunkWriterImpl chunk = new AlignedChunkWriterImpl(schemas);
    for (int i = 0; i < b.times.length; i++) {
      TsPrimitiveType[] row = new TsPrimitiveType[b.columns.size()];
      for (int k = 0; k < row.length; k++) {
        row[k] = Rows.primitive(b.columns.get(k).type, b.values[k][i]);
      }
      chunk.write(b.times[i], row);
    }
    chunk.writeToFileWriter(writer);
  }

  private static void plain(TsFileIOWriter writer, Batch b) throws Exception {
    for (int k = 0; k < b.columns.size(); k++) {
      Column c = b.columns.get(k);
      ChunkWriterImpl chunk = new ChunkWriterImpl(c.schema());
      boolean any = false;
      for (int i = 0; i < b.times.length; i++) {
        Object v = b.values[k][i];
        if (v == null) {
          continue;
        }
        any = true;
        long t = b.times[i];
        switch (c.type) {
          case BOOLEAN:
            chunk.write(t, (boolean) (Boolean) v);
            break;
          case INT32:
          case DATE:
            chunk.write(t, (int) (Integer) v);
            break;
          case INT64:
          case TIMESTAMP:
            chunk.write(t, (long) (Long) v);
            break;
          case FLOAT:
            chunk.write(t, (float) (Float) v);
            break;
          case DOUBLE:
            chunk.write(t, (double) (Double) v);
            break;
          default:
            chunk.write(t, new Binary((byte[]) v));
        }
      }
      if (any) {
        chunk.writeToFileWriter(writer);
      }
    }
  }

  /** Rows of one device, and which of its columns they have. */
  private static final class Batch {
    final List<Column> columns = new ArrayList<>();
    long[] times;
    Object[][] values;
  }

  private Batch batch(Device d) {
    Batch b = new Batch();
    int rows = Gen.rows(random);
    if (rows * d.columns.size() > 800) {
      rows = 1 + random.nextInt(40);
    }
    b.times = Gen.times(random, d.last, rows, timeEncoding);
    d.last = b.times[rows - 1];
    d.written = true;
    List<Object[]> values = new ArrayList<>();
    for (int k = 0; k < d.columns.size(); k++) {
      boolean absent = random.nextInt(8) == 0;
      if (absent && !d.aligned && (k < d.columns.size() - 1 || !b.columns.isEmpty())) {
        continue;
      }
      int nulls = Gen.pick(random, new int[] {0, 0, 0, 10, 30, 90});
      Column c = d.columns.get(k);
      Object[] v = new Object[rows];
      for (int i = 0; i < rows; i++) {
        if (absent || random.nextInt(100) < nulls) {
          continue;
        }
        v[i] = c.gen.next(d.row + i);
        d.points.get(k).put(b.times[i], v[i]);
      }
      b.columns.add(c);
      values.add(v);
    }
    d.row += rows;
    b.values = values.toArray(new Object[0][]);
    return b;
  }

  private String finish(File file, Check check, StringBuilder json, boolean chunks) throws Exception {
    int series = 0;
    long points = 0;
    int aligned = 0;
    json.append("{\"model\":\"tree\",\"series\":{");
    String deviceComma = "\n";
    try (TsFileSequenceReader reader = new TsFileSequenceReader(file.getPath())) {
      for (Device d : devices) {
        if (!d.written) {
          continue;
        }
        Map<String, Map<Long, Object>> read = new LinkedHashMap<>();
        if (d.aligned) {
          read = Release.readAligned(reader, d.path);
          aligned++;
        } else {
          for (int k = 0; k < d.columns.size(); k++) {
            if (!d.points.get(k).isEmpty()) {
              String name = d.columns.get(k).name;
              read.put(name, Release.readPlain(reader, d.path, name));
            }
          }
        }
        StringBuilder one = new StringBuilder();
        String comma = "\n";
        for (int k = 0; k < d.columns.size(); k++) {
          Column c = d.columns.get(k);
          TreeMap<Long, Object> want = d.points.get(k);
          if (want.isEmpty() && !d.aligned) {
            continue;
          }
          Map<Long, Object> got = read.get(c.name);
          if (got == null) {
            got = new TreeMap<>();
          }
          check.count(d.path + "." + c.name, want.size(), got.size());
          one.append(comma);
          comma = ",\n";
          series(one, c, d.path, want, got, check);
          series++;
          points += want.size();
        }
        if (one.length() == 0) {
          continue;
        }
        json.append(deviceComma);
        deviceComma = ",\n";
        Json.string(json, d.path);
        json.append(":{").append(one).append('}');
      }
    }
    json.append("}}");
    return "tree devices=" + devices.size() + " aligned=" + aligned + " series=" + series + " points=" + points
        + (chunks ? " overlapping" : "");
  }

  private static void series(StringBuilder out, Column c, String path, TreeMap<Long, Object> want, Map<Long, Object> got,
      Check check) {
    Json.string(out, c.name);
    out.append(":{\"type\":\"").append(c.type).append("\",\"encoding\":\"").append(c.encoding)
        .append("\",\"compression\":\"").append(c.compression).append("\",\"rows\":[");
    StringBuilder decoded = new StringBuilder();
    boolean lossy = false;
    String comma = "";
    for (Map.Entry<Long, Object> e : want.entrySet()) {
      Object v = e.getValue();
      Object expect = check.expect(c, path, v, got.get(e.getKey()));
      lossy |= !Check.same(v, expect);
      out.append(comma).append('[').append(e.getKey()).append(',');
      Json.value(out, c.type, v);
      out.append(']');
      decoded.append(comma);
      Json.value(decoded, c.type, expect);
      comma = ",";
    }
    out.append(']');
    if (lossy) {
      out.append(",\"decodes_to\":[").append(decoded).append(']');
    }
    out.append('}');
  }
}
