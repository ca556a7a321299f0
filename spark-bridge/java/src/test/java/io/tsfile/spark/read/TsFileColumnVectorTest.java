package io.tsfile.spark.read;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotSame;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;

import io.tsfile.jni.NativeScan;
import java.nio.charset.StandardCharsets;
import java.util.Random;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.unsafe.Platform;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Texts with a dictionary and without, asked for in any order. */
class TsFileColumnVectorTest {
  private static final String[] ENTRIES = {"", "a", "ü", "b", "not used"};
  private static final int NULL = -1;
  private static final int[] KEYS = {1, 1, 1, 2, 2, NULL, NULL, 0, 3, 3, 1};

  private final long memory = Platform.allocateMemory(1024);

  @AfterEach
  void free() {
    Platform.freeMemory(memory);
  }

  @Test
  void entriesThatRepeatBecomeOneStringEach() {
    TsFileColumnVector vector = new TsFileColumnVector(DataTypes.StringType);
    vector.set(places(true), 0, KEYS.length);
    checkAll(vector);
    assertSame(vector.getUTF8String(0), vector.getUTF8String(10));
    assertSame(vector.getUTF8String(3), vector.getUTF8String(4));
    assertEquals(2, vector.numNulls());

    // The next batch, of which nothing of this one may be left.
    byte[] other = "z".getBytes(StandardCharsets.UTF_8);
    Platform.copyMemory(other, Platform.BYTE_ARRAY_OFFSET, null, memory, 1);
    assertEquals("a", vector.getUTF8String(0).toString());
    vector.set(places(true), 0, KEYS.length);
    Platform.copyMemory(other, Platform.BYTE_ARRAY_OFFSET, null, memory, 1);
    assertEquals("z", vector.getUTF8String(0).toString());
  }

  @Test
  void entriesThatHardlyRepeatAreNotKept() {
    TsFileColumnVector vector = new TsFileColumnVector(DataTypes.StringType);
    vector.set(places(true), 0, 2 * ENTRIES.length - 1);
    checkAll(vector);
    assertNotSame(vector.getUTF8String(0), vector.getUTF8String(0));
  }

  @Test
  void textsWithoutADictionaryAreWhereTheyAre() {
    TsFileColumnVector vector = new TsFileColumnVector(DataTypes.StringType);
    long[] places = places(false);
    places[2] = 0;
    places[5] = 0;
    vector.set(places, 0, ENTRIES.length);
    for (int row = 0; row < ENTRIES.length; row++) {
      assertEquals(ENTRIES[row], vector.getUTF8String(row).toString());
    }
  }

  private static void checkAll(TsFileColumnVector vector) {
    for (int row = 0; row < KEYS.length; row++) {
      check(vector, row);
    }
    Random random = new Random(1);
    for (int i = 0; i < 1000; i++) {
      check(vector, random.nextInt(KEYS.length));
    }
  }

  private static void check(TsFileColumnVector vector, int row) {
    assertEquals(KEYS[row] == NULL, vector.isNullAt(row));
    if (KEYS[row] == NULL) {
      assertNull(vector.getUTF8String(row));
    } else {
      assertEquals(ENTRIES[KEYS[row]], vector.getUTF8String(row).toString());
    }
  }

  /** Writes entries, and keys when they are wanted, as Arrow has them, and where. */
  private long[] places(boolean dictionary) {
    long values = memory;
    long offsets = memory + 256;
    long validity = memory + 512;
    long keys = memory + 768;
    int end = 0;
    Platform.putInt(null, offsets, 0);
    for (int i = 0; i < ENTRIES.length; i++) {
      byte[] text = ENTRIES[i].getBytes(StandardCharsets.UTF_8);
      Platform.copyMemory(text, Platform.BYTE_ARRAY_OFFSET, null, values + end, text.length);
      end += text.length;
      Platform.putInt(null, offsets + 4L * (i + 1), end);
    }
    Platform.setMemory(validity, (byte) 0, 8);
    for (int row = 0; row < KEYS.length; row++) {
      Platform.putInt(null, keys + 4L * row, Math.max(KEYS[row], 0));
      if (KEYS[row] != NULL) {
        long at = validity + row / 8;
        Platform.putByte(null, at, (byte) (Platform.getByte(null, at) | 1 << row % 8));
      }
    }
    long[] out = new long[NativeScan.PLACES];
    long[] all = {values, offsets, validity, 0, 0, 2, keys, ENTRIES.length};
    System.arraycopy(all, 0, out, 0, dictionary ? 8 : 6);
    return out;
  }
}
