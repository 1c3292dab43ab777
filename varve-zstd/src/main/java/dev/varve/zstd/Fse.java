package dev.varve.zstd;

/// What both sides of finite state entropy coding share: how symbols are spread over states.
final class Fse {
  private Fse() {}

  /// The symbol of each state, for counts that add up to 2 to the power of `log`; -1 counts as one
  /// of the last states.
  static byte[] spread(short[] counts, int symbols, int log) {
    int size = 1 << log;
    int high = size - 1;
    byte[] table = new byte[size];
    for (int symbol = 0; symbol < symbols; symbol++) {
      if (counts[symbol] == -1) {
        table[high--] = (byte) symbol;
      }
    }
    int step = (size >> 1) + (size >> 3) + 3;
    int at = 0;
    for (int symbol = 0; symbol < symbols; symbol++) {
      for (int i = 0; i < counts[symbol]; i++) {
        table[at] = (byte) symbol;
        do {
          at = at + step & size - 1;
        } while (at > high);
      }
    }
    return table;
  }

  static int log2(int value) {
    return 31 - Integer.numberOfLeadingZeros(value);
  }
}
