package dev.varve.zstd;

import static dev.varve.zstd.MalformedException.require;

/// The states of a finite state entropy decoder.
///
/// @threads immutable
final class FseDecoder {
  /// A table, and where its description ended.
  record Described(FseDecoder table, int end) {}

  private static final int SYMBOLS_MAX = 256;

  final int log;
  private final byte[] symbols;
  private final byte[] bits;
  private final short[] bases;

  FseDecoder(short[] counts, int symbolCount, int log) {
    this.log = log;
    int size = 1 << log;
    this.symbols = Fse.spread(counts, symbolCount, log);
    this.bits = new byte[size];
    this.bases = new short[size];
    int[] next = new int[symbolCount];
    for (int i = 0; i < symbolCount; i++) {
      next[i] = Math.abs(counts[i]);
    }
    for (int state = 0; state < size; state++) {
      int x = next[symbols[state] & 0xFF]++;
      int count = log - Fse.log2(x);
      bits[state] = (byte) count;
      bases[state] = (short) ((x << count) - size);
    }
  }

  /// A table of one symbol, which needs no bits.
  FseDecoder(int symbol) {
    this.log = 0;
    this.symbols = new byte[] {(byte) symbol};
    this.bits = new byte[1];
    this.bases = new short[1];
  }

  int symbol(int state) {
    return symbols[state] & 0xFF;
  }

  int next(int state, BackwardBits from) {
    return (bases[state] & 0xFFFF) + from.read(bits[state]);
  }

  /// Reads a table's description.
  ///
  /// @param symbolMax the greatest symbol that may be
  static Described read(byte[] array, int begin, int end, int symbolMax, int logMax)
      throws MalformedException {
    ForwardBits in = new ForwardBits(array, begin, end);
    int log = in.read(4) + 5;
    require(log <= logMax);
    short[] counts = new short[SYMBOLS_MAX + 4];
    int remaining = (1 << log) + 1;
    int threshold = 1 << log;
    int width = log + 1;
    int symbol = 0;
    boolean afterZero = false;
    while (remaining > 1) {
      if (afterZero) {
        int more;
        do {
          more = in.read(2);
          symbol += more;
        } while (more == 3 && symbol <= symbolMax);
      }
      require(symbol <= symbolMax);
      int most = 2 * threshold - 1 - remaining;
      int count = in.peek(width - 1);
      if (count < most) {
        in.skip(width - 1);
      } else {
        count = in.read(width);
        count -= count >= threshold ? most : 0;
      }
      count--;
      remaining -= Math.abs(count);
      require(remaining >= 1);
      counts[symbol++] = (short) count;
      afterZero = count == 0;
      while (remaining < threshold && threshold > 1) {
        width--;
        threshold >>= 1;
      }
    }
    require(!in.isPastEnd());
    return new Described(new FseDecoder(counts, symbol, log), in.end());
  }

  /// Reads bits from the begin of a range on.
  private static final class ForwardBits {
    private final byte[] array;
    private final int begin;
    private final int limit;
    private int at;

    ForwardBits(byte[] array, int begin, int limit) {
      this.array = array;
      this.begin = begin;
      this.limit = limit;
    }

    int peek(int count) {
      long word = 0;
      int index = begin + (at >>> 3);
      for (int i = 3; i >= 0; i--) {
        word = word << 8 | (index + i < limit ? array[index + i] & 0xFF : 0);
      }
      return (int) (word >>> (at & 7) & (1L << count) - 1);
    }

    int read(int count) {
      int value = peek(count);
      at += count;
      return value;
    }

    void skip(int count) {
      at += count;
    }

    int end() {
      return begin + ((at + 7) >>> 3);
    }

    boolean isPastEnd() {
      return end() > limit;
    }
  }
}
