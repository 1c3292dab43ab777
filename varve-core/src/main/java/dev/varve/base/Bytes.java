package dev.varve.base;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.util.Arrays;

/// Numbers inside byte arrays, and the order of keys.
///
/// Numbers are little-endian and need no alignment. Keys order as unsigned bytes, a prefix before
/// what it is a prefix of.
///
/// @threads stateless
public final class Bytes {
  private static final VarHandle SHORT = view(short[].class, ByteOrder.LITTLE_ENDIAN);
  private static final VarHandle INT = view(int[].class, ByteOrder.LITTLE_ENDIAN);
  private static final VarHandle LONG = view(long[].class, ByteOrder.LITTLE_ENDIAN);
  private static final VarHandle LONG_BIG_ENDIAN = view(long[].class, ByteOrder.BIG_ENDIAN);

  private Bytes() {}

  private static VarHandle view(Class<?> arrayClass, ByteOrder order) {
    return MethodHandles.byteArrayViewVarHandle(arrayClass, order).withInvokeExactBehavior();
  }

  public static int getUnsignedShort(byte[] array, int offset) {
    return (short) SHORT.get(array, offset) & 0xFFFF;
  }

  public static void putShort(byte[] array, int offset, int value) {
    SHORT.set(array, offset, (short) value);
  }

  public static int getInt(byte[] array, int offset) {
    return (int) INT.get(array, offset);
  }

  public static void putInt(byte[] array, int offset, int value) {
    INT.set(array, offset, value);
  }

  public static long getLong(byte[] array, int offset) {
    return (long) LONG.get(array, offset);
  }

  public static void putLong(byte[] array, int offset, long value) {
    LONG.set(array, offset, value);
  }

  public static long getLongBigEndian(byte[] array, int offset) {
    return (long) LONG_BIG_ENDIAN.get(array, offset);
  }

  public static void putLongBigEndian(byte[] array, int offset, long value) {
    LONG_BIG_ENDIAN.set(array, offset, value);
  }

  /// The first eight bytes of a key as a number whose unsigned order is the keys' order as far as
  /// eight bytes decide it; a shorter key is filled up with zeros.
  public static long head(byte[] key, int offset, int length) {
    if (length >= Long.BYTES) {
      return getLongBigEndian(key, offset);
    }
    long head = 0;
    for (int i = 0; i < length; i++) {
      head |= (key[offset + i] & 0xFFL) << (56 - 8 * i);
    }
    return head;
  }

  /// [#head] as a number whose signed order, that of `<`, is the keys' order as far as eight bytes
  /// decide it.
  public static long signedHead(byte[] key, int offset, int length) {
    return head(key, offset, length) ^ Long.MIN_VALUE;
  }

  /// Compares two keys as unsigned bytes.
  public static int compare(byte[] a, byte[] b) {
    return Arrays.compareUnsigned(a, b);
  }

  /// Compares two keys, each a range of an array, as unsigned bytes.
  public static int compare(
      byte[] a, int aOffset, int aLength, byte[] b, int bOffset, int bLength) {
    return Arrays.compareUnsigned(a, aOffset, aOffset + aLength, b, bOffset, bOffset + bLength);
  }

  /// The smallest key that is greater than every key with this prefix, or an empty array when there
  /// is none (the prefix is empty or all `0xFF`).
  public static byte[] afterPrefix(byte[] prefix) {
    int length = prefix.length;
    while (length > 0 && prefix[length - 1] == (byte) 0xFF) {
      length--;
    }
    byte[] after = Arrays.copyOf(prefix, length);
    if (length > 0) {
      after[length - 1]++;
    }
    return after;
  }

  /// The smallest key of at most `bytesMax` bytes that is greater than `key`, which may be longer,
  /// or an empty array when there is none.
  public static byte[] after(byte[] key, int bytesMax) {
    return key.length < bytesMax
        ? Arrays.copyOf(key, key.length + 1)
        : afterPrefix(Arrays.copyOf(key, bytesMax));
  }
}
