package io.tsfile.spark;

import java.nio.file.Path;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.apache.tsfile.enums.ColumnCategory;
import org.apache.tsfile.enums.TSDataType;
import org.apache.tsfile.file.metadata.IDeviceID;
import org.apache.tsfile.file.metadata.StringArrayDeviceID;
import org.apache.tsfile.file.metadata.TableSchema;
import org.apache.tsfile.file.metadata.enums.TSEncoding;
import org.apache.tsfile.write.TsFileWriter;
import org.apache.tsfile.write.record.TSRecord;
import org.apache.tsfile.write.record.Tablet;
import org.apache.tsfile.write.schema.IMeasurementSchema;
import org.apache.tsfile.write.schema.MeasurementSchema;

/**
 * The files that the tests of the two older connectors use, written by the Java library at run time. The same rows under the same names, so
 * that the numbers that those tests expect can be expected here.
 *
 * <p>Devices are named by segments: the library's parser of paths needs an ANTLR of its own, and Spark has another.
 */
final class JavaFiles {
  private JavaFiles() {}

  /** The points of {@link #large}. */
  static final int LARGE = 1 << 20;

  static final IDeviceID DEVICE_1 = device("device_1");
  static final IDeviceID DEVICE_2 = device("device_2");

  static IDeviceID device(String... segments) {
    return new StringArrayDeviceID(StringArrayDeviceID.splitDeviceIdString(segments));
  }

  /** A file to write, whose folders are made. */
  private static TsFileWriter writer(Path file) throws Exception {
    java.nio.file.Files.createDirectories(file.getParent());
    return new TsFileWriter(file.toFile());
  }

  static void series(
      TsFileWriter writer, IDeviceID device, String name, TSDataType type, TSEncoding encoding)
      throws Exception {
    writer.registerTimeseries(device, new MeasurementSchema(name, type, encoding));
  }

  /** Points of one device at one time, names and values in turn; a null is no point. */
  static void points(TsFileWriter writer, IDeviceID device, long time, Object... points)
      throws Exception {
    TSRecord row = new TSRecord(device, time);
    for (int i = 0; i < points.length; i += 2) {
      String name = (String) points[i];
      Object value = points[i + 1];
      if (value instanceof Integer) {
        row.addPoint(name, (int) value);
      } else if (value instanceof Long) {
        row.addPoint(name, (long) value);
      } else if (value instanceof Float) {
        row.addPoint(name, (float) value);
      } else if (value instanceof Double) {
        row.addPoint(name, (double) value);
      } else if (value instanceof Boolean) {
        row.addPoint(name, (boolean) value);
      } else if (value instanceof LocalDate) {
        row.addPoint(name, (LocalDate) value);
      } else if (value instanceof byte[]) {
        row.addPoint(name, (byte[]) value);
      } else if (value != null) {
        row.addPoint(name, (String) value);
      }
    }
    writer.writeRecord(row);
  }

  /** The old suite's first file: two devices with three sensors, nine rows, two values missing. */
  static Path sensors(Path file) throws Exception {
    try (TsFileWriter writer = writer(file)) {
      for (IDeviceID device : new IDeviceID[] {DEVICE_1, DEVICE_2}) {
        series(writer, device, "sensor_1", TSDataType.FLOAT, TSEncoding.RLE);
        series(writer, device, "sensor_2", TSDataType.INT32, TSEncoding.TS_2DIFF);
        series(writer, device, "sensor_3", TSDataType.INT32, TSEncoding.TS_2DIFF);
      }
      row(writer, DEVICE_1, 1, 1.2f, 20, null);
      row(writer, DEVICE_1, 2, null, 20, 50);
      row(writer, DEVICE_1, 3, 1.4f, 21, null);
      row(writer, DEVICE_1, 4, 1.2f, 20, 51);
      row(writer, DEVICE_1, 6, 7.2f, 10, 11);
      row(writer, DEVICE_1, 7, 6.2f, 20, 21);
      row(writer, DEVICE_1, 8, 9.2f, 30, 31);
      row(writer, DEVICE_2, 1, 2.3f, 11, 19);
      row(writer, DEVICE_2, 2, 25.4f, 10, 21);
    }
    return file;
  }

