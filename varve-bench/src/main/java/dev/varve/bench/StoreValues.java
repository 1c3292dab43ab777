package dev.varve.bench;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.util.Arrays;

/// Values of which half can be compressed, computed from a number and a generation, so that what is
/// read tells whether it is what was written.
///
/// @threads one at a time
final class StoreValues {
  /// How long each value is.
  static final int BYTES = 100;

  private static final VarHandle LONG =
      MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.BIG_ENDIAN);
  private static final long GOLDEN = 0x9E3779B97F4A7C15L;

  /** Number and generation, then this many words that look random, then what repeats. */
  private static final int RANDOM_WORDS = 5;

  private final byte[] value = new byte[BYTES];

  StoreValues() {
    Arrays.fill(value, (byte) 'v');
  }

  /// The value of a number.
  ///
  /// @param generation how often it was written before; less than 128
  /// @lifetime until the next call
  byte[] of(long number, int generation) {
    LONG.set(value, 0, number << 8 | generation);
    long state = number * GOLDEN + generation;
    for (int i = 0; i < RANDOM_WORDS; i++) {
      state = (state ^ (state >>> 29)) * 0xBF58476D1CE4E5B9L + GOLDEN;
      LONG.set(value, 8 + 8 * i, state);
    }
    return value;
  }

  /// The number of a value.
  static long number(byte[] value) {
    return (long) LONG.get(value, 0) >>> 8;
  }

  /// The generation of a value.
  static int generation(byte[] value) {
    return value[7];
  }

  /// Whether a value is the one of its number and its generation, byte for byte.
  boolean isWhole(byte[] found) {
    return found.length == BYTES && Arrays.equals(found, of(number(found), generation(found)));
  }
}
