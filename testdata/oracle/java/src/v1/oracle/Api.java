package oracle;

import java.io.File;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.apache.tsfile.encoding.decoder.Decoder;
import org.apache.tsfile.enums.TSDataType;
import org.apache.tsfile.file.metadata.IDeviceID;
import org.apache.tsfile.file.metadata.PlainDeviceID;
import org.apache.tsfile.file.metadata.TimeseriesMetadata;
import org.apache.tsfile.read.TsFileSequenceReader;
import org.apache.tsfile.read.common.Field;
import org.apache.tsfile.read.common.Path;
import org.apache.tsfile.read.reader.page.PageReader;

/** How Java 1.1.3 is asked for what {@link Dump} writes down. */
final class Api {
  static final String NAME = "java-1.1.3";
  static final int NEWEST_VERSION = 3;

  private Api() {}

  /** A device of the tree. */
  static final class Device {
    private final IDeviceID id;
    private final List<TimeseriesMetadata> series;

    private Device(IDeviceID id, List<TimeseriesMetadata> series) {
      this.id = id;
      this.series = series;
    }

    boolean isTable() {
      return false;
    }

    List<TimeseriesMetadata> series() {
      return series;
    }

    String line() {
      return "tree\t" + Text.name(name());
    }

    Path path(String measurement) {
      return new Path(name(), measurement, false);
    }

    String key(String measurement) {
      return name() + "." + measurement;
    }

    private String name() {
      return ((PlainDeviceID) id).toStringID();
    }
  }

  static void head(TsFileSequenceReader reader, StringBuilder out) {}

  static List<Device> devices(TsFileSequenceReader reader) throws Exception {
    List<Device> out = new ArrayList<>();
    Map<IDeviceID, List<TimeseriesMetadata>> all = reader.getAllTimeseriesMetadata(true);
    for (IDeviceID id : reader.getAllDevices()) {
      out.add(new Device(id, all.get(id)));
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

  static int ask(File file, TsFileSequenceReader reader, Map<Device, List<Series>> all, StringBuilder out) {
    return 0;
  }
}
