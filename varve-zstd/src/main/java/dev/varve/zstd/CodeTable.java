package dev.varve.zstd;

import org.jspecify.annotations.Nullable;

/// The table that a block encodes one kind of codes with: the one that everybody knows, one of a
/// single code, or one that the block describes; whichever takes the fewest bits.
///
/// @threads immutable
final class CodeTable {
  private static final int KNOWN = 0;
  private static final int SINGLE = 1;
  private static final int DESCRIBED = 2;
  private static final int LOG_MIN = 5;

  /** About how many bits the description of one code's share takes. */
  private static final int DESCRIPTION_BITS = 5;

  /// How the table is given, as the block says it.
  final int mode;

  /// The table; null for a single code.
  final @Nullable FseEncoder encoder;

  private final short[] shares;
  private final int symbols;
  private final int single;

  private CodeTable(
      int mode, @Nullable FseEncoder encoder, short[] shares, int symbols, int single) {
    this.mode = mode;
    this.encoder = encoder;
    this.shares = shares;
    this.symbols = symbols;
    this.single = single;
  }

  /// The best one for `count` codes.
  static CodeTable of(byte[] codes, int count, Known known) {
    int[] found = new int[64];
    int symbols = 0;
    int kinds = 0;
    for (int i = 0; i < count; i++) {
      kinds += found[codes[i]]++ == 0 ? 1 : 0;
      symbols = Math.max(symbols, codes[i] + 1);
    }
    if (kinds == 1) {
      return new CodeTable(SINGLE, null, new short[0], 0, codes[0]);
    }
    int log = Math.clamp(Fse.log2(count), LOG_MIN, known.logMax());
    short[] shares = FseEncoder.normalize(found, symbols, log);
    double described = DESCRIPTION_BITS * symbols;
    double general = 0;
    for (int i = 0; i < symbols; i++) {
      if (found[i] > 0) {
        described += found[i] * (log - bits(shares[i]));
        general += found[i] * (known.encoder().log - bits(Math.abs(known.counts()[i])));
      }
    }
    return general <= described
        ? new CodeTable(KNOWN, known.encoder(), shares, 0, 0)
        : new CodeTable(DESCRIBED, new FseEncoder(shares, symbols, log), shares, symbols, 0);
  }

  private static double bits(int share) {
    return Math.log(share) / Math.log(2);
  }

  /// A table that everybody knows.
  ///
  /// @param counts of each code the share
  /// @param logMax the largest table that a block may describe instead
  record Known(FseEncoder encoder, short[] counts, int logMax) {}

  /// Writes what has to be said of it; answers where that ends, -1 for no room.
  int write(byte[] target, int at, int limit) {
    FseEncoder table = encoder;
    if (table == null) {
      if (at >= limit) {
        return -1;
      }
      target[at] = (byte) single;
      return at + 1;
    }
    if (mode == KNOWN) {
      return at;
    }
    int size = FseEncoder.write(shares, symbols, table.log, target, at, limit);
    return size == 0 ? -1 : at + size;
  }

  int begin(int symbol) {
    FseEncoder table = encoder;
    return table == null ? 0 : table.begin(symbol);
  }

  int encode(int symbol, int state, BitWriter out) {
    FseEncoder table = encoder;
    return table == null ? 0 : table.encode(symbol, state, out);
  }

  void end(int state, BitWriter out) {
    FseEncoder table = encoder;
    if (table != null) {
      out.add(state, table.log);
    }
  }
}
