package io.tsfile.jni;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.Paths;
import java.nio.file.StandardCopyOption;
import java.util.Locale;
import java.util.stream.Collectors;

/**
 * Loads the library that lies in the jar: unpacked under a random name, loaded, and unlinked, so that nothing is left behind and two
 * class loaders in one JVM each have a copy of their own.
 */
public final class NativeLibrary {
  private static final String FOLDER = "/io/tsfile/native/";
  private static final String NAME = "libtsfile_spark.so";

  /** Where libraries are unpacked, when the temporary folder of the JVM does not allow to run code. */
  public static final String FOLDER_PROPERTY = "io.tsfile.native.dir";

  private static Throwable failure;
  private static boolean loaded;

  private NativeLibrary() {}

  /**
   * Makes sure that the library is there.
   *
   * @throws UnsatisfiedLinkError that it cannot be loaded, and why; also each time it is asked for later
   */
  public static synchronized void load() {
    if (loaded) {
      return;
    }
    if (failure == null) {
      try {
        unpack();
        loaded = true;
        return;
      } catch (Throwable e) {
        failure = e;
      }
    }
    UnsatisfiedLinkError error =
        new UnsatisfiedLinkError("the native library of tsfile was not loaded: " + failure.getMessage());
    error.initCause(failure);
    throw error;
  }

  private static void unpack() throws IOException {
    String platform = platform();
    String resource = FOLDER + platform + "/" + NAME;
    try (InputStream in = NativeLibrary.class.getResourceAsStream(resource)) {
      if (in == null) {
        throw new IOException(
            "there is none for "
                + platform
                + " in the jar, which has: "
                + platforms()
                + ". Build the jar on this platform with: make jar");
      }
      String named = System.getProperty(FOLDER_PROPERTY);
      Path folder = Paths.get(named != null ? named : System.getProperty("java.io.tmpdir"));
      Path file = unpack(in, folder, named != null ? FOLDER_PROPERTY : "java.io.tmpdir");
      try {
        System.load(file.toAbsolutePath().toString());
      } catch (UnsatisfiedLinkError e) {
        throw new IOException(
            e.getMessage()
                + ". If "
                + folder
                + " is mounted noexec, name another folder with -D"
                + FOLDER_PROPERTY
                + "=FOLDER (spark.driver.extraJavaOptions and spark.executor.extraJavaOptions)",
            e);
      } finally {
        // What is loaded stays loaded.
        Files.deleteIfExists(file);
      }
    }
  }

  /** Writes the library to a new file of a folder, which {@code property} names. */
  private static Path unpack(InputStream in, Path folder, String property) throws IOException {
    String why = null;
    if (!Files.isDirectory(folder)) {
      why = Files.exists(folder) ? "is no folder" : "does not exist";
    }
    Path file = null;
    try {
      if (why == null) {
        file = Files.createTempFile(folder, "tsfile-", ".so");
        Files.copy(in, file, StandardCopyOption.REPLACE_EXISTING);
        return file;
      }
    } catch (IOException e) {
      if (file != null) {
        Files.deleteIfExists(file);
      }
      why = "cannot be written to (" + e + ")";
    }
    throw new IOException(
        "it is unpacked to the folder that "
            + property
            + " names, and "
            + folder
            + " "
            + why
            + ". Name another with -D"
            + FOLDER_PROPERTY
            + "=FOLDER (spark.driver.extraJavaOptions and spark.executor.extraJavaOptions)");
  }

  /** This platform, as folders in the jar are called: {@code linux-x86_64}. */
  static String platform() {
    String os = System.getProperty("os.name").toLowerCase(Locale.ROOT).replace(' ', '-');
    String arch = System.getProperty("os.arch").toLowerCase(Locale.ROOT);
    if (arch.equals("amd64") || arch.equals("x86-64")) {
      arch = "x86_64";
    } else if (arch.equals("arm64")) {
      arch = "aarch64";
    }
    return os + "-" + arch;
  }

  private static String platforms() {
    try (InputStream in = NativeLibrary.class.getResourceAsStream(FOLDER + "platforms")) {
      if (in == null) {
        return "none";
      }
      BufferedReader lines = new BufferedReader(new InputStreamReader(in, StandardCharsets.UTF_8));
      return lines.lines().collect(Collectors.joining(", "));
    } catch (IOException e) {
      return "none that can be read";
    }
  }
}
