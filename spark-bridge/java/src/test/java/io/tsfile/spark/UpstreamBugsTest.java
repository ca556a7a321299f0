package io.tsfile.spark;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.tsfile.spark.files.HadoopInput;
import java.io.FileInputStream;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.Paths;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FSDataInputStream;
import org.apache.hadoop.fs.FSInputStream;
import org.apache.hadoop.fs.FileStatus;
import org.apache.hadoop.fs.RawLocalFileSystem;
import org.apache.spark.sql.DataFrameReader;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.tsfile.enums.TSDataType;
import org.apache.tsfile.file.metadata.IDeviceID;
import org.apache.tsfile.file.metadata.enums.TSEncoding;
import org.apache.tsfile.write.schema.IMeasurementSchema;
import org.apache.tsfile.write.schema.MeasurementSchema;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Eleven things that the older connector gets wrong, or does not do. What is expected is said by hand, and holds with push-down and
 * without.
 */
class UpstreamBugsTest extends SparkCase {
  @TempDir static Path folder;
  private static String sensors;
  private static String weekdays;
  private static String plant;

  @BeforeAll
  static void write() throws Exception {
    sensors = JavaFiles.sensors(folder.resolve("sensors.tsfile")).toString();
    weekdays = JavaFiles.weekdays(folder.resolve("weekdays.tsfile")).toString();
    plant = JavaFiles.plant(folder.resolve("plant.tsfile")).toString();
  }

  private static DataFrameReader form(String form, String pushdown) {
    return reader("form", form, "pushdown", pushdown);
  }

  /** Times of the wide rows that a filter keeps. */
  private static void wide(String file, String filter, String... times) {
    for (String pushdown : new String[] {"true", "false"}) {
      Dataset<Row> rows = form("wide", pushdown).load(file).where(filter);
      assertEquals(Arrays.asList(times), texts(rows.select("time")), filter + ", pushdown " + pushdown);
      assertEquals(times.length, rows.collectAsList().size(), filter);
    }
  }

  /** Devices, by their number, and times of the narrow rows that a filter keeps. */
  private static void narrow(String file, String filter, String... devicesAndTimes) {
    for (String pushdown : new String[] {"true", "false"}) {
      Dataset<Row> rows = form("narrow", pushdown).load(file).where(filter);
      assertEquals(
          Arrays.asList(devicesAndTimes),
          texts(rows.selectExpr("substring(device_name, 8)", "time")),
          filter + ", pushdown " + pushdown);
      assertEquals(devicesAndTimes.length, rows.collectAsList().size(), filter);
    }
  }

  /** 1: an error there, in both forms. */
  @Test
  void notAndUnequal() {
    wide(sensors, "`device_1.sensor_2` <> 20", "3", "6", "8");
    wide(sensors, "not `device_1.sensor_1` > 2", "1", "3", "4");
    wide(sensors, "not (`device_1.sensor_1` > 2 or `device_1.sensor_2` = 21)", "1", "4");
    wide(sensors, "time <> 3 and not time > 4", "1", "2", "4");
    narrow(sensors, "sensor_2 <> 20", "1 3", "1 6", "1 8", "2 1", "2 2");
    narrow(sensors, "not (sensor_1 > 2 or sensor_2 = 21)", "1 1", "1 4");
    narrow(sensors, "device_name <> 'device_1'", "2 1", "2 2");
    narrow(sensors, "not (device_name = 'device_1' or time = 1)", "2 2");
  }

  /** 2: an error there. */
  @Test
  void orderOfTextsAndBooleans() {
    wide(weekdays, "`device_1.sensor_2` < 'Saturday'", "1");
    wide(weekdays, "`device_1.sensor_2` <= 'Saturday'", "1", "6");
    wide(weekdays, "`device_1.sensor_2` > 'Saturday'", "2", "3", "4");
    wide(weekdays, "`device_1.sensor_2` >= 'Saturday'", "2", "3", "4", "6");
    wide(weekdays, "`device_1.sensor_1` < true", "3", "4");
    wide(weekdays, "`device_1.sensor_1` >= true", "1", "6");
    narrow(weekdays, "sensor_2 < 'Tuesday' and sensor_2 > 'Monday'", "1 4", "1 6");
    narrow(weekdays, "sensor_1 > false", "1 1", "1 6");
    narrow(weekdays, "sensor_1 <= false", "1 3", "1 4");
  }

