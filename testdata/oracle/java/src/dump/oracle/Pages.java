package oracle;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import org.apache.tsfile.enums.TSDataType;
import org.apache.tsfile.encoding.decoder.Decoder;
import org.apache.tsfile.file.header.ChunkHeader;
import org.apache.tsfile.file.header.PageHeader;
import org.apache.tsfile.file.metadata.ChunkMetadata;
import org.apache.tsfile.file.metadata.enums.TSEncoding;
import org.apache.tsfile.file.metadata.statistics.Statistics;
import org.apache.tsfile.read.TsFileSequenceReader;
import org.apache.tsfile.read.common.BatchData;
import org.apache.tsfile.read.reader.page.TimePageReader;
import org.apache.tsfile.read.reader.page.ValuePageReader;
import org.apache.tsfile.utils.TsPrimitiveType;

/** The pages of one chunk, decoded by the release's page readers, and the statistics that follow from them. */
final class Pages {
  private static final int KIND = 0x3f;
  private static final int MANY_PAGES = 1;

  final ChunkHeader header;
  /** Rows of each page; those of value pages are the time chunk's. */
  final List<long[]> times = new ArrayList<>();
  /** Values by page and row, null where there is none; empty for a time chunk. */
  final List<Object[]> values = new ArrayList<>();
  final Marks marks;
  final List<String> mistakes = new ArrayList<>();

  private final TSDataType type;

  /** {@code beside} are the pages of the time chunk for a value chunk, else null. */
  Pages(TsFileSequenceReader reader, ChunkMetadata chunk, Pages beside) throws Exception {
    reader.position(chunk.getOffsetOfChunkHeader());
    header = reader.readChunkHeader(reader.readMarker());
    type = header.getDataType();
    marks = new Marks(type);
    boolean noted = (header.getChunkType() & KIND) == MANY_PAGES;
    long end = reader.position() + header.getDataSize();
    while (reader.position() < end) {
      PageHeader page = reader.readPageHeader(type, noted);
      ByteBuffer data = page.getUncompressedSize() == 0 ? null : reader.readPage(page, header.getCompressionType());
      Marks mine = decode(page, data, beside);
      marks.merge(mine);
      if (noted && data != null) {
        mistake("page " + (times.size() - 1), mine, page.getStatistics());
      }
    }
    if (reader.position() != end) {
      throw new IllegalStateException("pages end at " + reader.position() + " instead of " + end);
    }
    if (beside != null && times.isEmpty()) {
      for (long[] t : beside.times) {
        rows(t, new Object[t.length]);
      }
    }
    if (beside != null && times.size() != beside.times.size()) {
      throw new IllegalStateException(times.size() + " pages beside " + beside.times.size() + " pages of times");
    }
    mistake("chunk at " + chunk.getOffsetOfChunkHeader(), marks, chunk.getStatistics());
  }

  private void mistake(String where, Marks mine, Statistics<?> stored) throws Exception {
    String wrong = mine.differs(stored);
    if (wrong != null) {
      mistakes.add(where + ": " + wrong);
    }
  }

  private void rows(long[] t, Object[] v) {
    times.add(t);
    values.add(v);
  }

  private Marks decode(PageHeader page, ByteBuffer data, Pages beside) throws Exception {
    Marks mine = new Marks(type);
    if (type == TSDataType.VECTOR) {
      long[] t = new TimePageReader(page, data, Decoder.getDecoderByType(header.getEncodingType(), TSDataType.INT64))
          .getNextTimeBatch();
      for (long time : t) {
        mine.add(time);
      }
      times.add(t);
    } else if (beside != null) {
      long[] t = beside.times.get(times.size());
      Object[] v = new Object[t.length];
      if (data != null) {
        TsPrimitiveType[] all = new ValuePageReader(page, data, type, decoder()).nextValueBatch(t);
        for (int i = 0; i < t.length; i++) {
          if (all[i] != null) {
            v[i] = all[i].getValue();
            mine.add(t[i], v[i]);
          }
        }
      }
      rows(t, v);
    } else {
      plain(data, mine);
    }
    return mine;
  }

  private void plain(ByteBuffer data, Marks mine) throws Exception {
    List<Long> t = new ArrayList<>();
    List<Object> v = new ArrayList<>();
    Decoder time = Decoder.getDecoderByType(TSEncoding.TS_2DIFF, TSDataType.INT64);
    for (BatchData b = Api.page(data, type, decoder(), time).getAllSatisfiedPageData(true); b.hasCurrent(); b.next()) {
      t.add(b.currentTime());
      v.add(b.currentValue());
      mine.add(b.currentTime(), b.currentValue());
    }
    rows(t.stream().mapToLong(Long::longValue).toArray(), v.toArray());
  }

  private Decoder decoder() {
    return Decoder.getDecoderByType(header.getEncodingType(), type);
  }
}
