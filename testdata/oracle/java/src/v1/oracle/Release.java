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
import org.apache.tsfile.file.metadata.AlignedChunkMetadata;
import org.apache.tsfile.file.metadata.ChunkMetadata;
import org.apache.tsfile.file.metadata.IChunkMetadata;
import org.apache.tsfile.file.metadata.PlainDeviceID;
import org.apache.tsfile.file.metadata.enums.CompressionType;
import org.apache.tsfile.file.metadata.enums.TSEncoding;
import org.apache.tsfile.read.TsFileSequenceReader;
import org.apache.tsfile.read.common.Chunk;
import org.apache.tsfile.read.common.Path;
import org.apache.tsfile.read.reader.chunk.AlignedChunkReader;
import org.apache.tsfile.read.reader.chunk.ChunkReader;
import org.apache.tsfile.write.TsFileWriter;
import org.apache.tsfile.write.record.Tablet;
import org.apache.tsfile.write.schema.MeasurementSchema;
import org.apache.tsfile.write.writer.TsFileIOWriter;

/** What differs in the 1.1 line: format version 3, tree model only, REGULAR, and float RLBE that loses bits. */
final class Release {
  static final boolean HAS_TABLES = false;
  static final boolean HAS_REGULAR = true;
  static final boolean OLD_RLBE = true;
  /**
   * Time encodings this reader loses rows of, though the file has them: its GORILLA and CHIMP decoders are not reset for the
   * second page of a chunk, and the SPRINTZ one stops before the last value of a page of whole blocks.
   */
  static final String[] TIMES_READ_BADLY = {"GORILLA", "CHIMP", "SPRINTZ"};
  static final TSEncoding CAMEL = null;
  static final TSDataType OBJECT = null;
  static final TSDataType[] TYPES = {
    TSDataType.BOOLEAN, TSDataType.INT32, TSDataType.INT64, TSDataType.FLOAT, TSDataType.DOUBLE, TSDataType.TEXT,
    TSDataType.TIMESTAMP, TSDataType.DATE, TSDataType.BLOB, TSDataType.STRING
  };
  static final CompressionType[] COMPRESSORS = {
    CompressionType.UNCOMPRESSED, CompressionType.SNAPPY, CompressionType.GZIP, CompressionType.LZ4, CompressionType.ZSTD,
    CompressionType.LZMA2
  };
  static final String[] TIME_ENCODINGS = {
    "PLAIN", "RLE", "GORILLA", "ZIGZAG", "CHIMP", "SPRINTZ", "RLBE", "REGULAR"
  };

  private Release() {}

  static void register(TsFileWriter writer, String device, List<Column> columns, boolean aligned) throws Exception {
    List<MeasurementSchema> schemas = new ArrayList<>();
    for (Column c : columns) {
      schemas.add(c.schema());
    }
    if (aligned) {
      writer.registerAlignedTimeseries(new Path(device), schemas);
      return;
    }
    for (MeasurementSchema s : schemas) {
      writer.registerTimeseries(new Path(device), s);
    }
  }

  static void write(TsFileWriter writer, Tablet tablet, boolean aligned) throws Exception {
    if (aligned) {
      writer.writeAligned(tablet);
    } else {
      writer.write(tablet);
    }
  }

  static void flush(TsFileWriter writer) throws Exception {
    writer.flushAllChunkGroups();
  }

  static void startChunkGroup(TsFileIOWriter writer, String device) throws Exception {
    writer.startChunkGroup(new PlainDeviceID(device));
  }

  static Map<Long, Object> readPlain(TsFileSequenceReader reader, String device, String name) throws Exception {
    Map<Long, Object> out = new TreeMap<>();
    List<ChunkMetadata> chunks = new ArrayList<>(reader.getChunkMetadataList(new Path(device, name, false), false));
    chunks.sort((a, b) -> Long.compare(a.getOffsetOfChunkHeader(), b.getOffsetOfChunkHeader()));
    for (ChunkMetadata m : chunks) {
      Read.plain(new ChunkReader(reader.readMemChunk(m)), out);
    }
    return out;
  }

  static Map<String, Map<Long, Object>> readAligned(TsFileSequenceReader reader, String device) throws Exception {
    Map<String, Map<Long, Object>> out = new HashMap<>();
    List<AlignedChunkMetadata> chunks = new ArrayList<>(reader.getAlignedChunkMetadata(new PlainDeviceID(device)));
    chunks.sort((a, b) -> Long.compare(a.getTimeChunkMetadata().getOffsetOfChunkHeader(),
        b.getTimeChunkMetadata().getOffsetOfChunkHeader()));
    for (AlignedChunkMetadata m : chunks) {
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

  static String table(Random random, File file, String time, Check check, StringBuilder json) {
    throw new UnsupportedOperationException("no table model");
  }
}