  /** 3: an error there. */
  @Test
  void textsOfNarrowRows() {
    narrow(weekdays, "sensor_2 = 'Monday'", "1 1");
    narrow(weekdays, "sensor_2 = 'monday'");
    narrow(weekdays, "sensor_2 in ('Monday', 'Sunday', 'Thursday')", "1 1", "1 4");
    narrow(weekdays, "sensor_2 like 'T%'", "1 2", "1 4");
  }

  /** 4: an error there. */
  @Test
  void orOfTimesAndValues() {
    narrow(sensors, "time < 2 or sensor_1 > 7", "1 1", "1 6", "1 8", "2 1", "2 2");
    narrow(
        sensors,
        "(device_name = 'device_1' and time < 4) or (device_name = 'device_1' and time > 7)",
        "1 1", "1 2", "1 3", "1 8");
    narrow(
        sensors,
        "(device_name = 'device_1' and time < 3) or (device_name = 'device_2' and sensor_3 = 21)",
        "1 1", "1 2", "2 2");
    narrow(
        sensors,
        "(device_name = 'device_1' and time < 3) or (device_name = 'device_1' and sensor_1 > 7)",
        "1 1", "1 2", "1 6", "1 8");
  }

  /** 5: taken for an equality there, so that rows are missing. */
  @Test
  void orderOfDevices() {
    String[] one = {"1 1", "1 2", "1 3", "1 4", "1 6", "1 7", "1 8"};
    String[] two = {"2 1", "2 2"};
    String[] all = {"1 1", "1 2", "1 3", "1 4", "1 6", "1 7", "1 8", "2 1", "2 2"};
    narrow(sensors, "device_name > 'device_1'", two);
    narrow(sensors, "device_name >= 'device_1'", all);
    narrow(sensors, "device_name < 'device_2'", one);
    narrow(sensors, "device_name <= 'device_1'", one);
    narrow(sensors, "device_name > 'device_0' and device_name < 'device_1x'", one);
    narrow(sensors, "device_name > 'x'");
  }

  /** 6: taken for something else there. */
  @Test
  void namesThatMeanSomethingElsewhere() throws Exception {
    String file =
        JavaFiles.file(
                folder.resolve("names.tsfile"),
                writer -> {
                  IDeviceID device = JavaFiles.device("root", "ln", "d1");
                  for (String name : new String[] {"freq", "device_name", "a.b"}) {
                    JavaFiles.series(writer, device, name, TSDataType.INT32, TSEncoding.PLAIN);
                  }
                  JavaFiles.points(writer, device, 1, "freq", 10, "device_name", 100, "a.b", 1000);
                  JavaFiles.points(writer, device, 2, "freq", 20, "device_name", 200, "a.b", 2000);
                })
            .toString();
    for (String pushdown : new String[] {"true", "false"}) {
      Dataset<Row> narrow =
          reader("form", "narrow", "deviceColumn", "device", "pushdown", pushdown).load(file);
      assertEquals(
          Collections.singletonList("root.ln.d1 2 20 200 2000"),
          texts(
              narrow
                  .where("freq > 10 and device_name = 200 and `a.b` = 2000 and device = 'root.ln.d1'")
                  .selectExpr("device", "time", "freq", "device_name", "`a.b`")));
      Dataset<Row> wide = form("wide", pushdown).load(file);
      assertEquals(4, wide.columns().length);
      String dotted = Arrays.stream(wide.columns()).filter(c -> c.contains("a.b")).findFirst().get();
      String quoted = "`" + dotted.replace("`", "``") + "`";
      assertEquals(
          Collections.singletonList("2 20 2000"),
          texts(
              wide.where("`root.ln.d1.freq` = 20 and `root.ln.d1.device_name` > 100 and " + quoted + " > 1000")
                  .selectExpr("time", "`root.ln.d1.freq`", quoted)));
    }
    String error =
        assertThrows(IllegalArgumentException.class, () -> reader("form", "narrow").load(file))
            .getMessage();
    assertTrue(error.contains("deviceColumn"), error);
  }

  /** A disk of which each read returns a few bytes only, which counts what it is asked, and can break past a place. */
  public static final class Slow extends RawLocalFileSystem {
    static final AtomicInteger STATUS = new AtomicInteger();
    static volatile long breaksAt = Long.MAX_VALUE;

    @Override
    public URI getUri() {
      return URI.create("slow:///");
    }

    @Override
    public String getScheme() {
      return "slow";
    }

    @Override
    public void initialize(URI uri, Configuration conf) throws IOException {
      super.initialize(URI.create("file:///"), conf);
      setConf(conf);
    }

    @Override
    protected void checkPath(org.apache.hadoop.fs.Path path) {}

    @Override
    public FileStatus getFileStatus(org.apache.hadoop.fs.Path path) throws IOException {
      STATUS.incrementAndGet();
      return super.getFileStatus(path);
    }

