package compare;

import java.io.File;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import org.apache.tsfile.enums.ColumnCategory;
import org.apache.tsfile.enums.TSDataType;
import org.apache.tsfile.file.metadata.TableSchema;
import org.apache.tsfile.utils.Binary;
import org.apache.tsfile.utils.BitMap;
import org.apache.tsfile.write.TsFileWriter;
import org.apache.tsfile.write.record.Tablet;
import org.apache.tsfile.write.schema.IMeasurementSchema;
import org.apache.tsfile.write.schema.MeasurementSchema;
import org.apache.tsfile.write.v4.ITsFileWriter;
import org.apache.tsfile.write.v4.TsFileWriterBuilder;

/** Writes a data set with the settings that the library comes with. */
final class Write {
  private static final int TABLET_ROWS = 50_000;

  private Write() {}

  /** Writes a file that does not exist yet. */
  interface Writing {
    void to(File file) throws Exception;
  }

  /** Table model: one table, the device is its tag. The tablets are made here, so that writing starts with data in memory. */
  static Writing table(Dump dump) {
    List<IMeasurementSchema> schemas = new ArrayList<>();
    List<String> names = new ArrayList<>();
    List<TSDataType> types = new ArrayList<>();
    List<ColumnCategory> categories = new ArrayList<>();
    names.add(dump.tag);
    types.add(TSDataType.STRING);
    categories.add(ColumnCategory.TAG);
    for (Dump.Column c : dump.columns) {
      names.add(c.name);
      types.add(c.type);
      categories.add(ColumnCategory.FIELD);
    }
    for (int i = 0; i < names.size(); i++) {
      schemas.add(new MeasurementSchema(names.get(i), types.get(i)));
    }
    Binary[] devices = dump.devices.stream().map(d -> new Binary(d, StandardCharsets.UTF_8)).toArray(Binary[]::new);
    List<Tablet> tablets = new ArrayList<>();
    for (int from = 0; from < dump.rows(); from += TABLET_ROWS) {
      int rows = Math.min(TABLET_ROWS, dump.rows() - from);
      Tablet tablet = new Tablet(dump.table, names, types, categories, rows);
      Binary[] tags = (Binary[]) tablet.getValues()[0];
      for (int i = 0; i < rows; i++) {
        tags[i] = devices[(from + i) / dump.rowsPerDevice];
      }
      fill(tablet, dump, from, rows, 1);
      tablets.add(tablet);
    }
    return file -> {
      TableSchema schema = new TableSchema(dump.table, schemas, categories);
      try (ITsFileWriter writer = new TsFileWriterBuilder().file(file).tableSchema(schema).build()) {
        for (Tablet tablet : tablets) {
          writer.write(tablet);
        }
      }
      sync(file);
    };
  }

  /** Puts a closed file on disk, which the library does not do itself. */
  private static void sync(File file) throws IOException {
    try (FileChannel channel = FileChannel.open(file.toPath(), StandardOpenOption.WRITE)) {
      channel.force(true);
    }
  }

  /** Tree model: devices below `root.TABLE`, whose series each have times of their own. */
  static void tree(Dump dump, File file) throws Exception {
    List<IMeasurementSchema> schemas = new ArrayList<>();
    for (Dump.Column c : dump.columns) {
      schemas.add(new MeasurementSchema(c.name, c.type));
    }
    try (TsFileWriter writer = new TsFileWriter(file)) {
      for (int d = 0; d < dump.devices.size(); d++) {
        String device = "root." + dump.table + "." + dump.devices.get(d);
        for (IMeasurementSchema s : schemas) {
          writer.registerTimeseries(device, s);
        }
        int end = (d + 1) * dump.rowsPerDevice;
        for (int from = d * dump.rowsPerDevice; from < end; from += TABLET_ROWS) {
          int rows = Math.min(TABLET_ROWS, end - from);
          Tablet tablet = new Tablet(device, schemas, rows);
          fill(tablet, dump, from, rows, 0);
          writer.writeTree(tablet);
        }
      }
    }
  }

  private static void fill(Tablet tablet, Dump dump, int from, int rows, int firstField) {
    dump.copyTimes(from, rows, tablet.getTimestamps());
    tablet.initBitMaps();
    BitMap[] nulls = tablet.getBitMaps();
    for (int i = 0; i < dump.columns.size(); i++) {
      int at = firstField + i;
      // A new bitmap says that everything is null in some constructors.
      nulls[at].reset();
      dump.columns.get(i).copy(from, rows, tablet.getValues()[at], nulls[at]);
    }
    for (int i = 0; i < firstField; i++) {
      nulls[i].reset();
    }
    tablet.setRowSize(rows);
  }
}
