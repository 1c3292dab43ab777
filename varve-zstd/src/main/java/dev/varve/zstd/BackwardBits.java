package dev.varve.zstd;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;

/// Reads bits from the end of a range of bytes to its begin. What lies before the begin is zeros.
///
/// @threads one at a time
final class BackwardBits {
  private static final VarHandle LONG =
      MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);

  private byte[] array = new byte[0];
  private int from;

  /** How many bits are left; negative when more were read than there are. */
  private long left;

  /// Begins at the mark, the highest bit of the last byte that is set.
  void reset(byte[] bytes, int begin, int end) throws MalformedException {
    MalformedException.require(end > begin && bytes[end - 1] != 0);
    array = bytes;
    from = begin;
    int mark = 31 - Integer.numberOfLeadingZeros(bytes[end - 1] & 0xFF);
    left = 8L * (end - begin - 1) + mark;
  }

  /// How many bits are left; negative when more were read than there are.
  long left() {
    return left;
  }

  /// The next `count` bits, 0 to 31, as a number.
  int read(int count) {
    left -= count;
    return bits(count);
  }

  /// As [#read], without moving.
  int peek(int count) {
    left -= count;
    int value = bits(count);
    left += count;
    return value;
  }

  /// Moves over bits that [#peek] showed.
  void skip(int count) {
    left -= count;
  }

  private int bits(int count) {
    if (left >= 0) {
      return (int) (word((int) (left >>> 3)) >>> (left & 7) & ((1L << count) - 1));
    }
    int there = (int) Math.max(0, count + left);
    return there == 0 ? 0 : ((int) (word(0) & ((1L << there) - 1))) << (count - there);
  }

  private long word(int at) {
    int index = from + at;
    if (index <= array.length - Long.BYTES) {
      return (long) LONG.get(array, index);
    }
    long word = 0;
    for (int i = array.length - 1; i >= index; i--) {
      word = word << 8 | (array[i] & 0xFF);
    }
    return word;
  }
}