    @Override
    public FSDataInputStream open(org.apache.hadoop.fs.Path path, int bufferBytes)
        throws IOException {
      FileInputStream file = new FileInputStream(path.toUri().getPath());
      return new FSDataInputStream(
          new FSInputStream() {
            @Override
            public void seek(long position) throws IOException {
              file.getChannel().position(position);
            }

            @Override
            public long getPos() throws IOException {
              return file.getChannel().position();
            }

            @Override
            public boolean seekToNewSource(long position) {
              return false;
            }

            @Override
            public int read() throws IOException {
              return file.read();
            }

            @Override
            public int read(byte[] to, int offset, int length) throws IOException {
              if (getPos() + length > breaksAt) {
                throw new IOException("the disk is broken from " + breaksAt);
              }
              return file.read(to, offset, Math.min(length, 1000));
            }

            @Override
            public void close() throws IOException {
              file.close();
            }
          });
    }

    static Configuration conf() {
      Configuration conf = spark.sparkContext().hadoopConfiguration();
      conf.set("fs.slow.impl", Slow.class.getName());
      return conf;
    }
  }

  /** 7: logged there, and the rows until then are the answer. */
  @Test
  void anErrorWhileReadingIsNoShorterAnswer() throws Exception {
    Slow.conf();
    String file = JavaFiles.large(folder.resolve("large.tsfile")).toString();
    long size = Files.size(Paths.get(file));
    Dataset<Row> rows = form("narrow", "true").load("slow://" + file);
    rows.createOrReplaceTempView("broken");
    Slow.breaksAt = size / 2;
    try {
      // The metadata at the end was read before the disk broke.
      for (String query :
          new String[] {"select sum(sensor_1) from broken", "select * from broken"}) {
        Exception e =
            assertThrows(Exception.class, () -> spark.sql(query).toJavaRDD().count(), query);
        assertEquals("the disk is broken from " + size / 2, deepest(e).getMessage());
      }
    } finally {
      Slow.breaksAt = Long.MAX_VALUE;
    }
    assertEquals(JavaFiles.LARGE, rows.count(), "the next query works");
  }

  private static Throwable deepest(Throwable thrown) {
    Throwable e = thrown;
    while (e.getCause() != null) {
      e = e.getCause();
    }
    return e;
  }

  /** 8: no values there, once devices have segments. */
  @Test
  void timeseriesOfDevicesWithSegments() {
    Dataset<Row> rows = form("wide", "true").load(plant);
    assertEquals(
        Arrays.asList("1 2.2", "2 2.2", "3 2.1"),
        texts(
            rows.selectExpr("time", "`root.ln.wf01.wt01.temperature` t").where("t is not null")));
    assertEquals(
        Arrays.asList(
            "1 null true true 2.2",
            "2 aaa false null 2.2",
            "3 null null true 2.1",
            "4 bbb true null null",
            "5 null null false null",
            "6 ccc null null null"),
        texts(
            rows.selectExpr(
                "time",
                "`root.ln.wf02.wt02.hardware`",
                "`root.ln.wf02.wt02.status`",
                "`root.ln.wf01.wt01.status`",
                "`root.ln.wf01.wt01.temperature`")));
    assertEquals(
        Arrays.asList("root.ln.wf02.wt02 2 false aaa", "root.ln.wf02.wt02 4 true bbb", "root.ln.wf02.wt02 6 null ccc"),
        texts(
            form("narrow", "true")
                .load(plant)
                .where("device_name = 'root.ln.wf02.wt02' and hardware >= 'aaa'")
                .select("device_name", "time", "status", "hardware")));
  }

