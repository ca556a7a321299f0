package io.tsfile.spark;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;

/** Every real file, in each of its forms, against what was handed to its writer. Dates are read as numbers: some are impossible. */
class GoldenTest extends SparkCase {
  @TestFactory
  Stream<DynamicTest> everyFileHasTheRowsThatWereWritten() throws IOException {
    List<Path> files;
    try (Stream<Path> all = Files.walk(testdata().resolve("golden"))) {
      files =
          all.filter(p -> p.toString().endsWith(".tsfile")).sorted().collect(Collectors.toList());
    }
    assertTrue(files.size() > 100, "the files are there");
    return files.stream()
        .map(
            file ->
                DynamicTest.dynamicTest(
                    file.getParent().getFileName() + "/" + file.getFileName(), () -> check(file)));
  }

  private static void check(Path file) throws IOException {
    String json = file.toString().replaceAll("\\.tsfile$", ".json");
    JsonNode expected =
        new ObjectMapper()
            .enable(com.fasterxml.jackson.databind.DeserializationFeature.USE_BIG_INTEGER_FOR_INTS)
            .readTree(Files.readAllBytes(java.nio.file.Paths.get(json)));
    JsonNode series = expected.path("series");
    if (series.size() > 0) {
      narrow(file, series);
      wide(file, series);
    }
    Iterator<Map.Entry<String, JsonNode>> tables = expected.path("tables").fields();
    while (tables.hasNext()) {
      Map.Entry<String, JsonNode> table = tables.next();
      table(file, table.getKey(), table.getValue());
    }
  }

  /** What a correct reader returns. */
  private static JsonNode values(JsonNode series, String file) {
    if (series.has("decodes_to")) {
      return series.get("decodes_to");
    }
    boolean lossyOfCpp = file.endsWith("cpp-2.5.0/enc_ts_2diff.tsfile") || file.endsWith("cpp-2.5.0/enc_camel.tsfile");
    return lossyOfCpp && series.has("cpp_reads_as") ? series.get("cpp_reads_as") : null;
  }

  private static JsonNode value(JsonNode series, JsonNode decoded, int i) {
    if (decoded == null) {
      return series.get("rows").get(i).get(1);
    }
    JsonNode one = decoded.get(i);
    return one.isArray() ? one.get(1) : one;
  }

  private static String text(JsonNode value, String type) {
    if (value == null || value.isNull()) {
      return "null";
    }
    switch (type) {
      case "BLOB":
      case "OBJECT":
        byte[] bytes = new byte[value.textValue().length() / 2];
        for (int i = 0; i < bytes.length; i++) {
          bytes[i] = (byte) Integer.parseInt(value.textValue().substring(2 * i, 2 * i + 2), 16);
        }
        return java.util.Arrays.toString(bytes);
      default:
        return value.asText();
    }
  }

  /** Of each device and time the values by measurement, as texts. */
  private static TreeMap<String, TreeMap<Long, Map<String, String>>> points(JsonNode devices, String file) {
    TreeMap<String, TreeMap<Long, Map<String, String>>> out = new TreeMap<>();
    devices
        .fields()
        .forEachRemaining(
            device ->
                device
                    .getValue()
                    .fields()
                    .forEachRemaining(
                        series -> {
                          JsonNode one = series.getValue();
                          JsonNode decoded = values(one, file);
                          String type = one.get("type").asText();
                          for (int i = 0; i < one.get("rows").size(); i++) {
                            long time = one.get("rows").get(i).get(0).longValue();
                            out.computeIfAbsent(device.getKey(), d -> new TreeMap<>())
                                .computeIfAbsent(time, t -> new TreeMap<>())
                                .put(series.getKey(), text(value(one, decoded, i), type));
                          }
                        }));
    return out;
  }

  /** Two series whose JSON is not what their bytes mean: docs/compatibility.md, "Samples". */
  private static boolean isAtFault(Path file, String column) {
    boolean isEdge = column.endsWith(".edge");
    return (file.endsWith("cpp-2.5.0/enc_sprintz.tsfile") && isEdge)
        || (file.endsWith("java-v4/enc_sprintz.tsfile") && isEdge && column.contains("float"));
  }

