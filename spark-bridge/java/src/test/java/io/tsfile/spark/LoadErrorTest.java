package io.tsfile.spark;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.File;
import java.io.IOException;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What is said where the native library cannot be loaded: the reason, each time, and what to do. Each case has a class loader of its own. */
class LoadErrorTest {
  private static final String FOLDER = "io.tsfile.native.dir";

  /** A copy of the jar's classes; what lies in {@code before} hides what is in the jar. */
  private static Method liveNativeBytes(Path... before) throws Exception {
    List<URL> urls = new ArrayList<>();
    for (Path folder : before) {
      urls.add(folder.toUri().toURL());
    }
    urls.add(new File(System.getProperty("tsfile.jar")).toURI().toURL());
    ClassLoader parent = ClassLoader.getSystemClassLoader().getParent();
    ClassLoader loader = new URLClassLoader(urls.toArray(new URL[0]), parent);
    return loader.loadClass("io.tsfile.TsFileNative").getMethod("liveNativeBytes");
  }

  /** The message of the first use while a property has that value; later ones say the same, whatever the property is then. */
  private static String message(String property, String value, Path... before) throws Exception {
    Method used = liveNativeBytes(before);
    String was = System.getProperty(property);
    System.setProperty(property, value);
    String message;
    try {
      message = failure(used);
    } finally {
      if (was == null) {
        System.clearProperty(property);
      } else {
        System.setProperty(property, was);
      }
    }
    assertEquals(message, failure(used), "the second use");
    assertTrue(message.startsWith("the native library of tsfile was not loaded: "), message);
    return message;
  }

  private static String failure(Method used) {
    InvocationTargetException thrown =
        assertThrows(InvocationTargetException.class, () -> used.invoke(null));
    assertEquals(UnsatisfiedLinkError.class, thrown.getCause().getClass());
    return thrown.getCause().getMessage();
  }

  private static void contains(String message, String... parts) {
    for (String part : parts) {
      assertTrue(message.contains(part), part + " is missing: " + message);
    }
  }

  @Test
  void anotherPlatformListsThoseInTheJarAndHowToBuild() throws Exception {
    contains(message("os.arch", "sparcv9"), "linux-sparcv9", "linux-x86_64", "make jar");
    contains(message("os.name", "Mac OS X"), "mac-os-x-x86_64", "linux-x86_64", "make jar");
  }

  @Test
  void aFolderThatCannotBeUsedSaysWhy(@TempDir Path folder) throws Exception {
    String absent = message(FOLDER, "/no/such/folder");
    contains(absent, FOLDER, "/no/such/folder does not exist");
    Path file = Files.createFile(folder.resolve("file"));
    contains(message(FOLDER, file.toString()), FOLDER, file + " is no folder");
    contains(
        message("java.io.tmpdir", "/no/such/folder"), "java.io.tmpdir", "does not exist", "-D" + FOLDER);
    // A file system in which not even root may make a file.
    contains(message(FOLDER, "/proc/self"), FOLDER, "/proc/self cannot be written to (");
  }

  @Test
  void aLibraryThatIsNoneSaysSo(@TempDir Path folder) throws Exception {
    Path platform = Files.createDirectories(folder.resolve("io/tsfile/native/linux-x86_64"));
    Files.write(platform.resolve("libtsfile_spark.so"), "This is no library.".getBytes());
    Path unpacked = Files.createDirectory(folder.resolve("unpacked"));
    String message = message(FOLDER, unpacked.toString(), folder);
    contains(message, unpacked + "/tsfile-", "noexec", "-D" + FOLDER);
    assertEquals(0, unpacked.toFile().list().length, "nothing is left behind");
  }

  private static int run(String... command) throws IOException, InterruptedException {
    return new ProcessBuilder(command).redirectErrorStream(true).start().waitFor();
  }

  @Test
  void aFolderWithoutExecutionSaysSo(@TempDir Path folder) throws Exception {
    Path mounted = Files.createDirectory(folder.resolve("noexec"));
    int status;
    try {
      status = run("mount", "-t", "tmpfs", "-o", "noexec", "tmpfs", mounted.toString());
    } catch (IOException e) {
      status = -1;
    }
    Assumptions.assumeTrue(status == 0, "this user mounts nothing");
    try {
      String message = message("java.io.tmpdir", mounted.toString());
      contains(message, "failed to map segment", mounted + " is mounted noexec", "-D" + FOLDER);
      assertEquals(Arrays.asList(), Arrays.asList(mounted.toFile().list()));
      // What the message tells to do works.
      System.setProperty(FOLDER, folder.toString());
      assertEquals(0L, liveNativeBytes().invoke(null));
    } finally {
      System.clearProperty(FOLDER);
      run("umount", "--lazy", mounted.toString());
    }
  }
}
