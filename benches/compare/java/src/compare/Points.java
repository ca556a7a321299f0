package compare;

import java.io.File;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;
import org.apache.tsfile.enums.ColumnCategory;
import org.apache.tsfile.enums.TSDataType;
import org.apache.tsfile.file.metadata.IDeviceID;
import org.apache.tsfile.file.metadata.TableSchema;
import org.apache.tsfile.read.TsFileSequenceReader;
import org.apache.tsfile.read.common.block.TsBlock;
import org.apache.tsfile.read.controller.CachedChunkLoaderImpl;
import org.apache.tsfile.read.controller.MetadataQuerierByFileImpl;
import org.apache.tsfile.read.expression.ExpressionTree;
import org.apache.tsfile.read.filter.basic.Filter;
import org.apache.tsfile.read.filter.factory.TagFilterBuilder;
import org.apache.tsfile.read.filter.factory.TimeFilterApi;
import org.apache.tsfile.read.query.dataset.ResultSet;
import org.apache.tsfile.read.query.executor.TableQueryExecutor;
import org.apache.tsfile.read.reader.block.TsBlockReader;
import org.apache.tsfile.read.v4.ITsFileReader;
import org.apache.tsfile.read.v4.TsFileReaderBuilder;
import org.apache.tsfile.write.schema.IMeasurementSchema;

/** One device of a table and one range of times, again and again, in the ways that the library has. */
final class Points {
  /** What is asked for. */
  private static final class Point {
    final String device;
    final long start;
    final long end;

    Point(String line) {
      String[] words = line.split(" ");
      device = words[0];
      start = Long.parseLong(words[1]);
      end = Long.parseLong(words[2]);
    }
  }

  /** The only table: its tag and what there is besides. */
  private static final class Columns {
    final TableSchema schema;
    final String tag;
    final List<String> names = new ArrayList<>();
    final List<TSDataType> types = new ArrayList<>();

    Columns(TableSchema schema) {
      this.schema = schema;
      List<IMeasurementSchema> all = schema.getColumnSchemas();
      tag = all.get(schema.getColumnTypes().indexOf(ColumnCategory.TAG)).getMeasurementName();
      for (int i = 0; i < all.size(); i++) {
        if (schema.getColumnTypes().get(i) == ColumnCategory.FIELD) {
          names.add(all.get(i).getMeasurementName());
          types.add(all.get(i).getType());
        }
      }
    }

    Filter of(Point point) {
      return new TagFilterBuilder(schema).eq(tag, point.device);
    }
  }

  /** An open file that answers. */
  private interface Source extends AutoCloseable {
    void answer(Point point) throws Exception;
  }

  private final String file;
  private final String way;
  private final List<Point> points;
  private final boolean check;
  private final StringBuilder text;
  private final Sums sums = new Sums();

  /**
   * The first `count` of the queries in file `list`. If there is a `text`, rows are written to it with commas between the values; otherwise they
   * are summed up if `check`.
   */
  Points(String file, String way, String list, long count, boolean check, StringBuilder text) throws Exception {
    this.file = file;
    this.way = way;
    this.check = check;
    this.text = text;
    points = Files.readAllLines(Path.of(list)).stream().limit(count).map(Point::new).collect(Collectors.toList());
  }

  /** Answers all queries; the file is opened once or, if `each`, for each of them. */
  Sums answer(boolean each) throws Exception {
    if (each) {
      for (Point point : points) {
        try (Source source = open()) {
          source.answer(point);
        }
      }
    } else {
      try (Source source = open()) {
        for (Point point : points) {
          source.answer(point);
        }
      }
    }
    return sums;
  }

  private Source open() throws Exception {
    switch (way) {
      case "low":
        return new Chunks();
      case "blocks":
        return new Blocks();
      default:
        return new Rows();
    }
  }

  private void take(TsBlock block, List<String> names, List<TSDataType> types) {
    if (text != null) {
      Text.rows(block, names, types, text);
    } else if (check) {
      sums.add(block, names, types);
    }
  }

  /** Looks the device up in the index and reads its chunks. */
  private final class Chunks implements Source {
    private final TsFileSequenceReader reader = new TsFileSequenceReader(file);
    private final LowLevel low = new LowLevel(null, sums, Points.this::take);
    private final String table = reader.getTableSchemaMap().keySet().iterator().next();

    private Chunks() throws Exception {}

    @Override
    public void answer(Point point) throws Exception {
      IDeviceID device = IDeviceID.Factory.DEFAULT_FACTORY.create(new String[] {table, point.device});
      low.device(reader, device, TimeFilterApi.between(point.start, point.end));
    }

    @Override
    public void close() throws Exception {
      reader.close();
    }
  }

  /** What lies below the query of the table model: its executor, which gives blocks and keeps the chunks that it has read. */
  private final class Blocks implements Source {
    private final TsFileSequenceReader reader = new TsFileSequenceReader(file);
    private final Columns columns = new Columns(reader.getTableSchemaMap().values().iterator().next());
    private final TableQueryExecutor executor =
        new TableQueryExecutor(
            new MetadataQuerierByFileImpl(reader), new CachedChunkLoaderImpl(reader), TableQueryExecutor.TableQueryOrdering.DEVICE);

    private Blocks() throws Exception {}

    @Override
    public void answer(Point point) throws Exception {
      ExpressionTree times = new ExpressionTree.TimeBetweenAnd(point.start, point.end);
      String table = columns.schema.getTableName();
      try (TsBlockReader blocks = executor.query(table, columns.names, times, columns.of(point), null)) {
        while (blocks.hasNext()) {
          TsBlock block = blocks.next();
          sums.rows += block.getPositionCount();
          take(block, columns.names, columns.types);
        }
      }
    }

    @Override
    public void close() throws Exception {
      reader.close();
    }
  }

  /** The query that users have, row by row. */
  private final class Rows implements Source {
    private final ITsFileReader reader = new TsFileReaderBuilder().file(new File(file)).build();
    private final Columns columns = new Columns(reader.getAllTableSchema().get(0));
    private final TSDataType[] types = columns.types.toArray(new TSDataType[0]);

    private Rows() throws Exception {}

    @Override
    public void answer(Point point) throws Exception {
      String table = columns.schema.getTableName();
      try (ResultSet rows = reader.query(table, columns.names, point.start, point.end, columns.of(point))) {
        if (text != null) {
          Text.rows(rows, columns.names, types, text);
        } else {
          Query.read(rows, columns.names, types, sums);
        }
      }
    }

    @Override
    public void close() {
      reader.close();
    }
  }
}
