package oracle;

import java.io.File;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.apache.iotdb.tsfile.encoding.decoder.Decoder;
import org.apache.iotdb.tsfile.file.metadata.TimeseriesMetadata;
import org.apache.iotdb.tsfile.file.metadata.enums.TSDataType;
import org.apache.iotdb.tsfile.read.TsFileSequenceReader;
import org.apache.iotdb.tsfile.read.common.Field;
import org.apache.iotdb.tsfile.read.common.Path;
import org.apache.iotdb.tsfile.read.reader.page.PageReader;

/** How Java 0.13.4 is asked for what {@link Dump} writes down. */
final class Api {
  static final String NAME = "java-0.13.4";
  static final int NEWEST_VERSION = 3;

  private Api() {}

  /** A device of the tree. */
  static final class Device {
    private final String name;
    private final List<TimeseriesMetadata> series;

    private Device(String name, List<TimeseriesMetadata> series) {
      this.name = name;
      this.series = series;
    }

    boolean isTable() {
      return false;
    }

    List<TimeseriesMetadata> series() {
      return series;
    }

    String line() {
      return "tree\t" + Text.name(name);
    }

    Path path(String measurement) {
      return new Path(name, measurement);
    }

    String key(String measurement) {
      return name + "." + measurement;
    }
  }

  static void head(TsFileSequenceReader reader, StringBuilder out) {}

  static List<Device> devices(TsFileSequenceReader reader) throws Exception {
    List<Device> out = new ArrayList<>();
    Map<String, List<TimeseriesMetadata>> all = reader.getAllTimeseriesMetadata(true);
    for (String name : reader.getAllDevices()) {
      out.add(new Device(name, all.get(name)));
    }
    return out;
  }

  static PageReader page(ByteBuffer data, TSDataType type, Decoder value, Decoder time) {
    return new PageReader(data, type, value, time, null);
  }

  static Object value(Field field) {
    return field.getObjectValue(field.getDataType());
  }

  static int ask(File file, TsFileSequenceReader reader, Map<Device, List<Series>> all, StringBuilder out) {
    return 0;
  }
}
