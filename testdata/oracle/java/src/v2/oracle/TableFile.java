package oracle;

import java.io.File;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import org.apache.tsfile.common.conf.TSFileDescriptor;
import org.apache.tsfile.enums.ColumnCategory;
import org.apache.tsfile.enums.TSDataType;
import org.apache.tsfile.file.metadata.IDeviceID;
import org.apache.tsfile.file.metadata.TableSchema;
import org.apache.tsfile.file.metadata.enums.CompressionType;
import org.apache.tsfile.file.metadata.enums.TSEncoding;
import org.apache.tsfile.read.TsFileSequenceReader;
import org.apache.tsfile.utils.BitMap;
import org.apache.tsfile.write.TsFileWriter;
import org.apache.tsfile.write.record.Tablet;
import org.apache.tsfile.write.schema.IMeasurementSchema;
import org.apache.tsfile.write.schema.MeasurementSchema;

/**
 * A random file of the table model.
 *
 * <p>The table form of the JSON has no place for what a lossy encoding makes of a value, so columns here only get values that their
 * encoding keeps.
 */
final class TableFile {
  private static final String[] TABLES = {"t1", "t2", "plants", "Mixed_Case", "温度", "zeta"};
  private static final String[] FIELDS = {"f1", "f2", "F3", "temp", "humidity", "状态", "v_max", "x", "y", "z"};
  private static final String[] TAGS = {"a", "b", "", "A", "null", "grün", "设备", "device-1", " ", "🙂", "x.y"};

  private static final class Row {
    long time;
    String[] tags;
    Object[] values;
  }

  private static final class Table {
    String name;
    List<String> tags = new ArrayList<>();
    List<Column> fields = new ArrayList<>();
    List<String[]> devices = new ArrayList<>();
    List<Long> last = new ArrayList<>();
    List<Row> rows = new ArrayList<>();
    int row;
  }

  private final Random random;
  private final String timeEncoding;
  private final List<Table> tables = new ArrayList<>();

  TableFile(Random random, String timeEncoding) {
    this.random = random;
    this.timeEncoding = timeEncoding;
  }

  String run(File file, Check check, StringBuilder json) throws Exception {
    TSFileDescriptor.getInstance().getConfig().setCompressor(Gen.compressor(random).name());
    Set<String> names = new LinkedHashSet<>();
    int wanted = 1 + random.nextInt(4);
    while (names.size() < wanted) {
      names.add(Gen.pick(random, TABLES));
    }
    try (TsFileWriter writer = new TsFileWriter(file)) {
      for (String name : names) {
        Table t = table(name);
        tables.add(t);
        writer.registerTableSchema(new TableSchema(t.name, schemas(t), categories(t)));
      }
      int rounds = 1 + random.nextInt(3);
      for (int round = 0; round < rounds; round++) {
        for (Table t : tables) {
          if (round > 0 && random.nextInt(5) == 0) {
            continue;
          }
          writer.writeTable(tablet(t));
        }
        if (random.nextInt(2) == 0) {
          writer.flush();
        }
      }
    }
    return finish(file, check, json);
  }

  private Table table(String name) {
    Table t = new Table();
    t.name = name;
    int tags = random.nextInt(4);
    for (int i = 0; i < tags; i++) {
      t.tags.add("tag" + (i + 1));
    }
    Set<String> names = new LinkedHashSet<>();
    int wanted = 1 + random.nextInt(8);
    while (names.size() < wanted) {
      names.add(Gen.pick(random, FIELDS));
    }
    for (String field : names) {
      Column c = Gen.column(random, field, true);
      while (c.type == TSDataType.OBJECT && random.nextInt(4) != 0) {
        c = Gen.column(random, field, true);
      }
      t.fields.add(c);
    }
    int devices = tags == 0 ? 1 : 1 + random.nextInt(5);
    Set<String> seen = new LinkedHashSet<>();
    for (int i = 0; i < devices; i++) {
      String[] id = new String[tags];
      for (int k = 0; k < tags; k++) {
        id[k] = random.nextInt(4) == 0 ? null : Gen.pick(random, TAGS);
      }
      StringBuilder key = new StringBuilder();
      for (String s : id) {
        key.append(s == null ? "-" : "+" + s).append('\u0000');
      }
      if (seen.add(key.toString())) {
        t.devices.add(id);
        t.last.add(Gen.epoch(random));
      }
    }
    return t;
  }

