package compare;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import org.apache.tsfile.block.column.Column;
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
import org.apache.tsfile.read.reader.IPageReader;
import org.apache.tsfile.read.reader.chunk.ChunkReader;
import org.apache.tsfile.read.reader.chunk.TableChunkReader;
import org.apache.tsfile.utils.Pair;

/**
 * The fastest way we found through the library: devices from the index, chunks by their metadata, pages decoded into columns. Rows stay
 * apart by device, and those of series that are not aligned by series; nothing is merged and tags are not repeated.
 */
final class LowLevel {
  private final boolean check;
  private final String column;
  private final Sums sums = new Sums();

  /** Sums are made only if `check`; without `column` all columns are read. */
  LowLevel(String column, boolean check) {
    this.column = column;
    this.check = check;
  }

  Sums read(String file) throws Exception {
    try (TsFileSequenceReader reader = new TsFileSequenceReader(file)) {
      TsFileDeviceIterator devices = reader.getAllDevicesIteratorWithIsAligned();
      while (devices.hasNext()) {
        Pair<IDeviceID, Boolean> device = devices.next();
        MetadataIndexNode node = devices.getFirstMeasurementNodeOfCurrentDevice();
        if (device.right) {
          for (AbstractAlignedChunkMetadata chunk : aligned(reader, device.left, node)) {
            alignedChunk(reader, chunk);
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

  private void alignedChunk(TsFileSequenceReader reader, AbstractAlignedChunkMetadata chunk) throws Exception {
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
    pages(new TableChunkReader(time, values, null).loadPageReaderList(), names, types);
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
      page.initTsBlockBuilder(types);
      TsBlock block = page.getAllSatisfiedData();
      sums.rows += block.getPositionCount();
      if (!check) {
        continue;
      }
      Column times = block.getTimeColumn();
      Sums.Sum time = sums.of("time");
      for (int i = 0; i < block.getPositionCount(); i++) {
        time.add(times.getLong(i) - Sums.EPOCH);
      }
      for (int i = 0; i < names.size(); i++) {
        sums.add(names.get(i), block.getColumn(i), types.get(i));
      }
    }
  }
}
