package io.tsfile.spark;

import java.io.BufferedOutputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.function.IntFunction;

/** Makes large files of texts: one device with one series, a chunk of one page for so many rows each. Times are 0, 1, 2. */
final class TextFile {
  private static final byte[] MAGIC = "TsFile".getBytes(StandardCharsets.US_ASCII);
  private static final int TEXT = 5;
  private static final int CHUNK_OF_ONE_PAGE = 5;

  private TextFile() {}

  /** Writes {@code pages} times {@code rows} rows of device root.big.d1, measurement s1. */
  static Path write(Path file, int pages, int rows, IntFunction<String> text) throws IOException {
    long[] offsets = new long[pages];
    try (DataOutputStream out =
        new DataOutputStream(new BufferedOutputStream(Files.newOutputStream(file)))) {
      // DataOutputStream counts in 31 bits: enough here.
      out.write(MAGIC);
      out.write(4);
      out.write(0);
      device(out);
      for (int page = 0; page < pages; page++) {
        offsets[page] = out.size();
        byte[] body = body(page * rows, rows, text);
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        DataOutputStream data = new DataOutputStream(bytes);
        unsigned(data, body.length);
        unsigned(data, body.length);
        data.write(body);
        out.write(CHUNK_OF_ONE_PAGE);
        name(out, "s1");
        unsigned(out, bytes.size());
        // TEXT, not compressed, PLAIN.
        out.write(TEXT);
        out.write(0);
        out.write(0);
        bytes.writeTo(out);
      }
      index(out, pages, rows, offsets, text);
    }
    return file;
  }

  private static byte[] body(int first, int rows, IntFunction<String> text) throws IOException {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    DataOutputStream out = new DataOutputStream(bytes);
    // TS_2DIFF: one block of differences that are all 1.
    unsigned(out, 24);
    out.writeInt(rows - 1);
    out.writeInt(0);
    out.writeLong(1);
    out.writeLong(first);
    for (int i = 0; i < rows; i++) {
      byte[] value = text.apply(first + i).getBytes(StandardCharsets.UTF_8);
      unsigned(out, 2L * value.length);
      out.write(value);
    }
    return bytes.toByteArray();
  }

  private static void index(
      DataOutputStream out, int pages, int rows, long[] offsets, IntFunction<String> text)
      throws IOException {
    long metadata = out.size();
    out.write(2);
    long series = out.size();
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    DataOutputStream chunks = new DataOutputStream(bytes);
    for (int page = 0; page < pages; page++) {
      chunks.writeLong(offsets[page]);
      if (pages > 1) {
        statistics(chunks, page * rows, rows, text);
      }
    }
    out.write(pages > 1 ? 1 : 0);
    name(out, "s1");
    out.write(TEXT);
    unsigned(out, bytes.size());
    statistics(out, 0, pages * rows, text);
    bytes.writeTo(out);
    // A leaf of the one measurement, and above it the root of the one device.
    long leaf = out.size();
    unsigned(out, 1);
    name(out, "s1");
    out.writeLong(series);
    out.writeLong(leaf);
    out.write(3);
    long root = out.size();
    unsigned(out, 1);
    name(out, "root.big");
    unsigned(out, 1);
    device(out);
    out.writeLong(leaf);
    out.writeLong(root);
    out.write(1);
    // No schema of a table, where the metadata begins, no bloom filter, no property.
    unsigned(out, 0);
    out.writeLong(metadata);
    unsigned(out, 0);
    unsigned(out, 0);
    out.writeInt((int) (out.size() - root));
    out.write(MAGIC);
  }

  private static void statistics(DataOutputStream out, int first, int rows, IntFunction<String> text)
      throws IOException {
    unsigned(out, rows);
    out.writeLong(first);
    out.writeLong(first + rows - 1L);
    for (int row : new int[] {first, first + rows - 1}) {
      byte[] value = text.apply(row).getBytes(StandardCharsets.UTF_8);
      out.writeInt(value.length);
      out.write(value);
    }
  }

  private static void device(DataOutputStream out) throws IOException {
    unsigned(out, 2);
    name(out, "root.big");
    name(out, "d1");
  }

  private static void name(DataOutputStream out, String name) throws IOException {
    unsigned(out, 2L * name.length());
    out.writeBytes(name);
  }

  private static void unsigned(DataOutputStream out, long value) throws IOException {
    long rest = value;
    for (; rest > 0x7f; rest >>>= 7) {
      out.write((int) (rest & 0x7f | 0x80));
    }
    out.write((int) rest);
  }
}
