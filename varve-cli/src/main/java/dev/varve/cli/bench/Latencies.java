package dev.varve.cli.bench;

/// Counts how often operations took how long, in buckets no wider than 1/64 of their time.
///
/// @threads one at a time
final class Latencies {
  private static final int SUB_BITS = 6;
  private static final int SUBS = 1 << SUB_BITS;

  private final long[] counts = new long[(64 - SUB_BITS) * SUBS];
  private long count;
  private long max;

  void add(long nanos) {
    long time = Math.max(0, nanos);
    counts[bucket(time)]++;
    count++;
    max = Math.max(max, time);
  }

  void add(Latencies other) {
    for (int i = 0; i < counts.length; i++) {
      counts[i] += other.counts[i];
    }
    count += other.count;
    max = Math.max(max, other.max);
  }

  long count() {
    return count;
  }

  long max() {
    return max;
  }

  /** The time that this share of the operations did not exceed. */
  long percentile(double share) {
    long wanted = Math.max(1, (long) Math.ceil(share * count));
    long seen = 0;
    for (int i = 0; i < counts.length; i++) {
      seen += counts[i];
      if (seen >= wanted) {
        return Math.min(max, upperEnd(i));
      }
    }
    return max;
  }

  static int bucket(long nanos) {
    if (nanos < SUBS) {
      return (int) nanos;
    }
    int shift = 63 - SUB_BITS - Long.numberOfLeadingZeros(nanos);
    return (shift + 1) * SUBS + (int) (nanos >>> shift) - SUBS;
  }

  /** The longest time of a bucket. */
  static long upperEnd(int bucket) {
    if (bucket < SUBS) {
      return bucket;
    }
    int shift = bucket / SUBS - 1;
    return ((long) (bucket % SUBS + SUBS + 1) << shift) - 1;
  }
}
