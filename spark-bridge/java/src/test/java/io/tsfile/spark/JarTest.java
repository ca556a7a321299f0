package io.tsfile.spark;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.jar.JarEntry;
import java.util.jar.JarFile;
import org.junit.jupiter.api.Test;

/** What must hold of the jar so that one jar serves all versions. */
class JarTest {
  /** Java 8. */
  private static final int MAJOR_VERSION = 52;

  @Test
  void classesAreForJava8AndNameNoCollectionOfScala() throws IOException {
    List<String> newer = new ArrayList<>();
    List<String> scala = new ArrayList<>();
    int classes = 0;
    try (JarFile jar = new JarFile(System.getProperty("tsfile.jar"))) {
      for (JarEntry entry : Collections.list(jar.entries())) {
        if (!entry.getName().endsWith(".class")) {
          continue;
        }
        classes++;
        byte[] bytes = read(jar.getInputStream(entry));
        int version = (bytes[6] & 0xff) << 8 | bytes[7] & 0xff;
        if (version > MAJOR_VERSION) {
          newer.add(entry.getName() + " " + version);
        }
        // Names of classes and descriptors stand in the constant pool as they are. `Seq` is another class in Scala 2.13 than in 2.12.
        if (new String(bytes, StandardCharsets.ISO_8859_1).contains("scala/collection")) {
          scala.add(entry.getName());
        }
      }
    }
    assertTrue(classes > 20, classes + " classes");
    assertEquals(Collections.emptyList(), newer);
    assertEquals(Collections.emptyList(), scala);
  }

  @Test
  void itBringsItsLibraryAndItsNamesAndNothingOfOthers() throws IOException {
    List<String> names = new ArrayList<>();
    try (JarFile jar = new JarFile(System.getProperty("tsfile.jar"))) {
      for (JarEntry entry : Collections.list(jar.entries())) {
        if (!entry.isDirectory()) {
          names.add(entry.getName());
        }
      }
    }
    assertTrue(names.contains("META-INF/services/org.apache.spark.sql.sources.DataSourceRegister"));
    assertTrue(names.stream().anyMatch(n -> n.startsWith("io/tsfile/native/linux-")), names::toString);
    names.removeIf(n -> n.startsWith("io/tsfile/") || n.startsWith("META-INF/"));
    assertEquals(Collections.emptyList(), names);
  }

  private static byte[] read(InputStream in) throws IOException {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    byte[] part = new byte[8192];
    for (int n = in.read(part); n >= 0; n = in.read(part)) {
      out.write(part, 0, n);
    }
    return out.toByteArray();
  }
}
