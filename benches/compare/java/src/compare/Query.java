package compare;

import java.io.File;
import java.util.Collections;
import java.util.List;
import java.util.stream.Collectors;
import org.apache.tsfile.enums.TSDataType;
import org.apache.tsfile.file.metadata.TableSchema;
import org.apache.tsfile.read.query.dataset.ResultSet;
import org.apache.tsfile.read.v4.ITsFileReader;
import org.apache.tsfile.read.v4.ITsFileTreeReader;
import org.apache.tsfile.read.v4.TsFileReaderBuilder;
import org.apache.tsfile.read.v4.TsFileTreeReaderBuilder;
import org.apache.tsfile.write.schema.IMeasurementSchema;
import org.apache.tsfile.write.schema.MeasurementSchema;

/** What the library offers to its users: a query, and its rows one by one, each value asked for. */
final class Query {
  private final String column;
  private final Sums sums = new Sums();

  /** Without `column` all columns are read. */
  Query(String column) {
    this.column = column;
  }

  /** Number of columns in the tables of a file. */
  static int open(String file) throws Exception {
    try (ITsFileReader reader = new TsFileReaderBuilder().file(new File(file)).build()) {
      return reader.getAllTableSchema().stream().mapToInt(t -> t.getColumnSchemas().size()).sum();
    }
  }

  /** The only table of a file. */
  Sums table(String file) throws Exception {
    try (ITsFileReader reader = new TsFileReaderBuilder().file(new File(file)).build()) {
      TableSchema schema = reader.getAllTableSchema().get(0);
      List<IMeasurementSchema> columns = schema.getColumnSchemas();
      if (column != null) {
        columns = columns.stream().filter(c -> c.getMeasurementName().equals(column)).collect(Collectors.toList());
      }
      List<String> names = columns.stream().map(IMeasurementSchema::getMeasurementName).collect(Collectors.toList());
      TSDataType[] types = columns.stream().map(IMeasurementSchema::getType).toArray(TSDataType[]::new);
      try (ResultSet rows = reader.query(schema.getTableName(), names, Long.MIN_VALUE, Long.MAX_VALUE)) {
        read(rows, names, types, sums);
      }
    }
    return sums;
  }

  /** All devices of a tree, one query each: a query over several puts their series side by side. */
  Sums tree(String file) throws Exception {
    try (ITsFileTreeReader reader = new TsFileTreeReaderBuilder().file(new File(file)).build()) {
      for (String device : reader.getAllDeviceIds()) {
        List<MeasurementSchema> series = reader.getDeviceSchema(device);
        if (column != null) {
          series = series.stream().filter(c -> c.getMeasurementName().equals(column)).collect(Collectors.toList());
        }
        List<String> names = series.stream().map(MeasurementSchema::getMeasurementName).collect(Collectors.toList());
        TSDataType[] types = series.stream().map(MeasurementSchema::getType).toArray(TSDataType[]::new);
        try (ResultSet rows = reader.query(Collections.singletonList(device), names, Long.MIN_VALUE, Long.MAX_VALUE)) {
          read(rows, names, types, sums);
        }
      }
    }
    return sums;
  }

  /** The first column of a result is the time; columns count from 1. */
  static void read(ResultSet rows, List<String> names, TSDataType[] types, Sums sums) throws Exception {
    Sums.Sum time = sums.of("time");
    Sums.Sum[] columns = names.stream().map(sums::of).toArray(Sums.Sum[]::new);
    while (rows.next()) {
      sums.rows++;
      time.add(rows.getLong(1) - Sums.EPOCH);
      for (int i = 0; i < types.length; i++) {
        int at = i + 2;
        if (rows.isNull(at)) {
          continue;
        }
        Sums.Sum sum = columns[i];
        switch (types[i]) {
          case BOOLEAN:
            sum.add(rows.getBoolean(at) ? 1 : 0);
            break;
          case INT32:
            sum.add(rows.getInt(at));
            break;
          case INT64:
            sum.add(rows.getLong(at));
            break;
          case FLOAT:
            sum.add((double) rows.getFloat(at));
            break;
          case DOUBLE:
            sum.add(rows.getDouble(at));
            break;
          case STRING:
            sum.add(rows.getString(at).length());
            break;
          default:
            throw new IllegalStateException("no column has type " + types[i]);
        }
      }
    }
  }
}
