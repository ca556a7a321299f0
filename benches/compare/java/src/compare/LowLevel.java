package compare;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import org.apache.tsfile.enums.TSDataType;
import org.apache.tsfile.file.metadata.AbstractAlignedChunkMetadata;
import org.apache.tsfile.file.metadata.ChunkMetadata;
import org.apache.tsfile.file.metadata.IChunkMetadata;
import org.apache.tsfile.file.metadata.IDeviceID;
import org.apache.tsfile.file.metadata.MetadataIndexNode;
import org.apache.tsfile.read.TsFileDeviceIterator;
import org.apache.tsfile.read.TsFileSequenceReader;
import org.apache.tsfile.read.common.Chunk;
import org.apache.tsfile.read.common.block.TsBlock;
import org.apache.tsfile.read.filter.basic.Filter;
import org.apache.tsfile.read.filter.factory.ValueFilterApi;
import org.apache.tsfile.read.reader.IPageReader;
import org.apache.tsfile.read.reader.chunk.ChunkReader;
import org.apache.tsfile.read.reader.chunk.TableChunkReader;
import org.apache.tsfile.utils.Pair;

/**
 * The fastest way we found through the library: devices from the index, chunks by their metadata, pages decoded into columns. Rows stay
 * apart by device, and those of series that are not aligned by series; nothing is merged and tags are not repeated.
 */
final class LowLevel {
  /** What becomes of the rows of a page. */
  interface Taker {
    void take(TsBlock block, List<String> names, List<TSDataType> types);
  }

  private final String column;
  private final Sums sums;
  private final Taker taker;
  /** What the values of a row have to be like; null if that does not matter. */
  private Filter wanted;

  /** Sums are made only if `check`; without `column` all columns are read. */
  LowLevel(String column, boolean check) {
    this(column, new Sums(), check);
  }

  private LowLevel(String column, Sums sums, boolean check) {
    this(column, sums, check ? sums::add : (block, names, types) -> {});
  }

  /** Rows are counted in `sums` and given to `taker`. */
  LowLevel(String column, Sums sums, Taker taker) {
    this.column = column;
    this.sums = sums;
    this.taker = taker;
  }

  Sums read(String file) throws Exception {
    try (TsFileSequenceReader reader = new TsFileSequenceReader(file)) {
      TsFileDeviceIterator devices = reader.getAllDevicesIteratorWithIsAligned();
      while (devices.hasNext()) {
        Pair<IDeviceID, Boolean> device = devices.next();
        MetadataIndexNode node = devices.getFirstMeasurementNodeOfCurrentDevice();
        if (device.right) {
          for (AbstractAlignedChunkMetadata chunk : aligned(reader, device.left, node)) {
            alignedChunk(reader, chunk, null);
          }
        } else {
          plainDevice(reader, device.left, node);
        }
      }
    }
    return sums;
  }

  private List<AbstractAlignedChunkMetadata> aligned(TsFileSequenceReader reader, IDeviceID device, MetadataIndexNode node)
      throws Exception {
    if (column == null) {
      return reader.getAlignedChunkMetadataByMetadataIndexNode(device, node, false);
    }
    List<AbstractAlignedChunkMetadata> chunks = new ArrayList<>();
    for (List<IChunkMetadata> some : reader.getIChunkMetadataList(device, Collections.singleton(column), node)) {
      for (IChunkMetadata chunk : some) {
        chunks.add((AbstractAlignedChunkMetadata) chunk);
      }
    }
    return chunks;
  }

  /** The rows of one device whose times `times` wants. */
  void device(TsFileSequenceReader reader, IDeviceID device, Filter times) throws Exception {
    for (AbstractAlignedChunkMetadata chunk : reader.getAlignedChunkMetadata(device, false)) {
      if (times.satisfyStartEndTime(chunk.getStartTime(), chunk.getEndTime())) {
        alignedChunk(reader, chunk, times);
      }
    }
  }

  /** The rows of all devices, which have to be aligned, whose value of `name` lies between two others, both included. */
  Sums select(String file, String name, double low, double high) throws Exception {
    try (TsFileSequenceReader reader = new TsFileSequenceReader(file)) {
      TsFileDeviceIterator devices = reader.getAllDevicesIteratorWithIsAligned();
      while (devices.hasNext()) {
        IDeviceID device = devices.next().left;
        MetadataIndexNode node = devices.getFirstMeasurementNodeOfCurrentDevice();
        for (AbstractAlignedChunkMetadata chunk : aligned(reader, device, node)) {
          List<IChunkMetadata> values = chunk.getValueChunkMetadataList();
          int place = 0;
          while (values.get(place) == null || !values.get(place).getMeasurementUid().equals(name)) {
            place++;
          }
          wanted = ValueFilterApi.between(place, low, high, TSDataType.DOUBLE);
          if (!wanted.canSkip(chunk)) {
            alignedChunk(reader, chunk, null);
          }
        }
      }
    }
    return sums;
  }

  private void alignedChunk(TsFileSequenceReader reader, AbstractAlignedChunkMetadata chunk, Filter times) throws Exception {
    Chunk time = reader.readMemChunk((ChunkMetadata) chunk.getTimeChunkMetadata());
    List<Chunk> values = new ArrayList<>();
    List<String> names = new ArrayList<>();
    List<TSDataType> types = new ArrayList<>();
    for (IChunkMetadata value : chunk.getValueChunkMetadataList()) {
      if (value != null) {
        values.add(reader.readMemChunk((ChunkMetadata) value));
        names.add(value.getMeasurementUid());
        types.add(value.getDataType());
      }
    }
    pages(new TableChunkReader(time, values, times).loadPageReaderList(), names, types);
  }

  private void plainDevice(TsFileSequenceReader reader, IDeviceID device, MetadataIndexNode node) throws Exception {
    List<IChunkMetadata> chunks = new ArrayList<>();
    if (column == null) {
      reader.getTimeseriesMetadataOffsetByDevice(node, Collections.emptySet(), true).values().forEach(v -> chunks.addAll(v.left));
    } else {
      chunks.addAll(reader.getIChunkMetadataList(device, column));
    }
    for (IChunkMetadata chunk : chunks) {
      List<IPageReader> pages = new ChunkReader(reader.readMemChunk((ChunkMetadata) chunk)).loadPageReaderList();
      pages(pages, Collections.singletonList(chunk.getMeasurementUid()), Collections.singletonList(chunk.getDataType()));
    }
  }

  private void pages(List<IPageReader> pages, List<String> names, List<TSDataType> types) throws Exception {
    for (IPageReader page : pages) {
      if (wanted != null) {
        if (wanted.canSkip(page)) {
          continue;
        }
        page.addRecordFilter(wanted);
      }
      page.initTsBlockBuilder(types);
      TsBlock block = page.getAllSatisfiedData();
      sums.rows += block.getPositionCount();
      taker.take(block, names, types);
    }
  }
}