  private static void row(
      TsFileWriter writer, IDeviceID device, long time, Float one, Integer two, Integer three)
      throws Exception {
    points(writer, device, time, "sensor_1", one, "sensor_2", two, "sensor_3", three);
  }

  /** The second file: one timeseries of floats, each of which is its time, in several chunks. */
  static Path large(Path file) throws Exception {
    try (TsFileWriter writer = writer(file)) {
      writer.setChunkGroupSizeThreshold(1 << 19);
      series(writer, DEVICE_1, "sensor_1", TSDataType.FLOAT, TSEncoding.RLE);
      for (int i = 0; i < LARGE; i++) {
        points(writer, DEVICE_1, i, "sensor_1", (float) i);
      }
    }
    return file;
  }

  /** The third file: a boolean and a text. */
  static Path weekdays(Path file) throws Exception {
    try (TsFileWriter writer = writer(file)) {
      series(writer, DEVICE_1, "sensor_1", TSDataType.BOOLEAN, TSEncoding.RLE);
      series(writer, DEVICE_1, "sensor_2", TSDataType.TEXT, TSEncoding.PLAIN);
      points(writer, DEVICE_1, 1, "sensor_1", true, "sensor_2", "Monday");
      points(writer, DEVICE_1, 2, "sensor_1", null, "sensor_2", "Tuesday");
      points(writer, DEVICE_1, 3, "sensor_1", false, "sensor_2", "Wednesday");
      points(writer, DEVICE_1, 4, "sensor_1", false, "sensor_2", "Thursday");
      points(writer, DEVICE_1, 6, "sensor_1", true, "sensor_2", "Saturday");
    }
    return file;
  }

  /** The fourth file: two devices of 400,000 rows each, at every time and at every second one, their chunk groups in turn. */
  static Path interleaved(Path file) throws Exception {
    try (TsFileWriter writer = writer(file)) {
      writer.setChunkGroupSizeThreshold(1 << 19);
      series(writer, DEVICE_1, "sensor_1", TSDataType.INT32, TSEncoding.RLE);
      series(writer, DEVICE_2, "sensor_1", TSDataType.INT32, TSEncoding.RLE);
      series(writer, DEVICE_2, "sensor_2", TSDataType.FLOAT, TSEncoding.RLE);
      series(writer, DEVICE_2, "sensor_3", TSDataType.BOOLEAN, TSEncoding.RLE);
      for (int i = 0; i < 400_000; i++) {
        points(writer, DEVICE_1, i, "sensor_1", i);
        int j = 2 * i;
        points(writer, DEVICE_2, j, "sensor_1", j, "sensor_2", (float) j, "sensor_3", true);
      }
    }
    return file;
  }

  /** The old connector's example: names of devices with dots. */
  static Path plant(Path file) throws Exception {
    IDeviceID one = device("root", "ln", "wf01", "wt01");
    IDeviceID two = device("root", "ln", "wf02", "wt02");
    try (TsFileWriter writer = writer(file)) {
      series(writer, one, "status", TSDataType.BOOLEAN, TSEncoding.PLAIN);
      series(writer, one, "temperature", TSDataType.FLOAT, TSEncoding.RLE);
      series(writer, two, "status", TSDataType.BOOLEAN, TSEncoding.PLAIN);
      series(writer, two, "hardware", TSDataType.TEXT, TSEncoding.PLAIN);
      points(writer, one, 1, "temperature", 2.2f, "status", true);
      points(writer, one, 2, "temperature", 2.2f);
      points(writer, one, 3, "temperature", 2.1f, "status", true);
      points(writer, one, 5, "status", false);
      points(writer, two, 1, "status", true);
      points(writer, two, 2, "status", false, "hardware", "aaa");
      points(writer, two, 4, "status", true, "hardware", "bbb");
      points(writer, two, 6, "hardware", "ccc");
    }
    return file;
  }

