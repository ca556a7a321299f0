package compare;

import java.io.Serializable;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Iterator;
import java.util.List;
import org.apache.tsfile.enums.TSDataType;
import org.apache.tsfile.file.metadata.IDeviceID;
import org.apache.tsfile.file.metadata.TimeseriesMetadata;
import org.apache.tsfile.file.metadata.statistics.Statistics;
import org.apache.tsfile.read.TsFileDeviceIterator;
import org.apache.tsfile.read.TsFileSequenceReader;
import org.apache.tsfile.utils.Pair;

/** What each column of each device amounts to, from the statistics of the timeseries, without their chunks. */
final class Aggregate {
  private final boolean check;
  private final Sums sums = new Sums();

  Aggregate(boolean check) {
    this.check = check;
  }

  /** All timeseries at once, device by device as the library hands them out. */
  Sums all(String file) throws Exception {
    try (TsFileSequenceReader reader = new TsFileSequenceReader(file)) {
      Iterator<Pair<IDeviceID, List<TimeseriesMetadata>>> devices = reader.iterAllTimeseriesMetadata(false, false);
      while (devices.hasNext()) {
        take(devices.next().right);
      }
    }
    return sums;
  }

  /** The devices of the index, each by its node of measurements. */
  Sums nodes(String file) throws Exception {
    try (TsFileSequenceReader reader = new TsFileSequenceReader(file)) {
      TsFileDeviceIterator devices = reader.getAllDevicesIteratorWithIsAligned();
      while (devices.hasNext()) {
        devices.next();
        List<TimeseriesMetadata> series = new ArrayList<>();
        reader.getDeviceTimeseriesMetadata(
            series, devices.getFirstMeasurementNodeOfCurrentDevice(), Collections.emptySet(), false, null);
        take(series);
      }
    }
    return sums;
  }

  /** The time column of an aligned device has no name. */
  private void take(List<TimeseriesMetadata> device) {
    for (TimeseriesMetadata series : device) {
      String name = series.getMeasurementId();
      if (name.isEmpty()) {
        sums.rows++;
        continue;
      }
      Statistics<? extends Serializable> found = series.getStatistics();
      if (!check) {
        continue;
      }
      sums.of(name + " count").add((long) found.getCount());
      put(name + " first", found.getFirstValue());
      put(name + " last", found.getLastValue());
      if (series.getTsDataType() != TSDataType.BOOLEAN) {
        put(name + " min", found.getMinValue());
        put(name + " max", found.getMaxValue());
      }
    }
  }

  private void put(String name, Serializable value) {
    if (value instanceof Boolean) {
      sums.of(name).add((boolean) value ? 1L : 0L);
    } else if (value instanceof Double || value instanceof Float) {
      sums.of(name).add(((Number) value).doubleValue());
    } else {
      sums.of(name).add(((Number) value).longValue());
    }
  }
}
