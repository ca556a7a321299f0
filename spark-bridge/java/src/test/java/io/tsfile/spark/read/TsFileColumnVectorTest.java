package io.tsfile.spark.read;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;

import io.tsfile.jni.NativeScan;
import java.nio.charset.StandardCharsets;
import java.util.Random;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.unsafe.Platform;
import org.junit.jupiter.api.Test;

/** Texts that come in runs, asked for in any order; those of the rows themselves say what is right. */
class TsFileColumnVectorTest {
  private static final String[] ROWS = {"a", "a", "a", "ü", "ü", null, null, "", "b", "b", "a"};
  private static final int[] ENDS = {3, 5, 7, 8, 10, 11};

  @Test
  void textsOfRunsAreThoseOfTheirRows() {
    long memory = Platform.allocateMemory(1024);
    try {
      TsFileColumnVector vector = new TsFileColumnVector(DataTypes.StringType);
      vector.set(places(memory), 0);
      for (int row = 0; row < ROWS.length; row++) {
        check(vector, row);
      }
      for (int row = ROWS.length - 1; row >= 0; row--) {
        check(vector, row);
      }
      Random random = new Random(1);
      for (int i = 0; i < 1000; i++) {
        check(vector, random.nextInt(ROWS.length));
      }
      assertSame(vector.getUTF8String(0), vector.getUTF8String(2));

      // The next batch, of which nothing of this one may be left.
      long[] next = places(memory);
      Platform.putInt(null, next[6], 1);
      next[7] = 1;
      byte[] other = "z".getBytes(StandardCharsets.UTF_8);
      Platform.copyMemory(other, Platform.BYTE_ARRAY_OFFSET, null, next[0], 1);
      vector.set(next, 0);
      assertEquals("z", vector.getUTF8String(0).toString());
    } finally {
      Platform.freeMemory(memory);
    }
  }

  private static void check(TsFileColumnVector vector, int row) {
    if (ROWS[row] == null) {
      assertNull(vector.getUTF8String(row));
    } else {
      assertEquals(ROWS[row], vector.getUTF8String(row).toString());
    }
    assertEquals(ROWS[row] == null, vector.isNullAt(row));
  }

  /** Writes the rows as Arrow has them, and where. */
  private static long[] places(long memory) {
    long values = memory;
    long offsets = memory + 256;
    long validity = memory + 512;
    long runs = memory + 768;
    int end = 0;
    Platform.setMemory(validity, (byte) 0, 8);
    Platform.putInt(null, offsets, 0);
    for (int row = 0; row < ROWS.length; row++) {
      if (ROWS[row] != null) {
        byte[] text = ROWS[row].getBytes(StandardCharsets.UTF_8);
        Platform.copyMemory(text, Platform.BYTE_ARRAY_OFFSET, null, values + end, text.length);
        end += text.length;
        long at = validity + row / 8;
        Platform.putByte(null, at, (byte) (Platform.getByte(null, at) | 1 << row % 8));
      }
      Platform.putInt(null, offsets + 4L * (row + 1), end);
    }
    for (int i = 0; i < ENDS.length; i++) {
      Platform.putInt(null, runs + 4L * i, ENDS[i]);
    }
    long[] out = new long[NativeScan.PLACES];
    System.arraycopy(
        new long[] {values, offsets, validity, 0, 0, 2, runs, ENDS.length}, 0, out, 0, out.length);
    return out;
  }
}
