package dev.varve.zstd;

/// Writes bits, the lowest first. Past the end of its room it writes nothing any more.
///
/// @threads one at a time
final class BitWriter {
  private final byte[] array;
  private final int from;
  private final int limit;
  private int at;
  private long held;
  private int count;

  BitWriter(byte[] array, int from, int limit) {
    this.array = array;
    this.from = from;
    this.limit = limit;
    this.at = from;
  }

  /// Adds the `bits` lowest bits of a number, 0 to 31.
  void add(int value, int bits) {
    held |= (value & (1L << bits) - 1) << count;
    count += bits;
    while (count >= 8) {
      put();
    }
  }

  private void put() {
    if (at < limit) {
      array[at] = (byte) held;
    }
    at++;
    held >>>= 8;
    count -= 8;
  }

  /// Ends with the mark of a stream that is read backward. Answers how many bytes it took, or 0
  /// when there was no room for them.
  int finishBackward() {
    add(1, 1);
    return finish();
  }

  /// Ends; what is left of the last byte is zeros. Answers as [#finishBackward].
  int finish() {
    if (count > 0) {
      count = 8;
      put();
    }
    return at <= limit ? at - from : 0;
  }
}
