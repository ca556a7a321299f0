package oracle;

import java.util.Map;
import java.util.TreeMap;

/** One series: its points by time, and for the time column of an aligned device its rows. */
final class Series {
  final String measurement;
  final String type;
  /** Of the last chunk. */
  String encoding = "";
  final Map<Long, Object> points = new TreeMap<>();
  /** Whether a time came twice, or after a later one. */
  boolean overlaps;
  /** Whether a page of nulls alone comes before one with a value. */
  boolean gap;
  private boolean empty;
  private long last = Long.MIN_VALUE;

  Series(String measurement, String type) {
    this.measurement = measurement;
    this.type = type;
  }

  void add(long time, Object value) {
    overlaps |= !points.isEmpty() && time <= last;
    last = Math.max(last, time);
    points.put(time, value);
  }

  /** The end of a page; {@code any} says whether it had a value. */
  void page(boolean any) {
    gap |= empty && any;
    empty |= !any;
  }

  /** A number that changes with every point, whatever their order. */
  long sum() {
    long sum = 0;
    for (Map.Entry<Long, Object> e : points.entrySet()) {
      sum += mix(e.getKey(), Text.value(e.getValue()));
    }
    return sum;
  }

  static long mix(long time, String value) {
    long h = (time ^ time >>> 31) * 0x9e3779b97f4a7c15L + value.hashCode();
    h = (h ^ h >>> 29) * 0xbf58476d1ce4e5b9L;
    return h ^ h >>> 32;
  }
}
