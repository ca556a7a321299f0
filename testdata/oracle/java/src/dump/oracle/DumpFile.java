package oracle;

import java.io.File;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.apache.tsfile.file.metadata.ChunkMetadata;
import org.apache.tsfile.file.metadata.IChunkMetadata;
import org.apache.tsfile.file.metadata.TimeseriesMetadata;
import org.apache.tsfile.read.TsFileReader;
import org.apache.tsfile.read.TsFileSequenceReader;
import org.apache.tsfile.read.common.Path;
import org.apache.tsfile.read.common.RowRecord;
import org.apache.tsfile.read.expression.QueryExpression;
import org.apache.tsfile.read.query.dataset.QueryDataSet;
import org.apache.tsfile.utils.BloomFilter;
import org.apache.tsfile.utils.Pair;

/** What one file holds, read chunk by chunk, then asked for by name, then checked by the release itself. */
final class DumpFile {
  private final File file;
  private final StringBuilder out;
  private final Map<Api.Device, List<Series>> held = new LinkedHashMap<>();
  private int series;
  private long points;
  private long pages;
  private int queried;

  DumpFile(File file, StringBuilder out) {
    this.file = file;
    this.out = out;
  }

  void run() throws Exception {
    try (TsFileSequenceReader reader = new TsFileSequenceReader(file.getPath())) {
      Api.head(reader, out);
      Map<Long, Pair<Path, TimeseriesMetadata>> checked = new HashMap<>();
      for (Api.Device device : Api.devices(reader)) {
        try {
          device(reader, device, checked);
        } catch (Exception e) {
          Dump.error(out, "device " + device.line(), e);
        }
      }
      queried += Api.ask(file, reader, held, out);
      selfCheck(reader, checked);
    }
    out.append("end\tseries=").append(series).append("\tpoints=").append(points).append("\tpages=").append(pages)
        .append("\tqueried=").append(queried).append('\n');
  }

  private void device(TsFileSequenceReader reader, Api.Device device, Map<Long, Pair<Path, TimeseriesMetadata>> checked)
      throws Exception {
    List<TimeseriesMetadata> all = device.series();
    boolean aligned = !all.isEmpty() && all.get(0).getTsDataType().name().equals("VECTOR");
    out.append("device\t").append(aligned ? "aligned" : "plain").append('\t').append(device.line()).append('\n');
    Map<Long, Pages> timeChunks = new HashMap<>();
    List<Long> starts = new ArrayList<>();
    for (TimeseriesMetadata m : all) {
      boolean time = aligned && m == all.get(0);
      Series s = new Series(m.getMeasurementId(), m.getTsDataType().name());
      List<String> mistakes = new ArrayList<>();
      Marks marks = new Marks(m.getTsDataType());
      List<IChunkMetadata> chunks = new ArrayList<>(m.getChunkMetadataList());
      chunks.sort((a, b) -> Long.compare(a.getOffsetOfChunkHeader(), b.getOffsetOfChunkHeader()));
      try {
        for (IChunkMetadata c : chunks) {
          long offset = c.getOffsetOfChunkHeader();
          Pages beside = null;
          if (aligned && !time) {
            // The time chunk of a group comes first in it.
            int at = -Collections.binarySearch(starts, offset) - 2;
            if (at < 0) {
              throw new IllegalStateException("no time chunk before " + offset);
            }
            beside = timeChunks.get(starts.get(at));
          }
          Pages chunk = new Pages(reader, (ChunkMetadata) c, beside);
          if (time) {
            timeChunks.put(offset, chunk);
            starts.add(offset);
          }
          pages += chunk.times.size();
          s.encoding = chunk.header.getEncodingType().name();
          take(s, chunk);
          marks.merge(chunk.marks);
          mistakes.addAll(chunk.mistakes);
        }
        String wrong = marks.differs(m.getStatistics());
        if (wrong != null) {
          mistakes.add("series: " + wrong);
        }
      } catch (Exception e) {
        Dump.error(out, "series " + Text.name(s.measurement), e);
      }
      if (!aligned && !chunks.isEmpty()) {
        checked.put((long) checked.size(), new Pair<>(device.path(s.measurement), m));
      }
      write(s, time);
      for (String mistake : mistakes) {
        out.append("!statistics\t").append(Text.name(mistake)).append('\n');
      }
      if (!time) {
        ask(reader, device, s);
        held.computeIfAbsent(device, k -> new ArrayList<>()).add(s);
      }
    }
  }

  private static void take(Series s, Pages chunk) {
    for (int page = 0; page < chunk.times.size(); page++) {
      long[] t = chunk.times.get(page);
      int before = s.points.size();
      for (int row = 0; row < t.length; row++) {
        if (chunk.values.isEmpty()) {
          s.add(t[row], "");
        } else if (chunk.values.get(page)[row] != null) {
          s.add(t[row], chunk.values.get(page)[row]);
        }
      }
      s.page(s.points.size() > before);
    }
  }

  private void write(Series s, boolean time) {
    if (time) {
      out.append("rows\t").append(s.encoding).append('\n');
    } else {
      out.append("series\t").append(Text.name(s.measurement)).append('\t').append(s.type).append('\t').append(s.encoding)
          .append('\n');
      series++;
      points += s.points.size();
    }
    if (s.overlaps) {
      out.append("overlaps\n");
    }
    for (Map.Entry<Long, Object> e : s.points.entrySet()) {
      out.append(e.getKey());
      if (!time) {
        out.append('\t').append(Text.value(e.getValue()));
      }
      out.append('\n');
    }
  }

  /** Asks for a series by its name: through the bloom filter, the index, and the release's query. */
  private void ask(TsFileSequenceReader reader, Api.Device device, Series s) {
    try {
      Path path = device.path(s.measurement);
      BloomFilter filter = reader.readFileMetadata().getBloomFilter();
      if (filter != null && !filter.contains(device.key(s.measurement))) {
        out.append("!bloom\tthe filter says that ").append(Text.name(device.key(s.measurement))).append(" is not there\n");
      }
      if (device.isTable() || s.type.equals("OBJECT")) {
        // Tables are asked for as a whole; of an OBJECT a query returns what it leads to.
        return;
      }
      // Closing the query would close the file.
      QueryDataSet rows = new TsFileReader(reader).query(QueryExpression.create(Collections.singletonList(path), null));
      long count = 0;
      long sum = 0;
      while (rows.hasNext()) {
        RowRecord row = rows.next();
        if (row.getFields().get(0) != null && row.getFields().get(0).getDataType() != null) {
          count++;
          sum += Series.mix(row.getTimestamp(), Text.value(Api.value(row.getFields().get(0))));
        }
      }
      queried++;
      if (!s.overlaps && (count != s.points.size() || sum != s.sum())) {
        out.append("!query\t").append(Text.name(path.getFullPath())).append(" returns ").append(count)
            .append(" points; its chunks hold ").append(s.points.size())
            .append(count == s.points.size() ? ", of other values" : "").append('\n');
      }
    } catch (Exception e) {
      Dump.error(out, "query " + Text.name(s.measurement), e);
    }
  }

  /** The check of the release; its reading of the pages of aligned devices as if they were not leaves those out. */
  private void selfCheck(TsFileSequenceReader reader, Map<Long, Pair<Path, TimeseriesMetadata>> checked) {
    try {
      long status = reader.selfCheckWithInfo(file.getPath(), false, checked);
      out.append("selfcheck\t").append(status).append('\n');
    } catch (Exception e) {
      Dump.error(out, "selfcheck", e);
    }
  }
}