  /** Whether narrow rows can be made: where a measurement has two types, or two names differ only by case, they cannot, and that is said. */
  private static boolean isRefused(Path file, JsonNode devices) {
    TreeMap<String, TreeSet<String>> types = new TreeMap<>(String.CASE_INSENSITIVE_ORDER);
    TreeSet<String> names = new TreeSet<>();
    devices.forEach(
        device ->
            device
                .fields()
                .forEachRemaining(
                    series -> {
                      names.add(series.getKey());
                      types
                          .computeIfAbsent(series.getKey(), k -> new TreeSet<>())
                          .add(series.getValue().get("type").asText());
                    }));
    boolean agree = types.values().stream().allMatch(t -> t.size() == 1);
    if (agree && types.size() == names.size()) {
      return false;
    }
    try {
      // Types that widen are read: that is a test of its own.
      reader("form", "narrow", "dates", "int").load(file.toString());
    } catch (IllegalArgumentException e) {
      assertTrue(e.getMessage().contains("measurement") || e.getMessage().contains("one name"));
    }
    return true;
  }

  private static void narrow(Path file, JsonNode devices) {
    if (isRefused(file, devices)) {
      return;
    }
    TreeSet<String> names = new TreeSet<>();
    devices.forEach(device -> device.fieldNames().forEachRemaining(names::add));
    List<String> expected = new ArrayList<>();
    points(devices, file.toString())
        .forEach(
            (device, times) ->
                times.forEach(
                    (time, values) -> {
                      StringBuilder row = new StringBuilder(time + "|" + device);
                      names.forEach(
                          name -> row.append("|").append(values.getOrDefault(name, "null")));
                      expected.add(row.toString());
                    }));
    expected.sort(null);
    List<String> found =
        sorted(reader("form", "narrow", "dates", "int").load(file.toString()));
    assertEquals(String.join("\n", expected), String.join("\n", found), "narrow");
  }

  private static void wide(Path file, JsonNode devices) {
    TreeMap<Long, Map<String, String>> rows = new TreeMap<>();
    points(devices, file.toString())
        .forEach(
            (device, times) ->
                times.forEach(
                    (time, values) ->
                        values.forEach(
                            (name, value) ->
                                rows.computeIfAbsent(time, t -> new TreeMap<>())
                                    .put(device + "." + name, value))));
    List<String> expected = new ArrayList<>();
    List<String> found = new ArrayList<>();
    Dataset<Row> read = reader("form", "wide", "dates", "int").load(file.toString());
    for (String column : read.columns()) {
      if (isAtFault(file, column)) {
        read = read.drop(column);
      }
    }
    String[] columns = read.columns();
    rows.forEach(
        (time, values) -> {
          StringBuilder row = new StringBuilder(time.toString());
          for (int i = 1; i < columns.length; i++) {
            row.append("|").append(values.getOrDefault(columns[i], "null"));
          }
          expected.add(row.toString());
        });
    found.addAll(sorted(read));
    expected.sort(null);
    assertEquals(String.join("\n", expected), String.join("\n", found), "wide");
  }

  private static void table(Path file, String name, JsonNode table) {
    List<String> expected = new ArrayList<>();
    JsonNode columns = table.get("columns");
    // Tags come first; a column of times that was declared is the time column, and not shown twice.
    List<Integer> order = new ArrayList<>();
    for (String category : new String[] {"TAG", "FIELD"}) {
      for (int i = 0; i < columns.size(); i++) {
        if (columns.get(i).get(2).asText().equals(category)) {
          order.add(i);
        }
      }
    }
    for (JsonNode row : table.get("rows")) {
      StringBuilder out = new StringBuilder(row.get(0).asText());
      for (int i : order) {
        out.append("|").append(text(row.get(i + 1), columns.get(i).get(1).asText()));
      }
      expected.add(out.toString());
    }
    expected.sort(null);
    List<String> found =
        sorted(reader("form", "table", "table", name, "dates", "int").load(file.toString()));
    assertEquals(String.join("\n", expected), String.join("\n", found), "table " + name);
  }
}
