package oracle;

import java.io.File;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import org.apache.tsfile.enums.TSDataType;
import org.apache.tsfile.file.metadata.AbstractAlignedChunkMetadata;
import org.apache.tsfile.file.metadata.ChunkMetadata;
import org.apache.tsfile.file.metadata.IChunkMetadata;
import org.apache.tsfile.file.metadata.IDeviceID;
import org.apache.tsfile.file.metadata.enums.CompressionType;
import org.apache.tsfile.file.metadata.enums.TSEncoding;
import org.apache.tsfile.read.TsFileSequenceReader;
import org.apache.tsfile.read.common.Chunk;
import org.apache.tsfile.read.reader.chunk.AlignedChunkReader;
import org.apache.tsfile.read.reader.chunk.ChunkReader;
import org.apache.tsfile.write.TsFileWriter;
import org.apache.tsfile.write.record.Tablet;
import org.apache.tsfile.write.schema.IMeasurementSchema;
import org.apache.tsfile.write.writer.TsFileIOWriter;

/** What differs in the 2.x line: format version 4, tables, OBJECT and CAMEL; REGULAR can only be read. */
final class Release {
  static final boolean HAS_TABLES = true;
  static final boolean HAS_REGULAR = false;
  static final boolean OLD_RLBE = false;
  /** Time encodings this reader loses rows of, though the file has them: it stops before the last value of a full block. */
  static final String[] TIMES_READ_BADLY = {"SPRINTZ"};
  static final TSEncoding CAMEL = TSEncoding.CAMEL;
  static final TSDataType OBJECT = TSDataType.OBJECT;
  static final TSDataType[] TYPES = {
    TSDataType.BOOLEAN, TSDataType.INT32, TSDataType.INT64, TSDataType.FLOAT, TSDataType.DOUBLE, TSDataType.TEXT,
    TSDataType.TIMESTAMP, TSDataType.DATE, TSDataType.BLOB, TSDataType.STRING,
    TSDataType.OBJECT
  };
  static final CompressionType[] COMPRESSORS = {
    CompressionType.UNCOMPRESSED, CompressionType.SNAPPY, CompressionType.GZIP, CompressionType.LZ4, CompressionType.ZSTD,
    CompressionType.LZMA2
  };
  static final String[] TIME_ENCODINGS = {
    "PLAIN", "RLE", "GORILLA", "ZIGZAG", "CHIMP", "SPRINTZ", "RLBE"
  };

  private Release() {}

  private static IDeviceID id(String device) {
    return IDeviceID.Factory.DEFAULT_FACTORY.create(device);
  }

  static void register(TsFileWriter writer, String device, List<Column> columns, boolean aligned) throws Exception {
    List<IMeasurementSchema> schemas = new ArrayList<>();
    for (Column c : columns) {
      schemas.add(c.schema());
    }
    if (aligned) {
      writer.registerAlignedTimeseries(device, schemas);
      return;
    }
    for (IMeasurementSchema s : schemas) {
      writer.registerTimeseries(device, s);
    }
  }

  static void write(TsFileWriter writer, Tablet tablet, boolean aligned) throws Exception {
    if (aligned) {
      writer.writeAligned(tablet);
    } else {
      writer.writeTree(tablet);
    }
  }

  static void flush(TsFileWriter writer) throws Exception {
    writer.flush();
  }

  static void startChunkGroup(TsFileIOWriter writer, String device) throws Exception {
    writer.startChunkGroup(id(device));
  }

  static Map<Long, Object> readPlain(TsFileSequenceReader reader, String device, String name) throws Exception {
    Map<Long, Object> out = new TreeMap<>();
    List<ChunkMetadata> chunks = new ArrayList<>(reader.getChunkMetadataList(id(device), name, false));
    chunks.sort((a, b) -> Long.compare(a.getOffsetOfChunkHeader(), b.getOffsetOfChunkHeader()));
    for (ChunkMetadata m : chunks) {
      Read.plain(new ChunkReader(reader.readMemChunk(m)), out);
    }
    return out;
  }

  static Map<String, Map<Long, Object>> readAligned(TsFileSequenceReader reader, String device) throws Exception {
    return readAligned(reader, id(device));
  }

  static Map<String, Map<Long, Object>> readAligned(TsFileSequenceReader reader, IDeviceID id) throws Exception {
    Map<String, Map<Long, Object>> out = new HashMap<>();
    List<AbstractAlignedChunkMetadata> chunks = new ArrayList<>(reader.getAlignedChunkMetadata(id, false));
    chunks.sort((a, b) -> Long.compare(a.getTimeChunkMetadata().getOffsetOfChunkHeader(),
        b.getTimeChunkMetadata().getOffsetOfChunkHeader()));
    for (AbstractAlignedChunkMetadata m : chunks) {
      for (IChunkMetadata v : m.getValueChunkMetadataList()) {
        if (v == null) {
          continue;
        }
        // One column at a time, so that a row of nulls elsewhere cannot hide a value.
        Map<Long, Object> points = out.computeIfAbsent(v.getMeasurementUid(), k -> new TreeMap<>());
        Chunk values = reader.readMemChunk((ChunkMetadata) v);
        if (!Read.holds(values)) {
          continue;
        }
        Chunk times = reader.readMemChunk((ChunkMetadata) m.getTimeChunkMetadata());
        Read.aligned(new AlignedChunkReader(times, Collections.singletonList(values)),
            Collections.singletonList(points));
      }
    }
    return out;
  }

  static String table(Random random, File file, String time, Check check, StringBuilder json)
      throws Exception {
    return new TableFile(random, time).run(file, check, json);
  }
}