  /** 9: not thought of there. */
  @Test
  void alignedDevicesTablesAndNewerTypes() throws Exception {
    IDeviceID device = JavaFiles.device("root", "ln", "d1");
    byte[] bytes = {5, 0, -1};
    String file =
        JavaFiles.file(
                folder.resolve("aligned.tsfile"),
                writer -> {
                  List<IMeasurementSchema> schemas = new ArrayList<>();
                  schemas.add(new MeasurementSchema("s", TSDataType.STRING));
                  schemas.add(new MeasurementSchema("day", TSDataType.DATE));
                  schemas.add(new MeasurementSchema("at", TSDataType.TIMESTAMP));
                  schemas.add(new MeasurementSchema("bytes", TSDataType.BLOB));
                  schemas.add(new MeasurementSchema("l", TSDataType.INT64));
                  writer.registerAlignedTimeseries(device, schemas);
                  JavaFiles.points(
                      writer, device, 1, "s", "x", "day", LocalDate.of(2024, 2, 29), "at", 1000L, "bytes", bytes, "l", 7L);
                  JavaFiles.points(writer, device, 2, "l", 8L);
                  JavaFiles.points(writer, device, 3, "s", "z");
                })
            .toString();
    for (String form : new String[] {"narrow", "wide"}) {
      String before = form.equals("narrow") ? "" : "root.ln.d1.";
      String[] columns = {"time", "s", "day", "at", "hex(bytes)", "l"};
      for (int i = 1; i < columns.length; i++) {
        String name = columns[i].replaceAll("hex\\((.*)\\)", "$1");
        columns[i] = columns[i].replace(name, "`" + before + name + "`");
      }
      Dataset<Row> rows = form(form, "true").load(file);
      assertEquals(
          Arrays.asList(
              "1 x 2024-02-29 1000 0500FF 7", "2 null null null null 8", "3 z null null null null"),
          texts(rows.selectExpr(columns)));
      assertEquals(
          Collections.singletonList("3"),
          texts(rows.where("`" + before + "l` is null").select("time")));
      assertEquals(
          Collections.singletonList("1"),
          texts(rows.where("`" + before + "day` = date'2024-02-29'").select("time")));
    }
    String table = JavaFiles.weather(folder.resolve("table.tsfile"), "weather", 0).toString();
    assertEquals(3, reader().load(table).count());
  }

  /** 10: there each read asks for the size of the file, and takes what the first read returns for all. */
  @Test
  void readsThatReturnLessAreGoneOnWith() throws Exception {
    Configuration conf = Slow.conf();
    byte[] all = Files.readAllBytes(Paths.get(sensors));
    String large = JavaFiles.large(folder.resolve("again.tsfile")).toString();
    byte[] expected = Arrays.copyOfRange(Files.readAllBytes(Paths.get(large)), 20, 50_020);
    int before = Slow.STATUS.get();
    try (HadoopInput input = new HadoopInput("slow://" + large, conf)) {
      for (int i = 0; i < 3; i++) {
        assertEquals(
            Arrays.hashCode(expected), Arrays.hashCode(Arrays.copyOf(input.read(20, 50_000), 50_000)));
      }
    }
    assertEquals(before, Slow.STATUS.get(), "no read asks for the status");
    assertTrue(all.length > 520);
    Dataset<Row> rows = form("narrow", "true").load("slow://" + large);
    before = Slow.STATUS.get();
    assertEquals(
        Collections.singletonList(JavaFiles.LARGE + " 1048575.0"),
        texts(rows.selectExpr("count(*)", "max(sensor_1)")));
    assertTrue(Slow.STATUS.get() - before <= 4, "a query asks for the status as often as it has tasks");
  }

  /** 11: by a text there, and an error for null. */
  @Test
  void floatsAreEqualAndNullIsEqualToNothing() throws Exception {
    narrow(sensors, "sensor_1 = float(1.2)", "1 1", "1 4");
    narrow(sensors, "sensor_1 = float(25.4)", "2 2");
    // The float that is nearest to 1.2 is not the double that is.
    narrow(sensors, "sensor_1 = 1.2D");
    narrow(sensors, "sensor_1 = cast(null as float)");
    narrow(sensors, "sensor_1 <=> null", "1 2");
    narrow(sensors, "sensor_3 is null", "1 1", "1 3");
    narrow(sensors, "device_name = cast(null as string)");
    wide(sensors, "`device_1.sensor_1` = float(1.2)", "1", "4");
    wide(sensors, "`device_2.sensor_1` <=> null and time > 6", "7", "8");
    String doubles =
        JavaFiles.file(
                folder.resolve("doubles.tsfile"),
                writer -> {
                  JavaFiles.series(writer, JavaFiles.DEVICE_1, "d", TSDataType.DOUBLE, TSEncoding.GORILLA);
                  double[] values = {0.1 + 0.2, 0.3, -0.0, Double.NaN, 1e300, Double.MIN_VALUE};
                  for (int i = 0; i < values.length; i++) {
                    JavaFiles.points(writer, JavaFiles.DEVICE_1, i, "d", values[i]);
                  }
                })
            .toString();
    narrow(doubles, "d = 0.3D", "1 1");
    narrow(doubles, "d = 0.30000000000000004D", "1 0");
    narrow(doubles, "d = 0D", "1 2");
    narrow(doubles, "d = double('NaN')", "1 3");
    narrow(doubles, "d = 1e300D", "1 4");
    narrow(doubles, "d = 4.9e-324D", "1 5");
  }
}