  private static List<IMeasurementSchema> schemas(Table t) {
    List<IMeasurementSchema> out = new ArrayList<>();
    for (String tag : t.tags) {
      out.add(new MeasurementSchema(tag, TSDataType.STRING, TSEncoding.PLAIN, CompressionType.UNCOMPRESSED));
    }
    for (Column c : t.fields) {
      out.add(c.schema());
    }
    return out;
  }

  private static List<ColumnCategory> categories(Table t) {
    List<ColumnCategory> out = new ArrayList<>(Collections.nCopies(t.tags.size(), ColumnCategory.TAG));
    out.addAll(Collections.nCopies(t.fields.size(), ColumnCategory.FIELD));
    return out;
  }

  private Tablet tablet(Table t) {
    List<List<Row>> perDevice = new ArrayList<>();
    int[] nulls = new int[t.fields.size()];
    for (int k = 0; k < nulls.length; k++) {
      nulls[k] = Gen.pick(random, new int[] {0, 0, 10, 30, 90, 100});
    }
    for (int d = 0; d < t.devices.size(); d++) {
      List<Row> mine = new ArrayList<>();
      perDevice.add(mine);
      if (d > 0 && random.nextInt(4) == 0) {
        continue;
      }
      int n = Gen.rows(random);
      if (n * t.fields.size() > 400) {
        n = 1 + random.nextInt(25);
      }
      long[] times = Gen.times(random, t.last.get(d), n, timeEncoding);
      t.last.set(d, times[n - 1]);
      for (int i = 0; i < n; i++) {
        Row r = new Row();
        r.time = times[i];
        r.tags = t.devices.get(d);
        r.values = new Object[t.fields.size()];
        for (int k = 0; k < r.values.length; k++) {
          if (random.nextInt(100) >= nulls[k]) {
            r.values[k] = value(t.fields.get(k), t.row);
          }
        }
        t.row++;
        mine.add(r);
      }
    }
    List<Row> rows = new ArrayList<>();
    if (random.nextInt(4) == 0) {
      // Devices interleaved, each still in its own order.
      for (int i = 0, left = 1; left > 0; i++) {
        left = 0;
        for (List<Row> mine : perDevice) {
          if (i < mine.size()) {
            rows.add(mine.get(i));
            left++;
          }
        }
      }
    } else {
      perDevice.forEach(rows::addAll);
    }
    t.rows.addAll(rows);

    int n = rows.size();
    int width = t.tags.size() + t.fields.size();
    long[] times = new long[n];
    Object[] arrays = new Object[width];
    BitMap[] bitmaps = new BitMap[width];
    for (int k = 0; k < width; k++) {
      Object[] v = new Object[n];
      for (int i = 0; i < n; i++) {
        Row r = rows.get(i);
        times[i] = r.time;
        if (k >= t.tags.size()) {
          v[i] = r.values[k - t.tags.size()];
        } else if (r.tags[k] != null) {
          v[i] = r.tags[k].getBytes(StandardCharsets.UTF_8);
        }
      }
      bitmaps[k] = new BitMap(n);
      arrays[k] = Rows.array(k < t.tags.size() ? TSDataType.STRING : t.fields.get(k - t.tags.size()).type, v, bitmaps[k]);
    }
    return new Tablet(t.name, schemas(t), categories(t), times, arrays, bitmaps, n);
  }