  /** A point of each type that the old connector knows. */
  static Path oldTypes(Path file) throws Exception {
    try (TsFileWriter writer = writer(file)) {
      series(writer, DEVICE_1, "b", TSDataType.BOOLEAN, TSEncoding.PLAIN);
      series(writer, DEVICE_1, "i", TSDataType.INT32, TSEncoding.RLE);
      series(writer, DEVICE_1, "l", TSDataType.INT64, TSEncoding.RLE);
      series(writer, DEVICE_1, "f", TSDataType.FLOAT, TSEncoding.GORILLA);
      series(writer, DEVICE_1, "d", TSDataType.DOUBLE, TSEncoding.GORILLA);
      series(writer, DEVICE_1, "s", TSDataType.TEXT, TSEncoding.PLAIN);
      points(writer, DEVICE_1, 1, "b", true, "i", 32, "l", 64L, "f", 3.14f, "d", 0.618, "s", "pass");
    }
    return file;
  }

  /** A column of a table. */
  static final class Column {
    final String name;
    final TSDataType type;
    final ColumnCategory category;

    Column(String name, TSDataType type, ColumnCategory category) {
      this.name = name;
      this.type = type;
      this.category = category;
    }
  }

  static final Column CITY = new Column("city", TSDataType.STRING, ColumnCategory.TAG);
  static final Column TEMPERATURE =
      new Column("temperature", TSDataType.INT32, ColumnCategory.FIELD);
  static final Column HUMIDITY = new Column("humidity", TSDataType.INT64, ColumnCategory.FIELD);

  static Column field(String name, TSDataType type) {
    return new Column(name, type, ColumnCategory.FIELD);
  }

  /** The newer connector's file: three rows of a table, at the times offset to offset + 2. */
  static Path weather(Path file, String table, long offset) throws Exception {
    try (TsFileWriter writer = writer(file)) {
      weather(writer, table, offset);
    }
    return file;
  }

  /** A file of several such tables. */
  static Path weathers(Path file, String... tables) throws Exception {
    try (TsFileWriter writer = writer(file)) {
      for (int i = 0; i < tables.length; i++) {
        weather(writer, tables[i], 10 * i);
      }
    }
    return file;
  }

  private static void weather(TsFileWriter writer, String table, long offset) throws Exception {
    table(
        writer,
        table,
        Arrays.asList(CITY, TEMPERATURE, HUMIDITY),
        new Object[][] {
          {offset, "beijing", 20, 30L},
          {offset + 1, "shanghai", null, 31L},
          {offset + 2, "beijing", 22, 32L}
        });
  }

  /** A file with one table; each row is a time and the values of the columns. */
  static Path table(Path file, String table, List<Column> columns, Object[]... rows)
      throws Exception {
    try (TsFileWriter writer = writer(file)) {
      table(writer, table, columns, rows);
    }
    return file;
  }

  private static void table(
      TsFileWriter writer, String table, List<Column> columns, Object[][] rows) throws Exception {
    List<String> names = new ArrayList<>();
    List<TSDataType> types = new ArrayList<>();
    List<ColumnCategory> categories = new ArrayList<>();
    List<IMeasurementSchema> schemas = new ArrayList<>();
    for (Column column : columns) {
      names.add(column.name);
      types.add(column.type);
      categories.add(column.category);
      schemas.add(new MeasurementSchema(column.name, column.type));
    }
    writer.registerTableSchema(new TableSchema(table, schemas, categories));
    if (rows.length == 0) {
      return;
    }
    Tablet tablet = new Tablet(table, names, types, categories, rows.length);
    for (int i = 0; i < rows.length; i++) {
      tablet.addTimestamp(i, (long) rows[i][0]);
      for (int c = 0; c < names.size(); c++) {
        tablet.addValue(names.get(c), i, rows[i][c + 1]);
      }
    }
    writer.writeTable(tablet);
  }

  /** A file that {@code write} fills. */
  static Path file(Path file, Filler write) throws Exception {
    try (TsFileWriter writer = writer(file)) {
      write.fill(writer);
    }
    return file;
  }

  /** Writes what a test wants. */
  interface Filler {
    void fill(TsFileWriter writer) throws Exception;
  }
}
