package dev.varve.engine.lsm.compaction;

import dev.varve.base.Clock;

/// Says how long to wait so that no more than so many bytes a second go through. What was not used
/// in a tenth of a second may be used at once; more is not saved up.
///
/// @threads safe
final class RateLimit {
  private static final long SECOND_NANOS = 1_000_000_000L;
  private static final long SAVED_NANOS = SECOND_NANOS / 10;

  private final Clock clock;
  private final long bytesPerSecond;

  /** When all that was let through so far has been paid for. */
  private long paidNanos;

  /// @param bytesPerSecond 0 for no limit
  RateLimit(Clock clock, long bytesPerSecond) {
    this.clock = clock;
    this.bytesPerSecond = bytesPerSecond;
    this.paidNanos = clock.nanos() - SAVED_NANOS;
  }

  /// Takes notice of `bytes`; answers how long to wait before going on, in nanoseconds.
  synchronized long delayNanos(long bytes) {
    if (bytesPerSecond == 0) {
      return 0;
    }
    long now = clock.nanos();
    if (now - paidNanos > SAVED_NANOS) {
      paidNanos = now - SAVED_NANOS;
    }
    paidNanos += (long) ((double) bytes * SECOND_NANOS / bytesPerSecond);
    return Math.max(0, paidNanos - now);
  }
}
