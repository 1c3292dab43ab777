package dev.varve.engine.btree;

/// When the next flush is due.
///
/// @threads stateless
final class FlushPace {
  /* A flush writes a leaf once, however often it changed: the longer between two, the less is written. It
   * must come before what is dirty is in the way of what is read, and before there is so much log that
   * an opening takes long. */

  static final long NANOS_MIN = 50_000_000;
  static final long NANOS_MAX = 2_000_000_000;

  private FlushPace() {}

  /// How long to wait for the next flush, from when the one before began, in nanoseconds.
  ///
  /// @param writtenBytes what was written since then, and was not flushed
  /// @param dirtyBytes what that takes in memory
  /// @param elapsedNanos in this time
  /// @param dirtyBytesMax what is dirty may take so much memory; half of it is left for what is
  ///   written during the flush
  /// @param logBytesMax so much may be written until the next flush
  static long nanos(
      long writtenBytes, long dirtyBytes, long elapsedNanos, long dirtyBytesMax, long logBytesMax) {
    double full =
        Math.max(
            (double) dirtyBytes / Math.max(1, dirtyBytesMax / 2),
            (double) writtenBytes / Math.max(1, logBytesMax));
    if (full <= 0) {
      return NANOS_MAX;
    }
    return (long) Math.clamp(Math.max(1, elapsedNanos) / full, NANOS_MIN, NANOS_MAX);
  }
}
