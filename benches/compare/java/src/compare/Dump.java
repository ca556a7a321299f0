package compare;

import java.io.File;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.ByteOrder;
import java.nio.MappedByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.util.ArrayList;
import java.util.List;
import org.apache.tsfile.enums.TSDataType;
import org.apache.tsfile.utils.Binary;
import org.apache.tsfile.utils.BitMap;

/** A data set as raw columns in a folder; ../python/dump.py says how they lie there. */
final class Dump {
  /** A field and its values. */
  static final class Column {
    final String name;
    final TSDataType type;
    final List<Binary> words = new ArrayList<>();
    MappedByteBuffer values;
    MappedByteBuffer valid;

    Column(String name, TSDataType type) {
      this.name = name;
      this.type = type;
    }

    /** Copies rows into a column of a tablet, and marks the nulls among them. */
    void copy(int from, int rows, Object target, BitMap nulls) {
      for (int i = 0; i < rows; i++) {
        int row = from + i;
        if (valid != null && valid.get(row) == 0) {
          nulls.mark(i);
        }
        switch (type) {
          case BOOLEAN:
            ((boolean[]) target)[i] = values.get(row) != 0;
            break;
          case INT32:
            ((int[]) target)[i] = values.getInt(4 * row);
            break;
          case INT64:
            ((long[]) target)[i] = values.getLong(8 * row);
            break;
          case FLOAT:
            ((float[]) target)[i] = values.getFloat(4 * row);
            break;
          case DOUBLE:
            ((double[]) target)[i] = values.getDouble(8 * row);
            break;
          case STRING:
            ((Binary[]) target)[i] = words.get(values.get(row));
            break;
          default:
            throw new IllegalStateException("no column has type " + type);
        }
      }
    }
  }

  String table;
  String tag;
  int rowsPerDevice;
  final List<Column> columns = new ArrayList<>();
  final List<String> devices;
  private final MappedByteBuffer times;

  Dump(File folder) throws IOException {
    devices = Files.readAllLines(new File(folder, "devices.txt").toPath());
    for (String line : Files.readAllLines(new File(folder, "shape.txt").toPath())) {
      String[] words = line.split(" ");
      switch (words[0]) {
        case "table":
          table = words[1];
          break;
        case "tag":
          tag = words[1];
          break;
        case "rows_per_device":
          rowsPerDevice = Integer.parseInt(words[1]);
          break;
        case "column":
          columns.add(new Column(words[1], TSDataType.valueOf(words[2])));
          break;
        default:
          columns.get(columns.size() - 1).words.add(new Binary(words[2], StandardCharsets.UTF_8));
      }
    }
    times = map(new File(folder, "time.bin"));
    for (Column c : columns) {
      c.values = map(new File(folder, c.name + ".bin"));
      File valid = new File(folder, c.name + ".valid");
      c.valid = valid.exists() ? map(valid) : null;
    }
  }

  int rows() {
    return rowsPerDevice * devices.size();
  }

  void copyTimes(int from, int rows, long[] target) {
    for (int i = 0; i < rows; i++) {
      target[i] = times.getLong(8 * (from + i));
    }
  }

  private static MappedByteBuffer map(File file) throws IOException {
    try (RandomAccessFile open = new RandomAccessFile(file, "r")) {
      MappedByteBuffer bytes = open.getChannel().map(FileChannel.MapMode.READ_ONLY, 0, open.length());
      bytes.order(ByteOrder.LITTLE_ENDIAN);
      return bytes;
    }
  }
}
