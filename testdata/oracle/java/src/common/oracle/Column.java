package oracle;

import java.util.HashMap;
import java.util.Map;
import org.apache.tsfile.enums.TSDataType;
import org.apache.tsfile.file.metadata.enums.CompressionType;
import org.apache.tsfile.file.metadata.enums.TSEncoding;
import org.apache.tsfile.write.schema.MeasurementSchema;

/** A measurement of a device, or a field of a table: its type, how it is stored and which values it gets. */
final class Column {
  final String name;
  final TSDataType type;
  final TSEncoding encoding;
  final CompressionType compression;
  /** Decimals kept by the scaled-float encodings. */
  final int maxPointNumber;
  final Gen gen;

  Column(String name, TSDataType type, TSEncoding encoding, CompressionType compression, int maxPointNumber, Gen gen) {
    this.name = name;
    this.type = type;
    this.encoding = encoding;
    this.compression = compression;
    this.maxPointNumber = maxPointNumber;
    this.gen = gen;
  }

  MeasurementSchema schema() {
    if (!scaled() || maxPointNumber == 2) {
      return new MeasurementSchema(name, type, encoding, compression);
    }
    Map<String, String> props = new HashMap<>();
    props.put("max_point_number", Integer.toString(maxPointNumber));
    return new MeasurementSchema(name, type, encoding, compression, props);
  }

  boolean isFloat() {
    return type == TSDataType.FLOAT || type == TSDataType.DOUBLE;
  }

  /** Whether floats are stored as integers scaled by a power of ten. */
  boolean scaled() {
    return isFloat() && (encoding == TSEncoding.TS_2DIFF || encoding == TSEncoding.RLE);
  }
}
