package dev.varve.base;

/// Unsigned variable-length integers: seven bits a byte, low bits first, the high bit set on every
/// byte but the last. A value takes 1 to 10 bytes; only the shortest form is accepted.
///
/// Decoding is total: any bytes give a value or [#MALFORMED].
///
/// @threads stateless
public final class Varints {
  /// What [#read] answers for bytes that are no varint.
  public static final long MALFORMED = -1;

  /// The most bytes that a value of up to 63 bits takes.
  public static final int SIZE_MAX = 9;

  private Varints() {}

  /// How many bytes `value` takes; `value` is not negative.
  public static int size(long value) {
    return (70 - Long.numberOfLeadingZeros(value | 1)) / 7;
  }

  /// Writes `value`, which is not negative, and answers the offset behind it.
  public static int write(byte[] target, int offset, long value) {
    int at = offset;
    long rest = value;
    while (rest >= 0x80) {
      target[at++] = (byte) (rest | 0x80);
      rest >>>= 7;
    }
    target[at++] = (byte) rest;
    return at;
  }

  /// Reads the value at `offset`, looking at no byte from `limit` on. Answers [#MALFORMED] for
  /// bytes that end too early, overflow 63 bits or are not the shortest form.
  public static long read(byte[] source, int offset, int limit) {
    long value = 0;
    int shift = 0;
    for (int at = offset; at < limit && shift < 63; at++, shift += 7) {
      byte b = source[at];
      value |= (long) (b & 0x7F) << shift;
      if (b >= 0) {
        return b == 0 && shift > 0 ? MALFORMED : value;
      }
    }
    return MALFORMED;
  }
}
