package dev.varve.bench;

/// What a figure counts.
enum Unit {
  /// Nanoseconds for each operation.
  NANOS("ns", false),
  /// Microseconds that one operation took, at a quantile or at worst.
  MICROS("µs", false),
  /// Operations a second.
  PER_SECOND("/s", true),
  /// Millions of bytes a second.
  MEGABYTES_PER_SECOND("MB/s", true),
  /// Bytes.
  BYTES("B", false),
  /// A number of things of which fewer are better.
  COUNT("", false),
  /// A number of things that is neither good nor bad.
  NUMBER("", false);

  private final String symbol;
  private final boolean moreIsBetter;

  Unit(String symbol, boolean moreIsBetter) {
    this.symbol = symbol;
    this.moreIsBetter = moreIsBetter;
  }

  String symbol() {
    return symbol;
  }

  boolean moreIsBetter() {
    return moreIsBetter;
  }
}
