package dev.varve.store;

/// Decides when engines write what they have in memory only.
///
/// @threads stateless
final class FlushPolicy {
  private FlushPolicy() {}

  /** A log of this many segments takes longer to open than the little that they hold is worth. */
  private static final int SEGMENTS_MAX = 16;

  /// Whether a store that was opened with so many segments should be flushed soon, however short
  /// they are: each process that writes adds one.
  static boolean isCrowded(int segments) {
    return segments > SEGMENTS_MAX;
  }

  /// How much log there may be before a flush is due. A flush writes every entry of an engine in
  /// memory, so it waits until as much log was written as there are entries: then a byte that the
  /// user writes is written three times at most.
  ///
  /// @param checkpointAfter the least, as the options say, in bytes
  /// @param payloadBytes the keys and values of all entries in memory
  static long logBytesMax(long checkpointAfter, long payloadBytes) {
    return Math.max(checkpointAfter, payloadBytes);
  }
}
