package oracle;

import java.io.File;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.apache.tsfile.encoding.decoder.Decoder;
import org.apache.tsfile.enums.ColumnCategory;
import org.apache.tsfile.enums.TSDataType;
import org.apache.tsfile.file.metadata.IDeviceID;
import org.apache.tsfile.file.metadata.TableSchema;
import org.apache.tsfile.file.metadata.TimeseriesMetadata;
import org.apache.tsfile.read.TsFileSequenceReader;
import org.apache.tsfile.read.common.Field;
import org.apache.tsfile.read.common.Path;
import org.apache.tsfile.read.reader.page.PageReader;

/** How Java 2.4.0 is asked for what {@link Dump} writes down. */
final class Api {
  static final String NAME = "java-2.4.0";
  static final int NEWEST_VERSION = 4;

  private Api() {}

  /** A device of the tree or of a table. */
  static final class Device {
    final IDeviceID id;
    private final boolean table;
    private final List<TimeseriesMetadata> series;

    private Device(IDeviceID id, boolean table, List<TimeseriesMetadata> series) {
      this.id = id;
      this.table = table;
      this.series = series;
    }

    boolean isTable() {
      return table;
    }

    List<TimeseriesMetadata> series() {
      return series;
    }

    String line() {
      if (!table) {
        return "tree\t" + Text.name(id.toString());
      }
      StringBuilder out = new StringBuilder("table");
      for (Object segment : id.getSegments()) {
        out.append('\t').append(Text.name((String) segment));
      }
      return out.toString();
    }

    /** The tags of a row of the table, as {@link Queries} puts them together. */
    String key(int tags) {
      StringBuilder out = new StringBuilder();
      for (int i = 1; i <= tags; i++) {
        out.append(Text.name(i < id.segmentNum() ? (String) id.segment(i) : null)).append('\t');
      }
      return out.toString();
    }

    Path path(String measurement) {
      return new Path(id, measurement, false);
    }

    String key(String measurement) {
      return id + "." + measurement;
    }
  }

  /** Table schemas and properties, in an order of their own. */
  static void head(TsFileSequenceReader reader, StringBuilder out) throws Exception {
    Map<String, String> properties = reader.readFileMetadata().getTsFileProperties();
    if (properties != null) {
      new TreeMap<>(properties).forEach((k, v) ->
          out.append("property\t").append(Text.name(k)).append('\t').append(Text.hex(v)).append('\n'));
    }
    for (TableSchema schema : schemas(reader).values()) {
      out.append("table\t").append(Text.name(schema.getTableName())).append('\n');
      for (int i = 0; i < schema.getColumnSchemas().size(); i++) {
        ColumnCategory category = schema.getColumnTypes().get(i);
        out.append("column\t").append(Text.name(schema.getColumnSchemas().get(i).getMeasurementName())).append('\t')
            .append(schema.getColumnSchemas().get(i).getType()).append('\t').append(category).append('\n');
      }
    }
  }

  /** None in version 3. */
  private static Map<String, TableSchema> schemas(TsFileSequenceReader reader) throws Exception {
    Map<String, TableSchema> all = reader.getTableSchemaMap();
    return all == null ? new TreeMap<>() : new TreeMap<>(all);
  }

  static List<Device> devices(TsFileSequenceReader reader) throws Exception {
    List<Device> out = new ArrayList<>();
    Map<String, TableSchema> schemas = schemas(reader);
    Map<IDeviceID, List<TimeseriesMetadata>> all = reader.getAllTimeseriesMetadata(true);
    List<IDeviceID> ids = new ArrayList<>(reader.getAllDevices());
    for (IDeviceID id : all.keySet()) {
      if (!ids.contains(id)) {
        ids.add(id);
      }
    }
    for (IDeviceID id : ids) {
      boolean table = schemas.containsKey(id.getTableName()) && !id.getTableName().startsWith("root.");
      out.add(new Device(id, table, all.get(id)));
    }
    return out;
  }

  static PageReader page(ByteBuffer data, TSDataType type, Decoder value, Decoder time) {
    return new PageReader(data, type, value, time);
  }

  /** A date stays the number it is: the release turns only the years 1000 to 9999 into one. */
  static Object value(Field field) {
    return field.getDataType() == TSDataType.DATE ? field.getIntV() : field.getObjectValue(field.getDataType());
  }

  /** Asks for everything once more as users do; returns how many columns that were. */
  static int ask(File file, TsFileSequenceReader reader, Map<Device, List<Series>> all, StringBuilder out) throws Exception {
    return new Queries(file, all, out).run(new ArrayList<>(schemas(reader).values()));
  }
}
