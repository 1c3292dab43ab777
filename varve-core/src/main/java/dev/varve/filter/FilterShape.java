package dev.varve.filter;

/// How many bits a filter has for each key, and how many of them a key sets.
///
/// @param bitsPerKey the filter's bits for each key
/// @param probes how many bits a key sets, 1 to 16
public record FilterShape(double bitsPerKey, int probes) {
  /// The bytes of a line: one line of the processor's cache.
  public static final int LINE_BYTES = 64;

  /// The most bits that a key sets.
  public static final int PROBES_MAX = 16;

  private static final int LINE_BITS = LINE_BYTES * 8;
  private static final double BITS_MAX = 64;

  /// The smallest filter that says of at most this share of absent keys that they may be there.
  ///
  /// Keys fall on lines as a Poisson distribution has it, so the rate is the mean of the rates of
  /// lines with 0, 1, 2 … keys (Putze, Sanders and Singler, Cache-, Hash- and Space-Efficient Bloom
  /// Filters, 2007, section 3).
  ///
  /// @param falsePositives above 0 and below 1
  public static FilterShape forRate(double falsePositives) {
    if (!(falsePositives > 0 && falsePositives < 1)) {
      throw new IllegalArgumentException("a rate lies between 0 and 1, not " + falsePositives);
    }
    double low = 0.5;
    double high = BITS_MAX;
    while (high - low > 0.01) {
      double middle = (low + high) / 2;
      if (rate(middle, bestProbes(middle)) <= falsePositives) {
        high = middle;
      } else {
        low = middle;
      }
    }
    return new FilterShape(high, bestProbes(high));
  }

  private static int bestProbes(double bits) {
    int middle = Math.clamp(Math.round(bits * Math.log(2)), 1, PROBES_MAX);
    int best = middle;
    for (int probes = Math.max(1, middle - 2); probes < middle; probes++) {
      if (rate(bits, probes) < rate(bits, best)) {
        best = probes;
      }
    }
    return best;
  }

  /// The share of absent keys that a full filter of this shape lets pass.
  public double rate() {
    return rate(bitsPerKey, probes);
  }

  private static double rate(double bits, int probes) {
    double mean = LINE_BITS / bits;
    double chance = Math.exp(-mean);
    double rate = 0;
    int last = (int) (mean + 12 * Math.sqrt(mean) + 12);
    for (int keys = 1; keys <= last; keys++) {
      chance *= mean / keys;
      double set = 1 - Math.pow(1 - 1.0 / LINE_BITS, (double) keys * probes);
      rate += chance * Math.pow(set, probes);
    }
    return rate;
  }

  /// How many lines a filter of this many keys has: none for no key.
  public int lines(long keys) {
    return (int) Math.min(Integer.MAX_VALUE, (long) Math.ceil(keys * bitsPerKey / LINE_BITS));
  }

  /// The line of a key, by its hash, in a filter of `lines` lines.
  public static int line(long hash, int lines) {
    return (int) Math.unsignedMultiplyHigh(hash, lines);
  }

  /// Sets the bits of a key in the line that begins at `offset`.
  public static void set(byte[] lines, int offset, long hash, int probes) {
    long g = hash * KeyHash.GOLDEN;
    for (int i = 0; i < probes; i++) {
      int bit = (int) (g >>> 55);
      lines[offset + (bit >>> 3)] |= (byte) (1 << (bit & 7));
      g *= STEP;
    }
  }

  /// Whether all bits of a key are set in the line that begins at `offset`: false means that the
  /// key was never added.
  public static boolean mayContain(byte[] lines, int offset, long hash, int probes) {
    long g = hash * KeyHash.GOLDEN;
    for (int i = 0; i < probes; i++) {
      int bit = (int) (g >>> 55);
      if ((lines[offset + (bit >>> 3)] & 1 << (bit & 7)) == 0) {
        return false;
      }
      g *= STEP;
    }
    return true;
  }

  private static final long STEP = 0xd6e8feb86659fd93L;
}