  /** A value that comes back as it went in. */
  private static Object value(Column c, int row) {
    Object v = c.gen.next(row);
    if (c.encoding == TSEncoding.PLAIN && v instanceof Float && ((Float) v).isNaN()) {
      return Float.NaN;
    }
    if (c.encoding == TSEncoding.PLAIN && v instanceof Double && ((Double) v).isNaN()) {
      return Double.NaN;
    }
    return v;
  }

  private String finish(File file, Check check, StringBuilder json) throws Exception {
    long points = 0;
    int rows = 0;
    json.append("{\"model\":\"table\",\"tables\":{");
    String tableComma = "\n";
    try (TsFileSequenceReader reader = new TsFileSequenceReader(file.getPath())) {
      for (Table t : tables) {
        json.append(tableComma);
        tableComma = ",\n";
        String name = t.name.toLowerCase(Locale.ROOT);
        Json.string(json, name);
        json.append(":{\"columns\":[");
        String comma = "";
        for (String tag : t.tags) {
          json.append(comma);
          column(json, tag, TSDataType.STRING, "TAG");
          comma = ",";
        }
        for (Column c : t.fields) {
          json.append(comma);
          column(json, c.name.toLowerCase(Locale.ROOT), c.type, "FIELD");
          comma = ",";
        }
        json.append("],\"rows\":[");
        t.rows.sort(Comparator.<Row, String[]>comparing(r -> r.tags, TableFile::compare).thenComparingLong(r -> r.time));
        Map<String[], Map<String, Map<Long, Object>>> read = new HashMap<>();
        comma = "\n";
        for (Row r : t.rows) {
          if (!read.containsKey(r.tags)) {
            read.put(r.tags, Release.readAligned(reader, id(name, r.tags)));
          }
          points += row(json.append(comma), t, r, read.get(r.tags), check);
          comma = ",\n";
          rows++;
        }
        json.append("]}");
      }
    }
    json.append("}}");
    return "table tables=" + tables.size() + " rows=" + rows + " points=" + points;
  }

  private static long row(StringBuilder json, Table t, Row r, Map<String, Map<Long, Object>> read, Check check) {
    long points = 0;
    json.append('[').append(r.time);
    for (String tag : r.tags) {
      json.append(',');
      if (tag == null) {
        json.append("null");
      } else {
        Json.string(json, tag);
      }
    }
    for (int k = 0; k < r.values.length; k++) {
      Column c = t.fields.get(k);
      Object v = r.values[k];
      Map<Long, Object> column = read.get(c.name.toLowerCase(Locale.ROOT));
      Object got = column == null ? null : column.get(r.time);
      if (v == null && got != null) {
        check.fail(t.name + "." + c.name + " at " + r.time + ": wrote null, read " + Check.show(got));
      }
      if (v != null) {
        Object expect = check.expect(c, t.name, v, got);
        if (!Check.same(v, expect)) {
          check.fail(t.name + "." + c.name + " " + c.encoding + ": " + Check.show(v) + " is not kept");
        }
        points++;
      }
      json.append(',');
      Json.value(json, c.type, v);
    }
    json.append(']');
    return points;
  }

  private static void column(StringBuilder json, String name, TSDataType type, String category) {
    json.append('[');
    Json.string(json, name);
    json.append(",\"").append(type).append("\",\"").append(category).append("\"]");
  }

  private static IDeviceID id(String table, String[] tags) {
    String[] segments = new String[tags.length + 1];
    segments[0] = table;
    System.arraycopy(tags, 0, segments, 1, tags.length);
    return IDeviceID.Factory.DEFAULT_FACTORY.create(segments);
  }

  /** Null first, then by UTF-16 code units, as Java orders devices. */
  private static int compare(String[] a, String[] b) {
    for (int i = 0; i < a.length; i++) {
      int c = a[i] == null ? (b[i] == null ? 0 : -1) : b[i] == null ? 1 : a[i].compareTo(b[i]);
      if (c != 0) {
        return c;
      }
    }
    return 0;
  }
}
